//! Operators and checks that move the service on purpose.

use vrrp_election::{
    Fact, FactId, LinkId, RouterConfig, RouterSetup, ScriptConfig, ScriptId, Standing, Track,
};
use vrrp_sim::{Fault, Host, Scenario};

use crate::lab::{A, B, R0, go_on, ms, run, secs, service, takeovers, v2};

fn tracking(config: RouterConfig, weight: i32) -> Host {
    let mut setup = RouterSetup::new(config, LinkId(0));
    setup.tracks.push(Track { target: ScriptId(0).into(), weight, reverse: false });
    Host::new().setup(setup).script(ScriptConfig::default())
}

fn pair(weight: i32) -> Scenario {
    Scenario::new().host(tracking(v2(150), weight)).host(tracking(v2(100), weight))
}

#[test]
fn a_weight_moves_the_service_there_and_back() {
    let scenario = pair(-60)
        .at(secs(10), Fault::Script(A, ScriptId(0), false))
        .at(secs(30), Fault::Script(A, ScriptId(0), true));
    let mut run = run(&scenario, secs(20));
    assert_eq!(run.serving(service()), [B]);
    assert_eq!(run.node(A).unwrap().router(R0).unwrap().priority().get(), 90);
    go_on(&mut run, secs(20));
    assert_eq!(run.serving(service()), [A]);
    assert_eq!(takeovers(run.timeline()).len(), 3);
}

#[test]
fn a_weight_that_is_too_small_moves_nothing() {
    let scenario = pair(-49).at(secs(10), Fault::Script(A, ScriptId(0), false));
    assert_eq!(takeovers(run(&scenario, secs(40)).timeline()).len(), 1);
}

#[test]
fn a_failed_check_without_weight_hands_over_within_a_skew() {
    let scenario = pair(0).at(ms(10_500), Fault::Script(A, ScriptId(0), false));
    let run = run(&scenario, secs(20));
    let takeovers = takeovers(run.timeline());
    let [(_, A), (at, B)] = takeovers[..] else { panic!("{takeovers:?}") };
    // The check runs at 11 s and takes 10 ms; B skews 0.609 s after the goodbye.
    assert!((11_610..=11_630).contains(&at), "{at} ms");
}

#[test]
fn when_every_check_fails_no_host_serves_and_none_holds_the_addresses() {
    let scenario = pair(0)
        .at(secs(10), Fault::Script(A, ScriptId(0), false))
        .at(secs(10), Fault::Script(B, ScriptId(0), false));
    let run = run(&scenario, secs(60));
    assert_eq!(run.serving(service()), []);
    assert!(!run.holds(A, R0) && !run.holds(B, R0));
}

#[test]
fn a_link_that_flaps_moves_the_service_once_for_each_time_it_is_missed() {
    let scenario = (0..5).fold(pair(-60), |scenario, n| {
        scenario.at(secs(20 + n * 20), Fault::LinkDown(A)).at(secs(30 + n * 20), Fault::LinkUp(A))
    });
    let run = run(&scenario, secs(140));
    assert_eq!(takeovers(run.timeline()).len(), 1 + 2 * 5);
    run.check_settled().unwrap();
}

/// Two hosts whose better one follows a file with this weight.
fn following_a_file(weight: i32) -> Scenario {
    let mut setup = RouterSetup::new(v2(150), LinkId(0));
    setup.tracks.push(Track { target: FactId(0).into(), weight, reverse: false });
    Scenario::new().host(Host::new().fact(Fact::Value(0)).setup(setup)).host(Host::new().router(v2(100)))
}

#[test]
fn a_file_takes_the_service_away_and_gives_it_back_with_the_newest_number() {
    for (weight, number) in [(1, -60), (1, -254), (0, 1), (-30, 2)] {
        let scenario = following_a_file(weight)
            .at(secs(10), Fault::Fact(A, FactId(0), Fact::Value(number)))
            .at(secs(30), Fault::Fact(A, FactId(0), Fact::Value(0)));
        let at = |time| scenario.run(1, secs(time)).unwrap().serving(service());
        assert_eq!((at(9), at(20), at(40)), (vec![A], vec![B], vec![A]), "{weight} {number}");
    }
}

#[test]
fn a_daemon_that_dies_while_its_file_forbids_serving_does_not_serve_afterwards() {
    let scenario = following_a_file(0)
        .at(secs(10), Fault::Fact(A, FactId(0), Fact::Value(1)))
        .at(secs(20), Fault::Kill(A))
        .at(secs(20), Fault::Start(A));
    let run = scenario.run(1, secs(40)).unwrap();
    assert_eq!(run.serving(service()), [B]);
    assert_eq!(run.node(A).unwrap().standing(R0), Some(Standing::Fault));
}
