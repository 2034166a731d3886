//! Lenient decoding of link and address messages.
//!
//! A network card may describe itself with dozens of attributes. Only the few that matter here are decoded, and
//! one that cannot be read is left out: a driver with an odd attribute must not hide its interface from us.

use netlink_frame::Frame;
use netlink_packet_core::{NlaBuffer, NlasIterator, Parseable, ParseableParametrized};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::address::{AddressAttribute, AddressHeader, AddressMessage};
use netlink_packet_route::link::{LinkAttribute, LinkHeader, LinkMessage};

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

fn attributes(payload: &[u8], header_len: usize) -> impl Iterator<Item = NlaBuffer<&[u8]>> {
    NlasIterator::new(payload.get(header_len..).unwrap_or_default()).map_while(Result::ok)
}

/// `struct ifinfomsg`.
const LINK_HEADER_LEN: usize = 16;
/// `struct ifaddrmsg`.
const ADDRESS_HEADER_LEN: usize = 8;
/// The link attributes that somebody here reads.
const LINK_ATTRIBUTES: [u16; 5] =
    [libc::IFLA_ADDRESS, libc::IFLA_IFNAME, libc::IFLA_MTU, libc::IFLA_LINK, libc::IFLA_MASTER];
