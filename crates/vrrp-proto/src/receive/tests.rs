//! Cases that the example packets do not show: policies, unicast, owners, and the tables.

extern crate std;

use core::net::{Ipv4Addr, Ipv6Addr};
use std::string::ToString;
use std::vec;
use std::vec::Vec;

use super::*;
use crate::auth::AuthData;
use crate::datagram::IpError;
use crate::endpoints::Endpoints;
use crate::interval::Seconds;
use crate::types::Version;
use crate::{IPV4_GROUP, IPV6_GROUP};

const PEER: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 2);
const LOCAL: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);

fn v2() -> RouterInterval {
    RouterInterval::seconds(1).unwrap()
}

fn v3() -> RouterInterval {
    RouterInterval::centiseconds(100).unwrap()
}

fn router(interval: RouterInterval) -> Receiver<'static> {
    Receiver::new(Family::Ipv4, Vrid::new(7).unwrap(), interval)
}

fn advert(interval: RouterInterval) -> Advert<'static> {
    Advert {
        vrid: Vrid::new(7).unwrap(),
        priority: Priority::DEFAULT,
        interval: interval.into(),
        addresses: Addresses::V4(&[[203, 0, 113, 1]]),
        auth: AuthData::None,
    }
}

/// The verdict of `receiver` on `advert` in a packet with these endpoints and TTL.
fn explain(receiver: &Receiver<'_>, advert: &Advert<'_>, endpoints: Endpoints, ttl: u8) -> Explanation {
    let mut buffer = [0xee; 1500];
    let len = advert.emit(&mut buffer, &endpoints, ChecksumRule::PseudoHeader).unwrap();
    receiver.explain(&Datagram { endpoints, ttl, envelope: None, message: &buffer[..len] })
}

fn to_group() -> Endpoints {
    Endpoints::V4 { source: PEER, destination: IPV4_GROUP }
}

fn to_us() -> Endpoints {
    Endpoints::V4 { source: PEER, destination: LOCAL }
}

#[test]
fn an_owner_hears_others_by_version_and_policy() {
    let verdict = |interval, policy| {
        let owner = Receiver { owner: true, policy, ..router(interval) };
        let explanation = explain(&owner, &advert(interval), to_group(), 255);
        (explanation.rejection, explanation.warnings)
    };
    let discarded = (Some(Rejection::LocalIsOwner), Warnings::empty());
    let warned = (None, Warnings::LOCAL_IS_OWNER);
    assert_eq!(verdict(v2(), Policy::RFC3768), discarded);
    assert_eq!(verdict(v2(), Policy::INTEROP), warned, "two owners would never yield to each other");
    assert_eq!(verdict(v3(), Policy::INTEROP), warned);
    assert_eq!(verdict(v3(), Policy::RFC5798), discarded);
}

#[test]
fn a_unicast_router_hears_its_peers_within_their_ttl_range() {
    let near = TtlRange { min: 253, max: 255 };
    let peers = [Peer { address: PEER.into(), ttl: near }];
    let receiver = Receiver { mode: Mode::Unicast { peers: &peers, strangers: None }, ..router(v3()) };
    let rejection = |endpoints, ttl| explain(&receiver, &advert(v3()), endpoints, ttl).rejection;

    assert_eq!(rejection(to_us(), 253), None);
    assert_eq!(rejection(to_us(), 252), Some(Rejection::Ttl { expected: near, actual: 252 }));
    let stranger = Endpoints::V4 { source: Ipv4Addr::new(192, 0, 2, 3), destination: LOCAL };
    let actual = stranger.source();
    assert_eq!(rejection(stranger, 255), Some(Rejection::UnicastSource { actual }));
    let actual = IpAddr::V4(IPV4_GROUP);
    assert_eq!(rejection(to_group(), 255), Some(Rejection::Destination { actual }));
}

#[test]
fn a_unicast_router_may_hear_strangers() {
    let mode = Mode::Unicast { peers: &[], strangers: Some(TtlRange::ANY) };
    let receiver = Receiver { mode, ..router(v2()) };
    assert_eq!(explain(&receiver, &advert(v2()), to_us(), 1).rejection, None);
}

