//! A driver of dialogues that waits for the socket: what a program would do with a poll loop, for one attempt at a time.

#![allow(dead_code, reason = "each test uses a part of it")]
#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use lvs_health::{Dialogue, Network, Outcome, Prepared, Protocol, Shared, Target, Transport};

/// Enough for a server on this machine, however busy it is.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// One attempt over a real socket.
pub(crate) fn attempt(address: SocketAddr, protocol: Protocol, timeout: Duration) -> Outcome {
    let network = Network { target: Target::new(address, timeout), protocol };
    let prepared = Prepared::new(&network, &mut Shared::default()).unwrap();
    let dialogue = prepared.begin(Instant::now(), 0, 0x1234_5678);
    match dialogue.transport() {
        Transport::Stream => stream(dialogue, address, timeout),
        Transport::Datagram => {
            let any: SocketAddr = if address.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" }.parse().unwrap();
            let socket = UdpSocket::bind(any).unwrap();
            socket.connect(address).unwrap();
            datagrams(dialogue, &socket)
        }
        Transport::Echo => unreachable!("needs a socket that the standard library has not"),
    }
}

fn stream(mut dialogue: Dialogue, address: SocketAddr, timeout: Duration) -> Outcome {
    let mut socket = match TcpStream::connect_timeout(&address, timeout) {
        Ok(socket) => socket,
        Err(error) => {
            dialogue.handle_error(Instant::now(), error.kind());
            return dialogue.outcome().cloned().unwrap();
        }
    };
    dialogue.handle_connected(Instant::now());
    let mut buffer = [0; 4096];
    loop {
        if !dialogue.output().is_empty() {
            let sent = socket.write(dialogue.output()).unwrap();
            dialogue.consume(sent);
            continue;
        }
        if let Some(outcome) = dialogue.outcome() {
            return outcome.clone();
        }
        socket.set_read_timeout(Some(rest(&dialogue))).unwrap();
        match socket.read(&mut buffer) {
            Ok(0) => dialogue.handle_end(Instant::now()),
            Ok(len) => dialogue.handle_input(Instant::now(), &buffer[..len]),
            Err(error) => failed(&mut dialogue, &error),
        }
    }
}

/// The part of an attempt after the socket is connected.
pub(crate) fn datagrams(mut dialogue: Dialogue, socket: &UdpSocket) -> Outcome {
    dialogue.handle_connected(Instant::now());
    let mut buffer = [0; 4096];
    loop {
        if !dialogue.output().is_empty() {
            let sent = socket.send(dialogue.output()).unwrap();
            dialogue.consume(sent);
        }
        if let Some(outcome) = dialogue.outcome() {
            return outcome.clone();
        }
        socket.set_read_timeout(Some(rest(&dialogue))).unwrap();
        match socket.recv(&mut buffer) {
            Ok(len) => dialogue.handle_input(Instant::now(), &buffer[..len]),
            Err(error) => failed(&mut dialogue, &error),
        }
    }
}

fn rest(dialogue: &Dialogue) -> Duration {
    let end = dialogue.poll_timeout().unwrap();
    end.saturating_duration_since(Instant::now()).max(Duration::from_millis(1))
}

fn failed(dialogue: &mut Dialogue, error: &io::Error) {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => dialogue.handle_timeout(Instant::now()),
        kind => dialogue.handle_error(Instant::now(), kind),
    }
}

/// A server program of this machine, stopped at the end.
pub(crate) struct Server {
    child: Child,
    folder: PathBuf,
}

impl Server {
    /// Starts a program in a folder of its own. `None`, and a line that says so, if it is not installed.
    pub(crate) fn start(program: &str, arguments: impl FnOnce(&Path) -> Vec<String>) -> Option<Self> {
        let Some(path) = ["/usr/sbin", "/usr/bin", "/usr/local/sbin"]
            .iter()
            .map(|folder| Path::new(folder).join(program))
            .find(|path| path.exists())
        else {
            println!("SKIPPED {program} is not installed");
            return None;
        };
        let folder = std::env::temp_dir().join(format!("lvs-health-{program}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let child = Command::new(path).args(arguments(&folder)).spawn().unwrap();
        Some(Self { child, folder })
    }

    /// Waits until it does what it should.
    pub(crate) fn await_ready(&mut self, is_ready: impl Fn() -> bool) {
        let start = Instant::now();
        while !is_ready() {
            assert_eq!(self.child.try_wait().unwrap(), None, "the server ended");
            assert!(start.elapsed() < PATIENCE, "the server is not ready");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
