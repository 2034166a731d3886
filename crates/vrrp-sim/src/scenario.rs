//! A scenario: hosts, the network between them, and faults with their times.

use std::collections::BTreeSet;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use vrrp_election::{
    Fact, FactId, GroupSetup, Instant, IntentKind, LinkId, LinkSetup, LinkState, NodeConfig, Preempt,
    RouterConfig, RouterId, RouterSetup, RunEnd, ScriptConfig, ScriptId, ScriptSetup,
};

use vrrp_proto::{AuthKey, Family};

use crate::{Network, Service, Simulation, Violation};

/// A host, by the order in which the scenario names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostId(pub usize);

impl HostId {
    /// Its address on a network, which other hosts may name as a unicast peer.
    #[must_use]
    pub fn address(self, lan: LinkId, family: Family) -> IpAddr {
        match family {
            Family::Ipv4 => self.ipv4(u8::try_from(lan.0 % 100).unwrap_or(0)).into(),
            Family::Ipv6 => self.ipv6().into(),
        }
    }

    fn ipv4(self, lan: u8) -> Ipv4Addr {
        [192, 0, 2 + lan, self.number()].into()
    }

    fn ipv6(self) -> Ipv6Addr {
        Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, self.number().into())
    }

    fn number(self) -> u8 {
        u8::try_from(self.0 % 250).unwrap_or(0) + 1
    }
}

impl fmt::Display for HostId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "host {}", self.0)
    }
}

/// One machine: its virtual routers, their groups and its checks.
///
/// It has an interface for each network that its routers name: `LinkId(0)`, and so on. Its addresses follow from its place
/// in the scenario: 192.0.2.1 and fe80::1 for the first, 192.0.3.1 on the second network, and so on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Host {
    /// Its virtual routers; the first is `RouterId(0)`.
    pub routers: Vec<RouterSetup>,
    /// Its sync groups; the first is `GroupId(0)`.
    pub groups: Vec<GroupSetup>,
    /// Its check scripts; the first is `ScriptId(0)`. Each succeeds until [`Fault::Script`] says otherwise.
    pub scripts: Vec<ScriptConfig>,
    /// Other dependencies of its routers (files, processes, sessions), at the start; the first is `FactId(0)`.
    pub facts: Vec<Fact>,
    /// The authentication of its adverts, and of those that it takes (VRRPv2).
    pub auth: HostAuth,
    /// Time during which it stays silent after a start.
    pub startup_delay: Duration,
    /// Least number of its interfaces: more than its routers speak on, if they track others.
    pub interfaces: u32,
    /// Other routers and groups that reloads may bring.
    pub reloads: Vec<Reload>,
}

/// Authentication of VRRPv2 (RFC 2338 §5.3.6), the same for all routers of a host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum HostAuth {
    /// None.
    #[default]
    None,
    /// A password in clear text.
    Password(AuthKey),
    /// An Authentication Header, with sequence numbers that follow the wall clock of the host ([`Fault::ClockSet`]).
    Ah(AuthKey),
}

/// Configuration that a reload brings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reload {
    /// The virtual routers.
    pub routers: Vec<RouterSetup>,
    /// The sync groups.
    pub groups: Vec<GroupSetup>,
}

impl Host {
    /// A host without any virtual router.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a virtual router that depends on nothing but the interface.
    #[must_use]
    pub fn router(self, config: RouterConfig) -> Self {
        self.setup(RouterSetup::new(config, LinkId(0)))
    }

    /// Adds a virtual router that may track something, or is on another network than `LinkId(0)`.
    #[must_use]
    pub fn setup(mut self, setup: RouterSetup) -> Self {
        self.routers.push(setup);
        self
    }

    /// Adds a sync group of these routers.
    #[must_use]
    pub fn group(mut self, name: &str, members: impl IntoIterator<Item = RouterId>) -> Self {
        self.groups.push(GroupSetup { name: name.to_owned(), members: members.into_iter().collect() });
        self
    }

