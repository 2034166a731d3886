//! Reloads of other configurations, and successors of daemons that hung or died.

use vrrp_election::{LinkId, Preempt, RouterConfig, RouterSetup};
use vrrp_proto::{RouterInterval, Vrid};
use vrrp_sim::{Fault, Host, Scenario};

use crate::lab::{A, B, fast, go_on, ms, run, secs, service, takeovers, v2};

fn setup(config: RouterConfig) -> RouterSetup {
    RouterSetup::new(config, LinkId(0))
}

/// A serves with priority 200 and may reload `other`; B has 100.
fn pair(other: Vec<RouterSetup>) -> Scenario {
    Scenario::new().host(Host::new().router(v2(200)).reload(other)).host(Host::new().router(v2(100)))
}

#[test]
fn a_lower_priority_hands_over_and_the_former_one_takes_back() {
    let hosts = Scenario::new()
        .host(Host::new().router(v2(200)).reload(vec![setup(v2(50))]).reload(vec![setup(v2(200))]))
        .host(Host::new().router(v2(100)));
    let scenario = hosts.at(secs(10), Fault::Reconfigure(A, 0)).at(secs(30), Fault::Reconfigure(A, 1));
    let mut run = run(&scenario, secs(20));
    assert_eq!(run.serving(service()), [B]);
    go_on(&mut run, secs(20));
    assert_eq!(run.serving(service()), [A]);
    assert_eq!(takeovers(run.timeline()).len(), 3);
    run.check_settled().unwrap();
}

#[test]
fn a_router_that_a_reload_removes_is_followed_after_a_skew() {
    let run = run(&pair(vec![]).at(secs(10), Fault::Reconfigure(A, 0)), secs(20));
    assert_eq!(takeovers(run.timeline()), [(3_218, A), (10_609, B)]);
}

#[test]
fn another_place_in_the_file_moves_nothing() {
    let other = RouterConfig { vrid: Vrid::new(52).unwrap(), ..v2(200) };
    let scenario = pair(vec![setup(other), setup(v2(200))]).at(secs(10), Fault::Reconfigure(A, 0));
    let run = run(&scenario, secs(30));
    let of_51 = takeovers(run.timeline()).len() - 1;
    assert_eq!(of_51, 1, "and the new router serves alone");
    assert_eq!(run.serving(service()), [A]);
}

#[test]
fn another_interval_of_the_active_costs_nothing() {
    let slow = RouterConfig { interval: RouterInterval::centiseconds(100).unwrap(), ..fast(200) };
    let scenario = Scenario::new()
        .host(Host::new().router(fast(200)).reload(vec![setup(slow)]).reload(vec![setup(fast(200))]))
        .host(Host::new().router(fast(100)))
        .at(secs(5), Fault::Reconfigure(A, 0))
        .at(secs(15), Fault::Reconfigure(A, 1));
    assert_eq!(takeovers(run(&scenario, secs(30)).timeline()).len(), 1);
}

#[test]
fn an_overflow_of_the_socket_costs_no_takeover() {
    let quiet = pair(vec![]);
    let scenario = (10..20).fold(quiet, |scenario, at| scenario.at(secs(at), Fault::PacketsLost(B)));
    assert_eq!(takeovers(run(&scenario, secs(30)).timeline()).len(), 1);
}

/// A daemon that hangs for so long before it is killed and started again.
fn hung(preempt: Preempt, hangs: std::time::Duration) -> Scenario {
    let config = |priority| RouterConfig { preempt, ..v2(priority) };
    let kill = secs(10) + hangs;
    Scenario::new()
        .host(Host::new().router(config(200)))
        .host(Host::new().router(config(100)))
        .at(secs(10), Fault::Stall(A, secs(60)))
        .at(kill, Fault::Kill(A))
        .at(kill + ms(50), Fault::Start(A))
}

#[test]
fn a_successor_does_not_preempt_a_router_that_took_over_while_it_hung() {
    for preempt in [Preempt::Never, Preempt::After(secs(600))] {
        let run = run(&hung(preempt, secs(6)), secs(60));
        assert_eq!(run.serving(service()), [B], "{preempt:?}");
        assert_eq!(takeovers(run.timeline()), [(3_218, A), (12_828, B)], "{preempt:?}");
    }
}

#[test]
fn a_successor_that_comes_in_time_goes_on() {
    for preempt in [Preempt::AtOnce, Preempt::Never, Preempt::After(secs(600))] {
        let run = run(&hung(preempt, secs(1)), secs(60));
        assert!(takeovers(run.timeline()).iter().all(|(_, host)| *host == A), "{preempt:?}");
        assert_eq!(run.serving(service()), [A], "{preempt:?}");
    }
}
