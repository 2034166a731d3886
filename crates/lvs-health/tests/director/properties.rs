//! Whatever happens, in whatever order: what somebody outside sees stays consistent.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use lvs_health::director::{
    Action, AttemptId, CheckId, Event, Plan, Server, ServerId, Service, ServiceId, Sorry, Wanted, Who,
};
use lvs_health::{Failure, Outcome, Timing, Weigh};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::lab::{Lab, SECOND, address, http, tcp};

/// One input.
#[derive(Clone, Debug)]
enum Input {
    /// Time passes, tenths of a second.
    Pass(u16),
    /// To the next timer.
    Wake,
    /// One of the attempts under way ends.
    End(usize, Outcome),
    /// One of the checks has news.
    Report(usize, Outcome),
    /// An attempt that ended or was given up long ago ends again.
    Late(Outcome),
    /// An address comes or goes.
    Address(u8, bool),
    Reload(Plan),
}

fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        3 => Just(Outcome::Pass(Weigh::Unsaid)),
        3 => Just(Outcome::Fail(Failure::ConnectTimeout)),
        1 => (0..4_u32).prop_map(|weight| Outcome::Pass(Weigh::Exactly(weight))),
        1 => (0..200_u32).prop_map(|percent| Outcome::Pass(Weigh::Percent(percent))),
        1 => (-3..3_i32).prop_map(|more| Outcome::Pass(Weigh::Plus(more))),
        1 => Just(Outcome::Pass(Weigh::Configured)),
    ]
}

