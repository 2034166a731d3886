//! The interfaces of this machine and their addresses, as a table that netlink messages keep up to date.
//!
//! Pure: [`Monitor`](crate::monitor::Monitor) brings the messages. A name and an index are two handles of the same
//! thing that live apart: after a rename the index stays, after deletion and re-creation (a bond that is
//! reconfigured, a VPN that reconnects) the name stays. A caller that needs "eth0" should keep the name, look it
//! up again whenever [`Change::LinkAdded`], [`Change::LinkRenamed`] or [`Change::LinkRemoved`] is reported, and
//! reopen or re-join sockets if the index has changed.

mod change;
mod details;
mod interface;
mod routing;

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

use netlink_frame::Frames;
use netlink_packet_route::link::{InfoData, InfoVrf, LinkAttribute, LinkInfo, LinkMessage};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};

use crate::netlink::decode::route_message;
pub use change::Change;
pub use details::{Details, LinkKind};
use interface::read_address;
pub use interface::{Interface, InterfaceAddress, MIN_MTU_IPV4, MIN_MTU_IPV6};
use routing::routing_change;

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
    /// Number of times that it is there, with other prefix lengths or peers; never 0.
    count: usize,
    /// The place where it was last added. Removals move it to the front, never to the end.
    last: usize,
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

    /// The entries of an interface for this address, one for each prefix length and peer; the latest first. Quick,
    /// however many other addresses it has.
    pub fn on_link(&self, index: u32, address: IpAddr) -> impl Iterator<Item = &InterfaceAddress> {
        let places = self.present.get(&(index, address)).copied().unwrap_or_default();
        let list =
            self.by_index.get(&index).map(|interface| interface.addresses.as_slice()).unwrap_or_default();
        let until = list.len().min(places.last + 1);
        let before = list.get(..until).unwrap_or_default().iter().rev();
        before.filter(move |own| own.network.ip() == address).take(places.count)
    }

    /// Whether an interface has this address and the kernel accepts packets for it: an IPv6 address is listed once its
    /// route is set, and not in use while duplicate address detection goes on or after it has failed. Until the kernel
    /// has reported an address, it is not known to be in use.
    pub fn is_in_use(&self, index: u32, address: IpAddr) -> bool {
        let mut entries = self.on_link(index, address);
        entries.any(|own| address.is_ipv4() || !own.flags.intersects(interface::UNUSABLE))
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

#[cfg(test)]
mod tests;
