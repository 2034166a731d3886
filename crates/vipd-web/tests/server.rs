//! The server over bytes and time, without sockets.

#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "support/samples.rs"]
mod samples;

use std::io::Read as _;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use vipd_status::{Event, EventKind, Status, Timestamp};
use vipd_web::{Access, ConnectionId, MAX_CONNECTIONS, MAX_HEAD, MAX_STREAMS, Server, Site};

/// A server, its time, and what its daemon says.
struct Lab {
    server: Server,
    now: Instant,
    status: Status,
    events: Vec<Event>,
    /// Number of questions to the daemon.
    asked: usize,
}

impl Lab {
    fn new(token: Option<&[u8]>) -> Self {
        let now = Instant::now();
        let at: Timestamp = "2026-11-30T21:30:31Z".parse().unwrap();
        let access = Access::new(token, ["router-a".to_owned()]);
        let server = Server::new(now, Site::new("router-a", 1), access);
        Self { server, now, status: samples::status(at, 6), events: samples::events(at), asked: 0 }
    }

    fn connect(&mut self) -> ConnectionId {
        self.server.accept(self.now).expect("no room")
    }

    fn send(&mut self, id: ConnectionId, text: &str) {
        self.server.handle_input(self.now, id, text.as_bytes());
    }

    /// Everything that the server sends now, with a daemon that answers at once.
    fn receive(&mut self, id: ConnectionId) -> String {
        String::from_utf8(self.receive_bytes(id)).unwrap()
    }

    fn receive_bytes(&mut self, id: ConnectionId) -> Vec<u8> {
        self.answer();
        let mut text = Vec::new();
        loop {
            let output = self.server.output(id).to_vec();
            if output.is_empty() {
                return text;
            }
            text.extend_from_slice(&output);
            self.server.handle_sent(self.now, id, output.len());
        }
    }

    fn answer(&mut self) {
        self.server.handle_events(self.now, self.events.clone());
        if self.server.poll_demand(self.now) {
            self.asked += 1;
            self.server.handle_status(self.now, self.status.clone());
        }
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
        self.server.handle_timeout(self.now);
    }

    fn get(&mut self, path: &str) -> String {
        let id = self.connect();
        self.send(id, &format!("GET {path} HTTP/1.1\r\nHost: router-a\r\nConnection: close\r\n\r\n"));
        let answer = self.receive(id);
        assert!(self.server.is_done(id));
        self.server.handle_end(id);
        answer
    }
}

fn status_line(answer: &str) -> &str {
    answer.lines().next().unwrap_or_default()
}

fn body(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").map_or("", |(_, body)| body)
}

const PATHS: [&str; 6] =
    ["/", "/explain?name=VI_1", "/healthz", "/metrics", "/api/v1/status", "/api/v1/events"];

#[test]
fn every_route_answers_and_forbids_what_a_browser_could_do_with_it() {
    let mut lab = Lab::new(None);
    for path in PATHS {
        let answer = lab.get(path);
        assert_eq!(status_line(&answer), "HTTP/1.1 200 OK", "{path}");
        assert!(answer.contains("X-Content-Type-Options: nosniff\r\n"), "{path}");
        assert!(answer.contains("Cache-Control: no-store\r\n"), "{path}");
        assert!(!answer.contains("Access-Control-Allow"), "{path}");
    }
    assert_eq!(status_line(&lab.get("/nothing")), "HTTP/1.1 404 Not Found");
    assert_eq!(status_line(&lab.get("/explain?name=VI_99")), "HTTP/1.1 404 Not Found");
    let page = lab.get("/");
    assert!(page.contains("Content-Security-Policy: default-src 'none'; style-src 'sha256-"));
    assert!(!page.contains("unsafe-inline"));
}

