//! `FILE_CHECK`: what the number in a file says about a server.

use crate::check::File;
use crate::outcome::{Failure, Outcome, WeightUpdate};

/// Outcome of the content of the file; `None` where there is no file that can be read, which is as 0.
///
/// With weight 0, the number 0 is a pass and any other a failure; `reverse` swaps these. With another weight, number
/// times weight (times -1 with `reverse`) is added to the server's configured weight, which may make that 0; the smallest
/// number of 32 bits, -2147483648, or less is a failure. Only the first [`CONTENT_LIMIT`] octets count.
///
/// ```
/// use lvs_health::file::file_outcome;
/// use lvs_health::{File, Outcome, WeightUpdate};
///
/// let file = File { path: "/run/load".into(), weight: -10, reverse: false };
/// assert_eq!(file_outcome(&file, Some(b"3\n")), Outcome::Pass(WeightUpdate::Plus(-30)));
/// ```
pub fn file_outcome(file: &File, content: Option<&[u8]>) -> Outcome {
    let value = content.map_or(0, parse_number);
    if file.weight == 0 {
        return if (value == 0) == file.reverse {
            Outcome::Fail(Failure::File(value))
        } else {
            Outcome::Pass(WeightUpdate::Unchanged)
        };
    }
    let weight = if file.reverse { -i64::from(file.weight) } else { i64::from(file.weight) };
    let product = value.saturating_mul(weight).clamp(MIN.into(), MAX.into());
    match i32::try_from(product) {
        Ok(change) if change > MIN => Outcome::Pass(WeightUpdate::Plus(change)),
        _ => Outcome::Fail(Failure::File(value)),
    }
}

/// More of a file's content than these first octets is not looked at.
pub const CONTENT_LIMIT: usize = 127;

/// Down. Routers have narrower bounds: their priorities have 8 bits.
const MIN: i32 = i32::MIN;
const MAX: i32 = i32::MAX;

/// A number as C's `strtol` reads it with base 0: after white space and a sign, hexadecimal behind `0x`, octal behind `0`,
/// else decimal, up to the first character that does not fit. 0 where there is none; the nearest where it is too large.
pub fn parse_number(content: &[u8]) -> i64 {
    let content = content.get(..CONTENT_LIMIT).unwrap_or(content);
    // As `isspace` has it, unlike `is_ascii_whitespace`, with the vertical tab.
    let blank = content.iter().take_while(|octet| matches!(octet, b' ' | b'\t'..=b'\r')).count();
    let (negative, digits) = match content.get(blank..).unwrap_or_default() {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] | rest => (false, rest),
    };
    let (base, digits) = match digits {
        [b'0', b'x' | b'X', rest @ ..] if rest.first().is_some_and(u8::is_ascii_hexdigit) => (16, rest),
        [b'0', rest @ ..] => (8, rest),
        rest => (10, rest),
    };
    let sign = if negative { -1 } else { 1 };
    digits
        .iter()
        .map_while(|&octet| char::from(octet).to_digit(base))
        .fold(0_i64, |value, digit| value.saturating_mul(base.into()).saturating_add(sign * i64::from(digit)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PASS: Outcome = Outcome::Pass(WeightUpdate::Unchanged);

    fn outcome(weight: i32, reverse: bool, content: &str) -> Outcome {
        file_outcome(&File { path: "/run/load".into(), weight, reverse }, Some(content.as_bytes()))
    }

    fn plus(change: i32) -> Outcome {
        Outcome::Pass(WeightUpdate::Plus(change))
    }

    fn down(value: i64) -> Outcome {
        Outcome::Fail(Failure::File(value))
    }

    #[test]
    fn without_a_weight_0_is_up() {
        assert_eq!(outcome(0, false, "0\n"), PASS);
        assert_eq!(outcome(0, false, "1\n"), down(1));
        assert_eq!(outcome(0, false, "-3"), down(-3));
        assert_eq!(outcome(0, true, "0"), down(0));
        assert_eq!(outcome(0, true, "1"), PASS);
    }

    #[test]
    fn with_a_weight_the_product_is_added() {
        assert_eq!(outcome(10, false, "5"), plus(50));
        assert_eq!(outcome(10, false, "-5"), plus(-50));
        assert_eq!(outcome(-10, false, "5"), plus(-50));
        assert_eq!(outcome(10, true, "5"), plus(-50));
        assert_eq!(outcome(10, false, "0"), plus(0));
    }

    #[test]
    fn the_product_is_bounded_and_its_minimum_is_down() {
        assert_eq!(outcome(1, false, "300"), plus(300));
        assert_eq!(outcome(1, false, "-300"), plus(-300));
        assert_eq!(outcome(1, false, "2147483648"), plus(i32::MAX));
        assert_eq!(outcome(1, false, "99999999999999999999"), plus(i32::MAX));
        assert_eq!(outcome(1, false, "-2147483647"), plus(-i32::MAX));
        assert_eq!(outcome(1, false, "-2147483648"), down(-2_147_483_648));
        assert_eq!(outcome(-254, false, "99999999999999999999"), down(i64::MAX));
        assert_eq!(outcome(254, true, "1"), plus(-254));
        assert_eq!(outcome(i32::MIN, true, "-99999999999999999999"), down(i64::MIN));
    }

    #[test]
    fn no_file_is_as_0() {
        let file = |weight| File { path: "/run/load".into(), weight, reverse: false };
        assert_eq!(file_outcome(&file(0), None), PASS);
        assert_eq!(file_outcome(&file(7), None), plus(0));
    }

    #[test]
    fn numbers_are_cs() {
        for (content, value) in [
            ("", 0),
            ("hello", 0),
            ("-", 0),
            ("12 apples", 12),
            ("12apples", 12),
            (" \t\n\x0b\x0c\r 12", 12),
            ("+12", 12),
            ("-12", -12),
            ("- 12", 0),
            ("--12", 0),
            ("0x1fg", 31),
            ("-0X1F", -31),
            ("0x", 0),
            ("0xg", 0),
            ("010", 8),
            ("08", 0),
            ("1.9", 1),
            ("9223372036854775807", i64::MAX),
            ("9223372036854775808", i64::MAX),
            ("-9223372036854775808", i64::MIN),
            ("-9223372036854775809", i64::MIN),
        ] {
            assert_eq!(parse_number(content.as_bytes()), value, "{content:?}");
        }
    }

    #[test]
    fn octets_behind_the_127th_do_not_count() {
        let content = format!("{}123", " ".repeat(125));
        assert_eq!(parse_number(content.as_bytes()), 12);
        assert_eq!(parse_number(&[b' '; 1000]), 0);
    }

    proptest! {
        #[test]
        fn written_numbers_are_read(value: i64) {
            prop_assert_eq!(parse_number(value.to_string().as_bytes()), value);
            prop_assert_eq!(parse_number(format!("{:#x}", value & i64::MAX).as_bytes()), value & i64::MAX);
        }

        #[test]
        fn any_content_is_a_number(content in proptest::collection::vec(any::<u8>(), 0..200), weight: i32, reverse: bool) {
            let file = File { path: "/run/load".into(), weight, reverse };
            match file_outcome(&file, Some(&content)) {
                Outcome::Pass(WeightUpdate::Plus(change)) => prop_assert!(change > i32::MIN),
                Outcome::Pass(weigh) => prop_assert_eq!(weigh, WeightUpdate::Unchanged),
                Outcome::Fail(failure) => prop_assert!(matches!(failure, Failure::File(_))),
                Outcome::Agent(_) => prop_assert!(false, "a file is no agent"),
            }
        }
    }
}
