//! Causes are injected into a pair of daemons, one after the other, and each daemon is asked over its control socket: the
//! explanation of the instance names the cause with its evidence.

#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

mod common;

use std::fmt::Write as _;
use std::time::Duration;

use common::conf::V3_IPV4;
use common::hosts::Maker::Vipd;
use common::hosts::{Router, WORKER_PID};
use common::lan::Lan;
use common::{eventually, lab_test};
use jiff::tz::TimeZone;
use nix::sys::signal::Signal;
use vipd_control::Answer;
use vipd_status::{Instance, State, Status, explain};

const A: usize = 0;
const B: usize = 1;
const BOUND: Duration = Duration::from_secs(10);

const NFT: &str = "/usr/sbin/nft";
const QUICK: &str = "version 3\n interface eth0\n advert_int 0.1";
const CHECK: &str = "#!/bin/sh\n[ -e /run/vipd/bad ] || exit 0\necho connecting\necho 'backend says: disk full' >&2\nexit 7\n";
const SLOW: &str =
    "#!/bin/sh\n[ -e /run/vipd/slow ] || exit 0\necho 'waiting for the database'\nexec sleep 60\n";

/// Name, VRID, lines that both have, then the priority and the lines of `a`, and those of `b`.
type Row = (&'static str, u8, &'static str, Option<(u8, &'static str)>, Option<(u8, &'static str)>);

/// An instance for each cause, so that one pair serves all.
const ROWS: [Row; 16] = [
    ("BETTER", 51, QUICK, Some((100, "")), Some((200, ""))),
    ("EXIT", 52, QUICK, Some((150, "track_script {\n chk\n}")), Some((100, ""))),
    ("SLOW", 53, QUICK, Some((150, "track_script {\n slow\n}")), Some((100, ""))),
    ("WEIGHT", 54, QUICK, Some((150, "track_script {\n chk weight -60\n}")), Some((100, ""))),
    (
        "PASSWORD",
        55,
        "version 2\n interface eth0",
        Some((150, "authentication {\n auth_type PASS\n auth_pass one\n}")),
        Some((100, "authentication {\n auth_type PASS\n auth_pass two\n}")),
    ),
    ("INTERVAL", 56, "version 2\n interface eth0", Some((150, "advert_int 1")), Some((100, "advert_int 2"))),
    ("NEVER", 57, QUICK, Some((100, "")), Some((200, "nopreempt"))),
    ("MEMBER", 58, QUICK, Some((150, "")), Some((100, ""))),
    ("LINK", 59, "version 3\n interface eth1", Some((150, "")), None),
    ("BARE", 60, "version 3\n interface eth2", Some((150, "")), None),
    ("FILE", 61, QUICK, Some((150, "track_file {\n number weight 0\n}")), Some((100, ""))),
    ("BFD", 62, QUICK, Some((150, "track_bfd {\n path\n}")), Some((100, ""))),
    ("RELOAD", 63, QUICK, Some((150, "")), Some((100, ""))),
    ("SILENT", 64, QUICK, Some((150, "")), Some((100, ""))),
    ("UPKEEP", 65, QUICK, Some((150, "")), Some((100, ""))),
    ("FOREIGN", 99, QUICK, None, Some((100, ""))),
];

fn configuration(host: usize) -> String {
    let [own, other] = if host == A { [1, 2] } else { [2, 1] };
    let mut text = format!(
        "global_defs {{\n script_user root\n{}\n}}\n\
         bfd_instance path {{\n neighbor_ip 192.0.2.{other}\n source_ip 192.0.2.{own}\n min_rx 50\n min_tx 50\n multiplier 3\n}}\n",
        if host == A { "" } else { " vrrp_startup_delay 3" }
    );
    if host == A {
        text.push_str(
            "vrrp_script chk {\n script /etc/keepalived/check.sh\n interval 1\n fall 1\n rise 1\n}\n\
             vrrp_script slow {\n script /etc/keepalived/slow.sh\n interval 1\n timeout 1\n fall 1\n rise 1\n}\n\
             track_file number {\n file /run/vipd/number\n}\n\
             vrrp_sync_group GROUP {\n group {\n MEMBER\n LINK\n }\n}\n",
        );
    }
    for (name, vrid, head, a, b) in ROWS {
        let Some((priority, lines)) = (if host == A { a } else { b }) else { continue };
        let _ = writeln!(
            text,
            "vrrp_instance {name} {{\n {head}\n virtual_router_id {vrid}\n priority {priority}\n {lines}\n \
             virtual_ipaddress {{\n 192.0.2.{vrid}/24\n }}\n}}"
        );
    }
    text
}

