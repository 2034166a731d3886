//! The frame of a dialogue: transport, deadlines, unsent output, outcome.
//!
//! The protocol inside is an [`Exchange`]; TLS is one that has another inside.

mod channel;
mod exchange;
mod prepared;
mod protocols;
mod shared;

use std::fmt;
use std::io;
use std::time::{Duration, Instant, SystemTime};

pub(crate) use channel::{Channel, TlsOptions};
pub use exchange::Exchange;
pub use prepared::{PrepareError, Prepared};
pub use shared::{AttemptStep, Outside, Shared};

use crate::{Failure, Outcome, ProxyHeader, WeightUpdate};

/// One attempt of a check that goes over a socket, as a machine over octets and time.
///
/// The caller owns the socket and the clock; a [`Dialogue`] says what to send and when it wants to be woken, and in the end
/// how the server did. It is told of exactly one thing at a time, each time with the present moment; afterwards the caller
/// sends [`output`](Dialogue::output), looks for an [`outcome`](Dialogue::outcome) and sleeps until
/// [`poll_timeout`](Dialogue::poll_timeout). An early or repeated wake-up is harmless.
///
/// ```
/// use std::net::{Ipv4Addr, SocketAddr};
/// use std::time::{Duration, Instant};
///
/// use lvs_health::{Network, Outcome, Prepared, Protocol, Shared, Target, Transport, WeightUpdate};
///
/// let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 80));
/// let network = Network { target: Target::new(address, Duration::from_secs(5)), protocol: Protocol::Connect };
/// let prepared = Prepared::new(&network, &mut Shared::default())?;
///
/// let start = Instant::now();
/// let mut dialogue = prepared.begin(start, 0, 0);
/// assert_eq!(dialogue.transport(), Transport::Stream); // connect a TCP socket, without waiting for it
/// assert_eq!(dialogue.poll_timeout(), Some(start + Duration::from_secs(5)));
///
/// dialogue.handle_connected(start + Duration::from_millis(1)); // the socket became writable without an error
/// assert_eq!(dialogue.outcome(), Some(&Outcome::Pass(WeightUpdate::Unchanged))); // close it: this check wants no more
/// # Ok::<(), lvs_health::PrepareError>(())
/// ```
///
/// # Time
///
/// Two deadlines run. [`Target::timeout`](crate::Target::timeout) limits connecting, and each wait for octets after that:
/// whatever arrives starts it anew. [`Target::limit`](crate::Target::limit) limits the whole attempt and is never renewed,
/// so a server that sends an octet now and then fails like one that sends none.
///
/// # Invariants
///
/// An outcome never changes: later input is ignored. Memory is bounded whatever the peer sends, and so is the output: a
/// peer that makes us answer without reading the answers fails.
#[must_use]
pub struct Dialogue {
    transport: Transport,
    phase: Phase,
    /// Time limit of each step.
    timeout: Duration,
    step_end: Instant,
    /// The end of the whole attempt; never renewed.
    end: Instant,
    output: Vec<u8>,
    /// Number of bytes of `output` that were sent.
    sent: usize,
    /// The protocol that begins once connected; `None` if a connection is all that is wanted.
    exchange: Option<Box<dyn Exchange>>,
    /// The PROXY header that a connection begins with.
    proxy_header: Option<ProxyHeader>,
    outcome: Option<Outcome>,
}

/// Which kind of socket a dialogue needs. Exhaustive: a caller has to be able to open each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    /// A TCP connection.
    Stream,
    /// A connected UDP socket; each output and each input is one datagram.
    Datagram,
    /// An ICMP (ICMPv6) echo socket for unprivileged users: `SOCK_DGRAM` with `IPPROTO_ICMP` (`IPPROTO_ICMPV6`), connected.
    /// Each output and each input is one message, beginning with its type.
    Echo,
}

