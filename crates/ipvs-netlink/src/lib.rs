#![doc = include_str!("../README.md")]
#![cfg(target_os = "linux")]
#![forbid(unsafe_code)]

pub mod wire;

mod client;
mod config;
mod daemon;
mod destination;
mod diff;
mod error;
mod family;
mod forwarding;
mod key;
mod module;
mod name;
mod service;
mod socket;
mod statistics;
mod table;

pub use self::client::{Client, Failure, Report, Snapshot};
pub use self::config::{Info, Timeouts, Version};
pub use self::daemon::{SyncDaemon, SyncRole};
pub use self::destination::{Connections, Destination, DestinationStatus, Thresholds};
pub use self::diff::{Change, Scope, diff};
pub use self::error::Error;
pub use self::family::{Family, Protocol};
pub use self::forwarding::{Forwarding, Tunnel, TunnelChecksum};
pub use self::key::ServiceKey;
pub use self::module::load_module;
pub use self::name::{NameError, PersistenceEngine, Scheduler};
pub use self::service::{Persistence, Service, ServiceFlags, ServiceStatus};
pub use self::statistics::{Counters, Statistics};
pub use self::table::{Entry, Table};
