//! Wanted content of the kernel, from the text of a configuration.

use std::sync::Arc;
use std::time::Instant;

use lvs_health::director::Director;
use lvs_health::{Http, Probe};

use super::*;
use crate::testing::{asked, balanced, plan};

/// Everything that is wanted while all are up.
fn table(plan: &Plan) -> Table {
    let director = Director::new(Instant::now(), plan.director());
    filled(plan, &director)
}

fn filled(plan: &Plan, director: &Director) -> Table {
    let mut table = Table::new();
    for service in director.services() {
        let wanted: Vec<_> = director.destinations(service).collect();
        plan.fill(service, &wanted, &mut table);
    }
    table
}

fn destinations(table: &Table) -> Vec<String> {
    let entries = table.services();
    entries.flat_map(|entry| entry.destinations().map(|to| to.address.to_string())).collect()
}

const CHECKED: (u16, &str) = (8080, "TCP_CHECK {\n}");

#[test]
fn only_nat_changes_the_port_that_a_client_asked_for() {
    for (method, address) in [("NAT", "10.0.0.1:8080"), ("DR", "10.0.0.1:80"), ("TUN", "10.0.0.1:80")] {
        let plan = plan(0, &balanced(&format!("lvs_method {method}"), &[(8080, "")]));
        assert_eq!(destinations(&table(&plan)), [address], "{method}");
    }
}

#[test]
fn behind_a_firewall_mark_only_nat_has_a_port() {
    for (method, address) in [("NAT", "10.0.0.1:8080"), ("DR", "10.0.0.1:0")] {
        let text =
            balanced(&format!("lvs_method {method}"), &[(8080, "")]).replace("192.0.2.1 80", "fwmark 7");
        let plan = plan(0, &text);
        assert_eq!(destinations(&table(&plan)), [address], "{method}");
        assert!(matches!(plan.keys().next(), Some(ServiceKey::Fwmark { mark, .. }) if mark.get() == 7));
    }
}

#[test]
fn a_server_that_drains_is_remembered_as_long_as_it_does() {
    let now = Instant::now();
    let drains = |servers| balanced("drain_timeout 30", servers);
    let before = plan(0, &drains(&[(80, ""), (81, "")]));
    let mut director = Director::new(now, before.director());
    asked(&mut director, now);
    let mut after = plan(1, &drains(&[(80, "")])).after(&before);
    director.reload(now, after.director());
    after.forget_drained(&director);
    assert_eq!(after.drained.len(), 1, "a server that stays needs no memory");
    let held = filled(&after, &director);
    let drained = held.destination(&after.keys().next().unwrap(), "10.0.0.1:81".parse().unwrap());
    assert_eq!(drained.map(|destination| destination.weight), Some(0));

    let later = now + Duration::from_secs(31);
    asked(&mut director, later);
    let mut last = plan(2, &drains(&[(80, "")])).after(&after);
    director.reload(later, last.director());
    last.forget_drained(&director);
    assert!(last.drained.is_empty());
    assert_eq!(destinations(&filled(&last, &director)), ["10.0.0.1:80"]);
}

/// The weight of each destination while all checks fail.
fn weights_while_down(text: &str) -> Vec<(String, u32)> {
    let plan = plan(0, text);
    let now = Instant::now();
    let mut director = Director::new(now, plan.director());
    let checks: Vec<_> = director.checks().collect();
    for check in checks {
        director.handle_report(now, check, lvs_health::Outcome::Fail(lvs_health::Failure::Bfd));
    }
    let table = filled(&plan, &director);
    let entries = table.services();
    entries.flat_map(|entry| entry.destinations().map(|to| (to.address.to_string(), to.weight))).collect()
}

#[test]
fn a_destination_with_several_roles_has_the_highest_weight_of_these() {
    let checked = "weight 3\ninhibit_on_failure\nTCP_CHECK {\n}";
    for sorry in ["sorry_server 10.0.0.1 81", "sorry_server 10.0.0.1 81\nsorry_server_inhibit"] {
        let text = balanced(sorry, &[(80, checked), (81, checked)]);
        let expected = [("10.0.0.1:80".to_owned(), 0), ("10.0.0.1:81".to_owned(), 1)];
        assert_eq!(weights_while_down(&text), expected, "{sorry}");
    }
    // Direct routing keeps the port that the client asked for: both are one destination.
    for (first, second) in [("weight 2", "weight 5"), ("weight 5", "weight 2")] {
        let text = balanced("lvs_method DR", &[(80, first), (81, second)]);
        assert_eq!(weights_while_down(&text), [("10.0.0.1:80".to_owned(), 5)]);
    }
}

#[test]
fn a_server_that_drains_and_is_the_sorry_server_now_serves() {
    let now = Instant::now();
    let before = plan(0, &balanced("drain_timeout 30", &[CHECKED, (81, "")]));
    let mut director = Director::new(now, before.director());
    let lines = "drain_timeout 30\nsorry_server 10.0.0.1 81";
    let after = plan(1, &balanced(lines, &[CHECKED])).after(&before);
    director.reload(now, after.director());
    while director.poll_action().is_some() {}
    let check = director.checks().next().unwrap();
    director.handle_report(now, check, lvs_health::Outcome::Fail(lvs_health::Failure::Bfd));
    let table = filled(&after, &director);
    let destination = |port| table.destination(&after.keys().next().unwrap(), ([10, 0, 0, 1], port).into());
    assert_eq!(destination(81).map(|to| to.weight), Some(1));
}

/// The definition of each check by HTTP, and of each its host.
fn pages(text: &str) -> Vec<(Arc<Http>, String)> {
    let mut plan = plan(0, text);
    let services = plan.take_director().services;
    let checks = services.into_iter().flat_map(|service| service.servers).flat_map(|server| server.checks);
    let page = |check: Check| match check.probe {
        Probe::Network(network) => match &network.protocol {
            lvs_health::Protocol::Http(http) => (Arc::clone(http), http.urls[0].host.clone()),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    };
    checks.map(page).collect()
}

#[test]
fn servers_that_are_asked_the_same_share_the_definition() {
    let check = |path| format!("HTTP_GET {{\n url {{\n path {path}\n status_code 200\n }}\n }}");
    let (one, other) = (check("/one"), check("/other"));
    let [first, second, third] =
        <[_; 3]>::try_from(pages(&balanced("", &[(80, &one), (81, &one), (82, &other)]))).unwrap();
    assert!(Arc::ptr_eq(&first.0, &second.0));
    assert!(!Arc::ptr_eq(&first.0, &third.0));
    assert_eq!(first.1, "", "the address of each server is sent");
    let named = check("/\n virtualhost www.example.org");
    assert_eq!(pages(&balanced("", &[(80, &named)]))[0].1, "www.example.org");
}

#[test]
fn of_a_group_with_both_families_each_server_serves_its_own() {
    let group = "virtual_server_group G {\n192.0.2.1 80\n2001:db8::1 80\n}\n";
    let servers = "real_server 10.0.0.1 80 {\n}\nreal_server 2001:db8::11 80 {\n}\n";
    let with = |method: &str| {
        let server = format!(
            "virtual_server group G {{\nlvs_sched rr\nlvs_method {method}\nprotocol TCP\n{servers}}}\n"
        );
        let mut found = destinations(&table(&plan(0, &format!("{group}{server}"))));
        found.sort();
        found
    };
    assert_eq!(with("NAT"), ["10.0.0.1:80", "[2001:db8::11]:80"]);
    assert_eq!(with("TUN").len(), 4, "tunnels lead to either");
}
