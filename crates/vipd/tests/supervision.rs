//! The life of the daemon's processes: killed, stopped, reloaded, asked for its state, and disturbed by others who
//! change addresses and interfaces.

#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

mod common;

use std::time::Duration;

use common::conf::{Instance, V3_CALM, Variant, text};
use common::hosts::Maker::Vipd;
use common::hosts::{CONFIGURATION, PID, Router, WORKER_PID};
use common::lan::Lan;
use common::{MARGIN, always, eventually, lab_test};
use ipnetwork::IpNetwork;
use nix::sys::signal::Signal;
use vip_lab::Stamp;
use vip_lab::daemon::Daemon;
use vip_lab::table::kernel_has_ipvs;

const A: usize = 0;
const B: usize = 1;
const HIGH: u8 = 150;
const LOW: u8 = 100;

fn high() -> Instance {
    Instance::new(V3_CALM, HIGH)
}

/// Two routers; the first one serves.
fn pair() -> Lan {
    let mut lan = Lan::new(V3_CALM, &[Vipd, Vipd], &[100, 101]);
    for (router, priority) in [(A, HIGH), (B, LOW)] {
        lan.routers[router].start(&text(&[Instance::new(V3_CALM, priority)]));
        lan.expect_holder(lan.vip(100), A, V3_CALM.down(HIGH));
    }
    lan.routers[B].expect_record("VI_1", &["BACKUP"]);
    lan
}

/// One router that serves.
fn alone(instances: &[Instance]) -> Lan {
    let mut lan = Lan::new(V3_CALM, &[Vipd], &[100, 101]);
    lan.routers[A].start(&text(instances));
    lan.expect_holder(lan.vip(100), A, V3_CALM.down(HIGH));
    lan
}

fn pid(router: &Router, file: &str) -> String {
    router.host.read_file(file).unwrap_or_default().trim().to_owned()
}

/// Number of times that the address came to this router.
fn takeovers(lan: &Lan, router: usize, last: u8) -> usize {
    lan.routers[router].holding(lan.vip(last)).changes().iter().filter(|(_, held)| *held).count()
}

#[test]
fn a_killed_worker_is_restarted_and_goes_on_with_its_address() {
    lab_test("a_killed_worker_is_restarted_and_goes_on_with_its_address", &[], || {
        let lan = pair();
        let (vip, router) = (lan.vip(100), &lan.routers[A]);
        // The second restart within a minute is delayed: then the address is taken away at once, so that a peer can
        // have it, and it comes back.
        for (death, moves) in [(1, 0), (2, 1)] {
            let worker = pid(router, WORKER_PID);
            let parent = pid(router, PID);
            assert_eq!(router.shell(&format!("kill -9 {worker} && echo sent")), "sent");
            if moves > 0 {
                eventually("the address is taken away", Duration::from_millis(500), || {
                    takeovers(&lan, A, 100) == 1
                        && !router.host.addresses().is_ok_and(|all| all.iter().any(|(_, own)| *own == vip))
                });
            }
            eventually("another worker runs", Duration::from_secs(2), || {
                let new = pid(router, WORKER_PID);
                !new.is_empty() && new != worker
            });
            assert_eq!(pid(router, PID), parent);
            let running = Stamp::now();
            eventually("it advertises", V3_CALM.down(HIGH), || lan.adverts_of(A, 51, running).len() > 2);
            lan.expect_holder(vip, A, V3_CALM.down(HIGH));
            lan.stays_with(vip, A, V3_CALM.down(LOW));
            assert!(takeovers(&lan, B, 100) <= moves, "death {death}");
        }
        assert_eq!(takeovers(&lan, A, 100), 2, "it was taken away once");
        let goodbyes = lan.adverts_of(A, 51, Stamp::from_epoch(Duration::ZERO));
        assert!(goodbyes.iter().all(|(_, advert)| advert.priority == HIGH), "{goodbyes:?}");
        lan.never_two(V3_CALM.overlap());
    });
}

#[test]
fn when_the_parent_is_killed_the_worker_leaves_in_order() {
    lab_test("when_the_parent_is_killed_the_worker_leaves_in_order", &[], || {
        let mut lan = pair();
        let vip = lan.vip(100);
        let (parent, worker) = (pid(&lan.routers[A], PID), pid(&lan.routers[A], WORKER_PID));
        let killed = Stamp::now();
        assert_eq!(lan.routers[A].shell(&format!("kill -9 {parent} && echo sent")), "sent");
        lan.expect_holder(vip, B, V3_CALM.skew(LOW));
        let said = lan.adverts_of(A, 51, killed);
        assert_eq!(said.last().map(|(_, advert)| advert.priority), Some(0), "{said:?}");
        let gone = format!("kill -0 {worker} 2>/dev/null || echo gone");
        eventually("the worker is gone", Duration::from_secs(1), || lan.routers[A].shell(&gone) == "gone");

        lan.routers[A].start_again();
        lan.expect_holder(vip, A, V3_CALM.down(HIGH));
        lan.never_two(V3_CALM.overlap());
    });
}

