//! Against a kernel with IPVS, looked at from two sides: what this crate reads back, and what ipvsadm shows.
//!
//! Every test has a network namespace of its own, in which `eth0` is a dummy interface with 192.0.2.1 and 2001:db8::1.

#![allow(clippy::panic, clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

mod support;

use std::collections::BTreeSet;
use std::net::UdpSocket;
use std::num::NonZeroU32;
use std::process::Command;
use std::time::{Duration, Instant};

use ipvs_netlink::{
    Change, Client, Destination, Error, Family, Forwarding, Persistence, PersistenceEngine, Rules, Scheduler,
    Scope, Service, ServiceFlags, ServiceKey, SyncDaemon, SyncRole, Table, Thresholds, Timeouts, Tunnel,
    TunnelChecksum, diff,
};

use ipvs_netlink::proc::{Connections, Setting, SyncThreshold, global_statistics};
use support::{in_namespace, ipvsadm, rules};

fn web() -> ServiceKey {
    ServiceKey::tcp("192.0.2.1:80".parse().unwrap())
}

fn web6() -> ServiceKey {
    ServiceKey::tcp("[2001:db8::1]:80".parse().unwrap())
}

fn at(address: &str, forwarding: Forwarding) -> Destination {
    Destination::new(address.parse().unwrap(), forwarding)
}

/// Makes the kernel's table this one, and checks that it reads back so, and that nothing is left to do.
fn program(client: &mut Client, wanted: &Table) {
    let changes = diff(&client.table().unwrap(), wanted, Scope::Everything);
    let report = client.apply(&changes).unwrap();
    assert!(report.is_complete(), "{report:?}");
    let table = client.table().unwrap();
    assert_eq!(table, *wanted);
    assert_eq!(diff(&table, wanted, Scope::Everything), []);
}

fn one(service: Service, destinations: &[Destination]) -> Table {
    Table::from_iter([(service, destinations.to_vec())])
}

/// The changes that the kernel refused, as the tests compare them.
fn refusals(client: &mut Client, changes: &[Change]) -> Vec<(usize, i32)> {
    let report = client.apply(changes).unwrap();
    report.failed.iter().map(|failure| (failure.index, failure.refusal.errno)).collect()
}

#[test]
#[ignore = "needs a kernel with IPVS: cargo xtask vm"]
fn every_forwarding_method_is_what_ipvsadm_shows() {
    in_namespace(|client| {
        let gue = |checksum| Forwarding::Tunnel(Tunnel::Gue { port: 6080, checksum });
        let gre = |checksum| Forwarding::Tunnel(Tunnel::Gre { checksum });
        let destinations = [
            at("192.0.2.11:8080", Forwarding::Nat).with_weight(3),
            at("192.0.2.12:80", Forwarding::DirectRoute).with_weight(0),
            at("192.0.2.13:80", Forwarding::IPIP),
            at("192.0.2.14:80", gue(TunnelChecksum::None)),
            at("192.0.2.15:80", gue(TunnelChecksum::Full)),
            at("192.0.2.16:80", gue(TunnelChecksum::Remote)),
            at("192.0.2.17:80", gre(TunnelChecksum::None)),
            at("192.0.2.18:80", gre(TunnelChecksum::Full)),
        ];
        let wanted = one(Service::new(web(), Scheduler::WLC), &destinations);
        program(client, &wanted);
        assert_eq!(
            rules(),
            [
                "-A -t 192.0.2.1:80 -s wlc",
                "-a -t 192.0.2.1:80 -r 192.0.2.11:8080 -m -w 3",
                "-a -t 192.0.2.1:80 -r 192.0.2.12:80 -g -w 0",
                "-a -t 192.0.2.1:80 -r 192.0.2.13:80 -i -w 1 --tun-type ipip",
                "-a -t 192.0.2.1:80 -r 192.0.2.14:80 -i -w 1 --tun-type gue --tun-port 6080 --tun-nocsum",
                "-a -t 192.0.2.1:80 -r 192.0.2.15:80 -i -w 1 --tun-type gue --tun-port 6080 --tun-csum",
                "-a -t 192.0.2.1:80 -r 192.0.2.16:80 -i -w 1 --tun-type gue --tun-port 6080 --tun-remcsum",
                "-a -t 192.0.2.1:80 -r 192.0.2.17:80 -i -w 1 --tun-type gre --tun-nocsum",
                "-a -t 192.0.2.1:80 -r 192.0.2.18:80 -i -w 1 --tun-type gre --tun-csum",
            ]
        );
        // ipvsadm can add neither, and has no word for the second.
        let others = [at("192.0.2.1:80", Forwarding::Local), at("192.0.2.12:80", Forwarding::Bypass)];
        program(client, &one(Service::new(web(), Scheduler::WLC), &others));
        let shown = ipvsadm("-Ln");
        assert!(shown.contains("-> 192.0.2.1:80 Local 1") && shown.contains("-> 192.0.2.12:80"), "{shown}");
    });
}

