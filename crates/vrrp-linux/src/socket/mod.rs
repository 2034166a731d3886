//! Sockets that send and receive VRRP packets (RFC 9568 §5.1).
//!
//! One [`VrrpSocket`] serves all virtual routers of one interface and family: the kernel makes a copy of every
//! packet for every socket, so fewer sockets are less work. The IP header is the caller's for IPv4 and the
//! kernel's for IPv6. Nothing is checked here: hop limit, length and checksum arrive as they are, so that the
//! caller can count what is wrong. Raw IPv6 sockets would verify a checksum if they were told where it is, and
//! drop bad packets in silence; they are not told.
//!
//! ```no_run
//! use vrrp_linux::socket::{Device, ReceiveBatch, SendBatch, SocketConfig, VrrpSocket};
//!
//! # fn main() -> std::io::Result<()> {
//! let device = Device { index: 2, name: "eth0".to_owned() };
//! let group = "224.0.0.18".parse().unwrap();
//! let socket = VrrpSocket::multicast(&device, group, &SocketConfig::default())?;
//! let mut received = ReceiveBatch::default();
//! // When the descriptor is readable:
//! loop {
//!     let count = socket.receive(&mut received)?;
//!     for packet in received.iter() {
//!         println!("{} bytes from {}", packet.bytes.len(), packet.source);
//!     }
//!     if count < received.capacity() {
//!         break;
//!     }
//! }
//! # Ok(())
//! # }
//! ```

mod filter;
mod membership;
mod receive;
mod send;

use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

use nix::sys::socket::{setsockopt, sockopt};
use socket2::{Domain, InterfaceIndexOrAddress, Protocol, Socket, Type};

use crate::batch;
use crate::interfaces::Interface;
use crate::sockaddr::Name;

pub use self::membership::{Membership, Need, can_join};
pub use self::receive::{ReceiveBatch, Received};
pub use self::send::{SendBatch, SendError};

/// An interface, by both of its handles.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Device {
    /// Its index.
    pub index: u32,
    /// Its name.
    pub name: String,
}

/// Options of a socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SocketConfig {
    /// The IP protocol: 112 for VRRP, 51 for VRRPv2 inside an authentication header.
    pub protocol: u8,
    /// Room for unread packets in bytes, where one packet takes about 1 KiB; `None`: the system's default.
    pub receive_buffer_len: Option<usize>,
    /// The firewall mark of what is sent.
    pub mark: Option<u32>,
}

/// A raw socket for one protocol of one address family.
#[derive(Debug)]
pub struct VrrpSocket {
    socket: Socket,
    reach: Reach,
}

#[derive(Debug, Clone)]
enum Reach {
    Multicast { device: Device, group: IpAddr },
    Unicast,
    Tap,
}

impl From<&Interface> for Device {
    fn from(interface: &Interface) -> Self {
        Self { index: interface.index, name: interface.name.clone() }
    }
}

impl Default for SocketConfig {
    fn default() -> Self {
        Self { protocol: 112, receive_buffer_len: None, mark: None }
    }
}

impl VrrpSocket {
    /// A socket for the packets to `group` on `device`, and for sending to it from there. Packets that it sends are not
    /// heard on this machine. Opened in the network namespace of the calling thread; needs `CAP_NET_RAW`.
    pub fn multicast(device: &Device, group: IpAddr, config: &SocketConfig) -> io::Result<Self> {
        let socket = open(group, config)?;
        match group {
            IpAddr::V4(_) => {
                socket.set_multicast_all_v4(false)?;
                socket.set_multicast_loop_v4(false)?;
            }
            IpAddr::V6(_) => socket.set_multicast_loop_v6(false)?,
        }
        attach(&socket, device, group)?;
        discard_early(&socket);
        let reach = Reach::Multicast { device: device.clone(), group };
        Ok(Self { socket, reach })
    }

    /// A socket for the packets sent to the address `source`, which need not be on this machine yet. With a
    /// `device` only for those that come in by it.
    ///
    /// A link-local IPv6 source needs the device.
    pub fn unicast(source: IpAddr, device: Option<&Device>, config: &SocketConfig) -> io::Result<Self> {
        let socket = open(source, config)?;
        if let Some(device) = device {
            socket.bind_device(Some(device.name.as_bytes()))?;
        }
        match source {
            IpAddr::V4(_) => socket.set_freebind_v4(true)?,
            IpAddr::V6(_) => socket.set_freebind_v6(true)?,
        }
        socket.bind(&bind_address(source, device.map_or(0, |device| device.index)).into())?;
        discard_early(&socket);
        Ok(Self { socket, reach: Reach::Unicast })
    }

    /// A socket for the packets to `group` that come in by the macvlan `device` from its own MAC address, that is from
    /// another machine that has the same virtual one. The kernel hands these to that macvlan alone, and not to the
    /// interface below, where everybody else's are heard; nothing is joined, so no switch is told that the MAC address
    /// is here. It only receives.
    pub fn tap(device: &Device, mac: [u8; 6], group: IpAddr, config: &SocketConfig) -> io::Result<Self> {
        let socket = Socket::new(Domain::PACKET, Type::DGRAM.nonblocking(), None)?;
        set_receive_options(&socket, config)?;
        socket.attach_filter(&filter::to_group_from(mac, group, config.protocol))?;
        let ether_type = if group.is_ipv4() { [0x08, 0x00] } else { [0x86, 0xdd] };
        batch::bind(socket.as_fd(), Name::interface(device.index, ether_type).as_bytes())?;
        Ok(Self { socket, reach: Reach::Tap })
    }

