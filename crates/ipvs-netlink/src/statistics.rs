//! What the kernel has counted.
//!
//! Attributes within `STATS64` (all u64, Linux 4.1) and `STATS` (u32, octets u64):
//!
//! ```text
//! CONNS 1  INPKTS 2  OUTPKTS 3  INBYTES 4  OUTBYTES 5        since the start or the last zero
//! CPS 6    INPPS 7   OUTPPS 8   INBPS 9    OUTBPS 10         per second, estimated
//! ```

use crate::wire::attribute::{Attributes, ParseError};

/// What a service or destination has carried. The kernel adds its counters up every two seconds, so the latest packets
/// may be missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Statistics {
    /// Since it was added, or since [`Client::zero`](crate::Client::zero).
    pub total: Counters,
    /// The kernel's estimate of the present rate, each per second. It is smoothed over several seconds.
    pub per_second: Counters,
}

/// Counts of what passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
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
