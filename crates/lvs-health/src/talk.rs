//! A conversation in steps: texts that are sent and texts that must come back, over any TCP service.
//!
//! Input is read once, from left to right. A text or a row of bytes is looked for anywhere in what came since the last
//! match; a regular expression is looked for in each line that has ended. So the outcome does not depend on how the
//! network cuts the stream.

use std::sync::Arc;

use crate::Target;
use crate::check::{Pattern, Tls};
use crate::dialogue::{Channel, Exchange, PrepareError, Shared, TlsOptions};
#[cfg(feature = "regex")]
use crate::http;
use crate::outcome::{Failure, Outcome, WeightUpdate};

/// A conversation: the check passes after its last step.
///
/// ```
/// use lvs_health::{Talk, TalkStep};
///
/// let ping = Talk::new([TalkStep::Send(b"PING\r\n".to_vec()), TalkStep::Expect(b"+PONG".to_vec())]);
/// assert_eq!(ping.steps.len(), 2);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Talk {
    /// In their order; without steps, a connection is all.
    pub steps: Vec<TalkStep>,
    /// TLS, and how.
    pub tls: Option<Tls>,
    /// TLS server name.
    pub server_name: Option<String>,
}

/// One step of a [`Talk`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TalkStep {
    /// Send these bytes.
    Send(Vec<u8>),
    /// Wait until these bytes have come.
    Expect(Vec<u8>),
    /// Wait until a line has come that matches (or, with `no_match`, wait for the next line, which must not match).
    ExpectLine(Pattern),
}

impl Talk {
    /// A conversation without TLS.
    pub fn new(steps: impl IntoIterator<Item = TalkStep>) -> Self {
        Self { steps: steps.into_iter().collect(), tls: None, server_name: None }
    }
}

/// A conversation ready to be held any number of times.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    steps: Arc<[Step]>,
    channel: Channel,
}

#[derive(Debug)]
enum Step {
    Send(Vec<u8>),
    Expect(Vec<u8>),
    #[cfg(feature = "regex")]
    Line(Arc<http::Compiled>),
}

impl Plan {
    pub(crate) fn new(talk: &Talk, target: &Target, shared: &mut Shared) -> Result<Self, PrepareError> {
        let steps: Result<Vec<Step>, PrepareError> =
            talk.steps.iter().map(|step| Step::new(step, shared)).collect();
        let wishes = TlsOptions { server_name: talk.server_name.as_deref(), h2: false, close_notify: false };
        let channel = Channel::new(talk.tls.as_ref(), target, wishes, shared)?;
        Ok(Self { steps: steps?.into(), channel })
    }

    pub(crate) fn machine(&self) -> Box<dyn Exchange> {
        let check = Check { steps: Arc::clone(&self.steps), next: 0, received: Vec::new() };
        self.channel.wrap(Box::new(check))
    }
}

impl Step {
    fn new(step: &TalkStep, shared: &mut Shared) -> Result<Self, PrepareError> {
        Ok(match step {
            TalkStep::Send(bytes) => Self::Send(bytes.clone()),
            TalkStep::Expect(bytes) => Self::Expect(bytes.clone()),
            #[cfg(feature = "regex")]
            TalkStep::ExpectLine(pattern) => Self::Line(shared.pattern(pattern)?),
            #[cfg(not(feature = "regex"))]
            TalkStep::ExpectLine(_) => {
                let _ = shared;
                return Err(PrepareError::Absent("regular expressions"));
            }
        })
    }
}

/// A conversation that goes on.
#[derive(Debug)]
struct Check {
    steps: Arc<[Step]>,
    /// The place of the step that is next.
    next: usize,
    /// Input that was not matched yet.
    received: Vec<u8>,
}

/// Result of a step for the input so far.
enum Found {
    /// It is done; so many bytes are used up.
    Done(usize),
    /// Not yet; so many bytes are of no use any more.
    Wait(usize),
    /// It cannot succeed.
    #[cfg(feature = "regex")]
    Fail(Failure),
}

impl Check {
    /// Goes on as far as what has come allows.
    fn advance(&mut self, out: &mut Vec<u8>) -> Option<Outcome> {
        while let Some(step) = self.steps.get(self.next) {
            match step.look(&self.received, out) {
                Found::Done(used) => {
                    self.received.drain(..used.min(self.received.len()));
                    self.next += 1;
                }
                Found::Wait(useless) => {
                    self.received.drain(..useless.min(self.received.len()));
                    return None;
                }
                #[cfg(feature = "regex")]
                Found::Fail(failure) => return Some(Outcome::Fail(failure)),
            }
        }
        Some(Outcome::Pass(WeightUpdate::Unchanged))
    }
}

impl Step {
    fn look(&self, received: &[u8], out: &mut Vec<u8>) -> Found {
        match self {
            Self::Send(bytes) => {
                out.extend_from_slice(bytes);
                Found::Done(0)
            }
            Self::Expect(wanted) => {
                if wanted.is_empty() {
                    return Found::Done(0);
                }
                match received.windows(wanted.len()).position(|window| window == wanted) {
                    Some(place) => Found::Done(place + wanted.len()),
                    None => Found::Wait(received.len().saturating_sub(wanted.len() - 1)),
                }
            }
            #[cfg(feature = "regex")]
            Self::Line(pattern) => look_at_lines(pattern, received),
        }
    }
}

