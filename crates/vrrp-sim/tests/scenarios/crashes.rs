//! Hosts that die, stop, start and reload.

use vrrp_election::{Preempt, RouterConfig};
use vrrp_sim::{Fault, Scenario};

use crate::lab::{A, B, C, R0, fast, go_on, run, scenario, secs, service, takeovers, v2};

#[test]
fn the_best_of_three_takes_over_first_and_alone() {
    let run = run(&scenario([v2(200), v2(150), v2(100)]), secs(20));
    assert_eq!(takeovers(run.timeline()), [(3_218, A)], "3 s + 56/256 s after the start");
    run.check_settled().unwrap();
}

#[test]
fn three_hosts_of_equal_priority_agree_on_the_greatest_address() {
    let run = run(&scenario([v2(100), v2(100), v2(100)]), secs(20));
    assert_eq!(run.serving(service()), [C]);
    run.check_settled().unwrap();
}

#[test]
fn a_dead_active_is_missed_after_three_intervals_and_a_skew() {
    let scenario = scenario([v2(200), v2(100)]).at(secs(10), Fault::PowerOff(A));
    // The last advert left at 9.218 s.
    assert_eq!(takeovers(run(&scenario, secs(20)).timeline()), [(3_218, A), (12_828, B)]);
}

#[test]
fn a_stopped_active_is_followed_after_a_skew() {
    let scenario = scenario([v2(200), v2(100)]).at(secs(10), Fault::Stop(A));
    assert_eq!(takeovers(run(&scenario, secs(20)).timeline()), [(3_218, A), (10_609, B)]);
}

#[test]
fn ten_adverts_a_second_make_a_takeover_of_a_third_of_a_second() {
    let scenario = scenario([fast(200), fast(100)]).at(secs(10), Fault::PowerOff(A));
    let takeovers = takeovers(run(&scenario, secs(20)).timeline());
    let [(_, A), (at, B)] = takeovers[..] else { panic!("{takeovers:?}") };
    assert!((10_260..=10_362).contains(&at), "{at} ms");
}

#[test]
fn a_daemon_that_dies_and_is_started_again_at_once_is_not_noticed() {
    let scenario = scenario([v2(200), v2(100)]).at(secs(10), Fault::Kill(A)).at(secs(11), Fault::Start(A));
    let mut run = run(&scenario, secs(10));
    go_on(&mut run, secs(1) / 2);
    assert!(run.holds(A, R0), "the kernel keeps the addresses");
    go_on(&mut run, secs(10));
    assert_eq!(run.serving(service()), [A]);
    assert!(takeovers(run.timeline()).iter().all(|(_, host)| *host == A));
}

#[test]
fn a_daemon_that_comes_back_too_late_leaves_one_holder() {
    let scenario = scenario([v2(200), v2(100)]).at(secs(10), Fault::Kill(A)).at(secs(30), Fault::Start(A));
    let run = run(&scenario, secs(50));
    assert_eq!((run.holds(A, R0), run.holds(B, R0)), (true, false));
    run.check_settled().unwrap();
}

#[test]
fn a_rolling_restart_never_leaves_the_service_alone_for_longer_than_a_skew() {
    let scenario = [A, B, C]
        .into_iter()
        .zip([10, 30, 50])
        .fold(scenario([v2(200), v2(150), v2(100)]), |scenario, (host, at)| {
            scenario.at(secs(at), Fault::Stop(host)).at(secs(at + 5), Fault::Start(host))
        });
    let mut run = scenario.start(1);
    go_on(&mut run, secs(9));
    let mut unserved = 0;
    for _ in 0..6_000 {
        go_on(&mut run, secs(1) / 100);
        unserved += usize::from(run.serving(service()).is_empty());
    }
    // Only the Active's own stop counts: 106/256 s of skew.
    assert!((40..=43).contains(&unserved), "{unserved} hundredths of a second");
    run.check_settled().unwrap();
}

#[test]
fn a_reload_is_not_noticed() {
    let quiet = scenario([v2(200), v2(100)]);
    let reloads = (10..30)
        .fold(quiet, |scenario, at| scenario.at(secs(at), Fault::Reload(A)).at(secs(at), Fault::Reload(B)));
    assert_eq!(takeovers(run(&reloads, secs(40)).timeline()), [(3_218, A)]);
}

#[test]
fn without_preemption_the_returning_host_stays_behind() {
    let nopreempt = RouterConfig { preempt: Preempt::Never, ..v2(200) };
    let scenario =
        scenario([nopreempt, v2(100)]).at(secs(10), Fault::PowerOff(A)).at(secs(20), Fault::Start(A));
    let run = run(&scenario, secs(60));
    assert_eq!(takeovers(run.timeline()), [(3_218, A), (12_828, B)]);
    run.check_settled().unwrap();
}

#[test]
fn with_a_delay_it_waits_and_then_returns() {
    let delayed = RouterConfig { preempt: Preempt::After(secs(30)), ..v2(200) };
    let scenario =
        scenario([delayed, v2(100)]).at(secs(10), Fault::PowerOff(A)).at(secs(20), Fault::Start(A));
    let run = run(&scenario, secs(90));
    let takeovers = takeovers(run.timeline());
    let [_, _, (at, A)] = takeovers[..] else { panic!("{takeovers:?}") };
    assert!((50_000..=54_500).contains(&at), "{at} ms");
}

#[test]
fn an_owner_that_returns_serves_at_once() {
    let scenario =
        scenario([v2(255), v2(100)]).at(secs(10), Fault::PowerOff(A)).at(secs(20), Fault::Start(A));
    let run = run(&scenario, secs(30));
    assert_eq!(takeovers(run.timeline()), [(0, A), (12_609, B), (20_000, A)]);
}

#[test]
fn a_host_alone_serves() {
    let run = run(&Scenario::new().host(vrrp_sim::Host::new().router(v2(1))), secs(60));
    assert_eq!(takeovers(run.timeline()), [(3_996, A)]);
}
