//! The attachment that a socket needs, and the steps when that changes. Pure: it compares facts about interfaces.
//!
//! A multicast socket is bound to its interface and has joined its group there. A unicast socket is bound to an
//! address only, as keepalived's is: packets to that address may come in by any interface, and where a peer is to be
//! found is the routing table's to say. Only where an address means nothing without its interface (link-local IPv6),
//! or where the interface has a routing table of its own (VRF), is it bound to the interface as well.

use std::io;
use std::net::IpAddr;

use vrrp_linux::interfaces::{Change, Interface};
use vrrp_linux::socket::{Device, Membership, Need, SocketConfig, VrrpSocket, can_join};

use super::socket_key::{Key, Way};

/// Attachment of an open socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Attachment {
    /// The membership in its group.
    Group(Membership),
    /// Its own address, and the interface if it is bound to one.
    Address(IpAddr, Option<Device>),
    /// The index of its interface.
    Tap(u32),
}

/// The next step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing: packets are heard.
    Nothing,
    /// Nothing yet: the interface or its address is missing.
    Wait,
    /// Join the group (again) on this interface.
    Join(Device),
    /// Bind to this address, and to the interface if there is one.
    Bind(IpAddr, Option<Device>),
    /// Hear what comes by this interface from this MAC address.
    Tap(Device, [u8; 6]),
}

impl Key {
    /// The attachment of a multicast socket that has just joined.
    pub(super) fn joined(&self, device: Device) -> Attachment {
        Attachment::Group(Membership::new(device, self.address))
    }

    /// The next step for a socket that is attached so, or not open. `interface` is the one that has the configured name
    /// now, and `primary` the address that stands for it.
    pub(super) fn step(
        &self,
        attachment: Option<&Attachment>,
        interface: Option<&Interface>,
        primary: impl FnOnce() -> Option<IpAddr>,
    ) -> Step {
        match self.way {
            Way::Group => return self.group_step(attachment, interface),
            Way::Tap(mac) => return tap_step(attachment, interface, mac),
            Way::Address => {}
        }
        let Some(wanted) = self.binding(interface, primary) else { return Step::Wait };
        match attachment {
            Some(Attachment::Address(address, device)) if (address, device) == (&wanted.0, &wanted.1) => {
                Step::Nothing
            }
            _ => Step::Bind(wanted.0, wanted.1),
        }
    }

    fn group_step(&self, attachment: Option<&Attachment>, interface: Option<&Interface>) -> Step {
        let Some(interface) = interface else { return Step::Wait };
        let need = match attachment {
            Some(Attachment::Group(membership)) => membership.need(Some(interface)),
            _ if can_join(interface, self.address.is_ipv6()) => Need::Join,
            _ => Need::Wait,
        };
        match need {
            Need::Nothing => Step::Nothing,
            Need::Wait => Step::Wait,
            Need::Join => Step::Join(interface.into()),
        }
    }

    /// The address that a unicast socket is to be bound to; `None` while that is not known.
    fn binding(
        &self,
        interface: Option<&Interface>,
        primary: impl FnOnce() -> Option<IpAddr>,
    ) -> Option<(IpAddr, Option<Device>)> {
        let address = Some(self.address).filter(|address| !address.is_unspecified()).or_else(primary)?;
        if matches!(address, IpAddr::V6(address) if address.is_unicast_link_local()) {
            return Some((address, Some(interface?.into())));
        }
        let of_vrf = interface.filter(|i| i.master.is_some() && has(i, address));
        Some((address, of_vrf.map(Device::from)))
    }

    /// Opens a socket as a step says; `None` if the step is nothing to open.
    pub(super) fn open(&self, step: Step) -> io::Result<Option<(VrrpSocket, Attachment)>> {
        let config = SocketConfig {
            protocol: self.protocol,
            receive_buffer_len: Some(RECEIVE_BUFFER_LEN),
            ..SocketConfig::default()
        };
        Ok(match step {
            Step::Nothing | Step::Wait => None,
            Step::Join(device) => {
                let socket = VrrpSocket::multicast(&device, self.address, &config)?;
                Some((socket, self.joined(device)))
            }
            Step::Bind(address, device) => {
                let socket = VrrpSocket::unicast(address, device.as_ref(), &config)?;
                Some((socket, Attachment::Address(address, device)))
            }
            Step::Tap(device, mac) => {
                let socket = VrrpSocket::tap(&device, mac, self.address, &config)?;
                Some((socket, Attachment::Tap(device.index)))
            }
        })
    }
}

