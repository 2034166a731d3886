//! The set-up that every worker begins with.

use std::io;
use std::os::fd::OwnedFd;
use std::process::ExitCode;

use mio::{Poll, Token};
use privsep::scheduling;

use super::Parent;
use crate::{LogLevel, Messages, Start};

/// A worker that was told what to run.
#[derive(Debug)]
pub struct SetUp<R: Messages> {
    /// Wakes for the parent's messages and for SIGTERM.
    pub poll: Poll,
    /// The connection to the parent.
    pub parent: Parent<R>,
    /// What to run.
    pub start: Start<R::Start>,
}

impl<R: Messages> SetUp<R> {
    /// Takes over the inherited socket, waits for the first message and applies the scheduling that it asks for. The
    /// tokens are those of the parent's messages and of SIGTERM. `None` if there is nothing to do after all.
    ///
    /// The rights are given up later ([`Parent::keep_rights`]): some worker needs more of them to begin.
    pub fn begin(socket: OwnedFd, message: Token, signal: Token) -> io::Result<Option<Self>> {
        let mut poll = Poll::new()?;
        let mut parent = Parent::connect(socket, poll.registry(), message, signal)?;
        let Some(start) = parent.await_start(&mut poll)? else { return Ok(None) };
        for complaint in scheduling::apply(&R::scheduling(&start.own)) {
            parent.log(LogLevel::Warning, complaint);
        }
        Ok(Some(Self { poll, parent, start }))
    }
}

/// Exit status of a worker: 0 after an orderly stop, 1 if the machine denies what is needed.
pub fn exit_code(result: io::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The parent logs the status; this is for people who start the worker by hand.
            eprintln!("vipd worker: {error}");
            ExitCode::FAILURE
        }
    }
}
