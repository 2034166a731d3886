//! Routes and rules: those that are wanted, with their owners, and those that the kernel has to be told of.
//!
//! The kernel's tables are not copied, for they may hold millions of routes. They need not be: to add what is there
//! already changes nothing, and the kernel says so. So whenever something may have become of a route (its interface
//! went down and came back, its source address was removed, which the kernel does not report for IPv4), it is added
//! again.
//!
//! A removal names the object's protocol ([`PROTOCOL`](crate::route::PROTOCOL), unless the configuration names
//! another one), and the kernel removes nothing of another protocol.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{Debug, Display};
use std::time::Duration;

use super::Verdict;
use crate::commands::Outcome;
use crate::interfaces::{Change, Interfaces};

mod kinds;
#[cfg(test)]
mod property;
#[cfg(test)]
mod tests;

/// A route or a rule.
pub trait Object: Clone + Ord + Debug + Display {
    /// The change of it that the kernel is asked for.
    type Change;

    /// With the indexes of its interfaces; `None` if one is missing.
    fn resolved(&self, interfaces: &Interfaces) -> Option<Self>;

    /// The effect that a change of interfaces may have had on it.
    fn effect(&self, change: &Change) -> Effect;

    /// Whether it is no use to add it, for an interface of it is down.
    fn is_down(&self, interfaces: &Interfaces) -> bool;

    /// Whether the removal of this one could take the other one instead.
    fn may_hit(&self, other: &Self) -> bool;

    /// Whether the removal of what a predecessor described could take this one instead.
    fn may_be_hit_by(&self, former: &[u8]) -> bool;

    /// Everything that sets it apart.
    fn removal(&self) -> Vec<u8>;

    /// To add it.
    fn added(self) -> Self::Change;

    /// To remove it.
    fn removed(self) -> Self::Change;

    /// To remove what a predecessor put there.
    fn former(removal: Vec<u8>) -> Self::Change;
}

/// The effect that a change of interfaces may have had on a route or rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Nothing.
    None,
    /// It may be gone, and it is no use to add it now.
    Doubt,
    /// It may be gone.
    Check,
    /// If the kernel refused it before, it may take it now.
    Retry,
    /// It is gone with its interface.
    Gone,
    /// Somebody removed it.
    Removed,
}

/// A route or a rule that somebody wants.
#[derive(Debug, Clone, Copy)]
pub struct WantedRouting<'a, T> {
    /// It, without the indexes of interfaces.
    pub object: &'a T,
    /// It is put back when somebody removes it.
    pub restored: bool,
}

/// A route or a rule that somebody removed and that was put back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repair<O> {
    /// The owners that want it.
    pub owners: Vec<O>,
    /// It, in words.
    pub what: String,
}

/// What to do, before and after the changes of what leans on it.
#[derive(Debug)]
pub struct RoutingChanges<C> {
    /// Additions, each preceded by the removal of what it takes the place of.
    pub first: Vec<C>,
    /// Removals.
    pub last: Vec<C>,
}

/// The machine for one kind of object.
#[derive(Debug, Clone)]
pub struct Routing<O, T> {
    claims: BTreeMap<O, Vec<Claim<T>>>,
    /// Objects that are wanted of us or were put into the kernel by us, with the indexes of interfaces.
    entries: BTreeMap<T, Entry<O>>,
    /// Entries that are not as they should be.
    due: BTreeSet<T>,
    /// Entries that somebody removed again soon after they were put back.
    waiting: BTreeMap<T, Duration>,
    /// To be removed, as a predecessor described it.
    former: BTreeSet<Vec<u8>>,
    repairs: Vec<Repair<O>>,
}

/// The wishes of one owner.
#[derive(Debug, Clone)]
struct Claim<T> {
    /// As it was wished, without indexes.
    wanted: T,
    /// With indexes; `None` while an interface is missing.
    resolved: Option<T>,
    restored: bool,
}

#[derive(Debug, Clone)]
struct Entry<O> {
    /// The owners that want it; without any, it has to go.
    holders: Vec<O>,
    state: State,
    /// When it was put back last.
    restored_at: Option<Duration>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// It has never been added.
    New,
    /// The kernel took it.
    Present,
    /// It may be gone.
    Doubtful,
    /// Somebody removed it.
    Lost,
    /// Somebody removed it, and it is not put back (`no_track`).
    LeftAlone,
    /// The kernel refused it, with this error number.
    Refused(i32),
}

