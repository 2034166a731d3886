//! From the configuration to what the director decides about and what the kernel is to hold: pure translation.

use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::time::Duration;

use ipvs_netlink::{
    Destination, Family, Forwarding, Persistence, PersistenceEngine, Protocol, Scheduler, Service,
    ServiceFlags, ServiceKey, Table, Thresholds, Tunnel, TunnelChecksum,
};
use keepalived_conf::model::lvs as conf;
use lvs_health::Check;
use lvs_health::director::{self, DestinationKey, ServerId, ServiceId, Wanted};

use super::definitions;
use super::memory::{DroppedServer, Remembered, identify};
use crate::ipc::{Generation, LvsConfig, SessionKey};

/// One reading of the configuration, translated. Service `n` is `config.virtual_servers[n]`, server `m` of it is
/// its `real_servers[m]`.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) generation: Generation,
    pub(super) config: LvsConfig,
    /// The kernel services of each virtual server.
    pub(super) services: Vec<Vec<Service>>,
    /// Reasons that keep virtual servers out of the kernel: each is logged once.
    pub(super) complaints: Vec<String>,
    /// By what each virtual server is known across reloads and restarts.
    identities: Vec<String>,
    /// Where each identity is.
    places: HashMap<String, usize>,
    /// Real servers that a reload dropped and that may still drain, by identity and address.
    drained: HashMap<(String, SocketAddr), DroppedServer>,
    /// The scripts of checks: places in [`LvsConfig::checks`] by server and place of the check.
    scripts: HashMap<(ServerId, usize), u32>,
    /// Checks with `log_all_failures`, likewise.
    talkative: HashSet<(ServerId, usize)>,
}

impl Plan {
    pub(super) fn new(generation: Generation, config: impl Into<LvsConfig>) -> Self {
        let config: LvsConfig = config.into();
        let mut complaints = Vec::new();
        let services =
            config.virtual_servers.iter().map(|server| services(server, &mut complaints)).collect();
        let identities = identify(&config.virtual_servers, std::iter::empty());
        let mut plan = Self {
            generation,
            config,
            services,
            complaints,
            identities,
            places: HashMap::new(),
            drained: HashMap::new(),
            scripts: HashMap::new(),
            talkative: HashSet::new(),
        };
        plan.note_checks();
        plan.indexed()
    }

    /// Notes what is asked about checks once the director has their definitions.
    fn note_checks(&mut self) {
        for (service, server) in (0..).map(ServiceId).zip(&self.config.virtual_servers) {
            let ids = (0..).map(|place| ServerId { service, place });
            let reals = ids.zip(server.real_servers.iter().map(|real| &real.checkers));
            let sorry = server.sorry_server.iter().map(|sorry| (ServerId::sorry(service), &sorry.checkers));
            for (id, checkers) in reals.chain(sorry) {
                for (place, checker) in checkers.iter().enumerate() {
                    if checker.log_all_failures {
                        self.talkative.insert((id, place));
                    }
                    if let conf::CheckerKind::Misc { script, .. } = checker.kind
                        && let Ok(script) = u32::try_from(script)
                    {
                        self.scripts.insert((id, place), script);
                    }
                }
            }
        }
    }

    /// The director's configuration, once: the definitions of checks are its own from then on.
    pub(super) fn take_director(&mut self) -> director::Plan {
        let mut services = Vec::with_capacity(self.config.virtual_servers.len());
        let mut shared = definitions::Shared::default();
        // One after the other: memory that becomes free is used again, and leaves no holes.
        for place in 0..self.config.virtual_servers.len() {
            let server = self.config.virtual_servers.get(place).zip(self.identities.get(place));
            services.extend(server.map(|(server, identity)| self.service(server, identity, &mut shared)));
            if let Some(server) = self.config.virtual_servers.get_mut(place) {
                forget_checkers(server);
            }
        }
        director::Plan { services, share_checks: self.config.global.lvs.share_checks }
    }

    fn indexed(mut self) -> Self {
        self.places = self.identities.iter().cloned().zip(0..).collect();
        self
    }