#[test]
#[ignore = "needs a kernel with IPVS: cargo xtask vm"]
fn a_destination_changes_its_forwarding_in_place() {
    in_namespace(|client| {
        let service = || Service::new(web(), Scheduler::WLC);
        let gue = Forwarding::Tunnel(Tunnel::Gue { port: 6080, checksum: TunnelChecksum::Full });
        for forwarding in
            [Forwarding::Nat, gue, Forwarding::DirectRoute, Forwarding::IPIP, gue, Forwarding::Nat]
        {
            program(client, &one(service(), &[at("192.0.2.11:80", forwarding)]));
        }
        assert_eq!(rules()[1], "-a -t 192.0.2.1:80 -r 192.0.2.11:80 -m -w 1");
    });
}

#[test]
#[ignore = "needs a kernel with IPVS: cargo xtask vm"]
fn every_scheduler_of_the_kernel_is_loaded_by_its_name_and_changed_in_place() {
    in_namespace(|client| {
        let all = [
            Scheduler::RR,
            Scheduler::WRR,
            Scheduler::LC,
            Scheduler::WLC,
            Scheduler::LBLC,
            Scheduler::LBLCR,
            Scheduler::DH,
            Scheduler::SH,
            Scheduler::MH,
            Scheduler::SED,
            Scheduler::NQ,
            Scheduler::FO,
            Scheduler::OVF,
        ];
        let destination = [at("192.0.2.11:80", Forwarding::Nat)];
        for scheduler in all {
            let rule = format!("-A -t 192.0.2.1:80 -s {scheduler}");
            program(client, &one(Service::new(web(), scheduler), &destination));
            assert_eq!(rules()[0], rule);
        }
    });
}

