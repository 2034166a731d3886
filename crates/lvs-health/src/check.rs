//! The definition of one checker on one real server: the server, the dialogue and its timing.
//!
//! Definitions are plain values: equal definitions are the same check, which is how a reload knows what to keep.

mod http;
mod tls;

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

pub use http::{BasicAuth, DigestMd5, Http, HttpMethod, HttpVersion, Pattern, RegexOption, StatusCodes, Url};
pub use tls::{Certificates, ClientCertificate, ExpiryWeight, Tls, TlsVersion};

use crate::{Custom, Ldap, Mysql, Postgresql, Redis, Talk};

/// One checker on one real server.
///
/// ```
/// use std::time::Duration;
///
/// use lvs_health::{Check, Http, Network, Target, Timing, Url};
///
/// let target = Target::new("192.0.2.10:80".parse()?, Duration::from_secs(3));
/// let health = Url { body: Some(b"ok".to_vec()), ..Url::new("/health", "www.example.org") };
/// let check = Check::network(Network::http(target, Http::new([health])), Timing::every(Duration::from_secs(10)));
/// assert_eq!((check.probe.steps(), check.timing.retry), (1, 1));
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Check {
    /// The work of an attempt.
    pub probe: Probe,
    /// When attempts are made, and how many failures count.
    pub timing: Timing,
}

impl Check {
    /// A dialogue over a socket, made at these times.
    pub fn network(network: Network, timing: Timing) -> Self {
        Self { probe: Probe::Network(Arc::new(network)), timing }
    }

    /// A check of one's own that is not a dialogue ([`Probe::Custom`]).
    pub fn custom(name: impl Into<Arc<str>>, timing: Timing) -> Self {
        Self { probe: Probe::Custom(name.into()), timing }
    }
}

/// When attempts are made, and how many failures in a row count.
///
/// Made by [`every`](Self::every) and changed: `Timing { rise: 3, ..Timing::every(interval) }`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Timing {
    /// From the end of an attempt to the start of the next (`delay_loop`); between their starts if the answer came within
    /// half of it.
    pub delay_loop: Duration,
    /// Failures that are tolerated while up (`retry`): the one after them counts. 0: the first counts.
    pub retry: u32,
    /// From a tolerated failure to the next attempt (`delay_before_retry`).
    pub delay_before_retry: Duration,
    /// Good results in a row (`rise`) that bring a check up that is down. 1, as 0: the first does. Of no effect on agents.
    pub rise: u32,
    /// The first attempt is made at some time in this span, so that many checks do not start at once (`warmup`).
    pub warmup: Duration,
    /// Down until the first success, or as many as `rise` asks for (`alpha`).
    pub alpha: bool,
    /// While down, the next step (url) follows a success at once (`fast_recovery`).
    pub fast_recovery: bool,
}

impl Timing {
    /// An attempt in each interval, as keepalived has it where nothing else is said: assumed to be good at first, the second
    /// failure in a row counts, and comes a second after the first (or after the interval, if that is shorter).
    pub const fn every(interval: Duration) -> Self {
        const SECOND: Duration = Duration::from_secs(1);
        Self {
            delay_loop: interval,
            retry: 1,
            delay_before_retry: if interval.as_nanos() < SECOND.as_nanos() { interval } else { SECOND },
            rise: 1,
            warmup: interval,
            alpha: false,
            fast_recovery: false,
        }
    }
}

/// The work of an attempt.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Probe {
    /// A dialogue over a socket: [`crate::Prepared`] makes its machine.
    Network(Arc<Network>),
    /// `MISC_CHECK`: a program's exit status.
    Script(Box<Script>),
    /// `FILE_CHECK`: the number in a file.
    File(Box<File>),
    /// `BFD_CHECK`: the state of a BFD session.
    Bfd(Bfd),
    /// A check of one's own that is not a dialogue over one socket, by a name that tells it from others: the caller makes the
    /// attempt that it is asked for, and hands in an outcome.
    Custom(Arc<str>),
}

impl Probe {
    /// Steps of a whole cycle, at least 1: an attempt does one step (one url), and the check passes after all of them.
    pub fn steps(&self) -> usize {
        match self {
            Self::Network(network) => match &network.protocol {
                Protocol::Http(http) => http.urls.len().max(1),
                _ => 1,
            },
            Self::Script(_) | Self::File(_) | Self::Bfd(_) | Self::Custom(_) => 1,
        }
    }

    /// Whether it asks an agent, whose silence says nothing about its server.
    pub(crate) fn is_agent(&self) -> bool {
        matches!(self, Self::Network(network) if matches!(network.protocol, Protocol::Agent(_)))
    }

