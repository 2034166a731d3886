//! Routes and policy rules of a real kernel, in a network namespace of its own.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "helper functions of tests may panic too")]

mod support;

use std::process::Command as Program;
use std::time::Duration;

use support::{in_namespace, wire};
use vrrp_linux::address::AddressSpec;
use vrrp_linux::commands::Commands;
use vrrp_linux::holdings::{Change, Holdings, Verdict, WantedAddress, WantedHoldings};
use vrrp_linux::interfaces::Interfaces;
use vrrp_linux::monitor::{Monitor, Progress, RECEIVE_BUFFER_LEN, snapshot};
use vrrp_linux::route::{Encap, Hop, RouteChange, RouteKind, RouteSpec};
use vrrp_linux::rule::{RuleAction, RuleChange, RuleSpec};

fn ip(words: &str) -> String {
    let output = Program::new("ip").args(words.split(' ')).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
}

fn route(destination: &str, link: &str, via: Option<&str>) -> RouteSpec {
    let hop = Hop::new(Some(link), via.map(|via| via.parse().unwrap()));
    RouteSpec::new(destination.parse().unwrap(), vec![hop])
}

fn rule(from: &str, table: u32, priority: u32) -> RuleSpec {
    let from: ipnetwork::IpNetwork = from.parse().unwrap();
    let mut rule = RuleSpec::new(from.is_ipv6(), priority, RuleAction::Table(table));
    rule.from = Some(from);
    rule
}

/// The machine, the kernel, and the table between them.
struct World {
    holdings: Holdings<u8>,
    commands: Commands,
    monitor: Monitor,
    table: Interfaces,
    now: Duration,
}

impl World {
    fn new() -> Self {
        let mut monitor = Monitor::open(RECEIVE_BUFFER_LEN).unwrap();
        monitor.hear_routing().unwrap();
        let commands = Commands::open().unwrap();
        let holdings = Holdings::new(112, true);
        let mut world =
            Self { holdings, commands, monitor, table: Interfaces::new(), now: Duration::from_secs(1) };
        world.look();
        world
    }

    fn look(&mut self) {
        let mut changes = Vec::new();
        while self.monitor.drain(&mut self.table, &mut changes).unwrap() == Progress::More {}
        self.holdings.handle_changes(&changes, &self.table);
    }

    /// Reads events and carries out what is due; gives what the kernel refused.
    fn settle(&mut self) -> Vec<String> {
        self.now += Duration::from_secs(2);
        self.look();
        for change in self.holdings.take_changes(self.now, &self.table) {
            if let Change::Command(command) = change {
                self.commands.queue(command);
            }
        }
        let mut refused = Vec::new();
        let Self { holdings, commands, now, .. } = self;
        commands
            .flush(|command, result| {
                let verdict = holdings.handle_answer(*now, command, result.as_ref().copied());
                if let (Verdict::Refused, Err(refusal)) = (verdict, result) {
                    refused.push(format!("{command}: {refusal}"));
                }
            })
            .unwrap();
        refused
    }

    fn want(&mut self, owner: u8, wanted: WantedHoldings<'_>) -> Vec<String> {
        self.look();
        self.holdings.want(owner, wanted, &self.table);
        self.settle()
    }
}

#[test]
fn a_takeover_and_a_release_leave_nothing_behind() {
    in_namespace(|| {
        support::without_ipv6();
        wire("left", "right");
        let before = (ip("route show table all"), ip("rule show"));
        let address = AddressSpec::new(0, "192.0.2.1/24".parse().unwrap());
        let default = route("0.0.0.0/0", "left", Some("192.0.2.254"));
        let mut table = route("198.51.100.0/24", "left", None);
        (table.table, table.scope, table.source) = (7, 253, Some("192.0.2.1".parse().unwrap()));
        let rule = rule("192.0.2.1/32", 7, 100);
        let wanted = || {
            WantedHoldings::default()
                .address(WantedAddress { link: "left", address: &address, native: false })
                .route(&default, true)
                .route(&table, true)
                .rule(&rule, true)
        };
        let mut world = World::new();
        assert_eq!(world.want(1, wanted()), Vec::<String>::new());
        assert_eq!(ip("route show default"), "default via 192.0.2.254 dev left proto keepalived\n");
        let shown = ip("route show table 7");
        assert_eq!(shown, "198.51.100.0/24 dev left proto keepalived scope link src 192.0.2.1\n");
        assert_eq!(ip("rule show priority 100"), "100:\tfrom 192.0.2.1 lookup 7 proto keepalived\n");
        assert_eq!(world.want(2, wanted()), Vec::<String>::new());
        world.holdings.release(1, &world.table);
        world.settle();
        assert!(ip("route show default").contains("192.0.2.254"), "another owner has it");
        world.holdings.release(2, &world.table);
        assert_eq!(world.settle(), Vec::<String>::new());
        assert_eq!((ip("route show table all"), ip("rule show")), before);
    });
}