#[test]
#[ignore = "needs a kernel with IPVS: cargo xtask vm"]
fn services_of_every_kind_are_what_ipvsadm_shows() {
    in_namespace(|client| {
        let udp = |address: &str| ServiceKey::udp(address.parse().unwrap());
        let mark = |family| ServiceKey::Fwmark { family, mark: NonZeroU32::new(5).unwrap() };
        let persistent = |family, seconds| Persistence::new(family, Duration::from_secs(seconds));
        let sip = Persistence { engine: Some(PersistenceEngine::SIP), ..persistent(Family::V4, 300) };
        let wanted = Table::from_iter([
            (
                Service::new(udp("192.0.2.1:53"), Scheduler::RR)
                    .with_flags(ServiceFlags::ONE_PACKET)
                    .with_persistence(Persistence { prefix_len: 24, ..persistent(Family::V4, 360) }),
                vec![],
            ),
            (Service::new(udp("192.0.2.1:5060"), Scheduler::WLC).with_persistence(sip), vec![]),
            (Service::new(ServiceKey::sctp("192.0.2.1:5000".parse().unwrap()), Scheduler::SED), vec![]),
            (
                Service::new(web6(), Scheduler::WRR)
                    .with_persistence(Persistence { prefix_len: 64, ..persistent(Family::V6, 60) }),
                vec![at("[2001:db8::11]:80", Forwarding::Nat)],
            ),
            (
                Service::new(mark(Family::V4), Scheduler::SH)
                    .with_flags(ServiceFlags::SH_FALLBACK | ServiceFlags::SH_PORT),
                vec![at("192.0.2.11:0", Forwarding::DirectRoute)],
            ),
            (
                Service::new(mark(Family::V6), Scheduler::MH)
                    .with_flags(ServiceFlags::MH_FALLBACK | ServiceFlags::MH_PORT),
                vec![at("[2001:db8::11]:0", Forwarding::DirectRoute)],
            ),
        ]);
        program(client, &wanted);
        assert_eq!(
            rules(),
            [
                "-A --sctp-service 192.0.2.1:5000 -s sed",
                "-A -f 5 -6 -s mh -b mh-fallback,mh-port",
                "-A -f 5 -s sh -b sh-fallback,sh-port",
                "-A -t [2001:db8::1]:80 -s wrr -p 60 -M 64",
                "-A -u 192.0.2.1:5060 -s wlc -p 300 --pe sip",
                "-A -u 192.0.2.1:53 -s rr -p 360 -M 255.255.255.0 -o",
                "-a -f 5 -6 -r [2001:db8::11]:0 -g -w 1",
                "-a -f 5 -r 192.0.2.11:0 -g -w 1",
                "-a -t [2001:db8::1]:80 -r [2001:db8::11]:80 -m -w 1",
            ]
        );
    });
}

#[test]
#[ignore = "needs a kernel with IPVS: cargo xtask vm"]
fn persistence_and_flags_come_and_go_in_place() {
    in_namespace(|client| {
        let plain = || Service::new(web(), Scheduler::SH);
        let persistent = Persistence::new(Family::V4, Duration::from_secs(60));
        program(client, &one(plain(), &[]));
        program(client, &one(plain().with_persistence(persistent), &[]));
        program(client, &one(plain().with_flags(ServiceFlags::SH_PORT), &[]));
        assert_eq!(rules(), ["-A -t 192.0.2.1:80 -s sh -b sh-port"]);
        program(client, &one(plain(), &[]));
        assert_eq!(rules(), ["-A -t 192.0.2.1:80 -s sh"]);
    });
}

#[test]
#[ignore = "needs a kernel with IPVS: cargo xtask vm"]
fn thresholds_rise_and_fall_in_one_step() {
    in_namespace(|client| {
        for (lower, upper) in [(50, 100), (500, 1000), (5, 10), (0, 10), (0, 0)] {
            let destination =
                at("192.0.2.11:80", Forwarding::Nat).with_thresholds(Thresholds { upper, lower });
            program(client, &one(Service::new(web(), Scheduler::WLC), &[destination]));
            let shown = ipvsadm("-Ln --thresholds");
            assert!(shown.contains(&format!("192.0.2.11:80 {upper} {lower} ")), "{shown}");
        }
        let destination =
            at("192.0.2.11:80", Forwarding::Nat).with_thresholds(Thresholds { upper: 1, lower: 2 });
        let set = Change::SetDestination { service: web(), destination };
        assert_eq!(refusals(client, &[set]), [(0, libc::ERANGE)]);
    });
}

#[test]
#[ignore = "needs a kernel with IPVS: cargo xtask vm"]
fn tunnels_lead_from_one_family_to_the_other() {
    in_namespace(|client| {
        let to_v4 = at("192.0.2.11:80", Forwarding::IPIP);
        let to_v6 = at("[2001:db8::11]:80", Forwarding::IPIP);
        let wanted = Table::from_iter([
            (Service::new(web(), Scheduler::WLC), vec![to_v6, to_v4]),
            (Service::new(web6(), Scheduler::WLC), vec![to_v6, to_v4]),
        ]);
        program(client, &wanted);
        assert_eq!(rules().iter().filter(|rule| rule.contains("-i -w 1 --tun-type ipip")).count(), 4);
        let translated = at("192.0.2.12:80", Forwarding::Nat);
        let add = Change::AddDestination { service: web6(), destination: translated };
        assert_eq!(refusals(client, &[add]), [(0, libc::EINVAL)]);
        let daemon = SyncDaemon::new(SyncRole::Master, "eth0", 1);
        assert_eq!(client.start_daemon(&daemon).unwrap_err().errno(), Some(libc::EINVAL));
    });
}

