//! The table, driven by captured messages and by whole tables.

use super::*;
use crate::address::{AddressFlags, KEEPALIVED, SHARED_MARK, Scope};

/// The captured messages, grouped by the command that caused them.
fn captured() -> Vec<(&'static str, Vec<Vec<u8>>)> {
    let mut groups: Vec<(&str, Vec<Vec<u8>>)> = Vec::new();
    for line in include_str!("../../test_data/events.txt").lines() {
        if let Some(command) = line.strip_prefix("## ip ") {
            groups.push((command, Vec::new()));
        } else if !line.starts_with('#') {
            let bytes = line
                .as_bytes()
                .chunks(2)
                .map(|hex| u8::from_str_radix(std::str::from_utf8(hex).unwrap(), 16).unwrap());
            groups.last_mut().unwrap().1.push(bytes.collect());
        }
    }
    groups
}

fn apply(interfaces: &mut Interfaces, datagram: &[u8]) -> Vec<Change> {
    let mut changes = Vec::new();
    interfaces.apply(datagram, &mut changes);
    changes
}

/// A table after the first `commands` of the capture.
fn table_after(commands: usize) -> Interfaces {
    let mut interfaces = Interfaces::new();
    for (_, messages) in captured().into_iter().take(commands) {
        for message in messages {
            apply(&mut interfaces, &message);
        }
    }
    interfaces
}

fn added(index: u32, network: &str) -> Change {
    Change::AddressAdded { index, network: network.parse().unwrap() }
}

fn removed(index: u32, network: &str) -> Change {
    Change::AddressRemoved { index, network: network.parse().unwrap() }
}

#[test]
fn every_command_of_the_capture_is_reported_with_its_effect() {
    let (eth1, eth0, br0) = (2, 3, 4);
    let expected: [(&str, Vec<Change>); 13] = [
        ("link add eth0", vec![Change::LinkAdded { index: eth1 }, Change::LinkAdded { index: eth0 }]),
        // Only now, with its peer, has it something to sit on.
        ("link set eth1 up", vec![Change::LinkChanged { index: eth1 }]),
        ("link set eth0 up", vec![Change::LinkUp { index: eth0 }, Change::LinkUp { index: eth1 }]),
        ("addr add 192.0.2.1/24", vec![added(eth0, "192.0.2.1/24")]),
        ("addr add 192.0.2.2/24", vec![added(eth0, "192.0.2.2/24")]),
        ("addr add 10.0.0.1 peer 10.0.0.2/32", vec![added(eth0, "10.0.0.1/32")]),
        ("addr add 2001:db8::1/64", vec![added(eth0, "2001:db8::1/64")]),
        ("addr del 192.0.2.1/24", vec![removed(eth0, "192.0.2.2/24"), removed(eth0, "192.0.2.1/24")]),
        (
            "link add br0",
            vec![
                Change::LinkAdded { index: br0 },
                added(eth0, "fe80::ff:fe00:1/64"),
                added(eth1, "fe80::ff:fe00:2/64"),
            ],
        ),
        // The bridge takes over the MAC address of its port.
        (
            "link set eth0 master br0",
            vec![Change::LinkChanged { index: eth0 }, Change::LinkChanged { index: br0 }],
        ),
        (
            "link set eth0 nomaster",
            vec![Change::LinkChanged { index: eth0 }, Change::LinkChanged { index: br0 }],
        ),
        (
            "link set eth0 down",
            vec![
                Change::LinkDown { index: eth0 },
                removed(eth0, "2001:db8::1/64"),
                removed(eth0, "fe80::ff:fe00:1/64"),
                Change::LinkDown { index: eth1 },
            ],
        ),
        (
            "link set eth0 name wan0",
            vec![
                Change::LinkRenamed { index: eth0, before: "eth0".into() },
                // The label follows the name.
                Change::AddressChanged { index: eth0, network: "10.0.0.1/32".parse().unwrap() },
            ],
        ),
    ];
    let mut interfaces = Interfaces::new();
    for ((command, messages), (name, expected)) in captured().into_iter().zip(expected) {
        assert!(command.starts_with(name), "{command}");
        let changes: Vec<_> = messages.iter().flat_map(|message| apply(&mut interfaces, message)).collect();
        assert_eq!(changes, expected, "{command}");
    }
}

