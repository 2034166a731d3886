//! A worker process as the parent sees it.

use std::ffi::{CStr, CString};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::time::Instant;

use keepalived_conf::model::VrrpInstance;
use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use rustix::process::Signal;

use super::post::Role;
use super::process::{Child, Ended, Launch};
use crate::ipc::{Channel, ChannelError, FromWorker, ToWorker};

/// A running worker.
#[derive(Debug)]
pub(super) struct Worker {
    child: Child,
    channel: Channel,
    /// When it is killed, if it does not end by itself.
    pub(super) kill_at: Option<Instant>,
    /// It was told to stop.
    pub(super) stopping: bool,
    /// It said that it cannot run its configuration, and ends.
    pub(super) refused: bool,
}

/// The program that workers are: this one, except in tests.
#[derive(Clone, Debug)]
pub(super) struct WorkerProgram {
    pub(super) file: CString,
    pub(super) arguments: Vec<CString>,
}

impl WorkerProgram {
    /// This program in a role, even when its file was replaced by an update.
    pub(super) fn this(role: Role, ipvs_dry_run: bool) -> Self {
        let words: &[&CStr] = match role {
            Role::Vrrp => &[c"vipd", c"worker", c"vrrp"],
            Role::Lvs if ipvs_dry_run => &[c"vipd", c"worker", c"lvs", c"dry-run"],
            Role::Lvs => &[c"vipd", c"worker", c"lvs"],
        };
        Self::ourselves(words)
    }

    /// This program as the mailer.
    pub(super) fn mailer() -> Self {
        Self::ourselves(&[c"vipd", c"mailer"])
    }

    /// This program as the path process.
    pub(super) fn paths() -> Self {
        Self::ourselves(&[c"vipd", c"paths"])
    }

    fn ourselves(words: &[&CStr]) -> Self {
        let arguments = words.iter().map(|&word| word.to_owned()).collect();
        Self { file: c"/proc/self/exe".to_owned(), arguments }
    }

    /// Starts it with a socket, of which our end is registered.
    pub(super) fn start(&self, registry: &Registry, token: Token) -> io::Result<(Child, Channel)> {
        let (near, far) = UnixStream::pair()?;
        let launch = Launch {
            program: self.file.clone(),
            arguments: self.arguments.clone(),
            environment: std::env::vars_os()
                .filter_map(|(name, value)| {
                    CString::new([name.as_bytes(), b"=", value.as_bytes()].concat()).ok()
                })
                .collect(),
            credentials: None,
            socket: Some(OwnedFd::from(far)),
        };
        let child = launch.start()?;
        let channel = Channel::new(near).map_err(io::Error::other)?;
        registry.register(
            &mut SourceFd(&channel.as_raw_fd()),
            token,
            Interest::READABLE | Interest::WRITABLE,
        )?;
        Ok((child, channel))
    }
}

impl Worker {
    /// Starts the program as a worker, with its socket registered.
    pub(super) fn start(program: &WorkerProgram, registry: &Registry, token: Token) -> io::Result<Self> {
        let (child, channel) = program.start(registry, token)?;
        Ok(Self { child, channel, kill_at: None, stopping: false, refused: false })
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.pid()
    }

    /// Whether it is not on its way out.
    pub(super) fn is_serving(&self) -> bool {
        !self.stopping && !self.refused
    }

    pub(super) fn send(&mut self, message: &ToWorker) -> Result<(), ChannelError> {
        self.channel.send(message)
    }

    pub(super) fn flush(&mut self) -> Result<(), ChannelError> {
        self.channel.flush()
    }

    pub(super) fn receive(&mut self) -> Result<Option<FromWorker>, ChannelError> {
        self.channel.receive()
    }

    /// How it ended, if it has.
    pub(super) fn poll(&mut self) -> Option<Ended> {
        self.child.poll()
    }

    pub(super) fn kill(&mut self) {
        self.child.signal(Signal::KILL);
    }
}

/// The instance that a message names.
pub(super) fn instance(instances: &[VrrpInstance], index: u32) -> Option<&VrrpInstance> {
    instances.get(usize::try_from(index).ok()?)
}
