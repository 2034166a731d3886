//! The kernel's side: how interfaces are, and which addresses, routes and rules of ours are there. The changes are
//! decided by [`Holdings`]; this carries netlink messages there and back.

mod virtual_links;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::io;
use std::net::IpAddr;
use std::time::Duration;

use vrrp_election::{LinkId, LinkState, RouterId};
use vrrp_linux::address::{AddressChange, AddressSpec, marks};
use vrrp_linux::commands::{Command, Commands, kernel_keeps_marks};
use vrrp_linux::holdings::{
    Change as Task, Former, Holdings, Leftover, Loss, LossCause, Recognition, Verdict, WantedAddress,
    WantedHoldings,
};
use vrrp_linux::interfaces::{Change, Interface, InterfaceAddress, Interfaces};
use vrrp_linux::mark::Mark;
use vrrp_linux::monitor::{Monitor, Progress};
use vrrp_linux::{clock, sysctl};

use super::plan::{Numbers, RouterPlan, Routing, StaticId, Statics, Vip};
use virtual_links::OwnLinks;

pub(super) use virtual_links::want_links;

/// The owner of an object in the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Owner {
    /// The daemon, as long as it runs (`static_*`).
    Daemon,
    /// A router, while it serves.
    Router(RouterId),
}

/// Interfaces, what is held, and the two netlink sockets for them.
#[derive(Debug)]
pub(super) struct Kernel {
    pub(super) monitor: Monitor,
    commands: Commands,
    interfaces: Interfaces,
    holdings: Holdings<Owner>,
    mark: Mark,
    marks_kept: bool,
    /// Changes that the table reported and the holdings do not know yet.
    unheard: Vec<Change>,
    /// Losses of events up to which the holdings are right.
    overruns: u64,
    /// News that were read ahead of [`look`](Self::look).
    early: News,
    /// Static addresses were removed, and when they are put back.
    statics_lost: Option<Duration>,
    /// When static addresses were put back last.
    statics_restored: Option<Duration>,
    own_links: OwnLinks,
    /// The daemon has just started: another one that seems to run may be dying.
    pub(super) is_young: bool,
}

/// Results of a look at the kernel's events.
#[derive(Debug, Default)]
pub(super) struct News {
    /// Interfaces or addresses changed.
    pub(super) changed: bool,
    /// Changes that cost sockets their group memberships.
    pub(super) memberships: Vec<Change>,
    /// Virtual addresses that are not where they should be.
    pub(super) lost: Vec<(RouterId, Loss<Owner>)>,
    /// Static addresses that somebody removed.
    pub(super) lost_statics: Vec<Loss<Owner>>,
    /// Interfaces that we made went down.
    went_down: Vec<u32>,
    /// Names of others that went down or were removed, and may be up again by now.
    pub(super) others_down: BTreeSet<String>,
    /// There may be more events.
    pub(super) more: bool,
}

