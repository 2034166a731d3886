//! `DNS_CHECK`: one query over UDP (RFC 1035 §4.1), one response.
//!
//! The query is as keepalived's: recursion desired, class IN, no EDNS. Good is a response with code 0 (NOERROR), whatever
//! it holds, also nothing and also cut off (TC): the server is there and speaks DNS. [`DnsAnswers`] can ask for more.
//!
//! A datagram that is not the response to this query (other id, other question, not a response, shorter than a header)
//! is no answer and no failure: the wait goes on, or an attacker that guesses the port could mark servers down.
//! keepalived 2.2.7 does the same, but does not look at the operation code and the question.
//!
//! Responses are not decoded beyond what is compared, so nothing in them can be expensive.

mod answers;

use std::sync::Arc;

use simple_dns::{CLASS, Name, Packet, PacketFlag, QCLASS, QTYPE, Question, TYPE};

use crate::check::{Dns, DnsAnswers, QueryType};
use crate::dialogue::Exchange;
use crate::outcome::{Failure, Outcome, WeightUpdate};

/// A query that lacks nothing but its id: made once for all attempts of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Query {
    octets: Box<[u8]>,
    wanted: Option<Arc<DnsAnswers>>,
}

impl Query {
    /// # Errors
    /// The name is not a domain name.
    pub(crate) fn new(config: &Dns) -> Result<Self, NameError> {
        let name = parse_name(&config.name)?;
        let mut packet = Packet::new_query(0);
        packet.set_flags(PacketFlag::RECURSION_DESIRED);
        let class = QCLASS::CLASS(CLASS::IN);
        packet.questions.push(Question::new(name, query_type(config.query_type), class, false));
        let mut octets = packet.build_bytes_vec().map_err(|_| NameError::TooLong)?;
        let authentic = config.answers.as_ref().is_some_and(|wanted| wanted.authentic);
        if let Some(flags) = octets.get_mut(FLAGS).filter(|_| authentic) {
            *flags |= answers::AUTHENTIC;
        }
        Ok(Self { octets: octets.into(), wanted: config.answers.clone() })
    }

    /// The question alone: name, type, class.
    fn question(&self) -> &[u8] {
        self.octets.get(HEADER_LEN..).unwrap_or_default()
    }

    /// The number of the type that is asked for.
    fn query_type(&self) -> [u8; 2] {
        self.question().last_chunk::<4>().map_or([0; 2], |&[high, low, _, _]| [high, low])
    }
}

/// Why a text is not a domain name (RFC 1035 §2.3.4, §5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// Nothing at all; the root is `.`.
    #[error("a domain name is not empty; the root is `.`")]
    Empty,
    /// White space, control characters, or characters beyond ASCII.
    #[error("a domain name has no {0:?}")]
    Character(char),
    /// Two dots in a row, or one in front.
    #[error("a domain name has no empty labels")]
    EmptyLabel,
    /// More than 63 octets between dots, or a `\` that escapes nothing.
    #[error("a label of a domain name has at most 63 octets")]
    Label,
    /// More than 255 octets.
    #[error("a domain name has at most 255 octets")]
    TooLong,
}

/// A `DNS_CHECK`'s dialogue.
#[derive(Debug)]
pub(crate) struct Check {
    query: Query,
    id: [u8; 2],
}

impl Check {
    /// A dialogue that has not begun. The nonce, of which the lower half is the query's id, should be hard to guess.
    pub(crate) fn new(query: Query, nonce: u32) -> Self {
        let [_, _, id @ ..] = nonce.to_be_bytes();
        Self { query, id }
    }

