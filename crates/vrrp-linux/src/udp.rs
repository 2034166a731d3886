//! UDP between routers, with what the IP header said: for protocols that trust a TTL (BFD, RFC 5881).
//!
//! A [`UdpListener`] hears a port at all addresses of a family; a [`UdpSender`] has one source port for its life.
//! Nothing is checked here.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::time::Duration;

use nix::sys::socket::{setsockopt, sockopt};
use socket2::{Domain, Protocol, Socket, Type};

use crate::control::Ancillary;
use crate::sockaddr;
use crate::socket::ReceiveBatch;

/// A datagram as it arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Datagram<'a> {
    /// Source address.
    pub source: IpAddr,
    /// The address that it was sent to.
    pub destination: Option<IpAddr>,
    /// Its TTL or Hop Limit on arrival.
    pub hop_limit: Option<u8>,
    /// The payload.
    pub bytes: &'a [u8],
    /// When it arrived, on `CLOCK_REALTIME`, since 1970; see [`Clocks::monotonic`](crate::clock::Clocks::monotonic).
    pub timestamp: Option<Duration>,
}

/// Hears a port.
#[derive(Debug)]
pub struct UdpListener {
    socket: Socket,
}

impl UdpListener {
    /// Hears this port at every address of a family, in the network namespace of the calling thread.
    ///
    /// # Errors
    /// Somebody else hears it, or the family is not there.
    pub fn bind(ipv6: bool, port: u16) -> io::Result<Self> {
        let any: IpAddr = if ipv6 { Ipv6Addr::UNSPECIFIED.into() } else { Ipv4Addr::UNSPECIFIED.into() };
        let socket = open(any)?;
        if ipv6 {
            setsockopt(&socket, sockopt::Ipv6RecvPacketInfo, &true)?;
            setsockopt(&socket, sockopt::Ipv6RecvHopLimit, &true)?;
        } else {
            setsockopt(&socket, sockopt::Ipv4PacketInfo, &true)?;
            setsockopt(&socket, sockopt::Ipv4RecvTtl, &true)?;
        }
        setsockopt(&socket, sockopt::ReceiveTimestampns, &true)?;
        socket.bind(&SocketAddr::new(any, port).into())?;
        Ok(Self { socket })
    }

    /// Receives what is waiting, as much as fits into `batch`; [`datagrams`] reads it. Gives the number of packets;
    /// fewer than the batch's capacity means that nothing is left. Never blocks.
    ///
    /// # Errors
    /// Only for what cannot pass.
    pub fn receive(&self, batch: &mut ReceiveBatch) -> io::Result<usize> {
        batch.fill(self.socket.as_fd())
    }
}

impl AsRawFd for UdpListener {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}

/// The datagrams that the last [`UdpListener::receive`] brought, oldest first.
pub fn datagrams(batch: &ReceiveBatch) -> impl Iterator<Item = Datagram<'_>> {
    batch.slots().filter_map(|(slot, buffer)| {
        let ancillary = Ancillary::read(slot.control.get(..slot.control_len)?);
        let source = sockaddr::address(&slot.name)?;
        let destination = match source {
            IpAddr::V4(_) => ancillary.destination_v4.map(IpAddr::V4),
            IpAddr::V6(_) => ancillary.destination.map(IpAddr::V6),
        };
        Some(Datagram {
            source,
            destination,
            hop_limit: ancillary.hop_limit,
            bytes: buffer.get(..slot.message_len.min(buffer.len()))?,
            timestamp: ancillary.timestamp,
        })
    })
}

/// Sends from one port to one destination. Packets sent to that port are not read.
#[derive(Debug)]
pub struct UdpSender {
    socket: Socket,
    destination: SocketAddr,
}

impl UdpSender {
    /// Sends to `destination` with this TTL or Hop Limit, from the first of the `ports` that is free. The `source` need
    /// not be on this machine yet; `None` leaves it to the kernel. Gives the port too.
    ///
    /// # Errors
    /// No port is free, or the family is not there.
    pub fn open(
        destination: SocketAddr,
        source: Option<IpAddr>,
        ports: impl IntoIterator<Item = u16>,
        ttl: u8,
    ) -> io::Result<(Self, u16)> {
        let socket = open(destination.ip())?;
        let any: IpAddr = match destination {
            SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
        };
        if destination.is_ipv4() {
            socket.set_freebind_v4(true)?;
        } else {
            socket.set_freebind_v6(true)?;
        }
        socket.set_recv_buffer_size(0)?;
        let source = source.unwrap_or(any);
        let mut last = io::ErrorKind::AddrInUse.into();
        for port in ports {
            match socket.bind(&SocketAddr::new(source, port).into()) {
                Ok(()) => {
                    let sender = Self { socket, destination };
                    sender.set_ttl(ttl)?;
                    return Ok((sender, port));
                }
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => last = error,
                Err(error) => return Err(error),
            }
        }
        Err(last)
    }

