//! Times of a takeover by the protocol, apart from any daemon.

use std::fmt;
use std::time::Duration;

/// The failure or stop of the serving router.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Its whole process tree is killed at once.
    Kill,
    /// It is asked to stop (SIGTERM), and says so with priority 0.
    Stop,
    /// Its cable is pulled.
    Link,
}

impl Mode {
    pub(crate) fn parse(word: &str) -> Option<Self> {
        [Self::Kill, Self::Stop, Self::Link].into_iter().find(|mode| mode.to_string() == word)
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Kill => "kill",
            Self::Stop => "stop",
            Self::Link => "link",
        })
    }
}

/// Version and interval that all routers of a case speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Protocol {
    /// 2 or 3.
    pub(crate) version: u8,
    /// Advertisement interval.
    pub(crate) interval: Duration,
}

impl Protocol {
    /// `Skew_Time`: (256 - priority) / 256 of a second in VRRPv2 (RFC 3768 §6.1), of the interval in VRRPv3
    /// (RFC 9568 §6.1).
    pub(crate) fn skew(self, priority: u8) -> Duration {
        let unit = if self.version == 2 { Duration::from_secs(1) } else { self.interval };
        unit * (256 - u32::from(priority)) / 256
    }

    /// Time from the reference advertisement to a Backup's takeover: three intervals and the skew after the last one,
    /// or the skew after priority 0.
    pub(crate) fn wait(self, mode: Mode, priority: u8) -> Duration {
        match mode {
            Mode::Kill | Mode::Link => self.interval * 3 + self.skew(priority),
            Mode::Stop => self.skew(priority),
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VRRPv{}, {} s", self.version, seconds(self.interval))
    }
}

/// As a configuration has it: `1`, `0.1`, `0.01`.
pub(crate) fn seconds(time: Duration) -> String {
    let text = format!("{}.{:02}", time.as_secs(), time.subsec_millis() / 10);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_skew_of_version_2_does_not_follow_the_interval() {
        let v2 = Protocol { version: 2, interval: Duration::from_secs(5) };
        let v3 = Protocol { version: 3, interval: Duration::from_millis(100) };
        assert_eq!(v2.skew(100), Duration::from_micros(609_375));
        assert_eq!(v3.wait(Mode::Stop, 100), Duration::from_nanos(60_937_500));
        assert_eq!(v3.wait(Mode::Kill, 100), Duration::from_nanos(360_937_500));
    }

    #[test]
    fn seconds_are_written_as_short_as_they_are() {
        let written = [1000, 100, 10, 10_000, 1050].map(|ms| seconds(Duration::from_millis(ms)));
        assert_eq!(written, ["1", "0.1", "0.01", "10", "1.05"]);
    }
}
