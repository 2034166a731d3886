//! The headers of an advertisement that leaves as a whole Ethernet frame, from the virtual MAC address (RFC 9568 §7.2).

use core::net::{IpAddr, Ipv6Addr};

use crate::assigned::{IP_PROTOCOL, MacAddr};

/// The length of an Ethernet header.
pub const ETHERNET_HEADER_LEN: usize = 14;
/// The length of an IPv6 header without extensions.
pub const IPV6_HEADER_LEN: usize = 40;

/// The Ethernet header of an IP packet to a multicast group.
///
/// ```
/// use vrrp_proto::{IPV4_GROUP, ethernet_header};
///
/// let header = ethernet_header([0, 0, 0x5e, 0, 1, 51], IPV4_GROUP.into());
/// assert_eq!(header, [1, 0, 0x5e, 0, 0, 18, 0, 0, 0x5e, 0, 1, 51, 8, 0]);
/// ```
#[must_use]
pub const fn ethernet_header(source: MacAddr, group: IpAddr) -> [u8; ETHERNET_HEADER_LEN] {
    let ([d0, d1, d2, d3, d4, d5], [t0, t1]) = match group {
        // RFC 1112 §6.4
        IpAddr::V4(group) => {
            let [_, b, c, d] = group.octets();
            ([0x01, 0x00, 0x5e, b & 0x7f, c, d], [0x08, 0x00])
        }
        // RFC 2464 §7
        IpAddr::V6(group) => {
            let [.., a, b, c, d] = group.octets();
            ([0x33, 0x33, a, b, c, d], [0x86, 0xdd])
        }
    };
    let [s0, s1, s2, s3, s4, s5] = source;
    [d0, d1, d2, d3, d4, d5, s0, s1, s2, s3, s4, s5, t0, t1]
}

/// The IPv6 header of an advertisement of this length, with the traffic class that keepalived uses.
#[must_use]
pub fn ipv6_header(
    source: Ipv6Addr,
    destination: Ipv6Addr,
    hop_limit: u8,
    advert_len: usize,
) -> [u8; IPV6_HEADER_LEN] {
    let mut header = [0; IPV6_HEADER_LEN];
    // The longest message has 4088 octets.
    let [l0, l1] = u16::try_from(advert_len).unwrap_or(u16::MAX).to_be_bytes();
    let head = [VERSION_AND_CLASS, CLASS_AND_FLOW, 0, 0, l0, l1, IP_PROTOCOL, hop_limit];
    let octets = head.into_iter().chain(source.octets()).chain(destination.octets());
    for (place, octet) in header.iter_mut().zip(octets) {
        *place = octet;
    }
    header
}

/// Version 6, and the upper half of class selector 6 (RFC 2474).
const VERSION_AND_CLASS: u8 = 0x6c;
const CLASS_AND_FLOW: u8 = 0;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assigned::IPV6_GROUP;

    #[test]
    fn the_mac_address_of_a_group_is_made_of_its_last_octets() {
        let source = [0, 0, 0x5e, 0, 2, 51];
        let expected = [0x33, 0x33, 0, 0, 0, 0x12, 0, 0, 0x5e, 0, 2, 51, 0x86, 0xdd];
        assert_eq!(ethernet_header(source, IPV6_GROUP.into()), expected);
        let [mac @ .., _, _] = ethernet_header(source, "239.255.1.2".parse().unwrap());
        assert_eq!(mac[..6], [1, 0, 0x5e, 0x7f, 1, 2], "23 bits of it");
    }

    #[test]
    fn an_ipv6_header_has_source_destination_and_payload() {
        let header = ipv6_header("fe80::1".parse().unwrap(), IPV6_GROUP, 255, 24);
        assert_eq!(header[..8], [0x6c, 0, 0, 0, 0, 24, 112, 255]);
        assert_eq!((header[8], header[9], header[23]), (0xfe, 0x80, 1));
        assert_eq!((header[24], header[25], header[39]), (0xff, 2, 0x12));
    }
}