#[test]
fn routes_removed_by_somebody_or_with_a_link_come_back() {
    in_namespace(|| {
        wire("left", "right");
        ip("addr add 192.0.2.11/24 dev left");
        let default = route("0.0.0.0/0", "left", Some("192.0.2.254"));
        let six = route("2001:db8:1::/48", "left", Some("fe80::1"));
        let rule = rule("192.0.2.1/32", 7, 100);
        let mut world = World::new();
        world.want(1, WantedHoldings::default().route(&default, true).route(&six, true).rule(&rule, true));
        let is_there = || {
            (
                ip("route show default").contains("192.0.2.254"),
                ip("-6 route show 2001:db8:1::/48").contains("fe80::1"),
                ip("rule show priority 100").contains("lookup 7"),
            )
        };
        assert_eq!(is_there(), (true, true, true));
        ip("route del default");
        ip("-6 route del 2001:db8:1::/48");
        ip("rule del priority 100");
        assert_eq!(is_there(), (false, false, false));
        world.settle();
        assert_eq!(is_there(), (true, true, true));
        assert_eq!(world.holdings.take_repairs().len(), 3);
        ip("link set left down");
        world.settle();
        assert!(!is_there().0);
        ip("link set left up");
        support::until("the routes are back", || {
            world.settle();
            is_there() == (true, true, true)
        });
        ip("route replace default via 192.0.2.7");
        world.settle();
        assert!(is_there().0, "beside what somebody put in its place");
    });
}

#[test]
fn routes_added_by_others_are_not_removed() {
    in_namespace(|| {
        wire("left", "right");
        ip("addr add 192.0.2.11/24 dev left");
        ip("route add 10.1.0.0/16 via 192.0.2.254 dev left proto static");
        ip("-6 route add 2001:db8:1::/48 via fe80::1 dev left proto static");
        ip("rule add from 10.1.0.0/16 lookup 7 priority 100 proto static");
        let world = World::new();
        let mut commands = Commands::open().unwrap();
        for route in [
            route("10.1.0.0/16", "left", Some("192.0.2.254")),
            route("2001:db8:1::/48", "left", Some("fe80::1")),
        ] {
            commands.queue(RouteChange::Remove(route.resolved(&world.table).unwrap()));
        }
        commands.queue(RuleChange::Remove(rule("10.1.0.0/16", 7, 100)));
        commands.flush(|_, _| {}).unwrap();
        assert!(ip("route show 10.1.0.0/16").contains("static"));
        assert!(ip("-6 route show 2001:db8:1::/48").contains("static"));
        assert!(ip("rule show priority 100").contains("lookup 7"));
    });
}

