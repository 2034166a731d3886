//! Check scripts: their runs, the times, and the effects of their results.

use vrrp_election::{
    Event, Fault, Instant, NoResult, Node, NodeAction, NodeConfig, OnShortage, RouterSetup, ScriptAct,
    ScriptConfig, ScriptResult, Standing, Track,
};

use crate::lab::{
    DOWN, L0, R0, R1, S0, S1, UP, acts, all, check, links, machine, node, owner, router, run, script,
    standings, told, track,
};
use crate::support::{advert, hears, ip, ms, prio, seconds};

fn tracking(setup: RouterSetup, weight: i32) -> RouterSetup {
    RouterSetup { tracks: vec![track(S0, weight)], ..setup }
}

fn with_check(routers: Vec<RouterSetup>) -> NodeConfig {
    NodeConfig { scripts: vec![script(check())], ..machine(routers) }
}

#[test]
fn only_a_tracked_script_runs() {
    let config = NodeConfig { scripts: vec![script(check()); 2], ..machine(vec![tracking(router(51), -10)]) };
    let mut node = node(config);
    node.handle_timeout(ms(0));
    assert_eq!(acts(&mut node), [(S0, ScriptAct::Run)]);
    node.handle_script(ms(10), S1, false);
    assert_eq!(all(&mut node), []);
    assert_eq!(node.script_up(S1), None);
}

#[test]
fn a_script_runs_from_start_to_start() {
    let mut node = node(with_check(vec![tracking(router(51), -10)]));
    for second in 0..5 {
        assert_eq!(node.poll_timeout(), Some(ms(second * 1_000)));
        node.handle_timeout(ms(second * 1_000));
        assert_eq!(acts(&mut node), [(S0, ScriptAct::Run)]);
        node.handle_script(ms(second * 1_000 + 300), S0, true);
        // Keep the router a Backup.
        let heard = advert(200, ip("192.0.2.9"), seconds(1));
        hears(&mut node, ms(second * 1_000 + 400), R0, &heard).unwrap();
    }
}

#[test]
fn an_unknown_check_holds_its_router_back_silently() {
    let mut node = Node::new(Instant::ZERO, with_check(vec![tracking(owner(51), 0), owner(52)]));
    assert_eq!(node.standing(R0), Some(Standing::Waiting));
    assert_eq!(standings(&mut node), [(R1, Standing::Waiting, Standing::Active)]);
    node.handle_timeout(ms(0));
    node.handle_script(ms(100), S0, true);
    assert_eq!(
        told(&mut node),
        [
            Event::Script { script: S0, up: true },
            Event::Standing {
                router: R0,
                from: Standing::Waiting,
                to: Standing::Active,
                why: vrrp_election::TransitionReason::Election(vrrp_election::Cause::Owner),
                priority: prio(255),
            },
        ]
    );
}

#[test]
fn an_unknown_check_that_only_weighs_holds_no_router_back() {
    let node = node(with_check(vec![tracking(router(51), -10)]));
    assert_eq!(node.standing(R0), Some(Standing::Backup));
    assert_eq!(node.router(R0).unwrap().priority(), prio(100));
}

#[test]
fn a_check_that_counts_as_failed_at_first_is_a_fault_at_once() {
    let failed = ScriptConfig { init_fail: true, ..check() };
    let config = NodeConfig { scripts: vec![script(failed)], ..machine(vec![tracking(router(51), 0)]) };
    let node = node(config);
    assert_eq!(node.standing(R0), Some(Standing::Fault));
    assert_eq!(node.fault(R0), Some(Fault::Tracked(S0.into())));
}

#[test]
fn a_failed_check_without_weight_brings_its_routers_down_and_a_good_one_back() {
    let mut node = node(with_check(vec![tracking(owner(51), 0), tracking(router(52), 0)]));
    node.handle_timeout(ms(0));
    node.handle_script(ms(100), S0, true);
    all(&mut node);
    node.handle_timeout(ms(1_000));
    node.handle_script(ms(1_100), S0, false);
    assert_eq!(
        standings(&mut node),
        [(R0, Standing::Active, Standing::Fault), (R1, Standing::Backup, Standing::Fault)]
    );
    node.handle_timeout(ms(2_000));
    node.handle_script(ms(2_100), S0, true);
    assert_eq!(
        standings(&mut node),
        [(R0, Standing::Fault, Standing::Active), (R1, Standing::Fault, Standing::Backup)]
    );
}

