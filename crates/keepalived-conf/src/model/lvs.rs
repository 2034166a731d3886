//! Virtual servers, real servers and their checkers, with everything inherited filled in.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use crate::keywords::word;

use super::Command;
pub use super::conversations::{ServerCheck, ServerKind, TalkCheck, TalkStep};
pub use super::lvs_global::{FlushOnStop, LvsGlobal, LvsSyncDaemon, LvsTimeouts, Reconcile};

/// A `virtual_server`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[expect(clippy::struct_excessive_bools, reason = "each is a keyword of its own")]
pub struct VirtualServer {
    /// As keepalived writes it in logs, mails and FIFO lines: `[192.0.2.1]:tcp:80`, `FWM 5`, `[group]:0`.
    pub name: String,
    /// The kernel services it stands for: one, or the members of its group in order.
    pub services: Vec<LvsService>,
    /// `lb_algo`, `lvs_sched`; default `wlc`.
    pub scheduler: String,
    /// `flag-1` to `flag-3`, and the `sh-`, `mh-` names for them.
    pub scheduler_flags: [bool; 3],
    /// `ops`
    pub one_packet: bool,
    /// `persistence_timeout`, seconds.
    pub persistence_timeout: Option<u32>,
    /// `persistence_granularity` as a prefix length; 32 or 128 where not given.
    pub persistence_granularity: u8,
    /// `persistence_granularity` where it is a netmask whose ones are not the leading bits.
    pub persistence_mask: Option<Ipv4Addr>,
    /// `persistence_engine`
    pub persistence_engine: Option<String>,
    /// `quorum`, at least 1; already reduced to what the servers can reach.
    pub quorum: u32,
    /// `hysteresis`, below `quorum`.
    pub hysteresis: u32,
    /// `quorum_up`
    pub quorum_up: Option<Box<Command>>,
    /// `quorum_down`
    pub quorum_down: Option<Box<Command>>,
    /// `alpha` of the virtual server.
    pub alpha: bool,
    /// `omega`
    pub omega: bool,
    /// `ha_suspend`
    pub ha_suspend: bool,
    /// Whether quorum changes are mailed (`smtp_alert` after its precedence).
    pub smtp_alert: bool,
    /// `sorry_server`
    pub sorry_server: Option<SorryServer>,
    /// `panic_threshold` (vipd's own), per cent: below it all real servers are used again. 0 is never.
    pub panic_threshold: u8,
    /// `panic_hysteresis` (vipd's own), per cent: it ends with so much more than `panic_threshold`.
    pub panic_hysteresis: u8,
    /// `outlier_detection` and `outlier_weight` (vipd's own), per cent: a real server whose new connections are never completed
    /// while its neighbours' are is reported and has this share of its weight. 100: only reported; none: off.
    pub outlier_weight: Option<u8>,
    /// `drain_timeout` (vipd's own): a server that a reload removed stays with weight 0 for so long.
    pub drain_timeout: Duration,
    /// `real_server`s in file order.
    pub real_servers: Vec<RealServer>,
}

impl VirtualServer {
    /// The name of one of its real servers as keepalived writes it: `[192.0.2.11]:tcp:80`, with `none` for the protocol
    /// where all services are firewall marks.
    ///
    /// ```
    /// let loaded = keepalived_conf::load_str(
    ///     "virtual_server 192.0.2.1 80 {
    ///         lb_algo rr
    ///         lb_kind NAT
    ///         protocol TCP
    ///         real_server 192.0.2.11 8080 {
    ///         }
    ///     }",
    /// );
    /// let server = &loaded.config.virtual_servers[0];
    /// assert_eq!(server.name, "[192.0.2.1]:tcp:80");
    /// assert_eq!(server.real_server_name(&server.real_servers[0]), "[192.0.2.11]:tcp:8080");
    /// ```
    pub fn real_server_name(&self, real: &RealServer) -> String {
        let protocol = self.services.iter().find_map(|service| match service {
            LvsService::Address { protocol, .. } => Some(protocol.name()),
            LvsService::Fwmark { .. } => None,
        });
        format!("[{}]:{}:{}", real.address.ip(), protocol.unwrap_or("none"), real.address.port())
    }
}

/// One service in the kernel's table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum LvsService {
    /// Address, port and protocol.
    Address {
        /// Transport.
        protocol: LvsProtocol,
        /// Port 0 is any, for persistent services.
        address: SocketAddr,
    },
    /// A firewall mark.
    Fwmark {
        /// The mark, never 0.
        mark: u32,
        /// `ip_family inet6`
        ipv6: bool,
    },
}

/// `protocol`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum LvsProtocol {
    /// `TCP`
    Tcp,
    /// `UDP`
    Udp,
    /// `SCTP`
    Sctp,
}

impl LvsProtocol {
    /// The name in lower case, as it stands in the names of servers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::Sctp => "sctp",
        }
    }
}

/// `lb_kind`, `lvs_method`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Forwarding {
    /// `NAT`
    Nat,
    /// `DR`
    DirectRoute,
    /// `TUN`
    Tunnel {
        /// `type`
        kind: TunnelKind,
        /// `nocsum`, `csum`, `remcsum`
        checksum: TunnelChecksum,
    },
}

