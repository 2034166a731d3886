//! One virtual router, row by row: RFC 9568 §6.4, RFC 3768 §6.4, and the additions to them.
//!
//! Every time is written out. Priority 100 at an interval of 1 s waits 3.609375 s, and skews 0.609375 s.
#![allow(clippy::panic, clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

#[path = "../support/mod.rs"]
mod support;

mod address_lost;
mod floods;
mod goodbye;
mod late;
mod own_adverts;
mod pace;
mod preempt;
mod priority;
mod reconfigure;
mod recordings;
mod table;
mod tie_break;
mod undrained;
mod v2;
mod v3;
mod yielding;
