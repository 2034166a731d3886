//! Settings of the daemon itself.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::keywords::word;

use super::Command;

/// Settings of the daemon itself, which concern neither VRRP nor virtual servers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Daemon {
    /// `startup_script`: ends before anything else begins.
    pub startup_script: Option<TimedCommand>,
    /// `shutdown_script`: runs when everything else has ended.
    pub shutdown_script: Option<TimedCommand>,
    /// `process_name`, or what `process_names` makes of it.
    pub process_name: Option<String>,
    /// `vrrp_process_name`, or what `process_names` makes of it.
    pub vrrp_process_name: Option<String>,
    /// `checker_process_name`, or what `process_names` makes of it.
    pub checker_process_name: Option<String>,
    /// `bfd_process_name`, or the name that `process_names` gives.
    pub bfd_process_name: Option<String>,
    /// `vrrp_cpu_affinity`; empty for all.
    pub vrrp_cpu_affinity: Vec<u16>,
    /// `vrrp_rlimit_rttime`, microseconds.
    pub vrrp_rlimit_rttime: Option<u32>,
    /// `vrrp_delay_after_boot`: no router speaks or listens until so long after the start of the machine.
    pub delay_after_boot: Duration,
    /// `reload_file`
    pub reload_file: Option<ReloadFile>,
    /// `reload_time_file`, `reload_repeat`
    pub reload_time_file: Option<ReloadTimeFile>,
    /// `data_use_instance`: the names of state files hold those of the instance and the namespace.
    pub data_use_instance: bool,
    /// `control_socket`, `control_group` (vipd's own).
    pub control: Control,
    /// `http_listen`, `http_token_file`, `http_name` (vipd's own).
    pub http: Http,
}

/// The control socket: its path, and the group that may use it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Control {
    /// `control_socket`
    pub socket: ControlSocket,
    /// `control_group`: members may ask; `None` is only root.
    pub group: Option<String>,
    /// `control_group GROUP act`: members may change things, too.
    pub group_acts: bool,
}

/// The socket at which the daemon is asked for its state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum ControlSocket {
    /// In the daemon's own directory.
    #[default]
    Usual,
    /// At this absolute path.
    At(PathBuf),
    /// None.
    Off,
}

/// The web process: its address, and the clients that it answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Http {
    /// `http_listen`; `None`: nowhere.
    pub listen: Option<SocketAddr>,
    /// `http_token_file`: readers must know what it holds; `None`: everybody may read.
    pub token_file: Option<PathBuf>,
    /// `http_name`: names that readers may use for this machine, beside its host name.
    pub names: Vec<String>,
}

/// A file that holds the time of a reload.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct ReloadTimeFile {
    /// Its path.
    pub path: PathBuf,
    /// A time without a date comes every day, and the file stays.
    pub repeat: bool,
}

impl ReloadTimeFile {
    /// A file at this path.
    pub fn new(path: PathBuf, repeat: bool) -> Self {
        Self { path, repeat }
    }
}

/// A file that exists while the configuration is read anew.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum ReloadFile {
    /// `keepalived.reload` beside the pid file.
    Beside,
    /// At this path.
    At(PathBuf),
}

/// A command that the daemon waits for, but not longer than this.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct TimedCommand {
    /// What to run.
    pub command: Command,
    /// Longest time that it may run.
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
        let commands = [
            (word::STARTUP_SCRIPT, &mut self.startup_script),
            (word::SHUTDOWN_SCRIPT, &mut self.shutdown_script),
        ];
        commands.into_iter()
    }

    /// Every command.
    pub fn commands(&self) -> impl Iterator<Item = &Command> {
        [&self.startup_script, &self.shutdown_script].into_iter().flatten().map(|timed| &timed.command)
    }
}
