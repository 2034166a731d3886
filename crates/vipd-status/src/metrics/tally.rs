//! Counts of events.

use std::collections::BTreeMap;

use crate::{Event, EventKind, ReloadResult, Role, State};

/// No more pairs of names are counted.
const MAX_ENTRIES: usize = 65_536;

/// Counts of the events that were seen, for metrics that a status does not hold. It begins at zero with the process that
/// counts, as Prometheus expects of counters.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    pub(super) transitions: BTreeMap<Transition, u64>,
    pub(super) stalls: BTreeMap<String, u64>,
    pub(super) competitors: BTreeMap<String, u64>,
    pub(super) servers: BTreeMap<(String, String, bool), u64>,
    pub(super) notify: u64,
    pub(super) restored: u64,
    pub(super) reloads: [u64; 3],
    pub(super) workers: BTreeMap<Role, u64>,
    pub(super) lost: u64,
    next: Option<u64>,
}

/// A kind of change of an instance.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Transition {
    pub(super) instance: String,
    pub(super) to: &'static str,
    pub(super) cause: &'static str,
}

impl Tally {
    /// Counts an event, and those between it and the one before that were not seen.
    pub fn count(&mut self, event: &Event) {
        if let Some(next) = self.next {
            self.lost = self.lost.saturating_add(event.seq.saturating_sub(next));
        }
        self.next = Some(event.seq.saturating_add(1));
        match &event.kind {
            EventKind::Transition { instance, to, cause, .. } => {
                let key = Transition { instance: instance.clone(), to: word(*to), cause: cause.word() };
                add(&mut self.transitions, key);
            }
            EventKind::Stall { instance, .. } => add(&mut self.stalls, instance.clone()),
            EventKind::Competitor { instance, .. } => add(&mut self.competitors, instance.clone()),
            EventKind::Server { service, server, up, .. } => {
                add(&mut self.servers, (service.clone(), server.clone(), *up));
            }
            EventKind::Notify { .. } => self.notify = self.notify.saturating_add(1),
            EventKind::Restored { .. } => self.restored = self.restored.saturating_add(1),
            EventKind::Reload { result, .. } => self.reload(*result),
            EventKind::Worker { role, .. } => add(&mut self.workers, *role),
            _ => {}
        }
    }

    fn reload(&mut self, result: ReloadResult) {
        let [taken, refused, undone] = &mut self.reloads;
        let count = match result {
            ReloadResult::Taken => taken,
            ReloadResult::Refused => refused,
            ReloadResult::Undone => undone,
        };
        *count = count.saturating_add(1);
    }
}

/// A state as a label.
pub(super) const fn word(state: State) -> &'static str {
    match state {
        State::Init => "init",
        State::Backup => "backup",
        State::Master => "master",
        State::Fault => "fault",
        State::Stop => "stop",
    }
}

fn add<K: Ord>(counts: &mut BTreeMap<K, u64>, key: K) {
    if let Some(count) = counts.get_mut(&key) {
        *count = count.saturating_add(1);
    } else if counts.len() < MAX_ENTRIES {
        counts.insert(key, 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::VERSION;

    #[test]
    fn events_that_were_not_seen_are_counted() {
        let mut tally = Tally::default();
        for seq in [7, 8, 12] {
            let kind = EventKind::Restored { what: String::new() };
            tally.count(&Event { v: VERSION, seq, at: crate::Timestamp::UNIX_EPOCH, kind });
        }
        assert_eq!((tally.lost, tally.restored), (3, 3));
    }
}
