//! The load balancer as a whole system: traffic of clients through the kernel by every way it knows, failover of
//! connections, big tables, crashes and reloads.
//!
//! Features that keepalived has as well are tested on both, with the same configuration and the same events.

#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

#[path = "../common/mod.rs"]
mod common;
mod failover;
mod features;
mod field;
mod passive;
mod reload;
mod scale;
mod schedulers;
mod stage;
mod traffic;
