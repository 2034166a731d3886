//! Promises of the configured intervals for each step of the story, and whether they were kept.

use std::time::Duration;

use super::pace::Pace;

/// Why things change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// The directors are started.
    Start,
    /// Nothing does.
    Nothing,
    /// Real servers refuse while others of them answer.
    SomeDie,
    /// No real server answers any more.
    AllDie,
    /// Real servers are back.
    Return,
    /// The Active director is silent from one moment to the next.
    Silence,
    /// The better director is back.
    Preemption,
}

/// When all should be as it should, counted from the event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Promise {
    /// Not before.
    pub(super) earliest: Duration,
    /// Not after.
    pub(super) latest: Duration,
    /// Longest time without an answer; `None` where nobody was there to answer before.
    pub(super) gap: Option<Duration>,
}

/// Time that starting a daemon may take.
const BOOT: Duration = Duration::from_millis(2500);

/// Tolerance for every time: a question passes three machines, which share a processor.
const SLACK: Duration = Duration::from_millis(750);

impl Promise {
    /// The promise for a change because of `cause`.
    pub(super) fn new(cause: Cause, pace: Pace) -> Self {
        let none = Duration::ZERO;
        let (a, b) = (pace.down(0), pace.down(1));
        let (earliest, latest, gap) = match cause {
            Cause::Start => (a, a + BOOT, None),
            Cause::Nothing => (none, none, Some(none)),
            Cause::SomeDie => (none, pace.notices_down(), Some(none)),
            Cause::AllDie => (none, pace.notices_down(), Some(pace.notices_down())),
            Cause::Return => (none, pace.notices_up(), Some(none)),
            Cause::Silence => (b.saturating_sub(pace.interval), b, Some(b)),
            // It waits for one advert too many at most, then as long as for a silent one.
            Cause::Preemption => (a, pace.interval + a + BOOT, Some(none)),
        };
        Self { earliest, latest, gap }
    }

    /// Whether it was kept, on a machine that stood still for some of the time.
    pub(super) fn verdict(&self, took: Duration, gap: Duration, stalled: Duration) -> Verdict {
        /// The moment of a failure is not known better.
        const EARLY: Duration = Duration::from_millis(50);
        // Machines that stood still have to catch up afterwards.
        let excused = SLACK + stalled * 2;
        if took + EARLY < self.earliest {
            Verdict::Early
        } else if took > self.latest + excused {
            Verdict::Late
        } else if self.gap.is_some_and(|allowed| gap > allowed + excused) {
            Verdict::Gap
        } else {
            Verdict::Kept
        }
    }
}

/// Result of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// As promised.
    Kept,
    /// Before the protocol's timer could have expired.
    Early,
    /// Later than promised.
    Late,
    /// Clients had no answer for longer than promised.
    Gap,
    /// Clients were still sent to a server that refused them.
    Refused,
    /// Others answered than should have, or not all of them.
    Wrong,
    /// It never became as it should.
    Missed,
}

impl Verdict {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Kept => "ok",
            Self::Early => "TOO EARLY",
            Self::Late => "LATE",
            Self::Gap => "GAP",
            Self::Refused => "REFUSED",
            Self::Wrong => "WRONG SERVERS",
            Self::Missed => "NEVER",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn a_silent_director_is_replaced_after_its_last_advert_is_old() {
        // Adverts each second; B has priority 100: 3.609 s after the last advert, which was up to 1 s before.
        let promise = Promise::new(Cause::Silence, Pace::new(false));
        assert_eq!((promise.earliest.as_millis(), promise.latest.as_millis()), (2609, 3609));
        assert_eq!(promise.verdict(ms(3000), ms(3010), Duration::ZERO), Verdict::Kept);
        assert_eq!(promise.verdict(ms(2000), ms(2010), Duration::ZERO), Verdict::Early);
        assert_eq!(promise.verdict(ms(4400), ms(4410), Duration::ZERO), Verdict::Late);
        assert_eq!(promise.verdict(ms(3500), ms(4400), Duration::ZERO), Verdict::Gap);
        assert_eq!(promise.verdict(ms(4400), ms(4400), ms(100)), Verdict::Kept, "the machine stood still");
    }

    #[test]
    fn a_dead_server_among_living_ones_leaves_no_gap() {
        let promise = Promise::new(Cause::SomeDie, Pace::new(false));
        assert_eq!(promise.latest, ms(3000));
        assert_eq!(promise.verdict(ms(2900), ms(200), Duration::ZERO), Verdict::Kept);
        assert_eq!(promise.verdict(ms(2900), ms(800), Duration::ZERO), Verdict::Gap);
    }
}