    /// This reading for a worker whose predecessor remembered this.
    pub(super) fn resuming(mut self, known: &HashMap<String, Remembered>) -> Self {
        let services = known.iter().map(|(identity, known)| (identity.as_str(), known.services.as_slice()));
        self.identities = identify(&self.config.virtual_servers, services);
        let dropped = known.iter().flat_map(|(identity, known)| {
            known.servers.iter().map(|server| ((identity.clone(), server.address), server.clone()))
        });
        self.drained = dropped.collect();
        self.indexed()
    }

    /// This reading after that one, of which it remembers what real servers that drain need.
    pub(super) fn after(mut self, old: &Self) -> Self {
        let known = old.identities.iter().zip(&old.config.virtual_servers);
        let services =
            known.clone().map(|(identity, server)| (identity.as_str(), server.services.as_slice()));
        self.identities = identify(&self.config.virtual_servers, services);
        let before = old.drained.iter().map(|((identity, _), real)| (identity, real.clone()));
        let dropped = known.flat_map(|(identity, server)| {
            server.real_servers.iter().map(move |real| (identity, DroppedServer::from(real)))
        });
        self = self.indexed();
        self.drained = before
            .chain(dropped)
            .filter(|(identity, _)| {
                self.identified(identity).is_some_and(|server| !server.drain_timeout.is_zero())
            })
            .map(|(identity, real)| ((identity.clone(), real.address), real))
            .collect();
        self
    }

    /// The generation, and the place of the virtual server of this identity in it.
    pub(super) fn place(&self, identity: &str) -> Option<(Generation, u32)> {
        Some((self.generation, u32::try_from(*self.places.get(identity)?).ok()?))
    }

    /// The virtual server of this identity.
    pub(super) fn identified(&self, identity: &str) -> Option<&conf::VirtualServer> {
        self.config.virtual_servers.get(*self.places.get(identity)?)
    }

    /// Settings of a real server that drains, by the identity of its virtual server.
    pub(super) fn dropped(&self, identity: &str, address: SocketAddr) -> Option<&DroppedServer> {
        self.drained.get(&(identity.to_owned(), address))
    }

    pub(super) fn identity(&self, id: ServiceId) -> &str {
        self.identities.get(id.index()).map_or("", String::as_str)
    }

    /// The addresses that checks wait for (`ha_suspend`).
    pub(super) fn suspending(&self) -> HashSet<IpAddr> {
        let suspending = self.config.virtual_servers.iter().filter(|server| server.ha_suspend);
        suspending.flat_map(addresses).collect()
    }

    /// Forgets what no server that drains needs any more.
    pub(super) fn forget_drained(&mut self, director: &director::Director) {
        let mut needed = HashSet::new();
        for service in director.services() {
            needed.extend(director.destinations(service).filter_map(|wanted| match wanted.who {
                DestinationKey::Drained(address) => Some((self.identity(service).to_owned(), address)),
                DestinationKey::Server(_) | DestinationKey::Sorry => None,
            }));
        }
        self.drained.retain(|key, _| needed.contains(key));
    }

    pub(super) fn virtual_server(&self, id: ServiceId) -> Option<&conf::VirtualServer> {
        self.config.virtual_servers.get(id.index())
    }

    pub(super) fn real_server(&self, id: ServerId) -> Option<&conf::RealServer> {
        self.virtual_server(id.service)?.real_servers.get(id.index())
    }

    /// The director's configuration; the definitions of checks stay.
    #[cfg(test)]
    pub(super) fn director(&self) -> director::Plan {
        let mut shared = definitions::Shared::default();
        director::Plan {
            services: self
                .config
                .virtual_servers
                .iter()
                .zip(&self.identities)
                .map(|(server, identity)| self.service(server, identity, &mut shared))
                .collect(),
            share_checks: self.config.global.lvs.share_checks,
        }
    }

