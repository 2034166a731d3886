//! Packets travel between sockets on the two ends of a wire.

#![allow(clippy::unwrap_used, reason = "helper functions of tests may panic too")]

mod support;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use support::{addressed_wire, in_namespace, ipv4_packet, until, until_up};
use vrrp_linux::clock::{Clocks, monotonic};
use vrrp_linux::interfaces::Interfaces;
use vrrp_linux::links::LinkCommands;
use vrrp_linux::monitor::{Monitor, Progress};
use vrrp_linux::socket::{
    Device, Membership, Need, ReceiveBatch, SendBatch, SendError, SocketConfig, VrrpSocket,
};

const GROUP_V4: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 18);
const GROUP_V6: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x12);
const LEFT_V4: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const RIGHT_V4: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 2);
const LEFT_V6: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1);
const RIGHT_V6: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 2);

/// The parts of a received packet that a test looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    source: IpAddr,
    destination: IpAddr,
    hop_limit: Option<u8>,
    index: Option<u32>,
    bytes: Vec<u8>,
    truncated: bool,
    timestamp: Option<Duration>,
}

fn multicast(device: &Device, group: impl Into<IpAddr>) -> VrrpSocket {
    VrrpSocket::multicast(device, group.into(), &SocketConfig::default()).unwrap()
}

fn send(socket: &VrrpSocket, batch: &mut SendBatch) -> Vec<Result<(), SendError>> {
    let mut results = Vec::new();
    socket.send(batch, |place, result| {
        assert_eq!(place, results.len());
        results.push(result);
    });
    results
}

fn send_v4(socket: &VrrpSocket, source: Ipv4Addr, destination: Ipv4Addr, payload: &[u8]) {
    let mut batch = SendBatch::new();
    batch.push_v4(&ipv4_packet(source, destination, 255, payload), destination);
    assert_eq!(send(socket, &mut batch), [Ok(())]);
}

fn send_v6(socket: &VrrpSocket, source: Ipv6Addr, index: u32, destination: Ipv6Addr, payload: &[u8]) {
    let mut batch = SendBatch::new();
    batch.push_v6(payload, source, index, destination, 255);
    assert_eq!(send(socket, &mut batch), [Ok(())]);
}

/// Waits for this many packets.
fn receive(socket: &VrrpSocket, count: usize) -> Vec<Seen> {
    let mut batch = ReceiveBatch::default();
    let mut seen = Vec::new();
    until("packets arrive", || {
        while socket.receive(&mut batch).unwrap() > 0 {
            seen.extend(batch.iter().map(|packet| Seen {
                source: packet.source,
                destination: packet.destination,
                hop_limit: packet.hop_limit,
                index: packet.index,
                bytes: packet.bytes.to_vec(),
                truncated: packet.truncated,
                timestamp: packet.timestamp,
            }));
        }
        seen.len() >= count
    });
    seen
}

/// The payloads of all packets up to one with the given mark in its last byte.
fn receive_until(socket: &VrrpSocket, mark: u8) -> Vec<Vec<u8>> {
    let mut seen = Vec::new();
    while seen.last().and_then(|bytes: &Vec<u8>| bytes.last()) != Some(&mark) {
        seen.extend(receive(socket, 1).into_iter().map(|packet| packet.bytes));
    }
    seen
}

#[test]
fn an_ipv4_advertisement_arrives_with_its_header_and_receive_time() {
    in_namespace(|| {
        let (left, right) = addressed_wire();
        let (from, to) = (multicast(&left, GROUP_V4), multicast(&right, GROUP_V4));
        let before = monotonic();
        send_v4(&from, LEFT_V4, GROUP_V4, &[0x31, 51, 100, 1, 0, 100, 0xab, 0xcd, 192, 0, 2, 9]);
        let [packet] = receive(&to, 1).try_into().unwrap();
        assert_eq!((packet.source, packet.destination), (LEFT_V4.into(), GROUP_V4.into()));
        assert_eq!((packet.hop_limit, packet.index), (Some(255), Some(right.index)));
        let expected =
            ipv4_packet(LEFT_V4, GROUP_V4, 255, &[0x31, 51, 100, 1, 0, 100, 0xab, 0xcd, 192, 0, 2, 9]);
        assert_eq!(packet.bytes[4..10], expected[4..10], "identification, flags, TTL and protocol as given");
        assert_eq!(packet.bytes[1..4], [0xc0, 0, 32], "TOS as given, total length by the kernel");
        assert_eq!(packet.bytes[12..], expected[12..]);
        assert!(!packet.truncated);
        let arrived = Clocks::read().monotonic(packet.timestamp.unwrap());
        // The conversion reads two clocks one after the other.
        let slack = Duration::from_millis(5);
        assert!(arrived + slack >= before && arrived <= monotonic(), "{before:?} {arrived:?}");
        assert_eq!(from.receive(&mut ReceiveBatch::default()).unwrap(), 0, "the sender does not hear itself");
    });
}