#[test]
fn a_terminated_worker_releases_its_address_and_is_started_again() {
    lab_test("a_terminated_worker_releases_its_address_and_is_started_again", &[], || {
        let lan = pair();
        let (vip, router) = (lan.vip(100), &lan.routers[A]);
        let worker = pid(router, WORKER_PID);
        let terminated = Stamp::now();
        assert_eq!(router.shell(&format!("kill -TERM {worker} && echo sent")), "sent");
        eventually("priority 0 is said", Duration::ZERO, || {
            lan.adverts_of(A, 51, terminated).iter().any(|(_, advert)| advert.priority == 0)
        });
        eventually("another worker runs", Duration::from_secs(1), || {
            !["", &worker].contains(&pid(router, WORKER_PID).as_str())
        });
        eventually("the address comes back", V3_CALM.down(HIGH), || {
            lan.adverts_of(A, 51, terminated).last().is_some_and(|(_, advert)| advert.priority == HIGH)
        });
        lan.expect_holder(vip, A, V3_CALM.down(HIGH));
        lan.stays_with(vip, A, V3_CALM.interval * 2);
        lan.never_two(V3_CALM.overlap());
    });
}

#[test]
fn a_reload_adds_and_removes_an_address_without_a_change_of_state() {
    lab_test("a_reload_adds_and_removes_an_address_without_a_change_of_state", &[], || {
        let lan = pair();
        let (first, second) = (lan.vip(100), lan.vip(101));
        let start = Stamp::now();
        let reload = |router: usize, instance: Instance, count: usize| {
            lan.routers[router].configure(&text(&[instance]));
            lan.routers[router].signal(Signal::SIGHUP);
            eventually("the reload is complete", Duration::ZERO, || {
                lan.routers[router].log_count("Reload complete") == count
            });
        };
        reload(B, Instance::new(V3_CALM, LOW).vip(101), 1);
        reload(A, high().vip(101), 1);
        lan.expect_holder(second, A, Duration::ZERO);
        eventually("it is announced", Duration::ZERO, || lan.wire.announcements(second, start) > 0);

        reload(A, high(), 2);
        eventually("it is gone", Duration::ZERO, || !lan.routers[A].holds(second));
        lan.stays_with(first, A, V3_CALM.down(LOW));

        assert_eq!(takeovers(&lan, A, 100), 1, "the other address stayed all the time");
        assert_eq!(takeovers(&lan, B, 100), 0);
        let adverts = lan.adverts_of(A, 51, start);
        assert!(adverts.iter().all(|(_, advert)| advert.priority == HIGH), "{adverts:?}");
        lan.routers[A].expect_record("VI_1", &["BACKUP", "MASTER"]);
        lan.routers[B].expect_record("VI_1", &["BACKUP"]);
    });
}

#[test]
fn an_instance_removed_by_a_reload_says_goodbye_and_the_others_go_on() {
    lab_test("an_instance_removed_by_a_reload_says_goodbye_and_the_others_go_on", &[], || {
        let second = Instance::second(V3_CALM, HIGH);
        let with_script =
            second.clone().with("    notify_deleted \"/etc/keepalived/record.sh VI_2 deleted\"");
        // Without a script for the deletion, it is a fault.
        for (removed, word, lower) in [(second, "FAULT", "fault"), (with_script, "DELETED", "deleted")] {
            let lan = alone(&[high(), removed.clone()]);
            let router = &lan.routers[A];
            lan.expect_holder(lan.vip(101), A, V3_CALM.down(HIGH));
            let reloaded = Stamp::now();
            router.configure(&text(&[high()]));
            router.signal(Signal::SIGHUP);
            eventually("its address is gone", Duration::ZERO, || !router.holds(lan.vip(101)));
            eventually("it says goodbye", Duration::ZERO, || {
                lan.adverts_of(A, 52, reloaded).last().is_some_and(|(_, advert)| advert.priority == 0)
            });
            router.expect_record("VI_2", &["BACKUP", "MASTER", word]);
            assert!(router.record().contains(&format!("VI_2 {lower}")));
            let quiet = Stamp::now();
            lan.stays_with(lan.vip(100), A, V3_CALM.interval * 4);
            assert_eq!(lan.adverts_of(A, 52, quiet), []);
            assert_eq!(takeovers(&lan, A, 100), 1);
            router.expect_record("VI_1", &["BACKUP", "MASTER"]);
        }
    });
}

