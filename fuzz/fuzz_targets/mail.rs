//! Anything that a mail server may say, in any cut: no panic, bounded memory, an end or a wait, and nothing but whole
//! lines said to it. And anything in a configuration or a name: it stays one mail with the headers it should have.
//!
//! Input: choices, a text for names and subject, and what the server says.

#![no_main]

use std::time::{Duration, Instant};

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use vipd::mail::{Dialogue, Login, Mailbox, Message, Outcome, Terms, stuffed};

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

/// What the dialogue said and how it ended.
fn play(input: &Input<'_>, mail: &[u8], cuts: &[u8]) -> (Vec<u8>, Option<Outcome>) {
    let mut now = Instant::now();
    let timeout = Duration::from_secs(30);
    let terms = Terms {
        helo: input.name.to_owned(),
        start_tls: input.start_tls,
        implicit_tls: input.implicit_tls,
        is_local: input.is_local,
        login: input.login.then(|| Login { user: input.name.to_owned(), password: input.text.to_owned() }),
        timeout,
    };
    let recipients = vec!["a@example.org".to_owned(); usize::from(input.recipients % 8)];
    let mut dialogue = Dialogue::new(now, terms, "k@example.org", &recipients, mail);
    let mut said = Vec::new();
    let mut says = input.says;
    let mut cuts = cuts.iter().copied();
    loop {
        said.extend_from_slice(dialogue.output());
        dialogue.consume(dialogue.output().len());
        if let Some(outcome) = dialogue.outcome() {
            assert!(dialogue.poll_timeout().is_none() && !dialogue.wants_tls());
            if let Ok(fates) = outcome {
                assert_eq!(fates.len(), recipients.len());
            }
            break;
        }
        if dialogue.wants_tls() {
            dialogue.handle_secured(now);
            continue;
        }
        if says.is_empty() {
            break;
        }
        match cuts.next() {
            Some(0) => dialogue.handle_end(),
            Some(255) => {
                now += timeout;
                dialogue.handle_timeout(now);
                assert!(dialogue.outcome().is_some());
            }
            cut => {
                // As if the server waited for each answer: what it says goes line by line.
                let line = says.iter().position(|octet| *octet == b'\n').map_or(says.len(), |at| at + 1);
                let (part, rest) = says.split_at(cut.map_or(line, |cut| usize::from(cut).min(line)));
                says = rest;
                dialogue.handle_input(now, part);
            }
        }
    }
    assert!(said.is_empty() || said.ends_with(b"\r\n"));
    assert!(said.split(|octet| *octet == b'\n').all(|line| line.is_empty() || line.ends_with(b"\r")));
    (said, dialogue.outcome().cloned())
}

fn message(input: &Input<'_>) -> Vec<u8> {
    let from = Mailbox::parse("k@example.org").expect("an address");
    let to: Vec<Mailbox> = Mailbox::parse(input.name).into_iter().collect();
    let date = "Sun, 22 Nov 2026 11:35:33 +0000";
    let mail = Message { date, from: &from, subject: input.text, to: &to, body: input.name }.emit();
    let sent = stuffed(&mail);
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
