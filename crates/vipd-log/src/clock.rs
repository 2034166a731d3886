//! Local time as text. Nothing is decided by it.

use jiff::ZonedDateTime;

/// A moment in local time.
pub struct LocalTime(ZonedDateTime);

impl LocalTime {
    /// Now.
    pub fn now() -> Self {
        Self(ZonedDateTime::now())
    }

    /// Seconds since 1970.
    pub fn unix_seconds(&self) -> i64 {
        self.0.timestamp().as_second()
    }

    /// Number of seconds that this is ahead of UTC.
    pub fn offset_seconds(&self) -> i64 {
        self.0.offset().seconds().into()
    }

    /// `Sun Nov 22 13:35:53.042 2026`: as keepalived writes on a console, with milliseconds.
    pub(super) fn long(&self) -> String {
        self.0.strftime("%a %b %e %H:%M:%S%.3f %Y").to_string()
    }

    /// `2026-11-22T13:35:53.042+02:00` (RFC 3339), for programs.
    pub(super) fn rfc3339(&self) -> String {
        self.0.strftime("%Y-%m-%dT%H:%M:%S%.3f%:z").to_string()
    }

    /// `Sun, 22 Nov 2026 11:35:33 +0000`, as mails have it (RFC 5322 §3.3).
    pub fn mail(&self) -> String {
        self.0.strftime("%a, %d %b %Y %H:%M:%S %z").to_string()
    }

    /// `Nov 22 13:35:53`, as the syslog protocol has it.
    pub(super) fn short(&self) -> String {
        self.0.strftime("%b %e %H:%M:%S").to_string()
    }
}

#[cfg(test)]
impl LocalTime {
    /// A moment in November, in a zone that is so many seconds ahead of UTC.
    pub(super) fn of_test(offset: i32) -> Self {
        let zone = jiff::tz::TimeZone::fixed(jiff::tz::Offset::from_seconds(offset).unwrap());
        Self(jiff::civil::date(2026, 11, 2).at(9, 5, 53, 7_000_000).to_zoned_datetime(zone).unwrap())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_is_the_one_keepalived_prints() {
        let time = LocalTime::of_test(-12_600);
        assert_eq!(time.long(), "Mon Nov  2 09:05:53.007 2026");
        assert_eq!(time.rfc3339(), "2026-11-02T09:05:53.007-03:30");
        assert_eq!(time.short(), "Nov  2 09:05:53");
        assert_eq!(time.mail(), "Mon, 02 Nov 2026 09:05:53 -0330");
        assert_eq!(time.offset_seconds(), -12_600);
        assert!(LocalTime::of_test(7200).mail().ends_with(" +0200"));
        assert_eq!(LocalTime::of_test(0).unix_seconds(), 1_793_610_353);
    }
}
