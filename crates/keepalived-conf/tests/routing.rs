//! Routes, rules and statics: what a line means, and which lines mean nothing.

use std::path::Path;

use keepalived_conf::model::Config;
use keepalived_conf::model::routing::{Encap, Insertion, Route, Rule, RuleAction};
use keepalived_conf::{Loaded, MemoryFiles, Options, exit_code, load};

fn load_with_names(text: &str) -> Loaded {
    let files = MemoryFiles::from([
        ("keepalived.conf", text),
        ("/etc/iproute2/rt_tables", "254 main\n42 vpn\n"),
        ("/etc/iproute2/rt_realms", "3 lab\n"),
        ("/etc/iproute2/rt_dsfield", "0x28 AF11\n"),
        ("/etc/iproute2/group", "7 edge\n"),
    ]);
    load(Path::new("keepalived.conf"), &Options::new(&files))
}

fn statics(block: &str, line: &str) -> (Config, u8) {
    let loaded = load_with_names(&format!("{block} {{\n{line}\n}}\n"));
    let code = exit_code(&loaded.diagnostics);
    (loaded.config, code)
}

fn route(line: &str) -> Route {
    let (config, code) = statics("static_routes", line);
    assert_eq!(code, 0, "{line}");
    config.statics.routes[0].object.clone()
}

fn rule(line: &str) -> Rule {
    let (config, code) = statics("static_rules", line);
    assert_eq!(code, 0, "{line}");
    config.statics.rules[0].object.clone()
}

#[test]
fn a_default_route_has_the_defaults_of_ip_route() {
    let route = route("default via 192.0.2.254 dev eth0");
    assert_eq!(route.destination.to_string(), "0.0.0.0/0");
    assert_eq!((route.kind, route.table, route.protocol, route.scope, route.metric), (1, 254, 18, 0, 0));
    assert_eq!(route.hops[0].via.unwrap().to_string(), "192.0.2.254");
    assert_eq!(route.hops[0].interface.as_deref(), Some("eth0"));
    assert_eq!(route.insertion, Insertion::Prepend);
}

#[test]
fn a_route_without_a_router_is_global_as_in_keepalived() {
    assert_eq!(route("10.1.0.0/16 dev eth0").scope, 0);
    assert_eq!(route("10.1.0.0/16 dev eth0 scope link").scope, 253);
    assert_eq!(route("local 10.1.0.1 dev lo").scope, 254);
    assert_eq!(route("2001:db8::/32 dev eth0").scope, 0);
}

#[test]
fn an_ipv6_default_route_is_recognised_by_its_router() {
    assert_eq!(route("default via fe80::1 dev eth0").destination.to_string(), "::/0");
    assert_eq!(route("inet6 default dev eth0").destination.to_string(), "::/0");
    assert_eq!(route("::/0 via fe80::1 dev eth0").destination.to_string(), "::/0");
}

#[test]
fn an_ipv4_route_may_go_by_an_ipv6_router() {
    let route = route("10.7.0.0/16 via inet6 fe80::1 dev eth0");
    assert_eq!(route.destination.to_string(), "10.7.0.0/16");
    assert_eq!(route.hops[0].via.unwrap().to_string(), "fe80::1");
}

#[test]
fn names_come_from_the_files_of_iproute2() {
    let route =
        route("10.1.0.0/16 dev eth0 table vpn tos AF11 realms 5/lab protocol bird no_track scope host");
    assert_eq!((route.table, route.tos, route.realms), (42, 0x28, Some(5 << 16 | 3)));
    assert_eq!((route.protocol, route.scope), (12, 254));
    assert_eq!(rule("from all lookup vpn suppress_ifgroup edge preference 9").suppress_group, Some(7));
}

#[test]
fn directories_of_names_can_be_named() {
    let files = MemoryFiles::from([
        (
            "keepalived.conf",
            "global_defs {\n iproute_etc_dir /opt/etc\n iproute_usr_dir /opt/usr\n}\nstatic_routes {\n 10.0.0.0/8 dev \
             eth0 table one\n 10.1.0.0/16 dev eth0 table two\n}\n",
        ),
        ("/opt/usr/rt_tables", "11 one\n12 two\n"),
        ("/opt/etc/rt_tables.d/x.conf", "22 two\n"),
    ]);
    let loaded = load(Path::new("keepalived.conf"), &Options::new(&files));
    let tables: Vec<_> = loaded.config.statics.routes.iter().map(|route| route.object.table).collect();
    assert_eq!(tables, [11, 22]);
}

