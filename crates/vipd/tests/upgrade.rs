//! `vipd upgrade`: another program takes over in the same process, and no address moves; or it does not, and nothing happens.

#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

mod common;

use std::time::Duration;

use common::client::rounds;
use common::conf::{Instance, V3_CALM, V3_IPV4, Variant, text};
use common::hosts::Maker::{Keepalived, Vipd};
use common::hosts::{KEEPALIVED, Maker, PID, Router, WORKER_PID};
use common::lan::Lan;
use common::{eventually, lab_test};
use vip_lab::Stamp;
use vip_lab::stalls::{Stalls, stalled};

const A: usize = 0;
const B: usize = 1;

const VIPD: &str = env!("CARGO_BIN_EXE_vipd");
/// The other version: the same program at another path.
const NEXT: &str = "/etc/vipd/vipd-next";

/// Two routers, of which the first serves.
fn pair(variant: Variant, peer: Maker) -> Lan {
    let mut lan = Lan::new(variant, &[Vipd, peer], &[100]);
    for (router, priority) in lan.routers.iter_mut().zip([150, 100]) {
        router.start(&text(&[Instance::new(variant, priority)]));
    }
    lan.expect_holder(lan.vip(100), A, variant.down(100) * 3);
    lan.routers[A].expect_record("VI_1", &["BACKUP", "MASTER"]);
    for router in lan.routers.iter().filter(|router| router.maker == Vipd) {
        assert_eq!(router.shell(&format!("cp {VIPD} {NEXT} && chmod 755 {NEXT} && echo done")), "done");
    }
    lan
}

/// The output of a command of vipd, with its exit status at the end.
fn vipd(router: &Router, words: &str) -> String {
    router.shell(&format!("{VIPD} {words} 2>&1; echo status $?"))
}

fn pid(router: &Router, file: &str) -> String {
    router.host.read_file(file).unwrap_or_default().trim().to_owned()
}

fn program_of(router: &Router) -> String {
    router.shell(&format!("readlink /proc/{}/exe", pid(router, PID)))
}

/// Upgrades a router to the program at `path`, and gives the longest gap between two adverts of the first one meanwhile, and for how
/// long the machine stood still.
fn upgrade(
    lan: &Lan,
    router: usize,
    path: &str,
    interval: Duration,
    stalls: &Stalls,
) -> (Duration, Duration) {
    let upgraded = &lan.routers[router];
    let (parent, worker) = (pid(upgraded, PID), pid(upgraded, WORKER_PID));
    let start = Stamp::now();
    std::thread::sleep(interval * 2);
    let said = vipd(upgraded, &format!("upgrade {path}"));
    assert!(said.contains("upgraded from version") && said.ends_with("status 0"), "{said}");
    assert!(program_of(upgraded).ends_with(path), "{}", program_of(upgraded));
    assert_eq!(pid(upgraded, PID), parent, "it is the same process");
    assert_ne!(pid(upgraded, WORKER_PID), worker);
    std::thread::sleep(interval * 4);
    let adverts = lan.adverts_of(A, 51, start);
    let gap = adverts.windows(2).map(|pair| pair[1].0.since(pair[0].0)).max().unwrap_or_default();
    (gap, stalled(&stalls.spans(), start, Stamp::now()))
}

/// Upgrades both routers in turn; nothing moves, and nobody is told of anything.
fn upgrades_move_no_address(variant: Variant, peer: Maker) {
    let lan = pair(variant, peer);
    let stalls = Stalls::watch().unwrap();
    let begin = Stamp::now();
    let mut longest = Duration::ZERO;
    for round in 0..rounds() {
        let path = if round % 2 == 0 { NEXT } else { VIPD };
        for router in [A, B] {
            if lan.routers[router].maker != Vipd {
                continue;
            }
            let (gap, stall) = upgrade(&lan, router, path, variant.interval, &stalls);
            println!("round {round}, router {router}: longest gap {gap:?}, machine stalled for {stall:?}");
            // At most one advert is late; a debug build on a loaded machine needs time of its own.
            let bound = variant.interval * 2 + Duration::from_millis(20);
            assert!(
                gap <= bound + stall || gap < variant.interval * 3,
                "round {round}, router {router}: {gap:?}"
            );
            if stall.is_zero() {
                longest = longest.max(gap);
            }
            assert!(lan.routers[A].holds(lan.vip(100)) && !lan.routers[B].holds(lan.vip(100)));
        }
    }
    println!("longest gap while the machine did not stall: {longest:?}");
    let moves =
        |router: usize| lan.routers[router].holding(lan.vip(100)).changes().iter().any(|(at, _)| *at > begin);
    assert!(!moves(A) && !moves(B), "an address moved");
    lan.routers[A].expect_record("VI_1", &["BACKUP", "MASTER"]);
    lan.routers[B].expect_record("VI_1", &["BACKUP"]);
    let adverts = lan.adverts_of(A, 51, begin);
    assert!(adverts.iter().all(|(_, advert)| advert.priority == 150), "nobody says goodbye");
    let events = vipd(&lan.routers[A], "events");
    assert!(
        events.contains("VI_1: BACKUP -> MASTER") && events.contains("upgraded from version"),
        "{events}"
    );
    assert_eq!(lan.routers[A].log_count("Upgraded from"), rounds());
}

