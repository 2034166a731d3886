//! Pace at which the worker wakes up for answers.
//!
//! To wake up costs more than to read an answer. Where answers come one by one and close together, those of a
//! millisecond are left to gather, as a network card does with packets.

use std::time::{Duration, Instant};

/// When the worker woke up last, and whether that was close to the time before.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    woken: Instant,
    dense: bool,
}

impl Pace {
    /// At a start, when there was quiet before.
    pub(super) fn new(now: Instant) -> Self {
        Self { woken: now, dense: false }
    }

    /// The worker woke up.
    pub(super) fn wake(&mut self, now: Instant) {
        self.dense = now.saturating_duration_since(self.woken) < 2 * GATHER;
        self.woken = now;
    }

    /// Time to sleep before the poll, if nothing is due for so long.
    pub(super) fn rest(&self, now: Instant, patience: Duration) -> Duration {
        let passed = now.saturating_duration_since(self.woken);
        if self.dense && patience >= GATHER { GATHER.saturating_sub(passed) } else { Duration::ZERO }
    }
}

/// Time for which answers may gather: next to the shortest delays of checks it is nothing.
const GATHER: Duration = Duration::from_millis(1);

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(1);

    fn micros(micros: u64) -> Duration {
        Duration::from_micros(micros)
    }

    #[test]
    fn a_lone_answer_is_read_at_once_and_those_close_behind_it_gather() {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        pace.wake(start + micros(5000));
        assert_eq!(pace.rest(start + micros(5010), LONG), Duration::ZERO);
        pace.wake(start + micros(5100));
        assert_eq!(pace.rest(start + micros(5300), LONG), micros(800));
        pace.wake(start + micros(6150));
        assert_eq!(pace.rest(start + micros(6200), LONG), micros(950));
        pace.wake(start + micros(8150));
        assert_eq!(pace.rest(start + micros(8200), LONG), Duration::ZERO);
    }

    #[test]
    fn nothing_gathers_while_something_is_due() {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        pace.wake(start + micros(100));
        assert_eq!(pace.rest(start + micros(150), micros(900)), Duration::ZERO);
        assert_eq!(pace.rest(start + micros(150), Duration::ZERO), Duration::ZERO);
    }

    #[test]
    fn a_turn_that_took_long_needs_no_rest() {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        pace.wake(start + micros(100));
        assert_eq!(pace.rest(start + micros(1200), LONG), Duration::ZERO);
    }
}
