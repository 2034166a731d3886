//! Sync groups: routers of one machine that change their state together.
//!
//! The state of a group follows from its members each time, as a priority follows from facts: it takes part if all of
//! them can, it takes over when all of them would, and it steps down when one of them does. So no order of events
//! leaves a group split: after each input, all members are in the same state.
//!
//! Two machines whose members have opposed priorities may take over at the same moment; then each loses one member, and
//! both step down. So that they do not go on like that for ever, a group that served only for a moment waits longer than
//! its members ask for, by a part of an interval that follows from its address and differs each time.

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;

use super::config::GroupId;
use super::memory::Inherited;
use super::names::same_names;
use super::tracking::{Assessment, Fault};
use super::{
    Event, Fact, Node, NodeConfig, RouterId, Standing, Track, TrackTarget, TransitionReason, number,
};
use crate::{Instant, State};

/// Routers that go together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupSetup {
    /// Its name: a group of another configuration with this name is the same.
    pub name: String,
    /// Its members. One that is a member of an earlier group does not count.
    pub members: Vec<RouterId>,
}

/// A group and what the node knows of it.
#[derive(Clone, Debug)]
pub(super) struct Group {
    name: String,
    members: Vec<RouterId>,
    /// The standing that was reported last.
    told: Standing,
    /// Since when.
    since: Option<Instant>,
    /// It had to wait for a check script before it began.
    waited: bool,
    rivalry: Rivalry,
}

/// Terms of service that were too short to be more than an accident.
#[derive(Clone, Copy, Debug, Default)]
struct Rivalry {
    /// Since when it serves, or when it served last.
    served: Option<Instant>,
    rounds: u32,
}

impl Group {
    /// The groups of a configuration, and for each router the one that it is a member of.
    pub(super) fn all(config: &NodeConfig) -> (Vec<Self>, Vec<Option<GroupId>>) {
        let mut groups_of = alloc::vec![None; config.routers.len()];
        let groups = (0..).map(GroupId).zip(&config.groups).map(|(id, setup)| {
            let mut members = setup.members.clone();
            members.retain(|router| match groups_of.get_mut(router.index()) {
                Some(group @ None) => {
                    *group = Some(id);
                    true
                }
                Some(Some(_)) | None => false,
            });
            let name = setup.name.clone();
            Self {
                name,
                members,
                told: Standing::Waiting,
                since: None,
                waited: false,
                rivalry: Rivalry::default(),
            }
        });
        (groups.collect(), groups_of)
    }
}

impl Node {
    /// The standing of a group.
    #[must_use]
    pub fn group_standing(&self, group: GroupId) -> Option<Standing> {
        self.groups.get(group.index()).map(|group| self.common_standing(&group.members))
    }

    /// Owners serve at once only if all members of their group do.
    pub(super) fn restrict_owners(config: &mut NodeConfig, groups_of: &[Option<GroupId>]) {
        let starts_active =
            |config: &crate::RouterConfig| config.priority.is_owner() && config.owner_starts_active;
        let mut late = BTreeSet::new();
        for (setup, group) in config.routers.iter().zip(groups_of) {
            late.extend(group.filter(|_| !starts_active(&setup.config)));
        }
        for (setup, group) in config.routers.iter_mut().zip(groups_of) {
            if group.is_some_and(|group| late.contains(&group)) {
                setup.config.owner_starts_active = false;
            }
        }
    }

    pub(super) fn group_of(&self, router: RouterId) -> Option<GroupId> {
        self.routers.get(router.index())?.group
    }

    /// The name of a group, its members, and since when it is what it is.
    pub(super) fn group_view(&self, group: GroupId) -> Option<(&str, &[RouterId], Option<Instant>)> {
        let group = self.groups.get(group.index())?;
        Some((&group.name, &group.members, group.since))
    }

    pub(super) fn members(&self, group: GroupId) -> Vec<RouterId> {
        self.groups.get(group.index()).map(|group| group.members.clone()).unwrap_or_default()
    }

    fn state(&self, router: RouterId) -> State {
        self.routers.get(router.index()).map_or(State::Initialize, |member| member.router.state())
    }

    /// The first member that has a fault of its own.
    pub(super) fn fault_of_group(&self, group: GroupId) -> Option<(RouterId, Fault)> {
        let members = &self.groups.get(group.index())?.members;
        members.iter().find_map(|router| Some((*router, self.assessment(*router)?.fault?)))
    }

