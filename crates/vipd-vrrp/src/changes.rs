//! When what routers track changed last: files, processes, sessions and interfaces. Scripts are the election's.

use std::collections::HashMap;

use vipd_status::{EventKind, TrackerKind};
use vrrp_election::{Fact, Instant, Node, TrackTarget};

use super::plan::{Plan, WatchedFact};

/// The last observation of each, by its name in the file: a reload that leaves it there forgets nothing.
#[derive(Debug, Default)]
pub(super) struct Changes {
    seen: HashMap<(TrackerKind, String), (Fact, Instant)>,
}

impl Changes {
    /// Looks at everything that is tracked: gives the changes, except of things that were not known before.
    pub(super) fn note(&mut self, now: Instant, plan: &Plan, node: &Node) -> Vec<EventKind> {
        let facts = plan.facts.iter().map(|(id, _)| TrackTarget::from(id));
        let targets = facts.chain(plan.links.iter().map(|(id, _)| id.into()));
        let mut before = std::mem::take(&mut self.seen);
        let mut events = Vec::new();
        for (target, key) in targets.filter_map(|target| Some((target, tracked(plan, target)?))) {
            let fact = node.fact(target);
            let known = before.remove(&key);
            if fact == Fact::Unknown {
                continue;
            }
            let since = known.filter(|(known, _)| *known == fact).map(|(_, since)| since);
            if known.is_some() && since.is_none() {
                events.push(event(&key, fact));
            }
            self.seen.insert(key, (fact, since.unwrap_or(now)));
        }
        events
    }

    /// Since when it is as it is; `None` if nothing is known of it.
    pub(super) fn since(&self, kind: TrackerKind, name: &str) -> Option<Instant> {
        self.seen.get(&(kind, name.to_owned())).map(|(_, since)| *since)
    }
}

fn event((kind, name): &(TrackerKind, String), fact: Fact) -> EventKind {
    let (up, reason) = match fact {
        Fact::Value(value) => (value == 0, Some(format!("holds {value}"))),
        fact => (fact == Fact::Up, None),
    };
    EventKind::Tracker { tracker: *kind, name: name.clone(), up, reason }
}

/// The kind and the name of something that a file has instances track; `None` for what they need by themselves.
pub(super) fn tracked(plan: &Plan, target: TrackTarget) -> Option<(TrackerKind, String)> {
    let kind = match target {
        TrackTarget::Link(link) => return Some((TrackerKind::Interface, plan.links.name(link)?.clone())),
        TrackTarget::Script(script) => {
            return Some((TrackerKind::Script, plan.script_name(script).to_owned()));
        }
        TrackTarget::Fact(fact) => match plan.facts.name(fact)? {
            WatchedFact::File(_) => TrackerKind::File,
            WatchedFact::Processes(_) => TrackerKind::Process,
            WatchedFact::Session(_) => TrackerKind::Bfd,
            WatchedFact::Source { .. } | WatchedFact::Socket(_) | WatchedFact::Static(_) => return None,
        },
    };
    let TrackTarget::Fact(fact) = target else { return None };
    Some((kind, plan.tracker_name(fact)?.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Observe, WatchedFact};
    use vrrp_election::{FactId, LinkId, LinkState};

    struct AllGood;

    impl Observe for AllGood {
        fn link(&self, _: &str) -> LinkState {
            LinkState { up: true, ipv4: Some([192, 0, 2, 1].into()), ipv6: None }
        }

        fn fact(&self, fact: &WatchedFact) -> Fact {
            if matches!(fact, WatchedFact::File(_)) { Fact::Unknown } else { Fact::Up }
        }
    }

    const TEXT: &str = "track_file F {\n file /run/f\n}\n\
        vrrp_instance V {\n interface eth0\n virtual_router_id 51\n track_file {\n F weight 0\n }\n \
        virtual_ipaddress {\n 192.0.2.10/24\n }\n}\n";

    fn at(seconds: u64) -> Instant {
        Instant::from_nanos(seconds * 1_000_000_000)
    }

    fn plan(generation: u32) -> Plan {
        Plan::new(generation, keepalived_conf::load_str(TEXT).config)
    }

    #[test]
    fn a_change_is_told_once_and_dated_and_a_reload_forgets_nothing() {
        let plan = plan(0);
        let mut node = Node::new(at(1), plan.node_config(&AllGood));
        let file = plan.facts.iter().find(|(_, fact)| matches!(fact, WatchedFact::File(_))).unwrap().0;
        let mut changes = Changes::default();
        let mut set = |seconds, id: FactId, fact| {
            node.handle_fact(at(seconds), id, fact);
            changes.note(at(seconds), &plan, &node)
        };
        assert_eq!(set(1, file, Fact::Unknown), []);
        assert_eq!(set(2, file, Fact::Value(0)), [], "it is known for the first time");
        assert_eq!(set(3, file, Fact::Value(0)), []);
        let tracker = |name: &str, kind, up, reason: Option<&str>| EventKind::Tracker {
            tracker: kind,
            name: name.to_owned(),
            up,
            reason: reason.map(str::to_owned),
        };
        assert_eq!(set(5, file, Fact::Value(1)), [tracker("F", TrackerKind::File, false, Some("holds 1"))]);
        node.handle_link(at(7), LinkId(0), LinkState::default());
        let down = [tracker("eth0", TrackerKind::Interface, false, None)];
        assert_eq!(changes.note(at(7), &plan, &node), down);
        let again = self::plan(1);
        assert_eq!(changes.note(at(9), &again, &node), []);
        assert_eq!(changes.since(TrackerKind::File, "F"), Some(at(5)));
        assert_eq!(changes.since(TrackerKind::Interface, "eth0"), Some(at(7)));
        assert_eq!(changes.since(TrackerKind::File, "G"), None);
    }
}
