//! The authentication trailer of keepalived 2.4 (`auth_hmac`), behind a complete VRRP message of either version.
//!
//! ```text
//!  octet
//!  0      type: 1, HMAC-SHA-256 cut to 128 bits
//!  1      number of the key, 1 to 255
//!  2-3    reserved: 0
//!  4-7    seconds since 1970 (UTC)
//!  8-9    fraction of a second, in 1/65536
//!  10-11  counter: tells adverts of the same moment apart
//!  12-27  digest
//! ```
//!
//! The digest covers 20 octets that are not sent (the family as 4 or 6, the version, the VRID, 0, and the source in 16
//! octets), the message with a zero checksum, and this trailer with a zero digest. The destination is not covered, so
//! that one digest serves every unicast peer. The length of the IP packet counts the trailer; the checksum and, in
//! version 3, the length in its pseudo-header do not.
//!
//! Seconds, fraction and counter are one number of 64 bits that grows with every advert of a sender: [`TrailerStamp`].
//! A receiver remembers the last one of each sender: [`ReplayGuard`].

use core::fmt;
use core::net::IpAddr;
use core::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::checksum::Sum;
use crate::endpoints::Endpoints;

/// A key of 32 to 64 octets. `Debug` does not show it.
#[derive(Clone)]
pub struct TrailerKey {
    octets: [u8; 64],
    len: usize,
}

impl TrailerKey {
    /// The key of these octets; `None` if they are fewer than 32 or more than 64.
    #[must_use]
    pub fn new(secret: &[u8]) -> Option<Self> {
        let mut octets = [0; 64];
        octets.get_mut(..secret.len()).filter(|slot| slot.len() >= 32)?.copy_from_slice(secret);
        Some(Self { octets, len: secret.len() })
    }

    fn mac(&self) -> HmacSha256 {
        // A key of at most one block is extended with zeros: the block can be given as it is.
        HmacSha256::new(&self.octets.into())
    }
}

impl PartialEq for TrailerKey {
    fn eq(&self, other: &Self) -> bool {
        // No digest is compared here, only configurations.
        self.len == other.len && self.octets == other.octets
    }
}

impl Eq for TrailerKey {}

impl fmt::Debug for TrailerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TrailerKey(********)")
    }
}

/// The moment of an advert, as one number that grows: seconds, fraction and counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct TrailerStamp(pub u64);

impl TrailerStamp {
    /// The stamp of the next advert after that with `last`, at this time since 1970: what the clock says, but at least
    /// one more than the last. A clock that was set back further than `window` counts from where it is now.
    ///
    /// ```
    /// use core::time::Duration;
    /// use vrrp_proto::TrailerStamp;
    ///
    /// let (noon, window) = (Duration::from_secs(1_000), Duration::from_secs(5));
    /// let first = TrailerStamp::next(None, noon, window);
    /// assert_eq!(first, TrailerStamp(1_000 << 32));
    /// assert_eq!(TrailerStamp::next(Some(first), noon, window), TrailerStamp((1_000 << 32) + 1));
    /// ```
    #[must_use]
    pub fn next(last: Option<Self>, since_1970: Duration, window: Duration) -> Self {
        let by_clock = Self::at(since_1970);
        let Some(Self(last)) = last else { return by_clock };
        let next = Self(last.wrapping_add(1));
        if by_clock.is_after(next) || next.seconds_ahead(since_1970) > window.as_secs() {
            by_clock
        } else {
            next
        }
    }

    /// The stamp of a moment, with counter 0.
    #[must_use]
    pub fn at(since_1970: Duration) -> Self {
        // Seconds count modulo 2^32, as in the field.
        let fraction = (u64::from(since_1970.subsec_nanos()) << 16) / 1_000_000_000;
        Self((since_1970.as_secs() << 32) | (fraction << 16))
    }

    /// Whether this comes after another stamp (serial numbers, RFC 1982).
    #[must_use]
    pub fn is_after(self, other: Self) -> bool {
        let ahead = self.0.wrapping_sub(other.0);
        ahead != 0 && ahead < 1 << 63
    }

