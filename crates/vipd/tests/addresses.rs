//! Virtual addresses in a real kernel: their owners, announcements, and leftovers.

#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

mod common;

use std::net::IpAddr;
use std::time::Duration;

use common::conf::{Instance, V3_CALM, text};
use common::hosts::Maker::Vipd;
use common::hosts::Router;
use common::lan::Lan;
use common::wire::Seen;
use common::{always, eventually, lab_test};
use nix::sys::signal::Signal;
use vip_lab::Stamp;
use vip_lab::daemon::{Daemon, Program};
use vip_lab::frame::Frame;

const SOON: Duration = Duration::from_secs(4);

fn alone(vips: &[u8]) -> Lan {
    Lan::new(V3_CALM, &[Vipd], vips)
}

fn has(router: &Router, address: &str) -> bool {
    let address: IpAddr = address.parse().unwrap();
    router.host.addresses().unwrap().iter().any(|(_, own)| *own == address)
}

#[test]
fn an_address_that_the_kernel_refuses_is_not_announced() {
    lab_test("an_address_that_the_kernel_refuses_is_not_announced", &[], || {
        let mut lan = alone(&[100]);
        lan.routers[0].host.set_sysctl("ipv6/conf/eth0/disable_ipv6", "1").unwrap();
        let instance = Instance::new(V3_CALM, 150)
            .with("    virtual_ipaddress_excluded {\n        2001:db8::100/64\n    }\n");
        let start = Stamp::now();
        lan.routers[0].start(&text(&[instance]));
        let refused: IpAddr = "2001:db8::100".parse().unwrap();
        eventually("the other address is announced", SOON, || {
            lan.wire.announcements(lan.vip(100), start) > 5
        });
        lan.routers[0].expect_log("cannot add 2001:db8::100/64 to eth0", SOON);
        assert_eq!(lan.wire.announcements(refused, start), 0);

        lan.routers[0].host.set_sysctl("ipv6/conf/eth0/disable_ipv6", "0").unwrap();
        eventually("it is there", SOON, || has(&lan.routers[0], "2001:db8::100"));
        eventually("it is announced", SOON, || lan.wire.announcements(refused, start) > 0);
    });
}

#[test]
fn at_a_takeover_the_advert_comes_first_and_announcements_come_last() {
    lab_test("at_a_takeover_the_advert_comes_first_and_announcements_come_last", &[], || {
        let mut lan = alone(&[100, 101, 102]);
        let instance = Instance::new(V3_CALM, 150).vip(101).vip(102);
        lan.routers[0].start(&text(&[instance]));
        let start = Stamp::now();
        eventually("it is announced", SOON, || lan.wire.announcements(lan.vip(102), start) > 0);
        let seen = lan.wire.seen();
        let advert = seen.iter().position(|seen| matches!(seen.frame, Frame::Advert(_))).unwrap();
        let announcement =
            seen.iter().position(|seen| matches!(seen.frame, Frame::Announcement { .. })).unwrap();
        assert!(advert < announcement, "{seen:?}");
    });
}

#[test]
fn the_address_owner_keeps_the_address_of_its_interface() {
    lab_test("the_address_owner_keeps_the_address_of_its_interface", &[], || {
        let mut lan = alone(&[1]);
        let own = lan.vip(1);
        let instance = Instance { vips: vec![1], ..Instance::new(V3_CALM, 255) };
        let start = Stamp::now();
        lan.routers[0].start(&text(&[instance]));
        eventually("it is announced", SOON, || lan.wire.announcements(own, start) > 0);
        assert_eq!(lan.routers[0].log_count("removing"), 0);
        let sources: Vec<_> = lan.wire.adverts(start).into_iter().map(|(_, advert)| advert.source).collect();
        assert!(!sources.is_empty() && sources.iter().all(|source| *source == own), "{sources:?}");
        lan.routers[0].stop();
        assert!(has(&lan.routers[0], "192.0.2.1"));
    });
}

#[test]
fn leftovers_of_a_dead_router_are_removed_and_addresses_of_the_host_stay() {
    lab_test("leftovers_of_a_dead_router_are_removed_and_addresses_of_the_host_stay", &[], || {
        let mut lan = alone(&[100, 101]);
        let (old, new) = (lan.vip(100), lan.vip(101));
        lan.routers[0].start(&text(&[Instance::new(V3_CALM, 150)]));
        lan.expect_holder(old, 0, V3_CALM.down(150));
        lan.routers[0].kill();
        assert!(lan.routers[0].holds(old));
        // Of another prefix length, and in its subnet.
        lan.routers[0].shell("ip addr add 192.0.2.100/32 dev eth0; ip addr add 192.0.2.77/24 dev eth0");
        lan.routers[0].trust();
        lan.routers[0].start(&text(&[Instance { vips: vec![101], ..Instance::new(V3_CALM, 150) }]));
        lan.expect_holder(new, 0, V3_CALM.down(150));
        lan.routers[0].expect_log("removing 192.0.2.100/24 from eth0", SOON);
        let list = lan.routers[0].shell("ip -o -4 addr show dev eth0");
        assert!(!list.contains("192.0.2.100/24"), "{list}");
        for kept in ["192.0.2.1/24", "192.0.2.77/24", "192.0.2.100/32"] {
            assert!(list.contains(kept), "{kept}: {list}");
        }
    });
}

