//! The cost of one advertisement: from the bytes a raw socket delivers to an accepted advertisement, and back.
//!
//! The goal is below 20 ns for one address. `cargo bench -p vrrp-proto`.

#![allow(missing_docs, reason = "criterion's macros generate undocumented functions")]
#![allow(clippy::unwrap_used, reason = "a benchmark that cannot run must say so")]

use std::hint::black_box;
use std::net::{Ipv4Addr, Ipv6Addr};

use criterion::{Criterion, criterion_group, criterion_main};
use vrrp_proto::{
    Addresses, Advert, AdvertInterval, AuthData, AuthKey, Centiseconds, ChecksumRule, Datagram, Endpoints,
    ExpectedAuth, Family, IPV4_GROUP, IPV6_GROUP, Ipv4Header, Priority, Receiver, Seconds, Vrid,
};

const IPV4: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 251);
const IPV6: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0xfb);

fn advert(interval: AdvertInterval, addresses: Addresses<'_>, auth: AuthData) -> Advert<'_> {
    Advert { vrid: Vrid::new(51).unwrap(), priority: Priority::DEFAULT, interval, addresses, auth }
}

fn receiver<'a>(advert: &Advert<'a>) -> Receiver<'a> {
    Receiver {
        addresses: Some(advert.addresses),
        ..Receiver::new(advert.addresses.family(), advert.vrid, advert.interval.try_into().unwrap())
    }
}

fn receive_ipv4(c: &mut Criterion, name: &str, advert: &Advert<'_>, receiver: &Receiver<'_>) {
    let mut packet = [0; 1500];
    let header = Ipv4Header::new(IPV4, IPV4_GROUP);
    let len = header.emit(&mut packet, advert, ChecksumRule::PseudoHeader).unwrap();
    let packet = &packet[..len];
    c.bench_function(name, |b| {
        b.iter(|| {
            let datagram = Datagram::from_ipv4(black_box(packet)).unwrap();
            black_box(receiver).check(&datagram).unwrap().advert.priority
        });
    });
}

fn receive_ipv6(c: &mut Criterion, name: &str, advert: &Advert<'_>, receiver: &Receiver<'_>) {
    let mut message = [0; 1500];
    let endpoints = Endpoints::V6 { source: IPV6, destination: IPV6_GROUP };
    let len = advert.emit(&mut message, &endpoints, ChecksumRule::PseudoHeader).unwrap();
    let message = &message[..len];
    c.bench_function(name, |b| {
        b.iter(|| {
            let datagram = Datagram::ipv6(black_box(IPV6), black_box(IPV6_GROUP), 255, black_box(message));
            black_box(receiver).check(&datagram).unwrap().advert.priority
        });
    });
}

fn emit(c: &mut Criterion, name: &str, advert: &Advert<'_>) {
    let mut buffer = [0; 1500];
    let endpoints = match advert.addresses.family() {
        Family::Ipv4 => Endpoints::V4 { source: IPV4, destination: IPV4_GROUP },
        Family::Ipv6 => Endpoints::V6 { source: IPV6, destination: IPV6_GROUP },
    };
    c.bench_function(name, |b| {
        b.iter(|| {
            let rule = black_box(ChecksumRule::PseudoHeader);
            black_box(advert).emit(black_box(&mut buffer), &endpoints, rule).unwrap()
        });
    });
}

fn emit_ipv4_packet(c: &mut Criterion, name: &str, advert: &Advert<'_>) {
    let mut buffer = [0; 1500];
    let header = Ipv4Header::new(IPV4, IPV4_GROUP);
    c.bench_function(name, |b| {
        b.iter(|| {
            let rule = black_box(ChecksumRule::PseudoHeader);
            black_box(&header).emit(black_box(&mut buffer), black_box(advert), rule).unwrap()
        });
    });
}

fn codec(c: &mut Criterion) {
    let v2 = AdvertInterval::V2(Seconds(1));
    let v3 = AdvertInterval::V3(Centiseconds::new(100).unwrap());
    let one = [[192, 0, 2, 1]];
    let twenty: [[u8; 4]; 20] = std::array::from_fn(|i| [192, 0, 2, u8::try_from(i + 1).unwrap()]);
    let mut link_local = [[0; 16]; 20];
    for (i, address) in link_local.iter_mut().enumerate() {
        *address = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, u16::try_from(i + 1).unwrap()).octets();
    }
    let password = AuthKey::new(b"secret");

    let none = AuthData::None;
    let v2_one = advert(v2, Addresses::V4(&one), none);
    let v2_pass = advert(v2, Addresses::V4(&one), AuthData::Password(password));
    let v2_twenty = advert(v2, Addresses::V4(&twenty), none);
    let v3_one = advert(v3, Addresses::V4(&one), none);
    let v3_twenty = advert(v3, Addresses::V4(&twenty), none);
    let v6_one = advert(v3, Addresses::V6(&link_local[..1]), none);
    let v6_twenty = advert(v3, Addresses::V6(&link_local), none);

    receive_ipv4(c, "receive/v2/1", &v2_one, &receiver(&v2_one));
    let auth = ExpectedAuth::Password(password);
    receive_ipv4(c, "receive/v2 password/1", &v2_pass, &Receiver { auth, ..receiver(&v2_pass) });
    receive_ipv4(c, "receive/v2/20", &v2_twenty, &receiver(&v2_twenty));
    receive_ipv4(c, "receive/v3 ipv4/1", &v3_one, &receiver(&v3_one));
    receive_ipv4(c, "receive/v3 ipv4/20", &v3_twenty, &receiver(&v3_twenty));
    receive_ipv6(c, "receive/v3 ipv6/1", &v6_one, &receiver(&v6_one));
    receive_ipv6(c, "receive/v3 ipv6/20", &v6_twenty, &receiver(&v6_twenty));
    receive_ah(c, &one);

    emit(c, "emit/v2/1", &v2_one);
    emit(c, "emit/v2/20", &v2_twenty);
    emit(c, "emit/v3 ipv4/1", &v3_one);
    emit(c, "emit/v3 ipv4/20", &v3_twenty);
    emit(c, "emit/v3 ipv6/1", &v6_one);
    emit(c, "emit/v3 ipv6/20", &v6_twenty);
    emit_ipv4_packet(c, "emit with IPv4 header/v3/1", &v3_one);
}

/// For scale: what HMAC-MD5-96 costs. It has no goal.
#[cfg(feature = "ah")]
fn receive_ah(c: &mut Criterion, addresses: &[[u8; 4]]) {
    let key = AuthKey::new(b"secret");
    let advert = advert(AdvertInterval::V2(Seconds(1)), Addresses::V4(addresses), AuthData::Ah);
    let receiver = Receiver { auth: ExpectedAuth::Ah { key, last_sequence: 0 }, ..receiver(&advert) };
    let mut packet = [0; 1500];
    let len = Ipv4Header::new(IPV4, IPV4_GROUP).emit_ah(&mut packet, &advert, key, 1).unwrap();
    let packet = &packet[..len];
    c.bench_function("receive/v2 ah/1", |b| {
        b.iter(|| {
            let datagram = Datagram::from_ipv4(black_box(packet)).unwrap();
            black_box(&receiver).check(&datagram).unwrap().advert.priority
        });
    });
}

#[cfg(not(feature = "ah"))]
fn receive_ah(_: &mut Criterion, _: &[[u8; 4]]) {}

criterion_group!(benches, codec);
criterion_main!(benches);
