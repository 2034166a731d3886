//! HAProxy's agent protocol: the server says how it feels.
//!
//! After connecting (and an optional text to the agent) one line of words comes, separated by spaces, tabs or commas, and
//! ended by CR, LF or the end of the connection; letters in either case. HAProxy's manual, `agent-check`, says:
//!
//! | word | here |
//! | --- | --- |
//! | `up` | pass |
//! | `down`, `fail`, `stopped`, each perhaps with `#` and a description up to the end of the line | failure |
//! | `ready` | pass, and back to the configured weight |
//! | `drain` | pass with weight 0: nothing new comes, what is there goes on |
//! | `maint` | failure: nothing new comes at all |
//! | `75%` | pass with that much of the configured weight; `0%` is as `drain` |
//! | `maxconn:30` | nothing: IPVS has no such limit per server that an agent could set |
//!
//! Of `up`, `down`, `fail` and `stopped` the last one counts, and so of `ready`, `drain`, `maint`, and of percentages. A
//! failure outweighs a weight, `drain` a percentage. Words that are none of these are passed over, but one of them must
//! be known.
//!
//! Unlike in HAProxy, an agent that cannot be asked is a failure: it is a check as all others are.

use crate::check::Agent;
use crate::dialogue::Exchange;
use crate::outcome::{Failure, Outcome, Weigh};

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

/// What a line says so far.
#[derive(Debug, Default)]
struct Report {
    operating: Option<Operating>,
    administrative: Option<Administrative>,
    percent: Option<u32>,
    /// A word without effect was among them.
    known: bool,
}

/// `Err` is the word for the log.
type Operating = Result<(), &'static str>;

#[derive(Clone, Copy, Debug)]
enum Administrative {
    Ready,
    Drain,
    Maint,
}

fn judge(line: &[u8]) -> Outcome {
    let mut report = Report::default();
    for word in line.split(|octet| matches!(octet, b' ' | b'\t' | b',')) {
        let description = word.iter().position(|&octet| octet == b'#');
        report.note(word.get(..description.unwrap_or(word.len())).unwrap_or_default());
        if description.is_some() {
            break;
        }
    }
    report.outcome()
}

impl Report {
    fn note(&mut self, word: &[u8]) {
        match word.to_ascii_lowercase().as_slice() {
            b"up" => self.operating = Some(Ok(())),
            b"down" => self.operating = Some(Err("down")),
            b"fail" => self.operating = Some(Err("fail")),
            b"stopped" => self.operating = Some(Err("stopped")),
            b"ready" => self.administrative = Some(Administrative::Ready),
            b"drain" => self.administrative = Some(Administrative::Drain),
            b"maint" => self.administrative = Some(Administrative::Maint),
            [b'm', b'a', b'x', b'c', b'o', b'n', b'n', b':', limit @ ..] if number(limit).is_some() => {
                self.known = true;
            }
            [digits @ .., b'%'] => self.percent = number(digits).or(self.percent),
            _unknown => {}
        }
    }

    fn outcome(&self) -> Outcome {
        match (self.operating, self.administrative, self.percent) {
            (Some(Err(word)), ..) => Outcome::Fail(Failure::Agent(word)),
            (_, Some(Administrative::Maint), _) => Outcome::Fail(Failure::Agent("maint")),
            (_, Some(Administrative::Drain), _) => Outcome::Pass(Weigh::Exactly(0)),
            (_, _, Some(percent)) => Outcome::Pass(Weigh::Percent(percent)),
            (_, Some(Administrative::Ready), None) => Outcome::Pass(Weigh::Configured),
            (Some(Ok(())), None, None) => Outcome::Pass(Weigh::Unsaid),
            (None, None, None) if self.known => Outcome::Pass(Weigh::Unsaid),
            (None, None, None) => Outcome::Fail(Failure::Malformed("none of an agent's words")),
        }
    }
}

