//! A node: all virtual routers of one machine, what they track, and the order in which things happen.
//!
//! The daemon and the simulator drive this same type; there is no second copy of the composition.
//!
//! ```
//! use core::net::Ipv4Addr;
//! use vrrp_election::{
//!     Instant, LinkId, LinkSetup, LinkState, Node, NodeConfig, RouterConfig, RouterId, RouterSetup, Standing,
//! };
//! use vrrp_proto::{Family, RouterInterval, Vrid};
//!
//! let config = RouterConfig::new(Vrid::new(51)?, Family::Ipv4, RouterInterval::seconds(1)?);
//! let mut node = Node::new(
//!     Instant::ZERO,
//!     NodeConfig {
//!         routers: vec![RouterSetup::new(config, LinkId(0))],
//!         links: vec![LinkSetup { name: "eth0".into(), ..LinkSetup::default() }],
//!         ..NodeConfig::default()
//!     },
//! );
//! assert_eq!(node.standing(RouterId(0)), Some(Standing::Fault));
//!
//! let address = Ipv4Addr::new(192, 0, 2, 1);
//! node.handle_link(Instant::ZERO, LinkId(0), LinkState { up: true, ipv4: Some(address), ipv6: None });
//! assert_eq!(node.standing(RouterId(0)), Some(Standing::Backup));
//! while let Some(_action) = node.poll_action() { /* do it */ }
//! assert!(node.poll_timeout().is_some());
//! # Ok::<(), vrrp_proto::ValueError>(())
//! ```

mod config;
mod display;
mod key;
mod memory;
mod outbox;
mod reload;
mod sync_group;
mod timers;
mod tracking;

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;

use vrrp_proto::Priority;

use crate::router::{Action, MAX_SLACK};
use crate::script::Script;
use crate::{
    Cause, Ignored, Instant, NoResult, Received, Report, ScriptAct, ScriptResult, State, VirtualRouter,
};
use memory::{Digest, Inherited, News};
use outbox::Outbox;
use reload::Reload;
use sync_group::Group;
use timers::{Timer, Timers};
use tracking::{Assessment, assess};

pub use config::{
    Fact, FactId, GroupId, LinkId, LinkSetup, LinkState, NodeConfig, RouterId, RouterSetup, ScriptId,
    ScriptSetup, Track, TrackTarget, VirtualAddress,
};
pub use key::{RouterKey, Transport};
pub use memory::{NodeMemory, Remember};
pub use sync_group::GroupSetup;
pub use tracking::Fault;

/// All virtual routers of one machine.
///
/// The contract is that of [`VirtualRouter`]: one input, then [`poll_action`](Self::poll_action) until it gives
/// `None`, then wait until [`poll_timeout`](Self::poll_timeout). Any number of adverts that arrived together may
/// be handed in before the actions are taken: the same advert or announcement is then asked for once.
#[derive(Clone, Debug)]
pub struct Node {
    routers: Vec<Member>,
    groups: Vec<Group>,
    scripts: Vec<Check>,
    /// When time was last looked at.
    looked: Instant,
    links: Vec<LinkSetup>,
    facts: Vec<Fact>,
    timers: Timers,
    outbox: Outbox,
    /// The configuration that follows once everything was asked for that this one still has to do.
    reload: Option<Reload>,
    /// What a successor should know and was not told yet.
    news: News,
    /// No router starts before this.
    speaks_from: Instant,
    stopping: bool,
}

/// One router and what the node knows of it.
#[derive(Clone, Debug)]
struct Member {
    setup: RouterSetup,
    router: VirtualRouter,
    standing: Standing,
    key: RouterKey,
    /// The sync group that it belongs to.
    group: Option<GroupId>,
    /// The earlier router that has the same key.
    duplicate_of: Option<RouterId>,
    /// Removed by a reload.
    retired: bool,
    /// What a predecessor knew, until the router starts.
    inherited: Option<Box<Inherited>>,
    /// What was last told to be remembered, as far as it is compared.
    digest: Option<Digest>,
}

/// One check script and what the node knows of it.
#[derive(Clone, Debug)]
struct Check {
    name: String,
    command: String,
    /// `None` if nobody tracks it: then it is never run.
    script: Option<Script>,
}

