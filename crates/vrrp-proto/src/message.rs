//! The octets of a VRRP message under their names, before anybody has judged them.
//!
//! ```text
//!  octet  VRRPv2 (RFC 3768 §5.1)         VRRPv3 (RFC 9568 §5.1)
//!  0      version 2, type 1              version 3, type 1
//!  1      VRID                           VRID
//!  2      priority                       priority
//!  3      number of IPv4 addresses       number of addresses
//!  4      authentication type            reserved (4 bits), interval bits 11-8
//!  5      interval, seconds              interval bits 7-0, centiseconds
//!  6-7    checksum                       checksum
//!  8..    addresses, 4 octets each       addresses, 4 or 16 octets each
//!  last 8 authentication data            absent
//! ```
//!
//! Both the structural [`Advert::parse`](crate::Advert::parse) and the receive checks read a message through
//! [`Message`], so there is one place that knows an offset.

use crate::addresses::Addresses;
use crate::interval::{AdvertInterval, Centiseconds, Seconds};
use crate::types::{Family, Version};

/// Octets of the part that every message has.
pub(crate) const HEAD_LEN: usize = 8;
/// Octets of authentication data at the end of every VRRPv2 message.
pub(crate) const AUTH_DATA_LEN: usize = 8;
/// The only message type (RFC 9568 §5.2.2).
pub(crate) const ADVERTISEMENT: u8 = 1;

/// A message of at least 8 octets.
#[derive(Clone, Copy)]
pub(crate) struct Message<'a> {
    head: &'a [u8; HEAD_LEN],
    body: &'a [u8],
}

impl<'a> Message<'a> {
    /// `None` if there are fewer than 8 octets.
    #[inline(always)]
    pub(crate) fn split(bytes: &'a [u8]) -> Option<Self> {
        let (head, body) = bytes.split_first_chunk()?;
        Some(Self { head, body })
    }

    #[inline(always)]
    pub(crate) const fn version(self) -> u8 {
        let [version_type, ..] = *self.head;
        version_type >> 4
    }

    #[inline(always)]
    pub(crate) const fn message_type(self) -> u8 {
        let [version_type, ..] = *self.head;
        version_type & 0x0f
    }

    #[inline(always)]
    pub(crate) const fn vrid(self) -> u8 {
        let [_, vrid, ..] = *self.head;
        vrid
    }

    #[inline(always)]
    pub(crate) const fn priority(self) -> u8 {
        let [_, _, priority, ..] = *self.head;
        priority
    }

    #[inline(always)]
    pub(crate) const fn count(self) -> usize {
        let [_, _, _, count, ..] = *self.head;
        count as usize
    }

    /// VRRPv2 only.
    #[inline(always)]
    pub(crate) const fn auth_type(self) -> u8 {
        let [_, _, _, _, auth_type, ..] = *self.head;
        auth_type
    }

    #[inline(always)]
    pub(crate) const fn interval(self, version: Version) -> AdvertInterval {
        let [_, _, _, _, high, low, ..] = *self.head;
        match version {
            Version::V2 => AdvertInterval::V2(Seconds(low)),
            Version::V3 => AdvertInterval::V3(Centiseconds::from_field(u16::from_be_bytes([high, low]))),
        }
    }

    #[inline(always)]
    pub(crate) const fn checksum(self) -> u16 {
        let [.., high, low] = *self.head;
        u16::from_be_bytes([high, low])
    }

    /// The body after the head, read as a message of `version` in a packet of `family`.
    #[inline(always)]
    pub(crate) fn body(self, version: Version, family: Family) -> Body<'a> {
        let addresses_len = self.count() * family.address_len();
        let expected = HEAD_LEN
            + addresses_len
            + match version {
                Version::V2 => AUTH_DATA_LEN,
                Version::V3 => 0,
            };
        let actual = HEAD_LEN + self.body.len();
        let (address_bytes, auth_data) = match version {
            Version::V3 => (self.body, None),
            Version::V2 => self.split_auth_data(addresses_len),
        };
        let addresses = Addresses::at_start_of(address_bytes, family, self.count());
        Body { addresses, auth_data, expected, actual }
    }

    /// Authentication data stands after the counted addresses; where fewer octets came, at the end.
    #[inline(always)]
    fn split_auth_data(self, addresses_len: usize) -> (&'a [u8], Option<[u8; AUTH_DATA_LEN]>) {
        if let Some((addresses, rest)) = self.body.split_at_checked(addresses_len)
            && let Some((data, _surplus)) = rest.split_first_chunk()
        {
            return (addresses, Some(*data));
        }
        match self.body.split_last_chunk() {
            Some((addresses, data)) => (addresses, Some(*data)),
            None => (&[], None),
        }
    }
}

/// The part of a message whose length depends on the count.
#[derive(Clone, Copy)]
pub(crate) struct Body<'a> {
    /// The counted addresses, or as many whole ones as came.
    pub(crate) addresses: Addresses<'a>,
    /// VRRPv2: the 8 octets at the end, if that many came.
    pub(crate) auth_data: Option<[u8; AUTH_DATA_LEN]>,
    /// Octets of the message by its count.
    pub(crate) expected: usize,
    /// Octets of the message that came.
    pub(crate) actual: usize,
}

/// The first octets of a message, for finding the virtual router that it is for.
///
/// Nothing is checked: the receive checks of that router do it, and count what they find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peek {
    /// The VRID octet; 0 belongs to no router.
    pub vrid: u8,
    /// The version nibble, 0 to 15.
    pub version: u8,
}

/// Looks at the VRID and version of `message`; `None` for fewer than 2 octets.
///
/// ```
/// let peek = vrrp_proto::peek(&[0x31, 51, 100, 1, 0, 100]).ok_or("too short")?;
/// assert_eq!((peek.vrid, peek.version), (51, 3));
/// # Ok::<(), &str>(())
/// ```
#[must_use]
#[inline(always)]
pub const fn peek(message: &[u8]) -> Option<Peek> {
    match message {
        [version_type, vrid, ..] => Some(Peek { vrid: *vrid, version: *version_type >> 4 }),
        _ => None,
    }
}
