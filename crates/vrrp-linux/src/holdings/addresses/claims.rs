//! Owners and their wishes.

use std::collections::BTreeSet;

use super::compare::Key;
use super::{Addresses, Claim, Entry, Standing, WantedAddress, is_native};
use crate::address::{AddressSpec, STATIC_MARK};
use crate::interfaces::Interfaces;

impl<O: Copy + Ord> Addresses<O> {
    /// `owner` wants exactly these addresses. Addresses that it wanted before and does not want now are removed, those
    /// that have other properties are changed, those that somebody else removed are restored. Gives whether there is
    /// anything to do.
    pub fn want<'a>(
        &mut self,
        owner: O,
        wanted: impl IntoIterator<Item = WantedAddress<'a>>,
        interfaces: &Interfaces,
    ) -> bool {
        let old = self.claims.remove(&owner).unwrap_or_default();
        let mut claims: Vec<_> =
            wanted.into_iter().map(|wanted| self.claim(owner, &wanted, interfaces)).collect();
        // There may be thousands of owners, mostly with one claim.
        claims.shrink_to_fit();
        let held = |claims: &[Claim]| -> Vec<Key> {
            let held = claims.iter().filter(|claim| claim.standing == Standing::Held);
            held.map(|claim| Key::of(&claim.address)).collect()
        };
        let (before, now) = (held(&old), held(&claims));
        self.claims.insert(owner, claims);
        self.note_standings(owner);
        let mut any = false;
        for key in &now {
            any |= self.review(*key, interfaces);
        }
        let now: BTreeSet<Key> = now.into_iter().collect();
        for key in before.into_iter().filter(|key| !now.contains(key)) {
            any |= self.let_go(owner, key, interfaces);
        }
        any
    }

    /// `owner` wants nothing any more. Gives whether there is anything to do.
    pub fn release(&mut self, owner: O, interfaces: &Interfaces) -> bool {
        self.losses.retain(|loss| loss.owner != owner);
        let claims = self.claims.remove(&owner).unwrap_or_default();
        self.note_standings(owner);
        let mut any = false;
        for claim in claims.iter().filter(|claim| claim.standing == Standing::Held) {
            any |= self.let_go(owner, Key::of(&claim.address), interfaces);
        }
        any
    }

    /// After a reload, owners have other names; one that gets none lets go of everything.
    pub fn rename(&mut self, name: impl Fn(O) -> Option<O>, interfaces: &Interfaces) {
        let gone: Vec<O> = self.claims.keys().copied().filter(|owner| name(*owner).is_none()).collect();
        for owner in gone {
            self.release(owner, interfaces);
        }
        self.losses.retain(|loss| name(loss.owner).is_some());
        let renamed = |owner: O| name(owner).unwrap_or(owner);
        self.losses.iter_mut().for_each(|loss| loss.owner = renamed(loss.owner));
        let claims = std::mem::take(&mut self.claims);
        self.claims = claims.into_iter().map(|(owner, claims)| (renamed(owner), claims)).collect();
        self.incomplete = std::mem::take(&mut self.incomplete).into_iter().map(renamed).collect();
        self.natives = std::mem::take(&mut self.natives).into_iter().map(renamed).collect();
        for entry in self.entries.values_mut() {
            entry.holders.iter_mut().for_each(|holder| *holder = renamed(*holder));
        }
    }

    fn claim(&mut self, owner: O, wanted: &WantedAddress<'_>, interfaces: &Interfaces) -> Claim {
        let link = wanted.link.to_owned();
        let protocol = if wanted.address.protocol == STATIC_MARK { STATIC_MARK } else { self.mark };
        let mut address = AddressSpec { index: 0, protocol, ..wanted.address.clone() };
        let Some(interface) = interfaces.by_name(wanted.link) else {
            return Claim { link, address, standing: Standing::Missing };
        };
        address.index = interface.index;
        let key = Key::of(&address);
        let has_own = || interface.addresses.iter().any(|own| is_native(own, &address));
        if wanted.native && !self.entries.contains_key(&key) && has_own() {
            return Claim { link, address, standing: Standing::Native };
        }
        let entry = self.entries.entry(key).or_insert_with(|| Entry {
            holders: Vec::new(),
            native: wanted.native,
            asked: None,
            checked: false,
            renewed: false,
        });
        if !entry.holders.contains(&owner) {
            entry.holders.push(owner);
        }
        Claim { link, address, standing: Standing::Held }
    }

    /// One owner less: another one's idea of the address may count now, or it has to go.
    pub(super) fn let_go(&mut self, owner: O, key: Key, interfaces: &Interfaces) -> bool {
        if let Some(entry) = self.entries.get_mut(&key) {
            entry.holders.retain(|holder| *holder != owner);
            entry.checked = false;
        }
        self.review(key, interfaces)
    }

    /// An address is not there any more: its owners lack it.
    pub(super) fn forget(&mut self, key: &Key) -> Vec<O> {
        let Some(entry) = self.entries.remove(key) else { return Vec::new() };
        for owner in &entry.holders {
            self.set_standing(*owner, key, Standing::Missing);
        }
        entry.holders
    }
}
