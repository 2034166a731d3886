//! FIFOs that scripts read what happens from.

use std::path::PathBuf;

use super::{Command, User};

/// A FIFO that gets a line for each event.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Fifo {
    /// Its path.
    pub path: PathBuf,
    /// Events that are written to it.
    pub lines: Lines,
    /// Owner, should it have to be made.
    pub owner: Option<User>,
    /// `*_fifo_script`: started with the path as its last argument.
    pub script: Option<Command>,
}

/// Origin of the lines that a FIFO gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Lines {
    /// `vrrp_notify_fifo`: those of instances.
    Vrrp,
    /// `lvs_notify_fifo`: those of virtual and real servers.
    Lvs,
    /// `notify_fifo`
    All,
}
