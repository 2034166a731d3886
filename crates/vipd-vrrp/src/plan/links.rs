//! The interfaces that instances make.

use keepalived_conf::model::VrrpInstance;
use keepalived_conf::model::virtual_link::{self, VirtualLink, VirtualLinkKind};
use vrrp_election::LinkId;
use vrrp_linux::address::{AddressFlags, AddressSpec, STATIC_MARK};
use vrrp_linux::links::{IpvlanMode, VirtualKind};
use vrrp_linux::virtual_links::WantedLink;

use super::watched::Numbers;

/// A router with a virtual MAC address.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Vmac {
    /// Its interface.
    pub(crate) link: LinkId,
    pub(crate) mac: [u8; 6],
    /// Adverts leave by it, and not by the interface below.
    pub(crate) transmits: bool,
}

/// The virtual MAC interface of an instance's adverts, if it has one.
pub(super) fn vmac(instance: &VrrpInstance, links: &mut Numbers<String, LinkId>) -> Option<Box<Vmac>> {
    let virtual_links = instance.virtual_links.as_deref()?;
    let own = virtual_links.own.as_ref()?;
    let VirtualLinkKind::Macvlan { mac } = own.kind else { return None };
    let link = links.id(own.name.as_str());
    Some(Box::new(Vmac { link, mac, transmits: !virtual_links.transmit_on_base }))
}

/// Every interface that the instances make.
pub(super) fn wanted(instances: &[VrrpInstance]) -> Vec<WantedLink> {
    let of_instances = instances.iter().filter_map(|instance| instance.virtual_links.as_deref());
    of_instances.flat_map(|links| links.own.iter().chain(&links.of_addresses)).map(wanted_link).collect()
}

/// The addresses that ipvlans have of their own, as long as they are there.
pub(super) fn addresses(instances: &[VrrpInstance]) -> impl Iterator<Item = (String, AddressSpec)> {
    let of_instances = instances.iter().filter_map(|instance| instance.virtual_links.as_deref());
    of_instances.filter_map(|links| links.own.as_ref()).filter_map(|link| match link.kind {
        VirtualLinkKind::Ipvlan { address: Some(network), .. } => {
            let mut address = AddressSpec { protocol: STATIC_MARK, ..AddressSpec::new(0, network) };
            address.flags.set(AddressFlags::NODAD, network.is_ipv6());
            Some((link.name.clone(), address))
        }
        _ => None,
    })
}

fn wanted_link(link: &VirtualLink) -> WantedLink {
    let kind = match link.kind {
        VirtualLinkKind::Macvlan { mac } => VirtualKind::Macvlan { mac },
        VirtualLinkKind::Ipvlan { mode, .. } => VirtualKind::Ipvlan {
            mode: match mode {
                virtual_link::IpvlanMode::Bridge => IpvlanMode::Bridge,
                virtual_link::IpvlanMode::Private => IpvlanMode::Private,
                virtual_link::IpvlanMode::Vepa => IpvlanMode::Vepa,
            },
        },
    };
    WantedLink { name: link.name.clone(), base: link.base.clone(), kind, group: link.group }
}