#[test]
fn every_property_reaches_the_kernel() {
    in_namespace(|| {
        wire("left", "right");
        ip("addr add 192.0.2.11/24 dev left");
        ip("addr add 10.9.0.1/24 dev right");
        let mut world = World::new();
        let mut rich = route("10.5.0.0/16", "left", Some("192.0.2.253"));
        (rich.tos, rich.metric, rich.realms) = (0x10, 77, Some(5));
        rich.path.values = vec![(2, 1400), (8, 1300), (11, 20)];
        rich.path.locked = 1 << 8;
        rich.path.congestion = Some("reno".into());
        let mut several = route("10.3.0.0/16", "left", Some("192.0.2.253"));
        several.hops.push(Hop::new(Some("right"), Some("10.9.0.2".parse().unwrap())));
        several.hops[0].weight = 2;
        let mut black = RouteSpec::new("10.4.0.0/16".parse().unwrap(), Vec::new());
        black.kind = RouteKind::BLACKHOLE;
        let mut onlink = route("10.6.0.0/16", "left", Some("203.0.113.1"));
        onlink.hops[0].onlink = true;
        let by_six = route("10.7.0.0/16", "left", Some("fe80::1"));
        let mut six = route("2001:db8:5::/48", "left", Some("fe80::1"));
        (six.metric, six.preference) = (12, Some(3));
        let mut rule = rule("10.3.7.0/24", 5, 3004);
        (rule.ip_protocol, rule.source_ports, rule.fwmark) = (Some(6), Some((10, 20)), Some((16, 255)));
        rule.iif = Some("left".into());
        let routes = [&rich, &several, &black, &onlink, &by_six, &six];
        let wanted = routes.iter().fold(WantedHoldings::default(), |wanted, route| wanted.route(route, true));
        assert_eq!(world.want(1, wanted.rule(&rule, true)), Vec::<String>::new());
        let shown = ip("route show proto keepalived");
        for line in [
            "10.5.0.0/16 tos 0x10 via 192.0.2.253 dev left metric 77 realm 5 mtu 1400 advmss lock 1300 initcwnd 20 congctl \
             reno",
            "10.3.0.0/16",
            "nexthop via 192.0.2.253 dev left weight 2",
            "nexthop via 10.9.0.2 dev right weight 1",
            "blackhole 10.4.0.0/16",
            "10.6.0.0/16 via 203.0.113.1 dev left onlink",
            "10.7.0.0/16 via inet6 fe80::1 dev left",
        ] {
            assert!(shown.contains(line), "{line}\n{shown}");
        }
        let shown = ip("-6 route show proto keepalived");
        assert!(shown.contains("2001:db8:5::/48 via fe80::1 dev left metric 12 pref low"), "{shown}");
        let shown = ip("rule show priority 3004");
        let expected =
            "from 10.3.7.0/24 fwmark 0x10/0xff iif left ipproto tcp sport 10-20 lookup 5 proto keepalived";
        assert!(shown.contains(expected), "{shown}");
        world.holdings.release(1, &world.table);
        assert_eq!(world.settle(), Vec::<String>::new());
        assert_eq!(ip("route show proto keepalived"), "");
        assert_eq!(ip("-6 route show proto keepalived"), "");
        assert_eq!(ip("rule show priority 3004"), "");
    });
}

#[test]
fn a_tunnel_reaches_the_kernel_where_it_has_them() {
    in_namespace(|| {
        wire("left", "right");
        ip("addr add 192.0.2.11/24 dev left");
        let mut world = World::new();
        let mut tunnel = route("10.11.0.0/16", "left", Some("192.0.2.253"));
        tunnel.hops[0].encap = Some(Encap::Ip {
            id: Some(5),
            destination: Some("1.2.3.4".parse().unwrap()),
            source: None,
            tos: None,
            ttl: None,
            flags: None,
        });
        let refused = world.want(1, WantedHoldings::default().route(&tunnel, true));
        if !refused.is_empty() {
            return support::skipped(&refused.join(", "));
        }
        let shown = ip("route show 10.11.0.0/16");
        assert!(shown.contains("encap ip id 5 src 0.0.0.0 dst 1.2.3.4"), "{shown}");
    });
}

#[test]
fn a_refusal_carries_the_kernels_reason_and_is_over_once_an_address_is_there() {
    in_namespace(|| {
        wire("left", "right");
        let mut world = World::new();
        let default = route("0.0.0.0/0", "left", Some("192.0.2.254"));
        let refused = world.want(1, WantedHoldings::default().route(&default, true));
        assert_eq!(refused.len(), 1, "{refused:?}");
        assert!(refused[0].contains("unreachable") || refused[0].contains("invalid gateway"), "{refused:?}");
        assert_eq!(world.settle(), Vec::<String>::new(), "it is told once");
        ip("addr add 192.0.2.11/24 dev left");
        support::until("the route is there", || {
            world.settle();
            ip("route show default").contains("192.0.2.254")
        });
    });
}

#[test]
fn a_successor_removes_the_objects_that_it_was_told_of() {
    in_namespace(|| {
        wire("left", "right");
        ip("addr add 192.0.2.11/24 dev left");
        let default = route("0.0.0.0/0", "left", Some("192.0.2.254"));
        let rule = rule("192.0.2.1/32", 7, 100);
        let mut dead = World::new();
        dead.want(1, WantedHoldings::default().route(&default, true).rule(&rule, true));
        let described = default.resolved(&snapshot().unwrap()).unwrap().removal();
        let former = vrrp_linux::holdings::Former { routes: vec![described], rules: vec![rule.removal()] };
        let mut successor = World::new();
        successor.holdings.clean_routing(&WantedHoldings::default(), former, &successor.table);
        assert_eq!(successor.settle(), Vec::<String>::new());
        assert_eq!((ip("route show default"), ip("rule show priority 100")), (String::new(), String::new()));
    });
}
