//! `vipd probe` against real servers: the dialogue, the result, and no login.

#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

mod common;

use std::fmt::Write as _;
use std::time::Duration;

use common::conf::V3_CALM;
use common::hosts::Maker::Vipd;
use common::hosts::Router;
use common::lan::Lan;
use common::{eventually, lab_test};

const A: usize = 0;
const NGINX: &str = "/usr/sbin/nginx";
const REDIS: &str = "/usr/bin/redis-server";
const OPENSSL: &str = "/usr/bin/openssl";
const FOLDER: &str = "/etc/keepalived";
const PASSWORD: &str = "opensesame";
const SERVICE: &str = "'[192.0.2.1]:tcp:80'";

/// A machine without a daemon.
fn machine() -> Lan {
    Lan::new(V3_CALM, &[Vipd], &[100])
}

fn vipd(router: &Router, words: &str) -> String {
    router.shell(&format!("{} {words} 2>&1; echo status $?", env!("CARGO_BIN_EXE_vipd")))
}

/// A configuration with a real server for each port and its checks.
fn configuration(servers: &[(u16, &str)]) -> String {
    let mut text = "global_defs {\nscript_user root\n}\nvirtual_server 192.0.2.1 80 {\nlb_algo rr\nlb_kind NAT\nprotocol TCP\n\
                    delay_loop 2\nconnect_timeout 10\n"
        .to_owned();
    for (port, checks) in servers {
        let _ = write!(text, "real_server 127.0.0.1 {port} {{\n{checks}\n}}\n");
    }
    text + "}\n"
}

fn start_nginx(router: &Router) {
    router.install("/etc/keepalived/nginx.conf", "user root; pid /etc/keepalived/nginx.pid; error_log /dev/null; events {} http {\n\
         access_log off; client_body_temp_path /etc/keepalived/b; proxy_temp_path /etc/keepalived/p;\n\
         fastcgi_temp_path /etc/keepalived/f; uwsgi_temp_path /etc/keepalived/u; scgi_temp_path /etc/keepalived/s;\n\
         server { listen 127.0.0.1:8080; listen 127.0.0.1:8443 ssl; ssl_certificate /etc/keepalived/c.pem;\n\
         ssl_certificate_key /etc/keepalived/k.pem; location = /up { return 200 \"it is up\"; }\n\
         location / { return 503 \"it is down, $http_x_key\"; } } }\n");
    let made = router.shell(&format!(
        "{OPENSSL} req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=a.example -days 30 \
         -keyout {FOLDER}/k.pem -out {FOLDER}/c.pem 2>&1 && {NGINX} -c {FOLDER}/nginx.conf 2>&1; echo status $?"
    ));
    assert!(made.ends_with("status 0"), "{made}");
}

fn start_redis(router: &Router) {
    let options = format!(
        "--bind 127.0.0.1 --port 6379 --requirepass {PASSWORD} --save '' --daemonize yes --dir {FOLDER}"
    );
    router.shell(&format!("{REDIS} {options} >/dev/null 2>&1"));
    eventually("redis listens", Duration::from_secs(30), || {
        router.shell("ss -Hltn 'sport = :6379'").contains("6379")
    });
}

