//! One connection: bytes in, one request after the other, bytes out, a deadline.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::request::{MAX_HEAD, Refusal, Request};
use crate::response::Response;
use crate::site::Stream;

/// A connection as a value.
///
/// Invariant: `input` holds less than twice [`MAX_HEAD`]; nothing is taken while a request is answered.
#[derive(Debug)]
pub(crate) struct Connection {
    input: Vec<u8>,
    /// Output: the head of an answer, or a piece of a stream, and the body.
    output: [Arc<[u8]>; 2],
    /// Bytes of it that are sent.
    sent: usize,
    phase: Phase,
    deadline: Instant,
}

/// Kind of a connection.
#[derive(Debug)]
enum Phase {
    /// It awaits a request, or the rest of one.
    Reading,
    /// A request awaits a newer status.
    Waiting(Request),
    /// An answer is sent; another request may follow.
    Answering { keep_alive: bool },
    /// Events are sent.
    Streaming(Stream),
    /// Nothing follows.
    Done,
}

impl Connection {
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            input: Vec::new(),
            output: [Arc::from([]), Arc::from([])],
            sent: 0,
            phase: Phase::Reading,
            deadline: now + HEAD_TIME,
        }
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        (!self.is_done()).then_some(self.deadline)
    }

    pub(crate) fn is_done(&self) -> bool {
        matches!(self.phase, Phase::Done)
    }

    /// It awaits the first byte of a request.
    pub(crate) fn is_idle(&self) -> bool {
        matches!(self.phase, Phase::Reading) && self.input.is_empty()
    }

    pub(crate) fn wants_input(&self) -> bool {
        match self.phase {
            Phase::Reading => self.input.len() < MAX_HEAD,
            // Only its end is awaited.
            Phase::Streaming(_) => true,
            Phase::Waiting(_) | Phase::Answering { .. } | Phase::Done => false,
        }
    }

    pub(crate) fn handle_input(&mut self, now: Instant, bytes: &[u8]) {
        if matches!(self.phase, Phase::Streaming(_)) {
            // A reader of events has nothing to say.
            self.phase = Phase::Done;
        }
        if !matches!(self.phase, Phase::Reading) {
            return;
        }
        if self.input.is_empty() {
            self.deadline = now + HEAD_TIME;
        }
        let room = (2 * MAX_HEAD).saturating_sub(self.input.len());
        self.input.extend(bytes.iter().take(room));
    }

    /// The next request, if it is complete.
    pub(crate) fn take_request(&mut self) -> Option<Result<Request, Refusal>> {
        if !matches!(self.phase, Phase::Reading) || self.input.is_empty() {
            return None;
        }
        match Request::parse(&self.input) {
            Ok(None) => None,
            Ok(Some((request, length))) => {
                self.input.drain(..length.min(self.input.len()));
                Some(Ok(request))
            }
            Err(refusal) => {
                self.input.clear();
                Some(Err(refusal))
            }
        }
    }

    /// The answer has to wait.
    pub(crate) fn wait(&mut self, until: Instant, request: Request) {
        self.phase = Phase::Waiting(request);
        self.deadline = until;
    }

    /// The request that waits.
    pub(crate) fn waiting(&self) -> Option<&Request> {
        match &self.phase {
            Phase::Waiting(request) => Some(request),
            _ => None,
        }
    }

    /// Sends an answer.
    pub(crate) fn answer(&mut self, now: Instant, response: &Response, is_head: bool, keep_alive: bool) {
        let body = if is_head { Arc::from([]) } else { response.body.clone() };
        self.output = [response.head(keep_alive, false).into(), body];
        self.begin(now, Phase::Answering { keep_alive });
    }

    /// Sends a stream, which begins with this head.
    pub(crate) fn stream(&mut self, now: Instant, head: Vec<u8>, stream: Stream) {
        self.output = [head.into(), Arc::from([])];
        self.begin(now, Phase::Streaming(stream));
    }

    fn begin(&mut self, now: Instant, phase: Phase) {
        self.sent = 0;
        self.deadline = now + WRITE_TIME;
        self.phase = phase;
    }

    /// The stream, if everything of it was sent.
    pub(crate) fn hungry_stream(&mut self) -> Option<&mut Stream> {
        let is_sent = self.output().is_empty();
        match &mut self.phase {
            Phase::Streaming(stream) if is_sent => Some(stream),
            _ => None,
        }
    }

    pub(crate) fn is_stream(&self) -> bool {
        matches!(self.phase, Phase::Streaming(_))
    }

    /// Sends a piece of the stream.
    pub(crate) fn stream_piece(&mut self, now: Instant, piece: Vec<u8>) {
        self.output = [piece.into(), Arc::from([])];
        self.sent = 0;
        self.deadline = now + WRITE_TIME;
    }

    /// The bytes to send next.
    pub(crate) fn output(&self) -> &[u8] {
        let [head, body] = &self.output;
        match head.get(self.sent..).filter(|rest| !rest.is_empty()) {
            Some(rest) => rest,
            None => body.get(self.sent.saturating_sub(head.len())..).unwrap_or_default(),
        }
    }

    pub(crate) fn handle_sent(&mut self, now: Instant, count: usize) {
        self.sent += count.min(self.output().len());
        if count > 0 {
            self.deadline = now + WRITE_TIME;
        }
        if !self.output().is_empty() {
            return;
        }
        // The body may be shared with nobody any more.
        self.output = [Arc::from([]), Arc::from([])];
        self.sent = 0;
        match self.phase {
            Phase::Answering { keep_alive: true } => {
                self.phase = Phase::Reading;
                self.deadline = now + if self.input.is_empty() { IDLE_TIME } else { HEAD_TIME };
            }
            Phase::Answering { keep_alive: false } => self.phase = Phase::Done,
            Phase::Streaming(_) => self.deadline = now + PULSE,
            Phase::Reading | Phase::Waiting(_) | Phase::Done => {}
        }
    }

    /// Its deadline is over, and no request waits: it ends, or, as a quiet stream, says that it still is there.
    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        if self.hungry_stream().is_some() {
            self.stream_piece(now, b":\n\n".to_vec());
        } else {
            self.phase = Phase::Done;
        }
    }
}

/// Time for the head of a request.
const HEAD_TIME: Duration = Duration::from_secs(10);

/// Time for which a connection without a request is kept.
const IDLE_TIME: Duration = Duration::from_secs(30);

/// Time in which a reader has to take something of what is sent.
const WRITE_TIME: Duration = Duration::from_secs(20);

/// Silence of a stream after which a comment is sent, so that one whose reader has gone is noticed.
const PULSE: Duration = Duration::from_secs(15);