#[test]
fn a_deleted_link_leaves_nothing_behind() {
    let interfaces = table_after(14);
    assert_eq!(interfaces.iter().map(|i| i.name.as_str()).collect::<Vec<_>>(), ["br0"]);
    assert_eq!(interfaces.by_name("wan0"), None);
}

#[test]
fn an_interface_is_described_by_its_messages() {
    let interfaces = table_after(7);
    let eth0 = interfaces.by_name("eth0").unwrap();
    assert_eq!((eth0.index, eth0.up, eth0.mtu, eth0.lower), (3, true, 1500, Some(2)));
    assert_eq!(eth0.mac, Some([2, 0, 0, 0, 0, 1]));
    assert!(!eth0.noarp && !eth0.loopback);
    let expected = InterfaceAddress {
        network: "192.0.2.1/24".parse().unwrap(),
        peer: None,
        scope: Scope::UNIVERSE,
        flags: AddressFlags::PERMANENT,
        label: Some("eth0:vip".into()),
        broadcast: Some("192.0.2.255".parse().unwrap()),
        protocol: None,
    };
    assert_eq!(eth0.addresses.first(), Some(&expected));
    let tunnel = eth0.addresses.iter().find(|a| a.peer.is_some()).unwrap();
    assert_eq!(tunnel.peer, Some("10.0.0.2".parse().unwrap()));
    assert_eq!(interfaces.owner_of("2001:db8::1".parse().unwrap()), Some(eth0));
}

#[test]
fn an_own_address_is_a_source_even_if_the_kernel_calls_it_secondary() {
    let mut interfaces = table_after(7);
    let eth0 = interfaces.by_index.get_mut(&3).unwrap();
    let vip: IpAddr = "192.0.2.1".parse().unwrap();
    assert_eq!(eth0.primary_ipv4(|_| false), Some("192.0.2.1".parse().unwrap()));
    assert!(eth0.addresses[1].flags.contains(AddressFlags::SECONDARY));
    let second = eth0.addresses[1].network.ip();
    assert_eq!(eth0.primary_ipv4(|own| own.network.ip() == vip).map(IpAddr::V4), Some(second));
}

#[test]
fn an_ipv6_address_that_detection_has_not_passed_is_no_source() {
    for flag in [AddressFlags::TENTATIVE, AddressFlags::DADFAILED] {
        let mut interfaces = table_after(9);
        let eth0 = interfaces.by_index.get_mut(&3).unwrap();
        assert_eq!(eth0.primary_ipv6(|_| false), Some("fe80::ff:fe00:1".parse().unwrap()));
        for address in &mut eth0.addresses {
            address.flags |= flag;
        }
        assert_eq!(eth0.primary_ipv6(|_| false), None);
        // IPv4 has other flags in these places.
        assert!(eth0.primary_ipv4(|_| false).is_some());
    }
}

#[test]
fn an_ipv6_address_is_in_use_once_it_is_reported_and_detection_has_passed() {
    let own: IpAddr = "fe80::ff:fe00:1".parse().unwrap();
    let mut interfaces = table_after(9);
    let ipv4 = IpAddr::V4(interfaces.by_index(3).unwrap().primary_ipv4(|_| false).unwrap());
    assert!(interfaces.is_in_use(3, own) && interfaces.is_in_use(3, ipv4));
    assert!(!interfaces.is_in_use(4, own), "another interface");
    assert!(!interfaces.is_in_use(3, "2001:db8::100".parse().unwrap()), "not reported yet");
    for flag in [AddressFlags::TENTATIVE, AddressFlags::DADFAILED] {
        let flagged = |interfaces: &mut Interfaces, flag| {
            for address in &mut interfaces.by_index.get_mut(&3).unwrap().addresses {
                address.flags.toggle(flag);
            }
        };
        flagged(&mut interfaces, flag);
        assert!(!interfaces.is_in_use(3, own));
        assert!(interfaces.is_in_use(3, ipv4), "IPv4 has other flags there");
        flagged(&mut interfaces, flag);
    }
}

