//! Settings for all of IPVS in a network namespace.
//!
//! ```text
//! SET_CONFIG, GET_CONFIG   TIMEOUT_TCP 4, TIMEOUT_TCP_FIN 5, TIMEOUT_UDP 6: u32, seconds, at the top
//! SET_INFO (answer)        VERSION 1: u32, CONN_TAB_SIZE 2: u32, at the top
//! ```

use std::fmt;
use std::time::Duration;

use crate::wire::attribute::{Attributes, Outgoing, ParseError};

/// Times for which an idle connection is remembered; whole seconds. When set, zero leaves a value as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Timeouts {
    /// An established TCP connection.
    pub tcp: Duration,
    /// A TCP connection after a FIN.
    pub tcp_fin: Duration,
    /// UDP.
    pub udp: Duration,
}

/// The kernel's description of its IPVS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Info {
    /// The version of IPVS.
    pub version: Version,
    /// Slots of the connection table.
    pub connection_table_size: u32,
}

/// A version; 1.2.1 for as long as anybody remembers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Version {
    /// First number.
    pub major: u8,
    /// Second number.
    pub minor: u8,
    /// Third number.
    pub patch: u8,
}

impl Timeouts {
    pub(crate) fn attributes(&self) -> Vec<Outgoing> {
        let seconds = |timeout: Duration| u32::try_from(timeout.as_secs()).unwrap_or(u32::MAX);
        [(TIMEOUT_TCP, self.tcp), (TIMEOUT_TCP_FIN, self.tcp_fin), (TIMEOUT_UDP, self.udp)]
            .into_iter()
            .map(|(kind, timeout)| Outgoing::u32(kind, seconds(timeout)))
            .collect()
    }

    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        let seconds = |kind, name| {
            Attributes::find(bytes, kind, name)?.u32().map(|seconds| Duration::from_secs(seconds.into()))
        };
        Ok(Self {
            tcp: seconds(TIMEOUT_TCP, "CMD_ATTR_TIMEOUT_TCP")?,
            tcp_fin: seconds(TIMEOUT_TCP_FIN, "CMD_ATTR_TIMEOUT_TCP_FIN")?,
            udp: seconds(TIMEOUT_UDP, "CMD_ATTR_TIMEOUT_UDP")?,
        })
    }
}

impl Info {
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        let version = Attributes::find(bytes, INFO_VERSION, "INFO_ATTR_VERSION")?.u32()?;
        let size = Attributes::find(bytes, INFO_CONN_TAB_SIZE, "INFO_ATTR_CONN_TAB_SIZE")?.u32()?;
        let [_, major, minor, patch] = version.to_be_bytes();
        Ok(Self { version: Version { major, minor, patch }, connection_table_size: size })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

// `IPVS_CMD_ATTR_*`
const TIMEOUT_TCP: u16 = 4;
const TIMEOUT_TCP_FIN: u16 = 5;
const TIMEOUT_UDP: u16 = 6;
// `IPVS_INFO_ATTR_*`
const INFO_VERSION: u16 = 1;
const INFO_CONN_TAB_SIZE: u16 = 2;
