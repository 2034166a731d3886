//! What the parent asks of the path process.

use std::path::PathBuf;

use keepalived_conf::model::InitFile;
use serde::{Deserialize, Serialize};

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
    /// Put this text in the place of a file, readable for root only.
    Replace(PathBuf, String),
    /// Make a file that holds a number; if it exists, only when `overwrite` is said.
    Init(InitFile, bool),
}

impl Job {
    /// The path that it is about.
    pub(crate) fn path(&self) -> &std::path::Path {
        match self {
            Self::Open(path) | Self::Replace(path, _) => path,
            Self::Init(file, _) => &file.path,
        }
    }
}

/// The answer: errno of what failed.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct FromPaths {
    pub(crate) id: u64,
    pub(crate) result: Result<(), i32>,
}
