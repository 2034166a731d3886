//! A line of `virtual_rules` or `static_rules`.

use ipnetwork::IpNetwork;

use crate::diagnostic::Diagnostic;
use crate::keywords::Context;
use crate::line::{Statement, Word};
use crate::model::routing::{Rule, RuleAction};

use super::names::{self, Kind, Names};
use super::option_line::{OptionLine, Prefix};
use super::report::Report;
use super::route::KEEPALIVED;
use crate::keywords::word;

/// The rule of a line and its track group; `None` if the line is wrong, which was reported. `free` is the priority of
/// the next rule that names none.
pub(super) fn rule<'a>(
    context: Context,
    line: Statement<'a>,
    names: &Names<'_>,
    free: &mut u32,
    report: &mut Report<'_>,
) -> Option<(Rule, Option<Word<'a>>)> {
    let first = line.words().first()?;
    let line = OptionLine::new(context, line.words(), names, report);
    let mut reading = RuleReader { line, draft: Draft::default() };
    while let Some(word) = reading.line.next() {
        reading.word(word)?;
    }
    let RuleReader { mut line, draft } = reading;
    let group = draft.group;
    draft.finish(first, free, &mut line).map(|rule| (rule, group))
}

struct RuleReader<'a, 'n, 'r, 'f> {
    line: OptionLine<'a, 'n, 'r, 'f>,
    draft: Draft<'a>,
}

#[derive(Default)]
struct Draft<'a> {
    ipv6: Option<bool>,
    priority: Option<u32>,
    invert: bool,
    from: Option<IpNetwork>,
    to: Option<IpNetwork>,
    tos: u8,
    fwmark: Option<(u32, u32)>,
    iif: Option<String>,
    oif: Option<String>,
    tunnel_id: Option<u64>,
    uids: Option<(u32, u32)>,
    ip_protocol: Option<u8>,
    source_ports: Option<(u16, u16)>,
    destination_ports: Option<(u16, u16)>,
    realms: Option<u32>,
    suppress_prefix_len: Option<u32>,
    suppress_group: Option<u32>,
    protocol: Option<(u8, Word<'a>)>,
    action: Option<RuleAction>,
    no_track: bool,
    group: Option<Word<'a>>,
}

impl<'a> RuleReader<'a, '_, '_, '_> {
    /// Takes a word with its arguments.
    fn word(&mut self, word: Word<'a>) -> Option<()> {
        let Some(option) = self.line.option(word) else { return self.line.unknown(word) };
        match option.name {
            "inet" => self.family(word, false)?,
            "inet6" => self.family(word, true)?,
            "not" => self.draft.invert = true,
            "from" => self.draft.from = self.selector(word)?.network(),
            "to" => self.draft.to = self.selector(word)?.network(),
            "preference" | "order" | "priority" => {
                self.draft.priority = Some(self.line.integer(word, 0, u32::MAX)?);
            }
            "tos" | "dsfield" => {
                let tos = self.line.named(word, Kind::TypeOfService, 255)?;
                self.draft.tos = u8::try_from(tos).unwrap_or(0);
            }
            "fwmark" => self.draft.fwmark = Some(self.parsed(word, fwmark)?),
            "realms" => self.draft.realms = Some(self.line.realms(word)?),
            word::SUPPRESS_PREFIXLENGTH | word::SUP_PL => {
                self.draft.suppress_prefix_len = Some(self.line.integer(word, 0, 128)?);
            }
            word::SUPPRESS_IFGROUP | word::SUP_GROUP => {
                self.draft.suppress_group = Some(self.line.named(word, Kind::Group, u32::MAX)?);
            }
            "dev" | "iif" => self.draft.iif = Some(self.line.interface(word)?),
            "oif" => self.draft.oif = Some(self.line.interface(word)?),
            "tunnel-id" => self.draft.tunnel_id = Some(self.parsed(word, |text| text.parse().ok())?),
            "uidrange" => self.draft.uids = Some(self.parsed(word, range)?),
            "ipproto" => self.draft.ip_protocol = Some(self.parsed(word, ip_protocol)?),
            "sport" => self.draft.source_ports = Some(self.parsed(word, ports)?),
            "dport" => self.draft.destination_ports = Some(self.parsed(word, ports)?),
            "protocol" => {
                let protocol = self.line.named(word, Kind::Protocol, 255)?;
                self.draft.protocol = Some((u8::try_from(protocol).unwrap_or(KEEPALIVED), word));
            }
            word::NO_TRACK => self.draft.no_track = true,
            word::TRACK_GROUP => self.draft.group = Some(self.line.argument(word)?),
            name => return self.action(name, word),
        }
        Some(())
    }

    fn action(&mut self, name: &str, word: Word<'a>) -> Option<()> {
        let mut name = name;
        let mut at = word;
        if name == "type" {
            at = self.line.argument(word)?;
            name = at.text;
        }
        let action = match name {
            "table" | "lookup" => RuleAction::Table(self.line.named(word, Kind::Table, u32::MAX)?),
            "l3mdev" => RuleAction::L3mdev,
            "goto" => RuleAction::Goto(self.line.integer(word, 0, u32::MAX)?),
            "nop" => RuleAction::Nop,
            "blackhole" => RuleAction::Blackhole,
            "unreachable" => RuleAction::Unreachable,
            "prohibit" => RuleAction::Prohibit,
            _ => return self.line.unknown(at),
        };
        if self.draft.action.replace(action).is_some() {
            return self.line.refuse(at, "a rule does one thing only");
        }
        Some(())
    }

    fn selector(&mut self, option: Word<'a>) -> Option<Prefix> {
        let word = self.line.argument(option)?;
        let prefix = self.line.fits(option, word, Prefix::of(word.text))?;
        if let Prefix::Of(network) = prefix {
            self.family(word, network.is_ipv6())?;
        }
        Some(prefix)
    }

    fn family(&mut self, word: Word<'a>, ipv6: bool) -> Option<()> {
        if *self.draft.ipv6.get_or_insert(ipv6) == ipv6 {
            Some(())
        } else {
            self.line.refuse(word, "a rule is for IPv4 or for IPv6, not for both")
        }
    }

    fn parsed<T>(&mut self, option: Word<'a>, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
        let word = self.line.argument(option)?;
        self.line.fits(option, word, parse(word.text))
    }
}