/// The daemon's answer over its control socket; `None` while there is none.
fn status(router: &Router) -> Option<Status> {
    let text = router.shell(&format!("{} status --json", env!("CARGO_BIN_EXE_vipd")));
    match serde_json::from_str(&text).ok()? {
        Answer::Status(status) => Some(*status),
        other => panic!("{other:?}"),
    }
}

fn instance<'a>(status: &'a Status, name: &str) -> &'a Instance {
    status.instances.iter().find(|instance| instance.name == name).unwrap()
}

/// The pair; each cause is looked for until it is named.
struct Pair {
    lan: Lan,
}

impl Pair {
    fn new() -> Self {
        let mut lan = Lan::new(V3_IPV4, &[Vipd, Vipd], &[]);
        for router in &mut lan.routers {
            router.program = Vipd.whole_program();
            router.install("/etc/keepalived/check.sh", CHECK);
            router.install("/etc/keepalived/slow.sh", SLOW);
        }
        lan.routers[A].shell(
            "for i in 1 2; do ip link add eth$i type veth peer name far$i; ip link set eth$i up; ip link set far$i up; \
             ip addr add 198.51.10$i.1/24 dev eth$i; done",
        );
        Self { lan }
    }

    fn start(&mut self, host: usize) {
        self.lan.routers[host].start(&configuration(host));
    }

    fn shell(&self, host: usize, command: &str) {
        self.lan.routers[host].shell(command);
    }

    /// Waits until the explanation of an instance says all of this, and the instance is in that state.
    #[track_caller]
    fn explains(&self, host: usize, (name, state): (&str, State), words: &[&str]) {
        let mut last = String::new();
        let is_named = || {
            let Some(status) = status(&self.lan.routers[host]) else { return false };
            if status.instances.is_empty() {
                return false;
            }
            last = explain::text(&explain::explain(&status, name, &TimeZone::UTC), 1_000);
            instance(&status, name).state == state && words.iter().all(|word| last.contains(word))
        };
        let found = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            eventually(&format!("{name} is {state}: {words:?}"), BOUND, is_named);
        }));
        println!("{last}");
        if let Err(panic) = found {
            std::panic::resume_unwind(panic);
        }
    }
}

#[test]
fn each_cause_is_named_with_its_evidence() {
    lab_test("each_cause_is_named_with_its_evidence", &[NFT], || {
        let mut pair = Pair::new();
        started(&mut pair);
        neighbours(&pair);
        tracked(&pair);
        interfaces(&pair);
        operators(&pair);
        sessions_and_stalls(&pair);
        processes(&mut pair);
    });
}

/// A startup delay, a better peer, a router that must not preempt.
fn started(pair: &mut Pair) {
    pair.start(A);
    pair.explains(A, ("BETTER", State::Master), &["no advertisement was received since it started"]);
    pair.explains(A, ("BFD", State::Fault), &["BFD session path is down"]);
    pair.start(B);
    pair.explains(B, ("BETTER", State::Init), &["startup delay"]);
    pair.explains(A, ("BETTER", State::Backup), &["because", "192.0.2.2 advertised priority 200"]);
    pair.explains(A, ("BFD", State::Master), &[]);
    let never =
        ["never while 192.0.2.1 is heard (nopreempt)", "although its priority is higher: 200 and 100"];
    pair.explains(B, ("NEVER", State::Backup), &never);
}

/// A wrong password, a wrong interval, a foreign VRID, two masters.
fn neighbours(pair: &Pair) {
    let password =
        ["192.0.2.2 is heard, but its advertisements are rejected: authentication", "shares VRID 55"];
    pair.explains(A, ("PASSWORD", State::Master), &password);
    let interval = ["192.0.2.2 is heard, but its advertisements are rejected: interval", "shares VRID 56"];
    pair.explains(A, ("INTERVAL", State::Master), &interval);
    // One hears the other, which does not hear it.
    pair.shell(
        B,
        &format!(
            "{NFT} 'add table ip cut; add chain ip cut in {{ type filter hook input priority 0; }}; \
                            add rule ip cut in ip saddr 192.0.2.1 ip protocol 112 drop'"
        ),
    );
    pair.explains(A, ("SILENT", State::Master), &["192.0.2.2 is master too: priority 100"]);
    pair.explains(
        B,
        ("SILENT", State::Master),
        &["no advertisement for 0.", "last heard 192.0.2.1, priority 150"],
    );
    pair.shell(B, &format!("{NFT} delete table ip cut"));
    pair.explains(B, ("SILENT", State::Backup), &["192.0.2.1 advertised priority 150"]);
    pair.explains(A, ("SILENT", State::Master), &["VRID 99 (192.0.2.2)"]);
    let status = status(&pair.lan.routers[A]).unwrap();
    let foreign = status.neighbours.iter().find(|neighbour| neighbour.vrid == 99).unwrap();
    assert_eq!((foreign.instance.as_deref(), foreign.priority), (None, 100));
}

