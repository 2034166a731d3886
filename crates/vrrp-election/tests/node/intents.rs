//! Operators hand routers over and put them into maintenance.

use std::time::Duration;

use vrrp_election::{
    Event, Fault, Instant, Intent, IntentEnd, IntentKind, Node, NodeAction, NodeConfig, NodeMemory, Preempt,
    Progress, Refusal, RouterId, RouterSetup, Standing, State,
};

use crate::lab::{DOWN, L0, R0, R1, UP, all, machine, node, owner, router, run, told};
use crate::support::{advert, hears, ip, ms, prio, seconds};

const HANDOVER: IntentKind = IntentKind::Handover;
const SOFT: IntentKind = IntentKind::Maintenance { hard: false };
const HARD: IntentKind = IntentKind::Maintenance { hard: true };
const PEER: &str = "192.0.2.3";

fn intent(kind: IntentKind, at: Instant) -> Intent {
    Intent { who: "ops".to_owned(), why: "disk".to_owned(), ..Intent::new(kind, at) }
}

/// A node whose routers serve since 3.61 s.
fn serving(config: NodeConfig) -> Node {
    let mut node = node(config);
    run(&mut node, ms(0), ms(4_000));
    assert_eq!(node.standing(R0), Some(Standing::Active));
    node
}

fn peer_speaks(node: &mut Node, at: u64, router: RouterId, priority: u8) {
    hears(node, ms(at), router, &advert(priority, ip(PEER), seconds(1))).unwrap();
}

/// Progress of intents until `end`.
fn progress(node: &mut Node, from: u64, end: u64) -> Vec<Progress> {
    run(node, ms(from), ms(end)).iter().filter_map(|(_, action)| progress_of(action)).collect()
}

fn progress_of(action: &NodeAction) -> Option<Progress> {
    match action {
        NodeAction::Tell(Event::Intent { progress, .. }) => Some(*progress),
        _ => None,
    }
}

fn moved(after: u64) -> Progress {
    Progress::Moved { to: ip(PEER), priority: prio(90), after: Duration::from_millis(after) }
}

/// A node whose only router gave its addresses to a peer of priority 90, 0.6 s after 5 s.
fn moved_away(config: NodeConfig, kind: IntentKind) -> Node {
    let mut node = serving(config);
    node.handle_intent(ms(5_000), R0, &intent(kind, ms(5_000))).unwrap();
    all(&mut node);
    peer_speaks(&mut node, 5_600, R0, 90);
    assert_eq!(progress(&mut node, 5_600, 5_650), [moved(600)]);
    node
}

#[test]
fn a_router_that_was_handed_over_stays_backup_while_the_other_one_serves() {
    let mut node = moved_away(machine(vec![router(51)]), HANDOVER);
    assert_eq!(node.standing(R0), Some(Standing::Backup));
    for second in 6..60 {
        peer_speaks(&mut node, second * 1_000, R0, 90);
        assert_eq!(progress(&mut node, second * 1_000, second * 1_000 + 999), []);
    }
    assert_eq!(node.standing(R0), Some(Standing::Backup));
    assert_eq!(node.intent(R0).unwrap().moved_to, Some(ip(PEER)));
    assert_eq!(progress(&mut node, 60_000, 65_000), [Progress::Ended(IntentEnd::ServesAgain)]);
    assert_eq!((node.standing(R0), node.intent(R0)), (Some(Standing::Active), None));
}

#[test]
fn a_handover_that_is_ended_lets_the_better_router_preempt() {
    let mut node = moved_away(machine(vec![router(51)]), HANDOVER);
    assert!(node.end_intent(ms(6_000), R0));
    assert!(!node.end_intent(ms(6_000), R0));
    for at in [6_600, 7_600, 8_600] {
        peer_speaks(&mut node, at, R0, 90);
    }
    run(&mut node, ms(8_600), ms(9_300));
    assert_eq!(node.standing(R0), Some(Standing::Active));
}

