//! The daemon as a whole.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The daemon as a whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Daemon {
    /// Version of the program.
    pub version: String,
    /// Process id of the parent.
    pub pid: u32,
    /// When it started.
    pub start: Timestamp,
    /// The configuration that runs.
    pub config: ConfigState,
}

/// The configuration that runs, and what became of the last attempt to change it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ConfigState {
    /// The main file.
    pub file: String,
    /// When it was read.
    pub loaded: Timestamp,
    /// Number of reloads since the start.
    pub reloads: u32,
    /// Outcome of the last reload.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_reload: Option<ReloadOutcome>,
    /// The file was changed since it was read.
    #[serde(default)]
    pub stale: bool,
    /// A reload that is undone then unless somebody confirms it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirm_until: Option<Timestamp>,
}

/// Outcome of a reload.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ReloadOutcome {
    /// Its result.
    pub result: ReloadResult,
    /// Why, where it was not taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The time.
    pub at: Timestamp,
}

/// Result of a reload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReloadResult {
    /// The new configuration runs.
    Taken,
    /// The earlier one goes on.
    Refused,
    /// The earlier one runs again.
    Undone,
}

/// Kinds of worker processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// The election.
    Vrrp,
    /// Virtual servers and their checks.
    Lvs,
    /// BFD sessions.
    Bfd,
    /// Files and processes that priorities depend on.
    Watcher,
    /// Mail; it runs while there is some.
    Mailer,
    /// Metrics and the page.
    Web,
    /// Opens the paths that the configuration names.
    Paths,
}

/// A worker process.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Worker {
    /// Its role.
    pub role: Role,
    /// Its process; none while it is started anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
    /// Number of restarts.
    pub restarts: u32,
    /// Milliseconds since it was last heard; none without a process, and for those that are not asked whether they live.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heard_ms: Option<u64>,
    /// It did not answer in time: its part is missing here.
    #[serde(default)]
    pub silent: bool,
}
