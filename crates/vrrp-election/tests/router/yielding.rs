//! A planned move: the Active says goodbye and serves on until another router speaks.

use vrrp_election::{Action, Cause, Ignored, Preempt, Report, RouterConfig, State, VirtualRouter};
use vrrp_proto::Priority;

use crate::support::{ALL, Hears, Speaks, actions, advert, millis, own_prio, prio, serving, started, us};

const GOODBYE: Action = Action::SendAdvert(Priority::STOP);
/// The moment of the yield; the router has served since 3.61 s.
const YIELDS: u64 = 5_000_000;

/// A router that has just begun to yield.
fn yielding(speaks: Speaks, config: RouterConfig) -> VirtualRouter {
    let mut router = serving(speaks, config);
    router.handle_yield(us(YIELDS), millis(5_000));
    router
}

fn hear(router: &mut VirtualRouter, speaks: Speaks, at: u64, priority: u8) {
    router.hears(us(at), &advert(priority, speaks.below(), speaks.one_second())).unwrap();
}

/// For how long it keeps the addresses beside another router that serves, in microseconds: kernels take longer to use a
/// new IPv6 address.
fn linger(speaks: Speaks) -> u64 {
    if speaks == Speaks::V3Ipv6 { 200_000 } else { 50_000 }
}

fn transition(from: State, to: State, cause: Cause) -> Action {
    Action::Report(Report::Transition { from, to, cause })
}

fn handed_over(speaks: Speaks, priority: u8, micros: u64) -> Cause {
    let after = us(micros).since(us(0));
    Cause::HandedOver { source: speaks.below(), priority: prio(priority), after }
}

#[test]
fn a_router_that_yields_says_goodbye_each_interval_and_keeps_its_addresses() {
    for speaks in ALL {
        let mut router = yielding(speaks, speaks.config());
        assert_eq!(actions(&mut router), [GOODBYE]);
        for second in 6..10 {
            router.handle_timeout(us(second * 1_000_000 - 2_000));
            assert!(!actions(&mut router).contains(&GOODBYE), "one each second");
            router.handle_timeout(us(second * 1_000_000));
            assert_eq!(actions(&mut router), [GOODBYE]);
        }
        assert!(router.is_yielding());
        assert_eq!(router.counters().priority_zero_sent, 5);
    }
}

#[test]
fn it_lets_go_a_moment_after_any_other_router_has_spoken() {
    for speaks in ALL {
        let release = YIELDS + 600_000 + linger(speaks);
        for priority in [1, 99, 100, 255] {
            let mut router = yielding(speaks, speaks.config());
            actions(&mut router);
            hear(&mut router, speaks, YIELDS + 600_000, priority);
            assert_eq!(actions(&mut router), [], "not a word that could draw traffic back");
            assert_eq!(router.poll_timeout(), Some(us(release)));
            router.handle_timeout(us(release - 1));
            assert_eq!(actions(&mut router), []);
            router.handle_timeout(us(release));
            let cause = handed_over(speaks, priority, 600_000);
            let asked = [Action::RemoveAddresses, transition(State::Active, State::Backup, cause)];
            assert_eq!(actions(&mut router), asked);
            assert!(!router.is_yielding());
        }
    }
}

#[test]
fn its_wait_counts_from_the_last_advert_of_the_other_router() {
    let speaks = Speaks::V2;
    let mut router = yielding(speaks, speaks.config());
    hear(&mut router, speaks, YIELDS + 600_000, 150);
    hear(&mut router, speaks, YIELDS + 640_000, 150);
    router.handle_timeout(us(YIELDS + 650_000));
    assert_eq!(router.poll_timeout(), Some(us(YIELDS + 640_000 + 3_609_375)));
}

#[test]
fn an_advert_that_arrived_before_the_goodbye_is_no_answer_to_it() {
    for speaks in ALL {
        let mut router = yielding(speaks, speaks.config());
        let late = advert(99, speaks.below(), speaks.one_second());
        router.handle_advert(us(YIELDS + 10), us(YIELDS - 10), &late).unwrap();
        assert_eq!(router.poll_timeout(), Some(us(6_000_000)));
    }
}

