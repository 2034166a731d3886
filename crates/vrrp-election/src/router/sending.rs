//! Adverts of a router, and what shows that it is not alone with its address or its priority.

use core::net::IpAddr;
use core::time::Duration;

use vrrp_proto::Priority;

use super::{Action, Report, VirtualRouter};
use crate::Instant;

impl VirtualRouter {
    /// Asks for one advert with the effective priority; for a goodbye while the router yields, and for nothing once
    /// another one has claimed the addresses.
    pub(super) fn send_advert(&mut self, now: Instant) {
        match self.yielding() {
            None => self.send(now, self.priority),
            Some(yielding) if yielding.is_claimed() => {}
            Some(_) => self.send_goodbye(now),
        }
    }

    pub(super) fn send_goodbye(&mut self, now: Instant) {
        self.counters.priority_zero_sent += 1;
        self.send(now, Priority::STOP);
    }

    /// Whether it listens to others although it owns the addresses.
    pub(super) fn gives_way(&self) -> bool {
        self.held || self.is_yielding()
    }

    pub(super) fn send(&mut self, now: Instant, priority: Priority) {
        self.counters.adverts_sent += 1;
        if let Some(address) = self.address {
            self.own_adverts.sent(now, address, priority);
        }
        self.push(Action::SendAdvert(priority));
    }

    pub(super) fn suspect_own_address(&mut self, source: IpAddr) {
        if !core::mem::replace(&mut self.told.own_address, true) {
            self.push(Action::Report(Report::OwnAddressHeard { source }));
        }
    }

    pub(super) fn suspect_owners(&mut self, report: Report) {
        if !core::mem::replace(&mut self.told.two_owners, true) {
            self.push(Action::Report(report));
        }
    }

    /// Time after sending within which an advert that comes back is recognised as ours.
    pub(super) fn echo_time(&self) -> Duration {
        self.config.advert_interval().saturating_mul(3).max(SHORTEST_ECHO_TIME)
    }
}

/// A loop in the network may hold a packet for that long, however short the interval.
const SHORTEST_ECHO_TIME: Duration = Duration::from_secs(1);
