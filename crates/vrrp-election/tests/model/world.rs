//! A few routers, a network that loses what it is told to lose, and virtual time.

use std::time::Duration;

use vrrp_election::{Action, Instant, Preempt, Received, RouterConfig, State, VirtualRouter};

use crate::support::{Hears, Speaks, centis, config, ip, own_prio, seconds};

/// One router.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Candidate {
    pub(crate) priority: u8,
    pub(crate) preempt: Preempt,
    pub(crate) starts_at: Duration,
}

/// One goes away and comes back.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Crash {
    pub(crate) who: usize,
    /// When this many adverts were sent by anybody.
    pub(crate) after_adverts: u32,
    /// With a goodbye.
    pub(crate) graceful: bool,
    pub(crate) down_for: Duration,
}

/// One run.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) candidates: Vec<Candidate>,
    /// Bit n: delivery n is lost. From the 32nd on, none is.
    pub(crate) losses: u32,
    pub(crate) crash: Option<Crash>,
    pub(crate) speaks_v2: bool,
}

const DELAY: Duration = Duration::from_millis(1);
/// The longest wait of the lowest priority here: 3 s + 156/256 s.
const DOWN: Duration = Duration::from_millis(3_610);
const INTERVAL: Duration = Duration::from_secs(1);

struct World {
    now: Instant,
    routers: Vec<VirtualRouter>,
    /// When a router starts (again).
    starts: Vec<Option<Instant>>,
    /// Packets in flight: time, destination, content.
    flying: Vec<(Instant, usize, Received)>,
    losses: u32,
    deliveries: u32,
    adverts: u32,
    crash: Option<Crash>,
    /// The last time anything was disturbed.
    disturbed: Instant,
}

impl Case {
    pub(crate) fn new(candidates: Vec<Candidate>) -> Self {
        Self { candidates, losses: 0, crash: None, speaks_v2: true }
    }

    /// Runs until long after the last disturbance.
    pub(crate) fn run(self) -> Result<(), String> {
        let delays: Duration = self
            .candidates
            .iter()
            .map(|candidate| match candidate.preempt {
                Preempt::After(delay) => delay + DOWN,
                Preempt::AtOnce | Preempt::Never => Duration::ZERO,
            })
            .max()
            .unwrap_or_default();
        let mut world = World::new(&self);
        // Until every scripted disturbance has happened; a bound, for the case where one never does.
        let limit = Instant::ZERO + Duration::from_secs(60);
        while world.is_disturbed() && world.now < limit {
            world.step();
        }
        let settled_by = world.disturbed + DOWN + INTERVAL + delays;
        while world.next().is_some_and(|next| next <= settled_by) {
            world.step();
        }
        let serving = world.actives();
        let [winner] = serving[..] else {
            return Err(format!("{serving:?} serve at {}", world.now));
        };
        if let Some(better) = cheated(&self.candidates, winner) {
            return Err(format!("{winner} serves although {better} is better and preempts"));
        }
        let stays_until = settled_by + DOWN * 2;
        while world.next().is_some_and(|next| next <= stays_until) {
            world.step();
            if world.actives() != [winner] {
                return Err(format!("{winner} served, then {:?} at {}", world.actives(), world.now));
            }
        }
        Ok(())
    }
}

/// A router that should have taken over from `winner`.
fn cheated(candidates: &[Candidate], winner: usize) -> Option<usize> {
    candidates.iter().position(|candidate| {
        candidate.priority > candidates[winner].priority && candidate.preempt != Preempt::Never
    })
}

impl World {
    fn new(case: &Case) -> Self {
        let interval = if case.speaks_v2 { seconds(1) } else { centis(100) };
        let base = config(Speaks::V2.family(), interval);
        let routers = case.candidates.iter().map(|candidate| {
            VirtualRouter::new(RouterConfig {
                priority: own_prio(candidate.priority),
                preempt: candidate.preempt,
                ..base.clone()
            })
        });
        let starts: Vec<_> =
            case.candidates.iter().map(|candidate| Some(Instant::ZERO + candidate.starts_at)).collect();
        Self {
            now: Instant::ZERO,
            routers: routers.collect(),
            disturbed: starts.iter().flatten().copied().max().unwrap_or_default(),
            starts,
            flying: Vec::new(),
            losses: case.losses,
            deliveries: 0,
            adverts: 0,
            crash: case.crash,
        }
    }

    /// Whether a loss or the crash is still to come.
    fn is_disturbed(&self) -> bool {
        self.crash.is_some()
            || self.starts.iter().any(Option::is_some)
            || self.losses.checked_shr(self.deliveries).unwrap_or(0) != 0
    }

    fn actives(&self) -> Vec<usize> {
        let active = |(id, router): (usize, &VirtualRouter)| (router.state() == State::Active).then_some(id);
        self.routers.iter().enumerate().filter_map(active).collect()
    }

    /// When something happens next.
    fn next(&self) -> Option<Instant> {
        let flying = self.flying.iter().map(|(at, ..)| *at);
        let timeouts = self.routers.iter().filter_map(VirtualRouter::poll_timeout);
        flying.chain(timeouts).chain(self.starts.iter().flatten().copied()).min()
    }

    /// Everything that happens at the next instant: adverts first, as a caller does it.
    fn step(&mut self) {
        let Some(now) = self.next() else { return };
        assert!(now >= self.now, "time goes forward");
        self.now = now;
        let (arrived, flying) = std::mem::take(&mut self.flying).into_iter().partition(|(at, ..)| *at <= now);
        self.flying = flying;
        for (_, to, advert) in arrived {
            let _ = self.routers[to].hears(now, &advert);
            self.perform(to);
        }
        for id in 0..self.routers.len() {
            if self.starts[id].is_some_and(|at| at <= now) {
                self.starts[id] = None;
                self.routers[id].handle_startup(now, address(id));
            }
            if self.routers[id].poll_timeout().is_some_and(|at| at <= now) {
                self.routers[id].handle_timeout(now);
            }
            self.perform(id);
        }
        self.crash_when_due();
    }

    fn perform(&mut self, from: usize) {
        while let Some(action) = self.routers[from].poll_action() {
            let Action::SendAdvert(priority) = action else { continue };
            self.adverts += 1;
            let interval = self.routers[from].config().interval.into();
            let advert = Received { source: address(from), priority, interval };
            for to in (0..self.routers.len()).filter(|to| *to != from) {
                let lost = self.losses.checked_shr(self.deliveries).unwrap_or(0) & 1 == 1;
                self.deliveries += 1;
                if lost {
                    self.disturbed = self.disturbed.max(self.now);
                } else {
                    self.flying.push((self.now + DELAY, to, advert));
                }
            }
        }
    }

    fn crash_when_due(&mut self) {
        let Some(crash) = self.crash.filter(|crash| crash.after_adverts <= self.adverts) else { return };
        self.crash = None;
        self.routers[crash.who].handle_shutdown(self.now);
        if crash.graceful {
            self.perform(crash.who);
        } else {
            while self.routers[crash.who].poll_action().is_some() {}
        }
        self.starts[crash.who] = Some(self.now + crash.down_for);
        self.disturbed = self.disturbed.max(self.now + crash.down_for);
    }
}

fn address(id: usize) -> std::net::IpAddr {
    const ADDRESSES: [&str; 3] = ["192.0.2.2", "192.0.2.30", "192.0.2.4"];
    ip(ADDRESSES[id])
}
