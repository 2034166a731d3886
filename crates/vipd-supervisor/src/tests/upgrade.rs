//! Another program takes over, or does not.

use privsep::process::Ended;

use super::super::*;
use super::machine::*;

const SECOND: Duration = Duration::from_secs(1);

/// Both workers run.
fn running() -> Machine {
    let mut machine = Machine::new(SETTINGS, things(&[1], &[80]));
    machine.settle();
    machine
}

/// The same, with an upgrade whose program is tried.
fn trying() -> (Machine, UpgradeId) {
    let mut machine = running();
    let id = machine.supervisor.request_upgrade(machine.now, false).unwrap();
    machine.perform();
    assert_eq!(machine.trials, [id]);
    (machine, id)
}

fn tried(machine: &mut Machine, id: UpgradeId, result: Result<(), String>) {
    machine.supervisor.handle_tried(machine.now, id, result);
    machine.perform();
}

fn no(why: &str) -> Result<(), String> {
    Err(why.to_owned())
}

/// The machine after its parent was replaced by another program, which starts with what this one hands over.
fn taken_over(mut machine: Machine, can_go_back: bool) -> Machine {
    let left = PerRole {
        vrrp: machine.supervisor.left(Role::Vrrp).clone(),
        lvs: machine.supervisor.left(Role::Lvs).clone(),
        bfd: machine.supervisor.left(Role::Bfd).clone(),
    };
    let inherited = Inherited { left, reload: machine.supervisor.has_to_reload(), can_go_back };
    let config = machine.configs[&machine.supervisor.current()].clone();
    let demand = demand(&config);
    machine.configs = BTreeMap::from([(0, config)]);
    machine.actions.clear();
    machine.log.clear();
    machine.supervisor = Supervisor::resume(machine.now, SETTINGS, demand, &inherited);
    machine.perform();
    machine
}

fn kernel() -> std::collections::BTreeSet<Thing> {
    [(Role::Vrrp, 1), (Role::Lvs, 80)].into()
}

#[test]
fn workers_run_until_the_new_program_takes_over_and_leave_everything() {
    let (mut machine, id) = trying();
    machine.run(SECOND);
    assert_eq!(machine.processes.len(), 2, "nothing is disturbed while it is tried");
    tried(&mut machine, id, Ok(()));
    let (vrrp, lvs) = (machine.worker(Role::Vrrp).unwrap(), machine.worker(Role::Lvs).unwrap());
    assert_eq!(
        machine.killed,
        [lvs].into(),
        "others wait for the adverts of the VRRP worker: it is the last"
    );
    machine.end(lvs, Ended::Signalled(9));
    assert_eq!((machine.killed.clone(), machine.executed), ([vrrp].into(), 0));
    machine.end(vrrp, Ended::Signalled(9));
    assert_eq!(machine.executed, 1);
    assert_eq!(machine.kernel, kernel());
    let asked_to_stop = machine.actions.iter().any(|action| matches!(action, Action::Stop(_)));
    assert!(!asked_to_stop && !machine.said("died") && machine.upgrades.is_empty());

    let mut machine = taken_over(machine, true);
    let first = machine.actions.iter().find_map(|action| match action {
        Action::Start { role, predecessor, .. } => Some((*role, predecessor.is_some())),
        _ => None,
    });
    assert_eq!(first, Some((Role::Vrrp, true)), "its successor knows what is in the kernel");
    assert_eq!(machine.took_over, 0);
    machine.settle();
    assert_eq!((machine.took_over, machine.kernel.clone()), (1, kernel()));
    assert_eq!(machine.told.last(), Some(&Tell::Ready));
    assert!(machine.scripts_run.is_empty());
    // Inherited objects are removed at the end as if this program had put them there.
    machine.stop();
    machine.run(20 * SECOND);
    assert_eq!((machine.exit, machine.kernel.len()), (Some(0), 0));
}

#[test]
fn a_program_that_does_not_take_over_changes_nothing() {
    let (mut machine, id) = trying();
    let workers: Vec<WorkerId> = machine.processes.keys().copied().collect();
    tried(&mut machine, id, no("it is no vipd"));
    assert_eq!(machine.upgrades, [no("it is no vipd")]);
    machine.run(5 * SECOND);
    assert_eq!(machine.processes.keys().copied().collect::<Vec<_>>(), workers);
    assert_eq!((machine.executed, machine.kernel.clone()), (0, kernel()));
    // Another attempt may follow.
    assert!(machine.supervisor.request_upgrade(machine.now, false).is_ok());
}

