//! Intents: changes that people make to a server at run time.

use std::time::Duration;

use lvs_health::director::{Event, Intent, Mode, Plan, Service, Sorry, Steered};

use crate::lab::{FAIL, Lab, SECOND, id, quorums, server, service};

const MOMENT: Duration = Duration::from_millis(150);

fn pair() -> Service {
    Service { sorry: Some(Sorry::default()), ..service("a", vec![server(1), server(2)]) }
}

fn lab() -> Lab {
    let mut lab = Lab::new(vec![pair()]);
    lab.drain();
    lab
}

fn steer(lab: &mut Lab, place: u32, mode: Mode) -> Vec<Event> {
    lab.director.steer(lab.now, id(0, place), Some(Intent::new(mode, "somebody")));
    lab.told()
}

fn steered(place: u32, how: Steered) -> Event {
    Event::Steered { server: id(0, place), how }
}

#[test]
fn a_drain_ends_when_no_connection_is_left() {
    let mut lab = lab();
    assert_eq!(steer(&mut lab, 0, Mode::drain()), [steered(0, Steered::Begins)]);
    assert_eq!(lab.wanted(), "1=0 2=1");
    lab.director.handle_connections(lab.now, id(0, 0), 3);
    assert_eq!((lab.told(), lab.wanted()), (vec![], "1=0 2=1".to_owned()));
    let open = |lab: &Lab| match lab.director.intent(id(0, 0)).unwrap().mode {
        Mode::Drain { open, .. } => open,
        _ => None,
    };
    assert_eq!(open(&lab), Some(3));
    lab.director.handle_connections(lab.now, id(0, 0), 0);
    assert_eq!((lab.told(), lab.wanted()), (vec![steered(0, Steered::Drained)], "2=1".to_owned()));
    lab.director.steer(lab.now, id(0, 0), None);
    assert_eq!((lab.told(), lab.wanted()), (vec![steered(0, Steered::Ended)], "1=1 2=1".to_owned()));
}

#[test]
fn a_drain_ends_at_its_deadline() {
    let mut lab = lab();
    let deadline = Some(lab.now + 5 * SECOND);
    steer(&mut lab, 0, Mode::Drain { deadline, open: None, finished: false });
    lab.pass_time(4 * SECOND);
    assert_eq!(lab.wanted(), "1=0 2=1");
    lab.pass_time(SECOND);
    assert_eq!((lab.told(), lab.wanted()), (vec![steered(0, Steered::Drained)], "2=1".to_owned()));
}

#[test]
fn a_server_that_is_drained_or_in_maintenance_does_not_count_for_the_quorum() {
    for mode in [Mode::drain(), Mode::Maintenance] {
        let mut lab = lab();
        steer(&mut lab, 0, mode);
        assert_eq!(lab.wanted(), "1=0 2=1");
        let told = steer(&mut lab, 1, mode);
        assert_eq!((quorums(&told), lab.wanted()), (vec![(0, false)], "sorry=1".to_owned()), "{mode:?}");
    }
    let mut lab = lab();
    steer(&mut lab, 0, Mode::Weight(0));
    assert_eq!(quorums(&steer(&mut lab, 1, Mode::Weight(0))), [], "a weight by hand does not");
    assert_eq!(lab.wanted(), "1=0 2=0");
}

#[test]
fn no_server_is_checked_during_maintenance() {
    let mut lab = lab();
    steer(&mut lab, 0, Mode::Maintenance);
    let check = lab.check(id(0, 0));
    let next = |lab: &Lab| lab.director.check_status(check).unwrap().next;
    assert_eq!(next(&lab), None);
    lab.director.steer(lab.now, id(0, 0), None);
    assert!(next(&lab).is_some());
}

#[test]
fn an_intent_ends_at_its_time_and_leaves_the_results_of_checks() {
    let mut lab = lab();
    let intent = Intent { until: Some(lab.now + 60 * SECOND), ..Intent::new(Mode::Weight(7), "somebody") };
    lab.director.steer(lab.now, id(0, 0), Some(intent));
    assert_eq!((lab.told(), lab.wanted()), (vec![steered(0, Steered::Begins)], "1=7 2=1".to_owned()));
    lab.director.handle_report(lab.now, lab.check(id(0, 0)), FAIL);
    assert_eq!(lab.wanted(), "2=1", "it is down all the same");
    lab.director.handle_report(lab.now, lab.check(id(0, 0)), crate::lab::PASS);
    assert_eq!(lab.wanted(), "1=7 2=1");
    lab.told();
    lab.pass_time(60 * SECOND);
    assert!(lab.told().contains(&steered(0, Steered::Expired)));
    assert_eq!(lab.wanted(), "1=1 2=1");
}

#[test]
fn an_intent_outlives_reloads_and_crashes() {
    let mut lab = lab();
    let until = Some(lab.now + 60 * SECOND);
    let intent = Intent { until, why: "new disk".to_owned(), ..Intent::new(Mode::Maintenance, "somebody") };
    lab.director.steer(lab.now, id(0, 0), Some(intent.clone()));
    let intent = Intent { since: Some(lab.now), ..intent };
    lab.drain();
    lab.reload(vec![pair()]);
    lab.drain();
    assert_eq!((lab.director.intent(id(0, 0)), lab.wanted()), (Some(&intent), "1=0 2=1".to_owned()));
    lab.crash(Plan { services: vec![pair()], share_checks: false }, MOMENT);
    assert_eq!((lab.director.intent(id(0, 0)), lab.wanted()), (Some(&intent), "1=0 2=1".to_owned()));
    assert_eq!(lab.director.check_status(lab.check(id(0, 0))).unwrap().next, None);
    lab.drain();
    lab.pass_time(60 * SECOND);
    assert_eq!(lab.wanted(), "1=1 2=1");
}

#[test]
fn a_weight_that_somebody_else_set_stays_for_its_time() {
    let mut lab = lab();
    let foreign = |lab: &mut Lab, place, weight| {
        let until = Some(lab.now + 60 * SECOND);
        lab.director.handle_foreign_weight(lab.now, id(0, place), weight, until)
    };
    assert!(foreign(&mut lab, 0, 0));
    assert_eq!((lab.told(), lab.wanted()), (vec![steered(0, Steered::Begins)], "1=0 2=1".to_owned()));
    lab.pass_time(30 * SECOND);
    assert!(foreign(&mut lab, 0, 5), "another one begins anew");
    lab.told();
    lab.pass_time(59 * SECOND);
    assert_eq!(lab.wanted(), "1=5 2=1");
    lab.pass_time(SECOND);
    assert_eq!(lab.wanted(), "1=1 2=1");
    foreign(&mut lab, 0, 0);
    lab.told();
    assert!(foreign(&mut lab, 0, 1), "its own weight ends it");
    assert_eq!((lab.told(), lab.wanted()), (vec![steered(0, Steered::Ended)], "1=1 2=1".to_owned()));
    // A server that is out of service, or has an intent, gets no weight from outside.
    lab.director.handle_report(lab.now, lab.check(id(0, 0)), FAIL);
    assert!(!foreign(&mut lab, 0, 3));
    steer(&mut lab, 1, Mode::drain());
    assert!(!foreign(&mut lab, 1, 3));
}
