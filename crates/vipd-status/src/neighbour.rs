//! Other speakers of VRRP on our links.

use std::net::IpAddr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A router that was heard.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Neighbour {
    /// Interface that it was heard on.
    pub interface: String,
    /// Its address.
    pub source: IpAddr,
    /// Its MAC address, where it was seen.
    #[serde(default)]
    pub mac: Option<String>,
    /// The VRID that it speaks for.
    pub vrid: u8,
    /// Version of VRRP that it speaks.
    pub version: u8,
    /// Its priority, by its last advertisement.
    pub priority: u8,
    /// Its interval in milliseconds, by its last advertisement.
    pub interval_ms: u64,
    /// Addresses of its last advertisement, at most 16.
    #[serde(default)]
    pub addresses: Vec<IpAddr>,
    /// Our instance of the same VRID, family and interface; none: a foreign VRID.
    #[serde(default)]
    pub instance: Option<String>,
    /// Its addresses differ from those of our instance of the same VRID.
    #[serde(default)]
    pub differs: bool,
    /// Why our instance rejects what it sends, if so (`authentication`, `ip-ttl`, `address-list`, …).
    #[serde(default)]
    pub rejected: Option<String>,
    /// When it was last heard.
    pub last_heard: Timestamp,
}
