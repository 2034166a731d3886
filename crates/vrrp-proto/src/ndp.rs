//! Unsolicited neighbour advertisement: "this IPv6 address is mine, at this Ethernet address"
//! (RFC 4861 §4.4, §7.2.6; RFC 9568 §6.4.1, §8.2.2).
//!
//! ```text
//!  octet   Ethernet                              ICMPv6
//!  0-5     destination: all nodes         54-55  type 136, code 0
//!  6-11    source                         56-57  checksum with pseudo-header
//!  12-13   0x86dd                         58-61  flags R, S, O; reserved
//!          IPv6                           62-77  target: the virtual address
//!  14-17   version 6                      78-79  option 2 (target link-layer address), length 1
//!  18-19   payload length 32              80-85  Ethernet address
//!  20-21   next header 58, hop limit 255
//!  22-37   source: the virtual address
//!  38-53   destination: ff02::1
//! ```
//!
//! The solicited flag is clear and the override flag set (RFC 9568 §6.4.1). The router flag must be set too;
//! keepalived sets it only while the interface forwards, since hosts drop a default router that
//! claims to be none. It is therefore a field.

use core::fmt;
use core::net::Ipv6Addr;

use crate::assigned::{IPV6_ALL_NODES, IPV6_ALL_NODES_MAC, MacAddr, ShowMac};
use crate::checksum::Sum;

/// One unsolicited neighbour advertisement for one virtual address.
///
/// ```
/// use vrrp_proto::{Family, UnsolicitedNa, Vrid, virtual_mac};
///
/// let vrid = Vrid::new(83)?;
/// let announcement = UnsolicitedNa {
///     mac: virtual_mac(Family::Ipv6, vrid),
///     address: "fe80::53:1".parse()?,
///     router: true,
/// };
/// let frame: [u8; 86] = announcement.emit();
/// assert_eq!(UnsolicitedNa::parse(&frame), Some(announcement));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnsolicitedNa {
    /// Where the address is from now on: the virtual Ethernet address, or that of the interface.
    pub mac: MacAddr,
    /// The virtual address: IPv6 source and target.
    pub address: Ipv6Addr,
    /// The router flag: true by RFC 9568.
    pub router: bool,
}

impl UnsolicitedNa {
    /// Reads an Ethernet frame; `None` if it is not an intact unsolicited neighbour advertisement of the form that
    /// [`UnsolicitedNa::emit`] writes. Traffic class and flow label may be anything.
    #[must_use]
    pub fn parse(frame: &[u8]) -> Option<Self> {
        let (destination, rest) = frame.split_first_chunk::<6>()?;
        let (mac, rest) = rest.split_first_chunk::<6>()?;
        let (ether_type, rest) = rest.split_first_chunk::<2>()?;
        let (class_and_label, rest) = rest.split_first_chunk::<4>()?;
        let (fixed, rest) = rest.split_first_chunk::<4>()?;
        let (source, rest) = rest.split_first_chunk::<16>()?;
        let (group, rest) = rest.split_first_chunk::<16>()?;
        let icmp = rest.first_chunk::<ICMP_LEN>()?;

        let (head, body) = icmp.split_first_chunk::<8>()?;
        let (target, option) = body.split_first_chunk::<16>()?;
        let [kind, code, _, _, flags, _, _, _] = *head;
        let [option_kind, option_len, link_layer @ ..] = *option.first_chunk::<8>()?;
        let [version_class, ..] = *class_and_label;

        let unsolicited = *destination == IPV6_ALL_NODES_MAC
            && *ether_type == ETHER_TYPE
            && version_class >> 4 == 6
            && *fixed == LENGTH_NEXT_HEADER_HOP_LIMIT
            && *group == IPV6_ALL_NODES.octets()
            && [kind, code] == TYPE_AND_CODE
            && flags & !ROUTER == OVERRIDE
            && source == target
            && [option_kind, option_len] == TARGET_LINK_LAYER
            && link_layer == *mac
            && pseudo_header(source).add(icmp).is_intact();
        unsolicited.then_some(Self {
            mac: *mac,
            address: Ipv6Addr::from(*target),
            router: flags & ROUTER != 0,
        })
    }

