//! A line of `virtual_routes` or `static_routes`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnetwork::IpNetwork;

use crate::diagnostic::Diagnostic;
use crate::keywords::Context;
use crate::line::{Statement, Word};
use crate::model::routing::{Hop, Insertion, Route};

use super::encap::encap;
use super::names::{Kind, Names};
use super::option_line::{OptionLine, Prefix};
use super::report::Report;
use super::value;
use crate::keywords::word;

/// The route of a line and its track group; `None` if the line is wrong, which was reported.
pub(super) fn route<'a>(
    context: Context,
    line: Statement<'a>,
    names: &Names<'_>,
    report: &mut Report<'_>,
) -> Option<(Route, Option<Word<'a>>)> {
    let first = line.words().first()?;
    let mut reading =
        RouteReader { line: OptionLine::new(context, line.words(), names, report), draft: Draft::default() };
    while let Some(word) = reading.line.next() {
        reading.word(word)?;
    }
    let RouteReader { mut line, draft } = reading;
    let group = draft.group;
    draft.finish(first, &mut line).map(|route| (route, group))
}

struct RouteReader<'a, 'n, 'r, 'f> {
    line: OptionLine<'a, 'n, 'r, 'f>,
    draft: Draft<'a>,
}

#[derive(Default)]
struct Draft<'a> {
    ipv6: Option<bool>,
    kind: Option<u8>,
    destination: Option<Prefix>,
    from: Option<IpNetwork>,
    tos: u8,
    table: Option<u32>,
    vrf: Option<String>,
    protocol: Option<(u8, Word<'a>)>,
    scope: Option<u8>,
    metric: u32,
    source: Option<IpAddr>,
    hop: Hop,
    /// `or`
    second: Option<IpAddr>,
    /// `dev` of the line itself.
    has_device: bool,
    hops: Vec<Hop>,
    path: Vec<(u16, u32)>,
    locked: u32,
    congestion: Option<String>,
    realms: Option<u32>,
    expires: Option<(u32, Word<'a>)>,
    preference: Option<(u8, Word<'a>)>,
    ttl_propagate: Option<bool>,
    insertion: Insertion,
    no_track: bool,
    group: Option<Word<'a>>,
}

impl<'a> RouteReader<'a, '_, '_, '_> {
    /// Takes a word with its arguments.
    fn word(&mut self, word: Word<'a>) -> Option<()> {
        let Some(option) = self.line.option(word) else { return self.positional(word) };
        match option.name {
            "inet" => self.family(word, false),
            "inet6" => self.family(word, true),
            "to" => self.destination_behind(word),
            "from" => {
                let argument = self.line.argument(word)?;
                let from = self.line.fits(word, argument, Prefix::of(argument.text))?.network();
                if from.is_some_and(|from| from.is_ipv4()) {
                    return self.line.refuse(argument, "only IPv6 routes have a source prefix (`from`)");
                }
                self.draft.from = from;
                self.family(word, true)
            }
            "src" => {
                let source = self.address(word)?;
                self.draft.source = Some(source);
                self.family(word, source.is_ipv6())
            }
            "as" => {
                self.line.take("to");
                self.line.argument(word)?;
                self.line.report.without_effect(option, word.span);
                Some(())
            }
            "or" => {
                self.draft.second = Some(self.address(word)?);
                Some(())
            }
            "nexthop" => self.next_hop(),
            "tos" | "dsfield" => {
                self.draft.tos = octet(self.line.named(word, Kind::TypeOfService, 255)?);
                Some(())
            }
            "table" => {
                self.draft.table = Some(self.line.named(word, Kind::Table, u32::MAX)?);
                Some(())
            }
            "vrf" => {
                self.draft.vrf = Some(self.line.interface(word)?);
                Some(())
            }
            "protocol" => {
                self.draft.protocol = Some((octet(self.line.named(word, Kind::Protocol, 255)?), word));
                Some(())
            }
            "scope" => {
                self.draft.scope = Some(octet(self.line.named(word, Kind::Scope, 255)?));
                Some(())
            }
            "metric" | "priority" | "preference" => {
                self.draft.metric = self.line.integer(word, 0, u32::MAX)?;
                Some(())
            }
            "realms" => {
                self.draft.realms = Some(self.line.realms(word)?);
                self.family(word, false)
            }
            "expires" => {
                self.draft.expires = Some((self.line.integer(word, 0, u32::MAX)?, word));
                Some(())
            }
            "pref" => self.preference(word),
            "ttl-propagate" => {
                let argument = self.line.argument(word)?;
                let enabled = match argument.text {
                    "enabled" => Some(true),
                    "disabled" => Some(false),
                    _ => None,
                };
                self.draft.ttl_propagate = Some(self.line.fits(word, argument, enabled)?);
                Some(())
            }
            word::TRACK_GROUP => {
                self.draft.group = Some(self.line.argument(word)?);
                Some(())
            }
            word::NO_TRACK => {
                self.draft.no_track = true;
                Some(())
            }
            "add" | "append" | "prepend" => {
                self.draft.insertion = match option.name {
                    "add" => Insertion::Add,
                    "append" => Insertion::Append,
                    _ => Insertion::Prepend,
                };
                Some(())
            }
            name => {
                if self.hop_option(name, word)? {
                    Some(())
                } else {
                    self.path_option(name, word)
                }
            }
        }
    }

    /// A type or a destination.
    fn positional(&mut self, word: Word<'a>) -> Option<()> {
        if self.draft.destination.is_none() {
            if let Some(kind) = kind(word.text).filter(|_| self.draft.kind.is_none()) {
                self.draft.kind = Some(kind);
                return Some(());
            }
            if let Some(destination) = Prefix::of(word.text) {
                return self.set_destination(word, destination);
            }
        }
        self.line.unknown(word)
    }

    fn destination_behind(&mut self, option: Word<'a>) -> Option<()> {
        let mut word = self.line.argument(option)?;
        if let Some(kind) = kind(word.text) {
            self.draft.kind = Some(kind);
            word = self.line.argument(option)?;
        }
        let destination = self.line.fits(option, word, Prefix::of(word.text))?;
        self.set_destination(word, destination)
    }

    fn set_destination(&mut self, word: Word<'a>, destination: Prefix) -> Option<()> {
        self.draft.destination = Some(destination);
        match destination {
            Prefix::Of(network) => self.family(word, network.is_ipv6()),
            Prefix::Any => Some(()),
        }
    }

    /// All addresses of a route are of one family, but for the next hop of an IPv4 route.
    fn family(&mut self, word: Word<'a>, ipv6: bool) -> Option<()> {
        if *self.draft.ipv6.get_or_insert(ipv6) == ipv6 {
            Some(())
        } else {
            self.line.refuse(word, "a route is for IPv4 or for IPv6, not for both")
        }
    }

    fn address(&mut self, option: Word<'a>) -> Option<IpAddr> {
        let word = self.line.argument(option)?;
        let host = value::host(word.text).filter(|(_, has_length)| !has_length);
        self.line.fits(option, word, host.map(|(address, _)| address))
    }

    fn preference(&mut self, option: Word<'a>) -> Option<()> {
        let word = self.line.argument(option)?;
        let number = match word.text {
            "low" => Some(3),
            "medium" => Some(0),
            "high" => Some(1),
            other => other.parse().ok(),
        };
        self.draft.preference = Some((self.line.fits(option, word, number)?, option));
        Some(())
    }

    /// An option of a next hop; whether it was one.
    fn hop_option(&mut self, name: &str, word: Word<'a>) -> Option<bool> {
        match name {
            "via" | "gw" => self.draft.hop.via = Some(via(&mut self.line, word)?),
            "dev" | "oif" => {
                self.draft.hop.interface = Some(self.line.interface(word)?);
                self.draft.has_device = true;
            }
            "onlink" => self.draft.hop.onlink = true,
            "encap" => self.draft.hop.encap = Some(encap(&mut self.line, word)?),
            _ => return Some(false),
        }
        Some(true)
    }

    /// Metrics of the path; `lock` keeps the kernel from changing it.
    fn path_option(&mut self, name: &str, word: Word<'a>) -> Option<()> {
        if name == "congctl" {
            if self.line.take("lock") {
                self.draft.locked |= 1 << 16;
            }
            self.draft.congestion = Some(self.line.argument(word)?.text.to_string());
            return Some(());
        }
        let Some((_, number, unit, lockable)) = PATH.iter().find(|(option, ..)| *option == name) else {
            return self.line.unknown(word);
        };
        if *lockable && self.line.take("lock") {
            self.draft.locked |= 1 << number;
        }
        let value = match unit {
            PathUnit::Number(most) => self.line.integer(word, 0, *most)?,
            PathUnit::Time { scale } => {
                let argument = self.line.argument(word)?;
                self.line.fits(word, argument, time(argument.text, *scale))?
            }
            PathUnit::Features => {
                let argument = self.line.argument(word)?;
                self.line.fits(word, argument, (argument.text == "ecn").then_some(1))?
            }
        };
        self.draft.path.retain(|(other, _)| other != number);
        self.draft.path.push((*number, value));
        Some(())
    }

    /// `nexthop …`, up to the next one.
    fn next_hop(&mut self) -> Option<()> {
        let mut hop = Hop { weight: 1, ..Hop::default() };
        while let Some(word) = self.line.peek().filter(|word| word.text != "nexthop") {
            self.line.next();
            match word.text {
                "via" | "gw" => hop.via = Some(via(&mut self.line, word)?),
                "dev" | "oif" => hop.interface = Some(self.line.interface(word)?),
                "onlink" => hop.onlink = true,
                "encap" => hop.encap = Some(encap(&mut self.line, word)?),
                "realms" => hop.realms = Some(self.line.realms(word)?),
                "weight" => {
                    let weight = self.line.integer(word, 1, 256)?;
                    hop.weight = u16::try_from(weight).unwrap_or(1);
                }
                word::NO_TRACK => self.draft.no_track = true,
                word::TRACK_GROUP => self.draft.group = Some(self.line.argument(word)?),
                _ => return self.line.refuse(word, &format!("`{}` cannot follow a `nexthop`", word.text)),
            }
        }
        self.draft.hops.push(hop);
        Some(())
    }
}

impl Draft<'_> {
    /// Defaults, and options that exclude each other.
    fn finish<'a>(mut self, first: Word<'a>, line: &mut OptionLine<'a, '_, '_, '_>) -> Option<Route>
    where
        Self: 'a,
    {
        let Some(destination) = self.destination else {
            return line.refuse(first, "a route needs a destination, or `default`");
        };
        let hops = self.all_hops();
        let ipv6 =
            self.ipv6.unwrap_or_else(|| hops.iter().find_map(|hop| hop.via).is_some_and(|via| via.is_ipv6()));
        if ipv6 && hops.iter().any(|hop| hop.via.is_some_and(|via| via.is_ipv4())) {
            return line.refuse(first, "an IPv6 route cannot go by an IPv4 router");
        }
        if let Some(what) = self.of_ipv6_only().filter(|_| !ipv6) {
            return line.refuse(first, &format!("only IPv6 routes have `{what}`"));
        }
        let any = if ipv6 { IpAddr::V6(Ipv6Addr::UNSPECIFIED) } else { IpAddr::V4(Ipv4Addr::UNSPECIFIED) };
        let destination = destination.network().or_else(|| IpNetwork::new(any, 0).ok())?;
        let protocol = self.protocol(line);
        self.path.sort_unstable();
        let kind = self.kind.unwrap_or(UNICAST);
        self.warn_of_device(first, line);
        Some(Route {
            kind,
            destination: IpNetwork::new(destination.network(), destination.prefix()).unwrap_or(destination),
            from: self.from.and_then(|from| IpNetwork::new(from.network(), from.prefix()).ok()),
            tos: self.tos,
            table: self.table.unwrap_or(if kind == 2 || kind == 3 || kind == 10 { 255 } else { MAIN }),
            vrf: self.vrf,
            protocol,
            scope: self.scope.unwrap_or_else(|| default_scope(kind, ipv6)),
            metric: self.metric,
            source: self.source,
            hops,
            path: self.path,
            locked: self.locked,
            congestion: self.congestion,
            realms: self.realms,
            expires: self.expires.map(|(seconds, _)| seconds),
            preference: self.preference.map(|(number, _)| number),
            ttl_propagate: self.ttl_propagate,
            insertion: self.insertion,
            no_track: self.no_track,
        })
    }

    /// The hop that the line itself describes, that of `or`, and those of `nexthop`.
    fn all_hops(&mut self) -> Vec<Hop> {
        let mut hops = Vec::new();
        let own = std::mem::take(&mut self.hop);
        if own != Hop::default() {
            let weight = u16::from(self.second.is_some() || !self.hops.is_empty());
            if let Some(second) = self.second {
                let second = Hop { via: Some(second), weight: 1, ..own.clone() };
                hops.push(second);
            }
            hops.insert(0, Hop { weight, ..own });
        }
        hops.append(&mut self.hops);
        hops
    }

    /// The property that only IPv6 has, if the route has one.
    fn of_ipv6_only(&self) -> Option<&'static str> {
        let expires = self.expires.map(|_| "expires");
        expires.or_else(|| self.preference.map(|_| "pref"))
    }

    /// A route that is put back has to be known as ours.
    fn protocol(&self, line: &mut OptionLine<'_, '_, '_, '_>) -> u8 {
        match self.protocol {
            Some((protocol, word)) if protocol != KEEPALIVED && !self.no_track => {
                line.report.push(
                    Diagnostic::warning(
                        "route-protocol",
                        "a route that is put back when somebody deletes it has protocol 18 (keepalived); `protocol` is \
                         ignored",
                    )
                    .at(word.span)
                    .help("add `no_track` if the protocol matters more"),
                );
                KEEPALIVED
            }
            Some((protocol, _)) => protocol,
            None => KEEPALIVED,
        }
    }

    fn warn_of_device<'a>(&self, first: Word<'a>, line: &mut OptionLine<'a, '_, '_, '_>)
    where
        Self: 'a,
    {
        if self.no_track || self.has_device {
            return;
        }
        line.report.push(
            Diagnostic::warning(
                "route-without-device",
                "keepalived does not put a route without `dev` back when somebody deletes it; vipd does",
            )
            .at(first.span)
            .help("add `dev INTERFACE`: the instance is then in FAULT while that interface is down"),
        );
    }
}

