//! An event as one line.

use jiff::tz::TimeZone;

use crate::words::{clean, intent, millis};
use crate::{Cause, Event, EventKind, Evidence, State};

/// An event as one line without its end: `2026-11-30 21:30:31.019 VI_1: MASTER -> FAULT: interface eth0 is down`.
pub fn event(event: &Event, zone: &TimeZone) -> String {
    let at = event.at.to_zoned_datetime(zone.clone()).strftime("%Y-%m-%d %H:%M:%S.%3f");
    clean(&format!("{at} {}", sentence(event))).into_owned()
}

fn sentence(event: &Event) -> String {
    let up = |up: bool| if up { "up" } else { "down" };
    match &event.kind {
        EventKind::Transition { instance, from, to, cause, evidence } => {
            transition(instance, *from, *to, cause, evidence)
        }
        EventKind::Group { group, from, to } => format!("group {group}: {from} -> {to}"),
        EventKind::Priority { instance, effective } => format!("{instance}: effective priority {effective}"),
        EventKind::Tracker { tracker, name, up: is, reason } => {
            format!("{tracker} {name} is {}{}", up(*is), behind(reason.as_deref().unwrap_or_default()))
        }
        EventKind::Competitor { instance, source, what } => format!("{instance}: {source} {what}"),
        EventKind::Stall { instance, late_ms } => {
            format!("{instance}: this machine was stalled for {}; listening longer", millis(*late_ms))
        }
        EventKind::Restored { what } => format!("somebody else removed {what}; restored"),
        EventKind::Check { service, server, up: is, because } => {
            format!("check of {server} of {service} is {}{}", up(*is), behind(because))
        }
        EventKind::Server { service, server, up: is, because } => {
            format!("{server} of {service} is {}{}", up(*is), behind(because))
        }
        EventKind::Quorum { service, up: is, because } => {
            format!("{service} {} its quorum{}", if *is { "has" } else { "has lost" }, behind(because))
        }
        EventKind::Bfd { session, up: is } => format!("BFD session {session} is {}", up(*is)),
        EventKind::Reload { result, reason } => {
            format!("reload was {}{}", result, behind(reason.as_deref().unwrap_or_default()))
        }
        EventKind::Intent { target, intent: Some(wanted), .. } => {
            format!("{target}: {}", intent(wanted, event.at))
        }
        EventKind::Intent { target, intent: None, ended } => {
            format!("{target}: in service again{}", behind(ended))
        }
        EventKind::Worker { role, what } => format!("{role}: {what}"),
        EventKind::Upgrade { from, to, refused: None } => format!("upgraded from version {from} to {to}"),
        EventKind::Upgrade { from, refused: Some(why), .. } => {
            format!("upgrade refused, version {from} goes on{}", behind(why))
        }
        EventKind::Notify { target, what } => format!("notify script of {target}: {what}"),
    }
}

fn transition(instance: &str, from: State, to: State, cause: &Cause, evidence: &Evidence) -> String {
    let mut seen = Vec::new();
    if let (Some(source), false) = (evidence.last_source, matches!(cause, Cause::BetterAdvert { .. })) {
        let priority =
            evidence.last_priority.map(|priority| format!(" priority {priority}")).unwrap_or_default();
        let ago = evidence.silent_ms.map(|ms| format!(" {} before", millis(ms))).unwrap_or_default();
        seen.push(format!("last heard {source}{priority}{ago}"));
    }
    seen.extend(evidence.priority.map(|priority| format!("own priority {priority}")));
    seen.extend(evidence.remark.clone());
    let seen = if seen.is_empty() { String::new() } else { format!(" ({})", seen.join("; ")) };
    format!("{instance}: {from} -> {to}: {cause}{seen}")
}

/// A reason behind a colon; nothing where there is none.
fn behind(reason: &str) -> String {
    if reason.is_empty() { String::new() } else { format!(": {reason}") }
}