#[test]
fn a_unicast_router_hears_no_broadcast() {
    let mode = Mode::Unicast { peers: &[], strangers: Some(TtlRange::ANY) };
    let receiver = Receiver { mode, ..router(v2()) };
    let actual = IpAddr::V4(Ipv4Addr::BROADCAST);
    let to_all = Endpoints::V4 { source: PEER, destination: Ipv4Addr::BROADCAST };
    assert_eq!(
        explain(&receiver, &advert(v2()), to_all, 1).rejection,
        Some(Rejection::Destination { actual })
    );
}

#[test]
fn both_ends_of_a_ttl_range_are_within_it() {
    let range = TtlRange { min: 2, max: 10 };
    let mode = Mode::Unicast { peers: &[], strangers: Some(range) };
    let receiver = Receiver { mode, ..router(v2()) };
    let rejection = |ttl| explain(&receiver, &advert(v2()), to_us(), ttl).rejection;
    assert_eq!(rejection(1), Some(Rejection::Ttl { expected: range, actual: 1 }));
    assert_eq!(rejection(2), None);
    assert_eq!(rejection(10), None);
    assert_eq!(rejection(11), Some(Rejection::Ttl { expected: range, actual: 11 }));
}

#[test]
fn a_multicast_router_hears_its_own_group_alone() {
    let neighbour = Ipv4Addr::new(224, 0, 0, 19);
    let to_neighbour = Endpoints::V4 { source: PEER, destination: neighbour };
    let actual = IpAddr::V4(neighbour);
    let rejection =
        |receiver: &Receiver<'_>, endpoints| explain(receiver, &advert(v3()), endpoints, 255).rejection;
    assert_eq!(rejection(&router(v3()), to_neighbour), Some(Rejection::Destination { actual }));
    let other = Receiver { mode: Mode::Multicast { group: actual }, ..router(v3()) };
    assert_eq!(rejection(&other, to_neighbour), None);
    assert_eq!(
        rejection(&other, to_group()),
        Some(Rejection::Destination { actual: IpAddr::V4(IPV4_GROUP) })
    );
}

#[test]
fn a_version_3_router_reads_no_version_2() {
    // Read as version 3 without addresses, its length would fit.
    let mut message = [0; 8];
    message[..6].copy_from_slice(&[0x21, 7, 100, 0, 0, 100]);
    let datagram = Datagram { endpoints: to_group(), ttl: 255, envelope: None, message: &message };
    let rejection = router(v3()).check(&datagram).unwrap_err();
    assert_eq!(rejection, Rejection::Version { expected: Version::V3, actual: 2 });
}

#[test]
fn the_type_is_checked_in_both_versions() {
    for (version_type, receiver) in [(0x32, router(v3())), (0x22, router(v2()))] {
        let mut message = [0; 8];
        message[..6].copy_from_slice(&[version_type, 7, 100, 0, 0, 1]);
        let datagram = Datagram { endpoints: to_group(), ttl: 255, envelope: None, message: &message };
        assert_eq!(receiver.check(&datagram).unwrap_err(), Rejection::Type { actual: 2 });
    }
}

/// `message` with the checksum that is right for it and `outside`.
fn with_checksum(mut message: Vec<u8>, outside: crate::checksum::Sum) -> Vec<u8> {
    let sum = outside.add(&message).complement();
    message[6..8].copy_from_slice(&sum.to_be_bytes());
    message
}

