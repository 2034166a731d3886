//! The director: all virtual servers of a machine, when their servers are checked, and what follows.
//!
//! It owns no socket and reads no clock: outcomes of attempts go in, attempts to begin, destinations that the kernel
//! should hold and events to tell come out.
//!
//! ```
//! use std::net::SocketAddr;
//! use std::time::{Duration, Instant};
//!
//! use lvs_health::director::{Action, Director, Plan, Server, Service};
//! use lvs_health::{Check, Failure, Network, Outcome, Target, Timing};
//!
//! let address: SocketAddr = "10.0.0.1:80".parse()?;
//! let second = Duration::from_secs(1);
//! let check = Check::network(Network::connect(Target::new(address, second)), Timing::every(10 * second));
//! let server = Server { checks: vec![check], ..Server::new(address) };
//! let service = Service { servers: vec![server], ..Service::new("[192.0.2.1]:tcp:80") };
//!
//! let mut now = Instant::now();
//! let mut director = Director::new(now, Plan { services: vec![service], share_checks: false });
//! loop {
//!     while let Some(action) = director.poll_action() {
//!         match action {
//!             Action::Start { attempt, .. } => {
//!                 // Here: at once, and it fails.
//!                 director.handle_outcome(now, attempt, Outcome::Fail(Failure::ConnectTimeout));
//!             }
//!             Action::Program(service) => println!("{:?}", director.destinations(service).collect::<Vec<_>>()),
//!             Action::Tell(event) => println!("{event:?}"),
//!             Action::Cancel(_) | Action::Remove { .. } => {}
//!         }
//!     }
//!     let Some(server) = director.services().flat_map(|service| director.members(service)).next() else { break };
//!     if director.server_status(server).is_some_and(|status| !status.up) {
//!         break;
//!     }
//!     now = director.poll_timeout().ok_or("nothing to wait for")?;
//!     director.handle_timeout(now);
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Invariants:
//!
//! - A server is up while none of its checks is down. A check has at most one attempt under way, and while none is,
//!   a timer is armed for the next, unless all its virtual servers are suspended.
//! - The wanted content of the kernel follows from the servers that are up, the weights, the quorum and the drained
//!   servers: nothing else.
//! - While the quorum is lost these are used, each only where the one before does not suffice: backup servers; the sorry
//!   server, if its checks are good; servers that failed (`panic_threshold`).
//! - The caller hears of the kernel first, then of what happened, then of new attempts.
//!
//! Several checks may speak about one weight, in any order: the smallest [`WeightUpdate::Exactly`] takes the place of the
//! configured weight, the smallest [`WeightUpdate::Percent`] scales it (rounded up), every [`WeightUpdate::Plus`] is added, and the
//! sum ends at 0 and [`MAX_WEIGHT`]. A 0 of the first two kinds drains the server whatever is added.
//! [`WeightUpdate::Unchanged`] leaves what the same check said before.
//!
//! A check that a reload brings to a server it kept begins as that server stands, as in keepalived, so that no reload
//! takes a good server out or puts a bad one in; its first result decides. (One that it comes to share with another
//! server stands as it stands there.) With several `ha_suspend` addresses, one that is there suffices. First attempts
//! are spread evenly, not at random, and without keepalived's second of delay before them. Those a second or more apart may
//! begin up to a fiftieth of a second early, with others: fewer wake-ups serve many checks. `slow_start`, sharing,
//! draining, backup servers, passive detection, checks of the sorry server and `panic_threshold` are our own.
//!
//! [`WeightUpdate::Exactly`]: crate::WeightUpdate::Exactly
//! [`WeightUpdate::Percent`]: crate::WeightUpdate::Percent
//! [`WeightUpdate::Plus`]: crate::WeightUpdate::Plus
//! [`WeightUpdate::Unchanged`]: crate::WeightUpdate::Unchanged

mod action;
mod beat;
mod checks;
mod config;
mod health;
mod history;
mod intent;
mod memory;
mod outbox;
mod outlier;
mod ramp;
mod reload;
mod service;
mod snapshot;
mod spread;
mod status;
mod suspicion;
mod timers;
mod weight;

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::time::{Duration, Instant};

