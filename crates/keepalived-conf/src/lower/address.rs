//! Lines of `virtual_ipaddress` and `virtual_ipaddress_excluded`.

use std::net::{IpAddr, Ipv4Addr};

use ipnetwork::{IpNetwork, Ipv4Network};

use crate::diagnostic::{Class, Diagnostic, Severity};
use crate::keywords::{self, Arguments, Context, Status};
use crate::line::{Statement, Word};
use crate::model::VirtualAddress;
use crate::similar::did_you_mean;

use super::Lowering;
use super::arguments;
use super::instance::Draft;
use super::reader::Entry;
use super::report::Report;
use super::value::{self, PrefixError};
use crate::keywords::word;

impl<'a> Lowering<'a> {
    /// Reads one of the two blocks.
    pub(super) fn virtual_addresses(&mut self, draft: &mut Draft, entry: Entry<'a>, excluded: bool) {
        let context = entry.keyword.arguments.block().unwrap_or(entry.context);
        let mut block = self.reader.open(entry, &mut self.report);
        while let Some(line) = self.reader.next_line(&mut block, &mut self.report) {
            let report = &mut self.report;
            let Some(address) = virtual_address(line, context, report) else { continue };
            let ip = address.network.ip();
            // Excluded addresses are not in adverts, so either family will do.
            if !excluded && !draft.fits_family(ip, line.keyword_span(), report) {
                continue;
            }
            // Every line counts in adverts, and keepalived discards adverts with another number of them.
            if !draft.seen.addresses.insert((ip, address.interface.clone())) {
                let advertised = if excluded { "" } else { ", and adverts list it once more" };
                let message = format!("{ip} is listed already{advertised}");
                report.push(
                    Diagnostic::new(Severity::Warning, Class::None, "duplicate-address", message)
                        .at(line.keyword_span())
                        .help("remove the line here and on every router of this VRID at the same time"),
                );
            }
            let addresses = if excluded { &mut draft.excluded_addresses } else { &mut draft.addresses };
            addresses.push((address, line.keyword_span()));
        }
    }
}

/// Reads one line. `None` leaves the address out, as keepalived does when an option needs more than it has.
pub(super) fn virtual_address(
    line: Statement<'_>,
    context: Context,
    report: &mut Report<'_>,
) -> Option<VirtualAddress> {
    let (first, options) = line.words().split_first()?;
    let network = match value::prefix(first.text) {
        Ok(network) => network,
        Err(PrefixError::NotAnAddress) => {
            let message = format!("`{}` is not an IP address; this line is ignored", first.text);
            report.error("bad-address", first.span, message);
            return None;
        }
        Err(PrefixError::Length(host)) => {
            let message = format!("`{}` has no such prefix length; /{} is used", first.text, host.prefix());
            // A test of keepalived takes `192.0.2.1/`.
            let class = if first.text.ends_with('/') { Class::None } else { Class::General };
            report.push(Diagnostic::error("bad-prefix-length", message).class(class).at(first.span));
            host
        }
    };
    let mut address = plain(network);
    let mut words = options.iter();
    while let Some(word) = words.next() {
        let Some(option) = keywords::find(context, word.text) else {
            unknown_option(word, context, report);
            continue;
        };
        if option.status != Status::Acts {
            report.without_effect(option, word.span);
            continue;
        }
        if option.arguments == Arguments::None {
            flag(&mut address, option.name);
            continue;
        }
        let Some(argument) = words.next() else {
            let message = format!("`{}` lacks its value; {network} is ignored", option.name);
            report.error("missing-argument", word.span, message);
            return None;
        };
        with_value(&mut address, option.name, argument, report)?;
    }
    if address.peer.is_some() && address.broadcast.take().is_some() {
        report.warning(
            "broadcast",
            first.span,
            "an address with a peer has no broadcast address; it is ignored",
        );
    }
    Some(address)
}

/// An address without options.
fn plain(network: IpNetwork) -> VirtualAddress {
    VirtualAddress {
        network,
        interface: None,
        label: None,
        scope: 0,
        broadcast: None,
        peer: None,
        home: false,
        duplicate_detection: false,
        manage_temporary: false,
        no_prefix_route: false,
        autojoin: false,
        no_track: false,
        use_vmac: false,
        // A host address over IPv6 is deprecated at once, so that it is never chosen as a source.
        preferred_lifetime: (network.is_ipv6() && network.prefix() == 128).then_some(0),
    }
}