    fn service(
        &self,
        server: &conf::VirtualServer,
        identity: &str,
        shared: &mut definitions::Shared,
    ) -> director::Service {
        director::Service {
            name: identity.to_owned(),
            quorum: server.quorum,
            hysteresis: server.hysteresis,
            omega: server.omega,
            ha_suspend: if server.ha_suspend { addresses(server) } else { Vec::new() },
            sorry: server.sorry_server.as_ref().map(|sorry| director::Sorry {
                inhibit: sorry.inhibit,
                checks: self.checks(&sorry.checkers, shared),
            }),
            panic_threshold: server.panic_threshold,
            panic_hysteresis: server.panic_hysteresis,
            outlier_weight: server.outlier_weight,
            drain: server.drain_timeout,
            initial_notifies: self.config.global.lvs.initial_notifies,
            servers: server.real_servers.iter().map(|real| self.server(real, shared)).collect(),
        }
    }

    fn server(&self, real: &conf::RealServer, shared: &mut definitions::Shared) -> director::Server {
        director::Server {
            address: real.address,
            weight: real.weight,
            inhibit_on_failure: real.inhibit_on_failure,
            backup: real.backup,
            slow_start: real.slow_start,
            checks: self.checks(&real.checkers, shared),
        }
    }

    fn checks(&self, checkers: &[conf::Checker], shared: &mut definitions::Shared) -> Vec<Check> {
        checkers.iter().map(|checker| definitions::check(&self.config, checker, shared)).collect()
    }

    /// The place in [`LvsConfig::checks`] of the script that a check of a server or a sorry server runs.
    pub(super) fn script(&self, server: ServerId, place: usize) -> Option<u32> {
        self.scripts.get(&(server, place)).copied()
    }

    /// `log_all_failures` of a check of a server or a sorry server.
    pub(super) fn logs_all(&self, server: ServerId, place: usize) -> bool {
        self.talkative.contains(&(server, place))
    }

    /// The session of this name.
    pub(super) fn session(&self, name: &str) -> Option<SessionKey> {
        self.config.bfd_instances.iter().find(|session| session.name == name).map(SessionKey::from)
    }

    /// Where the kernel has a real server: the services of its virtual server, and its address there.
    pub(super) fn held_at(&self, id: ServerId) -> impl Iterator<Item = (ServiceKey, SocketAddr)> + use<'_> {
        let services = self.services.get(id.service.index()).into_iter().flatten();
        services.filter_map(move |service| {
            let wanted = Wanted { who: DestinationKey::Server(id), weight: 0 };
            let server = self.virtual_server(id.service)?;
            Some((service.key, self.destination(server, id.service, &service.key, &wanted)?.address))
        })
    }

    /// The real server behind a destination of a kernel service, if it is one.
    pub(super) fn server_at(&self, key: &ServiceKey, address: SocketAddr) -> Option<ServerId> {
        let has_key = |services: &Vec<Service>| services.iter().any(|service| service.key == *key);
        let place = self.services.iter().position(has_key)?;
        let service = ServiceId(u32::try_from(place).ok()?);
        let server = self.virtual_server(service)?;
        let ids = (0..).zip(&server.real_servers).map(|(place, _)| ServerId { service, place });
        let mut at = ids.filter(|&id| {
            let wanted = Wanted { who: DestinationKey::Server(id), weight: 0 };
            self.destination(server, service, key, &wanted).is_some_and(|it| it.address == address)
        });
        // Two that are one destination are not told apart.
        at.next().filter(|_| at.next().is_none())
    }

    /// All kernel services, of every virtual server.
    pub(super) fn keys(&self) -> impl Iterator<Item = ServiceKey> {
        self.services.iter().flatten().map(|service| service.key)
    }

    /// Puts into a table what the kernel is to hold for one virtual server. A destination that has several roles there
    /// (real server, sorry server, drained; two ports that direct routing makes one) has the highest weight of these.
    pub(super) fn fill(&self, id: ServiceId, wanted: &[Wanted], table: &mut Table) {
        let (Some(server), Some(services)) = (self.virtual_server(id), self.services.get(id.index())) else {
            return;
        };
        for service in services {
            table.insert(service.clone());
            for wanted in wanted {
                if let Some(destination) = self.destination(server, id, &service.key, wanted)
                    && table
                        .destination(&service.key, destination.address)
                        .is_none_or(|other| other.weight < destination.weight)
                {
                    table.insert_destination(&service.key, destination);
                }
            }
        }
    }

    fn destination(
        &self,
        server: &conf::VirtualServer,
        id: ServiceId,
        key: &ServiceKey,
        wanted: &Wanted,
    ) -> Option<Destination> {
        let (address, forwarding, thresholds) = match wanted.who {
            DestinationKey::Server(real) if real.service == id => {
                let real = self.real_server(real)?;
                (real.address, real.forwarding, thresholds(real))
            }
            DestinationKey::Server(_) => return None,
            DestinationKey::Drained(address) => {
                let real = self.dropped(self.identity(id), address)?;
                let thresholds = Thresholds { upper: real.upper_threshold, lower: real.lower_threshold };
                (real.address, real.forwarding, thresholds)
            }
            DestinationKey::Sorry => {
                let sorry = server.sorry_server.as_ref()?;
                (sorry.address, sorry.forwarding, Thresholds::default())
            }
        };
        // Of a group with addresses of both families, each real server serves those of its own. Tunnels lead anywhere.
        if address.is_ipv6() != (key.family() == Family::V6)
            && !matches!(forwarding, conf::Forwarding::Tunnel { .. })
        {
            return None;
        }
        let address = SocketAddr::new(address.ip(), port(key, address.port(), forwarding));
        let destination = Destination::new(address, self::forwarding(forwarding));
        Some(destination.with_weight(wanted.weight).with_thresholds(thresholds))
    }
}