/// `type` of `TUN`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum TunnelKind {
    /// `ipip`, the default.
    Ipip,
    /// `gue port N`
    Gue(u16),
    /// `gre`
    Gre,
}

/// Checksums of an encapsulation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum TunnelChecksum {
    /// `nocsum`, the default.
    None,
    /// `csum`
    Checksum,
    /// `remcsum` (GUE)
    Remote,
}

/// `sorry_server`
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SorryServer {
    /// Its address; the port is the virtual server's with DR and TUN.
    pub address: SocketAddr,
    /// `sorry_server_lvs_method`
    pub forwarding: Forwarding,
    /// `sorry_server_inhibit`: it stays in the table with weight 0.
    pub inhibit: bool,
    /// `sorry_server_check` (vipd's own): its checkers in file order; none: always up.
    pub checkers: Vec<Checker>,
}

/// A `real_server`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RealServer {
    /// Its address as written; the port in the kernel follows from the service (0 for a firewall mark, the virtual port
    /// for DR and TUN).
    pub address: SocketAddr,
    /// `weight`, 0 to 2147483647; default 1.
    pub weight: u32,
    /// `lvs_method`
    pub forwarding: Forwarding,
    /// `uthreshold`; 0 is none.
    pub upper_threshold: u32,
    /// `lthreshold`; 0 is none.
    pub lower_threshold: u32,
    /// `inhibit_on_failure`
    pub inhibit_on_failure: bool,
    /// `notify_up`
    pub notify_up: Option<Box<Command>>,
    /// `notify_down`
    pub notify_down: Option<Box<Command>>,
    /// Whether state changes are mailed (`smtp_alert` after its precedence).
    pub smtp_alert: bool,
    /// `backup` (vipd's own): used while the others give no quorum.
    pub backup: bool,
    /// `slow_start` (vipd's own): the weight grows to its full value over this time; zero is at once.
    pub slow_start: Duration,
    /// Checkers in file order; none: always up.
    pub checkers: Vec<Checker>,
}

/// A checker.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Checker {
    /// Its kind.
    pub kind: CheckerKind,
    /// `delay_loop`, default 60 s.
    pub delay_loop: Duration,
    /// `retry`
    pub retry: u32,
    /// `rise` (vipd's own), at least 1: good results in a row that bring it up.
    pub rise: u32,
    /// `delay_before_retry`
    pub delay_before_retry: Duration,
    /// `warmup`, default `delay_loop`.
    pub warmup: Duration,
    /// `alpha`
    pub alpha: bool,
    /// `log_all_failures`
    pub log_all_failures: bool,
}

/// Kind of a checker.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum CheckerKind {
    /// `TCP_CHECK`
    Tcp(Connection),
    /// `HTTP_GET`, and `SSL_GET` where `tls` is set.
    Http(Connection, Box<HttpCheck>),
    /// `SMTP_CHECK` (each `host` of the old form is a checker of its own).
    Smtp(Connection, String),
    /// `DNS_CHECK`: type by its name, and name.
    Dns {
        /// The server to ask.
        connection: Connection,
        /// `type`: `SOA` …
        query_type: String,
        /// `name`
        name: String,
        /// Requirements of the response (vipd's own).
        answers: Option<Box<DnsAnswers>>,
    },
    /// `UDP_CHECK`
    Udp(Connection, Box<UdpCheck>),
    /// `PING_CHECK`
    Ping(Connection),
    /// `MISC_CHECK`: index into [`super::Config::checks`].
    Misc {
        /// Which script.
        script: usize,
        /// `misc_timeout`, default `delay_loop`.
        timeout: Duration,
        /// `misc_dynamic`
        dynamic: bool,
    },
    /// `FILE_CHECK`
    File {
        /// `file` of the `track_file`.
        path: PathBuf,
        /// -2147483647 to 2147483647.
        weight: i32,
        /// `reverse`
        reverse: bool,
    },
    /// `BFD_CHECK`: name of the session.
    Bfd(String),
    /// `AGENT_CHECK` (vipd's own): HAProxy's agent protocol, with the text sent first.
    Agent(Connection, String),
    /// `GRPC_CHECK` (vipd's own)
    Grpc(Connection, Box<GrpcCheck>),
    /// `TCP_CHECK` with vipd's own `send`, `expect` or `tls`.
    Talk(Connection, Box<TalkCheck>),
    /// `REDIS_CHECK`, `MYSQL_CHECK`, `PGSQL_CHECK`, `LDAP_CHECK` (vipd's own)
    Server(Connection, Box<ServerCheck>),
}

/// The server that a checker speaks with.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Connection {
    /// `connect_ip` and `connect_port`, or the real server's.
    pub address: SocketAddr,
    /// `bindto` and `bind_port`.
    pub bind: Option<SocketAddr>,
    /// `bind_if`
    pub interface: Option<String>,
    /// `fwmark`; 0 is none.
    pub fwmark: u32,
    /// `connect_timeout`, default 5 s.
    pub timeout: Duration,
    /// `proxy_protocol` (vipd's own), 1 or 2: the connection begins with a header of this version.
    pub proxy_protocol: Option<u8>,
}

