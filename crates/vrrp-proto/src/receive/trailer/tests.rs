use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::time::Duration;

use super::*;
use crate::{
    Addresses, Advert, AuthData, ChecksumRule, ExpectedAuth, Family, IPV4_GROUP, IPV6_GROUP, Ipv4Header,
    Priority, RouterInterval, TrailerSigner, Vrid,
};

/// Captured from keepalived 2.4: version 3, priority 150, 100 cs, key 7, `anti_replay time`, from 10.9.0.1.
const PACKET: [u8; 64] = [
    0x45, 0xc0, 0, 0x40, 0, 1, 0, 0, 0xff, 0x70, 0xd0, 0x70, 10, 9, 0, 1, 224, 0, 0, 18, //
    0x31, 0x33, 0x96, 0x02, 0, 0x64, 0x38, 0xee, 10, 9, 0, 0x64, 10, 9, 0, 0x65, //
    1, 7, 0, 0, 0x6b, 0x02, 0xd3, 0x85, 0xc4, 0xf3, 0, 0, //
    0xdb, 0xa0, 0x1b, 0x1c, 0x61, 0xe2, 0xc4, 0x0b, 0x34, 0x7a, 0xd0, 0x9f, 0xba, 0x4c, 0x03, 0x32,
];
const SENT_AT: Duration = Duration::from_secs(0x6b02_d385);
const WINDOW: AntiReplay = AntiReplay::Time { window: Duration::from_secs(5) };

fn keys() -> [(u8, TrailerKey); 2] {
    let key = |octets: &[u8]| TrailerKey::new(octets).unwrap();
    [(6, key(&[6; 32])), (7, key(b"0123456789abcdef0123456789abcdef"))]
}

fn expected(keys: &[(u8, TrailerKey)]) -> ExpectedTrailer<'_> {
    let guard = ReplayGuard::default();
    ExpectedTrailer { keys, unsigned: Unsigned::Discard, rule: WINDOW, guard, since_1970: SENT_AT }
}

