//! The Authentication Header of VRRPv2 authentication type 2 (RFC 2338 §5.3.6.3, RFC 2402, RFC 2403).
//!
//! ```text
//!  octet  between the IPv4 header (protocol 51) and the VRRP message
//!  0      next header: 112
//!  1      length in 32-bit words minus 2: 4
//!  2-3    reserved
//!  4-7    security parameters index; keepalived: the IPv4 source address
//!  8-11   sequence number
//!  12-23  integrity check value: the first 12 octets of HMAC-MD5
//! ```
//!
//! The digest covers the IPv4 header with its mutable fields as zeros, this header with a zero integrity check
//! value, and the message. RFC 2402 §3.3.3.1.1.1 counts the TTL as mutable always; keepalived zeroes it for
//! unicast destinations only. Nobody but keepalived speaks this, so we do as keepalived.
//!
//! RFC 3768 withdrew authentication in 2004 since it stops no attacker on the link: one that can send here can also
//! answer ARP. It is here so that a router can take its place beside older ones. Computing a digest costs some hundred
//! nanoseconds for each packet, and the crates `hmac` and `md-5`; without the feature `ah` there is neither, and a
//! [`Receiver`](crate::Receiver) rejects such packets.

#[cfg(feature = "ah")]
use core::net::Ipv4Addr;
use core::time::Duration;

#[cfg(feature = "ah")]
use hmac::{Hmac, KeyInit, Mac};
#[cfg(feature = "ah")]
use md5::Md5;

use crate::assigned::IP_PROTOCOL;
#[cfg(feature = "ah")]
use crate::auth::AuthKey;

/// An integrity check value: the first 96 bits of an HMAC-MD5 (RFC 2403 §2).
pub type Icv = [u8; 12];

/// An Authentication Header in front of a VRRP message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuthHeader {
    /// The length field, 4 in every conformant header. keepalived does not look at it.
    pub length: u8,
    /// The reserved field; sent as 0, covered by the digest.
    pub reserved: u16,
    /// Security parameters index. Of keepalived: the source address.
    pub spi: u32,
    /// Sequence number, greater than that of the last packet.
    pub sequence: u32,
    /// Integrity check value.
    pub icv: Icv,
}

impl AuthHeader {
    /// The sequence number of the next advertisement of a virtual router.
    ///
    /// Receivers discard a number that is not greater than every earlier one, by whichever router (RFC 2402 §3.4.3), so
    /// that a sender which begins with 1 again after a restart is not heard: a peer takes over although it lives.
    /// Hence numbers follow the wall clock: quarters of a second since the beginning of 2026, and never less than
    /// `last` + 1. `last` is the greatest number sent or accepted so far, 0 if nothing is known.
    ///
    /// Restarts and reboots go unnoticed as long as no more than four advertisements a second were sent on average,
    /// and the clock was not set back; otherwise peers hear the router again when the clock has caught up. The
    /// numbers last until 2060.
    ///
    /// ```
    /// use core::time::Duration;
    /// use vrrp_proto::AuthHeader;
    ///
    /// let since_1970 = Duration::from_secs(1_767_225_600 + 60);
    /// let first = AuthHeader::next_sequence(0, since_1970);
    /// assert_eq!(first, 240);
    /// assert_eq!(AuthHeader::next_sequence(first, since_1970), 241);
    /// ```
    #[must_use]
    pub const fn next_sequence(last: u32, since_1970: Duration) -> u32 {
        let quarters = since_1970.saturating_sub(SEQUENCE_EPOCH).as_millis() / 250;
        let next = last.saturating_add(1);
        if quarters > u32::MAX as u128 {
            return next;
        }
        #[expect(clippy::cast_possible_truncation, reason = "checked above")]
        let by_clock = quarters as u32;
        if by_clock > next { by_clock } else { next }
    }

    /// Reads the 24 octets of a header; `None` unless a VRRP message comes next.
    #[must_use]
    pub fn parse(octets: &[u8; AH_LEN]) -> Option<Self> {
        let [next_header, length, r0, r1, s0, s1, s2, s3, n0, n1, n2, n3, icv @ ..] = *octets;
        (next_header == IP_PROTOCOL).then_some(Self {
            length,
            reserved: u16::from_be_bytes([r0, r1]),
            spi: u32::from_be_bytes([s0, s1, s2, s3]),
            sequence: u32::from_be_bytes([n0, n1, n2, n3]),
            icv,
        })
    }

    /// The 24 octets of the header.
    #[must_use]
    pub const fn octets(&self) -> [u8; AH_LEN] {
        let [r0, r1] = self.reserved.to_be_bytes();
        let [s0, s1, s2, s3] = self.spi.to_be_bytes();
        let [n0, n1, n2, n3] = self.sequence.to_be_bytes();
        let [i0, i1, i2, i3, i4, i5, i6, i7, i8, i9, i10, i11] = self.icv;
        [
            IP_PROTOCOL,
            self.length,
            r0,
            r1,
            s0,
            s1,
            s2,
            s3,
            n0,
            n1,
            n2,
            n3, //
            i0,
            i1,
            i2,
            i3,
            i4,
            i5,
            i6,
            i7,
            i8,
            i9,
            i10,
            i11,
        ]
    }

