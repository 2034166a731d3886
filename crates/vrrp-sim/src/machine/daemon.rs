//! The daemon of a host: a [`Node`] with what arrived for it, and with the memory that a successor gets.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use vrrp_election::{
    Fact, FactId, Instant, LinkId, LinkState, NeighbourKey, Neighbours, Node, NodeAction, NodeMemory,
    Received, RouterId, RouterSetup, RunEnd, ScriptId, ScriptReport, ScriptResult, ScriptRun, Transport,
    VirtualRouter,
};
use vrrp_proto::{AhSequence, ExpectedAuth, Family, Priority, Version, Vrid};

use crate::packet::{Packet, Signature};
use crate::scenario::HostAuth;

#[derive(Debug)]
pub(super) struct Daemon {
    pub(super) node: Node,
    pub(super) inbox: Vec<Input>,
    pub(super) memory: NodeMemory,
    /// It ends once it has given its addresses away.
    pub(super) departs: bool,
    pub(super) auth: HostAuth,
    pub(super) clock_offset: i64,
    /// Sequence numbers of each router, if its adverts have Authentication Headers.
    pub(super) sequences: BTreeMap<RouterId, AhSequence>,
    pub(super) neighbours: Neighbours,
    /// The node's timeout and when the daemon will really look.
    pub(super) alarm: Option<(Instant, Instant)>,
}

/// Something that waits for the daemon's attention.
#[derive(Debug)]
pub(crate) enum Input {
    /// A packet, when the kernel received it, and by which interface.
    Packet(Instant, LinkId, Packet),
    /// An interface went up or down.
    Link(LinkId, LinkState),
    /// A script ended.
    Script(ScriptId, RunEnd),
    /// A file, a process or a session changed.
    Fact(FactId, Fact),
}

/// Something that a node asks for.
#[derive(Debug)]
pub(crate) struct RequestedAction {
    pub(crate) action: NodeAction,
    /// The advert that it is about, to each destination.
    pub(crate) packets: Vec<Packet>,
}

impl Daemon {
    pub(super) fn attend(&mut self, now: Instant, setups: &[RouterSetup]) -> Vec<RequestedAction> {
        let by_service = self.routers(setups);
        let mut others = Vec::new();
        for input in std::mem::take(&mut self.inbox) {
            match input {
                Input::Packet(arrived, lan, packet) => self.receive(now, arrived, lan, &packet, &by_service),
                Input::Link(..) | Input::Script(..) | Input::Fact(..) => others.push(input),
            }
        }
        let mut actions = self.actions(now);
        for input in others {
            match input {
                Input::Link(link, state) => self.node.handle_link(now, link, state),
                Input::Script(script, end) => self.node.handle_script(now, script, report(now, end)),
                Input::Fact(id, fact) => self.node.handle_fact(now, id, fact),
                Input::Packet(..) => {}
            }
            actions.extend(self.actions(now));
        }
        if self.node.poll_timeout().is_some_and(|timeout| timeout <= now) {
            self.node.handle_timeout(now);
            actions.extend(self.actions(now));
        }
        self.alarm = None;
        self.memory.alive = Some(now);
        actions
    }

    fn receive(
        &mut self,
        now: Instant,
        arrived: Instant,
        lan: LinkId,
        packet: &Packet,
        routers: &BTreeMap<(LinkId, Vrid, Family), RouterId>,
    ) {
        let Some((vrid, family)) = packet.addressee() else { return };
        let (source, message) = packet.message();
        let key = NeighbourKey { source, vrid: vrid.get() };
        let Some(router) = routers.get(&(lan, vrid, family)) else {
            return self.neighbours.note(arrived, lan, key, None, message);
        };
        let Some(config) = self.node.router(*router).map(VirtualRouter::config) else { return };
        let Some(transport) = self.node.transport(*router) else { return };
        match packet.judge(config, transport, self.expected_auth(*router)) {
            Some(Ok(accepted)) => {
                if let Some(number) = accepted.ah_sequence {
                    self.sequences.entry(*router).or_default().note(number);
                }
                // Whether it changed anything is the router's business.
                _ = self.node.handle_advert(now, arrived, *router, &Received::from(&accepted));
            }
            Some(Err(rejection)) => {
                self.neighbours.note(arrived, lan, key, Some(rejection.counter()), message);
            }
            None => {}
        }
    }

