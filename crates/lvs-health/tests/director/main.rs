//! The director from outside: its inputs, its actions and their times.
#![allow(clippy::panic, clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

mod lab;

mod attempts;
mod backup;
mod history;
mod intent;
mod order;
mod outlier;
mod panic;
mod properties;
mod quorum;
mod reload;
mod resume;
mod share;
mod slow_start;
mod snapshot;
mod spread;
mod steps;
mod stop;
mod suspend;
mod weights;
