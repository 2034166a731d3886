//! Counters of the kernel.
//!
//! Attributes within `STATS64` (all u64, Linux 4.1) and `STATS` (u32, octets u64):
//!
//! ```text
//! CONNS 1  INPKTS 2  OUTPKTS 3  INBYTES 4  OUTBYTES 5        since the start or the last zero
//! CPS 6    INPPS 7   OUTPPS 8   INBPS 9    OUTBPS 10         per second, estimated
//! ```

use crate::wire::attribute::{Attributes, ParseError};

/// Counters of a service or destination. The kernel adds its counters up every two seconds, so the latest packets
/// may be missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Statistics {
    /// Since it was added, or since [`Client::zero`](crate::Client::zero).
    pub total: Counters,
    /// The kernel's estimate of the present rate, each per second. It is smoothed over several seconds.
    pub per_second: Counters,
}

/// Counts of what passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Counters {
    /// Connections scheduled.
    pub connections: u64,
    /// Packets from clients.
    pub packets_in: u64,
    /// Packets to clients; only NAT sees them.
    pub packets_out: u64,
    /// Octets from clients.
    pub bytes_in: u64,
    /// Octets to clients; only NAT sees them.
    pub bytes_out: u64,
}

impl Counters {
    /// The growth since `earlier`; 0 where the counters were set back meanwhile.
    #[must_use]
    pub const fn since(&self, earlier: &Self) -> Self {
        Self {
            connections: self.connections.saturating_sub(earlier.connections),
            packets_in: self.packets_in.saturating_sub(earlier.packets_in),
            packets_out: self.packets_out.saturating_sub(earlier.packets_out),
            bytes_in: self.bytes_in.saturating_sub(earlier.bytes_in),
            bytes_out: self.bytes_out.saturating_sub(earlier.bytes_out),
        }
    }

    /// The same for one second, if this came in `elapsed`; all 0 for no time. Unlike the kernel's own rates these are
    /// not smoothed.
    ///
    /// ```
    /// use std::time::Duration;
    /// use ipvs_netlink::Counters;
    ///
    /// let (earlier, later) = (Counters { connections: 100, ..Counters::default() },
    ///     Counters { connections: 160, ..Counters::default() });
    /// assert_eq!(later.since(&earlier).per_second(Duration::from_secs(3)).connections, 20);
    /// ```
    #[must_use]
    pub fn per_second(&self, elapsed: std::time::Duration) -> Self {
        let rate = |count: u64| {
            let nanos = u128::from(count) * 1_000_000_000;
            let rate = nanos.checked_div(elapsed.as_nanos()).unwrap_or(0);
            u64::try_from(rate).unwrap_or(u64::MAX)
        };
        Self {
            connections: rate(self.connections),
            packets_in: rate(self.packets_in),
            packets_out: rate(self.packets_out),
            bytes_in: rate(self.bytes_in),
            bytes_out: rate(self.bytes_out),
        }
    }
}

impl Statistics {
    /// Reads what is within `STATS` or `STATS64`. Counters that are not there are 0.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        let mut statistics = Self::default();
        for attribute in Attributes::new(bytes) {
            let attribute = attribute?;
            let Self { total, per_second } = &mut statistics;
            let counter = match attribute.kind {
                1 => &mut total.connections,
                2 => &mut total.packets_in,
                3 => &mut total.packets_out,
                4 => &mut total.bytes_in,
                5 => &mut total.bytes_out,
                6 => &mut per_second.connections,
                7 => &mut per_second.packets_in,
                8 => &mut per_second.packets_out,
                9 => &mut per_second.bytes_in,
                10 => &mut per_second.bytes_out,
                _ => continue,
            };
            *counter = match attribute.u32() {
                Ok(narrow) => narrow.into(),
                Err(_) => attribute.u64()?,
            };
        }
        Ok(statistics)
    }
}
