//! Virtual routers and sync groups.

use std::collections::BTreeMap;
use std::net::IpAddr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Cause, Evidence, Fault, TrackerKind};

/// A virtual router.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Instance {
    /// Its name in the file.
    pub name: String,
    /// Its interface; empty if the file names none.
    pub interface: String,
    /// Virtual router identifier, 1 to 255.
    pub vrid: u8,
    /// Address family.
    pub family: Family,
    /// Version of VRRP, 2 or 3.
    pub version: u8,
    /// Its state now.
    pub state: State,
    /// Since when; none before the first change.
    #[serde(default)]
    pub since: Option<Timestamp>,
    /// The cause.
    #[serde(default)]
    pub cause: Option<Cause>,
    /// Its priority is 255: the addresses are its own.
    #[serde(default)]
    pub is_owner: bool,
    /// Its sync group.
    #[serde(default)]
    pub group: Option<String>,
    /// Priorities, and their terms.
    pub priority: Priority,
    /// When it takes over from a master of lower priority.
    #[serde(default)]
    pub preempt: Preempt,
    /// The master that it obeys; none while it is master itself or knows none.
    #[serde(default)]
    pub master: Option<Master>,
    /// Why the last master took over, as in RFC 8347.
    #[serde(default)]
    pub new_master_reason: NewMasterReason,
    /// Its clocks.
    #[serde(default)]
    pub timers: Timers,
    /// The fault that keeps it from taking part.
    #[serde(default)]
    pub fault: Option<Fault>,
    /// The condition that it waits for before it starts, in words: `startup delay, 9500 ms left`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits: Option<String>,
    /// When a wait was last renewed because the daemon was held up or packets were lost unread.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stalled: Option<Timestamp>,
    /// An operator's act that still holds.
    #[serde(default)]
    pub intent: Option<Intent>,
    /// Address that it sends from.
    #[serde(default)]
    pub source: Option<IpAddr>,
    /// Unicast peers; empty with multicast.
    #[serde(default)]
    pub unicast_peers: Vec<IpAddr>,
    /// Virtual addresses.
    #[serde(default)]
    pub addresses: Vec<Address>,
    /// Changes of state, the newest first; at most eight.
    #[serde(default)]
    pub history: Vec<Transition>,
    /// Changes of state whose inputs `vipd recorder` shows.
    #[serde(default)]
    pub recorded: u32,
    /// Waits in which one more lost advertisement would have moved the addresses.
    #[serde(default)]
    pub close_calls: CloseCalls,
    /// Time from one advertisement of the master to the next.
    #[serde(default)]
    pub advert_gap: Histogram,
    /// Time by which own advertisements left too late.
    #[serde(default)]
    pub send_lateness: Histogram,
    /// Counters since the start.
    #[serde(default)]
    pub statistics: Statistics,
}

/// Address family.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// IPv4
    #[default]
    Ipv4,
    /// IPv6
    Ipv6,
}

/// State of a virtual router or sync group, in keepalived's words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Not started yet.
    #[default]
    Init,
    /// Listens (Backup of RFC 9568).
    Backup,
    /// Serves (Active of RFC 9568).
    Master,
    /// Something that it needs is missing.
    Fault,
    /// Stopped in order.
    Stop,
}

impl State {
    /// keepalived's word: `MASTER`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Init => "INIT",
            Self::Backup => "BACKUP",
            Self::Master => "MASTER",
            Self::Fault => "FAULT",
            Self::Stop => "STOP",
        }
    }

    /// keepalived's number, as in its JSON, its SNMP tables and the exporters: 0 init, 1 backup, 2 master, 3 fault.
    pub const fn number(self) -> u8 {
        match self {
            Self::Init | Self::Stop => 0,
            Self::Backup => 1,
            Self::Master => 2,
            Self::Fault => 3,
        }
    }
}

/// Priorities of a virtual router.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Priority {
    /// From the file, 1 to 255.
    pub base: u8,
    /// The priority that it advertises while it is master; 0 only in a fault.
    pub effective: u8,
    /// Trackers that move it, in the order of the file.
    #[serde(default)]
    pub terms: Vec<Term>,
}

/// One thing that is tracked, and its effect on the priority.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Term {
    /// Kind of the tracker.
    pub tracker: TrackerKind,
    /// Its name: of the script, file, process, interface or BFD session.
    pub name: String,
    /// The weight in the file, -254 to 254; 0: down means FAULT.
    pub weight: i32,
    /// It counts the other way round.
    #[serde(default)]
    pub reverse: bool,
    /// Whether it is up; none: not known yet.
    #[serde(default)]
    pub up: Option<bool>,
    /// Its addition to the priority now.
    #[serde(default)]
    pub adds: i32,
}

