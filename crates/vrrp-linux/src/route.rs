//! Routes as somebody wants them to be, and the messages that add and remove them.
//!
//! All pure; [`Commands`](crate::commands::Commands) carries the changes out, and
//! [`Holdings`](crate::holdings::Holdings) decides which are due.
//!
//! A route is added without `NLM_F_EXCL` unless asked otherwise: the kernel then refuses only a second one that is the
//! same in every respect, so adding a route again is a way to make sure of it. One is removed with its protocol, so
//! that the kernel never takes somebody else's for it.

use std::fmt;
use std::net::IpAddr;

use ipnetwork::IpNetwork;
use netlink_packet_core::{NLM_F_APPEND, NLM_F_CREATE, NLM_F_EXCL};
use netlink_packet_route::route::{
    RouteAddress, RouteAttribute, RouteFlags, RouteMessage, RouteMetric, RouteMplsTtlPropagation,
    RouteNextHop, RouteNextHopFlags, RoutePreference, RouteProtocol, RouteRealm, RouteScope, RouteType,
    RouteVia,
};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};

mod encap;
mod words;

pub use encap::Encap;

/// The protocol number of routes and rules of VRRP daemons (`RTPROT_KEEPALIVED`, `proto keepalived`).
pub const PROTOCOL: u8 = crate::address::KEEPALIVED;

/// The table that is looked up if no rule says otherwise.
pub const MAIN_TABLE: u32 = 254;

/// Kind of a route: the treatment of packets that match (`RTN_*`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RouteKind(
    /// The kernel's number.
    pub u8,
);

impl RouteKind {
    /// They go to the next hop.
    pub const UNICAST: Self = Self(1);
    /// They are dropped silently.
    pub const BLACKHOLE: Self = Self(6);
    /// They are dropped, the sender hears "host unreachable".
    pub const UNREACHABLE: Self = Self(7);
    /// They are dropped, the sender hears "administratively prohibited".
    pub const PROHIBIT: Self = Self(8);
}

/// A route as somebody wants it to be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RouteSpec {
    /// Treatment of the packets.
    pub kind: RouteKind,
    /// Destination of the packets; its host bits are 0.
    pub destination: IpNetwork,
    /// IPv6: where they come from.
    pub from: Option<IpNetwork>,
    /// The type of service that they carry.
    pub tos: u8,
    /// The table.
    pub table: u32,
    /// The VRF whose table it is instead.
    pub vrf: Option<Box<str>>,
    /// Protocol that adds it (`RTPROT_*`).
    pub protocol: u8,
    /// Scope of the destination (`RT_SCOPE_*`).
    pub scope: u8,
    /// Of several routes to the same destination, the one with the smaller number is taken.
    pub metric: u32,
    /// The source address of packets of this machine.
    pub source: Option<IpAddr>,
    /// Where packets go; several share the load.
    pub hops: Vec<Hop>,
    /// Metrics of the path, for TCP and others.
    pub path: Path,
    /// Realms: source << 16 | destination.
    pub realms: Option<u32>,
    /// IPv6: seconds until the kernel removes it.
    pub expires: Option<u32>,
    /// IPv6: the router's preference (`ICMPV6_ROUTER_PREF_*`).
    pub preference: Option<u8>,
    /// Whether MPLS propagates the TTL.
    pub ttl_propagate: Option<bool>,
    /// Treatment of an equal route.
    pub insertion: Insertion,
}

/// Treatment where the kernel has a route of the same destination, type of service and metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Insertion {
    /// This one is put before it.
    #[default]
    Prepend,
    /// This one is put behind it.
    Append,
    /// This one is not added.
    Exclusive,
}

/// A next hop.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hop {
    /// The name of the interface; without one, the kernel looks for it.
    pub link: Option<Box<str>>,
    /// The index of that interface, filled in when the route is used.
    pub index: u32,
    /// The next router; without one, the destination is on the link.
    pub via: Option<IpAddr>,
    /// The next router counts as being on the link whatever the addresses say.
    pub onlink: bool,
    /// The share of several hops, 1 to 256.
    pub weight: u16,
    /// Realms of this hop.
    pub realms: Option<u32>,
    /// Encapsulation of the packets.
    pub encap: Option<Encap>,
}

/// Properties of a path (`RTAX_*`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Path {
    /// Number and value of each property, in the order of the numbers.
    pub values: Vec<(u16, u32)>,
    /// The numbers of those that the kernel must not change, as bits.
    pub locked: u32,
    /// The congestion control of TCP.
    pub congestion: Option<Box<str>>,
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum RouteChange {
    /// Add it.
    Add(RouteSpec),
    /// Take it away.
    Remove(RouteSpec),
    /// Take away what a predecessor put there, as [`RouteSpec::removal`] described it.
    RemoveFormer(Vec<u8>),
}