    /// The outcome of the response to the query, if this is one.
    fn judge(&self, datagram: &[u8]) -> Option<Outcome> {
        let (&[id0, id1, flags, code, count0, count1, answers0, answers1, ..], body) =
            datagram.split_first_chunk::<HEADER_LEN>()?;
        let is_ours = [id0, id1] == self.id && flags & (RESPONSE | OPCODE) == RESPONSE;
        // A server that cannot make sense of a query may leave the question out.
        let questions = u16::from_be_bytes([count0, count1]);
        if !is_ours || !(questions == 0 || starts_with(body, self.query.question())) {
            return None;
        }
        if code & CODE != 0 {
            return Some(Outcome::Fail(Failure::DnsCode(code & CODE)));
        }
        let failure = self.query.wanted.as_ref().and_then(|wanted| {
            let question = if questions == 0 { 0 } else { self.query.question().len() };
            let section = body.get(question..).unwrap_or_default();
            let count = u16::from_be_bytes([answers0, answers1]);
            answers::failure(wanted, code, self.query.query_type(), count, section)
        });
        Some(failure.map_or(Outcome::Pass(WeightUpdate::Unchanged), Outcome::Fail))
    }
}

impl Exchange for Check {
    fn handle_connected(&mut self, out: &mut Vec<u8>) -> Option<Outcome> {
        out.extend_from_slice(&self.id);
        out.extend_from_slice(self.query.octets.get(self.id.len()..).unwrap_or_default());
        None
    }

    fn handle_input(&mut self, input: &[u8], _out: &mut Vec<u8>) -> Option<Outcome> {
        self.judge(input)
    }

    fn handle_end(&mut self) -> Outcome {
        Outcome::Fail(Failure::Closed(self.awaits()))
    }

    fn awaits(&self) -> &'static str {
        "DNS response"
    }
}

fn parse_name(text: &str) -> Result<Name<'_>, NameError> {
    if text.is_empty() {
        return Err(NameError::Empty);
    }
    if let Some(wrong) = text.chars().find(|c| !c.is_ascii_graphic()) {
        return Err(NameError::Character(wrong));
    }
    // The DNS crate skips empty labels, but `a..b` is a slip of the pen.
    if text != "." && (text.starts_with('.') || text.contains("..")) {
        return Err(NameError::EmptyLabel);
    }
    Name::new(text).map_err(|_| if text.len() > 255 { NameError::TooLong } else { NameError::Label })
}

fn query_type(query_type: QueryType) -> QTYPE {
    QTYPE::TYPE(match query_type {
        QueryType::A => TYPE::A,
        QueryType::NS => TYPE::NS,
        QueryType::CNAME => TYPE::CNAME,
        QueryType::SOA => TYPE::SOA,
        QueryType::MX => TYPE::MX,
        QueryType::TXT => TYPE::TXT,
        QueryType::AAAA => TYPE::AAAA,
        QueryType::RRSIG => TYPE::RRSIG,
        QueryType::DNSKEY => TYPE::DNSKEY,
    })
}

/// Whether `body` starts with `question`; letters in either case, which servers may change (RFC 4343). Other octets than
/// those of the name are never letters: lengths of labels end at 63, types and classes that are asked for at 48.
fn starts_with(body: &[u8], question: &[u8]) -> bool {
    body.get(..question.len()).is_some_and(|start| start.eq_ignore_ascii_case(question))
}

