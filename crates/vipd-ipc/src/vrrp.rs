//! Messages of the VRRP worker.

use keepalived_conf::model::bfd::BfdInstance;
use keepalived_conf::model::routing::Statics;
use keepalived_conf::model::trackers::{InterfaceDelays, TrackFile, TrackProcess};
use keepalived_conf::model::{Config, Global, SyncGroup, VrrpInstance, VrrpScript};
use privsep::scheduling::SchedulingOptions;
use serde::{Deserialize, Serialize};

use super::watcher::Observation;
use super::{
    Act, ActOutcome, ActResult, DumpKind, Generation, Messages, Monotonic, Role, ScriptAct, ScriptRun,
    SessionKey, Told,
};

/// The role of the VRRP worker.
#[derive(Debug)]
pub enum Vrrp {}

impl Messages for Vrrp {
    type Start = VrrpStart;
    type To = ToVrrp;
    type From = FromVrrp;

    fn scheduling(start: &VrrpStart) -> SchedulingOptions<'_> {
        let global = &start.config.global;
        SchedulingOptions {
            prefix: "vrrp",
            name: global.daemon.vrrp_process_name.as_deref(),
            nice: global.vrrp_nice,
            rt_priority: global.vrrp_rt_priority,
            rlimit_rttime: global.daemon.vrrp_rlimit_rttime,
            no_swap: global.vrrp_no_swap,
            processors: &global.daemon.vrrp_cpu_affinity,
        }
    }
}

/// The part of the configuration that this worker gets. Places in its lists are those in the lists of [`Config`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VrrpConfig {
    /// `global_defs`, without what only the parent needs.
    pub global: Global,
    /// See [`Config::scripts`].
    pub scripts: Vec<VrrpScript>,
    /// See [`Config::instances`].
    pub instances: Vec<VrrpInstance>,
    /// See [`Config::statics`].
    pub statics: Statics,
    /// See [`Config::sync_groups`].
    pub sync_groups: Vec<SyncGroup>,
    /// See [`Config::track_files`].
    pub track_files: Vec<TrackFile>,
    /// See [`Config::track_processes`].
    pub track_processes: Vec<TrackProcess>,
    /// See [`Config::interface_delays`].
    pub interface_delays: Vec<InterfaceDelays>,
    /// Sessions that routers track, by their places: see [`Config::bfd_instances`].
    pub bfd_instances: Vec<BfdInstance>,
}

impl From<&Config> for VrrpConfig {
    fn from(config: &Config) -> Self {
        Self {
            global: super::role::global(config),
            scripts: config.scripts.clone(),
            instances: config.instances.clone(),
            statics: config.statics.clone(),
            sync_groups: config.sync_groups.clone(),
            track_files: config.track_files.clone(),
            track_processes: config.track_processes.clone(),
            interface_delays: config.interface_delays.clone(),
            bfd_instances: config.bfd_instances.clone(),
        }
    }
}

impl From<Config> for VrrpConfig {
    fn from(config: Config) -> Self {
        Self::from(&config)
    }
}

/// What a VRRP worker is started with.
#[derive(Debug, Serialize, Deserialize)]
pub struct VrrpStart {
    /// What to run.
    pub config: VrrpConfig,
    /// BFD sessions that were told of, and whether each is up.
    pub sessions: Vec<(SessionKey, bool)>,
    /// Everything that is known of files and processes that routers depend on.
    pub observed: Vec<Observation>,
    /// `-V`: addresses are kept at the end, whatever process asks for the end.
    pub keep: bool,
}

/// From the parent to a VRRP worker.
#[derive(Debug, Serialize, Deserialize)]
pub enum ToVrrp {
    /// Run this configuration from now on.
    Reload {
        /// Counts the readings of the configuration.
        generation: Generation,
        /// What to run.
        config: Box<VrrpConfig>,
    },
    /// The process of a check run that the worker had asked for began: its time counts from here.
    ScriptStarted {
        /// Generation that `script` is an index in.
        generation: Generation,
        /// Index into [`VrrpConfig::scripts`].
        script: u32,
        /// The time.
        at: Monotonic,
    },
    /// A check run that the worker had asked for ended, or could not begin.
    ScriptDone {
        /// Generation that `script` is an index in.
        generation: Generation,
        /// Index into [`VrrpConfig::scripts`].
        script: u32,
        /// The run.
        run: ScriptRun,
    },
    /// New observations of files and processes that routers depend on.
    Observed(Vec<Observation>),
    /// Whether a BFD session is up.
    Session {
        /// Which.
        key: SessionKey,
        /// Whether it is up.
        up: bool,
    },
    /// Write the state: the answer is [`FromVrrp::Dump`].
    Dump(DumpKind),
    /// Do what an operator asks for: the answer is [`FromVrrp::Acted`].
    Act {
        /// Names it in the answer.
        request: u32,
        /// What to do.
        act: Box<Act>,
    },
    /// Say what an instance was told around its last changes of state: the answer is [`FromVrrp::Recorded`].
    Recorder {
        /// Names it in the answer.
        request: u32,
        /// The name of the instance.
        instance: String,
    },
}

impl Told for ToVrrp {
    const ROLE: Role = Role::Vrrp;
}

/// From a VRRP worker to the parent.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FromVrrp {
    /// Do this with a check script.
    Script {
        /// Generation that `script` is an index in.
        generation: Generation,
        /// Index into [`VrrpConfig::scripts`].
        script: u32,
        /// What to do.
        act: ScriptAct,
    },
    /// An instance changed its state: run what its `notify*` keywords ask for, and remember it.
    Transition {
        /// Generation that `instance` is an index in.
        generation: Generation,
        /// Index into [`VrrpConfig::instances`].
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
        /// Index into [`VrrpConfig::instances`].
        instance: u32,
        /// The priority now.
        priority: u8,
    },
    /// A sync group changed its state, as all of its members did.
    GroupTransition {
        /// Generation that `group` is an index in.
        generation: Generation,
        /// Index into [`VrrpConfig::sync_groups`].
        group: u32,
        /// The state reached.
        event: GroupEvent,
    },
    /// The answer to [`ToVrrp::Dump`]: the whole text of the file.
    Dump(DumpKind, String),
    /// The answer to [`ToVrrp::Act`]: the accepted instances. The later progress is told separately.
    Acted {
        /// Of the question.
        request: u32,
        /// The result.
        result: ActResult,
    },
    /// The answer to [`ToVrrp::Recorder`].
    Recorded {
        /// Of the question.
        request: u32,
        /// The line for the client.
        line: Vec<u8>,
    },
    /// The outcome for addresses that an operator had given away.
    Pursued {
        /// The instance and the other members of its sync group.
        instances: Vec<String>,
        /// The outcome.
        outcome: ActOutcome,
    },
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
