//! Files, processes and bouncing interfaces: what they make of a priority on the wire, beside keepalived where it can follow,
//! and across a worker that dies and a reload.

#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

mod common;

use std::process::{Child, Command};
use std::time::Duration;

use common::conf::{Instance, V3_CALM, text};
use common::hosts::Maker::{Keepalived, Vipd};
use common::hosts::{KEEPALIVED, WORKER_PID};
use common::lan::Lan;
use common::{eventually, lab_test};
use nix::sys::signal::Signal;
use vip_lab::Stamp;

const BASE: u8 = 100;
const SECOND: Duration = Duration::from_secs(1);

/// A lone router that tracks something: `around` stands before its instance, `lines` in it.
fn configuration(around: &str, lines: &'static str) -> String {
    text(&[Instance::new(V3_CALM, BASE).with(lines)]).replacen(
        "vrrp_instance",
        &format!("{around}\nvrrp_instance"),
        1,
    )
}

/// Waits until the only router advertises this priority.
#[track_caller]
fn expect_priority(lan: &Lan, priority: u8, what: &str) {
    let since = Stamp::now();
    let is = || lan.adverts_of(0, 51, since).last().is_some_and(|(_, advert)| advert.priority == priority);
    eventually(&format!("priority {priority} after {what}"), V3_CALM.down(1) + SECOND, is);
}

#[track_caller]
fn expect_fault(lan: &Lan, what: &str) {
    eventually(&format!("a fault after {what}"), SECOND, || !lan.routers[0].holds(lan.vip(100)));
}

const FILE: &str = "track_file F {\n file /run/vipd/n\n}";

