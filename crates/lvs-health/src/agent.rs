//! HAProxy's agent protocol: the server says how it feels.
//!
//! After connecting (and an optional text to the agent) one line of words comes, separated by spaces, tabs or commas,
//! and ended by CR, LF or the end of the connection; letters in either case. As HAProxy has it, there are three things
//! that an agent speaks about, and values that it omits do not change ([`AgentReport`]):
//!
//! | words | about | here |
//! | --- | --- | --- |
//! | `ready`, `drain`, `maint` | administration | in service; weight 0, so that nothing new comes; out of service |
//! | `up`, `down`, `fail`, `stopped` | operation | passed, or failed |
//! | `75%` | weight | that much of the configured weight |
//! | `maxconn:30` | connections | nothing: IPVS has no such limit per server that an agent could set |
//!
//! So `ready` alone ends `drain` and `maint`, and `up` alone ends `down`. Of the words about one thing the last one counts.
//! A word that begins with `#` begins a description up to the end of the line. Other words are passed over. An agent that
//! says nothing, or cannot be asked, changes nothing: whether the server can be reached other checks tell.

use crate::check::Agent;
use crate::dialogue::Exchange;
use crate::outcome::{Administration, AgentReport, Failure, Operation, Outcome};

/// A dialogue with an agent.
#[derive(Debug)]
pub(crate) struct Check {
    send: Box<str>,
    line: Vec<u8>,
}

impl Check {
    /// A dialogue that has not begun.
    pub(crate) fn new(config: &Agent) -> Self {
        Self { send: config.send.as_str().into(), line: Vec::new() }
    }
}

impl Exchange for Check {
    fn handle_connected(&mut self, out: &mut Vec<u8>) -> Option<Outcome> {
        out.extend_from_slice(self.send.as_bytes());
        None
    }

    fn handle_input(&mut self, input: &[u8], _out: &mut Vec<u8>) -> Option<Outcome> {
        let end = input.iter().position(|octet| matches!(octet, b'\r' | b'\n'));
        let line = input.get(..end.unwrap_or(input.len())).unwrap_or_default();
        if self.line.len() + line.len() > LINE_LIMIT {
            return Some(Outcome::Fail(Failure::TooLong { what: "agent's line", limit: LINE_LIMIT }));
        }
        self.line.extend_from_slice(line);
        end.map(|_| judge(&self.line))
    }

    fn handle_end(&mut self) -> Outcome {
        if self.line.is_empty() { Outcome::Fail(Failure::Closed(self.awaits())) } else { judge(&self.line) }
    }

    fn awaits(&self) -> &'static str {
        "agent's line"
    }
}

/// The longest line that is taken, octets.
const LINE_LIMIT: usize = 1024;

fn judge(line: &[u8]) -> Outcome {
    let words = line.split(|octet| matches!(octet, b' ' | b'\t' | b','));
    let mut report = AgentReport::default();
    for word in words.take_while(|word| !word.starts_with(b"#")) {
        note(&mut report, word);
    }
    Outcome::Agent(report)
}

fn note(report: &mut AgentReport, word: &[u8]) {
    match word.to_ascii_lowercase().as_slice() {
        b"up" => report.operation = Some(Operation::Up),
        b"down" => report.operation = Some(Operation::Down),
        b"fail" => report.operation = Some(Operation::Fail),
        b"stopped" => report.operation = Some(Operation::Stopped),
        b"ready" => report.administration = Some(Administration::Ready),
        b"drain" => report.administration = Some(Administration::Drain),
        b"maint" => report.administration = Some(Administration::Maintenance),
        [digits @ .., b'%'] => report.percent = number(digits).or(report.percent),
        _other => {}
    }
}

