//! The web process: shows what the daemon says of itself by HTTP, and can do nothing else.
//!
//! The parent starts it if the configuration names an address, hands it the listening socket, and answers it as a reader of
//! the control socket: no right of such a reader changes anything. It runs as `nobody`, without any capability, before
//! it accepts the first connection.

mod arguments;
mod feed;
mod handover;

use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use vipd_control::{Answer, Request, Verb};
use vipd_web::{Access, Server, Site, Sockets};

pub use arguments::Arguments;
use feed::Feed;
pub use handover::send_socket;
use privsep::unprivileged;

/// Runs the web process at the other end of `socket` until the parent closes it.
pub fn main(socket: OwnedFd) -> ExitCode {
    match run(UnixStream::from(socket)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Token(error)) => {
            eprintln!("vipd web: the token file cannot be used: {error}");
            ExitCode::from(BAD_TOKEN_FILE)
        }
        Err(Failure::Io(error)) => {
            eprintln!("vipd web: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Why it ended.
enum Failure {
    Token(io::Error),
    Io(io::Error),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

fn run(parent: UnixStream) -> Result<(), Failure> {
    let arguments = Arguments::of_this_process()?;
    let listener = handover::receive_socket(&parent)?;
    // As root: the file may be readable for root alone.
    let token = arguments.token().map_err(Failure::Token)?;
    for complaint in unprivileged::become_nobody("the web process")? {
        eprintln!("vipd web: {complaint}");
    }
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let access = Access::new(token.as_deref(), arguments.names.into_iter().chain([host.clone()]));
    drop(token);
    let poll = Poll::new()?;
    let sockets = Sockets::new(listener, poll.registry().try_clone()?, CLIENTS)?;
    let server = Server::new(Instant::now(), Site::new(&host, milliseconds()), access);
    let mut web = Web { poll, parent: Parent::new(parent)?, sockets, server };
    web.serve()?;
    Ok(())
}

/// Milliseconds since 1970: pages of an earlier process have lower numbers.
fn milliseconds() -> u64 {
    u64::try_from(vipd_status::Timestamp::now().as_millisecond()).unwrap_or(1)
}

/// The process.
struct Web {
    poll: Poll,
    parent: Parent,
    sockets: Sockets,
    server: Server,
}

impl Web {
    fn serve(&mut self) -> io::Result<()> {
        let mut source = SourceFd(&self.parent.stream.as_raw_fd());
        self.poll.registry().register(&mut source, PARENT, Interest::READABLE | Interest::WRITABLE)?;
        self.parent.ask(Verb::Events { follow: true });
        let mut events = Events::with_capacity(64);
        loop {
            match self.poll.poll(&mut events, self.time_to_wait(Instant::now())) {
                Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error),
                _ => {}
            }
            let now = Instant::now();
            for event in events.iter().filter(|event| event.token() != PARENT) {
                self.sockets.handle_event(now, event.token(), &mut self.server);
            }
            if !self.hear(now)? {
                return Ok(());
            }
            self.server.handle_timeout(now);
            if self.server.poll_demand(now) {
                self.parent.ask(Verb::Status {});
            }
            self.parent.flush()?;
            self.sockets.work(Instant::now(), &mut self.server);
        }
    }

    /// Takes what the parent says; gives whether the parent is still there.
    fn hear(&mut self, now: Instant) -> io::Result<bool> {
        let is_there = self.parent.read()?;
        let mut happened = Vec::new();
        while let Some(answer) = self.parent.feed.next()? {
            match answer {
                Answer::Status(status) => self.server.handle_status(now, *status),
                Answer::Event(event) => happened.push(*event),
                // Lost events are known by their numbers.
                _ => {}
            }
        }
        if !happened.is_empty() {
            self.server.handle_events(now, happened);
        }
        Ok(is_there)
    }

    fn time_to_wait(&self, now: Instant) -> Option<Duration> {
        if self.sockets.has_work() {
            return Some(Duration::ZERO);
        }
        let due = self.server.poll_timeout()?;
        // epoll counts milliseconds: never wake just before the moment.
        Some(due.saturating_duration_since(now) + Duration::from_millis(1))
    }
}

/// The parent, at the other end of a socket.
struct Parent {
    stream: UnixStream,
    feed: Feed,
    /// Requests to be sent: at most one of each kind.
    output: Vec<u8>,
}

impl Parent {
    fn new(stream: UnixStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        Ok(Self { stream, feed: Feed::default(), output: Vec::new() })
    }

    fn ask(&mut self, verb: Verb) {
        self.output.extend_from_slice(Request::new(verb).line().as_bytes());
    }

    fn flush(&mut self) -> io::Result<()> {
        while !self.output.is_empty() {
            match self.stream.write(&self.output) {
                Ok(count) => _ = self.output.drain(..count.min(self.output.len())),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Reads what is there; gives whether the other end is open.
    fn read(&mut self) -> io::Result<bool> {
        let mut chunk = [0; 16 * 1024];
        loop {
            match self.stream.read(&mut chunk) {
                Ok(0) => return Ok(false),
                Ok(count) => self.feed.take(chunk.get(..count).unwrap_or_default())?,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(true),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return Ok(false),
                Err(error) => return Err(error),
            }
        }
    }
}

/// Exit status: it must not answer, since the permitted readers are not known.
pub const BAD_TOKEN_FILE: u8 = 3;

const PARENT: Token = Token(0);
const CLIENTS: Token = Token(1);
