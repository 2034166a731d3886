//! Addresses as somebody wants them to be, and the messages that add, change and remove them.
//!
//! All pure; [`Commands`](crate::commands::Commands) carries the changes out, and
//! [`Holdings`](crate::holdings::Holdings) decides which are due.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

use bitflags::bitflags;
use ipnetwork::IpNetwork;
use netlink_packet_core::{NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE};
use netlink_packet_route::address::{
    AddressAttribute, AddressHeaderFlags, AddressMessage, AddressProtocol, AddressScope, CacheInfo,
};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};

/// The number of the first mark (`IFA_PROTO`): that of the VRRP protocol, which no routing daemon uses.
const FIRST_MARK: u8 = 112;
/// Number of daemons in one network namespace that can have a mark of their own.
pub const MARK_COUNT: u8 = 8;
/// The mark of a daemon that could not get one of its own: nothing is removed because of it.
pub const SHARED_MARK: u8 = FIRST_MARK + MARK_COUNT;
/// The mark of an address that stays on its interface whatever router serves (`static_ipaddress`). It does not count as
/// a virtual one, for adverts may come from it.
pub const STATIC_MARK: u8 = SHARED_MARK + 1;
/// The `IFA_PROTO` that keepalived writes since 2.3.2 (`RTPROT_KEEPALIVED`).
pub const KEEPALIVED: u8 = 18;

/// The marks that tell the virtual addresses of one daemon from those of another, in order of preference; see
/// [`Mark`](crate::mark::Mark).
pub fn marks() -> impl Iterator<Item = u8> {
    FIRST_MARK..FIRST_MARK + MARK_COUNT
}

/// Whether `IFA_PROTO` says that an address is a virtual one, of whatever daemon.
pub fn is_virtual_mark(protocol: u8) -> bool {
    protocol == KEEPALIVED || (FIRST_MARK..=SHARED_MARK).contains(&protocol)
}

/// Scope of an address; a smaller number reaches farther.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Scope(
    /// The kernel's number (`RT_SCOPE_*`).
    pub u8,
);

bitflags! {
    /// Flags of an address (`IFA_F_*`, linux/if_addr.h).
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
    pub struct AddressFlags: u32 {
        /// IPv4: another address of the same subnet came first. IPv6: a temporary address.
        const SECONDARY = 0x01;
        /// No duplicate address detection.
        const NODAD = 0x02;
        /// Used before duplicate address detection has ended.
        const OPTIMISTIC = 0x04;
        /// Somebody else has the address; it is not used.
        const DADFAILED = 0x08;
        /// A home address (mobile IPv6).
        const HOMEADDRESS = 0x10;
        /// Not taken as the source of new connections.
        const DEPRECATED = 0x20;
        /// Duplicate address detection has not ended.
        const TENTATIVE = 0x40;
        /// Does not expire.
        const PERMANENT = 0x80;
        /// Temporary addresses are derived from it.
        const MANAGETEMPADDR = 0x100;
        /// Comes without a route to its subnet.
        const NOPREFIXROUTE = 0x200;
        /// The multicast address is joined on the Ethernet level.
        const MCAUTOJOIN = 0x400;
        /// Made from a secret instead of the MAC address.
        const STABLE_PRIVACY = 0x800;
        const _ = !0;
    }
}

/// An address as somebody wants it to be.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AddressSpec {
    /// The interface that gets it.
    pub index: u32,
    /// The address and the length of its subnet's prefix.
    pub network: IpNetwork,
    /// Its scope.
    pub scope: Scope,
    /// IPv4: the name it is listed under, which should begin with that of the interface; at most 15 bytes.
    pub label: Option<String>,
    /// IPv4: the broadcast address of the subnet.
    pub broadcast: Option<Ipv4Addr>,
    /// The address at the other end of a point-to-point link.
    pub peer: Option<IpAddr>,
    /// Its flags.
    pub flags: AddressFlags,
    /// Time for which it may be the source of new connections, in seconds; `Some(0)`: never, `None`: forever.
    pub preferred_lifetime: Option<u32>,
    /// Origin of the address (`IFA_PROTO`), on Linux 5.18 and later; older kernels ignore it.
    pub protocol: u8,
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum AddressChange {
    /// Give the interface the address, unless it has it.
    Add(AddressSpec),
    /// Give the interface the address; if it has it already, change its lifetime and mark, of an IPv6 address also
    /// the flags and the peer. (The kernel cannot change a label, a scope or a broadcast address.)
    Set(AddressSpec),
    /// Take it away.
    Remove(AddressSpec),
}

