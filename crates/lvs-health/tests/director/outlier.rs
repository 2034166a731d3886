//! Passive detection: servers whose new connections are never completed.

use std::time::Duration;

use lvs_health::Timing;
use lvs_health::director::{Event, Plan, Server, Service, ServiceId, Traffic};

use crate::lab::{FAIL, Lab, PASS, SECOND, TIMING, id, server, service, tcp};

fn servers(count: u16, weight: Option<u8>) -> Service {
    let timing = Timing { retry: 0, delay_loop: 5 * SECOND, ..TIMING };
    let member = |port| Server { weight: 10, checks: vec![tcp(port, &timing)], ..server(port) };
    Service { outlier_weight: weight, ..service("a", (1..=count).map(member).collect()) }
}

/// Whether each server that was told of is suspected.
fn outliers(events: &[Event]) -> Vec<(u32, bool)> {
    let one = |event: &Event| match event {
        Event::Outlier { server, suspected, .. } => Some((server.place, *suspected)),
        _ => None,
    };
    events.iter().filter_map(one).collect()
}

/// A load balancer with clients: every ten seconds somebody looks.
struct Clients {
    lab: Lab,
    random: u64,
    /// Per cent of the connections of each server that are never completed.
    broken: Vec<u64>,
    /// Unfinished connections of each server, by look.
    unfinished: Vec<[u64; 6]>,
    looks: usize,
}

impl Clients {
    fn new(service: Service, broken: &[u64], seed: u64) -> Self {
        let mut lab = Lab::new(vec![service]);
        lab.drain();
        let unfinished = vec![[0; 6]; broken.len()];
        Self { lab, random: seed, broken: broken.to_vec(), unfinished, looks: 0 }
    }

    fn draw(&mut self, below: u64) -> u64 {
        self.random =
            self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.random >> 33) % below
    }

    /// Ten seconds in which so many connections are given out by weight; every check passes unless its port is among these.
    fn look(&mut self, connections: u64, failing: &[u16]) -> Vec<Event> {
        let end = self.lab.now + 10 * SECOND;
        let mut told = Vec::new();
        while self.lab.director.poll_timeout().is_some_and(|at| at <= end) {
            for (attempt, _) in self.lab.next_starts() {
                let server = self.lab.director.servers(attempt.check)[0];
                let port = self.lab.director.server_status(server).unwrap().address.port();
                let outcome = if failing.contains(&port) { FAIL } else { PASS };
                self.lab.director.handle_outcome(self.lab.now, attempt, outcome);
            }
            told.extend(self.lab.told());
        }
        self.lab.now = end;
        let traffic = self.serve(connections);
        self.lab.director.handle_traffic(end, ServiceId(0), &traffic);
        told.extend(self.lab.told());
        assert!(outliers(&told).is_empty() || self.weights().iter().any(|weight| *weight > 0));
        told
    }

    fn weights(&self) -> Vec<u64> {
        let members = self.lab.director.members(ServiceId(0));
        let weight = |server| self.lab.director.server_status(server).unwrap().programmed.unwrap_or(0);
        members.map(|server| weight(server).into()).collect()
    }

    fn serve(&mut self, connections: u64) -> Vec<Traffic> {
        let weights = self.weights();
        let (sum, slot) = (weights.iter().sum::<u64>().max(1), self.looks % 6);
        self.looks += 1;
        let mut traffic = Vec::new();
        for (place, weight) in weights.iter().enumerate() {
            let opened = connections * weight / sum;
            let lost = (0..opened).filter(|_| self.draw(100) < self.broken[place]).count();
            self.unfinished[place][slot] = lost as u64;
            let unfinished = self.unfinished[place].iter().sum();
            traffic.push(Traffic { server: id(0, u32::try_from(place).unwrap()), opened, unfinished });
        }
        traffic
    }

    fn look_often(&mut self, looks: usize, connections: u64) -> Vec<(u32, bool)> {
        (0..looks).flat_map(|_| outliers(&self.look(connections, &[]))).collect()
    }
}

#[test]
fn a_server_that_completes_nothing_loses_weight_and_its_checks_prove_it_again() {
    let mut clients = Clients::new(servers(4, Some(20)), &[0, 100, 1, 2], 7);
    assert_eq!(clients.look_often(2, 400), []);
    assert_eq!(clients.look_often(1, 400), [(1, true)], "the third look");
    assert_eq!(clients.lab.wanted(), "1=10 2=2 3=10 4=10");
    let status = clients.lab.director.service_status(ServiceId(0)).unwrap();
    assert_eq!((status.live, status.alive), (40, 4), "the quorum counts as before");
    clients.broken[1] = 0;
    assert_eq!(clients.look_often(8, 400), []);
    assert_eq!(clients.look_often(1, 400), [(1, false)], "after 90 s");
    assert_eq!(clients.lab.wanted(), "1=10 2=10 3=10 4=10");
    assert_eq!(clients.look_often(30, 400), []);
}