#[test]
fn the_json_is_the_status_and_the_events() {
    let mut lab = Lab::new(None);
    let answer = lab.get("/api/v1/status");
    assert_eq!(serde_json::from_str::<Status>(body(&answer)).unwrap(), lab.status);
    let answer = lab.get("/api/v1/events?since=5");
    let value: serde_json::Value = serde_json::from_str(body(&answer)).unwrap();
    let events: Vec<u64> =
        value["events"].as_array().unwrap().iter().map(|event| event["seq"].as_u64().unwrap()).collect();
    assert_eq!((events, &value["lost"]), (vec![6, 7], &serde_json::json!(0)));
}

#[test]
fn an_answer_is_compressed_for_a_client_that_takes_gzip_and_for_no_other() {
    let mut lab = Lab::new(None);
    let plain = lab.get("/metrics");
    assert!(!plain.contains("Content-Encoding"));
    for path in ["/metrics", "/", "/api/v1/status", "/healthz"] {
        let id = lab.connect();
        lab.send(
            id,
            &format!("GET {path} HTTP/1.1\r\nAccept-Encoding: br, gzip\r\nConnection: close\r\n\r\n"),
        );
        let answer = lab.receive_bytes(id);
        let end = answer.windows(4).position(|part| part == b"\r\n\r\n").unwrap() + 4;
        let (head, body) = (String::from_utf8_lossy(&answer[..end]).into_owned(), &answer[end..]);
        assert!(head.contains(&format!("Content-Length: {}\r\n", body.len())), "{path}: {head}");
        if path == "/healthz" {
            // A few bytes gain nothing.
            assert!(!head.contains("Content-Encoding") && body == b"ok\n", "{head}");
            continue;
        }
        assert!(head.contains("Content-Encoding: gzip\r\nVary: Accept-Encoding\r\n"), "{path}: {head}");
        let mut text = String::new();
        flate2::read::GzDecoder::new(body).read_to_string(&mut text).unwrap();
        assert!(body.len() * 2 < text.len(), "{path}: {} of {}", body.len(), text.len());
        if path == "/metrics" {
            assert_eq!(text.lines().count(), self::body(&plain).lines().count());
        }
    }
}

#[test]
fn metrics_have_the_format_that_a_scraper_reads() {
    let mut lab = Lab::new(None);
    let text = lab.get("/metrics");
    assert!(text.contains("Content-Type: text/plain; version=0.0.4"));
    assert!(text.contains("keepalived_up 1"), "{text}");
    let id = lab.connect();
    lab.send(id, "GET /metrics HTTP/1.1\r\nAccept: application/openmetrics-text;version=1.0.0\r\n\r\n");
    let text = lab.receive(id);
    assert!(text.contains("Content-Type: application/openmetrics-text") && text.ends_with("# EOF\n"));
}

#[test]
fn many_requests_in_a_moment_are_one_question_to_the_daemon() {
    let mut lab = Lab::new(None);
    for _ in 0..1000 {
        lab.get("/api/v1/status");
    }
    assert_eq!(lab.asked, 1);
    lab.pass(Duration::from_millis(199));
    lab.get("/healthz");
    assert_eq!(lab.asked, 1);
    lab.pass(Duration::from_millis(1));
    lab.get("/healthz");
    assert_eq!(lab.asked, 2);
}

#[test]
fn a_daemon_that_takes_long_is_asked_less_often() {
    let mut lab = Lab::new(None);
    let id = lab.connect();
    lab.send(id, "GET /healthz HTTP/1.1\r\n\r\n");
    assert!(lab.server.poll_demand(lab.now));
    lab.pass(Duration::from_millis(100));
    lab.server.handle_status(lab.now, lab.status.clone());
    assert!(lab.receive(id).ends_with("ok\n"));
    lab.pass(Duration::from_millis(999));
    lab.get("/healthz");
    assert_eq!(lab.asked, 0, "ten times the time that it took");
    lab.pass(Duration::from_millis(1));
    lab.get("/healthz");
    assert_eq!(lab.asked, 1);
}

