//! HTTP/1 dialogues, octet by octet and in virtual time: good servers, and liars.

#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

mod support;

use std::time::Duration;

use lvs_health::{
    DigestMd5, Failure, HttpVersion, Network, Note, Outcome, Prepared, Protocol, Shared, StatusCodes, Target,
    Url,
};
use proptest::prelude::*;
use support::{PASS, Step, connected, http, outcome, prepared, url};

/// Of `ok`.
const OK: DigestMd5 = DigestMd5(0x444b_cb3a_3fcf_8389_296c_4946_7f27_e1d6_u128.to_be_bytes());

fn check(url: Url) -> Prepared {
    prepared(Protocol::Http(http(url).into()))
}

fn digest() -> Prepared {
    check(Url { digest: Some(OK), ..url() })
}

fn text(text: &[u8]) -> Prepared {
    check(Url { body: Some(text.to_vec()), ..url() })
}

#[expect(clippy::unnecessary_wraps, reason = "as outcomes come")]
fn fails(failure: Failure) -> Option<Outcome> {
    Some(Outcome::Fail(failure))
}

#[test]
fn the_request_is_sent_once_connected() {
    let now = std::time::Instant::now();
    let mut dialogue = check(url()).begin(now, 0, 0);
    assert_eq!(dialogue.output(), b"");
    dialogue.handle_connected(now);
    assert_eq!(
        dialogue.output(),
        b"GET / HTTP/1.1\r\nUser-Agent: KeepAliveClient\r\nConnection: close\r\nHost: a.example\r\n\r\n"
    );
}

#[test]
fn without_a_host_the_address_of_the_server_is_sent() {
    let now = std::time::Instant::now();
    let request = |address: &str| {
        let target = Target::new(address.parse().unwrap(), Duration::from_secs(3));
        let network = Network::http(target, http(Url { host: String::new(), ..url() }));
        let mut dialogue = Prepared::new(&network, &mut Shared::default()).unwrap().begin(now, 0, 0);
        dialogue.handle_connected(now);
        String::from_utf8(dialogue.output().to_vec()).unwrap()
    };
    for (address, line) in
        [("192.0.2.10:8080", "Host: 192.0.2.10:8080\r\n"), ("[2001:db8::1]:80", "Host: [2001:db8::1]:80\r\n")]
    {
        let request = request(address);
        assert!(request.contains(line), "{request}");
    }
}

#[test]
fn a_password_is_not_shown() {
    let mut secret = http(url());
    secret.basic_auth =
        Some(lvs_health::BasicAuth { user: "a".to_owned(), password: "topsecret".to_owned() });
    let shown = format!("{:?} {:?}", secret, prepared(Protocol::Http(secret.clone().into())));
    // `a:topsecret` in base64, and as a list of numbers.
    for form in ["topsecret", "YTp0b3BzZWNyZXQ=", "89, 84, 112, 48"] {
        assert!(!shown.contains(form), "{shown}");
    }
}

#[test]
fn each_step_has_its_url() {
    let mut three = http(url());
    three.version = HttpVersion::Http10;
    three.urls = ["/a", "/b", "/c"].map(|path| Url { path: path.to_owned(), ..url() }).to_vec();
    let prepared = prepared(Protocol::Http(three.into()));
    for (step, expected) in ["GET /a ", "GET /b ", "GET /c ", "GET /a "].into_iter().enumerate() {
        let now = std::time::Instant::now();
        let mut dialogue = prepared.begin(now, step, 0);
        dialogue.handle_connected(now);
        assert!(dialogue.output().starts_with(expected.as_bytes()), "step {step}");
    }
}

#[test]
fn a_good_status_is_enough_at_the_end_of_the_head() {
    assert_eq!(outcome(&check(url()), b"HTTP/1.1 200 OK\r\nServer: x\r\n\r\n", &[]), Some(PASS));
    assert_eq!(outcome(&check(url()), b"HTTP/1.1 200 OK\r\nServer: x\r\n", &[]), None);
    assert_eq!(outcome(&check(url()), b"HTTP/1.1 503 Busy\r\n\r\n", &[]), fails(Failure::Status(503)));
}

#[test]
fn the_wanted_status_may_be_any() {
    let not_found = Url { status: StatusCodes::from_ranges([(404, 404), (500, 599)]), ..url() };
    assert_eq!(outcome(&check(not_found.clone()), b"HTTP/1.1 404 Not Found\r\n\r\n", &[]), Some(PASS));
    assert_eq!(outcome(&check(not_found), b"HTTP/1.1 200 OK\r\n\r\n", &[]), fails(Failure::Status(200)));
}

