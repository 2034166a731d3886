//! What a received packet is for us: whose it is, when it came, and whether others were dropped before it.

use std::net::IpAddr;
use std::time::Duration;

use vrrp_election::{Instant, RouterId};
use vrrp_linux::clock::Clocks;
use vrrp_linux::socket::Received;
use vrrp_proto::{Datagram, IpError, peek};

use super::listeners::Listeners;

/// A packet for one of our routers, or why it is none.
#[derive(Clone, Copy, Debug)]
pub(super) enum Arrival<'p> {
    For(RouterId, Instant, Datagram<'p>),
    UnknownVrid {
        vrid: u8,
        source: IpAddr,
    },
    /// Something for this router may have been dropped unread.
    Lost(RouterId),
    NotAPacket(IpError),
}

impl<'p> Arrival<'p> {
    /// Finds the router by VRID and sender; `None` for what is no packet of any family of ours.
    pub(super) fn of(listeners: &Listeners, packet: &Received<'p>, arrived: Instant) -> Option<Self> {
        let datagram = match (packet.source, packet.destination) {
            (IpAddr::V4(_), _) => match Datagram::from_ipv4(packet.bytes) {
                Ok(datagram) => datagram,
                Err(error) => return Some(Self::NotAPacket(error)),
            },
            (IpAddr::V6(source), IpAddr::V6(destination)) => {
                Datagram::ipv6(source, destination, packet.hop_limit.unwrap_or(0), packet.bytes)
            }
            (IpAddr::V6(_), IpAddr::V4(_)) => return None,
        };
        let vrid = peek(datagram.message).map_or(0, |peek| peek.vrid);
        Some(match listeners.find(vrid, packet.source) {
            Some(router) => Self::For(router, arrived, datagram),
            None => Self::UnknownVrid { vrid, source: packet.source },
        })
    }
}

/// When a packet counts as having arrived, from the kernel's receive time on the wall clock: what was not read for a
/// while is as old as it is. A wall clock that was stepped can make it neither later than now nor older than
/// `empty_at`, the last look at the socket that found nothing.
pub(super) fn arrived_at(clocks: &Clocks, stamp: Option<Duration>, empty_at: Instant) -> Instant {
    let arrived = stamp.map_or(clocks.monotonic, |stamp| clocks.monotonic(stamp));
    instant(arrived).max(empty_at)
}

/// A time of `CLOCK_MONOTONIC`, which the election counts in.
pub(super) fn instant(since_start: Duration) -> Instant {
    Instant::from_nanos(u64::try_from(since_start.as_nanos()).unwrap_or(u64::MAX))
}

/// Notices that a socket dropped packets because nobody read them in time.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Drops {
    /// As the kernel counts for the socket, around `u32::MAX`.
    seen: u32,
}

impl Drops {
    /// Gives whether packets were dropped since the last batch, from the counts that the packets of one batch carry.
    pub(super) fn note(&mut self, counts: impl Iterator<Item = u32>) -> bool {
        let Some(newest) = counts.last() else { return false };
        std::mem::replace(&mut self.seen, newest) != newest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLOCKS: Clocks =
        Clocks { monotonic: Duration::from_secs(100), realtime: Duration::from_secs(1_800_000_000) };

    fn seconds(count: u64) -> Instant {
        instant(Duration::from_secs(count))
    }

    #[test]
    fn a_packet_is_as_old_as_the_kernel_says() {
        let stamp = Duration::from_millis(1_799_999_999_300);
        assert_eq!(arrived_at(&CLOCKS, Some(stamp), seconds(90)), instant(Duration::from_millis(99_300)));
    }

    #[test]
    fn a_packet_without_a_stamp_arrived_now() {
        assert_eq!(arrived_at(&CLOCKS, None, seconds(90)), seconds(100));
    }

    #[test]
    fn after_a_step_of_the_wall_clock_a_packet_is_neither_from_the_future_nor_older_than_an_empty_socket() {
        let (later, earlier) = (Duration::from_secs(1_800_003_600), Duration::from_secs(1_799_996_400));
        assert_eq!(arrived_at(&CLOCKS, Some(later), seconds(90)), seconds(100));
        assert_eq!(arrived_at(&CLOCKS, Some(earlier), seconds(97)), seconds(97));
        // Without an empty look for long, the clock itself has a bound.
        assert_eq!(arrived_at(&CLOCKS, Some(earlier), seconds(0)), seconds(90));
    }

    #[test]
    fn dropped_packets_are_noticed_once_by_the_batch_that_follows_them() {
        let mut drops = Drops::default();
        assert!(!drops.note([0, 0].into_iter()), "no drop yet");
        assert!(drops.note([0, 0, 7].into_iter()));
        assert!(!drops.note([7, 7].into_iter()), "told already");
        assert!(!drops.note([].into_iter()), "an empty batch says nothing");
        assert!(!drops.note([7].into_iter()), "and forgets nothing");
        assert!(drops.note([2].into_iter()), "the count wraps around");
    }
}