/// Something to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NodeAction {
    /// Send one advertisement.
    SendAdvert {
        /// Of this router.
        router: RouterId,
        /// With this priority.
        priority: Priority,
    },
    /// Make sure that every virtual address of the router is on its interface.
    AddAddresses {
        /// Of this router.
        router: RouterId,
    },
    /// Make sure that no virtual address of the router is on its interface.
    RemoveAddresses {
        /// Of this router.
        router: RouterId,
    },
    /// Announce every virtual address of the router.
    Announce {
        /// Of this router.
        router: RouterId,
        /// Packets for each address.
        repeat: u32,
    },
    /// Do this with a check script.
    Script {
        /// The script.
        script: ScriptId,
        /// What to do with it.
        act: ScriptAct,
    },
    /// Nothing to do for the protocol: for logs, scripts and mail.
    Tell(Event),
    /// From here on all ids mean the configuration of the last [`Node::handle_reload`].
    Reloaded {
        /// For each of its routers the one of the configuration before that it is; `None` if it is new.
        before: Vec<Option<RouterId>>,
    },
}

/// What a router is to its operator: the states that scripts and logs name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Standing {
    /// Not started yet: startup delay, or a check that could be a fault has not reported (nothing is told).
    Waiting,
    /// Something needed is missing (FAULT).
    Fault,
    /// Listens (BACKUP).
    Backup,
    /// Serves (MASTER).
    Active,
    /// Stopped in order (STOP).
    Stopped,
}

/// Something worth telling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A router's standing changed.
    Standing {
        /// The router.
        router: RouterId,
        /// Before.
        from: Standing,
        /// Now.
        to: Standing,
        /// Why.
        why: Why,
        /// Effective priority.
        priority: Priority,
    },
    /// A sync group's standing changed, after that of its members.
    Group {
        /// The group.
        group: GroupId,
        /// Before.
        from: Standing,
        /// Now.
        to: Standing,
    },
    /// Anything else that a router reports.
    Router {
        /// The router.
        router: RouterId,
        /// What it reports; never a [`Report::Transition`].
        report: Report,
    },
    /// A check changed between good and failed, or became known.
    Script {
        /// The script.
        script: ScriptId,
        /// Whether it is good now.
        up: bool,
    },
    /// A check has had no result for long, for want of means of this machine. What is made of it is its
    /// [`on_shortage`](crate::ScriptConfig::on_shortage).
    ScriptSilent {
        /// The script.
        script: ScriptId,
        /// How long there has been none.
        silent_for: Duration,
        /// Why.
        why: NoResult,
    },
    /// A check of which [`ScriptSilent`](Self::ScriptSilent) was told has a result again.
    ScriptHeard {
        /// The script.
        script: ScriptId,
    },
}

/// Why a standing changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Why {
    /// The election decided.
    Election(Cause),
    /// This is missing.
    Fault(Fault),
    /// The node stops.
    Stop,
    /// The router is no longer configured.
    Deleted,
}

impl Node {
    /// A node that starts at `now`, with its links as `config` says.
    #[must_use]
    pub fn new(now: Instant, config: NodeConfig) -> Self {
        let mut node = Self::at_rest(now, config);
        node.begin(now);
        node
    }

    /// Before anything starts.
    fn at_rest(now: Instant, mut config: NodeConfig) -> Self {
        let outbox = Outbox::new(&config);
        let (groups, groups_of) = Group::all(&config);
        Self::restrict_owners(&mut config, &groups_of);
        Self {
            routers: Member::all(&config, &groups_of),
            groups,
            scripts: config.scripts.into_iter().map(|setup| Check::new(setup, now)).collect(),
            looked: now,
            links: config.links,
            facts: config.facts,
            timers: Timers::default(),
            outbox,
            reload: None,
            news: News::default(),
            speaks_from: now + config.startup_delay,
            stopping: false,
        }
    }

    /// An interface changed: it went up or down, came or went, or has another address.
    pub fn handle_link(&mut self, now: Instant, link: LinkId, state: LinkState) {
        let Some(known) = self.links.get_mut(link.index()) else { return };
        if known.state == state {
            return;
        }
        known.state = state;
        self.assess_where(now, |setup| setup.link == Some(link) || setup.tracks_target(link.into()));
    }

