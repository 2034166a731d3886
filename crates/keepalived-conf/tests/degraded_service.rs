//! Keywords of vipd's own for a service that is short of servers, and of its checks.

#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use keepalived_conf::model::lvs::{CheckerKind, HttpCheck, TlsCheck, VirtualServer};

fn load(lines: &str, real: &str) -> (VirtualServer, Vec<String>) {
    let text = format!(
        "virtual_server 192.0.2.1 80 {{\nlb_algo rr\nlb_kind NAT\nprotocol TCP\n{lines}\n\
         real_server 10.0.0.1 80 {{\n{real}\n}}\n}}"
    );
    let loaded = keepalived_conf::load_str(&text);
    let findings = loaded.diagnostics.iter().map(|finding| format!("{}: {}", finding.code, finding.message));
    (loaded.config.virtual_servers[0].clone(), findings.collect())
}

fn http(real: &str) -> (HttpCheck, Vec<String>) {
    let (server, findings) = load("", real);
    let CheckerKind::Http(_, http) = &server.real_servers[0].checkers[0].kind else {
        panic!("an HTTP check")
    };
    ((**http).clone(), findings)
}

#[test]
fn everything_is_off_by_default() {
    let (server, findings) = load("sorry_server 10.0.0.9 80", "SSL_GET {\nurl {\npath /\n}\n}");
    assert_eq!(findings, [""; 0]);
    let real = &server.real_servers[0];
    assert_eq!((server.panic_hysteresis, real.backup), (0, false));
    assert_eq!(server.sorry_server.unwrap().checkers, []);
    let CheckerKind::Http(_, http) = &real.checkers[0].kind else { panic!("an HTTP check") };
    assert_eq!((http.urls[0].follow_redirects, http.tls.as_ref().unwrap().expiry_weight), (0, None));
}

#[test]
fn passive_detection_reports_and_takes_weight_where_that_is_asked_for() {
    let table: [(&str, Option<u8>, usize); 8] = [
        ("", None, 0),
        ("outlier_detection", Some(100), 0),
        ("outlier_detection off", None, 0),
        ("outlier_weight 20", Some(20), 0),
        ("outlier_weight 0\noutlier_detection on", Some(0), 0),
        ("outlier_weight 0\noutlier_detection off", None, 0),
        ("outlier_weight 101", None, 1),
        ("outlier_detection maybe", None, 1),
    ];
    for (lines, weight, findings) in table {
        let (server, found) = load(lines, "TCP_CHECK {\n}");
        assert_eq!((server.outlier_weight, found.len()), (weight, findings), "{lines}: {found:?}");
    }
}

#[test]
fn a_backup_server_and_a_margin_are_read() {
    let (server, findings) = load("panic_threshold 50\npanic_hysteresis 20", "backup");
    assert_eq!((server.panic_hysteresis, server.real_servers[0].backup, findings.len()), (20, true, 0));
    let (server, findings) = load("panic_hysteresis 101", "backup off");
    assert_eq!((server.panic_hysteresis, server.real_servers[0].backup, findings.len()), (0, false, 1));
}

#[test]
fn a_sorry_server_has_checkers_of_its_own_that_inherit_from_the_virtual_server() {
    let check = "sorry_server_check {\nTCP_CHECK {\n}\nHTTP_GET {\nurl {\npath /\n}\n}\n}";
    let (server, findings) = load(&format!("delay_loop 7\nsorry_server 10.0.0.9 81\n{check}"), "");
    assert_eq!(findings, [""; 0]);
    let sorry = server.sorry_server.unwrap();
    assert_eq!(sorry.checkers.len(), 2);
    let CheckerKind::Tcp(connection) = &sorry.checkers[0].kind else { panic!("a TCP check") };
    assert_eq!(connection.address, "10.0.0.9:81".parse().unwrap());
    assert_eq!(sorry.checkers[0].delay_loop, Duration::from_secs(7));
    let (server, findings) = load(check, "");
    assert_eq!(server.sorry_server, None);
    assert_eq!(
        findings,
        ["no-sorry-server: `sorry_server_check` is ignored: no `sorry_server` stands above"]
    );
}

#[test]
fn redirects_and_the_end_of_certificates_are_read() {
    let check =
        |kind: &str, lines: &str, url: &str| format!("{kind} {{\n{lines}\nurl {{\npath /\n{url}\n}}\n}}");
    for (line, count, findings) in [("follow_redirects 3", 3, 0), ("follow_redirects 21", 0, 1)] {
        let (http, found) = http(&check("HTTP_GET", "", line));
        assert_eq!((http.urls[0].follow_redirects, found.len()), (count, findings), "{line}");
    }
    let (_, found) = http(&check("HTTP_GET", "http_protocol 2", "follow_redirects 1"));
    assert!(found[0].starts_with("redirects-http2: "), "{found:?}");
    let day = Duration::from_secs(86_400);
    for (line, weight, findings) in [
        ("tls_expiry_weight 14 25", Some((14 * day, 25)), 0),
        ("tls_expiry_weight 0 0", Some((Duration::ZERO, 0)), 0),
        ("tls_expiry_weight 14 101", None, 1),
        ("tls_expiry_weight -1 10", None, 1),
        ("tls_expiry_weight 14", None, 1),
        ("tls_expiry_weight 3651 10", None, 1),
    ] {
        let (http, found) = http(&check("SSL_GET", line, ""));
        let TlsCheck { expiry_weight, .. } = http.tls.unwrap();
        assert_eq!((expiry_weight, found.len()), (weight, findings), "{line}: {found:?}");
    }
}
