//! Planned moves: somebody serves all the time, and never two for longer than without a plan.

use std::time::Duration;

use vrrp_election::{Event, IntentKind, Preempt, Progress, RouterConfig, RouterId, Standing};
use vrrp_proto::RouterPriority;
use vrrp_sim::{Fault, Host, HostId, Network, Scenario, Simulation, What};

use crate::lab::{A, B, C, R0, fast, go_on, ms, run, scenario, secs, service, takeovers, v2};

const HANDOVER: IntentKind = IntentKind::Handover;
const SOFT: IntentKind = IntentKind::Maintenance { hard: false };
const HARD: IntentKind = IntentKind::Maintenance { hard: true };

fn intend(host: HostId, kind: IntentKind) -> Fault {
    Fault::Intend(host, R0, kind, None)
}

/// Lets time pass in steps of half a millisecond. At each, clients reach a host that holds the addresses.
fn watched(simulation: &mut Simulation, time: Duration) {
    let end = simulation.now() + time;
    while simulation.now() < end {
        go_on(simulation, Duration::from_micros(500));
        let reached = simulation.reached(service()).unwrap();
        assert!(simulation.holds(reached, R0), "{reached} has no addresses\n{}", simulation.timeline());
        assert!(!simulation.serving(service()).is_empty(), "{}", simulation.timeline());
    }
}

fn configs() -> [fn(u8) -> RouterConfig; 4] {
    let never = |priority| RouterConfig { preempt: Preempt::Never, ..v2(priority) };
    let later = |priority| RouterConfig { preempt: Preempt::After(secs(60)), ..fast(priority) };
    [v2, fast, never, later]
}

#[test]
fn a_planned_move_on_a_clean_link_leaves_no_moment_without_service() {
    for config in configs() {
        for fault in [intend(A, HANDOVER), intend(A, SOFT), intend(A, HARD), Fault::Depart(A, secs(5))] {
            let scenario = scenario([config(150), config(100)]).at(ms(15_300), fault);
            let mut run = run(&scenario, ms(15_200));
            watched(&mut run, secs(1));
            assert_eq!(run.serving(service()), [B], "{fault}");
            watched(&mut run, secs(20));
            assert_eq!(run.serving(service()), [B], "{fault}: and it stays there");
            assert_eq!(takeovers(run.timeline()).len(), 2);
        }
    }
}

#[test]
fn moved_addresses_return_without_a_gap_when_the_intent_ends() {
    for kind in [HANDOVER, SOFT, HARD] {
        let scenario =
            scenario([v2(150), v2(100)]).at(secs(10), intend(A, kind)).at(secs(30), Fault::EndIntent(A, R0));
        let mut run = run(&scenario, ms(9_000));
        watched(&mut run, secs(31));
        assert_eq!(run.serving(service()), [A], "{kind}");
        run.check_settled().unwrap();
    }
}

#[test]
fn a_handover_without_a_successor_is_reported_and_the_address_stays() {
    let scenario =
        scenario([v2(150), v2(100)]).at(secs(8), Fault::PowerOff(B)).at(secs(10), intend(A, HANDOVER));
    let mut run = run(&scenario, secs(9));
    watched(&mut run, secs(20));
    assert_eq!(run.serving(service()), [A]);
    let nobody = |what: &What| {
        matches!(what, What::Told(_, Event::Intent { progress: Progress::NobodyTookOver { .. }, .. }))
    };
    assert_eq!(run.timeline().moments().iter().filter(|moment| nobody(&moment.what)).count(), 1);
}

#[test]
fn a_router_that_was_handed_over_serves_again_when_the_other_one_dies() {
    let scenario =
        scenario([v2(150), v2(100)]).at(secs(10), intend(A, HANDOVER)).at(secs(20), Fault::PowerOff(B));
    let run = run(&scenario, secs(25));
    assert_eq!(run.serving(service()), [A]);
    assert!(run.node(A).unwrap().intent(R0).is_none());
}

#[test]
fn maintenance_waits_for_a_peer_that_never_preempts() {
    let never = |priority| RouterConfig { preempt: Preempt::Never, ..v2(priority) };
    let scenario = scenario([never(150), never(100)])
        .at(secs(8), Fault::PowerOff(B))
        .at(secs(10), intend(A, SOFT))
        .at(secs(40), Fault::Start(B));
    let mut run = run(&scenario, secs(9));
    watched(&mut run, secs(60));
    assert_eq!(run.serving(service()), [B], "it was asked again");
}

#[test]
fn the_third_router_comes_before_one_in_maintenance() {
    let scenario =
        scenario([v2(150), v2(100), v2(50)]).at(secs(10), intend(A, SOFT)).at(secs(20), Fault::PowerOff(B));
    let run = run(&scenario, secs(30));
    assert_eq!(run.serving(service()), [C]);
}

#[test]
fn lost_goodbyes_and_claims_delay_a_move_and_do_not_interrupt_it() {
    let network = Network { loss: 300, ..Network::LAN };
    for seed in 0..40 {
        let scenario = scenario([fast(150), fast(100)])
            .network(network)
            .limits(vrrp_sim::Limits { two_active: secs(2), unserved: secs(2) })
            .at(secs(10), Fault::Depart(A, secs(5)));
        let mut run = scenario.run(seed, secs(9)).unwrap_or_else(|violation| panic!("{violation}"));
        for _ in 0..12_000 {
            go_on(&mut run, ms(1));
            // B may believe that A is gone before there is a plan.
            assert!(!run.serving(service()).is_empty(), "seed {seed}\n{}", run.timeline());
        }
        assert_eq!(run.serving(service()), [B], "seed {seed}");
    }
}

#[test]
fn a_sync_group_departs_as_one() {
    let host = |priority: u8| {
        let other = RouterConfig { vrid: vrrp_proto::Vrid::new(52).unwrap(), ..v2(priority) };
        Host::new().router(v2(priority)).router(other).group("G", [R0, RouterId(1)])
    };
    for fault in [Fault::Depart(A, secs(5)), intend(A, HANDOVER), intend(A, SOFT), intend(A, HARD)] {
        let scenario = Scenario::new().host(host(150)).host(host(100)).at(secs(10), fault);
        let mut run = run(&scenario, secs(9));
        watched(&mut run, secs(20));
        for router in [R0, RouterId(1)] {
            assert_eq!(run.node(B).unwrap().standing(router), Some(Standing::Active), "{fault}");
        }
    }
}

#[test]
fn an_owner_departs_without_a_gap() {
    let owner = RouterConfig { priority: RouterPriority::OWNER, ..v2(100) };
    let scenario = scenario([owner, v2(100)]).at(secs(10), Fault::Depart(A, secs(5)));
    let mut run = run(&scenario, secs(9));
    watched(&mut run, secs(5));
    assert_eq!(run.serving(service()), [B]);
}