use crate::Outcome;
use beat::Beat;
use checks::{Checks, Phase};
use memory::Recollection;
use outbox::Outbox;
use ramp::Ramp;
use service::{Member, Pool};
use spread::Spread;
use timers::{Timer, Timers};

pub use action::{
    Action, AttemptId, Cause, CheckId, DestinationKey, Event, ServerId, ServiceId, Verdict, Wanted,
};
pub use config::{Plan, Server, Service, Sorry};
pub use history::LastFailure;
pub use intent::{Intent, Mode, OUTSIDE, SteerError, Steered};
pub use memory::ServiceMemory;
pub use outlier::Traffic;
pub use snapshot::{ServerSnapshot, ServiceSnapshot};
pub use status::{CheckStatus, ServerStatus, ServiceStatus};
pub use weight::MAX_WEIGHT;

/// All virtual servers of a machine.
///
/// One input, then [`poll_action`](Self::poll_action) until it gives `None`, then wait until
/// [`poll_timeout`](Self::poll_timeout). `now` never goes back. An early or repeated wake-up is harmless.
#[derive(Clone, Debug)]
pub struct Director {
    pools: Vec<Pool>,
    checks: Checks,
    timers: Timers,
    outbox: Outbox,
    recollection: Recollection,
    spread: Spread,
    beat: Beat,
    /// Its start: earlier attempts were due to a predecessor.
    began: Instant,
    /// Addresses of this host, as far as was said.
    present: HashSet<IpAddr>,
    /// Services that are suspended while this host lacks the address.
    suspending: HashMap<IpAddr, Vec<ServiceId>>,
    stopping: bool,
}

impl Director {
    /// A director that starts at `now`.
    ///
    /// No address is on this host before [`handle_address`](Self::handle_address) says so.
    #[must_use]
    pub fn new(now: Instant, plan: Plan) -> Self {
        let mut director = Self::empty(now);
        director.install(now, plan, true);
        director
    }

    fn empty(now: Instant) -> Self {
        Self {
            pools: Vec::new(),
            checks: Checks::default(),
            timers: Timers::default(),
            outbox: Outbox::default(),
            recollection: Recollection::default(),
            spread: Spread::default(),
            beat: Beat::from(now),
            began: now,
            present: HashSet::new(),
            suspending: HashMap::new(),
            stopping: false,
        }
    }

    /// Goes on with another plan. Take every action out before: afterwards all places mean the new plan.
    ///
    /// Virtual servers are the same if their names are, servers if their addresses are as well, and checks if they are
    /// equal (shared ones: wherever they stand); objects that are the same keep their state and their timers.
    pub fn reload(&mut self, now: Instant, plan: Plan) {
        if !self.stopping {
            self.install(now, plan, false);
        }
    }

    /// An attempt ended. Ignored if it is not under way: it was given up since.
    pub fn handle_outcome(&mut self, now: Instant, attempt: AttemptId, outcome: Outcome) {
        if self.checks.runs(attempt) {
            self.conclude(now, attempt.check.slot, outcome);
        }
    }

    /// An attempt could not be made for want of something on this machine: that says nothing about the server. Another
    /// one follows in a second or two. Ignored if it is not under way.
    pub fn put_off(&mut self, now: Instant, attempt: AttemptId) {
        if self.checks.runs(attempt) {
            let until = later(now, SOON + self.spread.next(SOON));
            self.postpone(until, attempt.check.slot);
        }
    }

    /// A check has news without an attempt, for example because its file or BFD session changed. Counts as an
    /// attempt that ended now; one that is under way is given up. Ignored while the check is suspended.
    pub fn handle_report(&mut self, now: Instant, check: CheckId, outcome: Outcome) {
        let Some(runner) = self.checks.find(check) else { return };
        match runner.phase {
            Phase::Asleep => return,
            Phase::Waits(at) => self.timers.disarm(at, Timer::Check(check.slot)),
            Phase::Runs(number) => self.outbox.cancel(AttemptId { check, number }),
        }
        self.conclude(now, check.slot, outcome);
    }

