//! Events, for clients that follow them.

use std::time::Duration;

use vipd_status::{EventKind, TrackerKind};
use vrrp_election::{
    Event, IntentKind, Node, Progress, Report, RouterId, ScriptId, Standing, TransitionReason,
};

use super::instance::intent;
use super::{Wall, cause, ms, state};
use crate::plan::Plan;

/// The event of the election for these clients; `None` for one that only the log reports. The ids of the event are
/// those of `plan` and `node`.
pub(crate) fn happened(plan: &Plan, node: &Node, event: &Event) -> Option<EventKind> {
    match *event {
        Event::Standing { router, from, to, why, .. } => transition(plan, node, router, (from, to, why)),
        Event::Group { group, from, to } => Some(EventKind::Group {
            group: plan.group_name(group).to_owned(),
            from: state(from),
            to: state(to),
        }),
        Event::Router { router, report } => of_router(plan.name(router), report),
        Event::Script { script, up } => Some(of_script(plan, node, script, up)),
        Event::Intent { router, kind, progress } => of_intent(plan, node, router, (kind, progress)),
        Event::ScriptSilent { .. } | Event::ScriptHeard { .. } => None,
    }
}

/// An intent began or ended. Addresses that moved are told of as transitions.
fn of_intent(
    plan: &Plan,
    node: &Node,
    router: RouterId,
    (kind, progress): (IntentKind, Progress),
) -> Option<EventKind> {
    let (intent, ended) = match progress {
        Progress::Began => (Some(intent(Wall::read(), node.intent(router)?)), String::new()),
        Progress::NobodyTookOver { .. } if kind == IntentKind::Handover => (None, progress.to_string()),
        Progress::Ended(end) => (None, end.to_string()),
        Progress::NobodyTookOver { .. } | Progress::Moved { .. } => return None,
    };
    Some(EventKind::Intent { target: plan.name(router).to_owned(), intent, ended })
}

/// The change that the router remembers: events may wait for a turn, so it need not be the last one.
fn transition(
    plan: &Plan,
    node: &Node,
    router: RouterId,
    (from, to, why): (Standing, Standing, TransitionReason),
) -> Option<EventKind> {
    let history = node.snapshot(vrrp_election::Instant::ZERO).router(router)?.history;
    let past = history.iter().rev().find(|past| (past.from, past.to, past.why) == (from, to, why))?;
    Some(EventKind::Transition {
        instance: plan.name(router).to_owned(),
        from: state(from),
        to: state(to),
        cause: cause::cause(plan, router, past),
        evidence: cause::evidence(plan, past),
    })
}

fn of_router(instance: &str, report: Report) -> Option<EventKind> {
    let instance = instance.to_owned();
    let competitor =
        |source, what: String| Some(EventKind::Competitor { instance: instance.clone(), source, what });
    match report {
        Report::PriorityChanged { to, .. } => Some(EventKind::Priority { instance, effective: to.get() }),
        Report::LowerPriorityWhileActive { source, priority } => {
            competitor(source, format!("advertises with lower priority {priority}"))
        }
        Report::OwnAddressHeard { source } => {
            competitor(source, "advertises from our own address".to_owned())
        }
        Report::TwoOwners { source } => competitor(source, "claims priority 255 as well".to_owned()),
        Report::OwnersDiffer { first, second } => {
            competitor(second, format!("claims priority 255 as {first} does"))
        }
        Report::Stalled { late, .. } => Some(EventKind::Stall { instance, late_ms: ms(late) }),
        Report::PacketsLost { .. } => Some(EventKind::Stall { instance, late_ms: ms(Duration::ZERO) }),
        _ => None,
    }
}

fn of_script(plan: &Plan, node: &Node, script: ScriptId, up: bool) -> EventKind {
    let run = node.snapshot(vrrp_election::Instant::ZERO).script(script).and_then(|script| script.last_run);
    EventKind::Tracker {
        tracker: TrackerKind::Script,
        name: plan.script_name(script).to_owned(),
        up,
        reason: run.map(ToString::to_string),
    }
}
