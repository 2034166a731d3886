//! Why an advertisement was not accepted: one reason with its evidence, or the set of all of them.

use core::fmt;
use core::net::{IpAddr, Ipv6Addr};

use bitflags::bitflags;

use super::TtlRange;
use super::counter::Counter;
#[cfg(feature = "auth-trailer")]
use super::trailer::TrailerRejection;
use crate::datagram::IpError;
use crate::interval::Seconds;
use crate::types::{Family, Version, Vrid};
use crate::warnings::write_names;

/// The first check that failed, with what it expected and what it saw.
///
/// The variants stand in the order of the checks. `Display` gives a sentence for a log that needs no reader of
/// code; [`Rejection::counter`] says what to count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Rejection {
    /// Not an intact IP packet that carries VRRP.
    #[error(transparent)]
    Ip(#[from] IpError),
    /// Came over the other IP version.
    #[error("{actual} packet for an {expected} router")]
    Family {
        /// Of the virtual router.
        expected: Family,
        /// Of the packet.
        actual: Family,
    },
    /// The length field of the Authentication Header is wrong.
    #[error("authentication header with length field {actual}, expected {expected}")]
    AhLength {
        /// The length field of HMAC-MD5-96: 4.
        expected: u8,
        /// The length field that came.
        actual: u8,
    },
    /// Not to the group of a multicast router, or not to a unicast address of a unicast router.
    #[error("sent to {actual}, where this router does not listen")]
    Destination {
        /// Destination address of the packet.
        actual: IpAddr,
    },
    /// From an address that is not a configured peer.
    #[error("sent by {actual}, which is not a peer")]
    UnicastSource {
        /// Source address of the packet.
        actual: IpAddr,
    },
    /// TTL or hop limit out of range: sent by somebody farther away.
    #[error("TTL {actual}, expected {expected}")]
    Ttl {
        /// The range that is accepted from this source.
        expected: TtlRange,
        /// TTL or hop limit of the packet.
        actual: u8,
    },
    /// Too short for any message.
    #[error("{actual} octets, but the shortest message has {needed}")]
    Short {
        /// Octets of the shortest message.
        needed: usize,
        /// Octets of the message.
        actual: usize,
    },
    /// Not the configured version.
    #[error("version {actual}, expected {expected}")]
    Version {
        /// The configured version.
        expected: Version,
        /// The version nibble.
        actual: u8,
    },
    /// Not an advertisement.
    #[error("message type {actual}, but only 1 is known")]
    Type {
        /// The type nibble.
        actual: u8,
    },
    /// An authentication type that no RFC knows.
    #[error("unknown authentication type {actual}")]
    AuthTypeUnknown {
        /// The authentication type octet.
        actual: u8,
    },
    /// Not the configured authentication type.
    #[error("authentication type {actual}, expected {expected}")]
    AuthTypeMismatch {
        /// The configured type.
        expected: u8,
        /// The authentication type octet.
        actual: u8,
    },
    /// An Authentication Header is required.
    #[error("no authentication header")]
    AhMissing,
    /// An Authentication Header came that is not configured.
    #[error("an authentication header, which is not configured")]
    AhUnexpected,
    /// Shorter than its count of addresses makes it.
    #[error("{actual} octets, but its count of addresses makes it {expected}")]
    LengthShort {
        /// Octets by the count.
        expected: usize,
        /// Octets of the message.
        actual: usize,
    },
    /// Longer than its count of addresses makes it.
    #[error("{actual} octets, but its count of addresses makes it only {expected}")]
    LengthLong {
        /// Octets by the count.
        expected: usize,
        /// Octets of the message.
        actual: usize,
    },
    /// The authentication trailer.
    #[cfg(feature = "auth-trailer")]
    #[error(transparent)]
    Trailer(TrailerRejection),
    /// Damaged, or summed up by another reading of the RFC.
    #[error("wrong checksum {actual:#06x}")]
    Checksum {
        /// The checksum field.
        actual: u16,
    },
    /// Of another virtual router.
    #[error("VRID {actual}, expected {expected}")]
    Vrid {
        /// The configured VRID.
        expected: Vrid,
        /// The VRID octet.
        actual: u8,
    },
    /// Not the configured password.
    #[error("wrong password")]
    AuthPassword,
    /// The integrity check value is wrong: another key, or damaged.
    #[error("wrong integrity check value in the authentication header")]
    AhIcv,
    /// The security parameters index is not the source address.
    #[error("authentication header with SPI {actual:#010x}, expected {expected:#010x}")]
    AhSpi {
        /// The source address.
        expected: u32,
        /// The index that came.
        actual: u32,
    },
    /// The sequence number is not greater than that of an earlier packet.
    #[error("sequence number {actual} after {last}: a repeated packet")]
    AhReplay {
        /// The greatest number accepted so far.
        last: u32,
        /// The number that came.
        actual: u32,
    },
    /// A VRRPv3 advertisement without addresses.
    #[error("no addresses")]
    CountZero,
    /// A VRRPv2 interval that is not ours.
    #[error("advertisement interval {actual}, expected {expected}")]
    IntervalMismatch {
        /// The configured interval.
        expected: Seconds,
        /// The interval that came.
        actual: Seconds,
    },
    /// A VRRPv3 interval of 0.
    #[error("advertisement interval 0")]
    IntervalZero,
    /// The first IPv6 address is not link-local.
    #[error("first address {actual} is not link-local")]
    FirstAddressNotLinkLocal {
        /// The first address.
        actual: Ipv6Addr,
    },
    /// We own the addresses, so nobody else may advertise them.
    #[error("advertised by another router, though this one owns the addresses")]
    LocalIsOwner,
    /// Other addresses than ours.
    #[error("other virtual addresses than configured")]
    AddressList,
}

