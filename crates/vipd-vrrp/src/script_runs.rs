//! Result of the run of a check script, by the clock of its own process.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use vrrp_election::{self as election, Instant, RunEnd, ScriptId, ScriptReport, ScriptResult};

use crate::ipc::{ScriptOutcome, ScriptRun};

/// Reasons of check scripts for the log.
#[derive(Debug, Default)]
pub(super) struct Reasons {
    /// The last failure of each.
    pub(super) failures: HashMap<ScriptId, String>,
    /// Why each could not be run last.
    pub(super) shortages: HashMap<ScriptId, &'static str>,
}

impl Reasons {
    /// A run ended that may take so long: what it says.
    pub(super) fn note(&mut self, script: ScriptId, run: &ScriptRun, timeout: Duration) -> ScriptReport {
        let result = result(run, timeout);
        match result {
            ScriptResult::Failed => {
                let remark = if run.output.is_empty() { "" } else { ": " };
                let failure = format!("{}{remark}{}", failure(run, timeout), run.output);
                self.failures.insert(script, failure);
            }
            ScriptResult::Unknown => _ = self.shortages.insert(script, shortage(run)),
            ScriptResult::Passed => {}
        }
        ScriptReport { result, run: seen(run, timeout).map(Arc::new) }
    }

    /// Scripts have other numbers now.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

/// The observed end of a run, for reports; `None` if that says nothing about the checked thing.
fn seen(run: &ScriptRun, timeout: Duration) -> Option<election::ScriptRun> {
    let end = match run.outcome {
        ScriptOutcome::Shortage(_) => return None,
        _ if is_late(run, timeout) => RunEnd::TimedOut,
        ScriptOutcome::Exited(status) => RunEnd::Exited(status),
        ScriptOutcome::Signalled(signal) => RunEnd::Signalled(signal),
        ScriptOutcome::NotStarted(errno) => RunEnd::NotStarted(errno),
    };
    let ran = run.started.map_or(0, |started| run.ended.0.saturating_sub(started.0));
    Some(election::ScriptRun {
        end,
        took: Duration::from_nanos(ran),
        output: run.output.clone(),
        at: Instant::from_nanos(run.ended.0),
    })
}

fn shortage(run: &ScriptRun) -> &'static str {
    match run.outcome {
        ScriptOutcome::Shortage(libc::ETIMEDOUT) => "no answer from a file system",
        ScriptOutcome::Shortage(errno) => nix::errno::Errno::from_raw(errno).desc(),
        _ => "unknown",
    }
}

/// The result of a run that may take so long.
fn result(run: &ScriptRun, timeout: Duration) -> ScriptResult {
    match run.outcome {
        ScriptOutcome::Shortage(_) => ScriptResult::Unknown,
        ScriptOutcome::Exited(0) if !is_late(run, timeout) => ScriptResult::Passed,
        ScriptOutcome::Exited(_) | ScriptOutcome::Signalled(_) | ScriptOutcome::NotStarted(_) => {
            ScriptResult::Failed
        }
    }
}

/// The log's text for a check that failed, in keepalived's words.
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
        let ended = Monotonic(started.0 + ms * 1_000_000);
        ScriptRun { started: Some(started), ended, outcome, output: String::new() }
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
        let note = |reasons: &mut Reasons, run: ScriptRun| reasons.note(script, &run, SECOND);
        let unknown = note(&mut reasons, run(Shortage(libc::EMFILE), 0));
        assert_eq!((unknown.result, unknown.run), (ScriptResult::Unknown, None));
        assert_eq!(reasons.shortages[&script], "Too many open files");
        note(&mut reasons, run(Shortage(libc::ETIMEDOUT), 0));
        assert_eq!(reasons.shortages[&script], "no answer from a file system");
        assert_eq!(note(&mut reasons, run(Exited(7), 3)).result, ScriptResult::Failed);
        assert_eq!(note(&mut reasons, run(Exited(0), 3)).result, ScriptResult::Passed);
        assert_eq!(reasons.failures[&script], "failed (exited with status 7)");
        let said = ScriptRun { output: "backend says: disk full".to_owned(), ..run(Exited(7), 3) };
        let seen = note(&mut reasons, said).run.map(|run| run.to_string());
        assert_eq!(seen.as_deref(), Some("exited with status 7: backend says: disk full"));
        assert_eq!(reasons.failures[&script], "failed (exited with status 7): backend says: disk full");
        reasons.clear();
        assert!(reasons.failures.is_empty() && reasons.shortages.is_empty());
    }

    #[test]
    fn the_end_of_a_run_is_evidence() {
        use ScriptOutcome::*;
        let end = |outcome, ms| {
            let report = Reasons::default().note(ScriptId(0), &run(outcome, ms), SECOND);
            report.run.map(|run| (run.end, run.took.as_millis()))
        };
        assert_eq!(end(Exited(7), 3), Some((RunEnd::Exited(7), 3)));
        assert_eq!(end(Signalled(15), 1_001), Some((RunEnd::TimedOut, 1_001)));
        assert_eq!(end(Signalled(11), 5), Some((RunEnd::Signalled(11), 5)));
        assert_eq!(end(Shortage(libc::EMFILE), 0), None);
    }

    #[test]
    fn a_run_without_a_process_is_not_late() {
        let answered =
            ScriptRun { started: None, ended: Monotonic(u64::MAX), ..run(ScriptOutcome::Exited(0), 0) };
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
