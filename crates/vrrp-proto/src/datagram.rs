//! A packet as it arrived: a VRRP message with the fields of the IP headers around it.
//!
//! An IPv4 raw socket delivers the IP header, an IPv6 raw socket only the payload (addresses and hop limit come
//! as ancillary data), so there is one constructor for each, and a third for whole IPv6 packets of captures.
//! The kernel has checked most of what [`IpError`] lists before a socket sees a packet; captures and
//! packet sockets have had no such check.

use core::fmt;
use core::net::{Ipv4Addr, Ipv6Addr};

use crate::ah::{AH_LEN, AuthHeader};
use crate::assigned::{AH_PROTOCOL, IP_PROTOCOL};
use crate::checksum::Sum;
use crate::endpoints::Endpoints;
use crate::frame::IPV6_HEADER_LEN;
use crate::ipv4::IPV4_HEADER_LEN;

/// One received packet, its headers read and its message not yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Datagram<'a> {
    /// Source and destination.
    pub endpoints: Endpoints,
    /// TTL or hop limit.
    pub ttl: u8,
    /// The Authentication Header, if there is one.
    pub envelope: Option<Envelope<'a>>,
    /// The VRRP message, without link padding.
    pub message: &'a [u8],
}

/// An Authentication Header and the IPv4 header in front of it, which its digest covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Envelope<'a> {
    /// The Authentication Header.
    pub header: AuthHeader,
    /// The IPv4 header, with options.
    pub ip_header: &'a [u8],
}

impl<'a> Datagram<'a> {
    /// A whole IPv4 packet, as a raw socket delivers it. Octets after its total length are dropped: Ethernet pads
    /// short frames.
    ///
    /// # Errors
    /// The first that applies, in the order of the variants of [`IpError`].
    #[inline(always)]
    pub fn from_ipv4(packet: &'a [u8]) -> Result<Self, IpError> {
        let short = IpError::Short { needed: IPV4_HEADER_LEN, actual: packet.len() };
        let fixed = packet.first_chunk::<IPV4_HEADER_LEN>().ok_or(short)?;
        let [version_length, _, l0, l1, _, _, f0, f1, ttl, protocol, _, _, s0, s1, s2, s3, d0, d1, d2, d3] =
            *fixed;

        if version_length >> 4 != 4 {
            return Err(IpError::Version { actual: version_length >> 4 });
        }
        let header_len = usize::from(version_length & 0x0f) * 4;
        if header_len < IPV4_HEADER_LEN {
            return Err(IpError::HeaderLength { stated: header_len, actual: packet.len() });
        }
        let (ip_header, options) = packet
            .get(..header_len)
            .and_then(|header| Some((header, header.get(IPV4_HEADER_LEN..)?)))
            .ok_or(IpError::HeaderLength { stated: header_len, actual: packet.len() })?;
        let stated = usize::from(u16::from_be_bytes([l0, l1]));
        let payload =
            packet.get(header_len..stated).ok_or(IpError::TotalLength { stated, actual: packet.len() })?;
        if !Sum::of(fixed).add(options).is_intact() {
            return Err(IpError::HeaderChecksum);
        }
        if u16::from_be_bytes([f0, f1]) & MORE_FRAGMENTS_OR_OFFSET != 0 {
            return Err(IpError::Fragment);
        }

        let endpoints = Endpoints::V4 {
            source: Ipv4Addr::new(s0, s1, s2, s3),
            destination: Ipv4Addr::new(d0, d1, d2, d3),
        };
        let (envelope, message) = match protocol {
            IP_PROTOCOL => (None, payload),
            AH_PROTOCOL => {
                let (header, message) = split_auth_header(payload)?;
                (Some(Envelope { header, ip_header }), message)
            }
            actual => return Err(IpError::Protocol { actual }),
        };
        Ok(Self { endpoints, ttl, envelope, message })
    }

    /// The parts of an IPv4 packet without an Authentication Header, from a caller that has read them itself: a socket
    /// that delivers no header, a capture library, a simulation.
    #[must_use]
    #[inline(always)]
    pub const fn ipv4(source: Ipv4Addr, destination: Ipv4Addr, ttl: u8, message: &'a [u8]) -> Self {
        Self { endpoints: Endpoints::V4 { source, destination }, ttl, envelope: None, message }
    }

