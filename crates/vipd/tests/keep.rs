//! `-V` and `-I`: the kernel's content is kept when a daemon ends, and when one of its processes is asked to end by
//! somebody else than the daemon.

#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

mod common;

use std::time::Duration;

use common::conf::{Instance, V3_CALM, text};
use common::hosts::{CHECKERS_PID, KEEPALIVED, Maker, Router, WORKER_PID};
use common::lan::Lan;
use common::lvs::{Balancers, ipvs_test, saved};
use common::{eventually, lab_test};
use nix::sys::signal::Signal;

const MAKERS: [Maker; 2] = [Maker::Keepalived, Maker::Vipd];
const SOON: Duration = Duration::from_secs(4);

/// Asks a worker to end while its parent is stopped and cannot start another. Gives what `look` sees then.
fn after_the_end_of<T>(router: &Router, pid_file: &str, look: impl FnOnce() -> T) -> T {
    let worker = router.host.read_file(pid_file).unwrap().trim().to_owned();
    router.signal(Signal::SIGSTOP);
    router.shell(&format!("kill {worker}"));
    eventually("the worker ends", SOON, || {
        router.shell(&format!("grep -c 'State:.*Z' /proc/{worker}/status")) == "1"
    });
    let seen = look();
    router.signal(Signal::SIGCONT);
    seen
}

#[test]
fn addresses_stay_only_if_asked_for_when_the_worker_is_asked_to_end() {
    lab_test("addresses_stay_only_if_asked_for_when_the_worker_is_asked_to_end", &[KEEPALIVED], || {
        for (maker, option) in MAKERS.into_iter().flat_map(|maker| [(maker, "-n"), (maker, "-V")]) {
            let mut lan = Lan::new(V3_CALM, &[maker], &[100]);
            lan.routers[0].program = maker.whole_program_with(&[option]);
            lan.routers[0].start(&text(&[Instance::new(V3_CALM, 150)]));
            let vip = lan.vip(100);
            lan.expect_holder(vip, 0, V3_CALM.down(150));
            let router = &lan.routers[0];
            let holds = || router.host.addresses().unwrap().iter().any(|(_, own)| *own == vip);
            let stays = after_the_end_of(router, WORKER_PID, holds);
            assert_eq!(stays, option == "-V", "{maker:?} {option}");
        }
    });
}

#[test]
#[ignore = "needs a kernel with IPVS: cargo xtask vm"]
fn tables_stay_only_if_asked_for_when_the_worker_is_asked_to_end() {
    ipvs_test("tables_stay_only_if_asked_for_when_the_worker_is_asked_to_end", &[KEEPALIVED], || {
        let text = "virtual_server 192.0.2.100 80 {\n protocol TCP\n lvs_sched rr\n lvs_method NAT\n \
                    real_server 10.0.0.11 80 {\n }\n}\n";
        let table = ["-A -t 192.0.2.100:80 -s rr", "-a -t 192.0.2.100:80 -r 10.0.0.11:80 -m -w 1"];
        let table = table.map(str::to_owned);
        for (maker, option) in MAKERS.into_iter().flat_map(|maker| [(maker, "-n"), (maker, "-I")]) {
            let mut lab = Balancers::new(&[maker]);
            lab.directors[0].program = maker.whole_program_with(&[option]);
            lab.start(text);
            lab.expect_tables("start", SOON, &table);
            let director = &lab.directors[0];
            let left = after_the_end_of(director, CHECKERS_PID, || saved(director));
            let expected: &[String] = if option == "-I" { &table } else { &[] };
            assert_eq!(left, expected, "{maker:?} {option}");
            lab.expect_tables("the next worker", SOON, &table);
        }
    });
}
