//! The little that is read from a certificate here: its key, and when it ends (RFC 5280 §4.1).
//!
//! *Trust* in certificates is webpki's business; this reads those that webpki would not look at.

use std::time::{Duration, SystemTime};

/// Parts of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Certificate<'c> {
    /// `validity.notBefore`: the first second it is good; `None` as below.
    pub(super) not_before: Option<SystemTime>,
    /// `validity.notAfter`: the last second it is good; `None` if that is no time, or before 1970.
    pub(super) not_after: Option<SystemTime>,
    /// `subjectPublicKeyInfo.algorithm`, without its tag and length.
    pub(super) algorithm: &'c [u8],
    /// `subjectPublicKeyInfo.subjectPublicKey`, the octets of the bit string.
    pub(super) key: &'c [u8],
}

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const VERSION: u8 = 0xa0;

impl<'c> Certificate<'c> {
    /// Reads a certificate in DER; `None` if it is none.
    pub(super) fn parse(der: &'c [u8]) -> Option<Self> {
        let (certificate, _) = value(der, SEQUENCE)?;
        let (tbs, _) = value(certificate, SEQUENCE)?;
        // Version 1 is not written.
        let tbs = value(tbs, VERSION).map_or(tbs, |(_, rest)| rest);
        let (_serial_number, tbs) = value(tbs, INTEGER)?;
        let (_signature, tbs) = value(tbs, SEQUENCE)?;
        let (_issuer, tbs) = value(tbs, SEQUENCE)?;
        let (validity, tbs) = value(tbs, SEQUENCE)?;
        let (_subject, tbs) = value(tbs, SEQUENCE)?;
        let (key_info, _) = value(tbs, SEQUENCE)?;

        let (algorithm, key_info) = value(key_info, SEQUENCE)?;
        let (key, _) = value(key_info, BIT_STRING)?;
        // The first octet counts the unused bits; a key has none.
        let (&0, key) = key.split_first()? else { return None };
        let (_, _, not_after) = element(validity)?;
        Some(Self { not_before: time(validity), not_after: time(not_after), algorithm, key })
    }
}

/// The first element's tag and value, and what follows it (X.690 §8.1).
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&[tag, first], rest) = der.split_first_chunk::<2>()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81 => rest.split_first().map(|(&length, rest)| (usize::from(length), rest))?,
        0x82 => {
            rest.split_first_chunk().map(|(length, rest)| (usize::from(u16::from_be_bytes(*length)), rest))?
        }
        // Nothing in a certificate is longer than 64 KiB: nor is the message it comes in.
        _ => return None,
    };
    let (value, rest) = rest.split_at_checked(length)?;
    Some((tag, value, rest))
}

fn value(der: &[u8], expected: u8) -> Option<(&[u8], &[u8])> {
    element(der).filter(|&(tag, ..)| tag == expected).map(|(_, value, rest)| (value, rest))
}

/// RFC 5280 §4.1.2.5: `YYMMDDHHMMSSZ` or `YYYYMMDDHHMMSSZ`, always in UTC.
fn time(der: &[u8]) -> Option<SystemTime> {
    let (tag, text, _) = element(der)?;
    let digits = text.strip_suffix(b"Z")?;
    let (year, rest) = match tag {
        UTC_TIME => {
            let (year, rest) = digits.split_first_chunk::<2>()?;
            let year = number(*year)?;
            (if year < 50 { 2000 + year } else { 1900 + year }, rest)
        }
        GENERALIZED_TIME => {
            let (year, rest) = digits.split_first_chunk::<4>()?;
            let [a, b, c, d] = *year;
            (number([a, b])? * 100 + number([c, d])?, rest)
        }
        _ => return None,
    };
    let (fields, []) = rest.as_chunks::<2>() else { return None };
    let &[month, day, hour, minute, second] = fields else { return None };
    let [month, day] = [number(month)?, number(day)?];
    let [hour, minute, second] = [number(hour)?, number(minute)?, number(second)?];
    let sane =
        (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60 && second < 61;
    let days = days_since_1970(year, month, day).filter(|_| sane)?;
    SystemTime::UNIX_EPOCH
        .checked_add(Duration::from_secs(days * 86_400 + hour * 3600 + minute * 60 + second))
}

fn number(digits: [u8; 2]) -> Option<u64> {
    let [tens, units] = digits.map(|digit| char::from(digit).to_digit(10));
    Some(u64::from(tens? * 10 + units?))
}

/// The Gregorian calendar, counted in years that begin in March, so that a leap day is the last of its year.
fn days_since_1970(year: u64, month: u64, day: u64) -> Option<u64> {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year.checked_sub(1)?, month + 9) };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day;
    // 1 March of year 0 is day 1; 1 January 1970 is day 719,469.
    days.checked_sub(719_469)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(tag: u8, text: &str) -> Option<u64> {
        let der = [&[tag, u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
        time(&der).map(|time| time.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs())
    }

    /// Expectations by `date -u -d … +%s`.
    #[test]
    fn times_are_seconds_since_1970() {
        assert_eq!(seconds(UTC_TIME, "700101000000Z"), Some(0));
        assert_eq!(seconds(UTC_TIME, "000229123456Z"), Some(951_827_696));
        assert_eq!(seconds(UTC_TIME, "491231235959Z"), Some(2_524_607_999));
        assert_eq!(seconds(GENERALIZED_TIME, "20500101000000Z"), Some(2_524_608_000));
        assert_eq!(seconds(GENERALIZED_TIME, "99991231235959Z"), Some(253_402_300_799));
        assert_eq!(seconds(UTC_TIME, "500101000000Z"), None, "before 1970");
        for wrong in
            ["7001010000Z", "700101000000", "70a101000000Z", "701301000000Z", "700100000000Z", "Z", ""]
        {
            assert_eq!(seconds(UTC_TIME, wrong), None, "{wrong}");
        }
    }

    fn certificate() -> rcgen::CertifiedKey<rcgen::KeyPair> {
        let mut params = rcgen::CertificateParams::new(vec!["a.example".to_owned()]).unwrap();
        params.not_after = rcgen::date_time_ymd(2031, 2, 3);
        let signing_key = rcgen::KeyPair::generate().unwrap();
        rcgen::CertifiedKey { cert: params.self_signed(&signing_key).unwrap(), signing_key }
    }

    #[test]
    fn end_and_key_are_found() {
        let certified = certificate();
        let parsed = Certificate::parse(certified.cert.der()).unwrap();
        assert_eq!(parsed.not_after, Some(SystemTime::UNIX_EPOCH + Duration::from_secs(1_927_843_200)));
        assert_eq!(parsed.key, rcgen::PublicKeyData::der_bytes(&certified.signing_key));
    }

    #[test]
    fn no_cut_and_no_flipped_bit_is_harmful() {
        let certified = certificate();
        let der = certified.cert.der();
        for cut in 0..der.len() {
            assert_eq!(Certificate::parse(&der[..cut]), None, "cut at {cut}");
        }
        for bit in 0..der.len() * 8 {
            let mut damaged = der.to_vec();
            damaged[bit / 8] ^= 1 << (bit % 8);
            let _ = Certificate::parse(&damaged);
        }
    }
}
