//! `virtual_server_group`: addresses, ranges of them, and firewall marks.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::diagnostic::{Class, Diagnostic, Severity};
use crate::line::{Statement, Word};
use crate::source::Span;

use super::super::reader::Entry;
use super::super::report::Report;
use super::super::{Lowering, arguments, value};
use super::key::{mark_of, port_of};

/// A group with its members expanded.
pub(super) struct Group {
    /// Where its name stands.
    pub(super) at: Span,
    pub(super) members: Vec<Member>,
}

/// One service of a group, its protocol left to the virtual server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Member {
    Address(SocketAddr),
    Fwmark {
        mark: u32,
        /// `inet6`; `None` follows the virtual server.
        ipv6: Option<bool>,
    },
}

/// The most members a group can have: a whole /16, or every last hextet.
const MOST_MEMBERS: usize = 65_536;

/// The most members of all groups together.
const MOST_TOGETHER: usize = 4 * MOST_MEMBERS;

impl<'a> Lowering<'a> {
    pub(super) fn virtual_server_group(&mut self, entry: Entry<'a>) {
        let Some(name) = entry.argument() else {
            self.report.missing_argument(entry.keyword, entry.span());
            self.reader.skip_next_block();
            return;
        };
        arguments::extra_words(&entry, 1, &mut self.report);
        let mut members = Vec::new();
        let mut block = self.reader.open(entry, &mut self.report);
        let most = MOST_MEMBERS.min(MOST_TOGETHER.saturating_sub(self.lvs.members));
        while let Some(line) = self.reader.next_line(&mut block, &mut self.report) {
            group_line(line, &mut members, most, &mut self.report);
        }
        if members.is_empty() {
            let message = format!("virtual_server_group {} has no members; it is ignored", name.text);
            self.report.error("empty-group", name.span, message);
            return;
        }
        if mark_of_either_family(&members) {
            let message = format!(
                "virtual_server_group {} has addresses of both families, and a mark that may be of either; it is ignored",
                name.text
            );
            self.report.push(
                Diagnostic::error("family", message)
                    .at(name.span)
                    .help("write `fwmark NUMBER inet` or `inet6`"),
            );
            return;
        }
        if let Some(first) = self.lvs.groups.get(name.text) {
            let message =
                format!("virtual_server_group {} is defined already; the first one holds", name.text);
            self.report.push(
                Diagnostic::new(Severity::Warning, Class::None, "duplicate-group", message)
                    .at(name.span)
                    .related(Some(first.at), "first defined here"),
            );
            return;
        }
        self.lvs.members += members.len();
        self.lvs.groups.insert(name.text, Group { at: name.span, members });
    }
}

/// Whether nothing tells the family of a mark.
fn mark_of_either_family(members: &[Member]) -> bool {
    let has = |ipv6| {
        members.iter().any(|member| matches!(member, Member::Address(address) if address.is_ipv6() == ipv6))
    };
    members.iter().any(|member| matches!(member, Member::Fwmark { ipv6: None, .. }))
        && has(false)
        && has(true)
}

/// One line; nothing is added when it is wrong.
fn group_line(line: Statement<'_>, members: &mut Vec<Member>, most: usize, report: &mut Report<'_>) {
    let Some((first, rest)) = line.words().split_first() else { return };
    if first.text == "fwmark" {
        let Some(word) = rest.first() else {
            report.error("missing-argument", first.span, "`fwmark` has no number; this line is ignored");
            return;
        };
        let Some(mark) = mark_of(word, report) else { return };
        let ipv6 = rest.get(1).and_then(|family| match family.text {
            "inet" => Some(false),
            "inet6" => Some(true),
            other => {
                let message = format!("`{other}` is not an address family (inet, inet6); it is ignored");
                report.error("bad-value", family.span, message);
                None
            }
        });
        add(members, first, std::iter::once(Member::Fwmark { mark, ipv6 }), (1, most), report);
        return;
    }
    let (start, end) = match range(first.text) {
        Ok(range) => range,
        Err(problem) => {
            report.error(
                "bad-address",
                first.span,
                format!("`{}` {problem}; this line is ignored", first.text),
            );
            return;
        }
    };
    let port = match rest.first() {
        Some(word) => match port_of(word, "this line is ignored", report) {
            Some(port) => port,
            None => return,
        },
        None => 0,
    };
    let count = end - start.bits();
    let addresses = (0..=count).map(|offset| Member::Address(SocketAddr::new(start.plus(offset), port)));
    add(members, first, addresses, (count.saturating_add(1), most), report);
}

