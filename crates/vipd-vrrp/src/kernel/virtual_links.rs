//! The interfaces that this daemon makes, as the worker's kernel side holds them.

use std::collections::BTreeSet;
use std::io;
use std::net::IpAddr;

use ipnetwork::IpNetwork;
use vrrp_linux::address::{AddressFlags, AddressSpec};
use vrrp_linux::commands::Command;
use vrrp_linux::interfaces::Interfaces;
use vrrp_linux::mark::Mark;
use vrrp_linux::virtual_links::{Applier, Task, VirtualLinks, WantedLink, link_local};

use crate::Parent;
use crate::ipc::LogLevel;
use crate::plan::{RouterPlan, Vip};

use super::{Kernel, LinkNames, News};

/// The machine and what carries out its tasks, which costs nothing where nobody makes interfaces.
#[derive(Debug)]
pub(super) struct OwnLinks {
    machine: VirtualLinks,
    applier: Option<Applier>,
    /// The last failures: each is logged once.
    failures: Vec<String>,
}

/// Result of an arrangement.
#[derive(Debug, Default)]
pub(crate) struct Arranged {
    /// Interfaces changed: their events can be read.
    pub(crate) changed: bool,
    /// Failed changes, in words, as far as they were not logged before.
    pub(crate) failures: Vec<String>,
    /// Changes that were made, in words.
    pub(crate) done: Vec<String>,
}

impl Arranged {
    pub(crate) fn log(self, parent: &mut Parent) {
        self.done.into_iter().for_each(|text| parent.log(LogLevel::Info, text));
        self.failures.into_iter().for_each(|text| parent.log(LogLevel::Error, text));
    }
}

impl OwnLinks {
    pub(super) fn new(mark: &Mark) -> Self {
        Self { machine: VirtualLinks::new(mark.number()), applier: None, failures: Vec::new() }
    }

    /// These are wanted from now on; those that were wanted before stay with `keep_others`.
    pub(super) fn want(&mut self, wanted: Vec<WantedLink>, keep_others: bool) {
        self.failures.clear();
        if keep_others {
            self.machine.want_also(wanted);
        } else {
            self.machine.want(wanted);
        }
    }

    /// Makes, adopts, renames and removes what has to be. `is_patient`: a daemon that seems to run may be one that dies.
    pub(super) fn arrange(
        &mut self,
        interfaces: &Interfaces,
        mark: &Mark,
        is_patient: bool,
    ) -> io::Result<Arranged> {
        let mut arranged = Arranged::default();
        let tasks = self.machine.review(interfaces, &mark.abandoned());
        if tasks.is_empty() {
            return Ok(arranged);
        }
        let applier = match &mut self.applier {
            Some(applier) => applier,
            none => none.insert(Applier::open(mark.number())?),
        };
        let mut failures = Vec::new();
        let mut warnings = Vec::new();
        for task in tasks {
            if let Task::Conflict { of_daemon: true, .. } = task
                && is_patient
            {
                continue;
            }
            match applier.apply(&task) {
                Ok(index) => {
                    arranged.changed = true;
                    arranged.done.push(task.to_string());
                    if let Some(index) = index {
                        self.machine.handle_done(index);
                    }
                }
                Err(failure) => failures.push(format!("cannot make a virtual interface: {failure}")),
            }
            warnings.extend(applier.take_warnings().iter().map(|warning| {
                format!(
                    "cannot change a setting, so that neighbours may learn a wrong MAC address: {warning}"
                )
            }));
        }
        arranged.failures = failures.iter().filter(|text| !self.failures.contains(text)).cloned().collect();
        self.failures = failures;
        arranged.failures.append(&mut warnings);
        Ok(arranged)
    }

    pub(super) fn holds(&self, index: u32) -> bool {
        self.machine.holds(index)
    }

    pub(super) fn settle(&mut self, index: u32) {
        if let Some(applier) = &mut self.applier {
            applier.settle(index);
        }
    }

