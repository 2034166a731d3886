//! Reads the arguments of a keyword as its declaration says, reporting what does not fit.
//!
//! Every reader gives `None` after it reported; the caller's default then holds, as in keepalived. Where a running
//! keepalived takes a number in spite of what follows it (`3x`), so do these, after the same complaint.

use std::net::IpAddr;
use std::time::Duration;

use crate::diagnostic::{Class, Diagnostic, Severity};
use crate::keywords::{self, Arguments, Millionths, Unit};
use crate::line::Word;

use super::hints;
use super::reader::Entry;
use super::report::Report;
use super::value::{self, NumberError};

/// keepalived's reading of a number with something behind it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Junk {
    /// The number counts.
    Ignored,
    /// The word does not count.
    Refused,
}

/// The one argument of a keyword, or a finding.
pub(super) fn required<'a>(entry: &Entry<'a>, report: &mut Report<'_>) -> Option<Word<'a>> {
    let argument = entry.argument();
    match argument {
        Some(_) => extra_words(entry, 1, report),
        None => report.missing_argument(entry.keyword, entry.span()),
    }
    argument
}

/// Points out words behind the last argument: keepalived ignores them, but their author meant something.
pub(super) fn extra_words(entry: &Entry<'_>, taken: usize, report: &mut Report<'_>) {
    let Some(extra) = entry.arguments().get(taken) else { return };
    let name = entry.keyword.name;
    let extra_word =
        if keywords::holds_secret(name) { "this word".to_owned() } else { format!("`{}`", extra.text) };
    let mut finding = Diagnostic::new(
        Severity::Warning,
        Class::None,
        "extra-argument",
        format!("too many arguments for `{name}`: ignoring {extra_word} and everything after it"),
    )
    .at(extra.span);
    if keywords::find(entry.context, extra.text).is_some() {
        finding.help = Some("every keyword needs a line of its own".to_owned());
    }
    report.push(finding);
}

/// A whole number in the keyword's range. `otherwise` tells what holds if it is not one.
pub(super) fn integer(
    entry: &Entry<'_>,
    junk: Junk,
    otherwise: &str,
    report: &mut Report<'_>,
) -> Option<i64> {
    let word = required(entry, report)?;
    let (Arguments::Integer { min, max, .. } | Arguments::OptionalInteger { min, max, .. }) =
        entry.keyword.arguments
    else {
        return None;
    };
    match value::integer(word.text, min, max) {
        Ok(value) => Some(value),
        Err(error) => {
            bad_number(entry, word, otherwise, report);
            match error {
                NumberError::TrailingJunk(value) if junk == Junk::Ignored => Some(value),
                _ => None,
            }
        }
    }
}

/// The same for a range that lies within `T`.
pub(super) fn number<T: TryFrom<i64>>(
    entry: &Entry<'_>,
    junk: Junk,
    otherwise: &str,
    report: &mut Report<'_>,
) -> Option<T> {
    T::try_from(integer(entry, junk, otherwise, report)?).ok()
}

/// A whole number of seconds.
pub(super) fn seconds(entry: &Entry<'_>, report: &mut Report<'_>) -> Option<Duration> {
    number(entry, Junk::Ignored, "", report).map(Duration::from_secs)
}

/// A repeat count; 0 becomes 1 with a complaint if the keyword's range begins at 1.
pub(super) fn repeats(entry: &Entry<'_>, report: &mut Report<'_>) -> Option<u32> {
    if let Some(zero) = entry.argument().filter(|word| value::integer(word.text, 0, 0).is_ok()) {
        if let Arguments::Integer { min: 1, .. } = entry.keyword.arguments {
            report.error(
                "bad-value",
                zero.span,
                format!("`{}` is at least 1; 1 is used", entry.keyword.name),
            );
            return Some(1);
        }
        return Some(0);
    }
    number(entry, Junk::Ignored, "", report)
}