#[test]
fn an_instance_added_by_a_reload_starts_and_the_others_go_on() {
    lab_test("an_instance_added_by_a_reload_starts_and_the_others_go_on", &[], || {
        let lan = alone(&[high()]);
        let router = &lan.routers[A];
        // In front of the other one: numbers are not names.
        router.configure(&text(&[Instance::second(V3_CALM, HIGH), high()]));
        router.signal(Signal::SIGHUP);
        lan.expect_holder(lan.vip(101), A, V3_CALM.down(HIGH));
        lan.stays_with(lan.vip(100), A, V3_CALM.interval * 4);
        router.expect_record("VI_2", &["BACKUP", "MASTER"]);
        router.expect_record("VI_1", &["BACKUP", "MASTER"]);
        assert_eq!(takeovers(&lan, A, 100), 1);
    });
}

#[test]
fn a_bad_file_at_a_reload_changes_nothing() {
    lab_test("a_bad_file_at_a_reload_changes_nothing", &[], || {
        let lan = pair();
        let router = &lan.routers[A];
        let worker = pid(router, WORKER_PID);
        let no_vrid = text(&[high()]).replace("virtual_router_id", "virtual_rooter_id");
        let good = text(&[high()]);
        let cut = good.trim_end().trim_end_matches('}').to_owned();
        let damaged = ["garbage {{{{".to_owned(), cut, String::new(), good.replacen('}', "", 1)];
        let bad = damaged.into_iter().chain([no_vrid]).map(Some).chain([None]);
        for (count, bad) in bad.enumerate() {
            match bad {
                Some(text) => router.configure(&text),
                None => router.host.remove_file(CONFIGURATION).unwrap(),
            }
            router.signal(Signal::SIGHUP);
            eventually("it is refused", Duration::ZERO, || router.log_count("Reload refused") == count + 1);
        }
        lan.stays_with(lan.vip(100), A, V3_CALM.down(LOW));
        assert_eq!(pid(router, WORKER_PID), worker);
        assert_eq!(takeovers(&lan, B, 100), 0);

        router.configure(&text(&[high().vip(101)]));
        router.signal(Signal::SIGHUP);
        lan.expect_holder(lan.vip(101), A, Duration::ZERO);
    });
}

#[test]
fn state_files_are_for_root_only_and_tell_the_state() {
    lab_test("state_files_are_for_root_only_and_tell_the_state", &[], || {
        let lan = alone(&[high()]);
        let router = &lan.routers[A];
        let json_signal = libc::SIGRTMIN() + 2;
        let files = [
            (Signal::SIGUSR1 as i32, "/tmp/keepalived.data", "State = MASTER"),
            (Signal::SIGUSR2 as i32, "/tmp/keepalived.stats", "Became master: 1"),
            (json_signal, "/tmp/keepalived.json", "\"iname\":\"VI_1\""),
            (libc::SIGRTMAX() - 1, "/tmp/keepalived.stats", "Became master: 1"),
            // The last one cleared the counters.
            (Signal::SIGUSR2 as i32, "/tmp/keepalived.stats", "Became master: 0"),
        ];
        for (signal, path, content) in files {
            router.host.remove_file(path).unwrap();
            router.signal_number(signal);
            eventually(&format!("{path} after signal {signal} says {content}"), Duration::ZERO, || {
                router.host.read_file(path).is_ok_and(|text| text.contains(content))
            });
            assert_eq!(router.shell(&format!("stat -c '%a %u' {path}")), "600 0", "{path}");
        }
        let json: serde_json::Value =
            serde_json::from_str(&router.host.read_file("/tmp/keepalived.json").unwrap()).unwrap();
        assert_eq!(json[0]["data"]["state"], 2, "{json}");
        assert_eq!(json[0]["data"]["vips"][0], "192.0.2.100/24 dev eth0 scope global set");
        lan.stays_with(lan.vip(100), A, V3_CALM.interval);
    });
}

#[test]
fn a_second_copy_ends_with_status_0_and_disturbs_nothing() {
    lab_test("a_second_copy_ends_with_status_0_and_disturbs_nothing", &[], || {
        let lan = alone(&[high()]);
        let router = &lan.routers[A];
        let parent = pid(router, PID);
        let mut second = Daemon::start(&router.host, Vipd.program().command(CONFIGURATION)).unwrap();
        let status = second.wait(Duration::from_secs(5)).unwrap().expect("the second copy ends");
        assert_eq!(status.code(), Some(0));
        let said = second.log();
        assert!(said.iter().any(|line| line.text.contains("already running")), "{said:?}");
        assert_eq!(pid(router, PID), parent);
        lan.stays_with(lan.vip(100), A, V3_CALM.interval * 2);
    });
}

