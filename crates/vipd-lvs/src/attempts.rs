//! The attempts that are under way: their sockets, and when each has waited long enough.
//!
//! Slots are numbered; the poll's token of a socket is its slot. A slot that becomes free in a turn of the loop is not
//! taken again before the next, so an event cannot meet another attempt than its own.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::AsRawFd;
use std::time::{Instant, SystemTime};

use lvs_health::director::AttemptId;
use lvs_health::{Dialogue, Note, Outcome, Transport};
use mio::event::Event;
use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use socket2::Socket;

use super::socket::is_shortage;

/// The attempts over sockets.
#[derive(Debug)]
pub(super) struct Attempts {
    /// Tokens begin here.
    first_token: usize,
    most: usize,
    slots: Vec<Option<Attempt>>,
    free: Vec<usize>,
    /// Free from the next turn on.
    resting: Vec<usize>,
    by_id: HashMap<AttemptId, usize>,
    deadlines: BTreeSet<(Instant, usize)>,
    /// Sockets that have more to read than they were allowed in one turn.
    unread: VecDeque<usize>,
    ended: Vec<Ended>,
    /// Attempts that go on over another connection.
    led_on: Vec<AttemptId>,
    buffer: Vec<u8>,
}

/// An attempt that has its outcome.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) id: AttemptId,
    pub(super) outcome: Outcome,
    /// Remarks for the operator besides.
    pub(super) notes: Vec<Note>,
    /// When the certificate ends that the server showed.
    pub(super) certificate_end: Option<SystemTime>,
}

#[derive(Debug)]
struct Attempt {
    id: AttemptId,
    socket: Socket,
    dialogue: Dialogue,
    connected: bool,
    /// It is among those with more to read.
    unread: bool,
    /// It waits for another connection.
    is_led_on: bool,
    deadline: Option<Instant>,
}

impl Attempts {
    /// None yet, and never more than `most`. Tokens from `first_token` on are used.
    pub(super) fn new(first_token: usize, most: usize) -> Self {
        Self {
            first_token,
            most,
            slots: Vec::new(),
            free: Vec::new(),
            resting: Vec::new(),
            by_id: HashMap::new(),
            deadlines: BTreeSet::new(),
            unread: VecDeque::new(),
            ended: Vec::new(),
            led_on: Vec::new(),
            buffer: vec![0; READ_LEN],
        }
    }

    /// Takes over a socket that connects.
    ///
    /// # Errors
    /// The poll does not take it.
    pub(super) fn begin(
        &mut self,
        now: Instant,
        id: AttemptId,
        socket: Socket,
        dialogue: Dialogue,
        registry: &Registry,
    ) -> io::Result<()> {
        let slot = self.free.pop().unwrap_or(self.slots.len());
        let interest = Interest::READABLE | Interest::WRITABLE;
        let token = Token(self.first_token + slot);
        if let Err(error) = registry.register(&mut SourceFd(&socket.as_raw_fd()), token, interest) {
            if slot < self.slots.len() {
                self.free.push(slot);
            }
            return Err(error);
        }
        let deadline = dialogue.poll_timeout();
        let stream = dialogue.transport() == Transport::Stream;
        let attempt =
            Attempt { id, socket, dialogue, connected: false, unread: false, is_led_on: false, deadline };
        self.deadlines.extend(deadline.map(|at| (at, slot)));
        self.by_id.insert(id, slot);
        if slot == self.slots.len() {
            self.slots.push(Some(attempt));
        } else if let Some(place) = self.slots.get_mut(slot) {
            *place = Some(attempt);
        }
        if !stream {
            // There is no connection to wait for.
            self.advance(now, slot, |attempt| attempt.connect(now));
        }
        Ok(())
    }

    /// Number of attempts under way.
    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether no other may begin before one has ended.
    pub(super) fn is_full(&self) -> bool {
        self.len() >= self.most
    }

    /// Gives an attempt up; no outcome follows.
    pub(super) fn cancel(&mut self, id: AttemptId) {
        if let Some(slot) = self.by_id.remove(&id) {
            self.release(slot);
        }
        self.ended.retain(|ended| ended.id != id);
        self.led_on.retain(|led_on| *led_on != id);
    }

