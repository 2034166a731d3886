//! Advertisement intervals: those of an advertisement, and those of a router.
//!
//! A bare integer does not leave the function that read it from the wire: VRRPv2 counts its interval in
//! seconds, VRRPv3 in centiseconds, and both become a [`Duration`] by one method.
//!
//! The wire knows one value more: 0. A router that had it would flood the link, and its peers would reject what it
//! sends, so that the configured interval has a type of its own.

use core::fmt;
use core::str::FromStr;
use core::time::Duration;

use crate::types::Version;
use crate::value_error::{ValueError, number};

/// A VRRPv2 advertisement interval in whole seconds (RFC 3768 §5.3.7).
///
/// 0 can be read from the wire; it equals no configured interval, so such a packet is rejected. A router's own interval
/// is a [`RouterInterval`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
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
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "u16", into = "u16")
)]
pub struct Centiseconds(u16);

impl Centiseconds {
    /// The greatest value of the 12-bit field: 40.95 s.
    pub const MAX: Self = Self(4095);

    /// The interval of this many centiseconds.
    ///
    /// # Errors
    /// [`ValueError::IntervalTooLong`] above 4095.
    pub const fn new(centiseconds: u16) -> Result<Self, ValueError> {
        if centiseconds <= Self::MAX.0 { Ok(Self(centiseconds)) } else { Err(TOO_LONG_FOR_V3) }
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
/// let short = Centiseconds::new(5)?;
/// assert_eq!(AdvertInterval::V3(short).duration(), Duration::from_millis(50));
/// # Ok::<(), vrrp_proto::ValueError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
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

    /// Whether this is 0, which only the wire knows.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        matches!(self, Self::V2(Seconds(0)) | Self::V3(Centiseconds::ZERO))
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

impl From<RouterInterval> for AdvertInterval {
    #[inline(always)]
    fn from(interval: RouterInterval) -> Self {
        interval.0
    }
}

/// An advertisement interval that a virtual router has (RFC 9568 §6.1, `Advertisement_Interval`): 1 to 255 s in
/// VRRPv2, 0.01 to 40.95 s in VRRPv3.
///
/// ```
/// use core::time::Duration;
/// use vrrp_proto::{RouterInterval, ValueError, Version};
///
/// let second = RouterInterval::exact(Version::V2, Duration::from_secs(1))?;
/// assert_eq!(second, RouterInterval::seconds(1)?);
/// assert_eq!(RouterInterval::centiseconds(5)?.duration(), Duration::from_millis(50));
/// assert_eq!(RouterInterval::seconds(0), Err(ValueError::IntervalZero));
/// # Ok::<(), ValueError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "AdvertInterval", into = "AdvertInterval")
)]
pub struct RouterInterval(AdvertInterval);

impl RouterInterval {
    /// A VRRPv2 interval of this many seconds.
    ///
    /// # Errors
    /// [`ValueError::IntervalZero`] for 0.
    pub const fn seconds(seconds: u8) -> Result<Self, ValueError> {
        Self::new(AdvertInterval::V2(Seconds(seconds)))
    }

    /// A VRRPv3 interval of this many centiseconds.
    ///
    /// # Errors
    /// [`ValueError::IntervalZero`] for 0, [`ValueError::IntervalTooLong`] above 4095.
    pub const fn centiseconds(centiseconds: u16) -> Result<Self, ValueError> {
        match Centiseconds::new(centiseconds) {
            Ok(centiseconds) => Self::new(AdvertInterval::V3(centiseconds)),
            Err(error) => Err(error),
        }
    }

    /// The interval of an advertisement, as that of a router.
    ///
    /// # Errors
    /// [`ValueError::IntervalZero`] for 0.
    pub const fn new(interval: AdvertInterval) -> Result<Self, ValueError> {
        if interval.is_zero() { Err(ValueError::IntervalZero) } else { Ok(Self(interval)) }
    }

    /// The interval of `version` that is exactly this long.
    ///
    /// # Errors
    /// [`ValueError::IntervalZero`], [`ValueError::IntervalTooLong`] or [`ValueError::IntervalFraction`].
    pub const fn exact(version: Version, duration: Duration) -> Result<Self, ValueError> {
        let nearest = Self::nearest(version, duration);
        let (unit, too_long) = match version {
            Version::V2 => (Duration::from_secs(1), TOO_LONG_FOR_V2),
            Version::V3 => (Duration::from_millis(10), TOO_LONG_FOR_V3),
        };
        let (wanted, given) = (duration.as_nanos(), nearest.duration().as_nanos());
        if wanted == 0 {
            Err(ValueError::IntervalZero)
        } else if wanted == given {
            Ok(nearest)
        } else if wanted > nearest.longest() {
            Err(too_long)
        } else {
            Err(ValueError::IntervalFraction { unit })
        }
    }

    /// The interval of `version` nearest to `duration`, within what the version can say; a half is rounded up.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "both are within the bounds just checked")]
    pub const fn nearest(version: Version, duration: Duration) -> Self {
        let millis = duration.as_millis();
        Self(match version {
            Version::V2 => {
                let seconds = (millis + 500) / 1000;
                AdvertInterval::V2(Seconds(if seconds < 1 {
                    1
                } else if seconds > 255 {
                    255
                } else {
                    seconds as u8
                }))
            }
            Version::V3 => {
                let centis = (millis + 5) / 10;
                AdvertInterval::V3(Centiseconds(if centis < 1 {
                    1
                } else if centis > 4095 {
                    4095
                } else {
                    centis as u16
                }))
            }
        })
    }

