//! Attempts against real sockets on the loopback interface.

use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::time::Duration;

use lvs_health::director::{Action, Director, Plan, Server, Service};
use lvs_health::{
    Check, DigestMd5, Failure, Http, HttpVersion, Network, Prepared, Probe, Protocol, Reply, Shared,
    StatusCodes, Target, Timing, Udp, Url, WeightUpdate,
};
use mio::{Events, Poll};

use super::*;
use crate::connect;

struct Scene {
    poll: Poll,
    events: Events,
    attempts: Attempts,
    ids: std::vec::IntoIter<AttemptId>,
}

impl Scene {
    fn new(most: usize) -> Self {
        let (poll, events) = (Poll::new().unwrap(), Events::with_capacity(64));
        Self { poll, events, attempts: Attempts::new(FIRST, most), ids: ids().into_iter() }
    }

    fn begin(&mut self, address: SocketAddr, protocol: Protocol) -> AttemptId {
        let target = Target { limit: Duration::from_secs(60), ..Target::new(address, PATIENCE) };
        let prepared = Prepared::new(&Network { target, protocol }, &mut Shared::default()).unwrap();
        let (now, id) = (Instant::now(), self.ids.next().unwrap());
        let dialogue = prepared.begin(now, 0, 7);
        let socket = connect(prepared.target(), dialogue.transport()).unwrap();
        self.attempts.begin(now, id, socket, dialogue, self.poll.registry()).unwrap();
        id
    }

    /// One turn of the loop, without judging time.
    fn turn(&mut self) {
        let patience = if self.attempts.has_backlog() { Duration::ZERO } else { Duration::from_millis(10) };
        self.poll.poll(&mut self.events, Some(patience)).unwrap();
        let now = Instant::now();
        self.attempts.read_on(now);
        for event in &self.events {
            self.attempts.handle_event(now, event);
        }
        self.attempts.turn();
    }

    /// The end of the next attempt.
    fn ended(&mut self) -> Ended {
        let limit = Instant::now() + Duration::from_secs(10);
        loop {
            if let Some(ended) = self.attempts.take_ended().pop() {
                return ended;
            }
            assert!(Instant::now() < limit, "it never ends");
            self.turn();
        }
    }

    /// Lets a connection come about, and what is said first be sent.
    fn connected(&mut self, listener: &TcpListener) -> TcpStream {
        let (stream, _) = listener.accept().unwrap();
        let slot = self.attempts.slots.iter().position(Option::is_some).unwrap();
        let limit = Instant::now() + Duration::from_secs(10);
        while !self.attempts.slots[slot].as_ref().unwrap().connected {
            assert!(Instant::now() < limit, "it never connects");
            self.turn();
        }
        stream
    }
}

/// Attempts to hand out: their checks do not matter here.
fn ids() -> Vec<AttemptId> {
    let now = Instant::now();
    let timing = Timing {
        delay_loop: PATIENCE,
        retry: 0,
        rise: 1,
        delay_before_retry: PATIENCE,
        warmup: Duration::ZERO,
        alpha: false,
        fast_recovery: false,
    };
    let server = |port| {
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let network = Network { target: Target::new(address, PATIENCE), protocol: Protocol::Connect };
        let check = Check { probe: Probe::Network(network.into()), timing: timing.clone() };
        Server { checks: vec![check], ..Server::new(address) }
    };
    let service = Service { servers: (1..20).map(server).collect(), ..Service::new("web") };
    let mut director = Director::new(now, Plan { services: vec![service], share_checks: false });
    director.handle_timeout(now);
    let actions = std::iter::from_fn(|| director.poll_action());
    actions
        .filter_map(|action| match action {
            Action::Start { attempt, .. } => Some(attempt),
            _ => None,
        })
        .collect()
}

fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// Closes a connection with a reset.
fn reset(stream: TcpStream) {
    let socket = Socket::from(stream);
    socket.set_linger(Some(Duration::ZERO)).unwrap();
}