    /// A socket is ready.
    pub(super) fn handle_event(&mut self, now: Instant, event: &Event) {
        let Some(slot) = event.token().0.checked_sub(self.first_token) else { return };
        let (readable, writable) = (event.is_readable() || event.is_read_closed(), event.is_writable());
        let failed = event.is_error();
        self.exchange(now, slot, Ready { readable, writable, failed });
    }

    /// Goes on reading where one turn was not enough: the next few sockets in their order.
    pub(super) fn read_on(&mut self, now: Instant) {
        for _ in 0..self.unread.len().min(SOCKETS_PER_TURN) {
            let Some(slot) = self.unread.pop_front() else { return };
            if let Some(attempt) = self.slots.get_mut(slot).and_then(Option::as_mut) {
                attempt.unread = false;
            }
            self.exchange(now, slot, Ready { readable: true, writable: false, failed: false });
        }
    }

    /// Whether [`read_on`](Self::read_on) has something to do.
    pub(super) fn has_backlog(&self) -> bool {
        !self.unread.is_empty()
    }

    /// Time passed. Call it after the events of the turn: input that has arrived counts.
    pub(super) fn handle_timeout(&mut self, now: Instant) {
        while let Some(&(at, slot)) = self.deadlines.first()
            && at <= now
        {
            self.deadlines.pop_first();
            self.advance(now, slot, |attempt| attempt.dialogue.handle_timeout(now));
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.deadlines.first().map(|&(at, _)| at)
    }

    /// The attempts that have ended since the last call.
    pub(super) fn take_ended(&mut self) -> Vec<Ended> {
        std::mem::take(&mut self.ended)
    }

    /// Attempts that want another connection since the last call: each is given one by [`reconnect`](Self::reconnect), or told
    /// that there is none by [`fail`](Self::fail).
    pub(super) fn take_led_on(&mut self) -> Vec<AttemptId> {
        std::mem::take(&mut self.led_on)
    }

    /// Goes on with another socket, which connects; the old one is closed.
    ///
    /// # Errors
    /// The poll does not take it.
    pub(super) fn reconnect(&mut self, id: AttemptId, socket: Socket, registry: &Registry) -> io::Result<()> {
        let Some(&slot) = self.by_id.get(&id) else { return Ok(()) };
        let Some(attempt) = self.slots.get_mut(slot).and_then(Option::as_mut) else { return Ok(()) };
        let interest = Interest::READABLE | Interest::WRITABLE;
        registry.register(&mut SourceFd(&socket.as_raw_fd()), Token(self.first_token + slot), interest)?;
        attempt.socket = socket;
        (attempt.connected, attempt.is_led_on) = (false, false);
        Ok(())
    }

    /// No other connection can be made for an attempt.
    pub(super) fn fail(&mut self, now: Instant, id: AttemptId, kind: ErrorKind) {
        if let Some(&slot) = self.by_id.get(&id) {
            self.advance(now, slot, |attempt| attempt.dialogue.handle_error(now, kind));
        }
    }

    /// A new turn of the loop begins: no event of the last one is left.
    pub(super) fn turn(&mut self) {
        self.free.append(&mut self.resting);
    }

    fn exchange(&mut self, now: Instant, slot: usize, ready: Ready) {
        let mut buffer = std::mem::take(&mut self.buffer);
        let mut more = false;
        self.advance(now, slot, |attempt| more = attempt.exchange(now, ready, &mut buffer));
        self.buffer = buffer;
        if more
            && let Some(attempt) = self.slots.get_mut(slot).and_then(Option::as_mut)
            && !std::mem::replace(&mut attempt.unread, true)
        {
            self.unread.push_back(slot);
        }
    }

    /// Does something with an attempt, then looks whether it has its outcome, and when it wants to be woken.
    fn advance(&mut self, now: Instant, slot: usize, step: impl FnOnce(&mut Attempt)) {
        let Some(attempt) = self.slots.get_mut(slot).and_then(Option::as_mut) else { return };
        step(attempt);
        attempt.send(now);
        let before = attempt.deadline;
        if let Some(outcome) = attempt.dialogue.outcome() {
            let (id, outcome, dialogue) = (attempt.id, outcome.clone(), &attempt.dialogue);
            let certificate_end = dialogue.certificate_end();
            let ended = Ended { id, outcome, notes: dialogue.notes(), certificate_end };
            self.by_id.remove(&ended.id);
            self.ended.push(ended);
            self.release(slot);
            return;
        }
        if attempt.connected && attempt.dialogue.wants_another_connection() && !attempt.is_led_on {
            attempt.is_led_on = true;
            self.led_on.push(attempt.id);
        }
        let wanted = attempt.dialogue.poll_timeout();
        attempt.deadline = wanted;
        if wanted != before {
            if let Some(at) = before {
                self.deadlines.remove(&(at, slot));
            }
            self.deadlines.extend(wanted.map(|at| (at, slot)));
        } else if let Some(at) = wanted {
            // It may have been taken out to be judged.
            self.deadlines.insert((at, slot));
        }
    }

    /// Closes the socket; the kernel takes it out of the poll.
    fn release(&mut self, slot: usize) {
        let Some(attempt) = self.slots.get_mut(slot).and_then(Option::take) else { return };
        if let Some(at) = attempt.deadline {
            self.deadlines.remove(&(at, slot));
        }
        self.resting.push(slot);
    }
}

/// Readiness of a socket.
#[derive(Clone, Copy, Debug)]
struct Ready {
    readable: bool,
    writable: bool,
    failed: bool,
}

impl Attempt {
    fn connect(&mut self, now: Instant) {
        self.connected = true;
        self.dialogue.handle_connected(now);
    }

