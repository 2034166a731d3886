//! A virtual service: what clients connect to.
//!
//! Attributes within `SERVICE` (1 at the top):
//!
//! ```text
//! AF 1        u16                           FLAGS 7     u32 flags, u32 mask of those that are meant
//! PROTOCOL 2  u16, not with FWMARK          TIMEOUT 8   u32, seconds of persistence, 0 without
//! ADDR 3      16 octets, not with FWMARK    NETMASK 9   IPv4: u32 mask in network order
//! PORT 4      u16 network order, likewise               IPv6: u32 prefix length, 1 to 128
//! FWMARK 5    u32                           STATS 10    nested, only read
//! SCHED_NAME 6  text with NUL               PE_NAME 11  text with NUL
//!                                           STATS64 12  nested, only read (Linux 4.1)
//! ```
//!
//! The first five identify; `SCHED_NAME`, `FLAGS`, `TIMEOUT` and `NETMASK` must be there whenever a service is added or
//! set. Setting replaces everything but the flags outside the mask; the kernel's own flags (`HASHED`) are outside of
//! ours.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::time::Duration;

use bitflags::bitflags;

use crate::family::address_octets;
use crate::statistics::Statistics;
use crate::wire::attribute::{Attribute, Attributes, Outgoing, ParseError};
use crate::{Family, PersistenceEngine, Protocol, Scheduler, ServiceKey};

/// A virtual service and how it is balanced.
///
/// ```
/// use ipvs_netlink::{Scheduler, Service, ServiceKey};
///
/// let https = Service::new(ServiceKey::tcp("192.0.2.1:443".parse()?), Scheduler::WRR);
/// assert_eq!(https.to_string(), "[192.0.2.1]:tcp:443 wrr");
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Service {
    /// Its identity.
    pub key: ServiceKey,
    /// The algorithm that chooses a destination for a connection.
    pub scheduler: Scheduler,
    /// Switches.
    pub flags: ServiceFlags,
    /// Whether, and how long, a client stays with its destination.
    pub persistence: Option<Persistence>,
}

bitflags! {
    /// Switches of a service. The scheduler decides the meaning of bits 3 to 5; the aliases name it for those of Linux.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
    #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
    pub struct ServiceFlags: u32 {
        /// UDP: each packet is scheduled by itself, no connection is kept (ipvsadm `--ops`).
        const ONE_PACKET = 0x04;
        /// First switch of the scheduler.
        const SCHED_1 = 0x08;
        /// Second switch of the scheduler.
        const SCHED_2 = 0x10;
        /// Third switch of the scheduler.
        const SCHED_3 = 0x20;
    }
}

impl ServiceFlags {
    /// `sh`: where the hash leads to a destination that is unavailable, take another.
    pub const SH_FALLBACK: Self = Self::SCHED_1;
    /// `sh`: hash the source port too.
    pub const SH_PORT: Self = Self::SCHED_2;
    /// `mh`: where the hash leads to a destination that is unavailable, take another.
    pub const MH_FALLBACK: Self = Self::SCHED_1;
    /// `mh`: hash the source port too.
    pub const MH_PORT: Self = Self::SCHED_2;
}

/// Persistence: a client stays with its destination.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Persistence {
    /// Time after the client's last connection; whole seconds, at least one. The kernel counts in ticks and takes
    /// less than 50 days; ipvsadm allows 31.
    pub timeout: Duration,
    /// Clients that agree in so many bits of their address are one client: 1 to 32 or 128 (0 is possible with
    /// IPv4 alone: all clients are one).
    pub prefix_len: u8,
    /// IPv4: clients that agree in these bits of their address are one client, in place of `prefix_len`: for a mask
    /// whose ones are not the leading bits.
    pub mask: Option<Ipv4Addr>,
    /// The sign, besides the address, by which a client is the same.
    pub engine: Option<PersistenceEngine>,
}

/// A service as the kernel has it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct ServiceStatus {
    /// The service.
    pub service: Service,
    /// Its counters.
    pub statistics: Statistics,
}

impl Service {
    /// A service without persistence and flags.
    pub const fn new(key: ServiceKey, scheduler: Scheduler) -> Self {
        Self { key, scheduler, flags: ServiceFlags::empty(), persistence: None }
    }

    /// The same service with persistence.
    #[must_use]
    pub fn with_persistence(mut self, persistence: Persistence) -> Self {
        self.persistence = Some(persistence);
        self
    }

    /// The same service with these switches.
    #[must_use]
    pub const fn with_flags(mut self, flags: ServiceFlags) -> Self {
        self.flags = flags;
        self
    }