/// A page whose whole body is read.
fn page() -> Protocol {
    let url = Url {
        path: "/".to_owned(),
        method: lvs_health::HttpMethod::Get,
        request_body: None,
        host: "www.example.org".to_owned(),
        server_name: None,
        status: StatusCodes::from_ranges([(200, 299)]),
        digest: Some(DigestMd5([0; 16])),
        pattern: None,
        follow_redirects: 0,
        body: None,
        tls_compliant: false,
    };
    Protocol::Http(
        Http {
            urls: vec![url],
            version: HttpVersion::Http10,
            tls: None,
            headers: Vec::new(),
            basic_auth: None,
        }
        .into(),
    )
}

fn question() -> Protocol {
    let reply = Reply { pattern: Vec::new(), min_length: 0, max_length: 255 };
    Protocol::Udp(Udp { payload: b"well?".to_vec(), reply: Some(reply) }.into())
}

const FIRST: usize = 3;
const PATIENCE: Duration = Duration::from_secs(5);
const PASS: Outcome = Outcome::Pass(WeightUpdate::Unchanged);

fn broken(kind: ErrorKind) -> Outcome {
    Outcome::Fail(Failure::Io(kind))
}

#[test]
fn a_connection_passes_and_a_refused_one_fails() {
    let mut scene = Scene::new(10);
    let (listening, address) = listener();
    let id = scene.begin(address, Protocol::Connect);
    let ended = scene.ended();
    assert_eq!((ended.id, ended.outcome), (id, PASS));
    drop(listening);
    scene.begin(address, Protocol::Connect);
    assert_eq!(scene.ended().outcome, broken(ErrorKind::ConnectionRefused));
    assert!(scene.attempts.deadlines.is_empty() && scene.attempts.len() == 0);
}

#[test]
fn an_answer_counts_even_if_a_reset_is_right_behind_it() {
    let mut scene = Scene::new(10);
    let (listening, address) = listener();
    scene.begin(address, page());
    let mut stream = scene.connected(&listening);
    stream.write_all(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok").unwrap();
    reset(stream);
    let outcome = scene.ended().outcome;
    assert!(matches!(outcome, Outcome::Fail(Failure::Digest { .. })), "the body was read: {outcome:?}");
}

#[test]
fn a_reset_without_an_answer_fails() {
    let mut scene = Scene::new(10);
    let (listening, address) = listener();
    scene.begin(address, page());
    reset(scene.connected(&listening));
    assert_eq!(scene.ended().outcome, broken(ErrorKind::ConnectionReset));
}

#[test]
fn a_server_that_drips_is_judged_by_the_clock() {
    let mut scene = Scene::new(10);
    let (listening, address) = listener();
    scene.begin(address, page());
    let mut stream = scene.connected(&listening);
    stream.write_all(b"H").unwrap();
    scene.turn();
    assert!(scene.attempts.take_ended().is_empty());
    let due = scene.attempts.poll_timeout().unwrap();
    scene.attempts.handle_timeout(due.checked_sub(Duration::from_millis(1)).unwrap());
    assert!(scene.attempts.take_ended().is_empty());
    scene.attempts.handle_timeout(due);
    assert!(matches!(scene.ended().outcome, Outcome::Fail(Failure::Silent(_))));
}

#[test]
fn an_endless_body_has_one_place_in_the_queue_and_delays_no_other_check() {
    let mut scene = Scene::new(10);
    let (listening, address) = listener();
    scene.begin(address, page());
    let mut stream = scene.connected(&listening);
    stream.set_nonblocking(true).unwrap();
    stream.write_all(b"HTTP/1.0 200 OK\r\n\r\n").unwrap();
    let piece = vec![b'x'; 256 * 1024];
    let mut waited = false;
    for _ in 0..100 {
        // Each piece is an event of its own.
        for _ in 0..3 {
            let _ = stream.write(&piece);
        }
        scene.turn();
        waited |= scene.attempts.has_backlog();
        assert!(scene.attempts.unread.len() <= 1, "{:?}", scene.attempts.unread);
    }
    assert!(waited, "it was never too much for one turn");
    let other = scene.begin(address, Protocol::Connect);
    for _ in 0..2 {
        let _ = stream.write(&piece);
        scene.turn();
    }
    assert_eq!(scene.ended().id, other);
}

#[test]
fn a_datagram_is_answered_or_refused() {
    let mut scene = Scene::new(10);
    let server = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = server.local_addr().unwrap();
    scene.begin(address, question());
    let mut buffer = [0; 16];
    let (count, from) = server.recv_from(&mut buffer).unwrap();
    assert_eq!(&buffer[..count], b"well?");
    server.send_to(b"yes", from).unwrap();
    assert_eq!(scene.ended().outcome, PASS);
    drop(server);
    scene.begin(address, question());
    assert_eq!(scene.ended().outcome, broken(ErrorKind::ConnectionRefused));
}

#[test]
fn a_slot_rests_for_a_turn_before_another_attempt_has_it() {
    let mut scene = Scene::new(10);
    let (_listening, address) = listener();
    let first = scene.begin(address, page());
    scene.attempts.cancel(first);
    scene.begin(address, page());
    assert_eq!(scene.attempts.slots.len(), 2);
    scene.turn();
    scene.begin(address, page());
    assert_eq!(scene.attempts.slots.len(), 2);
    assert_eq!((scene.attempts.len(), scene.attempts.deadlines.len()), (2, 2));
}

#[test]
fn there_is_a_most_of_attempts() {
    let mut scene = Scene::new(2);
    let (_listening, address) = listener();
    let first = scene.begin(address, page());
    assert!(!scene.attempts.is_full());
    scene.begin(address, page());
    assert!(scene.attempts.is_full());
    scene.attempts.cancel(first);
    assert!(!scene.attempts.is_full());
}

/// A server that answers each connection with the next of these, and gives the paths that it was asked for.
fn answering(answers: Vec<&'static str>) -> (SocketAddr, std::thread::JoinHandle<Vec<String>>) {
    let (listener, address) = listener();
    let serve = move || {
        let serve_one = |answer: &str| {
            let (mut peer, _) = listener.accept().unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                peer.read_exact(&mut byte).unwrap();
                request.extend(byte);
            }
            peer.write_all(answer.as_bytes()).unwrap();
            let text = String::from_utf8(request).unwrap();
            text.split(' ').nth(1).unwrap().to_owned()
        };
        answers.into_iter().map(serve_one).collect()
    };
    (address, std::thread::spawn(serve))
}

