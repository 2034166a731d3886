//! The first lines: the daemon as a whole, and what is wrong.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::table::{Page, Style};
use crate::words::{between, clock, count};
use crate::{Problem, Severity, State, Status, problems};

/// The whole truth in one line, for systemd's `STATUS=` and titles: `2 MASTER, 1 BACKUP; 1 problem: VI_2 is in FAULT: …`.
pub fn headline(status: &Status) -> String {
    let problems = problems(status);
    let first = problems.first().map(|first| format!(": {} {}", first.subject, first.text));
    let told = format!("{}{}", counted(&problems), first.unwrap_or_default());
    let text = format!("{}; {told}", summary(status));
    crate::clean(&text).into_owned()
}

/// Counts of instances by state, and of virtual servers that are up.
fn summary(status: &Status) -> String {
    let in_state = |state| status.instances.iter().filter(|instance| instance.state == state).count();
    let order = [State::Master, State::Backup, State::Fault, State::Init, State::Stop];
    let counts = order.map(|state| (in_state(state), state)).into_iter().filter(|(count, _)| *count > 0);
    let mut said: Vec<String> = counts.map(|(count, state)| format!("{count} {state}")).collect();
    if !status.services.is_empty() {
        let up = status.services.iter().filter(|service| service.up).count();
        said.push(format!("{up} of {} virtual servers up", status.services.len()));
    }
    if said.is_empty() { "nothing is configured".to_owned() } else { said.join(", ") }
}

/// `2 problems, 1 note`
fn counted(problems: &[Problem]) -> String {
    let notes = problems.iter().filter(|problem| problem.severity == Severity::Note).count();
    let told = match problems.len() - notes {
        0 => "no problem".to_owned(),
        number => count(number, "problem"),
    };
    if notes == 0 { told } else { format!("{told}, {}", count(notes, "note")) }
}

pub(super) fn daemon(status: &Status, problems: &[Problem], zone: &TimeZone) -> String {
    let daemon = &status.daemon;
    let config = &daemon.config;
    let reloads = match config.reloads {
        0 => String::new(),
        number => format!(" ({})", count(number as usize, "reload")),
    };
    let told = counted(problems);
    let up = between(daemon.start, status.at);
    let loaded = clock(config.loaded, status.at, zone);
    format!("vipd {}, up {up}, configuration of {loaded}{reloads}, {told}", daemon.version)
}

pub(super) fn problem(page: &mut Page, problem: &Problem, at: Timestamp, zone: &TimeZone) {
    let (mark, style) = match problem.severity {
        Severity::Error => ("!", Style::Bad),
        Severity::Warning => ("*", Style::Doubtful),
        Severity::Note => ("-", Style::Plain),
    };
    let since = problem.since.filter(|since| *since <= at);
    let since = since.map(|since| format!(" (since {}, {})", clock(since, at, zone), between(since, at)));
    let text = format!("{} {}{}", problem.subject, problem.text, since.unwrap_or_default());
    page.marked(mark, &text, style);
}
