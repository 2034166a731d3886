//! Acts of operators on running instances: addresses move to another machine and come back, and the command prints the
//! result.

#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

mod common;

use std::time::Duration;

use common::conf::{Instance, V3_CALM, text};
use common::hosts::Maker::Vipd;
use common::hosts::{Router, WORKER_PID};
use common::lan::Lan;
use common::{eventually, lab_test};

const A: usize = 0;
const B: usize = 1;

/// Two routers, of which the first serves.
fn pair() -> Lan {
    let mut lan = Lan::new(V3_CALM, &[Vipd, Vipd], &[100]);
    for (router, priority) in lan.routers.iter_mut().zip([150, 100]) {
        router.start(&text(&[Instance::new(V3_CALM, priority)]));
    }
    lan.expect_holder(lan.vip(100), A, V3_CALM.down(100) * 3);
    lan
}

/// Output of a vipd command, and its exit status at the end.
fn vipd(router: &Router, words: &str) -> String {
    router.shell(&format!("{} {words} 2>&1; echo status $?", env!("CARGO_BIN_EXE_vipd")))
}

#[test]
fn a_handover_moves_the_addresses_and_says_to_whom() {
    lab_test("a_handover_moves_the_addresses_and_says_to_whom", &[], || {
        let lan = pair();
        let (a, b) = (&lan.routers[A], &lan.routers[B]);
        let refused = vipd(b, "handover VI_1");
        assert!(refused.contains("another router serves it") && refused.ends_with("status 1"), "{refused}");
        let unknown = vipd(a, "handover VI_9");
        assert!(unknown.contains("no instance of this name") && unknown.ends_with("status 1"), "{unknown}");
        let done = vipd(a, "handover VI_1 --reason 'new\tkernel'");
        assert!(done.contains("took over after") && done.ends_with("status 0"), "{done}");
        lan.expect_holder(lan.vip(100), B, Duration::from_millis(500));
        lan.stays_with(lan.vip(100), B, V3_CALM.interval * 5);
        let status = vipd(a, "status --json");
        assert!(status.contains("\"by\":\"root\",\"reason\":\"new kernel\""), "{status}");
        let events = vipd(a, "events");
        assert!(events.contains("VI_1: handover by root: \"new kernel\""), "{events}");
        let refused = vipd(a, "announce VI_1");
        assert!(refused.contains("it is not MASTER") && refused.ends_with("status 1"), "{refused}");
        assert!(vipd(b, "announce VI_1").ends_with("status 0"));
        lan.never_two(V3_CALM.interval);
    });
}

#[test]
fn maintenance_outlives_a_reload_and_a_worker_and_ends_by_itself() {
    lab_test("maintenance_outlives_a_reload_and_a_worker_and_ends_by_itself", &[], || {
        let lan = pair();
        let a = &lan.routers[A];
        let done = vipd(a, "maintenance on VI_1 --reason disk");
        assert!(done.contains("took over after") && done.ends_with("status 0"), "{done}");
        lan.expect_holder(lan.vip(100), B, Duration::from_millis(500));
        assert!(vipd(a, "reload --wait").ends_with("status 0"));
        let worker = a.host.read_file(WORKER_PID).unwrap_or_default();
        a.shell(&format!("kill -KILL {}", worker.trim()));
        eventually("the intent is there again", Duration::from_secs(5), || {
            vipd(a, "status --json").contains("\"reason\":\"disk\"")
        });
        lan.stays_with(lan.vip(100), B, V3_CALM.interval * 5);
        assert!(vipd(a, "maintenance off").ends_with("status 0"));
        lan.expect_holder(lan.vip(100), A, V3_CALM.down(150) * 3);
        assert!(vipd(a, "maintenance off").ends_with("status 1"), "nothing is intended");
        assert!(vipd(a, "maintenance on all --for 2s").ends_with("status 0"));
        lan.expect_holder(lan.vip(100), B, Duration::from_secs(1));
        lan.expect_holder(lan.vip(100), A, Duration::from_secs(2) + V3_CALM.down(150) * 3);
        assert!(vipd(a, "events").contains("its time is over"));
    });
}

#[test]
fn without_another_router_a_handover_fails_and_the_instance_serves_on() {
    lab_test("without_another_router_a_handover_fails_and_the_instance_serves_on", &[], || {
        let mut lan = Lan::new(V3_CALM, &[Vipd], &[100]);
        lan.routers[A].start(&text(&[Instance::new(V3_CALM, 150)]));
        lan.expect_holder(lan.vip(100), A, V3_CALM.down(150));
        let a = &lan.routers[A];
        let failed = vipd(a, "handover VI_1");
        assert!(failed.contains("no other router took over") && failed.ends_with("status 1"), "{failed}");
        lan.stays_with(lan.vip(100), A, V3_CALM.interval * 3);
        // A worker that hangs and is killed meanwhile leaves nobody without an answer.
        let worker = a.host.read_file(WORKER_PID).unwrap_or_default();
        a.shell(&format!("kill -STOP {}", worker.trim()));
        let failed = vipd(a, "handover VI_1");
        assert!(failed.contains("the VRRP process") && failed.ends_with("status 1"), "{failed}");
    });
}
