//! Settings that all nodes of a virtual router have to share.

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;

use super::{Member, Node, Router, called};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::keywords::word;
use crate::model::{Auth, HmacMode, VrrpInstance};

/// Compares every member with the first one, and unicast peers each with each.
pub(super) fn check(router: &Router<'_>, found: &mut Diagnostics) {
    let Some((first, others)) = router.split_first() else { return };
    for other in others {
        let differences = [version, interval, authentication, transport, addresses, virtual_mac];
        for finding in differences.iter().filter_map(|differs| differs(first, other)) {
            found.push(finding);
        }
    }
    for one in router {
        for other in router.iter().filter(|other| other.name() != one.name()) {
            if let Some(finding) = unheard(one, other) {
                found.push(finding);
            }
        }
    }
}

/// A finding about two members, with a line of each.
fn between(finding: Diagnostic, one: &Member<'_>, other: &Member<'_>, words: &[&str]) -> Diagnostic {
    other.marks_too(one.marks(finding, words), words)
}

fn version(one: &Member<'_>, other: &Member<'_>) -> Option<Diagnostic> {
    let (a, b) = (one.instance.version, other.instance.version);
    let message = format!(
        "{} speaks VRRPv{a} on {} and VRRPv{b} on {}: each rejects what the other sends, and both will serve",
        called(one.instance),
        one.name(),
        other.name()
    );
    let finding = Diagnostic::error("peer-version", message)
        .help("write the same `version` (or `vrrp_version`) on all nodes");
    (a != b).then(|| between(finding, one, other, &["version"]))
}

fn interval(one: &Member<'_>, other: &Member<'_>) -> Option<Diagnostic> {
    let (a, b) = (one.instance.advert_interval, other.instance.advert_interval);
    if a == b || one.instance.version != other.instance.version {
        return None;
    }
    let router = called(one.instance);
    let differ =
        format!("{router} has an advert_int of {a:?} on {} and of {b:?} on {}", one.name(), other.name());
    let finding = if one.instance.version == 2 {
        let message = format!("{differ}: VRRPv2 rejects adverts with another interval, and both will serve");
        Diagnostic::error("peer-interval", message)
    } else {
        let message = format!("{differ}: how long an outage lasts depends on who served before");
        Diagnostic::warning("peer-interval", message)
    };
    let finding = finding.help("write the same `advert_int` on all nodes");
    Some(between(finding, one, other, &[word::ADVERT_INT]))
}

fn authentication(one: &Member<'_>, other: &Member<'_>) -> Option<Diagnostic> {
    let (a, b) = (&one.instance.auth, &other.instance.auth);
    if [a, b].iter().any(|auth| matches!(auth, Auth::Hmac(_) | Auth::UnusableHmac)) {
        return signatures(one, other).or_else(|| signatures(other, one));
    }
    if a == b || one.instance.version != 2 || other.instance.version != 2 {
        return None;
    }
    let (a, b) = (kind(a), kind(b));
    let differ = if a == b { format!("different secrets ({a})") } else { format!("{a} and {b}") };
    let message = format!(
        "{} has {differ} on {} and {}: each rejects what the other sends, and both will serve",
        called(one.instance),
        one.name(),
        other.name()
    );
    let finding = Diagnostic::error("peer-authentication", message)
        .help("write the same `auth_type` and `auth_pass` on all nodes; only the first 8 characters count");
    let words = if a == b { &[word::AUTH_PASS] } else { &[word::AUTH_TYPE] };
    Some(between(finding, one, other, words))
}

fn kind(auth: &Auth) -> &'static str {
    match auth {
        Auth::None => "no authentication",
        Auth::Password(_) => "auth_type PASS",
        Auth::Ah(_) => "auth_type AH",
        Auth::Hmac(_) | Auth::UnusableHmac => word::AUTH_HMAC,
    }
}

/// A finding if one node rejects the adverts of the other for their signature.
fn signatures(one: &Member<'_>, other: &Member<'_>) -> Option<Diagnostic> {
    let signer = match &other.instance.auth {
        Auth::Hmac(hmac) if hmac.mode != HmacMode::ReceiveOnly => hmac.active_key(),
        _ => None,
    };
    let (router, receives, sends) = (called(one.instance), one.name(), other.name());
    let problem = match (&one.instance.auth, signer) {
        (Auth::Hmac(hmac), Some(key)) => match hmac.key(key.id) {
            Some(known) if known == key => return None,
            Some(_) => format!("has another secret for key {}, with which {sends} signs", key.id),
            None => format!("has no key {}, with which {sends} signs", key.id),
        },
        (Auth::Hmac(hmac), None) if hmac.mode == HmacMode::Enforce => {
            format!("demands `auth_hmac`, and {sends} does not sign")
        }
        (_, None) | (Auth::UnusableHmac, _) => return None,
        (_, Some(_)) => format!("has no `auth_hmac`, and {sends} signs"),
    };
    let message = format!("{router} on {receives} {problem}: its adverts are rejected, and both will serve");
    let finding = Diagnostic::error("peer-authentication", message)
        .help("write the same keys on all nodes first, then change `mode` and `active_key`");
    Some(between(finding, one, other, &[word::AUTH_HMAC]))
}

