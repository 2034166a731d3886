//! From the configuration to what the election and the kernel need: pure translation, no decision.

mod address;
mod links;
mod process_check;
mod router;
mod routing;
mod sockets;
#[cfg(test)]
mod tests;
mod trackers;
mod watched;

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::time::Duration;

use keepalived_conf::model::{self, Auth, SyncGroup, VrrpInstance, VrrpScript};
use vrrp_election::{
    Delays, FactId, GroupId, GroupSetup, LinkId, LinkSetup, NodeConfig, OnShortage, RouterId, RouterKey,
    RouterSetup, ScriptConfig, ScriptId, ScriptSetup, Track, TrackTarget, Transport,
};

use vrrp_linux::virtual_links::WantedLink;

use super::socket_key::Key;
use super::spacing::{Gap, Gaps};
use crate::ipc::{Generation, VrrpConfig};
use crate::packed::Packed;
use router::router_plan;
pub(super) use watched::NothingKnown;

pub(super) use process_check::ProcessCheck;
pub(super) use router::{Reach, RouterAuth, RouterPlan, Vip, YIELDING_ADVERT};
pub(super) use routing::{Routing, StaticId, Statics};
pub(super) use watched::{Numbers, Observe, WatchedFact};

/// One reading of the configuration, translated. Router `n` is instance `n` of the file, script `n` is
/// `config.scripts[n]`.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) generation: Generation,
    /// Its instances are packed once the plan is [settled](Self::settle).
    pub(super) config: VrrpConfig,
    /// The instances of a settled plan.
    packed: Packed<VrrpInstance>,
    /// All interfaces that matter.
    pub(super) links: Numbers<String, LinkId>,
    /// Everything else that routers depend on.
    pub(super) facts: Numbers<WatchedFact, FactId>,
    pub(super) routers: Vec<RouterPlan>,
    /// The objects that are there as long as the daemon runs.
    pub(super) statics: Statics,
    /// For how long changes of interfaces have to last.
    pub(super) link_delays: HashMap<String, Delays>,
    /// Interfaces that are made for the routers.
    pub(super) virtual_links: Vec<WantedLink>,
    /// Every virtual address that is nobody's own: adverts do not come from it.
    pub(super) virtual_ips: HashSet<IpAddr>,
}

impl Plan {
    pub(super) fn new(generation: Generation, config: impl Into<VrrpConfig>) -> Self {
        let config: VrrpConfig = config.into();
        let mut links = Numbers::default();
        let mut facts = Numbers::default();
        let mut routers = Vec::with_capacity(config.instances.len());
        for instance in &config.instances {
            let router = router_plan(instance, &config, &mut links);
            for track in &instance.track_interfaces {
                links.id(track.interface.as_str());
            }
            for link in routing::required_links(instance) {
                links.id(link);
            }
            for id in routing::tracked(&config.statics, instance) {
                facts.id(&WatchedFact::Static(id));
            }
            if let Some(source) = required_source(instance) {
                facts.id(&source);
            }
            for (fact, ..) in trackers::facts(instance, &config) {
                facts.id(&fact);
            }
            for key in Key::all_of(&router) {
                facts.id(&WatchedFact::Socket(key));
            }
            routers.push(router);
        }
        for track in config.sync_groups.iter().flat_map(|group| &group.track_interfaces) {
            links.id(track.interface.as_str());
        }
        for (fact, ..) in config.sync_groups.iter().flat_map(|group| trackers::group_facts(group, &config)) {
            facts.id(&fact);
        }
        let vips = routers.iter().flat_map(|router| &router.addresses);
        let virtual_ips = vips.filter(|vip| !vip.native).map(|vip| vip.spec.network.ip()).collect();
        let packed = Packed::default();
        let mut statics = Statics::new(&config.statics);
        statics.addresses.extend(links::addresses(&config.instances));
        let virtual_links = links::wanted(&config.instances);
        let link_delays = trackers::link_delays(&config, &virtual_links);
        let mut plan = Self {
            generation,
            config,
            packed,
            links,
            facts,
            routers,
            statics,
            link_delays,
            virtual_links,
            virtual_ips,
        };
        let keys = RouterKey::all(&plan.node_config(&NothingKnown));
        for (router, first) in plan.routers.iter_mut().zip(RouterKey::duplicates(&keys)) {
            router.duplicate = first.is_some();
        }
        plan
    }

    /// The election's configuration. `now` says how interfaces and facts are now.
    pub(super) fn node_config(&self, now: &impl Observe) -> NodeConfig {
        let instances = self.routers.iter().zip(&self.config.instances).zip(self.groups_of_members());
        NodeConfig {
            routers: instances
                .map(|((router, instance), group)| self.setup(router, instance, group))
                .collect(),
            groups: self.config.sync_groups.iter().map(group_setup).collect(),
            scripts: self.config.scripts.iter().map(script_setup).collect(),
            links: self
                .links
                .iter()
                .map(|(_, name)| LinkSetup { name: name.clone(), state: now.link(name) })
                .collect(),
            facts: self.facts.iter().map(|(_, fact)| now.fact(fact)).collect(),
            startup_delay: self.startup_delay(now.since_boot()),
        }
    }

