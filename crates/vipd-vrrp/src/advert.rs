//! The packets that one advertisement of a router becomes: built here octet by octet, sent elsewhere.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use vrrp_proto::{
    ChecksumRule, ETHERNET_HEADER_LEN, Endpoints, IPV6_HEADER_LEN, Ipv4Header, MacAddr, Priority, TTL,
    TrailerStamp, ethernet_header, ipv6_header,
};

use super::judge::{Record, auth_data};
use super::plan::{Reach, RouterAuth, RouterPlan};

/// One advertisement of one router.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outgoing<'a> {
    pub(super) router: &'a RouterPlan,
    pub(super) priority: Priority,
    pub(super) source: IpAddr,
    /// Checksum rule of VRRPv3 over IPv4.
    pub(super) checksum: ChecksumRule,
    /// Of the Authentication Header, if there is one.
    pub(super) ah_sequence: u32,
    /// Of the authentication trailer, if there is one.
    pub(super) stamp: Option<TrailerStamp>,
}

/// One packet, and where it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packet<'b> {
    /// With its header.
    V4 { octets: &'b [u8], to: Ipv4Addr },
    /// Without, for the kernel writes it.
    V6 { octets: &'b [u8], from: Ipv6Addr, to: Ipv6Addr, hop_limit: u8 },
}

impl Packet<'_> {
    /// Hands out the packet as a whole Ethernet frame from this MAC address to its group.
    pub(super) fn with_frame(&self, mac: MacAddr, send: impl FnOnce(&[u8])) {
        let mut frame = [0; ETHERNET_HEADER_LEN + IPV6_HEADER_LEN + LONGEST_PACKET];
        let (link, ip): (_, &[u8]) = match *self {
            Self::V4 { to, .. } => (ethernet_header(mac, to.into()), &[]),
            Self::V6 { octets, from, to, hop_limit } => {
                (ethernet_header(mac, to.into()), &ipv6_header(from, to, hop_limit, octets.len()))
            }
        };
        let (Self::V4 { octets, .. } | Self::V6 { octets, .. }) = *self;
        let mut length = 0;
        for (place, octet) in frame.iter_mut().zip(link.iter().chain(ip).chain(octets)) {
            *place = *octet;
            length += 1;
        }
        send(frame.get(..length).unwrap_or_default());
    }
}

impl<'a> Outgoing<'a> {
    /// The next advertisement of a router. `since_1970` is the wall clock.
    pub(super) fn next(
        router: &'a RouterPlan,
        record: &mut Record,
        source: IpAddr,
        priority: Priority,
        since_1970: Duration,
    ) -> Self {
        let ah_sequence = record.next_ah_sequence(&router.auth, since_1970);
        let checksum = record.checksum(router);
        Self {
            router,
            priority,
            source,
            checksum,
            ah_sequence,
            stamp: record.next_stamp(&router.auth, since_1970),
        }
    }

    /// Hands out a packet for each destination.
    pub(super) fn each_packet(&self, mut send: impl FnMut(Packet<'_>)) {
        let mut buffer = [0; LONGEST_PACKET];
        for destination in self.destinations() {
            let Some(octets) = self.emit(destination, &mut buffer) else { continue };
            match (self.source, destination) {
                (IpAddr::V4(_), IpAddr::V4(to)) => send(Packet::V4 { octets, to }),
                (IpAddr::V6(from), IpAddr::V6(to)) => {
                    send(Packet::V6 { octets, from, to, hop_limit: self.hop_limit() });
                }
                _ => {}
            }
        }
    }

    /// The destinations: the group, or each unicast peer but ourselves, for a list of peers may be the same on all
    /// machines.
    fn destinations(&self) -> impl Iterator<Item = IpAddr> + use<'a> {
        let (group, peers) = match &self.router.reach {
            Reach::Multicast { group } => (Some(*group), [].as_slice()),
            Reach::Unicast { peers, .. } => (None, peers.as_slice()),
        };
        let source = self.source;
        group.into_iter().chain(peers.iter().map(|peer| peer.address).filter(move |peer| *peer != source))
    }

    /// The TTL or hop limit: other machines of the link see that no router has forwarded it (RFC 9568 §5.1.1.3), and
    /// unicast goes as far as `unicast_ttl` lets it.
    fn hop_limit(&self) -> u8 {
        match self.router.reach {
            Reach::Multicast { .. } => TTL,
            Reach::Unicast { ttl, .. } => ttl,
        }
    }

    /// Writes the packet to one destination: with its header for IPv4, without for IPv6. `None` if that cannot be
    /// said, which the checked configuration rules out.
    fn emit<'b>(&self, destination: IpAddr, buffer: &'b mut [u8]) -> Option<&'b [u8]> {
        let router = self.router;
        let (addresses, auth) = (router.advertised.borrow(), auth_data(&router.auth));
        let advert = router.config.advert(self.priority, addresses, auth);
        let rule = self.checksum;
        let signer = match (&router.auth, self.stamp) {
            (RouterAuth::Trailer(plan), Some(stamp)) => plan.signer(stamp),
            _ => None,
        };
        let emitted = match (self.source, destination) {
            (IpAddr::V4(from), IpAddr::V4(to)) => {
                let mut header = Ipv4Header::new(from, to);
                header.ttl = self.hop_limit();
                if let RouterAuth::Ah(key) = &router.auth {
                    // The kernel must not choose the identification: the digest covers it.
                    header.identification = u16::try_from(self.ah_sequence & 0xffff).unwrap_or(1).max(1);
                    header.emit_ah(buffer, &advert, *key, self.ah_sequence)
                } else if let Some(signer) = &signer {
                    header.emit_signed(buffer, &advert, rule, signer)
                } else {
                    header.emit(buffer, &advert, rule)
                }
            }
            (IpAddr::V6(source), IpAddr::V6(destination)) => {
                // Adverts that the RFC forbids and keepalived sends were reported when the configuration was taken.
                let endpoints = Endpoints::V6 { source, destination };
                let emitted = advert.emit_as_keepalived(buffer, &endpoints, rule).map(|(length, _)| length);
                match (&signer, emitted) {
                    (Some(signer), Ok(length)) => Ok(signer.sign(buffer, length, &endpoints)?),
                    (_, emitted) => emitted,
                }
            }
            _ => return None,
        };
        buffer.get(..emitted.ok()?)
    }
}

/// 255 IPv4 addresses with all headers, or 89 IPv6 addresses.
const LONGEST_PACKET: usize = 1500;

#[cfg(test)]
mod tests;
