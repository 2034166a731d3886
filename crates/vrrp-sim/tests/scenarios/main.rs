//! Named scenarios: what operators meet.
#![allow(clippy::panic, clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

mod lab;

mod causes;
mod checks;
mod crashes;
mod maintenance;
mod moves;
mod partitions;
mod reloads;
mod stalls;
mod transports;
