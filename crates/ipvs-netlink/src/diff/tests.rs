use std::collections::BTreeSet;
use std::time::Duration;

use proptest::collection::{btree_map, btree_set};
use proptest::prelude::*;

use super::*;
use crate::{Family, Forwarding, Persistence, Scheduler, ServiceFlags, Thresholds};

fn keys() -> Vec<ServiceKey> {
    vec![
        ServiceKey::tcp("192.0.2.1:80".parse().unwrap()),
        ServiceKey::udp("192.0.2.1:80".parse().unwrap()),
        ServiceKey::tcp("[2001:db8::1]:80".parse().unwrap()),
        ServiceKey::fwmark(Family::V4, 5).unwrap(),
        ServiceKey::fwmark(Family::V6, 5).unwrap(),
    ]
}

/// Scheduler, flags and seconds of persistence.
type Settings = (Scheduler, ServiceFlags, Option<u64>);

fn service(key: ServiceKey, (scheduler, flags, seconds): Settings) -> Service {
    let mut service = Service::new(key, scheduler).with_flags(flags);
    service.persistence = seconds.map(|seconds| Persistence::new(key.family(), Duration::from_secs(seconds)));
    service
}

fn settings() -> impl Strategy<Value = Settings> {
    (
        prop_oneof![Just(Scheduler::RR), Just(Scheduler::WLC)],
        prop_oneof![Just(ServiceFlags::empty()), Just(ServiceFlags::SCHED_1)],
        proptest::option::of(1_u64..3),
    )
}

fn destinations() -> impl Strategy<Value = Vec<Destination>> {
    let forwarding = prop_oneof![Just(Forwarding::Nat), Just(Forwarding::IPIP)];
    let destination = (0_u32..3, forwarding, 0_u32..2);
    btree_map(1_u8..5, destination, 0..4).prop_map(|destinations| {
        let destination = |(last, (weight, forwarding, upper)): (u8, (u32, Forwarding, u32))| {
            Destination::new(([10, 0, 0, last], 80).into(), forwarding)
                .with_weight(weight)
                .with_thresholds(Thresholds { upper, lower: 0 })
        };
        destinations.into_iter().map(destination).collect()
    })
}

fn tables() -> impl Strategy<Value = Table> {
    btree_map(prop::sample::select(keys()), (settings(), destinations()), 0..5).prop_map(|services| {
        let entry = |(key, (settings, destinations))| (service(key, settings), destinations);
        services.into_iter().map(entry).collect()
    })
}

fn scopes() -> impl Strategy<Value = BTreeSet<ServiceKey>> {
    btree_set(prop::sample::select(keys()), 0..5)
}

/// Whether a kernel with this table would carry the change out without a second chance.
fn is_possible(table: &Table, change: &Change) -> bool {
    let service_is_there = table.service(&change.key()).is_some();
    let destination_is_there = change
        .destination_address()
        .is_some_and(|address| table.destination(&change.key(), address).is_some());
    match change {
        Change::AddService(_) => !service_is_there,
        Change::SetService(_) | Change::RemoveService(_) => service_is_there,
        Change::AddDestination { .. } => service_is_there && !destination_is_there,
        Change::SetDestination { .. } | Change::RemoveDestination { .. } => destination_is_there,
    }
}

fn takes_connections(table: &Table, key: &ServiceKey) -> bool {
    table.service(key).is_some_and(|entry| entry.destinations().any(|destination| destination.weight > 0))
}