#[test]
fn a_reversed_check_is_a_fault_while_it_succeeds() {
    let reversed = Track { reverse: true, ..track(S0, 0) };
    let setup = RouterSetup { tracks: vec![reversed], ..router(51) };
    let mut node = node(with_check(vec![setup]));
    node.handle_timeout(ms(0));
    node.handle_script(ms(100), S0, false);
    assert_eq!(node.standing(R0), Some(Standing::Backup));
    node.handle_timeout(ms(1_000));
    node.handle_script(ms(1_100), S0, true);
    assert_eq!(node.standing(R0), Some(Standing::Fault));
}

#[test]
fn a_change_is_told_once_and_the_same_result_not_at_all() {
    let mut node = node(with_check(vec![tracking(router(51), -10)]));
    let mut seen = Vec::new();
    for (second, success) in [true, true, false, false, true].into_iter().enumerate() {
        let now = ms(second as u64 * 1_000);
        node.handle_timeout(now);
        node.handle_script(now, S0, success);
        seen.extend(told(&mut node).into_iter().filter(|event| matches!(event, Event::Script { .. })));
    }
    let told = |up| Event::Script { script: S0, up };
    assert_eq!(seen, [told(true), told(false), told(true)]);
}

#[test]
fn a_check_that_hangs_is_ended_and_fails_when_it_has_ended() {
    let mut node = node(with_check(vec![tracking(owner(51), 0)]));
    node.handle_timeout(ms(0));
    node.handle_script(ms(10), S0, true);
    all(&mut node);
    let scripts = |log: Vec<(Instant, NodeAction)>| -> Vec<_> {
        log.into_iter().filter(|(_, action)| matches!(action, NodeAction::Script { .. })).collect()
    };
    let act = |at, act| (ms(at), NodeAction::Script { script: S0, act });
    assert_eq!(scripts(run(&mut node, ms(10), ms(1_000))), [act(1_000, ScriptAct::Run)]);
    node.handle_script_started(S0, ms(1_000));
    assert_eq!(
        scripts(run(&mut node, ms(1_000), ms(17_500))),
        [
            act(2_000, ScriptAct::Terminate),
            act(4_000, ScriptAct::Kill),
            act(6_000, ScriptAct::Kill),
            act(16_000, ScriptAct::Kill),
        ]
    );
    assert_eq!(node.standing(R0), Some(Standing::Active), "nothing is known until it is reaped");
    node.handle_script(ms(17_500), S0, false);
    assert_eq!(node.standing(R0), Some(Standing::Fault));
}

#[test]
fn a_check_whose_process_does_not_begin_is_no_failure_of_a_server() {
    let mut node = node(with_check(vec![tracking(owner(51), 0)]));
    node.handle_timeout(ms(0));
    node.handle_script(ms(10), S0, true);
    all(&mut node);
    run(&mut node, ms(10), ms(9_000));
    node.handle_script(ms(9_000), S0, ScriptResult::Unknown);
    assert_eq!(node.standing(R0), Some(Standing::Active));
    node.handle_timeout(ms(9_000));
    assert_eq!(acts(&mut node), [(S0, ScriptAct::Run)], "it is tried again");
}

/// The check runs once a second for a while and none of its runs says anything; gives what was told.
fn without_results(node: &mut Node, from: u64, to: u64) -> Vec<Event> {
    let mut events = Vec::new();
    for second in from..=to {
        node.handle_timeout(ms(second * 1_000));
        let actions = all(node);
        events.extend(actions.iter().filter_map(|action| match action {
            NodeAction::Tell(event) => Some(*event),
            _ => None,
        }));
        if actions.iter().any(|action| matches!(action, NodeAction::Script { act: ScriptAct::Run, .. })) {
            node.handle_script(ms(second * 1_000), S0, ScriptResult::Unknown);
        }
    }
    events
}

