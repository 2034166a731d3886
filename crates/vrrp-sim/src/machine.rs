//! One host: a daemon around a [`Node`], and a kernel that holds addresses.
//!
//! The daemon does what a real one does: when it gets attention, it reads every advert that has arrived, with the
//! time of arrival, then takes note of links and scripts, and only then looks at its timers.

mod daemon;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use vrrp_election::{
    Fact, FactId, GroupId, Instant, Intent, LinkId, LinkState, Neighbours, Node, NodeConfig, NodeMemory,
    RouterId, RunEnd, ScriptId, Standing, State,
};

use daemon::Daemon;
pub(crate) use daemon::{Input, RequestedAction};

use crate::scenario::{HostAuth, Reload};
use crate::{Host, HostId, Service};

/// A host while it is simulated.
#[derive(Debug)]
pub(crate) struct Machine {
    config: NodeConfig,
    daemon: Option<Daemon>,
    auth: HostAuth,
    /// Its wall clock is fast by so many milliseconds.
    clock_offset: i64,
    /// Which routers have their addresses on the interface.
    held: BTreeSet<RouterId>,
    /// The coming results of the scripts.
    outcomes: Vec<RunEnd>,
    stalled_until: Option<Instant>,
    /// Whether the stall is one of the whole machine.
    suspended: bool,
    /// Daemons started so far.
    starts: u32,
    /// State that a daemon that died left for its successor.
    memory: NodeMemory,
    /// Configurations that reloads may bring.
    reloads: Vec<Reload>,
}

/// One router of a host, as the checks see it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View {
    pub(crate) host: HostId,
    pub(crate) router: RouterId,
    pub(crate) service: Service,
    pub(crate) state: State,
    pub(crate) standing: Standing,
    /// Whether its addresses are on the interface.
    pub(crate) holds: bool,
    /// Whether its daemon does not stall.
    pub(crate) attentive: bool,
    /// Whether its interface is up.
    pub(crate) connected: bool,
    /// The network that it is on.
    pub(crate) lan: LinkId,
    pub(crate) group: Option<GroupId>,
}

impl Machine {
    pub(crate) fn new(host: &Host, id: HostId) -> Self {
        Self {
            config: host.node_config(id),
            daemon: None,
            held: BTreeSet::new(),
            auth: host.auth,
            clock_offset: 0,
            outcomes: vec![RunEnd::Exited(0); host.scripts.len()],
            stalled_until: None,
            suspended: false,
            starts: 0,
            memory: NodeMemory::default(),
            reloads: host.reloads.clone(),
        }
    }

    /// Starts the daemon, unless one runs; gives whether it did. Routers whose addresses are there go on.
    pub(crate) fn start(&mut self, now: Instant) -> bool {
        if self.daemon.is_some() {
            return false;
        }
        self.starts += 1;
        let (config, memory) = (self.config.clone(), std::mem::take(&mut self.memory));
        let node = Node::resume(now, config, &memory);
        let memory = NodeMemory { speaks_from: Some(node.speaks_from()), ..memory };
        self.daemon = Some(Daemon {
            node,
            inbox: Vec::new(),
            alarm: None,
            departs: false,
            memory,
            auth: self.auth,
            clock_offset: self.clock_offset,
            sequences: BTreeMap::new(),
            neighbours: Neighbours::default(),
        });
        true
    }

    /// The daemon is gone; the kernel's content stays, and so does its memory for a successor.
    pub(crate) fn kill(&mut self) {
        if let Some(daemon) = self.daemon.take() {
            self.memory = daemon.memory;
        }
        self.stalled_until = None;
    }

    /// The whole machine is gone.
    pub(crate) fn power_off(&mut self) {
        self.kill();
        self.forget();
        self.held.clear();
    }

    /// Nobody remembers what the daemon knew.
    pub(crate) fn forget(&mut self) {
        self.memory = NodeMemory::default();
    }

    /// Ends the daemon in order; gives its last actions.
    pub(crate) fn stop(&mut self, now: Instant) -> Vec<RequestedAction> {
        let Some(daemon) = &mut self.daemon else { return Vec::new() };
        daemon.node.handle_stop(now);
        daemon.actions(now)
    }

    /// Begins to stop the daemon in order, with this much time to give its addresses away.
    pub(crate) fn depart(&mut self, now: Instant, within: Duration) -> Vec<RequestedAction> {
        let Some(daemon) = self.attentive() else { return Vec::new() };
        daemon.departs = true;
        daemon.node.handle_departure(now, within);
        daemon.actions(now)
    }

