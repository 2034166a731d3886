//! The kernel's side: how interfaces are, and which virtual addresses are on them. What has to change is decided by
//! [`Holdings`]; this carries netlink messages there and back.

use std::collections::{BTreeMap, HashSet};
use std::io;
use std::net::IpAddr;

use vrrp_election::{Fact, LinkId, LinkState, RouterId};
use vrrp_linux::address::{AddressChange, AddressSpec, marks};
use vrrp_linux::address_commands::{AddressCommands, kernel_keeps_marks};
use vrrp_linux::holdings::{Change as Task, Holdings, Leftover, Loss, Recognition, Wish};
use vrrp_linux::interfaces::{Change, Interface, InterfaceAddress, Interfaces};
use vrrp_linux::mark::Mark;
use vrrp_linux::monitor::{Monitor, Progress};
use vrrp_linux::sysctl;

use super::plan::{Numbers, Observe, Plan, RouterPlan, WatchedFact};
use super::sources;

/// Interfaces, addresses, and the two netlink sockets for them.
#[derive(Debug)]
pub(super) struct Kernel {
    pub(super) monitor: Monitor,
    commands: AddressCommands,
    interfaces: Interfaces,
    holdings: Holdings<RouterId>,
    mark: Mark,
    marks_kept: bool,
    /// What the table reported and the holdings have not heard yet.
    unheard: Vec<Change>,
    /// Losses of events up to which the holdings are right.
    overruns: u64,
    /// What was read ahead of [`look`](Self::look).
    early: News,
}

/// What a look at the kernel's events found.
#[derive(Debug, Default)]
pub(super) struct News {
    /// Interfaces or addresses changed.
    pub(super) changed: bool,
    /// What costs sockets their group memberships.
    pub(super) memberships: Vec<Change>,
    /// Virtual addresses that are not where they should be.
    pub(super) lost: Vec<Loss<RouterId>>,
    /// There may be more events.
    pub(super) more: bool,
}

impl Kernel {
    pub(super) fn open(receive_buffer: usize) -> io::Result<Self> {
        let mark = Mark::claim();
        let marks_kept = kernel_keeps_marks();
        let mut kernel = Self {
            monitor: Monitor::open(receive_buffer)?,
            commands: AddressCommands::open()?,
            interfaces: Interfaces::new(),
            holdings: Holdings::new(mark.number(), marks_kept),
            mark,
            marks_kept,
            unheard: Vec::new(),
            overruns: 0,
            early: News::default(),
        };
        while kernel.look()?.more {}
        Ok(kernel)
    }

    /// Reads the kernel's events.
    pub(super) fn look(&mut self) -> io::Result<News> {
        let start = self.unheard.len();
        let progress = self.monitor.drain(&mut self.interfaces, &mut self.unheard)?;
        let mut news = std::mem::take(&mut self.early);
        let fresh = self.unheard.get(start..).unwrap_or_default();
        news.changed |= !fresh.is_empty();
        news.more = progress == Progress::More;
        let costs =
            |change: &&Change| matches!(change, Change::LinkRemoved { .. } | Change::MembershipsLost { .. });
        news.memberships.extend(fresh.iter().filter(costs).cloned());
        // An address that was removed and added may be in two batches: judged is what is so in the end.
        if progress == Progress::Idle {
            self.tell_holdings();
            news.lost.extend(self.holdings.take_losses());
        }
        Ok(news)
    }

    fn tell_holdings(&mut self) {
        self.holdings.handle_changes(&self.unheard, &self.interfaces);
        self.unheard.clear();
        if std::mem::replace(&mut self.overruns, self.monitor.overruns()) != self.overruns {
            self.holdings.handle_lost_events(&self.interfaces);
        }
    }

    /// Reads what happened until now, before a decision is based on it; [`look`](Self::look) still tells it. Gives
    /// whether there is anything to tell.
    pub(super) fn catch_up(&mut self) -> bool {
        for _ in 0..MOST_LOOKS {
            // What cannot be read now is reported by the next look.
            let Ok(news) = self.look() else { return true };
            let is_done = !news.more;
            self.early = news;
            if is_done {
                break;
            }
        }
        self.early.changed || self.early.more || !self.early.lost.is_empty()
    }

    pub(super) fn interface(&self, name: &str) -> Option<&Interface> {
        self.interfaces.by_name(name)
    }

    /// All interfaces.
    pub(super) fn interfaces(&self) -> &Interfaces {
        &self.interfaces
    }

