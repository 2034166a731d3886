//! `TCP_CHECK` with steps, and the checks of well-known servers.

#![allow(clippy::panic, reason = "tests fail by panicking")]

use keepalived_conf::model::lvs::{CheckerKind, ServerCheck, ServerKind, TalkStep};
use keepalived_conf::{Loaded, load_str};

fn load(check: &str) -> Loaded {
    load_str(&format!(
        "virtual_server 192.0.2.1 80 {{\nlb_algo rr\nlb_kind NAT\nprotocol TCP\n\
         real_server 192.0.2.11 80 {{\n{check}\n}}\n}}\n"
    ))
}

fn kind(check: &str) -> CheckerKind {
    let loaded = load(check);
    assert_eq!(codes(&loaded), Vec::<&str>::new(), "{check}");
    let server = &loaded.config.virtual_servers[0].real_servers[0];
    assert_eq!(server.checkers.len(), 1, "{check}");
    server.checkers[0].kind.clone()
}

fn codes(loaded: &Loaded) -> Vec<&'static str> {
    loaded.diagnostics.iter().map(|diagnostic| diagnostic.code).collect()
}

fn server(check: &str) -> ServerCheck {
    match kind(check) {
        CheckerKind::Server(_, server) => *server,
        other => panic!("{other:?}"),
    }
}

#[test]
fn steps_of_a_tcp_check_keep_their_order() {
    let check = "TCP_CHECK {\nsend \"PING\\r\\n\"\nexpect +PONG\nexpect_line \"^role:master$\"\nsend QUIT\n}";
    let CheckerKind::Talk(_, talk) = kind(check) else { panic!("a conversation") };
    let expected = [
        TalkStep::Send(b"PING\r\n".to_vec()),
        TalkStep::Expect(b"+PONG".to_vec()),
        TalkStep::ExpectLine("^role:master$".to_owned()),
        TalkStep::Send(b"QUIT".to_vec()),
    ];
    assert_eq!((talk.steps.as_slice(), talk.tls.is_some()), (&expected[..], false));
}

#[test]
fn a_tcp_check_without_steps_is_a_connection() {
    assert!(matches!(kind("TCP_CHECK {\nconnect_timeout 2\n}"), CheckerKind::Tcp(_)));
}

#[test]
fn a_tcp_check_speaks_tls_where_any_tls_keyword_says_so() {
    let CheckerKind::Talk(_, talk) = kind("TCP_CHECK {\ntls_version 1.3\nvirtualhost a.example\n}") else {
        panic!("a conversation")
    };
    assert_eq!((talk.tls.is_some(), talk.server_name.as_deref()), (true, Some("a.example")));
}

#[test]
fn well_known_servers_have_logins_and_roles() {
    let redis = server("REDIS_CHECK {\npassword secret\nrole replica\nconnect_port 6379\n}");
    assert_eq!(
        (redis.kind, redis.wants_primary, &*redis.password),
        (ServerKind::Redis, Some(false), "secret")
    );
    let mysql = server("MYSQL_CHECK {\nlogin lb \"with blank\"\n}");
    assert_eq!((mysql.kind, &*mysql.user, &*mysql.password), (ServerKind::Mysql, "lb", "with blank"));
    let pgsql = server("PGSQL_CHECK {\nlogin lb secret\ndatabase shop\nrole primary\n}");
    assert_eq!(
        (pgsql.kind, &*pgsql.database, pgsql.wants_primary),
        (ServerKind::Postgresql, "shop", Some(true))
    );
    let ldap = server("LDAP_CHECK {\n}");
    assert_eq!((ldap.kind, &*ldap.user), (ServerKind::Ldap, ""));
    assert!(!format!("{mysql:?}").contains("blank"), "a password stays out of debug output");
}

#[test]
fn a_role_of_postgresql_needs_a_login() {
    assert_eq!(codes(&load("PGSQL_CHECK {\nrole primary\n}")), ["no-login"]);
    assert_eq!(codes(&load("REDIS_CHECK {\nrole leader\n}")).len(), 1);
}
