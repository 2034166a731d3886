//! Invariants for inputs in any order.
#![allow(clippy::panic, clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

#[path = "../support/mod.rs"]
mod support;

mod machine;
mod one_router;
