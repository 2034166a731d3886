//! How the daemon itself runs.

use std::time::Duration;

use super::Command;

/// How the daemon itself runs: what concerns neither VRRP nor virtual servers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Daemon {
    /// `startup_script`: ends before anything else begins.
    pub startup_script: Option<TimedCommand>,
    /// `shutdown_script`: runs when everything else has ended.
    pub shutdown_script: Option<TimedCommand>,
}

/// A command that the daemon waits for, but not longer than this.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct TimedCommand {
    /// What to run.
    pub command: Command,
    /// How long it may run.
    pub limit: Duration,
}

impl TimedCommand {
    /// A command with its limit.
    pub fn new(command: Command, limit: Duration) -> Self {
        Self { command, limit }
    }
}

impl Daemon {
    /// Every command, with the keyword that it comes from.
    pub fn commands_mut(&mut self) -> impl Iterator<Item = (&'static str, &mut Option<TimedCommand>)> {
        [("startup_script", &mut self.startup_script), ("shutdown_script", &mut self.shutdown_script)]
            .into_iter()
    }

    /// Every command.
    pub fn commands(&self) -> impl Iterator<Item = &Command> {
        [&self.startup_script, &self.shutdown_script].into_iter().flatten().map(|timed| &timed.command)
    }
}
