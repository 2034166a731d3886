//! Frames to IP packets.

use etherparse::{EtherType, Ethernet2Slice, LinuxSllProtocolType, LinuxSllSlice, SingleVlanSlice};

/// The headers that a frame begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// Ethernet (IEEE 802.3), with VLAN tags or without.
    Ethernet,
    /// `tcpdump -i any`: Linux "cooked" capture.
    LinuxCooked,
    /// Its second version.
    LinuxCooked2,
    /// None: an IP packet.
    Ip,
}

/// An IP packet and what the headers before it said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Packet<'a> {
    pub(crate) mac: Option<[u8; 6]>,
    pub(crate) vlan: Option<u16>,
    pub(crate) octets: &'a [u8],
}

/// Takes the headers of the link off; none if no IP packet follows.
pub(crate) fn packet(link: Link, frame: &[u8]) -> Option<Packet<'_>> {
    match link {
        Link::Ethernet => {
            let frame = Ethernet2Slice::from_slice_without_fcs(frame).ok()?;
            tagged(frame.ether_type(), frame.payload_slice(), Some(frame.source()))
        }
        Link::LinuxCooked => {
            let frame = LinuxSllSlice::from_slice(frame).ok()?;
            let LinuxSllProtocolType::EtherType(ether_type) = frame.protocol_type() else { return None };
            let mac = frame.sender_address().first_chunk().copied();
            tagged(ether_type, frame.payload_slice(), mac)
        }
        Link::LinuxCooked2 => {
            // protocol u16, zero u16, interface u32, hardware type u16, packet type u8, address length u8, address 8
            let (header, payload) = frame.split_first_chunk::<20>()?;
            let [p0, p1, _, _, _, _, _, _, _, _, _, _, m0, m1, m2, m3, m4, m5, _, _] = *header;
            let ether_type = EtherType(u16::from_be_bytes([p0, p1]));
            tagged(ether_type, payload, Some([m0, m1, m2, m3, m4, m5]))
        }
        Link::Ip => Some(Packet { mac: None, vlan: None, octets: frame }),
    }
}

/// Takes VLAN tags off. The innermost VLAN is the one that counts.
fn tagged(mut ether_type: EtherType, mut octets: &[u8], mac: Option<[u8; 6]>) -> Option<Packet<'_>> {
    let mut vlan = None;
    for _ in 0..MOST_TAGS {
        match ether_type {
            EtherType::IPV4 | EtherType::IPV6 => return Some(Packet { mac, vlan, octets }),
            EtherType::VLAN_TAGGED_FRAME
            | EtherType::PROVIDER_BRIDGING
            | EtherType::VLAN_DOUBLE_TAGGED_FRAME => {
                let tag = SingleVlanSlice::from_slice(octets).ok()?;
                vlan = Some(tag.vlan_identifier().value());
                ether_type = tag.ether_type();
                octets = tag.payload_slice();
            }
            _ => return None,
        }
    }
    None
}

const MOST_TAGS: usize = 4;
