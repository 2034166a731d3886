//! Why a number or a text is not a value of VRRP.

use core::time::Duration;

/// Why a number or a text is not a VRID, a priority or an interval of a router.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ValueError {
    /// No virtual router has this VRID (RFC 9568 §5.2.3).
    #[error("a VRID is a number from 1 to 255")]
    Vrid,
    /// No virtual router has this priority (RFC 9568 §5.2.4).
    #[error("the priority of a router is a number from 1 to 255")]
    Priority,
    /// Nobody can advertise without a pause (RFC 9568 erratum 8301).
    #[error("an advertisement interval cannot be 0")]
    IntervalZero,
    /// The field for the interval does not hold it.
    #[error("an advertisement interval of this version is {longest:?} at most")]
    IntervalTooLong {
        /// The longest that the version can say.
        longest: Duration,
    },
    /// The version has no such fine interval.
    #[error("an advertisement interval of this version is a multiple of {unit:?}")]
    IntervalFraction {
        /// The shortest that the version can say.
        unit: Duration,
    },
    /// A text that is not a number without sign.
    #[error("not a number")]
    NotANumber,
}

/// The number that `text` is; digits that do not fit are `too_great`.
pub(crate) fn number<T: TryFrom<u64>>(text: &str, too_great: ValueError) -> Result<T, ValueError> {
    if text.is_empty() || !text.bytes().all(|octet| octet.is_ascii_digit()) {
        return Err(ValueError::NotANumber);
    }
    text.parse::<u64>().ok().and_then(|number| T::try_from(number).ok()).ok_or(too_great)
}
