//! Any inputs to all virtual servers of a machine: no panic, no busy loop, the kernel is told of every change, one
//! attempt of a check at a time and no check forgotten, nothing told twice.

#![no_main]

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::{Duration, Instant};

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use lvs_health::director::{
    Action, AttemptId, CheckId, Director, Event, Plan, Server, ServerId, Service, ServiceId, Sorry, Wanted,
};
use lvs_health::{
    Check, Failure, File, Http, HttpVersion, Network, Outcome, Probe, Protocol, Target, Timing, WeightUpdate,
};

#[derive(Arbitrary, Debug)]
enum Input {
    Pass(u16),
    Wake,
    End(u8, Result),
    Report(u8, Result),
    Address { which: u8, present: bool },
    Reload(Box<Machine>),
    Stop,
}

#[derive(Arbitrary, Debug)]
enum Result {
    Fail,
    Pass,
    Configured,
    Exactly(u32),
    Percent(u32),
    Plus(i32),
}

#[derive(Arbitrary, Debug)]
struct Machine {
    share_checks: bool,
    services: [Option<Virtual>; 3],
}

#[derive(Arbitrary, Debug)]
struct Virtual {
    name: u8,
    quorum: u32,
    hysteresis: u32,
    omega: bool,
    suspend: [bool; 2],
    sorry: Option<bool>,
    drain_ms: u16,
    initial_notifies: bool,
    servers: [Option<Real>; 3],
}

#[derive(Arbitrary, Debug)]
struct Real {
    port: u8,
    weight: u16,
    inhibit: bool,
    slow_start_ms: u32,
    checks: [Option<Checked>; 2],
}

#[derive(Arbitrary, Debug)]
struct Checked {
    port: u8,
    /// 0: a file, else so many urls.
    urls: u8,
    delay_ms: u16,
    retry: u8,
    rise: u8,
    before_retry_ms: u16,
    warmup_ms: u16,
    alpha: bool,
    fast_recovery: bool,
}

fuzz_target!(|story: (Machine, Vec<Input>)| {
    let (machine, inputs) = story;
    let mut world = World::new(&machine);
    for input in inputs {
        world.take(&input);
        world.perform();
        world.check();
    }
});

/// The director, and what somebody outside knows of it from its actions alone.
struct World {
    director: Director,
    now: Instant,
    under_way: BTreeSet<AttemptId>,
    /// By name, sorted.
    kernel: BTreeMap<String, Vec<Wanted>>,
    /// Servers as told since the last plan.
    servers: BTreeMap<ServerId, bool>,
    present: [bool; 2],
    suspend: Vec<[bool; 2]>,
    stopped: bool,
}

impl World {
    fn new(machine: &Machine) -> Self {
        let now = Instant::now();
        let (plan, suspend) = plan(machine);
        let director = Director::new(now, plan);
        let mut world = Self {
            director,
            now,
            under_way: BTreeSet::new(),
            kernel: BTreeMap::new(),
            servers: BTreeMap::new(),
            present: [false; 2],
            suspend,
            stopped: false,
        };
        world.perform();
        world.check();
        world
    }

    fn take(&mut self, input: &Input) {
        let now = self.now;
        match input {
            Input::Pass(ms) => self.now += Duration::from_millis((*ms).into()),
            Input::Wake => self.wake(),
            Input::End(which, result) => {
                let count = self.under_way.len().max(1);
                let Some(attempt) = self.under_way.iter().nth(usize::from(*which) % count).copied() else {
                    return;
                };
                self.under_way.remove(&attempt);
                self.director.handle_outcome(now, attempt, outcome(result));
                self.perform();
                self.director.handle_outcome(now, attempt, Outcome::Fail(Failure::Bfd));
                assert_eq!(self.director.poll_action(), None, "an attempt ends once");
            }
            Input::Report(which, result) => {
                let checks: Vec<CheckId> = self.director.checks().collect();
                if let Some(check) = checks.get(usize::from(*which) % checks.len().max(1)) {
                    self.director.handle_report(now, *check, outcome(result));
                }
            }
            Input::Address { which, present } => {
                let which = which % 2;
                self.present[usize::from(which)] = *present;
                self.director.handle_address(now, vip(which), *present);
            }
            Input::Reload(machine) => {
                let (plan, suspend) = plan(machine);
                if !self.stopped {
                    // Names that a plan has twice are removed once: what the kernel holds is told anew anyway.
                    self.kernel.retain(|name, _| !plan.services.iter().any(|service| service.name == *name));
                    self.suspend = suspend;
                    self.servers.clear();
                }
                self.director.reload(now, plan);
            }
            Input::Stop => {
                self.director.handle_stop();
                self.stopped = true;
            }
        }
    }

    fn wake(&mut self) {
        self.now = self.director.poll_timeout().map_or(self.now, |next| next.max(self.now));
        self.director.handle_timeout(self.now);
        self.perform();
        let next = self.director.poll_timeout();
        assert!(next.is_none_or(|at| at > self.now), "a busy loop");
        self.director.handle_timeout(self.now);
        assert_eq!(self.director.poll_action(), None, "a repeated wake-up is harmless");
    }

