//! The interfaces of this machine and their addresses, as a table that netlink messages keep up to date.
//!
//! Pure: [`Monitor`](crate::monitor::Monitor) brings the messages. A name and an index are two handles of the same
//! thing that live apart: after a rename the index stays, after deletion and re-creation (a bond that is
//! reconfigured, a VPN that reconnects) the name stays. Whoever cares about "eth0" should keep the name, look it
//! up again whenever [`Change::LinkAdded`], [`Change::LinkRenamed`] or [`Change::LinkRemoved`] is reported, and
//! reopen or re-join sockets if the index has changed.

mod details;

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnetwork::IpNetwork;
use netlink_frame::Frames;
use netlink_packet_route::address::{AddressAttribute, AddressMessage};
use netlink_packet_route::link::{InfoData, InfoVrf, LinkAttribute, LinkFlags, LinkInfo, LinkMessage};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};

use crate::address::{AddressFlags, Scope, is_virtual_mark};
use crate::netlink::decode::{route_message, routing_change};
use details::link_kind;

use crate::route::RemovedRoute;
use crate::rule::RemovedRule;
pub use details::{Details, LinkKind};

/// All interfaces of a network namespace.
#[derive(Debug, Clone, Default)]
pub struct Interfaces {
    by_index: BTreeMap<u32, Interface>,
    /// Exactly the names of `by_index`, with their indexes.
    by_name: BTreeMap<String, u32>,
    /// Every address of every interface, to find it among thousands.
    present: HashMap<(u32, IpAddr), Places>,
    /// The routing tables of VRFs.
    vrf_tables: BTreeMap<u32, u32>,
}

/// Where an address is in the list of its interface.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Places {
    /// How often it is there, with other prefix lengths or peers; never 0.
    count: usize,
    /// The place where it was last added. Removals move it to the front, never to the end.
    last: usize,
}

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
    /// What only interfaces of ours are asked for.
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
    /// How far the address is valid.
    pub scope: Scope,
    /// What is special about it.
    pub flags: AddressFlags,
    /// IPv4: the name it is listed under, usually that of the interface.
    pub label: Option<String>,
    /// IPv4: the subnet's broadcast address.
    pub broadcast: Option<Ipv4Addr>,
    /// Who added it (`IFA_PROTO`), on Linux 5.18 and later, if that was said.
    pub protocol: Option<u8>,
}

/// What one message, or a comparison of whole tables, changed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// There is a new interface.
    LinkAdded {
        /// Its index.
        index: u32,
    },
    /// An interface is gone, and its addresses with it, whether or not they were reported as removed before.
    LinkRemoved {
        /// The index it had.
        index: u32,
        /// The name it had.
        name: String,
    },
    /// An interface can carry traffic now.
    LinkUp {
        /// Its index.
        index: u32,
    },
    /// An interface can no longer carry traffic.
    LinkDown {
        /// Its index.
        index: u32,
    },
    /// An interface has another name.
    LinkRenamed {
        /// Its index.
        index: u32,
        /// The name it had before.
        before: String,
    },
    /// Something else about an interface is different: MAC address, MTU, master, ...
    LinkChanged {
        /// Its index.
        index: u32,
    },
    /// The kernel has dropped, or may have dropped, the group memberships on an interface, although the sockets that
    /// joined still list them: they have to leave and join again. So it does when the MTU falls below the least that
    /// a family needs ([`MIN_MTU_IPV4`], [`MIN_MTU_IPV6`]); and after events were lost this is reported for every
    /// interface. An interface that is reported as removed has lost all memberships, whether or not it comes back
    /// under the same index.
    MembershipsLost {
        /// Its index.
        index: u32,
        /// Those in IPv4 groups.
        ipv4: bool,
        /// Those in IPv6 groups.
        ipv6: bool,
    },
    /// An interface has a new address.
    AddressAdded {
        /// The interface's index.
        index: u32,
        /// The address.
        network: IpNetwork,
    },
    /// An address has other flags (the end of duplicate address detection, a secondary that was promoted), another
    /// label or another scope.
    AddressChanged {
        /// The interface's index.
        index: u32,
        /// The address.
        network: IpNetwork,
    },
    /// An interface has lost an address.
    AddressRemoved {
        /// The interface's index.
        index: u32,
        /// The address.
        network: IpNetwork,
    },
    /// A route is gone, or another one is in its place. Reported only if the monitor
    /// [hears of routes](crate::monitor::Monitor::hear_routing), and not for IPv4 routes that went with their interface.
    RouteRemoved(RemovedRoute),
    /// A policy rule is gone.
    RuleRemoved(RemovedRule),
}

impl Interfaces {
    /// A table with nothing in it.
    pub fn new() -> Self {
        Self::default()
    }

    /// The interface with this index.
    pub fn by_index(&self, index: u32) -> Option<&Interface> {
        self.by_index.get(&index)
    }

