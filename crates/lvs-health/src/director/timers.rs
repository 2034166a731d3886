//! One ordered queue for everything that waits.
//!
//! A balanced tree keyed by time. The owner of a timer knows its time, so that moving a timer needs no second table.

use std::collections::BTreeSet;
use std::time::Instant;

use super::{ServerId, ServiceId};

/// Purpose and owner of a timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Timer {
    /// The next attempt of the check in this slot.
    Check(u32),
    /// The next stair of a server's slow start.
    Ramp(ServerId),
    /// The end of a removed server's time.
    Drain(ServiceId),
    /// The end of a server's intent.
    Intent(ServerId),
}

/// The armed timers.
#[derive(Clone, Debug, Default)]
pub(super) struct Timers(BTreeSet<(Instant, Timer)>);

impl Timers {
    pub(super) fn arm(&mut self, at: Instant, timer: Timer) {
        self.0.insert((at, timer));
    }

    pub(super) fn disarm(&mut self, at: Instant, timer: Timer) {
        self.0.remove(&(at, timer));
    }

    /// Takes out the earliest timer if it is due.
    pub(super) fn pop(&mut self, now: Instant) -> Option<(Instant, Timer)> {
        if self.next()? > now {
            return None;
        }
        self.0.pop_first()
    }

    pub(super) fn next(&self) -> Option<Instant> {
        self.0.first().map(|(at, _)| *at)
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}
