//! A reload: what is carried over goes on, what is gone leaves, what is new begins.

use vrrp_election::{
    Event, Instant, NodeAction, NodeConfig, RouterId, RouterSetup, ScriptId, ScriptSetup, Standing,
};
use vrrp_proto::Priority;

use crate::lab::{
    DOWN, R0, R1, S0, S1, UP, acts, all, check, machine, node, owner, router, script, standings, told, track,
};
use crate::support::{ms, prio};

fn carried(setup: RouterSetup, from: u32) -> RouterSetup {
    RouterSetup { carries: Some(RouterId(from)), ..setup }
}

#[test]
fn nobody_is_told_of_a_reload_that_changes_nothing() {
    let mut node = node(machine(vec![owner(51), router(52)]));
    node.reload(ms(500), machine(vec![carried(owner(51), 0), carried(router(52), 1)]));
    assert_eq!(
        all(&mut node),
        [
            NodeAction::SendAdvert { router: R0, priority: Priority::OWNER },
            NodeAction::AddAddresses { router: R0 },
        ]
    );
    assert_eq!(node.poll_timeout(), Some(ms(1_500)));
    node.handle_timeout(ms(1_500));
    all(&mut node);
    assert_eq!(node.router(R1).unwrap().poll_timeout(), Some(Instant::from_nanos(3_609_375_000)));
}

#[test]
fn routers_may_change_places() {
    let mut node = node(machine(vec![owner(51), router(52)]));
    node.reload(ms(500), machine(vec![carried(router(52), 1), carried(owner(51), 0)]));
    assert_eq!(standings(&mut node), []);
    assert_eq!(node.standing(R0), Some(Standing::Backup));
    assert_eq!(node.standing(R1), Some(Standing::Active));
}

#[test]
fn a_new_router_begins_and_a_retired_one_is_gone() {
    let mut node = node(machine(vec![owner(51), owner(52)]));
    node.retire(ms(500), R1);
    all(&mut node);
    node.reload(ms(500), machine(vec![carried(owner(51), 0), router(53)]));
    assert_eq!(standings(&mut node), [(R1, Standing::Waiting, Standing::Backup)]);
}

#[test]
fn a_router_that_was_retired_by_mistake_begins_anew() {
    let mut node = node(machine(vec![owner(51)]));
    node.retire(ms(500), R0);
    all(&mut node);
    node.reload(ms(500), machine(vec![carried(owner(51), 0)]));
    assert_eq!(standings(&mut node), [(R0, Standing::Waiting, Standing::Active)]);
}

#[test]
fn other_addresses_are_announced() {
    let mut node = node(machine(vec![owner(51)]));
    let changed = RouterSetup { addresses_changed: true, ..carried(owner(51), 0) };
    node.reload(ms(500), machine(vec![changed]));
    assert!(all(&mut node).contains(&NodeAction::Announce { router: R0, repeat: 5 }));
}

#[test]
fn another_priority_is_told_and_sent() {
    let mut node = node(machine(vec![router(51)]));
    let mut setup = carried(router(51), 0);
    setup.config.priority = prio(228);
    node.reload(ms(500), machine(vec![setup]));
    assert_eq!(told(&mut node).len(), 1);
    // Half a second less patience.
    assert_eq!(node.poll_timeout(), Some(Instant::from_nanos(3_109_375_000)));
}

#[test]
fn an_active_says_its_new_priority_at_once() {
    let mut node = node(machine(vec![router(51)]));
    node.handle_timeout(ms(3_610));
    all(&mut node);
    let mut setup = carried(router(51), 0);
    setup.config.priority = prio(50);
    node.reload(ms(4_000), machine(vec![setup]));
    let adverts: Vec<_> =
        all(&mut node).into_iter().filter(|action| matches!(action, NodeAction::SendAdvert { .. })).collect();
    assert_eq!(adverts, [NodeAction::SendAdvert { router: R0, priority: prio(50) }]);
}

