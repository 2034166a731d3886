//! A kernel that knows links and addresses as Linux does, for tests.

use std::collections::BTreeMap;

use super::Change;
use super::compare::Key;
use crate::address::{AddressChange, AddressFlags, AddressSpec};
use crate::commands::Outcome;
use crate::interfaces::{self, Interface, InterfaceAddress, Interfaces};

/// Interfaces, and whether the kernel stores marks.
#[derive(Debug, Clone)]
pub(super) struct FakeKernel {
    links: BTreeMap<u32, Interface>,
    next_index: u32,
    pub(super) marks_kept: bool,
    /// Indexes of interfaces that refuse IPv6 addresses.
    pub(super) no_ipv6: Vec<u32>,
    promotes: Vec<u32>,
    /// The table after each change that nobody has read yet: its events.
    unread: Vec<Interfaces>,
}

impl FakeKernel {
    pub(super) fn new(names: &[&str]) -> Self {
        let mut kernel = Self {
            links: BTreeMap::new(),
            next_index: 1,
            marks_kept: true,
            no_ipv6: Vec::new(),
            promotes: Vec::new(),
            unread: Vec::new(),
        };
        for name in names {
            kernel.create(name);
        }
        kernel
    }

    /// A new interface; nothing if there is one of that name.
    pub(super) fn create(&mut self, name: &str) {
        if self.index_of(name).is_some() {
            return;
        }
        let index = self.next_index;
        self.next_index += 1;
        let interface = Interface {
            index,
            name: name.to_owned(),
            up: true,
            mac: None,
            mtu: 1500,
            noarp: false,
            loopback: false,
            lower: None,
            master: None,
            details: interfaces::Details::default(),
            addresses: Vec::new(),
        };
        self.links.insert(index, interface);
        self.note();
    }

    pub(super) fn delete(&mut self, name: &str) {
        self.links.retain(|_, interface| interface.name != name);
        self.note();
    }

    /// Labels follow the name of their interface.
    pub(super) fn rename(&mut self, from: &str, to: &str) {
        if self.index_of(to).is_some() {
            return;
        }
        for interface in self.links.values_mut().filter(|interface| interface.name == from) {
            to.clone_into(&mut interface.name);
            for label in interface.addresses.iter_mut().filter_map(|address| address.label.as_mut()) {
                let suffix = label.find(':').map(|at| label.split_off(at)).unwrap_or_default();
                *label = format!("{to}{suffix}");
            }
        }
        self.note();
    }

    /// An interface that is taken down loses its IPv6 addresses.
    pub(super) fn set_up(&mut self, name: &str, up: bool) {
        for interface in self.links.values_mut().filter(|interface| interface.name == name) {
            interface.up = up;
            if !up {
                interface.addresses.retain(|address| address.network.is_ipv4());
            }
        }
        self.note();
    }

    pub(super) fn index_of(&self, name: &str) -> Option<u32> {
        self.links.values().find(|interface| interface.name == name).map(|interface| interface.index)
    }

    /// An administrator's `ip addr`.
    pub(super) fn administer(&mut self, change: impl Fn(u32) -> AddressChange, name: &str) {
        if let Some(index) = self.index_of(name) {
            let _ = self.carry_out(&change(index));
            self.note();
        }
    }

    /// Carries out what the machine asks for; gives each address change with its outcome.
    pub(super) fn apply(&mut self, changes: Vec<Change>) -> Vec<(AddressChange, Option<Outcome>)> {
        let mut answers = Vec::new();
        for change in changes {
            match change {
                Change::PromoteSecondaries { index } => self.promotes.push(index),
                Change::Address(change) => {
                    let outcome = self.carry_out(&change);
                    self.note();
                    answers.push((change, outcome));
                }
            }
        }
        self.promotes.clear();
        answers
    }

    /// The table, read anew; events that were not read are lost.
    pub(super) fn dump(&mut self) -> Interfaces {
        self.unread.clear();
        self.table()
    }

    /// Brings a table up to date, event by event.
    pub(super) fn read_events(&mut self, table: &mut Interfaces) -> Vec<interfaces::Change> {
        let mut changes = Vec::new();
        for next in self.unread.drain(..) {
            table.replace(next, &mut changes);
        }
        changes
    }

    fn note(&mut self) {
        self.unread.push(self.table());
    }

    fn table(&self) -> Interfaces {
        self.links.values().cloned().collect()
    }

