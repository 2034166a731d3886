//! Results of attempts.

use std::io;

use crate::check::DigestMd5;

/// The result of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The server answered as it should.
    Pass(WeightUpdate),
    /// It did not.
    Fail(Failure),
    /// Its agent said this about it.
    Agent(AgentReport),
}

impl Outcome {
    /// Why the server is not as it should be; `None` if it is.
    pub(crate) fn into_failure(self) -> Option<Failure> {
        match self {
            Self::Pass(_) => None,
            Self::Fail(failure) => Some(failure),
            Self::Agent(report) => report.failure(),
        }
    }
}

/// An agent's report of its server; values that it omits do not change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AgentReport {
    /// Whether the server is to be in service.
    pub administration: Option<Administration>,
    /// Whether it works.
    pub operation: Option<Operation>,
    /// So much of its configured weight.
    pub percent: Option<u32>,
}

impl AgentReport {
    /// Why the server is out of service after this, if it is so by this.
    pub(crate) fn failure(&self) -> Option<Failure> {
        match (self.operation, self.administration) {
            (Some(Operation::Down), _) => Some(Failure::Agent("down")),
            (Some(Operation::Fail), _) => Some(Failure::Agent("fail")),
            (Some(Operation::Stopped), _) => Some(Failure::Agent("stopped")),
            (_, Some(Administration::Maintenance)) => Some(Failure::Agent("maint")),
            (Some(Operation::Up) | None, _) => None,
        }
    }
}

/// Whether a server is to be in service, as its agent says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Administration {
    /// `ready`: it is.
    #[default]
    Ready,
    /// `drain`: connections go on, no new one comes.
    Drain,
    /// `maint`: it is not.
    Maintenance,
}

/// Whether a server works, as its agent says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// `up`
    Up,
    /// `down`
    Down,
    /// `fail`
    Fail,
    /// `stopped`
    Stopped,
}

/// Effect of a passed check on its server's weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum WeightUpdate {
    /// Nothing: most checks.
    Unchanged,
    /// Back to the configured weight (`misc_dynamic`, exit status 0).
    Configured,
    /// Exactly this (`misc_dynamic`, exit status - 2; an agent's `drain` is 0).
    Exactly(u32),
    /// This much of the configured weight, percent (an agent's `75%`).
    Percent(u32),
    /// The configured weight and this (`FILE_CHECK`).
    Plus(i32),
}

/// Why an attempt failed; `Display` is the text for the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// No connection in time.
    #[error("timeout while connecting")]
    ConnectTimeout,
    /// Connected, but then nothing (more) in time.
    #[error("timeout while waiting for {0}")]
    Silent(&'static str),
    /// The whole attempt took too long although something went on.
    #[error("not finished within the time for a whole check")]
    TooSlow,
    /// The system could not connect, or the connection broke (refused, reset, unreachable …).
    #[error("{}", io::Error::from(*.0))]
    Io(io::ErrorKind),
    /// The peer closed the connection before its answer was complete.
    #[error("connection closed while waiting for {0}")]
    Closed(&'static str),
    /// TLS could not be established or broke; the text is the TLS library's.
    #[error("TLS: {0}")]
    Tls(String),
    /// The answer breaks its protocol.
    #[error("malformed answer: {0}")]
    Malformed(&'static str),
    /// The answer is larger than anybody would wait for.
    #[error("{what} longer than {limit} octets")]
    TooLong {
        /// The part of the answer.
        what: &'static str,
        /// The most that is taken.
        limit: usize,
    },
    /// HTTP status.
    #[error("HTTP status {0}")]
    Status(u16),
    /// The server leads on to where the check does not go.
    #[error("redirect to {to} is not followed: {why}")]
    Redirect {
        /// Its `Location`, cut at 160 characters.
        to: String,
        /// Why not.
        why: &'static str,
    },
    /// MD5 digest of the body.
    #[error("digest {actual} instead of {expected}")]
    Digest {
        /// As configured.
        expected: DigestMd5,
        /// Of what came.
        actual: DigestMd5,
    },
    /// The regular expression does not match, or does with `regex_no_match`.
    #[error("{}", if *.matched { "regex matches" } else { "regex does not match" })]
    Regex {
        /// Whether it did.
        matched: bool,
    },
    /// The regular expression needs more steps on this body than any search may take.
    #[error("regex takes too long")]
    RegexLimit,
    /// The body has not the text it should.
    #[error("text not found in the body")]
    Body,
    /// A reply code other than the dialogue needs.
    #[error("SMTP reply {actual} to {to} instead of {expected}")]
    SmtpReply {
        /// The command or greeting that was answered.
        to: &'static str,
        /// As it should be.
        expected: u16,
        /// As it was.
        actual: u16,
    },
    /// DNS response code other than NOERROR (RFC 1035 §4.1.1).
    #[error("DNS response code {0}")]
    DnsCode(u8),
    /// The DNS response has too few records of the type that was asked for.
    #[error("DNS response has {found} answers, not {least}")]
    DnsAnswers {
        /// So many.
        found: usize,
        /// So many were wanted.
        least: usize,
    },
    /// An address is not in the DNS response.
    #[error("DNS response lacks {0}")]
    DnsAnswerMissing(std::net::IpAddr),
    /// The resolver does not say that it validated its answer (AD).
    #[error("DNS response is not authenticated (DNSSEC)")]
    DnsNotAuthentic,
    /// The reply datagram is not what was asked for.
    #[error("reply does not match")]
    Reply,
    /// The server gave up the HTTP/2 stream, with this error code (RFC 9113 §7).
    #[error("HTTP/2 stream reset, error code {0}")]
    Reset(u32),
    /// The server ended the HTTP/2 connection without an answer, with this error code.
    #[error("HTTP/2 connection ended, error code {0}")]
    GoAway(u32),
    /// gRPC status other than OK.
    #[error("gRPC status {0}")]
    GrpcStatus(u32),
    /// gRPC health other than SERVING.
    #[error("gRPC health {0}")]
    GrpcHealth(u32),
    /// The server refuses in its own protocol; the text is the server's.
    #[error("{server} refuses: {text}")]
    Refused {
        /// Kind of server.
        server: &'static str,
        /// Its words, without control characters, cut at 160.
        text: String,
    },
    /// The server has another role among its replicas than it should.
    #[error("the server is a {actual}, not a {wanted}")]
    Role {
        /// As configured.
        wanted: crate::Role,
        /// As it is.
        actual: crate::Role,
    },
    /// An agent said so.
    #[error("agent says {0}")]
    Agent(&'static str),
    /// A script ended with a status that means failure.
    #[error("script exited with status {0}")]
    ScriptExit(u8),
    /// A signal ended a script.
    #[error("script ended by signal {0}")]
    ScriptSignal(i32),
    /// A script did not end in time.
    #[error("script did not end in time")]
    ScriptTimeout,
    /// A script could not be started.
    #[error("script could not be started: {}", io::Error::from_raw_os_error(*.0))]
    ScriptStart(i32),
    /// The number in a file means down.
    #[error("file says {0}")]
    File(i64),
    /// A file that the check needs could not be read in time.
    #[error("file could not be read in time")]
    FileTimeout,
    /// The check cannot be made as it is configured; why was said when it was [prepared](crate::Prepared).
    #[error("it cannot be made as configured")]
    Unusable,
    /// A check of one's own found this.
    #[error("{0}")]
    Custom(String),
    /// A BFD session is down.
    #[error("BFD session is down")]
    Bfd,
}