impl Rejection {
    /// What to count.
    #[must_use]
    pub const fn counter(&self) -> Counter {
        match self {
            Self::Ip(IpError::Protocol { .. } | IpError::AhNextHeader { .. } | IpError::Version { .. })
            | Self::Family { .. } => Counter::NotForUs,
            Self::Ip(_) | Self::Short { .. } | Self::LengthShort { .. } | Self::LengthLong { .. } => {
                Counter::PacketLength
            }
            Self::Destination { .. } | Self::UnicastSource { .. } => Counter::Endpoints,
            Self::Ttl { .. } => Counter::Ttl,
            Self::Version { .. } => Counter::Version,
            Self::Type { .. } => Counter::Type,
            Self::AuthTypeUnknown { .. } => Counter::AuthTypeUnknown,
            Self::AuthTypeMismatch { .. } | Self::AhMissing | Self::AhUnexpected => Counter::AuthTypeMismatch,
            #[cfg(feature = "auth-trailer")]
            Self::Trailer(rejection) => rejection.counter(),
            Self::Checksum { .. } => Counter::Checksum,
            Self::Vrid { .. } => Counter::Vrid,
            Self::AhLength { .. }
            | Self::AuthPassword
            | Self::AhIcv
            | Self::AhSpi { .. }
            | Self::AhReplay { .. } => Counter::AuthFailure,
            Self::IntervalMismatch { .. } | Self::IntervalZero => Counter::Interval,
            Self::CountZero | Self::FirstAddressNotLinkLocal { .. } | Self::AddressList => {
                Counter::AddressList
            }
            Self::LocalIsOwner => Counter::LocalIsOwner,
        }
    }

    /// This reason as a set of one.
    #[must_use]
    pub const fn failure(&self) -> Failures {
        match self {
            Self::Ip(error) => Failures::of_ip(error),
            Self::Family { .. } => Failures::FAMILY,
            Self::AhLength { .. } => Failures::AH_LENGTH,
            Self::Destination { .. } => Failures::DESTINATION,
            Self::UnicastSource { .. } => Failures::UNICAST_SOURCE,
            Self::Ttl { .. } => Failures::TTL,
            Self::Short { .. } => Failures::SHORT,
            Self::Version { .. } => Failures::VERSION,
            Self::Type { .. } => Failures::TYPE,
            Self::AuthTypeUnknown { .. } => Failures::AUTH_TYPE_UNKNOWN,
            Self::AuthTypeMismatch { .. } => Failures::AUTH_TYPE_MISMATCH,
            Self::AhMissing => Failures::AH_MISSING,
            Self::AhUnexpected => Failures::AH_UNEXPECTED,
            Self::LengthShort { .. } => Failures::LENGTH_SHORT,
            Self::LengthLong { .. } => Failures::LENGTH_LONG,
            #[cfg(feature = "auth-trailer")]
            Self::Trailer(rejection) => rejection.failure(),
            Self::Checksum { .. } => Failures::CHECKSUM,
            Self::Vrid { .. } => Failures::VRID,
            Self::AuthPassword => Failures::AUTH_PASSWORD,
            Self::AhIcv => Failures::AH_ICV,
            Self::AhSpi { .. } => Failures::AH_SPI,
            Self::AhReplay { .. } => Failures::AH_REPLAY,
            Self::CountZero => Failures::COUNT_ZERO,
            Self::IntervalMismatch { .. } => Failures::INTERVAL_MISMATCH,
            Self::IntervalZero => Failures::INTERVAL_ZERO,
            Self::FirstAddressNotLinkLocal { .. } => Failures::FIRST_ADDRESS_NOT_LINK_LOCAL,
            Self::LocalIsOwner => Failures::LOCAL_IS_OWNER,
            Self::AddressList => Failures::ADDRESS_LIST,
        }
    }

    /// Whether nothing after the failed check can be read.
    pub(super) const fn ends_decoding(&self) -> bool {
        Failures::END_OF_DECODING.contains(self.failure())
    }
}