#[test]
#[ignore = "needs a kernel with IPVS: cargo xtask vm"]
fn traffic_is_counted_and_the_counters_start_again() {
    in_namespace(|client| {
        let dns = ServiceKey::udp("192.0.2.1:53".parse().unwrap());
        let other = ServiceKey::udp("192.0.2.1:54".parse().unwrap());
        let server = UdpSocket::bind("192.0.2.1:5353").unwrap();
        server.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let persistence = Persistence::new(Family::V4, Duration::from_secs(60));
        let destination = at("192.0.2.1:5353", Forwarding::Nat);
        let service = |key| Service::new(key, Scheduler::RR).with_persistence(persistence.clone());
        let wanted =
            Table::from_iter([(service(dns), vec![destination]), (service(other), vec![destination])]);
        program(client, &wanted);

        for port in [53, 53, 53, 54] {
            let asker = UdpSocket::bind("192.0.2.1:0").unwrap();
            asker.send_to(&[1; 100], ("192.0.2.1", port)).unwrap();
            let (_, from) = server.recv_from(&mut [0; 200]).unwrap();
            server.send_to(&[2; 50], from).unwrap();
            asker.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
            assert_eq!(asker.recv(&mut [0; 200]).unwrap(), 50);
        }
        // The kernel adds its counters up every two seconds.
        let soon = Instant::now() + Duration::from_secs(20);
        let status = loop {
            let status = client.service(&dns).unwrap().unwrap();
            let late = client.service(&other).unwrap().unwrap();
            if (status.statistics.total.packets_out == 3 && late.statistics.total.packets_out == 1)
                || Instant::now() > soon
            {
                break status;
            }
            std::thread::sleep(Duration::from_millis(50));
        };
        assert_eq!((status.statistics.total.connections, status.statistics.total.packets_in), (3, 3));
        assert_eq!((status.statistics.total.bytes_in, status.statistics.total.bytes_out), (384, 234));
        let [destination] = client.destinations(&dns).unwrap()[..] else { panic!("one destination") };
        assert_eq!(destination.statistics.total, status.statistics.total);
        assert_eq!((destination.connections.inactive, destination.connections.persistent), (3, 1));
        assert!(ipvsadm("-Ln --stats").contains("UDP 192.0.2.1:53 3 3 3 384 234"));

        let total = |client: &mut Client, key| client.service(&key).unwrap().unwrap().statistics.total;
        client.zero(Some(&dns)).unwrap();
        assert_eq!((total(client, dns).connections, total(client, other).connections), (0, 1));
        client.zero(None).unwrap();
        assert_eq!(total(client, other).connections, 0);
        assert!(ipvsadm("-Ln --stats").contains("UDP 192.0.2.1:54 0 0 0 0 0"));
    });
}

#[test]
#[ignore = "needs a kernel with IPVS: cargo xtask vm"]
fn timeouts_are_set_and_zero_leaves_them() {
    in_namespace(|client| {
        let [tcp, tcp_fin, udp] = [901, 121, 301].map(Duration::from_secs);
        client.set_timeouts(&Timeouts { tcp, tcp_fin, udp }).unwrap();
        assert_eq!(client.timeouts().unwrap(), Timeouts { tcp, tcp_fin, udp });
        client.set_timeouts(&Timeouts { udp: Duration::from_secs(7), ..Timeouts::default() }).unwrap();
        assert_eq!(ipvsadm("-L --timeout"), "Timeout (tcp tcpfin udp): 901 121 7\n");
    });
}

