//! All connections, and what is asked of the daemon for them.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use vipd_status::{Event, Status};

use crate::access::Access;
use crate::connection::Connection;
use crate::request::Request;
use crate::response::{EVENTS, OK, Response, UNAVAILABLE};
use crate::site::{Answer, Site};

/// The server, without its sockets.
///
/// The caller accepts connections and moves bytes: [`handle_input`](Self::handle_input) while
/// [`wants_input`](Self::wants_input), [`output`](Self::output) to the socket and [`handle_sent`](Self::handle_sent),
/// until [`is_done`](Self::is_done). It passes [`poll_demand`](Self::poll_demand) on to the daemon, the answer to
/// [`handle_status`](Self::handle_status), and events as they happen. Nothing here can change anything in the daemon.
#[derive(Debug)]
pub struct Server {
    site: Site,
    access: Access,
    connections: BTreeMap<ConnectionId, Connection>,
    last_id: u64,
    started: Instant,
    /// When the daemon was asked, if it has not answered.
    asked: Option<Instant>,
    /// When it answered last.
    answered: Option<Instant>,
    /// Duration of the last time.
    took: Duration,
}

/// A connection, for as long as the server lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub u64);

impl Server {
    /// A server of this site for those who have access.
    pub fn new(now: Instant, site: Site, access: Access) -> Self {
        Self {
            site,
            access,
            started: now,
            connections: BTreeMap::new(),
            last_id: 0,
            asked: None,
            answered: None,
            took: Duration::ZERO,
        }
    }

    /// A client has connected. `None`: there are too many, and all of them are busy; close it.
    ///
    /// One that is idle may end for it, which [`is_done`](Self::is_done) tells.
    pub fn accept(&mut self, now: Instant) -> Option<ConnectionId> {
        if self.connections.len() >= MAX_CONNECTIONS {
            let idle = self.connections.iter().filter(|(_, connection)| connection.is_idle());
            let (&id, _) = idle.min_by_key(|(_, connection)| connection.deadline())?;
            self.connections.remove(&id);
        }
        self.last_id += 1;
        let id = ConnectionId(self.last_id);
        self.connections.insert(id, Connection::new(now));
        Some(id)
    }

    /// Whether to read from the client.
    pub fn wants_input(&self, id: ConnectionId) -> bool {
        self.connections.get(&id).is_some_and(Connection::wants_input)
    }

