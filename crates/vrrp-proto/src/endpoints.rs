//! Source and destination of the IP packet that carries an advertisement.

use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::assigned::IP_PROTOCOL;
use crate::checksum::Sum;
use crate::types::Family;

/// Where an advertisement comes from and goes to. Both are of one family, by construction.
///
/// A VRRP message does not contain them, but the pseudo-header of its checksum does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Endpoints {
    /// Of an IPv4 packet.
    V4 {
        /// The primary address of the sending interface (RFC 9568 §5.1.1.1).
        source: Ipv4Addr,
        /// 224.0.0.18, or a unicast peer.
        destination: Ipv4Addr,
    },
    /// Of an IPv6 packet.
    V6 {
        /// The link-local address of the sending interface (RFC 9568 §5.1.2.1).
        source: Ipv6Addr,
        /// ff02::12, or a unicast peer.
        destination: Ipv6Addr,
    },
}

impl Endpoints {
    /// Both addresses; `None` if their families differ.
    #[must_use]
    pub const fn new(source: IpAddr, destination: IpAddr) -> Option<Self> {
        match (source, destination) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => Some(Self::V4 { source, destination }),
            (IpAddr::V6(source), IpAddr::V6(destination)) => Some(Self::V6 { source, destination }),
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => None,
        }
    }

    /// The source address.
    #[must_use]
    #[inline(always)]
    pub const fn source(&self) -> IpAddr {
        match *self {
            Self::V4 { source, .. } => IpAddr::V4(source),
            Self::V6 { source, .. } => IpAddr::V6(source),
        }
    }

    /// The destination address.
    #[must_use]
    #[inline(always)]
    pub const fn destination(&self) -> IpAddr {
        match *self {
            Self::V4 { destination, .. } => IpAddr::V4(destination),
            Self::V6 { destination, .. } => IpAddr::V6(destination),
        }
    }

    /// The family of both.
    #[must_use]
    #[inline(always)]
    pub const fn family(&self) -> Family {
        match self {
            Self::V4 { .. } => Family::Ipv4,
            Self::V6 { .. } => Family::Ipv6,
        }
    }

    /// The sum of the pseudo-header for `message_len` octets of VRRP (RFC 8200 §8.1 for IPv6; the shape TCP
    /// uses for IPv4). The 2-octet and the 4-octet length field give the same sum.
    #[inline(always)]
    pub(crate) fn pseudo_header(&self, message_len: usize) -> Sum {
        let addresses = match self {
            Self::V4 { source, destination } => {
                Sum::default().add_number(source.to_bits()).add_number(destination.to_bits())
            }
            Self::V6 { source, destination } => Sum::of(&source.octets()).add(&destination.octets()),
        };
        // No IP payload is longer than 65,535 octets; a longer slice cannot have come from one.
        let message_len = u32::try_from(message_len).unwrap_or(u32::MAX);
        addresses.add_number(u32::from(IP_PROTOCOL)).add_number(message_len)
    }
}

impl fmt::Display for Endpoints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} > {}", self.source(), self.destination())
    }
}
