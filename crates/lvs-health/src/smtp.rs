//! SMTP (RFC 5321), as much of it as a client needs that wants to know whether a server answers.
//!
//! `SMTP_CHECK` waits for the server's greeting (220), says `HELO`, waits for 250, says `QUIT`, and is content with any
//! line in return. Replies of several lines are replies (§4.2.1), unlike in keepalived 2.2.7, where they fail.

use smtp_submit::{MAX_LINE, MAX_REPLY, Reply, ReplyError, ReplyReader};

use crate::check::Smtp;
use crate::dialogue::Exchange;
use crate::outcome::{Failure, Outcome, WeightUpdate};

/// The name that keepalived's checker gives itself where the configuration names none (`helo_name`).
pub const DEFAULT_HELO_NAME: &str = "smtpchecker.keepalived.org";

/// An `SMTP_CHECK`'s dialogue.
#[derive(Debug)]
pub(crate) struct Check {
    hello: Box<str>,
    reader: ReplyReader,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Connected; the server speaks first (§3.1).
    Greeting,
    /// `HELO` is said.
    Hello,
    /// `QUIT` is said.
    Quit,
}

impl Check {
    /// A dialogue that has not begun. Line ends and other control characters of the name are left out: the output is
    /// one line.
    pub(crate) fn new(config: &Smtp) -> Self {
        let name: String = config.helo_name.chars().filter(|c| !c.is_control()).collect();
        Self { hello: name.into(), reader: ReplyReader::new(), state: State::Greeting }
    }

    fn handle_reply(&mut self, reply: &Reply, out: &mut Vec<u8>) -> Option<Outcome> {
        match (self.state, reply.code) {
            (State::Greeting, 220) => {
                self.state = State::Hello;
                out.extend_from_slice(b"HELO ");
                out.extend_from_slice(self.hello.as_bytes());
                out.extend_from_slice(b"\r\n");
                None
            }
            (State::Hello, 250) => {
                self.state = State::Quit;
                out.extend_from_slice(b"QUIT\r\n");
                None
            }
            (State::Greeting, actual) => Some(refused("connection", 220, actual)),
            (State::Hello, actual) => Some(refused("HELO", 250, actual)),
            (State::Quit, _any) => Some(Outcome::Pass(WeightUpdate::Unchanged)),
        }
    }
}

impl Exchange for Check {
    fn handle_connected(&mut self, _out: &mut Vec<u8>) -> Option<Outcome> {
        None
    }

    fn handle_input(&mut self, mut input: &[u8], out: &mut Vec<u8>) -> Option<Outcome> {
        // Ends: three replies at most, and each takes octets.
        loop {
            match self.reader.read(&mut input) {
                Ok(Some(reply)) => {
                    if let Some(outcome) = self.handle_reply(&reply, out) {
                        return Some(outcome);
                    }
                }
                Ok(None) => return None,
                // As keepalived: whatever it says by then, it is there and speaks.
                Err(_) if self.state == State::Quit => return Some(Outcome::Pass(WeightUpdate::Unchanged)),
                Err(error) => return Some(Outcome::Fail(error.into())),
            }
        }
    }

    fn handle_end(&mut self) -> Outcome {
        Outcome::Fail(Failure::Closed(self.awaits()))
    }

    fn awaits(&self) -> &'static str {
        match self.state {
            State::Greeting => "SMTP greeting",
            State::Hello => "reply to HELO",
            State::Quit => "reply to QUIT",
        }
    }
}

fn refused(to: &'static str, expected: u16, actual: u16) -> Outcome {
    Outcome::Fail(Failure::SmtpReply { to, expected, actual })
}

