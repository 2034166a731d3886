//! Configurations of the field: the examples and files in the style of the field, with a real HAProxy beside the
//! daemon, maintenance files and notify scripts.

#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

mod common;

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use common::conf::RECORDER_TEXT;
use common::hosts::Maker::{self, Keepalived, Vipd};
use common::hosts::{CONFIGURATION, KEEPALIVED, Router, keepalived_runs_scripts};
use common::lan::Lan;
use common::{eventually, lab_test, skip};
use vip_lab::Stamp;
use vip_lab::daemon::Daemon;

const STANDBY: &str = include_str!("../../../examples/haproxy-active-standby.conf");
const DUAL: &str = include_str!("../../../examples/haproxy-dual-active.conf");
const LVS: &str = include_str!("../../../examples/lvs-http-get.conf");
const LVS_NAT: &str = include_str!("../../../examples/lvs-https-nat.conf");
const NOTIFY: &str = include_str!("../../../examples/notify.sh");
const NOTIFY_MAIL: &str = include_str!("../../../examples/notify-mail.sh");

/// An example as it can run here. An ordinary user's own namespace knows no root of the machine: there its programs
/// belong to nobody, and script security rightly refuses them.
fn runnable(example: &str) -> String {
    let rooted = std::fs::metadata("/usr").is_ok_and(|usr| usr.uid() == 0);
    if rooted { example.to_owned() } else { example.replace("enable_script_security", "") }
}

const HAPROXY: &str = "/usr/sbin/haproxy";
const KILLALL: &str = "/usr/bin/killall";
/// As the files call it.
const NOTIFY_PATH: &str = "/etc/keepalived/notify.sh";
const MAINTENANCE: &str = "/etc/keepalived/down";

const A: usize = 0;
const B: usize = 1;

/// Checks run every second, and the timers of VRRP with one second and a priority around 100 do the rest.
const TAKEOVER: Duration = Duration::from_millis(1000 + 3610 + 1000);

#[test]
fn the_standby_example_follows_haproxy_and_maintenance() {
    lab_test("the_standby_example_follows_haproxy_and_maintenance", &[HAPROXY, KILLALL], || {
        follows_haproxy_and_maintenance([Vipd, Vipd], [&runnable(STANDBY), &runnable(STANDBY)]);
    });
}

#[test]
fn the_standby_example_works_with_keepalived_behind_vipd() {
    let test = "the_standby_example_works_with_keepalived_behind_vipd";
    with_keepalived(test, || {
        follows_haproxy_and_maintenance([Vipd, Keepalived], [&runnable(STANDBY), &runnable(STANDBY)]);
    });
}

#[test]
fn the_standby_example_works_with_vipd_behind_keepalived() {
    let test = "the_standby_example_works_with_vipd_behind_keepalived";
    with_keepalived(test, || {
        follows_haproxy_and_maintenance([Keepalived, Vipd], [&runnable(STANDBY), &runnable(STANDBY)]);
    });
}

fn with_keepalived(test: &str, body: impl FnOnce()) {
    lab_test(test, &[HAPROXY, KILLALL, KEEPALIVED], || {
        if keepalived_runs_scripts() {
            body();
        } else {
            skip(test, "keepalived cannot run scripts without root");
        }
    });
}

/// Files as they are found: shell text as a check, a router that tracks its own interface, words after the values,
/// no script security, one file for each machine.
#[test]
fn a_file_of_the_field_does_what_its_author_meant() {
    lab_test("a_file_of_the_field_does_what_its_author_meant", &[HAPROXY, KILLALL], || {
        let master = field_file("state MASTER  # BACKUP on the other one", 101);
        let backup = field_file("state BACKUP", 100);
        follows_haproxy_and_maintenance([Vipd, Vipd], [&master, &backup]);
    });
}

fn field_file(state: &str, priority: u8) -> String {
    format!(
        "! Configuration File for keepalived  \n\
         global_defs {{  \n   notification_email {{  \n         root@localhost\n   }}  \n   \
         notification_email_from lb@example.org \n   smtp_connect_timeout 3  \n   smtp_server 127.0.0.1  \n   \
         router_id LVS_DEVEL  \n}}  \n\n\
         vrrp_script chk_haproxy {{  \n    script \"killall -0 haproxy\"  \n    interval 1  \n    weight 2  \n}}  \n\
         vrrp_script chk_down {{\n   script \"[[ -f {MAINTENANCE} ]] && exit 1 || exit 0\"\n   interval 1\n   \
         weight 2\n}}\n\
         vrrp_instance VI_1 {{  \n    interface eth0  \n    {state}\n    priority {priority}  # the better one 101\n    \
         virtual_router_id 51 \n    garp_master_delay 1 \n    \
         authentication {{  \n        auth_type PASS  \n        auth_pass password  \n    }}  \n    \
         track_interface {{  \n       eth0    \n    }}  \n    \
         virtual_ipaddress {{  \n        172.16.100.1/16 dev eth0 label eth0:0 \n    }}  \n    \
         track_script {{  \n        chk_haproxy  \n        chk_down\n    }}  \n    \
         notify_master \"{NOTIFY_PATH} master\"  \n    notify_backup \"{NOTIFY_PATH} backup\"  \n    \
         notify_fault \"{NOTIFY_PATH} fault\"  \n}}\n"
    )
}

