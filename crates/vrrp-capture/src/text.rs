//! Reports as text.

use std::fmt::Write as _;

use jiff::tz::TimeZone;

use crate::report::{Change, ChangeKind, Report, Router, Speaker};
use crate::{Finding, Severity};

/// A report as lines, what is wrong first.
pub fn report(report: &Report, zone: &TimeZone) -> String {
    let mut text = String::new();
    let begin = report.begin.map(|begin| zone.to_datetime(begin).strftime(" from %F %T").to_string());
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "{} of {} in {}{}",
        count(report.adverts, "advert"),
        count(report.routers.len(), "virtual router"),
        seconds(report.length_ms),
        begin.unwrap_or_default()
    );
    if report.cut > 0 {
        let _ = writeln!(
            text,
            "{} packets were captured in part only and not read; capture with a larger length (tcpdump -s 0)",
            report.cut
        );
    }
    if report.left_out > 0 {
        let _ = writeln!(text, "{} more findings are not shown: there are too many", report.left_out);
    }
    for finding in &report.findings {
        let _ = writeln!(text, "{}", self::finding(finding));
    }
    for router in &report.routers {
        text.push('\n');
        self::router(&mut text, router);
    }
    if !report.changes.is_empty() {
        text.push('\n');
    }
    for change in &report.changes {
        let _ = writeln!(text, "{}", self::change(change));
    }
    text
}

/// A finding as one line.
pub fn finding(finding: &Finding) -> String {
    let mark = match finding.severity {
        Severity::Error => '!',
        Severity::Warning => '*',
        Severity::Note => '-',
    };
    let router = finding.router.map(|router| format!("{router}: ")).unwrap_or_default();
    let source = finding.source.map(|source| format!("{source}: ")).unwrap_or_default();
    let (from, until) = (finding.span.from_ms, finding.span.until_ms);
    let when = if (until - from).abs() < 0.001 {
        format!("at {}", seconds(from))
    } else {
        format!("from {} to {}", seconds(from), seconds(until))
    };
    let times = if finding.count > 1 { format!("{} times, ", finding.count) } else { String::new() };
    format!("{mark} {router}{source}{} ({times}{when})", finding.text)
}

fn router(text: &mut String, router: &Router) {
    let _ = writeln!(text, "{}", router.id);
    for speaker in &router.speakers {
        let _ = writeln!(text, "  {}", self::speaker(speaker));
    }
}

fn speaker(speaker: &Speaker) -> String {
    let mac = speaker.mac.as_ref().map(|mac| format!(" ({mac})")).unwrap_or_default();
    let shown: Vec<String> = speaker.addresses.iter().take(4).map(ToString::to_string).collect();
    let more = if speaker.addresses.len() > shown.len() { ", …" } else { "" };
    let jitter = match (speaker.longest_gap_ms, speaker.jitter_ms, speaker.jitter_max_ms) {
        (Some(gap), Some(mean), Some(most)) => {
            format!(", longest gap {}, jitter {mean:.3} ms (at most {most:.3} ms)", seconds(gap))
        }
        _ => String::new(),
    };
    format!(
        "{}{mac} version {}, priority {}, every {}, {} adverts{jitter}, for {}{more}",
        speaker.source,
        speaker.version,
        speaker.priority,
        seconds(speaker.interval_ms),
        speaker.adverts,
        shown.join(", ")
    )
}

/// A change as one line.
pub fn change(change: &Change) -> String {
    let what = match change.what {
        ChangeKind::First => "is master".to_owned(),
        ChangeKind::Returns { silent_ms } => format!("is master again, silent for {}", seconds(silent_ms)),
        ChangeKind::AfterSilence { of, silent_ms } => {
            format!("takes over from {of}, which was silent for {}", seconds(silent_ms))
        }
        ChangeKind::AfterGoodbye { of, silent_ms } => {
            format!("takes over from {of}, which left {} before", seconds(silent_ms))
        }
        ChangeKind::Preempts { of, its_priority, priority } => {
            format!("takes over from {of}: priority {priority} against {its_priority}")
        }
        ChangeKind::Goodbye => "gives up (priority 0)".to_owned(),
        ChangeKind::Priority { from, to } => format!("has priority {to} instead of {from}"),
    };
    format!("{:>12}  {}: {} {what}", seconds(change.at_ms), change.router, change.source)
}

fn seconds(ms: f64) -> String {
    format!("{:.3} s", ms / 1000.0)
}

/// `1 advert`, `2 adverts`
fn count<N: std::fmt::Display + PartialEq + From<u8> + Copy>(number: N, noun: &str) -> String {
    let end = if number == N::from(1) { "" } else { "s" };
    format!("{number} {noun}{end}")
}