/// `HTTP_GET`, `SSL_GET`. `Debug` shows neither the password nor what the headers hold.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct HttpCheck {
    /// `url`s, at least one.
    pub urls: Vec<Url>,
    /// `http_protocol`
    pub version: HttpVersion,
    /// `fast_recovery`
    pub fast_recovery: bool,
    /// `SSL_GET`
    pub tls: Option<TlsCheck>,
    /// `header "NAME: VALUE"` (vipd's own).
    pub headers: Vec<(String, String)>,
    /// `basic_auth USER PASSWORD` (vipd's own).
    pub basic_auth: Option<(String, String)>,
}

impl std::fmt::Debug for HttpCheck {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpCheck")
            .field("urls", &self.urls)
            .field("version", &self.version)
            .field(word::FAST_RECOVERY, &self.fast_recovery)
            .field("tls", &self.tls)
            .field("headers", &self.headers.iter().map(|(name, _)| name).collect::<Vec<_>>())
            .field(word::BASIC_AUTH, &self.basic_auth.as_ref().map(|(user, _)| format!("{user}:********")))
            .finish()
    }
}

/// `http_protocol`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum HttpVersion {
    /// `1.0`
    Http10,
    /// `1.0C`
    Http10Close,
    /// `1.1`
    Http11,
    /// `2` (vipd's own)
    Http2,
}

/// `method` (vipd's own)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[expect(missing_docs, reason = "the names of the methods themselves")]
pub enum HttpMethod {
    Get,
    Head,
    Options,
    Post,
    Put,
    Patch,
    Delete,
}

/// A `url`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Url {
    /// `method` (vipd's own); default `GET`, and `POST` with `request_body`.
    pub method: HttpMethod,
    /// `path`
    pub path: String,
    /// `request_body` (vipd's own)
    pub request_body: Option<String>,
    /// `Host`: the virtualhost that holds here, or the address as keepalived writes it (with port; IPv6 in brackets).
    pub host: String,
    /// TLS server name; `None`: not sent.
    pub server_name: Option<String>,
    /// `status_code` as inclusive ranges; default 200 to 299.
    pub status: Vec<(u16, u16)>,
    /// `digest`
    pub digest: Option<[u8; 16]>,
    /// `regex`
    pub regex: Option<Regex>,
    /// `follow_redirects` (vipd's own), 0 to 20: so many redirects to the same scheme, host and port are followed.
    pub follow_redirects: u8,
    /// `body "TEXT"` (vipd's own): must occur in the body.
    pub body: Option<String>,
    /// `tls_compliant`
    pub tls_compliant: bool,
}

/// `regex` and its options.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Regex {
    /// PCRE pattern.
    pub pattern: String,
    /// `regex_no_match`
    pub no_match: bool,
    /// `regex_options`, as written.
    pub options: Vec<String>,
    /// `regex_min_offset`
    pub min_offset: usize,
    /// `regex_max_offset`
    pub max_offset: Option<usize>,
}

/// TLS of `SSL_GET` and `GRPC_CHECK`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct TlsCheck {
    /// `SSL { certificate }`
    pub certificate: Option<PathBuf>,
    /// `SSL { key }`
    pub key: Option<PathBuf>,
    /// `tls_verify` (vipd's own): the authorities (`tls_ca_file`, or `ca` of the `SSL` block) a server's certificate
    /// must lead to; `None` takes any certificate, as keepalived.
    pub verify: Option<PathBuf>,
    /// `tls_expiry_warning DAYS` (vipd's own); zero never warns.
    pub expiry_warning: Duration,
    /// `tls_expiry_weight DAYS PERCENT` (vipd's own): when less than this is left, so much of the weight.
    pub expiry_weight: Option<(Duration, u32)>,
    /// `tls_version MIN [MAX]` (vipd's own): 12 is TLS 1.2, 13 is TLS 1.3.
    pub versions: Option<(u8, u8)>,
}

/// Requirements of a `DNS_CHECK` besides a good code (vipd's own).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct DnsAnswers {
    /// `answer`: each of these.
    pub addresses: Vec<IpAddr>,
    /// `min_answers`: so many records of the type.
    pub least: u16,
    /// `require_ad`
    pub authentic: bool,
}

/// `UDP_CHECK`
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct UdpCheck {
    /// `payload`, or keepalived's 32 octets.
    pub payload: Vec<u8>,
    /// `require_reply`: value and mask of each octet (empty: any).
    pub reply: Option<Vec<(u8, u8)>>,
    /// `min_reply_length`
    pub min_length: usize,
    /// `max_reply_length`
    pub max_length: usize,
}

/// `GRPC_CHECK` (vipd's own)
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct GrpcCheck {
    /// `service`; empty: the server as a whole.
    pub service: String,
    /// `:authority`: virtualhost, or address and port.
    pub authority: String,
    /// `tls`
    pub tls: Option<TlsCheck>,
    /// TLS server name.
    pub server_name: Option<String>,
}
