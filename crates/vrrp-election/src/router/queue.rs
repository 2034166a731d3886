//! Actions of a router that nobody has taken yet.
//!
//! A caller that drains after each input sees every action in the order in which it was asked for. One that does
//! not is given their sum, so that neither memory nor the work that is left grows with the number of inputs.

use alloc::collections::VecDeque;

use vrrp_proto::Priority;

use super::{Action, Report};

/// At most [`MAX_ACTIONS`] actions.
#[derive(Clone, Debug, Default)]
pub(super) struct Queue {
    /// An advert before the others: mostly there is nothing else, and a node may have thousands of queues.
    advert: Option<Priority>,
    actions: VecDeque<Action>,
}

/// Twice what one input asks for at most.
pub(super) const MAX_ACTIONS: usize = 20;

impl Queue {
    pub(super) fn push(&mut self, action: Action) {
        if let Action::SendAdvert(priority) = action
            && self.advert.is_none()
            && self.actions.is_empty()
        {
            self.advert = Some(priority);
            return;
        }
        if self.actions.len() + 1 >= MAX_ACTIONS {
            if let Some(priority) = self.advert.take() {
                self.actions.push_front(Action::SendAdvert(priority));
            }
            self.actions = Sum::of(&self.actions).actions();
        }
        self.actions.push_back(action);
    }

    pub(super) fn pop(&mut self) -> Option<Action> {
        if let Some(priority) = self.advert.take() {
            return Some(Action::SendAdvert(priority));
        }
        let action = self.actions.pop_front();
        if self.actions.is_empty() {
            // A transition asks for several things, but it is rare.
            self.actions = VecDeque::new();
        }
        action
    }
}

/// The sum of many actions.
#[derive(Debug, Default)]
struct Sum {
    /// The last goodbye and the last other advert, in their order.
    adverts: [Option<Priority>; 2],
    /// Whether the addresses are to be there or not.
    addresses: Option<Action>,
    /// Packets for each address; 0 is no announcement.
    announce: u32,
    /// One transition and one report of each other kind.
    reports: VecDeque<Report>,
}

impl Sum {
    fn of(actions: &VecDeque<Action>) -> Self {
        let mut sum = Self::default();
        for action in actions {
            sum.add(*action);
        }
        sum
    }

    fn add(&mut self, action: Action) {
        match action {
            Action::SendAdvert(priority) => self.advert(priority),
            Action::AddAddresses => self.addresses = Some(action),
            Action::RemoveAddresses => {
                self.addresses = Some(action);
                self.announce = 0;
            }
            Action::Announce { repeat } => self.announce = self.announce.max(repeat),
            Action::Report(report) => self.report(report),
        }
    }

    fn advert(&mut self, priority: Priority) {
        let [first, second] = self.adverts;
        let repeats = second.is_some_and(|second| second.is_stop() == priority.is_stop());
        self.adverts = [if repeats { first } else { second }, Some(priority)];
    }

    fn report(&mut self, report: Report) {
        let kind = core::mem::discriminant(&report);
        let before = self.reports.iter().position(|other| core::mem::discriminant(other) == kind);
        let before = before.and_then(|place| self.reports.remove(place));
        match joined(before, report) {
            Report::Transition { from, to, .. } if from == to => {}
            report => self.reports.push_back(report),
        }
    }

    fn actions(self) -> VecDeque<Action> {
        let adverts = self.adverts.into_iter().flatten().map(Action::SendAdvert);
        let announce = (self.announce > 0).then_some(Action::Announce { repeat: self.announce });
        let reports = self.reports.into_iter().map(Action::Report);
        adverts.chain(self.addresses).chain(announce).chain(reports).collect()
    }
}

/// Two reports of one kind as one: from where the first began to where the last leads.
fn joined(before: Option<Report>, last: Report) -> Report {
    match (before, last) {
        (Some(Report::Transition { from, .. }), Report::Transition { to, cause, .. }) => {
            Report::Transition { from, to, cause }
        }
        (Some(Report::PriorityChanged { from, .. }), Report::PriorityChanged { to, .. }) => {
            Report::PriorityChanged { from, to }
        }
        (_, last) => last,
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::super::{Cause, State};
    use super::*;

    fn drained(mut queue: Queue) -> Vec<Action> {
        core::iter::from_fn(|| queue.pop()).collect()
    }

    fn transition(from: State, to: State, cause: Cause) -> Action {
        Action::Report(Report::Transition { from, to, cause })
    }

    #[test]
    fn a_queue_with_few_actions_gives_them_back_unchanged() {
        let mut queue = Queue::default();
        let asked = [Action::SendAdvert(Priority::STOP), Action::RemoveAddresses, Action::RemoveAddresses];
        for action in asked {
            queue.push(action);
        }
        assert_eq!(drained(queue), asked);
    }

    #[test]
    fn actions_that_nobody_takes_are_summed_up_and_stay_few() {
        let mut queue = Queue::default();
        for _ in 0..1_000 {
            for action in [
                Action::SendAdvert(Priority::STOP),
                Action::RemoveAddresses,
                transition(State::Active, State::Initialize, Cause::Shutdown),
                Action::SendAdvert(Priority::DEFAULT),
                Action::AddAddresses,
                Action::Announce { repeat: 5 },
                transition(State::Initialize, State::Active, Cause::Owner),
            ] {
                queue.push(action);
                assert!(queue.actions.len() <= MAX_ACTIONS);
            }
        }
        let left = drained(queue);
        assert!(left.len() <= MAX_ACTIONS, "{left:?}");
        let last_address =
            left.iter().rfind(|action| matches!(action, Action::AddAddresses | Action::RemoveAddresses));
        assert_eq!(last_address, Some(&Action::AddAddresses));
    }

    #[test]
    fn a_sum_tells_the_last_goodbye_before_the_advert_that_followed_it() {
        let actions = [1, 2, 0, 0, 3, 4].map(|priority| Action::SendAdvert(Priority::new(priority)));
        let sum = Sum::of(&actions.into_iter().collect());
        assert_eq!(sum.actions(), [Priority::STOP, Priority::new(4)].map(Action::SendAdvert));
    }

    #[test]
    fn addresses_that_are_removed_in_the_end_are_not_announced() {
        let actions = [Action::AddAddresses, Action::Announce { repeat: 5 }, Action::RemoveAddresses];
        assert_eq!(Sum::of(&actions.into_iter().collect()).actions(), [Action::RemoveAddresses]);
    }

    #[test]
    fn transitions_become_one_and_a_round_trip_none() {
        let there = transition(State::Backup, State::Active, Cause::ActiveLeft);
        let back = transition(State::Active, State::Initialize, Cause::Shutdown);
        let sum = Sum::of(&[there, back].into_iter().collect());
        assert_eq!(sum.actions(), [transition(State::Backup, State::Initialize, Cause::Shutdown)]);
        let home = transition(State::Initialize, State::Backup, Cause::Startup);
        assert_eq!(Sum::of(&[there, back, home].into_iter().collect()).actions(), []);
    }
}