    /// Something that routers depend on changed, or became known.
    pub fn handle_fact(&mut self, now: Instant, id: FactId, fact: Fact) {
        let Some(known) = self.facts.get_mut(id.index()) else { return };
        if core::mem::replace(known, fact) != fact {
            self.assess_where(now, |setup| setup.tracks_target(id.into()));
        }
    }

    /// Packets for `router` may have been dropped unread: see [`VirtualRouter::handle_packets_lost`].
    pub fn handle_packets_lost(&mut self, now: Instant, router: RouterId) {
        if let Some(member) = self.routers.get_mut(router.index()) {
            member.router.handle_packets_lost(now);
            self.timers.arm(Timer::Router(router), member.router.poll_timeout());
        }
    }

    /// Somebody else removed a virtual address of `router`: see [`VirtualRouter::handle_address_lost`].
    pub fn handle_address_lost(&mut self, now: Instant, router: RouterId) {
        if let Some(member) = self.routers.get_mut(router.index()) {
            member.router.handle_address_lost(now);
            self.settle(router);
        }
    }

    /// The process of a run that [`NodeAction::Script`] asked for began at `started`, not when it was asked for: the time
    /// of the run counts from then. Before this is told, a run is never too long.
    pub fn handle_script_started(&mut self, script: ScriptId, started: Instant) {
        let Some(check) = self.script_mut(script) else { return };
        check.handle_started(started);
        let due = check.timeout();
        self.timers.arm(Timer::Script(script), due);
    }

    /// A run of a script ended: well, badly, or without a word about what it checks.
    pub fn handle_script(&mut self, now: Instant, script: ScriptId, result: impl Into<ScriptResult>) {
        if self.stopping {
            return;
        }
        let Some(check) = self.script_mut(script) else { return };
        let before = check.up();
        let is_heard_again = check.handle_result(now, result.into());
        let after = check.up();
        let timeout = check.timeout();
        self.timers.arm(Timer::Script(script), timeout);
        if is_heard_again {
            self.outbox.event(Event::ScriptHeard { script });
        }
        self.note_result(now, script, before, after);
    }

    /// What is known of a check may have changed.
    fn note_result(&mut self, now: Instant, script: ScriptId, before: Option<bool>, after: Option<bool>) {
        if before != after {
            self.outbox.event(Event::Script { script, up: after == Some(true) });
            if let Some(command) = self.scripts.get(script.index()).map(|check| check.command.clone()) {
                self.note_check(command, after);
            }
            self.assess_where(now, |setup| setup.tracks_target(script.into()));
        }
    }

    /// An advertisement for `router` passed the receive checks; the kernel received it at `arrived`, which is
    /// `now` at the latest: see [`VirtualRouter::handle_advert`].
    ///
    /// # Errors
    /// Why the advert changed nothing at all.
    pub fn handle_advert(
        &mut self,
        now: Instant,
        arrived: Instant,
        router: RouterId,
        advert: &Received,
    ) -> Result<(), Ignored> {
        let member = self.routers.get_mut(router.index()).ok_or(Ignored::NotRunning)?;
        let before = member.router.state();
        let result = member.router.handle_advert(now, arrived, advert);
        let announces = self.settle(router);
        if let Some(group) = self.group_of(router) {
            if before != self.routers.get(router.index()).map_or(before, |member| member.router.state()) {
                self.synchronize(now, group, router);
            } else if announces {
                self.announce_with(now, group, router);
            }
        }
        result
    }

