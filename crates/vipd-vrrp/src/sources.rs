//! The addresses that unicast adverts come from: whether they can be used, and when they are announced.
//!
//! A unicast peer finds us by its neighbour table. After our interface was down, or was replaced by one with another
//! MAC address, what that table says may be wrong or missing, and the peer's adverts do not arrive until it has asked
//! for us in vain, which takes seconds: long enough to become Active beside it. So whenever a router begins to listen,
//! its source address is announced as a virtual one is (gratuitous ARP, RFC 5227 §3; unsolicited neighbour
//! advertisement, RFC 4861 §7.2.6), and again while the first adverts are waited for: a switch port may not forward
//! yet, and a peer that has just given up asking ignores the first neighbour advertisement.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::net::IpAddr;
use std::time::Duration;

use vrrp_election::{Event, Instant, RouterId, Standing};
use vrrp_linux::address::AddressFlags;
use vrrp_linux::interfaces::Interface;
use vrrp_proto::MacAddr;

/// Where each address is, for many questions at one moment.
#[derive(Debug)]
pub(super) struct Holders<'i> {
    by_address: HashMap<IpAddr, Vec<(&'i Interface, AddressFlags)>>,
}

impl<'i> Holders<'i> {
    pub(super) fn of(interfaces: impl IntoIterator<Item = &'i Interface>) -> Self {
        let mut by_address: HashMap<_, Vec<_>> = HashMap::new();
        for interface in interfaces {
            for held in &interface.addresses {
                by_address.entry(held.network.ip()).or_default().push((interface, held.flags));
            }
        }
        Self { by_address }
    }

    /// Whether adverts can be sent from this address and heard at it, for a router on the interface `own`.
    ///
    /// It may be on another interface, the loopback one for example, but that has to be up. Whether the own one may be
    /// down is decided elsewhere (`dont_track_primary`). An IPv6 address is not used before duplicate address detection
    /// has passed it.
    pub(super) fn can_use(&self, address: IpAddr, own: Option<&str>) -> bool {
        let undecided = AddressFlags::TENTATIVE | AddressFlags::DADFAILED;
        // A link-local address is on every interface, and each is another one.
        let elsewhere = !matches!(address, IpAddr::V6(address) if address.is_unicast_link_local());
        self.by_address.get(&address).into_iter().flatten().any(|(interface, flags)| {
            let is_own = own == Some(interface.name.as_str());
            let passed = address.is_ipv4() || !flags.intersects(undecided);
            passed && (is_own || ((elsewhere || own.is_none()) && interface.up))
        })
    }
}

/// The interface on which a source address is announced: the one it is on, or, for an address that is on the loopback
/// interface, the router's own.
pub(super) fn announced_on<'i>(
    interfaces: impl IntoIterator<Item = &'i Interface>,
    address: IpAddr,
    own: Option<&'i Interface>,
) -> Option<&'i Interface> {
    let has = |interface: &Interface| interface.addresses.iter().any(|held| held.network.ip() == address);
    let speaks = |interface: &&Interface| !interface.loopback && !interface.noarp && interface.up;
    let own = own.filter(speaks);
    let other = || interfaces.into_iter().filter(speaks).find(|interface| has(interface));
    own.filter(|own| has(own)).or_else(other).or(own)
}

/// The router that begins to listen, or to listen again, with this event.
pub(super) fn begins_to_listen(event: &Event) -> Option<RouterId> {
    match event {
        Event::Standing {
            router,
            from: Standing::Waiting | Standing::Fault | Standing::Stopped,
            to: Standing::Backup | Standing::Active,
            ..
        } => Some(*router),
        _ => None,
    }
}

/// When source addresses are announced again.
#[derive(Debug, Default)]
pub(super) struct Repeats {
    due: BTreeSet<(Instant, RouterId)>,
}

impl Repeats {
    /// A router begins to listen. The first announcement is the caller's; the others come once in each advertisement
    /// interval of those that an Active may be silent for.
    pub(super) fn begin(&mut self, now: Instant, router: RouterId, interval: Duration) {
        self.due.retain(|(_, other)| *other != router);
        self.due.extend((1..ANNOUNCEMENTS).map(|round| (now + interval * round, router)));
    }

