//! IPVS messages, for those who own their socket: a fuzzer, a recorder, an event loop.
//!
//! [`Request`] is everything that can be asked, as bytes; [`netlink_frame::Frames`] cuts a received
//! datagram into messages, and the `parse_*` functions read the [`attributes`] that they carry. Nothing here does I/O, and nothing that is received can make it panic or
//! allocate more than was received. [`Client`](crate::Client) is this with a socket.
//!
//! ```
//! use ipvs_netlink::wire::{self, Request};
//! use netlink_frame::{Answer, Frames};
//!
//! let family_id = 28; // as resolved by `Request::ResolveFamily`
//! let mut bytes = Vec::new();
//! Request::Services.emit(family_id, 1, false, &mut bytes);
//! // .. send the bytes, receive a datagram ..
//! # let datagram = [0_u8; 0];
//! for frame in Frames::new(&datagram) {
//!     if let Answer::Data(message) = frame.answer() {
//!         println!("{:?}", wire::parse_service(wire::attributes(message)));
//!     }
//! }
//! ```

pub(crate) mod attribute;
mod request;

pub use self::attribute::ParseError;
pub use self::request::Request;

use self::attribute::Attributes;
use crate::{DestinationStatus, Family, Info, ServiceStatus, SyncDaemon, Timeouts};

/// The attributes of a generic netlink message (what [`Answer::Data`](netlink_frame::Answer::Data) carries): all
/// that follows its header of a command, a version and two reserved bytes. None if the message is shorter than that.
pub fn attributes(message: &[u8]) -> &[u8] {
    message.get(FAMILY_HEADER_LEN..).unwrap_or_default()
}

/// Reads one part of the answer to [`Request::Services`] or [`Request::Service`].
pub fn parse_service(attributes: &[u8]) -> Result<ServiceStatus, ParseError> {
    ServiceStatus::parse(Attributes::find(attributes, request::SERVICE, "CMD_ATTR_SERVICE")?.value)
}

/// Reads one part of the answer to [`Request::Destinations`] about a service of `service_family`.
pub fn parse_destination(attributes: &[u8], service_family: Family) -> Result<DestinationStatus, ParseError> {
    let destination = Attributes::find(attributes, request::DEST, "CMD_ATTR_DEST")?;
    DestinationStatus::parse(destination.value, service_family)
}

/// Reads one part of the answer to [`Request::Daemons`].
pub fn parse_daemon(attributes: &[u8]) -> Result<SyncDaemon, ParseError> {
    SyncDaemon::parse(Attributes::find(attributes, request::DAEMON, "CMD_ATTR_DAEMON")?.value)
}

/// Reads the answer to [`Request::Timeouts`].
pub fn parse_timeouts(attributes: &[u8]) -> Result<Timeouts, ParseError> {
    Timeouts::parse(attributes)
}

/// Reads the answer to [`Request::Info`].
pub fn parse_info(attributes: &[u8]) -> Result<Info, ParseError> {
    Info::parse(attributes)
}

/// Reads the answer to [`Request::ResolveFamily`]: the number of the IPVS family on this machine.
pub fn parse_family_id(attributes: &[u8]) -> Result<u16, ParseError> {
    Attributes::find(attributes, CTRL_ATTR_FAMILY_ID, "CTRL_ATTR_FAMILY_ID")?.u16()
}

/// Length of a generic netlink header.
const FAMILY_HEADER_LEN: usize = 4;
const CTRL_ATTR_FAMILY_ID: u16 = 1;

#[cfg(all(test, target_endian = "little"))]
mod tests;
