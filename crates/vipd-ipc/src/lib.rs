//! Messages between parent and worker, and their framing.
//!
//! One stream socket pair for each worker. A message is a length (u32, little endian) and a postcard-encoded
//! value. The worker never asks for a command line: it names a script by its index in the configuration of a
//! given generation, and only the parent, which read that configuration, runs it.

use std::net::IpAddr;

use keepalived_conf::model::Config;
use keepalived_conf::model::bfd::BfdInstance;
use keepalived_conf::model::lvs::LvsService;
use serde::{Deserialize, Serialize};

use crate::watcher::Observation;
use vipd_log::LogLine;

mod act;
mod memory;
pub mod packed;
mod role;
pub mod watcher;
pub mod worker;
pub use act::{
    Act, ActKind, ActOutcome, ActRefusal, ActResult, OutcomeKind, ServerIntent, Steer, SteerRefusal, Whom,
    server_address,
};
pub use memory::{Memory, MemoryFull};
pub use privsep::channel::{Channel, ChannelError};
pub use privsep::rights::RunAs;
pub use role::{PerRole, Role};
pub use vipd_log::LogLevel;

/// Which reading of the configuration an index belongs to: 0 at the start, one more with each reload.
pub type Generation = u32;

/// From the parent to a worker.
#[derive(Debug, Serialize, Deserialize)]
pub enum ToWorker {
    /// Run this configuration: the first message, and again on each reload.
    Config {
        /// Counts the readings of the configuration.
        generation: Generation,
        /// What to run.
        config: Box<Config>,
        /// What to do with it.
        task: Task,
        /// Names of the instances that are MASTER, as far as the parent knows, when this worker starts. Empty on a reload.
        masters: Vec<String>,
        /// BFD sessions that were told of, and whether each is up, when this worker starts. Empty on a reload.
        sessions: Vec<(SessionKey, bool)>,
        /// State that a predecessor left without an orderly stop: it died, or it hung and was killed. None on a reload.
        predecessor: Option<Box<Predecessor>>,
        /// Wishes for real servers that outlive a stop (LVS): each holds where its server has none yet.
        kept: Vec<Steer>,
        /// The account that the worker changes to once it is started; `None` changes nothing. Of no meaning on a
        /// reload.
        run_as: Option<RunAs>,
        /// `-V`, `-I`: the kernel's content is kept at the end, whatever process asks for the end.
        keep: bool,
    },
    /// The process of a check run that the worker had asked for began: its time counts from here.
    ScriptStarted {
        /// Generation that `script` is an index in.
        generation: Generation,
        /// Index into [`Config::scripts`] (VRRP) or [`Config::checks`] (LVS).
        script: u32,
        /// The time.
        at: Monotonic,
    },
    /// A check run that the worker had asked for ended, or could not begin.
    ScriptDone {
        /// Generation that `script` is an index in.
        generation: Generation,
        /// Index into [`Config::scripts`] (VRRP) or [`Config::checks`] (LVS).
        script: u32,
        /// The run.
        run: ScriptRun,
    },
    /// Observations of files and processes that routers depend on: everything before the first configuration, then what
    /// is new.
    Observed(Vec<Observation>),
    /// The state of a VRRP instance, for the LVS worker's sync daemon.
    Standing {
        /// Name of the instance.
        instance: String,
        /// Whether it is MASTER.
        master: bool,
    },
    /// Whether a BFD session is up, for the workers that track it.
    Session {
        /// Which.
        key: SessionKey,
        /// Whether it is up.
        up: bool,
    },
    /// Write the state: the answer is [`FromWorker::Dump`].
    Dump(DumpKind),
    /// Do what an operator asks for (VRRP): the answer is [`FromWorker::Acted`].
    Act {
        /// Names it in the answer.
        request: u32,
        /// What to do.
        act: Box<Act>,
    },
    /// Do what an operator asks for with a real server (LVS): the answer is [`FromWorker::Steered`].
    Steer {
        /// Names it in the answer.
        request: u32,
        /// What to do.
        steer: Box<Steer>,
    },
    /// Say what an instance was told around its last changes of state (VRRP): the answer is [`FromWorker::Recorded`].
    Recorder {
        /// Names it in the answer.
        request: u32,
        /// The name of the instance.
        instance: String,
    },
    /// Say how everything stands: the answers are [`FromWorker::Status`].
    Status {
        /// Repeated in the answers.
        request: u32,
    },
    /// Answer [`FromWorker::Alive`]: nothing was heard of this worker for a while.
    Probe,
    /// Stop in order (VRRP: priority 0, addresses removed unless they are kept, STOP reported; LVS: virtual servers
    /// removed likewise), then [`FromWorker::Stopped`] and exit 0.
    Stop,
}

