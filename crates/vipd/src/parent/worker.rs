//! A worker process as the parent sees it.

use std::ffi::{CStr, CString};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::path::Path;

use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use rustix::process::Signal;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::pid_file::PidFile;
use super::process::{Child, Ended, Launch};
use crate::ipc::{Channel, ChannelError, FromBfd, FromLvs, FromVrrp, FromWorker, Role, Task};
use crate::log::Log;
use crate::web;

/// A running worker.
#[derive(Debug)]
pub(super) struct Worker {
    pub(super) role: Role,
    pub(super) task: Task,
    child: Child,
    channel: Channel,
    /// Its channel may have messages that the poll will not tell of again.
    pub(super) unread: bool,
    /// Removed with this value.
    _pid_file: Option<PidFile>,
}

/// A message that only workers in one role say.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Own {
    Vrrp(FromVrrp),
    Lvs(FromLvs),
    Bfd(FromBfd),
}

/// Messages that were taken from a channel at once.
#[derive(Debug)]
pub(super) struct Received {
    pub(super) messages: Vec<FromWorker<Own>>,
    /// Why nothing follows.
    pub(super) end: Option<ChannelError>,
    has_more: bool,
}

fn receive(channel: &mut Channel, role: Role, most: usize) -> Received {
    let mut received = Received { messages: Vec::new(), end: None, has_more: true };
    while received.messages.len() < most {
        let next = match role {
            Role::Vrrp => next(channel, Own::Vrrp),
            Role::Lvs => next(channel, Own::Lvs),
            Role::Bfd => next(channel, Own::Bfd),
        };
        match next {
            Ok(Some(message)) => received.messages.push(message),
            Ok(None) => {
                received.has_more = false;
                break;
            }
            Err(error) => {
                received.has_more = false;
                received.end = Some(error);
                break;
            }
        }
    }
    received
}

fn next<F: DeserializeOwned>(
    channel: &mut Channel,
    own: fn(F) -> Own,
) -> Result<Option<FromWorker<Own>>, ChannelError> {
    let message: Option<FromWorker<F>> = channel.receive()?;
    Ok(message.map(|message| message.map(own)))
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
            Role::Bfd => &[c"vipd", c"worker", c"bfd"],
        };
        Self::ourselves(words)
    }

    /// This program as the mailer.
    pub(super) fn mailer() -> Self {
        Self::ourselves(&[c"vipd", c"mailer"])
    }

    /// This program as the watcher of files and processes.
    pub(super) fn watcher() -> Self {
        Self::ourselves(&[c"vipd", c"watcher"])
    }

    /// This program as the path process.
    pub(super) fn paths() -> Self {
        Self::ourselves(&[c"vipd", c"paths"])
    }

    fn ourselves(words: &[&CStr]) -> Self {
        let arguments = words.iter().map(|&word| word.to_owned()).collect();
        Self { file: c"/proc/self/exe".to_owned(), arguments }
    }

    /// This program as the web process.
    pub(super) fn web(arguments: &web::Arguments) -> Self {
        let mut program = Self::ourselves(&[c"vipd", c"web"]);
        let words = arguments.words().into_iter();
        program.arguments.extend(words.filter_map(|word| CString::new(word.into_encoded_bytes()).ok()));
        program
    }

    /// Starts it with a socket, of which our end is registered.
    pub(super) fn start(&self, registry: &Registry, token: Token) -> io::Result<(Child, Channel)> {
        let (near, far) = UnixStream::pair()?;
        let child = self.start_with(far)?;
        let channel = Channel::new(near).map_err(io::Error::other)?;
        registry.register(
            &mut SourceFd(&channel.as_raw_fd()),
            token,
            Interest::READABLE | Interest::WRITABLE,
        )?;
        Ok((child, channel))
    }

    /// Starts it with one end of a socket.
    pub(super) fn start_with(&self, far: UnixStream) -> io::Result<Child> {
        let launch = Launch {
            programs: vec![self.file.clone()],
            arguments: self.arguments.clone(),
            environment: std::env::vars_os()
                .filter_map(|(name, value)| {
                    CString::new([name.as_bytes(), b"=", value.as_bytes()].concat()).ok()
                })
                .collect(),
            credentials: None,
            socket: Some(OwnedFd::from(far)),
            output: None,
        };
        Ok(launch.start()?)
    }
}

impl Worker {
    /// Starts the program as a worker, with its socket registered, and writes its pid file.
    pub(super) fn start(
        (program, pid_path): (&WorkerProgram, &Path),
        (role, task): (Role, Task),
        registry: &Registry,
        token: Token,
        log: &mut Log,
    ) -> io::Result<Self> {
        let (child, channel) = program.start(registry, token)?;
        let pid_file = write_pid_file(pid_path, role, child.pid(), log);
        Ok(Self { role, task, child, channel, unread: false, _pid_file: pid_file })
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.pid()
    }

    pub(super) fn send(&mut self, message: &impl Serialize) -> Result<(), ChannelError> {
        self.channel.send(message)
    }

    pub(super) fn flush(&mut self) -> Result<(), ChannelError> {
        self.channel.flush()
    }

    /// Takes some messages, at most `most`; `unread` tells whether there may be more.
    pub(super) fn receive(&mut self, most: usize) -> Received {
        let received = receive(&mut self.channel, self.role, most);
        self.unread = received.has_more;
        received
    }

    /// Its end, if it has ended.
    pub(super) fn poll(&mut self) -> Option<Ended> {
        self.child.poll()
    }

    pub(super) fn kill(&mut self) {
        self.child.signal(Signal::KILL);
    }

    /// Closes its channel and removes its pid file; the process is still to be reaped.
    pub(super) fn into_child(self) -> Child {
        self.child
    }
}

fn write_pid_file(path: &Path, role: Role, pid: u32, log: &mut Log) -> Option<PidFile> {
    let name = role.name();
    match PidFile::lock(path.to_owned()) {
        Ok(mut file) => {
            if let Err(error) = file.write(pid) {
                log.warning(format!("cannot write the pid file of the {name} child process: {error}"));
            }
            Some(file)
        }
        Err(error) => {
            log.warning(format!("pid file of the {name} child process: {error}"));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_that_does_not_stop_talking_is_heard_a_part_at_a_time() {
        let (near, far) = UnixStream::pair().unwrap();
        let (mut near, mut far) = (Channel::new(near).unwrap(), Channel::new(far).unwrap());
        for generation in 0..1000 {
            far.queue(&FromWorker::<FromVrrp>::Running(generation)).unwrap();
        }
        far.flush().unwrap();
        assert!(far.is_flushed());
        drop(far);
        let mut heard = Vec::new();
        for _ in 0..4 {
            let received = receive(&mut near, Role::Vrrp, 250);
            assert!(received.has_more && received.end.is_none());
            assert_eq!(received.messages.len(), 250);
            heard.extend(received.messages);
        }
        let received = receive(&mut near, Role::Vrrp, 250);
        assert!(received.messages.is_empty() && !received.has_more);
        assert!(matches!(received.end, Some(ChannelError::Closed)));
        assert!((0..).zip(heard).all(|(n, message)| message == FromWorker::Running(n)));
    }
}
