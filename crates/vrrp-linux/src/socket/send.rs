//! Packets to send, many at a time and without allocation, each with its own result.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;
use std::os::fd::BorrowedFd;

use crate::batch::{self, BATCH, Outgoing};
use crate::control::{OUTGOING_V6_LEN, outgoing_v6};
use crate::sockaddr::Name;

/// Packets on their way out. Kept and used again, it does not allocate.
#[derive(Debug, Clone, Default)]
pub struct SendBatch {
    bytes: Vec<u8>,
    packets: Vec<Packet>,
}

#[derive(Debug, Clone)]
struct Packet {
    /// Where it lies in the bytes of the batch.
    place: Range<usize>,
    to: Name,
    control: Option<[u8; OUTGOING_V6_LEN]>,
}

/// Why a packet was not sent. None of these is a reason to stop: they pass, or the interface table tells the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// The interface is down.
    #[error("the interface is down")]
    LinkDown,
    /// The interface does not exist any more.
    #[error("the interface is gone")]
    NoInterface,
    /// There is no way to the destination.
    #[error("the destination is unreachable")]
    Unreachable,
    /// A firewall rule or a missing capability forbids it.
    #[error("sending is not permitted (firewall?)")]
    NotPermitted,
    /// The source address is not ours.
    #[error("the source address is not on this machine")]
    NoSource,
    /// The queue of the interface or the memory for packets is full.
    #[error("the queue of the interface is full")]
    QueueFull,
    /// The packet is longer than the interface carries.
    #[error("the packet is longer than the MTU")]
    TooLong,
    /// Anything else.
    #[error("error number {errno}")]
    Other {
        /// The error number (`libc::E...`).
        errno: i32,
    },
}

impl SendError {
    /// The meaning of an error number of `sendmsg`.
    pub fn from_errno(errno: i32) -> Self {
        match errno {
            libc::ENETDOWN => Self::LinkDown,
            libc::ENODEV | libc::ENXIO => Self::NoInterface,
            libc::ENETUNREACH | libc::EHOSTUNREACH | libc::EHOSTDOWN => Self::Unreachable,
            libc::EPERM | libc::EACCES => Self::NotPermitted,
            libc::EADDRNOTAVAIL => Self::NoSource,
            libc::ENOBUFS | libc::EAGAIN | libc::ENOMEM => Self::QueueFull,
            libc::EMSGSIZE => Self::TooLong,
            errno => Self::Other { errno },
        }
    }
}

impl SendBatch {
    /// A batch with nothing in it.
    pub fn new() -> Self {
        Self::default()
    }

    /// Number of packets in it.
    pub fn len(&self) -> usize {
        self.packets.len()
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.packets.is_empty()
    }

    /// Adds a whole IPv4 packet with its header, of which the kernel fills in total length and checksum, and the
    /// identification and the source if they are zero.
    pub fn push_v4(&mut self, packet: &[u8], destination: Ipv4Addr) {
        self.push(packet, Name::v4(destination), None);
    }

    /// Adds what follows the header of an IPv6 packet, checksum included, to be sent from `source` out of the
    /// interface `index` (0: as the socket is bound, or as the route says) with this hop limit: 255 to a group, less
    /// only to unicast peers behind routers.
    pub fn push_v6(
        &mut self,
        payload: &[u8],
        source: Ipv6Addr,
        index: u32,
        destination: Ipv6Addr,
        hop_limit: u8,
    ) {
        self.push(payload, Name::v6(destination, index), Some(outgoing_v6(source, index, hop_limit)));
    }

    /// Forgets all packets, keeps the memory for as many as are usual.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.packets.clear();
        // So many packets at once are rare, and there may be a batch for each of many sockets.
        if self.packets.capacity() > BATCH {
            *self = Self::new();
        }
    }

    pub(crate) fn push_frame(&mut self, frame: &[u8], index: u32, ether_type: [u8; 2]) {
        self.push(frame, Name::interface(index, ether_type), None);
    }

    fn push(&mut self, bytes: &[u8], to: Name, control: Option<[u8; OUTGOING_V6_LEN]>) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        self.packets.push(Packet { place: start..self.bytes.len(), to, control });
    }

    /// Sends everything, tells `each` how every packet (by its place in the batch) fared, and empties the batch.
    pub(crate) fn flush(
        &mut self,
        socket: BorrowedFd<'_>,
        mut each: impl FnMut(usize, Result<(), SendError>),
    ) {
        let mut next = 0;
        let mut interruptions = 0;
        while next < self.packets.len() {
            match self.send_from(socket, next) {
                Ok(sent) => {
                    let end = next + sent.max(1);
                    (next..end).for_each(|place| each(place, Ok(())));
                    next = end;
                }
                Err(error) => match error.raw_os_error().unwrap_or(0) {
                    libc::EINTR if interruptions < MOST_INTERRUPTIONS => interruptions += 1,
                    // The socket's own buffer is full: the rest does not fit either.
                    libc::EAGAIN => {
                        (next..self.packets.len()).for_each(|place| each(place, Err(SendError::QueueFull)));
                        next = self.packets.len();
                    }
                    errno => {
                        each(next, Err(SendError::from_errno(errno)));
                        next += 1;
                    }
                },
            }
        }
        self.clear();
    }

    /// Sends as many packets as one system call takes, from the given place on.
    fn send_from(&self, socket: BorrowedFd<'_>, next: usize) -> io::Result<usize> {
        let mut messages = [Outgoing::EMPTY; BATCH];
        let packets = self.packets.iter().skip(next);
        let mut count = 0;
        for (message, packet) in messages.iter_mut().zip(packets) {
            *message = Outgoing {
                name: packet.to.as_bytes(),
                control: packet.control.as_ref().map_or(&[], |control| control.as_slice()),
                bytes: self.bytes.get(packet.place.clone()).unwrap_or_default(),
            };
            count += 1;
        }
        batch::send(socket, messages.get(..count).unwrap_or_default())
    }
}

/// Signals that may interrupt one flush before that counts as a failure.
const MOST_INTERRUPTIONS: usize = 16;

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;
    use std::os::fd::AsFd;

    use super::*;

    /// Sends to the loopback address; the destination port of a UDP socket's name stays 0 and is refused.
    #[test]
    fn every_packet_of_a_batch_gets_a_result_and_the_batch_is_empty_afterwards() {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let mut batch = SendBatch::new();
        for _ in 0..150 {
            batch.push_v4(b"", Ipv4Addr::LOCALHOST);
        }
        let mut results = Vec::new();
        batch.flush(socket.as_fd(), |place, result| results.push((place, result)));
        assert!(batch.is_empty());
        let expected: Vec<_> =
            (0..150).map(|place| (place, Err(SendError::Other { errno: libc::EINVAL }))).collect();
        assert_eq!(results, expected);
    }
}
