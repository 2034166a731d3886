//! Links are made, changed and deleted in a real kernel.

use std::os::fd::AsFd;

mod support;

use support::{in_namespace, wire};
use vrrp_linux::links::{LinkCommands, MacvlanMode};
use vrrp_linux::namespace::Namespace;
use vrrp_linux::sysctl::{self, Family};

#[test]
fn a_veth_peer_can_live_in_another_namespace() {
    in_namespace(|| {
        let there = Namespace::create().unwrap();
        let mut links = LinkCommands::open().unwrap();
        links.create_veth("r1", "eth0", Some(there.as_fd())).unwrap();
        assert_eq!(links.index_of("eth0").unwrap_err().errno(), Some(libc::ENODEV));
        let mut links_there = there.run(LinkCommands::open).unwrap().unwrap();
        links_there.index_of("eth0").unwrap();
    });
}

#[test]
fn a_refusal_says_what_was_asked_and_why_not() {
    in_namespace(|| {
        let mut links = LinkCommands::open().unwrap();
        links.create_bridge("lan0").unwrap();
        let error = links.create_bridge("lan0").unwrap_err();
        assert_eq!(error.errno(), Some(libc::EEXIST));
        assert_eq!(error.to_string(), "create link lan0: File exists (os error 17)");
        let (left, _) = wire("left", "right");
        let error = links.set_mtu(left, 10).unwrap_err();
        assert!(error.to_string().ends_with("mtu less than device minimum"), "{error}");
    });
}

#[test]
fn every_command_has_its_effect() {
    in_namespace(|| {
        let mut links = LinkCommands::open().unwrap();
        let (left, right) = wire("left", "right");
        let bridge = links.create_bridge("lan0").unwrap();
        links.set_master(left, Some(bridge)).unwrap();
        links.set_master(left, None).unwrap();
        links.set_mtu(left, 1400).unwrap();
        links.set_mac(left, [2, 0, 0, 0, 0, 1]).unwrap();
        let mac = [0, 0, 0x5e, 0, 1, 51];
        let macvlan = links.create_macvlan("vrrp.51", left, MacvlanMode::Bridge, Some(mac)).unwrap();
        assert_eq!(sysctl::read(Family::V6, "vrrp.51", "addr_gen_mode").unwrap(), 1);
        assert_eq!(sysctl::set(Family::V4, "vrrp.51", "arp_ignore", 1).unwrap(), 0);
        assert_eq!(sysctl::read(Family::V4, "vrrp.51", "arp_ignore").unwrap(), 1);
        links.set_up(macvlan).unwrap();
        links.set_down(macvlan).unwrap();
        links.rename(macvlan, "vrrp.52").unwrap();
        assert_eq!(links.index_of("vrrp.52").unwrap(), macvlan);
        links.delete(macvlan).unwrap();
        assert_eq!(links.index_of("vrrp.52").unwrap_err().errno(), Some(libc::ENODEV));
        links.add_address(right, "192.0.2.1/24".parse().unwrap()).unwrap();
        links.add_address(right, "2001:db8::1/64".parse().unwrap()).unwrap();
        links.add_route("0.0.0.0/0".parse().unwrap(), Some("192.0.2.254".parse().unwrap()), None).unwrap();
        links.add_route("::/0".parse().unwrap(), Some("2001:db8::fe".parse().unwrap()), Some(right)).unwrap();
        links.add_route("198.51.100.0/24".parse().unwrap(), None, Some(right)).unwrap();
        links.delete_address(right, "192.0.2.1/24".parse().unwrap()).unwrap();
        let elsewhere = Namespace::create().unwrap();
        links.move_to_namespace(left, elsewhere.as_fd()).unwrap();
        assert_eq!(links.index_of("left").unwrap_err().errno(), Some(libc::ENODEV));
    });
}
