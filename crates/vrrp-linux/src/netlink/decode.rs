//! Lenient decoding of link and address messages.
//!
//! A network card may describe itself with dozens of attributes. Only the few that matter here are decoded, and
//! one that cannot be read is left out: a driver with an odd attribute must not hide its interface from us.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnetwork::IpNetwork;
use netlink_frame::Frame;
use netlink_packet_core::{NlaBuffer, NlasIterator, Parseable, ParseableParametrized};
use netlink_packet_route::address::{AddressAttribute, AddressHeader, AddressMessage};
use netlink_packet_route::link::{LinkAttribute, LinkHeader, LinkMessage};
use netlink_packet_route::route::RouteHeader;
use netlink_packet_route::rule::RuleHeader;
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};

use crate::route::{RemovedRoute, Slot};
use crate::rule::RemovedRule;

/// Reads a link or address message; anything else, and a message without a whole header, is `None`.
pub(crate) fn route_message(frame: &Frame<'_>) -> Option<RouteNetlinkMessage> {
    match frame.kind {
        libc::RTM_NEWLINK => link(frame.payload).map(RouteNetlinkMessage::NewLink),
        libc::RTM_DELLINK => link(frame.payload).map(RouteNetlinkMessage::DelLink),
        libc::RTM_NEWADDR => address(frame.payload).map(RouteNetlinkMessage::NewAddress),
        libc::RTM_DELADDR => address(frame.payload).map(RouteNetlinkMessage::DelAddress),
        _ => None,
    }
}

fn link(payload: &[u8]) -> Option<LinkMessage> {
    let mut message = LinkMessage::default();
    message.header = LinkHeader::parse(payload).ok()?;
    let family = message.header.interface_family;
    message.attributes = attributes(payload, LINK_HEADER_LEN)
        .filter(|attribute| LINK_ATTRIBUTES.contains(&attribute.kind()))
        .filter_map(|attribute| LinkAttribute::parse_with_param(&attribute, family).ok())
        .collect();
    Some(message)
}

fn address(payload: &[u8]) -> Option<AddressMessage> {
    let mut message = AddressMessage::default();
    message.header = AddressHeader::parse(payload).ok()?;
    message.attributes = attributes(payload, ADDRESS_HEADER_LEN)
        .filter_map(|attribute| AddressAttribute::parse(&attribute).ok())
        .collect();
    Some(message)
}

pub(crate) fn removed_route(payload: &[u8]) -> Option<RemovedRoute> {
    let header = RouteHeader::parse(payload).ok()?;
    let (mut ip, mut table, mut metric) = (None, u32::from(header.table), 0);
    for attribute in attributes(payload, ROUTE_HEADER_LEN) {
        match attribute.kind() {
            libc::RTA_DST => ip = ip_address(attribute.value()),
            libc::RTA_TABLE => table = number(attribute.value())?,
            libc::RTA_PRIORITY => metric = number(attribute.value())?,
            _ => {}
        }
    }
    let any: IpAddr = match header.address_family {
        AddressFamily::Inet => Ipv4Addr::UNSPECIFIED.into(),
        AddressFamily::Inet6 => Ipv6Addr::UNSPECIFIED.into(),
        _ => return None,
    };
    let destination = IpNetwork::new(ip.unwrap_or(any), header.destination_prefix_length).ok()?;
    let slot = Slot { destination, tos: header.tos, table, metric };
    Some(RemovedRoute { slot, protocol: header.protocol.into() })
}

pub(crate) fn removed_rule(payload: &[u8]) -> Option<RemovedRule> {
    let header = RuleHeader::parse(payload).ok()?;
    let ipv6 = match header.family {
        AddressFamily::Inet => false,
        AddressFamily::Inet6 => true,
        _ => return None,
    };
    let mut rule = RemovedRule { ipv6, priority: 0, protocol: 0 };
    for attribute in attributes(payload, RULE_HEADER_LEN) {
        match attribute.kind() {
            FRA_PRIORITY => rule.priority = number(attribute.value())?,
            FRA_PROTOCOL => rule.protocol = attribute.value().first().copied()?,
            _ => {}
        }
    }
    Some(rule)
}

fn number(value: &[u8]) -> Option<u32> {
    value.try_into().ok().map(u32::from_ne_bytes)
}

fn ip_address(value: &[u8]) -> Option<IpAddr> {
    match value.len() {
        4 => <[u8; 4]>::try_from(value).ok().map(IpAddr::from),
        _ => <[u8; 16]>::try_from(value).ok().map(IpAddr::from),
    }
}

fn attributes(payload: &[u8], header_len: usize) -> impl Iterator<Item = NlaBuffer<&[u8]>> {
    NlasIterator::new(payload.get(header_len..).unwrap_or_default()).map_while(Result::ok)
}

/// `struct ifinfomsg`.
const LINK_HEADER_LEN: usize = 16;
/// `struct ifaddrmsg`.
const ADDRESS_HEADER_LEN: usize = 8;
/// `struct rtmsg`, `struct fib_rule_hdr`.
const ROUTE_HEADER_LEN: usize = 12;
const RULE_HEADER_LEN: usize = 12;
const FRA_PRIORITY: u16 = 6;
const FRA_PROTOCOL: u16 = 21;
/// The link attributes that somebody here reads.
const LINK_ATTRIBUTES: [u16; 8] = [
    libc::IFLA_ADDRESS,
    libc::IFLA_IFNAME,
    libc::IFLA_MTU,
    libc::IFLA_LINK,
    libc::IFLA_MASTER,
    libc::IFLA_GROUP,
    libc::IFLA_IFALIAS,
    libc::IFLA_LINKINFO,
];
