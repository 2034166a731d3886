//! Classic BPF programs: they drop packets that must not wake a socket.

use std::net::{IpAddr, Ipv6Addr};

use socket2::SockFilter;

/// A classic BPF program that accepts the IPv6 packets sent to `address`: it compares the destination word by word.
pub(super) fn only_to(address: Ipv6Addr) -> [SockFilter; 10] {
    let [s0, s1, s2, s3, s4, s5, s6, s7] = address.segments().map(u32::from);
    let load = |word: u32| SockFilter::new(BPF_LOAD_WORD, 0, 0, NETWORK_HEADER + 24 + 4 * word);
    let compare =
        |high: u32, low: u32, to_reject| SockFilter::new(BPF_JUMP_IF_EQUAL, 0, to_reject, high << 16 | low);
    let accept = |bytes| SockFilter::new(BPF_RETURN, 0, 0, bytes);
    [
        load(0),
        compare(s0, s1, 7),
        load(1),
        compare(s2, s3, 5),
        load(2),
        compare(s4, s5, 3),
        load(3),
        compare(s6, s7, 1),
        accept(u32::MAX),
        accept(0),
    ]
}

/// A program for a packet socket without link header: it accepts the packets of an IP protocol to `group` that come from
/// the Ethernet address `mac`. It looks at the protocol first, for it is asked about all packets of the interface.
pub(super) fn to_group_from(mac: [u8; 6], group: IpAddr, protocol: u8) -> Vec<SockFilter> {
    let [m0, m1, m2, m3, m4, m5] = mac;
    let mut tests = Vec::with_capacity(16);
    let (at_protocol, at_destination, octets) = match group {
        IpAddr::V4(group) => (9, 16, group.octets().to_vec()),
        IpAddr::V6(group) => (6, 24, group.octets().to_vec()),
    };
    tests.push((BPF_LOAD_BYTE, at_protocol, protocol.into()));
    let (words, _) = octets.as_chunks::<4>();
    for (place, word) in (at_destination..).step_by(4).zip(words) {
        tests.push((BPF_LOAD_WORD, place, u32::from_be_bytes(*word)));
    }
    tests.push((BPF_LOAD_WORD, LINK_HEADER + 6, u32::from_be_bytes([m0, m1, m2, m3])));
    tests.push((BPF_LOAD_HALF, LINK_HEADER + 10, u16::from_be_bytes([m4, m5]).into()));
    let mut program = Vec::with_capacity(2 * tests.len() + 2);
    for (left, (load, place, value)) in (0..tests.len()).rev().zip(tests) {
        // Of what follows, two instructions for each test that is left, and the one that accepts.
        let to_reject = u8::try_from(2 * left + 1).unwrap_or(u8::MAX);
        program.push(SockFilter::new(load, 0, 0, place));
        program.push(SockFilter::new(BPF_JUMP_IF_EQUAL, 0, to_reject, value));
    }
    program.push(SockFilter::new(BPF_RETURN, 0, 0, u32::MAX));
    program.push(SockFilter::new(BPF_RETURN, 0, 0, 0));
    program
}

/// Where classic BPF finds the IP header of a packet whose payload it is shown.
const NETWORK_HEADER: u32 = (-0x10_0000_i32).cast_unsigned();
/// Load the word at an absolute offset.
const BPF_LOAD_WORD: u16 = 0x20;
/// Go on with the next instruction if the loaded word is the given one, else skip some.
const BPF_JUMP_IF_EQUAL: u16 = 0x15;
/// End; accept so many bytes of the packet.
const BPF_RETURN: u16 = 0x06;
/// The same for 16 and 8 bits.
const BPF_LOAD_HALF: u16 = 0x28;
const BPF_LOAD_BYTE: u16 = 0x30;
/// Where it finds the Ethernet header.
const LINK_HEADER: u32 = (-0x20_0000_i32).cast_unsigned();
