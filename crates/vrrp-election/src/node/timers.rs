//! One ordered queue for all timers of a node.
//!
//! A heap that knows where in it each timer is. A Backup moves its timer with every advert, so that is what has to be cheap:
//! in a heap of four branches it is a few steps down, with no allocation and no search.

use alloc::vec::Vec;
use core::ops::Range;

use super::{RouterId, ScriptId};
use crate::Instant;

/// Purpose and owner of a timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Timer {
    /// The end of the startup delay.
    Startup,
    /// A router's earliest timer.
    Router(RouterId),
    /// The end of what is intended with a router, or the next attempt.
    Intent(RouterId),
    /// A script's next run or limit.
    Script(ScriptId),
}

/// The armed timers.
#[derive(Clone, Debug, Default)]
pub(super) struct Timers {
    /// No timer is due earlier than its parent.
    heap: Vec<Armed>,
    /// Where in the heap a timer is; [`NOWHERE`] if it is not armed.
    places: [Vec<u32>; KINDS],
}

#[derive(Clone, Copy, Debug)]
struct Armed {
    at: Instant,
    timer: Timer,
}

impl Timer {
    /// Its kind, and which of that kind.
    fn slot(self) -> (usize, usize) {
        match self {
            Self::Startup => (0, 0),
            Self::Router(router) => (1, router.index()),
            Self::Intent(router) => (2, router.index()),
            Self::Script(script) => (3, script.index()),
        }
    }
}

impl Timers {
    /// Arms, moves or (with `None`) disarms a timer.
    pub(super) fn arm(&mut self, timer: Timer, at: Option<Instant>) {
        let known = self.place(timer).and_then(|place| Some((place, *self.heap.get(place)?)));
        match (known, at) {
            (None, Some(at)) => {
                let armed = Armed { at, timer };
                self.heap.push(armed);
                self.rise(self.heap.len() - 1, armed);
            }
            (Some((place, before)), Some(at)) if at < before.at => self.rise(place, Armed { at, timer }),
            (Some((place, before)), Some(at)) if at > before.at => self.sink(place, Armed { at, timer }),
            (Some((place, before)), None) => self.remove(place, before),
            (Some(_), Some(_)) | (None, None) => {}
        }
    }

    /// The timers due by `horizon`, earliest first, and of the same time by their kind. They stay armed until they are armed anew.
    pub(super) fn due(&self, horizon: Instant) -> Vec<Timer> {
        let mut due = Vec::new();
        self.collect(0, horizon, &mut due);
        due.sort_unstable_by_key(|armed: &Armed| (armed.at, armed.timer));
        due.into_iter().map(|armed| armed.timer).collect()
    }

    /// The earliest timer.
    pub(super) fn next(&self) -> Option<Instant> {
        self.heap.first().map(|armed| armed.at)
    }

    /// The timers due from this place down. The depth is that of the heap: sixteen at most.
    fn collect(&self, place: usize, horizon: Instant, due: &mut Vec<Armed>) {
        let Some(armed) = self.heap.get(place).filter(|armed| armed.at <= horizon) else { return };
        due.push(*armed);
        for child in children(place) {
            self.collect(child, horizon, due);
        }
    }

    fn place(&self, timer: Timer) -> Option<usize> {
        let (kind, index) = timer.slot();
        let place = *self.places.get(kind)?.get(index)?;
        (place != NOWHERE).then_some(place as usize)
    }

    /// Puts a timer where there is room for it.
    fn put(&mut self, place: usize, armed: Armed) {
        if let Some(entry) = self.heap.get_mut(place) {
            *entry = armed;
            self.note(armed.timer, super::number(place));
        }
    }

    fn note(&mut self, timer: Timer, place: u32) {
        let (kind, index) = timer.slot();
        let Some(places) = self.places.get_mut(kind) else { return };
        if places.len() <= index {
            places.resize(index + 1, NOWHERE);
        }
        if let Some(known) = places.get_mut(index) {
            *known = place;
        }
    }

