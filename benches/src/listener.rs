//! Servers of the lab that accept connections: one socket for any number of them.
//!
//! A host's `lo` has 127.0.0.0/8, so that a listener at the unspecified address is as many servers as are asked for.

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use nix::sys::socket::{Shutdown, shutdown};
use socket2::{Domain, Socket, Type};
use vipd::lab::{Host, Stamp};

/// A connection that was accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Arrival {
    /// When it was accepted.
    pub(crate) at: Stamp,
    /// The address that was asked for.
    pub(crate) server: Ipv4Addr,
}

/// A port of all addresses of a host that accepts whoever comes and says nothing. Dropping it closes the port.
#[derive(Debug)]
pub(crate) struct Listener {
    socket: Arc<TcpListener>,
    arrivals: Arc<Mutex<Vec<Arrival>>>,
    worker: Option<JoinHandle<io::Result<()>>>,
}

impl Listener {
    pub(crate) fn start(host: &Host, port: u16) -> io::Result<Self> {
        let socket = Arc::new(host.run(move || listen((Ipv4Addr::UNSPECIFIED, port).into()))??);
        let arrivals = Arc::new(Mutex::new(Vec::new()));
        let (accepting, into) = (Arc::clone(&socket), Arc::clone(&arrivals));
        let worker = host.thread("listener", move || accept_all(&accepting, &into))?;
        Ok(Self { socket, arrivals, worker: Some(worker) })
    }

    /// How many have come so far.
    pub(crate) fn position(&self) -> usize {
        self.seen().len()
    }

    /// Those that came behind a [`position`](Self::position).
    pub(crate) fn after(&self, position: usize) -> Vec<Arrival> {
        self.seen().get(position..).unwrap_or_default().to_vec()
    }

    fn seen(&self) -> MutexGuard<'_, Vec<Arrival>> {
        self.arrivals.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = shutdown(self.socket.as_raw_fd(), Shutdown::Both);
        if let Some(worker) = self.worker.take() {
            let _ = worker.join();
        }
    }
}

/// A listening socket with the longest queue: an overflow would cost the client a second.
pub(crate) fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM.cloexec(), None)?;
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(QUEUE)?;
    Ok(socket.into())
}

/// Ends when the listener is shut down.
fn accept_all(listener: &TcpListener, arrivals: &Mutex<Vec<Arrival>>) {
    let mut open: VecDeque<(Stamp, TcpStream)> = VecDeque::new();
    while let Ok((connection, _)) = listener.accept() {
        let at = Stamp::now();
        if let Ok(SocketAddr::V4(own)) = connection.local_addr() {
            arrivals.lock().unwrap_or_else(PoisonError::into_inner).push(Arrival { at, server: *own.ip() });
        }
        // Who connected closes first, as with a server that waits for a request.
        open.push_back((at, connection));
        while open.front().is_some_and(|(since, _)| at.since(*since) > KEPT_OPEN || open.len() > MOST_OPEN) {
            open.pop_front();
        }
    }
}

/// The address of the server with this number, on `lo`.
pub(crate) fn address(number: u32) -> IpAddr {
    IpAddr::V4(server(number))
}

/// See [`address`]. Neither 127.0.0.1 nor an address that ends in 0 or 255 is among them.
pub(crate) fn server(number: u32) -> Ipv4Addr {
    Ipv4Addr::from_bits(0x7f01_0000 + number / PER_NET * 256 + number % PER_NET + 1)
}

const PER_NET: u32 = 250;
const QUEUE: i32 = 4096;
const KEPT_OPEN: Duration = Duration::from_millis(100);
const MOST_OPEN: usize = 8000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_have_addresses_of_their_own_on_lo() {
        assert_eq!(address(0).to_string(), "127.1.0.1");
        assert_eq!(address(249).to_string(), "127.1.0.250");
        assert_eq!(address(250).to_string(), "127.1.1.1");
        assert!(address(60_000).is_loopback());
    }
}
