//! A process that died, and what its successor knows.

use std::time::Duration;

use vrrp_election::{
    Cause, Event, Instant, LinkState, Node, NodeAction, NodeConfig, NodeMemory, Preempt, Remember, RouterId,
    RouterKey, RouterMemory, RouterSetup, ScriptResult, Standing, State, TransitionReason, Transport,
};
use vrrp_proto::{AdvertInterval, Centiseconds};

use crate::lab::{
    L0, R0, R1, S0, UP, all, check, links, machine, node, owner, router, script, standings, told, track,
};
use crate::support::{advert, hears, ip, ms, own, prio, seconds};

fn with(preempt: Preempt) -> RouterSetup {
    let mut setup = router(51);
    setup.config.preempt = preempt;
    setup
}

/// Adds everything that a node has to remember.
fn remember(node: &mut Node, memory: &mut NodeMemory) {
    while let Some(what) = node.poll_memory() {
        memory.note(what);
    }
}

/// A machine whose only router serves until `dies`, and the memory for its successor.
fn served_until(dies: Instant, setup: &RouterSetup) -> NodeMemory {
    let mut node = node(machine(vec![setup.clone()]));
    let mut now = ms(0);
    while let Some(at) = node.poll_timeout().filter(|at| *at <= dies) {
        now = now.max(at);
        node.handle_timeout(now);
        all(&mut node);
    }
    assert_eq!(node.standing(R0), Some(Standing::Active));
    let mut memory = NodeMemory { alive: Some(dies), ..NodeMemory::default() };
    remember(&mut node, &mut memory);
    memory
}

fn standing_after(preempt: Preempt, silence: Duration) -> Option<Standing> {
    let memory = served_until(ms(8_000), &with(preempt));
    Node::resume(ms(8_000) + silence, machine(vec![with(preempt)]), &memory).standing(R0)
}

#[test]
fn an_active_goes_on_without_a_gap() {
    let memory = served_until(ms(8_000), &router(51));
    let mut node = Node::resume(ms(8_050), machine(vec![router(51), router(52)]), &memory);
    let actions = all(&mut node);
    assert!(!actions.contains(&NodeAction::RemoveAddresses { router: R0 }));
    assert!(actions.contains(&NodeAction::SendAdvert { router: R0, priority: prio(100) }));
    assert_eq!(node.standing(R0), Some(Standing::Active));
    assert_eq!(node.standing(R1), Some(Standing::Backup), "a new router begins as always");
}

#[test]
fn an_active_that_may_preempt_goes_on_however_long_it_was_silent() {
    assert_eq!(standing_after(Preempt::AtOnce, Duration::from_secs(60)), Some(Standing::Active));
}

#[test]
fn an_active_that_must_not_preempt_goes_on_only_if_nobody_can_have_taken_over() {
    for preempt in [Preempt::Never, Preempt::After(Duration::from_secs(10))] {
        // An advert left at 7.609 s: others wait for three intervals.
        let after = |millis| standing_after(preempt, Duration::from_millis(millis));
        assert_eq!(after(50), Some(Standing::Active), "{preempt:?}");
        assert_eq!(after(2_609), Some(Standing::Active), "{preempt:?}");
        assert_eq!(after(2_610), Some(Standing::Backup), "{preempt:?}");
        assert_eq!(after(60_000), Some(Standing::Backup), "{preempt:?}");
    }
}

#[test]
fn without_a_report_that_it_lived_the_last_remembered_advert_counts() {
    let mut memory = served_until(ms(3_610), &with(Preempt::Never));
    memory.alive = None;
    let standing =
        |millis| Node::resume(ms(millis), machine(vec![with(Preempt::Never)]), &memory).standing(R0);
    assert_eq!(standing(6_600), Some(Standing::Active), "it served from 3.609 s on");
    assert_eq!(standing(6_620), Some(Standing::Backup));
}

#[test]
fn a_router_that_does_not_go_on_removes_its_addresses_and_listens_a_whole_wait() {
    let memory = served_until(ms(8_000), &with(Preempt::Never));
    let mut node = Node::resume(ms(20_000), machine(vec![with(Preempt::Never)]), &memory);
    let actions = all(&mut node);
    assert_eq!(actions.first(), Some(&NodeAction::RemoveAddresses { router: R0 }));
    assert!(!actions.iter().any(|action| matches!(action, NodeAction::SendAdvert { .. })), "{actions:?}");
    assert_eq!(node.poll_timeout(), Some(Instant::from_nanos(23_609_375_000)));
    hears(&mut node, ms(20_900), R0, &advert(1, ip("192.0.2.9"), seconds(1))).unwrap();
    assert_eq!(
        node.poll_timeout(),
        Some(Instant::from_nanos(24_509_375_000)),
        "an advert of any priority counts"
    );
}

