//! Virtual routers and sync groups.

use std::collections::BTreeMap;
use std::net::IpAddr;

use vipd_status::{
    Address, CloseCalls, Family, Fault, Group, Histogram, Instance, Intent, Master, NewMasterReason, Preempt,
    Priority, Statistics, Term, Timers,
};
use vrrp_election::{
    self as election, Cause, GroupId, Heard, RouterId, RouterSnapshot, Standing, TransitionReason, Waits,
};
use vrrp_proto::{Counter, Version};

use super::{View, Wall, cause, ms, state};
use crate::changes::tracked;
use crate::plan::{Plan, Reach, RouterPlan, Vip};

/// One instance; `None` if there is none of this number.
pub(super) fn instance(view: &View<'_>, id: RouterId) -> Option<Instance> {
    let plan = view.plan.routers.get(id.0 as usize)?;
    let router = view.snapshot().router(id)?;
    let last = router.last();
    let fault = router.fault.filter(|fault| *fault != election::Fault::Maintenance);
    let history = router.history.iter().rev();
    let history = history.map(|past| cause::transition(view.plan, view.wall, id, past));
    Some(Instance {
        name: plan.name.to_string(),
        interface: interface(view.plan, plan).unwrap_or_default(),
        vrid: plan.config.vrid.get(),
        family: match plan.config.family {
            vrrp_proto::Family::Ipv4 => Family::Ipv4,
            vrrp_proto::Family::Ipv6 => Family::Ipv6,
        },
        version: match plan.config.version() {
            Version::V2 => 2,
            Version::V3 => 3,
        },
        state: state(router.standing),
        since: last.map(|last| view.wall.at(last.at)),
        cause: last.map(|last| cause::cause(view.plan, id, last)).map(|cause| cause_now(view, cause)),
        is_owner: plan.config.priority.is_owner(),
        group: router.group.map(|group| view.plan.group_name(group).to_owned()),
        priority: priority(view.plan, plan, &router),
        preempt: match plan.config.preempt {
            election::Preempt::Never => Preempt::Never,
            election::Preempt::AtOnce => Preempt::AtOnce,
            election::Preempt::After(delay) => Preempt::AfterMs(ms(delay)),
        },
        master: master(view, &router),
        new_master_reason: new_master_reason(&router),
        timers: timers(&router),
        // An operator's intent is not reported as a fault.
        fault: fault.map(|fault| now(view, cause::fault(view.plan, id, fault, last))),
        waits: router.waits.map(|waits| words(view.plan, waits)),
        stalled: router.observed.stall.map(|stall| view.wall.at(stall.at)),
        intent: view.node.intent(id).map(|intent| self::intent(view.wall, intent)),
        source: router.source,
        unicast_peers: match &plan.reach {
            Reach::Multicast { .. } => Vec::new(),
            Reach::Unicast { peers, .. } => peers.iter().map(|peer| peer.address).collect(),
        },
        addresses: addresses(view, plan),
        history: history.collect(),
        recorded: view.node.router(id).map_or(0, recorded),
        close_calls: close_calls(view, &router.observed.close_calls),
        advert_gap: histogram(&router.observed.gaps),
        send_lateness: histogram(&router.observed.lateness),
        statistics: statistics(view, id, &router.counters),
    })
}

/// One sync group.
pub(super) fn group(view: &View<'_>, id: GroupId) -> Option<Group> {
    let group = view.snapshot().group(id)?;
    Some(Group {
        name: group.name.to_owned(),
        state: state(group.standing),
        since: group.since.map(|since| view.wall.at(since)),
        members: group.members.iter().map(|member| view.plan.name(*member).to_owned()).collect(),
    })
}

/// An operator's intent that still holds.
pub(super) fn intent(wall: Wall, intent: &election::Intent) -> Intent {
    let (kind, hard) = cause::intent_kind(intent.kind);
    let until = intent.until.map(|until| wall.later(until));
    let (by, reason) = (intent.who.clone(), intent.why.clone());
    Intent { kind, by, reason, since: wall.at(intent.since), until, hard, weight: None, open: None }
}

/// The event that a router waits for before it starts, in words.
fn words(plan: &Plan, waits: Waits) -> String {
    match waits {
        Waits::StartupDelay(left) => format!("startup delay, {} ms left", ms(left)),
        Waits::Target(target) => format!("first result of {}", plan.target(target)),
        _ => "the members of its sync group".to_owned(),
    }
}

/// A fault with what can only be seen now: an interface that is down may be gone altogether.
fn now(view: &View<'_>, fault: Fault) -> Fault {
    match fault {
        Fault::InterfaceDown { interface, .. } => {
            let missing = !(view.exists)(&interface);
            Fault::InterfaceDown { interface, missing }
        }
        fault => fault,
    }
}

