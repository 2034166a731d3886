//! Routers that accept no packets for their virtual addresses, in a real kernel.

#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

mod common;

use std::net::IpAddr;
use std::process::{Command, Stdio};
use std::time::Duration;

use common::conf::{Instance, V3_CALM, V3_IPV6, Variant, text};
use common::hosts::Maker::Vipd;
use common::hosts::Router;
use common::lan::Lan;
use common::{always, eventually, lab_test, skip};
use nix::sys::signal::Signal;
use vip_lab::Host;

const SOON: Duration = Duration::from_secs(6);

/// A lone router; `None` where the kernel has no nftables.
fn alone(test: &str, variant: Variant, vips: &[u8]) -> Option<Lan> {
    let lan = Lan::new(variant, &[Vipd], vips);
    let answer = nft(&lan.routers[0].host, "add table ip probe; add table ip6 probe; flush ruleset");
    if answer.is_empty() {
        return Some(lan);
    }
    skip(test, &format!("nft: {answer}"));
    None
}

/// The answer of the program `nft`, errors too.
fn nft(host: &Host, commands: &str) -> String {
    output(host, "nft", &commands.split(' ').collect::<Vec<_>>())
}

fn output(host: &Host, program: &str, arguments: &[&str]) -> String {
    let mut command = Command::new("sh");
    command.args(["-c", "exec \"$0\" \"$@\" 2>&1", program]).args(arguments).stdout(Stdio::piped());
    let output = host.spawn(command).unwrap().wait_with_output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn ruleset(router: &Router) -> String {
    nft(&router.host, "list ruleset")
}

/// Whether the listener gets an answer from that address.
fn answers(lan: &Lan, address: IpAddr) -> bool {
    output(&lan.listener, "ping", &["-c1", "-W1", "-q", &address.to_string()]).contains(" 1 received")
}

fn expect(lan: &Lan, address: IpAddr, expected: bool) {
    // A first packet may be lost to a stale neighbour entry.
    eventually(&format!("{address} answers: {expected}"), SOON, || answers(lan, address) == expected);
}

#[test]
fn a_virtual_address_is_silent_and_nothing_is_left_of_it() {
    const NAME: &str = "a_virtual_address_is_silent_and_nothing_is_left_of_it";
    lab_test(NAME, &["/usr/sbin/nft", "/usr/bin/ping"], || {
        let Some(mut lan) = alone(NAME, V3_CALM, &[100]) else { return };
        let excluded = V3_CALM.address(110);
        let instance = Instance::new(V3_CALM, 150)
            .with("    no_accept\n    virtual_ipaddress_excluded {\n        192.0.2.110/24\n    }\n");
        lan.routers[0].start(&text(&[instance]));
        lan.expect_holder(lan.vip(100), 0, SOON);
        expect(&lan, V3_CALM.address(1), true);
        for address in [lan.vip(100), excluded] {
            assert!(!answers(&lan, address), "{address}");
        }
        // Somebody opens it: it is closed again, and the table of others stays.
        nft(&lan.routers[0].host, "flush ruleset");
        nft(&lan.routers[0].host, "add table ip others");
        eventually("the table is made again", SOON, || ruleset(&lan.routers[0]).contains("192.0.2.100"));
        assert!(!answers(&lan, lan.vip(100)));
        lan.routers[0].stop();
        assert_eq!(ruleset(&lan.routers[0]).trim(), "table ip others {\n}");
    });
}

#[test]
fn a_silent_ipv6_address_is_found_by_its_neighbours() {
    const NAME: &str = "a_silent_ipv6_address_is_found_by_its_neighbours";
    lab_test(NAME, &["/usr/sbin/nft", "/usr/bin/ping"], || {
        let Some(mut lan) = alone(NAME, V3_IPV6, &[100]) else { return };
        let instance = Instance::new(V3_IPV6, 150)
            .with("    no_accept\n    virtual_ipaddress_excluded {\n        fe80::100/64\n    }\n");
        lan.routers[0].start(&text(&[instance]));
        lan.expect_holder(lan.vip(100), 0, SOON);
        expect(&lan, V3_IPV6.address(1), true);
        assert!(!answers(&lan, lan.vip(100)));
        let neighbours = output(&lan.listener, "ip", &["neigh", "show", &lan.vip(100).to_string()]);
        assert!(neighbours.contains("lladdr"), "{neighbours}");
        let rules = ruleset(&lan.routers[0]);
        assert!(rules.contains("elements = { fe80::100 . \"eth0\" }"), "{rules}");
        lan.routers[0].stop();
        assert_eq!(ruleset(&lan.routers[0]), "");
    });
}

#[test]
fn a_reload_closes_and_opens_an_address_that_stays() {
    const NAME: &str = "a_reload_closes_and_opens_an_address_that_stays";
    lab_test(NAME, &["/usr/sbin/nft", "/usr/bin/ping"], || {
        let Some(mut lan) = alone(NAME, V3_CALM, &[100]) else { return };
        let with = |extra| text(&[Instance::new(V3_CALM, 150).with(extra)]);
        lan.routers[0].start(&with(""));
        lan.expect_holder(lan.vip(100), 0, SOON);
        expect(&lan, lan.vip(100), true);
        for (extra, expected) in [
            ("    no_accept\n", false),
            ("    accept\n", true),
            ("    strict_mode\n", false),
            ("    strict_mode\n    accept\n", true),
            ("    no_accept\n", false),
            ("", true),
        ] {
            lan.routers[0].configure(&with(extra));
            lan.routers[0].signal(Signal::SIGHUP);
            expect(&lan, lan.vip(100), expected);
            let table = ruleset(&lan.routers[0]);
            assert_eq!(table.contains("192.0.2.100"), !expected, "{extra}: {table}");
        }
        assert_eq!(ruleset(&lan.routers[0]), "");
    });
}

#[test]
fn a_table_that_a_killed_daemon_left_is_adopted_or_removed() {
    const NAME: &str = "a_table_that_a_killed_daemon_left_is_adopted_or_removed";
    lab_test(NAME, &["/usr/sbin/nft", "/usr/bin/ping"], || {
        let Some(mut lan) = alone(NAME, V3_CALM, &[100]) else { return };
        let with = |extra| text(&[Instance::new(V3_CALM, 150).with(extra)]);
        for (extra, closed) in [("    no_accept\n", true), ("", false)] {
            lan.routers[0].start(&with("    no_accept\n"));
            lan.expect_holder(lan.vip(100), 0, SOON);
            lan.routers[0].host.kill_all();
            lan.routers[0].wait(SOON);
            assert!(ruleset(&lan.routers[0]).contains("192.0.2.100"));
            lan.routers[0].start(&with(extra));
            lan.expect_holder(lan.vip(100), 0, SOON);
            expect(&lan, lan.vip(100), !closed);
            let tables = ruleset(&lan.routers[0]);
            assert_eq!(tables.matches("table ip ").count(), usize::from(closed), "{tables}");
            lan.routers[0].stop();
            assert_eq!(ruleset(&lan.routers[0]), "");
        }
    });
}

#[test]
fn an_owner_answers_and_a_table_of_somebody_else_is_left_alone() {
    const NAME: &str = "an_owner_answers_and_a_table_of_somebody_else_is_left_alone";
    lab_test(NAME, &["/usr/sbin/nft", "/usr/bin/ping"], || {
        let Some(mut lan) = alone(NAME, V3_CALM, &[100, 101]) else { return };
        nft(&lan.routers[0].host, "add table ip keepalived");
        let owner = Instance::new(V3_CALM, 255).with("    no_accept\n");
        let other = Instance::second(V3_CALM, 100).with("    no_accept\n");
        lan.routers[0].start(&text(&[owner, other]));
        lan.expect_holder(lan.vip(100), 0, SOON);
        lan.expect_holder(lan.vip(101), 0, SOON);
        expect(&lan, lan.vip(100), true);
        assert!(!answers(&lan, lan.vip(101)));
        lan.routers[0].expect_log("another program has made the table keepalived of nftables", SOON);
        always("the other table is empty", Duration::from_millis(200), || {
            nft(&lan.routers[0].host, "list table ip keepalived").trim() == "table ip keepalived {\n}"
        });
        lan.routers[0].stop();
        assert_eq!(ruleset(&lan.routers[0]).trim(), "table ip keepalived {\n}");
    });
}