    /// The seconds field.
    #[must_use]
    pub fn seconds(self) -> u32 {
        u32::try_from(self.0 >> 32).unwrap_or(u32::MAX)
    }

    fn seconds_ahead(self, since_1970: Duration) -> u64 {
        u64::from(self.seconds()).saturating_sub(since_1970.as_secs() & u64::from(u32::MAX))
    }

    /// Distance of the seconds from a clock, in either direction.
    fn distance(self, since_1970: Duration) -> u64 {
        u64::from(self.seconds()).abs_diff(since_1970.as_secs() & u64::from(u32::MAX))
    }
}

/// An authentication trailer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuthTrailer {
    /// Number of the key, never 0.
    pub key_id: u8,
    /// When it was signed.
    pub stamp: TrailerStamp,
    /// The digest.
    pub digest: [u8; 16],
}

/// Why 28 octets are no trailer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TrailerError {
    /// Another type than 1.
    #[error("authentication trailer of type {0}, not 1")]
    Type(u8),
    /// The reserved octets are not 0.
    #[error("reserved octets of the authentication trailer are {0:#06x}, not 0")]
    Reserved(u16),
    /// Key 0, which nobody can have.
    #[error("authentication trailer with key 0")]
    NoKey,
}

impl AuthTrailer {
    /// Octets of a trailer.
    pub const LEN: usize = 28;

    /// Reads a trailer. Nothing is said of its digest.
    ///
    /// # Errors
    /// The type, then the reserved octets, then the key.
    pub fn parse(octets: &[u8; Self::LEN]) -> Result<Self, TrailerError> {
        let [kind, key_id, r0, r1, s0, s1, s2, s3, s4, s5, s6, s7, digest @ ..] = *octets;
        if kind != TYPE {
            return Err(TrailerError::Type(kind));
        }
        let reserved = u16::from_be_bytes([r0, r1]);
        if reserved != 0 {
            return Err(TrailerError::Reserved(reserved));
        }
        if key_id == 0 {
            return Err(TrailerError::NoKey);
        }
        let stamp = TrailerStamp(u64::from_be_bytes([s0, s1, s2, s3, s4, s5, s6, s7]));
        Ok(Self { key_id, stamp, digest })
    }

    /// The octets of the trailer.
    #[must_use]
    pub fn octets(&self) -> [u8; Self::LEN] {
        let mut octets = [0; Self::LEN];
        let (head, digest) = octets.split_at_mut(HEAD_LEN);
        head.copy_from_slice(&self.head());
        digest.copy_from_slice(&self.digest);
        octets
    }

    /// The trailer of a message from this source.
    #[must_use]
    pub fn sign(key_id: u8, key: &TrailerKey, stamp: TrailerStamp, source: IpAddr, message: &[u8]) -> Self {
        let unsigned = Self { key_id, stamp, digest: [0; 16] };
        let full = <[u8; 32]>::from(unsigned.mac(key, source, message).finalize().into_bytes());
        let mut digest = [0; 16];
        digest.iter_mut().zip(full).for_each(|(slot, octet)| *slot = octet);
        Self { digest, ..unsigned }
    }

    /// Whether the digest is that of a message from this source, in a time that does not depend on where it is wrong.
    #[must_use]
    pub fn verify(&self, key: &TrailerKey, source: IpAddr, message: &[u8]) -> bool {
        self.mac(key, source, message).verify_truncated_left(&self.digest).is_ok()
    }

    fn mac(&self, key: &TrailerKey, source: IpAddr, message: &[u8]) -> HmacSha256 {
        let mut mac = key.mac();
        let (version, vrid) = match *message {
            [first, vrid, ..] => (first >> 4, vrid),
            _ => (0, 0),
        };
        let mut address = [0; 16];
        let family = match source {
            IpAddr::V4(source) => {
                address.iter_mut().zip(source.octets()).for_each(|(slot, octet)| *slot = octet);
                4
            }
            IpAddr::V6(source) => {
                address = source.octets();
                6
            }
        };
        mac.update(&[family, version, vrid, 0]);
        mac.update(&address);
        match message.split_at_checked(CHECKSUM_AT) {
            Some((before, [_, _, after @ ..])) => {
                mac.update(before);
                mac.update(&[0, 0]);
                mac.update(after);
            }
            _ => mac.update(message),
        }
        mac.update(&self.head());
        mac.update(&[0; 16]);
        mac
    }