/// When a virtual router takes over from a master of lower priority.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Preempt {
    /// At the first chance.
    #[default]
    AtOnce,
    /// After so many milliseconds (`preempt_delay`).
    AfterMs(u64),
    /// Never (`nopreempt`).
    Never,
}

/// The master that a Backup obeys, by its last advertisement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Master {
    /// Its address on the link.
    pub address: IpAddr,
    /// Its MAC address, where it was seen.
    #[serde(default)]
    pub mac: Option<String>,
    /// Its priority.
    pub priority: u8,
    /// Its interval in milliseconds.
    pub interval_ms: u64,
    /// Milliseconds since it was last heard.
    pub last_heard_ms: u64,
}

/// Why the last master took over (RFC 8347 `new-master-reason`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NewMasterReason {
    /// This router has not become master.
    #[default]
    NotMaster,
    /// It had the higher priority, or the earlier master left.
    Priority,
    /// It preempted a master of lower priority.
    Preempted,
    /// The earlier master was silent.
    NoResponse,
}

/// Clocks of a virtual router.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Timers {
    /// Interval between advertisements that counts here: its own while master, the master's while Backup. Milliseconds.
    pub advertise_interval_ms: u64,
    /// Silence after which a Backup takes over, in milliseconds.
    pub master_down_interval_ms: u64,
    /// Part of it that follows from the priority, in microseconds.
    pub skew_time_us: u64,
    /// Time until a Backup takes over unless it hears the master, or until a master advertises again, in milliseconds.
    #[serde(default)]
    pub deadline_ms: Option<u64>,
}

/// An operator's act.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Intent {
    /// The kind of intent.
    pub kind: IntentKind,
    /// The operator's user name.
    pub by: String,
    /// The reason.
    #[serde(default)]
    pub reason: String,
    /// Since when.
    pub since: Timestamp,
    /// It ends then; none: when somebody says so.
    #[serde(default)]
    pub until: Option<Timestamp>,
    /// It holds even if nobody else serves.
    #[serde(default)]
    pub hard: bool,
    /// For servers, the weight that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<u32>,
    /// For a server that drains, the connections that are still open, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open: Option<u64>,
}

/// Kinds of what an operator can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum IntentKind {
    /// An instance gives its addresses to a peer once, and does not take them back while the peer serves.
    Handover,
    /// An instance or a server is out of service for a while.
    Maintenance,
    /// A server gets no new connections.
    Drain,
    /// A server has another weight.
    Weight,
}

/// A virtual address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Address {
    /// With its prefix length: `192.0.2.10/24`.
    pub address: String,
    /// Its interface.
    pub dev: String,
    /// It is on the interface now.
    #[serde(default)]
    pub set: bool,
    /// It is not part of the advertisements (`virtual_ipaddress_excluded`).
    #[serde(default)]
    pub excluded: bool,
}

/// One change of state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Transition {
    /// The time.
    pub at: Timestamp,
    /// Before.
    pub from: State,
    /// After.
    pub to: State,
    /// The cause.
    pub cause: Cause,
    /// The observations.
    #[serde(default)]
    pub evidence: Evidence,
}

/// Waits in which one more lost advertisement would have moved the addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct CloseCalls {
    /// Since the start.
    pub count: u64,
    /// The last ones, the newest first; at most four.
    #[serde(default)]
    pub last: Vec<Timestamp>,
}

/// A histogram of durations.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Histogram {
    /// Upper bounds of the buckets in microseconds, ascending. The last bucket has none.
    #[serde(default)]
    pub bounds_us: Vec<u64>,
    /// Number of durations in each bucket: one more bucket than there are bounds.
    #[serde(default)]
    pub counts: Vec<u64>,
    /// Sum of all in microseconds.
    #[serde(default)]
    pub sum_us: u64,
    /// The longest in microseconds.
    #[serde(default)]
    pub max_us: u64,
}

/// Counters of a virtual router since the daemon started; names of RFC 8347 where it has one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Statistics {
    /// Times that it became master.
    pub master_transitions: u64,
    /// Times that it was master no longer.
    #[serde(default)]
    pub released_master: u64,
    /// Advertisements received.
    pub advertisement_rcvd: u64,
    /// Advertisements sent.
    pub advertisement_sent: u64,
    /// Advertisements with priority 0 received.
    #[serde(default)]
    pub priority_zero_pkts_rcvd: u64,
    /// Advertisements with priority 0 sent.
    #[serde(default)]
    pub priority_zero_pkts_sent: u64,
    /// Packets rejected, by reason (`ip-ttl`, `checksum`, …); reasons without any are left out.
    #[serde(default)]
    pub rejected: BTreeMap<String, u64>,
}

/// A sync group.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Group {
    /// Its name in the file.
    pub name: String,
    /// Its state now.
    pub state: State,
    /// Since when; none before the first change.
    #[serde(default)]
    pub since: Option<Timestamp>,
    /// Names of its members.
    pub members: Vec<String>,
}