    /// A packet as an IPv6 raw socket delivers it: the payload after all extension headers, and its ancillary data.
    #[must_use]
    #[inline(always)]
    pub const fn ipv6(source: Ipv6Addr, destination: Ipv6Addr, hop_limit: u8, payload: &'a [u8]) -> Self {
        Self {
            endpoints: Endpoints::V6 { source, destination },
            ttl: hop_limit,
            envelope: None,
            message: payload,
        }
    }

    /// A whole IPv6 packet, as a capture holds it. Extension headers are skipped as a kernel would, at most
    /// eight; octets after the payload length are dropped.
    ///
    /// # Errors
    /// The first that applies, in the order of the variants of [`IpError`].
    pub fn from_ipv6(packet: &'a [u8]) -> Result<Self, IpError> {
        let short = IpError::Short { needed: IPV6_HEADER_LEN, actual: packet.len() };
        let (fixed, rest) = packet.split_first_chunk::<8>().ok_or(short)?;
        let (source, rest) = rest.split_first_chunk::<16>().ok_or(short)?;
        let (destination, rest) = rest.split_first_chunk::<16>().ok_or(short)?;
        let [version_class, _, _, _, l0, l1, next_header, hop_limit] = *fixed;

        if version_class >> 4 != 6 {
            return Err(IpError::Version { actual: version_class >> 4 });
        }
        let payload_len = usize::from(u16::from_be_bytes([l0, l1]));
        let payload = rest
            .get(..payload_len)
            .ok_or(IpError::TotalLength { stated: IPV6_HEADER_LEN + payload_len, actual: packet.len() })?;
        let message = skip_extension_headers(next_header, payload)?;
        Ok(Self::ipv6(Ipv6Addr::from(*source), Ipv6Addr::from(*destination), hop_limit, message))
    }
}

impl fmt::Display for Datagram<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, TTL {}, {} octets", self.endpoints, self.ttl, self.message.len())
    }
}

/// Why a packet is not an intact one that carries VRRP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IpError {
    /// The fixed part of the IP header is incomplete.
    #[error("{actual} octets, but an IP header has {needed}")]
    Short {
        /// Octets of the fixed header.
        needed: usize,
        /// Octets that there are.
        actual: usize,
    },
    /// Another IP version.
    #[error("IP version {actual}")]
    Version {
        /// The version nibble.
        actual: u8,
    },
    /// The IPv4 header says it is shorter than the fixed part, or longer than the packet.
    #[error("IP header of {stated} octets in a packet of {actual}")]
    HeaderLength {
        /// Octets of the header, by itself.
        stated: usize,
        /// Octets of the packet.
        actual: usize,
    },
    /// The IP header says the packet is longer than it is, or shorter than the header.
    #[error("IP packet of {stated} octets by its header, {actual} came")]
    TotalLength {
        /// Octets of the packet, by its header.
        stated: usize,
        /// Octets that there are.
        actual: usize,
    },
    /// The IPv4 header does not add up.
    #[error("wrong IP header checksum")]
    HeaderChecksum,
    /// A fragment: advertisements are never fragmented.
    #[error("an IP fragment")]
    Fragment,
    /// The IPv6 extension headers do not end within the payload, or there are too many.
    #[error("IPv6 extension headers without an end")]
    ExtensionHeaders,
    /// The Authentication Header is incomplete.
    #[error("authentication header of {actual} octets, but it has {needed}")]
    AhShort {
        /// Octets of an Authentication Header.
        needed: usize,
        /// Octets that there are.
        actual: usize,
    },
    /// The Authentication Header is not followed by VRRP.
    #[error("authentication header of protocol {actual}")]
    AhNextHeader {
        /// The next header octet.
        actual: u8,
    },
    /// Not VRRP.
    #[error("IP protocol {actual}")]
    Protocol {
        /// Protocol or next header number.
        actual: u8,
    },
}

fn split_auth_header(payload: &[u8]) -> Result<(AuthHeader, &[u8]), IpError> {
    let (octets, message) = payload
        .split_first_chunk::<AH_LEN>()
        .ok_or(IpError::AhShort { needed: AH_LEN, actual: payload.len() })?;
    let [next_header, ..] = *octets;
    let header = AuthHeader::parse(octets).ok_or(IpError::AhNextHeader { actual: next_header })?;
    Ok((header, message))
}

