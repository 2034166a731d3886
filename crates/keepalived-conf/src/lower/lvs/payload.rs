//! Texts that checkers send and wait for, as they are written: names, hexadecimal digits, escapes.

use crate::diagnostic::{Class, Diagnostic, Severity};
use crate::script::split;

use super::super::arguments;
use super::super::arguments::text;
use super::super::reader::Entry;
use super::super::report::Report;

/// A domain name that fits a query (RFC 1035 §2.3.4).
pub(super) fn domain(entry: &Entry<'_>, report: &mut Report<'_>) -> Option<String> {
    let name = text(entry, report)?;
    let labels = name.strip_suffix('.').unwrap_or(&name);
    let fits = labels.split('.').all(|label| (1..=63).contains(&label.len()));
    if name == "." || fits && labels.len() <= 253 {
        return Some(name);
    }
    report.push(
        Diagnostic::new(
            Severity::Error,
            Class::None,
            "bad-value",
            "`name` is ignored: a domain name has parts of 1 to 63 octets, and 253 together",
        )
        .at(entry.span()),
    );
    None
}

/// The octets of `payload`.
pub(super) fn payload(entry: &Entry<'_>, report: &mut Report<'_>) -> Option<Vec<u8>> {
    if entry.arguments().is_empty() {
        report.missing_argument(entry.keyword, entry.span());
        return None;
    }
    let whole = |(value, mask): (u8, u8)| (mask == 0xff).then_some(value);
    let octets = octets(entry).and_then(|octets| octets.into_iter().map(whole).collect());
    not_hexadecimal(octets, entry, report)
}

/// Value and mask of each octet of `require_reply`.
pub(super) fn reply(entry: &Entry<'_>, report: &mut Report<'_>) -> Option<Vec<(u8, u8)>> {
    not_hexadecimal(octets(entry), entry, report)
}

fn not_hexadecimal<T>(octets: Option<Vec<T>>, entry: &Entry<'_>, report: &mut Report<'_>) -> Option<Vec<T>> {
    if octets.is_none()
        && let Some(word) = entry.argument()
    {
        arguments::not(entry, word, "hexadecimal digits", report);
    }
    octets
}

/// Pairs of hexadecimal digits, where `x` is any digit; one that stands alone before a blank is an octet too.
fn octets(entry: &Entry<'_>) -> Option<Vec<(u8, u8)>> {
    let mut octets = Vec::new();
    for part in entry.arguments().iter().flat_map(|word| word.text.split_whitespace()) {
        for pair in part.as_bytes().chunks(2) {
            let mut octet = (0, 0);
            for &digit in pair {
                let (value, mask) = nibble(digit)?;
                octet = (octet.0 << 4 | value, octet.1 << 4 | mask);
            }
            // A digit alone has nothing before it, which is 0.
            octet.1 |= if pair.len() == 1 { 0xf0 } else { 0 };
            octets.push(octet);
        }
    }
    Some(octets)
}

fn nibble(digit: u8) -> Option<(u8, u8)> {
    match digit {
        b'x' | b'X' => Some((0, 0)),
        _ => Some((u8::try_from(char::from(digit).to_digit(16)?).ok()?, 0xf)),
    }
}

/// Text in which `\n`, `\t`, `\x41` and their like stand for what they do in commands.
pub(super) fn escaped_text(entry: &Entry<'_>, report: &mut Report<'_>) -> Option<String> {
    let word = arguments::required(entry, report)?;
    // Blanks and quotes mean nothing here, so they are kept from being taken apart.
    let mut guarded = String::with_capacity(word.text.len());
    let mut characters = word.text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => {
                guarded.push('\\');
                guarded.extend(characters.next());
            }
            '\'' | '"' | ' ' | '\t' => guarded.extend(['\\', character]),
            other => guarded.push(other),
        }
    }
    match split(guarded.as_bytes()) {
        Ok(mut words) => Some(words.pop().unwrap_or_default()),
        Err(error) => {
            report.error("bad-value", word.span, format!("`{}`: {error}; it is ignored", entry.keyword.name));
            None
        }
    }
}
