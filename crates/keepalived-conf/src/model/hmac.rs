//! `auth_hmac`: adverts with an authentication trailer.

use std::fmt;
use std::time::Duration;

/// Keys and rules for signed adverts.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Hmac {
    /// The keys that verify, each number once.
    pub keys: Vec<HmacKey>,
    /// Number of the key that signs; it is one of `keys`.
    pub active: u8,
    /// The stage of the roll-out.
    pub mode: HmacMode,
    /// `anti_replay time`: most distance of stamps from the clock, 1 to 300 s. `None` is `monotonic`, without a clock.
    pub window: Option<Duration>,
}

impl Hmac {
    /// The key that signs; `None` if `active` is none of the keys, which no lowered model has.
    pub fn active_key(&self) -> Option<&HmacKey> {
        self.key(self.active)
    }

    /// The key with a number.
    pub fn key(&self, id: u8) -> Option<&HmacKey> {
        self.keys.iter().find(|key| key.id == id)
    }
}

/// A shared secret and its number.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct HmacKey {
    /// 1 to 255.
    pub id: u8,
    /// 32 to 64 bytes.
    pub secret: Vec<u8>,
}

impl fmt::Debug for HmacKey {
    /// Never shows the secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HmacKey({}, ********)", self.id)
    }
}

/// The stages of bringing signatures to a group of routers, the last one first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum HmacMode {
    /// Signs, and rejects adverts without a signature.
    #[default]
    Enforce,
    /// Signs, and accepts adverts without a signature.
    Permissive,
    /// Verifies a signature that is there, and signs nothing.
    ReceiveOnly,
}

impl HmacMode {
    /// As the configuration says it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::Permissive => "permissive",
            Self::ReceiveOnly => "receive-only",
        }
    }
}
