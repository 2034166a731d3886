//! Tasks that are due.

use std::collections::BTreeSet;

use super::compare::{Key, Repair, find, leads_others, repair, repair_observed};
use super::{Addresses, Change, Standing};
use crate::address::{AddressChange, AddressSpec};
use crate::commands::Outcome;
use crate::interfaces::{InterfaceAddress, Interfaces};

/// A task for one address.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Task {
    Nothing,
    /// Add it, or change it in place.
    Set(AddressSpec),
    /// Add it, if the interface does not have it of its own.
    Add(AddressSpec),
    /// Remove what is there and add what is wanted.
    Renew {
        current: AddressSpec,
        wanted: AddressSpec,
    },
    Remove(AddressSpec),
}

impl<O: Copy + Ord> Addresses<O> {
    /// Whether [`take_changes`](Self::take_changes) may give any.
    pub fn has_changes(&self) -> bool {
        !self.due.is_empty()
    }

    /// The changes that are due, in order. Each change is given once: it is up to the caller to carry it out and to say
    /// how it ended ([`handle_answer`](Self::handle_answer)).
    ///
    /// An address that is added again with another label, scope or broadcast address is removed first, for the kernel
    /// refuses a scope that is not that of the others in the subnet. Then come additions, then removals: an address
    /// whose prefix length changes is always there.
    pub fn take_changes(&mut self, interfaces: &Interfaces) -> Vec<Change> {
        let (mut changes, mut additions, mut unwanted) = (Vec::new(), Vec::new(), Vec::new());
        let mut seen = BTreeSet::new();
        for key in std::mem::take(&mut self.due) {
            if !seen.insert(key) {
                continue;
            }
            match self.task(key, interfaces) {
                Task::Nothing => {
                    if self.entries.get(&key).is_some_and(|entry| entry.holders.is_empty()) {
                        self.entries.remove(&key);
                    }
                }
                Task::Set(wanted) => additions.push(Change::Address(AddressChange::Set(wanted))),
                Task::Add(wanted) => additions.push(Change::Address(AddressChange::Add(wanted))),
                Task::Renew { current, wanted } => {
                    changes.extend(removal(current, interfaces, &[]));
                    additions.push(Change::Address(AddressChange::Set(wanted)));
                    if let Some(entry) = self.entries.get_mut(&key) {
                        (entry.asked, entry.renewed) = (None, true);
                    }
                }
                Task::Remove(current) => {
                    unwanted.push(current);
                    self.entries.remove(&key);
                }
            }
        }
        let removals = unwanted.into_iter().flat_map(|current| removal(current, interfaces, &additions));
        let mut removals: Vec<_> = removals.collect();
        changes.append(&mut additions);
        changes.append(&mut removals);
        changes
    }

    /// The kernel answered a change; `None` if it refused it.
    pub fn handle_answer(&mut self, change: &AddressChange, outcome: Option<Outcome>) {
        let (AddressChange::Add(address) | AddressChange::Set(address)) = change else {
            // A refused removal: the address is gone with its interface, or its mark tells its owner.
            return;
        };
        let key = Key::of(address);
        let Some(entry) = self.entries.get_mut(&key) else { return };
        match outcome {
            Some(Outcome::Changed) => entry.asked = Some(address.clone()),
            // It was there already: it is the interface's own.
            Some(Outcome::AlreadySo) => {
                for holder in self.entries.remove(&key).map(|entry| entry.holders).unwrap_or_default() {
                    self.set_standing(holder, &key, Standing::Native);
                }
            }
            // An address that could not be changed is still there.
            None if entry.asked.is_some() => {}
            None => _ = self.forget(&key),
        }
    }

    /// Notes whether there is anything to do about an address, and gives that.
    pub(super) fn review(&mut self, key: Key, interfaces: &Interfaces) -> bool {
        let task = self.task(key, interfaces);
        if task != Task::Nothing {
            self.due.push(key);
            return true;
        }
        let wanted = self.wanted(key).cloned();
        let is_there = find(interfaces, &key).is_some();
        match (self.entries.get_mut(&key), wanted) {
            // It is as wanted: ours from now on.
            (Some(entry), Some(wanted)) => {
                entry.checked = is_there;
                entry.asked = Some(wanted);
            }
            (Some(_), None) => _ = self.entries.remove(&key),
            (None, _) => {}
        }
        false
    }

    fn task(&self, key: Key, interfaces: &Interfaces) -> Task {
        let Some(entry) = self.entries.get(&key) else { return Task::Nothing };
        let asked = entry.asked.as_ref();
        let Some(wanted) = self.wanted(key) else {
            let is_ours = |observed: &&InterfaceAddress| observed.protocol == Some(self.mark);
            let ours = || Some(AddressSpec::observed(key.index, find(interfaces, &key).filter(is_ours)?));
            let current = asked.cloned().or_else(ours);
            return current.map_or(Task::Nothing, Task::Remove);
        };
        if entry.checked && asked == Some(wanted) {
            return Task::Nothing;
        }
        let Some(interface) = interfaces.by_index(key.index) else { return Task::Nothing };
        let observed = find(interfaces, &key);
        let mut repair = asked.map_or(Repair::None, |asked| repair(asked, wanted));
        if let (Repair::None, Some(observed)) = (repair, observed) {
            // Somebody may have changed it, or it is somebody else's.
            repair = repair_observed(observed, wanted, interface, self.marks_kept);
        }
        let observed = observed.map(|observed| AddressSpec::observed(key.index, observed));
        match (repair, observed.or_else(|| asked.cloned())) {
            (_, None) if entry.native => Task::Add(wanted.clone()),
            (_, None) | (Repair::Set, Some(_)) => Task::Set(wanted.clone()),
            (Repair::None, Some(_)) => Task::Nothing,
            (Repair::Again, Some(current)) => Task::Renew { current, wanted: wanted.clone() },
        }
    }

    /// The wish of the first owner of an address.
    fn wanted(&self, key: Key) -> Option<&AddressSpec> {
        let owner = self.entries.get(&key)?.holders.first()?;
        let mut claims = self.claims.get(owner)?.iter();
        claims.find(|claim| Key::of(&claim.address) == key).map(|claim| &claim.address)
    }
}

/// The removal of an address. Removing the first IPv4 address of a subnet takes the others of that subnet with it,
/// unless they are promoted; those that are added right before are among them.
fn removal(
    mut address: AddressSpec,
    interfaces: &Interfaces,
    added: &[Change],
) -> impl Iterator<Item = Change> + use<> {
    if let Some(observed) = find(interfaces, &Key::of(&address)) {
        // Of IPv6 addresses, the kernel removes only one with the very prefix length.
        address.network = observed.network;
    }
    let follows = |change: &Change| match change {
        Change::Address(AddressChange::Add(other) | AddressChange::Set(other)) => {
            other.index == address.index && is_same_subnet(other, &address)
        }
        Change::Address(AddressChange::Remove(_)) | Change::PromoteSecondaries { .. } => false,
    };
    let leads = leads_others(interfaces, &address) || added.iter().any(follows);
    let promote = leads.then_some(Change::PromoteSecondaries { index: address.index });
    promote.into_iter().chain([Change::Address(AddressChange::Remove(address))])
}

/// IPv4 only.
fn is_same_subnet(one: &AddressSpec, other: &AddressSpec) -> bool {
    one.network.is_ipv4()
        && one.network.prefix() == other.network.prefix()
        && one.network.network() == other.network.network()
}
