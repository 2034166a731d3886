//! The order in which things are asked for: the kernel, then what is told, then attempts.

use lvs_health::Failure;
use lvs_health::Timing;
use lvs_health::director::{Action, Cause, Event, Server, Service, ServiceId, Sorry, Verdict};

use crate::lab::{FAIL, Lab, TIMING, id, server, service, tcp};

#[test]
fn the_start_programs_every_service_before_it_tells_of_any() {
    let told = |name| Service { initial_notifies: true, ..service(name, vec![server(1)]) };
    let mut lab = Lab::new(vec![told("a"), told("b")]);
    let up = |service| Action::Tell(Event::Server { server: id(service, 0), up: true, cause: Cause::Start });
    let gained = |service| {
        let service = ServiceId(service);
        Action::Tell(Event::Quorum { service, up: true, weight: 1, quorum: 1, hysteresis: 0, initial: true })
    };
    assert_eq!(
        lab.drain(),
        [Action::Program(ServiceId(0)), Action::Program(ServiceId(1)), up(0), gained(0), up(1), gained(1),]
    );
}

#[test]
fn a_failure_reaches_the_kernel_once_and_then_everybody_else_in_order() {
    let service = Service { sorry: Some(Sorry::default()), ..service("a", vec![server(1)]) };
    let mut lab = Lab::new(vec![service]);
    lab.drain();
    let check = lab.check(id(0, 0));
    let (attempt, _) = lab.next_start();
    lab.director.handle_outcome(lab.now, attempt, FAIL);
    let service = ServiceId(0);
    assert_eq!(
        lab.drain(),
        [
            Action::Program(service),
            Action::Tell(Event::Attempt {
                check,
                failure: Failure::ConnectTimeout,
                verdict: Verdict::Down { retries: 0 }
            }),
            Action::Tell(Event::Check { check, up: false, first: true }),
            Action::Tell(Event::Server { server: id(0, 0), up: false, cause: Cause::Check(check) }),
            Action::Tell(Event::Quorum {
                service,
                up: false,
                weight: 0,
                quorum: 1,
                hysteresis: 0,
                initial: false
            }),
            Action::Tell(Event::Sorry { service, serving: true }),
        ]
    );
}

#[test]
fn a_server_that_began_as_down_is_told_to_be_at_its_first_failure_only() {
    // keepalived 2.2.7 runs notify_down then, once.
    let timing = Timing { alpha: true, ..TIMING };
    let mut lab = Lab::new(vec![service("a", vec![Server { checks: vec![tcp(1, &timing)], ..server(1) }])]);
    lab.drain();
    assert_eq!(crate::lab::turns(&lab.attempt(FAIL)), [(0, false)]);
    assert_eq!(crate::lab::turns(&lab.attempt(FAIL)), []);
}

#[test]
fn a_change_of_one_service_programs_only_that_one() {
    let mut lab = Lab::new(vec![service("a", vec![server(1)]), service("b", vec![server(2)])]);
    lab.drain();
    let starts = lab.next_starts();
    lab.director.handle_outcome(lab.now, starts[1].0, FAIL);
    let programs: Vec<_> =
        lab.drain().into_iter().filter(|action| matches!(action, Action::Program(_))).collect();
    assert_eq!(programs, [Action::Program(ServiceId(1))]);
}
