//! Preemption at once, never, and after a delay (RFC 9568 §6.1 `Preempt_Mode`, keepalived's `preempt_delay`).

use vrrp_election::{Action, Preempt, Report, RouterConfig, State, VirtualRouter};

use crate::support::{ALL, Speaks, actions, advert, millis, prio, started, us};

fn hear(router: &mut VirtualRouter, speaks: Speaks, at: u64, priority: u8) {
    router.handle_advert(us(at), &advert(priority, speaks.above(), speaks.one_second())).unwrap();
}

fn delayed(speaks: Speaks, delay_ms: u64) -> VirtualRouter {
    started(speaks, RouterConfig { preempt: Preempt::After(millis(delay_ms)), ..speaks.config() })
}

#[test]
fn at_once_means_when_the_first_wait_ends() {
    for speaks in ALL {
        let mut router = started(speaks, speaks.config());
        for second in 1..=3 {
            hear(&mut router, speaks, second * 1_000_000, 99);
        }
        assert_eq!(router.poll_timeout(), Some(us(3_609_375)));
        router.handle_timeout(us(3_609_375));
        assert_eq!(router.state(), State::Active);
    }
}

#[test]
fn a_lower_active_is_told_of_once() {
    for speaks in ALL {
        let mut router = started(speaks, speaks.config());
        hear(&mut router, speaks, 1_000_000, 99);
        let report = Report::LowerPriorityWhileBackup { source: speaks.above(), priority: prio(99) };
        assert_eq!(actions(&mut router), [Action::Report(report)]);
        hear(&mut router, speaks, 2_000_000, 99);
        assert_eq!(actions(&mut router), []);
        hear(&mut router, speaks, 2_500_000, 100);
        hear(&mut router, speaks, 3_000_000, 99);
        assert_eq!(actions(&mut router), [Action::Report(report)], "told anew after a better one spoke");
    }
}

#[test]
fn never_still_takes_over_from_a_dead_active() {
    for speaks in ALL {
        let mut router = started(speaks, RouterConfig { preempt: Preempt::Never, ..speaks.config() });
        for second in 1..=10 {
            hear(&mut router, speaks, second * 1_000_000, 1);
            router.handle_timeout(us(second * 1_000_000));
        }
        assert_eq!(router.state(), State::Backup);
        assert_eq!(router.poll_timeout(), Some(us(13_609_375)));
        router.handle_timeout(us(13_609_375));
        assert_eq!(router.state(), State::Active);
    }
}

#[test]
fn a_delay_counts_from_the_first_lower_advert() {
    for speaks in ALL {
        let mut router = delayed(speaks, 5_000);
        // Tolerated until 6 s: each of these renews the wait.
        for second in 1..=5 {
            hear(&mut router, speaks, second * 1_000_000, 99);
            assert_eq!(router.poll_timeout(), Some(us(second * 1_000_000 + 3_609_375)));
            assert_eq!(actions(&mut router), []);
        }
        for at in [6_000_000, 7_000_000, 8_000_000] {
            hear(&mut router, speaks, at, 99);
            assert_eq!(router.poll_timeout(), Some(us(8_609_375)), "no longer renewed");
        }
        router.handle_timeout(us(8_609_375));
        assert_eq!(router.state(), State::Active);
    }
}

#[test]
fn a_better_advert_cancels_the_delay() {
    for speaks in ALL {
        let mut router = delayed(speaks, 2_000);
        hear(&mut router, speaks, 1_000_000, 99);
        hear(&mut router, speaks, 2_000_000, 100);
        hear(&mut router, speaks, 3_000_000, 99);
        hear(&mut router, speaks, 4_900_000, 99);
        assert_eq!(router.poll_timeout(), Some(us(4_900_000 + 3_609_375)), "counts from 3 s, not from 1 s");
    }
}

#[test]
fn a_delay_does_not_delay_the_takeover_from_a_dead_active() {
    for speaks in ALL {
        let mut router = delayed(speaks, 600_000);
        hear(&mut router, speaks, 1_000_000, 99);
        router.handle_timeout(us(4_609_375));
        assert_eq!(router.state(), State::Active);
    }
}

#[test]
fn a_delay_does_not_delay_the_takeover_after_a_goodbye() {
    for speaks in ALL {
        let mut router = delayed(speaks, 600_000);
        hear(&mut router, speaks, 1_000_000, 99);
        hear(&mut router, speaks, 2_000_000, 0);
        assert_eq!(router.poll_timeout(), Some(us(2_609_375)));
    }
}

#[test]
fn the_owner_always_preempts() {
    for speaks in ALL {
        for preempt in [Preempt::Never, Preempt::After(millis(60_000))] {
            let config =
                RouterConfig { priority: prio(255), owner_starts_active: false, preempt, ..speaks.config() };
            let mut router = started(speaks, config);
            let waits = router.poll_timeout();
            hear(&mut router, speaks, 1_000_000, 254);
            assert_eq!(router.poll_timeout(), waits, "{preempt:?}");
        }
    }
}
