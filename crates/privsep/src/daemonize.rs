//! Going to the background.

#![expect(unsafe_code, reason = "fork is unsafe; the process has one thread here")]

use std::fs::File;
use std::io::{self, Read, Write};

use nix::unistd::{ForkResult, chdir, dup2_stderr, dup2_stdin, dup2_stdout, fork, setsid};

/// The pipe that the process that was started waits for: it exits when the daemon works, so that its caller can go on.
#[derive(Debug)]
pub struct Starter(Option<io::PipeWriter>);

impl Starter {
    /// Nobody waits: the daemon stays in the foreground.
    pub fn none() -> Self {
        Self(None)
    }

    /// The daemon works.
    pub fn release(&mut self) {
        if let Some(mut pipe) = self.0.take() {
            let _ = pipe.write_all(b"+");
        }
    }
}

/// Forks. Only the new process returns, in a session of its own, at `/`, with its standard streams on `/dev/null`.
/// The old one exits: with 0 when the new one calls [`Starter::release`], with 1 when it ends before.
///
/// Must be called while the process has one thread.
pub fn daemonize() -> io::Result<Starter> {
    let (mut reading, writing) = io::pipe()?;
    let null = File::options().read(true).write(true).open("/dev/null")?;
    // SAFETY: the process has one thread, so the child's copy of every lock is in a usable state.
    match unsafe { fork() }? {
        ForkResult::Parent { .. } => {
            drop(writing);
            let released = reading.read_exact(&mut [0]).is_ok();
            // Not by returning: the daemon's objects (its pid file) must not be cleaned up here.
            std::process::exit(i32::from(!released));
        }
        ForkResult::Child => {
            setsid()?;
            chdir("/")?;
            dup2_stdin(&null)?;
            dup2_stdout(&null)?;
            dup2_stderr(&null)?;
            Ok(Starter(Some(writing)))
        }
    }
}
