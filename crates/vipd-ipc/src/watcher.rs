//! Messages of the parent and the watcher, and those of both to the VRRP worker.

use std::collections::BTreeSet;
use std::path::PathBuf;

use keepalived_conf::model::trackers::ProcessPattern;
use serde::{Deserialize, Serialize};

use crate::{LogLevel, RunAs};

/// Something outside of the network that priorities depend on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Subject {
    /// The number in a file.
    File(PathBuf),
    /// The number of running processes of a kind.
    Processes(ProcessPattern),
}

/// An observation of a subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observation {
    /// Of what.
    pub subject: Subject,
    /// The number in the file, or how many processes there are.
    pub value: i32,
}

/// From the parent to the watcher.
#[derive(Debug, Serialize, Deserialize)]
pub enum ToWatcher {
    /// Watch these and nothing else. The first message also names the account to change to.
    Watch {
        /// Everything that is to be watched.
        subjects: BTreeSet<Subject>,
        /// The account that the watcher changes to.
        run_as: Option<RunAs>,
    },
}

/// From the watcher to the parent.
#[derive(Debug, Serialize, Deserialize)]
pub enum FromWatcher {
    /// The new observations.
    Observed(Vec<Observation>),
    /// A line for the log.
    Log(LogLevel, String),
}