#[test]
#[ignore = "needs a kernel with IPVS: cargo xtask vm"]
fn a_sync_daemon_is_stopped_before_its_thread_has_run() {
    in_namespace(|client| {
        let start = Instant::now();
        for _ in 0..50 {
            client.start_daemon(&SyncDaemon::new(SyncRole::Backup, "eth0", 7)).unwrap();
            client.stop_daemon(SyncRole::Backup).unwrap();
        }
        assert_eq!(client.daemons().unwrap(), []);
        // Waiting in vain for one answer takes five seconds.
        assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    });
}

#[test]
#[ignore = "needs a kernel with IPVS: cargo xtask vm"]
fn sync_daemons_start_stop_and_are_listed() {
    in_namespace(|client| {
        assert_eq!(client.daemons().unwrap(), []);
        client.start_daemon(&SyncDaemon::new(SyncRole::Master, "eth0", 7)).unwrap();
        let backup = SyncDaemon {
            role: SyncRole::Backup,
            interface: "eth0".to_owned(),
            id: 8,
            max_len: Some(1400),
            group: Some("ff02::81".parse().unwrap()),
            port: Some(8849),
            ttl: Some(4),
        };
        client.start_daemon(&backup).unwrap();
        assert_eq!(
            ipvsadm("-L --daemon"),
            "master sync daemon (mcast=eth0, syncid=7, maxlen=1472, group=224.0.0.81, port=8848, ttl=1)\n\
             backup sync daemon (mcast=eth0, syncid=8, maxlen=1400, group=ff02::81, port=8849, ttl=4)\n"
        );
        let running = client.daemons().unwrap();
        assert_eq!((running[0].role, running[0].port), (SyncRole::Master, Some(8848)));
        assert_eq!(running[1], backup);

        let again = client.start_daemon(&backup).unwrap_err();
        assert_eq!(again.errno(), Some(libc::EEXIST), "{again}");
        client.stop_daemon(SyncRole::Master).unwrap();
        assert_eq!(client.stop_daemon(SyncRole::Master).unwrap_err().errno(), Some(libc::ESRCH));
        let nowhere = SyncDaemon::new(SyncRole::Master, "eth9", 7);
        assert_eq!(client.start_daemon(&nowhere).unwrap_err().errno(), Some(libc::ENODEV));
        client.stop_daemon(SyncRole::Backup).unwrap();
        assert_eq!(ipvsadm("-L --daemon"), "");
    });
}

#[test]
#[ignore = "needs a kernel with IPVS: cargo xtask vm"]
fn refusals_are_told_one_by_one_and_do_not_hold_up_the_rest() {
    in_namespace(|client| {
        let good = Service::new(web(), Scheduler::RR);
        let bad = Service::new(web6(), Scheduler::new("nonesuch").unwrap());
        let broadcast = at("255.255.255.255:80", Forwarding::Nat);
        let orphan = at("[2001:db8::11]:80", Forwarding::Nat);
        let changes = [
            Change::AddService(bad),
            Change::AddDestination { service: web6(), destination: orphan },
            Change::AddService(good),
            Change::AddDestination { service: web(), destination: broadcast },
            Change::AddDestination { service: web(), destination: at("192.0.2.11:80", Forwarding::Nat) },
        ];
        assert_eq!(refusals(client, &changes), [(0, libc::ENOENT), (1, libc::ESRCH), (3, libc::EINVAL)]);
        assert_eq!(rules(), ["-A -t 192.0.2.1:80 -s rr", "-a -t 192.0.2.1:80 -r 192.0.2.11:80 -m -w 1"]);
        assert_eq!(client.service(&web6()).unwrap(), None);
        assert_eq!(client.destinations(&web6()).unwrap(), []);
    });
}

#[test]
#[ignore = "needs a kernel with IPVS: cargo xtask vm"]
fn more_refusals_than_a_receive_buffer_holds_are_all_told() {
    in_namespace(|client| {
        let orphan = |last: u16| {
            let destination = at(&format!("192.0.2.11:{last}"), Forwarding::Nat);
            Change::AddDestination { service: web(), destination }
        };
        let changes: Vec<_> = (1..=3000).map(orphan).collect();
        assert_eq!(refusals(client, &changes).len(), 3000);
    });
}

