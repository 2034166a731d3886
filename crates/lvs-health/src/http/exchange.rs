//! One HTTP/1 request and its answer.

use std::sync::Arc;

use super::chunked::Decoder;
use super::criteria::Judge;
use super::head::{Framing, Head, Reader};
use super::{redirect, request};
use crate::dialogue::{Exchange, Note};
use crate::{Failure, Http, Outcome, Url};

/// The machine of one attempt.
pub(crate) struct Check {
    request: Arc<[u8]>,
    judge: Judge,
    state: State,
    /// Octets of the body that were announced and never came.
    missing: Option<u64>,
    /// Redirects are followed.
    trail: Option<Box<Trail>>,
}

/// Data needed to follow a redirect.
pub(crate) struct Trail {
    http: Arc<Http>,
    /// The last URL that was asked for.
    url: Url,
    /// The server's port.
    port: u16,
    /// So many more are followed.
    left: u8,
    /// The next request is to be sent over another connection.
    pending: bool,
}

impl Trail {
    /// At its first request; `None` if none is followed.
    pub(crate) fn new(http: &Arc<Http>, url: &Url, port: u16) -> Option<Self> {
        let left = url.follow_redirects.min(redirect::MOST);
        (left > 0).then(|| Self { http: Arc::clone(http), url: url.clone(), port, left, pending: false })
    }

    /// The request that a redirect asks for, if it is one.
    fn follow(&mut self, head: &Head) -> Result<Option<Arc<[u8]>>, Failure> {
        let asked = (&self.url, self.port);
        let Some(next) = redirect::next(&self.http, asked, head.status, head.location.as_deref())? else {
            return Ok(None);
        };
        if self.left == 0 {
            return Err(Failure::Redirect { to: next.path, why: "too many of them" });
        }
        self.left -= 1;
        self.pending = true;
        self.url = next;
        // A path of visible letters can be sent.
        let request = request::http1(&self.http, &self.url).map_err(|_| Failure::Malformed("Location"))?;
        Ok(Some(request.into()))
    }
}

enum State {
    Head(Reader),
    /// So many octets of the body to come.
    Length(u64),
    Chunked(Decoder),
    Close,
}

impl Check {
    pub(crate) fn new(request: Arc<[u8]>, judge: Judge, trail: Option<Trail>) -> Self {
        let trail = trail.map(Box::new);
        Self { request, judge, state: State::Head(Reader::default()), missing: None, trail }
    }

    /// Whether the next answer comes over another connection: the rest of this one is of no interest.
    fn is_led_on(&self) -> bool {
        self.trail.as_ref().is_some_and(|trail| trail.pending)
    }

    fn input(&mut self, input: &[u8]) -> Result<Option<Outcome>, Failure> {
        let State::Head(reader) = &mut self.state else { return self.body(input) };
        let Some((head, rest)) = reader.take(input)? else { return Ok(None) };
        let outcome = self.head(head)?;
        if outcome.is_some() || self.is_led_on() {
            return Ok(outcome);
        }
        self.body(rest)
    }

    fn head(&mut self, head: Head) -> Result<Option<Outcome>, Failure> {
        if let Some(trail) = self.trail.as_mut().filter(|_| !self.judge.accepts(head.status))
            && let Some(request) = trail.follow(&head)?
        {
            self.request = request;
            self.state = State::Head(Reader::default());
            return Ok(None);
        }
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
                // A result that was certain before an error stays, or the outcome would depend on how the stream is
                // cut.
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
        if let Some(trail) = &mut self.trail {
            trail.pending = false;
        }
        out.extend_from_slice(&self.request);
        None
    }

    fn wants_another_connection(&self) -> bool {
        self.is_led_on()
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
