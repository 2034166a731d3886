//! Sequences of events, case by case.

use privsep::process::Ended;

use super::super::*;
use super::machine::*;

const SECOND: Duration = Duration::from_secs(1);

/// Both workers run the first configuration.
fn running(first: Things) -> Machine {
    let mut machine = Machine::new(SETTINGS, first);
    machine.settle();
    assert_eq!(machine.told, [Tell::Ready]);
    machine
}

fn both() -> Things {
    things(&[1], &[80])
}

/// Leftovers that the successor of a worker is told of.
fn former(machine: &mut Machine, role: Role) -> Option<Vec<u32>> {
    let predecessor = machine.process(role).predecessor.as_ref()?;
    let mut former: Vec<u32> = predecessor.memory.iter().map(|(key, _)| key.parse().unwrap()).collect();
    former.extend((0..100).filter(|&thing| predecessor.former.contains(&service(thing))));
    Some(former)
}

fn die(machine: &mut Machine, role: Role) {
    let id = machine.worker(role).unwrap();
    machine.end(id, Ended::Signalled(9));
}

#[test]
fn the_first_configuration_is_run_by_a_worker_for_each_role_that_it_needs() {
    let mut machine = Machine::new(SETTINGS, things(&[1], &[]));
    assert!(machine.worker(Role::Vrrp).is_some() && machine.worker(Role::Lvs).is_none());
    assert_eq!(former(&mut machine, Role::Vrrp), None);
    assert!(machine.told.is_empty());
    machine.settle();
    assert_eq!(machine.told, [Tell::Ready]);
    assert!(machine.said("VRRP: Startup complete"));

    let settings = Settings { allowed: PerRole { vrrp: false, lvs: true, bfd: false }, ..SETTINGS };
    let machine = Machine::new(settings, both());
    assert!(machine.worker(Role::Vrrp).is_none() && machine.worker(Role::Lvs).is_some());

    let mut machine = Machine::new(SETTINGS, things(&[], &[]));
    assert!(machine.said("Nothing to run"));
    machine.settle();
    assert!(machine.processes.is_empty());
    assert_eq!(machine.told, [Tell::Ready]);

    let machine = Machine::new(Settings { all: true, ..SETTINGS }, things(&[], &[]));
    assert_eq!(machine.processes.len(), 2);
}

/// An earlier run was killed, and the file lost its instances since.
#[test]
fn a_start_without_instances_sweeps_once_after_an_earlier_run() {
    for lvs in [&[][..], &[80]] {
        let mut machine = Machine::new(SETTINGS, things(&[], lvs));
        let sweeper = machine.worker(Role::Vrrp).expect("a worker that sweeps");
        assert_eq!(machine.processes[&sweeper].task, Task::Sweep);
        machine.settle();
        assert_eq!(machine.worker(Role::Vrrp), None);
        assert_eq!(machine.told, [Tell::Ready]);

        let mut machine = Machine::new(SETTINGS, things(&[], lvs));
        let sweeper = machine.worker(Role::Vrrp).expect("a worker that sweeps");
        machine.end(sweeper, Ended::Signalled(9));
        machine.settle();
        assert_eq!(machine.worker(Role::Vrrp), None, "one attempt");
        assert_eq!(machine.told, [Tell::Ready]);
    }
    let keep = PerRole { vrrp: true, lvs: false, bfd: false };
    let machine = Machine::new(Settings { keep, ..SETTINGS }, things(&[], &[]));
    assert!(machine.processes.is_empty(), "addresses are to stay");
}

#[test]
fn a_worker_that_dies_is_started_again_at_once_and_told_of_leftovers() {
    let mut machine = running(both());
    die(&mut machine, Role::Vrrp);
    assert_eq!(former(&mut machine, Role::Vrrp), Some(vec![1]));
    die(&mut machine, Role::Lvs);
    assert_eq!(former(&mut machine, Role::Lvs), Some(vec![]), "its own are not told");
    machine.settle();
    assert_eq!(machine.kernel, [(Role::Vrrp, 1), (Role::Lvs, 80)].into());
}