fn redirecting(follow_redirects: u8) -> Protocol {
    let url = Url { follow_redirects, body: Some(b"ok".to_vec()), ..Url::new("/", "www.example.org") };
    Protocol::Http(Http::new([url]).into())
}

#[test]
fn a_redirect_is_followed_over_a_second_connection_to_the_same_server() {
    let moved = "HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 4\r\n\r\nhere";
    let page = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    let (address, server) = answering(vec![moved, page]);
    let mut scene = Scene::new(9);
    let id = scene.begin(address, redirecting(1));
    let limit = Instant::now() + Duration::from_secs(10);
    let led_on = loop {
        if let Some(id) = scene.attempts.take_led_on().pop() {
            break id;
        }
        assert!(Instant::now() < limit, "it is never led on");
        scene.turn();
    };
    assert_eq!(led_on, id);
    let socket = connect(&Target::new(address, PATIENCE), Transport::Stream).unwrap();
    scene.attempts.reconnect(led_on, socket, scene.poll.registry()).unwrap();
    assert_eq!(scene.ended().outcome, Outcome::Pass(WeightUpdate::Unchanged));
    assert_eq!(server.join().unwrap(), ["/", "/login"]);
    assert_eq!(scene.attempts.len(), 0);
}

#[test]
fn a_redirect_whose_second_connection_is_refused_fails() {
    let (address, server) = answering(vec!["HTTP/1.1 302 Found\r\nLocation: /login\r\n\r\n"]);
    let mut scene = Scene::new(9);
    scene.begin(address, redirecting(1));
    let limit = Instant::now() + Duration::from_secs(10);
    let led_on = loop {
        if let Some(id) = scene.attempts.take_led_on().pop() {
            break id;
        }
        assert!(Instant::now() < limit, "it is never led on");
        scene.turn();
    };
    // The server is gone by now, with its port.
    server.join().unwrap();
    if let Ok(socket) = connect(&Target::new(address, PATIENCE), Transport::Stream) {
        scene.attempts.reconnect(led_on, socket, scene.poll.registry()).unwrap();
    } else {
        scene.attempts.fail(Instant::now(), led_on, ErrorKind::ConnectionRefused);
    }
    let refused = scene.ended();
    assert_eq!(refused.outcome, Outcome::Fail(Failure::Io(ErrorKind::ConnectionRefused)));
}