    /// Brings the members of a group in line with the facts. `first` is one that is concerned: of what changes, it is told
    /// first.
    pub(super) fn reassess_group(&mut self, now: Instant, group: GroupId, first: RouterId) {
        if self.stopping || self.speaks_from > now {
            return;
        }
        let mut members = self.members(group);
        put_first(&mut members, first);
        let mut known: Vec<_> =
            members.iter().filter_map(|router| Some((*router, self.assessment(*router)?))).collect();
        for (router, facts) in &known {
            self.apply(now, *router, facts);
        }
        let fault = known.iter().find_map(|(router, facts)| Some((*router, facts.fault?)));
        match fault {
            Some((faulty, _)) => {
                known.sort_by_key(|(_, facts)| facts.fault.is_none());
                for (router, facts) in &known {
                    let fault = facts.fault.unwrap_or(Fault::Member(faulty));
                    self.shut_down(now, *router, Standing::Fault, TransitionReason::Fault(fault));
                }
            }
            None => self.start_group(now, group, &known),
        }
        self.synchronize(now, group, first);
        for router in members {
            self.pursue_any(now, router);
        }
    }

    /// Starts the members that do not run. Those of a group that serves join in; a group of which nobody runs starts as a
    /// single router does.
    fn start_group(&mut self, now: Instant, group: GroupId, known: &[(RouterId, Assessment)]) {
        let states: Vec<State> = known.iter().map(|(router, _)| self.state(*router)).collect();
        let idle: Vec<RouterId> = known
            .iter()
            .zip(&states)
            .filter(|(_, state)| **state == State::Initialize)
            .map(|(known, _)| known.0)
            .collect();
        if idle.len() == known.len() {
            let pending = known.iter().any(|(_, facts)| facts.pending);
            return self.start_all(now, group, &idle, pending);
        }
        let joins = !states.contains(&State::Backup);
        for router in idle {
            let Some(address) = self.source(router) else { continue };
            self.start(now, router, address, false);
            if joins && let Some(member) = self.routers.get_mut(router.index()) {
                member.router.handle_takeover(now);
                self.settle(now, router);
            }
        }
    }

    /// All go on as Active or none.
    fn start_all(&mut self, now: Instant, group: GroupId, routers: &[RouterId], pending: bool) {
        let goes_on = |router: &RouterId| {
            let member = self.routers.get(router.index());
            member.is_some_and(|member| {
                member.inherited.as_ref().is_some_and(|inherited| inherited.goes_on(now, &member.router))
            })
        };
        let go_on = routers.iter().all(goes_on);
        let serves = |router: &RouterId| {
            let config = self.routers.get(router.index()).map(|member| &member.setup.config);
            config.is_some_and(|config| config.priority.is_owner() && config.owner_starts_active)
        };
        let waits = routers.iter().any(|router| self.waits_for_script(*router));
        let serve = go_on || routers.iter().any(serves);
        if let Some(known) = self.groups.get_mut(group.index()) {
            known.waited |= waits;
        }
        if !pending && !serve {
            self.tell_beginning(group);
        }
        for router in routers {
            if !go_on {
                self.yield_inherited(*router);
            }
            if let Some(address) = self.source(*router) {
                self.start(now, *router, address, pending);
            }
        }
    }

    fn waits_for_script(&self, router: RouterId) -> bool {
        let waits = |track: &Track| {
            track.weight == 0
                && matches!(track.target, TrackTarget::Script(_))
                && self.fact(track.target) == Fact::Unknown
        };
        self.routers.get(router.index()).is_some_and(|member| member.setup.tracks.iter().any(waits))
    }

    /// Of a group that begins at once it is told before its members, as keepalived does; of all that follows, after them.
    fn tell_beginning(&mut self, group: GroupId) {
        let Some(known) = self.groups.get_mut(group.index()) else { return };
        if known.told == Standing::Waiting && !known.waited {
            known.told = Standing::Backup;
            known.since = Some(self.now);
            self.outbox.event(Event::Group { group, from: Standing::Waiting, to: Standing::Backup });
        }
    }

    /// Keeps a router from going on as Active, whatever its predecessor was.
    fn yield_inherited(&mut self, router: RouterId) {
        let Some(member) = self.routers.get_mut(router.index()) else { return };
        if let Some(inherited) = member.inherited.as_deref_mut()
            && inherited.was_active()
        {
            *inherited = Inherited::yielded(*inherited);
            self.outbox.addresses(router, false);
        }
    }

    /// A member changed, `first`: the others follow.
    pub(super) fn synchronize(&mut self, now: Instant, group: GroupId, first: RouterId) {
        let mut members = self.members(group);
        put_first(&mut members, first);
        if self.stopping {
            return self.depart_together(now, &members);
        }
        let is = |node: &Self, state| members.iter().any(|router| node.state(*router) == state);
        if is(self, State::Backup) {
            if is(self, State::Active) {
                self.each(now, &members, |router| router.handle_step_down(now));
            } else if members.iter().all(|router| self.is_ready(*router)) {
                self.each(now, &members, |router| router.handle_takeover(now));
            }
        }
        self.tell_group(now, group, &members);
    }

