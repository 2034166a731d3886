//! Which instances of several nodes are meant to be one virtual router, and which are left alone.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

use super::{Member, Node, Router, called};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::keywords::word;
use crate::model::VrrpInstance;

/// Instances with one VRID and family. A node that has several of them (one each on several networks) joins each to
/// the one that looks most like it.
pub(super) fn pair<'a>(nodes: &[Node<'a>]) -> Vec<Router<'a>> {
    let member = |(node, instance): (usize, usize)| {
        let node = nodes.get(node)?;
        Some(Member { node: *node, instance: node.config.instances.get(instance)? })
    };
    places(nodes).into_iter().map(|router| router.into_iter().filter_map(member).collect()).collect()
}

/// The same as places of nodes and of their instances.
pub(super) fn places(nodes: &[Node<'_>]) -> Vec<Vec<(usize, usize)>> {
    // The first instance of each stands for it.
    let mut routers: Vec<(&VrrpInstance, Vec<(usize, usize)>)> = Vec::new();
    let mut by_id: HashMap<(u8, bool), Vec<usize>> = HashMap::new();
    for (place, node) in nodes.iter().enumerate() {
        let mut taken = HashSet::new();
        for (number, instance) in node.config.instances.iter().enumerate() {
            let same = by_id.entry((instance.vrid, instance.ipv6)).or_default();
            let free = same.iter().copied().filter(|router| !taken.contains(router));
            let likeness =
                |router: &usize| routers.get(*router).map_or(0, |(first, _)| likeness(first, instance));
            // Of equals the first.
            let best = free.rev().max_by_key(likeness).filter(|_| place > 0);
            let router = best.unwrap_or(routers.len());
            taken.insert(router);
            if let Some((_, members)) = routers.get_mut(router) {
                members.push((place, number));
            } else {
                same.push(router);
                routers.push((instance, vec![(place, number)]));
            }
        }
    }
    routers.into_iter().map(|(_, members)| members).collect()
}

/// Likeness of an instance to the first one of a virtual router.
fn likeness(first: &VrrpInstance, instance: &VrrpInstance) -> u8 {
    4 * u8::from(shares_address(first, instance))
        + 2 * u8::from(first.name == instance.name)
        + u8::from(first.interface == instance.interface)
}

fn shares_address(one: &VrrpInstance, other: &VrrpInstance) -> bool {
    addresses(one).any(|address| addresses(other).any(|of_other| of_other == address))
}

fn addresses(instance: &VrrpInstance) -> impl Iterator<Item = IpAddr> {
    instance.addresses.iter().chain(&instance.excluded_addresses).map(|address| address.network.ip())
}

/// Virtual routers of one node only, and addresses that two virtual routers have.
pub(super) fn unpaired(routers: &[Router<'_>], nodes: &[Node<'_>], found: &mut Diagnostics) {
    let mut owners: HashMap<IpAddr, usize> = HashMap::new();
    let mut told = HashSet::new();
    for (place, router) in routers.iter().enumerate() {
        let Some(member) = router.first() else { continue };
        let other = addresses(member.instance)
            .map(|address| (address, *owners.entry(address).or_insert(place)))
            .find(|(_, owner)| *owner != place);
        let other = other.and_then(|(address, owner)| Some((address, owner, routers.get(owner)?.first()?)));
        if let Some((address, owner, first)) = other {
            told.extend([place, owner]);
            found.push(two_routers(address, first, member));
        }
    }
    let untold = routers.iter().enumerate().filter(|(place, _)| !told.contains(place));
    for (_, router) in untold.filter(|_| nodes.len() > 1) {
        let [member] = &router[..] else { continue };
        let message = format!(
            "{} ({}) is configured on {} alone: nobody takes over its addresses",
            called(member.instance),
            member.instance.name,
            member.name()
        );
        let finding = Diagnostic::warning("peer-missing", message)
            .help("give another node a `vrrp_instance` with the same `virtual_router_id`");
        found.push(member.marks(finding, &[word::VIRTUAL_ROUTER_ID]));
    }
}

fn two_routers(address: IpAddr, one: &Member<'_>, other: &Member<'_>) -> Diagnostic {
    let message = format!(
        "{address} belongs to {} on {} and to {} on {}: they do not hear each other, and both machines will have it",
        called(one.instance),
        one.name(),
        called(other.instance),
        other.name()
    );
    let finding = Diagnostic::error("peer-router-id", message).help(
        "use one `virtual_router_id` for it on all nodes, or give each virtual router its own addresses",
    );
    other.marks_too(one.marks(finding, &[word::VIRTUAL_ROUTER_ID]), &[word::VIRTUAL_ROUTER_ID])
}