#[test]
fn a_stop_is_quick_and_leaves_nothing_behind() {
    lab_test("a_stop_is_quick_and_leaves_nothing_behind", &[], || {
        let mut lan = alone(&[high()]);
        for signal in [Signal::SIGTERM, Signal::SIGINT] {
            let router = &mut lan.routers[A];
            router.signal(signal);
            let start = std::time::Instant::now();
            let status = router.wait(Duration::from_secs(3));
            let took = start.elapsed();
            println!("{signal}: stopped in {took:?}");
            assert_eq!(status.code(), Some(0));
            assert!(took < Duration::from_secs(1), "{signal}: {took:?}");
            let vip = lan.vip(100);
            let router = &mut lan.routers[A];
            eventually("the address is gone", Duration::ZERO, || !router.holds(vip));
            assert_eq!(router.shell("ls /run/keepalived.pid /run/vrrp.pid 2>/dev/null"), "");
            router.start_again();
            lan.expect_holder(vip, A, V3_CALM.down(HIGH));
        }
    });
}

#[test]
fn an_address_that_somebody_deletes_is_restored_and_announced() {
    lab_test("an_address_that_somebody_deletes_is_restored_and_announced", &[], || {
        let lan = pair();
        let vip = lan.vip(100);
        let network = IpNetwork::new(vip, V3_CALM.prefix()).unwrap();
        // Past the announcements of the start.
        std::thread::sleep(Duration::from_millis(1500));
        let deleted = Stamp::now();
        lan.routers[A]
            .links(move |links, index| links.delete_address(index, network).map_err(std::io::Error::other));
        eventually("it is announced again", V3_CALM.down(HIGH), || lan.wire.announcements(vip, deleted) > 0);
        lan.expect_holder(vip, A, V3_CALM.down(HIGH));
        lan.stays_with(vip, A, V3_CALM.down(LOW));
        lan.never_two(V3_CALM.overlap());
    });
}

#[test]
fn an_interface_that_is_deleted_and_made_again_serves_again() {
    lab_test("an_interface_that_is_deleted_and_made_again_serves_again", &[], || {
        let mut lan = pair();
        let vip = lan.vip(100);
        lan.routers[A].links(|links, index| links.delete(index).map_err(std::io::Error::other));
        lan.expect_holder(vip, B, V3_CALM.down(LOW));
        lan.routers[A].expect_log("Entering FAULT STATE", Duration::ZERO);
        always("the daemon lives without it", V3_CALM.interval * 2, || {
            !pid(&lan.routers[A], WORKER_PID).is_empty()
        });

        let own = IpNetwork::new(V3_CALM.address(1), V3_CALM.prefix()).unwrap();
        let Lan { lab, routers, .. } = &mut lan;
        lab.connect(&routers[A].host, "eth0", &[own]).unwrap();
        lan.expect_holder(vip, A, V3_CALM.down(HIGH));
        lan.stays_with(vip, A, V3_CALM.down(LOW));
        lan.routers[A].expect_record("VI_1", &["BACKUP", "MASTER", "FAULT", "BACKUP", "MASTER"]);
        lan.never_two(V3_CALM.overlap() + MARGIN);
    });
}

#[test]
fn an_interface_taken_down_by_hand_and_up_again_serves_again() {
    lab_test("an_interface_taken_down_by_hand_and_up_again_serves_again", &[], || {
        for ipv6 in [false, true] {
            let variant = Variant { ipv6, ..V3_CALM };
            let mut lan = Lan::new(variant, &[Vipd, Vipd], &[100]);
            let vip = lan.vip(100);
            for (router, priority) in [(A, HIGH), (B, LOW)] {
                lan.routers[router].start(&text(&[Instance::new(variant, priority)]));
                lan.expect_holder(vip, A, variant.down(HIGH));
            }
            lan.routers[A].links(|links, index| links.set_down(index).map_err(std::io::Error::other));
            lan.expect_holder(vip, B, variant.down(LOW));
            lan.routers[A].links(|links, index| links.set_up(index).map_err(std::io::Error::other));
            lan.expect_holder(vip, A, variant.down(HIGH));
            lan.stays_with(vip, A, variant.down(LOW));
            lan.routers[A].expect_record("VI_1", &["BACKUP", "MASTER", "FAULT", "BACKUP", "MASTER"]);
            lan.never_two(variant.overlap());
        }
    });
}

