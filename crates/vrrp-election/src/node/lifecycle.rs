//! From facts to the life of a router: its start, its stop, and its priority.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use core::net::IpAddr;

use vrrp_proto::RouterPriority;

use super::intent::Pursuit;
use super::timers::Timer;
use super::tracking::{Assessment, assess};
use super::{
    ChangedBy, Event, Fault, Member, Node, Progress, RouterId, RouterSetup, Standing, TrackTarget,
    TransitionReason,
};
use crate::router::Action;
use crate::{Cause, Instant, Report, State};

impl Node {
    /// Something changed that routers depend on.
    pub(super) fn assess_target(
        &mut self,
        now: Instant,
        target: TrackTarget,
        concerned: impl Fn(&RouterSetup) -> bool,
    ) {
        self.changed = ChangedBy::Target(target);
        self.assess_where(now, concerned);
        self.changed = ChangedBy::Configuration;
    }

    pub(super) fn assess_where(&mut self, now: Instant, concerned: impl Fn(&RouterSetup) -> bool) {
        let mut groups = BTreeMap::new();
        for router in self.ids() {
            match self.routers.get(router.index()).filter(|member| concerned(&member.setup)) {
                Some(Member { group: Some(group), .. }) => _ = groups.entry(*group).or_insert(router),
                Some(_) => self.reassess(now, router),
                None => {}
            }
        }
        for (group, first) in groups {
            self.reassess_group(now, group, first);
        }
    }

    pub(super) fn assessment(&self, router: RouterId) -> Option<Assessment> {
        let member = self.routers.get(router.index())?;
        let mut assessment = self.assess(&member.setup, member.duplicate_of, member.pursuit.as_deref());
        let inherited = member.inherited.as_ref();
        let serves = member.router.state() == State::Active || inherited.is_some_and(|it| it.was_active());
        if member.pursuit.as_ref().is_some_and(|pursuit| pursuit.forbids(serves)) {
            assessment.fault = assessment.fault.or(Some(Fault::Maintenance));
        }
        Some(assessment)
    }

    /// Effect of the facts and of an intent on a router. Whether maintenance keeps it from taking part is left out.
    pub(super) fn assess(
        &self,
        setup: &RouterSetup,
        duplicate_of: Option<RouterId>,
        pursuit: Option<&Pursuit>,
    ) -> Assessment {
        let assessment = assess(setup, &self.links, |target| self.fact(target));
        let fault = duplicate_of.map(Fault::Duplicate).or(assessment.fault);
        let lowest =
            pursuit.filter(|pursuit| pursuit.is_maintenance()).and_then(|_| RouterPriority::new(1).ok());
        Assessment { fault, priority: lowest.unwrap_or(assessment.priority), ..assessment }
    }

    /// Tells a router the address and the priority that follow from the facts.
    pub(super) fn apply(&mut self, now: Instant, router: RouterId, facts: &Assessment) {
        let address = self.source(router);
        let Some(member) = self.routers.get_mut(router.index()) else { return };
        if let Some(address) = address {
            member.router.set_address(address);
        }
        member.router.set_held(member.pursuit.is_some());
        member.set_priority(now, facts.priority, self.changed);
        self.settle(now, router);
    }

    /// Brings one router in line with the facts.
    pub(super) fn reassess(&mut self, now: Instant, router: RouterId) {
        if self.stopping || self.speaks_from > now {
            return;
        }
        let (Some(facts), address) = (self.assessment(router), self.source(router)) else { return };
        if self.routers.get(router.index()).is_none_or(|member| member.retired) {
            return;
        }
        self.apply(now, router, &facts);
        let Some(member) = self.routers.get(router.index()) else { return };
        let running = member.router.state() != State::Initialize;
        match (facts.fault, address) {
            (Some(fault), _) => self.shut_down(now, router, Standing::Fault, TransitionReason::Fault(fault)),
            (None, _) if running => {}
            (None, Some(address)) => self.start(now, router, address, facts.pending),
            (None, None) => {}
        }
        self.pursue_any(now, router);
    }

