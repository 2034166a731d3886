//! `advert_int`, as far as the version of VRRP can say it.

use std::time::Duration;

use crate::diagnostic::Diagnostic;
use crate::keywords::Millionths;

use super::Finish;

impl Finish<'_, '_, '_> {
    /// Whole seconds in version 2, hundredths in version 3.
    pub(super) fn advert_interval(&mut self) -> Duration {
        let Some((interval, span)) = self.draft.advert_interval else { return Duration::from_secs(1) };
        let rounded = if self.version == 2 { whole_seconds(interval) } else { centiseconds(interval) };
        if rounded == interval {
            return interval;
        }
        let name = &self.draft.name;
        let (written, used) = (seconds(interval), seconds(rounded));
        let finding = if self.version == 3 && interval > rounded && rounded == MAX_V3_INTERVAL {
            Diagnostic::error(
                "advert-interval",
                format!("{name}: VRRPv3 can say at most 40.95 s; that is used"),
            )
        } else if self.version == 3 {
            Diagnostic::warning(
                "advert-interval",
                format!("{name}: VRRPv3 counts hundredths of a second; {used} s is used for {written}"),
            )
        } else if interval < Duration::from_secs(1) {
            Diagnostic::error(
                "advert-interval",
                format!("{name}: VRRPv2 cannot advertise every {written} s, only whole seconds; 1 s is used"),
            )
            .help("write `version 3` on every router to advertise faster; keepalived makes this 0 and floods the \
                 network")
        } else {
            Diagnostic::warning(
                "advert-interval",
                format!("{name}: VRRPv2 counts whole seconds; {used} s is used for {written}"),
            )
        };
        self.report.push(finding.at(span));
        rounded
    }
}

const MAX_V3_INTERVAL: Duration = Duration::from_millis(40_950);

/// To the nearest second, half up, 1 to 255.
fn whole_seconds(interval: Duration) -> Duration {
    Duration::from_secs((interval + Duration::from_millis(500)).as_secs().clamp(1, 255))
}

/// To the nearest hundredth, half up, 0.01 to 40.95.
fn centiseconds(interval: Duration) -> Duration {
    let hundredths = (interval + Duration::from_millis(5)).as_millis() / 10;
    Duration::from_millis(u64::try_from(hundredths).unwrap_or(u64::MAX).clamp(1, 4095) * 10)
}

fn seconds(duration: Duration) -> Millionths {
    Millionths(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_2_never_advertises_more_than_once_a_second() {
        let rounded = |milliseconds| whole_seconds(Duration::from_millis(milliseconds)).as_secs();
        assert_eq!(
            (rounded(10), rounded(400), rounded(1_400), rounded(1_500), rounded(255_000)),
            (1, 1, 1, 2, 255)
        );
    }

    #[test]
    fn version_3_counts_hundredths() {
        let rounded = |micros| centiseconds(Duration::from_micros(micros)).as_millis();
        assert_eq!(
            (rounded(15_000), rounded(14_999), rounded(10_000), rounded(41_000_000)),
            (20, 10, 10, 40_950)
        );
    }
}
