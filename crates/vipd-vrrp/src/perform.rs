//! Doing what the election asks for, in the order that decides how long an outage is.

use std::collections::HashSet;
use std::time::Duration;

use vipd_status::EventKind;
use vrrp_election::{
    Event, Instant, NodeAction, Progress, Report, RouterId, ScriptId, Standing, VirtualRouter,
};
use vrrp_linux::commands::Command;
use vrrp_linux::holdings::{Leftover, Origin};
use vrrp_proto::Priority;

use super::judge::Kind;
use super::kernel::{Kernel, News, Owner};
use super::plan::{Reach, Vip};
use super::sources;
use super::watch::RETRY_GAP;
use super::wire::now;
use super::{Beginning, Worker, acts, ledger, narrate, status};
use crate::Parent;
use crate::ipc::{FromVrrp, InstanceEvent, LogLevel, ScriptAct};
use crate::tidy;

/// Treatment of the addresses of a router that no longer serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Release {
    Remove,
    /// They stay: the daemon ends, and was told to leave them (`-V`).
    Keep,
}

/// Work after adverts and addresses.
#[derive(Default)]
struct Round {
    /// Routers whose addresses changed.
    changed: Vec<RouterId>,
    announcements: Vec<(RouterId, u32)>,
    acts: Vec<(ScriptId, vrrp_election::ScriptAct)>,
    /// Events, and what the parent runs scripts for.
    told: Vec<(Event, Option<(InstanceEvent, Priority)>)>,
    moved: Vec<(RouterId, &'static str)>,
    /// The interface table is up to date.
    knows_kernel: bool,
}

impl Round {
    fn size(&self) -> usize {
        self.changed.len().max(self.announcements.len()).max(self.told.len())
    }
}

impl Worker {
    /// Does what the election asks for, as much of it as one turn may take: when thousands of routers take over within
    /// an advertisement interval, no advert waits until the addresses of all others are set.
    pub(super) fn perform(&mut self) {
        self.perform_some(Release::Remove, MOST_PER_TURN);
    }

    /// Does everything the election asks for: adverts leave before the first address is set, addresses are set
    /// before the first is announced, and nobody is told before that.
    pub(super) fn perform_all(&mut self, release: Release) {
        self.perform_some(release, usize::MAX);
    }

    /// Stops after so many changes, announcements or events; the others wait in the election, behind new adverts.
    fn perform_some(&mut self, release: Release, most: usize) {
        let now = now();
        let mut round = Round::default();
        self.unperformed = false;
        while let Some(action) = self.node.poll_action() {
            match action {
                NodeAction::SendAdvert { router, priority } => self.queue_advert(router, priority),
                NodeAction::AddAddresses { router } => {
                    self.before_addresses(now, &mut round);
                    round.changed.push(router);
                    if self.add_addresses(router) {
                        round.moved.push((router, "setting VIPs."));
                    }
                }
                NodeAction::RemoveAddresses { router } => {
                    self.before_addresses(now, &mut round);
                    round.changed.push(router);
                    if release == Release::Remove && self.remove_addresses(router) {
                        round.moved.push((router, "removing VIPs."));
                    }
                }
                NodeAction::Announce { router, repeat } => round.announcements.push((router, repeat)),
                NodeAction::Script { script, act } => round.acts.push((script, act)),
                NodeAction::Tell(event) => {
                    // After a reload, the number of the router means another one.
                    let current = |router| self.node.router(router).map(VirtualRouter::priority);
                    let scripts = narrate::instance_event(&event, current);
                    round.told.push((event, scripts));
                }
                NodeAction::Reloaded { before } => {
                    self.finish(now, std::mem::take(&mut round));
                    self.switch_plan(&before);
                }
            }
            if round.size() >= most {
                self.unperformed = true;
                break;
            }
        }
        if self.unperformed {
            let announced = |router: &&RouterId| self.node.take_announcement(**router);
            round.announcements.extend(round.changed.iter().filter(announced).map(|router| (*router, 1)));
        }
        self.finish(now, round);
    }

