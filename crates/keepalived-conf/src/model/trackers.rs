//! Trackers beside interfaces and scripts: numbers in files, processes; and how long a change of an
//! interface has to last.

use std::path::PathBuf;
use std::time::Duration;

/// A `track_file`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct TrackFile {
    /// Its name.
    pub name: String,
    /// `file`
    pub path: PathBuf,
    /// `weight`, -254 to 254, default 1; 0 makes any number but 0 a FAULT.
    pub weight: i16,
    /// `weight N reverse`
    pub reverse: bool,
}

/// A `vrrp_track_process`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct TrackProcess {
    /// Its name.
    pub name: String,
    /// `process`, `param_match` and `full_command`: which processes are counted.
    pub pattern: ProcessPattern,
    /// `quorum`: so many have to run; default 1.
    pub quorum: u32,
    /// `quorum_max`: more must not run.
    pub quorum_max: Option<u32>,
    /// `fork_delay`: for so long there have to be enough before that counts.
    pub fork_delay: Duration,
    /// `terminate_delay`: for so long there have to be too few, or too many, before that counts.
    pub terminate_delay: Duration,
    /// `weight`, -254 to 254, default 1; 0 makes a failure a FAULT.
    pub weight: i16,
    /// `weight N reverse`
    pub reverse: bool,
}

/// Which processes are counted.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum ProcessPattern {
    /// Those of this name, as the kernel has it (at most 15 octets).
    Name(String),
    /// Those of this command line: the program and its parameters, each as it is in `/proc/PID/cmdline`.
    CommandLine {
        /// The program as it was called.
        program: String,
        /// Rule by which the parameters are compared.
        parameters: ParameterPattern,
    },
}

/// Rule by which the parameters of a process are compared.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum ParameterPattern {
    /// Nothing.
    Any,
    /// They are these and no others.
    Exactly(Vec<String>),
    /// The first ones are these (`param_match partial`).
    First(Vec<String>),
    /// The first ones are these, of which the last may be only the beginning (`param_match initial`).
    Beginning(Vec<String>),
}

/// A line of `track_file`, `track_process` or `track_bfd` of an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Tracked {
    /// Index into [`Config::track_files`](super::Config::track_files),
    /// [`Config::track_processes`](super::Config::track_processes) or
    /// [`Config::bfd_instances`](super::Config::bfd_instances).
    pub index: usize,
    /// The line's weight, or the tracker's.
    pub weight: i16,
    /// `reverse`
    pub reverse: bool,
}

/// A line of `interface_up_down_delays`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct InterfaceDelays {
    /// The interface.
    pub interface: String,
    /// For so long it has to be down before that counts.
    pub down: Duration,
    /// For so long it has to be up again before that counts.
    pub up: Duration,
}
