//! Transcripts: `S:` is said by the server, `C:` by us.

use proptest::prelude::*;

use super::*;

const TIMEOUT: Duration = Duration::from_secs(30);
const TEXT: &[u8] = b"Subject: s\r\n\r\n.dot\r\n";

fn config() -> SessionConfig {
    SessionConfig::new("lb1.example.org", TIMEOUT)
}

fn with_login(config: SessionConfig) -> SessionConfig {
    SessionConfig { login: Some(Login { user: "joe".to_owned(), password: "s3cret".to_owned() }), ..config }
}

fn begin(now: Instant, config: SessionConfig) -> Session {
    Session::new(now, config, "k@x.org", &["a@x.org".to_owned(), "b@x.org".to_owned()], TEXT)
}

/// Plays a transcript, in which `TLS` is a handshake, and gives the outcome. The server's bytes come in pieces of
/// `cut` bytes.
#[track_caller]
fn play_cut(config: SessionConfig, transcript: &[&str], cut: usize) -> Option<Outcome> {
    let now = Instant::now();
    let mut session = begin(now, config);
    for line in transcript {
        if *line == "TLS" {
            assert!(session.wants_tls());
            session.handle_secured(now);
        } else if let Some(line) = line.strip_prefix("S: ") {
            assert_eq!(session.output(), b"", "before {line:?}");
            for part in format!("{line}\r\n").as_bytes().chunks(cut) {
                session.handle_input(now, part);
            }
        } else {
            let expected = format!("{}\r\n", line.strip_prefix("C: ").unwrap());
            let output = String::from_utf8_lossy(session.output()).into_owned();
            assert!(output.starts_with(&expected), "expected {expected:?}, not {output:?}");
            session.consume(expected.len());
        }
    }
    assert_eq!(session.output(), b"", "at the end");
    assert_eq!(session.poll_timeout().is_none(), session.outcome().is_some());
    session.outcome().cloned()
}

#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "transcripts are read more easily")]
fn play(config: SessionConfig, transcript: &[&str]) -> Option<Outcome> {
    let whole = play_cut(config.clone(), transcript, 4096);
    for cut in [1, 2, 3, 7] {
        assert_eq!(play_cut(config.clone(), transcript, cut), whole, "in pieces of {cut}");
    }
    whole
}

fn said(step: Step, reply: &str) -> ServerReply {
    ServerReply::new(step, reply)
}

#[test]
fn the_plain_dialogue_is_keepalived_s() {
    let outcome = play(
        config(),
        &[
            "S: 220-mx says hello",
            "S: 220 mx ESMTP",
            "C: HELO lb1.example.org",
            "S: 250 mx",
            "C: MAIL FROM:<k@x.org>",
            "S: 250 ok",
            "C: RCPT TO:<a@x.org>",
            "S: 250 ok",
            "C: RCPT TO:<b@x.org>",
            "S: 251 forwarded",
            "C: DATA",
            "S: 354 go",
            "C: Subject: s\r\n\r\n..dot\r\n.",
            "S: 250 queued",
            "C: QUIT",
        ],
    );
    assert_eq!(outcome, Some(Ok(vec![DeliveryStatus::Accepted, DeliveryStatus::Accepted])));
}

#[test]
fn a_refused_recipient_does_not_stop_the_others() {
    let start = ["S: 220 mx", "C: HELO lb1.example.org", "S: 250 mx", "C: MAIL FROM:<k@x.org>", "S: 250 ok"];
    let first = ["C: RCPT TO:<a@x.org>", "S: 550 5.1.1 no such user", "C: RCPT TO:<b@x.org>"];
    let never = DeliveryStatus::Rejected(said(Step::Recipient, "550 5.1.1 no such user"));
    let later = |text| DeliveryStatus::Deferred(said(Step::Recipient, text));

    let rest =
        ["S: 250 ok", "C: DATA", "S: 354 go", "C: Subject: s\r\n\r\n..dot\r\n.", "S: 250 queued", "C: QUIT"];
    let outcome = play(config(), &[&start[..], &first, &rest].concat());
    assert_eq!(outcome, Some(Ok(vec![never.clone(), DeliveryStatus::Accepted])));

    let outcome = play(config(), &[&start[..], &first, &["S: 450 busy", "C: QUIT"]].concat());
    assert_eq!(outcome, Some(Ok(vec![never, later("450 busy")])));

    // The server is going away: nobody has it.
    let outcome = play(config(), &[&start[..], &first, &["S: 421 bye"]].concat());
    assert_eq!(outcome, Some(Err(Failure::Refused(said(Step::Recipient, "421 bye")))));
}

