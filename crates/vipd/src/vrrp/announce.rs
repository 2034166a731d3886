//! Gratuitous ARP and unsolicited neighbour advertisements, in rounds, and no faster than switches bear.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::IpAddr;
use std::time::Duration;

use vrrp_election::{Instant, RouterId};
use vrrp_linux::announce::Announcer;
use vrrp_linux::interfaces::Interface;
use vrrp_linux::socket::SendError;
use vrrp_proto::{GRATUITOUS_ARP_LEN, GratuitousArp, UNSOLICITED_NA_LEN, UnsolicitedNa};

use super::kernel::Kernel;
use super::plan::{Plan, RouterPlan};
use super::sources;

/// Sends announcements, at once or spaced (`vrrp_garp_interval`, `vrrp_gna_interval`).
#[derive(Debug)]
pub(super) struct Announcements {
    announcer: Announcer,
    garp_gap: Duration,
    gna_gap: Duration,
    /// Spaced frames by interface.
    waiting: HashMap<u32, Line>,
}

#[derive(Debug, Default)]
struct Line {
    frames: VecDeque<Frame>,
    /// When the next one may go.
    next: Instant,
}

#[derive(Clone, Copy, Debug)]
enum Frame {
    Arp([u8; GRATUITOUS_ARP_LEN]),
    Na([u8; UNSOLICITED_NA_LEN]),
}

impl Announcements {
    pub(super) fn open(garp_gap: Duration, gna_gap: Duration) -> io::Result<Self> {
        Ok(Self { announcer: Announcer::open()?, garp_gap, gna_gap, waiting: HashMap::new() })
    }

    /// Other gaps, from a new reading of the configuration.
    pub(super) fn space(&mut self, garp_gap: Duration, gna_gap: Duration) {
        (self.garp_gap, self.gna_gap) = (garp_gap, gna_gap);
    }

    /// Announces the addresses of these routers, each as often as asked: first everything once, then again.
    pub(super) fn announce(
        &mut self,
        now: Instant,
        asked: &[(RouterId, u32)],
        kernel: &Kernel,
        mut failed: impl FnMut(SendError),
    ) {
        let frames: Vec<_> =
            asked.iter().map(|(router, repeat)| (frames_of(*router, kernel), *repeat)).collect();
        let rounds = asked.iter().map(|(_, repeat)| *repeat).max().unwrap_or(0).min(MOST_ROUNDS);
        for round in 0..rounds {
            let due = frames.iter().filter(|(_, repeat)| *repeat > round).flat_map(|(frames, _)| frames);
            let mut at_once = Vec::new();
            for (index, frame) in due {
                if self.gap(frame).is_zero() {
                    at_once.push((*index, frame.octets()));
                } else {
                    let line = self.waiting.entry(*index).or_default();
                    if line.frames.len() < LONGEST_LINE {
                        line.frames.push_back(*frame);
                    }
                }
            }
            self.announcer.send(&at_once, |_, result| {
                if let Err(error) = result {
                    failed(error);
                }
            });
        }
        self.handle_timeout(now);
    }

    /// Announces the source addresses of unicast routers, each once and at once: they are few.
    pub(super) fn announce_sources(
        &mut self,
        sources: impl IntoIterator<Item = (RouterId, IpAddr)>,
        plan: &Plan,
        kernel: &Kernel,
        mut failed: impl FnMut(SendError),
    ) {
        let frames: Vec<_> = sources
            .into_iter()
            .filter_map(|(router, source)| {
                source_frame(plan.routers.get(router.0 as usize)?, source, plan, kernel)
            })
            .collect();
        let frames: Vec<_> = frames.iter().map(|(index, frame)| (*index, frame.octets())).collect();
        self.announcer.send(&frames, |_, result| {
            if let Err(error) = result {
                failed(error);
            }
        });
    }