    /// Adds other routers that a reload may bring ([`Fault::Reconfigure`]), without groups; the first addition is
    /// number 0.
    #[must_use]
    pub fn reload(self, routers: Vec<RouterSetup>) -> Self {
        self.reload_with(routers, Vec::new())
    }

    /// The same with groups.
    #[must_use]
    pub fn reload_with(mut self, routers: Vec<RouterSetup>, groups: Vec<GroupSetup>) -> Self {
        self.reloads.push(Reload { routers, groups });
        self
    }

    /// Every router that it has at any time.
    fn setups(&self) -> impl Iterator<Item = &RouterSetup> {
        self.routers.iter().chain(self.reloads.iter().flat_map(|reload| &reload.routers))
    }

    /// Adds a check script.
    #[must_use]
    pub fn script(mut self, config: ScriptConfig) -> Self {
        self.scripts.push(config);
        self
    }

    /// Adds something else that routers depend on, as it is at the start.
    #[must_use]
    pub fn fact(mut self, fact: Fact) -> Self {
        self.facts.push(fact);
        self
    }

    /// Configuration with which the host's node is started, `id` being its place in the scenario.
    pub(crate) fn node_config(&self, id: HostId) -> NodeConfig {
        let link = |lan: u8| LinkState { up: true, ipv4: Some(id.ipv4(lan)), ipv6: Some(id.ipv6()) };
        let last = self.setups().filter_map(|setup| setup.link).map(|link| link.0).max().unwrap_or(0);
        let last = last.max(self.interfaces.saturating_sub(1));
        let lans = 0..=u8::try_from(last.min(100)).unwrap_or(0);
        NodeConfig {
            routers: self.routers.clone(),
            scripts: self
                .scripts
                .iter()
                .zip(0..)
                .map(|(config, number)| ScriptSetup {
                    name: format!("check {number}"),
                    command: format!("check {number}"),
                    config: *config,
                })
                .collect(),
            groups: self.groups.clone(),
            facts: self.facts.clone(),
            links: lans.map(|lan| LinkSetup { name: format!("eth{lan}"), state: link(lan) }).collect(),
            startup_delay: self.startup_delay,
        }
    }
}

