//! Identity of the sockets that routers share.

use std::net::IpAddr;

use vrrp_election::LinkId;
use vrrp_proto::Family;

/// Identity of a socket.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    /// The interface of the routers that use it.
    pub(crate) link: Option<LinkId>,
    /// The group of a multicast socket, the source of a unicast one; unspecified: the primary address of the link.
    pub(crate) address: IpAddr,
    pub(crate) way: Way,
    pub(crate) protocol: u8,
}

/// The packets that a socket receives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Way {
    /// Packets to a group, on an interface.
    Group,
    /// Packets to an address of ours.
    Address,
    /// Packets to a group from the MAC address of the interface, which is a virtual one: the interface below, whose
    /// socket hears everybody else, does not get them.
    Tap([u8; 6]),
}

impl Key {
    pub(crate) fn family(&self) -> Family {
        if self.address.is_ipv4() { Family::Ipv4 } else { Family::Ipv6 }
    }
}