    /// Time from now on during which no router speaks or listens, on a machine that was started so long ago.
    fn startup_delay(&self, since_boot: Duration) -> Duration {
        let global = &self.config.global;
        global.startup_delay.max(global.daemon.delay_after_boot.saturating_sub(since_boot))
    }

    /// Packs the instances: the plan is in force, the election was told everything, and from here on only a dump asks
    /// for them.
    pub(super) fn settle(&mut self) {
        // Should there be no encoding, they stay as they are.
        if let Ok(packed) = Packed::new(&self.config.instances) {
            self.packed = packed;
            self.config.instances = Vec::new();
        }
    }

    /// The instances, in the order of their routers.
    pub(super) fn instances(&self) -> Vec<VrrpInstance> {
        self.config.instances.iter().cloned().chain(self.packed.iter()).collect()
    }

    /// Instances that ask for `promote_secondaries`, and the interface of each.
    pub(super) fn promotions(&self) -> impl Iterator<Item = (&str, &str)> {
        let asking = self.config.instances.iter().filter(|instance| instance.promote_secondaries);
        asking.filter_map(|instance| Some((instance.name.as_str(), instance.interface.as_deref()?)))
    }

    /// The least time between two gratuitous ARPs on an interface, and between two unsolicited neighbour
    /// advertisements.
    pub(super) fn announcement_gaps(&self) -> Gaps {
        let global = &self.config.global;
        let all = Gap { arp: global.garp_interval, na: global.gna_interval };
        let group = |group: &model::GarpGroup| {
            (Gap { arp: group.garp_interval, na: group.gna_interval }, group.interfaces.clone())
        };
        Gaps { all, groups: global.garp_groups.iter().map(group).collect() }
    }

    /// The interfaces where addresses of a router are announced again and again; `None`: there are none.
    pub(super) fn elsewhere<'a>(&'a self, router: &RouterPlan) -> Option<Elsewhere<'a>> {
        let all = router.elsewhere?.all;
        let vmac = router.vmac.as_deref().filter(|vmac| vmac.transmits);
        let of_adverts = vmac.map(|vmac| vmac.link).or(router.link);
        let of_adverts = of_adverts.and_then(|link| self.links.name(link)).map_or("", String::as_str);
        Some(Elsewhere { of_adverts, made: if all { None } else { Some(&self.virtual_links) } })
    }

    /// Whether there are routes or rules.
    pub(super) fn has_routing(&self) -> bool {
        let statics = &self.statics.routing;
        !statics.routes.is_empty()
            || !statics.rules.is_empty()
            || self.routers.iter().any(|router| router.routing.is_some())
    }

    /// The name of an instance.
    pub(super) fn name(&self, router: RouterId) -> &str {
        self.routers.get(router.0 as usize).map_or("?", |router| &router.name)
    }

    /// The name of the sync group of an instance.
    pub(super) fn group_of(&self, router: RouterId) -> Option<&str> {
        let is_of = |group: &&SyncGroup| group.members.contains(&(router.0 as usize));
        self.config.sync_groups.iter().find(is_of).map(|group| group.name.as_str())
    }

    /// An instance and the other members of its sync group.
    pub(super) fn companions(&self, router: RouterId) -> Vec<RouterId> {
        let place = router.0 as usize;
        let group = self.config.sync_groups.iter().find(|group| group.members.contains(&place));
        let id = |place: &usize| u32::try_from(*place).ok().map(RouterId);
        group.map_or_else(|| vec![router], |group| group.members.iter().filter_map(id).collect())
    }

    /// The name of a sync group.
    pub(super) fn group_name(&self, group: GroupId) -> &str {
        self.config.sync_groups.get(group.0 as usize).map_or("?", |group| &group.name)
    }

    /// For each instance the group that it is a member of.
    pub(super) fn groups_of_members(&self) -> Vec<Option<&SyncGroup>> {
        let mut groups = vec![None; self.routers.len()];
        for group in &self.config.sync_groups {
            for member in &group.members {
                if let Some(of_member) = groups.get_mut(*member) {
                    *of_member = Some(group);
                }
            }
        }
        groups
    }

    /// The name of a script.
    pub(super) fn script_name(&self, script: ScriptId) -> &str {
        self.config.scripts.get(script.0 as usize).map_or("?", |script| &script.name)
    }

    /// Treatment of a script that cannot be run for long.
    pub(super) fn on_shortage(&self, script: ScriptId) -> model::OnShortage {
        self.config.scripts.get(script.0 as usize).map_or_else(Default::default, |script| script.on_shortage)
    }

    /// The words for something that routers depend on, as the subject of a sentence.
    pub(super) fn target(&self, target: TrackTarget) -> String {
        match target {
            TrackTarget::Link(link) => {
                format!("interface {}", self.links.name(link).map_or("?", String::as_str))
            }
            TrackTarget::Script(script) => format!("script {}", self.script_name(script)),
            TrackTarget::Fact(fact) => self.facts.name(fact).map_or_else(String::new, |fact| self.fact(fact)),
        }
    }

    /// Whether a fact is what an instance tracks, not what it needs by itself.
    pub(super) fn is_tracker(&self, fact: FactId) -> bool {
        matches!(
            self.facts.name(fact),
            Some(WatchedFact::File(_) | WatchedFact::Processes(_) | WatchedFact::Session(_))
        )
    }

    /// The name that the configuration gives to what an instance tracks.
    pub(super) fn tracker_name(&self, fact: FactId) -> Option<&str> {
        trackers::name(self.facts.name(fact)?, &self.config)
    }

    fn fact(&self, fact: &WatchedFact) -> String {
        match (fact, trackers::name(fact, &self.config)) {
            (WatchedFact::File(_), Some(name)) => format!("file {name}"),
            (WatchedFact::Processes(_), Some(name)) => format!("process {name}"),
            (WatchedFact::Session(_), Some(name)) => format!("BFD session {name}"),
            _ => fact.to_string(),
        }
    }

    fn setup(&self, router: &RouterPlan, instance: &VrrpInstance, group: Option<&SyncGroup>) -> RouterSetup {
        let silent = instance.auth == Auth::UnusableHmac
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
            tracks: self.tracks(router, instance, group),
        }
    }
}

