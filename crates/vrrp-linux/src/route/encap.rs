//! Light-weight tunnels: the encapsulation of packets of a route.

use std::net::{Ipv4Addr, Ipv6Addr};

use netlink_packet_core::DefaultNla;
use netlink_packet_route::route::RouteAttribute;

/// Encapsulation of packets (`LWTUNNEL_ENCAP_*`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Encap {
    /// MPLS labels, the outermost first.
    Mpls {
        /// The labels, of 20 bits.
        labels: Vec<u32>,
        /// The TTL.
        ttl: Option<u8>,
    },
    /// An IPv4 tunnel.
    Ip {
        /// The key.
        id: Option<u64>,
        /// The far end.
        destination: Option<Ipv4Addr>,
        /// The near end.
        source: Option<Ipv4Addr>,
        /// The type of service.
        tos: Option<u8>,
        /// The time to live.
        ttl: Option<u8>,
        /// `IP_TUNNEL_*` flags.
        flags: Option<u16>,
    },
    /// An IPv6 tunnel.
    Ip6 {
        /// The key.
        id: Option<u64>,
        /// The far end.
        destination: Option<Ipv6Addr>,
        /// The near end.
        source: Option<Ipv6Addr>,
        /// The traffic class.
        traffic_class: Option<u8>,
        /// The hop limit.
        hop_limit: Option<u8>,
        /// `IP_TUNNEL_*` flags.
        flags: Option<u16>,
    },
    /// Identifier-locator addressing.
    Ila {
        /// The locator.
        locator: u64,
    },
}

impl Encap {
    /// `RTA_ENCAP_TYPE` and `RTA_ENCAP`.
    pub(super) fn attributes(&self) -> [RouteAttribute; 2] {
        let (kind, body) = match self {
            Self::Mpls { labels, ttl } => (1, mpls(labels, *ttl)),
            Self::Ip { id, destination, source, tos, ttl, flags } => {
                let mut body = Vec::new();
                put(&mut body, 1, id.map(u64::to_be_bytes));
                put(&mut body, 2, destination.map(|address| address.octets()));
                put(&mut body, 3, source.map(|address| address.octets()));
                put(&mut body, 4, ttl.map(u8::to_be_bytes));
                put(&mut body, 5, tos.map(u8::to_be_bytes));
                put(&mut body, 6, flags.map(u16::to_be_bytes));
                (2, body)
            }
            Self::Ila { locator } => {
                let mut body = Vec::new();
                put(&mut body, 1, Some(locator.to_be_bytes()));
                (3, body)
            }
            Self::Ip6 { id, destination, source, traffic_class, hop_limit, flags } => {
                let mut body = Vec::new();
                put(&mut body, 1, id.map(u64::to_be_bytes));
                put(&mut body, 2, destination.map(|address| address.octets()));
                put(&mut body, 3, source.map(|address| address.octets()));
                put(&mut body, 4, hop_limit.map(u8::to_be_bytes));
                put(&mut body, 5, traffic_class.map(u8::to_be_bytes));
                put(&mut body, 6, flags.map(u16::to_be_bytes));
                (4, body)
            }
        };
        let kind = DefaultNla::new(ENCAP_TYPE, u16::to_ne_bytes(kind).to_vec());
        let body = DefaultNla::new(ENCAP | NESTED, body);
        [RouteAttribute::Other(kind), RouteAttribute::Other(body)]
    }
}

/// A label stack: label, traffic class, bottom of the stack, TTL.
fn mpls(labels: &[u32], ttl: Option<u8>) -> Vec<u8> {
    let mut stack = Vec::new();
    for (place, label) in labels.iter().enumerate() {
        let bottom = u32::from(place + 1 == labels.len());
        stack.extend((label << 12 | bottom << 8).to_be_bytes());
    }
    let mut body = Vec::new();
    put(&mut body, 1, Some(stack));
    put(&mut body, 2, ttl.map(u8::to_be_bytes));
    body
}

/// Appends an attribute: length, kind, value, padding.
fn put(body: &mut Vec<u8>, kind: u16, value: Option<impl AsRef<[u8]>>) {
    let Some(value) = value else { return };
    let value = value.as_ref();
    let length = u16::try_from(value.len() + 4).unwrap_or(u16::MAX);
    body.extend(length.to_ne_bytes());
    body.extend(kind.to_ne_bytes());
    body.extend(value);
    body.resize(body.len().next_multiple_of(4), 0);
}

/// `RTA_ENCAP_TYPE`, `RTA_ENCAP`, `NLA_F_NESTED`.
const ENCAP_TYPE: u16 = 21;
const ENCAP: u16 = 22;
const NESTED: u16 = 0x8000;
