//! From the configuration to what the election and the kernel need: pure translation, no decision.

use std::borrow::Borrow;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::hash::Hash;
use std::net::IpAddr;

use keepalived_conf::model::{
    Auth, Config, Garp, InitialState, Preempt as ConfPreempt, VirtualAddress, VrrpInstance, VrrpScript,
};
use vrrp_election::{
    AnnounceConfig, Fact, FactId, LinkId, LinkSetup, LinkState, NodeConfig, Preempt, RouterConfig, RouterId,
    RouterKey, RouterSetup, ScriptConfig, ScriptId, ScriptSetup, Track, TrackTarget, Transport,
};
use vrrp_linux::address::{AddressFlags, AddressSpec, Scope};
use vrrp_proto::{
    Addresses, AuthKey, Family, Peer, RouterInterval, RouterPriority, TTL, TtlRange, Version, Vrid,
};

use super::attachment::Key;
use crate::ipc::Generation;

/// One reading of the configuration, translated. Router `n` is `config.instances[n]`, script `n` is
/// `config.scripts[n]`.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) generation: Generation,
    pub(super) config: Config,
    /// All interfaces that matter.
    pub(super) links: Numbers<String, LinkId>,
    /// Everything else that routers depend on.
    pub(super) facts: Numbers<WatchedFact, FactId>,
    pub(super) routers: Vec<RouterPlan>,
    /// Every virtual address that is nobody's own: adverts do not come from it.
    pub(super) virtual_ips: HashSet<IpAddr>,
}

/// What a router needs beside its election parameters.
#[derive(Debug)]
pub(super) struct RouterPlan {
    pub(super) config: RouterConfig,
    /// The interface of its adverts.
    pub(super) link: Option<LinkId>,
    /// Where adverts go.
    pub(super) reach: Reach,
    pub(super) auth: RouterAuth,
    /// What adverts list, in file order.
    pub(super) advertised: Advertised,
    /// Whether the addresses that peers list are compared with these.
    pub(super) checks_list: bool,
    /// What is put on interfaces: the advertised addresses, then the excluded ones.
    pub(super) addresses: Vec<Vip>,
    /// An instance before it is the same router to the election: this one cannot take part and needs no socket.
    pub(super) duplicate: bool,
}

/// Multicast or unicast.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reach {
    Multicast { group: IpAddr },
    Unicast { peers: Vec<Peer>, ttl: u8, strangers: Option<TtlRange> },
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum RouterAuth {
    None,
    Password(AuthKey),
    Ah(AuthKey),
}

/// Addresses in the form that adverts borrow.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Advertised {
    V4(Vec<[u8; 4]>),
    V6(Vec<[u8; 16]>),
}

/// One virtual address on its interface.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Vip {
    pub(super) link: LinkId,
    /// Its description; the interface index is filled in when it is used.
    pub(super) spec: AddressSpec,
    /// `no_track`: not restored when somebody deletes it.
    pub(super) untracked: bool,
    /// The router is the address owner: the interface's own address will do.
    pub(super) native: bool,
}

impl Vip {
    /// As far as a reload compares it.
    fn of_election(&self) -> vrrp_election::VirtualAddress {
        let network = self.spec.network;
        vrrp_election::VirtualAddress { link: self.link, address: network.ip(), prefix_len: network.prefix() }
    }
}

impl Plan {
    pub(super) fn new(generation: Generation, config: Config) -> Self {
        let mut links = Numbers::default();
        let mut facts = Numbers::default();
        let mut routers = Vec::with_capacity(config.instances.len());
        for instance in &config.instances {
            let router = router_plan(instance, &config, &mut links);
            for track in &instance.track_interfaces {
                links.id(track.interface.as_str());
            }
            if let Some(source) = required_source(instance) {
                facts.id(&source);
            }
            facts.id(&WatchedFact::Socket(Key::of(&router, instance.source)));
            routers.push(router);
        }
        let vips = routers.iter().flat_map(|router| &router.addresses);
        let virtual_ips = vips.filter(|vip| !vip.native).map(|vip| vip.spec.network.ip()).collect();
        let mut plan = Self { generation, config, links, facts, routers, virtual_ips };
        let keys = RouterKey::all(&plan.node_config(&NothingKnown));
        for (router, first) in plan.routers.iter_mut().zip(RouterKey::duplicates(&keys)) {
            router.duplicate = first.is_some();
        }
        plan
    }

