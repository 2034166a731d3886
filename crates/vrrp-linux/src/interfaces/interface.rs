//! One interface and its addresses, as messages of the kernel describe them.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnetwork::IpNetwork;
use netlink_packet_route::address::{AddressAttribute, AddressMessage};
use netlink_packet_route::link::{LinkAttribute, LinkFlags, LinkMessage};

use super::Change;
use super::details::{Details, link_kind};
use crate::address::{AddressFlags, AddressSpec, Scope, is_virtual_mark};

/// An IPv6 address with one of these is not used by the kernel. IPv4 has other flags in these places.
pub(super) const UNUSABLE: AddressFlags = AddressFlags::TENTATIVE.union(AddressFlags::DADFAILED);

/// A network interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    /// The kernel's number for it, never 0. Not reused soon.
    pub index: u32,
    /// Its name, at most 15 bytes.
    pub name: String,
    /// Whether it can carry traffic: administratively up and with carrier (`IFF_UP` and `IFF_RUNNING`).
    pub up: bool,
    /// Its MAC address, if it has one of the usual length.
    pub mac: Option<[u8; 6]>,
    /// The largest IP packet it carries, in bytes.
    pub mtu: u32,
    /// Whether it does without ARP and neighbour discovery (`IFF_NOARP`), so that nothing is announced on it.
    pub noarp: bool,
    /// Whether it is a loopback interface.
    pub loopback: bool,
    /// The interface it sits on (macvlan, VLAN); for a veth, its peer.
    pub lower: Option<u32>,
    /// The bridge, bond or VRF it belongs to.
    pub master: Option<u32>,
    /// Properties that matter for interfaces of ours only.
    pub details: Details,
    /// Its addresses: those it had when the tables were read in the kernel's order (IPv4: oldest first), then those
    /// added since.
    pub addresses: Vec<InterfaceAddress>,
}

/// An address of an interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InterfaceAddress {
    /// The address itself, with the length of its subnet's prefix.
    pub network: IpNetwork,
    /// The address at the other end of a point-to-point link.
    pub peer: Option<IpAddr>,
    /// Its scope.
    pub scope: Scope,
    /// Its flags.
    pub flags: AddressFlags,
    /// IPv4: the name it is listed under, usually that of the interface.
    pub label: Option<String>,
    /// IPv4: the subnet's broadcast address.
    pub broadcast: Option<Ipv4Addr>,
    /// Origin of the address (`IFA_PROTO`), on Linux 5.18 and later, if the kernel names one.
    pub protocol: Option<u8>,
}

impl Interface {
    /// The IPv4 address that adverts come from: the first that is not a virtual one. Which of several is the kernel's
    /// primary one does not matter: an own address becomes a secondary one when a virtual address came before it.
    ///
    /// A virtual address is one that is marked as such, or that `is_virtual` knows (the configuration does).
    pub fn primary_ipv4(&self, is_virtual: impl Fn(&InterfaceAddress) -> bool) -> Option<Ipv4Addr> {
        self.source(is_virtual, |ip| match ip {
            IpAddr::V4(ip) => Some(ip),
            IpAddr::V6(_) => None,
        })
    }

    /// The IPv6 address that adverts come from (RFC 9568 §5.1.2.1): the first link-local one that is not a virtual
    /// one, see [`primary_ipv4`](Self::primary_ipv4), once duplicate address detection has passed it.
    pub fn primary_ipv6(&self, is_virtual: impl Fn(&InterfaceAddress) -> bool) -> Option<Ipv6Addr> {
        self.source(is_virtual, |ip| match ip {
            IpAddr::V6(ip) => Some(ip).filter(Ipv6Addr::is_unicast_link_local),
            IpAddr::V4(_) => None,
        })
    }