    fn perform(&mut self) {
        let mut quorums = BTreeSet::new();
        let mut told = false;
        let mut begun = false;
        while let Some(action) = self.director.poll_action() {
            match action {
                Action::Cancel(attempt) => assert!(self.under_way.remove(&attempt)),
                Action::Remove { name } => drop(self.kernel.remove(&name)),
                Action::Program(service) => {
                    assert!(!told && !begun, "the kernel comes first");
                    self.kernel.insert(self.name(service), self.wanted(service));
                }
                Action::Tell(event) => {
                    assert!(!begun, "attempts come last");
                    told = true;
                    match event {
                        Event::Quorum { service, .. } => {
                            assert!(quorums.insert(service), "{service:?} is told twice");
                        }
                        Event::Server { server, up, .. } => {
                            assert_ne!(self.servers.insert(server, up), Some(up), "{server:?} is told twice");
                        }
                        _ => {}
                    }
                }
                Action::Start { attempt, step } => {
                    begun = true;
                    let steps = self.director.check(attempt.check).unwrap().probe.steps();
                    assert!(step < steps);
                    assert!(self.under_way.iter().all(|other| other.check != attempt.check), "two at once");
                    self.under_way.insert(attempt);
                }
            }
        }
    }

    fn check(&self) {
        if self.stopped {
            assert!(self.under_way.is_empty() && self.kernel.is_empty());
            assert_eq!(self.director.poll_timeout(), None);
            return;
        }
        for service in self.director.services() {
            assert_eq!(self.kernel[&self.name(service)], self.wanted(service), "a change nobody was told of");
        }
        for check in self.director.checks() {
            let status = self.director.check_status(check).unwrap();
            let servers = self.director.servers(check);
            let needed = !servers.iter().all(|server| self.suspended(*server));
            assert_eq!(status.running, self.under_way.iter().any(|attempt| attempt.check == check));
            assert_eq!(status.next.is_some(), needed && !status.running, "{check:?} is forgotten");
        }
    }

    fn suspended(&self, server: ServerId) -> bool {
        let needs = self.suspend[server.service.index()];
        needs != [false; 2] && !needs.iter().zip(self.present).any(|(needed, there)| *needed && there)
    }

    fn name(&self, service: ServiceId) -> String {
        self.director.service_status(service).unwrap().name.into()
    }

    fn wanted(&self, service: ServiceId) -> Vec<Wanted> {
        let mut wanted: Vec<Wanted> = self.director.destinations(service).collect();
        wanted.sort_unstable();
        wanted
    }
}

fn outcome(result: &Result) -> Outcome {
    match *result {
        Result::Fail => Outcome::Fail(Failure::ConnectTimeout),
        Result::Pass => Outcome::Pass(WeightUpdate::Unchanged),
        Result::Configured => Outcome::Pass(WeightUpdate::Configured),
        Result::Exactly(weight) => Outcome::Pass(WeightUpdate::Exactly(weight)),
        Result::Percent(percent) => Outcome::Pass(WeightUpdate::Percent(percent)),
        Result::Plus(more) => Outcome::Pass(WeightUpdate::Plus(more)),
    }
}

/// A plan, and which addresses each of its services needs. Names are unique, addresses of servers need not be.
fn plan(machine: &Machine) -> (Plan, Vec<[bool; 2]>) {
    let mut names = BTreeSet::new();
    let chosen: Vec<&Virtual> =
        machine.services.iter().flatten().filter(|service| names.insert(service.name % 4)).collect();
    let suspend = chosen.iter().map(|service| service.suspend).collect();
    let services = chosen.into_iter().map(service).collect();
    (Plan { services, share_checks: machine.share_checks }, suspend)
}

fn service(choices: &Virtual) -> Service {
    let needed = (0..).zip(choices.suspend).filter(|(_, needed)| *needed);
    Service {
        quorum: choices.quorum,
        hysteresis: choices.hysteresis,
        omega: choices.omega,
        ha_suspend: needed.map(|(which, _)| vip(which)).collect(),
        sorry: choices.sorry.map(|inhibit| Sorry { inhibit, ..Sorry::default() }),
        drain: Duration::from_millis(choices.drain_ms.into()),
        initial_notifies: choices.initial_notifies,
        servers: choices.servers.iter().flatten().map(server).collect(),
        ..Service::new((choices.name % 4).to_string())
    }
}

fn server(choices: &Real) -> Server {
    Server {
        address: (IpAddr::from([10, 0, 0, 1]), u16::from(choices.port % 4)).into(),
        weight: choices.weight.into(),
        inhibit_on_failure: choices.inhibit,
        backup: choices.port % 8 == 5,
        slow_start: Duration::from_millis(choices.slow_start_ms.into()),
        checks: choices.checks.iter().flatten().map(check).collect(),
    }
}

fn check(choices: &Checked) -> Check {
    let timing = Timing {
        delay_loop: Duration::from_millis(choices.delay_ms.into()),
        retry: choices.retry.into(),
        rise: choices.rise.into(),
        delay_before_retry: Duration::from_millis(choices.before_retry_ms.into()),
        warmup: Duration::from_millis(choices.warmup_ms.into()),
        alpha: choices.alpha,
        fast_recovery: choices.fast_recovery,
    };
    let port = choices.port % 4;
    let address = (IpAddr::from([10, 0, 0, 1]), u16::from(port)).into();
    let probe = match choices.urls % 4 {
        0 => Probe::File(File { path: "/file".into(), weight: 1, reverse: false }.into()),
        urls => Probe::Network(std::sync::Arc::new(Network {
            target: Target::new(address, Duration::from_secs(1)),
            protocol: Protocol::Http(http(urls).into()),
        })),
    };
    Check { probe, timing }
}

fn http(urls: u8) -> Http {
    let url = lvs_health::Url {
        path: "/".into(),
        method: lvs_health::HttpMethod::Get,
        request_body: None,
        host: "www".into(),
        server_name: None,
        status: lvs_health::StatusCodes::default(),
        digest: None,
        pattern: None,
        follow_redirects: 0,
        body: None,
        tls_compliant: false,
    };
    Http {
        urls: vec![url; urls.into()],
        version: HttpVersion::Http11,
        tls: None,
        headers: Vec::new(),
        basic_auth: None,
    }
}

fn vip(which: u8) -> IpAddr {
    [192, 0, 2, which].into()
}
