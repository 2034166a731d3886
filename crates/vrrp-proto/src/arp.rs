//! Gratuitous ARP: "this IPv4 address is mine, at this Ethernet address" (RFC 826, RFC 5227 §3, RFC 9568 §8.1.2).
//!
//! ```text
//!  octet   Ethernet                              ARP
//!  0-5     destination: broadcast         14-15  hardware type 1 (Ethernet)
//!  6-11    source                         16-17  protocol type 0x0800
//!  12-13   0x0806                         18-19  address lengths 6 and 4
//!                                         20-21  operation: 1 request, 2 reply
//!                                         22-27  sender Ethernet address
//!                                         28-31  sender IPv4 address
//!                                         32-37  target Ethernet address
//!                                         38-41  target IPv4 address, the same
//! ```
//!
//! keepalived and FRR send the request form with a broadcast target. RFC 9568 erratum 7949 puts the virtual
//! Ethernet address there. Hosts read neither the target nor much else: both forms update their caches.

use core::fmt;
use core::net::Ipv4Addr;

use crate::assigned::{BROADCAST_MAC, MacAddr, ShowMac};

/// One gratuitous ARP for one virtual address.
///
/// ```
/// use core::net::Ipv4Addr;
/// use vrrp_proto::{Family, GratuitousArp, Vrid, virtual_mac};
///
/// let vrid = Vrid::new(81)?;
/// let announcement = GratuitousArp::new(virtual_mac(Family::Ipv4, vrid), Ipv4Addr::new(198, 18, 81, 1));
/// let frame: [u8; 42] = announcement.emit();
/// assert_eq!(GratuitousArp::parse(&frame), Some(announcement));
/// # Ok::<(), vrrp_proto::ValueError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GratuitousArp {
    /// Where the address is from now on: the virtual Ethernet address, or that of the interface.
    pub mac: MacAddr,
    /// The virtual address.
    pub address: Ipv4Addr,
    /// Request or reply form.
    pub operation: ArpOperation,
    /// The target Ethernet address: broadcast with keepalived, `mac` by RFC 9568 erratum 7949.
    pub target_mac: MacAddr,
}

/// The two forms of a gratuitous ARP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArpOperation {
    /// A request that nobody answers: what RFC 5227 §3 prefers, and everybody sends.
    Request,
    /// A reply that nobody asked for.
    Reply,
}

impl GratuitousArp {
    /// As keepalived sends it: a request with a broadcast target.
    #[must_use]
    pub const fn new(mac: MacAddr, address: Ipv4Addr) -> Self {
        Self { mac, address, operation: ArpOperation::Request, target_mac: BROADCAST_MAC }
    }

    /// Reads an Ethernet frame; `None` if it is not a broadcast gratuitous ARP whose two Ethernet sources agree.
    /// Octets after the ARP packet are link padding.
    #[must_use]
    pub fn parse(frame: &[u8]) -> Option<Self> {
        let (destination, rest) = frame.split_first_chunk::<6>()?;
        let (source, rest) = rest.split_first_chunk::<6>()?;
        let (header, rest) = rest.split_first_chunk::<8>()?;
        let (operation, rest) = rest.split_first_chunk::<2>()?;
        let (mac, rest) = rest.split_first_chunk::<6>()?;
        let (sender, rest) = rest.split_first_chunk::<4>()?;
        let (target_mac, rest) = rest.split_first_chunk::<6>()?;
        let target = rest.first_chunk::<4>()?;

        let operation = match *operation {
            [0, 1] => ArpOperation::Request,
            [0, 2] => ArpOperation::Reply,
            _ => return None,
        };
        let gratuitous =
            *destination == BROADCAST_MAC && *header == HEADER && source == mac && sender == target;
        gratuitous.then_some(Self {
            mac: *mac,
            address: Ipv4Addr::from(*sender),
            operation,
            target_mac: *target_mac,
        })
    }

    /// The whole Ethernet frame, without padding.
    #[must_use]
    pub fn emit(&self) -> [u8; GRATUITOUS_ARP_LEN] {
        let mut frame = [0; GRATUITOUS_ARP_LEN];
        let operation = match self.operation {
            ArpOperation::Request => [0, 1],
            ArpOperation::Reply => [0, 2],
        };
        let address = self.address.octets();
        let fields = BROADCAST_MAC
            .into_iter()
            .chain(self.mac)
            .chain(HEADER)
            .chain(operation)
            .chain(self.mac)
            .chain(address)
            .chain(self.target_mac)
            .chain(address);
        for (slot, octet) in frame.iter_mut().zip(fields) {
            *slot = octet;
        }
        frame
    }
}

impl fmt::Display for GratuitousArp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let form = match self.operation {
            ArpOperation::Request => "request",
            ArpOperation::Reply => "reply",
        };
        write!(f, "gratuitous ARP {form}: {} is at {}", self.address, ShowMac(self.mac))
    }
}

/// Octets of the frame.
pub const GRATUITOUS_ARP_LEN: usize = 42;

/// EtherType ARP; hardware type Ethernet, protocol type IPv4, their address lengths.
const HEADER: [u8; 8] = [0x08, 0x06, 0x00, 0x01, 0x08, 0x00, 6, 4];

#[cfg(test)]
mod tests {
    use super::*;

    const VMAC: MacAddr = [0x00, 0x00, 0x5e, 0x00, 0x01, 0x51];

    /// Captured from keepalived 2.2.7 with a virtual Ethernet address; FRR 8.4 sends the same.
    const CAPTURED: [u8; 42] = [
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x5e, 0x00, 0x01, 0x51, 0x08, 0x06, //
        0x00, 0x01, 0x08, 0x00, 0x06, 0x04, 0x00, 0x01, //
        0x00, 0x00, 0x5e, 0x00, 0x01, 0x51, 198, 18, 81, 1, //
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 198, 18, 81, 1,
    ];

    #[test]
    fn the_default_form_is_the_captured_one() {
        let announcement = GratuitousArp::new(VMAC, Ipv4Addr::new(198, 18, 81, 1));
        assert_eq!(announcement.emit(), CAPTURED);
        assert_eq!(GratuitousArp::parse(&CAPTURED), Some(announcement));
    }

    #[test]
    fn link_padding_is_ignored_and_a_cut_frame_is_not_read() {
        let mut padded = [0; 60];
        padded[..42].copy_from_slice(&CAPTURED);
        assert_eq!(GratuitousArp::parse(&padded), GratuitousArp::parse(&CAPTURED));
        for len in 0..42 {
            assert_eq!(GratuitousArp::parse(&CAPTURED[..len]), None);
        }
    }

    #[test]
    fn a_question_for_another_address_is_not_gratuitous() {
        let mut frame = CAPTURED;
        frame[41] = 2;
        assert_eq!(GratuitousArp::parse(&frame), None);
    }
}
