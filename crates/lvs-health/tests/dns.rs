//! The DNS checker against Debian's dnsmasq, and against servers that misbehave.

#![allow(clippy::unwrap_used, reason = "tests")]

mod small;

use std::net::{SocketAddr, UdpSocket};
use std::thread;
use std::time::Duration;

use lvs_health::{Dns, DnsAnswers, Failure, Outcome, Protocol, QueryType, WeightUpdate};
use small::{PATIENCE, Server, attempt};

const PASS: Outcome = Outcome::Pass(WeightUpdate::Unchanged);

fn check(query_type: QueryType, name: &str) -> Protocol {
    Protocol::Dns(Dns::new(query_type, name))
}

#[test]
fn dnsmasq_is_healthy_for_what_it_knows() {
    let port = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let server = Server::start("dnsmasq", |_folder| {
        vec![
            "--keep-in-foreground".to_owned(),
            "--conf-file=/dev/null".to_owned(),
            "--no-resolv".to_owned(),
            "--no-hosts".to_owned(),
            "--pid-file".to_owned(),
            "--user=root".to_owned(),
            "--listen-address=127.0.0.1".to_owned(),
            "--bind-interfaces".to_owned(),
            format!("--port={port}"),
            "--local=/example.org/".to_owned(),
            "--host-record=www.example.org,192.0.2.1,2001:db8::1".to_owned(),
            "--txt-record=example.org,hello".to_owned(),
            "--mx-host=example.org,mx.example.org,10".to_owned(),
        ]
    });
    let Some(mut server) = server else { return };
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let is = |query_type, name: &str| attempt(address, check(query_type, name), PATIENCE);
    let soon = Duration::from_millis(100);
    server.await_ready(|| attempt(address, check(QueryType::A, "www.example.org"), soon) == PASS);

    assert_eq!(is(QueryType::A, "www.example.org"), PASS);
    assert_eq!(is(QueryType::A, "WWW.Example.org."), PASS);
    assert_eq!(is(QueryType::AAAA, "www.example.org"), PASS);
    assert_eq!(is(QueryType::TXT, "example.org"), PASS);
    assert_eq!(is(QueryType::MX, "example.org"), PASS);
    assert_eq!(is(QueryType::A, "nobody.example.org"), Outcome::Fail(Failure::DnsCode(3)));
    let holds = |least, held: &str| {
        let wanted = DnsAnswers { addresses: vec![held.parse().unwrap()], least, authentic: false };
        let dns = Dns { answers: Some(wanted.into()), ..Dns::new(QueryType::A, "www.example.org") };
        attempt(address, Protocol::Dns(dns), PATIENCE)
    };
    assert_eq!(holds(1, "192.0.2.1"), PASS);
    assert_eq!(holds(2, "192.0.2.1"), Outcome::Fail(Failure::DnsAnswers { found: 1, least: 2 }));
    let missing = Failure::DnsAnswerMissing("192.0.2.9".parse().unwrap());
    assert_eq!(holds(0, "192.0.2.9"), Outcome::Fail(missing));
    assert_eq!(is(QueryType::SOA, "."), Outcome::Fail(Failure::DnsCode(5)), "it has nobody to ask");
}

/// A server that answers each query with these datagrams.
fn serve(answers: fn(&[u8]) -> Vec<Vec<u8>>) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    thread::spawn(move || {
        let mut query = [0; 512];
        while let Ok((len, client)) = socket.recv_from(&mut query) {
            for answer in answers(&query[..len]) {
                socket.send_to(&answer, client).unwrap();
            }
        }
    });
    address
}

/// The query as a response with this code.
fn response(query: &[u8], code: u8) -> Vec<u8> {
    [&query[..2], &[0x81, 0x80 | code], &query[4..]].concat()
}

#[test]
fn a_forged_answer_is_ignored() {
    let forged = serve(|query| {
        let mut wrong = response(query, 2);
        wrong[0] ^= 0xff;
        vec![wrong, query.to_vec(), query[..5].to_vec(), vec![], response(query, 0)]
    });
    assert_eq!(attempt(forged, check(QueryType::SOA, "."), PATIENCE), PASS);
    let only_forged = serve(|query| vec![query.to_vec()]);
    assert_eq!(
        attempt(only_forged, check(QueryType::SOA, "."), Duration::from_millis(200)),
        Outcome::Fail(Failure::Silent("DNS response"))
    );
}

#[test]
fn a_failing_server_fails_at_once() {
    let failing = serve(|query| vec![response(query, 2)]);
    assert_eq!(attempt(failing, check(QueryType::SOA, "."), PATIENCE), Outcome::Fail(Failure::DnsCode(2)));
}

#[test]
fn a_missing_server_is_a_failure() {
    let address = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    assert_eq!(
        attempt(address, check(QueryType::SOA, "."), PATIENCE),
        Outcome::Fail(Failure::Io(std::io::ErrorKind::ConnectionRefused))
    );
}
