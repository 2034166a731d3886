//! BFD sessions on real kernels: beside keepalived, BIRD and ourselves, in every role, and what follows for those who track
//! them. The instance under test is the only one for its address: it holds the address exactly while it is not in FAULT.

#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

mod common;

use std::net::IpAddr;
use std::process::Command;
use std::time::{Duration, Instant};

use common::hosts::Maker::{Keepalived, Vipd};
use common::hosts::{KEEPALIVED, Maker, Router};
use common::{always, eventually, lab_test};
use ipnetwork::IpNetwork;
use nix::sys::signal::Signal;
use vip_lab::Lab;
use vip_lab::daemon::{Daemon, Program};

const VIP: &str = "192.0.2.100";
const BIRD: &str = "/usr/sbin/bird";
/// Three packets of 50 ms.
const DETECTION: Duration = Duration::from_millis(150);
/// A handshake begins with a packet in each second.
const HANDSHAKE: Duration = Duration::from_secs(3);

/// A machine that tracks a session, and its neighbor.
struct Pair {
    tracker: Router,
    neighbor: Router,
    lab: Lab,
}

/// Lines of the two sessions, and how the instance tracks its.
#[derive(Clone, Copy, Default)]
struct Setup<'a> {
    ipv6: bool,
    session: &'a str,
    of_neighbor: &'a str,
    track: &'a str,
    priority: &'a str,
}

impl Setup<'_> {
    fn addresses(self) -> [&'static str; 2] {
        if self.ipv6 { ["2001:db8::1", "2001:db8::2"] } else { ["192.0.2.1", "192.0.2.2"] }
    }

    fn session(own: &str, other: &str, lines: &str) -> String {
        format!(
            "bfd_instance up {{\n neighbor_ip {other}\n source_ip {own}\n min_rx 50\n min_tx 50\n multiplier 3\n {lines}\n}}\n"
        )
    }

    fn of_tracker(self) -> String {
        let [own, other] = self.addresses();
        let priority = if self.priority.is_empty() { "priority 150" } else { self.priority };
        format!(
            "global_defs {{\n vrrp_version 3\n}}\n{}vrrp_instance V {{\n interface eth0\n virtual_router_id 51\n {priority}\n \
             advert_int 0.1\n track_bfd {{\n  up {}\n }}\n virtual_ipaddress {{\n  {VIP}/24\n }}\n}}\n",
            Self::session(own, other, self.session),
            self.track
        )
    }

    fn of_neighbor(self) -> String {
        let [other, own] = self.addresses();
        Self::session(own, other, self.of_neighbor)
    }
}

impl Pair {
    fn new(tracker: Maker, neighbor: Maker) -> Self {
        let mut lab = Lab::new().unwrap();
        let vip: IpAddr = VIP.parse().unwrap();
        let mut router = |name: &str, maker: Maker, last: u8| {
            let addresses = [format!("192.0.2.{last}/24"), format!("2001:db8::{last}/64")];
            let addresses = addresses.map(|address| address.parse::<IpNetwork>().unwrap());
            let mut router = Router::new(lab.host(name, "eth0", &addresses).unwrap(), maker, &[vip]);
            router.program = maker.whole_program_with(&["-b", BFD_PID]);
            router
        };
        let (tracker, neighbor) = (router("a", tracker, 1), router("b", neighbor, 2));
        Self { tracker, neighbor, lab }
    }

    /// Both run, and the session is Up.
    fn up(tracker: Maker, neighbor: Maker, setup: Setup<'_>) -> Self {
        let mut pair = Self::new(tracker, neighbor);
        pair.tracker.start(&setup.of_tracker());
        pair.neighbor.start(&setup.of_neighbor());
        pair.serves(HANDSHAKE);
        pair
    }

    fn reload(&self, text: &str) {
        self.tracker.configure(text);
        self.tracker.signal(Signal::SIGHUP);
    }

    fn holds(&self) -> bool {
        self.tracker.holds(VIP.parse().unwrap())
    }

    #[track_caller]
    fn serves(&self, bound: Duration) {
        eventually("the session is Up: the address is there", bound, || self.holds());
    }

    #[track_caller]
    fn yields(&self, bound: Duration) {
        eventually("the session is down: the address is gone", bound, || !self.holds());
    }

    /// Nothing of the session is noticed here, nor by the neighbor.
    #[track_caller]
    fn nobody_notices(&self, time: Duration) {
        let before = self.downs();
        always("the address stays", time, || self.holds());
        assert_eq!(self.downs(), before, "a session went down");
    }

    fn downs(&self) -> usize {
        let lines = self.neighbor.log().into_iter().chain(self.tracker.log());
        lines.filter(|line| line.text.contains("Entering Down state")).count()
    }

    /// Sends a signal to the BFD worker of the tracking machine.
    fn signal_worker(&self, signal: &str) {
        self.tracker.shell(&format!("kill -{signal} $(cat {BFD_PID})"));
    }

