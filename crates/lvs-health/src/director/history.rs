//! The results of a check's attempts, for people who ask: nothing is decided by it.

use std::time::{Duration, Instant};

use crate::Failure;

/// The last failure of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastFailure {
    /// When the attempt ended.
    pub at: Instant,
    /// Why it failed.
    pub failure: Failure,
}

/// The attempts of one check since this director began.
#[derive(Clone, Debug, Default)]
pub(super) struct History {
    /// When the attempt that is under way began.
    began: Option<Instant>,
    ended: Option<Instant>,
    /// When the result changed last.
    turned: Option<Instant>,
    duration: Option<Duration>,
    passes: u32,
    failures: u32,
    /// Most checks have none.
    last_failure: Option<Box<LastFailure>>,
}

impl History {
    pub(super) fn begin(&mut self, now: Instant) {
        self.began = Some(now);
    }

    /// The attempt has no outcome.
    pub(super) fn give_up(&mut self) {
        self.began = None;
    }

    /// An attempt ended, or the check had news without one.
    pub(super) fn end(&mut self, now: Instant, failure: Option<&Failure>) {
        self.ended = Some(now);
        self.duration = self.began.take().map(|began| now.saturating_duration_since(began));
        match failure {
            None => (self.passes, self.failures) = (self.passes.saturating_add(1), 0),
            Some(failure) => {
                (self.passes, self.failures) = (0, self.failures.saturating_add(1));
                self.last_failure = Some(Box::new(LastFailure { at: now, failure: failure.clone() }));
            }
        }
    }

    /// The result of the check changed, or is the first.
    pub(super) fn turn(&mut self, now: Instant) {
        self.turned = Some(now);
    }

    pub(super) fn turned(&self) -> Option<Instant> {
        self.turned
    }

    pub(super) fn ended(&self) -> Option<Instant> {
        self.ended
    }

    pub(super) fn duration(&self) -> Option<Duration> {
        self.duration
    }

    pub(super) fn passes(&self) -> u32 {
        self.passes
    }

    pub(super) fn failures(&self) -> u32 {
        self.failures
    }

    pub(super) fn last_failure(&self) -> Option<&LastFailure> {
        self.last_failure.as_deref()
    }
}
