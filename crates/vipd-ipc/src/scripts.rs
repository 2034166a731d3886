//! Check scripts: what workers ask for, and what became of it.

use serde::{Deserialize, Serialize};

use super::Monotonic;

/// One run of a check script, by the clock of its own process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScriptRun {
    /// When its process began; `None` if there was none, or it is not known.
    pub started: Option<Monotonic>,
    /// A moment until which it surely ran: the kernel does not tell exactly when a process ended, and a parent that was
    /// stopped finds it long after. Judged by this, no run is late that was not.
    pub ended: Monotonic,
    /// Its end.
    pub outcome: ScriptOutcome,
    /// The last line that it wrote, at most 256 bytes without control characters.
    pub output: String,
}

/// End of a check run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ScriptOutcome {
    /// Exit status.
    Exited(u8),
    /// Killed by this signal.
    Signalled(i32),
    /// It could not be started (errno): the program is missing, or must not be run. A failure of the check.
    NotStarted(i32),
    /// It could not be started for want of something on this machine (errno): no process, no descriptor, no memory, a
    /// file system that hangs. This says nothing about what it checks.
    Shortage(i32),
}

/// A worker's request about a check script.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ScriptAct {
    /// Start it.
    Run,
    /// Its time is up: SIGTERM to its process group.
    Terminate,
    /// It ignored that: SIGKILL to its process group.
    Kill,
}