    /// Whether it has given its addresses away, so that the daemon may end.
    pub(crate) fn has_departed(&self) -> bool {
        self.daemon.as_ref().is_some_and(|daemon| daemon.departs && !daemon.node.is_departing())
    }

    pub(crate) fn intend(&mut self, now: Instant, router: RouterId, intent: &Intent) -> Vec<RequestedAction> {
        let Some(daemon) = self.attentive() else { return Vec::new() };
        // A refusal is an answer, too.
        let _ = daemon.node.handle_intent(now, router, intent);
        daemon.actions(now)
    }

    pub(crate) fn end_intent(&mut self, now: Instant, router: RouterId) -> Vec<RequestedAction> {
        let Some(daemon) = self.attentive() else { return Vec::new() };
        daemon.node.end_intent(now, router);
        daemon.actions(now)
    }

    /// The daemon, if it does not stall.
    fn attentive(&mut self) -> Option<&mut Daemon> {
        self.daemon.as_mut().filter(|_| self.stalled_until.is_none())
    }

    /// Reloads with other routers. A daemon that does not run starts with them.
    pub(crate) fn reconfigure(&mut self, now: Instant, number: usize) -> Vec<RequestedAction> {
        let Some(Reload { routers, groups }) = self.reloads.get(number) else { return Vec::new() };
        self.config.routers.clone_from(routers);
        self.config.groups.clone_from(groups);
        self.reload(now)
    }

    /// Its wall clock is set by so many milliseconds.
    pub(crate) fn set_clock(&mut self, by: i64) {
        self.clock_offset = self.clock_offset.saturating_add(by);
        if let Some(daemon) = &mut self.daemon {
            daemon.clock_offset = self.clock_offset;
        }
    }

    /// Packets for every router may have been dropped unread.
    pub(crate) fn lose_packets(&mut self, now: Instant) {
        let Some(daemon) = &mut self.daemon else { return };
        for index in 0..self.config.routers.len() {
            daemon.node.handle_packets_lost(now, router_id(index));
        }
    }

    /// Reloads the same configuration.
    pub(crate) fn reload(&mut self, now: Instant) -> Vec<RequestedAction> {
        let Some(daemon) = &mut self.daemon else { return Vec::new() };
        // Scripts under way are ended: their results are void.
        self.starts += 1;
        daemon.node.handle_reload(now, self.config.clone());
        daemon.actions(now)
    }

    /// Ids mean another configuration now.
    pub(crate) fn renumber(&mut self, before: &[Option<RouterId>]) {
        let held = std::mem::take(&mut self.held);
        let holds = |(_, old): &(RouterId, &Option<RouterId>)| old.is_some_and(|old| held.contains(&old));
        self.held = (0..).map(RouterId).zip(before).filter(holds).map(|(id, _)| id).collect();
    }

    /// Whether packets of this network reach it.
    pub(crate) fn is_reachable(&self, lan: LinkId) -> bool {
        self.is_connected(lan) && !(self.suspended && self.stalled_until.is_some())
    }

    pub(crate) fn stall_until(&mut self, end: Instant, suspended: bool) {
        if self.daemon.is_some() {
            self.suspended = suspended || (self.suspended && self.stalled_until.is_some());
            self.stalled_until = Some(self.stalled_until.map_or(end, |until| until.max(end)));
        }
    }

    /// Ends a stall that ends now; gives whether there was one.
    pub(crate) fn wake(&mut self, now: Instant) -> bool {
        self.stalled_until.take_if(|until| *until <= now).is_some()
    }

    /// Sets the state of one link, or of all.
    pub(crate) fn set_link(&mut self, only: Option<LinkId>, up: bool) {
        let mut news = Vec::new();
        for (id, link) in (0..).map(LinkId).zip(&mut self.config.links) {
            if only.is_none_or(|only| only == id) {
                link.state.up = up;
                news.push(Input::Link(id, link.state));
            }
        }
        for input in news {
            self.deliver(input);
        }
    }

    /// The interfaces have no addresses of their own any more.
    pub(crate) fn remove_addresses(&mut self) {
        let mut news = Vec::new();
        for (id, link) in (0..).map(LinkId).zip(&mut self.config.links) {
            link.state = LinkState { up: link.state.up, ..LinkState::default() };
            news.push(Input::Link(id, link.state));
        }
        for input in news {
            self.deliver(input);
        }
    }

