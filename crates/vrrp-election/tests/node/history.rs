//! The history of a node: observations that explain a router's state.

use std::sync::Arc;
use std::time::Duration;

use vrrp_election::{
    Cause, ChangedBy, Fact, Fault, Node, NodeConfig, RouterSetup, RunEnd, ScriptReport, ScriptResult,
    ScriptRun, Standing, Track, TrackTarget, Transition,
};

use vrrp_proto::{AdvertInterval, Seconds};

use crate::lab::{
    DOWN, F0, F1, L0, R0, R1, S0, all, check, elected, fault, links, machine, node, router, script, track,
};
use crate::support::{advert, ip, ms, prio};

fn tracking(tracks: Vec<Track>) -> RouterSetup {
    RouterSetup { tracks, ..router(51) }
}

fn history(node: &Node) -> Vec<Transition> {
    node.snapshot(ms(0)).router(R0).unwrap().history.to_vec()
}

fn last(node: &Node) -> Transition {
    history(node).pop().unwrap()
}

fn exited(status: u8) -> ScriptReport {
    let run = ScriptRun {
        end: RunEnd::Exited(status),
        took: Duration::from_millis(3),
        output: "no space".to_owned(),
        at: ms(100),
    };
    ScriptReport { result: ScriptResult::from(status == 0), run: Some(Arc::new(run)) }
}

#[test]
fn the_last_eight_changes_are_remembered() {
    let mut node = node(machine(vec![router(51)]));
    for step in 0..6 {
        let state = if step % 2 == 0 { DOWN } else { crate::lab::UP };
        node.handle_link(ms(step), L0, state);
        all(&mut node);
    }
    assert_eq!(history(&node).len(), 7, "and the start");
    for step in 6..20 {
        let state = if step % 2 == 0 { DOWN } else { crate::lab::UP };
        node.handle_link(ms(step), L0, state);
        all(&mut node);
    }
    let history = history(&node);
    assert_eq!(history.len(), 8);
    assert_eq!((history[0].at, history[7].at), (ms(12), ms(19)));
    assert_eq!((history[7].from, history[7].to), (Standing::Fault, Standing::Backup));
    assert_eq!(history[6].why, fault(Fault::LinkDown(L0)));
}

#[test]
fn a_fault_of_a_script_keeps_how_its_run_ended() {
    let setup = tracking(vec![Track::required(S0)]);
    let mut node = node(NodeConfig { scripts: vec![script(check())], ..machine(vec![setup]) });
    node.handle_timeout(ms(0));
    all(&mut node);
    node.handle_script(ms(100), S0, exited(7));
    let seen = last(&node);
    assert_eq!((seen.to, seen.why), (Standing::Fault, fault(Fault::Tracked(S0.into()))));
    let run = seen.evidence.run.unwrap();
    assert_eq!((run.end, run.to_string().as_str()), (RunEnd::Exited(7), "exited with status 7: no space"));
    let script = node.snapshot(ms(600)).script(S0).unwrap();
    assert_eq!((script.up, script.streak, script.since), (Some(false), 1, Some(ms(100))));
    assert_eq!(script.next_in, Some(Duration::from_millis(400)));
}

#[test]
fn a_result_of_a_run_that_nobody_asked_for_is_no_evidence() {
    let setup = tracking(vec![Track::required(S0)]);
    let mut node = node(NodeConfig { scripts: vec![script(check())], ..machine(vec![setup]) });
    node.handle_script(ms(100), S0, exited(7));
    assert!(node.snapshot(ms(100)).script(S0).unwrap().last_run.is_none());
}

#[test]
fn a_master_that_yields_after_its_priority_fell_keeps_the_cause() {
    let facts = vec![Fact::Value(0)];
    let mut node = node(NodeConfig { facts, ..machine(vec![tracking(vec![track(F0, 1)])]) });
    node.handle_timeout(ms(4_000));
    node.handle_timeout(ms(8_000));
    assert_eq!(node.standing(R0), Some(Standing::Active));
    node.handle_fact(ms(9_000), F0, Fact::Value(-40));
    let better = advert(90, ip("192.0.2.30"), AdvertInterval::V2(Seconds(1)));
    node.handle_advert(ms(9_200), ms(9_200), R0, &better).unwrap();
    let seen = last(&node);
    assert_eq!(seen.why, elected(Cause::Better { source: better.source, priority: prio(90) }));
    let moved = seen.evidence.moved.unwrap();
    assert_eq!((moved.from, moved.to, moved.at), (prio(100), prio(60), ms(9_000)));
    assert_eq!(moved.by, ChangedBy::Target(TrackTarget::Fact(F0)));
    assert_eq!(seen.evidence.priority, prio(60));
}

#[test]
fn a_reload_keeps_the_memory_under_the_new_ids() {
    let config = |facts: Vec<Fact>, tracks: Vec<Track>, others: usize| {
        let mut routers: Vec<_> = (0..others).map(|_| router(9)).collect();
        routers.push(tracking(tracks));
        NodeConfig { facts, ..machine(routers) }
    };
    let mut node = node(config(vec![Fact::Down], vec![Track::required(F0)], 0));
    assert_eq!(last(&node).why, fault(Fault::Tracked(F0.into())));
    node.handle_reload(ms(50), config(vec![Fact::Up, Fact::Up], vec![Track::required(F1)], 1));
    all(&mut node);
    node.renumber_facts(|id| (id == F0).then_some(F1));
    let history = node.snapshot(ms(60)).router(R1).unwrap().history.to_vec();
    assert_eq!(history[0].why, fault(Fault::Tracked(F1.into())));
    assert_eq!((history[1].to, history[1].at), (Standing::Backup, ms(50)));
}

#[test]
fn a_reload_that_lowers_the_priority_is_named() {
    let mut node = node(machine(vec![router(51)]));
    let mut lower = router(51);
    lower.config.priority = crate::support::own_prio(50);
    node.handle_reload(ms(3_000), NodeConfig { links: links([crate::lab::UP]), ..machine(vec![lower]) });
    all(&mut node);
    let member = node.snapshot(ms(3_000)).router(R0).unwrap();
    assert_eq!(member.priority, prio(50));
    node.handle_timeout(ms(8_000));
    node.handle_timeout(ms(12_000));
    let moved = last(&node).evidence.moved.unwrap();
    assert_eq!((moved.by, moved.from, moved.to), (ChangedBy::Configuration, prio(100), prio(50)));
}
