//! Scenarios that nobody thought of.

use std::time::Duration;

use vrrp_election::{
    AnnounceConfig, Fact, FactId, GroupSetup, IntentKind, LinkId, Preempt, RouterConfig, RouterId,
    RouterSetup, ScriptConfig, ScriptId, Track, Transport,
};
use vrrp_proto::{AuthKey, Family, RouterInterval, RouterPriority, Version, Vrid};

use crate::{Fault, Host, HostAuth, HostId, Network, Rng, Scenario};

impl Scenario {
    /// Two to four hosts that share one to three virtual routers, and a minute of faults and reloads. Then everything is well
    /// again; after [`settling_time`](Self::settling_time), [`Simulation`](crate::Simulation)'s
    /// [`check_settled`](crate::Simulation::check_settled) must hold.
    ///
    /// ```
    /// use vrrp_sim::{CALM_AFTER, Scenario};
    ///
    /// let scenario = Scenario::random(1);
    /// let run = scenario.run(1, CALM_AFTER + scenario.settling_time())?;
    /// run.check_settled()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn random(seed: u64) -> Self {
        let mut rng = Rng::new(seed ^ 0x5ce7_a710);
        let services: Vec<_> = (0..=rng.below(2)).filter_map(|number| service(&mut rng, number)).collect();
        let hosts: Vec<_> = (0..2 + rng.below(3)).map(|_| host(&mut rng, &services)).collect();
        let scenario = Self {
            network: network(&mut rng),
            wakes_late: Duration::from_micros(rng.below(500)),
            hosts,
            ..Self::new()
        };
        recover(strike(scenario, &mut rng))
    }
}

impl Scenario {
    /// The same with two networks, and a sync group of all virtual routers on every host. Reloads dissolve it, rename it or take
    /// a member out of it; in the end it is on every host again what it was.
    #[must_use]
    pub fn random_groups(seed: u64) -> Self {
        let mut rng = Rng::new(seed ^ 0x6047_0095);
        let services: Vec<_> = (0..2 + rng.below(2)).filter_map(|number| service(&mut rng, number)).collect();
        let hosts: Vec<_> = (0..2 + rng.below(3))
            .map(|_| {
                let host = host(&mut rng, &services);
                grouped(&mut rng, host)
            })
            .collect();
        let scenario = Self {
            network: network(&mut rng),
            wakes_late: Duration::from_micros(rng.below(500)),
            hosts,
            ..Self::new()
        };
        let mut scenario = strike(scenario, &mut rng);
        for _ in 0..rng.below(200) {
            let at = rng.up_to(STORM_ENDS);
            let fault = fault_of_groups(&mut rng, scenario.hosts.len());
            scenario = scenario.at(at, fault);
        }
        let mut scenario = recover(scenario);
        for host in (0..scenario.hosts.len()).map(HostId) {
            scenario = scenario.at(STORM_ENDS + LONGEST_STALL, Fault::Reconfigure(host, FIRST));
        }
        scenario
    }
}

impl Scenario {
    /// A scenario [of groups](Self::random_groups) in which routers follow a check, a number, processes, a session and the
    /// other network, with weights of both signs, reversed or not. All of these change throughout the storm.
    #[must_use]
    pub fn random_trackers(seed: u64) -> Self {
        let mut scenario = Self::random_groups(seed);
        let mut rng = Rng::new(seed ^ 0x7ac4_e125);
        for host in &mut scenario.hosts {
            // A session of BFD.
            host.facts.push(Fact::Up);
            let reloads = host.reloads.iter_mut().flat_map(|reload| &mut reload.routers);
            for setup in host.routers.iter_mut().chain(reloads) {
                follow(&mut rng, setup);
            }
        }
        for _ in 0..100 + rng.below(200) {
            let at = rng.up_to(STORM_ENDS);
            let fault = fault_of_trackers(&mut rng, scenario.hosts.len());
            scenario = scenario.at(at, fault);
        }
        for host in (0..scenario.hosts.len()).map(HostId) {
            scenario = scenario.at(STORM_ENDS + LONGEST_STALL, Fault::Fact(host, SESSION, Fact::Up));
        }
        scenario
    }
}

/// The session of [`Scenario::random_trackers`].
const SESSION: FactId = FactId(2);

/// Weight 0 is a fault, and a reversed one would be a fault while all is well: nobody would serve in the end.
fn follow(rng: &mut Rng, setup: &mut RouterSetup) {
    let targets = [ScriptId(0).into(), FactId(0).into(), FactId(1).into(), SESSION.into(), LinkId(1).into()];
    for target in targets {
        if rng.happens(500) {
            let weight = rng.pick(&[0, 2, -2, 30, -30, 253, -253]).copied().unwrap_or_default();
            let reverse = weight != 0 && rng.happens(400);
            setup.tracks.push(Track { target, weight, reverse });
        }
    }
}