impl Scope {
    /// Valid everywhere.
    pub const UNIVERSE: Self = Self(0);
    /// Valid in this site (IPv6, deprecated).
    pub const SITE: Self = Self(200);
    /// Valid on the link.
    pub const LINK: Self = Self(253);
    /// Valid on this machine.
    pub const HOST: Self = Self(254);
    /// Not valid anywhere.
    pub const NOWHERE: Self = Self(255);
}

impl AddressSpec {
    /// A virtual address with the usual properties. IPv6: without duplicate address detection, which would delay
    /// a takeover by a second; with a whole-address prefix also never the source of new connections.
    pub fn new(index: u32, network: IpNetwork) -> Self {
        let whole = network.is_ipv6() && network.prefix() == 128;
        Self {
            index,
            network,
            scope: Scope::UNIVERSE,
            label: None,
            broadcast: None,
            peer: None,
            flags: if network.is_ipv6() { AddressFlags::NODAD } else { AddressFlags::empty() },
            preferred_lifetime: whole.then_some(0),
            protocol: FIRST_MARK,
        }
    }
}

impl fmt::Display for AddressSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on link {}", self.network, self.index)
    }
}

impl AddressChange {
    /// The address in question.
    pub fn address(&self) -> &AddressSpec {
        match self {
            Self::Add(address) | Self::Set(address) | Self::Remove(address) => address,
        }
    }

    /// The netlink request and its flags.
    pub(crate) fn request(&self) -> (RouteNetlinkMessage, u16) {
        match self {
            Self::Add(address) => (RouteNetlinkMessage::NewAddress(add(address)), NLM_F_CREATE | NLM_F_EXCL),
            Self::Set(address) => {
                (RouteNetlinkMessage::NewAddress(add(address)), NLM_F_CREATE | NLM_F_REPLACE)
            }
            Self::Remove(address) => (RouteNetlinkMessage::DelAddress(identify(address)), 0),
        }
    }
}

impl fmt::Display for AddressChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Add(address) | Self::Set(address) => write!(f, "add {address}"),
            Self::Remove(address) => write!(f, "remove {address}"),
        }
    }
}

/// The part of the message that says which address is meant; enough to remove it.
fn identify(address: &AddressSpec) -> AddressMessage {
    let mut message = AddressMessage::default();
    message.header.family = match address.network {
        IpNetwork::V4(_) => AddressFamily::Inet,
        IpNetwork::V6(_) => AddressFamily::Inet6,
    };
    message.header.prefix_len = address.network.prefix();
    message.header.index = address.index;
    let own = address.network.ip();
    message.attributes =
        vec![AddressAttribute::Local(own), AddressAttribute::Address(address.peer.unwrap_or(own))];
    message
}

fn add(address: &AddressSpec) -> AddressMessage {
    let mut message = identify(address);
    message.header.scope = AddressScope::from(address.scope.0);
    let [low, ..] = address.flags.bits().to_le_bytes();
    message.header.flags = AddressHeaderFlags::from_bits_retain(low);
    let attributes = &mut message.attributes;
    if address.network.is_ipv4() {
        attributes.extend(address.broadcast.map(AddressAttribute::Broadcast));
        attributes.extend(address.label.clone().map(AddressAttribute::Label));
    }
    if address.flags.bits() > u32::from(u8::MAX) {
        let flags = netlink_packet_route::address::AddressFlags::from_bits_retain(address.flags.bits());
        attributes.push(AddressAttribute::Flags(flags));
    }
    if let Some(seconds) = address.preferred_lifetime {
        let mut lifetimes = CacheInfo::default();
        lifetimes.ifa_preferred = seconds;
        lifetimes.ifa_valid = u32::MAX;
        attributes.push(AddressAttribute::CacheInfo(lifetimes));
    }
    if address.protocol != 0 {
        attributes.push(AddressAttribute::Protocol(AddressProtocol::from(address.protocol)));
    }
    message
}

#[cfg(test)]
mod tests;