    /// The interval as time, never zero.
    #[must_use]
    pub const fn duration(self) -> Duration {
        self.0.duration()
    }

    /// The version whose unit this is.
    #[must_use]
    #[inline(always)]
    pub const fn version(self) -> Version {
        self.0.version()
    }

    /// In nanoseconds.
    const fn longest(self) -> u128 {
        match self.version() {
            Version::V2 => LONGEST_V2.as_nanos(),
            Version::V3 => LONGEST_V3.as_nanos(),
        }
    }
}

impl fmt::Display for RouterInterval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl TryFrom<AdvertInterval> for RouterInterval {
    type Error = ValueError;

    fn try_from(interval: AdvertInterval) -> Result<Self, ValueError> {
        Self::new(interval)
    }
}

impl From<RouterInterval> for Duration {
    fn from(interval: RouterInterval) -> Self {
        interval.duration()
    }
}

impl TryFrom<u16> for Centiseconds {
    type Error = ValueError;

    fn try_from(centiseconds: u16) -> Result<Self, ValueError> {
        Self::new(centiseconds)
    }
}

impl From<Centiseconds> for u16 {
    fn from(centiseconds: Centiseconds) -> Self {
        centiseconds.get()
    }
}

/// A number of seconds.
impl FromStr for Seconds {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        number(text, TOO_LONG_FOR_V2).map(Self)
    }
}

/// A number of centiseconds.
impl FromStr for Centiseconds {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        Self::new(number(text, TOO_LONG_FOR_V3)?)
    }
}

const LONGEST_V2: Duration = Seconds(u8::MAX).duration();
const LONGEST_V3: Duration = Centiseconds::MAX.duration();
const TOO_LONG_FOR_V2: ValueError = ValueError::IntervalTooLong { longest: LONGEST_V2 };
const TOO_LONG_FOR_V3: ValueError = ValueError::IntervalTooLong { longest: LONGEST_V3 };

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_field_of_version_3_holds_4095_centiseconds() {
        assert_eq!(Centiseconds::new(4095), Ok(Centiseconds::MAX));
        assert_eq!(Centiseconds::new(4096), Err(TOO_LONG_FOR_V3));
        assert_eq!("4095".parse::<Centiseconds>(), Ok(Centiseconds::MAX));
        assert_eq!("4096".parse::<Centiseconds>(), Err(TOO_LONG_FOR_V3));
        assert_eq!("256".parse::<Seconds>(), Err(TOO_LONG_FOR_V2));
        assert_eq!("1.5".parse::<Seconds>(), Err(ValueError::NotANumber));
    }

    #[test]
    fn an_interval_is_shown_in_seconds() {
        extern crate std;
        assert_eq!(std::format!("{}", RouterInterval::seconds(3).unwrap()), "3 s");
        assert_eq!(std::format!("{}", RouterInterval::centiseconds(205).unwrap()), "2.05 s");
    }

    #[test]
    fn a_router_never_has_an_interval_of_0() {
        assert_eq!(RouterInterval::seconds(0), Err(ValueError::IntervalZero));
        assert_eq!(RouterInterval::centiseconds(0), Err(ValueError::IntervalZero));
        assert_eq!(RouterInterval::exact(Version::V3, Duration::ZERO), Err(ValueError::IntervalZero));
        assert_eq!(RouterInterval::nearest(Version::V2, Duration::ZERO).duration(), Duration::from_secs(1));
        assert_eq!(
            RouterInterval::nearest(Version::V3, Duration::ZERO).duration(),
            Duration::from_millis(10)
        );
    }

    #[test]
    fn the_nearest_interval_is_rounded_and_bounded() {
        let nearest = |version, millis| {
            RouterInterval::nearest(version, Duration::from_millis(millis)).duration().as_millis()
        };
        assert_eq!(nearest(Version::V2, 1_499), 1_000);
        assert_eq!(nearest(Version::V2, 1_500), 2_000);
        assert_eq!(nearest(Version::V2, 254_499), 254_000);
        assert_eq!(nearest(Version::V2, 3_600_000), 255_000);
        assert_eq!(nearest(Version::V3, 14), 10);
        assert_eq!(nearest(Version::V3, 15), 20);
        assert_eq!(nearest(Version::V3, 40_944), 40_940);
        assert_eq!(nearest(Version::V3, 3_600_000), 40_950);
    }

    #[test]
    fn an_exact_interval_is_neither_rounded_nor_cut() {
        let exact = |version, millis| RouterInterval::exact(version, Duration::from_millis(millis));
        assert_eq!(exact(Version::V2, 255_000), RouterInterval::seconds(255));
        assert_eq!(exact(Version::V2, 256_000), Err(TOO_LONG_FOR_V2));
        assert_eq!(
            exact(Version::V2, 1_500),
            Err(ValueError::IntervalFraction { unit: Duration::from_secs(1) })
        );
        assert_eq!(exact(Version::V3, 40_950), RouterInterval::centiseconds(4095));
        assert_eq!(exact(Version::V3, 40_955), Err(TOO_LONG_FOR_V3));
        assert_eq!(
            exact(Version::V3, 15),
            Err(ValueError::IntervalFraction { unit: Duration::from_millis(10) })
        );
        let odd = RouterInterval::exact(Version::V3, Duration::from_nanos(10_000_001));
        assert_eq!(odd, Err(ValueError::IntervalFraction { unit: Duration::from_millis(10) }));
    }
}
