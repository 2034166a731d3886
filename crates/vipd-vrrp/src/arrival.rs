//! Arrival of a packet: its router, its time, and whether others were dropped before it.

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
        arrived: Instant,
        datagram: Datagram<'p>,
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
            None => Self::UnknownVrid { vrid, arrived, datagram },
        })
    }
}

/// When a packet counts as having arrived, from the kernel's receive time on the wall clock: the time that a packet
/// waited for its reader counts. A wall clock that was stepped can make it neither later than now nor older than
/// `empty_at`, the last look at the socket that found nothing.
pub(super) fn arrived_at(clocks: &Clocks, stamp: Option<Duration>, empty_at: Instant) -> Instant {
    let arrived = stamp.map_or(clocks.monotonic, |stamp| clocks.monotonic(stamp));
    instant(arrived).max(empty_at)
}

/// A time of `CLOCK_MONOTONIC`, which the election counts in.
pub(super) fn instant(since_start: Duration) -> Instant {
    Instant::from_nanos(u64::try_from(since_start.as_nanos()).unwrap_or(u64::MAX))
}

/// State of one socket's packets.
#[derive(Clone, Copy, Debug)]
pub(super) struct Inbox {
    /// When it was last seen empty: nothing in it arrived before.
    empty_at: Instant,
    /// Packets it had dropped because nobody read them in time, as the kernel counts, around `u32::MAX`.
    dropped: u32,
}

impl Inbox {
    /// Of a socket that is opened now.
    pub(super) fn new(now: Instant) -> Self {
        Self { empty_at: now, dropped: 0 }
    }

    /// Hands every packet of one batch to `each`, oldest first; then every router, if packets were dropped since the
    /// batch before, for which the kernel's count in the last packet stands.
    pub(super) fn deliver<'p>(
        &mut self,
        batch: impl Iterator<Item = Received<'p>>,
        clocks: &Clocks,
        listeners: &Listeners,
        mut each: impl FnMut(Arrival<'p>),
    ) {
        let mut newest = self.dropped;
        for packet in batch {
            newest = packet.dropped;
            let arrived = arrived_at(clocks, packet.timestamp, self.empty_at);
            if let Some(arrival) = Arrival::of(listeners, &packet, arrived) {
                each(arrival);
            }
        }
        if std::mem::replace(&mut self.dropped, newest) != newest {
            listeners.ids().for_each(|router| each(Arrival::Lost(router)));
        }
    }

    /// A look at this time found nothing more.
    pub(super) fn emptied(&mut self, at: Instant) {
        self.empty_at = at;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ipc::Generation;
    use crate::plan::Plan;

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

    /// The packets of a batch of adverts for VRID 51, as router, seconds and whether packets were lost.
    fn delivered(inbox: &mut Inbox, batch: &[(&'static [u8], u32)]) -> Vec<(u32, Option<u64>)> {
        let stamp = CLOCKS.realtime.checked_sub(Duration::from_secs(3));
        let packet = |(bytes, dropped): &(&'static [u8], u32)| Received {
            source: IpAddr::from([192, 0, 2, 2]),
            destination: IpAddr::from([224, 0, 0, 18]),
            hop_limit: Some(255),
            index: Some(3),
            bytes,
            truncated: false,
            timestamp: stamp,
            dropped: *dropped,
        };
        let text = "vrrp_instance V {\n interface eth0\n virtual_router_id 51\n virtual_ipaddress {\n 192.0.2.9\n }\n}";
        let plan = Plan::new(Generation::default(), keepalived_conf::load_str(text).config);
        let mut listeners = Listeners::default();
        listeners.insert(RouterId(7), &plan.routers[0]);
        let mut seen = Vec::new();
        inbox.deliver(batch.iter().map(packet), &CLOCKS, &listeners, |arrival| match arrival {
            Arrival::For(router, at, _) => {
                seen.push((router.0, Some(at.since(Instant::ZERO).as_secs())));
            }
            Arrival::Lost(router) => seen.push((router.0, None)),
            Arrival::UnknownVrid { vrid, .. } => seen.push((vrid.into(), Some(0))),
            Arrival::NotAPacket(_) => seen.push((0, Some(0))),
        });
        seen
    }

    const ADVERT: &[u8] = &[
        0x45, 0xc0, 0, 32, 0, 0, 0, 0, 255, 112, 0x18, 0x99, 192, 0, 2, 2, 224, 0, 0, 18, // IPv4
        0x31, 51, 100, 1, 0, 100, 0, 0, 192, 0, 2, 9,
    ];

    #[test]
    fn a_batch_is_delivered_with_the_times_at_which_its_packets_arrived() {
        let mut inbox = Inbox::new(seconds(90));
        assert_eq!(delivered(&mut inbox, &[(ADVERT, 0), (&[0x45], 0)]), [(7, Some(97)), (0, Some(0))]);
        inbox.emptied(seconds(98));
        assert_eq!(
            delivered(&mut inbox, &[(ADVERT, 0)]),
            [(7, Some(98))],
            "nothing is older than an empty socket"
        );
    }

    #[test]
    fn dropped_packets_are_told_once_after_the_batch_that_reports_them() {
        let mut inbox = Inbox::new(seconds(90));
        assert_eq!(
            delivered(&mut inbox, &[(ADVERT, 0), (ADVERT, 7)]),
            [(7, Some(97)), (7, Some(97)), (7, None)]
        );
        assert_eq!(delivered(&mut inbox, &[(ADVERT, 7)]), [(7, Some(97))], "told already");
        assert_eq!(delivered(&mut inbox, &[]), [], "an empty batch says nothing");
        assert_eq!(delivered(&mut inbox, &[(ADVERT, 7)]), [(7, Some(97))], "and forgets nothing");
        assert_eq!(
            delivered(&mut inbox, &[(ADVERT, 2)]),
            [(7, Some(97)), (7, None)],
            "the count wraps around"
        );
    }
}
