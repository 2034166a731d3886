//! Priorities: those of an advertisement, and those of a router.
//!
//! The wire knows one value more: 0, which says that the sender leaves. A router that had it would tell every Backup
//! with each advertisement to take over, so that the configured priority has a type of its own.

use core::fmt;
use core::num::NonZeroU8;
use core::str::FromStr;

use crate::value_error::{ValueError, number};

/// A priority as sent, 0 to 255 (RFC 9568 §5.2.4). The greatest one serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Priority(u8);

impl Priority {
    /// 0: "I am leaving, take over at once". No router has it: see [`RouterPriority`].
    pub const STOP: Self = Self(0);
    /// 100: the default of a router.
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

impl From<RouterPriority> for Priority {
    fn from(priority: RouterPriority) -> Self {
        Self(priority.get())
    }
}

/// A priority that a virtual router has, 1 to 255 (RFC 9568 §6.1, `Priority`): configured, or made of that by
/// tracking.
///
/// ```
/// use vrrp_proto::{Priority, RouterPriority, ValueError};
///
/// let priority: RouterPriority = "150".parse()?;
/// assert!(Priority::from(priority) > Priority::DEFAULT);
/// assert_eq!(RouterPriority::new(0), Err(ValueError::Priority));
/// # Ok::<(), ValueError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RouterPriority(NonZeroU8);

impl RouterPriority {
    /// 1: the least.
    pub const MIN: Self = Self(NonZeroU8::MIN);
    /// 100: the default of a router.
    pub const DEFAULT: Self = Self(NonZeroU8::MIN.saturating_add(99));
    /// 255: the router that owns the virtual addresses.
    pub const OWNER: Self = Self(NonZeroU8::MAX);

    /// The priority with this number.
    ///
    /// # Errors
    /// [`ValueError::Priority`] for 0.
    pub const fn new(priority: u8) -> Result<Self, ValueError> {
        match NonZeroU8::new(priority) {
            Some(priority) => Ok(Self(priority)),
            None => Err(ValueError::Priority),
        }
    }

    /// The number, 1 to 255.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0.get()
    }

    /// Whether this is the address owner's 255.
    #[must_use]
    pub const fn is_owner(self) -> bool {
        self.get() == 255
    }

    /// This priority with `weight` added. The owner stays the owner; nobody else becomes 0 or 255 by arithmetic
    /// (RFC 9568 §5.2.4).
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the number is within the bounds just checked"
    )]
    pub const fn weighted(self, weight: i64) -> Self {
        if self.is_owner() {
            return self;
        }
        let sum = (self.get() as i64).saturating_add(weight);
        let clamped = if sum < 1 {
            1
        } else if sum > 254 {
            254
        } else {
            sum as u8
        };
        match NonZeroU8::new(clamped) {
            Some(priority) => Self(priority),
            None => Self::MIN,
        }
    }
}

impl Default for RouterPriority {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl fmt::Display for RouterPriority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl TryFrom<u8> for RouterPriority {
    type Error = ValueError;

    fn try_from(priority: u8) -> Result<Self, ValueError> {
        Self::new(priority)
    }
}

impl TryFrom<Priority> for RouterPriority {
    type Error = ValueError;

    fn try_from(priority: Priority) -> Result<Self, ValueError> {
        Self::new(priority.get())
    }
}

impl From<RouterPriority> for u8 {
    fn from(priority: RouterPriority) -> Self {
        priority.get()
    }
}

impl FromStr for RouterPriority {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        Self::new(number(text, ValueError::Priority)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prio(number: u8) -> RouterPriority {
        RouterPriority::new(number).unwrap()
    }

    #[test]
    fn a_router_has_a_priority_from_1_to_255() {
        assert_eq!(RouterPriority::new(0), Err(ValueError::Priority));
        assert_eq!(RouterPriority::try_from(Priority::STOP), Err(ValueError::Priority));
        assert_eq!("300".parse::<RouterPriority>(), Err(ValueError::Priority));
        assert_eq!("-1".parse::<RouterPriority>(), Err(ValueError::NotANumber));
        assert_eq!(RouterPriority::default(), prio(100));
        assert_eq!(u8::from(RouterPriority::MIN), 1);
        assert!(RouterPriority::OWNER.is_owner() && !prio(254).is_owner());
    }

    #[test]
    fn a_weight_makes_neither_0_nor_255_and_leaves_the_owner_alone() {
        assert_eq!(prio(100).weighted(20), prio(120));
        assert_eq!(prio(100).weighted(-20), prio(80));
        assert_eq!(prio(250).weighted(20), prio(254));
        assert_eq!(prio(254).weighted(i64::MAX), prio(254));
        assert_eq!(prio(10).weighted(-10), prio(1));
        assert_eq!(prio(10).weighted(i64::MIN), prio(1));
        assert_eq!(RouterPriority::OWNER.weighted(-254), RouterPriority::OWNER);
    }
}