    /// What the election is told. `now` says how interfaces and facts are now.
    pub(super) fn node_config(&self, now: &impl Observe) -> NodeConfig {
        let instances = self.routers.iter().zip(&self.config.instances);
        NodeConfig {
            routers: instances.map(|(router, instance)| self.setup(router, instance)).collect(),
            scripts: self.config.scripts.iter().map(script_setup).collect(),
            links: self
                .links
                .iter()
                .map(|(_, name)| LinkSetup { name: name.clone(), state: now.link(name) })
                .collect(),
            facts: self.facts.iter().map(|(_, fact)| now.fact(fact)).collect(),
            startup_delay: self.config.global.startup_delay,
        }
    }

    /// The name of an instance.
    pub(super) fn name(&self, router: RouterId) -> &str {
        self.config.instances.get(router.0 as usize).map_or("?", |instance| &instance.name)
    }

    /// The name of a script.
    pub(super) fn script_name(&self, script: ScriptId) -> &str {
        self.config.scripts.get(script.0 as usize).map_or("?", |script| &script.name)
    }

    /// The words for something that routers depend on, as the subject of a sentence.
    pub(super) fn target(&self, target: TrackTarget) -> String {
        match target {
            TrackTarget::Link(link) => {
                format!("interface {}", self.links.name(link).map_or("?", String::as_str))
            }
            TrackTarget::Script(script) => format!("script {}", self.script_name(script)),
            TrackTarget::Fact(fact) => self.facts.name(fact).map_or_else(String::new, ToString::to_string),
        }
    }

    fn setup(&self, router: &RouterPlan, instance: &VrrpInstance) -> RouterSetup {
        let silent = instance.auth == Auth::Hmac
            || instance.unicast_fault_no_peer && instance.unicast_peers.is_empty();
        RouterSetup {
            config: router.config.clone(),
            // Without link and source, a router stays in FAULT.
            link: router.link.filter(|_| !silent),
            ignore_link_state: instance.dont_track_primary,
            transport: match &router.reach {
                Reach::Multicast { group } => Transport::Multicast { group: *group },
                Reach::Unicast { peers, .. } => Transport::unicast(peers.iter().map(|peer| peer.address)),
            },
            source: instance.source.filter(|_| !silent),
            addresses: router.addresses.iter().map(Vip::of_election).collect(),
            tracks: self.tracks(router, instance),
        }
    }
}

impl Plan {
    /// Everything that a router depends on beside its own interface.
    fn tracks(&self, router: &RouterPlan, instance: &VrrpInstance) -> Vec<Track> {
        // The interfaces of the addresses are needed as the router's own is, unless the file says otherwise.
        let mut tracks: Vec<_> = router
            .addresses
            .iter()
            .filter(|vip| Some(vip.link) != router.link && !vip.untracked && !instance.dont_track_primary)
            .map(|vip| Track::required(vip.link))
            .collect();
        tracks.dedup();
        tracks.extend(instance.track_interfaces.iter().filter_map(|track| {
            let target = self.links.known(track.interface.as_str())?.into();
            Some(Track { target, weight: track.weight.into(), reverse: track.reverse })
        }));
        tracks.extend(
            required_source(instance).and_then(|source| self.facts.known(&source)).map(Track::required),
        );
        let socket = WatchedFact::Socket(Key::of(router, instance.source));
        tracks.extend(self.facts.known(&socket).map(Track::required));
        tracks.extend(instance.track_scripts.iter().map(|track| Track {
            target: ScriptId(number(track.script)).into(),
            weight: track.weight.into(),
            reverse: track.reverse,
        }));
        tracks
    }
}

/// The source address without which a router does not take part: one of unicast, for what is sent from an address
/// that is not there never leaves, and its answers never arrive; another one only if `track_src_ip` asks for it.
fn required_source(instance: &VrrpInstance) -> Option<WatchedFact> {
    let required = instance.track_source || !instance.unicast_peers.is_empty();
    let address = instance.source.filter(|_| required)?;
    Some(WatchedFact::Source { address, interface: instance.interface.clone() })
}

impl Advertised {
    pub(super) fn borrow(&self) -> Addresses<'_> {
        match self {
            Self::V4(list) => Addresses::V4(list),
            Self::V6(list) => Addresses::V6(list),
        }
    }
}

/// Before anything was looked at.
struct NothingKnown;

impl Observe for NothingKnown {
    fn link(&self, _: &str) -> LinkState {
        LinkState::default()
    }

    fn fact(&self, _: &WatchedFact) -> Fact {
        Fact::Unknown
    }
}