impl<O, T> Default for Routing<O, T> {
    fn default() -> Self {
        Self {
            claims: BTreeMap::new(),
            entries: BTreeMap::new(),
            due: BTreeSet::new(),
            waiting: BTreeMap::new(),
            former: BTreeSet::new(),
            repairs: Vec::new(),
        }
    }
}

impl<O: Copy + Ord, T: Object> Routing<O, T> {
    /// `owner` wants exactly these. Gives whether there is anything to do.
    pub fn want(&mut self, owner: O, wanted: &[WantedRouting<'_, T>], interfaces: &Interfaces) -> bool {
        if wanted.is_empty() && !self.claims.contains_key(&owner) {
            return false;
        }
        let old = self.claims.remove(&owner).unwrap_or_default();
        let claims: Vec<_> = wanted
            .iter()
            .map(|wanted| Claim {
                wanted: wanted.object.clone(),
                resolved: wanted.object.resolved(interfaces),
                restored: wanted.restored,
            })
            .collect();
        let now: BTreeSet<T> = claims.iter().filter_map(|claim| claim.resolved.clone()).collect();
        if !claims.is_empty() {
            self.claims.insert(owner, claims);
        }
        let mut any = false;
        for object in &now {
            any |= self.hold(owner, object);
        }
        for object in old.into_iter().filter_map(|claim| claim.resolved) {
            if !now.contains(&object) {
                any |= self.let_go(owner, &object);
            }
        }
        any
    }

    /// `owner` wants nothing any more. Gives whether there is anything to do.
    pub fn release(&mut self, owner: O) -> bool {
        let mut any = false;
        for claim in self.claims.remove(&owner).unwrap_or_default() {
            if let Some(object) = claim.resolved {
                any |= self.let_go(owner, &object);
            }
        }
        any
    }

    /// After a reload, owners have other names; one that gets none lets go of everything.
    pub fn rename(&mut self, name: &impl Fn(O) -> Option<O>) {
        let gone: Vec<O> = self.claims.keys().copied().filter(|owner| name(*owner).is_none()).collect();
        for owner in gone {
            self.release(owner);
        }
        let renamed = |owner: O| name(owner).unwrap_or(owner);
        let claims = std::mem::take(&mut self.claims);
        self.claims = claims.into_iter().map(|(owner, claims)| (renamed(owner), claims)).collect();
        for entry in self.entries.values_mut() {
            entry.holders.iter_mut().for_each(|holder| *holder = renamed(*holder));
        }
        for repair in &mut self.repairs {
            repair.owners.iter_mut().for_each(|owner| *owner = renamed(*owner));
        }
    }

    /// Interfaces, addresses, routes or rules changed.
    pub fn handle_changes(&mut self, changes: &[Change], interfaces: &Interfaces) {
        if self.claims.is_empty() && self.entries.is_empty() {
            return;
        }
        let mut resolve = false;
        for change in changes {
            resolve |= matches!(
                change,
                Change::LinkAdded { .. } | Change::LinkRenamed { .. } | Change::LinkRemoved { .. }
            );
            self.note(change, interfaces);
        }
        if resolve {
            self.resolve(interfaces);
        }
    }

    /// Events were lost: everything is added again.
    pub fn handle_lost_events(&mut self, interfaces: &Interfaces) {
        self.resolve(interfaces);
        for (object, entry) in &mut self.entries {
            match entry.state {
                State::Present | State::Doubtful => entry.state = State::Doubtful,
                // The object that was in the way may be gone.
                State::Refused(_) => {}
                State::New | State::Lost | State::LeftAlone => continue,
            }
            self.due.insert(object.clone());
        }
    }

    /// Queues the removal of what nobody wants: `configured`, and what a predecessor described.
    pub fn clean<'a>(
        &mut self,
        configured: impl Iterator<Item = &'a T>,
        former: Vec<Vec<u8>>,
        interfaces: &Interfaces,
    ) where
        T: 'a,
    {
        self.former.extend(former);
        self.former.extend(configured.filter_map(|object| Some(object.resolved(interfaces)?.removal())));
        for object in self.entries.keys() {
            self.former.remove(&object.removal());
        }
    }

