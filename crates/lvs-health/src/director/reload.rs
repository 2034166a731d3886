//! From one plan to the next: objects that are the same keep their state.
//!
//! The start is a reload from nothing.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

use super::checks::Phase;
use super::health::Health;
use super::service::{Drained, Member, Pool};
use super::timers::Timer;
use super::{Cause, Director, Event, Intent, OUTSIDE, Plan, Server, ServerId, Service, ServiceId, later};
use crate::Check;

/// Which checks of the last plan are still to be had, and which are made already.
struct Claims {
    /// Shared checks: their slots.
    shared: Option<HashMap<Arc<Check>, u32>>,
    /// Slots that the new plan has taken over.
    taken: HashSet<u32>,
}

/// State of a server in the kernel under the last plan.
#[derive(Clone, Copy)]
struct Was {
    /// It was up, and no sorry server stood in for it.
    served: bool,
    /// The kernel held it, perhaps with weight 0.
    held: bool,
}

impl Director {
    /// Gives back memory that a start or a reload needed: nothing else changes.
    pub fn shrink(&mut self) {
        self.outbox.shrink();
        self.checks.shrink();
    }

    /// Goes on with `plan`; `start`: it is the first.
    pub(super) fn install(&mut self, now: Instant, plan: Plan, start: bool) {
        let old = std::mem::take(&mut self.pools);
        let members = |services: &[Service]| -> usize {
            let sorry = |service: &Service| service.sorry.as_ref().map_or(0, |sorry| 1 + sorry.checks.len());
            let servers = services.iter().flat_map(|service| &service.servers);
            services.iter().map(sorry).sum::<usize>()
                + servers.map(|server| 1 + server.checks.len()).sum::<usize>()
        };
        let before: usize = old.iter().map(|pool| 1 + pool.members.len() + pool.drained.len()).sum();
        self.outbox.resize(
            plan.services.len(),
            before + self.checks.iter().count() + plan.services.len() + members(&plan.services),
        );
        let mut claims = self.claims(plan.share_checks);
        let mut old = self.retire(old, &plan);
        for (place, service) in (0..).zip(plan.services) {
            let before = old.remove(&service.name);
            self.install_service(now, ServiceId(place), service, before, &mut claims, start);
        }
        self.recollection.change_all(self.services());
        self.drop_unused();
        self.rearm();
        self.resume_needed(now);
    }

    /// Ends what the new plan no longer has; what it has, by name.
    fn retire(&mut self, old: Vec<Pool>, plan: &Plan) -> HashMap<String, Pool> {
        let names: HashSet<&str> = plan.services.iter().map(|service| &*service.name).collect();
        let mut kept = HashMap::new();
        for pool in old {
            if names.contains(&*pool.name) {
                kept.entry(pool.name.clone()).or_insert(pool);
                continue;
            }
            let served =
                pool.members.iter().filter(|member| pool.serves(member)).map(|member| member.address);
            self.outbox.tell(Event::Retired {
                name: pool.name.clone(),
                up: pool.up,
                served: served.collect(),
            });
            self.outbox.remove(pool.name);
        }
        kept
    }

    fn claims(&mut self, share: bool) -> Claims {
        for runner in self.checks.iter_mut() {
            runner.servers.clear();
        }
        let shared = share.then(|| {
            // The first of equal ones is taken over.
            let mut shared = HashMap::new();
            for runner in self.checks.iter() {
                shared.entry(Arc::clone(&runner.check)).or_insert(runner.id.slot);
            }
            shared
        });
        Claims { shared, taken: HashSet::new() }
    }