#[test]
#[ignore = "needs a kernel with IPVS: cargo xtask vm"]
fn an_unexpected_table_is_corrected_all_the_same() {
    in_namespace(|client| {
        let service = |scheduler| Service::new(web(), scheduler);
        let server = |weight| at("192.0.2.11:80", Forwarding::Nat).with_weight(weight);
        // Added behind our back: added services and destinations are set.
        ipvsadm("-A -t 192.0.2.1:80 -s wrr");
        ipvsadm("-a -t 192.0.2.1:80 -r 192.0.2.11:80 -m -w 9");
        let wanted = one(service(Scheduler::RR), &[server(2)]);
        let report = client.apply(&diff(&Table::new(), &wanted, Scope::Everything)).unwrap();
        assert!(report.is_complete(), "{report:?}");
        assert_eq!(client.table().unwrap(), wanted);
        // Removed behind our back: set services and destinations are added, removed ones need nothing.
        let gone = at("192.0.2.12:80", Forwarding::Nat);
        let before = one(service(Scheduler::RR), &[server(2), gone]);
        let wanted = one(service(Scheduler::LC), &[server(3)]);
        let changes = diff(&before, &wanted, Scope::Everything);
        assert_eq!(changes.len(), 3);
        for vanish in ["-d -t 192.0.2.1:80 -r 192.0.2.11:80", "-D -t 192.0.2.1:80"] {
            ipvsadm(vanish);
            let report = client.apply(&changes).unwrap();
            assert!(report.is_complete(), "{report:?}");
            assert_eq!(client.table().unwrap(), wanted);
        }
        let remove = [Change::RemoveService(web()), Change::RemoveService(web())];
        assert!(client.apply(&remove).unwrap().is_complete());
    });
}

#[test]
#[ignore = "needs a kernel with IPVS: cargo xtask vm"]
fn services_of_others_are_left_alone_and_flushed_only_on_demand() {
    in_namespace(|client| {
        ipvsadm("-A -t 192.0.2.9:80 -s wrr");
        ipvsadm("-a -t 192.0.2.9:80 -r 192.0.2.11:80 -m");
        let foreign = rules();
        let ours = BTreeSet::from([web()]);
        let wanted = one(Service::new(web(), Scheduler::RR), &[at("192.0.2.11:80", Forwarding::Nat)]);
        for wanted in [&wanted, &Table::new()] {
            let changes = diff(&client.table().unwrap(), wanted, Scope::Only(&ours));
            assert!(client.apply(&changes).unwrap().is_complete());
            assert_eq!(rules().len(), foreign.len() + 2 * wanted.len());
        }
        assert_eq!(rules(), foreign);
        client.flush().unwrap();
        assert_eq!(ipvsadm("-Sn"), "");
    });
}

#[test]
#[ignore = "needs a kernel with IPVS: cargo xtask vm"]
fn a_thousand_services_are_programmed_read_and_changed_by_one_server() {
    in_namespace(|client| {
        let service = |index: u16| {
            let [high, low] = index.to_be_bytes();
            let key = ServiceKey::tcp(([198, 18, high, low], 80).into());
            let server =
                move |last| Destination::new(([10, high, low, last], 80).into(), Forwarding::DirectRoute);
            (Service::new(key, Scheduler::WLC), (1..=10).map(server))
        };
        let mut wanted: Table = (0..1000).map(service).collect();
        program(client, &wanted);
        assert_eq!(rules().len(), 11_000);

        let key = *wanted.keys().nth(500).unwrap();
        let heavier = Destination::new(([10, 1, 244, 3], 80).into(), Forwarding::DirectRoute).with_weight(5);
        wanted.insert_destination(&key, heavier);
        let changes = diff(&client.table().unwrap(), &wanted, Scope::Everything);
        assert_eq!(changes, [Change::SetDestination { service: key, destination: heavier }]);
        assert!(client.apply(&changes).unwrap().is_complete());
        assert_eq!(client.table().unwrap(), wanted);
    });
}

