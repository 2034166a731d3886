//! A destination: one of the servers behind a service.
//!
//! Attributes within `DEST` (2 at the top):
//!
//! ```text
//! ADDR 1           16 octets                      INACT_CONNS 8     u32, only read
//! PORT 2           u16 network order              PERSIST_CONNS 9   u32, only read
//! FWD_METHOD 3     u32                            STATS 10          nested, only read
//! WEIGHT 4         u32, at most 0x7fff_ffff       ADDR_FAMILY 11    u16 (Linux 3.18), else the service's
//! U_THRESH 5       u32, 0 is off                  STATS64 12        nested, only read (Linux 4.1)
//! L_THRESH 6       u32, not above U_THRESH        TUN_TYPE 13       u8  (Linux 5.2)
//! ACTIVE_CONNS 7   u32, only read                 TUN_PORT 14       u16 network order
//!                                                 TUN_FLAGS 15      u16 (Linux 5.3)
//! ```
//!
//! `ADDR_FAMILY`, `ADDR` and `PORT` identify within the service; `FWD_METHOD`, `WEIGHT`, `U_THRESH` and `L_THRESH` must
//! be there whenever a destination is added or set. Setting replaces all of it.

use std::fmt;
use std::net::SocketAddr;

use crate::family::address_octets;
use crate::forwarding::{Numbers, Unknown};
use crate::statistics::Statistics;
use crate::wire::attribute::{Attribute, Attributes, Outgoing, ParseError};
use crate::{Family, Forwarding};

/// One of the servers behind a service.
///
/// ```
/// use ipvs_netlink::{Destination, Forwarding};
///
/// let server = Destination::new("192.0.2.11:8080".parse()?, Forwarding::Nat).with_weight(3);
/// assert_eq!(server.to_string(), "192.0.2.11:8080 NAT weight 3");
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Destination {
    /// Its address, which identifies it within its service. Only NAT sends to this port; it is part of the identity all
    /// the same. The family may differ from the service's with tunnels.
    pub address: SocketAddr,
    /// Forwarding method.
    pub forwarding: Forwarding,
    /// Its share, 0 to 2,147,483,647. With 0 it gets no new connections and keeps those it has.
    pub weight: u32,
    /// When it counts as overloaded.
    pub thresholds: Thresholds,
}

/// Limits of the number of connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Thresholds {
    /// With so many connections a destination gets no more; 0 is no bound.
    pub upper: u32,
    /// Below so many it gets some again; not above `upper`. With 0 the kernel takes three quarters of `upper`.
    pub lower: u32,
}

/// Connections of a destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Connections {
    /// Established.
    pub active: u32,
    /// In any other state.
    pub inactive: u32,
    /// Clients that persistence keeps here.
    pub persistent: u32,
}

/// A destination as the kernel has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct DestinationStatus {
    /// The destination.
    pub destination: Destination,
    /// Its connections now.
    pub connections: Connections,
    /// Its counters.
    pub statistics: Statistics,
}

impl Destination {
    /// A destination with weight 1 and without thresholds.
    pub const fn new(address: SocketAddr, forwarding: Forwarding) -> Self {
        Self { address, forwarding, weight: 1, thresholds: Thresholds { upper: 0, lower: 0 } }
    }

    /// The same destination with another weight.
    #[must_use]
    pub const fn with_weight(mut self, weight: u32) -> Self {
        self.weight = weight;
        self
    }

    /// The same destination with these thresholds.
    #[must_use]
    pub const fn with_thresholds(mut self, thresholds: Thresholds) -> Self {
        self.thresholds = thresholds;
        self
    }

    /// All that adds or sets the destination.
    pub(crate) fn attributes(&self) -> Vec<Outgoing> {
        let numbers = self.forwarding.numbers();
        let mut attributes = Self::key_attributes(self.address);
        attributes.push(Outgoing::u32(FWD_METHOD, numbers.method));
        attributes.push(Outgoing::u32(WEIGHT, self.weight));
        if matches!(self.forwarding, Forwarding::Tunnel(_)) {
            attributes.push(Outgoing::u8(TUN_TYPE, numbers.tunnel_type));
            attributes.push(Outgoing::u16_be(TUN_PORT, numbers.tunnel_port));
            attributes.push(Outgoing::u16(TUN_FLAGS, numbers.tunnel_flags));
        }
        attributes.push(Outgoing::u32(U_THRESH, self.thresholds.upper));
        attributes.push(Outgoing::u32(L_THRESH, self.thresholds.lower));
        attributes
    }

    /// Identity of the destination at `address`.
    pub(crate) fn key_attributes(address: SocketAddr) -> Vec<Outgoing> {
        vec![
            Outgoing::u16(ADDR_FAMILY, Family::of(address.ip()).number()),
            Outgoing::octets(ADDR, address_octets(address.ip())),
            Outgoing::u16_be(PORT, address.port()),
        ]
    }
}

