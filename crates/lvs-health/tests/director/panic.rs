//! Too few servers are good: all are used again.

use lvs_health::Timing;
use lvs_health::director::{Event, Intent, Mode, Plan, Server, Service, ServiceId, Sorry};

use crate::lab::{FAIL, Lab, PASS, SECOND, TIMING, id, quorums, server, service, tcp};

fn four(alpha: bool) -> Service {
    let timing = Timing { retry: 0, alpha, ..TIMING };
    let member = |port| Server { checks: vec![tcp(port, &timing)], ..server(port) };
    Service { panic_threshold: 60, ..service("a", (1..=4).map(member).collect()) }
}

/// Ends one attempt of each, those at these ports as failures.
fn round(lab: &mut Lab, failing: &[u16]) -> Vec<Event> {
    for (attempt, _) in lab.next_starts() {
        let server = lab.director.servers(attempt.check)[0];
        let port = lab.director.server_status(server).unwrap().address.port();
        let outcome = if failing.contains(&port) { FAIL } else { PASS };
        lab.director.handle_outcome(lab.now, attempt, outcome);
    }
    lab.told()
}

fn panics(events: &[Event]) -> Vec<bool> {
    let panic = |event: &Event| if let Event::Panic { panics, .. } = event { Some(*panics) } else { None };
    events.iter().filter_map(panic).collect()
}

#[test]
fn servers_that_are_down_are_used_below_the_threshold_and_no_longer_above() {
    let mut lab = Lab::new(vec![four(false)]);
    lab.drain();
    let told = round(&mut lab, &[1]);
    assert_eq!((lab.wanted().as_str(), panics(&told)), ("2=1 3=1 4=1", vec![]), "75 % are good");
    let told = round(&mut lab, &[1, 2]);
    assert_eq!((lab.wanted().as_str(), panics(&told)), ("1=1 2=1 3=1 4=1", vec![true]), "50 %");
    let status = lab.director.service_status(ServiceId(0)).unwrap();
    assert_eq!((status.panics, status.alive, status.live), (true, 2, 2), "they are down as before");
    let told = round(&mut lab, &[2]);
    assert_eq!((lab.wanted().as_str(), panics(&told)), ("1=1 3=1 4=1", vec![false]));
}

#[test]
fn without_any_good_server_all_are_used_and_the_quorum_is_lost_all_the_same() {
    let mut lab = Lab::new(vec![four(false)]);
    lab.drain();
    let told = round(&mut lab, &[1, 2, 3, 4]);
    assert_eq!((lab.wanted().as_str(), quorums(&told)), ("1=1 2=1 3=1 4=1", vec![(0, false)]));
    assert_eq!(panics(&told), [true]);
}

#[test]
fn a_sorry_server_goes_before() {
    let mut lab = Lab::new(vec![Service { sorry: Some(Sorry::default()), ..four(false) }]);
    lab.drain();
    round(&mut lab, &[1, 2, 3]);
    assert_eq!(lab.wanted(), "1=1 2=1 3=1 4=1");
    round(&mut lab, &[1, 2, 3, 4]);
    assert_eq!(lab.wanted(), "sorry=1");
}

#[test]
fn servers_only_assumed_to_be_down_cause_no_panic_and_are_not_used() {
    let mut lab = Lab::new(vec![four(true)]);
    assert_eq!(panics(&lab.told()), []);
    assert_eq!(lab.wanted(), "", "all are only assumed to be down");
    let starts = lab.next_starts();
    lab.director.handle_outcome(lab.now, starts[0].0, FAIL);
    lab.director.handle_outcome(lab.now, starts[1].0, FAIL);
    assert_eq!(panics(&lab.told()), [true]);
    assert_eq!(lab.wanted().split(' ').count(), 2, "those that failed: {}", lab.wanted());
}

#[test]
fn servers_that_are_drained_or_in_maintenance_neither_count_nor_serve() {
    let mut lab = Lab::new(vec![four(false)]);
    lab.drain();
    for place in [2, 3] {
        let intent = Intent::new(Mode::Maintenance, "somebody");
        lab.director.steer(lab.now, id(0, place), Some(intent));
    }
    lab.drain();
    let told = round(&mut lab, &[1]);
    assert_eq!((lab.wanted().as_str(), panics(&told)), ("1=1 2=1 3=0 4=0", vec![true]), "one of two");
}

#[test]
fn a_successor_knows_and_a_reload_may_end_it() {
    let mut lab = Lab::new(vec![four(false)]);
    lab.drain();
    round(&mut lab, &[1, 2]);
    lab.crash(Plan { services: vec![four(false)], share_checks: false }, SECOND);
    assert_eq!((lab.wanted().as_str(), panics(&lab.told())), ("1=1 2=1 3=1 4=1", vec![]));
    lab.reload(vec![Service { panic_threshold: 50, ..four(false) }]);
    assert_eq!((lab.wanted().as_str(), panics(&lab.told())), ("3=1 4=1", vec![false]));
}
