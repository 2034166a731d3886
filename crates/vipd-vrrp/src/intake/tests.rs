//! Tests of the treatment of packets, and that packets are looked for once more before timers are judged.

use std::net::Ipv4Addr;

use vrrp_election::{LinkState, Standing};
use vrrp_proto::{
    Addresses, Advert, AdvertInterval, AuthData, Centiseconds, ChecksumRule, IPV4_GROUP, Ipv4Header,
    Priority, Vrid,
};

use super::*;
use crate::ipc::Generation;
use crate::plan::{Observe, WatchedFact};
use crate::worker::take_in;

/// A Backup of VRID 51 at 1 s, priority 100, and what it logs.
struct Bench {
    node: Node,
    plan: Plan,
    records: Vec<Record>,
    strays: Strays,
    neighbours: Neighbours,
    complaints: Complaints,
    log: Vec<String>,
}

/// A machine on which everything is as it should be.
struct Fine;

impl Observe for Fine {
    fn link(&self, _: &str) -> LinkState {
        LinkState { up: true, ipv4: Some(OURS), ipv6: None }
    }

    fn fact(&self, _: &WatchedFact) -> vrrp_election::Fact {
        vrrp_election::Fact::Up
    }
}

const OURS: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const PEER: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 2);

impl Bench {
    fn new() -> Self {
        let text = "global_defs {\n log_unknown_vrids\n}\nvrrp_instance V {\n interface eth0\n version 3\n \
                    virtual_router_id 51\n priority 100\n advert_int 1\n virtual_ipaddress {\n 192.0.2.100\n }\n}";
        let plan = Plan::new(Generation::default(), keepalived_conf::load_str(text).config);
        let mut node = Node::new(Instant::ZERO, plan.node_config(&Fine));
        while node.poll_action().is_some() {}
        assert_eq!(node.standing(RouterId(0)), Some(Standing::Backup));
        Self {
            node,
            plan,
            records: vec![Record::default()],
            strays: Strays::default(),
            neighbours: Neighbours::default(),
            complaints: Complaints::default(),
            log: Vec::new(),
        }
    }

    fn take(&mut self, second: u64, arrival: Arrival<'_>) {
        let Self { node, plan, records, strays, neighbours, complaints, log } = self;
        let now = Instant::ZERO + Duration::from_secs(second);
        let log = &mut |_, text| log.push(text);
        Intake {
            now,
            since_1970: Duration::ZERO,
            node,
            plan,
            records,
            strays,
            neighbours,
            link: Some(LinkId(0)),
            complaints,
            log,
        }
        .take(arrival);
        while node.poll_action().is_some() {}
    }

    /// A packet that arrived in this second, with these virtual addresses.
    fn packet(&mut self, second: u64, ttl: u8, addresses: &[[u8; 4]]) {
        let advert = Advert {
            vrid: Vrid::new(51).unwrap(),
            priority: Priority::new(150),
            interval: AdvertInterval::V3(Centiseconds::new(100).unwrap()),
            addresses: Addresses::V4(addresses),
            auth: AuthData::None,
        };
        let mut buffer = [0; 128];
        let header = Ipv4Header { ttl, ..Ipv4Header::new(PEER, IPV4_GROUP) };
        let length = header.emit(&mut buffer, &advert, ChecksumRule::PseudoHeader).unwrap();
        let datagram = Datagram::from_ipv4(&buffer[..length]).unwrap();
        self.take(second, Arrival::For(RouterId(0), Instant::ZERO + Duration::from_secs(second), datagram));
    }

    /// When this Backup takes over, in milliseconds.
    fn due(&self) -> u128 {
        self.node.poll_timeout().unwrap().since(Instant::ZERO).as_millis()
    }
}

#[test]
fn an_advert_counts_from_when_it_arrived() {
    let mut bench = Bench::new();
    assert_eq!(bench.due(), 3609);
    bench.packet(2, 255, &[[192, 0, 2, 100]]);
    assert_eq!(bench.due(), 5609);
    assert_eq!(bench.log, [""; 0]);
}

#[test]
fn an_oddity_of_an_accepted_advert_is_logged_once_a_minute() {
    let mut bench = Bench::new();
    for second in [1, 2, 3] {
        bench.packet(second, 255, &[[192, 0, 2, 77]]);
    }
    assert_eq!(bench.log, ["(V) advert from 192.0.2.2: address_list_differs"]);
    assert_eq!(bench.due(), 6609, "it counts all the same");
}

