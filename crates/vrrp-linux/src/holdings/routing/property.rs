//! Any sequence of configurations, crashes, links that come and go, and what others do: when it is over, the kernel
//! holds exactly what is wanted, and of what is not ours nothing was removed.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::interfaces::{Interface, Interfaces};
use crate::route::{Hop, RemovedRoute, RouteChange, RouteSpec};

const LINKS: [&str; 2] = ["eth0", "eth1"];
const OWNERS: u8 = 3;

type Config = BTreeMap<u8, Vec<RouteSpec>>;

#[derive(Debug, Clone)]
enum Step {
    Reload(Config),
    Serve(u8),
    Yield(u8),
    /// The machine is forgotten, the kernel and the parent's memory are not. These owners go on.
    Crash(Vec<u8>),
    Down(usize),
    Up(usize),
    Delete(usize),
    Create(usize),
    /// Somebody removes the nth route of ours.
    Remove(usize),
    /// Somebody adds a route like this one, of another protocol.
    AddOther(RouteSpec),
    Look,
    LoseEvents,
}

fn route() -> impl Strategy<Value = RouteSpec> {
    (0..2_u8, 0..2_usize, 1..3_u8, 0..2_u32, any::<bool>()).prop_map(|(net, link, via, metric, mtu)| {
        let via = format!("192.0.2.{via}").parse().unwrap();
        let hop = Hop::new(Some(LINKS[link]), Some(via));
        let mut route = RouteSpec::new(format!("10.{net}.0.0/16").parse().unwrap(), vec![hop]);
        // The kernel takes 0 for any metric when it removes.
        route.metric = metric + 1;
        if mtu {
            route.path.values = vec![(2, 1400)];
        }
        route
    })
}

fn config() -> impl Strategy<Value = Config> {
    prop::collection::btree_map(0..OWNERS, prop::collection::vec(route(), 0..4), 0..=usize::from(OWNERS))
}

fn step() -> impl Strategy<Value = Step> {
    let link = || 0..LINKS.len();
    prop_oneof![
        3 => config().prop_map(Step::Reload),
        4 => (0..OWNERS).prop_map(Step::Serve),
        2 => (0..OWNERS).prop_map(Step::Yield),
        2 => prop::collection::vec(0..OWNERS, 0..3).prop_map(Step::Crash),
        1 => link().prop_map(Step::Down),
        1 => link().prop_map(Step::Up),
        1 => link().prop_map(Step::Delete),
        1 => link().prop_map(Step::Create),
        2 => (0..6_usize).prop_map(Step::Remove),
        1 => route().prop_map(Step::AddOther),
        3 => Just(Step::Look),
        1 => Just(Step::LoseEvents),
    ]
}

/// A kernel as far as IPv4 routes go: it flushes those of a link that goes down, and does not tell.
#[derive(Debug)]
struct Kernel {
    links: Vec<Interface>,
    next_index: u32,
    /// The first of a slot comes first.
    routes: Vec<RouteSpec>,
    events: Vec<Change>,
}

impl Kernel {
    fn new() -> Self {
        let mut kernel = Self { links: Vec::new(), next_index: 1, routes: Vec::new(), events: Vec::new() };
        for name in LINKS {
            kernel.create(name);
        }
        kernel.events.clear();
        kernel
    }

    fn create(&mut self, name: &str) {
        if self.links.iter().any(|link| link.name == name) {
            return;
        }
        let index = self.next_index;
        self.next_index += 1;
        self.links.push(Interface {
            index,
            name: name.to_owned(),
            up: true,
            mac: None,
            mtu: 1500,
            noarp: false,
            loopback: false,
            lower: None,
            master: None,
            details: crate::interfaces::Details::default(),
            addresses: Vec::new(),
        });
        self.events.push(Change::LinkAdded { index });
    }

    fn delete(&mut self, name: &str) {
        let Some(place) = self.links.iter().position(|link| link.name == name) else { return };
        let link = self.links.remove(place);
        self.flush(link.index);
        self.events.push(Change::LinkRemoved { index: link.index, name: link.name });
    }

    fn set_up(&mut self, name: &str, up: bool) {
        let Some(link) = self.links.iter_mut().find(|link| link.name == name && link.up != up) else {
            return;
        };
        link.up = up;
        let index = link.index;
        if up {
            self.events.push(Change::LinkUp { index });
        } else {
            self.flush(index);
            self.events.push(Change::LinkDown { index });
        }
    }

    fn flush(&mut self, index: u32) {
        self.routes.retain(|route| route.hops.iter().all(|hop| hop.index != index));
    }

    fn table(&self) -> Interfaces {
        self.links.iter().cloned().collect()
    }

    fn add(&mut self, route: &RouteSpec) -> Result<Outcome, i32> {
        let is_up = |hop: &Hop| self.links.iter().any(|link| link.index == hop.index && link.up);
        if !route.hops.iter().all(is_up) {
            return Err(libc::ENETDOWN);
        }
        if self.routes.contains(route) {
            return Ok(Outcome::AlreadySo);
        }
        self.routes.insert(0, route.clone());
        Ok(Outcome::Changed)
    }

    /// The first that agrees with what the kernel is told.
    fn remove(&mut self, route: &RouteSpec) {
        let agrees = |there: &RouteSpec| {
            there.slot() == route.slot()
                && there.protocol == route.protocol
                && there
                    .hops
                    .iter()
                    .map(|hop| (hop.index, hop.via))
                    .eq(route.hops.iter().map(|hop| (hop.index, hop.via)))
        };
        if let Some(place) = self.routes.iter().position(agrees) {
            let gone = self.routes.remove(place);
            self.events
                .push(Change::RouteRemoved(RemovedRoute { slot: gone.slot(), protocol: gone.protocol }));
        }
    }
}