    /// Whether [`take_changes`](Self::take_changes) may give any.
    pub fn has_changes(&self, now: Duration) -> bool {
        !self.due.is_empty() || !self.former.is_empty() || self.poll_timeout().is_some_and(|at| at <= now)
    }

    /// When something that waits will be due.
    pub fn poll_timeout(&self) -> Option<Duration> {
        self.waiting.values().copied().min()
    }

    /// The changes that are due, each once.
    pub fn take_changes(&mut self, now: Duration) -> RoutingChanges<T::Change> {
        self.waiting.retain(|object, at| {
            let is_due = *at <= now;
            if is_due {
                self.due.insert(object.clone());
            }
            !is_due
        });
        let mut removals: Vec<T> = Vec::new();
        let mut additions: BTreeSet<T> = BTreeSet::new();
        for object in std::mem::take(&mut self.due) {
            let Some(entry) = self.entries.get(&object) else { continue };
            if entry.holders.is_empty() {
                self.entries.remove(&object);
                removals.push(object);
            } else if !matches!(entry.state, State::Present | State::LeftAlone) {
                additions.insert(object);
            }
        }
        let mut changes = RoutingChanges { first: Vec::new(), last: Vec::new() };
        // The kernel might take a wanted one for what has to go: then both are removed, and that one is added again.
        let mut renewed: BTreeSet<T> = BTreeSet::new();
        for former in std::mem::take(&mut self.former) {
            let wanted = self.entries.iter().filter(|(_, entry)| !entry.holders.is_empty());
            renewed
                .extend(wanted.map(|(other, _)| other).filter(|other| other.may_be_hit_by(&former)).cloned());
            changes.first.push(T::former(former));
        }
        for removal in removals {
            let hit: Vec<T> = self
                .entries
                .iter()
                .filter(|(other, entry)| {
                    !entry.holders.is_empty() && entry.state != State::LeftAlone && removal.may_hit(other)
                })
                .map(|(other, _)| other.clone())
                .collect();
            if hit.is_empty() {
                changes.last.push(removal.removed());
            } else {
                renewed.extend(hit);
                changes.first.push(removal.removed());
            }
        }
        for object in renewed {
            changes.first.push(object.clone().removed());
            additions.insert(object);
        }
        changes.first.extend(additions.into_iter().map(Object::added));
        changes
    }

    /// The kernel answered the addition of an object.
    pub fn handle_added(&mut self, now: Duration, object: &T, answer: Result<Outcome, i32>) -> Verdict {
        let Some(entry) = self.entries.get_mut(object) else { return Verdict::Silent };
        let before = entry.state;
        match answer {
            Ok(outcome) => {
                entry.state = State::Present;
                if before == State::Lost && outcome == Outcome::Changed {
                    entry.restored_at = Some(now);
                    self.repairs.push(Repair { owners: entry.holders.clone(), what: object.to_string() });
                }
                Verdict::Silent
            }
            Err(errno) => {
                entry.state = State::Refused(errno);
                if before == State::Refused(errno) { Verdict::Silent } else { Verdict::Refused }
            }
        }
    }

    /// Whether the kernel took what an owner wants.
    pub fn has(&self, owner: O, object: &T, interfaces: &Interfaces) -> bool {
        // The kernel has no route of an interface that is down.
        let resolved = object.resolved(interfaces).filter(|object| !object.is_down(interfaces));
        let entry = resolved.and_then(|object| self.entries.get(&object));
        entry.is_some_and(|entry| {
            entry.holders.contains(&owner) && matches!(entry.state, State::Present | State::Doubtful)
        })
    }

    /// Whether the objects of an owner are there, or may be once the kernel was asked.
    pub fn can_have(&self, owner: O, object: &T, interfaces: &Interfaces) -> bool {
        // The kernel has no route of an interface that is down.
        let resolved = object.resolved(interfaces).filter(|object| !object.is_down(interfaces));
        let entry = resolved.and_then(|object| self.entries.get(&object));
        entry.is_some_and(|entry| {
            entry.holders.contains(&owner) && !matches!(entry.state, State::Refused(_) | State::LeftAlone)
        })
    }

    /// Whether an owner wants anything.
    pub fn has_owner(&self, owner: O) -> bool {
        self.claims.contains_key(&owner)
    }

