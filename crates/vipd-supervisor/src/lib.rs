//! Which worker runs with which configuration: what the parent decides, as a value.
//!
//! There is no process, channel, file or clock in here. The parent tells it what happened (`handle_*`), does what it
//! asks for ([`Supervisor::poll_action`]) until nothing is left, and calls [`Supervisor::handle_timeout`] when
//! [`Supervisor::poll_timeout`] says. Invariants:
//!
//! - In each role at most one worker runs configurations, and the next is started only when the end of the last is known,
//!   or a moment after it was killed.
//! - All workers are led to the same configuration: the newest that none of them refused.
//! - Everything that a worker may have put into the kernel is told to its successor, until one has stopped in order. If
//!   none is to follow (nothing is configured for it any more, the daemon stops, the next one has to wait), a worker is
//!   started that only removes it.
//! - `startup_script` ends before the first worker starts, `shutdown_script` starts after the last one ended.
//! - Everything that is waited for has a deadline, and a deadline that the parent itself was late for is given once more.

mod action;
mod deadline;
mod demand;
mod end;
mod heartbeat;
mod left_behind;
mod reload;
mod respawn;
mod script;
mod slot;
mod stop;
#[cfg(test)]
mod tests;
mod undo;
mod upgrade;
mod workers;

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use vipd_ipc::{Generation, LogLevel, PerRole, Role, Task};
use vipd_log::EventKind;

pub use action::{Action, Occasion, ReadId, Settings, Tell, WorkerId, WorkerReport};
pub use demand::Demand;
pub use left_behind::LeftBehind;
use reload::{Phase as ReloadPhase, ReadAttempt};
pub use script::LifeScript;
use script::ScriptRun;
use slot::{Phase, Slot, Worker};
use stop::Stop;
use undo::Undo;
use upgrade::Upgrade;
pub use upgrade::{Inherited, UpgradeId};
use workers::LAST_MOMENT;

/// The supervisor. The module's text says how it is used and what always holds.
#[derive(Debug)]
pub struct Supervisor {
    settings: Settings,
    /// Configurations that messages of workers may still refer to. That in force is always there.
    demands: BTreeMap<Generation, Demand>,
    /// The configuration in force.
    current: Generation,
    /// Numbers are used once, also for configurations that were taken back.
    last_generation: Generation,
    reload: ReloadPhase,
    reading: Option<ReadAttempt>,
    /// One more reload was asked for meanwhile.
    again: bool,
    undo: Undo,
    /// The reload that workers take: the number of its reading.
    taking: u64,
    /// The number of the last reading whose reload is over.
    reload_ended: u64,
    /// The configuration that all workers last ran together.
    agreed: Option<Generation>,
    slots: PerRole<Slot>,
    /// `startup_script` or `shutdown_script`, while it runs.
    script: Option<ScriptRun>,
    stop: Option<Stop>,
    upgrade: Upgrade,
    last_worker: u64,
    last_read: u64,
    last_upgrade: u64,
    actions: VecDeque<Action>,
}

impl Supervisor {
    /// Starts with a configuration, which has number 0.
    pub fn new(now: Instant, settings: Settings, demand: Demand) -> Self {
        let mut supervisor = Self::idle(settings, demand);
        if !supervisor.run_script(now, LifeScript::Startup) {
            supervisor.begin(now);
        }
        supervisor
    }

    /// Starts the first workers.
    fn begin(&mut self, now: Instant) {
        self.enforce(Occasion::Start);
        let wanted: Vec<Role> = Role::ALL.into_iter().filter(|&role| self.wants(role)).collect();
        for &role in &wanted {
            self.start(now, role, Task::Serve);
        }
        if wanted.is_empty() {
            self.log(LogLevel::Info, "Nothing to run in this configuration");
        }
        if !wanted.contains(&Role::Vrrp) {
            self.sweep_after_earlier_run(now);
        }
        self.conclude(now);
    }

    /// Removes the addresses of an earlier run that was killed, although no instance is configured any more: another
    /// machine may have them by now. The kernel knows them by their mark. One attempt, for most often there are none.
    fn sweep_after_earlier_run(&mut self, now: Instant) {
        let Settings { allowed, keep, .. } = self.settings;
        if allowed.vrrp && !keep.vrrp {
            self.start(now, Role::Vrrp, Task::Sweep);
        }
    }

