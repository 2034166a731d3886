//! An operator's requests to the instances of a VRRP worker, and the answer.
//!
//! The parent sends [`ToVrrp::Act`](super::ToVrrp::Act), the worker answers with
//! [`FromVrrp::Acted`](super::FromVrrp::Acted) under the same number, at once. The later progress is logged, and
//! reported as events.

use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};
use vrrp_election::Refusal;

use super::Monotonic;

/// Something to do, with the person who asked for it and the reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Act {
    /// The instances that it concerns.
    pub whom: Whom,
    /// What to do.
    pub kind: ActKind,
    /// The person who asked for it, for example `uid 1000 (ada)`.
    pub who: String,
    /// The reason that was given; may be empty.
    pub why: String,
}

/// Something to do with a real server, with the person who asked for it and the reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Steer {
    /// The virtual server, as in the status.
    pub service: String,
    /// The real server: an address with its port, as in the status or in the log.
    pub server: String,
    /// The wish for it.
    pub wish: ServerIntent,
    /// When that ends by itself; `None` if it does not.
    pub until: Option<Monotonic>,
    /// The person who asked for it.
    pub who: String,
    /// The reason that was given; may be empty.
    pub why: String,
}

/// The address of a real server: `10.0.0.1:80` and `[2001:db8::1]:80` as in the status, `[10.0.0.1]:tcp:80` as in the log.
pub fn server_address(text: &str) -> Option<SocketAddr> {
    if let Ok(address) = text.parse() {
        return Some(address);
    }
    let (ip, rest) = text.strip_prefix('[')?.split_once("]:")?;
    let (_, port) = rest.split_once(':')?;
    let ip: IpAddr = ip.parse().ok()?;
    Some(SocketAddr::new(ip, port.parse().ok()?))
}

/// A wish for a real server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ServerIntent {
    /// The state that its checks and the configuration give.
    Ready,
    /// No new connections.
    Drain,
    /// Neither connections nor checks.
    Maintenance,
    /// This weight.
    Weight(u32),
}

/// Why nothing is done with a real server, in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SteerRefusal {
    /// There is none of this name.
    Name(String),
    /// It cannot be done now.
    State(String),
}

/// Instances.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Whom {
    /// The one of this name, with all members of its sync group.
    Instance(String),
    /// All.
    All,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ActKind {
    /// Give the addresses to another machine, and take them back when that one goes.
    Handover,
    /// Leave the addresses to other machines.
    Maintenance {
        /// Even if none of them serves.
        hard: bool,
        /// When it ends by itself; `None` if it does not.
        until: Option<Monotonic>,
    },
    /// End what is intended.
    End,
    /// Announce the addresses again.
    Announce,
}

/// Result of an act: for each instance that it concerns, its name and whether it was accepted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActResult {
    /// In the order of the configuration.
    pub instances: Vec<(String, Result<(), ActRefusal>)>,
    /// Those of them that begin to give their addresses away: [`FromVrrp::Pursued`](super::FromVrrp::Pursued) tells what
    /// becomes of it.
    pub moving: Vec<String>,
}

/// Outcome for addresses that are given away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActOutcome {
    /// The kind of outcome.
    pub kind: OutcomeKind,
    /// The same in words.
    pub text: String,
}

/// The kinds of outcomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OutcomeKind {
    /// Another router took over.
    Moved,
    /// No other router took over; the instance has served all the time.
    NobodyTookOver,
    /// The intent ended before.
    Ended,
    /// Another act took its place.
    Replaced,
}

/// Why nothing is done about an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum ActRefusal {
    /// There is no instance of this name.
    #[error("there is no instance of this name")]
    NoSuchInstance,
    /// It is neither in maintenance nor handed over.
    #[error("it is neither in maintenance nor handed over")]
    NothingIntended,
    /// Only one that is MASTER announces addresses.
    #[error("it is not MASTER: only the router that serves announces its addresses")]
    NotMaster,
    /// The election refuses.
    #[error(transparent)]
    Election(#[from] Refusal),
}