fn flag(address: &mut VirtualAddress, name: &str) {
    let flag = match name {
        "home" => &mut address.home,
        "-nodad" => &mut address.duplicate_detection,
        "mngtmpaddr" => &mut address.manage_temporary,
        "noprefixroute" => &mut address.no_prefix_route,
        "autojoin" => &mut address.autojoin,
        word::NO_TRACK => &mut address.no_track,
        word::USE_VMAC => &mut address.use_vmac,
        _ => return,
    };
    *flag = true;
}

/// Takes an option that has a value; `None` leaves the address out.
fn with_value(
    address: &mut VirtualAddress,
    name: &str,
    word: Word<'_>,
    report: &mut Report<'_>,
) -> Option<()> {
    let network = address.network;
    match name {
        "dev" => address.interface = arguments::interface_name(word, report).or(address.interface.take()),
        "label" => {
            if word.text.len() > value::INTERFACE_NAME_MAX {
                let message = format!("a label has at most 15 characters; {network} is ignored");
                report.error("label-length", word.span, message);
                return None;
            }
            if network.is_ipv4() {
                address.label = Some(word.text.to_string());
            } else {
                report.warning("ipv6-option", word.span, "IPv6 addresses have no label; it is ignored");
            }
        }
        "scope" => match value::scope(word.text) {
            Some(scope) if network.is_ipv4() => address.scope = scope,
            Some(_) => {
                report.warning(
                    "ipv6-option",
                    word.span,
                    "the scope of an IPv6 address follows from the address; it is ignored",
                );
            }
            None => {
                let message = format!(
                    "`{}` is not a scope (global, site, link, host or 0 to 255); it is ignored",
                    word.text
                );
                report.error("bad-value", word.span, message);
            }
        },
        "brd" | "broadcast" => {
            let IpNetwork::V4(v4) = network else {
                let message = format!("IPv6 has no broadcast address; {network} is ignored");
                report.error("broadcast", word.span, message);
                return None;
            };
            match broadcast(v4, word) {
                Ok(broadcast) => address.broadcast = Some(broadcast),
                Err(BroadcastError::TooNarrow) => {
                    let message = format!("{network} is too narrow for a broadcast address; none is set");
                    report.error("broadcast", word.span, message);
                }
                Err(BroadcastError::NotAnAddress) => {
                    let message = format!("`{}` is not a broadcast address; {network} is ignored", word.text);
                    report.error("broadcast", word.span, message);
                    return None;
                }
            }
        }
        "peer" => match value::prefix(word.text) {
            Ok(peer) if peer.is_ipv4() == network.is_ipv4() => address.peer = Some(peer),
            _ => {
                let message = format!("`{}` is not a peer address for {network}; it is ignored", word.text);
                report.error("bad-address", word.span, message);
            }
        },
        word::PREFERRED_LFT => {
            let seconds = value::integer(word.text, 0, u32::MAX.into()).ok();
            let seconds = seconds.and_then(|seconds| u32::try_from(seconds).ok());
            if seconds.is_some() || word.text == "forever" {
                address.preferred_lifetime = seconds;
            } else {
                let message =
                    format!("`preferred_lft` takes seconds or `forever`, not `{}`; it is ignored", word.text);
                report.error("bad-value", word.span, message);
            }
        }
        _ => {}
    }
    Some(())
}

enum BroadcastError {
    TooNarrow,
    NotAnAddress,
}

/// The broadcast address, `+` and `-` resolved.
fn broadcast(network: Ipv4Network, word: Word<'_>) -> Result<Ipv4Addr, BroadcastError> {
    let host_bits = u32::MAX.checked_shr(network.prefix().into()).unwrap_or(0);
    match word.text {
        "+" | "-" if network.prefix() > 30 => Err(BroadcastError::TooNarrow),
        "+" => Ok(Ipv4Addr::from_bits(network.ip().to_bits() | host_bits)),
        "-" => Ok(Ipv4Addr::from_bits(network.ip().to_bits() & !host_bits)),
        address => address.parse().map_err(|_| BroadcastError::NotAnAddress),
    }
}

fn unknown_option(word: Word<'_>, context: Context, report: &mut Report<'_>) {
    let message = format!("unknown option `{}` of an address; it is ignored", word.text);
    let mut finding = Diagnostic::error("unknown-option", message).at(word.span);
    if word.text.parse::<IpAddr>().is_ok() || value::prefix(word.text).is_ok() {
        finding.help = Some("every address needs a line of its own".to_owned());
    } else {
        let options = keywords::within(context).map(|option| option.name);
        finding.help = did_you_mean(word.text, options).map(|near| format!("did you mean `{near}`?"));
    }
    report.push(finding);
}