/// A decimal number as a time, rounded to the keyword's places.
pub(super) fn decimal(
    entry: &Entry<'_>,
    junk: Junk,
    otherwise: &str,
    report: &mut Report<'_>,
) -> Option<Duration> {
    let word = required(entry, report)?;
    let Arguments::Decimal { min, max, places, unit } = entry.keyword.arguments else { return None };
    let millionths = match value::decimal(word.text, min, max, places) {
        Ok((value, rounded)) => {
            if rounded {
                let name = entry.keyword.name;
                let message =
                    format!("`{name}` has at most {places} decimals; {} is used", Millionths(value));
                report.warning("too-many-decimals", word.span, message);
            }
            value
        }
        Err(error) => {
            bad_number(entry, word, otherwise, report);
            match error {
                NumberError::TrailingJunk(value) if junk == Junk::Ignored => value,
                _ => return None,
            }
        }
    };
    Some(match unit {
        Unit::Milliseconds => Duration::from_nanos(millionths),
        Unit::None | Unit::Seconds | Unit::Microseconds | Unit::Octets => Duration::from_micros(millionths),
    })
}

/// Says that a word is not the number the keyword takes.
pub(super) fn bad_number(entry: &Entry<'_>, word: Word<'_>, otherwise: &str, report: &mut Report<'_>) {
    let name = entry.keyword.name;
    let wanted = match entry.keyword.arguments {
        Arguments::Integer { min, max, unit } | Arguments::OptionalInteger { min, max, unit } => {
            range("a whole number", unit, (min.to_string(), max.to_string()), max >= i64::from(u32::MAX))
        }
        Arguments::Decimal { min, max, unit, .. } => {
            let unbounded = max >= u64::from(u32::MAX);
            range("a number", unit, (Millionths(min).to_string(), Millionths(max).to_string()), unbounded)
        }
        Arguments::Weight { limit, .. } => format!("a number from -{limit} to {limit}"),
        other => other.to_string(),
    };
    let then = if otherwise.is_empty() { String::new() } else { format!("; {otherwise}") };
    let message = format!("`{name}` takes {wanted}, not `{}`{then}", word.text);
    bad_value(word, message, hints::number(word.text, entry.keyword.arguments), report);
}

/// A value that is not taken, with what may be meant.
fn bad_value(word: Word<'_>, message: String, hint: Option<String>, report: &mut Report<'_>) {
    let mut finding = Diagnostic::error("bad-value", message).at(word.span);
    finding.help = hint;
    report.push(finding);
}

/// Bounds that come from the width of a counter are nothing to tell a person.
fn range(what: &str, unit: Unit, (min, max): (String, String), unbounded: bool) -> String {
    let unit = match unit {
        Unit::None => "",
        Unit::Seconds => " of seconds",
        Unit::Milliseconds => " of milliseconds",
        Unit::Microseconds => " of microseconds",
        Unit::Octets => " of octets",
    };
    match (min.as_str(), unbounded) {
        ("0", true) => format!("{what}{unit}"),
        (min, true) => format!("{what}{unit} of at least {min}"),
        (min, false) => format!("{what}{unit} from {min} to {max}"),
    }
}

/// An optional boolean: the bare keyword is on.
pub(super) fn switch(entry: &Entry<'_>, report: &mut Report<'_>) -> Option<bool> {
    let Some(word) = entry.argument() else { return Some(true) };
    let value = value::boolean(word.text);
    if value.is_some() {
        extra_words(entry, 1, report);
    } else {
        let message = format!(
            "`{}` takes on, true, yes, off, false or no, not `{}`; it is ignored",
            entry.keyword.name, word.text
        );
        bad_value(word, message, hints::switch(word.text), report);
    }
    value
}

/// A keyword without arguments: it is simply there.
pub(super) fn bare(entry: &Entry<'_>, report: &mut Report<'_>) -> bool {
    extra_words(entry, 0, report);
    true
}

/// The one word behind a keyword.
pub(super) fn text(entry: &Entry<'_>, report: &mut Report<'_>) -> Option<String> {
    required(entry, report).map(|word| word.text.to_string())
}

/// An IP address.
pub(super) fn address(entry: &Entry<'_>, report: &mut Report<'_>) -> Option<IpAddr> {
    let word = required(entry, report)?;
    let address = host(word, report);
    if address.is_none() {
        not(entry, word, "an IP address", report);
    }
    address
}

/// A word as the address of a host. Text after a `/` is pointed out: the network is the interface's affair.
pub(super) fn host(word: Word<'_>, report: &mut Report<'_>) -> Option<IpAddr> {
    let (address, more) = value::host(word.text)?;
    if more {
        let message = format!("`{}`: only the address {address} is taken", word.text);
        report.lint("prefix-ignored", word.span, message);
    }
    Some(address)
}

