//! Definitions, and dialogues driven without sockets.

#![allow(dead_code, reason = "each test uses its part")]

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use lvs_health::{Dialogue, Http, Network, Outcome, Prepared, Protocol, Shared, Target, Url, WeightUpdate};

pub(crate) const PASS: Outcome = Outcome::Pass(WeightUpdate::Unchanged);

pub(crate) fn target() -> Target {
    Target::new(SocketAddr::from((Ipv4Addr::LOCALHOST, 80)), Duration::from_secs(5))
}

pub(crate) fn url() -> Url {
    Url { server_name: None, tls_compliant: false, ..Url::new("/", "a.example") }
}

pub(crate) fn http(url: Url) -> Http {
    Http::new([url])
}

pub(crate) fn prepared(protocol: Protocol) -> Prepared {
    Prepared::new(&Network { target: target(), protocol }, &mut Shared::default()).unwrap()
}

/// An act of the peer.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step<'s> {
    Says(&'s [u8]),
    Closes,
    Resets,
}

/// A connected dialogue that has sent what it wanted to.
pub(crate) fn connected(prepared: &Prepared) -> (Dialogue, Instant) {
    let now = Instant::now();
    let mut dialogue = prepared.begin(now, 0, 7);
    dialogue.handle_connected(now);
    dialogue.consume(dialogue.output().len());
    (dialogue, now)
}

fn play(prepared: &Prepared, steps: &[Step<'_>]) -> Option<Outcome> {
    let (mut dialogue, now) = connected(prepared);
    for step in steps {
        match step {
            Step::Says(octets) => dialogue.handle_input(now, octets),
            Step::Closes => dialogue.handle_end(now),
            Step::Resets => dialogue.handle_error(now, std::io::ErrorKind::ConnectionReset),
        }
        dialogue.consume(dialogue.output().len());
    }
    dialogue.outcome().cloned()
}

/// The outcome of an answer and the steps after it: the same, wherever the stream is cut in two, and octet by octet.
pub(crate) fn outcome(prepared: &Prepared, answer: &[u8], then: &[Step<'_>]) -> Option<Outcome> {
    let whole = play(prepared, &[&[Step::Says(answer)], then].concat());
    for cut in 0..answer.len() {
        let (first, second) = answer.split_at(cut);
        let cut_in_two = play(prepared, &[&[Step::Says(first), Step::Says(second)], then].concat());
        assert_eq!(cut_in_two, whole, "cut at {cut}");
    }
    let octets: Vec<_> = answer.chunks(1).map(Step::Says).collect();
    assert_eq!(play(prepared, &[&octets, then].concat()), whole, "octet by octet");
    whole
}
