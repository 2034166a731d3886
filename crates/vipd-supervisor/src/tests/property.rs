//! Arbitrary interleavings of work, death, hanging, refusal, shortage, reload and stop.

use privsep::process::Ended;
use proptest::prelude::*;

use super::super::*;
use super::machine::*;

#[derive(Clone, Debug)]
enum Event {
    /// The worker in a role does some steps.
    Work(Role, u8),
    /// The parent hears some of what the worker in a role said.
    Hear(Role, u8),
    Die(Role),
    Hang(Role),
    /// The worker in a role refuses the next configuration that it gets.
    Refuse(Role),
    /// The process of a killed worker is reaped.
    Reap(Role),
    /// Its channel breaks.
    Break(Role),
    /// The next process cannot be made.
    Shortage,
    /// The file changes, and SIGHUP comes.
    Reload(Things),
    /// The same with a file that cannot be used.
    BadReload,
    /// The file is read.
    Read,
    Stop,
    /// Time passes until the supervisor wants to look.
    Wait,
    /// The parent does not run for so many milliseconds.
    Stall(u16),
}

fn role() -> impl Strategy<Value = Role> {
    prop_oneof![Just(Role::Vrrp), Just(Role::Lvs)]
}

fn config() -> impl Strategy<Value = Things> {
    let some = || proptest::collection::vec(0_u32..5, 0..4);
    (some(), some()).prop_map(|(vrrp, lvs)| things(&vrrp, &lvs))
}

fn event(stops: bool) -> impl Strategy<Value = Event> {
    prop_oneof![
        8 => (role(), 0_u8..6).prop_map(|(role, steps)| Event::Work(role, steps)),
        8 => (role(), 0_u8..6).prop_map(|(role, words)| Event::Hear(role, words)),
        2 => role().prop_map(Event::Die),
        1 => role().prop_map(Event::Hang),
        1 => role().prop_map(Event::Refuse),
        2 => role().prop_map(Event::Reap),
        1 => role().prop_map(Event::Break),
        1 => Just(Event::Shortage),
        4 => config().prop_map(Event::Reload),
        1 => Just(Event::BadReload),
        4 => Just(Event::Read),
        1 => Just(if stops { Event::Stop } else { Event::Wait }),
        4 => Just(Event::Wait),
        1 => (0_u16..20_000).prop_map(Event::Stall),
    ]
}

/// Everything is left to itself from here on, at most for so long.
const PATIENCE: Duration = Duration::from_secs(120);

impl Machine {
    fn handle(&mut self, event: Event) {
        match event {
            Event::Work(role, steps) => {
                for _ in 0..steps {
                    _ = self.worker(role).is_some_and(|id| self.step(id));
                }
            }
            Event::Hear(role, words) => {
                for _ in 0..words {
                    _ = self.worker(role).is_some_and(|id| self.hear(id));
                }
            }
            Event::Die(role) => {
                if let Some(id) = self.worker(role) {
                    self.end(id, Ended::Signalled(11));
                }
            }
            Event::Hang(role) if self.worker(role).is_some() => self.process(role).character.hangs = true,
            Event::Refuse(role) if self.worker(role).is_some() => self.process(role).character.refuses = true,
            Event::Reap(role) => {
                if let Some(id) = self.worker(role).filter(|id| self.killed.contains(id)) {
                    self.end(id, Ended::Signalled(9));
                }
            }
            Event::Break(role) => {
                if let Some(id) = self.worker(role) {
                    self.supervisor.handle_broken_channel(self.now, id, Some("garbage"));
                }
            }
            Event::Shortage => self.shortage = 1,
            Event::Reload(things) => {
                self.file = Ok(things);
                self.supervisor.handle_reload(self.now);
            }
            Event::BadReload => {
                self.file = Err("it is empty".to_owned());
                self.supervisor.handle_reload(self.now);
            }
            Event::Read => _ = self.read(),
            Event::Stop => self.supervisor.handle_stop(self.now, 0),
            Event::Wait => {
                if let Some(at) = self.supervisor.poll_timeout() {
                    self.pass(at.saturating_duration_since(self.now));
                }
            }
            Event::Stall(milliseconds) => self.pass(Duration::from_millis(milliseconds.into())),
            Event::Hang(_) | Event::Refuse(_) => {}
        }
        self.perform();
    }

