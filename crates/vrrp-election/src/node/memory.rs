//! State of a whole machine for the successor of a process that died.
//!
//! The node tells what is new ([`Node::poll_memory`]), the caller keeps it where it outlives the process, and
//! [`Node::resume`] takes it. Routers are found by their [`RouterKey`], as on a reload.
//!
//! A router that was Active goes on as Active, so that a crash costs nothing. It does not where it must not preempt
//! at once (`nopreempt`, `preempt_delay`) and its predecessor may have been silent for so long that another machine
//! serves by now: then it starts as Backup and listens a whole wait.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use super::intent::Pursuit;
use super::key::pairs;
use super::{Intent, Member, Node, NodeConfig, RouterId, RouterKey};
use crate::{Instant, Preempt, RouterMemory, State, VirtualRouter};

/// Something to remember for a successor, in place of what was remembered of the same before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remember {
    /// State of a router.
    Router(RouterKey, RouterMemory),
    /// There is no such router any more.
    NoRouter(RouterKey),
    /// The intent for a router; `None` once there is none.
    Intent(RouterKey, Option<Box<Intent>>),
    /// Whether the check that runs this command is good; `None` if that is not known.
    Check(String, Option<bool>),
}

/// State that a predecessor left.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeMemory {
    /// Until when it surely served: every Active had sent the adverts that were due. `None` if that is not known.
    pub alive: Option<Instant>,
    /// When its startup delay ends or ended; `None` if that is not known.
    pub speaks_from: Option<Instant>,
    /// Its routers.
    pub routers: BTreeMap<RouterKey, RouterMemory>,
    /// Intents for its routers.
    pub intents: BTreeMap<RouterKey, Intent>,
    /// Its checks by their commands, and whether they are good.
    pub checks: BTreeMap<String, bool>,
}

impl NodeMemory {
    /// Takes note of something.
    pub fn note(&mut self, what: Remember) {
        match what {
            Remember::Router(key, memory) => _ = self.routers.insert(key, memory),
            Remember::NoRouter(key) => {
                self.routers.remove(&key);
                self.intents.remove(&key);
            }
            Remember::Intent(key, Some(intent)) => _ = self.intents.insert(key, *intent),
            Remember::Intent(key, None) => _ = self.intents.remove(&key),
            Remember::Check(command, Some(up)) => _ = self.checks.insert(command, up),
            Remember::Check(command, None) => _ = self.checks.remove(&command),
        }
    }
}

/// Values for a successor that were not reported yet.
#[derive(Clone, Debug, Default)]
pub(super) struct News {
    /// Told first, in this order.
    others: VecDeque<Remember>,
    routers: BTreeSet<RouterId>,
}

/// A predecessor's state of a router, until the router starts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Inherited {
    memory: RouterMemory,
    alive: Option<Instant>,
}

/// The values whose change is reported at once.
pub(super) type Digest = (State, Duration, Option<Instant>);

impl Node {
    /// A node that succeeds one whose process died, at `now`. Its startup delay is over when that of the predecessor
    /// is.
    #[must_use]
    pub fn resume(now: Instant, config: NodeConfig, memory: &NodeMemory) -> Self {
        let delayed = now + config.startup_delay;
        let mut node = Self::at_rest(now, config);
        node.speaks_from = match memory.speaks_from {
            Some(at) => at.min(delayed),
            None if memory.routers.is_empty() => delayed,
            None => now,
        };
        node.inherit(memory);
        node.begin(now);
        node
    }

    /// When the startup delay ends: what [`NodeMemory::speaks_from`] should say.
    #[must_use]
    pub fn speaks_from(&self) -> Instant {
        self.speaks_from
    }

    /// Something that a successor should know and that was not told yet, if any. Changes with every input.
    ///
    /// Changes that decide how a successor starts are reported at once; counters and times of adverts only with them,
    /// or when [`remember`](Self::remember) asks for them.
    pub fn poll_memory(&mut self) -> Option<Remember> {
        if let Some(other) = self.news.others.pop_front() {
            return Some(other);
        }
        let router = self.news.routers.pop_first()?;
        let member = self.routers.get(router.index())?;
        Some(Remember::Router(member.key.clone(), member.router.memory()))
    }

    /// Tells what a router knows once more, with everything that changed since.
    pub fn remember(&mut self, router: RouterId) {
        let is_remembered = |member: &Member| member.duplicate_of.is_none() && !member.retired;
        if self.routers.get(router.index()).is_some_and(is_remembered) {
            self.news.routers.insert(router);
        }
    }

    /// Interval at which a caller should note that it lives ([`NodeMemory::alive`]), so that a successor may go on as
    /// Active where it must not preempt; `None` while no router needs that.
    #[must_use]
    pub fn alive_interval(&self) -> Option<Duration> {
        let needs = |router: &&VirtualRouter| router.state() == State::Active && !preempts_at_once(router);
        let routers = self.routers.iter().map(|member| &member.router);
        routers.filter(needs).map(|router| router.config().interval.duration()).min()
    }

