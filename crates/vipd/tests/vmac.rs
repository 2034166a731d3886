//! Virtual MAC addresses (`use_vmac`) on a real kernel: the MAC address in answers and sent frames, and leftovers.

#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

mod common;

use std::net::IpAddr;
use std::time::Duration;

use common::conf::{Instance, V3_CALM, Variant, text};
use common::hosts::Maker::Vipd;
use common::hosts::Router;
use common::lan::Lan;
use common::{always, eventually, lab_test};
use nix::sys::signal::Signal;
use vip_lab::Stamp;
use vip_lab::frame::Frame;

const SOON: Duration = Duration::from_secs(4);
const V4: Variant = V3_CALM;
const V6: Variant = Variant { ipv6: true, ..V3_CALM };

/// Kind of the instance's interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Base {
    Veth,
    Bridge,
    /// As in a container whose network is a macvlan.
    Macvlan,
    Vlan,
    Bond,
}

impl Base {
    const fn name(self) -> &'static str {
        match self {
            Self::Veth => "eth0",
            Self::Bridge => "br0",
            Self::Macvlan => "mv0",
            Self::Vlan => "eth0.7",
            Self::Bond => "bond0",
        }
    }

    /// Makes the interface and moves the host's address there.
    fn set_up(self, router: &Router, address: IpAddr, prefix: u8) {
        if self != Self::Veth {
            router.shell(&self.commands(address, prefix));
        }
        if self == Self::Macvlan {
            // In a container, the interface below is not there.
            router.host.set_sysctl("ipv4/conf/eth0/arp_ignore", "1").unwrap();
        }
    }

    fn commands(self, address: IpAddr, prefix: u8) -> String {
        let make = match self {
            Self::Veth => "true",
            Self::Vlan => "ip link add link eth0 name eth0.7 type vlan id 7; ip link set eth0.7 up",
            Self::Bond => {
                "ip link add bond0 type bond mode active-backup miimon 100; ip link set eth0 down; \
                 ip link set eth0 master bond0; ip link set bond0 up"
            }
            Self::Bridge => {
                "ip link add br0 type bridge mcast_snooping 0; ip link set eth0 master br0; ip link set br0 up"
            }
            Self::Macvlan => "ip link add link eth0 name mv0 type macvlan mode bridge; ip link set mv0 up",
        };
        format!(
            "{make}; ip addr flush dev eth0 scope global; ip addr add {address}/{prefix} dev {}{}",
            self.name(),
            if address.is_ipv6() { " nodad" } else { "" }
        )
    }
}

const fn virtual_mac(variant: Variant) -> [u8; 6] {
    [0, 0, 0x5e, 0, if variant.ipv6 { 2 } else { 1 }, 51]
}

fn words(mac: [u8; 6]) -> String {
    mac.map(|octet| format!("{octet:02x}")).join(":")
}

fn mac_of(router: &Router, interface: &str) -> String {
    let line = router.shell(&format!("ip -br link show dev {interface}"));
    line.split_whitespace().nth(2).unwrap().to_owned()
}

/// The listener's neighbour table after it has asked anew.
fn neighbour(lan: &Lan, address: IpAddr) -> String {
    let version = if address.is_ipv4() { "-4" } else { "-6" };
    let command = format!(
        "ip {version} neigh flush to {address}; ping {version} -c1 -W1 -q {address} >/dev/null; ip {version} neigh show to {address}"
    );
    shell(lan, &command)
}

