//! From one plan to the next.

use lvs_health::Timing;
use lvs_health::director::{Action, Cause, Event, Server, Service, ServiceId, Sorry};

use crate::lab::{FAIL, Lab, PASS, SECOND, TIMING, address, id, quorums, server, service, tcp, turns};

/// One service `a` with servers at ports 1 and 2, of which the second is down, three seconds after its check.
fn second_down() -> Lab {
    let mut lab = Lab::new(vec![service("a", vec![server(1), server(2)])]);
    lab.drain();
    let starts = lab.next_starts();
    lab.director.handle_outcome(lab.now, starts[0].0, PASS);
    lab.director.handle_outcome(lab.now, starts[1].0, FAIL);
    lab.pass_time(3 * SECOND);
    lab.drain();
    lab
}

#[test]
fn the_same_plan_changes_nothing_but_lets_the_kernel_be_compared() {
    let mut lab = second_down();
    let before: Vec<_> = lab.director.checks().collect();
    lab.reload(vec![service("a", vec![server(1), server(2)])]);
    assert_eq!(lab.drain(), [Action::Program(ServiceId(0))]);
    assert_eq!(lab.wanted(), "1=1");
    assert_eq!(lab.wait(), 7, "the schedule goes on");
    assert_eq!(lab.director.checks().collect::<Vec<_>>(), before);
}

#[test]
fn an_attempt_under_way_goes_on_and_retries_are_kept() {
    let mut lab = second_down();
    let starts = lab.next_starts();
    let plan = || vec![service("a", vec![server(1), server(2)])];
    lab.reload(plan());
    assert_eq!(lab.drain(), [Action::Program(ServiceId(0))]);
    lab.director.handle_outcome(lab.now, starts[0].0, FAIL);
    assert_eq!(turns(&lab.told()), [], "tolerated");
    lab.reload(plan());
    lab.drain();
    let (attempt, _) = lab.next_start();
    lab.director.handle_outcome(lab.now, attempt, FAIL);
    assert_eq!(turns(&lab.told()), [(0, false)], "the second in a row");
}

#[test]
fn servers_and_services_may_change_places() {
    let mut lab = second_down();
    lab.reload(vec![service("b", vec![server(1)]), service("a", vec![server(3), server(2), server(1)])]);
    let told = lab.told();
    assert_eq!(turns(&told), []);
    assert!(told.contains(&Event::Added { server: id(1, 0), up: true }));
    assert_eq!(quorums(&told), [(0, true)], "of the new service");
    assert_eq!(lab.wanted_of(ServiceId(1)), "3=1 1=1");
}

#[test]
fn new_servers_follow_the_alpha_rule() {
    let mut lab = second_down();
    let alpha = Server { checks: vec![tcp(3, &Timing { alpha: true, ..TIMING })], ..server(3) };
    lab.reload(vec![service("a", vec![server(1), server(2), alpha, server(4)])]);
    assert_eq!(lab.wanted(), "1=1 4=1");
}

#[test]
fn a_check_that_is_new_to_a_server_begins_as_that_server_stands() {
    for alpha in [false, true] {
        let mut lab = second_down();
        let edited =
            |port| Server { checks: vec![tcp(port, &Timing { retry: 9, alpha, ..TIMING })], ..server(port) };
        lab.reload(vec![service("a", vec![edited(1), edited(2)])]);
        assert_eq!(turns(&lab.told()), [], "alpha {alpha}");
        assert_eq!(lab.wanted(), "1=1");
        let starts = lab.next_starts();
        lab.director.handle_outcome(lab.now, starts[0].0, FAIL);
        assert_eq!(turns(&lab.told()), [(0, false)], "its first result decides");
    }
}

#[test]
fn a_server_that_only_a_dropped_check_kept_down_is_up() {
    let mut lab = second_down();
    lab.reload(vec![service("a", vec![server(1), Server { checks: Vec::new(), ..server(2) }])]);
    assert_eq!(lab.told(), [Event::Server { server: id(0, 1), up: true, cause: Cause::Reload }]);
    assert_eq!(lab.wanted(), "1=1 2=1");
}

#[test]
fn an_attempt_of_a_dropped_check_is_given_up() {
    let mut lab = second_down();
    let starts = lab.next_starts();
    lab.reload(vec![service("a", vec![server(1)])]);
    let actions = lab.drain();
    assert_eq!(actions[0], Action::Cancel(starts[1].0));
    lab.director.handle_outcome(lab.now, starts[1].0, PASS);
    assert_eq!(lab.drain(), []);
    assert_eq!(lab.director.check(starts[1].0.check), None);
}

