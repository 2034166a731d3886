//! Properties of every advertisement and of every sequence of octets.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail like tests")]

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proptest::collection::vec;
use proptest::prelude::*;
use vrrp_proto::{
    Addresses, Advert, AdvertInterval, AuthData, AuthKey, Centiseconds, ChecksumRule, Datagram, Endpoints,
    ExpectedAuth, Family, GratuitousArp, Ipv4Header, Mode, Policy, Priority, Receiver, RouterInterval,
    Seconds, TtlRange, UnsolicitedNa, Vrid, checksum_readings, peek,
};

/// An advertisement that owns its addresses.
#[derive(Clone, Debug)]
struct Owned {
    vrid: Vrid,
    priority: Priority,
    interval: AdvertInterval,
    auth: AuthData,
    v4: Vec<[u8; 4]>,
    v6: Option<Vec<[u8; 16]>>,
}

impl Owned {
    fn advert(&self) -> Advert<'_> {
        Advert {
            vrid: self.vrid,
            priority: self.priority,
            interval: self.interval,
            addresses: self.v6.as_deref().map_or(Addresses::V4(&self.v4), Addresses::V6),
            auth: self.auth,
        }
    }
}

fn interval_and_auth() -> impl Strategy<Value = (AdvertInterval, AuthData)> {
    let auth = prop_oneof![
        Just(AuthData::None),
        any::<[u8; 8]>().prop_map(|octets| AuthData::Password(AuthKey::from(octets))),
    ];
    prop_oneof![
        (1_u8.., auth).prop_map(|(seconds, auth)| (AdvertInterval::V2(Seconds(seconds)), auth)),
        (1_u16..4096).prop_map(|cs| (AdvertInterval::V3(Centiseconds::new(cs).unwrap()), AuthData::None)),
    ]
}

fn owned() -> impl Strategy<Value = Owned> {
    let common = (1_u8.., any::<u8>(), interval_and_auth());
    (common, vec(any::<[u8; 4]>(), 0..=255), proptest::option::of(vec(any::<[u8; 16]>(), 0..=255))).prop_map(
        |((vrid, priority, (interval, auth)), mut v4, v6)| {
            if v4.is_empty() && matches!(interval, AdvertInterval::V3(_)) {
                v4.push([192, 0, 2, 1]);
            }
            Owned {
                vrid: Vrid::new(vrid).unwrap(),
                priority: Priority::new(priority),
                interval,
                auth,
                v4,
                v6: v6.filter(|v6| !v6.is_empty() && matches!(interval, AdvertInterval::V3(_))),
            }
        },
    )
}

fn rule() -> impl Strategy<Value = ChecksumRule> {
    prop_oneof![Just(ChecksumRule::PseudoHeader), Just(ChecksumRule::MessageOnly)]
}

fn endpoints(family: Family, source: u128, destination: u128) -> Endpoints {
    let narrow = |wide: u128| Ipv4Addr::from(u32::try_from(wide >> 96).unwrap());
    match family {
        Family::Ipv4 => Endpoints::V4 { source: narrow(source), destination: narrow(destination) },
        Family::Ipv6 => Endpoints::V6 { source: source.into(), destination: destination.into() },
    }
}

fn policy() -> impl Strategy<Value = Policy> {
    prop_oneof![Just(Policy::INTEROP), Just(Policy::RFC9568), Just(Policy::RFC5798), Just(Policy::RFC3768)]
}

/// Octets that get past the first checks more often than chance would let them.
fn likely_message() -> impl Strategy<Value = Vec<u8>> {
    (prop_oneof![Just(0x21_u8), Just(0x31), any::<u8>()], 0_u8..4, vec(any::<u8>(), 0..80)).prop_map(
        |(version_type, count, mut rest)| {
            for (slot, octet) in rest.iter_mut().zip([version_type, 51, 100, count, 0, 100]) {
                *slot = octet;
            }
            rest
        },
    )
}

