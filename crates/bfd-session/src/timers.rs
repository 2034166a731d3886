//! The queue of deadlines of many sessions.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use crate::{Instant, SessionId};

/// When each session wants [`Session::handle_timeout`](crate::Session::handle_timeout).
#[derive(Clone, Debug, Default)]
pub struct Timers {
    due: BTreeSet<(Instant, SessionId)>,
    armed: BTreeMap<SessionId, Instant>,
}

impl Timers {
    /// Sets, moves or removes the timeout of a session.
    pub fn set(&mut self, session: SessionId, at: Option<Instant>) {
        let before = match at {
            Some(at) => self.armed.insert(session, at),
            None => self.armed.remove(&session),
        };
        if before == at {
            return;
        }
        if let Some(before) = before {
            self.due.remove(&(before, session));
        }
        self.due.extend(at.map(|at| (at, session)));
    }

    /// The earliest timeout.
    #[must_use]
    pub fn first(&self) -> Option<Instant> {
        self.due.first().map(|(at, _)| *at)
    }

    /// The sessions whose timeout has come, earliest first. They stay due until their timeout is set anew.
    #[must_use]
    pub fn due(&self, now: Instant) -> Vec<SessionId> {
        self.due.iter().take_while(|(at, _)| *at <= now).map(|(_, session)| *session).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(nanos: u64) -> Instant {
        Instant::from_nanos(nanos)
    }

    #[test]
    fn the_earliest_comes_first_and_a_moved_timeout_is_one() {
        let mut timers = Timers::default();
        timers.set(SessionId(1), Some(at(30)));
        timers.set(SessionId(2), Some(at(20)));
        assert_eq!((timers.first(), timers.due(at(19))), (Some(at(20)), Vec::new()));
        assert_eq!(timers.due(at(30)), [SessionId(2), SessionId(1)]);
        timers.set(SessionId(2), Some(at(40)));
        assert_eq!(timers.due(at(99)), [SessionId(1), SessionId(2)]);
        timers.set(SessionId(1), None);
        timers.set(SessionId(1), None);
        assert_eq!(timers.first(), Some(at(40)));
    }
}