#[test]
fn promote_secondaries_is_set_as_long_as_the_daemon_runs() {
    lab_test("promote_secondaries_is_set_as_long_as_the_daemon_runs", &[], || {
        let mut lan = alone(&[100]);
        let setting =
            |lan: &Lan| lan.routers[0].shell("cat /proc/sys/net/ipv4/conf/eth0/promote_secondaries");
        lan.routers[0].host.set_sysctl("ipv4/conf/eth0/promote_secondaries", "0").unwrap();
        lan.routers[0].start(&text(&[Instance::new(V3_CALM, 150).with("    promote_secondaries\n")]));
        eventually("it is set", SOON, || setting(&lan) == "1");
        lan.routers[0].stop();
        assert_eq!(setting(&lan), "0");
    });
}

#[test]
fn a_reload_changes_how_fast_addresses_are_announced() {
    lab_test("a_reload_changes_how_fast_addresses_are_announced", &[], || {
        let mut lan = alone(&[100, 101, 102]);
        let (first, new) = (lan.vip(100), [lan.vip(101), lan.vip(102)]);
        let start = Stamp::now();
        lan.routers[0].start(&text(&[Instance::new(V3_CALM, 150)]));
        eventually("it is announced", SOON, || lan.wire.announcements(first, start) > 0);
        let more = text(&[Instance::new(V3_CALM, 150).vip(101).vip(102)]);
        let spaced = more.replace("router_id lab\n", "router_id lab\n    vrrp_garp_interval 0.3\n");
        assert_ne!(more, spaced);
        lan.routers[0].configure(&spaced);
        lan.routers[0].signal(Signal::SIGHUP);
        let times = || -> Vec<Stamp> {
            let is_new = |seen: &Seen| matches!(seen.frame, Frame::Announcement { address, .. } if new.contains(&address));
            lan.wire.seen().into_iter().filter(is_new).map(|seen| seen.at).collect()
        };
        eventually("the new ones are announced", SOON, || times().len() >= 3);
        for pair in times().windows(2) {
            assert!(pair[1].since(pair[0]) > Duration::from_millis(200), "{pair:?}");
        }
    });
}

/// Starts a second daemon on the same machine.
fn second(router: &Router, configuration: &str) -> Daemon {
    router.host.write_file("/etc/keepalived/second.conf", configuration).unwrap();
    let files = ["-p", "/run/second.pid", "-r", "/run/second-vrrp.pid", "-c", "/run/second-check.pid"];
    let usual = ["-n", "-l", "-D", "-G", "-P", "-f", "{conf}"];
    let program = Program::new(env!("CARGO_BIN_EXE_vipd"), &[usual.as_slice(), &files].concat());
    Daemon::start(&router.host, program.command("/etc/keepalived/second.conf")).unwrap()
}

#[test]
fn daemons_of_one_machine_leave_each_others_addresses_alone() {
    lab_test("daemons_of_one_machine_leave_each_others_addresses_alone", &[], || {
        let mut lan = alone(&[100, 101, 102]);
        let [first, other, later] = [100, 101, 102].map(|last| lan.vip(last));
        lan.routers[0].start(&text(&[Instance::new(V3_CALM, 150)]));
        lan.expect_holder(first, 0, V3_CALM.down(150));
        let mut neighbour = second(&lan.routers[0], &text(&[Instance::second(V3_CALM, 150)]));
        eventually("both serve", SOON, || lan.routers[0].holds(other));

        // One dies and comes again with another address: its own goes, the other daemon's stays.
        lan.routers[0].kill();
        assert!(lan.routers[0].holds(first));
        lan.routers[0].trust();
        lan.routers[0].start(&text(&[Instance { vips: vec![102], ..Instance::new(V3_CALM, 150) }]));
        eventually("it serves again", SOON, || lan.routers[0].holds(later));
        eventually("its old address goes", SOON, || !lan.routers[0].holds(first));
        always("the other's address stays", Duration::from_secs(1), || lan.routers[0].holds(other));
        assert!(neighbour.log().iter().all(|line| !line.text.contains("somebody removed")));

        neighbour.kill();
        drop(neighbour);
        assert!(lan.routers[0].holds(other), "nobody removed it");
        lan.routers[0].stop();
        lan.routers[0].start_again();
        eventually("the next daemon removes it", SOON, || !lan.routers[0].holds(other));
    });
}
