//! Checks of real servers.

use super::*;

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
