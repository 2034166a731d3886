//! Questions of the parent to the path process.

use std::path::PathBuf;

use keepalived_conf::model::InitFile;
use serde::{Deserialize, Serialize};

use super::fifo::{FileId, FoundFifo, WantedFifo};
use crate::parent::fingerprint::Fingerprint;
use crate::parent::load::LoadedConfig;

/// A question, with a number for the answer.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ToPaths {
    pub(crate) id: u64,
    pub(crate) job: Job,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Job {
    /// Whether a file can be opened for reading.
    Open(PathBuf),
    /// Read the first line of a file: [`Done::Text`].
    ReadStart(PathBuf),
    /// Remove a file.
    Remove(PathBuf),
    /// Put this text in the place of a file, readable for root only.
    Replace(PathBuf, String),
    /// The same for a text that has to outlive the machine's power; the folder is made if it is not there.
    Store(PathBuf, String),
    /// Make a file that holds a number; if it exists, only when `overwrite` is said.
    Init(InitFile, bool),
    /// Make sure of a FIFO.
    Fifo(WantedFifo),
    /// Remove a FIFO that was made here.
    RemoveFifo(PathBuf, FileId),
    /// Read the configuration, with its includes, users and scripts: the command line names it so. Meanwhile `reload_file`
    /// exists.
    Read { config: PathBuf, config_id: Option<String>, all_config: bool, reload_file: Option<PathBuf> },
    /// Read the files of the configuration, for [`Done::Fingerprint`].
    Fingerprint { config: PathBuf, config_id: Option<String>, all_config: bool },
}

impl Job {
    /// The path that it is about.
    pub(crate) fn path(&self) -> &std::path::Path {
        match self {
            Self::Open(path)
            | Self::ReadStart(path)
            | Self::Remove(path)
            | Self::Replace(path, _)
            | Self::Store(path, _)
            | Self::RemoveFifo(path, _) => path,
            Self::Fifo(wanted) => &wanted.path,
            Self::Init(file, _) => &file.path,
            Self::Read { config, .. } | Self::Fingerprint { config, .. } => config,
        }
    }
}

/// The answer: errno of what failed.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct FromPaths {
    pub(crate) id: u64,
    pub(crate) result: Result<Done, i32>,
}

/// An answer.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Done {
    /// The job is finished.
    Finished,
    /// This FIFO is there, or why there is none that may be used.
    Fifo(Result<FoundFifo, String>),
    /// The file begins so.
    Text(String),
    /// This was read.
    Config(Box<LoadedConfig>),
    /// The files are so.
    Fingerprint(Fingerprint),
}
