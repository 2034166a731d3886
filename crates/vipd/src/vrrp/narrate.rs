//! What happened, in the words that operators know and their tools search for.

use std::mem::{Discriminant, discriminant};
use std::time::Duration;

use keepalived_conf::model::OnShortage;
use vrrp_election::{
    Cause, Event, Fault, IntentEnd, NoResult, Progress, Report, RouterId, ScriptId, Standing, TrackTarget,
    Why,
};
use vrrp_proto::Priority;

use super::plan::Plan;
use super::script_runs::Reasons;
use crate::ipc::{GroupEvent, InstanceEvent, LogLevel};

/// What the parent runs scripts for, if the event is such, and the priority that they are told: that of the moment of
/// the event. `current` gives the effective priority of a router.
pub(super) fn instance_event(
    event: &Event,
    current: impl FnOnce(RouterId) -> Option<Priority>,
) -> Option<(InstanceEvent, Priority)> {
    match event {
        Event::Standing { to, why, priority, .. } => {
            let what = match (to, why) {
                (Standing::Waiting, _) => return None,
                (Standing::Fault, _) => InstanceEvent::Fault,
                (Standing::Backup, _) => InstanceEvent::Backup,
                (Standing::Active, _) => InstanceEvent::Master,
                (Standing::Stopped, Why::Deleted) => InstanceEvent::Deleted,
                (Standing::Stopped, _) => InstanceEvent::Stop,
            };
            Some((what, *priority))
        }
        Event::Router { router, report: Report::LowerPriorityWhileActive { .. } } => {
            Some((InstanceEvent::MasterReceivedLowerPriority, current(*router)?))
        }
        Event::Group { .. }
        | Event::Intent { .. }
        | Event::Router { .. }
        | Event::Script { .. }
        | Event::ScriptSilent { .. }
        | Event::ScriptHeard { .. } => None,
    }
}

/// What the parent runs scripts of a group for.
pub(super) fn group_event(to: Standing) -> Option<GroupEvent> {
    match to {
        Standing::Waiting => None,
        Standing::Fault => Some(GroupEvent::Fault),
        Standing::Backup => Some(GroupEvent::Backup),
        Standing::Active => Some(GroupEvent::Master),
        Standing::Stopped => Some(GroupEvent::Stop),
    }
}

/// The lines for the log.
///
/// `reasons` says how check scripts failed last, and why they could not be run.
pub(super) fn lines(plan: &Plan, reasons: &Reasons, event: &Event) -> Vec<(LogLevel, String)> {
    match event {
        Event::Standing { router, from, to, why, priority: ours } => {
            let name = plan.name(*router);
            let mut lines = Vec::new();
            if let Some(because) = because(plan, *from, why, *ours) {
                lines.push((LogLevel::Info, format!("({name}) {because}")));
            }
            let init = if *from == Standing::Waiting { " (init)" } else { "" };
            let entering = match to {
                Standing::Active => "Entering MASTER STATE",
                Standing::Backup => "Entering BACKUP STATE",
                Standing::Fault => "Entering FAULT STATE",
                Standing::Waiting | Standing::Stopped => return lines,
            };
            lines.push((LogLevel::Info, format!("({name}) {entering}{init}")));
            lines
        }
        Event::Group { group, to, .. } => {
            let Some(state) = group_event(*to) else { return Vec::new() };
            let line = format!(
                "VRRP_Group({}) Syncing instances to {} state",
                plan.group_name(*group),
                state.word()
            );
            vec![(LogLevel::Info, line)]
        }
        Event::Intent { router, kind, progress } => {
            vec![(intent_level(*progress), format!("({}) {kind} {progress}", plan.name(*router)))]
        }
        Event::Router { router, report } => {
            let name = plan.name(*router);
            report_line(report).map(|(level, text)| (level, format!("({name}) {text}"))).into_iter().collect()
        }
        Event::Script { script, up } => {
            let outcome = match reasons.failures.get(script).filter(|_| !*up) {
                Some(failure) => failure.as_str(),
                None if *up => "succeeded",
                None => "failed",
            };
            vec![(LogLevel::Info, format!("VRRP_Script({}) {outcome}", plan.script_name(*script)))]
        }
        Event::ScriptSilent { script, silent_for, why } => {
            vec![(LogLevel::Warning, silence(plan, reasons, *script, *silent_for, *why))]
        }
        Event::ScriptHeard { script } => {
            vec![(LogLevel::Info, format!("VRRP_Script({}) has results again", plan.script_name(*script)))]
        }
    }
}

/// An operator waits for this.
fn intent_level(progress: Progress) -> LogLevel {
    match progress {
        Progress::NobodyTookOver { .. } | Progress::Ended(IntentEnd::Failed) => LogLevel::Warning,
        Progress::Began | Progress::Moved { .. } | Progress::Ended(_) => LogLevel::Info,
    }
}

