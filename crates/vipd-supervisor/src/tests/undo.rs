//! Reloads that are confirmed, and those that are undone.

use super::super::*;
use super::machine::*;

const SECOND: Duration = Duration::from_secs(1);

/// Both workers run `before`, then a reload to `after` that has to be confirmed within 60 s.
fn reloaded(before: Things, after: Things, confirm: Option<Duration>) -> Machine {
    let mut machine = Machine::new(SETTINGS, before);
    machine.settle();
    reload(&mut machine, after, confirm);
    machine
}

fn reload(machine: &mut Machine, to: Things, confirm: Option<Duration>) {
    machine.file = Ok(to);
    assert!(machine.supervisor.request_reload(machine.now, confirm).is_some());
    machine.perform();
    machine.settle();
}

fn undo(machine: &mut Machine) -> Result<(), &'static str> {
    let result = machine.supervisor.handle_undo(machine.now, "somebody asked");
    machine.perform();
    machine.settle();
    result
}

fn kernel(vrrp: u32, lvs: u32) -> std::collections::BTreeSet<Thing> {
    [(Role::Vrrp, vrrp), (Role::Lvs, lvs)].into()
}

#[test]
fn a_reload_that_nobody_confirms_is_undone() {
    let mut machine = reloaded(things(&[1], &[80]), things(&[2], &[81]), Some(60 * SECOND));
    assert_eq!(machine.supervisor.confirm_until(), Some(machine.now + 60 * SECOND));
    assert_eq!(machine.kernel, kernel(2, 81));
    machine.run(59 * SECOND);
    assert_eq!(machine.kernel, kernel(2, 81));
    machine.run(2 * SECOND);
    assert_eq!(machine.kernel, kernel(1, 80));
    assert_eq!(machine.told.last(), Some(&Tell::Undone("nobody confirmed it in time".to_owned())));
    assert_eq!(machine.supervisor.current(), 0);
    assert_eq!(machine.configs.keys().copied().collect::<Vec<_>>(), [0]);
    reload(&mut machine, things(&[3], &[80]), None);
    assert_eq!(machine.kernel, kernel(3, 80));
}

#[test]
fn a_reload_that_is_confirmed_stays() {
    let mut machine = reloaded(things(&[1], &[80]), things(&[2], &[80]), Some(60 * SECOND));
    assert!(machine.supervisor.handle_confirm());
    assert!(!machine.supervisor.handle_confirm(), "once");
    machine.perform();
    machine.run(120 * SECOND);
    assert_eq!(machine.kernel, kernel(2, 80));
}

#[test]
fn the_last_reload_can_be_undone_once_whether_it_was_confirmed_or_not() {
    let mut machine = Machine::new(SETTINGS, things(&[1], &[80]));
    machine.settle();
    assert!(undo(&mut machine).is_err(), "there was none");
    reload(&mut machine, things(&[2], &[80]), None);
    reload(&mut machine, things(&[3], &[80]), None);
    assert_eq!(undo(&mut machine), Ok(()));
    assert_eq!(machine.kernel, kernel(2, 80));
    assert!(undo(&mut machine).is_err());
    assert_eq!(machine.kernel, kernel(2, 80));
}

#[test]
fn an_unconfirmed_reload_on_another_one_goes_back_behind_both() {
    let mut machine = reloaded(things(&[1], &[80]), things(&[2], &[80]), Some(60 * SECOND));
    machine.run(30 * SECOND);
    reload(&mut machine, things(&[3], &[80]), Some(60 * SECOND));
    machine.run(59 * SECOND);
    assert_eq!(machine.kernel, kernel(3, 80), "the time began anew");
    machine.run(2 * SECOND);
    assert_eq!(machine.kernel, kernel(1, 80));
}

#[test]
fn a_reload_that_needs_no_confirming_confirms_the_one_before() {
    let mut machine = reloaded(things(&[1], &[80]), things(&[2], &[80]), Some(60 * SECOND));
    reload(&mut machine, things(&[3], &[80]), None);
    assert_eq!(machine.supervisor.confirm_until(), None);
    machine.run(120 * SECOND);
    assert_eq!(machine.kernel, kernel(3, 80));
    assert_eq!(undo(&mut machine), Ok(()));
    assert_eq!(machine.kernel, kernel(2, 80));
}

#[test]
fn a_reload_that_is_refused_leaves_the_time_of_the_one_before_as_it_is() {
    let mut machine = reloaded(things(&[1], &[80]), things(&[2], &[80]), Some(60 * SECOND));
    let until = machine.supervisor.confirm_until();
    machine.file = Err("it is empty".to_owned());
    machine.supervisor.request_reload(machine.now, Some(10 * SECOND));
    machine.perform();
    machine.settle();
    assert_eq!(machine.supervisor.confirm_until(), until);
    machine.run(61 * SECOND);
    assert_eq!(machine.kernel, kernel(1, 80));
}

#[test]
fn an_undo_waits_for_a_reload_under_way() {
    let mut machine = reloaded(things(&[1], &[80]), things(&[2], &[80]), Some(5 * SECOND));
    machine.supervisor.request_reload(machine.now, None);
    machine.perform();
    let late = machine.reads.pop_front().unwrap();
    machine.run(6 * SECOND);
    assert!(machine.supervisor.is_reading(late));
    assert_eq!(machine.kernel, kernel(2, 80));
    assert!(undo(&mut machine).is_err());
    machine.run(10 * SECOND);
    assert!(machine.said("it could not be read within 10 s"));
    assert_eq!(machine.kernel, kernel(1, 80));
}

#[test]
fn a_client_that_waits_for_a_reload_is_told_of_the_one_that_it_asked_for() {
    let mut machine = Machine::new(SETTINGS, things(&[1], &[80]));
    machine.settle();
    let first = machine.supervisor.request_reload(machine.now, None).unwrap();
    let second = machine.supervisor.request_reload(machine.now, None).unwrap();
    assert!(first < second && machine.supervisor.reload_ended() < first);
    machine.perform();
    machine.settle();
    assert_eq!(machine.supervisor.reload_ended(), second);
    machine.file = Err("it is empty".to_owned());
    let third = machine.supervisor.request_reload(machine.now, None).unwrap();
    machine.perform();
    machine.settle();
    assert_eq!(machine.supervisor.reload_ended(), third);
}
