//! `use_vmac`, `use_ipvlan` and what goes with them: which interfaces instances make, and what these are called.

use std::collections::{HashMap, HashSet};

use ipnetwork::IpNetwork;

use crate::diagnostic::{Class, Diagnostic, Severity};
use crate::line::Word;
use crate::model::VrrpInstance;
use crate::model::virtual_link::{IpvlanMode, VirtualLink, VirtualLinkKind, VirtualLinks, virtual_mac};
use crate::source::Span;

use super::arguments;
use super::instance::Draft;
use super::reader::Entry;
use super::report::Report;
use super::value;
use crate::keywords::word;

/// Keywords of an instance's block.
#[derive(Default)]
pub(super) struct LinksDraft {
    own: Option<LinkDraft>,
    /// `use_vmac_addr`
    of_addresses: bool,
    transmit_on_base: Option<Span>,
}

impl LinksDraft {
    /// As `use_vmac`, unless there is that or `use_ipvlan` already. `at` is the place of what asks for it.
    pub(super) fn want_virtual_mac(&mut self, at: Span) {
        let kind = KindDraft::Macvlan { mac: None };
        self.own.get_or_insert(LinkDraft { at, name: None, kind, group: None });
    }
}

impl LinksDraft {
    /// A later keyword counts, but the name and the MAC address of an earlier one stay.
    fn set(&mut self, mut link: LinkDraft, report: &mut Report<'_>) {
        let Some(former) = self.own.take() else {
            self.own = Some(link);
            return;
        };
        if former.name.is_some() {
            if link.name.is_some() {
                report.error(
                    "repeated",
                    link.at,
                    "the name of the interface is set already; this one is ignored".to_owned(),
                );
            }
            link.name = former.name;
        }
        if let (KindDraft::Macvlan { mac: before @ Some(_) }, KindDraft::Macvlan { mac }) =
            (former.kind, &mut link.kind)
        {
            if mac.is_some() {
                report.error(
                    "repeated",
                    link.at,
                    "the MAC address is set already; this one is ignored".to_owned(),
                );
            }
            *mac = before;
        }
        link.group = link.group.or(former.group);
        self.own = Some(link);
    }
}

/// `use_vmac` or `use_ipvlan`
struct LinkDraft {
    at: Span,
    name: Option<String>,
    kind: KindDraft,
    group: Option<u32>,
}

enum KindDraft {
    Macvlan { mac: Option<MacDraft> },
    Ipvlan { mode: IpvlanMode, address: Option<IpNetwork> },
}

/// A MAC address of the file.
#[derive(Clone, Copy)]
enum MacDraft {
    Whole([u8; 6]),
    /// The VRID is the last octet.
    Prefix([u8; 5]),
}

/// Takes a keyword of an instance; `false` if it is another one's.
pub(super) fn keyword(draft: &mut Draft, entry: &Entry<'_>, report: &mut Report<'_>) -> bool {
    match entry.keyword.name {
        word::USE_VMAC => {
            let own = link(entry, KindDraft::Macvlan { mac: None }, report);
            draft.links.set(own, report);
        }
        word::USE_IPVLAN => {
            let kind = KindDraft::Ipvlan { mode: IpvlanMode::default(), address: None };
            draft.links.set(link(entry, kind, report), report);
        }
        word::USE_VMAC_ADDR => draft.links.of_addresses = arguments::bare(entry, report),
        word::VMAC_XMIT_BASE => {
            arguments::bare(entry, report);
            draft.links.transmit_on_base = Some(entry.span());
        }
        _ => return false,
    }
    true
}

/// `[[name] NAME] [MAC] [netlink_notify_msg] [group N]`, or an address and a mode in place of the MAC address.
fn link(entry: &Entry<'_>, kind: KindDraft, report: &mut Report<'_>) -> LinkDraft {
    let mut link = LinkDraft { at: entry.span(), name: None, kind, group: None };
    let mut words = entry.arguments().iter();
    while let Some(word) = words.next() {
        match word.text {
            "name" | "group" => {
                let Some(value) = words.next() else {
                    // Before keepalived had these words, they were names as any other.
                    let message =
                        format!("`{}` lacks its value; it is taken as the interface's name", word.text);
                    report.lint("bad-value", word.span, message);
                    name(&mut link, word, report);
                    continue;
                };
                if word.text == "name" {
                    name(&mut link, value, report);
                } else {
                    group(&mut link, value, report);
                }
            }
            // Listeners to netlink hear of every interface that we make.
            "netlink_notify_msg" => {}
            _ if option_of_kind(&mut link.kind, word, report) => {}
            _ => name(&mut link, word, report),
        }
    }
    link
}

