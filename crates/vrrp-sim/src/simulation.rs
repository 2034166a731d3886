//! A run: virtual time, and what happens next.

mod faults;

use std::collections::BTreeMap;
use std::time::Duration;

use vrrp_election::{
    Event, Instant, LinkId, Neighbours, Node, NodeAction, Preempt, RouterId, ScriptAct, ScriptId, State,
    VirtualRouter,
};

use crate::checks::{Checks, Problem, Service, Violation};
use crate::machine::{Input, Machine, RequestedAction, View};
use crate::network::Partitions;
use crate::packet::Packet;
use crate::timeline::What;
use crate::{Fault, HostId, Network, Rng, Scenario, Timeline};

/// A scenario under way.
///
/// Everything follows from the scenario and the seed. Time moves only in [`run_for`](Self::run_for).
#[derive(Debug)]
pub struct Simulation {
    scenario: Scenario,
    seed: u64,
    rng: Rng,
    now: Instant,
    machines: Vec<Machine>,
    network: Network,
    partitions: Partitions,
    /// By time, then in the order in which it was planned.
    agenda: BTreeMap<(Instant, u64), Happening>,
    planned: u64,
    /// Where the network sends packets for the virtual addresses: to the host that announced them last.
    reached: BTreeMap<Service, HostId>,
    timeline: Timeline,
    checks: Checks,
}

/// Something that will happen.
#[derive(Debug)]
enum Happening {
    Arrival(HostId, LinkId, Packet),
    /// A script that the daemon's so-manieth run started ends.
    ScriptEnds(HostId, u32, ScriptId),
    Wake(HostId),
    Fault(Fault),
}

/// Networks that there may be.
const LANS: std::ops::Range<u32> = 0..8;

/// Duration of a script.
const SCRIPT_TAKES: Duration = Duration::from_millis(10);

impl Simulation {
    pub(crate) fn new(scenario: Scenario, seed: u64) -> Self {
        let limits = scenario.limits.unwrap_or_else(|| scenario.natural_limits());
        let hosts = scenario.hosts.iter().enumerate();
        let mut simulation = Self {
            machines: hosts.map(|(index, host)| Machine::new(host, HostId(index))).collect(),
            network: scenario.network,
            rng: Rng::new(seed),
            now: Instant::ZERO,
            partitions: Partitions::default(),
            agenda: BTreeMap::new(),
            planned: 0,
            reached: BTreeMap::new(),
            timeline: Timeline::default(),
            checks: Checks::new(limits),
            scenario,
            seed,
        };
        for host in simulation.hosts() {
            simulation.plan(Instant::ZERO, Happening::Fault(Fault::Start(host)));
        }
        for (at, fault) in simulation.scenario.faults.clone() {
            simulation.plan(at, Happening::Fault(fault));
        }
        simulation
    }

    /// Lets `time` pass.
    ///
    /// # Errors
    /// The first broken promise. The simulation should then be dropped.
    pub fn run_for(&mut self, time: Duration) -> Result<(), Box<Violation>> {
        let end = self.now + time;
        while let Some(next) = self.next().filter(|next| *next <= end) {
            self.now = self.now.max(next);
            self.step().map_err(|problem| self.violation(problem))?;
        }
        self.now = end;
        match self.checks.overdue(end) {
            Some(problem) => Err(self.violation(problem)),
            None => Ok(()),
        }
    }

    /// Lets `fault` happen now, before anything else.
    pub fn inject(&mut self, fault: Fault) {
        self.plan(self.now, Happening::Fault(fault));
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.now
    }

    /// The events so far.
    #[must_use]
    pub fn timeline(&self) -> &Timeline {
        &self.timeline
    }

    /// The node of a host, if its daemon runs.
    #[must_use]
    pub fn node(&self, host: HostId) -> Option<&Node> {
        self.machines.get(host.0)?.node()
    }

    /// Other speakers on the links of a host, if its daemon runs.
    #[must_use]
    pub fn neighbours(&self, host: HostId) -> Option<&Neighbours> {
        self.machines.get(host.0)?.neighbours()
    }

    /// Whether a host has the addresses of one of its routers on its interface.
    #[must_use]
    pub fn holds(&self, host: HostId, router: RouterId) -> bool {
        self.machines.get(host.0).is_some_and(|machine| machine.holds(router))
    }

    /// The hosts that serve a virtual router: Active, attentive and connected.
    #[must_use]
    pub fn serving(&self, service: Service) -> Vec<HostId> {
        let views = self.views().into_iter();
        views.filter(|view| view.service == service && view.serves()).map(|view| view.host).collect()
    }