    /// Sends the spaced frames that are due.
    pub(super) fn handle_timeout(&mut self, now: Instant) {
        let mut lines = std::mem::take(&mut self.waiting);
        for (index, line) in &mut lines {
            while line.next <= now
                && let Some(frame) = line.frames.pop_front()
            {
                self.announcer.send(&[(*index, frame.octets())], |_, _| {});
                line.next = now + self.gap(&frame);
            }
        }
        // A line without frames still says when the next one may go.
        lines.retain(|_, line| !line.frames.is_empty() || line.next > now);
        self.waiting = lines;
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.waiting.values().filter(|line| !line.frames.is_empty()).map(|line| line.next).min()
    }

    fn gap(&self, frame: &Frame) -> Duration {
        match frame {
            Frame::Arp(_) => self.garp_gap,
            Frame::Na(_) => self.gna_gap,
        }
    }
}

impl Frame {
    fn octets(&self) -> &[u8] {
        match self {
            Self::Arp(octets) => octets,
            Self::Na(octets) => octets,
        }
    }
}

/// One frame for each address that a router has, with the interface to send it on: what the kernel refused is not
/// announced. The MAC address is read at this moment: a bond may have changed it.
fn frames_of(router: RouterId, kernel: &Kernel) -> Vec<(u32, Frame)> {
    kernel.held(router).filter_map(|(interface, address)| announcement(interface, address)).collect()
}

fn source_frame(router: &RouterPlan, source: IpAddr, plan: &Plan, kernel: &Kernel) -> Option<(u32, Frame)> {
    let own = router.link.and_then(|link| kernel.interface(plan.links.name(link)?));
    announcement(sources::announced_on(kernel.interfaces().iter(), source, own)?, source)
}

/// What tells the neighbours on an interface that an address is there, with the interface's index; `None` where
/// nobody keeps a neighbour table.
fn announcement(interface: &Interface, address: IpAddr) -> Option<(u32, Frame)> {
    if interface.noarp || interface.loopback {
        return None;
    }
    let mac = interface.mac?;
    let frame = match address {
        IpAddr::V4(address) => Frame::Arp(GratuitousArp::new(mac, address).emit()),
        // Hosts would drop a default router that says it is none (RFC 9568 §8.2.2).
        IpAddr::V6(address) => Frame::Na(UnsolicitedNa { mac, address, router: true }.emit()),
    };
    Some((interface.index, frame))
}

/// `garp_master_repeat` beyond this is a typing error.
const MOST_ROUNDS: u32 = 1000;
/// Spaced frames that may wait for one interface.
const LONGEST_LINE: usize = 65_536;

#[cfg(test)]
mod tests {
    use super::*;

    fn eth0() -> Interface {
        Interface {
            index: 3,
            name: "eth0".to_owned(),
            up: true,
            mac: Some([2, 0, 0, 0, 0, 9]),
            mtu: 1500,
            noarp: false,
            loopback: false,
            lower: None,
            master: None,
            addresses: Vec::new(),
        }
    }

    #[test]
    fn an_ipv4_address_is_announced_by_a_gratuitous_arp_with_the_mac_of_its_interface() {
        let (index, frame) = announcement(&eth0(), "192.0.2.100".parse().unwrap()).unwrap();
        assert_eq!(index, 3);
        #[rustfmt::skip]
        let expected = [
            0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 9, 8, 6,
            0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 9, 192, 0, 2, 100,
            0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 192, 0, 2, 100,
        ];
        assert_eq!(frame.octets(), expected);
    }

    #[test]
    fn an_ipv6_address_is_announced_by_a_router_that_overrides_what_is_known() {
        let (_, frame) = announcement(&eth0(), "2001:db8::100".parse().unwrap()).unwrap();
        let announced = UnsolicitedNa::parse(frame.octets()).unwrap();
        assert_eq!((announced.mac, announced.router), ([2, 0, 0, 0, 0, 9], true));
        let flags = frame.octets()[58];
        assert_eq!(flags, 0b1010_0000, "router and override, not solicited");
    }

    #[test]
    fn nothing_is_announced_where_nobody_keeps_a_neighbour_table() {
        let address = "192.0.2.100".parse().unwrap();
        assert!(announcement(&Interface { noarp: true, ..eth0() }, address).is_none());
        assert!(announcement(&Interface { loopback: true, ..eth0() }, address).is_none());
        assert!(announcement(&Interface { mac: None, ..eth0() }, address).is_none());
    }
}
