//! The effective priority changes while the router runs (tracking).

use vrrp_election::{Action, Report, State};

use crate::support::{ALL, Hears, actions, advert, own_prio, prio, serving, started, us};

fn changed(from: u8, to: u8) -> Action {
    Action::Report(Report::PriorityChanged { from: prio(from), to: prio(to) })
}

#[test]
fn a_waiting_backup_moves_by_the_difference_in_skew() {
    for speaks in ALL {
        let mut router = started(speaks, speaks.config());
        router.set_priority(own_prio(228));
        assert_eq!(actions(&mut router), [changed(100, 228)]);
        assert_eq!(router.poll_timeout(), Some(us(3_109_375)), "half a second earlier");
        router.set_priority(own_prio(36));
        assert_eq!(router.poll_timeout(), Some(us(3_859_375)), "a quarter later than at first");
        router.set_priority(own_prio(100));
        assert_eq!(router.poll_timeout(), Some(us(3_609_375)), "and back, without drift");
    }
}

#[test]
fn the_wait_after_a_goodbye_moves_as_well() {
    for speaks in ALL {
        let mut router = started(speaks, speaks.config());
        router.hears(us(1_000_000), &advert(0, speaks.above(), speaks.one_second())).unwrap();
        router.set_priority(own_prio(228));
        assert_eq!(router.poll_timeout(), Some(us(1_109_375)));
    }
}

#[test]
fn the_same_priority_changes_nothing() {
    for speaks in ALL {
        let mut router = started(speaks, speaks.config());
        router.set_priority(vrrp_proto::RouterPriority::DEFAULT);
        assert_eq!(actions(&mut router), []);
        assert_eq!(router.poll_timeout(), Some(us(3_609_375)));
    }
}

#[test]
fn an_active_tells_with_its_next_regular_advert() {
    for speaks in ALL {
        let mut router = serving(speaks, speaks.config());
        router.set_priority(own_prio(50));
        assert_eq!(actions(&mut router), [changed(100, 50)]);
        assert_eq!(router.poll_timeout(), Some(us(4_609_375)));
        router.handle_timeout(us(4_609_375));
        assert_eq!(actions(&mut router), [Action::SendAdvert(prio(50))]);
    }
}

#[test]
fn a_lowered_active_yields_to_a_router_above_its_new_priority() {
    for speaks in ALL {
        let mut router = serving(speaks, speaks.config());
        router.set_priority(own_prio(50));
        router.hears(us(4_000_000), &advert(60, speaks.below(), speaks.one_second())).unwrap();
        assert_eq!(router.state(), State::Backup);
    }
}

#[test]
fn a_priority_set_before_the_start_counts_from_the_start() {
    for speaks in ALL {
        let mut router = vrrp_election::VirtualRouter::new(speaks.config());
        router.set_priority(own_prio(228));
        router.handle_startup(us(0), speaks.ours());
        assert_eq!(router.poll_timeout(), Some(us(3_109_375)));
    }
}

#[test]
fn a_wait_that_a_higher_priority_ends_at_once_is_no_stall() {
    for speaks in ALL {
        let mut router = started(speaks, speaks.config());
        // At 3.5 s the wait moves from 3.609375 s to 3.0234375 s: nobody was late.
        router.set_priority(own_prio(250));
        router.handle_timeout(us(3_500_000));
        assert_eq!(router.state(), State::Active);
        assert_eq!(router.counters().stalls, 0);
    }
}

#[test]
fn a_stall_is_still_one_after_the_priority_rose() {
    for speaks in ALL {
        let mut router = started(speaks, speaks.config());
        router.set_priority(own_prio(250));
        router.handle_timeout(us(3_859_376));
        assert_eq!(router.counters().stalls, 1);
    }
}