    fn starts_of_worker(&self) -> usize {
        self.tracker.log_count("Starting BFD child process")
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        if std::thread::panicking() {
            for router in [&self.tracker, &self.neighbor] {
                for line in router.log() {
                    println!("{} {}: {}", line.at, router.host.name(), line.text);
                }
            }
        }
    }
}

const BFD_PID: &str = "/run/bfd.pid";

/// No session: FAULT. Session: serves. The neighbor is cut off: FAULT within the detection time. It is back: serves.
fn follows(tracker: Maker, neighbor: Maker, setup: Setup<'_>) {
    let mut pair = Pair::new(tracker, neighbor);
    pair.tracker.start(&setup.of_tracker());
    always("no session, no address", Duration::from_secs(1), || !pair.holds());
    pair.neighbor.start(&setup.of_neighbor());
    pair.serves(HANDSHAKE);
    pair.lab.isolate("b").unwrap();
    pair.yields(DETECTION);
    pair.lab.rejoin("b").unwrap();
    pair.serves(HANDSHAKE);
}

macro_rules! pairs {
    ($($name:ident: $tracker:ident with $neighbor:ident, $setup:expr;)*) => {$(
        #[test]
        fn $name() {
            let programs: &[&str] = if [$tracker, $neighbor].contains(&Keepalived) { &[KEEPALIVED] } else { &[] };
            lab_test(stringify!($name), programs, || follows($tracker, $neighbor, $setup));
        }
    )*};
}

pairs! {
    vipd_follows_vipd: Vipd with Vipd, Setup::default();
    vipd_follows_keepalived: Vipd with Keepalived, Setup::default();
    keepalived_follows_vipd: Keepalived with Vipd, Setup::default();
    vipd_follows_keepalived_over_ipv6: Vipd with Keepalived, Setup { ipv6: true, ..Setup::default() };
    keepalived_follows_vipd_over_ipv6: Keepalived with Vipd, Setup { ipv6: true, ..Setup::default() };
    vipd_is_passive_to_keepalived: Vipd with Keepalived, Setup { session: "passive", ..Setup::default() };
    keepalived_is_passive_to_vipd: Vipd with Keepalived, Setup { of_neighbor: "passive", ..Setup::default() };
    vipd_follows_vipd_with_the_port_of_several_hops:
        Vipd with Vipd, Setup { session: "multihop", of_neighbor: "multihop", ..Setup::default() };
}

#[test]
fn vipd_follows_bird() {
    lab_test("vipd_follows_bird", &[BIRD], || {
        for ipv6 in [false, true] {
            let setup = Setup { ipv6, ..Setup::default() };
            let mut pair = Pair::new(Vipd, Keepalived);
            pair.tracker.start(&setup.of_tracker());
            let [other, _] = setup.addresses();
            let configuration = format!(
                "log stderr all;\nrouter id 192.0.2.2;\nprotocol device {{ }}\nprotocol bfd {{\n interface \"eth0\" {{ min rx \
                 interval 50 ms; min tx interval 50 ms; idle tx interval 1000 ms; multiplier 3; }};\n neighbor {other} dev \
                 \"eth0\";\n}}\n"
            );
            let program = Program::new(BIRD, &["-f", "-c", "{conf}", "-s", "/run/vipd/bird.ctl"]);
            pair.neighbor.host.write_file("/etc/vipd/bird.conf", configuration).unwrap();
            let mut bird =
                Daemon::start(&pair.neighbor.host, program.command("/etc/vipd/bird.conf")).unwrap();
            pair.serves(HANDSHAKE);
            bird.kill();
            pair.yields(DETECTION);
        }
    });
}

#[test]
fn a_stop_of_the_neighbor_is_told_and_not_waited_for() {
    lab_test("a_stop_of_the_neighbor_is_told_and_not_waited_for", &[KEEPALIVED], || {
        for tracker in [Vipd, Keepalived] {
            // A detection time of an hour, nearly.
            let slow = "min_tx 1000000\n min_rx 50";
            let mut pair = Pair::up(tracker, Vipd, Setup { of_neighbor: slow, ..Setup::default() });
            pair.neighbor.daemon.as_mut().unwrap().signal(Signal::SIGTERM).unwrap();
            pair.yields(Duration::ZERO);
        }
    });
}

#[test]
fn a_killed_bfd_worker_takes_no_session_down() {
    lab_test("a_killed_bfd_worker_takes_no_session_down", &[], || {
        // The machine may be slow to start a process.
        let patient = Setup { session: "multiplier 20", of_neighbor: "multiplier 20", ..Setup::default() };
        let pair = Pair::up(Vipd, Vipd, patient);
        pair.signal_worker("KILL");
        pair.nobody_notices(Duration::from_secs(2));
        assert_eq!(pair.starts_of_worker(), 2, "it was started again");
        // A worker that dies often is started again only after a pause, for which the neighbor does not wait.
        pair.signal_worker("KILL");
        always("the address stays", Duration::from_secs(4), || pair.holds());
        assert_eq!(pair.starts_of_worker(), 3);
    });
}

