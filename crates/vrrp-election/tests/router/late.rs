//! A caller that comes late, early or twice, and adverts that were read after they had arrived.

use std::time::Duration;

use vrrp_election::{Action, Cause, Instant, Preempt, Report, RouterConfig, State, VirtualRouter};
use vrrp_proto::{Priority, RouterPriority};

use crate::support::{
    ALL, Hears, Speaks, actions, advert, centis, config, millis, ms, nanos, own_prio, serving, started, us,
};

/// Number of adverts that a router asked for.
fn adverts(router: &mut VirtualRouter) -> usize {
    actions(router).iter().filter(|action| matches!(action, Action::SendAdvert(_))).count()
}

#[test]
fn a_wait_that_expired_unobserved_is_renewed_once() {
    for speaks in ALL {
        let mut router = started(speaks, speaks.config());
        // Due at 3.609375 s; the caller comes more than a quarter of an interval later.
        router.handle_timeout(us(3_859_376));
        let stalled = Report::Stalled { late: nanos(250_001_000), grace: nanos(1_609_375_000) };
        assert_eq!(actions(&mut router), [Action::Report(stalled)]);
        assert_eq!(router.state(), State::Backup);
        assert_eq!(router.poll_timeout(), Some(us(5_468_751)));
        // Late again: now it acts.
        router.handle_timeout(us(60_000_000));
        assert_eq!(router.state(), State::Active);
        assert_eq!(router.counters().stalls, 1);
    }
}

#[test]
fn late_by_a_quarter_of_an_interval_is_not_a_stall() {
    for speaks in ALL {
        let mut router = started(speaks, speaks.config());
        router.handle_timeout(us(3_859_375));
        assert_eq!(router.state(), State::Active);
        assert_eq!(router.counters().stalls, 0);
    }
}

#[test]
fn at_short_intervals_a_busy_caller_has_five_milliseconds() {
    let speaks = Speaks::V3Ipv4;
    let short = || started(speaks, config(speaks.family(), centis(1)));
    assert_eq!(short().max_lateness(), millis(5));
    assert_eq!(started(speaks, speaks.config()).max_lateness(), millis(250));
    // Due at 36.09375 ms.
    let mut router = short();
    router.handle_timeout(Instant::from_nanos(41_093_750));
    assert_eq!(router.state(), State::Active);
    let mut router = short();
    router.handle_timeout(Instant::from_nanos(41_093_751));
    assert_eq!(router.state(), State::Backup);
    assert_eq!(router.counters().stalls, 1);
}

/// (keepalived's `timer_expired_backup`)
#[test]
fn an_active_that_was_stalled_until_another_one_must_serve_becomes_backup_if_it_is_told_to() {
    for speaks in ALL {
        let config = |rival| RouterConfig { backup_after_stall: rival, ..speaks.config() };
        let rival = Some(own_prio(254));
        // It became Active at 3.609375 s. A Backup of priority 254 waits for 3 s and 2/256 s.
        let (in_time, too_late) = (us(6_617_187), us(6_617_188));
        let mut router = serving(speaks, config(rival));
        router.handle_timeout(in_time);
        assert_eq!((router.state(), adverts(&mut router)), (State::Active, 1));

        let mut router = serving(speaks, config(rival));
        router.handle_timeout(too_late);
        let cause = Cause::Stalled { silent_for: nanos(3_007_813_000) };
        let left = Report::Transition { from: State::Active, to: State::Backup, cause };
        assert_eq!(actions(&mut router), [Action::RemoveAddresses, Action::Report(left)]);
        assert_eq!(router.poll_timeout(), Some(us(6_617_188 + 3_609_375)), "it listens a whole wait");

        // The router that took over is obeyed, though its priority is lower.
        let nopreempt = RouterConfig { preempt: Preempt::Never, ..config(rival) };
        let mut router = serving(speaks, nopreempt);
        router.hears(too_late, &advert(50, speaks.below(), speaks.one_second())).unwrap();
        assert_eq!((router.state(), adverts(&mut router)), (State::Backup, 0));

        // A rival of a lower priority takes longer; without a rival, and as the owner, it goes on.
        let lower = config(Some(own_prio(100)));
        let owner = RouterConfig { priority: RouterPriority::OWNER, ..config(rival) };
        for config in [lower, config(None), owner] {
            let mut router = serving(speaks, config);
            let late = router.poll_timeout().unwrap() + Duration::from_micros(2_007_813);
            router.handle_timeout(late);
            assert_eq!(router.state(), State::Active);
        }
    }
}

