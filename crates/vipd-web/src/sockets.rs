//! The sockets of a [`Server`]: moves bytes, decides nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::time::Instant;

use mio::net::{TcpListener, TcpStream};
use mio::{Interest, Registry, Token};

use crate::server::{ConnectionId, Server};

/// A listening socket and its connections, in an edge-triggered [`mio::Poll`].
#[derive(Debug)]
pub struct Sockets {
    listener: TcpListener,
    streams: BTreeMap<ConnectionId, TcpStream>,
    registry: Registry,
    first: usize,
    /// Those with more to do than one turn allows.
    unfinished: BTreeSet<ConnectionId>,
    /// There may be clients that the poll will not tell of again.
    unaccepted: bool,
}

impl Sockets {
    /// Takes a bound socket. Tokens from `first` on are its own.
    ///
    /// # Errors
    /// The socket cannot be registered.
    pub fn new(listener: std::net::TcpListener, registry: Registry, first: Token) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let mut listener = TcpListener::from_std(listener);
        registry.register(&mut listener, first, Interest::READABLE)?;
        Ok(Self {
            listener,
            streams: BTreeMap::new(),
            registry,
            first: first.0,
            unfinished: BTreeSet::new(),
            unaccepted: false,
        })
    }

    /// The poll told of this token.
    pub fn handle_event(&mut self, now: Instant, token: Token, server: &mut Server) {
        match token.0.checked_sub(self.first) {
            Some(0) => self.accept(now, server),
            Some(number) => self.drive(now, ConnectionId(number as u64), server),
            None => {}
        }
    }

    /// Goes on with whatever has something to do: once a turn, after events, news and timers.
    pub fn work(&mut self, now: Instant, server: &mut Server) {
        if self.unaccepted {
            self.accept(now, server);
        }
        for id in std::mem::take(&mut self.unfinished) {
            self.drive(now, id, server);
        }
        for id in server.busy() {
            self.drive(now, id, server);
        }
        let gone: Vec<_> = self.streams.keys().copied().filter(|&id| server.is_done(id)).collect();
        for id in gone {
            self.close(id, server);
        }
    }

    /// There is work that no event will tell of.
    pub fn has_work(&self) -> bool {
        self.unaccepted || !self.unfinished.is_empty()
    }

    fn accept(&mut self, now: Instant, server: &mut Server) {
        for _ in 0..MAX_ACCEPTED {
            // Some errors are about one client, others about us, as a lack of descriptors: the next event tries again.
            let Ok((mut stream, _)) = self.listener.accept() else {
                self.unaccepted = false;
                return;
            };
            let Some(id) = server.accept(now) else { continue };
            let interest = Interest::READABLE | Interest::WRITABLE;
            if self.registry.register(&mut stream, self.token(id), interest).is_err() {
                server.handle_end(id);
                continue;
            }
            self.streams.insert(id, stream);
        }
        self.unaccepted = true;
    }

    fn token(&self, id: ConnectionId) -> Token {
        Token(self.first.wrapping_add(usize::try_from(id.0).unwrap_or(usize::MAX)))
    }

    /// Reads and writes as long as something moves, with a bound.
    fn drive(&mut self, now: Instant, id: ConnectionId, server: &mut Server) {
        for _ in 0..MAX_ROUNDS {
            let Some(stream) = self.streams.get_mut(&id) else { return };
            let is_alive = match step(now, id, stream, server) {
                Ok(true) => continue,
                Ok(false) => !server.is_done(id),
                Err(_) => {
                    server.handle_end(id);
                    false
                }
            };
            if !is_alive {
                self.close(id, server);
            }
            return;
        }
        self.unfinished.insert(id);
    }

    fn close(&mut self, id: ConnectionId, server: &mut Server) {
        server.handle_end(id);
        let Some(mut stream) = self.streams.remove(&id) else { return };
        let _ = stream.shutdown(Shutdown::Write);
        // Unread input would make the kernel take back the answer that is on its way.
        let mut rest = [0; 4096];
        for _ in 0..16 {
            if !matches!(stream.read(&mut rest), Ok(1..)) {
                break;
            }
        }
        let _ = self.registry.deregister(&mut stream);
    }
}

/// Moves some bytes; gives whether any moved.
fn step(now: Instant, id: ConnectionId, stream: &mut TcpStream, server: &mut Server) -> io::Result<bool> {
    let mut moved = false;
    let output = server.output(id);
    if !output.is_empty()
        && let Some(count) = ready(stream.write(output))?
    {
        server.handle_sent(now, id, count);
        moved = count > 0;
    }
    if server.wants_input(id) {
        let mut chunk = [0; 4096];
        match ready(stream.read(&mut chunk))? {
            Some(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Some(count) => {
                server.handle_input(now, id, chunk.get(..count).unwrap_or_default());
                moved = true;
            }
            None => {}
        }
    }
    Ok(moved)
}

/// `None`: not now.
fn ready(result: io::Result<usize>) -> io::Result<Option<usize>> {
    match result {
        Ok(count) => Ok(Some(count)),
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
        Err(error) if error.kind() == ErrorKind::Interrupted => Ok(Some(0)),
        Err(error) => Err(error),
    }
}

/// Clients that are accepted in one turn.
const MAX_ACCEPTED: usize = 64;

/// Reads and writes of one connection in one turn.
const MAX_ROUNDS: usize = 64;
