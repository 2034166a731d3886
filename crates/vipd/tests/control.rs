//! The control socket of a daemon that runs: permitted clients, limits, and reloads.

#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

mod common;

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use common::conf::{Instance, V3_CALM, text};
use common::hosts::Maker::Vipd;
use common::hosts::{PID, Router, WORKER_PID};
use common::lan::Lan;
use common::{always, eventually, lab_test};

const A: usize = 0;
const HIGH: u8 = 150;
const SOCKET: &str = "/run/vipd/control.sock";
const STATUS: &[u8] = b"{\"v\":1,\"do\":\"status\"}\n";

/// One router that serves.
fn alone() -> Lan {
    let mut lan = Lan::new(V3_CALM, &[Vipd], &[100, 101]);
    lan.routers[A].start(&text(&[Instance::new(V3_CALM, HIGH)]));
    lan.expect_holder(lan.vip(100), A, V3_CALM.down(HIGH));
    lan
}

/// Output of a vipd command, and its exit status at the end.
fn vipd(router: &Router, words: &str) -> String {
    router.shell(&format!("{} {words} 2>&1; echo status $?", env!("CARGO_BIN_EXE_vipd")))
}

fn pid(router: &Router, file: &str) -> String {
    router.host.read_file(file).unwrap_or_default().trim().to_owned()
}

fn resident_kib(router: &Router) -> u64 {
    let text = router.shell(&format!("grep VmRSS /proc/{}/status | tr -dc 0-9", pid(router, PID)));
    text.parse().unwrap()
}

#[test]
fn ten_thousand_questions_and_readers_that_do_not_read_cost_little_memory_and_no_advert() {
    let name = "ten_thousand_questions_and_readers_that_do_not_read_cost_little_memory_and_no_advert";
    lab_test(name, &[], || {
        let lan = alone();
        let router = &lan.routers[A];
        let before = resident_kib(router);
        let asked = router.host.run(|| {
            let mut readers = Vec::new();
            for _ in 0..50 {
                let mut stream = UnixStream::connect(SOCKET).unwrap();
                stream.write_all(b"{\"v\":1,\"do\":\"events\",\"follow\":true}\n").unwrap();
                readers.push(stream);
            }
            let stream = UnixStream::connect(SOCKET).unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let mut line = String::new();
            let mut answers = 0;
            for _ in 0..10_000 {
                (&stream).write_all(STATUS).unwrap();
                line.clear();
                reader.read_line(&mut line).unwrap();
                answers += usize::from(line.starts_with("{\"is\":\"status\",\"v\":1,"));
            }
            // Half of the readers read something after all.
            for stream in readers.iter().step_by(2) {
                stream.set_nonblocking(true).unwrap();
                let _ = BufReader::new(stream).read_line(&mut line);
            }
            answers
        });
        assert_eq!(asked.unwrap(), 10_000);
        let after = resident_kib(router);
        println!("resident memory of the parent: {before} KiB before, {after} KiB after");
        assert!(after < before + 8 * 1024, "{before} KiB before, {after} KiB after");
        lan.stays_with(lan.vip(100), A, V3_CALM.interval * 4);
        assert_eq!(vipd(router, "status --check"), "status 0");
    });
}

#[test]
fn a_client_without_rights_is_refused_and_the_file_goes_with_the_daemon() {
    let name = "a_client_without_rights_is_refused_and_the_file_goes_with_the_daemon";
    lab_test(name, &["/usr/bin/setpriv"], || {
        let mut lan = alone();
        let router = &mut lan.routers[A];
        assert_eq!(router.shell(&format!("stat -c '%a %U %G' {SOCKET}")), "660 root root");
        let nobody = "setpriv --reuid 65534 --regid 65534 --clear-groups";
        if router.shell(&format!("{nobody} true && echo possible")) != "possible" {
            return common::skip(name, "no second user in this namespace");
        }
        let program = env!("CARGO_BIN_EXE_vipd");
        let status =
            |router: &Router| router.shell(&format!("{nobody} {program} status 2>&1; echo status $?"));
        let refused = status(router);
        assert!(refused.contains("only root may") && refused.ends_with("status 4"), "{refused}");
        // A client that passes the rights of the file is still no member of the group.
        router.shell(&format!("chmod 666 {SOCKET}"));
        let refused = status(router);
        assert!(refused.contains("permission denied") && refused.ends_with("status 4"), "{refused}");
        assert!(vipd(router, "undo").ends_with("status 1"), "there is nothing to undo");
        let _ = router.stop();
        assert_eq!(router.shell(&format!("ls {SOCKET} 2>/dev/null")), "");
        assert!(vipd(router, "status").ends_with("status 3"));
    });
}

#[test]
fn a_probe_notices_a_worker_that_hangs_and_events_tell_of_one_that_died() {
    let name = "a_probe_notices_a_worker_that_hangs_and_events_tell_of_one_that_died";
    lab_test(name, &[], || {
        let lan = alone();
        let router = &lan.routers[A];
        assert_eq!(vipd(router, "status --check"), "status 0");
        let worker = pid(router, WORKER_PID);
        router.shell(&format!("kill -STOP {worker}"));
        eventually("it is noticed", Duration::from_secs(2), || {
            vipd(router, "status --check") == "vipd: the VRRP process does not answer\nstatus 1"
        });
        router.shell(&format!("kill -CONT {worker}"));
        eventually("all is well", Duration::from_secs(3), || vipd(router, "status --check") == "status 0");
        router.shell(&format!("kill -KILL {worker}"));
        eventually("the event is there", Duration::from_secs(3), || {
            let events = vipd(router, "events --json");
            events.contains("was ended by signal 9") && events.ends_with("status 0")
        });
    });
}

