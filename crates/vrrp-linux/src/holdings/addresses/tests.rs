//! One situation each, and the changes that follow.

use super::fake_kernel::FakeKernel;
use super::*;
use crate::address::{AddressFlags, Scope};
use crate::interfaces::{self, Interfaces};

const MARK: u8 = 112;

/// The machine, the kernel, and the table between them.
struct World {
    kernel: FakeKernel,
    table: Interfaces,
    holdings: Addresses<u8>,
}

impl World {
    fn new() -> Self {
        let mut world = Self {
            kernel: FakeKernel::new(&["eth0", "eth1"]),
            table: Interfaces::new(),
            holdings: Addresses::new(MARK, true),
        };
        world.look();
        world
    }

    /// Reads the events.
    fn look(&mut self) -> Vec<Loss<u8>> {
        let changes = self.kernel.read_events(&mut self.table);
        self.holdings.handle_changes(&changes, &self.table);
        self.holdings.take_losses()
    }

    /// Carries out what is to be done, and reads the events of it.
    fn act(&mut self) -> Vec<AddressChange> {
        let answers = self.kernel.apply(self.holdings.take_changes(&self.table));
        for (change, outcome) in &answers {
            self.holdings.handle_answer(change, *outcome);
        }
        assert_eq!(self.look(), [], "our own changes are no losses");
        answers.into_iter().map(|(change, _)| change).collect()
    }

    fn want(&mut self, owner: u8, addresses: &[&AddressSpec]) -> Vec<AddressChange> {
        self.want_as(owner, addresses, false)
    }

    fn want_as(&mut self, owner: u8, addresses: &[&AddressSpec], native: bool) -> Vec<AddressChange> {
        let wanted = addresses.iter().map(|address| WantedAddress { link: "eth0", address, native });
        self.holdings.want(owner, wanted, &self.table);
        self.act()
    }

    fn release(&mut self, owner: u8) -> Vec<AddressChange> {
        self.holdings.release(owner, &self.table);
        self.act()
    }

    /// A change by somebody else.
    fn outside(&mut self, change: impl Fn(u32) -> AddressChange) {
        self.kernel.administer(change, "eth0");
    }

    fn add_outside(&mut self, network: &str) {
        self.outside(|index| AddressChange::Add(foreign(index, network)));
        self.look();
    }

    /// Another machine takes over, which knows nothing.
    fn crash(&mut self) {
        self.holdings = Addresses::new(MARK, self.kernel.marks_kept);
        self.look();
    }

    fn clean(&mut self, configured: &[(&AddressSpec, bool)]) -> Vec<(String, Origin)> {
        let configured = configured
            .iter()
            .map(|(address, native)| WantedAddress { link: "eth0", address, native: *native })
            .collect();
        let recognition = Recognition { marks: &[MARK], configured, former: &[] };
        let leftovers = self.holdings.clean(&recognition, &self.table);
        self.act();
        leftovers
            .into_iter()
            .map(|left| (format!("{} {}", left.link, left.address.network), left.origin))
            .collect()
    }
}

fn spec(network: &str) -> AddressSpec {
    AddressSpec::new(0, network.parse().unwrap())
}

fn foreign(index: u32, network: &str) -> AddressSpec {
    let mut address = AddressSpec::new(index, network.parse().unwrap());
    (address.protocol, address.preferred_lifetime) = (0, None);
    address.flags = AddressFlags::empty();
    address
}

#[test]
fn a_wanted_address_is_added_once_and_removed_with_its_last_owner() {
    let mut world = World::new();
    let vip = spec("192.0.2.1/24");
    assert!(matches!(&world.want(1, &[&vip])[..], [AddressChange::Set(address)] if address.index == 1));
    assert_eq!(world.want(1, &[&vip]), []);
    assert_eq!(world.kernel.list(), ["eth0 192.0.2.1/24"]);
    assert!(matches!(&world.release(1)[..], [AddressChange::Remove(_)]));
    assert_eq!(world.kernel.list(), [""; 0]);
    assert!(world.holdings.is_empty());
}

