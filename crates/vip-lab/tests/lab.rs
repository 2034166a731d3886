//! The laboratory itself: hosts that talk through the switch, and nothing of this machine changed by them.

#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

use std::net::IpAddr;
use std::process::{Command, Stdio};
use std::time::Duration;

use vip_lab::capture::Capture;
use vip_lab::daemon::Daemon;
use vip_lab::frame::Frame;
use vip_lab::probe::{Probe, Via};
use vip_lab::{Host, Lab, Stamp, run_test};

/// Waits at most three seconds for `condition`.
fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    for _ in 0..300 {
        if condition() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("not within three seconds: {what}");
}

fn shell(host: &Host, text: &str) -> String {
    let mut command = Command::new("sh");
    command.args(["-c", text]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let output = host.spawn(command).unwrap().wait_with_output().unwrap();
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

#[test]
fn hosts_talk_through_the_switch_until_a_cable_is_pulled() {
    run_test("hosts_talk_through_the_switch_until_a_cable_is_pulled", || {
        let mut lab = Lab::new().unwrap();
        let a = lab.host("a", "eth0", &["192.0.2.1/24".parse().unwrap()]).unwrap();
        let _b = lab.host("b", "eth0", &["192.0.2.2/24".parse().unwrap()]).unwrap();
        let capture = Capture::start(&lab).unwrap();
        let target: IpAddr = "192.0.2.2".parse().unwrap();
        let probe = Probe::start(&a, target, Via::Echo, Duration::from_millis(5)).unwrap();

        eventually("ten answers", || {
            probe.after(0).iter().filter(|shot| shot.answered.is_some()).count() >= 10
        });
        let from_b = |from: usize| {
            let is_answer = |frame| matches!(frame, Frame::Probe { source, .. } if source == target);
            capture.after(from).iter().filter(|seen| seen.port == 1 && is_answer(seen.frame)).count()
        };
        eventually("the switch saw them come from b", || from_b(0) >= 10);

        lab.unplug("b").unwrap();
        let (silence, number) = (capture.position(), probe.position() + 1);
        eventually("twenty more questions", || probe.position() >= number + 20);
        assert_eq!(from_b(silence), 0);
        let lost = probe.after(number);
        assert!(lost.iter().all(|shot| shot.answered.is_none()), "{lost:?}");

        lab.plug("b").unwrap();
        eventually("answers after the cable is back", || from_b(silence) > 0);
        let now = Stamp::now();
        let patience = Duration::from_millis(50);
        assert!(probe.after(number).iter().filter(|shot| shot.is_lost(now, patience)).count() >= 10);
    });
}

#[test]
fn ipv6_works_at_once_with_global_and_link_local_addresses() {
    run_test("ipv6_works_at_once_with_global_and_link_local_addresses", || {
        let mut lab = Lab::new().unwrap();
        let a = lab.host("a", "eth0", &["2001:db8::1/64".parse().unwrap()]).unwrap();
        let b = lab.host("b", "eth0", &["2001:db8::2/64".parse().unwrap()]).unwrap();
        let link_local = |ip: &IpAddr| matches!(ip, IpAddr::V6(ip) if ip.is_unicast_link_local());
        assert!(b.addresses().unwrap().iter().any(|(name, ip)| name == "eth0" && link_local(ip)));
        let target = "2001:db8::2".parse().unwrap();
        let probe = Probe::start(&a, target, Via::Echo, Duration::from_millis(5)).unwrap();
        eventually("an answer", || probe.after(0).iter().any(|shot| shot.answered.is_some()));
    });
}

#[test]
fn an_isolated_host_keeps_its_carrier_and_an_unplugged_one_loses_it() {
    run_test("an_isolated_host_keeps_its_carrier_and_an_unplugged_one_loses_it", || {
        let mut lab = Lab::new().unwrap();
        let a = lab.host("a", "eth0", &["192.0.2.1/24".parse().unwrap()]).unwrap();
        let carrier = || {
            a.run(|| {
                nix::ifaddrs::getifaddrs().unwrap().any(|entry| {
                    entry.interface_name == "eth0"
                        && entry.flags.contains(nix::net::if_::InterfaceFlags::IFF_RUNNING)
                })
            })
            .unwrap()
        };
        lab.isolate("a").unwrap();
        assert!(carrier());
        lab.rejoin("a").unwrap();
        lab.unplug("a").unwrap();
        eventually("the carrier is gone", || !carrier());
        assert!(lab.unplug("nobody").is_err());
    });
}

#[test]
fn a_host_has_files_and_processes_of_its_own() {
    run_test("a_host_has_files_and_processes_of_its_own", || {
        let (a, b) = (Host::new("a").unwrap(), Host::new("b").unwrap());
        a.write_file("/etc/keepalived/down", "").unwrap();
        a.write_file("/run/some/where/pid", "1\n").unwrap();
        assert!(!std::path::Path::new("/etc/keepalived/down").exists(), "written to this machine");
        assert!(b.read_file("/etc/keepalived/down").is_err());
        assert_eq!(a.read_file("/run/some/where/pid").unwrap(), "1\n");
        assert_eq!(shell(&a, "cat /proc/sys/kernel/hostname"), "a");
        assert_eq!(shell(&a, "test -e /etc/passwd && echo yes"), "yes");
        // The machine's own root cannot be written, not even by root.
        assert_eq!(shell(&a, "touch /.host/tmp/x /.host/x /usr/x 2>/dev/null || echo refused"), "refused");
        a.remove_file("/etc/keepalived/down").unwrap();
        assert!(a.read_file("/etc/keepalived/down").is_err());
    });
}

#[test]
fn a_private_directory_holds_what_the_machine_has_and_can_be_written() {
    run_test("a_private_directory_holds_what_the_machine_has_and_can_be_written", || {
        let host = Host::new("a").unwrap();
        let write = "touch /etc/apt/new 2>/dev/null && echo written || echo refused";
        assert_eq!(shell(&host, write), "refused");
        host.private_directory("/etc/apt").unwrap();
        assert_eq!(shell(&host, write), "written");
        assert!(!std::path::Path::new("/etc/apt/new").exists(), "written to this machine");
        let machine = std::fs::read_dir("/etc/apt").map_or(0, Iterator::count);
        assert_eq!(shell(&host, "ls -A /etc/apt | wc -l"), (machine + 1).to_string());
    });
}

#[test]
fn killing_a_daemon_takes_its_children_and_power_off_takes_everything() {
    run_test("killing_a_daemon_takes_its_children_and_power_off_takes_everything", || {
        let a = Host::new("a").unwrap();
        let sleepers = || {
            let count =
                "for p in /proc/[0-9]*; do read c < $p/comm && [ $c = sleep ] && echo x; done 2>/dev/null";
            shell(&a, count).lines().count()
        };
        let mut tree = Command::new("sh");
        tree.args(["-c", "sh -c 'sleep 1000; exit' & sleep 1000 & echo started; wait"]);
        let mut daemon = Daemon::start(&a, tree).unwrap();
        eventually("the first line", || daemon.log().iter().any(|line| line.text == "started"));
        eventually("both children", || sleepers() >= 2);
        daemon.kill();
        eventually("no child is left", || sleepers() == 0);

        let mut other = Command::new("sleep");
        other.arg("1000");
        let mut other = Daemon::start(&a, other).unwrap();
        assert!(other.is_running());
        a.kill_all();
        assert!(other.wait(Duration::from_secs(3)).unwrap().is_some());
        assert_eq!(shell(&a, "echo alive"), "alive");
    });
}