    /// The first usable address of a kind; one that is not meant to be a source only if there is no other.
    fn source<T>(
        &self,
        is_virtual: impl Fn(&InterfaceAddress) -> bool,
        kind: impl Fn(IpAddr) -> Option<T>,
    ) -> Option<T> {
        let usable = self.addresses.iter().filter(|address| {
            let passed = address.network.is_ipv4() || !address.flags.intersects(UNUSABLE);
            passed && !address.protocol.is_some_and(is_virtual_mark) && !is_virtual(address)
        });
        let candidates = usable.filter_map(|address| Some((address, kind(address.network.ip())?)));
        candidates
            .min_by_key(|(address, _)| address.flags.contains(AddressFlags::DEPRECATED))
            .map(|(_, ip)| ip)
    }

    pub(super) fn read(message: &LinkMessage) -> Option<Self> {
        let nothing_known = Self {
            index: message.header.index,
            name: String::new(),
            up: false,
            mac: None,
            mtu: 0,
            noarp: false,
            loopback: false,
            lower: None,
            master: None,
            details: Details::default(),
            addresses: Vec::new(),
        };
        nothing_known.updated(message)
    }

    /// The interface after a message: properties that the message leaves out stay. `None` if it would be without a
    /// name.
    pub(super) fn updated(&self, message: &LinkMessage) -> Option<Self> {
        let mut after = self.clone();
        after.update(message);
        (!after.name.is_empty() && after.index != 0).then_some(after)
    }

    fn update(&mut self, message: &LinkMessage) {
        let flags = message.header.flags;
        self.up = flags.contains(LinkFlags::Up | LinkFlags::Running);
        self.noarp = flags.contains(LinkFlags::Noarp);
        self.loopback = flags.contains(LinkFlags::Loopback);
        // A whole description names all relations that there are. Events of wireless cards say almost nothing.
        if message.attributes.iter().any(|attribute| matches!(attribute, LinkAttribute::Mtu(_))) {
            (self.lower, self.master, self.details.alias) = (None, None, None);
        }
        for attribute in &message.attributes {
            match attribute {
                LinkAttribute::IfName(name) => self.name.clone_from(name),
                LinkAttribute::Address(mac) => self.mac = mac.as_slice().try_into().ok(),
                LinkAttribute::Mtu(mtu) => self.mtu = *mtu,
                LinkAttribute::Link(lower) => self.lower = Some(*lower).filter(|index| *index != 0),
                LinkAttribute::Group(group) => self.details.group = *group,
                LinkAttribute::IfAlias(alias) => {
                    self.details.alias = Some(alias.as_str().into()).filter(|_| !alias.is_empty());
                }
                LinkAttribute::LinkInfo(info) => self.details.kind = link_kind(info),
                LinkAttribute::Controller(master) => self.master = Some(*master).filter(|index| *index != 0),
                _ => {}
            }
        }
    }

    /// `may_be_known`: it has this address, perhaps with another prefix length.
    pub(super) fn insert_address(&mut self, address: InterfaceAddress, may_be_known: bool) -> Option<Change> {
        let (index, network) = (self.index, address.network);
        let mut known = self.addresses.iter_mut().filter(|_| may_be_known);
        match known.find(|known| known.is_the_same_as(&address)) {
            Some(known) if *known == address => None,
            Some(known) => {
                *known = address;
                Some(Change::AddressChanged { index, network })
            }
            None => {
                self.addresses.push(address);
                Some(Change::AddressAdded { index, network })
            }
        }
    }

    pub(super) fn remove_address(&mut self, address: &InterfaceAddress) -> Option<Change> {
        let place = self.addresses.iter().position(|known| known.is_the_same_as(address))?;
        let address = self.addresses.remove(place);
        Some(self.removed(&address))
    }

    /// Reports how `self` differs from what it was.
    pub(super) fn differences(&self, before: &Self, changes: &mut Vec<Change>) {
        let index = self.index;
        if self.name != before.name {
            changes.push(Change::LinkRenamed { index, before: before.name.clone() });
        }
        if (self.mac, self.mtu, self.noarp, self.lower, self.master, &self.details)
            != (before.mac, before.mtu, before.noarp, before.lower, before.master, &before.details)
        {
            changes.push(Change::LinkChanged { index });
        }
        match (before.up, self.up) {
            (false, true) => changes.push(Change::LinkUp { index }),
            (true, false) => changes.push(Change::LinkDown { index }),
            (true, true) | (false, false) => {}
        }
        if self.addresses != before.addresses {
            self.address_differences(before, changes);
        }
    }