#[test]
fn a_link_that_went_down_meanwhile_is_a_fault() {
    let mut node = node(machine(vec![owner(51)]));
    let config = NodeConfig { links: vec![DOWN], ..machine(vec![carried(owner(51), 0)]) };
    node.reload(ms(500), config);
    let actions = all(&mut node);
    assert_eq!(node.standing(R0), Some(Standing::Fault));
    assert_eq!(
        actions.iter().rfind(|action| matches!(
            action,
            NodeAction::AddAddresses { .. } | NodeAction::RemoveAddresses { .. }
        )),
        Some(&NodeAction::RemoveAddresses { router: R0 })
    );
}

fn checked(carries: Option<ScriptId>, weight: i32) -> NodeConfig {
    let setup = RouterSetup { tracks: vec![track(S0, weight)], ..owner(51) };
    NodeConfig {
        scripts: vec![ScriptSetup { config: check(), carries }],
        ..machine(vec![RouterSetup { carries: carries.map(|_| R0), ..setup }])
    }
}

#[test]
fn a_carried_check_keeps_its_result_and_its_rhythm() {
    let mut node = node(checked(None, 0));
    node.handle_timeout(ms(0));
    node.handle_script(ms(100), S0, true);
    all(&mut node);
    node.reload(ms(500), checked(Some(S0), 0));
    assert_eq!(node.script_up(S0), Some(true));
    assert_eq!(node.standing(R0), Some(Standing::Active));
    all(&mut node);
    assert_eq!(node.poll_timeout(), Some(ms(1_000)));
    node.handle_timeout(ms(1_000));
    assert_eq!(acts(&mut node), [(S0, vrrp_election::ScriptAct::Run)]);
}

#[test]
fn a_new_check_does_not_stop_a_router_that_serves() {
    let mut node = node(machine(vec![owner(51)]));
    let setup = RouterSetup { tracks: vec![track(S0, 0)], ..carried(owner(51), 0) };
    let config = NodeConfig { scripts: vec![script(check())], ..machine(vec![setup]) };
    node.reload(ms(500), config);
    assert_eq!(node.standing(R0), Some(Standing::Active), "it holds until the check reports");
    node.handle_timeout(ms(500));
    all(&mut node);
    node.handle_script(ms(600), S0, false);
    assert_eq!(node.standing(R0), Some(Standing::Fault));
}

#[test]
fn runs_under_way_are_ended_before_a_reload() {
    let mut node = node(checked(None, -10));
    node.handle_timeout(ms(0));
    all(&mut node);
    node.stop_scripts();
    assert_eq!(acts(&mut node), [(S0, vrrp_election::ScriptAct::Kill)]);
    node.reload(ms(500), checked(Some(S0), -10));
    all(&mut node);
    node.handle_script(ms(510), S0, false);
    assert_eq!(node.script_up(S0), None, "the result of a run that was ended says nothing");
}

#[test]
fn a_check_that_is_no_longer_tracked_no_longer_runs() {
    let mut node = node(checked(None, -10));
    let config = NodeConfig {
        scripts: vec![ScriptSetup { config: check(), carries: Some(S0) }, script(check())],
        links: vec![UP],
        routers: vec![RouterSetup { tracks: vec![track(S1, -10)], ..carried(owner(51), 0) }],
        ..NodeConfig::default()
    };
    node.reload(ms(500), config);
    all(&mut node);
    node.handle_timeout(ms(500));
    assert_eq!(acts(&mut node), [(S1, vrrp_election::ScriptAct::Run)]);
    assert!(!told(&mut node).iter().any(|event| matches!(event, Event::Script { .. })));
}

#[test]
fn a_machine_that_has_stopped_stays_stopped() {
    let mut node = node(checked(None, 0));
    node.handle_stop(ms(100));
    all(&mut node);
    node.reload(ms(500), checked(Some(S0), 0));
    assert_eq!(all(&mut node), []);
    assert_eq!(node.poll_timeout(), None);
}

#[test]
fn reloads_during_the_startup_delay_pile_nothing_up() {
    let with_priority = |priority: u8| {
        let mut setup = router(51);
        setup.config.priority = prio(priority);
        let delayed = machine(vec![carried(setup, 0)]);
        NodeConfig { startup_delay: core::time::Duration::from_secs(60), ..delayed }
    };
    let mut node = node(with_priority(100));
    for priority in 1..100 {
        node.reload(ms(500), with_priority(priority));
        assert_eq!(all(&mut node).len(), 1, "the priority changed, and that is all");
    }
}
