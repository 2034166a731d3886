//! Whether a worker lives, as far as its words tell.
//!
//! Everything that it says proves it. A worker that was not heard of for half of its time is asked, and has the other
//! half to answer: one that talks anyway is never asked, and one that has nothing to say is woken seldom.

use std::time::{Duration, Instant};

use super::deadline::Deadline;

/// When a worker was heard last, and until when it has to answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Heartbeat {
    heard: Instant,
    answer: Option<Deadline>,
}

/// Reaction to a worker's silence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pulse {
    /// Nothing.
    Fine,
    /// Ask whether it lives.
    Ask,
    /// It does not answer.
    Hung,
}

impl Heartbeat {
    /// A worker that was just started.
    pub(super) fn new(now: Instant) -> Self {
        Self { heard: now, answer: None }
    }

    /// When it was heard last, or began.
    pub(super) fn heard(&self) -> Instant {
        self.heard
    }

    /// It said something.
    pub(super) fn handle_heard(&mut self, now: Instant) {
        *self = Self::new(now);
    }

    /// It got work to do that may keep it from its channel: its time begins anew.
    pub(super) fn handle_work(&mut self, now: Instant) {
        *self = Self::new(now);
    }

    /// Judges a worker that has to answer within `time`.
    ///
    /// A parent that looks late asks again: nobody is judged by a time in which the parent itself did not run.
    pub(super) fn handle_timeout(&mut self, now: Instant, time: Duration) -> Pulse {
        if now < self.poll_timeout(time) {
            return Pulse::Fine;
        }
        if self.answer.as_mut().is_some_and(|answer| answer.is_over(now)) {
            return Pulse::Hung;
        }
        self.answer = Some(Deadline::after(now, time / 2));
        Pulse::Ask
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due.
    pub(super) fn poll_timeout(&self, time: Duration) -> Instant {
        self.answer.map_or(self.heard + time / 2, |answer| answer.at())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIME: Duration = Duration::from_secs(4);
    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_silent_worker_is_asked_after_half_of_its_time_and_hung_at_the_end_of_it() {
        let start = Instant::now();
        let mut heartbeat = Heartbeat::new(start);
        assert_eq!(heartbeat.handle_timeout(start + SECOND, TIME), Pulse::Fine);
        assert_eq!(heartbeat.poll_timeout(TIME), start + 2 * SECOND);
        assert_eq!(heartbeat.handle_timeout(start + 2 * SECOND, TIME), Pulse::Ask);
        assert_eq!(heartbeat.handle_timeout(start + 3 * SECOND, TIME), Pulse::Fine);
        assert_eq!(heartbeat.poll_timeout(TIME), start + 4 * SECOND);
        assert_eq!(heartbeat.handle_timeout(start + 4 * SECOND, TIME), Pulse::Hung);
    }

    #[test]
    fn a_worker_that_talks_is_never_asked() {
        let mut now = Instant::now();
        let mut heartbeat = Heartbeat::new(now);
        for _ in 0..100 {
            now += SECOND;
            assert_eq!(heartbeat.handle_timeout(now, TIME), Pulse::Fine);
            heartbeat.handle_heard(now);
        }
    }

    #[test]
    fn a_parent_that_did_not_run_asks_again_instead_of_judging() {
        let start = Instant::now();
        let mut heartbeat = Heartbeat::new(start);
        assert_eq!(heartbeat.handle_timeout(start + 2 * SECOND, TIME), Pulse::Ask);
        for stall in [60, 120, 180] {
            let late = start + stall * SECOND;
            assert_eq!(heartbeat.handle_timeout(late, TIME), Pulse::Ask, "stalled until {stall}");
        }
        let asked = start + 180 * SECOND;
        assert_eq!(heartbeat.handle_timeout(asked + 2 * SECOND, TIME), Pulse::Hung);
    }
}