/// Two machines `lb1` and `lb2` with HAProxy, and a recorder for a notify script. Nothing else runs yet.
fn pair(makers: [Maker; 2]) -> (Lan, [Option<Daemon>; 2]) {
    let members = [
        ("lb1", makers[A], "172.16.0.1/16".parse().unwrap()),
        ("lb2", makers[B], "172.16.0.2/16".parse().unwrap()),
    ];
    let watched = ["172.16.100.1".parse().unwrap(), "172.16.100.2".parse().unwrap()];
    let lan = Lan::of(&members, "172.16.0.3/16".parse().unwrap(), &watched);
    for router in &lan.routers {
        router.install(NOTIFY_PATH, RECORDER_TEXT);
    }
    let haproxies = [haproxy(&lan.routers[A]), haproxy(&lan.routers[B])];
    (lan, haproxies)
}

fn haproxy(router: &Router) -> Option<Daemon> {
    if !Path::new(HAPROXY).exists() {
        return None;
    }
    let path = "/etc/vipd/haproxy.cfg";
    let text = "defaults\n  mode http\n  timeout connect 1s\n  timeout client 1s\n  timeout server 1s\n\
                frontend web\n  bind *:80\n  http-request return status 200\n";
    router.host.write_file(path, text).unwrap();
    let mut command = Command::new(HAPROXY);
    command.args(["-db", "-f", path]);
    let daemon = Daemon::start(&router.host, command).unwrap();
    eventually("HAProxy lives", Duration::from_secs(2), || {
        router.shell("killall -0 haproxy && echo y") == "y"
    });
    Some(daemon)
}

fn follows_haproxy_and_maintenance(makers: [Maker; 2], files: [&str; 2]) {
    let (mut lan, [mut haproxy_a, _haproxy_b]) = pair(makers);
    let vip = lan.vip(1);
    // One after the other, so that the first serving router is known.
    for (router, file) in files.into_iter().enumerate() {
        lan.routers[router].start(file);
        lan.expect_holder(vip, A, TAKEOVER);
    }
    lan.expect_holder(vip, A, TAKEOVER);
    let labelled = lan.routers[A].host.addresses().unwrap();
    assert!(labelled.contains(&("eth0:0".to_owned(), vip)), "{labelled:?}");
    expect_priority(&lan, A, 105);

    lan.routers[A].host.write_file(MAINTENANCE, "").unwrap();
    lan.expect_holder(vip, B, TAKEOVER);
    expect_priority(&lan, B, 104);
    lan.routers[A].host.remove_file(MAINTENANCE).unwrap();
    lan.expect_holder(vip, A, TAKEOVER);
    expect_priority(&lan, A, 105);

    drop(haproxy_a.take());
    lan.expect_holder(vip, B, TAKEOVER);
    // On the machine that does not serve, maintenance changes nothing.
    lan.routers[A].host.write_file(MAINTENANCE, "").unwrap();
    lan.stays_with(vip, B, Duration::from_secs(2));
    lan.routers[A].host.remove_file(MAINTENANCE).unwrap();
    let _haproxy_a = haproxy(&lan.routers[A]);
    lan.expect_holder(vip, A, TAKEOVER);
    lan.stays_with(vip, A, Duration::from_secs(1));

    expect_calls(&lan.routers[A], &["backup", "master", "backup", "master", "backup", "master"]);
    expect_calls(&lan.routers[B], &["backup", "master", "backup", "master", "backup"]);
    lan.never_two(Duration::from_secs(2));
}

/// The notify script was called with exactly these words, in this order.
#[track_caller]
fn expect_calls(router: &Router, calls: &[&str]) {
    eventually(&format!("notify calls {calls:?}, not {:?}", router.record()), Duration::ZERO, || {
        router.record() == calls
    });
}

/// The newest advert of a router says this priority, soon.
#[track_caller]
fn expect_priority(lan: &Lan, router: usize, priority: u8) {
    let now = Stamp::now();
    eventually(&format!("an advert with priority {priority}"), Duration::from_secs(3), || {
        lan.adverts_of(router, 51, now).last().is_some_and(|(_, advert)| advert.priority == priority)
    });
}