impl Hop {
    /// A hop on the interface of this name.
    pub fn new(link: Option<&str>, via: Option<IpAddr>) -> Self {
        Self {
            link: link.map(Into::into),
            index: 0,
            via,
            onlink: false,
            weight: 1,
            realms: None,
            encap: None,
        }
    }
}

impl RouteSpec {
    /// A route with the usual properties.
    pub fn new(destination: IpNetwork, hops: Vec<Hop>) -> Self {
        let network = IpNetwork::new(destination.network(), destination.prefix());
        Self {
            kind: RouteKind::UNICAST,
            destination: network.unwrap_or(destination),
            from: None,
            tos: 0,
            table: MAIN_TABLE,
            vrf: None,
            protocol: PROTOCOL,
            scope: 0,
            metric: 0,
            source: None,
            hops,
            path: Path::default(),
            realms: None,
            expires: None,
            preference: None,
            ttl_propagate: None,
            insertion: Insertion::default(),
        }
    }

    /// Everything that sets it apart, as octets that outlive this process.
    pub fn removal(&self) -> Vec<u8> {
        let message = describe(self);
        let mut bytes = vec![0; netlink_packet_core::Emitable::buffer_len(&message)];
        netlink_packet_core::Emitable::emit(&message, &mut bytes);
        bytes
    }

    /// Whether the removal of this route could take the other one instead: the kernel compares only what it is told.
    pub fn may_hit(&self, other: &Self) -> bool {
        self.slot() == other.slot()
            && (self.hops.iter().map(|hop| (hop.index, hop.via)).collect::<Vec<_>>()
                == other.hops.iter().map(|hop| (hop.index, hop.via)).collect::<Vec<_>>()
                || self.hops.is_empty())
    }

    /// The kernel's sort key of routes.
    pub fn slot(&self) -> Slot {
        Slot { destination: self.destination, tos: self.tos, table: self.table, metric: self.kernel_metric() }
    }

    /// The metric as the kernel keeps it: IPv6 routes always have one.
    fn kernel_metric(&self) -> u32 {
        if self.destination.is_ipv6() && self.metric == 0 { DEFAULT_METRIC_IPV6 } else { self.metric }
    }
}

/// The kernel's sort key of routes: of the routes in one slot, the first is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot {
    /// Destination of the packets.
    pub destination: IpNetwork,
    /// The type of service.
    pub tos: u8,
    /// The table.
    pub table: u32,
    /// The metric, as the kernel keeps it.
    pub metric: u32,
}

/// A route that somebody removed, or put another one in the place of, as far as the kernel's word for it matters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemovedRoute {
    /// Where it was.
    pub slot: Slot,
    /// Protocol that added it.
    pub protocol: u8,
}

impl RouteChange {
    /// The netlink request and its flags.
    pub(crate) fn request(&self) -> Option<(RouteNetlinkMessage, u16)> {
        Some(match self {
            Self::Add(route) => {
                let flags = match route.insertion {
                    Insertion::Prepend => NLM_F_CREATE,
                    Insertion::Append => NLM_F_CREATE | NLM_F_APPEND,
                    Insertion::Exclusive => NLM_F_CREATE | NLM_F_EXCL,
                };
                (RouteNetlinkMessage::NewRoute(describe(route)), flags)
            }
            Self::Remove(route) => (RouteNetlinkMessage::DelRoute(identify(route)), 0),
            Self::RemoveFormer(bytes) => {
                let header = netlink_packet_route::route::RouteHeader::parse(bytes).ok()?;
                let family = header.address_family;
                if !matches!(family, AddressFamily::Inet | AddressFamily::Inet6) {
                    return None;
                }
                let mut message: RouteMessage =
                    netlink_packet_core::Parseable::parse(bytes.as_slice()).ok()?;
                message.attributes.retain(identifies);
                (RouteNetlinkMessage::DelRoute(message), 0)
            }
        })
    }
}

/// The part of the message that says which route is meant.
fn identify(route: &RouteSpec) -> RouteMessage {
    let mut message = RouteMessage::default();
    let header = &mut message.header;
    header.address_family =
        if route.destination.is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 };
    header.destination_prefix_length = route.destination.prefix();
    header.source_prefix_length = route.from.map_or(0, |from| from.prefix());
    header.tos = route.tos;
    header.table = u8::try_from(route.table).unwrap_or(0);
    header.protocol = RouteProtocol::from(route.protocol);
    header.scope = RouteScope::from(route.scope);
    header.kind = RouteType::from(route.kind.0);
    let attributes = &mut message.attributes;
    if route.destination.prefix() > 0 {
        attributes.push(RouteAttribute::Destination(route.destination.ip().into()));
    }
    attributes.extend(route.from.map(|from| RouteAttribute::Source(from.ip().into())));
    attributes.push(RouteAttribute::Table(route.table));
    let metric = route.kernel_metric();
    if metric != 0 {
        attributes.push(RouteAttribute::Priority(metric));
    }
    attributes.extend(route.source.map(|source| RouteAttribute::PrefSource(source.into())));
    match route.hops.as_slice() {
        [] => {}
        [hop] => {
            if hop.onlink {
                message.header.flags |= RouteFlags::Onlink;
            }
            if hop.index != 0 {
                attributes.push(RouteAttribute::Oif(hop.index));
            }
            attributes.extend(hop_attributes(hop, route.destination.is_ipv4()));
        }
        hops => {
            let hops = hops.iter().map(|hop| next_hop(hop, route.destination.is_ipv4()));
            attributes.push(RouteAttribute::MultiPath(hops.collect()));
        }
    }
    message
}

