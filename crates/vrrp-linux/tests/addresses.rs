//! Addresses are added and removed in a real kernel.

#![allow(clippy::unwrap_used, reason = "helper functions of tests may panic too")]

mod support;

use support::{in_namespace, until, wire};
use vrrp_linux::address::{AddressChange, AddressFlags, AddressSpec, Scope, marks};
use vrrp_linux::commands::{Command, Commands, Outcome, kernel_keeps_marks};
use vrrp_linux::holdings::addresses::{Addresses, Change, Recognition, WantedAddress};
use vrrp_linux::interfaces::{InterfaceAddress, Interfaces};
use vrrp_linux::links::LinkCommands;
use vrrp_linux::monitor::snapshot;
use vrrp_linux::sysctl::{self, Family};

/// Carries out all changes and gives their outcomes (or error numbers) in order.
fn carry_out(changes: &[AddressChange]) -> Vec<Result<Outcome, i32>> {
    let mut commands = Commands::open().unwrap();
    for change in changes {
        commands.queue(change.clone());
    }
    let mut outcomes = Vec::new();
    let mut order = Vec::new();
    commands
        .flush(|change, result| {
            order.push(change.clone());
            outcomes.push(result.map_err(|refusal| refusal.errno));
        })
        .unwrap();
    assert_eq!(order, changes.iter().cloned().map(Command::from).collect::<Vec<_>>());
    outcomes
}

fn addresses(index: u32) -> Vec<InterfaceAddress> {
    snapshot().unwrap().by_index(index).unwrap().addresses.clone()
}

fn spec(index: u32, network: &str) -> AddressSpec {
    AddressSpec::new(index, network.parse().unwrap())
}

fn count_ipv4(index: u32) -> usize {
    addresses(index).iter().filter(|address| address.network.is_ipv4()).count()
}

#[test]
fn five_hundred_addresses_come_and_go_in_one_batch_each() {
    in_namespace(|| {
        let (left, _) = wire("left", "right");
        let wanted: Vec<_> =
            (0..500).map(|n| spec(left, &format!("10.1.{}.{}/32", n / 250, n % 250))).collect();
        let all =
            |change: fn(AddressSpec) -> AddressChange| wanted.iter().cloned().map(change).collect::<Vec<_>>();
        assert_eq!(carry_out(&all(AddressChange::Add)), vec![Ok(Outcome::Changed); 500]);
        assert_eq!(count_ipv4(left), 500);
        assert_eq!(carry_out(&all(AddressChange::Add)), vec![Ok(Outcome::AlreadySo); 500]);
        assert_eq!(carry_out(&all(AddressChange::Set)), vec![Ok(Outcome::Changed); 500]);
        assert_eq!(carry_out(&all(AddressChange::Remove)), vec![Ok(Outcome::Changed); 500]);
        assert_eq!(count_ipv4(left), 0);
    });
}

#[test]
fn each_answer_belongs_to_its_change() {
    in_namespace(|| {
        let (left, _) = wire("left", "right");
        let changes: Vec<_> = (0..300)
            .map(|n| {
                let link = if n % 7 == 0 { 9999 } else { left };
                AddressChange::Add(spec(link, &format!("10.1.{}.{}/32", n / 250, n % 250)))
            })
            .collect();
        let expected: Vec<_> =
            (0..300).map(|n| if n % 7 == 0 { Err(libc::ENODEV) } else { Ok(Outcome::Changed) }).collect();
        assert_eq!(carry_out(&changes), expected);
    });
}

/// Brings an interface to what one owner wants of it, and gives what was done.
fn settle(holdings: &mut Addresses<u8>, link: &str, wanted: &[AddressSpec]) -> Vec<AddressChange> {
    let wanted = wanted.iter().map(|address| WantedAddress { link, address, native: false });
    holdings.want(1, wanted, &snapshot().unwrap());
    obey(holdings)
}

fn obey(holdings: &mut Addresses<u8>) -> Vec<AddressChange> {
    let mut commands = Commands::open().unwrap();
    let mut done = Vec::new();
    for change in holdings.take_changes(&snapshot().unwrap()) {
        if let Change::Address(change) = change {
            commands.queue(change.clone());
            done.push(change);
        }
    }
    commands
        .flush(|command, result| {
            let Command::Address(change) = command else { unreachable!("{command}") };
            holdings.handle_answer(change, result.ok());
        })
        .unwrap();
    done
}

fn mark() -> u8 {
    marks().next().unwrap()
}

#[test]
fn the_kernel_shows_the_address_as_set_and_nothing_is_left_to_do() {
    in_namespace(|| {
        let (left, _) = wire("left", "right");
        let v4 = AddressSpec {
            label: Some("left:vip".into()),
            broadcast: Some("192.0.2.255".parse().unwrap()),
            scope: Scope::LINK,
            flags: AddressFlags::NOPREFIXROUTE,
            ..spec(0, "192.0.2.1/24")
        };
        let tunnel = AddressSpec { peer: Some("10.0.0.2".parse().unwrap()), ..spec(0, "10.0.0.1/32") };
        let secondary = AddressSpec { scope: Scope::LINK, ..spec(0, "192.0.2.2/24") };
        let wanted = [v4, tunnel, secondary, spec(0, "2001:db8::1/128"), spec(0, "2001:db8::2/64")];
        let mut holdings = Addresses::new(mark(), kernel_keeps_marks());
        assert_eq!(settle(&mut holdings, "left", &wanted).len(), wanted.len());
        // The kernel reports IPv6 addresses a moment later.
        until("all addresses are shown", || {
            wanted.iter().all(|wanted| {
                addresses(left)
                    .iter()
                    .any(|own| own.network == wanted.network && !own.flags.contains(AddressFlags::TENTATIVE))
            })
        });
        assert_eq!(settle(&mut holdings, "left", &wanted), []);
        let mut successor = Addresses::new(mark(), kernel_keeps_marks());
        assert_eq!(settle(&mut successor, "left", &wanted), [], "a successor adopts them");
        assert_eq!(
            successor
                .clean(&Recognition { marks: &[mark()], ..Recognition::default() }, &snapshot().unwrap()),
            []
        );
    });
}