/// A script with its exit status and output, a timeout, a weight, a file.
fn tracked(pair: &Pair) {
    pair.shell(A, "touch /run/vipd/bad /run/vipd/slow; echo 1 > /run/vipd/number");
    let down = "script chk is down: exited with status 7: backend says: disk full";
    pair.explains(A, ("EXIT", State::Fault), &[down]);
    pair.lan.routers[A].expect_log("exited with status 7): backend says: disk full", BOUND);
    pair.explains(A, ("SLOW", State::Fault), &["script slow is down: timed out: waiting for the database"]);
    let weighed =
        ["192.0.2.2 advertised priority 100", "priority changed from 150 to 90", "-60 by script chk"];
    pair.explains(A, ("WEIGHT", State::Backup), &weighed);
    pair.explains(A, ("FILE", State::Fault), &["file number is down: holds 1"]);
}

/// An interface down, a sync group, an address removed.
fn interfaces(pair: &Pair) {
    for name in ["LINK", "MEMBER", "BARE"] {
        pair.explains(A, (name, State::Master), &[]);
    }
    pair.shell(A, "ip link set eth1 down; ip addr flush dev eth2");
    pair.explains(A, ("LINK", State::Fault), &["interface eth1 is down"]);
    pair.explains(
        A,
        ("MEMBER", State::Fault),
        &["LINK of its sync group is in FAULT: interface eth1 is down"],
    );
    pair.explains(A, ("BARE", State::Fault), &["interface eth2 has no address"]);
}

/// Maintenance, soft and hard.
fn operators(pair: &Pair) {
    let vipd = env!("CARGO_BIN_EXE_vipd");
    pair.shell(A, &format!("{vipd} maintenance on UPKEEP --for 30m --reason 'new disk'"));
    let named = [
        "because      root asked for maintenance",
        "handed over to 192.0.2.2 with priority 100 after",
        ": \"new disk\"",
        "maintenance by root, ",
        " min left: \"new disk\"",
        "not while maintenance lasts",
    ];
    pair.explains(A, ("UPKEEP", State::Backup), &named);
    pair.explains(B, ("UPKEEP", State::Master), &["192.0.2.1 left"]);
    let recorded = pair.lan.routers[A]
        .shell(&format!("{vipd} recorder UPKEEP; {vipd} recorder NOBODY 2>&1; echo status $?"));
    let told = [
        "it began to give its addresses away",
        "=> BACKUP: root asked for maintenance",
        "no instance of this name",
        "status 1",
    ];
    assert!(told.iter().all(|words| recorded.contains(words)), "{recorded}");
    pair.shell(A, &format!("{vipd} maintenance on UPKEEP --hard --reason 'new board'"));
    let hard = ["root asked for maintenance", "maintenance (hard) by root: \"new board\""];
    pair.explains(A, ("UPKEEP", State::Fault), &hard);
}

/// A BFD session that goes down, a stall.
fn sessions_and_stalls(pair: &Pair) {
    pair.shell(B, "kill -STOP $(cat /run/bfd.pid)");
    pair.explains(A, ("BFD", State::Fault), &["BFD session path is down"]);
    pair.shell(B, "kill -CONT $(cat /run/bfd.pid)");
    // Adverts that wait in its socket would tell the one that was stopped that the master lives: nobody sends any.
    let stop = format!("kill -STOP $(cat {WORKER_PID})");
    pair.shell(A, &stop);
    pair.shell(B, &format!("{stop}; sleep 1; kill -CONT $(cat {WORKER_PID})"));
    pair.explains(B, ("SILENT", State::Master), &["this machine was stalled until", "no advertisement for"]);
    pair.shell(A, &format!("kill -CONT $(cat {WORKER_PID})"));
    pair.explains(
        B,
        ("SILENT", State::Backup),
        &["192.0.2.1 advertised priority 150", "this machine was stalled until"],
    );
}

/// A reload, a worker that dies, a machine that falls silent.
fn processes(pair: &mut Pair) {
    let lower =
        configuration(A).replace("virtual_router_id 63\n priority 150", "virtual_router_id 63\n priority 50");
    pair.lan.routers[A].configure(&lower);
    pair.lan.routers[A].signal(Signal::SIGHUP);
    let moved = ["192.0.2.2 advertised priority 100", "from 150 to 50", "configuration taken"];
    pair.explains(A, ("RELOAD", State::Backup), &moved);
    pair.shell(A, &format!("kill -KILL $(cat {WORKER_PID})"));
    let resumed = ["a new worker process goes on", "ended so far: 1"];
    pair.explains(A, ("SILENT", State::Master), &resumed);
    pair.lan.routers[A].kill();
    let silent = ["no advertisement for 0.", "last heard 192.0.2.1, priority 150"];
    pair.explains(B, ("SILENT", State::Master), &silent);
}