fn describe(route: &RouteSpec) -> RouteMessage {
    let mut message = identify(route);
    let attributes = &mut message.attributes;
    attributes.extend(route.realms.map(|realms| RouteAttribute::Realm(realm(realms))));
    attributes.extend(route.expires.map(RouteAttribute::Expires));
    attributes.extend(
        route.preference.map(|preference| RouteAttribute::Preference(RoutePreference::from(preference))),
    );
    attributes.extend(
        route
            .ttl_propagate
            .map(|enabled| RouteAttribute::TtlPropagate(RouteMplsTtlPropagation::from(u8::from(enabled)))),
    );
    let metrics = metrics(&route.path);
    if !metrics.is_empty() {
        attributes.push(RouteAttribute::Metrics(metrics));
    }
    message
}

/// Whether an attribute is part of what says which route is meant.
fn identifies(attribute: &RouteAttribute) -> bool {
    !matches!(
        attribute,
        RouteAttribute::Realm(_)
            | RouteAttribute::Expires(_)
            | RouteAttribute::Preference(_)
            | RouteAttribute::TtlPropagate(_)
            | RouteAttribute::Metrics(_)
    )
}

fn next_hop(hop: &Hop, is_ipv4: bool) -> RouteNextHop {
    let mut next = RouteNextHop::default();
    if hop.onlink {
        next.flags |= RouteNextHopFlags::Onlink;
    }
    next.hops = u8::try_from(hop.weight.saturating_sub(1)).unwrap_or(u8::MAX);
    next.interface_index = hop.index;
    next.attributes = hop_attributes(hop, is_ipv4).collect();
    next
}

fn hop_attributes(hop: &Hop, is_ipv4: bool) -> impl Iterator<Item = RouteAttribute> {
    let gateway = hop.via.map(|via| match via {
        // An IPv4 route by an IPv6 router.
        IpAddr::V6(via) if is_ipv4 => RouteAttribute::Via(RouteVia::Inet6(via)),
        via => RouteAttribute::Gateway(RouteAddress::from(via)),
    });
    let realms = hop.realms.map(|realms| RouteAttribute::Realm(realm(realms)));
    let encap = hop.encap.as_ref().map(Encap::attributes).into_iter().flatten();
    gateway.into_iter().chain(realms).chain(encap)
}

fn realm(realms: u32) -> RouteRealm {
    let [s1, s0, d1, d0] = realms.to_be_bytes();
    RouteRealm { source: u16::from_be_bytes([s1, s0]), destination: u16::from_be_bytes([d1, d0]) }
}

fn metrics(path: &Path) -> Vec<RouteMetric> {
    let mut metrics: Vec<_> =
        path.values.iter().filter_map(|(number, value)| metric(*number, *value)).collect();
    metrics.extend(path.congestion.as_deref().map(|name| RouteMetric::CcAlgo(name.to_owned())));
    if path.locked != 0 {
        metrics.push(RouteMetric::Lock(path.locked));
    }
    metrics
}

fn metric(number: u16, value: u32) -> Option<RouteMetric> {
    Some(match number {
        2 => RouteMetric::Mtu(value),
        3 => RouteMetric::Window(value),
        4 => RouteMetric::Rtt(value),
        5 => RouteMetric::RttVar(value),
        6 => RouteMetric::SsThresh(value),
        7 => RouteMetric::Cwnd(value),
        8 => RouteMetric::Advmss(value),
        9 => RouteMetric::Reordering(value),
        10 => RouteMetric::Hoplimit(value),
        11 => RouteMetric::InitCwnd(value),
        12 => RouteMetric::Features(value),
        13 => RouteMetric::RtoMin(value),
        14 => RouteMetric::InitRwnd(value),
        15 => RouteMetric::QuickAck(value),
        17 => RouteMetric::FastopenNoCookie(value),
        _ => return None,
    })
}

impl fmt::Display for RouteChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Add(route) => write!(f, "add route {route}"),
            Self::Remove(route) => write!(f, "remove route {route}"),
            Self::RemoveFormer(_) => write!(f, "remove a route of an earlier run"),
        }
    }
}

/// The kernel's metric of an IPv6 route that names none (`IP6_RT_PRIO_USER`).
const DEFAULT_METRIC_IPV6: u32 = 1024;

#[cfg(test)]
mod tests;