bitflags! {
    /// All checks that failed, in the order in which they are made.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct Failures: u64 {
        /// [`IpError::Short`].
        const IP_SHORT = 1 << 0;
        /// [`IpError::Version`].
        const IP_VERSION = 1 << 1;
        /// [`IpError::HeaderLength`].
        const IP_HEADER_LENGTH = 1 << 2;
        /// [`IpError::TotalLength`].
        const IP_TOTAL_LENGTH = 1 << 3;
        /// [`IpError::HeaderChecksum`].
        const IP_HEADER_CHECKSUM = 1 << 4;
        /// [`IpError::Fragment`].
        const IP_FRAGMENT = 1 << 5;
        /// [`IpError::ExtensionHeaders`].
        const IP6_EXT_TRUNCATED = 1 << 6;
        /// [`Rejection::Family`].
        const FAMILY = 1 << 7;
        /// [`IpError::AhShort`].
        const AH_SHORT = 1 << 8;
        /// [`IpError::AhNextHeader`].
        const AH_NEXT_HEADER = 1 << 9;
        /// [`Rejection::AhLength`].
        const AH_LENGTH = 1 << 10;
        /// [`IpError::Protocol`].
        const PROTOCOL = 1 << 11;
        /// [`Rejection::Destination`].
        const DESTINATION = 1 << 12;
        /// [`Rejection::UnicastSource`].
        const UNICAST_SOURCE = 1 << 13;
        /// [`Rejection::Ttl`].
        const TTL = 1 << 14;
        /// [`Rejection::Short`].
        const SHORT = 1 << 15;
        /// [`Rejection::Version`].
        const VERSION = 1 << 16;
        /// [`Rejection::Type`].
        const TYPE = 1 << 17;
        /// [`Rejection::AuthTypeUnknown`].
        const AUTH_TYPE_UNKNOWN = 1 << 18;
        /// [`Rejection::AuthTypeMismatch`].
        const AUTH_TYPE_MISMATCH = 1 << 19;
        /// [`Rejection::AhMissing`].
        const AH_MISSING = 1 << 20;
        /// [`Rejection::AhUnexpected`].
        const AH_UNEXPECTED = 1 << 21;
        /// [`Rejection::LengthShort`].
        const LENGTH_SHORT = 1 << 22;
        /// [`Rejection::LengthLong`].
        const LENGTH_LONG = 1 << 23;
        /// `TrailerRejection::Missing` (feature `auth-trailer`, as the next five).
        const TRAILER_MISSING = 1 << 36;
        /// `TrailerRejection::Malformed`.
        const TRAILER_MALFORMED = 1 << 37;
        /// `TrailerRejection::Stale`.
        const TRAILER_STALE = 1 << 38;
        /// `TrailerRejection::UnknownKey`.
        const TRAILER_UNKNOWN_KEY = 1 << 39;
        /// `TrailerRejection::Digest`.
        const TRAILER_DIGEST = 1 << 40;
        /// `TrailerRejection::Replay`.
        const TRAILER_REPLAY = 1 << 41;
        /// [`Rejection::Checksum`].
        const CHECKSUM = 1 << 24;
        /// [`Rejection::Vrid`].
        const VRID = 1 << 25;
        /// [`Rejection::AuthPassword`].
        const AUTH_PASSWORD = 1 << 26;
        /// [`Rejection::AhIcv`].
        const AH_ICV = 1 << 27;
        /// [`Rejection::AhSpi`].
        const AH_SPI = 1 << 28;
        /// [`Rejection::AhReplay`].
        const AH_REPLAY = 1 << 29;
        /// [`Rejection::CountZero`].
        const COUNT_ZERO = 1 << 30;
        /// [`Rejection::IntervalMismatch`].
        const INTERVAL_MISMATCH = 1 << 31;
        /// [`Rejection::IntervalZero`].
        const INTERVAL_ZERO = 1 << 32;
        /// [`Rejection::FirstAddressNotLinkLocal`].
        const FIRST_ADDRESS_NOT_LINK_LOCAL = 1 << 33;
        /// [`Rejection::LocalIsOwner`].
        const LOCAL_IS_OWNER = 1 << 34;
        /// [`Rejection::AddressList`].
        const ADDRESS_LIST = 1 << 35;
    }
}

impl Failures {
    /// Failures after which the rest of the packet has no meaning.
    const END_OF_DECODING: Self = Self::AH_SHORT
        .union(Self::AH_NEXT_HEADER)
        .union(Self::FAMILY.union(Self::PROTOCOL).union(Self::SHORT).union(Self::VERSION));

    const fn of_ip(error: &IpError) -> Self {
        match error {
            IpError::Short { .. } => Self::IP_SHORT,
            IpError::Version { .. } => Self::IP_VERSION,
            IpError::HeaderLength { .. } => Self::IP_HEADER_LENGTH,
            IpError::TotalLength { .. } => Self::IP_TOTAL_LENGTH,
            IpError::HeaderChecksum => Self::IP_HEADER_CHECKSUM,
            IpError::Fragment => Self::IP_FRAGMENT,
            IpError::ExtensionHeaders => Self::IP6_EXT_TRUNCATED,
            IpError::AhShort { .. } => Self::AH_SHORT,
            IpError::AhNextHeader { .. } => Self::AH_NEXT_HEADER,
            IpError::Protocol { .. } => Self::PROTOCOL,
        }
    }
}

impl fmt::Display for Failures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_names(f, self.iter_names().map(|(name, _)| name))
    }
}
