//! Values as keepalived reads them: pure functions from a word to a value or the reason why not.

use std::net::{IpAddr, Ipv6Addr};

use ipnetwork::IpNetwork;

/// Why a word is not the number asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NumberError<T> {
    /// Not a number at all.
    NotANumber,
    /// A number with something behind it; a running keepalived mostly takes the number.
    TrailingJunk(T),
    /// Outside the range.
    OutOfRange(T),
}

/// A whole number in base 10 with an optional sign. Nothing (`""`) is 0, as C's `strtol` has it.
pub(super) fn integer(word: &str, min: i64, max: i64) -> Result<i64, NumberError<i64>> {
    let word = match word.trim_ascii() {
        "" => "0",
        word => word,
    };
    let digits = word.strip_prefix(['+', '-']).unwrap_or(word);
    let length = digits.bytes().take_while(u8::is_ascii_digit).count();
    if length == 0 {
        return Err(NumberError::NotANumber);
    }
    let (number, rest) = word.split_at(word.len() - digits.len() + length);
    // A number that does not fit 64 bits is outside of every range.
    let value = number.parse().unwrap_or(if number.starts_with('-') { i64::MIN } else { i64::MAX });
    match (rest, min <= value && value <= max) {
        ("", true) => Ok(value),
        (_, false) => Err(NumberError::OutOfRange(value)),
        (_, true) => Err(NumberError::TrailingJunk(value)),
    }
}

/// A decimal number in millionths, and whether it had to be rounded to `places`. Nothing (`""`) is 0.
pub(super) fn decimal(word: &str, min: u64, max: u64, places: u8) -> Result<(u64, bool), NumberError<u64>> {
    let word = match word.trim_ascii() {
        "" => "0",
        word => word,
    };
    let unsigned = word.strip_prefix('+').unwrap_or(word);
    if unsigned.starts_with('-') {
        return Err(NumberError::OutOfRange(0));
    }
    let (whole, rest) = split_digits(unsigned);
    let (fraction, rest) = match rest.strip_prefix('.') {
        Some(rest) => split_digits(rest),
        None => ("", rest),
    };
    if whole.is_empty() && fraction.is_empty() {
        return Err(NumberError::NotANumber);
    }
    let (millionths, rounded) = millionths(whole, fraction, places);
    match (rest, (min..=max).contains(&millionths)) {
        ("", true) => Ok((millionths, rounded)),
        (_, false) => Err(NumberError::OutOfRange(millionths)),
        (_, true) => Err(NumberError::TrailingJunk(millionths)),
    }
}

fn split_digits(text: &str) -> (&str, &str) {
    text.split_at(text.bytes().take_while(u8::is_ascii_digit).count())
}

/// Rounds to `places` decimals, half up; the flag tells whether anything was lost.
fn millionths(whole: &str, fraction: &str, places: u8) -> (u64, bool) {
    let whole = if whole.is_empty() { 0 } else { whole.parse::<u64>().unwrap_or(u64::MAX) };
    let digit = |at: usize| fraction.as_bytes().get(at).map_or(0, |digit| u64::from(digit - b'0'));
    let places = usize::from(places.min(6));
    let mut value = whole.saturating_mul(1_000_000);
    let mut unit = 1_000_000;
    for at in 0..places {
        unit /= 10;
        value = value.saturating_add(digit(at) * unit);
    }
    if digit(places) >= 5 {
        value = value.saturating_add(unit);
    }
    let rounded = fraction.bytes().skip(places).any(|digit| digit != b'0');
    (value, rounded)
}

/// keepalived's booleans.
pub(super) fn boolean(word: &str) -> Option<bool> {
    match word {
        "on" | "true" | "yes" => Some(true),
        "off" | "false" | "no" => Some(false),
        _ => None,
    }
}

/// Why a word is not an address with an optional prefix length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PrefixError {
    /// Not an IP address.
    NotAnAddress,
    /// The length does not fit the family; the address counts as a host address.
    Length(IpNetwork),
}

/// An address with an optional prefix length (32 or 128 if there is none). Host bits may be set.
pub(super) fn prefix(word: &str) -> Result<IpNetwork, PrefixError> {
    let (address, length) = match word.split_once('/') {
        Some((address, length)) => (address, Some(length)),
        None => (word, None),
    };
    let address: IpAddr = address.parse().map_err(|_| PrefixError::NotAnAddress)?;
    let host = IpNetwork::from(address);
    let Some(length) = length else { return Ok(host) };
    let network = |length: &str| IpNetwork::new(address, length.parse().ok()?).ok();
    match network(length) {
        Some(network) => Ok(network),
        // keepalived takes the number before what does not belong there, and 0 where there is none: that would be every
        // address there is.
        None => Err(PrefixError::Length(network(split_digits(length).0).unwrap_or(host))),
    }
}

/// The address of a single host, and whether something stood behind a `/`, which keepalived drops unread.
pub(super) fn host(word: &str) -> Option<(IpAddr, bool)> {
    match word.split_once('/') {
        None => word.parse().ok().map(|address| (address, false)),
        Some((address, _)) => address.parse().ok().map(|address| (address, true)),
    }
}

