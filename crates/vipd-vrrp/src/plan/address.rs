//! An address of the file, as the kernel is to have it.

use keepalived_conf::model::VirtualAddress;
use vrrp_linux::address::{AddressFlags, AddressSpec, Scope};

/// Without the index of its interface.
pub(super) fn address_spec(address: &VirtualAddress) -> AddressSpec {
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
