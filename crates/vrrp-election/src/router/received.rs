//! An advertisement as far as the election is concerned, and why one is ignored.

use core::fmt;
use core::net::IpAddr;

use vrrp_proto::{Accepted, AdvertInterval, Priority};

/// Content of an accepted advertisement, as far as the election is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Received {
    /// The source address of its packet.
    pub source: IpAddr,
    /// Its priority.
    pub priority: Priority,
    /// Its interval.
    pub interval: AdvertInterval,
}

impl From<&Accepted<'_>> for Received {
    fn from(accepted: &Accepted<'_>) -> Self {
        Self {
            source: accepted.source,
            priority: accepted.advert.priority,
            interval: accepted.advert.interval,
        }
    }
}

/// Why an advertisement changed nothing at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ignored {
    /// The router is in Initialize (RFC 9568 §6.4.1).
    NotRunning,
    /// The router owns the addresses and is told to ignore others (RFC 5798 §7.1).
    Owner,
    /// The router's own advertisement came back: it has the source and priority of one sent a moment ago.
    OwnAdvert,
}

impl fmt::Display for Ignored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotRunning => "the virtual router is not running",
            Self::Owner => "the address owner ignores adverts",
            Self::OwnAdvert => "the router's own advert came back",
        })
    }
}

impl core::error::Error for Ignored {}
