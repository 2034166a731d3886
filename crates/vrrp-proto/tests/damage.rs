//! Damaged packets: every example packet cut at every length and with every bit flipped.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail like tests")]
#![cfg(feature = "ah")]

mod common;

use common::{Vector, vectors};
use vrrp_proto::{Accepted, Advert, Datagram, Policy, Receiver, Rejection};

/// The verdict on a whole IP packet.
fn judge<'a>(vector: &Vector, receiver: &Receiver<'_>, packet: &'a [u8]) -> Result<Accepted<'a>, Rejection> {
    receiver.check(&vector.datagram(packet)?)
}

/// The examples that the default policy accepts, with what it makes of them.
fn for_each_accepted(mut test: impl FnMut(&Vector, &Receiver<'_>, Accepted<'_>)) {
    let mut accepted_count = 0;
    for vector in vectors() {
        let receiver = vector.receiver(Policy::INTEROP);
        if let Ok(accepted) = judge(&vector, &receiver, &vector.packet) {
            test(&vector, &receiver, accepted);
            accepted_count += 1;
        }
    }
    // Those expected to be, and the repeated one, which is new to a receiver that has not seen the first.
    assert_eq!(accepted_count, 18);
}

#[test]
fn no_packet_is_accepted_after_losing_its_end() {
    for_each_accepted(|vector, receiver, _| {
        let padding = if vector.name.ends_with("ethernet-padding") { 14 } else { 0 };
        for len in 0..vector.packet.len() - padding {
            let verdict = judge(vector, receiver, &vector.packet[..len]);
            assert!(matches!(verdict, Err(Rejection::Ip(_))), "{} cut to {len}: {verdict:?}", vector.name);
        }
    });
}

#[test]
fn no_message_is_accepted_or_parsed_after_losing_its_end() {
    for_each_accepted(|vector, receiver, _| {
        let whole = vector.datagram(&vector.packet).unwrap();
        for len in 0..whole.message.len() {
            let cut = Datagram { message: &whole.message[..len], ..whole };
            let verdict = receiver.check(&cut);
            assert!(
                matches!(verdict, Err(Rejection::Short { .. } | Rejection::LengthShort { .. })),
                "{} cut to {len}: {verdict:?}",
                vector.name
            );
            assert!(Advert::parse(cut.message, vector.family()).is_err());
        }
    });
}

#[test]
fn no_message_is_accepted_after_growing() {
    for_each_accepted(|vector, receiver, _| {
        let whole = vector.datagram(&vector.packet).unwrap();
        let grown = [whole.message, &[0, 0, 0, 0]].concat();
        let verdict = receiver.check(&Datagram { message: &grown, ..whole });
        assert!(matches!(verdict, Err(Rejection::LengthLong { .. })), "{}: {verdict:?}", vector.name);
    });
}

/// A flipped bit is noticed by a check, or it is one of those that carry no meaning for VRRP: traffic class and
/// flow label of IPv6, and link padding. Then what was accepted is what was accepted before.
#[test]
fn a_flipped_bit_is_noticed_or_changes_nothing() {
    for_each_accepted(|vector, receiver, original| {
        for bit in 0..vector.packet.len() * 8 {
            let mut packet = vector.packet.clone();
            packet[bit / 8] ^= 0x80 >> (bit % 8);
            let verdict = judge(vector, receiver, &packet);
            let expected = is_meaningless(vector, bit).then_some(original);
            assert_eq!(verdict.ok(), expected, "{} with bit {bit} flipped", vector.name);
        }
    });
}

fn is_meaningless(vector: &Vector, bit: usize) -> bool {
    if vector.fields["ip"]["family"] == "ipv6" {
        (4..32).contains(&bit)
    } else {
        let total_len = usize::from(u16::from_be_bytes([vector.packet[2], vector.packet[3]]));
        bit >= total_len * 8
    }
}

#[test]
fn damaged_rejected_packets_are_explained_without_panic() {
    for vector in vectors() {
        for policy in [Policy::INTEROP, Policy::RFC9568, Policy::RFC5798] {
            let receiver = vector.receiver(policy);
            for bit in 0..vector.packet.len() * 8 {
                let mut packet = vector.packet.clone();
                packet[bit / 8] ^= 0x80 >> (bit % 8);
                let Ok(datagram) = vector.datagram(&packet) else { continue };
                let explanation = receiver.explain(&datagram);
                assert_eq!(receiver.check(&datagram).err(), explanation.rejection);
                assert!(!explanation.to_string().is_empty());
            }
        }
    }
}