#[test]
#[ignore = "needs a kernel with IPVS: cargo xtask vm"]
fn a_service_with_more_destinations_than_one_answer_holds_is_read_whole() {
    in_namespace(|client| {
        let server = |index: u16| {
            let [high, low] = index.to_be_bytes();
            Destination::new(([10, 1, high, low], 80).into(), Forwarding::DirectRoute)
        };
        let destinations: Vec<_> = (1..=700).map(server).collect();
        program(client, &one(Service::new(web(), Scheduler::WLC), &destinations));
    });
}

#[test]
#[ignore = "needs a kernel with IPVS: cargo xtask vm"]
fn the_kernel_says_what_it_is() {
    in_namespace(|client| {
        let info = client.info().unwrap();
        let shown = ipvsadm("-Ln");
        let expected = format!("version {} (size={})", info.version, info.connection_table_size);
        assert!(shown.contains(&expected), "{shown}");
    });
}

#[test]
#[ignore = "needs a kernel with IPVS: cargo xtask vm"]
fn without_rights_the_table_is_neither_read_nor_changed() {
    if std::env::var_os(WITHOUT_RIGHTS).is_none() {
        return in_namespace(|_| {
            let myself = std::env::current_exe().unwrap();
            let test = ["--ignored", "--exact", "without_rights_the_table_is_neither_read_nor_changed"];
            let mut command = Command::new("setpriv");
            command.args(["--clear-groups", "--reuid=65534"]).arg(myself).args(test);
            // Its lines are no results of ours.
            let output = command.env(WITHOUT_RIGHTS, "1").output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        });
    }
    let mut client = Client::connect().unwrap();
    assert_eq!(client.table().unwrap_err().errno(), Some(libc::EPERM));
    let add = Change::AddService(Service::new(web(), Scheduler::RR));
    assert_eq!(refusals(&mut client, &[add]), [(0, libc::EPERM)]);
    assert!(matches!(client.flush(), Err(Error::Refused { .. })));
}

/// Set in the process that has no rights.
const WITHOUT_RIGHTS: &str = "IPVS_NETLINK_TEST_WITHOUT_RIGHTS";

#[test]
fn a_kernel_without_ipvs_is_told_apart() {
    match Client::connect() {
        Ok(_) => eprintln!("SKIPPED: this kernel has IPVS"),
        Err(Error::NoIpvs) => assert!(Error::NoIpvs.to_string().contains("ip_vs")),
        Err(error) => panic!("{error}"),
    }
}

#[test]
#[ignore = "needs a kernel with IPVS: cargo xtask vm"]
fn a_client_of_another_namespace_changes_that_one_and_no_other() {
    in_namespace(|there| {
        let namespace = std::fs::File::open("/proc/thread-self/ns/net").unwrap();
        in_namespace(|here| {
            let mut client = Client::connect_in(&namespace).unwrap();
            program(&mut client, &one(Service::new(web(), Scheduler::RR), &[]));
            assert!(here.table().unwrap().is_empty());
        });
        assert_eq!(there.table().unwrap().len(), 1);
    });
}