    /// What the election should know of something else.
    pub(super) fn fact(&self, fact: &WatchedFact) -> Fact {
        match fact {
            WatchedFact::Source { address, interface } => {
                sources::is_usable(self.interfaces.iter(), *address, interface.as_deref()).into()
            }
            // The sockets tell that themselves, when they are opened.
            WatchedFact::Socket(_) => Fact::Unknown,
        }
    }

    /// What the election should know of an interface.
    pub(super) fn link_state(&self, name: &str, virtual_ips: &HashSet<IpAddr>) -> LinkState {
        self.interface(name).map(|interface| link_state(interface, virtual_ips)).unwrap_or_default()
    }

    /// A router serves: all of its addresses have to be on their interfaces. Gives whether anything has to change.
    pub(super) fn add(&mut self, id: RouterId, router: &RouterPlan, links: &LinkNames) -> bool {
        self.holdings.want(id, wishes(router, links), &self.interfaces)
    }

    /// A router does not serve. Gives whether anything has to change.
    pub(super) fn remove(&mut self, id: RouterId) -> bool {
        self.holdings.release(id, &self.interfaces)
    }

    /// These routers begin: what others left of their addresses is to be removed, and everything that is marked as
    /// ours and nobody wants. `former` is what a predecessor may have left.
    pub(super) fn clean<'a>(
        &mut self,
        routers: impl Iterator<Item = &'a RouterPlan>,
        links: &'a LinkNames,
        former: &[AddressSpec],
    ) -> Vec<Leftover> {
        let configured = routers.flat_map(|router| wishes(router, links)).collect();
        let marks = self.mark.abandoned();
        self.holdings.clean(&Recognition { marks: &marks, configured, former }, &self.interfaces)
    }

    /// Whether addresses carry the mark of another daemon that seems to run.
    pub(super) fn shares_machine(&self) -> bool {
        let abandoned = self.mark.abandoned();
        let is_held = |address: &InterfaceAddress| {
            let mark = address.protocol.filter(|number| marks().any(|mark| mark == *number));
            mark.is_some_and(|mark| mark != self.mark.number() && !abandoned.contains(&mark))
        };
        self.interfaces.iter().any(|interface| interface.addresses.iter().any(is_held))
    }

    /// After a reload, addresses are held for the routers' new numbers; `None` if nobody has them any more.
    pub(super) fn renumber(&mut self, number: impl Fn(RouterId) -> Option<RouterId>) {
        self.early.lost.retain_mut(|loss| number(loss.owner).map(|owner| loss.owner = owner).is_some());
        self.holdings.rename(number, &self.interfaces);
    }

    /// What a router has on interfaces, as far as the kernel took it.
    pub(super) fn held(&self, router: RouterId) -> impl Iterator<Item = (&Interface, IpAddr)> {
        self.holdings
            .held(router)
            .filter_map(|address| Some((self.interfaces.by_index(address.index)?, address.network.ip())))
    }

    /// Whether a successor can find our addresses by what the kernel stores with them.
    pub(super) fn marks_tell(&self) -> bool {
        self.marks_kept && !self.mark.is_shared()
    }

    /// Whether all marks are taken.
    pub(super) fn lacks_mark(&self) -> bool {
        self.mark.is_shared()
    }

    /// Whether changes wait to be carried out.
    pub(super) fn has_tasks(&self) -> bool {
        self.holdings.has_changes() || self.commands.has_queued()
    }

    /// Carries out what has to change. The kernel has done it when this returns. `remember` hears of all changes
    /// before the first is made, and `refused` of what the kernel does not want.
    pub(super) fn carry_out(
        &mut self,
        remember: impl FnOnce(&[AddressChange]),
        mut refused: impl FnMut(String),
    ) -> io::Result<()> {
        let mut promoted = BTreeMap::new();
        let mut changes = Vec::new();
        for task in self.holdings.take_changes(&self.interfaces) {
            match task {
                Task::PromoteSecondaries { index } => {
                    promoted.entry(index).or_insert_with(|| self.promote_secondaries(index));
                }
                Task::Address(change) => changes.push(change),
                _ => {}
            }
        }
        remember(&changes);
        for change in changes {
            self.commands.queue(change);
        }
        let Self { commands, holdings, interfaces, .. } = self;
        let flushed = commands.flush(|change, result| {
            holdings.handle_answer(change, result.as_ref().ok().copied());
            if let Err(refusal) = result {
                refused(format!("cannot {}: {refusal}", describe(change, interfaces)));
            }
        });
        for name in promoted.into_values().flatten() {
            // The interface may be gone; then there is nothing to restore.
            let _ = sysctl::set(sysctl::Family::V4, &name, PROMOTE, 0);
        }
        flushed
    }

    /// Gives the name of the interface if the setting has to be taken back.
    fn promote_secondaries(&self, index: u32) -> Option<String> {
        let name = &self.interfaces.by_index(index)?.name;
        let before = sysctl::set(sysctl::Family::V4, name, PROMOTE, 1).ok()?;
        (before == 0).then(|| name.clone())
    }
}

