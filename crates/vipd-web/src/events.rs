//! The last events, for readers that come at any time.

use std::collections::VecDeque;

use vipd_status::Event;

/// The last events, at most [`MAX_EVENTS`].
///
/// Invariant: their numbers ascend.
#[derive(Debug, Default)]
pub(crate) struct Events {
    last: VecDeque<Event>,
}

impl Events {
    /// Adds events that are newer than all before; others are ignored.
    pub(crate) fn add(&mut self, events: Vec<Event>) {
        for event in events {
            if event.seq > self.newest() {
                self.last.push_back(event);
            }
        }
        while self.last.len() > MAX_EVENTS {
            self.last.pop_front();
        }
    }

    /// Number of the newest one; 0 if there is none.
    pub(crate) fn newest(&self) -> u64 {
        self.last.back().map_or(0, |event| event.seq)
    }

    /// Those after this number, the oldest first.
    pub(crate) fn after(&self, number: u64) -> impl DoubleEndedIterator<Item = &Event> {
        self.last.iter().filter(move |event| event.seq > number)
    }

    /// Number of events after this one that are gone already.
    pub(crate) fn lost_after(&self, number: u64) -> u64 {
        self.last.front().map_or(0, |first| first.seq.saturating_sub(number.saturating_add(1)))
    }
}

/// Most events that are kept.
const MAX_EVENTS: usize = 1000;

#[cfg(test)]
mod tests {
    use vipd_status::{EventKind, VERSION};

    use super::*;

    fn event(seq: u64) -> Event {
        let kind = EventKind::Restored { what: "192.0.2.10/24 dev eth0".to_owned() };
        Event { v: VERSION, seq, at: "2026-11-30T21:30:31Z".parse().unwrap(), kind }
    }

    #[test]
    fn a_reader_hears_how_many_events_it_missed() {
        let mut events = Events::default();
        assert_eq!((events.newest(), events.lost_after(0)), (0, 0));
        events.add((1..=1500).map(event).collect());
        events.add(vec![event(1500), event(3)]);
        assert_eq!((events.newest(), events.after(0).count()), (1500, 1000));
        assert_eq!((events.lost_after(0), events.lost_after(499), events.lost_after(500)), (500, 1, 0));
        assert_eq!(events.after(1498).map(|event| event.seq).collect::<Vec<_>>(), [1499, 1500]);
        assert_eq!(events.lost_after(u64::MAX), 0);
    }
}
