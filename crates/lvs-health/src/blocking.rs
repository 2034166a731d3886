//! Attempts over blocking sockets: for a command line, a test, or a thread for each check.
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use lvs_health::{Http, Network, Prepared, Shared, Target, Url, blocking};
//!
//! let target = Target::new("192.0.2.10:80".parse()?, Duration::from_secs(3));
//! let network = Network::http(target, Http::new([Url::new("/health", "www.example.org")]));
//! let prepared = Prepared::new(&network, &mut Shared::new(blocking::System))?;
//! let attempt = blocking::attempt(&prepared, 0, 0)?;
//! println!("{:?} after {:?}", attempt.outcome, attempt.duration);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::io::{self, ErrorKind, Read, Write};
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use socket2::{Domain, Protocol, SockAddr, Socket, Type};

use crate::{AttemptStep, Dialogue, Failure, Note, Outcome, Outside, Prepared, Target, Transport};

/// The result of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attempt {
    /// The server's result.
    pub outcome: Outcome,
    /// Facts for the operator besides the outcome.
    pub notes: Vec<Note>,
    /// From the first packet to the outcome.
    pub duration: Duration,
}

/// Makes one attempt, and waits for its end: at most [`Target::limit`]. `step` and `nonce` are those of
/// [`Prepared::begin`].
///
/// # Errors
///
/// If this machine cannot even try: no descriptor left, an address or interface of the target that is not here, no
/// right to open an echo socket or to set a mark. Every other error is the attempt's outcome.
pub fn attempt(prepared: &Prepared, step: usize, nonce: u32) -> io::Result<Attempt> {
    watched_attempt(prepared, step, nonce, &mut |_| {})
}

/// The same, and `watch` is told of each step when it is made. Bytes are those on the wire;
/// [`Outside::watch`] is told of those inside TLS.
///
/// # Errors
///
/// As of [`attempt`].
pub fn watched_attempt(
    prepared: &Prepared,
    step: usize,
    nonce: u32,
    watch: &mut dyn FnMut(AttemptStep<'_>),
) -> io::Result<Attempt> {
    let target = prepared.target();
    let start = Instant::now();
    let mut dialogue = prepared.begin(start, step, nonce);
    while dialogue.outcome().is_none() {
        // The first connection, or that of a redirect.
        watch(AttemptStep::Connecting);
        let mut socket = open(target, prepared.transport())?;
        match connect(&socket, target, prepared.transport(), left(&dialogue)) {
            Ok(()) => {
                watch(AttemptStep::Connected);
                Conversation { dialogue: &mut dialogue, socket: &mut socket, watch }.hold()?;
            }
            Err(error) if error.kind() == ErrorKind::TimedOut => dialogue.handle_timeout(late(&dialogue)),
            Err(error) => dialogue.handle_error(Instant::now(), error.kind()),
        }
    }
    let outcome = dialogue.outcome().cloned().unwrap_or(Outcome::Fail(Failure::ConnectTimeout));
    Ok(Attempt { outcome, notes: dialogue.notes(), duration: start.elapsed() })
}

/// This machine's files and clock.
#[derive(Clone, Copy, Debug)]
pub struct System;

impl Outside for System {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        std::fs::read(path)
    }

    fn wall_clock(&self) -> SystemTime {
        SystemTime::now()
    }
}

fn open(target: &Target, transport: Transport) -> io::Result<Socket> {
    let domain = Domain::for_address(target.address);
    let socket = match transport {
        Transport::Stream => Socket::new(domain, Type::STREAM, None)?,
        Transport::Datagram => Socket::new(domain, Type::DGRAM, None)?,
        Transport::Echo => {
            let protocol = if domain == Domain::IPV4 { Protocol::ICMPV4 } else { Protocol::ICMPV6 };
            Socket::new(domain, Type::DGRAM, Some(protocol))?
        }
    };
    prepare(&socket, target, transport)?;
    Ok(socket)
}

fn prepare(socket: &Socket, target: &Target, transport: Transport) -> io::Result<()> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        if let Some(interface) = &target.interface {
            socket.bind_device(Some(interface.as_bytes()))?;
        }
        if target.fwmark != 0 {
            socket.set_mark(target.fwmark)?;
        }
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    if target.interface.is_some() || target.fwmark != 0 {
        return Err(ErrorKind::Unsupported.into());
    }
    if let Some(bind) = target.bind {
        socket.set_reuse_address(transport == Transport::Stream && bind.port() != 0)?;
        socket.bind(&SockAddr::from(bind))?;
    }
    if transport == Transport::Stream {
        socket.set_tcp_nodelay(true)?;
    }
    Ok(())
}

fn connect(socket: &Socket, target: &Target, transport: Transport, limit: Duration) -> io::Result<()> {
    let address = SockAddr::from(target.address);
    if transport != Transport::Stream {
        return socket.connect(&address);
    }
    socket.connect_timeout(&address, limit)?;
    // The kernel may have chosen the very port for our end that a server on this machine should have: with nobody there, the
    // socket talks to itself.
    let is_own_peer = socket.local_addr().is_ok_and(|own| own.as_socket() == Some(target.address));
    if is_own_peer { Err(ErrorKind::ConnectionRefused.into()) } else { Ok(()) }
}

/// A connection that is there, and the dialogue over it.
struct Conversation<'a> {
    dialogue: &'a mut Dialogue,
    socket: &'a mut Socket,
    watch: &'a mut dyn FnMut(AttemptStep<'_>),
}