impl DestinationStatus {
    /// Reads what is within `DEST`. A kernel that does not say the family means the service's.
    pub(crate) fn parse(bytes: &[u8], service_family: Family) -> Result<Self, ParseError> {
        let mut fields = Fields::default();
        for attribute in Attributes::new(bytes) {
            fields.take(&attribute?)?;
        }
        fields.finish(service_family)
    }
}

/// The attributes of a destination while they are collected; their order is the kernel's affair.
#[derive(Default)]
struct Fields<'a> {
    family: Option<Family>,
    octets: Option<[u8; 16]>,
    port: Option<u16>,
    method: Option<u32>,
    weight: Option<u32>,
    tunnel: Numbers,
    thresholds: Thresholds,
    connections: Connections,
    narrow_statistics: Option<&'a [u8]>,
    statistics: Option<&'a [u8]>,
}

impl<'a> Fields<'a> {
    fn take(&mut self, attribute: &Attribute<'a>) -> Result<(), ParseError> {
        match attribute.kind {
            ADDR_FAMILY => {
                let number = attribute.u16()?;
                self.family = Some(Family::from_number(number).ok_or(attribute.unknown(number.into()))?);
            }
            ADDR => self.octets = Some(attribute.leading()?),
            PORT => self.port = Some(attribute.u16_be()?),
            FWD_METHOD => self.method = Some(attribute.u32()?),
            WEIGHT => self.weight = Some(attribute.u32()?),
            U_THRESH => self.thresholds.upper = attribute.u32()?,
            L_THRESH => self.thresholds.lower = attribute.u32()?,
            ACTIVE_CONNS => self.connections.active = attribute.u32()?,
            INACT_CONNS => self.connections.inactive = attribute.u32()?,
            PERSIST_CONNS => self.connections.persistent = attribute.u32()?,
            TUN_TYPE => self.tunnel.tunnel_type = attribute.u8()?,
            TUN_PORT => self.tunnel.tunnel_port = attribute.u16_be()?,
            TUN_FLAGS => self.tunnel.tunnel_flags = attribute.u16()?,
            STATS => self.narrow_statistics = Some(attribute.value),
            STATS64 => self.statistics = Some(attribute.value),
            _ => {}
        }
        Ok(())
    }

    fn finish(self, service_family: Family) -> Result<DestinationStatus, ParseError> {
        let octets = self.octets.ok_or(missing(ADDR, "DEST_ATTR_ADDR"))?;
        let port = self.port.ok_or(missing(PORT, "DEST_ATTR_PORT"))?;
        let method = self.method.ok_or(missing(FWD_METHOD, "DEST_ATTR_FWD_METHOD"))?;
        let forwarding =
            Forwarding::from_numbers(Numbers { method, ..self.tunnel }).map_err(|unknown| match unknown {
                Unknown::Method => ParseError::Value { kind: FWD_METHOD, value: method },
                Unknown::TunnelType => {
                    ParseError::Value { kind: TUN_TYPE, value: self.tunnel.tunnel_type.into() }
                }
            })?;
        let ip = self.family.unwrap_or(service_family).address(octets);
        let destination = Destination {
            address: SocketAddr::new(ip, port),
            forwarding,
            weight: self.weight.ok_or(missing(WEIGHT, "DEST_ATTR_WEIGHT"))?,
            thresholds: self.thresholds,
        };
        let statistics = self.statistics.or(self.narrow_statistics);
        let statistics = statistics.map_or(Ok(Statistics::default()), Statistics::parse)?;
        Ok(DestinationStatus { destination, connections: self.connections, statistics })
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} weight {}", self.address, self.forwarding, self.weight)?;
        let Thresholds { upper, lower } = self.thresholds;
        if upper != 0 || lower != 0 {
            write!(f, " thresholds {lower} to {upper}")?;
        }
        Ok(())
    }
}

fn missing(kind: u16, name: &'static str) -> ParseError {
    ParseError::Missing { kind, name }
}

// `IPVS_DEST_ATTR_*`
const ADDR: u16 = 1;
const PORT: u16 = 2;
const FWD_METHOD: u16 = 3;
const WEIGHT: u16 = 4;
const U_THRESH: u16 = 5;
const L_THRESH: u16 = 6;
const ACTIVE_CONNS: u16 = 7;
const INACT_CONNS: u16 = 8;
const PERSIST_CONNS: u16 = 9;
const STATS: u16 = 10;
const ADDR_FAMILY: u16 = 11;
const STATS64: u16 = 12;
const TUN_TYPE: u16 = 13;
const TUN_PORT: u16 = 14;
const TUN_FLAGS: u16 = 15;