fn forget_checkers(server: &mut conf::VirtualServer) {
    for real in &mut server.real_servers {
        real.checkers = Vec::new();
    }
    if let Some(sorry) = &mut server.sorry_server {
        sorry.checkers = Vec::new();
    }
}

/// Where things stood in the plan before: objects that a reload dropped are reported by these places.
#[derive(Debug, Default)]
pub(super) struct Former {
    services: HashMap<String, FormerService>,
}

#[derive(Debug)]
struct FormerService {
    place: (Generation, u32),
    servers: HashMap<SocketAddr, u32>,
}

impl Former {
    pub(super) fn of(plan: &Plan) -> Self {
        let servers = |server: &conf::VirtualServer| {
            server.real_servers.iter().map(|real| real.address).zip(0..).collect::<HashMap<_, _>>()
        };
        let services = plan.config.virtual_servers.iter().zip(&plan.identities).zip(0..);
        let entry = |((server, identity), at): ((_, &String), _)| {
            let place = (plan.generation, at);
            (identity.clone(), FormerService { place, servers: servers(server) })
        };
        Self { services: services.map(entry).collect() }
    }

    /// The plan of a predecessor that died, perhaps before it told of what a reload dropped.
    pub(super) fn recalled(known: &HashMap<String, Remembered>) -> Self {
        let entry = |(identity, known): (&String, &Remembered)| {
            let configured = known.servers.iter().take(known.configured);
            let servers = configured.map(|server| server.address).zip(0..).collect();
            (identity.clone(), FormerService { place: known.place, servers })
        };
        Self { services: known.iter().map(entry).collect() }
    }

    /// The generation and the place in it of a virtual server, by its identity.
    pub(super) fn service(&self, name: &str) -> Option<(Generation, u32)> {
        self.services.get(name).map(|service| service.place)
    }

    /// The generation, and the places of a virtual server and one of its real servers.
    pub(super) fn server(&self, name: &str, address: SocketAddr) -> Option<(Generation, u32, u32)> {
        let FormerService { place: (generation, service), servers } = self.services.get(name)?;
        Some((*generation, *service, *servers.get(&address)?))
    }
}

