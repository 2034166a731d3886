//! `startup_script` and `shutdown_script`: when they run, and what their end means.

use LifeScript::{Shutdown, Startup};

use privsep::process::Ended;
use vrrp_election::EndSignal;

use super::super::*;
use super::machine::*;

const SECOND: Duration = Duration::from_secs(1);

/// A daemon with a router and both scripts, which may take 10 s and 3 s.
fn start() -> Machine {
    let first = things(&[1], &[]);
    let demand =
        Demand { startup_script: Some(10 * SECOND), shutdown_script: Some(3 * SECOND), ..demand(&first) };
    Machine::with_demand(SETTINGS, first, demand)
}

fn started() -> Machine {
    let mut machine = start();
    machine.end_script(Ended::Exited(0));
    machine.settle();
    machine
}

#[test]
fn no_worker_starts_before_the_startup_script_has_ended_however_it_ends() {
    for (end, said) in [
        (Ended::Exited(0), "startup script succeeded"),
        (Ended::Exited(3), "startup script failed, status 3"),
        (Ended::Signalled(11), "startup script failed, ended by signal 11"),
        (Ended::NotStarted(2), "startup script failed, it could not be run: No such file or directory"),
    ] {
        let mut machine = start();
        assert_eq!(machine.script, Some(Startup));
        machine.run(9 * SECOND);
        assert!(machine.processes.is_empty() && machine.told.is_empty());
        machine.end_script(end);
        machine.settle();
        assert_eq!(machine.kernel, [(Role::Vrrp, 1)].into());
        assert_eq!(machine.told, [Tell::Ready]);
        assert!(machine.said(said), "{:?}", machine.log);
        assert_eq!(machine.scripts_run, [Startup]);
    }
}

#[test]
fn a_startup_script_that_timed_out_is_terminated_and_not_waited_for() {
    let mut machine = start();
    machine.pass(10 * SECOND);
    assert_eq!(machine.signals, [(Startup, EndSignal::Term)]);
    assert!(machine.said("startup script timed out after 10 s"));
    machine.settle();
    assert_eq!(machine.told, [Tell::Ready]);
    machine.run(2 * SECOND);
    assert_eq!(machine.signals, [(Startup, EndSignal::Term), (Startup, EndSignal::Kill)]);
}

#[test]
fn a_startup_script_does_not_time_out_while_the_parent_did_not_run() {
    let mut machine = start();
    machine.pass(60 * SECOND);
    assert!(machine.signals.is_empty() && machine.processes.is_empty());
    machine.pass(5 * SECOND);
    assert_eq!(machine.signals, [(Startup, EndSignal::Term)]);
}

#[test]
fn a_reload_runs_neither_script_and_one_during_the_startup_script_comes_after_it() {
    let mut machine = start();
    machine.file = Ok(things(&[2], &[]));
    machine.reload();
    assert!(machine.reads.is_empty());
    machine.end_script(Ended::Exited(0));
    machine.settle();
    assert_eq!(machine.kernel, [(Role::Vrrp, 2)].into());
    machine.reload_to(things(&[3], &[]));
    machine.settle();
    assert_eq!(machine.scripts_run, [Startup]);
}

#[test]
fn a_stop_during_the_startup_script_terminates_it_and_runs_the_shutdown_script() {
    let mut machine = start();
    machine.stop();
    assert_eq!(machine.signals, [(Startup, EndSignal::Term)]);
    machine.script = None;
    machine.settle();
    assert_eq!(machine.scripts_run, [Startup, Shutdown]);
    assert_eq!(machine.exit, None);
    machine.end_script(Ended::Exited(0));
    assert_eq!(machine.exit, Some(0));
    assert!(!machine.actions.iter().any(|action| matches!(action, Action::Start { .. })));
}

#[test]
fn the_shutdown_script_runs_once_after_everything_else_has_ended_and_is_waited_for() {
    let mut machine = started();
    machine.stop();
    assert_eq!(machine.script, None, "the worker still has its address");
    machine.settle();
    assert!(machine.kernel.is_empty());
    assert_eq!((machine.script, machine.exit), (Some(Shutdown), None));
    machine.run(2 * SECOND);
    assert_eq!(machine.exit, None);
    machine.end_script(Ended::Exited(1));
    assert_eq!(machine.exit, Some(0), "its status is not the daemon's");
    assert!(machine.said("shutdown script failed, status 1"));
    assert_eq!(machine.scripts_run, [Startup, Shutdown]);
}

#[test]
fn a_shutdown_script_that_timed_out_does_not_delay_the_stop() {
    let mut machine = started();
    machine.stop();
    machine.settle();
    machine.pass(3 * SECOND);
    assert_eq!(
        (machine.exit, machine.signals.as_slice()),
        (Some(0), [(Shutdown, EndSignal::Term)].as_slice())
    );
}

#[test]
fn a_second_request_to_stop_waits_a_second_at_most_for_the_shutdown_script() {
    let mut machine = started();
    machine.stop();
    machine.settle();
    machine.stop();
    machine.pass(SECOND);
    assert_eq!(machine.exit, Some(0));
}
