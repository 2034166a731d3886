//! Every example packet is decoded, judged under every policy, and written again.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail like tests")]
#![cfg(feature = "ah")]

mod common;

use common::{Vector, addresses, hex, policy, strings, vectors};
use vrrp_proto::{
    Accepted, Advert, AdvertInterval, AuthData, ChecksumRule, Endpoints, ExpectedAuth, Failures, Ipv4Header,
    Policy, Receiver, Warnings, checksum_readings, peek,
};

#[test]
fn every_packet_is_judged_as_expected_under_every_policy() {
    for vector in vectors() {
        for (name, expected) in vector.expect.as_object().unwrap() {
            let context = format!("{} under {name}", vector.name);
            let receiver = after_preamble(&vector, policy(name));
            let datagram = vector.datagram(&vector.packet).unwrap();

            let explanation = receiver.explain(&datagram);
            assert_eq!(names(explanation.failures), strings(&expected["failures"]), "failures of {context}");
            assert_eq!(
                warning_names(explanation.warnings),
                strings(&expected["warnings"]),
                "warnings of {context}"
            );

            let verdict = receiver.check(&datagram);
            assert_eq!(verdict.err(), explanation.rejection, "{context}");
            assert_eq!(verdict.is_ok(), expected["verdict"] == "accept", "{context}: {verdict:?}");
            if let Err(rejection) = verdict {
                assert_eq!(names(rejection.failure()), [expected["reason"].as_str().unwrap()], "{context}");
            }
        }
    }
}

#[test]
fn decoded_fields_are_those_of_the_packet() {
    for vector in vectors() {
        let (name, fields) = (&vector.name, &vector.fields);
        let datagram = vector.datagram(&vector.packet).unwrap();
        assert_eq!(
            datagram.endpoints.source(),
            fields["ip"]["src"].as_str().unwrap().parse::<std::net::IpAddr>().unwrap()
        );
        assert_eq!(
            datagram.endpoints.destination(),
            fields["ip"]["dst"].as_str().unwrap().parse::<std::net::IpAddr>().unwrap()
        );
        assert_eq!(u64::from(datagram.ttl), fields["ip"]["ttl"].as_u64().unwrap(), "{name}");
        if let Some(ah) = fields["ah"].as_object() {
            let header = datagram.envelope.unwrap().header;
            assert_eq!(u64::from(header.spi), ah["spi"].as_u64().unwrap());
            assert_eq!(u64::from(header.sequence), ah["seq"].as_u64().unwrap());
            assert_eq!(header.icv.to_vec(), hex(ah["icv"].as_str().unwrap()));
        }

        let first = peek(datagram.message).unwrap();
        if let Some(vrid) = fields["vrid"].as_u64() {
            assert_eq!(u64::from(first.vrid), vrid, "{name}");
            assert_eq!(u64::from(first.version), fields["version"].as_u64().unwrap(), "{name}");
        }
        if let Some(plain) = fields["checksum_plain_ok"].as_bool() {
            let readings = checksum_readings(datagram.message, &datagram.endpoints);
            assert_eq!(readings.message_only, plain, "{name}");
            assert_eq!(Some(readings.pseudo_header), fields["checksum_pseudo_ok"].as_bool(), "{name}");
        }
        if let Ok(advert) = Advert::parse(datagram.message, vector.family()) {
            assert_fields(&vector, &advert);
        }
    }
}

#[test]
fn all_but_the_malformed_packets_parse() {
    let malformed: Vec<_> = vectors()
        .iter()
        .filter_map(|vector| {
            let datagram = vector.datagram(&vector.packet).unwrap();
            Advert::parse(datagram.message, vector.family())
                .err()
                .map(|error| format!("{}: {error}", vector.name))
        })
        .collect();
    assert_eq!(
        malformed,
        [
            "P020 bad-v3-version6: version 6 is not VRRP over this IP version",
            "P021 bad-v2-type5: message type 5, but only 1 is known",
            "P022 bad-v3-short6: 6 octets, but the shortest message has 8",
            "P023 bad-v3-ipv4-count-too-big: 16 octets, but its count of addresses makes it 24",
        ]
    );
}