#[test]
fn a_virtual_address_is_never_a_source() {
    let mut interfaces = table_after(9);
    let eth0 = interfaces.by_index.get_mut(&3).unwrap();
    let template = eth0.addresses[0].clone();
    let address = |network: &str, protocol| InterfaceAddress {
        network: network.parse().unwrap(),
        protocol,
        flags: AddressFlags::PERMANENT,
        ..template.clone()
    };
    let marks = [112, 119, SHARED_MARK, KEEPALIVED];
    let marked = marks.map(|mark| address(&format!("192.0.2.{mark}/24"), Some(mark)));
    eth0.addresses = [marked.to_vec(), vec![address("fe80::50/128", Some(112))]].concat();
    assert_eq!((eth0.primary_ipv4(|_| false), eth0.primary_ipv6(|_| false)), (None, None));
    eth0.addresses.push(address("10.0.0.1/24", Some(3)));
    assert_eq!(eth0.primary_ipv4(|_| false), Some("10.0.0.1".parse().unwrap()));
    assert_eq!(eth0.primary_ipv4(|own| own.network.prefix() == 24), None, "the caller may know more");
}

#[test]
fn an_address_that_is_not_meant_as_a_source_is_the_last_choice() {
    let mut interfaces = table_after(9);
    let eth0 = interfaces.by_index.get_mut(&3).unwrap();
    let mut deprecated = eth0.addresses[0].clone();
    (deprecated.network, deprecated.flags) = ("fe80::50/128".parse().unwrap(), AddressFlags::DEPRECATED);
    eth0.addresses.insert(0, deprecated.clone());
    assert_eq!(eth0.primary_ipv6(|_| false), Some("fe80::ff:fe00:1".parse().unwrap()));
    eth0.addresses = vec![deprecated];
    assert_eq!(eth0.primary_ipv6(|_| false), Some("fe80::50".parse().unwrap()));
}

#[test]
fn a_message_seen_twice_changes_nothing() {
    let mut interfaces = Interfaces::new();
    for (command, messages) in captured().into_iter().take(7) {
        for message in messages {
            apply(&mut interfaces, &message);
            assert_eq!(apply(&mut interfaces, &message), [], "{command}");
        }
    }
}

#[test]
fn a_message_cut_anywhere_or_with_any_bit_flipped_is_survived() {
    let before = table_after(3);
    for (_, messages) in captured() {
        for message in messages {
            // The flags and attributes that matter are at the start.
            for length in 16..message.len().min(300) {
                let mut cut = message[..length].to_vec();
                cut[..4].copy_from_slice(&u32::try_from(length).unwrap().to_ne_bytes());
                apply(&mut before.clone(), &cut);
            }
            for bit in 0..message.len().min(128) * 8 {
                let mut flipped = message.clone();
                flipped[bit / 8] ^= 1 << (bit % 8);
                let mut interfaces = before.clone();
                apply(&mut interfaces, &flipped);
                let names: Vec<_> = interfaces.iter().map(|i| (i.name.clone(), i.index)).collect();
                let mut known: Vec<_> = interfaces.by_name.clone().into_iter().collect();
                known.sort_by_key(|(_, index)| *index);
                assert_eq!(names, known);
            }
        }
    }
}

#[test]
fn no_sequence_of_damaged_messages_breaks_the_table() {
    let messages: Vec<_> = captured().into_iter().flat_map(|(_, messages)| messages).collect();
    let mut interfaces = Interfaces::new();
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    // xorshift64: the damage is the same every time.
    let mut random = |bound: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % u64::try_from(bound).unwrap()).unwrap()
    };
    for _ in 0..10_000 {
        let mut message = messages[random(messages.len())].clone();
        for _ in 0..random(4) {
            let place = random(message.len().min(400));
            message[place] = u8::try_from(random(256)).unwrap();
        }
        apply(&mut interfaces, &message);
        assert_eq!(interfaces.by_name.len(), interfaces.by_index.len());
        for interface in interfaces.iter() {
            assert_eq!(interfaces.by_name(&interface.name), Some(interface));
        }
    }
}

#[test]
fn a_new_owner_of_a_name_displaces_one_whose_end_was_missed() {
    let (_, creation) = captured().remove(0);
    let mut interfaces = table_after(1);
    let mut recreated = creation[1].clone();
    recreated[20] = 9; // the index
    let changes = apply(&mut interfaces, &recreated);
    let gone = Change::LinkRemoved { index: 3, name: "eth0".into() };
    assert_eq!(changes, [gone, Change::LinkAdded { index: 9 }]);
    assert_eq!(interfaces.by_name("eth0").unwrap().index, 9);
}

