//! Intents: changes that people make to a server at run time (drain it, take it out for maintenance, give it another
//! weight).
//!
//! An intent says who wants it, why, and until when. It outlives reloads and restarts, ends at its time, and leaves what
//! the checks find as it is: when it ends, the server has what they gave it meanwhile.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::service::{Member, Pool};
use super::timers::Timer;
use super::{Director, ServerId, ServiceId};

/// A change that somebody makes to a server at run time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intent {
    /// The change.
    pub mode: Mode,
    /// Name of the person or program that asked for it.
    pub who: String,
    /// The reason.
    pub why: String,
    /// It ends then; `None`: when somebody says so.
    pub until: Option<Instant>,
    /// Since when it holds; [`Director::steer`] sets it.
    pub since: Option<Instant>,
}

impl Intent {
    /// Without a reason, until somebody ends it.
    pub fn new(mode: Mode, who: impl Into<String>) -> Self {
        Self { mode, who: who.into(), why: String::new(), until: None, since: None }
    }
}

/// The [`Intent::who`] of a weight that another program set in the kernel.
pub const OUTSIDE: &str = "outside";

/// The change that an intent makes to a server.
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

/// Why a server is not steered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SteerError {
    /// No virtual server has this name.
    #[error("no virtual server {0}")]
    NoService(String),
    /// The virtual server has no such real server.
    #[error("the virtual server has no real server {0}")]
    NoServer(SocketAddr),
    /// Nobody wants anything of the server.
    #[error("nothing is asked of the server, so nothing ends")]
    NothingToEnd,
    /// A weight that IPVS does not take from a configuration either.
    #[error("weight {0} is greater than {max}", max = super::MAX_WEIGHT)]
    Weight(u32),
    /// It would end at once.
    #[error("its end is not in the future")]
    Over,
    /// The machine stops.
    #[error("the load balancer stops")]
    Stopping,
}

/// Change of an intent.
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
    /// Somebody wants this of a server; `None`: nothing any more. Ignored if there is no such server, and for a sorry server.
    pub fn steer(&mut self, now: Instant, server: ServerId, intent: Option<Intent>) {
        if self.member(server).is_none_or(|member| member.intent.is_none() && intent.is_none())
            || self.stopping
            || server.is_sorry()
        {
            return;
        }
        let how = if intent.is_some() { Steered::Begins } else { Steered::Ended };
        let intent = intent.map(|intent| Intent { since: Some(now), ..intent });
        self.change_intent(now, server, intent, how);
    }

    /// The server of this name and address, as somebody names it: the virtual server by [`Service::name`](super::Service::name).
    ///
    /// # Errors
    ///
    /// There is no such virtual server, or no such real server in it.
    pub fn find(&self, service: &str, server: SocketAddr) -> Result<ServerId, SteerError> {
        let named = |(_, pool): &(ServiceId, &Pool)| pool.name == service;
        let pools = self.services().zip(&self.pools);
        let (id, pool) =
            pools.into_iter().find(named).ok_or_else(|| SteerError::NoService(service.to_owned()))?;
        let members = self.members(id).zip(&pool.members);
        let at = |(id, member): (ServerId, &Member)| (member.address == server).then_some(id);
        members.into_iter().find_map(at).ok_or(SteerError::NoServer(server))
    }

    /// [Steers](Self::steer) the server of this name and address.
    ///
    /// # Errors
    ///
    /// In this order: the director stops; there is no such virtual or real server; there is nothing to end; the weight is
    /// greater than [`MAX_WEIGHT`](super::MAX_WEIGHT); the time is over already. Nothing changes then.
    pub fn steer_named(
        &mut self,
        now: Instant,
        (service, server): (&str, SocketAddr),
        intent: Option<Intent>,
    ) -> Result<ServerId, SteerError> {
        if self.stopping {
            return Err(SteerError::Stopping);
        }
        let id = self.find(service, server)?;
        match &intent {
            None if self.intent(id).is_none() => return Err(SteerError::NothingToEnd),
            Some(Intent { mode: Mode::Weight(weight), .. }) if *weight > super::MAX_WEIGHT => {
                return Err(SteerError::Weight(*weight));
            }
            Some(Intent { until: Some(until), .. }) if *until <= now => return Err(SteerError::Over),
            _ => {}
        }
        self.steer(now, id, intent);
        Ok(id)
    }

    /// Servers that are drained until no connection is open, of which [`handle_connections`](Self::handle_connections) is to
    /// tell. Few at any time.
    pub fn awaiting_connections(&self) -> impl Iterator<Item = ServerId> + use<'_> {
        let waits = |member: &Member| matches!(member.mode(), Some(Mode::Drain { finished: false, .. }));
        let pools = (0..).map(ServiceId).zip(&self.pools);
        pools.flat_map(move |(service, pool)| {
            let places = (0..).zip(&pool.members).filter(move |(_, member)| waits(member));
            places.map(move |(place, _)| ServerId { service, place })
        })
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
        let own = if pool.stands_by(member) { 0 } else { pool.weight_in_doubt(member, member.weight) };
        let intent = (weight != own).then(|| Intent { until, ..Intent::new(Mode::Weight(weight), OUTSIDE) });
        self.steer(now, server, intent);
        true
    }

    /// The intent for a server, if there is one.
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
        self.reckon(now, id.service, false);
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
    since: Option<Duration>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
enum ModeMemory {
    Drain { deadline: Option<Duration>, finished: bool },
    Maintenance,
    Weight(u32),
}

impl IntentMemory {
    /// `elapsed` counts from the origin.
    pub(super) fn of(intent: &Intent, elapsed: impl Fn(Instant) -> Duration) -> Self {
        let mode = match intent.mode {
            Mode::Drain { deadline, finished, .. } => {
                ModeMemory::Drain { deadline: deadline.map(&elapsed), finished }
            }
            Mode::Maintenance => ModeMemory::Maintenance,
            Mode::Weight(weight) => ModeMemory::Weight(weight),
        };
        Self {
            mode,
            who: intent.who.clone(),
            why: intent.why.clone(),
            until: intent.until.map(&elapsed),
            since: intent.since.map(elapsed),
        }
    }

    /// `at` gives the time after the origin, `until` no time before now.
    pub(super) fn recall(
        &self,
        at: impl Fn(Duration) -> Instant,
        until: impl Fn(Duration) -> Instant,
    ) -> Intent {
        let mode = match self.mode {
            ModeMemory::Drain { deadline, finished } => {
                Mode::Drain { deadline: deadline.map(&until), open: None, finished }
            }
            ModeMemory::Maintenance => Mode::Maintenance,
            ModeMemory::Weight(weight) => Mode::Weight(weight),
        };
        Intent {
            mode,
            who: self.who.clone(),
            why: self.why.clone(),
            until: self.until.map(until),
            since: self.since.map(at),
        }
    }
}