/// A multicast address of the family the keyword takes.
pub(super) fn multicast(entry: &Entry<'_>, report: &mut Report<'_>) -> Option<IpAddr> {
    let address = address(entry, report)?;
    let fits = match entry.keyword.arguments {
        Arguments::Multicast4 => address.is_ipv4(),
        Arguments::Multicast6 => address.is_ipv6(),
        _ => true,
    };
    if fits && address.is_multicast() {
        return Some(address);
    }
    let wanted = match entry.keyword.arguments {
        Arguments::Multicast4 => "an IPv4 multicast address",
        Arguments::Multicast6 => "an IPv6 multicast address",
        _ => "a multicast address",
    };
    not(entry, entry.argument()?, wanted, report);
    None
}

/// The name of an interface.
pub(super) fn interface(entry: &Entry<'_>, report: &mut Report<'_>) -> Option<String> {
    let word = required(entry, report)?;
    interface_name(word, report)
}

/// The name of an interface, where keepalived complains of nothing but its length.
pub(super) fn lenient_interface(entry: &Entry<'_>, report: &mut Report<'_>) -> Option<String> {
    report.set_unheard(entry.argument().is_some_and(|word| word.text.len() <= MAX_INTERFACE_LEN));
    let name = interface(entry, report);
    report.set_unheard(false);
    name
}

/// As the kernel has it.
pub(super) const MAX_INTERFACE_LEN: usize = 15;

/// A word as the name of an interface.
pub(super) fn interface_name(word: Word<'_>, report: &mut Report<'_>) -> Option<String> {
    if value::is_interface_name(word.text) {
        report.interface_named(word.text, word.span);
        return Some(word.text.to_string());
    }
    let message = format!("`{}` cannot be an interface: names have 1 to 15 characters and no `/`", word.text);
    report.error("bad-interface-name", word.span, message);
    None
}

/// Says that a word is not what the keyword takes.
pub(super) fn not(entry: &Entry<'_>, word: Word<'_>, wanted: &str, report: &mut Report<'_>) {
    let name = if entry.keyword.name == keywords::LINE { entry.context.name() } else { entry.keyword.name };
    let hint = match entry.keyword.arguments {
        Arguments::Choice(words) | Arguments::OptionalChoice(words) | Arguments::ChoiceAnyCase(words) => {
            hints::choice(word.text, words.iter().copied())
        }
        arguments => hints::number(word.text, arguments),
    };
    bad_value(word, format!("`{name}` takes {wanted}, not `{}`; it is ignored", word.text), hint, report);
}

/// A name and a secret. Findings do not show a word of it.
pub(super) fn name_and_secret(entry: &Entry<'_>, report: &mut Report<'_>) -> Option<(String, String)> {
    let words = entry.arguments();
    let (Some(name), Some(secret), 2) = (words.first(), words.get(1), words.len()) else {
        let message = format!(
            "`{}` takes two words, a name and a password; put one with blanks in double quotes",
            entry.keyword.name
        );
        report.error("bad-value", entry.span(), message);
        return None;
    };
    let control = |word: Word<'_>| word.text.chars().any(char::is_control);
    if name.text.is_empty() || control(name) || control(secret) {
        let message = format!("`{}` is ignored: control characters cannot be sent", entry.keyword.name);
        report.error("bad-value", entry.span(), message);
        return None;
    }
    Some((name.text.to_string(), secret.text.to_string()))
}

/// One of the words the keyword takes.
pub(super) fn choice<'a>(entry: &Entry<'a>, report: &mut Report<'_>) -> Option<&'a str> {
    let word = required(entry, report)?;
    let fits = match entry.keyword.arguments {
        Arguments::Choice(words) | Arguments::OptionalChoice(words) => words.contains(&word.text),
        Arguments::ChoiceAnyCase(words) => words.iter().any(|choice| choice.eq_ignore_ascii_case(word.text)),
        _ => true,
    };
    if !fits {
        not(entry, word, &entry.keyword.arguments.to_string(), report);
        return None;
    }
    Some(word.text)
}
