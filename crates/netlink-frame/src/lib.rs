#![doc = include_str!("../README.md")]
//!
//! # Format
//!
//! ```text
//! 0        4      6       8          12     16
//! | length | type | flags | sequence | port | payload, padded to 4 | next message ..
//! ```
//!
//! All numbers are in host order. An acknowledgement (`NLMSG_ERROR`, type 2) carries an `i32`, which is 0 or a
//! negative errno, then the header of the request, the rest of the request unless flag `CAPPED` is set, and,
//! with flag `ACK_TLVS`, attributes with a sentence for people (`NLMSGERR_ATTR_MSG`).
//!
//! Nothing that is received can cause a panic, and nothing is allocated but the kernel's sentence.

#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]

use std::fmt;
use std::io;

use netlink_packet_core::{
    NLM_F_ACK_TLVS, NLM_F_CAPPED, NLM_F_DUMP_INTR, NLMSG_DONE, NLMSG_ERROR, NLMSG_NOOP, NlasIterator,
};

/// One message of a datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Frame<'a> {
    /// Message type (`RTM_*`, or `NLMSG_*` below 16).
    pub kind: u16,
    /// `NLM_F_*`.
    pub flags: u16,
    /// The number of the request that this answers; 0 for events.
    pub sequence: u32,
    /// The port of the socket whose request this is about; 0 if the kernel speaks of its own accord.
    pub port: u32,
    /// The bytes after the header.
    pub payload: &'a [u8],
}

/// The meaning of a message for a program that waits for an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer<'a> {
    /// The request was carried out.
    Ack,
    /// The request was refused.
    Refused(Refusal),
    /// A dump ends here.
    Done,
    /// A part of the answer: the message without its netlink header.
    Data(&'a [u8]),
    /// Nothing (`NLMSG_NOOP`).
    Nothing,
}

/// Why the kernel refused a netlink request: the error number and, often, a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refusal {
    /// The error number (`libc::EEXIST`, ...), positive.
    pub errno: i32,
    /// The kernel's own words (extended acknowledgement), if it gave any.
    pub message: Option<String>,
}

/// Cuts a datagram into its messages. Stops silently at the first malformed one.
#[derive(Debug, Clone)]
pub struct Frames<'a> {
    rest: &'a [u8],
}

impl<'a> Frames<'a> {
    /// The messages of `datagram`, as it was received from a netlink socket.
    pub const fn new(datagram: &'a [u8]) -> Self {
        Self { rest: datagram }
    }
}

impl<'a> Iterator for Frames<'a> {
    type Item = Frame<'a>;

    fn next(&mut self) -> Option<Frame<'a>> {
        let (header, _) = self.rest.split_first_chunk::<HEADER_LEN>()?;
        let [l0, l1, l2, l3, k0, k1, f0, f1, s0, s1, s2, s3, p0, p1, p2, p3] = *header;
        let length = usize::try_from(u32::from_ne_bytes([l0, l1, l2, l3])).ok()?;
        let payload = self.rest.get(HEADER_LEN..length)?;
        self.rest = self.rest.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some(Frame {
            kind: u16::from_ne_bytes([k0, k1]),
            flags: u16::from_ne_bytes([f0, f1]),
            sequence: u32::from_ne_bytes([s0, s1, s2, s3]),
            port: u32::from_ne_bytes([p0, p1, p2, p3]),
            payload,
        })
    }
}

impl<'a> Frame<'a> {
    /// Whether the kernel's table changed while it was being dumped (`NLM_F_DUMP_INTR`): entries may be missing, and
    /// the dump is worth asking for again.
    pub const fn is_interrupted(&self) -> bool {
        self.flags & NLM_F_DUMP_INTR != 0
    }