    /// Whether the kernel could tell `self` from `other`, which has the same key: details that the kernel does not keep
    /// (fractions of a second, prefix lengths past the address) do not count.
    pub fn is_same_for_kernel(&self, other: &Self) -> bool {
        self == other || self.attributes() == other.attributes()
    }

    /// All that adds or sets the service.
    pub(crate) fn attributes(&self) -> Vec<Outgoing> {
        let mut attributes = self.key.attributes();
        attributes.push(Outgoing::text(SCHED_NAME, self.scheduler.as_str()));
        if let Some(engine) = self.persistence.as_ref().and_then(|p| p.engine.as_ref()) {
            attributes.push(Outgoing::text(PE_NAME, engine.as_str()));
        }
        let persistent = if self.persistence.is_some() { PERSISTENT } else { 0 };
        let timeout = self.persistence.as_ref().map_or(0, Persistence::seconds);
        attributes.push(Outgoing::pair(FLAGS, self.flags.bits() | persistent, OUR_FLAGS));
        attributes.push(Outgoing::u32(TIMEOUT, timeout));
        attributes.push(Outgoing::u32(NETMASK, self.netmask()));
        attributes
    }

    fn netmask(&self) -> u32 {
        let family = self.key.family();
        let all = family.address_bits();
        let bits = self.persistence.as_ref().map_or(all, |p| p.prefix_len.min(all));
        match family {
            Family::V4 => {
                let mask = self.persistence.as_ref().and_then(|p| p.mask).map(Ipv4Addr::to_bits);
                mask.unwrap_or_else(|| u32::MAX.checked_shl(32 - u32::from(bits)).unwrap_or(0)).to_be()
            }
            Family::V6 => bits.into(),
        }
    }
}

impl Persistence {
    /// Every address is a client of its own.
    pub const fn new(family: Family, timeout: Duration) -> Self {
        Self { timeout, prefix_len: family.address_bits(), mask: None, engine: None }
    }

    fn seconds(&self) -> u32 {
        u32::try_from(self.timeout.as_secs()).unwrap_or(u32::MAX)
    }
}

impl ServiceKey {
    /// Identity of the service.
    pub(crate) fn attributes(&self) -> Vec<Outgoing> {
        let family = Outgoing::u16(AF, self.family().number());
        match self {
            Self::Address { protocol, address } => vec![
                family,
                Outgoing::u16(PROTOCOL, protocol.number().into()),
                Outgoing::octets(ADDR, address_octets(address.ip())),
                Outgoing::u16_be(PORT, address.port()),
            ],
            Self::Fwmark { mark, .. } => vec![family, Outgoing::u32(FWMARK, mark.get())],
        }
    }
}

impl ServiceStatus {
    /// Reads what is within `SERVICE`.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        let mut fields = Fields::default();
        for attribute in Attributes::new(bytes) {
            fields.take(&attribute?)?;
        }
        fields.finish()
    }
}

/// The attributes of a service while they are collected; their order is the kernel's affair.
#[derive(Default)]
struct Fields<'a> {
    family: Option<Family>,
    protocol: Option<Protocol>,
    octets: Option<[u8; 16]>,
    port: Option<u16>,
    mark: Option<NonZeroU32>,
    scheduler: Option<Scheduler>,
    engine: Option<PersistenceEngine>,
    flags: Option<u32>,
    timeout: Option<u32>,
    netmask: Option<[u8; 4]>,
    narrow_statistics: Option<&'a [u8]>,
    statistics: Option<&'a [u8]>,
}

impl<'a> Fields<'a> {
    fn take(&mut self, attribute: &Attribute<'a>) -> Result<(), ParseError> {
        match attribute.kind {
            AF => {
                let number = attribute.u16()?;
                self.family = Some(Family::from_number(number).ok_or(attribute.unknown(number.into()))?);
            }
            PROTOCOL => {
                let number = attribute.u16()?;
                self.protocol = Some(Protocol::from_number(number).ok_or(attribute.unknown(number.into()))?);
            }
            ADDR => self.octets = Some(attribute.leading()?),
            PORT => self.port = Some(attribute.u16_be()?),
            FWMARK => self.mark = NonZeroU32::new(attribute.u32()?),
            SCHED_NAME => {
                let name = Scheduler::new(attribute.text()?).map_err(|_| attribute.unknown(0))?;
                self.scheduler = Some(name);
            }
            PE_NAME => {
                let name = PersistenceEngine::new(attribute.text()?).map_err(|_| attribute.unknown(0))?;
                self.engine = Some(name);
            }
            FLAGS => self.flags = Some(u32::from_ne_bytes(attribute.leading()?)),
            TIMEOUT => self.timeout = Some(attribute.u32()?),
            NETMASK => self.netmask = Some(attribute.leading()?),
            STATS => self.narrow_statistics = Some(attribute.value),
            STATS64 => self.statistics = Some(attribute.value),
            _ => {}
        }
        Ok(())
    }