/// The effective priority for a base priority of 100; `None` is a fault.
type Step = (&'static str, Option<u8>);

const WITH_WEIGHT: [Step; 9] = [
    ("echo 30 > n", Some(130)),
    ("echo -253 > n", Some(1)),
    ("echo -254 > n", None),
    ("echo 20 > n", Some(120)),
    ("echo 254 > n", Some(254)),
    ("echo '0x10 and more' > n", Some(116)),
    ("echo nothing > n", Some(100)),
    ("echo 12 > m; mv m n", Some(112)),
    ("rm n", Some(100)),
];
const REVERSED: [Step; 3] = [("echo 30 > n", Some(40)), ("echo 127 > n", None), ("echo -10 > n", Some(120))];
const WITHOUT_WEIGHT: [Step; 3] = [("echo 1 > n", None), ("echo 0 > n", Some(100)), ("echo -1 > n", None)];

#[test]
fn a_file_moves_the_priority_as_with_keepalived() {
    lab_test("a_file_moves_the_priority_as_with_keepalived", &[KEEPALIVED], || {
        for (lines, steps) in [
            ("track_file {\n F\n}", WITH_WEIGHT.as_slice()),
            ("track_file {\n F weight 2 reverse\n}", &REVERSED),
            ("track_file {\n F weight 0\n}", &WITHOUT_WEIGHT),
        ] {
            for maker in [Keepalived, Vipd] {
                let mut lan = Lan::new(V3_CALM, &[maker], &[100]);
                lan.routers[0].start(&configuration(FILE, lines));
                expect_priority(&lan, BASE, "the start");
                for (command, expected) in steps {
                    lan.routers[0].shell(&format!("cd /run/vipd && {command}"));
                    match expected {
                        Some(priority) => expect_priority(&lan, *priority, command),
                        None => expect_fault(&lan, command),
                    }
                }
            }
        }
    });
}

#[test]
fn a_file_is_followed_through_links_and_into_directories_that_come_later() {
    lab_test("a_file_is_followed_through_links_and_into_directories_that_come_later", &[], || {
        let mut lan = Lan::new(V3_CALM, &[Vipd], &[100]);
        let file = "track_file F {\n file /run/vipd/later/n\n}";
        lan.routers[0].start(&configuration(file, "track_file {\n F\n}"));
        expect_priority(&lan, BASE, "the start");
        for (command, priority) in [
            ("mkdir later; echo 7 > later/n", 107),
            ("echo 9 > target; ln -sf ../target later/n", 109),
            ("sleep 1.5; echo 11 > target", 111),
            ("mv later away", 100),
            ("mkdir later; echo 13 > later/n", 113),
        ] {
            lan.routers[0].shell(&format!("cd /run/vipd && {command}"));
            expect_priority(&lan, priority, command);
        }
    });
}

#[test]
fn a_successor_of_a_killed_worker_knows_its_files_before_it_judges() {
    lab_test("a_successor_of_a_killed_worker_knows_its_files_before_it_judges", &[], || {
        let mut lan = Lan::new(V3_CALM, &[Vipd], &[100]);
        lan.routers[0].start(&configuration(FILE, "track_file {\n F weight 0\n}"));
        expect_priority(&lan, BASE, "the start");
        let kill = format!("kill -9 $(cat {WORKER_PID})");
        lan.routers[0].shell(&kill);
        lan.routers[0].expect_log("Resuming as master", SECOND);
        assert_eq!(lan.routers[0].log_count("FAULT"), 0, "a crash is no fault");
        lan.routers[0].shell("echo 1 > /run/vipd/n");
        expect_fault(&lan, "a number");
        let masters = lan.routers[0].log_count("Entering MASTER STATE");
        lan.routers[0].shell(&kill);
        eventually("the successor is in FAULT", SECOND, || {
            lan.routers[0].log_count("Entering FAULT STATE") == 2
        });
        lan.routers[0].signal(Signal::SIGHUP);
        common::always("it does not serve", V3_CALM.down(BASE) + SECOND, || {
            lan.routers[0].log_count("Entering MASTER STATE") == masters
        });
        lan.routers[0].shell("echo 0 > /run/vipd/n");
        expect_priority(&lan, BASE, "the number 0");
    });
}

/// A process of the machine whose name nobody else has.
fn process(lan: &Lan, name: &str) -> Child {
    lan.routers[0].shell(&format!("cp /bin/sleep /run/vipd/{name}"));
    let mut command = Command::new(format!("/run/vipd/{name}"));
    command.arg("1000");
    lan.routers[0].host.spawn(command).unwrap()
}

fn end(mut process: Child) {
    process.kill().unwrap();
    process.wait().unwrap();
}

#[test]
fn processes_are_counted_and_a_restart_within_the_delay_is_none() {
    lab_test("processes_are_counted_and_a_restart_within_the_delay_is_none", &[], || {
        let mut lan = Lan::new(V3_CALM, &[Vipd], &[100]);
        // Processes of other machines are seen as well.
        let name = format!("vt{}", std::process::id());
        let around = format!(
            "vrrp_track_process TWO {{\n process {name}\n quorum 2\n weight 20\n}}\nvrrp_track_process FEW {{\n process \
             {name}\n quorum_max 2\n weight -30\n}}\nvrrp_track_process SLOW {{\n process /run/vipd/{name} 1000\n \
             terminate_delay 3\n weight 5\n}}"
        );
        lan.routers[0].start(&configuration(&around, "track_process {\n TWO\n FEW\n SLOW\n}"));
        expect_priority(&lan, BASE - 30, "the start: none is too few as well");
        let one = process(&lan, &name);
        expect_priority(&lan, BASE + 5, "the first");
        let two = process(&lan, &name);
        expect_priority(&lan, BASE + 25, "the second");
        let three = process(&lan, &name);
        expect_priority(&lan, BASE - 5, "the third");
        end(three);
        expect_priority(&lan, BASE + 25, "the end of the third");
        end(one);
        end(two);
        expect_priority(&lan, BASE - 25, "the end of all: what is slow still counts");
        let again = process(&lan, &name);
        expect_priority(&lan, BASE + 5, "a restart in time");
        lan.routers[0].shell(&format!("kill -9 $(cat {WORKER_PID})"));
        lan.routers[0].expect_log("Resuming as master", SECOND);
        expect_priority(&lan, BASE + 5, "a crash of the worker");
        end(again);
        expect_priority(&lan, BASE - 30, "the delay");
        assert_eq!(lan.routers[0].log_count("Quorum lost for tracked process SLOW"), 1);
    });
}

#[test]
fn an_interface_that_bounces_moves_nothing_and_a_longer_outage_does() {
    lab_test("an_interface_that_bounces_moves_nothing_and_a_longer_outage_does", &[KEEPALIVED], || {
        for maker in [Keepalived, Vipd] {
            let mut lan = Lan::new(V3_CALM, &[maker], &[100]);
            let delays = "interface_up_down_delays {\n eth0 1.5 1\n}";
            lan.routers[0].start(&configuration(delays, ""));
            expect_priority(&lan, BASE, "the start");
            let bounce = |lan: &Lan, up: bool| {
                lan.routers[0].links(move |links, eth0| {
                    let done = if up { links.set_up(eth0) } else { links.set_down(eth0) };
                    done.map_err(std::io::Error::other)
                });
            };
            for _ in 0..3 {
                bounce(&lan, false);
                std::thread::sleep(Duration::from_millis(300));
                bounce(&lan, true);
                std::thread::sleep(Duration::from_millis(100));
            }
            if maker == Vipd {
                bounce(&lan, false);
                lan.routers[0].shell(&format!("kill -9 $(cat {WORKER_PID})"));
                lan.routers[0].expect_log("Resuming as master", SECOND);
                bounce(&lan, true);
                lan.routers[0].signal(Signal::SIGHUP);
            }
            expect_priority(&lan, BASE, "bouncing");
            assert_eq!(lan.routers[0].log_count("Entering FAULT STATE"), 0, "{maker:?}");
            bounce(&lan, false);
            eventually("a fault", SECOND * 3 / 2, || lan.routers[0].log_count("Entering FAULT STATE") == 1);
            bounce(&lan, true);
            expect_priority(&lan, BASE, "the end of the outage");
        }
    });
}