#[test]
fn an_arrival_in_the_future_counts_as_now() {
    for speaks in ALL {
        let mut router = started(speaks, speaks.config());
        let heard = advert(200, speaks.above(), speaks.one_second());
        router.handle_advert(us(1_000_000), us(3_600_000_000), &heard).unwrap();
        assert_eq!(router.poll_timeout(), Some(us(4_609_375)));
        router.handle_advert(us(2_000_000), us(1_500_000), &heard).unwrap();
        assert_eq!(router.poll_timeout(), Some(us(5_109_375)), "one in the past counts from there");
    }
}

#[test]
fn a_stalled_active_answers_a_backlog_of_goodbyes_from_now_on() {
    for speaks in ALL {
        let mut router = serving(speaks, speaks.config());
        let goodbye = advert(0, speaks.above(), speaks.one_second());
        router.handle_advert(us(9_000_000), us(4_000_000), &goodbye).unwrap();
        actions(&mut router);
        router.handle_timeout(us(9_000_000));
        assert_eq!(adverts(&mut router), 0, "the answer was the advert");
        assert_eq!(router.counters().late_adverts, 0);
    }
}

#[test]
fn an_advert_entitles_to_another_renewal() {
    for speaks in ALL {
        let mut router = started(speaks, speaks.config());
        router.handle_timeout(us(10_000_000));
        router.hears(us(10_500_000), &advert(200, speaks.above(), speaks.one_second())).unwrap();
        router.handle_timeout(us(20_000_000));
        assert_eq!(router.state(), State::Backup);
        assert_eq!(router.counters().stalls, 2);
    }
}

#[test]
fn the_renewal_follows_the_learned_interval() {
    let speaks = Speaks::V3Ipv4;
    let mut router = started(speaks, speaks.config());
    router.hears(us(0), &advert(200, speaks.above(), centis(250))).unwrap();
    router.handle_timeout(us(20_000_000));
    assert_eq!(router.poll_timeout(), Some(Instant::from_nanos(24_023_437_500)));
}

#[test]
fn the_wait_counts_from_the_arrival_of_an_advert() {
    for speaks in ALL {
        let mut router = started(speaks, speaks.config());
        // Read at 3 s, but it had arrived at 1 s.
        router.handle_timeout(us(3_000_000));
        router.hears(us(1_000_000), &advert(200, speaks.above(), speaks.one_second())).unwrap();
        assert_eq!(router.poll_timeout(), Some(us(4_609_375)));
    }
}

#[test]
fn a_stalled_active_first_reads_the_adverts_of_its_successor() {
    for speaks in ALL {
        let mut router = serving(speaks, speaks.config());
        for second in 8..20 {
            let heard = advert(101, speaks.below(), speaks.one_second());
            router.hears(us(second * 1_000_000), &heard).unwrap();
        }
        router.handle_timeout(us(20_000_000));
        assert_eq!(adverts(&mut router), 0, "it does not speak up as a second Active");
        assert_eq!(router.state(), State::Backup);
        assert_eq!(router.poll_timeout(), Some(us(22_609_375)));
    }
}

#[test]
fn n_intervals_give_n_adverts_however_late_each_is_called() {
    for speaks in ALL {
        let mut config = speaks.config();
        config.announce.delay = millis(0);
        let mut router = serving(speaks, config);
        let began = us(3_609_375);
        for n in 1..=1_000_u32 {
            let due = began + millis(1_000) * n;
            assert_eq!(router.poll_timeout(), Some(due), "no drift");
            // Later than this is a missed advert: the next one is due within the slack of 1 ms.
            let late = millis(u64::from(n * 7919 % 999));
            router.handle_timeout(due + late);
            assert_eq!(adverts(&mut router), 1);
        }
        assert_eq!(router.counters().late_adverts, 0);
    }
}

#[test]
fn an_advert_late_by_an_interval_goes_out_once_and_is_counted() {
    for speaks in ALL {
        let mut router = serving(speaks, speaks.config());
        // Due at 4.609375 s. Missed adverts are not made up for: a burst of them would help nobody.
        router.handle_timeout(us(8_000_000));
        assert_eq!(adverts(&mut router), 1);
        assert_eq!(router.counters().late_adverts, 1);
        assert_eq!(router.poll_timeout(), Some(us(8_609_375)), "the second announcements, then 9 s");
        router.handle_timeout(us(8_609_375));
        assert_eq!(actions(&mut router), [Action::Announce { repeat: 5 }]);
        assert_eq!(router.poll_timeout(), Some(us(9_000_000)));
    }
}