#[test]
fn a_reload_that_is_not_confirmed_is_undone_and_its_result_is_told() {
    let name = "a_reload_that_is_not_confirmed_is_undone_and_its_result_is_told";
    lab_test(name, &[], || {
        let lan = alone();
        let router = &lan.routers[A];
        let (old, new) = (lan.vip(100), lan.vip(101));
        router.configure(&text(&[Instance { vips: vec![101], ..Instance::new(V3_CALM, HIGH) }]));
        let preview = vipd(router, "reload --dry-run");
        assert!(
            preview.contains("vrrp_instance VI_1 changes: addresses") && preview.ends_with("status 0"),
            "{preview}"
        );
        let taken = vipd(router, "reload --confirm 3s --wait");
        assert_eq!(taken, "the new configuration runs\nstatus 0");
        eventually("the new address", Duration::from_secs(1), || router.holds(new) && !router.holds(old));
        eventually("the old one again", Duration::from_secs(4), || router.holds(old) && !router.holds(new));
        assert!(vipd(router, "events --json").contains("\"result\":\"undone\""));
        assert!(vipd(router, "reload --confirm 2s --wait").ends_with("status 0"));
        assert!(vipd(router, "confirm").ends_with("status 0"));
        eventually("the new one again", Duration::from_secs(1), || router.holds(new) && !router.holds(old));
        always("it stays", Duration::from_secs(3), || !router.holds(old));
        assert!(vipd(router, "undo").ends_with("status 0"));
        eventually("undone by hand", Duration::from_secs(1), || router.holds(old) && !router.holds(new));
        router.configure("vrrp_instance {{{");
        let refused = vipd(router, "reload --wait");
        assert!(
            refused.contains("the configuration was refused") && refused.ends_with("status 1"),
            "{refused}"
        );
    });
}

#[test]
fn no_answer_holds_a_secret() {
    lab_test("no_answer_holds_a_secret", &[], || {
        let mut lan = Lan::new(common::conf::V2_PASS, &[Vipd], &[100]);
        lan.routers[A].start(&text(&[Instance::new(common::conf::V2_PASS, HIGH)]));
        lan.expect_holder(lan.vip(100), A, common::conf::V2_PASS.down(HIGH));
        let router = &lan.routers[A];
        let secret = common::conf::V2_PASS.password.unwrap();
        for words in [
            "status --json",
            "status",
            "events --json",
            "events",
            "reload --dry-run",
            "reload --wait --json",
            "config",
            "config --json",
            "config --diff --json",
        ] {
            let answer = vipd(router, words);
            assert!(answer.ends_with("status 0"), "{words}: {answer}");
            assert!(!answer.contains(secret), "{words}: {answer}");
        }
    });
}

#[test]
fn the_configuration_that_runs_is_shown_and_a_file_that_differs_is_noticed() {
    lab_test("the_configuration_that_runs_is_shown_and_a_file_that_differs_is_noticed", &[], || {
        let lan = alone();
        let router = &lan.routers[A];
        let shown = vipd(router, "config --resolved");
        assert!(shown.contains("vrrp_instance VI_1 {\n") && shown.contains("    priority 150\n"), "{shown}");
        assert_eq!(shown.lines().filter(|line| line.contains("notify")).count(), 5, "{shown}");
        let json = vipd(router, "config --json");
        assert!(
            json.starts_with("{\"is\":\"config\",\"v\":1,") && json.contains("\"priority\":150"),
            "{json}"
        );
        let same = vipd(router, "config --diff");
        assert!(same.contains("would change nothing") && same.ends_with("status 0"), "{same}");
        assert!(vipd(router, "status --json").contains("\"stale\":false"));

        router.configure(&text(&[Instance::new(V3_CALM, 120), Instance::second(V3_CALM, 90)]));
        let stale = |wanted: bool| vipd(router, "status --json").contains(&format!("\"stale\":{wanted}"));
        eventually("the status says so", Duration::from_secs(3), || stale(true));
        let status = vipd(router, "status");
        assert!(status.contains("keepalived.conf was changed since it was loaded;"), "{status}");
        let diff = vipd(router, "config --diff");
        let expected =
            "vrrp_instance VI_1 changes: priority 150 -> 120\nvrrp_instance VI_2 is added\nstatus 1";
        assert_eq!(diff, expected);
        assert!(vipd(router, "config").contains("    priority 150\n"), "the file does not run");
        assert!(vipd(router, "reload --wait").ends_with("status 0"));
        assert!(stale(false), "the files that the reload has read count at once");
        assert!(vipd(router, "config").contains("    priority 120\n"));

        assert!(vipd(router, "undo").ends_with("status 0"));
        assert!(stale(true), "the file is not what runs");
        router.configure("vrrp_instance {{{");
        let refused = vipd(router, "config --diff");
        assert!(refused.contains("a reload would be refused") && refused.ends_with("status 1"), "{refused}");
    });
}
