//! Inputs that are worth being recorded, and those that are not.

use std::time::Duration;

use vrrp_election::{Cause, Input, Recorded, RouterConfig, State, VirtualRouter};

use crate::support::{ALL, Speaks, actions, centis, config, millis, own_prio, serving};

/// Its next advert leaves so late.
fn leaves_late(router: &mut VirtualRouter, late: Duration) {
    let due = router.poll_timeout().unwrap();
    router.handle_timeout(due + late);
    actions(router);
}

/// Everything that was recorded, in a row.
fn recorded(router: &VirtualRouter) -> Vec<Recorded> {
    router.recordings().into_iter().flat_map(|recording| recording.inputs).collect()
}

#[test]
fn adverts_that_leave_a_little_late_are_not_recorded() {
    for speaks in ALL {
        let mut router = serving(speaks, speaks.config());
        for late in (0..=100).cycle().take(1_000) {
            leaves_late(&mut router, millis(late));
        }
        assert_eq!(recorded(&router), []);
        let due = router.poll_timeout();
        leaves_late(&mut router, millis(101));
        let [one] = recorded(&router)[..] else { panic!("{:?}", recorded(&router)) };
        assert_eq!((one.input, one.due, one.at), (Input::Timeout, due, due.unwrap() + millis(101)));
    }
}

#[test]
fn at_short_intervals_half_an_interval_is_late() {
    let speaks = Speaks::V3Ipv4;
    let mut router = serving(speaks, config(speaks.family(), centis(10)));
    leaves_late(&mut router, millis(50));
    assert_eq!(recorded(&router), []);
    leaves_late(&mut router, millis(51));
    assert_eq!(recorded(&router).len(), 1);
}

/// Whoever waits for one advert takes over within the time that is not late for others.
#[test]
fn what_makes_an_active_step_down_is_recorded() {
    for speaks in ALL {
        let rival = Some(own_prio(254));
        let mut router =
            serving(speaks, RouterConfig { backup_after_stall: rival, down_adverts: 1, ..speaks.config() });
        leaves_late(&mut router, millis(10));
        assert_eq!(router.state(), State::Backup);
        let [recording] = &router.recordings()[..] else { panic!("{:?}", router.recordings()) };
        let [change] = recording.changes[..] else { panic!("{recording:?}") };
        assert!(matches!(change.cause, Cause::Stalled { .. }));
        assert_eq!(recording.inputs[change.input].input, Input::Timeout);
    }
}
