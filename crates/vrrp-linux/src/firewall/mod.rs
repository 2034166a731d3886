//! Virtual addresses that a router holds without accepting packets for them (RFC 9568's Accept_Mode False).
//!
//! Packets to these addresses, and from them, are dropped by a table of nftables: one for IPv4, one for IPv6, with a
//! set of addresses each. Traffic that only passes through (forwarded packets, translated destinations) is accepted,
//! and so are neighbour solicitations and advertisements, without which nobody finds the router.
//!
//! [`Firewall`] is a pure machine: the wishes of owners and what the kernel was found to have go in, transactions come out.
//! Each transaction is taken by the kernel as a whole or not at all, so a table that is replaced is never open. The
//! caller carries out [`Firewall::before`] before addresses are put on interfaces, and [`Firewall::after`] once others
//! are removed: an address never answers in between.
//!
//! A table of ours names its owner in its comment (a [mark](crate::mark) as addresses have one). A table of the same
//! name that somebody else made is never touched: ours has another name then.

mod encode;
mod read;
mod socket;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::IpAddr;

pub use read::{FoundTable, is_about};
pub use socket::{DrainOutcome, FirewallCommands, FirewallMonitor};

/// The properties of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Settings {
    /// Its name, unless somebody else has a table of that name.
    pub table: String,
    /// The priority of its chains.
    pub priority: i32,
    /// Whether each rule counts its packets.
    pub counters: bool,
}

impl Settings {
    /// A table of this name, at the priority just before that of filters.
    pub fn new(table: impl Into<String>) -> Self {
        Self { table: table.into(), priority: -1, counters: false }
    }
}

/// One of the two tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// `ip`
    Ipv4,
    /// `ip6`
    Ipv6,
}

impl Family {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Ipv4, Self::Ipv6];

    /// The family of an address.
    pub fn of(address: IpAddr) -> Self {
        if address.is_ipv4() { Self::Ipv4 } else { Self::Ipv6 }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ipv4 => "IPv4",
            Self::Ipv6 => "IPv6",
        })
    }
}

/// An address that packets are dropped for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Blocked {
    address: IpAddr,
    /// The interface of a link-local IPv6 address, which means another address on another interface; else 0.
    index: u32,
}

impl Blocked {
    /// The address on the interface with this index.
    pub fn new(address: IpAddr, index: u32) -> Self {
        let is_local = matches!(address, IpAddr::V6(address) if address.is_unicast_link_local());
        Self { address, index: if is_local { index } else { 0 } }
    }

    fn family(&self) -> Family {
        Family::of(self.address)
    }
}

/// Changes that the kernel makes together, or not at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transaction {
    family: Family,
    table: String,
    step: Step,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    /// Make the table, or replace the one that is there and ours.
    Make {
        replace: bool,
        entries: BTreeSet<Blocked>,
    },
    Add(Vec<Blocked>),
    Remove(Vec<Blocked>),
    /// Remove the table.
    Delete,
}

impl Transaction {
    /// The table.
    pub fn family(&self) -> Family {
        self.family
    }

    /// Whether addresses answer until this has been done.
    pub fn closes(&self) -> bool {
        matches!(self.step, Step::Make { .. } | Step::Add(_))
    }
}

/// The machine. `O` names the owner that does not accept packets for an address: a virtual router.
#[derive(Debug)]
pub struct Firewall<O> {
    settings: Settings,
    mark: u8,
    claims: BTreeMap<O, Vec<Blocked>>,
    /// Number of owners that claim each.
    wanted: BTreeMap<Blocked, usize>,
    /// Addresses that a predecessor may have closed: each stays closed until it is known to be gone.
    guarded: BTreeSet<Blocked>,
    tables: [Table; 2],
    /// Tables that an earlier run left.
    leftovers: BTreeSet<(Family, String)>,
    /// Entries that may differ between the kernel and what is wanted.
    due: BTreeSet<Blocked>,
    /// The kernel's tables are not known.
    unknown: bool,
}

/// One of the two, as far as we know.
#[derive(Debug, Default)]
struct Table {
    /// Some router may need it.
    needed: bool,
    state: State,
    /// The name that it has or will have; empty if all names are taken.
    name: String,
    /// The entries that the kernel has taken.
    entries: BTreeSet<Blocked>,
    /// The kernel refused it: it is tried again on a new occasion.
    refused: bool,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    Absent,
    /// There is a table of ours, by its comment, and nothing else is known of it.
    Found,
    Made,
}