    /// The interface with this name.
    pub fn by_name(&self, name: &str) -> Option<&Interface> {
        self.by_name.get(name).and_then(|index| self.by_index.get(index))
    }

    /// All interfaces, by index.
    pub fn iter(&self) -> impl Iterator<Item = &Interface> {
        self.by_index.values()
    }

    /// The interface that has this address, if one has. With the same address on several, the lowest index.
    pub fn owner_of(&self, address: IpAddr) -> Option<&Interface> {
        self.iter().find(|interface| interface.addresses.iter().any(|a| a.network.ip() == address))
    }

    /// What an interface has under this address, with whatever prefix lengths and peers; the latest first. Quick, however
    /// many other addresses it has.
    pub fn on_link(&self, index: u32, address: IpAddr) -> impl Iterator<Item = &InterfaceAddress> {
        let places = self.present.get(&(index, address)).copied().unwrap_or_default();
        let list =
            self.by_index.get(&index).map(|interface| interface.addresses.as_slice()).unwrap_or_default();
        let until = list.len().min(places.last + 1);
        let before = list.get(..until).unwrap_or_default().iter().rev();
        before.filter(move |own| own.network.ip() == address).take(places.count)
    }

    /// Takes in the messages of one datagram of a route netlink socket and appends what they changed to `changes`.
    ///
    /// Messages about anything but links and addresses, and about addresses of unknown links, change nothing. A
    /// malformed message ends the datagram.
    pub fn apply(&mut self, datagram: &[u8], changes: &mut Vec<Change>) {
        for frame in Frames::new(datagram) {
            match route_message(&frame) {
                Some(message) => self.apply_message(&message, changes),
                None => changes.extend(routing_change(&frame)),
            }
        }
    }

    /// The routing table of a VRF.
    pub fn vrf_table(&self, index: u32) -> Option<u32> {
        self.vrf_tables.get(&index).copied()
    }

    pub(crate) fn apply_message(&mut self, message: &RouteNetlinkMessage, changes: &mut Vec<Change>) {
        match message {
            RouteNetlinkMessage::NewLink(link) if is_about_a_link(link) => {
                self.vrf_tables.extend(vrf_table(link).map(|table| (link.header.index, table)));
                self.apply_link(link, changes);
            }
            RouteNetlinkMessage::DelLink(link) if is_about_a_link(link) => {
                self.remove_link(link.header.index, changes);
            }
            RouteNetlinkMessage::NewAddress(message) => {
                let (index, address) = (message.header.index, read_address(message));
                if let (Some(interface), Some(address)) = (self.by_index.get_mut(&index), address) {
                    let key = (index, address.network.ip());
                    let change = interface.insert_address(address, self.present.contains_key(&key));
                    if let Some(Change::AddressAdded { .. }) = change {
                        let places = self.present.entry(key).or_default();
                        *places = Places { count: places.count + 1, last: interface.addresses.len() - 1 };
                    }
                    changes.extend(change);
                }
            }
            RouteNetlinkMessage::DelAddress(message) => {
                let (index, address) = (message.header.index, read_address(message));
                if let (Some(interface), Some(address)) = (self.by_index.get_mut(&index), address) {
                    let change = interface.remove_address(&address);
                    if change.is_some() {
                        self.forget(index, address.network.ip());
                    }
                    changes.extend(change);
                }
            }
            _ => {}
        }
    }

    /// Becomes `fresh`, a table just read from the kernel, and reports every difference, also what is gone.
    pub(crate) fn replace(&mut self, fresh: Self, changes: &mut Vec<Change>) {
        let before = std::mem::replace(self, fresh);
        for gone in before.iter().filter(|old| !self.by_index.contains_key(&old.index)) {
            changes.push(Change::LinkRemoved { index: gone.index, name: gone.name.clone() });
        }
        for interface in self.by_index.values() {
            match before.by_index.get(&interface.index) {
                None => {
                    changes.push(Change::LinkAdded { index: interface.index });
                    changes.extend(interface.addresses.iter().map(|a| interface.added(a)));
                }
                Some(old) => interface.differences(old, changes),
            }
        }
    }

    /// Reports that every interface of `known` that still exists may have lost its memberships: events about them are
    /// missing.
    pub(crate) fn distrust_memberships(&self, known: &[u32], changes: &mut Vec<Change>) {
        let there = known.iter().filter(|index| self.by_index.contains_key(index));
        changes.extend(there.map(|&index| Change::MembershipsLost { index, ipv4: true, ipv6: true }));
    }

