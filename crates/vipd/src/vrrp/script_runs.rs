//! What the run of a check script says, by the clock of its own process.

use std::time::Duration;

use vrrp_election::ScriptResult;

use crate::ipc::{ScriptOutcome, ScriptRun};

/// What a run says that may take so long.
pub(super) fn result(run: &ScriptRun, timeout: Duration) -> ScriptResult {
    match run.outcome {
        ScriptOutcome::Shortage(_) => ScriptResult::Unknown,
        ScriptOutcome::Exited(0) if !is_late(run, timeout) => ScriptResult::Passed,
        ScriptOutcome::Exited(_) | ScriptOutcome::Signalled(_) | ScriptOutcome::NotStarted(_) => {
            ScriptResult::Failed
        }
    }
}

/// What the log says of a check that failed, in keepalived's words.
pub(super) fn failure(run: &ScriptRun, timeout: Duration) -> String {
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
