//! Interfaces: the own one, tracked ones, addresses that come and go.

use vrrp_election::{Cause, Fault, Instant, NodeAction, NodeConfig, RouterSetup, Standing, Track};
use vrrp_proto::Priority;

use crate::lab::{
    DOWN, L0, L1, NO_ADDRESS, R0, R1, UP, all, elected, fault, machine, node, owner, router, standing,
    standings, track,
};
use crate::support::{advert, hears, ip, ms, prio, seconds};

#[test]
fn an_active_whose_link_goes_down_says_goodbye_and_lets_go() {
    let mut node = node(machine(vec![owner(51)]));
    node.handle_link(ms(500), L0, DOWN);
    assert_eq!(
        all(&mut node),
        [
            NodeAction::SendAdvert { router: R0, priority: Priority::STOP },
            NodeAction::RemoveAddresses { router: R0 },
            standing(R0, Standing::Active, Standing::Fault, fault(Fault::LinkDown(L0)), 255),
        ]
    );
    assert_eq!(node.poll_timeout(), None);
    assert_eq!(node.fault(R0), Some(Fault::LinkDown(L0)));
}

#[test]
fn a_backup_whose_link_goes_down_sends_nothing() {
    let mut node = node(machine(vec![router(51)]));
    node.handle_link(ms(500), L0, DOWN);
    let told = standing(R0, Standing::Backup, Standing::Fault, fault(Fault::LinkDown(L0)), 100);
    assert_eq!(all(&mut node), [told]);
}

#[test]
fn a_link_that_comes_back_starts_a_whole_wait() {
    let mut node = node(machine(vec![router(51)]));
    node.handle_link(ms(500), L0, DOWN);
    node.handle_link(ms(2_000), L0, UP);
    assert_eq!(node.poll_timeout(), Some(Instant::from_nanos(5_609_375_000)));
    all(&mut node);
    assert_eq!(node.standing(R0), Some(Standing::Backup));
}

#[test]
fn an_owner_whose_link_comes_back_serves_at_once() {
    let mut node = node(machine(vec![owner(51)]));
    node.handle_link(ms(500), L0, DOWN);
    all(&mut node);
    node.handle_link(ms(2_000), L0, UP);
    let told = standing(R0, Standing::Fault, Standing::Active, elected(Cause::Owner), 255);
    assert_eq!(all(&mut node).last(), Some(&told));
}

#[test]
fn a_flapping_link_is_told_once_for_each_change_and_in_order() {
    let mut node = node(machine(vec![owner(51)]));
    for n in 0..10 {
        node.handle_link(ms(500 + n * 20), L0, DOWN);
        node.handle_link(ms(501 + n * 20), L0, DOWN);
        assert_eq!(standings(&mut node), [(R0, Standing::Active, Standing::Fault)]);
        node.handle_link(ms(510 + n * 20), L0, UP);
        assert_eq!(standings(&mut node), [(R0, Standing::Fault, Standing::Active)]);
    }
}

#[test]
fn without_an_address_to_send_from_there_is_no_taking_part() {
    let mut node = node(machine(vec![router(51)]));
    node.handle_link(ms(500), L0, NO_ADDRESS);
    let told = standing(R0, Standing::Backup, Standing::Fault, fault(Fault::NoAddress), 100);
    assert_eq!(all(&mut node), [told]);
    node.handle_link(ms(600), L0, UP);
    assert_eq!(standings(&mut node), [(R0, Standing::Fault, Standing::Backup)]);
}

#[test]
fn a_given_source_address_needs_no_address_on_the_link() {
    let setup = RouterSetup { source: Some(ip("198.51.100.7")), ..router(51) };
    let mut node = node(machine(vec![setup]));
    node.handle_link(ms(500), L0, NO_ADDRESS);
    assert_eq!(all(&mut node), []);
    assert_eq!(node.source(R0), Some(ip("198.51.100.7")));
}

#[test]
fn a_link_without_an_ipv6_address_does_not_carry_an_ipv6_router() {
    let mut setup = router(51);
    setup.config = crate::support::Speaks::V3Ipv6.config();
    assert_eq!(node(machine(vec![setup])).fault(R0), Some(Fault::NoAddress));
}