    fn head(&self) -> [u8; HEAD_LEN] {
        let [s0, s1, s2, s3, s4, s5, s6, s7] = self.stamp.0.to_be_bytes();
        [TYPE, self.key_id, 0, 0, s0, s1, s2, s3, s4, s5, s6, s7]
    }
}

/// The key and the stamp of one signed advert.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "callers make one for each advert")]
pub struct TrailerSigner<'a> {
    /// Number of the key, 1 to 255.
    pub key_id: u8,
    /// The secret.
    pub key: &'a TrailerKey,
    /// The stamp of this advert ([`AntiReplay::next_stamp`]).
    pub stamp: TrailerStamp,
}

impl TrailerSigner<'_> {
    /// Writes the trailer behind the message of `len` octets at the start of `buffer` and gives the length of both; `None`
    /// if there is no room for it.
    ///
    /// The checksum of IPv6 then covers the trailer, as keepalived's kernel computes it; that of IPv4 does not.
    #[must_use]
    pub fn sign(&self, buffer: &mut [u8], len: usize, endpoints: &Endpoints) -> Option<usize> {
        let (message, rest) = buffer.split_at_mut_checked(len)?;
        let slot = rest.first_chunk_mut::<{ AuthTrailer::LEN }>()?;
        let trailer = AuthTrailer::sign(self.key_id, self.key, self.stamp, endpoints.source(), message);
        *slot = trailer.octets();
        let whole = len + AuthTrailer::LEN;
        if let Endpoints::V6 { .. } = endpoints {
            message.get_mut(CHECKSUM_AT..CHECKSUM_AT + 2)?.fill(0);
            let sum = Sum::of(message).add(slot).join(endpoints.pseudo_header(whole));
            message.get_mut(CHECKSUM_AT..CHECKSUM_AT + 2)?.copy_from_slice(&sum.complement().to_be_bytes());
        }
        Some(whole)
    }
}

/// Rules by which stamps are compared with the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AntiReplay {
    /// A stamp further from the clock than this is stale, and remembered stamps expire after it.
    Time {
        /// keepalived: three advert intervals, 5 to 300 s.
        window: Duration,
    },
    /// Clocks are not compared.
    Monotonic,
}

impl AntiReplay {
    /// The stamp of the next advert after that with `last`, at this time since 1970 ([`TrailerStamp::next`]). Without a
    /// comparison of clocks it grows always, also when the clock was set back far.
    #[must_use]
    pub fn next_stamp(self, last: Option<TrailerStamp>, since_1970: Duration) -> TrailerStamp {
        TrailerStamp::next(
            last,
            since_1970,
            match self {
                Self::Time { window } => window,
                Self::Monotonic => Duration::MAX,
            },
        )
    }

    /// Whether a stamp is more than half of the window from a clock: worth a look before it is stale.
    #[must_use]
    pub fn is_nearly_stale(self, stamp: TrailerStamp, since_1970: Duration) -> bool {
        match self {
            Self::Time { window } => stamp.distance(since_1970) > window.as_secs() / 2,
            Self::Monotonic => false,
        }
    }
}

/// Why a stamp is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StampError {
    /// It is too far from this machine's clock.
    #[error("the stamp is {seconds} s from the clock of this machine")]
    Stale {
        /// The distance.
        seconds: u64,
    },
    /// It is not after the last one of this sender.
    #[error("the stamp is not after the last one of this sender")]
    Replay,
}

/// The memory of one sender.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ReplayGuard {
    last: Option<TrailerStamp>,
}