    /// Faults end: a worker that is started from now on works, and no configuration is refused.
    fn heal(&mut self) {
        self.shortage = 0;
        for process in self.processes.values_mut() {
            process.character.refuses = false;
        }
        if self.file.is_err() {
            self.file = Ok(things(&[1], &[]));
        }
    }

    /// Sweep after sweep failed, and the log says that something may be left.
    fn gave_up(&self) -> bool {
        self.said("cannot remove what")
    }

    fn runs_the_configuration_in_force(&self) {
        let current = self.supervisor.current();
        let config = &self.configs[&current];
        for role in Role::ALL {
            let serving = self.supervisor.serving(role);
            assert_eq!(serving.is_some(), !config[role].is_empty(), "{role:?}");
            assert_eq!(self.worker(role), serving, "a worker that does not serve");
            let running = self.supervisor.slots[role].worker.as_ref().map(|worker| worker.running);
            assert!(running.is_none_or(|running| running == Some(current)));
        }
        let wanted: Vec<Thing> =
            Role::ALL.iter().flat_map(|&role| config[role].iter().map(move |&thing| (role, thing))).collect();
        if !self.gave_up() {
            assert_eq!(self.kernel.iter().copied().collect::<Vec<_>>(), wanted);
        }
        // Besides that in force, one that deletions may name, and the one that an undo goes back to.
        let for_undo = self.supervisor.undo.previous();
        let others = self.configs.keys().filter(|&&generation| Some(generation) != for_undo).count();
        assert!(others <= 2, "{others} configurations are kept");
        assert!(for_undo.is_none_or(|generation| self.configs.contains_key(&generation)));
        assert!(!self.supervisor.again && self.supervisor.reading.is_none());
    }
}

/// Deaths of sweepers are bounded, as are the sweeps.
fn bounded(events: Vec<Event>) -> Vec<Event> {
    let mut faults = PerRole::<u32>::default();
    let mut stopped = false;
    let keep = |event: &Event| {
        stopped |= matches!(event, Event::Stop);
        let (Event::Die(role) | Event::Hang(role) | Event::Break(role)) = event else { return true };
        faults[*role] += 1;
        faults[*role] <= 4
    };
    events.into_iter().filter(keep).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn in_the_end_all_workers_run_the_newest_configuration_and_nothing_else_is_in_the_kernel(
        first in config(),
        events in proptest::collection::vec(event(false), 0..80),
        last in proptest::option::of(config()),
    ) {
        let mut machine = Machine::new(SETTINGS, first);
        for event in bounded(events) {
            machine.handle(event);
            if machine.exit.is_some() {
                // A first configuration that was refused.
                prop_assert!(machine.kernel.is_empty() || machine.gave_up());
                return Ok(());
            }
        }
        machine.heal();
        if let Some(last) = last.clone() {
            machine.file = Ok(last);
            machine.reload();
        }
        machine.run(PATIENCE);
        if machine.exit.is_none() {
            machine.runs_the_configuration_in_force();
            if let Some(last) = last {
                prop_assert_eq!(&machine.configs[&machine.supervisor.current()], &last);
            }
        } else {
            prop_assert!(machine.kernel.is_empty() || machine.gave_up(), "{:?}", machine.kernel);
        }
    }

    #[test]
    fn a_stop_ends_in_bounded_time_and_leaves_nothing_in_the_kernel(
        first in config(),
        events in proptest::collection::vec(event(true), 0..80),
    ) {
        let mut machine = Machine::new(SETTINGS, first);
        for event in bounded(events) {
            machine.handle(event);
        }
        machine.heal();
        machine.stop();
        machine.run(Duration::from_secs(30));
        prop_assert!(machine.exit.is_some(), "it does not end: {:?}", machine.supervisor);
        if !machine.gave_up() {
            prop_assert!(machine.kernel.is_empty(), "{:?}", machine.kernel);
        }
        prop_assert!(machine.processes.is_empty());
    }
}