#[test]
fn a_handover_without_a_successor_ends_and_the_router_served_all_the_time() {
    let mut node = serving(machine(vec![router(51)]));
    node.handle_intent(ms(5_000), R0, &intent(HANDOVER, ms(5_000))).unwrap();
    assert_eq!(all(&mut node).iter().find_map(progress_of), Some(Progress::Began));
    let log = run(&mut node, ms(5_000), ms(12_000));
    let lost = |action: &NodeAction| matches!(action, NodeAction::RemoveAddresses { .. });
    assert!(!log.iter().any(|(_, action)| lost(action)), "{log:?}");
    let told: Vec<Progress> = log.iter().filter_map(|(_, action)| progress_of(action)).collect();
    // Three intervals, the skew of priority 1, and one interval more.
    let nobody = Progress::NobodyTookOver { after: Duration::from_nanos(4_996_093_750) };
    assert_eq!(told, [nobody]);
    assert_eq!(node.intent(R0), None);
    assert!(!node.router(R0).unwrap().is_held());
}

#[test]
fn an_impossible_handover_is_refused_with_the_reason() {
    let refused =
        |node: &mut Node, router, kind| node.handle_intent(ms(5_000), router, &intent(kind, ms(5_000)));
    let mut backup = node(machine(vec![router(51)]));
    assert_eq!(refused(&mut backup, R0, HANDOVER), Err(Refusal::NotServing(Standing::Backup)));
    assert_eq!(refused(&mut backup, R1, SOFT), Err(Refusal::NoSuchRouter));
    let mut faulty = serving(machine(vec![router(51)]));
    faulty.handle_link(ms(4_500), L0, DOWN);
    assert_eq!(refused(&mut faulty, R0, HANDOVER), Err(Refusal::NotServing(Standing::Fault)));
    let mut active = serving(machine(vec![router(51)]));
    assert_eq!(refused(&mut active, R0, HANDOVER), Ok(()));
    assert_eq!(refused(&mut active, R0, HANDOVER), Err(Refusal::UnderWay));
    assert_eq!(refused(&mut active, R0, SOFT), Ok(()), "it takes the place of the handover");
    assert_eq!(refused(&mut active, R0, HANDOVER), Err(Refusal::InMaintenance));
    let over = Intent { until: Some(ms(5_000)), ..intent(SOFT, ms(5_000)) };
    assert_eq!(active.handle_intent(ms(5_000), R0, &over), Err(Refusal::Over));
    active.handle_stop(ms(5_001));
    assert_eq!(refused(&mut active, R0, SOFT), Err(Refusal::Stopping));
}

#[test]
fn maintenance_ends_by_itself_and_the_router_preempts_again() {
    let mut node = serving(machine(vec![router(51)]));
    let until = Some(ms(20_000));
    node.handle_intent(ms(5_000), R0, &Intent { until, ..intent(SOFT, ms(5_000)) }).unwrap();
    for second in 6..20 {
        peer_speaks(&mut node, second * 1_000, R0, 90);
        run(&mut node, ms(second * 1_000), ms(second * 1_000 + 999));
    }
    assert_eq!(node.standing(R0), Some(Standing::Backup));
    assert_eq!(node.router(R0).unwrap().priority(), prio(1), "each other router comes first");
    assert_eq!(progress(&mut node, 20_000, 20_000), [Progress::Ended(IntentEnd::Expired)]);
    assert_eq!(node.router(R0).unwrap().priority(), prio(100));
    for second in 21..25 {
        peer_speaks(&mut node, second * 1_000, R0, 90);
        run(&mut node, ms(second * 1_000), ms(second * 1_000 + 999));
    }
    assert_eq!(node.standing(R0), Some(Standing::Active));
}

#[test]
fn maintenance_serves_while_nobody_else_does_and_asks_again() {
    let mut node = serving(machine(vec![router(51)]));
    node.handle_intent(ms(5_000), R0, &intent(SOFT, ms(5_000))).unwrap();
    let log = run(&mut node, ms(5_000), ms(60_000));
    assert!(!log.iter().any(|(_, action)| matches!(action, NodeAction::RemoveAddresses { .. })));
    let adverts = |priority: u8| {
        let advert = NodeAction::SendAdvert { router: R0, priority: prio(priority) };
        log.iter().filter(|(_, action)| *action == advert).count()
    };
    assert_eq!(adverts(100), 0);
    // Five seconds of goodbyes, ten of adverts, and so on.
    assert!(
        (15..=25).contains(&adverts(0)) && (30..=45).contains(&adverts(1)),
        "{} {}",
        adverts(0),
        adverts(1)
    );
    let told = log.iter().filter(|(_, action)| {
        let nobody = |progress: &Progress| matches!(progress, Progress::NobodyTookOver { .. });
        matches!(action, NodeAction::Tell(Event::Intent { progress, .. }) if nobody(progress))
    });
    assert_eq!(told.count(), 1, "it is told once");
}