#[test]
fn version_2_never_has_a_pseudo_header_and_ipv6_always_has_one() {
    let checksum = |receiver: Receiver<'_>, endpoints, message: &[u8]| {
        let datagram = Datagram { endpoints, ttl: 255, envelope: None, message };
        receiver.explain(&datagram).failures.contains(Failures::CHECKSUM)
    };
    let v2_message = vec![0x21, 7, 100, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let alone = with_checksum(v2_message.clone(), crate::checksum::Sum::default());
    let pseudo = with_checksum(v2_message, to_group().pseudo_header(16));
    assert!(!checksum(router(v2()), to_group(), &alone));
    assert!(checksum(router(v2()), to_group(), &pseudo));

    let source = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1);
    let group = Endpoints::V6 { source, destination: IPV6_GROUP };
    let receiver = Receiver::new(Family::Ipv6, Vrid::new(7).unwrap(), v3());
    let mut v3_message = vec![0x31, 7, 100, 1, 0, 100, 0, 0];
    v3_message.extend(source.octets());
    let alone = with_checksum(v3_message.clone(), crate::checksum::Sum::default());
    let pseudo = with_checksum(v3_message, group.pseudo_header(24));
    assert!(checksum(receiver, group, &alone));
    assert!(!checksum(receiver, group, &pseudo));
}

#[test]
fn authentication_data_of_a_router_without_a_password_is_ignored() {
    let mut message = vec![0x21, 7, 100, 0, 0, 1, 0, 0];
    message.extend(b"anything");
    let message = with_checksum(message, crate::checksum::Sum::default());
    let datagram = Datagram { endpoints: to_group(), ttl: 255, envelope: None, message: &message };
    assert_eq!(router(v2()).check(&datagram).unwrap().advert.auth, AuthData::None);
}

#[test]
fn a_packet_of_the_other_family_says_so() {
    let datagram = Datagram::ipv6(Ipv6Addr::LOCALHOST, IPV6_GROUP, 255, &[]);
    let rejection = router(v3()).check(&datagram).unwrap_err();
    assert_eq!(rejection, Rejection::Family { expected: Family::Ipv4, actual: Family::Ipv6 });
}

#[test]
fn a_receiver_whose_parts_do_not_fit_together_is_found() {
    let v6 = Receiver::new(Family::Ipv6, Vrid::new(7).unwrap(), v3());
    let (group, foreign) = (IpAddr::V6(IPV6_GROUP), IpAddr::V6(Ipv6Addr::LOCALHOST));
    assert_eq!(router(v2()).validate(), Ok(()));
    assert_eq!(v6.validate(), Ok(()));
    assert_eq!(Receiver { interval: v2(), ..v6 }.validate(), Err(ReceiverError::V2OverIpv6));
    let of = |mode: Mode<'_>| Receiver { mode, ..router(v3()) }.validate();
    let other = |actual| Err(ReceiverError::AddressFamily { expected: Family::Ipv4, actual });
    assert_eq!(of(Mode::Multicast { group }), other(group));
    let actual = IpAddr::V4(LOCAL);
    assert_eq!(of(Mode::Multicast { group: actual }), Err(ReceiverError::NoGroup { actual }));
    let peer = |address| [Peer { address, ttl: TtlRange::ANY }];
    assert_eq!(of(Mode::Unicast { peers: &peer(actual), strangers: None }), Ok(()));
    assert_eq!(of(Mode::Unicast { peers: &peer(foreign), strangers: None }), other(foreign));
    let list = [Ipv6Addr::LOCALHOST.octets()];
    let receiver = Receiver { addresses: Some(Addresses::V6(&list)), ..router(v3()) };
    assert_eq!(receiver.validate(), other(foreign));
}

#[test]
fn a_datagram_of_its_parts_is_that_of_the_packet() {
    let mut buffer = [0; 100];
    let header = crate::Ipv4Header::new(PEER, IPV4_GROUP);
    let len = header.emit(&mut buffer, &advert(v3()), ChecksumRule::PseudoHeader).unwrap();
    let parts = Datagram::ipv4(PEER, IPV4_GROUP, 255, &buffer[20..len]);
    assert_eq!(Datagram::from_ipv4(&buffer[..len]), Ok(parts));
}

#[test]
fn a_multicast_router_hears_no_unicast() {
    let explanation = explain(&router(v3()), &advert(v3()), to_us(), 64);
    assert_eq!(explanation.failures, Failures::DESTINATION | Failures::TTL);
}