impl<O: Copy + Ord> Firewall<O> {
    /// A machine that knows nothing of the kernel yet, for a daemon with this mark.
    pub fn new(mark: u8, settings: Settings) -> Self {
        Self {
            settings,
            mark,
            claims: BTreeMap::new(),
            wanted: BTreeMap::new(),
            guarded: BTreeSet::new(),
            tables: [Table::default(), Table::default()],
            leftovers: BTreeSet::new(),
            due: BTreeSet::new(),
            unknown: true,
        }
    }

    /// The configuration: how tables are made, and which of them some router may need. A table that none needs goes.
    pub fn configure(&mut self, settings: Settings, needed: impl Fn(Family) -> bool) {
        if settings != self.settings {
            for (family, table) in Family::ALL.into_iter().zip(&mut self.tables) {
                if std::mem::take(&mut table.state) != State::Absent {
                    table.entries.clear();
                    self.leftovers.insert((family, table.name.clone()));
                }
            }
            self.settings = settings;
            self.unknown = true;
        }
        for (family, table) in Family::ALL.into_iter().zip(&mut self.tables) {
            table.needed = needed(family);
            table.refused = false;
        }
    }

    /// Whether any table is needed or there.
    pub fn is_idle(&self) -> bool {
        self.claims.is_empty()
            && self.leftovers.is_empty()
            && self.tables.iter().all(|table| !table.needed && table.state == State::Absent)
    }

    /// Whether some router may need a table.
    pub fn is_needed(&self) -> bool {
        self.tables.iter().any(|table| table.needed)
    }

    /// Whether an earlier run left a table.
    pub fn has_leftovers(&self) -> bool {
        !self.leftovers.is_empty() || self.tables.iter().any(|table| table.state == State::Found)
    }

    /// These stay closed until the next [`after`](Self::after).
    pub fn guard(&mut self, entries: impl IntoIterator<Item = Blocked>) {
        self.guarded.extend(entries);
    }

    /// `owner` accepts packets for none of these addresses.
    pub fn want(&mut self, owner: O, entries: impl IntoIterator<Item = Blocked>) {
        let entries: BTreeSet<_> = entries.into_iter().collect();
        let old = self.claims.remove(&owner).unwrap_or_default();
        for entry in &entries {
            let count = self.wanted.entry(*entry).or_default();
            *count += 1;
            if *count == 1 {
                self.due.insert(*entry);
            }
            self.table_mut(entry.family()).refused = false;
        }
        self.drop_claims(&old);
        if !entries.is_empty() {
            self.claims.insert(owner, entries.into_iter().collect());
        }
    }

    /// `owner` has no addresses any more.
    pub fn release(&mut self, owner: O) {
        let old = self.claims.remove(&owner).unwrap_or_default();
        self.drop_claims(&old);
    }

    /// After a reload, owners have other names; one that gets none lets go of everything.
    pub fn rename(&mut self, name: impl Fn(O) -> Option<O>) {
        for (owner, entries) in std::mem::take(&mut self.claims) {
            match name(owner) {
                Some(owner) => _ = self.claims.insert(owner, entries),
                None => self.drop_claims(&entries),
            }
        }
    }

    fn drop_claims(&mut self, old: &[Blocked]) {
        for entry in old {
            if let Some(count) = self.wanted.get_mut(entry) {
                *count -= 1;
                if *count == 0 {
                    self.wanted.remove(entry);
                    self.due.insert(*entry);
                }
            }
        }
    }

    /// Whether the kernel's tables have to be looked at before anything can be decided.
    pub fn must_look(&self) -> bool {
        self.unknown
    }

    /// Somebody changed something, or events were lost: the kernel's tables are not known any more.
    pub fn distrust(&mut self) {
        self.unknown = true;
    }

    /// Every refused table is tried again.
    pub fn retry(&mut self) {
        self.unknown = true;
        self.tables.iter_mut().for_each(|table| table.refused = false);
    }

