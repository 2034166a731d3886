//! A worker of the load balancer is killed: what its successor makes of the kernel's tables.

#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

mod common;

use std::time::Duration;

use common::eventually;
use common::hosts::{CHECKERS_PID, Maker};
use common::lvs::{Balancers, ipvs_test};
use nix::sys::signal::Signal;

const SOON: Duration = Duration::from_secs(4);

fn one_director() -> Balancers {
    Balancers::new(&[Maker::Vipd])
}

fn worker(lab: &Balancers) -> String {
    // Between two workers there is no file.
    lab.directors[0].host.read_file(CHECKERS_PID).unwrap_or_default().trim().to_owned()
}

/// A virtual server with this port, and its lines in the table.
fn web(port: u16, weight: u32, check: &str) -> (String, Vec<String>) {
    let text = format!(
        "virtual_server 192.0.2.100 {port} {{\n protocol TCP\n lvs_sched rr\n lvs_method NAT\n \
         real_server 10.0.0.11 80 {{\n weight {weight}\n {check}\n }}\n}}\n"
    );
    let server = format!("-a -t 192.0.2.100:{port} -r 10.0.0.11:80 -m -w {weight}");
    (text, vec![format!("-A -t 192.0.2.100:{port} -s rr"), server])
}

#[test]
#[ignore = "needs a kernel with IPVS: cargo xtask vm"]
fn objects_that_a_reload_dropped_are_removed_although_the_worker_died_of_it() {
    ipvs_test("objects_that_a_reload_dropped_are_removed_although_the_worker_died_of_it", &[], || {
        let told = "notify_down \"/etc/keepalived/record.sh down dropped\"";
        let (first, second, third) = (web(80, 1, told), web(81, 1, ""), web(82, 1, ""));
        let mut lab = one_director();
        lab.start(&(first.0 + &second.0));
        lab.expect_tables("start", SOON, &[first.1, second.1.clone()].concat());
        // Services that another program made stay.
        lab.directors[0].shell("/usr/sbin/ipvsadm -A -t 192.0.2.100:99 -s rr");
        let killed = worker(&lab);
        lab.directors[0].shell(&format!("kill -STOP {killed}"));
        lab.directors[0].configure(&(second.0 + &third.0));
        lab.directors[0].signal(Signal::SIGHUP);
        lab.directors[0].expect_log("Reloading", SOON);
        lab.directors[0].shell(&format!("kill -9 {killed}"));
        let foreign = vec!["-A -t 192.0.2.100:99 -s rr".to_owned()];
        lab.expect_tables("the successor", SOON, &[second.1, third.1, foreign].concat());
        lab.expect_calls("the event that the predecessor could not report", &["down dropped"]);
    });
}

#[test]
#[ignore = "needs a kernel with IPVS: cargo xtask vm"]
fn the_weight_of_a_check_outlives_the_worker() {
    ipvs_test("the_weight_of_a_check_outlives_the_worker", &[], || {
        // The first run says 7; the next ones never say anything.
        let check = "MISC_CHECK {\n misc_path \"/etc/keepalived/load.sh\"\n misc_dynamic\n warmup 0\n \
                     delay_loop 600\n }";
        let (text, told) = (web(80, 20, check).0, web(80, 7, "").1);
        let mut lab = one_director();
        lab.directors[0].install(
            "/etc/keepalived/load.sh",
            "#!/bin/sh\n[ -e /etc/keepalived/asked ] && exec sleep 600\n: >/etc/keepalived/asked\nexit 9\n",
        );
        lab.start(&format!("global_defs {{\n script_user root\n}}\n{text}"));
        lab.expect_tables("the result of the check", SOON, &told);
        let killed = worker(&lab);
        lab.directors[0].shell(&format!("kill -9 {killed}"));
        eventually("another worker", SOON, || !["", &killed].contains(&worker(&lab).as_str()));
        lab.stays("the weight after the crash", Duration::from_secs(2), &told);
    });
}

