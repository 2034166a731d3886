//! The sockets that a router needs.

use std::iter;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use vrrp_proto::{AH_PROTOCOL, Family, IP_PROTOCOL};

use super::router::{Reach, RouterAuth, RouterPlan};
use crate::socket_key::{Key, Way};

impl Key {
    /// The sockets that a router needs: that of its adverts first.
    pub(crate) fn all_of(router: &RouterPlan) -> impl Iterator<Item = Self> + use<> {
        iter::once(Self::of(router)).chain(Self::tap_of(router))
    }

    /// With a virtual MAC address, the one that hears other machines which have it too.
    fn tap_of(router: &RouterPlan) -> Option<Self> {
        let vmac = router.vmac.as_deref()?;
        let key = Self::of(router);
        (key.way == Way::Group).then_some(Self { link: Some(vmac.link), way: Way::Tap(vmac.mac), ..key })
    }

    /// The socket of a router's adverts.
    pub(crate) fn of(router: &RouterPlan) -> Self {
        let protocol = if matches!(router.auth, RouterAuth::Ah(_)) { AH_PROTOCOL } else { IP_PROTOCOL };
        let (address, way) = match &router.reach {
            Reach::Multicast { group } => (*group, Way::Group),
            Reach::Unicast { .. } => {
                (router.source.unwrap_or(unspecified(router.config.family)), Way::Address)
            }
        };
        Self { link: router.link, address, way, protocol }
    }
}

fn unspecified(family: Family) -> IpAddr {
    match family {
        Family::Ipv4 => Ipv4Addr::UNSPECIFIED.into(),
        Family::Ipv6 => Ipv6Addr::UNSPECIFIED.into(),
    }
}
