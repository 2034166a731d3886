//! Rules of the kernel: when two addresses are the same, and how one becomes the other.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::RangeInclusive;

use crate::address::{AddressFlags, AddressSpec};
use crate::interfaces::{Interface, InterfaceAddress, Interfaces};

/// Identity of an address for the kernel: it never has two of the same key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) index: u32,
    pub(super) ip: IpAddr,
    /// IPv4 only: an interface can have the same address with several prefix lengths and peers.
    prefix: u8,
    peer: Option<IpAddr>,
}

/// The step that turns an address that is there into the wanted one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repair {
    /// It is as wanted.
    None,
    /// The kernel can change it in place.
    Set,
    /// It has to be removed and added.
    Again,
}

impl Key {
    pub(super) fn of(address: &AddressSpec) -> Self {
        Self::new(address.index, address.network.ip(), address.network.prefix(), address.peer)
    }

    pub(super) fn of_observed(index: u32, address: &InterfaceAddress) -> Self {
        Self::new(index, address.network.ip(), address.network.prefix(), address.peer)
    }

    fn new(index: u32, ip: IpAddr, prefix: u8, peer: Option<IpAddr>) -> Self {
        if ip.is_ipv6() {
            return Self { index, ip, prefix: 0, peer: None };
        }
        // To be one's own peer is to have none.
        Self { index, ip, prefix, peer: peer.filter(|peer| *peer != ip) }
    }

    /// Every key of this address on this interface.
    pub(super) fn all_of(index: u32, ip: IpAddr) -> RangeInclusive<Self> {
        Self { index, ip, prefix: 0, peer: None }..=Self { index, ip, prefix: u8::MAX, peer: Some(LAST_IP) }
    }

    /// Every key on this interface.
    pub(super) fn all_on(index: u32) -> RangeInclusive<Self> {
        let first = Self { index, ip: FIRST_IP, prefix: 0, peer: None };
        first..=Self { index, ip: LAST_IP, prefix: u8::MAX, peer: Some(LAST_IP) }
    }
}

/// The address that the kernel would take for this one.
pub(super) fn find<'a>(interfaces: &'a Interfaces, key: &Key) -> Option<&'a InterfaceAddress> {
    interfaces.on_link(key.index, key.ip).find(|address| Key::of_observed(key.index, address) == *key)
}

/// The step from an earlier request to the present one.
pub(super) fn repair(current: &AddressSpec, wanted: &AddressSpec) -> Repair {
    if current == wanted {
        Repair::None
    } else if Shape::of(current) == Shape::of(wanted) {
        Repair::Set
    } else {
        Repair::Again
    }
}

/// The step from an address as the kernel shows it to the wanted one. Properties that the kernel sets are not compared.
pub(super) fn repair_observed(
    observed: &InterfaceAddress,
    wanted: &AddressSpec,
    interface: &Interface,
    marks_kept: bool,
) -> Repair {
    let current = AddressSpec::observed(interface.index, observed);
    let is_ours = current.protocol == wanted.protocol;
    let (mut have, mut want) = (Shape::of(&current), Shape::of(wanted));
    // The kernel lists an address without a label under the name of its interface.
    for shape in [&mut have, &mut want] {
        shape.label = shape.label.filter(|label| *label != interface.name);
    }
    // An address that somebody else added may have a broadcast address where the configuration names none.
    if !is_ours && wanted.broadcast.is_none() {
        have.broadcast = None;
    }
    if have != want {
        return Repair::Again;
    }
    let is_marked = is_ours || !marks_kept;
    let flags = |address: &AddressSpec| address.flags & CHANGEABLE_FLAGS;
    let same_flags = wanted.network.is_ipv4() || flags(&current) == flags(wanted);
    let peer = |address: &AddressSpec| address.peer.filter(|peer| *peer != address.network.ip());
    let is_deprecated = current.flags.contains(AddressFlags::DEPRECATED);
    let same_lifetime = match wanted.preferred_lifetime {
        Some(0) => is_deprecated,
        None => !is_deprecated,
        Some(_) => true,
    };
    if is_marked && same_flags && same_lifetime && peer(&current) == peer(wanted) {
        Repair::None
    } else {
        Repair::Set
    }
}

/// Whether an IPv4 address is the first of its subnet on an interface, and others follow it.
pub(super) fn leads_others(interfaces: &Interfaces, address: &AddressSpec) -> bool {
    if address.network.is_ipv6() || address.network.prefix() == 32 {
        return false;
    }
    let is_first = find(interfaces, &Key::of(address))
        .is_some_and(|observed| !observed.flags.contains(AddressFlags::SECONDARY));
    let follows = |other: &InterfaceAddress| {
        other.flags.contains(AddressFlags::SECONDARY)
            && other.network.prefix() == address.network.prefix()
            && address.network.contains(other.network.ip())
    };
    let on_link = || interfaces.by_index(address.index).map(|interface| interface.addresses.iter());
    is_first && on_link().into_iter().flatten().any(follows)
}

/// Properties that the kernel cannot change in place.
#[derive(Debug, PartialEq, Eq)]
struct Shape<'a> {
    prefix: u8,
    flags: AddressFlags,
    /// IPv4 only, as what follows: for IPv6 the kernel ignores them.
    scope: Option<u8>,
    broadcast: Option<Ipv4Addr>,
    label: Option<&'a str>,
}

impl<'a> Shape<'a> {
    fn of(address: &'a AddressSpec) -> Self {
        let prefix = address.network.prefix();
        if address.network.is_ipv6() {
            let flags = address.flags & AddressFlags::MCAUTOJOIN;
            return Self { prefix, flags, scope: None, broadcast: None, label: None };
        }
        Self {
            prefix,
            flags: address.flags & (AddressFlags::NOPREFIXROUTE | AddressFlags::MCAUTOJOIN),
            scope: Some(address.scope.0),
            broadcast: address.broadcast,
            label: address.label.as_deref(),
        }
    }
}

/// Flags that can be changed while an IPv6 address is there.
const CHANGEABLE_FLAGS: AddressFlags = AddressFlags::NODAD
    .union(AddressFlags::HOMEADDRESS)
    .union(AddressFlags::MANAGETEMPADDR)
    .union(AddressFlags::NOPREFIXROUTE);

const FIRST_IP: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
/// The greatest of all addresses in their order.
const LAST_IP: IpAddr =
    IpAddr::V6(Ipv6Addr::new(0xffff, 0xffff, 0xffff, 0xffff, 0xffff, 0xffff, 0xffff, 0xffff));
