//! Adverts as octets: written by the sender, judged by the receiver, as on a real wire.

use std::net::{IpAddr, Ipv6Addr};

use vrrp_election::{Received, RouterConfig};
use vrrp_proto::{
    Addresses, AuthData, AuthKey, ChecksumRule, Datagram, Endpoints, ExpectedAuth, Family, Priority,
    Receiver, Rejection, TTL, Vrid, group, peek,
};

/// One packet on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Packet {
    endpoints: Endpoints,
    message: Vec<u8>,
}

impl Packet {
    /// The advert that `config` asks for; `None` if it cannot be written (VRRPv2 over IPv6).
    pub(crate) fn advert(
        config: &RouterConfig,
        priority: Priority,
        source: IpAddr,
        password: Option<AuthKey>,
    ) -> Option<Self> {
        let vrid = config.vrid;
        let v4 = [[198, 51, 100, vrid.get()]];
        let v6 = [Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0x5100, vrid.get().into()).octets()];
        let addresses = match config.family {
            Family::Ipv4 => Addresses::V4(&v4),
            Family::Ipv6 => Addresses::V6(&v6),
        };
        let advert = config.advert(priority, addresses, password.map_or(AuthData::None, AuthData::Password));
        let endpoints = Endpoints::new(source, group(config.family))?;
        let mut message = vec![0; advert.buffer_len()];
        advert.emit(&mut message, &endpoints, ChecksumRule::PseudoHeader).ok()?;
        Some(Self { endpoints, message })
    }

    /// For which virtual router it is.
    pub(crate) fn addressee(&self) -> Option<(Vrid, Family)> {
        let peek = peek(&self.message)?;
        Some((Vrid::new(peek.vrid).ok()?, self.endpoints.family()))
    }

    /// Where it comes from, and what it says.
    pub(crate) fn message(&self) -> (IpAddr, &[u8]) {
        (self.endpoints.source(), &self.message)
    }

    /// Result of the packet at a router with this configuration.
    pub(crate) fn judge(
        &self,
        config: &RouterConfig,
        password: Option<AuthKey>,
    ) -> Result<Received, Rejection> {
        let datagram =
            Datagram { endpoints: self.endpoints, ttl: TTL, envelope: None, message: &self.message };
        let auth = password.map_or(ExpectedAuth::None, ExpectedAuth::Password);
        let receiver = Receiver { auth, ..config.receiver() };
        Ok(Received::from(&receiver.check(&datagram)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vrrp_proto::RouterInterval;

    fn config(family: Family, interval: RouterInterval) -> RouterConfig {
        RouterConfig::new(Vrid::new(51).unwrap(), family, interval)
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
            let source = source.parse().unwrap();
            let packet = Packet::advert(&config, Priority::new(7), source, None).unwrap();
            assert_eq!(packet.addressee(), Some((config.vrid, family)));
            let received = packet.judge(&config, None).unwrap();
            let interval = interval.into();
            assert_eq!(received, Received { source, priority: Priority::new(7), interval });
        }
    }

    #[test]
    fn a_damaged_one_is_rejected() {
        let config = config(Family::Ipv4, RouterInterval::seconds(1).unwrap());
        let mut packet =
            Packet::advert(&config, Priority::new(7), "192.0.2.1".parse().unwrap(), None).unwrap();
        packet.message[2] ^= 1;
        assert!(packet.judge(&config, None).is_err());
    }
}