    /// Whether its results may change its server's weight.
    pub fn says_weights(&self) -> bool {
        match self {
            Self::Network(network) => {
                let by_protocol = matches!(network.protocol, Protocol::Agent(_) | Protocol::Custom(_));
                by_protocol || network.tls().is_some_and(|tls| tls.expiry_weight.is_some())
            }
            Self::Script(script) => script.dynamic,
            Self::File(file) => file.weight != 0,
            Self::Bfd(_) => false,
            Self::Custom(_) => true,
        }
    }
}

/// A dialogue over a socket.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Network {
    /// The server, the source, and the time limits.
    pub target: Target,
    /// The protocol of the dialogue.
    pub protocol: Protocol,
}

impl Network {
    /// This conversation with this server.
    pub fn new(target: Target, protocol: Protocol) -> Self {
        Self { target, protocol }
    }

    /// Whether a connection can be made.
    pub fn connect(target: Target) -> Self {
        Self::new(target, Protocol::Connect)
    }

    /// Requests over HTTP.
    pub fn http(target: Target, http: Http) -> Self {
        Self::new(target, Protocol::Http(Arc::new(http)))
    }

    /// The files that are read while the check is [prepared](crate::Prepared): certificates and keys.
    ///
    /// For callers that must not wait for a file system and read them beforehand, in no particular order.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        self.tls().into_iter().flat_map(Tls::files)
    }

    fn tls(&self) -> Option<&Tls> {
        match &self.protocol {
            Protocol::Http(http) => http.tls.as_ref(),
            Protocol::Grpc(grpc) => grpc.tls.as_ref(),
            Protocol::Talk(talk) => talk.tls.as_ref(),
            Protocol::Custom(custom) => custom.tls(),
            Protocol::Connect
            | Protocol::Redis(_)
            | Protocol::Mysql(_)
            | Protocol::Postgresql(_)
            | Protocol::Ldap(_)
            | Protocol::Smtp(_)
            | Protocol::Dns(_)
            | Protocol::Udp(_)
            | Protocol::Ping
            | Protocol::Agent(_) => None,
        }
    }
}

/// The server of a dialogue, and the settings of the socket.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    /// `connect_ip`, `connect_port`. The port of a ping is 0.
    pub address: SocketAddr,
    /// `bindto`, `bind_port`: the socket's own end; port 0 is any.
    pub bind: Option<SocketAddr>,
    /// `bind_if`: the socket is bound to this interface.
    pub interface: Option<String>,
    /// `fwmark` of the socket; 0 is none.
    pub fwmark: u32,
    /// `connect_timeout`: limit for connecting, and for each wait for an answer after that.
    pub timeout: Duration,
    /// Limit for a whole attempt, however busy the peer looks: a peer that sends an octet a second cannot extend it.
    pub limit: Duration,
    /// `proxy_protocol`: a connection begins with this header, for servers behind a proxy that take no other.
    pub proxy_header: Option<ProxyHeader>,
}

/// A header of the PROXY protocol that says that the connection is the proxy's own, as a check's is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProxyHeader {
    /// Version 1: `PROXY UNKNOWN`.
    V1,
    /// Version 2: the command LOCAL.
    V2,
}

impl ProxyHeader {
    /// The header as it is sent: before everything else, also TLS.
    ///
    /// ```
    /// assert_eq!(lvs_health::ProxyHeader::V1.octets(), b"PROXY UNKNOWN\r\n");
    /// ```
    pub fn octets(self) -> &'static [u8] {
        match self {
            Self::V1 => b"PROXY UNKNOWN\r\n",
            // Signature; version 2 and LOCAL; no address family; no addresses.
            Self::V2 => b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0",
        }
    }
}

impl Target {
    /// A target with nothing but an address and a time limit: the whole attempt may take twice that.
    pub fn new(address: SocketAddr, timeout: Duration) -> Self {
        Self {
            address,
            bind: None,
            interface: None,
            fwmark: 0,
            timeout,
            limit: timeout.saturating_mul(2),
            proxy_header: None,
        }
    }

    /// The peer's address.
    pub fn ip(&self) -> IpAddr {
        self.address.ip()
    }
}

