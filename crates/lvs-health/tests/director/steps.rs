//! Checks with several urls: one in each period, and up after a whole cycle.

use lvs_health::Timing;
use lvs_health::director::Server;

use crate::lab::{FAIL, Lab, PASS, TIMING, http, id, server, service, turns};

fn three_urls(timing: &Timing) -> Lab {
    let checked = Server { checks: vec![http(1, 3, timing)], ..server(1) };
    let mut lab = Lab::new(vec![service("a", vec![checked])]);
    lab.drain();
    lab
}

/// Attempts and their ends, one a letter (`p` passes, `f` fails): at which second which step, and the servers that went
/// up or down.
fn story(lab: &mut Lab, ends: &str) -> String {
    let mut text = Vec::new();
    for end in ends.chars() {
        let (attempt, step) = lab.next_start();
        lab.director.handle_outcome(lab.now, attempt, if end == 'p' { PASS } else { FAIL });
        let turned = match turns(&lab.told())[..] {
            [] => "",
            [(_, true)] => "up",
            [(_, false)] => "down",
            _ => "both",
        };
        text.push(format!("{}:{step}{turned}", lab.seconds()));
    }
    text.join(" ")
}

#[test]
fn one_url_is_asked_in_each_period() {
    let mut lab = three_urls(&TIMING);
    assert_eq!(story(&mut lab, "ppppp"), "0:0 10:1 20:2 30:0 40:1");
}

#[test]
fn with_alpha_it_is_up_after_a_whole_cycle() {
    let mut lab = three_urls(&Timing { alpha: true, ..TIMING });
    assert_eq!(story(&mut lab, "pppp"), "0:0 10:1 20:2up 30:0");
}

#[test]
fn a_failed_url_is_repeated_and_the_cycle_goes_on_after_it() {
    let mut lab = three_urls(&TIMING);
    assert_eq!(story(&mut lab, "pppp"), "0:0 10:1 20:2 30:0");
    assert_eq!(story(&mut lab, "fpp"), "40:1 42:1 52:2");
}

#[test]
fn the_first_cycle_tolerates_nothing() {
    let mut lab = three_urls(&TIMING);
    assert_eq!(story(&mut lab, "pf"), "0:0 10:1down");
}

#[test]
fn when_the_failed_url_works_again_the_cycle_begins_with_the_first() {
    // keepalived 2.2.7, one retry, its second of three urls: the same moments.
    let mut lab = three_urls(&TIMING);
    story(&mut lab, "ppp");
    assert_eq!(story(&mut lab, "pfffppppp"), "30:0 40:1 42:1down 52:1 62:1 72:0 82:1 92:2up 102:0");
}

#[test]
fn a_first_url_that_works_again_begins_the_cycle_itself() {
    let mut lab = three_urls(&TIMING);
    assert_eq!(story(&mut lab, "fppp"), "0:0down 10:0 20:1 30:2up");
}

#[test]
fn a_failure_while_down_begins_the_cycle_anew() {
    let mut lab = three_urls(&TIMING);
    assert_eq!(story(&mut lab, "fppfpppp"), "0:0down 10:0 20:1 30:2 40:2 50:0 60:1 70:2up");
}

#[test]
fn while_down_it_waits_for_the_longer_of_the_two_delays() {
    let mut lab = three_urls(&Timing { delay_before_retry: std::time::Duration::from_secs(25), ..TIMING });
    assert_eq!(story(&mut lab, "ffp"), "0:0down 25:0 50:0");
    assert_eq!(lab.wait(), 10);
}

#[test]
fn fast_recovery_hurries_while_down_or_before_the_first_result_only() {
    let mut lab = three_urls(&Timing { fast_recovery: true, ..TIMING });
    assert_eq!(story(&mut lab, "pppp"), "0:0 0:1 0:2 10:0");
    assert_eq!(story(&mut lab, "ffpppp"), "20:1 22:1down 32:1 32:0 32:1 32:2up");
    assert_eq!(lab.wait(), 10);
    assert!(lab.up(id(0, 0)));
}
