//! State of the virtual routers, as values of `vipd_status`: put together on demand, from values that the election and
//! the worker keep anyway.

mod answer;
mod cause;
mod event;
mod instance;
mod neighbour;
mod recorder;
mod tracker;

use std::time::Duration;

use vipd_status::{State, Timestamp};
use vrrp_election::{Instant, Neighbours, Node, Snapshot, Standing};
use vrrp_linux::clock::Clocks;

use super::judge::Record;
use super::plan::{Plan, Vip};
use super::trackers::Trackers;

pub(super) use answer::Answers;
pub(super) use event::happened;
pub(super) use recorder::line as recorder;

/// Everything that an answer is made of.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) plan: &'a Plan,
    pub(super) node: &'a Node,
    pub(super) trackers: &'a Trackers,
    pub(super) records: &'a [Record],
    pub(super) neighbours: &'a Neighbours,
    pub(super) wall: Wall,
    /// Whether a virtual address is on its interface.
    pub(super) is_set: &'a dyn Fn(&Vip) -> bool,
    /// Whether there is an interface of this name.
    pub(super) exists: &'a dyn Fn(&str) -> bool,
}

impl<'a> View<'a> {
    fn snapshot(&self) -> Snapshot<'a> {
        self.node.snapshot(self.wall.now())
    }
}

/// The wall clock of moments of the monotonic one, as both are at one reading.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wall(Clocks);

impl Wall {
    /// Reads both clocks.
    pub(super) fn read() -> Self {
        Self(Clocks::read())
    }

    fn now(self) -> Instant {
        super::instant(self.0.monotonic)
    }

    /// A moment to come, to the millisecond.
    fn later(self, moment: Instant) -> Timestamp {
        let since_1970 = self.0.realtime.saturating_add(moment.since(self.now()));
        let ms = i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX);
        Timestamp::from_millisecond(ms).unwrap_or(Timestamp::MAX)
    }

    /// To the millisecond.
    fn at(self, moment: Instant) -> Timestamp {
        let age = self.now().since(moment);
        let since_1970 = self.0.realtime.saturating_sub(age);
        let ms = i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX);
        Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH)
    }
}

/// Name of a standing in a status.
const fn state(standing: Standing) -> State {
    match standing {
        Standing::Waiting => State::Init,
        Standing::Fault => State::Fault,
        Standing::Backup => State::Backup,
        Standing::Active => State::Master,
        Standing::Stopped => State::Stop,
    }
}

fn ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