    fn install_service(
        &mut self,
        now: Instant,
        id: ServiceId,
        service: Service,
        before: Option<Pool>,
        claims: &mut Claims,
        start: bool,
    ) {
        let initial = before.is_none();
        let mut pool = Pool::new(&service);
        pool.suspended = pool.lacks_all(&self.present);
        let (mut old, mut old_sorry) = (HashMap::new(), None);
        if let Some(before) = before {
            pool.up = before.up;
            pool.panics = before.panics;
            pool.since = before.since;
            pool.sorry_serves = before.sorry_serves;
            pool.backups_serve = before.backups_serve;
            old_sorry = before.sorry.as_ref().map(|sorry| sorry.member.clone());
            pool.drained.clone_from(&before.drained);
            if before.suspended != pool.suspended {
                self.outbox.tell(Event::Suspended { service: id, suspended: pool.suspended });
            }
            let members = before.members.iter().rev();
            let entry = |member: &Member| {
                let was = Was { served: before.serves(member), held: before.weight(member).is_some() };
                (member.address, (member.clone(), was))
            };
            old = members.map(entry).collect();
        }
        self.pools.push(pool);
        for (place, server) in (0..).zip(service.servers) {
            let server_id = ServerId { service: id, place };
            match old.remove(&server.address) {
                Some((member, _)) => self.carry(now, server_id, server, &member, claims),
                None => self.admit(server_id, server, claims, start),
            }
        }
        if let Some(sorry) = service.sorry {
            self.install_sorry(now, ServerId::sorry(id), sorry.checks, old_sorry, claims);
        }
        if let Some(pool) = self.pools.last_mut() {
            let mut gone: Vec<_> = old.into_iter().collect();
            gone.sort_unstable_by_key(|(address, _)| *address);
            for (server, (_, Was { served, held })) in gone {
                let draining = held && !service.drain.is_zero();
                if draining {
                    pool.drained.push(Drained { address: server, until: later(now, service.drain) });
                }
                self.outbox.tell(Event::Removed { service: id, server, served, draining });
            }
            // A server that came back is no longer drained.
            let there: HashSet<_> = pool.members.iter().map(|member| member.address).collect();
            pool.drained.retain(|drained| !there.contains(&drained.address));
        }
        self.outbox.program(id);
        self.reckon(now, id, initial);
    }

    /// A server that the last plan had as well.
    fn carry(&mut self, now: Instant, id: ServerId, server: Server, old: &Member, claims: &mut Claims) {
        let mut member = Member::new(&server);
        // A slow start goes on; timers are armed once all is in place.
        let ramp = old.ramp().and_then(|ramp| ramp.with_length(now, server.slow_start)).map(Box::new);
        (member.alive, member.weight, member.known_down, member.ramp) =
            (old.alive, old.weight, old.known_down, ramp);
        member.since = old.since;
        // A new weight in the file ends a weight that was set from outside.
        let is_over = |intent: &Intent| intent.who == OUTSIDE && server.weight != old.configured;
        member.intent = old.intent.clone().filter(|intent| !is_over(intent));
        member.checks = self.subscribe(id, server.checks, Some(old), claims);
        if let Some(pool) = self.pools.last_mut() {
            member.suspicion = old.suspicion.clone().filter(|_| pool.outlier_weight.is_some());
            pool.live += member.live();
            pool.members.push(member);
        }
        self.reassess(now, id, Cause::Reload);
    }

    /// The sorry server: the same as before if it keeps one of its checks.
    fn install_sorry(
        &mut self,
        now: Instant,
        id: ServerId,
        checks: Vec<Check>,
        old: Option<Member>,
        claims: &mut Claims,
    ) {
        let is_known =
            |slot: &u32| self.checks.at(*slot).is_some_and(|runner| checks.contains(&runner.check));
        let old = old.filter(|old| old.checks.is_empty() || old.checks.iter().any(is_known));
        let slots = self.subscribe(id, checks, old.as_ref(), claims);
        let checks = || slots.iter().filter_map(|slot| self.checks.at(*slot)).map(|runner| &runner.health);
        let up = checks().all(Health::up);
        let failed = checks().any(|health| health.settled() && !health.up());
        let Some(member) = self.member_mut(id) else { return };
        member.checks = slots;
        match old {
            None => (member.alive, member.known_down) = (up, failed),
            Some(old) => {
                (member.alive, member.known_down) = (old.alive, old.known_down);
                self.reassess(now, id, Cause::Reload);
            }
        }
    }

