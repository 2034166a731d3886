//! The end: nothing stays behind and nothing starts again.

use std::time::Duration;

use vrrp_election::{Ignored, NodeAction, NodeConfig, RouterSetup, ScriptAct, Standing, TransitionReason};
use vrrp_proto::Priority;

use crate::lab::{
    DOWN, L0, R0, R1, S0, UP, all, check, machine, node, owner, router, script, standing, track,
};
use crate::support::{advert, hears, ip, ms, seconds};

#[test]
fn every_active_says_goodbye_and_lets_go() {
    let mut node = node(machine(vec![owner(51), router(52)]));
    node.handle_stop(ms(500));
    assert_eq!(
        all(&mut node),
        [
            NodeAction::SendAdvert { router: R0, priority: Priority::STOP },
            NodeAction::RemoveAddresses { router: R0 },
            standing(R0, Standing::Active, Standing::Stopped, TransitionReason::Stop, 255),
            standing(R1, Standing::Backup, Standing::Stopped, TransitionReason::Stop, 100),
        ]
    );
    assert_eq!(node.poll_timeout(), None);
}

#[test]
fn nothing_starts_again() {
    let mut node = node(machine(vec![owner(51)]));
    node.handle_stop(ms(500));
    all(&mut node);
    node.handle_link(ms(600), L0, DOWN);
    node.handle_link(ms(700), L0, UP);
    node.handle_timeout(ms(10_000));
    node.handle_stop(ms(11_000));
    let heard = advert(1, ip("192.0.2.9"), seconds(1));
    assert_eq!(hears(&mut node, ms(12_000), R0, &heard), Err(Ignored::NotRunning));
    assert_eq!(all(&mut node), []);
    assert_eq!(node.standing(R0), Some(Standing::Stopped));
    assert_eq!(node.poll_timeout(), None);
}

#[test]
fn a_check_that_ends_after_the_stop_is_not_run_again() {
    let setup = RouterSetup { tracks: vec![track(S0, -10)], ..router(51) };
    let mut node = node(NodeConfig { scripts: vec![script(check())], ..machine(vec![setup]) });
    node.handle_timeout(ms(0));
    node.handle_stop(ms(500));
    assert!(all(&mut node).contains(&NodeAction::Script { script: S0, act: ScriptAct::Kill }));
    node.handle_script(ms(600), S0, false);
    assert_eq!(node.poll_timeout(), None);
    node.handle_timeout(ms(5_000));
    assert_eq!(all(&mut node), []);
}

#[test]
fn a_machine_that_stops_before_it_began_leaves_no_address_of_a_predecessor() {
    let config = NodeConfig { startup_delay: Duration::from_secs(10), ..machine(vec![router(51)]) };
    let mut node = node(config);
    node.handle_stop(ms(500));
    assert_eq!(
        all(&mut node),
        [
            NodeAction::RemoveAddresses { router: R0 },
            standing(R0, Standing::Waiting, Standing::Stopped, TransitionReason::Stop, 100),
        ]
    );
}

#[test]
fn a_router_that_a_reload_removes_stays_out_until_ids_change() {
    let mut node = node(machine(vec![owner(51), owner(52)]));
    node.handle_reload(ms(500), machine(vec![owner(52)]));
    node.handle_link(ms(600), L0, DOWN);
    node.handle_link(ms(700), L0, UP);
    assert_eq!(node.standing(R0), Some(Standing::Stopped));
    assert_eq!(node.standing(R1), Some(Standing::Active));
    assert!(matches!(all(&mut node).last(), Some(NodeAction::AddAddresses { router: R0 })));
}