impl ReplayGuard {
    /// Whether the stamp may be stale, before any digest is computed.
    ///
    /// # Errors
    /// [`StampError::Stale`].
    pub fn check_clock(
        rule: AntiReplay,
        stamp: TrailerStamp,
        since_1970: Duration,
    ) -> Result<(), StampError> {
        match rule {
            AntiReplay::Time { window } if stamp.distance(since_1970) > window.as_secs() => {
                Err(StampError::Stale { seconds: stamp.distance(since_1970) })
            }
            AntiReplay::Time { .. } | AntiReplay::Monotonic => Ok(()),
        }
    }

    /// Takes the stamp of an advert whose digest is right.
    ///
    /// # Errors
    /// [`StampError::Replay`]; then nothing is remembered.
    pub fn accept(
        &mut self,
        rule: AntiReplay,
        stamp: TrailerStamp,
        since_1970: Duration,
    ) -> Result<(), StampError> {
        let expired = |last: &TrailerStamp| match rule {
            AntiReplay::Time { window } => last.distance(since_1970) > window.as_secs(),
            AntiReplay::Monotonic => false,
        };
        if self.last.filter(|last| !expired(last)).is_some_and(|last| !stamp.is_after(last)) {
            return Err(StampError::Replay);
        }
        self.last = Some(stamp);
        Ok(())
    }
}

type HmacSha256 = Hmac<Sha256>;

const TYPE: u8 = 1;
const HEAD_LEN: usize = 12;
/// Where the checksum stands in a message of either version.
const CHECKSUM_AT: usize = 6;

#[cfg(test)]
mod tests {
    use super::*;

    /// Captured from keepalived 2.4: version 3, priority 150, 100 cs, key 7, `anti_replay time`, from 10.9.0.1.
    const MESSAGE: [u8; 16] = [0x31, 0x33, 0x96, 0x02, 0, 0x64, 0x38, 0xee, 10, 9, 0, 0x64, 10, 9, 0, 0x65];
    const TRAILER: [u8; 28] = [
        1, 7, 0, 0, 0x6b, 0x02, 0xd3, 0x85, 0xc4, 0xf3, 0, 0, //
        0xdb, 0xa0, 0x1b, 0x1c, 0x61, 0xe2, 0xc4, 0x0b, 0x34, 0x7a, 0xd0, 0x9f, 0xba, 0x4c, 0x03, 0x32,
    ];
    const SOURCE: IpAddr = IpAddr::V4(core::net::Ipv4Addr::new(10, 9, 0, 1));
    const SECOND: Duration = Duration::from_secs(1);

    fn key() -> TrailerKey {
        TrailerKey::new(b"0123456789abcdef0123456789abcdef").unwrap()
    }

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn the_trailer_that_keepalived_sent_is_read_verified_and_made_again() {
        let trailer = AuthTrailer::parse(&TRAILER).unwrap();
        assert_eq!((trailer.key_id, trailer.stamp.seconds()), (7, 0x6b02_d385));
        assert!(trailer.verify(&key(), SOURCE, &MESSAGE));
        assert_eq!(AuthTrailer::sign(7, &key(), trailer.stamp, SOURCE, &MESSAGE).octets(), TRAILER);
    }

    #[test]
    fn no_bit_of_message_or_trailer_can_be_changed_but_those_of_the_checksum() {
        for bit in 0..MESSAGE.len() * 8 {
            let mut message = MESSAGE;
            message[bit / 8] ^= 1 << (bit % 8);
            let trailer = AuthTrailer::parse(&TRAILER).unwrap();
            assert_eq!(trailer.verify(&key(), SOURCE, &message), (48..64).contains(&bit), "bit {bit}");
        }
        for bit in 0..TRAILER.len() * 8 {
            let mut octets = TRAILER;
            octets[bit / 8] ^= 1 << (bit % 8);
            let passes = AuthTrailer::parse(&octets).is_ok_and(|it| it.verify(&key(), SOURCE, &MESSAGE));
            assert!(!passes, "bit {bit}");
        }
    }

