//! Packets and announcements as they are on the wire.

#![allow(clippy::unwrap_used, reason = "helper functions of tests may panic too")]

mod support;

use std::io::Read;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};
use support::{addressed_wire, in_namespace, ipv4_packet};
use vrrp_linux::announce::Announcer;
use vrrp_linux::socket::{Device, SendBatch, SendError, SocketConfig, VrrpSocket};

/// A socket that gets whole frames of one EtherType.
fn listen(device: &Device, ether_type: u16) -> Socket {
    let protocol = Protocol::from(i32::from(ether_type.to_be()));
    let listener = Socket::new(Domain::PACKET, Type::RAW, Some(protocol)).unwrap();
    listener.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    listener.bind_device(Some(device.name.as_bytes())).unwrap();
    listener
}

/// The next frame that `is_wanted`.
fn next_frame(listener: &Socket, is_wanted: impl Fn(&[u8]) -> bool) -> Vec<u8> {
    let mut buffer = [0; 2000];
    let mut frames = (0..1000).map(|_| {
        let received = (&*listener).read(&mut buffer).unwrap();
        buffer[..received].to_vec()
    });
    frames.find(|frame| is_wanted(frame)).unwrap()
}

#[test]
fn an_ipv6_advertisement_leaves_with_its_mac_address_class_and_hop_limit() {
    in_namespace(|| {
        let (left, right) = addressed_wire();
        let listener = listen(&right, 0x86dd);
        let group: Ipv6Addr = "ff02::12".parse().unwrap();
        let socket = VrrpSocket::multicast(&left, IpAddr::V6(group), &SocketConfig::default()).unwrap();
        let mut batch = SendBatch::new();
        batch.push_v6(&[0x31, 51, 100, 0, 0, 100, 0, 0], "fe80::1".parse().unwrap(), left.index, group, 255);
        socket.send(&mut batch, |_, result| result.unwrap());
        let frame = next_frame(&listener, |frame| frame.get(20) == Some(&112));
        assert_eq!(frame[..6], [0x33, 0x33, 0, 0, 0, 0x12]);
        assert_eq!(frame[14] << 4 | frame[15] >> 4, 0xc0, "traffic class");
        assert_eq!(frame[21], 255, "hop limit");
        assert_eq!(frame[54..], [0x31, 51, 100, 0, 0, 100, 0, 0]);
    });
}

#[test]
fn an_ipv4_advertisement_leaves_with_its_mac_address_and_a_valid_header() {
    in_namespace(|| {
        let (left, right) = addressed_wire();
        let listener = listen(&right, 0x0800);
        let group = Ipv4Addr::new(224, 0, 0, 18);
        let socket = VrrpSocket::multicast(&left, group.into(), &SocketConfig::default()).unwrap();
        let mut batch = SendBatch::new();
        batch.push_v4(
            &ipv4_packet(Ipv4Addr::new(192, 0, 2, 1), group, 255, &[0x31, 51, 100, 0, 0, 100, 0, 0]),
            group,
        );
        socket.send(&mut batch, |_, result| result.unwrap());
        let frame = next_frame(&listener, |frame| frame.get(23) == Some(&112));
        assert_eq!(frame[..6], [0x01, 0, 0x5e, 0, 0, 0x12]);
        assert_eq!((frame[15], frame[22]), (0xc0, 255), "TOS and TTL");
        let (words, _) = frame[14..34].as_chunks::<2>();
        let sum: u32 = words.iter().map(|word| u32::from(u16::from_be_bytes(*word))).sum();
        assert_eq!((sum & 0xffff) + (sum >> 16), 0xffff, "header checksum");
    });
}

#[test]
fn announcements_are_seen_as_frames_at_the_other_end() {
    in_namespace(|| {
        let (left, right) = addressed_wire();
        // VIP 198.18.81.1, virtual MAC of router 81.
        let mut arp = [0; 42];
        arp[..6].fill(0xff);
        arp[6..12].copy_from_slice(&[0, 0, 0x5e, 0, 1, 0x51]);
        arp[12..22].copy_from_slice(&[8, 6, 0, 1, 8, 0, 6, 4, 0, 1]);
        arp[22..28].copy_from_slice(&[0, 0, 0x5e, 0, 1, 0x51]);
        arp[28..32].copy_from_slice(&[198, 18, 81, 1]);
        arp[32..38].fill(0xff);
        arp[38..].copy_from_slice(&[198, 18, 81, 1]);
        let listener = listen(&right, 0x0806);
        let mut announcer = Announcer::open().unwrap();
        let mut results = Vec::new();
        let frames: Vec<(u32, &[u8])> =
            vec![(left.index, &arp), (9999, &arp), (left.index, &arp), (left.index, &[])];
        announcer.send(&frames, |place, result| results.push((place, result)));
        assert_eq!(results[..3], [(0, Ok(())), (1, Err(SendError::NoInterface)), (2, Ok(()))]);
        assert!(results[3].1.is_err(), "a frame without a header is refused");
        for _ in 0..2 {
            assert_eq!(next_frame(&listener, |frame| frame[6..12] == arp[6..12]), arp);
        }
    });
}
