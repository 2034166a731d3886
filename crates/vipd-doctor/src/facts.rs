//! The facts about the machine and about its task.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::ruleset::Ruleset;

/// Everything that findings come from.
#[derive(Debug, Default)]
pub(super) struct Facts {
    pub(super) routers: Vec<Router>,
    /// By name. Those that the configuration names and that are missing have no entry.
    pub(super) interfaces: BTreeMap<String, Interface>,
    /// The rules of nftables; none where there is no such program, or nothing could be listed.
    pub(super) ruleset: Option<Ruleset>,
    /// Why the packet filter is not known.
    pub(super) filter_unknown: Option<String>,
    /// A rule of iptables that drops protocol 112, as it is written.
    pub(super) iptables_drop: Option<String>,
    /// Whether something keeps the clock right.
    pub(super) clock_is_synchronised: Option<bool>,
    /// Whether IPv4 packets are forwarded.
    pub(super) forwards: Option<bool>,
    pub(super) nonlocal_bind: Option<bool>,
    /// Findings about scripts that others than root and their user can change.
    pub(super) insecure: Vec<String>,
    /// Findings about scripts that cannot be run.
    pub(super) unrunnable: Vec<String>,
    /// Routers that use a VRID of ours, as the daemon tells: instance and words.
    pub(super) strangers: Vec<(String, String)>,
    /// Other programs that speak VRRP here: process and name.
    pub(super) others: Vec<(u32, String)>,
    pub(super) services: Services,
    pub(super) daemon: DaemonFacts,
}

/// An instance.
#[derive(Clone, Debug)]
pub(super) struct Router {
    pub(super) name: String,
    pub(super) interface: Option<String>,
    pub(super) ipv6: bool,
    /// The multicast group of its adverts; none with unicast peers.
    pub(super) group: Option<IpAddr>,
    pub(super) peers: Vec<Peer>,
    pub(super) has_ah: bool,
    /// Its peers compare the stamps of its adverts with their clocks.
    pub(super) needs_clock: bool,
    pub(super) addresses: usize,
}

/// A unicast peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Peer {
    pub(super) address: IpAddr,
    /// The interface that packets to it leave by, where that is known.
    pub(super) route: Option<String>,
}

/// An interface.
#[derive(Clone, Debug)]
pub(super) struct Interface {
    pub(super) up: bool,
    pub(super) multicast: bool,
    pub(super) mtu: u32,
    /// The greater of its own setting and that of `all`.
    pub(super) rp_filter: i32,
    pub(super) arp_ignore: i32,
    /// 1: not where packets are forwarded.
    pub(super) accept_ra: i32,
    pub(super) forwards_v6: bool,
}

impl Default for Interface {
    fn default() -> Self {
        Self {
            up: true,
            multicast: true,
            mtu: 1500,
            rp_filter: 0,
            arp_ignore: 0,
            accept_ra: 0,
            forwards_v6: false,
        }
    }
}

/// Virtual servers.
#[derive(Clone, Debug, Default)]
pub(super) struct Services {
    pub(super) count: usize,
    /// Some forward by NAT.
    pub(super) nat: bool,
    /// Checkers of all of them.
    pub(super) checkers: usize,
    pub(super) ipvs: Ipvs,
}

/// The kernel's load balancer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Ipvs {
    #[default]
    Loaded,
    /// It can be loaded.
    Module,
    Absent,
}

/// The daemon.
#[derive(Clone, Debug, Default)]
pub(super) struct DaemonFacts {
    /// Why nobody answers at the control socket.
    pub(super) unreachable: Option<String>,
    /// The file differs from what runs.
    pub(super) is_stale: bool,
    /// Descriptors that it may open; none: no limit, or not known.
    pub(super) descriptors: Option<u64>,
    /// `vrrp_no_swap` is set, and only so many bytes may be locked.
    pub(super) lockable: Option<u64>,
}