    fn finish(self) -> Result<ServiceStatus, ParseError> {
        let family = self.family.ok_or(missing(AF, "SVC_ATTR_AF"))?;
        let key = self.key(family)?;
        let flags = self.flags.ok_or(missing(FLAGS, "SVC_ATTR_FLAGS"))?;
        let persistence = if flags & PERSISTENT == 0 { None } else { Some(self.persistence(family)?) };
        let statistics = self
            .statistics
            .or(self.narrow_statistics)
            .map_or(Ok(Statistics::default()), Statistics::parse)?;
        let service = Service {
            key,
            scheduler: self.scheduler.ok_or(missing(SCHED_NAME, "SVC_ATTR_SCHED_NAME"))?,
            flags: ServiceFlags::from_bits_truncate(flags),
            persistence,
        };
        Ok(ServiceStatus { service, statistics })
    }

    fn key(&self, family: Family) -> Result<ServiceKey, ParseError> {
        if let Some(mark) = self.mark {
            return Ok(ServiceKey::Fwmark { family, mark });
        }
        let protocol = self.protocol.ok_or(missing(PROTOCOL, "SVC_ATTR_PROTOCOL"))?;
        let octets = self.octets.ok_or(missing(ADDR, "SVC_ATTR_ADDR"))?;
        let port = self.port.ok_or(missing(PORT, "SVC_ATTR_PORT"))?;
        Ok(ServiceKey::Address { protocol, address: SocketAddr::new(family.address(octets), port) })
    }

    fn persistence(&self, family: Family) -> Result<Persistence, ParseError> {
        let timeout = self.timeout.ok_or(missing(TIMEOUT, "SVC_ATTR_TIMEOUT"))?;
        let netmask = self.netmask.ok_or(missing(NETMASK, "SVC_ATTR_NETMASK"))?;
        let bits = match family {
            Family::V4 => u32::from_be_bytes(netmask).leading_ones(),
            Family::V6 => u32::from_ne_bytes(netmask),
        };
        let prefix_len = u8::try_from(bits).unwrap_or(u8::MAX).min(family.address_bits());
        let is_prefix = |mask: &u32| mask.leading_ones() + mask.trailing_zeros() == u32::BITS;
        let mask = Some(u32::from_be_bytes(netmask)).filter(|mask| family == Family::V4 && !is_prefix(mask));
        Ok(Persistence {
            timeout: Duration::from_secs(timeout.into()),
            prefix_len,
            mask: mask.map(Ipv4Addr::from_bits),
            engine: self.engine.clone(),
        })
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.key, self.scheduler)?;
        if let Some(persistence) = &self.persistence {
            write!(f, " persistent {}s", persistence.timeout.as_secs())?;
            if let Some(mask) = persistence.mask {
                write!(f, " mask {mask}")?;
            } else if persistence.prefix_len != self.key.family().address_bits() {
                write!(f, " /{}", persistence.prefix_len)?;
            }
            if let Some(engine) = &persistence.engine {
                write!(f, " pe {engine}")?;
            }
        }
        for (flag, name) in FLAG_NAMES {
            if self.flags.contains(flag) {
                write!(f, " {name}")?;
            }
        }
        Ok(())
    }
}

fn missing(kind: u16, name: &'static str) -> ParseError {
    ParseError::Missing { kind, name }
}

const FLAG_NAMES: [(ServiceFlags, &str); 4] = [
    (ServiceFlags::ONE_PACKET, "ops"),
    (ServiceFlags::SCHED_1, "flag-1"),
    (ServiceFlags::SCHED_2, "flag-2"),
    (ServiceFlags::SCHED_3, "flag-3"),
];

/// `IP_VS_SVC_F_PERSISTENT`.
const PERSISTENT: u32 = 0x01;
/// The flags that we set and clear; the kernel keeps its own.
const OUR_FLAGS: u32 = PERSISTENT | ServiceFlags::all().bits();

// `IPVS_SVC_ATTR_*`
const AF: u16 = 1;
const PROTOCOL: u16 = 2;
const ADDR: u16 = 3;
const PORT: u16 = 4;
const FWMARK: u16 = 5;
const SCHED_NAME: u16 = 6;
const FLAGS: u16 = 7;
const TIMEOUT: u16 = 8;
const NETMASK: u16 = 9;
const STATS: u16 = 10;
const PE_NAME: u16 = 11;
const STATS64: u16 = 12;