    /// The host that packets for the addresses of a virtual router go to: the one that announced them last.
    #[must_use]
    pub fn reached(&self, service: Service) -> Option<HostId> {
        self.reached.get(&service).copied()
    }

    /// Checks that every virtual router has exactly one Active, that nobody better is waiting, and that the
    /// network knows. Meaningful once [`Scenario::settling_time`] has passed since the last fault.
    ///
    /// # Errors
    /// The first violation.
    pub fn check_settled(&self) -> Result<(), Box<Violation>> {
        let views = self.views();
        for service in views.iter().map(|view| view.service) {
            self.check_service(service, &views).map_err(|problem| self.violation(problem))?;
        }
        Ok(())
    }

    fn check_service(&self, service: Service, views: &[View]) -> Result<(), Problem> {
        let [serving] = self.serving(service)[..] else {
            return Err(Problem::Serving { service, hosts: self.serving(service) });
        };
        let of_service = || views.iter().filter(|view| view.service == service && view.connected);
        let priority = |view: &View| self.router(view).map(VirtualRouter::priority);
        // A group is better if each of its members is.
        let exceeds = |view: &View| {
            let [serving] = self.serving(view.service)[..] else { return false };
            let active = views.iter().find(|other| other.service == view.service && other.host == serving);
            view.connected
                && view.state == State::Backup
                && self.router(view).is_some_and(preempts)
                && priority(view) > active.and_then(priority)
        };
        let better = |view: &&View| exceeds(view) && view.companions(views).all(exceeds);
        if let Some(better) = of_service().find(better) {
            return Err(Problem::NotTheBest { service, serving, better: better.host });
        }
        let reached = self.reached(service);
        if reached != Some(serving) {
            return Err(Problem::Misdirected { service, serving, reached });
        }
        Ok(())
    }

    fn router(&self, view: &View) -> Option<&VirtualRouter> {
        self.node(view.host)?.router(view.router)
    }

    fn hosts(&self) -> impl Iterator<Item = HostId> + use<> {
        (0..self.machines.len()).map(HostId)
    }

    fn views(&self) -> Vec<View> {
        let machines = self.machines.iter().enumerate();
        machines.flat_map(|(index, machine)| machine.views(HostId(index))).collect()
    }

    #[expect(clippy::unnecessary_box_returns, reason = "errors are boxed: a timeline is large and rare")]
    fn violation(&self, problem: Problem) -> Box<Violation> {
        let timeline = self.timeline.clone();
        Box::new(Violation { problem, at: self.now, seed: self.seed, timeline })
    }

    fn plan(&mut self, at: Instant, happening: Happening) {
        self.planned += 1;
        self.agenda.insert((at, self.planned), happening);
    }

    fn next(&self) -> Option<Instant> {
        let planned = self.agenda.first_key_value().map(|((at, _), _)| *at);
        self.machines.iter().filter_map(Machine::looks_at).chain(planned).min()
    }

    /// Everything that happens at this instant.
    fn step(&mut self) -> Result<(), Problem> {
        if let Some(problem) = self.checks.overdue(self.now) {
            return Err(problem);
        }
        while let Some(entry) = self.agenda.first_entry().filter(|entry| entry.key().0 <= self.now) {
            let happening = entry.remove();
            self.happen(happening)?;
        }
        for host in self.hosts() {
            self.attend(host)?;
        }
        let views = self.views();
        let partitions = &self.partitions;
        self.checks.observe(self.now, &views, |lan, one, other| {
            partitions.lets_through(lan, one, other) && partitions.lets_through(lan, other, one)
        })
    }

    fn happen(&mut self, happening: Happening) -> Result<(), Problem> {
        match happening {
            Happening::Arrival(host, lan, packet) => {
                let now = self.now;
                let machine = self.machines.get_mut(host.0);
                if let Some(machine) = machine.filter(|machine| machine.is_reachable(lan)) {
                    machine.deliver(Input::Packet(now, lan, packet));
                }
                Ok(())
            }
            Happening::ScriptEnds(host, run, script) => {
                if let Some(machine) = self.machines.get_mut(host.0).filter(|machine| machine.run() == run) {
                    let end = machine.outcome(script);
                    machine.deliver(Input::Script(script, end));
                }
                Ok(())
            }
            Happening::Wake(host) => {
                if self.machines.get_mut(host.0).is_some_and(|machine| machine.wake(self.now)) {
                    self.timeline.note(self.now, What::Wakes(host));
                }
                Ok(())
            }
            Happening::Fault(fault) => self.strike(fault),
        }
    }

