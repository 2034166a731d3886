//! Equal priorities: "unsigned integer comparison, network byte order" (RFC 9568 §6.4.3), in Active only.

use vrrp_election::{Action, Report, RouterConfig, State, VirtualRouter};
use vrrp_proto::Family;

use crate::support::{ALL, Hears, Speaks, actions, advert, ip, own_prio, serving, started, us};

/// The state of an Active at `ours` after an equal advert from `theirs`.
fn after_tie(ours: &str, theirs: &str) -> State {
    let ours = ip(ours);
    let speaks = match Family::of(ours) {
        Family::Ipv4 => Speaks::V2,
        Family::Ipv6 => Speaks::V3Ipv6,
    };
    let mut router = serving(speaks, speaks.config());
    router.set_address(ours);
    router.hears(us(4_000_000), &advert(100, ip(theirs), speaks.one_second())).unwrap();
    router.state()
}

#[test]
fn the_greater_address_wins_by_its_first_differing_octet() {
    for (lower, higher) in [
        ("10.0.0.1", "10.0.0.2"),
        ("10.0.0.255", "10.0.1.0"),
        ("9.255.255.255", "10.0.0.0"),
        ("127.255.255.255", "128.0.0.0"),
        ("100.64.0.1", "223.255.255.254"),
        ("fe80::1", "fe80::2"),
        ("fe80::ff", "fe80::100"),
        ("fe80::7fff:ffff:ffff:ffff", "fe80::8000:0:0:0"),
    ] {
        assert_eq!(after_tie(lower, higher), State::Backup, "{lower} yields to {higher}");
        assert_eq!(after_tie(higher, lower), State::Active, "{higher} does not yield to {lower}");
    }
}

#[test]
fn the_address_does_not_matter_between_different_priorities() {
    for speaks in ALL {
        let mut router = serving(speaks, speaks.config());
        router.hears(us(4_000_000), &advert(99, speaks.above(), speaks.one_second())).unwrap();
        assert_eq!(router.state(), State::Active);
        router.hears(us(4_100_000), &advert(101, speaks.below(), speaks.one_second())).unwrap();
        assert_eq!(router.state(), State::Backup);
    }
}

fn owner(speaks: Speaks) -> VirtualRouter {
    let mut router = serving(speaks, RouterConfig { priority: own_prio(255), ..speaks.config() });
    actions(&mut router);
    router
}

#[test]
fn of_two_owners_the_lower_address_yields_and_both_say_so() {
    for speaks in ALL {
        for (source, state) in [(speaks.above(), State::Backup), (speaks.below(), State::Active)] {
            let mut router = owner(speaks);
            router.hears(us(1_500_000), &advert(255, source, speaks.one_second())).unwrap();
            let told = actions(&mut router);
            assert!(told.contains(&Action::Report(Report::TwoOwners { source })), "{told:?}");
            assert_eq!(router.state(), state);
        }
    }
}

#[test]
fn two_starting_routers_agree_on_the_serving_one() {
    for speaks in ALL {
        let mut routers = [speaks.below(), speaks.above()].map(|address| {
            let mut router = VirtualRouter::new(speaks.config());
            router.handle_startup(us(0), address);
            (address, router)
        });
        let mut served = 0;
        for millisecond in 0..60_000 {
            let mut sent = Vec::new();
            for (address, router) in &mut routers {
                router.handle_timeout(us(millisecond * 1_000));
                for action in actions(router) {
                    if let Action::SendAdvert(priority) = action {
                        sent.push((*address, priority));
                    }
                }
            }
            for (source, priority) in sent {
                for (address, router) in &mut routers {
                    if *address != source {
                        let heard = advert(priority.get(), source, speaks.one_second());
                        router.hears(us(millisecond * 1_000), &heard).unwrap();
                    }
                }
            }
            served += usize::from(
                routers.iter().filter(|(_, router)| router.state() == State::Active).count() == 1,
            );
        }
        assert!(served > 56_000, "exactly one served for {served} ms of a minute");
        let [(_, below), (_, above)] = routers;
        assert_eq!((below.state(), above.state()), (State::Backup, State::Active));
    }
}

#[test]
fn a_backup_that_hears_two_owners_says_so_once() {
    for speaks in ALL {
        let mut router = started(speaks, speaks.config());
        let mut told = Vec::new();
        for n in 1..20 {
            let source = if n % 2 == 0 { speaks.above() } else { speaks.below() };
            router.hears(us(n * 500_000), &advert(255, source, speaks.one_second())).unwrap();
            told.extend(actions(&mut router));
        }
        let differ = Report::OwnersDiffer { first: speaks.below(), second: speaks.above() };
        assert_eq!(told, [Action::Report(differ)]);
    }
}

#[test]
fn an_owner_that_moved_or_a_better_router_is_no_second_owner() {
    for speaks in ALL {
        let mut router = started(speaks, speaks.config());
        for (at, priority, source) in [
            (500_000, 255, speaks.below()),
            (600_000, 200, speaks.above()),
            (4_109_375, 255, speaks.above()),
            (4_200_000, 255, speaks.above()),
        ] {
            router.hears(us(at), &advert(priority, source, speaks.one_second())).unwrap();
        }
        assert_eq!(actions(&mut router), [], "the first was silent for a whole wait");
    }
}

#[test]
fn a_new_own_address_decides_the_next_tie() {
    for speaks in ALL {
        let mut router = serving(speaks, speaks.config());
        router.set_address(speaks.below());
        router.hears(us(4_000_000), &advert(100, speaks.between(), speaks.one_second())).unwrap();
        assert_eq!(router.state(), State::Backup);
    }
}
