//! `MISC_CHECK` scripts that run: the parent starts them, here their time is kept.

use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant};

use lvs_health::director::AttemptId;

use crate::ipc::{Generation, ScriptAct};

/// Which script, as the parent knows it.
pub(super) type ScriptKey = (Generation, u32);

/// The scripts under way.
#[derive(Debug, Default)]
pub(super) struct Scripts {
    running: HashMap<ScriptKey, Run>,
    deadlines: BTreeSet<(Instant, ScriptKey)>,
}

#[derive(Debug)]
struct Run {
    /// Who waits for it; `None` once nobody does.
    attempt: Option<AttemptId>,
    deadline: Instant,
    /// SIGTERM was sent.
    terminated: bool,
}

/// What is to be done.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// Ask this of the parent.
    Ask(ScriptKey, ScriptAct),
    /// This attempt took too long.
    TimedOut(AttemptId),
}

impl Scripts {
    /// Starts a run. `false`: the last one of this script has not ended, although it was told to.
    pub(super) fn begin(
        &mut self,
        now: Instant,
        key: ScriptKey,
        attempt: AttemptId,
        timeout: Duration,
    ) -> bool {
        if self.running.contains_key(&key) {
            return false;
        }
        let deadline = now + timeout;
        self.running.insert(key, Run { attempt: Some(attempt), deadline, terminated: false });
        self.deadlines.insert((deadline, key));
        true
    }

    /// A run ended: who waited for it.
    pub(super) fn handle_done(&mut self, key: ScriptKey) -> Option<AttemptId> {
        let run = self.running.remove(&key)?;
        self.deadlines.remove(&(run.deadline, key));
        run.attempt
    }

    /// Nobody waits for this attempt any more: gives the script to terminate.
    pub(super) fn cancel(&mut self, now: Instant, attempt: AttemptId) -> Option<ScriptKey> {
        let (&key, run) = self.running.iter_mut().find(|(_, run)| run.attempt == Some(attempt))?;
        run.attempt = None;
        Self::terminate(&mut self.deadlines, now, key, run);
        Some(key)
    }

    /// Time passed.
    pub(super) fn handle_timeout(&mut self, now: Instant) -> Vec<Due> {
        let mut due = Vec::new();
        while let Some(&(at, key)) = self.deadlines.first()
            && at <= now
        {
            self.deadlines.pop_first();
            let Some(run) = self.running.get_mut(&key) else { continue };
            if run.terminated {
                due.push(Due::Ask(key, ScriptAct::Kill));
                run.deadline = now + KILL_AGAIN;
                self.deadlines.insert((run.deadline, key));
                continue;
            }
            due.push(Due::Ask(key, ScriptAct::Terminate));
            due.extend(run.attempt.take().map(Due::TimedOut));
            Self::terminate(&mut self.deadlines, now, key, run);
        }
        due
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.deadlines.first().map(|&(at, _)| at)
    }

    fn terminate(
        deadlines: &mut BTreeSet<(Instant, ScriptKey)>,
        now: Instant,
        key: ScriptKey,
        run: &mut Run,
    ) {
        deadlines.remove(&(run.deadline, key));
        run.terminated = true;
        run.deadline = now + GRACE;
        deadlines.insert((run.deadline, key));
    }
}

/// Between SIGTERM and SIGKILL.
const GRACE: Duration = Duration::from_secs(2);

/// Between one SIGKILL and the next, for a process the kernel cannot end yet.
const KILL_AGAIN: Duration = Duration::from_secs(10);
