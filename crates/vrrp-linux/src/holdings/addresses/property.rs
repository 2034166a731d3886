//! Any sequence of configurations, crashes, renames, and what others do: when it is over, the kernel holds exactly what
//! is wanted, nothing of ours is left after the stop, and nothing that is not ours was removed.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::compare::{Repair, find, repair_observed};
use super::fake_kernel::FakeKernel;
use super::*;
use crate::address::{AddressFlags, Scope};
use crate::interfaces::Interfaces;

const MARK: u8 = 112;
const NAMES: [&str; 3] = ["eth0", "eth1", "eth2"];
const ROUTERS: u8 = 3;

/// Virtual addresses: the number of their router, and the interface they belong to.
type Config = BTreeMap<u8, Vec<(usize, AddressSpec)>>;

#[derive(Debug, Clone)]
enum Step {
    /// A reload: the routers that serve go on with other addresses.
    Reload(Config),
    Serve(u8),
    Yield(u8),
    /// The machine is forgotten, the kernel is not. These routers go on.
    Crash(Vec<u8>),
    Rename(usize, usize),
    Delete(usize),
    Create(usize),
    Down(usize),
    Up(usize),
    /// Somebody removes the nth virtual address of a router.
    RemoveVirtual(u8, usize),
    /// Somebody adds an address of the host, and removes it.
    AddOwn(usize, u8),
    RemoveOwn(usize, u8),
    /// Events are read.
    Look,
    LoseEvents,
}

fn address() -> impl Strategy<Value = AddressSpec> {
    let v4 = (1..4_u8, prop_oneof![Just(24_u8), Just(32)], 0..3_u8, any::<bool>()).prop_map(
        |(host, prefix, label, broadcast)| AddressSpec {
            label: (label > 0).then(|| format!("vip:{label}")),
            broadcast: broadcast.then(|| "192.0.2.255".parse().unwrap()),
            ..AddressSpec::new(0, format!("192.0.2.{host}/{prefix}").parse().unwrap())
        },
    );
    let v6 = (1..4_u8, prop_oneof![Just(64_u8), Just(128)], any::<bool>()).prop_map(|(host, prefix, dad)| {
        let mut address = AddressSpec::new(0, format!("2001:db8::{host}/{prefix}").parse().unwrap());
        address.flags.set(AddressFlags::NODAD, !dad);
        address
    });
    prop_oneof![v4, v6]
}

fn config() -> impl Strategy<Value = Config> {
    let addresses = || prop::collection::vec((0..NAMES.len(), address()), 0..4);
    prop::collection::btree_map(0..ROUTERS, addresses(), 0..=usize::from(ROUTERS))
}

fn step() -> impl Strategy<Value = Step> {
    let link = || 0..NAMES.len();
    prop_oneof![
        3 => config().prop_map(Step::Reload),
        4 => (0..ROUTERS).prop_map(Step::Serve),
        2 => (0..ROUTERS).prop_map(Step::Yield),
        2 => prop::collection::vec(0..ROUTERS, 0..3).prop_map(Step::Crash),
        1 => (link(), link()).prop_map(|(from, to)| Step::Rename(from, to)),
        1 => link().prop_map(Step::Delete),
        1 => link().prop_map(Step::Create),
        1 => link().prop_map(Step::Down),
        1 => link().prop_map(Step::Up),
        2 => (0..ROUTERS, 0..4_usize).prop_map(|(router, place)| Step::RemoveVirtual(router, place)),
        1 => (link(), 100..104_u8).prop_map(|(link, host)| Step::AddOwn(link, host)),
        1 => (link(), 100..104_u8).prop_map(|(link, host)| Step::RemoveOwn(link, host)),
        3 => Just(Step::Look),
        1 => Just(Step::LoseEvents),
    ]
}