/// The VRRP message in an IPv6 payload (RFC 8200 §4).
fn skip_extension_headers(first: u8, payload: &[u8]) -> Result<&[u8], IpError> {
    let (mut kind, mut rest) = (first, payload);
    for _ in 0..=MAX_EXTENSION_HEADERS {
        match kind {
            IP_PROTOCOL => return Ok(rest),
            HOP_BY_HOP | ROUTING | FRAGMENT | DESTINATION_OPTIONS => {}
            actual => return Err(IpError::Protocol { actual }),
        }
        let [next_header, length, offset_high, offset_low, ..] =
            *rest.first_chunk::<8>().ok_or(IpError::ExtensionHeaders)?;
        let header_len = if kind == FRAGMENT { 8 } else { (usize::from(length) + 1) * 8 };
        // A fragment header on a packet that is whole ("atomic", RFC 6946) is harmless.
        if kind == FRAGMENT && u16::from_be_bytes([offset_high, offset_low]) & OFFSET_OR_MORE_FRAGMENTS != 0 {
            return Err(IpError::Fragment);
        }
        rest = rest.get(header_len..).ok_or(IpError::ExtensionHeaders)?;
        kind = next_header;
    }
    Err(IpError::ExtensionHeaders)
}

const MAX_EXTENSION_HEADERS: usize = 8;
const HOP_BY_HOP: u8 = 0;
const ROUTING: u8 = 43;
const FRAGMENT: u8 = 44;
const DESTINATION_OPTIONS: u8 = 60;
/// Of the flags and fragment offset field of IPv4.
const MORE_FRAGMENTS_OR_OFFSET: u16 = 0x3fff;
/// Of the same field of the IPv6 fragment header.
const OFFSET_OR_MORE_FRAGMENTS: u16 = 0xfff9;

#[cfg(test)]
mod tests {
    use super::*;

    /// VRID 13, two addresses; IPv4 header with checksum.
    const V4: [u8; 44] = [
        0x45, 0xc0, 0x00, 0x2c, 0x76, 0x8d, 0x00, 0x00, 0xff, 0x70, 0x39, 0x86, 198, 51, 100, 72, 224, 0, 0,
        18, //
        0x21, 13, 120, 2, 0, 1, 0xee, 0xe3, 203, 0, 113, 4, 203, 0, 113, 5, 0, 0, 0, 0, 0, 0, 0, 0,
    ];

    /// `V4` with one octet changed and the header checksum made right again.
    fn with(at: usize, octet: u8) -> [u8; 44] {
        let mut packet = V4;
        packet[at] = octet;
        packet[10..12].fill(0);
        let sum = Sum::of(&packet[..20]).complement();
        packet[10..12].copy_from_slice(&sum.to_be_bytes());
        packet
    }

    #[test]
    fn the_parts_of_an_ipv4_packet_are_found() {
        let datagram = Datagram::from_ipv4(&V4).unwrap();
        assert_eq!(
            datagram.endpoints,
            Endpoints::V4 {
                source: Ipv4Addr::new(198, 51, 100, 72),
                destination: Ipv4Addr::new(224, 0, 0, 18),
            }
        );
        assert_eq!(datagram.ttl, 255);
        assert_eq!(datagram.message, &V4[20..]);
        assert_eq!(datagram.envelope, None);
    }

    #[test]
    fn every_flaw_of_an_ipv4_header_has_its_name() {
        let error = |packet: &[u8]| Datagram::from_ipv4(packet).unwrap_err();
        assert_eq!(error(&V4[..19]), IpError::Short { needed: 20, actual: 19 });
        assert_eq!(error(&with(0, 0x65)), IpError::Version { actual: 6 });
        assert_eq!(error(&with(0, 0x44)), IpError::HeaderLength { stated: 16, actual: 44 });
        assert_eq!(error(&with(0, 0x4f)), IpError::HeaderLength { stated: 60, actual: 44 });
        assert_eq!(error(&with(3, 45)), IpError::TotalLength { stated: 45, actual: 44 });
        assert_eq!(error(&with(3, 19)), IpError::TotalLength { stated: 19, actual: 44 });
        assert_eq!(error(&with(6, 0x20)), IpError::Fragment);
        assert_eq!(error(&with(7, 1)), IpError::Fragment);
        assert_eq!(error(&with(9, 17)), IpError::Protocol { actual: 17 });
        let mut damaged = V4;
        damaged[1] ^= 1;
        assert_eq!(error(&damaged), IpError::HeaderChecksum);
    }

