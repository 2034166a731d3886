//! Netlink, as little of it as this crate needs.
//!
//! [`decode`] turns route messages into values and ignores attributes that it does not know; it is pure.
//! [`RouteSocket`] asks one question and waits for the answer. `netlink_frame` cuts the datagrams into messages. The types of the `netlink-packet-*` crates do not leave this crate: their API changes
//! with most releases.

pub(crate) mod decode;
mod route_socket;

pub use self::route_socket::CommandError;
pub(crate) use self::route_socket::{Completeness, RouteSocket, open_socket, serialize};
