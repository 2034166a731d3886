//! `bfd_instance` and `bfd_*` of `global_defs`.

use std::collections::HashMap;
use std::collections::hash_map::Entry as MapEntry;
use std::net::IpAddr;
use std::time::Duration;

use crate::diagnostic::Diagnostic;
use crate::line::Word;
use crate::model::bfd::BfdInstance;
use crate::model::trackers::Tracked;
use crate::similar::did_you_mean;
use crate::source::Span;

use super::Lowering;
use super::arguments::{self, Junk};
use super::global::{real_time_priority, set_some};
use super::global_lvs::cpus;
use super::reader::Entry;
use super::report::Report;
use super::value;
use crate::keywords::word;

/// The sessions read so far.
#[derive(Default)]
pub(super) struct Sessions<'a> {
    instances: Vec<BfdInstance>,
    by_name: HashMap<&'a str, (usize, Span)>,
    /// Neighbor and source: there is one session between two addresses.
    taken: HashMap<(IpAddr, Option<IpAddr>), Span>,
}

impl<'a> Sessions<'a> {
    pub(super) fn into_instances(self) -> Vec<BfdInstance> {
        self.instances
    }

    fn named(&self, name: &str) -> Option<(usize, &BfdInstance)> {
        let &(index, _) = self.by_name.get(name)?;
        Some((index, self.instances.get(index)?))
    }

    /// Whether a `BFD_CHECK` may name it.
    pub(super) fn is_for_checkers(&self, name: &str) -> bool {
        self.named(name).is_some_and(|(_, session)| session.for_checkers)
    }

    fn add(&mut self, name: Word<'a>, session: BfdInstance, report: &mut Report<'_>) {
        match self.taken.entry((session.neighbor, session.source)) {
            MapEntry::Vacant(free) => drop(free.insert(name.span)),
            MapEntry::Occupied(first) => {
                let message = format!(
                    "bfd_instance {}: there is a session with {} already; it is ignored",
                    session.name, session.neighbor
                );
                let first = Some(*first.get());
                report.push(
                    Diagnostic::error("duplicate-bfd", message).at(name.span).related(first, "the first one"),
                );
                return;
            }
        }
        self.by_name.insert(name.text, (self.instances.len(), name.span));
        self.instances.push(session);
    }
}

/// A session as written.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a keyword of its own")]
struct Draft {
    neighbor: Option<IpAddr>,
    source: Option<(IpAddr, Span)>,
    min_rx: Option<Duration>,
    min_tx: Option<Duration>,
    idle_tx: Option<Duration>,
    multiplier: Option<u8>,
    passive: bool,
    ttl: Option<u8>,
    max_hops: Option<(i16, Span)>,
    multihop: bool,
    weight: (i16, bool),
    vrrp: bool,
    checker: bool,
}

impl<'a> Lowering<'a> {
    /// A `bfd_instance`.
    pub(super) fn bfd_instance(&mut self, entry: Entry<'a>) {
        let Some(name) = self.only_name(&entry).filter(|&name| self.may_be_session(name)) else {
            self.reader.skip_next_block();
            return;
        };
        let mut draft = Draft::default();
        let mut block = self.reader.open(entry, &mut self.report);
        while let Some(entry) = self.reader.next(&mut block, &mut self.report) {
            self.bfd_keyword(&mut draft, entry);
        }
        if let Some(session) = draft.finish(name, &mut self.report) {
            self.sessions.add(name, session, &mut self.report);
        }
    }

    fn may_be_session(&mut self, name: Word<'a>) -> bool {
        if name.text.len() > LONGEST_NAME {
            let message = format!(
                "the name of a bfd_instance has at most {LONGEST_NAME} characters; {} is ignored",
                name.text
            );
            self.report.error("bad-name", name.span, message);
            return false;
        }
        let Some(&(_, first)) = self.sessions.by_name.get(name.text) else { return true };
        let message = format!("bfd_instance {} is defined already; this block is ignored", name.text);
        self.report.push(
            Diagnostic::error("duplicate-bfd", message)
                .at(name.span)
                .related(Some(first), "first defined here"),
        );
        false
    }

