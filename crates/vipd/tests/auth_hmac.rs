//! Routers that sign their adverts (`auth_hmac`): roll-out and rotation by reload, a wrong key, repeated packets.

#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

mod common;

use std::thread::sleep;
use std::time::Duration;

use common::conf::{Instance, V3_CALM, V3_IPV6, V3_IPV6_UNICAST, Variant, text};
use common::hosts::Maker::Vipd;
use common::hosts::{Router, WORKER_PID};
use common::lan::Lan;
use common::{eventually, lab_test};
use nix::sys::signal::Signal;
use vip_lab::Stamp;
use vip_lab::frame::Frame;
use vrrp_linux::announce::Announcer;
use vrrp_linux::links::LinkCommands;

const A: usize = 0;
const B: usize = 1;
const HIGH: u8 = 150;
const LOW: u8 = 100;
const SOON: Duration = Duration::from_secs(5);

macro_rules! hmac {
    ($($lines:literal)*) => { concat!("    auth_hmac {\n", $("        ", $lines, "\n",)* "    }\n") };
}

const KEY_1: &str = hmac!("key 1 0123456789abcdef0123456789abcdef" "active_key 1");
const OTHER_1: &str = hmac!("key 1 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" "active_key 1");
const RECEIVES: &str = hmac!("key 1 0123456789abcdef0123456789abcdef" "active_key 1" "mode receive-only");
const PERMITS: &str = hmac!("key 1 0123456789abcdef0123456789abcdef" "active_key 1" "mode permissive");
const BOTH: &str = hmac!(
    "key 1 0123456789abcdef0123456789abcdef" "key 2 hex:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
    "active_key 1"
);
const BOTH_SIGN_2: &str = hmac!(
    "key 1 0123456789abcdef0123456789abcdef" "key 2 hex:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
    "active_key 2"
);
const KEY_2: &str =
    hmac!("key 2 hex:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff" "active_key 2");
const MONOTONIC: &str =
    hmac!("key 1 0123456789abcdef0123456789abcdef" "active_key 1" "anti_replay monotonic");

fn pair(variant: Variant, lines: &'static str) -> Lan {
    let mut lan = Lan::new(variant, &[Vipd, Vipd], &[100]);
    let vip = lan.vip(100);
    for (router, priority) in [(A, HIGH), (B, LOW)] {
        lan.routers[router].start(&text(&[Instance::new(variant, priority).with(lines)]));
        lan.expect_holder(vip, A, variant.down(HIGH) + Duration::from_secs(2));
    }
    lan.routers[B].expect_record("VI_1", &["BACKUP"]);
    lan
}

fn reload(router: &Router, variant: Variant, priority: u8, lines: &'static str) {
    let before = router.log_count("Reload complete");
    router.configure(&text(&[Instance::new(variant, priority).with(lines)]));
    router.signal(Signal::SIGHUP);
    eventually("it is reloaded", SOON, || router.log_count("Reload complete") > before);
}

fn statistics(router: &Router) -> String {
    const STATS: &str = "/tmp/keepalived.stats";
    router.host.remove_file(STATS).unwrap();
    router.signal(Signal::SIGUSR2);
    eventually("the statistics are written", SOON, || {
        router.host.read_file(STATS).is_ok_and(|text| !text.is_empty())
    });
    router.host.read_file(STATS).unwrap()
}

#[test]
fn signatures_are_rolled_out_and_a_key_is_rotated_and_no_advert_is_rejected() {
    lab_test("signatures_are_rolled_out_and_a_key_is_rotated_and_no_advert_is_rejected", &[], || {
        for variant in [V3_CALM, V3_IPV6, V3_IPV6_UNICAST] {
            let lan = pair(variant, "");
            let vip = lan.vip(100);
            for lines in [RECEIVES, PERMITS, KEY_1, BOTH, BOTH_SIGN_2, KEY_2] {
                for (router, priority) in [(B, LOW), (A, HIGH)] {
                    reload(&lan.routers[router], variant, priority, lines);
                    lan.stays_with(vip, A, variant.interval * 2);
                }
            }
            lan.routers[B].expect_record("VI_1", &["BACKUP"]);
            for router in &lan.routers {
                assert_eq!(router.log_count("bad advert"), 0);
                assert_eq!(router.log_count("Entering FAULT STATE"), 0);
            }
            // No secret is in a log.
            for secret in ["0123456789abcdef", "00112233"] {
                assert_eq!(lan.routers[A].log_count(secret), 0);
            }
        }
    });
}

