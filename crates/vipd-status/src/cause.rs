//! Why a virtual router is in its state, and what shows it.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// Why a state changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
#[non_exhaustive]
pub enum Cause {
    /// It started, or its last fault ended.
    Startup,
    /// It started as the owner of the addresses (priority 255).
    Owner,
    /// It goes on as its predecessor process left it.
    Resumed,
    /// No advertisement arrived for the master-down interval.
    Silence {
        /// Since the last one that was obeyed, in milliseconds; none if there never was one.
        silent_ms: Option<u64>,
    },
    /// The master said with priority 0 that it leaves.
    MasterLeft {
        /// The master.
        source: Option<IpAddr>,
    },
    /// It preempted a master of lower priority.
    Preempted {
        /// The router that served.
        source: IpAddr,
        /// Its priority.
        priority: u8,
    },
    /// A better advertisement arrived.
    BetterAdvert {
        /// Its sender.
        source: IpAddr,
        /// Its priority.
        priority: u8,
    },
    /// A master could not advertise for so long that another router must have taken over.
    Stalled {
        /// Since its last advertisement, in milliseconds.
        silent_ms: u64,
    },
    /// Its sync group changed.
    Group {
        /// The group.
        name: Option<String>,
    },
    /// Something that it needs is missing.
    Fault(Fault),
    /// An operator asked for it.
    Operator {
        /// The act.
        intent: super::IntentKind,
        /// The operator's user name.
        by: String,
    },
    /// The daemon stopped.
    Stop,
    /// The configuration no longer names it.
    Deleted,
}

/// Something that keeps a virtual router from taking part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
#[non_exhaustive]
pub enum Fault {
    /// Another instance has the same interface, VRID, family and peers.
    Duplicate {
        /// Its name.
        of: String,
    },
    /// Its interface is down or missing.
    InterfaceDown {
        /// The interface.
        interface: String,
        /// It does not exist at the moment.
        missing: bool,
    },
    /// Its interface has no address to send from.
    NoAddress {
        /// The interface.
        interface: String,
    },
    /// Its unicast source address is not usable.
    NoSource,
    /// The socket that hears its advertisements is not open.
    Deaf {
        /// The interface.
        interface: String,
    },
    /// Something static that it depends on is missing: `static route 2`.
    Static {
        /// The missing object.
        what: String,
    },
    /// Another member of its sync group has a fault.
    Member {
        /// That member.
        name: String,
    },
    /// Something that it tracks is down.
    Tracker {
        /// The kind of it.
        tracker: super::TrackerKind,
        /// Its name.
        name: String,
        /// The last observation: `exited with status 7: disk full`.
        reason: Option<String>,
    },
}

/// Observations at a change of state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Evidence {
    /// Source of the last advertisement that was obeyed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_source: Option<IpAddr>,
    /// Its priority.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_priority: Option<u8>,
    /// Milliseconds from it to the change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub silent_ms: Option<u64>,
    /// Effective priority of this router at the change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<u8>,
    /// A remark in words: `exited with status 7: disk full`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
}
