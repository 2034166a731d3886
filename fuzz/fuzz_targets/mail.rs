//! Anything that a mail server may say, in any cut: no panic, bounded memory, an end or a wait, and nothing but whole
//! lines said to it. And anything in a configuration or a name: it stays one mail with the headers it should have.
//!
//! Input: choices, a text for names and subject, and what the server says.

#![no_main]

use std::time::{Duration, Instant};

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use smtp_submit::{Login, Mailbox, Message, Outcome, Session, SessionConfig, dot_stuffed};

#[derive(Debug, Arbitrary)]
struct Input<'a> {
    start_tls: bool,
    implicit_tls: bool,
    is_local: bool,
    login: bool,
    recipients: u8,
    name: &'a str,
    text: &'a str,
    /// Where the server's octets are cut; 0 ends the connection, 255 lets the time pass.
    cuts: Vec<u8>,
    says: &'a [u8],
}

fuzz_target!(|input: Input<'_>| {
    let mail = message(&input);
    let whole = play(&input, &mail, &[]);
    let in_pieces: Vec<u8> = input.cuts.iter().copied().filter(|cut| (1..255).contains(cut)).collect();
    assert_eq!(play(&input, &mail, &in_pieces), whole);
    play(&input, &mail, &input.cuts);
});

/// The session's output and its outcome.
fn play(input: &Input<'_>, mail: &[u8], cuts: &[u8]) -> (Vec<u8>, Option<Outcome>) {
    let mut now = Instant::now();
    let timeout = Duration::from_secs(30);
    let mut config = SessionConfig::new(input.name, timeout);
    config.start_tls = input.start_tls;
    config.implicit_tls = input.implicit_tls;
    config.is_local = input.is_local;
    config.login =
        input.login.then(|| Login { user: input.name.to_owned(), password: input.text.to_owned() });
    let recipients = vec!["a@example.org".to_owned(); usize::from(input.recipients % 8)];
    let mut session = Session::new(now, config, "k@example.org", &recipients, mail);
    let mut said = Vec::new();
    let mut says = input.says;
    let mut cuts = cuts.iter().copied();
    loop {
        said.extend_from_slice(session.output());
        session.consume(session.output().len());
        if let Some(outcome) = session.outcome() {
            assert!(session.poll_timeout().is_none() && !session.wants_tls());
            if let Ok(statuses) = outcome {
                assert_eq!(statuses.len(), recipients.len());
            }
            break;
        }
        if session.wants_tls() {
            session.handle_secured(now);
            continue;
        }
        if says.is_empty() {
            break;
        }
        match cuts.next() {
            Some(0) => session.handle_end(),
            Some(255) => {
                now += timeout;
                session.handle_timeout(now);
                assert!(session.outcome().is_some());
            }
            cut => {
                // As if the server waited for each answer: what it says goes line by line.
                let line = says.iter().position(|octet| *octet == b'\n').map_or(says.len(), |at| at + 1);
                let (part, rest) = says.split_at(cut.map_or(line, |cut| usize::from(cut).min(line)));
                says = rest;
                session.handle_input(now, part);
            }
        }
    }
    assert!(said.is_empty() || said.ends_with(b"\r\n"));
    assert!(said.split(|octet| *octet == b'\n').all(|line| line.is_empty() || line.ends_with(b"\r")));
    (said, session.outcome().cloned())
}

fn message(input: &Input<'_>) -> Vec<u8> {
    let from = Mailbox::parse("k@example.org").expect("an address");
    let to: Vec<Mailbox> = Mailbox::parse(input.name).into_iter().collect();
    let date = "Sun, 22 Nov 2026 11:35:33 +0000";
    let mail = Message { date, from: &from, subject: input.text, to: &to, body: input.name, mailer: Some(input.text) }.emit();
    let sent = dot_stuffed(&mail);
    let text = std::str::from_utf8(&sent).expect("ASCII");
    assert!(text.is_ascii() && text.ends_with("\r\n.\r\n"));
    assert_eq!(text.find("\r\n.\r\n"), Some(text.len() - 5), "one mail");
    let (headers, _) = text.split_once("\r\n\r\n").expect("a body");
    for line in headers.split("\r\n") {
        let known = ["Date: ", "From: ", "Subject: ", "X-Mailer: ", "To: ", "MIME-", "Content-T", " "];
        assert!(known.iter().any(|start| line.starts_with(start)) && line.len() <= 998, "{line:?}");
        assert!(!line.contains(['\r', '\n', '\0']));
    }
    mail
}
