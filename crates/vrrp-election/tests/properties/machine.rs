//! Any inputs to a whole machine.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::prelude::{
    Just, ProptestConfig, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest,
};
use proptest::{collection::vec, test_runner::TestCaseError};
use vrrp_election::{
    Event, Fact, FactId, GroupId, GroupSetup, Instant, LinkId, LinkSetup, LinkState, Node, NodeAction,
    NodeConfig, NodeMemory, Received, RouterId, RouterSetup, ScriptAct, ScriptConfig, ScriptId, ScriptSetup,
    Standing, State, Track,
};

use vrrp_proto::Vrid;

use crate::support::{Speaks, ip, own_prio, prio};

const ROUTERS: u32 = 3;
const LINKS: u32 = 2;
const SCRIPTS: u32 = 2;
const FACTS: u32 = 2;

#[derive(Clone, Debug)]
enum Input {
    Pass(u64),
    Timeout,
    /// So many adverts before anything is taken out.
    Adverts {
        router: u32,
        priority: u8,
        source: u8,
        count: u16,
    },
    Link {
        link: u32,
        up: bool,
        address: bool,
    },
    Script {
        script: u32,
        success: bool,
    },
    Fact(u32, Fact),
    AddressLost(u32),
    Reload(Box<NodeConfig>),
    /// The process dies, and after so many milliseconds another one succeeds it.
    Die(u64),
    Stop,
}

fn setup() -> impl Strategy<Value = RouterSetup> {
    let track = |targets: u32| vec((0..targets + 1, -254_i32..=254, any::<bool>()), 0..3);
    let weight = prop_oneof![Just(0_i32), Just(-20), Just(30)];
    (
        0..3_usize,
        prop_oneof![Just(255_u8), Just(100), 1_u8..=254],
        0..LINKS,
        track(LINKS),
        track(SCRIPTS),
        track(FACTS),
        weight,
        0_u8..3,
    )
        .prop_map(|(speaks, priority, link, links, scripts, facts, weight, vrid)| {
            let speaks = [Speaks::V2, Speaks::V3Ipv4, Speaks::V3Ipv6][speaks];
            let mut config = speaks.config();
            config.priority = own_prio(priority);
            config.vrid = Vrid::new(51 + vrid).unwrap();
            RouterSetup {
                tracks: links
                    .into_iter()
                    .map(|(id, weight, reverse)| Track { target: LinkId(id).into(), weight, reverse })
                    .chain(scripts.into_iter().map(|(id, _, reverse)| Track {
                        target: ScriptId(id).into(),
                        weight,
                        reverse,
                    }))
                    .chain(facts.into_iter().map(|(id, weight, reverse)| Track {
                        target: FactId(id).into(),
                        weight: if weight % 3 == 0 { 0 } else { weight },
                        reverse,
                    }))
                    .collect(),
                ..RouterSetup::new(config, LinkId(link))
            }
        })
}

fn check(number: u32) -> impl Strategy<Value = ScriptSetup> {
    (1_u32..4, 1_u32..4, any::<bool>()).prop_map(move |(rise, fall, init_fail)| ScriptSetup {
        name: format!("check {number}"),
        command: format!("check {}", (number + rise) % 3),
        config: ScriptConfig { rise, fall, init_fail, ..ScriptConfig::default() },
    })
}

fn machine() -> impl Strategy<Value = NodeConfig> {
    let links = vec(any::<[bool; 2]>().prop_map(|[up, address]| link(up, address)), LINKS as usize);
    let names =
        prop_oneof![4 => Just(["eth0", "eth1"]), 1 => Just(["eth1", "eth0"]), 1 => Just(["eth0", "eth2"])];
    let scripts = (check(0), check(1));
    let delay = prop_oneof![Just(0), 0_u64..3_000];
    ((setup(), setup(), setup()), scripts, links, names, delay, groups()).prop_map(
        |((a, b, c), (d, e), links, names, delay, groups)| NodeConfig {
            groups,
            routers: vec![a, b, c],
            scripts: vec![d, e],
            links: names
                .into_iter()
                .zip(links)
                .map(|(name, state)| LinkSetup { name: name.to_owned(), state })
                .collect(),
            facts: vec![Fact::Up, Fact::Unknown],
            startup_delay: Duration::from_millis(delay),
        },
    )
}

