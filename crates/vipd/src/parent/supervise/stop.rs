//! The stop: the workers first, then the scripts that its last events called for, both before one deadline.

use std::time::{Duration, Instant};

use super::super::post::Role;
use super::Parent;
use crate::ipc::ToWorker;
use crate::log::Log;

/// A stop under way.
#[derive(Debug)]
pub(super) struct Stop {
    /// Whoever still runs then is killed.
    pub(super) deadline: Instant,
    status: u8,
    killed: bool,
}

impl Parent {
    /// SIGTERM, SIGINT or the end after a permanent error. Asked a second time, it waits less.
    pub(super) fn handle_stop(&mut self, now: Instant, status: u8, log: &mut Log) {
        if let Some(stop) = &mut self.stop {
            stop.deadline = stop.deadline.min(now + HASTE);
            stop.status = stop.status.max(status);
            return;
        }
        log.info("Stopping");
        self.systemd.stopping(status);
        let patience = self.readings.get(&self.current).map(|reading| reading.config.global.child_wait_time);
        let deadline = now + patience.unwrap_or_default();
        self.stop = Some(Stop { deadline, status, killed: false });
        for role in Role::ALL {
            self.posts[role].respawn_at = None;
            self.tell_worker(role, &ToWorker::Stop, now, log);
        }
    }

    /// The exit status, once nothing is left to wait for.
    pub(super) fn finished(&mut self, now: Instant, log: &mut Log) -> Option<u8> {
        let stop = self.stop.as_mut()?;
        let late = stop.deadline <= now;
        let mut left = false;
        for role in Role::ALL {
            let Some(worker) = self.posts[role].worker.as_mut() else { continue };
            left = true;
            if late && !stop.killed {
                log.error(format!(
                    "{} child process({}) does not stop - killing it",
                    role.name(),
                    worker.pid()
                ));
                worker.kill();
            }
        }
        if left && !late {
            return None;
        }
        if left && !stop.killed {
            stop.killed = true;
            // A killed process ends at once, except in the middle of a system call that never returns.
            stop.deadline = now + LAST_WAIT;
            return None;
        }
        let is_done = self.notifier.is_idle() && self.mailing.is_done(now) && self.paths.is_quiet(now);
        if !late && !is_done {
            return None;
        }
        self.fifos.close();
        self.notifier.abandon(log);
        self.mailing.abandon(now, log);
        self.paths.abandon();
        for role in Role::ALL {
            self.checks.abandon(role);
        }
        Some(stop.status)
    }
}

/// What is left after the second request to stop.
const HASTE: Duration = Duration::from_secs(1);

/// For a killed worker.
const LAST_WAIT: Duration = Duration::from_millis(200);
