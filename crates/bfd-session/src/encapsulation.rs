//! Ports and TTLs of the datagrams that carry control packets (RFC 5881 §4 and §5, RFC 5883 §5).

use core::ops::RangeInclusive;

/// UDP destination port of control packets over a single hop (RFC 5881 §4).
pub const CONTROL_PORT: u16 = 3784;

/// UDP destination port of control packets over several hops (RFC 5883 §5).
pub const MULTIHOP_CONTROL_PORT: u16 = 4784;

/// The least UDP source port (RFC 5881 §4).
pub const LEAST_SOURCE_PORT: u16 = 49152;

/// The source ports to try for a session, in order: each once, from a random one on (RFC 5881 §4: one port for the life
/// of a session, and of no other session).
#[derive(Clone, Debug)]
pub struct SourcePorts {
    next: u16,
    left: u16,
}

impl SourcePorts {
    /// Which of them are usual.
    pub const RANGE: RangeInclusive<u16> = LEAST_SOURCE_PORT..=u16::MAX;

    /// All, from one on that `draw`, a random number, picks.
    #[must_use]
    pub fn from_draw(draw: u32) -> Self {
        let count = u16::MAX - LEAST_SOURCE_PORT + 1;
        let offset = u16::try_from(draw % u32::from(count)).unwrap_or(0);
        Self { next: LEAST_SOURCE_PORT + offset, left: count }
    }
}

impl Iterator for SourcePorts {
    type Item = u16;

    fn next(&mut self) -> Option<u16> {
        self.left = self.left.checked_sub(1)?;
        let port = self.next;
        self.next = port.checked_add(1).unwrap_or(LEAST_SOURCE_PORT);
        Some(port)
    }
}

/// The TTL or Hop Limit that a received packet must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct HopRule {
    /// The least that is accepted.
    pub least: u8,
}

impl HopRule {
    /// A single hop: 255, which no router between can have passed on (RFC 5881 §5, RFC 5082).
    pub const SINGLE_HOP: Self = Self { least: 255 };
    /// Every TTL.
    pub const ANY: Self = Self { least: 0 };

    /// From a sender that sends `ttl`, over at most so many routers; 255 of them are any number.
    #[must_use]
    pub const fn within(ttl: u8, max_hops: u8) -> Self {
        if max_hops == u8::MAX { Self::ANY } else { Self { least: ttl.saturating_sub(max_hops) } }
    }

    /// Whether a packet is accepted. A TTL that the kernel did not tell satisfies no rule but [`HopRule::ANY`].
    #[must_use]
    pub fn accepts(self, received: Option<u8>) -> bool {
        received.unwrap_or(0) >= self.least
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    #[test]
    fn every_source_port_is_tried_once_from_49152_on() {
        let mut ports: Vec<u16> = SourcePorts::from_draw(16383).collect();
        assert_eq!(ports[..2], [65535, 49152]);
        ports.sort_unstable();
        assert!(ports.into_iter().eq(49152..=65535));
        assert_eq!(SourcePorts::from_draw(16384).next(), Some(49152));
    }

    #[test]
    fn a_single_hop_is_255_and_nothing_else() {
        assert!(HopRule::SINGLE_HOP.accepts(Some(255)));
        assert!(!HopRule::SINGLE_HOP.accepts(Some(254)));
        assert!(!HopRule::SINGLE_HOP.accepts(None));
    }

    #[test]
    fn some_hops_are_allowed_for_and_255_are_any() {
        assert_eq!(HopRule::within(255, 0), HopRule::SINGLE_HOP);
        let rule = HopRule::within(64, 2);
        assert!(rule.accepts(Some(62)) && !rule.accepts(Some(61)));
        assert!(HopRule::within(64, 255).accepts(None));
        assert!(HopRule::within(1, 9).accepts(Some(1)));
    }
}
