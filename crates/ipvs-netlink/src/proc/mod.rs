//! Files in which the kernel shows IPVS: the connection table, the sums of all counters, and the settings.
//!
//! Files of `/proc/net` are those of the calling thread's network namespace.

mod connection;
mod global;
mod setting;

pub use connection::{Connection, ConnectionError, Connections, Origin};
pub use global::{GlobalError, global_statistics, parse_global_statistics};
pub use setting::{Setting, SyncThreshold};