fn name(link: &mut LinkDraft, word: Word<'_>, report: &mut Report<'_>) {
    if link.name.is_some() {
        let message = format!("`{}` is no option of `use_vmac` or `use_ipvlan`; it is ignored", word.text);
        report.error("unknown-option", word.span, message);
    } else if value::is_interface_name(word.text) {
        // One that is to be made, so it need not be there.
        link.name = Some(word.text.to_string());
    } else {
        let message = format!(
            "`{}` cannot be an interface: names have 1 to 15 characters and no `/`; the default name is used",
            word.text
        );
        report.error("bad-interface-name", word.span, message);
    }
}

fn group(link: &mut LinkDraft, word: Word<'_>, report: &mut Report<'_>) {
    let number = if word.text == "default" { Some(0) } else { word.text.parse().ok() };
    if number.is_none() {
        let message = format!("`group` takes a number or `default`, not `{}`; it is ignored", word.text);
        report.error("bad-value", word.span, message);
    }
    link.group = number.or(link.group);
}

/// Takes a word that only this kind of interface has.
fn option_of_kind(kind: &mut KindDraft, word: Word<'_>, report: &mut Report<'_>) -> bool {
    match kind {
        KindDraft::Macvlan { mac } => {
            let Some(octets) = octets(word.text) else { return false };
            match mac_address(&octets) {
                Ok(address) => *mac = Some(address),
                Err(why) => {
                    let message =
                        format!("the MAC address {} {why}; the virtual router's is used", word.text);
                    report.error("bad-value", word.span, message);
                }
            }
        }
        KindDraft::Ipvlan { mode, address } => match word.text {
            "bridge" => *mode = IpvlanMode::Bridge,
            "private" => *mode = IpvlanMode::Private,
            "vepa" => *mode = IpvlanMode::Vepa,
            text => match value::prefix(text) {
                Ok(network) => *address = Some(network),
                Err(_) => return false,
            },
        },
    }
    true
}

/// Octets in hexadecimal with colons between them; `None` if that is not meant.
fn octets(text: &str) -> Option<Vec<u8>> {
    let parts = text.split(':');
    let octets: Option<Vec<u8>> =
        parts.map(|part| u8::from_str_radix(part, 16).ok().filter(|_| part.len() <= 2)).collect();
    octets.filter(|octets| octets.len() > 1)
}

fn mac_address(octets: &[u8]) -> Result<MacDraft, &'static str> {
    let first = octets.first().copied().unwrap_or_default();
    if first & 1 != 0 {
        return Err("is one of a group");
    }
    if let Ok(prefix) = <[u8; 5]>::try_from(octets) {
        return Ok(MacDraft::Prefix(prefix));
    }
    <[u8; 6]>::try_from(octets).map(MacDraft::Whole).map_err(|_| "has neither 5 nor 6 octets")
}

/// Context of an instance's links while it is finished.
pub(super) struct Context<'a> {
    pub(super) vrid: u8,
    pub(super) ipv6: bool,
    pub(super) strict: bool,
    pub(super) unicast: bool,
    pub(super) interface: Option<&'a str>,
}