/// Something that goes wrong, or right again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The machine loses power: nothing is said, its addresses are gone.
    PowerOff(HostId),
    /// Its daemon dies and its kernel lives: nothing is said, its addresses stay.
    Kill(HostId),
    /// Its daemon ends in order.
    Stop(HostId),
    /// Its daemon starts. Routers whose addresses are still there go on as Active.
    Start(HostId),
    /// It does nothing for so long, and then finds everything that arrived meanwhile.
    Stall(HostId, Duration),
    /// It is suspended for so long, as virtual machines are: packets to it meanwhile are lost.
    Suspend(HostId, Duration),
    /// It is stopped in order, and gives its addresses away first, within this time.
    Depart(HostId, Duration),
    /// An operator intends this with a router of it, for so long if there is a bound.
    Intend(HostId, RouterId, IntentKind, Option<Duration>),
    /// The intent for a router of it ends.
    EndIntent(HostId, RouterId),
    /// Its daemon reloads an unchanged configuration.
    Reload(HostId),
    /// Its daemon reloads with the routers of this [`Host::reload`].
    Reconfigure(HostId, usize),
    /// Its socket overflowed: packets were lost unread, and it knows.
    PacketsLost(HostId),
    /// Its wall clock is set forward by so many milliseconds, or back. Nothing may follow from that.
    ClockSet(HostId, i64),
    /// All its interfaces go down.
    LinkDown(HostId),
    /// All its interfaces come up.
    LinkUp(HostId),
    /// One of its interfaces comes up.
    OneLinkUp(HostId, LinkId),
    /// One of its interfaces goes down.
    OneLinkDown(HostId, LinkId),
    /// Its interfaces lose the addresses that its adverts come from.
    AddressesRemoved(HostId),
    /// A check of it succeeds or fails, from its next run on.
    Script(HostId, ScriptId, bool),
    /// A check of it ends like this, from its next run on. It succeeds with exit status 0 only.
    ScriptEnds(HostId, ScriptId, RunEnd),
    /// A file, a process or a session of it is like this from now on, whether its daemon runs or not.
    Fact(HostId, FactId, Fact),
    /// Nothing gets from the first to the second any more.
    Block(HostId, HostId),
    /// It does again.
    Unblock(HostId, HostId),
    /// Nothing gets from the first to the second on this network any more.
    BlockOn(LinkId, HostId, HostId),
    /// Nothing gets to it or from it any more.
    Isolate(HostId),
    /// Every blocked way is open again.
    Heal,
    /// The network becomes better or worse.
    Network(Network),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PowerOff(host) => write!(f, "{host} loses power"),
            Self::Kill(host) => write!(f, "the daemon of {host} dies"),
            Self::Stop(host) => write!(f, "{host} is stopped"),
            Self::Start(host) => write!(f, "{host} starts"),
            Self::Depart(host, time) => {
                write!(f, "{host} is stopped, with {time:?} to give its addresses away")
            }
            Self::Intend(host, router, kind, None) => write!(f, "{host} router {router}: {kind} begins"),
            Self::Intend(host, router, kind, Some(time)) => {
                write!(f, "{host} router {router}: {kind} begins, for {time:?}")
            }
            Self::EndIntent(host, router) => write!(f, "{host} router {router}: its intent ends"),
            Self::Stall(host, time) => write!(f, "{host} stalls for {time:?}"),
            Self::Suspend(host, time) => write!(f, "{host} is suspended for {time:?}"),
            Self::Reload(host) => write!(f, "{host} reloads"),
            Self::Reconfigure(host, number) => write!(f, "{host} reloads with configuration {number}"),
            Self::ClockSet(host, by) => write!(f, "the clock of {host} is set by {by} ms"),
            Self::PacketsLost(host) => write!(f, "the socket of {host} overflows"),
            Self::LinkDown(host) => write!(f, "the links of {host} go down"),
            Self::LinkUp(host) => write!(f, "the links of {host} come up"),
            Self::OneLinkUp(host, link) => write!(f, "link {link} of {host} comes up"),
            Self::OneLinkDown(host, link) => write!(f, "link {link} of {host} goes down"),
            Self::AddressesRemoved(host) => write!(f, "the interfaces of {host} lose their addresses"),
            Self::Script(host, script, true) => write!(f, "script {script} of {host} succeeds from now on"),
            Self::Script(host, script, false) => write!(f, "script {script} of {host} fails from now on"),
            Self::ScriptEnds(host, script, end) => write!(f, "script {script} of {host} {end} from now on"),
            Self::Fact(host, id, fact) => write!(f, "fact {id} of {host} is {fact:?} from now on"),
            Self::Block(from, to) => write!(f, "nothing gets from {from} to {to}"),
            Self::BlockOn(lan, from, to) => write!(f, "nothing gets from {from} to {to} on network {lan}"),
            Self::Unblock(from, to) => write!(f, "packets get from {from} to {to} again"),
            Self::Isolate(host) => write!(f, "{host} is cut off"),
            Self::Heal => write!(f, "every way is open again"),
            Self::Network(network) => write!(f, "the network becomes {network:?}"),
        }
    }
}

/// Longest times that something may be wrong before it is a [`Violation`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Two hosts that hear each other serve the same virtual router.
    pub two_active: Duration,
    /// Nobody serves, although a host listens all that time and could.
    pub unserved: Duration,
}

/// Hosts, network and faults: with a seed, a whole run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scenario {
    /// The hosts. All start at 0.
    pub hosts: Vec<Host>,
    /// The network at the start.
    pub network: Network,
    /// The faults and their times, in any order.
    pub faults: Vec<(Instant, Fault)>,
    /// Pairs of hosts that cannot understand each other: adverts of the first host for this virtual router do not reach
    /// the second, since they are configured differently.
    pub deaf: BTreeSet<(HostId, HostId, Service)>,
    /// Most lateness with which a daemon wakes up, even when it is well.
    pub wakes_late: Duration,
    /// Other limits than [`natural_limits`](Self::natural_limits).
    pub limits: Option<Limits>,
}

