//! Conditions for a DNS response besides a good code: addresses, a number of records, the flag of a validating
//! resolver.
//!
//! Of the answer section only the records of the type that was asked for count, of class IN and under any name: an
//! alias leads to them. Names are skipped, not followed, so a response is read once from front to back; records behind
//! one that cannot be read do not count.

use std::net::IpAddr;

use crate::check::DnsAnswers;
use crate::outcome::Failure;

/// Judges a response with code 0. `answers` is the section, which holds `count` records, as its header says; `flags` is the
/// fourth octet of the header, and `query_type` the number of the type that was asked for.
pub(super) fn failure(
    wanted: &DnsAnswers,
    flags: u8,
    query_type: [u8; 2],
    count: u16,
    answers: &[u8],
) -> Option<Failure> {
    if wanted.authentic && flags & AUTHENTIC == 0 {
        return Some(Failure::DnsNotAuthentic);
    }
    let records = || Records { rest: answers, left: count }.filter(|record| record.kind == query_type);
    let least = usize::from(wanted.least);
    let found = if least == 0 { 0 } else { records().count() };
    if found < least {
        return Some(Failure::DnsAnswers { found, least });
    }
    let missing = |address: &&IpAddr| !records().any(|record| record.is(**address));
    wanted.addresses.iter().find(missing).map(|address| Failure::DnsAnswerMissing(*address))
}

/// AD in the fourth octet of a header (RFC 6840 §5.8). In a query it asks for this bit in the response (§5.7).
pub(super) const AUTHENTIC: u8 = 0b0010_0000;

/// A record of class IN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Record<'r> {
    kind: [u8; 2],
    data: &'r [u8],
}

impl Record<'_> {
    fn is(&self, address: IpAddr) -> bool {
        match address {
            IpAddr::V4(address) => self.kind == A && self.data == address.octets(),
            IpAddr::V6(address) => self.kind == AAAA && self.data == address.octets(),
        }
    }
}

const A: [u8; 2] = [0, 1];
const AAAA: [u8; 2] = [0, 28];
const IN: [u8; 2] = [0, 1];

/// The records of a section (RFC 1035 §4.1.3), as far as they can be read.
#[derive(Clone, Debug)]
struct Records<'r> {
    rest: &'r [u8],
    left: u16,
}

impl<'r> Iterator for Records<'r> {
    type Item = Record<'r>;

    fn next(&mut self) -> Option<Record<'r>> {
        while self.left > 0 {
            self.left -= 1;
            let body = after_name(self.rest)?;
            let (&[kind0, kind1, class0, class1, _, _, _, _, len0, len1], body) =
                body.split_first_chunk::<10>()?;
            let (data, rest) = body.split_at_checked(usize::from(u16::from_be_bytes([len0, len1])))?;
            self.rest = rest;
            if [class0, class1] == IN {
                return Some(Record { kind: [kind0, kind1], data });
            }
        }
        None
    }
}

/// The octets after a name, which ends with an empty label or a pointer.
fn after_name(mut octets: &[u8]) -> Option<&[u8]> {
    loop {
        let (&first, rest) = octets.split_first()?;
        match first {
            0 => return Some(rest),
            1..=63 => octets = rest.get(usize::from(first)..)?,
            0xc0..=0xff => return rest.get(1..),
            // No kind of label in use.
            64..=0xbf => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// An alias, two addresses of the name it leads to, one of another class, and one of IPv6.
    const ANSWERS: &[u8] = b"\xc0\x0c\0\x05\0\x01\0\0\0\x3c\0\x06\x03web\xc0\x10\
        \x03web\xc0\x10\0\x01\0\x01\0\0\0\x3c\0\x04\xc0\0\x02\x01\
        \x03web\xc0\x10\0\x01\0\x01\0\0\0\x3c\0\x04\xc0\0\x02\x02\
        \0\0\x01\0\x03\0\0\0\x3c\0\x04\xc0\0\x02\x03\
        \x03web\xc0\x10\0\x1c\0\x01\0\0\0\x3c\0\x10\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01";

    fn judge(wanted: &DnsAnswers, query_type: [u8; 2], count: u16) -> Option<Failure> {
        failure(wanted, 0x80, query_type, count, ANSWERS)
    }

    fn least(least: u16) -> DnsAnswers {
        DnsAnswers { least, ..DnsAnswers::default() }
    }

    fn addresses(texts: &[&str]) -> DnsAnswers {
        DnsAnswers {
            addresses: texts.iter().map(|text| text.parse().unwrap()).collect(),
            ..DnsAnswers::default()
        }
    }

    #[test]
    fn records_of_the_type_are_counted() {
        assert_eq!(judge(&least(2), A, 5), None);
        assert_eq!(judge(&least(3), A, 5), Some(Failure::DnsAnswers { found: 2, least: 3 }));
        assert_eq!(
            judge(&least(2), A, 2),
            Some(Failure::DnsAnswers { found: 1, least: 2 }),
            "as the header says"
        );
        assert_eq!(judge(&least(1), AAAA, 5), None);
        assert_eq!(judge(&least(1), [0, 5], 5), None);
        assert_eq!(judge(&least(1), [0, 6], 5), Some(Failure::DnsAnswers { found: 0, least: 1 }));
        assert_eq!(judge(&least(3), A, 0xffff), Some(Failure::DnsAnswers { found: 2, least: 3 }));
    }

    #[test]
    fn each_address_has_to_be_among_the_answers() {
        assert_eq!(judge(&addresses(&["192.0.2.2"]), A, 5), None);
        assert_eq!(judge(&addresses(&["192.0.2.2", "192.0.2.1"]), A, 5), None);
        assert_eq!(judge(&addresses(&["2001:db8::1"]), AAAA, 5), None);
        for (missing, query_type) in [("192.0.2.3", A), ("192.0.2.4", A), ("2001:db8::2", AAAA)] {
            let failure = Failure::DnsAnswerMissing(missing.parse().unwrap());
            assert_eq!(judge(&addresses(&[missing]), query_type, 5), Some(failure));
        }
    }

    #[test]
    fn the_resolver_has_to_say_that_it_validated() {
        let wanted = DnsAnswers { authentic: true, ..DnsAnswers::default() };
        assert_eq!(failure(&wanted, 0x80, A, 0, &[]), Some(Failure::DnsNotAuthentic));
        assert_eq!(failure(&wanted, 0xa0, A, 0, &[]), None);
    }

    #[test]
    fn an_unreadable_record_does_not_count() {
        for len in 0..ANSWERS.len() {
            let records = Records { rest: &ANSWERS[..len], left: 5 }.count();
            // Ends of the alias, the two addresses, and the last one.
            let whole = [18, 38, 58].iter().filter(|end| **end <= len).count();
            assert_eq!(records, whole, "of {len} octets");
        }
        let odd_label = b"\x40\0\x01\0\x01\0\0\0\x3c\0\x04\xc0\0\x02\x01";
        assert_eq!(Records { rest: odd_label, left: 1 }.count(), 0);
    }

    proptest! {
        #[test]
        fn any_octets_are_some_records(octets in proptest::collection::vec(any::<u8>(), 0..300), left in any::<u16>()) {
            // Each has at least eleven octets.
            let records = Records { rest: &octets, left };
            prop_assert!(records.count() <= octets.len() / 11);
        }
    }
}
