//! Promises of the protocol for each step of the story, and whether a measurement kept them.

use std::time::Duration;

use crate::seconds;
use vip_lab::Stamp;
use vip_lab::frame::Advert;

/// Why the address moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// The daemons are started and take part after this long (`vrrp_startup_delay`); nobody was there before.
    Start(Duration),
    /// The Active is silent from one moment to the next.
    Silence,
    /// A better router came back and takes over, after it waited this long (`preempt_delay`).
    Return(Duration),
    /// The Active's priority falls below the other's when a check notices, at most this much later.
    Demotion(Duration),
    /// The better router's priority rises again when a check notices, at most this much later.
    Promotion(Duration),
    /// The Active leaves in order, with an advertisement of priority 0.
    Stop,
}

/// The advertisements that the promise depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Adverts {
    /// First one of the new Active: it tells priority and interval.
    pub(super) first: (Stamp, Advert),
    /// Last one of the old Active before that, with a priority the new one had to respect, if there was one.
    pub(super) respected: Option<Stamp>,
    /// The old Active's priority 0, if it was sent.
    pub(super) stop: Option<Stamp>,
}

/// When the new Active's first advertisement should come, counted from the event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Promise {
    /// Not before.
    pub(super) earliest: Duration,
    /// Not after.
    pub(super) latest: Duration,
    /// The rule in words.
    pub(super) rule: String,
    /// Delay after the protocol's own timer, where that timer can be read from the wire.
    pub(super) late: Option<Duration>,
}

/// Time that starting a daemon and its first round of checks may take.
const BOOT: Duration = Duration::from_millis(1500);

/// Delay that a takeover may have before the verdict is "late": a busy machine may not be scheduled at once.
const SLACK: Duration = Duration::from_millis(250);

/// Time by which a timer may seem to fire early, since the stamp of an advert is the switch's and not the receiver's.
const EARLY: Duration = Duration::from_millis(20);

impl Promise {
    /// The promise for an address that moved because of `cause`, where `down_adverts` have to be missing.
    pub(super) fn new(cause: Cause, down_adverts: u8, adverts: &Adverts) -> Self {
        let advert = adverts.first.1;
        let skew = skew_time(&advert);
        let down = advert.interval * down_adverts.into() + skew;
        let timer_ran_from = |from: Stamp, length: Duration| Some(adverts.first.0.since(from.plus(length)));
        let within_an_advert = down.saturating_sub(advert.interval);
        // An owner does not wait, RFC 9568 §6.4.1.
        let wait = if advert.priority == 255 { Duration::ZERO } else { down };
        let (earliest, latest, late) = match cause {
            Cause::Start(delay) => (delay + wait, delay + down + BOOT, None),
            Cause::Return(delay) => (delay + wait, delay + advert.interval + down + BOOT, None),
            Cause::Silence => {
                (within_an_advert, down, adverts.respected.and_then(|at| timer_ran_from(at, down)))
            }
            // A check of weight 0 makes the Active leave with priority 0.
            Cause::Demotion(check) if adverts.stop.is_some() => {
                (skew, check + skew, adverts.stop.and_then(|at| timer_ran_from(at, skew)))
            }
            Cause::Demotion(check) => {
                let late = adverts.respected.and_then(|at| timer_ran_from(at, down));
                (within_an_advert, check + down, late)
            }
            Cause::Promotion(check) => (within_an_advert, check + down, None),
            Cause::Stop => (skew, skew, adverts.stop.and_then(|at| timer_ran_from(at, skew))),
        };
        Self { earliest, latest, rule: rule(cause, down_adverts, down, skew), late }
    }

    /// Whether the advertisement that came `after` the event kept the promise.
    pub(super) fn verdict(&self, after: Duration) -> Verdict {
        if after + EARLY < self.earliest {
            Verdict::Early
        } else if after > self.latest + SLACK {
            Verdict::Late
        } else {
            Verdict::Kept
        }
    }
}

/// Behaviour of the address in one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// As the protocol promises.
    Kept,
    /// The takeover came before the protocol's timer could have expired.
    Early,
    /// It came later than promised.
    Late,
    /// The expected router never served.
    Missed,
}

impl Verdict {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Kept => "ok",
            Self::Early => "TOO EARLY",
            Self::Late => "LATE",
            Self::Missed => "NEVER",
        }
    }
}

/// Longest time in which two routers may hold the address at once: the better one says so with its next
/// advertisement.
pub(super) fn longest_overlap(interval: Duration) -> Duration {
    interval + SLACK
}