fn transport(one: &Member<'_>, other: &Member<'_>) -> Option<Diagnostic> {
    let [a, b] = [one, other].map(|member| &member.instance.unicast_peers);
    let router = called(one.instance);
    let message = match (a.is_empty(), b.is_empty()) {
        (false, false) => return None,
        (true, true) => {
            let [a, b] = [group(one), group(other)];
            if a == b {
                return None;
            }
            format!("{router} sends to {a} on {} and to {b} on {}", one.name(), other.name())
        }
        (one_is_multicast, _) => {
            let (multicast, unicast) = if one_is_multicast { (one, other) } else { (other, one) };
            format!("{router} is multicast on {} and unicast on {}", multicast.name(), unicast.name())
        }
    };
    let message = format!("{message}: they do not hear each other, and both will serve");
    let finding = Diagnostic::error("peer-transport", message)
        .help("use the same multicast group on all nodes, or `unicast_peer` on all");
    Some(between(finding, one, other, &[word::UNICAST_PEER, word::MCAST_DST_IP]))
}

fn group(member: &Member<'_>) -> IpAddr {
    let global = &member.node.config.global;
    let usual = if member.instance.ipv6 { global.multicast_v6.into() } else { global.multicast_v4.into() };
    member.instance.multicast_group.unwrap_or(usual)
}

/// `one` does not send to `other`, as far as the files name that node.
fn unheard(one: &Member<'_>, other: &Member<'_>) -> Option<Diagnostic> {
    let source = other.instance.source?;
    let peers = &one.instance.unicast_peers;
    let names = peers.iter().any(|peer| peer.address == source);
    if peers.is_empty() || other.instance.unicast_peers.is_empty() || names {
        return None;
    }
    let message = format!(
        "the unicast_peer list of {} does not name {source}, the unicast_src_ip of {}: {} hears nothing of {} and \
         serves too",
        one.name(),
        other.name(),
        other.name(),
        one.name()
    );
    let help = format!("add {source} to the `unicast_peer` block of {}", one.name());
    let finding = one.marks(Diagnostic::error("peer-not-listed", message).help(help), &[word::UNICAST_PEER]);
    Some(other.marks_too(finding, &[word::UNICAST_SRC_IP, word::MCAST_SRC_IP]))
}

fn addresses(one: &Member<'_>, other: &Member<'_>) -> Option<Diagnostic> {
    let lists = [one, other].map(|member| listed(member.instance));
    let [a, b] = &lists;
    if a == b {
        return None;
    }
    let missing = |from: &Member<'_>, here: &BTreeSet<IpAddr>, there: &BTreeSet<IpAddr>| {
        let some: Vec<_> = there.difference(here).map(ToString::to_string).take(SHOWN).collect();
        let more = there.difference(here).count().saturating_sub(SHOWN);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        (!some.is_empty()).then(|| format!("{} lacks {}{more}", from.name(), some.join(", ")))
    };
    let missing: Vec<_> = missing(one, a, b).into_iter().chain(missing(other, b, a)).collect();
    let message = format!(
        "{} has different addresses: {}. What is missing is unreachable while that node serves, and keepalived up to \
         2.2 rejects such adverts, so that both would serve",
        called(one.instance),
        missing.join("; ")
    );
    let finding = Diagnostic::error("peer-addresses", message)
        .help("list the same `virtual_ipaddress` lines on all nodes");
    Some(between(finding, one, other, &[word::VIRTUAL_IPADDRESS]))
}

/// Number of missing addresses that a message names.
const SHOWN: usize = 5;

fn listed(instance: &VrrpInstance) -> BTreeSet<IpAddr> {
    instance
        .addresses
        .iter()
        .chain(&instance.excluded_addresses)
        .map(|address| address.network.ip())
        .collect()
}

fn virtual_mac(one: &Member<'_>, other: &Member<'_>) -> Option<Diagnostic> {
    let [a, b] = [one, other]
        .map(|member| member.instance.virtual_links.as_deref().is_some_and(|links| links.own.is_some()));
    let (with, without) = if a { (one, other) } else { (other, one) };
    let message = format!(
        "{} has an interface of its own (use_vmac or use_ipvlan) on {} and none on {}: each failover changes the MAC \
         address, which hosts that miss the announcements notice late",
        called(one.instance),
        with.name(),
        without.name()
    );
    let finding =
        Diagnostic::warning("peer-virtual-mac", message).help("use `use_vmac` on all nodes or on none");
    (a != b).then(|| between(finding, with, without, &[word::USE_VMAC, word::USE_IPVLAN]))
}

/// Names for people that two nodes share.
pub(super) fn router_ids(nodes: &[Node<'_>], found: &mut Diagnostics) {
    let mut known: HashMap<&str, &str> = HashMap::new();
    for node in nodes {
        let Some(id) = node.config.global.router_id.as_deref() else { continue };
        if let Some(first) = known.insert(id, node.name) {
            let message = format!(
                "{first} and {} have the same router_id {id}: mails of one cannot be told from those of the other",
                node.name
            );
            found.push(
                Diagnostic::note("peer-same-name", message)
                    .help("leave `router_id` out, which then is the host name"),
            );
        }
    }
}

/// Whether adverts of `one` do not reach `other`, or are rejected there.
pub(super) fn is_unheard(one: &Member<'_>, other: &Member<'_>) -> bool {
    transport(one, other).or_else(|| authentication(one, other)).or_else(|| unheard(one, other)).is_some()
}
