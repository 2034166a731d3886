//! One HTTP/1 request and its answer.

use std::sync::Arc;

use super::chunked::Decoder;
use super::criteria::Judge;
use super::head::{Framing, Head, Reader};
use crate::dialogue::{Exchange, Note};
use crate::{Failure, Outcome};

/// The machine of one attempt.
pub(crate) struct Check {
    request: Arc<[u8]>,
    judge: Judge,
    state: State,
    /// Octets of the body that were announced and never came.
    missing: Option<u64>,
}

enum State {
    Head(Reader),
    /// So many octets of the body to come.
    Length(u64),
    Chunked(Decoder),
    Close,
}

impl Check {
    pub(crate) fn new(request: Arc<[u8]>, judge: Judge) -> Self {
        Self { request, judge, state: State::Head(Reader::default()), missing: None }
    }

    fn input(&mut self, input: &[u8]) -> Result<Option<Outcome>, Failure> {
        let State::Head(reader) = &mut self.state else { return self.body(input) };
        let Some((head, rest)) = reader.take(input)? else { return Ok(None) };
        if let Some(outcome) = self.head(head)? {
            return Ok(Some(outcome));
        }
        self.body(rest)
    }

    fn head(&mut self, head: Head) -> Result<Option<Outcome>, Failure> {
        let outcome = self.judge.status(head.status);
        if outcome.is_some() {
            // Nobody reads the body: where it ends is all the same.
            return Ok(outcome);
        }
        self.state = match head.framing? {
            Framing::Length(length) => State::Length(length),
            Framing::Chunked => State::Chunked(Decoder::default()),
            Framing::Close => State::Close,
        };
        Ok(None)
    }

    fn body(&mut self, input: &[u8]) -> Result<Option<Outcome>, Failure> {
        let judge = &mut self.judge;
        match &mut self.state {
            State::Head(_) => Ok(None),
            State::Length(left) => {
                let present = usize::try_from(*left).unwrap_or(usize::MAX).min(input.len());
                *left -= present as u64;
                let outcome = judge.body(input.get(..present).unwrap_or(input));
                Ok(outcome.or_else(|| (*left == 0).then(|| judge.end())))
            }
            State::Chunked(decoder) => {
                let mut outcome = None;
                let taken = decoder.take(input, |data| {
                    outcome = outcome.take().or_else(|| judge.body(data));
                });
                // What was certain before an error stays so, or the outcome would depend on how the stream is cut.
                if outcome.is_some() {
                    return Ok(outcome);
                }
                let rest = taken?;
                let taken = input.len() - rest.map_or(0, <[u8]>::len);
                judge.coded(input.get(..taken).unwrap_or(input));
                Ok(rest.map(|_| judge.end()))
            }
            State::Close => Ok(judge.body(input)),
        }
    }
}

impl Exchange for Check {
    fn handle_connected(&mut self, out: &mut Vec<u8>) -> Option<Outcome> {
        out.extend_from_slice(&self.request);
        None
    }

    fn handle_input(&mut self, input: &[u8], _out: &mut Vec<u8>) -> Option<Outcome> {
        self.input(input).unwrap_or_else(|failure| Some(Outcome::Fail(failure)))
    }

    fn handle_end(&mut self) -> Outcome {
        match self.state {
            State::Close => self.judge.end(),
            State::Length(missing) => {
                self.missing = Some(missing);
                self.judge.end()
            }
            State::Head(_) | State::Chunked(_) => Outcome::Fail(Failure::Closed(self.awaits())),
        }
    }

    fn awaits(&self) -> &'static str {
        match &self.state {
            State::Head(reader) => reader.awaits(),
            State::Length(_) | State::Chunked(_) | State::Close => "rest of the body",
        }
    }

    fn append_notes(&self, notes: &mut Vec<Note>) {
        notes.extend(self.judge.note());
        notes.extend(self.missing.map(|octets| Note::BodyShort { octets }));
    }
}
