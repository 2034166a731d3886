//! Destinations of advertisements, and permitted senders: a group, or configured peers.

use core::fmt;
use core::net::{IpAddr, Ipv4Addr};

use super::Rejection;
use crate::assigned::TTL;
use crate::endpoints::Endpoints;

/// The way in which the routers of one VRID reach each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mode<'a> {
    /// Over a group on one link, as the RFCs have it. The TTL must be 255, which proves that the sender is on the
    /// link.
    Multicast {
        /// 224.0.0.18 or ff02::12 ([`group`](crate::group)), or another.
        group: IpAddr,
    },
    /// Each peer by its own address: not in the RFCs, from keepalived.
    Unicast {
        /// Sources that may send.
        peers: &'a [Peer],
        /// The TTL accepted from anybody else; `None` accepts nothing from them.
        ///
        /// keepalived listens to anybody unless `check_unicast_src` is set or a peer has a TTL range.
        strangers: Option<TtlRange>,
    },
}

/// A configured unicast peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its source address.
    pub address: IpAddr,
    /// The TTL or hop limit that is accepted from it.
    pub ttl: TtlRange,
}

/// The values of TTL or hop limit that are accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TtlRange {
    /// The least.
    pub min: u8,
    /// The greatest.
    pub max: u8,
}

impl TtlRange {
    /// 255 alone: no router lies between (RFC 9568 §5.1.1.3, RFC 5082).
    pub const ON_LINK: Self = Self { min: TTL, max: TTL };
    /// Every value.
    pub const ANY: Self = Self { min: 0, max: u8::MAX };

    #[inline(always)]
    pub(super) const fn check(self, actual: u8) -> Result<(), Rejection> {
        if self.min <= actual && actual <= self.max {
            Ok(())
        } else {
            Err(Rejection::Ttl { expected: self, actual })
        }
    }
}

impl fmt::Display for TtlRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.min == self.max { self.min.fmt(f) } else { write!(f, "{} to {}", self.min, self.max) }
    }
}

impl Mode<'_> {
    #[inline(always)]
    pub(super) fn check_destination(&self, endpoints: &Endpoints) -> Result<(), Rejection> {
        let actual = endpoints.destination();
        let heard = match self {
            Self::Multicast { group } => actual == *group,
            Self::Unicast { .. } => !actual.is_multicast() && actual != IpAddr::V4(Ipv4Addr::BROADCAST),
        };
        if heard { Ok(()) } else { Err(Rejection::Destination { actual }) }
    }

    /// The TTL accepted from the source.
    #[inline(always)]
    pub(super) fn ttl_from(&self, endpoints: &Endpoints) -> Result<TtlRange, Rejection> {
        match self {
            Self::Multicast { .. } => Ok(TtlRange::ON_LINK),
            Self::Unicast { peers, strangers } => {
                let source = endpoints.source();
                peers
                    .iter()
                    .find_map(|peer| (peer.address == source).then_some(peer.ttl))
                    .or(*strangers)
                    .ok_or(Rejection::UnicastSource { actual: source })
            }
        }
    }
}
