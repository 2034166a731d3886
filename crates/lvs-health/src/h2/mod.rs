//! HTTP/2 (RFC 9113) as far as one request needs it, and gRPC's health check on top.
//!
//! [`Client`] sends the preface, its settings and one request on stream 1 at once, without waiting for the server's
//! settings, and reads until the answer is complete or certain. The meaning of the answer is up to a [`Reply`]: a web
//! page ([`web`]) or a gRPC message ([`grpc`]).
//!
//! # Invariants
//!
//! A frame has at most [`frame::PAYLOAD_LIMIT`] octets, a header block with its continuations [`BLOCK_LIMIT`], the
//! table of header fields 4096; nothing else is kept. Answers that the server demands (to PING and SETTINGS) go to the
//! frame's output, which is bounded there.
//!
//! # Not here
//!
//! Sending more than fits in the first window, more than one stream, pushes, priorities: none is needed to ask once.

mod frame;
mod grpc;
mod hpack;
mod huffman;
mod request;
mod table;
mod web;

use std::sync::Arc;

pub(crate) use grpc::Plan as GrpcPlan;
pub(crate) use request::http2;
pub(crate) use web::Web;

use crate::dialogue::{Exchange, Note};
use crate::{Failure, Outcome};

/// Header fields of an answer, compressed, have at most so many octets.
const BLOCK_LIMIT: usize = 16 * 1024;

/// The window is opened again when so much of it is used, octets (RFC 9113 §5.2).
const WINDOW_STEP: usize = 16 * 1024;

/// The meaning of the answer on the stream.
pub(crate) trait Reply: Send {
    /// A field of the head or the trailer.
    fn field(&mut self, name: &[u8], value: &[u8]);
    /// The head is complete (not an interim one).
    fn head(&mut self, status: u16) -> Option<Outcome>;
    /// A piece of the body.
    fn data(&mut self, piece: &[u8]) -> Option<Outcome>;
    /// The stream is complete.
    fn end(&mut self) -> Outcome;
    /// A remark for the operator.
    fn note(&self) -> Option<Note> {
        None
    }
}

/// One connection, one request, one reply.
pub(crate) struct Client<R> {
    /// All that is sent at first.
    request: Arc<[u8]>,
    reply: R,
    /// The beginning of a frame.
    buffer: Vec<u8>,
    decoder: hpack::Decoder,
    state: State,
    /// A header block of which more is to come, and whether it ends the stream.
    block: Option<(Vec<u8>, bool)>,
    /// Octets of DATA that the window was not opened again for.
    used: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The server's settings come first.
    Settings,
    Head,
    Body,
}

impl<R: Reply> Client<R> {
    pub(crate) fn new(request: Arc<[u8]>, reply: R) -> Self {
        Self {
            request,
            reply,
            buffer: Vec::new(),
            decoder: hpack::Decoder::default(),
            state: State::Settings,
            block: None,
            used: 0,
        }
    }

    /// Collects frames: each is looked at as a whole.
    fn input(&mut self, mut input: &[u8], out: &mut Vec<u8>) -> Result<Option<Outcome>, Failure> {
        while !input.is_empty() {
            let wanted = self.wanted()?;
            let (part, rest) = input.split_at_checked(wanted - self.buffer.len()).unwrap_or((input, &[]));
            self.buffer.extend_from_slice(part);
            input = rest;
            if self.buffer.len() < self.wanted()? {
                continue;
            }
            let buffer = std::mem::take(&mut self.buffer);
            let outcome = match buffer.split_first_chunk() {
                Some((header, payload)) => self.frame(frame::Header::parse(*header), payload, out)?,
                None => None,
            };
            self.buffer = buffer;
            self.buffer.clear();
            if outcome.is_some() {
                return Ok(outcome);
            }
        }
        Ok(None)
    }

    /// Length of the frame that begins in the buffer; of its header, as long as that is not complete.
    fn wanted(&self) -> Result<usize, Failure> {
        let Some(header) = self.buffer.first_chunk() else { return Ok(frame::HEADER) };
        let header = frame::Header::parse(*header);
        if self.state == State::Settings && (header.kind != frame::SETTINGS || header.stream != 0) {
            return Err(Failure::Malformed("not HTTP/2"));
        }
        if header.length > frame::PAYLOAD_LIMIT {
            return Err(Failure::TooLong { what: "frame", limit: frame::PAYLOAD_LIMIT });
        }
        Ok(frame::HEADER + header.length)
    }