#[test]
fn a_router_without_an_address_of_its_own_waits_for_one() {
    lab_test("a_router_without_an_address_of_its_own_waits_for_one", &[], || {
        let lan = pair();
        let vip = lan.vip(100);
        let own = IpNetwork::new(V3_CALM.address(1), V3_CALM.prefix()).unwrap();
        lan.routers[A]
            .links(move |links, index| links.delete_address(index, own).map_err(std::io::Error::other));
        lan.expect_holder(vip, B, V3_CALM.down(LOW));
        lan.routers[A]
            .links(move |links, index| links.add_address(index, own).map_err(std::io::Error::other));
        lan.expect_holder(vip, A, V3_CALM.down(HIGH));
        lan.stays_with(vip, A, V3_CALM.down(LOW));
        lan.never_two(V3_CALM.overlap());
    });
}

#[test]
fn of_many_reloads_in_a_row_the_last_file_counts() {
    lab_test("of_many_reloads_in_a_row_the_last_file_counts", &[], || {
        let lan = pair();
        let (first, second) = (lan.vip(100), lan.vip(101));
        let router = &lan.routers[A];
        for round in 0..10 {
            router.configure(&text(&[if round % 2 == 0 { high() } else { high().vip(101) }]));
            router.signal(Signal::SIGHUP);
            std::thread::sleep(Duration::from_millis(7 * round));
        }
        lan.expect_holder(second, A, V3_CALM.interval);
        lan.stays_with(first, A, V3_CALM.down(LOW));
        lan.stays_with(second, A, V3_CALM.interval);
        assert_eq!(takeovers(&lan, A, 100), 1);
        assert_eq!(takeovers(&lan, B, 100), 0);
        router.expect_record("VI_1", &["BACKUP", "MASTER"]);
    });
}

#[test]
fn without_ipvs_in_the_kernel_a_load_balancer_ends_and_the_address_goes_where_there_is_one() {
    const NAME: &str =
        "without_ipvs_in_the_kernel_a_load_balancer_ends_and_the_address_goes_where_there_is_one";
    lab_test(NAME, &[], || {
        if kernel_has_ipvs() {
            println!("SKIPPED {NAME}: this kernel has IPVS");
            return;
        }
        let mut lan = pair();
        let service = "virtual_server 192.0.2.1 80 {\n protocol TCP\n real_server 10.0.0.1 80 {\n TCP_CHECK {\n }\n }\n}\n";
        let router = &mut lan.routers[A];
        router.program = Vipd.whole_program();
        router.start(&[text(&[high()]), service.to_owned()].concat());
        router.expect_log("IPVS: Can't initialize ipvs: the kernel has no IPVS", MARGIN);
        // As keepalived, which stops its VRRP process as well.
        assert_eq!(router.wait(2 * MARGIN).code(), Some(1));
        assert_eq!(pid(&lan.routers[A], PID), "");
        lan.expect_holder(lan.vip(100), B, V3_CALM.down(LOW));
    });
}

#[test]
fn a_worker_holds_the_capabilities_of_the_network_and_can_gain_no_others() {
    lab_test("a_worker_holds_the_capabilities_of_the_network_and_can_gain_no_others", &[], || {
        let lan = alone(&[high()]);
        let worker = pid(&lan.routers[A], WORKER_PID);
        let fields = "^(Uid|Gid|Groups|CapInh|CapPrm|CapEff|CapBnd|CapAmb|NoNewPrivs)";
        let status = lan.routers[A].shell(&format!("grep -E '{fields}' /proc/{worker}/status"));
        let field = |name: &str| -> Vec<&str> {
            let line =
                status.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{status}"));
            line.split_whitespace().skip(1).collect()
        };
        // CAP_NET_BIND_SERVICE, _NET_ADMIN, _NET_RAW, _IPC_LOCK, _SYS_NICE
        let network = ["0000000000807400"];
        for (name, expected) in [
            ("CapPrm", network),
            ("CapEff", network),
            ("CapBnd", network),
            ("CapInh", ["0000000000000000"]),
            ("CapAmb", ["0000000000000000"]),
            ("NoNewPrivs", ["1"]),
        ] {
            assert_eq!(field(name), expected, "{name}: {status}");
        }
        assert_eq!(field("Groups"), [""; 0], "{status}");
        // Real, effective, saved and file system.
        for name in ["Uid", "Gid"] {
            assert!(field(name).len() == 4 && field(name).iter().all(|id| *id != "0"), "{status}");
        }
    });
}
