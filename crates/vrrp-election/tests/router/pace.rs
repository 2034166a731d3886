//! Pace of the adverts that announce an interval longer than the one that the others know.
//!
//! A Backup that knows 100 ms waits 300 ms and a skew. One lost advert must not end that wait.

use vrrp_election::{Instant, RouterConfig, State, VirtualRouter};

use crate::support::{Hears, Speaks, actions, advert, centis, config, millis, ms, serving, started};

const SPEAKS: Speaks = Speaks::V3Ipv4;

fn every(centiseconds: u16) -> RouterConfig {
    config(SPEAKS.family(), centis(centiseconds))
}

/// An Active that advertises every 100 ms and was just told to do it every second.
fn slowed_down(now: Instant, down_adverts: u8) -> VirtualRouter {
    let mut router = serving(SPEAKS, every(10));
    let config = RouterConfig { down_adverts, ..every(100) };
    router.reconfigure(now, config, false);
    router
}

/// The times between its next adverts, in milliseconds.
fn gaps(router: &mut VirtualRouter, from: Instant, count: usize) -> Vec<u128> {
    let mut last = from;
    let mut gaps = Vec::new();
    actions(router);
    while gaps.len() < count {
        let sent = router.counters().adverts_sent;
        let now = router.poll_timeout().unwrap();
        router.handle_timeout(now);
        actions(router);
        if router.counters().adverts_sent > sent {
            gaps.push((now - last).as_millis());
            last = now;
        }
    }
    gaps
}

#[test]
fn a_longer_interval_is_told_at_the_old_pace_as_often_as_a_backup_waits() {
    for (down_adverts, expected) in [
        (3, vec![100, 100, 1_000, 1_000]),
        (5, vec![100, 100, 100, 100, 1_000]),
        (1, vec![100, 1_000, 1_000]),
        (0, vec![100, 1_000, 1_000]),
    ] {
        let mut router = slowed_down(ms(500), down_adverts);
        assert_eq!(gaps(&mut router, ms(500), expected.len()), expected, "{down_adverts} adverts");
    }
}

#[test]
fn a_backup_that_loses_one_of_these_adverts_does_not_take_over() {
    for lost in 0..3 {
        let mut active = serving(SPEAKS, every(10));
        let mut backup = started(SPEAKS, every(10));
        let mut now = active.poll_timeout().unwrap();
        backup.hears(now, &advert(200, SPEAKS.above(), centis(10))).unwrap();
        let reload = now + millis(50);
        let mut sent = 0;
        while now < ms(8_000) {
            now = if sent == 0 { reload } else { active.poll_timeout().unwrap() };
            let before = active.counters().adverts_sent;
            if sent == 0 {
                active.reconfigure(now, every(100), false);
            } else {
                active.handle_timeout(now);
            }
            actions(&mut active);
            backup.handle_timeout(now);
            actions(&mut backup);
            if active.counters().adverts_sent > before {
                if sent != lost {
                    backup.hears(now, &advert(200, SPEAKS.above(), centis(100))).unwrap();
                }
                sent += 1;
            }
            assert_eq!(backup.state(), State::Backup, "advert {lost} was lost, {now}");
        }
    }
}

#[test]
fn a_shorter_interval_counts_at_once() {
    let mut router = serving(SPEAKS, every(100));
    router.reconfigure(ms(4_000), every(10), false);
    assert_eq!(gaps(&mut router, ms(4_000), 3), [100, 100, 100]);
}

#[test]
fn two_reloads_in_a_row_keep_the_pace_that_the_others_may_still_know() {
    let mut router = slowed_down(ms(500), 3);
    router.reconfigure(ms(550), every(1_000), false);
    assert_eq!(gaps(&mut router, ms(550), 4), [100, 100, 10_000, 10_000]);
    router.reconfigure(ms(30_000), every(2_000), false);
    assert_eq!(gaps(&mut router, ms(30_000), 3), [10_000, 10_000, 20_000], "the first pace is forgotten");
}

#[test]
fn after_a_takeover_a_longer_interval_is_announced_at_the_pace_of_the_former_active() {
    let mut router = started(SPEAKS, every(100));
    router.hears(ms(1_000), &advert(200, SPEAKS.above(), centis(10))).unwrap();
    let now = router.poll_timeout().unwrap();
    router.handle_timeout(now);
    assert_eq!(gaps(&mut router, now, 4), [100, 100, 1_000, 1_000]);
}

#[test]
fn after_a_preemption_a_longer_interval_is_announced_at_the_pace_of_the_preempted() {
    let mut router = started(SPEAKS, every(100));
    for n in 1..=36 {
        router.hears(ms(n * 100), &advert(99, SPEAKS.above(), centis(10))).unwrap();
    }
    let now = router.poll_timeout().unwrap();
    router.handle_timeout(now);
    assert_eq!(router.state(), State::Active);
    assert_eq!(gaps(&mut router, now, 3), [100, 100, 1_000]);
}

#[test]
fn after_a_takeover_from_a_slower_router_the_own_interval_counts_from_the_first_advert_on() {
    let mut router = started(SPEAKS, every(100));
    router.hears(ms(1_000), &advert(200, SPEAKS.above(), centis(250))).unwrap();
    let now = router.poll_timeout().unwrap();
    router.handle_timeout(now);
    assert_eq!(gaps(&mut router, now, 3), [1_000, 1_000, 1_000]);
}
