//! Slow start: the weight of a server that came back grows from 1 to what it should be.

use std::time::{Duration, Instant};

use super::later;

/// A server on its way back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ramp {
    began: Instant,
    /// `slow_start`, not zero.
    length: Duration,
    /// The part of `length` that has passed; less than `length`.
    passed: Duration,
    /// When the next stair is due.
    due: Instant,
}

impl Ramp {
    /// The ramp of a server that came back at `now`; `None` if it is to get its weight at once.
    pub(super) fn new(now: Instant, length: Duration) -> Option<Self> {
        let ramp = Self { began: now, length, passed: Duration::ZERO, due: now };
        (!length.is_zero()).then(|| ramp.after(Duration::ZERO))
    }

    /// The ramp that began then, as it is now; `None` if it is over.
    pub(super) fn resume(now: Instant, began: Instant, length: Duration) -> Option<Self> {
        Self::new(began, length).and_then(|ramp| ramp.at(now))
    }

    /// When it began.
    pub(super) fn began(&self) -> Instant {
        self.began
    }

    /// All of it.
    pub(super) fn length(&self) -> Duration {
        self.length
    }

    /// The ramp at a later time; `None` when it is over.
    pub(super) fn at(self, now: Instant) -> Option<Self> {
        let passed = now.saturating_duration_since(self.began);
        (passed < self.length).then(|| self.after(passed))
    }

    /// The same ramp, should it have had another length from the beginning.
    pub(super) fn with_length(self, now: Instant, length: Duration) -> Option<Self> {
        Self { length, ..self }.at(now)
    }

    /// When the weight grows next.
    pub(super) fn due(&self) -> Instant {
        self.due
    }

    /// The share of a weight that is given now: at least 1, unless the weight is 0.
    pub(super) fn weight(&self, full: u32) -> u32 {
        let share = u128::from(full) * self.passed.as_nanos() / self.length.as_nanos().max(1);
        u32::try_from(share).unwrap_or(full).clamp(full.min(1), full)
    }

    /// The stair on which it is when so much has passed: it follows from the beginning alone, so that neither a reload nor another
    /// process changes it.
    ///
    /// Twenty stairs if they are longer than a second, else stairs of a second, but at least ten of them.
    fn after(mut self, passed: Duration) -> Self {
        let stair = (self.length / 20).max(Duration::from_secs(1)).min(self.length / 10).max(SHORTEST_STAIR);
        let climbed = u32::try_from(passed.as_nanos() / stair.as_nanos()).unwrap_or(u32::MAX);
        self.passed = stair.saturating_mul(climbed);
        let end = later(self.began, self.length);
        self.due = later(self.began, stair.saturating_mul(climbed.saturating_add(1))).min(end);
        self
    }
}

/// Nobody can tell the difference below.
const SHORTEST_STAIR: Duration = Duration::from_millis(10);

#[cfg(test)]
mod tests {
    use super::*;

    fn stairs(length: Duration, full: u32) -> Vec<(Duration, u32)> {
        let start = Instant::now();
        let mut ramp = Ramp::new(start, length);
        let mut stairs = Vec::new();
        while let Some(step) = ramp {
            stairs.push((step.due() - start, step.weight(full)));
            ramp = step.at(step.due());
        }
        stairs
    }

    #[test]
    fn a_short_ramp_has_ten_stairs_and_a_longer_one_stairs_of_at_least_a_second() {
        assert_eq!(stairs(Duration::from_secs(5), 100).len(), 10);
        assert_eq!(stairs(Duration::from_secs(15), 100).len(), 15);
        assert_eq!(stairs(Duration::from_secs(60), 100).len(), 20);
    }

    #[test]
    fn weights_grow_from_1_and_never_reach_the_full_one_early() {
        let weights: Vec<_> =
            stairs(Duration::from_secs(10), 50).into_iter().map(|(_, weight)| weight).collect();
        assert_eq!(weights, [1, 5, 10, 15, 20, 25, 30, 35, 40, 45]);
        assert!(stairs(Duration::from_secs(10), 0).iter().all(|(_, weight)| *weight == 0));
        assert!(stairs(Duration::from_secs(10), 1).iter().all(|(_, weight)| *weight == 1));
    }

    #[test]
    fn a_stair_of_a_slow_start_does_not_depend_on_the_time_of_reading() {
        let (start, length) = (Instant::now(), Duration::from_secs(4));
        for millis in (0..4000).step_by(7) {
            let now = start + Duration::from_millis(millis);
            let ramp = Ramp::resume(now, start, length).unwrap();
            let stair = millis / 400;
            assert_eq!(ramp.weight(10), u32::try_from(stair).unwrap().max(1), "after {millis} ms");
            assert_eq!(ramp.due(), start + Duration::from_millis((stair + 1) * 400));
            assert_eq!(ramp.with_length(now, length), Some(ramp));
        }
    }

    #[test]
    fn extreme_lengths_end_and_do_not_overflow() {
        assert_eq!(Ramp::new(Instant::now(), Duration::ZERO), None);
        assert!(stairs(Duration::from_nanos(3), 9).len() == 1);
        let ramp = Ramp::new(Instant::now(), Duration::MAX).unwrap();
        assert_eq!(ramp.weight(u32::MAX), 1);
    }
}
