//! In which order a machine does things when much happens at once.

use vrrp_election::{Event, Instant, Node, NodeAction, Report, RouterId, Standing};

use crate::lab::{DOWN, L0, R0, UP, all, machine, node, owner, router, run, standings, told};
use crate::support::{advert, hears, ip, millis, ms, prio, seconds};

/// Rank of an action's kind: it may only rise while a node is drained.
fn rank(action: &NodeAction) -> u8 {
    match action {
        NodeAction::SendAdvert { .. } => 0,
        NodeAction::AddAddresses { .. } | NodeAction::RemoveAddresses { .. } => 1,
        NodeAction::Announce { .. } => 2,
        NodeAction::Script { .. } => 3,
        NodeAction::Tell(_) => 4,
        NodeAction::Reloaded { .. } => 5,
    }
}

fn crowd(routers: u8) -> Node {
    node(machine((1..=routers).map(router).collect()))
}

#[test]
fn in_a_mass_takeover_all_adverts_leave_before_the_first_address_is_added() {
    let mut node = crowd(200);
    node.handle_timeout(Instant::from_nanos(3_609_375_000));
    let actions = all(&mut node);
    let of_rank = |wanted| actions.iter().filter(|action| rank(action) == wanted).count();
    assert_eq!([0, 1, 2, 3, 4].map(of_rank), [200, 200, 200, 0, 200]);
    assert!(actions.is_sorted_by_key(rank), "adverts, addresses, announcements, events");
}

#[test]
fn in_a_mass_release_all_goodbyes_leave_first() {
    let mut node = node(machine((1..=100).map(owner).collect()));
    node.handle_link(ms(10), L0, DOWN);
    let actions = all(&mut node);
    assert_eq!(actions.len(), 300);
    assert!(actions.is_sorted_by_key(rank));
    assert!(
        actions
            .iter()
            .take(100)
            .all(|action| matches!(action, NodeAction::SendAdvert { priority, .. } if priority.is_stop()))
    );
}

#[test]
fn an_announcement_is_dropped_when_its_router_stepped_down_meanwhile() {
    let mut node = crowd(2);
    node.handle_timeout(Instant::from_nanos(3_609_375_000));
    let better = advert(200, ip("192.0.2.9"), seconds(1));
    hears(&mut node, ms(3_610), RouterId(1), &better).unwrap();
    let announced: Vec<_> =
        all(&mut node).into_iter().filter(|action| matches!(action, NodeAction::Announce { .. })).collect();
    assert_eq!(announced, [NodeAction::Announce { router: RouterId(0), repeat: 5 }]);
}

#[test]
fn addresses_added_and_removed_in_one_batch_end_as_the_state_says() {
    let mut node = crowd(1);
    node.handle_timeout(Instant::from_nanos(3_609_375_000));
    hears(&mut node, ms(3_610), R0, &advert(200, ip("192.0.2.9"), seconds(1))).unwrap();
    let last = all(&mut node).into_iter().rfind(|action| rank(action) == 1);
    assert_eq!(last, Some(NodeAction::RemoveAddresses { router: R0 }));
}

#[test]
fn every_change_is_told_once_and_in_order() {
    let mut node = crowd(1);
    let mut seen = vec![];
    for cycle in 0..5_u64 {
        let start = ms(cycle * 60_000);
        run(&mut node, start, start + millis(100)).clear();
        node.handle_link(start + millis(200), L0, DOWN);
        node.handle_link(start + millis(300), L0, UP);
        node.handle_timeout(start + millis(3_910));
        hears(&mut node, start + millis(5_000), R0, &advert(200, ip("192.0.2.9"), seconds(1))).unwrap();
        seen.extend(standings(&mut node));
    }
    let cycle = [
        (R0, Standing::Backup, Standing::Fault),
        (R0, Standing::Fault, Standing::Backup),
        (R0, Standing::Backup, Standing::Active),
        (R0, Standing::Active, Standing::Backup),
    ];
    assert_eq!(seen, cycle.repeat(5));
}

#[test]
fn timers_a_millisecond_apart_share_a_wake_up() {
    // 254 routers whose adverts are due within a millisecond of each other.
    let mut node = node(machine((1..=254).map(owner).collect()));
    node.handle_timeout(ms(999));
    let adverts = all(&mut node).iter().filter(|action| rank(action) == 0).count();
    assert_eq!(adverts, 254);
    assert_eq!(node.poll_timeout(), Some(ms(2_000)), "and the grid stays");
}

#[test]
fn a_whole_batch_of_adverts_may_come_before_the_actions_are_taken() {
    for (priority, source) in [(0, "192.0.2.9"), (99, "192.0.2.9"), (255, "192.0.2.9"), (100, "192.0.2.20")] {
        let mut node = node(machine(vec![owner(51)]));
        for n in 0..10_000 {
            let _ = hears(&mut node, ms(100 + n), R0, &advert(priority, ip(source), seconds(1)));
        }
        let actions = all(&mut node);
        assert!(actions.len() < 10, "{} actions for a batch of priority {priority}", actions.len());
    }
}

#[test]
fn adverts_that_a_stalled_active_hears_when_it_wakes_are_answered_once() {
    let mut node = node(machine(vec![owner(51)]));
    // A Backup has taken over and spoken for ten minutes.
    for second in 4..600 {
        hears(&mut node, ms(second * 1_000), R0, &advert(100, ip("192.0.2.9"), seconds(1))).unwrap();
    }
    node.handle_timeout(ms(600_000));
    let actions = all(&mut node);
    let of_rank = |wanted| actions.iter().filter(|action| rank(action) == wanted).count();
    assert_eq!([0, 1, 2].map(of_rank), [1, 0, 1], "one advert, one set of announcements");
}

#[test]
fn a_flood_of_news_does_not_grow_the_queue() {
    let mut node = node(machine(vec![owner(51)]));
    // Each falls silent for three intervals before the next speaks.
    for n in 0..10_000 {
        hears(&mut node, ms(n * 3_000), R0, &advert(99, ip("192.0.2.9"), seconds(1))).unwrap();
    }
    let events = told(&mut node);
    assert!(events.len() <= 32, "{}", events.len());
    let report = Report::LowerPriorityWhileActive { source: ip("192.0.2.9"), priority: prio(99) };
    assert_eq!(events.first(), Some(&Event::Router { router: R0, report }));
}
