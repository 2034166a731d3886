//! What the run of a check script says, by the clock of its own process.

use std::collections::HashMap;
use std::time::Duration;

use vrrp_election::{ScriptId, ScriptResult};

use crate::ipc::{ScriptOutcome, ScriptRun};

/// What the log says of check scripts.
#[derive(Debug, Default)]
pub(super) struct Reasons {
    /// How each failed last.
    pub(super) failures: HashMap<ScriptId, String>,
    /// Why each could not be run last.
    pub(super) shortages: HashMap<ScriptId, &'static str>,
}

impl Reasons {
    /// A run ended that may take so long: what it says.
    pub(super) fn note(&mut self, script: ScriptId, run: &ScriptRun, timeout: Duration) -> ScriptResult {
        let result = result(run, timeout);
        match result {
            ScriptResult::Failed => _ = self.failures.insert(script, failure(run, timeout)),
            ScriptResult::Unknown => _ = self.shortages.insert(script, shortage(run)),
            ScriptResult::Passed => {}
        }
        result
    }

    /// Scripts have other numbers now.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

fn shortage(run: &ScriptRun) -> &'static str {
    match run.outcome {
        ScriptOutcome::Shortage(libc::ETIMEDOUT) => "no answer from a file system",
        ScriptOutcome::Shortage(errno) => nix::errno::Errno::from_raw(errno).desc(),
        _ => "unknown",
    }
}

/// What a run says that may take so long.
fn result(run: &ScriptRun, timeout: Duration) -> ScriptResult {
    match run.outcome {
        ScriptOutcome::Shortage(_) => ScriptResult::Unknown,
        ScriptOutcome::Exited(0) if !is_late(run, timeout) => ScriptResult::Passed,
        ScriptOutcome::Exited(_) | ScriptOutcome::Signalled(_) | ScriptOutcome::NotStarted(_) => {
            ScriptResult::Failed
        }
    }
}

/// What the log says of a check that failed, in keepalived's words.
fn failure(run: &ScriptRun, timeout: Duration) -> String {
    match run.outcome {
        _ if is_late(run, timeout) => "timed_out".to_owned(),
        ScriptOutcome::Exited(status) => format!("failed (exited with status {status})"),
        ScriptOutcome::Signalled(signal) => format!("failed due to signal {signal}"),
        ScriptOutcome::NotStarted(errno) => {
            format!("failed (cannot be run: {})", nix::errno::Errno::from_raw(errno).desc())
        }
        ScriptOutcome::Shortage(_) => "failed".to_owned(),
    }
}

fn is_late(run: &ScriptRun, timeout: Duration) -> bool {
    let ran = run.started.map_or(0, |started| run.ended.0.saturating_sub(started.0));
    u128::from(ran) >= timeout.as_nanos()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ipc::Monotonic;

    const SECOND: Duration = Duration::from_secs(1);

    /// A run that surely took so many milliseconds.
    fn run(outcome: ScriptOutcome, ms: u64) -> ScriptRun {
        let started = Monotonic(5_000_000_000);
        ScriptRun { started: Some(started), ended: Monotonic(started.0 + ms * 1_000_000), outcome }
    }

    #[test]
    fn only_status_0_within_the_time_is_a_pass() {
        use ScriptOutcome::*;
        for (outcome, ms, expected) in [
            (Exited(0), 0, ScriptResult::Passed),
            (Exited(0), 999, ScriptResult::Passed),
            (Exited(0), 1_000, ScriptResult::Failed),
            (Exited(1), 0, ScriptResult::Failed),
            (Signalled(15), 0, ScriptResult::Failed),
            (NotStarted(libc::ENOENT), 0, ScriptResult::Failed),
            (Shortage(libc::EMFILE), 0, ScriptResult::Unknown),
        ] {
            assert_eq!(result(&run(outcome, ms), SECOND), expected, "{outcome:?} {ms}");
        }
    }

    #[test]
    fn the_last_shortage_and_the_last_failure_are_remembered() {
        use ScriptOutcome::*;
        let (mut reasons, script) = (Reasons::default(), ScriptId(4));
        assert_eq!(reasons.note(script, &run(Shortage(libc::EMFILE), 0), SECOND), ScriptResult::Unknown);
        assert_eq!(reasons.shortages[&script], "Too many open files");
        reasons.note(script, &run(Shortage(libc::ETIMEDOUT), 0), SECOND);
        assert_eq!(reasons.shortages[&script], "no answer from a file system");
        assert_eq!(reasons.note(script, &run(Exited(7), 3), SECOND), ScriptResult::Failed);
        assert_eq!(reasons.note(script, &run(Exited(0), 3), SECOND), ScriptResult::Passed);
        assert_eq!(reasons.failures[&script], "failed (exited with status 7)");
        reasons.clear();
        assert!(reasons.failures.is_empty() && reasons.shortages.is_empty());
    }

    #[test]
    fn a_run_without_a_process_is_not_late() {
        let answered =
            ScriptRun { started: None, ended: Monotonic(u64::MAX), outcome: ScriptOutcome::Exited(0) };
        assert_eq!(result(&answered, SECOND), ScriptResult::Passed);
    }

    #[test]
    fn the_log_says_how_a_check_failed() {
        use ScriptOutcome::*;
        for (outcome, ms, text) in [
            (Exited(7), 3, "failed (exited with status 7)"),
            (Signalled(15), 1_001, "timed_out"),
            (Exited(0), 1_001, "timed_out"),
            (Signalled(11), 3, "failed due to signal 11"),
            (NotStarted(libc::ENOENT), 0, "failed (cannot be run: No such file or directory)"),
        ] {
            assert_eq!(failure(&run(outcome, ms), SECOND), text);
        }
    }
}
