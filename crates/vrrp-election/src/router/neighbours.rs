//! Memory of other routers on the link, and of own adverts that may come back.

use core::net::IpAddr;
use core::time::Duration;

use vrrp_proto::Priority;

use super::Received;
use crate::Instant;

/// Something that is told once, until it has not happened for a while.
#[derive(Clone, Copy, Debug, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Series {
    last: Option<Instant>,
    told: bool,
}

impl Series {
    /// It happened at `at`; whether that is to be told. A series ends when nothing happens for `silence`, and no
    /// sooner than after [`SHORTEST_SILENCE`]. Without `may_tell` it is told later in the series.
    pub(super) fn goes_on(&mut self, at: Instant, silence: Duration, may_tell: bool) -> bool {
        let silence = silence.max(SHORTEST_SILENCE);
        if self.last.is_none_or(|last| at.since(last) >= silence) {
            self.told = false;
        }
        self.last = self.last.max(Some(at));
        let news = may_tell && !self.told;
        self.told |= news;
        news
    }
}

/// However short the interval, nobody is told of the same more often than this.
const SHORTEST_SILENCE: Duration = Duration::from_secs(1);

/// The adverts last sent, to know them if they come back: a loop in the network, or multicast that is looped
/// inside this machine.
#[derive(Clone, Copy, Debug, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct OwnAdverts {
    /// The last kind of advert and the one before it; a kind is an address and a priority.
    last: [Option<OwnAdvert>; 2],
}

#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct OwnAdvert {
    source: IpAddr,
    priority: Priority,
    /// When one of this kind was last sent.
    at: Instant,
}

impl OwnAdverts {
    pub(super) fn sent(&mut self, at: Instant, source: IpAddr, priority: Priority) {
        let sent = Some(OwnAdvert { source, priority, at });
        self.last = match self.last {
            [Some(last), before] if last.source == source && last.priority == priority => [sent, before],
            [last, _] => [sent, last],
        };
    }

    /// When the last advert was sent.
    pub(super) fn last_sent(&self) -> Option<Instant> {
        self.last.first().copied().flatten().map(|own| own.at)
    }

    /// Whether this is what was sent up to `life` ago.
    pub(super) fn contain(&self, arrived: Instant, advert: &Received, life: Duration) -> bool {
        self.last.iter().flatten().any(|own| {
            own.source == advert.source && own.priority == advert.priority && arrived.since(own.at) <= life
        })
    }
}

/// A living router of lower priority that this one is about to preempt.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Lower {
    pub(super) source: IpAddr,
    pub(super) priority: Priority,
    pub(super) interval: Duration,
    /// Until when it is held to be alive without another advert.
    pub(super) alive_until: Instant,
}