fn fault_of_trackers(rng: &mut Rng, hosts: usize) -> Fault {
    let host = HostId(usize::try_from(rng.below(hosts as u64)).unwrap_or_default());
    let state = if rng.happens(600) { Fact::Up } else { Fact::Down };
    match rng.below(8) {
        0 | 1 => Fault::Script(host, ScriptId(0), rng.happens(600)),
        2 | 3 => Fault::Fact(host, FactId(0), number(rng)),
        4 => Fault::Fact(host, FactId(1), state),
        5 => Fault::Fact(host, SESSION, if rng.happens(100) { Fact::Unknown } else { state }),
        6 => Fault::OneLinkDown(host, LinkId(1)),
        _ => Fault::OneLinkUp(host, LinkId(1)),
    }
}

/// A host whose routers are in a group, on two networks. Its first configuration is reload number [`FIRST`].
fn grouped(rng: &mut Rng, mut host: Host) -> Host {
    let lan = |setup: &mut RouterSetup| setup.link = Some(LinkId(u32::from(setup.config.vrid.get() % 2)));
    host.routers.iter_mut().for_each(lan);
    let all = |routers: &[RouterSetup]| (0..).map(RouterId).take(routers.len()).collect::<Vec<_>>();
    let group = |name: &str, members| GroupSetup { name: name.to_owned(), members };
    host.groups = vec![group("G", all(&host.routers))];
    for reload in &mut host.reloads {
        reload.routers.iter_mut().for_each(lan);
        let mut members = all(&reload.routers);
        if rng.happens(300) {
            members.pop();
        }
        reload.groups = match rng.below(4) {
            0 => Vec::new(),
            1 => vec![group("H", members)],
            _ => vec![group("G", members)],
        };
    }
    let (routers, groups) = (host.routers.clone(), host.groups.clone());
    host.reload_with(routers, groups)
}

/// Number of the reload that is the first configuration of a host of [`Scenario::random_groups`].
const FIRST: usize = 2;

fn fault_of_groups(rng: &mut Rng, hosts: usize) -> Fault {
    let mut host = || HostId(usize::try_from(rng.below(hosts as u64)).unwrap_or_default());
    let (one, other) = (host(), host());
    let lan = LinkId(u32::from(rng.happens(500)));
    match rng.below(8) {
        0 | 1 => Fault::OneLinkDown(one, lan),
        2 => Fault::LinkUp(one),
        3 | 4 => Fault::BlockOn(lan, one, other),
        5 => Fault::Heal,
        6 => Fault::Script(one, ScriptId(0), rng.happens(500)),
        _ => fault(rng, hosts),
    }
}

/// When the last fault of a random scenario has happened.
pub const CALM_AFTER: Duration = Duration::from_secs(69);

const STORM_ENDS: Duration = Duration::from_secs(60);
const LONGEST_STALL: Duration = Duration::from_secs(8);

/// The parameters that the hosts have in common.
fn service(rng: &mut Rng, number: u64) -> Option<RouterConfig> {
    let vrid = Vrid::new(u8::try_from(51 + number).ok()?).ok()?;
    let interval = match rng.below(3) {
        0 => RouterInterval::seconds(1),
        1 => RouterInterval::centiseconds(100),
        _ => RouterInterval::centiseconds(20),
    };
    let interval = interval.ok()?;
    let family = match interval.version() {
        Version::V3 if rng.happens(500) => Family::Ipv6,
        Version::V2 | Version::V3 => Family::Ipv4,
    };
    Some(RouterConfig::new(vrid, family, interval))
}

fn host(rng: &mut Rng, services: &[RouterConfig]) -> Host {
    let mut host = Host::new().script(ScriptConfig { fall: 2, ..ScriptConfig::default() });
    // A number in a file, and processes.
    host = host.fact(Fact::Value(0)).fact(Fact::Up);
    for service in services {
        let priority = match rng.below(4) {
            // Two of them are a mistake that operators make: one has to yield.
            0 => RouterPriority::OWNER,
            1 => RouterPriority::DEFAULT,
            _ => RouterPriority::MIN.weighted(i64::try_from(rng.below(254)).unwrap_or_default()),
        };
        let preempt = match rng.below(4) {
            0 => Preempt::Never,
            1 => Preempt::After(Duration::from_millis(rng.below(5_000))),
            _ => Preempt::AtOnce,
        };
        let config = RouterConfig {
            priority,
            preempt,
            answer_higher_priority: rng.happens(500),
            announce: AnnounceConfig { refresh: Duration::from_secs(5), ..AnnounceConfig::default() },
            ..service.clone()
        };
        let mut setup = RouterSetup::new(config, LinkId(0));
        if rng.happens(400) {
            let weight = if rng.happens(500) { 0 } else { -60 };
            setup.tracks.push(Track { target: ScriptId(0).into(), weight, reverse: false });
        }
        for id in [FactId(0), FactId(1)] {
            if rng.happens(300) {
                let weight = rng.pick(&[0, 1, -3, 40]).copied().unwrap_or_default();
                setup.tracks.push(Track { target: id.into(), weight, reverse: false });
            }
        }
        host = host.setup(setup);
    }
    let reloads: Vec<_> = (0..RELOADS).map(|_| reloaded(rng, &host.routers)).collect();
    reloads.into_iter().fold(host, Host::reload)
}