    /// The kernel's tables. `abandoned`: marks whose daemons do not run any more, and our own.
    ///
    /// Kernels before 5.10 keep no comments, so a table of our name is ours there (`comments_kept` is false).
    pub fn handle_tables(&mut self, found: &[FoundTable], abandoned: &[u8], comments_kept: bool) {
        let trusted = !std::mem::take(&mut self.unknown);
        for family in Family::ALL {
            let ours = |table: &&FoundTable| match table.mark {
                Some(mark) => abandoned.contains(&mark),
                None => !comments_kept && table.name == self.settings.table,
            };
            let of_family = || found.iter().filter(move |table| table.family == Some(family));
            let is_ours = |name: &str| of_family().filter(ours).any(|table| table.name == name);
            let is_free = |name: &str| is_ours(name) || !of_family().any(|table| table.name == name);
            let names = [self.settings.table.clone(), format!("{}_{}", self.settings.table, self.mark)];
            let name = names.into_iter().find(|name| is_free(name)).unwrap_or_default();
            let state = if is_ours(&name) { State::Found } else { State::Absent };
            let others = of_family().filter(ours).map(|table| &table.name).filter(|other| **other != name);
            self.leftovers.extend(others.map(|other| (family, other.clone())));
            self.leftovers.remove(&(family, name.clone()));
            let table = self.table_mut(family);
            // Of a table that nobody else has changed, everything is known.
            if !trusted || table.state != State::Made || table.name != name || state == State::Absent {
                table.entries.clear();
                (table.name, table.state) = (name, state);
            }
        }
        let there = |(family, name): &(Family, String)| {
            found.iter().any(|table| table.family == Some(*family) && table.name == *name)
        };
        self.leftovers.retain(there);
    }

    /// The name of a table, if it is not the configured one: somebody else has that. Empty if all are taken.
    pub fn other_name(&self, family: Family) -> Option<&str> {
        let table = self.table(family);
        (table.needed && table.name != self.settings.table).then_some(&table.name)
    }

    /// Whether anything may have to be done.
    pub fn has_tasks(&self) -> bool {
        self.unknown && !self.is_idle()
            || !self.due.is_empty()
            || !self.leftovers.is_empty()
            || Family::ALL.into_iter().any(|family| self.must_be_made(family) || self.must_go(family))
    }

    /// The transactions to carry out before addresses are put on interfaces.
    pub fn before(&self) -> Vec<Transaction> {
        if self.unknown {
            return Vec::new();
        }
        Family::ALL.into_iter().filter_map(|family| self.closing(family)).collect()
    }

    /// The transactions to carry out once addresses were removed. Nothing is guarded any more.
    pub fn after(&mut self) -> Vec<Transaction> {
        if self.unknown {
            return Vec::new();
        }
        self.due.append(&mut self.guarded);
        let due = std::mem::take(&mut self.due);
        self.due = due.into_iter().filter(|entry| self.is_missing(entry) || self.is_surplus(entry)).collect();
        let mut tasks: Vec<_> = Family::ALL.into_iter().filter_map(|family| self.opening(family)).collect();
        tasks.extend(self.leftovers.iter().map(|(family, table)| Transaction {
            family: *family,
            table: table.clone(),
            step: Step::Delete,
        }));
        tasks
    }

    fn closing(&self, family: Family) -> Option<Transaction> {
        let table = self.table(family);
        let step = if self.must_be_made(family) {
            let entries = self.wanted.keys().chain(&self.guarded).filter(|entry| entry.family() == family);
            Step::Make { replace: table.state == State::Found, entries: entries.copied().collect() }
        } else {
            let missing = self.due_of(family).filter(|entry| self.is_missing(entry)).collect::<Vec<_>>();
            (!missing.is_empty()).then_some(Step::Add(missing))?
        };
        Some(Transaction { family, table: table.name.clone(), step })
    }

    fn opening(&self, family: Family) -> Option<Transaction> {
        let step = if self.must_go(family) {
            Step::Delete
        } else {
            let surplus = self.due_of(family).filter(|entry| self.is_surplus(entry)).collect::<Vec<_>>();
            (!surplus.is_empty()).then_some(Step::Remove(surplus))?
        };
        Some(Transaction { family, table: self.table(family).name.clone(), step })
    }