    /// Another TTL or Hop Limit from now on.
    ///
    /// # Errors
    /// The kernel does not take it.
    pub fn set_ttl(&self, ttl: u8) -> io::Result<()> {
        if self.destination.is_ipv4() {
            self.socket.set_ttl_v4(ttl.into())
        } else {
            self.socket.set_unicast_hops_v6(ttl.into())
        }
    }

    /// Sends a datagram. Never blocks.
    ///
    /// # Errors
    /// It did not leave: there is no route, the source is not there, a buffer is full.
    pub fn send(&self, bytes: &[u8]) -> io::Result<()> {
        self.socket.send_to(bytes, &self.destination.into()).map(drop)
    }
}

/// Opens a socket of the family of `address` with everything that both kinds have.
fn open(address: IpAddr) -> io::Result<Socket> {
    let domain = if address.is_ipv4() { Domain::IPV4 } else { Domain::IPV6 };
    let socket = Socket::new(domain, Type::DGRAM.nonblocking(), Some(Protocol::UDP))?;
    if address.is_ipv4() {
        socket.set_tos_v4(INTERNETWORK_CONTROL)?;
    } else {
        socket.set_only_v6(true)?;
        socket.set_tclass_v6(INTERNETWORK_CONTROL)?;
    }
    // After the TOS, which overwrites it.
    socket.set_priority(PRIORITY)?;
    Ok(socket)
}

/// Class selector 6 (RFC 2474).
const INTERNETWORK_CONTROL: u32 = 0xc0;
/// The queue for what must not wait.
const PRIORITY: u32 = 6;

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    /// Sends three octets to a listener on the loopback interface and gives what arrived.
    fn sent_over(loopback: IpAddr, ttl: u8) -> (IpAddr, Option<IpAddr>, Option<u8>, Vec<u8>, bool) {
        let listener = UdpListener::bind(loopback.is_ipv6(), 0).unwrap();
        let port = listener.socket.local_addr().unwrap().as_socket().unwrap().port();
        let destination = SocketAddr::new(loopback, port);
        let (sender, _) = UdpSender::open(destination, Some(loopback), [0], ttl).unwrap();
        sender.send(b"bfd").unwrap();
        let mut batch = ReceiveBatch::new(4, 256);
        let end = Instant::now() + Duration::from_secs(5);
        while listener.receive(&mut batch).unwrap() == 0 {
            assert!(Instant::now() < end, "nothing arrived");
            std::thread::yield_now();
        }
        let datagram = datagrams(&batch).next().unwrap();
        let Datagram { source, destination, hop_limit, bytes, timestamp } = datagram;
        (source, destination, hop_limit, bytes.to_vec(), timestamp.is_some())
    }

    #[test]
    fn a_datagram_arrives_with_its_addresses_its_ttl_and_its_time() {
        for loopback in [IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST)] {
            if UdpListener::bind(loopback.is_ipv6(), 0).is_err() {
                eprintln!("SKIPPED: no sockets for {loopback} here");
                continue;
            }
            for ttl in [255, 64] {
                let expected = (loopback, Some(loopback), Some(ttl), b"bfd".to_vec(), true);
                assert_eq!(sent_over(loopback, ttl), expected);
            }
        }
    }

    #[test]
    fn a_port_that_is_taken_is_not_used() {
        let destination = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 9);
        let source = Some(Ipv4Addr::LOCALHOST.into());
        let (first, _) = UdpSender::open(destination, source, [0], 255).unwrap();
        let taken = first.socket.local_addr().unwrap().as_socket().unwrap().port();
        assert!(UdpSender::open(destination, source, [taken], 255).is_err());
        assert!(UdpSender::open(destination, source, [taken, 0], 255).is_ok());
    }
}