#[test]
fn a_router_in_maintenance_serves_when_the_other_one_dies_and_gives_way_when_it_is_back() {
    let mut node = moved_away(machine(vec![router(51)]), SOFT);
    run(&mut node, ms(5_650), ms(12_000));
    assert_eq!(node.standing(R0), Some(Standing::Active));
    peer_speaks(&mut node, 12_500, R0, 90);
    assert_eq!(node.standing(R0), Some(Standing::Backup));
}

#[test]
fn hard_maintenance_is_a_fault_once_the_addresses_are_given_away() {
    let mut node = moved_away(machine(vec![router(51)]), HARD);
    run(&mut node, ms(5_650), ms(5_660));
    assert_eq!((node.standing(R0), node.fault(R0)), (Some(Standing::Fault), Some(Fault::Maintenance)));
    run(&mut node, ms(5_660), ms(30_000));
    assert_eq!(node.standing(R0), Some(Standing::Fault), "even if nobody serves");
    assert!(node.end_intent(ms(30_000), R0));
    assert_eq!(node.standing(R0), Some(Standing::Backup));
}

#[test]
fn hard_maintenance_without_a_successor_ends_in_a_fault_with_priority_0() {
    let mut node = serving(machine(vec![router(51)]));
    node.handle_intent(ms(5_000), R0, &intent(HARD, ms(5_000))).unwrap();
    assert_eq!(node.standing(R0), Some(Standing::Active));
    let log = run(&mut node, ms(5_000), ms(11_000));
    assert_eq!(node.standing(R0), Some(Standing::Fault));
    let last = log.iter().rfind(|(_, action)| matches!(action, NodeAction::SendAdvert { .. }));
    assert_eq!(last.unwrap().1, NodeAction::SendAdvert { router: R0, priority: prio(0) });
    let mut backup = self::node(machine(vec![router(51)]));
    backup.handle_intent(ms(1_000), R0, &intent(HARD, ms(1_000))).unwrap();
    assert_eq!(backup.standing(R0), Some(Standing::Fault), "a Backup has nothing to give away");
}

#[test]
fn routers_that_must_not_preempt_and_owners_move_as_well() {
    let mut never = router(51);
    never.config.preempt = Preempt::Never;
    for setup in [never, owner(51)] {
        for kind in [HANDOVER, SOFT, HARD] {
            let mut node = moved_away(machine(vec![setup.clone()]), kind);
            for second in 6..20 {
                let _ = hears(&mut node, ms(second * 1_000), R0, &advert(90, ip(PEER), seconds(1)));
                run(&mut node, ms(second * 1_000), ms(second * 1_000 + 999));
            }
            let expected = if kind == HARD { Standing::Fault } else { Standing::Backup };
            assert_eq!(node.standing(R0), Some(expected), "{kind} {setup:?}");
        }
    }
}

#[test]
fn an_owner_in_maintenance_starts_as_backup() {
    let config = NodeConfig { startup_delay: Duration::from_secs(10), ..machine(vec![owner(51)]) };
    let mut node = node(config);
    node.handle_intent(ms(1_000), R0, &intent(SOFT, ms(1_000))).unwrap();
    run(&mut node, ms(1_000), ms(10_500));
    assert_eq!(node.standing(R0), Some(Standing::Backup));
}

fn group() -> NodeConfig {
    let groups = vec![vrrp_election::GroupSetup { name: "G".to_owned(), members: vec![R0, R1] }];
    NodeConfig { groups, ..machine(vec![router(51), router(52)]) }
}

