//! Processes of the daemon that do not run for a while: a worker that hangs is replaced, a parent that was stopped
//! replaces nobody, and nothing stays behind of a worker that hangs when the daemon stops.

#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

mod common;

use std::time::Duration;

use common::conf::{Instance, V3_CALM, text};
use common::hosts::Maker::Vipd;
use common::hosts::{PID, Router, WORKER_PID};
use common::lan::Lan;
use common::{always, eventually, lab_test};
use nix::sys::signal::Signal;

const A: usize = 0;
const HIGH: u8 = 150;

/// Longest silence of a worker by default, and the time within which its end is seen.
const TIMEOUT: Duration = Duration::from_secs(5);

/// One router that serves.
fn alone() -> Lan {
    let mut lan = Lan::new(V3_CALM, &[Vipd], &[100]);
    lan.routers[A].start(&text(&[Instance::new(V3_CALM, HIGH)]));
    lan.expect_holder(lan.vip(100), A, V3_CALM.down(HIGH));
    lan
}

fn pid(router: &Router, file: &str) -> String {
    router.host.read_file(file).unwrap_or_default().trim().to_owned()
}

fn send(router: &Router, signal: &str, pid: &str) {
    assert_eq!(router.shell(&format!("kill -{signal} {pid} && echo sent")), "sent");
}

#[test]
fn a_worker_that_hangs_is_killed_and_its_successor_serves() {
    lab_test("a_worker_that_hangs_is_killed_and_its_successor_serves", &[], || {
        let lan = alone();
        let router = &lan.routers[A];
        let worker = pid(router, WORKER_PID);
        send(router, "STOP", &worker);
        router.expect_log("has not answered for 5 s - killing it", TIMEOUT);
        eventually("another worker runs", Duration::from_secs(1), || {
            !["", &worker].contains(&pid(router, WORKER_PID).as_str())
        });
        // Another machine may have taken over meanwhile: it listens first.
        eventually("it serves again", V3_CALM.down(HIGH), || router.log_count("Entering MASTER STATE") == 2);
        lan.expect_holder(lan.vip(100), A, Duration::ZERO);
        lan.stays_with(lan.vip(100), A, V3_CALM.interval * 2);
    });
}

#[test]
fn a_parent_that_was_stopped_replaces_no_worker() {
    lab_test("a_parent_that_was_stopped_replaces_no_worker", &[], || {
        let lan = alone();
        let router = &lan.routers[A];
        let (parent, worker) = (pid(router, PID), pid(router, WORKER_PID));
        send(router, "STOP", &parent);
        std::thread::sleep(TIMEOUT * 2);
        send(router, "CONT", &parent);
        always("the same worker runs", TIMEOUT, || pid(router, WORKER_PID) == worker);
        assert_eq!(router.log_count("has not answered"), 0);
        lan.stays_with(lan.vip(100), A, V3_CALM.interval * 2);
    });
}

#[test]
fn a_worker_that_hangs_when_the_daemon_stops_leaves_no_address() {
    lab_test("a_worker_that_hangs_when_the_daemon_stops_leaves_no_address", &[], || {
        let mut lan = alone();
        let vip = lan.vip(100);
        let router = &mut lan.routers[A];
        let worker = pid(router, WORKER_PID);
        send(router, "STOP", &worker);
        router.signal(Signal::SIGTERM);
        let status = router.wait(Duration::from_secs(10));
        assert_eq!(status.code(), Some(0));
        eventually("the address is gone", Duration::ZERO, || !router.holds(vip));
        assert_eq!(router.shell("ls /run/keepalived.pid /run/vrrp.pid 2>/dev/null"), "");
    });
}
