//! Routers that go together.

use vrrp_election::{
    Event, Fault, GroupId, GroupSetup, Instant, LinkId, Node, NodeAction, NodeConfig, NodeMemory, Preempt,
    RouterId, RouterSetup, ScriptResult, Standing,
};
use vrrp_proto::Priority;

use crate::lab::{
    DOWN, L0, L1, R0, R1, S0, UP, all, check, fault, links, machine, node, owner, router, run, script,
    standing, standings, track,
};
use crate::support::{advert, hears, ip, millis, ms, own_prio, seconds};
use Standing::{Active, Backup, Stopped, Waiting};

const G0: GroupId = GroupId(0);

fn group(name: &str, members: &[RouterId]) -> GroupSetup {
    GroupSetup { name: name.to_owned(), members: members.to_vec() }
}

/// A router of this VRID on the second link.
fn inside(vrid: u8) -> RouterSetup {
    RouterSetup { link: Some(L1), ..router(vrid) }
}

fn grouped(routers: Vec<RouterSetup>) -> NodeConfig {
    let members: Vec<_> = (0..).map(RouterId).take(routers.len()).collect();
    NodeConfig { groups: vec![group("G", &members)], ..machine(routers) }
}

/// One router outside, one inside, in a group.
fn firewall() -> NodeConfig {
    grouped(vec![router(51), inside(52)])
}

/// A firewall that serves, at 3.609375 s.
fn serving() -> (Node, Instant) {
    let mut node = node(firewall());
    run(&mut node, Instant::ZERO, ms(3_700));
    assert_eq!(states(&node), [Active, Active]);
    (node, ms(3_700))
}

fn states(node: &Node) -> Vec<Standing> {
    (0..).map(RouterId).map_while(|id| node.standing(id)).collect()
}

fn group_event(from: Standing, to: Standing) -> NodeAction {
    NodeAction::Tell(Event::Group { group: G0, from, to })
}

#[test]
fn a_group_takes_over_when_the_wait_of_its_last_member_is_over() {
    let mut node = node(firewall());
    // Somebody lives on the second network until 2 s: until 5.609375 s nobody takes over.
    hears(&mut node, ms(2_000), R1, &advert(150, ip("192.0.2.9"), seconds(1))).unwrap();
    run(&mut node, Instant::ZERO, ms(5_600));
    assert_eq!(states(&node), [Backup, Backup]);
    let actions = run(&mut node, ms(5_600), ms(5_610));
    assert_eq!(states(&node), [Active, Active]);
    let kinds: Vec<_> = actions.iter().map(|(_, action)| action).collect();
    assert!(
        matches!(
            kinds[..],
            [
                NodeAction::SendAdvert { .. },
                NodeAction::SendAdvert { .. },
                NodeAction::AddAddresses { .. },
                NodeAction::AddAddresses { .. },
                NodeAction::Announce { .. },
                NodeAction::Announce { .. },
                NodeAction::Tell(_),
                ..
            ]
        ),
        "adverts of all, then addresses of all: {kinds:?}"
    );
    assert_eq!(kinds.last(), Some(&&group_event(Backup, Active)));
    assert!(actions.iter().all(|(at, _)| *at == actions[0].0), "in one turn");
}

#[test]
fn a_member_that_is_ready_waits_for_the_others_without_a_timer() {
    let mut node = node(firewall());
    for second in 1..20 {
        hears(&mut node, ms(second * 1_000), R1, &advert(150, ip("192.0.2.9"), seconds(1))).unwrap();
        run(&mut node, ms(second * 1_000), ms(second * 1_000 + 999));
    }
    assert_eq!(states(&node), [Backup, Backup]);
    assert!(node.router(R0).unwrap().is_ready());
    assert_eq!(node.router(R0).unwrap().poll_timeout(), None);
    // It hears a better one after all.
    hears(&mut node, ms(20_000), R0, &advert(150, ip("192.0.2.9"), seconds(1))).unwrap();
    assert!(!node.router(R0).unwrap().is_ready());
}

#[test]
fn packets_that_were_lost_make_a_ready_member_listen_again() {
    let mut node = node(firewall());
    hears(&mut node, ms(3_000), R1, &advert(150, ip("192.0.2.9"), seconds(1))).unwrap();
    run(&mut node, Instant::ZERO, ms(4_000));
    assert!(node.router(R0).unwrap().is_ready());
    node.handle_packets_lost(ms(6_600), R0);
    run(&mut node, ms(6_600), ms(6_700));
    assert_eq!(
        states(&node),
        [Backup, Backup],
        "the other is ready at 6.609 s, this one listens until 8.209 s"
    );
    run(&mut node, ms(6_700), ms(8_300));
    assert_eq!(states(&node), [Active, Active]);
}

