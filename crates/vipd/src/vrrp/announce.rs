//! Gratuitous ARP and unsolicited neighbour advertisements, in rounds, and no faster than switches bear.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::IpAddr;
use std::time::Duration;

use vrrp_election::{Instant, RouterId};
use vrrp_linux::announce::Announcer;
use vrrp_linux::socket::SendError;
use vrrp_proto::{GRATUITOUS_ARP_LEN, GratuitousArp, UNSOLICITED_NA_LEN, UnsolicitedNa};

use super::kernel::Kernel;
use super::plan::Plan;

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
        plan: &Plan,
        kernel: &Kernel,
        mut failed: impl FnMut(SendError),
    ) {
        let frames: Vec<_> =
            asked.iter().map(|(router, repeat)| (frames_of(*router, plan, kernel), *repeat)).collect();
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

/// One frame for each address of a router, with the interface to send it on. The MAC address is read at this
/// moment: a bond may have changed it.
fn frames_of(router: RouterId, plan: &Plan, kernel: &Kernel) -> Vec<(u32, Frame)> {
    let Some(router) = plan.routers.get(router.0 as usize) else { return Vec::new() };
    let frame = |vip: &super::plan::Vip| {
        let interface = kernel.interface(plan.links.name(vip.link)?)?;
        if interface.noarp || interface.loopback {
            return None;
        }
        let mac = interface.mac?;
        let frame = match vip.spec.network.ip() {
            IpAddr::V4(address) => Frame::Arp(GratuitousArp::new(mac, address).emit()),
            IpAddr::V6(address) => Frame::Na(UnsolicitedNa { mac, address, router: true }.emit()),
        };
        Some((interface.index, frame))
    };
    router.addresses.iter().filter_map(frame).collect()
}

/// `garp_master_repeat` beyond this is a typing error.
const MOST_ROUNDS: u32 = 1000;
/// Spaced frames that may wait for one interface.
const LONGEST_LINE: usize = 65_536;
