//! Local time as text. Nothing is decided by it.

#![expect(unsafe_code, reason = "no safe crate in use calls localtime_r")]

use std::time::{SystemTime, UNIX_EPOCH};

/// A moment in local time.
pub(crate) struct LocalTime {
    /// Since 1970.
    unix_seconds: i64,
    weekday: usize,
    day: i32,
    month: usize,
    year: i32,
    hour: i32,
    minute: i32,
    second: i32,
    /// East of Greenwich.
    offset_seconds: i64,
}

impl LocalTime {
    /// Now.
    pub(crate) fn now() -> Self {
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs());
        Self::at(libc::time_t::try_from(seconds).unwrap_or(0))
    }

    fn at(seconds: libc::time_t) -> Self {
        // SAFETY: `tm` is plain data (integers and a pointer that is only written), for which zero is a value.
        let mut parts: libc::tm = unsafe { std::mem::zeroed() };
        // SAFETY: both pointers are to live values of the right types; nothing is kept by the function.
        unsafe { libc::localtime_r(&raw const seconds, &raw mut parts) };
        Self {
            #[allow(clippy::useless_conversion, reason = "32 bits on some machines")]
            unix_seconds: i64::from(seconds),
            weekday: usize::try_from(parts.tm_wday).unwrap_or(0),
            day: parts.tm_mday,
            month: usize::try_from(parts.tm_mon).unwrap_or(0),
            year: parts.tm_year.saturating_add(1900),
            hour: parts.tm_hour,
            minute: parts.tm_min,
            second: parts.tm_sec,
            offset_seconds: parts.tm_gmtoff,
        }
    }

    /// Seconds since 1970.
    pub(crate) fn unix_seconds(&self) -> i64 {
        self.unix_seconds
    }

    /// How many seconds this is ahead of UTC.
    pub(crate) fn offset_seconds(&self) -> i64 {
        self.offset_seconds
    }

    /// `Sun Nov 22 13:35:53 2026`, as keepalived writes on a console.
    pub(super) fn long(&self) -> String {
        let weekday = WEEKDAYS.get(self.weekday).copied().unwrap_or("???");
        format!("{weekday} {} {}", self.short(), self.year)
    }

    /// `Sun, 22 Nov 2026 11:35:33 +0000`, as mails have it (RFC 5322 §3.3).
    pub(crate) fn mail(&self) -> String {
        let weekday = WEEKDAYS.get(self.weekday).copied().unwrap_or("???");
        let month = MONTHS.get(self.month).copied().unwrap_or("???");
        let sign = if self.offset_seconds < 0 { '-' } else { '+' };
        let minutes = self.offset_seconds.unsigned_abs() / 60;
        format!(
            "{weekday}, {:02} {month} {} {:02}:{:02}:{:02} {sign}{:02}{:02}",
            self.day,
            self.year,
            self.hour,
            self.minute,
            self.second,
            minutes / 60,
            minutes % 60
        )
    }

    /// `Nov 22 13:35:53`, as the syslog protocol has it.
    pub(super) fn short(&self) -> String {
        let month = MONTHS.get(self.month).copied().unwrap_or("???");
        format!("{month} {:2} {:02}:{:02}:{:02}", self.day, self.hour, self.minute, self.second)
    }
}

const WEEKDAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_is_the_one_keepalived_prints() {
        let time = LocalTime {
            unix_seconds: 0,
            weekday: 0,
            day: 2,
            month: 10,
            year: 2026,
            hour: 9,
            minute: 5,
            second: 53,
            offset_seconds: -12_600,
        };
        assert_eq!(time.long(), "Sun Nov  2 09:05:53 2026");
        assert_eq!(time.short(), "Nov  2 09:05:53");
        assert_eq!(time.mail(), "Sun, 02 Nov 2026 09:05:53 -0330");
        assert!(LocalTime { offset_seconds: 7200, ..time }.mail().ends_with(" +0200"));
    }

    #[test]
    fn local_time_is_within_a_day_of_the_epoch_at_the_epoch() {
        let time = LocalTime::at(0);
        assert!(["Wed", "Thu"].contains(&WEEKDAYS[time.weekday]));
    }
}