/// `via [inet|inet6] ADDRESS`
fn via<'a>(line: &mut OptionLine<'a, '_, '_, '_>, option: Word<'a>) -> Option<IpAddr> {
    let family = if line.take("inet6") { Some(true) } else { line.take("inet").then_some(false) };
    let word = line.argument(option)?;
    let host = value::host(word.text).filter(|(_, has_length)| !has_length).map(|(address, _)| address);
    line.fits(option, word, host.filter(|host| family.is_none_or(|ipv6| ipv6 == host.is_ipv6())))
}

/// A time in the kernel's unit: a bare number is already in it, one with `s` or `ms` is not.
fn time(text: &str, scale: u32) -> Option<u32> {
    if let Some(milliseconds) = text.strip_suffix("ms") {
        return milliseconds.parse::<u32>().ok()?.checked_mul(scale);
    }
    match text.strip_suffix('s') {
        Some(seconds) => seconds.parse::<u32>().ok()?.checked_mul(1000)?.checked_mul(scale),
        None => text.parse().ok(),
    }
}

fn octet(number: u32) -> u8 {
    u8::try_from(number).unwrap_or(u8::MAX)
}

/// Types that may stand before a destination (`RTN_*`).
fn kind(word: &str) -> Option<u8> {
    Some(match word {
        "unicast" => UNICAST,
        "local" => 2,
        "broadcast" => 3,
        "anycast" => 4,
        "multicast" => 5,
        "blackhole" => 6,
        "unreachable" => 7,
        "prohibit" => 8,
        "throw" => 9,
        "nat" => 10,
        _ => return None,
    })
}

