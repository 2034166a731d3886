//! Virtual servers, their keys, groups and real servers.

use super::*;

#[test]
fn a_virtual_server_has_keepaliveds_defaults() {
    let loaded = server("", "TCP_CHECK {\n}");
    assert!(loaded.diagnostics.is_empty(), "{:?}", loaded.diagnostics);
    let vs = only(&loaded);
    assert_eq!((&*vs.name, &*vs.scheduler), ("[192.0.2.1]:tcp:80", "rr"));
    assert_eq!(
        vs.services,
        [LvsService::Address { protocol: LvsProtocol::Tcp, address: address("192.0.2.1:80") }]
    );
    assert_eq!((vs.quorum, vs.hysteresis, vs.persistence_timeout), (1, 0, None));
    assert_eq!(vs.persistence_granularity, 32);
    assert!(!vs.alpha && !vs.omega && !vs.ha_suspend && !vs.smtp_alert && !vs.one_packet);
    let rs = real(&loaded);
    assert_eq!((rs.address, rs.weight, rs.forwarding), (address("192.0.2.11:80"), 1, Forwarding::Nat));
    assert!(rs.smtp_alert && !rs.inhibit_on_failure);
    let tcp = checker(&loaded);
    assert_eq!((tcp.delay_loop, tcp.warmup), (seconds(60), seconds(60)));
    assert_eq!((tcp.retry, tcp.delay_before_retry, tcp.alpha), (1, seconds(1), false));
    let CheckerKind::Tcp(connection) = &tcp.kind else { panic!("{:?}", tcp.kind) };
    assert_eq!((connection.address, connection.timeout), (address("192.0.2.11:80"), seconds(5)));
    assert_eq!((connection.bind, &connection.interface, connection.fwmark), (None, &None, 0));
}

#[test]
fn a_missing_keyword_is_an_error_and_has_a_default() {
    for (lines, code) in [
        ("lb_algo rr\nlb_kind NAT\n", "no-protocol"),
        ("lb_algo rr\nprotocol UDP\n", "no-method"),
        ("lb_kind NAT\nprotocol UDP\n", "no-scheduler"),
    ] {
        let loaded = load_str(&keyed("192.0.2.1 80", lines, &["192.0.2.11 80"]));
        assert!(has(&loaded, code), "{code}: {:?}", loaded.diagnostics);
        assert_eq!(exit_code(&loaded.diagnostics), 5);
        assert_eq!(loaded.usable, Ok(()));
        let vs = only(&loaded);
        assert_eq!(vs.name, "[192.0.2.1]:udp:80");
        assert_eq!(vs.scheduler, if code == "no-scheduler" { "wlc" } else { "rr" });
        assert_eq!(vs.real_servers[0].forwarding, Forwarding::Nat);
    }
}

#[test]
fn below_a_share_of_good_servers_all_may_be_used() {
    for (lines, share) in [("", 0), ("panic_threshold 50", 50), ("panic_threshold 101", 0)] {
        assert_eq!(only(&server(lines, "TCP_CHECK {\n}")).panic_threshold, share, "{lines}");
    }
}

#[test]
fn defaults_below_a_real_server_hold_for_it_too() {
    let text = format!(
        "virtual_server 192.0.2.1 80 {{\n{SERVICE}real_server 192.0.2.11 80 {{\nTCP_CHECK {{\n}}\n}}\n\
         weight 3\nretry 8\ninhibit_on_failure\n}}\n"
    );
    let loaded = load_str(&text);
    assert_eq!((real(&loaded).weight, checker(&loaded).retry), (3, 8));
    assert!(real(&loaded).inhibit_on_failure);
}

#[test]
fn a_server_without_port_takes_that_of_its_virtual_server() {
    let loaded = load_str(&keyed("192.0.2.1 80", SERVICE, &["192.0.2.11"]));
    assert_eq!(real(&loaded).address, address("192.0.2.11:80"));
    assert_eq!(exit_code(&loaded.diagnostics), 0);
    let any = "persistence_timeout 60";
    let loaded = load_str(&keyed("192.0.2.1", &format!("{SERVICE}{any}"), &["192.0.2.11"]));
    assert_eq!(real(&loaded).address.port(), 0);
    assert!(loaded.diagnostics.is_empty(), "{:?}", loaded.diagnostics);
}

#[test]
fn a_service_of_every_port_is_persistent() {
    let loaded = load_str(&keyed("192.0.2.1", SERVICE, &["192.0.2.11"]));
    assert_eq!(only(&loaded).persistence_timeout, Some(360));
    assert!(has(&loaded, "port-0"));
    assert_eq!(exit_code(&loaded.diagnostics), 5);
}

