//! The processes of `startup_script` and `shutdown_script`. The supervisor decides about them.

use std::collections::BTreeMap;

use keepalived_conf::model::Run;
use keepalived_conf::model::daemon::Daemon;
use vipd_supervisor::LifeScript;
use vrrp_election::EndSignal;

use super::accounts::Accounts;
use super::command;
use super::process::{Child, Ended};
use crate::log::Log;

/// Those that run.
#[derive(Debug, Default)]
pub(super) struct LifeScripts(BTreeMap<LifeScript, Child>);

impl LifeScripts {
    /// Starts a script.
    ///
    /// # Errors
    /// There is no process to wait for: this is how it ended.
    pub(super) fn start(
        &mut self,
        which: LifeScript,
        daemon: &Daemon,
        accounts: &Accounts,
        log: &mut Log,
    ) -> Result<(), Ended> {
        let timed = match which {
            LifeScript::Startup => &daemon.startup_script,
            LifeScript::Shutdown => &daemon.shutdown_script,
        };
        let Some(timed) = timed else { return Err(Ended::Exited(0)) };
        log.info(format!("Running {} {}", which.name(), timed.command.text));
        if let Run::FileReadable(_) = &timed.command.run {
            // A check of a file is nothing to run.
            return Err(Ended::Exited(0));
        }
        let credentials = accounts
            .find(timed.command.user.as_ref())
            // Its user existed when the configuration was read.
            .map_err(|_| Ended::NotStarted(libc::EPERM))?;
        let started = command::launch(&timed.command, &[], credentials).and_then(|launch| launch.start());
        self.0.insert(which, started.map_err(|errno| Ended::NotStarted(errno as i32))?);
        Ok(())
    }

    /// Sends a signal to the process group of a script.
    pub(super) fn signal(&mut self, which: LifeScript, signal: EndSignal) {
        if let Some(child) = self.0.get_mut(&which) {
            match signal {
                EndSignal::Term => child.terminate(),
                EndSignal::Kill => child.kill(),
            }
        }
    }

    /// SIGCHLD came: those that ended.
    pub(super) fn reap(&mut self) -> Vec<(LifeScript, Ended)> {
        let mut ended = Vec::new();
        self.0.retain(|&which, child| {
            let end = child.poll();
            ended.extend(end.map(|end| (which, end)));
            end.is_none()
        });
        ended
    }

    /// Process ids of those that run.
    pub(super) fn pids(&self) -> impl Iterator<Item = u32> {
        self.0.values().map(Child::pid)
    }

    /// The daemon ends now: whatever still runs was not waited for.
    pub(super) fn abandon(&mut self) {
        for child in self.0.values_mut() {
            child.kill();
        }
    }
}
