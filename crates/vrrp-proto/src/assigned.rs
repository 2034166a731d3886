//! Numbers and addresses that were assigned to VRRP (RFC 9568 §5.1, §7.3; RFC 3768 §5.2, §7.3).

use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::types::{Family, Vrid};

/// An Ethernet address.
pub type MacAddr = [u8; 6];

/// The Ethernet address of the virtual router `vrid` (RFC 9568 §7.3): one block of 256 for each family.
///
/// ```
/// use vrrp_proto::{Family, Vrid, virtual_mac};
///
/// let vrid = Vrid::new(51)?;
/// assert_eq!(virtual_mac(Family::Ipv4, vrid), [0x00, 0x00, 0x5e, 0x00, 0x01, 51]);
/// assert_eq!(virtual_mac(Family::Ipv6, vrid), [0x00, 0x00, 0x5e, 0x00, 0x02, 51]);
/// # Ok::<(), vrrp_proto::ValueError>(())
/// ```
#[must_use]
pub const fn virtual_mac(family: Family, vrid: Vrid) -> MacAddr {
    let block = match family {
        Family::Ipv4 => 1,
        Family::Ipv6 => 2,
    };
    [0x00, 0x00, 0x5e, 0x00, block, vrid.get()]
}

/// The group that advertisements of `family` go to: [`IPV4_GROUP`] or [`IPV6_GROUP`].
#[must_use]
pub const fn group(family: Family) -> IpAddr {
    match family {
        Family::Ipv4 => IpAddr::V4(IPV4_GROUP),
        Family::Ipv6 => IpAddr::V6(IPV6_GROUP),
    }
}

/// Shows an Ethernet address as people write it.
pub(crate) struct ShowMac(pub(crate) MacAddr);

impl fmt::Display for ShowMac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, octet) in self.0.iter().enumerate() {
            let separator = if i == 0 { "" } else { ":" };
            write!(f, "{separator}{octet:02x}")?;
        }
        Ok(())
    }
}

/// IP protocol and next header number of VRRP (RFC 9568 §5.1.1.4, §5.1.2.4).
pub const IP_PROTOCOL: u8 = 112;
/// IP protocol number of the Authentication Header, which VRRPv2 authentication type 2 uses (RFC 2402).
pub const AH_PROTOCOL: u8 = 51;
/// TTL or hop limit of every advertisement to a group, so that nothing beyond the link can forge one
/// (RFC 9568 §5.1.1.3, §5.1.2.3).
pub const TTL: u8 = 255;
/// TOS or traffic class of advertisements: CS6. No RFC says so; keepalived, FRR and holo all send it.
pub const TRAFFIC_CLASS: u8 = 0xc0;

/// The IPv4 group of all VRRP routers (RFC 9568 §5.1.1.2).
pub const IPV4_GROUP: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 18);
/// The IPv6 group of all VRRP routers (RFC 9568 §5.1.2.2).
pub const IPV6_GROUP: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x12);
/// The Ethernet address of [`IPV4_GROUP`] (RFC 1112 §6.4).
pub const IPV4_GROUP_MAC: MacAddr = [0x01, 0x00, 0x5e, 0x00, 0x00, 0x12];
/// The Ethernet address of [`IPV6_GROUP`] (RFC 2464 §7).
pub const IPV6_GROUP_MAC: MacAddr = [0x33, 0x33, 0x00, 0x00, 0x00, 0x12];

/// The IPv6 group of all nodes, where unsolicited neighbour advertisements go (RFC 4861 §7.2.6).
pub const IPV6_ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);
/// The Ethernet address of [`IPV6_ALL_NODES`].
pub const IPV6_ALL_NODES_MAC: MacAddr = [0x33, 0x33, 0x00, 0x00, 0x00, 0x01];
/// The Ethernet broadcast address.
pub const BROADCAST_MAC: MacAddr = [0xff; 6];
