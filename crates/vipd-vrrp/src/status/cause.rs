//! Why a router is what it is, and what was seen.

use vipd_status::{Cause, Evidence, Fault, IntentKind};
use vrrp_election::{
    self as election, ChangedBy, Fact, RouterId, Standing, TrackTarget, Transition, TransitionReason,
};

use super::{Wall, ms, state};
use crate::changes::tracked;
use crate::narrate::fault_text;
use crate::plan::{Plan, WatchedFact};

/// A change of state.
pub(super) fn transition(
    plan: &Plan,
    wall: Wall,
    router: RouterId,
    transition: &Transition,
) -> vipd_status::Transition {
    vipd_status::Transition {
        at: wall.at(transition.at),
        from: state(transition.from),
        to: state(transition.to),
        cause: cause(plan, router, transition),
        evidence: evidence(plan, transition),
    }
}

/// Why a state changed.
pub(super) fn cause(plan: &Plan, router: RouterId, transition: &Transition) -> Cause {
    match transition.why {
        TransitionReason::Election(cause) => of_election(plan, router, cause, transition),
        TransitionReason::Fault(election::Fault::Maintenance) => asked(transition)
            .unwrap_or(Cause::Operator { intent: IntentKind::Maintenance, by: SOMEBODY.to_owned() }),
        TransitionReason::Fault(fault) => Cause::Fault(self::fault(plan, router, fault, Some(transition))),
        TransitionReason::Deleted => Cause::Deleted,
        _ => Cause::Stop,
    }
}

fn of_election(plan: &Plan, router: RouterId, cause: election::Cause, transition: &Transition) -> Cause {
    use election::Cause as Election;
    match cause {
        Election::Startup => Cause::Startup,
        Election::Owner => Cause::Owner,
        Election::Resumed => Cause::Resumed,
        Election::ActiveDown { silent_for } => Cause::Silence { silent_ms: silent_for.map(ms) },
        Election::ActiveLeft => Cause::MasterLeft { source: transition.evidence.goodbye },
        Election::Preempted { source, priority } => Cause::Preempted { source, priority: priority.get() },
        Election::Better { source, priority } => Cause::BetterAdvert { source, priority: priority.get() },
        // Without an intent it is the daemon that stops and gives its addresses away first.
        Election::HandedOver { .. } => asked(transition).unwrap_or(Cause::Stop),
        Election::Stalled { silent_for } => Cause::Stalled { silent_ms: ms(silent_for) },
        Election::Together => Cause::Group { name: plan.group_of(router).map(ToOwned::to_owned) },
        _ => Cause::Stop,
    }
}

/// The cause, if an operator had asked for it.
fn asked(transition: &Transition) -> Option<Cause> {
    let intent = transition.evidence.intent.as_deref()?;
    let (kind, _) = intent_kind(intent.kind);
    Some(Cause::Operator {
        intent: kind,
        by: if intent.who.is_empty() { SOMEBODY.to_owned() } else { intent.who.clone() },
    })
}

/// The fault that keeps a router from taking part. `seen` is the change that it led to.
pub(super) fn fault(
    plan: &Plan,
    router: RouterId,
    fault: election::Fault,
    seen: Option<&Transition>,
) -> Fault {
    let name = |link| plan.links.name(link).cloned().unwrap_or_default();
    let interface = || plan.routers.get(router.0 as usize).and_then(|router| router.link).map(name);
    match fault {
        election::Fault::Duplicate(of) => Fault::Duplicate { of: plan.name(of).to_owned() },
        election::Fault::Member(member) => Fault::Member { name: plan.name(member).to_owned() },
        election::Fault::LinkDown(link) => Fault::InterfaceDown { interface: name(link), missing: false },
        election::Fault::Tracked(target) => match tracked(plan, target) {
            Some((tracker, name)) => Fault::Tracker { tracker, name, reason: seen.and_then(reason) },
            None => of_itself(plan, target, interface),
        },
        _ => Fault::NoAddress { interface: interface().unwrap_or_default() },
    }
}