/// Purpose of a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Task {
    /// Run the configuration until told to stop.
    Serve,
    /// Remove from the kernel what the predecessor may have left there, as at an orderly stop, and exit: nothing of the
    /// configuration is run.
    Sweep,
}

/// Knowledge of a worker that did not stop in order, for the one that succeeds it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Predecessor {
    /// The memory of it, and of those before it: see [`FromWorker::Remember`].
    pub memory: Memory,
    /// Kernel services that it may have left (LVS worker) besides those of this configuration: of configurations that it
    /// was told to run, before or after the one that it ran last.
    pub former: Vec<LvsService>,
    /// It was killed because it did not answer for a while: other machines may have taken over meanwhile.
    pub hung: bool,
}

/// From a worker to the parent.
#[derive(Debug, Serialize, Deserialize)]
pub enum FromWorker {
    /// The configuration of this generation is in force.
    Running(Generation),
    /// It lives: the answer to [`ToWorker::Probe`]. Every other message says as much.
    Alive,
    /// Remember this under a key, or forget it, for a successor: the parent does not read it and gives it back as
    /// [`Predecessor::memory`]. An object is remembered (and the channel flushed) before it is put into the kernel. An
    /// orderly end clears everything.
    Remember {
        /// Names it among all that this kind of worker remembers.
        key: String,
        /// What to remember; [`Option::None`] to forget it.
        value: Option<Vec<u8>>,
    },
    /// Do this with a check script.
    Script {
        /// Generation that `script` is an index in.
        generation: Generation,
        /// Index into [`Config::scripts`] (VRRP) or [`Config::checks`] (LVS).
        script: u32,
        /// What to do.
        act: ScriptAct,
    },
    /// An instance changed its state: run what its `notify*` keywords ask for, and remember it.
    Transition {
        /// Generation that `instance` is an index in.
        generation: Generation,
        /// Index into [`Config::instances`].
        instance: u32,
        /// The state reached, or what happened.
        event: InstanceEvent,
        /// Effective priority at that moment.
        priority: u8,
    },
    /// The effective priority of an instance changed, its state did not: tell FIFOs.
    PriorityChanged {
        /// Generation that `instance` is an index in.
        generation: Generation,
        /// Index into [`Config::instances`].
        instance: u32,
        /// The priority now.
        priority: u8,
    },
    /// A sync group changed its state, as all of its members did.
    GroupTransition {
        /// Generation that `group` is an index in.
        generation: Generation,
        /// Index into [`Config::sync_groups`].
        group: u32,
        /// The state reached.
        event: GroupEvent,
    },
    /// A real server went up or down: run its `notify_up` or `notify_down`, tell FIFOs, send mail.
    Server {
        /// Generation that `service` is an index in.
        generation: Generation,
        /// Index into [`Config::virtual_servers`].
        service: u32,
        /// Index into its real servers.
        server: u32,
        /// Whether it is up.
        up: bool,
        /// The event, the body of the mail.
        because: String,
        /// It stands as a predecessor left it: news only if that one told something else last.
        resumed: bool,
    },
    /// One checker of a real server changed its result, which did not change the server: only mail is sent.
    Checker {
        /// Generation that `service` is an index in.
        generation: Generation,
        /// Index into [`Config::virtual_servers`].
        service: u32,
        /// Index into its real servers.
        server: u32,
        /// The checker's result.
        up: bool,
        /// The event, the body of the mail.
        because: String,
    },
    /// A virtual server has its quorum or lost it: run `quorum_up` or `quorum_down`, tell FIFOs, send mail.
    Quorum {
        /// Generation that `service` is an index in.
        generation: Generation,
        /// Index into [`Config::virtual_servers`].
        service: u32,
        /// Whether it is up.
        up: bool,
        /// The event, the body of the mail.
        because: String,
        /// As with a server.
        resumed: bool,
    },
    /// A BFD session is up or down: told of each session of a configuration, and of each change.
    Session {
        /// Which.
        key: SessionKey,
        /// Whether it is up.
        up: bool,
    },
    /// A line for the log.
    Log(LogLine),
    /// The answer to [`ToWorker::Dump`]: the whole text of the file.
    Dump(DumpKind, String),
    /// The answer to [`ToWorker::Act`]: the accepted instances. The later progress is told separately.
    Acted {
        /// Of the question.
        request: u32,
        /// The result.
        result: ActResult,
    },
    /// The answer to [`ToWorker::Recorder`].
    Recorded {
        /// Of the question.
        request: u32,
        /// The line for the client.
        line: Vec<u8>,
    },
    /// The answer to [`ToWorker::Steer`]: the change, in words.
    Steered {
        /// Of the question.
        request: u32,
        /// The result.
        result: Result<String, SteerRefusal>,
    },
    /// The outcome for addresses that an operator had given away.
    Pursued {
        /// The instance and the other members of its sync group.
        instances: Vec<String>,
        /// The outcome.
        outcome: ActOutcome,
    },
    /// A piece of the answer to [`ToWorker::Status`]: few things at once, so that no turn takes long.
    Status {
        /// That of the question.
        request: u32,
        /// A [`vipd_status::Part`] as JSON; empty if there is nothing to say.
        part: Vec<u8>,
        /// It is the last piece.
        last: bool,
    },
    /// Something happened that `vipd events` shows: a [`vipd_status::EventKind`] as JSON.
    Happened(Vec<u8>),
    /// Everything is released; the process exits now.
    Stopped,
    /// The configuration cannot be run on this machine (keepalived exits 1): the parent stops everything with this reason.
    Refused(String),
}

