//! Two sessions over a wire that loses packets, and one that hears anything.

#![allow(clippy::panic, clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

mod common;

use std::time::Duration;

use bfd_session::{Config, Interval, Packet, Role, Session, State};
use common::{End, Pair, config, discriminator, ms};
use proptest::prelude::*;

fn configs() -> impl Strategy<Value = Config> {
    (1..300_u32, 1..300_u32, 2..10_u8, any::<bool>()).prop_map(|(tx, rx, detect_mult, slow)| {
        let mut config = config(tx, detect_mult);
        config.required_min_rx = Interval::from_millis(rx);
        if slow {
            config.idle_tx = Interval::from_millis(2000);
        }
        config
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn both_reach_up_over_a_wire_that_loses_some(
        here in configs(), there in configs(), passive: bool, seed: u64, loss in 0..8_u64,
    ) {
        let mut there = there;
        there.role = if passive { Role::Passive } else { Role::Active };
        let mut pair = Pair::new([here, there]);
        let mut state = seed | 1;
        pair.lost = Box::new(move |_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) % 20 < loss
        });
        pair.run(Duration::from_secs(60));
        pair.lost = Box::new(|_| false);
        pair.run(Duration::from_secs(20));
        prop_assert_eq!(pair.states(), [State::Up; 2]);
        prop_assert!(pair.ends.iter().all(|end| end.session.is_up()));
    }

    #[test]
    fn a_cut_is_noticed_within_the_detection_time_by_both(here in configs(), there in configs()) {
        let mut pair = Pair::up([here, there]);
        pair.run(Duration::from_secs(5));
        let at = pair.now;
        pair.cut();
        let within = [0, 1].map(|n: usize| pair.ends[n].session.detection_time());
        for n in [0, 1] {
            pair.run((at + within[n] + ms(1)).since(pair.now));
            prop_assert_eq!(pair.ends[n].usable.last().map(|&(_, up)| up), Some(false));
        }
    }

    #[test]
    fn a_wire_that_is_cut_one_way_takes_both_sessions_down(here in configs(), there in configs(), deaf in 0..2_usize) {
        let mut pair = Pair::up([here, there]);
        pair.lost = Box::new(move |from| from != deaf);
        let longest = pair.ends.iter().map(|end| end.session.detection_time()).max().unwrap();
        pair.run(longest * 2 + Duration::from_secs(4));
        prop_assert!(pair.states().into_iter().all(|state| state != State::Up), "{:?}", pair.states());
        pair.lost = Box::new(|_| false);
        pair.run(Duration::from_secs(20));
        prop_assert_eq!(pair.states(), [State::Up; 2]);
    }

    #[test]
    fn never_up_on_one_side_and_down_on_the_other_for_long(
        here in configs(), there in configs(), cuts in proptest::collection::vec((0..4_usize, 1..4000_u64), 1..12),
    ) {
        let mut pair = Pair::new([here, there]);
        for (which, time) in cuts {
            pair.lost = Box::new(move |from| which & (1 << from) != 0);
            pair.run(ms(time));
        }
        pair.lost = Box::new(|_| false);
        pair.run(Duration::from_secs(20));
        prop_assert_eq!(pair.states(), [State::Up; 2]);
    }

    #[test]
    fn hostile_packets_cause_no_panic_no_flood_and_no_busy_loop(
        config in configs(),
        story in proptest::collection::vec((any::<[u8; 24]>(), 0..50_u64, 0..60_u64), 0..200),
    ) {
        let mut now = bfd_session::Instant::ZERO;
        let mut end = End::new(Session::new(now, config, discriminator(1), 5));
        for (mut octets, wait, ago) in story {
            now += ms(wait);
            // Most octets are no packet: the fields that decide are corrected.
            (octets[0], octets[3], octets[4]) = (0x20 | octets[0] & 31, 24, 1);
            octets[1] &= !5;
            if let Ok(packet) = Packet::parse(&octets) {
                let _ = end.session.handle_packet(now, now - ms(ago), &packet);
            }
            end.session.handle_timeout(now);
            end.drain(now);
            end.session.handle_timeout(now);
            prop_assert!(end.drain(now).is_empty(), "twice at one moment");
            prop_assert!(end.session.poll_timeout().is_none_or(|at| at > now), "due in the past");
        }
    }
}
