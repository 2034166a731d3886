//! Any inputs to a whole machine: no panic, no busy loop, addresses held exactly while Active, scripts run once.

#![no_main]

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::time::Duration;

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use vrrp_election::{
    Fact, FactId, GroupSetup, Instant, LinkId, LinkSetup, LinkState, Node, NodeAction, NodeConfig, Preempt, Received, RouterConfig, RouterId,
    RouterSetup, ScriptAct, ScriptConfig, ScriptId, ScriptSetup, State, Track, TrackTarget, VirtualAddress,
};
use vrrp_proto::{AdvertInterval, Centiseconds, Family, Priority, RouterInterval, RouterPriority, Vrid};

#[derive(Arbitrary, Debug)]
enum Input {
    Pass(u16),
    Wake,
    Advert { router: u8, priority: u8, source: u8, centiseconds: u16, age_ms: u16 },
    Link { link: u8, up: bool, address: bool },
    Script { script: u8, success: bool },
    Fact { fact: u8, value: Option<i32>, up: bool },
    AddressLost(u8),
    Reload(Machine),
    Stop,
}

#[derive(Arbitrary, Debug)]
struct Machine {
    startup_delay_ms: u16,
    links: [bool; 2],
    scripts: [(u8, u8, bool); 2],
    routers: [Router; 3],
    /// Which routers are members of each group.
    groups: [[bool; 3]; 2],
}

#[derive(Arbitrary, Debug)]
struct Router {
    priority: u8,
    centiseconds: Option<u16>,
    link: u8,
    preempt_delay_ms: Option<u16>,
    down_adverts: u8,
    vrid: u8,
    address: u8,
    track_link: Option<(u8, i8, bool)>,
    track_script: Option<(u8, i8, bool)>,
    track_fact: Option<(u8, i8, bool)>,
}

fuzz_target!(|story: (Machine, Vec<Input>)| {
    let (machine, inputs) = story;
    let mut world = World::new(&machine);
    world.perform();
    for input in inputs {
        world.take(&input);
        world.perform();
        world.check();
    }
});

/// The node, and what somebody outside knows of it from its actions alone.
struct World {
    node: Node,
    now: Instant,
    holds: BTreeMap<RouterId, bool>,
    running: BTreeSet<ScriptId>,
}

impl World {
    fn new(machine: &Machine) -> Self {
        let now = Instant::from_nanos(100_000_000_000);
        let node = Node::new(now, config(machine));
        Self { node, now, holds: BTreeMap::new(), running: BTreeSet::new() }
    }

    fn take(&mut self, input: &Input) {
        let now = self.now;
        match *input {
            Input::Pass(ms) => self.now += Duration::from_millis(ms.into()),
            Input::Wake => self.wake(),
            Input::Advert { router, priority, source, centiseconds, age_ms } => {
                let advert = Received {
                    source: Ipv4Addr::new(192, 0, 2, source).into(),
                    priority: Priority::new(priority),
                    interval: AdvertInterval::V3(Centiseconds::new(centiseconds % 4096).unwrap()),
                };
                let arrived = now - Duration::from_millis(age_ms.into());
                let _ = self.node.handle_advert(now, arrived, RouterId(u32::from(router % 4)), &advert);
            }
            Input::Link { link, up, address } => {
                self.node.handle_link(now, LinkId(u32::from(link % 3)), state(up, address));
            }
            Input::Script { script, success } => {
                let script = ScriptId(u32::from(script % 3));
                self.running.remove(&script);
                self.node.handle_script(now, script, success);
            }
            Input::Fact { fact, value, up } => {
                let fact = FactId(u32::from(fact % 3));
                self.node.handle_fact(now, fact, value.map_or(up.into(), Fact::Value));
            }
            Input::AddressLost(router) => self.node.handle_address_lost(now, RouterId(u32::from(router % 4))),
            Input::Reload(ref machine) => self.node.handle_reload(now, config(machine)),
            Input::Stop => self.node.handle_stop(now),
        }
    }

    /// From here on ids mean another configuration.
    fn renumber(&mut self, before: &[Option<RouterId>]) {
        self.running.clear();
        let held = std::mem::take(&mut self.holds);
        for (id, old) in (0..).map(RouterId).zip(before) {
            let known = old.and_then(|old| held.get(&old));
            self.holds.extend(known.map(|holds| (id, *holds)));
        }
        let gone = held.iter().find(|(id, holds)| **holds && !before.contains(&Some(**id)));
        assert_eq!(gone, None, "addresses leaked");
    }

