//! The interface table follows a real kernel, also when events are lost.

#![allow(clippy::unwrap_used, reason = "helper functions of tests may panic too")]

mod support;

use ipnetwork::IpNetwork;
use support::{in_namespace, until, until_up, wire, without_ipv6};
use vrrp_linux::interfaces::{Change, Interfaces};
use vrrp_linux::links::LinkCommands;
use vrrp_linux::monitor::{Monitor, Progress, RECEIVE_BUFFER_LEN, snapshot};

/// A monitor with its table.
struct Watch {
    monitor: Monitor,
    interfaces: Interfaces,
}

impl Watch {
    fn open(receive_buffer_len: usize) -> Self {
        let monitor = Monitor::open(receive_buffer_len).unwrap();
        Self { monitor, interfaces: Interfaces::new() }
    }

    fn drain(&mut self) -> Vec<Change> {
        let mut changes = Vec::new();
        while self.monitor.drain(&mut self.interfaces, &mut changes).unwrap() == Progress::More {}
        changes
    }
}

fn network(number: usize) -> IpNetwork {
    format!("10.0.{}.{}/16", number / 250, number % 250 + 1).parse().unwrap()
}

#[test]
fn the_first_drain_reports_everything_that_exists() {
    in_namespace(|| {
        let (left, _) = wire("left", "right");
        let mut links = LinkCommands::open().unwrap();
        let address = "192.0.2.1/24".parse().unwrap();
        links.add_address(left, address).unwrap();
        let mut watch = Watch::open(RECEIVE_BUFFER_LEN);
        let changes = watch.drain();
        assert!(changes.contains(&Change::LinkAdded { index: left }));
        assert!(changes.contains(&Change::AddressAdded { index: left, network: address }));
        let loopback = watch.interfaces.by_name("lo").unwrap();
        assert!(loopback.loopback && loopback.up);
        assert_eq!(loopback.primary_ipv4(|_| false), Some("127.0.0.1".parse().unwrap()));
    });
}

#[test]
fn later_changes_are_reported_one_by_one() {
    in_namespace(|| {
        without_ipv6();
        let (left, right) = wire("left", "right");
        until_up(left, right);
        let mut links = LinkCommands::open().unwrap();
        let mut watch = Watch::open(RECEIVE_BUFFER_LEN);
        watch.drain();
        links.set_down(right).unwrap();
        let mut seen = Vec::new();
        until("both ends are down", || {
            seen.extend(watch.drain());
            watch.interfaces.iter().filter(|interface| interface.up).count() == 1
        });
        assert!(seen.contains(&Change::LinkDown { index: right }), "{seen:?}");
        assert!(
            seen.contains(&Change::LinkDown { index: left }),
            "no carrier without the other end: {seen:?}"
        );
        links.rename(right, "wan0").unwrap();
        assert_eq!(watch.drain(), [Change::LinkRenamed { index: right, before: "right".into() }]);
        links.delete(right).unwrap();
        let changes = watch.drain();
        assert!(changes.contains(&Change::LinkRemoved { index: right, name: "wan0".into() }), "{changes:?}");
        let (again, _) = wire("left", "right");
        watch.drain();
        assert_ne!(again, left);
        assert_eq!(watch.interfaces.by_name("left").unwrap().index, again);
    });
}

#[test]
fn leaving_a_bridge_is_not_the_end_of_a_link() {
    in_namespace(|| {
        let (left, _) = wire("left", "right");
        let mut links = LinkCommands::open().unwrap();
        let bridge = links.create_bridge("lan0").unwrap();
        let mut watch = Watch::open(RECEIVE_BUFFER_LEN);
        watch.drain();
        links.set_master(left, Some(bridge)).unwrap();
        watch.drain();
        assert_eq!(watch.interfaces.by_name("left").unwrap().master, Some(bridge));
        links.set_master(left, None).unwrap();
        let changes = watch.drain();
        assert!(changes.contains(&Change::LinkChanged { index: left }), "{changes:?}");
        assert_eq!(watch.interfaces.by_name("left").unwrap().master, None);
    });
}

#[test]
fn lost_events_are_made_up_for_by_reading_the_tables_again() {
    in_namespace(|| {
        without_ipv6();
        let (left, right) = wire("left", "right");
        until_up(left, right);
        let mut links = LinkCommands::open().unwrap();
        let doomed: IpNetwork = "192.0.2.1/24".parse().unwrap();
        links.add_address(left, doomed).unwrap();
        // The kernel's smallest buffer holds only a few events.
        let mut watch = Watch::open(1);
        watch.drain();
        for number in 0..300 {
            links.add_address(right, network(number)).unwrap();
        }
        for number in (0..300).filter(|number| number % 3 != 0) {
            links.delete_address(right, network(number)).unwrap();
        }
        links.delete_address(left, doomed).unwrap();
        let changes = watch.drain();
        assert!(watch.monitor.overruns() > 0, "no event was lost: this test tests nothing");
        assert!(changes.contains(&Change::AddressRemoved { index: left, network: doomed }));
        assert!(changes.contains(&Change::AddressAdded { index: right, network: network(297) }));
        assert_eq!(watch.interfaces, snapshot().unwrap());
        let left_over = watch.interfaces.by_index(right).unwrap().addresses.iter();
        assert_eq!(left_over.filter(|address| address.network.is_ipv4()).count(), 100);
    });
}

#[test]
fn the_table_equals_the_kernels_after_every_step_of_a_random_walk() {
    in_namespace(|| {
        without_ipv6();
        let (left, right) = wire("left", "right");
        until_up(left, right);
        let mut links = LinkCommands::open().unwrap();
        let mut watch = Watch::open(64 * 1024);
        let mut state = 0x2545_f491_4f6c_dd1d_u64;
        for step in 0..300 {
            // xorshift64: the walk is the same every time.
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let link = if state & 1 == 0 { left } else { right };
            let network = network(usize::try_from(state >> 1 & 0xf).unwrap());
            // Half of these fail, which is fine.
            let _ = match state >> 5 & 0x3 {
                0 | 1 => links.add_address(link, network),
                2 => links.delete_address(link, network),
                _ => links.set_mtu(link, 1400 + u32::try_from(state >> 7 & 0x3).unwrap()),
            };
            watch.drain();
            let fresh = snapshot().unwrap();
            let addresses = |interfaces: &Interfaces, index| {
                let mut list: Vec<_> = interfaces.by_index(index).unwrap().addresses.clone();
                list.sort_by_key(|address| address.network);
                list
            };
            for index in [left, right] {
                assert_eq!(addresses(&watch.interfaces, index), addresses(&fresh, index), "step {step}");
            }
        }
    });
}
