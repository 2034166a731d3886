use std::io::{BufRead, BufReader};
use std::net::Shutdown;

use mio::{Events, Poll};

use super::*;
use crate::parent::testing::TestDirectory;

/// A parent that does nothing but answer clients.
struct Answering {
    poll: Poll,
    control: Control,
    _directory: TestDirectory,
}

fn log() -> Log {
    Log::silent()
}

impl Answering {
    fn new() -> Self {
        let directory = TestDirectory::new();
        let poll = Poll::new().unwrap();
        let mut control = Control::new(poll.registry().try_clone().unwrap());
        let policy = Policy { group: Some(nix::unistd::getgid().as_raw()), group_acts: true };
        let path = directory.path().join("control.sock");
        control.arrange(Instant::now(), Some(path), policy, &mut log());
        Self { poll, control, _directory: directory }
    }

    fn connect(&self) -> UnixStream {
        let stream = UnixStream::connect(self.control.path().unwrap()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        stream
    }

    /// Works until nothing is left to do.
    fn turn(&mut self) -> Vec<(ClientId, Verb)> {
        let mut requests = Vec::new();
        let mut events = Events::with_capacity(16);
        for _ in 0..64 {
            self.poll.poll(&mut events, Some(Duration::ZERO)).unwrap();
            let now = Instant::now();
            self.control.handle_events(events.iter(), now);
            requests.extend(std::iter::from_fn(|| self.control.poll_request()));
            self.control.flush(now);
        }
        requests
    }
}

fn lines(stream: &UnixStream) -> Vec<String> {
    BufReader::new(stream).lines().map(Result::unwrap).collect()
}

#[test]
fn a_request_reaches_the_parent_and_its_answer_the_client() {
    let mut parent = Answering::new();
    let mut client = parent.connect();
    client.write_all(b"{\"v\":1,\"do\":\"undo\"}\n").unwrap();
    let requests = parent.turn();
    let [(id, Verb::Undo {})] = requests[..] else { panic!("{requests:?}") };
    parent.control.answer(Instant::now(), id, &Answer::done("ok"));
    client.shutdown(Shutdown::Write).unwrap();
    parent.turn();
    assert_eq!(lines(&client), ["{\"is\":\"done\",\"v\":1,\"text\":\"ok\"}"]);
    assert!(parent.control.streams.is_empty());
}

#[test]
fn events_of_before_are_shown_and_those_that_follow() {
    let mut parent = Answering::new();
    let happened = |n| EventKind::Bfd { session: format!("s{n}"), up: true };
    parent.control.publish(happened(1));
    let client = parent.connect();
    parent.turn();
    let id = *parent.control.streams.keys().next().unwrap();
    parent.control.show_events(Instant::now(), id, true);
    parent.control.publish(happened(2));
    parent.turn();
    let mut reader = BufReader::new(&client);
    for expected in ["s1", "s2"] {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        assert!(line.contains(expected), "{line}");
    }
}

#[test]
fn a_large_answer_arrives_whole_however_slowly_it_is_read() {
    let mut parent = Answering::new();
    let mut client = parent.connect();
    client.write_all(b"{\"v\":1,\"do\":\"status\"}\n").unwrap();
    let requests = parent.turn();
    let text = "x".repeat(3 << 20);
    parent.control.answer(Instant::now(), requests[0].0, &Answer::done(&text));
    client.shutdown(Shutdown::Write).unwrap();
    let reader = std::thread::spawn(move || lines(&client));
    while !reader.is_finished() {
        parent.turn();
    }
    let lines = reader.join().unwrap();
    assert_eq!(lines.len(), 1);
    assert!(lines[0].contains(&text));
}

#[test]
fn a_reload_moves_the_socket_or_takes_it_away() {
    let mut parent = Answering::new();
    let old = parent.control.path().unwrap().to_owned();
    let new = old.with_file_name("other.sock");
    let (now, policy) = (Instant::now(), parent.control.policy);
    parent.control.arrange(now, Some(new.clone()), policy, &mut log());
    assert!(!old.exists() && new.exists());
    parent.connect();
    parent.control.arrange(now, None, policy, &mut log());
    assert!(!new.exists());
    assert_eq!(parent.control.deadline(now), None);
}

#[test]
fn a_socket_that_somebody_else_has_is_tried_again() {
    let mut first = Answering::new();
    let path = first.control.path().unwrap().to_owned();
    let (now, policy) = (Instant::now(), first.control.policy);
    let mut second = Answering::new();
    second.control.arrange(now, Some(path.clone()), policy, &mut log());
    assert!(second.control.path().is_none());
    first.control.arrange(now, None, policy, &mut log());
    let at = second.control.deadline(now).unwrap();
    assert_eq!(at, now + OPEN_AGAIN);
    second.control.handle_timeout(at);
    assert_eq!(second.control.path(), Some(&*path));
}
