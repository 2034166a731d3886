//! Snapshots: the state of everything at a moment, put together on demand from values that the node keeps anyway.

use alloc::sync::Arc;
use core::net::IpAddr;
use core::time::Duration;

use vrrp_proto::Priority;

use super::tracking::weight;
use super::{
    Fact, Fault, GroupId, Node, RouterId, RouterSetup, ScriptId, Standing, Track, TrackTarget, Transition,
    TransitionReason, number,
};
use crate::{Counters, Heard, Instant, Observed, ScriptConfig, ScriptRun};

/// A node at a moment. Nothing is copied: each part is put together when it is asked for.
///
/// ```
/// use vrrp_election::{
///     Fault, Instant, LinkId, LinkSetup, Node, NodeConfig, RouterConfig, RouterId, RouterSetup, TransitionReason,
/// };
/// use vrrp_proto::{Family, RouterInterval, Vrid};
///
/// let config = RouterConfig::new(Vrid::new(51)?, Family::Ipv4, RouterInterval::seconds(1)?);
/// let links = vec![LinkSetup { name: "eth0".into(), ..LinkSetup::default() }];
/// let config = NodeConfig { routers: vec![RouterSetup::new(config, LinkId(0))], links, ..NodeConfig::default() };
/// let node = Node::new(Instant::ZERO, config);
/// let router = node.snapshot(Instant::ZERO).router(RouterId(0)).ok_or("there is one")?;
/// assert_eq!(router.why(), Some(TransitionReason::Fault(Fault::LinkDown(LinkId(0)))));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Snapshot<'n> {
    node: &'n Node,
    now: Instant,
}

/// A router at a moment.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct RouterSnapshot<'n> {
    /// Which.
    pub id: RouterId,
    /// Its configuration.
    pub setup: &'n RouterSetup,
    /// Its standing.
    pub standing: Standing,
    /// The fault that keeps it from taking part.
    pub fault: Option<Fault>,
    /// The event that it waits for before it starts.
    pub waits: Option<Waits>,
    /// Its sync group.
    pub group: Option<GroupId>,
    /// The effective priority.
    pub priority: Priority,
    /// The address that its adverts come from.
    pub source: Option<IpAddr>,
    /// The Active that it obeys.
    pub obeys: Option<&'n Heard>,
    /// The Active of lower priority that it is about to preempt.
    pub preempts: Option<&'n Heard>,
    /// The interval that counts: its own while it is Active, that of the Active while it is a Backup.
    pub interval: Duration,
    /// The time that a Backup waits for an advert.
    pub down_interval: Duration,
    /// The part of it that follows from the priority.
    pub skew_time: Duration,
    /// Time until a Backup takes over or an Active has something to send, unless something happens before.
    pub due_in: Option<Duration>,
    /// Its observations.
    pub observed: &'n Observed,
    /// Its counters.
    pub counters: Counters,
    /// Its last changes of standing, oldest first; at most eight.
    pub history: &'n [Transition],
    node: &'n Node,
}

/// Something that a router tracks, and its effect on the priority at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Term {
    /// The tracked target and its weight.
    pub track: Track,
    /// The present fact.
    pub fact: Fact,
    /// The number that it adds to the priority.
    pub adds: i64,
}

/// An event that a router waits for before it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Waits {
    /// The startup delay, for so long.
    StartupDelay(Duration),
    /// The first result of something without which it does not take part.
    Target(TrackTarget),
    /// The members of its sync group.
    Group,
}

/// A sync group at a moment.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct GroupSnapshot<'n> {
    /// Its name.
    pub name: &'n str,
    /// The standing of its members, if all have the same.
    pub standing: Standing,
    /// Since when; `None` before the first change.
    pub since: Option<Instant>,
    /// Its members.
    pub members: &'n [RouterId],
}

/// A check script at a moment.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ScriptSnapshot<'n> {
    /// Its name.
    pub name: &'n str,
    /// Its parameters; `None` if nobody tracks it, so that it is never run.
    pub config: Option<&'n ScriptConfig>,
    /// Whether it is good; `None` if that is not known.
    pub up: Option<bool>,
    /// Since when; `None` before the first change.
    pub since: Option<Instant>,
    /// The last run of which it is known how it ended.
    pub last_run: Option<&'n Arc<ScriptRun>>,
    /// Results in a row of the kind of the last one.
    pub streak: u32,
    /// A run is under way.
    pub runs: bool,
    /// Time until the next run.
    pub next_in: Option<Duration>,
    /// It has had no result for so long that this was reported.
    pub is_silent: bool,
}

