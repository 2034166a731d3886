//! Any octets as a packet, judged by any receiver: nothing panics, the two judgements agree, and what was understood
//! can be written and understood again.
//!
//! Input: the octets of [`Choices`], then a packet or a message. Nobody guesses checksums, so what can be read as a
//! message is also judged inside of a packet with the right ones.

#![no_main]

use libfuzzer_sys::arbitrary::{self, Arbitrary, Unstructured};
use libfuzzer_sys::fuzz_target;
use vrrp_proto::{
    AcceptedChecksum, Addresses, Advert, AuthData, AuthKey, ChecksumRule,
    Datagram, Endpoints, ExpectedAuth, Family, IPV4_GROUP, IPV6_GROUP, Ipv4Header, Mode, Peer, Policy,
    Reaction, Receiver, RouterInterval, TtlRange, Version, Vrid, checksum_readings, peek,
};

#[derive(Arbitrary)]
struct Choices {
    /// 0: that of the packet, so that most packets pass this check.
    vrid: u8,
    version_2: bool,
    interval: u16,
    unicast: bool,
    strangers: Option<(u8, u8)>,
    auth: u8,
    key: [u8; 8],
    last_sequence: u32,
    owner: bool,
    compare_addresses: bool,
    policy: u8,
    message_only: bool,
    source: [u8; 4],
}

fuzz_target!(|data: &[u8]| {
    let mut input = Unstructured::new(data);
    let Ok(choices) = Choices::arbitrary(&mut input) else { return };
    let packet = input.take_rest();
    for datagram in [Datagram::from_ipv4(packet), Datagram::from_ipv6(packet)].into_iter().flatten() {
        judge(&choices, &datagram);
    }
    for family in [Family::Ipv4, Family::Ipv6] {
        if let Ok(advert) = Advert::parse(packet, family) {
            let _ = advert.to_string();
            send(&choices, &advert);
        }
    }
});

/// Writes the advert as its sender would, reads it back and judges it. An advert that no receiver takes is refused.
fn send(choices: &Choices, advert: &Advert<'_>) {
    let empty = advert.addresses.is_empty() && advert.version() == Version::V3;
    let refused = empty || advert.interval.is_zero();
    let rule = if choices.message_only { ChecksumRule::MessageOnly } else { ChecksumRule::PseudoHeader };
    let mut buffer = [0xa5; 5000];
    if advert.addresses.family() == Family::Ipv6 {
        let (source, destination) = ("fe80::1".parse().unwrap(), IPV6_GROUP);
        let written = advert.emit_as_keepalived(&mut buffer, &Endpoints::V6 { source, destination }, rule);
        assert_eq!(written.is_err(), refused);
        let Ok((len, _)) = written else { return };
        assert_eq!(len, advert.buffer_len());
        assert_eq!(Advert::parse(&buffer[..len], Family::Ipv6), Ok(*advert));
        assert!(checksum_readings(&buffer[..len], &Endpoints::V6 { source, destination }).pseudo_header);
        return judge(choices, &Datagram::ipv6(source, destination, 255, &buffer[..len]));
    }
    let header = Ipv4Header::new(choices.source.into(), IPV4_GROUP);
    let len = match advert.auth {
        AuthData::Ah => header.emit_ah(&mut buffer, advert, AuthKey::from(choices.key), 7),
        _ => header.emit(&mut buffer, advert, rule),
    };
    assert_eq!(len.is_err(), refused);
    let Ok(len) = len else { return };
    let datagram = Datagram::from_ipv4(&buffer[..len]).unwrap();
    assert_eq!(Advert::parse(datagram.message, Family::Ipv4), Ok(*advert));
    judge(choices, &datagram);
}

fn judge(choices: &Choices, datagram: &Datagram<'_>) {
    let family = Family::of(datagram.endpoints.source());
    let seen = peek(datagram.message);
    let vrid = Vrid::new(choices.vrid)
        .or(Vrid::new(seen.map_or(1, |seen| seen.vrid)))
        .unwrap_or(Vrid::new(1).unwrap());
    let key = AuthKey::from(choices.key);
    let peers = [Peer { address: std::net::Ipv4Addr::from(choices.source).into(), ttl: TtlRange::ON_LINK }];
    let unicast =
        Mode::Unicast { peers: &peers, strangers: choices.strangers.map(|(min, max)| TtlRange { min, max }) };
    let multicast = Receiver::new(family, vrid, interval(choices));
    let receiver = Receiver {
        mode: if choices.unicast { unicast } else { multicast.mode },
        auth: match choices.auth % 3 {
            0 => ExpectedAuth::None,
            1 => ExpectedAuth::Password(key),
            _ => ExpectedAuth::Ah { key, last_sequence: choices.last_sequence },
        },
        owner: choices.owner,
        addresses: choices.compare_addresses.then_some(Addresses::V4(&[[192, 0, 2, 1]])),
        policy: policy(choices.policy),
        ..multicast
    };
    let explanation = receiver.explain(datagram);
    let _ = explanation.to_string();
    match receiver.check(datagram) {
        Ok(accepted) => {
            assert_eq!(explanation.rejection, None);
            assert_eq!(explanation.warnings, accepted.warnings);
            assert_eq!(accepted.source, datagram.endpoints.source());
            assert_eq!(Advert::parse(datagram.message, family), Ok(accepted.advert));
        }
        Err(rejection) => {
            assert_eq!(explanation.rejection, Some(rejection));
            let _ = (rejection.to_string(), rejection.counter());
        }
    }
}

fn interval(choices: &Choices) -> RouterInterval {
    if choices.version_2 {
        RouterInterval::seconds(choices.interval.to_be_bytes()[1].max(1)).unwrap()
    } else {
        RouterInterval::centiseconds(choices.interval % 4095 + 1).unwrap()
    }
}

fn policy(number: u8) -> Policy {
    match number % 6 {
        0 => Policy::INTEROP,
        1 => Policy::RFC9568,
        2 => Policy::RFC5798,
        3 => Policy { address_list: Reaction::Discard, ..Policy::INTEROP },
        4 => Policy::RFC3768,
        _ => Policy { v3_ipv4_checksum: AcceptedChecksum::PseudoHeader, ..Policy::INTEROP },
    }
}