const HEADER_LEN: usize = 12;
/// Where the second half of the flags is.
const FLAGS: usize = 3;
/// QR in the third octet of the header.
const RESPONSE: u8 = 0b1000_0000;
/// OPCODE there; 0 is a standard query.
const OPCODE: u8 = 0b0111_1000;
/// RCODE in the fourth.
const CODE: u8 = 0b0000_1111;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PASS: Option<Outcome> = Some(Outcome::Pass(WeightUpdate::Unchanged));

    /// The query that keepalived 2.2.7 sends for `type AAAA`, `name www.example.org`.
    const QUERY: &[u8] = b"\xfd\x89\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\
        \x03www\x07example\x03org\x00\x00\x1c\x00\x01";
    const QUESTION: &[u8] = b"\x03www\x07example\x03org\x00\x00\x1c\x00\x01";

    fn query(query_type: QueryType, name: &str) -> Result<Query, NameError> {
        Query::new(&Dns::new(query_type, name))
    }

    fn check() -> Check {
        Check::new(query(QueryType::AAAA, "www.example.org").unwrap(), 0xabcd_fd89)
    }

    fn answer(datagram: &[u8]) -> Option<Outcome> {
        let mut out = Vec::new();
        let outcome = check().handle_input(datagram, &mut out);
        assert!(out.is_empty(), "one query is enough");
        outcome
    }

    fn said(mut check: Check) -> Vec<u8> {
        let mut out = Vec::new();
        assert_eq!(check.handle_connected(&mut out), None);
        out
    }

    #[test]
    fn a_query_is_octet_for_octet_keepaliveds() {
        assert_eq!(said(check()), QUERY);
        let root = Check::new(query(QueryType::SOA, ".").unwrap(), 0x6517);
        assert_eq!(said(root), b"\x65\x17\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x06\x00\x01");
        let absolute = Check::new(query(QueryType::RRSIG, "example.org.").unwrap(), 0x1d5d);
        assert_eq!(
            said(absolute),
            b"\x1d\x5d\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07example\x03org\x00\x00\x2e\x00\x01"
        );
    }

    #[test]
    fn each_type_has_its_number() {
        use QueryType::{A, AAAA, CNAME, DNSKEY, MX, NS, RRSIG, SOA, TXT};
        for (query_type, number) in [
            (A, 1),
            (NS, 2),
            (CNAME, 5),
            (SOA, 6),
            (MX, 15),
            (TXT, 16),
            (AAAA, 28),
            (RRSIG, 46),
            (DNSKEY, 48),
        ] {
            assert_eq!(query(query_type, ".").unwrap().question(), [0, 0, number, 0, 1]);
        }
    }

    #[test]
    fn names_that_are_none_are_refused() {
        let refused = |name: &str| query(QueryType::A, name).unwrap_err();
        assert_eq!(refused(""), NameError::Empty);
        assert_eq!(refused("a b"), NameError::Character(' '));
        assert_eq!(refused("b\u{fc}cher.example"), NameError::Character('\u{fc}'));
        assert_eq!(refused("a..b"), NameError::EmptyLabel);
        assert_eq!(refused(".a"), NameError::EmptyLabel);
        assert_eq!(refused(".."), NameError::EmptyLabel);
        assert_eq!(refused(&"x".repeat(64)), NameError::Label);
        assert_eq!(refused("a\\"), NameError::Label);
        assert_eq!(refused(&"x.".repeat(128)), NameError::TooLong);
        assert!(query(QueryType::A, &"x".repeat(63)).is_ok());
        // 127 labels of 2 octets and the root's one: 255.
        assert_eq!(query(QueryType::A, &"x.".repeat(127)).unwrap().question().len(), 255 + 4);
    }

    #[test]
    fn code_0_is_a_pass_and_any_other_is_a_failure() {
        let response = |code: u8| [b"\xfd\x89\x81", &[0x80 | code][..], &QUERY[4..]].concat();
        assert_eq!(answer(&response(0)), PASS);
        for code in 1..=15 {
            assert_eq!(answer(&response(code)), Some(Outcome::Fail(Failure::DnsCode(code))));
        }
    }

    #[test]
    fn an_answer_may_be_cut_off_or_without_a_question() {
        // TC, and counts of records that are not there.
        let cut_off = [b"\xfd\x89\x83\x80\x00\x01\xff\xff\xff\xff\xff\xff", QUESTION, b"\xc0"].concat();
        assert_eq!(answer(&cut_off), PASS);
        assert_eq!(answer(b"\xfd\x89\x81\x80\x00\x00\x00\x00\x00\x00\x00\x00"), PASS);
        assert_eq!(
            answer(b"\xfd\x89\x81\x85\x00\x00\x00\x00\x00\x00\x00\x00"),
            Some(Outcome::Fail(Failure::DnsCode(5)))
        );
    }

    #[test]
    fn a_response_must_meet_all_conditions() {
        let wanted = DnsAnswers { least: 1, authentic: true, ..DnsAnswers::default() };
        let config = Dns { answers: Some(wanted.into()), ..Dns::new(QueryType::AAAA, "www.example.org") };
        let check = || Check::new(Query::new(&config).unwrap(), 0xabcd_fd89);
        assert_eq!(said(check()), [b"\xfd\x89\x01\x20", &QUERY[4..]].concat(), "it asks for the bit");
        let record = b"\xc0\x0c\0\x1c\0\x01\0\0\0\x3c\0\x10\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01";
        let response = |code: u8, questions: u8, count: u8, body: &[&[u8]]| {
            let header = [0xfd, 0x89, 0x81, code, 0, questions, 0, count, 0, 0, 0, 0];
            let datagram = [&header[..], &body.concat()].concat();
            check().handle_input(&datagram, &mut Vec::new())
        };
        let fails = |failure| Some(Outcome::Fail(failure));
        assert_eq!(response(0xa0, 1, 1, &[QUESTION, record]), PASS);
        assert_eq!(response(0xa0, 0, 1, &[record]), PASS);
        assert_eq!(response(0x80, 1, 1, &[QUESTION, record]), fails(Failure::DnsNotAuthentic));
        let none = Failure::DnsAnswers { found: 0, least: 1 };
        assert_eq!(response(0xa0, 1, 0, &[QUESTION, record]), fails(none));
        assert_eq!(response(0xa5, 1, 1, &[QUESTION, record]), fails(Failure::DnsCode(5)));
    }

    #[test]
    fn letters_may_change_their_case() {
        let shouted =
            b"\xfd\x89\x81\x80\x00\x01\x00\x00\x00\x00\x00\x00\x03WWW\x07eXample\x03ORG\x00\x00\x1c\x00\x01";
        assert_eq!(answer(shouted), PASS);
    }

    #[test]
    fn a_datagram_that_is_not_the_response_is_ignored() {
        let good = [b"\xfd\x89\x81\x80", &QUERY[4..]].concat();
        assert_eq!(answer(&good), PASS);
        assert_eq!(answer(QUERY), None, "a query");
        for (place, change, what) in [
            (0, 0x01, "another id"),
            (1, 0x01, "another id"),
            (2, 0x80, "not a response"),
            (2, 0x28, "another operation"),
            (13, 0x01, "another name"),
            (30, 0x01, "another type"),
            (32, 0x02, "another class"),
        ] {
            let mut other = good.clone();
            other[place] ^= change;
            assert_eq!(answer(&other), None, "{what}");
        }
        for len in 0..good.len() {
            assert_eq!(answer(&good[..len]), None, "the first {len} octets");
        }
    }

    #[test]
    fn after_somebody_elses_answer_ours_still_counts() {
        let (mut check, mut out) = (check(), Vec::new());
        let mut forged = [b"\xfd\x89\x81\x82", &QUERY[4..]].concat();
        forged[1] = 0x88;
        assert_eq!(check.handle_input(&forged, &mut out), None);
        let good = [b"\xfd\x89\x81\x80", &QUERY[4..]].concat();
        assert_eq!(check.handle_input(&good, &mut out), PASS);
        assert_eq!(check.handle_timeout(), Outcome::Fail(Failure::Silent("DNS response")));
    }

    proptest! {
        #[test]
        fn noise_is_not_an_answer(noise in proptest::collection::vec(any::<u8>(), 0..600)) {
            prop_assume!(!noise.starts_with(b"\xfd\x89"));
            prop_assert_eq!(answer(&noise), None);
        }

        #[test]
        fn any_text_is_a_query_or_an_error(name in ".{0,300}") {
            if let Ok(query) = query(QueryType::A, &name) {
                prop_assert!(query.octets.len() <= 12 + 255 + 4);
            }
        }
    }
}
