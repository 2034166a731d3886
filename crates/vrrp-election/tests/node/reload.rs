//! A reload: the same router goes on, a removed one leaves, a new one begins.

use std::net::IpAddr;

use vrrp_election::{
    Event, Fault, Instant, Node, NodeAction, NodeConfig, Preempt, Remember, RouterId, RouterSetup,
    ScriptConfig, ScriptSetup, Standing, Transport, VirtualAddress,
};
use vrrp_proto::{AdvertInterval, Centiseconds, Priority};

use crate::lab::{
    DOWN, L0, L1, R0, R1, S0, S1, UP, acts, all, check, links, machine, node, owner, router, script,
    standings, told, track,
};
use crate::support::{advert, ip, ms, own, own_prio, prio, seconds};

/// Actions of a reload before the ids change, the old ids of the routers, and the actions afterwards.
fn reload(
    node: &mut Node,
    now: Instant,
    config: NodeConfig,
) -> (Vec<NodeAction>, Vec<Option<RouterId>>, Vec<NodeAction>) {
    node.handle_reload(now, config);
    let mut actions = all(node);
    let place = actions.iter().position(|action| matches!(action, NodeAction::Reloaded { .. })).unwrap();
    let after = actions.split_off(place + 1);
    let Some(NodeAction::Reloaded { before }) = actions.pop() else { panic!("{actions:?}") };
    (actions, before, after)
}

/// Whether the only router of a machine goes on as Active if this becomes of it.
fn goes_on(before: RouterSetup, now: RouterSetup) -> bool {
    let mut node = node(machine(vec![before]));
    node.handle_timeout(ms(4_000));
    node.handle_timeout(ms(8_000));
    all(&mut node);
    assert_eq!(node.standing(R0), Some(Standing::Active));
    let (farewell, before, after) = reload(&mut node, ms(8_500), machine(vec![now]));
    let removes = |actions: &[NodeAction]| {
        actions.iter().any(|action| matches!(action, NodeAction::RemoveAddresses { .. }))
    };
    let same = before == [Some(R0)];
    assert_eq!(farewell.is_empty(), same, "{farewell:?}");
    assert_eq!(removes(&farewell), !same, "a deleted router removes its addresses");
    assert_eq!(node.standing(R0), Some(if same { Standing::Active } else { Standing::Backup }));
    assert!(!same || !removes(&after), "a carried router keeps its addresses");
    same
}

fn unicast(source: &str, peers: &[&str]) -> RouterSetup {
    let peers = peers.iter().map(|peer| ip(peer));
    RouterSetup { transport: Transport::unicast(peers), source: Some(ip(source)), ..router(51) }
}

