//! When addresses on other interfaces than that of the adverts are announced again (`garp_extra_if`).

use std::collections::HashMap;
use std::time::Duration;

use vrrp_election::{Instant, RouterId};

/// The next round of each router that has such addresses and serves.
#[derive(Debug, Default)]
pub(super) struct Rounds {
    next: HashMap<RouterId, Instant>,
}

impl Rounds {
    /// The router serves: its first round follows after this time, unless one is due already.
    pub(super) fn begin(&mut self, now: Instant, router: RouterId, interval: Duration) {
        self.next.entry(router).or_insert(now + interval);
    }

    /// The routers whose round is due, in order. One that serves no more, or has no interval, has no further round.
    pub(super) fn take_due(
        &mut self,
        now: Instant,
        interval: impl Fn(RouterId) -> Option<Duration>,
        serves: impl Fn(RouterId) -> bool,
    ) -> Vec<RouterId> {
        let mut due = Vec::new();
        self.next.retain(|router, next| {
            if *next > now {
                return true;
            }
            let Some(interval) = interval(*router).filter(|_| serves(*router)) else { return false };
            *next = now + interval;
            due.push(*router);
            true
        });
        due.sort_unstable();
        due
    }

    /// When a round is due.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.next.values().min().copied()
    }

    /// After a reload, the routers have these numbers; those without are gone.
    pub(super) fn renumber(&mut self, number: impl Fn(RouterId) -> Option<RouterId>) {
        let before = std::mem::take(&mut self.next);
        self.next = before.into_iter().filter_map(|(router, next)| Some((number(router)?, next))).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: Duration = Duration::from_secs(2);
    const A: RouterId = RouterId(3);
    const B: RouterId = RouterId(5);

    fn at(seconds: u64) -> Instant {
        Instant::ZERO + Duration::from_secs(seconds)
    }

    #[test]
    fn rounds_follow_at_the_interval_as_long_as_the_router_serves() {
        let mut rounds = Rounds::default();
        assert_eq!(rounds.poll_timeout(), None);
        rounds.begin(at(0), A, INTERVAL);
        rounds.begin(at(1), A, INTERVAL);
        assert_eq!(rounds.poll_timeout(), Some(at(2)), "further announcements do not put it off");
        let mut due = |now, serves| rounds.take_due(at(now), |_| Some(INTERVAL), |_| serves);
        assert_eq!(due(1, true), []);
        assert_eq!(due(2, true), [A]);
        assert_eq!(due(3, true), []);
        assert_eq!(due(9, true), [A], "a late round is one round");
        assert_eq!(due(11, false), []);
        assert_eq!(due(99, true), []);
    }

    #[test]
    fn a_reload_renumbers_routers_and_ends_the_rounds_of_those_without_an_interval() {
        let mut rounds = Rounds::default();
        rounds.begin(at(0), A, INTERVAL);
        rounds.begin(at(1), B, INTERVAL);
        rounds.renumber(|router| (router == B).then_some(A));
        assert_eq!(rounds.poll_timeout(), Some(at(3)));
        assert_eq!(rounds.take_due(at(3), |_| None, |_| true), []);
        assert_eq!(rounds.poll_timeout(), None);
    }
}
