//! What people want of a server at run time: to drain it, to take it out for maintenance, to give it another weight.
//!
//! An intent says who wants it, why, and until when. It outlives reloads and restarts, ends at its time, and leaves what
//! the checks find as it is: when it ends, the server has what they gave it meanwhile.

use std::time::{Duration, Instant};

use super::service::Member;
use super::timers::Timer;
use super::{Director, ServerId};

/// What somebody wants of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intent {
    /// What is done.
    pub mode: Mode,
    /// Who wants it.
    pub who: String,
    /// Why.
    pub why: String,
    /// It ends then; `None`: when somebody says so.
    pub until: Option<Instant>,
}

impl Intent {
    /// Without a reason, until somebody ends it.
    pub fn new(mode: Mode, who: impl Into<String>) -> Self {
        Self { mode, who: who.into(), why: String::new(), until: None }
    }
}

/// Who wants a weight that the kernel was given past the director.
pub const OUTSIDE: &str = "outside";

/// What is done with a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mode {
    /// Weight 0, so that its connections may finish; it does not count for the quorum. When none are left, or at the deadline,
    /// it is out as a server that is down.
    Drain {
        /// They are waited for until then; `None`: as long as there are any.
        deadline: Option<Instant>,
        /// So many are open, as far as was [said](Director::handle_connections).
        open: Option<u64>,
        /// They have ended, or their time has.
        finished: bool,
    },
    /// Weight 0 and no checks; it does not count for the quorum.
    Maintenance,
    /// This weight instead of its own. For the quorum its own counts.
    Weight(u32),
}

impl Mode {
    /// Drains until no connection is left.
    pub fn drain() -> Self {
        Self::Drain { deadline: None, open: None, finished: false }
    }
}

/// What happened to an intent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Steered {
    /// It begins, or takes the place of an earlier one.
    Begins,
    /// Somebody ended it.
    Ended,
    /// Its time is over.
    Expired,
    /// No connection is left on the server that it drains, or their time is over.
    Drained,
}

impl Member {
    /// Whether it counts for the quorum while it is up.
    pub(super) fn is_meant_to_serve(&self) -> bool {
        !matches!(self.mode(), Some(Mode::Drain { .. } | Mode::Maintenance))
    }

    /// Whether its checks are made.
    pub(super) fn is_in_maintenance(&self) -> bool {
        matches!(self.mode(), Some(Mode::Maintenance))
    }

    pub(super) fn mode(&self) -> Option<Mode> {
        self.intent.as_ref().map(|intent| intent.mode)
    }

    /// When its intent has to be looked at.
    pub(super) fn intent_due(&self) -> Option<Instant> {
        let intent = self.intent.as_ref()?;
        let deadline = match intent.mode {
            Mode::Drain { deadline, finished: false, .. } => deadline,
            _ => None,
        };
        intent.until.into_iter().chain(deadline).min()
    }
}

impl Director {
    /// Somebody wants this of a server; `None`: nothing any more. Ignored if there is no such server.
    pub fn steer(&mut self, now: Instant, server: ServerId, intent: Option<Intent>) {
        if self.member(server).is_none_or(|member| member.intent.is_none() && intent.is_none())
            || self.stopping
        {
            return;
        }
        let how = if intent.is_some() { Steered::Begins } else { Steered::Ended };
        self.change_intent(now, server, intent, how);
    }

    /// Somebody gave a server this weight in the kernel, past the director: taken as an [intent](Mode::Weight) of
    /// [`OUTSIDE`] until then. If it is the server's own weight, such an intent ends. Gives whether it was taken: only one that
    /// serves, and of which nobody else wants anything, can be given a weight.
    pub fn handle_foreign_weight(
        &mut self,
        now: Instant,
        server: ServerId,
        weight: u32,
        until: Option<Instant>,
    ) -> bool {
        let Some(pool) = self.pools.get(server.service.index()) else { return false };
        let Some(member) = pool.members.get(server.index()) else { return false };
        let is_free = member.intent.as_ref().is_none_or(|intent| intent.who == OUTSIDE);
        if !pool.serves(member) || !is_free || self.stopping {
            return false;
        }
        let intent =
            (weight != member.weight).then(|| Intent { until, ..Intent::new(Mode::Weight(weight), OUTSIDE) });
        self.steer(now, server, intent);
        true
    }

