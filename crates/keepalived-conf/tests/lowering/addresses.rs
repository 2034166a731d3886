//! Virtual addresses, sources and peers.

use super::*;

#[test]
fn unicast_with_a_source_needs_no_interface() {
    let loaded = load_str(
        "vrrp_instance A {\nvirtual_router_id 7\nunicast_src_ip 192.0.2.1\nunicast_peer {\n\
         192.0.2.2\n192.0.2.3 min_ttl 254\n}\nvirtual_ipaddress {\n192.0.2.9\n}\n}\n",
    );
    let a = only(&loaded);
    assert_eq!((a.interface.as_deref(), a.multicast_group), (None, None));
    assert_eq!(a.unicast_peers[0].ttl, None);
    assert_eq!(a.unicast_peers[1].ttl, Some((254, 255)));
    assert_eq!(loaded.usable, Ok(()));
}

#[test]
fn the_first_address_decides_the_family() {
    let loaded = load_str(
        "vrrp_instance A {\ninterface eth0\nvirtual_router_id 7\nvirtual_ipaddress {\nfe80::7\n192.0.2.1\n}\n\
         virtual_ipaddress_excluded {\n192.0.2.2\n}\n}\n",
    );
    let a = only(&loaded);
    assert!(a.ipv6 && a.version == 3 && has(&loaded, "family"));
    assert_eq!((a.addresses.len(), a.excluded_addresses.len()), (1, 1));
    assert_eq!(a.multicast_group, Some("ff02::12".parse().unwrap()));
}

#[test]
fn address_options_are_resolved() {
    let loaded = load_str(
        "vrrp_instance A {\ninterface eth0\nvirtual_router_id 7\nvirtual_ipaddress {\n\
         192.0.2.10/24 brd + dev eth1 label eth1:0 scope link no_track\n\
         192.0.2.11/24 broadcast -\n192.0.2.12/31 brd +\n192.0.2.13 peer 198.51.100.1/32\n}\n}\n",
    );
    let addresses = &only(&loaded).addresses;
    let first = &addresses[0];
    assert_eq!(first.broadcast, Some("192.0.2.255".parse().unwrap()));
    assert_eq!(
        (first.interface.as_deref(), first.label.as_deref(), first.scope),
        (Some("eth1"), Some("eth1:0"), 253)
    );
    assert!(first.no_track && !first.duplicate_detection);
    assert_eq!(addresses[1].broadcast, Some("192.0.2.0".parse().unwrap()));
    assert_eq!(addresses[2].broadcast, None);
    assert_eq!(addresses[3].peer, Some("198.51.100.1/32".parse().unwrap()));
    assert_eq!(exit_code(&loaded.diagnostics), 5);
}

#[test]
fn an_ipv6_host_address_is_deprecated_at_once() {
    let loaded = load_str(
        "vrrp_instance A {\ninterface eth0\nvirtual_router_id 7\nvirtual_ipaddress {\n\
         fe80::7\n2001:db8::7/64\n2001:db8::8 preferred_lft forever\n2001:db8::9 -nodad preferred_lft 60\n}\n}\n",
    );
    let lifetimes: Vec<_> =
        only(&loaded).addresses.iter().map(|address| address.preferred_lifetime).collect();
    assert_eq!(lifetimes, [Some(0), None, None, Some(60)]);
    assert!(only(&loaded).addresses[3].duplicate_detection);
}

#[test]
fn one_vrid_is_one_router_per_interface_and_family() {
    let block = |name: &str, interface: &str, address: &str| {
        format!(
            "vrrp_instance {name} {{\ninterface {interface}\nvirtual_router_id 7\nvirtual_ipaddress {{\n{address}\n}}\n}}\n"
        )
    };
    let several =
        block("A", "eth0", "192.0.2.1") + &block("B", "eth1", "192.0.2.2") + &block("C", "eth0", "fe80::1");
    assert!(load_str(&several).diagnostics.is_empty());
    let loaded = load_str(&(several + &block("D", "eth0", "192.0.2.4")));
    assert!(has(&loaded, "duplicate-router"));
    assert_eq!(loaded.config.instances.len(), 4, "it stays in the model: it is in FAULT");
}

#[test]
fn unicast_instances_of_one_vrid_are_routers_of_their_own_if_peers_or_sources_differ() {
    let block = |name: &str, source: &str, peers: &str, address: &str| {
        format!(
            "vrrp_instance {name} {{\ninterface eth0\nvirtual_router_id 7\nunicast_src_ip {source}\nunicast_peer {{\n{peers}\n}}\nvirtual_ipaddress {{\n{address}\n}}\n}}\n"
        )
    };
    let several = block("A", "10.0.0.1", "10.0.0.2\n10.0.0.3", "192.0.2.1")
        + &block("B", "10.0.0.1", "10.0.0.2", "192.0.2.2")
        + &block("C", "10.0.0.9", "10.0.0.2", "192.0.2.3");
    assert!(!has(&load_str(&several), "duplicate-router"));
    let again = several + &block("D", "10.0.0.1", "10.0.0.3\n10.0.0.2", "192.0.2.4");
    assert!(has(&load_str(&again), "duplicate-router"), "in whatever order the peers are written");
}

#[test]
fn an_address_that_two_instances_hold_is_pointed_out() {
    let block = |name: &str, vrid: u8| {
        format!(
            "vrrp_instance {name} {{\ninterface eth0\nvirtual_router_id {vrid}\nvirtual_ipaddress {{\n192.0.2.1\n}}\n}}\n"
        )
    };
    let loaded = load_str(&(block("A", 1) + &block("B", 2)));
    assert!(has(&loaded, "shared-address"));
    assert_eq!((loaded.config.instances.len(), exit_code(&loaded.diagnostics)), (2, 0));
}

