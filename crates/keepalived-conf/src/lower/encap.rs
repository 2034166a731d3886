//! `encap` of a route: the encapsulation of its packets.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::line::Word;
use crate::model::routing::Encap;

use super::names::number;
use super::option_line::OptionLine;

/// `encap mpls LABELS`, `encap ip …`, `encap ip6 …`, `encap ila LOCATOR`
pub(super) fn encap<'a>(line: &mut OptionLine<'a, '_, '_, '_>, option: Word<'a>) -> Option<Encap> {
    let kind = line.argument(option)?;
    match kind.text {
        "mpls" => {
            let word = line.argument(kind)?;
            let label = |text: &str| text.parse().ok().filter(|label| *label < 1 << 20);
            let labels = word.text.split('/').map(label).collect::<Option<Vec<u32>>>();
            line.fits(kind, word, labels.filter(|labels| labels.len() <= MOST_LABELS)).map(Encap::Mpls)
        }
        "ila" => {
            let word = line.argument(kind)?;
            line.fits(kind, word, locator(word.text)).map(Encap::Ila)
        }
        "ip" => tunnel_v4(line),
        "ip6" => tunnel_v6(line),
        _ => line.refuse(kind, "encapsulation is `mpls`, `ip`, `ip6` or `ila`"),
    }
}

fn tunnel_v4(line: &mut OptionLine<'_, '_, '_, '_>) -> Option<Encap> {
    let (mut id, mut destination, mut source, mut tos, mut ttl, mut flags) =
        (None, None, None, None, None, None);
    while let Some(word) = line.peek() {
        let host = |text: &str| text.parse::<Ipv4Addr>().ok();
        match word.text {
            "id" => id = Some(parsed(line, |text| text.parse().ok())?),
            "dst" => destination = Some(parsed(line, host)?),
            "src" => source = Some(parsed(line, host)?),
            "tos" => tos = Some(parsed(line, small)?),
            "ttl" => ttl = Some(parsed(line, small)?),
            "flags" => flags = Some(parsed(line, bits)?),
            _ => break,
        }
    }
    Some(Encap::Ip { id, destination, source, tos, ttl, flags })
}

fn tunnel_v6(line: &mut OptionLine<'_, '_, '_, '_>) -> Option<Encap> {
    let (mut id, mut destination, mut source) = (None, None, None);
    let (mut traffic_class, mut hop_limit, mut flags) = (None, None, None);
    while let Some(word) = line.peek() {
        let host = |text: &str| text.parse::<Ipv6Addr>().ok();
        match word.text {
            "id" => id = Some(parsed(line, |text| text.parse().ok())?),
            "dst" => destination = Some(parsed(line, host)?),
            "src" => source = Some(parsed(line, host)?),
            "tc" => traffic_class = Some(parsed(line, small)?),
            "hoplimit" => hop_limit = Some(parsed(line, small)?),
            "flags" => flags = Some(parsed(line, bits)?),
            _ => break,
        }
    }
    Some(Encap::Ip6 { id, destination, source, traffic_class, hop_limit, flags })
}

/// The option that comes next, with its argument.
fn parsed<T>(line: &mut OptionLine<'_, '_, '_, '_>, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
    let option = line.next()?;
    let word = line.argument(option)?;
    line.fits(option, word, parse(word.text))
}

fn small(text: &str) -> Option<u8> {
    number(text).and_then(|number| u8::try_from(number).ok())
}

fn bits(text: &str) -> Option<u16> {
    number(text).and_then(|number| u16::try_from(number).ok())
}

/// Four groups of 16 bits.
fn locator(text: &str) -> Option<u64> {
    let groups: Option<Vec<_>> = text.split(':').map(|group| u16::from_str_radix(group, 16).ok()).collect();
    let groups = groups.filter(|groups| groups.len() == 4)?;
    Some(groups.into_iter().fold(0, |locator, group| locator << 16 | u64::from(group)))
}

/// As many as the kernel takes.
const MOST_LABELS: usize = 30;
