//! Messages from the daemon to systemd: journal, readiness, status line, watchdog; and its unit. The sockets are the
//! tests' own.

#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

mod common;

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::process::Command;
use std::time::Duration;

use common::conf::{Instance, V3_CALM, text};
use common::hosts::Maker::Vipd;
use common::hosts::{CONFIGURATION, PID, WORKER_PID, shell_in};
use common::lan::Lan;
use common::{eventually, lab_test, skip};
use nix::sys::signal::Signal;
use vip_lab::daemon::Program;

const A: usize = 0;
const PRIORITY: u8 = 150;

/// The daemon as a unit of systemd starts it: with the descriptor of standard error in the environment.
fn under_systemd(options: &str) -> Program {
    let script = format!(
        "JOURNAL_STREAM=$(stat -Lc %d:%i /proc/self/fd/2) exec \"$0\" -n -P -f {CONFIGURATION} -p {PID} -r {WORKER_PID} {options}"
    );
    Program::new("sh", &["-c", &script, env!("CARGO_BIN_EXE_vipd")])
}

/// The same, with a manager that is told.
fn notifying() -> Program {
    let script = format!(
        "NOTIFY_SOCKET={NOTIFY} WATCHDOG_USEC=400000 WATCHDOG_PID=$$ exec \"$0\" -n -l -G -P -f {CONFIGURATION} -p {PID} -r {WORKER_PID}"
    );
    Program::new("sh", &["-c", &script, env!("CARGO_BIN_EXE_vipd")])
}

const NOTIFY: &str = "/run/systemd/notify";

/// A socket of systemd on the first router.
struct Manager(UnixDatagram);

impl Manager {
    fn bind(lan: &Lan, directory: &'static str, name: &'static str) -> Self {
        let host = &lan.routers[A].host;
        host.private_directory(directory).unwrap();
        let socket = host.run(move || UnixDatagram::bind(format!("{directory}/{name}"))).unwrap().unwrap();
        socket.set_nonblocking(true).unwrap();
        Self(socket)
    }

    /// The messages that have come since the last call.
    fn take(&self) -> Vec<String> {
        let mut buffer = vec![0; 8192];
        let mut messages = Vec::new();
        while let Ok(length) = self.0.recv(&mut buffer) {
            messages.push(String::from_utf8_lossy(&buffer[..length]).into_owned());
        }
        messages
    }

    /// Waits for a message with all of these lines.
    #[track_caller]
    fn expect(&self, lines: &[&str]) -> String {
        let mut found = None;
        let mut seen = Vec::new();
        eventually(&format!("{lines:?}"), Duration::from_secs(10), || {
            seen.extend(self.take());
            let has_all = |message: &&String| lines.iter().all(|line| message.lines().any(|it| it == *line));
            found = seen.iter().find(has_all).cloned();
            found.is_some()
        });
        found.unwrap()
    }
}

#[test]
fn the_journal_gets_each_event_once_with_its_fields() {
    lab_test("the_journal_gets_each_event_once_with_its_fields", &[], || {
        let mut lan = Lan::new(V3_CALM, &[Vipd], &[100]);
        let journal = Manager::bind(&lan, "/run/systemd/journal", "socket");
        lan.routers[A].program = under_systemd("-l -G");
        lan.routers[A].start(&text(&[Instance::new(V3_CALM, PRIORITY)]));
        let entry = journal.expect(&[
            "MESSAGE=(VI_1) Entering MASTER STATE",
            "PRIORITY=6",
            "SYSLOG_IDENTIFIER=Keepalived_vrrp",
            "MESSAGE_ID=054430435e534d4e86f75ae4800e3b58",
            "VIPD_EVENT=transition",
            "VIPD_INSTANCE=VI_1",
            "VIPD_FROM=BACKUP",
            "VIPD_TO=MASTER",
            "VIPD_CAUSE=silence",
        ]);
        assert!(entry.contains("\nVIPD_VRID="), "{entry}");
        let rest = journal.take();
        lan.routers[A].stop();
        let said_stop = journal.expect(&["VIPD_EVENT=transition", "VIPD_FROM=MASTER", "VIPD_TO=STOP"]);
        assert!(said_stop.contains("VIPD_CAUSE=stop"), "{said_stop}");
        assert!(rest.iter().all(|entry| !entry.contains("Entering MASTER STATE")), "{rest:?}");
        // The journal would read standard error: nothing is said twice.
        let shown = lan.routers[A].daemon.as_ref().unwrap().log();
        assert!(shown.iter().all(|line| !line.text.contains("STATE")), "{shown:?}");
    });
}

#[test]
fn without_a_journal_standard_error_has_lines_of_json_where_asked_for() {
    lab_test("without_a_journal_standard_error_has_lines_of_json_where_asked_for", &[], || {
        let mut lan = Lan::new(V3_CALM, &[Vipd], &[100]);
        lan.routers[A].program = under_systemd("-l -G --log-format json");
        lan.routers[A].start(&text(&[Instance::new(V3_CALM, PRIORITY)]));
        lan.expect_holder(lan.vip(100), A, V3_CALM.down(PRIORITY));
        let is_master = |line: &str| line.contains("Entering MASTER STATE");
        let log = || lan.routers[A].daemon.as_ref().unwrap().log();
        eventually("the change is shown", Duration::from_secs(5), || {
            log().iter().any(|line| is_master(&line.text))
        });
        for line in log() {
            let object: serde_json::Value = serde_json::from_str(&line.text).expect(&line.text);
            assert!(object["time"].is_string() && object["level"].is_string(), "{object}");
            if is_master(&line.text) {
                assert_eq!(object["event"], "transition");
                assert_eq!(object["instance"], "VI_1");
                assert_eq!(object["to"], "MASTER");
            }
        }
    });
}

