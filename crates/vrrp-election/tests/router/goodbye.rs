//! Priority 0: the Active leaves, and a Backup takes over after its skew time (RFC 9568 §6.4.2).

use vrrp_election::{Action, Cause, Preempt, Report, RouterConfig, State, VirtualRouter};

use crate::support::{ALL, Hears, Speaks, actions, advert, centis, millis, own, serving, started, us};

fn hear(router: &mut VirtualRouter, speaks: Speaks, at: u64, priority: u8) {
    router.hears(us(at), &advert(priority, speaks.above(), speaks.one_second())).unwrap();
}

#[test]
fn goodbyes_without_end_do_not_keep_a_lone_backup_from_serving() {
    for speaks in ALL {
        let mut router = started(speaks, speaks.config());
        // Each comes before the skew time of the last is over.
        for n in 2..=10 {
            router.handle_timeout(us(n * 500_000));
            hear(&mut router, speaks, n * 500_000, 0);
        }
        assert_eq!(router.state(), State::Active);
    }
}

#[test]
fn a_goodbye_never_lengthens_a_wait_that_is_almost_over() {
    for speaks in ALL {
        let mut router = started(speaks, speaks.config());
        hear(&mut router, speaks, 3_600_000, 0);
        assert_eq!(router.poll_timeout(), Some(us(3_609_375)));
    }
}

#[test]
fn an_advert_after_a_goodbye_ends_it() {
    for speaks in ALL {
        let mut router = started(speaks, speaks.config());
        let leaves = Action::Report(Report::ActiveLeaves { source: speaks.above() });
        hear(&mut router, speaks, 500_000, 0);
        assert_eq!(actions(&mut router), [leaves]);
        hear(&mut router, speaks, 600_000, 200);
        assert_eq!(router.poll_timeout(), Some(us(4_209_375)));
        hear(&mut router, speaks, 700_000, 0);
        assert_eq!(actions(&mut router), [leaves], "it leaves again");
        hear(&mut router, speaks, 800_000, 200);
        router.handle_timeout(us(4_409_375));
        let silent_for = Some(us(4_409_375).since(us(800_000)));
        let cause = Cause::ActiveDown { silent_for };
        let taken = Report::Transition { from: State::Backup, to: State::Active, cause };
        assert_eq!(actions(&mut router).last(), Some(&Action::Report(taken)), "silence, not a goodbye");
    }
}

#[test]
fn a_goodbye_before_a_reload_counts_after_it() {
    for speaks in ALL {
        let mut others = vec![
            RouterConfig { preempt: Preempt::Never, ..speaks.config() },
            RouterConfig { preempt: Preempt::After(millis(60_000)), ..speaks.config() },
            RouterConfig { down_adverts: 5, ..speaks.config() },
        ];
        if speaks != Speaks::V2 {
            others.push(RouterConfig { interval: own(centis(4_000)), ..speaks.config() });
        }
        for changed in others {
            let mut router = started(speaks, speaks.config());
            hear(&mut router, speaks, 2_000_000, 0);
            router.reconfigure(us(2_010_000), changed.clone(), false);
            assert_eq!(router.poll_timeout(), Some(us(2_609_375)), "{changed:?}");
            router.handle_timeout(us(2_609_375));
            assert_eq!(router.state(), State::Active, "{changed:?}");
        }
    }
}

#[test]
fn a_shorter_wait_after_a_reload_counts_for_a_goodbye_as_well() {
    let speaks = Speaks::V3Ipv4;
    let mut router = started(speaks, speaks.config());
    hear(&mut router, speaks, 2_000_000, 0);
    router.reconfigure(us(2_010_000), RouterConfig { interval: own(centis(1)), ..speaks.config() }, false);
    // 3 × 10 ms + 156/256 × 10 ms from the reload on.
    assert_eq!(router.poll_timeout().map(vrrp_election::Instant::as_nanos), Some(2_046_093_750));
}

#[test]
fn the_counters_count_inputs_and_actions() {
    for speaks in ALL {
        let mut router = serving(speaks, speaks.config());
        hear(&mut router, speaks, 3_700_000, 0);
        hear(&mut router, speaks, 3_800_000, 200);
        hear(&mut router, speaks, 3_900_000, 0);
        router.handle_timeout(us(4_509_375));
        router.handle_shutdown(us(4_600_000));
        let counters = router.counters();
        assert_eq!(counters.adverts_received, 3);
        assert_eq!(counters.priority_zero_received, 2);
        assert_eq!(counters.became_active, 2);
        assert_eq!(counters.released_active, 2, "it yielded once, and was shut down once");
        assert_eq!(counters.priority_zero_sent, 1);
        assert_eq!(counters.adverts_sent, 4, "two takeovers, the answer to a goodbye, and a goodbye");
        router.clear_counters();
        assert_eq!(router.counters(), vrrp_election::Counters::default());
    }
}