/// A check that cannot be run: why, and what is made of it.
fn silence(plan: &Plan, reasons: &Reasons, script: ScriptId, silent_for: Duration, why: NoResult) -> String {
    let why = match (why, reasons.shortages.get(&script)) {
        (NoResult::NotRun, Some(shortage)) => format!("it cannot be run ({shortage})"),
        _ => why.to_string(),
    };
    let effect = match plan.on_shortage(script) {
        OnShortage::Keep => "its last result stays (on_shortage keep)",
        OnShortage::Fail => "it counts as failed (on_shortage fail)",
    };
    let name = plan.script_name(script);
    format!("VRRP_Script({name}) has had no result for {} s: {why}; {effect}", silent_for.as_secs())
}

/// One line that says why.
fn because(plan: &Plan, from: Standing, why: &Why, ours: Priority) -> Option<String> {
    Some(match why {
        Why::Election(Cause::ActiveDown { silent_for: Some(silence) }) => {
            format!("Receive advertisement timeout: nothing to obey for {:.3} s", silence.as_secs_f64())
        }
        Why::Election(Cause::ActiveDown { silent_for: None }) => "Receive advertisement timeout".to_owned(),
        Why::Election(Cause::ActiveLeft) => "Receive advertisement timeout: the master has left".to_owned(),
        Why::Election(Cause::Preempted { source, priority }) => {
            format!("Receive advertisement timeout: preempting {source} with lower priority {priority}")
        }
        Why::Election(Cause::Better { source, priority }) => {
            format!("Master received advert from {source} with higher priority {priority}, ours {ours}")
        }
        Why::Election(Cause::Resumed) => "Resuming as master after a restart of the worker".to_owned(),
        Why::Fault(fault) => fault_text(plan, *fault),
        Why::Election(Cause::HandedOver { source, priority, after }) => format!(
            "handed over to {source} with priority {priority}, which spoke {:.3} s after the goodbye",
            after.as_secs_f64()
        ),
        Why::Stop if from == Standing::Active => "sent 0 priority".to_owned(),
        Why::Deleted => "is no longer configured".to_owned(),
        Why::Election(Cause::Startup | Cause::Owner | Cause::Shutdown | Cause::Together) | Why::Stop => {
            return None;
        }
        other => other.to_string(),
    })
}

/// The router, if the event is one that whoever sends adverts can cause as often as they like: such lines are
/// limited.
pub(super) fn caused_by_others(event: &Event) -> Option<(RouterId, Discriminant<Report>)> {
    match event {
        Event::Router { router, report } if !matches!(report, Report::PriorityChanged { .. }) => {
            Some((*router, discriminant(report)))
        }
        _ => None,
    }
}

/// What is missing.
pub(super) fn fault_text(plan: &Plan, fault: Fault) -> String {
    match fault {
        Fault::Duplicate(first) => format!(
            "instance {} before it is the same virtual router: give this one a virtual_router_id of its own",
            plan.name(first)
        ),
        Fault::LinkDown(link) => format!("{} is down or missing", plan.target(link.into())),
        Fault::Maintenance => "in hard maintenance".to_owned(),
        Fault::NoAddress => "no address to send adverts from".to_owned(),
        Fault::Member(member) => format!("member {} of its sync group is in FAULT", plan.name(member)),
        Fault::Tracked(target @ TrackTarget::Script(_)) => format!("tracked {} failed", plan.target(target)),
        Fault::Tracked(target @ TrackTarget::Fact(fact)) if plan.is_tracker(fact) => {
            format!("tracked {} now FAULT state", plan.target(target))
        }
        Fault::Tracked(target) => format!("tracked {} is down or missing", plan.target(target)),
        other => format!("{other:?}"),
    }
}

fn report_line(report: &Report) -> Option<(LogLevel, String)> {
    Some(match report {
        // What is intended with the router says it; at a stop, its end does.
        Report::Transition { .. } | Report::NobodyTookOver { .. } => return None,
        Report::PriorityChanged { from, to } => {
            (LogLevel::Info, format!("Changing effective priority from {from} to {to}"))
        }
        Report::LowerPriorityWhileActive { source, priority } => (
            LogLevel::Info,
            format!("Received advert from {source} with lower priority {priority}, answering it"),
        ),
        Report::LowerPriorityWhileBackup { source, priority } => (
            LogLevel::Info,
            format!("received lower priority ({priority}) advert from {source} - discarding"),
        ),
        Report::ActiveLeaves { source } => {
            (LogLevel::Info, format!("Backup received priority 0 advertisement from {source}"))
        }
        Report::Stalled { late, grace } => (
            LogLevel::Warning,
            format!(
                "this machine was stalled: looked {:.3} s too late for adverts, listening {:.3} s longer",
                late.as_secs_f64(),
                grace.as_secs_f64()
            ),
        ),
        Report::PacketsLost { grace } => (
            LogLevel::Warning,
            format!("packets were lost unread, listening {:.3} s longer", grace.as_secs_f64()),
        ),
        Report::OwnAddressHeard { source } => (
            LogLevel::Warning,
            format!("another router sends adverts from our address {source}, or our own come back"),
        ),
        Report::TwoOwners { source } => (
            LogLevel::Warning,
            format!("{source} claims priority 255 as this router does: only one can own the addresses"),
        ),
        Report::OwnersDiffer { first, second } => (
            LogLevel::Warning,
            format!("both {first} and {second} claim priority 255: only one can own the addresses"),
        ),
        other => (LogLevel::Info, other.to_string()),
    })
}

#[cfg(test)]
mod tests;