#[test]
fn every_change_of_a_property_reaches_the_kernel() {
    in_namespace(|| {
        let (left, _) = wire("left", "right");
        let v4 = spec(0, "192.0.2.1/24");
        let v6 = spec(0, "2001:db8::1/64");
        let steps = [
            v4.clone(),
            AddressSpec { label: Some("left:a".into()), ..v4.clone() },
            AddressSpec { scope: Scope::LINK, ..v4.clone() },
            AddressSpec { broadcast: Some("192.0.2.255".parse().unwrap()), ..v4.clone() },
            AddressSpec { flags: AddressFlags::NOPREFIXROUTE, ..v4.clone() },
            spec(0, "192.0.2.1/32"),
            v6.clone(),
            AddressSpec { preferred_lifetime: Some(0), ..v6.clone() },
            AddressSpec { flags: v6.flags | AddressFlags::NOPREFIXROUTE, ..v6.clone() },
            spec(0, "2001:db8::1/128"),
        ];
        let mut holdings = Addresses::new(mark(), kernel_keeps_marks());
        for wanted in steps {
            assert!(!settle(&mut holdings, "left", std::slice::from_ref(&wanted)).is_empty(), "{wanted}");
            let shown = || -> Vec<_> {
                addresses(left)
                    .into_iter()
                    .filter(|own| !own.network.ip().to_string().starts_with("fe80"))
                    .collect()
            };
            until("the address is shown", || shown().len() == 1);
            let own = &shown()[0];
            assert_eq!(own.network, wanted.network);
            assert_eq!(
                own.flags.contains(AddressFlags::DEPRECATED),
                wanted.preferred_lifetime == Some(0),
                "{wanted}"
            );
            assert_eq!((own.scope, own.broadcast), (wanted.scope, wanted.broadcast));
            let properties = AddressFlags::NODAD | AddressFlags::NOPREFIXROUTE;
            assert_eq!(own.flags & properties, wanted.flags & properties, "{wanted}");
            let label = wanted.label.clone().unwrap_or_else(|| "left".to_owned());
            assert!(own.network.is_ipv6() || own.label == Some(label));
            assert_eq!(settle(&mut holdings, "left", std::slice::from_ref(&wanted)), []);
        }
    });
}

/// The kernel refuses a second scope within one subnet.
#[test]
fn two_addresses_of_one_subnet_get_another_scope_together() {
    in_namespace(|| {
        let (left, _) = wire("left", "right");
        let of_scope =
            |scope| ["192.0.2.1/24", "192.0.2.2/24"].map(|network| AddressSpec { scope, ..spec(0, network) });
        let mut holdings = Addresses::new(mark(), kernel_keeps_marks());
        for scope in [Scope::UNIVERSE, Scope::LINK, Scope::UNIVERSE] {
            settle(&mut holdings, "left", &of_scope(scope));
            let scopes: Vec<_> = addresses(left)
                .into_iter()
                .filter(|own| own.network.is_ipv4())
                .map(|own| own.scope)
                .collect();
            assert_eq!(scopes, [scope, scope]);
        }
    });
}

#[test]
fn an_address_with_our_mark_is_found_without_any_configuration() {
    in_namespace(|| {
        let (left, _) = wire("left", "right");
        if !kernel_keeps_marks() {
            return support::skipped("this kernel keeps no marks");
        }
        let mut links = LinkCommands::open().unwrap();
        links.add_address(left, "192.0.2.9/24".parse().unwrap()).unwrap();
        settle(
            &mut Addresses::new(mark(), true),
            "left",
            &[spec(0, "192.0.2.1/24"), spec(0, "2001:db8::1/128")],
        );
        let mut successor = Addresses::<u8>::new(mark(), true);
        let interfaces: Interfaces = snapshot().unwrap();
        let left_over =
            successor.clean(&Recognition { marks: &[mark()], ..Recognition::default() }, &interfaces);
        assert_eq!(left_over.len(), 2);
        obey(&mut successor);
        let rest: Vec<_> = addresses(left).into_iter().filter(|own| own.network.is_ipv4()).collect();
        assert!(matches!(&rest[..], [own] if own.network == "192.0.2.9/24".parse().unwrap()), "{rest:?}");
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
        assert!(v4.protocol.is_none_or(|number| number == mark()));
        assert_eq!(find("10.0.0.1/32").peer, Some("10.0.0.2".parse().unwrap()));
        let v6 = find("2001:db8::1/128").flags;
        assert!(v6.contains(AddressFlags::DEPRECATED | AddressFlags::NODAD), "{v6:?}");
        assert!(!v6.contains(AddressFlags::TENTATIVE));
        assert!(!find("2001:db8::2/64").flags.contains(AddressFlags::DEPRECATED));
    });
}

#[test]
fn an_existing_state_is_a_success_and_an_impossible_change_is_refused() {
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
