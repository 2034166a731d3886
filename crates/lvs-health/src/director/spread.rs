//! First attempts spread evenly without randomness.

use std::time::Duration;

/// Gives the parts of a span, one after the other, so that any number of them in a row covers it evenly: the
/// multiples of the golden ratio, which never gather.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Spread(u64);

impl Spread {
    /// The next part of `span`, from 0 to (nearly) all of it.
    pub(super) fn next(&mut self, span: Duration) -> Duration {
        let fraction = self.0;
        self.0 = self.0.wrapping_add(GOLDEN_RATIO);
        // The longest spans lose their end: 64 bits of nanoseconds are five centuries.
        let nanos = u64::try_from(span.as_nanos()).unwrap_or(u64::MAX);
        let part = (u128::from(nanos) * u128::from(fraction)) >> 64;
        Duration::from_nanos(u64::try_from(part).unwrap_or(nanos))
    }
}

/// The fractional part of the golden ratio in 2^-64.
const GOLDEN_RATIO: u64 = 0x9e37_79b9_7f4a_7c15;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_thousand_parts_fill_every_hundredth_alike() {
        let mut spread = Spread::default();
        let mut histogram = [0_u32; 100];
        for _ in 0..10_000 {
            let part = spread.next(Duration::from_secs(100));
            histogram[usize::try_from(part.as_secs()).unwrap()] += 1;
        }
        assert!(histogram.iter().all(|count| (97..=103).contains(count)), "{histogram:?}");
    }

    #[test]
    fn no_span_is_left() {
        let mut spread = Spread::default();
        for _ in 0..1000 {
            assert_eq!(spread.next(Duration::ZERO), Duration::ZERO);
            assert!(spread.next(Duration::from_nanos(7)) < Duration::from_nanos(7));
            let _ = spread.next(Duration::MAX);
        }
    }
}
