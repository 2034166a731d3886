//! The end of a worker, and what follows: its successor, a sweep, or nothing.

use std::time::Instant;

use privsep::process::Ended;
use vipd_ipc::{LogLevel, Role, Task};
use vipd_log::EventKind;

use super::slot::Worker;
use super::stop::FATAL;
use super::workers::LAST_MOMENT;
use super::{Action, Supervisor, WorkerId};

impl Supervisor {
    /// A worker said that this machine cannot run its configuration, and ends.
    pub fn handle_refused(&mut self, now: Instant, id: WorkerId, reason: &str) {
        let Some((role, worker)) = self.worker(id) else { return };
        let was_serving = worker.is_serving();
        worker.refused = true;
        worker.leave(now, LAST_MOMENT);
        self.log(LogLevel::Error, reason);
        if was_serving && !self.go_back(now, reason) && !self.take_back(now, role) {
            self.log(LogLevel::Error, "Terminating");
            self.handle_stop(now, FATAL);
        }
    }

    /// The process of a worker could not be made.
    pub fn handle_not_started(&mut self, now: Instant, id: WorkerId, why: &str) {
        let Some((role, _)) = self.worker(id) else { return };
        self.log(LogLevel::Error, format!("cannot start the {} child process: {why}", role.name()));
        let Some(worker) = self.take_worker(role) else { return };
        if worker.is_first {
            // Nothing ran, so nothing is left.
            self.slots[role].left.clear();
        }
        if self.stop.is_some() || worker.task == Task::Sweep || self.go_back(now, why) {
            return self.fill(now, role);
        }
        let slot = &mut self.slots[role];
        slot.respawn_at = Some(now + slot.respawn.handle_death(now));
    }

    /// The process of a worker ended. Its earlier messages must be handled first.
    pub fn handle_end(&mut self, now: Instant, id: WorkerId, end: Ended) {
        let Some((role, _)) = self.worker(id) else { return };
        let Some(worker) = self.take_worker(role) else { return };
        let is_unable = matches!(end, Ended::Exited(status) if PERMANENT.contains(&status));
        let did_nothing = worker.is_first && worker.running.is_none() && (worker.refused || is_unable);
        if worker.stopped || did_nothing {
            self.slots[role].left.clear();
            self.slots[role].sweeps = 0;
        }
        let is_death = worker.task == Task::Serve && !worker.dismissed && !worker.refused;
        let name = role.name();
        if self.stop.is_none()
            && is_death
            && self.go_back(now, &format!("{name} child process ended ({end:?})"))
        {
            return;
        }
        if self.stop.is_none() && is_death {
            self.handle_death(now, role, &worker, end);
        } else {
            self.fill(now, role);
        }
    }

    fn take_worker(&mut self, role: Role) -> Option<Worker> {
        let worker = self.slots[role].worker.take()?;
        self.actions.push_back(Action::Forget { worker: worker.id, role });
        Some(worker)
    }

    /// A worker ended that nobody told to.
    fn handle_death(&mut self, now: Instant, role: Role, worker: &Worker, end: Ended) {
        let pid = worker.pid;
        match end {
            Ended::Exited(status) if PERMANENT.contains(&status) => {
                self.log(LogLevel::Error, format!("pid {pid} exited with permanent error {status}."));
                if !self.take_back(now, role) {
                    self.log(LogLevel::Error, "Terminating");
                    self.handle_stop(now, status);
                }
                return;
            }
            Ended::Exited(status) => {
                self.log(LogLevel::Error, format!("pid {pid} exited with status {status}"));
            }
            Ended::Signalled(signal) => {
                self.log(LogLevel::Error, format!("pid {pid} exited due to signal {signal}"));
            }
            Ended::NotStarted(errno) => {
                let why = nix::errno::Errno::from_raw(errno).desc();
                self.log(LogLevel::Error, format!("pid {pid} could not run this program: {why}"));
            }
        }
        self.respawn(now, role, pid);
    }

    /// Starts the successor of a worker that died: at once, or later if they die often.
    fn respawn(&mut self, now: Instant, role: Role, pid: u32) {
        let name = role.name();
        if !self.settings.respawn {
            self.log_event(EventKind::WorkerDied, format!("{name} child process({pid}) died: Exiting"));
            return self.handle_stop(now, 0);
        }
        if !self.wants(role) {
            return self.fill(now, role);
        }
        if self.reload_died_twice(role) && self.take_back(now, role) {
            return;
        }
        self.log_event(EventKind::WorkerDied, format!("{name} child process({pid}) died: Respawning"));
        let delay = self.slots[role].respawn.handle_death(now);
        if !delay.is_zero() {
            self.slots[role].respawn_at = Some(now + delay);
            let seconds = delay.as_secs();
            self.log(
                LogLevel::Info,
                format!("Restart of {name} process delayed {seconds} seconds to limit respawn rate"),
            );
        }
        self.fill(now, role);
    }

    /// Starts what an empty slot needs now: a worker that serves, one that sweeps, or none.
    pub(super) fn fill(&mut self, now: Instant, role: Role) {
        if self.slots[role].worker.is_some() {
            return; // its end comes here
        }
        if self.end_next_workers(now) {
            return;
        }
        if self.stop.is_some() {
            self.sweep(now, role);
            self.wind_down(now);
            return;
        }
        let waits = self.slots[role].respawn_at.is_some_and(|at| at > now);
        if !self.wants(role) {
            self.slots[role].respawn_at = None;
            self.sweep(now, role);
        } else if !waits {
            self.start(now, role, Task::Serve);
        } else if role == Role::Vrrp {
            // By the time the next one may start, a peer has the addresses too. (The tables of a load balancer are best
            // left alone meanwhile.)
            self.sweep(now, role);
        }
        self.conclude(now);
    }

    /// Starts a worker that removes what others left, if there can be anything, unless that failed too often.
    fn sweep(&mut self, now: Instant, role: Role) {
        if !self.has_to_sweep(role) {
            return;
        }
        if self.slots[role].sweeps < MAX_SWEEPS {
            return self.start(now, role, Task::Sweep);
        }
        if self.slots[role].sweeps == MAX_SWEEPS {
            self.slots[role].sweeps += 1;
            let text = format!(
                "cannot remove what the {} child process left in the kernel: check addresses and virtual servers by hand",
                role.name()
            );
            self.log(LogLevel::Error, text);
        }
    }
}

/// Exit statuses that a restart would not change: an unusable configuration, missing permission.
const PERMANENT: [u8; 2] = [2, 4];

/// Sweeps of one role in a row that may fail.
const MAX_SWEEPS: u8 = 5;