#[test]
fn no_address_moves_when_a_pair_is_upgraded() {
    lab_test("no_address_moves_when_a_pair_is_upgraded", &[], || upgrades_move_no_address(V3_CALM, Vipd));
}

#[test]
#[ignore = "judges a tenth of a second: for a machine that does nothing else"]
fn no_address_moves_when_a_quick_pair_is_upgraded() {
    lab_test("no_address_moves_when_a_quick_pair_is_upgraded", &[], || {
        upgrades_move_no_address(V3_IPV4, Vipd);
    });
}

#[test]
fn no_address_moves_when_vipd_is_upgraded_beside_keepalived() {
    lab_test("no_address_moves_when_vipd_is_upgraded_beside_keepalived", &[KEEPALIVED], || {
        upgrades_move_no_address(V3_CALM, Keepalived);
    });
}

#[test]
fn what_an_operator_intends_outlives_an_upgrade_and_so_do_its_scripts() {
    lab_test("what_an_operator_intends_outlives_an_upgrade_and_so_do_its_scripts", &[], || {
        let lan = pair(V3_CALM, Vipd);
        let a = &lan.routers[A];
        a.install("/etc/vipd/slow.sh", "#!/bin/sh\nsleep 3\necho ended $3 >> /etc/vipd/slow\n");
        let slow = text(&[Instance::new(V3_CALM, 150)])
            .replace("    notify /etc/keepalived/record.sh", "    notify /etc/vipd/slow.sh");
        assert!(slow.contains("slow.sh"));
        a.configure(&slow);
        assert!(vipd(a, "reload --wait").ends_with("status 0"));
        assert!(vipd(a, "maintenance on VI_1 --reason disk").ends_with("status 0"));
        lan.expect_holder(lan.vip(100), B, V3_CALM.down(100));
        let said = vipd(a, &format!("upgrade {NEXT}"));
        assert!(said.ends_with("status 0"), "{said}");
        assert!(vipd(a, "status --json").contains("\"reason\":\"disk\""));
        lan.stays_with(lan.vip(100), B, V3_CALM.interval * 5);
        // The script that ran when the programs changed ended by itself, and no other was run.
        eventually("the script ended", Duration::from_secs(5), || {
            a.shell("cat /etc/vipd/slow") == "ended BACKUP"
        });
        let zombies = format!("ps -o stat= --ppid {} | grep -c Z", pid(a, PID));
        eventually("nobody is left unreaped", Duration::from_secs(2), || a.shell(&zombies) == "0");
        assert!(vipd(a, "maintenance off VI_1").ends_with("status 0"));
        lan.expect_holder(lan.vip(100), A, V3_CALM.down(150) * 3);
        lan.never_two(V3_CALM.overlap());
    });
}