#[test]
fn one_that_claims_the_addresses_and_leaves_at_once_took_nothing() {
    for speaks in ALL {
        let mut router = yielding(speaks, speaks.config());
        hear(&mut router, speaks, YIELDS + 600_000, 150);
        hear(&mut router, speaks, YIELDS + 610_000, 0);
        router.handle_timeout(us(YIELDS + 650_000));
        assert_eq!(router.state(), State::Active);
        assert!(router.is_yielding());
    }
}

/// The successor was told to yield as well, before this router had let go.
#[test]
fn one_that_claims_the_addresses_and_yields_them_too_keeps_them() {
    for speaks in ALL {
        let mut router = yielding(speaks, speaks.config());
        hear(&mut router, speaks, YIELDS + 600_000, 99);
        hear(&mut router, speaks, YIELDS + 605_000, 0);
        hear(&mut router, speaks, YIELDS + 606_000, 0);
        assert!(router.is_yielding(), "the same goodbye, twice");
        hear(&mut router, speaks, YIELDS + 1_605_000, 0);
        assert_eq!(router.poll_timeout(), Some(us(YIELDS + 1_605_000)), "it still serves");
        router.handle_timeout(us(YIELDS + 1_605_000));
        assert_eq!(router.state(), State::Backup);
    }
}

#[test]
fn without_a_successor_it_goes_on_as_before() {
    for speaks in ALL {
        let mut router = yielding(speaks, speaks.config());
        for second in 6..=9 {
            router.handle_timeout(us(second * 1_000_000));
        }
        actions(&mut router);
        router.handle_timeout(us(YIELDS + 5_000_000));
        let report = Action::Report(Report::NobodyTookOver { after: millis(5_000) });
        let asked = [report, Action::SendAdvert(prio(100)), Action::Announce { repeat: 5 }];
        assert_eq!(actions(&mut router), asked);
        assert_eq!((router.state(), router.is_yielding()), (State::Active, false));
        assert_eq!(router.poll_timeout(), Some(us(11_000_000)));
    }
}

#[test]
fn a_yield_that_is_called_off_is_over_with_an_advert() {
    let speaks = Speaks::V3Ipv4;
    let mut router = yielding(speaks, speaks.config());
    actions(&mut router);
    router.stop_yielding(us(YIELDS + 1));
    assert_eq!(actions(&mut router)[..1], [Action::SendAdvert(prio(100))]);
    router.stop_yielding(us(YIELDS + 2));
    assert_eq!(actions(&mut router), [], "there is nothing to call off");
}

#[test]
fn a_yield_that_is_called_off_too_late_has_moved() {
    let speaks = Speaks::V3Ipv4;
    let mut router = yielding(speaks, speaks.config());
    hear(&mut router, speaks, YIELDS + 600_000, 99);
    router.stop_yielding(us(YIELDS + 600_001));
    assert_eq!(router.state(), State::Backup);
}

#[test]
fn a_departure_ends_in_initialize_with_or_without_a_successor() {
    for speaks in ALL {
        let mut router = serving(speaks, speaks.config());
        router.handle_departure(us(YIELDS), millis(2_000));
        assert_eq!(actions(&mut router), [GOODBYE]);
        let mut other = router.clone();
        hear(&mut router, speaks, YIELDS + 600_000, 99);
        router.handle_timeout(us(YIELDS + 600_000 + linger(speaks)));
        let cause = handed_over(speaks, 99, 600_000);
        let asked = [Action::RemoveAddresses, transition(State::Active, State::Initialize, cause)];
        assert_eq!(actions(&mut router), asked);

        other.handle_timeout(us(YIELDS + 1_000_000));
        actions(&mut other);
        other.handle_timeout(us(YIELDS + 2_000_000));
        let gone = transition(State::Active, State::Initialize, Cause::Shutdown);
        assert_eq!(actions(&mut other), [GOODBYE, Action::RemoveAddresses, gone]);
    }
}