    fn apply_link(&mut self, message: &LinkMessage, changes: &mut Vec<Change>) {
        let index = message.header.index;
        let before = self.by_index.get(&index).cloned();
        let after = match &before {
            Some(before) => before.updated(message),
            None => Interface::read(message),
        };
        let Some(after) = after else { return };
        // Messages that were lost may have left an older owner of the name behind.
        if let Some(&stale) = self.by_name.get(&after.name).filter(|owner| **owner != index) {
            self.remove_link(stale, changes);
        }
        match before {
            None => changes.push(Change::LinkAdded { index }),
            Some(before) => {
                after.differences(&before, changes);
                changes.extend(after.memberships_lost(&before));
                self.by_name.remove(&before.name);
            }
        }
        self.by_name.insert(after.name.clone(), index);
        self.by_index.insert(index, after);
    }

    fn forget(&mut self, index: u32, ip: IpAddr) {
        if let Some(places) = self.present.get_mut(&(index, ip)) {
            places.count -= 1;
            if places.count == 0 {
                self.present.remove(&(index, ip));
            }
        }
    }

    fn remove_link(&mut self, index: u32, changes: &mut Vec<Change>) {
        if let Some(gone) = self.by_index.remove(&index) {
            for address in &gone.addresses {
                self.forget(index, address.network.ip());
            }
            self.by_name.remove(&gone.name);
            self.vrf_tables.remove(&index);
            changes.push(Change::LinkRemoved { index, name: gone.name });
        }
    }
}

impl PartialEq for Interfaces {
    fn eq(&self, other: &Self) -> bool {
        // Everything else follows from it.
        self.by_index == other.by_index
    }
}

impl Eq for Interfaces {}

impl FromIterator<Interface> for Interfaces {
    /// A table of these interfaces. Of two with the same index or name, the later one counts.
    fn from_iter<T: IntoIterator<Item = Interface>>(interfaces: T) -> Self {
        let mut table = Self::new();
        for interface in interfaces {
            table.remove_link(interface.index, &mut Vec::new());
            if let Some(&namesake) = table.by_name.get(&interface.name) {
                table.remove_link(namesake, &mut Vec::new());
            }
            for (last, address) in interface.addresses.iter().enumerate() {
                let places = table.present.entry((interface.index, address.network.ip())).or_default();
                *places = Places { count: places.count + 1, last };
            }
            table.by_name.insert(interface.name.clone(), interface.index);
            table.by_index.insert(interface.index, interface);
        }
        table
    }
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
        let unusable = AddressFlags::TENTATIVE | AddressFlags::DADFAILED;
        let usable = self.addresses.iter().filter(|address| {
            let passed = address.network.is_ipv4() || !address.flags.intersects(unusable);
            passed && !address.protocol.is_some_and(is_virtual_mark) && !is_virtual(address)
        });
        let candidates = usable.filter_map(|address| Some((address, kind(address.network.ip())?)));
        candidates
            .min_by_key(|(address, _)| address.flags.contains(AddressFlags::DEPRECATED))
            .map(|(_, ip)| ip)
    }

    fn read(message: &LinkMessage) -> Option<Self> {
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

    /// What it is after a message: what that leaves out stays. `None` if it would be without a name.
    fn updated(&self, message: &LinkMessage) -> Option<Self> {
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
    fn insert_address(&mut self, address: InterfaceAddress, may_be_known: bool) -> Option<Change> {
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

    fn remove_address(&mut self, address: &InterfaceAddress) -> Option<Change> {
        let place = self.addresses.iter().position(|known| known.is_the_same_as(address))?;
        let address = self.addresses.remove(place);
        Some(self.removed(&address))
    }

    /// Reports how `self` differs from what it was.
    fn differences(&self, before: &Self, changes: &mut Vec<Change>) {
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

    /// What an MTU that fell costs. A family whose memberships are gone already cannot lose them again.
    fn memberships_lost(&self, before: &Self) -> Option<Change> {
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

    fn added(&self, address: &InterfaceAddress) -> Change {
        Change::AddressAdded { index: self.index, network: address.network }
    }

    fn removed(&self, address: &InterfaceAddress) -> Change {
        Change::AddressRemoved { index: self.index, network: address.network }
    }
}

impl InterfaceAddress {
    /// What makes it another address for the kernel.
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

/// The routing table of a link that is a VRF.
fn vrf_table(link: &LinkMessage) -> Option<u32> {
    let information = link.attributes.iter().find_map(|attribute| match attribute {
        LinkAttribute::LinkInfo(information) => Some(information),
        _ => None,
    })?;
    let data = information.iter().find_map(|part| match part {
        LinkInfo::Data(InfoData::Vrf(data)) => Some(data),
        _ => None,
    })?;
    data.iter().find_map(|part| match part {
        InfoVrf::TableId(table) => Some(*table),
        _ => None,
    })
}

/// Bridges and wireless cards send messages of the same type about their own affairs: a `DELLINK` of family
/// `AF_BRIDGE` means that a port has left its bridge.
fn is_about_a_link(message: &LinkMessage) -> bool {
    message.header.interface_family == AddressFamily::Unspec
}

fn read_address(message: &AddressMessage) -> Option<InterfaceAddress> {
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

#[cfg(test)]
mod tests;
