//! Gratuitous ARP and unsolicited neighbour advertisements, in rounds, and no faster than switches bear.

use std::io;
use std::net::IpAddr;

use vrrp_election::{Instant, RouterId};
use vrrp_linux::announce::Announcer;
use vrrp_linux::interfaces::Interface;
use vrrp_linux::socket::SendError;
use vrrp_proto::{GratuitousArp, UnsolicitedNa};

use super::elsewhere::Rounds;
use super::kernel::Kernel;
use super::plan::{Plan, RouterPlan};
use super::sources;
use super::spacing::{Announcement, Frame, Gaps, Spacing};
use super::unconfirmed::Unconfirmed;

/// Sends announcements, at once or spaced.
#[derive(Debug)]
pub(super) struct Announcements {
    announcer: Announcer,
    unconfirmed: Unconfirmed,
    spacing: Spacing,
    elsewhere: Rounds,
}

impl Announcements {
    pub(super) fn open(gaps: Gaps) -> io::Result<Self> {
        Ok(Self {
            announcer: Announcer::open()?,
            unconfirmed: Unconfirmed::default(),
            spacing: Spacing::new(gaps),
            elsewhere: Rounds::default(),
        })
    }

    /// After a reload, the routers have these numbers.
    pub(super) fn renumber(&mut self, number: impl Fn(RouterId) -> Option<RouterId>) {
        self.unconfirmed.renumber(&number);
        self.spacing.renumber(&number);
        self.elsewhere.renumber(&number);
    }

    /// Other gaps and intervals. Whether a router serves already is seen when its round is due.
    pub(super) fn take_plan(&mut self, now: Instant, plan: &Plan) {
        self.spacing.set_gaps(plan.announcement_gaps());
        for (id, router) in (0..).map(RouterId).zip(&plan.routers) {
            self.begin_elsewhere(now, id, router);
        }
    }

    fn begin_elsewhere(&mut self, now: Instant, id: RouterId, router: &RouterPlan) {
        if let Some(elsewhere) = router.elsewhere {
            self.elsewhere.begin(now, id, elsewhere.interval);
        }
    }

    /// Announces the addresses of these routers, each as often as asked; one that the kernel does not use yet as soon as
    /// it does.
    pub(super) fn announce(
        &mut self,
        now: Instant,
        asked: &[(RouterId, u32)],
        plan: &Plan,
        kernel: &Kernel,
        mut failed: impl FnMut(SendError),
    ) {
        let announcements = asked.iter().flat_map(|(router, rounds)| {
            announcements_of(*router, kernel).into_iter().map(|announcement| (announcement, *rounds))
        });
        let confirmed = self.unconfirmed.keep(announcements.collect(), |one| is_confirmed(one, kernel));
        for (id, _) in asked {
            if let Some(router) = plan.routers.get(id.0 as usize) {
                self.begin_elsewhere(now, *id, router);
            }
        }
        self.send_rounds(&confirmed, kernel, &mut failed);
        self.handle_timeout(now, plan, kernel, failed);
    }

    /// First everything once, then again.
    fn send_rounds(
        &mut self,
        announcements: &[(Announcement, u32)],
        kernel: &Kernel,
        mut failed: impl FnMut(SendError),
    ) {
        let name =
            |index| kernel.interfaces().by_index(index).map_or("", |interface| interface.name.as_str());
        let rounds = announcements.iter().map(|(_, rounds)| *rounds).max().unwrap_or(0).min(MOST_ROUNDS);
        for round in 0..rounds {
            let due = announcements.iter().filter(|(_, rounds)| *rounds > round);
            let at_once: Vec<_> = due
                .filter_map(|(announcement, _)| self.spacing.push(*announcement, name(announcement.index)))
                .collect();
            self.send(&at_once, &mut failed);
        }
    }

    /// The rounds of addresses on other interfaces than that of the adverts.
    fn announce_elsewhere(
        &mut self,
        now: Instant,
        plan: &Plan,
        kernel: &Kernel,
        failed: impl FnMut(SendError),
    ) {
        let router = |id: RouterId| plan.routers.get(id.0 as usize);
        let interval = |id| Some(router(id)?.elsewhere?.interval);
        let due = self.elsewhere.take_due(now, interval, |id| kernel.held(id).next().is_some());
        let mut at_once = Vec::new();
        for id in due {
            let Some(elsewhere) = router(id).and_then(|router| plan.elsewhere(router)) else { continue };
            for announcement in announcements_of(id, kernel) {
                let interface = kernel.interfaces().by_index(announcement.index);
                if let Some(interface) = interface.filter(|interface| elsewhere.has(&interface.name)) {
                    at_once.extend(self.spacing.push(announcement, &interface.name));
                }
            }
        }
        self.send(&at_once, failed);
    }

    fn send(&mut self, announcements: &[Announcement], mut failed: impl FnMut(SendError)) {
        let frames: Vec<_> = announcements.iter().map(|one| (one.index, one.frame.octets())).collect();
        self.announcer.send(&frames, |_, result| {
            if let Err(error) = result {
                failed(error);
            }
        });
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

    /// Sends the announcements that are due: those whose address is in use now, spaced ones, and those of rounds.
    pub(super) fn handle_timeout(
        &mut self,
        now: Instant,
        plan: &Plan,
        kernel: &Kernel,
        mut failed: impl FnMut(SendError),
    ) {
        let is_held = |one: &Announcement| {
            kernel.held(one.router).any(|(on, address)| (on.index, address) == (one.index, one.address))
        };
        let confirmed = self.unconfirmed.take_confirmed(is_held, |one| is_confirmed(one, kernel));
        self.send_rounds(&confirmed, kernel, &mut failed);
        self.announce_elsewhere(now, plan, kernel, &mut failed);
        let due = self.spacing.handle_timeout(now, is_held);
        self.send(&due, failed);
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        [self.spacing.poll_timeout(), self.elsewhere.poll_timeout()].into_iter().flatten().min()
    }
}

/// One for each address that a router has: an address that the kernel refused is not announced. The MAC address is read
/// at this moment: a bond may have changed it.
fn announcements_of(router: RouterId, kernel: &Kernel) -> Vec<Announcement> {
    let announcement = |(interface, address)| {
        let (index, frame) = announcement(interface, address)?;
        Some(Announcement { router, address, index, frame })
    };
    kernel.held(router).filter_map(announcement).collect()
}

/// Whether packets that an announcement draws here are accepted.
fn is_confirmed(announcement: &Announcement, kernel: &Kernel) -> bool {
    announcement.address.is_ipv4() || kernel.interfaces().is_in_use(announcement.index, announcement.address)
}

fn source_frame(router: &RouterPlan, source: IpAddr, plan: &Plan, kernel: &Kernel) -> Option<(u32, Frame)> {
    let own = router.link.and_then(|link| kernel.interface(plan.links.name(link)?));
    announcement(sources::announced_on(kernel.interfaces().iter(), source, own)?, source)
}

/// The frame that tells the neighbours on an interface of an address, with the interface's index; `None` where nobody
/// keeps a neighbour table.
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
            details: vrrp_linux::interfaces::Details::default(),
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
    fn an_ipv6_announcement_has_the_router_and_override_flags() {
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