#[test]
fn several_next_hops_share_the_load() {
    let line =
        "10.5.0.0/16 nexthop via 10.0.0.1 dev eth0 weight 2 nexthop via 10.0.0.2 dev eth1 onlink no_track";
    let route = route(line);
    let hops: Vec<_> = route.hops.iter().map(|hop| (hop.weight, hop.onlink)).collect();
    assert_eq!(hops, [(2, false), (1, true)]);
    assert!(route.no_track);
    let (config, code) = statics("static_routes", "10.8.0.0/16 via 10.0.0.1 or 10.0.0.2 dev eth0");
    assert_eq!(code, 5, "`or` is deprecated");
    let vias: Vec<_> =
        config.statics.routes[0].object.hops.iter().map(|hop| hop.via.unwrap().to_string()).collect();
    assert_eq!(vias, ["10.0.0.1", "10.0.0.2"]);
}

#[test]
fn properties_of_a_path_have_the_numbers_of_the_kernel() {
    let route = route(
        "10.4.0.0/16 dev eth0 mtu lock 1400 advmss 1360 rtt 300ms rttvar 2s rto_min 5 features ecn quickack 1 congctl \
         cubic",
    );
    assert_eq!(
        route.path,
        [(2, 1400), (4, 2400), (5, 8000), (8, 1360), (12, 1), (13, 5), (15, 1)],
        "in the order of the numbers"
    );
    assert_eq!((route.locked, route.congestion.as_deref()), (1 << 2, Some("cubic")));
}

#[test]
fn packets_may_be_wrapped() {
    let encap =
        |words: &str| route(&format!("10.0.0.0/8 dev eth0 encap {words}")).hops[0].encap.clone().unwrap();
    assert_eq!(encap("mpls 100/200"), Encap::Mpls(vec![100, 200]));
    let Encap::Ip { id, ttl, destination, .. } = encap("ip id 5 dst 192.0.2.7 ttl 9") else { panic!() };
    assert_eq!(
        (id, ttl, destination.map(|ip| ip.to_string()).as_deref()),
        (Some(5), Some(9), Some("192.0.2.7"))
    );
    assert_eq!(encap("ila 1:2:3:4"), Encap::Ila(0x0001_0002_0003_0004));
}

#[test]
fn routes_as_they_are_written_pass() {
    for line in [
        "10.1.0.0/16 via 10.0.0.254 dev eth0",
        "default via 10.0.0.254 dev eth0 metric 100 onlink",
        "0.0.0.0/0 via 10.0.0.1 dev eth0 no_track protocol static",
        "src 10.0.0.1 to 10.2.0.0/16 via 10.0.0.254 dev eth0 scope link table 10",
        "blackhole 10.3.0.0/16 no_track",
        "unreachable default no_track metric 4294967295",
        "to blackhole 10.3.0.0/16 no_track",
        "2001:db8:1::/48 via inet6 fe80::1 dev eth0 expires 100 pref low",
        "10.1.0.0/16 dev eth1 table 0x10 append",
        "any dev eth0",
    ] {
        route(line);
    }
}

#[test]
fn rules_as_they_are_written_pass() {
    for line in [
        "from 10.0.0.0/24 table 10 preference 100",
        "to 10.1.0.0/16 lookup 20 priority 100",
        "from all lookup vpn order 7",
        "inet6 from 2001:db8::/32 blackhole preference 9",
        "from 10.0.0.1 to 10.0.0.2 goto 200 preference 10",
        "from 10.3.8.0/24 uidrange 100-200 ipproto UDP sport 10-20 table 5 priority 3005",
        "from 10.3.8.0/24 l3mdev priority 3005",
        "from 10.3.8.0/24 type prohibit priority 3005",
    ] {
        rule(line);
    }
    let rule = rule("not from 10.0.0.0/24 iif eth0 fwmark 0x10/0xff lookup main preference 5");
    assert_eq!((rule.invert, rule.fwmark, rule.action), (true, Some((16, 255)), RuleAction::Table(254)));
}

#[test]
fn rules_without_preference_get_one_each_downward() {
    let loaded = load_with_names("static_rules {\n iif eth0 table 5\n oif eth0 table 5\n}\n");
    let rules: Vec<_> = loaded.config.statics.rules.iter().map(|rule| rule.object.priority).collect();
    assert_eq!(rules, [16384, 16383]);
    assert_eq!(exit_code(&loaded.diagnostics), 5);
}

