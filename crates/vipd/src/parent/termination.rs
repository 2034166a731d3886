//! How a process that should end is ended: SIGTERM, SIGKILL 2 s later, again 2 s later, then every 10 s.
//!
//! These are keepalived's times for a script that runs too long, and here the only ones: notify scripts and readers of FIFOs
//! end this way. No signal is sent here: [`Termination::poll_signal`] names the one that is due.

use std::time::{Duration, Instant};

use rustix::process::Signal;

/// The end of one process. Drop it when the process has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Termination {
    sent: u32,
    due: Instant,
}

impl Termination {
    /// Starts with SIGTERM, which is due now.
    pub(super) fn begin(now: Instant) -> Self {
        Self { sent: 0, due: now }
    }

    /// The signal that is due, if one is. A caller that comes late sends one signal, not those that it missed.
    pub(super) fn poll_signal(&mut self, now: Instant) -> Option<Signal> {
        if now < self.due {
            return None;
        }
        let signal = if self.sent == 0 { Signal::TERM } else { Signal::KILL };
        self.sent = self.sent.saturating_add(1);
        self.due = now + if self.sent <= 2 { GRACE } else { REPEAT };
        Some(signal)
    }

    /// When [`poll_signal`](Self::poll_signal) has the next signal.
    pub(super) fn poll_timeout(&self) -> Instant {
        self.due
    }
}

/// Between SIGTERM and the first SIGKILL, and between that and the second.
const GRACE: Duration = Duration::from_secs(2);

/// Between further SIGKILLs, for a process that the kernel cannot end yet.
const REPEAT: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    /// The signals of half a minute, with the millisecond of each; the clock is looked at every `step`.
    fn signals(mut termination: Termination, start: Instant, step: Duration) -> Vec<(u128, Signal)> {
        let mut now = start;
        let mut sent = Vec::new();
        while now <= start + Duration::from_secs(30) {
            sent.extend(termination.poll_signal(now).map(|signal| ((now - start).as_millis(), signal)));
            now += step;
        }
        sent
    }

    #[test]
    fn a_process_gets_sigterm_then_sigkill_after_2_s_after_2_s_more_and_every_10_s() {
        let now = Instant::now();
        let sent = signals(Termination::begin(now), now, Duration::from_millis(100));
        let kill = Signal::KILL;
        assert_eq!(sent, [(0, Signal::TERM), (2000, kill), (4000, kill), (14_000, kill), (24_000, kill)]);
    }

    #[test]
    fn a_caller_that_comes_late_gives_the_process_its_whole_grace() {
        let now = Instant::now();
        let mut termination = Termination::begin(now);
        assert_eq!(termination.poll_signal(now + Duration::from_secs(60)), Some(Signal::TERM));
        assert_eq!(termination.poll_signal(now + Duration::from_secs(61)), None);
        assert_eq!(termination.poll_timeout(), now + Duration::from_secs(62));
        assert_eq!(termination.poll_signal(now + Duration::from_secs(62)), Some(Signal::KILL));
    }
}