    /// What is wanted of a server.
    pub fn intent(&self, server: ServerId) -> Option<&Intent> {
        self.member(server)?.intent.as_deref()
    }

    /// A server that is drained has so many connections.
    pub fn handle_connections(&mut self, now: Instant, server: ServerId, count: u64) {
        let Some(member) = self.member_mut(server) else { return };
        if let Some(Intent { mode: Mode::Drain { open, finished: false, .. }, .. }) =
            member.intent.as_deref_mut()
        {
            *open = Some(count);
            if count == 0 {
                self.finish_drain(now, server);
            }
        }
    }

    /// The time of an intent, or of the connections that it waits for, is over.
    pub(super) fn time_intent(&mut self, now: Instant, server: ServerId) {
        let Some(intent) = self.intent(server) else { return };
        if intent.until.is_some_and(|until| until <= now) {
            self.change_intent(now, server, None, Steered::Expired);
        } else if matches!(intent.mode, Mode::Drain { deadline: Some(deadline), finished: false, .. } if deadline <= now)
        {
            self.finish_drain(now, server);
        }
    }

    fn finish_drain(&mut self, now: Instant, server: ServerId) {
        let Some(mut intent) = self.intent(server).cloned() else { return };
        if let Mode::Drain { finished, .. } = &mut intent.mode {
            *finished = true;
        }
        self.change_intent(now, server, Some(intent), Steered::Drained);
    }

    fn change_intent(&mut self, now: Instant, id: ServerId, intent: Option<Intent>, how: Steered) {
        let due = |member: &Member| member.intent_due().map(|at| (at, Timer::Intent(id)));
        let Some(pool) = self.pools.get_mut(id.service.index()) else { return };
        let Some(member) = pool.members.get_mut(id.index()) else { return };
        let (before, counted) = (due(member), member.live());
        member.intent = intent.map(Box::new);
        let after = due(member);
        pool.live = pool.live + member.live() - counted;
        let slots = member.checks.clone();
        if let Some((at, timer)) = before {
            self.timers.disarm(at, timer);
        }
        if let Some((at, timer)) = after {
            self.timers.arm(at, timer);
        }
        self.outbox.program(id.service);
        self.recollection.change(id.service);
        self.outbox.tell(super::Event::Steered { server: id, how });
        for slot in slots {
            self.wake_or_sleep(now, slot);
        }
        self.reckon(id.service, false);
    }
}

/// An intent whose times count from an origin.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct IntentMemory {
    mode: ModeMemory,
    who: String,
    why: String,
    until: Option<Duration>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
enum ModeMemory {
    Drain { deadline: Option<Duration>, finished: bool },
    Maintenance,
    Weight(u32),
}

impl IntentMemory {
    pub(super) fn of(intent: &Intent, since: impl Fn(Instant) -> Duration) -> Self {
        let mode = match intent.mode {
            Mode::Drain { deadline, finished, .. } => {
                ModeMemory::Drain { deadline: deadline.map(&since), finished }
            }
            Mode::Maintenance => ModeMemory::Maintenance,
            Mode::Weight(weight) => ModeMemory::Weight(weight),
        };
        Self { mode, who: intent.who.clone(), why: intent.why.clone(), until: intent.until.map(since) }
    }

    pub(super) fn recall(&self, at: impl Fn(Duration) -> Instant) -> Intent {
        let mode = match self.mode {
            ModeMemory::Drain { deadline, finished } => {
                Mode::Drain { deadline: deadline.map(&at), open: None, finished }
            }
            ModeMemory::Maintenance => Mode::Maintenance,
            ModeMemory::Weight(weight) => Mode::Weight(weight),
        };
        Intent { mode, who: self.who.clone(), why: self.why.clone(), until: self.until.map(at) }
    }
}
