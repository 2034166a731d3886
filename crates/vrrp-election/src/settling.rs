//! Changes that count only once they have lasted: an interface that bounces, a process that is started anew.
//!
//! [`Settling`] stands between the observer of a thing and [`Node`](crate::Node): it takes observations and gives the
//! state that counts. A change that is reverted before its delay is over never counts.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::time::Duration;

use crate::Instant;

/// For how long something has to have changed before that counts. Zero is at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Delays {
    /// It is up, and was down.
    pub up: Duration,
    /// It is down, and was up.
    pub down: Duration,
}

impl Delays {
    fn before(self, up: bool) -> Duration {
        if up { self.up } else { self.down }
    }
}

/// A change that does not count yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Pending {
    /// The new state.
    pub up: bool,
    /// When it counts.
    pub due: Instant,
}

/// Things that are up or down, by whatever tells them apart.
///
/// ```
/// use core::time::Duration;
/// use vrrp_election::{Delays, Instant, Settling};
///
/// let delays = Delays { up: Duration::ZERO, down: Duration::from_secs(4) };
/// let mut links = Settling::new();
/// let at = |seconds| Instant::ZERO + Duration::from_secs(seconds);
/// assert!(links.observe(at(0), "eth0", true, delays));
/// assert!(links.observe(at(1), "eth0", false, delays), "that does not count yet");
/// assert_eq!(links.poll_timeout(), Some(at(5)));
/// assert!(links.observe(at(2), "eth0", true, delays));
/// assert_eq!(links.poll_timeout(), None, "and never did");
/// ```
#[derive(Clone, Debug)]
pub struct Settling<K> {
    things: BTreeMap<K, Thing>,
}

/// One of them.
#[derive(Clone, Copy, Debug)]
struct Thing {
    /// The state that counts.
    up: bool,
    pending: Option<Pending>,
}

impl<K> Default for Settling<K> {
    fn default() -> Self {
        Self { things: BTreeMap::new() }
    }
}

impl<K: Ord> Settling<K> {
    /// Nothing is known yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Goes on with a change that did not count yet for somebody who watched before.
    pub fn resume(&mut self, key: K, pending: Pending) {
        self.things.insert(key, Thing { up: !pending.up, pending: Some(pending) });
    }

    /// Takes over what counted of the same thing under another key.
    pub fn adopt(&mut self, key: K, up: bool) {
        self.things.insert(key, Thing { up, pending: None });
    }

    /// Everything that is watched.
    pub fn keys(&self) -> impl Iterator<Item = &K> {
        self.things.keys()
    }

    /// It is up or down, as far as is seen, and its changes have to last so long: gives the state that counts. The
    /// first sight of all counts at once.
    pub fn observe(&mut self, now: Instant, key: K, up: bool, delays: Delays) -> bool {
        let thing = self.things.entry(key).or_insert(Thing { up, pending: None });
        thing.observe(now, up, delays);
        thing.up
    }

    /// The state that counts; `None` if it was never observed.
    pub fn up<Q>(&self, key: &Q) -> Option<bool>
    where
        K: core::borrow::Borrow<Q>,
        Q: Ord + ?Sized,
    {
        self.things.get(key).map(|thing| thing.up)
    }

    /// Time passed: gives the new states of everything that has changed for long enough.
    pub fn handle_timeout(&mut self, now: Instant) -> Vec<(&K, bool)> {
        let due = self.things.iter_mut();
        due.filter_map(|(key, thing)| thing.settle(now).then_some((key, thing.up))).collect()
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.pending().map(|(_, pending)| pending.due).min()
    }

    /// Every change that does not count yet: what a successor should [resume](Self::resume).
    pub fn pending(&self) -> impl Iterator<Item = (&K, Pending)> {
        self.things.iter().filter_map(|(key, thing)| Some((key, thing.pending?)))
    }

    /// Forgets what is no longer watched.
    pub fn retain(&mut self, mut watched: impl FnMut(&K) -> bool) {
        self.things.retain(|key, _| watched(key));
    }
}

