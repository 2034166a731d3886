//! The control packet (RFC 5880 §4.1).
//!
//! ```text
//!  0                   1                   2                   3
//!  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |Vers |  Diag   |Sta|P|F|C|A|D|M|  Detect Mult  |    Length     |
//! |                       My Discriminator                        |
//! |                      Your Discriminator                       |
//! |                    Desired Min TX Interval                    |
//! |                   Required Min RX Interval                    |
//! |                 Required Min Echo RX Interval                 |
//! |               authentication section, if A is set             |
//! ```
//!
//! [`Packet::parse`] makes the checks of §6.8.6 that need no session, in their order.

use core::fmt;
use core::num::NonZeroU8;

use crate::{Authentication, AuthenticationError, Diagnostic, Discriminator, Interval, State};

/// A control packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::struct_excessive_bools, reason = "they are the bits of the packet")]
pub struct Packet<'a> {
    /// Why the sender's session changed its state last.
    pub diagnostic: Diagnostic,
    /// The sender's session.
    pub state: State,
    /// P: an answer with F is asked for.
    pub poll: bool,
    /// F: this is the answer to a poll.
    pub r#final: bool,
    /// C: the sender's control plane may restart without this being noticed.
    pub control_plane_independent: bool,
    /// D: the sender asks not to be sent packets periodically while both are Up.
    pub demand: bool,
    /// With so many packets lost in a row, the sender counts as lost.
    pub detect_mult: NonZeroU8,
    /// The sender's discriminator.
    pub my_discriminator: Discriminator,
    /// The receiver's, as far as the sender knows.
    pub your_discriminator: Option<Discriminator>,
    /// The shortest interval that the sender would like to send with.
    pub desired_min_tx: Interval,
    /// The shortest interval that it can receive with; zero: nothing periodically.
    pub required_min_rx: Interval,
    /// The same for echoes; zero: none.
    pub required_min_echo_rx: Interval,
    /// The proof of the sender. [`Packet::emit`] writes none.
    pub authentication: Option<Authentication<'a>>,
}

/// Why octets are no control packet that any session takes. All of them: discard it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum ParseError {
    /// Shorter than the least packet.
    #[error("{0} octets are too few for a control packet")]
    Truncated(usize),
    /// Another version of the protocol.
    #[error("version {0} is not known")]
    Version(u8),
    /// The length field is less than such a packet needs.
    #[error("the length field says {length}, at least {least} are needed")]
    Length {
        /// As it is.
        length: u8,
        /// The least: 24, or 26 with authentication.
        least: u8,
    },
    /// The length field is more than there is.
    #[error("the length field says {length}, the datagram has {available} octets")]
    BeyondPayload {
        /// As it is.
        length: u8,
        /// Octets that are there.
        available: usize,
    },
    /// The sender allows no packet to be lost, not even none.
    #[error("Detect Mult is 0")]
    DetectMult,
    /// Reserved for point-to-multipoint use.
    #[error("the multipoint bit is set")]
    Multipoint,
    /// The sender did not name its session.
    #[error("My Discriminator is 0")]
    MyDiscriminator,
    /// The sender knows no session here, and claims to be in it.
    #[error("Your Discriminator is 0 in state {0}")]
    YourDiscriminator(State),
    /// The A bit is set, and no authentication section follows.
    #[error("authentication section: {0}")]
    Authentication(AuthenticationError),
}