#[test]
fn an_advert_due_within_a_fiftieth_goes_along() {
    // Due at 360.9375 ms + 100 ms; a fiftieth of 100 ms is 2 ms, but 1 ms is the most.
    let speaks = Speaks::V3Ipv4;
    let mut router = serving(speaks, config(speaks.family(), centis(10)));
    router.handle_timeout(Instant::from_nanos(459_937_499));
    assert_eq!(adverts(&mut router), 0);
    router.handle_timeout(Instant::from_nanos(459_937_500));
    assert_eq!(adverts(&mut router), 1);
    assert_eq!(router.poll_timeout(), Some(Instant::from_nanos(560_937_500)), "the grid stays");
}

#[test]
fn at_the_shortest_interval_the_slack_is_a_fiftieth_of_it() {
    // Active at 36.09375 ms; due 10 ms later; 0.2 ms of slack.
    let speaks = Speaks::V3Ipv4;
    let mut router = serving(speaks, config(speaks.family(), centis(1)));
    router.handle_timeout(Instant::from_nanos(45_893_749));
    assert_eq!(adverts(&mut router), 0);
    router.handle_timeout(Instant::from_nanos(45_893_750));
    assert_eq!(adverts(&mut router), 1);
}

#[test]
fn a_backup_is_never_early() {
    for speaks in ALL {
        let mut router = started(speaks, speaks.config());
        router.handle_timeout(Instant::from_nanos(3_609_374_999));
        assert_eq!(router.state(), State::Backup);
    }
}

#[test]
fn a_repeated_timeout_asks_for_nothing() {
    for speaks in ALL {
        let mut router = serving(speaks, speaks.config());
        router.handle_timeout(us(4_609_375));
        assert_eq!(adverts(&mut router), 1);
        let timeout = router.poll_timeout();
        for _ in 0..3 {
            router.handle_timeout(us(4_609_375));
            assert_eq!(actions(&mut router), []);
            assert_eq!(router.poll_timeout(), timeout);
        }
    }
}

#[test]
fn announcements_come_again_after_their_delay_and_then_by_the_refresh() {
    for speaks in ALL {
        let mut config = speaks.config();
        config.priority = RouterPriority::OWNER;
        config.announce.repeat = 3;
        config.announce.delay = millis(2_500);
        config.announce.refresh = millis(10_000);
        config.announce.refresh_repeat = 2;
        let mut router = started(speaks, config);
        let mut announced = Vec::new();
        let mut now = Instant::ZERO;
        while let Some(timeout) = router.poll_timeout().filter(|timeout| *timeout <= ms(40_000)) {
            assert!(timeout > now);
            now = timeout;
            router.handle_timeout(now);
            for action in actions(&mut router) {
                if let Action::Announce { repeat } = action {
                    announced.push((now, repeat));
                }
            }
        }
        assert_eq!(announced, [(ms(2_500), 3), (ms(12_500), 2), (ms(22_500), 2), (ms(32_500), 2)]);
    }
}

#[test]
fn a_resumed_router_serves_at_once_and_says_why() {
    for speaks in ALL {
        let mut router = VirtualRouter::new(speaks.config());
        router.handle_resume(us(0), speaks.ours());
        let transition =
            Report::Transition { from: State::Initialize, to: State::Active, cause: Cause::Resumed };
        assert_eq!(
            actions(&mut router),
            [
                Action::SendAdvert(Priority::DEFAULT),
                Action::AddAddresses,
                Action::Announce { repeat: 5 },
                Action::Report(transition)
            ]
        );
    }
}

#[test]
fn a_backup_that_may_have_missed_an_advert_waits_once_more() {
    for speaks in ALL {
        let mut router = started(speaks, speaks.config());
        router.handle_packets_lost(us(3_000_000));
        router.handle_timeout(us(3_609_375));
        assert_eq!(router.state(), State::Backup);
        let grace = us(1_609_375).since(us(0));
        assert_eq!(actions(&mut router), [Action::Report(Report::PacketsLost { grace })]);
        assert_eq!(router.poll_timeout(), Some(us(5_218_750)));
        router.handle_packets_lost(us(5_000_000));
        router.handle_timeout(us(5_218_750));
        assert_eq!(router.state(), State::Active, "a flood does not stop the election");
    }
}
