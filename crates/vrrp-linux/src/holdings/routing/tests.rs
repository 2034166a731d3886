use super::*;
use crate::interfaces::{Interface, Interfaces};
use crate::route::{Hop, RemovedRoute, RouteChange, RouteSpec};

fn interfaces(names: &[(&str, u32)]) -> Interfaces {
    all_of(names, true)
}

fn all_of(names: &[(&str, u32)], up: bool) -> Interfaces {
    let interface = |(name, index): &(&str, u32)| Interface {
        index: *index,
        name: (*name).to_owned(),
        up,
        mac: None,
        mtu: 1500,
        noarp: false,
        loopback: false,
        lower: None,
        master: None,
        details: crate::interfaces::Details::default(),
        addresses: Vec::new(),
    };
    names.iter().map(interface).collect()
}

fn route(destination: &str, via: &str) -> RouteSpec {
    RouteSpec::new(destination.parse().unwrap(), vec![Hop::new(Some("eth0"), Some(via.parse().unwrap()))])
}

/// The machine with a kernel that takes everything.
struct World {
    machine: Routing<u8, RouteSpec>,
    links: Interfaces,
    now: Duration,
}

impl World {
    fn new() -> Self {
        Self { machine: Routing::default(), links: interfaces(&[("eth0", 2)]), now: Duration::ZERO }
    }

    fn want(&mut self, owner: u8, routes: &[&RouteSpec]) -> Vec<String> {
        self.want_as(owner, routes, true)
    }

    fn want_as(&mut self, owner: u8, routes: &[&RouteSpec], restored: bool) -> Vec<String> {
        let wanted: Vec<_> =
            routes.iter().map(|object| WantedRouting { object: *object, restored }).collect();
        self.machine.want(owner, &wanted, &self.links);
        self.act(Ok(Outcome::Changed))
    }

    fn release(&mut self, owner: u8) -> Vec<String> {
        self.machine.release(owner);
        self.act(Ok(Outcome::Changed))
    }

    fn act(&mut self, answer: Result<Outcome, i32>) -> Vec<String> {
        let changes = self.machine.take_changes(self.now);
        let all: Vec<_> = changes.first.into_iter().chain(changes.last).collect();
        for change in &all {
            if let RouteChange::Add(route) = change {
                self.machine.handle_added(self.now, route, answer);
            }
        }
        all.iter().map(ToString::to_string).collect()
    }

    fn hear(&mut self, change: Change) {
        self.machine.handle_changes(&[change], &self.links);
    }

    fn somebody_removes(&mut self, route: &RouteSpec) {
        self.hear(Change::RouteRemoved(RemovedRoute { slot: route.slot(), protocol: route.protocol }));
    }
}

const ADD: &str = "add route default via 192.0.2.254 dev eth0";
const REMOVE: &str = "remove route default via 192.0.2.254 dev eth0";

#[test]
fn a_route_of_two_owners_stays_until_the_second_lets_go() {
    let mut world = World::new();
    let default = route("0.0.0.0/0", "192.0.2.254");
    assert_eq!(world.want(1, &[&default]), [ADD]);
    assert!(world.want(2, &[&default]).is_empty());
    assert!(world.release(1).is_empty());
    assert_eq!(world.release(2), [REMOVE]);
    assert!(world.machine.is_empty());
}

#[test]
fn a_removed_route_is_restored_at_once_and_then_once_a_second() {
    let mut world = World::new();
    let default = route("0.0.0.0/0", "192.0.2.254");
    world.want(1, &[&default]);
    world.somebody_removes(&default);
    assert_eq!(world.act(Ok(Outcome::Changed)), [ADD]);
    let repair = Repair { owners: vec![1], what: "default via 192.0.2.254 dev eth0".to_owned() };
    assert_eq!(world.machine.take_repairs(), [repair]);
    world.somebody_removes(&default);
    assert!(world.act(Ok(Outcome::Changed)).is_empty());
    assert_eq!(world.machine.poll_timeout(), Some(Duration::from_secs(1)));
    world.now = Duration::from_secs(1);
    assert!(world.machine.has_changes(world.now));
    assert_eq!(world.act(Ok(Outcome::Changed)), [ADD]);
}

#[test]
fn an_untracked_route_that_somebody_removes_stays_away_until_its_owner_serves_again() {
    let mut world = World::new();
    let default = route("0.0.0.0/0", "192.0.2.254");
    world.want_as(1, &[&default], false);
    world.somebody_removes(&default);
    assert!(world.act(Ok(Outcome::Changed)).is_empty());
    world.release(1);
    assert_eq!(world.want_as(1, &[&default], false), [ADD]);
}