/// That of a unicast route is global, whether or not it has a router: keepalived's choice, where `ip route` takes the
/// link.
fn default_scope(kind: u8, ipv6: bool) -> u8 {
    match kind {
        _ if ipv6 => 0,
        2 | 10 => 254,
        3..=5 => 253,
        _ => 0,
    }
}

/// Notation of the value of a property.
enum PathUnit {
    /// A number up to this.
    Number(u32),
    /// A time; the kernel's unit is a millisecond divided by `scale`.
    Time { scale: u32 },
    /// `ecn`
    Features,
}

/// Properties of a path, with the kernel's numbers (`RTAX_*`), and whether they can be locked.
const PATH: &[(&str, u16, PathUnit, bool)] = &[
    ("mtu", 2, PathUnit::Number(u32::MAX), true),
    ("window", 3, PathUnit::Number(u32::MAX), false),
    ("rtt", 4, PathUnit::Time { scale: 8 }, true),
    ("rttvar", 5, PathUnit::Time { scale: 4 }, true),
    ("ssthresh", 6, PathUnit::Number(u32::MAX), true),
    ("cwnd", 7, PathUnit::Number(u32::MAX), true),
    ("advmss", 8, PathUnit::Number(u32::MAX), true),
    ("reordering", 9, PathUnit::Number(u32::MAX), true),
    ("hoplimit", 10, PathUnit::Number(255), false),
    ("initcwnd", 11, PathUnit::Number(u32::MAX), false),
    ("features", 12, PathUnit::Features, false),
    (word::RTO_MIN, 13, PathUnit::Time { scale: 1 }, true),
    ("initrwnd", 14, PathUnit::Number(u32::MAX), false),
    ("quickack", 15, PathUnit::Number(1), false),
    (word::FASTOPEN_NO_COOKIE, 17, PathUnit::Number(1), false),
];

/// `RTPROT_KEEPALIVED`
pub(super) const KEEPALIVED: u8 = 18;
/// `RT_TABLE_MAIN`
const MAIN: u32 = 254;
const UNICAST: u8 = 1;
