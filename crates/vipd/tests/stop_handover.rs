//! A stop with `stop_handover`: another machine serves before this one lets go, and a client notices nothing.

#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

mod common;

use std::time::{Duration, Instant};

use common::client::{Client, rounds};
use common::conf::{Instance, V2, V3_CALM, Variant, text};
use common::hosts::Maker::{Keepalived, Vipd};
use common::hosts::{KEEPALIVED, Maker};
use common::lan::Lan;
use common::{eventually, lab_test};
use nix::sys::signal::Signal;

fn with_handover(instances: &[Instance]) -> String {
    text(instances).replace("script_user root", "script_user root\n    stop_handover 5")
}

/// Machine `a` stops and starts again and again while a client asks all the time. Each request from the stop until the
/// other machine has served for a while must be answered.
fn client_loses_nothing(variant: Variant, peer: Maker, extra: &'static str, rounds: usize) {
    const SOON: Duration = Duration::from_secs(10);
    let mut lan = Lan::new(variant, &[Vipd, peer], &[100]);
    let vip = lan.vip(100);
    lan.routers[1].start(&text(&[Instance::new(variant, 100).with(extra)]));
    lan.routers[0].configure(&with_handover(&[Instance::new(variant, 150)]));
    lan.expect_holder(vip, 1, SOON);
    let client = Client::start(&lan, vip);
    for round in 0..rounds {
        lan.routers[0].start_again();
        lan.expect_holder(vip, 0, SOON);
        // The other machine has heard it by then.
        std::thread::sleep(variant.interval * 2);
        client.watch(&format!("stop {round}"), || {
            let (status, _) = lan.routers[0].stop();
            assert!(status.success(), "round {round}");
            lan.expect_holder(vip, 1, SOON);
            std::thread::sleep(Duration::from_millis(300));
        });
    }
    client.lost_nothing();
    lan.never_two(variant.overlap());
}

#[test]
fn a_client_loses_nothing_when_vipd_takes_over() {
    lab_test("a_client_loses_nothing_when_vipd_takes_over", &[], || {
        client_loses_nothing(V3_CALM, Vipd, "", rounds());
    });
}

#[test]
fn a_client_loses_nothing_over_ipv6_when_vipd_takes_over() {
    lab_test("a_client_loses_nothing_over_ipv6_when_vipd_takes_over", &[], || {
        client_loses_nothing(Variant { ipv6: true, ..V3_CALM }, Vipd, "", rounds());
    });
}

#[test]
fn a_client_loses_nothing_when_keepalived_takes_over() {
    lab_test("a_client_loses_nothing_when_keepalived_takes_over", &[KEEPALIVED], || {
        client_loses_nothing(V3_CALM, Keepalived, "", rounds());
    });
}

#[test]
fn a_client_loses_nothing_when_a_keepalived_takes_over_that_never_preempts() {
    let test = "a_client_loses_nothing_when_a_keepalived_takes_over_that_never_preempts";
    lab_test(test, &[KEEPALIVED], || client_loses_nothing(V3_CALM, Keepalived, "    nopreempt\n", 5));
}

#[test]
fn a_client_loses_nothing_with_version_2() {
    lab_test("a_client_loses_nothing_with_version_2", &[KEEPALIVED], || {
        client_loses_nothing(V2, Keepalived, "", 3);
    });
}

#[test]
fn a_stop_without_another_machine_is_bounded_and_says_goodbye() {
    lab_test("a_stop_without_another_machine_is_bounded_and_says_goodbye", &[], || {
        let mut lan = Lan::new(V3_CALM, &[Vipd], &[100]);
        let vip = lan.vip(100);
        let configuration =
            with_handover(&[Instance::new(V3_CALM, 150)]).replace("_handover 5", "_handover 1.5");
        lan.routers[0].start(&configuration);
        lan.expect_holder(vip, 0, V3_CALM.interval * 8);
        let stop = Instant::now();
        lan.routers[0].signal(Signal::SIGTERM);
        std::thread::sleep(Duration::from_secs(1));
        assert!(lan.routers[0].holds(vip), "it serves on");
        assert!(lan.routers[0].wait(Duration::from_secs(5)).success());
        assert!(stop.elapsed() >= Duration::from_millis(1500), "{:?}", stop.elapsed());
        eventually("the address is gone", Duration::from_secs(1), || !lan.routers[0].holds(vip));
        assert_eq!(lan.routers[0].log_count("sent 0 priority"), 1);
    });
}

#[test]
fn a_second_request_to_stop_does_not_wait_for_other_machines() {
    lab_test("a_second_request_to_stop_does_not_wait_for_other_machines", &[], || {
        let mut lan = Lan::new(V3_CALM, &[Vipd], &[100]);
        let vip = lan.vip(100);
        let configuration =
            with_handover(&[Instance::new(V3_CALM, 150)]).replace("_handover 5", "_handover 600");
        lan.routers[0].start(&configuration);
        lan.expect_holder(vip, 0, V3_CALM.interval * 8);
        lan.routers[0].signal(Signal::SIGTERM);
        lan.routers[0].expect_log("stop_handover", Duration::from_secs(2));
        lan.routers[0].signal(Signal::SIGTERM);
        assert!(lan.routers[0].wait(Duration::from_secs(5)).success());
        eventually("the address is gone", Duration::from_secs(1), || !lan.routers[0].holds(vip));
    });
}