#[test]
fn the_status_line_follows_events_and_the_watchdog_gets_messages_of_the_parent() {
    lab_test("the_status_line_follows_events_and_the_watchdog_gets_messages_of_the_parent", &[], || {
        let mut lan = Lan::new(V3_CALM, &[Vipd], &[100]);
        let manager = Manager::bind(&lan, "/run/systemd", "notify");
        lan.routers[A].program = notifying();
        let good = text(&[Instance::new(V3_CALM, PRIORITY)]);
        lan.routers[A].start(&good);
        manager.expect(&["READY=1"]);
        manager.expect(&["STATUS=1 MASTER"]);
        for _ in 0..3 {
            manager.expect(&["WATCHDOG=1"]);
        }

        shell_in(&lan.routers[A].host, "ip link set eth0 down");
        manager.expect(&["STATUS=1 FAULT; 1 problem: VI_1 is in FAULT"]);
        shell_in(&lan.routers[A].host, "ip link set eth0 up");
        manager.expect(&["STATUS=1 MASTER"]);

        lan.routers[A].configure("vrrp_instance VI_1 {\n");
        lan.routers[A].signal(Signal::SIGHUP);
        let is_refusal = |message: &String| {
            message.starts_with("STATUS=1 MASTER; 1 problem: the last reload was refused (")
        };
        let mut messages = Vec::new();
        eventually("the refusal is a problem", Duration::from_secs(10), || {
            messages.extend(manager.take());
            messages.iter().any(is_refusal)
        });
        let at = |part: &str| messages.iter().position(|message| message.contains(part)).expect(part);
        assert!(at("RELOADING=1") < at("STATUS=Reload refused, the old configuration stays in force: "));
        assert!(at("MONOTONIC_USEC=") < at("READY=1"));
        lan.routers[A].configure(&good);
        lan.routers[A].signal(Signal::SIGHUP);
        manager.expect(&["STATUS=1 MASTER"]);

        lan.routers[A].stop();
        manager.expect(&["STOPPING=1"]);
    });
}

#[test]
fn scripts_of_root_keep_the_rights_that_the_daemon_was_started_with() {
    lab_test("scripts_of_root_keep_the_rights_that_the_daemon_was_started_with", &[], || {
        const WANTED: &str = "grep -E '^Cap(Eff|Prm|Bnd)' /proc/self/status";
        let mut lan = Lan::new(V3_CALM, &[Vipd], &[100]);
        let script = format!("#!/bin/sh\n{WANTED} > /run/vipd/rights\n");
        lan.routers[A].install("/etc/vipd/rights", &script);
        let body = text(&[Instance::new(V3_CALM, PRIORITY)]);
        let body = body.replacen(
            "vrrp_instance VI_1 {",
            "vrrp_instance VI_1 {\n notify_master /etc/vipd/rights root\n",
            1,
        );
        assert!(body.contains("notify_master /etc/vipd/rights"), "{body}");
        lan.routers[A].start(&body);
        let expected = shell_in(&lan.routers[A].host, WANTED);
        assert!(expected.contains("CapBnd"), "{expected}");
        let seen = || lan.routers[A].host.read_file("/run/vipd/rights").unwrap_or_default();
        eventually("the script ran", Duration::from_secs(10), || seen().lines().count() == 3);
        assert_eq!(seen().trim(), expected);
    });
}

#[test]
fn systemd_finds_nothing_wrong_with_the_unit() {
    const ANALYZE: &str = "/usr/bin/systemd-analyze";
    if !std::path::Path::new(ANALYZE).exists() {
        return skip("systemd_finds_nothing_wrong_with_the_unit", "systemd-analyze is not installed");
    }
    let directory = std::env::temp_dir().join(format!("vipd-unit-{}", std::process::id()));
    let drop_in = directory.join("vipd.service.d");
    fs::create_dir_all(&drop_in).unwrap();
    let dist = concat!(env!("CARGO_MANIFEST_DIR"), "/../../dist");
    let unit = fs::read_to_string(format!("{dist}/vipd.service")).unwrap();
    let unit = unit.replace("/usr/sbin/vipd", env!("CARGO_BIN_EXE_vipd"));
    fs::write(directory.join("vipd.service"), unit).unwrap();
    fs::copy(format!("{dist}/hardening.conf"), drop_in.join("hardening.conf")).unwrap();
    let output = Command::new(ANALYZE)
        .args(["verify", "--man=no"])
        .arg(directory.join("vipd.service"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    fs::remove_dir_all(&directory).unwrap();
    // Other units of the machine are not ours.
    let ours: Vec<_> = said.lines().filter(|line| line.contains("vipd")).collect();
    assert!(ours.is_empty(), "{said}");
}
