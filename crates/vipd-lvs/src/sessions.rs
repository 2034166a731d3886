//! BFD sessions as checks: the state of each, and the checks that it concerns.

use std::collections::HashMap;
use std::time::Instant;

use lvs_health::director::CheckId;
use lvs_health::{Bfd, Failure, Outcome, Probe, WeightUpdate};

use super::Worker;
use super::plan::Plan;
use crate::ipc::SessionKey;

/// Whether sessions are up, as far as it was told. Of one that was not told of nothing follows: there is no BFD process.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    known: HashMap<SessionKey, bool>,
}

impl Sessions {
    /// The sessions that are known when the worker starts.
    pub(super) fn of(told: Vec<(SessionKey, bool)>) -> Self {
        Self { known: told.into_iter().collect() }
    }

    /// The present outcome of a check.
    pub(super) fn find(&self, plan: &Plan, check: &Bfd) -> Option<Outcome> {
        self.known.get(&plan.session(&check.session)?).copied().map(found)
    }
}

/// The outcome of a check of a session.
fn found(up: bool) -> Outcome {
    if up { Outcome::Pass(WeightUpdate::Unchanged) } else { Outcome::Fail(Failure::Bfd) }
}

impl Worker {
    /// A session went up or down.
    pub(super) fn note_session(&mut self, now: Instant, key: SessionKey, up: bool) {
        self.sessions.known.insert(key, up);
        for check in self.checks_of_session(key) {
            self.director.handle_report(now, check, found(up));
        }
    }

    fn checks_of_session(&self, key: SessionKey) -> Vec<CheckId> {
        let servers = self.director.services().flat_map(|service| self.director.members(service));
        let checks = servers.flat_map(|server| self.director.checks_of(server));
        let follows = |check: &CheckId| match self.director.check(*check).map(|check| &check.probe) {
            Some(Probe::Bfd(bfd)) => self.plan.session(&bfd.session) == Some(key),
            _ => false,
        };
        let mut checks: Vec<CheckId> = checks.filter(follows).collect();
        // Servers may share one.
        let mut seen = std::collections::HashSet::new();
        checks.retain(|check| seen.insert(*check));
        checks
    }
}
