//! The clients, as values.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::queue::Queue;
use crate::{Answer, Peer, Policy, Refusal, Request, Rights, Verb};

/// Names a client. No two clients of a daemon have the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientId(pub u64);

/// There are too many clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many clients")]
pub struct Full;

/// All clients: their input comes in, their requests go out; answers come in, octets for them go out.
///
/// One request of a client is worked on at a time, and meanwhile nothing more is taken from it. A client with a request
/// out has to get an answer: [`answer`](Self::answer), and [`finish`](Self::finish) after the last line.
#[derive(Debug, Default)]
pub struct Server {
    clients: BTreeMap<ClientId, Client>,
    last: u64,
    requests: VecDeque<(ClientId, Verb)>,
}

#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "answers to independent questions")]
struct Client {
    peer: Peer,
    rights: Rights,
    /// A process of the daemon, whose rights no policy changes.
    is_ours: bool,
    input: Vec<u8>,
    output: Queue,
    /// A request of it is being worked on.
    asking: bool,
    /// It gets events.
    follows: bool,
    /// Nothing more is taken from it, and it is done with when it has read everything.
    closing: bool,
    /// It cannot be talked to any more.
    gone: bool,
    /// When it last sent a request or read something.
    active: Instant,
}

impl Server {
    /// Largest number of clients.
    pub const MAX_CLIENTS: usize = 64;

    /// The longest request in octets, with its end of line.
    pub const MAX_REQUEST: usize = 64 << 10;

    /// Somebody connected. A client without rights is told so and gets no further.
    ///
    /// # Errors
    /// There are too many clients. The last places are kept for root.
    pub fn accept(&mut self, now: Instant, peer: Peer, policy: Policy) -> Result<ClientId, Full> {
        let places = if peer.uid == 0 { Self::MAX_CLIENTS } else { Self::MAX_CLIENTS - KEPT_FOR_ROOT };
        if self.clients.len() >= places {
            return Err(Full);
        }
        self.last += 1;
        let rights = policy.rights(&peer);
        let mut client = Client::new(now, peer, rights);
        if rights == Rights::None {
            client.refuse(Refusal::Rights, NO_RIGHTS);
            client.closing = true;
        }
        let id = ClientId(self.last);
        self.clients.insert(id, client);
        Ok(id)
    }

    /// A process of the daemon, which may read whatever the policy is, and never act. It counts as a client, but always
    /// has a place.
    pub fn add_reader(&mut self, now: Instant) -> ClientId {
        self.last += 1;
        let nobody = Peer { uid: u32::MAX, groups: Vec::new() };
        let client = Client { is_ours: true, ..Client::new(now, nobody, Rights::Read) };
        let id = ClientId(self.last);
        self.clients.insert(id, client);
        id
    }

    /// The policy has changed. Clients that have no right any more are closed, and so are those that asked for something that
    /// they may not do any more, before it was fetched.
    pub fn handle_policy(&mut self, policy: Policy) {
        for client in self.clients.values_mut().filter(|client| !client.is_ours) {
            client.rights = policy.rights(&client.peer);
            client.gone |= client.rights == Rights::None;
        }
        let clients = &mut self.clients;
        self.requests.retain(|(id, verb)| {
            let Some(client) = clients.get_mut(id) else { return false };
            let may = verb.needs() <= client.rights;
            client.gone |= !may;
            may
        });
    }

    /// Whether more is taken from this client now.
    pub fn wants_input(&self, id: ClientId) -> bool {
        self.clients.get(&id).is_some_and(Client::wants_input)
    }

    /// A client sent this. Not more than was asked for by [`wants_input`](Self::wants_input): it is kept in any case.
    pub fn handle_input(&mut self, now: Instant, id: ClientId, octets: &[u8]) {
        let Some(client) = self.clients.get_mut(&id) else { return };
        if client.gone || client.closing {
            return;
        }
        client.input.extend_from_slice(octets);
        self.look_for_request(now, id);
    }

    /// A client sends nothing more. Its requests are still answered.
    pub fn handle_end_of_input(&mut self, id: ClientId) {
        if let Some(client) = self.clients.get_mut(&id) {
            client.closing = true;
            client.gone |= client.follows;
        }
    }

    /// A client cannot be talked to any more.
    pub fn handle_loss(&mut self, id: ClientId) {
        if let Some(client) = self.clients.get_mut(&id) {
            client.gone = true;
        }
    }

    /// The next request that somebody may make.
    pub fn poll_request(&mut self) -> Option<(ClientId, Verb)> {
        self.requests.pop_front()
    }

    /// The client that asks.
    pub fn peer(&self, id: ClientId) -> Option<&Peer> {
        self.clients.get(&id).map(|client| &client.peer)
    }

    /// A line for a client whose request is being worked on.
    pub fn answer(&mut self, id: ClientId, line: Bytes) {
        if let Some(client) = self.clients.get_mut(&id).filter(|client| !client.gone) {
            client.output.push(line);
        }
    }

    /// The request of this client is answered: its next one may be read. A request that was not fetched is dropped.
    pub fn finish(&mut self, now: Instant, id: ClientId) {
        self.requests.retain(|&(of, _)| of != id);
        if let Some(client) = self.clients.get_mut(&id) {
            client.asking = false;
            client.active = now;
            self.look_for_request(now, id);
        }
    }