#[test]
fn an_address_of_two_routers_stays_until_both_let_go() {
    let mut world = World::new();
    let vip = spec("192.0.2.1/24");
    world.want(1, &[&vip]);
    assert_eq!(world.want(2, &[&vip]), []);
    assert_eq!(world.release(1), []);
    assert_eq!(world.kernel.list(), ["eth0 192.0.2.1/24"]);
    assert_eq!(world.release(2).len(), 1);
    assert_eq!(world.kernel.list(), [""; 0]);
}

#[test]
fn of_two_ideas_about_one_address_the_first_counts_while_its_router_serves() {
    let mut world = World::new();
    let plain = spec("192.0.2.1/24");
    let label = AddressSpec { label: Some("eth0:vip".into()), ..plain.clone() };
    world.want(1, &[&plain]);
    assert_eq!(world.want(2, &[&label]), []);
    let changes = world.release(1);
    assert!(
        matches!(&changes[..], [AddressChange::Remove(_), AddressChange::Set(set)] if set.label == label.label)
    );
}

#[test]
fn an_address_that_is_wanted_twice_by_one_router_is_added_and_removed_once() {
    let mut world = World::new();
    let vip = spec("192.0.2.1/24");
    assert_eq!(world.want(1, &[&vip, &vip]).len(), 1);
    assert_eq!(world.holdings.held(1).count(), 2);
    assert_eq!(world.release(1).len(), 1);
}

#[test]
fn another_prefix_length_replaces_the_address_which_is_there_all_the_time() {
    let mut world = World::new();
    world.want(1, &[&spec("192.0.2.1/24")]);
    let changes = world.want(1, &[&spec("192.0.2.1/32")]);
    assert!(matches!(&changes[..], [AddressChange::Set(_), AddressChange::Remove(_)]), "{changes:?}");
    assert_eq!(world.kernel.list(), ["eth0 192.0.2.1/32"]);
    world.release(1);
    assert_eq!(world.kernel.list(), [""; 0]);
}

#[test]
fn an_ipv6_address_with_another_prefix_length_is_removed_and_added() {
    let mut world = World::new();
    world.want(1, &[&spec("2001:db8::1/64")]);
    let changes = world.want(1, &[&spec("2001:db8::1/128")]);
    assert!(
        matches!(&changes[..], [AddressChange::Remove(old), AddressChange::Set(_)] if old.network.prefix() == 64)
    );
    assert_eq!(world.kernel.list(), ["eth0 2001:db8::1/128"]);
    world.release(1);
    assert_eq!(world.kernel.list(), [""; 0]);
}

#[test]
fn a_reload_that_changes_a_property_changes_the_address() {
    let plain = spec("192.0.2.1/24");
    let label = AddressSpec { label: Some("eth0:vip".into()), ..plain.clone() };
    let scope = AddressSpec { scope: Scope::LINK, ..plain.clone() };
    let broadcast = AddressSpec { broadcast: Some("192.0.2.255".parse().unwrap()), ..plain.clone() };
    let no_route = AddressSpec { flags: AddressFlags::NOPREFIXROUTE, ..plain.clone() };
    for other in [label, scope, broadcast, no_route] {
        for (from, to) in [(&plain, &other), (&other, &plain)] {
            let mut world = World::new();
            world.want(1, &[from]);
            let changes = world.want(1, &[to]);
            assert!(matches!(&changes[..], [AddressChange::Remove(_), AddressChange::Set(_)]), "{changes:?}");
            assert_eq!(world.want(1, &[to]), []);
        }
    }
}

#[test]
fn flags_and_lifetimes_are_changed_in_place() {
    let plain = spec("2001:db8::1/64");
    let deprecated = AddressSpec { preferred_lifetime: Some(0), ..plain.clone() };
    let detected = AddressSpec { flags: AddressFlags::empty(), ..plain.clone() };
    for other in [deprecated, detected] {
        let mut world = World::new();
        world.want(1, &[&plain]);
        assert!(matches!(&world.want(1, &[&other])[..], [AddressChange::Set(_)]));
        assert_eq!(world.want(1, &[&other]), []);
    }
}

