//! A worker's end of the connection to the parent, and the signal that means the same as its word.

use std::io::{self, Read};
use std::marker::PhantomData;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Registry, Token};
use privsep::rights::{self, CapabilitySet};
use serde::de::DeserializeOwned;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGUSR2};
use vipd_log::LogLine;

use crate::{Channel, ChannelError, FromWorker, LogLevel, Messages, RunAs, Start, ToWorker};

/// The end of the channel that a worker of a role holds.
#[derive(Debug)]
pub struct Parent<R> {
    channel: Channel,
    /// Readable after SIGTERM.
    signal: UnixStream,
    /// SIGTERM came.
    terminated: bool,
    /// Log lines that were dropped since the last one that was not.
    unsaid: u64,
    gone: bool,
    role: PhantomData<R>,
}

impl<R: Messages> Parent<R> {
    /// Takes over the inherited socket, and signals: SIGTERM is an orderly stop, what a terminal or an operator
    /// sends to the whole process group is the parent's to interpret.
    pub fn connect(
        socket: OwnedFd,
        registry: &Registry,
        message_token: Token,
        signal_token: Token,
    ) -> io::Result<Self> {
        let channel = Channel::from_fd(socket).map_err(io::Error::other)?;
        let (signal, write) = UnixStream::pair()?;
        signal.set_nonblocking(true)?;
        signal_hook::low_level::pipe::register(SIGTERM, write)?;
        let ignored = std::sync::Arc::default();
        for signal in [SIGHUP, SIGINT, SIGUSR1, SIGUSR2] {
            signal_hook::flag::register(signal, std::sync::Arc::clone(&ignored))?;
        }
        let interest = Interest::READABLE | Interest::WRITABLE;
        registry.register(&mut SourceFd(&channel.as_raw_fd()), message_token, interest)?;
        registry.register(&mut SourceFd(&signal.as_raw_fd()), signal_token, Interest::READABLE)?;
        Ok(Self { channel, signal, terminated: false, unsaid: 0, gone: false, role: PhantomData })
    }

    /// Waits for the first message; `None` if there is nothing to do after all.
    ///
    /// Messages right behind it, and a SIGTERM meanwhile, wake nobody any more: ask once before the loop begins.
    pub fn await_start(&mut self, poll: &mut Poll) -> io::Result<Option<Start<R::Start>>> {
        let mut events = Events::with_capacity(8);
        loop {
            match self.take() {
                Some(start) => return Ok(Some(start)),
                None if self.gone || self.was_terminated() => return Ok(None),
                None => match poll.poll(&mut events, None) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    result => result?,
                },
            }
        }
    }

    /// The next message, if there is one.
    pub fn receive(&mut self) -> Option<ToWorker<R::To>> {
        self.take()
    }

    fn take<T: DeserializeOwned>(&mut self) -> Option<T> {
        match self.channel.receive() {
            Ok(message) => message,
            Err(error) => {
                self.lose(&error);
                None
            }
        }
    }

    /// Queues a message; [`flush`](Self::flush) sends it.
    pub fn send(&mut self, message: &FromWorker<R::From>) {
        if let Err(error) = self.channel.queue(message) {
            self.lose(&error);
        }
    }

    /// Queues a message that only workers in this role say.
    pub fn tell(&mut self, message: R::From) {
        self.send(&FromWorker::Own(message));
    }

    /// Gives up every right but these, and says where that is not possible.
    pub fn keep_rights(&mut self, kept: CapabilitySet, run_as: Option<RunAs>) {
        for complaint in rights::keep(kept, run_as) {
            self.log(LogLevel::Warning, complaint);
        }
    }

    /// Queues a value that a successor is to know, or is to know no more.
    pub fn remember(&mut self, key: String, value: Option<Vec<u8>>) {
        self.send(&FromWorker::Remember { key, value });
    }

    /// Queues a log line that is a sentence only.
    pub fn log(&mut self, level: LogLevel, text: String) {
        self.log_line(LogLine::new(level, text));
    }

    /// Queues a log line. If the parent does not keep up, lines are dropped and counted, for an election must not
    /// wait for a log.
    pub fn log_line(&mut self, line: LogLine) {
        if self.channel.waiting() > LOG_LIMIT {
            self.unsaid += 1;
            return;
        }
        let unsaid = std::mem::take(&mut self.unsaid);
        if unsaid > 0 {
            let text = format!("{unsaid} log lines were dropped");
            self.send(&FromWorker::Log(LogLine::new(LogLevel::Warning, text)));
        }
        self.send(&FromWorker::Log(line));
    }

    /// Queues a piece of how everything stands.
    pub fn status(&mut self, request: u32, part: &vipd_status::Part, last: bool) {
        // Values without maps of odd keys have a JSON.
        let part = serde_json::to_vec(part).unwrap_or_default();
        self.send(&FromWorker::Status { request, part, last });
    }

    /// Queues something that happened, unless the parent does not keep up.
    pub fn happened(&mut self, event: &vipd_status::EventKind) {
        if self.channel.waiting() <= LOG_LIMIT
            && let Ok(event) = serde_json::to_vec(event)
        {
            self.send(&FromWorker::Happened(event));
        }
    }

    /// Whether more waits for the parent than what is not urgent should add to.
    pub fn is_behind(&self) -> bool {
        self.channel.waiting() > BEHIND
    }

    /// Queues a log line that is a sentence only, if it is one.
    pub fn log_some(&mut self, level: LogLevel, text: Option<String>) {
        if let Some(text) = text {
            self.log(level, text);
        }
    }

    /// Sends what the socket takes.
    pub fn flush(&mut self) {
        if let Err(error) = self.channel.flush() {
            self.lose(&error);
        }
    }

    /// Sends the rest, and waits a moment for a slow parent: it is the end.
    pub fn say_goodbye(&mut self) {
        for _ in 0..GOODBYE_STEPS {
            self.flush();
            if self.gone || self.channel.is_flushed() {
                return;
            }
            std::thread::sleep(GOODBYE_STEP);
        }
    }

    /// Whether the parent can no longer be heard.
    pub fn is_gone(&self) -> bool {
        self.gone
    }

    /// Whether SIGTERM came, at any time until now.
    pub fn was_terminated(&mut self) -> bool {
        self.terminated |= matches!(self.signal.read(&mut [0; 8]), Ok(1..));
        self.terminated
    }

    fn lose(&mut self, error: &ChannelError) {
        if !self.gone && !matches!(error, ChannelError::Closed) {
            eprintln!("vipd worker: lost the parent: {error}");
        }
        self.gone = true;
    }
}

/// Octets that may wait for the parent before log lines are dropped.
const LOG_LIMIT: usize = 1 << 20;

/// Octets that may wait before an answer waits, too.
const BEHIND: usize = 64 * 1024;

const GOODBYE_STEPS: u32 = 100;
const GOODBYE_STEP: Duration = Duration::from_millis(10);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Bfd;

    #[test]
    fn a_sigterm_that_came_while_the_configuration_was_awaited_is_not_forgotten() {
        let mut poll = Poll::new().unwrap();
        let (near, far) = UnixStream::pair().unwrap();
        let mut worker: Parent<Bfd> =
            Parent::connect(far.into(), poll.registry(), Token(0), Token(1)).unwrap();
        signal_hook::low_level::raise(SIGTERM).unwrap();
        assert!(matches!(worker.await_start(&mut poll), Ok(None)));
        assert!(worker.was_terminated(), "asked by the waiting");
        assert!(worker.was_terminated(), "asked again by the loop");
        drop(near);
    }
}