#[test]
fn a_program_that_cannot_take_over_is_refused_and_nothing_moves() {
    lab_test("a_program_that_cannot_take_over_is_refused_and_nothing_moves", &[], || {
        let lan = pair(V3_CALM, Vipd);
        let a = &lan.routers[A];
        let workers = (pid(a, PID), pid(a, WORKER_PID));
        a.install("/etc/vipd/script", "#!/bin/sh\nexit 0\n");
        a.shell(&format!("head -c 100000 {VIPD} > /etc/vipd/cut; chmod 755 /etc/vipd/cut"));
        a.shell(&format!("cp {VIPD} /etc/vipd/open; chmod 777 /etc/vipd/open"));
        a.shell(&format!("cp {VIPD} /etc/vipd/unexecutable; chmod 644 /etc/vipd/unexecutable"));
        a.shell("cp /usr/bin/yes /etc/vipd/hangs; cp /bin/true /etc/vipd/true");
        let cases = [
            ("/etc/vipd/absent", "No such file"),
            ("/etc/vipd", "no regular file"),
            ("/etc/vipd/script", "no program of this machine"),
            ("/etc/vipd/open", "others than root can write it"),
            ("/etc/vipd/cut", "/etc/vipd/cut does not take over"),
            ("/etc/vipd/unexecutable", "cannot be run"),
            ("/etc/vipd/true", "no vipd that can"),
            ("/etc/vipd/hangs", "within 15 s"),
        ];
        for (path, why) in cases {
            let said = vipd(a, &format!("upgrade {path}"));
            assert!(said.contains(why) && said.ends_with("status 1"), "{path}: {said}");
        }
        // A file that was changed is for a reload to take.
        let other = text(&[Instance::new(V3_CALM, 140)]);
        a.configure(&other);
        let said = vipd(a, &format!("upgrade {NEXT}"));
        assert!(said.contains("`vipd reload` first") && said.ends_with("status 1"), "{said}");
        a.configure(&text(&[Instance::new(V3_CALM, 150)]));
        let said = vipd(a, &format!("upgrade --check {NEXT}"));
        assert!(said.contains("can take over") && said.ends_with("status 0"), "{said}");
        // Two at once: one of them is told to wait.
        let both = format!("({VIPD} upgrade --check {NEXT} & {VIPD} upgrade --check {NEXT}; wait) 2>&1");
        let said = a.shell(&both);
        assert!(said.contains("another upgrade is under way") && said.contains("can take over"), "{said}");
        assert_eq!((pid(a, PID), pid(a, WORKER_PID)), workers);
        lan.stays_with(lan.vip(100), A, V3_CALM.interval * 2);
        a.expect_record("VI_1", &["BACKUP", "MASTER"]);
        let events = vipd(a, "events");
        assert!(events.contains("upgrade refused"), "{events}");
    });
}

#[test]
fn a_program_whose_workers_do_not_start_gives_back() {
    lab_test("a_program_whose_workers_do_not_start_gives_back", &[], || {
        let lan = pair(V3_CALM, Vipd);
        let a = &lan.routers[A];
        // It starts its workers by a word that it does not know.
        let mut program = std::fs::read(VIPD).unwrap();
        let (word, other) = (b"worker\0", b"wonder\0");
        let places: Vec<usize> =
            (0..program.len() - word.len()).filter(|&at| program[at..].starts_with(word)).collect();
        assert!(!places.is_empty());
        for at in places {
            program[at..at + 7].copy_from_slice(other);
        }
        a.host
            .run(move || {
                use std::os::unix::fs::PermissionsExt;
                std::fs::write("/etc/vipd/broken", program).unwrap();
                std::fs::set_permissions("/etc/vipd/broken", PermissionsExt::from_mode(0o755)).unwrap();
            })
            .unwrap();
        let parent = pid(a, PID);
        let said = vipd(a, "upgrade /etc/vipd/broken");
        assert!(said.contains("could not take over") && said.ends_with("status 1"), "{said}");
        assert_eq!(pid(a, PID), parent);
        assert!(program_of(a).ends_with(VIPD), "{}", program_of(a));
        lan.expect_holder(lan.vip(100), A, V3_CALM.down(150) * 3);
        // Nothing is wrong with the next one.
        let said = vipd(a, &format!("upgrade {NEXT}"));
        assert!(said.ends_with("status 0"), "{said}");
        lan.never_two(V3_CALM.overlap());
    });
}

#[test]
fn whatever_is_killed_in_the_middle_of_an_upgrade_one_router_serves_in_the_end() {
    lab_test("whatever_is_killed_in_the_middle_of_an_upgrade_one_router_serves_in_the_end", &[], || {
        let mut lan = pair(V3_CALM, Vipd);
        for round in 0..rounds() {
            let a = &lan.routers[A];
            let wait = format!("0.{:02}", 5 * round % 100);
            let what = if round % 2 == 0 { PID } else { WORKER_PID };
            let kills = format!(
                "{VIPD} upgrade {} >/dev/null 2>&1 & sleep {wait}; kill -9 $(cat {what}); wait; echo killed",
                if round % 4 < 2 { NEXT } else { VIPD }
            );
            assert_eq!(a.shell(&kills), "killed");
            if round % 2 == 0 {
                // systemd would do that.
                lan.routers[A].wait(Duration::from_secs(5));
                lan.routers[A].start_again();
            }
            lan.expect_holder(lan.vip(100), A, Duration::from_secs(10));
            eventually("the control socket answers", Duration::from_secs(5), || {
                vipd(&lan.routers[A], "status").ends_with("status 0")
            });
        }
        lan.never_two(V3_CALM.overlap());
    });
}
