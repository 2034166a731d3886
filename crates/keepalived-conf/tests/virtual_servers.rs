//! Meanings of virtual servers: inheritance, defaults, what is refused.

use std::net::SocketAddr;
use std::time::Duration;

use keepalived_conf::model::fifo::Lines;
use keepalived_conf::model::lvs::{
    Checker, CheckerKind, FlushOnStop, Forwarding, HttpCheck, HttpMethod, HttpVersion, LvsProtocol,
    LvsService, RealServer, Reconcile, TunnelChecksum, TunnelKind, Url, VirtualServer,
};
use keepalived_conf::model::mail::MailTls;
use keepalived_conf::model::{InitFile, Run, User};
use keepalived_conf::{Class, Loaded, Severity, exit_code, load_str, render_all, render_line};

const SERVICE: &str = "lb_algo rr\nlb_kind NAT\nprotocol TCP\n";

/// A virtual server on an address with these lines and one real server with those.
fn server(lines: &str, real: &str) -> Loaded {
    load_str(&format!(
        "virtual_server 192.0.2.1 80 {{\n{SERVICE}{lines}\nreal_server 192.0.2.11 80 {{\n{real}\n}}\n}}\n"
    ))
}

/// A virtual server behind this key with these lines and real servers.
fn keyed(key: &str, lines: &str, real_servers: &[&str]) -> String {
    let real_servers = real_servers.join(" {\n}\nreal_server ");
    let real_servers =
        if real_servers.is_empty() { real_servers } else { format!("real_server {real_servers} {{\n}}\n") };
    format!("virtual_server {key} {{\n{lines}\n{real_servers}}}\n")
}

fn only(loaded: &Loaded) -> &VirtualServer {
    assert_eq!(loaded.config.virtual_servers.len(), 1, "{:?}", loaded.diagnostics);
    &loaded.config.virtual_servers[0]
}

fn real(loaded: &Loaded) -> &RealServer {
    let servers = &only(loaded).real_servers;
    assert_eq!(servers.len(), 1, "{:?}", loaded.diagnostics);
    &servers[0]
}

fn checker(loaded: &Loaded) -> &Checker {
    let checkers = &real(loaded).checkers;
    assert_eq!(checkers.len(), 1, "{:?}", loaded.diagnostics);
    &checkers[0]
}

fn has(loaded: &Loaded, code: &str) -> bool {
    loaded.diagnostics.has_code(code)
}

/// The checker of a real server with this block.
fn check(block: &str) -> Loaded {
    server("", block)
}

fn http(loaded: &Loaded) -> &HttpCheck {
    let http = match &checker(loaded).kind {
        CheckerKind::Http(_, http) => Some(http),
        _ => None,
    };
    http.expect("an HTTP check")
}

