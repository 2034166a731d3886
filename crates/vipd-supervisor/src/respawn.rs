//! The delay before a worker that died is started again.

use std::time::{Duration, Instant};

/// Delays between deaths and restarts: none, then one second, then twice as long each time up to a minute, as long
/// as the worker dies within a minute of its start.
#[derive(Debug, Default)]
pub(super) struct Respawn {
    started: Option<Instant>,
    delay: Option<Duration>,
}

impl Respawn {
    /// The worker was started.
    pub(super) fn handle_start(&mut self, now: Instant) {
        self.started = Some(now);
    }

    /// The worker died: how long to wait before it is started again.
    pub(super) fn handle_death(&mut self, now: Instant) -> Duration {
        let ran = self.started.map_or(Duration::MAX, |started| now.saturating_duration_since(started));
        let delay = match self.delay {
            Some(previous) if ran < STEADY => (previous * 2).clamp(Duration::from_secs(1), LONGEST),
            _ => Duration::ZERO,
        };
        self.delay = Some(delay);
        delay
    }
}

/// A worker that ran so long did not die of what it met at its start.
const STEADY: Duration = Duration::from_secs(60);

const LONGEST: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_restart_is_immediate_and_repeated_ones_back_off() {
        let mut respawn = Respawn::default();
        let mut now = Instant::now();
        let mut delays = Vec::new();
        for _ in 0..10 {
            respawn.handle_start(now);
            now += Duration::from_secs(1);
            let delay = respawn.handle_death(now);
            delays.push(delay.as_secs());
            now += delay;
        }
        assert_eq!(delays, [0, 1, 2, 4, 8, 16, 32, 60, 60, 60]);
    }

    #[test]
    fn a_worker_that_ran_a_minute_is_restarted_at_once() {
        let mut respawn = Respawn::default();
        let start = Instant::now();
        for _ in 0..5 {
            respawn.handle_start(start);
            respawn.handle_death(start);
        }
        respawn.handle_start(start);
        assert_eq!(respawn.handle_death(start + Duration::from_secs(60)), Duration::ZERO);
    }
}
