//! Rules of VRRPv2 alone (RFC 3768 §6): skew in seconds whatever the interval, nothing learned.

use vrrp_election::{Instant, RouterConfig, State};
use vrrp_proto::Family;

use crate::support::{
    Hears, Speaks, actions, advert, config, millis, own_prio, seconds, serving, started, us,
};

const V2: Speaks = Speaks::V2;

fn every(interval: u8, priority: u8) -> RouterConfig {
    RouterConfig { priority: own_prio(priority), ..config(Family::Ipv4, seconds(interval)) }
}

#[test]
fn the_wait_is_three_intervals_and_a_skew_that_does_not_scale() {
    for (interval, priority, nanos) in [
        (1, 100, 3_609_375_000),
        (1, 1, 3_996_093_750),
        (1, 254, 3_007_812_500),
        (5, 100, 15_609_375_000),
        (5, 254, 15_007_812_500),
        (255, 100, 765_609_375_000),
    ] {
        let router = started(V2, every(interval, priority));
        assert_eq!(router.poll_timeout(), Some(Instant::from_nanos(nanos)), "{interval} s, {priority}");
    }
}

#[test]
fn a_goodbye_leaves_the_skew_in_seconds() {
    let mut router = started(V2, every(5, 100));
    router.hears(us(1_000_000), &advert(0, V2.above(), seconds(5))).unwrap();
    assert_eq!(router.poll_timeout(), Some(us(1_609_375)));
}

#[test]
fn another_interval_is_never_learned() {
    let mut router = started(V2, every(1, 100));
    router.hears(us(1_000_000), &advert(200, V2.above(), seconds(30))).unwrap();
    assert_eq!(router.poll_timeout(), Some(us(4_609_375)));
    assert_eq!(router.active_interval(), millis(1_000));
}

#[test]
fn an_active_that_steps_down_waits_its_own_interval() {
    let mut router = serving(V2, every(5, 100));
    assert_eq!(router.state(), State::Active);
    router.hears(us(16_000_000), &advert(101, V2.below(), seconds(5))).unwrap();
    actions(&mut router);
    assert_eq!(router.state(), State::Backup);
    assert_eq!(router.poll_timeout(), Some(us(31_609_375)));
}

#[test]
fn more_missing_adverts_may_be_asked_for() {
    let router = started(V2, RouterConfig { down_adverts: 5, ..every(1, 100) });
    assert_eq!(router.poll_timeout(), Some(us(5_609_375)));
}
