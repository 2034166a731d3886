//! Observations of one run of a check script. It is evidence only: the election looks at the result.

use alloc::string::String;
use alloc::sync::Arc;
use core::fmt;
use core::time::Duration;

use crate::{Instant, ScriptResult};

/// One run of a check script that ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptRun {
    /// Its end.
    pub end: RunEnd,
    /// Its duration.
    pub took: Duration,
    /// The last line that it wrote.
    pub output: String,
    /// When it ended.
    pub at: Instant,
}

/// End of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum RunEnd {
    /// With this exit status.
    Exited(u8),
    /// By this signal.
    Signalled(i32),
    /// It took longer than it may.
    TimedOut,
    /// There was no process (errno).
    NotStarted(i32),
}

impl fmt::Display for RunEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exited(status) => write!(f, "exited with status {status}"),
            Self::Signalled(signal) => write!(f, "ended by signal {signal}"),
            Self::TimedOut => f.write_str("timed out"),
            Self::NotStarted(errno) => write!(f, "could not be started (errno {errno})"),
        }
    }
}

impl fmt::Display for ScriptRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.end.fmt(f)?;
        if self.output.is_empty() { Ok(()) } else { write!(f, ": {}", self.output) }
    }
}

/// The end of a run as [`Node::handle_script`](crate::Node::handle_script) takes it: its result, and its observed end
/// if that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptReport {
    /// The result.
    pub result: ScriptResult,
    /// The observed run.
    pub run: Option<Arc<ScriptRun>>,
}

impl<R: Into<ScriptResult>> From<R> for ScriptReport {
    fn from(result: R) -> Self {
        Self { result: result.into(), run: None }
    }
}
