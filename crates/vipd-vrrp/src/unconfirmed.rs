//! Announcements that wait until the kernel uses their address.
//!
//! Linux answers a request to add an IPv6 address before it accepts packets for it: the route to it is set by work that is
//! queued (`addrconf_dad_work`), with and without duplicate address detection, on a busy machine tens of milliseconds
//! later. Packets that an announcement has drawn here until then are dropped. The event `RTM_NEWADDR` comes with that
//! work. An IPv4 address is in use when the request is answered.

use std::collections::BTreeMap;
use std::net::IpAddr;

use vrrp_election::RouterId;

use super::spacing::Announcement;

/// One announcement for each address that the kernel has taken and does not use yet, with its number of rounds.
#[derive(Debug, Default)]
pub(super) struct Unconfirmed {
    waiting: BTreeMap<(RouterId, u32, IpAddr), (Announcement, u32)>,
}

impl Unconfirmed {
    /// Keeps those whose address is not confirmed, each in the place of an earlier one, and gives the others back.
    pub(super) fn keep(
        &mut self,
        announcements: Vec<(Announcement, u32)>,
        is_confirmed: impl Fn(&Announcement) -> bool,
    ) -> Vec<(Announcement, u32)> {
        let mut confirmed = Vec::new();
        for (announcement, rounds) in announcements {
            let Announcement { router, address, index, .. } = announcement;
            self.waiting.remove(&(router, index, address));
            if is_confirmed(&announcement) {
                confirmed.push((announcement, rounds));
            } else {
                self.waiting.insert((router, index, address), (announcement, rounds));
            }
        }
        confirmed
    }

    /// Those whose address is confirmed now. An address that is no longer held is forgotten.
    pub(super) fn take_confirmed(
        &mut self,
        is_held: impl Fn(&Announcement) -> bool,
        is_confirmed: impl Fn(&Announcement) -> bool,
    ) -> Vec<(Announcement, u32)> {
        let mut confirmed = Vec::new();
        self.waiting.retain(|_, waiting| {
            let held = is_held(&waiting.0);
            if held && is_confirmed(&waiting.0) {
                confirmed.push(*waiting);
                return false;
            }
            held
        });
        confirmed
    }

    /// After a reload, the routers have these numbers; those without are gone.
    pub(super) fn renumber(&mut self, number: impl Fn(RouterId) -> Option<RouterId>) {
        let before = std::mem::take(&mut self.waiting);
        let renumbered =
            before.into_iter().filter_map(|((router, index, address), (announcement, rounds))| {
                let router = number(router)?;
                Some(((router, index, address), (Announcement { router, ..announcement }, rounds)))
            });
        self.waiting = renumbered.collect();
    }
}

#[cfg(test)]
mod tests {
    use vrrp_proto::{GRATUITOUS_ARP_LEN, UNSOLICITED_NA_LEN};

    use super::super::spacing::Frame;
    use super::*;

    fn of(router: u32, address: &str) -> Announcement {
        let address: IpAddr = address.parse().unwrap();
        let frame = match address {
            IpAddr::V4(_) => Frame::Arp([0; GRATUITOUS_ARP_LEN]),
            IpAddr::V6(_) => Frame::Na([0; UNSOLICITED_NA_LEN]),
        };
        Announcement { router: RouterId(router), address, index: 2, frame }
    }

    const HELD: fn(&Announcement) -> bool = |_| true;
    const UNUSED: fn(&Announcement) -> bool = |_| false;

    #[test]
    fn an_address_is_announced_once_the_kernel_uses_it() {
        let mut unconfirmed = Unconfirmed::default();
        let (old, new) = (of(0, "192.0.2.100"), of(1, "2001:db8::100"));
        let at_once = unconfirmed.keep(vec![(old, 5), (new, 5)], |one| one.address.is_ipv4());
        assert_eq!(at_once, [(old, 5)]);
        assert_eq!(unconfirmed.take_confirmed(HELD, UNUSED), []);
        assert_eq!(unconfirmed.take_confirmed(HELD, HELD), [(new, 5)]);
        assert_eq!(unconfirmed.take_confirmed(HELD, HELD), []);
    }

    #[test]
    fn an_address_that_is_given_up_before_it_was_used_is_not_announced() {
        let mut unconfirmed = Unconfirmed::default();
        unconfirmed.keep(vec![(of(0, "2001:db8::100"), 1)], UNUSED);
        assert_eq!(unconfirmed.take_confirmed(|_| false, HELD), []);
        assert_eq!(unconfirmed.take_confirmed(HELD, HELD), [], "it is forgotten");
    }

    #[test]
    fn the_last_announcement_of_an_address_counts() {
        let mut unconfirmed = Unconfirmed::default();
        let first = of(0, "2001:db8::100");
        let second = Announcement { frame: Frame::Na([1; UNSOLICITED_NA_LEN]), ..first };
        unconfirmed.keep(vec![(first, 5)], UNUSED);
        unconfirmed.keep(vec![(second, 1)], UNUSED);
        assert_eq!(unconfirmed.take_confirmed(HELD, HELD), [(second, 1)]);
        unconfirmed.keep(vec![(first, 5)], UNUSED);
        assert_eq!(unconfirmed.keep(vec![(second, 1)], HELD), [(second, 1)]);
        assert_eq!(unconfirmed.take_confirmed(HELD, HELD), []);
    }

    #[test]
    fn a_waiting_address_follows_its_router_through_a_reload() {
        let mut unconfirmed = Unconfirmed::default();
        unconfirmed.keep(vec![(of(0, "2001:db8::100"), 1), (of(1, "2001:db8::101"), 1)], UNUSED);
        unconfirmed.renumber(|router| (router == RouterId(1)).then_some(RouterId(0)));
        assert_eq!(unconfirmed.take_confirmed(HELD, HELD), [(of(0, "2001:db8::101"), 1)]);
    }
}
