//! State of one virtual router that a successor of its process cannot find out by itself.

use core::net::IpAddr;
use core::time::Duration;

use super::{Counters, Phase, State, VirtualRouter};
use crate::Instant;

/// State of a virtual router for a successor, should its process die.
///
/// Instants count as those of the inputs do; the successor must count from the same start (`CLOCK_MONOTONIC` does,
/// as long as the machine runs).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct RouterMemory {
    /// Its state.
    pub state: State,
    /// When it last asked for an advert; `None` if never.
    pub spoke: Option<Instant>,
    /// `Active_Adver_Interval`, as last learned.
    pub learned_interval: Duration,
    /// The router that a Backup obeyed last.
    pub obeyed: Option<Obeyed>,
    /// The end of a preemption delay that runs.
    pub tolerates_until: Option<Instant>,
    /// Its counters.
    pub counters: Counters,
}

/// The Active that a Backup obeys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Obeyed {
    /// Its address.
    pub source: IpAddr,
    /// Its priority.
    pub priority: vrrp_proto::Priority,
    /// When its last advert arrived.
    pub at: Instant,
}

impl VirtualRouter {
    /// The state for a successor. Changes with every input.
    #[must_use]
    pub fn memory(&self) -> RouterMemory {
        let backup = match &self.phase {
            Phase::Backup(backup) => Some(backup),
            Phase::Initialize | Phase::Active(_) => None,
        };
        RouterMemory {
            state: self.state(),
            spoke: self.own_adverts.last_sent(),
            learned_interval: self.learned_interval,
            obeyed: backup.and_then(super::backup::Backup::obeyed),
            tolerates_until: backup.and_then(super::backup::Backup::tolerates_until),
            counters: self.counters,
        }
    }

    /// Startup of a router whose predecessor died, with what that knew: the interval that it learned, a delay of
    /// preemption that runs, its counters. It goes on as Active if `active`; otherwise it listens a whole wait.
    ///
    /// Without effect outside Initialize.
    pub fn handle_succession(&mut self, now: Instant, address: IpAddr, memory: &RouterMemory, active: bool) {
        if self.state() != State::Initialize {
            return;
        }
        self.counters = memory.counters;
        self.interrupt_recording();
        if active {
            return self.handle_resume(now, address);
        }
        self.handle_startup(now, address);
        if memory.state == State::Backup && !memory.learned_interval.is_zero() {
            self.learned_interval = memory.learned_interval;
        }
        let down = now + self.active_down_interval();
        if let Phase::Backup(backup) = &mut self.phase {
            backup.succeed(down, memory);
        }
    }

    /// The values of the memory that decide how a successor starts.
    pub(crate) fn memory_digest(&self) -> (State, Duration, Option<Instant>) {
        let tolerates_until = match &self.phase {
            Phase::Backup(backup) => backup.tolerates_until(),
            Phase::Initialize | Phase::Active(_) => None,
        };
        (self.state(), self.learned_interval, tolerates_until)
    }

    /// Time without an advert of this router after which another one may take over, counted from the last advert
    /// (without their skew, which is theirs).
    pub(crate) fn patience_of_others(&self) -> Duration {
        self.config.advert_interval().saturating_mul(self.config.down_adverts.max(1).into())
    }
}
