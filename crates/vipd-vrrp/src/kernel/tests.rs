//! Addresses that adverts come from, and interfaces that went down.

use vrrp_linux::address::{AddressFlags, Scope};

use super::*;

fn eth0(addresses: &[(&str, AddressFlags)]) -> Interface {
    let address = |(network, flags): &(&str, AddressFlags)| InterfaceAddress {
        network: network.parse().unwrap(),
        peer: None,
        scope: Scope::UNIVERSE,
        flags: *flags,
        label: None,
        broadcast: None,
        protocol: None,
    };
    Interface {
        index: 2,
        name: "eth0".to_owned(),
        up: true,
        mac: None,
        mtu: 1500,
        noarp: false,
        loopback: false,
        lower: None,
        master: None,
        details: vrrp_linux::interfaces::Details::default(),
        addresses: addresses.iter().map(address).collect(),
    }
}

fn sources(interface: &Interface, virtual_ips: &[&str]) -> (Option<String>, Option<String>) {
    let virtual_ips = virtual_ips.iter().map(|ip| ip.parse().unwrap()).collect();
    let state = link_state(interface, &virtual_ips);
    (state.ipv4.map(|ip| ip.to_string()), state.ipv6.map(|ip| ip.to_string()))
}

#[test]
fn adverts_never_come_from_a_virtual_address() {
    let own = AddressFlags::PERMANENT;
    let second = AddressFlags::SECONDARY;
    let interface =
        eth0(&[("192.0.2.1/24", own), ("192.0.2.11/24", second), ("fe80::100/64", own), ("fe80::1/64", own)]);
    let expected = (Some("192.0.2.11".to_owned()), Some("fe80::1".to_owned()));
    assert_eq!(sources(&interface, &["192.0.2.1", "fe80::100"]), expected);
    let all = ["192.0.2.1", "192.0.2.11", "fe80::100", "fe80::1"];
    assert_eq!(sources(&interface, &all), (None, None));
}

#[test]
fn adverts_do_not_come_from_an_address_that_detection_has_not_passed() {
    for flag in [AddressFlags::TENTATIVE, AddressFlags::DADFAILED] {
        assert_eq!(sources(&eth0(&[("fe80::1/64", flag)]), &[]), (None, None));
    }
}

#[test]
fn an_interface_that_was_removed_went_down_like_one_that_is_down() {
    let interfaces = Interfaces::new();
    let removed = Change::LinkRemoved { index: 2, name: "eth0".to_owned() };
    assert_eq!(went_down(&removed, &interfaces).as_deref(), Some("eth0"));
    assert_eq!(went_down(&Change::LinkDown { index: 2 }, &interfaces), None, "nobody knows its name");
    assert_eq!(went_down(&Change::LinkUp { index: 2 }, &interfaces), None);
}
