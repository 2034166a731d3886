//! A histogram of durations, in few integers.

use core::time::Duration;

/// Counts of durations in fixed buckets.
///
/// The bounds are just above the usual advertisement intervals and just above multiples of them, and fine enough below for
/// the lateness of a process. They are the same for every router, so that those of many can be added up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    counts: [u32; Self::BOUNDS.len() + 1],
    sum_us: u64,
    max_us: u32,
}

impl Histogram {
    /// Upper bounds of the buckets in microseconds, inclusive. The last bucket has none.
    pub const BOUNDS: [u32; 13] = [
        100, 1_000, 5_000, 11_000, 25_000, 55_000, 110_000, 250_000, 550_000, 1_100_000, 2_200_000,
        3_300_000, 11_000_000,
    ];

    /// Counts one more.
    pub fn add(&mut self, time: Duration) {
        let us = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let place = Self::BOUNDS.iter().take_while(|bound| us > u64::from(**bound)).count();
        if let Some(count) = self.counts.get_mut(place) {
            *count = count.saturating_add(1);
        }
        self.sum_us = self.sum_us.saturating_add(us);
        self.max_us = self.max_us.max(u32::try_from(us).unwrap_or(u32::MAX));
    }

    /// The count of each bucket: one more than there are bounds.
    #[must_use]
    pub fn counts(&self) -> &[u32] {
        &self.counts
    }

    /// Sum of all, in microseconds.
    #[must_use]
    pub fn sum_us(&self) -> u64 {
        self.sum_us
    }

    /// The longest in microseconds; at most 71 minutes.
    #[must_use]
    pub fn max_us(&self) -> u32 {
        self.max_us
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_belongs_to_its_bucket_and_longer_durations_to_the_last() {
        let mut histogram = Histogram::default();
        for us in [0, 100, 101, 1_000_000, 11_000_001] {
            histogram.add(Duration::from_micros(us));
        }
        histogram.add(Duration::MAX);
        assert_eq!(histogram.counts(), [2, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2]);
        assert_eq!((histogram.sum_us(), histogram.max_us()), (u64::MAX, u32::MAX));
    }
}
