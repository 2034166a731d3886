use super::super::facts::{DaemonFacts, Peer, Services};
use super::super::ruleset::Ruleset;
use super::*;

fn router() -> Router {
    Router {
        name: "A".to_owned(),
        interface: Some("eth0".to_owned()),
        ipv6: false,
        group: "224.0.0.18".parse().ok(),
        peers: Vec::new(),
        has_ah: false,
        needs_clock: false,
        addresses: 1,
    }
}

/// A machine without a fault.
fn sound() -> Facts {
    Facts {
        routers: vec![router()],
        interfaces: [("eth0".to_owned(), Interface::default())].into(),
        ruleset: Ruleset::parse(r#"{"nftables":[]}"#),
        clock_is_synchronised: Some(true),
        forwards: Some(true),
        nonlocal_bind: Some(true),
        ..Facts::default()
    }
}

fn unicast(route: &str) -> Router {
    let peer = Peer { address: "192.0.2.9".parse().unwrap(), route: Some(route.to_owned()) };
    Router { peers: vec![peer], ..router() }
}

fn with_interface(change: impl Fn(&mut Interface)) -> Facts {
    let mut facts = sound();
    change(facts.interfaces.get_mut("eth0").unwrap());
    facts
}

fn rules(policy: &str, more: &str) -> Option<Ruleset> {
    Ruleset::parse(&format!(
        r#"{{"nftables":[{{"chain":{{"family":"ip","table":"t","name":"in","hook":"input","prio":0,"policy":"{policy}"}}}}{more}]}}"#
    ))
}

#[test]
fn a_sound_machine_has_no_findings() {
    assert_eq!(findings(&sound()), []);
    assert_eq!(findings(&Facts { routers: Vec::new(), ..sound() }), []);
}

#[test]
fn each_fact_that_hurts_has_its_finding() {
    use Severity::{Error, Note, Warning};
    let unclear = r#",{"rule":{"family":"ip","table":"t","chain":"in","expr":[{"match":{"op":"==","left":{"meta":{"key":"mark"}},"right":1}},{"accept":null}]}}"#;
    let services = |services: Services| Facts { services: Services { count: 1, ..services }, ..sound() };
    let daemon = |daemon: DaemonFacts| Facts { daemon, ..sound() };
    let table: Vec<(Facts, &str, Severity)> = vec![
        (Facts { interfaces: [].into(), ..sound() }, "interface-missing", Error),
        (with_interface(|it| it.up = false), "interface-down", Error),
        (with_interface(|it| it.multicast = false), "multicast-off", Error),
        (with_interface(|it| it.mtu = 39), "mtu-small", Error),
        (with_interface(|it| it.arp_ignore = 8), "arp-ignore", Error),
        (Facts { ruleset: rules("drop", ""), ..sound() }, "firewall-drops-vrrp", Error),
        (Facts { ruleset: rules("drop", unclear), ..sound() }, "firewall-may-drop-vrrp", Warning),
        (
            Facts { ruleset: None, filter_unknown: Some("no nft".to_owned()), ..sound() },
            "firewall-unknown",
            Note,
        ),
        (
            Facts { iptables_drop: Some("-A INPUT -p vrrp -j DROP".to_owned()), ..sound() },
            "firewall-drops-vrrp",
            Error,
        ),
        (
            Facts { routers: vec![unicast("eth1")], ..with_interface(|it| it.rp_filter = 1) },
            "rp-filter-strict",
            Error,
        ),
        (
            Facts {
                routers: vec![Router { needs_clock: true, ..router() }],
                clock_is_synchronised: Some(false),
                ..sound()
            },
            "clock-unsynchronised",
            Warning,
        ),
        (
            Facts {
                routers: vec![Router { ipv6: true, group: "ff02::12".parse().ok(), ..router() }],
                ..with_interface(|it| (it.accept_ra, it.forwards_v6) = (1, true))
            },
            "accept-ra",
            Warning,
        ),
        (services(Services { ipvs: Ipvs::Absent, ..Services::default() }), "ipvs-missing", Error),
        (services(Services { ipvs: Ipvs::Module, ..Services::default() }), "ipvs-not-loaded", Note),
        (
            Facts { forwards: Some(false), ..services(Services { nat: true, ..Services::default() }) },
            "forwarding-off",
            Error,
        ),
        (
            daemon(DaemonFacts { unreachable: Some("no".to_owned()), ..DaemonFacts::default() }),
            "control-socket",
            Note,
        ),
        (daemon(DaemonFacts { is_stale: true, ..DaemonFacts::default() }), "config-stale", Warning),
        (
            daemon(DaemonFacts { descriptors: Some(64), ..DaemonFacts::default() }),
            "descriptor-limit",
            Warning,
        ),
        (daemon(DaemonFacts { lockable: Some(65_536), ..DaemonFacts::default() }), "memlock-limit", Warning),
        (Facts { others: vec![(7, "keepalived".to_owned())], ..sound() }, "other-daemon", Error),
        (
            Facts { strangers: vec![("A".to_owned(), "shares VRID 7".to_owned())], ..sound() },
            "duplicate-vrid",
            Error,
        ),
        (Facts { insecure: vec!["/x is writable".to_owned()], ..sound() }, "script-rights", Warning),
        (Facts { unrunnable: vec!["/x is missing".to_owned()], ..sound() }, "script-not-runnable", Warning),
        (Facts { nonlocal_bind: Some(false), ..sound() }, "nonlocal-bind", Note),
    ];
    let mut seen = BTreeSet::new();
    for (facts, code, severity) in &table {
        let found = findings(facts);
        let [one] = found.as_slice() else { panic!("{code}: {found:?}") };
        assert_eq!((one.code, one.severity), (*code, *severity), "{one:?}");
        seen.insert(*code);
    }
    let declared: BTreeSet<&str> = CODES.iter().map(|(code, _)| *code).collect();
    assert_eq!(seen, declared, "each code is declared, and each declared one is in the table");
}

#[test]
fn what_does_not_hurt_is_not_reported() {
    let strict = with_interface(|it| it.rp_filter = 1);
    let quiet = [
        // Multicast adverts come from the link itself.
        Facts { routers: vec![router()], ..strict },
        Facts { routers: vec![unicast("eth0")], ..with_interface(|it| it.rp_filter = 1) },
        Facts { routers: vec![unicast("eth1")], ..with_interface(|it| it.rp_filter = 2) },
        Facts { routers: vec![unicast("eth0")], ..with_interface(|it| it.multicast = false) },
        Facts { routers: vec![unicast("eth0")], ruleset: Ruleset::parse(r#"{"nftables":[]}"#), ..sound() },
        Facts { clock_is_synchronised: Some(false), ..sound() },
        Facts { services: Services { ipvs: Ipvs::Absent, nat: true, ..Services::default() }, ..sound() },
        with_interface(|it| (it.accept_ra, it.forwards_v6) = (1, true)),
        Facts {
            daemon: DaemonFacts {
                descriptors: Some(1024),
                lockable: Some(64 << 20),
                ..DaemonFacts::default()
            },
            ..sound()
        },
    ];
    for facts in quiet {
        assert_eq!(findings(&facts), []);
    }
}

#[test]
fn the_worst_comes_first_and_the_same_rule_is_told_once() {
    let two = vec![router(), Router { name: "B".to_owned(), ..router() }];
    let facts = Facts {
        routers: two,
        ruleset: rules("drop", ""),
        nonlocal_bind: Some(false),
        insecure: vec!["/x".to_owned()],
        ..sound()
    };
    let codes: Vec<&str> = findings(&facts).iter().map(|finding| finding.code).collect();
    assert_eq!(codes, ["firewall-drops-vrrp", "script-rights", "nonlocal-bind"]);
}

#[test]
fn every_sentence_says_something() {
    let facts = Facts { interfaces: [].into(), others: vec![(7, "keepalived".to_owned())], ..sound() };
    for finding in findings(&facts) {
        for text in [&finding.wrong, &finding.why, &finding.remedy] {
            assert!(text.len() > 10, "{finding:?}");
        }
    }
}