    /// An address came to this host, or left it. Repeating what was said is harmless.
    pub fn handle_address(&mut self, now: Instant, address: IpAddr, present: bool) {
        let news = if present { self.present.insert(address) } else { self.present.remove(&address) };
        if !news || self.stopping {
            return;
        }
        for service in self.suspending.get(&address).cloned().unwrap_or_default() {
            self.suspend_or_resume(now, service);
        }
    }

    /// Time passed.
    ///
    /// If nobody looked for more than a second (the machine slept, the caller was busy), attempts that became due
    /// meanwhile keep their distances instead of beginning all at once, now and in every period after it.
    pub fn handle_timeout(&mut self, now: Instant) {
        let first = self.timers.next().unwrap_or(now);
        let stalled = now.saturating_duration_since(first) > STALL;
        while let Some((at, timer)) = self.timers.pop(now) {
            match timer {
                Timer::Check(slot) if stalled && at > first => self.postpone(later(now, at - first), slot),
                Timer::Check(slot) => self.begin(now, if stalled { now } else { at }, slot),
                Timer::Ramp(server) => self.climb(now, server),
                Timer::Drain(service) => self.end_drains(now, service),
                Timer::Intent(server) => self.time_intent(now, server),
            }
        }
    }

    /// The machine stops: nothing is checked any more, and nothing should be left in the kernel. With `omega`,
    /// servers that serve are told to be down, and so is the quorum, even if it was. Every later input is ignored.
    pub fn handle_stop(&mut self) {
        if self.stopping {
            return;
        }
        self.stopping = true;
        self.timers.clear();
        for runner in self.checks.iter_mut() {
            if let Some(attempt) = runner.attempt() {
                self.outbox.cancel(attempt);
            }
            runner.phase = Phase::Asleep;
        }
        for service in self.services() {
            self.say_goodbye(service);
        }
    }