#[test]
fn a_worker_that_dies_again_soon_is_waited_for_and_swept_after_if_it_has_addresses() {
    let mut machine = running(both());
    for role in [Role::Lvs, Role::Vrrp] {
        die(&mut machine, role);
        machine.settle();
        die(&mut machine, role);
    }
    assert!(machine.said("Restart of VRRP process delayed 1 seconds to limit respawn rate"));
    assert!(machine.worker(Role::Lvs).is_none(), "tables of a load balancer are left alone");
    assert_eq!(machine.process(Role::Vrrp).task, Task::Sweep);
    machine.settle();
    assert_eq!(machine.kernel, [(Role::Lvs, 80)].into());
    machine.run(SECOND);
    assert_eq!(machine.process(Role::Vrrp).task, Task::Serve);
    assert_eq!(former(&mut machine, Role::Vrrp), None, "everything was removed");
    assert_eq!(machine.kernel.len(), 2);
}

#[test]
fn without_respawn_everything_ends_with_the_first_worker_that_dies() {
    let mut machine = Machine::new(Settings { respawn: false, ..SETTINGS }, both());
    machine.settle();
    die(&mut machine, Role::Lvs);
    machine.run(10 * SECOND);
    assert_eq!(machine.exit, Some(0));
    assert!(machine.kernel.is_empty());
}

#[test]
fn a_first_configuration_that_a_worker_refuses_ends_the_daemon_with_1_and_a_permanent_error_with_its_status()
{
    let mut machine = Machine::new(SETTINGS, both());
    machine.process(Role::Lvs).character.refuses = true;
    machine.run(10 * SECOND);
    assert_eq!(machine.exit, Some(1));
    assert!(machine.said("Terminating") && machine.kernel.is_empty());

    let mut machine = Machine::new(SETTINGS, both());
    let id = machine.worker(Role::Vrrp).unwrap();
    machine.end(id, Ended::Exited(2));
    machine.run(10 * SECOND);
    assert_eq!(machine.exit, Some(2));
}

#[test]
fn a_process_that_cannot_be_made_is_tried_again_later() {
    let mut machine = Machine::new(SETTINGS, things(&[], &[]));
    machine.shortage = 3;
    machine.reload_to(things(&[1], &[]));
    machine.settle();
    assert!(machine.worker(Role::Vrrp).is_none() && machine.said("no more processes"));
    machine.run(4 * SECOND);
    assert_eq!(machine.kernel, [(Role::Vrrp, 1)].into());
    assert_eq!(former(&mut machine, Role::Vrrp), None, "nothing ran before it");
}

