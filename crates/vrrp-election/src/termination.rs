//! Signals that end a process: SIGTERM, SIGKILL 2 s later, again 2 s later, then every 10 s.
//!
//! These are keepalived's times for a script that runs too long. No signal is sent here: [`Termination::poll_signal`] names
//! the one that is due.

use core::ops::Add;
use core::time::Duration;

use crate::Instant;

/// A signal that ends a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndSignal {
    /// SIGTERM: it is asked to end.
    Term,
    /// SIGKILL: it did not.
    Kill,
}

/// The end of one process, by the clock `I` of the caller. Drop it when the process has ended.
///
/// ```
/// use core::time::Duration;
/// use vrrp_election::{EndSignal, Instant, Termination};
///
/// let now = Instant::from_nanos(7_000_000_000);
/// let mut termination = Termination::begin(now);
/// assert_eq!(termination.poll_signal(now), Some(EndSignal::Term));
/// assert_eq!(termination.poll_timeout(), now + Duration::from_secs(2));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Termination<I = Instant> {
    sent: u32,
    due: I,
}

impl<I: Copy + Ord + Add<Duration, Output = I>> Termination<I> {
    /// Starts with SIGTERM, which is due now.
    pub fn begin(now: I) -> Self {
        Self { sent: 0, due: now }
    }

    /// The signal that is due, if one is. A caller that comes late sends one signal, not those that it missed.
    pub fn poll_signal(&mut self, now: I) -> Option<EndSignal> {
        if now < self.due {
            return None;
        }
        let signal = if self.sent == 0 { EndSignal::Term } else { EndSignal::Kill };
        self.sent = self.sent.saturating_add(1);
        self.due = now + if self.sent <= 2 { GRACE } else { REPEAT };
        Some(signal)
    }

    /// When [`poll_signal`](Self::poll_signal) has the next signal.
    pub fn poll_timeout(&self) -> I {
        self.due
    }

    /// Number of signals sent, SIGTERM included.
    pub fn sent(&self) -> u32 {
        self.sent
    }

    /// The process had no chance to end for so long, because the machine stood still.
    pub fn postpone(&mut self, by: Duration) {
        self.due = self.due + by;
    }
}

/// Between SIGTERM and the first SIGKILL, and between that and the second.
const GRACE: Duration = Duration::from_secs(2);

/// Between further SIGKILLs, for a process that the kernel cannot end yet.
const REPEAT: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    /// The signals of half a minute, with the millisecond of each; the clock is looked at every `step`.
    fn signals(mut termination: Termination, start: Instant, step: Duration) -> Vec<(u128, EndSignal)> {
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
        let now = Instant::ZERO;
        let sent = signals(Termination::begin(now), now, Duration::from_millis(100));
        let kill = EndSignal::Kill;
        let expected = [(0, EndSignal::Term), (2000, kill), (4000, kill), (14_000, kill), (24_000, kill)];
        assert_eq!(sent, expected);
    }

    #[test]
    fn a_caller_that_comes_late_gives_the_process_its_whole_grace() {
        let after = |seconds| Instant::ZERO + Duration::from_secs(seconds);
        let mut termination = Termination::begin(Instant::ZERO);
        assert_eq!(termination.poll_signal(after(60)), Some(EndSignal::Term));
        assert_eq!(termination.poll_signal(after(61)), None);
        assert_eq!(termination.poll_timeout(), after(62));
        assert_eq!(termination.poll_signal(after(62)), Some(EndSignal::Kill));
        assert_eq!(termination.sent(), 2);
    }

    #[test]
    fn a_machine_that_stood_still_takes_nothing_of_the_grace() {
        let after = |seconds| Instant::ZERO + Duration::from_secs(seconds);
        let mut termination = Termination::begin(Instant::ZERO);
        termination.poll_signal(Instant::ZERO);
        termination.postpone(Duration::from_secs(30));
        assert_eq!(termination.poll_signal(after(31)), None);
        assert_eq!(termination.poll_signal(after(32)), Some(EndSignal::Kill));
    }
}