/// A remark for the operator besides the outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Note {
    /// The server's certificate ends soon (`expiry_warning`), at this time.
    CertificateExpires(SystemTime),
    /// The body was longer than what is searched for a text or a regular expression: only its first octets were.
    BodyCut {
        /// Number of octets that were searched.
        searched: usize,
    },
    /// The connection was closed before the body had its announced length; the part that came was judged.
    BodyShort {
        /// Number of octets that are missing.
        octets: u64,
    },
}

/// Nothing unsent may grow beyond this, octets.
const UNSENT_LIMIT: usize = 64 * 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Connecting,
    /// The connection served its purpose, and the next one is being made.
    Reconnecting,
    Connected,
}

impl Dialogue {
    fn new(
        now: Instant,
        target: &crate::Target,
        transport: Transport,
        exchange: Option<Box<dyn Exchange>>,
    ) -> Self {
        Self {
            transport,
            phase: Phase::Connecting,
            timeout: target.timeout,
            step_end: after(now, target.timeout),
            end: after(now, target.limit),
            output: Vec::new(),
            sent: 0,
            exchange,
            proxy_header: target.proxy_header.filter(|_| transport == Transport::Stream),
            outcome: None,
        }
    }

    /// Which socket it needs.
    pub fn transport(&self) -> Transport {
        self.transport
    }

    /// The outcome of the attempt; `None` while it goes on.
    ///
    /// Once there is one the socket is closed. [`output`](Self::output) may still hold a farewell (SMTP's `QUIT`, the
    /// `close_notify` of TLS): one attempt to send it, without waiting, is enough.
    pub fn outcome(&self) -> Option<&Outcome> {
        self.outcome.as_ref()
    }

    /// Remarks for the operator besides the outcome; complete when there is an outcome.
    pub fn notes(&self) -> Vec<Note> {
        let mut notes = Vec::new();
        if let Some(exchange) = &self.exchange {
            exchange.append_notes(&mut notes);
        }
        notes
    }

    /// When the certificate ends that the server showed; `None`: no TLS, or none yet.
    pub fn certificate_end(&self) -> Option<SystemTime> {
        self.exchange.as_ref().and_then(|exchange| exchange.certificate_end())
    }

