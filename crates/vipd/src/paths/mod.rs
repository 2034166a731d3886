//! The path process: everything that the parent wants of a path that an operator named.
//!
//! A file system can hang for as long as it likes (an NFS server that is away), and blocks every process that uses it:
//! a thread that waits for it cannot even be killed. So the parent asks this process, which has a few threads for it,
//! and goes on. A parent that ends does not wait for it.

mod fifo;
mod jobs;
mod message;
mod pool;

use std::io::{self, ErrorKind};
use std::os::fd::{AsRawFd, OwnedFd};
use std::process::ExitCode;

use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};

use crate::ipc::{Channel, ChannelError};
pub(crate) use fifo::{FileId, FoundFifo, WantedFifo, open as open_fifo};
#[cfg(test)]
pub(crate) use jobs::perform;
pub(crate) use message::{Done, FromPaths, Job, ToPaths};
use pool::Pool;

/// Runs the path process at the other end of `socket` until the parent goes away.
pub fn main(socket: OwnedFd) -> ExitCode {
    let status = match run(socket) {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("vipd paths: {error}");
            1
        }
    };
    // Threads that wait for a file system are not waited for.
    std::process::exit(status)
}

fn run(socket: OwnedFd) -> io::Result<()> {
    let mut poll = Poll::new()?;
    let mut channel = Channel::from_fd(socket).map_err(io::Error::other)?;
    let interest = Interest::READABLE | Interest::WRITABLE;
    poll.registry().register(&mut SourceFd(&channel.as_raw_fd()), CHANNEL, interest)?;
    let mut threads = Pool::new(poll.registry(), DONE)?;
    let mut events = Events::with_capacity(8);
    loop {
        match serve(&mut channel, &mut threads) {
            Ok(()) => {}
            Err(ChannelError::Closed) => return Ok(()),
            Err(error) => return Err(io::Error::other(error)),
        }
        match poll.poll(&mut events, None) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => result?,
        }
    }
}

/// Takes in what is asked, and gives out what is done.
fn serve(channel: &mut Channel, threads: &mut Pool) -> Result<(), ChannelError> {
    while let Some(ToPaths { id, job }) = channel.receive()? {
        threads.begin(id, job);
    }
    while let Some((id, result)) = threads.take_done() {
        channel.send(&FromPaths { id, result })?;
    }
    channel.flush()
}

const CHANNEL: Token = Token(0);
const DONE: Token = Token(1);
