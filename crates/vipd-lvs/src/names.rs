//! Names of servers as keepalived writes them in logs, mails and FIFO lines.

use std::net::SocketAddr;

use keepalived_conf::model::lvs::{Forwarding, LvsProtocol, LvsService, RealServer, VirtualServer};

/// `[10.0.0.1]:tcp:80`; of a firewall mark `[10.0.0.1]:none:80`, with port 0 where packets keep theirs.
#[must_use]
pub fn real_server(server: &VirtualServer, real: &RealServer) -> String {
    member(server, real.address, real.forwarding)
}

/// The same for any address behind a virtual server.
#[must_use]
pub fn member(server: &VirtualServer, address: SocketAddr, forwarding: Forwarding) -> String {
    let (protocol, port) = match server.services.first() {
        Some(LvsService::Address { protocol: LvsProtocol::Tcp, .. }) => ("tcp", address.port()),
        Some(LvsService::Address { protocol: LvsProtocol::Udp, .. }) => ("udp", address.port()),
        Some(LvsService::Address { protocol: LvsProtocol::Sctp, .. }) => ("sctp", address.port()),
        Some(LvsService::Fwmark { .. }) if forwarding == Forwarding::Nat => ("none", address.port()),
        Some(LvsService::Fwmark { .. }) | None => ("none", 0),
    };
    format!("[{}]:{protocol}:{port}", address.ip())
}