impl From<ReplyError> for Failure {
    fn from(error: ReplyError) -> Self {
        match error {
            ReplyError::NoCode => Self::Malformed("SMTP reply without a code"),
            ReplyError::Separator => Self::Malformed("SMTP reply with something behind its code"),
            ReplyError::CodeChanged { .. } => Self::Malformed("SMTP reply with two codes"),
            ReplyError::LineTooLong => Self::TooLong { what: "line of an SMTP reply", limit: MAX_LINE },
            ReplyError::TooLong => Self::TooLong { what: "SMTP reply", limit: MAX_REPLY },
            _ => Self::Malformed("no SMTP reply"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PASS: Option<Outcome> = Some(Outcome::Pass(WeightUpdate::Unchanged));

    fn check() -> Check {
        Check::new(&Smtp { helo_name: DEFAULT_HELO_NAME.to_owned() })
    }

    /// Our output to a server that says `pieces`, and the outcome.
    fn talk<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<u8>, Option<Outcome>) {
        let (mut check, mut out) = (check(), Vec::new());
        assert_eq!(check.handle_connected(&mut out), None);
        assert!(out.is_empty(), "the server speaks first");
        for piece in pieces {
            if let Some(outcome) = check.handle_input(piece, &mut out) {
                return (out, Some(outcome));
            }
        }
        (out, None)
    }

    fn failure(said: &[u8]) -> Failure {
        match talk([said]).1 {
            Some(Outcome::Fail(failure)) => failure,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn greeting_helo_quit() {
        let (mut check, mut out) = (check(), Vec::new());
        assert_eq!(check.handle_input(b"220 mx.example.org ESMTP\r\n", &mut out), None);
        assert_eq!(out, b"HELO smtpchecker.keepalived.org\r\n");
        out.clear();
        assert_eq!(check.handle_input(b"250 mx.example.org\r\n", &mut out), None);
        assert_eq!(out, b"QUIT\r\n");
        out.clear();
        assert_eq!(check.handle_input(b"221 Bye\r\n", &mut out), PASS);
        assert!(out.is_empty());
    }

    #[test]
    fn any_answer_to_quit_will_do() {
        assert_eq!(talk([&b"220 a\r\n250 b\r\n500 what?\r\n"[..]]).1, PASS);
        assert_eq!(talk([&b"220 a\r\n250 b\r\nbye\r\n"[..]]).1, PASS);
    }

    #[test]
    fn replies_of_several_lines_and_bare_line_feeds_are_replies() {
        let (said, outcome) =
            talk([&b"220-mx.example.org\r\n220-no\n220 spam\r\n250-a\r\n250\r\n221 b\n"[..]]);
        assert_eq!(outcome, PASS);
        assert_eq!(said, b"HELO smtpchecker.keepalived.org\r\nQUIT\r\n");
    }

    #[test]
    fn other_codes_fail_and_name_the_command() {
        assert_eq!(
            failure(b"554 no service\r\n"),
            Failure::SmtpReply { to: "connection", expected: 220, actual: 554 }
        );
        assert_eq!(
            failure(b"220 a\r\n421 full\r\n"),
            Failure::SmtpReply { to: "HELO", expected: 250, actual: 421 }
        );
        assert_eq!(failure(b"220 a\r\n550 who?\r\n").to_string(), "SMTP reply 550 to HELO instead of 250");
    }

    #[test]
    fn an_answer_that_is_not_smtp_fails() {
        assert!(matches!(failure(b"HTTP/1.1 400 Bad Request\r\n"), Failure::Malformed(_)));
        assert!(matches!(failure(b"SSH-2.0-OpenSSH_9.2p1\r\n"), Failure::Malformed(_)));
        assert!(matches!(failure(&b"2".repeat(1 << 17)), Failure::TooLong { .. }));
    }

    #[test]
    fn a_server_that_closes_or_is_silent_is_told_by_where() {
        for (said, awaited) in [
            (&b""[..], "SMTP greeting"),
            (b"220 a\r\n250", "reply to HELO"),
            (b"220 a\r\n250 b\r\n", "reply to QUIT"),
        ] {
            let (mut check, mut out) = (check(), Vec::new());
            assert_eq!(check.handle_input(said, &mut out), None);
            assert_eq!(check.handle_end(), Outcome::Fail(Failure::Closed(awaited)));
            assert_eq!(check.handle_timeout(), Outcome::Fail(Failure::Silent(awaited)));
        }
    }

    #[test]
    fn a_name_cannot_become_a_second_line() {
        let mut check = Check::new(&Smtp { helo_name: "a\r\nMAIL FROM:<>\0".to_owned() });
        let mut out = Vec::new();
        check.handle_input(b"220 a\r\n", &mut out);
        assert_eq!(out, b"HELO aMAIL FROM:<>\r\n");
    }

    /// Replies, nearly replies, and noise.
    fn server() -> impl Strategy<Value = Vec<u8>> {
        let line = prop_oneof![
            8 => "(220|250|221)[- ]?[a-z]{0,5}\r?\n",
            1 => "[0-9]{0,4}[- ]?.{0,5}\r?\n",
        ];
        let lines = proptest::collection::vec(line, 0..8).prop_map(|lines| lines.concat().into_bytes());
        prop_oneof![4 => lines, 1 => proptest::collection::vec(any::<u8>(), 0..200)]
    }

    proptest! {
        #[test]
        fn every_cut_is_equal_to_the_whole(said in server(), cut in 0_usize..200) {
            let whole = talk([&said[..]]);
            let (head, tail) = said.split_at(cut.min(said.len()));
            prop_assert_eq!(&talk([head, tail]), &whole);
            prop_assert_eq!(&talk(said.chunks(1)), &whole);
        }
    }
}