proptest! {
    #[test]
    fn the_plan_leads_to_the_wanted_table(current in tables(), wanted in tables()) {
        let mut table = current.clone();
        for change in diff(&current, &wanted, Scope::Everything) {
            prop_assert!(is_possible(&table, &change), "{change}");
            change.apply_to(&mut table);
        }
        prop_assert_eq!(table, wanted);
    }

    #[test]
    fn services_outside_the_scope_stay_as_they_are(current in tables(), wanted in tables(), ours in scopes()) {
        let mut table = current.clone();
        for change in diff(&current, &wanted, Scope::Only(&ours)) {
            change.apply_to(&mut table);
        }
        for key in keys() {
            let expected = match (wanted.service(&key), current.service(&key)) {
                (Some(wanted), _) => Some(wanted),
                (None, Some(_)) if ours.contains(&key) => None,
                (None, current) => current,
            };
            prop_assert_eq!(table.service(&key), expected);
        }
    }

    #[test]
    fn every_change_is_needed_and_nothing_is_touched_twice(current in tables(), wanted in tables()) {
        let mut touched = BTreeSet::new();
        for change in diff(&current, &wanted, Scope::Everything) {
            prop_assert!(touched.insert((change.key(), change.destination_address())), "{change} again");
            let (now, then) = (current.service(&change.key()), wanted.service(&change.key()));
            match change.destination_address() {
                None => prop_assert_ne!(now.map(Entry::service), then.map(Entry::service)),
                Some(address) => prop_assert_ne!(
                    now.and_then(|entry| entry.destination(address)),
                    then.and_then(|entry| entry.destination(address))
                ),
            }
        }
    }

    #[test]
    fn a_table_needs_no_change_to_become_itself(table in tables()) {
        prop_assert_eq!(diff(&table, &table, Scope::Everything), []);
        prop_assert_eq!(diff(&table, &Table::new(), Scope::Only(&BTreeSet::new())), []);
    }

    #[test]
    fn a_service_that_takes_connections_before_and_after_takes_them_all_the_time(
        current in tables(), wanted in tables()
    ) {
        let steady: Vec<_> = keys()
            .into_iter()
            .filter(|key| takes_connections(&current, key) && takes_connections(&wanted, key))
            .collect();
        let mut table = current.clone();
        for change in diff(&current, &wanted, Scope::Everything) {
            change.apply_to(&mut table);
            for key in &steady {
                prop_assert!(takes_connections(&table, key), "{key} after {change}");
            }
        }
    }
}

fn web() -> ServiceKey {
    ServiceKey::tcp("192.0.2.1:80".parse().unwrap())
}

fn server(last: u8) -> Destination {
    Destination::new(([10, 0, 0, last], 80).into(), Forwarding::DirectRoute)
}

fn one_service(destinations: &[Destination]) -> Table {
    Table::from_iter([(Service::new(web(), Scheduler::WLC), destinations.to_vec())])
}

fn plan(current: &Table, wanted: &Table) -> Vec<String> {
    diff(current, wanted, Scope::Everything).iter().map(ToString::to_string).collect()
}

#[test]
fn servers_are_exchanged_for_others_by_adding_first() {
    let current = one_service(&[server(1), server(2)]);
    let wanted = one_service(&[server(2).with_weight(0), server(3)]);
    assert_eq!(
        plan(&current, &wanted),
        [
            "add destination 10.0.0.3:80 DR weight 1 of [192.0.2.1]:tcp:80",
            "set destination 10.0.0.2:80 DR weight 0 of [192.0.2.1]:tcp:80",
            "remove destination 10.0.0.1:80 of [192.0.2.1]:tcp:80",
        ]
    );
}

#[test]
fn a_new_service_gets_its_servers_at_once_and_an_old_one_goes_last() {
    let other = ServiceKey::tcp("192.0.2.9:80".parse().unwrap());
    let mut current = one_service(&[server(1)]);
    let wanted = Table::from_iter([(Service::new(other, Scheduler::RR), [server(1)])]);
    assert_eq!(
        plan(&current, &wanted),
        [
            "add service [192.0.2.9]:tcp:80 rr",
            "add destination 10.0.0.1:80 DR weight 1 of [192.0.2.9]:tcp:80",
            "remove service [192.0.2.1]:tcp:80",
        ]
    );
    for change in diff(&current.clone(), &wanted, Scope::Only(&[other].into())) {
        change.apply_to(&mut current);
    }
    assert_eq!(current.keys().collect::<Vec<_>>(), [&web(), &other]);
}

#[test]
fn values_that_the_kernel_cannot_tell_apart_are_no_change() {
    let service = |timeout, prefix_len| {
        let persistence = Persistence { timeout, prefix_len, mask: None, engine: None };
        Table::from_iter([(Service::new(web(), Scheduler::WLC).with_persistence(persistence), [])])
    };
    let current = service(Duration::from_secs(60), 32);
    assert_eq!(plan(&current, &service(Duration::from_millis(60_500), 64)), [""; 0]);
    assert_eq!(
        plan(&current, &service(Duration::from_secs(61), 24)),
        ["set service [192.0.2.1]:tcp:80 wlc persistent 61s /24"]
    );
}

#[test]
fn a_destination_of_no_service_changes_nothing() {
    let mut table = Table::new();
    Change::AddDestination { service: web(), destination: server(1) }.apply_to(&mut table);
    Change::RemoveDestination { service: web(), address: server(1).address }.apply_to(&mut table);
    Change::RemoveService(web()).apply_to(&mut table);
    assert!(table.is_empty());
}
