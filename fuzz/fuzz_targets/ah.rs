//! Authentication Headers: any 24 octets, and any signed advertisement, as it was and with one octet changed.

#![no_main]

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use vrrp_proto::{
    Addresses, Advert, AdvertInterval, AuthData, AuthHeader, AuthKey, Datagram, IPV4_GROUP, Ipv4Header,
    Priority, Seconds, Vrid,
};

#[derive(Arbitrary, Debug)]
struct Input {
    header: [u8; 24],
    key: [u8; 8],
    sequence: u32,
    source: [u8; 4],
    priority: u8,
    damage: (u16, u8),
    addresses: Vec<[u8; 4]>,
}

fuzz_target!(|input: Input| {
    if let Some(header) = AuthHeader::parse(&input.header) {
        assert_eq!(header.octets(), input.header);
        assert!(!header.verify(AuthKey::from(input.key), &input.header, &[]), "a digest that nobody made");
    }
    signed(&input);
});

fn signed(input: &Input) {
    let key = AuthKey::from(input.key);
    let advert = Advert {
        vrid: Vrid::new(51).unwrap(),
        priority: Priority::new(input.priority),
        interval: AdvertInterval::V2(Seconds(1)),
        addresses: Addresses::V4(input.addresses.get(..255).unwrap_or(&input.addresses)),
        auth: AuthData::Ah,
    };
    let mut packet = [0xa5; 1200];
    let header = Ipv4Header::new(input.source.into(), IPV4_GROUP);
    let len = header.emit_ah(&mut packet, &advert, key, input.sequence).unwrap();
    let packet = &mut packet[..len];
    assert!(verifies(packet, key));
    assert_eq!(
        Advert::parse(Datagram::from_ipv4(packet).unwrap().message, vrrp_proto::Family::Ipv4),
        Ok(advert)
    );

    let (place, change) = input.damage;
    // The IP header has fields that a router may change, and a checksum of its own.
    let place = 20 + usize::from(place) % (len - 20);
    packet[place] ^= change;
    assert_eq!(verifies(packet, key), change == 0, "octet {place} changed by {change:#x}");
}

fn verifies(packet: &[u8], key: AuthKey) -> bool {
    let Ok(datagram) = Datagram::from_ipv4(packet) else { return false };
    datagram
        .envelope
        .is_some_and(|envelope| envelope.header.verify(key, envelope.ip_header, datagram.message))
}
