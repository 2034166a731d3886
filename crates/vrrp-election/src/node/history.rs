//! The last changes of each router's standing, with what was seen then.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::IpAddr;

use vrrp_proto::Priority;

use super::{
    Fact, FactId, Fault, Intent, LinkId, Member, Node, RouterId, ScriptId, Standing, TrackTarget,
    TransitionReason,
};
use crate::{Cause, Heard, Instant, ScriptRun};

/// A change of a router's standing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Transition {
    /// The time.
    pub at: Instant,
    /// Before.
    pub from: Standing,
    /// After.
    pub to: Standing,
    /// The cause.
    pub why: TransitionReason,
    /// The observations.
    pub evidence: Evidence,
}

/// Observations at a change of standing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Evidence {
    /// The effective priority.
    pub priority: Priority,
    /// The advert that was last obeyed.
    pub heard: Option<Heard>,
    /// For an Active that left: its address.
    pub goodbye: Option<IpAddr>,
    /// The last change of the effective priority, if it had changed.
    pub moved: Option<PriorityChange>,
    /// For something tracked that failed: the fact.
    pub fact: Option<Fact>,
    /// For a check script that failed, or that moved the priority: its last run.
    pub run: Option<Arc<ScriptRun>>,
    /// The intent for the router at that time, if there was one.
    pub intent: Option<Box<Intent>>,
}

/// A change of a router's effective priority.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PriorityChange {
    /// The time.
    pub at: Instant,
    /// Before.
    pub from: Priority,
    /// After.
    pub to: Priority,
    /// The cause.
    pub by: ChangedBy,
}

/// The cause of a change of priority.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangedBy {
    /// Something that the router tracks.
    Target(TrackTarget),
    /// Another configuration, or what had changed when the router started.
    Configuration,
}

/// An id that stands for what a reload dropped.
const DROPPED: u32 = u32::MAX;

/// The last changes of one router, oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct History {
    transitions: Vec<Transition>,
    /// The last change of its priority.
    pub(super) moved: Option<PriorityChange>,
}

impl History {
    fn add(&mut self, transition: Transition) {
        if self.transitions.len() >= MAX_TRANSITIONS {
            self.transitions.remove(0);
        } else {
            // Most routers change once or twice in their life.
            self.transitions.reserve_exact(1);
        }
        self.transitions.push(transition);
    }

    pub(super) fn transitions(&self) -> &[Transition] {
        &self.transitions
    }

    /// Everything that it names has another id now.
    pub(super) fn renumber(&mut self, ids: &impl Renumber) {
        let targets = self.transitions.iter_mut().filter_map(Transition::changed_by);
        for by in targets.chain(self.moved.as_mut().map(|moved| &mut moved.by)) {
            if let ChangedBy::Target(target) = by {
                *target = ids.target(*target);
            }
        }
        for transition in &mut self.transitions {
            if let TransitionReason::Fault(fault) = &mut transition.why {
                *fault = match *fault {
                    Fault::Duplicate(router) => Fault::Duplicate(ids.router(router)),
                    Fault::Member(router) => Fault::Member(ids.router(router)),
                    Fault::LinkDown(link) => Fault::LinkDown(ids.link(link)),
                    Fault::Tracked(target) => Fault::Tracked(ids.target(target)),
                    same @ (Fault::NoAddress | Fault::Maintenance) => same,
                };
            }
        }
    }
}

impl Transition {
    fn changed_by(&mut self) -> Option<&mut ChangedBy> {
        self.evidence.moved.as_mut().map(|moved| &mut moved.by)
    }
}

/// Ids in this configuration for those of another.
pub(super) trait Renumber {
    fn router(&self, id: RouterId) -> RouterId {
        id
    }

    fn link(&self, id: LinkId) -> LinkId {
        id
    }

    fn script(&self, id: ScriptId) -> ScriptId {
        id
    }

    fn fact(&self, id: FactId) -> FactId {
        id
    }

