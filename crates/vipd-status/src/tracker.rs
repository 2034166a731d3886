//! Trackers, which priorities depend on.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Something that instances or groups track.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Tracker {
    /// Its kind.
    pub kind: TrackerKind,
    /// Its name in the file; of an interface, its name.
    pub name: String,
    /// Whether it is up; none: not known yet.
    #[serde(default)]
    pub up: Option<bool>,
    /// Since when; none before the first result.
    #[serde(default)]
    pub since: Option<Timestamp>,
    /// The number in a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<i64>,
    /// The last run of a script.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<LastRun>,
    /// Results in a row that a script needs to be up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rise: Option<u32>,
    /// Failures in a row after which a script is down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fall: Option<u32>,
    /// Results in a row of the kind of the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub streak: Option<u32>,
    /// A run of the script is under way.
    #[serde(default)]
    pub running: bool,
    /// Milliseconds until the next run of the script.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_ms: Option<u64>,
    /// Why there has been no result for long (a shortage of this machine).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shortage: Option<String>,
}

/// Kinds of what can be tracked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum TrackerKind {
    /// `track_script`
    Script,
    /// `track_file`
    File,
    /// `track_process`
    Process,
    /// `track_interface`
    Interface,
    /// `track_bfd`
    Bfd,
}

/// End of a script's run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct LastRun {
    /// Its exit status; none if it has none (a signal, a time-out, a start that failed).
    #[serde(default)]
    pub exit: Option<u8>,
    /// The signal that ended it.
    #[serde(default)]
    pub signal: Option<i32>,
    /// It took longer than its timeout.
    #[serde(default)]
    pub timed_out: bool,
    /// Duration in milliseconds.
    #[serde(default)]
    pub ms: u64,
    /// Its last line of output, at most 256 bytes.
    #[serde(default)]
    pub output: String,
    /// When it ended.
    #[serde(default)]
    pub at: Option<Timestamp>,
}