    /// When [`handle_timeout`](Self::handle_timeout) should be called; `None` after the outcome.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.outcome.is_none().then(|| self.step_end.min(self.end))
    }

    /// The bytes to send next; empty if there are none. For datagrams: one datagram.
    pub fn output(&self) -> &[u8] {
        self.output.get(self.sent..).unwrap_or_default()
    }

    /// So many octets of the output were sent. A datagram is sent as a whole, however many were.
    pub fn consume(&mut self, octets: usize) {
        self.sent = self.sent.saturating_add(octets);
        if self.sent >= self.output.len() || self.transport != Transport::Stream {
            self.output.clear();
            self.sent = 0;
        }
    }

    /// Whether the caller is to close the connection and begin another one to the same server, which
    /// [`handle_connected`](Self::handle_connected) tells of as of the first: a redirect is followed
    /// ([`Url::follow_redirects`](crate::Url::follow_redirects)). Input that still comes over the old connection is
    /// ignored.
    pub fn wants_another_connection(&self) -> bool {
        self.outcome.is_none() && self.phase == Phase::Reconnecting
    }

    /// The connection is there; for datagrams: the socket is.
    pub fn handle_connected(&mut self, now: Instant) {
        if self.outcome.is_some() || self.phase == Phase::Connected {
            return;
        }
        self.phase = Phase::Connected;
        self.output.extend_from_slice(self.proxy_header.map_or(&[], ProxyHeader::octets));
        self.outcome = match &mut self.exchange {
            Some(exchange) => exchange.handle_connected(&mut self.output),
            None => Some(Outcome::Pass(WeightUpdate::Unchanged)),
        };
        self.progress(now);
    }

    /// These octets came: part of the stream in any cut, or one whole datagram. Datagrams may be empty.
    pub fn handle_input(&mut self, now: Instant, input: &[u8]) {
        let nothing = input.is_empty() && self.transport == Transport::Stream;
        if self.outcome.is_some() || self.phase != Phase::Connected || nothing {
            return;
        }
        if let Some(exchange) = &mut self.exchange {
            self.outcome = exchange.handle_input(input, &mut self.output);
            if self.outcome.is_none() && exchange.wants_another_connection() {
                self.phase = Phase::Reconnecting;
                self.output.clear();
                self.sent = 0;
            }
        }
        self.progress(now);
    }

    /// The peer closed its end of the connection: a read gave nothing.
    pub fn handle_end(&mut self, _now: Instant) {
        if self.outcome.is_none() && self.phase != Phase::Reconnecting {
            self.outcome = Some(match (self.phase, &mut self.exchange) {
                (Phase::Connected, Some(exchange)) => exchange.handle_end(),
                _ => Outcome::Fail(Failure::Closed("connection")),
            });
        }
    }

    /// The socket failed: connecting, sending or receiving, or an ICMP error came for a datagram.
    pub fn handle_error(&mut self, _now: Instant, kind: io::ErrorKind) {
        if self.outcome.is_none() {
            self.outcome = Some(match (self.phase, &mut self.exchange) {
                (Phase::Connected, Some(exchange)) => exchange.handle_error(kind),
                _ => Outcome::Fail(Failure::Io(kind)),
            });
        }
    }

    /// The time of [`poll_timeout`](Self::poll_timeout) has come. Before that time nothing happens.
    ///
    /// A caller that was held up reads its sockets first: input that has come in the meantime counts.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.outcome.is_some() {
            return;
        }
        if now >= self.step_end && self.step_end <= self.end {
            self.outcome = Some(match (self.phase, &mut self.exchange) {
                (Phase::Connected, Some(exchange)) => exchange.handle_timeout(),
                _ => Outcome::Fail(Failure::ConnectTimeout),
            });
        } else if now >= self.end {
            self.outcome = Some(Outcome::Fail(Failure::TooSlow));
        }
    }

    /// Something came, and was dealt with: the next wait begins, if there is still time and room for one.
    fn progress(&mut self, now: Instant) {
        self.step_end = after(now, self.timeout);
        if self.outcome.is_some() {
            return;
        }
        if now >= self.end {
            self.outcome = Some(Outcome::Fail(Failure::TooSlow));
        } else if self.output().len() > UNSENT_LIMIT {
            let failure = Failure::TooLong { what: "unread answers", limit: UNSENT_LIMIT };
            self.outcome = Some(Outcome::Fail(failure));
        }
    }
}

impl fmt::Debug for Dialogue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dialogue")
            .field("transport", &self.transport)
            .field("phase", &self.phase)
            .field("awaits", &self.exchange.as_ref().map(|exchange| exchange.awaits()))
            .field("unsent", &self.output().len())
            .field("outcome", &self.outcome)
            .finish_non_exhaustive()
    }
}

