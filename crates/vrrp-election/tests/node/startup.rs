//! Start of a machine.

use std::time::Duration;

use vrrp_election::{Cause, Fault, Instant, Node, NodeAction, NodeConfig, Standing};
use vrrp_proto::Priority;

use crate::lab::{DOWN, L0, R0, R1, UP, all, elected, fault, links, machine, node, owner, router, standing};
use crate::support::{advert, hears, ip, ms, seconds};

#[test]
fn a_backup_begins_by_removing_leftovers_of_a_predecessor() {
    let mut node = Node::new(Instant::ZERO, machine(vec![router(51)]));
    assert_eq!(
        all(&mut node),
        [
            NodeAction::RemoveAddresses { router: R0 },
            standing(R0, Standing::Waiting, Standing::Backup, elected(Cause::Startup), 100),
        ]
    );
}

#[test]
fn so_does_a_router_that_begins_in_fault() {
    let config = NodeConfig { links: links([DOWN]), ..machine(vec![router(51)]) };
    let mut node = Node::new(Instant::ZERO, config);
    assert_eq!(
        all(&mut node),
        [
            NodeAction::RemoveAddresses { router: R0 },
            standing(R0, Standing::Waiting, Standing::Fault, fault(Fault::LinkDown(L0)), 100),
        ]
    );
}

#[test]
fn an_owner_begins_by_serving() {
    let mut node = Node::new(Instant::ZERO, machine(vec![owner(51)]));
    assert_eq!(
        all(&mut node),
        [
            NodeAction::SendAdvert { router: R0, priority: Priority::OWNER },
            NodeAction::AddAddresses { router: R0 },
            NodeAction::Announce { router: R0, repeat: 5 },
            standing(R0, Standing::Waiting, Standing::Active, elected(Cause::Owner), 255),
        ]
    );
}

#[test]
fn until_the_startup_delay_ends_no_router_sends_listens_or_is_reported() {
    let config =
        NodeConfig { startup_delay: Duration::from_secs(10), ..machine(vec![owner(51), router(52)]) };
    let mut node = Node::new(Instant::ZERO, config);
    node.handle_link(ms(1_000), L0, DOWN);
    node.handle_link(ms(2_000), L0, UP);
    node.handle_timeout(ms(5_000));
    let heard = advert(200, ip("192.0.2.9"), seconds(1));
    assert!(hears(&mut node, ms(6_000), R1, &heard).is_err());
    assert_eq!(all(&mut node), []);
    assert_eq!(node.standing(R0), Some(Standing::Waiting));
    assert_eq!(node.poll_timeout(), Some(ms(10_000)));

    node.handle_timeout(ms(10_000));
    assert_eq!(node.standing(R0), Some(Standing::Active));
    assert_eq!(node.standing(R1), Some(Standing::Backup));
    all(&mut node);
    assert_eq!(node.poll_timeout(), Some(ms(11_000)));
}

#[test]
fn the_startup_delay_does_not_end_early() {
    let config = NodeConfig { startup_delay: Duration::from_secs(10), ..machine(vec![owner(51)]) };
    let mut node = node(config);
    node.handle_timeout(Instant::from_nanos(9_999_999_999));
    assert_eq!(node.standing(R0), Some(Standing::Waiting));
    assert_eq!(node.poll_timeout(), Some(ms(10_000)));
}

#[test]
fn an_empty_machine_has_nothing_to_do() {
    let mut node = node(NodeConfig::default());
    node.handle_timeout(ms(1));
    node.handle_stop(ms(2));
    assert_eq!((all(&mut node), node.poll_timeout()), (vec![], None));
}