    /// Does something with a machine, and what it asks for.
    fn with(
        &mut self,
        host: HostId,
        change: impl FnOnce(&mut Machine) -> Vec<RequestedAction>,
    ) -> Result<(), Problem> {
        let Some(machine) = self.machines.get_mut(host.0) else { return Ok(()) };
        let actions = change(machine);
        self.perform(host, actions)?;
        self.set_alarm(host);
        Ok(())
    }

    fn attend(&mut self, host: HostId) -> Result<(), Problem> {
        let now = self.now;
        if self.machines.get(host.0).is_some_and(|machine| machine.wants_attention(now)) {
            self.with(host, |machine| machine.attend(now))?;
            self.end_departure(host)?;
        }
        Ok(())
    }

    /// A daemon that gave its addresses away stops.
    fn end_departure(&mut self, host: HostId) -> Result<(), Problem> {
        if self.machines.get(host.0).is_none_or(|machine| !machine.has_departed()) {
            return Ok(());
        }
        self.halt(host)
    }

    fn halt(&mut self, host: HostId) -> Result<(), Problem> {
        let now = self.now;
        self.with(host, |machine| machine.stop(now))?;
        self.with(host, |machine| {
            machine.kill();
            machine.forget();
            Vec::new()
        })
    }

    fn set_alarm(&mut self, host: HostId) {
        let (rng, wakes_late) = (&mut self.rng, self.scenario.wakes_late);
        if let Some(machine) = self.machines.get_mut(host.0) {
            machine.set_alarm(|| rng.up_to(wakes_late));
        }
    }

    fn perform(&mut self, host: HostId, asked: Vec<RequestedAction>) -> Result<(), Problem> {
        for RequestedAction { action, packets } in asked {
            let Some(machine) = self.machines.get_mut(host.0) else { return Ok(()) };
            match action {
                NodeAction::SendAdvert { router, .. } => {
                    let lan = machine.lan(router);
                    for packet in packets {
                        self.send(host, lan, &packet);
                    }
                }
                NodeAction::Reloaded { before } => {
                    machine.renumber(&before);
                    self.checks.renumber(host, &before);
                }
                NodeAction::AddAddresses { router } => machine.hold(router, true),
                NodeAction::RemoveAddresses { router } => machine.hold(router, false),
                NodeAction::Announce { router, repeat } => self.announce(host, router, repeat)?,
                NodeAction::Script { script, act: ScriptAct::Run } => {
                    let ends = Happening::ScriptEnds(host, machine.run(), script);
                    self.plan(self.now + SCRIPT_TAKES, ends);
                }
                NodeAction::Script { .. } => {}
                NodeAction::Tell(event) => {
                    self.timeline.note(self.now, What::Told(host, event));
                    if let Event::Standing { router, from, to, .. } = event {
                        self.checks.told(host, router, from, to)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn send(&mut self, from: HostId, lan: LinkId, packet: &Packet) {
        if !self.machines.get(from.0).is_some_and(|machine| machine.is_connected(lan)) {
            return;
        }
        for to in self.hosts().filter(|to| *to != from) {
            let is_addressed = match packet.destination() {
                group if group.is_multicast() => true,
                peer => peer == to.address(lan, packet.family()),
            };
            if is_addressed && self.partitions.lets_through(lan, from, to) && !self.is_deaf(from, to, packet)
            {
                for time in self.network.carry(&mut self.rng) {
                    self.plan(self.now + time, Happening::Arrival(to, lan, packet.clone()));
                }
            }
        }
    }

    fn is_deaf(&self, from: HostId, to: HostId, packet: &Packet) -> bool {
        let service = || packet.addressee().map(|(vrid, family)| Service { vrid, family });
        !self.scenario.deaf.is_empty()
            && service().is_some_and(|service| self.scenario.deaf.contains(&(from, to, service)))
    }

    /// Announcements are for everybody else on the network, whom no partition here concerns; of several, one has
    /// to get through.
    fn announce(&mut self, host: HostId, router: RouterId, repeat: u32) -> Result<(), Problem> {
        let Some(machine) = self.machines.get(host.0) else { return Ok(()) };
        if !machine.holds(router) {
            return Err(Problem::Announces { host, router });
        }
        if let Some(service) = machine.service(router).filter(|_| machine.is_connected(machine.lan(router))) {
            let network = self.network;
            if (0..repeat.min(100)).any(|_| !network.carry(&mut self.rng).is_empty()) {
                self.reached.insert(service, host);
            }
        }
        Ok(())
    }
}

/// Whether it takes over from a lower priority.
fn preempts(router: &VirtualRouter) -> bool {
    let config = router.config();
    !router.is_held() && (config.priority.is_owner() || config.preempt != Preempt::Never)
}