#[test]
fn a_rejected_advert_is_counted_and_logged_and_changes_nothing() {
    let mut bench = Bench::new();
    bench.packet(1, 254, &[[192, 0, 2, 100]]);
    bench.packet(2, 254, &[[192, 0, 2, 100]]);
    assert_eq!(bench.due(), 3609);
    assert_eq!(bench.log.len(), 1);
    assert!(bench.log[0].starts_with("(V) bad advert from 192.0.2.2: "), "{:?}", bench.log);
    assert_eq!(bench.records[0].rejected.of(vrrp_proto::Counter::Ttl), 2);
    let (_, neighbour) = bench.neighbours.iter().next().unwrap();
    assert_eq!((neighbour.rejected, neighbour.count), (Some(vrrp_proto::Counter::Ttl), 2));
}

#[test]
fn after_dropped_packets_a_backup_listens_longer_before_it_takes_over() {
    let mut bench = Bench::new();
    bench.take(1, Arrival::Lost(RouterId(0)));
    bench.node.handle_timeout(Instant::ZERO + Duration::from_millis(3610));
    assert_eq!(bench.node.standing(RouterId(0)), Some(Standing::Backup));
    let mut told = false;
    while let Some(action) = bench.node.poll_action() {
        told |= format!("{action:?}").contains("PacketsLost");
    }
    assert!(told, "and says so");
}

#[test]
fn strangers_and_malformed_packets_are_logged_and_change_nothing() {
    let mut bench = Bench::new();
    let mut packet = [0; 32];
    let header = Ipv4Header::new(PEER, IPV4_GROUP);
    let foreign = Advert {
        vrid: Vrid::new(9).unwrap(),
        priority: Priority::new(7),
        interval: AdvertInterval::V3(Centiseconds::new(100).unwrap()),
        addresses: Addresses::V4(&[[192, 0, 2, 9]]),
        auth: AuthData::None,
    };
    let length = header.emit(&mut packet, &foreign, ChecksumRule::PseudoHeader).unwrap();
    let datagram = Datagram::from_ipv4(&packet[..length]).unwrap();
    bench.take(1, Arrival::UnknownVrid { vrid: 9, arrived: Instant::ZERO, datagram });
    let error = Datagram::from_ipv4(&[0x45]).unwrap_err();
    bench.take(1, Arrival::NotAPacket(error));
    assert_eq!(bench.log[0], "advert from 192.0.2.2 for unknown VRID 9");
    assert!(bench.log[1].starts_with("bad packet: "), "{:?}", bench.log);
    assert_eq!(bench.strays, Strays { unknown_vrid: 1, not_packets: 1 });
    assert_eq!(bench.due(), 3609);
    let (_, neighbour) = bench.neighbours.iter().next().unwrap();
    assert_eq!((neighbour.key.vrid, neighbour.priority.get(), neighbour.rejected), (9, 7, None));
}

/// The timeouts of all looks, the first of which waits for a second. `finds` says whether a look finds something, `due`
/// whether something is due after that many looks.
fn looks(finds: impl Fn(usize) -> bool, due: impl Fn(usize) -> bool) -> Vec<u64> {
    let mut timeouts = Vec::new();
    take_in(
        &mut timeouts,
        Some(Duration::from_secs(1)),
        |timeouts| due(timeouts.len()),
        |timeouts, timeout| {
            timeouts.push(timeout.unwrap().as_secs());
            Ok(finds(timeouts.len()))
        },
    )
    .unwrap();
    timeouts
}

#[test]
fn arrivals_are_looked_for_until_none_is_found_before_a_timer_is_judged() {
    assert_eq!(looks(|_| false, |_| true), [1, 0], "a packet that came while the timer woke us");
    assert_eq!(looks(|look| look < 3, |_| true), [1, 0, 0]);
}

#[test]
fn arrivals_are_looked_for_only_while_something_is_due_and_not_for_ever() {
    assert_eq!(looks(|_| true, |_| false), [1]);
    // The second advert that is found puts off what is due.
    assert_eq!(looks(|_| true, |looks| looks < 3), [1, 0, 0]);
    assert_eq!(looks(|_| true, |_| true), [1, 0, 0, 0, 0], "a flood");
}

#[test]
fn nothing_is_judged_after_an_error() {
    let look = |(): &mut (), _| Err(io::ErrorKind::OutOfMemory.into());
    assert!(take_in(&mut (), None, |()| true, look).is_err());
}
