//! Servers that are bad in different ways, all at once on a host's `lo`.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use socket2::SockRef;
use vip_lab::Host;

use crate::balancer::Pool;
use crate::listener::listen;

/// The defect of a server. Each way has a port of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Vice {
    /// Accepts, and never says a word.
    Silent,
    /// Says the head of an answer octet by octet, ten in a second, without end.
    Drips,
    /// A page without end, whose digest is asked for.
    Endless,
    /// No TLS where TLS is expected.
    NoTls,
    /// A TLS handshake octet by octet.
    SlowTls,
    /// Resets the connection within the page.
    Resets,
}

pub(crate) const VICES: [Vice; 6] =
    [Vice::Silent, Vice::Drips, Vice::Endless, Vice::NoTls, Vice::SlowTls, Vice::Resets];

/// Bad servers at work; they end when this is dropped.
#[derive(Debug)]
pub(crate) struct BadPeers {
    stop: Arc<AtomicBool>,
    workers: Vec<JoinHandle<io::Result<()>>>,
}

impl BadPeers {
    pub(crate) fn start(host: &Host) -> io::Result<Self> {
        let mut peers = Self { stop: Arc::new(AtomicBool::new(false)), workers: Vec::new() };
        for vice in VICES {
            let listener = host.run(move || listen((Ipv4Addr::UNSPECIFIED, vice.port()).into()))??;
            listener.set_nonblocking(true)?;
            let stop = Arc::clone(&peers.stop);
            let body = move || vice.serve(&listener, &stop);
            peers.workers.push(host.thread("bad peer", body)?);
        }
        Ok(peers)
    }
}

impl Drop for BadPeers {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for worker in self.workers.drain(..) {
            let _ = worker.join();
        }
    }
}

/// So many servers of each kind, as virtual servers with numbers from `first` on.
pub(crate) fn pools(first: u32, each: u8, delay_loop: Duration) -> Vec<Pool> {
    let servers = |vice: Vice| {
        (1..=each).map(move |last| (IpAddr::V4(Ipv4Addr::new(127, 2, 0, last)), vice.port())).collect()
    };
    let pool = |(number, vice): (u32, Vice)| Pool {
        number,
        servers: servers(vice),
        delay_loop,
        checker: vice.checker(),
    };
    (first..).zip(VICES).map(pool).collect()
}

impl Vice {
    fn port(self) -> u16 {
        match self {
            Self::Silent => 9001,
            Self::Drips => 9002,
            Self::Endless => 9003,
            Self::NoTls => 9004,
            Self::SlowTls => 9005,
            Self::Resets => 9006,
        }
    }

    fn checker(self) -> String {
        let name = if matches!(self, Self::NoTls | Self::SlowTls) { "SSL_GET" } else { "HTTP_GET" };
        let lines =
            [&format!("{name} {{"), "connect_timeout 1", "retry 0", "url {", "path /", DIGEST_LINE, "}", "}"];
        lines.join("\n    ")
    }

    /// The pause between its writes.
    fn pace(self) -> Duration {
        match self {
            Self::Silent | Self::Drips | Self::SlowTls => Duration::from_millis(100),
            Self::Endless | Self::NoTls | Self::Resets => Duration::from_millis(10),
        }
    }

    fn serve(self, listener: &TcpListener, stop: &AtomicBool) {
        let mut clients: Vec<(TcpStream, usize)> = Vec::new();
        while !stop.load(Ordering::Relaxed) {
            while let Ok((client, _)) = listener.accept() {
                if client.set_nonblocking(true).is_ok() && clients.len() < MOST_CLIENTS {
                    clients.push((client, 0));
                }
            }
            clients.retain_mut(|(client, turn)| {
                *turn += 1;
                !has_left(client) && self.speak(client, *turn).is_ok()
            });
            std::thread::sleep(self.pace());
        }
    }

    /// Says what it says in this turn, counted from 1; an error ends the connection.
    fn speak(self, client: &mut TcpStream, turn: usize) -> io::Result<()> {
        let page = [b'x'; PAGE];
        match self {
            Self::Silent => Ok(()),
            Self::Drips => say(client, &[octet(b"HTTP/1.0 200 OK\r\nX-Long: ", turn - 1)]),
            // A server hello of 4 KiB would follow.
            Self::SlowTls => say(client, &[octet(&[22, 3, 3, 16, 0, 2, 0, 15, 252, 3, 3], turn - 1)]),
            Self::Endless if turn == 1 => say(client, b"HTTP/1.0 200 OK\r\n\r\n"),
            Self::Endless => say(client, &page),
            Self::NoTls => say(client, b"HTTP/1.0 400 Bad Request\r\n\r\n").and(Err(ErrorKind::Other.into())),
            Self::Resets if turn == 1 => say(client, b"HTTP/1.0 200 OK\r\nContent-Length: 100\r\n\r\nhalf"),
            Self::Resets => {
                SockRef::from(&*client).set_linger(Some(Duration::ZERO))?;
                Err(ErrorKind::ConnectionReset.into())
            }
        }
    }
}

/// Text that does not fit at once is dropped: nobody waits for it.
fn say(client: &mut TcpStream, text: &[u8]) -> io::Result<()> {
    match client.write(text) {
        Err(error) if error.kind() != ErrorKind::WouldBlock => Err(error),
        _ => Ok(()),
    }
}

/// Whether the client has closed; its request is read on the way.
fn has_left(client: &mut TcpStream) -> bool {
    let mut request = [0; 1024];
    match client.read(&mut request) {
        Ok(count) => count == 0,
        Err(error) => error.kind() != ErrorKind::WouldBlock,
    }
}

fn octet(text: &[u8], place: usize) -> u8 {
    text.get(place).copied().unwrap_or(b'a')
}

/// Octets that an endless page grows by in a turn.
const PAGE: usize = 16 * 1024;
const MOST_CLIENTS: usize = 1000;
/// Of nothing that is served here.
const DIGEST_LINE: &str = "digest 00000000000000000000000000000000";

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;

    #[test]
    fn every_kind_has_a_port_and_a_check_of_its_own() {
        let pools = pools(300, 50, Duration::from_secs(1));
        assert_eq!(pools.len(), 6);
        assert!(pools.iter().all(|pool| pool.servers.len() == 50));
        let ports: std::collections::BTreeSet<u16> = VICES.map(Vice::port).into();
        assert_eq!(ports.len(), 6);
        let address: SocketAddr = pools[0].servers[49].into();
        assert_eq!(address.to_string(), "127.2.0.50:9001");
        assert!(Vice::NoTls.checker().starts_with("SSL_GET {\n"));
    }
}
