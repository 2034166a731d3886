//! The ping checker with this machine's kernel on both ends.

#![allow(clippy::unwrap_used, reason = "tests")]

mod small;

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::Instant;

use lvs_health::{Dialogue, Network, Outcome, Prepared, Protocol, Shared, Target, Transport, WeightUpdate};
use small::{PATIENCE, datagrams};
use socket2::{Domain, Socket, Type};

const PASS: Outcome = Outcome::Pass(WeightUpdate::Unchanged);

fn ping(address: SocketAddr) -> Dialogue {
    let network = Network { target: Target::new(address, PATIENCE), protocol: Protocol::Ping };
    let prepared = Prepared::new(&network, &mut Shared::default()).unwrap();
    assert_eq!(prepared.transport(), Transport::Echo);
    prepared.begin(Instant::now(), 0, 0xfeed_beef)
}

/// An unprivileged ICMP socket; `None`, and a line that says so, where the system gives none.
fn echo_socket(address: SocketAddr) -> Option<UdpSocket> {
    let (domain, protocol) = match address {
        SocketAddr::V4(_) => (Domain::IPV4, socket2::Protocol::ICMPV4),
        SocketAddr::V6(_) => (Domain::IPV6, socket2::Protocol::ICMPV6),
    };
    let socket = Socket::new(domain, Type::DGRAM, Some(protocol));
    match socket.and_then(|socket| socket.connect(&address.into()).map(|()| socket)) {
        Ok(socket) => Some(socket.into()),
        Err(error) => {
            println!(
                "SKIPPED no ICMP socket for {address}: {error} (net.ipv4.ping_group_range, disable_ipv6)"
            );
            None
        }
    }
}

#[test]
fn this_machine_answers_over_ipv4_and_ipv6() {
    for address in [SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), SocketAddr::from((Ipv6Addr::LOCALHOST, 0))] {
        if let Some(socket) = echo_socket(address) {
            assert_eq!(datagrams(ping(address), &socket), PASS, "{address}");
        }
    }
}

#[test]
fn the_answer_to_another_ping_is_passed_over() {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let Some(socket) = echo_socket(address) else { return };
    // Its answer waits in the socket when the dialogue begins.
    socket.send(b"\x08\x00\x00\x00\x00\x00\xbe\xefsomething else").unwrap();
    assert_eq!(datagrams(ping(address), &socket), PASS);
}
