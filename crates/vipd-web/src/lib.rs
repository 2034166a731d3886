#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod access;
mod connection;
mod events;
mod page;
mod request;
mod response;
mod server;
mod site;
mod sockets;

pub use access::{Access, Denial};
pub use request::{MAX_FIELDS, MAX_HEAD, Refusal, Request};
pub use server::{ConnectionId, MAX_CONNECTIONS, MAX_STREAMS, Server};
pub use site::Site;
pub use sockets::Sockets;
