//! The rules of GNU `getopt_long`, as a function.
//!
//! Operands may stand between options; `--` ends the options; a long option may be shortened as long as it stays
//! unique, its value follows `=` or is the next word; an optional value must be attached (`-tFILE`, `--test=FILE`).

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

/// Whether an option has a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// It has none.
    None,
    /// It has one.
    Required,
    /// It may have one, attached to it.
    Optional,
}

/// One option: its letter (if it has one), its long name and its value.
#[derive(Clone, Copy, Debug)]
pub struct Spec {
    /// Its letter.
    pub letter: Option<u8>,
    /// Its long name.
    pub name: &'static str,
    /// Whether it has a value.
    pub value: Value,
}

/// A part of the command line.
#[derive(Debug, PartialEq, Eq)]
pub enum Item {
    /// The option of this long name, with its value.
    Option(&'static str, Option<OsString>),
    /// Anything else.
    Operand(OsString),
}

/// Why a command line cannot be understood.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum UsageError {
    /// No such option, not unique when shortened, or a value for one that has none.
    #[error("Unknown option {0}")]
    Unknown(String),
    /// The line ended where a value was due.
    #[error("Missing parameter for option {0}")]
    MissingValue(String),
}

/// Splits the words behind the program's name.
pub fn parse(specs: &[Spec], words: impl IntoIterator<Item = OsString>) -> Result<Vec<Item>, UsageError> {
    let mut items = Vec::new();
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        match word.as_bytes() {
            b"--" => items.extend(words.by_ref().map(Item::Operand)),
            [b'-', b'-', long @ ..] => items.push(long_option(specs, long, &mut words)?),
            [b'-', letters @ ..] if !letters.is_empty() => {
                short_options(specs, letters, &mut words, &mut items)?;
            }
            _ => items.push(Item::Operand(word)),
        }
    }
    Ok(items)
}

fn long_option(
    specs: &[Spec],
    text: &[u8],
    words: &mut impl Iterator<Item = OsString>,
) -> Result<Item, UsageError> {
    let (name, attached) = match text.iter().position(|&octet| octet == b'=') {
        Some(at) => (text.get(..at).unwrap_or_default(), text.get(at + 1..)),
        None => (text, None),
    };
    let unknown = || UsageError::Unknown(format!("--{}", String::from_utf8_lossy(text)));
    let spec = find_long(specs, name).ok_or_else(unknown)?;
    let attached = attached.map(|value| OsString::from_vec(value.to_vec()));
    let value = match spec.value {
        Value::None if attached.is_some() => return Err(unknown()),
        Value::None => None,
        Value::Optional => attached,
        Value::Required => {
            let missing = || UsageError::MissingValue(format!("--{}", spec.name));
            Some(attached.or_else(|| words.next()).ok_or_else(missing)?)
        }
    };
    Ok(Item::Option(spec.name, value))
}

/// The option of this name, or the only one that begins so.
fn find_long(specs: &[Spec], name: &[u8]) -> Option<Spec> {
    if let Some(exact) = specs.iter().find(|spec| spec.name.as_bytes() == name) {
        return Some(*exact);
    }
    let mut fitting = specs.iter().filter(|spec| spec.name.as_bytes().starts_with(name));
    let first = fitting.next()?;
    fitting.next().is_none().then_some(*first)
}

fn short_options(
    specs: &[Spec],
    mut letters: &[u8],
    words: &mut impl Iterator<Item = OsString>,
    items: &mut Vec<Item>,
) -> Result<(), UsageError> {
    while let Some((&letter, rest)) = letters.split_first() {
        let shown = || format!("-{}", letter.escape_ascii());
        let spec = specs
            .iter()
            .find(|spec| spec.letter == Some(letter))
            .ok_or_else(|| UsageError::Unknown(shown()))?;
        letters = rest;
        let value = if spec.value == Value::None {
            None
        } else {
            letters = &[];
            let attached = (!rest.is_empty()).then(|| OsString::from_vec(rest.to_vec()));
            match spec.value {
                Value::Required => {
                    Some(attached.or_else(|| words.next()).ok_or_else(|| UsageError::MissingValue(shown()))?)
                }
                Value::None | Value::Optional => attached,
            }
        };
        items.push(Item::Option(spec.name, value));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPECS: &[Spec] = &[
        Spec { letter: Some(b'f'), name: "use-file", value: Value::Required },
        Spec { letter: Some(b'l'), name: "log-console", value: Value::None },
        Spec { letter: Some(b'D'), name: "log-detail", value: Value::None },
        Spec { letter: Some(b't'), name: "config-test", value: Value::Optional },
        Spec { letter: None, name: "all", value: Value::None },
        Spec { letter: Some(b'e'), name: "all-config", value: Value::None },
    ];

    fn parsed(line: &str) -> Result<Vec<Item>, UsageError> {
        parse(SPECS, line.split_whitespace().map(OsString::from))
    }

    fn option(name: &'static str, value: Option<&str>) -> Item {
        Item::Option(name, value.map(OsString::from))
    }

    #[test]
    fn letters_can_be_joined_and_the_last_takes_a_value() {
        let expected =
            vec![option("log-console", None), option("log-detail", None), option("use-file", Some("x"))];
        assert_eq!(parsed("-lDf x").unwrap(), expected);
        assert_eq!(parsed("-lDfx").unwrap(), expected);
    }

    #[test]
    fn an_optional_value_must_be_attached() {
        assert_eq!(parsed("-tlog").unwrap(), [option("config-test", Some("log"))]);
        assert_eq!(parsed("--config-test=log").unwrap(), [option("config-test", Some("log"))]);
        assert_eq!(parsed("-t log").unwrap(), [option("config-test", None), Item::Operand("log".into())]);
        assert_eq!(
            parsed("--config-test log").unwrap(),
            [option("config-test", None), Item::Operand("log".into())]
        );
    }

    #[test]
    fn a_long_name_may_be_shortened_while_unique() {
        assert_eq!(
            parsed("--use x --log-c").unwrap(),
            [option("use-file", Some("x")), option("log-console", None)]
        );
        assert_eq!(parsed("--log"), Err(UsageError::Unknown("--log".into())));
    }

    #[test]
    fn an_exact_name_wins_over_longer_ones() {
        assert_eq!(parsed("--all").unwrap(), [option("all", None)]);
        assert_eq!(parsed("--all-").unwrap(), [option("all-config", None)]);
    }

    #[test]
    fn a_bad_option_is_named() {
        assert_eq!(parsed("-lZ").unwrap_err().to_string(), "Unknown option -Z");
        assert_eq!(parsed("--log-console=3").unwrap_err().to_string(), "Unknown option --log-console=3");
        assert_eq!(parsed("-l -f").unwrap_err().to_string(), "Missing parameter for option -f");
        assert_eq!(parsed("--use").unwrap_err().to_string(), "Missing parameter for option --use-file");
    }

    #[test]
    fn operands_stand_anywhere_and_two_dashes_end_the_options() {
        let expected = [Item::Operand("a".into()), option("log-console", None), Item::Operand("-D".into())];
        assert_eq!(parsed("a -l -- -D").unwrap(), expected);
        assert_eq!(parsed("-").unwrap(), [Item::Operand("-".into())]);
    }

    #[test]
    fn an_empty_value_is_a_value() {
        assert_eq!(parsed("--use-file=").unwrap(), [option("use-file", Some(""))]);
    }
}
