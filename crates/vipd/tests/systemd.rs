//! What systemd hears of the daemon: its journal. The sockets are the tests' own.

#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

mod common;

use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use common::conf::{Instance, V3_CALM, text};
use common::hosts::Maker::Vipd;
use common::hosts::{CONFIGURATION, PID, WORKER_PID};
use common::lan::Lan;
use common::{eventually, lab_test};
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
            "VIPD_CAUSE=timeout",
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