#[test]
fn an_unknown_check_keeps_a_router_from_starting_but_not_from_going_on() {
    let setup = RouterSetup { tracks: vec![track(S0, 0)], ..with(Preempt::Never) };
    let config = || NodeConfig { scripts: vec![script(check())], ..machine(vec![setup.clone()]) };
    let memory = served_until(ms(8_000), &with(Preempt::Never));
    assert_eq!(Node::resume(ms(8_050), config(), &memory).standing(R0), Some(Standing::Active));
    let mut late = Node::resume(ms(20_000), config(), &memory);
    assert_eq!(late.standing(R0), Some(Standing::Waiting));
    assert_eq!(all(&mut late), [NodeAction::RemoveAddresses { router: R0 }], "another one may serve");
    late.handle_timeout(ms(20_000));
    late.handle_script(ms(20_010), S0, ScriptResult::Passed);
    assert_eq!(late.standing(R0), Some(Standing::Backup));
}

#[test]
fn the_result_of_a_check_is_known_at_once() {
    let setup = RouterSetup { tracks: vec![track(S0, 0)], ..owner(51) };
    let config = || NodeConfig { scripts: vec![script(check())], ..machine(vec![setup.clone()]) };
    let mut memory = NodeMemory::default();
    let mut first = node(config());
    first.handle_timeout(ms(0));
    first.handle_script(ms(10), S0, ScriptResult::Failed);
    remember(&mut first, &mut memory);
    let mut second = Node::resume(ms(500), config(), &memory);
    assert_eq!(standings(&mut second), [(R0, Standing::Waiting, Standing::Fault)]);
    second.handle_timeout(ms(500));
    second.handle_script(ms(510), S0, ScriptResult::Passed);
    assert_eq!(second.standing(R0), Some(Standing::Active));
    // One that is no longer run is forgotten.
    remember(&mut second, &mut memory);
    second.handle_reload(ms(600), machine(vec![owner(51)]));
    all(&mut second);
    remember(&mut second, &mut memory);
    assert_eq!(memory.checks.len(), 0);
}

#[test]
fn a_backup_keeps_the_interval_that_it_learned() {
    let mut setup = router(51);
    setup.config.interval = own(AdvertInterval::V3(Centiseconds::new(10).unwrap()));
    let mut memory = NodeMemory::default();
    let mut first = node(machine(vec![setup.clone()]));
    let slow = AdvertInterval::V3(Centiseconds::new(200).unwrap());
    hears(&mut first, ms(100), R0, &advert(200, ip("192.0.2.9"), slow)).unwrap();
    remember(&mut first, &mut memory);
    let second = Node::resume(ms(1_000), machine(vec![setup]), &memory);
    // Three times 2 s and the skew of it.
    assert_eq!(second.poll_timeout(), Some(ms(1_000) + Duration::from_micros(7_218_750)));
}

#[test]
fn a_delay_of_preemption_goes_on() {
    let setup = || with(Preempt::After(Duration::from_secs(30)));
    let mut memory = NodeMemory::default();
    let mut first = node(machine(vec![setup()]));
    let lower = advert(50, ip("192.0.2.9"), seconds(1));
    hears(&mut first, ms(1_000), R0, &lower).unwrap();
    remember(&mut first, &mut memory);
    let mut second = Node::resume(ms(20_000), machine(vec![setup()]), &memory);
    for at in (21_000..=30_000).step_by(1_000) {
        hears(&mut second, ms(at), R0, &lower).unwrap();
    }
    let down = second.poll_timeout();
    hears(&mut second, ms(31_001), R0, &lower).unwrap();
    assert_eq!(second.poll_timeout(), down, "30 s after the first advert it is tolerated no longer");
}

#[test]
fn a_router_goes_on_by_its_key_not_by_its_place() {
    let memory = served_until(ms(8_000), &router(51));
    let node = Node::resume(ms(8_050), machine(vec![router(52), router(51)]), &memory);
    assert_eq!([R0, R1].map(|id| node.standing(id)), [Some(Standing::Backup), Some(Standing::Active)]);
    let moved = RouterSetup { link: Some(crate::lab::L1), ..router(51) };
    let mut node = Node::resume(ms(8_050), machine(vec![moved]), &memory);
    assert_eq!(node.standing(R0), Some(Standing::Backup));
    let gone = std::iter::from_fn(|| node.poll_memory()).find(|what| matches!(what, Remember::NoRouter(_)));
    assert!(gone.is_some(), "nobody remembers what is no longer configured");
}

#[test]
fn a_router_goes_on_only_once() {
    let memory = served_until(ms(8_000), &router(51));
    let mut node = Node::resume(ms(8_050), machine(vec![router(51)]), &memory);
    node.handle_link(ms(8_100), L0, crate::lab::DOWN);
    node.handle_link(ms(8_200), L0, UP);
    assert_eq!(node.standing(R0), Some(Standing::Backup));
}

