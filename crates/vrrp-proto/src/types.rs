//! The nouns of VRRP that both the wire and a configuration know: version, family, VRID.

use core::fmt;
use core::num::NonZeroU8;
use core::str::FromStr;

use crate::value_error::{ValueError, number};

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
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
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
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Vrid(NonZeroU8);

impl Vrid {
    /// 1: the least.
    pub const MIN: Self = Self(NonZeroU8::MIN);

    /// The VRID with this number.
    ///
    /// # Errors
    /// [`ValueError::Vrid`] for 0, which no router may use.
    pub const fn new(number: u8) -> Result<Self, ValueError> {
        match NonZeroU8::new(number) {
            Some(number) => Ok(Self(number)),
            None => Err(ValueError::Vrid),
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

impl TryFrom<u8> for Vrid {
    type Error = ValueError;

    fn try_from(number: u8) -> Result<Self, ValueError> {
        Self::new(number)
    }
}

impl From<Vrid> for u8 {
    fn from(vrid: Vrid) -> Self {
        vrid.get()
    }
}

impl FromStr for Vrid {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        Self::new(number(text, ValueError::Vrid)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vrid_is_1_to_255() {
        assert_eq!(Vrid::new(0), Err(ValueError::Vrid));
        assert_eq!(Vrid::try_from(255).map(u8::from), Ok(255));
        assert_eq!("51".parse::<Vrid>().map(Vrid::get), Ok(51));
        assert_eq!("256".parse::<Vrid>(), Err(ValueError::Vrid));
        assert_eq!("0".parse::<Vrid>(), Err(ValueError::Vrid));
        assert_eq!("x".parse::<Vrid>(), Err(ValueError::NotANumber));
        assert_eq!("".parse::<Vrid>(), Err(ValueError::NotANumber));
    }
}
