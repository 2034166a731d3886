//! A deadline that is not judged by a time in which nobody looked.

use std::time::{Duration, Instant};

/// When somebody else's time is up.
///
/// If the parent looks much later than it meant to (it was stopped, starved or suspended), the process that it waited
/// for was perhaps stopped as well, and its answer is perhaps on the way: it gets its time once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Deadline {
    at: Instant,
    grace: Duration,
    extended: bool,
}

impl Deadline {
    /// Time is up after `grace`.
    pub(super) fn after(now: Instant, grace: Duration) -> Self {
        Self { at: now + grace, grace, extended: false }
    }

    /// When to look.
    pub(super) fn at(&self) -> Instant {
        self.at
    }

    /// Brings it forward.
    pub(super) fn shorten(&mut self, at: Instant) {
        self.at = self.at.min(at);
    }

    /// Whether time is up. A caller that looks late the first time is told no, and has to look again.
    pub(super) fn is_over(&mut self, now: Instant) -> bool {
        if now < self.at {
            return false;
        }
        if self.extended || now <= self.at + LATE {
            return true;
        }
        self.extended = true;
        self.at = now + self.grace.min(LONGEST_EXTENSION);
        false
    }
}

/// A look is late when it comes so long after the deadline.
const LATE: Duration = Duration::from_millis(500);

/// However long the deadline was: an answer that is on the way needs no more.
const LONGEST_EXTENSION: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn time_is_up_when_it_is_looked_at_in_time() {
        let now = Instant::now();
        let mut deadline = Deadline::after(now, SECOND);
        assert!(!deadline.is_over(now + Duration::from_millis(999)));
        assert!(deadline.is_over(now + SECOND + LATE));
    }

    #[test]
    fn a_look_that_comes_late_gives_the_time_once_more_and_only_once() {
        let now = Instant::now();
        let mut deadline = Deadline::after(now, SECOND);
        let late = now + 10 * SECOND;
        assert!(!deadline.is_over(late));
        assert_eq!(deadline.at(), late + SECOND);
        assert!(!deadline.is_over(late + SECOND / 2));
        assert!(deadline.is_over(late + 60 * SECOND));
    }

    #[test]
    fn a_long_wait_is_not_repeated_in_full() {
        let now = Instant::now();
        let mut deadline = Deadline::after(now, 3600 * SECOND);
        let late = now + 4000 * SECOND;
        assert!(!deadline.is_over(late));
        assert_eq!(deadline.at(), late + LONGEST_EXTENSION);
    }
}