/// None, or up to two, the members of which may be members of both, or of nobody.
fn groups() -> impl Strategy<Value = Vec<GroupSetup>> {
    let named = |first: usize, groups: Vec<Vec<u32>>| {
        let group = |(index, members): (usize, Vec<u32>)| GroupSetup {
            name: format!("group {}", (first + index) % 3),
            members: members.into_iter().map(RouterId).collect(),
        };
        groups.into_iter().enumerate().map(group).collect()
    };
    (0_usize..3, vec(vec(0..=ROUTERS, 0..4), 0..3)).prop_map(move |(first, groups)| named(first, groups))
}

fn link(up: bool, address: bool) -> LinkState {
    LinkState {
        up,
        ipv4: address.then(|| [192, 0, 2, 20].into()),
        ipv6: address.then(|| "fe80::20".parse().unwrap()),
    }
}

fn fact() -> impl Strategy<Value = Fact> {
    prop_oneof![Just(Fact::Up), Just(Fact::Down), Just(Fact::Unknown), any::<i32>().prop_map(Fact::Value)]
}

fn input() -> impl Strategy<Value = Input> {
    prop_oneof![
        4 => prop_oneof![0_u64..50, 0_u64..5_000, 0_u64..60_000].prop_map(Input::Pass),
        8 => Just(Input::Timeout),
        6 => (0..=ROUTERS, prop_oneof![Just(0_u8), Just(255), any::<u8>()], 0_u8..3, 1_u16..100).prop_map(
            |(router, priority, source, count)| Input::Adverts { router, priority, source, count }
        ),
        3 => (0..=LINKS, any::<bool>(), any::<bool>()).prop_map(
            |(link, up, address)| Input::Link { link, up, address: up || address }
        ),
        4 => (0..=SCRIPTS, any::<bool>()).prop_map(|(script, success)| Input::Script { script, success }),
        3 => (0..=FACTS, fact()).prop_map(|(id, fact)| Input::Fact(id, fact)),
        1 => (0..=ROUTERS).prop_map(Input::AddressLost),
        1 => machine().prop_map(|config| Input::Reload(Box::new(config))),
        1 => prop_oneof![0_u64..100, 0_u64..10_000].prop_map(Input::Die),
        1 => Just(Input::Stop),
    ]
}

/// A node, and what somebody outside knows of it from its actions alone.
struct Lab {
    node: Node,
    config: NodeConfig,
    memory: NodeMemory,
    stopped: bool,
    now: Instant,
    holds: BTreeMap<RouterId, bool>,
    group_told: BTreeMap<String, Standing>,
    told: BTreeMap<RouterId, Standing>,
    running: BTreeMap<ScriptId, bool>,
}

impl Lab {
    fn new(config: NodeConfig) -> Self {
        let now = Instant::from_nanos(1_000_000_000);
        Self {
            node: Node::new(now, config.clone()),
            config,
            memory: NodeMemory::default(),
            stopped: false,
            now,
            holds: BTreeMap::new(),
            group_told: BTreeMap::new(),
            told: BTreeMap::new(),
            running: BTreeMap::new(),
        }
    }

    fn feed(&mut self, input: Input) {
        let now = self.now;
        match input {
            Input::Pass(ms) => self.now += Duration::from_millis(ms),
            Input::Timeout => self.node.handle_timeout(now),
            Input::Adverts { router, priority, source, count } => {
                for n in 0..count {
                    let arrived = now - Duration::from_millis(u64::from((count - n) * 10));
                    let advert = received(priority, source);
                    let _ = self.node.handle_advert(now, arrived, RouterId(router), &advert);
                }
            }
            Input::Link { link: id, up, address } => {
                self.node.handle_link(now, LinkId(id), link(up, address));
            }
            Input::Script { script, success } => {
                self.running.remove(&ScriptId(script));
                self.node.handle_script(now, ScriptId(script), success);
            }
            Input::Fact(id, fact) => self.node.handle_fact(now, FactId(id), fact),
            Input::AddressLost(router) => self.node.handle_address_lost(now, RouterId(router)),
            Input::Reload(config) => {
                // One that has stopped takes no other.
                if !self.stopped {
                    self.config.clone_from(&config);
                }
                self.node.handle_reload(now, *config);
            }
            Input::Die(ms) => self.die(ms),
            Input::Stop => {
                self.stopped = true;
                self.node.handle_stop(now);
            }
        }
    }

