//! The example packets of `tests/data/vrrp.jsonl`, one JSON object a line (fields: see `tests/data/README.md`).

#![allow(dead_code, reason = "every test file uses its part")]

use std::net::IpAddr;

use serde_json::Value;
use vrrp_proto::{
    Addresses, AuthKey, Datagram, ExpectedAuth, Family, IpError, Mode, Peer, Policy, Receiver,
    RouterInterval, TtlRange, Vrid, group,
};

/// One example packet with what is expected of it.
pub(crate) struct Vector {
    pub(crate) name: String,
    pub(crate) packet: Vec<u8>,
    pub(crate) preamble: Vec<Vec<u8>>,
    pub(crate) expect: Value,
    pub(crate) fields: Value,
    receiver: Value,
    vips: Vips,
    peers: Vec<Peer>,
}

enum Vips {
    V4(Vec<[u8; 4]>),
    V6(Vec<[u8; 16]>),
}

pub(crate) fn vectors() -> Vec<Vector> {
    let vectors: Vec<_> = include_str!("../data/vrrp.jsonl").lines().map(Vector::read).collect();
    assert_eq!(vectors.len(), 30);
    vectors
}

impl Vector {
    fn read(line: &str) -> Self {
        let json: Value = serde_json::from_str(line).unwrap();
        let receiver = json["receiver"].clone();
        let vips = addresses(&receiver["vips"]);
        let peers = receiver["peers"].as_array().map(Vec::as_slice).unwrap_or_default();
        Self {
            name: format!("{} {}", json["id"].as_str().unwrap(), json["name"].as_str().unwrap()),
            packet: hex(json["hex"].as_str().unwrap()),
            preamble: json["preamble"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|p| hex(p.as_str().unwrap()))
                .collect(),
            expect: json["expect"].clone(),
            fields: json["fields"].clone(),
            vips: match receiver["family"].as_str() {
                Some("ipv4") => Vips::V4(vips.iter().map(|a| v4(*a)).collect()),
                _ => Vips::V6(vips.iter().map(|a| v6(*a)).collect()),
            },
            peers: peers
                .iter()
                .map(|peer| Peer {
                    address: peer.as_str().unwrap().parse().unwrap(),
                    ttl: ttl_range(&receiver),
                })
                .collect(),
            receiver,
        }
    }

    pub(crate) fn family(&self) -> Family {
        match self.vips {
            Vips::V4(_) => Family::Ipv4,
            Vips::V6(_) => Family::Ipv6,
        }
    }

    pub(crate) fn datagram<'a>(&self, packet: &'a [u8]) -> Result<Datagram<'a>, IpError> {
        match self.fields["ip"]["family"].as_str() {
            Some("ipv4") => Datagram::from_ipv4(packet),
            _ => Datagram::from_ipv6(packet),
        }
    }

    /// The receiver with the authentication state before the preamble.
    pub(crate) fn receiver(&self, policy: Policy) -> Receiver<'_> {
        let centiseconds = u16::try_from(self.number("advert_interval_cs")).unwrap();
        let interval = match self.number("version") {
            2 => RouterInterval::seconds(u8::try_from(centiseconds / 100).unwrap()).unwrap(),
            _ => RouterInterval::centiseconds(centiseconds).unwrap(),
        };
        let vrid = Vrid::new(u8::try_from(self.number("vrid")).unwrap()).unwrap();
        Receiver {
            mode: match self.receiver["mode"].as_str() {
                Some("multicast") => Mode::Multicast { group: group(self.family()) },
                _ => Mode::Unicast {
                    peers: &self.peers,
                    strangers: self.peers.is_empty().then(|| ttl_range(&self.receiver)),
                },
            },
            auth: self.auth(),
            owner: self.receiver["owner"] == true,
            addresses: Some(self.vips()),
            policy,
            ..Receiver::new(self.family(), vrid, interval)
        }
    }

    pub(crate) fn vips(&self) -> Addresses<'_> {
        match &self.vips {
            Vips::V4(list) => Addresses::V4(list),
            Vips::V6(list) => Addresses::V6(list),
        }
    }

    pub(crate) fn key(&self) -> AuthKey {
        AuthKey::new(&hex(self.receiver["auth"]["data"].as_str().unwrap_or_default()))
    }

    pub(crate) fn last_sequence(&self) -> Option<u32> {
        self.receiver["auth"]["last_seq"].as_u64().map(|n| u32::try_from(n).unwrap())
    }

    fn auth(&self) -> ExpectedAuth {
        match self.receiver["auth"]["type"].as_u64() {
            Some(0) => ExpectedAuth::None,
            Some(1) => ExpectedAuth::Password(self.key()),
            #[cfg(feature = "ah")]
            _ => ExpectedAuth::Ah {
                key: self.key(),
                last_sequence: if self.preamble.is_empty() { self.last_sequence().unwrap() } else { 0 },
            },
            #[cfg(not(feature = "ah"))]
            _ => panic!("{} needs the feature `ah`", self.name),
        }
    }

    fn number(&self, field: &str) -> u64 {
        self.receiver[field].as_u64().unwrap()
    }
}

/// RFC 2338 has the checks of RFC 3768 and authentication, which the receiver says.
pub(crate) fn policy(name: &str) -> Policy {
    match name {
        "interop" => Policy::INTEROP,
        "rfc3768" | "rfc2338" => Policy::RFC3768,
        "rfc9568" => Policy::RFC9568,
        "rfc5798" => Policy::RFC5798,
        _ => panic!("unknown policy {name}"),
    }
}

pub(crate) fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<_> =
        text.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_digit(16).unwrap()).collect();
    digits.chunks_exact(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).unwrap()).collect()
}

pub(crate) fn strings(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|s| s.as_str().unwrap().to_owned()).collect()
}

pub(crate) fn addresses(list: &Value) -> Vec<IpAddr> {
    strings(list).iter().map(|s| s.parse().unwrap()).collect()
}

fn ttl_range(receiver: &Value) -> TtlRange {
    let bound = |name: &str, default| receiver[name].as_u64().map_or(default, |n| u8::try_from(n).unwrap());
    TtlRange { min: bound("min_ttl", 0), max: bound("max_ttl", 255) }
}

fn v4(address: IpAddr) -> [u8; 4] {
    let IpAddr::V4(address) = address else { panic!("{address} is not IPv4") };
    address.octets()
}

fn v6(address: IpAddr) -> [u8; 16] {
    let IpAddr::V6(address) = address else { panic!("{address} is not IPv6") };
    address.octets()
}
