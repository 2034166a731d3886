//! VRRPv2 authentication as the message shows it (RFC 2338 §5.3.6; withdrawn by RFC 3768 and VRRPv3).

use core::fmt;
use core::hint::black_box;

/// A password or key: 8 octets, shorter ones filled with zeros, longer ones cut, as keepalived does.
///
/// Comparing takes the same time for every content, and `Debug` does not show it.
#[derive(Clone, Copy)]
pub struct AuthKey([u8; 8]);

impl AuthKey {
    /// The key made of the first 8 octets of `secret`, filled with zeros.
    ///
    /// ```
    /// use vrrp_proto::AuthKey;
    ///
    /// assert_eq!(AuthKey::new(b"secret").octets(), b"secret\0\0");
    /// assert_eq!(AuthKey::new(b"much too long"), AuthKey::new(b"much too"));
    /// ```
    #[must_use]
    pub fn new(secret: &[u8]) -> Self {
        let mut octets = [0; 8];
        for (slot, octet) in octets.iter_mut().zip(secret) {
            *slot = *octet;
        }
        Self(octets)
    }

    /// The 8 octets as sent.
    #[must_use]
    pub const fn octets(&self) -> &[u8; 8] {
        &self.0
    }
}

impl From<[u8; 8]> for AuthKey {
    fn from(octets: [u8; 8]) -> Self {
        Self(octets)
    }
}

impl PartialEq for AuthKey {
    #[inline(always)]
    fn eq(&self, other: &Self) -> bool {
        // One comparison of 64 bits. `black_box` keeps the compiler from comparing piece by piece.
        black_box(u64::from_ne_bytes(self.0) ^ u64::from_ne_bytes(other.0)) == 0
    }
}

impl Eq for AuthKey {}

impl fmt::Debug for AuthKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuthKey(********)")
    }
}

/// The authentication type and data of a VRRPv2 message (RFC 2338 §5.3.6, §5.3.10).
///
/// The 8 octets of data are in every VRRPv2 message; unless the type is a password they are sent as zeros
/// and ignored on receipt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum AuthData {
    /// Type 0: none. The only one of RFC 3768, and that of VRRPv3.
    #[default]
    None,
    /// Type 1: a password in clear text.
    Password(AuthKey),
    /// Type 2: an Authentication Header stands between the IP header and the message.
    Ah,
}

impl AuthData {
    /// The number on the wire: 0, 1 or 2.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Password(_) => 1,
            Self::Ah => 2,
        }
    }

    /// The 8 octets at the end of the message.
    pub(crate) const fn data(self) -> [u8; 8] {
        match self {
            Self::Password(AuthKey(octets)) => octets,
            Self::None | Self::Ah => [0; 8],
        }
    }

    /// The authentication of type `number` with `data`; `None` for a type that no RFC knows.
    pub(crate) const fn read(number: u8, data: [u8; 8]) -> Option<Self> {
        match number {
            0 => Some(Self::None),
            1 => Some(Self::Password(AuthKey(data))),
            2 => Some(Self::Ah),
            _ => None,
        }
    }
}

impl fmt::Display for AuthData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "no authentication",
            Self::Password(_) => "password",
            Self::Ah => "authentication header",
        })
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::format;

    use super::*;

    #[test]
    fn a_key_compares_all_eight_octets() {
        for i in 0..8 {
            let mut octets = *b"12345678";
            *octets.get_mut(i).unwrap() ^= 1;
            assert_ne!(AuthKey::from(octets), AuthKey::new(b"12345678"));
        }
    }

    #[test]
    fn debug_output_does_not_leak_the_password() {
        let shown = format!("{:?}", AuthData::Password(AuthKey::new(b"secret")));
        assert_eq!(shown, "Password(AuthKey(********))");
    }
}