/// So much later, a year at most: no configured time can overflow a clock.
fn after(now: Instant, span: Duration) -> Instant {
    const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);
    now.checked_add(span.min(YEAR)).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, SocketAddr};

    use super::*;
    use crate::{Network, Protocol, Target};

    fn attempt(now: Instant) -> Dialogue {
        let target = Target::new(SocketAddr::from((Ipv4Addr::LOCALHOST, 80)), Duration::from_secs(5));
        let network = Network { target, protocol: Protocol::Connect };
        Prepared::new(&network, &mut Shared::default()).unwrap().begin(now, 0, 0)
    }

    /// Says yes to the octet `!`, answers every other octet with 1 KiB.
    struct Talker;

    impl Exchange for Talker {
        fn handle_connected(&mut self, out: &mut Vec<u8>) -> Option<Outcome> {
            out.extend(b"hello");
            None
        }
        fn handle_input(&mut self, input: &[u8], out: &mut Vec<u8>) -> Option<Outcome> {
            out.extend([0; 1024].repeat(input.len()));
            input.contains(&b'!').then_some(Outcome::Pass(WeightUpdate::Unchanged))
        }
        fn handle_end(&mut self) -> Outcome {
            Outcome::Fail(Failure::Closed(self.awaits()))
        }
        fn awaits(&self) -> &'static str {
            "exclamation mark"
        }
    }

    fn talk(now: Instant) -> Dialogue {
        let target = Target::new(SocketAddr::from((Ipv4Addr::LOCALHOST, 80)), Duration::from_secs(5));
        let mut dialogue = Dialogue::new(now, &target, Transport::Stream, Some(Box::new(Talker)));
        dialogue.handle_connected(now);
        dialogue
    }

    const SECOND: Duration = Duration::from_secs(1);
    const FAIL_SLOW: Outcome = Outcome::Fail(Failure::TooSlow);

    #[test]
    fn a_connection_is_all_a_connect_check_wants() {
        let now = Instant::now();
        let mut dialogue = attempt(now);
        dialogue.handle_connected(now);
        assert_eq!(dialogue.outcome(), Some(&Outcome::Pass(WeightUpdate::Unchanged)));
        assert_eq!(dialogue.output(), b"");
        assert_eq!(dialogue.poll_timeout(), None);
    }

    #[test]
    fn a_refused_connection_fails_with_its_reason() {
        let now = Instant::now();
        let mut dialogue = attempt(now);
        dialogue.handle_error(now, io::ErrorKind::ConnectionRefused);
        assert_eq!(dialogue.outcome(), Some(&Outcome::Fail(Failure::Io(io::ErrorKind::ConnectionRefused))));
    }

    #[test]
    fn connecting_has_its_time() {
        let now = Instant::now();
        let mut dialogue = attempt(now);
        dialogue.handle_timeout(now + Duration::from_nanos(4_999_999_999));
        assert_eq!(dialogue.outcome(), None, "too early is harmless");
        dialogue.handle_timeout(now + 5 * SECOND);
        assert_eq!(dialogue.outcome(), Some(&Outcome::Fail(Failure::ConnectTimeout)));
        dialogue.handle_connected(now + 6 * SECOND);
        assert_eq!(dialogue.outcome(), Some(&Outcome::Fail(Failure::ConnectTimeout)), "an outcome stays");
    }

    #[test]
    fn a_connection_that_is_seen_late_is_still_a_connection() {
        let now = Instant::now();
        let mut dialogue = attempt(now);
        dialogue.handle_connected(now + 60 * SECOND);
        assert_eq!(dialogue.outcome(), Some(&Outcome::Pass(WeightUpdate::Unchanged)));
    }

    #[test]
    fn silence_ends_a_step() {
        let now = Instant::now();
        let mut dialogue = talk(now);
        assert_eq!(dialogue.poll_timeout(), Some(now + 5 * SECOND));
        dialogue.handle_input(now + 3 * SECOND, b"a");
        assert_eq!(dialogue.poll_timeout(), Some(now + 8 * SECOND));
        dialogue.handle_timeout(now + 8 * SECOND);
        assert_eq!(dialogue.outcome(), Some(&Outcome::Fail(Failure::Silent("exclamation mark"))));
    }

    #[test]
    fn a_drip_ends_at_the_limit_of_the_whole() {
        let now = Instant::now();
        let mut dialogue = talk(now);
        for second in 1..10 {
            dialogue.handle_input(now + second * SECOND, b"a");
            assert_eq!(dialogue.outcome(), None);
        }
        assert_eq!(dialogue.poll_timeout(), Some(now + 10 * SECOND));
        dialogue.handle_input(now + 10 * SECOND, b"a");
        assert_eq!(dialogue.outcome(), Some(&FAIL_SLOW), "even if nobody looks at the timer");
        let mut dialogue = talk(now);
        dialogue.handle_input(now + 6 * SECOND, b"a");
        dialogue.handle_timeout(now + 10 * SECOND);
        assert_eq!(dialogue.outcome(), Some(&FAIL_SLOW));
    }

    #[test]
    fn an_answer_that_is_complete_counts_however_late_it_is_seen() {
        let now = Instant::now();
        let mut dialogue = talk(now);
        dialogue.handle_input(now + 60 * SECOND, b"!");
        assert_eq!(dialogue.outcome(), Some(&Outcome::Pass(WeightUpdate::Unchanged)));
    }

    #[test]
    fn output_is_sent_in_pieces() {
        let mut dialogue = talk(Instant::now());
        assert_eq!(dialogue.output(), b"hello");
        dialogue.consume(2);
        assert_eq!(dialogue.output(), b"llo");
        dialogue.consume(99);
        assert_eq!(dialogue.output(), b"");
    }

    #[test]
    fn a_connection_begins_with_the_header_of_a_proxy_if_that_is_asked_for() {
        let now = Instant::now();
        let begun = |protocol, header| {
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 80));
            let target = Target { proxy_header: header, ..Target::new(address, SECOND) };
            let network = Network { target, protocol };
            let mut dialogue = Prepared::new(&network, &mut Shared::default()).unwrap().begin(now, 0, 0);
            assert_eq!(dialogue.output(), b"", "nothing is said before there is a connection");
            dialogue.handle_connected(now);
            dialogue
        };
        // The octets of the specification, 2.1 and 2.2.
        let second = b"\x0d\x0a\x0d\x0a\x00\x0d\x0a\x51\x55\x49\x54\x0a\x20\x00\x00\x00";
        let only = begun(Protocol::Connect, Some(ProxyHeader::V2));
        assert_eq!(
            (only.output(), only.outcome()),
            (&second[..], Some(&Outcome::Pass(WeightUpdate::Unchanged)))
        );
        let agent = Protocol::Agent(crate::Agent { send: "hello".to_owned() });
        assert_eq!(begun(agent.clone(), Some(ProxyHeader::V1)).output(), b"PROXY UNKNOWN\r\nhello");
        assert_eq!(begun(agent, None).output(), b"hello");
        let datagram = Protocol::Udp(crate::Udp { payload: b"ping".to_vec(), reply: None }.into());
        assert_eq!(begun(datagram, Some(ProxyHeader::V1)).output(), b"ping", "a datagram is no connection");
    }

    #[test]
    fn a_server_that_does_not_read_our_answers_fails() {
        let now = Instant::now();
        let mut dialogue = talk(now);
        dialogue.consume(5);
        dialogue.handle_input(now, &[b'a'; 64]);
        assert_eq!(dialogue.outcome(), None);
        dialogue.handle_input(now, b"a");
        let failure = Failure::TooLong { what: "unread answers", limit: 65536 };
        assert_eq!(dialogue.outcome(), Some(&Outcome::Fail(failure)));
    }

    #[test]
    fn the_end_of_the_stream_is_the_protocols_affair() {
        let now = Instant::now();
        let mut dialogue = talk(now);
        dialogue.handle_end(now);
        assert_eq!(dialogue.outcome(), Some(&Outcome::Fail(Failure::Closed("exclamation mark"))));
        let mut dialogue = attempt(now);
        dialogue.handle_end(now);
        assert_eq!(dialogue.outcome(), Some(&Outcome::Fail(Failure::Closed("connection"))));
    }

    #[test]
    fn times_without_end_do_not_overflow() {
        let now = Instant::now();
        let target = Target::new(SocketAddr::from((Ipv4Addr::LOCALHOST, 80)), Duration::MAX);
        let network = Network { target, protocol: Protocol::Connect };
        let dialogue = Prepared::new(&network, &mut Shared::default()).unwrap().begin(now, 7, 0);
        assert!(dialogue.poll_timeout().is_some_and(|end| end > now + 86_400 * SECOND));
    }

    #[test]
    fn ten_thousand_dialogues_are_two_megabytes() {
        assert!(size_of::<Dialogue>() <= 200, "{}", size_of::<Dialogue>());
    }
}
