//! Treatment of a packet between two hosts: delay, jitter, loss, duplication, reordering, partitions.

use std::collections::BTreeSet;
use std::time::Duration;

use vrrp_election::LinkId;

use crate::{HostId, Rng};

/// Quality of the network, the same between all hosts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    /// The least time on the way.
    pub delay: Duration,
    /// Random time on top, from zero to this.
    pub jitter: Duration,
    /// Packets lost, of a thousand.
    pub loss: u16,
    /// Packets that arrive twice, of a thousand.
    pub duplication: u16,
    /// Packets that [`overtaken_by`](Self::overtaken_by) holds back, of a thousand.
    pub reordering: u16,
    /// Additional delay of a reordered packet.
    pub overtaken_by: Duration,
}

impl Network {
    /// A switch: 200 µs and up to 100 µs more, nothing lost.
    pub const LAN: Self = Self {
        delay: Duration::from_micros(200),
        jitter: Duration::from_micros(100),
        loss: 0,
        duplication: 0,
        reordering: 0,
        overtaken_by: Duration::ZERO,
    };

    /// The longest that a packet can be on its way.
    #[must_use]
    pub fn slowest(&self) -> Duration {
        self.delay + self.jitter + if self.reordering > 0 { self.overtaken_by } else { Duration::ZERO }
    }

    /// Number of packets that are lost in a row less than once in a hundred million times, at least 1.
    #[must_use]
    pub fn losses_in_a_row(&self) -> u32 {
        // In units of 10⁻⁹.
        let mut chance: u64 = 1_000_000_000;
        let mut count = 0;
        while chance > 10 && count < 100 {
            chance = chance * u64::from(self.loss.min(999)) / 1_000;
            count += 1;
        }
        count
    }

    /// When the copies of one packet arrive, as time after sending; none if it is lost.
    pub(crate) fn carry(&self, rng: &mut Rng) -> Vec<Duration> {
        if rng.happens(self.loss) {
            return Vec::new();
        }
        let copies = if rng.happens(self.duplication) { 2 } else { 1 };
        (0..copies).map(|_| self.time_on_the_way(rng)).collect()
    }

    fn time_on_the_way(&self, rng: &mut Rng) -> Duration {
        let held_back = if rng.happens(self.reordering) { self.overtaken_by } else { Duration::ZERO };
        self.delay + rng.up_to(self.jitter) + held_back
    }
}

impl Default for Network {
    fn default() -> Self {
        Self::LAN
    }
}

/// Which ways are blocked, on which network.
#[derive(Clone, Debug, Default)]
pub(crate) struct Partitions(BTreeSet<(LinkId, HostId, HostId)>);

impl Partitions {
    pub(crate) fn block(&mut self, lan: LinkId, from: HostId, to: HostId) {
        self.0.insert((lan, from, to));
    }

    pub(crate) fn unblock(&mut self, lan: LinkId, from: HostId, to: HostId) {
        self.0.remove(&(lan, from, to));
    }

    pub(crate) fn heal(&mut self) {
        self.0.clear();
    }

    pub(crate) fn lets_through(&self, lan: LinkId, from: HostId, to: HostId) -> bool {
        !self.0.contains(&(lan, from, to))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_in_a_row_follow_the_loss() {
        let lossy = |loss| Network { loss, ..Network::LAN }.losses_in_a_row();
        assert_eq!([0, 10, 100, 500].map(lossy), [1, 4, 8, 27]);
        assert_eq!(lossy(1_000), 100, "bounded even when nothing gets through");
    }

    #[test]
    fn a_perfect_network_delivers_once_and_in_time() {
        let mut rng = Rng::new(3);
        for _ in 0..100 {
            let arrivals = Network::LAN.carry(&mut rng);
            assert_eq!(arrivals.len(), 1);
            assert!(
                arrivals.iter().all(|time| *time >= Network::LAN.delay && *time <= Network::LAN.slowest())
            );
        }
    }

    #[test]
    fn a_partition_may_block_one_way_only() {
        let mut partitions = Partitions::default();
        let (lan, other) = (LinkId(0), LinkId(1));
        partitions.block(lan, HostId(0), HostId(1));
        assert!(!partitions.lets_through(lan, HostId(0), HostId(1)));
        assert!(partitions.lets_through(lan, HostId(1), HostId(0)));
        assert!(partitions.lets_through(other, HostId(0), HostId(1)), "another network");
        partitions.unblock(lan, HostId(0), HostId(1));
        assert!(partitions.lets_through(lan, HostId(0), HostId(1)));
    }
}
