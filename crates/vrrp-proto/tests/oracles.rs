//! Other implementations read our bytes: etherparse for IP and checksums, pnet for ARP.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail like tests")]

use etherparse::{Icmpv6Slice, Icmpv6Type, NetSlice, SlicedPacket};
use pnet_packet::Packet as _;
use pnet_packet::arp::{ArpOperations, ArpPacket};
use pnet_packet::ethernet::{EtherTypes, EthernetPacket};
use vrrp_proto::{
    Addresses, Advert, AdvertInterval, ArpOperation, AuthData, Centiseconds, ChecksumRule, Endpoints,
    GratuitousArp, IPV4_GROUP, IPV6_GROUP, Ipv4Header, Priority, UnsolicitedNa, Vrid,
};

const VMAC: [u8; 6] = [0x00, 0x00, 0x5e, 0x00, 0x01, 0x51];

fn advert(addresses: Addresses<'_>) -> Advert<'_> {
    Advert {
        vrid: Vrid::new(0x51).unwrap(),
        priority: Priority::DEFAULT,
        interval: AdvertInterval::V3(Centiseconds::new(100).unwrap()),
        addresses,
        auth: AuthData::None,
    }
}

#[test]
fn etherparse_reads_our_ipv4_header_and_finds_its_checksum_right() {
    let header =
        Ipv4Header { identification: 0x1234, ..Ipv4Header::new([192, 0, 2, 251].into(), IPV4_GROUP) };
    let mut buffer = [0xff; 100];
    let len = header
        .emit(&mut buffer, &advert(Addresses::V4(&[[192, 0, 2, 1]])), ChecksumRule::MessageOnly)
        .unwrap();

    let packet = SlicedPacket::from_ip(&buffer[..len]).unwrap();
    let Some(NetSlice::Ipv4(ip)) = packet.net else { panic!("not IPv4") };
    let ip_header = ip.header().to_header();
    assert_eq!(ip_header.header_checksum, ip_header.calc_header_checksum());
    assert_eq!((ip_header.source, ip_header.destination), ([192, 0, 2, 251], [224, 0, 0, 18]));
    assert_eq!((ip_header.time_to_live, ip_header.protocol.0, ip_header.identification), (255, 112, 0x1234));
    assert_eq!(usize::from(ip_header.total_len), len);
    assert_eq!(ip.payload().payload.first(), Some(&0x31));
}

#[test]
fn etherparse_computes_the_same_checksum_over_ipv6() {
    let source = [0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xfb];
    let endpoints = Endpoints::V6 { source: source.into(), destination: IPV6_GROUP };
    let mut message = [0; 24];
    advert(Addresses::V6(&[source])).emit(&mut message, &endpoints, ChecksumRule::PseudoHeader).unwrap();
    let carried = u16::from_be_bytes([message[6], message[7]]);
    message[6] = 0;
    message[7] = 0;
    let computed = etherparse::checksum::Sum16BitWords::new()
        .add_16bytes(source)
        .add_16bytes(IPV6_GROUP.octets())
        .add_4bytes([0, 0, 0, 24])
        .add_4bytes([0, 0, 0, 112])
        .add_slice(&message)
        .ones_complement()
        .to_be();
    assert_eq!(carried, computed);
}

#[test]
fn pnet_reads_our_gratuitous_arp() {
    let announcement = GratuitousArp {
        operation: ArpOperation::Reply,
        target_mac: VMAC,
        ..GratuitousArp::new(VMAC, [198, 18, 81, 1].into())
    };
    let frame = announcement.emit();
    let ethernet = EthernetPacket::new(&frame).unwrap();
    assert_eq!(ethernet.get_ethertype(), EtherTypes::Arp);
    assert!(ethernet.get_destination().is_broadcast());
    let arp = ArpPacket::new(ethernet.payload()).unwrap();
    assert_eq!(arp.get_operation(), ArpOperations::Reply);
    assert_eq!(arp.get_sender_hw_addr().octets(), VMAC);
    assert_eq!(arp.get_target_hw_addr().octets(), VMAC);
    assert_eq!(arp.get_sender_proto_addr(), arp.get_target_proto_addr());
    assert_eq!(arp.get_target_proto_addr().to_string(), "198.18.81.1");
}

#[test]
fn etherparse_reads_our_neighbour_advertisement_and_finds_its_checksum_right() {
    let frame = UnsolicitedNa { mac: VMAC, address: "fe80::53:1".parse().unwrap(), router: true }.emit();
    let packet = SlicedPacket::from_ethernet(&frame).unwrap();
    let Some(NetSlice::Ipv6(ip)) = packet.net else { panic!("not IPv6") };
    let header = ip.header();
    assert_eq!((header.hop_limit(), header.next_header().0), (255, 58));
    let icmp = Icmpv6Slice::from_slice(ip.payload().payload).unwrap();
    assert_eq!(icmp.checksum(), {
        let payload = icmp.payload();
        icmp.icmp_type().calc_checksum(header.source(), header.destination(), payload).unwrap()
    });
    let Icmpv6Type::NeighborAdvertisement(flags) = icmp.icmp_type() else { panic!("{:?}", icmp.icmp_type()) };
    assert!(flags.router && flags.r#override && !flags.solicited);
}
