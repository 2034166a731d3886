//! Netlink, as little of it as this crate needs.
//!
//! [`frame`] cuts datagrams into messages and reads acknowledgements, [`decode`] turns route messages into
//! values and forgives attributes it does not know, [`RouteSocket`] asks one question and waits for the answer.
//! The first two are pure. The types of the `netlink-packet-*` crates do not leave this crate: their API changes
//! with most releases.

pub(crate) mod decode;
pub(crate) mod frame;
mod route_socket;

pub use self::frame::Refusal;
pub use self::route_socket::CommandError;
pub(crate) use self::route_socket::{Reading, RouteSocket, open_socket, serialize};
