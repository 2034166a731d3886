//! HTTP/2 and gRPC dialogues, octet by octet: good servers, and liars.

#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

mod support;

use lvs_health::{Failure, Grpc, HttpVersion, Outcome, Prepared, Protocol, Url};
use proptest::prelude::*;
use support::{PASS, Step, connected, http, outcome, prepared, url};

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PUSH_PROMISE: u8 = 5;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const ACK: u8 = 1;
const END_HEADERS: u8 = 4;

fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let [_, length @ ..] = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[..], &[kind, flags, 0, 0, 0, stream], payload].concat()
}

fn settings() -> Vec<u8> {
    // SETTINGS_MAX_CONCURRENT_STREAMS 100
    [frame(SETTINGS, 0, 0, &[0, 3, 0, 0, 0, 100]), frame(SETTINGS, ACK, 0, &[])].concat()
}

/// `:status: 200`, from the static table.
const STATUS_200: &[u8] = &[0x88];
/// `:status: 503`, as nginx writes it.
const STATUS_503: &[u8] = &[0x08, 0x03, b'5', b'0', b'3'];

/// `grpc-status: N`, in plain text.
fn grpc_status(digit: u8) -> Vec<u8> {
    [&b"\x00\x0bgrpc-status\x01"[..], &[digit]].concat()
}

fn answer(frames: &[Vec<u8>]) -> Vec<u8> {
    [settings(), frames.concat()].concat()
}

fn web(url: Url) -> Prepared {
    let mut http = http(url);
    http.version = HttpVersion::Http2;
    prepared(Protocol::Http(http.into()))
}

fn text() -> Prepared {
    web(Url { body: Some(b"alive".to_vec()), ..url() })
}

fn grpc() -> Prepared {
    let (service, authority) = ("db".to_owned(), "a.example".to_owned());
    prepared(Protocol::Grpc(Grpc { service, authority, tls: None, server_name: None }.into()))
}

#[expect(clippy::unnecessary_wraps, reason = "as outcomes come")]
fn fails(failure: Failure) -> Option<Outcome> {
    Some(Outcome::Fail(failure))
}