    /// While the machine departs: if a member has stopped, so do the others.
    fn depart_together(&mut self, now: Instant, members: &[RouterId]) {
        if members.iter().any(|router| self.state(*router) != State::Active) {
            for router in members {
                self.shut_down(now, *router, Standing::Stopped, TransitionReason::Stop);
            }
        }
    }

    /// One member heard a lower priority: all announce their addresses.
    pub(super) fn announce_with(&mut self, now: Instant, group: GroupId, router: RouterId) {
        let mut others = self.members(group);
        others.retain(|other| *other != router);
        self.each(now, &others, |router| router.handle_lower_priority_elsewhere(now));
    }

    fn is_ready(&self, router: RouterId) -> bool {
        self.routers.get(router.index()).is_some_and(|member| member.router.is_ready())
    }

    fn each(&mut self, now: Instant, routers: &[RouterId], change: impl Fn(&mut crate::VirtualRouter)) {
        for router in routers {
            if let Some(member) = self.routers.get_mut(router.index()) {
                change(&mut member.router);
            }
            self.settle(now, *router);
        }
    }

    /// The common standing of the members.
    fn common_standing(&self, members: &[RouterId]) -> Standing {
        let mut standings = members.iter().filter_map(|router| self.standing(*router));
        let Some(first) = standings.next() else { return Standing::Waiting };
        if standings.all(|standing| standing == first) { first } else { Standing::Waiting }
    }

    /// Tells what a group is now, if that is another thing than before.
    pub(super) fn tell_group(&mut self, now: Instant, group: GroupId, members: &[RouterId]) {
        let to = self.common_standing(members);
        let Some(known) = self.groups.get_mut(group.index()) else { return };
        if to == Standing::Waiting || known.told == to {
            return;
        }
        let from = core::mem::replace(&mut known.told, to);
        known.since = Some(now);
        self.outbox.event(Event::Group { group, from, to });
        self.back_off(now, group, from, to, members);
    }

    /// All groups of a machine that stops.
    pub(super) fn tell_groups(&mut self, now: Instant) {
        for group in (0..number(self.groups.len())).map(GroupId) {
            let members = self.members(group);
            self.tell_group(now, group, &members);
        }
    }

    /// A group that served for less than a Backup's wait met its like: it waits a little longer, another time than that one.
    fn back_off(&mut self, now: Instant, group: GroupId, from: Standing, to: Standing, members: &[RouterId]) {
        let Some(first) = members.iter().min() else { return };
        let member = self.routers.get(first.index());
        let Some(interval) = member.map(|member| member.router.config().interval.duration()) else { return };
        let address = self.source(*first);
        let Some(known) = self.groups.get_mut(group.index()) else { return };
        let rivalry = &mut known.rivalry;
        match (from, to) {
            (_, Standing::Active) => rivalry.served = Some(now),
            (Standing::Active, Standing::Backup) => {
                let patience = interval.saturating_mul(PATIENCE);
                let is_short = rivalry.served.is_some_and(|since| now.since(since) < patience);
                rivalry.rounds = if is_short { rivalry.rounds.saturating_add(1) } else { 0 };
                let extra = extra_wait(address, rivalry.rounds, interval);
                // The adverts that the others sent meanwhile are still on their way.
                let until = now + interval;
                self.each(now, members, |router| router.handle_rival(until, extra));
            }
            _ => {}
        }
    }

    /// Groups of the same name go on.
    pub(super) fn carry_groups(&mut self, old: &[Group]) {
        let same =
            same_names(old.iter().map(|group| &group.name), self.groups.iter().map(|group| &group.name));
        for (group, before) in self.groups.iter_mut().zip(same) {
            if let Some(old) = before.and_then(|index| old.get(index)) {
                group.told = old.told;
                group.since = old.since;
                group.rivalry = old.rivalry;
            }
        }
    }
}

/// The others keep their order.
fn put_first(members: &mut [RouterId], first: RouterId) {
    if let Some(place) = members.iter().position(|member| *member == first)
        && let Some(before) = members.get_mut(..=place)
    {
        before.rotate_right(1);
    }
}

/// A part of an interval that two addresses seldom have in common, and not twice.
fn extra_wait(address: Option<IpAddr>, rounds: u32, interval: Duration) -> Duration {
    let Some(address) = address.filter(|_| rounds > 0) else { return Duration::ZERO };
    let bits = match address {
        IpAddr::V4(address) => u64::from(address.to_bits()),
        IpAddr::V6(address) => address
            .segments()
            .into_iter()
            .fold(0, |bits: u64, segment| bits.rotate_left(16) ^ u64::from(segment)),
    };
    // The finalizer of splitmix64: each bit of the sum decides about each bit of the result.
    let mut mixed = bits.wrapping_add(u64::from(rounds).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    let eighths = ((mixed ^ (mixed >> 31)) % 8) as u32;
    interval / 8 * eighths
}

/// A term of service shorter than so many intervals was no service.
const PATIENCE: u32 = 4;
