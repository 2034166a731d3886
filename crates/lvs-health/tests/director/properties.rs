//! Random inputs in random order: the view of the caller stays consistent.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use lvs_health::director::{
    Action, AttemptId, CheckId, DestinationKey, Event, Mode, Plan, Server, ServerId, Service, ServiceId,
    Sorry, Wanted,
};
use lvs_health::{Failure, Outcome, Timing, WeightUpdate};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::lab::{Lab, SECOND, address, http, tcp};

/// One input.
#[derive(Clone, Copy, Debug)]
enum Input {
    /// To the next timer.
    Wake,
    /// Time passes, tenths of a second.
    Pass(usize),
    /// One of the attempts under way ends.
    End(usize, End),
    /// One of the checks has news.
    Report(usize, End),
    /// An attempt that ended or was given up long ago ends again.
    Late(End),
    /// An address comes or goes.
    Address(usize, bool),
    /// To one of the plans, or to one that differs from it only a little.
    Reload(usize, Change),
    /// Somebody gives a server another weight in the kernel.
    Foreign(usize, u32),
    /// The director is gone without a word; the next one has the same plan, or another one.
    Crash(usize, Change),
}

/// An outcome.
#[derive(Clone, Copy, Debug)]
enum End {
    Pass(WeightUpdate),
    Fail,
}

/// Change of a plan before it is loaded.
#[derive(Clone, Copy, Debug)]
enum Change {
    Nothing,
    /// Checks are shared, or no longer.
    Share,
    /// One of the services loses its last server.
    Shrink(usize),
}

// Numbers that are mapped, where `prop_oneof!` would seed a generator for each choice not taken: that is what a story
// of 80 inputs would spend most of its time on.

fn end() -> impl Strategy<Value = End> {
    (0..10_u8, 0..200_u32).prop_map(|(kind, number)| match kind {
        0..3 => End::Pass(WeightUpdate::Unchanged),
        3..6 => End::Fail,
        6 => End::Pass(WeightUpdate::Exactly(number % 4)),
        7 => End::Pass(WeightUpdate::Percent(number)),
        8 => End::Pass(WeightUpdate::Plus(number.cast_signed() % 6 - 3)),
        _ => End::Pass(WeightUpdate::Configured),
    })
}

fn input() -> impl Strategy<Value = Input> {
    (0..42_u8, 0..50_usize, 0..4_usize, end()).prop_map(|(kind, which, how, end)| match kind {
        0..8 => Input::Wake,
        8..12 => Input::Pass(which),
        12..28 => Input::End(which, end),
        28..30 => Input::Report(which, end),
        30 => Input::Late(end),
        31..33 => Input::Address(which % 2, how % 2 == 0),
        33..35 => Input::Foreign(which, u32::try_from(how).unwrap()),
        35..38 => Input::Crash(
            which,
            [Change::Nothing, Change::Nothing, Change::Share, Change::Shrink(which / 3)][how],
        ),
        _ => {
            let change = [Change::Nothing, Change::Nothing, Change::Share, Change::Shrink(which / 3)][how];
            Input::Reload(which, change)
        }
    })
}

prop_compose! {
    fn timing()(retry in 0..3_u32, rise in 0..4_u32, alpha in any::<bool>(), fast_recovery in any::<bool>(), warmup in 0..2_u64) -> Timing {
        Timing {
            delay_loop: 3 * SECOND,
            retry,
            rise,
            delay_before_retry: SECOND,
            warmup: Duration::from_secs(5 * warmup),
            alpha,
            fast_recovery,
        }
    }
}

prop_compose! {
    fn server(port: u16)(
        weight in 0..4_u32,
        (inhibit_on_failure, backup) in (any::<bool>(), proptest::bool::weighted(0.3)),
        slow_start in select(vec![0, 0, 2, 15]),
        checks in vec((timing(), any::<bool>()), 0..3),
    ) -> Server {
        // All ask the same address: otherwise hardly any two are equal and shared.
        let check = |(timing, http_like)| if http_like { http(1, 2, &timing) } else { tcp(1, &timing) };
        Server {
            address: address(port),
            weight,
            inhibit_on_failure,
            backup,
            slow_start: Duration::from_secs(slow_start),
            checks: checks.into_iter().map(check).collect(),
        }
    }
}

