//! Counters of a router.

/// Counters of a router since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Counters {
    /// Adverts handed in, also those that were ignored.
    pub adverts_received: u64,
    /// Adverts asked to be sent, those with priority 0 included.
    pub adverts_sent: u64,
    /// Transitions to Active.
    pub became_active: u64,
    /// Transitions from Active.
    pub released_active: u64,
    /// Adverts with priority 0 handed in.
    pub priority_zero_received: u64,
    /// Adverts with priority 0 asked to be sent.
    pub priority_zero_sent: u64,
    /// Adverts that left more than one interval too late.
    pub late_adverts: u64,
    /// Expired waits renewed because the caller came late or packets were lost.
    pub stalls: u64,
}