/// How things are at the moment.
pub(super) trait Observe {
    /// The interface of this name.
    fn link(&self, name: &str) -> LinkState;
    /// Anything else.
    fn fact(&self, fact: &WatchedFact) -> Fact;
}

/// Something beside interfaces and scripts that routers depend on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum WatchedFact {
    /// This address can be sent from and heard at, for instances on this interface.
    Source { address: IpAddr, interface: Option<String> },
    /// The socket that hears the adverts: who is deaf would become Active beside an Active.
    Socket(Key),
}

impl fmt::Display for WatchedFact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket(key) => write!(f, "socket for {}", key.address),
            Self::Source { address, .. } => write!(f, "source address {address}"),
        }
    }
}

/// Numbers for what has names, in the order of first use.
#[derive(Debug)]
pub(super) struct Numbers<T, Id> {
    names: Vec<T>,
    ids: HashMap<T, Id>,
}

impl<T, Id> Default for Numbers<T, Id> {
    fn default() -> Self {
        Self { names: Vec::new(), ids: HashMap::new() }
    }
}

impl<T: Clone + Eq + Hash, Id: Number> Numbers<T, Id> {
    /// The number of something that the configuration names.
    pub(super) fn known<Q>(&self, name: &Q) -> Option<Id>
    where
        T: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        self.ids.get(name).copied()
    }

    /// What a number stands for.
    pub(super) fn name(&self, id: Id) -> Option<&T> {
        self.names.get(id.index())
    }

    /// Every number with what it stands for.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Id, &T)> {
        self.names.iter().enumerate().map(|(index, name)| (Id::new(number(index)), name))
    }

    fn id<Q>(&mut self, name: &Q) -> Id
    where
        T: Borrow<Q>,
        Q: Eq + Hash + ToOwned<Owned = T> + ?Sized,
    {
        if let Some(id) = self.known(name) {
            return id;
        }
        let id = Id::new(number(self.names.len()));
        self.names.push(name.to_owned());
        self.ids.insert(name.to_owned(), id);
        id
    }
}

/// A number of the election.
pub(super) trait Number: Copy {
    fn new(number: u32) -> Self;
    fn index(self) -> usize;
}

impl Number for LinkId {
    fn new(number: u32) -> Self {
        Self(number)
    }

    fn index(self) -> usize {
        self.0 as usize
    }
}

impl Number for FactId {
    fn new(number: u32) -> Self {
        Self(number)
    }

    fn index(self) -> usize {
        self.0 as usize
    }
}

fn router_plan(instance: &VrrpInstance, config: &Config, links: &mut Numbers<String, LinkId>) -> RouterPlan {
    let link = instance.interface.as_deref().map(|name| links.id(name));
    let default_device =
        instance.interface.as_deref().or(config.global.default_interface.as_deref()).unwrap_or("eth0");
    let mut vip = |address: &VirtualAddress| Vip {
        link: links.id(address.interface.as_deref().unwrap_or(default_device)),
        spec: address_spec(address),
        untracked: address.no_track,
        native: instance.priority == vrrp_proto::Priority::OWNER.get(),
    };
    let mut addresses: Vec<_> =
        instance.addresses.iter().chain(&instance.excluded_addresses).map(&mut vip).collect();
    // An address that is listed twice is advertised twice, but there is only one to be put on the interface.
    let mut seen = HashSet::with_capacity(addresses.len());
    addresses.retain(|vip| seen.insert((vip.link, vip.spec.network)));
    RouterPlan {
        config: router_config(instance),
        link,
        reach: reach(instance, config),
        auth: match instance.auth {
            // An instance with `auth_hmac` stays in FAULT.
            Auth::None | Auth::Hmac => RouterAuth::None,
            Auth::Password(password) => RouterAuth::Password(AuthKey::new(&password)),
            Auth::Ah(key) => RouterAuth::Ah(AuthKey::new(&key)),
        },
        advertised: advertised(instance),
        checks_list: !instance.skip_check_adv_addr,
        addresses,
        duplicate: false,
    }
}

