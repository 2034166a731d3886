//! Content of the Ethernet frames on the lab's switch: adverts, announcements and probes.
//!
//! Checksums, TTL and authentication are not checked, so that mistakes of the daemons under test can be seen: a VRRP
//! message is therefore read here and not by `vrrp-proto`, which rejects what is wrong.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use etherparse::{
    ArpPacketSlice, Icmpv6Slice, IpNumber, LaxIpPayloadSlice, LaxNetSlice, LaxSlicedPacket, TransportSlice,
};

/// First bytes of a probe's payload; the number of the probe follows (u32, big endian).
pub const PROBE_MAGIC: [u8; 8] = *b"vip-lab\0";

/// A frame of a kind that the lab reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame {
    /// A VRRP advertisement.
    Advert(Advert),
    /// A gratuitous ARP or an unsolicited neighbour advertisement: "this address is at this MAC".
    Announcement {
        /// The announced address.
        address: IpAddr,
        /// The MAC in the body.
        mac: [u8; 6],
    },
    /// A probe or the answer to one (ICMP echo or UDP); the sender's port tells which.
    Probe {
        /// Its number.
        number: u32,
        /// IP source.
        source: IpAddr,
        /// IP destination.
        destination: IpAddr,
    },
}

/// A VRRP advertisement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Advert {
    /// IP source.
    pub source: IpAddr,
    /// 2 or 3.
    pub version: u8,
    /// Virtual router.
    pub vrid: u8,
    /// 0: the sender stops.
    pub priority: u8,
    /// Interval it announces.
    pub interval: Duration,
}

impl Frame {
    /// Reads an Ethernet frame; `None` for any other kind.
    #[must_use]
    pub fn parse(frame: &[u8]) -> Option<Self> {
        // Lax: a frame that was cut, or a length field that is wrong, hides nothing that is there.
        let packet = LaxSlicedPacket::from_ethernet(frame).ok()?;
        match (packet.net.as_ref()?, packet.transport) {
            (LaxNetSlice::Arp(arp), _) => gratuitous_arp(arp),
            (LaxNetSlice::Ipv4(ip), transport) => {
                let addresses = (ip.header().source_addr().into(), ip.header().destination_addr().into());
                from_ip(addresses, ip.payload(), transport)
            }
            (LaxNetSlice::Ipv6(ip), transport) => {
                let addresses = (ip.header().source_addr().into(), ip.header().destination_addr().into());
                from_ip(addresses, ip.payload(), transport)
            }
        }
    }
}

/// RFC 826; gratuitous: sender and target are the same address.
fn gratuitous_arp(arp: &ArpPacketSlice<'_>) -> Option<Frame> {
    let mac = *arp.sender_hw_addr().first_chunk::<6>()?;
    let sender = *arp.sender_protocol_addr().first_chunk::<4>()?;
    let is_gratuitous = arp.sender_protocol_addr() == arp.target_protocol_addr();
    is_gratuitous.then_some(Frame::Announcement { address: Ipv4Addr::from(sender).into(), mac })
}

/// Content of an IP packet with these addresses (source, destination). An authentication header is already skipped.
fn from_ip(
    (source, destination): (IpAddr, IpAddr),
    payload: &LaxIpPayloadSlice<'_>,
    transport: Option<TransportSlice<'_>>,
) -> Option<Frame> {
    let probe = |body: &[u8]| {
        let number = u32::from_be_bytes(*body.strip_prefix(&PROBE_MAGIC)?.first_chunk()?);
        Some(Frame::Probe { number, source, destination })
    };
    match transport {
        None if payload.ip_number == VRRP => advert(payload.payload, source),
        Some(TransportSlice::Udp(udp)) => probe(udp.payload()),
        Some(TransportSlice::Icmpv4(icmp)) if matches!(icmp.type_u8(), 0 | 8) => probe(icmp.payload()),
        Some(TransportSlice::Icmpv6(icmp)) => match icmp.type_u8() {
            128 | 129 => probe(icmp.payload()),
            136 => neighbour_advertisement(&icmp),
            _ => None,
        },
        _ => None,
    }
}

/// RFC 4861 §4.4; unsolicited: the S flag is clear.
fn neighbour_advertisement(icmp: &Icmpv6Slice<'_>) -> Option<Frame> {
    let [flags, ..] = icmp.bytes5to8();
    let (target, options) = icmp.payload().split_first_chunk::<16>()?;
    let mac = *options.strip_prefix(&[2, 1])?.first_chunk::<6>()?;
    (flags & 0x40 == 0).then_some(Frame::Announcement { address: Ipv6Addr::from(*target).into(), mac })
}

