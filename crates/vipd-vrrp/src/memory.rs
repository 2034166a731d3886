//! The parent's memory of this worker for a successor, should it die: the states of its routers and checks, and until
//! when it lived.

use std::time::Duration;

use vrrp_election::{Instant, Intent, Node, NodeMemory, Remember, RouterId, RouterKey, RouterMemory};

use crate::Parent;
use crate::ipc::Memory;

/// Tells the parent what is new, and sometimes what is not.
#[derive(Debug, Default)]
pub(super) struct Reminders {
    /// Interval at which this worker should report that it lives.
    alive_every: Option<Duration>,
    /// When that was last said.
    said_alive: Option<Instant>,
    /// Routers whose counters were told again in this round.
    refreshed: u32,
    refresh_at: Instant,
}

impl Reminders {
    /// The beginning: when the startup delay ends.
    pub(super) fn begin(&mut self, now: Instant, node: &Node, parent: &mut Parent) {
        self.refresh_at = now + REFRESH;
        parent.remember(SPEAKS_FROM.to_owned(), Some(encode(&node.speaks_from())));
    }

    /// After everything that was due by `now` was done: every Active has sent its adverts.
    pub(super) fn tell(&mut self, now: Instant, node: &mut Node, routers: usize, parent: &mut Parent) {
        self.refresh(now, node, routers);
        let mut changed = false;
        while let Some(what) = node.poll_memory() {
            let (key, value) = entry(&what);
            parent.remember(key, value);
            changed = true;
        }
        if changed {
            self.alive_every = node.alive_interval();
        }
        let due = |every: Duration| {
            let pause = (every / 2).max(LEAST_PAUSE);
            self.said_alive.is_none_or(|said| now.since(said) >= pause)
        };
        if self.alive_every.is_some_and(due) {
            self.said_alive = Some(now);
            parent.remember(ALIVE.to_owned(), Some(encode(&now)));
        }
    }

    /// Counters are told again every now and then, a few routers at a time.
    fn refresh(&mut self, now: Instant, node: &mut Node, routers: usize) {
        let routers = u32::try_from(routers).unwrap_or(u32::MAX);
        if routers == 0 || now < self.refresh_at {
            return;
        }
        let batch = BATCH.min(routers);
        for _ in 0..batch {
            node.remember(RouterId(self.refreshed % routers));
            self.refreshed = (self.refreshed + 1) % routers;
        }
        self.refresh_at = now + REFRESH.saturating_mul(batch) / routers;
    }
}

/// The values that a predecessor remembered. Unreadable ones were written by another release.
pub(super) fn recall(memory: &Memory) -> NodeMemory {
    let mut known = NodeMemory::default();
    for (key, value) in memory.iter() {
        match key {
            ALIVE => known.alive = decode(value),
            SPEAKS_FROM => known.speaks_from = decode(value),
            _ if key.starts_with(INTENT) => known.intents.extend(decode::<(RouterKey, Intent)>(value)),
            _ if key.starts_with(ROUTER) => known.routers.extend(decode::<(RouterKey, RouterMemory)>(value)),
            _ => {
                let command = key.strip_prefix(CHECK);
                known.checks.extend(command.and_then(|command| Some((command.to_owned(), decode(value)?))));
            }
        }
    }
    known
}

/// The key and the value under which the parent keeps something.
fn entry(what: &Remember) -> (String, Option<Vec<u8>>) {
    match what {
        Remember::Router(key, memory) => (format!("{ROUTER}{key}"), Some(encode(&(key, memory)))),
        Remember::NoRouter(key) => (format!("{ROUTER}{key}"), None),
        Remember::Intent(key, intent) => {
            (format!("{INTENT}{key}"), intent.as_ref().map(|intent| encode(&(key, intent))))
        }
        Remember::Check(command, up) => (format!("{CHECK}{command}"), up.as_ref().map(encode)),
    }
}

pub(super) fn encode(value: &impl serde::Serialize) -> Vec<u8> {
    // Plain values always can be.
    postcard::to_allocvec(value).unwrap_or_default()
}