#[test]
fn the_request_is_all_in_one() {
    let now = std::time::Instant::now();
    let mut dialogue = web(url()).begin(now, 0, 0);
    dialogue.handle_connected(now);
    let output = dialogue.output().strip_prefix(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").unwrap();
    let output = output.strip_prefix(&frame(SETTINGS, 0, 0, &[0, 2, 0, 0, 0, 0])[..]).unwrap();
    let block = b"\x02\x03GET\x06\x04http\x01\x09a.example\x04\x01/\x0f\x2b\x0fKeepAliveClient";
    assert_eq!(output, frame(HEADERS, END_HEADERS | END_STREAM, 1, block));
}

#[test]
fn a_good_status_is_enough() {
    let head = answer(&[frame(HEADERS, END_HEADERS, 1, STATUS_200)]);
    assert_eq!(outcome(&web(url()), &head, &[]), Some(PASS));
    let head = answer(&[frame(HEADERS, END_HEADERS, 1, STATUS_503)]);
    assert_eq!(outcome(&web(url()), &head, &[]), fails(Failure::Status(503)));
}

#[test]
fn a_body_comes_in_frames() {
    let good = answer(&[
        frame(HEADERS, END_HEADERS, 1, STATUS_200),
        frame(DATA, 0, 1, b"it is al"),
        frame(DATA, 0, 1, b""),
        frame(DATA, END_STREAM, 1, b"ive"),
    ]);
    assert_eq!(outcome(&text(), &good, &[]), Some(PASS));
    let other = answer(&[frame(HEADERS, END_HEADERS, 1, STATUS_200), frame(DATA, END_STREAM, 1, b"no")]);
    assert_eq!(outcome(&text(), &other, &[]), fails(Failure::Body));
    let none = answer(&[frame(HEADERS, END_HEADERS | END_STREAM, 1, STATUS_200)]);
    assert_eq!(outcome(&text(), &none, &[]), fails(Failure::Body));
}

#[test]
fn heads_may_be_continued_and_interim() {
    let interim = frame(HEADERS, END_HEADERS, 1, &[0x08, 0x03, b'1', b'0', b'3']);
    let (first, second) = STATUS_503.split_at(2);
    let head = [frame(HEADERS, 0, 1, first), frame(CONTINUATION, END_HEADERS, 1, second)].concat();
    assert_eq!(outcome(&web(url()), &answer(&[interim, head]), &[]), fails(Failure::Status(503)));
}

#[test]
fn settings_and_pings_are_answered() {
    let (mut dialogue, now) = connected(&web(url()));
    dialogue.handle_input(now, &answer(&[frame(PING, 0, 0, b"12345678")]));
    let expected = [frame(SETTINGS, ACK, 0, &[]), frame(PING, ACK, 0, b"12345678")].concat();
    assert_eq!(dialogue.output(), expected);
}

#[test]
fn the_window_is_opened_again() {
    let (mut dialogue, now) = connected(&web(Url { body: Some(b"alive".to_vec()), ..url() }));
    dialogue.handle_input(now, &answer(&[frame(HEADERS, END_HEADERS, 1, STATUS_200)]));
    dialogue.consume(usize::MAX);
    dialogue.handle_input(now, &frame(DATA, 0, 1, &[b'x'; 16_000]));
    assert_eq!(dialogue.output(), b"");
    dialogue.handle_input(now, &frame(DATA, 0, 1, &[b'x'; 400]));
    let more = 16_400_u32.to_be_bytes();
    assert_eq!(dialogue.output(), [frame(8, 0, 0, &more), frame(8, 0, 1, &more)].concat());
}

#[test]
fn it_says_goodbye() {
    let (mut dialogue, now) = connected(&web(url()));
    dialogue.handle_input(now, &settings());
    dialogue.consume(usize::MAX);
    dialogue.handle_input(now, &frame(HEADERS, END_HEADERS, 1, STATUS_200));
    assert_eq!((dialogue.outcome(), dialogue.output()), (Some(&PASS), &frame(GOAWAY, 0, 0, &[0; 8])[..]));
}

#[test]
fn a_server_may_give_up() {
    let reset = answer(&[frame(RST_STREAM, 0, 1, &[0, 0, 0, 7])]);
    assert_eq!(outcome(&web(url()), &reset, &[]), fails(Failure::Reset(7)));
    let away = answer(&[frame(GOAWAY, 0, 0, &[0, 0, 0, 0, 0, 0, 0, 11])]);
    assert_eq!(outcome(&web(url()), &away, &[]), fails(Failure::GoAway(11)));
    let soon =
        answer(&[frame(GOAWAY, 0, 0, &[0, 0, 0, 1, 0, 0, 0, 0]), frame(HEADERS, END_HEADERS, 1, STATUS_200)]);
    assert_eq!(outcome(&web(url()), &soon, &[]), Some(PASS), "it still answers us");
    assert_eq!(outcome(&web(url()), &settings(), &[Step::Closes]), fails(Failure::Closed("head")));
    assert_eq!(outcome(&web(url()), b"", &[Step::Closes]), fails(Failure::Closed("HTTP/2 settings")));
}

#[test]
fn broken_frames_fail() {
    let frame_fails = fails(Failure::Malformed("frame"));
    let block_fails = fails(Failure::Malformed("header block"));
    let head = || frame(HEADERS, END_HEADERS, 1, STATUS_200);
    for (frames, expected, why) in [
        (vec![frame(DATA, 0, 1, b"x")], frame_fails.clone(), "body before head"),
        (
            vec![frame(PUSH_PROMISE, END_HEADERS, 1, &[0, 0, 0, 2])],
            frame_fails.clone(),
            "pushes were refused",
        ),
        (vec![frame(HEADERS, END_HEADERS, 3, STATUS_200)], frame_fails.clone(), "no such stream"),
        (vec![frame(PING, 0, 0, b"1234567")], frame_fails.clone(), "short"),
        (vec![frame(SETTINGS, 0, 0, b"1234567")], frame_fails.clone(), "odd"),
        (vec![frame(CONTINUATION, END_HEADERS, 1, STATUS_200)], block_fails.clone(), "of nothing"),
        (
            vec![frame(HEADERS, 0, 1, STATUS_200), frame(PING, 0, 0, b"12345678")],
            block_fails.clone(),
            "interrupted",
        ),
        (vec![frame(HEADERS, END_HEADERS, 1, &[0xff])], block_fails, "no such field"),
        (
            vec![frame(HEADERS, END_HEADERS, 1, b"\0\x01a\x01b")],
            fails(Failure::Malformed("status")),
            "no status",
        ),
        (vec![head(), head()], fails(Failure::Malformed("trailer")), "two heads"),
    ] {
        let check = web(Url { body: Some(b"alive".to_vec()), ..url() });
        assert_eq!(outcome(&check, &answer(&frames), &[]), expected, "{why}");
    }
    let long = [&[0, 0x40, 1, DATA, 0, 0, 0, 0, 1][..], &[0; 100]].concat();
    let too_long = fails(Failure::TooLong { what: "frame", limit: 16_384 });
    assert_eq!(outcome(&web(url()), &answer(&[long]), &[]), too_long);
}

#[test]
fn http_1_is_found_out() {
    let answer = b"HTTP/1.1 400 Bad Request\r\n\r\n";
    assert_eq!(outcome(&web(url()), answer, &[]), fails(Failure::Malformed("not HTTP/2")));
}

#[test]
fn a_head_without_end_is_cut_off() {
    let (mut dialogue, now) = connected(&web(url()));
    dialogue.handle_input(now, &answer(&[frame(HEADERS, 0, 1, STATUS_200)]));
    for _ in 0..100 {
        dialogue.handle_input(now, &frame(CONTINUATION, 0, 1, &[0x88; 1000]));
    }
    let too_long = Failure::TooLong { what: "head", limit: 16 * 1024 };
    assert_eq!(dialogue.outcome(), Some(&Outcome::Fail(too_long)));
}

#[test]
fn a_server_that_pings_without_reading_fails() {
    let (mut dialogue, now) = connected(&web(url()));
    dialogue.handle_input(now, &settings());
    for _ in 0..10_000 {
        dialogue.handle_input(now, &frame(PING, 0, 0, b"12345678"));
    }
    let failure = Failure::TooLong { what: "unread answers", limit: 65_536 };
    assert_eq!(dialogue.outcome(), Some(&Outcome::Fail(failure)));
    assert!(dialogue.output().len() < 70_000);
}

#[test]
fn grpc_asks_for_a_service() {
    let now = std::time::Instant::now();
    let mut dialogue = grpc().begin(now, 0, 0);
    dialogue.handle_connected(now);
    let body = frame(DATA, END_STREAM, 1, &[0, 0, 0, 0, 4, 0x0a, 2, b'd', b'b']);
    assert!(dialogue.output().ends_with(&body));
    let path = b"/grpc.health.v1.Health/Check";
    assert!(dialogue.output().windows(path.len()).any(|window| window == path));
}

#[test]
fn grpc_wants_serving_and_a_good_status() {
    let reply = |health: u8, status: u8| {
        answer(&[
            frame(HEADERS, END_HEADERS, 1, STATUS_200),
            frame(DATA, 0, 1, &[0, 0, 0, 0, 2, 8, health]),
            frame(HEADERS, END_HEADERS | END_STREAM, 1, &grpc_status(status)),
        ])
    };
    assert_eq!(outcome(&grpc(), &reply(1, b'0'), &[]), Some(PASS));
    assert_eq!(outcome(&grpc(), &reply(2, b'0'), &[]), fails(Failure::GrpcHealth(2)));
    assert_eq!(outcome(&grpc(), &reply(1, b'5'), &[]), fails(Failure::GrpcStatus(5)));
    let only_trailer =
        answer(&[frame(HEADERS, END_HEADERS | END_STREAM, 1, &[STATUS_200, &grpc_status(b'5')].concat())]);
    assert_eq!(outcome(&grpc(), &only_trailer, &[]), fails(Failure::GrpcStatus(5)));
    let web_page =
        answer(&[frame(HEADERS, END_HEADERS, 1, STATUS_200), frame(DATA, END_STREAM, 1, b"hello")]);
    assert_eq!(outcome(&grpc(), &web_page, &[]), fails(Failure::Malformed("no gRPC status")));
    let not_found = answer(&[frame(HEADERS, END_HEADERS, 1, STATUS_503)]);
    assert_eq!(outcome(&grpc(), &not_found, &[]), fails(Failure::Status(503)));
}

fn any_frame() -> impl Strategy<Value = Vec<u8>> {
    let payload = prop_oneof![
        Just(STATUS_200.to_vec()),
        Just(grpc_status(b'0')),
        Just(vec![0, 0, 0, 0, 2, 8, 1]),
        proptest::collection::vec(any::<u8>(), 0..24),
    ];
    (0u8..11, any::<u8>(), 0u8..3, payload)
        .prop_map(|(kind, flags, stream, payload)| frame(kind, flags, stream, &payload))
}

proptest! {
    #[test]
    fn no_frames_do_harm_and_cuts_make_no_difference(
        frames in proptest::collection::vec(any_frame(), 0..6),
        closes in any::<bool>(),
    ) {
        let then: &[Step<'_>] = if closes { &[Step::Closes] } else { &[] };
        prop_assert!(outcome(&text(), &answer(&frames), then).is_some() || !closes);
        outcome(&grpc(), &answer(&frames), then);
    }

    #[test]
    fn no_octets_do_harm(octets in proptest::collection::vec(any::<u8>(), 0..200)) {
        outcome(&text(), &octets, &[]);
        outcome(&grpc(), &[settings(), octets].concat(), &[Step::Closes]);
    }
}
