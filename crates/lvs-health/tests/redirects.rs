//! Redirects of HTTP checks, as whole attempts without sockets.

#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

mod support;

use std::time::{Duration, Instant};

use lvs_health::{Dialogue, Failure, Http, HttpMethod, HttpVersion, Outcome, Protocol, StatusCodes, Url};
use support::{PASS, http, prepared, url};

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

fn to(location: &str) -> Vec<u8> {
    format!("HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 5\r\n\r\nthere").into_bytes()
}

/// Plays the answers, each on a connection of its own: the requests, and the outcome. Answers come in pieces of that length.
fn play(http: Http, answers: &[Vec<u8>], piece: usize) -> (Vec<String>, Option<Outcome>) {
    let prepared = prepared(Protocol::Http(http.into()));
    let now = Instant::now();
    let mut dialogue = prepared.begin(now, 0, 0);
    let mut requests = Vec::new();
    for answer in answers {
        dialogue.handle_connected(now);
        let request = String::from_utf8(dialogue.output().to_vec()).unwrap();
        requests.push(request.lines().next().unwrap_or_default().to_owned());
        dialogue.consume(request.len());
        for part in answer.chunks(piece) {
            dialogue.handle_input(now, part);
        }
        if !dialogue.wants_another_connection() {
            break;
        }
        assert_eq!(dialogue.output(), b"", "nothing is left for the old connection");
        dialogue.handle_end(now);
        dialogue.handle_input(now, b"late");
    }
    (requests, dialogue.outcome().cloned())
}

fn following(follow_redirects: u8) -> Http {
    http(Url { follow_redirects, body: Some(b"ok".to_vec()), ..url() })
}

#[test]
fn a_redirect_is_followed_over_another_connection_however_it_is_cut() {
    for piece in [1, 7, usize::MAX] {
        let answers = [to("/login"), to("here?a=b"), OK.to_vec()];
        let (requests, outcome) = play(following(2), &answers, piece);
        assert_eq!(requests, ["GET / HTTP/1.1", "GET /login HTTP/1.1", "GET /here?a=b HTTP/1.1"]);
        assert_eq!(outcome, Some(PASS), "in pieces of {piece}");
    }
}

#[test]
fn none_is_followed_unless_it_is_asked_for_and_no_more_than_that() {
    assert_eq!(play(following(0), &[to("/a")], 99).1, Some(Outcome::Fail(Failure::Status(302))));
    let too_many = |to: &str| Failure::Redirect { to: to.to_owned(), why: "too many of them" };
    let (requests, outcome) = play(following(1), &[to("/a"), to("/b")], 99);
    assert_eq!((requests.len(), outcome), (2, Some(Outcome::Fail(too_many("/b")))));
    // One that leads in a circle has an end, whatever is configured.
    let (requests, outcome) = play(following(255), &vec![to("/"); 30], 99);
    assert_eq!((requests.len(), outcome), (21, Some(Outcome::Fail(too_many("/")))));
}

#[test]
fn one_that_leads_elsewhere_fails_and_one_that_is_wanted_passes() {
    for (location, why) in [("https://a.example/", "another scheme"), ("http://b.example/", "another host")] {
        let failure = Failure::Redirect { to: location.to_owned(), why };
        assert_eq!(play(following(5), &[to(location)], 99).1, Some(Outcome::Fail(failure)));
    }
    let status = StatusCodes::from_ranges([(300, 399)]);
    let wanted = http(Url { follow_redirects: 5, status, ..url() });
    assert_eq!(play(wanted, &[to("https://elsewhere.example/")], 99).1, Some(PASS));
}

#[test]
fn a_post_becomes_a_get_and_the_credentials_go_along() {
    let post = Url { method: HttpMethod::Post, request_body: Some(b"x".as_slice().into()), ..url() };
    let (requests, _) = play(http(Url { follow_redirects: 1, ..post }), &[to("/done"), OK.to_vec()], 99);
    assert_eq!(requests, ["POST / HTTP/1.1", "GET /done HTTP/1.1"]);
}

#[test]
fn the_time_of_the_whole_attempt_goes_on_and_a_second_connection_may_fail() {
    let prepared = prepared(Protocol::Http(Http { version: HttpVersion::Http10, ..following(3) }.into()));
    let now = Instant::now();
    let led_on = || {
        let mut dialogue: Dialogue = prepared.begin(now, 0, 0);
        dialogue.handle_connected(now);
        dialogue.handle_input(now + Duration::from_secs(4), &to("/a"));
        assert!(dialogue.wants_another_connection());
        dialogue
    };
    let mut refused = led_on();
    refused.handle_error(now, std::io::ErrorKind::ConnectionRefused);
    let failure = Failure::Io(std::io::ErrorKind::ConnectionRefused);
    assert_eq!(refused.outcome(), Some(&Outcome::Fail(failure)));
    let mut late = led_on();
    late.handle_timeout(now + Duration::from_secs(9));
    assert_eq!(late.outcome(), Some(&Outcome::Fail(Failure::ConnectTimeout)));
}
