use super::*;
use crate::interfaces::Details;

const OURS: u8 = 112;
const OTHERS: u8 = 113;
const VIRTUAL_MAC: [u8; 6] = [0, 0, 0x5e, 0, 1, 51];
const AS_IT_WAS: BaseSettings = BaseSettings { arp_ignore: 0, arp_announce: 1 };

fn interface(index: u32, name: &str) -> Interface {
    Interface {
        index,
        name: name.to_owned(),
        up: true,
        mac: Some([2, 0, 0, 0, 0, 9]),
        mtu: 1500,
        noarp: false,
        loopback: false,
        lower: None,
        master: None,
        details: Details::default(),
        addresses: Vec::new(),
    }
}

/// A VMAC on interface 2; with a mark, one that a daemon made.
fn vmac(index: u32, name: &str, mark: Option<u8>) -> Interface {
    let alias = mark.map(|mark| Alias { mark, base: 2, former: AS_IT_WAS }.to_string().into());
    Interface {
        mac: Some(VIRTUAL_MAC),
        lower: Some(2),
        details: Details { kind: LinkKind::PrivateMacvlan, group: 0, alias },
        ..interface(index, name)
    }
}

fn wanted_link(name: &str) -> WantedLink {
    let kind = VirtualKind::Macvlan { mac: VIRTUAL_MAC };
    WantedLink { name: name.to_owned(), base: "eth0".to_owned(), kind, group: None }
}

fn machine(wanted: &[&str]) -> VirtualLinks {
    let mut links = VirtualLinks::new(OURS);
    links.want(wanted.iter().map(|name| wanted_link(name)).collect());
    links
}

fn table<const N: usize>(interfaces: [Interface; N]) -> Interfaces {
    [interface(2, "eth0")].into_iter().chain(interfaces).collect()
}

fn review(links: &mut VirtualLinks, interfaces: &Interfaces) -> Vec<Task> {
    links.review(interfaces, &[OURS])
}

#[test]
fn an_interface_is_made_once_its_base_is_there_with_the_group_and_the_vrf_of_its_base() {
    let mut links = machine(&["vrrp.51"]);
    assert_eq!(review(&mut links, &Interfaces::new()), []);
    let vrf =
        Interface { details: Details { kind: LinkKind::Vrf, ..Details::default() }, ..interface(7, "red") };
    let base = Interface {
        master: Some(7),
        details: Details { group: 5, ..Details::default() },
        ..interface(2, "eth0")
    };
    let task = Task::Create { wanted: wanted_link("vrrp.51"), base: 2, group: 5, vrf: Some(7), former: None };
    assert_eq!(review(&mut links, &[vrf, base.clone()].into_iter().collect()), [task]);
    let bridge = interface(7, "br0");
    let task = Task::Create { wanted: wanted_link("vrrp.51"), base: 2, group: 5, vrf: None, former: None };
    assert_eq!(review(&mut links, &[bridge, base].into_iter().collect()), [task], "a bridge is no VRF");
}

#[test]
fn an_existing_link_needs_nothing_and_is_made_again_when_somebody_removes_it() {
    let mut links = machine(&["vrrp.51"]);
    links.handle_done(9);
    assert_eq!(review(&mut links, &table([vmac(9, "vrrp.51", Some(OURS))])), []);
    assert!(links.holds(9));
    let task = Task::Create { wanted: wanted_link("vrrp.51"), base: 2, group: 0, vrf: None, former: None };
    assert_eq!(review(&mut links, &table([])), [task]);
    assert!(!links.holds(9));
}

#[test]
fn a_dead_daemon_s_link_is_adopted_with_the_settings_that_it_found() {
    let mut links = machine(&["vrrp.51"]);
    let found = table([vmac(9, "vrrp.51", Some(114))]);
    let task = Task::Adopt { wanted: wanted_link("vrrp.51"), base: 2, index: 9, former: Some(AS_IT_WAS) };
    assert_eq!(links.review(&found, &[OURS, 114]), [task]);
}

#[test]
fn a_dead_daemon_s_unwanted_link_is_removed_and_the_base_gets_its_settings_back() {
    let mut links = machine(&[]);
    let found = table([vmac(9, "vrrp.51", Some(OURS)), vmac(10, "vrrp.52", Some(OURS))]);
    let restore = Some(("eth0".to_owned(), AS_IT_WAS));
    let delete = |index, name: &str| Task::Delete { index, name: name.to_owned(), restore: restore.clone() };
    assert_eq!(review(&mut links, &found), [delete(9, "vrrp.51"), delete(10, "vrrp.52")]);
}

#[test]
fn the_base_keeps_its_settings_while_another_daemon_has_an_interface_there() {
    let mut links = machine(&[]);
    let found = table([vmac(9, "vrrp.51", Some(OURS)), vmac(10, "vrrp.52", Some(OTHERS))]);
    let task = Task::Delete { index: 9, name: "vrrp.51".to_owned(), restore: None };
    assert_eq!(review(&mut links, &found), [task]);
}

