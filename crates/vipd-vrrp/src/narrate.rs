//! Log lines for events, in the words that operators know and their tools search for.

use std::mem::{Discriminant, discriminant};
use std::time::Duration;

use keepalived_conf::model::OnShortage;
use vrrp_election::{
    Cause, Event, Fault, IntentEnd, NoResult, Progress, Report, RouterId, ScriptId, Standing, TrackTarget,
    TransitionReason,
};
use vrrp_proto::Priority;

use super::plan::Plan;
use super::script_runs::Reasons;
use crate::ipc::{GroupEvent, InstanceEvent, LogLevel};
use crate::log::{About, EventKind, Field, LogLine};

/// The event that the parent runs scripts for, if it is such, and the priority for the scripts: that of the moment of
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
                (Standing::Stopped, TransitionReason::Deleted) => InstanceEvent::Deleted,
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

/// The event that the parent runs scripts of a group for.
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
pub(super) fn lines(plan: &Plan, reasons: &Reasons, event: &Event) -> Vec<LogLine> {
    match event {
        Event::Standing { router, from, to, why, priority: ours } => {
            let reason = because(plan, *from, why, *ours);
            standing_lines(plan, *router, (*from, *to), why, reason)
        }
        Event::Group { group, from, to } => {
            let Some(state) = group_event(*to) else { return Vec::new() };
            let (name, state) = (plan.group_name(*group), state.word());
            let about = About::new(EventKind::GroupTransition)
                .with(Field::Group, name.to_owned())
                .with_some(Field::From, group_event(*from).map(GroupEvent::word))
                .with(Field::To, state);
            let text = format!("VRRP_Group({name}) Syncing instances to {state} state");
            vec![LogLine::new(level_of(*to), text).about(about)]
        }
        Event::Intent { router, kind, progress } => {
            let text = format!("({}) {kind} {progress}", plan.name(*router));
            let about = about_router(plan, *router, EventKind::Intent);
            vec![LogLine::new(intent_level(*progress), text).about(about)]
        }
        Event::Router { router, report } => {
            let name = plan.name(*router);
            let Some((level, text)) = report_line(report) else { return Vec::new() };
            vec![LogLine::new(level, format!("({name}) {text}")).about(about_report(plan, *router, report))]
        }
        Event::Script { script, up } => {
            let outcome = match reasons.failures.get(script).filter(|_| !*up) {
                Some(failure) => failure.as_str(),
                None if *up => "succeeded",
                None => "failed",
            };
            let level = if *up { LogLevel::Info } else { LogLevel::Warning };
            let text = format!("VRRP_Script({}) {outcome}", plan.script_name(*script));
            let state = if *up { "up" } else { "down" };
            vec![LogLine::new(level, text).about(about_script(plan, *script).with(Field::To, state))]
        }
        Event::ScriptSilent { script, silent_for, why } => {
            let text = silence(plan, reasons, *script, *silent_for, *why);
            let about = about_script(plan, *script).with(Field::To, "unknown");
            vec![LogLine::new(LogLevel::Warning, text).about(about)]
        }
        Event::ScriptHeard { script } => {
            let text = format!("VRRP_Script({}) has results again", plan.script_name(*script));
            vec![LogLine::new(LogLevel::Info, text).about(about_script(plan, *script))]
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

/// The reason, if one is worth a line, and the new state. The last line carries the fields, so that a program counts a
/// change once.
fn standing_lines(
    plan: &Plan,
    router: RouterId,
    (from, to): (Standing, Standing),
    why: &TransitionReason,
    reason: Option<String>,
) -> Vec<LogLine> {
    let name = plan.name(router);
    let init = if from == Standing::Waiting { " (init)" } else { "" };
    let entering = state_word(to).map(|state| format!("Entering {state} STATE{init}"));
    let about = about_router(plan, router, EventKind::Transition)
        .with(Field::From, state_word(from).unwrap_or("INIT"))
        .with(Field::To, state_word(to).unwrap_or("STOP"))
        .with(Field::Cause, why.name())
        .with_some(Field::Reason, reason.clone());
    // That one was asked for.
    let asked = matches!(why, TransitionReason::Fault(Fault::Maintenance));
    let level = if asked { LogLevel::Info } else { level_of(to) };
    let line = |text| LogLine::new(level, format!("({name}) {text}"));
    let mut lines: Vec<_> = reason.into_iter().chain(entering).map(line).collect();
    if let Some(last) = lines.last_mut() {
        last.about = Some(Box::new(about));
    }
    lines
}

/// An operator has to do something about a fault.
fn level_of(state: Standing) -> LogLevel {
    if state == Standing::Fault { LogLevel::Warning } else { LogLevel::Info }
}

/// keepalived's word for a state that is entered.
fn state_word(state: Standing) -> Option<&'static str> {
    match state {
        Standing::Active => Some("MASTER"),
        Standing::Backup => Some("BACKUP"),
        Standing::Fault => Some("FAULT"),
        Standing::Waiting | Standing::Stopped => None,
    }
}

fn about_router(plan: &Plan, router: RouterId, event: EventKind) -> About {
    let vrid = plan.routers.get(router.0 as usize).map(|router| router.config.vrid.to_string());
    About::new(event).with(Field::Instance, plan.name(router).to_owned()).with_some(Field::Vrid, vrid)
}

fn about_script(plan: &Plan, script: ScriptId) -> About {
    About::new(EventKind::Script).with(Field::Script, plan.script_name(script).to_owned())
}

fn about_report(plan: &Plan, router: RouterId, report: &Report) -> About {
    let about = |event| about_router(plan, router, event);
    match report {
        Report::PriorityChanged { from, to } => {
            about(EventKind::Priority).with(Field::From, from.to_string()).with(Field::To, to.to_string())
        }
        Report::Stalled { .. } | Report::PacketsLost { .. } => about(EventKind::Stall),
        Report::LowerPriorityWhileActive { source, .. }
        | Report::LowerPriorityWhileBackup { source, .. }
        | Report::ActiveLeaves { source }
        | Report::OwnAddressHeard { source }
        | Report::TwoOwners { source }
        | Report::OwnersDiffer { first: source, .. } => {
            about(EventKind::Advert).with(Field::Peer, source.to_string())
        }
        _ => about(EventKind::Advert),
    }
}

/// The line about a check that cannot be run: the reason, and the effect.
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
fn because(plan: &Plan, from: Standing, why: &TransitionReason, ours: Priority) -> Option<String> {
    Some(match why {
        TransitionReason::Election(Cause::ActiveDown { silent_for: Some(silence) }) => {
            format!("Receive advertisement timeout: no accepted advert for {:.3} s", silence.as_secs_f64())
        }
        TransitionReason::Election(Cause::ActiveDown { silent_for: None }) => {
            "Receive advertisement timeout".to_owned()
        }
        TransitionReason::Election(Cause::ActiveLeft) => {
            "Receive advertisement timeout: the master has left".to_owned()
        }
        TransitionReason::Election(Cause::Preempted { source, priority }) => {
            format!("Receive advertisement timeout: preempting {source} with lower priority {priority}")
        }
        TransitionReason::Election(Cause::Better { source, priority }) => {
            format!("Master received advert from {source} with higher priority {priority}, ours {ours}")
        }
        TransitionReason::Election(Cause::Resumed) => {
            "Resuming as master after a restart of the worker".to_owned()
        }
        TransitionReason::Fault(fault) => fault_text(plan, *fault),
        TransitionReason::Election(Cause::HandedOver { source, priority, after }) => format!(
            "handed over to {source} with priority {priority}, whose first advert came {:.3} s after our priority 0",
            after.as_secs_f64()
        ),
        TransitionReason::Election(Cause::Stalled { silent_for }) => format!(
            "sent no advert for {:.3} s, so that another router must have taken over (timer_expired_backup)",
            silent_for.as_secs_f64()
        ),
        TransitionReason::Stop if from == Standing::Active => "sent 0 priority".to_owned(),
        TransitionReason::Deleted => "is no longer configured".to_owned(),
        TransitionReason::Election(Cause::Startup | Cause::Owner | Cause::Shutdown | Cause::Together)
        | TransitionReason::Stop => {
            return None;
        }
        other => other.to_string(),
    })
}

/// The router, if the event is one that a sender of adverts can cause as often as it likes: such lines are limited.
pub(super) fn caused_by_others(event: &Event) -> Option<(RouterId, Discriminant<Report>)> {
    match event {
        Event::Router { router, report } if !matches!(report, Report::PriorityChanged { .. }) => {
            Some((*router, discriminant(report)))
        }
        _ => None,
    }
}

/// The fault in words.
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
        // The line of the intent reports it; at a stop, that of its end does.
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
                "this machine was stalled: adverts were read {:.3} s late; waiting {:.3} s longer",
                late.as_secs_f64(),
                grace.as_secs_f64()
            ),
        ),
        Report::PacketsLost { grace } => (
            LogLevel::Warning,
            format!("packets were lost unread; waiting {:.3} s longer", grace.as_secs_f64()),
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