    /// Notes what is new of a router.
    pub(super) fn note_news(&mut self, router: RouterId) {
        let Some(member) = self.routers.get_mut(router.index()) else { return };
        let digest = member.router.memory_digest();
        if member.digest.replace(digest) != Some(digest) {
            self.remember(router);
        }
    }

    /// Notes that a check changed.
    pub(super) fn note_check(&mut self, command: String, up: Option<bool>) {
        self.news.others.push_back(Remember::Check(command, up));
    }

    /// Ids mean other routers now; `old` are those before, `before` says which of them each of the new ones is.
    pub(super) fn forget_others(&mut self, old: &[Member], before: &[Option<RouterId>]) {
        self.news.routers.clear();
        let kept: BTreeSet<&RouterKey> = self.routers.iter().map(|member| &member.key).collect();
        let gone = old.iter().filter(|member| member.duplicate_of.is_none() && !kept.contains(&member.key));
        self.news.others.extend(gone.map(|member| Remember::NoRouter(member.key.clone())));
        for (member, before) in self.routers.iter_mut().zip(before) {
            let old = before.and_then(|id| old.get(id.index()));
            if let Some(pursuit) = &member.pursuit
                && old.is_none_or(|old| old.key != member.key)
            {
                let intent = Some(Box::new(pursuit.intent.clone()));
                self.news.others.push_back(Remember::Intent(member.key.clone(), intent));
            }
            // Under another key it has to be told again.
            member.digest = old.filter(|old| old.key == member.key).and_then(|old| old.digest);
        }
    }

    fn inherit(&mut self, memory: &NodeMemory) {
        self.inherit_intents(memory);
        let keys: Vec<RouterKey> = self.routers.iter().map(|member| member.key.clone()).collect();
        let known: Vec<_> = memory.routers.iter().collect();
        let before = pairs(known.iter().map(|(key, _)| Some(*key)), &keys);
        for (member, before) in self.routers.iter_mut().zip(before) {
            let known = before.and_then(|id| known.get(id.index()));
            member.inherited =
                known.map(|(_, router)| Box::new(Inherited { memory: **router, alive: memory.alive }));
        }
        let gone = known.iter().filter(|(key, _)| !keys.contains(key));
        self.news.others.extend(gone.map(|(key, _)| Remember::NoRouter((*key).clone())));
        for check in &mut self.scripts {
            if let (Some(script), Some(up)) = (&mut check.script, memory.checks.get(&check.command)) {
                script.inherit(*up);
            }
        }
    }
}

impl Node {
    fn inherit_intents(&mut self, memory: &NodeMemory) {
        let keys: Vec<RouterKey> = self.routers.iter().map(|member| member.key.clone()).collect();
        let known: Vec<_> = memory.intents.iter().collect();
        let before = pairs(known.iter().map(|(key, _)| Some(*key)), &keys);
        for (member, before) in self.routers.iter_mut().zip(before) {
            let intent = before.and_then(|id| known.get(id.index())).map(|(_, intent)| (*intent).clone());
            member.pursuit = intent.map(|intent| Box::new(Pursuit::new(intent)));
        }
        for (key, _) in known.iter().filter(|(key, _)| !keys.contains(key)) {
            self.news.note(Remember::Intent((*key).clone(), None));
        }
    }
}

impl News {
    pub(super) fn note(&mut self, what: Remember) {
        self.others.push_back(what);
    }
}

impl Inherited {
    /// Whether it was Active.
    pub(super) fn was_active(&self) -> bool {
        self.memory.state == State::Active
    }

    /// Whether `router` goes on as Active.
    pub(super) fn goes_on(&self, now: Instant, router: &VirtualRouter) -> bool {
        self.was_active()
            && (preempts_at_once(router) || now < self.surely_heard(router) + router.patience_of_others())
    }

    /// It starts as Backup, whatever it was.
    pub(super) fn yielded(self) -> Self {
        Self { memory: RouterMemory { state: State::Backup, ..self.memory }, ..self }
    }

    pub(super) fn memory(&self) -> &RouterMemory {
        &self.memory
    }

    /// When others last heard of the router, at the least: an Active that lived sent an advert in each interval.
    fn surely_heard(&self, router: &VirtualRouter) -> Instant {
        let alive = self.alive.map(|alive| alive - router.config().interval.duration());
        self.memory.spoke.max(alive).unwrap_or(Instant::ZERO)
    }
}

/// Whether it may take over from a lower priority at any time: then it is no fault to go on as Active after a silence.
fn preempts_at_once(router: &VirtualRouter) -> bool {
    let config = router.config();
    config.priority.is_owner() || config.preempt == Preempt::AtOnce
}
