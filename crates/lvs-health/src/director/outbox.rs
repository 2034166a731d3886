//! A director's actions, in the order in which they matter.
//!
//! First the kernel, so that no client is sent to a server that is down and no script hears of what is not yet so;
//! then what is told, in the order in which it happened; new attempts last.

use std::collections::VecDeque;

use super::{Action, AttemptId, Event, ServiceId};

/// Five queues, emptied one after the other.
#[derive(Clone, Debug, Default)]
pub(super) struct Outbox {
    cancels: VecDeque<AttemptId>,
    removals: VecDeque<String>,
    /// No virtual server waits here twice.
    programs: VecDeque<ServiceId>,
    events: VecDeque<Event>,
    starts: VecDeque<(AttemptId, usize)>,
    /// For each virtual server: it waits in `programs`.
    programmed: Vec<bool>,
    /// Bound of each queue, as the caller empties them after each input.
    bound: usize,
}

impl Outbox {
    /// Another plan: `members` are its virtual servers, servers and checks together with those of the last plan.
    /// Changes that wait for the last plan's kernel tables are dropped.
    pub(super) fn resize(&mut self, services: usize, members: usize) {
        self.programs.clear();
        self.programmed = vec![false; services];
        self.bound = (members + 1) * PER_INPUT;
    }

    pub(super) fn cancel(&mut self, attempt: AttemptId) {
        push(&mut self.cancels, attempt, self.bound);
    }

    pub(super) fn remove(&mut self, name: String) {
        push(&mut self.removals, name, self.bound);
    }

    /// Nothing if it waits already.
    pub(super) fn program(&mut self, service: ServiceId) {
        if let Some(waits @ false) = self.programmed.get_mut(service.index()) {
            *waits = true;
            push(&mut self.programs, service, self.bound);
        }
    }

    pub(super) fn tell(&mut self, event: Event) {
        push(&mut self.events, event, self.bound);
    }

    pub(super) fn start(&mut self, attempt: AttemptId, step: usize) {
        push(&mut self.starts, (attempt, step), self.bound);
    }

    /// Gives back memory that many things at once needed.
    pub(super) fn shrink(&mut self) {
        self.cancels.shrink_to_fit();
        self.removals.shrink_to_fit();
        self.programs.shrink_to_fit();
        self.events.shrink_to_fit();
        self.starts.shrink_to_fit();
    }

    /// The next thing to do. An attempt begins only while `runs` says that nobody gave it up since.
    pub(super) fn pop(&mut self, runs: impl Fn(AttemptId) -> bool) -> Option<Action> {
        if let Some(attempt) = self.cancels.pop_front() {
            return Some(Action::Cancel(attempt));
        }
        if let Some(name) = self.removals.pop_front() {
            return Some(Action::Remove { name });
        }
        if let Some(service) = self.programs.pop_front() {
            if let Some(waits) = self.programmed.get_mut(service.index()) {
                *waits = false;
            }
            return Some(Action::Program(service));
        }
        if let Some(event) = self.events.pop_front() {
            return Some(Action::Tell(event));
        }
        while let Some((attempt, step)) = self.starts.pop_front() {
            if runs(attempt) {
                return Some(Action::Start { attempt, step });
            }
        }
        None
    }
}

/// Most actions of one member for one input, with room to spare.
const PER_INPUT: usize = 8;

fn push<T>(queue: &mut VecDeque<T>, item: T, bound: usize) {
    debug_assert!(queue.len() < bound, "poll_action is drained after each input");
    queue.push_back(item);
}
