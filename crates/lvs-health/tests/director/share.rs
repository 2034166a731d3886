//! Shared checks: equal ones are made once, and count for all.

use lvs_health::Timing;
use lvs_health::director::{Action, Event, Plan, Server, ServerId, Service, ServiceId};

use crate::lab::{FAIL, Lab, PASS, TIMING, id, server, service, starts, tcp, turns};

fn two() -> Vec<Service> {
    vec![service("a", vec![server(1), server(2)]), service("b", vec![server(1)])]
}

fn shared(services: Vec<Service>) -> Lab {
    let mut lab = Lab::of(Plan { services, share_checks: true });
    lab.drain();
    lab
}

#[test]
fn equal_checks_are_made_once_and_their_result_counts_for_all() {
    let mut lab = shared(two());
    assert_eq!(lab.director.checks().count(), 2);
    let check = lab.check(id(0, 0));
    assert_eq!(lab.director.servers(check), [id(0, 0), id(1, 0)]);
    let begun = lab.next_starts();
    assert_eq!(begun.len(), 2);
    let attempt = begun.iter().find(|(attempt, _)| attempt.check == check).unwrap().0;
    lab.director.handle_outcome(lab.now, attempt, FAIL);
    let actions = lab.drain();
    assert_eq!(actions[..2], [Action::Program(ServiceId(0)), Action::Program(ServiceId(1))]);
    let told = crate::lab::told(actions);
    assert_eq!(told.iter().filter(|event| matches!(event, Event::Check { .. })).count(), 1);
    assert_eq!(turns(&told).len(), 2);
    assert_eq!((lab.wanted(), lab.wanted_of(ServiceId(1))), ("2=1".into(), String::new()));
}

#[test]
fn checks_that_differ_in_anything_are_not_shared() {
    let hasty = Server { checks: vec![tcp(1, &Timing { retry: 0, ..TIMING })], ..server(1) };
    let lab = shared(vec![service("a", vec![server(1)]), service("b", vec![hasty])]);
    assert_eq!(lab.director.checks().count(), 2);
}

#[test]
fn without_sharing_each_is_made_for_itself() {
    let lab = Lab::new(two());
    assert_eq!(lab.director.checks().count(), 3);
}

#[test]
fn a_new_server_with_a_known_check_begins_as_that_stands_wherever_it_is_in_the_plan() {
    let mut lab = shared(vec![service("b", vec![server(1)])]);
    lab.attempt(FAIL);
    let check = lab.check(id(0, 0));
    let services = vec![service("a", vec![server(1)]), service("b", vec![server(1)])];
    lab.director.reload(lab.now, Plan { services, share_checks: true });
    lab.drain();
    assert!(!lab.up(id(0, 0)) && !lab.up(id(1, 0)));
    assert_eq!(lab.director.checks().collect::<Vec<_>>(), [check]);
    assert_eq!(turns(&lab.attempt(PASS)).len(), 2);
}

#[test]
fn a_server_that_a_shared_check_took_down_is_not_told_to_be_down_again_when_that_fails() {
    let alpha = Server { checks: vec![tcp(9, &Timing { alpha: true, ..TIMING })], ..server(2) };
    let unchecked = Server { checks: Vec::new(), ..server(1) };
    let checked = Server { checks: alpha.checks.clone(), ..server(1) };
    let plan = |server| Plan {
        services: vec![service("a", vec![server]), service("b", vec![alpha.clone()])],
        share_checks: true,
    };
    let mut lab = Lab::of(plan(unchecked));
    lab.drain();
    lab.director.reload(lab.now, plan(checked));
    assert_eq!(turned(&lab.told()), [(id(0, 0), false)], "the check that it shares is not up yet");
    assert_eq!(
        turned(&lab.attempt(FAIL)),
        [(id(1, 0), false)],
        "only the other one is proven to be down now"
    );
    assert_eq!(turned(&lab.attempt(PASS)), [(id(0, 0), true), (id(1, 0), true)]);
}

#[test]
fn sharing_can_begin_and_end_with_a_reload_and_no_result_is_lost() {
    let services = vec![service("a", vec![server(1)]), service("b", vec![server(1)])];
    let plan = |share_checks| Plan { services: services.clone(), share_checks };
    let mut lab = Lab::of(plan(false));
    lab.drain();
    for (attempt, _) in lab.next_starts() {
        lab.director.handle_outcome(lab.now, attempt, FAIL);
    }
    lab.drain();
    for (share, checks) in [(true, 1), (false, 2), (true, 1)] {
        lab.director.reload(lab.now, plan(share));
        assert_eq!(turns(&lab.told()), []);
        assert_eq!(lab.director.checks().count(), checks);
        assert!(!lab.up(id(0, 0)) && !lab.up(id(1, 0)));
    }
    let begun = lab.next_starts();
    lab.director.reload(lab.now, plan(false));
    let actions = lab.drain();
    assert!(
        !actions.iter().any(|action| matches!(action, Action::Cancel(_))),
        "one goes on with the attempt"
    );
    assert_eq!(starts(actions), []);
    lab.director.handle_outcome(lab.now, begun[0].0, PASS);
    assert_eq!(turns(&lab.told()), [(0, true)], "and it decides about its own server");
}

/// Servers of any virtual server that are told to be up or down.
fn turned(events: &[Event]) -> Vec<(ServerId, bool)> {
    let turn = |event: &Event| match event {
        Event::Server { server, up, .. } => Some((*server, *up)),
        _ => None,
    };
    events.iter().filter_map(turn).collect()
}
