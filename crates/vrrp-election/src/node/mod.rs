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

pub(crate) mod config;
mod display;
mod event;
mod history;
mod intent;
mod key;
mod lifecycle;
mod memory;
mod names;
mod outbox;
mod reload;
mod scripts;
mod snapshot;
mod sync_group;
mod timers;
mod tracking;

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;

use crate::router::MAX_SLACK;
use crate::script::Script;
use crate::{Ignored, Input, Instant, Received, ScriptAct, ScriptRun, State, VirtualRouter};
use history::History;
use intent::Pursuit;
use memory::{Digest, Inherited, News};
use outbox::Outbox;
use reload::Reload;
use sync_group::Group;
use timers::{Timer, Timers};

pub use config::{
    Fact, FactId, GroupId, LinkId, LinkSetup, LinkState, NodeConfig, RouterId, RouterSetup, ScriptId,
    ScriptSetup, Track, TrackTarget, VirtualAddress,
};
pub use event::{Event, NodeAction, Standing, TransitionReason};
pub use history::{ChangedBy, Evidence, PriorityChange, Transition};
pub use intent::{Intent, IntentEnd, IntentKind, Progress, Refusal};
pub use key::{RouterKey, Transport};
pub use memory::{NodeMemory, Remember};
pub use snapshot::{GroupSnapshot, RouterSnapshot, ScriptSnapshot, Snapshot, Term, Waits};
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
    /// The time of the last input.
    now: Instant,
    /// Cause of the changes of priority while an input is handled.
    changed: ChangedBy,
    /// When time was last looked at.
    looked: Instant,
    links: Vec<LinkSetup>,
    facts: Vec<Fact>,
    timers: Timers,
    outbox: Outbox,
    /// The configuration that follows once everything was asked for that this one still has to do.
    reload: Option<Reload>,
    /// Values for a successor that were not reported yet.
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
    /// A predecessor's state of it, until the router starts.
    inherited: Option<Box<Inherited>>,
    /// The values last reported to a successor, as far as they are compared.
    digest: Option<Digest>,
    /// The intent for it, while there is one.
    pursuit: Option<Box<Pursuit>>,
    history: History,
}