    /// Whether nothing is wanted, and nothing of ours is in the kernel.
    pub fn is_empty(&self) -> bool {
        self.claims.is_empty() && self.entries.is_empty()
    }

    /// Objects that somebody removed and that were restored.
    pub fn take_repairs(&mut self) -> Vec<Repair<O>> {
        std::mem::take(&mut self.repairs)
    }

    /// One owner more.
    fn hold(&mut self, owner: O, object: &T) -> bool {
        let entry = self.entries.entry(object.clone()).or_insert_with(|| Entry {
            holders: Vec::new(),
            state: State::New,
            restored_at: None,
        });
        if !entry.holders.contains(&owner) {
            entry.holders.push(owner);
        }
        // It may be one that has just lost its last owner, or that somebody removed long ago.
        if entry.state == State::LeftAlone {
            entry.state = State::New;
        }
        // An adopted object that is not wanted is named for removal.
        self.former.remove(&object.removal());
        if entry.state == State::Present {
            return false;
        }
        self.due.insert(object.clone());
        true
    }

    /// One owner less.
    fn let_go(&mut self, owner: O, object: &T) -> bool {
        let Some(entry) = self.entries.get_mut(object) else { return false };
        entry.holders.retain(|holder| *holder != owner);
        if !entry.holders.is_empty() {
            return false;
        }
        self.waiting.remove(object);
        if matches!(entry.state, State::New | State::Refused(_)) {
            self.entries.remove(object);
            self.due.remove(object);
            return false;
        }
        self.due.insert(object.clone());
        true
    }

    /// The effect of one change on the objects that are there.
    fn note(&mut self, change: &Change, interfaces: &Interfaces) {
        let mut gone = Vec::new();
        for (object, entry) in &mut self.entries {
            match (object.effect(change), entry.state) {
                (Effect::None, _) | (_, State::New) => {}
                (Effect::Gone, _) => gone.push(object.clone()),
                (Effect::Doubt, State::Present) => entry.state = State::Doubtful,
                (Effect::Check, State::Present | State::Doubtful) if object.is_down(interfaces) => {
                    entry.state = State::Doubtful;
                }
                (Effect::Check, State::Present | State::Doubtful) => {
                    entry.state = State::Doubtful;
                    self.due.insert(object.clone());
                }
                (Effect::Check | Effect::Retry, State::Refused(_)) => drop(self.due.insert(object.clone())),
                (Effect::Removed, State::Present | State::Doubtful) if !entry.holders.is_empty() => {
                    let is_restored = |owner: &O| {
                        let claims = self.claims.get(owner).into_iter().flatten();
                        claims
                            .filter(|claim| claim.resolved.as_ref() == Some(object))
                            .any(|claim| claim.restored)
                    };
                    if !entry.holders.iter().any(is_restored) {
                        entry.state = State::LeftAlone;
                        continue;
                    }
                    entry.state = State::Lost;
                    match entry.restored_at {
                        Some(at) => drop(self.waiting.insert(object.clone(), at + LEAST_GAP)),
                        None => drop(self.due.insert(object.clone())),
                    }
                }
                (Effect::Doubt | Effect::Check | Effect::Retry | Effect::Removed, _) => {}
            }
        }
        for object in gone {
            self.entries.remove(&object);
            self.due.remove(&object);
            self.waiting.remove(&object);
        }
    }

    /// Interfaces came, went or have other names: the wanted objects are looked up again.
    fn resolve(&mut self, interfaces: &Interfaces) {
        let mut changed = Vec::new();
        for (owner, claims) in &mut self.claims {
            for claim in claims {
                let resolved = claim.wanted.resolved(interfaces);
                let is_held = resolved.as_ref().is_none_or(|object| self.entries.contains_key(object));
                if resolved != claim.resolved || !is_held {
                    let before = std::mem::replace(&mut claim.resolved, resolved.clone());
                    changed.push((*owner, before, resolved));
                }
            }
        }
        for (owner, before, now) in changed {
            if let Some(object) = &now {
                self.hold(owner, object);
            }
            if let Some(object) = before.filter(|before| Some(before) != now.as_ref()) {
                self.let_go(owner, &object);
            }
        }
    }
}

/// Shortest time between two restorations of an object that somebody removes again and again.
const LEAST_GAP: Duration = Duration::from_secs(1);