#[test]
fn a_mark_has_the_family_of_its_real_servers_unless_told() {
    let method = "lb_algo rr\nlb_kind NAT";
    let loaded = load_str(&keyed("fwmark 9", method, &["2001:db8::11 80", "192.0.2.11 80"]));
    let vs = only(&loaded);
    assert_eq!((&*vs.name, vs.services[0]), ("FWM 9", LvsService::Fwmark { mark: 9, ipv6: true }));
    assert_eq!(vs.real_server_name(&vs.real_servers[0]), "[2001:db8::11]:none:80");
    assert!(has(&loaded, "family"));
    let told = load_str(&keyed("fwmark 9", &format!("{method}\nip_family inet6"), &["192.0.2.11 80"]));
    assert!(told.config.virtual_servers.is_empty());
    let named = load_str(&keyed("fwmark 9", SERVICE, &["192.0.2.11 80"]));
    assert!(has(&named, "protocol-of-mark"));
}

#[test]
fn keys_that_name_nothing_leave_the_virtual_server_out() {
    for key in [
        "192.0.2.999 80",
        "192.0.2.1 http",
        "192.0.2.1 70000",
        "fwmark 0",
        "fwmark x",
        "fwmark",
        "group",
        "group G",
    ] {
        let loaded = load_str(&keyed(key, SERVICE, &["192.0.2.11 80"]));
        assert!(loaded.config.virtual_servers.is_empty() && loaded.diagnostics.has_errors(), "{key}");
        // keepalived says nothing of an unknown group.
        assert_eq!(exit_code(&loaded.diagnostics), if key == "group G" { 0 } else { 5 }, "{key}");
        assert_eq!(loaded.usable, Ok(()), "{key}");
    }
}

#[test]
fn a_group_may_stand_below_and_holds_ranges_and_marks() {
    let group = "virtual_server_group G {\n192.0.2.1 80\n192.0.2.7-8 80\n192.0.2.1 80\nfwmark 4\n}\n";
    let text = keyed("group G", SERVICE, &["192.0.2.11 80"]) + group;
    let loaded = load_str(&text);
    let vs = only(&loaded);
    let tcp = |text| LvsService::Address { protocol: LvsProtocol::Tcp, address: address(text) };
    assert_eq!(
        vs.services,
        [
            tcp("192.0.2.1:80"),
            tcp("192.0.2.7:80"),
            tcp("192.0.2.8:80"),
            LvsService::Fwmark { mark: 4, ipv6: false }
        ]
    );
    assert_eq!(vs.name, "[G]:0");
    assert_eq!(vs.real_server_name(&vs.real_servers[0]), "[192.0.2.11]:tcp:80");
}

#[test]
fn a_group_stays_within_its_bound() {
    let group = |members: &str| {
        let text = format!("virtual_server_group G {{\n{members}\n}}\n");
        load_str(&(text + &keyed("group G", SERVICE, &["192.0.2.11 80"])))
    };
    assert_eq!(only(&group("10.1.0.0/16 80")).services.len(), 65_536);
    for huge in ["10.0.0.0/8 80", "::/0 80", "10.1.0.0/16 80\n10.2.0.0/16 80\n10.3.0.0/16 80"] {
        let loaded = group(huge);
        assert!(has(&loaded, "group-size"), "{huge}");
        assert!(loaded.config.virtual_servers.iter().all(|server| server.services.len() <= 65_536));
    }
}

#[test]
fn a_real_server_that_is_a_director_is_pointed_out_where_it_may_loop() {
    let instance = "vrrp_instance A {\ninterface eth0\nvirtual_router_id 7\nunicast_src_ip 192.0.2.2\nunicast_peer {\n\
                    192.0.2.3\n}\nvirtual_ipaddress {\n192.0.2.1\n}\n}\n";
    let method = |kind: &str, real: &str| {
        let lines = format!("lb_algo rr\nlb_kind {kind}\nprotocol TCP");
        has(&load_str(&format!("{instance}{}", keyed("192.0.2.1 80", &lines, &[real]))), "director-loop")
    };
    assert!(method("DR", "192.0.2.2 80") && method("DR", "192.0.2.3 80"));
    assert!(!method("DR", "192.0.2.4 80") && !method("NAT", "192.0.2.3 80"));
}

