//! The nodes of a group as hosts of a simulated network.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use keepalived_conf::peers;
use vrrp_election::{Instant, LinkId, NodeConfig, RouterId, ScriptId, TrackTarget};
use vrrp_proto::{Family, Vrid};
use vrrp_sim::{Coverage, Fault, Host, HostId, Limits, Reign, Scenario, Service};

use super::read::Node;
use vipd_vrrp::{Rehearsal, Tracker};

/// All nodes on their networks: interfaces of one name are on one network.
pub(super) struct Lab {
    /// Without faults.
    pub(super) scenario: Scenario,
    pub(super) hosts: Vec<Machine>,
    /// The virtual routers that the nodes serve together.
    pub(super) routers: Vec<Shared>,
    /// Time after which everything has found its place.
    pub(super) settling: Duration,
}

/// A host, and its parts that can fail.
pub(super) struct Machine {
    pub(super) name: String,
    pub(super) links: Vec<(LinkId, String)>,
    pub(super) scripts: Vec<(ScriptId, String)>,
    pub(super) trackers: Vec<Tracker>,
    /// Where each router speaks.
    lans: Vec<LinkId>,
}

/// A virtual router, and which router of each host it is.
pub(super) struct Shared {
    pub(super) name: String,
    members: Vec<(HostId, RouterId)>,
}

/// Outcome of a run for a virtual router.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) before: Vec<HostId>,
    pub(super) after: Vec<HostId>,
    pub(super) coverage: Coverage,
}

impl Lab {
    pub(super) fn new(nodes: &[Node]) -> Self {
        let mut lans: HashMap<String, LinkId> = HashMap::new();
        let mut lab = Self {
            scenario: Scenario::new(),
            hosts: Vec::new(),
            routers: Vec::new(),
            settling: Duration::ZERO,
        };
        let compared = compared(nodes);
        let routers = peers::virtual_routers(&compared);
        let networks = networks(nodes, &routers);
        for (node, place) in nodes.iter().zip(0..) {
            let mut rehearsal = Rehearsal::new(&node.config);
            let names = rehearsal.node.links.iter().map(|link| link.name.clone());
            let names: Vec<String> = names.collect();
            let lan = |name: &String| {
                let next = LinkId(u32::try_from(lans.len()).unwrap_or(u32::MAX));
                let network = networks.get(&(place, name.as_str())).copied().unwrap_or(name);
                *lans.entry(network.to_owned()).or_insert(next)
            };
            let numbers: Vec<LinkId> = names.iter().map(lan).collect();
            renumber(&mut rehearsal.node, &numbers);
            let machine = machine(node, &rehearsal, &names, &numbers);
            lab.scenario = lab.scenario.host(host(&rehearsal.node));
            lab.hosts.push(machine);
        }
        let interfaces = u32::try_from(lans.len()).unwrap_or(u32::MAX);
        lab.scenario.hosts.iter_mut().for_each(|host| host.interfaces = interfaces);
        lab.scenario.deaf = deaf(&compared);
        lab.routers = routers.iter().map(|members| shared(nodes, members)).collect();
        lab.settling = settling(&lab.scenario);
        // Faults are asked for here, and no reason to stop.
        lab.scenario.limits = Some(Limits { two_active: FOREVER, unserved: FOREVER });
        lab
    }

    /// The longest interval between adverts.
    pub(super) fn longest_interval(&self) -> Duration {
        let setups = self.scenario.hosts.iter().flat_map(|host| &host.routers);
        setups.map(|setup| setup.config.interval.duration()).max().unwrap_or_default()
    }

    /// Most adverts that a run of this length sends.
    pub(super) fn cost(&self, length: Duration) -> u128 {
        let setups = self.scenario.hosts.iter().flat_map(|host| &host.routers);
        let adverts =
            setups.map(|setup| length.as_millis() / setup.config.interval.duration().as_millis().max(1));
        adverts.sum::<u128>() * self.hosts.len() as u128
    }

    /// Runs these faults until `end`.
    pub(super) fn reigns(&self, faults: &[(Duration, Fault)], end: Duration) -> Result<Vec<Reign>, String> {
        let mut scenario = self.scenario.clone();
        for (at, fault) in faults {
            scenario = scenario.at(*at, *fault);
        }
        let run = scenario.run(1, end).map_err(|violation| violation.problem.to_string())?;
        let lan = |host: HostId, router: RouterId| {
            self.hosts.get(host.0).and_then(|machine| machine.lans.get(router.0 as usize)).copied()
        };
        Ok(run.timeline().reigns(Instant::ZERO + end, lan))
    }
}

impl Shared {
    /// Its part of all reigns.
    pub(super) fn of(&self, reigns: &[Reign]) -> Vec<Reign> {
        let ours = |reign: &&Reign| self.members.contains(&(reign.host, reign.router));
        reigns.iter().filter(ours).copied().collect()
    }

    /// The serving nodes before the event at `at` and at the end, and the gaps and overlaps between.
    pub(super) fn outcome(&self, reigns: &[Reign], at: Duration, end: Duration) -> Outcome {
        let (at, end) = (Instant::ZERO + at, Instant::ZERO + end);
        let reigns = self.of(reigns);
        let serving = |when: Instant| {
            reigns
                .iter()
                .filter(|reign| reign.from < when && when <= reign.until)
                .map(|reign| reign.host)
                .collect()
        };
        Outcome { before: serving(at), after: serving(end), coverage: Coverage::between(&reigns, at, end) }
    }