prop_compose! {
    fn sorry()(inhibit in any::<bool>(), timings in vec(timing(), 0..2)) -> Sorry {
        Sorry { inhibit, checks: timings.iter().map(|timing| tcp(9, timing)).collect() }
    }
}

prop_compose! {
    fn service(name: &'static str)(
        (quorum, hysteresis, drain) in (1..5_u32, 0..3_u32, 0..6_u64),
        omega in any::<bool>(),
        suspend in vec(0..2_usize, 0..2),
        sorry in proptest::option::of(sorry()),
        (initial_notifies, panic_threshold, panic_hysteresis) in (any::<bool>(), select(vec![0, 0, 34, 70, 100]), select(vec![0, 30])),
        servers in [proptest::option::of(server(1)), proptest::option::of(server(2)), proptest::option::of(server(3))],
    ) -> Service {
        Service {
            quorum,
            hysteresis,
            omega,
            ha_suspend: suspend.into_iter().map(vip).collect(),
            sorry,
            drain: Duration::from_secs(drain),
            initial_notifies,
            panic_threshold,
            panic_hysteresis,
            servers: servers.into_iter().flatten().collect(),
            ..Service::new(name)
        }
    }
}

fn plan() -> impl Strategy<Value = Plan> {
    let services = [
        proptest::option::weighted(0.9, service("a")),
        proptest::option::of(service("b")),
        proptest::option::of(service("c")),
    ];
    (services, any::<bool>()).prop_map(|(services, share_checks)| Plan {
        services: services.into_iter().flatten().collect(),
        share_checks,
    })
}

/// The plans, of which the first is the one to begin with, and what happens.
fn story() -> impl Strategy<Value = (Vec<Plan>, Vec<Input>)> {
    (vec(plan(), 1..4), vec(input(), 0..80))
}

impl End {
    fn outcome(self) -> Outcome {
        match self {
            Self::Pass(weigh) => Outcome::Pass(weigh),
            Self::Fail => Outcome::Fail(Failure::ConnectTimeout),
        }
    }
}

impl Change {
    fn make(self, mut plan: Plan) -> Plan {
        match self {
            Self::Nothing => {}
            Self::Share => plan.share_checks = !plan.share_checks,
            Self::Shrink(which) => {
                let count = plan.services.len().max(1);
                if let Some(service) = plan.services.get_mut(which % count) {
                    service.servers.pop();
                }
            }
        }
        plan
    }
}

fn vip(which: usize) -> IpAddr {
    [[192, 0, 2, 0], [192, 0, 2, 1]][which].into()
}

/// A destination, by names that outlive a reload.
type Row = (Option<SocketAddr>, bool, u32);

/// The caller's knowledge, from inputs and actions alone.
struct World {
    lab: Lab,
    plans: Vec<Plan>,
    /// The one in force.
    plan: Plan,
    present: [bool; 2],
    under_way: BTreeMap<AttemptId, usize>,
    last_gone: Option<AttemptId>,
    /// By name: the destinations that the kernel was told to hold.
    kernel: BTreeMap<String, Vec<Row>>,
    /// By name: quorums as told; `false` if never told.
    quorums: BTreeMap<String, bool>,
    /// By name and address: servers as told.
    servers: HashMap<(String, SocketAddr), bool>,
    /// A check of one step, retold: up, settled, failures, successes.
    checks: HashMap<CheckId, (bool, bool, u32, u32)>,
}