#[test]
fn an_address_is_removed_from_an_interface_that_has_another_name_by_then() {
    let mut world = World::new();
    world.want(1, &[&spec("192.0.2.1/24")]);
    world.kernel.rename("eth0", "ethx");
    world.look();
    assert_eq!(world.act().len(), 1);
    assert_eq!(world.kernel.list(), [""; 0]);
    world.kernel.rename("ethx", "eth0");
    let losses = world.look();
    assert!(matches!(&losses[..], [Loss { owner: 1, cause: LossCause::Retry, .. }]), "{losses:?}");
    world.want(1, &[&spec("192.0.2.1/24")]);
    assert_eq!(world.kernel.list(), ["eth0 192.0.2.1/24"]);
}

#[test]
fn a_router_that_lets_go_of_a_renamed_interface_takes_its_address_away() {
    let mut world = World::new();
    world.want(1, &[&spec("192.0.2.1/24")]);
    world.kernel.rename("eth0", "ethx");
    world.holdings.release(1, &world.table);
    world.act();
    assert_eq!(world.kernel.list(), [""; 0]);
}

#[test]
fn an_interface_that_comes_again_gets_its_addresses_again() {
    let mut world = World::new();
    world.want(1, &[&spec("192.0.2.1/24")]);
    world.kernel.delete("eth0");
    assert_eq!(world.look(), []);
    assert!(world.holdings.is_empty());
    world.kernel.create("eth0");
    assert_eq!(world.look()[0].cause, LossCause::Retry);
    world.want(1, &[&spec("192.0.2.1/24")]);
    assert_eq!(world.kernel.list(), ["eth0 192.0.2.1/24"]);
}

#[test]
fn a_removed_address_is_a_loss_of_all_its_owners() {
    let mut world = World::new();
    let vip = spec("192.0.2.1/24");
    world.want(1, &[&vip]);
    world.want(2, &[&vip]);
    world.outside(|index| AddressChange::Remove(foreign(index, "192.0.2.1/24")));
    let losses = world.look();
    let owners: Vec<_> = losses.iter().map(|loss| (loss.owner, loss.cause)).collect();
    assert_eq!(owners, [(1, LossCause::Removed), (2, LossCause::Removed)]);
    assert_eq!(world.holdings.held(1).count(), 0, "it must not be announced");
    assert_eq!(world.want(1, &[&vip]).len(), 1);
    assert_eq!(world.want(2, &[&vip]), []);
}

#[test]
fn an_address_that_came_back_meanwhile_is_not_lost() {
    let mut world = World::new();
    let vip = spec("192.0.2.1/24");
    world.want(1, &[&vip]);
    let removed = [interfaces::Change::AddressRemoved { index: 1, network: vip.network }];
    world.holdings.handle_changes(&removed, &world.table);
    assert_eq!(world.holdings.take_losses(), []);
}

#[test]
fn ipv6_addresses_that_go_down_with_their_interface_are_no_removal_and_come_back_with_it() {
    let mut world = World::new();
    world.want(1, &[&spec("2001:db8::1/128")]);
    world.kernel.set_up("eth0", false);
    assert_eq!(world.look(), []);
    world.kernel.set_up("eth0", true);
    assert_eq!(world.look()[0].cause, LossCause::Retry);
}

#[test]
fn a_refused_address_is_not_held_and_tried_again_when_the_interface_changes() {
    let mut world = World::new();
    let (v4, v6) = (spec("192.0.2.1/24"), spec("2001:db8::1/128"));
    world.kernel.no_ipv6 = vec![1];
    world.want(1, &[&v4, &v6]);
    let held: Vec<_> = world.holdings.held(1).map(|address| address.network).collect();
    assert_eq!(held, [v4.network]);
    world.kernel.no_ipv6.clear();
    world.add_outside("fe80::1/64");
    world.want(1, &[&v4, &v6]);
    assert_eq!(world.holdings.held(1).count(), 2);
}

