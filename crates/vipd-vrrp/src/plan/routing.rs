//! Routes and rules of the configuration as the kernel knows them.

use keepalived_conf::model::VrrpInstance;
use keepalived_conf::model::routing::{self as model, Static};
use vrrp_linux::address::{AddressSpec, STATIC_MARK};
use vrrp_linux::route::{Encap, Hop, Insertion, Path, RouteKind, RouteSpec};
use vrrp_linux::rule::{RuleAction, RuleSpec};

use super::address::address_spec;

/// Routes and rules, each with whether it is put back when somebody removes it.
#[derive(Debug, Default)]
pub(crate) struct Routing {
    pub(crate) routes: Vec<(RouteSpec, bool)>,
    pub(crate) rules: Vec<(RuleSpec, bool)>,
}

/// The objects that are there as long as the daemon runs (`static_ipaddress`, `static_routes`, `static_rules`), in file
/// order.
#[derive(Debug, Default)]
pub(crate) struct Statics {
    /// Each with the name of its interface.
    pub(crate) addresses: Vec<(String, AddressSpec)>,
    pub(crate) routing: Routing,
}

/// Something static that instances depend on (`track_group`), by its place in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum StaticId {
    Address(usize),
    Route(usize),
    Rule(usize),
}

impl Statics {
    pub(super) fn new(statics: &model::Statics) -> Self {
        let address = |line: &Static<keepalived_conf::model::VirtualAddress>| {
            let spec = AddressSpec { protocol: STATIC_MARK, ..address_spec(&line.object) };
            (line.object.interface.clone().unwrap_or_default(), spec)
        };
        Self {
            addresses: statics.addresses.iter().map(address).collect(),
            routing: Routing {
                routes: statics
                    .routes
                    .iter()
                    .map(|line| (route(&line.object), !line.object.no_track))
                    .collect(),
                rules: statics.rules.iter().map(|line| (rule(&line.object), !line.object.no_track)).collect(),
            },
        }
    }
}

/// Dependencies of an instance through track groups.
pub(super) fn tracked<'a>(
    statics: &'a model::Statics,
    instance: &'a VrrpInstance,
) -> impl Iterator<Item = StaticId> + 'a {
    fn of<'a, T>(
        lines: &'a [Static<T>],
        name: &'a str,
        id: fn(usize) -> StaticId,
    ) -> impl Iterator<Item = StaticId> + 'a {
        let tracked = move |line: &Static<T>| line.trackers.iter().any(|tracker| tracker == name);
        lines.iter().enumerate().filter(move |(_, line)| tracked(line)).map(move |(place, _)| id(place))
    }
    let name = instance.name.as_str();
    of(&statics.addresses, name, StaticId::Address)
        .chain(of(&statics.routes, name, StaticId::Route))
        .chain(of(&statics.rules, name, StaticId::Rule))
}

/// The routes and rules of an instance, if it has any.
pub(super) fn of_instance(instance: &VrrpInstance) -> Option<Box<Routing>> {
    if instance.routes.is_empty() && instance.rules.is_empty() {
        return None;
    }
    Some(Box::new(Routing {
        routes: instance.routes.iter().map(|line| (route(line), !line.no_track)).collect(),
        rules: instance.rules.iter().map(|line| (rule(line), !line.no_track)).collect(),
    }))
}

/// The interfaces without which an instance cannot serve, for its routes and rules would be void.
pub(super) fn required_links(instance: &VrrpInstance) -> impl Iterator<Item = &str> {
    let routes = instance.routes.iter().filter(|route| !route.no_track);
    let hops = routes.flat_map(|route| &route.hops).filter_map(|hop| hop.interface.as_deref());
    let rules = instance.rules.iter().filter(|rule| !rule.no_track);
    hops.chain(rules.flat_map(|rule| [rule.iif.as_deref(), rule.oif.as_deref()]).flatten())
}

fn route(line: &model::Route) -> RouteSpec {
    let mut route = RouteSpec::new(line.destination, line.hops.iter().map(hop).collect());
    route.kind = RouteKind(line.kind);
    route.from = line.from;
    route.tos = line.tos;
    route.table = line.table;
    route.vrf = line.vrf.as_deref().map(Into::into);
    route.protocol = line.protocol;
    route.scope = line.scope;
    route.metric = line.metric;
    route.source = line.source;
    route.path = Path {
        values: line.path.clone(),
        locked: line.locked,
        congestion: line.congestion.as_deref().map(Into::into),
    };
    route.realms = line.realms;
    route.expires = line.expires;
    route.preference = line.preference;
    route.ttl_propagate = line.ttl_propagate;
    route.insertion = match line.insertion {
        model::Insertion::Prepend => Insertion::Prepend,
        model::Insertion::Append => Insertion::Append,
        model::Insertion::Add => Insertion::Exclusive,
    };
    route
}

fn hop(line: &model::Hop) -> Hop {
    let mut hop = Hop::new(line.interface.as_deref(), line.via);
    hop.onlink = line.onlink;
    hop.weight = line.weight.max(1);
    hop.realms = line.realms;
    hop.encap = line.encap.as_ref().map(|encap| match encap {
        model::Encap::Mpls(labels) => Encap::Mpls { labels: labels.clone(), ttl: None },
        model::Encap::Ip { id, destination, source, tos, ttl, flags } => Encap::Ip {
            id: *id,
            destination: *destination,
            source: *source,
            tos: *tos,
            ttl: *ttl,
            flags: *flags,
        },
        model::Encap::Ip6 { id, destination, source, traffic_class, hop_limit, flags } => Encap::Ip6 {
            id: *id,
            destination: *destination,
            source: *source,
            traffic_class: *traffic_class,
            hop_limit: *hop_limit,
            flags: *flags,
        },
        model::Encap::Ila(locator) => Encap::Ila { locator: *locator },
    });
    hop
}

fn rule(line: &model::Rule) -> RuleSpec {
    let action = match line.action {
        model::RuleAction::Table(table) => RuleAction::Table(table),
        model::RuleAction::L3mdev => RuleAction::L3mdev,
        model::RuleAction::Goto(priority) => RuleAction::Goto(priority),
        model::RuleAction::Nop => RuleAction::Nop,
        model::RuleAction::Blackhole => RuleAction::Blackhole,
        model::RuleAction::Unreachable => RuleAction::Unreachable,
        model::RuleAction::Prohibit => RuleAction::Prohibit,
    };
    let mut rule = RuleSpec::new(line.ipv6, line.priority, action);
    rule.invert = line.invert;
    rule.from = line.from;
    rule.to = line.to;
    rule.tos = line.tos;
    rule.fwmark = line.fwmark;
    rule.iif = line.iif.as_deref().map(Into::into);
    rule.oif = line.oif.as_deref().map(Into::into);
    rule.tunnel_id = line.tunnel_id;
    rule.uids = line.uids;
    rule.ip_protocol = line.ip_protocol;
    rule.source_ports = line.source_ports;
    rule.destination_ports = line.destination_ports;
    rule.realms = line.realms;
    rule.suppress_prefix_len = line.suppress_prefix_len;
    rule.suppress_group = line.suppress_group;
    rule.protocol = line.protocol;
    rule
}
