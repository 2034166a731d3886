//! Control packets: the example of RFC 5880 §4.1's format, and each check of §6.8.6 in its order.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use bfd_session::{
    Authentication, AuthenticationError, Diagnostic, Discriminator, Interval, MAX_LEN, Packet, ParseError,
    State,
};
use proptest::prelude::*;

/// State Down, Detect Mult 3, one second both ways, My Discriminator 1.
const DOWN: [u8; 24] =
    [0x20, 0x40, 3, 24, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0x0f, 0x42, 0x40, 0, 0x0f, 0x42, 0x40, 0, 0, 0, 0];

fn down() -> Packet<'static> {
    Packet {
        diagnostic: Diagnostic::NONE,
        state: State::Down,
        poll: false,
        r#final: false,
        control_plane_independent: false,
        demand: false,
        detect_mult: 3.try_into().unwrap(),
        my_discriminator: Discriminator::new(1).unwrap(),
        your_discriminator: None,
        desired_min_tx: Interval::SLOW,
        required_min_rx: Interval::SLOW,
        required_min_echo_rx: Interval::ZERO,
        authentication: None,
    }
}

/// With some octets replaced.
fn with(changes: &[(usize, u8)]) -> Vec<u8> {
    let mut octets = DOWN.to_vec();
    for &(place, octet) in changes {
        octets[place] = octet;
    }
    octets
}

#[test]
fn rfc5880_4_1_the_layout_is_the_golden_one() {
    assert_eq!(Packet::parse(&DOWN), Ok(down()));
    assert_eq!(down().emit(), DOWN);
}

#[test]
fn rfc5880_4_1_every_bit_has_its_place() {
    let octets = with(&[(0, 0x23), (1, 0xfa), (8, 0xaa), (11, 0xbb), (20, 1)]);
    let packet = Packet::parse(&octets).unwrap();
    assert_eq!((packet.state, packet.diagnostic), (State::Up, Diagnostic::NEIGHBOR_SIGNALED_DOWN));
    assert!(packet.poll && packet.r#final && packet.control_plane_independent && packet.demand);
    assert_eq!(packet.your_discriminator, Discriminator::new(0xaa00_00bb));
    assert_eq!(packet.required_min_echo_rx, Interval::from_micros(1 << 24));
    assert_eq!(packet.emit().as_slice(), octets);
}

#[test]
fn rfc5880_6_8_6_a_packet_that_ends_within_the_fixed_part_is_discarded() {
    for length in 0..24 {
        assert_eq!(Packet::parse(&DOWN[..length]), Err(ParseError::Truncated(length)));
    }
}

#[test]
fn rfc5880_6_8_6_version_1_only() {
    assert_eq!(Packet::parse(&with(&[(0, 0x00)])), Err(ParseError::Version(0)));
    assert_eq!(Packet::parse(&with(&[(0, 0x40)])), Err(ParseError::Version(2)));
}

#[test]
fn rfc5880_6_8_6_the_length_is_at_least_24_or_26_with_authentication() {
    assert_eq!(Packet::parse(&with(&[(3, 23)])), Err(ParseError::Length { length: 23, least: 24 }));
    assert_eq!(
        Packet::parse(&with(&[(1, 0x44), (3, 25)])),
        Err(ParseError::Length { length: 25, least: 26 })
    );
}

#[test]
fn rfc5880_6_8_6_the_length_is_not_above_the_payload_and_more_payload_is_ignored() {
    let beyond = ParseError::BeyondPayload { length: 25, available: 24 };
    assert_eq!(Packet::parse(&with(&[(3, 25)])), Err(beyond));
    let mut longer = DOWN.to_vec();
    longer.extend([0xff; 9]);
    assert_eq!(Packet::parse(&longer), Ok(down()));
}

#[test]
fn rfc5880_6_8_6_detect_mult_multipoint_and_my_discriminator() {
    assert_eq!(Packet::parse(&with(&[(2, 0)])), Err(ParseError::DetectMult));
    assert_eq!(Packet::parse(&with(&[(1, 0x41)])), Err(ParseError::Multipoint));
    assert_eq!(Packet::parse(&with(&[(7, 0)])), Err(ParseError::MyDiscriminator));
}

#[test]
fn rfc5880_6_8_6_without_your_discriminator_the_state_is_down_or_admin_down() {
    assert_eq!(Packet::parse(&with(&[(1, 0x80)])), Err(ParseError::YourDiscriminator(State::Init)));
    assert_eq!(Packet::parse(&with(&[(1, 0xc0)])), Err(ParseError::YourDiscriminator(State::Up)));
    assert_eq!(Packet::parse(&with(&[(1, 0x00)])).map(|packet| packet.state), Ok(State::AdminDown));
}

#[test]
fn the_checks_are_made_in_the_order_of_the_rfc() {
    let all_wrong = with(&[(0, 0x00), (1, 0xc1), (2, 0), (3, 23), (7, 0)]);
    assert_eq!(Packet::parse(&all_wrong), Err(ParseError::Version(0)));
    let steps: [(&[(usize, u8)], ParseError); 4] = [
        (&[(0, 0x20)], ParseError::Length { length: 23, least: 24 }),
        (&[(3, 24)], ParseError::DetectMult),
        (&[(2, 1)], ParseError::Multipoint),
        (&[(1, 0xc0)], ParseError::MyDiscriminator),
    ];
    let mut octets = all_wrong;
    for (changes, error) in steps {
        for &(place, octet) in changes {
            octets[place] = octet;
        }
        assert_eq!(Packet::parse(&octets), Err(error));
    }
}

#[test]
fn rfc5880_4_2_an_authentication_section_is_recognised() {
    let mut octets = with(&[(1, 0x44), (3, 33)]);
    octets.extend(b"\x01\x09\x07secret");
    let password = Authentication::Password { key_id: 7, password: b"secret" };
    assert_eq!(Packet::parse(&octets).map(|packet| packet.authentication), Ok(Some(password)));
    octets[24] = 99;
    assert_eq!(Packet::parse(&octets), Err(ParseError::Authentication(AuthenticationError::Type(99))));
    octets[1] = 0x40;
    assert_eq!(Packet::parse(&octets).map(|packet| packet.authentication), Ok(None), "the A bit is clear");
}

#[test]
fn a_packet_is_shown_in_one_line() {
    let packet = Packet { poll: true, your_discriminator: Discriminator::new(2), ..down() };
    assert_eq!(
        packet.to_string(),
        "Down (no diagnostic) poll, from 0x00000001 to 0x00000002, sends every 1000 ms, takes every 1000 ms, times 3"
    );
}

proptest! {
    #[test]
    fn arbitrary_octets_are_a_packet_or_an_error(octets in proptest::collection::vec(any::<u8>(), 0..MAX_LEN + 2)) {
        if let Ok(packet) = Packet::parse(&octets) {
            let again = packet.emit();
            prop_assert_eq!(Packet::parse(&again), Ok(Packet { authentication: None, ..packet }));
        }
    }

    #[test]
    fn a_changed_packet_is_a_packet_or_an_error(place in 0..24_usize, octet: u8, cut in 0..26_usize) {
        let octets = with(&[(place, octet)]);
        let _ = Packet::parse(&octets[..cut.min(24)]);
        let whole = Packet::parse(&octets);
        prop_assert!(whole.is_err() || whole.unwrap().emit()[4..] == octets[4..]);
    }
}
