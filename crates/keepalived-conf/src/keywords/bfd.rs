//! `bfd_instance`.

use super::Keyword;
use super::table::keywords;

pub(super) static BFD: &[Keyword] = keywords![
    [BfdInstance] "neighbor_ip": Address, default "required", since "2.0.0", Acts,
        "Remote address.";
    [BfdInstance] "neighbour_ip": Address, default "required", since "2.0.0", Acts,
        "Same as neighbor_ip.";
    [BfdInstance] "source_ip": Address => aborts, default "kernel choice", since "2.0.0", Acts,
        "Local address.";
    [BfdInstance] "min_rx": decimal(1, 4_294_967, 3, Unit::Milliseconds) => aborts,
        default "10", since "2.0.0", Acts,
        "Required minimum receive interval.";
    [BfdInstance] "min_tx": decimal(1, 4_294_967, 3, Unit::Milliseconds) => aborts,
        default "10", since "2.0.0", Acts,
        "Desired minimum transmit interval.";
    [BfdInstance] "idle_tx": decimal(1000, 4_294_967, 3, Unit::Milliseconds) => aborts,
        default "1000", since "2.0.0", Acts,
        "Transmit interval while not up.";
    [BfdInstance] "multiplier": integer(1, 255, Unit::None) => aborts, default "5", since "2.0.0", Acts,
        "Detection multiplier.";
    [BfdInstance] "passive": None, default "off", since "2.0.0", Acts,
        "Wait for remote packets before sending.";
    [BfdInstance] "ttl": integer(1, 255, Unit::None) => aborts,
        default "255 IPv4, 64 IPv6", since "2.0.0", Acts,
        "Outgoing TTL.";
    [BfdInstance] "hoplimit": integer(1, 255, Unit::None) => aborts, default "64", since "2.0.0", Acts,
        "Same as ttl.";
    [BfdInstance] "max_hops": integer(-1, 255, Unit::None) => aborts, default "0", since "2.0.0", Acts,
        "Hops tolerated in received TTL check; 255 disables.";
    [BfdInstance] "multihop": Switch, default "off", since "2.2.8", Acts,
        "RFC5883 port 4784.";
    [BfdInstance] "weight": Weight { limit: 253, noreverse: false } => aborts,
        default "0", since "2.0.0", Acts,
        "Priority effect in trackers.";
    [BfdInstance] "vrrp": None, default "both", since "2.0.0", Acts,
        "Report to VRRP process only (unless checker too).";
    [BfdInstance] "checker": None, default "both", since "2.0.0", Acts,
        "Report to checker process only (unless vrrp too).";
];