#[test]
fn a_check_that_cannot_be_run_for_long_is_reported_and_its_result_stays() {
    let mut node = node(with_check(vec![tracking(owner(51), 0)]));
    node.handle_timeout(ms(0));
    node.handle_script(ms(0), S0, true);
    all(&mut node);
    let events = without_results(&mut node, 1, 200);
    let silent_for = core::time::Duration::from_secs(61);
    assert_eq!(events, [Event::ScriptSilent { script: S0, silent_for, why: NoResult::NotRun }]);
    assert_eq!(node.standing(R0), Some(Standing::Active));
    node.handle_timeout(ms(201_000));
    all(&mut node);
    node.handle_script(ms(201_000), S0, true);
    assert_eq!(told(&mut node), [Event::ScriptHeard { script: S0 }]);
}

#[test]
fn a_check_that_cannot_be_run_for_long_fails_where_that_is_asked_for() {
    let fails = ScriptConfig { on_shortage: OnShortage::Fail, ..check() };
    let routers = vec![tracking(owner(51), 0)];
    let mut node = node(NodeConfig { routers, scripts: vec![script(fails)], ..with_check(vec![]) });
    node.handle_timeout(ms(0));
    node.handle_script(ms(0), S0, true);
    all(&mut node);
    without_results(&mut node, 1, 60);
    assert_eq!(node.standing(R0), Some(Standing::Active));
    let events = without_results(&mut node, 61, 61);
    assert!(
        matches!(events[..2], [Event::ScriptSilent { .. }, Event::Script { up: false, .. }]),
        "{events:?}"
    );
    assert_eq!(node.standing(R0), Some(Standing::Fault));
}

#[test]
fn a_machine_that_was_suspended_gives_its_checks_the_time_that_they_lost() {
    let mut node = node(with_check(vec![tracking(owner(51), 0)]));
    node.handle_timeout(ms(0));
    node.handle_script_started(S0, ms(0));
    all(&mut node);
    // The owner's next advert was due at 1 s, and so was the end of the check's time.
    node.handle_timeout(ms(3_500));
    assert_eq!(acts(&mut node), []);
    node.handle_script(ms(3_600), S0, true);
    assert_eq!(node.standing(R0), Some(Standing::Active));
}

#[test]
fn fall_and_rise_ask_for_results_in_a_row() {
    let patient = ScriptConfig { rise: 2, fall: 3, ..check() };
    let config = NodeConfig { scripts: vec![script(patient)], ..machine(vec![tracking(router(51), 0)]) };
    let mut node = node(config);
    let results = [true, false, false, true, false, false, false, true, false, true, true];
    let up = [true, true, true, true, true, true, false, false, false, false, true];
    for (n, (result, up)) in results.into_iter().zip(up).enumerate() {
        let now = ms(n as u64 * 1_000);
        node.handle_timeout(now);
        node.handle_script(now, S0, result);
        all(&mut node);
        assert_eq!(node.script_up(S0), Some(up), "result {n}");
        assert_eq!(node.fault(R0).is_none(), up, "result {n}");
    }
}

#[test]
fn a_fault_of_the_link_is_told_although_a_check_is_unknown() {
    let mut node = node(NodeConfig { links: links([DOWN]), ..with_check(vec![tracking(router(51), 0)]) });
    assert_eq!(node.standing(R0), Some(Standing::Fault));
    node.handle_link(ms(100), L0, UP);
    assert_eq!(node.standing(R0), Some(Standing::Fault), "the check has not reported yet");
    node.handle_timeout(ms(100));
    node.handle_script(ms(200), S0, true);
    assert_eq!(node.standing(R0), Some(Standing::Backup));
}

#[test]
fn a_result_for_a_script_that_does_not_exist_changes_nothing() {
    let mut node = node(with_check(vec![tracking(router(51), 0)]));
    node.handle_script(ms(10), vrrp_election::ScriptId(9), true);
    node.handle_script(ms(10), S0, true);
    assert_eq!(all(&mut node), [], "nor does one that nobody asked for");
    assert_eq!(node.standing(R0), Some(Standing::Waiting));
    assert_eq!(node.poll_timeout(), Some(ms(0)), "its first run is still due");
}