#[test]
fn an_ipv6_advertisement_arrives_with_destination_and_hop_limit_even_with_a_wrong_checksum() {
    in_namespace(|| {
        let (left, right) = addressed_wire();
        let (from, to) = (multicast(&left, GROUP_V6), multicast(&right, GROUP_V6));
        let payload = [0x31, 51, 100, 0, 0, 100, 0xde, 0xad];
        send_v6(&from, LEFT_V6, left.index, GROUP_V6, &payload);
        let [packet] = receive(&to, 1).try_into().unwrap();
        assert_eq!((packet.source, packet.destination), (LEFT_V6.into(), GROUP_V6.into()));
        assert_eq!((packet.hop_limit, packet.index), (Some(255), Some(right.index)));
        assert_eq!(packet.bytes, payload);
        assert!(packet.timestamp.is_some());
        assert_eq!(from.receive(&mut ReceiveBatch::default()).unwrap(), 0, "the sender does not hear itself");
    });
}

#[test]
fn a_batch_longer_than_one_system_call_arrives_whole_and_in_order() {
    in_namespace(|| {
        let (left, right) = addressed_wire();
        for group in [IpAddr::from(GROUP_V4), GROUP_V6.into()] {
            let (from, to) = (multicast(&left, group), multicast(&right, group));
            let mut batch = SendBatch::new();
            for number in 0..200 {
                match group {
                    IpAddr::V4(group) => batch.push_v4(&ipv4_packet(LEFT_V4, group, 255, &[number]), group),
                    IpAddr::V6(group) => batch.push_v6(&[number], LEFT_V6, left.index, group, 255),
                }
            }
            assert_eq!(send(&from, &mut batch), vec![Ok(()); 200]);
            let numbers: Vec<_> = receive(&to, 200).iter().map(|p| *p.bytes.last().unwrap()).collect();
            assert_eq!(numbers, (0..200).collect::<Vec<u8>>());
        }
    });
}

#[test]
fn a_multicast_socket_hears_only_its_group_on_its_interface() {
    in_namespace(|| {
        let (left, right) = addressed_wire();
        let (from, to) = (multicast(&left, GROUP_V4), multicast(&right, GROUP_V4));
        let other_group = Ipv4Addr::new(224, 0, 0, 19);
        let _joins_the_other = multicast(&right, other_group);
        send_v4(&from, LEFT_V4, RIGHT_V4, &[1]);
        send_v4(&from, LEFT_V4, other_group, &[2]);
        send_v4(&from, LEFT_V4, GROUP_V4, &[3]);
        assert_eq!(receive_until(&to, 3).len(), 1);
        let (from, to) = (multicast(&left, GROUP_V6), multicast(&right, GROUP_V6));
        let other_group = "ff02::13".parse().unwrap();
        let _joins_the_other = multicast(&right, other_group);
        send_v6(&from, LEFT_V6, left.index, RIGHT_V6, &[1]);
        send_v6(&from, LEFT_V6, left.index, other_group, &[2]);
        send_v6(&from, LEFT_V6, left.index, GROUP_V6, &[3]);
        assert_eq!(receive_until(&to, 3).len(), 1);
    });
}

#[test]
fn a_unicast_socket_receives_only_packets_to_its_address() {
    in_namespace(|| {
        let (left, right) = addressed_wire();
        let config = SocketConfig::default();
        let _joined = (multicast(&right, GROUP_V4), multicast(&right, GROUP_V6));
        let from = multicast(&left, GROUP_V4);
        let to = VrrpSocket::unicast(RIGHT_V4.into(), Some(&right), &config).unwrap();
        send_v4(&from, LEFT_V4, GROUP_V4, &[1]);
        send_v4(&from, LEFT_V4, RIGHT_V4, &[2]);
        assert_eq!(receive_until(&to, 2).len(), 1);
        let from = multicast(&left, GROUP_V6);
        let to = VrrpSocket::unicast(RIGHT_V6.into(), Some(&right), &config).unwrap();
        send_v6(&from, LEFT_V6, left.index, GROUP_V6, &[1]);
        send_v6(&from, LEFT_V6, left.index, RIGHT_V6, &[2]);
        assert_eq!(receive_until(&to, 2).len(), 1);
    });
}