prop_compose! {
    fn timing()(retry in 0..3_u32, alpha in any::<bool>(), fast_recovery in any::<bool>(), warmup in 0..2_u64) -> Timing {
        Timing {
            delay_loop: 3 * SECOND,
            retry,
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
        inhibit_on_failure in any::<bool>(),
        slow_start in select(vec![0, 0, 2, 15]),
        checks in vec((timing(), any::<bool>(), 0..2_u16), 0..3),
    ) -> Server {
        let check = |(timing, http_like, shift)| {
            if http_like { http(port + shift, 2, &timing) } else { tcp(port + shift, &timing) }
        };
        Server {
            address: address(port),
            weight,
            inhibit_on_failure,
            slow_start: Duration::from_secs(slow_start),
            checks: checks.into_iter().map(check).collect(),
        }
    }
}

prop_compose! {
    fn service(name: &'static str)(
        (quorum, hysteresis, drain) in (1..5_u32, 0..3_u32, 0..6_u64),
        omega in any::<bool>(),
        suspend in vec(0..2_u8, 0..2),
        sorry in proptest::option::of(any::<bool>().prop_map(|inhibit| Sorry { inhibit })),
        initial_notifies in any::<bool>(),
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

/// A plan, and now and then one that differs from it only a little.
fn input(first: &Plan) -> impl Strategy<Value = Input> + use<> {
    let (again, shared, smaller) = (first.clone(), first.clone(), first.clone());
    prop_oneof![
        4 => (0..50_u16).prop_map(Input::Pass),
        8 => Just(Input::Wake),
        16 => (any::<usize>(), outcome()).prop_map(|(which, outcome)| Input::End(which, outcome)),
        2 => (any::<usize>(), outcome()).prop_map(|(which, outcome)| Input::Report(which, outcome)),
        1 => outcome().prop_map(Input::Late),
        2 => (0..2_u8, any::<bool>()).prop_map(|(which, present)| Input::Address(which, present)),
        1 => plan().prop_map(Input::Reload),
        1 => Just(Input::Reload(again)),
        1 => Just(Input::Reload(Plan { share_checks: !shared.share_checks, ..shared })),
        1 => any::<usize>().prop_map(move |which| {
            let mut plan = smaller.clone();
            let count = plan.services.len().max(1);
            if let Some(service) = plan.services.get_mut(which % count) {
                service.servers.pop();
            }
            Input::Reload(plan)
        }),
    ]
}

fn story() -> impl Strategy<Value = (Plan, Vec<Input>)> {
    plan().prop_flat_map(|plan| {
        let inputs = vec(input(&plan), 0..80);
        (Just(plan), inputs)
    })
}

fn vip(which: u8) -> IpAddr {
    [192, 0, 2, which].into()
}

/// Who a destination is, by names that outlive a reload.
type Row = (Option<SocketAddr>, bool, u32);

/// What somebody outside knows from inputs and actions alone.
struct World {
    lab: Lab,
    plan: Plan,
    present: [bool; 2],
    under_way: BTreeMap<AttemptId, usize>,
    last_gone: Option<AttemptId>,
    /// By name: what the kernel was told to hold.
    kernel: BTreeMap<String, Vec<Row>>,
    /// By name: quorums as told; `false` if never told.
    quorums: BTreeMap<String, bool>,
    /// By name and address: servers as told.
    servers: HashMap<(String, SocketAddr), bool>,
    /// A check of one step, retold: up, settled, failures.
    checks: HashMap<CheckId, (bool, bool, u32)>,
}

impl World {
    fn new(plan: Plan) -> Self {
        let lab = Lab::of(plan.clone());
        let mut world = Self {
            lab,
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
            Input::Pass(tenths) => self.lab.pass_time(Duration::from_millis(u64::from(tenths) * 100)),
            Input::Wake => {
                let next = self.lab.director.poll_timeout().unwrap_or(now);
                self.lab.pass_time(next.saturating_duration_since(now));
            }
            Input::End(which, outcome) => {
                let Some(attempt) = nth(&self.under_way, which) else { return };
                self.under_way.remove(&attempt);
                self.last_gone = Some(attempt);
                self.retell(attempt.check, &outcome);
                self.lab.director.handle_outcome(now, attempt, outcome);
            }
            Input::Report(which, outcome) => {
                let checks: Vec<_> = self.lab.director.checks().collect();
                let Some(check) = checks.get(which % checks.len().max(1)).copied() else { return };
                if self.lab.director.check_status(check).unwrap() != self.asleep(check) {
                    self.retell(check, &outcome);
                }
                self.lab.director.handle_report(now, check, outcome);
            }
            Input::Late(outcome) => {
                let Some(attempt) = self.last_gone else { return };
                self.lab.director.handle_outcome(now, attempt, outcome);
                assert_eq!(self.lab.director.poll_action(), None, "{attempt:?} was over");
            }
            Input::Address(which, present) => {
                self.present[usize::from(which)] = present;
                self.lab.director.handle_address(now, vip(which), present);
            }
            Input::Reload(plan) => self.reload(plan),
        }
        self.perform();
        self.check();
    }

    /// The same status, were it neither waiting nor running.
    fn asleep(&self, check: CheckId) -> lvs_health::director::CheckStatus {
        let mut status = self.lab.director.check_status(check).unwrap();
        (status.running, status.next) = (false, None);
        status
    }

    /// The rules for one check in other words.
    fn retell(&mut self, check: CheckId, outcome: &Outcome) {
        let definition = self.lab.director.check(check).unwrap();
        let retry = definition.timing.retry;
        let Some((up, settled, failures)) = self.checks.get_mut(&check) else { return };
        match outcome {
            Outcome::Pass(_) => (*up, *failures) = (true, 0),
            Outcome::Fail(_) => {
                *failures += 1;
                *up &= *settled && *failures <= retry;
            }
        }
        *settled = true;
        if !*up {
            *failures = 0;
        }
    }

    /// Takes over checks that a plan brought.
    fn note_checks(&mut self) {
        let mut noted = HashMap::new();
        for check in self.lab.director.checks() {
            let status = self.lab.director.check_status(check).unwrap();
            let begun = (status.up, status.settled, status.failures);
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
            Who::Server(id) => (Some(self.key(id).1), false, wanted.weight),
            Who::Drained(address) => (Some(address), true, wanted.weight),
            Who::Sorry => (None, false, wanted.weight),
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
                let before = self.quorums.insert(self.name(service), up).unwrap_or(false);
                assert!(initial || before != up, "told twice");
                assert_eq!(weight, self.lab.director.service_status(service).unwrap().live);
            }
            Event::Server { server, up, .. } => {
                assert_ne!(self.servers.insert(self.key(server), up), Some(up), "told twice");
            }
            Event::Weight { from, to, .. } => assert_ne!(from, to),
            _ => {}
        }
    }

    /// What has to hold between any two inputs.
    fn check(&self) {
        for (service, definition) in self.lab.director.services().zip(&self.plan.services) {
            self.check_service(service, definition);
        }
        assert_eq!(self.kernel.len(), self.plan.services.len());
        for check in self.lab.director.checks() {
            self.check_check(check);
        }
        for ((name, address), told) in &self.servers {
            let up = self.by_name()[&(name.clone(), *address)].0;
            assert_eq!(*told, up, "{name} {address}");
        }
    }

    fn check_service(&self, service: ServiceId, definition: &Service) {
        let director = &self.lab.director;
        let status = director.service_status(service).unwrap();
        let mut live = 0;
        let mut rows = Vec::new();
        for (id, server) in director.members(service).zip(&definition.servers) {
            let mut checks = director.checks_of(id).map(|check| director.check_status(check).unwrap());
            let state = director.server_status(id).unwrap();
            assert_eq!(state.up, checks.all(|check| check.up));
            live += if state.up { u64::from(state.weight) } else { 0 };
            let serves = state.up && (status.up || definition.sorry.is_none());
            if serves {
                let weight = state.programmed.unwrap();
                if server.slow_start.is_zero() {
                    assert_eq!(weight, state.weight);
                }
                assert!((state.weight.min(1)..=state.weight).contains(&weight));
                rows.push((Some(server.address), false, weight));
            } else if server.inhibit_on_failure {
                rows.push((Some(server.address), false, 0));
            }
        }
        match (definition.sorry, status.up) {
            (Some(_), false) => rows.push((None, false, 1)),
            (Some(Sorry { inhibit: true }), true) => rows.push((None, false, 0)),
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

    fn check_check(&self, check: CheckId) {
        let director = &self.lab.director;
        let status = director.check_status(check).unwrap();
        if let Some((up, settled, failures)) = self.checks.get(&check) {
            assert_eq!((status.up, status.settled, status.failures), (*up, *settled, *failures));
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
    fn a_director_keeps_its_word((plan, inputs) in story()) {
        let mut world = World::new(plan);
        world.check();
        for input in inputs {
            world.take(input);
        }
    }
}