#[test]
fn a_virtual_server_needs_a_real_one() {
    for lines in ["", "sorry_server 192.0.2.9 80\n"] {
        let loaded = load_str(&keyed("192.0.2.1 80", &format!("{SERVICE}{lines}"), &[]));
        assert!(loaded.config.virtual_servers.is_empty() && has(&loaded, "no-real-server"));
    }
    let other_family = load_str(&keyed("192.0.2.1 80", SERVICE, &["2001:db8::1 80"]));
    assert!(other_family.config.virtual_servers.is_empty());
    let tunnel =
        load_str(&keyed("192.0.2.1 80", "lb_algo rr\nlb_kind TUN\nprotocol TCP", &["2001:db8::1 80"]));
    assert_eq!(real(&tunnel).address.port(), 80);
    assert_eq!(exit_code(&tunnel.diagnostics), 0);
}

#[test]
fn the_first_of_two_equal_ones_holds() {
    let one = keyed("192.0.2.1 80", SERVICE, &["192.0.2.11 80", "192.0.2.11 80", "192.0.2.11 81"]);
    let loaded = load_str(&format!("{one}{}", keyed("192.0.2.1 80", SERVICE, &["192.0.2.12 80"])));
    assert!(has(&loaded, "duplicate-server") && has(&loaded, "duplicate-real-server"));
    let ports: Vec<_> = only(&loaded).real_servers.iter().map(|real| real.address.port()).collect();
    assert_eq!(ports, [80, 81]);
}

#[test]
fn a_quorum_is_limited_to_the_weight_that_the_servers_can_reach() {
    let quorum = |lines: &str, real: &str| {
        let loaded = server(lines, real);
        (only(&loaded).quorum, only(&loaded).hysteresis, exit_code(&loaded.diagnostics))
    };
    assert_eq!(quorum("quorum 5", ""), (1, 0, 5));
    assert_eq!(quorum("quorum 4\nhysteresis 9", "weight 10"), (4, 3, 5));
    assert_eq!(quorum("quorum 8\nhysteresis 5", "weight 10"), (8, 5, 0));
    assert_eq!(quorum("hysteresis 1", ""), (1, 0, 5));
    assert_eq!(quorum("", "weight 0"), (1, 0, 5));
}

#[test]
fn only_udp_is_scheduled_packet_by_packet() {
    assert!(!only(&server("ops", "")).one_packet && has(&server("ops", ""), "ops"));
    let udp = keyed("192.0.2.1 53", "ops\nlb_algo rr\nlb_kind NAT\nprotocol udp", &["192.0.2.11 53"]);
    assert!(only(&load_str(&udp)).one_packet);
}

#[test]
fn clients_are_grouped_by_a_mask_that_the_family_allows() {
    let length = |key: &str, real: &str, value: &str| {
        let lines = format!("{SERVICE}persistence_timeout\npersistence_granularity {value}");
        let loaded = load_str(&keyed(key, &lines, &[real]));
        assert_eq!(only(&loaded).persistence_timeout, Some(360));
        (only(&loaded).persistence_granularity, exit_code(&loaded.diagnostics))
    };
    let (v4, v6) = (("192.0.2.1 80", "192.0.2.11 80"), ("2001:db8::1 80", "2001:db8::2 80"));
    assert_eq!(length(v4.0, v4.1, "255.255.255.0"), (24, 0));
    assert_eq!(length(v4.0, v4.1, "0.0.0.0"), (0, 0));
    assert_eq!(length(v4.0, v4.1, "128.0.0.0"), (1, 0));
    assert_eq!(length(v4.0, v4.1, "255.255.255.255"), (32, 0));
    assert_eq!(length(v4.0, v4.1, "255.0.255.0"), (8, 0));
    assert_eq!(length(v6.0, v6.1, "64"), (64, 0));
    assert_eq!(length(v6.0, v6.1, "255.255.255.0"), (128, 5));
}

#[test]
fn every_netmask_that_keepalived_takes_is_taken() {
    let mask = |value: &str| {
        let lines = format!("{SERVICE}persistence_granularity {value}");
        let loaded = load_str(&keyed("192.0.2.1 80", &lines, &["192.0.2.11 80"]));
        let server = only(&loaded);
        (server.persistence_granularity, server.persistence_mask.map(|mask| mask.to_string()))
    };
    let other = |text: &str, length: u8| (length, Some(text.to_owned()));
    // keepalived 2.2.7 puts each of these into the kernel.
    assert_eq!(mask("255.0.255.0"), other("255.0.255.0", 8));
    assert_eq!(mask("0.0.0.24"), other("0.0.0.24", 0));
    assert_eq!(mask("255.255"), other("255.0.0.255", 8));
    assert_eq!(mask("010.0.0.0"), other("8.0.0.0", 0));
    for (text, length) in
        [("0", 0), ("0xffffff00", 24), ("4294967040", 24), ("255.255.255.000", 24), ("0.0.0.0", 0)]
    {
        assert_eq!(mask(text), (length, None), "{text}");
    }
    // And none of these.
    for text in ["-1", "/24", "256.0.0.0", "1.2.3.4.5", "255.255.255.256", "0x100000000", "x", "255..0"] {
        assert_eq!(mask(text), (32, None), "{text}");
    }
}

