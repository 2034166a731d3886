//! Stamps of authentication trailers, remembered by the parent for a successor.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use vrrp_election::{Instant, Node, RouterId};

use super::judge::Record;
use super::memory::{decode, encode};
use super::trailer::Stamps;
use crate::Parent;
use crate::ipc::Memory;

/// Has the parent remember stamps.
#[derive(Debug, Default)]
pub(super) struct StampKeeper {
    told: BTreeSet<String>,
    next: Instant,
}

impl StampKeeper {
    /// Tells what is new, a few times a second at most.
    pub(super) fn tell(&mut self, now: Instant, node: &Node, records: &mut [Record], parent: &mut Parent) {
        if now < self.next {
            return;
        }
        // Thousands of routers are not looked through for each advert.
        self.next = now + PAUSE;
        for (id, record) in (0..).map(RouterId).zip(records) {
            let Some(stamps) = record.stamps.as_deref_mut().filter(|stamps| stamps.untold) else { continue };
            let Some(key) = node.key(id).map(|key| format!("{STAMPS}{key}")) else { continue };
            stamps.untold = false;
            parent.remember(key.clone(), Some(encode(stamps)));
            self.told.insert(key);
        }
    }

    /// Forgets routers that are no longer configured.
    pub(super) fn retain(&mut self, node: &Node, routers: usize, parent: &mut Parent) {
        if self.told.is_empty() {
            return;
        }
        let ids = (0..).map(RouterId).take(routers);
        let kept: BTreeSet<_> = ids.filter_map(|id| Some(format!("{STAMPS}{}", node.key(id)?))).collect();
        self.told.retain(|key| {
            let stays = kept.contains(key);
            if !stays {
                parent.remember(key.clone(), None);
            }
            stays
        });
    }
}

/// Gives the records of this node's routers the stamps that a predecessor remembered.
pub(super) fn recall(memory: &Memory, node: &Node, records: &mut [Record]) {
    let known = memory
        .iter()
        .filter_map(|(name, value)| Some((name.strip_prefix(STAMPS)?, decode::<Stamps>(value)?)));
    let mut known: HashMap<&str, Stamps> = known.collect();
    for (id, record) in (0..).map(RouterId).zip(records) {
        let Some(key) = node.key(id).filter(|_| !known.is_empty()) else { continue };
        record.stamps = known.remove(key.to_string().as_str()).map(|stamps| Box::new(stamps.resumed()));
    }
}

pub(super) const STAMPS: &str = "stamps ";
const PAUSE: Duration = Duration::from_millis(200);