    fn wake(&mut self) {
        self.node.handle_timeout(self.now);
        self.perform();
        let next = self.node.poll_timeout();
        assert!(next.is_none_or(|at| at > self.now), "a busy loop");
        self.node.handle_timeout(self.now);
        assert_eq!(self.perform(), 0, "a repeated wake-up is harmless");
        assert_eq!(self.node.poll_timeout(), next);
    }

    /// Takes out everything; gives how much that was.
    fn perform(&mut self) -> usize {
        let mut count = 0;
        while let Some(action) = self.node.poll_action() {
            count += 1;
            assert!(count < 100, "an endless list: {action:?}");
            match action {
                NodeAction::AddAddresses { router } => drop(self.holds.insert(router, true)),
                NodeAction::RemoveAddresses { router } => drop(self.holds.insert(router, false)),
                NodeAction::Announce { router, repeat } => {
                    assert!(repeat > 0 && self.holds.get(&router) == Some(&true), "{router} announces");
                }
                NodeAction::Script { script, act: ScriptAct::Run } => {
                    assert!(self.running.insert(script), "{script} runs twice");
                }
                NodeAction::Script { script, .. } => {
                    assert!(self.running.contains(&script), "{script} does not run");
                }
                NodeAction::Reloaded { before } => self.renumber(&before),
                NodeAction::SendAdvert { .. } | NodeAction::Tell(_) => {}
            }
        }
        count
    }

    fn check(&self) {
        for router in (0..3).map(RouterId) {
            let active = self.node.router(router).unwrap().state() == State::Active;
            assert_eq!(self.holds.get(&router) == Some(&true), active, "{router}");
        }
    }
}

fn config(machine: &Machine) -> NodeConfig {
    let script = |number: u32, &(rise, fall, init_fail): &(u8, u8, bool)| ScriptSetup {
        config: ScriptConfig { rise: rise.into(), fall: fall.into(), init_fail, ..ScriptConfig::default() },
        name: format!("check {number}"),
        command: format!("check {}", number % 2),
    };
    NodeConfig {
        routers: machine.routers.iter().map(setup).collect(),
        groups: (0..).zip(&machine.groups).map(|(number, members)| group(number, members)).collect(),
        scripts: (0..).zip(&machine.scripts).map(|(number, choices)| script(number, choices)).collect(),
        links: (0..).zip(&machine.links).map(|(number, up)| link(number, *up)).collect(),
        facts: vec![Fact::Unknown; 2],
        startup_delay: Duration::from_millis(machine.startup_delay_ms.into()),
    }
}

fn group(number: u32, members: &[bool; 3]) -> GroupSetup {
    let members = (0..).map(RouterId).zip(members).filter(|(_, member)| **member);
    GroupSetup { name: format!("group {number}"), members: members.map(|(router, _)| router).collect() }
}

fn setup(router: &Router) -> RouterSetup {
    let interval = match router.centiseconds {
        Some(centiseconds) => RouterInterval::centiseconds(centiseconds % 4095 + 1),
        None => RouterInterval::seconds(1),
    };
    let config = RouterConfig {
        priority: RouterPriority::new(router.priority).unwrap_or_default(),
        preempt: router
            .preempt_delay_ms
            .map_or(Preempt::Never, |ms| Preempt::After(Duration::from_millis(ms.into()))),
        down_adverts: router.down_adverts,
        ..RouterConfig::new(Vrid::new(51 + router.vrid % 3).unwrap(), Family::Ipv4, interval.unwrap())
    };
    RouterSetup {
        tracks: [
            router.track_link.map(|choices| track(choices, |id| LinkId(id).into())),
            router.track_script.map(|choices| track(choices, |id| ScriptId(id).into())),
            router.track_fact.map(|choices| track(choices, |id| FactId(id).into())),
        ]
        .into_iter()
        .flatten()
        .collect(),
        addresses: vec![VirtualAddress {
            link: LinkId(u32::from(router.link % 3)),
            address: Ipv4Addr::new(198, 51, 100, router.address).into(),
            prefix_len: 32,
        }],
        ..RouterSetup::new(config, LinkId(u32::from(router.link % 3)))
    }
}

fn track((target, weight, reverse): (u8, i8, bool), id: impl Fn(u32) -> TrackTarget) -> Track {
    Track { target: id(u32::from(target % 3)), weight: weight.into(), reverse }
}

fn link(number: u32, up: bool) -> LinkSetup {
    LinkSetup { name: format!("eth{number}"), state: state(up, true) }
}

fn state(up: bool, address: bool) -> LinkState {
    LinkState { up, ipv4: address.then_some(Ipv4Addr::new(192, 0, 2, 20)), ipv6: None }
}
