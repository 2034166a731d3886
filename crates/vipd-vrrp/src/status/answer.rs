//! Answers to those who ask how everything stands: a few things in each turn, so that no advert waits for an answer.

use std::collections::VecDeque;

use vipd_status::Part;
use vrrp_election::{GroupId, RouterId};

use super::{View, instance, neighbour, tracker};

/// The questions that are not answered to the end. An answer that a reload overtakes is partly of each configuration.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    waiting: VecDeque<u32>,
    /// The next part for the first one.
    next: Next,
}

/// The next part of an answer.
#[derive(Clone, Copy, Debug, Default)]
enum Next {
    /// Instances, from this one on.
    Instances(u32),
    Groups,
    /// Trackers, from this place on.
    Trackers(usize),
    /// Other speakers that our routers hear, from this router on.
    Neighbours(usize),
    /// Those that nobody obeys, from this place on.
    Others(usize),
    #[default]
    Begin,
}

/// A piece of an answer.
#[derive(Debug)]
pub(crate) struct Piece {
    /// The question.
    pub(crate) request: u32,
    pub(crate) part: Part,
    /// It is the last piece.
    pub(crate) last: bool,
}

impl Answers {
    /// A question. More than the parent ever asks at once are not answered.
    pub(crate) fn ask(&mut self, request: u32) {
        if self.waiting.len() < MAX_WAITING {
            self.waiting.push_back(request);
        }
    }

    /// Whether something is to be said.
    pub(crate) fn is_due(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// The next piece.
    pub(crate) fn piece(&mut self, view: &View<'_>) -> Option<Piece> {
        let request = *self.waiting.front()?;
        let (part, next) = match self.next {
            Next::Begin => instances(view, 0),
            Next::Instances(first) => instances(view, first),
            Next::Groups => {
                let groups = (0..).map_while(|id| instance::group(view, GroupId(id)));
                (Part::Groups(groups.collect()), Next::Trackers(0))
            }
            Next::Trackers(first) => {
                let trackers = tracker::some(view, first, TRACKERS);
                let next = if trackers.len() < TRACKERS {
                    Next::Neighbours(0)
                } else {
                    Next::Trackers(first + TRACKERS)
                };
                (Part::Trackers(trackers), next)
            }
            Next::Neighbours(first) => {
                let neighbours = neighbour::of_routers(view, first, NEIGHBOURS);
                let next = first + NEIGHBOURS;
                let all = next >= view.plan.routers.len();
                (Part::Neighbours(neighbours), if all { Next::Others(0) } else { Next::Neighbours(next) })
            }
            Next::Others(first) => {
                let others = neighbour::others(view, first, NEIGHBOURS);
                let all = others.len() < NEIGHBOURS;
                (Part::Neighbours(others), if all { Next::Begin } else { Next::Others(first + NEIGHBOURS) })
            }
        };
        self.next = next;
        let last = matches!(next, Next::Begin);
        if last {
            self.waiting.pop_front();
        }
        Some(Piece { request, part, last })
    }
}

fn instances(view: &View<'_>, first: u32) -> (Part, Next) {
    let instances: Vec<_> = (first..first.saturating_add(INSTANCES))
        .map_while(|id| instance::instance(view, RouterId(id)))
        .collect();
    let all = view.plan.routers.len() <= first as usize + instances.len();
    let next = if all { Next::Groups } else { Next::Instances(first.saturating_add(INSTANCES)) };
    (Part::Instances(instances), next)
}

/// Instances in one piece: they take less than a millisecond.
const INSTANCES: u32 = 32;

/// Trackers in one piece.
const TRACKERS: usize = 256;

/// Routers in one piece whose neighbours are told, and others in one piece.
const NEIGHBOURS: usize = 256;

/// More questions than the parent ever has.
const MAX_WAITING: usize = 64;
