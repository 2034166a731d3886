//! One check: when attempts are made, and which of them count.

use std::time::Duration;

use lvs_health::director::{Action, Cause, Event, Server, ServiceId, Verdict};
use lvs_health::{Failure, Outcome, Timing};

use crate::lab::{FAIL, Lab, PASS, SECOND, TIMING, address, id, server, service, tcp, turns};

fn one(timing: &Timing) -> Lab {
    let checked = Server { checks: vec![tcp(1, timing)], ..server(1) };
    let mut lab = Lab::new(vec![service("a", vec![checked])]);
    lab.drain();
    lab
}

#[test]
fn a_server_without_alpha_is_wanted_from_the_start_and_one_with_alpha_after_a_success() {
    let lab = one(&TIMING);
    assert_eq!(lab.wanted(), "1=1");
    let mut lab = one(&Timing { alpha: true, ..TIMING });
    assert_eq!(lab.wanted(), "");
    assert_eq!(turns(&lab.attempt(PASS)), [(0, true)]);
    assert_eq!(lab.wanted(), "1=1");
}

#[test]
fn a_quick_answer_keeps_the_beat_and_a_slow_one_is_followed_by_the_whole_wait() {
    let mut lab = one(&TIMING);
    for (answers_after, waits) in [(0, 10), (4, 6), (5, 10), (9, 10)] {
        let (attempt, _) = lab.next_start();
        lab.pass_time(answers_after * SECOND);
        lab.director.handle_outcome(lab.now, attempt, PASS);
        lab.drain();
        assert_eq!(lab.wait(), waits, "an answer after {answers_after} s");
    }
}

#[test]
fn a_server_without_checks_is_always_up() {
    let mut lab = Lab::new(vec![service("a", vec![Server::new(address(1))])]);
    assert_eq!(lab.wanted(), "1=1");
    lab.drain();
    assert_eq!(lab.director.poll_timeout(), None);
}

#[test]
fn the_very_first_failure_counts_at_once() {
    let mut lab = one(&Timing { retry: 5, ..TIMING });
    let check = lab.check(id(0, 0));
    let told = lab.attempt(FAIL);
    assert_eq!(
        told[..3],
        [
            Event::Attempt { check, failure: Failure::ConnectTimeout, verdict: Verdict::Down { retries: 0 } },
            Event::Check { check, up: false, first: true },
            Event::Server { server: id(0, 0), up: false, cause: Cause::Check(check) },
        ]
    );
    assert_eq!(lab.wanted(), "");
}

#[test]
fn later_failures_count_after_the_retries_and_a_success_between_forgives_them() {
    let mut lab = one(&Timing { retry: 2, ..TIMING });
    let check = lab.check(id(0, 0));
    let verdict = |lab: &mut Lab| match lab.attempt(FAIL).first() {
        Some(Event::Attempt { verdict, .. }) => *verdict,
        other => panic!("{other:?}"),
    };
    assert_eq!(lab.attempt(PASS), [Event::Check { check, up: true, first: true }]);
    assert_eq!(lab.wait(), 10);
    assert_eq!(verdict(&mut lab), Verdict::Tolerated { failures: 1, left: 1 });
    assert_eq!(lab.wait(), 2);
    assert_eq!(lab.attempt(PASS), []);
    assert_eq!(lab.wait(), 10);
    assert_eq!(verdict(&mut lab), Verdict::Tolerated { failures: 1, left: 1 });
    assert_eq!(verdict(&mut lab), Verdict::Tolerated { failures: 2, left: 0 });
    assert!(lab.up(id(0, 0)));
    assert_eq!(verdict(&mut lab), Verdict::Down { retries: 2 });
    assert!(!lab.up(id(0, 0)));
    assert_eq!(lab.wait(), 10);
    assert_eq!(verdict(&mut lab), Verdict::StillDown);
    assert_eq!(lab.seconds(), 10 + 2 + 10 + 2 + 2 + 10);
    assert_eq!(turns(&lab.attempt(PASS)), [(0, true)], "one success brings it up");
}

#[test]
fn retries_count_only_while_up() {
    let mut lab = one(&Timing { alpha: true, retry: 3, ..TIMING });
    for _ in 0..5 {
        assert!(lab.attempt(FAIL).contains(&Event::Attempt {
            check: lab.check(id(0, 0)),
            failure: Failure::ConnectTimeout,
            verdict: Verdict::StillDown
        }));
        assert_eq!(lab.wait(), 10);
    }
    assert_eq!(turns(&lab.attempt(PASS)), [(0, true)]);
    for turned in [&[][..], &[], &[], &[(0, false)]] {
        assert_eq!(turns(&lab.attempt(FAIL)), turned);
    }
}