#[test]
fn no_client_is_told_of_a_reload_that_changes_nothing() {
    let mut node = node(machine(vec![owner(51), router(52)]));
    let (farewell, before, after) = reload(&mut node, ms(500), machine(vec![owner(51), router(52)]));
    assert_eq!((farewell, before), (vec![], vec![Some(R0), Some(R1)]));
    assert_eq!(
        after,
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
    let (farewell, before, _) = reload(&mut node, ms(500), machine(vec![router(52), owner(51)]));
    assert_eq!((farewell, before), (vec![], vec![Some(R1), Some(R0)]));
    assert_eq!(node.standing(R0), Some(Standing::Backup));
    assert_eq!(node.standing(R1), Some(Standing::Active));
}

#[test]
fn a_router_that_is_gone_says_goodbye_before_ids_change_and_a_new_one_begins() {
    let mut node = node(machine(vec![owner(51), owner(52)]));
    let (farewell, before, after) = reload(&mut node, ms(500), machine(vec![router(53), owner(52)]));
    assert_eq!(
        farewell,
        [
            NodeAction::SendAdvert { router: R0, priority: Priority::STOP },
            NodeAction::RemoveAddresses { router: R0 },
            NodeAction::Tell(Event::Standing {
                router: R0,
                from: Standing::Active,
                to: Standing::Stopped,
                why: vrrp_election::TransitionReason::Deleted,
                priority: prio(255),
            }),
        ]
    );
    assert_eq!(before, [None, Some(R1)]);
    assert!(after.contains(&NodeAction::RemoveAddresses { router: R0 }), "of its own predecessor, if any");
    assert_eq!(node.standing(R0), Some(Standing::Backup));
    assert_eq!(node.standing(R1), Some(Standing::Active));
}

#[test]
fn another_interface_vrid_family_or_group_makes_another_router() {
    let moved = RouterSetup { link: Some(L1), ..router(51) };
    assert!(!goes_on(router(51), moved));
    assert!(!goes_on(router(51), router(52)));
    let group: IpAddr = ip("224.0.0.99");
    assert!(!goes_on(router(51), RouterSetup { transport: Transport::Multicast { group }, ..router(51) }));
    assert!(!goes_on(router(51), unicast("192.0.2.20", &["192.0.2.9"])));
    assert!(!goes_on(unicast("192.0.2.20", &["192.0.2.9"]), router(51)));
}

#[test]
fn another_priority_interval_version_or_preemption_keeps_the_router() {
    let with = |change: fn(&mut RouterSetup)| {
        let mut setup = router(51);
        change(&mut setup);
        setup
    };
    assert!(goes_on(router(51), with(|setup| setup.config.priority = own_prio(50))));
    assert!(goes_on(router(51), with(|setup| setup.config.interval = own(seconds(3)))));
    let fast = AdvertInterval::V3(Centiseconds::new(10).unwrap());
    let other_version = |setup: RouterSetup| {
        let mut setup = setup;
        setup.config.interval = own(fast);
        setup
    };
    assert!(goes_on(router(51), other_version(router(51))));
    assert!(goes_on(router(51), with(|setup| setup.config.preempt = Preempt::Never)));
    assert!(goes_on(router(51), with(|setup| setup.config.down_adverts = 5)));
    assert!(goes_on(router(51), with(|setup| setup.source = Some(ip("192.0.2.30")))));
}

#[test]
fn a_unicast_router_goes_on_with_other_peers_and_with_another_source() {
    let before = || unicast("192.0.2.20", &["192.0.2.9"]);
    assert!(goes_on(before(), unicast("192.0.2.20", &["192.0.2.9", "192.0.2.8"])));
    assert!(goes_on(before(), unicast("192.0.2.20", &["192.0.2.8"])));
    assert!(goes_on(before(), unicast("192.0.2.21", &["192.0.2.9"])));
}

#[test]
fn two_unicast_routers_of_one_vrid_both_serve() {
    let setups = vec![unicast("192.0.2.20", &["192.0.2.9"]), unicast("192.0.2.20", &["192.0.2.8"])];
    let mut node = node(machine(setups));
    node.handle_timeout(ms(4_000));
    node.handle_timeout(ms(8_000));
    all(&mut node);
    assert_eq!([R0, R1].map(|router| node.standing(router)), [Some(Standing::Active); 2]);
}

#[test]
fn two_families_may_share_a_vrid() {
    let mut ipv6 = RouterSetup::new(crate::support::Speaks::V3Ipv6.config(), L0);
    ipv6.config.vrid = router(51).config.vrid;
    let up = vrrp_election::LinkState { ipv6: Some("fe80::20".parse().unwrap()), ..UP };
    let node = node(NodeConfig { links: links([up]), ..machine(vec![router(51), ipv6]) });
    assert_eq!([R0, R1].map(|router| node.fault(router)), [None, None]);
}

#[test]
fn of_two_routers_with_one_key_the_later_stays_in_fault_until_the_other_is_gone() {
    let mut node = node(machine(vec![owner(51), owner(51)]));
    assert_eq!(node.standing(R0), Some(Standing::Active));
    assert_eq!((node.standing(R1), node.fault(R1)), (Some(Standing::Fault), Some(Fault::Duplicate(R0))));
    node.handle_link(ms(100), L0, DOWN);
    node.handle_link(ms(200), L0, UP);
    assert_eq!(node.fault(R1), Some(Fault::Duplicate(R0)), "the fault stays");
    all(&mut node);
    let (farewell, before, _) = reload(&mut node, ms(500), machine(vec![owner(51), owner(51)]));
    assert_eq!((farewell, before), (vec![], vec![Some(R0), Some(R1)]), "nor does a reload tell it again");
    let (_, before, _) = reload(&mut node, ms(600), machine(vec![owner(51)]));
    assert_eq!((before, node.standing(R0)), (vec![Some(R0)], Some(Standing::Active)));
}

#[test]
fn links_are_known_by_their_names_over_a_reload() {
    let mut node = node(machine(vec![owner(51)]));
    let swapped = NodeConfig {
        links: links([DOWN, UP]).into_iter().rev().collect(),
        routers: vec![RouterSetup { link: Some(L1), ..owner(51) }],
        ..NodeConfig::default()
    };
    // `eth0` is the second one now, and down.
    let (farewell, before, after) = reload(&mut node, ms(500), swapped);
    assert_eq!((farewell, before), (vec![], vec![Some(R0)]));
    assert_eq!(node.fault(R0), Some(Fault::LinkDown(L1)));
    assert!(after.contains(&NodeAction::RemoveAddresses { router: R0 }));
}

fn serving(address: &str, link: vrrp_election::LinkId, prefix_len: u8) -> RouterSetup {
    RouterSetup { addresses: vec![VirtualAddress { link, address: ip(address), prefix_len }], ..owner(51) }
}

#[test]
fn other_addresses_are_announced() {
    let announced = |setup| {
        let mut node = node(machine(vec![serving("198.51.100.1", L0, 32)]));
        let (_, _, after) = reload(&mut node, ms(500), machine(vec![setup]));
        after.contains(&NodeAction::Announce { router: R0, repeat: 5 })
    };
    assert!(!announced(serving("198.51.100.1", L0, 32)));
    assert!(announced(serving("198.51.100.2", L0, 32)));
    assert!(announced(serving("198.51.100.1", L1, 32)), "on another interface");
    assert!(announced(serving("198.51.100.1", L0, 24)), "removed and added for its prefix");
    assert!(announced(owner(51)));
}

#[test]
fn another_priority_is_told_and_sent() {
    let mut node = node(machine(vec![router(51)]));
    let mut setup = router(51);
    setup.config.priority = own_prio(228);
    let (_, _, after) = reload(&mut node, ms(500), machine(vec![setup]));
    assert_eq!(after.len(), 1, "{after:?}");
    // Half a second less patience.
    assert_eq!(node.poll_timeout(), Some(Instant::from_nanos(3_109_375_000)));
}

#[test]
fn an_active_says_its_new_priority_at_once() {
    let mut node = node(machine(vec![router(51)]));
    node.handle_timeout(ms(3_610));
    all(&mut node);
    let mut setup = router(51);
    setup.config.priority = own_prio(50);
    node.handle_reload(ms(4_000), machine(vec![setup]));
    let adverts: Vec<_> =
        all(&mut node).into_iter().filter(|action| matches!(action, NodeAction::SendAdvert { .. })).collect();
    assert_eq!(adverts, [NodeAction::SendAdvert { router: R0, priority: prio(50) }]);
}

#[test]
fn a_link_that_went_down_meanwhile_is_a_fault() {
    let mut node = node(machine(vec![owner(51)]));
    let config = NodeConfig { links: links([DOWN]), ..machine(vec![owner(51)]) };
    node.handle_reload(ms(500), config);
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

#[test]
fn an_input_between_a_reload_and_its_end_is_not_lost() {
    let mut node = node(machine(vec![router(51), router(52)]));
    node.handle_reload(ms(500), machine(vec![router(52)]));
    node.handle_advert(ms(500), ms(500), R1, &advert(200, ip("192.0.2.9"), seconds(1))).unwrap();
    all(&mut node);
    assert_eq!(node.poll_timeout(), Some(Instant::from_nanos(4_109_375_000)), "R1 is R0 now and heard it");
}

#[test]
fn of_two_reloads_at_once_the_last_counts() {
    let mut node = node(machine(vec![owner(51), owner(52)]));
    node.handle_reload(ms(500), machine(vec![owner(51)]));
    let (farewell, before, _) = reload(&mut node, ms(500), machine(vec![owner(52), owner(51)]));
    assert!(farewell.contains(&NodeAction::RemoveAddresses { router: R1 }), "{farewell:?}");
    assert_eq!(before, [None, Some(R0)], "the one that said goodbye begins anew");
    assert_eq!(node.standing(R0), Some(Standing::Active));
}

fn checked(weight: i32) -> NodeConfig {
    let setup = RouterSetup { tracks: vec![track(S0, weight)], ..owner(51) };
    NodeConfig { scripts: vec![script(check())], ..machine(vec![setup]) }
}

#[test]
fn a_check_that_runs_the_same_keeps_its_result_and_its_rhythm() {
    let mut node = node(checked(0));
    node.handle_timeout(ms(0));
    node.handle_script(ms(100), S0, true);
    all(&mut node);
    node.handle_reload(ms(500), checked(0));
    all(&mut node);
    assert_eq!(node.script_up(S0), Some(true));
    assert_eq!(node.standing(R0), Some(Standing::Active));
    assert_eq!(node.poll_timeout(), Some(ms(1_000)));
    node.handle_timeout(ms(1_000));
    assert_eq!(acts(&mut node), [(S0, vrrp_election::ScriptAct::Run)]);
}

#[test]
fn a_check_of_another_name_that_runs_something_else_is_another_one() {
    let mut node = node(checked(0));
    node.handle_timeout(ms(0));
    node.handle_script(ms(100), S0, true);
    all(&mut node);
    let other = ScriptSetup { name: "other".to_owned(), command: "another".to_owned(), ..script(check()) };
    node.handle_reload(ms(500), NodeConfig { scripts: vec![other], ..checked(0) });
    all(&mut node);
    assert_eq!(node.script_up(S0), None);
    assert_eq!(node.standing(R0), Some(Standing::Active), "it holds until the check reports");
}

/// Else an edit of a healthy check's text would move the addresses to the peer and back.
#[test]
fn a_check_that_runs_something_else_keeps_its_state_until_that_reports() {
    for init_fail in [false, true] {
        for up in [true, false] {
            let config = ScriptConfig { init_fail, ..check() };
            let before = NodeConfig { scripts: vec![script(config)], ..checked(10) };
            let mut node = node(before.clone());
            node.handle_timeout(ms(0));
            node.handle_script(ms(100), S0, up);
            all(&mut node);
            let edited = ScriptSetup { command: "another".to_owned(), ..script(config) };
            node.handle_reload(ms(500), NodeConfig { scripts: vec![edited], ..before });
            all(&mut node);
            let remembered: Vec<_> = std::iter::from_fn(|| node.poll_memory()).collect();
            assert!(remembered.contains(&Remember::Check("another".to_owned(), Some(up))), "{remembered:?}");
            assert_eq!(node.script_up(S0), Some(up));
            node.handle_timeout(ms(500));
            assert_eq!(
                acts(&mut node),
                [(S0, vrrp_election::ScriptAct::Run)],
                "the new command is run at once"
            );
            node.handle_script(ms(600), S0, !up);
            assert_eq!(node.script_up(S0), Some(!up));
        }
    }
}

#[test]
fn a_new_check_does_not_stop_a_router_that_serves() {
    let mut node = node(machine(vec![owner(51)]));
    node.handle_reload(ms(500), checked(0));
    all(&mut node);
    assert_eq!(node.standing(R0), Some(Standing::Active), "it holds until the check reports");
    node.handle_timeout(ms(500));
    all(&mut node);
    node.handle_script(ms(600), S0, false);
    assert_eq!(node.standing(R0), Some(Standing::Fault));
}

#[test]
fn runs_under_way_are_ended_before_ids_change() {
    let mut node = node(checked(-10));
    node.handle_timeout(ms(0));
    all(&mut node);
    let (farewell, _, _) = reload(&mut node, ms(500), checked(-10));
    assert_eq!(farewell, [NodeAction::Script { script: S0, act: vrrp_election::ScriptAct::Kill }]);
    node.handle_script(ms(510), S0, false);
    assert_eq!(node.script_up(S0), None, "the result of a run that was ended says nothing");
}

#[test]
fn a_check_that_is_no_longer_tracked_no_longer_runs() {
    let mut node = node(checked(-10));
    let config = NodeConfig {
        scripts: vec![
            script(check()),
            ScriptSetup { name: "other".to_owned(), command: "another".to_owned(), ..script(check()) },
        ],
        routers: vec![RouterSetup { tracks: vec![track(S1, -10)], ..owner(51) }],
        ..checked(-10)
    };
    node.handle_reload(ms(500), config);
    all(&mut node);
    node.handle_timeout(ms(500));
    assert_eq!(acts(&mut node), [(S1, vrrp_election::ScriptAct::Run)]);
    assert!(!told(&mut node).iter().any(|event| matches!(event, Event::Script { .. })));
}

#[test]
fn a_machine_that_has_stopped_stays_stopped() {
    let mut node = node(checked(0));
    node.handle_stop(ms(100));
    all(&mut node);
    node.handle_reload(ms(500), checked(0));
    assert_eq!(all(&mut node), []);
    assert_eq!(node.poll_timeout(), None);
}

#[test]
fn reloads_during_the_startup_delay_pile_nothing_up() {
    let with_priority = |priority: u8| {
        let mut setup = router(51);
        setup.config.priority = own_prio(priority);
        NodeConfig { startup_delay: core::time::Duration::from_secs(60), ..machine(vec![setup]) }
    };
    let mut node = node(with_priority(100));
    for priority in 1..100 {
        node.handle_reload(ms(500), with_priority(priority));
        assert_eq!(told(&mut node).len(), 1, "the priority changed, and that is all");
    }
    assert_eq!(standings(&mut node), []);
}
