//! Sent packets, compared octet by octet.

use vrrp_proto::{Datagram, ExpectedAuth, Receiver};

use super::*;
use crate::ipc::Generation;
use crate::judge::Record;
use crate::plan::Plan;

/// The translation of one instance with these lines.
fn plan(lines: &str) -> Plan {
    let text = format!(
        "vrrp_instance V {{\n interface eth0\n virtual_router_id 51\n priority 150\n advert_int 1\n{lines}\n}}"
    );
    Plan::new(Generation::default(), keepalived_conf::load_str(&text).config)
}

fn outgoing<'a>(plan: &'a Plan, source: &str) -> Outgoing<'a> {
    Outgoing {
        router: &plan.routers[0],
        priority: Priority::new(150),
        source: source.parse().unwrap(),
        checksum: Record::default().checksum(&plan.routers[0]),
        ah_sequence: 0,
        stamp: None,
    }
}

fn packet(advert: &Outgoing<'_>, destination: &str) -> Vec<u8> {
    // Everything that is sent is written, whatever was there before.
    let mut buffer = [0xee; LONGEST_PACKET];
    advert.emit(destination.parse().unwrap(), &mut buffer).unwrap().to_vec()
}

fn destinations(advert: &Outgoing<'_>) -> Vec<String> {
    advert.destinations().map(|to| to.to_string()).collect()
}

/// Since 1970: some day of 2026.
const NOW: Duration = Duration::from_secs(1_780_000_000);
const VIPS: &str = " virtual_ipaddress {\n 192.0.2.100\n 192.0.2.101\n }\n";
const PEERS: &str = " unicast_peer {\n 192.0.2.2\n 192.0.2.3\n }\n";

#[test]
fn a_version_2_advert_is_this() {
    let plan =
        plan(&format!("version 2\nauthentication {{\n auth_type PASS\n auth_pass secret\n }}\n{VIPS}"));
    let advert = outgoing(&plan, "192.0.2.1");
    assert_eq!(destinations(&advert), ["224.0.0.18"]);
    #[rustfmt::skip]
    let expected = [
        0x45, 0xc0, 0, 44, 0, 0, 0, 0, 255, 112, 0x18, 0x8e, 192, 0, 2, 1, 224, 0, 0, 18,
        0x21, 51, 150, 2, 1, 1, 0x86, 0xb2, 192, 0, 2, 100, 192, 0, 2, 101,
        b's', b'e', b'c', b'r', b'e', b't', 0, 0,
    ];
    assert_eq!(packet(&advert, "224.0.0.18"), expected);
}

#[test]
fn a_version_3_advert_over_ipv6_goes_without_header_and_with_hop_limit_255() {
    let plan = plan("version 3\n virtual_ipaddress {\n fe80::1:1\n }\n");
    let advert = outgoing(&plan, "fe80::2");
    assert_eq!((destinations(&advert), advert.hop_limit()), (vec!["ff02::12".to_owned()], 255));
    #[rustfmt::skip]
    let expected = [
        0x31, 51, 150, 1, 0, 100, 0x3b, 0xc4,
        0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1,
    ];
    assert_eq!(packet(&advert, "ff02::12"), expected);
}

#[test]
fn every_unicast_peer_gets_a_packet_of_its_own_with_the_configured_ttl() {
    let plan = plan(&format!("version 3\n unicast_ttl 9\n{PEERS}{VIPS}"));
    let advert = outgoing(&plan, "192.0.2.1");
    assert_eq!(destinations(&advert), ["192.0.2.2", "192.0.2.3"]);
    for (last, peer) in [(2, "192.0.2.2"), (3, "192.0.2.3")] {
        let packet = packet(&advert, peer);
        assert_eq!((packet[8], &packet[16..20]), (9, [192, 0, 2, last].as_slice()), "{peer}");
    }
}

#[test]
fn unicast_ttl_is_the_hop_limit_of_ipv6_and_255_if_it_is_not_set() {
    let with = |ttl: &str| {
        plan(&format!(
            "version 3\n{ttl} unicast_peer {{\n 2001:db8::2\n }}\n virtual_ipaddress {{\n fe80::1:1\n }}\n"
        ))
    };
    assert_eq!(outgoing(&with("unicast_ttl 7\n"), "2001:db8::1").hop_limit(), 7);
    assert_eq!(outgoing(&with(""), "2001:db8::1").hop_limit(), 255);
}

#[test]
fn a_packet_is_handed_out_for_each_peer() {
    let plan = plan(&format!("version 3\n unicast_ttl 9\n{PEERS}{VIPS}"));
    let advert = outgoing(&plan, "192.0.2.1");
    let mut seen = Vec::new();
    advert.each_packet(|packet| match packet {
        Packet::V4 { octets, to } => seen.push((octets.to_vec(), to.to_string())),
        Packet::V6 { .. } => panic!("{packet:?}"),
    });
    let expected = ["192.0.2.2", "192.0.2.3"].map(|peer| (packet(&advert, peer), peer.to_owned()));
    assert_eq!(seen, expected);
}

