//! The state that one program hands over to the next: a line of JSON with the numbers of the formats, then the values.
//!
//! A program takes over only where it knows every number: what the workers remember is part of that. A change of a type that is
//! written here, or in the memory of the VRRP and BFD workers, needs another number.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek as _, Write as _};
use std::os::fd::RawFd;
use std::path::PathBuf;

use nix::fcntl::{FcntlArg, SealFlag, fcntl};
use nix::sys::memfd::{MFdFlags, memfd_create};
use serde::{Deserialize, Serialize};
use vipd_notify::{HandedLane, RunId};
use vipd_supervisor::LeftBehind;

use super::super::fifo::HandedFifos;
use super::super::supervise::LastReported;
use crate::ipc::watcher::Observation;
use crate::ipc::{PerRole, SessionKey};
use crate::outlets::mail::MailMemory;
use crate::{bfd, lvs, vrrp};

/// Everything that is handed over.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::parent) struct HandedOver {
    /// The process that this is for.
    pub(in crate::parent) pid: u32,
    /// The version of who hands over.
    pub(in crate::parent) version: String,
    /// The command line.
    pub(in crate::parent) arguments: Vec<Vec<u8>>,
    /// The configuration file, as an absolute path.
    pub(in crate::parent) config_file: PathBuf,
    /// Network namespace and instance, which stay.
    pub(in crate::parent) namespace: Option<String>,
    pub(in crate::parent) instance: Option<String>,
    pub(in crate::parent) descriptors: Descriptors,
    /// The configuration as the two programs have it, each in its own format.
    pub(in crate::parent) former: Vec<u8>,
    pub(in crate::parent) next: Vec<u8>,
    /// Why the next one is the former one again.
    pub(in crate::parent) went_back: Option<String>,
    pub(in crate::parent) left: PerRole<LeftBehind>,
    pub(in crate::parent) reload: bool,
    pub(in crate::parent) last_reported: LastReported,
    pub(in crate::parent) sessions: Vec<(SessionKey, bool)>,
    pub(in crate::parent) observed: Vec<Observation>,
    pub(in crate::parent) lanes: Vec<HandedLane>,
    pub(in crate::parent) runs: Vec<(RunId, u32)>,
    pub(in crate::parent) fifos: HandedFifos,
    pub(in crate::parent) mail: MailMemory,
    /// Other children, which only have to be reaped.
    pub(in crate::parent) children: Vec<u32>,
    /// The parent's part of the status, as JSON.
    pub(in crate::parent) facts: String,
    /// The number of the last event, and the last ones as lines.
    pub(in crate::parent) last_event: u64,
    pub(in crate::parent) events: Vec<Vec<u8>>,
}

/// Descriptors that stay open.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(in crate::parent) struct Descriptors {
    /// The locked pid file.
    pub(in crate::parent) pid_file: Option<(PathBuf, RawFd)>,
    /// The control socket, and device and inode of its file.
    pub(in crate::parent) control: Option<(PathBuf, (u64, u64), RawFd)>,
    /// The client that waits for an answer, with its user and its groups.
    pub(in crate::parent) client: Option<(RawFd, u32, Vec<u32>)>,
}

/// The first line.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Head {
    #[serde(rename = "vipd-takeover")]
    formats: BTreeMap<String, u64>,
    version: String,
}

/// Reasons for which it cannot be read.
#[derive(Debug, thiserror::Error)]
pub(in crate::parent) enum StateError {
    #[error("the state that was handed over cannot be read: {0}")]
    Io(#[from] io::Error),
    #[error("this is no state of a vipd")]
    Foreign,
    #[error(
        "version {from} hands over {what} in format {theirs}, and version {} knows format {ours}",
        super::VERSION
    )]
    Format { what: String, from: String, ours: String, theirs: String },
    #[error("the state that was handed over is damaged")]
    Damaged,
}

impl HandedOver {
    /// Writes it.
    pub(in crate::parent) fn encode(&self) -> io::Result<Vec<u8>> {
        let head = Head { formats: formats(), version: self.version.clone() };
        let mut bytes = serde_json::to_vec(&head)?;
        bytes.push(b'\n');
        postcard::to_extend(self, bytes).map_err(io::Error::other)
    }

    /// Reads it.
    pub(in crate::parent) fn decode(bytes: &[u8]) -> Result<Self, StateError> {
        let end = bytes.iter().take(MAX_HEAD).position(|&byte| byte == b'\n').ok_or(StateError::Foreign)?;
        let (head, body) = bytes.split_at(end);
        let head: Head = serde_json::from_slice(head).map_err(|_| StateError::Foreign)?;
        let ours = formats();
        for what in ours.keys().chain(head.formats.keys()) {
            let (known, told) = (ours.get(what), head.formats.get(what));
            if known != told {
                let number = |number: Option<&u64>| number.map_or("none".to_owned(), u64::to_string);
                return Err(StateError::Format {
                    what: what.clone(),
                    from: head.version,
                    ours: number(known),
                    theirs: number(told),
                });
            }
        }
        postcard::from_bytes(body.get(1..).unwrap_or_default()).map_err(|_| StateError::Damaged)
    }

    /// Reads it from a file.
    pub(in crate::parent) fn read(mut file: impl Read) -> Result<Self, StateError> {
        let mut bytes = Vec::new();
        file.by_ref().take(MAX_STATE).read_to_end(&mut bytes)?;
        Self::decode(&bytes)
    }
}

/// The numbers of all formats that are handed over.
fn formats() -> BTreeMap<String, u64> {
    let formats = [
        ("state", FORMAT),
        ("VRRP", vrrp::MEMORY_FORMAT),
        ("LVS", lvs::memory_format()),
        ("BFD", bfd::MEMORY_FORMAT),
    ];
    formats.into_iter().map(|(name, number)| (name.to_owned(), number)).collect()
}

/// A file without a name.
pub(in crate::parent) fn memory_file() -> io::Result<File> {
    let flags = MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING;
    Ok(memfd_create(c"vipd-takeover", flags)?.into())
}

/// A file without a name that nobody can change.
pub(in crate::parent) fn sealed(bytes: &[u8]) -> io::Result<File> {
    let mut file = memory_file()?;
    file.write_all(bytes)?;
    // The program that inherits the descriptor reads from here.
    file.rewind()?;
    let seals =
        SealFlag::F_SEAL_SHRINK | SealFlag::F_SEAL_GROW | SealFlag::F_SEAL_WRITE | SealFlag::F_SEAL_SEAL;
    fcntl(&file, FcntlArg::F_ADD_SEALS(seals))?;
    Ok(file)
}

/// The format of [`HandedOver`].
const FORMAT: u64 = 1;

const MAX_HEAD: usize = 4096;

/// Three workers, two configurations, and room.
const MAX_STATE: u64 = 512 << 20;

#[cfg(test)]
mod tests;
