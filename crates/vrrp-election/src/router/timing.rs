//! The intervals of RFC 9568 §6.1, exact to the nanosecond.

use core::time::Duration;

use vrrp_proto::{Priority, Version};

/// Time a Backup adds to its patience so that the best candidate speaks first (`Skew_Time`).
///
/// VRRPv3 scales it with the Active's interval (RFC 9568 §6.1); VRRPv2 does not (RFC 3768 §6.1). RFC 9568
/// leaves open whether the division is an integer one: in whole centiseconds, priorities 254 and 253 would wait
/// equally long at short intervals, so nanoseconds it is.
///
/// ```
/// use core::time::Duration;
/// use vrrp_election::skew_time;
/// use vrrp_proto::{Priority, Version};
///
/// let interval = Duration::from_secs(1);
/// assert_eq!(skew_time(Version::V3, Priority::new(100), interval), Duration::from_micros(609_375));
/// ```
#[must_use]
pub fn skew_time(version: Version, priority: Priority, active_interval: Duration) -> Duration {
    let handicap = 256 - u32::from(priority.get());
    let unit = match version {
        Version::V2 => Duration::from_secs(1),
        Version::V3 => active_interval,
    };
    unit.saturating_mul(handicap) / 256
}

/// Time that a Backup waits for an advert before it takes over (`Active_Down_Interval`).
///
/// `down_adverts` is 3 in the RFCs.
#[must_use]
pub fn active_down_interval(
    version: Version,
    priority: Priority,
    active_interval: Duration,
    down_adverts: u8,
) -> Duration {
    active_interval.saturating_mul(down_adverts.into()).saturating_add(skew_time(
        version,
        priority,
        active_interval,
    ))
}

/// Most time that an advert may be sent early so that one wake-up serves many routers: 2 % of the interval, at most 1
/// ms. The next one counts from the exact time, so nothing drifts.
pub(crate) fn advert_slack(interval: Duration) -> Duration {
    (interval / 50).min(MAX_SLACK)
}

/// Timers due within this time are worth looking at together.
pub(crate) const MAX_SLACK: Duration = Duration::from_millis(1);

#[cfg(test)]
mod tests {
    use super::*;

    const fn prio(priority: u8) -> Priority {
        Priority::new(priority)
    }

    #[test]
    fn the_examples_of_the_rfcs_come_out_exactly() {
        let down = |version, priority, millis| {
            active_down_interval(version, prio(priority), Duration::from_millis(millis), 3)
        };
        assert_eq!(down(Version::V2, 100, 1_000), Duration::from_micros(3_609_375));
        assert_eq!(down(Version::V3, 100, 1_000), Duration::from_micros(3_609_375));
        assert_eq!(down(Version::V3, 254, 40_950), Duration::from_nanos(123_169_921_875));
        assert_eq!(down(Version::V3, 1, 10), Duration::from_nanos(39_960_937));
    }

    #[test]
    fn version_2_skew_ignores_the_interval() {
        let long = Duration::from_secs(100);
        assert_eq!(skew_time(Version::V2, prio(100), long), Duration::from_micros(609_375));
        assert_eq!(skew_time(Version::V3, prio(100), long), Duration::from_micros(60_937_500));
    }

    #[test]
    fn a_higher_priority_always_waits_less() {
        for priority in 1..255 {
            let shortest = Duration::from_millis(10);
            assert!(
                skew_time(Version::V3, prio(priority + 1), shortest)
                    < skew_time(Version::V3, prio(priority), shortest)
            );
        }
    }

    #[test]
    fn an_advert_is_never_sent_more_than_a_fiftieth_early() {
        assert_eq!(advert_slack(Duration::from_millis(10)), Duration::from_micros(200));
        assert_eq!(advert_slack(Duration::from_secs(1)), Duration::from_millis(1));
    }
}
