//! vipd and keepalived, one after the other in the same machine with the same file, while the same things happen: the
//! lines in the FIFO and the addresses on the interfaces are the same.
//!
//! A scenario is a value in a table. Expectations are written out by hand and hold for both daemons; what differs on
//! purpose is a row of COMPATIBILITY.md.

#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

#[path = "../common/mod.rs"]
mod common;
mod stage;
mod sync_groups;

use common::hosts::{KEEPALIVED, Maker};
use common::lab_test;
use stage::Scenario;

/// Plays each scenario with both daemons.
fn play(test: &str, scenarios: &[Scenario]) {
    lab_test(test, &[KEEPALIVED], || {
        for scenario in scenarios {
            for maker in [Maker::Keepalived, Maker::Vipd] {
                stage::play(scenario, maker);
            }
        }
    });
}

#[test]
fn sync_groups_change_as_keepalived_s_do() {
    play("sync_groups_change_as_keepalived_s_do", sync_groups::SCENARIOS);
}