impl Attachment {
    /// Takes in what costs memberships.
    pub(super) fn note(&mut self, change: &Change) {
        match (&mut *self, change) {
            (Self::Group(membership), change) => membership.note(change),
            // It is bound to what is gone, whatever comes back under the same index.
            (Self::Address(_, device), Change::LinkRemoved { index, .. })
                if device.as_ref().is_some_and(|device| device.index == *index) =>
            {
                *device = Some(Device { index: 0, name: String::new() });
            }
            (Self::Tap(own), Change::LinkRemoved { index, .. }) if own == index => *own = 0,
            (Self::Address(..) | Self::Tap(_), _) => {}
        }
    }

    /// The index of the interface that packets leave by; 0 if their route decides.
    pub(super) fn index(&self) -> u32 {
        match self {
            Self::Group(membership) => membership.device().index,
            Self::Address(_, device) => device.as_ref().map_or(0, |device| device.index),
            Self::Tap(index) => *index,
        }
    }
}

fn tap_step(attachment: Option<&Attachment>, interface: Option<&Interface>, mac: [u8; 6]) -> Step {
    let Some(interface) = interface.filter(|interface| interface.mac == Some(mac)) else { return Step::Wait };
    if attachment == Some(&Attachment::Tap(interface.index)) {
        return Step::Nothing;
    }
    Step::Tap(interface.into(), mac)
}

fn has(interface: &Interface, address: IpAddr) -> bool {
    interface.addresses.iter().any(|own| own.network.ip() == address)
}

