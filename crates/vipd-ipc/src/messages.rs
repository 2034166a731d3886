//! The frame of what parent and worker say: the parts that are the same in every role.
//!
//! A worker is started with one [`Start`], then it is told [`ToWorker`]s and says [`FromWorker`]s. What only workers in
//! one role are told or say is a type of that role, so that nobody has to ignore a message.

use std::fmt::Debug;

use keepalived_conf::model::lvs::LvsService;
use privsep::scheduling::SchedulingOptions;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use vipd_log::LogLine;

use super::{Generation, Memory, Role, RunAs};

/// The types of one role.
pub trait Messages: Debug {
    /// What a worker in this role is started with besides what every worker is.
    type Start: Debug + Serialize + DeserializeOwned;
    /// What only workers in this role are told.
    type To: Told + Debug + DeserializeOwned;
    /// What only workers in this role say.
    type From: Debug + Serialize + DeserializeOwned;

    /// The scheduling that the configuration asks for.
    fn scheduling(start: &Self::Start) -> SchedulingOptions<'_>;
}

/// What only workers in one role are told.
pub trait Told: Serialize {
    /// That role.
    const ROLE: Role;
}

/// The first message to a worker, and the only one of its kind.
#[derive(Debug, Serialize, Deserialize)]
pub struct Start<S> {
    /// Counts the readings of the configuration.
    pub generation: Generation,
    /// What to do with the configuration.
    pub task: Task,
    /// State that a predecessor left without an orderly stop: it died, or it hung and was killed.
    pub predecessor: Option<Box<Predecessor>>,
    /// The account that the worker changes to once it is started; `None` changes nothing.
    pub run_as: Option<RunAs>,
    /// What only workers in this role are started with.
    pub own: S,
}

impl Start<()> {
    /// The same for a worker in a role.
    pub fn with<S>(self, own: S) -> Start<S> {
        let Self { generation, task, predecessor, run_as, own: () } = self;
        Start { generation, task, predecessor, run_as, own }
    }
}

/// From the parent to a worker that was started.
#[derive(Debug, Serialize, Deserialize)]
pub enum ToWorker<T> {
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
    /// What only workers in this role are told.
    Own(T),
}

/// A message that only some role could have: there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Nothing {}

/// A message for a worker in any role.
pub type ToAnyWorker = ToWorker<Nothing>;

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
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FromWorker<F> {
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
    /// A line for the log.
    Log(LogLine),
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
    /// What only workers in this role say.
    Own(F),
}

impl<F> FromWorker<F> {
    /// The same message among those of several roles.
    pub fn map<G>(self, own: impl FnOnce(F) -> G) -> FromWorker<G> {
        match self {
            Self::Running(generation) => FromWorker::Running(generation),
            Self::Alive => FromWorker::Alive,
            Self::Remember { key, value } => FromWorker::Remember { key, value },
            Self::Log(line) => FromWorker::Log(line),
            Self::Status { request, part, last } => FromWorker::Status { request, part, last },
            Self::Happened(what) => FromWorker::Happened(what),
            Self::Stopped => FromWorker::Stopped,
            Self::Refused(reason) => FromWorker::Refused(reason),
            Self::Own(message) => FromWorker::Own(own(message)),
        }
    }
}
