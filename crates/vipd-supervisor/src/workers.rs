//! What is done with one worker while it runs: its start, its configurations, its dismissal, its silence.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use privsep::process::Ended;
use vipd_ipc::{LogLevel, Role, Task};

use super::deadline::Deadline;
use super::heartbeat::{Heartbeat, Pulse};
use super::slot::{Phase, Worker};
use super::{Action, Supervisor, WorkerId};

impl Supervisor {
    /// Starts a worker with the configuration in force, where there is none.
    pub(super) fn start(&mut self, now: Instant, role: Role, task: Task) {
        let generation = self.current;
        let Some(demand) = self.demands.get(&generation) else { return };
        self.last_worker += 1;
        let id = WorkerId(self.last_worker);
        let slot = &mut self.slots[role];
        let predecessor = slot.left.predecessor(&demand.services[role]);
        let phase = match task {
            Task::Serve => {
                slot.respawn.handle_start(now);
                slot.starts = slot.starts.saturating_add(1);
                slot.respawn_at = None;
                slot.left.note_sent(&demand.services[role]);
                Phase::Serving(Heartbeat::new(now))
            }
            Task::Sweep => {
                slot.sweeps = slot.sweeps.saturating_add(1);
                Phase::Leaving(Deadline::after(now, SWEEP_TIME))
            }
        };
        slot.worker = Some(Worker {
            id,
            pid: 0,
            task,
            phase,
            sent: generation,
            awaited: VecDeque::from([generation]),
            running: None,
            dismissed: false,
            refused: false,
            stopped: false,
            is_first: predecessor.is_none(),
        });
        self.actions.push_back(Action::Start { worker: id, role, generation, task, predecessor });
    }

    /// Sends the configuration in force to the worker that serves in a role.
    pub(super) fn configure(&mut self, now: Instant, role: Role) {
        let generation = self.current;
        let Some(demand) = self.demands.get(&generation) else { return };
        let slot = &mut self.slots[role];
        let Some(worker) = slot.worker.as_mut() else { return };
        worker.sent = generation;
        worker.awaited.push_back(generation);
        if let Phase::Serving(heartbeat) = &mut worker.phase {
            heartbeat.handle_work(now);
        }
        slot.left.note_sent(&demand.services[role]);
        self.actions.push_back(Action::Configure { worker: worker.id, generation });
    }

    /// Tells the worker that serves in a role to stop.
    pub(super) fn dismiss(&mut self, now: Instant, role: Role) {
        let handover = if role == Role::Vrrp { self.stop_handover() } else { Duration::ZERO };
        let within = self.child_wait_time() + handover;
        if let Some(worker) = self.slots[role].serving() {
            worker.dismissed = true;
            worker.leave(now, within);
            self.actions.push_back(Action::Stop(worker.id));
        }
    }

    pub(super) fn time_worker(&mut self, now: Instant, role: Role) {
        let timeout = self.demand().and_then(|demand| demand.worker_timeout);
        let slot = &mut self.slots[role];
        let Some(worker) = slot.worker.as_mut() else {
            if slot.respawn_at.is_some_and(|at| at <= now) {
                slot.respawn_at = None;
                self.fill(now, role);
            }
            return;
        };
        let (id, pid) = (worker.id, worker.pid);
        let silence = timeout.map(|timeout| worker.allowed_silence(timeout));
        match (&mut worker.phase, silence) {
            (Phase::Serving(heartbeat), Some(silence)) => match heartbeat.handle_timeout(now, silence) {
                Pulse::Fine => {}
                Pulse::Ask => self.actions.push_back(Action::Probe(id)),
                Pulse::Hung => {
                    slot.left.note_hung();
                    let seconds = silence.as_secs_f32();
                    self.kill(now, role, &format!("({pid}) has not answered for {seconds} s"));
                }
            },
            (Phase::Leaving(deadline), _) => {
                if deadline.is_over(now) {
                    self.kill(now, role, &format!("({pid}) does not end"));
                }
            }
            (Phase::Killed(until), _) if *until <= now => {
                let text = format!("{} child process({pid}) was killed and does not end", role.name());
                self.log(LogLevel::Error, text);
                self.handle_end(now, id, Ended::Signalled(SIGKILL));
            }
            (Phase::Serving(_) | Phase::Killed(_), _) => {}
        }
    }

    pub(super) fn kill(&mut self, now: Instant, role: Role, why: &str) {
        let Some(worker) = self.slots[role].worker.as_mut() else { return };
        worker.phase = Phase::Killed(now + LAST_WAIT);
        self.actions.push_back(Action::Kill(worker.id));
        self.log(LogLevel::Error, format!("{} child process{why} - killing it", role.name()));
    }
}

/// Longest time to exit of a worker that cannot be reached, or says that it ends.
pub(super) const LAST_MOMENT: Duration = Duration::from_secs(2);

/// Time limit of a worker that only removes leftovers.
const SWEEP_TIME: Duration = Duration::from_secs(2);

/// Longest wait for the end of a killed worker.
pub(super) const LAST_WAIT: Duration = Duration::from_secs(1);

const SIGKILL: i32 = 9;
