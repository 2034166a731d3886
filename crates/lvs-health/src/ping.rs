//! `PING_CHECK`: one echo request (RFC 792, RFC 4443 §4.1) and its reply.
//!
//! For Linux's unprivileged ICMP sockets (`SOCK_DGRAM` with `IPPROTO_ICMP` or `IPPROTO_ICMPV6`): what is sent and received
//! is the ICMP message without an IP header, and the kernel puts its own identifier and, for ICMPv6, the checksum into
//! what is sent. A reply is known by its sequence number and payload; everything else is somebody else's, and ignored.

use std::net::IpAddr;

use crate::dialogue::Exchange;
use crate::outcome::{Failure, Outcome, WeightUpdate};

/// A `PING_CHECK`'s dialogue.
#[derive(Clone, Debug)]
pub(crate) struct Check {
    request_type: u8,
    reply_type: u8,
    sequence: [u8; 2],
    nonce: [u8; 4],
}

impl Check {
    /// A dialogue that has not begun. The nonce is sent as a whole, and its lower half as the sequence number; it should be
    /// hard to guess, for it is what a forger lacks.
    pub(crate) fn new(target: IpAddr, nonce: u32) -> Self {
        let (request_type, reply_type) = match target {
            IpAddr::V4(_) => (8, 0),
            IpAddr::V6(_) => (128, 129),
        };
        let nonce @ [_, _, sequence @ ..] = nonce.to_be_bytes();
        Self { request_type, reply_type, sequence, nonce }
    }

    /// Whether this is the echo of what was sent.
    fn is_echo(&self, message: &[u8]) -> bool {
        let Some((&[message_type, code, _, _, _, _, sequence0, sequence1], payload)) =
            message.split_first_chunk()
        else {
            return false;
        };
        let Some((nonce, text)) = payload.split_first_chunk() else { return false };
        message_type == self.reply_type
            && code == 0
            && [sequence0, sequence1] == self.sequence
            && *nonce == self.nonce
            && text == TEXT
    }
}

impl Exchange for Check {
    fn handle_connected(&mut self, out: &mut Vec<u8>) -> Option<Outcome> {
        let [sequence0, sequence1] = self.sequence;
        let mut message = [0; MESSAGE_LEN];
        let (header, payload) = message.split_at_mut(8);
        header.copy_from_slice(&[self.request_type, 0, 0, 0, 0, 0, sequence0, sequence1]);
        let (nonce, text) = payload.split_at_mut(4);
        nonce.copy_from_slice(&self.nonce);
        text.copy_from_slice(TEXT);
        // ICMPv6 has a pseudo-header in its sum, with an address that only the kernel knows: it fills that in itself.
        if self.request_type == 8 {
            let sum = checksum(&message);
            message[2..4].copy_from_slice(&sum.to_be_bytes());
        }
        out.extend_from_slice(&message);
        None
    }

    fn handle_input(&mut self, input: &[u8], _out: &mut Vec<u8>) -> Option<Outcome> {
        self.is_echo(input).then_some(Outcome::Pass(WeightUpdate::Unchanged))
    }

    fn handle_end(&mut self) -> Outcome {
        Outcome::Fail(Failure::Closed(self.awaits()))
    }

    fn awaits(&self) -> &'static str {
        "echo reply"
    }
}

/// The Internet checksum (RFC 1071) of an even number of octets.
fn checksum(message: &[u8]) -> u16 {
    let (words, _odd) = message.as_chunks();
    let sum = words.iter().fold(0_u32, |sum, &word| sum + u32::from(u16::from_be_bytes(word)));
    let folded = (sum & 0xffff) + (sum >> 16);
    let folded = (folded & 0xffff) + (folded >> 16);
    !u16::try_from(folded).unwrap_or(u16::MAX)
}

/// Text behind the nonce, for people who look at the network.
const TEXT: &[u8; 20] = b"vipd checks a server";

const MESSAGE_LEN: usize = 8 + 4 + TEXT.len();

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use proptest::prelude::*;

    use super::*;

    const V4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
    const V6: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);
    const NONCE: u32 = 0x0102_0304;
    const REPLY: &[u8; 32] = b"\x00\x00\x9a\xbc\x12\x34\x03\x04\x01\x02\x03\x04vipd checks a server";

    fn answer(target: IpAddr, message: &[u8]) -> bool {
        let outcome = Check::new(target, NONCE).handle_input(message, &mut Vec::new());
        assert!(matches!(outcome, None | Some(Outcome::Pass(WeightUpdate::Unchanged))));
        outcome.is_some()
    }

    fn said(target: IpAddr) -> Vec<u8> {
        let mut out = Vec::new();
        assert_eq!(Check::new(target, NONCE).handle_connected(&mut out), None);
        out
    }

    #[test]
    fn a_request_is_an_echo_request() {
        let v4 = b"\x08\x00\xfe\x64\x00\x00\x03\x04\x01\x02\x03\x04vipd checks a server";
        assert_eq!(said(V4), v4);
        let v6 = b"\x80\x00\x00\x00\x00\x00\x03\x04\x01\x02\x03\x04vipd checks a server";
        assert_eq!(said(V6), v6);
    }

    #[test]
    fn a_sum_over_the_sum_is_zero() {
        // RFC 1071 §3: 0001 f203 f4f5 f6f7 add up to ddf2.
        assert_eq!(checksum(&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]), !0xddf2);
        assert_eq!(checksum(&said(V4)), 0);
    }

    #[test]
    fn the_reply_is_known_by_sequence_and_payload_whatever_its_identifier() {
        assert!(answer(V4, REPLY));
        let mut v6 = *REPLY;
        v6[0] = 129;
        assert!(answer(V6, &v6));
        assert!(!answer(V4, &v6), "of the other family");
        assert!(!answer(V6, REPLY), "of the other family");
    }

    #[test]
    fn everything_else_is_ignored() {
        assert!(!answer(V4, &said(V4)), "the request itself");
        for place in (0..2).chain(6..REPLY.len()) {
            let mut other = *REPLY;
            other[place] ^= 1;
            assert!(!answer(V4, &other), "octet {place} changed");
        }
        for len in 0..REPLY.len() {
            assert!(!answer(V4, &REPLY[..len]), "the first {len} octets");
        }
        assert!(!answer(V4, &[REPLY, &b"more"[..]].concat()));
    }

    #[test]
    fn silence_is_a_failure() {
        assert_eq!(Check::new(V4, NONCE).handle_timeout(), Outcome::Fail(Failure::Silent("echo reply")));
    }

    proptest! {
        #[test]
        fn noise_is_ignored(noise in proptest::collection::vec(any::<u8>(), 0..100)) {
            prop_assert!(!answer(V4, &noise));
        }
    }
}
