//! Dialogues of health checks with a peer that says anything.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use lvs_health::{
    DigestMd5, Http, HttpVersion, Network, Outcome, Pattern, Prepared, Protocol, Shared, StatusCodes, Target,
    Url,
};

pub fn prepared(protocol: Protocol) -> Prepared {
    let target = Target::new(SocketAddr::from((Ipv4Addr::LOCALHOST, 80)), Duration::from_secs(5));
    Prepared::new(&Network { target, protocol }, &mut Shared::default()).unwrap()
}

/// A page: one bit of `choices` for each criterion.
#[allow(dead_code, reason = "nobody asks gRPC for a page")]
pub fn page(choices: u8, version: HttpVersion) -> Http {
    let chosen = |bit: u8| choices >> bit & 1 == 1;
    let pattern = || Pattern {
        text: "^o(k|x)$".to_owned(),
        no_match: chosen(3),
        options: Vec::new(),
        min_offset: 0,
        max_offset: None,
    };
    let url = Url {
        path: "/".to_owned(),
        method: lvs_health::HttpMethod::Get,
        request_body: None,
        host: "a.example".to_owned(),
        server_name: None,
        status: StatusCodes::default(),
        // Of `ok`.
        digest: chosen(0).then_some(DigestMd5(0x444b_cb3a_3fcf_8389_296c_4946_7f27_e1d6_u128.to_be_bytes())),
        pattern: chosen(1).then(pattern),
        follow_redirects: if chosen(4) { 3 } else { 0 },
        body: chosen(2).then(|| b"ok".to_vec()),
        tls_compliant: false,
    };
    Http { urls: vec![url], version, tls: None, headers: Vec::new(), basic_auth: None }
}

/// Invariants for any answer: the outcome does not depend on how the stream is cut, there is one when the peer closes,
/// and little is waiting to be sent.
pub fn check(prepared: &Prepared, answer: &[u8], cut: u8) {
    let whole = play(prepared, &[answer]);
    let pieces: Vec<_> = answer.chunks(usize::from(cut).max(1)).collect();
    assert_eq!(play(prepared, &pieces), whole);
}

fn play(prepared: &Prepared, pieces: &[&[u8]]) -> Outcome {
    let now = Instant::now();
    let mut dialogue = prepared.begin(now, 0, 0);
    dialogue.handle_connected(now);
    for piece in pieces {
        // A peer that reads what it is sent.
        dialogue.consume(dialogue.output().len());
        dialogue.handle_input(now, piece);
        assert!(dialogue.output().len() < 64 * 1024 + 17 * piece.len() + 64);
    }
    if dialogue.wants_another_connection() {
        dialogue.handle_error(now, std::io::ErrorKind::ConnectionRefused);
    }
    dialogue.handle_end(now);
    let _ = (dialogue.notes(), format!("{dialogue:?}"));
    assert_eq!(dialogue.poll_timeout(), None);
    dialogue.outcome().cloned().expect("an end has an outcome")
}
