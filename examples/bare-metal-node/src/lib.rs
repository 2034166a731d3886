//! A whole machine of virtual routers without an operating system, for the firmware of a switch. It implements [`Port`]
//! and calls [`Machine::turn`] when a packet arrives, the link changes, or the time comes that the last turn gave.
#![no_std]

use core::net::Ipv4Addr;

use vrrp_election::{
    Instant, LinkId, LinkSetup, LinkState, Node, NodeAction, NodeConfig, Received, RouterId, RouterSetup,
};
use vrrp_proto::{Addresses, AuthData, ChecksumRule, Datagram, IPV4_GROUP, Ipv4Header, peek};

/// The Ethernet controller, as far as this needs it.
pub trait Port {
    /// The next IPv4 packet with protocol 112.
    fn receive<'b>(&mut self, buffer: &'b mut [u8]) -> Option<&'b [u8]>;
    /// Sends an IPv4 packet.
    fn send(&mut self, packet: &[u8]);
    /// Answers for the address from now on and announces it, or neither.
    fn serve(&mut self, address: Ipv4Addr, is_active: bool);
}

/// Virtual routers that each serve one address on one port.
#[derive(Debug)]
pub struct Machine<const N: usize> {
    node: Node,
    own: Ipv4Addr,
    routers: [(RouterSetup, Ipv4Addr); N],
}

impl<const N: usize> Machine<N> {
    /// A machine that has the address `own` and starts without a link.
    pub fn new(now: Instant, own: Ipv4Addr, routers: [(RouterSetup, Ipv4Addr); N]) -> Self {
        let setups = routers.iter().map(|(setup, _)| setup.clone()).collect();
        let links = [LinkSetup::default()].into();
        let node = Node::new(now, NodeConfig { routers: setups, links, ..NodeConfig::default() });
        Self { node, own, routers }
    }

    /// Does what is due at `now` and gives the time of the next turn.
    pub fn turn(&mut self, now: Instant, has_carrier: bool, port: &mut impl Port) -> Option<Instant> {
        let link = LinkState { up: has_carrier, ipv4: Some(self.own), ipv6: None };
        self.node.handle_link(now, LinkId(0), link);
        let mut buffer = [0; 1500];
        while let Some(packet) = port.receive(&mut buffer) {
            self.hear(now, packet); // all that has arrived, before time is judged
        }
        self.node.handle_timeout(now);
        while let Some(action) = self.node.poll_action() {
            self.perform(&action, port);
        }
        self.node.poll_timeout()
    }

    /// A packet is for one of the routers, or is ignored.
    fn hear(&mut self, now: Instant, packet: &[u8]) -> Option<()> {
        let datagram = Datagram::from_ipv4(packet).ok()?;
        let vrid = peek(datagram.message)?.vrid;
        let (id, router) = (0..).zip(&self.routers).find(|(_, router)| router.0.config.vrid.get() == vrid)?;
        let accepted = router.0.config.receiver().check(&datagram).ok()?;
        self.node.handle_advert(now, now, RouterId(id), &Received::from(&accepted)).ok()
    }

    fn perform(&self, action: &NodeAction, port: &mut impl Port) {
        let address = |router: RouterId| self.routers[router.0 as usize].1;
        match *action {
            NodeAction::SendAdvert { router, priority } => {
                let (config, addresses) = (&self.routers[router.0 as usize].0.config, [address(router)]);
                let advert = config.advert(priority, Addresses::from(&addresses[..]), AuthData::None);
                let (header, mut packet) = (Ipv4Header::new(self.own, IPV4_GROUP), [0; 60]);
                if let Ok(len) = header.emit(&mut packet, &advert, ChecksumRule::PseudoHeader) {
                    port.send(&packet[..len]);
                }
            }
            NodeAction::Announce { router, .. } => port.serve(address(router), true),
            NodeAction::RemoveAddresses { router } => port.serve(address(router), false),
            _ => {}
        }
    }
}