#[test]
fn a_check_ends_with_the_trial() {
    let mut machine = running();
    let id = machine.supervisor.request_upgrade(machine.now, true).unwrap();
    machine.perform();
    tried(&mut machine, id, Ok(()));
    assert_eq!((machine.upgrades.clone(), machine.killed.len(), machine.executed), (vec![Ok(())], 0, 0));
}

#[test]
fn a_program_that_hangs_is_given_up() {
    let (mut machine, id) = trying();
    machine.run(14 * SECOND);
    assert!(machine.upgrades.is_empty());
    machine.run(2 * SECOND);
    assert_eq!(machine.abandoned, [id]);
    assert!(machine.upgrades[0].as_ref().unwrap_err().contains("15 s"), "{:?}", machine.upgrades);
    // A late answer does not count.
    tried(&mut machine, id, Ok(()));
    assert_eq!((machine.killed.len(), machine.executed, machine.kernel.clone()), (0, 0, kernel()));
}

#[test]
fn one_upgrade_at_a_time_and_none_beside_a_start_a_reload_or_a_stop() {
    let (mut machine, _) = trying();
    assert!(machine.supervisor.request_upgrade(machine.now, false).unwrap_err().contains("another upgrade"));

    let mut machine = Machine::new(SETTINGS, things(&[1], &[80]));
    assert!(machine.supervisor.request_upgrade(machine.now, false).is_err(), "it starts");
    machine.settle();
    machine.reload();
    assert!(machine.supervisor.request_upgrade(machine.now, false).is_err(), "it reloads");
    machine.settle();
    machine.supervisor.request_reload(machine.now, Some(60 * SECOND));
    machine.perform();
    machine.settle();
    let why = machine.supervisor.request_upgrade(machine.now, false).unwrap_err();
    assert!(why.contains("vipd confirm"), "{why}");
    machine.stop();
    assert!(machine.supervisor.request_upgrade(machine.now, false).is_err(), "it stops");
}

#[test]
fn a_worker_that_dies_in_the_middle_has_a_successor_or_is_ended_already() {
    let (mut machine, id) = trying();
    let vrrp = machine.worker(Role::Vrrp).unwrap();
    machine.end(vrrp, Ended::Signalled(11));
    assert!(machine.worker(Role::Vrrp).is_some_and(|successor| successor != vrrp));
    tried(&mut machine, id, Ok(()));
    // The successor dies by itself while the others end.
    let vrrp = machine.worker(Role::Vrrp).unwrap();
    machine.end(vrrp, Ended::Signalled(11));
    assert_eq!((machine.worker(Role::Vrrp), machine.executed), (None, 0));
    machine.settle();
    assert_eq!((machine.executed, machine.kernel.clone()), (1, kernel()));
    let mut machine = taken_over(machine, true);
    machine.settle();
    assert_eq!((machine.took_over, machine.kernel), (1, kernel()));
}

#[test]
fn a_reload_in_the_middle_waits_for_the_end() {
    let (mut machine, id) = trying();
    machine.reload_to(things(&[1], &[81]));
    assert!(machine.reads.is_empty() && !machine.told.contains(&Tell::Reloading));
    tried(&mut machine, id, no("no"));
    machine.settle();
    assert_eq!(machine.kernel, [(Role::Vrrp, 1), (Role::Lvs, 81)].into(), "the upgrade came to nothing");

    let (mut machine, id) = trying();
    machine.reload_to(things(&[1], &[81]));
    tried(&mut machine, id, Ok(()));
    machine.settle();
    assert_eq!((machine.executed, machine.kernel.clone()), (1, kernel()));
    let mut machine = taken_over(machine, true);
    machine.settle();
    assert_eq!(machine.took_over, 1);
    assert_eq!(machine.kernel, [(Role::Vrrp, 1), (Role::Lvs, 81)].into(), "the new program does it");
}