/// The port of a destination: only NAT can change the one a client asked for, and a firewall mark has none itself.
fn port(key: &ServiceKey, own: u16, forwarding: conf::Forwarding) -> u16 {
    match (key, forwarding) {
        (_, conf::Forwarding::Nat) => own,
        (ServiceKey::Fwmark { .. }, _) => 0,
        (ServiceKey::Address { address, .. }, _) => address.port(),
    }
}

/// The addresses of a virtual server on this host.
fn addresses(server: &conf::VirtualServer) -> Vec<IpAddr> {
    let address = |service: &conf::LvsService| match service {
        conf::LvsService::Address { address, .. } => Some(address.ip()),
        conf::LvsService::Fwmark { .. } => None,
    };
    server.services.iter().filter_map(address).collect()
}

fn thresholds(real: &conf::RealServer) -> Thresholds {
    Thresholds { upper: real.upper_threshold, lower: real.lower_threshold }
}

fn services(server: &conf::VirtualServer, complaints: &mut Vec<String>) -> Vec<Service> {
    let scheduler = match Scheduler::new(&server.scheduler) {
        Ok(scheduler) => scheduler,
        Err(error) => {
            complaints.push(format!("{}: scheduler {}: {error}", server.name, server.scheduler));
            return Vec::new();
        }
    };
    let flags = flags(server);
    let build = |key: ServiceKey| {
        let service = Service::new(key, scheduler.clone()).with_flags(flags);
        match server.persistence_timeout {
            Some(seconds) => service.with_persistence(Persistence {
                timeout: Duration::from_secs(seconds.into()),
                prefix_len: server.persistence_granularity,
                mask: server.persistence_mask,
                engine: server
                    .persistence_engine
                    .as_deref()
                    .and_then(|name| PersistenceEngine::new(name).ok()),
            }),
            None => service,
        }
    };
    server.services.iter().filter_map(key).map(build).collect()
}

/// The name of a kernel service.
pub(super) fn key(service: &conf::LvsService) -> Option<ServiceKey> {
    Some(match *service {
        conf::LvsService::Address { protocol, address } => {
            let protocol = match protocol {
                conf::LvsProtocol::Tcp => Protocol::Tcp,
                conf::LvsProtocol::Udp => Protocol::Udp,
                conf::LvsProtocol::Sctp => Protocol::Sctp,
            };
            ServiceKey::Address { protocol, address }
        }
        conf::LvsService::Fwmark { mark, ipv6 } => {
            let family = if ipv6 { Family::V6 } else { Family::V4 };
            ServiceKey::Fwmark { family, mark: NonZeroU32::new(mark)? }
        }
    })
}

fn flags(server: &conf::VirtualServer) -> ServiceFlags {
    let [first, second, third] = server.scheduler_flags;
    let mut flags = ServiceFlags::empty();
    flags.set(ServiceFlags::ONE_PACKET, server.one_packet);
    flags.set(ServiceFlags::SCHED_1, first);
    flags.set(ServiceFlags::SCHED_2, second);
    flags.set(ServiceFlags::SCHED_3, third);
    flags
}

fn forwarding(forwarding: conf::Forwarding) -> Forwarding {
    match forwarding {
        conf::Forwarding::Nat => Forwarding::Nat,
        conf::Forwarding::DirectRoute => Forwarding::DirectRoute,
        conf::Forwarding::Tunnel { kind, checksum } => Forwarding::Tunnel(tunnel(kind, checksum)),
    }
}

fn tunnel(kind: conf::TunnelKind, checksum: conf::TunnelChecksum) -> Tunnel {
    let checksum = match checksum {
        conf::TunnelChecksum::None => TunnelChecksum::None,
        conf::TunnelChecksum::Checksum => TunnelChecksum::Full,
        conf::TunnelChecksum::Remote => TunnelChecksum::Remote,
    };
    match kind {
        conf::TunnelKind::Ipip => Tunnel::Ipip,
        conf::TunnelKind::Gue(port) => Tunnel::Gue { port, checksum },
        conf::TunnelKind::Gre => Tunnel::Gre { checksum },
    }
}

#[cfg(test)]
mod tests;