fn url(loaded: &Loaded) -> &Url {
    &http(loaded).urls[0]
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn address(text: &str) -> SocketAddr {
    text.parse().expect("an address")
}

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
fn the_nearest_block_decides_about_timing() {
    let lines = "delay_loop 21\nretry 7\ndelay_before_retry 9\nwarmup 4\nconnect_timeout 3\nalpha";
    let inherited = server(lines, "TCP_CHECK {\n}");
    let tcp = checker(&inherited);
    assert_eq!((tcp.delay_loop, tcp.retry), (seconds(21), 7));
    assert_eq!((tcp.delay_before_retry, tcp.warmup, tcp.alpha), (seconds(9), seconds(4), true));
    let own = "delay_loop 5\nretry 2\nalpha off\nTCP_CHECK {\nretry 0\ndelay_before_retry 0.5\n}";
    let tcp = server(lines, own);
    let tcp = checker(&tcp);
    assert_eq!((tcp.delay_loop, tcp.retry), (seconds(5), 0));
    assert_eq!((tcp.delay_before_retry, tcp.alpha), (Duration::from_millis(500), false));
}

#[test]
fn good_results_that_bring_a_checker_up_are_counted_where_there_are_attempts() {
    let rises = |lines: &str, block: &str| checker(&server(lines, block)).rise;
    assert_eq!(rises("", "TCP_CHECK {\n}"), 1);
    assert_eq!(rises("rise 3", "TCP_CHECK {\n}"), 3);
    assert_eq!(rises("rise 3", "rise 4\nPING_CHECK {\n}"), 4);
    assert_eq!(rises("rise 3", "rise 4\nMISC_CHECK {\nmisc_path /bin/true\nrise 2\n}"), 2);
    assert_eq!(rises("rise 3", "SMTP_CHECK {\nrise 5\nhost {\nconnect_port 25\n}\n}"), 5);
    assert_eq!(rises("rise 3", "AGENT_CHECK {\n}"), 1, "an agent's answer counts at once");
    let zero = server("rise 0", "TCP_CHECK {\n}");
    assert_eq!(checker(&zero).rise, 1);
    assert!(has(&zero, "bad-value"), "{:?}", zero.diagnostics);
}

#[test]
fn a_request_may_have_a_method_and_content() {
    let url = |lines: &str| {
        let loaded = server("", &format!("HTTP_GET {{\nurl {{\npath /\n{lines}\n}}\n}}"));
        let CheckerKind::Http(_, http) = &checker(&loaded).kind else { panic!() };
        let url = &http.urls[0];
        (url.method, url.request_body.clone(), has(&loaded, "no-body"))
    };
    assert_eq!(url(""), (HttpMethod::Get, None, false));
    assert_eq!(url("method OPTIONS"), (HttpMethod::Options, None, false));
    assert_eq!(url("request_body \"a b\\n\""), (HttpMethod::Post, Some("a b\n".to_owned()), false));
    assert_eq!(url("request_body a\nmethod PUT"), (HttpMethod::Put, Some("a".to_owned()), false));
    assert_eq!(url("method HEAD\nbody ok"), (HttpMethod::Head, None, true));
    assert!(!url("method HEAD").2);
    let wrong = server("", "HTTP_GET {\nurl {\npath /\nmethod FETCH\n}\n}");
    assert!(!wrong.diagnostics.is_empty());
}

#[test]
fn a_connection_may_begin_with_the_header_of_a_proxy() {
    let version = |block: &str| match &checker(&server("", block)).kind {
        CheckerKind::Tcp(connection) | CheckerKind::Smtp(connection, _) => connection.proxy_protocol,
        other => panic!("{other:?}"),
    };
    assert_eq!(version("TCP_CHECK {\n}"), None);
    assert_eq!(version("TCP_CHECK {\nproxy_protocol 2\n}"), Some(2));
    assert_eq!(version("TCP_CHECK {\nproxy_protocol 3\n}"), None);
    assert_eq!(version("SMTP_CHECK {\nproxy_protocol 1\nhost {\nconnect_port 25\n}\n}"), Some(1));
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
fn each_kind_of_checker_retries_as_in_keepalived() {
    let retries = |block: &str| {
        let loaded = server("delay_loop 20", block);
        let checker = checker(&loaded);
        (checker.retry, checker.delay_before_retry)
    };
    assert_eq!(retries("HTTP_GET {\nurl {\npath /\n}\n}"), (1, seconds(3)));
    assert_eq!(retries("DNS_CHECK {\n}"), (3, seconds(20)));
    assert_eq!(retries("MISC_CHECK {\nmisc_path /bin/true\n}"), (0, seconds(1)));
    assert_eq!(retries("PING_CHECK {\n}"), (1, seconds(1)));
    assert_eq!(retries("HTTP_GET {\nnb_get_retry 4\nurl {\npath /\n}\n}").0, 4);
}

#[test]
fn an_unknown_word_in_a_checker_leaves_its_default() {
    let loaded = check("TCP_CHECK {\ntcp_port 8080\n}");
    let unknown = loaded.diagnostics.iter().next().expect("a finding");
    assert_eq!(unknown.help.as_deref(), Some("`tcp_port` never existed; `connect_port` is meant"));
    let CheckerKind::Tcp(connection) = &checker(&loaded).kind else { panic!() };
    assert_eq!(connection.address.port(), 80);
}

#[test]
fn a_source_address_is_of_the_family_it_speaks() {
    let bind = |lines: &str| {
        let loaded = check(&format!("TCP_CHECK {{\n{lines}\n}}"));
        let CheckerKind::Tcp(connection) = &checker(&loaded).kind else { panic!() };
        (connection.bind, has(&loaded, "family"))
    };
    assert_eq!(bind("bindto 192.0.2.5\nbind_port 9"), (Some(address("192.0.2.5:9")), false));
    assert_eq!(bind("bind_port 9"), (Some(address("0.0.0.0:9")), false));
    assert_eq!(bind("bindto ::1"), (None, true));
    assert_eq!(bind("connect_ip ::2\nbindto ::1"), (Some(address("[::1]:0")), false));
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
fn a_port_that_cannot_change_on_the_way_is_pointed_out_and_left_to_checks() {
    let loaded =
        load_str(&keyed("192.0.2.1 80", "lb_algo rr\nlb_kind DR\nprotocol TCP", &["192.0.2.11 8080"]));
    assert!(has(&loaded, "port"));
    assert_eq!(real(&loaded).address.port(), 8080);
    let mark = load_str(&keyed("fwmark 3", "lb_algo rr\nlb_kind DR", &["192.0.2.11 8080"]));
    assert!(has(&mark, "port"));
    assert!(!has(&server("", ""), "port"));
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
fn the_first_command_holds_and_bears_the_user_of_its_place() {
    let text = format!(
        "global_defs {{\nscript_user web\n}}\nvirtual_server 192.0.2.1 80 {{\n{SERVICE}\
         quorum_up \"/bin/up now\" root\nquorum_up /bin/other\nreal_server 192.0.2.11 80 {{\nnotify_down /bin/down\n}}\n}}\n"
    );
    let loaded = load_str(&text);
    let up = only(&loaded).quorum_up.as_ref().expect("a command");
    assert_eq!(up.run, Run::Exec(vec!["/bin/up".to_owned(), "now".to_owned()]));
    assert_eq!(up.user.as_ref().map(|user| &*user.user), Some("root"));
    let down = real(&loaded).notify_down.as_ref().expect("a command");
    assert_eq!(down.user, Some(User { user: "web".to_owned(), group: None }));
    assert!(has(&loaded, "repeated"));
    assert_eq!(exit_code(&loaded.diagnostics), 6);
}

#[test]
fn the_host_of_a_request_is_the_nearest_virtual_host_or_the_address() {
    let block = |checker: &str, url: &str| format!("HTTP_GET {{\n{checker}\nurl {{\npath /\n{url}\n}}\n}}");
    assert_eq!(url(&check(&block("", ""))).host, "192.0.2.11:80");
    assert_eq!(url(&check(&block("connect_ip ::1\nconnect_port 81", ""))).host, "[::1]:81");
    assert_eq!(url(&server("virtualhost a", &block("", ""))).host, "a");
    assert_eq!(url(&server("virtualhost a", &format!("virtualhost b\n{}", block("", "")))).host, "b");
    assert_eq!(url(&check(&block("virtualhost c", "virtualhost d"))).host, "d");
}

#[test]
fn a_server_name_is_sent_only_over_tls_and_only_when_asked_for() {
    let name = |kind: &str, lines: &str| {
        let loaded = server("virtualhost a.example", &format!("{kind} {{\n{lines}\nurl {{\npath /\n}}\n}}"));
        url(&loaded).server_name.clone()
    };
    assert_eq!(name("SSL_GET", "enable_sni").as_deref(), Some("a.example"));
    assert_eq!(name("SSL_GET", "sni_name b.example").as_deref(), Some("b.example"));
    assert_eq!(name("SSL_GET", ""), None);
    assert_eq!(name("HTTP_GET", "enable_sni"), None);
}

#[test]
fn a_url_has_the_conditions_for_a_good_answer() {
    let loaded = check(
        "HTTP_GET {\nurl {\npath /\nstatus_code 200 300-302\nstatus_code 404\n\
         digest 9B3A0C85A887A256D6939DA88AABD8CD\nregex \"a\\.b|'c'\"\nregex_options caseless dotal\nregex_min_offset 3\n}\n}",
    );
    let url = url(&loaded);
    assert_eq!(url.status, [(200, 200), (300, 302), (404, 404)]);
    assert_eq!(url.digest.map(|digest| digest[..3].to_vec()), Some(vec![0x9b, 0x3a, 0x0c]));
    let regex = url.regex.as_ref().expect("a pattern");
    assert_eq!((&*regex.pattern, regex.min_offset, regex.max_offset), ("a\\.b|'c'", 3, None));
    assert_eq!(regex.options, ["caseless"]);
    let option =
        loaded.diagnostics.iter().find(|finding| finding.code == "unknown-option").expect("a finding");
    assert_eq!(option.help.as_deref(), Some("did you mean `dotall`?"));
    assert_eq!(http(&check("HTTP_GET {\nurl {\npath /\n}\n}")).urls[0].status, [(200, 299)]);
}

#[test]
fn a_bad_criterion_is_refused() {
    for line in [
        "status_code 99",
        "status_code 300-200",
        "status_code 200,201",
        "status_code 200-600",
        "digest 9b3a",
        "digest zz3a0c85a887a256d6939da88aabd8cd",
    ] {
        let loaded = check(&format!("HTTP_GET {{\nurl {{\npath /\n{line}\n}}\n}}"));
        assert!(has(&loaded, "bad-value"), "{line}");
        assert_eq!((&*url(&loaded).status, url(&loaded).digest), (&[(200, 299)][..], None), "{line}");
    }
}

#[test]
fn a_check_with_nothing_to_ask_is_left_out() {
    for block in [
        "HTTP_GET {\n}",
        "SSL_GET {\nurl {\nstatus_code 200\n}\n}",
        "MISC_CHECK {\nmisc_timeout 3\n}",
        "FILE_CHECK {\nweight 3\n}",
        "BFD_CHECK {\nname B\n}",
    ] {
        let loaded = check(block);
        assert!(real(&loaded).checkers.is_empty(), "{block}");
        assert_eq!(exit_code(&loaded.diagnostics), 5, "{block}");
    }
}

#[test]
fn each_host_of_the_old_smtp_form_is_a_check_of_its_own() {
    let loaded = check(
        "SMTP_CHECK {\nretry 2\nhost {\nconnect_port 26\n}\nhost {\nconnect_ip 192.0.2.12\n}\nhelo_name lb\n}",
    );
    let peers: Vec<_> = real(&loaded)
        .checkers
        .iter()
        .map(|checker| match &checker.kind {
            CheckerKind::Smtp(connection, helo) => (connection.address, &**helo, checker.retry),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(peers, [(address("192.0.2.11:26"), "lb", 2), (address("192.0.2.12:80"), "lb", 2)]);
    let plain = check("SMTP_CHECK {\n}");
    let CheckerKind::Smtp(_, helo) = &checker(&plain).kind else { panic!() };
    assert_eq!(helo, "smtpchecker.keepalived.org");
}

#[test]
fn answers_of_dns_may_be_compared() {
    let answers = |lines: &str| {
        let loaded = check(&format!("DNS_CHECK {{\n{lines}\n}}"));
        let CheckerKind::Dns { answers, .. } = &checker(&loaded).kind else { panic!() };
        let found = answers.as_ref().map(|wanted| {
            let addresses: Vec<_> = wanted.addresses.iter().map(ToString::to_string).collect();
            (addresses.join(" "), wanted.least, wanted.authentic)
        });
        (found, exit_code(&loaded.diagnostics))
    };
    assert_eq!(answers("type A"), (None, 0));
    assert_eq!(answers("min_answers 2\nrequire_ad"), (Some((String::new(), 2, true)), 0));
    let two = "answer 192.0.2.1 192.0.2.2\nanswer 192.0.2.3\ntype A";
    assert_eq!(answers(two), (Some(("192.0.2.1 192.0.2.2 192.0.2.3".to_owned(), 0, false)), 0));
    assert_eq!(answers("type AAAA\nanswer 2001:db8::1"), (Some(("2001:db8::1".to_owned(), 0, false)), 0));
    for wrong in ["answer 192.0.2.1", "type A\nanswer 2001:db8::1", "type A\nanswer www", "type A\nanswer"] {
        let (found, code) = answers(wrong);
        assert!(found.is_none() && code != 0, "{wrong}: {found:?} {code}");
    }
}

#[test]
fn datagrams_are_written_in_hexadecimal() {
    let udp = |lines: &str| {
        let loaded = check(&format!("UDP_CHECK {{\n{lines}\n}}"));
        let CheckerKind::Udp(_, udp) = &checker(&loaded).kind else { panic!() };
        ((**udp).clone(), exit_code(&loaded.diagnostics))
    };
    let (plain, code) = udp("");
    assert_eq!(
        (&*plain.payload, plain.reply, plain.max_length, code),
        (&b"keepalived check - keepalived ch"[..], None, 255, 0)
    );
    let (written, code) = udp("payload 1 2 3 45\nrequire_reply 0x x1 7 Xx");
    assert_eq!((written.payload, code), (vec![1, 2, 3, 0x45], 0));
    assert_eq!(written.reply, Some(vec![(0, 0xf0), (1, 0x0f), (7, 0xff), (0, 0)]));
    assert_eq!(udp("payload 123").0.payload, [0x12, 3]);
    assert_eq!(udp("require_reply").0.reply, Some(vec![]));
    for wrong in ["payload 0g", "payload 0x", "require_reply 0g"] {
        assert_eq!(udp(wrong), (udp("").0, 5), "{wrong}");
    }
    assert_eq!(udp("require_reply\nmin_reply_length 9\nmax_reply_length 3").1, 5);
}

#[test]
fn names_and_types_of_dns_are_taken_in_any_case() {
    let loaded = check("DNS_CHECK {\ntype aaaa\nname Example.org\n}");
    let CheckerKind::Dns { query_type, name, .. } = &checker(&loaded).kind else { panic!() };
    assert_eq!((&**query_type, &**name), ("AAAA", "Example.org"));
    let long = check(&format!("DNS_CHECK {{\nname {}.org\n}}", "a".repeat(64)));
    let CheckerKind::Dns { query_type, name, .. } = &checker(&long).kind else { panic!() };
    assert_eq!((&**query_type, &**name), ("SOA", "."));
    assert_eq!(exit_code(&long.diagnostics), 0);
}

#[test]
fn a_script_of_a_check_has_a_number_a_limit_and_a_user() {
    let script = "MISC_CHECK {\nmisc_path \"/bin/check a\"\nuser nobody\nmisc_dynamic\n}\nMISC_CHECK {\nmisc_path /bin/b\nmisc_timeout 3\n}";
    let loaded = server("delay_loop 20", script);
    let kinds: Vec<_> = real(&loaded).checkers.iter().map(|checker| &checker.kind).collect();
    assert_eq!(*kinds[0], CheckerKind::Misc { script: 0, timeout: seconds(20), dynamic: true });
    assert_eq!(*kinds[1], CheckerKind::Misc { script: 1, timeout: seconds(3), dynamic: false });
    assert_eq!(loaded.config.checks[0].run, Run::Exec(vec!["/bin/check".to_owned(), "a".to_owned()]));
    assert_eq!(loaded.config.checks[0].user.as_ref().map(|user| &*user.user), Some("nobody"));
    assert_eq!((loaded.config.checks[1].user.as_ref(), exit_code(&loaded.diagnostics)), (None, 6));
}

#[test]
fn a_file_check_takes_the_weight_of_its_file_unless_it_has_one() {
    let file = "track_file F {\nfile /run/f\nweight 2 reverse\n}\n";
    let with = |line: &str| {
        let server = format!(
            "virtual_server 192.0.2.1 80 {{\n{SERVICE}real_server 192.0.2.11 80 {{\nFILE_CHECK {{\ntrack_file F\n{line}\n}}\n}}\n}}\n"
        );
        let loaded = load_str(&format!("{file}{server}"));
        let CheckerKind::File { path, weight, reverse } = &checker(&loaded).kind else { panic!() };
        assert_eq!(path.to_str(), Some("/run/f"));
        (*weight, *reverse)
    };
    assert_eq!((with(""), with("weight 5"), with("weight 5 noreverse")), ((2, true), (5, true), (5, false)));
    assert_eq!(
        (with("weight 300"), with("weight -70000")),
        ((300, true), (-70_000, true)),
        "weights of servers"
    );
    let below = format!(
        "virtual_server 192.0.2.1 80 {{\n{SERVICE}real_server 192.0.2.11 80 {{\nFILE_CHECK {{\ntrack_file F\n}}\n}}\n}}\n{file}"
    );
    assert!(has(&load_str(&below), "unknown-track-file"), "it must stand above");
}

#[test]
fn a_bfd_check_names_a_session_above_that_is_for_checkers() {
    let with = |session: &str, check: &str| {
        load_str(&format!(
            "bfd_instance B {{\nneighbor_ip 192.0.2.11\n{session}}}\nvirtual_server 192.0.2.1 80 {{\n{SERVICE}\
             real_server 192.0.2.11 80 {{\nBFD_CHECK {{\nname B\n{check}}}\n}}\n}}\n"
        ))
    };
    for (session, check, alpha) in [("", "", false), ("checker\n", "alpha\n", true)] {
        let loaded = with(session, check);
        assert_eq!(
            (&checker(&loaded).kind, checker(&loaded).alpha),
            (&CheckerKind::Bfd("B".to_owned()), alpha)
        );
        assert!(!has(&loaded, "not-acted-on"));
    }
    assert!(has(&with("vrrp\n", ""), "unknown-bfd"));
}

#[test]
fn the_nearest_word_decides_who_is_mailed() {
    let mails = |global: &str, server: &str, real: &str, instance: &str| {
        let loaded = load_str(&format!(
            "global_defs {{\n{global}\n}}\nvrrp_instance A {{\ninterface eth0\nvirtual_router_id 7\n{instance}\n\
             virtual_ipaddress {{\n192.0.2.1\n}}\n}}\nvirtual_server 192.0.2.1 80 {{\n{SERVICE}{server}\n\
             real_server 192.0.2.11 80 {{\n{real}\n}}\n}}\n"
        ));
        (loaded.config.instances[0].smtp_alert, only(&loaded).smtp_alert, crate::real(&loaded).smtp_alert)
    };
    assert_eq!(mails("", "", "", ""), (false, false, true));
    assert_eq!(mails("smtp_alert", "", "", ""), (true, true, true));
    assert_eq!(mails("smtp_alert\nsmtp_alert_checker off", "", "", ""), (true, false, false));
    assert_eq!(mails("smtp_alert_vrrp", "", "", ""), (true, false, true));
    assert_eq!(mails("smtp_alert off", "smtp_alert", "", "smtp_alert on"), (true, true, false));
    assert_eq!(
        mails("smtp_alert", "smtp_alert off", "smtp_alert off", "smtp_alert off"),
        (false, false, false)
    );
}

#[test]
fn mail_is_told_where_to_go() {
    let mail = |lines: &str| load_str(&format!("global_defs {{\n{lines}\n}}\n")).config.global.mail;
    let plain = mail(
        "notification_email {\na@example.com\nBob B <b@example.com>\na@example.com\n}\nsmtp_server mail.example.com",
    );
    assert_eq!(plain.recipients, ["a@example.com", "Bob B <b@example.com>"]);
    let server = plain.server.expect("a server");
    assert_eq!(
        (&*server.host, server.port, plain.timeout, plain.tls),
        ("mail.example.com", 25, seconds(30), MailTls::Off)
    );
    let port = |lines: &str| mail(lines).server.expect("a server").port;
    assert_eq!(port("smtp_server m 2525\nsmtp_tls on"), 2525);
    assert_eq!(port("smtp_server m\nsmtp_tls on"), 465);
    assert_eq!(port("smtp_server m\nsmtp_tls starttls"), 25);
    assert_eq!(mail("smtp_connect_timeout 0").timeout, seconds(1));
    assert_eq!(mail("smtp_server m 99999").server, None);
}

#[test]
fn the_sync_daemon_follows_an_instance_and_takes_its_number() {
    let daemon = |options: &str| {
        let loaded = load_str(&format!(
            "global_defs {{\nlvs_sync_daemon eth1 {options}\n}}\nvrrp_instance A {{\ninterface eth0\n\
             virtual_router_id 7\nvirtual_ipaddress {{\n192.0.2.1\n}}\n}}\n"
        ));
        let daemon = loaded.config.global.lvs.sync_daemon.clone().expect("a daemon");
        (daemon.instance, daemon.id, exit_code(&loaded.diagnostics))
    };
    assert_eq!(daemon(""), (None, 0, 0));
    assert_eq!(daemon("inst A"), (Some("A".to_owned()), 7, 0));
    assert_eq!(daemon("inst A id 3"), (Some("A".to_owned()), 3, 0));
    assert_eq!(daemon("A 3"), (Some("A".to_owned()), 3, 5));
    assert_eq!(daemon("inst NOPE id 2"), (None, 2, 0));
    assert_eq!(daemon("inst A id 300"), (Some("A".to_owned()), 7, 5));
}

#[test]
fn the_table_is_flushed_as_told() {
    let lvs = |lines: &str| load_str(&format!("global_defs {{\n{lines}\n}}\n")).config.global.lvs;
    assert_eq!(lvs("").flush_on_stop, FlushOnStop::Off);
    assert_eq!(lvs("lvs_flush_on_stop").flush_on_stop, FlushOnStop::Everything);
    assert_eq!(lvs("lvs_flush_onstop VS").flush_on_stop, FlushOnStop::VirtualServers);
    assert_eq!(lvs("lvs_timeouts tcp 10 udp 0").timeouts.udp, Some(0));
}

#[test]
fn a_foreign_weight_stays_for_its_time() {
    let reconcile = |line: &str| {
        let loaded = load_str(&format!("global_defs {{\n{line}\n}}\n"));
        (loaded.config.global.lvs.reconcile, exit_code(&loaded.diagnostics))
    };
    let restore = |seconds| Reconcile::Restore(Duration::from_secs(seconds));
    assert_eq!(reconcile(""), (restore(3600), 0));
    assert_eq!(reconcile("lvs_reconcile report"), (Reconcile::Report, 0));
    assert_eq!(reconcile("lvs_reconcile restore 30"), (restore(30), 0));
    assert_eq!(reconcile("lvs_reconcile at_once"), (restore(0), 0));
    for wrong in ["", "restore", "restore x", "restore 0", "never"] {
        let (taken, code) = reconcile(&format!("lvs_reconcile {wrong}"));
        assert!(taken == restore(3600) && code != 0, "{wrong}");
    }
}

#[test]
fn files_that_are_to_be_made_have_a_number_and_may_be_overwritten() {
    for (words, value, overwrite, findings) in [
        ("", 0, false, 0),
        ("5", 5, false, 0),
        ("-3 overwrite", -3, true, 0),
        ("overwrite 5", 5, true, 0),
        ("5 foo", 5, false, 1),
        ("99999999999", 0, false, 1),
        ("0x10", 0, false, 1),
    ] {
        let loaded = load_str(&format!("track_file a {{\nfile /run/load\ninit_file {words}\n}}\n"));
        let expected = InitFile { path: "/run/load".into(), value, overwrite };
        assert_eq!(loaded.config.init_files, [expected], "{words}");
        let found = loaded.diagnostics.iter().filter(|finding| finding.severity == Severity::Error).count();
        assert_eq!(found, findings, "{words}: {:?}", loaded.diagnostics);
    }
}

#[test]
fn a_fifo_and_its_script_may_stand_in_either_order() {
    let lines = "notify_fifo /run/all root\nlvs_notify_fifo_script /bin/r\nlvs_notify_fifo /run/lvs\n\
                 vrrp_notify_fifo /run/vrrp";
    let fifos = load_str(&format!("global_defs {{\n{lines}\n}}\n")).config.global.fifos;
    let found: Vec<_> = fifos.iter().map(|fifo| (fifo.path.to_str().unwrap(), fifo.lines)).collect();
    assert_eq!(found, [("/run/vrrp", Lines::Vrrp), ("/run/lvs", Lines::Lvs), ("/run/all", Lines::All)]);
    assert!(fifos[1].script.is_some() && fifos[2].owner.is_some());
}

#[test]
fn keywords_unknown_to_keepalived_act_too() {
    let loaded = server(
        "slow_start 30\ndrain_timeout 60",
        "SSL_GET {\ntls_verify\ntls_expiry_warning 14\ntls_version 1.3\nhttp_protocol 2\nheader \"X-Probe: lb1\"\n\
         basic_auth probe sesame\nurl {\npath /\nbody ready\n}\n}",
    );
    assert!(loaded.diagnostics.is_empty(), "{:?}", loaded.diagnostics);
    assert_eq!((only(&loaded).drain_timeout, real(&loaded).slow_start), (seconds(60), seconds(30)));
    let http = http(&loaded);
    assert_eq!((http.version, &http.headers[0].1), (HttpVersion::Http2, &"lb1".to_owned()));
    assert_eq!(http.basic_auth, Some(("probe".to_owned(), "sesame".to_owned())));
    assert_eq!(http.urls[0].body.as_deref(), Some("ready"));
    let tls = http.tls.as_ref().expect("TLS");
    assert_eq!((tls.versions, tls.expiry_warning), (Some((13, 13)), seconds(14 * 86_400)));
    assert_eq!(
        tls.verify.as_deref().and_then(|path| path.to_str()),
        Some("/etc/ssl/certs/ca-certificates.crt")
    );
}

#[test]
fn certificates_are_checked_only_when_asked_for() {
    let verify = |ssl: &str, lines: &str| {
        let server = format!(
            "virtual_server 192.0.2.1 80 {{\n{SERVICE}real_server 192.0.2.11 80 {{\nSSL_GET {{\n{lines}\nurl {{\npath /\n}}\n}}\n}}\n}}\n"
        );
        let loaded = load_str(&format!("{server}{ssl}"));
        http(&loaded).tls.clone().expect("TLS").verify.map(|path| path.to_string_lossy().into_owned())
    };
    let ssl = "SSL {\nca /ca.pem\n}\n";
    assert_eq!(verify(ssl, ""), None);
    assert_eq!(verify(ssl, "tls_verify").as_deref(), Some("/ca.pem"));
    assert_eq!(verify(ssl, "tls_ca_file /own.pem").as_deref(), Some("/own.pem"));
    assert_eq!(verify(ssl, "tls_ca_file /own.pem\ntls_verify off"), None);
}

#[test]
fn agents_and_grpc_servers_are_asked() {
    let agent = check("AGENT_CHECK {\nconnect_port 9\nsend \"a b\\n\"\n}");
    let CheckerKind::Agent(connection, send) = &checker(&agent).kind else { panic!() };
    assert_eq!((connection.address.port(), &**send), (9, "a b\n"));
    let grpc = server("virtualhost g.example", "GRPC_CHECK {\nservice shop.Cart\ntls_version 1.2\n}");
    let CheckerKind::Grpc(_, grpc) = &checker(&grpc).kind else { panic!() };
    assert_eq!((&*grpc.service, &*grpc.authority), ("shop.Cart", "g.example"));
    assert!(grpc.tls.is_some() && grpc.server_name.as_deref() == Some("g.example"));
    let plain = check("GRPC_CHECK {\n}");
    let CheckerKind::Grpc(_, plain) = &checker(&plain).kind else { panic!() };
    assert_eq!((&*plain.authority, &plain.tls, &plain.server_name), ("192.0.2.11:80", &None, &None));
}

#[test]
fn headers_that_would_break_a_request_are_refused() {
    for line in [
        "header foo",
        "header \": x\"",
        "header \"a b: x\"",
        "header \"Host: x\"",
        "header \"content-length: 3\"",
    ] {
        let loaded = check(&format!("HTTP_GET {{\n{line}\nurl {{\npath /\n}}\n}}"));
        assert!(has(&loaded, "bad-value") && http(&loaded).headers.is_empty(), "{line}");
    }
}

#[test]
fn secrets_are_never_shown() {
    let text = "global_defs {\nsmtp_auth lb1 s3same open\nsmtp_auth lb1 s3same\n}\nSSL {\npassword s3same extra\n}\n\
                virtual_server 192.0.2.1 80 {\nlb_algo rr\nlb_kind NAT\nprotocol TCP\nreal_server 192.0.2.11 80 {\nHTTP_GET {\n\
                basic_auth probe s3same\nbasic_auth probe s3same s3same\nheader \"Authorization: Bearer s3same\"\nheader s3same\n\
                url {\npath /\n}\n}\n}\n}\nvrrp_instance A {\nauthentication { auth_pass s3same s3same\n}\n}\n";
    let loaded = load_str(text);
    assert!(loaded.config.global.mail.auth.is_some() && http(&loaded).basic_auth.is_some());
    let mut shown = format!("{:?}{}", loaded.config, render_all(&loaded.diagnostics, &loaded.sources, false));
    shown.extend(loaded.diagnostics.iter().map(|finding| render_line(finding, &loaded.sources)));
    assert!(has(&loaded, "bad-value") && has(&loaded, "extra-argument"));
    assert!(!shown.contains("s3same"), "{shown}");
}

#[test]
fn a_configuration_of_virtual_servers_alone_is_usable() {
    let loaded = server("", "MISC_CHECK {\nmisc_path /bin/true\n}");
    assert_eq!(loaded.usable, Ok(()));
    assert!(loaded.config.instances.is_empty());
    assert!(loaded.diagnostics.has_class(Class::Security));
    let bare = load_str("virtual_server {\n}\n");
    assert_eq!(exit_code(&bare.diagnostics), 2);
    assert!(bare.usable.is_err());
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
