//! One instance: its election parameters, where its adverts go, what they list, and what it puts on interfaces.

use std::collections::HashSet;
use std::net::IpAddr;

use keepalived_conf::model::{
    Auth, Garp, GarpElsewhere, InitialState, Preempt as ConfPreempt, RfcMode, VirtualAddress, VrrpInstance,
};
use vrrp_election::{AnnounceConfig, LinkId, Preempt, RouterConfig};
use vrrp_linux::address::AddressSpec;
use vrrp_proto::{
    AcceptedChecksum, Addresses, AuthKey, ChecksumRule, Family, Peer, Policy, RouterInterval, RouterPriority,
    TTL, TtlRange, Version, Vrid,
};

use super::address::address_spec;
use super::links::{self as own_links, Vmac};
use super::routing::{self, Routing};
use super::watched::Numbers;
use crate::ipc::VrrpConfig;
use crate::trailer::TrailerPlan;

/// Settings of a router beside its election parameters.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "answers to independent questions")]
pub(crate) struct RouterPlan {
    /// The name of its instance.
    pub(crate) name: Box<str>,
    pub(crate) config: RouterConfig,
    /// The interface of its adverts.
    pub(crate) link: Option<LinkId>,
    /// Where adverts go.
    pub(crate) reach: Reach,
    /// The source address that the configuration gives it.
    pub(crate) source: Option<IpAddr>,
    pub(crate) auth: RouterAuth,
    /// Checksum rule of VRRPv3 adverts over IPv4.
    pub(crate) checksum: ChecksumRule,
    /// Whether unicast peers with the checksum of keepalived before 1.3.7 are heard, and then spoken to in the same way.
    pub(crate) follows_old_checksum: bool,
    /// The addresses that adverts list, in file order.
    pub(crate) advertised: Advertised,
    /// Whether the addresses that peers list are compared with these.
    pub(crate) checks_list: bool,
    /// The RFC that it follows, where keepalived does something else.
    pub(crate) rfc: Option<RfcMode>,
    /// Whether packets to the virtual addresses are accepted (RFC 9568's Accept_Mode).
    pub(crate) accepts: bool,
    /// The addresses on interfaces: the advertised ones, then the excluded ones.
    pub(crate) addresses: Vec<Vip>,
    /// Its routes and rules, if it has any.
    pub(crate) routing: Option<Box<Routing>>,
    /// Its virtual MAC address.
    pub(crate) vmac: Option<Box<Vmac>>,
    /// Announcements of its addresses on other interfaces than that of its adverts.
    pub(crate) elsewhere: Option<GarpElsewhere>,
    /// An instance before it is the same router to the election: this one cannot take part and needs no socket.
    pub(crate) duplicate: bool,
    /// The parent is told of each change of its effective priority.
    pub(crate) tells_priority: bool,
}

/// Multicast or unicast.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    Multicast { group: IpAddr },
    Unicast { peers: Vec<Peer>, ttl: u8, strangers: Option<TtlRange> },
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum RouterAuth {
    None,
    Password(AuthKey),
    Ah(AuthKey),
    Trailer(Box<TrailerPlan>),
}

/// Addresses in the form that adverts borrow.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Advertised {
    V4(Vec<[u8; 4]>),
    V6(Vec<[u8; 16]>),
}

/// One virtual address on its interface.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Vip {
    pub(crate) link: LinkId,
    /// Its description; the interface index is filled in when it is used.
    pub(crate) spec: AddressSpec,
    /// `no_track`: not restored when somebody deletes it.
    pub(crate) untracked: bool,
    /// The router is the address owner: the interface's own address will do.
    pub(crate) native: bool,
}

impl Vip {
    /// As far as a reload compares it.
    pub(super) fn of_election(&self) -> vrrp_election::VirtualAddress {
        let network = self.spec.network;
        vrrp_election::VirtualAddress { link: self.link, address: network.ip(), prefix_len: network.prefix() }
    }
}

impl Advertised {
    pub(crate) fn borrow(&self) -> Addresses<'_> {
        match self {
            Self::V4(list) => Addresses::V4(list),
            Self::V6(list) => Addresses::V6(list),
        }
    }
}

