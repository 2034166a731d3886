//! All checks that are made, each in a slot of its own that it keeps for its life.

use std::sync::Arc;
use std::time::Instant;

use super::health::Health;
use super::history::History;
use super::{AttemptId, CheckId, ServerId};
use crate::Check;

/// The slots.
#[derive(Clone, Debug, Default)]
pub(super) struct Checks {
    slots: Vec<Option<Runner>>,
    free: Vec<u32>,
    /// Checks so far.
    serial: u64,
    /// Attempts so far.
    attempts: u64,
}

/// One check that is made.
#[derive(Clone, Debug)]
pub(super) struct Runner {
    pub(super) id: CheckId,
    pub(super) check: Arc<Check>,
    pub(super) health: Health,
    pub(super) phase: Phase,
    /// When the attempt that is under way should have begun.
    pub(super) due: Option<Instant>,
    pub(super) history: History,
    /// The servers that it belongs to; more than one where checks are shared.
    pub(super) servers: Vec<ServerId>,
}

/// Present activity of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Nothing: all its servers are suspended, or it was made just now.
    Asleep,
    /// It waits for its next attempt; that timer is armed.
    Waits(Instant),
    /// This attempt is under way.
    Runs(u64),
}

impl Checks {
    /// A new check, asleep.
    pub(super) fn add(&mut self, check: Arc<Check>, health: Health) -> u32 {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            // The slots are far fewer than `u32` can count; one beyond would alias the last one, not panic.
            u32::try_from(self.slots.len() - 1).unwrap_or(u32::MAX)
        });
        self.serial += 1;
        let id = CheckId { slot, serial: self.serial };
        let runner = Runner {
            id,
            check,
            health,
            phase: Phase::Asleep,
            due: None,
            history: History::default(),
            servers: Vec::new(),
        };
        if let Some(place) = self.slots.get_mut(slot as usize) {
            *place = Some(runner);
        }
        slot
    }

    /// Gives back memory that is not needed.
    pub(super) fn shrink(&mut self) {
        self.slots.shrink_to_fit();
        for runner in self.iter_mut() {
            runner.servers.shrink_to_fit();
        }
    }

    /// Takes out the checks without servers.
    pub(super) fn remove_unused(&mut self) -> Vec<Runner> {
        let mut unused = Vec::new();
        for (slot, place) in (0..).zip(&mut self.slots) {
            if let Some(runner) = place.take_if(|runner| runner.servers.is_empty()) {
                self.free.push(slot);
                unused.push(runner);
            }
        }
        unused
    }

    pub(super) fn at(&self, slot: u32) -> Option<&Runner> {
        self.slots.get(slot as usize)?.as_ref()
    }

    pub(super) fn at_mut(&mut self, slot: u32) -> Option<&mut Runner> {
        self.slots.get_mut(slot as usize)?.as_mut()
    }

    /// The check, if it still is one.
    pub(super) fn find(&self, check: CheckId) -> Option<&Runner> {
        self.at(check.slot).filter(|runner| runner.id == check)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Runner> {
        self.slots.iter().flatten()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Runner> {
        self.slots.iter_mut().flatten()
    }

    pub(super) fn next_attempt(&mut self) -> u64 {
        self.attempts += 1;
        self.attempts
    }

    /// Whether this attempt is under way.
    pub(super) fn runs(&self, attempt: AttemptId) -> bool {
        self.find(attempt.check).is_some_and(|runner| runner.phase == Phase::Runs(attempt.number))
    }
}

impl Runner {
    /// The attempt that is under way.
    pub(super) fn attempt(&self) -> Option<AttemptId> {
        match self.phase {
            Phase::Runs(number) => Some(AttemptId { check: self.id, number }),
            Phase::Asleep | Phase::Waits(_) => None,
        }
    }
}
