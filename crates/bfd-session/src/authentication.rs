//! The authentication section (RFC 5880 §4.2 to §4.4): recognised, never verified.
//!
//! Sessions of this crate use no authentication, so a packet that carries a section is discarded (§6.8.6: the A bit is
//! set and `bfd.AuthType` is zero). It is read all the same, so that a log can say what the other system uses.

/// An authentication section that has the form that its type asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Authentication<'a> {
    /// Simple password (1).
    Password {
        /// Which of several.
        key_id: u8,
        /// 1 to 16 octets.
        password: &'a [u8],
    },
    /// Keyed MD5 (2), or meticulous keyed MD5 (3).
    Md5 {
        /// The sequence number rises with each packet.
        meticulous: bool,
        /// Which key.
        key_id: u8,
        /// Sequence number.
        sequence: u32,
        /// The digest.
        digest: &'a [u8; 16],
    },
    /// Keyed SHA1 (4), or meticulous keyed SHA1 (5).
    Sha1 {
        /// The sequence number rises with each packet.
        meticulous: bool,
        /// Which key.
        key_id: u8,
        /// Sequence number.
        sequence: u32,
        /// The hash.
        hash: &'a [u8; 20],
    },
}

/// Why a section has not the form of its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum AuthenticationError {
    /// The packet ends within it.
    #[error("the packet has room for {available} of its {length} octets")]
    Truncated {
        /// Its length field, or what the least section needs.
        length: usize,
        /// Octets that are there.
        available: usize,
    },
    /// No type of RFC 5880.
    #[error("type {0} is not known")]
    Type(u8),
    /// A length that this type does not have.
    #[error("a section of type {kind} cannot have {length} octets")]
    Length {
        /// Type.
        kind: u8,
        /// Length.
        length: u8,
    },
}

impl<'a> Authentication<'a> {
    /// Reads the section at the start of `octets`, which end where the packet ends.
    ///
    /// # Errors
    /// The section ends beyond the packet, its type is not known, its length is not that of its type.
    pub fn parse(octets: &'a [u8]) -> Result<Self, AuthenticationError> {
        let available = octets.len();
        let [kind, length, ..] = *octets else {
            return Err(AuthenticationError::Truncated { length: 2, available });
        };
        let Some(section) = octets.get(..length.into()) else {
            return Err(AuthenticationError::Truncated { length: length.into(), available });
        };
        let wrong = AuthenticationError::Length { kind, length };
        match (kind, section) {
            (1, [_, _, key_id, password @ ..]) if (1..=16).contains(&password.len()) => {
                Ok(Self::Password { key_id: *key_id, password })
            }
            (2 | 3, [_, _, key_id, _reserved, s0, s1, s2, s3, digest @ ..]) => Ok(Self::Md5 {
                meticulous: kind == 3,
                key_id: *key_id,
                sequence: u32::from_be_bytes([*s0, *s1, *s2, *s3]),
                digest: digest.try_into().map_err(|_| wrong)?,
            }),
            (4 | 5, [_, _, key_id, _reserved, s0, s1, s2, s3, hash @ ..]) => Ok(Self::Sha1 {
                meticulous: kind == 5,
                key_id: *key_id,
                sequence: u32::from_be_bytes([*s0, *s1, *s2, *s3]),
                hash: hash.try_into().map_err(|_| wrong)?,
            }),
            (1..=5, _) => Err(wrong),
            _ => Err(AuthenticationError::Type(kind)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_has_1_to_16_octets() {
        assert_eq!(
            Authentication::parse(b"\x01\x09\x07secret"),
            Ok(Authentication::Password { key_id: 7, password: b"secret" })
        );
        let empty = AuthenticationError::Length { kind: 1, length: 3 };
        assert_eq!(Authentication::parse(&[1, 3, 7]), Err(empty));
        let mut long = [0; 20];
        (long[0], long[1]) = (1, 20);
        assert_eq!(Authentication::parse(&long), Err(AuthenticationError::Length { kind: 1, length: 20 }));
    }

    #[test]
    fn digests_have_the_length_of_their_type() {
        let mut octets = [0; 28];
        octets[..8].copy_from_slice(&[3, 24, 5, 0, 0, 0, 1, 2]);
        assert_eq!(
            Authentication::parse(&octets),
            Ok(Authentication::Md5 { meticulous: true, key_id: 5, sequence: 258, digest: &[0; 16] })
        );
        octets[..2].copy_from_slice(&[4, 28]);
        assert_eq!(
            Authentication::parse(&octets),
            Ok(Authentication::Sha1 { meticulous: false, key_id: 5, sequence: 258, hash: &[0; 20] })
        );
        octets[..2].copy_from_slice(&[2, 28]);
        assert_eq!(Authentication::parse(&octets), Err(AuthenticationError::Length { kind: 2, length: 28 }));
    }

    #[test]
    fn a_section_that_ends_early_or_has_an_unknown_type_is_refused() {
        let truncated = |length, available| AuthenticationError::Truncated { length, available };
        assert_eq!(Authentication::parse(&[]), Err(truncated(2, 0)));
        assert_eq!(Authentication::parse(&[1, 5, 0]), Err(truncated(5, 3)));
        assert_eq!(Authentication::parse(&[9, 3, 0]), Err(AuthenticationError::Type(9)));
        assert_eq!(
            Authentication::parse(&[1, 0, 0]),
            Err(AuthenticationError::Length { kind: 1, length: 0 })
        );
    }
}