    #[test]
    fn another_source_or_key_is_another_digest_and_short_messages_do_no_harm() {
        let trailer = AuthTrailer::parse(&TRAILER).unwrap();
        assert!(!trailer.verify(&key(), "10.9.0.2".parse().unwrap(), &MESSAGE));
        assert!(!trailer.verify(&TrailerKey::new(&[7; 64]).unwrap(), SOURCE, &MESSAGE));
        for len in 0..MESSAGE.len() {
            assert!(!trailer.verify(&key(), SOURCE, &MESSAGE[..len]));
        }
    }

    #[test]
    fn a_malformed_trailer_is_refused_for_the_first_thing_that_is_wrong() {
        let parse = |place: usize, octet: u8| {
            let mut octets = TRAILER;
            octets[place] = octet;
            AuthTrailer::parse(&octets).unwrap_err()
        };
        assert_eq!(parse(0, 2), TrailerError::Type(2));
        assert_eq!(parse(3, 9), TrailerError::Reserved(9));
        assert_eq!(parse(1, 0), TrailerError::NoKey);
    }

    #[test]
    fn keys_have_32_to_64_octets() {
        assert!([31, 65].map(|len| TrailerKey::new(&[1; 65][..len])).iter().all(Option::is_none));
        assert!([32, 64].map(|len| TrailerKey::new(&[1; 65][..len])).iter().all(Option::is_some));
    }

    #[test]
    fn stamps_grow_with_every_advert_also_when_the_clock_stands_or_goes_back_a_little() {
        let window = at(5);
        let mut last = TrailerStamp::at(at(1_000));
        for now in [1_000, 1_000, 999, 1_001, 996, 1_002] {
            let next = TrailerStamp::next(Some(last), at(now), window);
            assert!(next.is_after(last), "{now}");
            last = next;
        }
        let back = TrailerStamp::next(Some(last), at(900), window);
        assert_eq!(back, TrailerStamp::at(at(900)), "the clock was wrong before");
    }

    #[test]
    fn a_stamp_is_taken_once_and_nothing_before_it_is() {
        for rule in [AntiReplay::Monotonic, AntiReplay::Time { window: at(5) }] {
            let mut guard = ReplayGuard::default();
            let stamp = TrailerStamp::at(at(1_000));
            assert_eq!(guard.accept(rule, stamp, at(1_000)), Ok(()));
            assert_eq!(guard.accept(rule, stamp, at(1_000)), Err(StampError::Replay));
            assert_eq!(guard.accept(rule, TrailerStamp(stamp.0 - 1), at(1_001)), Err(StampError::Replay));
            assert_eq!(guard.accept(rule, TrailerStamp(stamp.0 + 1), at(1_001)), Ok(()));
        }
    }

    #[test]
    fn by_time_a_stamp_must_be_near_the_clock_and_the_memory_expires() {
        let rule = AntiReplay::Time { window: at(5) };
        let check =
            |stamp: u64, now: u64| ReplayGuard::check_clock(rule, TrailerStamp::at(at(stamp)), at(now));
        assert_eq!((check(1_005, 1_000), check(995, 1_000)), (Ok(()), Ok(())));
        assert_eq!(check(1_006, 1_000), Err(StampError::Stale { seconds: 6 }));
        assert_eq!(check(994, 1_000), Err(StampError::Stale { seconds: 6 }));
        assert_eq!(ReplayGuard::check_clock(AntiReplay::Monotonic, TrailerStamp(0), at(1_000)), Ok(()));

        // The clocks of both machines were set back an hour.
        let mut guard = ReplayGuard::default();
        assert_eq!(guard.accept(rule, TrailerStamp::at(at(5_000)), at(5_000)), Ok(()));
        assert_eq!(guard.accept(rule, TrailerStamp::at(at(1_400)), at(1_400)), Ok(()));
    }

    #[test]
    fn seconds_may_pass_the_end_of_their_field() {
        let last = TrailerStamp(u64::MAX);
        let next = TrailerStamp::next(Some(last), at(u64::from(u32::MAX)) + SECOND / 2, at(5));
        assert!(next.is_after(last), "{next:?}");
    }
}