fn receiver(trailer: ExpectedTrailer<'_>) -> Receiver<'_> {
    let interval = RouterInterval::centiseconds(100).unwrap();
    let vrid = Vrid::new(51).unwrap();
    Receiver { trailer: Some(trailer), ..Receiver::new(Family::Ipv4, vrid, interval) }
}

fn judge(trailer: ExpectedTrailer<'_>, packet: &[u8]) -> Result<Warnings, Rejection> {
    receiver(trailer).check(&Datagram::from_ipv4(packet).unwrap()).map(|accepted| accepted.warnings)
}

fn refused(trailer: ExpectedTrailer<'_>, packet: &[u8]) -> TrailerRejection {
    match judge(trailer, packet) {
        Err(Rejection::Trailer(rejection)) => rejection,
        other => panic!("{other:?}"),
    }
}

/// The captured packet with other octets, its IP header made right again.
fn changed(change: impl FnOnce(&mut [u8])) -> [u8; 64] {
    let mut packet = PACKET;
    change(&mut packet);
    packet
}

#[test]
fn an_advert_signed_by_keepalived_is_accepted() {
    let keys = keys();
    let receiver = receiver(expected(&keys));
    let accepted = receiver.check(&Datagram::from_ipv4(&PACKET).unwrap()).unwrap();
    assert_eq!(accepted.advert.addresses.len(), 2);
    assert_eq!(accepted.checksum, ChecksumRule::PseudoHeader);
    assert_eq!(accepted.trailer.map(|trailer| trailer.key_id), Some(7));
    assert!(accepted.warnings.is_empty());
}

#[test]
fn every_reason_has_its_own_counter_under_keepalived_s_name() {
    let keys = keys();
    let (known, other) = (expected(&keys), expected(&keys[..1]));
    let late = ExpectedTrailer { since_1970: SENT_AT + Duration::from_secs(6), ..known };
    let wrong = [(7, TrailerKey::new(&[9; 32]).unwrap())];
    let mut guard = ReplayGuard::default();
    let stamp = AuthTrailer::parse(PACKET.last_chunk().unwrap()).unwrap().stamp;
    guard.accept(WINDOW, stamp, SENT_AT).unwrap();
    let again = ExpectedTrailer { guard, ..known };
    // The total length, and the checksum of the IP header that it makes.
    let unsigned =
        &changed(|packet| packet[3..12].copy_from_slice(&[36, 0, 1, 0, 0, 255, 112, 0xd0, 0x8c]))[..36];
    for (found, counter) in [
        (refused(known, unsigned), "auth_ext_missing"),
        (refused(known, &changed(|packet| packet[36] = 2)), "auth_ext_malformed"),
        (refused(other, &PACKET), "auth_ext_unknown_key"),
        (refused(expected(&wrong), &PACKET), "auth_ext_invalid_hmac"),
        (refused(late, &PACKET), "auth_ext_stale"),
        (refused(again, &PACKET), "auth_ext_replay"),
    ] {
        assert_eq!(Rejection::Trailer(found).counter().keepalived(), Some(counter), "{found}");
        assert_eq!(Rejection::Trailer(found).counter().mib(), None);
    }
}

#[test]
fn without_a_trailer_the_mode_decides_and_a_wrong_one_is_rejected_in_every_mode() {
    let keys = keys();
    let unsigned =
        &changed(|packet| packet[3..12].copy_from_slice(&[36, 0, 1, 0, 0, 255, 112, 0xd0, 0x8c]))[..36];
    for (mode, outcome) in [
        (Unsigned::Discard, Err(Rejection::Trailer(TrailerRejection::Missing))),
        (Unsigned::Warn, Ok(Warnings::UNSIGNED)),
        (Unsigned::Accept, Ok(Warnings::empty())),
    ] {
        let trailer = ExpectedTrailer { unsigned: mode, ..expected(&keys) };
        assert_eq!(judge(trailer, unsigned), outcome);
        assert_eq!(
            refused(trailer, &changed(|packet| packet[63] ^= 1)),
            TrailerRejection::Digest { key_id: 7 }
        );
    }
}

#[test]
fn other_lengths_are_wrong_lengths_also_with_a_trailer_expected() {
    let keys = keys();
    let receiver = receiver(expected(&keys));
    for len in (8..72).filter(|len| ![16, 44].contains(len)) {
        let mut message = [0; 72];
        message[..44].copy_from_slice(&PACKET[20..]);
        let datagram = Datagram::ipv4(Ipv4Addr::new(10, 9, 0, 1), IPV4_GROUP, 255, &message[..len]);
        let rejection = receiver.check(&datagram).unwrap_err();
        assert_eq!(rejection.counter(), Counter::PacketLength, "{len}: {rejection}");
    }
    let plain = Receiver { trailer: None, ..receiver };
    let rejection = plain.check(&Datagram::from_ipv4(&PACKET).unwrap()).unwrap_err();
    assert_eq!(rejection, Rejection::LengthLong { expected: 16, actual: 44 });
}

#[test]
fn a_clock_that_drifts_is_told_before_adverts_are_stale() {
    let keys = keys();
    let at =
        |seconds| ExpectedTrailer { since_1970: SENT_AT + Duration::from_secs(seconds), ..expected(&keys) };
    assert_eq!(judge(at(2), &PACKET), Ok(Warnings::empty()));
    assert_eq!(judge(at(3), &PACKET), Ok(Warnings::CLOCK_DIFFERS));
}

#[test]
fn adverts_signed_here_are_accepted_in_both_versions_and_families() {
    let keys = keys();
    let signer = TrailerSigner { key_id: 6, key: &keys[0].1, stamp: WINDOW.next_stamp(None, SENT_AT) };
    let vrid = Vrid::new(51).unwrap();
    for interval in [RouterInterval::seconds(1).unwrap(), RouterInterval::centiseconds(100).unwrap()] {
        let addresses = Addresses::V4(&[[10, 9, 0, 100]]);
        let (priority, auth) = (Priority::new(150), AuthData::None);
        let advert = Advert { vrid, priority, interval: interval.into(), addresses, auth };
        let mut buffer = [0xaa; 100];
        let header = Ipv4Header::new(Ipv4Addr::new(10, 9, 0, 1), IPV4_GROUP);
        let len = header.emit_signed(&mut buffer, &advert, ChecksumRule::PseudoHeader, &signer).unwrap();
        let packet = &buffer[..len];
        let receiver = Receiver {
            auth: ExpectedAuth::None,
            trailer: Some(expected(&keys)),
            ..Receiver::new(Family::Ipv4, vrid, interval)
        };
        receiver.check(&Datagram::from_ipv4(packet).unwrap()).unwrap();
        let short = header.emit_signed(&mut [0; 50], &advert, ChecksumRule::PseudoHeader, &signer);
        assert!(short.is_err());
    }

    let link_local = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1);
    let interval = RouterInterval::centiseconds(100).unwrap();
    let list = [link_local.octets()];
    let addresses = Addresses::V6(&list);
    let priority = Priority::new(150);
    let advert = Advert { vrid, priority, interval: interval.into(), addresses, auth: AuthData::None };
    let endpoints = Endpoints::V6 { source: link_local, destination: IPV6_GROUP };
    let mut buffer = [0xaa; 100];
    let len = advert.emit(&mut buffer, &endpoints, ChecksumRule::PseudoHeader).unwrap();
    let whole = signer.sign(&mut buffer, len, &endpoints).unwrap();
    let message = &buffer[..whole];
    // As a kernel checks it that was told where the checksum is.
    assert!(checksum_readings(message, &endpoints).pseudo_header);
    let receiver = Receiver { trailer: Some(expected(&keys)), ..Receiver::new(Family::Ipv6, vrid, interval) };
    let datagram = Datagram::ipv6(link_local, IPV6_GROUP, 255, message);
    assert_eq!(receiver.check(&datagram).unwrap().source, IpAddr::V6(link_local));
}