    /// Attaches a multicast socket to its interface again, after that was re-created or renamed, and also to
    /// remind switches of the membership. The descriptor stays the same. Does nothing for unicast.
    pub fn rejoin(&mut self, device: &Device) -> io::Result<()> {
        let Reach::Multicast { device: before, group } = &mut self.reach else { return Ok(()) };
        // Leaving fails if the interface took the membership with it.
        let _ = match *group {
            IpAddr::V4(group) => {
                self.socket.leave_multicast_v4_n(&group, &InterfaceIndexOrAddress::Index(before.index))
            }
            IpAddr::V6(group) => self.socket.leave_multicast_v6(&group, before.index),
        };
        before.clone_from(device);
        attach(&self.socket, device, *group)
    }

    /// Receives what is waiting, as much as fits into `batch`. Gives the number of packets; fewer than the batch's
    /// capacity means that nothing is left. Never blocks.
    ///
    /// # Errors
    /// Only for what cannot pass, like a closed descriptor; not for a network that is down.
    pub fn receive(&self, batch: &mut ReceiveBatch) -> io::Result<usize> {
        batch.fill(self.socket.as_fd())
    }

    /// Sends all packets of `batch` and empties it; `each` learns how every packet, by its place in the batch,
    /// fared. Never blocks.
    pub fn send(&self, batch: &mut SendBatch, each: impl FnMut(usize, Result<(), SendError>)) {
        batch.flush(self.socket.as_fd(), each);
    }
}

impl AsFd for VrrpSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl AsRawFd for VrrpSocket {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}

/// Opens a socket of the family of `address` with everything that is the same for multicast and unicast.
fn open(address: IpAddr, config: &SocketConfig) -> io::Result<Socket> {
    let domain = if address.is_ipv4() { Domain::IPV4 } else { Domain::IPV6 };
    let socket =
        Socket::new(domain, Type::RAW.nonblocking(), Some(Protocol::from(i32::from(config.protocol))))?;
    match address {
        IpAddr::V4(_) => {
            socket.set_header_included_v4(true)?;
            socket.set_tos_v4(INTERNETWORK_CONTROL)?;
            setsockopt(&socket, sockopt::Ipv4PacketInfo, &true)?;
        }
        IpAddr::V6(address) => {
            socket.set_tclass_v6(INTERNETWORK_CONTROL)?;
            setsockopt(&socket, sockopt::Ipv6RecvPacketInfo, &true)?;
            setsockopt(&socket, sockopt::Ipv6RecvHopLimit, &true)?;
            // A raw IPv6 socket gets all multicast packets that anybody here has joined, whatever it is bound to.
            socket.attach_filter(&filter::only_to(address))?;
        }
    }
    // After the TOS, which overwrites it (with 0 for this TOS).
    socket.set_priority(PRIORITY)?;
    set_receive_options(&socket, config)?;
    if let Some(mark) = config.mark {
        socket.set_mark(mark)?;
    }
    Ok(socket)
}

fn set_receive_options(socket: &Socket, config: &SocketConfig) -> io::Result<()> {
    setsockopt(socket, sockopt::ReceiveTimestampns, &true)?;
    setsockopt(socket, sockopt::RxqOvfl, &1)?;
    if let Some(len) = config.receive_buffer_len
        && setsockopt(socket, sockopt::RcvBufForce, &len).is_err()
    {
        socket.set_recv_buffer_size(len)?;
    }
    Ok(())
}

/// Binds to device and group, and joins the group.
fn attach(socket: &Socket, device: &Device, group: IpAddr) -> io::Result<()> {
    socket.bind_device(Some(device.name.as_bytes()))?;
    socket.bind(&bind_address(group, device.index).into())?;
    match group {
        IpAddr::V4(group) => {
            socket.join_multicast_v4_n(&group, &InterfaceIndexOrAddress::Index(device.index))
        }
        IpAddr::V6(group) => {
            socket.set_multicast_if_v6(device.index)?;
            socket.join_multicast_v6(&group, device.index)
        }
    }
}

/// Throws away what came for anybody between the socket's creation and its binding.
fn discard_early(socket: &Socket) {
    for _ in 0..MOST_EARLY_PACKETS {
        if socket.recv(&mut []).is_err() {
            break;
        }
    }
}

fn bind_address(address: IpAddr, index: u32) -> SocketAddr {
    match address {
        IpAddr::V4(address) => SocketAddr::new(address.into(), 0),
        IpAddr::V6(address) => {
            let scope = if needs_scope(address) { index } else { 0 };
            SocketAddrV6::new(address, 0, 0, scope).into()
        }
    }
}

/// Whether an address means nothing without an interface: link-local, or multicast of that scope.
fn needs_scope(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.octets();
    address.is_unicast_link_local() || (first == 0xff && second & 0x0f <= 2)
}

/// Class selector 6 (RFC 2474), as keepalived marks its advertisements.
const INTERNETWORK_CONTROL: u32 = 0xc0;
/// More packets than can arrive in some microseconds.
const MOST_EARLY_PACKETS: usize = 1024;
/// The queue for what must not wait; more needs `CAP_NET_ADMIN`.
const PRIORITY: u32 = 6;
