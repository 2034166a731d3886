//! Words of the values: causes, faults, durations, times.
//!
//! Text of others (output of scripts, names in a file, reasons of operators) is not trusted here: [`clean`] makes it
//! harmless to a terminal before it is shown.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::{Cause, Family, Fault, Intent, IntentKind, LastRun, ReloadResult, Role, State, TrackerKind};

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Ipv4 => "IPv4",
            Self::Ipv6 => "IPv6",
        })
    }
}

impl fmt::Display for TrackerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Script => "script",
            Self::File => "file",
            Self::Process => "process",
            Self::Interface => "interface",
            Self::Bfd => "BFD session",
        })
    }
}

impl Role {
    /// Its word in log lines and labels: `vrrp`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Vrrp => "vrrp",
            Self::Lvs => "lvs",
            Self::Bfd => "bfd",
            Self::Watcher => "watcher",
            Self::Mailer => "mailer",
            Self::Web => "web",
            Self::Paths => "paths",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Vrrp => "VRRP worker",
            Self::Lvs => "LVS worker",
            Self::Bfd => "BFD worker",
            Self::Watcher => "watcher",
            Self::Mailer => "mailer",
            Self::Web => "web process",
            Self::Paths => "path process",
        })
    }
}

impl fmt::Display for IntentKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Handover => "handover",
            Self::Maintenance => "maintenance",
            Self::Drain => "drain",
            Self::Weight => "another weight",
        })
    }
}

impl fmt::Display for ReloadResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Taken => "taken",
            Self::Refused => "refused",
            Self::Undone => "undone",
        })
    }
}

impl Cause {
    /// In one word, for labels and fields of the journal: `better-advert`. It is the `kind` of the JSON, and for a fault
    /// what the fault is: `fault-tracker`.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Startup => "startup",
            Self::Owner => "owner",
            Self::Resumed => "resumed",
            Self::Silence { .. } => "silence",
            Self::MasterLeft { .. } => "master-left",
            Self::Preempted { .. } => "preempted",
            Self::BetterAdvert { .. } => "better-advert",
            Self::Stalled { .. } => "stalled",
            Self::Group { .. } => "group",
            Self::Fault(fault) => fault.cause_word(),
            Self::Operator { .. } => "operator",
            Self::Stop => "stop",
            Self::Deleted => "deleted",
        }
    }
}

impl Fault {
    const fn cause_word(&self) -> &'static str {
        match self {
            Self::Duplicate { .. } => "fault-duplicate",
            Self::InterfaceDown { .. } => "fault-interface-down",
            Self::NoAddress { .. } => "fault-no-address",
            Self::NoSource => "fault-no-source",
            Self::Member { .. } => "fault-member",
            Self::Tracker { .. } => "fault-tracker",
            Self::Deaf { .. } => "fault-deaf",
            Self::Static { .. } => "fault-static",
        }
    }
}

/// As it stands behind `because`.
impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Startup => f.write_str("it started, or its last fault ended"),
            Self::Owner => f.write_str("it started as the owner of the addresses (priority 255)"),
            Self::Resumed => f.write_str("a new worker process goes on as the earlier one left it"),
            Self::Silence { silent_ms: Some(ms) } => write!(f, "no advertisement for {}", millis(*ms)),
            Self::Silence { silent_ms: None } => {
                f.write_str("no advertisement was received since it started")
            }
            Self::MasterLeft { source: Some(source) } => {
                write!(f, "{source} left (it advertised priority 0)")
            }
            Self::MasterLeft { source: None } => f.write_str("the master left (it advertised priority 0)"),
            Self::Preempted { source, priority } => write!(f, "it preempted {source}, priority {priority}"),
            Self::BetterAdvert { source, priority } => write!(f, "{source} advertised priority {priority}"),
            Self::Stalled { silent_ms } => {
                write!(
                    f,
                    "it could not advertise for {}, so that another router took over",
                    millis(*silent_ms)
                )
            }
            Self::Group { name: Some(name) } => write!(f, "its sync group {name} changed"),
            Self::Group { name: None } => f.write_str("its sync group changed"),
            Self::Fault(fault) => fault.fmt(f),
            Self::Operator { intent, by } => write!(f, "{by} asked for {}", asked_for(*intent)),
            Self::Stop => f.write_str("the daemon stopped"),
            Self::Deleted => f.write_str("the configuration no longer has it"),
        }
    }
}

const fn asked_for(intent: IntentKind) -> &'static str {
    match intent {
        IntentKind::Handover => "a handover",
        IntentKind::Maintenance => "maintenance",
        IntentKind::Drain => "a drain",
        IntentKind::Weight => "another weight",
    }
}

/// As it stands behind `because`.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Duplicate { of } => write!(f, "{of} has the same interface, VRID, family and peers"),
            Self::InterfaceDown { interface, missing: false } => write!(f, "interface {interface} is down"),
            Self::InterfaceDown { interface, missing: true } => {
                write!(f, "interface {interface} does not exist")
            }
            Self::NoAddress { interface } => write!(f, "interface {interface} has no address to send from"),
            Self::NoSource => f.write_str("no interface has its unicast source address"),
            Self::Member { name } => write!(f, "{name} of its sync group is in FAULT"),
            Self::Tracker { tracker, name, reason: None } => write!(f, "{tracker} {name} is down"),
            Self::Tracker { tracker, name, reason: Some(reason) } => {
                write!(f, "{tracker} {name} is down: {reason}")
            }
            Self::Deaf { interface } => {
                write!(f, "no socket hears advertisements on interface {interface}")
            }
            Self::Static { what } => write!(f, "{what}, which it tracks, is missing"),
        }
    }
}

