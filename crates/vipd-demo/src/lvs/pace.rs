//! Pace of the story: the intervals of the configuration, and what follows from them.

use std::time::Duration;

/// The intervals that the configuration is filled with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pace {
    /// Between advertisements.
    pub(super) interval: Duration,
    /// Between checks.
    pub(super) delay_loop: Duration,
    /// Between the attempts of a failing check, of which there is one more.
    pub(super) before_retry: Duration,
}

/// Settings that differ between the directors.
const DIRECTORS: [(&str, u8); 2] = [("A", 150), ("B", 100)];

impl Pace {
    /// As on a real pair, or faster.
    pub(super) fn new(fast: bool) -> Self {
        let [interval, delay_loop, before_retry] = if fast { [300, 500, 200] } else { [1000, 2000, 1000] };
        Self {
            interval: Duration::from_millis(interval),
            delay_loop: Duration::from_millis(delay_loop),
            before_retry: Duration::from_millis(before_retry),
        }
    }

    /// The configurations of A and B.
    pub(super) fn configurations(self) -> [String; 2] {
        DIRECTORS.map(|(name, priority)| {
            include_str!("director.conf")
                .replace("@ROUTER@", name)
                .replace("@PRIORITY@", &priority.to_string())
                .replace("@INTERVAL@", &decimal(self.interval))
                .replace("@DELAY_LOOP@", &decimal(self.delay_loop))
                .replace("@BEFORE_RETRY@", &decimal(self.before_retry))
        })
    }

    /// Active_Down_Interval of a director (RFC 9568 §6.1): three adverts and the skew.
    pub(super) fn down(self, director: usize) -> Duration {
        let priority = DIRECTORS.get(director).map_or(0, |(_, priority)| u32::from(*priority));
        self.interval * 3 + self.interval * (256 - priority) / 256
    }

    /// Longest time until a check has found out that a server refuses.
    pub(super) fn notices_down(self) -> Duration {
        self.delay_loop + self.before_retry
    }

    /// Longest time until a check has found out that a server is back: a page is asked for once to see that it is
    /// there, and once more for a whole round without failure.
    pub(super) fn notices_up(self) -> Duration {
        self.delay_loop * 2
    }
}

fn decimal(duration: Duration) -> String {
    duration.as_secs_f64().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_blank_is_left_and_the_file_is_understood() {
        for pace in [Pace::new(false), Pace::new(true)] {
            for text in pace.configurations() {
                assert!(!text.contains('@'), "{text}");
                let loaded = keepalived_conf::load_str(&text);
                assert!(loaded.usable.is_ok(), "{:?}", loaded.usable);
            }
        }
    }

    #[test]
    fn b_waits_three_adverts_and_a_skew_of_its_priority() {
        // 156/256 of 300 ms.
        assert_eq!(
            Pace::new(true).down(1),
            Duration::from_micros(900_000 + 182_812) + Duration::from_nanos(500)
        );
    }
}