#[test]
fn a_refusal_at_the_end_concerns_all_accepted_recipients() {
    let start = ["S: 220 mx", "C: HELO lb1.example.org", "S: 250 mx", "C: MAIL FROM:<k@x.org>", "S: 250 ok"];
    let recipients =
        ["C: RCPT TO:<a@x.org>", "S: 250 ok", "C: RCPT TO:<b@x.org>", "S: 451 greylisted", "C: DATA"];
    let outcome =
        play(config(), &[&start[..], &recipients, &["S: 554 no valid recipients", "C: QUIT"]].concat());
    let greylisted = DeliveryStatus::Deferred(said(Step::Recipient, "451 greylisted"));
    let refused = DeliveryStatus::Rejected(said(Step::Data, "554 no valid recipients"));
    assert_eq!(outcome, Some(Ok(vec![refused, greylisted.clone()])));

    let end = ["S: 354 go", "C: Subject: s\r\n\r\n..dot\r\n.", "S: 452 disk full", "C: QUIT"];
    let outcome = play(config(), &[&start[..], &recipients, &end].concat());
    let full = DeliveryStatus::Deferred(said(Step::Text, "452 disk full"));
    assert_eq!(outcome, Some(Ok(vec![full, greylisted])));
}

/// Every reply code in every state of a plain session.
#[test]
fn each_code_is_decided_on_at_each_step() {
    let steps: [(&str, Step, &[u16]); 6] = [
        ("C: HELO lb1.example.org", Step::Banner, &[220]),
        ("C: MAIL FROM:<k@x.org>", Step::Hello, &[250]),
        ("C: RCPT TO:<a@x.org>", Step::Sender, &[250, 251, 252, 253, 254, 255, 256, 257, 258, 259]),
        ("C: RCPT TO:<b@x.org>", Step::Recipient, &[]),
        ("C: DATA", Step::Recipient, &[]),
        ("C: Subject: s\r\n\r\n..dot\r\n.", Step::Data, &[354]),
    ];
    let good = ["S: 220 mx", "S: 250 mx", "S: 250 ok", "S: 250 ok", "S: 250 ok", "S: 354 go"];
    for (index, (answer, step, wanted)) in steps.into_iter().enumerate() {
        let mut past = Vec::new();
        for place in 0..index {
            past.extend([good[place], steps[place].0]);
        }
        for code in 200..=599_u16 {
            let line = format!("S: {code} text");
            let said = said(step, &format!("{code} text"));
            let mut transcript = past.clone();
            transcript.push(&line);
            if wanted.contains(&code) || (step == Step::Recipient && code < 300) {
                transcript.push(answer);
                assert_eq!(play_cut(config(), &transcript, 100), None, "{step} {code}");
                continue;
            }
            if matches!((step, code), (Step::Recipient, 422..=599 | 400..=420)) {
                // Goes on with the next; told in another test.
                continue;
            }
            if code >= 400 && (code != 421 || step == Step::Data) {
                transcript.push("C: QUIT");
            }
            let outcome = play_cut(config(), &transcript, 100).expect("an end");
            match (step, code) {
                (Step::Data, 400..=499) => assert_eq!(outcome, Ok(vec![DeliveryStatus::Deferred(said); 2])),
                (Step::Data, 500..=599) => assert_eq!(outcome, Ok(vec![DeliveryStatus::Rejected(said); 2])),
                (_, 400..=599) => assert_eq!(outcome, Err(Failure::Refused(said)), "{step} {code}"),
                _ => assert!(matches!(outcome, Err(Failure::NotSmtp(at, _)) if at == step), "{step} {code}"),
            }
        }
    }
}