#[derive(Debug)]
struct World {
    kernel: Kernel,
    table: Interfaces,
    machine: Routing<u8, RouteSpec>,
    config: Config,
    serving: BTreeSet<u8>,
    /// The parent's memory.
    ledger: Vec<RouteSpec>,
    now: Duration,
}

impl World {
    fn new() -> Self {
        let kernel = Kernel::new();
        let table = kernel.table();
        Self {
            kernel,
            table,
            machine: Routing::default(),
            config: Config::new(),
            serving: BTreeSet::new(),
            ledger: Vec::new(),
            now: Duration::ZERO,
        }
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Reload(config) => {
                self.config = config;
                for owner in self.serving.clone() {
                    self.want(owner);
                }
                self.act();
            }
            Step::Serve(owner) => {
                self.serving.insert(owner);
                self.want(owner);
                self.act();
            }
            Step::Yield(owner) => {
                self.serving.remove(&owner);
                self.look();
                self.machine.release(owner);
                self.act();
            }
            Step::Crash(owners) => {
                self.machine = Routing::default();
                self.kernel.events.clear();
                self.table = self.kernel.table();
                self.serving.retain(|owner| owners.contains(owner));
                for owner in self.serving.clone() {
                    self.want(owner);
                }
                let former = self.ledger.iter().map(RouteSpec::removal).collect();
                let configured: Vec<_> = self.config.values().flatten().cloned().collect();
                self.machine.clean(configured.iter(), former, &self.table);
                self.act();
            }
            Step::Down(link) => self.kernel.set_up(LINKS[link], false),
            Step::Up(link) => self.kernel.set_up(LINKS[link], true),
            Step::Delete(link) => self.kernel.delete(LINKS[link]),
            Step::Create(link) => self.kernel.create(LINKS[link]),
            Step::Remove(place) => {
                let ours: Vec<_> = self.ours().into_iter().collect();
                if let Some(route) = ours.get(place) {
                    self.kernel.remove(route);
                }
            }
            Step::AddOther(route) => {
                let route = RouteSpec { protocol: 4, ..route };
                if let Some(route) = route.resolved(&self.kernel.table()) {
                    let _ = self.kernel.add(&route);
                }
            }
            Step::Look => {
                self.look();
                self.act();
            }
            Step::LoseEvents => {
                self.kernel.events.clear();
                self.table = self.kernel.table();
                self.machine.handle_lost_events(&self.table);
                self.act();
            }
        }
    }

    fn want(&mut self, owner: u8) {
        self.look();
        let routes = self.config.get(&owner).cloned().unwrap_or_default();
        let wanted: Vec<_> = routes.iter().map(|object| WantedRouting { object, restored: true }).collect();
        self.machine.want(owner, &wanted, &self.table);
    }

    fn look(&mut self) {
        let events = std::mem::take(&mut self.kernel.events);
        self.table = self.kernel.table();
        self.machine.handle_changes(&events, &self.table);
    }

    fn act(&mut self) {
        let others = self.others();
        self.now += Duration::from_millis(300);
        let changes = self.machine.take_changes(self.now);
        for change in changes.first.into_iter().chain(changes.last) {
            match change {
                RouteChange::Add(route) => {
                    self.ledger.push(route.clone());
                    let answer = self.kernel.add(&route);
                    self.machine.handle_added(self.now, &route, answer);
                }
                RouteChange::Remove(route) => {
                    self.kernel.remove(&route);
                    self.ledger.retain(|other| *other != route);
                }
                RouteChange::RemoveFormer(removal) => {
                    let mut known = self.ledger.clone();
                    known.extend(
                        self.config.values().flatten().filter_map(|route| route.resolved(&self.table)),
                    );
                    if let Some(route) = known.iter().find(|route| route.removal() == removal) {
                        self.kernel.remove(route);
                    }
                    self.ledger.retain(|route| route.removal() != removal);
                }
            }
        }
        assert_eq!(self.others(), others, "somebody else's route is gone");
    }

    fn ours(&self) -> BTreeSet<RouteSpec> {
        self.kernel.routes.iter().filter(|route| route.protocol == 18).cloned().collect()
    }

    fn others(&self) -> BTreeSet<RouteSpec> {
        self.kernel.routes.iter().filter(|route| route.protocol != 18).cloned().collect()
    }

    fn wanted(&self) -> BTreeSet<RouteSpec> {
        let table = self.kernel.table();
        let is_up = |route: &RouteSpec| {
            route.hops.iter().all(|hop| table.by_index(hop.index).is_some_and(|link| link.up))
        };
        let routes = self.serving.iter().filter_map(|owner| self.config.get(owner)).flatten();
        routes.filter_map(|route| route.resolved(&table)).filter(is_up).collect()
    }

    /// Nothing happens any more.
    fn rest(&mut self) {
        for _ in 0..4 {
            self.look();
            self.now += Duration::from_secs(2);
            self.act();
        }
        assert!(!self.machine.has_changes(self.now), "it never comes to rest");
        assert_eq!(self.ours(), self.wanted());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn at_rest_exactly_the_wanted_objects_are_there(steps in prop::collection::vec(step(), 1..40)) {
        let mut world = World::new();
        for step in steps {
            world.take(step);
        }
        world.rest();
        for owner in 0..OWNERS {
            world.take(Step::Yield(owner));
        }
        world.rest();
        prop_assert!(world.machine.is_empty());
    }
}
