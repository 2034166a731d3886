//! The last events.

use std::collections::VecDeque;

use bytes::Bytes;
use vipd_status::{Event, EventKind, Timestamp};

use crate::Answer;

/// The last events, as the lines that clients get.
#[derive(Debug, Default)]
pub struct EventRing {
    last: u64,
    lines: VecDeque<Bytes>,
}

impl EventRing {
    /// Number of events that are kept.
    pub const LENGTH: usize = 1000;

    /// Something happened: gives the line that tells of it. The oldest event is forgotten if there are too many.
    pub fn push(&mut self, at: Timestamp, kind: EventKind) -> Bytes {
        self.last += 1;
        let event = Event { v: vipd_status::VERSION, seq: self.last, at, kind };
        let line = Answer::Event(Box::new(event)).line();
        if self.lines.len() >= Self::LENGTH {
            self.lines.pop_front();
        }
        self.lines.push_back(line.clone());
        line
    }

    /// The number of the last event.
    pub fn last(&self) -> u64 {
        self.last
    }

    /// Goes on where another ring stopped, which had these lines.
    pub fn resume(&mut self, last: u64, lines: Vec<Vec<u8>>) {
        self.last = last;
        self.lines = lines.into_iter().take(Self::LENGTH).map(Bytes::from).collect();
    }

    /// The events that are kept, the oldest first.
    pub fn lines(&self) -> impl Iterator<Item = &Bytes> {
        self.lines.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bfd(n: usize) -> EventKind {
        EventKind::Bfd { session: format!("s{n}"), up: true }
    }

    #[test]
    fn the_oldest_event_is_forgotten_and_numbers_go_on() {
        let mut ring = EventRing::default();
        for n in 0..1500 {
            ring.push(Timestamp::UNIX_EPOCH, bfd(n));
        }
        assert_eq!(ring.lines().count(), EventRing::LENGTH);
        let first = ring.lines().next().unwrap();
        let Answer::Event(event) = serde_json::from_slice(first).unwrap() else { panic!("{first:?}") };
        assert_eq!((event.seq, event.kind), (501, bfd(500)));
    }
}