#[test]
fn surplus_addresses_are_held_without_being_advertised() {
    let mut lines = String::new();
    for last in 0..=255 {
        let _ = writeln!(lines, "198.51.100.{last}");
    }
    let loaded = load_str(&format!(
        "vrrp_instance A {{\ninterface eth0\nvirtual_router_id 7\nvirtual_ipaddress {{\n{lines}}}\n}}\n"
    ));
    assert_eq!((only(&loaded).addresses.len(), only(&loaded).excluded_addresses.len()), (255, 1));
    assert!(has(&loaded, "too-many-addresses"));
}

#[test]
fn more_ipv6_addresses_than_a_packet_takes_are_held_and_reported_as_left_out() {
    let with = |count: u32| {
        let lines = (1..=count).map(|n| format!("fe80::{n:x}")).collect::<Vec<_>>().join("\n");
        load_str(&format!(
            "vrrp_instance A {{\ninterface eth0\nvirtual_router_id 7\nvirtual_ipaddress {{\n{lines}\n}}\n}}\n"
        ))
    };
    assert!(!has(&with(89), "too-many-addresses"));
    let loaded = with(90);
    assert!(has(&loaded, "too-many-addresses"));
    assert_eq!((only(&loaded).addresses.len(), only(&loaded).excluded_addresses.len()), (89, 1));
}

#[test]
fn text_behind_the_address_of_a_peer_is_dropped() {
    let loaded = instance("unicast_src_ip 192.0.2.2/24\nunicast_peer {\n192.0.2.3/24\n192.0.2.4\n}");
    assert_eq!(exit_code(&loaded.diagnostics), 0);
    assert!(has(&loaded, "prefix-ignored"));
    let instance = only(&loaded);
    assert_eq!(instance.source, Some("192.0.2.2".parse().unwrap()));
    let peers: Vec<_> = instance.unicast_peers.iter().map(|peer| peer.address.to_string()).collect();
    assert_eq!(peers, ["192.0.2.3", "192.0.2.4"]);
}

#[test]
fn an_address_listed_twice_is_advertised_twice_as_keepalived_does() {
    let loaded = load_str(
        "vrrp_instance V {\ninterface eth0\nvirtual_router_id 1\nvirtual_ipaddress {\n192.0.2.1/24\n192.0.2.1/24\n192.0.2.1\n}\n\
         virtual_ipaddress_excluded {\n192.0.2.1/24\n}\n}\n",
    );
    let listed: Vec<_> = only(&loaded).addresses.iter().map(|address| address.network.to_string()).collect();
    assert_eq!(listed, ["192.0.2.1/24", "192.0.2.1/24", "192.0.2.1/32"]);
    assert_eq!(only(&loaded).excluded_addresses.len(), 1);
    assert!(has(&loaded, "duplicate-address"));
    assert_eq!(exit_code(&loaded.diagnostics), 0);
}

#[test]
fn the_loopback_interface_is_refused() {
    let loaded = load_str(
        "vrrp_instance V {\ninterface lo\nvirtual_router_id 1\nvirtual_ipaddress {\n192.0.2.1\n}\n}\n",
    );
    assert!(has(&loaded, "loopback"));
    assert_eq!(loaded.usable.map_err(|why| why.exit_status()), Err(2));
}

#[test]
fn the_number_before_what_does_not_belong_in_a_prefix_length_counts() {
    let of = |length: &str| {
        let text = format!(
            "vrrp_instance V {{\ninterface eth0\nvirtual_router_id 1\nvirtual_ipaddress {{\n192.0.2.1/{length}\n}}\n}}\n"
        );
        let loaded = load_str(&text);
        assert!(has(&loaded, "bad-prefix-length"), "{length}");
        only(&loaded).addresses[0].network.prefix()
    };
    assert_eq!((of("24x"), of("24/24"), of("33"), of("x"), of("")), (24, 24, 32, 32, 32));
}

#[test]
fn a_router_that_is_its_own_peer_is_pointed_out() {
    let of = |source: &str| {
        let loaded = instance(&format!("unicast_src_ip {source}\nunicast_peer {{\n192.0.2.2\n192.0.2.3\n}}"));
        (has(&loaded, "own-peer"), exit_code(&loaded.diagnostics))
    };
    assert_eq!((of("192.0.2.2"), of("192.0.2.9")), ((true, 0), (false, 0)));
}

#[test]
fn a_delay_of_an_interface_longer_than_the_wait_of_peers_is_reported() {
    let warned = |delay: &str, line: &str| {
        let loaded = load_str(&format!(
            "interface_up_down_delays {{\neth0 {delay}\n}}\nvrrp_instance A {{\ninterface eth0\nvirtual_router_id 7\n\
             {line}\nvirtual_ipaddress {{\n192.0.2.10/24\n}}\n}}\n"
        ));
        (has(&loaded, "interface-delay"), exit_code(&loaded.diagnostics))
    };
    // Three adverts and the skew of priority 100.
    assert_eq!(warned("3.6", ""), (false, 0));
    assert_eq!(warned("3.7", ""), (true, 0));
    assert_eq!(warned("3.7", "advert_int 2"), (false, 0));
    assert_eq!(warned("3.7", "dont_track_primary"), (false, 0));
}