/// As it stands behind the name of the script: `exited with status 7: disk full`.
impl fmt::Display for LastRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.timed_out, self.exit, self.signal) {
            (true, ..) => write!(f, "timed out after {}", millis(self.ms))?,
            (false, Some(status), _) => write!(f, "exited with status {status}")?,
            (false, None, Some(signal)) => write!(f, "was ended by signal {signal}")?,
            (false, None, None) => f.write_str("could not be run")?,
        }
        if self.output.is_empty() { Ok(()) } else { write!(f, ": \"{}\"", self.output) }
    }
}

/// An intent with its author, time and reason: `maintenance by root, 18 min left: "kernel update"`.
pub(crate) fn intent(intent: &Intent, at: Timestamp) -> String {
    let kind = match (intent.kind, intent.weight) {
        (IntentKind::Weight, Some(weight)) => format!("weight {weight}"),
        (kind, _) => kind.to_string(),
    };
    let hard = if intent.hard { " (hard)" } else { "" };
    let open = intent.open.map(|open| format!(", {open} connections open")).unwrap_or_default();
    let left = intent.until.map(|until| format!(", {} left", between(at, until))).unwrap_or_default();
    let reason = if intent.reason.is_empty() { String::new() } else { format!(": \"{}\"", intent.reason) };
    format!("{kind}{hard} by {}{left}{open}{reason}", intent.by)
}

/// Milliseconds as seconds: `3.610 s`; from a minute on as [`span`].
pub(crate) fn millis(ms: u64) -> String {
    if ms < 60_000 { format!("{}.{:03} s", ms / 1000, ms % 1000) } else { span(Duration::from_millis(ms)) }
}

/// Microseconds as milliseconds with one digit: `1.2 ms`; from a second on as [`millis`].
pub(crate) fn micros(us: u64) -> String {
    if us < 1_000_000 { format!("{}.{} ms", us / 1000, us % 1000 / 100) } else { millis(us / 1000) }
}

/// A duration as people say it, with at most two units: `12 d 3 h`.
pub(crate) fn span(span: Duration) -> String {
    let seconds = span.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match seconds {
        0..60 => format!("{seconds} s"),
        60..600 => format!("{minutes} min {} s", seconds % 60),
        600..3600 => format!("{minutes} min"),
        3600..86_400 => format!("{hours} h {} min", minutes % 60),
        _ => format!("{days} d {} h", hours % 24),
    }
}

/// The time from one moment to a later one; 0 s where it is not later.
pub(crate) fn between(from: Timestamp, to: Timestamp) -> String {
    span(Duration::try_from(from.duration_until(to)).unwrap_or_default())
}

/// A moment later than another; the last one there is, where it would be after that.
pub(crate) fn later(time: Timestamp, by: Duration) -> Timestamp {
    time.checked_add(by).unwrap_or(Timestamp::MAX)
}

/// The time of day in a zone, with the date where it is another day than that of `at`.
pub(crate) fn clock(time: Timestamp, at: Timestamp, zone: &TimeZone) -> String {
    let (time, now) = (time.to_zoned_datetime(zone.clone()), at.to_zoned_datetime(zone.clone()));
    let form = if time.date() == now.date() { "%H:%M:%S" } else { "%Y-%m-%d %H:%M:%S" };
    time.strftime(form).to_string()
}

/// A count with its noun: `1 problem`, `2 problems`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// Without what a terminal obeys or hides: control characters and those that turn the direction of text become `\u{fffd}`.
pub fn clean(text: &str) -> Cow<'_, str> {
    let harmful = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    if !text.contains(harmful) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(|c| if harmful(c) { '\u{fffd}' } else { c }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_at_most_two_units() {
        let said = [0, 59, 60, 252, 600, 3_599, 3_600, 7_860, 86_400, 1_047_600]
            .map(|s| span(Duration::from_secs(s)));
        let expected = [
            "0 s",
            "59 s",
            "1 min 0 s",
            "4 min 12 s",
            "10 min",
            "59 min",
            "1 h 0 min",
            "2 h 11 min",
            "1 d 0 h",
            "12 d 3 h",
        ];
        assert_eq!(said, expected);
        assert_eq!([millis(1_805), millis(61_000)], ["1.805 s", "1 min 1 s"]);
        assert_eq!([micros(1_250), micros(2_000_000)], ["1.2 ms", "2.000 s"]);
    }

    #[test]
    fn a_time_of_another_day_has_its_date() {
        let at: Timestamp = "2026-11-30T09:00:00Z".parse().unwrap();
        let [today, earlier] =
            ["2026-11-30T08:59:58Z", "2026-11-29T23:00:00Z"].map(|time| time.parse().unwrap());
        assert_eq!(clock(today, at, &TimeZone::UTC), "08:59:58");
        assert_eq!(clock(earlier, at, &TimeZone::UTC), "2026-11-29 23:00:00");
        assert_eq!(between(at, earlier), "0 s");
    }

    #[test]
    fn a_terminal_gets_no_control_characters_of_others() {
        assert_eq!(clean("plain text, ü"), "plain text, ü");
        assert_eq!(clean("a\x1b[31mb\nc\u{202e}d"), "a\u{fffd}[31mb\u{fffd}c\u{fffd}d");
    }
}