#[test]
fn the_order_of_addresses_does_not_matter_but_the_addresses_do() {
    let sent = Advert { addresses: Addresses::V4(&[[203, 0, 113, 1], [203, 0, 113, 2]]), ..advert(v3()) };
    let warnings = |ours: &[[u8; 4]]| {
        let receiver = Receiver { addresses: Some(Addresses::V4(ours)), ..router(v3()) };
        explain(&receiver, &sent, to_group(), 255).warnings
    };
    assert_eq!(warnings(&[[203, 0, 113, 2], [203, 0, 113, 1]]), Warnings::empty());
    assert_eq!(warnings(&[[203, 0, 113, 2], [203, 0, 113, 3]]), Warnings::ADDRESS_LIST_DIFFERS);
    assert_eq!(warnings(&[[203, 0, 113, 1]]), Warnings::ADDRESS_LIST_DIFFERS);
    assert_eq!(warnings(&[[203, 0, 113, 1], [203, 0, 113, 1]]), Warnings::ADDRESS_LIST_DIFFERS);
}

#[test]
fn a_strict_address_list_is_not_enforced_against_the_owner() {
    let policy = Policy::RFC3768;
    let receiver = Receiver { addresses: Some(Addresses::V4(&[])), policy, ..router(v2()) };
    let from = |priority| explain(&receiver, &Advert { priority, ..advert(v2()) }, to_group(), 255);
    assert_eq!(from(Priority::new(254)).rejection, Some(Rejection::AddressList));
    assert_eq!(from(Priority::OWNER).rejection, None);
    assert_eq!(from(Priority::OWNER).warnings, Warnings::ADDRESS_LIST_DIFFERS);
}

#[test]
fn an_unknown_authentication_type_is_not_also_a_mismatch() {
    let mut message = [0; 16];
    message[..6].copy_from_slice(&[0x21, 7, 100, 0, 9, 1]);
    let datagram = Datagram { endpoints: to_group(), ttl: 255, envelope: None, message: &message };
    let explanation = router(v2()).explain(&datagram);
    assert_eq!(explanation.failures, Failures::AUTH_TYPE_UNKNOWN | Failures::CHECKSUM);
    assert_eq!(
        explanation.to_string(),
        "discarded: unknown authentication type 9 (failed: auth_type_unknown, checksum)"
    );
}

#[test]
fn there_is_no_version_2_router_over_ipv6() {
    let receiver = Receiver::new(Family::Ipv6, Vrid::new(7).unwrap(), v2());
    let datagram = Datagram::ipv6(Ipv6Addr::LOCALHOST, IPV6_GROUP, 255, &[0x21, 7, 100, 0, 0, 1, 0, 0]);
    let rejection = receiver.check(&datagram).unwrap_err();
    assert_eq!(rejection, Rejection::Version { expected: Version::V2, actual: 2 });
}

#[test]
fn an_ipv6_source_that_is_not_link_local_is_odd_only_for_multicast() {
    let source = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1);
    let receiver = Receiver::new(Family::Ipv6, Vrid::new(7).unwrap(), v3());
    let link_local = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1).octets();
    let list = [link_local];
    let sent = Advert { addresses: Addresses::V6(&list), ..advert(v3()) };
    let group = Endpoints::V6 { source, destination: IPV6_GROUP };
    assert_eq!(explain(&receiver, &sent, group, 255).warnings, Warnings::SOURCE_NOT_LINK_LOCAL);

    let mode = Mode::Unicast { peers: &[], strangers: Some(TtlRange::ANY) };
    let unicast = Endpoints::V6 { source, destination: source };
    assert_eq!(explain(&Receiver { mode, ..receiver }, &sent, unicast, 64).warnings, Warnings::empty());
}

#[test]
fn every_counter_has_its_own_place() {
    for (i, counter) in Counter::ALL.iter().enumerate() {
        assert_eq!(counter.index(), i);
    }
}

