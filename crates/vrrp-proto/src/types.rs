//! The nouns of VRRP: version, VRID, priority and the two kinds of advertisement interval.
//!
//! A bare integer does not leave the function that read it from the wire: VRRPv2 counts its interval in
//! seconds, VRRPv3 in centiseconds, and both become a [`Duration`] by one method.

use core::fmt;
use core::num::NonZeroU8;
use core::time::Duration;

/// The protocol version: the high nibble of the first octet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// VRRPv2 (RFC 3768, RFC 2338): IPv4 only, whole seconds, optional authentication.
    V2,
    /// VRRPv3 (RFC 9568, RFC 5798): IPv4 and IPv6, centiseconds, no authentication.
    V3,
}

impl Version {
    /// The number on the wire: 2 or 3.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::V2 => 2,
            Self::V3 => 3,
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VRRPv{}", self.number())
    }
}

/// The address family of a virtual router: that of the IP packet which carries its advertisements.
///
/// An IPv4 and an IPv6 virtual router with the same VRID are independent (RFC 9568 §1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// IPv4: 4-octet addresses, group 224.0.0.18.
    Ipv4,
    /// IPv6: 16-octet addresses, group ff02::12.
    Ipv6,
}

impl Family {
    /// The family an address belongs to.
    #[must_use]
    pub const fn of(address: core::net::IpAddr) -> Self {
        match address {
            core::net::IpAddr::V4(_) => Self::Ipv4,
            core::net::IpAddr::V6(_) => Self::Ipv6,
        }
    }

    /// Octets of one address: 4 or 16.
    #[must_use]
    pub const fn address_len(self) -> usize {
        match self {
            Self::Ipv4 => 4,
            Self::Ipv6 => 16,
        }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ipv4 => "IPv4",
            Self::Ipv6 => "IPv6",
        })
    }
}

/// A virtual router identifier, 1 to 255 (RFC 9568 §5.2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Vrid(NonZeroU8);

impl Vrid {
    /// The VRID with this number; `None` for 0, which no router may use.
    #[must_use]
    pub const fn new(number: u8) -> Option<Self> {
        match NonZeroU8::new(number) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }

    /// The number, 1 to 255.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0.get()
    }
}

impl fmt::Display for Vrid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A priority as sent, 0 to 255 (RFC 9568 §5.2.4). The greatest one serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Priority(u8);

impl Priority {
    /// 0: "I am leaving, take over at once". Never a configured priority.
    pub const STOP: Self = Self(0);
    /// 100: what a router has that was told nothing else.
    pub const DEFAULT: Self = Self(100);
    /// 255: the router that owns the virtual addresses.
    pub const OWNER: Self = Self(255);

    /// Any octet is a priority on the wire.
    #[must_use]
    pub const fn new(priority: u8) -> Self {
        Self(priority)
    }

    /// The number, 0 to 255.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }

    /// Whether this is the address owner's 255.
    #[must_use]
    pub const fn is_owner(self) -> bool {
        self.0 == 255
    }

    /// Whether this is the 0 of a router that leaves.
    #[must_use]
    pub const fn is_stop(self) -> bool {
        self.0 == 0
    }
}

impl Default for Priority {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A VRRPv2 advertisement interval in whole seconds (RFC 3768 §5.3.7).
///
/// 0 can be read from the wire; it equals no configured interval, so such a packet is rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seconds(pub u8);

impl Seconds {
    /// The interval as time.
    #[must_use]
    pub const fn duration(self) -> Duration {
        Duration::from_secs(self.0 as u64)
    }
}

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} s", self.0)
    }
}

/// A VRRPv3 advertisement interval in centiseconds, 12 bits: 0 to 4095 (RFC 9568 §5.2.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Centiseconds(u16);

impl Centiseconds {
    /// The greatest value of the 12-bit field: 40.95 s.
    pub const MAX: Self = Self(4095);

    /// The interval of this many centiseconds; `None` above 4095.
    #[must_use]
    pub const fn new(centiseconds: u16) -> Option<Self> {
        if centiseconds <= Self::MAX.0 { Some(Self(centiseconds)) } else { None }
    }

    /// The number, 0 to 4095.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }

    /// The interval as time.
    #[must_use]
    pub const fn duration(self) -> Duration {
        Duration::from_millis(self.0 as u64 * 10)
    }

    pub(crate) const ZERO: Self = Self(0);

    /// The low 12 bits of the field that holds the reserved bits and the interval.
    pub(crate) const fn from_field(field: u16) -> Self {
        Self(field & 0x0fff)
    }
}

impl fmt::Display for Centiseconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02} s", self.0 / 100, self.0 % 100)
    }
}

/// The interval that an advertisement announces, in the unit of its version.
///
/// ```
/// use core::time::Duration;
/// use vrrp_proto::{AdvertInterval, Centiseconds, Seconds};
///
/// assert_eq!(AdvertInterval::V2(Seconds(1)).duration(), Duration::from_secs(1));
/// let short = Centiseconds::new(5).ok_or("above 4095")?;
/// assert_eq!(AdvertInterval::V3(short).duration(), Duration::from_millis(50));
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AdvertInterval {
    /// VRRPv2: seconds.
    V2(Seconds),
    /// VRRPv3: centiseconds.
    V3(Centiseconds),
}

impl AdvertInterval {
    /// The interval as time.
    #[must_use]
    pub const fn duration(self) -> Duration {
        match self {
            Self::V2(seconds) => seconds.duration(),
            Self::V3(centiseconds) => centiseconds.duration(),
        }
    }

    /// The version whose unit this is.
    #[must_use]
    pub const fn version(self) -> Version {
        match self {
            Self::V2(_) => Version::V2,
            Self::V3(_) => Version::V3,
        }
    }

    /// The interval of `version` nearest to `duration`, within what the version can say:
    /// 1 to 255 s for v2, 0.01 to 40.95 s for v3.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "both are within the bounds just checked")]
    pub const fn nearest(version: Version, duration: Duration) -> Self {
        let millis = duration.as_millis();
        match version {
            Version::V2 => {
                let seconds = (millis + 500) / 1000;
                Self::V2(Seconds(if seconds < 1 {
                    1
                } else if seconds > 255 {
                    255
                } else {
                    seconds as u8
                }))
            }
            Version::V3 => {
                let centis = (millis + 5) / 10;
                Self::V3(Centiseconds(if centis < 1 {
                    1
                } else if centis > 4095 {
                    4095
                } else {
                    centis as u16
                }))
            }
        }
    }
}

impl fmt::Display for AdvertInterval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::V2(seconds) => seconds.fmt(f),
            Self::V3(centiseconds) => centiseconds.fmt(f),
        }
    }
}