impl<'a> Packet<'a> {
    /// Reads the payload of a datagram.
    ///
    /// # Errors
    /// In the order of RFC 5880 §6.8.6. Checks that need a session (which it is for, whether authentication is in use) are for
    /// [`Demultiplexer`](crate::Demultiplexer) and [`Session`](crate::Session) to make.
    pub fn parse(payload: &'a [u8]) -> Result<Self, ParseError> {
        let available = payload.len();
        let Some((head, _)) = payload.split_first_chunk::<LEN>() else {
            return Err(ParseError::Truncated(available));
        };
        let [first, flags, detect_mult, length, ..] = *head;
        if first >> 5 != VERSION {
            return Err(ParseError::Version(first >> 5));
        }
        let least = if flags & A == 0 { LEAST } else { LEAST_AUTHENTICATED };
        if length < least {
            return Err(ParseError::Length { length, least });
        }
        let Some(packet) = payload.get(..length.into()) else {
            return Err(ParseError::BeyondPayload { length, available });
        };
        let detect_mult = NonZeroU8::new(detect_mult).ok_or(ParseError::DetectMult)?;
        if flags & M != 0 {
            return Err(ParseError::Multipoint);
        }
        let [_, my, your, desired, required, echo] = words(head);
        let my_discriminator = Discriminator::new(my).ok_or(ParseError::MyDiscriminator)?;
        let (state, your_discriminator) = (State::from_bits(flags >> 6), Discriminator::new(your));
        if your_discriminator.is_none() && !matches!(state, State::Down | State::AdminDown) {
            return Err(ParseError::YourDiscriminator(state));
        }
        let section = packet.get(LEN..).filter(|_| flags & A != 0);
        Ok(Self {
            diagnostic: Diagnostic::from_bits(first),
            state,
            poll: flags & P != 0,
            r#final: flags & F != 0,
            control_plane_independent: flags & C != 0,
            demand: flags & D != 0,
            detect_mult,
            my_discriminator,
            your_discriminator,
            desired_min_tx: Interval::from_micros(desired),
            required_min_rx: Interval::from_micros(required),
            required_min_echo_rx: Interval::from_micros(echo),
            authentication: section
                .map(Authentication::parse)
                .transpose()
                .map_err(ParseError::Authentication)?,
        })
    }

    /// The octets of the packet, without authentication.
    #[must_use]
    pub fn emit(&self) -> [u8; LEN] {
        let bit = |set: bool, bit: u8| if set { bit } else { 0 };
        let flags = self.state.bits() << 6
            | bit(self.poll, P)
            | bit(self.r#final, F)
            | bit(self.control_plane_independent, C)
            | bit(self.demand, D);
        let first = [VERSION << 5 | self.diagnostic.get(), flags, self.detect_mult.get(), LEAST];
        let mut octets = [0; LEN];
        let words = [
            u32::from_be_bytes(first),
            self.my_discriminator.get(),
            self.your_discriminator.map_or(0, Discriminator::get),
            self.desired_min_tx.as_micros(),
            self.required_min_rx.as_micros(),
            self.required_min_echo_rx.as_micros(),
        ];
        for (place, word) in octets.as_chunks_mut::<4>().0.iter_mut().zip(words) {
            *place = word.to_be_bytes();
        }
        octets
    }
}

impl fmt::Display for Packet<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.state, self.diagnostic)?;
        for (set, name) in [(self.poll, " poll"), (self.r#final, " final"), (self.demand, " demand")] {
            if set {
                f.write_str(name)?;
            }
        }
        write!(f, ", from {}", self.my_discriminator)?;
        if let Some(your) = self.your_discriminator {
            write!(f, " to {your}")?;
        }
        let (tx, rx) = (self.desired_min_tx, self.required_min_rx);
        write!(f, ", sends every {tx}, takes every {rx}, times {}", self.detect_mult)
    }
}

fn words(head: &[u8; LEN]) -> [u32; 6] {
    let mut words = [0; 6];
    for (word, octets) in words.iter_mut().zip(head.as_chunks::<4>().0) {
        *word = u32::from_be_bytes(*octets);
    }
    words
}

/// The longest packet: its length is one octet. A buffer of one octet more tells a longer datagram from it.
pub const MAX_LEN: usize = 255;

/// Octets of a packet without authentication.
const LEN: usize = 24;
const LEAST: u8 = 24;
const LEAST_AUTHENTICATED: u8 = 26;
const VERSION: u8 = 1;
const P: u8 = 0x20;
const F: u8 = 0x10;
const C: u8 = 0x08;
const A: u8 = 0x04;
const D: u8 = 0x02;
const M: u8 = 0x01;
