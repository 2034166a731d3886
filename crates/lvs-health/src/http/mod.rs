//! HTTP checks: one request, and the conditions for its answer (keepalived's `HTTP_GET` and `SSL_GET`).
//!
//! [`request`] writes what keepalived writes, octet by octet. [`exchange`] reads an HTTP/1 answer (RFC 9112): [`head`] finds
//! status and framing, [`chunked`] takes the transfer coding off, and [`criteria`] judges status and body, for HTTP/2 too.
//!
//! # Invariants
//!
//! Memory is bounded: a head has at most [`head::LIMIT`] octets, a body is not kept (a digest and a text search take it
//! as it flows by) save the first [`criteria::WINDOW`] octets for a regular expression. The length of a body is limited
//! by time alone: [`Target::limit`](crate::Target::limit).
//!
//! # Where this differs from keepalived
//!
//! - It ends as soon as the outcome is certain: at the end of the head if only the status counts, at the end of the body if
//!   the answer says where that is. keepalived waits until the server closes the connection, and fails on servers that
//!   do not.
//! - A chunked body is judged without the chunks' sizes. keepalived's digest and regular expression see them: for a digest
//!   either will do, so that one made by `genhash` holds.
//! - Interim answers (status 1xx) are skipped; keepalived takes them for the answer.
//! - An answer that does not begin like HTTP fails at once.
//!
//! As with keepalived, a connection that is closed before a body has its announced length is no failure: the part that
//! came is judged, and a [`Note`](crate::Note) says so.

mod chunked;
mod criteria;
mod exchange;
mod head;
#[cfg(feature = "regex")]
mod pattern;
mod plan;
mod redirect;
mod request;
mod search;

pub(crate) use criteria::{Criteria, Judge};
#[cfg(feature = "regex")]
pub(crate) use pattern::Compiled;
pub(crate) use plan::Plan;
pub(crate) use request::{USER_AGENT, fields, one_line, path};
