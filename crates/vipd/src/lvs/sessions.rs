//! BFD sessions as checks: what is known of each, and whom it concerns.

use std::collections::HashMap;
use std::time::Instant;

use lvs_health::director::CheckId;
use lvs_health::{Bfd, Failure, Outcome, Probe, Weigh};

use super::Worker;
use super::plan::Plan;
use crate::ipc::SessionKey;

/// The sessions that ever were up, and whether they are. Of others nothing follows: like keepalived, a server is not taken
/// out of service for a session that was never there (with `alpha` it is not put into service either).
#[derive(Debug, Default)]
pub(super) struct Sessions {
    known: HashMap<SessionKey, bool>,
}

impl Sessions {
    /// What is known when the worker starts.
    pub(super) fn of(told: Vec<(SessionKey, bool)>) -> Self {
        Self { known: told.into_iter().filter(|(_, up)| *up).collect() }
    }

    /// A session is up or down; gives what a check of it finds from now on, if that is anything.
    fn note(&mut self, key: SessionKey, up: bool) -> Option<Outcome> {
        if up || self.known.contains_key(&key) {
            self.known.insert(key, up);
        }
        self.outcome(key)
    }

    fn outcome(&self, key: SessionKey) -> Option<Outcome> {
        let found = |up: &bool| if *up { Outcome::Pass(Weigh::Unsaid) } else { Outcome::Fail(Failure::Bfd) };
        self.known.get(&key).map(found)
    }

    /// What a check finds now.
    pub(super) fn find(&self, plan: &Plan, check: &Bfd) -> Option<Outcome> {
        self.outcome(plan.session(&check.session)?)
    }
}

impl Worker {
    /// A session went up or down.
    pub(super) fn note_session(&mut self, now: Instant, key: SessionKey, up: bool) {
        let Some(outcome) = self.sessions.note(key, up) else { return };
        for check in self.checks_of_session(key) {
            self.director.handle_report(now, check, outcome.clone());
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

#[cfg(test)]
mod tests {
    use super::*;

    fn key(last: u8) -> SessionKey {
        SessionKey { neighbor: [192, 0, 2, last].into(), source: None }
    }

    #[test]
    fn a_session_that_was_never_up_takes_no_server_out_of_service() {
        let mut sessions = Sessions::of(vec![(key(1), false)]);
        assert_eq!(sessions.note(key(1), false), None);
        assert_eq!(sessions.note(key(1), true), Some(Outcome::Pass(Weigh::Unsaid)));
        assert_eq!(sessions.note(key(1), false), Some(Outcome::Fail(Failure::Bfd)));
    }

    #[test]
    fn a_session_that_was_up_when_the_worker_started_counts() {
        let mut sessions = Sessions::of(vec![(key(1), true)]);
        assert_eq!(sessions.note(key(1), false), Some(Outcome::Fail(Failure::Bfd)));
    }
}
