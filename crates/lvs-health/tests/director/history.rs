//! The results of a check's attempts, for people who ask.

use std::time::Duration;

use lvs_health::director::LastFailure;
use lvs_health::{Check, Failure, Timing};

use crate::lab::{FAIL, Lab, PASS, SECOND, TIMING, id, server, service};

#[test]
fn the_last_failure_stays_known_while_attempts_pass_again() {
    let mut lab = Lab::new(vec![service("a", vec![server(1)])]);
    let check = lab.check(id(0, 0));
    let status = lab.director.check_status(check).unwrap();
    assert_eq!((status.last_attempt, status.last_duration, status.last_failure), (None, None, None));
    lab.attempt(PASS);
    lab.attempt(PASS);
    let (attempt, _) = lab.next_start();
    lab.pass_time(Duration::from_millis(300));
    lab.director.handle_outcome(lab.now, attempt, FAIL);
    let failed_at = lab.now;
    let status = lab.director.check_status(check).unwrap();
    assert_eq!(
        (status.passes_in_a_row, status.failures_in_a_row),
        (0, 1),
        "also a failure that is tolerated"
    );
    assert_eq!(status.last_duration, Some(Duration::from_millis(300)));
    lab.attempt(FAIL);
    let status = lab.director.check_status(check).unwrap();
    assert_eq!((status.up, status.failures_in_a_row), (false, 2));
    lab.attempt(PASS);
    let status = lab.director.check_status(check).unwrap();
    assert_eq!((status.up, status.passes_in_a_row, status.failures_in_a_row), (true, 1, 0));
    let last = LastFailure { at: failed_at + 2 * SECOND, failure: Failure::ConnectTimeout };
    assert_eq!((status.last_failure, status.last_attempt), (Some(last), Some(lab.now)));
}

#[test]
fn a_postponed_or_abandoned_attempt_is_not_recorded() {
    let mut lab = Lab::new(vec![service("a", vec![server(1)])]);
    let check = lab.check(id(0, 0));
    let (attempt, _) = lab.next_start();
    lab.director.put_off(lab.now, attempt);
    lab.drain();
    lab.director.handle_report(lab.now, check, FAIL);
    let status = lab.director.check_status(check).unwrap();
    assert_eq!((status.last_duration, status.failures_in_a_row), (None, 1));
}

#[test]
fn a_check_of_ones_own_is_asked_for_like_any_other() {
    let own = Check::custom("disk of 10.0.0.1", Timing { retry: 0, ..TIMING });
    let member = lvs_health::director::Server { checks: vec![own], ..server(1) };
    let mut lab = Lab::new(vec![service("a", vec![member])]);
    lab.attempt(PASS);
    assert_eq!(lab.wanted(), "1=1");
    let full = Failure::Custom("no space left".to_owned());
    lab.attempt(lvs_health::Outcome::Fail(full));
    assert_eq!(lab.wanted(), "");
}
