#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod cause;
mod daemon;
mod event;
pub mod explain;
mod instance;
pub mod metrics;
mod neighbour;
mod problems;
mod select;
mod service;
pub mod text;
mod tracker;
mod words;

use std::collections::BTreeSet;

pub use cause::{Cause, Evidence, Fault};
pub use daemon::{ConfigState, Daemon, ReloadOutcome, ReloadResult, Role, Worker};
pub use event::{Event, EventKind};
pub use instance::{
    Address, CloseCalls, Family, Group, Histogram, Instance, Intent, IntentKind, Master, NewMasterReason,
    Preempt, Priority, State, Statistics, Term, Timers, Transition,
};
pub use jiff::Timestamp;
pub use neighbour::Neighbour;
pub use problems::{Problem, ProblemKind, Severity, problems};
pub use select::Target;
use serde::{Deserialize, Serialize};
pub use service::{
    BfdSession, Check, CheckFailure, Connections, Quorum, Server, ServerWeight, Service, SorryServer,
};
pub use tracker::{LastRun, Tracker, TrackerKind};
pub use words::clean;

/// The version of these types as JSON. It grows when a member changes its meaning or goes; new members do not change
/// it, so that a reader has to ignore those that it does not know.
pub const VERSION: u32 = 1;

/// Everything that the daemon says about itself at one moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Status {
    /// [`VERSION`]
    pub v: u32,
    /// When it was put together.
    pub at: Timestamp,
    /// The daemon as a whole.
    pub daemon: Daemon,
    /// Its worker processes.
    #[serde(default)]
    pub workers: Vec<Worker>,
    /// Virtual routers, in the order of the file.
    #[serde(default)]
    pub instances: Vec<Instance>,
    /// Sync groups, in the order of the file.
    #[serde(default)]
    pub groups: Vec<Group>,
    /// Trackers, which priorities depend on: scripts, files, processes, interfaces, BFD sessions.
    #[serde(default)]
    pub trackers: Vec<Tracker>,
    /// Other speakers of VRRP on our links.
    #[serde(default)]
    pub neighbours: Vec<Neighbour>,
    /// Virtual servers, in the order of the file.
    #[serde(default)]
    pub services: Vec<Service>,
    /// BFD sessions.
    #[serde(default)]
    pub bfd: Vec<BfdSession>,
}

/// A piece of a [`Status`], as a worker hands it over: few enough at once that nobody waits for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// More of [`Status::instances`].
    Instances(Vec<Instance>),
    /// More of [`Status::groups`].
    Groups(Vec<Group>),
    /// More of [`Status::trackers`].
    Trackers(Vec<Tracker>),
    /// More of [`Status::neighbours`].
    Neighbours(Vec<Neighbour>),
    /// More of [`Status::services`].
    Services(Vec<Service>),
    /// More of [`Status::bfd`].
    Bfd(Vec<BfdSession>),
}

impl Status {
    /// Without workers and what they know.
    pub fn new(at: Timestamp, daemon: Daemon) -> Self {
        Self {
            v: VERSION,
            at,
            daemon,
            workers: Vec::new(),
            instances: Vec::new(),
            groups: Vec::new(),
            trackers: Vec::new(),
            neighbours: Vec::new(),
            services: Vec::new(),
            bfd: Vec::new(),
        }
    }

    /// VRIDs that nobody was heard to use on an interface, and that no instance of ours has there.
    pub fn free_vrids(&self, interface: &str) -> impl Iterator<Item = u8> + use<> {
        let instances = self.instances.iter().map(|known| (&known.interface, known.vrid));
        let heard = self.neighbours.iter().map(|known| (&known.interface, known.vrid));
        let used = instances.chain(heard).filter(|(of, _)| *of == interface).map(|(_, vrid)| vrid);
        let used: BTreeSet<u8> = used.collect();
        (1..=255).filter(move |vrid| !used.contains(vrid))
    }

    /// Adds what a worker handed over.
    pub fn add(&mut self, part: Part) {
        match part {
            Part::Instances(more) => self.instances.extend(more),
            Part::Groups(more) => self.groups.extend(more),
            Part::Trackers(more) => self.trackers.extend(more),
            Part::Neighbours(more) => self.neighbours.extend(more),
            Part::Services(more) => self.services.extend(more),
            Part::Bfd(more) => self.bfd.extend(more),
        }
    }
}
