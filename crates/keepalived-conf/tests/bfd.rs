//! `bfd_instance`, what tracks it, and how its process runs.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use std::time::Duration;

use keepalived_conf::model::bfd::BfdInstance;
use keepalived_conf::model::trackers::Tracked;
use keepalived_conf::{Loaded, exit_code, load_str};

fn session(lines: &str) -> BfdInstance {
    let loaded = load_str(&format!("bfd_instance B {{\n{lines}\n}}\n"));
    assert_eq!(exit_code(&loaded.diagnostics), 0, "{:?}", loaded.diagnostics);
    loaded.config.bfd_instances[0].clone()
}

fn has(loaded: &Loaded, code: &str) -> bool {
    loaded.diagnostics.iter().any(|finding| finding.code == code)
}

fn track(session: &str, lines: &str, instance: &str) -> Loaded {
    load_str(&format!(
        "bfd_instance B {{\nneighbor_ip 192.0.2.2\n{session}\n}}\nbfd_instance C {{\nneighbor_ip 192.0.2.3\n}}\n\
         vrrp_instance V {{\ninterface eth0\nvirtual_router_id 1\n{instance}\nvirtual_ipaddress {{\n192.0.2.9\n}}\n\
         track_bfd {{\n{lines}\n}}\n}}\n"
    ))
}

#[test]
fn defaults_are_keepaliveds() {
    let bfd = session("neighbor_ip 192.0.2.2");
    let ms = Duration::from_millis;
    assert_eq!((bfd.min_rx, bfd.min_tx, bfd.idle_tx, bfd.multiplier), (ms(10), ms(10), ms(1000), 5));
    assert_eq!((bfd.source, bfd.passive, bfd.multihop, bfd.weight), (None, false, false, 0));
    assert!(bfd.for_vrrp && bfd.for_checkers);
}

#[test]
fn every_keyword_is_taken() {
    let bfd = session(
        "neighbour_ip 192.0.2.2\nsource_ip 192.0.2.1\nmin_rx 3.312\nmin_tx 50\nidle_tx 2000\nmultiplier 3\npassive\n\
         ttl 64\nmax_hops 2\nmultihop\nweight -20 reverse\nvrrp",
    );
    assert_eq!(bfd.neighbor.to_string(), "192.0.2.2");
    assert_eq!(bfd.source.unwrap().to_string(), "192.0.2.1");
    assert_eq!((bfd.min_rx, bfd.min_tx), (Duration::from_micros(3312), Duration::from_millis(50)));
    assert_eq!((bfd.idle_tx, bfd.multiplier), (Duration::from_secs(2), 3));
    assert!(bfd.passive && bfd.multihop && bfd.reverse && bfd.for_vrrp && !bfd.for_checkers);
    assert_eq!((bfd.ttl, bfd.least_ttl, bfd.weight), (64, 62, -20));
}

#[test]
fn ipv4_takes_a_ttl_of_255_only_and_ipv6_also_that_of_keepalived() {
    let ttl = |lines: &str| {
        let bfd = session(lines);
        (bfd.ttl, bfd.least_ttl)
    };
    assert_eq!(ttl("neighbor_ip 192.0.2.2"), (255, 255));
    assert_eq!(ttl("neighbor_ip 192.0.2.2\nmax_hops 255"), (255, 0));
    assert_eq!(ttl("neighbor_ip 192.0.2.2\nmax_hops -1"), (255, 255));
    assert_eq!(ttl("neighbor_ip 2001:db8::2"), (255, 64));
    assert_eq!(ttl("neighbor_ip 2001:db8::2\nhoplimit 255"), (255, 255));
    assert_eq!(ttl("neighbor_ip 2001:db8::2\nhoplimit 64\nmax_hops 3"), (64, 61));
}