    fn remove(&mut self, place: usize, before: Armed) {
        self.note(before.timer, NOWHERE);
        let Some(last) = self.heap.pop() else { return };
        if place == self.heap.len() {
            return;
        }
        if last.at < before.at {
            self.rise(place, last);
        } else {
            self.sink(place, last);
        }
    }

    /// Puts a timer at this place, or above it as far as it is due earlier.
    fn rise(&mut self, mut place: usize, armed: Armed) {
        while let Some(above) = place.checked_sub(1).map(|below| below / BRANCHES) {
            match self.heap.get(above) {
                Some(parent) if armed.at < parent.at => self.put(place, *parent),
                _ => break,
            }
            place = above;
        }
        self.put(place, armed);
    }

    /// Puts a timer at this place, or below it as far as it is due later.
    fn sink(&mut self, mut place: usize, armed: Armed) {
        while let Some((below, child)) = self.earliest_child(place)
            && child.at < armed.at
        {
            self.put(place, child);
            place = below;
        }
        self.put(place, armed);
    }

    fn earliest_child(&self, place: usize) -> Option<(usize, Armed)> {
        let Range { start, end } = children(place);
        let mut earliest = (start, *self.heap.get(start)?);
        for place in start + 1..end.min(self.heap.len()) {
            let child = self.heap.get(place)?;
            if child.at < earliest.1.at {
                earliest = (place, *child);
            }
        }
        Some(earliest)
    }
}

fn children(place: usize) -> Range<usize> {
    let first = place * BRANCHES + 1;
    first..first + BRANCHES
}

/// Children of a place in the heap: more of them make it flatter, and a step down dearer.
const BRANCHES: usize = 4;

/// Kinds of timers.
const KINDS: usize = 4;

/// The place of a timer that is not armed.
const NOWHERE: u32 = u32::MAX;

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_moved_timer_is_due_once_at_its_new_time() {
        let mut timers = Timers::default();
        let timer = Timer::Router(RouterId(7));
        timers.arm(timer, Some(Instant::from_nanos(5)));
        timers.arm(timer, Some(Instant::from_nanos(9)));
        assert_eq!(timers.due(Instant::from_nanos(8)), []);
        assert_eq!(timers.due(Instant::from_nanos(9)), [timer]);
        timers.arm(timer, None);
        assert_eq!(timers.next(), None);
    }

    fn any_timer() -> impl Strategy<Value = Timer> {
        prop_oneof![
            Just(Timer::Startup),
            (0..40_u32).prop_map(|id| Timer::Router(RouterId(id))),
            (0..9_u32).prop_map(|id| Timer::Intent(RouterId(id))),
            (0..9_u32).prop_map(|id| Timer::Script(ScriptId(id))),
        ]
    }

    proptest! {
        /// As a list that is sorted anew each time says.
        #[test]
        fn timers_are_due_in_the_order_of_their_times_whatever_was_moved(
            moves in proptest::collection::vec((any_timer(), proptest::option::of(0..50_u64)), 1..200),
            horizon in 0..60_u64,
        ) {
            let (mut timers, mut list) = (Timers::default(), BTreeMap::new());
            for (timer, at) in moves {
                let at = at.map(Instant::from_nanos);
                timers.arm(timer, at);
                match at {
                    Some(at) => _ = list.insert(timer, at),
                    None => _ = list.remove(&timer),
                }
                let mut sorted: Vec<_> = list.iter().map(|(timer, at)| (*at, *timer)).collect();
                sorted.sort_unstable();
                prop_assert_eq!(timers.next(), sorted.first().map(|(at, _)| *at));
                let horizon = Instant::from_nanos(horizon);
                let due: Vec<_> = sorted.iter().filter(|(at, _)| *at <= horizon).map(|(_, timer)| *timer).collect();
                prop_assert_eq!(timers.due(horizon), due);
            }
        }
    }
}