    /// Everything that is there, as `NAME ADDRESS/PREFIX`, sorted.
    pub(super) fn list(&self) -> Vec<String> {
        let on = |interface: &Interface| {
            let name = interface.name.clone();
            let addresses = interface.addresses.iter();
            addresses.map(move |address| format!("{name} {}", address.network)).collect::<Vec<_>>()
        };
        let mut list: Vec<_> = self.links.values().flat_map(on).collect();
        list.sort();
        list
    }

    fn carry_out(&mut self, change: &AddressChange) -> Option<Outcome> {
        let wanted = change.address();
        let interface = self.links.get_mut(&wanted.index)?;
        let key = Key::of(wanted);
        let place = interface.addresses.iter().position(|a| Key::of_observed(interface.index, a) == key);
        match (change, place) {
            (AddressChange::Add(_), Some(_)) => Some(Outcome::AlreadySo),
            (AddressChange::Add(_) | AddressChange::Set(_), _)
                if wanted.network.is_ipv6() && self.no_ipv6.contains(&wanted.index) =>
            {
                None
            }
            (AddressChange::Add(_) | AddressChange::Set(_), None) => {
                let mut address = shown(wanted, &interface.name, self.marks_kept);
                let same_subnet = |other: &InterfaceAddress| is_same_subnet(other, &address);
                let follows = address.network.is_ipv4() && interface.addresses.iter().any(same_subnet);
                address.flags.set(AddressFlags::SECONDARY, follows);
                interface.addresses.push(address);
                Some(Outcome::Changed)
            }
            (AddressChange::Set(_), Some(place)) => {
                let fresh = shown(wanted, &interface.name, self.marks_kept);
                change_in_place(&mut interface.addresses[place], &fresh);
                Some(Outcome::Changed)
            }
            (AddressChange::Remove(_), place) => {
                let exact = |place: &usize| interface.addresses[*place].network == wanted.network;
                match place.filter(exact) {
                    Some(place) => {
                        let promotes = self.promotes.contains(&wanted.index);
                        remove(&mut interface.addresses, place, promotes);
                        Some(Outcome::Changed)
                    }
                    None => Some(Outcome::AlreadySo),
                }
            }
        }
    }
}

fn is_same_subnet(one: &InterfaceAddress, other: &InterfaceAddress) -> bool {
    one.network.is_ipv4()
        && one.network.prefix() == other.network.prefix()
        && one.network.network() == other.network.network()
}

/// The first address of a subnet takes the others with it, or the next one becomes the first.
fn remove(addresses: &mut Vec<InterfaceAddress>, place: usize, promotes: bool) {
    let gone = addresses.remove(place);
    if gone.network.is_ipv6() || gone.flags.contains(AddressFlags::SECONDARY) {
        return;
    }
    if promotes {
        if let Some(next) = addresses.iter_mut().find(|other| is_same_subnet(other, &gone)) {
            next.flags.remove(AddressFlags::SECONDARY);
        }
    } else {
        addresses.retain(|other| !is_same_subnet(other, &gone));
    }
}

/// The kernel's change of an address that is there.
fn change_in_place(address: &mut InterfaceAddress, fresh: &InterfaceAddress) {
    address.protocol = fresh.protocol;
    if address.network.is_ipv6() {
        address.flags = fresh.flags;
        address.peer = fresh.peer;
    } else {
        address.flags.set(AddressFlags::DEPRECATED, fresh.flags.contains(AddressFlags::DEPRECATED));
    }
}

/// The address as the kernel shows it after it was added so.
fn shown(wanted: &AddressSpec, name: &str, marks_kept: bool) -> InterfaceAddress {
    let is_ipv4 = wanted.network.is_ipv4();
    let mut flags = wanted.flags | AddressFlags::PERMANENT;
    flags.set(AddressFlags::DEPRECATED, wanted.preferred_lifetime == Some(0));
    InterfaceAddress {
        network: wanted.network,
        peer: wanted.peer.filter(|peer| *peer != wanted.network.ip()),
        scope: wanted.scope,
        flags,
        label: is_ipv4.then(|| wanted.label.clone().unwrap_or_else(|| name.to_owned())),
        broadcast: wanted.broadcast.filter(|_| is_ipv4),
        protocol: Some(wanted.protocol).filter(|protocol| marks_kept && *protocol != 0),
    }
}