#[test]
fn a_removal_that_was_our_own_is_no_loss() {
    let mut world = World::new();
    let default = route("0.0.0.0/0", "192.0.2.254");
    world.want(1, &[&default]);
    world.release(1);
    world.want(1, &[&default]);
    world.somebody_removes(&default);
    assert_eq!(world.act(Ok(Outcome::AlreadySo)), [ADD], "it is made sure of");
    assert_eq!(world.machine.take_repairs(), []);
}

#[test]
fn a_route_is_made_sure_of_when_its_link_is_up_again() {
    let mut world = World::new();
    let default = route("0.0.0.0/0", "192.0.2.254");
    world.want(1, &[&default]);
    world.hear(Change::LinkDown { index: 2 });
    assert!(world.act(Ok(Outcome::Changed)).is_empty());
    world.hear(Change::LinkUp { index: 2 });
    assert_eq!(world.act(Ok(Outcome::Changed)), [ADD]);
    world.hear(Change::LinkUp { index: 3 });
    assert!(world.act(Ok(Outcome::Changed)).is_empty());
}

#[test]
fn a_route_cannot_be_had_while_its_interface_is_down() {
    let mut world = World::new();
    let default = route("0.0.0.0/0", "192.0.2.254");
    world.want(1, &[&default]);
    assert!(world.machine.can_have(1, &default, &world.links));
    assert!(!world.machine.can_have(2, &default, &world.links), "that is not its owner");
    assert!(!world.machine.can_have(1, &default, &all_of(&[("eth0", 2)], false)));
}

#[test]
fn a_route_follows_its_interface_by_name() {
    let mut world = World::new();
    let default = route("0.0.0.0/0", "192.0.2.254");
    world.links = interfaces(&[]);
    assert!(world.want(1, &[&default]).is_empty());
    world.links = interfaces(&[("eth0", 7)]);
    world.hear(Change::LinkAdded { index: 7 });
    assert_eq!(world.act(Ok(Outcome::Changed)), [ADD]);
    world.links = interfaces(&[("other", 7)]);
    world.hear(Change::LinkRenamed { index: 7, before: "eth0".to_owned() });
    assert_eq!(world.act(Ok(Outcome::Changed)), [REMOVE]);
    world.links = interfaces(&[("eth0", 8)]);
    world.hear(Change::LinkAdded { index: 8 });
    assert_eq!(world.act(Ok(Outcome::Changed)), [ADD]);
    world.links = interfaces(&[]);
    world.hear(Change::LinkRemoved { index: 8, name: "eth0".to_owned() });
    assert!(world.act(Ok(Outcome::Changed)).is_empty(), "it went with its interface");
}

#[test]
fn a_refusal_is_told_once_and_tried_again_when_an_address_comes() {
    let mut world = World::new();
    let default = route("0.0.0.0/0", "192.0.2.254");
    let wanted = WantedRouting { object: &default, restored: true };
    world.machine.want(1, &[wanted], &world.links.clone());
    let changes = world.machine.take_changes(world.now).first;
    let [RouteChange::Add(added)] = &changes[..] else { panic!("{changes:?}") };
    let unreachable = libc::ENETUNREACH;
    assert_eq!(world.machine.handle_added(world.now, added, Err(unreachable)), Verdict::Refused);
    assert!(!world.machine.has_changes(world.now), "nothing is tried again at once");
    world.hear(Change::AddressAdded { index: 2, network: "192.0.2.1/24".parse().unwrap() });
    assert!(world.machine.has_changes(world.now));
    world.machine.take_changes(world.now);
    assert_eq!(world.machine.handle_added(world.now, added, Err(unreachable)), Verdict::Silent);
    assert!(world.release(1).is_empty(), "a refused object need not be removed");
}

#[test]
fn a_route_with_other_properties_takes_the_place_of_the_one_before() {
    let mut world = World::new();
    let before = route("0.0.0.0/0", "192.0.2.254");
    let mut after = before.clone();
    after.path.values = vec![(2, 1400)];
    world.want(1, &[&before]);
    assert_eq!(world.want(1, &[&after]), [REMOVE, REMOVE, ADD], "the kernel would take one for the other");
    let elsewhere = route("0.0.0.0/0", "192.0.2.253");
    let expected = ["add route default via 192.0.2.253 dev eth0", REMOVE];
    assert_eq!(world.want(1, &[&elsewhere]), expected, "there is always one");
}

#[test]
fn a_predecessor_s_route_is_removed_unless_it_is_wanted() {
    let mut world = World::new();
    let (kept, dropped) = (route("0.0.0.0/0", "192.0.2.254"), route("10.0.0.0/8", "192.0.2.254"));
    let removal = |route: &RouteSpec| route.resolved(&world.links).unwrap().removal();
    let former = vec![removal(&kept), removal(&dropped)];
    world.want(1, &[&kept]);
    let links = world.links.clone();
    world.machine.clean([&kept, &dropped].into_iter(), former, &links);
    assert_eq!(world.act(Ok(Outcome::Changed)), ["remove a route of an earlier run"]);
}