impl Plan {
    /// Everything that a router depends on beside its own interface: the tracks of its group count for it too.
    fn tracks(&self, router: &RouterPlan, instance: &VrrpInstance, group: Option<&SyncGroup>) -> Vec<Track> {
        // The interfaces of the addresses are needed, also where the router's own is not (`dont_track_primary`).
        let mut tracks: Vec<_> = router
            .addresses
            .iter()
            .filter(|vip| Some(vip.link) != router.link && !vip.untracked)
            .map(|vip| Track::required(vip.link))
            .collect();
        let links = routing::required_links(instance).filter_map(|link| self.links.known(link));
        tracks.extend(links.filter(|link| Some(*link) != router.link).map(Track::required));
        let statics = routing::tracked(&self.config.statics, instance);
        let facts = statics.filter_map(|id| self.facts.known(&WatchedFact::Static(id)));
        tracks.extend(facts.map(Track::required));
        tracks.dedup();
        let of_group = group.into_iter().flat_map(|group| &group.track_interfaces);
        let of_group = of_group.filter(|track| Some(&track.interface) != instance.interface.as_ref());
        tracks.extend(instance.track_interfaces.iter().chain(of_group).filter_map(|track| {
            let target = self.links.known(track.interface.as_str())?.into();
            Some(Track { target, weight: track.weight.into(), reverse: track.reverse })
        }));
        tracks.extend(
            required_source(instance).and_then(|source| self.facts.known(&source)).map(Track::required),
        );
        let sockets = Key::all_of(router).map(WatchedFact::Socket);
        tracks.extend(sockets.filter_map(|socket| self.facts.known(&socket)).map(Track::required));
        let of_group = group.into_iter().flat_map(|group| &group.track_scripts);
        tracks.extend(instance.track_scripts.iter().chain(of_group).map(|track| Track {
            target: ScriptId(number(track.script)).into(),
            weight: track.weight.into(),
            reverse: track.reverse,
        }));
        tracks.extend(trackers::tracks(instance, group, &self.config, &self.facts));
        tracks.shrink_to_fit();
        tracks
    }
}

/// The interfaces of a router beside that of its adverts.
#[derive(Debug)]
pub(super) struct Elsewhere<'a> {
    of_adverts: &'a str,
    /// Only these; `None` is all.
    made: Option<&'a [WantedLink]>,
}

impl Elsewhere<'_> {
    /// Whether the interface of this name is one of them.
    pub(super) fn has(&self, name: &str) -> bool {
        name != self.of_adverts && self.made.is_none_or(|made| made.iter().any(|wanted| wanted.name == name))
    }
}

/// The source address without which a router does not take part: one of unicast, for packets from an address that is
/// not there never leave, and answers never arrive; another one only if `track_src_ip` asks for it.
fn required_source(instance: &VrrpInstance) -> Option<WatchedFact> {
    let required = instance.track_source || !instance.unicast_peers.is_empty();
    let address = instance.source.filter(|_| required)?;
    Some(WatchedFact::Source { address, interface: instance.interface.clone() })
}

fn group_setup(group: &SyncGroup) -> GroupSetup {
    let members = group.members.iter().map(|member| RouterId(number(*member)));
    GroupSetup { name: group.name.clone(), members: members.collect() }
}

fn script_setup(script: &VrrpScript) -> ScriptSetup {
    let config = ScriptConfig {
        interval: script.interval,
        timeout: script.timeout,
        rise: script.rise,
        fall: script.fall,
        init_fail: script.init_fail,
        on_shortage: match script.on_shortage {
            model::OnShortage::Keep => OnShortage::Keep,
            model::OnShortage::Fail => OnShortage::Fail,
        },
    };
    ScriptSetup { name: script.name.clone(), command: format!("{:?}", script.command), config }
}

fn number(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod address_tests;
