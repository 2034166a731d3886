//! Quorum, hysteresis and sorry server.

use lvs_health::Timing;
use lvs_health::director::{Event, Server, Service, ServiceId, Sorry};

use crate::lab::{FAIL, Lab, PASS, TIMING, address, id, quorums, server, service, tcp};

/// Servers of these weights on ports 1, 2, …
fn weighing(weights: &[u32]) -> Vec<Server> {
    (1..).zip(weights).map(|(port, weight)| Server { weight: *weight, ..server(port) }).collect()
}

/// Ends the next attempt of each server so: `p` passes, `f` fails; the events of it.
fn round(lab: &mut Lab, ends: &str) -> Vec<Event> {
    let mut told = Vec::new();
    for (start, end) in lab.next_starts().into_iter().zip(ends.chars()) {
        lab.director.handle_outcome(lab.now, start.0, if end == 'p' { PASS } else { FAIL });
        told.extend(lab.told());
    }
    told
}

/// All wait 10 s whatever happens, and the first failure counts.
fn strict(services: Vec<Service>) -> Lab {
    let timing = Timing { retry: 0, ..TIMING };
    let strict = |server: Server| {
        let checks = vec![tcp(server.address.port(), &timing)];
        Server { checks, ..server }
    };
    let services = services
        .into_iter()
        .map(|service| Service { servers: service.servers.into_iter().map(strict).collect(), ..service });
    let mut lab = Lab::new(services.collect());
    lab.drain();
    lab
}

#[test]
fn a_quorum_at_the_start_is_told_as_gained() {
    let mut lab = Lab::new(vec![Service { quorum: 3, ..service("a", weighing(&[2, 2])) }]);
    assert_eq!(
        lab.told(),
        [Event::Quorum {
            service: ServiceId(0),
            up: true,
            weight: 4,
            quorum: 3,
            hysteresis: 0,
            initial: true
        }]
    );
}

#[test]
fn a_start_without_quorum_is_told_where_a_sorry_server_steps_in() {
    // keepalived 2.2.7: hysteresis 1 and two servers of weight 1 for a quorum of 2 are not enough, alpha or not.
    let short = |sorry| Service { quorum: 2, hysteresis: 1, sorry, ..service("a", weighing(&[1, 1])) };
    let mut lab = Lab::new(vec![short(None)]);
    assert_eq!(lab.told(), []);
    assert_eq!(lab.wanted(), "1=1 2=1");
    let mut lab = Lab::new(vec![short(Some(Sorry::default()))]);
    let told = lab.told();
    assert_eq!(quorums(&told), [(0, false)]);
    assert_eq!(told.last(), Some(&Event::Sorry { service: ServiceId(0), serving: true }));
    assert_eq!(lab.wanted(), "sorry=1");
}

#[test]
fn hysteresis_makes_the_quorum_harder_to_gain_and_to_lose() {
    let servers = weighing(&[1, 1, 1, 1, 1]);
    let mut lab = strict(vec![Service { quorum: 3, hysteresis: 1, ..service("a", servers) }]);
    let mut story = Vec::new();
    for (ends, live) in
        [("fpppp", 4), ("ffppp", 3), ("fffpp", 2), ("ffffp", 1), ("fffpp", 2), ("ffppp", 3), ("fpppp", 4)]
    {
        let told = round(&mut lab, ends);
        assert_eq!(lab.director.service_status(ServiceId(0)).unwrap().live, live);
        story.push(quorums(&told).first().map(|(_, up)| *up));
    }
    assert_eq!(story, [None, None, None, Some(false), None, None, Some(true)]);
}

#[test]
fn without_a_living_server_there_is_no_quorum_whatever_the_hysteresis() {
    let mut lab = strict(vec![Service { hysteresis: 5, quorum: 1, ..service("a", weighing(&[6])) }]);
    assert_eq!(quorums(&round(&mut lab, "f")), [(0, false)]);
}

#[test]
fn weight_0_counts_nothing() {
    let mut lab = Lab::new(vec![service("a", vec![Server { weight: 0, ..Server::new(address(1)) }])]);
    assert_eq!(lab.told(), []);
    assert_eq!(lab.wanted(), "1=0");
}

#[test]
fn a_sorry_server_stands_in_while_the_quorum_is_lost() {
    let sorry = Some(Sorry::default());
    let mut lab = strict(vec![Service { quorum: 2, sorry, ..service("a", weighing(&[1, 1, 1])) }]);
    assert_eq!(lab.wanted(), "1=1 2=1 3=1");
    let told = round(&mut lab, "fpf");
    assert_eq!(told.last(), Some(&Event::Sorry { service: ServiceId(0), serving: true }));
    assert_eq!(lab.wanted(), "sorry=1");
    let told = round(&mut lab, "fpp");
    assert_eq!(told.last(), Some(&Event::Sorry { service: ServiceId(0), serving: false }));
    assert_eq!(lab.wanted(), "2=1 3=1");
}

#[test]
fn inhibited_ones_stay_with_weight_0_on_both_sides() {
    // keepalived 2.2.7: an inhibited server that is up has weight 0 while the sorry server serves.
    let mut servers = weighing(&[5, 5]);
    servers[0].inhibit_on_failure = true;
    let sorry = Some(Sorry { inhibit: true, ..Sorry::default() });
    let mut lab = strict(vec![Service { quorum: 6, sorry, ..service("a", servers) }]);
    assert_eq!(lab.wanted(), "1=5 2=5 sorry=0");
    round(&mut lab, "pf");
    assert!(lab.up(id(0, 0)));
    assert_eq!(lab.wanted(), "1=0 sorry=1");
}

#[test]
fn without_a_sorry_server_a_lost_quorum_removes_no_server() {
    let mut lab = strict(vec![Service { quorum: 2, ..service("a", weighing(&[1, 1])) }]);
    assert_eq!(quorums(&round(&mut lab, "fp")), [(0, false)]);
    assert_eq!(lab.wanted(), "2=1");
}

#[test]
fn a_quorum_out_of_reach_does_not_overflow() {
    let service = Service { quorum: u32::MAX, hysteresis: u32::MAX, ..service("a", weighing(&[1])) };
    let mut lab = Lab::new(vec![service]);
    assert_eq!(lab.told(), []);
    lab.attempt(PASS);
}
