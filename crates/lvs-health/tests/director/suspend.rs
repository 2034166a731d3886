//! `ha_suspend`: no checks while the address is elsewhere.

use std::net::IpAddr;

use lvs_health::Timing;
use lvs_health::director::{Action, Event, Plan, Server, Service, ServiceId};

use crate::lab::{FAIL, Lab, PASS, SECOND, TIMING, id, server, service, tcp};

const VIP: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
const OTHER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));

fn suspendable(addresses: &[IpAddr]) -> Service {
    Service { ha_suspend: addresses.to_vec(), ..service("a", vec![server(1)]) }
}

fn suspended(suspended: bool) -> Event {
    Event::Suspended { service: ServiceId(0), suspended }
}

#[test]
fn nothing_is_checked_before_the_address_is_there() {
    let mut lab = Lab::new(vec![suspendable(&[VIP])]);
    lab.drain();
    assert_eq!(lab.director.poll_timeout(), None);
    assert_eq!(lab.wanted(), "1=1");
    lab.director.handle_address(lab.now, OTHER, true);
    assert_eq!(lab.drain(), []);
    lab.director.handle_address(lab.now, VIP, true);
    assert_eq!(lab.told(), [suspended(false)]);
    lab.next_start();
}

#[test]
fn an_address_that_leaves_stops_attempts_and_keeps_results() {
    let mut lab = Lab::new(vec![suspendable(&[VIP])]);
    lab.director.handle_address(lab.now, VIP, true);
    lab.drain();
    lab.attempt(FAIL);
    let (attempt, _) = lab.next_start();
    lab.director.handle_address(lab.now, VIP, false);
    assert_eq!(lab.drain(), [Action::Cancel(attempt), Action::Tell(suspended(true))]);
    assert_eq!(lab.director.poll_timeout(), None);
    lab.director.handle_outcome(lab.now, attempt, PASS);
    assert_eq!(lab.drain(), [], "it was given up");
    assert!(!lab.up(id(0, 0)));
    lab.director.handle_address(lab.now, VIP, true);
    lab.drain();
    assert_eq!(crate::lab::turns(&lab.attempt(PASS)), [(0, true)]);
}

#[test]
fn tolerated_failures_are_kept_and_the_first_attempt_after_it_is_not_a_first_one() {
    let mut lab = Lab::new(vec![suspendable(&[VIP])]);
    lab.director.handle_address(lab.now, VIP, true);
    lab.drain();
    lab.attempt(PASS);
    lab.director.handle_address(lab.now, VIP, false);
    lab.director.handle_address(lab.now, VIP, true);
    lab.drain();
    assert_eq!(crate::lab::turns(&lab.attempt(FAIL)), [], "one retry");
    lab.director.handle_address(lab.now, VIP, false);
    lab.director.handle_address(lab.now, VIP, true);
    lab.drain();
    assert_eq!(crate::lab::turns(&lab.attempt(FAIL)), [(0, false)]);
}

#[test]
fn one_of_several_addresses_suffices() {
    let mut lab = Lab::new(vec![suspendable(&[VIP, OTHER])]);
    lab.drain();
    lab.director.handle_address(lab.now, VIP, true);
    assert_eq!(lab.told(), [suspended(false)]);
    lab.director.handle_address(lab.now, OTHER, true);
    lab.director.handle_address(lab.now, VIP, false);
    assert_eq!(lab.drain(), []);
    lab.director.handle_address(lab.now, OTHER, false);
    assert_eq!(lab.told(), [suspended(true)]);
}

#[test]
fn going_on_spreads_attempts_again() {
    let timing = Timing { warmup: 10 * SECOND, ..TIMING };
    let servers = (1..=100).map(|port| Server { checks: vec![tcp(port, &timing)], ..server(port) });
    let mut lab = Lab::new(vec![Service { ha_suspend: vec![VIP], ..service("a", servers.collect()) }]);
    lab.drain();
    lab.director.handle_address(lab.now, VIP, true);
    lab.drain();
    for second in 0..10 {
        lab.pass_time(SECOND);
        let begun = crate::lab::starts(lab.drain()).len();
        assert!((9..=11).contains(&begun), "{begun} in second {second}");
    }
}

#[test]
fn a_reload_knows_the_addresses_and_may_suspend_or_resume() {
    let mut lab = Lab::new(vec![service("a", vec![server(1)])]);
    lab.drain();
    let (attempt, _) = lab.next_start();
    lab.reload(vec![suspendable(&[VIP])]);
    assert_eq!(
        lab.drain(),
        [Action::Cancel(attempt), Action::Program(ServiceId(0)), Action::Tell(suspended(true))]
    );
    lab.director.handle_address(lab.now, OTHER, true);
    lab.reload(vec![suspendable(&[OTHER])]);
    assert_eq!(lab.drain(), [Action::Program(ServiceId(0)), Action::Tell(suspended(false))]);
    lab.next_start();
}

#[test]
fn a_shared_check_goes_on_while_anybody_needs_it() {
    let services = vec![suspendable(&[VIP]), Service { name: "b".into(), ..suspendable(&[OTHER]) }];
    let mut lab = Lab::of(Plan { services, share_checks: true });
    lab.drain();
    lab.director.handle_address(lab.now, VIP, true);
    lab.director.handle_address(lab.now, OTHER, true);
    lab.director.handle_address(lab.now, VIP, false);
    lab.drain();
    lab.attempt(FAIL);
    assert!(!lab.up(id(0, 0)) && !lab.up(id(1, 0)));
    lab.director.handle_address(lab.now, OTHER, false);
    assert_eq!(lab.director.poll_timeout(), None);
}
