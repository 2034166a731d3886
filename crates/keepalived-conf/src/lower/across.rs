//! Collisions between instances.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::diagnostic::{Class, Diagnostic, Severity};
use crate::model::VrrpInstance;
use crate::source::Span;

use super::report::Report;

/// Leaves out instances that cannot run beside an earlier one, and reports addresses that two instances claim.
///
/// `names` are the places of the instances' names, in the same order.
pub(super) fn across_instances(instances: &mut Vec<VrrpInstance>, names: &[Span], report: &mut Report<'_>) {
    let collides = duplicate_routers(instances, names, report);
    shared_addresses(instances, names, report);
    let mut collides = collides.into_iter();
    instances.retain(|_| collides.next() != Some(true));
}

/// One VRID names one virtual router of a family on an interface; keepalived holds the later one in FAULT.
fn duplicate_routers(instances: &[VrrpInstance], names: &[Span], report: &mut Report<'_>) -> Vec<bool> {
    let mut routers: HashMap<_, usize> = HashMap::with_capacity(instances.len());
    let mut collides = Vec::with_capacity(instances.len());
    for (index, (instance, at)) in instances.iter().zip(names).enumerate() {
        let collision = match (&instance.interface, instance.vrid, instance.ipv6) {
            (None, ..) => None,
            (Some(interface), vrid, ipv6) => match routers.entry((interface, vrid, ipv6)) {
                Entry::Vacant(free) => {
                    free.insert(index);
                    None
                }
                Entry::Occupied(first) => Some((*first.get(), interface)),
            },
        };
        if let Some((first, interface)) = collision {
            let (family, vrid) = (if instance.ipv6 { "IPv6" } else { "IPv4" }, instance.vrid);
            let message = format!(
                "{} and {} are both {family} router {vrid} on {interface}; {} is left out",
                instances[first].name, instance.name, instance.name
            );
            report.push(
                Diagnostic::error("duplicate-router", message)
                    .at(*at)
                    .related(names.get(first).copied(), "the first one")
                    .help("give it a virtual_router_id of its own, here and on its peers"),
            );
        }
        collides.push(collision.is_some());
    }
    collides
}

/// keepalived is silent when two instances claim one address; whichever changes last has it.
fn shared_addresses(instances: &[VrrpInstance], names: &[Span], report: &mut Report<'_>) {
    let mut holders: HashMap<_, usize> = HashMap::new();
    for (index, (instance, at)) in instances.iter().zip(names).enumerate() {
        for address in instance.addresses.iter().chain(&instance.excluded_addresses) {
            let interface = address.interface.as_ref().or(instance.interface.as_ref());
            let first = *holders.entry((address.network.ip(), interface)).or_insert(index);
            if first == index {
                continue;
            }
            let message =
                format!("{} and {} both hold {}", instances[first].name, instance.name, address.network.ip());
            report.push(
                Diagnostic::new(Severity::Warning, Class::None, "shared-address", message)
                    .at(*at)
                    .related(names.get(first).copied(), "the first one"),
            );
        }
    }
}
