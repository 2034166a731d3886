//! When attempts are made: again after the last one, and together with others.
//!
//! To wake up for one attempt costs its caller as much as half an attempt. Those that would begin in the same fiftieth
//! of a second therefore begin at once.

use std::time::{Duration, Instant};

use super::health::Change;
use super::{Verdict, later};

/// A clock that strikes fifty times a second.
#[derive(Clone, Copy, Debug)]
pub(super) struct Beat(Instant);

impl Beat {
    /// The first stroke.
    pub(super) fn from(first: Instant) -> Self {
        Self(first)
    }

    /// When to do what is due after such a wait: with the stroke before it, but after a short wait at its very time.
    pub(super) fn before(self, due: Instant, wait: Duration) -> Instant {
        if wait < LONG {
            return due;
        }
        let rest = due.saturating_duration_since(self.0).as_nanos() % STROKE.as_nanos();
        // Less than a stroke: it fits.
        due.checked_sub(Duration::from_nanos(u64::try_from(rest).unwrap_or(0))).unwrap_or(due)
    }
}

/// When to try again after an attempt that was `due` then and ended `now`.
///
/// The wait counts from the end of the attempt, as in keepalived. But where the answer came in less than half of the
/// wait it counts from when the attempt was due: the attempts of a good server keep their beat, and those of many
/// servers their distances. If it counted from the end, all attempts that a busy machine handles in one moment would be
/// due in one moment again, and such crowds only grow. A wait before a retry is exact; it counts from the moment that the
/// attempt was due if that was before this director `began`.
pub(super) fn next_attempt(
    due: Option<Instant>,
    now: Instant,
    change: &Change,
    (began, beat): (Instant, Beat),
) -> Instant {
    if matches!(change.verdict, Some(Verdict::Tolerated { .. })) {
        let late = due.map_or(Duration::ZERO, |due| began.saturating_duration_since(due));
        return later(now.checked_sub(late).unwrap_or(now), change.wait);
    }
    let quick = |due: &Instant| now.saturating_duration_since(*due) < change.wait / 2;
    beat.before(later(due.filter(quick).unwrap_or(now), change.wait), change.wait)
}

/// From one stroke to the next.
const STROKE: Duration = Duration::from_millis(20);

/// A wait of which a stroke is one part in fifty.
const LONG: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timer_between_two_beats_fires_at_the_first_unless_the_wait_is_short() {
        let start = Instant::now();
        let beat = Beat::from(start);
        let at = |micros| start + Duration::from_micros(micros);
        for (due, wait, stroke) in [
            (2_000_000, 1_000_000, 2_000_000),
            (2_000_001, 1_000_000, 2_000_000),
            (2_019_999, 5_000_000, 2_000_000),
            (2_020_000, 1_000_000, 2_020_000),
            (2_019_999, 999_999, 2_019_999),
        ] {
            assert_eq!(beat.before(at(due), Duration::from_micros(wait)), at(stroke), "{due} after {wait}");
        }
    }

    #[test]
    fn a_timer_before_the_first_beat_is_not_moved() {
        let start = Instant::now() + Duration::from_secs(5);
        let early = start.checked_sub(Duration::from_millis(1)).unwrap();
        assert_eq!(Beat::from(start).before(early, LONG), early);
    }
}