/// Adds the members of a line, so many of them, as long as the group stays within its bound.
fn add(
    members: &mut Vec<Member>,
    at: Word<'_>,
    more: impl Iterator<Item = Member>,
    (count, most): (u128, usize),
    report: &mut Report<'_>,
) {
    let free = most.saturating_sub(members.len());
    if usize::try_from(count).is_ok_and(|count| count <= free) {
        members.extend(more);
        return;
    }
    let message = format!(
        "`{}` is ignored: a group has at most {MOST_MEMBERS} members, all together {MOST_TOGETHER}",
        at.text
    );
    report.push(
        Diagnostic::new(Severity::Error, Class::None, "group-size", message)
            .at(at.span)
            .help("let a firewall rule mark these packets, and write `virtual_server fwmark N`"),
    );
}

/// The first address of a range, with arithmetic.
#[derive(Clone, Copy)]
struct Start(IpAddr);

impl Start {
    fn bits(self) -> u128 {
        match self.0 {
            IpAddr::V4(address) => address.to_bits().into(),
            IpAddr::V6(address) => address.to_bits(),
        }
    }

    /// `offset` addresses further; the caller stays within the family.
    fn plus(self, offset: u128) -> IpAddr {
        let bits = self.bits().wrapping_add(offset);
        match self.0 {
            IpAddr::V4(_) => Ipv4Addr::from_bits(u32::try_from(bits).unwrap_or(u32::MAX)).into(),
            IpAddr::V6(_) => Ipv6Addr::from_bits(bits).into(),
        }
    }
}

/// First address, and the bits of the last one, of `ADDRESS`, `ADDRESS-END` or `ADDRESS/LENGTH`.
fn range(text: &str) -> Result<(Start, u128), &'static str> {
    if let Some((address, end)) = text.split_once('-') {
        let start: IpAddr = address.parse().map_err(|_| "does not begin with an IP address")?;
        let end = end_of_range(start, end)?;
        let start = Start(start);
        return if end > start.bits() { Ok((start, end)) } else { Err("does not end after it begins") };
    }
    if !text.contains('/') {
        let start = Start(text.parse().map_err(|_| "is not an IP address")?);
        return Ok((start, start.bits()));
    }
    let network = value::prefix(text).map_err(|_| "is not an address with a prefix length")?;
    let width: u8 = if network.is_ipv4() { 32 } else { 128 };
    let host_bits = match u32::from(width - network.prefix()) {
        128 => u128::MAX,
        bits => (1 << bits) - 1,
    };
    let start = Start(network.ip());
    if start.bits() & host_bits != 0 {
        return Err("has bits set behind its prefix length");
    }
    Ok((start, start.bits() | host_bits))
}

/// A whole address, or what its last part becomes: a decimal octet, a hexadecimal hextet.
fn end_of_range(start: IpAddr, end: &str) -> Result<u128, &'static str> {
    if let Ok(end) = end.parse::<IpAddr>() {
        return if end.is_ipv4() == start.is_ipv4() {
            Ok(Start(end).bits())
        } else {
            Err("mixes address families")
        };
    }
    match start {
        IpAddr::V4(start) => {
            let octet: u8 =
                end.parse().map_err(|_| "does not end with an address or a last octet (up to 255)")?;
            Ok((start.to_bits() & !0xff | u32::from(octet)).into())
        }
        IpAddr::V6(start) => {
            let hextet = u16::from_str_radix(end, 16)
                .map_err(|_| "does not end with an address or a last hextet (up to ffff)")?;
            Ok(start.to_bits() & !0xffff | u128::from(hextet))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(text: &str) -> Result<(IpAddr, u128), &'static str> {
        range(text).map(|(start, end)| (start.0, end - start.bits() + 1))
    }

    #[test]
    fn a_range_ends_with_an_octet_a_hextet_or_an_address() {
        assert_eq!(count("192.0.2.1-10"), Ok(("192.0.2.1".parse().unwrap(), 10)));
        assert_eq!(count("192.0.2.250-192.0.3.5"), Ok(("192.0.2.250".parse().unwrap(), 12)));
        assert_eq!(count("2001:db8::1-ff"), Ok(("2001:db8::1".parse().unwrap(), 255)));
        assert_eq!(count("192.0.2.16/28"), Ok(("192.0.2.16".parse().unwrap(), 16)));
        assert_eq!(count("2001:db8::7"), Ok(("2001:db8::7".parse().unwrap(), 1)));
    }

    #[test]
    fn a_bad_range_says_why() {
        for text in [
            "192.0.2.10-1",
            "192.0.2.1-1",
            "192.0.2.1-300",
            "192.0.2.1/28",
            "foo",
            "192.0.2.1-::1",
            "::1-g",
            "-",
            "/",
        ] {
            assert!(count(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_widest_ranges_can_be_counted() {
        assert_eq!(range("::/0").map(|(start, end)| end - start.bits()), Ok(u128::MAX));
        assert_eq!(range("0.0.0.0/0").map(|(start, end)| end - start.bits()), Ok(u128::from(u32::MAX)));
    }
}