#[test]
fn an_accepted_packet_written_again_has_the_same_bytes() {
    let mut written = 0;
    for vector in vectors() {
        let datagram = vector.datagram(&vector.packet).unwrap();
        let Ok(accepted) = after_preamble(&vector, Policy::INTEROP).check(&datagram) else { continue };
        // Reserved bits are not kept: they are sent as zero.
        if vector.fields["reserved"].as_u64().is_some_and(|reserved| reserved != 0) {
            continue;
        }
        let mut buffer = [0x5a; 1500];
        let len = write(&vector, &accepted, &datagram.endpoints, datagram.ttl, &mut buffer);
        let start = if vector.fields["ip"]["family"] == "ipv4" { 0 } else { 40 };
        let padding = vector.packet.len() - start - len;
        assert_eq!(buffer[..len], vector.packet[start..start + len], "{}", vector.name);
        assert!(padding == 0 || vector.name.ends_with("ethernet-padding"), "{}", vector.name);
        assert!(buffer[len..].iter().all(|octet| *octet == 0x5a), "{} wrote too much", vector.name);
        written += 1;
    }
    assert_eq!(written, 16);
}

fn write(
    vector: &Vector,
    accepted: &Accepted<'_>,
    endpoints: &Endpoints,
    ttl: u8,
    buffer: &mut [u8],
) -> usize {
    let Endpoints::V4 { source, destination } = *endpoints else {
        return accepted.advert.emit_as_keepalived(buffer, endpoints, accepted.checksum).unwrap().0;
    };
    let identification = u16::try_from(vector.fields["ip"]["ident"].as_u64().unwrap()).unwrap();
    let header = Ipv4Header { source, destination, ttl, identification };
    match accepted.ah_sequence {
        Some(sequence) => header.emit_ah(buffer, &accepted.advert, vector.key(), sequence).unwrap(),
        None => header.emit(buffer, &accepted.advert, accepted.checksum).unwrap(),
    }
}

/// The receiver after it has seen the packets that come first.
fn after_preamble(vector: &Vector, policy: Policy) -> Receiver<'_> {
    let mut receiver = vector.receiver(policy);
    for packet in &vector.preamble {
        let accepted = receiver.check(&vector.datagram(packet).unwrap()).unwrap();
        let ExpectedAuth::Ah { key, .. } = receiver.auth else {
            panic!("a preamble is about sequence numbers")
        };
        assert_eq!(accepted.ah_sequence, vector.last_sequence());
        receiver.auth = ExpectedAuth::Ah { key, last_sequence: accepted.ah_sequence.unwrap() };
    }
    receiver
}

fn assert_fields(vector: &Vector, advert: &Advert<'_>) {
    let (name, fields) = (&vector.name, &vector.fields);
    let number = |field: &str| fields[field].as_u64().unwrap_or_else(|| panic!("{name} has no {field}"));
    assert_eq!(u64::from(advert.vrid.get()), number("vrid"), "{name}");
    assert_eq!(u64::from(advert.priority.get()), number("priority"), "{name}");
    assert_eq!(u64::from(advert.version().number()), number("version"), "{name}");
    assert_eq!(advert.addresses.iter().collect::<Vec<_>>(), addresses(&fields["addresses"]), "{name}");
    assert_eq!(advert.addresses.len() as u64, number("count"), "{name}");
    match advert.interval {
        AdvertInterval::V2(seconds) => {
            assert_eq!(u64::from(seconds.0), number("advert_interval_s"), "{name}");
            assert_eq!(u64::from(advert.auth.number()), number("auth_type"), "{name}");
            if let AuthData::Password(key) = advert.auth {
                assert_eq!(key.octets().to_vec(), hex(fields["auth_data"].as_str().unwrap()), "{name}");
            }
        }
        AdvertInterval::V3(centiseconds) => {
            assert_eq!(u64::from(centiseconds.get()), number("max_advert_interval_cs"), "{name}");
            assert_eq!(advert.auth, AuthData::None, "{name}");
        }
    }
}

fn names(failures: Failures) -> Vec<String> {
    failures.iter_names().map(|(name, _)| name.to_lowercase()).collect()
}

fn warning_names(warnings: Warnings) -> Vec<String> {
    warnings.iter_names().map(|(name, _)| name.to_lowercase()).collect()
}

#[test]
fn both_readings_of_the_checksum_are_told_apart() {
    let rule = |name: &str| {
        let vectors = vectors();
        let vector = vectors.iter().find(|vector| vector.name.ends_with(name)).unwrap();
        let datagram = vector.datagram(&vector.packet).unwrap();
        vector.receiver(Policy::INTEROP).check(&datagram).unwrap().checksum
    };
    assert_eq!(rule("v3-ipv4-pseudo-header-checksum"), ChecksumRule::PseudoHeader);
    assert_eq!(rule("v3-ipv4-message-only-checksum"), ChecksumRule::MessageOnly);
}