/// A number in decimal digits; one that is too large is the largest.
fn number(digits: &[u8]) -> Option<u32> {
    let is_number = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    let add = |sum: u32, digit: &u8| sum.saturating_mul(10).saturating_add(u32::from(digit - b'0'));
    is_number.then(|| digits.iter().fold(0, add))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check() -> Check {
        Check::new(&Agent { send: String::new() })
    }

    /// Outcome of a stream that comes in pieces and then ends.
    fn answer<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Outcome {
        let (mut check, mut out) = (check(), Vec::new());
        for piece in pieces {
            if let Some(outcome) = check.handle_input(piece, &mut out) {
                return outcome;
            }
        }
        check.handle_end()
    }

    fn said(line: &str) -> Outcome {
        answer([line.as_bytes()])
    }

    /// The words that a line comes to.
    fn says(line: &str) -> String {
        let Outcome::Agent(AgentReport { administration, operation, percent }) = said(line) else {
            return "no report".to_owned();
        };
        let words = [
            administration.map(|word| format!("{word:?}")),
            operation.map(|word| format!("{word:?}")),
            percent.map(|percent| format!("{percent}%")),
        ];
        words.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }

    /// As HAProxy 2.6 takes each of these lines.
    #[test]
    fn each_line_is_taken_as_haproxy_takes_it() {
        let table = [
            ("up", "Up"),
            ("down", "Down"),
            ("fail", "Fail"),
            ("stopped", "Stopped"),
            ("ready", "Ready"),
            ("drain", "Drain"),
            ("maint", "Maintenance"),
            ("75%", "75%"),
            ("0%", "0%"),
            ("250%", "250%"),
            ("0100%", "100%"),
            ("99999999999%", "4294967295%"),
            ("maxconn:30 drain", "Drain"),
            ("50%, Up ,\tReady,maxconn:9", "Ready Up 50%"),
            ("\t 33% \r", "33%"),
            ("drain 80%", "Drain 80%"),
            ("80% maint down", "Maintenance Down 80%"),
            // The last word about one thing counts.
            ("down up", "Up"),
            ("up fail", "Fail"),
            ("drain maint", "Maintenance"),
            ("maint drain", "Drain"),
            ("drain ready", "Ready"),
            ("10% 20%", "20%"),
            // A word that begins with # begins a description; one that contains it is no word.
            ("down #hello up 20%", "Down"),
            ("fail # maint 10%", "Fail"),
            ("5%,#maint", "5%"),
            ("down\t#x drain", "Down"),
            ("#x down", ""),
            ("down#hello up", "Up"),
            ("stopped#x 50%", "50%"),
            ("50%#x", ""),
            // These are no words.
            ("hello drain", "Drain"),
            ("uptime 12%", "12%"),
            ("", ""),
            ("hello", ""),
            ("%", ""),
            ("+5%", ""),
            ("-5%", ""),
            ("5.5%", ""),
            ("75 %", ""),
            ("75%%", ""),
            ("256", ""),
            // The line ends with its first end.
            ("fail\rup", "Fail"),
        ];
        for (line, report) in table {
            assert_eq!(says(&format!("{line}\n")), report, "{line:?}");
        }
        assert_eq!(says("up\ndown\n"), "Up");
        assert_eq!(says("up"), "Up", "the connection's end is the line's");
        assert_eq!(said(""), Outcome::Fail(Failure::Closed("agent's line")));
    }

    #[test]
    fn a_line_without_an_end_is_given_up() {
        let limit = Failure::TooLong { what: "agent's line", limit: 1024 };
        assert_eq!(answer([&[b' '; 1025][..]]), Outcome::Fail(limit));
        assert_eq!(answer([&[b' '; 1022][..], b"up", b"\n"]), said("up"));
    }

    #[test]
    fn the_text_to_the_agent_is_sent_as_it_is() {
        let mut out = Vec::new();
        let mut check = Check::new(&Agent { send: "state\n".to_owned() });
        assert_eq!(check.handle_connected(&mut out), None);
        assert_eq!(out, b"state\n");
        assert_eq!(check.handle_timeout(), Outcome::Fail(Failure::Silent("agent's line")));
    }

    proptest! {
        #[test]
        fn every_cut_is_equal_to_the_whole(
            line in "(up|DOWN|ready|drain|[0-9]{1,3}%|#|[ ,\t]|\r|\n|.){0,8}",
            cut in 0_usize..40,
        ) {
            let line = line.as_bytes();
            let whole = answer([line]);
            let (head, tail) = line.split_at(cut.min(line.len()));
            prop_assert_eq!(&answer([head, tail]), &whole);
            prop_assert_eq!(&answer(line.chunks(1)), &whole);
        }

        #[test]
        fn any_octets_are_judged(octets in proptest::collection::vec(any::<u8>(), 0..2000)) {
            answer([&octets[..]]);
        }
    }
}