#[test]
fn web_servers_are_probed_and_the_dialogue_is_shown_also_inside_tls() {
    lab_test("web_servers_are_probed_and_the_dialogue_is_shown_also_inside_tls", &[NGINX, OPENSSL], || {
        let lan = machine();
        let router = &lan.routers[A];
        start_nginx(router);
        let key = "header \"X-Key: opensesame\"";
        router.configure(&configuration(&[
            (8080, &format!("HTTP_GET {{\n{key}\nurl {{\npath /up\nstatus_code 200\n}}\nurl {{\npath /else\nstatus_code 200\n}}\n}}")),
            (8443, &format!("SSL_GET {{\n{key}\nurl {{\npath /up\nstatus_code 200\n}}\n}}")),
            (8081, "TCP_CHECK {\n}"),
            (1, "MISC_CHECK {\nmisc_path \"/bin/sh -c 'echo disk full; exit 3'\"\n}"),
            (2, ""),
        ]));
        let probe =
            |server: &str| vipd(router, &format!("probe -f {FOLDER}/keepalived.conf {SERVICE} {server}"));
        let plain = probe("127.0.0.1:8080");
        for part in [
            "HTTP_GET 127.0.0.1:8080 /up",
            "| GET /up HTTP/1.",
            "| HTTP/1.1 200 OK",
            "it is up",
            "  passed (",
            "| X-Key: ********",
            "| HTTP/1.1 503",
            "it is down, ********",
            "FAILED: HTTP status 503",
            "status 5",
        ] {
            assert!(plain.contains(part), "{part} in {plain}");
        }
        assert!(!plain.contains(PASSWORD), "{plain}");
        let tls = probe("'[127.0.0.1]:tcp:8443'");
        for part in [
            "secured with TLSv1_",
            "certificate ends in 2",
            "sent inside tls",
            "| HTTP/1.1 200 OK",
            "(TLS)",
            "status 0",
        ] {
            assert!(tls.contains(part), "{part} in {tls}");
        }
        assert!(!tls.contains(PASSWORD), "{tls}");
        let refused = probe("127.0.0.1:8081");
        assert!(refused.contains("FAILED: connection refused") && refused.ends_with("status 5"), "{refused}");
        let script = probe("127.0.0.1:1");
        assert!(
            script.contains("its last line: disk full") && script.contains("script exited with status 3"),
            "{script}"
        );
        let always = probe("127.0.0.1:2");
        assert!(always.contains("has no checks") && always.ends_with("status 1"), "{always}");
        let absent = probe("127.0.0.1:3");
        assert!(
            absent.contains("no real server 127.0.0.1:3: there is 127.0.0.1:8080")
                && absent.ends_with("status 1"),
            "{absent}"
        );
        let json = probe("127.0.0.1:8443 --json");
        assert!(
            json.starts_with("{\"v\":1,\"is\":\"probe\",") && json.contains("\"result\":\"passed\""),
            "{json}"
        );
        assert!(json.contains("\"what\":\"received-inside-tls\"") && !json.contains(PASSWORD), "{json}");
        assert!(vipd(router, "probe --socket /no/such/socket a 1.2.3.4:5").ends_with("status 3"));
        assert!(vipd(router, "probe a").ends_with("status 2"));
    });
}

#[test]
fn the_running_configuration_is_probed_with_logins_that_its_file_still_has() {
    lab_test("the_running_configuration_is_probed_with_logins_that_its_file_still_has", &[REDIS], || {
        let mut lan = machine();
        let router = &mut lan.routers[A];
        start_redis(router);
        let with =
            |password: &str| configuration(&[(6379, &format!("REDIS_CHECK {{\npassword {password}\n}}"))]);
        router.program = Vipd.whole_program_with(&["--ipvs-dry-run"]);
        router.start(&with(PASSWORD));
        eventually("the daemon answers", Duration::from_secs(20), || {
            vipd(router, "status").ends_with("status 0")
        });
        let words = format!("probe {SERVICE} 127.0.0.1:6379");
        let passed = vipd(router, &words);
        assert!(passed.contains("REDIS_CHECK 127.0.0.1:6379") && passed.ends_with("status 0"), "{passed}");
        assert!(passed.contains("it may hold the login") && !passed.contains(PASSWORD), "{passed}");
        // Not loaded: the file is not what runs.
        router.configure(&configuration(&[(6379, "REDIS_CHECK {\nlogin ada other\n}")]));
        let unknown = vipd(router, &words);
        assert!(unknown.contains("not made: it has a login") && unknown.ends_with("status 1"), "{unknown}");
        assert!(unknown.contains("other checks for this server"), "{unknown}");
        router.configure(&with("mistaken"));
        let denied = vipd(router, &format!("probe -f {FOLDER}/keepalived.conf {SERVICE} 127.0.0.1:6379"));
        assert!(denied.contains("FAILED: Redis refuses") && denied.ends_with("status 5"), "{denied}");
        assert!(!denied.contains("mistaken"), "{denied}");
    });
}
