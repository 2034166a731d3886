//! Things that happened.

use std::net::IpAddr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Cause, Evidence, Intent, ReloadResult, Role, State, TrackerKind};

/// Something that happened, as `vipd events` shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Event {
    /// [`VERSION`](crate::VERSION)
    pub v: u32,
    /// Counts the events since the daemon started: a reader that misses numbers has lost events.
    pub seq: u64,
    /// The time.
    pub at: Timestamp,
    /// The event.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// Kinds of events.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
#[non_exhaustive]
pub enum EventKind {
    /// An instance changed its state.
    Transition {
        /// Its name.
        instance: String,
        /// Before.
        from: State,
        /// After.
        to: State,
        /// The cause.
        cause: Cause,
        /// The observations.
        #[serde(default)]
        evidence: Evidence,
    },
    /// A sync group changed its state.
    Group {
        /// Its name.
        group: String,
        /// Before.
        from: State,
        /// After.
        to: State,
    },
    /// An instance changed its effective priority.
    Priority {
        /// Its name.
        instance: String,
        /// After.
        effective: u8,
    },
    /// Something that is tracked changed.
    Tracker {
        /// Its kind.
        tracker: TrackerKind,
        /// Its name.
        name: String,
        /// Whether it is up.
        up: bool,
        /// The observation: `exited with status 7`.
        #[serde(default)]
        reason: Option<String>,
    },
    /// Another router serves at the same time, or speaks with our VRID.
    Competitor {
        /// Our instance.
        instance: String,
        /// The other router.
        source: IpAddr,
        /// Its behaviour, in words.
        what: String,
    },
    /// The daemon was held up, and waits longer for it.
    Stall {
        /// The instance whose wait grew.
        instance: String,
        /// Delay in milliseconds.
        late_ms: u64,
    },
    /// Somebody else removed a virtual address or route; it was restored.
    Restored {
        /// What: `192.0.2.10/24 dev eth0`.
        what: String,
    },
    /// A check of a real server changed.
    Check {
        /// Virtual server.
        service: String,
        /// Real server.
        server: String,
        /// Whether the check is up.
        up: bool,
        /// Why, in words.
        because: String,
    },
    /// A real server changed.
    Server {
        /// Virtual server.
        service: String,
        /// Real server.
        server: String,
        /// Whether it is up.
        up: bool,
        /// Why, in words.
        because: String,
    },
    /// A virtual server gained or lost its quorum.
    Quorum {
        /// Virtual server.
        service: String,
        /// Whether it has it.
        up: bool,
        /// Why, in words.
        because: String,
    },
    /// A BFD session changed.
    Bfd {
        /// Its name.
        session: String,
        /// Whether it is up.
        up: bool,
    },
    /// The configuration was read anew.
    Reload {
        /// Its result.
        result: ReloadResult,
        /// Why, where it was not taken.
        #[serde(default)]
        reason: Option<String>,
    },
    /// An operator's intent began, or ended.
    Intent {
        /// Instance, or `service server`.
        target: String,
        /// The intent; none if it ended.
        intent: Option<Intent>,
        /// The reason for its end, in words; empty if it began.
        #[serde(default)]
        ended: String,
    },
    /// A worker process died or was started.
    Worker {
        /// Its role.
        role: Role,
        /// The event, in words.
        what: String,
    },
    /// Another version of the program took over, or could not.
    Upgrade {
        /// The version that ran before.
        from: String,
        /// The version that was to run; empty if it did not say.
        to: String,
        /// Why it does not; none if it runs.
        #[serde(default)]
        refused: Option<String>,
    },
    /// A notify script could not be run, or failed.
    Notify {
        /// The instance, group or server that it was run for.
        target: String,
        /// The event, in words.
        what: String,
    },
}