/// IP protocol number of VRRP.
const VRRP: IpNumber = IpNumber::VRRP;

/// RFC 9568 §5.1, RFC 3768 §5.1.
fn advert(message: &[u8], source: IpAddr) -> Option<Frame> {
    let [version_type, vrid, priority, _count, high, low, ..] = *message.first_chunk::<8>()?;
    let interval = match version_type {
        0x21 => Duration::from_secs(low.into()),
        0x31 => Duration::from_millis(u64::from(u16::from_be_bytes([high & 0x0f, low])) * 10),
        _ => return None,
    };
    Some(Frame::Advert(Advert { source, version: version_type >> 4, vrid, priority, interval }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A gratuitous ARP as keepalived sends it.
    const GARP: &str =
        "ffffffffffff00005e000151080600010800060400010000 5e000151c6125101ffffffffffffc6125101";
    /// An unsolicited NA as keepalived sends it.
    const NA: &str = "33330000000100005e00025386dd6000000000203aff fe80000000000000000000000053 0001\
        ff02000000000000000000000000 0001 8800f8a220000000 fe80000000000000000000000053 0001 020100005e000253";

    fn bytes(hex: &str) -> Vec<u8> {
        let digits: String = hex.split_whitespace().collect();
        (0..digits.len() / 2).map(|i| u8::from_str_radix(&digits[2 * i..2 * i + 2], 16).unwrap()).collect()
    }

    fn ipv4_packet(protocol: u8, payload: &[u8]) -> Vec<u8> {
        let mut frame =
            bytes("01005e000012 020000000001 0800 45c0 0000 0001 0000 ff 00 0000 c0000201 e0000012");
        let length = u16::try_from(20 + payload.len()).unwrap();
        frame[16..18].copy_from_slice(&length.to_be_bytes());
        frame[23] = protocol;
        frame.extend_from_slice(payload);
        frame
    }

    #[test]
    fn a_gratuitous_arp_announces_its_address() {
        let expected =
            Frame::Announcement { address: "198.18.81.1".parse().unwrap(), mac: [0, 0, 0x5e, 0, 1, 0x51] };
        assert_eq!(Frame::parse(&bytes(GARP)), Some(expected));
    }

    #[test]
    fn an_arp_request_for_somebody_else_announces_nothing() {
        let mut request = bytes(GARP);
        *request.last_mut().unwrap() = 9;
        assert_eq!(Frame::parse(&request), None);
    }

    #[test]
    fn an_unsolicited_neighbour_advertisement_announces_its_target() {
        let expected =
            Frame::Announcement { address: "fe80::53:1".parse().unwrap(), mac: [0, 0, 0x5e, 0, 2, 0x53] };
        assert_eq!(Frame::parse(&bytes(NA)), Some(expected));
    }

    #[test]
    fn adverts_of_both_versions_give_their_interval_as_time() {
        let v2 = ipv4_packet(112, &[0x21, 51, 101, 1, 1, 1, 0, 0, 192, 0, 2, 10, 0, 0, 0, 0, 0, 0, 0, 0]);
        let v3 = ipv4_packet(112, &[0x31, 51, 0, 1, 0, 10, 0, 0, 192, 0, 2, 10]);
        let source = "192.0.2.1".parse().unwrap();
        let advert = |version, priority, interval| {
            Some(Frame::Advert(Advert { source, version, vrid: 51, priority, interval }))
        };
        assert_eq!(Frame::parse(&v2), advert(2, 101, Duration::from_secs(1)));
        assert_eq!(Frame::parse(&v3), advert(3, 0, Duration::from_millis(100)));
    }

    #[test]
    fn an_advert_behind_an_authentication_header_is_found() {
        let mut payload = vec![112, 4];
        payload.extend([0; 22]);
        payload.extend([0x21, 7, 100, 0, 2, 1, 0, 0]);
        let found = Frame::parse(&ipv4_packet(51, &payload));
        assert!(matches!(found, Some(Frame::Advert(Advert { vrid: 7, priority: 100, .. }))), "{found:?}");
    }

    #[test]
    fn no_length_of_any_frame_is_too_short_to_be_read_safely() {
        let advert = ipv4_packet(51, &[112, 255, 0, 0, 0, 0, 0, 0]);
        for frame in [bytes(GARP), bytes(NA), advert] {
            for length in 0..frame.len() {
                assert_eq!(Frame::parse(&frame[..length]), None);
            }
        }
    }
}
