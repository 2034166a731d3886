//! A director that goes on where another one ended.

use std::time::Duration;

use lvs_health::director::{Event, Plan, Server, Service, ServiceId, Sorry};
use lvs_health::{Check, Outcome, Probe, Script, Timing, Weigh};

use crate::lab::{FAIL, Lab, PASS, SECOND, TIMING, http, id, quorums, server, service, tcp, turns};

const MOMENT: Duration = Duration::from_millis(150);

fn plan(services: &[Service]) -> Plan {
    Plan { services: services.to_vec(), share_checks: false }
}

/// Ends the attempts that are due next, each as its port in `failing` or not says.
fn round(lab: &mut Lab, failing: &[u16]) -> Vec<Event> {
    for (attempt, _) in lab.next_starts() {
        let server = lab.director.servers(attempt.check)[0];
        let port = lab.director.server_status(server).unwrap().address.port();
        let outcome = if failing.contains(&port) { FAIL } else { PASS };
        lab.director.handle_outcome(lab.now, attempt, outcome);
    }
    lab.told()
}

fn alpha(port: u16) -> Server {
    let timing = Timing { alpha: true, retry: 0, ..TIMING };
    Server { checks: vec![tcp(port, &timing)], ..server(port) }
}

#[test]
fn a_quorum_that_hysteresis_keeps_is_kept() {
    let service = Service {
        quorum: 2,
        hysteresis: 1,
        sorry: Some(Sorry::default()),
        ..service("a", vec![alpha(1), alpha(2), alpha(3)])
    };
    let mut lab = Lab::new(vec![service.clone()]);
    lab.drain();
    round(&mut lab, &[]);
    round(&mut lab, &[1]);
    assert_eq!(lab.wanted(), "2=1 3=1");
    lab.crash(plan(&[service]), MOMENT);
    assert_eq!(lab.wanted(), "2=1 3=1");
    assert_eq!(lab.told(), [Event::Resumed { service: ServiceId(0) }], "nothing is told");
    round(&mut lab, &[1]);
    assert_eq!(lab.wanted(), "2=1 3=1");
    assert_eq!(turns(&round(&mut lab, &[])), [(0, true)]);
}

#[test]
fn a_service_that_is_down_altogether_stays_so_in_silence() {
    let service = Service { initial_notifies: true, ..service("a", vec![alpha(1), alpha(2)]) };
    let mut lab = Lab::new(vec![service.clone()]);
    lab.drain();
    round(&mut lab, &[]);
    round(&mut lab, &[1, 2]);
    lab.crash(plan(&[service]), MOMENT);
    assert_eq!((lab.wanted(), lab.told()), (String::new(), vec![Event::Resumed { service: ServiceId(0) }]));
    let told = round(&mut lab, &[2]);
    assert_eq!((turns(&told), quorums(&told)), (vec![(0, true)], vec![(0, true)]));
}

#[test]
fn tolerated_failures_count_on() {
    let service = service("a", vec![server(1)]);
    let mut lab = Lab::new(vec![service.clone()]);
    lab.drain();
    round(&mut lab, &[]);
    round(&mut lab, &[1]);
    lab.crash(plan(&[service]), MOMENT);
    lab.drain();
    assert!(lab.up(id(0, 0)));
    assert!(lab.wait() < 2, "the retry is due as before");
    assert_eq!(turns(&round(&mut lab, &[1])), [(0, false)]);
}

#[test]
fn checks_keep_their_beat() {
    let service = service("a", vec![server(1)]);
    // The first attempt is made at once, and then one every 10 s.
    for (pause, seconds) in [(MOMENT, 10), (35 * SECOND, 40)] {
        let mut lab = Lab::new(vec![service.clone()]);
        lab.drain();
        round(&mut lab, &[]);
        lab.crash(plan(std::slice::from_ref(&service)), pause);
        lab.drain();
        lab.next_start();
        assert_eq!(lab.seconds(), seconds);
    }
    // An attempt that was under way is made again at once.
    let mut lab = Lab::new(vec![service.clone()]);
    lab.drain();
    round(&mut lab, &[]);
    lab.next_start();
    lab.crash(plan(&[service]), MOMENT);
    lab.drain();
    lab.next_start();
    assert_eq!(lab.seconds(), 10);
}

#[test]
fn a_drain_ends_at_its_time_and_not_with_its_director() {
    let of = |servers| Service { drain: 30 * SECOND, ..service("a", servers) };
    let mut lab = Lab::new(vec![of(vec![server(1), server(2)])]);
    lab.drain();
    lab.reload(vec![of(vec![server(1)])]);
    lab.drain();
    lab.now += 10 * SECOND;
    lab.crash(plan(&[of(vec![server(1)])]), 10 * SECOND);
    lab.drain();
    assert_eq!(lab.wanted(), "1=1 drained 2=0");
    lab.pass_time(9 * SECOND);
    assert_eq!(lab.wanted(), "1=1 drained 2=0");
    lab.pass_time(SECOND);
    assert_eq!(lab.wanted(), "1=1");
}

