//! Short names for what every test says: addresses, priorities, points in time.
#![allow(dead_code, reason = "each test binary uses its own part")]

use std::net::IpAddr;
use std::time::Duration;

use vrrp_election::{Action, Ignored, Instant, Node, Received, RouterConfig, RouterId, VirtualRouter};
use vrrp_proto::{
    AdvertInterval, Centiseconds, Family, Priority, RouterInterval, RouterPriority, Seconds, Vrid,
};

/// Version and family: what one virtual router speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Speaks {
    V2,
    V3Ipv4,
    V3Ipv6,
}

pub(crate) const ALL: [Speaks; 3] = [Speaks::V2, Speaks::V3Ipv4, Speaks::V3Ipv6];

impl Speaks {
    pub(crate) fn family(self) -> Family {
        match self {
            Self::V2 | Self::V3Ipv4 => Family::Ipv4,
            Self::V3Ipv6 => Family::Ipv6,
        }
    }

    pub(crate) fn one_second(self) -> AdvertInterval {
        match self {
            Self::V2 => seconds(1),
            Self::V3Ipv4 | Self::V3Ipv6 => centis(100),
        }
    }

    /// Priority 100, every second.
    pub(crate) fn config(self) -> RouterConfig {
        config(self.family(), self.one_second())
    }

    /// The address of a router: `ours`, or one below or above it.
    pub(crate) fn ours(self) -> IpAddr {
        self.pick("192.0.2.20", "fe80::20")
    }

    pub(crate) fn below(self) -> IpAddr {
        self.pick("192.0.2.3", "fe80::3")
    }

    /// Between [`Self::below`] and [`Self::ours`].
    pub(crate) fn between(self) -> IpAddr {
        self.pick("192.0.2.10", "fe80::10")
    }

    pub(crate) fn above(self) -> IpAddr {
        self.pick("192.0.2.100", "fe80::100")
    }

    fn pick(self, v4: &str, v6: &str) -> IpAddr {
        ip(match self.family() {
            Family::Ipv4 => v4,
            Family::Ipv6 => v6,
        })
    }
}

pub(crate) fn config(family: Family, interval: AdvertInterval) -> RouterConfig {
    RouterConfig::new(Vrid::new(51).unwrap(), family, own(interval))
}

pub(crate) fn seconds(seconds: u8) -> AdvertInterval {
    AdvertInterval::V2(Seconds(seconds))
}

pub(crate) fn centis(centis: u16) -> AdvertInterval {
    AdvertInterval::V3(Centiseconds::new(centis).unwrap())
}

pub(crate) fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// As a router has it, not as an advert says it.
pub(crate) fn own(interval: AdvertInterval) -> RouterInterval {
    RouterInterval::new(interval).unwrap()
}

/// As a router has it, not as an advert says it.
pub(crate) fn own_prio(priority: u8) -> RouterPriority {
    RouterPriority::new(priority).unwrap()
}

pub(crate) const fn prio(priority: u8) -> Priority {
    Priority::new(priority)
}

/// Microseconds since the start. Every time that priority 100 and an interval of 1 s lead to is a whole number.
pub(crate) const fn us(micros: u64) -> Instant {
    Instant::from_nanos(micros * 1_000)
}

pub(crate) const fn ms(millis: u64) -> Instant {
    Instant::from_nanos(millis * 1_000_000)
}

pub(crate) const fn nanos(nanos: u64) -> Duration {
    Duration::from_nanos(nanos)
}

pub(crate) const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

pub(crate) fn advert(priority: u8, source: IpAddr, interval: AdvertInterval) -> Received {
    Received { source, priority: prio(priority), interval }
}

/// A router that is given adverts as they arrive.
pub(crate) trait Hears {
    fn hears(&mut self, at: Instant, advert: &Received) -> Result<(), Ignored>;
}

impl Hears for VirtualRouter {
    fn hears(&mut self, at: Instant, advert: &Received) -> Result<(), Ignored> {
        self.handle_advert(at, at, advert)
    }
}

/// A node that is given adverts as they arrive.
pub(crate) fn hears(
    node: &mut Node,
    at: Instant,
    router: RouterId,
    advert: &Received,
) -> Result<(), Ignored> {
    node.handle_advert(at, at, router, advert)
}

/// Everything a router asks for.
pub(crate) fn actions(router: &mut VirtualRouter) -> Vec<Action> {
    std::iter::from_fn(|| router.poll_action()).collect()
}

/// A router that started at 0 with our address, with nothing left to do.
pub(crate) fn started(speaks: Speaks, config: RouterConfig) -> VirtualRouter {
    let mut router = VirtualRouter::new(config);
    router.handle_startup(Instant::ZERO, speaks.ours());
    actions(&mut router);
    router
}

/// A router that has become Active when its first wait ended.
pub(crate) fn serving(speaks: Speaks, config: RouterConfig) -> VirtualRouter {
    let mut router = started(speaks, config);
    if let Some(timeout) = router.poll_timeout() {
        router.handle_timeout(timeout);
    }
    actions(&mut router);
    router
}