impl Kernel {
    pub(super) fn open(receive_buffer: usize) -> io::Result<Self> {
        let mark = Mark::claim();
        let marks_kept = kernel_keeps_marks();
        let mut kernel = Self {
            monitor: Monitor::open(receive_buffer)?,
            commands: Commands::open()?,
            interfaces: Interfaces::new(),
            holdings: Holdings::new(mark.number(), marks_kept),
            own_links: OwnLinks::new(&mark),
            is_young: true,
            mark,
            marks_kept,
            unheard: Vec::new(),
            overruns: 0,
            early: News::default(),
            statics_lost: None,
            statics_restored: None,
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
        for change in fresh {
            match change {
                Change::LinkDown { index } if self.own_links.holds(*index) => news.went_down.push(*index),
                Change::LinkRemoved { index, .. } if self.own_links.holds(*index) => {}
                _ => news.others_down.extend(went_down(change, &self.interfaces)),
            }
        }
        news.memberships.extend(fresh.iter().filter(costs).cloned());
        // An address that was removed and added may be in two batches: judged is what is so in the end.
        if progress == Progress::Idle {
            self.tell_holdings();
            for loss in self.holdings.take_losses() {
                match loss.owner {
                    Owner::Router(router) => news.lost.push((router, loss)),
                    Owner::Daemon => self.note_lost_static(loss, &mut news),
                }
            }
        }
        Ok(news)
    }

    /// It is put back at once, or a second after it was put back last.
    fn note_lost_static(&mut self, loss: Loss<Owner>, news: &mut News) {
        let now = clock::monotonic();
        let at = self.statics_restored.map_or(now, |restored| now.max(restored + STATIC_GAP));
        self.statics_lost.get_or_insert(at);
        if loss.cause == LossCause::Removed {
            news.lost_statics.push(loss);
        }
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
            // Events that cannot be read now are reported by the next look.
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

    /// Whether something static is there, or will be in a moment.
    pub(super) fn is_obtainable(&self, id: StaticId, statics: &Statics) -> bool {
        let Self { holdings, interfaces, .. } = self;
        match id {
            StaticId::Address(place) => statics.addresses.get(place).is_none_or(|(link, address)| {
                let index = interfaces.by_name(link).map(|interface| interface.index);
                let held = |held: &AddressSpec| Some(held.index) == index && held.network == address.network;
                self.statics_lost.is_some() || holdings.held(Owner::Daemon).any(held)
            }),
            StaticId::Route(place) => {
                let route = statics.routing.routes.get(place);
                route.is_none_or(|(route, _)| holdings.can_have_route(Owner::Daemon, route, interfaces))
            }
            StaticId::Rule(place) => {
                let rule = statics.routing.rules.get(place);
                rule.is_none_or(|(rule, _)| holdings.can_have_rule(Owner::Daemon, rule, interfaces))
            }
        }
    }

    /// Whether an interface is up; `None` if there is none.
    pub(super) fn is_up(&self, name: &str) -> Option<bool> {
        self.interface(name).map(|interface| interface.up)
    }

    /// The state of an interface, for the election.
    pub(super) fn link_state(&self, name: &str, virtual_ips: &HashSet<IpAddr>) -> LinkState {
        self.interface(name).map(|interface| link_state(interface, virtual_ips)).unwrap_or_default()
    }

    /// A router serves: all of its addresses, routes and rules have to be there. Gives whether anything has to change.
    pub(super) fn add(&mut self, id: RouterId, router: &RouterPlan, links: &LinkNames) -> bool {
        let mut wanted = wanted_routing(router.routing.as_deref());
        wanted.addresses.extend(wanted_addresses(router, links));
        let link_locals = self.own_links.link_locals(router, links, &self.interfaces);
        wanted.addresses.extend(link_locals.iter().map(|(link, address)| WantedAddress {
            link,
            address,
            native: false,
        }));
        self.holdings.want(Owner::Router(id), wanted, &self.interfaces)
    }

    /// A router does not serve. Gives whether anything has to change.
    pub(super) fn remove(&mut self, id: RouterId) -> bool {
        self.holdings.release(Owner::Router(id), &self.interfaces)
    }

    /// Whether a router has routes or rules.
    pub(super) fn has_routing(&self, id: RouterId) -> bool {
        self.holdings.has_routing(Owner::Router(id))
    }

    /// Holds the objects that are there as long as the daemon runs.
    pub(super) fn hold_statics(&mut self, statics: &Statics) {
        let mut wanted = wanted_routing(Some(&statics.routing));
        wanted.addresses.extend(statics.addresses.iter().map(|(link, address)| WantedAddress {
            link,
            address,
            native: false,
        }));
        self.holdings.want(Owner::Daemon, wanted, &self.interfaces);
    }

    /// The daemon ends.
    pub(super) fn release_statics(&mut self) {
        self.holdings.release(Owner::Daemon, &self.interfaces);
    }

    /// Puts back what somebody removed of the static addresses, if that is due.
    pub(super) fn restore_statics(&mut self, now: Duration, statics: &Statics) {
        if self.statics_lost.take_if(|at| *at <= now).is_some() {
            self.statics_restored = Some(now);
            self.hold_statics(statics);
        }
    }

    /// When something that waits will be due.
    pub(super) fn poll_timeout(&self) -> Option<Duration> {
        self.holdings.poll_timeout().into_iter().chain(self.statics_lost).min()
    }

    /// From now on, removals of routes and rules are heard of.
    pub(super) fn hear_routing(&mut self) -> io::Result<()> {
        self.monitor.hear_routing()
    }

    /// These routers begin: leftovers of their addresses are to be removed, and everything that is marked as ours and
    /// nobody wants. `former` is what a predecessor may have left.
    pub(super) fn clean<'a>(
        &mut self,
        routers: impl Iterator<Item = &'a RouterPlan>,
        links: &'a LinkNames,
        former: &[AddressSpec],
        former_routing: Former,
    ) -> Vec<Leftover> {
        let mut configured = WantedHoldings::default();
        for router in routers {
            let mut wanted = wanted_routing(router.routing.as_deref());
            configured.addresses.extend(wanted_addresses(router, links));
            configured.routes.append(&mut wanted.routes);
            configured.rules.append(&mut wanted.rules);
        }
        self.holdings.clean_routing(&configured, former_routing, &self.interfaces);
        let marks = self.mark.abandoned();
        let recognition = Recognition { marks: &marks, configured: configured.addresses, former };
        self.holdings.clean(&recognition, &self.interfaces)
    }

    /// Whether addresses carry the mark of another daemon that seems to run.
    pub(super) fn shares_machine(&self) -> bool {
        let abandoned = self.mark.abandoned();
        let is_held = |address: &InterfaceAddress| {
            let mark = address.protocol.filter(|number| marks().any(|mark| mark == *number));
            mark.is_some_and(|mark| mark != self.mark.number() && !abandoned.contains(&mark))
        };
        self.interfaces.iter().any(|interface| interface.addresses.iter().any(is_held))
            || self.own_links.of_others(&self.interfaces, &abandoned)
    }

    /// After a reload, addresses are held for the routers' new numbers; `None` if nobody has them any more.
    pub(super) fn renumber(&mut self, number: impl Fn(RouterId) -> Option<RouterId>) {
        self.early.lost.retain_mut(|(router, _)| number(*router).map(|now| *router = now).is_some());
        let renamed = |owner| match owner {
            Owner::Daemon => Some(Owner::Daemon),
            Owner::Router(router) => number(router).map(Owner::Router),
        };
        self.holdings.rename(renamed, &self.interfaces);
    }

    /// Addresses of a router on interfaces, as far as the kernel took them.
    pub(super) fn held(&self, router: RouterId) -> impl Iterator<Item = (&Interface, IpAddr)> {
        self.holdings
            .held(Owner::Router(router))
            .filter_map(|address| Some((self.interfaces.by_index(address.index)?, address.network.ip())))
    }

    /// Whether an address is on its interface.
    pub(super) fn has_address(&self, link: &str, vip: &Vip) -> bool {
        let interface = self.interface(link);
        interface.is_some_and(|interface| {
            interface.addresses.iter().any(|address| address.network == vip.spec.network)
        })
    }

    /// Whether a successor can find our addresses by what the kernel stores with them.
    pub(super) fn marks_tell(&self) -> bool {
        self.marks_kept && !self.mark.is_shared()
    }

    /// The mark of our addresses.
    pub(super) fn mark(&self) -> &Mark {
        &self.mark
    }

    /// Whether all marks are taken.
    pub(super) fn lacks_mark(&self) -> bool {
        self.mark.is_shared()
    }

    /// Whether changes wait to be carried out.
    pub(super) fn has_tasks(&self) -> bool {
        self.holdings.has_changes(clock::monotonic()) || self.commands.has_queued()
    }

    /// Carries out what has to change. The kernel has done it when this returns. `remember` hears of all commands
    /// before the first is carried out, and `refused` of what the kernel does not want.
    pub(super) fn carry_out(
        &mut self,
        remember: impl FnOnce(&[Command]),
        mut refused: impl FnMut(String),
    ) -> io::Result<()> {
        let now = clock::monotonic();
        let mut promoted = BTreeMap::new();
        let mut orders = Vec::new();
        for task in self.holdings.take_changes(now, &self.interfaces) {
            match task {
                Task::PromoteSecondaries { index } => {
                    promoted.entry(index).or_insert_with(|| self.promote_secondaries(index));
                }
                Task::Command(command) => orders.push(command),
                _ => {}
            }
        }
        remember(&orders);
        let ipv6 = self.open_ipv6(&orders);
        for command in orders {
            self.commands.queue(command);
        }
        let Self { commands, holdings, interfaces, early, .. } = self;
        let flushed = commands.flush(|command, result| {
            let verdict = holdings.handle_answer(now, command, result.as_ref().copied());
            if let (Verdict::Refused, Err(refusal)) = (verdict, result) {
                // Everything that depends on it looks again.
                early.changed = true;
                refused(format!("cannot {}: {refusal}", describe(command, interfaces)));
            }
        });
        for name in promoted.into_values().flatten() {
            // The interface may be gone; then there is nothing to restore.
            let _ = sysctl::set(sysctl::Family::V4, &name, PROMOTE, 0);
        }
        for index in ipv6.into_iter().filter(|index| !self.holdings.wants_ipv6_on(*index)) {
            self.own_links.set_ipv6(&self.interfaces, index, false);
        }
        flushed
    }

    /// Routes and rules that somebody removed and that were restored: their owners, and their text.
    pub(super) fn take_repairs(&mut self) -> Vec<(Vec<Owner>, String)> {
        let repairs = self.holdings.take_repairs();
        repairs.into_iter().map(|repair| (repair.owners, repair.what)).collect()
    }

    /// Gives the name of the interface if the setting has to be taken back.
    fn promote_secondaries(&self, index: u32) -> Option<String> {
        let name = &self.interfaces.by_index(index)?.name;
        let before = sysctl::set(sysctl::Family::V4, name, PROMOTE, 1).ok()?;
        (before == 0).then(|| name.clone())
    }
}

/// The state of an interface, for the election. A virtual address is nobody's primary address.
/// The name of the interface that went down or was removed, if that is what happened.
fn went_down(change: &Change, interfaces: &Interfaces) -> Option<String> {
    match change {
        Change::LinkDown { index } => interfaces.by_index(*index).map(|interface| interface.name.clone()),
        Change::LinkRemoved { name, .. } => Some(name.clone()),
        _ => None,
    }
}

fn link_state(interface: &Interface, virtual_ips: &HashSet<IpAddr>) -> LinkState {
    let is_virtual = |address: &InterfaceAddress| virtual_ips.contains(&address.network.ip());
    LinkState {
        up: interface.up,
        ipv4: interface.primary_ipv4(is_virtual),
        ipv6: interface.primary_ipv6(is_virtual),
    }
}

/// A command in words.
fn describe(command: &Command, interfaces: &Interfaces) -> String {
    let Command::Address(change) = command else { return command.to_string() };
    let address = change.address();
    let name = interfaces.by_index(address.index).map_or("an interface that is gone", |found| &found.name);
    match change {
        AddressChange::Remove(_) => format!("remove {} from {name}", address.network),
        AddressChange::Add(_) | AddressChange::Set(_) => format!("add {} to {name}", address.network),
    }
}

/// Routes and rules.
fn wanted_routing(routing: Option<&Routing>) -> WantedHoldings<'_> {
    let Some(routing) = routing else { return WantedHoldings::default() };
    let wanted = WantedHoldings::default();
    let wanted =
        routing.routes.iter().fold(wanted, |wanted, (route, restored)| wanted.route(route, *restored));
    routing.rules.iter().fold(wanted, |wanted, (rule, restored)| wanted.rule(rule, *restored))
}

/// The addresses that a router wants while it serves.
fn wanted_addresses<'a>(
    router: &'a RouterPlan,
    links: &'a LinkNames,
) -> impl Iterator<Item = WantedAddress<'a>> {
    router.addresses.iter().filter_map(|vip| {
        Some(WantedAddress { link: links.name(vip.link)?, address: &vip.spec, native: vip.native })
    })
}

type LinkNames = Numbers<String, LinkId>;

/// A flood of events must not stop the election.
const MOST_LOOKS: usize = 64;

/// Static addresses are put back at most so often.
const STATIC_GAP: Duration = Duration::from_secs(1);

const PROMOTE: &str = "promote_secondaries";

#[cfg(test)]
mod tests;