    /// The reported events and the held addresses outlive the process.
    fn die(&mut self, ms: u64) {
        if self.stopped {
            return;
        }
        self.memory.alive = Some(self.now);
        self.memory.speaks_from = Some(self.node.speaks_from());
        self.now += Duration::from_millis(ms);
        self.node = Node::resume(self.now, self.config.clone(), &self.memory);
        self.told.clear();
        self.group_told.clear();
        self.running.clear();
    }

    /// Takes out everything, and compares it with what was known.
    fn drain(&mut self) -> Result<usize, String> {
        let mut count = 0;
        let mut rank = 0;
        while let Some(action) = self.node.poll_action() {
            count += 1;
            if let NodeAction::Reloaded { before } = action {
                self.renumber(&before)?;
                rank = 0;
                continue;
            }
            let before = std::mem::replace(&mut rank, self.see(action)?);
            if rank < before {
                return Err(format!("kind {rank} after kind {before}"));
            }
        }
        while let Some(what) = self.node.poll_memory() {
            self.memory.note(what);
        }
        Ok(count)
    }

    /// From here on ids mean another configuration: a router that is gone was reported as deleted and holds nothing.
    fn renumber(&mut self, before: &[Option<RouterId>]) -> Result<(), String> {
        self.running.clear();
        let is_there = |name: &String| self.config.groups.iter().any(|group| group.name == *name);
        self.group_told.retain(|name, _| is_there(name));
        let (told, holds) = (std::mem::take(&mut self.told), std::mem::take(&mut self.holds));
        let mut left: BTreeSet<_> = (0..ROUTERS).map(RouterId).collect();
        for (id, old) in (0..).map(RouterId).zip(before) {
            let Some(old) = old else { continue };
            if !left.remove(old) {
                return Err(format!("{old} becomes two routers"));
            }
            self.told.extend(told.get(old).map(|standing| (id, *standing)));
            self.holds.extend(holds.get(old).map(|held| (id, *held)));
        }
        match left.iter().find(|id| told.get(id) != Some(&Standing::Stopped) || holds.get(id) == Some(&true))
        {
            Some(gone) => Err(format!("{gone} is gone and was {:?}", told.get(gone))),
            None => Ok(()),
        }
    }

    #[expect(clippy::needless_pass_by_value, reason = "its parts are copied out")]
    fn see(&mut self, action: NodeAction) -> Result<u8, String> {
        match action {
            NodeAction::SendAdvert { .. } => return Ok(0),
            NodeAction::AddAddresses { router } => self.holds.insert(router, true),
            NodeAction::RemoveAddresses { router } => self.holds.insert(router, false),
            NodeAction::Announce { router, repeat } => {
                let holds = self.holds.get(&router) == Some(&true);
                return if holds && repeat > 0 { Ok(2) } else { Err(format!("{router} announces {repeat}")) };
            }
            NodeAction::Script { script, act } => {
                let ran = self.running.insert(script, act == ScriptAct::Run);
                return match (act, ran) {
                    (ScriptAct::Run, Some(_)) => Err(format!("script {script} runs twice")),
                    (ScriptAct::Terminate | ScriptAct::Kill, None) => {
                        Err(format!("script {script} does not run"))
                    }
                    _ => Ok(3),
                };
            }
            NodeAction::Tell(Event::Standing { router, from, to, .. }) => {
                let known = self.told.insert(router, to).unwrap_or(Standing::Waiting);
                return if known == from && from != to {
                    Ok(4)
                } else {
                    Err(format!("{known:?}: {from:?} to {to:?}"))
                };
            }
            NodeAction::Tell(Event::Group { group, from, to }) => {
                let name = self.config.groups[group.0 as usize].name.clone();
                let known = self.group_told.insert(name, to).unwrap_or(Standing::Waiting);
                return if known == from && from != to {
                    Ok(4)
                } else {
                    Err(format!("group {group} was {known:?}: {from:?} to {to:?}"))
                };
            }
            NodeAction::Tell(_) | NodeAction::Reloaded { .. } => return Ok(4),
        };
        Ok(1)
    }

