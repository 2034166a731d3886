//! Routes and rules in keepalived's words.

use std::fmt::{self, Write};
use std::net::IpAddr;

use ipnetwork::IpNetwork;
use keepalived_conf::model::VrrpInstance;
use keepalived_conf::model::routing::{Encap, Hop, Insertion, Route, Rule, RuleAction, Statics};
use vrrp_linux::route::{MAIN_TABLE, RouteKind};

/// `static_routes` and `static_rules`; those of `static_ipaddress` are `addresses`.
pub(super) fn statics(out: &mut String, statics: &Statics, addresses: &[String]) -> fmt::Result {
    let section = |out: &mut String, title: &str, lines: &[String]| {
        if lines.is_empty() {
            return Ok(());
        }
        writeln!(out, "------< {title} >------")?;
        lines.iter().try_for_each(|line| writeln!(out, "     {line}"))
    };
    let routes: Vec<_> = statics.routes.iter().map(|line| route(&line.object)).collect();
    let rules: Vec<_> = statics.rules.iter().map(|line| rule(&line.object)).collect();
    section(out, "Static Addresses", addresses)?;
    section(out, "Static Routes", &routes)?;
    section(out, "Static Rules", &rules)
}

/// The routes and rules of an instance.
pub(super) fn of_instance(out: &mut String, instance: &VrrpInstance) -> fmt::Result {
    for (title, lines) in [("Routes", routes(instance)), ("Rules", rules(instance))] {
        if !lines.is_empty() {
            writeln!(out, "   Virtual {title} :")?;
            lines.iter().try_for_each(|line| writeln!(out, "     {line}"))?;
        }
    }
    Ok(())
}

pub(super) fn routes(instance: &VrrpInstance) -> Vec<String> {
    instance.routes.iter().map(route).collect()
}

pub(super) fn rules(instance: &VrrpInstance) -> Vec<String> {
    instance.rules.iter().map(rule).collect()
}

fn route(route: &Route) -> String {
    let mut line = String::new();
    // Writing to a string cannot fail.
    let _ = write_route(&mut line, route);
    line
}

fn write_route(line: &mut String, route: &Route) -> fmt::Result {
    let insertion = match route.insertion {
        Insertion::Prepend if route.hops.is_empty() => "add",
        Insertion::Prepend => "prepend",
        Insertion::Append => "append",
        Insertion::Add => "add",
    };
    write!(line, "{insertion}")?;
    if RouteKind(route.kind) != RouteKind::UNICAST {
        write!(line, " {}", RouteKind(route.kind))?;
    }
    write!(line, " {}", short(route.destination))?;
    option(line, "from", route.from.map(short))?;
    option(line, "src", route.source)?;
    option(line, "tos", Some(route.tos).filter(|tos| *tos != 0))?;
    let single = if let [hop] = route.hops.as_slice() { Some(hop) } else { None };
    if let Some(hop) = single {
        write_hop(line, hop)?;
    }
    option(line, "table", Some(route.table).filter(|table| *table != MAIN_TABLE))?;
    option(line, "vrf", route.vrf.as_deref())?;
    write!(line, " proto {}", route.protocol)?;
    option(line, "scope", Some(route.scope).filter(|scope| *scope != 0))?;
    option(line, "metric", Some(route.metric).filter(|metric| *metric != 0))?;
    option(line, "realm", route.realms.map(realms))?;
    for (number, value) in &route.path {
        if let Some((_, name)) = PATH.iter().find(|(known, _)| known == number) {
            let lock = if route.locked & (1 << number) != 0 { "lock " } else { "" };
            write!(line, " {name} {lock}{value}")?;
        }
    }
    option(line, "congctl", route.congestion.as_deref())?;
    option(line, "expires", route.expires.map(|seconds| format!("{seconds}sec")))?;
    option(line, "pref", route.preference)?;
    if single.is_none() {
        for hop in &route.hops {
            write!(line, " nexthop")?;
            write_hop(line, hop)?;
            option(line, "weight", Some(hop.weight).filter(|weight| *weight > 1))?;
        }
    }
    if route.no_track { write!(line, " no_track") } else { Ok(()) }
}

fn write_hop(line: &mut String, hop: &Hop) -> fmt::Result {
    if let Some(encap) = &hop.encap {
        write_encap(line, encap)?;
    }
    if let Some(via) = hop.via {
        let family = if via.is_ipv4() { "inet" } else { "inet6" };
        write!(line, " via {family} {via}")?;
    }
    option(line, "dev", hop.interface.as_deref())?;
    if hop.onlink { write!(line, " onlink") } else { Ok(()) }
}

fn write_encap(line: &mut String, encap: &Encap) -> fmt::Result {
    write!(line, " encap")?;
    match encap {
        Encap::Mpls(labels) => {
            let labels: Vec<_> = labels.iter().map(ToString::to_string).collect();
            write!(line, " mpls {}", labels.join("/"))
        }
        Encap::Ip { id, destination, source, tos, ttl, flags } => {
            write!(line, " ip")?;
            option(line, "id", *id)?;
            option(line, "dst", *destination)?;
            option(line, "src", *source)?;
            option(line, "tos", *tos)?;
            option(line, "ttl", *ttl)?;
            option(line, "flags", *flags)
        }
        Encap::Ip6 { id, destination, source, traffic_class, hop_limit, flags } => {
            write!(line, " ip6")?;
            option(line, "id", *id)?;
            option(line, "dst", *destination)?;
            option(line, "src", *source)?;
            option(line, "tc", *traffic_class)?;
            option(line, "hoplimit", *hop_limit)?;
            option(line, "flags", *flags)
        }
        Encap::Ila(locator) => write!(line, " ila {locator:x}"),
    }
}

