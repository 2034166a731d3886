//! A thousand virtual servers, and what happens to them when things change, break and end.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use vip_lab::farm::NAT;

use crate::common::eventually;
use crate::common::hosts::{CHECKERS_PID, Maker, Router};
use crate::common::lvs::{ipvs_test, saved};
use crate::stage::{Counters, GLOBAL, NOTICE, START, Talk, counters, one_director, own_addresses, shell};

const SERVICES: u16 = 1000;
const SERVERS: u16 = 10;

/// Longest time until all of them are in the kernel.
const LONG: Duration = Duration::from_secs(20);

/// The big table. Servers 1 and 2 of the first service talk; all the others are only addresses. `weight` is that of
/// one server in the middle.
fn services(weight: u32) -> (String, Vec<String>) {
    let (mut text, mut table) = (GLOBAL.to_owned(), Vec::new());
    let vip = |service: u16| match service {
        0 => "192.0.2.100:7001".to_owned(),
        _ => format!("198.18.{}.{}:80", service / 250, service % 250 + 1),
    };
    for service in 0..SERVICES {
        let vip = vip(service);
        let (address, port) = vip.split_once(':').unwrap();
        let _ = writeln!(
            text,
            "virtual_server {address} {port} {{\n protocol TCP\n lvs_sched rr\n lvs_method NAT"
        );
        table.push(format!("-A -t {vip} -s rr"));
        let servers = if service == 0 { 2 } else { SERVERS };
        for server in 0..servers {
            let (real, port, check) = if service == 0 {
                (format!("10.0.0.{}", 11 + server), 7000, CHECK)
            } else {
                (format!("10.1.{server}.{}", service % 250 + 1), 80, "")
            };
            let weight = if (service, server) == CHANGED { weight } else { 1 };
            let _ = writeln!(text, " real_server {real} {port} {{\n weight {weight}\n{check} }}");
            table.push(format!("-a -t {vip} -r {real}:{port} -m -w {weight}"));
        }
        text.push_str("}\n");
    }
    table.sort();
    (text, table)
}

const CHANGED: (u16, u16) = (500, 5);
const CHECK: &str = "TCP_CHECK {\n delay_loop 0.5\n connect_timeout 1\n retry 0\n }\n";

/// Services of another user of the load balancer.
const FOREIGN: [&str; 2] = ["-A -t 203.0.113.1:80 -s wlc", "-a -t 203.0.113.1:80 -r 10.9.9.9:80 -m -w 4"];

fn with_foreign(table: &[String]) -> Vec<String> {
    table.iter().cloned().chain(FOREIGN.map(str::to_owned)).collect()
}

#[test]
#[ignore = "needs a kernel with IPVS: cargo xtask vm"]
fn a_thousand_virtual_servers_outlive_changes_crashes_and_meddling() {
    ipvs_test("scale::a_thousand_virtual_servers_outlive_changes_crashes_and_meddling", &[], || {
        let (mut lab, mut talkers) = one_director(Maker::Vipd);
        own_addresses(&lab.directors[0], &["192.0.2.100/32%eth0", "10.0.0.1/24%eth1"]);
        for line in FOREIGN {
            shell(&lab.directors[0].host, &format!("/usr/sbin/ipvsadm {line}"));
        }
        let (text, table) = services(1);
        let start = Instant::now();
        lab.start(&text);
        lab.expect_tables("start", LONG, &with_foreign(&table));
        println!("a thousand services in the kernel after {:?}", start.elapsed());

        let mut talk = Talk::open(&lab.farm.client, NAT.client, SocketAddr::new(NAT.address, 7001)).unwrap();
        let mut hello =
            |what: &str| talk.say("hello", PATIENCE).unwrap_or_else(|error| panic!("{what}: {error}"));
        hello("start");

        // One weight, one change, and nobody's counters begin anew.
        let traced = trace(&lab.directors[0]);
        let (text, changed) = services(7);
        lab.reload(&text);
        lab.expect_tables("one weight", NOTICE, &with_foreign(&changed));
        if traced {
            let sent = changes(&lab.directors[0]);
            assert_eq!(sent.len(), 1, "changes sent to the kernel: {sent:#?}");
        }
        hello("one weight");
        let Counters { connections, .. } = counters(&lab.directors[0])["TCP 192.0.2.100:7001"];
        assert_eq!(connections, 1);

        // The worker dies while s1 is down: its successor changes nothing.
        drop(talkers.remove(0));
        let s1_down: Vec<String> =
            changed.iter().filter(|line| !line.contains("10.0.0.11")).cloned().collect();
        lab.expect_tables("s1 closed", NOTICE, &with_foreign(&s1_down));
        let director = &lab.directors[0];
        let worker = worker_pid(director);
        shell(&director.host, &format!("kill -9 {worker}"));
        let expected: BTreeSet<String> = with_foreign(&s1_down).into_iter().collect();
        eventually("a successor", START, || {
            let now: BTreeSet<String> = saved(director).into_iter().collect();
            let missing: Vec<_> = expected.symmetric_difference(&now).collect();
            assert!(missing.is_empty(), "{missing:?}");
            let pid = worker_pid(director);
            !pid.is_empty() && pid != worker
        });
        lab.stays("a successor", Duration::from_secs(2), &with_foreign(&s1_down));
        let again = crate::stage::Talker::start(&lab.farm.servers[0].host);
        lab.expect_tables("s1 back", NOTICE, &with_foreign(&changed));
        talkers.push(again);
        hello("the worker died");

        meddle(&lab.directors[0]);
        lab.expect_tables("put right", NOTICE, &with_foreign(&changed));
        lab.directors[0].expect_log("reverted what another program changed", NOTICE);
        hello("meddling");

        let start = Instant::now();
        lab.directors[0].signal(Signal::SIGTERM);
        lab.expect_tables("nothing of ours", NOTICE, &FOREIGN.map(str::to_owned));
        let status = lab.directors[0].wait(LONG);
        assert!(status.success(), "{status}");
        println!("stopped after {:?}", start.elapsed());
        lab.expect_tables("stopped", Duration::ZERO, &FOREIGN.map(str::to_owned));
    });
}