#[test]
fn the_members_of_a_sync_group_move_together() {
    for kind in [HANDOVER, SOFT] {
        let mut node = serving(group());
        node.handle_intent(ms(5_000), R1, &intent(kind, ms(5_000))).unwrap();
        let goodbyes = all(&mut node);
        for router in [R0, R1] {
            assert!(goodbyes.contains(&NodeAction::SendAdvert { router, priority: prio(0) }), "{goodbyes:?}");
        }
        peer_speaks(&mut node, 5_600, R0, 90);
        peer_speaks(&mut node, 5_601, R1, 90);
        run(&mut node, ms(5_601), ms(5_700));
        for router in [R0, R1] {
            assert_eq!(node.standing(router), Some(Standing::Backup), "{kind}");
            assert_eq!(node.intent(router).unwrap().moved_to, Some(ip(PEER)));
        }
        assert!(node.end_intent(ms(6_000), R0));
        assert_eq!(node.intent(R1), None, "and what is intended with them ends together");
    }
}

#[test]
fn a_member_that_was_not_reported_moves_with_the_others() {
    let mut node = serving(group());
    node.handle_intent(ms(5_000), R0, &intent(HANDOVER, ms(5_000))).unwrap();
    all(&mut node);
    peer_speaks(&mut node, 5_600, R0, 90);
    run(&mut node, ms(5_600), ms(5_700));
    assert_eq!(node.standing(R1), Some(Standing::Backup));
    assert_eq!(node.intent(R1).unwrap().moved_to, Some(ip(PEER)));
}

#[test]
fn a_fault_in_the_middle_of_a_handover_ends_it_and_one_afterwards_does_not() {
    let mut node = serving(machine(vec![router(51)]));
    node.handle_intent(ms(5_000), R0, &intent(HANDOVER, ms(5_000))).unwrap();
    node.handle_link(ms(5_100), L0, DOWN);
    assert_eq!((node.standing(R0), node.intent(R0)), (Some(Standing::Fault), None));
    let mut node = moved_away(machine(vec![router(51)]), HANDOVER);
    node.handle_link(ms(6_000), L0, DOWN);
    node.handle_link(ms(7_000), L0, UP);
    assert!(node.intent(R0).is_some() && node.router(R0).unwrap().is_held());
}

#[test]
fn a_reload_keeps_an_intent_by_the_key_of_its_router() {
    let mut node = moved_away(machine(vec![router(51)]), HANDOVER);
    let before = node.intent(R0).cloned();
    node.handle_reload(ms(6_000), machine(vec![router(50), router(51)]));
    all(&mut node);
    assert_eq!((node.intent(R0), node.intent(R1).cloned()), (None, before));
    for second in 6..20 {
        peer_speaks(&mut node, second * 1_000 + 500, R1, 90);
        run(&mut node, ms(second * 1_000 + 500), ms(second * 1_000 + 1_499));
    }
    assert_eq!(node.standing(R1), Some(Standing::Backup));
    node.handle_reload(ms(21_000), machine(vec![router(50)]));
    assert_eq!(told(&mut node).iter().filter(|event| matches!(event, Event::Intent { .. })).count(), 0);
}

#[test]
fn a_deadline_passes_over_a_reload() {
    let mut node = serving(machine(vec![router(51)]));
    let until = Some(ms(9_000));
    node.handle_intent(ms(5_000), R0, &Intent { until, ..intent(SOFT, ms(5_000)) }).unwrap();
    node.handle_reload(ms(6_000), machine(vec![router(51)]));
    all(&mut node);
    assert_eq!(node.router(R0).unwrap().priority(), prio(1));
    assert!(progress(&mut node, 6_000, 9_000).contains(&Progress::Ended(IntentEnd::Expired)));
    assert_eq!(node.router(R0).unwrap().priority(), prio(100));
}

fn remembered(node: &mut Node, at: Instant) -> NodeMemory {
    let mut memory = NodeMemory { alive: Some(at), ..NodeMemory::default() };
    while let Some(what) = node.poll_memory() {
        memory.note(what);
    }
    memory
}