    fn target(&self, target: TrackTarget) -> TrackTarget {
        match target {
            TrackTarget::Link(id) => self.link(id).into(),
            TrackTarget::Script(id) => self.script(id).into(),
            TrackTarget::Fact(id) => self.fact(id).into(),
        }
    }
}

/// Ids of facts, which only the caller can tell.
struct Facts<F>(F);

impl<F: Fn(FactId) -> Option<FactId>> Renumber for Facts<F> {
    fn fact(&self, id: FactId) -> FactId {
        (self.0)(id).unwrap_or(FactId(DROPPED))
    }
}

/// Ids of everything that has a name, after a reload.
pub(super) struct Reloaded<'a> {
    /// For each router now the one that it was.
    pub(super) routers: &'a [Option<RouterId>],
    /// For each link before the one that it is.
    pub(super) links: Vec<Option<usize>>,
    /// For each script before the one that it is.
    pub(super) scripts: Vec<Option<usize>>,
}

impl Renumber for Reloaded<'_> {
    fn router(&self, id: RouterId) -> RouterId {
        let place = self.routers.iter().position(|before| *before == Some(id));
        RouterId(place.map_or(DROPPED, super::number))
    }

    fn link(&self, id: LinkId) -> LinkId {
        LinkId(place(&self.links, id.index()))
    }

    fn script(&self, id: ScriptId) -> ScriptId {
        ScriptId(place(&self.scripts, id.index()))
    }
}

fn place(places: &[Option<usize>], before: usize) -> u32 {
    places.get(before).copied().flatten().map_or(DROPPED, super::number)
}

impl Node {
    /// After [`NodeAction::Reloaded`](super::NodeAction::Reloaded): what a fact of the configuration before is in this one,
    /// so that the evidence of former changes goes on naming the right one. Facts have no names here; everything else is
    /// found without the caller.
    pub fn renumber_facts(&mut self, now: impl Fn(FactId) -> Option<FactId>) {
        let ids = Facts(now);
        for member in &mut self.routers {
            member.history.renumber(&ids);
            member.router.renumber_recording(|target| ids.target(target));
        }
    }

    /// Notes a change of standing.
    pub(super) fn note_transition(
        &mut self,
        router: RouterId,
        from: Standing,
        to: Standing,
        why: TransitionReason,
    ) {
        let Some(member) = self.routers.get(router.index()) else { return };
        let target = match why {
            TransitionReason::Fault(Fault::Tracked(target)) => Some(target),
            _ => None,
        };
        let moved = member.history.moved;
        let left = why == TransitionReason::Election(Cause::ActiveLeft);
        let goodbye = member.router.observed().goodbye.filter(|_| left);
        let script = target.or(match moved.map(|moved| moved.by) {
            Some(ChangedBy::Target(target)) => Some(target),
            _ => None,
        });
        let evidence = Evidence {
            priority: member.router.priority(),
            heard: member.router.observed().obeyed,
            goodbye: goodbye.map(|(source, _)| source),
            moved,
            fact: target.map(|target| self.fact(target)),
            run: script.and_then(|target| self.last_run(target)),
            intent: member.pursuit.as_ref().map(|pursuit| Box::new(pursuit.intent.clone())),
        };
        let transition = Transition { at: self.now, from, to, why, evidence };
        if let Some(member) = self.routers.get_mut(router.index()) {
            member.history.add(transition);
        }
    }

    fn last_run(&self, target: TrackTarget) -> Option<Arc<ScriptRun>> {
        let TrackTarget::Script(script) = target else { return None };
        self.scripts.get(script.index())?.last_run.clone()
    }
}

impl Member {
    /// Its effective priority follows from the facts; `by` is what changed.
    pub(super) fn set_priority(&mut self, now: Instant, to: vrrp_proto::RouterPriority, by: ChangedBy) {
        let from = self.router.priority();
        self.router.set_priority(to);
        let to = self.router.priority();
        if from != to {
            self.history.moved = Some(PriorityChange { at: now, from, to, by });
        }
    }
}

/// Changes that are remembered of each router.
const MAX_TRANSITIONS: usize = 8;