    /// A header of `source` whose integrity check value is still zero.
    #[cfg(feature = "ah")]
    pub(crate) const fn unsigned(source: Ipv4Addr, sequence: u32) -> Self {
        Self { length: AH_WORDS, reserved: 0, spi: source.to_bits(), sequence, icv: [0; 12] }
    }

    /// The same header with the integrity check value for the given key, IPv4 header and message.
    #[cfg(feature = "ah")]
    pub(crate) fn signed(self, key: AuthKey, ip_header: &[u8], message: &[u8]) -> Self {
        let [i0, i1, i2, i3, i4, i5, i6, i7, i8, i9, i10, i11, ..] =
            <[u8; 16]>::from(self.digest(key, ip_header, message).finalize().into_bytes());
        Self { icv: [i0, i1, i2, i3, i4, i5, i6, i7, i8, i9, i10, i11], ..self }
    }

    /// Whether the integrity check value is right, in a time that does not depend on where it is wrong.
    #[cfg(feature = "ah")]
    #[must_use]
    pub fn verify(&self, key: AuthKey, ip_header: &[u8], message: &[u8]) -> bool {
        self.digest(key, ip_header, message).verify_truncated_left(&self.icv).is_ok()
    }

    #[cfg(feature = "ah")]
    fn digest(self, key: AuthKey, ip_header: &[u8], message: &[u8]) -> HmacMd5 {
        // A key of 8 octets is extended with zeros to one block: the block can be given as it is.
        let mut block = Block::default();
        for (slot, octet) in block.iter_mut().zip(key.octets()) {
            *slot = *octet;
        }
        let mut mac = HmacMd5::new(&block);
        if let Some((fixed, options)) = ip_header.split_first_chunk() {
            mac.update(&without_mutable_fields(*fixed));
            mac.update(options);
        }
        mac.update(&Self { icv: [0; 12], ..self }.octets());
        mac.update(message);
        mac
    }
}

/// The IPv4 header as the digest sees it: TOS, flags, fragment offset and checksum are zero, and so is
/// the TTL of a unicast packet.
#[cfg(feature = "ah")]
const fn without_mutable_fields(header: [u8; 20]) -> [u8; 20] {
    let [version, _tos, l0, l1, id0, id1, _f0, _f1, ttl, protocol, _c0, _c1, s0, s1, s2, s3, d0, d1, d2, d3] =
        header;
    let ttl = if Ipv4Addr::new(d0, d1, d2, d3).is_multicast() { ttl } else { 0 };
    [version, 0, l0, l1, id0, id1, 0, 0, ttl, protocol, 0, 0, s0, s1, s2, s3, d0, d1, d2, d3]
}

#[cfg(feature = "ah")]
type HmacMd5 = Hmac<Md5>;
#[cfg(feature = "ah")]
type Block = hmac::digest::Key<HmacMd5>;

/// 1 January 2026, 0:00 UTC, since 1970.
const SEQUENCE_EPOCH: Duration = Duration::from_secs(1_767_225_600);
/// Octets of the header.
pub(crate) const AH_LEN: usize = 24;
/// The length field of a header of 24 octets: words minus 2.
pub(crate) const AH_WORDS: u8 = 4;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Duration {
        SEQUENCE_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn sequence_numbers_grow_with_every_advert_and_across_a_restart() {
        let mut last = 0;
        for second in 0..3_600 {
            let next = AuthHeader::next_sequence(last, at(1_000_000 + second));
            assert!(next > last);
            last = next;
        }
        // Nothing is remembered; the clock went on.
        assert!(AuthHeader::next_sequence(0, at(1_003_601)) > last);
    }

    #[test]
    fn sequence_numbers_grow_while_the_clock_stands_or_goes_back() {
        let first = AuthHeader::next_sequence(0, at(100));
        assert_eq!(first, 400);
        assert_eq!(AuthHeader::next_sequence(first, at(100)), 401);
        assert_eq!(AuthHeader::next_sequence(401, at(10)), 402);
        assert_eq!(AuthHeader::next_sequence(402, Duration::ZERO), 403, "a machine without a clock");
        assert_eq!(AuthHeader::next_sequence(0, Duration::ZERO), 1);
    }

    #[test]
    fn the_end_of_the_numbers_is_no_overflow() {
        assert_eq!(AuthHeader::next_sequence(u32::MAX, at(0)), u32::MAX);
        assert_eq!(AuthHeader::next_sequence(7, Duration::MAX), 8);
    }
}
