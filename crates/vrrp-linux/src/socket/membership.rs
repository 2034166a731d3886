//! Where a multicast socket has joined its group, and whether the kernel still knows of it.
//!
//! Pure: it compares what is known of the interface. The kernel drops memberships without a word to the socket, which
//! goes on listing them: when the interface is removed (deleted, or moved to another network namespace, from where it
//! may come back under the same index and name), and when its MTU is for a moment too small for the family. From then
//! on the socket receives nothing, and a router that does not notice takes silence for the end of its peer.
//!
//! Nothing is lost by a new name, a new MAC address, a link that goes down and up, addresses that come and go,
//! `disable_ipv6`, or another bridge (tried on Linux 6.18). A socket bound to the old name must still be bound again
//! if that name is now another interface's.

use std::net::IpAddr;

use super::Device;
use crate::interfaces::{Change, Interface, MIN_MTU_IPV4, MIN_MTU_IPV6};

/// One membership of one socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    device: Device,
    ipv6: bool,
    /// Whether nothing has happened that drops it.
    intact: bool,
}

/// A change that lets a socket hear its group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Nothing: it does.
    Nothing,
    /// Nothing yet: there is no such interface, or it does not carry the family now.
    Wait,
    /// [`VrrpSocket::rejoin`](super::VrrpSocket::rejoin), then [`Membership::new`].
    Join,
}

impl Membership {
    /// The membership in `group` that was just joined on `device`.
    pub fn new(device: Device, group: IpAddr) -> Self {
        Self { device, ipv6: group.is_ipv6(), intact: true }
    }

    /// The interface.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Takes in what happened to the interfaces, in the order in which it did.
    pub fn note(&mut self, change: &Change) {
        match change {
            Change::LinkRemoved { index, .. } if *index == self.device.index => self.intact = false,
            Change::MembershipsLost { index, ipv4, ipv6 } if *index == self.device.index => {
                self.intact &= if self.ipv6 { !*ipv6 } else { !*ipv4 };
            }
            _ => {}
        }
    }

    /// The change that is due, given the interface that has the configured name now.
    #[must_use]
    pub fn need(&self, interface: Option<&Interface>) -> Need {
        let Some(interface) = interface else { return Need::Wait };
        if self.intact && Device::from(interface) == self.device {
            return Need::Nothing;
        }
        if can_join(interface, self.ipv6) { Need::Join } else { Need::Wait }
    }
}

/// Whether a group of this family can be joined on an interface, as far as its MTU tells.
#[must_use]
pub fn can_join(interface: &Interface, ipv6: bool) -> bool {
    interface.mtu >= if ipv6 { MIN_MTU_IPV6 } else { MIN_MTU_IPV4 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn eth0(index: u32, mtu: u32) -> Interface {
        Interface {
            index,
            name: "eth0".to_owned(),
            up: true,
            mac: None,
            mtu,
            noarp: false,
            loopback: false,
            lower: None,
            master: None,
            details: crate::interfaces::Details::default(),
            addresses: Vec::new(),
        }
    }

    fn joined(group: &str) -> Membership {
        Membership::new(Device { index: 3, name: "eth0".to_owned() }, group.parse().unwrap())
    }

    fn after(group: &str, changes: &[Change]) -> Membership {
        let mut membership = joined(group);
        for change in changes {
            membership.note(change);
        }
        membership
    }

    const V4: &str = "224.0.0.18";
    const V6: &str = "ff02::12";

    fn removed(index: u32) -> Change {
        Change::LinkRemoved { index, name: "eth0".to_owned() }
    }

    #[test]
    fn a_membership_on_an_unchanged_interface_needs_nothing() {
        assert_eq!(joined(V4).need(Some(&eth0(3, 1500))), Need::Nothing);
        assert_eq!(joined(V6).need(Some(&eth0(3, 9000))), Need::Nothing);
        let trifles =
            [Change::LinkDown { index: 3 }, Change::LinkUp { index: 3 }, Change::LinkChanged { index: 3 }];
        assert_eq!(after(V6, &trifles).need(Some(&eth0(3, 1500))), Need::Nothing);
    }

    #[test]
    fn an_interface_made_anew_is_joined_when_it_is_there() {
        for group in [V4, V6] {
            assert_eq!(joined(group).need(Some(&eth0(4, 1500))), Need::Join, "another index");
            let away = after(group, &[removed(3)]);
            assert_eq!(away.need(None), Need::Wait);
            let back = after(group, &[removed(3), Change::LinkAdded { index: 3 }]);
            assert_eq!(back.need(Some(&eth0(3, 1500))), Need::Join, "the same index and name");
            assert_eq!(after(group, &[removed(8)]).need(Some(&eth0(3, 1500))), Need::Nothing, "another one");
        }
    }

    #[test]
    fn another_interface_that_takes_the_name_is_joined() {
        let renamed = Interface { name: "eth9".to_owned(), ..eth0(3, 1500) };
        assert_eq!(joined(V4).need(Some(&renamed)), Need::Join);
    }

    #[test]
    fn an_ipv6_membership_does_not_survive_an_mtu_below_1280_and_an_ipv4_membership_does() {
        let fell = [Change::MembershipsLost { index: 3, ipv4: false, ipv6: true }];
        assert_eq!(after(V6, &fell).need(Some(&eth0(3, 1279))), Need::Wait);
        assert_eq!(after(V6, &fell).need(Some(&eth0(3, 1280))), Need::Join);
        assert_eq!(after(V4, &fell).need(Some(&eth0(3, 1000))), Need::Nothing);
    }

    #[test]
    fn an_mtu_that_fell_and_rose_before_anybody_looked_is_noticed() {
        let both = [
            Change::LinkChanged { index: 3 },
            Change::MembershipsLost { index: 3, ipv4: true, ipv6: true },
            Change::LinkChanged { index: 3 },
        ];
        assert_eq!(after(V6, &both).need(Some(&eth0(3, 1500))), Need::Join);
        assert_eq!(after(V4, &both).need(Some(&eth0(3, 1500))), Need::Join);
        assert_eq!(after(V4, &both).need(Some(&eth0(3, 67))), Need::Wait);
    }
}
