#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]

mod agent;
#[cfg(feature = "blocking")]
pub mod blocking;
mod check;
mod custom;
mod dialogue;
pub mod director;
pub mod dns;
pub mod file;
mod h2;
mod http;
mod outcome;
mod ping;
pub mod script;
mod servers;
pub mod smtp;
mod talk;
#[cfg(feature = "tls")]
mod tls;
pub mod udp;

pub use check::{
    Agent, BasicAuth, Bfd, Certificates, Check, ClientCertificate, DigestMd5, Dns, DnsAnswers, ExpiryWeight,
    File, Grpc, Http, HttpMethod, HttpVersion, Network, Pattern, Probe, Protocol, ProxyHeader, QueryType,
    RegexOption, Reply, Script, Smtp, StatusCodes, Target, Timing, Tls, TlsVersion, Udp, Url,
};
pub use custom::Custom;
pub use dialogue::{
    AttemptStep, Dialogue, Exchange, Note, Outside, PrepareError, Prepared, Shared, Transport,
};
pub use outcome::{Administration, AgentReport, Failure, Operation, Outcome, WeightUpdate};
pub use servers::{Ldap, Login, Mysql, Postgresql, Redis, Role};
pub use talk::{Talk, TalkStep};
#[cfg(feature = "tls")]
pub use tls::AnyServer;
