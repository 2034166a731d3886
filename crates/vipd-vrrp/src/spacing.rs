//! Announcements that wait because a switch does not bear them faster (`vrrp_garp_interval`, `vrrp_gna_interval`,
//! `garp_group`).

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::time::Duration;

use vrrp_election::{Instant, RouterId};
use vrrp_proto::{GRATUITOUS_ARP_LEN, UNSOLICITED_NA_LEN};

/// Announcements that wait, by the line they wait in. Without gaps nothing does.
#[derive(Debug, Default)]
pub(super) struct Spacing {
    gaps: Gaps,
    lines: HashMap<Queue, Line>,
}

/// The least time between two announcements.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Gaps {
    /// Of interfaces in no group, each on its own.
    pub(super) all: Gap,
    /// Interfaces that share a gap, by name.
    pub(super) groups: Vec<(Gap, Vec<String>)>,
}

/// Between gratuitous ARPs, and between unsolicited neighbour advertisements.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Gap {
    pub(super) arp: Duration,
    pub(super) na: Duration,
}

/// The announcements that share a gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Queue {
    /// On the interface with this index.
    Interface(u32),
    /// On all interfaces of a group.
    Group(usize),
}

#[derive(Debug, Default)]
struct Line {
    waiting: VecDeque<Announcement>,
    /// When the next one may go.
    next: Instant,
}

/// An address of a router, to be announced on an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Announcement {
    pub(super) router: RouterId,
    pub(super) address: IpAddr,
    /// The index of the interface.
    pub(super) index: u32,
    pub(super) frame: Frame,
}

/// A whole Ethernet frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Frame {
    Arp([u8; GRATUITOUS_ARP_LEN]),
    Na([u8; UNSOLICITED_NA_LEN]),
}

impl Frame {
    pub(super) fn octets(&self) -> &[u8] {
        match self {
            Self::Arp(octets) => octets,
            Self::Na(octets) => octets,
        }
    }
}

impl Spacing {
    pub(super) fn new(gaps: Gaps) -> Self {
        Self { gaps, lines: HashMap::new() }
    }

    /// Other gaps, from a new reading of the configuration.
    pub(super) fn set_gaps(&mut self, gaps: Gaps) {
        self.gaps = gaps;
    }

    /// Takes an announcement in, or gives it back if it may leave at once. `name` is that of its interface.
    pub(super) fn push(&mut self, announcement: Announcement, name: &str) -> Option<Announcement> {
        let queue = self.gaps.queue(announcement.index, name);
        if self.gaps.of(queue).between(&announcement.frame).is_zero() {
            return Some(announcement);
        }
        let line = self.lines.entry(queue).or_default();
        if line.waiting.len() < MAX_WAITING {
            line.waiting.push_back(announcement);
        }
        None
    }

    /// The announcements that may leave now. An address that is no longer held is forgotten: announcing it would take it away from the
    /// router that serves it meanwhile.
    pub(super) fn handle_timeout(
        &mut self,
        now: Instant,
        is_held: impl Fn(&Announcement) -> bool,
    ) -> Vec<Announcement> {
        let mut due = Vec::new();
        for (queue, line) in &mut self.lines {
            let gap = self.gaps.of(*queue);
            while line.next <= now
                && let Some(announcement) = line.waiting.pop_front()
            {
                if is_held(&announcement) {
                    line.next = now + gap.between(&announcement.frame);
                    due.push(announcement);
                }
            }
        }
        // A line where nothing waits still says when the next one may go.
        self.lines.retain(|_, line| !line.waiting.is_empty() || line.next > now);
        due
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.lines.values().filter(|line| !line.waiting.is_empty()).map(|line| line.next).min()
    }

    /// After a reload, the routers have these numbers; those without are gone.
    pub(super) fn renumber(&mut self, number: impl Fn(RouterId) -> Option<RouterId>) {
        for line in self.lines.values_mut() {
            line.waiting.retain_mut(|announcement| match number(announcement.router) {
                Some(router) => {
                    announcement.router = router;
                    true
                }
                None => false,
            });
        }
    }
}

impl Gaps {
    fn queue(&self, index: u32, name: &str) -> Queue {
        let has = |(_, interfaces): &(Gap, Vec<String>)| interfaces.iter().any(|member| member == name);
        self.groups.iter().position(has).map_or(Queue::Interface(index), Queue::Group)
    }

    /// An announcement for a group that a reload removed waits as others do.
    fn of(&self, queue: Queue) -> Gap {
        match queue {
            Queue::Interface(_) => self.all,
            Queue::Group(number) => self.groups.get(number).map_or(self.all, |(gap, _)| *gap),
        }
    }
}

impl Gap {
    fn between(self, frame: &Frame) -> Duration {
        match frame {
            Frame::Arp(_) => self.arp,
            Frame::Na(_) => self.na,
        }
    }
}