    pub(super) fn has(&self, host: HostId) -> bool {
        self.members.iter().any(|(member, _)| *member == host)
    }
}

pub(super) fn compared(nodes: &[Node]) -> Vec<peers::Node<'_>> {
    nodes.iter().map(|node| peers::Node::new(&node.name, &node.config, &node.places)).collect()
}

/// Interfaces that are on the network of another name: the one on which the same virtual router speaks on the first node that
/// has it, unless this node has an interface of that name too.
fn networks<'a>(nodes: &'a [Node], routers: &[Vec<(usize, usize)>]) -> HashMap<(usize, &'a str), &'a str> {
    let interface = |(node, instance): (usize, usize)| {
        nodes.get(node)?.config.instances.get(instance)?.interface.as_deref()
    };
    let has = |node: usize, name: &str| {
        let instances = nodes.get(node).map(|node| &node.config.instances);
        instances.is_some_and(|list| list.iter().any(|instance| instance.interface.as_deref() == Some(name)))
    };
    let mut networks = HashMap::new();
    for members in routers {
        let Some(first) = members.first().copied().and_then(interface) else { continue };
        for (node, instance) in members.iter().copied().skip(1) {
            if let Some(name) = interface((node, instance)).filter(|name| *name != first && !has(node, first))
            {
                networks.entry((node, name)).or_insert(first);
            }
        }
    }
    networks
}

fn shared(nodes: &[Node], members: &[(usize, usize)]) -> Shared {
    let first =
        members.first().and_then(|(node, instance)| nodes.get(*node)?.config.instances.get(*instance));
    let name = first.map(|instance| format!("{} ({})", instance.name, instance.vrid)).unwrap_or_default();
    let id = |(node, instance): &(usize, usize)| {
        (HostId(*node), RouterId(u32::try_from(*instance).unwrap_or(u32::MAX)))
    };
    Shared { name, members: members.iter().map(id).collect() }
}

const FOREVER: Duration = Duration::from_secs(u32::MAX as u64);

/// A numbering by networks in the place of the node's own.
fn renumber(node: &mut NodeConfig, numbers: &[LinkId]) {
    let number = |link: LinkId| numbers.get(link.0 as usize).copied().unwrap_or(link);
    for router in &mut node.routers {
        router.link = router.link.map(number);
        for address in &mut router.addresses {
            address.link = number(address.link);
        }
        for track in &mut router.tracks {
            if let TrackTarget::Link(link) = track.target {
                track.target = number(link).into();
            }
        }
    }
}

fn machine(node: &Node, rehearsal: &Rehearsal, names: &[String], numbers: &[LinkId]) -> Machine {
    let name = |id: &LinkId| names.get(id.0 as usize).cloned().unwrap_or_default();
    let number = |id: &LinkId| numbers.get(id.0 as usize).copied().unwrap_or(*id);
    let routers = || rehearsal.node.routers.iter();
    let is_tracked = |script: &ScriptId| {
        routers().flat_map(|router| &router.tracks).any(|track| track.target == TrackTarget::Script(*script))
    };
    let scripts = (0..).map(ScriptId).zip(&node.config.scripts);
    Machine {
        name: node.name.clone(),
        links: rehearsal.real_links.iter().map(|id| (number(id), name(id))).collect(),
        scripts: scripts
            .filter(|(id, _)| is_tracked(id))
            .map(|(id, script)| (id, script.name.clone()))
            .collect(),
        trackers: rehearsal.trackers.clone(),
        lans: routers().map(|router| router.link.unwrap_or(LinkId(0))).collect(),
    }
}

fn host(node: &NodeConfig) -> Host {
    Host {
        routers: node.routers.clone(),
        groups: node.groups.clone(),
        scripts: node.scripts.iter().map(|script| script.config).collect(),
        facts: node.facts.clone(),
        startup_delay: node.startup_delay,
        ..Host::default()
    }
}

/// Pairs of hosts of which one does not get the other's adverts, or rejects them, for reasons that the simulated
/// packets do not carry.
fn deaf(nodes: &[peers::Node<'_>]) -> BTreeSet<(HostId, HostId, Service)> {
    let deaf = peers::unheard(nodes).into_iter().filter_map(|unheard| {
        let family = if unheard.ipv6 { Family::Ipv6 } else { Family::Ipv4 };
        let service = Service { vrid: Vrid::new(unheard.vrid).ok()?, family };
        Some((HostId(unheard.from), HostId(unheard.to), service))
    });
    deaf.collect()
}

/// Longer than all timers, checks and delays together.
fn settling(scenario: &Scenario) -> Duration {
    let scripts = scenario.hosts.iter().flat_map(|host| &host.scripts);
    let failing = scripts.map(|script| script.interval.saturating_mul(script.fall.saturating_add(2))).max();
    scenario.settling_time().saturating_add(failing.unwrap_or_default()).max(Duration::from_secs(5))
}