#[test]
fn a_server_that_is_still_broken_is_suspected_for_longer_each_time() {
    let mut clients = Clients::new(servers(3, Some(0)), &[100, 0, 0], 3);
    let mut turns = Vec::new();
    for look in 1..=80 {
        turns.extend(outliers(&clients.look(300, &[])).iter().map(|(_, suspected)| (look, *suspected)));
    }
    // Three looks, 90 s, three looks, 180 s, three looks, 360 s.
    let expected = [(3, true), (12, false), (15, true), (33, false), (36, true), (72, false), (75, true)];
    assert_eq!(turns, expected);
}

#[test]
fn a_check_that_fails_proves_nothing() {
    let mut clients = Clients::new(servers(3, Some(50)), &[100, 0, 0], 3);
    clients.look_often(3, 300);
    assert_eq!(clients.lab.wanted(), "1=5 2=10 3=10");
    clients.broken[0] = 0;
    let told: Vec<_> = (0..20).flat_map(|_| outliers(&clients.look(300, &[1]))).collect();
    assert_eq!((told, clients.lab.wanted().as_str()), (vec![], "2=10 3=10"), "it is down, and suspected");
    assert_eq!(clients.look_often(2, 300), [(0, false)]);
    assert_eq!(clients.lab.wanted(), "1=10 2=10 3=10");
}

#[test]
fn with_all_of_the_weight_a_server_is_only_told_of_and_without_the_switch_not_even_that() {
    let mut clients = Clients::new(servers(3, Some(100)), &[100, 0, 0], 3);
    assert_eq!(clients.look_often(3, 300), [(0, true)]);
    assert_eq!(clients.lab.wanted(), "1=10 2=10 3=10");
    let mut clients = Clients::new(servers(3, None), &[100, 0, 0], 3);
    assert_eq!(clients.look_often(30, 300), []);
}

/// The share of connections that is lost everywhere does not matter, nor the number of broken servers.
#[test]
fn losses_on_all_servers_are_no_outlier_and_the_last_server_is_never_suspected() {
    for seed in 0..40_u8 {
        let flood = [0, 5, 40, 60, 95][usize::from(seed % 5)];
        let mut clients = Clients::new(servers(6, Some(0)), &[flood; 6], seed.into());
        assert_eq!(clients.look_often(30, 1200), [], "{flood} % everywhere, seed {seed}");
        let broken = 1 + usize::from(seed % 6);
        let shares: Vec<u64> = (0..6).map(|place| if place < broken { 100 } else { 0 }).collect();
        let mut clients = Clients::new(servers(6, Some(0)), &shares, seed.into());
        for look in 0..60 {
            clients.look(1200, &[]);
            let given_up = clients.weights().iter().filter(|weight| **weight == 0).count();
            assert!(given_up <= 2, "{given_up} of 6 in look {look}");
        }
        let told = clients.look_often(1, 1200);
        assert!(told.iter().all(|(place, _)| (*place as usize) < broken), "a good one: {told:?}");
    }
    // The other one goes: the one that is suspected is the last.
    let mut clients = Clients::new(servers(2, Some(0)), &[100, 0], 1);
    clients.look_often(3, 100);
    assert_eq!(clients.lab.wanted(), "1=0 2=10");
    clients.look(100, &[2]);
    assert_eq!(clients.lab.wanted(), "1=10");
}

#[test]
fn a_crash_and_a_reload_forget_no_suspicion_and_a_reload_may_end_it() {
    let mut clients = Clients::new(servers(3, Some(0)), &[100, 0, 0], 3);
    clients.look_often(3, 300);
    let plan = || Plan { services: vec![servers(3, Some(0))], share_checks: false };
    clients.lab.crash(plan(), Duration::from_millis(300));
    clients.lab.drain();
    assert_eq!(clients.lab.wanted(), "1=0 2=10 3=10");
    clients.lab.reload(vec![servers(3, Some(0))]);
    clients.lab.drain();
    assert_eq!(clients.look_often(7, 300), [], "its time goes on");
    assert_eq!(clients.lab.wanted(), "1=0 2=10 3=10");
    clients.lab.reload(vec![servers(3, None)]);
    clients.lab.drain();
    assert_eq!(clients.lab.wanted(), "1=10 2=10 3=10");
}