fn cause_now(view: &View<'_>, cause: vipd_status::Cause) -> vipd_status::Cause {
    match cause {
        vipd_status::Cause::Fault(fault) => vipd_status::Cause::Fault(now(view, fault)),
        cause => cause,
    }
}

fn recorded(router: &election::VirtualRouter) -> u32 {
    u32::try_from(router.recorded_changes()).unwrap_or(u32::MAX)
}

fn interface(plan: &Plan, router: &RouterPlan) -> Option<String> {
    plan.links.name(router.link?).cloned()
}

fn priority(plan: &Plan, router: &RouterPlan, seen: &RouterSnapshot<'_>) -> Priority {
    let terms = seen.terms().filter_map(|term| {
        let (tracker, name) = tracked(plan, term.track.target)?;
        let up = match term.fact {
            election::Fact::Unknown => None,
            election::Fact::Down => Some(false),
            election::Fact::Up => Some(true),
            election::Fact::Value(value) => Some(value == 0),
        };
        let adds = i32::try_from(term.adds).unwrap_or(0);
        Some(Term { tracker, name, weight: term.track.weight, reverse: term.track.reverse, up, adds })
    });
    let effective = if seen.fault.is_some() { 0 } else { seen.priority.get() };
    Priority { base: router.config.priority.get(), effective, terms: terms.collect() }
}

/// The Active that it obeys, or the one of lower priority that it is about to preempt.
fn master(view: &View<'_>, router: &RouterSnapshot<'_>) -> Option<Master> {
    let heard: &Heard = router.obeys.or(router.preempts)?;
    Some(Master {
        address: heard.source,
        mac: None,
        priority: heard.priority.get(),
        interval_ms: ms(heard.interval.duration()),
        last_heard_ms: ms(view.wall.now().since(heard.at)),
    })
}

/// Why this router became master last; in RFC 8347 the reason of the last change to master.
fn new_master_reason(router: &RouterSnapshot<'_>) -> NewMasterReason {
    let mut causes = router.history.iter().rev().filter(|past| past.to == Standing::Active);
    match causes.next().map(|past| past.why) {
        None => NewMasterReason::NotMaster,
        Some(TransitionReason::Election(Cause::Preempted { .. })) => NewMasterReason::Preempted,
        Some(TransitionReason::Election(Cause::ActiveDown { .. })) => NewMasterReason::NoResponse,
        Some(_) => NewMasterReason::Priority,
    }
}

fn timers(router: &RouterSnapshot<'_>) -> Timers {
    Timers {
        advertise_interval_ms: ms(router.interval),
        master_down_interval_ms: ms(router.down_interval),
        skew_time_us: u64::try_from(router.skew_time.as_micros()).unwrap_or(u64::MAX),
        deadline_ms: router.due_in.map(ms),
    }
}

fn addresses(view: &View<'_>, router: &RouterPlan) -> Vec<Address> {
    let advertised = router.advertised.borrow();
    let address = |vip: &Vip| Address {
        address: vip.spec.network.to_string(),
        dev: view.plan.links.name(vip.link).cloned().unwrap_or_default(),
        set: (view.is_set)(vip),
        excluded: !advertised.iter().any(|ip: IpAddr| ip == vip.spec.network.ip()),
    };
    router.addresses.iter().map(address).collect()
}

fn close_calls(view: &View<'_>, calls: &election::CloseCalls) -> CloseCalls {
    CloseCalls { count: calls.count, last: calls.last().map(|at| view.wall.at(at)).collect() }
}

fn histogram(histogram: &election::Histogram) -> Histogram {
    Histogram {
        bounds_us: election::Histogram::BOUNDS.iter().map(|bound| (*bound).into()).collect(),
        counts: histogram.counts().iter().map(|count| (*count).into()).collect(),
        sum_us: histogram.sum_us(),
        max_us: histogram.max_us().into(),
    }
}

fn statistics(view: &View<'_>, id: RouterId, counters: &election::Counters) -> Statistics {
    let record = view.records.get(id.0 as usize);
    let rejected = Counter::ALL.iter().filter_map(|counter| {
        let count = record?.rejected.of(*counter);
        (count > 0).then(|| (counter.name().to_owned(), count))
    });
    Statistics {
        master_transitions: counters.became_active,
        released_master: counters.released_active,
        advertisement_rcvd: counters.adverts_received,
        advertisement_sent: counters.adverts_sent,
        priority_zero_pkts_rcvd: counters.priority_zero_received,
        priority_zero_pkts_sent: counters.priority_zero_sent,
        rejected: rejected.collect::<BTreeMap<_, _>>(),
    }
}
