//! A node under test, and short names for what it is made of and what it asks for.

use std::net::Ipv4Addr;
use std::time::Duration;

use vrrp_election::{
    Cause, Event, FactId, Fault, Instant, LinkId, LinkSetup, LinkState, Node, NodeAction, NodeConfig,
    RouterId, RouterSetup, ScriptAct, ScriptConfig, ScriptId, ScriptSetup, Standing, Track, TrackTarget,
    TransitionReason,
};
use vrrp_proto::Vrid;

use crate::support::{Speaks, own_prio, prio};

pub(crate) const UP: LinkState = LinkState { up: true, ipv4: Some(Ipv4Addr::new(192, 0, 2, 20)), ipv6: None };
pub(crate) const DOWN: LinkState = LinkState { up: false, ..UP };
pub(crate) const NO_ADDRESS: LinkState = LinkState { up: true, ipv4: None, ipv6: None };

pub(crate) const R0: RouterId = RouterId(0);
pub(crate) const R1: RouterId = RouterId(1);
pub(crate) const L0: LinkId = LinkId(0);
pub(crate) const L1: LinkId = LinkId(1);
pub(crate) const F0: FactId = FactId(0);
pub(crate) const F1: FactId = FactId(1);
pub(crate) const S0: ScriptId = ScriptId(0);
pub(crate) const S1: ScriptId = ScriptId(1);

/// A router of this VRID on the first link, priority 100, every second.
pub(crate) fn router(vrid: u8) -> RouterSetup {
    let mut config = Speaks::V2.config();
    config.vrid = Vrid::new(vrid).unwrap();
    RouterSetup::new(config, L0)
}

/// The same for the owner, who serves at once.
pub(crate) fn owner(vrid: u8) -> RouterSetup {
    let mut setup = router(vrid);
    setup.config.priority = own_prio(255);
    setup
}

/// Links `eth0`, `eth1` and so on.
pub(crate) fn links(states: impl IntoIterator<Item = LinkState>) -> Vec<LinkSetup> {
    let named = |(number, state)| LinkSetup { name: format!("eth{number}"), state };
    (0..).zip(states).map(named).collect()
}

/// As many routers, on one link that is up.
pub(crate) fn machine(routers: Vec<RouterSetup>) -> NodeConfig {
    NodeConfig { routers, links: links([UP, UP]), ..NodeConfig::default() }
}

pub(crate) fn script(config: ScriptConfig) -> ScriptSetup {
    ScriptSetup { name: "check".to_owned(), command: "check".to_owned(), config }
}

pub(crate) fn track(target: impl Into<TrackTarget>, weight: i32) -> Track {
    Track { target: target.into(), weight, reverse: false }
}

/// A node that starts at 0, with nothing left to do.
pub(crate) fn node(config: NodeConfig) -> Node {
    let mut node = Node::new(Instant::ZERO, config);
    all(&mut node);
    node
}

/// Everything a node asks for.
pub(crate) fn all(node: &mut Node) -> Vec<NodeAction> {
    std::iter::from_fn(|| node.poll_action()).collect()
}

/// Its events, and nothing else.
pub(crate) fn told(node: &mut Node) -> Vec<Event> {
    all(node)
        .into_iter()
        .filter_map(|action| match action {
            NodeAction::Tell(event) => Some(event),
            _ => None,
        })
        .collect()
}

/// The changes of standing that it tells: from, to.
pub(crate) fn standings(node: &mut Node) -> Vec<(RouterId, Standing, Standing)> {
    told(node)
        .into_iter()
        .filter_map(|event| match event {
            Event::Standing { router, from, to, .. } => Some((router, from, to)),
            _ => None,
        })
        .collect()
}

/// Its requests for scripts.
pub(crate) fn acts(node: &mut Node) -> Vec<(ScriptId, ScriptAct)> {
    all(node)
        .into_iter()
        .filter_map(|action| match action {
            NodeAction::Script { script, act } => Some((script, act)),
            _ => None,
        })
        .collect()
}

pub(crate) fn standing(
    router: RouterId,
    from: Standing,
    to: Standing,
    why: TransitionReason,
    priority: u8,
) -> NodeAction {
    NodeAction::Tell(Event::Standing { router, from, to, why, priority: prio(priority) })
}

pub(crate) fn elected(cause: Cause) -> TransitionReason {
    TransitionReason::Election(cause)
}

pub(crate) fn fault(fault: Fault) -> TransitionReason {
    TransitionReason::Fault(fault)
}

/// Hands in every timeout until `end`; gives what was asked for, with the time.
pub(crate) fn run(node: &mut Node, from: Instant, end: Instant) -> Vec<(Instant, NodeAction)> {
    let mut log = Vec::new();
    let mut now = from;
    while let Some(timeout) = node.poll_timeout().filter(|timeout| *timeout <= end) {
        now = now.max(timeout);
        node.handle_timeout(now);
        log.extend(all(node).into_iter().map(|action| (now, action)));
    }
    log
}

/// A check that runs every second, one second at most.
pub(crate) fn check() -> ScriptConfig {
    ScriptConfig { interval: Duration::from_secs(1), ..ScriptConfig::default() }
}