/// One check script and what the node knows of it.
#[derive(Clone, Debug)]
struct Check {
    name: String,
    command: String,
    /// `None` if nobody tracks it: then it is never run.
    script: Option<Script>,
    /// When it was last found to be good or failed.
    since: Option<Instant>,
    /// The last run of which it is known how it ended.
    last_run: Option<Arc<ScriptRun>>,
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
            now,
            changed: ChangedBy::Configuration,
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
        let was_up = core::mem::replace(&mut known.state, state).up;
        self.now = now;
        if was_up != state.up {
            self.remark(now, Input::Target { target: link.into(), fact: state.up.into() }, |setup| {
                setup.link == Some(link) || setup.tracks_target(link.into())
            });
        }
        self.assess_target(now, link.into(), |setup| {
            setup.link == Some(link) || setup.tracks_target(link.into())
        });
    }

    /// Something that routers depend on changed, or became known.
    pub fn handle_fact(&mut self, now: Instant, id: FactId, fact: Fact) {
        let Some(known) = self.facts.get_mut(id.index()) else { return };
        let before = core::mem::replace(known, fact);
        if before != fact {
            self.now = now;
            if before != Fact::Unknown {
                self.remark(now, Input::Target { target: id.into(), fact }, |setup| {
                    setup.tracks_target(id.into())
                });
            }
            self.assess_target(now, id.into(), |setup| setup.tracks_target(id.into()));
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
            self.settle(now, router);
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
        self.now = now;
        let before = member.router.state();
        let result = member.router.handle_advert(now, arrived, advert);
        let announces = self.settle(now, router);
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
        self.now = now;
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
                    self.router_due(now, router);
                }
                Timer::Intent(router) => self.intent_due(now, router),
                Timer::Script(script) => self.script_due(now, script),
            }
        }
    }

    fn router_due(&mut self, now: Instant, router: RouterId) {
        let Some(member) = self.routers.get_mut(router.index()) else { return };
        let before = member.router.state();
        member.router.handle_timeout(now);
        let after = member.router.state();
        let group = member.group.filter(|_| member.router.is_ready() || before != after);
        self.settle(now, router);
        if let Some(group) = group {
            self.synchronize(now, group, router);
        }
    }

    /// The machine is about to stop: every Active gives its addresses away, `within` this time, and lets go of them then at
    /// the latest; all others stop at once. Once nobody [is departing](Self::is_departing), [stop](Self::handle_stop).
    pub fn handle_departure(&mut self, now: Instant, within: Duration) {
        self.now = now;
        self.stopping = true;
        self.stop_scripts();
        for router in self.ids() {
            let Some(member) = self.routers.get_mut(router.index()) else { continue };
            if member.router.state() == State::Active {
                member.router.handle_departure(now, within);
                self.settle(now, router);
            } else {
                self.shut_down(now, router, Standing::Stopped, TransitionReason::Stop);
            }
        }
    }

    /// Whether a router still serves after [`handle_departure`](Self::handle_departure).
    #[must_use]
    pub fn is_departing(&self) -> bool {
        self.stopping && self.routers.iter().any(|member| member.router.state() == State::Active)
    }

    /// The machine stops: every Active says so, lets go of its addresses, and nothing starts again.
    pub fn handle_stop(&mut self, now: Instant) {
        self.now = now;
        self.stopping = true;
        self.stop_scripts();
        for router in self.ids() {
            self.shut_down(now, router, Standing::Stopped, TransitionReason::Stop);
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
    /// later: for a caller that has done the changes to the addresses of this router and leaves those of others for
    /// another turn. The other actions may wait while other inputs are handed in; they follow the adverts that those
    /// inputs ask for. A reload or a stop is only to be handed in by a caller that takes everything afterwards.
    pub fn take_announcement(&mut self, router: RouterId) -> bool {
        let state = self.routers.get(router.index()).map(|member| member.router.state());
        state == Some(State::Active) && self.outbox.take_announcement(router)
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due. Changes with every input.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.timers.next()
    }

    /// The standing of a router.
    #[must_use]
    pub fn standing(&self, router: RouterId) -> Option<Standing> {
        self.routers.get(router.index()).map(|member| member.standing)
    }

    /// The identity of a router on the wire, as long as its configuration does not change it.
    #[must_use]
    pub fn key(&self, router: RouterId) -> Option<&RouterKey> {
        self.routers.get(router.index()).map(|member| &member.key)
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

    /// The destinations of a router's adverts.
    #[must_use]
    pub fn transport(&self, router: RouterId) -> Option<&Transport> {
        Some(&self.routers.get(router.index())?.setup.transport)
    }

    /// Present knowledge of a thing that routers depend on.
    #[must_use]
    pub fn fact(&self, target: TrackTarget) -> Fact {
        match target {
            TrackTarget::Link(id) => self.links.get(id.index()).is_some_and(|link| link.state.up).into(),
            TrackTarget::Script(id) => self.script_up(id).map_or(Fact::Unknown, Fact::from),
            TrackTarget::Fact(id) => self.facts.get(id.index()).copied().unwrap_or_default(),
        }
    }

    /// The fault that keeps a router from taking part now.
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
        let blocks = u8::try_from(RECORDED_BLOCKS / self.routers.len().max(1)).unwrap_or(u8::MAX);
        for member in &mut self.routers {
            member.router.limit_recording(blocks);
        }
        for (index, script) in self.scripts.iter().enumerate() {
            if let Some(script) = &script.script {
                self.timers.arm(Timer::Script(ScriptId(number(index))), script.timeout());
            }
        }
        if self.speaks_from > now {
            self.timers.arm(Timer::Startup, Some(self.speaks_from));
        }
        for router in self.ids() {
            self.arm_intent(router);
        }
        self.assess_where(now, |_| true);
    }

    /// Something that routers track is noted for those who look at their last changes.
    fn remark(&mut self, now: Instant, input: Input, concerned: impl Fn(&RouterSetup) -> bool) {
        for member in self.routers.iter_mut().filter(|member| concerned(&member.setup)) {
            member.router.remark(now, input);
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
            pursuit: None,
            history: History::default(),
        }
    }
}

impl Check {
    fn new(setup: ScriptSetup, now: Instant) -> Self {
        let script = Some(Script::new(setup.config, now));
        Self { name: setup.name, command: setup.command, script, since: None, last_run: None }
    }
}

/// A node has far fewer members than `u32` can count; one beyond would alias the last one, not panic.
fn number(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

/// Blocks of recorded inputs that all routers together may have, unless there are so many that each has its least.
const RECORDED_BLOCKS: usize = 2048;

/// Later than this, a caller did not merely have other things to do. Being excused for less would do no harm, only
/// no good.
const STALL: Duration = Duration::from_millis(100);
