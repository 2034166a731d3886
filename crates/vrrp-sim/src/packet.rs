//! Adverts as octets: written by the sender, judged by the receiver, as on a real wire.

use std::net::{IpAddr, Ipv6Addr};

use vrrp_election::{RouterConfig, Transport};
use vrrp_proto::{
    Accepted, Addresses, AuthData, AuthKey, ChecksumRule, Datagram, Endpoints, ExpectedAuth, Family,
    Ipv4Header, Mode, Peer, Priority, Receiver, Rejection, TTL, TtlRange, Vrid, peek,
};

/// One packet on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Packet {
    endpoints: Endpoints,
    /// The message; with an Authentication Header the whole IPv4 packet, which its digest covers.
    octets: Vec<u8>,
    is_whole: bool,
}

/// Authentication of an advert that leaves.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Signature {
    None,
    Password(AuthKey),
    /// An Authentication Header with this sequence number.
    Ah(AuthKey, u32),
}

impl Packet {
    /// The advert that `config` asks for; `None` if it cannot be written (VRRPv2 over IPv6).
    pub(crate) fn advert(
        config: &RouterConfig,
        priority: Priority,
        source: IpAddr,
        destination: IpAddr,
        signature: Signature,
    ) -> Option<Self> {
        let vrid = config.vrid;
        let v4 = [[198, 51, 100, vrid.get()]];
        let v6 = [Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0x5100, vrid.get().into()).octets()];
        let addresses = match config.family {
            Family::Ipv4 => Addresses::V4(&v4),
            Family::Ipv6 => Addresses::V6(&v6),
        };
        let auth = match signature {
            Signature::None => AuthData::None,
            Signature::Password(password) => AuthData::Password(password),
            Signature::Ah(..) => AuthData::Ah,
        };
        let advert = config.advert(priority, addresses, auth);
        let endpoints = Endpoints::new(source, destination)?;
        let mut octets = vec![0; LONGEST_HEADERS + advert.buffer_len()];
        let (length, is_whole) = match (signature, endpoints) {
            (Signature::Ah(key, sequence), Endpoints::V4 { source, destination }) => {
                let header = Ipv4Header { identification: 1, ..Ipv4Header::new(source, destination) };
                (header.emit_ah(&mut octets, &advert, key, sequence).ok()?, true)
            }
            _ => (advert.emit(&mut octets, &endpoints, ChecksumRule::PseudoHeader).ok()?, false),
        };
        octets.truncate(length);
        Some(Self { endpoints, octets, is_whole })
    }

    /// For which virtual router it is.
    pub(crate) fn addressee(&self) -> Option<(Vrid, Family)> {
        let peek = peek(self.datagram()?.message)?;
        Some((Vrid::new(peek.vrid).ok()?, self.endpoints.family()))
    }

    /// The address that it is sent to.
    pub(crate) fn destination(&self) -> IpAddr {
        self.endpoints.destination()
    }

    pub(crate) fn family(&self) -> Family {
        self.endpoints.family()
    }

    /// Where it comes from, and what it says.
    pub(crate) fn message(&self) -> (IpAddr, &[u8]) {
        (self.endpoints.source(), self.datagram().map_or(&[], |datagram| datagram.message))
    }

    fn datagram(&self) -> Option<Datagram<'_>> {
        if self.is_whole {
            return Datagram::from_ipv4(&self.octets).ok();
        }
        Some(Datagram { endpoints: self.endpoints, ttl: TTL, envelope: None, message: &self.octets })
    }

    /// Result of the packet at a router with this configuration, which expects this authentication. Nothing if it is no
    /// packet.
    pub(crate) fn judge(
        &self,
        config: &RouterConfig,
        transport: &Transport,
        auth: ExpectedAuth,
    ) -> Option<Result<Accepted<'_>, Rejection>> {
        let datagram = self.datagram()?;
        let receiver = Receiver { auth, ..config.receiver() };
        Some(match transport {
            Transport::Multicast { .. } => receiver.check(&datagram),
            Transport::Unicast { peers } => {
                let peer = |address: &IpAddr| Peer { address: *address, ttl: TtlRange::ANY };
                let peers: Vec<_> = peers.iter().map(peer).collect();
                Receiver { mode: Mode::Unicast { peers: &peers, strangers: None }, ..receiver }
                    .check(&datagram)
            }
        })
    }
}