/// Announcements that may wait in one line.
const MAX_WAITING: usize = 65_536;

#[cfg(test)]
mod tests {
    use vrrp_proto::{GRATUITOUS_ARP_LEN, UNSOLICITED_NA_LEN};

    use super::*;

    const ARP_GAP: Duration = Duration::from_millis(100);

    fn arp(router: u32, last: u8, index: u32) -> Announcement {
        let frame = Frame::Arp([last; GRATUITOUS_ARP_LEN]);
        Announcement { router: RouterId(router), address: IpAddr::from([192, 0, 2, last]), index, frame }
    }

    fn gaps(arp: Duration, na: Duration) -> Gaps {
        Gaps { all: Gap { arp, na }, groups: Vec::new() }
    }

    #[test]
    fn interfaces_of_a_group_share_one_gap() {
        let group =
            (Gap { arp: 2 * ARP_GAP, na: Duration::ZERO }, vec!["eth0".to_owned(), "eth1".to_owned()]);
        let mut spacing = Spacing::new(Gaps { groups: vec![group], ..Gaps::default() });
        assert_eq!(spacing.push(arp(1, 1, 3), "eth0"), None);
        assert_eq!(spacing.push(arp(1, 2, 4), "eth1"), None);
        assert_eq!(spacing.push(arp(1, 3, 5), "eth2"), Some(arp(1, 3, 5)), "the others have no gap");
        assert_eq!(spacing.handle_timeout(at(0), |_| true), [arp(1, 1, 3)]);
        assert_eq!(spacing.handle_timeout(at(199), |_| true), []);
        assert_eq!(spacing.handle_timeout(at(200), |_| true), [arp(1, 2, 4)]);
    }

    fn at(millis: u64) -> Instant {
        Instant::ZERO + Duration::from_millis(millis)
    }

    fn spaced(announcements: &[Announcement]) -> Spacing {
        let mut spacing = Spacing::new(gaps(ARP_GAP, Duration::ZERO));
        for announcement in announcements {
            assert_eq!(spacing.push(*announcement, "eth0"), None);
        }
        spacing
    }

    #[test]
    fn without_a_gap_of_their_kind_announcements_leave_at_once() {
        let mut spacing = Spacing::new(gaps(ARP_GAP, Duration::ZERO));
        let na = Announcement { frame: Frame::Na([0; UNSOLICITED_NA_LEN]), ..arp(1, 1, 3) };
        assert_eq!(spacing.push(na, "eth0"), Some(na));
        assert_eq!(spacing.push(arp(1, 1, 3), "eth0"), None);
        spacing.set_gaps(gaps(Duration::ZERO, ARP_GAP));
        assert_eq!(spacing.push(arp(1, 2, 3), "eth0"), Some(arp(1, 2, 3)));
        assert_eq!(spacing.push(na, "eth0"), None);
    }

    #[test]
    fn each_interface_sends_one_announcement_in_each_gap_in_order() {
        let mut spacing = spaced(&[arp(1, 1, 3), arp(1, 2, 3), arp(1, 9, 4)]);
        let mut first = spacing.handle_timeout(at(0), |_| true);
        first.sort_by_key(|announcement| announcement.index);
        assert_eq!(first, [arp(1, 1, 3), arp(1, 9, 4)]);
        assert_eq!(spacing.poll_timeout(), Some(at(100)));
        assert_eq!(spacing.handle_timeout(at(99), |_| true), []);
        // One that comes while nothing waits keeps the gap, too.
        assert_eq!(spacing.push(arp(1, 8, 4), "eth0"), None);
        assert_eq!(spacing.handle_timeout(at(99), |_| true), []);
        assert_eq!(spacing.handle_timeout(at(100), |_| true).len(), 2);
        assert_eq!(spacing.poll_timeout(), None);
    }

    #[test]
    fn an_address_that_is_no_longer_held_is_not_announced_and_costs_no_gap() {
        let mut spacing = spaced(&[arp(1, 1, 3), arp(1, 2, 3), arp(2, 3, 3)]);
        let held = |announcement: &Announcement| announcement.router == RouterId(2);
        assert_eq!(spacing.handle_timeout(at(0), held), [arp(2, 3, 3)]);
        assert_eq!(spacing.poll_timeout(), None);
    }

    #[test]
    fn a_reload_renumbers_waiting_routers_and_drops_removed_ones() {
        let mut spacing = spaced(&[arp(1, 1, 3), arp(2, 2, 3)]);
        spacing.renumber(|router| (router == RouterId(2)).then_some(RouterId(0)));
        assert_eq!(spacing.handle_timeout(at(0), |_| true), [arp(0, 2, 3)]);
        assert_eq!(spacing.handle_timeout(at(200), |_| true), []);
    }
}
