//! `MISC_CHECK`: what a program's end says about a server.

use crate::check::Script;
use crate::outcome::{Failure, Outcome, WeightUpdate};

/// The end of a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ScriptEnd {
    /// By itself, with this status.
    Exited(u8),
    /// By this signal, which was not ours.
    Signalled(i32),
    /// Not within its time, and so by our signal.
    TimedOut,
    /// It was never started: `errno`.
    NotStarted(i32),
}

/// Outcome of a script's end: status 0 is a pass and any other a failure.
///
/// With `misc_dynamic` 0 is a pass with the configured weight, 1 a failure, and 2 to 255 a pass with weight 0 to 253.
/// A script that did not end by itself is a failure either way.
///
/// ```
/// use std::time::Duration;
/// use lvs_health::script::{ScriptEnd, script_outcome};
/// use lvs_health::{Outcome, Script, WeightUpdate};
///
/// let script =
///     Script { command: "/usr/local/bin/load".to_owned(), timeout: Duration::from_secs(5), dynamic: true };
/// assert_eq!(script_outcome(&script, ScriptEnd::Exited(12)), Outcome::Pass(WeightUpdate::Exactly(10)));
/// ```
pub fn script_outcome(script: &Script, end: ScriptEnd) -> Outcome {
    match (end, script.dynamic) {
        (ScriptEnd::Exited(0), false) => Outcome::Pass(WeightUpdate::Unchanged),
        (ScriptEnd::Exited(0), true) => Outcome::Pass(WeightUpdate::Configured),
        (ScriptEnd::Exited(status @ 2..), true) => {
            Outcome::Pass(WeightUpdate::Exactly(u32::from(status) - 2))
        }
        (ScriptEnd::Exited(status), _) => Outcome::Fail(Failure::ScriptExit(status)),
        (ScriptEnd::Signalled(signal), _) => Outcome::Fail(Failure::ScriptSignal(signal)),
        (ScriptEnd::TimedOut, _) => Outcome::Fail(Failure::ScriptTimeout),
        (ScriptEnd::NotStarted(errno), _) => Outcome::Fail(Failure::ScriptStart(errno)),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn outcome(dynamic: bool, end: ScriptEnd) -> Outcome {
        let script = Script { command: "/bin/true".to_owned(), timeout: Duration::from_secs(5), dynamic };
        script_outcome(&script, end)
    }

    #[test]
    fn without_misc_dynamic_only_0_is_a_pass() {
        assert_eq!(outcome(false, ScriptEnd::Exited(0)), Outcome::Pass(WeightUpdate::Unchanged));
        for status in 1..=255 {
            assert_eq!(outcome(false, ScriptEnd::Exited(status)), Outcome::Fail(Failure::ScriptExit(status)));
        }
    }

    #[test]
    fn with_misc_dynamic_only_1_is_a_failure() {
        assert_eq!(outcome(true, ScriptEnd::Exited(0)), Outcome::Pass(WeightUpdate::Configured));
        assert_eq!(outcome(true, ScriptEnd::Exited(1)), Outcome::Fail(Failure::ScriptExit(1)));
        assert_eq!(outcome(true, ScriptEnd::Exited(2)), Outcome::Pass(WeightUpdate::Exactly(0)));
        assert_eq!(outcome(true, ScriptEnd::Exited(255)), Outcome::Pass(WeightUpdate::Exactly(253)));
    }

    #[test]
    fn a_script_that_did_not_end_by_itself_failed() {
        for dynamic in [false, true] {
            let failure = |end| outcome(dynamic, end);
            assert_eq!(failure(ScriptEnd::Signalled(9)), Outcome::Fail(Failure::ScriptSignal(9)));
            assert_eq!(failure(ScriptEnd::TimedOut), Outcome::Fail(Failure::ScriptTimeout));
            assert_eq!(failure(ScriptEnd::NotStarted(13)), Outcome::Fail(Failure::ScriptStart(13)));
        }
    }
}
