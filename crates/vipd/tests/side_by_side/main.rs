//! vipd and keepalived with the same file, while the same things happen: the lines in the FIFO, the scripts that run, the
//! priorities on the wire, and the addresses, routes, rules and links of the machine are the same.
//!
//! A scenario is a value in a table. Expectations are written out by hand and hold for both daemons; a difference on
//! purpose is a row of COMPATIBILITY.md.

#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

mod changes;
#[path = "../common/mod.rs"]
mod common;
mod further;
mod links;
mod outlets;
mod pair;
mod routes;
mod stage;
mod sync_groups;
mod trackers;

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
fn the_same_acts_have_the_same_effects_on_both() {
    lab_test("the_same_acts_have_the_same_effects_on_both", &[KEEPALIVED], || {
        pair::play_all(&[
            routes::ROWS,
            trackers::ROWS,
            links::ROWS,
            outlets::ROWS,
            further::ROWS,
            changes::ROWS,
        ]);
    });
}

#[test]
fn sync_groups_change_as_keepalived_s_do() {
    play("sync_groups_change_as_keepalived_s_do", sync_groups::SCENARIOS);
}
