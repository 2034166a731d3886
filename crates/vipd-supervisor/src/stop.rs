//! The stop: the workers first, then what they left, then the scripts that their last events called for, then
//! `shutdown_script`.

use std::time::{Duration, Instant};

use vipd_ipc::{LogLevel, Role};

use super::slot::Phase;
use super::{Action, LifeScript, Supervisor, Tell};

/// A stop under way.
#[derive(Debug)]
pub(super) struct Stop {
    status: u8,
    /// Workers and scripts that still run then are not waited for.
    deadline: Instant,
    /// When the daemon ends, whatever still runs: once no worker is left.
    pub(super) exit_at: Option<Instant>,
    /// Everything else that ran has ended, or is not waited for.
    exited: bool,
}

impl Supervisor {
    /// SIGTERM, SIGINT or the end after a permanent error. Asked a second time, it waits less.
    pub fn handle_stop(&mut self, now: Instant, status: u8) {
        if let Some(stop) = &mut self.stop {
            stop.status = stop.status.max(status);
            return self.hasten(now);
        }
        self.log(LogLevel::Info, "Stopping");
        self.tell(Tell::Stopping(status));
        self.forget_reload();
        self.forget_upgrade(now);
        self.abandon_startup(now);
        let deadline = now + self.child_wait_time() + self.stop_handover();
        self.stop = Some(Stop { status, deadline, exit_at: None, exited: false });
        for role in Role::ALL {
            self.slots[role].respawn_at = None;
            self.slots[role].sweeps = 0;
            self.dismiss(now, role);
        }
        for role in Role::ALL {
            self.fill(now, role);
        }
    }

    fn hasten(&mut self, now: Instant) {
        let soon = now + HASTE;
        self.hasten_script(soon);
        if let Some(stop) = &mut self.stop {
            stop.deadline = stop.deadline.min(soon);
            stop.exit_at = stop.exit_at.map(|at| at.min(soon));
        }
        let waits = !self.stop_handover().is_zero();
        for role in Role::ALL {
            if let Some(worker) = &mut self.slots[role].worker
                && let Phase::Leaving(deadline) = &mut worker.phase
            {
                deadline.shorten(soon);
                // A worker that waits for another machine to take over does so no longer.
                if waits && role == Role::Vrrp && worker.dismissed {
                    self.actions.push_back(Action::Stop(worker.id));
                }
            }
        }
    }

    /// Goes on with the stop when no worker is left.
    pub(super) fn wind_down(&mut self, now: Instant) {
        let Some(stop) = &mut self.stop else { return };
        if stop.exit_at.is_none() && !stop.exited && self.slots.iter().all(|slot| slot.worker.is_none()) {
            // Scripts of a worker that was killed at the deadline need a moment, too.
            stop.exit_at = Some(stop.deadline.max(now + LAST_SCRIPTS));
            self.actions.push_back(Action::WindDown);
        }
    }

    /// Scripts and mails have ended as well.
    pub fn handle_quiet(&mut self, now: Instant) {
        let Some(stop) = self.stop.as_mut().filter(|stop| stop.exit_at.is_some() && !stop.exited) else {
            return;
        };
        stop.exited = true;
        stop.exit_at = None;
        if !self.run_script(now, LifeScript::Shutdown) {
            self.exit();
        }
    }

    /// Nothing is left to be done.
    pub(super) fn exit(&mut self) {
        if let Some(stop) = &self.stop {
            self.actions.push_back(Action::Exit(stop.status));
        }
    }

    pub(super) fn time_stop(&mut self, now: Instant) {
        if self.stop.as_ref().and_then(|stop| stop.exit_at).is_some_and(|at| at <= now) {
            self.handle_quiet(now);
        }
    }
}

/// Time left after the second request to stop.
const HASTE: Duration = Duration::from_secs(1);

/// Least time for scripts, from the end of the last worker.
const LAST_SCRIPTS: Duration = Duration::from_secs(1);

/// Exit status where this machine lacks what is needed.
pub(super) const FATAL: u8 = 1;