/// Two events of one datagram, or two that were read together.
#[test]
fn an_mtu_that_fell_and_rose_again_before_the_table_was_looked_at_costs_memberships() {
    let mut interfaces = table_after(7);
    let mut changes = Vec::new();
    for mtu in [1280, 1279, 1000, 67, 1500] {
        let mut message = LinkMessage::default();
        message.header.index = 3;
        message.attributes = vec![LinkAttribute::Mtu(mtu)];
        interfaces.apply_message(&RouteNetlinkMessage::NewLink(message), &mut changes);
    }
    changes.retain(|change| matches!(change, Change::MembershipsLost { .. }));
    let lost = |ipv4, ipv6| Change::MembershipsLost { index: 3, ipv4, ipv6 };
    assert_eq!(changes, [lost(false, true), lost(true, false)]);
}

#[test]
fn after_lost_events_memberships_of_known_interfaces_count_as_lost() {
    let interfaces = table_after(7);
    let mut changes = Vec::new();
    interfaces.distrust_memberships(&[3, 77], &mut changes);
    assert_eq!(changes, [Change::MembershipsLost { index: 3, ipv4: true, ipv6: true }]);
}

#[test]
fn a_fresh_table_is_reported_by_its_differences() {
    let mut interfaces = table_after(7);
    let fresh = table_after(13);
    let mut changes = Vec::new();
    interfaces.replace(fresh.clone(), &mut changes);
    assert_eq!(interfaces, fresh);
    let expected = [
        removed(3, "192.0.2.1/24"),
        removed(3, "192.0.2.2/24"),
        removed(3, "2001:db8::1/64"),
        Change::LinkRenamed { index: 3, before: "eth0".into() },
        Change::LinkDown { index: 3 },
        Change::LinkDown { index: 2 },
        Change::AddressChanged { index: 3, network: "10.0.0.1/32".parse().unwrap() },
        added(2, "fe80::ff:fe00:2/64"),
        Change::LinkAdded { index: 4 },
    ];
    for change in &expected {
        assert!(changes.contains(change), "{change:?} is missing in {changes:?}");
    }
    assert_eq!(changes.len(), expected.len());
}

#[test]
fn replacing_a_table_by_itself_reports_nothing_and_by_an_empty_one_all_removals() {
    let mut interfaces = table_after(13);
    let mut changes = Vec::new();
    interfaces.replace(interfaces.clone(), &mut changes);
    assert_eq!(changes, []);
    interfaces.replace(Interfaces::new(), &mut changes);
    let gone = |index, name: &str| Change::LinkRemoved { index, name: name.into() };
    assert_eq!(changes, [gone(2, "eth1"), gone(3, "wan0"), gone(4, "br0")]);
}

#[test]
fn a_table_can_be_written_down_by_hand() {
    let table = table_after(13);
    let rebuilt: Interfaces = table.iter().chain(table.iter()).cloned().collect();
    assert_eq!(rebuilt, table);
}

#[test]
fn an_address_is_found_among_many_whatever_came_and_went_before_it() {
    let template = table_after(7).by_name("eth0").unwrap().clone();
    let address = |network: &str| InterfaceAddress {
        network: network.parse().unwrap(),
        peer: None,
        ..template.addresses[0].clone()
    };
    let mut eth0 = template.clone();
    eth0.addresses = ["10.0.0.1/24", "10.0.0.2/24", "10.0.0.1/32", "10.0.0.3/24"].map(address).into();
    let mut interfaces: Interfaces = [eth0].into_iter().collect();
    let found = |interfaces: &Interfaces, ip: &str| -> Vec<String> {
        interfaces.on_link(3, ip.parse().unwrap()).map(|own| own.network.to_string()).collect()
    };
    assert_eq!(found(&interfaces, "10.0.0.1"), ["10.0.0.1/32", "10.0.0.1/24"]);
    assert_eq!(found(&interfaces, "10.0.0.9"), [""; 0]);
    for (removed, left) in [("10.0.0.2/24", 2), ("10.0.0.1/32", 1), ("10.0.0.1/24", 0)] {
        let known = interfaces.by_index.get_mut(&3).unwrap();
        assert!(known.remove_address(&address(removed)).is_some());
        interfaces.forget(3, removed.split('/').next().unwrap().parse().unwrap());
        assert_eq!(found(&interfaces, "10.0.0.1").len(), left);
        assert_eq!(found(&interfaces, "10.0.0.3"), ["10.0.0.3/24"]);
    }
    interfaces.remove_link(3, &mut Vec::new());
    assert!(interfaces.present.is_empty());
}