#[test]
fn a_member_that_yields_takes_the_others_along() {
    let (mut node, now) = serving();
    let better = advert(150, ip("192.0.2.9"), seconds(1));
    hears(&mut node, now, R1, &better).unwrap();
    assert_eq!(states(&node), [Backup, Backup]);
    let told = standings(&mut node);
    assert_eq!(told, [(R1, Active, Backup), (R0, Active, Backup)]);
}

#[test]
fn a_fault_of_one_member_is_one_of_all_and_ends_with_it() {
    let (mut node, now) = serving();
    node.handle_link(now, L1, DOWN);
    assert_eq!(
        all(&mut node),
        [
            NodeAction::SendAdvert { router: R1, priority: Priority::STOP },
            NodeAction::SendAdvert { router: R0, priority: Priority::STOP },
            NodeAction::RemoveAddresses { router: R1 },
            NodeAction::RemoveAddresses { router: R0 },
            standing(R1, Active, Standing::Fault, fault(Fault::LinkDown(L1)), 100),
            standing(R0, Active, Standing::Fault, fault(Fault::Member(R1)), 100),
            group_event(Active, Standing::Fault),
        ]
    );
    assert_eq!(node.fault(R0), Some(Fault::Member(R1)));
    node.handle_link(now, L0, DOWN);
    node.handle_link(now, L1, UP);
    assert_eq!(states(&node), [Standing::Fault, Standing::Fault]);
    assert_eq!(all(&mut node), [], "the group is in fault as before");
    node.handle_link(now, L0, UP);
    assert_eq!(states(&node), [Backup, Backup]);
}

#[test]
fn a_group_with_a_member_in_fault_begins_in_fault() {
    let config = NodeConfig { links: links([UP, DOWN]), ..firewall() };
    let mut node = Node::new(Instant::ZERO, config);
    assert_eq!(states(&node), [Standing::Fault, Standing::Fault]);
    assert_eq!(all(&mut node).last(), Some(&group_event(Waiting, Standing::Fault)));
    assert_eq!(node.group_standing(G0), Some(Standing::Fault));
}

/// Readers of keepalived's FIFOs rely on this order.
#[test]
fn a_group_is_told_of_before_its_members_when_it_begins_and_after_them_later() {
    let mut node = Node::new(Instant::ZERO, firewall());
    let told = |actions: Vec<NodeAction>| -> Vec<(Option<RouterId>, Standing)> {
        actions
            .into_iter()
            .filter_map(|action| match action {
                NodeAction::Tell(Event::Standing { router, to, .. }) => Some((Some(router), to)),
                NodeAction::Tell(Event::Group { to, .. }) => Some((None, to)),
                _ => None,
            })
            .collect()
    };
    let (a, b) = (Some(R0), Some(R1));
    assert_eq!(told(all(&mut node)), [(None, Backup), (a, Backup), (b, Backup)]);
    // The wait of the second ends last.
    hears(&mut node, ms(1_000), R1, &advert(150, ip("192.0.2.9"), seconds(1))).unwrap();
    let actions = run(&mut node, Instant::ZERO, ms(5_000)).into_iter().map(|(_, action)| action);
    assert_eq!(told(actions.collect()), [(b, Active), (a, Active), (None, Active)]);
    node.handle_link(ms(5_000), L1, DOWN);
    let fault = Standing::Fault;
    assert_eq!(told(all(&mut node)), [(b, fault), (a, fault), (None, fault)]);
    node.handle_link(ms(5_000), L1, UP);
    assert_eq!(told(all(&mut node)), [(b, Backup), (a, Backup), (None, Backup)]);
}

#[test]
fn a_group_begins_when_the_checks_of_all_members_are_known() {
    let checked = RouterSetup { tracks: vec![track(S0, 0)], ..inside(52) };
    let config = NodeConfig { scripts: vec![script(check())], ..grouped(vec![router(51), checked]) };
    let mut node = node(config);
    assert_eq!(states(&node), [Waiting, Waiting]);
    node.handle_timeout(Instant::ZERO);
    node.handle_script(ms(10), S0, ScriptResult::Passed);
    assert_eq!(states(&node), [Backup, Backup]);
    assert_eq!(all(&mut node).last(), Some(&group_event(Waiting, Backup)), "then it is told of last");
    // And it stops with the check of one.
    run(&mut node, ms(10), ms(4_000));
    assert_eq!(states(&node), [Active, Active]);
    node.handle_script(ms(4_001), S0, ScriptResult::Failed);
    assert_eq!(states(&node), [Standing::Fault, Standing::Fault]);
}