/// Takes away, changes and adds by hand, and lets an interface change, which asks for a comparison.
fn meddle(director: &Router) {
    shell(
        &director.host,
        "/usr/sbin/ipvsadm -D -t 198.18.1.1:80
         /usr/sbin/ipvsadm -d -t 198.18.1.2:80 -r 10.1.3.2:80
         /usr/sbin/ipvsadm -e -t 198.18.1.3:80 -r 10.1.3.3:80 -m -w 9 -x 5
         /usr/sbin/ipvsadm -a -t 198.18.1.4:80 -r 10.9.9.9:80 -m -w 9
         /usr/sbin/ipvsadm -E -t 198.18.1.5:80 -s wlc
         ip addr add 203.0.113.9/32 dev lo",
    );
}

fn worker_pid(director: &Router) -> String {
    director.host.read_file(CHECKERS_PID).unwrap_or_default().trim().to_owned()
}

const PATIENCE: Duration = Duration::from_secs(5);

/// Notes what the worker sends from now on; `false` where strace is not installed.
fn trace(director: &Router) -> bool {
    if director.shell("command -v strace").is_empty() {
        println!("strace is not installed: messages are not counted");
        return false;
    }
    let pid = worker_pid(director);
    director.shell(&format!(
        "strace -qq -e trace=sendto,sendmsg -o /run/trace -p {pid} >/dev/null 2>&1 & \
         for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do \
         grep -q 'TracerPid:.*[1-9]' /proc/{pid}/status && break; sleep 0.1; done"
    ));
    true
}

/// The changes that were sent to the kernel's IPVS meanwhile. Requests that only read are not counted: interfaces that
/// come up make the worker read and compare everything, at about this time.
fn changes(director: &Router) -> Vec<String> {
    // strace writes the rest of its file when it is told to end.
    let trace = director.shell(
        "kill $(pidof strace); for i in $(seq 100); do pidof strace >/dev/null || break; sleep 0.1; done; cat /run/trace",
    );
    let is_change = |line: &&str| line.contains("nlmsg_type=IPVS") && line.contains("NLM_F_ACK");
    trace.lines().filter(is_change).map(str::to_owned).collect()
}

#[test]
#[ignore = "needs a kernel with IPVS: cargo xtask vm"]
fn leftovers_are_as_the_options_say() {
    ipvs_test("scale::leftovers_are_as_the_options_say", &[crate::common::hosts::KEEPALIVED], || {
        for maker in crate::stage::MAKERS {
            left_behind(maker);
        }
    });
}

const SMALL: &str = "virtual_server 192.0.2.100 80 {\n protocol TCP\n lvs_sched rr\n lvs_method NAT\n \
                     real_server 10.0.0.11 80 { }\n}\n";
const SMALL_SAVED: [&str; 2] = ["-A -t 192.0.2.100:80 -s rr", "-a -t 192.0.2.100:80 -r 10.0.0.11:80 -m -w 1"];

/// The line that both log once the table is as they want it.
const SERVES: &str = "Gained quorum";

fn left_behind(maker: Maker) {
    let (mut lab, _talkers) = one_director(maker);
    let small = SMALL_SAVED.map(str::to_owned);
    let foreign = FOREIGN.map(str::to_owned);
    let both = with_foreign(&small);
    for line in FOREIGN {
        shell(&lab.directors[0].host, &format!("/usr/sbin/ipvsadm {line}"));
    }
    let mut expect_after_stop =
        |options: &[&str], configuration: &[&str], running: &[String], after: &[String]| {
            lab.directors[0].program = maker.whole_program_with(options);
            let begun = lab.directors[0].log_count(SERVES);
            lab.start(&configuration.concat());
            // The table may be as expected before.
            eventually(SERVES, START, || lab.directors[0].log_count(SERVES) > begun);
            lab.expect_tables(&format!("{options:?} running"), START, running);
            let (status, _) = lab.directors[0].stop();
            assert!(status.success(), "{status}");
            lab.expect_tables(&format!("{options:?} stopped"), Duration::ZERO, after);
        };
    expect_after_stop(&[], &[GLOBAL, SMALL], &both, &foreign);
    expect_after_stop(&["-I"], &[GLOBAL, SMALL], &both, &both);
    // Existing services are taken over.
    expect_after_stop(&[], &[GLOBAL, SMALL], &both, &foreign);
    expect_after_stop(&[], &["global_defs {\n lvs_flush_on_stop\n}\n", SMALL], &both, &[]);
    for line in FOREIGN {
        shell(&lab.directors[0].host, &format!("/usr/sbin/ipvsadm {line}"));
    }
    lab.directors[0].program = maker.whole_program_with(&[]);
    lab.start(&["global_defs {\n lvs_flush\n lvs_timeouts tcp 7201 tcpfin 31 udp 32\n}\n", SMALL].concat());
    lab.expect_tables("lvs_flush", START, &small);
    let timeouts = lab.directors[0].shell("/usr/sbin/ipvsadm -L --timeout");
    assert_eq!(timeouts, "Timeout (tcp tcpfin udp): 7201 31 32", "{maker:?}");
    lab.directors[0].signal(Signal::SIGTERM);
}
