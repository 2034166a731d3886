//! The control socket: octets between its clients and the machine that decides about them (`vipd_control`).
//!
//! Nothing here waits for anybody: output that a client does not take stays in its bounded queue.

mod acts;
mod clock;
mod difference;
mod socket;
mod who;

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd as _, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use keepalived_conf::model::Global;
use keepalived_conf::model::daemon::ControlSocket as Wanted;
use mio::event::Event;
use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use vipd_control::{Answer, ClientId, EventRing, Full, Gatherer, Peer, Policy, Refusal, Server, Verb};
use vipd_status::EventKind;

use crate::log::Log;
pub(super) use acts::{Acts, Answered};
pub(super) use clock::now as timestamp;
pub(super) use difference::difference;
use socket::ControlSocket;
pub(super) use who::name as user_name;

/// The control socket with its clients.
#[derive(Debug)]
pub(super) struct Control {
    registry: Registry,
    /// Where the socket has to be; none: nowhere.
    wanted: Option<PathBuf>,
    policy: Policy,
    socket: Option<ControlSocket>,
    /// When to try again to open it, or to accept: something was missing.
    retry_at: Option<Instant>,
    /// Connections may wait that the poll does not tell of again.
    acceptable: bool,
    streams: BTreeMap<ClientId, Stream>,
    pub(super) server: Server,
    pub(super) gatherer: Gatherer,
    pub(super) acts: Acts,
    events: EventRing,
}

#[derive(Debug)]
struct Stream {
    stream: UnixStream,
    /// It may have octets that the poll does not tell of again.
    readable: bool,
}

impl Control {
    /// Without a socket yet.
    pub(super) fn new(registry: Registry) -> Self {
        Self {
            registry,
            wanted: None,
            policy: Policy::default(),
            socket: None,
            retry_at: None,
            acceptable: false,
            streams: BTreeMap::new(),
            server: Server::default(),
            gatherer: Gatherer::default(),
            acts: Acts::default(),
            events: EventRing::default(),
        }
    }

    /// The socket that the program before this one in the same process listens at.
    pub(super) fn resume(&mut self, path: PathBuf, file: (u64, u64), descriptor: OwnedFd) -> io::Result<()> {
        let socket = ControlSocket::resume(path.clone(), file, descriptor.into());
        self.registry.register(&mut SourceFd(&socket.as_raw_fd()), LISTENER, Interest::READABLE)?;
        self.wanted = Some(path);
        self.socket = Some(socket);
        self.acceptable = true;
        Ok(())
    }

    /// A client of that program that waits for an answer.
    pub(super) fn resume_client(&mut self, now: Instant, stream: UnixStream, peer: Peer) -> Option<ClientId> {
        let id = self.server.accept(now, peer, self.policy).ok()?;
        self.add(id, stream);
        Some(id)
    }

    /// Where the socket is, its file, and its descriptor.
    pub(super) fn socket(&self) -> Option<(&Path, (u64, u64), BorrowedFd<'_>)> {
        self.socket.as_ref().map(ControlSocket::parts)
    }

    /// The descriptor of a client, and who it is.
    pub(super) fn client(&self, id: ClientId) -> Option<(BorrowedFd<'_>, &Peer)> {
        Some((self.streams.get(&id)?.stream.as_fd(), self.server.peer(id)?))
    }

    /// The last events.
    pub(super) fn events(&self) -> &EventRing {
        &self.events
    }

    /// The same, to be changed.
    pub(super) fn events_mut(&mut self) -> &mut EventRing {
        &mut self.events
    }

    /// The socket as the configuration in force wants it.
    pub(super) fn arrange(&mut self, now: Instant, wanted: Option<PathBuf>, policy: Policy, log: &mut Log) {
        if self.policy != policy {
            self.policy = policy;
            self.server.handle_policy(policy);
            if let Some(Err(error)) = self.socket.as_ref().map(|socket| socket.permit(policy.group)) {
                log.warning(format!("control socket: cannot change its group ({error})"));
            }
        }
        if self.wanted == wanted && (self.socket.is_some() || self.retry_at.is_some()) {
            return;
        }
        self.wanted = wanted;
        self.close_socket();
        self.open(now, Some(log));
    }