    /// The whole Ethernet frame.
    #[must_use]
    pub fn emit(&self) -> [u8; UNSOLICITED_NA_LEN] {
        let address = self.address.octets();
        let unsummed = self.icmp([0, 0]);
        let checksum = pseudo_header(&address).add(&unsummed).complement();

        let mut frame = [0; UNSOLICITED_NA_LEN];
        let fields = IPV6_ALL_NODES_MAC
            .into_iter()
            .chain(self.mac)
            .chain(ETHER_TYPE)
            .chain(VERSION_CLASS_LABEL)
            .chain(LENGTH_NEXT_HEADER_HOP_LIMIT)
            .chain(address)
            .chain(IPV6_ALL_NODES.octets())
            .chain(self.icmp(checksum.to_be_bytes()));
        for (slot, octet) in frame.iter_mut().zip(fields) {
            *slot = octet;
        }
        frame
    }

    fn icmp(&self, checksum: [u8; 2]) -> [u8; ICMP_LEN] {
        let flags = if self.router { ROUTER | OVERRIDE } else { OVERRIDE };
        let mut message = [0; ICMP_LEN];
        let fields = TYPE_AND_CODE
            .into_iter()
            .chain(checksum)
            .chain([flags, 0, 0, 0])
            .chain(self.address.octets())
            .chain(TARGET_LINK_LAYER)
            .chain(self.mac);
        for (slot, octet) in message.iter_mut().zip(fields) {
            *slot = octet;
        }
        message
    }
}

impl fmt::Display for UnsolicitedNa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let role = if self.router { "router" } else { "host" };
        write!(
            f,
            "unsolicited neighbour advertisement of a {role}: {} is at {}",
            self.address,
            ShowMac(self.mac)
        )
    }
}

/// RFC 8200 §8.1, with the destination that all of these messages have.
fn pseudo_header(source: &[u8; 16]) -> Sum {
    Sum::of(source).add(&IPV6_ALL_NODES.octets()).add(&[0, 0, 0, ICMP_LEN_OCTET]).add(&[0, 0, 0, ICMPV6])
}

/// Octets of the frame.
pub const UNSOLICITED_NA_LEN: usize = 86;

const ICMP_LEN: usize = 32;
const ICMP_LEN_OCTET: u8 = 32;
const ICMPV6: u8 = 58;
const ETHER_TYPE: [u8; 2] = [0x86, 0xdd];
const VERSION_CLASS_LABEL: [u8; 4] = [0x60, 0, 0, 0];
const LENGTH_NEXT_HEADER_HOP_LIMIT: [u8; 4] = [0, ICMP_LEN_OCTET, ICMPV6, 255];
const TYPE_AND_CODE: [u8; 2] = [136, 0];
const ROUTER: u8 = 0x80;
const OVERRIDE: u8 = 0x20;
const TARGET_LINK_LAYER: [u8; 2] = [2, 1];

#[cfg(test)]
mod tests {
    use super::*;

    const VMAC: MacAddr = [0x00, 0x00, 0x5e, 0x00, 0x02, 0x53];

    /// Captured from keepalived 2.2.7 on an interface that did not forward.
    const CAPTURED: [u8; 86] = [
        0x33, 0x33, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x5e, 0x00, 0x02, 0x53, 0x86, 0xdd, //
        0x60, 0x00, 0x00, 0x00, 0x00, 0x20, 0x3a, 0xff, //
        0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x53, 0, 1, //
        0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, //
        0x88, 0x00, 0xf8, 0xa2, 0x20, 0x00, 0x00, 0x00, //
        0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x53, 0, 1, //
        0x02, 0x01, 0x00, 0x00, 0x5e, 0x00, 0x02, 0x53,
    ];

    fn announcement(router: bool) -> UnsolicitedNa {
        UnsolicitedNa { mac: VMAC, address: Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0x53, 1), router }
    }

    #[test]
    fn without_the_router_flag_it_is_the_captured_frame() {
        assert_eq!(announcement(false).emit(), CAPTURED);
        assert_eq!(UnsolicitedNa::parse(&CAPTURED), Some(announcement(false)));
    }

    #[test]
    fn with_the_router_flag_only_flags_and_checksum_differ() {
        let mut expected = CAPTURED;
        expected[56] = 0x78;
        expected[58] = 0xa0;
        assert_eq!(announcement(true).emit(), expected);
    }

    #[test]
    fn a_flipped_bit_is_noticed_except_in_traffic_class_and_flow_label() {
        for bit in 0..CAPTURED.len() * 8 {
            let mut frame = CAPTURED;
            frame[bit / 8] ^= 0x80 >> (bit % 8);
            let meaningless = (14 * 8 + 4..18 * 8).contains(&bit);
            assert_eq!(UnsolicitedNa::parse(&frame).is_some(), meaningless, "bit {bit}");
        }
        for len in 0..CAPTURED.len() {
            assert_eq!(UnsolicitedNa::parse(&CAPTURED[..len]), None);
        }
    }
}