    /// The next thing to do.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.outbox.pop(|attempt| self.checks.runs(attempt))
    }

    /// When to call [`handle_timeout`](Self::handle_timeout); `None`: not before another input.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.timers.next()
    }

    fn begin(&mut self, now: Instant, due: Instant, slot: u32) {
        let number = self.checks.next_attempt();
        let Some(runner) = self.checks.at_mut(slot) else { return };
        runner.phase = Phase::Runs(number);
        runner.due = Some(due);
        runner.history.begin(now);
        self.outbox.start(AttemptId { check: runner.id, number }, runner.health.step());
    }

    fn postpone(&mut self, until: Instant, slot: u32) {
        let Some(runner) = self.checks.at_mut(slot) else { return };
        runner.history.give_up();
        runner.phase = Phase::Waits(until);
        self.timers.arm(until, Timer::Check(slot));
    }

    /// Takes what an attempt says, and arms the timer of the next.
    fn conclude(&mut self, now: Instant, slot: u32, outcome: Outcome) {
        let Some(runner) = self.checks.at_mut(slot) else { return };
        let check = runner.id;
        let before = runner.health;
        let change = runner.health.handle(&runner.check, &outcome);
        if runner.health.is_worth_remembering(before) {
            for server in &runner.servers {
                self.recollection.change(server.service);
            }
        }
        let up = runner.health.up();
        if change.turned || change.first {
            runner.history.turn(now);
        }
        let next = beat::next_attempt(runner.due.take(), now, &change, (self.began, self.beat));
        runner.phase = Phase::Waits(next);
        self.timers.arm(next, Timer::Check(slot));
        let failure = outcome.into_failure();
        runner.history.end(now, failure.as_ref());
        if let (Some(failure), Some(verdict)) = (failure, change.verdict) {
            self.outbox.tell(Event::Attempt { check, failure, verdict });
        }
        if change.turned || change.first {
            self.outbox.tell(Event::Check { check, up, first: change.first });
        }
        if change.turned || change.first || change.weighs {
            // All servers first: the result of a shared check may raise one weight and lower another of the same
            // service.
            let mut concerned = runner.servers.clone();
            concerned.retain(|server| self.reassess(now, *server, Cause::Check(check)));
            for server in concerned {
                self.reckon(now, server.service, false);
            }
        }
    }

    /// Brings a server in line with its checks; whether that changed anything for its virtual server.
    fn reassess(&mut self, now: Instant, id: ServerId, cause: Cause) -> bool {
        let Some(member) = self.member(id) else { return false };
        let checks =
            || member.checks.iter().filter_map(|slot| self.checks.at(*slot)).map(|runner| &runner.health);
        let alive = checks().all(health::Health::up);
        let failed = checks().any(|health| health.settled() && !health.up());
        let weight = weight::combine(member.configured, checks().map(health::Health::weigh));

        let Some(pool) = self.pools.get_mut(id.service.index()) else { return false };
        let Some(member) = pool.member_mut(id) else { return false };
        let (was_alive, was_weight, counted) = (member.alive, member.weight, member.live());
        (member.alive, member.weight) = (alive, weight);
        if alive != was_alive {
            member.since = Some(now);
        }
        let counts = member.live();
        // A server that began as down is told to be down when that is proven. To one that was up, and that a reload
        // took down because a check that it shares now is not up yet, the proof is no news.
        let falls = !alive && !member.known_down && (was_alive || failed);
        member.known_down |= falls;
        if alive && !was_alive && std::mem::take(&mut member.known_down) {
            member.ramp = Ramp::new(now, member.slow_start).map(Box::new);
            if let Some(ramp) = &member.ramp {
                self.timers.arm(ramp.due(), Timer::Ramp(id));
            }
        }
        if !alive && let Some(ramp) = member.ramp.take() {
            self.timers.disarm(ramp.due(), Timer::Ramp(id));
        }
        if !id.is_sorry() {
            pool.live = pool.live + counts - counted;
        }
        if weight != was_weight && !id.is_sorry() {
            self.outbox.tell(Event::Weight { server: id, from: was_weight, to: weight });
        }
        if falls || (alive && !was_alive) {
            self.outbox.tell(Event::Server { server: id, up: alive, cause });
        }
        // Where servers may be used although they are down, it matters whether they are only assumed to be.
        let proven_down = falls && pool.panic_threshold > 0;
        let changed = (alive, weight) != (was_alive, was_weight) || proven_down;
        if changed {
            self.outbox.program(id.service);
            self.recollection.change(id.service);
        }
        changed
    }

    /// Brings the quorum in line with the servers. `initial`: for the first time.
    fn reckon(&mut self, now: Instant, service: ServiceId, initial: bool) {
        let Some(pool) = self.pools.get_mut(service.index()) else { return };
        let up = pool.has_quorum();
        let news = std::mem::replace(&mut pool.up, up) != up;
        if news {
            pool.since = Some(now);
            self.outbox.program(service);
            self.recollection.change(service);
        }
        // Keepalived tells of a start without quorum only where a sorry server steps in.
        if news || (initial && (up || pool.sorry.is_some())) {
            let Pool { live: weight, quorum, hysteresis, .. } = *pool;
            self.outbox.tell(Event::Quorum { service, up, weight, quorum, hysteresis, initial });
        }
        let serving = pool.needs_backups();
        if std::mem::replace(&mut pool.backups_serve, serving) != serving {
            self.outbox.program(service);
            self.recollection.change(service);
            self.outbox.tell(Event::Backup { service, serving });
        }
        let panics = pool.should_panic();
        if std::mem::replace(&mut pool.panics, panics) != panics {
            self.outbox.program(service);
            self.recollection.change(service);
            self.outbox.tell(Event::Panic { service, panics });
        }
        let serving = pool.is_sorry();
        if std::mem::replace(&mut pool.sorry_serves, serving) != serving {
            self.outbox.tell(Event::Sorry { service, serving });
        }
    }

    /// The next stair of a slow start.
    fn climb(&mut self, now: Instant, id: ServerId) {
        let Some(pool) = self.pools.get_mut(id.service.index()) else { return };
        let Some(member) = pool.members.get_mut(id.index()) else { return };
        let before = member.ramp().map(|ramp| ramp.weight(member.weight));
        member.ramp = member.ramp().and_then(|ramp| ramp.at(now)).map(Box::new);
        if let Some(ramp) = &member.ramp {
            self.timers.arm(ramp.due(), Timer::Ramp(id));
        }
        if before != Some(member.ramp().map_or(member.weight, |ramp| ramp.weight(member.weight))) {
            self.outbox.program(id.service);
        }
    }

    fn end_drains(&mut self, now: Instant, service: ServiceId) {
        let Some(pool) = self.pools.get_mut(service.index()) else { return };
        let outbox = &mut self.outbox;
        pool.drained.retain(|drained| {
            let stays = drained.until > now;
            if !stays {
                outbox.program(service);
                self.recollection.change(service);
                outbox.tell(Event::Drained { service, server: drained.address });
            }
            stays
        });
    }

    fn suspend_or_resume(&mut self, now: Instant, service: ServiceId) {
        let Some(pool) = self.pools.get_mut(service.index()) else { return };
        let suspended = pool.lacks_all(&self.present);
        if std::mem::replace(&mut pool.suspended, suspended) == suspended {
            return;
        }
        self.outbox.tell(Event::Suspended { service, suspended });
        let slots: Vec<u32> = pool.everybody().flat_map(|member| &member.checks).copied().collect();
        for slot in slots {
            self.wake_or_sleep(now, slot);
        }
    }

    /// Makes a check go on, or not, as the virtual servers that need it are suspended or not.
    fn wake_or_sleep(&mut self, now: Instant, slot: u32) {
        let Some(runner) = self.checks.at_mut(slot) else { return };
        let suspended = |id: &ServerId| {
            let member = |pool: &Pool| pool.members.get(id.index()).is_some_and(Member::is_in_maintenance);
            self.pools.get(id.service.index()).is_none_or(|pool| pool.suspended || member(pool))
        };
        let needed = !runner.servers.iter().all(suspended);
        match (runner.phase, needed) {
            (Phase::Asleep, true) => {
                let warmup = runner.check.timing.warmup;
                let first = self.beat.before(later(now, self.spread.next(warmup)), warmup).max(now);
                runner.phase = Phase::Waits(first);
                self.timers.arm(first, Timer::Check(slot));
            }
            (Phase::Waits(at), false) => {
                runner.phase = Phase::Asleep;
                self.timers.disarm(at, Timer::Check(slot));
            }
            (Phase::Runs(number), false) => {
                runner.phase = Phase::Asleep;
                runner.due = None;
                runner.history.give_up();
                self.outbox.cancel(AttemptId { check: runner.id, number });
            }
            (Phase::Asleep, false) | (Phase::Waits(_) | Phase::Runs(_), true) => {}
        }
    }

    fn say_goodbye(&mut self, service: ServiceId) {
        let Some(pool) = self.pools.get(service.index()) else { return };
        self.outbox.remove(pool.name.clone());
        if !pool.omega {
            return;
        }
        for (place, member) in (0..).zip(&pool.members) {
            if pool.serves(member) {
                let server = ServerId { service, place };
                self.outbox.tell(Event::Server { server, up: false, cause: Cause::Stop });
            }
        }
        let Pool { quorum, hysteresis, .. } = *pool;
        self.outbox.tell(Event::Quorum { service, up: false, weight: 0, quorum, hysteresis, initial: false });
    }

    fn member(&self, id: ServerId) -> Option<&Member> {
        self.pools.get(id.service.index())?.member(id)
    }

    fn member_mut(&mut self, id: ServerId) -> Option<&mut Member> {
        self.pools.get_mut(id.service.index())?.member_mut(id)
    }
}

/// A later time; no later than the clock can tell.
fn later(now: Instant, wait: Duration) -> Instant {
    now.checked_add(wait).or_else(|| now.checked_add(A_CENTURY)).unwrap_or(now)
}

/// A wake-up later than this means that the process or the machine stood still.
const STALL: Duration = Duration::from_secs(1);

/// Before an attempt that was put off is made after all; as long again to spread many.
const SOON: Duration = Duration::from_secs(1);

/// For waits without a sensible end.
const A_CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 3600);
