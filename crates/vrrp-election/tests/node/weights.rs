//! From checks to priority to the serving router.

use vrrp_election::{Event, NodeAction, NodeConfig, Report, RouterSetup, Standing, Track};

use crate::lab::{
    DOWN, L0, L1, R0, S0, S1, all, check, machine, node, owner, router, run, script, standings, track,
};
use crate::support::{advert, hears, ip, ms, own_prio, prio, seconds};

fn priority_with(setup: RouterSetup, results: [Option<bool>; 2], link_up: bool) -> u8 {
    let mut node = node(NodeConfig { scripts: vec![script(check()); 2], ..machine(vec![setup]) });
    if !link_up {
        node.handle_link(ms(1), L1, DOWN);
    }
    node.handle_timeout(ms(1));
    for (id, result) in [S0, S1].into_iter().zip(results) {
        if let Some(result) = result {
            node.handle_script(ms(2), id, result);
        }
    }
    all(&mut node);
    node.router(R0).unwrap().priority().get()
}

fn tracking(base: u8, scripts: [i32; 2], link: i32) -> RouterSetup {
    let mut setup = router(51);
    setup.config.priority = own_prio(base);
    setup.tracks = vec![track(S0, scripts[0]), track(S1, scripts[1]), track(L1, link)];
    setup
}

#[test]
fn the_priority_is_the_base_and_every_weight_that_counts() {
    for (scripts, link, results, link_up, expected) in [
        ([20, -30], 5, [None, None], true, 105),
        ([20, -30], 5, [Some(true), Some(true)], true, 125),
        ([20, -30], 5, [Some(false), Some(false)], true, 75),
        ([20, -30], 5, [Some(true), Some(false)], false, 90),
        ([20, -30], -40, [Some(true), Some(false)], false, 50),
        ([254, 254], 254, [Some(true), Some(true)], true, 254),
        ([-254, -254], -254, [Some(false), Some(false)], false, 1),
        ([-254, 254], 100, [Some(false), Some(true)], true, 200),
    ] {
        let priority = priority_with(tracking(100, scripts, link), results, link_up);
        assert_eq!(priority, expected, "{scripts:?} {link} {results:?} {link_up}");
    }
}

#[test]
fn the_owner_keeps_255_whatever_it_tracks() {
    let setup = RouterSetup { tracks: vec![track(S0, -100)], ..owner(51) };
    assert_eq!(priority_with(setup, [Some(false), None], true), 255);
}

#[test]
fn a_reversed_weight_counts_when_it_would_and_the_other_way() {
    let reversed =
        |weight| RouterSetup { tracks: vec![Track { reverse: true, ..track(S0, weight) }], ..router(51) };
    assert_eq!(priority_with(reversed(20), [Some(true), None], true), 80);
    assert_eq!(priority_with(reversed(20), [Some(false), None], true), 100);
    assert_eq!(priority_with(reversed(-20), [Some(true), None], true), 100);
    assert_eq!(priority_with(reversed(-20), [Some(false), None], true), 120);
}

#[test]
fn a_lowered_active_is_told_of_and_hands_over() {
    let setup = RouterSetup { tracks: vec![track(S0, -50)], ..router(51) };
    let mut node = node(NodeConfig { scripts: vec![script(check())], ..machine(vec![setup]) });
    node.handle_timeout(ms(0));
    node.handle_script(ms(10), S0, true);
    node.handle_timeout(ms(3_610));
    assert_eq!(node.standing(R0), Some(Standing::Active));
    all(&mut node);
    node.handle_script(ms(3_700), S0, false);
    let report = Report::PriorityChanged { from: prio(100), to: prio(50) };
    assert_eq!(
        all(&mut node),
        [
            NodeAction::Tell(Event::Script { script: S0, up: false }),
            NodeAction::Tell(Event::Router { router: R0, report }),
        ]
    );
    hears(&mut node, ms(4_000), R0, &advert(90, ip("192.0.2.3"), seconds(1))).unwrap();
    assert_eq!(standings(&mut node), [(R0, Standing::Active, Standing::Backup)]);
}

#[test]
fn a_priority_that_moves_while_in_fault_counts_afterwards() {
    let setup = RouterSetup { tracks: vec![track(L1, -28)], ..router(51) };
    let mut node = node(machine(vec![setup]));
    node.handle_link(ms(100), L0, DOWN);
    node.handle_link(ms(200), L1, DOWN);
    node.handle_link(ms(1_000), L0, crate::lab::UP);
    all(&mut node);
    // 3 s + (256 - 72)/256 s after 1 s.
    assert_eq!(node.poll_timeout(), Some(vrrp_election::Instant::from_nanos(4_718_750_000)));
    let log = run(&mut node, ms(1_000), ms(4_719));
    assert!(
        log.iter().any(|(_, action)| *action == NodeAction::SendAdvert { router: R0, priority: prio(72) })
    );
}