#[test]
fn a_server_is_up_only_while_no_check_of_it_is_down() {
    let checks = vec![tcp(1, &TIMING), tcp(2, &TIMING)];
    let mut lab = Lab::new(vec![service("a", vec![Server { checks, ..server(1) }])]);
    lab.drain();
    let starts = lab.next_starts();
    let [first, second] = [starts[0].0, starts[1].0];
    lab.director.handle_outcome(lab.now, first, FAIL);
    assert_eq!(turns(&lab.told()), [(0, false)]);
    lab.director.handle_outcome(lab.now, second, FAIL);
    assert_eq!(turns(&lab.told()), []);
    let starts = lab.next_starts();
    lab.director.handle_outcome(lab.now, starts[0].0, PASS);
    assert_eq!(turns(&lab.told()), [], "the other one is still down");
    lab.director.handle_outcome(lab.now, starts[1].0, PASS);
    assert_eq!(turns(&lab.told()), [(0, true)]);
}

#[test]
fn an_attempt_is_answered_once() {
    let mut lab = one(&TIMING);
    let (attempt, _) = lab.next_start();
    lab.director.handle_outcome(lab.now, attempt, PASS);
    lab.drain();
    let before = lab.director.poll_timeout();
    lab.director.handle_outcome(lab.now + SECOND, attempt, FAIL);
    assert_eq!(lab.drain(), []);
    assert_eq!(lab.director.poll_timeout(), before);
}

#[test]
fn nothing_begins_while_an_attempt_is_under_way() {
    let mut lab = one(&TIMING);
    lab.next_start();
    lab.pass_time(1000 * SECOND);
    assert_eq!(lab.drain(), []);
    assert_eq!(lab.director.poll_timeout(), None);
}

#[test]
fn an_early_or_repeated_wake_up_does_nothing() {
    let mut lab = one(&TIMING);
    lab.attempt(PASS);
    lab.pass_time(9 * SECOND);
    assert_eq!(lab.drain(), []);
    lab.pass_time(SECOND);
    assert_eq!(lab.drain().len(), 1);
    lab.pass_time(Duration::ZERO);
    assert_eq!(lab.drain(), []);
}

#[test]
fn news_without_an_attempt_count_as_one_and_take_its_place() {
    let mut lab = one(&Timing { retry: 0, ..TIMING });
    let check = lab.check(id(0, 0));
    lab.attempt(PASS);
    lab.pass_time(3 * SECOND);
    lab.director.handle_report(lab.now, check, Outcome::Fail(Failure::Bfd));
    assert_eq!(turns(&lab.told()), [(0, false)]);
    assert_eq!(lab.wait(), 10, "the next attempt is counted from here");
    let (attempt, _) = lab.next_start();
    lab.director.handle_report(lab.now, check, PASS);
    let actions = lab.drain();
    assert_eq!(actions[..2], [Action::Cancel(attempt), Action::Program(ServiceId(0))]);
    assert!(lab.up(id(0, 0)));
    lab.director.handle_outcome(lab.now, attempt, FAIL);
    assert_eq!(lab.drain(), [], "it was given up");
}

#[test]
fn inhibit_on_failure_keeps_a_server_with_weight_0() {
    let kept = |port, alpha| {
        let checks = vec![tcp(port, &Timing { alpha, ..TIMING })];
        Server { inhibit_on_failure: true, checks, weight: 7, ..server(port) }
    };
    let mut lab = Lab::new(vec![service("a", vec![kept(1, false), kept(2, true)])]);
    assert_eq!(lab.wanted(), "1=7 2=0");
    lab.drain();
    for (attempt, _) in lab.next_starts() {
        lab.director.handle_outcome(lab.now, attempt, FAIL);
    }
    assert_eq!(lab.wanted(), "1=0 2=0");
}

#[test]
fn waits_that_no_clock_can_tell_do_not_panic() {
    let endless = Timing { delay_loop: Duration::MAX, warmup: Duration::MAX, ..TIMING };
    let mut lab = one(&endless);
    let (attempt, _) = lab.next_start();
    lab.director.handle_outcome(lab.now, attempt, PASS);
    assert!(lab.director.poll_timeout().is_some());
}

#[test]
fn an_attempt_that_could_not_be_made_says_nothing_and_follows_soon() {
    let mut lab = one(&TIMING);
    for _ in 0..5 {
        let (attempt, step) = lab.next_start();
        assert_eq!(step, 0);
        lab.director.put_off(lab.now, attempt);
        assert_eq!(lab.told(), []);
        let wait = lab.director.poll_timeout().unwrap() - lab.now;
        assert!((SECOND..2 * SECOND).contains(&wait), "{wait:?}");
        // It is no longer under way.
        lab.director.handle_outcome(lab.now, attempt, FAIL);
        lab.director.put_off(lab.now + SECOND, attempt);
        assert_eq!(lab.director.poll_timeout().unwrap() - lab.now, wait);
    }
    assert_eq!(lab.wanted(), "1=1");
    let told = lab.attempt(FAIL);
    assert!(matches!(told[0], Event::Attempt { verdict: Verdict::Down { retries: 0 }, .. }));
}
