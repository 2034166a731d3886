//! Servers of the lab that are well: one socket for any number of them.
//!
//! It listens at the unspecified address, so that it is as many servers as its host has addresses.

use std::collections::VecDeque;
use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use nix::sys::socket::{Shutdown, shutdown};
use socket2::{Domain, Socket, Type};
use vip_lab::{Host, Stamp};

use crate::processes::pin;

/// Treatment of a connection by a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// It says nothing, and waits a little for the other side to end it, as a web server does.
    Quiet,
    /// It ends it at once.
    Brief,
    /// It answers one request by HTTP.
    Web,
}

/// A connection that was accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Arrival {
    /// When it was accepted.
    pub(crate) at: Stamp,
    /// The address that was asked for.
    pub(crate) server: Ipv4Addr,
}

/// A port of all addresses of a host that accepts every client. Dropping it closes the port.
#[derive(Debug)]
pub(crate) struct Listener {
    socket: Arc<TcpListener>,
    arrivals: Arc<Mutex<Vec<Arrival>>>,
    worker: Option<JoinHandle<io::Result<()>>>,
}

impl Listener {
    pub(crate) fn start(host: &Host, port: u16, manner: Manner) -> io::Result<Self> {
        let socket = Arc::new(host.run(move || listen((Ipv4Addr::UNSPECIFIED, port).into()))??);
        let arrivals = Arc::new(Mutex::new(Vec::new()));
        let (accepting, into) = (Arc::clone(&socket), Arc::clone(&arrivals));
        let worker = host.thread("listener", move || accept_all(&accepting, &into, manner))?;
        Ok(Self { socket, arrivals, worker: Some(worker) })
    }

    /// Number of connections so far.
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
fn accept_all(listener: &TcpListener, arrivals: &Mutex<Vec<Arrival>>, manner: Manner) {
    pin(0, 1);
    let mut open: VecDeque<(Stamp, TcpStream)> = VecDeque::new();
    while let Ok((mut connection, _)) = listener.accept() {
        let at = Stamp::now();
        if let Ok(SocketAddr::V4(own)) = connection.local_addr() {
            arrivals.lock().unwrap_or_else(PoisonError::into_inner).push(Arrival { at, server: *own.ip() });
        }
        match manner {
            // The client closes first.
            Manner::Quiet => open.push_back((at, connection)),
            Manner::Brief => {}
            // One that goes away again is its own affair.
            Manner::Web => drop(answer(&mut connection)),
        }
        while open.front().is_some_and(|(since, _)| at.since(*since) > KEPT_OPEN || open.len() > MOST_OPEN) {
            open.pop_front();
        }
    }
}

/// Answers a request of one packet, and ends the connection.
fn answer(connection: &mut TcpStream) -> io::Result<()> {
    connection.set_read_timeout(Some(Duration::from_secs(1)))?;
    let _ = connection.read(&mut [0; 1024])?;
    connection.write_all(PAGE)
}

const PAGE: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nhello\n";
const QUEUE: i32 = 4096;
const KEPT_OPEN: Duration = Duration::from_millis(100);
const MOST_OPEN: usize = 8000;
