//! Rules of VRRPv3 alone (RFC 9568 §6): centiseconds, skew that scales, the Active's interval learned.

use vrrp_election::{Instant, Preempt, RouterConfig, State};
use vrrp_proto::Family;

use crate::support::{
    Hears, Speaks, actions, advert, centis, config, millis, own_prio, serving, started, us,
};

const BOTH: [Speaks; 2] = [Speaks::V3Ipv4, Speaks::V3Ipv6];

fn every(family: Family, interval: u16, priority: u8) -> RouterConfig {
    RouterConfig { priority: own_prio(priority), ..config(family, centis(interval)) }
}

fn both(check: impl Fn(Speaks)) {
    BOTH.into_iter().for_each(check);
}

#[test]
fn the_wait_is_three_intervals_and_a_skew_that_scales() {
    both(|speaks| {
        for (interval, priority, nanos) in [
            (100, 100, 3_609_375_000),
            (10, 100, 360_937_500),
            (1, 254, 30_078_125),
            (1, 253, 30_117_187),
            (1, 1, 39_960_937),
            (4095, 254, 123_169_921_875),
        ] {
            let router = started(speaks, every(speaks.family(), interval, priority));
            assert_eq!(router.poll_timeout(), Some(Instant::from_nanos(nanos)), "{interval} cs, {priority}");
        }
    });
}

#[test]
fn a_backup_learns_the_interval_of_the_active() {
    both(|speaks| {
        let mut router = started(speaks, speaks.config());
        router.hears(us(1_000_000), &advert(200, speaks.above(), centis(250))).unwrap();
        assert_eq!(router.active_interval(), millis(2_500));
        // 3 × 2.5 s + 156/256 × 2.5 s
        assert_eq!(router.poll_timeout(), Some(Instant::from_nanos(1_000_000_000 + 9_023_437_500)));
    });
}

#[test]
fn a_shorter_interval_is_learned_as_well() {
    both(|speaks| {
        let mut router = started(speaks, speaks.config());
        router.hears(us(1_000_000), &advert(200, speaks.above(), centis(10))).unwrap();
        assert_eq!(router.poll_timeout(), Some(Instant::from_nanos(1_360_937_500)));
    });
}

#[test]
fn after_a_takeover_the_own_interval_counts() {
    both(|speaks| {
        let mut router = started(speaks, speaks.config());
        router.hears(us(1_000_000), &advert(200, speaks.above(), centis(250))).unwrap();
        let timeout = Instant::from_nanos(10_023_437_500);
        router.handle_timeout(timeout);
        assert_eq!(router.state(), State::Active);
        assert_eq!(router.poll_timeout(), Some(timeout + millis(1_000)));
    });
}

#[test]
fn a_goodbye_teaches_no_interval() {
    both(|speaks| {
        let mut router = started(speaks, speaks.config());
        router.hears(us(1_000_000), &advert(0, speaks.above(), centis(4000))).unwrap();
        assert_eq!(router.active_interval(), millis(1_000));
        assert_eq!(router.poll_timeout(), Some(us(1_609_375)));
    });
}

#[test]
fn the_skew_after_a_goodbye_scales_with_what_was_learned() {
    both(|speaks| {
        let mut router = started(speaks, speaks.config());
        router.hears(us(1_000_000), &advert(200, speaks.above(), centis(250))).unwrap();
        router.hears(us(2_000_000), &advert(0, speaks.above(), centis(100))).unwrap();
        assert_eq!(router.poll_timeout(), Some(Instant::from_nanos(2_000_000_000 + 1_523_437_500)));
    });
}

#[test]
fn a_discarded_advert_teaches_nothing() {
    both(|speaks| {
        let mut router = started(speaks, speaks.config());
        router.hears(us(1_000_000), &advert(99, speaks.above(), centis(250))).unwrap();
        assert_eq!(router.active_interval(), millis(1_000));
        assert_eq!(router.poll_timeout(), Some(us(3_609_375)));
    });
}

#[test]
fn an_accepted_lower_advert_teaches_its_interval() {
    both(|speaks| {
        let mut router = started(speaks, RouterConfig { preempt: Preempt::Never, ..speaks.config() });
        router.hears(us(1_000_000), &advert(99, speaks.above(), centis(250))).unwrap();
        assert_eq!(router.active_interval(), millis(2_500));
    });
}

#[test]
fn an_active_learns_from_the_better_one_it_yields_to() {
    both(|speaks| {
        let mut router = serving(speaks, speaks.config());
        router.hears(us(4_000_000), &advert(101, speaks.below(), centis(250))).unwrap();
        assert_eq!(router.state(), State::Backup);
        assert_eq!(router.poll_timeout(), Some(Instant::from_nanos(4_000_000_000 + 9_023_437_500)));
    });
}

#[test]
fn an_active_learns_nothing_from_a_lower_one() {
    both(|speaks| {
        let mut router = serving(speaks, speaks.config());
        router.hears(us(4_000_000), &advert(99, speaks.above(), centis(250))).unwrap();
        assert_eq!(router.active_interval(), millis(1_000));
    });
}

#[test]
fn a_startup_forgets_learned_values() {
    both(|speaks| {
        let mut router = started(speaks, speaks.config());
        router.hears(us(1_000_000), &advert(200, speaks.above(), centis(250))).unwrap();
        router.handle_shutdown(us(2_000_000));
        router.handle_startup(us(3_000_000), speaks.ours());
        actions(&mut router);
        assert_eq!(router.active_interval(), millis(1_000));
        assert_eq!(router.poll_timeout(), Some(us(6_609_375)));
    });
}

#[test]
fn an_interval_of_zero_is_never_accepted() {
    both(|speaks| {
        let mut router = started(speaks, speaks.config());
        router.hears(us(1_000_000), &advert(200, speaks.above(), centis(0))).unwrap();
        assert_eq!(router.active_interval(), millis(1_000), "erratum 8301: discarded by the receiver");
        assert_eq!(router.poll_timeout(), Some(us(4_609_375)));
    });
}