#[test]
fn owners_serve_at_once_only_if_all_members_do() {
    let mut both = Node::new(Instant::ZERO, grouped(vec![owner(51), owner(52)]));
    assert_eq!(states(&both), [Active, Active]);
    assert_eq!(all(&mut both).last(), Some(&group_event(Waiting, Active)));
    let mut one = node(grouped(vec![owner(51), router(52)]));
    assert_eq!(states(&one), [Backup, Backup]);
    run(&mut one, Instant::ZERO, ms(3_700));
    assert_eq!(states(&one), [Active, Active]);
}

#[test]
fn a_member_that_does_not_preempt_keeps_all_from_it() {
    let mut config = firewall();
    config.routers[0].config.preempt = Preempt::Never;
    let mut node = node(config);
    let lower = advert(50, ip("192.0.2.9"), seconds(1));
    for second in 1..15 {
        for router in [R0, R1] {
            hears(&mut node, ms(second * 1_000), router, &lower).unwrap();
        }
        run(&mut node, ms(second * 1_000), ms(second * 1_000 + 999));
    }
    assert_eq!(states(&node), [Backup, Backup]);
}

#[test]
fn a_delay_of_one_member_delays_all() {
    let mut config = firewall();
    config.routers[0].config.preempt = Preempt::After(millis(7_000));
    let mut node = node(config);
    let lower = advert(50, ip("192.0.2.9"), seconds(1));
    let mut since = None;
    for second in 1..15 {
        for router in [R0, R1] {
            hears(&mut node, ms(second * 1_000), router, &lower).unwrap();
        }
        run(&mut node, ms(second * 1_000), ms(second * 1_000 + 999));
        since = since.or((states(&node) == [Active, Active]).then_some(second));
    }
    assert_eq!(since, Some(10), "tolerated until 8 s, and the last obeyed advert is 3.6 s old");
}

#[test]
fn a_lower_priority_that_one_member_hears_makes_all_announce() {
    let (mut node, now) = serving();
    hears(&mut node, now, R1, &advert(50, ip("192.0.2.9"), seconds(1))).unwrap();
    let announced: Vec<_> =
        all(&mut node).into_iter().filter(|action| matches!(action, NodeAction::Announce { .. })).collect();
    assert_eq!(announced, [R1, R0].map(|router| NodeAction::Announce { router, repeat: 5 }));
}

/// Each machine wins one network and loses the other.
#[test]
fn rivals_with_opposed_priorities_do_not_take_over_together_for_ever() {
    let machine = |own: u8, first: u8, second: u8| {
        let mut config = firewall();
        config.routers[0].config.priority = own_prio(first);
        config.routers[1].config.priority = own_prio(second);
        for link in &mut config.links {
            link.state.ipv4 = Some([192, 0, 2, own].into());
        }
        config
    };
    let mut nodes = [node(machine(1, 150, 100)), node(machine(2, 100, 150))];
    let mut now = Instant::ZERO;
    let end = ms(60_000);
    let mut flaps = 0;
    while let Some(next) = nodes.iter().filter_map(Node::poll_timeout).min().filter(|next| *next <= end) {
        now = now.max(next);
        // Both act before either hears of the other: the worst case.
        let adverts: Vec<Vec<_>> = nodes
            .iter_mut()
            .map(|node| {
                node.handle_timeout(now);
                all(node)
                    .into_iter()
                    .filter_map(|action| match action {
                        NodeAction::SendAdvert { router, priority } => Some((router, priority)),
                        NodeAction::Tell(Event::Group { to: Active, .. }) => {
                            flaps += 1;
                            None
                        }
                        _ => None,
                    })
                    .collect()
            })
            .collect();
        for (hearer, (own, adverts)) in [1, 0].into_iter().zip((1..).zip(adverts)) {
            for (router, priority) in adverts {
                let heard = advert(priority.get(), [192, 0, 2, own].into(), seconds(1));
                let _ = hears(&mut nodes[hearer], now, router, &heard);
                all(&mut nodes[hearer]);
            }
        }
        for node in &nodes {
            assert!(
                states(node).windows(2).all(|two| two[0] == two[1]),
                "split at {now}: {:?}",
                states(node)
            );
        }
    }
    let mut serve: Vec<_> = nodes.iter().map(|node| states(node)[0]).collect();
    serve.sort_by_key(|standing| *standing == Active);
    assert_eq!(serve, [Backup, Active]);
    assert!(flaps < 8, "{flaps} takeovers in a minute");
}