#[test]
fn lines_that_keepalived_refuses_are_reported_and_left_out() {
    for line in [
        "10.1.0.0/16 dev eth0 metrik 5",
        "10.1.0.0/16 dev eth0 via gateway",
        "10.1.0./16 dev eth0",
        "10.1.0.0/16 dev eth0 metric many",
        "10.1.0.0/16 dev eth0 table nosuch",
        "10.1.0.0/16 dev eth0 protocol 300",
        "10.1.0.0/16 dev eth0 encap seg6 mode inline",
        "10.1.0.0/16 dev eth0 encap mpls abc",
        "10.1.0.0/16 nexthop via 10.0.0.1 dev eth0 weight 300",
        "10.1.0.0/16 nexthop via 10.0.0.1 dev eth0 metric 5",
        "dev eth0",
        "10.1.0.0/16 dev eth0 pref low",
        "10.1.0.0/16 dev eth0 expires 4",
        "2001:db8::/32 dev eth0 realms 4",
        "10.1.0.0/16 dev eth0 quickack 2",
        "10.1.0.0/16 dev eth0 rtt 3x",
        "10.1.0.0/16 dev eth0 window lock 4",
        "10.1.0.0/16 dev eth0 features foo",
        "10.1.0.0/16 dev eth0 src ::1",
        "10.1.0.0/16 from 10.2.0.0/16 dev eth0",
        "2001:db8::/32 via 192.0.2.1 dev eth0",
    ] {
        let (config, code) = statics("static_routes", line);
        assert_eq!((config.statics.routes.len(), code), (0, 5), "{line}");
    }
    for line in [
        "from 10.0.0./24 table 10 preference 100",
        "from 10.0.0.0/24 tabel 10 preference 100",
        "from 10.0.0.0/8 table 4 blackhole priority 1",
        "from 10.0.0.0/8 priority 1",
        "from 10.0.0.0/8 goto 17 priority 905",
        "from 10.0.0.0/8 sport 10 table 5 priority 1",
        "from 10.0.0.0/8 to 2001:db8::/32 table 5 priority 1",
        "from 10.0.0.0/8 prohibit suppress_prefixlength 3 priority 2",
        "from 10.0.0.0/8 lookup nosuch priority 2",
    ] {
        let (config, code) = statics("static_rules", line);
        assert_eq!((config.statics.rules.len(), code), (0, 5), "{line}");
    }
}

#[test]
fn a_restored_route_has_the_protocol_of_keepalived() {
    let (config, code) = statics("static_routes", "10.1.0.0/16 dev eth0 protocol static");
    assert_eq!((config.statics.routes[0].object.protocol, code), (18, 5));
}

#[test]
fn instances_hold_routes_and_rules_and_may_track_statics() {
    let loaded = load_with_names(
        "track_group G {\n group {\n V\n nobody\n }\n}\nstatic_ipaddress {\n 192.0.2.11/24 track_group G\n}\n\
         static_routes {\n 10.0.0.0/8 dev eth0 track_group G\n}\nvrrp_instance V {\n interface eth0\n \
         virtual_router_id 51\n virtual_ipaddress {\n 192.0.2.1\n }\n virtual_routes {\n default via 192.0.2.254 dev \
         eth0\n }\n virtual_rules {\n from 192.0.2.1 table 7 preference 8\n }\n}\n",
    );
    let config = &loaded.config;
    assert_eq!(config.instances[0].routes.len(), 1);
    assert_eq!(config.instances[0].rules.len(), 1);
    assert_eq!(config.statics.addresses[0].trackers, ["V"]);
    assert_eq!(config.statics.addresses[0].object.interface.as_deref(), Some("eth0"), "the default");
    assert_eq!(config.statics.routes[0].trackers, ["V"]);
    let codes: Vec<_> = loaded.diagnostics.iter().map(|finding| finding.code).collect();
    assert_eq!(codes, ["unknown-instance"]);
}

#[test]
fn an_option_without_its_value_ends_the_test_as_in_keepalived() {
    for (block, line) in [("static_routes", "10.1.0.0/16 dev"), ("static_rules", "from 10.0.0.0/8 table")] {
        let (config, code) = statics(block, line);
        assert!(config.statics.routes.is_empty() && config.statics.rules.is_empty());
        assert_eq!(code, 2, "{line}");
    }
}
