//! State of BFD sessions, while the process that has them comes and goes.
//!
//! A process that ends takes no session down: its last report stays, for its successor goes on with the sessions. Only
//! if none follows for a while are they down, for nobody watches the paths any more.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use crate::ipc::SessionKey;

/// The last reports of the BFD workers.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    known: BTreeMap<SessionKey, bool>,
    /// No worker has them: until when the last report stays.
    unwatched_until: Option<Instant>,
}

impl Sessions {
    /// A worker tells of a session. Gives whether this is news.
    pub(super) fn note(&mut self, key: SessionKey, up: bool) -> bool {
        self.unwatched_until = None;
        self.known.insert(key, up) != Some(up)
    }

    /// Every session that was told of.
    pub(super) fn known(&self) -> Vec<(SessionKey, bool)> {
        self.known.iter().map(|(&key, &up)| (key, up)).collect()
    }

    /// Takes the states that the program before this one knew: its worker has just ended.
    pub(super) fn resume(&mut self, now: Instant, known: Vec<(SessionKey, bool)>) {
        self.known.extend(known);
        self.handle_end(now);
    }

    /// A worker ended.
    pub(super) fn handle_end(&mut self, now: Instant) {
        if self.known.values().any(|up| *up) {
            self.unwatched_until.get_or_insert(now + PATIENCE);
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.unwatched_until
    }

    /// Gives the sessions that are down now, because nobody has watched them for long.
    pub(super) fn handle_timeout(&mut self, now: Instant) -> Vec<SessionKey> {
        if self.unwatched_until.take_if(|until| *until <= now).is_none() {
            return Vec::new();
        }
        let lost = self.known.iter_mut().filter_map(|(&key, up)| std::mem::take(up).then_some(key));
        lost.collect()
    }

    /// Forgets sessions that are not configured any more.
    pub(super) fn retain(&mut self, configured: &BTreeSet<SessionKey>) {
        self.known.retain(|key, _| configured.contains(key));
    }
}

/// A worker is started again at once unless it dies all the time; its sessions then need a handshake of some seconds at most.
const PATIENCE: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    fn key(last: u8) -> SessionKey {
        SessionKey { neighbor: [192, 0, 2, last].into(), source: None }
    }

    #[test]
    fn a_change_is_news_once() {
        let mut sessions = Sessions::default();
        assert!(sessions.note(key(1), false), "told for the first time");
        assert!(!sessions.note(key(1), false));
        assert!(sessions.note(key(1), true));
        assert_eq!(sessions.known(), [(key(1), true)]);
    }

    #[test]
    fn a_worker_s_report_outlives_it_until_its_successor_reports() {
        let (mut sessions, now) = (Sessions::default(), Instant::now());
        sessions.note(key(1), true);
        sessions.handle_end(now);
        sessions.note(key(1), true);
        assert_eq!(sessions.poll_timeout(), None);
        assert_eq!(sessions.handle_timeout(now + Duration::from_secs(60)), []);
    }

    #[test]
    fn sessions_without_a_process_for_long_are_down() {
        let (mut sessions, now) = (Sessions::default(), Instant::now());
        sessions.note(key(1), true);
        sessions.note(key(2), false);
        sessions.handle_end(now);
        sessions.handle_end(now + Duration::from_secs(3));
        assert_eq!(sessions.handle_timeout(now + Duration::from_secs(4)), []);
        assert_eq!(sessions.handle_timeout(now + Duration::from_secs(5)), [key(1)], "since the first end");
        assert_eq!(sessions.known(), [(key(1), false), (key(2), false)]);
        assert_eq!(sessions.poll_timeout(), None);
    }

    #[test]
    fn sessions_that_are_not_configured_any_more_are_forgotten() {
        let mut sessions = Sessions::default();
        sessions.note(key(1), true);
        sessions.note(key(2), true);
        sessions.retain(&BTreeSet::from([key(2)]));
        assert_eq!(sessions.known(), [(key(2), true)]);
    }
}