    /// The daemon that runs is told, and one that starts later begins with it.
    pub(crate) fn set_fact(&mut self, id: FactId, fact: Fact) {
        if let Some(known) = self.config.facts.get_mut(id.0 as usize) {
            *known = fact;
            self.deliver(Input::Fact(id, fact));
        }
    }

    pub(crate) fn set_outcome(&mut self, script: ScriptId, end: RunEnd) {
        if let Some(outcome) = self.outcomes.get_mut(script.0 as usize) {
            *outcome = end;
        }
    }

    pub(crate) fn outcome(&self, script: ScriptId) -> RunEnd {
        self.outcomes.get(script.0 as usize).copied().unwrap_or(RunEnd::Exited(0))
    }

    /// Number of this run of the daemon: events for another run are ignored.
    pub(crate) fn run(&self) -> u32 {
        self.starts
    }

    pub(crate) fn is_connected(&self, lan: LinkId) -> bool {
        self.config.links.get(lan.0 as usize).is_some_and(|link| link.state.up)
    }

    /// The network of a router.
    pub(crate) fn lan(&self, router: RouterId) -> LinkId {
        self.config.routers.get(router.0 as usize).and_then(|setup| setup.link).unwrap_or(LinkId(0))
    }

    fn group(&self, router: RouterId) -> Option<GroupId> {
        let groups = (0..).map(GroupId).zip(&self.config.groups);
        groups.filter(|(_, group)| group.members.contains(&router)).map(|(id, _)| id).next()
    }

    pub(crate) fn is_attentive(&self) -> bool {
        self.daemon.is_some() && self.stalled_until.is_none()
    }

    pub(crate) fn deliver(&mut self, input: Input) {
        if let Some(daemon) = &mut self.daemon {
            daemon.inbox.push(input);
        }
    }

    /// Whether the daemon has something to do by `now`.
    pub(crate) fn wants_attention(&self, now: Instant) -> bool {
        self.is_attentive()
            && self.daemon.as_ref().is_some_and(|daemon| {
                !daemon.inbox.is_empty() || daemon.alarm.is_some_and(|(_, looks)| looks <= now)
            })
    }

    /// When the daemon looks at its timers next.
    pub(crate) fn looks_at(&self) -> Option<Instant> {
        let daemon = self.daemon.as_ref().filter(|_| self.is_attentive())?;
        daemon.alarm.map(|(_, looks)| looks)
    }

    /// Lets the daemon do everything that waits; gives what it wants done.
    pub(crate) fn attend(&mut self, now: Instant) -> Vec<RequestedAction> {
        self.daemon.as_mut().map(|daemon| daemon.attend(now, &self.config.routers)).unwrap_or_default()
    }

    /// Sets the alarm anew if the node's timeout changed; `late` is how late the daemon will be.
    pub(crate) fn set_alarm(&mut self, late: impl FnOnce() -> Duration) {
        let Some(daemon) = &mut self.daemon else { return };
        let timeout = daemon.node.poll_timeout();
        if daemon.alarm.map(|(timeout, _)| timeout) != timeout {
            daemon.alarm = timeout.map(|timeout| (timeout, timeout + late()));
        }
    }

    pub(crate) fn hold(&mut self, router: RouterId, holds: bool) {
        if holds {
            self.held.insert(router);
        } else {
            self.held.remove(&router);
        }
    }

    pub(crate) fn holds(&self, router: RouterId) -> bool {
        self.held.contains(&router)
    }

    pub(crate) fn neighbours(&self) -> Option<&Neighbours> {
        self.daemon.as_ref().map(|daemon| &daemon.neighbours)
    }

    pub(crate) fn node(&self) -> Option<&Node> {
        self.daemon.as_ref().map(|daemon| &daemon.node)
    }

    pub(crate) fn service(&self, router: RouterId) -> Option<Service> {
        let config = self.node()?.router(router)?.config();
        Some(Service { vrid: config.vrid, family: config.family })
    }

    /// Its routers; none without a daemon.
    pub(crate) fn views(&self, host: HostId) -> impl Iterator<Item = View> {
        (0..self.config.routers.len()).filter_map(move |index| {
            let router = router_id(index);
            let node = self.node()?;
            let lan = self.lan(router);
            Some(View {
                host,
                router,
                service: self.service(router)?,
                state: node.router(router)?.state(),
                standing: node.standing(router)?,
                holds: self.holds(router),
                attentive: self.is_attentive(),
                connected: self.is_connected(lan),
                lan,
                group: self.group(router),
            })
        })
    }
}

fn router_id(index: usize) -> RouterId {
    RouterId(u32::try_from(index).unwrap_or(u32::MAX))
}