impl Scenario {
    /// Nothing on a perfect switch.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a host.
    #[must_use]
    pub fn host(mut self, host: Host) -> Self {
        self.hosts.push(host);
        self
    }

    /// Sets the network at the start.
    #[must_use]
    pub fn network(self, network: Network) -> Self {
        Self { network, ..self }
    }

    /// Lets `fault` happen at `time` after the start.
    #[must_use]
    pub fn at(mut self, time: Duration, fault: Fault) -> Self {
        self.faults.push((Instant::ZERO + time, fault));
        self
    }

    /// Makes every daemon wake up late, by a random time up to `bound`.
    #[must_use]
    pub fn wakes_late(self, bound: Duration) -> Self {
        Self { wakes_late: bound, ..self }
    }

    /// Replaces the limits.
    #[must_use]
    pub fn limits(self, limits: Limits) -> Self {
        Self { limits: Some(limits), ..self }
    }

    /// The run that `seed` stands for, at its start.
    #[must_use]
    pub fn start(&self, seed: u64) -> Simulation {
        Simulation::new(self.clone(), seed)
    }

    /// The run that `seed` stands for, until `time` after the start.
    ///
    /// # Errors
    /// The first broken promise, with the seed and everything that led to it.
    pub fn run(&self, seed: u64, time: Duration) -> Result<Simulation, Box<Violation>> {
        let mut simulation = self.start(seed);
        simulation.run_for(time)?;
        Ok(simulation)
    }

    /// The protocol's promises for these intervals and the worst network of the scenario.
    ///
    /// Two Actives end with the first advert that arrives; a silent Active is missed after
    /// `Active_Down_Interval` (at most 4 intervals), and an interval and a skew later if the Backup itself was late.
    #[must_use]
    pub fn natural_limits(&self) -> Limits {
        let interval = self.longest_interval();
        let networks = || self.networks();
        let slowest = networks().map(|network| network.slowest()).max().unwrap_or_default();
        let losses = networks().map(|network| network.losses_in_a_row()).max().unwrap_or(1);
        let slack = slowest * 2 + self.wakes_late * 2 + Duration::from_millis(20);
        let grouped = self.hosts.iter().any(|host| !host.groups.is_empty());
        // A group that stepped down for its like waits a little longer.
        let waits = if grouped { 8 } else { 6 };
        Limits { two_active: interval * (losses + 1) + slack, unserved: interval * waits + slack }
    }

    /// Time after the last fault within which everything has found its place.
    #[must_use]
    pub fn settling_time(&self) -> Duration {
        let limits = self.limits.unwrap_or_else(|| self.natural_limits());
        let setups = || self.setups();
        let delay = setups()
            .map(|setup| match setup.config.preempt {
                Preempt::After(delay) => delay,
                Preempt::AtOnce | Preempt::Never => Duration::ZERO,
            })
            .max()
            .unwrap_or_default();
        let refresh = setups().map(|setup| setup.config.announce.refresh + setup.config.announce.delay).max();
        let startup = self.hosts.iter().map(|host| host.startup_delay).max();
        let scripts = self.hosts.iter().flat_map(|host| &host.scripts);
        let checks = scripts.map(|script| script.interval * (script.rise + 1)).max();
        limits.unserved * 2
            + limits.two_active
            + delay
            + refresh.unwrap_or_default()
            + startup.unwrap_or_default()
            + checks.unwrap_or_default()
    }

    fn longest_interval(&self) -> Duration {
        let setups = self.setups();
        // VRRPv2 skews in seconds whatever the interval, which is at least one.
        setups.map(|setup| setup.config.interval.duration()).max().unwrap_or(Duration::from_secs(1))
    }

    /// Every router that any host has at any time.
    fn setups(&self) -> impl Iterator<Item = &RouterSetup> {
        self.hosts.iter().flat_map(Host::setups)
    }

    fn networks(&self) -> impl Iterator<Item = Network> {
        let later = self.faults.iter().filter_map(|(_, fault)| match fault {
            Fault::Network(network) => Some(*network),
            _ => None,
        });
        std::iter::once(self.network).chain(later)
    }
}