    fn check(&self) -> Result<(), TestCaseError> {
        for router in (0..ROUTERS).map(RouterId) {
            let state = self.node.router(router).unwrap().state();
            let holds = self.holds.get(&router).copied();
            let standing = self.node.standing(router).unwrap();
            if standing != Standing::Waiting {
                prop_assert_eq!(holds == Some(true), state == State::Active);
            }
            prop_assert_eq!(self.told.get(&router).copied().unwrap_or(Standing::Waiting), standing);
            let expected = match state {
                State::Active => standing == Standing::Active,
                State::Backup => standing == Standing::Backup,
                State::Initialize => !matches!(standing, Standing::Active | Standing::Backup),
            };
            prop_assert!(expected, "{:?} is {:?}", state, standing);
            if standing != Standing::Waiting {
                prop_assert!(holds.is_some(), "nobody knows what a predecessor left");
            }
        }
        self.check_groups()
    }

    /// A group is never split.
    fn check_groups(&self) -> Result<(), TestCaseError> {
        let mut seen = BTreeSet::new();
        for (id, group) in (0..).map(GroupId).zip(&self.config.groups) {
            let members = group.members.iter().filter(|router| router.0 < ROUTERS && seen.insert(**router));
            let members: Vec<_> = members.collect();
            let states: BTreeSet<_> =
                members.iter().map(|router| self.node.router(**router).unwrap().state()).collect();
            prop_assert!(states.len() <= 1, "{id} is split: {states:?}");
            let standings: Vec<_> =
                members.iter().map(|router| self.node.standing(**router).unwrap()).collect();
            let same = standings.windows(2).all(|two| two[0] == two[1]);
            // A member that a reload adds to a group in fault may have to wait for a check.
            let quiet = |standing: &Standing| matches!(standing, Standing::Fault | Standing::Waiting);
            prop_assert!(same || standings.iter().all(quiet), "{id} is told to be {standings:?}");
            if let Some(standing) = standings.first().filter(|_| same) {
                prop_assert_eq!(self.node.group_standing(id), Some(*standing));
            }
        }
        Ok(())
    }
}

fn received(priority: u8, source: u8) -> Received {
    let source = ip(["192.0.2.3", "192.0.2.20", "192.0.2.100"][usize::from(source % 3)]);
    Received { source, priority: prio(priority), interval: Speaks::V2.one_second() }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn any_inputs_keep_the_promises(config in machine(), inputs in vec(input(), 1..80)) {
        let mut lab = Lab::new(config);
        lab.drain().map_err(TestCaseError::fail)?;
        lab.check()?;
        for input in inputs {
            let timed = matches!(input, Input::Timeout);
            lab.feed(input);
            lab.drain().map_err(TestCaseError::fail)?;
            lab.check()?;
            if timed {
                let at = lab.node.poll_timeout();
                prop_assert!(at.is_none_or(|at| at > lab.now), "a busy loop: {:?} at {}", at, lab.now);
                lab.node.handle_timeout(lab.now);
                prop_assert_eq!(lab.drain().map_err(TestCaseError::fail)?, 0, "a repeated wake-up");
                prop_assert_eq!(lab.node.poll_timeout(), at);
            }
        }
    }

    #[test]
    fn a_batch_of_adverts_ends_where_single_ones_do(
        config in machine(),
        adverts in vec((0..ROUTERS, any::<u8>(), 0_u8..3), 1..60),
    ) {
        let mut one_by_one = Lab::new(config);
        one_by_one.now += Duration::from_secs(8);
        one_by_one.feed(Input::Timeout);
        one_by_one.feed(Input::Timeout);
        one_by_one.drain().map_err(TestCaseError::fail)?;
        let mut batch = one_by_one.node.clone();
        for (n, (router, priority, source)) in adverts.into_iter().enumerate() {
            let arrived = one_by_one.now + Duration::from_millis(n as u64);
            let advert = received(priority, source);
            let _ = one_by_one.node.handle_advert(arrived, arrived, RouterId(router), &advert);
            one_by_one.drain().map_err(TestCaseError::fail)?;
            let _ = batch.handle_advert(arrived, arrived, RouterId(router), &advert);
        }
        while batch.poll_action().is_some() {}
        prop_assert_eq!(batch.poll_timeout(), one_by_one.node.poll_timeout());
        for router in (0..ROUTERS).map(RouterId) {
            prop_assert_eq!(batch.standing(router), one_by_one.node.standing(router));
        }
    }
}