impl World {
    fn new(plans: Vec<Plan>) -> Self {
        let plan = plans[0].clone();
        let lab = Lab::of(plan.clone());
        let mut world = Self {
            lab,
            plans,
            plan,
            present: [false; 2],
            under_way: BTreeMap::new(),
            last_gone: None,
            kernel: BTreeMap::new(),
            quorums: BTreeMap::new(),
            servers: HashMap::new(),
            checks: HashMap::new(),
        };
        world.perform();
        world.note_checks();
        world
    }

    fn take(&mut self, input: Input) {
        let now = self.lab.now;
        match input {
            Input::Wake => {
                let next = self.lab.director.poll_timeout().unwrap_or(now);
                self.lab.pass_time(next.saturating_duration_since(now));
            }
            Input::Pass(tenths) => self.lab.pass_time(SECOND * u32::try_from(tenths).unwrap() / 10),
            Input::End(which, end) => {
                let Some(attempt) = nth(&self.under_way, which) else { return };
                self.under_way.remove(&attempt);
                self.last_gone = Some(attempt);
                self.retell(attempt.check, end);
                self.lab.director.handle_outcome(now, attempt, end.outcome());
            }
            Input::Report(which, end) => {
                let checks: Vec<_> = self.lab.director.checks().collect();
                let Some(check) = checks.get(which % checks.len().max(1)).copied() else { return };
                let status = self.lab.director.check_status(check).unwrap();
                // Ignored while suspended.
                if status.running || status.next.is_some() {
                    self.retell(check, end);
                }
                self.lab.director.handle_report(now, check, end.outcome());
            }
            Input::Late(end) => {
                let Some(attempt) = self.last_gone else { return };
                self.lab.director.handle_outcome(now, attempt, end.outcome());
                assert_eq!(self.lab.director.poll_action(), None, "{attempt:?} was over");
            }
            Input::Address(which, present) => {
                self.present[which] = present;
                self.lab.director.handle_address(now, vip(which), present);
            }
            Input::Reload(which, change) => {
                let plan = self.plans[which % self.plans.len()].clone();
                self.reload(change.make(plan));
            }
            Input::Foreign(which, weight) => {
                let servers: Vec<_> = self.by_name().into_keys().collect();
                let Some((name, address)) = servers.get(which % servers.len().max(1)) else { return };
                let director = &mut self.lab.director;
                let ids = director.services().flat_map(|service| director.members(service));
                let is_it = |id: &ServerId| {
                    director.service_status(id.service).is_some_and(|status| status.name == name)
                        && director.server_status(*id).is_some_and(|status| status.address == *address)
                };
                let Some(id) = ids.into_iter().find(is_it) else { return };
                let until = (which % 3 > 0).then(|| now + SECOND * u32::try_from(which).unwrap() / 5);
                director.handle_foreign_weight(now, id, weight, until);
            }
            Input::Crash(which, change) => self.crash(which, change),
        }
        self.perform();
        self.check();
    }

    /// The rules for one check in other words.
    fn retell(&mut self, check: CheckId, end: End) {
        let definition = self.lab.director.check(check).unwrap();
        let Timing { retry, rise, .. } = definition.timing;
        let Some((up, settled, failures, successes)) = self.checks.get_mut(&check) else { return };
        match end {
            End::Pass(_) => {
                (*failures, *successes) = (0, *successes + 1);
                *up |= *successes >= rise;
                *settled |= *up;
            }
            End::Fail => {
                (*failures, *successes) = (*failures + 1, 0);
                *up &= *settled && *failures <= retry;
                *settled = true;
            }
        }
        if *up {
            *successes = 0;
        } else {
            *failures = 0;
        }
    }

    /// Takes over checks that a plan brought.
    fn note_checks(&mut self) {
        let mut noted = HashMap::new();
        for check in self.lab.director.checks() {
            let status = self.lab.director.check_status(check).unwrap();
            let begun = (status.up, status.settled, status.failures, status.successes);
            if status.definition.probe.steps() == 1 {
                noted.insert(check, self.checks.get(&check).copied().unwrap_or(begun));
            }
        }
        self.checks = noted;
    }

