//! A stop whose VRRP worker gives its addresses to other machines first.

use super::super::*;
use super::machine::*;

const SECOND: Duration = Duration::from_secs(1);

/// A machine whose VRRP worker may give its addresses away for three seconds before it stops.
fn handing_over() -> Machine {
    let demand = Demand { stop_handover: 3 * SECOND, ..demand(&things(&[1], &[80])) };
    let mut machine = Machine::with_demand(SETTINGS, things(&[1], &[80]), demand);
    machine.settle();
    machine
}

#[test]
fn a_stop_waits_longer_for_a_worker_that_may_hand_over_and_not_for_others() {
    let mut machine = handing_over();
    machine.process(Role::Vrrp).character.hangs = true;
    machine.process(Role::Lvs).character.hangs = true;
    machine.stop();
    machine.run(5 * SECOND);
    assert!(machine.said("does not end - killing it") && machine.worker(Role::Vrrp).is_some());
    assert_eq!(machine.exit, None);
    machine.run(3 * SECOND);
    assert_eq!(machine.exit, Some(0));
    assert!(machine.kernel.is_empty());
}

#[test]
fn a_second_request_to_stop_tells_a_worker_that_hands_over_to_stop_now() {
    let mut machine = handing_over();
    machine.process(Role::Vrrp).character.hangs = true;
    machine.stop();
    let stops = |machine: &Machine| {
        let id = machine.worker(Role::Vrrp);
        machine.actions.iter().filter(|action| matches!(action, Action::Stop(of) if Some(*of) == id)).count()
    };
    assert_eq!(stops(&machine), 1);
    machine.stop();
    assert_eq!(stops(&machine), 2);
}
