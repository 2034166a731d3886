//! Messages of the BFD worker.

use std::net::IpAddr;

use keepalived_conf::model::bfd::BfdInstance;
use keepalived_conf::model::{Config, Global};
use privsep::scheduling::SchedulingOptions;
use serde::{Deserialize, Serialize};

use super::{Generation, Messages, Role, Told};

/// The role of the BFD worker.
#[derive(Debug)]
pub enum Bfd {}

impl Messages for Bfd {
    type Start = BfdStart;
    type To = ToBfd;
    type From = FromBfd;

    fn scheduling(start: &BfdStart) -> SchedulingOptions<'_> {
        let bfd = &start.global.bfd;
        SchedulingOptions {
            prefix: "bfd",
            name: start.global.daemon.bfd_process_name.as_deref(),
            nice: bfd.nice,
            rt_priority: bfd.rt_priority,
            rlimit_rttime: bfd.rlimit_rttime,
            no_swap: bfd.no_swap,
            processors: &bfd.cpu_affinity,
        }
    }
}

/// The configuration that a BFD worker is started with.
#[derive(Debug, Serialize, Deserialize)]
pub struct BfdStart {
    /// `global_defs`, without what only the parent needs.
    pub global: Global,
    /// The sessions.
    pub instances: Vec<BfdInstance>,
}

impl From<&Config> for BfdStart {
    fn from(config: &Config) -> Self {
        Self { global: super::role::global(config), instances: config.bfd_instances.clone() }
    }
}

/// From the parent to a BFD worker.
#[derive(Debug, Serialize, Deserialize)]
pub enum ToBfd {
    /// Have these sessions from now on.
    Reload {
        /// Counts the readings of the configuration.
        generation: Generation,
        /// The sessions.
        instances: Vec<BfdInstance>,
    },
    /// Write the state: the answer is [`FromBfd::Dump`].
    Dump,
}

impl Told for ToBfd {
    const ROLE: Role = Role::Bfd;
}

/// From a BFD worker to the parent.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FromBfd {
    /// A session is up or down: told of each session of a configuration, and of each change.
    Session {
        /// Which.
        key: SessionKey,
        /// Whether it is up.
        up: bool,
    },
    /// The answer to [`ToBfd::Dump`]: the whole text of the file.
    Dump(String),
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