    fn bfd_keyword(&mut self, draft: &mut Draft, entry: Entry<'a>) {
        let report = &mut self.report;
        let interval = |report: &mut _| arguments::decimal(&entry, Junk::Ignored, "", report);
        match entry.keyword.name {
            word::NEIGHBOR_IP | word::NEIGHBOUR_IP => {
                draft.neighbor = arguments::address(&entry, report).or(draft.neighbor);
            }
            word::SOURCE_IP => {
                let source = arguments::address(&entry, report);
                draft.source = source.map(|source| (source, entry.span())).or(draft.source);
            }
            word::MIN_RX => set_some(&mut draft.min_rx, interval(report)),
            word::MIN_TX => set_some(&mut draft.min_tx, interval(report)),
            word::IDLE_TX => set_some(&mut draft.idle_tx, interval(report)),
            word::MULTIPLIER => {
                set_some(&mut draft.multiplier, arguments::number(&entry, Junk::Ignored, "", report));
            }
            word::PASSIVE => draft.passive = arguments::bare(&entry, report),
            word::TTL | word::HOPLIMIT => {
                set_some(&mut draft.ttl, arguments::number(&entry, Junk::Ignored, "", report));
            }
            word::MAX_HOPS => {
                let hops = arguments::number(&entry, Junk::Ignored, "", report);
                set_some(&mut draft.max_hops, hops.map(|hops| (hops, entry.span())));
            }
            word::MULTIHOP => draft.multihop = arguments::switch(&entry, report).unwrap_or(draft.multihop),
            word::WEIGHT => draft.weight = weight(&entry, draft.weight, report),
            word::VRRP => draft.vrrp = arguments::bare(&entry, report),
            word::CHECKER => draft.checker = arguments::bare(&entry, report),
            _ => self.understood(entry),
        }
    }

    /// The name of a session.
    pub(super) fn session_name(&self, index: usize) -> Option<String> {
        Some(self.sessions.instances.get(index)?.name.clone())
    }

    /// The session that a track line names, with its weight; it must stand above, and be for VRRP.
    pub(super) fn session_named(&mut self, name: Word<'_>) -> Option<Tracked> {
        let found = self.sessions.named(name.text);
        if let Some((index, session)) = found.filter(|(_, session)| session.for_vrrp) {
            return Some(Tracked { index, weight: session.weight, reverse: session.reverse });
        }
        let message = match found {
            Some(_) => format!("bfd_instance {} is for checkers only (`checker`)", name.text),
            None => format!("there is no bfd_instance {} above", name.text),
        };
        let mut finding =
            Diagnostic::error("unknown-tracker", message).at(name.span).label("this line is ignored");
        if found.is_some() {
            finding = finding.help("add `vrrp` to it, or remove `checker`");
        } else {
            // Enough names for a person, and a bound for a hostile file.
            let most = if self.report.keeps_findings() { 1000 } else { 0 };
            let near = did_you_mean(name.text, self.sessions.by_name.keys().copied().take(most));
            finding.help = near.map(|near| format!("did you mean `{near}`?"));
        }
        self.report.push(finding);
        None
    }

    /// Takes a keyword about the BFD worker; `false` if it is none. Old spellings come here too.
    pub(super) fn global_bfd(&mut self, entry: &Entry<'a>) -> bool {
        let (report, bfd) = (&mut self.report, &mut self.globals.public.bfd);
        match entry.keyword.name {
            word::BFD_PRIORITY => {
                set_some(&mut bfd.nice, arguments::number(entry, Junk::Ignored, "", report));
            }
            word::BFD_RT_PRIORITY => set_some(&mut bfd.rt_priority, real_time_priority(entry, report)),
            word::BFD_NO_SWAP => bfd.no_swap = arguments::bare(entry, report),
            word::BFD_CPU_AFFINITY => {
                let cpus = cpus(entry, report);
                if !cpus.is_empty() {
                    bfd.cpu_affinity = cpus;
                }
            }
            word::BFD_RLIMIT_RTTIME | word::BFD_RLIMIT_RTIME => {
                set_some(&mut bfd.rlimit_rttime, arguments::number(entry, Junk::Ignored, "", report));
            }
            _ => return false,
        }
        report.old_spelling(entry.keyword, entry.span());
        true
    }
}

