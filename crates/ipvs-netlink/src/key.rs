//! Identity of a virtual service.

use std::fmt;
use std::net::SocketAddr;
use std::num::NonZeroU32;

use crate::{Family, Protocol};

/// The identity of a virtual service. The kernel knows no other name for it, and nothing of it can be changed: a
/// service with another address is another service.
///
/// Displays as keepalived logs it: `[192.0.2.1]:tcp:80`, `FWM 5`, and for a mark on IPv6 packets `FWM 5 IPv6`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum ServiceKey {
    /// Packets to an address and port.
    Address {
        /// The protocol.
        protocol: Protocol,
        /// The virtual address. Port 0 takes every port that has no service of its own; it needs persistence, and
        /// the kernel refuses to schedule without.
        address: SocketAddr,
    },
    /// Packets that the firewall has marked.
    Fwmark {
        /// The family of the packets; the same mark may serve both, as two services.
        family: Family,
        /// The mark. The kernel takes 0 for "no mark".
        mark: NonZeroU32,
    },
}

impl ServiceKey {
    /// The service for TCP connections to `address`.
    pub const fn tcp(address: SocketAddr) -> Self {
        Self::Address { protocol: Protocol::Tcp, address }
    }

    /// The service for UDP packets to `address`.
    pub const fn udp(address: SocketAddr) -> Self {
        Self::Address { protocol: Protocol::Udp, address }
    }

    /// The service for SCTP associations to `address`.
    pub const fn sctp(address: SocketAddr) -> Self {
        Self::Address { protocol: Protocol::Sctp, address }
    }

    /// The service for packets with firewall mark `mark`; `None` if it is 0.
    pub const fn fwmark(family: Family, mark: u32) -> Option<Self> {
        match NonZeroU32::new(mark) {
            Some(mark) => Some(Self::Fwmark { family, mark }),
            None => None,
        }
    }

    /// The family of the packets this service takes.
    pub const fn family(&self) -> Family {
        match self {
            Self::Address { address: SocketAddr::V4(_), .. } => Family::V4,
            Self::Address { address: SocketAddr::V6(_), .. } => Family::V6,
            Self::Fwmark { family, .. } => *family,
        }
    }
}

impl fmt::Display for ServiceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address { protocol, address } => {
                write!(f, "[{}]:{protocol}:{}", address.ip(), address.port())
            }
            Self::Fwmark { family: Family::V4, mark } => write!(f, "FWM {mark}"),
            Self::Fwmark { family: Family::V6, mark } => write!(f, "FWM {mark} IPv6"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_read_as_in_keepaliveds_log() {
        let tcp = ServiceKey::tcp("192.0.2.1:80".parse().unwrap());
        assert_eq!(tcp.to_string(), "[192.0.2.1]:tcp:80");
        let udp = ServiceKey::udp("[2001:db8::1]:53".parse().unwrap());
        assert_eq!(udp.to_string(), "[2001:db8::1]:udp:53");
        assert_eq!(ServiceKey::fwmark(Family::V4, 5).unwrap().to_string(), "FWM 5");
        assert_eq!(ServiceKey::fwmark(Family::V6, 5).unwrap().to_string(), "FWM 5 IPv6");
    }

    #[test]
    fn a_mark_of_zero_is_no_service() {
        assert_eq!(ServiceKey::fwmark(Family::V4, 0), None);
    }
}