#[test]
fn a_unicast_socket_may_be_opened_before_its_address_exists() {
    in_namespace(|| {
        let (left, right) = addressed_wire();
        let config = SocketConfig::default();
        let mut links = LinkCommands::open().unwrap();
        let later_v4 = Ipv4Addr::new(192, 0, 2, 77);
        let to = VrrpSocket::unicast(later_v4.into(), None, &config).unwrap();
        links.add_address(right.index, "192.0.2.77/32".parse().unwrap()).unwrap();
        send_v4(&multicast(&left, GROUP_V4), LEFT_V4, later_v4, &[1]);
        let [packet] = receive(&to, 1).try_into().unwrap();
        assert_eq!((packet.destination, packet.index), (later_v4.into(), Some(right.index)));
        let later_v6: Ipv6Addr = "2001:db8::77".parse().unwrap();
        let to = VrrpSocket::unicast(later_v6.into(), None, &config).unwrap();
        links.add_address(right.index, "2001:db8::77/64".parse().unwrap()).unwrap();
        links.add_address(left.index, "2001:db8::1/64".parse().unwrap()).unwrap();
        let source = "2001:db8::1".parse().unwrap();
        let from = VrrpSocket::unicast(IpAddr::V6(source), Some(&left), &config).unwrap();
        let mut batch = SendBatch::new();
        batch.push_v6(&[2], source, 0, later_v6, 64);
        assert_eq!(send(&from, &mut batch), [Ok(())]);
        let [packet] = receive(&to, 1).try_into().unwrap();
        assert_eq!((packet.source, packet.destination), (source.into(), later_v6.into()));
        assert_eq!(packet.hop_limit, Some(64));
    });
}

#[test]
fn a_packet_longer_than_the_buffer_is_marked() {
    in_namespace(|| {
        let (left, right) = addressed_wire();
        let (from, to) = (multicast(&left, GROUP_V6), multicast(&right, GROUP_V6));
        send_v6(&from, LEFT_V6, left.index, GROUP_V6, &[7; 100]);
        let mut batch = ReceiveBatch::new(4, 40);
        until("a packet arrives", || to.receive(&mut batch).unwrap() > 0);
        let packet = batch.iter().next().unwrap();
        assert!(packet.truncated);
        assert_eq!(packet.bytes, [7; 40]);
    });
}

#[test]
fn packets_that_did_not_fit_into_the_receive_buffer_are_counted() {
    in_namespace(|| {
        let (left, right) = addressed_wire();
        for group in [IpAddr::from(GROUP_V4), GROUP_V6.into()] {
            let from = multicast(&left, group);
            let config = SocketConfig { receive_buffer_len: Some(8 * 1024), ..SocketConfig::default() };
            let to = VrrpSocket::multicast(&right, group, &config).unwrap();
            let send_some = |count| {
                for _ in 0..count {
                    match group {
                        IpAddr::V4(_) => send_v4(&from, LEFT_V4, GROUP_V4, &[1]),
                        IpAddr::V6(_) => send_v6(&from, LEFT_V6, left.index, GROUP_V6, &[1]),
                    }
                }
            };
            let mut batch = ReceiveBatch::default();
            let mut received = 0;
            let mut dropped = 0;
            let mut drain = || {
                while to.receive(&mut batch).unwrap() > 0 {
                    received += batch.iter().count();
                    dropped = batch.iter().last().unwrap().dropped;
                }
                (received, dropped)
            };
            send_some(500);
            until("the full buffer is read and the next packet says what was lost", || {
                send_some(1);
                let (received, dropped) = drain();
                received + usize::try_from(dropped).unwrap() > 500
            });
            assert!(dropped > 0 && received < 500, "{received} received, {dropped} dropped");
        }
    });
}

#[test]
fn a_failing_packet_does_not_take_the_others_of_its_batch_with_it() {
    in_namespace(|| {
        let (left, right) = addressed_wire();
        let (from, to) = (multicast(&left, GROUP_V6), multicast(&right, GROUP_V6));
        let mut batch = SendBatch::new();
        let not_ours = "fe80::99".parse().unwrap();
        batch.push_v6(&[1], LEFT_V6, left.index, GROUP_V6, 255);
        batch.push_v6(&[2], not_ours, left.index, GROUP_V6, 255);
        batch.push_v6(&[3; 4000], LEFT_V6, left.index, GROUP_V6, 255);
        batch.push_v6(&[4], LEFT_V6, left.index, GROUP_V6, 255);
        let results = send(&from, &mut batch);
        // The packet beyond the MTU leaves in fragments.
        assert_eq!(results.len(), 4);
        assert_eq!((results[0], results[3]), (Ok(()), Ok(())));
        assert!(results[1].is_err(), "{results:?}");
        let seen = receive_until(&to, 4);
        assert_eq!(seen.first().unwrap(), &[1]);
    });
}

