//! The place of one worker: the process in it, if there is one, and when the next is started.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use vipd_ipc::{Generation, Task};

use super::WorkerId;
use super::deadline::Deadline;
use super::heartbeat::Heartbeat;
use super::left_behind::LeftBehind;
use super::respawn::Respawn;

/// The place of one worker.
#[derive(Debug, Default)]
pub(super) struct Slot {
    pub(super) worker: Option<Worker>,
    pub(super) respawn: Respawn,
    /// Number of workers that were started to run configurations.
    pub(super) starts: u32,
    /// When the next worker is started. Only while it has to wait for that.
    pub(super) respawn_at: Option<Instant>,
    /// Number of workers that died of the reload under way.
    pub(super) deaths: u8,
    /// Sweeps in a row that did not succeed.
    pub(super) sweeps: u8,
    pub(super) left: LeftBehind,
}

/// A worker process, from the decision to start it until its end is known.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "any of them may be true together with any other")]
pub(super) struct Worker {
    pub(super) id: WorkerId,
    /// For the log; 0 before it is known.
    pub(super) pid: u32,
    pub(super) task: Task,
    pub(super) phase: Phase,
    /// The configuration that it was last told to run.
    pub(super) sent: Generation,
    /// Those that it was told to run and did not say to have in force, in order.
    pub(super) awaited: VecDeque<Generation>,
    /// The one that it runs; `None` before it said so.
    pub(super) running: Option<Generation>,
    /// It was told to stop.
    pub(super) dismissed: bool,
    /// It said that it cannot run its configuration.
    pub(super) refused: bool,
    /// It said that nothing of it is left.
    pub(super) stopped: bool,
    /// Nothing can have been left by another worker when it started.
    pub(super) is_first: bool,
}

/// Progress of a worker.
#[derive(Debug)]
pub(super) enum Phase {
    /// It runs configurations.
    Serving(Heartbeat),
    /// It is about to end by itself, and is killed if it does not.
    Leaving(Deadline),
    /// It was killed. The kernel ends it at once, except in the middle of a system call that does not return; it is not
    /// waited for longer than this.
    Killed(Instant),
}

impl Worker {
    /// Whether it runs configurations, or will.
    pub(super) fn is_serving(&self) -> bool {
        matches!(self.phase, Phase::Serving(_))
    }

    /// Whether its answer to a configuration is awaited.
    pub(super) fn is_behind(&self) -> bool {
        self.is_serving() && !self.awaited.is_empty()
    }

    /// Whether its messages may still refer to a configuration.
    pub(super) fn may_name(&self, generation: Generation) -> bool {
        self.running == Some(generation) || self.awaited.contains(&generation)
    }

    /// It has a configuration in force; gives whether it was told to.
    pub(super) fn note_running(&mut self, generation: Generation) -> bool {
        let Some(place) = self.awaited.iter().position(|&awaited| awaited == generation) else {
            return false;
        };
        self.awaited.drain(..=place);
        self.running = Some(generation);
        true
    }

    /// Longest silence that it is allowed, if `timeout` is that of a worker with nothing else to do.
    pub(super) fn allowed_silence(&self, timeout: Duration) -> Duration {
        // It reads tables, opens sockets and sets addresses, perhaps thousands, before it listens again.
        if self.is_behind() { timeout * 2 } else { timeout }
    }

    /// It ends by itself within this time, or is killed. An earlier end stays.
    pub(super) fn leave(&mut self, now: Instant, within: Duration) {
        match &mut self.phase {
            Phase::Serving(_) => self.phase = Phase::Leaving(Deadline::after(now, within)),
            Phase::Leaving(deadline) => deadline.shorten(now + within),
            Phase::Killed(_) => {}
        }
    }
}

impl Slot {
    /// The worker of this name, if it is the one here.
    pub(super) fn worker(&mut self, id: WorkerId) -> Option<&mut Worker> {
        self.worker.as_mut().filter(|worker| worker.id == id)
    }

    /// The worker, if it runs configurations.
    pub(super) fn serving(&mut self) -> Option<&mut Worker> {
        self.worker.as_mut().filter(|worker| worker.is_serving())
    }

    /// When this slot needs attention next.
    pub(super) fn poll_timeout(&self, worker_timeout: Option<Duration>) -> Option<Instant> {
        let Some(worker) = &self.worker else { return self.respawn_at };
        match &worker.phase {
            Phase::Serving(heartbeat) => {
                Some(heartbeat.poll_timeout(worker.allowed_silence(worker_timeout?)))
            }
            Phase::Leaving(deadline) => Some(deadline.at()),
            Phase::Killed(until) => Some(*until),
        }
    }
}
