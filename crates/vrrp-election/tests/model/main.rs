//! Two and three routers, every loss pattern of the first adverts, every crash point: in the end one serves, it
//! is the right one, and it stays.
#![allow(clippy::panic, clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

#[path = "../support/mod.rs"]
mod support;

mod world;

use std::time::Duration;

use vrrp_election::Preempt;

use crate::world::{Candidate, Case, Crash};

const MODES: [Preempt; 3] = [Preempt::AtOnce, Preempt::Never, Preempt::After(Duration::from_millis(1_500))];

fn candidate(priority: u8, preempt: Preempt, starts_at_ms: u64) -> Candidate {
    Candidate { priority, preempt, starts_at: Duration::from_millis(starts_at_ms) }
}

/// Tries every pattern of `bits` losses; gives how many runs that were.
fn every_loss(bits: u32, case: &Case) -> u32 {
    for losses in 0..1 << bits {
        if let Err(problem) = (Case { losses, ..case.clone() }).run() {
            panic!("{problem}\nlosses {losses:#b} in {case:#?}");
        }
    }
    1 << bits
}

#[test]
fn two_routers_survive_every_loss_pattern() {
    let mut runs = 0;
    for (first, second) in [(200, 100), (100, 100), (101, 100)] {
        for (mode, other) in MODES.into_iter().flat_map(|mode| MODES.map(|other| (mode, other))) {
            let candidates = vec![candidate(first, mode, 0), candidate(second, other, 300)];
            runs += every_loss(9, &Case::new(candidates));
        }
    }
    assert_eq!(runs, 3 * 9 * 512);
}

#[test]
fn two_routers_survive_every_longer_loss_pattern() {
    for speaks_v2 in [true, false] {
        let candidates = vec![candidate(100, Preempt::AtOnce, 0), candidate(100, Preempt::AtOnce, 0)];
        every_loss(12, &Case { speaks_v2, ..Case::new(candidates) });
        let candidates = vec![candidate(200, Preempt::Never, 500), candidate(100, Preempt::AtOnce, 0)];
        every_loss(12, &Case { speaks_v2, ..Case::new(candidates) });
    }
}

#[test]
fn two_routers_survive_a_crash_at_every_advert_with_every_loss_after_it() {
    for (mode, who) in MODES.into_iter().flat_map(|mode| [0, 1].map(|who| (mode, who))) {
        for after_adverts in 0..6 {
            for graceful in [false, true] {
                let candidates = vec![candidate(200, mode, 0), candidate(100, mode, 0)];
                let crash = Crash { who, after_adverts, graceful, down_for: Duration::from_millis(1_700) };
                every_loss(6, &Case { crash: Some(crash), ..Case::new(candidates) });
            }
        }
    }
}

#[test]
fn three_routers_survive_every_loss_pattern() {
    for priorities in [[200, 150, 100], [100, 100, 100], [200, 100, 100], [200, 200, 100]] {
        for modes in [[0, 0, 0], [1, 1, 1], [1, 0, 0], [0, 1, 2], [2, 2, 2]] {
            let candidates = std::iter::zip(priorities, modes)
                .map(|(priority, mode)| candidate(priority, MODES[mode], 0))
                .collect();
            every_loss(10, &Case::new(candidates));
        }
    }
}

#[test]
fn three_routers_survive_a_crash_at_every_advert() {
    for priorities in [[200, 150, 100], [100, 100, 100]] {
        for (who, after_adverts) in (0..3).flat_map(|who| (0..8).map(move |adverts| (who, adverts))) {
            for mode in MODES {
                let candidates = priorities.map(|priority| candidate(priority, mode, 0)).to_vec();
                let crash = Crash { who, after_adverts, graceful: false, down_for: Duration::from_secs(5) };
                every_loss(4, &Case { crash: Some(crash), ..Case::new(candidates) });
            }
        }
    }
}