/// RFC 3768 §6.1 counts in seconds, RFC 9568 §6.1 in advertisement intervals.
fn skew_time(advert: &Advert) -> Duration {
    let unit = if advert.version == 2 { Duration::from_secs(1) } else { advert.interval };
    unit * (256 - u32::from(advert.priority)) / 256
}

fn rule(cause: Cause, down_adverts: u8, down: Duration, skew: Duration) -> String {
    let (down, skew) = (seconds(down), seconds(skew));
    match cause {
        Cause::Start(delay) if delay.is_zero() => format!("start + {down_adverts} adverts + skew = {down}"),
        Cause::Start(delay) => format!("start + delay {} + {down}", seconds(delay)),
        Cause::Silence => format!("{down_adverts} adverts + skew = {down}, minus the phase"),
        Cause::Return(delay) if delay.is_zero() => format!("start + 1 advert + {down}"),
        Cause::Return(delay) => format!("start + delay {} + 1 advert + {down}", seconds(delay)),
        Cause::Demotion(check) => format!("check {} + {down}, minus the phase", seconds(check)),
        Cause::Promotion(check) => format!("check {} + {down} at most", seconds(check)),
        Cause::Stop => format!("skew = {skew}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Stamp {
        Stamp::from_epoch(Duration::from_millis(ms))
    }

    fn adverts(first_ms: u64, respected_ms: Option<u64>, stop_ms: Option<u64>) -> Adverts {
        let interval = Duration::from_secs(1);
        let source = "192.0.2.2".parse().unwrap();
        let advert = Advert { source, version: 2, vrid: 51, priority: 128, interval };
        Adverts { first: (at(first_ms), advert), respected: respected_ms.map(at), stop: stop_ms.map(at) }
    }

    #[test]
    fn silence_is_noticed_three_adverts_and_a_skew_after_the_last_advert() {
        // Priority 128: skew 0.5 s. The last advert came 400 ms before the failure.
        let promise = Promise::new(Cause::Silence, 3, &adverts(13_501, Some(10_000), None));
        assert_eq!(promise.late, Some(Duration::from_millis(1)));
        assert_eq!(
            (promise.earliest, promise.latest),
            (Duration::from_millis(2500), Duration::from_millis(3500))
        );
        assert_eq!(promise.verdict(Duration::from_millis(3101)), Verdict::Kept);
        assert_eq!(promise.verdict(Duration::from_millis(2400)), Verdict::Early);
        assert_eq!(promise.verdict(Duration::from_millis(3800)), Verdict::Late);
    }

    #[test]
    fn an_orderly_stop_costs_the_skew_alone() {
        let promise = Promise::new(Cause::Stop, 3, &adverts(10_502, Some(9_700), Some(10_001)));
        assert_eq!(promise.late, Some(Duration::from_millis(1)));
        assert_eq!(promise.verdict(Duration::from_millis(502)), Verdict::Kept);
        assert_eq!(promise.verdict(Duration::from_millis(300)), Verdict::Early);
    }

    #[test]
    fn a_failing_check_adds_its_interval_at_most() {
        let promise =
            Promise::new(Cause::Demotion(Duration::from_secs(1)), 3, &adverts(4_000, Some(499), None));
        assert_eq!(promise.late, Some(Duration::from_millis(1)));
        assert_eq!(promise.latest, Duration::from_millis(4500));
    }

    #[test]
    fn a_router_that_starts_listens_first_unless_it_owns_the_address() {
        let mut adverts = adverts(3_510, None, None);
        let early = Duration::from_secs(1);
        for cause in [Cause::Start(Duration::ZERO), Cause::Return(Duration::ZERO)] {
            assert_eq!(Promise::new(cause, 3, &adverts).verdict(early), Verdict::Early);
        }
        adverts.first.1.priority = 255;
        assert_eq!(Promise::new(Cause::Start(Duration::ZERO), 3, &adverts).verdict(early), Verdict::Kept);
    }

    #[test]
    fn the_skew_of_version_three_is_part_of_its_interval() {
        let source = "192.0.2.2".parse().unwrap();
        let advert =
            Advert { source, version: 3, vrid: 1, priority: 128, interval: Duration::from_millis(100) };
        assert_eq!(skew_time(&advert), Duration::from_millis(50));
        assert_eq!(skew_time(&Advert { version: 2, ..advert }), Duration::from_millis(500));
    }
}
