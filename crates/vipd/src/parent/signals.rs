//! Signals as requests that the loop reads.

use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;

use signal_hook::iterator::backend::SignalDelivery;
use signal_hook::iterator::exfiltrator::SignalOnly;

use crate::ipc::DumpKind;

/// The request that a signal stands for.
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
    delivery: SignalDelivery<UnixStream, SignalOnly>,
    /// Caught, so that it does not end the process, and not listened to.
    ignores_interrupt: bool,
}

impl Signals {
    /// Catches them from now on, with one descriptor for all. SIGPIPE is already ignored by the runtime.
    pub(super) fn install(ignores_interrupt: bool) -> io::Result<Self> {
        let (wake, written) = UnixStream::pair()?;
        wake.set_nonblocking(true)?;
        let signals = requests().map(|(signal, _)| signal);
        let delivery = SignalDelivery::with_pipe(wake, written, SignalOnly, signals)?;
        Ok(Self { delivery, ignores_interrupt })
    }

    /// The requests since the last call.
    pub(super) fn take(&mut self) -> Vec<Request> {
        let raised: Vec<i32> = self.delivery.pending().collect();
        let is_heard = |signal| !(self.ignores_interrupt && signal == libc::SIGINT);
        requests()
            .into_iter()
            .filter(|&(signal, _)| raised.contains(&signal) && is_heard(signal))
            .map(|(_, request)| request)
            .collect()
    }
}

impl AsRawFd for Signals {
    fn as_raw_fd(&self) -> RawFd {
        self.delivery.get_read().as_raw_fd()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_come_once_in_the_order_of_requests_and_an_ignored_interrupt_never() {
        let mut heard = Signals::install(false).unwrap();
        let mut deaf = Signals::install(true).unwrap();
        for signal in [libc::SIGINT, libc::SIGUSR2, libc::SIGHUP, libc::SIGHUP] {
            signal_hook::low_level::raise(signal).unwrap();
        }
        let others = [Request::Reload, Request::Dump(DumpKind::Stats)];
        // Children of other tests end meanwhile.
        let asked = |signals: &mut Signals| -> Vec<Request> {
            signals.take().into_iter().filter(|&request| request != Request::ChildEnded).collect()
        };
        assert_eq!(asked(&mut heard), [others[0], others[1], Request::Stop]);
        assert_eq!(asked(&mut heard), []);
        assert_eq!(asked(&mut deaf), others);
    }
}
