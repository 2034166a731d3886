//! A configuration as a simulated node takes it: the daemon's own plan, on a machine where everything is there and well.

use std::time::Duration;

use keepalived_conf::model::Config;
use vrrp_election::{Fact, FactId, LinkId, LinkState, NodeConfig, TrackTarget};

use super::plan::{Observe, Plan, WatchedFact};

/// The parts of a configuration that a simulator needs.
#[derive(Debug)]
pub struct Rehearsal {
    /// The election's configuration.
    pub node: NodeConfig,
    /// Interfaces that are there without the daemon.
    pub real_links: Vec<LinkId>,
    /// Trackers of the routers beside interfaces and scripts.
    pub trackers: Vec<Tracker>,
}

/// Something tracked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tracker {
    /// Its number for the election.
    pub fact: FactId,
    /// Its name: `file maintenance`.
    pub subject: String,
    /// The fact when it fails.
    pub failed: Fact,
}

impl Rehearsal {
    /// Of this configuration.
    pub fn new(config: &Config) -> Self {
        let plan = Plan::new(1, config);
        let node = plan.node_config(&AllWell);
        let links = plan.links.iter();
        let is_made = |name: &str| plan.virtual_links.iter().any(|wanted| wanted.name == name);
        let real_links = links.filter(|(_, name)| !is_made(name)).map(|(id, _)| id).collect();
        let trackers = plan.facts.iter().filter(|(id, _)| plan.is_tracker(*id));
        let trackers = trackers.map(|(id, fact)| {
            let failed =
                if matches!(fact, WatchedFact::File(_)) { worst_number(&node, id) } else { Fact::Down };
            Tracker { fact: id, subject: plan.target(id.into()), failed }
        });
        let trackers = trackers.collect();
        Self { node, real_links, trackers }
    }
}

/// The number in a file that takes the most from the priorities of those who track it, or puts them into FAULT.
fn worst_number(node: &NodeConfig, file: FactId) -> Fact {
    let mut tracks = node.routers.iter().flat_map(|router| &router.tracks);
    let tracked = tracks.find(|track| track.target == TrackTarget::Fact(file));
    let weight = tracked.map_or(0, |track| if track.reverse { -track.weight } else { track.weight });
    Fact::Value(if weight == 0 { 1 } else { -MOST_POINTS / weight })
}

/// From the highest to the lowest priority.
const MOST_POINTS: i32 = 253;

/// Everything is there and well, and the machine has been up for long.
struct AllWell;

impl Observe for AllWell {
    fn link(&self, _: &str) -> LinkState {
        LinkState { up: true, ipv4: Some([192, 0, 2, 1].into()), ipv6: None }
    }

    fn fact(&self, fact: &WatchedFact) -> Fact {
        if matches!(fact, WatchedFact::File(_)) { Fact::Value(0) } else { Fact::Up }
    }

    fn since_boot(&self) -> Duration {
        Duration::from_secs(3600)
    }
}