#[test]
fn a_link_that_may_be_down_is_no_fault() {
    let setup = RouterSetup { ignore_link_state: true, ..owner(51) };
    let mut node = node(machine(vec![setup]));
    node.handle_link(ms(500), L0, DOWN);
    assert_eq!(all(&mut node), []);
    assert_eq!(node.standing(R0), Some(Standing::Active));
}

#[test]
fn a_new_address_of_the_link_decides_the_next_tie() {
    let mut node = node(machine(vec![router(51)]));
    node.handle_timeout(ms(3_610));
    all(&mut node);
    let heard = advert(100, ip("192.0.2.30"), seconds(1));
    let renumbered = vrrp_election::LinkState { ipv4: Some([192, 0, 2, 40].into()), ..UP };
    node.handle_link(ms(3_700), L0, renumbered);
    assert_eq!(all(&mut node), [], "the router goes on");
    hears(&mut node, ms(3_800), R0, &heard).unwrap();
    assert_eq!(node.standing(R0), Some(Standing::Active));
    node.handle_link(ms(3_900), L0, UP);
    hears(&mut node, ms(4_000), R0, &heard).unwrap();
    assert_eq!(node.standing(R0), Some(Standing::Backup));
}

#[test]
fn a_tracked_link_without_weight_is_a_fault_while_down() {
    let setup = RouterSetup { tracks: vec![track(L1, 0)], ..router(51) };
    let mut node = node(machine(vec![setup, router(52)]));
    node.handle_link(ms(500), L1, DOWN);
    let told = standing(R0, Standing::Backup, Standing::Fault, fault(Fault::Tracked(L1.into())), 100);
    assert_eq!(all(&mut node), [told], "and nothing happens to who does not track it");
    assert_eq!(node.standing(R1), Some(Standing::Backup));
}

#[test]
fn a_reversed_one_is_a_fault_while_up() {
    let reversed = Track { reverse: true, ..track(L1, 0) };
    let setup = RouterSetup { tracks: vec![reversed], ..router(51) };
    let mut node = node(machine(vec![setup]));
    assert_eq!(node.fault(R0), Some(Fault::Tracked(L1.into())));
    node.handle_link(ms(500), L1, DOWN);
    assert_eq!(node.standing(R0), Some(Standing::Backup));
}

#[test]
fn two_faults_have_to_end_both_and_are_told_as_one() {
    let setup = RouterSetup { tracks: vec![track(L1, 0)], ..router(51) };
    let mut node = node(machine(vec![setup]));
    node.handle_link(ms(100), L0, DOWN);
    node.handle_link(ms(200), L1, DOWN);
    node.handle_link(ms(300), L0, UP);
    assert_eq!(node.fault(R0), Some(Fault::Tracked(L1.into())));
    assert_eq!(standings(&mut node), [(R0, Standing::Backup, Standing::Fault)]);
    node.handle_link(ms(400), L1, UP);
    assert_eq!(standings(&mut node), [(R0, Standing::Fault, Standing::Backup)]);
}

#[test]
fn a_weighted_link_moves_the_priority() {
    let setup = RouterSetup { tracks: vec![track(L1, -30)], ..router(51) };
    let mut node = node(machine(vec![setup]));
    node.handle_link(ms(500), L1, DOWN);
    assert_eq!(node.router(R0).unwrap().priority(), prio(70));
    // 30/256 s more patience.
    assert_eq!(node.poll_timeout(), Some(Instant::from_nanos(3_726_562_500)));
    node.handle_link(ms(600), L1, UP);
    assert_eq!(node.poll_timeout(), Some(Instant::from_nanos(3_609_375_000)));
}

#[test]
fn a_link_that_nobody_configured_changes_nothing() {
    let mut node = node(machine(vec![router(51)]));
    node.handle_link(ms(500), vrrp_election::LinkId(99), DOWN);
    assert_eq!(all(&mut node), []);
    let lost = NodeConfig { links: vec![], ..machine(vec![router(51)]) };
    assert_eq!(crate::lab::node(lost).fault(R0), Some(Fault::LinkDown(L0)), "a missing one is down");
}
