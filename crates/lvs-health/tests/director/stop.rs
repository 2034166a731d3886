//! The end: nothing is left in the kernel, nothing goes on.

use lvs_health::director::{Action, Cause, Event, Server, Service, ServiceId, Sorry};

use crate::lab::{FAIL, Lab, PASS, SECOND, address, id, server, service};

#[test]
fn attempts_are_given_up_and_services_removed() {
    let mut lab = Lab::new(vec![service("a", vec![server(1)]), service("b", vec![server(2)])]);
    lab.drain();
    let starts = lab.next_starts();
    lab.director.handle_stop();
    let name = |name: &str| Action::Remove { name: name.into() };
    assert_eq!(lab.drain(), [Action::Cancel(starts[0].0), Action::Cancel(starts[1].0), name("a"), name("b")]);
    assert_eq!(lab.wanted(), "");
}

#[test]
fn omega_tells_servers_that_serve_and_every_quorum_to_be_down() {
    // keepalived 2.2.7: the third has a sorry server in place of its servers.
    let servers = || vec![Server::new(address(1)), server(2)];
    let omega = |name| Service { omega: true, ..service(name, servers()) };
    let mut lab = Lab::new(vec![
        omega("a"),
        service("b", servers()),
        Service { quorum: 9, sorry: Some(Sorry::default()), ..omega("c") },
    ]);
    lab.drain();
    let starts = lab.next_starts();
    lab.director.handle_outcome(lab.now, starts[0].0, FAIL);
    lab.drain();
    lab.director.handle_stop();
    let lost = |service, quorum| {
        let service = ServiceId(service);
        Event::Quorum { service, up: false, weight: 0, quorum, hysteresis: 0, initial: false }
    };
    assert_eq!(
        lab.told(),
        [Event::Server { server: id(0, 0), up: false, cause: Cause::Stop }, lost(0, 1), lost(2, 9)]
    );
}

#[test]
fn nothing_happens_after_the_end() {
    let suspendable = Service { ha_suspend: vec![address(0).ip()], ..service("b", vec![server(2)]) };
    let mut lab = Lab::new(vec![service("a", vec![server(1)]), suspendable.clone()]);
    lab.drain();
    let check = lab.check(id(0, 0));
    let (attempt, _) = lab.next_start();
    lab.director.handle_stop();
    lab.drain();
    lab.director.handle_outcome(lab.now, attempt, FAIL);
    lab.director.handle_report(lab.now, check, PASS);
    lab.director.handle_address(lab.now, address(0).ip(), true);
    lab.reload(vec![suspendable]);
    lab.director.handle_stop();
    lab.pass_time(100 * SECOND);
    assert_eq!(lab.drain(), []);
    assert_eq!(lab.director.poll_timeout(), None);
}