    /// Does the work that follows once all adverts are written and all addresses are queued.
    fn finish(&mut self, now: Instant, round: Round) {
        let Round { announcements, acts, told, moved, changed, .. } = round;
        if told.len().max(announcements.len()) >= tidy::MANY {
            self.tidy_at = Some(now + tidy::AFTER);
        }
        self.send_adverts(now);
        self.remove_leftovers(now);
        if self.set_addresses(now) {
            self.announce(now, &announcements);
        }
        self.follow_standing(&changed);
        let listening: Vec<_> =
            told.iter().filter_map(|(event, ..)| sources::begins_to_listen(event)).collect();
        self.announce_sources_of(now, &listening);
        for (script, act) in acts {
            self.ask_for_script(script, act);
        }
        for (event, scripts) in told {
            // Made here, behind everything that somebody waits for.
            let happened = status::happened(&self.plan, &self.node, &event);
            self.tell(&event, scripts, happened);
        }
        for (router, what) in moved {
            self.parent.log(LogLevel::Info, format!("({}) {what}", self.plan.name(router)));
        }
    }

    fn queue_advert(&mut self, router: RouterId, priority: Priority) {
        let source = self.node.source(router);
        if let Some(record) = self.records.get_mut(router.0 as usize) {
            self.wire.queue(&self.plan, &self.kernel, router, record, source, priority);
        }
    }

    fn send_adverts(&mut self, now: Instant) {
        let Self { wire, plan, complaints, parent, .. } = self;
        wire.flush(|router, error| {
            let text = || format!("({}) cannot send an advert: {error}", plan.name(router));
            parent.log_some(LogLevel::Warning, complaints.about(now, Some(router), Kind::NotSent, text));
        });
    }

    /// Gives whether anything has to change.
    fn add_addresses(&mut self, router: RouterId) -> bool {
        let plan = self.plan.routers.get(router.0 as usize);
        plan.is_some_and(|plan| {
            self.filter.close(router, plan, &self.plan, self.kernel.interfaces());
            self.kernel.add(router, plan, &self.plan.links)
        })
    }

    /// Gives whether there were any.
    fn remove_addresses(&mut self, router: RouterId) -> bool {
        self.filter.open(router);
        self.kernel.remove(router)
    }

    /// Removes leftovers of others, at the start and when a reload brings routers.
    fn remove_leftovers(&mut self, now: Instant) {
        let Some(Beginning { routers, former, former_routing, is_start }) = self.beginning.take() else {
            return;
        };
        self.catch_up();
        self.look_for_tables();
        let plans = routers.iter().filter_map(|router| self.plan.routers.get(router.0 as usize));
        let leftovers = self.kernel.clean(plans, &self.plan.links, &former, former_routing);
        for Leftover { address, link, origin } in leftovers {
            let whose = match origin {
                Origin::EarlierRun => "an earlier run left it",
                _ => "it is a virtual address that another daemon left",
            };
            let text = format!("removing {} from {link}: {whose}", address.network);
            self.parent.log(LogLevel::Info, text);
        }
        if is_start {
            self.parent.send(&ledger::cleaned());
            self.clean_until = now + DYING_TIME;
        }
        if now < self.clean_until && self.kernel.shares_machine() {
            self.clean_again = Some(now + LOOK_AGAIN);
        } else {
            self.kernel.is_young = false;
        }
    }

    /// A few times after the start: another daemon whose addresses were left alone may have been one that was dying,
    /// and its leftovers are on two machines as soon as a peer takes over.
    pub(super) fn clean_again(&mut self, now: Instant) {
        if self.clean_again.is_some_and(|at| at <= now) {
            self.clean_again = None;
            self.beginning.get_or_insert_default();
            self.kernel.is_young = now < self.clean_until;
            if self.kernel.has_links() || self.kernel.finds_links() {
                self.mend_links(now, &News::default());
            }
        }
    }

    /// A daemon that stops before that time does it now, because nobody else may come to do it. The kernel takes a while to
    /// free what a killed process held.
    pub(super) fn clean_before_the_end(&mut self) {
        if self.clean_again.take().is_none() || self.keep_addresses {
            return;
        }
        for _ in 0..LAST_LOOKS {
            self.beginning.get_or_insert_default();
            self.perform();
            if !self.kernel.shares_machine() {
                return;
            }
            std::thread::sleep(LAST_PAUSE);
        }
    }

    /// Adverts leave before the first address is touched, and the changes of addresses depend on the kernel's present
    /// state.
    fn before_addresses(&mut self, now: Instant, round: &mut Round) {
        self.send_adverts(now);
        if !std::mem::replace(&mut round.knows_kernel, true) {
            self.catch_up();
        }
    }

    fn catch_up(&mut self) {
        self.kernel_unread |= self.kernel.catch_up();
    }

