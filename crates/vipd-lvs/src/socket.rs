//! The socket of one attempt.

use std::io;
use std::ops::RangeInclusive;
use std::sync::OnceLock;

use lvs_health::{Target, Transport};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};

/// Why a socket does not even begin to connect.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// This machine lacks something, or denies it to us: an address or interface that is not here, no descriptor or port
    /// left, no right. That says nothing about the server.
    #[error("{0}")]
    Hindered(io::Error),
    /// There is no way to the server.
    #[error("{0}")]
    Unreachable(io::Error),
}

/// Opens a socket for a target and starts to connect it, without waiting.
pub fn connect(target: &Target, transport: Transport) -> Result<Socket, ConnectError> {
    let socket = prepare(target, transport).map_err(ConnectError::Hindered)?;
    match socket.connect(&SockAddr::from(target.address)) {
        Err(error) if is_shortage(&error) => Err(ConnectError::Hindered(error)),
        Err(error) if error.raw_os_error() != Some(libc::EINPROGRESS) => {
            Err(ConnectError::Unreachable(error))
        }
        _ if transport != Transport::Echo && is_connected_to_itself(&socket, target) => {
            Err(ConnectError::Unreachable(io::ErrorKind::ConnectionRefused.into()))
        }
        _ => Ok(socket),
    }
}

/// Whether the kernel chose the very port for our end that a server on this machine should have: with nobody there, the
/// socket talks to itself, and a dead server would look alive.
fn is_connected_to_itself(socket: &Socket, target: &Target) -> bool {
    let is_chosen = target.bind.is_none_or(|bind| bind.port() == 0);
    if is_chosen && !ephemeral_ports().contains(&target.address.port()) {
        return false;
    }
    // Which port it is is known as soon as connecting begins.
    socket.local_addr().is_ok_and(|own| own.as_socket() == Some(target.address))
}

/// The ports from which the kernel chooses, as they were at the first question; all, if it does not say.
fn ephemeral_ports() -> &'static RangeInclusive<u16> {
    static PORTS: OnceLock<RangeInclusive<u16>> = OnceLock::new();
    PORTS.get_or_init(|| {
        let text = std::fs::read_to_string(PORT_RANGE).unwrap_or_default();
        parse_ports(&text).unwrap_or(0..=u16::MAX)
    })
}

fn parse_ports(text: &str) -> Option<RangeInclusive<u16>> {
    let (first, last) = text.trim().split_once(char::is_whitespace)?;
    Some(first.parse().ok()?..=last.trim().parse().ok()?)
}

/// First and last port that the kernel chooses, for both families.
const PORT_RANGE: &str = "/proc/sys/net/ipv4/ip_local_port_range";

/// Whether an error means that this machine has too little of something: descriptors, memory, ports, addresses.
pub(crate) fn is_shortage(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(
            libc::EMFILE
                | libc::ENFILE
                | libc::ENOMEM
                | libc::ENOBUFS
                | libc::EADDRNOTAVAIL
                | libc::EADDRINUSE
        )
    )
}

fn prepare(target: &Target, transport: Transport) -> io::Result<Socket> {
    let socket = open(Domain::for_address(target.address), transport)?;
    if let Some(interface) = &target.interface {
        socket.bind_device(Some(interface.as_bytes()))?;
    }
    if target.fwmark != 0 {
        socket.set_mark(target.fwmark)?;
    }
    if let Some(bind) = target.bind {
        if transport == Transport::Stream && bind.port() != 0 {
            // The last attempt's connection may linger.
            socket.set_reuse_address(true)?;
        }
        socket.bind(&SockAddr::from(bind))?;
    }
    Ok(socket)
}

fn open(domain: Domain, transport: Transport) -> io::Result<Socket> {
    match transport {
        Transport::Stream => Socket::new(domain, Type::STREAM.nonblocking().cloexec(), None),
        Transport::Datagram => Socket::new(domain, Type::DGRAM.nonblocking().cloexec(), None),
        Transport::Echo => {
            let protocol = if domain == Domain::IPV4 { Protocol::ICMPV4 } else { Protocol::ICMPV6 };
            let kind = Type::DGRAM.nonblocking().cloexec();
            match Socket::new(domain, kind, Some(protocol)) {
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                    allow_echo()?;
                    Socket::new(domain, kind, Some(protocol))
                }
                socket => socket,
            }
        }
    }
}

/// Lets our group open echo sockets: nobody may by default, not even root.
fn allow_echo() -> io::Result<()> {
    let group = rustix::process::getegid().as_raw();
    let text = std::fs::read_to_string(PING_GROUPS)?;
    let mut numbers = text.split_whitespace().map(|number| number.parse::<u32>().unwrap_or(0));
    let (first, last) = (numbers.next().unwrap_or(1), numbers.next().unwrap_or(0));
    let range = if first <= last { (first.min(group), last.max(group)) } else { (group, group) };
    std::fs::write(PING_GROUPS, format!("{} {}", range.0, range.1))
}

/// First and last group that may open echo sockets, for both families.
const PING_GROUPS: &str = "/proc/sys/net/ipv4/ping_group_range";

#[cfg(test)]
mod tests {
    use std::net::{SocketAddr, TcpListener, UdpSocket};
    use std::time::Duration;

    use super::*;

    /// Connects from an address of this machine to the same one.
    fn connect_to_itself(address: SocketAddr, transport: Transport) -> Result<Socket, ConnectError> {
        let target = Target { bind: Some(address), ..Target::new(address, Duration::from_secs(1)) };
        connect(&target, transport)
    }

    #[test]
    fn a_socket_that_is_its_own_peer_is_refused() {
        for ip in ["127.0.0.1:0", "[::1]:0"] {
            // Free once these are closed.
            let stream = TcpListener::bind(ip).unwrap().local_addr().unwrap();
            let datagram = UdpSocket::bind(ip).unwrap().local_addr().unwrap();
            for (address, transport) in [(stream, Transport::Stream), (datagram, Transport::Datagram)] {
                let error = connect_to_itself(address, transport).unwrap_err();
                assert!(
                    matches!(&error, ConnectError::Unreachable(error)
                        if error.kind() == io::ErrorKind::ConnectionRefused),
                    "{address} {transport:?}: {error:?}"
                );
            }
        }
    }

    #[test]
    fn the_range_of_ports_is_read_as_the_kernel_writes_it() {
        assert_eq!(parse_ports("32768\t60999\n"), Some(32768..=60999));
        for text in ["", "32768", "32768 99999", "a b"] {
            assert_eq!(parse_ports(text), None, "{text:?}");
        }
        assert!(!ephemeral_ports().is_empty());
    }

    #[test]
    fn a_server_on_this_machine_is_reached() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let target = Target::new(listener.local_addr().unwrap(), Duration::from_secs(1));
        assert!(connect(&target, Transport::Stream).is_ok());
    }
}