#[test]
fn a_member_that_a_reload_adds_joins_a_group_that_serves() {
    let (mut node, now) = serving();
    node.handle_reload(now, grouped(vec![router(51), inside(52), router(53)]));
    let actions = all(&mut node);
    assert_eq!(states(&node), [Active, Active, Active]);
    let told = |action: &&NodeAction| matches!(action, NodeAction::Tell(Event::Group { .. }));
    assert_eq!(actions.iter().find(told), None, "it serves as before");
}

#[test]
fn routers_that_a_reload_puts_together_agree() {
    let mut node = node(machine(vec![router(51), inside(52)]));
    hears(&mut node, ms(3_000), R1, &advert(150, ip("192.0.2.9"), seconds(1))).unwrap();
    run(&mut node, Instant::ZERO, ms(4_000));
    assert_eq!(states(&node), [Active, Backup]);
    node.handle_reload(ms(4_000), firewall());
    all(&mut node);
    assert_eq!(states(&node), [Backup, Backup]);
}

#[test]
fn a_group_that_a_reload_dissolves_leaves_its_members_as_they_are() {
    let (mut node, now) = serving();
    node.handle_reload(now, machine(vec![router(51), inside(52)]));
    all(&mut node);
    assert_eq!(states(&node), [Active, Active]);
    // And a member that waited only for others takes over.
    let mut node = crate::lab::node(firewall());
    hears(&mut node, ms(3_000), R1, &advert(150, ip("192.0.2.9"), seconds(1))).unwrap();
    run(&mut node, Instant::ZERO, ms(4_000));
    node.handle_reload(ms(4_000), machine(vec![router(51), inside(52)]));
    all(&mut node);
    run(&mut node, ms(4_000), ms(4_001));
    assert_eq!(states(&node), [Active, Backup]);
}

#[test]
fn a_member_in_fault_that_a_reload_removes_frees_the_others() {
    let (mut node, now) = serving();
    node.handle_link(now, L1, DOWN);
    all(&mut node);
    let config = NodeConfig { links: links([UP, DOWN]), ..grouped(vec![router(51)]) };
    node.handle_reload(now, config);
    all(&mut node);
    assert_eq!(states(&node), [Backup]);
}

#[test]
fn the_successor_of_a_crash_keeps_a_group_together() {
    let (mut node, now) = serving();
    let mut memory = NodeMemory::default();
    while let Some(what) = node.poll_memory() {
        memory.note(what);
    }
    let mut next = Node::resume(now, firewall(), &memory);
    assert_eq!(states(&next), [Active, Active]);
    assert_eq!(all(&mut next).last(), Some(&group_event(Waiting, Active)));
    // One member whose predecessor had been told of its yielding, and another whose had not.
    let key = memory.routers.keys().next().unwrap().clone();
    memory.routers.remove(&key);
    let mut next = Node::resume(now, firewall(), &memory);
    assert_eq!(states(&next), [Backup, Backup]);
    let removed = |router| NodeAction::RemoveAddresses { router };
    let actions = all(&mut next);
    assert!(actions.contains(&removed(R0)) && actions.contains(&removed(R1)));
}

#[test]
fn a_group_that_stops_says_so_after_its_members() {
    let (mut node, now) = serving();
    node.handle_stop(now);
    let told: Vec<_> =
        all(&mut node).into_iter().filter(|action| matches!(action, NodeAction::Tell(_))).collect();
    assert_eq!(
        told,
        [
            standing(R0, Active, Stopped, vrrp_election::TransitionReason::Stop, 100),
            standing(R1, Active, Stopped, vrrp_election::TransitionReason::Stop, 100),
            group_event(Active, Stopped),
        ]
    );
}

#[test]
fn a_router_of_two_groups_belongs_to_the_first_and_one_that_does_not_exist_to_none() {
    let groups = vec![group("G", &[R0, RouterId(9)]), group("H", &[R0, R1])];
    let mut node = node(NodeConfig { groups, ..firewall() });
    node.handle_link(Instant::ZERO, L1, DOWN);
    assert_eq!(states(&node), [Backup, Standing::Fault]);
}

#[test]
fn one_virtual_router_id_for_two_families_does_not_disturb() {
    use crate::support::Speaks;
    let family = |speaks: Speaks| RouterSetup::new(speaks.config(), LinkId(0));
    let mut state = UP;
    state.ipv6 = Some("fe80::20".parse().unwrap());
    let config =
        NodeConfig { links: links([state]), ..grouped(vec![family(Speaks::V3Ipv4), family(Speaks::V3Ipv6)]) };
    let mut node = node(config);
    run(&mut node, Instant::ZERO, ms(3_700));
    assert_eq!(states(&node), [Active, Active]);
    state.ipv4 = None;
    node.handle_link(ms(3_700), L0, state);
    assert_eq!(states(&node), [Standing::Fault, Standing::Fault]);
}
