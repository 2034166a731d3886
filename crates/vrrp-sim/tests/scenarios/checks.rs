//! The checks themselves: they see what they are for.

use vrrp_sim::{Fault, Limits, Problem};

use crate::lab::{A, B, run, scenario, secs, service, v2};

#[test]
fn an_unserved_router_beyond_the_limit_is_a_violation() {
    let limits = Limits { two_active: secs(60), unserved: secs(2) };
    let violation = scenario([v2(200)]).limits(limits).run(5, secs(60)).unwrap_err();
    assert!(matches!(violation.problem, Problem::Unserved { host: A, .. }), "{violation}");
    assert_eq!(violation.seed, 5);
}

#[test]
fn the_natural_limits_are_met_with_little_to_spare() {
    // Somebody waits 3.996 s at worst; a limit of that is broken by the way to the addresses, one of 4 s is not.
    let run =
        |unserved| scenario([v2(1), v2(1)]).limits(Limits { two_active: secs(2), unserved }).run(1, secs(20));
    assert!(run(secs(4)).is_ok());
    assert!(run(std::time::Duration::from_millis(3_990)).is_err());
}

#[test]
fn an_end_with_nobody_serving_is_not_settled() {
    let run = run(&scenario([v2(200), v2(100)]), secs(1));
    let violation = run.check_settled().unwrap_err();
    assert_eq!(violation.problem, Problem::Serving { service: service(), hosts: vec![] });
}

#[test]
fn an_end_with_somebody_better_waiting_is_not_settled() {
    let scenario =
        scenario([v2(200), v2(100)]).at(secs(10), Fault::PowerOff(A)).at(secs(20), Fault::Start(A));
    let problem = run(&scenario, secs(21)).check_settled().unwrap_err().problem;
    assert_eq!(problem, Problem::NotTheBest { service: service(), serving: B, better: A });
}

#[test]
fn of_two_owners_of_version_2_one_yields() {
    // RFC 3768 §7.1 to the letter, an owner discards every advert, and neither would.
    run(&scenario([v2(255), v2(255)]), secs(60)).check_settled().unwrap();
}