#[test]
fn a_body_ends_where_its_length_says() {
    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    assert_eq!(outcome(&digest(), answer, &[]), Some(PASS), "the connection may stay open");
    let more = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok and more";
    assert_eq!(outcome(&digest(), more, &[]), Some(PASS));
}

#[test]
fn a_body_may_end_with_the_connection() {
    let answer = b"HTTP/1.0 200 OK\r\n\r\nok";
    assert_eq!(outcome(&digest(), answer, &[]), None);
    assert_eq!(outcome(&digest(), answer, &[Step::Closes]), Some(PASS));
    let reset = fails(Failure::Io(std::io::ErrorKind::ConnectionReset));
    assert_eq!(outcome(&digest(), answer, &[Step::Resets]), reset);
}

#[test]
fn a_body_may_come_in_chunks() {
    let answer =
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n1;x=y\r\nk\r\n0\r\nA: b\r\n\r\n";
    assert_eq!(outcome(&digest(), answer, &[]), Some(PASS));
    // Made by keepalived's genhash 2.2.7 from a server that answers so.
    let genhash = DigestMd5(0x2da3_6a88_295b_9a01_d349_70e0_4062_331b_u128.to_be_bytes());
    let coded = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n";
    assert_eq!(outcome(&check(Url { digest: Some(genhash), ..url() }), coded, &[]), Some(PASS));
    assert_eq!(outcome(&digest(), coded, &[]), Some(PASS));
    let broken = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nokk\r\n0\r\n\r\n";
    assert_eq!(outcome(&digest(), broken, &[]), fails(Failure::Malformed("chunk")));
    assert_eq!(outcome(&text(b"ok"), broken, &[]), Some(PASS), "it was there before the damage");
    let more = [&coded[..], b"more"].concat();
    assert_eq!(outcome(&check(Url { digest: Some(genhash), ..url() }), &more, &[]), Some(PASS));
    let cut = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n";
    assert_eq!(outcome(&digest(), cut, &[Step::Closes]), fails(Failure::Closed("rest of the body")));
}

#[test]
fn an_answer_without_body_has_none() {
    let answer = b"HTTP/1.1 204 No Content\r\nContent-Length: 99\r\n\r\n";
    assert_eq!(outcome(&text(b"x"), answer, &[Step::Closes]), fails(Failure::Body));
}

#[test]
fn a_short_body_is_judged_and_noted() {
    let prepared = digest();
    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nok";
    assert_eq!(outcome(&prepared, answer, &[Step::Closes]), Some(PASS), "keepalived says so too");
    let (mut dialogue, now) = connected(&prepared);
    dialogue.handle_input(now, answer);
    dialogue.handle_end(now);
    assert_eq!(dialogue.notes(), [Note::BodyShort { octets: 5 }]);
}

#[test]
fn a_text_is_found_however_it_is_cut() {
    let answer = b"HTTP/1.1 200 OK\r\n\r\nthe server is alalive";
    assert_eq!(outcome(&text(b"alive"), answer, &[]), Some(PASS));
    assert_eq!(outcome(&text(b"dead"), answer, &[Step::Closes]), fails(Failure::Body));
}

#[cfg(feature = "regex")]
#[test]
fn a_regular_expression_is_searched_for() {
    let pattern = |text: &str, no_match| {
        let pattern = lvs_health::Pattern {
            text: text.to_owned(),
            no_match,
            options: vec![lvs_health::RegexOption::Caseless],
            min_offset: 0,
            max_offset: None,
        };
        check(Url { pattern: Some(pattern), ..url() })
    };
    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nab 123";
    assert_eq!(outcome(&pattern(r"^AB \d+$", false), answer, &[]), Some(PASS));
    assert_eq!(outcome(&pattern("c", false), answer, &[]), fails(Failure::Regex { matched: false }));
    assert_eq!(outcome(&pattern("c", true), answer, &[]), Some(PASS));
    assert_eq!(outcome(&pattern("b", true), answer, &[]), fails(Failure::Regex { matched: true }));
}

#[test]
fn a_connection_that_ends_too_early_fails() {
    assert_eq!(outcome(&check(url()), b"", &[Step::Closes]), fails(Failure::Closed("status line")));
    assert_eq!(
        outcome(&check(url()), b"HTTP/1.1 20", &[Step::Closes]),
        fails(Failure::Closed("status line"))
    );
    let head = b"HTTP/1.1 200 OK\r\nServer";
    assert_eq!(outcome(&check(url()), head, &[Step::Closes]), fails(Failure::Closed("rest of the head")));
    let reset = fails(Failure::Io(std::io::ErrorKind::ConnectionReset));
    assert_eq!(outcome(&check(url()), head, &[Step::Resets]), reset);
}

