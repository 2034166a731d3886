//! Inputs of a router, as a recording has them.

use core::net::IpAddr;
use core::time::Duration;

use vrrp_proto::RouterPriority;

use super::received::Received;
use crate::node::config::{Fact, ScriptId, TrackTarget};
use crate::{Instant, RunEnd};

/// An input of a router.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub struct Recorded {
    /// When.
    pub at: Instant,
    /// The timeout that the router had before. An Active that was as expected had all earlier ones.
    pub due: Option<Instant>,
    /// What.
    pub input: Input,
}

/// Something that a router was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "kind", rename_all = "kebab-case")
)]
#[expect(missing_docs, reason = "the fields are those of the methods that take them")]
#[non_exhaustive]
pub enum Input {
    /// [`VirtualRouter::handle_startup`](crate::VirtualRouter::handle_startup)
    Startup { address: IpAddr },
    /// [`VirtualRouter::handle_resume`](crate::VirtualRouter::handle_resume)
    Resume { address: IpAddr },
    /// [`VirtualRouter::handle_shutdown`](crate::VirtualRouter::handle_shutdown)
    Shutdown,
    /// [`VirtualRouter::handle_timeout`](crate::VirtualRouter::handle_timeout)
    Timeout,
    /// [`VirtualRouter::handle_advert`](crate::VirtualRouter::handle_advert)
    Advert { arrived: Instant, advert: Received },
    /// Adverts as the last one that was obeyed, none of them late. The last one arrived at the time of this input.
    Adverts,
    /// [`VirtualRouter::handle_packets_lost`](crate::VirtualRouter::handle_packets_lost)
    PacketsLost,
    /// [`VirtualRouter::handle_address_lost`](crate::VirtualRouter::handle_address_lost)
    AddressLost,
    /// [`VirtualRouter::set_priority`](crate::VirtualRouter::set_priority)
    Priority { priority: RouterPriority },
    /// [`VirtualRouter::set_address`](crate::VirtualRouter::set_address)
    Address { address: IpAddr },
    /// [`VirtualRouter::handle_yield`](crate::VirtualRouter::handle_yield)
    Yield { within: Duration },
    /// [`VirtualRouter::handle_departure`](crate::VirtualRouter::handle_departure)
    Departure { within: Duration },
    /// [`VirtualRouter::stop_yielding`](crate::VirtualRouter::stop_yielding)
    StopYielding,
    /// [`VirtualRouter::set_held`](crate::VirtualRouter::set_held)
    Held { held: bool },
    /// [`VirtualRouter::set_synced`](crate::VirtualRouter::set_synced)
    Synced { synced: bool },
    /// [`VirtualRouter::handle_takeover`](crate::VirtualRouter::handle_takeover)
    Takeover,
    /// [`VirtualRouter::handle_step_down`](crate::VirtualRouter::handle_step_down)
    StepDown,
    /// [`VirtualRouter::handle_rival`](crate::VirtualRouter::handle_rival)
    Rival { until: Instant, extra: Duration },
    /// Something that it tracks became so. The router itself is not told: what follows from it is an input of its own.
    Target { target: TrackTarget, fact: Fact },
    /// A run of a script that it tracks ended otherwise than the one before. As [`Target`](Self::Target).
    Script { script: ScriptId, end: RunEnd },
}