fn shell(lan: &Lan, command: &str) -> String {
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", command]).stdout(std::process::Stdio::piped());
    let output = lan.listener.spawn(shell).unwrap().wait_with_output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn instance(variant: Variant, priority: u8, base: Base, lines: &'static str) -> String {
    text(&[Instance::new(variant, priority).with(lines)])
        .replace("interface eth0", &format!("interface {}", base.name()))
}

/// One row: two routers, a host that asks, a failover.
fn serves(test: &str, variant: Variant, base: Base, on_base: bool) {
    lab_test(test, &[], || {
        let mut lan = Lan::new(variant, &[Vipd, Vipd], &[100]);
        let lines = if on_base { "    use_vmac\n    vmac_xmit_base\n" } else { "    use_vmac\n" };
        let own = [variant.address(1), variant.address(2)];
        for (router, address) in lan.routers.iter().zip(own) {
            base.set_up(router, address, variant.prefix());
        }
        if base == Base::Vlan {
            shell(&lan, &base.commands(variant.address(250), variant.prefix()));
        }
        let (vip, mac) = (lan.vip(100), words(virtual_mac(variant)));
        let real = [mac_of(&lan.routers[0], base.name()), mac_of(&lan.routers[1], base.name())];
        let settings = format!("cat /proc/sys/net/ipv4/conf/{}/arp_*", base.name());
        let before = lan.routers[0].shell(&settings);
        let start = Stamp::now();
        lan.routers[0].start(&instance(variant, 150, base, lines));
        lan.routers[1].start(&instance(variant, 100, base, lines));
        lan.expect_holder(vip, 0, variant.down(150) + SOON);
        lan.stays_with(vip, 0, variant.down(100));

        let has = |address: IpAddr, mac: &str| neighbour(&lan, address).contains(&format!("lladdr {mac} "));
        assert!(has(vip, &mac), "{}", neighbour(&lan, vip));
        assert!(has(own[0], &real[0]), "{}", neighbour(&lan, own[0]));
        assert!(has(own[1], &real[1]), "{}", neighbour(&lan, own[1]));
        for seen in lan.wire.seen().iter().filter(|seen| seen.at >= start) {
            match seen.frame {
                Frame::Advert(advert) => {
                    assert_eq!(words(seen.octets[6..12].try_into().unwrap()) == mac, !on_base, "{advert:?}");
                    assert!(!variant.ipv6 || advert.source != vip);
                }
                Frame::Announcement { address, mac } if address == vip => {
                    assert_eq!(mac, virtual_mac(variant));
                }
                _ => {}
            }
        }

        lan.routers[0].stop();
        lan.expect_holder(vip, 1, variant.down(100));
        let known = shell(&lan, &format!("ip neigh show to {vip}"));
        assert!(known.contains(&mac), "{known}");
        let answers = shell(&lan, &format!("ping -c1 -W1 {vip}"));
        assert!(answers.contains("1 received"), "{answers}");
        assert!(neighbour(&lan, own[0]).contains(&real[0]));
        assert_eq!(lan.routers[0].shell(&settings), before, "the settings are as they were");
        let interfaces = lan.routers[0].shell("ip -br link");
        assert!(!interfaces.contains("vrrp.51"), "{interfaces}");
    });
}

macro_rules! rows {
    ($($(#[$attribute:meta])* $test:ident: $variant:expr, $base:expr, $on_base:expr;)*) => {$(
        #[test]
        $(#[$attribute])*
        fn $test() {
            serves(stringify!($test), $variant, $base, $on_base);
        }
    )*};
}

rows! {
    ipv4_on_a_veth: V4, Base::Veth, false;
    ipv4_on_a_veth_with_adverts_from_the_base: V4, Base::Veth, true;
    ipv4_on_a_bridge: V4, Base::Bridge, false;
    ipv4_on_a_bridge_with_adverts_from_the_base: V4, Base::Bridge, true;
    ipv4_on_a_macvlan: V4, Base::Macvlan, false;
    ipv4_on_a_macvlan_with_adverts_from_the_base: V4, Base::Macvlan, true;
    ipv6_on_a_veth: V6, Base::Veth, false;
    ipv6_on_a_veth_with_adverts_from_the_base: V6, Base::Veth, true;
    ipv6_on_a_bridge: V6, Base::Bridge, false;
    ipv6_on_a_bridge_with_adverts_from_the_base: V6, Base::Bridge, true;
    ipv6_on_a_macvlan: V6, Base::Macvlan, false;
    ipv6_on_a_macvlan_with_adverts_from_the_base: V6, Base::Macvlan, true;
    #[ignore = "needs a kernel with IPVS: cargo xtask vm"] // and with VLANs and bonds, as that one
    ipv4_on_a_vlan: V4, Base::Vlan, false;
    #[ignore = "needs a kernel with IPVS: cargo xtask vm"] // and with VLANs and bonds, as that one
    ipv4_on_a_vlan_with_adverts_from_the_base: V4, Base::Vlan, true;
    #[ignore = "needs a kernel with IPVS: cargo xtask vm"] // and with VLANs and bonds, as that one
    ipv4_on_a_bond: V4, Base::Bond, false;
    #[ignore = "needs a kernel with IPVS: cargo xtask vm"] // and with VLANs and bonds, as that one
    ipv4_on_a_bond_with_adverts_from_the_base: V4, Base::Bond, true;
    #[ignore = "needs a kernel with IPVS: cargo xtask vm"] // and with VLANs and bonds, as that one
    ipv6_on_a_vlan: V6, Base::Vlan, false;
    #[ignore = "needs a kernel with IPVS: cargo xtask vm"] // and with VLANs and bonds, as that one
    ipv6_on_a_vlan_with_adverts_from_the_base: V6, Base::Vlan, true;
    #[ignore = "needs a kernel with IPVS: cargo xtask vm"] // and with VLANs and bonds, as that one
    ipv6_on_a_bond: V6, Base::Bond, false;
    #[ignore = "needs a kernel with IPVS: cargo xtask vm"] // and with VLANs and bonds, as that one
    ipv6_on_a_bond_with_adverts_from_the_base: V6, Base::Bond, true;
}

/// Nothing tells a switch that the virtual MAC address is here before it is.
fn leaks_nothing(test: &str, variant: Variant) {
    lab_test(test, &[], || {
        let mut lan = Lan::new(variant, &[Vipd], &[100]);
        for setting in
            ["ipv4/conf/all/forwarding", "ipv6/conf/all/forwarding", "ipv6/conf/default/forwarding"]
        {
            lan.routers[0].host.set_sysctl(setting, "1").unwrap();
        }
        let start = Stamp::now();
        let configuration = instance(variant, 150, Base::Veth, "    use_vmac\n");
        lan.routers[0]
            .start(&configuration.replace("global_defs {", "global_defs {\n vrrp_startup_delay 3\n"));
        eventually("the interface is there", SOON, || {
            lan.routers[0].shell("ip -br link").contains("vrrp.51")
        });
        always("nothing leaves from it", Duration::from_secs(2), || {
            let frames = lan.wire.from(virtual_mac(variant), start);
            assert_eq!(frames, Vec::<Vec<u8>>::new());
            true
        });
        lan.expect_holder(lan.vip(100), 0, SOON);
    });
}

#[test]
fn an_ipv4_backup_sends_nothing_from_the_virtual_mac_address() {
    leaks_nothing("an_ipv4_backup_sends_nothing_from_the_virtual_mac_address", V4);
}

#[test]
fn an_ipv6_backup_sends_nothing_from_the_virtual_mac_address() {
    leaks_nothing("an_ipv6_backup_sends_nothing_from_the_virtual_mac_address", V6);
}

#[test]
fn the_answers_of_a_router_do_not_make_its_neighbours_forget_the_virtual_mac_address() {
    let test = "the_answers_of_a_router_do_not_make_its_neighbours_forget_the_virtual_mac_address";
    lab_test(test, &[], || {
        let mut lan = Lan::new(V4, &[Vipd], &[100]);
        let vip = lan.vip(100);
        lan.routers[0].start(&instance(V4, 150, Base::Veth, "    use_vmac\n"));
        lan.expect_holder(vip, 0, V4.down(150));
        for _ in 0..3 {
            // To answer, the router has to ask for the listener.
            lan.routers[0].shell("ip neigh flush all");
            assert!(shell(&lan, &format!("ping -c1 -W1 {vip}")).contains("1 received"));
            let known = shell(&lan, &format!("ip neigh show to {vip}"));
            assert!(known.contains(&words(virtual_mac(V4))), "{known}");
        }
    });
}

#[test]
fn an_interface_that_somebody_removes_is_made_again_and_the_router_stays_active() {
    let test = "an_interface_that_somebody_removes_is_made_again_and_the_router_stays_active";
    lab_test(test, &[], || {
        let mut lan = Lan::new(V4, &[Vipd], &[100]);
        let vip = lan.vip(100);
        lan.routers[0].start(&instance(V4, 150, Base::Veth, "    use_vmac\n"));
        lan.expect_holder(vip, 0, V4.down(150));
        let start = Stamp::now();
        lan.routers[0].shell("ip link del vrrp.51");
        eventually("the address is announced again", SOON, || lan.wire.announcements(vip, start) > 0);
        eventually("the address is back", SOON, || lan.routers[0].holds(vip));
        assert!(lan.wire.adverts(start).iter().all(|(_, advert)| advert.priority == 150));
        lan.routers[0].expect_record("VI_1", &["BACKUP", "MASTER"]);
    });
}

#[test]
fn an_interface_that_somebody_sets_down_takes_its_router_out() {
    lab_test("an_interface_that_somebody_sets_down_takes_its_router_out", &[], || {
        let mut lan = Lan::new(V4, &[Vipd], &[100]);
        let vip = lan.vip(100);
        lan.routers[0].start(&instance(V4, 150, Base::Veth, "    use_vmac\n"));
        lan.expect_holder(vip, 0, V4.down(150));
        lan.routers[0].shell("ip link set vrrp.51 down");
        lan.routers[0].expect_record("VI_1", &["BACKUP", "MASTER", "FAULT"]);
        lan.routers[0].shell("ip link set vrrp.51 up");
        lan.expect_holder(vip, 0, V4.down(150) + SOON);
    });
}

#[test]
fn after_a_crash_the_interface_is_taken_over_or_removed_and_the_settings_come_back() {
    let test = "after_a_crash_the_interface_is_taken_over_or_removed_and_the_settings_come_back";
    lab_test(test, &[], || {
        let mut lan = Lan::new(V4, &[Vipd], &[100]);
        let vip = lan.vip(100);
        let settings = "cat /proc/sys/net/ipv4/conf/eth0/arp_*";
        let before = lan.routers[0].shell(settings);
        let conf = instance(V4, 150, Base::Veth, "    use_vmac\n");
        lan.routers[0].start(&conf);
        lan.expect_holder(vip, 0, V4.down(150));
        let index = "ip -o link show dev vrrp.51 | cut -d: -f1";
        let first = lan.routers[0].shell(index);
        lan.routers[0].kill();
        lan.routers[0].trust();
        lan.routers[0].start(&conf);
        lan.routers[0].expect_log("taking over interface vrrp.51", SOON);
        lan.expect_holder(vip, 0, V4.down(150) + SOON);
        assert_eq!(lan.routers[0].shell(index), first);
        lan.routers[0].kill();
        lan.routers[0].trust();
        lan.routers[0].shell("ip link add link eth0 name vrrp.77 type macvlan mode private");
        lan.routers[0].start(&instance(V4, 150, Base::Veth, ""));
        eventually("our leftovers are gone, and links that are not ours stay", SOON, || {
            let links = lan.routers[0].shell("ip -br link");
            !links.contains("vrrp.51") && links.contains("vrrp.77")
        });
        eventually("the settings are as they were", SOON, || lan.routers[0].shell(settings) == before);
        lan.expect_holder(vip, 0, V4.down(150) + SOON);
    });
}

#[test]
fn a_reload_renames_adds_and_removes_the_interface_of_an_active_router() {
    let test = "a_reload_renames_adds_and_removes_the_interface_of_an_active_router";
    lab_test(test, &[], || {
        let mut lan = Lan::new(V4, &[Vipd], &[100]);
        let vip = lan.vip(100);
        lan.routers[0].start(&instance(V4, 150, Base::Veth, ""));
        lan.expect_holder(vip, 0, V4.down(150));
        let start = Stamp::now();
        for (lines, on) in [
            ("    use_vmac\n", "vrrp.51"),
            ("    use_vmac vm0\n", "vm0"),
            ("", "eth0"),
            ("    use_vmac\n", "vrrp.51"),
        ] {
            lan.routers[0].configure(&instance(V4, 150, Base::Veth, lines));
            lan.routers[0].signal(Signal::SIGHUP);
            eventually(&format!("the address is on {on}"), SOON, || {
                lan.routers[0].host.addresses().unwrap().contains(&(on.to_owned(), vip))
            });
            eventually("only the interface that is wanted is there", SOON, || {
                let links = lan.routers[0].shell("ip -br link");
                ["vrrp.51", "vm0"].iter().all(|name| links.contains(*name) == (*name == on))
            });
        }
        assert!(lan.wire.adverts(start).iter().all(|(_, advert)| advert.priority == 150), "it stays Active");
    });
}

#[test]
fn an_interface_that_is_not_ours_is_left_alone_and_its_router_stays_in_fault() {
    let test = "an_interface_that_is_not_ours_is_left_alone_and_its_router_stays_in_fault";
    lab_test(test, &[], || {
        let mut lan = Lan::new(V4, &[Vipd], &[100]);
        lan.routers[0].shell("ip link add vrrp.51 type bridge");
        lan.routers[0].start(&instance(V4, 150, Base::Veth, "    use_vmac\n"));
        lan.routers[0].expect_log("vrrp.51 is there already and is not ours", SOON);
        lan.routers[0].shell("ip link del vrrp.51");
        lan.expect_holder(lan.vip(100), 0, V4.down(150) + SOON);
    });
}

#[test]
fn the_interface_comes_back_with_its_base() {
    lab_test("the_interface_comes_back_with_its_base", &[], || {
        let mut lan = Lan::new(V4, &[Vipd], &[100]);
        let vip = lan.vip(100);
        Base::Bridge.set_up(&lan.routers[0], V4.address(1), 24);
        lan.routers[0].start(&instance(V4, 150, Base::Bridge, "    use_vmac\n"));
        lan.expect_holder(vip, 0, V4.down(150));
        lan.routers[0].shell("ip link del br0");
        eventually("it is gone", SOON, || !lan.routers[0].shell("ip -br link").contains("vrrp.51"));
        Base::Bridge.set_up(&lan.routers[0], V4.address(1), 24);
        lan.expect_holder(vip, 0, V4.down(150) + SOON);
        assert!(neighbour(&lan, vip).contains(&words(virtual_mac(V4))));
    });
}

#[test]
#[ignore = "needs a kernel with IPVS: cargo xtask vm"] // and with ipvlan, as that one
fn an_ipvlan_carries_the_addresses_and_adverts_come_from_its_own() {
    lab_test("an_ipvlan_carries_the_addresses_and_adverts_come_from_its_own", &[], || {
        let mut lan = Lan::new(V4, &[Vipd], &[100]);
        let (vip, start) = (lan.vip(100), Stamp::now());
        lan.routers[0].start(&instance(V4, 150, Base::Veth, "    use_ipvlan ipv0 192.0.2.9/24\n"));
        lan.expect_holder(vip, 0, V4.down(150) + SOON);
        assert!(lan.routers[0].host.addresses().unwrap().contains(&("ipv0".to_owned(), vip)));
        for address in [vip, V4.address(9)] {
            assert!(shell(&lan, &format!("ping -c1 -W1 {address}")).contains("1 received"), "{address}");
        }
        assert!(lan.wire.adverts(start).iter().all(|(_, advert)| advert.source == V4.address(9)));
        lan.routers[0].stop();
        let links = lan.routers[0].shell("ip -br link");
        assert!(!links.contains("ipv0"), "{links}");
    });
}

#[test]
fn a_router_whose_subnet_is_on_the_virtual_interface_finds_its_ipv6_neighbours() {
    let test = "a_router_whose_subnet_is_on_the_virtual_interface_finds_its_ipv6_neighbours";
    lab_test(test, &[], || {
        let mut lan = Lan::new(V6, &[Vipd], &[100]);
        let vip = lan.vip(100);
        lan.routers[0].shell("ip addr flush dev eth0 scope global; ip addr add 2001:db8:7::1/128 dev lo");
        let link_local = lan.routers[0].shell("ip -6 -br addr show dev eth0 | grep -o 'fe80[^/]*'");
        let real = mac_of(&lan.routers[0], "eth0");
        lan.routers[0].start(&instance(V6, 150, Base::Veth, "    use_vmac\n"));
        lan.expect_holder(vip, 0, V6.down(150) + SOON);
        shell(&lan, &format!("ip -6 route add 2001:db8:7::/64 via {vip}"));
        // To answer from the other subnet, it asks for the listener in the name of a link-local address.
        let answers = shell(&lan, "ping -6 -c3 -i0.3 -W1 2001:db8:7::1");
        assert!(!answers.contains(" 0 received"), "{answers}");
        let own = link_local.trim();
        let known = shell(&lan, &format!("ping -6 -c1 -W1 {own}%eth0 >/dev/null; ip -6 neigh show to {own}"));
        assert!(known.contains(&real), "{known}");
    });
}

#[test]
fn addresses_on_another_interface_have_the_virtual_mac_address_there_too() {
    let test = "addresses_on_another_interface_have_the_virtual_mac_address_there_too";
    lab_test(test, &[], || {
        let mut lan = Lan::new(V4, &[Vipd], &[100, 101]);
        lan.routers[0]
            .shell("ip link add eth1 type veth peer name eth2; ip link set eth1 up; ip link set eth2 up");
        let other = "    use_vmac_addr\n    virtual_ipaddress_excluded {\n        192.0.2.101/24 dev eth1\n        \
                     2001:db8::100/64\n    }\n    use_vmac vm0\n";
        lan.routers[0].start(&instance(V4, 150, Base::Veth, other));
        lan.expect_holder(lan.vip(101), 0, V4.down(150) + SOON);
        let on = |name: &str, address: &str| {
            let address: IpAddr = address.parse().unwrap();
            lan.routers[0].host.addresses().unwrap().contains(&(name.to_owned(), address))
        };
        eventually("each is on an interface of its family", SOON, || {
            on("vm0", "192.0.2.100") && on("vrrp.51", "192.0.2.101") && on("vrrp6.51", "2001:db8::100")
        });
    });
}