    /// The routers that are due. Whether one still listens is for the caller to see: an address that is no longer ours
    /// must not be announced.
    pub(super) fn handle_timeout(&mut self, now: Instant) -> Vec<RouterId> {
        let mut routers = Vec::new();
        while self.due.first().is_some_and(|(at, _)| *at <= now) {
            routers.extend(self.due.pop_first().map(|(_, router)| router));
        }
        routers
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.due.first().map(|(at, _)| *at)
    }

    /// The numbers of routers mean something else now.
    pub(super) fn forget(&mut self) {
        self.due.clear();
    }
}

/// The MAC addresses of all interfaces, as they were at the last look. When one changes (a bond with
/// `fail_over_mac`, an administrator), what was announced on that interface is wrong.
#[derive(Debug, Default)]
pub(super) struct Macs {
    known: HashMap<u32, MacAddr>,
}

impl Macs {
    /// The indexes of the interfaces that have another MAC address than at the last look. A new one is none of them.
    pub(super) fn changed<'i>(
        &mut self,
        interfaces: impl IntoIterator<Item = &'i Interface>,
    ) -> HashSet<u32> {
        let now: HashMap<u32, MacAddr> =
            interfaces.into_iter().filter_map(|interface| Some((interface.index, interface.mac?))).collect();
        let before = std::mem::replace(&mut self.known, now);
        let another = |(index, mac): (&u32, &MacAddr)| {
            before.get(index).is_some_and(|old| old != mac).then_some(*index)
        };
        self.known.iter().filter_map(another).collect()
    }
}

/// Announcements of a source address, the first at once.
const ANNOUNCEMENTS: u32 = 3;

#[cfg(test)]
mod tests {
    use Standing::{Active, Backup, Fault, Stopped, Waiting};
    use vrrp_election::{Cause, TransitionReason};
    use vrrp_linux::address::Scope;
    use vrrp_linux::interfaces::InterfaceAddress;
    use vrrp_proto::Priority;

    use super::*;

