//! Slow start: a server that comes back gets its weight bit by bit.

use std::time::Duration;

use lvs_health::director::{Action, Server, ServiceId};
use lvs_health::{Outcome, Timing, WeightUpdate};

use crate::lab::{FAIL, Lab, PASS, SECOND, TIMING, id, server, service, tcp};

fn slow(weight: u32, alpha: bool) -> Lab {
    let timing = Timing { delay_loop: 100 * SECOND, alpha, ..TIMING };
    let checks = vec![tcp(1, &timing)];
    let slow = Server { weight, slow_start: 20 * SECOND, checks, ..server(1) };
    let mut lab = Lab::new(vec![service("a", vec![slow])]);
    lab.drain();
    lab
}

fn programs(lab: &mut Lab) -> usize {
    lab.drain().iter().filter(|action| **action == Action::Program(ServiceId(0))).count()
}

#[test]
fn a_start_is_not_slow() {
    assert_eq!(slow(50, false).wanted(), "1=50");
    let mut lab = slow(50, true);
    lab.attempt(PASS);
    assert_eq!(lab.wanted(), "1=50");
}

#[test]
fn the_weight_grows_each_second_from_1_to_what_it_should_be() {
    let mut lab = slow(100, false);
    lab.attempt(FAIL);
    lab.attempt(PASS);
    assert_eq!(lab.director.service_status(ServiceId(0)).unwrap().live, 100, "the quorum takes it for whole");
    let mut weights = vec![lab.wanted()];
    for _ in 0..20 {
        assert_eq!(lab.wait(), 1);
        lab.pass_time(SECOND);
        assert_eq!(programs(&mut lab), 1);
        weights.push(lab.wanted());
    }
    assert_eq!(weights[..4], ["1=1", "1=5", "1=10", "1=15"]);
    assert_eq!(weights[19..], ["1=95", "1=100"]);
    assert_eq!(lab.wait(), 80, "then only its check is waited for");
}

#[test]
fn stairs_that_change_nothing_are_not_programmed() {
    let mut lab = slow(2, false);
    lab.attempt(FAIL);
    lab.attempt(PASS);
    let mut programmed = 0;
    for _ in 0..20 {
        lab.pass_time(SECOND);
        programmed += programs(&mut lab);
    }
    assert_eq!(programmed, 1);
    assert_eq!(lab.wanted(), "1=2");
}

#[test]
fn a_server_that_fails_during_slow_start_begins_again_at_1() {
    let mut lab = slow(100, false);
    lab.attempt(FAIL);
    lab.attempt(PASS);
    let check = lab.check(id(0, 0));
    lab.pass_time(10 * SECOND);
    assert_eq!(lab.wanted(), "1=50");
    for outcome in [FAIL, FAIL] {
        lab.director.handle_report(lab.now, check, outcome);
    }
    lab.drain();
    assert_eq!(lab.wanted(), "");
    assert_eq!(lab.wait(), 100, "no timer of the slow start is left");
    lab.director.handle_report(lab.now, check, PASS);
    assert_eq!(lab.wanted(), "1=1");
}

#[test]
fn a_weight_that_changes_on_the_way_is_given_in_the_same_part() {
    let mut lab = slow(100, false);
    lab.attempt(FAIL);
    lab.attempt(PASS);
    lab.pass_time(5 * SECOND);
    let check = lab.check(id(0, 0));
    lab.director.handle_report(lab.now, check, Outcome::Pass(WeightUpdate::Exactly(40)));
    assert_eq!(lab.wanted(), "1=10");
}

#[test]
fn a_reload_goes_on_with_it_and_takes_the_new_length_from_the_beginning() {
    let mut lab = slow(100, false);
    lab.attempt(FAIL);
    lab.attempt(PASS);
    lab.pass_time(5 * SECOND);
    let timing = Timing { delay_loop: 100 * SECOND, ..TIMING };
    let with = |slow_start: Duration| {
        vec![service(
            "a",
            vec![Server { weight: 100, slow_start, checks: vec![tcp(1, &timing)], ..server(1) }],
        )]
    };
    lab.reload(with(10 * SECOND));
    assert_eq!(lab.wanted(), "1=50");
    lab.drain();
    lab.pass_time(SECOND);
    assert_eq!((programs(&mut lab), lab.wanted()), (1, "1=60".into()));
    lab.reload(with(SECOND));
    assert_eq!(lab.wanted(), "1=100");
}