    /// Takes in what a socket has to say; gives whether it has more.
    fn exchange(&mut self, now: Instant, ready: Ready, buffer: &mut [u8]) -> bool {
        if self.is_led_on {
            return false;
        }
        if !self.connected {
            if ready.failed
                && let Some(error) = self.socket.take_error().unwrap_or_else(Some)
            {
                self.dialogue.handle_error(now, error.kind());
                return false;
            }
            if !ready.writable {
                return false;
            }
            self.connect(now);
            self.send(now);
        }
        // An error is learned by reading, behind the input before it: a server that answers in full and then resets the
        // connection has answered. One that waits for its turn to read on does so.
        (ready.readable || ready.failed) && !self.unread && self.receive(now, buffer)
    }

    /// Reads until there is nothing left, or it has had its share of this turn.
    fn receive(&mut self, now: Instant, buffer: &mut [u8]) -> bool {
        for _ in 0..READS_PER_TURN {
            if self.dialogue.outcome().is_some() || self.dialogue.wants_another_connection() {
                return false;
            }
            match self.socket.read(buffer) {
                Ok(0) if self.dialogue.transport() == Transport::Stream => {
                    self.dialogue.handle_end(now);
                    return false;
                }
                Ok(count) => {
                    self.dialogue.handle_input(now, buffer.get(..count).unwrap_or_default());
                    self.send(now);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return false,
                Err(error) => {
                    self.dialogue.handle_error(now, error.kind());
                    return false;
                }
            }
        }
        true
    }

    /// Sends what the socket takes. A broken connection is detected by reading: a server that refuses more may have
    /// answered before. A datagram that cannot be sent leaves nothing to read.
    fn send(&mut self, now: Instant) {
        while self.connected && !self.dialogue.output().is_empty() {
            match self.socket.write(self.dialogue.output()) {
                Ok(count) => self.dialogue.consume(count),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    let is_stream = self.dialogue.transport() == Transport::Stream;
                    if !is_stream && error.kind() != ErrorKind::WouldBlock && !is_shortage(&error) {
                        self.dialogue.handle_error(now, error.kind());
                    }
                    return;
                }
            }
        }
    }
}

/// Octets of one read.
const READ_LEN: usize = 16 * 1024;

/// Reads of one socket in one turn: a body without end must not keep the other checks waiting.
const READS_PER_TURN: usize = 2;

/// Sockets that read on in one turn; the others wait for the next.
const SOCKETS_PER_TURN: usize = 16;

#[cfg(test)]
mod tests;