/// The same routers with other parameters, and perhaps without one of them.
fn reloaded(rng: &mut Rng, routers: &[RouterSetup]) -> Vec<RouterSetup> {
    let mut routers: Vec<_> = routers
        .iter()
        .cloned()
        .map(|mut setup| {
            let config = &mut setup.config;
            if !config.priority.is_owner() && rng.happens(500) {
                config.priority =
                    RouterPriority::MIN.weighted(i64::try_from(rng.below(254)).unwrap_or_default());
            }
            // In VRRPv2 everybody has to have the same one.
            if config.version() == Version::V3
                && rng.happens(300)
                && let Ok(interval) = RouterInterval::centiseconds(if rng.happens(500) { 20 } else { 100 })
            {
                config.interval = interval;
            }
            if rng.happens(300) {
                config.preempt = if rng.happens(500) { Preempt::AtOnce } else { Preempt::Never };
            }
            setup
        })
        .collect();
    if routers.len() > 1 && rng.happens(300) {
        routers.pop();
    }
    if rng.happens(300) {
        routers.reverse();
    }
    routers
}

/// Configurations that a host may reload, beside the first.
const RELOADS: u64 = 2;

fn network(rng: &mut Rng) -> Network {
    if rng.happens(300) {
        return Network::LAN;
    }
    Network {
        delay: Duration::from_micros(100 + rng.below(5_000)),
        jitter: Duration::from_micros(rng.below(5_000)),
        loss: u16::try_from(rng.below(150)).unwrap_or_default(),
        duplication: u16::try_from(rng.below(100)).unwrap_or_default(),
        reordering: u16::try_from(rng.below(100)).unwrap_or_default(),
        overtaken_by: Duration::from_micros(rng.below(100_000)),
    }
}

impl Scenario {
    /// A [random](Self::random) scenario, or one [of groups](Self::random_groups), without multicast, with authentication, or
    /// both: routers know their peers by address, and VRRPv2 has a password or an Authentication Header. Wall clocks are
    /// set forward and back throughout the storm.
    #[must_use]
    pub fn random_transports(seed: u64) -> Self {
        let mut scenario =
            if seed.is_multiple_of(2) { Self::random(seed) } else { Self::random_groups(seed) };
        let mut rng = Rng::new(seed ^ 0x0114_c457);
        let key = AuthKey::new(b"12345678");
        let kinds = [HostAuth::None, HostAuth::Password(key), HostAuth::Ah(key), HostAuth::Ah(key)];
        let auth = rng.pick(&kinds).copied().unwrap_or_default();
        let is_unicast = auth == HostAuth::None || rng.happens(600);
        let hosts = scenario.hosts.len();
        for (id, host) in scenario.hosts.iter_mut().enumerate() {
            host.auth = auth;
            let reloads = host.reloads.iter_mut().flat_map(|reload| &mut reload.routers);
            for setup in host.routers.iter_mut().chain(reloads).filter(|_| is_unicast) {
                let (lan, family) = (setup.link.unwrap_or(LinkId(0)), setup.config.family);
                let peers = (0..hosts).filter(|peer| *peer != id).map(HostId);
                setup.transport = Transport::unicast(peers.map(|peer| peer.address(lan, family)));
            }
        }
        for _ in 0..rng.below(10) {
            let host = HostId(usize::try_from(rng.below(hosts as u64)).unwrap_or_default());
            let by = clock_step(&mut rng);
            scenario = scenario.at(rng.up_to(STORM_ENDS), Fault::ClockSet(host, by));
        }
        scenario
    }
}

/// Milliseconds by which a clock is set: a little by the daemon that keeps the time, much by an operator.
fn clock_step(rng: &mut Rng) -> i64 {
    let reach = rng.pick(&[1_000, 60_000, 3_600_000]).copied().unwrap_or(1_000);
    i64::try_from(rng.below(2 * reach)).unwrap_or_default() - i64::try_from(reach).unwrap_or_default()
}

