//! Adverts from our own address: our own that come back, and those of another router with our address.

use vrrp_election::{Action, Ignored, Report, State, VirtualRouter};

use crate::support::{ALL, Hears, Speaks, actions, advert, own_prio, serving, started, us};

fn hear(router: &mut VirtualRouter, speaks: Speaks, at: u64, priority: u8) -> Result<(), Ignored> {
    router.hears(us(at), &advert(priority, speaks.ours(), speaks.one_second()))
}

#[test]
fn an_advert_that_comes_back_changes_nothing() {
    for speaks in ALL {
        let mut router = serving(speaks, speaks.config());
        let timeout = router.poll_timeout();
        assert_eq!(hear(&mut router, speaks, 3_610_000, 100), Err(Ignored::OwnAdvert));
        let told = Action::Report(Report::OwnAddressHeard { source: speaks.ours() });
        assert_eq!(actions(&mut router), [told]);
        assert_eq!((router.state(), router.poll_timeout()), (State::Active, timeout));
    }
}

#[test]
fn an_advert_of_a_higher_priority_that_was_lowered_comes_back_without_effect() {
    for speaks in ALL {
        let mut router = serving(speaks, speaks.config());
        router.set_priority(own_prio(50));
        router.handle_timeout(us(4_609_375));
        assert_eq!(hear(&mut router, speaks, 4_700_000, 100), Err(Ignored::OwnAdvert));
        assert_eq!(hear(&mut router, speaks, 4_700_000, 50), Err(Ignored::OwnAdvert));
        router.handle_timeout(us(5_609_375));
        assert_eq!(hear(&mut router, speaks, 5_700_000, 100), Err(Ignored::OwnAdvert), "sent 2.1 s ago");
        assert_eq!(router.state(), State::Active);
    }
}

#[test]
fn an_advert_of_a_former_own_address_comes_back_without_effect() {
    for speaks in ALL {
        let mut router = serving(speaks, speaks.config());
        router.set_address(speaks.below());
        assert_eq!(hear(&mut router, speaks, 3_700_000, 100), Err(Ignored::OwnAdvert));
        assert_eq!(router.state(), State::Active);
    }
}

#[test]
fn a_goodbye_that_comes_back_after_a_restart_does_not_shorten_the_wait() {
    for speaks in ALL {
        let mut router = serving(speaks, speaks.config());
        router.handle_shutdown(us(4_000_000));
        router.handle_startup(us(4_100_000), speaks.ours());
        assert_eq!(hear(&mut router, speaks, 4_200_000, 0), Err(Ignored::OwnAdvert));
        assert_eq!(router.poll_timeout(), Some(us(7_709_375)));
    }
}

#[test]
fn an_advert_sent_long_ago_is_not_taken_for_an_echo() {
    for speaks in ALL {
        let mut router = serving(speaks, speaks.config());
        router.hears(us(3_700_000), &advert(200, speaks.above(), speaks.one_second())).unwrap();
        // Sent at 3.609375 s; three intervals later it is somebody else's.
        assert_eq!(hear(&mut router, speaks, 6_609_375, 100), Err(Ignored::OwnAdvert));
        assert_eq!(hear(&mut router, speaks, 6_609_376, 100), Ok(()));
        assert_eq!(router.poll_timeout(), Some(us(10_218_751)));
    }
}

#[test]
fn another_router_with_our_address_and_a_higher_priority_is_obeyed() {
    for speaks in ALL {
        let mut router = serving(speaks, speaks.config());
        assert_eq!(hear(&mut router, speaks, 4_000_000, 101), Ok(()));
        assert_eq!(router.state(), State::Backup, "one of the two serves, not both");
        let told = Action::Report(Report::OwnAddressHeard { source: speaks.ours() });
        assert!(actions(&mut router).contains(&told));
    }
}

#[test]
fn a_router_that_never_sent_hears_no_echo() {
    for speaks in ALL {
        let mut router = started(speaks, speaks.config());
        assert_eq!(hear(&mut router, speaks, 1_000_000, 100), Ok(()));
        assert_eq!(router.poll_timeout(), Some(us(4_609_375)));
    }
}