/// What the election should know of an interface. A virtual address is nobody's primary address.
fn link_state(interface: &Interface, virtual_ips: &HashSet<IpAddr>) -> LinkState {
    let is_virtual = |address: &InterfaceAddress| virtual_ips.contains(&address.network.ip());
    LinkState {
        up: interface.up,
        ipv4: interface.primary_ipv4(is_virtual),
        ipv6: interface.primary_ipv6(is_virtual),
    }
}

/// A change in words.
fn describe(change: &AddressChange, interfaces: &Interfaces) -> String {
    let address = change.address();
    let name = interfaces.by_index(address.index).map_or("an interface that is gone", |found| &found.name);
    match change {
        AddressChange::Remove(_) => format!("remove {} from {name}", address.network),
        AddressChange::Add(_) | AddressChange::Set(_) => format!("add {} to {name}", address.network),
    }
}

/// What a router wants while it serves.
fn wishes<'a>(router: &'a RouterPlan, links: &'a LinkNames) -> impl Iterator<Item = Wish<'a>> {
    router
        .addresses
        .iter()
        .filter_map(|vip| Some(Wish { link: links.name(vip.link)?, address: &vip.spec, native: vip.native }))
}

/// The kernel, as the election of one reading of the configuration sees it.
pub(super) struct Seen<'a> {
    pub(super) kernel: &'a Kernel,
    pub(super) plan: &'a Plan,
}

impl Observe for Seen<'_> {
    fn link(&self, name: &str) -> LinkState {
        self.kernel.link_state(name, &self.plan.virtual_ips)
    }

    fn fact(&self, fact: &WatchedFact) -> Fact {
        self.kernel.fact(fact)
    }
}

type LinkNames = Numbers<String, LinkId>;

/// A flood of events must not stop the election.
const MOST_LOOKS: usize = 64;

const PROMOTE: &str = "promote_secondaries";

#[cfg(test)]
mod tests {
    use vrrp_linux::address::{AddressFlags, Scope};

    use super::*;

    fn eth0(addresses: &[(&str, AddressFlags)]) -> Interface {
        let address = |(network, flags): &(&str, AddressFlags)| InterfaceAddress {
            network: network.parse().unwrap(),
            peer: None,
            scope: Scope::UNIVERSE,
            flags: *flags,
            label: None,
            broadcast: None,
            protocol: None,
        };
        Interface {
            index: 2,
            name: "eth0".to_owned(),
            up: true,
            mac: None,
            mtu: 1500,
            noarp: false,
            loopback: false,
            lower: None,
            master: None,
            addresses: addresses.iter().map(address).collect(),
        }
    }

    fn sources(interface: &Interface, virtual_ips: &[&str]) -> (Option<String>, Option<String>) {
        let virtual_ips = virtual_ips.iter().map(|ip| ip.parse().unwrap()).collect();
        let state = link_state(interface, &virtual_ips);
        (state.ipv4.map(|ip| ip.to_string()), state.ipv6.map(|ip| ip.to_string()))
    }

    #[test]
    fn adverts_never_come_from_a_virtual_address() {
        let own = AddressFlags::PERMANENT;
        let second = AddressFlags::SECONDARY;
        let interface = eth0(&[
            ("192.0.2.1/24", own),
            ("192.0.2.11/24", second),
            ("fe80::100/64", own),
            ("fe80::1/64", own),
        ]);
        let expected = (Some("192.0.2.11".to_owned()), Some("fe80::1".to_owned()));
        assert_eq!(sources(&interface, &["192.0.2.1", "fe80::100"]), expected);
        let all = ["192.0.2.1", "192.0.2.11", "fe80::100", "fe80::1"];
        assert_eq!(sources(&interface, &all), (None, None));
    }

    #[test]
    fn adverts_do_not_come_from_an_address_that_detection_has_not_passed() {
        for flag in [AddressFlags::TENTATIVE, AddressFlags::DADFAILED] {
            assert_eq!(sources(&eth0(&[("fe80::1/64", flag)]), &[]), (None, None));
        }
    }
}