impl Scenario {
    /// A [random](Self::random) scenario, or one [of groups](Self::random_groups), in which operators hand routers over, put
    /// them into maintenance and stop machines that give their addresses away first.
    #[must_use]
    pub fn random_moves(seed: u64) -> Self {
        let mut scenario =
            if seed.is_multiple_of(2) { Self::random(seed) } else { Self::random_groups(seed) };
        let mut rng = Rng::new(seed ^ 0x0a4d_0e45);
        for _ in 0..5 + rng.below(40) {
            let at = rng.up_to(STORM_ENDS);
            let fault = planned_move(&mut rng, scenario.hosts.len());
            scenario = scenario.at(at, fault);
        }
        let ready = STORM_ENDS + LONGEST_STALL;
        for host in (0..scenario.hosts.len()).map(HostId) {
            for router in (0..3).map(RouterId) {
                scenario = scenario.at(ready, Fault::EndIntent(host, router));
            }
            scenario = scenario.at(ready + LONGEST_DEPARTURE, Fault::Start(host));
        }
        scenario
    }
}

fn planned_move(rng: &mut Rng, hosts: usize) -> Fault {
    let host = HostId(usize::try_from(rng.below(hosts as u64)).unwrap_or_default());
    let router = RouterId(u32::try_from(rng.below(3)).unwrap_or_default());
    let time = rng.happens(600).then(|| rng.up_to(Duration::from_secs(30)));
    match rng.below(8) {
        0..=2 => Fault::Intend(host, router, IntentKind::Handover, None),
        3 => Fault::Intend(host, router, IntentKind::Handover, time),
        4 => Fault::Intend(host, router, IntentKind::Maintenance { hard: false }, time),
        5 => Fault::Intend(host, router, IntentKind::Maintenance { hard: true }, time),
        6 => Fault::EndIntent(host, router),
        _ => Fault::Depart(host, rng.up_to(LONGEST_DEPARTURE)),
    }
}

/// Longest wait of a stop for a successor.
const LONGEST_DEPARTURE: Duration = Duration::from_secs(10);

fn strike(mut scenario: Scenario, rng: &mut Rng) -> Scenario {
    for _ in 0..rng.below(16) {
        let at = rng.up_to(STORM_ENDS);
        let fault = fault(rng, scenario.hosts.len());
        scenario = scenario.at(at, fault);
    }
    scenario
}

fn fault(rng: &mut Rng, hosts: usize) -> Fault {
    let mut host = || HostId(usize::try_from(rng.below(hosts as u64)).unwrap_or_default());
    let (one, other) = (host(), host());
    match rng.below(21) {
        0 => Fault::PowerOff(one),
        1 => Fault::Kill(one),
        2 => Fault::Stop(one),
        3 | 4 => Fault::Start(one),
        5 => Fault::Stall(one, rng.up_to(LONGEST_STALL)),
        6 => Fault::Suspend(one, rng.up_to(LONGEST_STALL)),
        7 => Fault::Reload(one),
        8 => Fault::LinkDown(one),
        9 => Fault::LinkUp(one),
        10 => Fault::Script(one, ScriptId(0), rng.happens(300)),
        11 => Fault::Block(one, other),
        12 => Fault::Isolate(one),
        13 | 14 => Fault::Reconfigure(one, usize::try_from(rng.below(RELOADS)).unwrap_or_default()),
        15 => Fault::PacketsLost(one),
        16 | 17 => Fault::Fact(one, FactId(0), number(rng)),
        18 => Fault::Fact(one, FactId(1), if rng.happens(700) { Fact::Down } else { Fact::Up }),
        _ => Fault::Heal,
    }
}

/// A number that a file may hold.
fn number(rng: &mut Rng) -> Fact {
    let number = i32::try_from(rng.below(600)).unwrap_or_default() - 300;
    match rng.below(4) {
        0 => Fact::Unknown,
        1 => Fact::Value(0),
        _ => Fact::Value(number),
    }
}

/// Everything is well again.
fn recover(mut scenario: Scenario) -> Scenario {
    scenario = scenario.at(STORM_ENDS, Fault::Heal).at(STORM_ENDS, Fault::Network(Network::LAN));
    // The longest stall has ended by then.
    let ready = STORM_ENDS + LONGEST_STALL;
    for host in (0..scenario.hosts.len()).map(HostId) {
        scenario = scenario
            .at(ready, Fault::LinkUp(host))
            .at(ready, Fault::Script(host, ScriptId(0), true))
            .at(ready, Fault::Fact(host, FactId(0), Fact::Value(0)))
            .at(ready, Fault::Fact(host, FactId(1), Fact::Up))
            .at(ready, Fault::Start(host));
    }
    scenario
}
