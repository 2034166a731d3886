//! Everything that was found, as one value.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::Finding;

/// Everything that was found. Times are milliseconds since [`Report::begin`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Report {
    /// Version of this form; new members do not change it.
    pub v: u32,
    /// When the capture began; none if it has no frame.
    pub begin: Option<Timestamp>,
    /// Its length.
    pub length_ms: f64,
    /// Frames, of whatever kind.
    pub frames: u64,
    /// Adverts that could be read.
    pub adverts: u64,
    /// Frames of VRRP of which the capture has only the beginning.
    pub cut: u64,
    /// Things that are not in this report because there are too many of them.
    pub left_out: u64,
    /// Virtual routers.
    pub routers: Vec<Router>,
    /// Changes of masters, in their order.
    pub changes: Vec<Change>,
    /// Findings, the worst first.
    pub findings: Vec<Finding>,
}

/// From when to when, in milliseconds since the capture began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Span {
    /// Since when.
    pub from_ms: f64,
    /// Until when.
    pub until_ms: f64,
}

impl Span {
    /// The same as times since the capture began.
    pub fn durations(&self) -> (Duration, Duration) {
        let duration = |ms: f64| Duration::try_from_secs_f64(ms / 1000.0).unwrap_or_default();
        (duration(self.from_ms), duration(self.until_ms))
    }
}

/// A virtual router on a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct RouterId {
    /// VLAN of its frames, where they had a tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vlan: Option<u16>,
    /// Virtual router identifier, 1 to 255.
    pub vrid: u8,
    /// Adverts come over IPv6.
    pub ipv6: bool,
    /// The multicast group; none: adverts are sent to single machines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<IpAddr>,
}

impl fmt::Display for RouterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VRID {} {}", self.vrid, if self.ipv6 { "IPv6" } else { "IPv4" })?;
        if let Some(vlan) = self.vlan {
            write!(f, " VLAN {vlan}")?;
        }
        match self.group {
            None => write!(f, " unicast"),
            Some(group)
                if [vrrp_proto::IPV4_GROUP.into(), vrrp_proto::IPV6_GROUP.into()].contains(&group) =>
            {
                Ok(())
            }
            Some(group) => write!(f, " group {group}"),
        }
    }
}

/// A virtual router and its speakers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Router {
    /// Its name.
    pub id: RouterId,
    /// Machines that sent adverts of it, in the order in which they were heard.
    pub speakers: Vec<Speaker>,
}

/// A machine that sends adverts of a virtual router.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Speaker {
    /// Its address.
    pub source: IpAddr,
    /// MAC address that it sends from, as `00:00:5e:00:01:33`; where the capture has it.
    #[serde(default)]
    pub mac: Option<String>,
    /// 2 or 3.
    pub version: u8,
    /// Priority of its last advert that was not a goodbye.
    pub priority: u8,
    /// Its interval by its last advert.
    pub interval_ms: f64,
    /// Virtual addresses of its last advert.
    pub addresses: Vec<IpAddr>,
    /// Number of its adverts.
    pub adverts: u64,
    /// Longest time between two of its adverts while it was master; none if it sent one.
    #[serde(default)]
    pub longest_gap_ms: Option<f64>,
    /// Mean of the differences between these times and its interval.
    #[serde(default)]
    pub jitter_ms: Option<f64>,
    /// The largest of these differences.
    #[serde(default)]
    pub jitter_max_ms: Option<f64>,
    /// Times in which it was master, from its first advert to its last.
    pub reigns: Vec<Span>,
}

/// A change of the master.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Change {
    /// When, in milliseconds since the capture began.
    pub at_ms: f64,
    /// The virtual router.
    pub router: RouterId,
    /// The machine that begins or ends.
    pub source: IpAddr,
    /// Its action, and the reason.
    pub what: ChangeKind,
}

/// Action of a machine, and the reason.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
#[non_exhaustive]
pub enum ChangeKind {
    /// It is heard as the first one.
    First,
    /// It goes on after it was silent so long that receivers gave it up.
    Returns {
        /// Length of its silence.
        silent_ms: f64,
    },
    /// It takes over from one that was silent.
    AfterSilence {
        /// The other one.
        of: IpAddr,
        /// Time in which nobody was heard.
        silent_ms: f64,
    },
    /// It takes over from one that gave up.
    AfterGoodbye {
        /// The other one.
        of: IpAddr,
        /// Time in which nobody was heard.
        silent_ms: f64,
    },
    /// It takes over from one that was just heard.
    Preempts {
        /// The other one.
        of: IpAddr,
        /// Priority of the other one.
        its_priority: u8,
        /// Its own priority.
        priority: u8,
    },
    /// It gives up, with priority 0.
    Goodbye,
    /// Its priority is another one now.
    Priority {
        /// Before.
        from: u8,
        /// Now.
        to: u8,
    },
}
