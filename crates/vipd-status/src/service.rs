//! Virtual servers, their real servers and checks; BFD sessions.

use std::net::IpAddr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::Intent;

/// A virtual server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(clippy::struct_excessive_bools, reason = "independent facts, each a member of the JSON")]
pub struct Service {
    /// Its name, as in the log: `[192.0.2.10]:tcp:80`.
    pub name: String,
    /// Its scheduler.
    #[serde(default)]
    pub scheduler: String,
    /// It has its quorum.
    pub up: bool,
    /// Since when; none before the first change.
    #[serde(default)]
    pub since: Option<Timestamp>,
    /// Its quorum.
    pub quorum: Quorum,
    /// The sorry server serves.
    #[serde(default)]
    pub sorry: bool,
    /// Too few servers are good, so all are used (`panic_threshold`).
    #[serde(default)]
    pub panics: bool,
    /// The other servers give no quorum, so the `backup` servers are used.
    #[serde(default)]
    pub backups: bool,
    /// Checks are not made while the VRRP instance is not master (`ha_suspend`).
    #[serde(default)]
    pub suspended: bool,
    /// Servers that a reload dropped and that still drain.
    #[serde(default)]
    pub draining: u32,
    /// Real servers, in the order of the file.
    #[serde(default)]
    pub servers: Vec<Server>,
    /// Its sorry server; none: there is none.
    #[serde(default)]
    pub sorry_server: Option<SorryServer>,
    /// Connections and traffic of the kernel, where they were read.
    #[serde(default)]
    pub connections: Option<Connections>,
}

/// The server that serves while there is no quorum (`sorry_server`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct SorryServer {
    /// Its address and port.
    pub address: String,
    /// No check of it is down.
    pub up: bool,
    /// Its checks (`sorry_server_check`).
    #[serde(default)]
    pub checks: Vec<Check>,
}

/// Quorum of a virtual server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Quorum {
    /// Weight that has to be up.
    pub need: u64,
    /// Weight that is up.
    pub live: u64,
}

/// A real server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Server {
    /// Its address and port.
    pub address: String,
    /// No check of it is down.
    pub up: bool,
    /// It is used only while the others give no quorum (`backup`).
    #[serde(default)]
    pub backup: bool,
    /// Its new connections are never completed while its neighbours' are (`outlier_detection`).
    #[serde(default)]
    pub outlier: bool,
    /// Since when; none before the first change.
    #[serde(default)]
    pub since: Option<Timestamp>,
    /// Its weights.
    pub weight: ServerWeight,
    /// An operator's act that still holds.
    #[serde(default)]
    pub intent: Option<Intent>,
    /// Its checks.
    #[serde(default)]
    pub checks: Vec<Check>,
    /// Connections and traffic of the kernel, where they were read.
    #[serde(default)]
    pub connections: Option<Connections>,
}

/// Weights of a real server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ServerWeight {
    /// In the file.
    pub configured: u32,
    /// The weight that its checks make of it.
    pub effective: u32,
    /// In the kernel; none: the kernel does not hold the server.
    #[serde(default)]
    pub programmed: Option<u32>,
}

/// Counters of the kernel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Connections {
    /// Open connections (real servers only).
    #[serde(default)]
    pub active: u64,
    /// Connections that linger (real servers only).
    #[serde(default)]
    pub inactive: u64,
    /// Connections since the service was made.
    #[serde(default)]
    pub total: u64,
    /// Packets towards the servers.
    #[serde(default)]
    pub in_packets: u64,
    /// Packets from the servers.
    #[serde(default)]
    pub out_packets: u64,
    /// Bytes towards the servers.
    #[serde(default)]
    pub in_bytes: u64,
    /// Bytes from the servers.
    #[serde(default)]
    pub out_bytes: u64,
}

/// A check of a real server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Check {
    /// Its keyword: `HTTP_GET`.
    pub kind: String,
    /// Its target, where that is not the server itself: `http://10.0.0.14:8080/health`.
    #[serde(default)]
    pub target: String,
    /// Its result, or what is assumed before the first.
    pub up: bool,
    /// There was a result.
    #[serde(default)]
    pub settled: bool,
    /// Since when; none before the first result.
    #[serde(default)]
    pub since: Option<Timestamp>,
    /// The last failure; none if no attempt failed since the check was last good.
    #[serde(default)]
    pub failure: Option<CheckFailure>,
    /// Failures in a row.
    #[serde(default)]
    pub failures: u32,
    /// Duration of the last attempt in milliseconds.
    #[serde(default)]
    pub ms: Option<u64>,
    /// An attempt is under way.
    #[serde(default)]
    pub running: bool,
    /// Milliseconds until the next attempt.
    #[serde(default)]
    pub next_ms: Option<u64>,
    /// End of the certificate that the server showed last.
    #[serde(default)]
    pub certificate_expires: Option<Timestamp>,
}

/// Failure of an attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct CheckFailure {
    /// In one word: `timeout`, `refused`, `status`, `body`, `tls`, …
    pub kind: String,
    /// In words, as in the log: `HTTP status 503`.
    pub text: String,
    /// The time.
    #[serde(default)]
    pub at: Option<Timestamp>,
}

/// A BFD session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct BfdSession {
    /// Its name in the file.
    pub name: String,
    /// The other system.
    pub neighbour: IpAddr,
    /// Address that packets are sent from, where the file names one.
    #[serde(default)]
    pub source: Option<IpAddr>,
    /// `up`, `down`, `init` or `admin-down` (RFC 5880).
    pub state: String,
    /// The state that the other system reports.
    #[serde(default)]
    pub remote_state: Option<String>,
    /// Since when.
    #[serde(default)]
    pub since: Option<Timestamp>,
    /// Diagnostic of the last time that it went down.
    #[serde(default)]
    pub diagnostic: Option<String>,
    /// Interval at which packets are sent, in milliseconds.
    #[serde(default)]
    pub transmit_ms: Option<u64>,
    /// Silence after which it is down, in milliseconds.
    #[serde(default)]
    pub detection_ms: Option<u64>,
}