    fn must_be_made(&self, family: Family) -> bool {
        let table = self.table(family);
        table.state != State::Made
            && !table.refused
            && !table.name.is_empty()
            && (table.needed || self.is_any_wanted(family))
    }

    fn must_go(&self, family: Family) -> bool {
        let table = self.table(family);
        table.state != State::Absent && !table.needed && !self.is_any_wanted(family)
    }

    fn is_any_wanted(&self, family: Family) -> bool {
        match family {
            // IPv4 addresses are less than all of IPv6.
            Family::Ipv4 => self.wanted.keys().next(),
            Family::Ipv6 => self.wanted.keys().next_back(),
        }
        .is_some_and(|entry| entry.family() == family)
    }

    fn due_of(&self, family: Family) -> impl Iterator<Item = Blocked> {
        self.due.iter().filter(move |entry| entry.family() == family).copied()
    }

    fn is_missing(&self, entry: &Blocked) -> bool {
        let table = self.table(entry.family());
        table.state == State::Made && self.wanted.contains_key(entry) && !table.entries.contains(entry)
    }

    fn is_surplus(&self, entry: &Blocked) -> bool {
        let table = self.table(entry.family());
        table.state == State::Made && !self.wanted.contains_key(entry) && table.entries.contains(entry)
    }

    /// The kernel answered a transaction; `errno` if it refused it.
    pub fn handle_answer(&mut self, transaction: &Transaction, errno: Option<i32>) {
        let Transaction { family, table: name, step } = transaction;
        let is_leftover = self.leftovers.remove(&(*family, name.clone()));
        if is_leftover {
            return;
        }
        let table = self.table_mut(*family);
        match (step, errno) {
            (Step::Make { entries, .. }, None) => {
                table.state = State::Made;
                table.entries.clone_from(entries);
            }
            (Step::Add(entries), None) => table.entries.extend(entries),
            (Step::Remove(entries), None) => {
                for entry in entries {
                    table.entries.remove(entry);
                }
            }
            (Step::Delete, _) => {
                table.state = State::Absent;
                table.entries.clear();
                self.due.retain(|entry| entry.family() != *family);
            }
            // Somebody else made a table of that name in the meantime, or removed ours; or packets are dropped for an
            // address without need, and the whole table is made again.
            (Step::Make { replace: false, .. }, Some(libc::EEXIST))
            | (Step::Add(_), Some(libc::EEXIST | libc::ENOENT))
            | (Step::Remove(_), Some(_)) => self.unknown = true,
            (Step::Make { .. }, Some(_)) => table.refused = true,
            // Made again as a whole, it may fit.
            (Step::Add(_), Some(_)) => (table.state, table.refused) = (State::Found, true),
        }
        self.forget_done(step, errno);
    }

    fn forget_done(&mut self, step: &Step, errno: Option<i32>) {
        if let (Step::Add(entries) | Step::Remove(entries), None) = (step, errno) {
            for entry in entries {
                self.due.remove(entry);
            }
        }
    }

    /// Whether the kernel refused a table, so that closed addresses answer.
    pub fn is_refused(&self) -> bool {
        let open = |table: &Table| table.needed && (table.refused || table.name.is_empty());
        self.tables.iter().any(open)
    }

    /// The tables that are ours, by family and name: whose changes by others matter.
    pub fn own(&self) -> impl Iterator<Item = (Family, &str)> {
        let made = |(_, table): &(Family, &Table)| table.state != State::Absent;
        Family::ALL.into_iter().zip(&self.tables).filter(made).map(|(family, table)| (family, &*table.name))
    }

    /// The octets of a transaction, its messages numbered from `sequence` on; gives the number of the last.
    pub fn encode(&self, transaction: &Transaction, sequence: u32, bytes: &mut Vec<u8>) -> u32 {
        encode::transaction(transaction, &self.settings, self.mark, sequence, bytes)
    }

    fn table(&self, family: Family) -> &Table {
        let [ipv4, ipv6] = &self.tables;
        if family == Family::Ipv4 { ipv4 } else { ipv6 }
    }

    fn table_mut(&mut self, family: Family) -> &mut Table {
        let [ipv4, ipv6] = &mut self.tables;
        if family == Family::Ipv4 { ipv4 } else { ipv6 }
    }
}

#[cfg(test)]
mod tests;