#[cfg(feature = "regex")]
fn look_at_lines(pattern: &http::Compiled, received: &[u8]) -> Found {
    let mut used = 0;
    while let Some(length) = received.get(used..).and_then(|rest| rest.iter().position(|byte| *byte == b'\n'))
    {
        let line = received.get(used..used + length).unwrap_or_default();
        used += length + 1;
        match pattern.failure(line.strip_suffix(b"\r").unwrap_or(line)) {
            None => return Found::Done(used),
            // Another line may match.
            Some(Failure::Regex { matched: false }) => {}
            Some(failure) => return Found::Fail(failure),
        }
    }
    if received.len() - used > MAX_LINE {
        return Found::Fail(Failure::TooLong { what: "line of the answer", limit: MAX_LINE });
    }
    Found::Wait(used)
}

impl Exchange for Check {
    fn handle_connected(&mut self, out: &mut Vec<u8>) -> Option<Outcome> {
        self.advance(out)
    }

    fn handle_input(&mut self, input: &[u8], out: &mut Vec<u8>) -> Option<Outcome> {
        self.received.extend_from_slice(input);
        self.advance(out)
    }

    fn handle_end(&mut self) -> Outcome {
        Outcome::Fail(Failure::Closed(self.awaits()))
    }

    fn awaits(&self) -> &'static str {
        "the expected answer"
    }
}

/// The longest line that is searched, bytes.
#[cfg(feature = "regex")]
const MAX_LINE: usize = 8 * 1024;

// Most of them have lines with patterns.
#[cfg(test)]
#[cfg(feature = "regex")]
mod tests {
    use std::net::{Ipv4Addr, SocketAddr};
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::RegexOption;

    fn send(text: &str) -> TalkStep {
        TalkStep::Send(text.as_bytes().to_vec())
    }

    fn expect(text: &str) -> TalkStep {
        TalkStep::Expect(text.as_bytes().to_vec())
    }

    fn line(text: &str, no_match: bool) -> TalkStep {
        let options = vec![RegexOption::Caseless];
        TalkStep::ExpectLine(Pattern {
            text: text.into(),
            no_match,
            options,
            min_offset: 0,
            max_offset: None,
        })
    }

    /// Our output to a peer that says `pieces`, and the outcome.
    fn hold<'a>(
        steps: impl IntoIterator<Item = TalkStep>,
        pieces: impl IntoIterator<Item = &'a [u8]>,
    ) -> (String, Option<Outcome>) {
        let target = Target::new(SocketAddr::from((Ipv4Addr::LOCALHOST, 1)), Duration::from_secs(1));
        let plan = Plan::new(&Talk::new(steps), &target, &mut Shared::default()).unwrap();
        let (mut check, mut out) = (plan.machine(), Vec::new());
        let mut outcome = check.handle_connected(&mut out);
        for piece in pieces {
            if outcome.is_some() {
                break;
            }
            outcome = check.handle_input(piece, &mut out);
        }
        (String::from_utf8(out).unwrap(), outcome)
    }

    const PASS: Option<Outcome> = Some(Outcome::Pass(WeightUpdate::Unchanged));

    #[test]
    fn each_text_is_sent_when_the_one_before_it_has_been_answered() {
        let steps = || [expect("ready"), send("PING\r\n"), expect("+PONG"), send("QUIT\r\n")];
        assert_eq!(hold(steps(), [&b"* rea"[..]]), (String::new(), None));
        assert_eq!(hold(steps(), [&b"* rea"[..], b"dy\r\n"]), ("PING\r\n".into(), None));
        assert_eq!(hold(steps(), [&b"ready\r\n"[..], b"+PONG\r\n"]), ("PING\r\nQUIT\r\n".into(), PASS));
    }

    #[test]
    fn a_match_uses_up_what_came_before_it() {
        assert_eq!(hold([expect("b"), expect("a")], [&b"ab"[..]]).1, None);
        assert_eq!(hold([expect("b"), expect("a")], [&b"aba"[..]]).1, PASS);
    }

    #[test]
    fn a_line_that_matches_is_waited_for() {
        let steps = || [line("^role:master$", false)];
        assert_eq!(hold(steps(), [&b"# Replication\r\nROLE:MASTER\r\n"[..]]).1, PASS);
        assert_eq!(hold(steps(), [&b"role:master"[..]]).1, None, "the line has not ended");
        let failure = Outcome::Fail(Failure::Regex { matched: true });
        assert_eq!(hold([line("error", true)], [&b"Error 7\n"[..]]).1, Some(failure));
        assert_eq!(hold([line("error", true)], [&b"fine\n"[..]]).1, PASS);
    }

    #[test]
    fn a_line_without_end_fails() {
        let failure = Outcome::Fail(Failure::TooLong { what: "line of the answer", limit: MAX_LINE });
        assert_eq!(hold([line("x", false)], [&[b'a'; MAX_LINE + 1][..]]).1, Some(failure));
    }

    #[test]
    fn no_steps_are_a_connection() {
        assert_eq!(hold([], []).1, PASS);
    }

    proptest! {
        #[test]
        fn the_outcome_does_not_depend_on_cuts(text in "[abc\n]{0,60}", cuts in prop::collection::vec(0_usize..60, 0..8)) {
            let steps = || [expect("ab"), send("x"), line("c+", false), expect("\na")];
            let whole = hold(steps(), [text.as_bytes()]);
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(text.len())).collect();
            cuts.extend([0, text.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|pair| &text.as_bytes()[pair[0]..pair[1]]).collect();
            prop_assert_eq!(hold(steps(), pieces), whole);
        }
    }
}