    fn reload(&mut self, plan: Plan) {
        let before = self.by_name();
        let old = std::mem::replace(&mut self.plan, plan.clone());
        self.lab.director.reload(self.lab.now, plan);
        let after = self.by_name();
        let known = |plan: &Plan, (name, address): &(String, SocketAddr)| {
            let service = plan.services.iter().find(|service| service.name == *name)?;
            service.servers.iter().find(|server| server.address == *address).cloned()
        };
        for (key, (up, checks)) in &before {
            let Some((up_after, checks_after)) = after.get(key) else {
                assert!(known(&self.plan, key).is_none(), "{key:?} is lost");
                self.servers.remove(key);
                continue;
            };
            let same = known(&old, key).unwrap().checks == known(&self.plan, key).unwrap().checks;
            if same && !old.share_checks && !self.plan.share_checks {
                assert_eq!((up, checks), (up_after, checks_after), "{key:?} has the same checks");
            }
        }
        self.servers.retain(|key, _| after.contains_key(key));
        self.quorums.retain(|name, _| self.plan.services.iter().any(|service| service.name == *name));
        self.note_checks();
    }

    /// Half of the time with the same plan: then nobody outside sees a difference.
    fn crash(&mut self, which: usize, change: Change) {
        let pause = Duration::from_millis(50 * u64::try_from(which).unwrap());
        let same = which.is_multiple_of(2);
        let plan =
            if same { self.plan.clone() } else { change.make(self.plans[which % self.plans.len()].clone()) };
        let before = self.by_name();
        let standing = |world: &Self| -> Vec<_> {
            let services = world.lab.director.services();
            services
                .map(|service| {
                    world
                        .lab
                        .director
                        .service_status(service)
                        .map(|status| (status.up, status.sorry, status.live))
                })
                .collect()
        };
        let stood = standing(self);
        self.plan = plan.clone();
        self.lab.crash(plan, pause);
        self.under_way.clear();
        self.last_gone = None;
        self.checks.clear();
        self.note_checks();
        // The director's part of the machine's addresses is told anew.
        let after = self.by_name();
        let ups = |of: &BTreeMap<(String, SocketAddr), (bool, Vec<CheckId>)>| -> Vec<_> {
            of.iter().map(|(key, (up, _))| (key.clone(), *up)).collect()
        };
        if same && !self.plan.share_checks {
            assert_eq!(ups(&before), ups(&after));
            assert_eq!(stood, standing(self));
            for service in self.lab.director.services().collect::<Vec<_>>() {
                let rows = self.rows(service);
                let before = &self.kernel[&self.name(service)];
                let shape =
                    |rows: &[Row]| rows.iter().map(|row| (row.0, row.1, row.2.min(1))).collect::<Vec<_>>();
                assert_eq!(shape(&rows), shape(before), "a slow start may have gone on");
            }
        }
        self.servers.retain(|key, _| after.contains_key(key));
        self.quorums.retain(|name, _| self.plan.services.iter().any(|service| service.name == *name));
        for (which, present) in self.present.into_iter().enumerate() {
            self.lab.director.handle_address(self.lab.now, vip(which), present);
        }
    }

    fn by_name(&self) -> BTreeMap<(String, SocketAddr), (bool, Vec<CheckId>)> {
        let director = &self.lab.director;
        let ids = director.services().flat_map(|service| director.members(service));
        let entry = |id| (self.key(id), (self.lab.up(id), director.checks_of(id).collect()));
        ids.map(entry).collect()
    }

    fn key(&self, id: ServerId) -> (String, SocketAddr) {
        (self.name(id.service), self.lab.director.server_status(id).unwrap().address)
    }

    fn name(&self, service: ServiceId) -> String {
        self.lab.director.service_status(service).unwrap().name.into()
    }