/// A number in decimal digits that fits.
fn number(digits: &[u8]) -> Option<u32> {
    let digits = std::str::from_utf8(digits).ok()?;
    // Not a sign, which parsing would take.
    digits.bytes().all(|digit| digit.is_ascii_digit()).then(|| digits.parse().ok())?
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check() -> Check {
        Check::new(&Agent { send: String::new() })
    }

    /// What a stream in pieces, and then its end, come to.
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

    fn pass(weigh: Weigh) -> Outcome {
        Outcome::Pass(weigh)
    }

    fn fail(word: &'static str) -> Outcome {
        Outcome::Fail(Failure::Agent(word))
    }

    #[test]
    fn each_word_has_its_meaning() {
        assert_eq!(said("up\n"), pass(Weigh::Unsaid));
        assert_eq!(said("ready\n"), pass(Weigh::Configured));
        assert_eq!(said("drain\n"), pass(Weigh::Exactly(0)));
        assert_eq!(said("75%\n"), pass(Weigh::Percent(75)));
        assert_eq!(said("0%\n"), pass(Weigh::Percent(0)));
        assert_eq!(said("250%\n"), pass(Weigh::Percent(250)));
        assert_eq!(said("maxconn:30\n"), pass(Weigh::Unsaid));
        assert_eq!(said("down\n"), fail("down"));
        assert_eq!(said("fail\n"), fail("fail"));
        assert_eq!(said("stopped\n"), fail("stopped"));
        assert_eq!(said("maint\n"), fail("maint"));
    }

    #[test]
    fn words_come_in_any_order_case_and_separation() {
        assert_eq!(said("UP 99%\r\n"), pass(Weigh::Percent(99)));
        assert_eq!(said("50%, Up ,\tReady,maxconn:9\n"), pass(Weigh::Percent(50)));
        assert_eq!(said("ready up"), pass(Weigh::Configured));
        assert_eq!(said("drain 80%"), pass(Weigh::Exactly(0)));
        assert_eq!(said("80% maint"), fail("maint"));
        assert_eq!(said("80% DOWN"), fail("down"));
    }

    #[test]
    fn the_last_word_of_a_kind_counts() {
        assert_eq!(said("down up"), pass(Weigh::Unsaid));
        assert_eq!(said("up fail"), fail("fail"));
        assert_eq!(said("drain ready"), pass(Weigh::Configured));
        assert_eq!(said("10% 20%"), pass(Weigh::Percent(20)));
    }

    #[test]
    fn a_description_is_not_words() {
        assert_eq!(said("down#up 100% ready\n"), fail("down"));
        assert_eq!(said("100% stopped#for lunch, up again at 1\n"), fail("stopped"));
        assert_eq!(said("# up\n"), Outcome::Fail(Failure::Malformed("none of an agent's words")));
    }

    #[test]
    fn unknown_words_are_passed_over_but_not_alone() {
        assert_eq!(said("hello up world\n"), pass(Weigh::Unsaid));
        for line in ["\n", " \n", "hello\n", "upp\n", "%\n", "+5%\n", "-5%\n", "4294967296%\n", "maxconn:x\n"]
        {
            assert_eq!(said(line), Outcome::Fail(Failure::Malformed("none of an agent's words")), "{line:?}");
        }
    }

    #[test]
    fn a_line_ends_with_its_first_end() {
        assert_eq!(said("up\rdown\n"), pass(Weigh::Unsaid));
        assert_eq!(said("up\ndown\n"), pass(Weigh::Unsaid));
        assert_eq!(said("up"), pass(Weigh::Unsaid), "the connection's end is the line's");
        assert_eq!(said(""), Outcome::Fail(Failure::Closed("agent's line")));
    }

    #[test]
    fn a_line_without_an_end_is_given_up() {
        let limit = Failure::TooLong { what: "agent's line", limit: 1024 };
        assert_eq!(answer([&[b' '; 1025][..]]), Outcome::Fail(limit));
        assert_eq!(answer([&[b' '; 1022][..], b"up", b"\n"]), pass(Weigh::Unsaid));
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