impl Conversation<'_> {
    /// Bytes go to and fro until there is an outcome.
    fn hold(mut self) -> io::Result<()> {
        self.dialogue.handle_connected(Instant::now());
        let mut buffer = vec![0; 64 * 1024];
        while self.dialogue.outcome().is_none() && !self.dialogue.wants_another_connection() {
            self.socket.set_write_timeout(Some(left(self.dialogue)))?;
            self.send();
            if self.dialogue.outcome().is_none() {
                self.socket.set_read_timeout(Some(left(self.dialogue)))?;
                self.receive(&mut buffer);
            }
        }
        if !self.dialogue.output().is_empty() {
            // A farewell; whether it arrives changes nothing.
            let farewell = self.dialogue.output();
            if let Ok(bytes) = self.socket.write(farewell) {
                (self.watch)(AttemptStep::Sent(farewell.get(..bytes).unwrap_or_default()));
            }
        }
        Ok(())
    }

    fn send(&mut self) {
        let Self { dialogue, socket, watch } = self;
        while dialogue.outcome().is_none() && !dialogue.output().is_empty() {
            match socket.write(dialogue.output()) {
                Ok(bytes) => {
                    watch(AttemptStep::Sent(dialogue.output().get(..bytes).unwrap_or_default()));
                    dialogue.consume(bytes);
                }
                Err(error) if is_time(&error) => return dialogue.handle_timeout(late(dialogue)),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // The peer of a stream may have answered before it refused more: reading tells.
                Err(_) if dialogue.transport() == Transport::Stream => return,
                Err(error) => dialogue.handle_error(Instant::now(), error.kind()),
            }
        }
    }

    fn receive(&mut self, buffer: &mut [u8]) {
        let Self { dialogue, socket, watch } = self;
        match socket.read(buffer) {
            Ok(0) if dialogue.transport() == Transport::Stream => {
                watch(AttemptStep::Closed);
                dialogue.handle_end(Instant::now());
            }
            Ok(bytes) => {
                let input = buffer.get(..bytes).unwrap_or_default();
                watch(AttemptStep::Received(input));
                dialogue.handle_input(Instant::now(), input);
            }
            Err(error) if is_time(&error) => dialogue.handle_timeout(late(dialogue)),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => dialogue.handle_error(Instant::now(), error.kind()),
        }
    }
}

fn is_time(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

/// Until the next deadline; never zero, which would mean no limit to a socket.
fn left(dialogue: &Dialogue) -> Duration {
    let deadline = dialogue.poll_timeout().unwrap_or_else(Instant::now);
    deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1))
}

/// Now, or the deadline that was waited for: sockets may wake a moment early.
fn late(dialogue: &Dialogue) -> Instant {
    dialogue.poll_timeout().into_iter().chain([Instant::now()]).max().unwrap_or_else(Instant::now)
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, UdpSocket};

    use super::*;
    use crate::{Http, Network, Protocol, Reply, Shared, Udp, Url};

    fn run(network: &Network) -> Outcome {
        let prepared = Prepared::new(network, &mut Shared::new(System)).unwrap();
        attempt(&prepared, 0, 0).unwrap().outcome
    }

    #[test]
    fn a_server_that_answers_passes_and_one_that_closes_or_refuses_fails() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let target = Target::new(listener.local_addr().unwrap(), Duration::from_secs(20));
        let server = std::thread::spawn(move || {
            let answers: [&[u8]; 2] = [b"HTTP/1.1 204 No Content\r\n\r\n", b""];
            for answer in answers {
                let (mut peer, _) = listener.accept().unwrap();
                assert!(peer.read(&mut [0; 1024]).unwrap() > 0);
                peer.write_all(answer).unwrap();
            }
        });
        let network = Network::http(target, Http::new([Url::new("/", "a.example")]));
        assert!(matches!(run(&network), Outcome::Pass(_)));
        assert_eq!(run(&network), Outcome::Fail(Failure::Closed("status line")));
        server.join().unwrap();
        assert_eq!(run(&network), Outcome::Fail(Failure::Io(ErrorKind::ConnectionRefused)));
    }

    #[test]
    fn one_that_watches_is_told_of_each_step_in_order() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let target = Target::new(listener.local_addr().unwrap(), Duration::from_secs(20));
        let server = std::thread::spawn(move || {
            let (mut peer, _) = listener.accept().unwrap();
            assert!(peer.read(&mut [0; 1024]).unwrap() > 0);
            peer.write_all(b"HTTP/1.1 ").unwrap();
        });
        let network = Network::http(target, Http::new([Url::new("/up", "a.example")]));
        let prepared = Prepared::new(&network, &mut Shared::new(System)).unwrap();
        let mut seen = Vec::new();
        let attempt = watched_attempt(&prepared, 0, 0, &mut |step| seen.push(format!("{step:?}"))).unwrap();
        server.join().unwrap();
        assert_eq!(attempt.outcome, Outcome::Fail(Failure::Closed("status line")));
        assert_eq!(
            seen.iter().map(|step| step.split('(').next().unwrap()).collect::<Vec<_>>(),
            ["Connecting", "Connected", "Sent", "Received", "Closed"]
        );
    }

    #[test]
    fn one_that_is_silent_fails_when_its_time_is_up() {
        let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
        let target = Target::new(silent.local_addr().unwrap(), Duration::from_millis(20));
        let udp = Udp { reply: Some(Reply::any()), ..Udp::new(*b"ping") };
        let outcome = run(&Network::new(target, Protocol::Udp(udp.into())));
        assert!(matches!(outcome, Outcome::Fail(Failure::Silent(_))), "{outcome:?}");
        assert_eq!(silent.recv(&mut [0; 16]).unwrap(), 4);
    }
}
