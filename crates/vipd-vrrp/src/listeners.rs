//! The instance that an advert of one socket belongs to. Several routers share a socket, and unicast routers even a
//! VRID.

use std::collections::HashMap;
use std::net::IpAddr;

use vrrp_election::RouterId;

use super::plan::{Reach, RouterPlan};

/// The routers of one socket.
#[derive(Debug, Default)]
pub(super) struct Listeners {
    /// By VRID, in the order of the file; nearly always one.
    by_vrid: HashMap<u8, Vec<Listener>>,
}

#[derive(Debug)]
struct Listener {
    id: RouterId,
    /// Its unicast peers.
    peers: Vec<IpAddr>,
}

impl Listeners {
    pub(super) fn insert(&mut self, id: RouterId, router: &RouterPlan) {
        let peers = match &router.reach {
            Reach::Multicast { .. } => Vec::new(),
            Reach::Unicast { peers, .. } => peers.iter().map(|peer| peer.address).collect(),
        };
        self.by_vrid
            .entry(router.config.vrid.get())
            .or_insert_with(|| Vec::with_capacity(1))
            .push(Listener { id, peers });
    }

    /// The router that an advert of this VRID from this address is for: the one that has the sender among its peers,
    /// else the first, which judges strangers.
    pub(super) fn find(&self, vrid: u8, source: IpAddr) -> Option<RouterId> {
        let listeners = self.by_vrid.get(&vrid)?;
        let peer = listeners.iter().find(|listener| listener.peers.contains(&source));
        peer.or(listeners.first()).map(|listener| listener.id)
    }

    /// Every router of the socket.
    pub(super) fn ids(&self) -> impl Iterator<Item = RouterId> {
        self.by_vrid.values().flatten().map(|listener| listener.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: RouterId = RouterId(0);
    const B: RouterId = RouterId(1);

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn listeners(routers: &[(RouterId, &[&str])]) -> Listeners {
        let listener = |(id, peers): &(RouterId, &[&str])| Listener {
            id: *id,
            peers: peers.iter().map(|peer| ip(peer)).collect(),
        };
        Listeners { by_vrid: HashMap::from([(51, routers.iter().map(listener).collect())]) }
    }

    #[test]
    fn of_two_unicast_routers_of_one_vrid_the_sender_decides() {
        let listeners = listeners(&[(A, &["192.0.2.2", "192.0.2.3"]), (B, &["192.0.2.4"])]);
        assert_eq!(listeners.find(51, ip("192.0.2.3")), Some(A));
        assert_eq!(listeners.find(51, ip("192.0.2.4")), Some(B));
        assert_eq!(listeners.find(51, ip("192.0.2.9")), Some(A), "a stranger is judged by the first");
        assert_eq!(listeners.find(52, ip("192.0.2.4")), None);
        assert_eq!(listeners.ids().collect::<Vec<_>>(), [A, B]);
    }

    #[test]
    fn a_multicast_router_hears_everybody() {
        assert_eq!(listeners(&[(A, &[])]).find(51, ip("192.0.2.9")), Some(A));
    }
}
