//! FIFOs: the lines about instances are keepalived's.

#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

mod common;

use std::time::Duration;

use common::conf::{Instance, V3_CALM, text};
use common::hosts::{KEEPALIVED, Maker};
use common::lan::Lan;
use common::{eventually, lab_test};
use nix::sys::signal::Signal;

const SOON: Duration = Duration::from_secs(4);

/// Lines that readers of the FIFOs of this name get while an instance comes, and two go: one by a reload, one at the
/// stop.
fn lines(maker: Maker, keyword: &str) -> Vec<String> {
    let mut lan = Lan::new(V3_CALM, &[maker], &[100, 101]);
    let instances = [Instance::new(V3_CALM, 150), Instance::second(V3_CALM, 120)];
    let globals = format!("global_defs {{\n {keyword} /etc/keepalived/fifo\n}}\n");
    let router = &mut lan.routers[0];
    router.shell("mkfifo /etc/keepalived/fifo");
    // A reader sees the end at the reload, and opens the FIFO again.
    router.shell(
        "(while :; do cat /etc/keepalived/fifo; done >/etc/keepalived/lines) </dev/null >/dev/null 2>&1 &",
    );
    router.start(&[&globals, text(&instances).as_str()].concat());
    let (first, second) = (lan.vip(100), lan.vip(101));
    lan.expect_holder(first, 0, V3_CALM.down(150));
    lan.expect_holder(second, 0, V3_CALM.down(120));
    let router = &mut lan.routers[0];
    router.configure(&[&globals, text(&instances[..1]).as_str()].concat());
    router.signal(Signal::SIGHUP);
    let read = |router: &common::hosts::Router| -> Vec<String> {
        let text = router.host.read_file("/etc/keepalived/lines").unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    };
    eventually("the deletion is told", SOON, || read(router).len() >= 5);
    router.stop();
    eventually("the stop is told", SOON, || read(router).len() >= 6);
    let mut lines = read(router);
    // The two instances are independent of each other.
    lines[..4].sort();
    lines
}

#[test]
fn instances_are_told_to_fifos_in_keepalived_s_words() {
    lab_test("instances_are_told_to_fifos_in_keepalived_s_words", &[KEEPALIVED], || {
        for keyword in ["vrrp_notify_fifo", "notify_fifo"] {
            let ours = lines(Maker::Vipd, keyword);
            let expected = [
                "INSTANCE \"VI_1\" BACKUP 150",
                "INSTANCE \"VI_1\" MASTER 150",
                "INSTANCE \"VI_2\" BACKUP 120",
                "INSTANCE \"VI_2\" MASTER 120",
                "INSTANCE \"VI_2\" FAULT 120",
                "INSTANCE \"VI_1\" STOP 150",
            ];
            assert_eq!(ours, expected, "{keyword}");
            assert_eq!(ours, lines(Maker::Keepalived, keyword), "{keyword}");
        }
    });
}
