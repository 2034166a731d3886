//! Virtual addresses: which are wanted, what has to change, and the messages that change it.
//!
//! All pure; [`AddressCommands`](crate::address_commands::AddressCommands) carries the changes out.
//!
//! ```
//! use vrrp_linux::address::{AddressChange, AddressSpec, diff};
//!
//! let kept = AddressSpec::new(2, "198.51.100.1/32".parse()?);
//! let lost = AddressSpec::new(2, "198.51.100.2/32".parse()?);
//! let new = AddressSpec::new(3, "2001:db8::5/128".parse()?);
//! let changes = diff(&[kept.clone(), lost.clone()], &[kept, new.clone()]);
//! assert_eq!(changes, [AddressChange::Remove(lost), AddressChange::Add(new)]);
//! # Ok::<(), ipnetwork::IpNetworkError>(())
//! ```

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

use bitflags::bitflags;
use ipnetwork::IpNetwork;
use netlink_packet_core::{NLM_F_CREATE, NLM_F_EXCL};
use netlink_packet_route::address::{
    AddressAttribute, AddressHeaderFlags, AddressMessage, AddressProtocol, AddressScope, CacheInfo,
};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};

use crate::interfaces::Interface;

/// The number that marks an address, a route or a rule as a virtual router's (`RTPROT_KEEPALIVED`): leftovers of a
/// daemon that died are found by it.
pub const PROTOCOL: u8 = 18;

/// How far an address is valid; smaller is farther.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Scope(
    /// The kernel's number (`RT_SCOPE_*`).
    pub u8,
);

bitflags! {
    /// What is special about an address (`IFA_F_*`, linux/if_addr.h).
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
    /// How far it is valid.
    pub scope: Scope,
    /// IPv4: the name it is listed under, which should begin with that of the interface; at most 15 bytes.
    pub label: Option<String>,
    /// IPv4: the broadcast address of the subnet.
    pub broadcast: Option<Ipv4Addr>,
    /// The address at the other end of a point-to-point link.
    pub peer: Option<IpAddr>,
    /// What is special about it.
    pub flags: AddressFlags,
    /// How long it may be the source of new connections, in seconds; `Some(0)`: never, `None`: forever.
    pub preferred_lifetime: Option<u32>,
    /// Who adds it, on Linux 5.18 and later; older kernels pass over it.
    pub protocol: u8,
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum AddressChange {
    /// Give the interface the address.
    Add(AddressSpec),
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
            protocol: PROTOCOL,
        }
    }

    /// The addresses that an interface has, in the form of wishes, to compare with real ones.
    pub fn of_interface(interface: &Interface) -> impl Iterator<Item = Self> {
        interface.addresses.iter().map(|address| Self {
            scope: address.scope,
            label: address.label.clone(),
            broadcast: address.broadcast,
            peer: address.peer,
            flags: address.flags,
            preferred_lifetime: address.flags.contains(AddressFlags::DEPRECATED).then_some(0),
            protocol: address.protocol.unwrap_or(0),
            ..Self::new(interface.index, address.network)
        })
    }

    /// Whether the kernel takes the two for one and the same address: it never has both.
    pub fn is_the_same_as(&self, other: &Self) -> bool {
        self.identity() == other.identity()
    }

    fn identity(&self) -> (u32, IpAddr, u8, Option<IpAddr>) {
        // To be one's own peer is to have none.
        let peer = self.peer.filter(|peer| *peer != self.network.ip());
        (self.index, self.network.ip(), self.network.prefix(), peer)
    }

    /// Whether an address that is there will do for the wished one. Flags, lifetimes and the mark are not
    /// compared: the kernel sets some of them on its own.
    fn will_do_for(&self, wanted: &Self) -> bool {
        // The kernel knows no scope for IPv6 addresses but the one that follows from the address.
        let scope = self.network.is_ipv6() || self.scope == wanted.scope;
        let label = wanted.label.is_none() || self.label == wanted.label;
        let broadcast = wanted.broadcast.is_none() || self.broadcast == wanted.broadcast;
        scope && label && broadcast
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
            Self::Add(address) | Self::Remove(address) => address,
        }
    }

    /// The netlink request and its flags.
    pub(crate) fn request(&self) -> (RouteNetlinkMessage, u16) {
        match self {
            Self::Add(address) => (RouteNetlinkMessage::NewAddress(add(address)), NLM_F_CREATE | NLM_F_EXCL),
            Self::Remove(address) => (RouteNetlinkMessage::DelAddress(identify(address)), 0),
        }
    }
}

impl fmt::Display for AddressChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Add(address) => write!(f, "add {address}"),
            Self::Remove(address) => write!(f, "remove {address}"),
        }
    }
}

/// What to do so that of the `current` addresses only the `wanted` ones are left, and all of them are there.
///
/// `current` is what the caller answers for (what it added itself, or what carries its [`PROTOCOL`]): everything in
/// there that is not wanted goes. Removals come first, in the order of `current`, then additions in the order of
/// `wanted`. An address whose label, scope or broadcast address is wrong is removed and added. An address that is
/// wanted twice is added once.
pub fn diff(current: &[AddressSpec], wanted: &[AddressSpec]) -> Vec<AddressChange> {
    let mut wishes = BTreeMap::new();
    for address in wanted {
        wishes.entry(address.identity()).or_insert(address);
    }
    let (fitting, others): (Vec<_>, Vec<_>) = current
        .iter()
        .partition(|have| wishes.get(&have.identity()).is_some_and(|wish| have.will_do_for(wish)));
    for have in fitting {
        wishes.remove(&have.identity());
    }
    let mut changes: Vec<_> = others.into_iter().cloned().map(AddressChange::Remove).collect();
    // A wish leaves the map when it is granted, so its repetition finds nothing.
    changes.extend(
        wanted
            .iter()
            .filter_map(|address| wishes.remove(&address.identity()))
            .cloned()
            .map(AddressChange::Add),
    );
    changes
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