impl Draft {
    fn finish(self, name: Word<'_>, report: &mut Report<'_>) -> Option<BfdInstance> {
        let Some(neighbor) = self.neighbor else {
            let message = format!("bfd_instance {} has no `neighbor_ip`; it is ignored", name.text);
            report.error("incomplete", name.span, message);
            return None;
        };
        if let Some((source, at)) = self.source
            && source.is_ipv4() != neighbor.is_ipv4()
        {
            let message = format!(
                "bfd_instance {}: source_ip {source} and neighbor_ip {neighbor} are not of the same family; it is ignored",
                name.text
            );
            report.error("mixed-families", at, message);
            return None;
        }
        let usual = if neighbor.is_ipv4() { u8::MAX } else { KEEPALIVED_HOP_LIMIT };
        Some(BfdInstance {
            name: name.text.to_string(),
            neighbor,
            source: self.source.map(|(source, _)| source),
            min_rx: self.min_rx.unwrap_or(INTERVAL),
            min_tx: self.min_tx.unwrap_or(INTERVAL),
            idle_tx: self.idle_tx.unwrap_or(IDLE),
            multiplier: self.multiplier.unwrap_or(5),
            passive: self.passive,
            ttl: self.ttl.unwrap_or(u8::MAX),
            least_ttl: self.least_ttl(name, self.ttl.unwrap_or(usual), report),
            multihop: self.multihop,
            weight: self.weight.0,
            reverse: self.weight.1,
            for_vrrp: self.vrrp || !self.checker,
            for_checkers: self.checker || !self.vrrp,
        })
    }

    fn least_ttl(&self, name: Word<'_>, ttl: u8, report: &mut Report<'_>) -> u8 {
        let Some((max_hops, at)) = self.max_hops else { return ttl };
        if max_hops > i16::from(ttl) {
            let message = format!(
                "bfd_instance {}: max_hops {max_hops} is more than the TTL of {ttl}; packets are taken whatever their TTL",
                name.text
            );
            report.error("bad-value", at, message);
        }
        // keepalived takes -1, which asks for more than any packet has: no hop is meant.
        ttl.saturating_sub(u8::try_from(max_hops).unwrap_or(0))
    }
}

/// `N [reverse]`, with what holds if it is not that.
fn weight(entry: &Entry<'_>, before: (i16, bool), report: &mut Report<'_>) -> (i16, bool) {
    let Some((number, options)) = entry.arguments().split_first() else {
        report.missing_argument(entry.keyword, entry.span());
        return before;
    };
    let weight = value::integer(number.text, -253, 253).ok().and_then(|weight| i16::try_from(weight).ok());
    let Some(weight) = weight else {
        arguments::bad_number(entry, number, "", report);
        return before;
    };
    match options.first() {
        None => (weight, before.1),
        Some(option) if option.text == "reverse" => {
            arguments::extra_words(entry, 2, report);
            (weight, true)
        }
        Some(option) => {
            let message = format!("only `reverse` may follow the weight of a session, not `{}`", option.text);
            report.error("bad-value", option.span, message);
            (weight, before.1)
        }
    }
}

const LONGEST_NAME: usize = 31;
const INTERVAL: Duration = Duration::from_millis(10);
const IDLE: Duration = Duration::from_secs(1);
/// keepalived's default of `hoplimit`.
const KEEPALIVED_HOP_LIMIT: u8 = 64;
