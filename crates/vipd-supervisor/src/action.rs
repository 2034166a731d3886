//! What the supervisor is told at its start, what it asks for, and the names in that.

use std::time::Instant;

use vipd_ipc::{Generation, LogLevel, PerRole, Predecessor, Role, Task};
use vipd_log::EventKind;
use vrrp_election::EndSignal;

use super::{LifeScript, UpgradeId};

/// Names a worker process. No two workers of a daemon have the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorkerId(pub u64);

/// Names one attempt to read the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReadId(pub(crate) u64);

/// Demands of the command line on the supervisor.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Roles whose workers may run at all.
    pub allowed: PerRole<bool>,
    /// Their workers run even without work.
    pub all: bool,
    /// The kernel's content is kept when a worker stops.
    pub keep: PerRole<bool>,
    /// A worker that dies is started again; else everything stops.
    pub respawn: bool,
}

/// A task for the parent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Start a worker and send it this configuration. [`Supervisor::handle_started`](crate::Supervisor::handle_started) or
    /// [`Supervisor::handle_not_started`](crate::Supervisor::handle_not_started) is the answer.
    Start {
        /// Its name from now on.
        worker: WorkerId,
        /// Its role.
        role: Role,
        /// The configuration.
        generation: Generation,
        /// What to do with it.
        task: Task,
        /// What an earlier worker in the role left.
        predecessor: Option<Box<Predecessor>>,
    },
    /// Send this configuration.
    Configure {
        /// To this worker.
        worker: WorkerId,
        /// The configuration.
        generation: Generation,
    },
    /// Tell it to stop.
    Stop(WorkerId),
    /// Ask whether it lives.
    Probe(WorkerId),
    /// SIGKILL.
    Kill(WorkerId),
    /// It ended, or is waited for no longer: whatever is done for it ends, and nothing more is heard of it.
    Forget {
        /// The worker.
        worker: WorkerId,
        /// Its role.
        role: Role,
    },
    /// Read the configuration: [`Supervisor::handle_config`](crate::Supervisor::handle_config) is the answer.
    Read(ReadId),
    /// This configuration is in force, for what the parent itself does with it.
    Enforce {
        /// The configuration.
        generation: Generation,
        /// Why it comes into force.
        occasion: Occasion,
    },
    /// All workers run the configuration in force.
    Settled,
    /// This configuration is not needed any more.
    Drop(Generation),
    /// Write to the log.
    Log(LogLevel, String),
    /// Write to the log that this happened.
    Report(LogLevel, EventKind, String),
    /// Write to the log that this happened, as if this worker said it.
    ReportAs {
        /// Its role.
        role: Role,
        /// Its process.
        pid: u32,
        /// What happened.
        event: EventKind,
        /// The same as a sentence.
        text: &'static str,
    },
    /// Tell systemd.
    Tell(Tell),
    /// Start this script of the configuration in force: [`Supervisor::handle_script_ended`](crate::Supervisor::handle_script_ended) is the answer.
    RunScript(LifeScript),
    /// Send this signal to its process group.
    SignalScript(LifeScript, EndSignal),
    /// Find out whether the new program can take over: [`Supervisor::handle_tried`](crate::Supervisor::handle_tried) is the answer.
    TryProgram(UpgradeId),
    /// Nobody waits for that any more.
    AbandonTrial(UpgradeId),
    /// Become the new program, or the former one again. [`Supervisor::handle_not_executed`](crate::Supervisor::handle_not_executed) is the answer if that fails.
    Execute,
    /// The upgrade is over, and this program goes on: why, or nothing where it was only asked whether it could be done.
    UpgradeOver(UpgradeId, Result<(), String>),
    /// This program took over, and stays.
    TookOver,
    /// It does not stay, for this reason: the former one is executed next.
    GoBack(String),
    /// No worker is left: [`Supervisor::handle_quiet`](crate::Supervisor::handle_quiet) says that everything else has ended too.
    WindDown,
    /// Everything has ended, or is not waited for any longer: exit with this status.
    Exit(u8),
}

/// State of a worker, for reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkerReport {
    /// Its process; none while there is none.
    pub pid: Option<u32>,
    /// Number of its restarts.
    pub restarts: u32,
    /// When it was heard last, while it serves.
    pub heard: Option<Instant>,
}

/// Why a configuration comes into force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// It is the first one.
    Start,
    /// It was read anew.
    Reload,
    /// This program took over from another one.
    TakeOver,
    /// The one after it was refused.
    TakeBack,
}

/// A message to systemd.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tell {
    /// The configuration is in force.
    Ready,
    /// A reload begins.
    Reloading,
    /// The configuration was not taken, for this reason: the one before stays in force.
    Refused(String),
    /// The configuration before the last reload is in force again, for this reason.
    Undone(String),
    /// The daemon stops and will exit with this status.
    Stopping(u8),
}