pub(super) fn decode<'b, T: serde::Deserialize<'b>>(bytes: &'b [u8]) -> Option<T> {
    postcard::from_bytes(bytes).ok()
}

const ALIVE: &str = "alive";
const SPEAKS_FROM: &str = "speaks from";
const ROUTER: &str = "router ";
const INTENT: &str = "intent ";
const CHECK: &str = "check ";

/// With shorter intervals than twice this, a successor is in doubt sooner.
const LEAST_PAUSE: Duration = Duration::from_millis(50);
/// All counters are told once in this time.
const REFRESH: Duration = Duration::from_secs(30);
const BATCH: u32 = 16;

#[cfg(test)]
mod tests {
    use vrrp_election::{
        IntentKind, LinkId, LinkSetup, LinkState, NodeConfig, RouterConfig, RouterSetup, ScriptConfig,
    };
    use vrrp_election::{ScriptId, ScriptResult, ScriptSetup, State, Track};
    use vrrp_proto::{Family, RouterInterval, Vrid};

    use super::*;

    fn config() -> NodeConfig {
        let vrid = Vrid::new(51).unwrap();
        let router = RouterConfig::new(vrid, Family::Ipv4, RouterInterval::seconds(1).unwrap());
        let state = LinkState { up: true, ipv4: Some([192, 0, 2, 1].into()), ipv6: None };
        let tracks = vec![Track { target: ScriptId(0).into(), weight: -10, reverse: false }];
        NodeConfig {
            routers: vec![RouterSetup { tracks, ..RouterSetup::new(router, LinkId(0)) }],
            links: vec![LinkSetup { name: "eth0".to_owned(), state }],
            scripts: vec![ScriptSetup {
                name: "check".to_owned(),
                command: "true".to_owned(),
                config: ScriptConfig::default(),
            }],
            ..NodeConfig::default()
        }
    }

    /// Puts everything that `node` has to report into the parent's memory.
    fn keep(node: &mut Node, memory: &mut Memory) {
        while let Some(what) = node.poll_memory() {
            let (key, value) = entry(&what);
            memory.note(key, value).unwrap();
        }
    }

    #[test]
    fn a_successor_reads_the_memory() {
        let mut node = Node::new(Instant::ZERO, config());
        node.handle_timeout(Instant::ZERO);
        node.handle_script(Instant::ZERO, ScriptId(0), ScriptResult::Failed);
        let kind = IntentKind::Maintenance { hard: true };
        let intent = Intent { why: "disk".to_owned(), ..Intent::new(kind, Instant::ZERO) };
        node.handle_intent(Instant::ZERO, RouterId(0), &intent).unwrap();
        let mut memory = Memory::default();
        keep(&mut node, &mut memory);
        memory.note(ALIVE.to_owned(), Some(encode(&Instant::from_nanos(7)))).unwrap();
        memory.note("held eth0".to_owned(), Some(vec![1, 2, 3])).unwrap();
        let known = recall(&memory);
        assert_eq!(known.alive, Some(Instant::from_nanos(7)));
        assert_eq!(known.checks.get("true"), Some(&false));
        assert_eq!(known.intents.into_values().collect::<Vec<_>>(), [intent]);
        let routers: Vec<_> = known.routers.iter().collect();
        assert!(matches!(routers[..], [(_, RouterMemory { state: State::Initialize, .. })]));
        assert_eq!(routers[0].0, &RouterKey::all(&config())[0]);
    }

    #[test]
    fn routers_that_are_no_longer_configured_are_forgotten() {
        let mut node = Node::new(Instant::ZERO, config());
        let mut memory = Memory::default();
        keep(&mut node, &mut memory);
        node.handle_reload(Instant::ZERO, NodeConfig::default());
        while node.poll_action().is_some() {}
        keep(&mut node, &mut memory);
        assert!(memory.is_empty());
    }

    #[test]
    fn damaged_values_are_nothing() {
        let mut memory = Memory::default();
        for key in [ALIVE, SPEAKS_FROM, "router x", "check x", "else"] {
            memory.note(key.to_owned(), Some(vec![0xff; 3])).unwrap();
        }
        assert_eq!(recall(&memory), NodeMemory::default());
    }
}