/// The protocol of a dialogue.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Protocol {
    /// `TCP_CHECK`: a connection is made.
    Connect,
    /// `HTTP_GET`, `SSL_GET`: many checks may share one definition ([`Url::host`]).
    Http(Arc<Http>),
    /// `SMTP_CHECK`
    Smtp(Smtp),
    /// `DNS_CHECK`
    Dns(Dns),
    /// `UDP_CHECK`
    Udp(Box<Udp>),
    /// `PING_CHECK`: one ICMP (ICMPv6) echo request, and a reply with its sequence number and payload.
    Ping,
    /// HAProxy's agent protocol: the server says how it feels.
    Agent(Agent),
    /// The health service of gRPC (`grpc.health.v1.Health/Check`).
    Grpc(Box<Grpc>),
    /// `TCP_CHECK` with `send` and `expect`: a conversation in steps.
    Talk(Box<Talk>),
    /// `REDIS_CHECK`
    Redis(Box<Redis>),
    /// `MYSQL_CHECK`; needs the feature `logins`.
    Mysql(Mysql),
    /// `PGSQL_CHECK`; needs the feature `logins`.
    Postgresql(Box<Postgresql>),
    /// `LDAP_CHECK`
    Ldap(Ldap),
    /// A protocol of one's own.
    Custom(Box<Custom>),
}

/// `SMTP_CHECK`: banner, HELO, QUIT.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Smtp {
    /// `helo_name`
    pub helo_name: String,
}

/// `DNS_CHECK`: one query over UDP.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Dns {
    /// `type`
    pub query_type: QueryType,
    /// `name`; `.` is the root.
    pub name: String,
    /// Conditions for the response; `None`: a good code is enough.
    pub answers: Option<Arc<DnsAnswers>>,
}

impl Dns {
    /// A query of which a good response code is enough.
    pub fn new(query_type: QueryType, name: impl Into<String>) -> Self {
        Self { query_type, name: name.into(), answers: None }
    }
}

/// Conditions for the response to a DNS query. All that is set must be there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct DnsAnswers {
    /// `answer`: each of these addresses, perhaps among others.
    pub addresses: Vec<IpAddr>,
    /// `min_answers`: so many records of the type that was asked for.
    pub least: u16,
    /// `require_ad`: the resolver's word that it validated the answer (DNSSEC), the AD bit.
    pub authentic: bool,
}

/// `type` of a DNS query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the names of the records themselves")]
pub enum QueryType {
    A,
    NS,
    CNAME,
    SOA,
    MX,
    TXT,
    AAAA,
    RRSIG,
    DNSKEY,
}

/// `UDP_CHECK`: one datagram, and perhaps one back.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Udp {
    /// `payload`
    pub payload: Vec<u8>,
    /// `require_reply`; `None`: good unless an ICMP error comes before the time-out.
    pub reply: Option<Reply>,
}

impl Udp {
    /// A datagram that is good unless an ICMP error comes back.
    pub fn new(payload: impl Into<Vec<u8>>) -> Self {
        Self { payload: payload.into(), reply: None }
    }
}

/// Conditions for a reply datagram.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reply {
    /// The pattern: value and mask of each octet (an `x` is a nibble of mask 0). Empty: any content.
    pub pattern: Vec<(u8, u8)>,
    /// `min_reply_length`; lengths count only where there is a pattern.
    pub min_length: usize,
    /// `max_reply_length`
    pub max_length: usize,
}

impl Reply {
    /// Any datagram.
    pub fn any() -> Self {
        Self { pattern: Vec::new(), min_length: 0, max_length: usize::MAX }
    }
}

/// HAProxy's agent protocol: connect, optionally send a text, read a line of words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Agent {
    /// Sent after connecting, if not empty.
    pub send: String,
}

/// `grpc.health.v1.Health/Check`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Grpc {
    /// Name of the service that is asked about; empty: the server as a whole.
    pub service: String,
    /// `:authority`
    pub authority: String,
    /// TLS, and how.
    pub tls: Option<Tls>,
    /// TLS server name.
    pub server_name: Option<String>,
}

impl Grpc {
    /// About the server as a whole, without TLS.
    pub fn new(authority: impl Into<String>) -> Self {
        Self { service: String::new(), authority: authority.into(), tls: None, server_name: None }
    }
}

/// `MISC_CHECK`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Script {
    /// The command as written, and the user it runs as: what tells two scripts apart.
    pub command: String,
    /// `misc_timeout`
    pub timeout: Duration,
    /// `misc_dynamic`: exit statuses 2 to 255 are weights.
    pub dynamic: bool,
}

/// `FILE_CHECK`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct File {
    /// `track_file`: its path.
    pub path: PathBuf,
    /// `weight`. 0: a value other than 0 is down.
    pub weight: i32,
    /// `reverse`
    pub reverse: bool,
}

/// `BFD_CHECK`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Bfd {
    /// Name of the session.
    pub session: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_of_a_check_by_a_connection_takes_less_than_300_bytes() {
        // On 64 bits: many thousands of them are in memory at once.
        assert!(size_of::<Network>() <= 192, "{}", size_of::<Network>());
        assert!(size_of::<Check>() <= 96, "{}", size_of::<Check>());
    }
}
