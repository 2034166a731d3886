//! Runs of `vrrp_script`s and `MISC_CHECK`s. When and how often is the worker's business; here they are started, stopped and reaped.

use std::collections::HashMap;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use keepalived_conf::model::{Command, Run};
use nix::errno::Errno;

use super::accounts::Accounts;
use super::command;
use super::post::Role;
use super::process::{Child, Ended, errno};
use crate::ipc::{Generation, ScriptOutcome};

/// Which script: whose it is, the generation of the configuration and the index in it.
pub(super) type ScriptKey = (Role, Generation, u32);

/// The check scripts that run now, at most one for each script.
#[derive(Debug, Default)]
pub(super) struct Checks {
    running: HashMap<ScriptKey, Child>,
    /// Runs for a worker that died: nobody waits for their result.
    orphans: Vec<Child>,
}

impl Checks {
    /// Starts a run. An outcome is given at once when there is no process to wait for. A second run of a script
    /// that still runs is not started.
    pub(super) fn run(
        &mut self,
        key: ScriptKey,
        command: &Command,
        accounts: &Accounts,
    ) -> Option<ScriptOutcome> {
        if let Run::FileReadable(file) = &command.run {
            return Some(read(file));
        }
        if self.running.contains_key(&key) {
            return None;
        }
        let started = accounts
            .find(command.user.as_ref())
            .map_err(|_| Errno::EINVAL)
            .and_then(|credentials| command::launch(command, &[], credentials))
            .and_then(|launch| launch.start());
        match started {
            Ok(child) => {
                self.running.insert(key, child);
                None
            }
            Err(errno) => Some(ScriptOutcome::NotStarted(errno as i32)),
        }
    }

    /// SIGTERM to a run that takes too long.
    pub(super) fn terminate(&mut self, key: ScriptKey) {
        if let Some(child) = self.running.get_mut(&key) {
            child.terminate();
        }
    }

    /// SIGKILL to a run that takes too long.
    pub(super) fn kill(&mut self, key: ScriptKey) {
        if let Some(child) = self.running.get_mut(&key) {
            child.kill();
        }
    }

    /// Ends all runs for a worker; their results are of no interest any more.
    pub(super) fn abandon(&mut self, role: Role) {
        for (_, mut child) in self.running.extract_if(|&(whose, _, _), _| whose == role) {
            child.kill();
            self.orphans.push(child);
        }
    }

    /// Process ids of all runs.
    pub(super) fn pids(&self) -> impl Iterator<Item = u32> {
        self.running.values().chain(&self.orphans).map(Child::pid)
    }

    /// The runs that ended.
    pub(super) fn reap(&mut self) -> Vec<(ScriptKey, ScriptOutcome)> {
        self.orphans.retain_mut(|child| child.poll().is_none());
        let mut ended = Vec::new();
        self.running.retain(|&key, child| {
            let outcome = child.poll().map(outcome);
            ended.extend(outcome.map(|outcome| (key, outcome)));
            outcome.is_none()
        });
        ended
    }
}

fn outcome(ended: Ended) -> ScriptOutcome {
    match ended {
        Ended::Exited(status) => ScriptOutcome::Exited(status),
        Ended::Signalled(signal) => ScriptOutcome::Signalled(signal),
        Ended::NotStarted(errno) => ScriptOutcome::NotStarted(errno),
    }
}

/// `</path>`: success is a file that can be opened. A FIFO without a writer must not make us wait.
fn read(file: &Path) -> ScriptOutcome {
    match std::fs::File::options().read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(file) {
        Ok(_) => ScriptOutcome::Exited(0),
        Err(error) if errno(&error) == Errno::ENOENT => ScriptOutcome::Exited(1),
        Err(error) => ScriptOutcome::NotStarted(errno(&error) as i32),
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::parent::testing::empty_config;

    const KEY: ScriptKey = (Role::Vrrp, 1, 2);

    fn command(text: &str, run: Run) -> Command {
        Command { text: text.to_owned(), run, user: None }
    }

    fn reaped(checks: &mut Checks) -> Vec<(ScriptKey, ScriptOutcome)> {
        let limit = Instant::now() + Duration::from_secs(10);
        loop {
            let ended = checks.reap();
            if !ended.is_empty() {
                return ended;
            }
            assert!(Instant::now() < limit, "nothing ended");
            std::thread::yield_now();
        }
    }

    #[test]
    fn a_file_check_is_answered_without_a_process() {
        let (mut checks, accounts) = (Checks::default(), Accounts::of(&empty_config()));
        let mut check =
            |path: &str| checks.run(KEY, &command(path, Run::FileReadable(path.into())), &accounts);
        assert_eq!(check("/etc/passwd"), Some(ScriptOutcome::Exited(0)));
        assert_eq!(check("/etc/no-such-file"), Some(ScriptOutcome::Exited(1)));
    }

    #[test]
    fn shell_text_is_run_by_a_shell_and_its_status_reported() {
        let (mut checks, accounts) = (Checks::default(), Accounts::of(&empty_config()));
        let check = command("[ -f /etc/passwd ] && exit 7 || exit 0", Run::Shell { bash: false });
        assert_eq!(checks.run(KEY, &check, &accounts), None);
        assert_eq!(reaped(&mut checks), [(KEY, ScriptOutcome::Exited(7))]);
    }

    #[test]
    fn a_run_past_its_time_ends_by_the_signal() {
        let (mut checks, accounts) = (Checks::default(), Accounts::of(&empty_config()));
        let slow = command("sleep 60", Run::Exec(vec!["sleep".into(), "60".into()]));
        assert_eq!(checks.run(KEY, &slow, &accounts), None);
        checks.kill(KEY);
        assert_eq!(reaped(&mut checks), [(KEY, ScriptOutcome::Signalled(libc::SIGKILL))]);
    }

    #[test]
    fn a_missing_program_is_an_outcome_too() {
        let (mut checks, accounts) = (Checks::default(), Accounts::of(&empty_config()));
        let missing = command("no-such-program-here", Run::Exec(vec!["no-such-program-here".into()]));
        assert_eq!(checks.run(KEY, &missing, &accounts), Some(ScriptOutcome::NotStarted(libc::ENOENT)));
    }
}