    /// From now on a client gets events.
    pub fn follow(&mut self, id: ClientId) {
        if let Some(client) = self.clients.get_mut(&id) {
            client.follows = true;
        }
    }

    /// An event for everybody who follows them. A client that does not read loses it, and is told how many were lost.
    pub fn publish(&mut self, line: &Bytes) {
        for client in self.clients.values_mut().filter(|client| client.follows && !client.gone) {
            client.output.push_or_lose(line.clone());
        }
    }

    /// The next octets for a client.
    pub fn output(&self, id: ClientId) -> Option<&[u8]> {
        self.clients.get(&id).filter(|client| !client.gone)?.output.front()
    }

    /// So many octets of [`output`](Self::output) were taken by the kernel.
    pub fn handle_written(&mut self, now: Instant, id: ClientId, count: usize) {
        if let Some(client) = self.clients.get_mut(&id).filter(|_| count > 0) {
            client.output.handle_written(count);
            client.active = now;
        }
    }

    /// Clients that are done with are forgotten: these.
    pub fn take_finished(&mut self) -> Vec<ClientId> {
        let finished: Vec<ClientId> =
            self.clients.iter().filter(|(_, client)| client.is_finished()).map(|(&id, _)| id).collect();
        for id in &finished {
            self.clients.remove(id);
        }
        if !finished.is_empty() {
            self.requests.retain(|(id, _)| !finished.contains(id));
        }
        finished
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.clients.values().filter_map(Client::timeout).min()
    }

    /// Time passed: clients that neither ask nor read are done with. A client that follows events may be silent for
    /// ever.
    pub fn handle_timeout(&mut self, now: Instant) {
        for client in self.clients.values_mut() {
            client.gone |= client.timeout().is_some_and(|at| at <= now);
        }
    }

    /// Number of clients.
    pub fn clients(&self) -> usize {
        self.clients.len()
    }

    /// Takes one request of a client, if a whole one is there and none is being worked on.
    fn look_for_request(&mut self, now: Instant, id: ClientId) {
        let Some(client) = self.clients.get_mut(&id) else { return };
        while !client.asking && !client.gone {
            let Some(line) = client.take_line() else { return };
            client.active = now;
            match Request::parse(&line) {
                Ok(Request { verb, .. }) if verb.needs() <= client.rights => {
                    client.asking = true;
                    self.requests.push_back((id, verb));
                }
                Ok(Request { verb, .. }) if verb.needs() == Rights::Root => {
                    client.refuse(Refusal::Rights, ONLY_ROOT);
                }
                Ok(_) => client.refuse(Refusal::Rights, MAY_ONLY_READ),
                Err(error) => client.refuse(Refusal::Request, &error.to_string()),
            }
        }
    }
}

impl Client {
    fn new(now: Instant, peer: Peer, rights: Rights) -> Self {
        Self {
            peer,
            rights,
            is_ours: false,
            input: Vec::new(),
            output: Queue::default(),
            asking: false,
            follows: false,
            closing: false,
            gone: false,
            active: now,
        }
    }

    fn wants_input(&self) -> bool {
        // Unread answers bound the questions of a client.
        !self.asking && !self.closing && !self.gone && (self.follows || self.output.is_empty())
    }

    /// The next line of its input, without its end. A line that is too long ends the conversation.
    fn take_line(&mut self) -> Option<Vec<u8>> {
        let end = self.input.iter().position(|&octet| octet == b'\n');
        if end.unwrap_or(self.input.len()) >= Server::MAX_REQUEST {
            self.refuse(Refusal::Request, "a request has at most 65536 bytes");
            self.closing = true;
            self.input = Vec::new();
            return None;
        }
        let rest = self.input.split_off(end? + 1);
        let mut line = std::mem::replace(&mut self.input, rest);
        line.pop();
        Some(line)
    }

    fn refuse(&mut self, refusal: Refusal, reason: &str) {
        // A client that sends nonsense and does not read gets no memory for it.
        self.output.push_or_lose(Answer::refused(refusal, reason).line());
    }

    fn timeout(&self) -> Option<Instant> {
        if self.output.is_empty() {
            let is_idle = !self.asking && !self.follows;
            return is_idle.then(|| self.active + MAX_IDLE);
        }
        (!self.follows).then(|| self.active + MAX_UNREAD)
    }

    fn is_finished(&self) -> bool {
        self.gone || self.closing && !self.asking && self.output.is_empty()
    }
}

/// Places that only root gets: other readers cannot keep root out.
const KEPT_FOR_ROOT: usize = 8;

/// Longest silence of a client that has nothing to read.
const MAX_IDLE: Duration = Duration::from_secs(60);

/// Longest time that a client may leave an answer unread.
const MAX_UNREAD: Duration = Duration::from_secs(30);

const NO_RIGHTS: &str = "permission denied: only root and members of control_group are answered";
const ONLY_ROOT: &str = "permission denied: only root may choose the program that runs";
const MAY_ONLY_READ: &str =
    "permission denied: only root may change anything, and members of control_group if it says `act`";

#[cfg(test)]
mod tests;