/// A BFD session, by what makes it the same in another configuration and for another process: its addresses, and never its
/// name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SessionKey {
    /// The other system.
    pub neighbor: IpAddr,
    /// This one; `None` where any of its addresses will do.
    pub source: Option<IpAddr>,
}

impl From<&BfdInstance> for SessionKey {
    fn from(instance: &BfdInstance) -> Self {
        Self { neighbor: instance.neighbor, source: instance.source }
    }
}

/// A moment, in nanoseconds of `CLOCK_MONOTONIC`: the same in every process of a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Monotonic(pub u64);

impl Monotonic {
    /// This moment.
    #[must_use]
    pub fn now() -> Self {
        Self(u64::try_from(vrrp_linux::clock::monotonic().as_nanos()).unwrap_or(u64::MAX))
    }
}

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

/// Event of an instance, in keepalived's words where scripts see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum InstanceEvent {
    /// MASTER
    Master,
    /// BACKUP
    Backup,
    /// FAULT
    Fault,
    /// STOP
    Stop,
    /// DELETED (removed by a reload)
    Deleted,
    /// A lower priority was heard while MASTER (`notify_master_rx_lower_pri`).
    MasterReceivedLowerPriority,
}

/// State of a sync group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum GroupEvent {
    /// MASTER
    Master,
    /// BACKUP
    Backup,
    /// FAULT
    Fault,
    /// STOP
    Stop,
}

impl GroupEvent {
    /// keepalived's word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Master => "MASTER",
            Self::Backup => "BACKUP",
            Self::Fault => "FAULT",
            Self::Stop => "STOP",
        }
    }
}

/// Which state file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DumpKind {
    /// SIGUSR1: keepalived.data
    Data,
    /// SIGUSR2: keepalived.stats
    Stats,
    /// SIGRTMAX-1: keepalived.stats, counters cleared afterwards
    StatsClear,
    /// SIGRTMIN+2: keepalived.json
    Json,
}
