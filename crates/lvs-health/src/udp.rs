//! `UDP_CHECK`: one datagram, and the reply.
//!
//! Without `require_reply` silence is good and only an error that the network reports (ICMP: port, host or network
//! unreachable) is a failure; a server that drops everything is taken for a good one. A datagram in return is
//! good at once. With `require_reply` a datagram must come, and if a pattern is given, it is compared with as much of
//! the datagram as both have; its length must be in bounds.

use std::io;

use crate::check::{Reply, Udp};
use crate::dialogue::Exchange;
use crate::outcome::{Failure, Outcome, WeightUpdate};

/// The datagram that keepalived 2.2.7 sends where the configuration gives no `payload`.
pub const DEFAULT_PAYLOAD: [u8; 32] = *b"keepalived check - keepalived ch";

/// A `UDP_CHECK`'s dialogue.
#[derive(Debug)]
pub(crate) struct Check {
    config: Udp,
}

impl Check {
    /// A dialogue that has not begun.
    pub(crate) fn new(config: &Udp) -> Self {
        Self { config: config.clone() }
    }
}

impl Exchange for Check {
    fn handle_connected(&mut self, out: &mut Vec<u8>) -> Option<Outcome> {
        out.extend_from_slice(&self.config.payload);
        None
    }

    fn handle_input(&mut self, input: &[u8], _out: &mut Vec<u8>) -> Option<Outcome> {
        Some(match &self.config.reply {
            Some(reply) if !matches(reply, input) => Outcome::Fail(Failure::Reply),
            _ => Outcome::Pass(WeightUpdate::Unchanged),
        })
    }

    fn handle_end(&mut self) -> Outcome {
        Outcome::Fail(Failure::Closed(self.awaits()))
    }

    fn handle_error(&mut self, kind: io::ErrorKind) -> Outcome {
        Outcome::Fail(Failure::Io(kind))
    }

    fn handle_timeout(&mut self) -> Outcome {
        match self.config.reply {
            Some(_) => Outcome::Fail(Failure::Silent(self.awaits())),
            None => Outcome::Pass(WeightUpdate::Unchanged),
        }
    }

    fn awaits(&self) -> &'static str {
        "reply"
    }
}

/// Lengths count only beside a pattern, as in keepalived.
fn matches(wanted: &Reply, datagram: &[u8]) -> bool {
    wanted.pattern.is_empty()
        || ((wanted.min_length..=wanted.max_length).contains(&datagram.len())
            && wanted.pattern.iter().zip(datagram).all(|((value, mask), octet)| (value ^ octet) & mask == 0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PASS: Outcome = Outcome::Pass(WeightUpdate::Unchanged);
    const FAIL: Outcome = Outcome::Fail(Failure::Reply);

    /// `68 6x 6c`
    const HEL: [(u8, u8); 3] = [(0x68, 0xff), (0x60, 0xf0), (0x6c, 0xff)];

    fn check(reply: Option<Reply>) -> Check {
        Check::new(&Udp { payload: DEFAULT_PAYLOAD.to_vec(), reply })
    }

    fn reply(pattern: &[(u8, u8)], min_length: usize, max_length: usize) -> Reply {
        Reply { pattern: pattern.to_vec(), min_length, max_length }
    }

    fn answer(reply: Reply, datagram: &[u8]) -> Outcome {
        check(Some(reply)).handle_input(datagram, &mut Vec::new()).unwrap()
    }

    #[test]
    fn the_payload_is_sent_as_it_is() {
        let mut out = Vec::new();
        assert_eq!(check(None).handle_connected(&mut out), None);
        assert_eq!(out, b"keepalived check - keepalived ch");
    }

    #[test]
    fn without_a_required_reply_silence_is_good_and_an_error_is_not() {
        assert_eq!(check(None).handle_timeout(), PASS);
        assert_eq!(check(None).handle_input(b"what?", &mut Vec::new()), Some(PASS));
        assert_eq!(
            check(None).handle_error(io::ErrorKind::ConnectionRefused),
            Outcome::Fail(Failure::Io(io::ErrorKind::ConnectionRefused))
        );
    }

    #[test]
    fn a_required_reply_must_come() {
        let mut check = check(Some(reply(&[], 0, 255)));
        assert_eq!(check.handle_timeout(), Outcome::Fail(Failure::Silent("reply")));
        assert_eq!(check.handle_input(b"", &mut Vec::new()), Some(PASS), "a datagram without octets is one");
    }

    #[test]
    fn a_pattern_is_compared_nibble_by_nibble() {
        assert_eq!(answer(reply(&HEL, 0, 255), b"hello"), PASS);
        assert_eq!(answer(reply(&HEL, 0, 255), b"hal"), PASS);
        assert_eq!(answer(reply(&HEL, 0, 255), b"hul"), FAIL, "0x75 is not 0x6x");
        assert_eq!(answer(reply(&HEL, 0, 255), b"Hello"), FAIL);
    }

    #[test]
    fn the_shorter_of_reply_and_pattern_is_compared() {
        assert_eq!(answer(reply(&HEL, 0, 255), b"h"), PASS);
        assert_eq!(answer(reply(&HEL, 0, 255), b""), PASS);
        assert_eq!(answer(reply(&HEL, 2, 255), b"h"), FAIL);
    }

    #[test]
    fn lengths_count_beside_a_pattern_only() {
        assert_eq!(answer(reply(&HEL, 4, 5), b"hel"), FAIL);
        assert_eq!(answer(reply(&HEL, 4, 5), b"hell"), PASS);
        assert_eq!(answer(reply(&HEL, 4, 5), b"hello"), PASS);
        assert_eq!(answer(reply(&HEL, 4, 5), b"hello!"), FAIL);
        assert_eq!(answer(reply(&[], 4, 5), &[0xab; 300]), PASS);
    }

    proptest! {
        #[test]
        fn a_pattern_of_wild_nibbles_takes_what_its_lengths_take(
            datagram in proptest::collection::vec(any::<u8>(), 0..300),
            value: u8,
        ) {
            let expected = if datagram.len() <= 255 { PASS } else { FAIL };
            prop_assert_eq!(answer(reply(&[(value, 0); 40], 0, 255), &datagram), expected);
        }
    }
}
