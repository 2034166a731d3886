//! A director, a clock that only the test moves, and short words for both.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use lvs_health::director::{
    Action, AttemptId, CheckId, DestinationKey, Director, Event, Plan, Server, ServerId, Service, ServiceId,
    ServiceMemory,
};
use lvs_health::{
    Check, Failure, Http, Network, Outcome, Probe, Protocol, Target, Timing, Url, WeightUpdate,
};

pub(crate) const SECOND: Duration = Duration::from_secs(1);
pub(crate) const PASS: Outcome = Outcome::Pass(WeightUpdate::Unchanged);
pub(crate) const FAIL: Outcome = Outcome::Fail(Failure::ConnectTimeout);

/// Every 10 s, one retry after 2 s, the first attempt at once.
pub(crate) const TIMING: Timing = Timing {
    delay_before_retry: Duration::from_secs(2),
    warmup: Duration::ZERO,
    ..Timing::every(Duration::from_secs(10))
};

pub(crate) struct Lab {
    pub(crate) director: Director,
    pub(crate) now: Instant,
    start: Instant,
    /// The memory that the caller keeps for a successor.
    memory: BTreeMap<String, ServiceMemory>,
}

impl Lab {
    pub(crate) fn new(services: Vec<Service>) -> Self {
        Self::of(Plan { services, share_checks: false })
    }

    pub(crate) fn of(plan: Plan) -> Self {
        Self::starting(Instant::now(), plan)
    }

    pub(crate) fn starting(now: Instant, plan: Plan) -> Self {
        Self { director: Director::new(now, plan), now, start: now, memory: BTreeMap::new() }
    }

    /// The director is gone, and another one with this plan goes on after a while.
    pub(crate) fn crash(&mut self, plan: Plan, pause: Duration) {
        let ended = self.now;
        self.now += pause;
        // The same moment, as another process counts it.
        self.director = Director::resume_after((ended, self.now), plan, self.memory.clone(), self.start);
    }

    fn remember(&mut self) {
        while let Some((name, memory)) = self.director.poll_memory(self.start) {
            match memory {
                Some(memory) => _ = self.memory.insert(name, memory),
                None => _ = self.memory.remove(&name),
            }
        }
    }

    /// Names of what is remembered.
    pub(crate) fn remembered(&self) -> Vec<&str> {
        self.memory.keys().map(String::as_str).collect()
    }

    /// Everything it asks for now.
    pub(crate) fn drain(&mut self) -> Vec<Action> {
        self.remember();
        std::iter::from_fn(|| self.director.poll_action()).collect()
    }

    /// Only what it tells.
    pub(crate) fn told(&mut self) -> Vec<Event> {
        told(self.drain())
    }

    pub(crate) fn pass_time(&mut self, time: Duration) {
        self.now += time;
        self.director.handle_timeout(self.now);
    }

    /// Sleeps until the next timer, and gives the attempts that begin then.
    pub(crate) fn next_starts(&mut self) -> Vec<(AttemptId, usize)> {
        let next = self.director.poll_timeout().expect("a timer is armed");
        self.now = self.now.max(next);
        self.director.handle_timeout(self.now);
        starts(self.drain())
    }

    /// The same where it is one attempt.
    pub(crate) fn next_start(&mut self) -> (AttemptId, usize) {
        let starts = self.next_starts();
        assert_eq!(starts.len(), 1, "{starts:?}");
        starts[0]
    }

    /// Sleeps until the next attempt, and ends it so at once: what that is told to mean.
    pub(crate) fn attempt(&mut self, outcome: Outcome) -> Vec<Event> {
        let (attempt, _) = self.next_start();
        self.director.handle_outcome(self.now, attempt, outcome);
        self.told()
    }

    /// Seconds since the start.
    pub(crate) fn seconds(&self) -> u64 {
        (self.now - self.start).as_secs()
    }

    /// Seconds until the next timer.
    pub(crate) fn wait(&self) -> u64 {
        (self.director.poll_timeout().expect("a timer is armed") - self.now).as_secs()
    }

    pub(crate) fn reload(&mut self, services: Vec<Service>) {
        self.director.reload(self.now, Plan { services, share_checks: false });
    }

    /// The wanted destinations of the first service in the kernel, as text: ports and weights.
    pub(crate) fn wanted(&self) -> String {
        self.wanted_of(ServiceId(0))
    }

    pub(crate) fn wanted_of(&self, service: ServiceId) -> String {
        let mut wanted: Vec<_> = self.director.destinations(service).collect();
        wanted.sort_unstable();
        let text = wanted.iter().map(|wanted| match wanted.who {
            DestinationKey::Server(id) => {
                format!("{}={}", self.director.server_status(id).unwrap().address.port(), wanted.weight)
            }
            DestinationKey::Drained(address) => format!("drained {}={}", address.port(), wanted.weight),
            DestinationKey::Sorry => format!("sorry={}", wanted.weight),
        });
        text.collect::<Vec<_>>().join(" ")
    }

    pub(crate) fn check(&self, server: ServerId) -> CheckId {
        self.director.checks_of(server).next().expect("a check")
    }

    pub(crate) fn up(&self, server: ServerId) -> bool {
        self.director.server_status(server).expect("a server").up
    }
}

pub(crate) fn told(actions: Vec<Action>) -> Vec<Event> {
    let event = |action| if let Action::Tell(event) = action { Some(event) } else { None };
    actions.into_iter().filter_map(event).collect()
}

pub(crate) fn starts(actions: Vec<Action>) -> Vec<(AttemptId, usize)> {
    let start =
        |action| if let Action::Start { attempt, step } = action { Some((attempt, step)) } else { None };
    actions.into_iter().filter_map(start).collect()
}

/// Servers that are told to be up or down.
pub(crate) fn turns(events: &[Event]) -> Vec<(u32, bool)> {
    let turn = |event: &Event| match event {
        Event::Server { server, up, .. } => Some((server.place, *up)),
        _ => None,
    };
    events.iter().filter_map(turn).collect()
}

/// Quorums that are told to be gained or lost.
pub(crate) fn quorums(events: &[Event]) -> Vec<(u32, bool)> {
    let quorum = |event: &Event| match event {
        Event::Quorum { service, up, .. } => Some((service.0, *up)),
        _ => None,
    };
    events.iter().filter_map(quorum).collect()
}

pub(crate) fn id(service: u32, place: u32) -> ServerId {
    ServerId { service: ServiceId(service), place }
}

pub(crate) fn address(port: u16) -> SocketAddr {
    (IpAddr::from([10, 0, 0, 1]), port).into()
}

/// Connects to 10.0.0.1 at this port.
pub(crate) fn tcp(port: u16, timing: &Timing) -> Check {
    let network = Network { target: Target::new(address(port), SECOND), protocol: Protocol::Connect };
    Check { probe: Probe::Network(network.into()), timing: timing.clone() }
}

/// Asks for so many urls.
pub(crate) fn http(port: u16, urls: usize, timing: &Timing) -> Check {
    let http = Http::new((0..urls).map(|number| Url::new(format!("/{number}"), "www")));
    let network =
        Network { target: Target::new(address(port), SECOND), protocol: Protocol::Http(http.into()) };
    Check { probe: Probe::Network(network.into()), timing: timing.clone() }
}

/// A server at this port with one check that connects to it.
pub(crate) fn server(port: u16) -> Server {
    Server { checks: vec![tcp(port, &TIMING)], ..Server::new(address(port)) }
}

/// Of these servers.
pub(crate) fn service(name: &str, servers: Vec<Server>) -> Service {
    Service { servers, ..Service::new(name) }
}