#[test]
fn an_active_that_cannot_go_on_removes_its_addresses() {
    let memory = served_until(ms(8_000), &router(51));
    let config = NodeConfig { links: links([LinkState::default()]), ..machine(vec![router(51)]) };
    let mut node = Node::resume(ms(8_050), config, &memory);
    assert_eq!(all(&mut node).first(), Some(&NodeAction::RemoveAddresses { router: R0 }));
    node.handle_link(ms(8_100), L0, UP);
    assert_eq!(node.standing(R0), Some(Standing::Backup));
}

#[test]
fn a_startup_delay_ends_when_it_would_have() {
    let delayed = || NodeConfig { startup_delay: Duration::from_secs(10), ..machine(vec![owner(51)]) };
    let mut first = node(delayed());
    let mut memory = NodeMemory { speaks_from: Some(first.speaks_from()), ..NodeMemory::default() };
    remember(&mut first, &mut memory);
    let mut second = Node::resume(ms(4_000), delayed(), &memory);
    assert_eq!((second.standing(R0), second.poll_timeout()), (Some(Standing::Waiting), Some(ms(10_000))));
    second.handle_timeout(ms(10_000));
    assert_eq!(second.standing(R0), Some(Standing::Active));
    assert_eq!(Node::resume(ms(60_000), delayed(), &memory).standing(R0), Some(Standing::Active));
    let nothing = NodeMemory::default();
    assert_eq!(Node::resume(ms(60_000), delayed(), &nothing).poll_timeout(), Some(ms(70_000)));
}

#[test]
fn counters_go_on() {
    let memory = served_until(ms(8_000), &router(51));
    let node = Node::resume(ms(8_050), machine(vec![router(51)]), &memory);
    let counters = node.router(R0).unwrap().counters();
    let before = memory.routers.values().next().unwrap().counters;
    assert_eq!(counters.adverts_sent, before.adverts_sent + 1);
    assert_eq!(counters.became_active, before.became_active + 1, "it became Active in this process, too");
}

#[test]
fn it_says_that_it_goes_on() {
    let memory = served_until(ms(8_000), &router(51));
    let mut node = Node::resume(ms(8_050), machine(vec![router(51)]), &memory);
    assert!(matches!(
        told(&mut node)[..],
        [Event::Standing {
            router: R0,
            to: Standing::Active,
            why: TransitionReason::Election(Cause::Resumed),
            ..
        }]
    ));
}

#[test]
fn a_change_that_decides_the_next_start_is_reported_at_once_and_nothing_else_is() {
    let mut node = node(machine(vec![router(51)]));
    let routers = |node: &mut Node| {
        let what = std::iter::from_fn(|| node.poll_memory());
        what.filter_map(|what| match what {
            Remember::Router(_, memory) => Some(memory),
            _ => None,
        })
        .collect::<Vec<RouterMemory>>()
    };
    assert_eq!(routers(&mut node).len(), 1, "the start");
    for at in 1..100 {
        hears(&mut node, ms(at * 100), R0, &advert(200, ip("192.0.2.9"), seconds(1))).unwrap();
    }
    assert_eq!(routers(&mut node), [], "adverts of an Active are no news");
    node.remember(R0);
    let [memory] = routers(&mut node)[..] else { panic!("asked for") };
    assert_eq!(memory.counters.adverts_received, 99);
    assert_eq!(memory.obeyed.map(|obeyed| (obeyed.priority, obeyed.at)), Some((prio(200), ms(9_900))));
    node.handle_timeout(ms(13_510));
    all(&mut node);
    let [memory] = routers(&mut node)[..] else { panic!("a takeover") };
    assert_eq!((memory.state, memory.spoke), (State::Active, Some(ms(13_510))));
}

#[test]
fn a_reload_reports_removed_routers_and_those_with_another_key() {
    let peers = |peer| RouterSetup { transport: Transport::unicast([ip(peer)]), ..router(51) };
    let mut memory = NodeMemory::default();
    let mut node = node(machine(vec![peers("192.0.2.8"), router(52), router(52)]));
    remember(&mut node, &mut memory);
    assert_eq!(memory.routers.len(), 2, "a duplicate is nobody");
    node.handle_reload(ms(100), machine(vec![peers("192.0.2.7"), router(52)]));
    all(&mut node);
    remember(&mut node, &mut memory);
    let keys: Vec<_> = memory.routers.keys().cloned().collect();
    let mut expected = RouterKey::all(&machine(vec![peers("192.0.2.7"), router(52)]));
    expected.sort();
    assert_eq!(keys, expected);
    node.handle_reload(ms(200), machine(vec![]));
    all(&mut node);
    remember(&mut node, &mut memory);
    assert_eq!(memory.routers.len(), 0);
}

#[test]
fn a_caller_reports_that_it_lives_only_if_a_router_needs_that() {
    let mut node = node(machine(vec![with(Preempt::Never), owner(52)]));
    assert_eq!(node.alive_interval(), None, "nobody serves who must not preempt");
    node.handle_timeout(ms(3_610));
    assert_eq!(node.standing(RouterId(0)), Some(Standing::Active));
    assert_eq!(node.alive_interval(), Some(Duration::from_secs(1)));
}
