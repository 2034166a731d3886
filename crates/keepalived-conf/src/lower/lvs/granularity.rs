//! `persistence_granularity`: which clients are one client.

use std::net::Ipv4Addr;

use super::super::arguments;
use super::super::instance::At;
use super::super::reader::Entry;
use super::super::report::Report;
use super::super::value;

/// `persistence_granularity`, which the address family decides on.
#[derive(Clone, Copy)]
pub(super) enum Granularity {
    Mask(Ipv4Addr),
    Length(u8),
}

pub(super) fn granularity(entry: &Entry<'_>, report: &mut Report<'_>) -> Option<Granularity> {
    let word = arguments::required(entry, report)?;
    if let Ok(mask) = word.text.parse() {
        return Some(Granularity::Mask(mask));
    }
    if !word.text.starts_with('+')
        && let Ok(length) = value::integer(word.text, 1, 128)
    {
        return u8::try_from(length).ok().map(Granularity::Length);
    }
    if let Some(mask) = number_of_parts(word.text) {
        return Some(Granularity::Mask(mask));
    }
    arguments::not(entry, word, "a netmask (IPv4) or a prefix length from 1 to 128 (IPv6)", report);
    None
}

/// The older forms of an IPv4 address: of up to four numbers, decimal, octal or hexadecimal, the last fills what is left.
fn number_of_parts(text: &str) -> Option<Ipv4Addr> {
    let number = |part: &str| match part.strip_prefix("0x").or_else(|| part.strip_prefix("0X")) {
        Some(digits) if !digits.starts_with('+') => u32::from_str_radix(digits, 16).ok(),
        None if part.len() > 1 && part.starts_with('0') => u32::from_str_radix(part.get(1..)?, 8).ok(),
        None if part.bytes().all(|octet| octet.is_ascii_digit()) => part.parse().ok(),
        Some(_) | None => None,
    };
    let parts = text.split('.').map(number).collect::<Option<Vec<u32>>>()?;
    let (&last, first) = parts.split_last()?;
    let taken = u32::try_from(first.len()).ok().filter(|taken| *taken < 4)?;
    if first.iter().any(|part| *part > 255) || (taken > 0 && last >= 1 << (32 - 8 * taken)) {
        return None;
    }
    let places = (0..4_u32).map(|place| 24 - 8 * place);
    let bits = first.iter().zip(places).fold(0, |bits, (part, shift)| bits | part << shift);
    Some(Ipv4Addr::from_bits(bits | last))
}

/// A prefix length of the family, and a netmask of other ones.
pub(super) fn resolve(
    written: At<Granularity>,
    ipv6: bool,
    name: &str,
    report: &mut Report<'_>,
) -> (u8, Option<Ipv4Addr>) {
    let whole = if ipv6 { 128 } else { 32 };
    let Some((written, at)) = written else { return (whole, None) };
    let length = match written {
        Granularity::Length(length) if ipv6 => length,
        Granularity::Mask(_) if ipv6 => {
            let message = format!("{name}: IPv6 takes a prefix length, not a netmask; it is ignored");
            report.error("bad-value", at, message);
            whole
        }
        Granularity::Length(length) => {
            let used = length.min(whole);
            let message = format!(
                "{name}: for IPv4 keepalived takes a netmask, and `{length}` as 0.0.0.{length}; /{used} is used"
            );
            report.lint("granularity", at, message);
            used
        }
        Granularity::Mask(mask) => {
            if !is_prefix(mask) {
                let message = format!(
                    "{name}: the ones of {mask} are not its leading bits: clients are grouped by those alone"
                );
                report.lint("granularity", at, message);
            }
            let length = u8::try_from(mask.to_bits().leading_ones()).unwrap_or(whole);
            return (length, Some(mask).filter(|mask| !is_prefix(*mask)));
        }
    };
    (length, None)
}

/// Whether the ones of a netmask are its leading bits; there may be none.
fn is_prefix(mask: Ipv4Addr) -> bool {
    let bits = mask.to_bits();
    bits.leading_ones() + bits.trailing_zeros() == u32::BITS
}
