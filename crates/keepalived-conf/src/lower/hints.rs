//! Guesses at the meaning of a value that a keyword does not take.

use crate::keywords::{Arguments, Millionths, Unit};
use crate::similar::did_you_mean;

/// The word among these that is most like it.
pub(super) fn choice<'a>(word: &str, choices: impl IntoIterator<Item = &'a str>) -> Option<String> {
    did_you_mean(word, choices).map(|near| format!("did you mean `{near}`?"))
}

/// A switch in the words of other programs.
pub(super) fn switch(word: &str) -> Option<String> {
    let meant = match word.to_ascii_lowercase().as_str() {
        "1" | "enable" | "enabled" | "y" | "t" => "on",
        "0" | "disable" | "disabled" | "n" | "f" | "none" => "off",
        _ => return choice(word, ["on", "true", "yes", "off", "false", "no"]),
    };
    Some(format!("did you mean `{meant}`?"))
}

/// A number with a unit behind it: the number that the keyword counts.
pub(super) fn number(word: &str, arguments: Arguments) -> Option<String> {
    let (unit, places) = match arguments {
        Arguments::Integer { unit, .. } | Arguments::OptionalInteger { unit, .. } => (unit, 0),
        Arguments::Decimal { unit, places, .. } => (unit, places),
        _ => return None,
    };
    let counted = match unit {
        Unit::Seconds => ("seconds", 1_000_000),
        Unit::Milliseconds => ("milliseconds", 1_000),
        Unit::Microseconds => ("microseconds", 1),
        Unit::None | Unit::Octets => return None,
    };
    let end = word.find(|letter: char| !letter.is_ascii_digit() && letter != '.').filter(|&end| end > 0)?;
    let (digits, suffix) = word.split_at_checked(end)?;
    let microseconds = millionths(digits)?.checked_mul(microseconds_of(suffix)?)? / 1_000_000;
    let (name, size) = counted;
    // In millionths of what is counted.
    let value = microseconds.checked_mul(1_000_000)? / size;
    let finest = 10_u64.checked_pow(6 - u32::from(places.min(6)))?;
    if value % finest != 0 {
        let whole = if places == 0 { "whole " } else { "" };
        return Some(format!("it counts {whole}{name}; leave the unit out"));
    }
    Some(format!("it counts {name}: write `{}`", Millionths(value)))
}

/// Microseconds of a unit of time.
fn microseconds_of(suffix: &str) -> Option<u64> {
    Some(match suffix {
        "us" | "µs" | "usec" => 1,
        "ms" | "msec" => 1_000,
        "s" | "sec" | "secs" | "second" | "seconds" => 1_000_000,
        "m" | "min" | "mins" | "minute" | "minutes" => 60_000_000,
        "h" | "hour" | "hours" => 3_600_000_000,
        _ => return None,
    })
}

/// A number with up to six decimals, in millionths.
fn millionths(digits: &str) -> Option<u64> {
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, ""));
    let places = u32::try_from(decimals.len()).ok().filter(|&places| places <= 6)?;
    let fraction = if decimals.is_empty() { 0 } else { decimals.parse::<u64>().ok()? };
    let fraction = fraction.checked_mul(10_u64.checked_pow(6 - places)?)?;
    whole.parse::<u64>().ok()?.checked_mul(1_000_000)?.checked_add(fraction)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_is_converted_to_the_keyword_s_own() {
        let seconds = Arguments::Decimal { min: 0, max: 1_000_000_000, places: 2, unit: Unit::Seconds };
        let whole = Arguments::Integer { min: 0, max: 100, unit: Unit::Seconds };
        let hint = |word: &str, arguments| number(word, arguments).unwrap_or_default();
        assert_eq!(hint("100ms", seconds), "it counts seconds: write `0.1`");
        assert_eq!(hint("1.5s", seconds), "it counts seconds: write `1.5`");
        assert_eq!(hint("2min", whole), "it counts seconds: write `120`");
        assert_eq!(hint("500ms", whole), "it counts whole seconds; leave the unit out");
        assert_eq!(hint("1us", seconds), "it counts seconds; leave the unit out");
        let milliseconds = Arguments::Integer { min: 0, max: 100, unit: Unit::Milliseconds };
        assert_eq!(hint("1s", milliseconds), "it counts milliseconds: write `1000`");
        for word in ["", "s", "5", "5x", "1.2.3s", "99999999999999999999s", "1.0000001s"] {
            assert_eq!(hint(word, seconds), "", "{word}");
        }
        let count = Arguments::Integer { min: 0, max: 100, unit: Unit::None };
        assert_eq!(hint("5s", count), "", "it counts no time");
    }

    #[test]
    fn words_of_other_programs_are_understood() {
        assert_eq!(switch("enabled").unwrap(), "did you mean `on`?");
        assert_eq!(switch("ture").unwrap(), "did you mean `true`?");
        assert_eq!(switch("perhaps"), None);
        assert_eq!(choice("NATT", ["NAT", "DR", "TUN"]).unwrap(), "did you mean `NAT`?");
    }
}