#[test]
fn starttls_is_required_and_earlier_offers_are_forgotten() {
    let config = with_login(SessionConfig { start_tls: true, ..config() });
    let start = ["S: 220 mx", "C: EHLO lb1.example.org"];
    let outcome =
        play(config.clone(), &[&start[..], &["S: 250-mx", "S: 250 AUTH PLAIN", "C: QUIT"]].concat());
    assert_eq!(outcome, Some(Err(Failure::NoStartTls)));

    let secured = ["S: 250-mx", "S: 250-AUTH PLAIN", "S: 250 STARTTLS", "C: STARTTLS", "S: 220 go", "TLS"];
    let again = ["C: EHLO lb1.example.org", "S: 250-mx", "S: 250 AUTH LOGIN"];
    let login = ["C: AUTH LOGIN", "S: 334 VXNlcm5hbWU6", "C: am9l", "S: 334 UGFzc3dvcmQ6", "C: czNjcmV0"];
    let outcome = play(
        config.clone(),
        &[&start[..], &secured, &again, &login, &["S: 235 welcome", "C: MAIL FROM:<k@x.org>"]].concat(),
    );
    assert_eq!(outcome, None);

    let outcome =
        play(config, &[&start[..], &secured, &again, &login, &["S: 535 5.7.8 wrong", "C: QUIT"]].concat());
    assert_eq!(outcome, Some(Err(Failure::Refused(said(Step::Login, "535 5.7.8 wrong")))));
}

#[test]
fn plain_text_behind_the_answer_to_starttls_breaks_the_dialogue() {
    let now = Instant::now();
    let mut session = begin(now, SessionConfig { start_tls: true, ..config() });
    session.handle_input(now, b"220 mx\r\n250-mx\r\n250 STARTTLS\r\n220 go\r\n250-mx\r\n");
    assert!(matches!(session.outcome(), Some(Err(Failure::NotSmtp(Step::StartTls, _)))));
    assert!(!session.wants_tls() && session.output().is_empty());
}

#[test]
fn tls_waits_until_the_command_is_sent() {
    let now = Instant::now();
    let mut session = begin(now, SessionConfig { start_tls: true, ..config() });
    session.handle_input(now, b"220 mx\r\n");
    session.consume(100);
    session.handle_input(now, b"250-mx\r\n250 starttls\r\n");
    assert!(!session.wants_tls());
    session.consume(100);
    session.handle_input(now, b"220 go\r\n");
    assert!(session.wants_tls());
}

#[test]
fn implicit_tls_begins_with_the_handshake_and_needs_no_ehlo() {
    let implicit = SessionConfig { implicit_tls: true, ..config() };
    let outcome = play(
        implicit.clone(),
        &["TLS", "S: 220 mx", "C: HELO lb1.example.org", "S: 250 mx", "C: MAIL FROM:<k@x.org>"],
    );
    assert_eq!(outcome, None);
    let now = Instant::now();
    let mut session = begin(now, implicit);
    session.handle_timeout(now + TIMEOUT);
    assert_eq!(session.outcome(), Some(&Err(Failure::Silent(Step::Handshake))));
}

