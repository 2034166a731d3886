//! Received packets, many at a time and without allocation.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::BorrowedFd;
use std::time::Duration;

use crate::batch::{self, BATCH, Slot};
use crate::control::{Ancillary, ipv4_destination_and_ttl};
use crate::sockaddr;

/// Buffers that one system call fills. Made once, used for all sockets.
pub struct ReceiveBatch {
    slots: Vec<Slot>,
    buffers: Vec<u8>,
    buffer_len: usize,
    filled: usize,
}

/// A received packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Received<'a> {
    /// Its sender.
    pub source: IpAddr,
    /// The destination: a group, or one of our addresses.
    pub destination: IpAddr,
    /// Its TTL or hop limit on arrival: 255 if no router has forwarded it.
    pub hop_limit: Option<u8>,
    /// The index of the interface it came in by.
    pub index: Option<u32>,
    /// IPv4: the whole packet with its header. IPv6: what follows the headers.
    pub bytes: &'a [u8],
    /// Whether it was longer than the buffer, so that `bytes` is only its beginning.
    pub truncated: bool,
    /// When it arrived, on `CLOCK_REALTIME`, since 1970; see [`Clocks::monotonic`](crate::clock::Clocks::monotonic).
    pub timestamp: Option<Duration>,
    /// Number of packets that the socket had dropped until then because its buffer was full. Where this grows, silence
    /// proves nothing.
    pub dropped: u32,
}

impl ReceiveBatch {
    /// Buffers for up to `packets` packets (at most 64) of up to `packet_len` bytes.
    ///
    /// The longest advertisement has 255 IPv6 addresses: 4108 bytes with authentication. Memory that no packet
    /// reaches is never touched.
    pub fn new(packets: usize, packet_len: usize) -> Self {
        let (packets, buffer_len) = (packets.clamp(1, BATCH), packet_len.max(1));
        Self {
            slots: vec![Slot::EMPTY; packets],
            buffers: vec![0; packets * buffer_len],
            buffer_len,
            filled: 0,
        }
    }

    /// Number of packets that fit.
    pub fn capacity(&self) -> usize {
        self.slots.len()
    }

    /// The packets that the last receive call brought, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = Received<'_>> {
        self.slots().filter_map(|(slot, buffer)| Received::read(slot, buffer))
    }

    /// The same before anything of it was read.
    pub(crate) fn slots(&self) -> impl Iterator<Item = (&Slot, &[u8])> {
        let buffers = self.buffers.chunks_exact(self.buffer_len);
        self.slots.iter().zip(buffers).take(self.filled)
    }

    /// Fills the buffers with what is waiting. Gives the number of packets.
    pub(crate) fn fill(&mut self, socket: BorrowedFd<'_>) -> io::Result<usize> {
        self.filled = 0;
        for _ in 0..ATTEMPTS {
            match batch::receive(socket, &mut self.slots, &mut self.buffers, self.buffer_len) {
                Ok(received) => {
                    self.filled = received;
                    return Ok(received);
                }
                Err(error) => match error.raw_os_error() {
                    Some(libc::EAGAIN) => return Ok(0),
                    Some(errno) if PASSING.contains(&errno) => {}
                    _ => return Err(error),
                },
            }
        }
        Ok(0)
    }
}

impl Default for ReceiveBatch {
    /// For 32 packets of any length that VRRP can have.
    fn default() -> Self {
        Self::new(32, 4608)
    }
}

impl fmt::Debug for ReceiveBatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<'a> Received<'a> {
    fn read(slot: &Slot, buffer: &'a [u8]) -> Option<Self> {
        let bytes = buffer.get(..slot.message_len.min(buffer.len()))?;
        let ancillary = Ancillary::read(slot.control.get(..slot.control_len)?);
        if let Some(index) = sockaddr::interface(&slot.name) {
            return Self::of_packet_socket(bytes, index, &ancillary, slot.message_len > buffer.len());
        }
        let source = sockaddr::address(&slot.name)?;
        let (destination, hop_limit) = match source {
            IpAddr::V4(_) => ipv4_destination_and_ttl(bytes).map(|(to, ttl)| (to.into(), Some(ttl)))?,
            IpAddr::V6(_) => {
                (ancillary.destination.unwrap_or(Ipv6Addr::UNSPECIFIED).into(), ancillary.hop_limit)
            }
        };
        Some(Self {
            source,
            destination,
            hop_limit,
            index: ancillary.index,
            bytes,
            truncated: slot.message_len > buffer.len(),
            timestamp: ancillary.timestamp,
            dropped: ancillary.dropped.unwrap_or(0),
        })
    }
}

impl<'a> Received<'a> {
    /// The whole packet that a packet socket delivers, of either family.
    fn of_packet_socket(bytes: &'a [u8], index: u32, ancillary: &Ancillary, truncated: bool) -> Option<Self> {
        let received = |source, destination, hop_limit, bytes| Self {
            source,
            destination,
            hop_limit: Some(hop_limit),
            index: Some(index),
            bytes,
            truncated,
            timestamp: ancillary.timestamp,
            dropped: ancillary.dropped.unwrap_or(0),
        };
        if bytes.first()? >> 4 == 4 {
            let source = Ipv4Addr::from(*bytes.get(12..)?.first_chunk::<4>()?);
            let (destination, ttl) = ipv4_destination_and_ttl(bytes)?;
            return Some(received(source.into(), destination.into(), ttl, bytes));
        }
        let (head, rest) = bytes.split_first_chunk::<8>()?;
        let (source, rest) = rest.split_first_chunk::<16>()?;
        let (destination, payload) = rest.split_first_chunk::<16>()?;
        let [_, _, _, _, l0, l1, _, hop_limit] = *head;
        // Ethernet pads short frames.
        let payload = payload.get(..u16::from_be_bytes([l0, l1]).into()).unwrap_or(payload);
        let (source, destination) = (Ipv6Addr::from(*source), Ipv6Addr::from(*destination));
        Some(received(source.into(), destination.into(), hop_limit, payload))
    }
}

/// Number of times that a receive call is repeated that only reported errors.
const ATTEMPTS: usize = 8;
/// The network reports its troubles to the next reader, once each; packets may wait behind them.
const PASSING: [i32; 8] = [
    libc::EINTR,
    libc::ENETDOWN,
    libc::ENETUNREACH,
    libc::EHOSTUNREACH,
    libc::ECONNREFUSED,
    libc::ENOPROTOOPT,
    libc::ENOBUFS,
    libc::ENOMEM,
];
