//! Actions of a node, in the order in which they matter.
//!
//! When many routers take over at once, every peer must hear of it before the first address is configured, and
//! every address must be there before the first announcement; logs and scripts come last.
//!
//! Many adverts may be handed in before anything is taken out, after a stall perhaps a whole socket buffer full.
//! So the same advert or announcement waits at most once for each router, and reports have a bound.

use alloc::collections::VecDeque;
use alloc::vec;
use alloc::vec::Vec;

use vrrp_proto::Priority;

use super::{Event, NodeAction, NodeConfig, RouterId, ScriptId};
use crate::ScriptAct;

/// Four queues, emptied one after the other.
#[derive(Clone, Debug, Default)]
pub(super) struct Outbox {
    adverts: VecDeque<(RouterId, Priority)>,
    addresses: VecDeque<(RouterId, bool)>,
    announcements: VecDeque<RouterId>,
    scripts: VecDeque<(ScriptId, ScriptAct)>,
    events: VecDeque<Event>,
    /// For each router.
    waiting: Vec<Waiting>,
    /// Bound of each queue, as the caller empties them after each input.
    bound: usize,
}

/// Queued actions of a router.
#[derive(Clone, Copy, Debug, Default)]
struct Waiting {
    /// The priority of its last advert there.
    advert: Option<Priority>,
    /// Packets of its announcement there; 0 if there is none.
    announce: u32,
}

impl Outbox {
    pub(super) fn new(config: &NodeConfig) -> Self {
        let NodeConfig { routers, groups, scripts, .. } = config;
        Self {
            bound: (routers.len() + groups.len() + scripts.len() + 1) * PER_INPUT,
            waiting: vec![Waiting::default(); routers.len()],
            ..Self::default()
        }
    }

    /// Nothing if the last advert of this router that waits says the same.
    pub(super) fn advert(&mut self, router: RouterId, priority: Priority) {
        let Some(waiting) = self.waiting.get_mut(router.index()) else { return };
        if waiting.advert.replace(priority) != Some(priority) {
            push(&mut self.adverts, (router, priority), self.bound);
        }
    }

    pub(super) fn addresses(&mut self, router: RouterId, add: bool) {
        push(&mut self.addresses, (router, add), self.bound);
    }

    /// One that waits already grows to the larger count.
    pub(super) fn announce(&mut self, router: RouterId, repeat: u32) {
        let Some(waiting) = self.waiting.get_mut(router.index()) else { return };
        if waiting.announce == 0 {
            push(&mut self.announcements, router, self.bound);
        }
        waiting.announce = waiting.announce.max(repeat);
    }

    pub(super) fn script(&mut self, script: ScriptId, act: ScriptAct) {
        push(&mut self.scripts, (script, act), self.bound);
    }

    /// Changes of standing and of checks are never lost; reports are, beyond half the bound.
    pub(super) fn event(&mut self, event: Event) {
        if matches!(event, Event::Router { .. }) && self.events.len() >= self.bound / 2 {
            return;
        }
        push(&mut self.events, event, self.bound);
    }

    /// The next thing to do. An announcement is due only while `is_active` says that its router still serves.
    pub(super) fn pop(&mut self, is_active: impl Fn(RouterId) -> bool) -> Option<NodeAction> {
        if let Some((router, priority)) = self.adverts.pop_front() {
            if let Some(waiting) = self.waiting.get_mut(router.index()) {
                waiting.advert = waiting.advert.filter(|last| *last != priority);
            }
            return Some(NodeAction::SendAdvert { router, priority });
        }
        if let Some((router, add)) = self.addresses.pop_front() {
            return Some(if add {
                NodeAction::AddAddresses { router }
            } else {
                NodeAction::RemoveAddresses { router }
            });
        }
        while let Some(router) = self.announcements.pop_front() {
            let waiting = self.waiting.get_mut(router.index());
            let repeat = waiting.map_or(0, |waiting| core::mem::take(&mut waiting.announce));
            if repeat > 0 && is_active(router) {
                return Some(NodeAction::Announce { router, repeat });
            }
        }
        if let Some((script, act)) = self.scripts.pop_front() {
            return Some(NodeAction::Script { script, act });
        }
        let event = self.events.pop_front();
        if event.is_none() {
            self.shrink();
        }
        event.map(NodeAction::Tell)
    }

    /// The first packet of the announcement of a router that waits, if all changes to its addresses were given out: it
    /// need not wait for the addresses of others, as its repetitions do.
    pub(super) fn take_announcement(&mut self, router: RouterId) -> bool {
        if self.addresses.iter().any(|(other, _)| *other == router) {
            return false;
        }
        let Some(waiting) = self.waiting.get_mut(router.index()) else { return false };
        let waits = waiting.announce > 0;
        waiting.announce = waiting.announce.saturating_sub(1);
        waits
    }

    /// Gives back what only a burst needed.
    fn shrink(&mut self) {
        self.adverts.shrink_to(USUAL);
        self.addresses.shrink_to(USUAL);
        self.announcements.shrink_to(USUAL);
        self.scripts.shrink_to(USUAL);
        self.events.shrink_to(USUAL);
    }
}

/// Number of entries for which a queue keeps its memory.
const USUAL: usize = 64;

/// Most actions of one router or script for one input, with room to spare.
const PER_INPUT: usize = 16;

fn push<T>(queue: &mut VecDeque<T>, item: T, bound: usize) {
    debug_assert!(queue.len() < bound, "poll_action is drained after each input");
    queue.push_back(item);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_announcement_is_taken_early_once_the_addresses_of_its_router_are_given_out() {
        let (first, second) = (RouterId(0), RouterId(1));
        let waiting = vec![Waiting::default(); 2];
        let mut outbox = Outbox { waiting, bound: 16, ..Outbox::default() };
        for router in [first, second] {
            outbox.addresses(router, true);
            outbox.announce(router, 5);
        }
        assert!(!outbox.take_announcement(first), "its addresses are still to be added");
        assert_eq!(outbox.pop(|_| true), Some(NodeAction::AddAddresses { router: first }));
        assert!(outbox.take_announcement(first));
        assert_eq!(outbox.pop(|_| true), Some(NodeAction::AddAddresses { router: second }));
        assert_eq!(outbox.pop(|_| true), Some(NodeAction::Announce { router: first, repeat: 4 }));
        assert_eq!(outbox.pop(|_| true), Some(NodeAction::Announce { router: second, repeat: 5 }));
        assert_eq!(outbox.pop(|_| true), None);
    }
}
