//! Snapshots of a director, and servers that are named by people.

use lvs_health::director::{Intent, Mode, Plan, SteerError};

use crate::lab::{FAIL, Lab, PASS, SECOND, address, id, server, service};

#[test]
fn a_snapshot_holds_the_servers_their_intents_and_their_checks() {
    let mut lab = Lab::new(vec![service("a", vec![server(1)])]);
    lab.attempt(PASS);
    let begun = lab.now;
    lab.director.steer(begun, id(0, 0), Some(Intent::new(Mode::Weight(7), "ann")));
    lab.attempt(FAIL);
    let snapshot = lab.director.snapshot(id(0, 0).service).unwrap();
    assert_eq!((snapshot.status.up, snapshot.status.live, snapshot.status.needed), (true, 1, 1));
    let [server] = &snapshot.servers[..] else { panic!("one server") };
    assert_eq!((server.status.configured, server.status.programmed, server.status.since), (1, Some(7), None));
    assert_eq!(server.intent.map(|intent| (intent.who.as_str(), intent.since)), Some(("ann", Some(begun))));
    assert_eq!((server.checks.len(), server.checks[0].failures_in_a_row), (1, 1));
    lab.attempt(FAIL);
    let snapshot = lab.director.snapshot(id(0, 0).service).unwrap();
    assert_eq!((snapshot.status.since, snapshot.status.needed), (Some(lab.now), 1));
    let status = &snapshot.servers[0].status;
    assert_eq!((status.up, status.since, status.programmed), (false, Some(lab.now), None));
    assert_eq!(lab.director.snapshot(id(1, 0).service), None);
}

#[test]
fn times_of_changes_and_intents_outlive_the_director() {
    let plan = || Plan { services: vec![service("a", vec![server(1)])], share_checks: false };
    let mut lab = Lab::of(plan());
    lab.attempt(FAIL);
    lab.director.steer(lab.now, id(0, 0), Some(Intent::new(Mode::drain(), "ann")));
    lab.drain();
    let (down, steered) = (lab.now, lab.now);
    lab.pass_time(3 * SECOND);
    lab.reload(plan().services);
    lab.drain();
    lab.crash(plan(), SECOND);
    let snapshot = lab.director.snapshot(id(0, 0).service).unwrap();
    assert_eq!((snapshot.status.since, snapshot.servers[0].status.since), (Some(down), Some(down)));
    assert_eq!(snapshot.servers[0].intent.and_then(|intent| intent.since), Some(steered));
}

#[test]
fn a_server_is_steered_by_its_names_or_refused_with_the_reason() {
    let mut lab = Lab::new(vec![service("a", vec![server(1)])]);
    lab.drain();
    let now = lab.now;
    let mut steer = |service, port, intent| lab.director.steer_named(now, (service, address(port)), intent);
    let weight = |weight| Some(Intent::new(Mode::Weight(weight), "ann"));
    let over = Intent { until: Some(now), ..Intent::new(Mode::Maintenance, "ann") };
    assert_eq!(steer("b", 1, None), Err(SteerError::NoService("b".to_owned())));
    assert_eq!(steer("a", 2, None), Err(SteerError::NoServer(address(2))));
    assert_eq!(steer("a", 1, None), Err(SteerError::NothingToEnd));
    assert_eq!(steer("a", 1, weight(65_536)), Err(SteerError::Weight(65_536)));
    assert_eq!(steer("a", 1, Some(over)), Err(SteerError::Over));
    assert_eq!(steer("a", 1, weight(65_535)), Ok(id(0, 0)));
    assert_eq!(lab.wanted(), "1=65535");
    lab.director.steer_named(now, ("a", address(1)), None).unwrap();
    lab.drain();
    assert_eq!(lab.wanted(), "1=1");
    lab.director.handle_stop();
    lab.drain();
    let refused = lab.director.steer_named(now, ("a", address(1)), weight(1));
    assert_eq!(refused, Err(SteerError::Stopping));
}

#[test]
fn connections_are_asked_for_only_while_a_server_drains() {
    let mut lab = Lab::new(vec![service("a", vec![server(1), server(2)])]);
    lab.drain();
    assert_eq!(lab.director.awaiting_connections().count(), 0);
    lab.director.steer(lab.now, id(0, 1), Some(Intent::new(Mode::drain(), "ann")));
    assert_eq!(lab.director.awaiting_connections().collect::<Vec<_>>(), [id(0, 1)]);
    lab.director.handle_connections(lab.now, id(0, 1), 3);
    assert_eq!(lab.director.awaiting_connections().count(), 1);
    lab.director.handle_connections(lab.now, id(0, 1), 0);
    assert_eq!(lab.director.awaiting_connections().count(), 0);
}
