//! Routes and policy rules move with the address they belong to, come back when somebody removes them, and leave
//! nothing behind; static ones are there as long as the daemon runs.

#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

mod common;

use std::time::Duration;

use common::conf::{Instance, V3_IPV4, text};
use common::hosts::Maker::{Keepalived, Vipd};
use common::hosts::{Router, WORKER_PID};
use common::lan::Lan;
use common::{eventually, lab_test};

const SOON: Duration = Duration::from_secs(2);

/// Configuration of load balancers in a cloud: a table of their own, chosen by the source address.
const AMPHORA: &str = "    virtual_routes {
        default via 192.0.2.254 dev eth0 onlink table 1
        192.0.2.0/24 dev eth0 src 192.0.2.100 scope link table 1
        2001:db8:7::/48 via fe80::1 dev eth0
    }
    virtual_rules {
        from 192.0.2.100/32 table 1 priority 100
    }";

const AMPHORA_HAS: &str = "default via 192.0.2.254 dev eth0 proto keepalived onlink
192.0.2.0/24 dev eth0 proto keepalived scope link src 192.0.2.100
2001:db8:7::/48 via fe80::1 dev eth0 proto keepalived metric 1024 pref medium
100: from 192.0.2.100 lookup 1 proto keepalived";

/// Everything of the protocol's number, in table 1 and in the main table.
fn held(router: &Router) -> String {
    let shown = router.shell(
        "(ip route show table 1; ip route show proto keepalived; ip -6 route show proto keepalived; ip rule show | grep \
         keepalived) 2>/dev/null",
    );
    shown.replace(":\t", ": ").lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

#[track_caller]
fn expect(router: &Router, what: &str, expected: &str) {
    // IPv6 shows the protocol only where it was not asked for.
    let same =
        |shown: String| shown.replace(" proto keepalived", "") == expected.replace(" proto keepalived", "");
    eventually(&format!("{what}: {expected:?}, not {:?}", held(router)), SOON, || same(held(router)));
}

#[test]
fn routes_and_rules_move_with_the_address() {
    lab_test("routes_and_rules_move_with_the_address", &["/usr/sbin/keepalived"], || {
        let mut lan = Lan::new(V3_IPV4, &[Vipd, Keepalived], &[100]);
        let vip = lan.vip(100);
        for (router, priority) in [(0, 150), (1, 100)] {
            lan.routers[router].start(&text(&[Instance::new(V3_IPV4, priority).with(AMPHORA)]));
        }
        lan.expect_holder(vip, 0, Duration::from_secs(5));
        expect(&lan.routers[0], "the MASTER has them", AMPHORA_HAS);
        expect(&lan.routers[1], "the BACKUP has none", "");
        lan.routers[0].stop();
        lan.expect_holder(vip, 1, Duration::from_secs(5));
        expect(&lan.routers[1], "keepalived has the same", AMPHORA_HAS);
        expect(&lan.routers[0], "nothing is left", "");
    });
}

#[test]
fn routes_are_restored_after_a_foreign_removal_and_after_a_kill() {
    let name = "routes_are_restored_after_a_foreign_removal_and_after_a_kill";
    lab_test(name, &[], || {
        let mut lan = Lan::new(V3_IPV4, &[Vipd], &[100]);
        let vip = lan.vip(100);
        lan.routers[0].start(&text(&[Instance::new(V3_IPV4, 150).with(AMPHORA)]));
        lan.expect_holder(vip, 0, Duration::from_secs(5));
        expect(&lan.routers[0], "at first", AMPHORA_HAS);
        lan.routers[0]
            .shell("ip route del default table 1; ip rule del priority 100; ip -6 route del 2001:db8:7::/48");
        lan.routers[0].expect_log("it was restored", SOON);
        expect(&lan.routers[0], "put back", AMPHORA_HAS);
        assert_eq!(lan.routers[0].log_count("Entering MASTER STATE"), 1, "the state did not change");
        let kill = format!("kill -KILL $(cat {WORKER_PID}) && echo sent");
        assert_eq!(lan.routers[0].shell(&kill), "sent");
        lan.routers[0].expect_log("Resuming as master", SOON);
        expect(&lan.routers[0], "adopted", AMPHORA_HAS);
        assert_eq!(lan.routers[0].shell(&kill), "sent");
        lan.routers[0].configure(&text(&[Instance::new(V3_IPV4, 150)]));
        lan.routers[0].signal(nix::sys::signal::Signal::SIGHUP);
        expect(&lan.routers[0], "dropped by a reload while the worker was dead", "");
    });
}

#[test]
fn statics_stay_as_long_as_the_daemon_runs() {
    lab_test("statics_stay_as_long_as_the_daemon_runs", &[], || {
        let mut lan = Lan::new(V3_IPV4, &[Vipd], &[100]);
        let statics = |route: &str| {
            let instance = text(&[Instance::new(V3_IPV4, 150)]);
            format!(
                "{instance}\nstatic_ipaddress {{\n 10.9.0.1/24 dev eth0\n}}\nstatic_routes {{\n {route}\n}}\nstatic_rules \
                 {{\n from 10.9.0.0/24 table 9 priority 900\n}}\n"
            )
        };
        lan.routers[0].start(&statics("10.50.0.0/16 via 10.9.0.254 dev eth0"));
        let rule = "900: from 10.9.0.0/24 lookup 9 proto keepalived";
        expect(&lan.routers[0], "at first", &format!("10.50.0.0/16 via 10.9.0.254 dev eth0\n{rule}"));
        lan.routers[0].shell("ip addr del 10.9.0.1/24 dev eth0");
        lan.routers[0].expect_log("somebody removed the static address 10.9.0.1", SOON);
        expect(&lan.routers[0], "put back", &format!("10.50.0.0/16 via 10.9.0.254 dev eth0\n{rule}"));
        lan.routers[0].configure(&statics("10.51.0.0/16 via 10.9.0.253 dev eth0"));
        lan.routers[0].signal(nix::sys::signal::Signal::SIGHUP);
        expect(&lan.routers[0], "reloaded", &format!("10.51.0.0/16 via 10.9.0.253 dev eth0\n{rule}"));
        lan.routers[0].stop();
        expect(&lan.routers[0], "nothing is left", "");
        assert_eq!(lan.routers[0].shell("ip -o -4 addr show to 10.9.0.1"), "");
    });
}