#[test]
fn the_dual_active_example_shares_the_load_and_survives_a_machine() {
    lab_test("the_dual_active_example_shares_the_load_and_survives_a_machine", &[HAPROXY, KILLALL], || {
        let (mut lan, _haproxies) = pair([Vipd, Vipd]);
        let (first, second) = (lan.vip(1), lan.vip(2));
        // The second address is first served by the first machine, and then goes where it belongs.
        for router in [A, B] {
            lan.routers[router].start(&runnable(DUAL));
            lan.expect_holder(first, A, TAKEOVER);
            lan.expect_holder(second, router, TAKEOVER);
        }
        lan.expect_holder(second, B, TAKEOVER);
        lan.lab.unplug("lb2").unwrap();
        lan.expect_holder(first, A, TAKEOVER);
        lan.expect_holder(second, A, TAKEOVER);
        lan.lab.plug("lb2").unwrap();
        lan.expect_holder(second, B, TAKEOVER);
        lan.expect_holder(first, A, TAKEOVER);
        lan.never_two(Duration::from_secs(2));
        let of = |router: &Router, name: &str| -> Vec<String> {
            let is_its = |line: &String| line.starts_with(&format!("INSTANCE {name} "));
            router.record().into_iter().filter(is_its).collect()
        };
        let states = ["BACKUP", "MASTER", "FAULT", "BACKUP", "MASTER"];
        eventually("all scripts have run", Duration::ZERO, || {
            of(&lan.routers[B], "web_2").len() == states.len()
        });
        for (line, state) in of(&lan.routers[B], "web_2").iter().zip(states) {
            assert!(line.starts_with(&format!("INSTANCE web_2 {state} 10")), "{line}");
        }
        eventually("BACKUP, MASTER, BACKUP, MASTER, BACKUP", Duration::ZERO, || {
            of(&lan.routers[A], "web_2").len() == 5
        });
    });
}

#[test]
fn the_lvs_example_moves_its_address() {
    lab_test("the_lvs_example_moves_its_address", &[], || {
        let (mut lan, _haproxies) = pair([Vipd, Vipd]);
        let vip = lan.vip(1);
        for router in &mut lan.routers {
            router.start(&runnable(LVS));
        }
        lan.expect_holder(vip, A, TAKEOVER);
        lan.routers[A].host.write_file(MAINTENANCE, "").unwrap();
        lan.expect_holder(vip, B, TAKEOVER + Duration::from_secs(1));
    });
}

#[test]
fn the_examples_pass_the_configuration_test() {
    lab_test("the_examples_pass_the_configuration_test", &[KILLALL], || {
        let (lan, _haproxies) = pair([Vipd, Vipd]);
        for router in &lan.routers {
            for text in [STANDBY, DUAL, LVS, LVS_NAT] {
                router.configure(&runnable(text));
                let test = format!("{} -t -f {CONFIGURATION} 2>&1; echo exit $?", env!("CARGO_BIN_EXE_vipd"));
                let said = router.shell(&test);
                if runnable(text) == text {
                    assert!(said.ends_with("exit 0"), "{said}");
                    assert!(!said.contains("warning"), "{said}");
                }
                assert!(!said.contains("error"), "{said}");
            }
        }
    });
}

#[test]
fn the_example_scripts_understand_both_kinds_of_calls() {
    lab_test("the_example_scripts_understand_both_kinds_of_calls", &[], || {
        let (lan, _haproxies) = pair([Vipd, Vipd]);
        let router = &lan.routers[A];
        router.install(NOTIFY_PATH, NOTIFY);
        router.install("/etc/keepalived/notify-mail.sh", NOTIFY_MAIL);
        router.install("/etc/stubs/logger", "#!/bin/sh\necho \"logger $*\"\n");
        router.install("/etc/stubs/mail", "#!/bin/sh\necho \"mail $*\"\n");
        let say = |call: &str| {
            router.shell(&format!(
                "PATH=/etc/stubs:$PATH; /etc/keepalived/{call}; echo exit $?; wait; sleep 0.2"
            ))
        };
        assert_eq!(say("notify.sh master"), "logger -t vipd-notify this machine is now master\nexit 0");
        assert_eq!(say("notify.sh INSTANCE web FAULT 100"), "logger -t vipd-notify web is now FAULT\nexit 0");
        assert!(say("notify.sh sideways").ends_with("exit 1"));
        let mail = say("notify-mail.sh ops@example.com INSTANCE web MASTER 105");
        assert!(mail.contains("mail -s web is MASTER on lb1 ops@example.com"), "{mail}");
        assert!(say("notify-mail.sh INSTANCE web MASTER 105").ends_with("exit 1"));
    });
}
