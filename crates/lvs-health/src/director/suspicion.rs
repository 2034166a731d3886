//! Suspicion of passive detection.

use std::time::Instant;

/// Suspicion against a server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Suspicion {
    /// Looks in a row that found it an outlier.
    pub(super) looks: u8,
    /// Number of recent suspicions.
    pub(super) times: u8,
    /// Since when it is suspected, and at least until when.
    pub(super) span: Option<(Instant, Instant)>,
    /// When it was cleared last.
    pub(super) cleared: Option<Instant>,
}
