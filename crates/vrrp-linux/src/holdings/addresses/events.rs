//! Reports of the interface table.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::compare::{Key, find};
use super::{Addresses, Claim, Loss, LossCause, Standing, is_native};
use crate::address::AddressSpec;
use crate::interfaces::{Change, Interface, Interfaces};

impl<O: Copy + Ord> Addresses<O> {
    /// The interface table reports changes; hand in each batch once the table is up to date, so that an address that
    /// went and came back is not taken for lost.
    pub fn handle_changes(&mut self, changes: &[Change], interfaces: &Interfaces) {
        let mut touched = BTreeSet::new();
        for change in changes {
            match change {
                Change::AddressRemoved { index, network } => {
                    self.note_removed(*index, network.ip(), interfaces);
                }
                Change::LinkRemoved { index, .. } => self.note_link_gone(*index),
                Change::LinkRenamed { index, .. } => {
                    self.note_rename(*index, interfaces);
                    touched.insert(*index);
                }
                Change::LinkAdded { index } | Change::LinkUp { index } | Change::LinkChanged { index } => {
                    touched.insert(*index);
                }
                Change::AddressAdded { index, network } | Change::AddressChanged { index, network } => {
                    // An interface that gets its first address of a family can carry more of them.
                    if !self.note_seen(*index, network.ip(), interfaces) {
                        touched.insert(*index);
                    }
                }
                Change::LinkDown { .. }
                | Change::MembershipsLost { .. }
                | Change::RouteRemoved(_)
                | Change::RuleRemoved(_) => {}
            }
        }
        if !changes.is_empty() {
            self.note_natives(interfaces);
        }
        for index in touched {
            self.retry(index, interfaces);
        }
    }

    /// Events were lost, and the table was read anew: every address is looked for.
    pub fn handle_lost_events(&mut self, interfaces: &Interfaces) {
        let indexes: BTreeSet<u32> = self.entries.keys().map(|key| key.index).collect();
        for index in indexes {
            match interfaces.by_index(index) {
                None => self.note_link_gone(index),
                Some(_) => self.note_rename(index, interfaces),
            }
        }
        for entry in self.entries.values_mut() {
            (entry.checked, entry.renewed) = (false, false);
        }
        let all: Vec<_> = self.entries.keys().map(|key| (key.index, key.ip)).collect();
        for (index, ip) in all {
            self.note_removed(index, ip, interfaces);
        }
        self.note_natives(interfaces);
        for interface in interfaces.iter() {
            self.retry(interface.index, interfaces);
        }
    }

    /// The table shows an address; whether it is one of ours.
    fn note_seen(&mut self, index: u32, ip: IpAddr, interfaces: &Interfaces) -> bool {
        let mut ours = false;
        for (key, entry) in self.entries.range_mut(Key::all_of(index, ip)) {
            ours = true;
            entry.checked = false;
            if entry.renewed && find(interfaces, key).is_some() {
                entry.renewed = false;
            }
        }
        ours
    }

    fn note_removed(&mut self, index: u32, ip: IpAddr, interfaces: &Interfaces) {
        let Some(interface) = interfaces.by_index(index) else { return };
        let candidates = self.entries.range_mut(Key::all_of(index, ip));
        let gone: Vec<Key> = candidates
            .filter(|(key, _)| find(interfaces, key).is_none())
            .filter_map(|(key, entry)| (!std::mem::take(&mut entry.renewed)).then_some(*key))
            .collect();
        for key in gone {
            let owners = self.forget(&key);
            // An interface that goes down loses its IPv6 addresses: they are put back when it comes up.
            if ip.is_ipv6() && !interface.up {
                continue;
            }
            for owner in owners {
                let claims = self.claims.get(&owner).into_iter().flatten();
                let lost = claims.map(|claim| &claim.address).find(|address| Key::of(address) == key);
                if let Some(address) = lost.cloned() {
                    self.losses.push(Loss { owner, address, cause: LossCause::Removed });
                }
            }
        }
    }

    fn note_link_gone(&mut self, index: u32) {
        let gone: Vec<Key> = self.entries.range(Key::all_on(index)).map(|(key, _)| *key).collect();
        for key in gone {
            self.forget(&key);
        }
    }

    /// An address on an interface that has another name now is no longer where it is wanted.
    fn note_rename(&mut self, index: u32, interfaces: &Interfaces) {
        let Some(interface) = interfaces.by_index(index) else { return };
        let here: Vec<Key> = self.entries.range(Key::all_on(index)).map(|(key, _)| *key).collect();
        for key in here {
            let holders = self.entries.get(&key).map(|entry| entry.holders.clone()).unwrap_or_default();
            for owner in holders {
                let is_misplaced =
                    |claim: &Claim| Key::of(&claim.address) == key && claim.link != interface.name;
                if self.claims.get(&owner).is_some_and(|claims| claims.iter().any(is_misplaced)) {
                    self.set_standing(owner, &key, Standing::Missing);
                    self.let_go(owner, key, interfaces);
                }
            }
        }
    }

    /// Own addresses of an interface may be gone.
    fn note_natives(&mut self, interfaces: &Interfaces) {
        let mut gone = Vec::new();
        for owner in &self.natives {
            for claim in self.claims.get(owner).into_iter().flatten() {
                let interface = interfaces.by_name(&claim.link);
                let has = |interface: &Interface| {
                    interface.index == claim.address.index
                        && interface.addresses.iter().any(|own| is_native(own, &claim.address))
                };
                if claim.standing == Standing::Native && !interface.is_some_and(has) {
                    gone.push((*owner, claim.address.clone()));
                }
            }
        }
        for (owner, address) in gone {
            self.set_standing(owner, &Key::of(&address), Standing::Missing);
            if interfaces.by_index(address.index).is_some_and(|interface| interface.up) {
                self.losses.push(Loss { owner, address, cause: LossCause::Removed });
            }
        }
    }

    /// Something about an interface changed: addresses that it lacks may be possible now.
    fn retry(&mut self, index: u32, interfaces: &Interfaces) {
        if self.incomplete.is_empty() {
            return;
        }
        let Some(interface) = interfaces.by_index(index) else { return };
        for owner in &self.incomplete {
            let missing = self
                .claims
                .get(owner)
                .into_iter()
                .flatten()
                .find(|claim| claim.standing == Standing::Missing && claim.link == interface.name);
            let Some(claim) = missing else { continue };
            if self.losses.iter().any(|loss| loss.owner == *owner) {
                continue;
            }
            let address = AddressSpec { index, ..claim.address.clone() };
            self.losses.push(Loss { owner: *owner, address, cause: LossCause::Retry });
        }
    }
}