/// The links of an instance and where adverts come from, which an ipvlan may say. Names come later, see [`settle`];
/// until then, addresses that get a link of their own say so.
pub(super) fn finish(
    draft: &mut Draft,
    context: &Context<'_>,
    report: &mut Report<'_>,
) -> Option<Box<VirtualLinks>> {
    let LinksDraft { own, of_addresses, transmit_on_base } = std::mem::take(&mut draft.links);
    if of_addresses {
        let excluded = draft.excluded_addresses.iter_mut();
        for (address, _) in draft.addresses.iter_mut().chain(excluded) {
            let elsewhere = address.interface.as_deref().is_some_and(|name| Some(name) != context.interface);
            address.use_vmac |= elsewhere || address.network.is_ipv6() != context.ipv6;
        }
    }
    if own.is_none()
        && let Some(span) = transmit_on_base
    {
        let message = format!("{}: `vmac_xmit_base` is ignored without `use_vmac`", draft.name);
        report.warning("no-vmac", span, message);
    }
    let with_address =
        draft.addresses.iter().chain(&draft.excluded_addresses).any(|(address, _)| address.use_vmac);
    let own = own.and_then(|own| finish_own(draft, own, context, report));
    if own.is_none() && !with_address {
        return None;
    }
    let mut links =
        VirtualLinks { own: None, transmit_on_base: transmit_on_base.is_some(), of_addresses: Vec::new() };
    if let Some((own, at)) = own {
        let is_ipvlan = matches!(own.kind, VirtualLinkKind::Ipvlan { .. });
        if context.strict && links.transmit_on_base && !is_ipvlan {
            let message = format!("{}: `vmac_xmit_base` is ignored in strict mode", draft.name);
            report.warning("strict-vmac", transmit_on_base.unwrap_or(at), message);
            links.transmit_on_base = false;
        }
        if context.unicast && !links.transmit_on_base && !is_ipvlan {
            let message = format!("{}: with unicast peers `use_vmac` implies `vmac_xmit_base`", draft.name);
            report.push(
                Diagnostic::new(Severity::Warning, Class::None, "unicast-vmac", message)
                    .at(at)
                    .help("add `vmac_xmit_base`"),
            );
        }
        links.transmit_on_base |= context.unicast || is_ipvlan;
        links.own = Some(own);
    }
    Some(Box::new(links))
}

fn finish_own(
    draft: &mut Draft,
    own: LinkDraft,
    context: &Context<'_>,
    report: &mut Report<'_>,
) -> Option<(VirtualLink, Span)> {
    let Some(base) = context.interface else {
        let message = format!("{}: `use_vmac` and `use_ipvlan` need an `interface`; ignored", draft.name);
        report.error("no-interface", own.at, message);
        return None;
    };
    let kind = match own.kind {
        KindDraft::Macvlan { mac: Some(_) } if context.strict => {
            let message =
                format!("{}: strict mode knows no other MAC address than the virtual router's", draft.name);
            report.warning("strict-vmac", own.at, message);
            VirtualLinkKind::Macvlan { mac: virtual_mac(context.vrid, context.ipv6) }
        }
        KindDraft::Macvlan { mac } => {
            let mac = match mac {
                None => virtual_mac(context.vrid, context.ipv6),
                Some(MacDraft::Whole(mac)) => mac,
                Some(MacDraft::Prefix(prefix)) => {
                    let mut mac = [context.vrid; 6];
                    mac[..5].copy_from_slice(&prefix);
                    mac
                }
            };
            VirtualLinkKind::Macvlan { mac }
        }
        KindDraft::Ipvlan { mode, address } => {
            let address = address.filter(|address| address.is_ipv6() == context.ipv6);
            if address.is_none() && !context.ipv6 && draft.source.is_none() {
                let message = format!("{}: an IPv4 ipvlan needs an address or a `mcast_src_ip`", draft.name);
                report.warning("no-source", own.at, message);
            }
            draft.source = draft.source.or(address.map(|address| address.ip()));
            VirtualLinkKind::Ipvlan { mode, address }
        }
    };
    let link =
        VirtualLink { name: own.name.unwrap_or_default(), base: base.to_owned(), kind, group: own.group };
    Some((link, own.at))
}

/// Prefixes of default names.
pub(super) struct Prefixes<'a> {
    pub(super) instances: &'a str,
    pub(super) addresses: &'a str,
}