#[test]
#[ignore = "needs a kernel with IPVS: cargo xtask vm"]
fn rules_saved_by_ipvsadm_are_read_and_ours_are_restored_by_it() {
    in_namespace(|client| {
        let text = "\
-A -t 192.0.2.1:80 -s wlc -p 360 -M 255.255.255.0
-a -t 192.0.2.1:80 -r 10.0.0.1:8080 -m -w 3 -x 100 -y 50
-a -t 192.0.2.1:80 -r 10.0.0.2:80 -g -w 1
-a -t 192.0.2.1:80 -r 10.0.0.3:80 -i -w 1 --tun-type gre --tun-csum
-a -t 192.0.2.1:80 -r 10.0.0.4:80 -i -w 1 --tun-type gue --tun-port 6080 --tun-remcsum
-a -t 192.0.2.1:80 -r [fd00::5]:80 -i -w 1 --tun-type ipip
-A -t 192.0.2.1:81 -s mh -b mh-fallback,mh-port
-A -u 192.0.2.1:53 -s sh -o -b sh-fallback,sh-port
-A --sctp-service 192.0.2.1:99 -s rr
-A -f 8 -6 -s rr -p 50 -M 64";
        let wanted: Table = text.parse().unwrap();
        program(client, &wanted);
        // ipvsadm 1.31 restores thresholds, and leaves them out when it saves.
        let saved = text.replace(" -x 100 -y 50", "");
        let mut lines: Vec<&str> = saved.lines().collect();
        lines.sort_unstable();
        assert_eq!(rules(), lines);
        assert_eq!(ipvsadm("-Sn").parse::<Table>().unwrap(), saved.parse::<Table>().unwrap());

        client.flush().unwrap();
        let file = std::env::temp_dir().join(format!("rules-{}", std::process::id()));
        std::fs::write(&file, Rules(&wanted).to_string() + "\n").unwrap();
        let status = Command::new("sh").args(["-c", "ipvsadm -R <\"$1\"", "sh"]).arg(&file).status().unwrap();
        std::fs::remove_file(&file).unwrap();
        assert!(status.success());
        assert_eq!(client.table().unwrap(), wanted);
    });
}

#[test]
#[ignore = "needs a kernel with IPVS: cargo xtask vm"]
fn one_call_makes_one_change() {
    in_namespace(|client| {
        client.add_service(Service::new(web(), Scheduler::RR)).unwrap();
        client.set_destination(web(), at("10.0.0.1:80", Forwarding::Nat)).unwrap();
        client.set_destination(web(), at("10.0.0.1:80", Forwarding::Nat).with_weight(4)).unwrap();
        assert_eq!(rules(), ["-A -t 192.0.2.1:80 -s rr", "-a -t 192.0.2.1:80 -r 10.0.0.1:80 -m -w 4"]);
        client.remove_destination(web(), "10.0.0.1:80".parse().unwrap()).unwrap();
        client.remove_service(web()).unwrap();
        client.remove_service(web()).unwrap();
        let refused = client.set_destination(web(), at("10.0.0.1:80", Forwarding::Nat)).unwrap_err();
        assert_eq!(refused.errno(), Some(libc::ESRCH), "{refused}");
    });
}

#[test]
#[ignore = "needs a kernel with IPVS: cargo xtask vm"]
fn connections_sums_and_settings_are_as_the_kernel_shows() {
    in_namespace(|client| {
        client
            .add_service(Service::new(ServiceKey::udp("192.0.2.1:53".parse().unwrap()), Scheduler::RR))
            .unwrap();
        let destination = at("127.0.0.1:5353", Forwarding::Nat);
        client.set_destination(ServiceKey::udp("192.0.2.1:53".parse().unwrap()), destination).unwrap();
        let socket = UdpSocket::bind("192.0.2.1:0").unwrap();
        socket.send_to(b"x", "192.0.2.1:53").unwrap();
        let from = socket.local_addr().unwrap();

        for table in [Connections::open().unwrap(), Connections::with_origin().unwrap()] {
            let all: Vec<_> = table.map(Result::unwrap).collect();
            assert_eq!(all.len(), 1, "{all:?}");
            assert_eq!(
                (all[0].protocol.as_str(), all[0].client, all[0].state.as_str()),
                ("UDP", from, "UDP")
            );
            assert_eq!(all[0].destination, destination.address);
        }
        assert!(global_statistics().is_ok());

        for &setting in Setting::ALL {
            let value = setting.read().unwrap_or_else(|error| panic!("{}: {error}", setting.name()));
            assert!(setting.range().contains(&value), "{} = {value}", setting.name());
        }
        Setting::ConnectionReuse.write(0).unwrap();
        assert_eq!(Setting::ConnectionReuse.read().unwrap(), 0);
        assert_eq!(SyncThreshold::read().unwrap(), SyncThreshold { packets: 3, period: 50 });
        SyncThreshold { packets: 4, period: 60 }.write().unwrap();
        assert_eq!(SyncThreshold::read().unwrap(), SyncThreshold { packets: 4, period: 60 });
    });
}
