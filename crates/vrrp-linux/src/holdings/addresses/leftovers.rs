//! Addresses that others left on interfaces: a predecessor that died, another daemon that is gone.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::compare::Key;
use super::{Addresses, Entry, WantedAddress};
use crate::address::{AddressSpec, STATIC_MARK, is_virtual_mark};
use crate::interfaces::Interfaces;

/// Rules by which leftovers are recognised.
#[derive(Debug, Clone, Default)]
pub struct Recognition<'a> {
    /// Marks of daemons that do not run any more, and our own: addresses with one are removed.
    pub marks: &'a [u8],
    /// Virtual addresses of the routers that start now: exactly these go if they carry no mark, unless their router
    /// is the address owner ([`WantedAddress::native`]).
    pub configured: Vec<WantedAddress<'a>>,
    /// Addresses that a predecessor put on interfaces, or was about to: for kernels that keep no marks.
    pub former: &'a [AddressSpec],
}

/// An address that nobody wants and that is removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leftover {
    /// The address, with the index of its interface.
    pub address: AddressSpec,
    /// The name of that interface.
    pub link: String,
    /// The sign by which it is known.
    pub origin: Origin,
}

/// The sign by which a leftover is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// By our mark, or because a predecessor may have put it there.
    EarlierRun,
    /// By its address and prefix length: it is a virtual address, and no mark says that we put it there.
    AnotherDaemon,
}

impl<O: Copy + Ord> Addresses<O> {
    /// Queues the removal of what others left and nobody wants, and gives what that is. To be called once those who
    /// go on where a predecessor was have said what they want.
    ///
    /// An address with the mark of a daemon that runs is left alone whatever is configured.
    pub fn clean(&mut self, recognition: &Recognition<'_>, interfaces: &Interfaces) -> Vec<Leftover> {
        let configured = configured(&recognition.configured, interfaces);
        let former: BTreeSet<_> = recognition.former.iter().map(exact).collect();
        let native = self.native();
        let mut leftovers = Vec::new();
        for interface in interfaces.iter() {
            for observed in &interface.addresses {
                let key = Key::of_observed(interface.index, observed);
                if self.entries.contains_key(&key) || native.contains(&(interface.index, key.ip)) {
                    continue;
                }
                let address = AddressSpec::observed(interface.index, observed);
                let may_be_ours = [0, self.mark, STATIC_MARK].contains(&address.protocol);
                let is_former = may_be_ours && former.contains(&exact(&address));
                let origin = if recognition.marks.contains(&address.protocol) || is_former {
                    Origin::EarlierRun
                } else if !is_virtual_mark(address.protocol) && configured.contains(&exact(&address)) {
                    Origin::AnotherDaemon
                } else {
                    continue;
                };
                leftovers.push(Leftover { address, link: interface.name.clone(), origin });
            }
        }
        for leftover in &leftovers {
            let key = Key::of(&leftover.address);
            self.entries.insert(key, Entry::unwanted(leftover.address.clone()));
            self.due.push(key);
        }
        leftovers
    }

    /// Addresses that an owner uses and that are its interface's own.
    fn native(&self) -> BTreeSet<(u32, IpAddr)> {
        self.native_claims().map(|claim| (claim.address.index, claim.address.network.ip())).collect()
    }
}

/// Configured addresses with the interfaces that they belong to now.
fn configured(wanted: &[WantedAddress<'_>], interfaces: &Interfaces) -> BTreeSet<(Key, u8)> {
    let resolve = |wanted: &WantedAddress<'_>| {
        let index = interfaces.by_name(wanted.link)?.index;
        Some(exact(&AddressSpec { index, ..wanted.address.clone() }))
    };
    wanted.iter().filter(|wanted| !wanted.native).filter_map(resolve).collect()
}

/// An address with its prefix length, which the kernel ignores when it compares IPv6 addresses.
fn exact(address: &AddressSpec) -> (Key, u8) {
    (Key::of(address), address.network.prefix())
}