#[test]
fn a_link_that_is_down_or_gone_is_an_error_of_the_packet_only() {
    in_namespace(|| {
        let (left, right) = addressed_wire();
        let (from, to) = (multicast(&left, GROUP_V4), multicast(&right, GROUP_V4));
        let mut links = LinkCommands::open().unwrap();
        let mut batch = SendBatch::new();
        let packet = ipv4_packet(LEFT_V4, GROUP_V4, 255, &[1]);
        links.set_down(left.index).unwrap();
        batch.push_v4(&packet, GROUP_V4);
        let down = send(&from, &mut batch);
        assert!(matches!(down[..], [Err(SendError::LinkDown | SendError::Unreachable)]), "{down:?}");
        links.delete(left.index).unwrap();
        batch.push_v4(&packet, GROUP_V4);
        let gone = send(&from, &mut batch);
        assert!(matches!(gone[..], [Err(SendError::NoInterface | SendError::Unreachable)]), "{gone:?}");
        assert_eq!(from.receive(&mut ReceiveBatch::default()).unwrap(), 0);
        assert_eq!(to.receive(&mut ReceiveBatch::default()).unwrap(), 0);
    });
}

#[test]
fn a_socket_serves_its_interface_again_after_that_was_created_anew_or_renamed() {
    in_namespace(|| {
        let (left, right) = addressed_wire();
        let mut ours = [
            multicast(&left, GROUP_V4),
            multicast(&right, GROUP_V4),
            multicast(&left, GROUP_V6),
            multicast(&right, GROUP_V6),
        ];
        let mut links = LinkCommands::open().unwrap();
        links.delete(left.index).unwrap();
        let (left, right) = addressed_wire();
        links.set_down(right.index).unwrap();
        links.rename(right.index, "wan0").unwrap();
        links.set_up(right.index).unwrap();
        until_up(left.index, right.index);
        // Going down has cost the IPv6 address.
        let _ = links.add_address(right.index, "fe80::2/64".parse().unwrap());
        let right = Device { name: "wan0".into(), ..right };
        let [left_v4, right_v4, left_v6, right_v6] = &mut ours;
        for (socket, device) in
            [(&mut *left_v4, &left), (right_v4, &right), (left_v6, &left), (right_v6, &right)]
        {
            // Twice, as a reminder to switches.
            socket.rejoin(device).unwrap();
            socket.rejoin(device).unwrap();
        }
        let [left_v4, right_v4, left_v6, right_v6] = &ours;
        send_v4(left_v4, LEFT_V4, GROUP_V4, &[1]);
        assert_eq!(receive(right_v4, 1)[0].index, Some(right.index));
        send_v6(left_v6, LEFT_V6, left.index, GROUP_V6, &[2]);
        assert_eq!(receive(right_v6, 1)[0].index, Some(right.index));
        send_v6(right_v6, RIGHT_V6, right.index, GROUP_V6, &[3]);
        assert_eq!(receive(left_v6, 1)[0].index, Some(left.index));
    });
}

/// The kernel forgets an IPv6 membership when the MTU falls below 1280, and the socket goes on listing it.
#[test]
fn an_ipv6_group_is_heard_again_after_the_mtu_was_too_small_for_it() {
    in_namespace(|| {
        let (left, right) = addressed_wire();
        let from = multicast(&left, GROUP_V6);
        let mut to = multicast(&right, GROUP_V6);
        let mut membership = Membership::new(right.clone(), GROUP_V6.into());
        let mut monitor = Monitor::open(1 << 20).unwrap();
        let (mut interfaces, mut changes) = (Interfaces::new(), Vec::new());
        let mut look = |membership: &mut Membership| {
            while monitor.drain(&mut interfaces, &mut changes).unwrap() == Progress::More {}
            changes.drain(..).for_each(|change| membership.note(&change));
            membership.need(interfaces.by_name("right"))
        };
        assert_eq!(look(&mut membership), Need::Nothing);
        let mut links = LinkCommands::open().unwrap();
        links.set_mtu(right.index, 1000).unwrap();
        assert_eq!(look(&mut membership), Need::Wait);
        links.set_mtu(right.index, 1500).unwrap();
        assert_eq!(look(&mut membership), Need::Join);
        send_v6(&from, LEFT_V6, left.index, GROUP_V6, &[1]);
        to.rejoin(&right).unwrap();
        send_v6(&from, LEFT_V6, left.index, GROUP_V6, &[2]);
        assert_eq!(receive_until(&to, 2), [vec![2]], "the first one was sent to a deaf socket");
        let mut membership = Membership::new(right, GROUP_V6.into());
        assert_eq!(look(&mut membership), Need::Nothing);
    });
}
