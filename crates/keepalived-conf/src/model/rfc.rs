//! `rfc9568` and `rfc3768`: an instance that does what an RFC says, not what keepalived does.

/// The RFC that an instance follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum RfcMode {
    /// `rfc3768`: VRRPv2, over IPv4 only.
    Rfc3768,
    /// `rfc9568`: VRRPv3.
    Rfc9568,
}

impl RfcMode {
    /// The keyword.
    #[must_use]
    pub const fn keyword(self) -> &'static str {
        match self {
            Self::Rfc3768 => "rfc3768",
            Self::Rfc9568 => "rfc9568",
        }
    }

    /// The version of VRRP that the RFC defines.
    #[must_use]
    pub const fn version(self) -> u8 {
        match self {
            Self::Rfc3768 => 2,
            Self::Rfc9568 => 3,
        }
    }
}