    /// Link-local addresses for the interfaces of a router that have IPv6 addresses and none of that kind.
    pub(super) fn link_locals<'n>(
        &self,
        router: &RouterPlan,
        names: &'n LinkNames,
        interfaces: &Interfaces,
    ) -> Vec<(&'n str, AddressSpec)> {
        let mut added: Vec<(&str, AddressSpec)> = Vec::new();
        if self.machine.is_empty() {
            return added;
        }
        for vip in router.addresses.iter().filter(|vip| vip.spec.network.is_ipv6()) {
            let is_link_local = |other: &&Vip| {
                other.link == vip.link
                    && matches!(other.spec.network.ip(), IpAddr::V6(ip) if ip.is_unicast_link_local())
            };
            let Some(name) = names.name(vip.link) else { continue };
            if added.iter().any(|(other, _)| other == name)
                || router.addresses.iter().any(|vip| is_link_local(&vip))
            {
                continue;
            }
            added.extend(self.link_local(name, interfaces).map(|address| (name.as_str(), address)));
        }
        added
    }

    fn link_local(&self, name: &str, interfaces: &Interfaces) -> Option<AddressSpec> {
        let own = interfaces.by_name(name).filter(|own| self.machine.holds(own.index))?;
        let base = interfaces.by_name(self.machine.base_of(name)?)?;
        // One that detection has not passed yet will do: it is only mixed into another one.
        let base = base.addresses.iter().find_map(|address| match address.network.ip() {
            IpAddr::V6(ip) if ip.is_unicast_link_local() => Some(ip),
            _ => None,
        })?;
        let network = IpNetwork::new(link_local(base, own.mac?).into(), 64).ok()?;
        let mut address = AddressSpec::new(0, network);
        address.flags.set(AddressFlags::NODAD, true);
        // It is no source for anything else.
        address.preferred_lifetime = Some(0);
        Some(address)
    }

    /// Whether there are interfaces of another daemon that seems to run.
    pub(super) fn of_others(&self, interfaces: &Interfaces, abandoned: &[u8]) -> bool {
        self.machine.of_others(interfaces, abandoned)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.machine.is_empty()
    }

    /// IPv6 is on while one of our addresses of that family is there, or about to be.
    pub(super) fn set_ipv6(&self, interfaces: &Interfaces, index: u32, on: bool) {
        if !self.machine.holds(index) {
            return;
        }
        if let (Some(applier), Some(interface)) = (&self.applier, interfaces.by_index(index)) {
            // On a machine without IPv6 the address is refused, which is told.
            let _ = applier.set_ipv6(&interface.name, on);
        }
    }
}

impl Kernel {
    /// These interfaces are wanted; with `keep_others` the earlier ones too. They are there when this returns, as far as
    /// the kernel lets them be.
    pub(crate) fn want_links(&mut self, wanted: &[WantedLink], keep_others: bool) -> io::Result<Arranged> {
        self.own_links.want(wanted.to_vec(), keep_others);
        self.arrange_links()
    }

    /// Restores interfaces that somebody removed, and makes those that were not possible before. `news` is what was
    /// seen last.
    pub(crate) fn mend_links(&mut self, news: &News) -> io::Result<Arranged> {
        for index in &news.went_down {
            // If it is being removed, it is made again before anybody learns that it was away.
            self.own_links.settle(*index);
            self.catch_up();
        }
        self.arrange_links()
    }

    fn arrange_links(&mut self) -> io::Result<Arranged> {
        let mut all = Arranged::default();
        // The result of one change may ask for another one.
        for _ in 0..MOST_ARRANGEMENTS {
            let mut arranged = self.own_links.arrange(&self.interfaces, &self.mark, self.is_young)?;
            all.failures.append(&mut arranged.failures);
            all.done.append(&mut arranged.done);
            if !arranged.changed {
                break;
            }
            all.changed = true;
            self.catch_up();
        }
        Ok(all)
    }

    /// Whether there are interfaces that a VRRP daemon has made, perhaps one that died.
    pub(crate) fn finds_links(&self) -> bool {
        VirtualLinks::are_in(&self.interfaces)
    }

    /// Whether this daemon makes interfaces.
    pub(crate) fn has_links(&self) -> bool {
        !self.own_links.is_empty()
    }

    /// Interfaces of ours that get an IPv6 address can have one. Gives all where one comes or goes.
    pub(super) fn open_ipv6(&self, orders: &[Command]) -> BTreeSet<u32> {
        if self.own_links.is_empty() {
            return BTreeSet::new();
        }
        let addresses = orders.iter().filter_map(|order| match order {
            Command::Address(change) => Some(change),
            _ => None,
        });
        let indexes = addresses.filter(|change| change.address().network.is_ipv6());
        let indexes: BTreeSet<u32> = indexes.map(|change| change.address().index).collect();
        for index in indexes.iter().filter(|index| self.holdings.wants_ipv6_on(**index)) {
            self.own_links.set_ipv6(&self.interfaces, *index, true);
        }
        indexes
    }
}

/// Makes the interfaces of the routers, and removes those of others before.
pub(crate) fn want_links(kernel: &mut Kernel, parent: &mut Parent, wanted: &[WantedLink], keep_others: bool) {
    if wanted.is_empty() && !kernel.has_links() && !kernel.finds_links() {
        return;
    }
    match kernel.want_links(wanted, keep_others) {
        Ok(arranged) => arranged.log(parent),
        Err(error) => parent.log(LogLevel::Error, format!("cannot make virtual interfaces: {error}")),
    }
}

/// An interface is removed, renamed or made, and then it is as wanted.
const MOST_ARRANGEMENTS: usize = 4;