#[derive(Debug)]
struct World {
    kernel: FakeKernel,
    table: Interfaces,
    holdings: Addresses<u8>,
    config: Config,
    serving: BTreeSet<u8>,
    /// The host's own addresses by index, which nobody but the host removes.
    own: BTreeSet<(u32, u8)>,
    /// The parent's memory.
    ledger: Vec<AddressSpec>,
}

impl World {
    fn new(marks_kept: bool) -> Self {
        let mut kernel = FakeKernel::new(&NAMES);
        kernel.marks_kept = marks_kept;
        let table = kernel.dump();
        Self {
            kernel,
            table,
            holdings: Addresses::new(MARK, marks_kept),
            config: Config::new(),
            serving: BTreeSet::new(),
            own: BTreeSet::new(),
            ledger: Vec::new(),
        }
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Reload(config) => self.reload(config),
            Step::Serve(router) => self.serve(router),
            Step::Yield(router) => {
                self.serving.remove(&router);
                self.catch_up();
                self.holdings.release(router, &self.table);
                self.act();
            }
            Step::Crash(routers) => self.crash(&routers),
            Step::Rename(from, to) => self.kernel.rename(NAMES[from], NAMES[to]),
            Step::Delete(link) => {
                if let Some(index) = self.kernel.index_of(NAMES[link]) {
                    self.own.retain(|(on, _)| *on != index);
                }
                self.kernel.delete(NAMES[link]);
            }
            Step::Create(link) => self.kernel.create(NAMES[link]),
            Step::Down(link) => self.kernel.set_up(NAMES[link], false),
            Step::Up(link) => self.kernel.set_up(NAMES[link], true),
            Step::RemoveVirtual(router, place) => {
                let wanted = self.config.get(&router).and_then(|addresses| addresses.get(place)).cloned();
                if let Some((link, address)) = wanted {
                    self.remove_outside(NAMES[link], &address);
                }
            }
            Step::AddOwn(link, host) => {
                if let Some(index) = self.kernel.index_of(NAMES[link]) {
                    self.own.insert((index, host));
                    self.kernel.administer(|index| AddressChange::Add(own(index, host)), NAMES[link]);
                }
            }
            Step::RemoveOwn(link, host) => {
                if let Some(index) = self.kernel.index_of(NAMES[link]) {
                    self.own.remove(&(index, host));
                    self.remove_outside(NAMES[link], &own(index, host));
                }
            }
            Step::Look => self.look(),
            Step::LoseEvents => {
                self.table = self.kernel.dump();
                self.holdings.handle_lost_events(&self.table);
                self.restore();
            }
        }
    }

    /// Somebody else removes an address, without the ones that follow it.
    fn remove_outside(&mut self, link: &str, address: &AddressSpec) {
        let Some(index) = self.kernel.index_of(link) else { return };
        let change = AddressChange::Remove(AddressSpec { index, ..address.clone() });
        self.kernel.apply(vec![Change::PromoteSecondaries { index }, Change::Address(change)]);
    }

    fn serve(&mut self, router: u8) {
        if self.config.contains_key(&router) {
            self.serving.insert(router);
            self.catch_up();
            self.want(router);
            self.act();
        }
    }

    fn reload(&mut self, config: Config) {
        self.config = config;
        self.catch_up();
        let config = &self.config;
        self.holdings.rename(|router| config.contains_key(&router).then_some(router), &self.table);
        self.serving.retain(|router| config.contains_key(router));
        for router in self.serving.clone() {
            self.want(router);
        }
        self.act();
    }

    fn crash(&mut self, resume: &[u8]) {
        self.holdings = Addresses::new(MARK, self.kernel.marks_kept);
        self.table = self.kernel.dump();
        self.serving.retain(|router| resume.contains(router));
        for router in self.serving.clone() {
            self.want(router);
        }
        let former = std::mem::take(&mut self.ledger);
        self.holdings
            .clean(&Recognition { marks: &[MARK], former: &former, configured: Vec::new() }, &self.table);
        self.ledger = former;
        self.act();
    }

    fn want(&mut self, router: u8) {
        let Some(addresses) = self.config.get(&router) else { return };
        let wanted = addresses.iter().map(|(link, address)| WantedAddress {
            link: NAMES[*link],
            address,
            native: false,
        });
        self.holdings.want(router, wanted, &self.table);
    }

    fn act(&mut self) {
        let changes = self.holdings.take_changes(&self.table);
        for change in &changes {
            if let Change::Address(AddressChange::Set(address)) = change {
                self.ledger.push(address.clone());
            }
        }
        for (change, outcome) in self.kernel.apply(changes) {
            self.holdings.handle_answer(&change, outcome);
        }
    }

    /// Reads events, as is done before a decision.
    fn catch_up(&mut self) {
        let changes = self.kernel.read_events(&mut self.table);
        self.holdings.handle_changes(&changes, &self.table);
    }

    fn look(&mut self) {
        self.catch_up();
        self.restore();
    }

    /// The election puts back what was lost.
    fn restore(&mut self) {
        for loss in self.holdings.take_losses() {
            assert!(self.serving.contains(&loss.owner), "only who serves can lose: {loss:?}");
            self.want(loss.owner);
        }
        self.act();
    }

    fn come_to_rest(&mut self) {
        for name in NAMES {
            self.kernel.set_up(name, true);
        }
        for _ in 0..4 {
            self.look();
        }
        self.look();
        assert!(!self.holdings.has_changes());
    }

    /// The addresses that should be on interfaces: all wishes of owners that serve; of two different wishes for one
    /// address, either.
    fn check(&self) {
        let own = |index: u32| self.own.iter().filter(move |(on, _)| *on == index).count();
        for interface in self.table.iter() {
            let wanted: Vec<&AddressSpec> = self
                .serving
                .iter()
                .filter_map(|router| self.config.get(router))
                .flatten()
                .filter(|(link, _)| NAMES[*link] == interface.name)
                .map(|(_, address)| address)
                .collect();
            let key =
                |address: &AddressSpec| Key::of(&AddressSpec { index: interface.index, ..address.clone() });
            let keys: BTreeSet<Key> = wanted.iter().map(|address| key(address)).collect();
            for expected in &keys {
                let found = find(&self.table, expected);
                let alike = |address: &&&AddressSpec| key(address) == *expected;
                let fits = |found: &InterfaceAddress| {
                    wanted.iter().filter(alike).any(|address| {
                        let address =
                            AddressSpec { index: interface.index, protocol: MARK, ..(*address).clone() };
                        repair_observed(found, &address, interface, self.kernel.marks_kept) == Repair::None
                    })
                };
                assert!(found.is_some_and(fits), "{expected:?} on {}: {found:?}", interface.name);
            }
            assert_eq!(
                interface.addresses.len(),
                keys.len() + own(interface.index),
                "{interface:?} {keys:?}"
            );
        }
    }
}

/// An address of the host, in the subnet of the virtual ones.
fn own(index: u32, host: u8) -> AddressSpec {
    AddressSpec {
        flags: AddressFlags::empty(),
        protocol: 0,
        scope: Scope::UNIVERSE,
        ..AddressSpec::new(index, format!("192.0.2.{host}/24").parse().unwrap())
    }
}

fn run(steps: Vec<Step>, marks_kept: bool) {
    let mut world = World::new(marks_kept);
    for step in steps {
        world.take(step);
    }
    world.come_to_rest();
    world.check();
    for router in 0..ROUTERS {
        world.take(Step::Yield(router));
    }
    world.come_to_rest();
    assert!(world.holdings.is_empty());
    world.check();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn at_rest_the_kernel_holds_exactly_the_wanted_objects(steps in prop::collection::vec(step(), 1..40)) {
        run(steps, true);
    }

    #[test]
    fn without_marks_the_memory_of_the_parent_is_enough(steps in prop::collection::vec(step(), 1..40)) {
        run(steps, false);
    }
}
