//! Collisions between instances.

use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;

use crate::diagnostic::{Class, Diagnostic, Severity};
use crate::model::VrrpInstance;
use crate::model::trackers::InterfaceDelays;
use crate::source::Span;

use super::report::Report;

/// Reports instances that cannot serve beside an earlier one, and addresses that two instances claim.
///
/// Nothing is left out: the program that runs the configuration decides which instance is which router, by this same
/// definition. `names` are the places of the instances' names, in the same order.
pub(super) fn across_instances(instances: &[VrrpInstance], names: &[Span], report: &mut Report<'_>) {
    duplicate_routers(instances, names, report);
    shared_addresses(instances, names, report);
}

/// One interface, VRID, family and group, or source and peers, is one virtual router; a later instance of the same
/// stays in FAULT. Unicast instances with other peers or another source are routers of their own.
fn duplicate_routers(instances: &[VrrpInstance], names: &[Span], report: &mut Report<'_>) {
    let mut routers: HashMap<_, usize> = HashMap::with_capacity(instances.len());
    for (index, (instance, at)) in instances.iter().zip(names).enumerate() {
        let first = *routers.entry(router(instance)).or_insert(index);
        if first == index {
            continue;
        }
        let (family, vrid) = (if instance.ipv6 { "IPv6" } else { "IPv4" }, instance.vrid);
        let place = instance.interface.as_deref().map(|interface| format!(" on {interface}"));
        let message = format!(
            "{} and {} are both {family} router {vrid}{}; {} will stay in FAULT",
            instances[first].name,
            instance.name,
            place.unwrap_or_default(),
            instance.name
        );
        report.push(
            Diagnostic::error("duplicate-router", message)
                .at(*at)
                .related(names.get(first).copied(), "the first one")
                .help("give it a virtual_router_id of its own, here and on its peers"),
        );
    }
}

/// Identity of a virtual router.
fn router(instance: &VrrpInstance) -> impl Eq + Hash {
    let peers: BTreeSet<_> = instance.unicast_peers.iter().map(|peer| peer.address).collect();
    let source = instance.source.filter(|_| !peers.is_empty());
    let group = instance.multicast_group.filter(|_| peers.is_empty());
    (instance.interface.clone(), instance.vrid, instance.ipv6, group, source, peers)
}

/// A failure of an interface has to count before peers give up waiting, or two routers serve meanwhile.
pub(super) fn long_delays(
    instances: &[VrrpInstance],
    names: &[Span],
    delays: &[InterfaceDelays],
    report: &mut Report<'_>,
) {
    for (instance, at) in instances.iter().zip(names) {
        let own = delays.iter().find(|delays| Some(&delays.interface) == instance.interface.as_ref());
        let skew = instance.advert_interval * (256 - u32::from(instance.priority)) / 256;
        let patience = instance.advert_interval * u32::from(instance.down_adverts) + skew;
        let Some(delays) = own.filter(|delays| !instance.dont_track_primary && delays.down > patience) else {
            continue;
        };
        let message = format!(
            "{}: {} has to be down for {:.1} s before that counts, and peers take over after {:.1} s: both serve meanwhile",
            instance.name,
            delays.interface,
            delays.down.as_secs_f64(),
            patience.as_secs_f64()
        );
        let help = "shorten the delay in `interface_up_down_delays`, or advertise less often on all routers";
        report.push(
            Diagnostic::new(Severity::Warning, Class::None, "interface-delay", message).at(*at).help(help),
        );
    }
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