    /// Gives whether the kernel was asked; addresses that it refused are not held then.
    fn set_addresses(&mut self, now: Instant) -> bool {
        if !self.kernel.has_tasks() && !self.filter.has_tasks() {
            return true;
        }
        self.close_addresses(now);
        let carried = carry_out(&mut self.kernel, &mut self.parent);
        // An address that may still be there stays closed.
        if carried.is_ok() {
            self.open_addresses();
        }
        for (owners, what) in self.kernel.take_repairs() {
            self.tell_repair(now, &owners, &what);
        }
        let Err(error) = carried else { return true };
        self.kernel_retry = Some(now + RETRY_GAP);
        let text = || format!("cannot change addresses, trying again every second: {error}");
        let line = self.complaints.about(now, None, Kind::Changes, text);
        self.parent.log_some(LogLevel::Error, line);
        false
    }

    fn tell_repair(&mut self, now: Instant, owners: &[Owner], what: &str) {
        let router = owners.iter().find_map(|owner| match owner {
            Owner::Router(router) => Some(*router),
            Owner::Daemon => None,
        });
        let name = router.map_or_else(String::new, |router| format!("({}) ", self.plan.name(router)));
        let text = || format!("{name}somebody removed {what}; it was restored");
        let line = self.complaints.about(now, router, Kind::Lost, text);
        if line.is_some() {
            self.parent.happened(&EventKind::Restored { what: what.to_owned() });
        }
        self.parent.log_some(LogLevel::Warning, line);
    }

    fn announce(&mut self, now: Instant, asked: &[(RouterId, u32)]) {
        let Self { announcements, plan, kernel, complaints, parent, .. } = self;
        announcements.announce(now, asked, plan, kernel, |error| {
            let text = || format!("cannot announce an address: {error}");
            parent.log_some(LogLevel::Warning, complaints.about(now, None, Kind::Announcement, text));
        });
    }

    /// Somebody wants the addresses of these routers announced again, as often as when one becomes MASTER.
    pub(super) fn announce_on_request(&mut self, now: Instant, routers: &[RouterId]) {
        let repeat = |router: &RouterId| {
            let plan = self.plan.routers.get(router.0 as usize)?;
            Some((*router, plan.config.announce.repeat.max(1)))
        };
        let asked: Vec<_> = routers.iter().filter_map(repeat).collect();
        self.announce(now, &asked);
    }

    /// The parent answers those who wait for what becomes of an act.
    fn tell_outcome(&mut self, router: RouterId, progress: Progress) {
        let Some(outcome) = acts::outcome(progress) else { return };
        let name = |router| self.plan.name(router).to_owned();
        let instances = self.plan.companions(router).into_iter().map(name).collect();
        self.parent.tell(FromVrrp::Pursued { instances, outcome });
    }

    /// Routers that begin to listen: unicast peers learn where they are, now and some times again.
    fn announce_sources_of(&mut self, now: Instant, routers: &[RouterId]) {
        let unicast = |id: &&RouterId| {
            let router = self.plan.routers.get(id.0 as usize);
            router.is_some_and(|router| matches!(router.reach, Reach::Unicast { .. }))
        };
        let routers: Vec<RouterId> = routers.iter().filter(unicast).copied().collect();
        for router in &routers {
            if let Some(plan) = self.plan.routers.get(router.0 as usize) {
                self.source_repeats.begin(now, *router, plan.config.interval.duration());
            }
        }
        self.announce_sources(&routers);
    }

    /// Announcements that had to wait and may leave now.
    pub(super) fn announce_waiting(&mut self, now: Instant) {
        let Self { announcements, plan, kernel, complaints, parent, .. } = self;
        announcements.handle_timeout(now, plan, kernel, |error| {
            let text = || format!("cannot announce an address: {error}");
            parent.log_some(LogLevel::Warning, complaints.about(now, None, Kind::Announcement, text));
        });
    }

    /// Announces what was announced on interfaces that have another MAC address now.
    pub(super) fn announce_again(&mut self, now: Instant, interfaces: &HashSet<u32>) {
        let is_on = |vip: &Vip| {
            let name = self.plan.links.name(vip.link);
            let interface = name.and_then(|name| self.kernel.interface(name));
            interface.is_some_and(|interface| interfaces.contains(&interface.index))
        };
        let mut actives = Vec::new();
        let mut unicast = Vec::new();
        for (id, router) in (0..).map(RouterId).zip(&self.plan.routers) {
            let serves = self.node.standing(id) == Some(Standing::Active);
            if serves && router.addresses.iter().any(is_on) {
                actives.push((id, router.config.announce.repeat));
            }
            if matches!(router.reach, Reach::Unicast { .. }) {
                unicast.push(id);
            }
        }
        self.announce(now, &actives);
        self.announce_sources(&unicast);
    }