impl Node {
    /// A snapshot at `now`.
    #[must_use]
    pub fn snapshot(&self, now: Instant) -> Snapshot<'_> {
        Snapshot { node: self, now }
    }

    /// The fault that keeps a router from taking part. For a member of a large group, the member that took the group
    /// along is checked first, so that a snapshot of all members does not look at all others for each.
    fn known_fault(&self, router: RouterId) -> Option<Fault> {
        let own = self.assessment(router)?.fault;
        let member = self.routers.get(router.index())?;
        if own.is_some() || member.standing != Standing::Fault {
            return own;
        }
        match member.history.transitions().last().map(|last| last.why) {
            Some(TransitionReason::Fault(fault @ Fault::Member(other)))
                if self.assessment(other).is_some_and(|facts| facts.fault.is_some()) =>
            {
                Some(fault)
            }
            _ => self.fault(router),
        }
    }

    fn waits(&self, now: Instant, router: RouterId) -> Option<Waits> {
        let member = self.routers.get(router.index())?;
        if member.standing != Standing::Waiting {
            return None;
        }
        if self.speaks_from > now {
            return Some(Waits::StartupDelay(self.speaks_from.since(now)));
        }
        let unknown = |track: &&Track| track.weight == 0 && self.fact(track.target) == Fact::Unknown;
        let target = member.setup.tracks.iter().find(unknown).map(|track| Waits::Target(track.target));
        target.or(member.group.map(|_| Waits::Group))
    }
}

impl<'n> Snapshot<'n> {
    /// One router.
    #[must_use]
    pub fn router(&self, id: RouterId) -> Option<RouterSnapshot<'n>> {
        let node = self.node;
        let member = node.routers.get(id.index())?;
        let router = &member.router;
        let interval = match member.standing {
            Standing::Active => router.config().advert_interval(),
            _ => router.active_interval(),
        };
        Some(RouterSnapshot {
            id,
            setup: &member.setup,
            standing: member.standing,
            fault: node.known_fault(id),
            waits: node.waits(self.now, id),
            group: member.group,
            priority: router.priority(),
            source: node.source(id),
            obeys: router.obeys(),
            preempts: router.preempts(self.now),
            interval,
            down_interval: router.active_down_interval(),
            skew_time: router.skew_time(),
            due_in: router.poll_timeout().map(|at| at.since(self.now)),
            observed: router.observed(),
            counters: router.counters(),
            history: member.history.transitions(),
            node,
        })
    }

    /// All routers.
    pub fn routers(&self) -> impl Iterator<Item = RouterSnapshot<'n>> {
        let snapshot = *self;
        self.node.ids().filter_map(move |id| snapshot.router(id))
    }

    /// One sync group.
    #[must_use]
    pub fn group(&self, id: GroupId) -> Option<GroupSnapshot<'n>> {
        let (name, members, since) = self.node.group_view(id)?;
        Some(GroupSnapshot { name, standing: self.node.group_standing(id)?, since, members })
    }

    /// One check script.
    #[must_use]
    pub fn script(&self, id: ScriptId) -> Option<ScriptSnapshot<'n>> {
        let check = self.node.scripts.get(id.index())?;
        let script = check.script.as_ref();
        Some(ScriptSnapshot {
            name: &check.name,
            config: script.map(crate::script::Script::config),
            up: script.and_then(crate::script::Script::up),
            since: check.since,
            last_run: check.last_run.as_ref(),
            streak: script.map_or(0, crate::script::Script::streak),
            runs: script.is_some_and(crate::script::Script::runs),
            next_in: script.and_then(crate::script::Script::next_run).map(|at| at.since(self.now)),
            is_silent: script.is_some_and(crate::script::Script::is_silent),
        })
    }

    /// All check scripts.
    pub fn scripts(&self) -> impl Iterator<Item = ScriptSnapshot<'n>> {
        let snapshot = *self;
        (0..number(self.node.scripts.len())).filter_map(move |id| snapshot.script(ScriptId(id)))
    }
}

impl<'n> RouterSnapshot<'n> {
    /// The last change of its standing.
    #[must_use]
    pub fn last(&self) -> Option<&'n Transition> {
        self.history.last()
    }

    /// Why it is what it is; `None` before the first change.
    #[must_use]
    pub fn why(&self) -> Option<TransitionReason> {
        self.last().map(|last| last.why)
    }

    /// Its tracks, and the effect of each on the priority.
    pub fn terms(&self) -> impl Iterator<Item = Term> {
        let node = self.node;
        self.setup.tracks.iter().map(move |track| {
            let fact = node.fact(track.target);
            Term { track: *track, fact, adds: weight(track, fact) }
        })
    }
}