    /// Starts a router that can take part, unless a check holds it back that could be a fault. One that goes on as
    /// Active does not wait for its checks.
    pub(super) fn start(&mut self, now: Instant, router: RouterId, address: IpAddr, pending: bool) {
        let Some(member) = self.routers.get_mut(router.index()) else { return };
        match member.inherited.take() {
            Some(inherited) if inherited.goes_on(now, &member.router) => {
                member.router.handle_succession(now, address, inherited.memory(), true);
            }
            Some(inherited) if pending => {
                member.inherited = Some(Box::new(inherited.yielded()));
                if inherited.was_active() {
                    self.outbox.addresses(router, false);
                }
            }
            None if pending => {}
            Some(inherited) => member.router.handle_succession(now, address, inherited.memory(), false),
            None => member.router.handle_startup(now, address),
        }
        self.settle(now, router);
    }

    pub(super) fn shut_down(&mut self, now: Instant, router: RouterId, to: Standing, why: TransitionReason) {
        let Some(member) = self.routers.get_mut(router.index()) else { return };
        member.inherited = None;
        if member.standing == Standing::Waiting {
            // A predecessor may have left the addresses.
            self.outbox.addresses(router, false);
        }
        if !self.stopping {
            member.router.begin_recording();
        }
        member.router.handle_shutdown(now);
        self.settle(now, router);
        self.stand(router, to, why);
    }

    /// Takes over what a router asks for, and keeps its timer. Gives whether it announces its addresses.
    pub(super) fn settle(&mut self, now: Instant, router: RouterId) -> bool {
        let mut entered = None;
        let mut nobody_after = None;
        let mut announces = false;
        let Some(member) = self.routers.get_mut(router.index()) else { return false };
        while let Some(action) = member.router.poll_action() {
            match action {
                Action::SendAdvert(priority) => self.outbox.advert(router, priority),
                Action::AddAddresses => self.outbox.addresses(router, true),
                Action::RemoveAddresses => self.outbox.addresses(router, false),
                Action::Announce { repeat } => {
                    announces = true;
                    self.outbox.announce(router, repeat);
                }
                Action::Report(Report::Transition { to, cause, .. }) => entered = Some((to, cause)),
                Action::Report(report) => {
                    if let Report::NobodyTookOver { after } = report {
                        nobody_after = Some(after);
                    }
                    self.outbox.event(Event::Router { router, report });
                }
            }
        }
        self.timers.arm(Timer::Router(router), member.router.poll_timeout());
        self.note_news(router);
        if let Some((state, cause)) = entered {
            self.enter(now, router, state, cause);
        }
        if let Some(after) = nobody_after {
            self.note_tried(now, router, Progress::NobodyTookOver { after });
        }
        announces
    }

    fn enter(&mut self, now: Instant, router: RouterId, state: State, cause: Cause) {
        match state {
            State::Active => self.stand(router, Standing::Active, TransitionReason::Election(cause)),
            State::Backup => self.stand(router, Standing::Backup, TransitionReason::Election(cause)),
            State::Initialize if self.stopping => {
                let handed_over = matches!(cause, Cause::HandedOver { .. });
                let why =
                    if handed_over { TransitionReason::Election(cause) } else { TransitionReason::Stop };
                self.stand(router, Standing::Stopped, why);
            }
            // The caller that shut the router down reports the consequence.
            State::Initialize => {}
        }
        if let Cause::HandedOver { source, priority, after } = cause {
            self.note_tried(now, router, Progress::Moved { to: source, priority, after });
        }
        self.note_entered(now, router, state);
    }

    pub(super) fn stand(&mut self, router: RouterId, to: Standing, why: TransitionReason) {
        let Some(member) = self.routers.get_mut(router.index()) else { return };
        let from = core::mem::replace(&mut member.standing, to);
        if from != to {
            let priority = member.router.priority();
            self.note_transition(router, from, to, why);
            self.outbox.event(Event::Standing { router, from, to, why, priority });
        }
    }
}