#[test]
fn a_slow_start_goes_on_at_its_step() {
    let slow = Server { weight: 100, slow_start: 100 * SECOND, ..server(1) };
    let service = service("a", vec![Server { checks: vec![tcp(1, &Timing { retry: 0, ..TIMING })], ..slow }]);
    let mut lab = Lab::new(vec![service.clone()]);
    lab.drain();
    round(&mut lab, &[1]);
    round(&mut lab, &[]);
    assert_eq!(lab.wanted(), "1=1");
    lab.crash(plan(&[service]), 50 * SECOND);
    lab.drain();
    assert_eq!(lab.wanted(), "1=50");
}

#[test]
fn a_weight_that_a_check_gave_stands() {
    let script = Script { command: "load".to_owned(), timeout: SECOND, dynamic: true };
    let check = Check { probe: Probe::Script(script), timing: TIMING };
    let service =
        Service { quorum: 20, ..service("a", vec![Server { weight: 20, checks: vec![check], ..server(1) }]) };
    let mut lab = Lab::new(vec![service.clone()]);
    lab.drain();
    lab.attempt(Outcome::Pass(Weigh::Exactly(5)));
    lab.crash(plan(&[service]), MOMENT);
    assert_eq!(lab.told(), [Event::Resumed { service: ServiceId(0) }]);
    assert_eq!(lab.wanted(), "1=5");
    let told = lab.attempt(Outcome::Pass(Weigh::Configured));
    assert_eq!(told[0], Event::Weight { server: id(0, 0), from: 5, to: 20 });
}

#[test]
fn a_plan_that_its_predecessor_never_ran_is_taken_as_by_a_reload() {
    let gone = service("b", vec![server(9)]);
    let mut lab = Lab::new(vec![service("a", vec![server(1), server(2)]), gone]);
    lab.drain();
    assert_eq!(lab.remembered(), ["a", "b"]);
    let after = service("a", vec![server(2), server(3)]);
    lab.crash(plan(&[after]), MOMENT);
    let told = lab.told();
    assert!(told.iter().any(|event| matches!(event, Event::Retired { name, up: true, .. } if name == "b")));
    assert!(told.iter().any(|event| matches!(event, Event::Removed { server, .. } if server.port() == 1)));
    assert!(told.iter().any(|event| matches!(event, Event::Added { server, .. } if *server == id(0, 1))));
    assert_eq!((quorums(&told), lab.wanted()), (vec![], "2=1 3=1".to_owned()));
    assert_eq!(lab.remembered(), ["a"], "a removed service is forgotten");
}

#[test]
fn unchanged_values_are_not_remembered_again() {
    let three_urls = Server { checks: vec![http(2, 3, &TIMING)], ..server(2) };
    let mut lab = Lab::new(vec![service("a", vec![server(1), three_urls])]);
    lab.drain();
    (0..4).for_each(|_| _ = round(&mut lab, &[]));
    for _ in 0..8 {
        for (attempt, _) in lab.next_starts() {
            lab.director.handle_outcome(lab.now, attempt, PASS);
        }
        assert_eq!(lab.director.poll_memory(lab.now), None);
    }
    let (attempt, _) = lab.next_starts()[0];
    lab.director.handle_outcome(lab.now, attempt, FAIL);
    assert!(lab.director.poll_memory(lab.now).is_some());
}

#[test]
fn an_unproven_check_does_not_wait_for_another_beat() {
    let slow = 3 * SECOND;
    let rising = Timing { alpha: true, rise: 3, ..TIMING };
    let service = service("a", vec![Server { checks: vec![tcp(1, &rising)], ..server(1) }]);
    // An attempt is under way, and the successor is late: without any result, after one of three good ones, and after two.
    for good in 0..3 {
        let mut lab = Lab::new(vec![service.clone()]);
        lab.drain();
        for _ in 0..good {
            round(&mut lab, &[]);
        }
        lab.next_start();
        let due = lab.seconds();
        lab.crash(plan(std::slice::from_ref(&service)), slow);
        lab.drain();
        lab.next_start();
        assert_eq!(lab.seconds(), due + 3, "{good} good results");
        let check = lab.check(id(0, 0));
        assert_eq!(lab.director.check_status(check).unwrap().successes, good, "successes are remembered");
    }
}
