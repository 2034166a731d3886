//! Which machine speaks which protocol.

use super::{Exchange, PrepareError, Transport};
use crate::Protocol;

/// The machine of a protocol that needs no preparation. `nonce` is a number that the last attempt did not have.
pub(crate) fn machine(_protocol: &Protocol, _nonce: u32) -> Option<Box<dyn Exchange>> {
    None
}

/// The socket a protocol needs.
pub(crate) fn transport(protocol: &Protocol) -> Transport {
    match protocol {
        Protocol::Connect
        | Protocol::Http(_)
        | Protocol::Smtp(_)
        | Protocol::Agent(_)
        | Protocol::Grpc(_) => Transport::Stream,
        Protocol::Dns(_) | Protocol::Udp(_) => Transport::Datagram,
        Protocol::Ping => Transport::Echo,
    }
}

/// Placeholder: goes away with the arms of [`machine`].
pub(crate) fn is_built(protocol: &Protocol) -> Result<(), PrepareError> {
    match protocol {
        Protocol::Connect | Protocol::Http(_) => Ok(()),
        Protocol::Grpc(_) => Err(PrepareError::Absent("gRPC")),
        Protocol::Smtp(_) => Err(PrepareError::Absent("SMTP")),
        Protocol::Dns(_) => Err(PrepareError::Absent("DNS")),
        Protocol::Udp(_) => Err(PrepareError::Absent("UDP")),
        Protocol::Ping => Err(PrepareError::Absent("ping")),
        Protocol::Agent(_) => Err(PrepareError::Absent("agent")),
    }
}