    /// Time passed. Hand in every advert that had arrived by then first.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.excuse_scripts(now);
        for timer in self.timers.due(now + MAX_SLACK) {
            match timer {
                Timer::Startup => {
                    if self.speaks_from <= now {
                        self.timers.arm(timer, None);
                        self.assess_where(now, |_| true);
                    }
                }
                Timer::Router(router) => {
                    if let Some(member) = self.routers.get_mut(router.index()) {
                        member.router.handle_timeout(now);
                        let ready = member.group.filter(|_| member.router.is_ready());
                        self.settle(router);
                        if let Some(group) = ready {
                            self.synchronize(now, group, router);
                        }
                    }
                }
                Timer::Script(script) => self.script_due(now, script),
            }
        }
    }

    /// The machine stops: every Active says so, lets go of its addresses, and nothing starts again.
    pub fn handle_stop(&mut self, now: Instant) {
        self.stopping = true;
        self.stop_scripts();
        for router in self.ids() {
            self.shut_down(now, router, Standing::Stopped, Why::Stop);
        }
        self.tell_groups(now);
        self.timers = Timers::default();
    }

    /// The next thing to do, the most urgent first.
    pub fn poll_action(&mut self) -> Option<NodeAction> {
        let routers = &self.routers;
        let is_active = |id: RouterId| {
            routers.get(id.index()).is_some_and(|member| member.router.state() == State::Active)
        };
        match self.outbox.pop(is_active) {
            Some(action) => Some(action),
            None => self.reload.take().map(|reload| NodeAction::Reloaded { before: self.switch(reload) }),
        }
    }

    /// Whether to announce each address of a router once now, ahead of what [`poll_action`](Self::poll_action) gives
    /// later: for a caller that has done the changes to the addresses of this router and leaves those of others for another turn.
    /// What is left may wait while other inputs are handed in; it comes behind the adverts that they ask for. A reload
    /// or a stop is only to be handed in by a caller that takes everything afterwards.
    pub fn take_announcement(&mut self, router: RouterId) -> bool {
        let state = self.routers.get(router.index()).map(|member| member.router.state());
        state == Some(State::Active) && self.outbox.take_announcement(router)
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due. Changes with every input.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.timers.next()
    }

    /// What a router is to its operator.
    #[must_use]
    pub fn standing(&self, router: RouterId) -> Option<Standing> {
        self.routers.get(router.index()).map(|member| member.standing)
    }

    /// A router's state machine, to look at.
    #[must_use]
    pub fn router(&self, router: RouterId) -> Option<&VirtualRouter> {
        self.routers.get(router.index()).map(|member| &member.router)
    }

    /// Sets the counters of every router to zero.
    pub fn clear_counters(&mut self) {
        for member in &mut self.routers {
            member.router.clear_counters();
        }
    }

    /// The address that a router's adverts come from.
    #[must_use]
    pub fn source(&self, router: RouterId) -> Option<IpAddr> {
        let setup = &self.routers.get(router.index())?.setup;
        setup.source.or_else(|| self.links.get(setup.link?.index())?.state.address(setup.config.family))
    }

    /// Whether a check is good; `None` while nothing is known, or if nobody tracks it.
    #[must_use]
    pub fn script_up(&self, script: ScriptId) -> Option<bool> {
        self.scripts.get(script.index())?.script.as_ref()?.up()
    }

    /// What is known of something that routers depend on.
    #[must_use]
    pub fn fact(&self, target: TrackTarget) -> Fact {
        match target {
            TrackTarget::Link(id) => self.links.get(id.index()).is_some_and(|link| link.state.up).into(),
            TrackTarget::Script(id) => self.script_up(id).map_or(Fact::Unknown, Fact::from),
            TrackTarget::Fact(id) => self.facts.get(id.index()).copied().unwrap_or_default(),
        }
    }

    /// What keeps a router from taking part, now.
    #[must_use]
    pub fn fault(&self, router: RouterId) -> Option<Fault> {
        let others = || self.fault_of_group(self.group_of(router)?).map(|(member, _)| Fault::Member(member));
        self.assessment(router)?.fault.or_else(others)
    }

    /// Starts what can start: at the very beginning and after a reload.
    fn begin(&mut self, now: Instant) {
        if self.stopping {
            return;
        }
        self.forget_untracked_scripts();
        for (index, script) in self.scripts.iter().enumerate() {
            if let Some(script) = &script.script {
                self.timers.arm(Timer::Script(ScriptId(number(index))), script.timeout());
            }
        }
        if self.speaks_from > now {
            self.timers.arm(Timer::Startup, Some(self.speaks_from));
        }
        self.assess_where(now, |_| true);
    }

    /// A script that nobody tracks is never run.
    fn forget_untracked_scripts(&mut self) {
        let routers = &self.routers;
        for (index, script) in self.scripts.iter_mut().enumerate() {
            let id = ScriptId(number(index));
            let tracks = |member: &Member| member.setup.tracks_target(id.into());
            if !routers.iter().any(tracks) {
                script.script = None;
            }
        }
    }

    /// A caller that comes late was stopped, and so were the scripts of its machine: they get the time that they may have
    /// lost, which is all since it last came.
    fn excuse_scripts(&mut self, now: Instant) {
        let late = self.poll_timeout().map_or(Duration::ZERO, |due| now.since(due));
        let lost = now.since(core::mem::replace(&mut self.looked, now));
        if late < STALL {
            return;
        }
        for (index, script) in self.scripts.iter_mut().enumerate() {
            if let Some(script) = &mut script.script {
                script.handle_stall(lost);
                self.timers.arm(Timer::Script(ScriptId(number(index))), script.timeout());
            }
        }
    }

    fn script_due(&mut self, now: Instant, script: ScriptId) {
        let Some(check) = self.script_mut(script) else { return };
        let before = check.up();
        let silence = check.handle_silence(now).map(|why| (check.silent_for(now), why));
        let after = check.up();
        let act = check.handle_timeout(now);
        let timeout = check.timeout();
        if let Some(act) = act {
            self.outbox.script(script, act);
        }
        self.timers.arm(Timer::Script(script), timeout);
        if let Some((silent_for, why)) = silence {
            self.outbox.event(Event::ScriptSilent { script, silent_for, why });
        }
        self.note_result(now, script, before, after);
    }

    fn assess_where(&mut self, now: Instant, concerned: impl Fn(&RouterSetup) -> bool) {
        let mut groups = BTreeMap::new();
        for router in self.ids() {
            match self.routers.get(router.index()).filter(|member| concerned(&member.setup)) {
                Some(Member { group: Some(group), .. }) => _ = groups.entry(*group).or_insert(router),
                Some(_) => self.reassess(now, router),
                None => {}
            }
        }
        for (group, first) in groups {
            self.reassess_group(now, group, first);
        }
    }

    fn assessment(&self, router: RouterId) -> Option<Assessment> {
        let member = self.routers.get(router.index())?;
        Some(self.assess(&member.setup, member.duplicate_of))
    }

    fn assess(&self, setup: &RouterSetup, duplicate_of: Option<RouterId>) -> Assessment {
        let assessment = assess(setup, &self.links, |target| self.fact(target));
        let fault = duplicate_of.map(Fault::Duplicate).or(assessment.fault);
        Assessment { fault, ..assessment }
    }

    fn script_mut(&mut self, script: ScriptId) -> Option<&mut Script> {
        self.scripts.get_mut(script.index())?.script.as_mut()
    }

    /// Tells a router the address and the priority that follow from the facts.
    fn apply(&mut self, router: RouterId, facts: &Assessment) {
        let address = self.source(router);
        let Some(member) = self.routers.get_mut(router.index()) else { return };
        if let Some(address) = address {
            member.router.set_address(address);
        }
        member.router.set_priority(facts.priority);
        self.settle(router);
    }

    /// Brings one router in line with the facts.
    fn reassess(&mut self, now: Instant, router: RouterId) {
        if self.stopping || self.speaks_from > now {
            return;
        }
        let (Some(facts), address) = (self.assessment(router), self.source(router)) else { return };
        if self.routers.get(router.index()).is_none_or(|member| member.retired) {
            return;
        }
        self.apply(router, &facts);
        let Some(member) = self.routers.get(router.index()) else { return };
        let running = member.router.state() != State::Initialize;
        match (facts.fault, address) {
            (Some(fault), _) => self.shut_down(now, router, Standing::Fault, Why::Fault(fault)),
            (None, _) if running => {}
            (None, Some(address)) => self.start(now, router, address, facts.pending),
            (None, None) => {}
        }
    }

    /// Starts a router that can take part, unless a check holds it back that could be a fault. One that goes on as
    /// Active does not wait for its checks.
    fn start(&mut self, now: Instant, router: RouterId, address: IpAddr, pending: bool) {
        let Some(member) = self.routers.get_mut(router.index()) else { return };
        match member.inherited.take() {
            Some(inherited) if inherited.goes_on(now, &member.router) => {
                member.router.handle_succession(now, address, inherited.memory(), true);
            }
            Some(inherited) if pending => {
                member.inherited = Some(Box::new(inherited.yielded()));
                if inherited.was_active() {
                    self.outbox.addresses(router, false);
                }
            }
            None if pending => {}
            Some(inherited) => member.router.handle_succession(now, address, inherited.memory(), false),
            None => member.router.handle_startup(now, address),
        }
        self.settle(router);
    }

    fn shut_down(&mut self, now: Instant, router: RouterId, to: Standing, why: Why) {
        let Some(member) = self.routers.get_mut(router.index()) else { return };
        member.inherited = None;
        if member.standing == Standing::Waiting {
            // A predecessor may have left the addresses.
            self.outbox.addresses(router, false);
        }
        member.router.handle_shutdown(now);
        self.settle(router);
        self.stand(router, to, why);
    }

    /// Takes over what a router asks for, and keeps its timer. Gives whether it announces its addresses.
    fn settle(&mut self, router: RouterId) -> bool {
        let mut entered = None;
        let mut announces = false;
        let Some(member) = self.routers.get_mut(router.index()) else { return false };
        while let Some(action) = member.router.poll_action() {
            match action {
                Action::SendAdvert(priority) => self.outbox.advert(router, priority),
                Action::AddAddresses => self.outbox.addresses(router, true),
                Action::RemoveAddresses => self.outbox.addresses(router, false),
                Action::Announce { repeat } => {
                    announces = true;
                    self.outbox.announce(router, repeat);
                }
                Action::Report(Report::Transition { to, cause, .. }) => entered = Some((to, cause)),
                Action::Report(report) => self.outbox.event(Event::Router { router, report }),
            }
        }
        self.timers.arm(Timer::Router(router), member.router.poll_timeout());
        self.note_news(router);
        match entered {
            Some((State::Active, cause)) => self.stand(router, Standing::Active, Why::Election(cause)),
            Some((State::Backup, cause)) => self.stand(router, Standing::Backup, Why::Election(cause)),
            // Whoever shut the router down says what that means.
            Some((State::Initialize, _)) | None => {}
        }
        announces
    }

    fn stand(&mut self, router: RouterId, to: Standing, why: Why) {
        let Some(member) = self.routers.get_mut(router.index()) else { return };
        let from = core::mem::replace(&mut member.standing, to);
        if from != to {
            let priority = member.router.priority();
            self.outbox.event(Event::Standing { router, from, to, why, priority });
        }
    }

    fn ids(&self) -> impl Iterator<Item = RouterId> + use<> {
        (0..number(self.routers.len())).map(RouterId)
    }
}