fn rule(rule: &Rule) -> String {
    let mut line = String::new();
    // Writing to a string cannot fail.
    let _ = write_rule(&mut line, rule);
    line
}

fn write_rule(line: &mut String, rule: &Rule) -> fmt::Result {
    if rule.invert {
        write!(line, "not ")?;
    }
    write!(line, "from {}", rule.from.map_or_else(|| "all".to_owned(), short))?;
    option(line, "to", rule.to.map(short))?;
    write!(line, " priority {} tos {:#x}", rule.priority, rule.tos)?;
    option(line, "fwmark", rule.fwmark.map(|(mark, mask)| format!("{mark:#x}/{mask:#x}")))?;
    option(line, "iif", rule.iif.as_deref())?;
    option(line, "oif", rule.oif.as_deref())?;
    option(line, "tunnel-id", rule.tunnel_id)?;
    option(line, "uidrange", rule.uids.map(|(first, last)| format!("{first}-{last}")))?;
    write!(line, " protocol {}", rule.protocol)?;
    option(line, "ipproto", rule.ip_protocol)?;
    option(line, "sport", rule.source_ports.map(|(first, last)| format!("{first}-{last}")))?;
    option(line, "dport", rule.destination_ports.map(|(first, last)| format!("{first}-{last}")))?;
    option(line, "realms", rule.realms.map(realms))?;
    match rule.action {
        RuleAction::Table(table) => write!(line, " lookup {table}")?,
        RuleAction::L3mdev => write!(line, " l3mdev")?,
        RuleAction::Goto(priority) => write!(line, " goto {priority}")?,
        RuleAction::Nop => write!(line, " type nop")?,
        RuleAction::Blackhole => write!(line, " type blackhole")?,
        RuleAction::Unreachable => write!(line, " type unreachable")?,
        RuleAction::Prohibit => write!(line, " type prohibit")?,
    }
    option(line, "suppress_prefixlength", rule.suppress_prefix_len)?;
    option(line, "suppress_ifgroup", rule.suppress_group)?;
    if rule.no_track { write!(line, " no_track") } else { Ok(()) }
}

fn option(line: &mut String, name: &str, value: Option<impl fmt::Display>) -> fmt::Result {
    value.map_or(Ok(()), |value| write!(line, " {name} {value}"))
}

fn realms(realms: u32) -> String {
    match (realms >> 16, realms & 0xffff) {
        (0, destination) => destination.to_string(),
        (source, destination) => format!("{source}/{destination}"),
    }
}

/// A host without its prefix length.
fn short(network: IpNetwork) -> String {
    let ip: IpAddr = network.ip();
    let whole = if ip.is_ipv4() { 32 } else { 128 };
    if network.prefix() == whole { ip.to_string() } else { network.to_string() }
}

/// In keepalived's order.
const PATH: &[(u16, &str)] = &[
    (13, "rto_min"),
    (2, "mtu"),
    (3, "window"),
    (4, "rtt"),
    (5, "rttvar"),
    (6, "ssthresh"),
    (7, "cwnd"),
    (8, "advmss"),
    (9, "reordering"),
    (10, "hoplimit"),
    (11, "initcwnd"),
    (12, "features"),
    (14, "initrwnd"),
    (15, "quickack"),
    (17, "fastopen_no_cookie"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_read_as_keepalived_writes_them() {
        let text = "vrrp_instance V {\n interface eth0\n virtual_router_id 51\n virtual_ipaddress {\n 192.0.2.1\n }\n \
                    virtual_routes {\n default via 192.0.2.254 dev eth0\n 10.2.0.0/16 dev eth1 table 7 src 192.0.2.1 scope \
                    link\n 10.3.0.0/16 no_track nexthop via 192.0.2.253 dev eth0 weight 2 nexthop via 10.9.0.2 dev eth1 \
                    weight 3\n blackhole 10.4.0.0/16 no_track\n }\n virtual_rules {\n from 192.0.2.1 table 100 priority \
                    2000\n not from 10.3.4.0/24 iif eth0 fwmark 0x10/0xff lookup main preference 5\n from 10.3.5.0/24 \
                    blackhole priority 3001\n }\n}\n";
        let instance = &keepalived_conf::load_str(text).config.instances[0];
        assert_eq!(
            routes(instance),
            [
                "prepend 0.0.0.0/0 via inet 192.0.2.254 dev eth0 proto 18",
                "prepend 10.2.0.0/16 src 192.0.2.1 dev eth1 table 7 proto 18 scope 253",
                "prepend 10.3.0.0/16 proto 18 nexthop via inet 192.0.2.253 dev eth0 weight 2 nexthop via inet 10.9.0.2 \
                 dev eth1 weight 3 no_track",
                "add blackhole 10.4.0.0/16 proto 18 no_track",
            ]
        );
        assert_eq!(
            rules(instance),
            [
                "from 192.0.2.1 priority 2000 tos 0x0 protocol 18 lookup 100",
                "not from 10.3.4.0/24 priority 5 tos 0x0 fwmark 0x10/0xff iif eth0 protocol 18 lookup 254",
                "from 10.3.5.0/24 priority 3001 tos 0x0 protocol 18 type blackhole",
            ]
        );
    }
}
