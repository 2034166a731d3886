//! Hundreds of random scenarios: every promise is kept, and everything finds its place in the end.
#![allow(clippy::panic, clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use std::time::Duration;

use vrrp_election::{Event, Progress};
use vrrp_sim::{CALM_AFTER, Scenario, Simulation, What};

/// Runs the scenario of `seed` to its end.
fn run(seed: u64) -> Simulation {
    let scenario = Scenario::random(seed);
    let settled = scenario
        .run(seed, CALM_AFTER + scenario.settling_time())
        .and_then(|run| run.check_settled().map(|()| run));
    settled.unwrap_or_else(|violation| panic!("{violation}\nmore: cargo run --example storm -- {seed}"))
}

/// The first seed and the number of seeds that an environment variable asks for, as `0+1000`.
fn seeds(variable: &str) -> Option<(u64, u64)> {
    let text = std::env::var(variable).ok()?;
    let (first, count) = text.split_once('+')?;
    Some((first.parse().ok()?, count.parse().ok()?))
}

/// Runs the scenarios of `count` seeds from `first` on, each to its end.
fn run_all((first, count): (u64, u64), scenario: impl Fn(u64) -> Scenario) {
    let mut faults = 0;
    for seed in first..first + count {
        let scenario = scenario(seed);
        faults += scenario.faults.len();
        let settled = scenario
            .run(seed, CALM_AFTER + scenario.settling_time())
            .and_then(|run| run.check_settled().map(|()| run));
        if let Err(violation) = settled {
            panic!("{violation}");
        }
    }
    println!("{count} seeds, {faults} faults");
}

#[test]
fn random_scenarios_keep_every_promise() {
    for seed in 0..150 {
        run(seed);
    }
}

#[test]
fn more_random_scenarios_keep_every_promise() {
    for seed in 150..300 {
        run(seed);
    }
}

/// Among them that no sync group is ever split. `GROUP_SEEDS=0+1000` runs a thousand seeds from 0 on.
#[test]
fn random_scenarios_with_sync_groups_keep_every_promise() {
    run_all(seeds("GROUP_SEEDS").unwrap_or((0, 60)), Scenario::random_groups);
}

/// Among them that no sync group is ever split. `TRACK_SEEDS=0+1000` runs a thousand seeds from 0 on.
#[test]
fn random_scenarios_with_trackers_of_every_kind_keep_every_promise() {
    run_all(seeds("TRACK_SEEDS").unwrap_or((0, 40)), Scenario::random_trackers);
}

/// `TRANSPORT_SEEDS=0+1000` runs a thousand seeds from 0 on.
#[test]
fn random_scenarios_with_unicast_authentication_and_wrong_clocks_keep_every_promise() {
    run_all(seeds("TRANSPORT_SEEDS").unwrap_or((0, 80)), Scenario::random_transports);
}

/// `MOVE_SEEDS=0+1000` runs a thousand seeds from 0 on.
#[test]
fn random_scenarios_with_planned_moves_keep_every_promise() {
    let chosen = seeds("MOVE_SEEDS");
    let (first, count) = chosen.unwrap_or((0, 80));
    let mut moved = 0;
    for seed in first..first + count {
        let scenario = Scenario::random_moves(seed);
        // A departure may begin just before the storm ends.
        let calm = CALM_AFTER + Duration::from_secs(10) + scenario.settling_time();
        let settled = scenario.run(seed, calm).and_then(|run| run.check_settled().map(|()| run));
        let run = settled.unwrap_or_else(|violation| panic!("{violation}"));
        let is_move = |what: &What| {
            matches!(what, What::Told(_, Event::Intent { progress: Progress::Moved { .. }, .. }))
        };
        moved += run.timeline().moments().iter().filter(|moment| is_move(&moment.what)).count();
    }
    println!("{count} seeds, {moved} moves");
    assert!(chosen.is_some() || moved as u64 > count, "moves happen: {moved}");
}

#[test]
fn the_same_seed_gives_the_same_timeline() {
    for seed in [3, 14, 159] {
        let (one, other) = (run(seed), run(seed));
        assert!(one.timeline().moments().len() > 4);
        assert_eq!(one.timeline(), other.timeline());
    }
}

#[test]
fn another_seed_gives_another_timeline() {
    assert_ne!(run(3).timeline(), run(4).timeline());
}