#[test]
fn a_second_interface_on_a_base_learns_its_settings_from_the_first() {
    let mut links = machine(&["vrrp.52"]);
    let found = table([vmac(10, "vrrp.51", Some(OTHERS))]);
    let task = Task::Create {
        wanted: wanted_link("vrrp.52"),
        base: 2,
        group: 0,
        vrf: None,
        former: Some(AS_IT_WAS),
    };
    assert_eq!(review(&mut links, &found), [task]);
}

#[test]
fn an_interface_of_another_daemon_or_of_another_kind_is_left_alone() {
    let conflict = |of_daemon| [Task::Conflict { name: "vrrp.51".to_owned(), of_daemon }];
    let mut links = machine(&["vrrp.51"]);
    assert_eq!(review(&mut links, &table([vmac(9, "vrrp.51", Some(OTHERS))])), conflict(true));
    assert_eq!(review(&mut links, &table([interface(9, "vrrp.51")])), conflict(false));
    let elsewhere = Interface { lower: Some(3), ..vmac(9, "vrrp.51", None) };
    assert_eq!(review(&mut links, &table([elsewhere])), conflict(false));
    let mut links = machine(&[]);
    let strangers =
        table([interface(8, "vrrp.51"), vmac(9, "vrrp.52", None), vmac(10, "vrrp.53", Some(OTHERS))]);
    assert_eq!(review(&mut links, &strangers), []);
}

#[test]
fn one_that_was_made_by_hand_as_we_would_is_adopted() {
    let mut links = machine(&["vrrp.51"]);
    let task = Task::Adopt { wanted: wanted_link("vrrp.51"), base: 2, index: 9, former: None };
    assert_eq!(review(&mut links, &table([vmac(9, "vrrp.51", None)])), [task]);
}

#[test]
fn one_of_ours_that_is_otherwise_by_now_is_made_anew() {
    let mut links = machine(&["vrrp.51"]);
    links.handle_done(9);
    let changed = Interface { mac: Some([2; 6]), ..vmac(9, "vrrp.51", Some(OURS)) };
    let tasks = review(&mut links, &table([changed]));
    let [Task::Delete { index: 9, .. }, Task::Create { .. }] = &tasks[..] else { panic!("{tasks:?}") };
}

#[test]
fn a_reload_that_calls_it_otherwise_renames_it() {
    let mut links = machine(&["vm0"]);
    links.handle_done(9);
    let task = Task::Rename { index: 9, name: "vm0".to_owned() };
    assert_eq!(review(&mut links, &table([vmac(9, "vrrp.51", Some(OURS))])), [task]);
}

#[test]
fn one_whose_base_has_another_name_now_is_removed() {
    let mut links = machine(&["vrrp.51"]);
    links.handle_done(9);
    let found = [interface(2, "lan0"), vmac(9, "vrrp.51", Some(OURS))].into_iter().collect();
    let restore = Some(("lan0".to_owned(), AS_IT_WAS));
    let task = Task::Delete { index: 9, name: "vrrp.51".to_owned(), restore };
    assert_eq!(review(&mut links, &found), [task]);
}

#[test]
fn on_a_macvlan_the_kernel_names_the_interface_below_that() {
    let host = Interface {
        lower: Some(40),
        details: Details { kind: LinkKind::Macvlan, ..Details::default() },
        ..interface(2, "eth0")
    };
    let mut links = machine(&["vrrp.51"]);
    links.handle_done(9);
    let vmac = Interface { lower: Some(40), ..vmac(9, "vrrp.51", Some(OURS)) };
    assert_eq!(review(&mut links, &[host.clone(), vmac.clone()].into_iter().collect()), []);
    links.want(Vec::new());
    let restore = Some(("eth0".to_owned(), AS_IT_WAS));
    let task = Task::Delete { index: 9, name: "vrrp.51".to_owned(), restore };
    assert_eq!(review(&mut links, &[host, vmac].into_iter().collect()), [task]);
}

#[test]
fn until_a_reload_is_complete_dropped_objects_stay_unless_they_are_in_the_way() {
    let mut links = machine(&["vrrp.51"]);
    let other = WantedLink { kind: VirtualKind::Macvlan { mac: [2; 6] }, ..wanted_link("vm1") };
    links.want_also(vec![other.clone()]);
    assert_eq!(links.wanted, [other.clone(), wanted_link("vrrp.51")]);
    links.want_also(vec![wanted_link("vm0")]);
    assert_eq!(links.wanted, [wanted_link("vm0"), other], "one MAC address, one interface");
}

#[test]
fn a_link_local_address_is_neither_that_of_the_base_nor_that_of_another_router() {
    let base: Ipv6Addr = "fe80::58e2:b3ff:feb0:3e0f".parse().unwrap();
    let of = |vrid| link_local(base, [0, 0, 0x5e, 0, 2, vrid]);
    assert_eq!(of(51).to_string(), "fe80::48f:b3ff:feb0:3e0f");
    assert_ne!(of(51), of(52));
    assert_ne!(of(51), link_local("fe80::1".parse().unwrap(), [0, 0, 0x5e, 0, 2, 51]));
}