    fn close_socket(&mut self) {
        if let Some(socket) = self.socket.take() {
            let _ = self.registry.deregister(&mut SourceFd(&socket.as_raw_fd()));
        }
        self.acceptable = false;
        self.retry_at = None;
    }

    /// Opens the socket, or tries again later. A failure is logged once.
    fn open(&mut self, now: Instant, log: Option<&mut Log>) {
        let Some(path) = &self.wanted else { return };
        let opened = ControlSocket::open(path, self.policy.group).and_then(|socket| {
            self.registry.register(&mut SourceFd(&socket.as_raw_fd()), LISTENER, Interest::READABLE)?;
            Ok(socket)
        });
        match opened {
            Ok(socket) => {
                self.socket = Some(socket);
                self.acceptable = true;
            }
            Err(error) => {
                self.retry_at = Some(now + OPEN_AGAIN);
                if let Some(log) = log {
                    let path = path.display();
                    log.warning(format!(
                        "control socket {path}: {error}; vipd status does not work until this is solved, which is tried \
                         every {} s",
                        OPEN_AGAIN.as_secs()
                    ));
                }
            }
        }
    }

    /// Takes in what has arrived.
    pub(super) fn handle_events<'a>(&mut self, events: impl Iterator<Item = &'a Event>, now: Instant) {
        for event in events {
            if event.token() == LISTENER {
                self.acceptable = true;
            } else if let Some(stream) = client_of(event).and_then(|id| self.streams.get_mut(&id)) {
                stream.readable |= event.is_readable() || event.is_read_closed() || event.is_error();
            }
        }
        self.accept(now);
        self.read(now);
    }

    fn accept(&mut self, now: Instant) {
        for _ in 0..ACCEPTS_PER_TURN {
            let Some(socket) = self.socket.as_ref().filter(|_| self.acceptable) else { return };
            match socket.accept() {
                Ok(Some((stream, peer))) => match self.server.accept(now, peer, self.policy) {
                    Ok(id) => self.add(id, stream),
                    Err(Full) => refuse(stream),
                },
                Ok(None) => self.acceptable = false,
                // No descriptor or memory, or the client is gone already.
                Err(error) => {
                    self.acceptable = error.kind() == io::ErrorKind::ConnectionAborted;
                    self.retry_at = (!self.acceptable).then(|| now + ACCEPT_AGAIN);
                }
            }
        }
    }

    /// Answers a process of the daemon, which may read and never act.
    pub(super) fn add_reader(&mut self, now: Instant, stream: UnixStream) {
        let id = self.server.add_reader(now);
        self.add(id, stream);
    }

    fn add(&mut self, id: ClientId, stream: UnixStream) {
        let interest = Interest::READABLE | Interest::WRITABLE;
        match self.registry.register(&mut SourceFd(&stream.as_raw_fd()), token_of(id), interest) {
            Ok(()) => {
                self.streams.insert(id, Stream { stream, readable: true });
            }
            Err(_) => self.server.handle_loss(id),
        }
    }

    fn read(&mut self, now: Instant) {
        let mut buffer = [0; READ_AT_ONCE];
        for (&id, Stream { stream, readable }) in &mut self.streams {
            if !*readable || !self.server.wants_input(id) {
                continue;
            }
            match stream.read(&mut buffer) {
                Ok(0) => {
                    *readable = false;
                    self.server.handle_end_of_input(id);
                }
                Ok(count) => {
                    self.server.handle_input(now, id, buffer.get(..count).unwrap_or_default());
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => *readable = false,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => self.server.handle_loss(id),
            }
        }
    }

    /// Hands out what clients take now, and forgets those that are done with.
    pub(super) fn flush(&mut self, now: Instant) {
        for (&id, Stream { stream, .. }) in &mut self.streams {
            while let Some(octets) = self.server.output(id) {
                match stream.write(octets) {
                    Ok(count) => self.server.handle_written(now, id, count),
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(_) => self.server.handle_loss(id),
                }
            }
        }
        for id in self.server.take_finished() {
            if let Some(stream) = self.streams.remove(&id) {
                let _ = self.registry.deregister(&mut SourceFd(&stream.stream.as_raw_fd()));
            }
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due: now, if something is left over from the last turn.
    pub(super) fn deadline(&self, now: Instant) -> Option<Instant> {
        let unread = self.streams.iter().any(|(&id, stream)| stream.readable && self.server.wants_input(id));
        if self.acceptable || unread {
            return Some(now);
        }
        let machines = [self.server.poll_timeout(), self.gatherer.poll_timeout(), self.acts.poll_timeout()];
        machines.into_iter().chain([self.retry_at]).flatten().min()
    }

    /// Time passed.
    pub(super) fn handle_timeout(&mut self, now: Instant) {
        if self.retry_at.take_if(|at| *at <= now).is_some() {
            if self.socket.is_some() {
                self.acceptable = true;
            } else {
                self.open(now, None);
            }
        }
        self.server.handle_timeout(now);
    }

    /// The next request.
    pub(super) fn poll_request(&mut self) -> Option<(ClientId, Verb)> {
        self.server.poll_request()
    }

    /// The whole answer to a request.
    pub(super) fn answer(&mut self, now: Instant, id: ClientId, answer: &Answer) {
        self.server.answer(id, answer.line());
        self.server.finish(now, id);
    }

    /// An answer that a worker has put into a line.
    pub(super) fn hand_on(&mut self, now: Instant, id: ClientId, line: Vec<u8>) {
        self.server.answer(id, line.into());
        self.server.finish(now, id);
    }

    /// The last events, and those that follow.
    pub(super) fn show_events(&mut self, now: Instant, id: ClientId, follow: bool) {
        for line in self.events.lines() {
            self.server.answer(id, line.clone());
        }
        if follow {
            self.server.follow(id);
        } else {
            self.server.answer(id, Answer::end().line());
        }
        self.server.finish(now, id);
    }

    /// Something happened.
    pub(super) fn publish(&mut self, kind: EventKind) {
        let line = self.events.push(timestamp(), kind);
        self.server.publish(&line);
    }

    /// Where the socket is.
    #[cfg(test)]
    fn path(&self) -> Option<&Path> {
        self.socket.as_ref().map(ControlSocket::path)
    }
}

/// Where the socket has to be, as the configuration says. Copies of the daemon that are told apart have their own.
pub(super) fn wanted(global: &Global, namespace: Option<&str>) -> Option<PathBuf> {
    match &global.daemon.control.socket {
        Wanted::Off => None,
        Wanted::At(path) => Some(path.clone()),
        _ => {
            let parts = [namespace, global.instance.as_deref()];
            let suffix: String = parts.into_iter().flatten().flat_map(|part| ["_", part]).collect();
            // A name is no path.
            Some(Path::new(DIRECTORY).join(format!("control{}.sock", suffix.replace('/', "_"))))
        }
    }
}

/// Tells somebody that there is no place for it, if it listens.
fn refuse(mut stream: UnixStream) {
    let why = format!("there are {} clients already; try again later", Server::MAX_CLIENTS);
    let _ = stream.write(&Answer::refused(Refusal::Busy, why).line());
}

/// The client that an event is about.
fn client_of(event: &Event) -> Option<ClientId> {
    let number = event.token().0.checked_sub(FIRST_CLIENT)?;
    u64::try_from(number).ok().map(ClientId)
}

fn token_of(client: ClientId) -> Token {
    Token(FIRST_CLIENT.saturating_add(usize::try_from(client.0).unwrap_or(usize::MAX)))
}

/// Whether a token is that of a client.
pub(super) fn is_client(token: Token) -> bool {
    token.0 >= FIRST_CLIENT
}

/// Token of the socket.
pub(super) const LISTENER: Token = Token(4);

/// Tokens of clients begin here: far behind those of workers, of which there is one for each start.
const FIRST_CLIENT: usize = usize::MAX / 2;

/// Where sockets are without `control_socket`.
const DIRECTORY: &str = "/run/vipd";

const OPEN_AGAIN: Duration = Duration::from_secs(10);
const ACCEPT_AGAIN: Duration = Duration::from_secs(1);

/// Connections that are accepted in one turn of the loop.
const ACCEPTS_PER_TURN: usize = 16;

const READ_AT_ONCE: usize = 16 << 10;

#[cfg(test)]
mod tests;