#[test]
#[ignore = "needs a kernel with IPVS: cargo xtask vm"]
fn a_weight_set_by_hand_outlives_the_worker_and_ends_with_the_servers_own() {
    ipvs_test("a_weight_set_by_hand_outlives_the_worker_and_ends_with_the_servers_own", &[], || {
        let (text, table) = web(80, 5, "");
        let drained = vec![table[0].clone(), table[1].replace("-w 5", "-w 0")];
        let edit =
            |weight: u32| format!("/usr/sbin/ipvsadm -e -t 192.0.2.100:80 -r 10.0.0.11:80 -m -w {weight}");
        let mut lab = one_director();
        lab.start(&text);
        lab.expect_tables("start", SOON, &table);
        lab.directors[0].shell(&edit(0));
        lab.directors[0].expect_log("has weight 0, set outside", COMPARED);
        let killed = worker(&lab);
        lab.directors[0].shell(&format!("kill -9 {killed}"));
        eventually("another worker", SOON, || !["", &killed].contains(&worker(&lab).as_str()));
        lab.stays("drained by hand", Duration::from_secs(2), &drained);
        lab.reload(&text);
        lab.stays("reloaded", Duration::from_secs(2), &drained);
        lab.directors[0].shell(&edit(5));
        lab.directors[0].expect_log("has its own weight again", COMPARED);
        lab.stays("its own weight", Duration::from_secs(1), &table);
    });
}

#[test]
#[ignore = "needs a kernel with IPVS: cargo xtask vm"]
fn an_upgrade_leaves_the_table_and_its_counters() {
    ipvs_test("an_upgrade_leaves_the_table_and_its_counters", &[], || {
        let told =
            "notify_up \"/etc/keepalived/record.sh up web\"\n TCP_CHECK {\n connect_timeout 1\n warmup 0\n }";
        let (text, table) = web(80, 3, told);
        let mut lab = one_director();
        lab.start(&format!("global_defs {{\n script_user root\n}}\n{text}"));
        lab.expect_tables("start", SOON, &table);
        let program = env!("CARGO_BIN_EXE_vipd");
        let next = "/etc/vipd/vipd-next";
        let director = &lab.directors[0];
        assert_eq!(director.shell(&format!("cp {program} {next} && chmod 755 {next} && echo done")), "done");
        // Counters of a service that is removed and set again begin at 0.
        director.shell("ip link set lo up; ip address add 192.0.2.100/32 dev lo");
        let counters =
            || lab.directors[0].shell("/usr/sbin/ipvsadm -Ln --stats --exact | grep 192.0.2.100:80");
        eventually("connections are counted", SOON, || {
            director.shell("timeout 1 bash -c 'exec 3<>/dev/tcp/192.0.2.100/80'");
            counters().split_whitespace().nth(2).is_some_and(|connections| connections != "0")
        });
        let parent = director.host.read_file(common::hosts::PID).unwrap();
        for round in 0..6 {
            let (before, killed) = (counters(), worker(&lab));
            let path = if round % 2 == 0 { next } else { program };
            let said = lab.directors[0].shell(&format!("{program} upgrade {path} 2>&1; echo status $?"));
            assert!(said.contains("upgraded from version") && said.ends_with("status 0"), "{said}");
            assert_ne!(worker(&lab), killed);
            lab.stays("after the upgrade", Duration::from_millis(500), &table);
            // Packets of those connections may follow; a counter that begins anew is smaller.
            let connections =
                |line: &str| line.split_whitespace().nth(2).and_then(|count| count.parse::<u64>().ok());
            let (now, before) = (connections(&counters()), connections(&before));
            assert!(before.is_some() && now >= before, "round {round}: {before:?} -> {now:?}");
        }
        assert_eq!(lab.directors[0].host.read_file(common::hosts::PID).unwrap(), parent);
        lab.expect_calls("nobody is told", &[]);
    });
}

#[test]
#[ignore = "needs a kernel with IPVS: cargo xtask vm"]
fn a_table_that_was_flushed_is_whole_as_soon_as_a_change_meets_it() {
    ipvs_test("a_table_that_was_flushed_is_whole_as_soon_as_a_change_meets_it", &[], || {
        let check = "MISC_CHECK {\n misc_path \"/etc/keepalived/check.sh\"\n misc_dynamic\n warmup 0\n delay_loop 0.5\n }";
        let (checked, other) = (web(80, 20, check), web(81, 1, ""));
        let says = |status: &str| format!("#!/bin/sh\nexit {status}\n");
        let mut lab = one_director();
        lab.directors[0].install("/etc/keepalived/check.sh", &says("0"));
        lab.start(&format!("global_defs {{\n script_user root\n}}\n{}{}", checked.0, other.0));
        lab.expect_tables("start", SOON, &[checked.1, other.1.clone()].concat());
        lab.directors[0].shell("/usr/sbin/ipvsadm -C");
        lab.directors[0].install("/etc/keepalived/check.sh", &says("9"));
        lab.expect_tables("flushed", SOON, &[web(80, 7, "").1, other.1].concat());
    });
}

/// Within which a small table is compared with what is wanted.
const COMPARED: Duration = Duration::from_secs(14);