#[test]
fn an_id_is_not_used_again() {
    let mut lab = second_down();
    let gone = lab.check(id(0, 1));
    lab.reload(vec![service("a", vec![server(1)])]);
    lab.reload(vec![service("a", vec![server(1), server(2)])]);
    assert_ne!(lab.check(id(0, 1)), gone);
    lab.drain();
    lab.director.handle_report(lab.now, gone, FAIL);
    assert_eq!(lab.drain(), []);
}

#[test]
fn weights_change_in_place_and_the_quorum_with_them() {
    let mut lab = second_down();
    let heavy = Server { weight: 5, ..server(1) };
    lab.reload(vec![Service { quorum: 6, ..service("a", vec![heavy, server(2)]) }]);
    let told = lab.told();
    assert_eq!(told[0], Event::Weight { server: id(0, 0), from: 1, to: 5 });
    assert_eq!(quorums(&told), [(0, false)]);
    assert_eq!(lab.wanted(), "1=5");
}

#[test]
fn a_dropped_server_is_gone_at_once_without_a_drain_time() {
    let mut lab = second_down();
    lab.reload(vec![service("a", vec![server(2)])]);
    let told = lab.told();
    assert_eq!(
        told[0],
        Event::Removed { service: ServiceId(0), server: address(1), served: true, draining: false }
    );
    assert_eq!(lab.wanted(), "");
}

#[test]
fn a_dropped_server_that_served_drains_and_then_it_is_gone() {
    let drain = |servers| vec![Service { drain: 30 * SECOND, ..service("a", servers) }];
    let mut lab = second_down();
    lab.reload(drain(vec![server(3)]));
    let told = lab.told();
    let removed = |port, draining| {
        // The servers that served are those that drain.
        Event::Removed { service: ServiceId(0), server: address(port), served: draining, draining }
    };
    assert_eq!(
        told[1..],
        [removed(1, true), removed(2, false)],
        "a server that was down has nothing to drain"
    );
    assert_eq!(lab.wanted(), "3=1 drained 1=0");
    lab.pass_time(20 * SECOND);
    lab.reload(drain(vec![server(3)]));
    lab.drain();
    lab.pass_time(10 * SECOND);
    let actions = lab.drain();
    assert_eq!(
        actions[..2],
        [
            Action::Program(ServiceId(0)),
            Action::Tell(Event::Drained { service: ServiceId(0), server: address(1) })
        ]
    );
    assert_eq!(lab.wanted(), "3=1");
}

#[test]
fn a_server_that_comes_back_while_it_drains_is_an_ordinary_new_one() {
    let drain = |servers| vec![Service { drain: 30 * SECOND, ..service("a", servers) }];
    let mut lab = second_down();
    lab.reload(drain(vec![]));
    assert_eq!(lab.wanted(), "drained 1=0");
    lab.reload(drain(vec![server(1)]));
    assert_eq!(lab.wanted(), "1=1");
    lab.drain();
    lab.pass_time(30 * SECOND);
    assert!(!lab.told().iter().any(|event| matches!(event, Event::Drained { .. })));
}

#[test]
fn a_dropped_service_is_removed_first_of_all() {
    let mut lab = second_down();
    lab.reload(vec![service("b", vec![Server::new(address(9))])]);
    let actions = lab.drain();
    assert_eq!(
        actions[..3],
        [
            Action::Remove { name: "a".into() },
            Action::Program(ServiceId(0)),
            // keepalived 2.2.7 runs notify_down and quorum_down for these, omega or not.
            Action::Tell(Event::Retired { name: "a".into(), up: true, served: vec![address(1)] }),
        ]
    );
    assert_eq!(lab.director.poll_timeout(), None, "nothing is left of it");
}

#[test]
fn a_sorry_server_that_comes_or_goes_changes_places_with_the_servers() {
    let plan = |sorry| vec![Service { quorum: 2, sorry, ..service("a", vec![server(1), server(2)]) }];
    let mut lab = second_down();
    lab.reload(plan(None));
    assert_eq!((quorums(&lab.told()), lab.wanted()), (vec![(0, false)], "1=1".into()));
    for (sorry, wanted) in [(Some(Sorry::default()), "sorry=1"), (None, "1=1")] {
        lab.reload(plan(sorry.clone()));
        let serving = sorry.is_some();
        assert_eq!(lab.told(), [Event::Sorry { service: ServiceId(0), serving }]);
        assert_eq!(lab.wanted(), wanted);
    }
}

#[test]
fn names_and_addresses_that_occur_twice_do_no_harm() {
    let twice = || vec![service("a", vec![server(1), server(1)]), service("a", vec![server(1)])];
    let mut lab = Lab::new(twice());
    lab.drain();
    lab.reload(twice());
    assert_eq!(lab.wanted(), "1=1 1=1");
    for (attempt, _) in lab.next_starts() {
        lab.director.handle_outcome(lab.now, attempt, FAIL);
    }
    lab.reload(Vec::new());
    assert_eq!(lab.director.checks().count(), 0);
}
