//! Many adverts in little time: answers stay few, reports stay fewer.

use vrrp_election::{Action, Ignored, Report, RouterConfig, State, VirtualRouter};

use crate::support::{ALL, Hears, Speaks, actions, advert, centis, millis, own_prio, prio, serving, us};

/// Requests of one flood.
#[derive(Debug, Default, PartialEq, Eq)]
struct Asked {
    adverts: usize,
    announcements: usize,
    reports: usize,
}

/// Hands in one advert every `gap_us` for three seconds, beginning at 4 s, and counts.
fn flood(router: &mut VirtualRouter, speaks: Speaks, priority: u8, gap_us: u64) -> Asked {
    let mut asked = Asked::default();
    for n in 0..3_000_000 / gap_us {
        let heard = advert(priority, speaks.above(), speaks.one_second());
        router.hears(us(4_000_000 + n * gap_us), &heard).unwrap();
        for action in actions(router) {
            match action {
                Action::SendAdvert(_) => asked.adverts += 1,
                Action::Announce { .. } => asked.announcements += 1,
                Action::Report(_) => asked.reports += 1,
                Action::AddAddresses | Action::RemoveAddresses => panic!("{action:?}"),
            }
        }
    }
    asked
}

#[test]
fn a_flood_of_lower_adverts_is_answered_eight_times_an_interval() {
    for speaks in ALL {
        let mut router = serving(speaks, speaks.config());
        let asked = flood(&mut router, speaks, 99, 1_000);
        assert_eq!(asked, Asked { adverts: 24, announcements: 3, reports: 1 });
    }
}

#[test]
fn a_lower_router_that_speaks_every_interval_is_answered_each_time() {
    for speaks in ALL {
        let mut router = serving(speaks, speaks.config());
        let asked = flood(&mut router, speaks, 99, 1_000_000);
        assert_eq!(asked, Asked { adverts: 3, announcements: 3, reports: 1 });
    }
}

#[test]
fn a_lower_router_that_comes_back_is_told_anew() {
    for speaks in ALL {
        let mut router = serving(speaks, speaks.config());
        let report = Report::LowerPriorityWhileActive { source: speaks.above(), priority: prio(99) };
        for at in [4_000_000, 7_000_000, 10_000_000] {
            router.hears(us(at), &advert(99, speaks.above(), speaks.one_second())).unwrap();
            let told = actions(&mut router).contains(&Action::Report(report));
            assert!(told, "silent for three intervals before {at} µs");
        }
    }
}

#[test]
fn the_last_advert_of_a_yielding_router_is_answered_but_not_reported() {
    for speaks in ALL {
        let mut router = serving(speaks, speaks.config());
        let heard = advert(99, speaks.above(), speaks.one_second());
        router.hears(us(3_700_000), &heard).unwrap();
        let asked = actions(&mut router);
        assert_eq!(asked, [Action::SendAdvert(prio(100)), Action::Announce { repeat: 5 }]);
    }
}

#[test]
fn a_lower_router_with_a_long_interval_is_told_of_once() {
    for speaks in [Speaks::V3Ipv4, Speaks::V3Ipv6] {
        let mut router = serving(speaks, speaks.config());
        let told: usize = (0..5)
            .map(|n| {
                let slow = advert(99, speaks.above(), centis(1_000));
                router.hears(us(4_000_000 + n * 10_000_000), &slow).unwrap();
                actions(&mut router).iter().filter(|action| matches!(action, Action::Report(_))).count()
            })
            .sum();
        assert_eq!(told, 1, "it never fell silent by its own interval");
    }
}

#[test]
fn the_second_announcements_follow_the_last_lower_advert() {
    for speaks in ALL {
        let mut config = speaks.config();
        config.announce.delay = millis(0);
        config.announce.lower_priority_repeat = 2;
        config.announce.lower_priority_delay = millis(300);
        let mut router = serving(speaks, config);
        for at in [4_000_000, 4_100_000, 4_200_000] {
            router.hears(us(at), &advert(99, speaks.above(), speaks.one_second())).unwrap();
        }
        actions(&mut router);
        assert_eq!(router.poll_timeout(), Some(us(4_500_000)));
        router.handle_timeout(us(4_500_000));
        assert_eq!(actions(&mut router), [Action::Announce { repeat: 2 }]);
    }
}

#[test]
fn every_goodbye_is_answered_since_each_makes_the_backups_hurry() {
    for speaks in ALL {
        let mut router = serving(speaks, speaks.config());
        let asked = flood(&mut router, speaks, 0, 100_000);
        assert_eq!(asked, Asked { adverts: 30, announcements: 0, reports: 0 });
        assert_eq!(router.poll_timeout(), Some(us(7_900_000)));
    }
}

#[test]
fn our_own_address_heard_again_and_again_is_told_once() {
    for speaks in ALL {
        let mut router = serving(speaks, speaks.config());
        let echo = advert(100, speaks.ours(), speaks.one_second());
        let mut told = 0;
        for n in 0..1_000 {
            assert_eq!(router.hears(us(4_000_000 + n * 1_000), &echo), Err(Ignored::OwnAdvert));
            told += actions(&mut router).len();
        }
        assert_eq!(told, 1);
    }
}

#[test]
fn a_second_owner_is_told_of_once() {
    for speaks in ALL {
        let mut router = serving(speaks, RouterConfig { priority: own_prio(255), ..speaks.config() });
        let other = advert(255, speaks.below(), speaks.one_second());
        let mut told = 0;
        for n in 0..3_000 {
            router.hears(us(4_000_000 + n * 1_000), &other).unwrap();
            told += actions(&mut router)
                .iter()
                .filter(|action| matches!(action, Action::Report(Report::TwoOwners { .. })))
                .count();
        }
        assert_eq!(told, 1);
        assert_eq!(router.state(), State::Active);
    }
}
