//! Observations of a router, so that it can explain its state. Nothing here decides anything.
//!
//! An advert costs a few stores. Everything has a fixed size.

use core::net::IpAddr;
use core::time::Duration;

use vrrp_proto::{AdvertInterval, Priority};

use super::Received;
use crate::{Histogram, Instant};

/// Observations of a router, from its start on. It outlives changes of state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Observed {
    /// The advert that was last obeyed, as a Backup or in becoming one.
    pub obeyed: Option<Heard>,
    /// The last advert that was not obeyed: of a lower priority, or of an equal one from a lower address.
    pub other: Option<Heard>,
    /// The last goodbye (an advert with priority 0).
    pub goodbye: Option<(IpAddr, Instant)>,
    /// Time from one obeyed advert to the next of the same sender.
    pub gaps: Histogram,
    /// Lateness of own adverts that were due by time.
    pub lateness: Histogram,
    /// Waits in which one more lost advert would have moved the addresses.
    pub close_calls: CloseCalls,
    /// The last wait that was renewed because nobody had listened.
    pub stall: Option<Stall>,
}

/// An advert that was heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Heard {
    /// Its sender.
    pub source: IpAddr,
    /// Its priority.
    pub priority: Priority,
    /// Its interval.
    pub interval: AdvertInterval,
    /// When it arrived.
    pub at: Instant,
}

/// A wait that was renewed because nobody had listened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stall {
    /// When that was noticed.
    pub at: Instant,
    /// The lateness of the caller; zero if packets were lost unread.
    pub late: Duration,
}

/// Waits of a Backup that an advert ended after others were lost, and after which the next one would have come too late.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CloseCalls {
    /// Since the start.
    pub count: u64,
    /// The newest first.
    last: [Instant; 4],
}

impl CloseCalls {
    fn add(&mut self, at: Instant) {
        self.count += 1;
        self.last.rotate_right(1);
        if let Some(newest) = self.last.first_mut() {
            *newest = at;
        }
    }

    /// When the last ones were, the newest first; at most four.
    pub fn last(&self) -> impl Iterator<Item = Instant> {
        let known = usize::try_from(self.count).unwrap_or(usize::MAX);
        self.last.into_iter().take(known)
    }
}

impl Heard {
    pub(super) fn new(at: Instant, advert: &Received) -> Self {
        let Received { source, priority, interval } = *advert;
        Self { source, priority, interval, at }
    }
}

impl Observed {
    /// An advert is obeyed. `down` is when the wait that it ends would have been over, if there was one.
    pub(super) fn obeyed(&mut self, at: Instant, advert: &Received, down: Option<Instant>) {
        let before = self.obeyed.replace(Heard::new(at, advert));
        let (Some(before), Some(down)) = (before.filter(|before| before.source == advert.source), down)
        else {
            return;
        };
        let (gap, interval) = (at.since(before.at), advert.interval.duration());
        self.gaps.add(gap);
        if gap > interval + interval / 2 && down.since(at) < interval {
            self.close_calls.add(at);
        }
    }

    /// An advert is not obeyed.
    pub(super) fn disobeyed(&mut self, at: Instant, advert: &Received) {
        self.other = Some(Heard::new(at, advert));
    }
}

#[cfg(test)]
mod tests {
    use vrrp_proto::Centiseconds;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn advert(last: u8) -> Received {
        let interval = AdvertInterval::V3(Centiseconds::new(100).unwrap());
        Received { source: [192, 0, 2, last].into(), priority: Priority::DEFAULT, interval }
    }

    fn at(ms: u64) -> Instant {
        Instant::ZERO + Duration::from_millis(ms)
    }

    #[test]
    fn only_the_last_chance_after_a_loss_is_a_close_call() {
        let mut observed = Observed::default();
        observed.obeyed(at(0), &advert(2), None);
        let down = |heard: u64| Some(at(heard) + SECOND * 3 + SECOND / 2);
        observed.obeyed(at(1_000), &advert(2), down(0));
        observed.obeyed(at(3_000), &advert(2), down(1_000));
        assert_eq!(observed.close_calls.count, 0, "one lost, one more could have been");
        observed.obeyed(at(6_000), &advert(2), down(3_000));
        assert_eq!((observed.close_calls.count, observed.close_calls.last().next()), (1, Some(at(6_000))));
        observed.obeyed(at(9_000), &advert(3), down(6_000));
        assert_eq!(observed.close_calls.count, 1, "another router took over");
        assert_eq!(observed.gaps.max_us(), 3_000_000);
    }

    #[test]
    fn a_router_that_waits_for_one_advert_has_no_close_calls_while_nothing_is_lost() {
        let mut observed = Observed::default();
        observed.obeyed(at(0), &advert(2), None);
        for second in 1..9 {
            observed.obeyed(at(second * 1_000), &advert(2), Some(at(second * 1_000 + 500)));
        }
        assert_eq!(observed.close_calls.count, 0);
    }

    #[test]
    fn the_last_four_close_calls_are_known() {
        let mut calls = CloseCalls::default();
        for second in 1..=6 {
            calls.add(at(second));
        }
        assert_eq!(calls.count, 6);
        assert!(calls.last().eq([6, 5, 4, 3].map(at)));
        let first = CloseCalls { count: 1, ..calls };
        assert!(first.last().eq([at(6)]));
    }
}