    fn is_usable<'i>(
        interfaces: impl IntoIterator<Item = &'i Interface>,
        address: IpAddr,
        own: Option<&str>,
    ) -> bool {
        Holders::of(interfaces).can_use(address, own)
    }

    fn interface(name: &str, address: &str) -> Interface {
        Interface {
            index: 3,
            name: name.to_owned(),
            up: true,
            mac: None,
            mtu: 1500,
            noarp: false,
            loopback: name == "lo",
            lower: None,
            master: None,
            details: vrrp_linux::interfaces::Details::default(),
            addresses: vec![InterfaceAddress {
                network: address.parse().unwrap(),
                peer: None,
                scope: Scope::UNIVERSE,
                flags: AddressFlags::empty(),
                label: None,
                broadcast: None,
                protocol: None,
            }],
        }
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_source_can_be_used_where_it_is_if_that_is_up() {
        let eth0 = interface("eth0", "192.0.2.1/24");
        assert!(is_usable([&eth0], ip("192.0.2.1"), Some("eth0")));
        assert!(!is_usable([&eth0], ip("192.0.2.2"), Some("eth0")), "not there");
        assert!(is_usable([&eth0], ip("192.0.2.1"), Some("eth1")), "on another interface");
        assert!(is_usable([&eth0], ip("192.0.2.1"), None));
        let down = Interface { up: false, ..eth0 };
        assert!(is_usable([&down], ip("192.0.2.1"), Some("eth0")), "the link is a fault of its own");
        assert!(!is_usable([&down], ip("192.0.2.1"), Some("eth1")));
        assert!(!is_usable([&down], ip("192.0.2.1"), None));
    }

    #[test]
    fn one_holder_of_several_is_enough() {
        let (lo, eth1) = (interface("lo", "192.0.2.1/32"), interface("eth1", "192.0.2.1/24"));
        let down = Interface { up: false, ..eth1 };
        assert!(is_usable([&down, &lo], ip("192.0.2.1"), Some("eth0")));
        assert!(is_usable([&lo, &down], ip("192.0.2.1"), Some("eth0")));
        let lo = Interface { up: false, ..lo };
        assert!(!is_usable([&down, &lo], ip("192.0.2.1"), Some("eth0")));
        assert!(is_usable([&lo, &down], ip("192.0.2.1"), Some("eth1")), "its own, even if down");
    }

    #[test]
    fn an_ipv6_source_waits_for_duplicate_address_detection() {
        let mut eth0 = interface("eth0", "2001:db8::1/64");
        assert!(is_usable([&eth0], ip("2001:db8::1"), Some("eth0")));
        for flag in [AddressFlags::TENTATIVE, AddressFlags::DADFAILED] {
            eth0.addresses[0].flags = flag;
            assert!(!is_usable([&eth0], ip("2001:db8::1"), Some("eth0")), "{flag:?}");
        }
    }

    #[test]
    fn a_link_local_source_is_one_of_the_own_interface() {
        let (eth0, eth1) = (interface("eth0", "fe80::1/64"), interface("eth1", "fe80::2/64"));
        assert!(is_usable([&eth0, &eth1], ip("fe80::1"), Some("eth0")));
        assert!(!is_usable([&eth0, &eth1], ip("fe80::2"), Some("eth0")));
    }

    #[test]
    fn a_source_is_announced_where_neighbours_look_for_it() {
        let (eth0, eth1) = (interface("eth0", "192.0.2.1/24"), interface("eth1", "198.51.100.1/24"));
        let lo = interface("lo", "203.0.113.1/32");
        let on =
            |address| announced_on([&lo, &eth0, &eth1], ip(address), Some(&eth0)).map(|i| i.name.as_str());
        assert_eq!(on("192.0.2.1"), Some("eth0"));
        assert_eq!(on("198.51.100.1"), Some("eth1"));
        assert_eq!(on("203.0.113.1"), Some("eth0"), "an address of the loopback interface");
        assert_eq!(announced_on([&lo], ip("203.0.113.1"), None), None);
        let tunnel = Interface { noarp: true, ..eth0 };
        assert_eq!(announced_on([&tunnel], ip("192.0.2.1"), Some(&tunnel)), None);
    }

    #[test]
    fn a_mac_address_that_changes_is_noticed_once() {
        let mut macs = Macs::default();
        let eth0 = |mac| Interface { mac: Some(mac), ..interface("eth0", "192.0.2.1/24") };
        let (old, new) = ([2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2]);
        assert_eq!(macs.changed([&eth0(old)]), HashSet::new(), "seen for the first time");
        assert_eq!(macs.changed([&eth0(old)]), HashSet::new());
        assert_eq!(macs.changed([&eth0(new)]), HashSet::from([3]));
        assert_eq!(macs.changed([&eth0(new)]), HashSet::new());
        assert_eq!(macs.changed([]), HashSet::new(), "removed");
        assert_eq!(macs.changed([&eth0(old)]), HashSet::new(), "another interface under the same index");
    }

    #[test]
    fn a_router_begins_to_listen_when_it_comes_out_of_waiting_or_fault() {
        let event = |from, to| Event::Standing {
            router: RouterId(4),
            from,
            to,
            why: TransitionReason::Election(Cause::Startup),
            priority: Priority::DEFAULT,
        };
        for (from, to) in [(Waiting, Backup), (Fault, Backup), (Waiting, Active), (Fault, Active)] {
            assert_eq!(begins_to_listen(&event(from, to)), Some(RouterId(4)), "{from:?} {to:?}");
        }
        for (from, to) in
            [(Backup, Active), (Active, Backup), (Backup, Fault), (Active, Stopped), (Waiting, Fault)]
        {
            assert_eq!(begins_to_listen(&event(from, to)), None, "{from:?} {to:?}");
        }
    }

    #[test]
    fn a_source_is_announced_again_once_in_each_of_two_intervals() {
        let at = |millis| Instant::ZERO + Duration::from_millis(millis);
        let mut repeats = Repeats::default();
        repeats.begin(at(0), RouterId(1), Duration::from_millis(100));
        assert_eq!(repeats.poll_timeout(), Some(at(100)));
        assert_eq!(repeats.handle_timeout(at(99)), []);
        assert_eq!(repeats.handle_timeout(at(100)), [RouterId(1)]);
        // A link that flaps begins anew.
        repeats.begin(at(150), RouterId(1), Duration::from_millis(100));
        assert_eq!(repeats.handle_timeout(at(200)), []);
        assert_eq!(repeats.handle_timeout(at(400)), [RouterId(1), RouterId(1)]);
        assert_eq!(repeats.poll_timeout(), None);
        repeats.begin(at(500), RouterId(1), Duration::from_millis(100));
        repeats.forget();
        assert_eq!(repeats.poll_timeout(), None);
    }
}
