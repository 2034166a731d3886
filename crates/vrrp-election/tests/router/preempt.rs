//! Preemption at once, never, and after a delay (RFC 9568 §6.1 `Preempt_Mode`, keepalived's `preempt_delay`).

use vrrp_election::{Action, Cause, Preempt, Report, RouterConfig, State, VirtualRouter};

use crate::support::{ALL, Hears, Speaks, actions, advert, millis, own_prio, prio, started, us};

fn hear(router: &mut VirtualRouter, speaks: Speaks, at: u64, priority: u8) {
    router.hears(us(at), &advert(priority, speaks.above(), speaks.one_second())).unwrap();
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
        for second in 2..30 {
            hear(&mut router, speaks, second * 1_000_000 + 500_000, 100);
            hear(&mut router, speaks, second * 1_000_000 + 600_000, 99);
            assert_eq!(actions(&mut router), [], "adverts in between change nothing");
        }
        hear(&mut router, speaks, 30_000_000, 100);
        hear(&mut router, speaks, 32_600_000, 99);
        assert_eq!(actions(&mut router), [Action::Report(report)], "silent for three intervals");
    }
}

/// The cause of the takeover of a router that waits until `at`.
fn cause(router: &mut VirtualRouter, at: u64) -> Cause {
    router.handle_timeout(us(at));
    let told = actions(router);
    let cause = told.iter().find_map(|action| match action {
        Action::Report(Report::Transition { to: State::Active, cause, .. }) => Some(*cause),
        _ => None,
    });
    cause.unwrap_or_else(|| panic!("no takeover at {at}: {told:?}"))
}

#[test]
fn a_takeover_from_a_living_lower_router_is_a_preemption() {
    for speaks in ALL {
        let mut router = started(speaks, speaks.config());
        for second in 1..=3 {
            hear(&mut router, speaks, second * 1_000_000, 99);
        }
        let preempted = Cause::Preempted { source: speaks.above(), priority: prio(99) };
        assert_eq!(cause(&mut router, 3_609_375), preempted);
    }
}

#[test]
fn a_delayed_preemption_says_so_as_well() {
    for speaks in ALL {
        let mut router = delayed(speaks, 1_500);
        for second in 1..=5 {
            hear(&mut router, speaks, second * 1_000_000, 99);
        }
        // Tolerated until 2.5 s, so that the wait counts from 2 s.
        let preempted = Cause::Preempted { source: speaks.above(), priority: prio(99) };
        assert_eq!(cause(&mut router, 5_609_375), preempted);
    }
}

#[test]
fn a_lower_router_that_fell_silent_is_not_preempted() {
    for speaks in ALL {
        let mut router = started(speaks, speaks.config());
        hear(&mut router, speaks, 600_000, 99);
        assert_eq!(cause(&mut router, 3_609_375), Cause::ActiveDown { silent_for: None });

        let mut router = started(speaks, speaks.config());
        hear(&mut router, speaks, 610_000, 99);
        let preempted = Cause::Preempted { source: speaks.above(), priority: prio(99) };
        assert_eq!(cause(&mut router, 3_609_375), preempted, "silent for less than three intervals");
    }
}

#[test]
fn the_end_of_an_obeyed_or_leaving_active_is_no_preemption() {
    for speaks in ALL {
        let mut router = started(speaks, speaks.config());
        hear(&mut router, speaks, 1_000_000, 99);
        hear(&mut router, speaks, 1_500_000, 200);
        let silent_for = Some(us(5_109_375).since(us(1_500_000)));
        assert_eq!(cause(&mut router, 5_109_375), Cause::ActiveDown { silent_for });

        let mut router = started(speaks, speaks.config());
        hear(&mut router, speaks, 1_000_000, 99);
        hear(&mut router, speaks, 1_500_000, 0);
        assert_eq!(cause(&mut router, 2_109_375), Cause::ActiveLeft);

        let mut router = started(speaks, speaks.config());
        hear(&mut router, speaks, 1_000_000, 0);
        hear(&mut router, speaks, 1_500_000, 99);
        let preempted = Cause::Preempted { source: speaks.above(), priority: prio(99) };
        assert_eq!(cause(&mut router, 1_609_375), preempted);
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
            let config = RouterConfig {
                priority: own_prio(255),
                owner_starts_active: false,
                preempt,
                ..speaks.config()
            };
            let mut router = started(speaks, config);
            let waits = router.poll_timeout();
            hear(&mut router, speaks, 1_000_000, 254);
            assert_eq!(router.poll_timeout(), waits, "{preempt:?}");
        }
    }
}