    fn frame(
        &mut self,
        header: frame::Header,
        payload: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<Option<Outcome>, Failure> {
        const BROKEN: Failure = Failure::Malformed("frame");
        if self.block.is_some() != (header.kind == frame::CONTINUATION) {
            return Err(Failure::Malformed("header block"));
        }
        match (header.kind, header.stream) {
            (frame::SETTINGS, 0) => {
                if !header.has(frame::ACK) {
                    frame::emit(frame::SETTINGS, frame::ACK, 0, &[], out);
                }
                if self.state == State::Settings {
                    self.state = State::Head;
                }
                (payload.len().is_multiple_of(6)).then_some(None).ok_or(BROKEN)
            }
            (frame::HEADERS, frame::STREAM) => {
                let content = header.content(payload).ok_or(BROKEN)?;
                self.block = Some((Vec::new(), header.has(frame::END_STREAM)));
                self.fragment(content, header.has(frame::END_HEADERS))
            }
            (frame::CONTINUATION, frame::STREAM) => self.fragment(payload, header.has(frame::END_HEADERS)),
            (frame::DATA, frame::STREAM) if self.state == State::Body => {
                let content = header.content(payload).ok_or(BROKEN)?;
                self.open_window(header.length, out);
                let outcome = if content.is_empty() { None } else { self.reply.data(content) };
                Ok(outcome.or_else(|| header.has(frame::END_STREAM).then(|| self.reply.end())))
            }
            (frame::RST_STREAM, frame::STREAM) => match payload.first_chunk() {
                Some(code) => Err(Failure::Reset(u32::from_be_bytes(*code))),
                None => Err(BROKEN),
            },
            (frame::PING, 0) => {
                if payload.len() != 8 {
                    return Err(BROKEN);
                }
                if !header.has(frame::ACK) {
                    frame::emit(frame::PING, frame::ACK, 0, payload, out);
                }
                Ok(None)
            }
            (frame::GOAWAY, 0) => goaway(payload).map(|()| None),
            // Frames that were not asked for, or on streams that were never opened.
            (
                frame::SETTINGS
                | frame::HEADERS
                | frame::CONTINUATION
                | frame::DATA
                | frame::RST_STREAM
                | frame::PUSH_PROMISE
                | frame::PING
                | frame::GOAWAY,
                _,
            ) => Err(BROKEN),
            // WINDOW_UPDATE and PRIORITY, which change nothing here, and frames that are to be ignored (§4.1).
            _ => Ok(None),
        }
    }

    /// A part of a header block, perhaps its last.
    fn fragment(&mut self, fragment: &[u8], is_last: bool) -> Result<Option<Outcome>, Failure> {
        let Some((block, _)) = &mut self.block else { return Err(Failure::Malformed("header block")) };
        if block.len() + fragment.len() > BLOCK_LIMIT {
            return Err(Failure::TooLong { what: "head", limit: BLOCK_LIMIT });
        }
        block.extend_from_slice(fragment);
        if !is_last {
            return Ok(None);
        }
        let Some((block, ends)) = self.block.take() else { return Ok(None) };
        self.head(&block, ends)
    }

    /// A whole header block: interim head, head, or trailer (RFC 9113 §8.1).
    fn head(&mut self, block: &[u8], ends: bool) -> Result<Option<Outcome>, Failure> {
        let mut status = None;
        let reply = &mut self.reply;
        let sink = |name: &[u8], value: &[u8]| {
            if name == b":status" {
                status = std::str::from_utf8(value)
                    .ok()
                    .filter(|text| text.len() == 3)
                    .and_then(|text| text.parse().ok());
            } else {
                reply.field(name, value);
            }
        };
        self.decoder.decode(block, sink).ok_or(Failure::Malformed("header block"))?;
        let mut outcome = None;
        if self.state == State::Body {
            if !ends {
                return Err(Failure::Malformed("trailer"));
            }
        } else {
            let status = status.ok_or(Failure::Malformed("status"))?;
            if (100..200).contains(&status) && !ends {
                return Ok(None);
            }
            self.state = State::Body;
            outcome = reply.head(status);
        }
        Ok(outcome.or_else(|| ends.then(|| reply.end())))
    }

    fn open_window(&mut self, used: usize, out: &mut Vec<u8>) {
        self.used += used;
        if self.used >= WINDOW_STEP {
            let more = u32::try_from(self.used).unwrap_or(0).to_be_bytes();
            frame::emit(frame::WINDOW_UPDATE, 0, 0, &more, out);
            frame::emit(frame::WINDOW_UPDATE, 0, frame::STREAM, &more, out);
            self.used = 0;
        }
    }
}

/// The server will take no more requests (RFC 9113 §6.8): ours may be among those it still answers.
fn goaway(payload: &[u8]) -> Result<(), Failure> {
    let Some((last, rest)) = payload.split_first_chunk::<4>() else {
        return Err(Failure::Malformed("frame"));
    };
    let Some(code) = rest.first_chunk() else { return Err(Failure::Malformed("frame")) };
    let (last, code) = (u32::from_be_bytes(*last) & 0x7fff_ffff, u32::from_be_bytes(*code));
    if code == 0 && last >= frame::STREAM { Ok(()) } else { Err(Failure::GoAway(code)) }
}

impl<R: Reply> Exchange for Client<R> {
    fn handle_connected(&mut self, out: &mut Vec<u8>) -> Option<Outcome> {
        out.extend_from_slice(&self.request);
        None
    }

    fn handle_input(&mut self, input: &[u8], out: &mut Vec<u8>) -> Option<Outcome> {
        let outcome = self.input(input, out).unwrap_or_else(|failure| Some(Outcome::Fail(failure)));
        if outcome.is_some() {
            // Goodbye: no error, and no stream of the server's was looked at.
            frame::emit(frame::GOAWAY, 0, 0, &[0; 8], out);
        }
        outcome
    }

    fn handle_end(&mut self) -> Outcome {
        Outcome::Fail(Failure::Closed(self.awaits()))
    }

    fn awaits(&self) -> &'static str {
        match self.state {
            State::Settings => "HTTP/2 settings",
            State::Head => "head",
            State::Body => "rest of the body",
        }
    }

    fn append_notes(&self, notes: &mut Vec<Note>) {
        notes.extend(self.reply.note());
    }
}