#[test]
fn a_reload_waits_for_the_one_before_and_many_are_one() {
    let mut machine = running(both());
    machine.reload_to(both());
    assert_eq!(machine.supervisor.current(), 1);
    for _ in 0..10 {
        machine.reload();
    }
    assert!(machine.reads.is_empty());
    machine.settle();
    assert_eq!(machine.supervisor.current(), 2);
    // Deletions may still name the generation before.
    assert_eq!(machine.configs.keys().copied().collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn a_reload_during_the_start_and_one_during_the_reading_are_not_forgotten() {
    let mut machine = Machine::new(SETTINGS, both());
    machine.file = Ok(things(&[2], &[]));
    machine.reload();
    assert!(machine.reads.is_empty());
    machine.settle();
    assert_eq!(machine.kernel, [(Role::Vrrp, 2)].into());
    machine.reload();
    machine.reload();
    assert_eq!(machine.reads.len(), 1);
    machine.settle();
    assert_eq!(machine.supervisor.current(), 3);
}

#[test]
fn a_file_that_cannot_be_used_changes_nothing() {
    let mut machine = running(both());
    machine.file = Err("it is empty".to_owned());
    machine.actions.clear();
    machine.reload();
    machine.settle();
    assert!(machine.said("Reload refused, the old configuration stays in force: it is empty"));
    assert_eq!(machine.told, [Tell::Ready, Tell::Reloading, Tell::Refused("it is empty".to_owned())]);
    let sent = |action: &Action| matches!(action, Action::Configure { .. } | Action::Enforce { .. });
    assert!(!machine.actions.iter().any(sent));
}

#[test]
fn a_file_that_is_not_read_in_time_is_refused_and_a_late_answer_ignored() {
    let mut machine = running(both());
    machine.reload();
    let late = machine.reads.pop_front().unwrap();
    machine.run(10 * SECOND);
    assert!(machine.said("it could not be read within 10 s"));
    let read = Ok(demand(&both()));
    assert_eq!(machine.supervisor.handle_config(machine.now, late, read), None);
}

#[test]
fn a_reload_that_one_worker_refuses_is_taken_back_from_the_other_wherever_that_is() {
    for took_it in [true, false] {
        let mut machine = running(both());
        machine.reload_to(things(&[2], &[81]));
        if took_it {
            let id = machine.worker(Role::Vrrp).unwrap();
            while machine.step(id) || machine.hear(id) {}
        }
        machine.process(Role::Lvs).character.refuses = true;
        machine.settle();
        assert!(machine.said("Reload refused by the Healthcheck child process"));
        assert_eq!(machine.exit, None);
        assert_eq!(machine.kernel, [(Role::Vrrp, 1), (Role::Lvs, 80)].into(), "took it: {took_it}");
        assert_eq!(machine.configs.keys().copied().collect::<Vec<_>>(), [0]);
    }
}

#[test]
fn one_death_of_a_reload_may_be_an_accident_but_two_take_it_back() {
    let mut machine = running(both());
    machine.reload_to(things(&[2], &[80]));
    die(&mut machine, Role::Vrrp);
    assert_eq!(machine.supervisor.current(), 1);
    die(&mut machine, Role::Vrrp);
    assert_eq!(machine.supervisor.current(), 0);
    machine.run(5 * SECOND);
    assert_eq!(machine.kernel, [(Role::Vrrp, 1), (Role::Lvs, 80)].into());
}

#[test]
fn a_death_while_a_reload_is_taken_back_changes_nothing() {
    let mut machine = running(both());
    machine.reload_to(things(&[2], &[81]));
    let id = machine.worker(Role::Vrrp).unwrap();
    while machine.step(id) || machine.hear(id) {}
    let lvs = machine.worker(Role::Lvs).unwrap();
    machine.end(lvs, Ended::Exited(2));
    assert_eq!(machine.supervisor.current(), 0);
    die(&mut machine, Role::Vrrp);
    assert_eq!(former(&mut machine, Role::Vrrp), Some(vec![2]), "it did not hear of it");
    machine.run(5 * SECOND);
    assert_eq!(machine.kernel, [(Role::Vrrp, 1), (Role::Lvs, 80)].into());
}

#[test]
fn a_role_that_is_refused_when_it_is_needed_first_stays_empty() {
    let mut machine = running(things(&[1], &[]));
    machine.reload_to(both());
    machine.process(Role::Lvs).character.refuses = true;
    machine.settle();
    assert_eq!((machine.exit, machine.supervisor.current()), (None, 0));
    assert!(machine.worker(Role::Lvs).is_none());
    assert_eq!(machine.kernel, [(Role::Vrrp, 1)].into());
}

#[test]
fn a_successor_is_told_of_leftovers_of_a_worker_that_died_of_a_reload() {
    let mut machine = running(things(&[1, 2], &[80, 81]));
    machine.reload_to(things(&[1], &[80]));
    for role in [Role::Vrrp, Role::Lvs] {
        die(&mut machine, role);
    }
    assert_eq!(former(&mut machine, Role::Vrrp), Some(vec![1, 2]));
    assert_eq!(former(&mut machine, Role::Lvs), Some(vec![81]));
    machine.settle();
    assert_eq!(machine.kernel, [(Role::Vrrp, 1), (Role::Lvs, 80)].into());
    // Now only that is left which is configured.
    machine.run(60 * SECOND);
    die(&mut machine, Role::Lvs);
    assert_eq!(former(&mut machine, Role::Lvs), Some(vec![]));
}

#[test]
fn a_worker_without_work_is_dismissed_and_one_that_died_before_is_swept_after() {
    let mut machine = running(both());
    machine.reload_to(things(&[1], &[]));
    machine.settle();
    assert!(machine.worker(Role::Lvs).is_none());
    assert_eq!(machine.kernel, [(Role::Vrrp, 1)].into());

    let mut machine = running(both());
    for _ in 0..2 {
        die(&mut machine, Role::Lvs);
    }
    assert!(machine.worker(Role::Lvs).is_none(), "it has to wait");
    machine.reload_to(things(&[1], &[]));
    assert_eq!(machine.process(Role::Lvs).task, Task::Sweep);
    assert_eq!(former(&mut machine, Role::Lvs), Some(vec![80]));
    machine.settle();
    assert!(machine.worker(Role::Lvs).is_none());
    assert_eq!(machine.kernel, [(Role::Vrrp, 1)].into());
}

#[test]
fn a_worker_that_hangs_is_asked_then_killed_and_succeeded_by_one_that_knows() {
    let mut machine = running(both());
    machine.process(Role::Vrrp).character.hangs = true;
    machine.run(Duration::from_millis(4999));
    assert!(!machine.said("killing it"));
    let hung = machine.worker(Role::Vrrp);
    machine.run(Duration::from_millis(1));
    assert!(machine.said("VRRP child process(1) has not answered for 5 s - killing it"));
    assert_ne!(machine.worker(Role::Vrrp), hung);
    assert!(machine.process(Role::Vrrp).predecessor.as_ref().is_some_and(|predecessor| predecessor.hung));
    machine.settle();
    die(&mut machine, Role::Vrrp);
    let next = machine.process(Role::Vrrp).predecessor.as_ref().unwrap();
    assert!(!next.hung, "the one that died did answer");
}

#[test]
fn a_worker_that_takes_a_configuration_has_twice_the_time() {
    let mut machine = running(both());
    machine.reload_to(things(&[1, 2], &[80]));
    machine.process(Role::Vrrp).character.hangs = true;
    machine.run(Duration::from_millis(9999));
    assert!(!machine.said("killing it"));
    machine.run(Duration::from_millis(1));
    assert!(machine.said("has not answered for 10 s - killing it"));
}

#[test]
fn a_parent_that_did_not_run_kills_no_worker() {
    let mut machine = running(both());
    machine.settle();
    for _ in 0..3 {
        // Workers did not run either, so that an answer is only on the way when the parent looks.
        machine.pass(60 * SECOND);
        machine.pass(SECOND);
        machine.settle();
    }
    machine.run(60 * SECOND);
    assert!(!machine.said("killing it"));
    assert_eq!(machine.processes.len(), 2);
}

#[test]
fn a_killed_process_that_the_kernel_cannot_end_is_succeeded_all_the_same() {
    let mut machine = running(both());
    let id = machine.worker(Role::Vrrp).unwrap();
    machine.supervisor.handle_broken_channel(machine.now, id, Some("not a message"));
    machine.perform();
    assert!(machine.said("VRRP child process(1): not a message"));
    machine.process(Role::Vrrp).character.hangs = true;
    // It is killed, and not reaped.
    machine.pass(2 * SECOND);
    assert!(machine.killed.contains(&id));
    machine.pass(SECOND);
    assert!(machine.said("was killed and does not end"));
    assert_ne!(machine.worker(Role::Vrrp), Some(id));
    assert_eq!(former(&mut machine, Role::Vrrp), Some(vec![1]));
}

#[test]
fn a_stop_in_order_removes_everything_and_takes_no_longer_than_the_workers() {
    let mut machine = running(both());
    machine.stop();
    assert_eq!(machine.told.last(), Some(&Tell::Stopping(0)));
    machine.settle();
    assert_eq!(machine.exit, Some(0));
    assert!(machine.kernel.is_empty());
    let sweeps = |action: &Action| matches!(action, Action::Start { task: Task::Sweep, .. });
    assert!(!machine.actions.iter().any(sweeps));
}

#[test]
fn leftovers_of_a_worker_that_is_killed_at_the_stop_or_dies_of_it_are_removed_before_the_daemon_ends() {
    let mut machine = running(both());
    machine.process(Role::Vrrp).character.hangs = true;
    machine.process(Role::Lvs).character.hangs = true;
    machine.stop();
    machine.run(Duration::from_millis(4999));
    assert_eq!(machine.kernel.len(), 2);
    machine.run(Duration::from_millis(1));
    assert!(machine.said("VRRP child process(1) does not end - killing it"));
    assert_eq!(machine.exit, Some(0));
    assert!(machine.kernel.is_empty());

    let mut machine = running(both());
    machine.stop();
    die(&mut machine, Role::Vrrp);
    die(&mut machine, Role::Lvs);
    machine.settle();
    assert_eq!(machine.exit, Some(0));
    assert!(machine.kernel.is_empty());
}

#[test]
fn sweeps_that_fail_again_and_again_are_reported_and_the_daemon_ends() {
    let mut machine = running(both());
    machine.stop();
    for _ in 0..6 {
        die(&mut machine, Role::Vrrp);
    }
    machine.settle();
    assert!(machine.said("cannot remove what the VRRP child process left in the kernel"));
    assert_eq!(machine.exit, Some(0));
}

#[test]
fn kept_objects_are_not_swept() {
    let settings = Settings { keep: PerRole { vrrp: true, lvs: true, bfd: false }, ..SETTINGS };
    let mut machine = Machine::new(settings, both());
    machine.settle();
    machine.stop();
    die(&mut machine, Role::Vrrp);
    machine.settle();
    assert_eq!(machine.exit, Some(0));
    assert_eq!(machine.kernel.len(), 2);
}

#[test]
fn a_second_request_to_stop_shortens_every_wait() {
    let mut machine = running(both());
    machine.process(Role::Vrrp).character.hangs = true;
    machine.stop();
    machine.run(SECOND);
    machine.stop();
    machine.run(2 * SECOND);
    assert_eq!(machine.exit, Some(0));
    assert!(machine.kernel.is_empty());
}

#[test]
fn a_stop_waits_for_scripts_until_its_deadline() {
    let mut machine = running(both());
    machine.stop();
    let ids: Vec<WorkerId> = machine.processes.keys().copied().collect();
    for id in ids {
        while machine.step(id) || machine.hear(id) {}
    }
    assert!(machine.winds_down && machine.exit.is_none());
    machine.pass(4 * SECOND);
    assert_eq!(machine.exit, None);
    machine.pass(SECOND);
    assert_eq!(machine.exit, Some(0));
}

#[test]
fn a_stop_during_a_reload_or_its_reading_ends_both() {
    let mut machine = running(both());
    machine.reload_to(things(&[2], &[81]));
    machine.stop();
    machine.settle();
    assert_eq!(machine.exit, Some(0));
    assert!(machine.kernel.is_empty());

    let mut machine = running(both());
    machine.reload();
    machine.stop();
    machine.read();
    assert_eq!(machine.supervisor.current(), 0);
    machine.settle();
    assert_eq!(machine.exit, Some(0));
}

#[test]
fn a_worker_that_was_ended_by_somebody_else_in_order_left_nothing() {
    let mut machine = running(both());
    let id = machine.worker(Role::Vrrp).unwrap();
    machine.supervisor.handle_stopped(machine.now, id);
    machine.end(id, Ended::Exited(0));
    assert!(machine.said("exited with status 0"));
    assert_eq!(former(&mut machine, Role::Vrrp), None);
}

#[test]
fn an_unexpected_message_of_a_worker_is_ignored() {
    let mut machine = running(both());
    let id = machine.worker(Role::Vrrp).unwrap();
    machine.reload_to(things(&[2], &[80]));
    for generation in [7, 0, 1, 1] {
        machine.supervisor.handle_running(machine.now, id, generation);
    }
    let gone = WorkerId(99);
    machine.supervisor.handle_running(machine.now, gone, 1);
    machine.supervisor.handle_refused(machine.now, gone, "late");
    machine.supervisor.handle_end(machine.now, gone, Ended::Exited(2));
    machine.perform();
    machine.settle();
    assert_eq!((machine.exit, machine.supervisor.current()), (None, 1));
}