/// Room for a burst of all 255 VRIDs of some peers.
const RECEIVE_BUFFER_LEN: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use vrrp_linux::address::{AddressFlags, Scope};
    use vrrp_linux::interfaces::InterfaceAddress;

    use super::*;
    use crate::ipc::Generation;
    use crate::plan::Plan;
    use vrrp_election::LinkId;
    use vrrp_proto::IP_PROTOCOL;

    fn interface(index: u32, addresses: &[&str]) -> Interface {
        let address = |text: &&str| InterfaceAddress {
            network: text.parse().unwrap(),
            peer: None,
            scope: Scope::UNIVERSE,
            flags: AddressFlags::empty(),
            label: None,
            broadcast: None,
            protocol: None,
        };
        Interface {
            index,
            name: "eth0".to_owned(),
            up: true,
            mac: None,
            mtu: 1500,
            noarp: false,
            loopback: false,
            lower: None,
            master: None,
            details: vrrp_linux::interfaces::Details::default(),
            addresses: addresses.iter().map(address).collect(),
        }
    }

    fn key(address: &str, multicast: bool) -> Key {
        let way = if multicast { Way::Group } else { Way::Address };
        Key { link: Some(LinkId(0)), address: ip(address), way, protocol: IP_PROTOCOL }
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_unicast_socket_is_of_the_configured_source_and_a_multicast_one_of_its_group() {
        let key_of = |lines: &str| {
            let text = format!(
                "vrrp_instance V {{\n interface eth0\n virtual_router_id 51\n{lines}\n virtual_ipaddress {{\n \
                 192.0.2.100\n }}\n}}"
            );
            let plan = Plan::new(Generation::default(), keepalived_conf::load_str(&text).config);
            let key = Key::of(&plan.routers[0]);
            (key.address.to_string(), key.way == Way::Group)
        };
        let peers = "unicast_peer {\n 192.0.2.2\n }";
        assert_eq!(key_of(&format!("unicast_src_ip 192.0.2.7\n{peers}")), ("192.0.2.7".to_owned(), false));
        assert_eq!(key_of(peers), ("0.0.0.0".to_owned(), false));
        assert_eq!(key_of("mcast_src_ip 192.0.2.7"), ("224.0.0.18".to_owned(), true));
    }

    fn eth0(index: u32) -> Device {
        Device { index, name: "eth0".to_owned() }
    }

    #[test]
    fn a_group_is_joined_when_the_interface_is_there_and_again_when_it_was_made_anew() {
        let key = key("224.0.0.18", true);
        let first = interface(3, &[]);
        assert_eq!(key.step(None, None, || None), Step::Wait);
        assert_eq!(key.step(None, Some(&first), || None), Step::Join((&first).into()));
        let mut attachment = Attachment::Group(Membership::new((&first).into(), key.address));
        assert_eq!(key.step(Some(&attachment), Some(&first), || None), Step::Nothing);
        let second = interface(9, &[]);
        assert_eq!(key.step(Some(&attachment), Some(&second), || None), Step::Join((&second).into()));
        // Deleted, or moved to another namespace and back.
        attachment.note(&Change::LinkRemoved { index: 3, name: "eth0".to_owned() });
        assert_eq!(key.step(Some(&attachment), None, || None), Step::Wait);
        assert_eq!(key.step(Some(&attachment), Some(&first), || None), Step::Join((&first).into()));
    }

    #[test]
    fn an_ipv6_group_is_not_joined_below_the_least_mtu() {
        let key = key("ff02::12", true);
        let narrow = Interface { mtu: 1279, ..interface(3, &[]) };
        assert_eq!(key.step(None, Some(&narrow), || None), Step::Wait);
        let wide = Interface { mtu: 1280, ..interface(3, &[]) };
        assert_eq!(key.step(None, Some(&wide), || None), Step::Join((&wide).into()));
    }

    #[test]
    fn a_unicast_socket_is_bound_to_its_address_on_whichever_interface_that_is() {
        let key = key("192.0.2.1", false);
        let bound = Attachment::Address(ip("192.0.2.1"), None);
        for interface in [None, Some(&interface(3, &["192.0.2.1/24"])), Some(&interface(3, &["10.0.0.1/24"]))]
        {
            assert_eq!(key.step(None, interface, || None), Step::Bind(ip("192.0.2.1"), None));
            assert_eq!(key.step(Some(&bound), interface, || None), Step::Nothing);
        }
    }

    #[test]
    fn without_a_source_a_unicast_socket_follows_the_primary_address() {
        let key = key("0.0.0.0", false);
        let eth0 = interface(3, &["192.0.2.1/24", "192.0.2.2/24"]);
        assert_eq!(key.step(None, Some(&eth0), || None), Step::Wait);
        let step = key.step(None, Some(&eth0), || Some(ip("192.0.2.1")));
        assert_eq!(step, Step::Bind(ip("192.0.2.1"), None));
        let bound = Attachment::Address(ip("192.0.2.1"), None);
        assert_eq!(key.step(Some(&bound), Some(&eth0), || Some(ip("192.0.2.1"))), Step::Nothing);
        let moved = key.step(Some(&bound), Some(&eth0), || Some(ip("192.0.2.2")));
        assert_eq!(moved, Step::Bind(ip("192.0.2.2"), None));
        assert_eq!(key.step(Some(&bound), Some(&eth0), || None), Step::Wait, "nothing to bind to");
    }

    #[test]
    fn a_link_local_source_is_bound_to_its_interface_and_again_when_that_was_made_anew() {
        let key = key("fe80::1", false);
        let first = interface(3, &["fe80::1/64"]);
        assert_eq!(key.step(None, None, || None), Step::Wait);
        assert_eq!(key.step(None, Some(&first), || None), Step::Bind(ip("fe80::1"), Some(eth0(3))));
        let mut bound = Attachment::Address(ip("fe80::1"), Some(eth0(3)));
        assert_eq!(key.step(Some(&bound), Some(&first), || None), Step::Nothing);
        let second = interface(9, &["fe80::1/64"]);
        assert_eq!(key.step(Some(&bound), Some(&second), || None), Step::Bind(ip("fe80::1"), Some(eth0(9))));
        bound.note(&Change::LinkRemoved { index: 7, name: "eth1".to_owned() });
        assert_eq!(key.step(Some(&bound), Some(&first), || None), Step::Nothing, "another interface");
        bound.note(&Change::LinkRemoved { index: 3, name: "eth0".to_owned() });
        let again = key.step(Some(&bound), Some(&first), || None);
        assert_eq!(again, Step::Bind(ip("fe80::1"), Some(eth0(3))), "the same index and name");
    }

    #[test]
    fn packets_leave_by_the_interface_of_their_socket_or_where_their_route_leads() {
        let group = ip("224.0.0.18");
        assert_eq!(Attachment::Group(Membership::new(eth0(3), group)).index(), 3);
        assert_eq!(Attachment::Address(ip("fe80::1"), Some(eth0(4))).index(), 4);
        assert_eq!(Attachment::Address(ip("192.0.2.1"), None).index(), 0);
    }

    #[test]
    fn in_a_vrf_a_unicast_socket_is_bound_to_the_interface_of_its_address() {
        let key = key("192.0.2.1", false);
        let in_vrf = Interface { master: Some(7), ..interface(3, &["192.0.2.1/24"]) };
        assert_eq!(key.step(None, Some(&in_vrf), || None), Step::Bind(ip("192.0.2.1"), Some(eth0(3))));
        let elsewhere = Interface { master: Some(7), ..interface(3, &["10.0.0.1/24"]) };
        assert_eq!(key.step(None, Some(&elsewhere), || None), Step::Bind(ip("192.0.2.1"), None));
    }
}
