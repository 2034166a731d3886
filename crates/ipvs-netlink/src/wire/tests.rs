//! We send the kernel the same messages as ipvsadm, and understand its answers.

#![allow(clippy::panic, clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use std::collections::BTreeMap;
use std::time::Duration;

use super::*;
use crate::{
    Change, Connections, Counters, Destination, Forwarding, Persistence, PersistenceEngine, Scheduler,
    Service, ServiceFlags, ServiceKey, Statistics, SyncRole, Thresholds, Tunnel, TunnelChecksum,
};

const CAPTURED: &str = include_str!("../../test_data/ipvsadm.txt");

/// The messages of one command line that start with `direction`.
fn captured(command: &str, direction: &str) -> Vec<Vec<u8>> {
    let heading = format!("# ipvsadm {command}");
    let lines = CAPTURED.lines().skip_while(|line| *line != heading).skip(1);
    let messages: Vec<_> = lines
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.strip_prefix(direction)?.strip_prefix(' ').map(octets))
        .collect();
    assert!(!messages.is_empty(), "nothing captured of {command}");
    messages
}

fn octets(hex: &str) -> Vec<u8> {
    let (pairs, odd) = hex.as_bytes().as_chunks::<2>();
    assert!(odd.is_empty());
    pairs.iter().map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

/// The message that we send, from the command on.
fn emitted(request: &Request<'_>) -> Vec<u8> {
    let mut bytes = vec![0xff; 4];
    request.emit(28, 7, true, &mut bytes);
    let message = bytes.split_off(4);
    let (header, body) = message.split_at(16);
    assert_eq!(header[..4], u32::try_from(message.len()).unwrap().to_ne_bytes());
    assert_eq!(header[4..6], 28_u16.to_ne_bytes());
    assert_eq!(header[8..16], [7, 0, 0, 0, 0, 0, 0, 0]);
    body.to_vec()
}

/// The attributes of a message, those within others under the pair of their numbers.
fn flat(body: &[u8]) -> BTreeMap<(u16, u16), Vec<u8>> {
    let mut all = BTreeMap::new();
    for outer in Attributes::new(&body[4..]) {
        let outer = outer.unwrap();
        if outer.kind <= 3 {
            for inner in Attributes::new(outer.value) {
                let inner = inner.unwrap();
                all.insert((outer.kind, inner.kind), inner.value.to_vec());
            }
        } else {
            all.insert((outer.kind, 0), outer.value.to_vec());
        }
    }
    // ipvsadm sets and clears even the flags that it does not know.
    if let Some(flags) = all.get_mut(&(1, 7)) {
        flags.truncate(4);
    }
    all
}

/// Our message has the same command, and says nothing else than ipvsadm's, and all of it that `needed` names.
fn assert_like_ipvsadm(command: &str, request: &Request<'_>, needed: &[(u16, u16)]) {
    let theirs = captured(command, ">").remove(0);
    let ours = emitted(request);
    assert_eq!(ours[..4], theirs[..4], "{command}");
    let (ours, theirs) = (flat(&ours), flat(&theirs));
    for (kind, value) in &ours {
        assert_eq!(Some(value), theirs.get(kind), "{command}: attribute {kind:?}");
    }
    for kind in needed {
        assert!(ours.contains_key(kind), "{command}: no attribute {kind:?}");
    }
}

fn key(text: &str) -> ServiceKey {
    ServiceKey::tcp(text.parse().unwrap())
}

fn web() -> ServiceKey {
    key("192.0.2.1:80")
}

fn captured_services() -> [(&'static str, Service); 7] {
    let udp = |address: &str| ServiceKey::udp(address.parse().unwrap());
    let mark = |family, mark| ServiceKey::fwmark(family, mark).unwrap();
    let https = key("[2001:db8::1]:443");
    let persistence = |timeout, prefix_len| Persistence {
        timeout: Duration::from_secs(timeout),
        prefix_len,
        mask: None,
        engine: None,
    };
    let sip = Persistence { engine: Some(PersistenceEngine::SIP), ..persistence(300, 32) };
    [
        ("-A -t 192.0.2.1:80 -s wlc", Service::new(web(), Scheduler::WLC)),
        (
            "-A -u 192.0.2.1:53 -s rr -o -p 360 -M 255.255.255.0",
            Service::new(udp("192.0.2.1:53"), Scheduler::RR)
                .with_flags(ServiceFlags::ONE_PACKET)
                .with_persistence(persistence(360, 24)),
        ),
        (
            "-A -f 5 -s sh -b sh-port,sh-fallback",
            Service::new(mark(Family::V4, 5), Scheduler::SH)
                .with_flags(ServiceFlags::SH_PORT | ServiceFlags::SH_FALLBACK),
        ),
        ("-A -f 6 -6 -s mh", Service::new(mark(Family::V6, 6), Scheduler::MH)),
        (
            "-A -t [2001:db8::1]:443 -s wrr -p 60 -M 64",
            Service::new(https, Scheduler::WRR).with_persistence(persistence(60, 64)),
        ),
        (
            "-A --sctp-service 192.0.2.1:5000 -s sed",
            Service::new(ServiceKey::sctp("192.0.2.1:5000".parse().unwrap()), Scheduler::SED),
        ),
        (
            "-A -u 192.0.2.1:5060 -s wlc --pe sip -p 300",
            Service::new(udp("192.0.2.1:5060"), Scheduler::WLC).with_persistence(sip),
        ),
    ]
}

fn captured_destinations() -> [(&'static str, ServiceKey, Destination); 7] {
    let at = |address: &str, forwarding| Destination::new(address.parse().unwrap(), forwarding);
    let gue = |port, checksum| Forwarding::Tunnel(Tunnel::Gue { port, checksum });
    let gre = Forwarding::Tunnel(Tunnel::Gre { checksum: TunnelChecksum::Full });
    let https = key("[2001:db8::1]:443");
    [
        (
            "-a -t 192.0.2.1:80 -r 192.0.2.11:8080 -m -w 3 -x 100 -y 50",
            web(),
            at("192.0.2.11:8080", Forwarding::Nat)
                .with_weight(3)
                .with_thresholds(Thresholds { upper: 100, lower: 50 }),
        ),
        ("-a -t 192.0.2.1:80 -r 192.0.2.12:80 -g", web(), at("192.0.2.12:80", Forwarding::DirectRoute)),
        ("-a -t 192.0.2.1:80 -r 192.0.2.13:80 -i", web(), at("192.0.2.13:80", Forwarding::IPIP)),
        (
            "-a -t 192.0.2.1:80 -r 192.0.2.14:80 -i --tun-type gue --tun-port 6080",
            web(),
            at("192.0.2.14:80", gue(6080, TunnelChecksum::None)),
        ),
        ("-a -t 192.0.2.1:80 -r 192.0.2.15:80 -i --tun-type gre --tun-csum", web(), at("192.0.2.15:80", gre)),
        (
            "-a -t 192.0.2.1:80 -r 192.0.2.17:80 -i --tun-type gue --tun-port 6081 --tun-remcsum",
            web(),
            at("192.0.2.17:80", gue(6081, TunnelChecksum::Remote)),
        ),
        (
            "-a -t [2001:db8::1]:443 -r [2001:db8::11]:443 -m",
            https,
            at("[2001:db8::11]:443", Forwarding::Nat),
        ),
    ]
}

const SERVICE_NAME: [(u16, u16); 4] = [(1, 1), (1, 2), (1, 3), (1, 4)];
const DESTINATION_NAME: [(u16, u16); 3] = [(2, 11), (2, 1), (2, 2)];

#[test]
fn services_are_added_as_ipvsadm_adds_them() {
    for (command, service) in captured_services() {
        let theirs = captured(command, ">").remove(0);
        let ours = emitted(&Request::Change(&Change::AddService(service)));
        assert_eq!(flat(&ours), flat(&theirs), "{command}");
        assert_eq!(ours[..4], theirs[..4], "{command}");
    }
}

#[test]
fn services_are_set_and_removed_as_ipvsadm_does() {
    let set = Change::SetService(Service::new(web(), Scheduler::WRR));
    let all = [SERVICE_NAME.as_slice(), &[(1, 6), (1, 7), (1, 8), (1, 9)]].concat();
    assert_like_ipvsadm("-E -t 192.0.2.1:80 -s wrr", &Request::Change(&set), &all);
    let remove = Change::RemoveService(web());
    assert_like_ipvsadm("-D -t 192.0.2.1:80", &Request::Change(&remove), &SERVICE_NAME);
    let remove = Change::RemoveService(ServiceKey::fwmark(Family::V6, 6).unwrap());
    assert_like_ipvsadm("-D -f 6 -6", &Request::Change(&remove), &[(1, 1), (1, 5)]);
}

#[test]
fn we_leave_flags_alone_that_we_do_not_know() {
    let ours = emitted(&Request::Change(&Change::AddService(Service::new(web(), Scheduler::WRR))));
    let service = Attributes::find(&ours[4..], 1, "").unwrap();
    assert_eq!(Attributes::find(service.value, 7, "").unwrap().value, [0, 0, 0, 0, 0x3d, 0, 0, 0]);
}

#[test]
fn destinations_are_added_as_ipvsadm_adds_them() {
    let all = [SERVICE_NAME.as_slice(), &DESTINATION_NAME, &[(2, 3), (2, 4), (2, 5), (2, 6)]].concat();
    for (command, service, destination) in captured_destinations() {
        let add = Change::AddDestination { service, destination };
        assert_like_ipvsadm(command, &Request::Change(&add), &all);
        let tunnelled = matches!(destination.forwarding, Forwarding::Tunnel(_));
        assert_eq!(flat(&emitted(&Request::Change(&add))).contains_key(&(2, 13)), tunnelled);
    }
}

#[test]
fn destinations_are_set_and_removed_as_ipvsadm_does() {
    let address = "192.0.2.12:80".parse().unwrap();
    let destination = Destination::new(address, Forwarding::DirectRoute).with_weight(0);
    let set = Change::SetDestination { service: web(), destination };
    let all = [SERVICE_NAME.as_slice(), &DESTINATION_NAME, &[(2, 3), (2, 4), (2, 5), (2, 6)]].concat();
    assert_like_ipvsadm("-e -t 192.0.2.1:80 -r 192.0.2.12:80 -g -w 0", &Request::Change(&set), &all);
    let remove = Change::RemoveDestination { service: web(), address };
    let names = [SERVICE_NAME.as_slice(), &DESTINATION_NAME].concat();
    assert_like_ipvsadm("-d -t 192.0.2.1:80 -r 192.0.2.12:80", &Request::Change(&remove), &names);
}

#[test]
fn an_ipv4_destination_of_an_ipv6_service_is_sent_in_its_own_family() {
    let destination = Destination::new("192.0.2.16:443".parse().unwrap(), Forwarding::IPIP);
    let add = Change::AddDestination { service: key("[2001:db8::1]:443"), destination };
    let ours = flat(&emitted(&Request::Change(&add)));
    assert_eq!(ours[&(2, 11)], [2, 0]);
    // ipvsadm leaves the end of the service's address behind the four octets; the kernel does not look there.
    assert_eq!(ours[&(2, 1)], [192, 0, 2, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
}

#[test]
fn daemons_timeouts_and_counters_are_managed_as_by_ipvsadm() {
    let master = SyncDaemon::new(SyncRole::Master, "eth0", 7);
    let start = "--start-daemon master --mcast-interface eth0 --syncid 7";
    assert_like_ipvsadm(start, &Request::StartDaemon(&master), &[(3, 1), (3, 2), (3, 3)]);
    let start = "--start-daemon backup --mcast-interface eth0 --syncid 8 --sync-maxlen 1400 \
                 --mcast-group ff02::81 --mcast-port 8849 --mcast-ttl 4";
    let all = [(3, 1), (3, 2), (3, 3), (3, 4), (3, 6), (3, 7), (3, 8)];
    assert_like_ipvsadm(start, &Request::StartDaemon(&captured_backup()), &all);
    assert_like_ipvsadm("--stop-daemon master", &Request::StopDaemon(SyncRole::Master), &[(3, 1)]);
    let timeouts = captured_timeouts();
    assert_eq!(emitted(&Request::SetTimeouts(&timeouts)), captured("--set 900 120 300", ">")[0]);
    assert_eq!(emitted(&Request::Zero(None)), captured("-Z", ">").remove(0));
    assert_eq!(emitted(&Request::Flush), captured("-C", ">").remove(0));
    let service = key("[2001:db8::1]:443");
    assert_like_ipvsadm("-Z -t [2001:db8::1]:443", &Request::Zero(Some(&service)), &SERVICE_NAME);
}

#[test]
fn questions_are_ipvsadms_questions() {
    let asked = captured("-Ln", ">");
    assert_eq!(emitted(&Request::Info), asked[0]);
    assert_eq!(emitted(&Request::Services), asked[1]);
    assert_eq!(emitted(&Request::Destinations(&web())), asked[2]);
    assert_eq!(emitted(&Request::Daemons), captured("-L --daemon", ">")[0]);
    assert_eq!(emitted(&Request::Timeouts), captured("-L --timeout", ">")[0]);
}

#[test]
fn a_dump_is_asked_for_as_such_and_the_family_by_its_name() {
    let mut bytes = Vec::new();
    Request::Services.emit(28, 1, false, &mut bytes);
    assert_eq!(bytes, [20, 0, 0, 0, 28, 0, 1, 3, 1, 0, 0, 0, 0, 0, 0, 0, 4, 1, 0, 0]);
    bytes.clear();
    Request::ResolveFamily.emit(0, 2, true, &mut bytes);
    assert_eq!(bytes[..16], [32, 0, 0, 0, 16, 0, 5, 0, 2, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(bytes[16..], *b"\x03\x02\0\0\x09\0\x02\0IPVS\0\0\0\0");
}

#[test]
fn the_kernels_services_are_those_that_were_added() {
    let answers = captured("-Ln", "<");
    let services: Vec<_> = answers.iter().filter_map(|body| parse_service(&body[4..]).ok()).collect();
    let mut expected: Vec<_> = captured_services().map(|(_, service)| service).to_vec();
    expected[0].scheduler = Scheduler::WRR; // it was set meanwhile
    assert_eq!(services.len(), expected.len());
    for service in services {
        assert!(expected.contains(&service.service), "{service:?}");
        assert_eq!(service.statistics, Statistics::default());
    }
}

#[test]
fn the_kernels_destinations_are_those_that_were_added() {
    let answers = captured("-Ln", "<");
    let is_destination = |body: &&Vec<u8>| body[0] == 5;
    let destinations: Vec<_> = answers
        .iter()
        .filter(is_destination)
        .map(|body| parse_destination(&body[4..], Family::V6).unwrap().destination)
        .collect();
    let mixed = Destination::new("192.0.2.16:443".parse().unwrap(), Forwarding::IPIP);
    let mut expected: Vec<_> = captured_destinations().into_iter().map(|(_, _, added)| added).collect();
    expected.retain(|added| added.address.to_string() != "192.0.2.12:80"); // it was removed meanwhile
    expected.push(mixed);
    assert_eq!(destinations.len(), expected.len());
    for destination in destinations {
        assert!(expected.contains(&destination), "{destination}");
    }
}

#[test]
fn counters_are_read_with_their_rates() {
    let answers = captured("-Ln --stats", "<");
    let total = Counters { connections: 1, packets_in: 59, packets_out: 59, bytes_in: 7552, bytes_out: 4602 };
    let service = parse_service(&answers[0][4..]).unwrap();
    assert_eq!(service.statistics.total, total);
    let destination = parse_destination(&answers[1][4..], Family::V4).unwrap();
    assert_eq!(destination.statistics.total, total);
    assert_eq!(destination.connections, Connections { active: 0, inactive: 1, persistent: 1 });

    let answers = captured("-Ln --rate", "<");
    let rate = Counters { connections: 0, packets_in: 6, packets_out: 6, bytes_in: 735, bytes_out: 448 };
    assert_eq!(parse_service(&answers[0][4..]).unwrap().statistics.per_second, rate);
}

#[test]
fn old_kernels_counters_are_read_from_the_narrow_attributes() {
    let mut answer = captured("-Ln --stats", "<").remove(0);
    let wide = parse_service(&answer[4..]).unwrap();
    let found = answer.windows(4).position(|octets| octets[2..] == [12, 0] && octets[0] > 64).unwrap();
    answer[found + 2] = 99;
    assert_eq!(parse_service(&answer[4..]).unwrap(), wide);
}

#[test]
fn daemons_timeouts_and_info_are_read() {
    let daemons: Vec<_> =
        captured("-L --daemon", "<").iter().map(|body| parse_daemon(&body[4..]).unwrap()).collect();
    let mut master = SyncDaemon::new(SyncRole::Master, "eth0", 7);
    master.max_len = Some(1472);
    master.group = Some("224.0.0.81".parse().unwrap());
    master.port = Some(8848);
    master.ttl = Some(1);
    assert_eq!(daemons, [master, captured_backup()]);
    let timeouts = captured("-L --timeout", "<");
    assert_eq!(parse_timeouts(&timeouts[0][4..]), Ok(captured_timeouts()));
    let info = parse_info(&captured("-Ln", "<")[0][4..]).unwrap();
    assert_eq!((info.version.to_string().as_str(), info.connection_table_size), ("1.2.1", 4096));
}

fn captured_backup() -> SyncDaemon {
    SyncDaemon {
        role: SyncRole::Backup,
        interface: "eth0".to_owned(),
        id: 8,
        max_len: Some(1400),
        group: Some("ff02::81".parse().unwrap()),
        port: Some(8849),
        ttl: Some(4),
    }
}

fn captured_timeouts() -> Timeouts {
    let [tcp, tcp_fin, udp] = [900, 120, 300].map(Duration::from_secs);
    Timeouts { tcp, tcp_fin, udp }
}

/// Every reader on the same bytes, as a fuzzer would.
fn read_as_anything(bytes: &[u8]) -> usize {
    let read = [
        parse_service(bytes).is_ok(),
        parse_destination(bytes, Family::V4).is_ok(),
        parse_daemon(bytes).is_ok(),
        parse_timeouts(bytes).is_ok(),
        parse_info(bytes).is_ok(),
        parse_family_id(bytes).is_ok(),
    ];
    read.iter().filter(|ok| **ok).count()
}

fn every_answer() -> impl Iterator<Item = Vec<u8>> {
    CAPTURED.lines().filter_map(|line| line.strip_prefix("< ")).map(|hex| octets(hex).split_off(4))
}

#[test]
fn an_answer_cut_anywhere_is_an_error() {
    for answer in every_answer() {
        for length in 0..answer.len() {
            let cut = &answer[..length];
            // The first attribute of info is another family's number, and whole long before the end.
            let read = [
                parse_service(cut).is_ok(),
                parse_destination(cut, Family::V4).is_ok(),
                parse_daemon(cut).is_ok(),
                parse_timeouts(cut).is_ok(),
                parse_info(cut).is_ok(),
            ];
            assert_eq!(read, [false; 5], "cut at {length} of {}", answer.len());
        }
    }
}

#[test]
fn any_flipped_bit_is_read_without_panic() {
    let mut understood = 0;
    for answer in every_answer() {
        for bit in 0..answer.len() * 8 {
            let mut flipped = answer.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            understood += read_as_anything(&flipped);
        }
    }
    assert!(understood > 0, "most bits are of counters and do not make a message senseless");
}

#[test]
fn unknown_attributes_are_passed_over_and_missing_ones_are_named() {
    let answer = captured("-Ln --stats", "<").remove(0);
    let inside = Attributes::find(&answer[4..], 1, "").unwrap().value;
    let with = [inside, &[8, 0, 77, 0, 1, 2, 3, 4]].concat();
    assert_eq!(ServiceStatus::parse(&with), ServiceStatus::parse(inside));
    assert_eq!(parse_service(&[]), Err(ParseError::Missing { kind: 1, name: "CMD_ATTR_SERVICE" }));
    let only_family = [8, 0, 1, 0, 6, 0, 1, 0, 2, 0, 0, 0];
    assert_eq!(
        ServiceStatus::parse(&only_family[4..]),
        Err(ParseError::Missing { kind: 2, name: "SVC_ATTR_PROTOCOL" })
    );
}