impl Member {
    /// All routers of a configuration, before their start.
    fn all(config: &NodeConfig, groups_of: &[Option<GroupId>]) -> Vec<Self> {
        let keys = RouterKey::all(config);
        let duplicates = RouterKey::duplicates(&keys);
        let members = config.routers.iter().zip(keys).zip(duplicates).zip(groups_of);
        members
            .map(|(((setup, key), duplicate_of), group)| Self::new(setup.clone(), key, *group, duplicate_of))
            .collect()
    }

    fn new(
        setup: RouterSetup,
        key: RouterKey,
        group: Option<GroupId>,
        duplicate_of: Option<RouterId>,
    ) -> Self {
        let mut router = VirtualRouter::new(setup.config.clone());
        router.set_synced(Instant::ZERO, group.is_some());
        Self {
            group,
            setup,
            router,
            standing: Standing::Waiting,
            key,
            duplicate_of,
            retired: false,
            inherited: None,
            digest: None,
        }
    }
}

impl Check {
    fn new(setup: ScriptSetup, now: Instant) -> Self {
        let script = Some(Script::new(setup.config, now));
        Self { name: setup.name, command: setup.command, script }
    }
}

/// A node has far fewer members than `u32` can count; what is beyond would alias the last one, not panic.
fn number(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

/// Later than this, a caller did not merely have other things to do. Being excused for less would do no harm, only
/// no good.
const STALL: Duration = Duration::from_millis(100);