    /// Announces the source addresses of those that take part.
    pub(super) fn announce_sources(&mut self, routers: &[RouterId]) {
        if routers.is_empty() {
            return;
        }
        let Self { announcements, plan, kernel, complaints, parent, node, .. } = self;
        let takes_part = |router| matches!(node.standing(router), Some(Standing::Backup | Standing::Active));
        let sources = routers.iter().filter(|router| takes_part(**router));
        let sources = sources.filter_map(|router| Some((*router, node.source(*router)?)));
        announcements.announce_sources(sources, plan, kernel, |error| {
            let text = || format!("cannot announce a source address: {error}");
            parent.log_some(LogLevel::Warning, complaints.about(now(), None, Kind::Announcement, text));
        });
    }

    fn ask_for_script(&mut self, script: ScriptId, act: vrrp_election::ScriptAct) {
        let act = match act {
            vrrp_election::ScriptAct::Run => ScriptAct::Run,
            vrrp_election::ScriptAct::Terminate => ScriptAct::Terminate,
            vrrp_election::ScriptAct::Kill => ScriptAct::Kill,
        };
        let generation = self.plan.generation;
        self.parent.tell(FromVrrp::Script { generation, script: script.0, act });
    }

    /// Log lines, and a message to run scripts and remember the state.
    fn tell(
        &mut self,
        event: &Event,
        scripts: Option<(InstanceEvent, Priority)>,
        happened: Option<EventKind>,
    ) {
        for mut line in narrate::lines(&self.plan, &self.script_reasons, event) {
            if let Some((router, kind)) = narrate::caused_by_others(event) {
                let text = std::mem::take(&mut line.text);
                let kind = Kind::Reported(kind);
                let Some(text) = self.complaints.about(now(), Some(router), kind, || text) else { continue };
                line.text = text;
            }
            self.parent.log_line(line);
        }
        if let Some(happened) = happened {
            self.parent.happened(&happened);
        }
        if let Event::Group { group, to, .. } = event
            && let Some(event) = narrate::group_event(*to)
        {
            let (generation, group) = (self.plan.generation, group.0);
            self.parent.tell(FromVrrp::GroupTransition { generation, group, event });
        }
        if let Event::Intent { router, progress, .. } = event {
            self.tell_outcome(*router, *progress);
        }
        let (Event::Standing { router, .. } | Event::Router { router, .. }) = event else { return };
        if let Event::Standing { .. } = event
            && let Some(record) = self.records.get_mut(router.0 as usize)
        {
            record.last_transition = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
        }
        let (generation, instance) = (self.plan.generation, router.0);
        if let Some((event, priority)) = scripts {
            let priority = priority.get();
            self.parent.tell(FromVrrp::Transition { generation, instance, event, priority });
        }
        if let Event::Router { report: Report::PriorityChanged { to, .. }, .. } = event
            && self.plan.routers.get(router.0 as usize).is_some_and(|router| router.tells_priority)
        {
            self.parent.tell(FromVrrp::PriorityChanged { generation, instance, priority: to.get() });
        }
    }
}

/// Carries out what is due. The parent is told before; changes that the kernel refused are logged.
pub(super) fn carry_out(kernel: &mut Kernel, parent: &mut Parent) -> std::io::Result<()> {
    let (mut refusals, mut afterwards) = (Vec::new(), Vec::new());
    let marks_tell = kernel.marks_tell();
    let remember = |commands: &[Command]| {
        let (before, after) = ledger::entries(commands, marks_tell);
        for entry in &before {
            parent.send(entry);
        }
        if !before.is_empty() {
            parent.flush();
        }
        afterwards = after;
    };
    let carried = kernel.carry_out(remember, |text| refusals.push(text));
    if carried.is_ok() {
        for entry in &afterwards {
            parent.send(entry);
        }
    }
    for text in refusals {
        parent.log(LogLevel::Error, text);
    }
    carried
}

/// Routers that are served in one turn: their addresses and announcements take a few milliseconds.
const MOST_PER_TURN: usize = 128;

/// Number and distance of the looks by which a daemon that stops soon after its start sees whether another one has
/// died.
const LAST_LOOKS: u32 = 20;
const LAST_PAUSE: Duration = Duration::from_millis(5);

/// Time until a killed process has ended, and the distance of the looks for it.
const DYING_TIME: Duration = Duration::from_secs(2);
const LOOK_AGAIN: Duration = Duration::from_millis(100);
