//! Times of the command line: `90`, `90s`, `5m`, `2h`, `7d`.

use std::time::Duration;

/// Understands whole seconds, minutes, hours or days; from a second to 366 days.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let digits = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit = match unit {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err("a time is a number with s, m, h or d behind it: 60s, 5m".to_owned()),
    };
    let seconds = number.parse::<u64>().ok().and_then(|number| number.checked_mul(unit));
    match seconds {
        Some(seconds @ 1..=MAX_SECONDS) => Ok(Duration::from_secs(seconds)),
        _ => Err("a time is from 1s to 366d".to_owned()),
    }
}

const MAX_SECONDS: u64 = 366 * 86_400;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_units() {
        for (text, seconds) in [("1", 1), ("60s", 60), ("5m", 300), ("2h", 7200), ("366d", MAX_SECONDS)] {
            assert_eq!(parse(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "0", "s", "-5", "5x", "5ms", "1.5h", "367d", "99999999999999999999d"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
