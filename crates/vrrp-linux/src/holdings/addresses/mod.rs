//! Virtual addresses: those that are wanted, with their owners, those that are there, and those that are ours.
//!
//! A pure machine. Inputs are wishes ([`Addresses::want`], [`Addresses::release`]), what the interface table reports
//! ([`Addresses::handle_changes`]) and the kernel's answers ([`Addresses::handle_answer`]); outputs are changes to
//! carry out ([`Addresses::take_changes`]) and losses ([`Addresses::take_losses`]).
//!
//! Invariants:
//!
//! - An address is known by everything that makes it another one for the kernel: the index of its interface, the
//!   address and, for IPv4, the prefix length and the peer. An address that was put on an interface is removed from
//!   that interface, whatever it is called by then and whatever the configuration says by then.
//! - An address that several owners want stays until the last of them lets go.
//! - Every address with a mark of ours is ours. Anything else is removed in two cases only: as another daemon's
//!   leftover ([`Addresses::clean`]), and after an owner's wish took it over.
//! - The address owner of RFC 9568 ([`WantedAddress::native`]) uses an address that its interface has anyway; that address
//!   is never changed and never removed.

mod claims;
mod compare;
mod events;
mod leftovers;
mod tasks;

use std::collections::{BTreeMap, BTreeSet};

use crate::address::{AddressChange, AddressSpec, is_virtual_mark};
use crate::interfaces::InterfaceAddress;
use compare::Key;

pub use leftovers::{Leftover, Origin, Recognition};

/// The machine. `O` names the owner of an address: a virtual router.
#[derive(Debug, Clone)]
pub struct Addresses<O> {
    /// `IFA_PROTO` of what we add.
    mark: u8,
    /// Whether the kernel keeps marks (Linux 5.18 and later).
    marks_kept: bool,
    /// The wishes of each owner.
    claims: BTreeMap<O, Vec<Claim>>,
    /// Addresses that are wanted of us or were put on interfaces by us.
    entries: BTreeMap<Key, Entry<O>>,
    /// Entries that are not as they should be, in the order in which that was found.
    due: Vec<Key>,
    /// Owners with a claim that is [`Standing::Missing`].
    incomplete: BTreeSet<O>,
    /// Owners with a claim that is [`Standing::Native`].
    natives: BTreeSet<O>,
    losses: Vec<Loss<O>>,
}

/// An address that somebody wants.
#[derive(Debug, Clone, Copy)]
pub struct WantedAddress<'a> {
    /// The name of the interface.
    pub link: &'a str,
    /// The address; its `index` and `protocol` are filled in.
    pub address: &'a AddressSpec,
    /// The router is the address owner (priority 255): if the interface has the address of its own, that will do.
    pub native: bool,
}

/// Something to do, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// Until the changes taken with this one are carried out, the kernel has to promote secondary addresses of this
    /// interface (`promote_secondaries`): the removal that follows would take addresses of others with it.
    PromoteSecondaries {
        /// The interface.
        index: u32,
    },
    /// Add, change or remove an address.
    Address(AddressChange),
}

/// A wanted address that is not where it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss<O> {
    /// The owners that want it.
    pub owner: O,
    /// The address, with the index of its interface.
    pub address: AddressSpec,
    /// The change.
    pub cause: LossCause,
}

/// Why a wanted address is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum LossCause {
    /// Somebody else removed it.
    Removed,
    /// It could not be put there before, and its interface has changed since then: it can be tried again.
    Retry,
}

/// An address in the eyes of one owner.
#[derive(Debug, Clone)]
struct Claim {
    link: String,
    /// With the index that the interface had when it was claimed; 0 without one.
    address: AddressSpec,
    standing: Standing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// We put it there.
    Held,
    /// The interface has it of its own.
    Native,
    /// It is not there: no such interface, refused, or removed by somebody.
    Missing,
}

/// An address of an interface, as far as it is our business.
#[derive(Debug, Clone)]
struct Entry<O> {
    /// The owners that want it: the first one decides its properties. Without any, it has to go.
    holders: Vec<O>,
    /// It must not be changed if the interface has it of its own.
    native: bool,
    /// As the kernel took it from us last.
    asked: Option<AddressSpec>,
    /// It was found as asked for, and nothing was reported of it since.
    checked: bool,
    /// We removed it to add it otherwise, and the table has not shown it since: a report of its removal is expected.
    renewed: bool,
}

impl<O> Entry<O> {
    /// Something that is there and has to go.
    fn unwanted(address: AddressSpec) -> Self {
        Self { holders: Vec::new(), native: false, asked: Some(address), checked: false, renewed: false }
    }
}

impl<O: Copy + Ord> Addresses<O> {
    /// A machine that holds nothing, for a daemon whose addresses carry `mark`. `marks_kept`: whether the kernel
    /// stores marks at all, see [`kernel_keeps_marks`](crate::commands::kernel_keeps_marks).
    pub fn new(mark: u8, marks_kept: bool) -> Self {
        Self {
            mark,
            marks_kept,
            claims: BTreeMap::new(),
            entries: BTreeMap::new(),
            due: Vec::new(),
            incomplete: BTreeSet::new(),
            natives: BTreeSet::new(),
            losses: Vec::new(),
        }
    }

    /// The addresses that an owner wants and has, with the index of the interface: these may be announced.
    pub fn held(&self, owner: O) -> impl Iterator<Item = &AddressSpec> {
        let claims = self.claims.get(&owner).into_iter().flatten();
        claims.filter(|claim| claim.standing != Standing::Missing).map(|claim| &claim.address)
    }

    /// Whether an IPv6 address is wanted on the interface with this index.
    pub fn wants_ipv6_on(&self, index: u32) -> bool {
        self.entries
            .range(Key::all_on(index))
            .any(|(key, entry)| key.ip.is_ipv6() && !entry.holders.is_empty())
    }

    /// Whether nothing of ours is on any interface, and nothing is wanted there.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Wanted addresses that are gone, or can be tried again. Each is reported once; it is put back by the next
    /// [`want`](Self::want) of its owner.
    pub fn take_losses(&mut self) -> Vec<Loss<O>> {
        std::mem::take(&mut self.losses)
    }

    /// Addresses that an owner uses and that are its interface's own.
    fn native_claims(&self) -> impl Iterator<Item = &Claim> {
        let claims = self.natives.iter().filter_map(|owner| self.claims.get(owner)).flatten();
        claims.filter(|claim| claim.standing == Standing::Native)
    }

    fn set_standing(&mut self, owner: O, key: &Key, standing: Standing) {
        let Some(claims) = self.claims.get_mut(&owner) else { return };
        for claim in claims.iter_mut().filter(|claim| Key::of(&claim.address) == *key) {
            claim.standing = standing;
        }
        self.note_standings(owner);
    }

    fn note_standings(&mut self, owner: O) {
        let claims = self.claims.get(&owner).map(Vec::as_slice).unwrap_or_default();
        for (set, standing) in
            [(&mut self.incomplete, Standing::Missing), (&mut self.natives, Standing::Native)]
        {
            if claims.iter().any(|claim| claim.standing == standing) {
                set.insert(owner);
            } else {
                set.remove(&owner);
            }
        }
    }
}

/// Whether an address of an interface is the one that its owner wants, and not a virtual one.
fn is_native(own: &InterfaceAddress, wanted: &AddressSpec) -> bool {
    own.network.ip() == wanted.network.ip() && !own.protocol.is_some_and(is_virtual_mark)
}

#[cfg(test)]
mod fake_kernel;
#[cfg(test)]
mod property;
#[cfg(test)]
mod tests;