    /// A server that is new.
    fn admit(&mut self, id: ServerId, server: Server, claims: &mut Claims, start: bool) {
        let mut member = Member::new(&server);
        member.checks = self.subscribe(id, server.checks, None, claims);
        let checks =
            || member.checks.iter().filter_map(|slot| self.checks.at(*slot)).map(|runner| &runner.health);
        let up = checks().all(Health::up);
        member.known_down = checks().any(|health| health.settled() && !health.up());
        member.weight = super::weight::combine(member.configured, checks().map(Health::weigh));
        member.alive = up;
        let Some(pool) = self.pools.last_mut() else { return };
        pool.live += member.live();
        pool.members.push(member);
        if !start {
            self.outbox.tell(Event::Added { server: id, up });
        }
        if up && pool.initial_notifies {
            self.outbox.tell(Event::Server { server: id, up, cause: Cause::Start });
        }
    }

    /// The slots of a server's checks: taken over where possible.
    fn subscribe(
        &mut self,
        id: ServerId,
        checks: Vec<Check>,
        old: Option<&Member>,
        claims: &mut Claims,
    ) -> Vec<u32> {
        let mut slots = Vec::with_capacity(checks.len());
        for check in checks {
            let slot = self.slot_for(check, old, claims);
            claims.taken.insert(slot);
            if let Some(runner) = self.checks.at_mut(slot) {
                runner.servers.push(id);
            }
            slots.push(slot);
        }
        slots
    }

    fn slot_for(&mut self, check: Check, old: Option<&Member>, claims: &mut Claims) -> u32 {
        // A check that is new stands as its server stands, and as it says itself if that is new as well.
        let up = old.map_or(!check.timing.alpha, |member| member.alive);
        if let Some(shared) = &mut claims.shared {
            if let Some(slot) = shared.get(&check) {
                return *slot;
            }
            let check = Arc::new(check);
            let slot = self.checks.add(Arc::clone(&check), Health::new(up));
            shared.insert(check, slot);
            return slot;
        }
        let equal = |slot: &&u32| self.checks.at(**slot).is_some_and(|runner| *runner.check == check);
        let mut candidates = old.into_iter().flat_map(|member| &member.checks).filter(equal);
        let known = candidates.clone().next().copied();
        if let Some(slot) = candidates.find(|slot| !claims.taken.contains(slot)) {
            return *slot;
        }
        // It was shared, and somebody else goes on with it: its state holds for both.
        let health =
            known.and_then(|slot| self.checks.at(slot)).map_or(Health::new(up), |runner| runner.health);
        self.checks.add(Arc::new(check), health)
    }

    fn drop_unused(&mut self) {
        for runner in self.checks.remove_unused() {
            if let Some(attempt) = runner.attempt() {
                self.outbox.cancel(attempt);
            }
        }
    }

    /// Timers are named by places, and these are new.
    fn rearm(&mut self) {
        self.timers.clear();
        for runner in self.checks.iter() {
            if let Phase::Waits(at) = runner.phase {
                self.timers.arm(at, Timer::Check(runner.id.slot));
            }
        }
        self.suspending.clear();
        for (service, pool) in (0..).map(ServiceId).zip(&self.pools) {
            for (place, member) in (0..).zip(&pool.members) {
                let id = ServerId { service, place };
                if let Some(ramp) = &member.ramp {
                    self.timers.arm(ramp.due(), Timer::Ramp(id));
                }
                if let Some(due) = member.intent_due() {
                    self.timers.arm(due, Timer::Intent(id));
                }
            }
            for drained in &pool.drained {
                self.timers.arm(drained.until, Timer::Drain(service));
            }
            for address in &pool.ha_suspend {
                self.suspending.entry(*address).or_default().push(service);
            }
        }
    }

    fn resume_needed(&mut self, now: Instant) {
        let slots: Vec<u32> = self.checks.iter().map(|runner| runner.id.slot).collect();
        for slot in slots {
            self.wake_or_sleep(now, slot);
        }
    }
}
