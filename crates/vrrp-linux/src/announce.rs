//! Sends complete Ethernet frames: gratuitous ARP, unsolicited neighbour advertisements, and adverts from a virtual MAC
//! address.
//!
//! One [`Announcer`] serves all interfaces of a network namespace. It only sends; frames for interfaces without ARP
//! (`noarp`, loopback) are the caller's to leave out.
//!
//! ```no_run
//! use vrrp_linux::announce::Announcer;
//!
//! # fn main() -> std::io::Result<()> {
//! # let (arp_1, arp_2) = ([0_u8; 42], [0_u8; 42]);
//! let mut announcer = Announcer::open()?;
//! announcer.send(&[(2, &arp_1), (2, &arp_2)], |place, result| {
//!     if let Err(error) = result {
//!         eprintln!("announcement {place}: {error}");
//!     }
//! });
//! # Ok(())
//! # }
//! ```

use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use socket2::{Domain, Socket, Type};

use crate::socket::{SendBatch, SendError};

/// A socket that puts frames on any interface.
#[derive(Debug)]
pub struct Announcer {
    socket: Socket,
    batch: SendBatch,
}

impl Announcer {
    /// Opens the socket in the network namespace of the calling thread. Needs `CAP_NET_RAW`.
    pub fn open() -> io::Result<Self> {
        // Protocol 0: nothing is received, so nothing has to be filtered away.
        let socket = Socket::new(Domain::PACKET, Type::RAW.nonblocking(), None)?;
        socket.set_priority(PRIORITY)?;
        Ok(Self { socket, batch: SendBatch::new() })
    }

    /// Sends every frame, with its Ethernet header, out of the interface with the index beside it, in order; `each`
    /// learns how every frame, by its place, fared. Never blocks.
    pub fn send(&mut self, frames: &[(u32, &[u8])], each: impl FnMut(usize, Result<(), SendError>)) {
        for (index, frame) in frames {
            self.queue(*index, frame);
        }
        self.flush(each);
    }

    /// Puts a frame into the batch that [`flush`](Self::flush) sends.
    pub fn queue(&mut self, index: u32, frame: &[u8]) {
        let ether_type = frame.get(12..14).and_then(|bytes| bytes.try_into().ok()).unwrap_or_default();
        self.batch.push_frame(frame, index, ether_type);
    }

    /// Sends what was queued.
    pub fn flush(&mut self, each: impl FnMut(usize, Result<(), SendError>)) {
        self.batch.flush(self.socket.as_fd(), each);
    }
}

impl AsFd for Announcer {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// The queue for what must not wait.
const PRIORITY: u32 = 6;