#[test]
fn a_password_is_not_sent_where_others_could_read_it() {
    let start = ["S: 220 mx", "C: EHLO lb1.example.org", "S: 250-mx", "S: 250 AUTH LOGIN PLAIN"];
    let outcome = play(with_login(config()), &[&start[..], &["C: QUIT"]].concat());
    assert_eq!(outcome, Some(Err(Failure::Unprotected)));
    let local = SessionConfig { is_local: true, ..with_login(config()) };
    let login = ["C: AUTH PLAIN AGpvZQBzM2NyZXQ=", "S: 235 welcome", "C: MAIL FROM:<k@x.org>"];
    assert_eq!(play(local.clone(), &[&start[..], &login].concat()), None);

    let none = ["S: 220 mx", "C: EHLO lb1.example.org", "S: 250-mx", "S: 250 AUTH GSSAPI", "C: QUIT"];
    assert_eq!(play(local, &none), Some(Err(Failure::NoLogin)));
}

#[test]
fn the_password_is_in_no_debug_output() {
    let session = begin(Instant::now(), with_login(config()));
    let shown = format!("{session:?}");
    assert!(shown.contains("joe") && !shown.contains("s3cret"));
}

#[test]
fn each_answer_has_its_own_time() {
    let start = Instant::now();
    let mut session = begin(start, config());
    assert_eq!(session.poll_timeout(), Some(start + TIMEOUT));
    let later = start + Duration::from_secs(29);
    session.handle_timeout(later);
    // A line that is not ended does not count.
    session.handle_input(later, b"220 m");
    assert_eq!(session.poll_timeout(), Some(start + TIMEOUT));
    session.handle_input(later, b"x\r\n");
    assert_eq!(session.poll_timeout(), Some(later + TIMEOUT));
    session.handle_timeout(later + TIMEOUT);
    assert_eq!(session.outcome(), Some(&Err(Failure::Silent(Step::Hello))));
    assert_eq!(session.poll_timeout(), None);
}

#[test]
fn a_lost_connection_is_told_with_where_it_was() {
    let now = Instant::now();
    let mut session = begin(now, config());
    session.handle_input(now, b"220 mx\r\n");
    session.handle_end();
    session.handle_error(ErrorKind::ConnectionReset);
    assert_eq!(session.outcome(), Some(&Err(Failure::Closed(Step::Hello))));
    assert_eq!(session.output(), b"");
}

#[test]
fn a_helo_name_is_sent_without_characters_that_no_host_name_has() {
    for (name, said) in [("lb1\r\nRCPT TO:<x>", "EHLO lb1RCPTTO:x\r\n"), ("ä \0", "EHLO localhost\r\n")] {
        let now = Instant::now();
        let mut session =
            begin(now, SessionConfig { helo_name: name.to_owned(), start_tls: true, ..config() });
        session.handle_input(now, b"220 mx\r\n");
        assert_eq!(session.output(), said.as_bytes());
    }
}

proptest! {
    /// Any bytes in any cut: no panic, and the same end as in one piece.
    #[test]
    fn every_cut_of_anything_gives_the_same(
        lines in prop::collection::vec(prop_oneof![
            Just("220 mx\r\n"), Just("250 ok\r\n"), Just("250-AUTH PLAIN\r\n250 STARTTLS\r\n"), Just("354 \n"),
            Just("334 x\r\n"), Just("235 x\r\n"), Just("451 x\r\n"), Just("550 x\r\n"), Just("\u{ff}\r\n"), Just("2"),
        ], 0..12),
        cuts in prop::collection::vec(1_usize..9, 1..40),
        start_tls: bool, login: bool,
    ) {
        let now = Instant::now();
        let config = SessionConfig { start_tls, is_local: true, ..config() };
        let config = if login { with_login(config) } else { config };
        let bytes = lines.concat().into_bytes();
        let end = |cuts: &mut dyn Iterator<Item = usize>| {
            let mut session = begin(now, config.clone());
            let mut rest = bytes.as_slice();
            while !rest.is_empty() {
                let (part, left) = rest.split_at(cuts.next().unwrap_or(usize::MAX).min(rest.len()));
                session.handle_input(now, part);
                rest = left;
            }
            (session.outcome().cloned(), session.output().to_vec())
        };
        prop_assert_eq!(end(&mut std::iter::empty()), end(&mut cuts.iter().copied().cycle()));
    }
}