#[test]
fn a_successor_of_the_process_knows_the_intents() {
    for (kind, standing) in [(HANDOVER, Standing::Backup), (SOFT, Standing::Backup), (HARD, Standing::Fault)]
    {
        let mut node = moved_away(machine(vec![router(51)]), kind);
        run(&mut node, ms(5_650), ms(5_700));
        let memory = remembered(&mut node, ms(5_700));
        let mut next = Node::resume(ms(5_800), machine(vec![router(51)]), &memory);
        assert_eq!(next.intent(R0), node.intent(R0));
        for second in 6..20 {
            if kind != HARD {
                peer_speaks(&mut next, second * 1_000, R0, 90);
            }
            run(&mut next, ms(second * 1_000), ms(second * 1_000 + 999));
        }
        assert_eq!(next.standing(R0), Some(standing), "{kind}");
        next.end_intent(ms(30_000), R0);
        let memory = remembered(&mut next, ms(30_000));
        assert!(memory.intents.is_empty(), "an ended intent is forgotten");
    }
}

#[test]
fn a_successor_goes_on_with_a_move_that_was_under_way() {
    for kind in [HANDOVER, SOFT, HARD] {
        let mut node = serving(machine(vec![router(51)]));
        node.handle_intent(ms(5_000), R0, &intent(kind, ms(5_000))).unwrap();
        let memory = remembered(&mut node, ms(5_010));
        let mut next = Node::resume(ms(5_050), machine(vec![router(51)]), &memory);
        assert_eq!(next.router(R0).unwrap().state(), State::Active, "{kind}");
        assert!(next.router(R0).unwrap().is_yielding(), "{kind}");
        peer_speaks(&mut next, 5_600, R0, 90);
        assert_eq!(progress(&mut next, 5_600, 5_700)[..1], [moved(550)]);
    }
}

#[test]
fn maintenance_whose_time_was_over_before_the_successor_came_ends_at_once() {
    let mut node = serving(machine(vec![router(51)]));
    let until = Some(ms(6_000));
    node.handle_intent(ms(5_000), R0, &Intent { until, ..intent(SOFT, ms(5_000)) }).unwrap();
    let memory = remembered(&mut node, ms(5_010));
    let mut next = Node::resume(ms(7_000), machine(vec![router(51)]), &memory);
    assert!(progress(&mut next, 7_000, 7_000).contains(&Progress::Ended(IntentEnd::Expired)));
    assert_eq!(next.intent(R0), None);
}

fn departing(config: NodeConfig) -> Node {
    let mut node = serving(config);
    node.handle_departure(ms(5_000), Duration::from_secs(3));
    assert!(node.is_departing());
    node
}

fn stops(node: &mut Node, from: u64, end: u64) -> Vec<(RouterId, Standing, Standing)> {
    let log = run(node, ms(from), ms(end));
    let standings = log.into_iter().filter_map(|(_, action)| match action {
        NodeAction::Tell(Event::Standing { router, from, to, .. }) => Some((router, from, to)),
        _ => None,
    });
    standings.collect()
}

#[test]
fn a_machine_that_departs_stops_when_others_have_taken_over() {
    let mut node = departing(machine(vec![router(51), router(52)]));
    all(&mut node);
    for router in [R0, R1] {
        peer_speaks(&mut node, 5_600, router, 90);
    }
    let stopped = [R0, R1].map(|router| (router, Standing::Active, Standing::Stopped));
    assert_eq!(stops(&mut node, 5_600, 5_650), stopped);
    assert!(!node.is_departing());
    node.handle_stop(ms(5_650));
    assert_eq!(all(&mut node), []);
}

#[test]
fn a_machine_that_departs_alone_stops_at_the_end_of_its_time() {
    let mut node = departing(group());
    all(&mut node);
    assert_eq!(stops(&mut node, 5_000, 7_999), []);
    assert_eq!(stops(&mut node, 8_000, 8_000).len(), 2);
    assert!(!node.is_departing());
}

#[test]
fn the_backups_of_a_machine_that_departs_stop_at_once() {
    let mut node = node(machine(vec![router(51)]));
    node.handle_departure(ms(1_000), Duration::from_secs(3));
    assert!(!node.is_departing());
    assert_eq!(node.standing(R0), Some(Standing::Stopped));
}

#[test]
fn an_intent_costs_a_router_without_one_nothing() {
    let setup: RouterSetup = router(51);
    let mut plain = serving(machine(vec![setup]));
    assert_eq!(plain.intent(R0), None);
    assert!(!plain.end_intent(ms(5_000), R0));
    assert_eq!(all(&mut plain), []);
}