impl Thing {
    fn observe(&mut self, now: Instant, up: bool, delays: Delays) {
        if up == self.up {
            self.pending = None;
            return;
        }
        let due = now + delays.before(up);
        // Shorter delays hold for what has begun already; longer ones do not begin anew.
        let due = self.pending.map_or(due, |pending| pending.due.min(due));
        self.pending = Some(Pending { up, due });
        self.settle(now);
    }

    /// Gives whether the state that counts has changed.
    fn settle(&mut self, now: Instant) -> bool {
        let settled = self.pending.take_if(|pending| pending.due <= now);
        if let Some(pending) = settled {
            self.up = pending.up;
        }
        settled.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DELAYS: Delays = Delays { up: Duration::from_secs(2), down: Duration::from_secs(4) };

    fn at(ms: u64) -> Instant {
        Instant::ZERO + Duration::from_millis(ms)
    }

    fn watched(up: bool) -> Settling<&'static str> {
        let mut settling = Settling::new();
        assert_eq!(settling.observe(at(0), "eth0", up, DELAYS), up, "the first sight counts at once");
        settling
    }

    #[test]
    fn a_change_counts_once_it_has_lasted() {
        for (up, delay) in [(true, 4_000), (false, 2_000)] {
            let mut settling = watched(up);
            assert_eq!(settling.observe(at(10), "eth0", !up, DELAYS), up);
            assert_eq!(settling.poll_timeout(), Some(at(10 + delay)));
            assert!(settling.handle_timeout(at(9 + delay)).is_empty());
            assert_eq!(settling.handle_timeout(at(10 + delay)), [(&"eth0", !up)]);
            assert_eq!((settling.up("eth0"), settling.poll_timeout()), (Some(!up), None));
        }
    }

    #[test]
    fn a_change_reverted_in_time_never_counts_however_often() {
        let mut settling = watched(true);
        for ms in (10..20_000).step_by(200) {
            assert!(settling.observe(at(ms), "eth0", false, DELAYS));
            assert!(settling.handle_timeout(at(ms + 100)).is_empty());
            assert!(settling.observe(at(ms + 100), "eth0", true, DELAYS));
            assert_eq!(settling.poll_timeout(), None);
        }
    }

    #[test]
    fn being_told_the_same_again_begins_nothing_anew() {
        let mut settling = watched(true);
        for ms in [10, 500, 3_999] {
            assert!(settling.observe(at(ms), "eth0", false, DELAYS));
        }
        assert!(!settling.observe(at(4_010), "eth0", false, DELAYS), "late is not too early");
    }

    #[test]
    fn without_a_delay_everything_counts_at_once() {
        let mut settling = watched(true);
        assert!(!settling.observe(at(1), "eth0", false, Delays::default()));
        assert!(settling.observe(at(1), "eth0", true, Delays::default()));
    }

    #[test]
    fn a_reload_shortens_a_delay_that_runs_and_does_not_prolong_it() {
        let mut settling = watched(true);
        settling.observe(at(0), "eth0", false, DELAYS);
        let longer = Delays { down: Duration::from_secs(9), ..DELAYS };
        settling.observe(at(1_000), "eth0", false, longer);
        assert_eq!(settling.poll_timeout(), Some(at(4_000)));
        let shorter = Delays { down: Duration::from_secs(1), ..DELAYS };
        settling.observe(at(1_000), "eth0", false, shorter);
        assert_eq!(settling.poll_timeout(), Some(at(2_000)));
    }

    #[test]
    fn a_successor_goes_on_with_a_pending_change() {
        let mut before = watched(true);
        before.observe(at(10), "eth0", false, DELAYS);
        let mut after = Settling::new();
        for (key, pending) in before.pending() {
            after.resume(*key, pending);
        }
        assert!(after.observe(at(1_000), "eth0", false, DELAYS));
        assert_eq!(after.poll_timeout(), Some(at(4_010)));
        assert!(after.observe(at(2_000), "eth0", true, DELAYS));
        assert_eq!(after.poll_timeout(), None);
    }

    #[test]
    fn a_key_that_is_no_longer_watched_is_forgotten() {
        let mut settling = watched(true);
        settling.observe(at(10), "eth0", false, DELAYS);
        settling.retain(|_| false);
        assert_eq!((settling.up("eth0"), settling.poll_timeout()), (None, None));
    }
}