#[test]
fn values_that_keepalived_refuses_are_refused() {
    let cases = [
        ("bfd_instance B {\nsource_ip 192.0.2.1\n}\n", "incomplete"),
        ("bfd_instance B {\nneighbor_ip 192.0.2.2\nsource_ip 2001:db8::1\n}\n", "mixed-families"),
        (
            "bfd_instance B {\nneighbor_ip 192.0.2.2\n}\nbfd_instance B {\nneighbor_ip 192.0.2.3\n}\n",
            "duplicate-bfd",
        ),
        (
            "bfd_instance B {\nneighbor_ip 192.0.2.2\n}\nbfd_instance C {\nneighbor_ip 192.0.2.2\n}\n",
            "duplicate-bfd",
        ),
        ("bfd_instance B123456789012345678901234567890x {\nneighbor_ip 192.0.2.2\n}\n", "bad-name"),
        ("bfd_instance B {\nneighbor_ip 192.0.2.2\nmin_rx 0.5\n}\n", "bad-value"),
        ("bfd_instance B {\nneighbor_ip 192.0.2.2\nidle_tx 300\n}\n", "bad-value"),
        ("bfd_instance B {\nneighbor_ip 192.0.2.2\nweight 254\n}\n", "bad-value"),
        ("bfd_instance B {\nneighbor_ip 192.0.2.2\nweight 5 revers\n}\n", "bad-value"),
        ("bfd_instance B {\nneighbor_ip 192.0.2.2\nttl 64\nmax_hops 255\n}\n", "bad-value"),
    ];
    for (text, code) in cases {
        let loaded = load_str(text);
        assert!(has(&loaded, code), "{text}: {:?}", loaded.diagnostics);
        assert_eq!(exit_code(&loaded.diagnostics), 5, "{text}");
        assert!(loaded.config.bfd_instances.len() < 2, "{text}");
    }
}

#[test]
fn one_neighbor_may_have_sessions_with_several_addresses() {
    let text = "bfd_instance B {\nneighbor_ip 192.0.2.2\nsource_ip 192.0.2.3\n}\n\
                bfd_instance C {\nneighbor_ip 192.0.2.2\nsource_ip 192.0.2.4\n}\n";
    assert_eq!(load_str(text).config.bfd_instances.len(), 2);
}

#[test]
fn a_track_line_has_its_own_weight_or_the_sessions() {
    let loaded = track("weight 5 reverse", "B\nC weight -7 reverse", "");
    let tracked = &loaded.config.instances[0].track_bfd;
    assert_eq!(
        tracked.as_slice(),
        [Tracked { index: 0, weight: 5, reverse: true }, Tracked { index: 1, weight: -7, reverse: true }]
    );
    let loaded = track("weight 5 reverse", "B weight 6 noreverse", "");
    let expected = Tracked { index: 0, weight: 6, reverse: false };
    assert_eq!(loaded.config.instances[0].track_bfd, [expected]);
}

#[test]
fn a_session_is_tracked_once_stands_above_and_is_not_for_checkers_only() {
    let loaded = track("", "B\nB weight 3", "");
    assert_eq!((loaded.config.instances[0].track_bfd.len(), has(&loaded, "duplicate")), (1, true));
    assert!(has(&track("", "D", ""), "unknown-tracker"));
    assert!(has(&track("checker", "B", ""), "unknown-tracker"));
    assert!(!has(&track("checker\nvrrp", "B", ""), "unknown-tracker"));
}

#[test]
fn the_address_owner_follows_no_weights() {
    let loaded = track("", "B weight 5\nC", "priority 255");
    assert!(has(&loaded, "owner-weight"));
    assert_eq!(loaded.config.instances[0].track_bfd, [Tracked { index: 1, weight: 0, reverse: false }]);
}

#[test]
fn settings_of_the_process_are_read() {
    let loaded = load_str(
        "global_defs {\nbfd_priority -5\nbfd_rt_priority 10\nbfd_no_swap\nbfd_cpu_affinity 0 1\nbfd_rlimit_rttime 5000\n}\n",
    );
    let bfd = &loaded.config.global.bfd;
    assert_eq!((bfd.nice, bfd.rt_priority, bfd.rlimit_rttime), (Some(-5), Some(10), Some(5000)));
    assert!(bfd.no_swap && bfd.cpu_affinity == [0, 1]);
}