#[test]
fn a_successor_adopts_wanted_addresses_and_changes_nothing() {
    let mut world = World::new();
    let addresses = [spec("192.0.2.1/24"), spec("2001:db8::1/128"), spec("2001:db8::2/64")];
    let addresses: Vec<_> = addresses.iter().collect();
    world.want(1, &addresses);
    world.crash();
    assert_eq!(world.want(1, &addresses), []);
    assert_eq!(world.clean(&[]), []);
    assert_eq!(world.kernel.list().len(), 3);
    world.release(1);
    assert_eq!(world.kernel.list(), [""; 0]);
}

#[test]
fn an_address_with_our_mark_is_removed_at_a_start_wherever_it_is() {
    let mut world = World::new();
    world.want(1, &[&spec("192.0.2.1/24"), &spec("2001:db8::1/64")]);
    world.kernel.rename("eth0", "spare");
    world.crash();
    let left = [
        ("spare 192.0.2.1/24".to_owned(), Origin::EarlierRun),
        ("spare 2001:db8::1/64".to_owned(), Origin::EarlierRun),
    ];
    assert_eq!(world.clean(&[]), left);
    assert_eq!(world.kernel.list(), [""; 0]);
}

#[test]
fn an_address_without_a_mark_is_removed_only_if_it_is_the_very_address() {
    let mut world = World::new();
    for network in ["192.0.2.1/24", "192.0.2.2/24", "192.0.2.3/32", "2001:db8::1/64", "2001:db8::2/64"] {
        world.add_outside(network);
    }
    let configured = ["192.0.2.2/24", "192.0.2.3/24", "2001:db8::1/128", "2001:db8::2/64"].map(spec);
    let configured: Vec<_> = configured.iter().map(|address| (address, false)).collect();
    let left: Vec<_> = world.clean(&configured);
    let another = |what: &str| (what.to_owned(), Origin::AnotherDaemon);
    assert_eq!(left, [another("eth0 192.0.2.2/24"), another("eth0 2001:db8::2/64")]);
    let kept = ["eth0 192.0.2.1/24", "eth0 192.0.2.3/32", "eth0 2001:db8::1/64"];
    assert_eq!(world.kernel.list(), kept);
}

#[test]
fn an_address_marked_by_another_running_daemon_is_left_alone() {
    let mut world = World::new();
    for protocol in [113, crate::address::KEEPALIVED] {
        let network = format!("192.0.2.{protocol}/24");
        let address = AddressSpec { protocol, index: 1, ..spec(&network) };
        world.outside(|_| AddressChange::Add(address.clone()));
        world.look();
        assert_eq!(world.clean(&[(&spec(&network), false)]), []);
    }
    assert_eq!(world.kernel.list().len(), 2);
}

#[test]
fn the_owner_uses_the_address_of_its_interface_and_leaves_it_there() {
    let mut world = World::new();
    world.add_outside("192.0.2.1/24");
    for vip in [spec("192.0.2.1/24"), spec("192.0.2.1/32")] {
        assert_eq!(world.clean(&[(&vip, true)]), []);
        assert_eq!(world.want_as(1, &[&vip], true), []);
        assert_eq!(world.holdings.held(1).count(), 1, "it is announced");
        assert_eq!(world.release(1), []);
        assert_eq!(world.kernel.list(), ["eth0 192.0.2.1/24"]);
    }
}

#[test]
fn the_owner_leaves_an_address_there_that_the_table_did_not_show_yet() {
    let mut world = World::new();
    world.outside(|index| AddressChange::Add(foreign(index, "192.0.2.1/24")));
    let vip = spec("192.0.2.1/24");
    world.holdings.want(1, [WantedAddress { link: "eth0", address: &vip, native: true }], &world.table);
    world.act();
    assert_eq!(world.holdings.held(1).count(), 1);
    world.release(1);
    assert_eq!(world.kernel.list(), ["eth0 192.0.2.1/24"]);
}