#[test]
fn every_counter_has_the_names_of_the_mibs_and_of_keepalived() {
    let names = [
        (Counter::NotForUs, None, None),
        (Counter::PacketLength, Some("vrrpv3StatisticsPacketLengthErrors"), Some("packet_len_err")),
        (Counter::Endpoints, None, Some("addr_list_err")),
        (Counter::Ttl, Some("vrrpv3StatisticsIpTtlErrors"), Some("ip_ttl_err")),
        (Counter::Version, Some("vrrpv3RouterVersionErrors"), None),
        (Counter::Type, Some("vrrpv3StatisticsRcvdInvalidTypePackets"), Some("invalid_type_rcvd")),
        (Counter::AuthTypeUnknown, Some("vrrpStatsInvalidAuthType"), Some("invalid_authtype")),
        (Counter::AuthTypeMismatch, Some("vrrpStatsAuthTypeMismatch"), Some("authtype_mismatch")),
        (Counter::AuthFailure, Some("vrrpStatsAuthFailures"), Some("auth_failure")),
        (Counter::TrailerMissing, None, Some("auth_ext_missing")),
        (Counter::TrailerMalformed, None, Some("auth_ext_malformed")),
        (Counter::TrailerUnknownKey, None, Some("auth_ext_unknown_key")),
        (Counter::TrailerDigest, None, Some("auth_ext_invalid_hmac")),
        (Counter::TrailerStale, None, Some("auth_ext_stale")),
        (Counter::TrailerReplay, None, Some("auth_ext_replay")),
        (Counter::Checksum, Some("vrrpv3RouterChecksumErrors"), None),
        (Counter::Vrid, Some("vrrpv3RouterVrIdErrors"), None),
        (Counter::Interval, Some("vrrpv3StatisticsAdvIntervalErrors"), Some("advert_interval_err")),
        (Counter::AddressList, Some("vrrpv3StatisticsAddressListErrors"), Some("addr_list_err")),
        (Counter::LocalIsOwner, None, None),
    ];
    assert_eq!(names.len(), Counter::ALL.len());
    for (counter, mib, keepalived) in names {
        assert_eq!((counter.mib(), counter.keepalived()), (mib, keepalived), "{counter:?}");
    }
}

#[test]
fn every_failure_of_a_check_has_a_single_bit_in_order() {
    let ipv6 = Ipv6Addr::LOCALHOST;
    let in_order = [
        Rejection::Ip(IpError::Short { needed: 20, actual: 0 }),
        Rejection::Ip(IpError::Version { actual: 0 }),
        Rejection::Ip(IpError::HeaderLength { stated: 0, actual: 0 }),
        Rejection::Ip(IpError::TotalLength { stated: 0, actual: 0 }),
        Rejection::Ip(IpError::HeaderChecksum),
        Rejection::Ip(IpError::Fragment),
        Rejection::Ip(IpError::ExtensionHeaders),
        Rejection::Family { expected: Family::Ipv4, actual: Family::Ipv6 },
        Rejection::Ip(IpError::AhShort { needed: 24, actual: 0 }),
        Rejection::Ip(IpError::AhNextHeader { actual: 0 }),
        Rejection::AhLength { expected: 4, actual: 0 },
        Rejection::Ip(IpError::Protocol { actual: 0 }),
        Rejection::Destination { actual: ipv6.into() },
        Rejection::UnicastSource { actual: ipv6.into() },
        Rejection::Ttl { expected: TtlRange::ON_LINK, actual: 0 },
        Rejection::Short { needed: 8, actual: 0 },
        Rejection::Version { expected: Version::V3, actual: 0 },
        Rejection::Type { actual: 0 },
        Rejection::AuthTypeUnknown { actual: 9 },
        Rejection::AuthTypeMismatch { expected: 0, actual: 1 },
        Rejection::AhMissing,
        Rejection::AhUnexpected,
        Rejection::LengthShort { expected: 12, actual: 8 },
        Rejection::LengthLong { expected: 8, actual: 12 },
        Rejection::Checksum { actual: 0 },
        Rejection::Vrid { expected: Vrid::new(1).unwrap(), actual: 2 },
        Rejection::AuthPassword,
        Rejection::AhIcv,
        Rejection::AhSpi { expected: 1, actual: 2 },
        Rejection::AhReplay { last: 1, actual: 1 },
        Rejection::CountZero,
        Rejection::IntervalMismatch { expected: Seconds(1), actual: Seconds(2) },
        Rejection::IntervalZero,
        Rejection::FirstAddressNotLinkLocal { actual: ipv6 },
        Rejection::LocalIsOwner,
        Rejection::AddressList,
    ];
    let bits: Vec<_> = in_order.iter().map(|rejection| rejection.failure().bits()).collect();
    let expected: Vec<_> = (0..36).map(|i| 1_u64 << i).collect();
    assert_eq!(bits, expected);
    // Six more are of the trailer.
    assert_eq!(Failures::all().bits().count_ones(), 42);
    assert!(in_order.iter().all(|rejection| !rejection.to_string().is_empty()));
}

