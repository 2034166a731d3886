//! Messages of the LVS worker.

use keepalived_conf::model::bfd::BfdInstance;
use keepalived_conf::model::lvs::VirtualServer;
use keepalived_conf::model::{Command, Config, Global};
use privsep::scheduling::SchedulingOptions;
use serde::{Deserialize, Serialize};

use super::{
    Generation, Messages, Monotonic, Role, ScriptAct, ScriptRun, SessionKey, Steer, SteerRefusal, Told,
};

/// The role of the LVS worker.
#[derive(Debug)]
pub enum Lvs {}

impl Messages for Lvs {
    type Start = LvsStart;
    type To = ToLvs;
    type From = FromLvs;

    fn scheduling(start: &LvsStart) -> SchedulingOptions<'_> {
        let global = &start.config.global;
        let lvs = &global.lvs;
        SchedulingOptions {
            prefix: "checker",
            name: global.daemon.checker_process_name.as_deref(),
            nice: lvs.nice,
            rt_priority: lvs.rt_priority,
            rlimit_rttime: lvs.rlimit_rttime,
            no_swap: lvs.no_swap,
            processors: &lvs.cpu_affinity,
        }
    }
}

/// The part of the configuration that this worker gets. Places in its lists are those in the lists of [`Config`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LvsConfig {
    /// `global_defs`, without what only the parent needs.
    pub global: Global,
    /// See [`Config::virtual_servers`].
    pub virtual_servers: Vec<VirtualServer>,
    /// See [`Config::checks`].
    pub checks: Vec<Command>,
    /// Sessions that checks look at: see [`Config::bfd_instances`].
    pub bfd_instances: Vec<BfdInstance>,
}

impl From<&Config> for LvsConfig {
    fn from(config: &Config) -> Self {
        Self {
            global: super::role::global(config),
            virtual_servers: config.virtual_servers.clone(),
            checks: config.checks.clone(),
            bfd_instances: config.bfd_instances.clone(),
        }
    }
}

impl From<Config> for LvsConfig {
    fn from(config: Config) -> Self {
        Self::from(&config)
    }
}

/// What an LVS worker is started with.
#[derive(Debug, Serialize, Deserialize)]
pub struct LvsStart {
    /// What to run.
    pub config: LvsConfig,
    /// Names of the instances that are MASTER, as far as the parent knows.
    pub masters: Vec<String>,
    /// BFD sessions that were told of, and whether each is up.
    pub sessions: Vec<(SessionKey, bool)>,
    /// Wishes for real servers that outlive a stop: each holds where its server has none yet.
    pub kept: Vec<Steer>,
    /// `-I`: virtual servers are kept at the end, whatever process asks for the end.
    pub keep: bool,
}

/// From the parent to an LVS worker.
#[derive(Debug, Serialize, Deserialize)]
pub enum ToLvs {
    /// Run this configuration from now on.
    Reload {
        /// Counts the readings of the configuration.
        generation: Generation,
        /// What to run.
        config: Box<LvsConfig>,
        /// As at the start.
        kept: Vec<Steer>,
    },
    /// The process of a check run that the worker had asked for began: its time counts from here.
    ScriptStarted {
        /// Generation that `script` is an index in.
        generation: Generation,
        /// Index into [`LvsConfig::checks`].
        script: u32,
        /// The time.
        at: Monotonic,
    },
    /// A check run that the worker had asked for ended, or could not begin.
    ScriptDone {
        /// Generation that `script` is an index in.
        generation: Generation,
        /// Index into [`LvsConfig::checks`].
        script: u32,
        /// The run.
        run: ScriptRun,
    },
    /// The state of a VRRP instance, for the sync daemon.
    Standing {
        /// Name of the instance.
        instance: String,
        /// Whether it is MASTER.
        master: bool,
    },
    /// Whether a BFD session is up.
    Session {
        /// Which.
        key: SessionKey,
        /// Whether it is up.
        up: bool,
    },
    /// Write the state: the answer is [`FromLvs::Dump`].
    Dump,
    /// Do what an operator asks for with a real server: the answer is [`FromLvs::Steered`].
    Steer {
        /// Names it in the answer.
        request: u32,
        /// What to do.
        steer: Box<Steer>,
    },
}

impl Told for ToLvs {
    const ROLE: Role = Role::Lvs;
}

/// From an LVS worker to the parent.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FromLvs {
    /// Do this with a check script.
    Script {
        /// Generation that `script` is an index in.
        generation: Generation,
        /// Index into [`LvsConfig::checks`].
        script: u32,
        /// What to do.
        act: ScriptAct,
    },
    /// A real server went up or down: run its `notify_up` or `notify_down`, tell FIFOs, send mail.
    Server {
        /// Generation that `service` is an index in.
        generation: Generation,
        /// Index into [`LvsConfig::virtual_servers`].
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
        /// Index into [`LvsConfig::virtual_servers`].
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
        /// Index into [`LvsConfig::virtual_servers`].
        service: u32,
        /// Whether it is up.
        up: bool,
        /// The event, the body of the mail.
        because: String,
        /// As with a server.
        resumed: bool,
    },
    /// The answer to [`ToLvs::Dump`]: the whole text of the file.
    Dump(String),
    /// The answer to [`ToLvs::Steer`]: the change, in words.
    Steered {
        /// Of the question.
        request: u32,
        /// The result.
        result: Result<String, SteerRefusal>,
    },
}