#[test]
fn a_departure_without_time_is_a_shutdown() {
    let speaks = Speaks::V2;
    let mut router = serving(speaks, speaks.config());
    router.handle_departure(us(YIELDS), millis(0));
    assert_eq!(router.state(), State::Initialize);
    let mut router = started(speaks, speaks.config());
    router.handle_departure(us(1_000), millis(5_000));
    assert_eq!(router.state(), State::Initialize, "a Backup has nothing to give away");
}

#[test]
fn a_stop_in_the_middle_of_a_yield_becomes_a_departure() {
    let speaks = Speaks::V2;
    let mut router = yielding(speaks, speaks.config());
    router.handle_departure(us(YIELDS + 100_000), millis(1_000));
    actions(&mut router);
    router.handle_timeout(us(YIELDS + 1_000_000));
    router.handle_timeout(us(YIELDS + 1_100_000));
    assert_eq!(router.state(), State::Initialize);
}

#[test]
fn a_held_backup_follows_any_router_and_serves_when_that_one_falls_silent() {
    for speaks in ALL {
        for config in [
            speaks.config(),
            RouterConfig { preempt: Preempt::After(millis(100)), ..speaks.config() },
            RouterConfig { priority: own_prio(255), owner_starts_active: false, ..speaks.config() },
        ] {
            let mut router = started(speaks, config.clone());
            router.set_held(true);
            for second in 1..20 {
                hear(&mut router, speaks, second * 1_000_000, 1);
                assert_eq!(router.state(), State::Backup, "{config:?}");
                router.handle_timeout(us(second * 1_000_000 + 1));
            }
            router.handle_timeout(router.poll_timeout().unwrap());
            assert_eq!(router.state(), State::Active, "{config:?}");
        }
    }
}

#[test]
fn a_held_owner_starts_as_backup_and_hears_others() {
    for speaks in ALL {
        let config = RouterConfig { priority: own_prio(255), owner_ignores_adverts: true, ..speaks.config() };
        let mut router = VirtualRouter::new(config);
        router.set_held(true);
        router.handle_startup(us(0), speaks.ours());
        assert_eq!(router.state(), State::Backup);
        hear(&mut router, speaks, 100, 7);
        router.set_held(false);
        let heard = router.hears(us(200), &advert(7, speaks.below(), speaks.one_second()));
        assert_eq!(heard, Err(Ignored::Owner));
    }
}

#[test]
fn a_reload_in_the_middle_changes_nothing_about_the_move() {
    let speaks = Speaks::V3Ipv6;
    let mut router = yielding(speaks, speaks.config());
    actions(&mut router);
    router.reconfigure(us(YIELDS + 10), speaks.config(), true);
    assert!(router.is_yielding());
    let asked = actions(&mut router);
    assert!(asked.contains(&GOODBYE) && !asked.contains(&Action::SendAdvert(prio(100))), "{asked:?}");
    hear(&mut router, speaks, YIELDS + 600_000, 99);
    router.reconfigure(us(YIELDS + 600_010), speaks.config(), true);
    assert_eq!(router.state(), State::Backup, "another one serves already");
    let asked = actions(&mut router);
    assert!(!asked.iter().any(|action| matches!(action, Action::Announce { .. })), "{asked:?}");
}

#[test]
fn its_own_goodbye_that_comes_back_is_nothing() {
    for speaks in ALL {
        let mut router = yielding(speaks, speaks.config());
        for priority in [0, 100] {
            let echo = advert(priority, speaks.ours(), speaks.one_second());
            assert_eq!(router.hears(us(YIELDS + 100), &echo), Err(Ignored::OwnAdvert));
        }
        assert_eq!(router.poll_timeout(), Some(us(6_000_000)));
    }
}