impl RouterPlan {
    /// Treatment of adverts about which receivers differ: the one that interoperates, or an RFC's letter. A router that
    /// sums as keepalived does (`v3_checksum_as_v2 off`) has peers that do so.
    pub(crate) fn policy(&self) -> Policy {
        match (self.rfc, self.checksum) {
            (None, _) => Policy { old_unicast_checksum: self.follows_old_checksum, ..Policy::INTEROP },
            (Some(RfcMode::Rfc9568), ChecksumRule::OldUnicast) => Policy {
                v3_ipv4_checksum: AcceptedChecksum::Either,
                old_unicast_checksum: true,
                ..Policy::RFC9568
            },
            (Some(RfcMode::Rfc3768), _) => Policy::RFC3768,
            (Some(RfcMode::Rfc9568), ChecksumRule::MessageOnly) => Policy::RFC9568,
            (Some(RfcMode::Rfc9568), _) => {
                Policy { v3_ipv4_checksum: AcceptedChecksum::Either, ..Policy::RFC9568 }
            }
        }
    }

    pub(crate) const fn is_ipv4(&self) -> bool {
        matches!(self.advertised, Advertised::V4(_))
    }
}

/// The parameters of one instance; its names are numbered.
pub(super) fn router_plan(
    instance: &VrrpInstance,
    config: &VrrpConfig,
    links: &mut Numbers<String, LinkId>,
) -> RouterPlan {
    let link = instance.interface.as_deref().map(|name| links.id(name));
    let vmac = own_links::vmac(instance, links);
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
    addresses.shrink_to_fit();
    RouterPlan {
        name: instance.name.as_str().into(),
        config: router_config(instance),
        link,
        reach: reach(instance, config),
        source: instance.source,
        auth: match &instance.auth {
            // An instance whose `auth_hmac` cannot be used stays in FAULT.
            Auth::None | Auth::UnusableHmac => RouterAuth::None,
            Auth::Password(password) => RouterAuth::Password(AuthKey::new(password)),
            Auth::Ah(key) => RouterAuth::Ah(AuthKey::new(key)),
            Auth::Hmac(hmac) => {
                RouterAuth::Trailer(Box::new(TrailerPlan::new(hmac, instance.unicast_peers.len())))
            }
        },
        checksum: match (instance.old_unicast_checksum, instance.v3_checksum_as_v2) {
            (Some(true), _) if !instance.unicast_peers.is_empty() => ChecksumRule::OldUnicast,
            (_, true) => ChecksumRule::MessageOnly,
            (_, false) => ChecksumRule::PseudoHeader,
        },
        follows_old_checksum: instance.old_unicast_checksum != Some(false),
        advertised: advertised(instance),
        checks_list: !instance.skip_check_adv_addr,
        rfc: instance.rfc,
        accepts: instance.accept,
        addresses,
        routing: routing::of_instance(instance),
        vmac,
        elsewhere: instance.garp.elsewhere,
        duplicate: false,
        // A reader of a FIFO is told the present priority after a reload.
        tells_priority: instance.notify_priority_changes || config.global.fifo_states_on_reload,
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
        backup_after_stall: instance.backup_after_stall.and_then(|rival| RouterPriority::new(rival).ok()),
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

fn reach(instance: &VrrpInstance, config: &VrrpConfig) -> Reach {
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
    // A TTL bound on any peer means that the author wants to know who speaks, and so do signatures.
    let checked = instance.check_unicast_source
        || matches!(instance.auth, Auth::Hmac(_))
        || instance.unicast_peers.iter().any(|peer| peer.ttl.is_some());
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

/// Whether an Active that yields sends one more advert, where the file does not say. keepalived does not; but after
/// a partition has healed, that advert is what tells the winner to announce the addresses again, and without it
/// neighbours may go on sending to the loser.
pub(crate) const YIELDING_ADVERT: bool = true;

/// The count of an advert is one octet; of IPv6 addresses, as many as fit into 1500 octets (keepalived's number).
const MOST_V4_ADDRESSES: usize = 255;
const MOST_V6_ADDRESSES: usize = 89;
