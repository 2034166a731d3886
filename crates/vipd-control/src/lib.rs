//! The control socket of vipd, without a socket.
//!
//! A client sends requests, one JSON object a line, each with the version of this protocol:
//!
//! ```json
//! {"v":1,"do":"status"}
//! {"v":1,"do":"events","follow":true}
//! ```
//!
//! Each request gets answers, one JSON object a line, whose member `is` tells what it is ([`Answer`]). A request that
//! is not understood or not permitted is answered with `refused` and a reason.
//!
//! - [`Server`] holds the clients: octets in, requests out; answers in, octets out. Everything in it is bounded.
//! - [`Policy`] says what a client may do, by the credentials that the kernel has of it. Everything else is refused.
//! - [`EventRing`] keeps the last events.
//! - [`Gatherer`] collects the parts of a [`vipd_status::Status`] from the worker processes, and waits for none of
//!   them.
//!
//! There is no socket, clock or file here. Times are arguments.
#![forbid(unsafe_code)]

mod answer;
mod change;
mod gather;
mod queue;
mod request;
mod rights;
mod ring;
mod server;

pub use answer::{Answer, Recorder, Refusal};
pub use change::{Change, ChangeKind, FieldChange};
pub use gather::{Collected, Gatherer, Gathering, Parts};
pub use request::{Request, RequestError, ServerIntentKind, Shown, Verb};
pub use rights::{Peer, Policy, Rights};
pub use ring::EventRing;
pub use server::{ClientId, Full, Server};

/// The version of the requests. A request with another one is refused.
pub const VERSION: u32 = 1;
