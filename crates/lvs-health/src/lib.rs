//! Health checks for load balancers, and the virtual servers they decide about, without I/O.

mod check;
mod dialogue;
mod outcome;
pub mod smtp;

pub use check::{
    Agent, BasicAuth, Bfd, Certificates, Check, ClientCertificate, DigestMd5, Dns, File, Grpc, Http,
    HttpVersion, Network, Pattern, Probe, Protocol, QueryType, RegexOption, Reply, Script, Smtp, StatusCodes,
    Target, Timing, Tls, TlsVersion, Udp, Url,
};
pub use dialogue::{Dialogue, Note, Outside, PrepareError, Prepared, Shared, Transport};
pub use outcome::{Failure, Outcome, Weigh};
