//! Demultiplexing: finds the session that a packet is for (RFC 5880 §6.3, §6.8.6).

use alloc::collections::BTreeMap;
use core::net::IpAddr;

use crate::{Discriminator, HopRule, Packet};

/// A session, by the caller's own numbering.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub u32);

/// Between which addresses a session is: its identity as long as no discriminator is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Peer {
    /// The other system.
    pub neighbor: IpAddr,
    /// This one; `None` where any of its addresses will do.
    pub local: Option<IpAddr>,
    /// Over several hops (RFC 5883): the port tells, and such a session is never one over a single hop.
    pub multihop: bool,
}

/// The origin of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Source address.
    pub source: IpAddr,
    /// Destination address, if it is known.
    pub destination: Option<IpAddr>,
    /// True if it came to the port of multihop sessions.
    pub multihop: bool,
    /// TTL or Hop Limit, if it is known.
    pub hop_limit: Option<u8>,
}

/// Why no session takes a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Discarded {
    /// Your Discriminator names no session.
    #[error("no session has the discriminator {0}")]
    Discriminator(Discriminator),
    /// Your Discriminator is 0, and no session is with its source.
    #[error("no session is with {0}")]
    Neighbor(IpAddr),
    /// It came over more routers than the session allows.
    #[error("its TTL or Hop Limit is {}, at least {least} is accepted", received.unwrap_or(0))]
    Hops {
        /// As it is.
        received: Option<u8>,
        /// The least that the session accepts.
        least: u8,
    },
    /// The session is over one hop and the port is that of several, or the reverse.
    #[error("it came to the port of another kind of session")]
    Port,
}

/// All sessions of a system, by discriminator and by address.
#[derive(Clone, Debug, Default)]
pub struct Demultiplexer {
    by_discriminator: BTreeMap<Discriminator, (SessionId, Peer, HopRule)>,
    by_peer: BTreeMap<Peer, Discriminator>,
}

impl Demultiplexer {
    /// Without any session.
    #[must_use]
    pub const fn new() -> Self {
        Self { by_discriminator: BTreeMap::new(), by_peer: BTreeMap::new() }
    }

    /// A discriminator that no session has, from random numbers (RFC 5880 §6.8.1: unique, SHOULD be random).
    pub fn fresh(&self, mut draw: impl FnMut() -> u32) -> Discriminator {
        let mut number = draw();
        loop {
            if let Some(discriminator) = Discriminator::new(number)
                && !self.by_discriminator.contains_key(&discriminator)
            {
                return discriminator;
            }
            // Even a source of numbers that is stuck comes to an end.
            number = number.wrapping_add(1);
        }
    }

    /// Adds a session. `false`, and nothing is changed, if its discriminator or its peer is taken: there is one session
    /// between two addresses (RFC 5881 §3).
    pub fn insert(&mut self, id: SessionId, local: Discriminator, peer: Peer, hops: HopRule) -> bool {
        if self.by_discriminator.contains_key(&local) || self.by_peer.contains_key(&peer) {
            return false;
        }
        self.by_discriminator.insert(local, (id, peer, hops));
        self.by_peer.insert(peer, local);
        true
    }

    /// The session that takes a packet.
    ///
    /// # Errors
    /// In the order of RFC 5880 §6.8.6: no session; then RFC 5881 §4 and §5 for the session that it is for.
    pub fn select(&self, packet: &Packet<'_>, taken: &Taken) -> Result<SessionId, Discarded> {
        let local = match packet.your_discriminator {
            // The discriminator alone decides, whatever the source (§6.3).
            Some(your) => your,
            None => self.with_neighbor(taken).ok_or(Discarded::Neighbor(taken.source))?,
        };
        let Some(&(id, peer, hops)) = self.by_discriminator.get(&local) else {
            return Err(Discarded::Discriminator(local));
        };
        if peer.multihop != taken.multihop {
            return Err(Discarded::Port);
        }
        if !hops.accepts(taken.hop_limit) {
            return Err(Discarded::Hops { received: taken.hop_limit, least: hops.least });
        }
        Ok(id)
    }

    fn with_neighbor(&self, taken: &Taken) -> Option<Discriminator> {
        let peer = |local| Peer { neighbor: taken.source, local, multihop: taken.multihop };
        let exact = taken.destination.and_then(|address| self.by_peer.get(&peer(Some(address))));
        exact.or_else(|| self.by_peer.get(&peer(None))).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Diagnostic, Interval, State};

