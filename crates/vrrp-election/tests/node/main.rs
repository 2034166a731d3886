//! A whole machine: tracking, links, scripts, order of actions, stop and reload.
#![allow(clippy::panic, clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

#[path = "../support/mod.rs"]
mod support;

mod lab;

mod facts;
mod history;
mod intents;
mod links;
mod memory;
mod order;
mod reload;
mod scripts;
mod startup;
mod stop;
mod sync_groups;
mod weights;
