//! Sequence numbers of Authentication Headers (RFC 2402 §2.5), as far as they have to be remembered.

use core::time::Duration;

use crate::ah::AuthHeader;
use crate::auth::AuthKey;
use crate::receive::ExpectedAuth;

/// The sequence numbers of one virtual router as one of its members counts them: what has to be remembered between
/// packets.
///
/// ```
/// use core::time::Duration;
/// use vrrp_proto::{AhSequence, AuthKey, ExpectedAuth};
///
/// let key = AuthKey::new(b"secret");
/// let mut sequence = AhSequence::default();
/// assert_eq!(sequence.next(Duration::ZERO), 1);
/// // A peer was heard that has counted further.
/// sequence.note(50);
/// assert_eq!(sequence.next(Duration::ZERO), 51);
/// assert_eq!(sequence.expected(key), ExpectedAuth::Ah { key, last_sequence: 50 });
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AhSequence {
    heard: u32,
    sent: u32,
}

impl AhSequence {
    /// The number of the next advertisement that leaves: greater than any that was sent or accepted before (RFC 2402
    /// §3.3.2), and not less than the wall clock gives ([`AuthHeader::next_sequence`]).
    pub const fn next(&mut self, since_1970: Duration) -> u32 {
        let last = if self.sent > self.heard { self.sent } else { self.heard };
        self.sent = AuthHeader::next_sequence(last, since_1970);
        self.sent
    }

    /// The demand on the next advertisement that arrives, for [`Receiver::auth`](crate::Receiver::auth).
    ///
    /// Own numbers do not count here: after a partition the other Active may have counted from less, and has to be
    /// heard.
    #[must_use]
    pub const fn expected(&self, key: AuthKey) -> ExpectedAuth {
        ExpectedAuth::Ah { key, last_sequence: self.heard }
    }

    /// An advertisement with this number was accepted ([`Accepted::ah_sequence`](crate::Accepted::ah_sequence)).
    pub const fn note(&mut self, sequence: u32) {
        self.heard = sequence;
    }
}