    /// The memberships that an MTU that fell costs. A family whose memberships are gone already cannot lose them again.
    pub(super) fn memberships_lost(&self, before: &Self) -> Option<Change> {
        let fell_below = |least| before.mtu >= least && self.mtu < least;
        let (ipv4, ipv6) = (fell_below(MIN_MTU_IPV4), fell_below(MIN_MTU_IPV6));
        (ipv4 || ipv6).then_some(Change::MembershipsLost { index: self.index, ipv4, ipv6 })
    }

    fn address_differences(&self, before: &Self, changes: &mut Vec<Change>) {
        let old: BTreeMap<_, _> = before.addresses.iter().map(|a| (a.identity(), a)).collect();
        let new: BTreeMap<_, _> = self.addresses.iter().map(|a| (a.identity(), a)).collect();
        for (identity, address) in &old {
            if !new.contains_key(identity) {
                changes.push(self.removed(address));
            }
        }
        for (identity, address) in &new {
            match old.get(identity) {
                None => changes.push(self.added(address)),
                Some(known) if known != address => {
                    changes.push(Change::AddressChanged { index: self.index, network: address.network });
                }
                Some(_) => {}
            }
        }
    }

    pub(super) fn added(&self, address: &InterfaceAddress) -> Change {
        Change::AddressAdded { index: self.index, network: address.network }
    }

    fn removed(&self, address: &InterfaceAddress) -> Change {
        Change::AddressRemoved { index: self.index, network: address.network }
    }
}

impl InterfaceAddress {
    /// Identity of the address for the kernel.
    fn identity(&self) -> (IpAddr, u8, Option<IpAddr>) {
        (self.network.ip(), self.network.prefix(), self.peer)
    }

    fn is_the_same_as(&self, other: &Self) -> bool {
        self.network == other.network && self.peer == other.peer
    }
}

/// The least MTU with which the kernel speaks IPv4 on an interface, in bytes (RFC 791 §3.2).
pub const MIN_MTU_IPV4: u32 = 68;
/// The least MTU with which the kernel speaks IPv6 on an interface, in bytes (RFC 8200 §5).
pub const MIN_MTU_IPV6: u32 = 1280;

pub(super) fn read_address(message: &AddressMessage) -> Option<InterfaceAddress> {
    let mut address = None;
    let mut local = None;
    let mut flags = AddressFlags::from_bits_retain(message.header.flags.bits().into());
    let (mut label, mut broadcast, mut protocol) = (None, None, None);
    for attribute in &message.attributes {
        match attribute {
            AddressAttribute::Address(ip) => address = Some(*ip),
            AddressAttribute::Local(ip) => local = Some(*ip),
            AddressAttribute::Flags(bits) => flags = AddressFlags::from_bits_retain(bits.bits()),
            AddressAttribute::Label(name) => label = Some(name.clone()),
            AddressAttribute::Broadcast(ip) => broadcast = Some(*ip),
            AddressAttribute::Protocol(number) => protocol = Some(u8::from(*number)),
            _ => {}
        }
    }
    let own = local.or(address)?;
    Some(InterfaceAddress {
        network: IpNetwork::new(own, message.header.prefix_len).ok()?,
        peer: address.filter(|peer| *peer != own),
        scope: Scope(message.header.scope.into()),
        flags,
        label,
        broadcast,
        protocol: protocol.filter(|number| *number != 0),
    })
}
impl AddressSpec {
    /// An address that interface `index` has, in the form of a wanted one.
    pub fn observed(index: u32, address: &InterfaceAddress) -> Self {
        Self {
            index,
            network: address.network,
            scope: address.scope,
            label: address.label.clone(),
            broadcast: address.broadcast,
            peer: address.peer,
            flags: address.flags,
            preferred_lifetime: address.flags.contains(AddressFlags::DEPRECATED).then_some(0),
            protocol: address.protocol.unwrap_or(0),
        }
    }
}