impl Draft<'_> {
    /// Defaults, and options that exclude each other.
    fn finish<'a>(
        self,
        first: Word<'a>,
        free: &mut u32,
        line: &mut OptionLine<'a, '_, '_, '_>,
    ) -> Option<Rule> {
        let Some(action) = self.action else {
            return line.refuse(first, "a rule needs something to do, such as `table`");
        };
        let looks_up = matches!(action, RuleAction::Table(_) | RuleAction::L3mdev);
        let refines =
            self.realms.is_some() || self.suppress_prefix_len.is_some() || self.suppress_group.is_some();
        if refines && !looks_up {
            return line.refuse(first, "`realms` and `suppress_…` need a `table`");
        }
        let priority = self.priority.unwrap_or_else(|| {
            line.report.push(
                Diagnostic::warning("no-preference", format!("a rule without `preference` gets {free}"))
                    .at(first.span)
                    .help("add `preference NUMBER`: the order of rules is what they mean"),
            );
            let given = *free;
            *free = free.saturating_sub(1);
            given
        });
        if let RuleAction::Goto(target) = action
            && target <= priority
        {
            return line.refuse(first, &format!("`goto {target}` leads back: the rule itself is {priority}"));
        }
        let protocol = match self.protocol {
            Some((protocol, word)) if protocol != KEEPALIVED && !self.no_track => {
                line.report.push(
                    Diagnostic::warning(
                        "route-protocol",
                        "a rule that is put back when somebody deletes it has protocol 18 (keepalived); `protocol` is \
                         ignored",
                    )
                    .at(word.span)
                    .help("add `no_track` if the protocol matters more"),
                );
                KEEPALIVED
            }
            Some((protocol, _)) => protocol,
            None => KEEPALIVED,
        };
        let masked =
            |network: IpNetwork| IpNetwork::new(network.network(), network.prefix()).unwrap_or(network);
        Some(Rule {
            ipv6: self.ipv6.unwrap_or(false),
            priority,
            invert: self.invert,
            from: self.from.map(masked),
            to: self.to.map(masked),
            tos: self.tos,
            fwmark: self.fwmark,
            iif: self.iif,
            oif: self.oif,
            tunnel_id: self.tunnel_id,
            uids: self.uids,
            ip_protocol: self.ip_protocol,
            source_ports: self.source_ports,
            destination_ports: self.destination_ports,
            realms: self.realms,
            suppress_prefix_len: self.suppress_prefix_len,
            suppress_group: self.suppress_group,
            protocol,
            action,
            no_track: self.no_track,
        })
    }
}

/// `MARK[/MASK]`
fn fwmark(text: &str) -> Option<(u32, u32)> {
    match text.split_once('/') {
        Some((mark, bits)) => names::number(mark).zip(names::number(bits)),
        None => names::number(text).map(|mark| (mark, u32::MAX)),
    }
}

/// `FIRST-LAST`
fn range(text: &str) -> Option<(u32, u32)> {
    let (first, last) = text.split_once('-')?;
    Some((first.parse().ok()?, last.parse().ok()?))
}

fn ports(text: &str) -> Option<(u16, u16)> {
    let (first, last) = text.split_once('-')?;
    Some((first.parse().ok()?, last.parse().ok()?))
}

/// A number, or one of the names that every machine knows.
fn ip_protocol(text: &str) -> Option<u8> {
    let name = text.to_ascii_lowercase();
    let known = IP_PROTOCOLS.iter().find(|(known, _)| *known == name);
    known.map(|(_, number)| *number).or_else(|| text.parse().ok())
}

const IP_PROTOCOLS: &[(&str, u8)] = &[
    ("icmp", 1),
    ("igmp", 2),
    ("ipencap", 4),
    ("tcp", 6),
    ("egp", 8),
    ("udp", 17),
    ("dccp", 33),
    ("ipv6", 41),
    ("rsvp", 46),
    ("gre", 47),
    ("esp", 50),
    ("ah", 51),
    ("icmpv6", 58),
    ("ipv6-icmp", 58),
    ("ospf", 89),
    ("ipip", 94),
    ("pim", 103),
    ("vrrp", 112),
    ("l2tp", 115),
    ("sctp", 132),
    ("udplite", 136),
    ("mpls-in-ip", 137),
];
