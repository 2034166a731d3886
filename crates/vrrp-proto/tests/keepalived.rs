//! Packets captured from keepalived 2.4 (from the IPv4 header on; VRID 51, addresses 10.9.0.100 and .101).

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail like tests")]

mod common;

use common::hex;
use vrrp_proto::{
    Addresses, AuthKey, ChecksumRule, Counter, Datagram, ExpectedAuth, Family, IPV4_GROUP, Ipv4Header,
    Priority, Receiver, Rejection, RouterInterval, Vrid, Warnings,
};

const ADDRESSES: [[u8; 4]; 2] = [[10, 9, 0, 100], [10, 9, 0, 101]];

fn receiver(interval: RouterInterval) -> Receiver<'static> {
    Receiver {
        addresses: Some(Addresses::V4(&ADDRESSES)),
        ..Receiver::new(Family::Ipv4, Vrid::new(51).unwrap(), interval)
    }
}

#[test]
fn a_version_2_advert_with_a_password_is_accepted_and_can_be_written_again() {
    let packet = hex("45c0002c 00010000 ff70d083 0a090002 e0000012
         21336402 010128a2 0a090064 0a090065 73656372 65740000");
    let auth = ExpectedAuth::Password(AuthKey::new(b"secret"));
    let receiver = Receiver { auth, ..receiver(RouterInterval::seconds(1).unwrap()) };
    let accepted = receiver.check(&Datagram::from_ipv4(&packet).unwrap()).unwrap();
    assert_eq!(accepted.advert.priority, Priority::new(100));
    assert_eq!(accepted.source.to_string(), "10.9.0.2");
    assert_eq!(accepted.warnings, Warnings::empty());

    let header = Ipv4Header { identification: 1, ..Ipv4Header::new([10, 9, 0, 2].into(), IPV4_GROUP) };
    let mut buffer = [0xff; 44];
    assert_eq!(header.emit(&mut buffer, &accepted.advert, ChecksumRule::PseudoHeader), Ok(44));
    assert_eq!(buffer.to_vec(), packet);
}

#[test]
fn a_version_3_advert_with_the_hmac_trailer_of_keepalived_is_too_long() {
    let packet = hex("45c00040 00010000 ff70d070 0a090001 e0000012
         31339602 006438ee 0a090064 0a090065
         01070000 6b02d385 c4f30000 dba01b1c61e2c40b347ad09fba4c0332");
    let receiver = receiver(RouterInterval::centiseconds(100).unwrap());
    let rejection = receiver.check(&Datagram::from_ipv4(&packet).unwrap()).unwrap_err();
    assert_eq!(rejection, Rejection::LengthLong { expected: 16, actual: 44 });
    assert_eq!(rejection.counter(), Counter::PacketLength);
    assert_eq!(rejection.to_string(), "44 octets, but its count of addresses makes it only 16");
}