fn router_config(instance: &VrrpInstance) -> RouterConfig {
    let version = if instance.version == 2 { Version::V2 } else { Version::V3 };
    let family = if instance.ipv6 { Family::Ipv6 } else { Family::Ipv4 };
    // The model has no VRID 0; if it had, 1 would be as good as any.
    let vrid = Vrid::new(instance.vrid).unwrap_or(Vrid::MIN);
    let interval = RouterInterval::nearest(version, instance.advert_interval);
    RouterConfig {
        priority: RouterPriority::new(instance.priority).unwrap_or(RouterPriority::MIN),
        preempt: match instance.preempt {
            ConfPreempt::Never => Preempt::Never,
            ConfPreempt::AtOnce => Preempt::AtOnce,
            ConfPreempt::After(delay) => Preempt::After(delay),
        },
        owner_starts_active: instance.state == InitialState::Master || instance.strict,
        down_adverts: instance.down_adverts,
        answer_lower_priority: !instance.lower_priority_no_advert,
        answer_higher_priority: instance.higher_priority_send_advert.unwrap_or(YIELDING_ADVERT),
        owner_ignores_adverts: instance.owner_ignores_adverts,
        announce: announce_config(&instance.garp),
        ..RouterConfig::new(vrid, family, interval)
    }
}

fn announce_config(garp: &Garp) -> AnnounceConfig {
    AnnounceConfig {
        repeat: garp.repeat,
        delay: garp.delay,
        refresh: garp.refresh,
        refresh_repeat: garp.refresh_repeat,
        lower_priority_repeat: garp.lower_priority_repeat,
        lower_priority_delay: garp.lower_priority_delay,
    }
}

fn script_setup(script: &VrrpScript) -> ScriptSetup {
    let config = ScriptConfig {
        interval: script.interval,
        timeout: script.timeout,
        rise: script.rise,
        fall: script.fall,
        init_fail: script.init_fail,
    };
    ScriptSetup { command: format!("{:?}", script.command), config }
}

fn reach(instance: &VrrpInstance, config: &Config) -> Reach {
    if instance.unicast_peers.is_empty() {
        let group = instance.multicast_group.unwrap_or(if instance.ipv6 {
            IpAddr::V6(config.global.multicast_v6)
        } else {
            IpAddr::V4(config.global.multicast_v4)
        });
        return Reach::Multicast { group };
    }
    let peers = instance.unicast_peers.iter().map(|peer| Peer {
        address: peer.address,
        ttl: peer.ttl.map_or(TtlRange::ANY, |(min, max)| TtlRange { min, max }),
    });
    // A TTL bound on any peer means that the author wants to know who speaks.
    let checked =
        instance.check_unicast_source || instance.unicast_peers.iter().any(|peer| peer.ttl.is_some());
    Reach::Unicast {
        peers: peers.collect(),
        ttl: instance.unicast_ttl.unwrap_or(TTL),
        strangers: (!checked).then_some(TtlRange::ANY),
    }
}

fn advertised(instance: &VrrpInstance) -> Advertised {
    let addresses = instance.addresses.iter().map(|address| address.network.ip());
    if instance.ipv6 {
        Advertised::V6(
            addresses
                .filter_map(|address| match address {
                    IpAddr::V6(address) => Some(address.octets()),
                    IpAddr::V4(_) => None,
                })
                .take(MOST_V6_ADDRESSES)
                .collect(),
        )
    } else {
        Advertised::V4(
            addresses
                .filter_map(|address| match address {
                    IpAddr::V4(address) => Some(address.octets()),
                    IpAddr::V6(_) => None,
                })
                .take(MOST_V4_ADDRESSES)
                .collect(),
        )
    }
}

fn address_spec(address: &VirtualAddress) -> AddressSpec {
    let mut spec = AddressSpec::new(0, address.network);
    spec.scope = Scope(address.scope);
    spec.label.clone_from(&address.label);
    spec.broadcast = address.broadcast;
    spec.peer = address.peer.map(|peer| peer.ip());
    spec.preferred_lifetime = address.preferred_lifetime;
    spec.flags.set(AddressFlags::NODAD, address.network.is_ipv6() && !address.duplicate_detection);
    spec.flags.set(AddressFlags::HOMEADDRESS, address.home);
    spec.flags.set(AddressFlags::MANAGETEMPADDR, address.manage_temporary);
    spec.flags.set(AddressFlags::NOPREFIXROUTE, address.no_prefix_route);
    spec.flags.set(AddressFlags::MCAUTOJOIN, address.autojoin);
    spec
}

/// Whether an Active that yields sends one more advert, where the file does not say. keepalived does not; but after
/// a partition has healed, that advert is what tells the winner to announce the addresses again, and without it
/// neighbours may go on sending to the loser.
pub(super) const YIELDING_ADVERT: bool = true;

/// The count of an advert is one octet; of IPv6 addresses, as many as fit into 1500 octets (keepalived's number).
const MOST_V4_ADDRESSES: usize = 255;
const MOST_V6_ADDRESSES: usize = 89;

fn number(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod address_tests;
