//! TLS around another exchange (`SSL_GET`, gRPC with TLS), by rustls with ring.
//!
//! keepalived judges no certificate, and neither does [`Certificates::Any`](crate::Certificates::Any): expired, self-signed
//! and wrongly named ones are as good as any, only the handshake itself must be sound. `Certificates::Verified` checks the
//! whole of it, at the time the caller says it is ([`Outside::wall_clock`](crate::Outside::wall_clock)), and may
//! [note](crate::Note::CertificateExpires) that it ends soon.
//!
//! Nothing is kept between attempts: a resumed session would prove less than a handshake, and a check should prove most.
//! There is no process-wide state; configurations with their certificates are made once and [shared](crate::Shared).
//!
//! # Where this differs from keepalived
//!
//! rustls speaks TLS 1.2 and 1.3 only, with forward secrecy. A server that has nothing newer than TLS 1.1, only RSA key
//! exchange, or RSA keys shorter than 2048 bits cannot be checked; the failure says which.

mod certificate;
mod config;
mod session;
mod verify;

pub(crate) use config::{Layer, config};
pub use verify::AnyServer;