#[test]
fn a_stop_in_the_middle_ends_the_upgrade_and_removes_everything() {
    for ended in 0..3 {
        let (mut machine, id) = trying();
        if ended > 0 {
            tried(&mut machine, id, Ok(()));
        }
        if ended > 1 {
            let lvs = machine.worker(Role::Lvs).unwrap();
            machine.end(lvs, Ended::Signalled(9));
        }
        machine.stop();
        assert_eq!(machine.upgrades, [no("the daemon stops")], "{ended}");
        machine.run(20 * SECOND);
        assert_eq!((machine.exit, machine.kernel.len(), machine.executed), (Some(0), 0, 0), "{ended}");
    }
}

#[test]
fn where_the_new_program_cannot_be_executed_successors_go_on() {
    let (mut machine, id) = trying();
    tried(&mut machine, id, Ok(()));
    machine.settle();
    assert_eq!(machine.executed, 1);
    machine.supervisor.handle_not_executed(machine.now, "text file busy");
    machine.perform();
    assert_eq!(machine.upgrades, [no("text file busy")]);
    for role in [Role::Vrrp, Role::Lvs] {
        assert!(machine.process(role).predecessor.is_some());
    }
    machine.settle();
    assert_eq!(machine.kernel, kernel());
    assert!(machine.supervisor.request_upgrade(machine.now, false).is_ok());
}

/// A new program whose workers have been started and do not run yet.
fn on_probation(can_go_back: bool) -> Machine {
    let (mut machine, id) = trying();
    tried(&mut machine, id, Ok(()));
    machine.settle();
    machine.executed = 0;
    taken_over(machine, can_go_back)
}

#[test]
fn a_worker_of_the_new_program_that_dies_has_the_former_one_take_over_again() {
    for end in [Ended::Signalled(11), Ended::Exited(2)] {
        let mut machine = on_probation(true);
        let lvs = machine.worker(Role::Lvs).unwrap();
        machine.end(lvs, end);
        assert_eq!(machine.went_back.len(), 1);
        machine.settle();
        assert_eq!((machine.executed, machine.took_over, machine.exit), (1, 0, None));
        assert_eq!(machine.kernel, kernel());
        let mut machine = taken_over(machine, false);
        machine.settle();
        assert_eq!((machine.executed, machine.kernel.clone()), (1, kernel()), "once");
        assert_eq!(machine.processes.len(), 2);
    }
}

#[test]
fn a_new_program_whose_workers_refuse_or_hang_or_cannot_be_made_does_not_stay() {
    let mut machine = on_probation(true);
    machine.process(Role::Vrrp).character.refuses = true;
    machine.settle();
    assert_eq!((machine.went_back.len(), machine.executed, machine.exit), (1, 1, None));

    let mut machine = on_probation(true);
    let vrrp = machine.worker(Role::Vrrp).unwrap();
    machine.supervisor.handle_not_started(machine.now, vrrp, "no");
    machine.processes.remove(&vrrp);
    machine.perform();
    machine.settle();
    assert_eq!((machine.went_back.len(), machine.executed), (1, 1));

    let mut machine = on_probation(true);
    machine.process(Role::Vrrp).character.hangs = true;
    machine.run(60 * SECOND);
    assert_eq!((machine.went_back.len(), machine.executed, machine.took_over), (1, 1, 0));
}

#[test]
fn the_former_program_stays_whatever_its_workers_do() {
    let mut machine = on_probation(false);
    let lvs = machine.worker(Role::Lvs).unwrap();
    machine.end(lvs, Ended::Signalled(11));
    machine.run(5 * SECOND);
    assert_eq!((machine.executed, machine.went_back.len(), machine.exit), (0, 0, None));
    assert_eq!(machine.kernel, kernel());
}

#[test]
fn if_the_former_program_cannot_be_executed_again_the_new_one_goes_on() {
    let mut machine = on_probation(true);
    let lvs = machine.worker(Role::Lvs).unwrap();
    machine.end(lvs, Ended::Signalled(11));
    machine.settle();
    machine.supervisor.handle_not_executed(machine.now, "no memory");
    machine.perform();
    machine.settle();
    assert_eq!((machine.processes.len(), machine.took_over, machine.kernel.clone()), (2, 1, kernel()));
}

#[test]
fn a_stop_on_probation_is_a_stop() {
    let mut machine = on_probation(true);
    machine.stop();
    machine.run(20 * SECOND);
    assert_eq!((machine.exit, machine.kernel.len(), machine.executed), (Some(0), 0, 0));
}