    /// Reads the message as an answer to a request.
    pub fn answer(&self) -> Answer<'a> {
        match self.kind {
            NLMSG_ERROR => match leading_error(self.payload) {
                0 => Answer::Ack,
                errno => Answer::Refused(Refusal { errno, message: extended_message(self) }),
            },
            // A dump that failed half way ends with the error number in its last message.
            NLMSG_DONE => match leading_error(self.payload) {
                0 => Answer::Done,
                errno => Answer::Refused(Refusal { errno, message: None }),
            },
            NLMSG_NOOP => Answer::Nothing,
            _ => Answer::Data(self.payload),
        }
    }
}

impl Refusal {
    /// A refusal with this (positive) error number and no sentence.
    pub const fn new(errno: i32) -> Self {
        Self { errno, message: None }
    }

    /// The same with a sentence.
    #[must_use]
    pub fn with_message(self, message: impl Into<String>) -> Self {
        Self { message: Some(message.into()), ..self }
    }

    /// The same as an [`io::Error`], without the sentence.
    pub fn to_io(&self) -> io::Error {
        io::Error::from_raw_os_error(self.errno)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.to_io())?;
        match &self.message {
            Some(message) => write!(f, ": {message}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Refusal {}

/// The errno at the start of an acknowledgement, positive; 0 if there is none.
fn leading_error(payload: &[u8]) -> i32 {
    payload.first_chunk::<4>().map_or(0, |code| i32::from_ne_bytes(*code).saturating_neg())
}

/// The kernel's sentence, from the attributes behind the echoed request.
fn extended_message(frame: &Frame<'_>) -> Option<String> {
    if frame.flags & NLM_F_ACK_TLVS == 0 {
        return None;
    }
    let (echoed_length, _) = frame.payload.get(4..)?.split_first_chunk::<4>()?;
    let echoed = if frame.flags & NLM_F_CAPPED == 0 {
        usize::try_from(u32::from_ne_bytes(*echoed_length)).ok()?
    } else {
        HEADER_LEN
    };
    let attributes = frame.payload.get(4_usize.checked_add(echoed.checked_next_multiple_of(4)?)?..)?;
    let message = NlasIterator::new(attributes).map_while(Result::ok).find(|a| a.kind() == ATTR_MSG)?;
    let text = String::from_utf8_lossy(message.value());
    Some(text.trim_end_matches('\0').to_owned())
}

/// Length of a netlink message header.
const HEADER_LEN: usize = 16;
/// `NLMSGERR_ATTR_MSG`: a NUL-terminated sentence.
const ATTR_MSG: u16 = 1;

#[cfg(all(test, target_endian = "little"))]
mod tests {
    use super::*;

    /// The answer of Linux 6.18 to a request for an MTU of 10 bytes on a veth interface.
    #[rustfmt::skip]
    const MTU_TOO_SMALL: [u8; 96] = [
        96, 0, 0, 0,  2, 0,  0x00, 0x02,  9, 0, 0, 0,  7, 0, 0, 0,
        0xea, 0xff, 0xff, 0xff,
        40, 0, 0, 0,  16, 0,  0x05, 0x00,  9, 0, 0, 0,  0, 0, 0, 0,
        0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        8, 0, 4, 0, 10, 0, 0, 0,
        33, 0, 1, 0,
        b'm', b't', b'u', b' ', b'l', b'e', b's', b's', b' ', b't', b'h', b'a', b'n', b' ',
        b'd', b'e', b'v', b'i', b'c', b'e', b' ', b'm', b'i', b'n', b'i', b'm', b'u', b'm', 0, 0, 0, 0,
    ];

    /// The same from a socket with NETLINK_CAP_ACK: only the header of the request comes back.
    #[rustfmt::skip]
    const MTU_TOO_SMALL_CAPPED: [u8; 72] = [
        72, 0, 0, 0,  2, 0,  0x00, 0x03,  9, 0, 0, 0,  7, 0, 0, 0,
        0xea, 0xff, 0xff, 0xff,
        40, 0, 0, 0,  16, 0,  0x05, 0x00,  9, 0, 0, 0,  0, 0, 0, 0,
        33, 0, 1, 0,
        b'm', b't', b'u', b' ', b'l', b'e', b's', b's', b' ', b't', b'h', b'a', b'n', b' ',
        b'd', b'e', b'v', b'i', b'c', b'e', b' ', b'm', b'i', b'n', b'i', b'm', b'u', b'm', 0, 0, 0, 0,
    ];

    #[test]
    fn a_refusal_carries_the_kernels_sentence() {
        for datagram in [MTU_TOO_SMALL.as_slice(), &MTU_TOO_SMALL_CAPPED] {
            let frame = Frames::new(datagram).next().unwrap();
            assert_eq!((frame.sequence, frame.port), (9, 7));
            let Answer::Refused(refusal) = frame.answer() else { panic!("{frame:?}") };
            assert_eq!(refusal.errno, libc::EINVAL);
            assert_eq!(refusal.to_string(), "Invalid argument (os error 22): mtu less than device minimum");
        }
    }

    #[test]
    fn a_message_cut_anywhere_is_no_message() {
        for length in 0..MTU_TOO_SMALL.len() {
            assert_eq!(Frames::new(&MTU_TOO_SMALL[..length]).next(), None, "cut at {length}");
        }
    }

    #[test]
    fn any_flipped_bit_is_read_without_panic() {
        for bit in 0..MTU_TOO_SMALL.len() * 8 {
            let mut bytes = MTU_TOO_SMALL;
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(Frames::new(&bytes).map(|frame| drop(frame.answer())).count() <= 1);
        }
    }

    #[test]
    fn a_zero_error_is_an_ack_and_the_next_message_follows_at_a_multiple_of_four() {
        #[rustfmt::skip]
        let datagram = [
            36, 0, 0, 0,  2, 0,  0, 1,  1, 0, 0, 0,  7, 0, 0, 0,
            0, 0, 0, 0,  80, 0, 0, 0,  16, 0,  5, 6,  1, 0, 0, 0,  0, 0, 0, 0,
            20, 0, 0, 0,  3, 0,  2, 0,  2, 0, 0, 0,  7, 0, 0, 0,  0, 0, 0, 0,
        ];
        let answers: Vec<_> = Frames::new(&datagram).map(|frame| frame.answer()).collect();
        assert_eq!(answers, [Answer::Ack, Answer::Done]);
    }

    #[test]
    fn a_dump_that_failed_half_way_is_a_refusal() {
        #[rustfmt::skip]
        let datagram = [
            20, 0, 0, 0,  3, 0,  2, 0,  2, 0, 0, 0,  7, 0, 0, 0,  0xf4, 0xff, 0xff, 0xff,
        ];
        let answers: Vec<_> = Frames::new(&datagram).map(|frame| frame.answer()).collect();
        assert_eq!(answers, [Answer::Refused(Refusal::new(libc::ENOMEM))]);
    }

    #[test]
    fn a_dump_during_which_the_table_changed_is_marked() {
        let whole = [20, 0, 0, 0, 16, 0, 2, 0, 2, 0, 0, 0, 7, 0, 0, 0, 1, 2, 3, 4];
        let mut interrupted = whole;
        interrupted[6] |= 0x10;
        for (datagram, expected) in [(whole, false), (interrupted, true)] {
            let frame = Frames::new(&datagram).next().unwrap();
            assert_eq!(frame.is_interrupted(), expected);
            assert_eq!(frame.answer(), Answer::Data(&[1, 2, 3, 4]));
        }
    }

    #[test]
    fn a_length_shorter_than_the_header_ends_the_datagram() {
        let datagram = [4, 0, 0, 0, 2, 0, 0, 1, 1, 0, 0, 0, 7, 0, 0, 0];
        assert_eq!(Frames::new(&datagram).count(), 0);
    }
}