#[test]
fn health_is_bad_if_a_worker_or_the_daemon_does_not_answer() {
    let mut lab = Lab::new(None);
    assert!(lab.get("/healthz").ends_with("\r\n\r\nok\n"));
    lab.pass(Duration::from_secs(1));
    lab.status.workers[0].silent = true;
    let answer = lab.get("/healthz");
    assert_eq!(status_line(&answer), "HTTP/1.1 503 Service Unavailable");
    assert_eq!(body(&answer), "the VRRP worker does not answer\n");
    lab.pass(Duration::from_secs(1));
    lab.status.workers[0].silent = false;
    lab.status.workers[1].pid = None;
    assert_eq!(body(&lab.get("/healthz")), "the LVS worker does not run\n");
    // Now the daemon says nothing at all.
    lab.pass(Duration::from_secs(1));
    let [probe, page] = [lab.connect(), lab.connect()];
    lab.send(probe, "GET /healthz HTTP/1.1\r\n\r\n");
    lab.send(page, "GET / HTTP/1.1\r\n\r\n");
    assert!(lab.server.poll_demand(lab.now));
    lab.pass(Duration::from_secs(2));
    assert_eq!(lab.receive(probe), "");
    lab.pass(Duration::from_secs(1));
    assert_eq!(body(&lab.receive(probe)), "vipd does not answer\n");
    assert_eq!(status_line(&lab.receive(page)), "HTTP/1.1 200 OK", "the known part is shown");
}

#[test]
fn requests_on_one_connection_are_answered_one_after_the_other() {
    let mut lab = Lab::new(None);
    let id = lab.connect();
    lab.send(id, "GET /healthz HTTP/1.1\r\n\r\nHEAD / HTTP/1.1\r\n\r\nGET /x HTTP/1.0\r\n\r\nGET /");
    let answers = lab.receive(id);
    let lines: Vec<&str> = answers.lines().filter(|line| line.starts_with("HTTP/1.1")).collect();
    assert_eq!(lines, ["HTTP/1.1 200 OK", "HTTP/1.1 200 OK", "HTTP/1.1 404 Not Found"]);
    assert!(lab.server.is_done(id), "HTTP/1.0 keeps nothing");
}

#[test]
fn nothing_is_answered_without_the_token() {
    let mut lab = Lab::new(Some(b"s3cret"));
    for path in PATHS.into_iter().chain(["/live", "/nothing"]) {
        let answer = lab.get(path);
        assert_eq!(status_line(&answer), "HTTP/1.1 401 Unauthorized", "{path}");
        assert!(!answer.contains("VI_1") && !answer.contains("s3cret"), "{path}");
    }
    assert_eq!(lab.asked, 0, "strangers make no work for the daemon");
    let id = lab.connect();
    lab.send(id, "GET / HTTP/1.1\r\nAuthorization: Bearer s3cret\r\n\r\n");
    let answer = lab.receive(id);
    assert_eq!(status_line(&answer), "HTTP/1.1 200 OK");
    assert!(!answer.contains("s3cret"));
}

#[test]
fn a_name_of_a_stranger_is_not_answered() {
    let mut lab = Lab::new(None);
    let id = lab.connect();
    lab.send(id, "GET /api/v1/status HTTP/1.1\r\nHost: evil.example\r\n\r\n");
    let answer = lab.receive(id);
    assert_eq!(status_line(&answer), "HTTP/1.1 421 Misdirected Request");
    assert_eq!(lab.asked, 0);
}

#[test]
fn idle_and_slow_clients_are_not_kept() {
    let mut lab = Lab::new(None);
    let [silent, slow, deaf] = [lab.connect(), lab.connect(), lab.connect()];
    lab.send(deaf, "GET / HTTP/1.1\r\n\r\n");
    lab.answer();
    for second in 0..10 {
        assert!(!lab.server.is_done(slow), "{second}");
        lab.send(slow, if second == 0 { "GET / HTTP/1.1\r\n" } else { "X: y\r\n" });
        lab.pass(Duration::from_secs(1));
    }
    assert!(lab.server.is_done(silent) && lab.server.is_done(slow));
    assert!(!lab.server.is_done(deaf));
    lab.pass(Duration::from_secs(10));
    assert!(lab.server.is_done(deaf), "it takes nothing of the answer");
}