    #[test]
    fn dont_fragment_is_not_a_fragment() {
        assert!(Datagram::from_ipv4(&with(6, 0x40)).is_ok());
    }

    #[test]
    fn ip_options_are_skipped_and_covered_by_the_checksum() {
        let mut packet = [0; 48];
        packet[..20].copy_from_slice(&V4[..20]);
        packet[0] = 0x46;
        packet[3] = 48;
        packet[20..24].copy_from_slice(&[0x94, 4, 0, 0]);
        packet[24..].copy_from_slice(&V4[20..]);
        packet[10..12].fill(0);
        let sum = Sum::of(&packet[..24]).complement();
        packet[10..12].copy_from_slice(&sum.to_be_bytes());
        assert_eq!(Datagram::from_ipv4(&packet).unwrap().message, &V4[20..]);
        packet[22] = 1;
        assert_eq!(Datagram::from_ipv4(&packet), Err(IpError::HeaderChecksum));
    }

    #[test]
    fn an_authentication_header_must_be_whole_and_carry_vrrp() {
        let error = |packet: &[u8]| Datagram::from_ipv4(packet).unwrap_err();
        // The message stands where the header should: its first octet is the next header field.
        assert_eq!(error(&with(9, 51)), IpError::AhNextHeader { actual: 0x21 });
        let short = with(9, 51);
        let mut short: [u8; 43] = short[..43].try_into().unwrap();
        short[3] = 43;
        short[10..12].fill(0);
        let sum = Sum::of(&short[..20]).complement();
        short[10..12].copy_from_slice(&sum.to_be_bytes());
        assert_eq!(error(&short), IpError::AhShort { needed: 24, actual: 23 });
    }

    /// An IPv6 packet with two extension headers in front of eight octets of VRRP.
    fn v6(first: u8, second: u8, second_octets: [u8; 4]) -> [u8; 64] {
        let mut packet = [0; 64];
        packet[..8].copy_from_slice(&[0x6c, 0, 0, 0, 0, 24, first, 255]);
        packet[8..10].copy_from_slice(&[0xfe, 0x80]);
        packet[24..26].copy_from_slice(&[0xff, 0x02]);
        packet[40..42].copy_from_slice(&[second, 0]);
        packet[48..52].copy_from_slice(&second_octets);
        packet[56] = 0x31;
        packet
    }

    #[test]
    fn ipv6_extension_headers_are_skipped() {
        let packet = v6(HOP_BY_HOP, DESTINATION_OPTIONS, [IP_PROTOCOL, 0, 0, 0]);
        let datagram = Datagram::from_ipv6(&packet).unwrap();
        assert_eq!(datagram.message, &packet[56..]);
        let atomic = v6(HOP_BY_HOP, FRAGMENT, [IP_PROTOCOL, 0, 0, 0]);
        assert_eq!(Datagram::from_ipv6(&atomic).unwrap().message.len(), 8);
    }

    #[test]
    fn every_flaw_of_an_ipv6_header_has_its_name() {
        let error = |packet: &[u8]| Datagram::from_ipv6(packet).unwrap_err();
        let good = v6(HOP_BY_HOP, ROUTING, [IP_PROTOCOL, 0, 0, 0]);
        assert_eq!(error(&good[..39]), IpError::Short { needed: 40, actual: 39 });
        assert_eq!(error(&good[..63]), IpError::TotalLength { stated: 64, actual: 63 });
        assert_eq!(error(&V4), IpError::Version { actual: 4 });
        assert_eq!(error(&v6(HOP_BY_HOP, FRAGMENT, [IP_PROTOCOL, 0, 0, 1])), IpError::Fragment);
        assert_eq!(error(&v6(HOP_BY_HOP, ROUTING, [IP_PROTOCOL, 9, 0, 0])), IpError::ExtensionHeaders);
        assert_eq!(error(&v6(HOP_BY_HOP, 6, [0; 4])), IpError::Protocol { actual: 6 });
        assert_eq!(error(&v6(AH_PROTOCOL, 0, [0; 4])), IpError::Protocol { actual: 51 });
    }

    #[test]
    fn an_endless_chain_of_extension_headers_ends() {
        let mut packet = [0; 40 + 8 * 200];
        packet[..8].copy_from_slice(&[0x60, 0, 0, 0, 0x06, 0x40, HOP_BY_HOP, 255]);
        assert_eq!(Datagram::from_ipv6(&packet), Err(IpError::ExtensionHeaders));
    }
}
