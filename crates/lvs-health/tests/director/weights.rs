//! Weights that checks say.

use lvs_health::director::{Action, Event, Server, Service, ServiceId};
use lvs_health::{Outcome, WeightUpdate};

use crate::lab::{FAIL, Lab, PASS, id, quorums, server, service, turns};

fn says(weigh: WeightUpdate) -> Outcome {
    Outcome::Pass(weigh)
}

fn weighing(weight: u32) -> Service {
    service("a", vec![Server { weight, ..server(1) }])
}

#[test]
fn a_weight_that_a_check_says_is_told_programmed_and_counts_for_the_quorum() {
    let mut lab = Lab::new(vec![Service { quorum: 20, ..weighing(20) }]);
    lab.drain();
    let told = lab.attempt(says(WeightUpdate::Exactly(5)));
    assert!(told.contains(&Event::Weight { server: id(0, 0), from: 20, to: 5 }));
    assert_eq!(quorums(&told), [(0, false)]);
    assert_eq!(lab.wanted(), "1=5");
    let told = lab.attempt(says(WeightUpdate::Configured));
    assert_eq!(told[0], Event::Weight { server: id(0, 0), from: 5, to: 20 });
    assert_eq!(quorums(&told), [(0, true)]);
    assert_eq!(lab.wanted(), "1=20");
}

#[test]
fn weight_0_drains_a_server_that_stays_up() {
    let mut lab = Lab::new(vec![weighing(20)]);
    lab.drain();
    let told = lab.attempt(says(WeightUpdate::Percent(0)));
    assert_eq!(turns(&told), []);
    assert!(lab.up(id(0, 0)));
    assert_eq!(lab.wanted(), "1=0");
}

#[test]
fn a_weight_that_stays_the_same_is_no_news() {
    let mut lab = Lab::new(vec![weighing(20)]);
    lab.drain();
    lab.attempt(says(WeightUpdate::Exactly(5)));
    for same in [
        WeightUpdate::Exactly(5),
        WeightUpdate::Percent(25),
        WeightUpdate::Plus(-15),
        WeightUpdate::Unchanged,
    ] {
        let (attempt, _) = lab.next_start();
        lab.director.handle_outcome(lab.now, attempt, says(same));
        assert_eq!(lab.drain(), [], "{same:?}");
    }
}

#[test]
fn a_result_without_a_weight_does_not_take_back_an_earlier_one() {
    let mut lab = Lab::new(vec![weighing(20)]);
    lab.drain();
    lab.attempt(says(WeightUpdate::Percent(50)));
    lab.attempt(PASS);
    assert_eq!(lab.wanted(), "1=10");
    lab.attempt(FAIL);
    lab.attempt(FAIL);
    assert_eq!(lab.wanted(), "");
    lab.attempt(PASS);
    assert_eq!(lab.wanted(), "1=10");
}

#[test]
fn a_server_comes_up_with_its_new_weight_at_once() {
    let mut lab = Lab::new(vec![weighing(20)]);
    lab.drain();
    lab.attempt(FAIL);
    let (attempt, _) = lab.next_start();
    lab.director.handle_outcome(lab.now, attempt, says(WeightUpdate::Exactly(3)));
    let actions = lab.drain();
    assert_eq!(actions.iter().filter(|action| **action == Action::Program(ServiceId(0))).count(), 1);
    assert_eq!(lab.wanted(), "1=3");
}
