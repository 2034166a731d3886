//! Addresses are added and removed in a real kernel.

#![allow(clippy::unwrap_used, reason = "helper functions of tests may panic too")]

mod support;

use std::os::fd::AsFd;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use support::{in_namespace, wire};
use vrrp_linux::address::{AddressChange, AddressFlags, AddressSpec, PROTOCOL, Scope, diff};
use vrrp_linux::address_commands::{AddressCommands, Outcome};
use vrrp_linux::interfaces::InterfaceAddress;
use vrrp_linux::links::LinkCommands;
use vrrp_linux::monitor::snapshot;
use vrrp_linux::sysctl::{self, Family};

/// Carries out all changes and gives their outcomes (or error numbers) in order.
fn carry_out(changes: &[AddressChange]) -> Vec<Result<Outcome, i32>> {
    let mut commands = AddressCommands::open().unwrap();
    for change in changes {
        commands.queue(change.clone());
    }
    commands.flush().unwrap();
    let mut outcomes = Vec::new();
    let mut order = Vec::new();
    while commands.is_waiting() {
        commands
            .drain_results(|change, result| {
                order.push(change.clone());
                outcomes.push(result.map_err(|refusal| refusal.errno));
            })
            .unwrap();
    }
    assert_eq!(order, changes);
    outcomes
}

fn addresses(index: u32) -> Vec<InterfaceAddress> {
    snapshot().unwrap().by_index(index).unwrap().addresses.clone()
}

fn spec(index: u32, network: &str) -> AddressSpec {
    AddressSpec::new(index, network.parse().unwrap())
}

#[test]
fn five_hundred_addresses_come_and_go_in_one_batch_each() {
    in_namespace(|| {
        let (left, _) = wire("left", "right");
        let wanted: Vec<_> =
            (0..500).map(|n| spec(left, &format!("10.1.{}.{}/32", n / 250, n % 250))).collect();
        let additions = diff(&[], &wanted);
        assert_eq!(carry_out(&additions), vec![Ok(Outcome::Changed); 500]);
        let interfaces = snapshot().unwrap();
        let current: Vec<_> = AddressSpec::of_interface(interfaces.by_index(left).unwrap())
            .filter(|address| address.network.is_ipv4())
            .collect();
        assert_eq!(current.len(), 500);
        assert_eq!(diff(&current, &wanted), []);
        assert_eq!(carry_out(&diff(&current, &[])), vec![Ok(Outcome::Changed); 500]);
        assert_eq!(addresses(left).iter().filter(|address| address.network.is_ipv4()).count(), 0);
    });
}

#[test]
fn answers_wait_until_they_are_asked_for() {
    in_namespace(|| {
        let (left, _) = wire("left", "right");
        let mut commands = AddressCommands::open().unwrap();
        commands.queue(AddressChange::Add(spec(left, "192.0.2.1/32")));
        assert!(!commands.is_waiting());
        commands.flush().unwrap();
        assert!(commands.is_waiting());
        assert_eq!(addresses(left)[0].network, "192.0.2.1/32".parse().unwrap());
        let mut interest = [PollFd::new(commands.as_fd(), PollFlags::POLLIN)];
        assert_eq!(poll(&mut interest, PollTimeout::ZERO), Ok(1));
        commands.drain_results(|_, result| assert_eq!(result, Ok(Outcome::Changed))).unwrap();
        assert!(!commands.is_waiting());
    });
}

#[test]
fn an_address_gets_the_properties_that_were_wished() {
    in_namespace(|| {
        let (left, _) = wire("left", "right");
        let mut v4 = spec(left, "192.0.2.1/24");
        v4.label = Some("left:vip".into());
        v4.broadcast = Some("192.0.2.255".parse().unwrap());
        v4.scope = Scope::LINK;
        v4.flags |= AddressFlags::NOPREFIXROUTE;
        let mut tunnel = spec(left, "10.0.0.1/32");
        tunnel.peer = Some("10.0.0.2".parse().unwrap());
        let v6 = spec(left, "2001:db8::1/128");
        let preferred = spec(left, "2001:db8::2/64");
        let wanted = [v4, tunnel, v6, preferred];
        let changes: Vec<_> = wanted.clone().map(AddressChange::Add).into();
        assert_eq!(carry_out(&changes), vec![Ok(Outcome::Changed); 4]);
        let found = addresses(left);
        let find = |network: &str| {
            found.iter().find(|address| address.network == network.parse().unwrap()).unwrap().clone()
        };
        let v4 = find("192.0.2.1/24");
        assert_eq!((v4.label.as_deref(), v4.scope), (Some("left:vip"), Scope::LINK));
        assert_eq!(v4.broadcast, Some("192.0.2.255".parse().unwrap()));
        assert!(v4.flags.contains(AddressFlags::NOPREFIXROUTE));
        assert!(v4.protocol.is_none_or(|number| number == PROTOCOL));
        assert_eq!(find("10.0.0.1/32").peer, Some("10.0.0.2".parse().unwrap()));
        let v6 = find("2001:db8::1/128").flags;
        assert!(v6.contains(AddressFlags::DEPRECATED | AddressFlags::NODAD), "{v6:?}");
        assert!(!v6.contains(AddressFlags::TENTATIVE));
        assert!(!find("2001:db8::2/64").flags.contains(AddressFlags::DEPRECATED));
        let interfaces = snapshot().unwrap();
        let current: Vec<_> = AddressSpec::of_interface(interfaces.by_index(left).unwrap()).collect();
        assert!(diff(&current, &wanted).iter().all(|change| matches!(change, AddressChange::Remove(_))));
    });
}

#[test]
fn what_is_already_so_is_a_success_and_what_cannot_be_is_refused() {
    in_namespace(|| {
        let (left, _) = wire("left", "right");
        for network in ["192.0.2.1/24", "2001:db8::1/128"] {
            let add = AddressChange::Add(spec(left, network));
            let remove = AddressChange::Remove(spec(left, network));
            let outcomes = carry_out(&[add.clone(), add, remove.clone(), remove]);
            let expected = [Outcome::Changed, Outcome::AlreadySo, Outcome::Changed, Outcome::AlreadySo];
            assert_eq!(outcomes, expected.map(Ok), "{network}");
        }
        let nowhere = AddressChange::Add(spec(9999, "192.0.2.1/24"));
        assert_eq!(carry_out(&[nowhere]), [Err(libc::ENODEV)]);
    });
}

#[test]
fn secondary_addresses_outlive_the_primary_only_if_they_may_be_promoted() {
    in_namespace(|| {
        let (left, right) = wire("left", "right");
        for (index, name, promoted) in [(left, "left", 0), (right, "right", 1)] {
            sysctl::set(Family::V4, name, "promote_secondaries", promoted).unwrap();
            let mut links = LinkCommands::open().unwrap();
            links.add_address(index, "192.0.2.1/24".parse().unwrap()).unwrap();
            links.add_address(index, "192.0.2.2/24".parse().unwrap()).unwrap();
            links.delete_address(index, "192.0.2.1/24".parse().unwrap()).unwrap();
            let left_over = addresses(index).iter().filter(|address| address.network.is_ipv4()).count();
            assert_eq!(left_over, usize::try_from(promoted).unwrap());
        }
    });
}