proptest! {
    #[test]
    fn parsing_what_was_emitted_gives_the_same_advert(
        owned in owned(), rule in rule(), source: u128, destination: u128, dirt: u8,
    ) {
        let advert = owned.advert();
        let family = advert.addresses.family();
        let endpoints = endpoints(family, source, destination);
        let mut buffer = vec![dirt; 4200];
        let (len, warnings) = advert.emit_as_keepalived(&mut buffer, &endpoints, rule).unwrap();
        let strict = advert.emit(&mut [0; 4200], &endpoints, rule);
        prop_assert_eq!(strict.is_ok(), warnings.is_empty());
        prop_assert_eq!(len, advert.buffer_len());
        prop_assert_eq!(Advert::parse(&buffer[..len], family), Ok(advert));
        prop_assert!(buffer[len..].iter().all(|octet| *octet == dirt));

        let readings = checksum_readings(&buffer[..len], &endpoints);
        match (owned.interval, family, rule) {
            (AdvertInterval::V2(_), _, _) | (AdvertInterval::V3(_), Family::Ipv4, ChecksumRule::MessageOnly) => {
                prop_assert!(readings.message_only);
            }
            _ => prop_assert!(readings.pseudo_header),
        }

        let mut clean = vec![0; 4200];
        advert.emit_as_keepalived(&mut clean, &endpoints, rule).unwrap();
        prop_assert_eq!(&clean[..len], &buffer[..len]);
    }

    #[test]
    fn a_router_accepts_adverts_of_a_router_with_the_same_configuration(
        owned in owned(), rule in rule(), source: u32, identification: u16,
    ) {
        let advert = owned.advert();
        prop_assume!(advert.addresses.family() == Family::Ipv4);
        let receiver = Receiver {
            addresses: Some(advert.addresses),
            auth: match advert.auth {
                AuthData::Password(key) => ExpectedAuth::Password(key),
                _ => ExpectedAuth::None,
            },
            ..Receiver::new(Family::Ipv4, advert.vrid, advert.interval.try_into().unwrap())
        };
        let header = Ipv4Header { identification, ..Ipv4Header::new(source.into(), vrrp_proto::IPV4_GROUP) };
        let mut buffer = vec![0xaa; 1500];
        let len = header.emit(&mut buffer, &advert, rule).unwrap();
        let datagram = Datagram::from_ipv4(&buffer[..len]).unwrap();
        let accepted = receiver.check(&datagram).unwrap();
        prop_assert_eq!(accepted.advert, advert);
        prop_assert_eq!(accepted.source, IpAddr::V4(source.into()));
        prop_assert!(accepted.warnings.is_empty());
    }

    #[test]
    fn a_small_buffer_is_refused_and_left_alone(owned in owned(), rule in rule(), missing in 1_usize..50) {
        let advert = owned.advert();
        let endpoints = endpoints(advert.addresses.family(), 1, 2);
        let mut buffer = vec![0x77; advert.buffer_len().saturating_sub(missing)];
        prop_assert!(advert.emit_as_keepalived(&mut buffer, &endpoints, rule).is_err());
        prop_assert!(buffer.iter().all(|octet| *octet == 0x77));
    }

    #[test]
    fn arbitrary_octets_are_read_without_panic(octets in vec(any::<u8>(), 0..200)) {
        let _ = peek(&octets);
        let _ = Advert::parse(&octets, Family::Ipv4);
        let _ = Advert::parse(&octets, Family::Ipv6);
        let _ = Datagram::from_ipv4(&octets);
        let _ = Datagram::from_ipv6(&octets);
        let _ = GratuitousArp::parse(&octets);
        let _ = UnsolicitedNa::parse(&octets);
    }

    #[test]
    fn checking_and_explaining_agree_on_any_message(
        message in likely_message(), policy in policy(), owner: bool, v6: bool, v2: bool, ttl: u8, unicast: bool,
        password: bool,
    ) {
        let family = if v6 { Family::Ipv6 } else { Family::Ipv4 };
        let interval = if v2 {
            RouterInterval::seconds(100).unwrap()
        } else {
            RouterInterval::centiseconds(100).unwrap()
        };
        let base = Receiver::new(family, Vrid::new(51).unwrap(), interval);
        let receiver = Receiver {
            policy,
            owner,
            mode: if unicast { Mode::Unicast { peers: &[], strangers: Some(TtlRange::ANY) } } else { base.mode },
            auth: if password { ExpectedAuth::Password(AuthKey::new(b"x")) } else { ExpectedAuth::None },
            addresses: Some(Addresses::V4(&[[192, 0, 2, 1]])),
            ..base
        };
        let ttl = ttl | 0xfe;
        let datagram = match family {
            Family::Ipv4 => Datagram::ipv4(Ipv4Addr::LOCALHOST, vrrp_proto::IPV4_GROUP, ttl, &message),
            Family::Ipv6 => Datagram::ipv6(Ipv6Addr::LOCALHOST, vrrp_proto::IPV6_GROUP, ttl, &message),
        };
        let explanation = receiver.explain(&datagram);
        match receiver.check(&datagram) {
            Ok(accepted) => {
                prop_assert_eq!(explanation.rejection, None);
                prop_assert!(explanation.failures.is_empty());
                prop_assert_eq!(explanation.warnings, accepted.warnings);
            }
            Err(rejection) => {
                prop_assert_eq!(explanation.rejection, Some(rejection));
                // The order of the flags is the order of the checks.
                let first = explanation.failures.iter().next();
                prop_assert_eq!(first, Some(rejection.failure()));
            }
        }
    }

    #[test]
    fn announcements_survive_the_wire(mac: [u8; 6], v4: u32, v6: u128, router: bool) {
        let arp = GratuitousArp::new(mac, v4.into());
        prop_assert_eq!(GratuitousArp::parse(&arp.emit()), Some(arp));
        let na = UnsolicitedNa { mac, address: v6.into(), router };
        prop_assert_eq!(UnsolicitedNa::parse(&na.emit()), Some(na));
    }
}
