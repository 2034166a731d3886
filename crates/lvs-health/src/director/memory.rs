//! The state that a director leaves to its successor, should it die: values by virtual server.
//!
//! A successor that [resumes](Director::resume) stands as its predecessor stood, and then takes its plan as a reload does. Nothing
//! is guessed from what the kernel holds: that may be half of a change, or somebody else's.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::beat::Beat;
use super::checks::{Phase, Runner};
use super::health::Health;
use super::intent::IntentMemory;
use super::ramp::Ramp;
use super::service::{Drained, Member, Pool};
use super::{Director, Event, Plan, Server, Service, ServiceId, later};
use crate::Check;

/// One virtual server, its servers, their checks, and what drains. Times count from an origin that both directors know.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[expect(clippy::struct_excessive_bools, reason = "answers to independent questions")]
pub struct ServiceMemory {
    up: bool,
    since: Option<Duration>,
    sorry_serves: bool,
    backups_serve: bool,
    panics: bool,
    sorry: Option<MemberMemory>,
    members: Vec<MemberMemory>,
    drained: Vec<(SocketAddr, Duration)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct MemberMemory {
    address: SocketAddr,
    inhibit: bool,
    alive: bool,
    weight: u32,
    known_down: bool,
    since: Option<Duration>,
    /// When a slow start began, and its length.
    ramp: Option<(Duration, Duration)>,
    intent: Option<IntentMemory>,
    /// Since when passive detection suspects it, until when at least, and for which time in a row.
    suspected: Option<(Duration, Duration, u8)>,
    checks: Vec<CheckMemory>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct CheckMemory {
    /// Of its definition: equal ones are the same check.
    fingerprint: u64,
    health: Health,
    /// When an attempt was due after the last change.
    due: Option<Duration>,
}

/// Which virtual servers changed since they were last remembered.
#[derive(Clone, Debug, Default)]
pub(super) struct Recollection {
    changed: BTreeSet<ServiceId>,
    /// Names that were given out.
    given: HashSet<String>,
}

impl Recollection {
    pub(super) fn change(&mut self, service: ServiceId) {
        self.changed.insert(service);
    }

    /// Another plan with so many virtual servers.
    pub(super) fn change_all(&mut self, services: impl Iterator<Item = ServiceId>) {
        self.changed = services.collect();
    }
}

impl ServiceMemory {
    /// Number of the present format of its serialized form: another one cannot be read. It changes whenever a field does.
    pub const FORMAT: u32 = 3;

    /// The servers that drain.
    pub fn drained(&self) -> impl Iterator<Item = SocketAddr> {
        self.drained.iter().map(|&(address, _)| address)
    }
}

impl Director {
    /// A director that goes on at `now` where another one ended that remembered these virtual servers by name. Times in them
    /// count from `origin`.
    ///
    /// The plan may be another one than the predecessor's: it is taken as by a [reload](Self::reload). Attempts that the
    /// checks missed meanwhile are made up for; [`resume_after`](Self::resume_after) takes the moment when the predecessor ended.
    #[must_use]
    pub fn resume(
        now: Instant,
        plan: Plan,
        memory: impl IntoIterator<Item = (String, ServiceMemory)>,
        origin: Instant,
    ) -> Self {
        Self::resume_after((now.checked_sub(MOMENT).unwrap_or(now), now), plan, memory, origin)
    }

    /// The same for a predecessor that ended then, before now.
    #[must_use]
    pub fn resume_after(
        (ended, now): (Instant, Instant),
        plan: Plan,
        memory: impl IntoIterator<Item = (String, ServiceMemory)>,
        origin: Instant,
    ) -> Self {
        let missed = now.saturating_duration_since(ended).saturating_add(UNDER_WAY).min(MOMENT);
        let mut director = Self::empty(now);
        // That of the predecessor.
        director.beat = Beat::from(origin);
        let planned: HashMap<&str, &Service> =
            plan.services.iter().map(|service| (&*service.name, service)).collect();
        let mut resumed = HashSet::new();
        for (name, memory) in memory {
            let clock = Clock { now, origin, missed };
            let pool = director.recall(&name, &memory, planned.get(&*name).copied(), clock);
            director.recollection.given.insert(name.clone());
            resumed.insert(name);
            director.pools.push(pool);
        }
        let resumed: Vec<ServiceId> = (0..)
            .map(ServiceId)
            .zip(&plan.services)
            .filter(|(_, service)| resumed.contains(&service.name))
            .map(|(id, _)| id)
            .collect();
        director.install(now, plan, resumed.is_empty());
        for service in resumed {
            director.outbox.tell(Event::Resumed { service });
        }
        director
    }

    /// The next virtual server that is to be remembered under its name, in place of what was before, or to be forgotten.
    /// Ask before [`poll_action`](Self::poll_action), and keep it before anything is done. Times count from `origin`.
    pub fn poll_memory(&mut self, origin: Instant) -> Option<(String, Option<ServiceMemory>)> {
        while let Some(service) = self.recollection.changed.pop_first() {
            if let Some(pool) = self.pools.get(service.index()) {
                let memory = self.memory(pool, origin);
                let name = pool.name.clone();
                self.recollection.given.insert(name.clone());
                return Some((name, Some(memory)));
            }
        }
        if self.recollection.given.len() > self.pools.len() {
            let names: HashSet<&str> = self.pools.iter().map(|pool| &*pool.name).collect();
            let gone = self.recollection.given.iter().find(|name| !names.contains(name.as_str())).cloned();
            if let Some(name) = gone {
                self.recollection.given.remove(&name);
                return Some((name, None));
            }
        }
        None
    }

    fn memory(&self, pool: &Pool, origin: Instant) -> ServiceMemory {
        let since = |at: Instant| at.saturating_duration_since(origin);
        let check = |slot: &u32| {
            let Runner { check, health, phase, due, .. } = self.checks.at(*slot)?;
            let due = match phase {
                Phase::Waits(at) => Some(*at),
                Phase::Runs(_) => *due,
                Phase::Asleep => None,
            };
            Some(CheckMemory { fingerprint: fingerprint(check), health: *health, due: due.map(since) })
        };
        let member = |member: &Member| MemberMemory {
            address: member.address,
            inhibit: member.inhibit,
            alive: member.alive,
            weight: member.weight,
            known_down: member.known_down,
            since: member.since.map(since),
            ramp: member.ramp().map(|ramp| (since(ramp.began()), ramp.length())),
            intent: member.intent.as_deref().map(|intent| IntentMemory::of(intent, since)),
            suspected: member.suspected().map(|(from, until, times)| (since(from), since(until), times)),
            checks: member.checks.iter().filter_map(check).collect(),
        };
        ServiceMemory {
            up: pool.up,
            since: pool.since.map(since),
            sorry_serves: pool.sorry_serves,
            backups_serve: pool.backups_serve,
            panics: pool.panics,
            sorry: pool.sorry.as_ref().map(|sorry| member(&sorry.member)),
            members: pool.members.iter().map(member).collect(),
            drained: pool.drained.iter().map(|drained| (drained.address, since(drained.until))).collect(),
        }
    }

    /// A virtual server as it stood; its checks, as far as `planned` has them, are made again.
    fn recall(
        &mut self,
        name: &str,
        memory: &ServiceMemory,
        planned: Option<&Service>,
        clock: Clock,
    ) -> Pool {
        let mut pool = planned.map_or_else(|| Pool::new(&Service::new(name)), Pool::new);
        (pool.up, pool.sorry_serves) = (memory.up, memory.sorry_serves);
        pool.since = memory.since.map(|at| clock.at(at));
        (pool.backups_serve, pool.panics) = (memory.backups_serve, memory.panics);
        pool.suspended = pool.lacks_all(&self.present);
        for remembered in &memory.members {
            let server = planned.and_then(|service| {
                service.servers.iter().find(|server| server.address == remembered.address)
            });
            let mut member = Member::new(server.unwrap_or(&Server::new(remembered.address)));
            member.inhibit = remembered.inhibit;
            (member.alive, member.weight) = (remembered.alive, remembered.weight);
            member.known_down = remembered.known_down;
            member.since = remembered.since.map(|at| clock.at(at));
            let ramp =
                remembered.ramp.and_then(|(began, length)| Ramp::resume(clock.now, clock.at(began), length));
            member.ramp = ramp.map(Box::new);
            let recall = |intent: &IntentMemory| {
                Box::new(intent.recall(|at| clock.at(at), |at| clock.not_before_now(at)))
            };
            member.intent = remembered.intent.as_ref().map(recall);
            if let Some((since, until, times)) = remembered.suspected {
                member.suspect_again(clock.at(since), clock.at(until), times);
            }
            if let Some(server) = server {
                member.checks = self.recall_checks(&server.checks, &remembered.checks, clock);
            }
            pool.live += member.live();
            pool.members.push(member);
        }
        self.recall_sorry(&mut pool, memory, planned, clock);
        let drained = |&(address, until): &(SocketAddr, Duration)| Drained {
            address,
            until: clock.not_before_now(until),
        };
        pool.drained = memory.drained.iter().map(drained).collect();
        pool
    }

    fn recall_sorry(
        &mut self,
        pool: &mut Pool,
        memory: &ServiceMemory,
        planned: Option<&Service>,
        clock: Clock,
    ) {
        let planned = planned.and_then(|service| service.sorry.as_ref());
        if memory.sorry.is_none() {
            // One that the plan brings is new.
            pool.sorry = None;
        }
        if let (Some(planned), Some(remembered), Some(sorry)) = (planned, &memory.sorry, &mut pool.sorry) {
            sorry.member.alive = remembered.alive;
            sorry.member.known_down = remembered.known_down;
            sorry.member.checks = self.recall_checks(&planned.checks, &remembered.checks, clock);
        }
    }

    fn recall_checks(&mut self, planned: &[Check], memory: &[CheckMemory], clock: Clock) -> Vec<u32> {
        let mut unclaimed: Vec<(u64, &Check)> =
            planned.iter().map(|check| (fingerprint(check), check)).collect();
        let mut slots = Vec::with_capacity(memory.len());
        for remembered in memory {
            let found = unclaimed.iter().position(|(fingerprint, _)| *fingerprint == remembered.fingerprint);
            let Some(place) = found else { continue };
            let (_, check) = unclaimed.remove(place);
            let slot = self.checks.add(Arc::new(check.clone()), remembered.health);
            if let (Some(runner), Some(due)) = (self.checks.at_mut(slot), remembered.due) {
                runner.phase = Phase::Waits(clock.next_due(clock.at(due), check, remembered.health));
            }
            slots.push(slot);
        }
        slots
    }
}

/// The present, and the origin of remembered times.
#[derive(Clone, Copy)]
struct Clock {
    now: Instant,
    origin: Instant,
    /// Attempts that were due in this time before now were not made.
    missed: Duration,
}

impl Clock {
    fn at(self, since: Duration) -> Instant {
        later(self.origin, since)
    }

    /// When the next attempt is due, if one was due then: a check keeps its beat. A missed attempt is made up for at
    /// once, and counts as made when it was due; a check that still has to prove its state does not wait for another beat.
    fn next_due(self, due: Instant, check: &Check, health: Health) -> Instant {
        let late = self.now.saturating_duration_since(due);
        let beat = check.timing.delay_loop.as_nanos();
        if late.is_zero() {
            return due;
        }
        if health.is_to_be_proven() || beat == 0 {
            // Each outcome of such a check is remembered: the predecessor did not have this one.
            return if late <= MOMENT { due } else { self.now };
        }
        let nanos = |nanos: u128| Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
        let behind = late.as_nanos() % beat;
        if behind <= self.missed.as_nanos() {
            return self.now.checked_sub(nanos(behind)).unwrap_or(self.now);
        }
        later(self.now, nanos(beat - behind))
    }

    /// For ends: one that came while there was no director comes now.
    fn not_before_now(self, since: Duration) -> Instant {
        self.at(since).max(self.now)
    }
}

/// Longest delay of a restart after which the attempt is made at once: the predecessor hardly began it.
const MOMENT: Duration = Duration::from_millis(500);

/// An attempt that began so shortly before the end had no outcome, most likely.
const UNDER_WAY: Duration = Duration::from_millis(20);

/// A number by which a check is found again: equal checks have the same, and others hardly ever.
fn fingerprint(check: &Check) -> u64 {
    BuildHasherDefault::<DefaultHasher>::default().hash_one(check)
}
