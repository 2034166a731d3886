//! A reload: the same router with other parameters.

use vrrp_election::{Action, Preempt, RouterConfig, State, VirtualRouter};
use vrrp_proto::Priority;

use crate::support::{ALL, Hears, Speaks, actions, advert, centis, millis, own, serving, started, us};

#[test]
fn the_same_parameters_leave_a_backup_alone() {
    for speaks in ALL {
        let mut router = started(speaks, speaks.config());
        router.reconfigure(us(1_000_000), speaks.config(), false);
        assert_eq!(actions(&mut router), []);
        assert_eq!(router.poll_timeout(), Some(us(3_609_375)));
    }
}

#[test]
fn another_number_of_down_adverts_begins_the_wait_anew() {
    for speaks in ALL {
        let mut router = started(speaks, speaks.config());
        router.reconfigure(us(1_000_000), RouterConfig { down_adverts: 5, ..speaks.config() }, false);
        assert_eq!(actions(&mut router), []);
        assert_eq!(router.poll_timeout(), Some(us(6_609_375)));
    }
}

#[test]
fn packets_that_were_lost_before_the_wait_began_anew_renew_it_no_more() {
    for speaks in ALL {
        let mut router = started(speaks, speaks.config());
        router.handle_packets_lost(us(500_000));
        let slower = RouterConfig { down_adverts: 5, ..speaks.config() };
        router.reconfigure(us(1_000_000), slower.clone(), false);
        let mut unlucky = router.clone();
        router.handle_timeout(us(6_609_375));
        assert_eq!((router.state(), router.counters().stalls), (State::Active, 0));

        // Those lost later do, and so do those lost before a reload that leaves the wait alone.
        unlucky.handle_packets_lost(us(2_000_000));
        unlucky.reconfigure(us(3_000_000), slower, false);
        unlucky.handle_timeout(us(6_609_375));
        assert_eq!((unlucky.state(), unlucky.counters().stalls), (State::Backup, 1));
    }
}

#[test]
fn a_backup_that_starts_to_preempt_first_listens_for_a_whole_wait() {
    for speaks in ALL {
        let mut router = started(speaks, RouterConfig { preempt: Preempt::Never, ..speaks.config() });
        router.hears(us(1_000_000), &advert(99, speaks.above(), speaks.one_second())).unwrap();
        router.reconfigure(us(2_000_000), speaks.config(), false);
        assert_eq!(router.poll_timeout(), Some(us(5_609_375)));
        router.hears(us(3_000_000), &advert(99, speaks.above(), speaks.one_second())).unwrap();
        assert_eq!(router.poll_timeout(), Some(us(5_609_375)));
    }
}

#[test]
fn an_active_speaks_and_checks_its_addresses() {
    for speaks in ALL {
        let mut router = serving(speaks, speaks.config());
        router.reconfigure(us(4_000_000), speaks.config(), false);
        assert_eq!(actions(&mut router), [Action::SendAdvert(Priority::DEFAULT), Action::AddAddresses]);
        assert_eq!(router.poll_timeout(), Some(us(5_000_000)));
        assert_eq!(router.state(), State::Active);
    }
}

#[test]
fn an_active_with_other_addresses_announces_them() {
    for speaks in ALL {
        let mut config = speaks.config();
        config.announce.delay = millis(500);
        let mut router = serving(speaks, config.clone());
        router.reconfigure(us(4_000_000), config, true);
        let expected =
            [Action::SendAdvert(Priority::DEFAULT), Action::AddAddresses, Action::Announce { repeat: 5 }];
        assert_eq!(actions(&mut router), expected);
        assert_eq!(router.poll_timeout(), Some(us(4_500_000)), "and once more");
    }
}

#[test]
fn a_router_that_does_not_run_takes_the_parameters_silently() {
    for speaks in ALL {
        let mut router = VirtualRouter::new(speaks.config());
        router.reconfigure(us(1_000_000), RouterConfig { down_adverts: 5, ..speaks.config() }, true);
        assert_eq!(actions(&mut router), []);
        router.handle_startup(us(2_000_000), speaks.ours());
        assert_eq!(router.poll_timeout(), Some(us(7_609_375)));
    }
}

#[test]
fn without_an_active_the_new_own_interval_counts_at_once() {
    for speaks in [Speaks::V3Ipv4, Speaks::V3Ipv6] {
        let mut router = started(speaks, speaks.config());
        router.reconfigure(
            us(1_000_000),
            RouterConfig { interval: own(centis(10)), ..speaks.config() },
            false,
        );
        assert_eq!(router.active_interval(), millis(100), "nobody taught the old one");
        assert_eq!(router.poll_timeout(), Some(vrrp_election::Instant::from_nanos(1_360_937_500)));
    }
}

#[test]
fn a_living_active_keeps_the_interval_it_taught() {
    for speaks in [Speaks::V3Ipv4, Speaks::V3Ipv6] {
        let mut router = started(speaks, speaks.config());
        router.hears(us(500_000), &advert(200, speaks.above(), centis(100))).unwrap();
        router.reconfigure(
            us(1_000_000),
            RouterConfig { interval: own(centis(10)), ..speaks.config() },
            false,
        );
        assert_eq!(router.active_interval(), millis(1_000), "it was not reloaded yet, perhaps");
    }
}

#[test]
fn a_former_active_does_not_use_an_interval_learned_long_ago() {
    for speaks in [Speaks::V3Ipv4, Speaks::V3Ipv6] {
        let mut router = serving(speaks, speaks.config());
        router.reconfigure(
            us(4_000_000),
            RouterConfig { interval: own(centis(10)), ..speaks.config() },
            false,
        );
        router.handle_shutdown(us(5_000_000));
        router.handle_startup(us(6_000_000), speaks.ours());
        assert_eq!(router.poll_timeout(), Some(vrrp_election::Instant::from_nanos(6_360_937_500)));
    }
}
