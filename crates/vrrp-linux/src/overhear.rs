//! Hears all VRRP packets of an interface, for diagnosis: those for others and those that leave, too.
//!
//! Frames with a VLAN tag are left to the interface of that VLAN.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use nix::sys::socket::{setsockopt, sockopt};
use socket2::{Domain, InterfaceIndexOrAddress, SockFilter, Socket, Type};

use crate::batch;
use crate::control::Ancillary;
use crate::sockaddr::{self, Name};
use crate::socket::{Device, ReceiveBatch};

/// A packet socket for the VRRP packets of an interface, and memberships that bring them here.
#[derive(Debug)]
pub struct Listener {
    socket: Socket,
    /// Switches and the network card deliver groups to those who joined them.
    _memberships: Vec<Socket>,
}

/// A packet that was overheard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overheard<'a> {
    /// When, on `CLOCK_REALTIME`, since 1970.
    pub timestamp: Option<Duration>,
    /// Ethernet address that it was sent from.
    pub mac: Option<[u8; 6]>,
    /// The packet, from its IP header on.
    pub octets: &'a [u8],
    /// Packets that were lost until then because nobody read them in time.
    pub dropped: u32,
}

impl Listener {
    /// Listens on an interface of the calling thread's network namespace. Needs `CAP_NET_RAW`.
    ///
    /// # Errors
    /// The kernel's. A group that cannot be joined is none: an interface need not have addresses of both families.
    pub fn open(device: &Device) -> io::Result<Self> {
        let socket = Socket::new(Domain::PACKET, Type::DGRAM.nonblocking(), None)?;
        setsockopt(&socket, sockopt::ReceiveTimestampns, &true)?;
        setsockopt(&socket, sockopt::RxqOvfl, &1)?;
        socket.attach_filter(&FILTER)?;
        batch::bind(socket.as_fd(), Name::interface(device.index, ALL_PROTOCOLS).as_bytes())?;
        let v4 = || -> io::Result<Socket> {
            let socket = Socket::new(Domain::IPV4, Type::DGRAM, None)?;
            let index = InterfaceIndexOrAddress::Index(device.index);
            socket.join_multicast_v4_n(&Ipv4Addr::new(224, 0, 0, 18), &index)?;
            Ok(socket)
        };
        let v6 = || -> io::Result<Socket> {
            let socket = Socket::new(Domain::IPV6, Type::DGRAM, None)?;
            socket.join_multicast_v6(&Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x12), device.index)?;
            Ok(socket)
        };
        Ok(Self { socket, _memberships: [v4(), v6()].into_iter().flatten().collect() })
    }

    /// Hands over what is waiting, oldest first. Never blocks.
    ///
    /// # Errors
    /// Only for what cannot pass, not for a network that is down.
    pub fn receive(&self, packets: &mut ReceiveBatch, mut each: impl FnMut(Overheard<'_>)) -> io::Result<()> {
        loop {
            let count = packets.fill(self.socket.as_fd())?;
            for (slot, buffer) in packets.slots() {
                let ancillary = Ancillary::read(slot.control.get(..slot.control_len).unwrap_or_default());
                each(Overheard {
                    timestamp: ancillary.timestamp,
                    mac: sockaddr::ethernet_address(&slot.name),
                    octets: buffer.get(..slot.message_len).unwrap_or(buffer),
                    dropped: ancillary.dropped.unwrap_or(0),
                });
            }
            if count < packets.capacity() {
                return Ok(());
            }
        }
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// `ETH_P_ALL`, in network order.
const ALL_PROTOCOLS: [u8; 2] = [0, 3];

/// Accepts untagged packets of IPv4 with protocol 112 or 51, and of IPv6 with next header 112 or an extension header.
const FILTER: [SockFilter; 16] = [
    load(BPF_LOAD_WORD, ANCILLARY + VLAN_TAG_PRESENT),
    jump_if(0, 0, 13),
    load(BPF_LOAD_WORD, ANCILLARY),
    jump_if(0x0800, 0, 3),
    load(BPF_LOAD_BYTE, NETWORK_HEADER + 9),
    jump_if(112, 8, 0),
    jump_if(51, 7, 8),
    jump_if(0x86dd, 0, 7),
    load(BPF_LOAD_BYTE, NETWORK_HEADER + 6),
    jump_if(112, 4, 0),
    jump_if(0, 3, 0),
    jump_if(43, 2, 0),
    jump_if(44, 1, 0),
    jump_if(60, 0, 1),
    SockFilter::new(BPF_RETURN, 0, 0, u32::MAX),
    SockFilter::new(BPF_RETURN, 0, 0, 0),
];

const fn load(code: u16, place: u32) -> SockFilter {
    SockFilter::new(code, 0, 0, place)
}

const fn jump_if(value: u32, then: u8, otherwise: u8) -> SockFilter {
    SockFilter::new(BPF_JUMP_IF_EQUAL, then, otherwise, value)
}

const BPF_LOAD_WORD: u16 = 0x20;
const BPF_LOAD_BYTE: u16 = 0x30;
const BPF_JUMP_IF_EQUAL: u16 = 0x15;
const BPF_RETURN: u16 = 0x06;
/// Places that stand for what the kernel knows of a packet; the first is its EtherType.
const ANCILLARY: u32 = (-0x1000_i32).cast_unsigned();
const VLAN_TAG_PRESENT: u32 = 48;
/// Place of the IP header.
const NETWORK_HEADER: u32 = (-0x10_0000_i32).cast_unsigned();