    /// The client sent bytes.
    pub fn handle_input(&mut self, now: Instant, id: ConnectionId, bytes: &[u8]) {
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.handle_input(now, bytes);
        }
        self.serve(now, id);
    }

    /// The client closed its side, or the connection failed.
    pub fn handle_end(&mut self, id: ConnectionId) {
        self.connections.remove(&id);
    }

    /// What to send to the client.
    pub fn output(&self, id: ConnectionId) -> &[u8] {
        self.connections.get(&id).map(Connection::output).unwrap_or_default()
    }

    /// So many bytes of the [`output`](Self::output) were taken by the socket.
    pub fn handle_sent(&mut self, now: Instant, id: ConnectionId, count: usize) {
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.handle_sent(now, count);
        }
        self.serve(now, id);
    }

    /// Whether to close the connection.
    pub fn is_done(&self, id: ConnectionId) -> bool {
        self.connections.get(&id).is_none_or(Connection::is_done)
    }

    /// Whether to ask the daemon for its status now. Not more often than every 200 ms, nor for more than a tenth of the
    /// time.
    pub fn poll_demand(&mut self, now: Instant) -> bool {
        if self.asked.is_some() || self.next_demand().is_none_or(|at| at > now) {
            return false;
        }
        self.asked = Some(now);
        true
    }

    /// When something may be asked: at once for a request, each second for a stream.
    fn next_demand(&self) -> Option<Instant> {
        let waits = self.connections.values().any(|connection| connection.waiting().is_some());
        let streams = self.connections.values().any(Connection::is_stream);
        let pause = match (waits, streams) {
            (true, _) => self.pause(),
            (false, true) => self.pause().max(STREAM_PAUSE),
            (false, false) => return None,
        };
        Some(self.answered.map_or(self.started, |at| at + pause))
    }

    fn pause(&self) -> Duration {
        MIN_PAUSE.max(self.took.saturating_mul(10))
    }

    /// The daemon answered.
    pub fn handle_status(&mut self, now: Instant, status: Status) {
        if let Some(asked) = self.asked.take() {
            self.took = now.saturating_duration_since(asked);
        }
        self.answered = Some(now);
        self.site.handle_status(status);
        for id in self.connections.keys().copied().collect::<Vec<_>>() {
            self.answer_waiting(now, id);
            self.feed_stream(now, id);
        }
    }

    /// Something happened. Events that are known already are ignored.
    pub fn handle_events(&mut self, now: Instant, events: Vec<Event>) {
        self.site.handle_events(events);
        for id in self.connections.keys().copied().collect::<Vec<_>>() {
            self.feed_stream(now, id);
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) or [`poll_demand`](Self::poll_demand) is due.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let demand = self.next_demand().filter(|_| self.asked.is_none());
        self.connections.values().filter_map(Connection::deadline).chain(demand).min()
    }

    /// Time passed.
    pub fn handle_timeout(&mut self, now: Instant) {
        let is_due = |connection: &Connection| connection.deadline().is_some_and(|at| at <= now);
        let due = self.connections.iter().filter(|(_, connection)| is_due(connection));
        for id in due.map(|(&id, _)| id).collect::<Vec<_>>() {
            self.answer_waiting(now, id);
            if let Some(connection) = self.connections.get_mut(&id).filter(|connection| is_due(connection)) {
                connection.handle_timeout(now);
            }
        }
    }

    /// Connections with output, after news or a timeout.
    pub fn busy(&self) -> Vec<ConnectionId> {
        let has_work = |connection: &Connection| connection.is_done() || !connection.output().is_empty();
        self.connections.iter().filter(|(_, connection)| has_work(connection)).map(|(&id, _)| id).collect()
    }

    /// Answers the requests that have arrived, as far as the client takes answers.
    fn serve(&mut self, now: Instant, id: ConnectionId) {
        while let Some(request) = self.connections.get_mut(&id).and_then(Connection::take_request) {
            match request {
                Ok(request) => self.take(now, id, request),
                Err(refusal) => self.refuse(now, id, &refusal.into(), false),
            }
        }
        self.feed_stream(now, id);
    }

    fn take(&mut self, now: Instant, id: ConnectionId, request: Request) {
        if let Err(denial) = self.access.check(&request) {
            return self.refuse(now, id, &denial.into(), request.is_head);
        }
        if !Site::needs_status(&request) || self.is_fresh(now) {
            return self.answer(now, id, &request);
        }
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.wait(now + PATIENCE, request);
        }
    }

    fn is_fresh(&self, now: Instant) -> bool {
        self.answered.is_some_and(|at| now.saturating_duration_since(at) < self.pause())
    }

    fn refuse(&mut self, now: Instant, id: ConnectionId, response: &Response, is_head: bool) {
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.answer(now, response, is_head, false);
        }
    }

    /// Answers the request that waits, if there is one: with what is known now, however old that is.
    fn answer_waiting(&mut self, now: Instant, id: ConnectionId) {
        let waiting = self.connections.get(&id).and_then(Connection::waiting).cloned();
        if let Some(request) = waiting {
            self.answer(now, id, &request);
        }
    }

    fn answer(&mut self, now: Instant, id: ConnectionId, request: &Request) {
        let is_current = !Site::needs_status(request) || self.is_fresh(now);
        let streams = self.connections.values().filter(|connection| connection.is_stream()).count();
        let answer = self.site.answer(request, is_current);
        let Some(connection) = self.connections.get_mut(&id) else { return };
        match answer {
            Answer::Whole(response) => {
                let response = if request.takes_gzip { response.compressed() } else { response };
                connection.answer(now, &response, request.is_head, request.keep_alive);
            }
            Answer::Stream(_) if streams >= MAX_STREAMS => {
                let text = "too many readers of events; close a page";
                connection.answer(now, &Response::line(UNAVAILABLE, text), request.is_head, false);
            }
            Answer::Stream(stream) => {
                let response = Response::new(OK, EVENTS, Vec::new());
                connection.stream(now, response.head(false, true), stream);
            }
        }
    }

    /// Gives a stream whose reader has taken everything what is new.
    fn feed_stream(&mut self, now: Instant, id: ConnectionId) {
        if let Some(connection) = self.connections.get_mut(&id)
            && let Some(stream) = connection.hungry_stream()
            && let Some(piece) = self.site.more(stream)
        {
            connection.stream_piece(now, piece);
        }
    }
}

/// Most connections at once.
pub const MAX_CONNECTIONS: usize = 128;

/// Most readers of events among them.
pub const MAX_STREAMS: usize = 96;

/// Shortest time between two questions to the daemon.
const MIN_PAUSE: Duration = Duration::from_millis(200);

/// Time between two questions for readers of events.
const STREAM_PAUSE: Duration = Duration::from_secs(1);

/// Time for which a request awaits a newer status.
const PATIENCE: Duration = Duration::from_secs(3);