#[test]
fn a_router_with_a_wrong_key_is_not_obeyed_and_says_why() {
    lab_test("a_router_with_a_wrong_key_is_not_obeyed_and_says_why", &[], || {
        let lan = pair(V3_CALM, KEY_1);
        let b = &lan.routers[B];
        reload(b, V3_CALM, LOW, OTHER_1);
        b.expect_log("wrong digest in the authentication trailer (key 1)", SOON);
        b.expect_record("VI_1", &["BACKUP", "MASTER"]);
        assert!(statistics(b).contains("Extension Unknown Key: 0"));
        assert!(!statistics(b).contains("Extension Invalid HMAC: 0"));
        reload(b, V3_CALM, LOW, KEY_1);
        b.expect_record("VI_1", &["BACKUP", "MASTER", "BACKUP"]);
        // One that does not sign at all.
        reload(b, V3_CALM, LOW, "");
        b.expect_record("VI_1", &["BACKUP", "MASTER", "BACKUP", "MASTER"]);
        lan.routers[A].expect_log("no authentication trailer", SOON);
    });
}

#[test]
fn an_instance_without_the_key_that_signs_stays_in_fault() {
    lab_test("an_instance_without_the_key_that_signs_stays_in_fault", &[], || {
        let mut lan = Lan::new(V3_CALM, &[Vipd], &[100]);
        let lines = hmac!("key 1 0123456789abcdef0123456789abcdef" "active_key 2");
        lan.routers[0].start(&text(&[Instance::new(V3_CALM, HIGH).with(lines)]));
        lan.routers[0].expect_log("`active_key` 2 is none of its keys", SOON);
        lan.routers[0].expect_log("Entering FAULT STATE", SOON);
        sleep(V3_CALM.down(HIGH));
        assert!(!lan.routers[0].holds(lan.vip(100)));
    });
}

/// A recording of an Active's adverts cannot make others believe that it is still there.
#[test]
fn repeated_packets_are_rejected_also_after_a_worker_was_killed() {
    lab_test("repeated_packets_are_rejected_also_after_a_worker_was_killed", &[], || {
        for lines in [KEY_1, MONOTONIC] {
            let mut lan = pair(V3_CALM, lines);
            let vip = lan.vip(100);
            sleep(V3_CALM.interval * 4);
            lan.routers[A].kill();
            let recorded = recorded(&lan);
            assert!(recorded.len() > 3, "{}", recorded.len());
            lan.expect_holder(vip, B, V3_CALM.down(LOW));

            let attacker = lan.lab.host("attacker", "eth0", &["192.0.2.66/24".parse().unwrap()]).unwrap();
            let (mut announcer, index) = attacker
                .run(|| (Announcer::open().unwrap(), LinkCommands::open().unwrap().index_of("eth0").unwrap()))
                .unwrap();
            let mut replay = || {
                let frames: Vec<_> = recorded.iter().map(|frame| (index, frame.as_slice())).collect();
                announcer.send(&frames, |_, result| result.unwrap());
            };
            replay();
            lan.routers[B].expect_log("a repeated packet", SOON);
            lan.stays_with(vip, B, V3_CALM.interval * 3);

            lan.routers[B].shell(&format!("kill -9 $(cat {WORKER_PID})"));
            lan.routers[B].expect_log("Resuming as master after a restart of the worker", SOON);
            for _ in 0..5 {
                replay();
                lan.stays_with(vip, B, V3_CALM.interval);
            }
            assert_eq!(lan.routers[B].log_count("Entering BACKUP STATE"), 1, "at the start");
        }
    });
}

/// The frames with adverts of A.
fn recorded(lan: &Lan) -> Vec<Vec<u8>> {
    let source = V3_CALM.address(1);
    let is_from_a = |frame| matches!(frame, Frame::Advert(advert) if advert.source == source);
    let seen = lan.wire.seen();
    seen.iter()
        .filter(|seen| seen.at <= Stamp::now() && is_from_a(seen.frame))
        .map(|seen| seen.octets.clone())
        .collect()
}