    fn rows(&self, service: ServiceId) -> Vec<Row> {
        let row = |wanted: Wanted| match wanted.who {
            DestinationKey::Server(id) => (Some(self.key(id).1), false, wanted.weight),
            DestinationKey::Drained(address) => (Some(address), true, wanted.weight),
            DestinationKey::Sorry => (None, false, wanted.weight),
        };
        let mut rows: Vec<_> = self.lab.director.destinations(service).map(row).collect();
        rows.sort_unstable();
        rows
    }

    fn perform(&mut self) {
        for action in self.lab.drain() {
            match action {
                Action::Start { attempt, step } => {
                    assert!(step < self.lab.director.check(attempt.check).unwrap().probe.steps());
                    assert!(self.under_way.keys().all(|other| other.check != attempt.check), "two at once");
                    self.under_way.insert(attempt, step);
                }
                Action::Cancel(attempt) => {
                    assert!(self.under_way.remove(&attempt).is_some(), "{attempt:?} is not under way");
                    self.last_gone = Some(attempt);
                }
                Action::Program(service) => {
                    self.kernel.insert(self.name(service), self.rows(service));
                }
                Action::Remove { name } => assert!(self.kernel.remove(&name).is_some(), "{name} is unknown"),
                Action::Tell(event) => self.hear(&event),
            }
        }
    }

    fn hear(&mut self, event: &Event) {
        match *event {
            Event::Quorum { service, up, initial, weight, .. } => {
                let before = self.quorums.insert(self.name(service), up);
                let news = if initial { before.is_none() } else { before.unwrap_or(false) != up };
                assert!(news, "the quorum is told twice");
                assert_eq!(weight, self.lab.director.service_status(service).unwrap().live);
            }
            Event::Server { server, .. } if server.is_sorry() => {}
            Event::Server { server, up, .. } => {
                assert_ne!(self.servers.insert(self.key(server), up), Some(up), "the server is told twice");
            }
            Event::Weight { from, to, .. } => assert_ne!(from, to),
            _ => {}
        }
    }

    /// Invariants between any two inputs.
    fn check(&self) {
        for (service, definition) in self.lab.director.services().zip(&self.plan.services) {
            self.check_service(service, definition);
        }
        assert_eq!(self.kernel.len(), self.plan.services.len());
        for check in self.lab.director.checks() {
            self.check_check(check);
        }
        let known = self.by_name();
        for (key, told) in &self.servers {
            assert_eq!(*told, known[key].0, "{key:?}");
        }
    }

    fn check_service(&self, service: ServiceId, definition: &Service) {
        let director = &self.lab.director;
        let status = director.service_status(service).unwrap();
        let mut live = 0;
        let mut rows = Vec::new();
        self.check_tiers(service, definition);
        let is_sorry = status.sorry_up == Some(true) && !status.up;
        assert_eq!(status.sorry_up.is_some(), definition.sorry.is_some());
        assert_eq!(status.sorry, is_sorry);
        for (id, server) in director.members(service).zip(&definition.servers) {
            let mut checks = director.checks_of(id).map(|check| director.check_status(check).unwrap());
            let state = director.server_status(id).unwrap();
            assert_eq!(state.up, checks.all(|check| check.up));
            live += if state.up { u64::from(state.weight) } else { 0 };
            let serves = state.up && !is_sorry;
            let stands_by = server.backup && !status.backups;
            if status.panics && state.known_down && !is_sorry && !stands_by {
                let own = match director.intent(id).map(|intent| intent.mode) {
                    Some(Mode::Weight(weight)) => weight,
                    _ => state.weight,
                };
                rows.push((Some(server.address), false, own));
            } else if serves {
                let weight = state.programmed.unwrap();
                if let Some(intent) = director.intent(id) {
                    assert_eq!(intent.mode, Mode::Weight(weight), "as it was set outside");
                    rows.push((Some(server.address), false, weight));
                    continue;
                }
                if stands_by {
                    assert_eq!(weight, 0);
                    rows.push((Some(server.address), false, 0));
                    continue;
                }
                if server.slow_start.is_zero() {
                    assert_eq!(weight, state.weight);
                }
                assert!((state.weight.min(1)..=state.weight).contains(&weight));
                rows.push((Some(server.address), false, weight));
            } else if server.inhibit_on_failure {
                rows.push((Some(server.address), false, 0));
            }
        }
        match (&definition.sorry, is_sorry) {
            (Some(_), true) => rows.push((None, false, 1)),
            (Some(Sorry { inhibit: true, .. }), false) => rows.push((None, false, 0)),
            _ => {}
        }
        rows.sort_unstable();
        let drained = |row: &Row| row.1;
        let kernel = &self.kernel[&definition.name];
        assert_eq!(kernel, &self.rows(service), "a change that nobody was asked to program");
        assert_eq!(kernel.iter().copied().filter(|row| !drained(row)).collect::<Vec<_>>(), rows);
        assert!(kernel.iter().filter(|row| drained(row)).all(|row| row.2 == 0));
        assert_eq!(status.live, live);
        let (quorum, hysteresis) = (definition.quorum.into(), u64::from(definition.hysteresis));
        assert!(!status.up || (live > 0 && live + hysteresis >= quorum));
        assert!(status.up || live < quorum + hysteresis);
        assert_eq!(self.quorums.get(&definition.name).copied().unwrap_or(false), status.up);
    }