#[test]
fn tunnels_are_of_three_kinds() {
    let tunnel = |options: &str| {
        let lines = format!("lb_algo rr\nlb_kind TUN {options}\nprotocol TCP");
        let loaded = load_str(&keyed("192.0.2.1 80", &lines, &["192.0.2.11 80"]));
        (real(&loaded).forwarding, exit_code(&loaded.diagnostics))
    };
    let is = |kind, checksum| Forwarding::Tunnel { kind, checksum };
    let plain = is(TunnelKind::Ipip, TunnelChecksum::None);
    assert_eq!(tunnel(""), (plain, 0));
    assert_eq!(tunnel("type gue port 6080 remcsum"), (is(TunnelKind::Gue(6080), TunnelChecksum::Remote), 0));
    assert_eq!(tunnel("type gre csum"), (is(TunnelKind::Gre, TunnelChecksum::Checksum), 0));
    for wrong in ["type gue", "type gre remcsum", "type ipip csum", "type foo", "type gre port 7"] {
        assert_eq!(tunnel(wrong), (plain, 5), "{wrong}");
    }
}

#[test]
fn flags_of_a_scheduler_stand_behind_it() {
    let flags = |lines: &str| {
        let text = keyed("192.0.2.1 80", &format!("{lines}\nlb_kind NAT\nprotocol TCP"), &["192.0.2.11 80"]);
        let loaded = load_str(&text);
        (only(&loaded).scheduler_flags, exit_code(&loaded.diagnostics))
    };
    assert_eq!(flags("lb_algo sh\nsh-port"), ([false, true, false], 0));
    assert_eq!(flags("lb_algo mh\nmh-fallback\nflag-3"), ([true, false, true], 0));
    assert_eq!(flags("mh-port\nlb_algo mh"), ([false; 3], 5));
    assert_eq!(flags("lb_algo rr\nsh-port"), ([false; 3], 5));
}

#[test]
fn options_of_a_sorry_server_stand_behind_it() {
    let loaded = server("sorry_server 192.0.2.9\nsorry_server_inhibit\nsorry_server_lvs_method DR", "");
    let sorry = only(&loaded).sorry_server.as_ref().expect("a sorry server");
    assert_eq!((sorry.address, sorry.forwarding), (address("192.0.2.9:80"), Forwarding::DirectRoute));
    assert!(sorry.inhibit);
    let before = server("sorry_server_inhibit\nsorry_server 192.0.2.9 80", "");
    assert!(has(&before, "no-sorry-server") && !only(&before).sorry_server.as_ref().unwrap().inhibit);
    assert_eq!(only(&server("sorry_server 2001:db8::9 80", "")).sorry_server, None);
}

#[test]
fn a_threshold_the_kernel_refuses_is_left_out() {
    let loaded = check("uthreshold 5\nlthreshold 9");
    assert_eq!((real(&loaded).upper_threshold, real(&loaded).lower_threshold), (5, 0));
    assert!(has(&loaded, "thresholds"));
    assert_eq!(exit_code(&loaded.diagnostics), 0);
}

#[test]
fn suspending_needs_an_address() {
    assert!(only(&server("ha_suspend", "")).ha_suspend);
    let mark = load_str(&keyed("fwmark 3", "lb_algo rr\nlb_kind NAT\nha_suspend", &["192.0.2.11 80"]));
    assert!(!only(&mark).ha_suspend && has(&mark, "ha-suspend"));
}

#[test]
fn a_group_of_both_families_has_real_servers_of_both() {
    let with = |members: &str, real: &str| {
        let text = format!(
            "virtual_server_group G {{\n{members}}}\nvirtual_server group G {{\n{SERVICE}real_server {real} 80 {{\n}}\n}}\n"
        );
        let loaded = load_str(&text);
        (loaded.config.virtual_servers.len(), exit_code(&loaded.diagnostics))
    };
    let both = "192.0.2.1 80\n2001:db8::1 80\n";
    assert_eq!([with(both, "192.0.2.11"), with(both, "2001:db8::11")], [(1, 0), (1, 0)]);
    // keepalived asks the kernel, which refuses.
    assert_eq!(with("192.0.2.1 80\n", "2001:db8::11"), (0, 0));
}