    fn routers(&self, setups: &[RouterSetup]) -> BTreeMap<(LinkId, Vrid, Family), RouterId> {
        let lans = setups.iter().map(|setup| setup.link.unwrap_or(LinkId(0)));
        (0..)
            .map(RouterId)
            .zip(lans)
            .map_while(|(id, lan)| self.node.router(id).map(|router| (id, lan, router.config())))
            .map(|(id, lan, config)| ((lan, config.vrid, config.family), id))
            .collect()
    }

    /// The node's actions. Adverts are written at once: a moment later ids may mean something else.
    pub(super) fn actions(&mut self, now: Instant) -> Vec<RequestedAction> {
        let mut requested = Vec::new();
        while let Some(action) = self.node.poll_action() {
            let packets = match &action {
                NodeAction::SendAdvert { router, priority } => self.adverts(now, *router, *priority),
                NodeAction::Reloaded { before } => {
                    self.renumber(before);
                    Vec::new()
                }
                _ => Vec::new(),
            };
            requested.push(RequestedAction { action, packets });
        }
        while let Some(what) = self.node.poll_memory() {
            self.memory.note(what);
        }
        requested
    }

    /// Ids mean another configuration now: what is known of a router goes with it.
    fn renumber(&mut self, before: &[Option<RouterId>]) {
        let mut known = std::mem::take(&mut self.sequences);
        let moved = |(id, old): (RouterId, &Option<RouterId>)| Some((id, known.remove(&(*old)?)?));
        self.sequences = (0..).map(RouterId).zip(before).filter_map(moved).collect();
    }

    /// The advert of a router, for its group or for each of its peers.
    fn adverts(&mut self, now: Instant, router: RouterId, priority: Priority) -> Vec<Packet> {
        let Some((source, transport)) = self.node.source(router).zip(self.node.transport(router)) else {
            return Vec::new();
        };
        let signature = match self.auth_of(router) {
            HostAuth::None => Signature::None,
            HostAuth::Password(password) => Signature::Password(password),
            HostAuth::Ah(key) => {
                let wall_clock = wall_clock(now, self.clock_offset);
                Signature::Ah(key, self.sequences.entry(router).or_default().next(wall_clock))
            }
        };
        let Some(config) = self.node.router(router).map(VirtualRouter::config) else { return Vec::new() };
        let to = |destination| Packet::advert(config, priority, source, destination, signature);
        match transport {
            Transport::Multicast { group } => to(*group).into_iter().collect(),
            Transport::Unicast { peers } => peers.iter().copied().filter_map(to).collect(),
        }
    }

    /// VRRPv3 has no authentication.
    fn auth_of(&self, router: RouterId) -> HostAuth {
        match self.node.router(router).map(|router| router.config().version()) {
            Some(Version::V2) => self.auth,
            Some(Version::V3) | None => HostAuth::None,
        }
    }

    fn expected_auth(&self, router: RouterId) -> ExpectedAuth {
        match self.auth_of(router) {
            HostAuth::None => ExpectedAuth::None,
            HostAuth::Password(password) => ExpectedAuth::Password(password),
            HostAuth::Ah(key) => self.sequences.get(&router).copied().unwrap_or_default().expected(key),
        }
    }
}

/// The time since 1970 at a host whose clock is fast by so many milliseconds.
fn wall_clock(now: Instant, offset: i64) -> Duration {
    let right = START + now.since(Instant::ZERO);
    let off = Duration::from_millis(offset.unsigned_abs());
    if offset < 0 { right.saturating_sub(off) } else { right + off }
}

/// The beginning of each scenario: 12 January 2026, by a right clock.
const START: Duration = Duration::from_secs(1_768_176_000);

/// A daemon's report of the end of a run.
fn report(now: Instant, end: RunEnd) -> ScriptReport {
    let output = String::new();
    let run = ScriptRun { end, took: Duration::ZERO, output, at: now };
    ScriptReport { result: ScriptResult::from(end == RunEnd::Exited(0)), run: Some(Arc::new(run)) }
}