/// Octets of an IPv4 header and an Authentication Header.
const LONGEST_HEADERS: usize = 20 + 24;

#[cfg(test)]
mod tests {
    use super::*;
    use vrrp_election::Received;
    use vrrp_proto::{AhSequence, RouterInterval, group};

    fn config(family: Family, interval: RouterInterval) -> RouterConfig {
        RouterConfig::new(Vrid::new(51).unwrap(), family, interval)
    }

    fn advert(config: &RouterConfig, source: &str, destination: IpAddr, signature: Signature) -> Packet {
        let source = source.parse().unwrap();
        Packet::advert(config, Priority::new(7), source, destination, signature).unwrap()
    }

    fn v2() -> RouterConfig {
        config(Family::Ipv4, RouterInterval::seconds(1).unwrap())
    }

    #[test]
    fn an_advert_of_one_router_is_accepted_by_another() {
        let v3 = RouterInterval::centiseconds(50).unwrap();
        for (family, interval, source) in [
            (Family::Ipv4, RouterInterval::seconds(1).unwrap(), "192.0.2.1"),
            (Family::Ipv4, v3, "192.0.2.1"),
            (Family::Ipv6, v3, "fe80::1"),
        ] {
            let config = config(family, interval);
            let packet = advert(&config, source, group(family), Signature::None);
            assert_eq!(packet.addressee(), Some((config.vrid, family)));
            let transport = Transport::multicast(family);
            let accepted = packet.judge(&config, &transport, ExpectedAuth::None).unwrap().unwrap();
            let (source, interval) = (source.parse().unwrap(), interval.into());
            assert_eq!(Received::from(&accepted), Received { source, priority: Priority::new(7), interval });
        }
    }

    #[test]
    fn a_peer_is_heard_and_a_stranger_is_not() {
        let packet = advert(&v2(), "192.0.2.1", [192, 0, 2, 2].into(), Signature::None);
        let judged = |peer: &str| {
            let transport = Transport::unicast([peer.parse().unwrap()]);
            packet.judge(&v2(), &transport, ExpectedAuth::None).unwrap().is_ok()
        };
        assert_eq!((judged("192.0.2.1"), judged("192.0.2.3")), (true, false));
    }

    #[test]
    fn an_authentication_header_is_verified_and_its_number_has_to_grow() {
        let key = AuthKey::new(b"secret");
        let signed = |number| advert(&v2(), "192.0.2.1", group(Family::Ipv4), Signature::Ah(key, number));
        let mut sequence = AhSequence::default();
        let mut judged = |number| {
            let packet = signed(number);
            let transport = Transport::multicast(Family::Ipv4);
            let judged = packet.judge(&v2(), &transport, sequence.expected(key)).unwrap();
            judged.ok().and_then(|accepted| accepted.ah_sequence).inspect(|number| sequence.note(*number))
        };
        assert_eq!([7, 7, 6, 8].map(&mut judged), [Some(7), None, None, Some(8)]);
        let other = sequence.expected(AuthKey::new(b"other"));
        assert!(signed(9).judge(&v2(), &Transport::multicast(Family::Ipv4), other).unwrap().is_err());
    }

    #[test]
    fn a_damaged_one_is_rejected() {
        let mut packet = advert(&v2(), "192.0.2.1", group(Family::Ipv4), Signature::None);
        packet.octets[2] ^= 1;
        let transport = Transport::multicast(Family::Ipv4);
        assert!(packet.judge(&v2(), &transport, ExpectedAuth::None).unwrap().is_err());
    }
}