#[test]
fn a_bfd_worker_that_was_stopped_for_a_while_is_its_own_fault() {
    lab_test("a_bfd_worker_that_was_stopped_for_a_while_is_its_own_fault", &[KEEPALIVED], || {
        for neighbor in [Vipd, Keepalived] {
            let mut pair = Pair::up(Vipd, neighbor, Setup::default());
            let before = pair.downs();
            pair.signal_worker("STOP");
            eventually("the neighbor goes down", DETECTION, || pair.downs() > before);
            pair.signal_worker("CONT");
            always("the address stays", Duration::from_secs(4), || pair.holds());
            pair.lab.isolate("b").unwrap();
            pair.yields(DETECTION);
        }
    });
}

#[test]
fn a_reload_changes_intervals_and_names_and_takes_no_session_down() {
    lab_test("a_reload_changes_intervals_and_names_and_takes_no_session_down", &[KEEPALIVED], || {
        for neighbor in [Vipd, Keepalived] {
            let mut pair = Pair::up(Vipd, neighbor, Setup::default());
            for lines in ["min_rx 200", "min_tx 400\n multiplier 5", "min_rx 20\n min_tx 20"] {
                let text = Setup { session: lines, ..Setup::default() }.of_tracker();
                let text = text.replace("bfd_instance up", "bfd_instance path").replace("  up ", "  path ");
                pair.reload(&text);
                pair.nobody_notices(Duration::from_secs(2));
            }
            pair.lab.isolate("b").unwrap();
            pair.yields(DETECTION);
        }
    });
}

#[test]
fn weights_and_reverse_count_as_in_keepalived() {
    lab_test("weights_and_reverse_count_as_in_keepalived", &[KEEPALIVED], || {
        for maker in [Keepalived, Vipd] {
            // The neighbor is a rival of priority 100 as well.
            let rival = "vrrp_instance V {\n interface eth0\n virtual_router_id 51\n priority 100\n version 3\n \
                         advert_int 0.1\n virtual_ipaddress {\n  192.0.2.100/24\n }\n}\n";
            for (track, priority, up) in [
                ("weight 20", "priority 90", true),
                ("weight -20", "priority 110", true),
                ("weight 20 reverse", "priority 110", false),
                ("weight -20 reverse", "priority 90", false),
                ("weight 0 reverse", "priority 110", false),
            ] {
                let setup = Setup { track, priority, ..Setup::default() };
                let mut pair = Pair::new(maker, Vipd);
                pair.tracker.start(&setup.of_tracker());
                pair.neighbor.start(&(setup.of_neighbor() + rival));
                let vip: IpAddr = VIP.parse().unwrap();
                let what = format!("{maker:?} {track}: serves while the session is up: {up}");
                let serves = || pair.holds() == up && pair.neighbor.holds(vip) != up;
                pair.tracker.expect_log("Entering Up state", HANDSHAKE);
                let mut since = None;
                eventually(&what, HANDSHAKE, || {
                    since = if serves() { since.or(Some(Instant::now())) } else { None };
                    since.is_some_and(|since| since.elapsed() > Duration::from_millis(700))
                });
            }
        }
    });
}

#[test]
fn packets_that_a_router_passed_on_bring_no_session_up() {
    lab_test("packets_that_a_router_passed_on_bring_no_session_up", &[], || {
        let mut pair = Pair::new(Vipd, Vipd);
        pair.tracker.start(&Setup::default().of_tracker());
        pair.neighbor.start(&Setup { of_neighbor: "ttl 254\n max_hops 1", ..Setup::default() }.of_neighbor());
        always("254 is not 255", Duration::from_secs(3), || !pair.holds());
        let line =
            "BFD packets from 192.0.2.2 are discarded: its TTL or Hop Limit is 254, at least 255 is accepted";
        assert_eq!(pair.tracker.log_count(line), 1);
        pair.reload(&Setup { session: "max_hops 1", ..Setup::default() }.of_tracker());
        pair.serves(HANDSHAKE);
    });
}

#[test]
fn a_port_that_somebody_has_is_taken_when_it_is_free() {
    lab_test("a_port_that_somebody_has_is_taken_when_it_is_free", &["/usr/bin/python3"], || {
        let mut pair = Pair::new(Vipd, Vipd);
        let mut command = Command::new("/usr/bin/python3");
        let program = "import socket,time\ns=socket.socket(socket.AF_INET,socket.SOCK_DGRAM)\ns.bind(('',3784))\ntime.sleep(60)";
        command.args(["-c", program]);
        let mut squatter = pair.tracker.host.spawn(command).unwrap();
        std::thread::sleep(Duration::from_millis(500));
        pair.tracker.start(&Setup::default().of_tracker());
        pair.neighbor.start(&Setup::default().of_neighbor());
        let said =
            || pair.tracker.log().iter().any(|line| line.text.contains("cannot receive IPv4 UDP port 3784"));
        eventually("the log says so", Duration::from_secs(2), said);
        squatter.kill().unwrap();
        squatter.wait().unwrap();
        pair.serves(HANDSHAKE);
    });
}