#[test]
fn connections_and_their_data_are_bounded() {
    let mut lab = Lab::new(None);
    let first = lab.connect();
    for _ in 1..MAX_CONNECTIONS {
        let id = lab.connect();
        lab.send(id, "GET / HTTP/1.1\r\n");
    }
    assert!(!lab.server.is_done(first));
    let last = lab.connect();
    assert!(lab.server.is_done(first), "an idle one ends for a new one");
    lab.send(last, "G");
    assert_eq!(lab.server.accept(lab.now), None);
    lab.send(last, &"x".repeat(10 * MAX_HEAD));
    assert!(!lab.server.wants_input(last));
}

#[test]
fn a_reader_gets_each_event_once_and_the_number_of_lost_ones() {
    let mut lab = Lab::new(None);
    let id = lab.connect();
    lab.send(id, "GET /api/v1/events HTTP/1.1\r\nAccept: text/event-stream\r\nLast-Event-ID: 5\r\n\r\n");
    let text = lab.receive(id);
    assert!(text.contains("Content-Type: text/event-stream\r\n") && !text.contains("Content-Length"));
    assert_eq!(text.matches("\nid: ").count(), 2, "{text}");
    lab.pass(Duration::from_secs(1));
    lab.answer();
    assert_eq!(lab.receive(id), "", "nothing is new");
    // It stops to read, and 3,000 events happen.
    let happened =
        |seq| Event { seq, kind: EventKind::Restored { what: "x".to_owned() }, ..lab.events[0].clone() };
    lab.events.extend((8..3008).map(happened).collect::<Vec<_>>());
    lab.pass(Duration::from_secs(1));
    lab.answer();
    let piece = lab.server.output(id).len();
    assert!(piece < 64 * 1024, "{piece}");
    let text = lab.receive(id);
    assert!(text.starts_with("event: lost\ndata: 2000\n\n"), "{}", &text[..80]);
    assert_eq!(text.matches("\nid: ").count(), 1000);
    lab.send(id, "GET / HTTP/1.1\r\n\r\n");
    assert!(lab.server.is_done(id), "a reader of events has nothing to say");
}

#[test]
fn a_quiet_stream_shows_that_it_lives_and_a_deaf_reader_is_left() {
    let mut lab = Lab::new(None);
    let id = lab.connect();
    lab.send(id, "GET /api/v1/events?since=7 HTTP/1.1\r\nAccept: text/event-stream\r\n\r\n");
    lab.receive(id);
    lab.pass(Duration::from_secs(15));
    assert_eq!(lab.server.output(id), b":\n\n");
    lab.pass(Duration::from_secs(20));
    assert!(lab.server.is_done(id));
}

#[test]
fn readers_of_events_leave_room_for_others() {
    let mut lab = Lab::new(None);
    for _ in 0..MAX_STREAMS {
        let id = lab.connect();
        lab.send(id, "GET /live HTTP/1.1\r\n\r\n");
        lab.receive(id);
    }
    assert_eq!(status_line(&lab.get("/live")), "HTTP/1.1 503 Service Unavailable");
    assert!(lab.get("/healthz").ends_with("ok\n"));
}