    /// Backup servers and `panic_threshold`, in other words.
    fn check_tiers(&self, service: ServiceId, definition: &Service) {
        let director = &self.lab.director;
        let status = director.service_status(service).unwrap();
        let known = || {
            director.members(service).map(|id| director.server_status(id).unwrap()).zip(&definition.servers)
        };
        let live: u64 = known()
            .filter(|(state, it)| state.up && !it.backup)
            .map(|(state, _)| u64::from(state.weight))
            .sum();
        let (quorum, margin) = (u64::from(definition.quorum), u64::from(definition.hysteresis));
        if !known().any(|(_, it)| it.backup) {
            assert!(!status.backups);
        } else if status.backups {
            assert!(live < quorum + margin);
        } else {
            assert!(live >= quorum.saturating_sub(margin).max(1));
        }
        let counted = || known().filter(|(_, it)| status.backups || !it.backup);
        let all = counted().count();
        let good = all - counted().filter(|(state, _)| !state.up && state.known_down).count();
        let threshold = usize::from(definition.panic_threshold);
        if threshold == 0 || (status.backups && status.up) {
            assert!(!status.panics);
        } else if status.panics {
            assert!(good * 100 < (threshold + usize::from(definition.panic_hysteresis)).min(100) * all);
        } else {
            assert!(good * 100 >= threshold * all);
        }
    }

    fn check_check(&self, check: CheckId) {
        let director = &self.lab.director;
        let status = director.check_status(check).unwrap();
        if let Some(retold) = self.checks.get(&check) {
            assert_eq!((status.up, status.settled, status.failures, status.successes), *retold);
        }
        let suspended = |id: &ServerId| {
            let needs = &self.plan.services[id.service.index()].ha_suspend;
            !needs.is_empty() && !needs.iter().any(|address| self.present[usize::from(*address == vip(1))])
        };
        let needed = !director.servers(check).iter().all(suspended);
        assert_eq!(status.running, self.under_way.keys().any(|attempt| attempt.check == check));
        assert_eq!(status.next.is_some(), needed && !status.running);
        if let Some(next) = status.next {
            assert!(next <= self.lab.now + 5 * SECOND, "no wait is longer than the longest delay");
            assert!(director.poll_timeout().is_some_and(|timeout| timeout <= next));
        }
    }
}

fn nth(under_way: &BTreeMap<AttemptId, usize>, which: usize) -> Option<AttemptId> {
    under_way.keys().nth(which % under_way.len().max(1)).copied()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_director_keeps_its_word((plans, inputs) in story()) {
        let mut world = World::new(plans);
        world.check();
        for input in inputs {
            world.take(input);
        }
    }
}