/// Gives every link its name, and every address the link that it is on. `spans` are the places of the instances.
pub(super) fn settle(
    instances: &mut [VrrpInstance],
    spans: &[Span],
    prefixes: &Prefixes<'_>,
    report: &mut Report<'_>,
) {
    if instances.iter().all(|instance| instance.virtual_links.is_none()) {
        return;
    }
    let taken = instances.iter().filter_map(|instance| instance.interface.clone()).collect();
    let mut names = Names { taken, macvlans: HashMap::new() };
    // Names that somebody chose go before those that nobody did.
    for (instance, at) in instances.iter_mut().zip(spans) {
        let Some(own) = instance.virtual_links.as_mut().and_then(|links| links.own.as_mut()) else {
            continue;
        };
        if !own.name.is_empty() && !names.taken.insert(own.name.clone()) {
            let message = format!(
                "{}: another interface is called {}; the default name is used",
                instance.name, own.name
            );
            report.error("vmac-name", *at, message);
            own.name.clear();
        }
    }
    for (instance, at) in instances.iter_mut().zip(spans) {
        let (vrid, ipv6) = (instance.vrid, instance.ipv6);
        let Some(own) = instance.virtual_links.as_mut().and_then(|links| links.own.as_mut()) else {
            continue;
        };
        if own.name.is_empty() {
            own.name = names.free(prefixes.instances, vrid, ipv6);
        }
        let VirtualLinkKind::Macvlan { mac } = own.kind else { continue };
        if let Some(other) = names.macvlans.insert((own.base.clone(), mac), own.name.clone()) {
            let message = format!(
                "{}: {other} has the MAC address of {} on {} already; only one of them can be up",
                instance.name, own.name, own.base
            );
            report.push(
                Diagnostic::error("vmac-mac", message)
                    .at(*at)
                    .help("give `use_vmac` another MAC address, here and on every router of this VRID"),
            );
        }
    }
    for instance in instances {
        place_addresses(instance, prefixes.addresses, &mut names);
    }
}

/// Puts the addresses of an instance on the links that they belong to.
fn place_addresses(instance: &mut VrrpInstance, prefix: &str, names: &mut Names) {
    let VrrpInstance { virtual_links, addresses, excluded_addresses, interface, vrid, ipv6, .. } = instance;
    let Some(links) = virtual_links else { return };
    let VirtualLinks { own, of_addresses, .. } = &mut **links;
    for address in addresses.iter_mut().chain(excluded_addresses) {
        let dev = address.interface.as_deref();
        let at_home = dev.is_none() || dev == interface.as_deref();
        let family = address.network.is_ipv6();
        if let Some(own) = own
            && at_home
            && (!address.use_vmac || family == *ipv6)
        {
            address.interface = Some(own.name.clone());
            continue;
        }
        let Some(base) = dev.or(interface.as_deref()).filter(|_| address.use_vmac) else { continue };
        let mac = virtual_mac(*vrid, family);
        let known = names.macvlans.get(&(base.to_owned(), mac)).cloned();
        let name = if let Some(known) = known {
            known
        } else {
            let name = names.free(prefix, *vrid, family);
            names.macvlans.insert((base.to_owned(), mac), name.clone());
            let kind = VirtualLinkKind::Macvlan { mac };
            of_addresses.push(VirtualLink { name: name.clone(), base: base.to_owned(), kind, group: None });
            name
        };
        address.interface = Some(name);
    }
}

/// The names of interfaces that the configuration uses.
struct Names {
    taken: HashSet<String>,
    /// Macvlans by base and MAC address: the kernel lets no second one be up.
    macvlans: HashMap<(String, [u8; 6]), String>,
}

impl Names {
    /// `PREFIX.VRID`, for IPv6 `PREFIX6.VRID` if that is taken, else with the first number that is free:
    /// `PREFIX1.VRID`.
    fn free(&mut self, prefix: &str, vrid: u8, ipv6: bool) -> String {
        let name = |middle: &str| {
            let end = format!("{middle}.{vrid}");
            let room = value::INTERFACE_NAME_MAX.saturating_sub(end.len());
            let mut length = prefix.len().min(room);
            while !prefix.is_char_boundary(length) {
                length -= 1;
            }
            format!("{}{end}", prefix.get(..length).unwrap_or_default())
        };
        let plain = [Some(""), ipv6.then_some("6")].into_iter().flatten().map(str::to_owned);
        let numbered = (1..).map(|number: u32| number.to_string());
        let mut candidates = plain.chain(numbered).map(|middle| name(&middle));
        let name = candidates.find(|name| !self.taken.contains(name)).unwrap_or_default();
        self.taken.insert(name.clone());
        name
    }
}

#[cfg(test)]
mod tests;