#[test]
fn an_open_page_is_told_of_changes_and_nothing_else() {
    let mut lab = Lab::new(None);
    let page = lab.get("/");
    let version = page.split_once("data-version=\"").unwrap().1.split_once('"').unwrap().0;
    let id = lab.connect();
    lab.send(id, &format!("GET /live?since={version} HTTP/1.1\r\n\r\n"));
    assert!(lab.receive(id).ends_with("\r\n\r\n"), "it knows everything");
    lab.pass(Duration::from_secs(1));
    lab.status.instances[0].priority.effective = 140;
    let patch = lab.receive(id);
    let data = patch.lines().find_map(|line| line.strip_prefix("data: ")).unwrap();
    let value: serde_json::Value = serde_json::from_str(data).unwrap();
    let ids: Vec<&str> =
        value["blocks"].as_array().unwrap().iter().map(|block| block[0].as_str().unwrap()).collect();
    assert_eq!(ids, ["i0-0"]);
    lab.pass(Duration::from_secs(1));
    lab.status.instances.pop();
    assert!(lab.receive(id).contains("event: layout\n"), "an instance is gone");
    let id = lab.connect();
    lab.send(id, "GET /live?since=999999 HTTP/1.1\r\n\r\n");
    assert!(lab.receive(id).contains("event: layout\n"), "a page of another process");
}

#[test]
fn names_are_text_wherever_they_stand() {
    let mut lab = Lab::new(None);
    let hostile = "\"><script>alert(1)</script>'&";
    lab.status.instances[0].name = hostile.to_owned();
    lab.status.instances[0].interface = hostile.to_owned();
    lab.status.instances[0].group = Some(hostile.to_owned());
    lab.status.instances[2].fault = Some(vipd_status::Fault::Member { name: hostile.to_owned() });
    lab.status.services[0].name = hostile.to_owned();
    lab.status.services[0].servers[0].address = hostile.to_owned();
    lab.status.services[0].servers[3].checks[0].kind = hostile.to_owned();
    lab.status.trackers[0].name = hostile.to_owned();
    lab.status.daemon.config.file = hostile.to_owned();
    let query = "%22%3E%3Cscript%3Ealert(1)%3C/script%3E'%26";
    let pages = [
        "/".to_owned(),
        format!("/?q={query}"),
        format!("/explain?name={query}"),
        format!("/explain?name={query}&part=1"),
    ];
    for path in pages {
        let answer = lab.get(&path);
        assert_eq!(status_line(&answer), "HTTP/1.1 200 OK", "{path}");
        assert!(!answer.contains("<script>alert"), "{path}");
        assert!(answer.contains("&lt;script&gt;alert"), "{path}");
    }
}

#[test]
fn without_a_script_a_search_hides_what_does_not_match() {
    let mut lab = Lab::new(None);
    let page = lab.get("/?q=vi_3");
    let row = |id: &str| {
        page.split_once(&format!("<tr id=\"{id}\"")).unwrap().1.split_once('>').unwrap().0.to_owned()
    };
    assert_eq!([row("i0-1"), row("i0-2")], [" hidden", ""]);
}

/// Methods whose answer is not 405.
const READING: [&str; 2] = ["GET", "HEAD"];

proptest! {
    #[test]
    fn any_bytes_in_any_pieces_end_in_answers(
        requests in prop::collection::vec(prop_oneof![
            Just("GET / HTTP/1.1\r\n\r\n".to_owned()),
            Just("HEAD /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n".to_owned()),
            Just("GET /live HTTP/1.1\r\n\r\n".to_owned()),
            "(GET|HEAD|POST|PUT|x) /[a-z?=%&]{0,12} HTTP/1\\.[01]\r\n(Host: [a-z.:]{0,9}\r\n)?\r\n",
            "\\PC{0,40}",
        ], 0..8),
        piece in 1_usize..40,
    ) {
        let mut lab = Lab::new(None);
        let id = lab.connect();
        let text = requests.concat();
        for bytes in text.as_bytes().chunks(piece) {
            lab.server.handle_input(lab.now, id, bytes);
            let answers = lab.receive(id);
            let acts = requests.iter().all(|request| READING.iter().any(|method| request.starts_with(method)));
            prop_assert!(!(acts && answers.contains("HTTP/1.1 405")));
        }
        for _ in 0..10 {
            lab.pass(Duration::from_secs(30));
        }
        prop_assert!(lab.server.is_done(id), "it reads nothing, so it ends");
    }
}