    const NEIGHBOR: IpAddr = IpAddr::V4(core::net::Ipv4Addr::new(192, 0, 2, 2));
    const LOCAL: IpAddr = IpAddr::V4(core::net::Ipv4Addr::new(192, 0, 2, 1));
    const STRANGER: IpAddr = IpAddr::V4(core::net::Ipv4Addr::new(192, 0, 2, 3));

    fn number(number: u32) -> Discriminator {
        Discriminator::new(number).unwrap()
    }

    fn packet(your: Option<Discriminator>) -> Packet<'static> {
        Packet {
            diagnostic: Diagnostic::NONE,
            state: State::Down,
            poll: false,
            r#final: false,
            control_plane_independent: false,
            demand: false,
            detect_mult: 3.try_into().unwrap(),
            my_discriminator: number(77),
            your_discriminator: your,
            desired_min_tx: Interval::SLOW,
            required_min_rx: Interval::SLOW,
            required_min_echo_rx: Interval::ZERO,
            authentication: None,
        }
    }

    fn from(source: IpAddr) -> Taken {
        Taken { source, destination: Some(LOCAL), multihop: false, hop_limit: Some(255) }
    }

    fn one() -> Demultiplexer {
        let mut sessions = Demultiplexer::new();
        let peer = Peer { neighbor: NEIGHBOR, local: Some(LOCAL), multihop: false };
        assert!(sessions.insert(SessionId(4), number(9), peer, HopRule::SINGLE_HOP));
        sessions
    }

    #[test]
    fn rfc5880_6_3_once_known_the_discriminator_alone_selects() {
        let sessions = one();
        assert_eq!(sessions.select(&packet(Some(number(9))), &from(STRANGER)), Ok(SessionId(4)));
        assert_eq!(
            sessions.select(&packet(Some(number(8))), &from(NEIGHBOR)),
            Err(Discarded::Discriminator(number(8)))
        );
    }

    #[test]
    fn rfc5880_6_8_6_without_a_discriminator_the_addresses_select() {
        let sessions = one();
        assert_eq!(sessions.select(&packet(None), &from(NEIGHBOR)), Ok(SessionId(4)));
        assert_eq!(sessions.select(&packet(None), &from(STRANGER)), Err(Discarded::Neighbor(STRANGER)));
        let elsewhere = Taken { destination: Some(STRANGER), ..from(NEIGHBOR) };
        assert_eq!(sessions.select(&packet(None), &elsewhere), Err(Discarded::Neighbor(NEIGHBOR)));
    }

    #[test]
    fn a_session_without_an_address_of_its_own_takes_packets_to_any() {
        let mut sessions = Demultiplexer::new();
        let peer = Peer { neighbor: NEIGHBOR, local: None, multihop: false };
        assert!(sessions.insert(SessionId(0), number(1), peer, HopRule::ANY));
        assert_eq!(sessions.select(&packet(None), &from(NEIGHBOR)), Ok(SessionId(0)));
    }

    #[test]
    fn rfc5881_5_a_packet_that_a_router_passed_on_is_discarded() {
        let passed_on = Taken { hop_limit: Some(254), ..from(NEIGHBOR) };
        let discarded = Discarded::Hops { received: Some(254), least: 255 };
        assert_eq!(one().select(&packet(None), &passed_on), Err(discarded));
        assert_eq!(one().select(&packet(Some(number(9))), &passed_on), Err(discarded));
    }

    #[test]
    fn rfc5883_5_sessions_over_several_hops_have_a_port_of_their_own() {
        let multihop = Taken { multihop: true, ..from(NEIGHBOR) };
        assert_eq!(one().select(&packet(Some(number(9))), &multihop), Err(Discarded::Port));
        assert_eq!(one().select(&packet(None), &multihop), Err(Discarded::Neighbor(NEIGHBOR)));
    }

    #[test]
    fn rfc5881_3_there_is_one_session_between_two_addresses() {
        let mut sessions = one();
        let peer = Peer { neighbor: NEIGHBOR, local: Some(LOCAL), multihop: false };
        assert!(!sessions.insert(SessionId(5), number(10), peer, HopRule::SINGLE_HOP));
        let other = Peer { neighbor: STRANGER, ..peer };
        assert!(!sessions.insert(SessionId(5), number(9), other, HopRule::SINGLE_HOP), "discriminator taken");
    }

    #[test]
    fn a_fresh_discriminator_is_neither_0_nor_taken() {
        assert_eq!(one().fresh(|| 0), number(1));
        assert_eq!(one().fresh(|| 9), number(10));
    }
}
