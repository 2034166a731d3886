//! Signals as requests that the loop reads.

use std::io::{self, Read};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::{flag, low_level::pipe};

use crate::ipc::DumpKind;

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Request {
    /// SIGHUP
    Reload,
    /// SIGTERM, SIGINT
    Stop,
    /// SIGUSR1, SIGUSR2, SIGRTMAX-1, SIGRTMIN+2
    Dump(DumpKind),
    /// SIGCHLD
    ChildEnded,
}

/// The signals that came. A signal that comes twice before it is read is one request, as the kernel has it.
#[derive(Debug)]
pub(super) struct Signals {
    flags: Vec<(Arc<AtomicBool>, Request)>,
    wake: UnixStream,
}

impl Signals {
    /// Catches them from now on. SIGPIPE is already ignored by the runtime.
    pub(super) fn install(ignore_interrupt: bool) -> io::Result<Self> {
        let (wake, written) = UnixStream::pair()?;
        wake.set_nonblocking(true)?;
        written.set_nonblocking(true)?;
        let mut flags = Vec::new();
        for (signal, request) in requests() {
            if ignore_interrupt && signal == libc::SIGINT {
                // Caught, so that it does not end the process, and not listened to.
                flag::register(signal, Arc::new(AtomicBool::new(false)))?;
                continue;
            }
            let raised = Arc::new(AtomicBool::new(false));
            // In this order: who is woken finds the flag set.
            flag::register(signal, Arc::clone(&raised))?;
            pipe::register(signal, written.try_clone()?)?;
            flags.push((raised, request));
        }
        Ok(Self { flags, wake })
    }

    /// What was asked for since the last call.
    pub(super) fn take(&mut self) -> Vec<Request> {
        let mut buffer = [0; 256];
        while matches!(self.wake.read(&mut buffer), Ok(count) if count > 0) {}
        self.flags
            .iter()
            .filter(|(raised, _)| raised.swap(false, Ordering::SeqCst))
            .map(|&(_, request)| request)
            .collect()
    }
}

impl AsRawFd for Signals {
    fn as_raw_fd(&self) -> RawFd {
        self.wake.as_raw_fd()
    }
}

/// Children first: a worker that died is known before a reload or stop speaks to it.
fn requests() -> [(i32, Request); 8] {
    [
        (libc::SIGCHLD, Request::ChildEnded),
        (libc::SIGHUP, Request::Reload),
        (libc::SIGUSR1, Request::Dump(DumpKind::Data)),
        (libc::SIGUSR2, Request::Dump(DumpKind::Stats)),
        (libc::SIGRTMAX() - 1, Request::Dump(DumpKind::StatsClear)),
        (libc::SIGRTMIN() + 2, Request::Dump(DumpKind::Json)),
        (libc::SIGTERM, Request::Stop),
        (libc::SIGINT, Request::Stop),
    ]
}