    /// The next thing to do.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let timeout = self.demand().and_then(|demand| demand.worker_timeout);
        let slots = self.slots.iter().filter_map(|slot| slot.poll_timeout(timeout));
        let reading = self.reading.as_ref().map(|reading| reading.until.at());
        let stop = self.stop.as_ref().and_then(|stop| stop.exit_at);
        let script = self.script.as_ref().map(ScriptRun::poll_timeout);
        slots
            .chain(reading)
            .chain(stop)
            .chain(script)
            .chain(self.undo_timeout())
            .chain(self.upgrade_timeout())
            .min()
    }

    /// Time passed. Messages that have arrived by now must be handled first.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.time_reading(now);
        for role in Role::ALL {
            self.time_worker(now, role);
        }
        self.time_script(now);
        self.time_undo(now);
        self.time_upgrade(now);
        self.time_stop(now);
    }

    /// The configuration in force.
    pub fn current(&self) -> Generation {
        self.current
    }

    /// The worker that runs configurations in a role.
    pub fn serving(&self, role: Role) -> Option<WorkerId> {
        self.slots[role].worker.as_ref().filter(|worker| worker.is_serving()).map(|worker| worker.id)
    }

    /// State of the worker in a role; `None` if it is not needed and never was.
    pub fn report(&self, role: Role) -> Option<WorkerReport> {
        let slot = &self.slots[role];
        let serving = slot.worker.as_ref().filter(|worker| worker.task == Task::Serve);
        if serving.is_none() && !self.wants(role) {
            return None;
        }
        Some(WorkerReport {
            pid: serving.map(|worker| worker.pid).filter(|&pid| pid != 0),
            restarts: slot.starts.saturating_sub(1),
            heard: serving.and_then(|worker| match &worker.phase {
                Phase::Serving(heartbeat) => Some(heartbeat.heard()),
                Phase::Leaving(_) | Phase::Killed(_) => None,
            }),
        })
    }

    /// The process of a worker was started.
    pub fn handle_started(&mut self, id: WorkerId, pid: u32) {
        if let Some((_, worker)) = self.worker(id) {
            worker.pid = pid;
        }
    }

    /// A worker said something.
    pub fn handle_heard(&mut self, now: Instant, id: WorkerId) {
        if let Some((_, Worker { phase: Phase::Serving(heartbeat), .. })) = self.worker(id) {
            heartbeat.handle_heard(now);
        }
    }

    /// A worker wants its successor to know this.
    pub fn handle_remember(&mut self, id: WorkerId, key: String, value: Option<Vec<u8>>) {
        let Some((role, _)) = self.worker(id) else { return };
        if let Err(error) = self.slots[role].left.remember(key, value) {
            self.log(LogLevel::Error, format!("{} child process: {error}", role.name()));
        }
    }

    /// A worker runs a configuration.
    pub fn handle_running(&mut self, now: Instant, id: WorkerId, generation: Generation) {
        let current = self.current;
        let Some((role, worker)) = self.worker(id) else { return };
        if worker.task == Task::Sweep {
            return;
        }
        let is_first = worker.running.is_none();
        if !worker.note_running(generation) {
            return;
        }
        let (pid, is_serving) = (worker.pid, worker.is_serving());
        let is_last_sent = worker.awaited.is_empty();
        let slot = &mut self.slots[role];
        slot.sweeps = 0;
        if is_last_sent && let Some(demand) = self.demands.get(&generation) {
            slot.left.note_running(&demand.services[role]);
        }
        if generation != current || !is_last_sent || !is_serving {
            return;
        }
        let reloads = self.agreed.is_some() && self.reload != ReloadPhase::Idle;
        if reloads || is_first {
            let (event, text) = if reloads {
                (EventKind::Reload, "Reload complete")
            } else {
                (EventKind::Start, "Startup complete")
            };
            self.actions.push_back(Action::ReportAs { role, pid, event, text });
        }
        if !self.wants(role) {
            // Everything was taken out of the configuration: deletions are told, now it can go.
            self.dismiss(now, role);
        }
        self.conclude(now);
    }

    /// A worker said that nothing of it is left, and ends.
    pub fn handle_stopped(&mut self, now: Instant, id: WorkerId) {
        let Some((_, worker)) = self.worker(id) else { return };
        worker.stopped = true;
        worker.leave(now, LAST_MOMENT);
    }

    /// A worker cannot be talked to any more: it gets a moment to end by itself, for its exit status may say why.
    pub fn handle_broken_channel(&mut self, now: Instant, id: WorkerId, why: Option<&str>) {
        let Some((role, worker)) = self.worker(id) else { return };
        let (pid, was_serving) = (worker.pid, worker.is_serving());
        worker.leave(now, LAST_MOMENT);
        if let Some(why) = why.filter(|_| was_serving) {
            self.log(LogLevel::Error, format!("{} child process({pid}): {why}", role.name()));
        }
    }

    /// The worker of this name, if it is still one of ours.
    fn worker(&mut self, id: WorkerId) -> Option<(Role, &mut Worker)> {
        let PerRole { vrrp, lvs, bfd } = &mut self.slots;
        let slots = [(Role::Vrrp, vrrp), (Role::Lvs, lvs), (Role::Bfd, bfd)];
        slots.into_iter().find_map(|(role, slot)| slot.worker(id).map(|worker| (role, worker)))
    }

    fn demand(&self) -> Option<&Demand> {
        self.demands.get(&self.current)
    }

    /// Whether the configuration in force has something to do for a worker in this role.
    fn wants(&self, role: Role) -> bool {
        let has_work = self.demand().is_some_and(|demand| demand.work[role]);
        self.settings.allowed[role] && (has_work || self.settings.all)
    }

    /// Whether something has to be removed from the kernel that workers in this role may have left.
    fn has_to_sweep(&self, role: Role) -> bool {
        self.slots[role].left.is_possible() && !self.settings.keep[role]
    }

    fn child_wait_time(&self) -> Duration {
        self.demand().map(|demand| demand.child_wait_time).unwrap_or_default()
    }

    /// Longest time that a VRRP worker may take to give its addresses away when it is told to stop: the longest of all
    /// configurations that it may run.
    fn stop_handover(&self) -> Duration {
        self.demands.values().map(|demand| demand.stop_handover).max().unwrap_or_default()
    }

    fn log(&mut self, level: LogLevel, text: impl Into<String>) {
        self.actions.push_back(Action::Log(level, text.into()));
    }

    fn log_event(&mut self, event: EventKind, text: String) {
        self.actions.push_back(Action::Report(LogLevel::Error, event, text));
    }

    fn tell(&mut self, what: Tell) {
        self.actions.push_back(Action::Tell(what));
    }
}