/// Something that a router needs without being told to track it.
fn of_itself(plan: &Plan, target: TrackTarget, interface: impl FnOnce() -> Option<String>) -> Fault {
    let TrackTarget::Fact(fact) = target else { return Fault::NoSource };
    match plan.facts.name(fact) {
        Some(WatchedFact::Socket(_)) => Fault::Deaf { interface: interface().unwrap_or_default() },
        Some(fact @ WatchedFact::Static(_)) => Fault::Static { what: fact.to_string() },
        _ => Fault::NoSource,
    }
}

/// The observation of something tracked: the end of a script, or the number in a file.
fn reason(seen: &Transition) -> Option<String> {
    let evidence = &seen.evidence;
    match (&evidence.run, evidence.fact) {
        (Some(run), Some(_)) => Some(run.to_string()),
        (None, Some(Fact::Value(value))) => Some(format!("holds {value}")),
        _ => None,
    }
}

/// Observations at a change of state.
pub(super) fn evidence(plan: &Plan, transition: &Transition) -> Evidence {
    let seen = &transition.evidence;
    let serves = transition.from == Standing::Active;
    // An Active that stays alone obeys nobody: adverts heard long ago have led to nothing.
    let heard = seen.heard.filter(|_| !serves || transition.to == Standing::Backup);
    Evidence {
        last_source: heard.map(|heard| heard.source),
        last_priority: heard.map(|heard| heard.priority.get()),
        silent_ms: heard.map(|heard| ms(transition.at.since(heard.at))),
        priority: Some(seen.priority.get()),
        remark: remark(plan, transition),
    }
}

/// The reason that an operator gave: `: "disk"`; nothing without one.
fn reason_given(transition: &Transition) -> String {
    let why = transition.evidence.intent.as_ref().map_or("", |intent| intent.why.as_str());
    if why.is_empty() { String::new() } else { format!(": \"{why}\"") }
}

/// In words: the text of a fault, or what changed the priority.
fn remark(plan: &Plan, transition: &Transition) -> Option<String> {
    let seen = &transition.evidence;
    if let TransitionReason::Election(handed @ election::Cause::HandedOver { .. }) = transition.why {
        return Some(format!("{handed}{}", reason_given(transition)));
    }
    if transition.why == TransitionReason::Fault(election::Fault::Maintenance) {
        return Some(format!(
            "{}{}",
            fault_text(plan, election::Fault::Maintenance),
            reason_given(transition)
        ));
    }
    if let TransitionReason::Fault(fault) = transition.why {
        return Some(match &seen.run {
            Some(run) if seen.fact.is_some() => run.to_string(),
            _ => fault_text(plan, fault),
        });
    }
    // Where priorities decided.
    let decides = matches!(
        transition.why,
        TransitionReason::Election(election::Cause::Better { .. } | election::Cause::Preempted { .. })
    );
    let moved = seen.moved.filter(|_| decides)?;
    let by = match (moved.by, &seen.run) {
        (ChangedBy::Configuration, _) => "configuration taken".to_owned(),
        (ChangedBy::Target(target), Some(run)) => format!("{}: {run}", plan.target(target)),
        (ChangedBy::Target(target), None) => plan.target(target),
    };
    let before = ms(transition.at.since(moved.at));
    Some(format!("priority changed from {} to {} {before} ms before ({by})", moved.from, moved.to))
}

/// An operator whose name nobody told.
const SOMEBODY: &str = "an operator";

/// A kind of intent, and whether it is a hard one.
pub(super) fn intent_kind(kind: election::IntentKind) -> (IntentKind, bool) {
    match kind {
        election::IntentKind::Handover => (IntentKind::Handover, false),
        election::IntentKind::Maintenance { hard } => (IntentKind::Maintenance, hard),
    }
}
