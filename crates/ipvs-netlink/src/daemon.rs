//! The kernel's sync daemon, which tells another machine about connections.
//!
//! Attributes within `DAEMON` (3 at the top):
//!
//! ```text
//! STATE 1      u32, 1 master, 2 backup    MCAST_GROUP 5    4 octets, else
//! MCAST_IFN 2  text with NUL              MCAST_GROUP6 6   16 octets
//! SYNC_ID 3    u32, 0 to 255              MCAST_PORT 7     u16 host order
//! SYNC_MAXLEN 4  u16                      MCAST_TTL 8      u8          (4 to 8: Linux 4.3)
//! ```

use std::fmt;
use std::net::IpAddr;

use crate::Family;
use crate::family::address_octets;
use crate::wire::attribute::{Attributes, Outgoing, ParseError};

/// One half of the connection synchronization: a kernel thread that sends, or one that receives. A network namespace
/// can run one of each.
///
/// Starting one is refused while a service has a destination of another family, and the other way round.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SyncDaemon {
    /// Which half.
    pub role: SyncRole,
    /// The interface its packets use; at most 15 octets.
    pub interface: String,
    /// Daemons hear those with the same number. A backup with 0 hears all.
    pub id: u8,
    /// Longest message in octets; `None` is the interface's MTU less the headers.
    pub max_len: Option<u16>,
    /// Multicast group; `None` is 224.0.0.81.
    pub group: Option<IpAddr>,
    /// UDP port; `None` is 8848.
    pub port: Option<u16>,
    /// Time to live of what is sent; `None` is 1.
    pub ttl: Option<u8>,
}

/// Which half of the synchronization a daemon is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum SyncRole {
    /// It tells others of connections here.
    Master,
    /// It hears of connections elsewhere.
    Backup,
}

impl SyncDaemon {
    /// A daemon with the kernel's defaults.
    pub fn new(role: SyncRole, interface: impl Into<String>, id: u8) -> Self {
        Self { role, interface: interface.into(), id, max_len: None, group: None, port: None, ttl: None }
    }

    pub(crate) fn attributes(&self) -> Vec<Outgoing> {
        let mut attributes = vec![
            Outgoing::u32(STATE, self.role.number()),
            Outgoing::text(MCAST_IFN, &self.interface),
            Outgoing::u32(SYNC_ID, self.id.into()),
        ];
        attributes.extend(self.max_len.map(|octets| Outgoing::u16(SYNC_MAXLEN, octets)));
        attributes.extend(self.port.map(|port| Outgoing::u16(MCAST_PORT, port)));
        attributes.extend(self.ttl.map(|ttl| Outgoing::u8(MCAST_TTL, ttl)));
        attributes.extend(self.group.map(|group| match group {
            IpAddr::V4(group) => Outgoing::u32(MCAST_GROUP, u32::from_ne_bytes(group.octets())),
            IpAddr::V6(_) => Outgoing::octets(MCAST_GROUP6, address_octets(group)),
        }));
        attributes
    }

    /// Reads what is within `DAEMON`.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        let mut daemon = Self::new(SyncRole::Master, "", 0);
        let mut role = None;
        for attribute in Attributes::new(bytes) {
            let attribute = attribute?;
            match attribute.kind {
                STATE => {
                    let number = attribute.u32()?;
                    role = Some(SyncRole::from_number(number).ok_or(attribute.unknown(number))?);
                }
                MCAST_IFN => attribute.text()?.clone_into(&mut daemon.interface),
                SYNC_ID => {
                    let number = attribute.u32()?;
                    daemon.id = u8::try_from(number).map_err(|_| attribute.unknown(number))?;
                }
                SYNC_MAXLEN => daemon.max_len = Some(attribute.u16()?),
                MCAST_PORT => daemon.port = Some(attribute.u16()?),
                MCAST_TTL => daemon.ttl = Some(attribute.u8()?),
                MCAST_GROUP => daemon.group = Some(IpAddr::from(attribute.leading::<4>()?)),
                MCAST_GROUP6 => daemon.group = Some(Family::V6.address(attribute.leading()?)),
                _ => {}
            }
        }
        daemon.role = role.ok_or(ParseError::Missing { kind: STATE, name: "DAEMON_ATTR_STATE" })?;
        Ok(daemon)
    }
}

impl SyncRole {
    pub(crate) const fn number(self) -> u32 {
        match self {
            Self::Master => 1,
            Self::Backup => 2,
        }
    }

    const fn from_number(number: u32) -> Option<Self> {
        match number {
            1 => Some(Self::Master),
            2 => Some(Self::Backup),
            _ => None,
        }
    }

    /// The configuration that stops the daemon of this role. The kernel asks for the state alone.
    pub(crate) fn attributes(self) -> Vec<Outgoing> {
        vec![Outgoing::u32(STATE, self.number())]
    }
}

impl fmt::Display for SyncRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Master => "master",
            Self::Backup => "backup",
        })
    }
}

impl fmt::Display for SyncDaemon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} sync daemon on {} with id {}", self.role, self.interface, self.id)
    }
}

// `IPVS_DAEMON_ATTR_*`
const STATE: u16 = 1;
const MCAST_IFN: u16 = 2;
const SYNC_ID: u16 = 3;
const SYNC_MAXLEN: u16 = 4;
const MCAST_GROUP: u16 = 5;
const MCAST_GROUP6: u16 = 6;
const MCAST_PORT: u16 = 7;
const MCAST_TTL: u16 = 8;