#[test]
fn other_protocols_fail_at_once() {
    for banner in
        [&b"220 mail.example ESMTP\r\n"[..], b"SSH-2.0-OpenSSH", b"\x15\x03\x03\0\x02\x02\x28", b"\0"]
    {
        assert_eq!(outcome(&check(url()), banner, &[]), fails(Failure::Malformed("not HTTP")));
    }
}

#[test]
fn an_octet_a_second_is_not_an_answer() {
    let answer = b"HTTP/1.1 200 OK\r\n\r\n";
    let (mut dialogue, now) = connected(&check(url()));
    let mut elapsed = Duration::ZERO;
    for octet in answer {
        elapsed += Duration::from_secs(1);
        dialogue.handle_input(now + elapsed, &[*octet]);
        if dialogue.outcome().is_some() {
            break;
        }
    }
    assert_eq!(dialogue.outcome(), Some(&Outcome::Fail(Failure::TooSlow)));
    assert_eq!(elapsed, Duration::from_secs(10), "twice the time-out: the limit of the whole");
}

#[test]
fn a_half_open_connection_ends_with_the_steps_time() {
    let (mut dialogue, now) = connected(&check(url()));
    dialogue.handle_input(now + Duration::from_secs(1), b"HTTP/1.1 200 OK\r\nServer: x\r\n");
    assert_eq!(dialogue.poll_timeout(), Some(now + Duration::from_secs(6)));
    dialogue.handle_timeout(now + Duration::from_secs(6));
    assert_eq!(dialogue.outcome(), Some(&Outcome::Fail(Failure::Silent("rest of the head"))));
}

#[test]
fn a_head_with_bad_framing_fails_only_checks_that_read_the_body() {
    let endless = format!("HTTP/1.1 200 OK\r\n{}", "X: y\r\n".repeat(4000));
    let two_lengths = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello";
    let signed = "HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello";
    let too_long = Failure::TooLong { what: "head", limit: 16 * 1024 };
    let table = [
        (endless.as_str(), too_long),
        (two_lengths, Failure::Malformed("Content-Length")),
        (signed, Failure::Malformed("Content-Length")),
    ];
    for (answer, failure) in table {
        let judged = |prepared: &Prepared| {
            let (mut dialogue, now) = connected(prepared);
            dialogue.handle_input(now, answer.as_bytes());
            dialogue.outcome().cloned()
        };
        assert_eq!(judged(&check(url())), Some(PASS), "{failure}");
        let elsewhere = Url { status: StatusCodes::from_ranges([(404, 404)]), ..url() };
        assert_eq!(judged(&check(elsewhere)), fails(Failure::Status(200)), "{failure}");
        assert_eq!(judged(&text(b"hello")), fails(failure));
    }
}

#[test]
fn a_body_without_end_is_a_matter_of_time() {
    let (mut dialogue, now) = connected(&digest());
    dialogue.handle_input(now, b"HTTP/1.0 200 OK\r\n\r\n");
    let piece = vec![b'x'; 64 * 1024];
    let mut elapsed = Duration::ZERO;
    while dialogue.outcome().is_none() {
        elapsed += Duration::from_millis(50);
        assert!(elapsed <= Duration::from_secs(10));
        dialogue.handle_input(now + elapsed, &piece);
    }
    assert_eq!(dialogue.outcome(), Some(&Outcome::Fail(Failure::TooSlow)));
}

/// Something like an answer, and something unlike one.
fn garbage() -> impl Strategy<Value = Vec<u8>> {
    let words = [
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.0 404 x\r\n",
        "HTTP/",
        "\r\n",
        "\n",
        "Content-Length: 3\r\n",
        "Content-Length: ",
        "Transfer-Encoding: chunked\r\n",
        "3\r\nabc\r\n",
        "0\r\n",
        "ffffffffffffffff",
        "ok",
        "HTTP/1.1 100 x\r\n\r\n",
        ":",
        ";",
    ];
    let word = prop_oneof![
        4 => proptest::sample::select(words.to_vec()).prop_map(|word| word.as_bytes().to_vec()),
        1 => proptest::collection::vec(any::<u8>(), 0..20),
    ];
    (any::<bool>(), proptest::collection::vec(word, 0..12)).prop_map(|(good, words)| {
        let start = if good { &b"HTTP/1.1 200 OK\r\n"[..] } else { b"" };
        [start, &words.concat()].concat()
    })
}

proptest! {
    #[test]
    fn no_octets_do_harm_and_cuts_make_no_difference(answer in garbage(), closes in any::<bool>()) {
        let then: &[Step<'_>] = if closes { &[Step::Closes] } else { &[] };
        let status = outcome(&check(url()), &answer, then);
        prop_assert!(status.is_some() || !closes);
        outcome(&digest(), &answer, then);
        outcome(&text(b"ok"), &answer, then);
    }
}
