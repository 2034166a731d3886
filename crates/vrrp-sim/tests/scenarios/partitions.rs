//! The network comes apart and together again.

use std::time::Duration;

use vrrp_election::{AnnounceConfig, RouterConfig, RouterId};
use vrrp_proto::Family;
use vrrp_sim::{Fault, Host, Network, Problem, Scenario, Service};

use crate::lab::{A, B, fast, go_on, run, scenario, secs, service, takeovers, v2};

fn cut_off(scenario: Scenario) -> Scenario {
    scenario.at(secs(10), Fault::Isolate(B)).at(secs(30), Fault::Heal)
}

#[test]
fn while_apart_both_sides_serve_and_afterwards_the_better_one() {
    let scenario = cut_off(scenario([v2(200), v2(100)]));
    let mut run = run(&scenario, secs(20));
    assert_eq!(run.serving(service()), [A, B], "each side has one");
    go_on(&mut run, secs(12));
    assert_eq!(run.serving(service()), [A]);
}

#[test]
fn both_of_a_pair_of_equals_agree_after_the_heal_by_address() {
    let scenario = cut_off(scenario([v2(100), v2(100)]));
    let run = run(&scenario, secs(32));
    assert_eq!(run.serving(service()), [B]);
}

#[test]
fn both_families_of_a_dual_stack_pair_end_on_the_same_host() {
    let v6 = Service { family: Family::Ipv6, ..service() };
    let host = |priority| {
        let dual = RouterConfig { family: Family::Ipv6, ..fast(priority) };
        Host::new().router(fast(priority)).router(dual)
    };
    for (first, second, winner) in [(200, 100, A), (100, 200, B), (100, 100, B)] {
        let scenario = cut_off(Scenario::new().host(host(first)).host(host(second)));
        let mut run = run(&scenario, secs(20));
        assert_eq!((run.serving(service()), run.serving(v6)), (vec![A, B], vec![A, B]));
        go_on(&mut run, secs(11));
        assert_eq!((run.serving(service()), run.serving(v6)), (vec![winner], vec![winner]));
        let holders = [A, B].map(|host| [RouterId(0), RouterId(1)].map(|router| run.holds(host, router)));
        assert_eq!(holders, [[winner == A; 2], [winner == B; 2]]);
    }
}

/// Where packets go two seconds after a heal at this time, although A serves.
fn reached_after_heal(config: impl Fn(u8) -> RouterConfig, heal: Duration) -> bool {
    let scenario = scenario([config(200), config(100)]).at(secs(10), Fault::Isolate(B)).at(heal, Fault::Heal);
    let run = run(&scenario, heal + secs(2));
    assert_eq!(run.serving(service()), [A]);
    run.reached(service()) == Some(A)
}

fn heals() -> impl Iterator<Item = Duration> {
    (0..20).map(|n| secs(30) + Duration::from_millis(50 * n))
}

#[test]
fn an_advert_before_yielding_makes_the_winner_announce_again_whenever_the_heal_comes() {
    let speaking = |priority| RouterConfig { answer_higher_priority: true, ..v2(priority) };
    assert!(heals().all(|heal| reached_after_heal(speaking, heal)));
}

#[test]
fn without_it_and_without_a_refresh_the_network_may_go_on_sending_to_the_loser() {
    let silent = |priority| RouterConfig { answer_higher_priority: false, ..v2(priority) };
    let right = heals().filter(|heal| reached_after_heal(silent, *heal)).count();
    assert!((1..20).contains(&right), "it depends on who speaks first: right {right} times of 20");
}

#[test]
fn a_refresh_repairs_it_in_time() {
    let refreshed = |priority| RouterConfig {
        announce: AnnounceConfig { refresh: secs(1), ..AnnounceConfig::default() },
        ..v2(priority)
    };
    assert!(heals().all(|heal| reached_after_heal(refreshed, heal)));
}

#[test]
fn a_backup_that_hears_nothing_while_it_is_heard_makes_a_dual_active_that_is_reported() {
    // A's adverts do not reach B. B takes over; A hears B and stays. Nothing inside VRRP can end this.
    let scenario = scenario([v2(200), v2(100)]).at(secs(10), Fault::Block(A, B));
    let run = run(&scenario, secs(30));
    assert_eq!(run.serving(service()), [A, B]);
    let reports = run.timeline().to_string().matches("LowerPriorityWhileActive").count();
    assert_eq!(reports, 1, "A says so, once");
}

#[test]
fn an_active_that_does_not_hear_its_backup_is_none_the_worse() {
    // B's adverts do not reach A, but A's reach B: nothing happens at all.
    let scenario = scenario([v2(200), v2(100)]).at(secs(10), Fault::Block(B, A));
    assert_eq!(takeovers(run(&scenario, secs(30)).timeline()), [(3_218, A)]);
}

#[test]
fn a_fiftieth_of_all_packets_lost_costs_no_takeover_for_a_quarter_of_an_hour() {
    let network = Network { loss: 20, ..Network::LAN };
    let lossy = scenario([v2(200), v2(100)]).network(network);
    assert_eq!(takeovers(run(&lossy, secs(900)).timeline()).len(), 1);
}

#[test]
fn reordered_and_doubled_packets_change_nothing() {
    let network = Network {
        duplication: 300,
        reordering: 300,
        overtaken_by: Duration::from_millis(150),
        ..Network::LAN
    };
    let run = run(&scenario([fast(200), fast(100)]).network(network), secs(120));
    assert_eq!(run.serving(service()), [A]);
    assert_eq!(takeovers(run.timeline()).len(), 1);
}

#[test]
fn a_dual_active_beyond_the_limit_is_a_violation_with_seed_and_timeline() {
    let limits = vrrp_sim::Limits { two_active: Duration::ZERO, unserved: secs(60) };
    // After the heal both are Active until the first advert arrives.
    let scenario = cut_off(scenario([v2(200), v2(100)])).limits(limits);
    let violation = scenario.run(77, secs(60)).unwrap_err();
    assert!(matches!(violation.problem, Problem::TwoActive { hosts: [A, B], .. }), "{violation}");
    let text = violation.to_string();
    assert!(text.contains("seed 77") && text.contains("every way is open again"), "{text}");
}