#[test]
fn an_ipv6_packet_is_handed_out_with_its_hop_limit() {
    let plan = plan(
        "version 3\n unicast_ttl 7\n unicast_peer {\n 2001:db8::2\n }\n virtual_ipaddress {\n fe80::1:1\n }\n",
    );
    let advert = outgoing(&plan, "2001:db8::1");
    let mut seen = Vec::new();
    advert.each_packet(|packet| match packet {
        Packet::V6 { from, to, hop_limit, .. } => seen.push((from.to_string(), to.to_string(), hop_limit)),
        Packet::V4 { .. } => panic!("{packet:?}"),
    });
    assert_eq!(seen, [("2001:db8::1".to_owned(), "2001:db8::2".to_owned(), 7)]);
}

#[test]
fn v3_checksum_as_v2_leaves_the_addresses_of_the_header_out_of_the_sum() {
    let sum = |keyword: &str, source: &str| {
        let plan = plan(&format!("version 3\n{keyword}{VIPS}"));
        let packet = packet(&outgoing(&plan, source), "224.0.0.18");
        u16::from_be_bytes([packet[26], packet[27]])
    };
    // The message is 31 33 96 02 00 64, and 192.0.2.100 and 192.0.2.101.
    assert_eq!(sum("v3_checksum_as_v2\n", "192.0.2.1"), 0xb39b);
    assert_eq!(sum("v3_checksum_as_v2\n", "192.0.2.9"), 0xb39b);
    assert_eq!(sum("", "192.0.2.1"), 0x1107);
}

#[test]
fn a_list_of_peers_that_names_this_machine_too_is_sent_to_the_others() {
    let plan = plan(&format!("version 3\n{PEERS}{VIPS}"));
    assert_eq!(destinations(&outgoing(&plan, "192.0.2.2")), ["192.0.2.3"]);
}

#[test]
fn adverts_with_an_authentication_header_are_accepted_by_a_receiver_one_after_the_other() {
    let plan = plan(&format!("version 2\n authentication {{\n auth_type AH\n auth_pass secret\n }}\n{VIPS}"));
    let mut record = Record::default();
    let RouterAuth::Ah(key) = plan.routers[0].auth else { panic!("not AH") };
    let mut last_sequence = 0;
    let mut identifications = Vec::new();
    for _ in 0..3 {
        let source = "192.0.2.1".parse().unwrap();
        let advert = Outgoing::next(&plan.routers[0], &mut record, source, Priority::new(150), NOW);
        let packet = packet(&advert, "224.0.0.18");
        identifications.push(u16::from_be_bytes([packet[4], packet[5]]));
        let receiver = Receiver {
            auth: ExpectedAuth::Ah { key, last_sequence },
            addresses: Some(plan.routers[0].advertised.borrow()),
            ..plan.routers[0].config.receiver()
        };
        let accepted = receiver.check(&Datagram::from_ipv4(&packet).unwrap()).unwrap();
        let sequence = accepted.ah_sequence.unwrap();
        assert!(sequence > last_sequence, "{sequence} after {last_sequence}");
        last_sequence = sequence;
    }
    let successor = Record::default().next_ah_sequence(&plan.routers[0].auth, NOW + Duration::from_secs(1));
    assert!(successor > last_sequence, "a worker that remembers nothing is heard at once");
    // With 0, Linux would put its own number there, which the digest does not cover.
    assert!(!identifications.contains(&0), "{identifications:?}");
}

#[test]
fn without_an_authentication_header_no_sequence_is_counted() {
    let plan = plan(&format!("version 2\n{VIPS}"));
    let mut record = Record::default();
    assert_eq!(record.next_ah_sequence(&plan.routers[0].auth, NOW), 0);
    assert_eq!(record.next_ah_sequence(&plan.routers[0].auth, NOW), 0);
}

#[test]
fn an_address_that_is_listed_twice_is_advertised_twice_and_set_once() {
    let plan = plan(" virtual_ipaddress {\n 192.0.2.100/24\n 192.0.2.100/24\n }\n");
    let packet = packet(&outgoing(&plan, "192.0.2.1"), "224.0.0.18");
    assert_eq!((packet[23], &packet[28..36]), (2, [192, 0, 2, 100, 192, 0, 2, 100].as_slice()));
    assert_eq!(plan.routers[0].addresses.len(), 1);
}

/// As keepalived 2.2.7 sends it with `old_unicast_checksum`.
#[test]
fn old_unicast_checksum_counts_the_group_in_place_of_the_peer() {
    let message = |keyword: &str| {
        let plan = plan(&format!(
            "version 3\n{keyword} unicast_peer {{\n 192.168.1.11\n }}\n virtual_ipaddress {{\n 192.168.1.100\n }}\n"
        ));
        packet(&outgoing(&plan, "192.168.1.10"), "192.168.1.11")[20..].to_vec()
    };
    let interval = [0x00, 0x64];
    let keepalived = [0x31, 0x33, 0x96, 0x01, 0x00, 0x14, 0xd4, 0x68, 0xc0, 0xa8, 0x01, 0x64];
    let ours = message("old_unicast_checksum\n");
    assert_eq!(ours[..4], keepalived[..4]);
    assert_eq!(ours[4..6], interval, "a second instead of 0.2 s: the sum is less by as much");
    assert_eq!(u16::from_be_bytes([ours[6], ours[7]]), 0xd468 - (0x64 - 0x14));
    assert_ne!(message("")[6..8], ours[6..8]);
}