#[test]
fn a_rejection_is_small() {
    assert!(size_of::<Result<(), Rejection>>() <= 24);
}

#[test]
#[cfg(feature = "ah")]
fn an_authentication_header_is_required_exact_and_new() {
    use crate::{AuthKey, Ipv4Header};

    let key = AuthKey::new(b"secret");
    let with_key = |key, last_sequence| {
        let auth = ExpectedAuth::Ah { key, last_sequence };
        Receiver { auth, ..router(v2()) }
    };
    let sent = Advert { auth: AuthData::Ah, ..advert(v2()) };
    let mut packet = [0; 100];
    let header = Ipv4Header::new(PEER, IPV4_GROUP);
    assert_eq!(header.emit(&mut packet, &sent, ChecksumRule::MessageOnly), Err(crate::EmitError::AhMismatch));
    assert_eq!(header.emit_ah(&mut packet, &advert(v2()), key, 9), Err(crate::EmitError::AhMismatch));
    let len = header.emit_ah(&mut packet, &sent, key, 9).unwrap();
    let datagram = Datagram::from_ipv4(&packet[..len]).unwrap();

    assert_eq!(with_key(key, 8).check(&datagram).unwrap().ah_sequence, Some(9));
    let failures = |receiver: Receiver<'_>, datagram| receiver.explain(&datagram).failures;
    assert_eq!(failures(with_key(key, 9), datagram), Failures::AH_REPLAY);
    assert_eq!(failures(with_key(AuthKey::new(b"Secret"), 8), datagram), Failures::AH_ICV);
    assert_eq!(failures(router(v2()), datagram), Failures::AUTH_TYPE_MISMATCH | Failures::AH_UNEXPECTED);
    let bare = Datagram { envelope: None, ..datagram };
    assert_eq!(failures(with_key(key, 8), bare), Failures::AH_MISSING);

    let mut envelope = datagram.envelope.unwrap();
    envelope.header.length = 5;
    envelope.header.spi += 1;
    let changed = Datagram { envelope: Some(envelope), ..datagram };
    assert_eq!(
        failures(with_key(key, 8), changed),
        Failures::AH_LENGTH | Failures::AH_ICV | Failures::AH_SPI
    );
}

#[test]
#[cfg(feature = "ah")]
fn the_digest_of_an_authentication_header_covers_the_ip_options() {
    use crate::{AuthHeader, AuthKey, Ipv4Header};

    let key = AuthKey::new(b"secret");
    let sent = Advert { auth: AuthData::Ah, ..advert(v2()) };
    let mut packet = [0; 100];
    let len = Ipv4Header::new(PEER, IPV4_GROUP).emit_ah(&mut packet, &sent, key, 9).unwrap();
    let (header, message) = (&packet[..20], &packet[44..len]);
    let mut with_options = header.to_vec();
    with_options.extend([0x94, 4, 0, 0]);
    let signed = AuthHeader::unsigned(PEER, 9).signed(key, &with_options, message);
    assert!(signed.verify(key, &with_options, message));
    assert!(!signed.verify(key, header, message), "an option was removed");
    with_options[22] = 1;
    assert!(!signed.verify(key, &with_options, message), "an option was changed");
}