/// An address scope by name or number.
pub(super) fn scope(word: &str) -> Option<u8> {
    match word {
        "global" | "universe" => Some(0),
        "site" => Some(200),
        "link" => Some(253),
        "host" => Some(254),
        "nowhere" => Some(255),
        _ => word.parse().ok(),
    }
}

/// Longest interface name or address label, in octets.
pub(super) const INTERFACE_NAME_MAX: usize = 15;

/// Whether a word can be the name of a network interface.
pub(super) fn is_interface_name(word: &str) -> bool {
    (1..=INTERFACE_NAME_MAX).contains(&word.len()) && !word.contains('/') && word != "." && word != ".."
}

/// `fe80::/10`.
pub(super) fn is_link_local(address: Ipv6Addr) -> bool {
    address.segments()[0] & 0xffc0 == 0xfe80
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_integer_is_taken_only_in_its_range() {
        assert_eq!(integer("255", 1, 255), Ok(255));
        assert_eq!(integer(" +7 ", 1, 255), Ok(7));
        assert_eq!(integer("-20", -20, 19), Ok(-20));
        assert_eq!(integer("256", 1, 255), Err(NumberError::OutOfRange(256)));
        assert_eq!(integer("99999999999999999999", 1, 255), Err(NumberError::OutOfRange(i64::MAX)));
    }

    #[test]
    fn junk_after_a_number_is_told_apart_from_no_number() {
        assert_eq!(integer("3x", 0, 9), Err(NumberError::TrailingJunk(3)));
        assert_eq!(integer("1.5", 0, 9), Err(NumberError::TrailingJunk(1)));
        assert_eq!(integer("x3", 0, 9), Err(NumberError::NotANumber));
        assert_eq!(integer("-", 0, 9), Err(NumberError::NotANumber));
        assert_eq!(integer("", 0, 9), Ok(0));
        assert_eq!(integer("", 1, 9), Err(NumberError::OutOfRange(0)));
    }

    #[test]
    fn decimals_count_in_millionths() {
        assert_eq!(decimal("1.5", 0, u64::MAX, 6), Ok((1_500_000, false)));
        assert_eq!(decimal(".01", 0, u64::MAX, 6), Ok((10_000, false)));
        assert_eq!(decimal("3", 0, u64::MAX, 6), Ok((3_000_000, false)));
        assert_eq!(decimal("0.0000015", 0, u64::MAX, 6), Ok((2, true)));
        assert_eq!(decimal("1.2345", 0, u64::MAX, 3), Ok((1_235_000, true)));
        assert_eq!(decimal("1.2340", 0, u64::MAX, 3), Ok((1_234_000, false)));
    }

    #[test]
    fn bad_decimals_say_why() {
        assert_eq!(decimal("x", 0, 9, 6), Err(NumberError::NotANumber));
        assert_eq!(decimal(".", 0, 9, 6), Err(NumberError::NotANumber));
        assert_eq!(decimal("-1", 0, 9, 6), Err(NumberError::OutOfRange(0)));
        assert_eq!(decimal("5s", 0, 9_000_000, 6), Err(NumberError::TrailingJunk(5_000_000)));
        assert_eq!(decimal("99999999999999999999999", 0, 9, 6), Err(NumberError::OutOfRange(u64::MAX)));
    }

    #[test]
    fn only_lower_case_booleans_count() {
        assert_eq!(
            (boolean("yes"), boolean("off"), boolean("Yes"), boolean("1")),
            (Some(true), Some(false), None, None)
        );
    }

    #[test]
    fn an_address_without_length_is_a_host() {
        assert_eq!(prefix("192.0.2.1").map(|network| network.prefix()), Ok(32));
        assert_eq!(prefix("2001:db8::1").map(|network| network.prefix()), Ok(128));
        assert_eq!(prefix("192.0.2.1/24").map(|network| network.to_string()), Ok("192.0.2.1/24".to_owned()));
        assert_eq!(prefix("192.0.2.1/33"), Err(PrefixError::Length("192.0.2.1".parse().unwrap())));
        assert_eq!(prefix("192.0.2.999"), Err(PrefixError::NotAnAddress));
        assert_eq!(prefix(""), Err(PrefixError::NotAnAddress));
    }

    #[test]
    fn text_behind_the_address_of_a_host_is_dropped() {
        let address = "192.0.2.1".parse().unwrap();
        assert_eq!(host("192.0.2.1"), Some((address, false)));
        assert_eq!(host("192.0.2.1/24"), Some((address, true)));
        assert_eq!(host("192.0.2.1/lan"), Some((address, true)));
        assert_eq!((host("192.0.2.999/24"), host("/24"), host("")), (None, None, None));
    }

    #[test]
    fn scopes_have_names() {
        assert_eq!(
            (scope("link"), scope("global"), scope("7"), scope("256"), scope("foo")),
            (Some(253), Some(0), Some(7), None, None)
        );
    }
}