#[test]
fn the_owner_adds_missing_addresses_and_removes_those_again() {
    let mut world = World::new();
    world.add_outside("192.0.2.1/24");
    let (own, added) = (spec("192.0.2.1/24"), spec("192.0.2.2/24"));
    assert_eq!(world.want_as(1, &[&own, &added], true).len(), 1);
    world.release(1);
    assert_eq!(world.kernel.list(), ["eth0 192.0.2.1/24"]);
    world.want_as(1, &[&own], true);
    world.outside(|index| AddressChange::Remove(foreign(index, "192.0.2.1/24")));
    assert_eq!(world.look()[0].cause, LossCause::Removed);
    assert_eq!(world.want_as(1, &[&own], true).len(), 1);
    world.release(1);
    assert_eq!(world.kernel.list(), [""; 0]);
}

#[test]
fn a_router_that_serves_takes_an_address_over_that_is_there() {
    let mut world = World::new();
    world.add_outside("192.0.2.1/24");
    let vip = spec("192.0.2.1/24");
    assert!(matches!(&world.want(1, &[&vip])[..], [AddressChange::Set(_)]));
    assert_eq!(world.want(1, &[&vip]), []);
    world.release(1);
    assert_eq!(world.kernel.list(), [""; 0]);
}

#[test]
fn removing_the_first_address_of_a_subnet_leaves_the_others() {
    let mut world = World::new();
    world.add_outside("192.0.2.1/24");
    world.add_outside("192.0.2.9/24");
    world.clean(&[(&spec("192.0.2.1/24"), false)]);
    assert_eq!(world.kernel.list(), ["eth0 192.0.2.9/24"]);

    let mut world = World::new();
    let labelled = AddressSpec { label: Some("eth0:a".into()), ..spec("192.0.2.1/24") };
    world.want(1, &[&spec("192.0.2.1/24")]);
    world.add_outside("192.0.2.9/24");
    world.want(1, &[&labelled]);
    assert_eq!(world.kernel.list(), ["eth0 192.0.2.1/24", "eth0 192.0.2.9/24"]);
}

#[test]
fn after_a_reload_addresses_belong_to_the_new_names_of_their_owners() {
    let mut world = World::new();
    let (one, two) = (spec("192.0.2.1/24"), spec("192.0.2.2/24"));
    world.want(1, &[&one]);
    world.want(2, &[&two]);
    world.holdings.rename(|owner| (owner == 2).then_some(1), &world.table);
    assert_eq!(world.act().len(), 1, "the first router is gone");
    assert_eq!(world.want(1, &[&two]), []);
    world.release(1);
    assert_eq!(world.kernel.list(), [""; 0]);
}

#[test]
fn lost_events_are_made_up_for() {
    let mut world = World::new();
    let vip = spec("192.0.2.1/24");
    world.want(1, &[&vip]);
    world.want(2, &[&spec("192.0.2.2/24")]);
    world.outside(|index| AddressChange::Remove(foreign(index, "192.0.2.2/24")));
    world.table = world.kernel.dump();
    world.holdings.handle_lost_events(&world.table);
    let losses = world.holdings.take_losses();
    assert!(matches!(&losses[..], [Loss { owner: 2, cause: LossCause::Removed, .. }]), "{losses:?}");
}

#[test]
fn without_marks_addresses_of_a_predecessor_are_removed() {
    let mut world = World::new();
    world.kernel.marks_kept = false;
    world.crash();
    let (old, other) = (spec("192.0.2.1/24"), spec("192.0.2.2/24"));
    world.want(1, &[&old]);
    world.add_outside("192.0.2.2/32");
    world.crash();
    let former = [old, other].map(|address| AddressSpec { index: 1, ..address });
    let recognition = Recognition { marks: &[MARK], configured: Vec::new(), former: &former };
    assert_eq!(world.holdings.clean(&recognition, &world.table).len(), 1);
    world.act();
    assert_eq!(world.kernel.list(), ["eth0 192.0.2.2/32"]);
}
