//! Facts that the caller watches: an address, a file, a process, a BFD session.

use vrrp_election::{Fact, FactId, Fault, NodeConfig, RouterSetup, Standing, Track};

use crate::lab::{F0, F1, R0, R1, all, fault, machine, node, owner, router, standing, standings, track};
use crate::support::{ms, prio};

fn tracking(setup: RouterSetup, tracks: Vec<Track>) -> RouterSetup {
    RouterSetup { tracks, ..setup }
}

fn with_facts(facts: Vec<Fact>, routers: Vec<RouterSetup>) -> NodeConfig {
    NodeConfig { facts, ..machine(routers) }
}

#[test]
fn a_required_fact_that_is_not_known_holds_its_router_back() {
    let setups = vec![tracking(owner(51), vec![Track::required(F0)]), owner(52)];
    let mut node = node(with_facts(vec![Fact::Unknown], setups));
    assert_eq!((node.standing(R0), node.standing(R1)), (Some(Standing::Waiting), Some(Standing::Active)));
    node.handle_fact(ms(100), F0, Fact::Up);
    assert_eq!(standings(&mut node), [(R0, Standing::Waiting, Standing::Active)]);
}

#[test]
fn a_required_fact_that_ends_is_a_fault_and_names_itself() {
    let setups = vec![tracking(router(51), vec![Track::required(F0)])];
    let mut node = node(with_facts(vec![Fact::Up], setups));
    node.handle_fact(ms(500), F0, Fact::Down);
    let reason = fault(Fault::Tracked(F0.into()));
    assert_eq!(all(&mut node), [standing(R0, Standing::Backup, Standing::Fault, reason, 100)]);
    node.handle_fact(ms(600), F0, Fact::Up);
    assert_eq!(standings(&mut node), [(R0, Standing::Fault, Standing::Backup)]);
}

#[test]
fn a_value_changes_the_priority_of_routers_that_track_it() {
    let setups = vec![tracking(router(51), vec![track(F0, 2), track(F1, -1)]), router(52)];
    let mut node = node(with_facts(vec![Fact::Unknown; 2], setups));
    let mut priority = |id, fact| {
        node.handle_fact(ms(100), id, fact);
        all(&mut node);
        [R0, R1].map(|router| node.router(router).unwrap().priority())
    };
    assert_eq!(priority(F0, Fact::Value(10)), [prio(120), prio(100)]);
    assert_eq!(priority(F1, Fact::Value(70)), [prio(50), prio(100)]);
    assert_eq!(priority(F0, Fact::Value(i32::MAX)), [prio(254), prio(100)]);
    assert_eq!(priority(F0, Fact::Value(0)), [prio(30), prio(100)]);
}

#[test]
fn the_same_fact_again_changes_nothing() {
    let setups = vec![tracking(router(51), vec![Track::required(F0)])];
    let mut node = node(with_facts(vec![Fact::Up], setups));
    node.handle_fact(ms(500), F0, Fact::Up);
    node.handle_fact(ms(500), FactId(9), Fact::Down);
    assert_eq!(all(&mut node), []);
}

#[test]
fn a_fact_that_nobody_lists_is_not_known() {
    let node = node(machine(vec![tracking(router(51), vec![Track::required(FactId(9))])]));
    assert_eq!(node.standing(R0), Some(Standing::Waiting));
    assert_eq!(node.fact(FactId(9).into()), Fact::Unknown);
}
