//! Observations of files and processes, and the changes that have lasted long enough to count.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::{Deserialize, Serialize};
use vrrp_election::{Delays, Fact, Instant, Pending, Settling};

use super::changes::Changes;
use super::plan::{Plan, ProcessCheck, WatchedFact};
use super::wire::now;
use super::{Worker, memory};
use crate::Parent;
use crate::ipc::{Memory, SessionKey};
use crate::watcher::{Observation, Subject};

/// State beside the kernel's tables.
#[derive(Debug, Default)]
pub(super) struct Trackers {
    observed: HashMap<Subject, i32>,
    /// BFD sessions that were told of. One that was not is down.
    sessions: HashMap<SessionKey, bool>,
    links: Settling<String>,
    processes: Settling<ProcessCheck>,
    /// Whether each process tracker had its quorum when that was last said.
    reported: HashMap<String, bool>,
    /// Changes that do not count yet, as a successor would be told of them.
    remembered: BTreeMap<Delayed, Pending>,
    /// When each changed last.
    pub(super) changes: Changes,
}

/// Something whose changes have to last.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
enum Delayed {
    Link(String),
    Processes(ProcessCheck),
}

impl Trackers {
    /// Takes the parent's observations at the start, and a predecessor's memory.
    pub(super) fn start(observed: Vec<Observation>, memory: Option<&Memory>) -> Self {
        let mut trackers = Self::default();
        trackers.note(observed);
        for (delayed, pending) in memory.into_iter().flat_map(Memory::iter).filter_map(recall) {
            trackers.remembered.insert(delayed.clone(), pending);
            match delayed {
                Delayed::Link(name) => trackers.links.resume(name, pending),
                Delayed::Processes(check) => trackers.processes.resume(check, pending),
            }
        }
        trackers
    }

    /// Adds the states of BFD sessions.
    pub(super) fn with_sessions(self, sessions: Vec<(SessionKey, bool)>) -> Self {
        Self { sessions: sessions.into_iter().collect(), ..self }
    }

    /// Takes note of what was seen.
    pub(super) fn note(&mut self, observed: Vec<Observation>) {
        self.observed.extend(observed.into_iter().map(|seen| (seen.subject, seen.value)));
    }

    /// Looks at everything whose changes have to last. `is_up` says how an interface is; one that is not there is down
    /// at once.
    pub(super) fn look(&mut self, now: Instant, plan: &Plan, is_up: impl Fn(&str) -> Option<bool>) {
        for (name, delays) in &plan.link_delays {
            let (up, delays) = is_up(name).map_or((false, Delays::default()), |up| (up, *delays));
            self.links.observe(now, name.clone(), up, delays);
        }
        for (_, fact) in plan.facts.iter() {
            if let WatchedFact::Processes(check) = fact
                && let Some(&count) = self.observed.get(&Subject::Processes(check.pattern.clone()))
            {
                if self.processes.up(check).is_none()
                    && let Some(up) = self.before(check)
                {
                    self.processes.adopt(check.clone(), up);
                }
                self.processes.observe(now, check.clone(), check.is_met(count), check.delays);
            }
        }
    }

    /// The state that counted of the same check when it had other delays.
    fn before(&self, check: &ProcessCheck) -> Option<bool> {
        let is_same = |other: &&ProcessCheck| other.is_same(check);
        let other = self.processes.keys().find(is_same)?;
        self.processes.up(other)
    }

    /// From here on only what this plan asks for matters.
    pub(super) fn retain(&mut self, plan: &Plan) {
        let processes = &plan.config.track_processes;
        self.reported.retain(|name, _| processes.iter().any(|process| process.name == *name));
        self.links.retain(|name| plan.link_delays.contains_key(name));
        let fact = |check: &ProcessCheck| plan.facts.known(&WatchedFact::Processes(check.clone()));
        self.processes.retain(|check| fact(check).is_some());
        let watched: HashSet<Subject> = plan.facts.iter().filter_map(|(_, fact)| subject(fact)).collect();
        self.observed.retain(|subject, _| watched.contains(subject));
    }

    /// Whether an interface counts as up, if its changes have to last.
    pub(super) fn link(&self, name: &str) -> Option<bool> {
        self.links.up(name)
    }

    /// The fact about a file or about processes, for the election.
    pub(super) fn fact(&self, fact: &WatchedFact) -> Fact {
        match fact {
            WatchedFact::File(path) => {
                let number = self.observed.get(&Subject::File(path.clone()));
                number.map_or(Fact::Unknown, |&number| Fact::Value(number))
            }
            WatchedFact::Processes(check) => self.processes.up(check).map_or(Fact::Unknown, Fact::from),
            WatchedFact::Session(key) => self.sessions.get(key).copied().unwrap_or_default().into(),
            WatchedFact::Socket(_) | WatchedFact::Source { .. } | WatchedFact::Static(_) => Fact::Unknown,
        }
    }

    /// The last observation.
    pub(super) fn value(&self, subject: &Subject) -> Option<i32> {
        self.observed.get(subject).copied()
    }

    /// The state that a check will have once it has lasted.
    pub(super) fn awaits(&self, check: &ProcessCheck) -> Option<bool> {
        self.processes.pending().find(|(other, _)| *other == check).map(|(_, pending)| pending.up)
    }

    /// Lines for the log, in keepalived's words: quorums that were gained or lost since the last call.
    pub(super) fn news(&mut self, plan: &Plan) -> Vec<String> {
        let mut lines = Vec::new();
        for process in &plan.config.track_processes {
            let check = ProcessCheck::new(process);
            let Some(up) = self.processes.up(&check) else { continue };
            let before = self.reported.insert(process.name.clone(), up).unwrap_or(false);
            if before != up {
                let what = if up { "gained" } else { "lost" };
                lines.push(format!("Quorum {what} for tracked process {}", process.name));
            }
        }
        lines
    }

    /// When a change counts next.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        [self.links.poll_timeout(), self.processes.poll_timeout()].into_iter().flatten().min()
    }

    /// Changes that have lasted count now. Gives whether there were any.
    fn handle_timeout(&mut self, now: Instant) -> bool {
        let links = !self.links.handle_timeout(now).is_empty();
        let processes = !self.processes.handle_timeout(now).is_empty();
        links || processes
    }

    /// Has the parent remember the changes that do not count yet.
    pub(super) fn remind(&mut self, parent: &mut Parent) {
        if self.poll_timeout().is_none() && self.remembered.is_empty() {
            return;
        }
        let links = self.links.pending().map(|(name, pending)| (Delayed::Link(name.clone()), pending));
        let processes = self.processes.pending();
        let processes = processes.map(|(check, pending)| (Delayed::Processes(check.clone()), pending));
        let pending: BTreeMap<Delayed, Pending> = links.chain(processes).collect();
        for delayed in self.remembered.keys().filter(|delayed| !pending.contains_key(delayed)) {
            parent.remember(key(delayed), None);
        }
        for (delayed, pending) in &pending {
            if self.remembered.get(delayed) != Some(pending) {
                parent.remember(key(delayed), Some(memory::encode(&(delayed, pending))));
            }
        }
        self.remembered = pending;
    }
}

impl Worker {
    /// The watcher saw something.
    pub(super) fn take_observations(&mut self, observed: Vec<Observation>) {
        self.trackers.note(observed);
        self.look_at_trackers();
    }

    /// A BFD session went up or down.
    pub(super) fn note_session(&mut self, key: SessionKey, up: bool) {
        self.trackers.sessions.insert(key, up);
        if let Some(id) = self.plan.facts.known(&WatchedFact::Session(key)) {
            let now = now();
            self.node.handle_fact(now, id, up.into());
            self.note_changes(now);
        }
    }

    /// Tells those who follow events what changed of all that is tracked.
    pub(super) fn note_changes(&mut self, now: Instant) {
        for event in self.trackers.changes.note(now, &self.plan, &self.node) {
            self.parent.happened(&event);
        }
    }

    /// Time passed.
    pub(super) fn settle_trackers(&mut self, now: Instant) {
        if self.trackers.poll_timeout().is_some_and(|at| at <= now) && self.trackers.handle_timeout(now) {
            self.tell_facts(now);
        }
    }

    fn look_at_trackers(&mut self) {
        let now = now();
        self.trackers.look(now, &self.plan, |name| self.kernel.is_up(name));
        self.tell_facts(now);
    }
}

/// The subject that the watcher looks at for a fact.
fn subject(fact: &WatchedFact) -> Option<Subject> {
    match fact {
        WatchedFact::File(path) => Some(Subject::File(path.clone())),
        WatchedFact::Processes(check) => Some(Subject::Processes(check.pattern.clone())),
        WatchedFact::Source { .. }
        | WatchedFact::Socket(_)
        | WatchedFact::Static(_)
        | WatchedFact::Session(_) => None,
    }
}

fn key(delayed: &Delayed) -> String {
    match delayed {
        Delayed::Link(name) => format!("{PREFIX}interface {name}"),
        Delayed::Processes(check) => format!("{PREFIX}processes {check:?}"),
    }
}

fn recall((key, value): (&str, &[u8])) -> Option<(Delayed, Pending)> {
    key.strip_prefix(PREFIX)?;
    memory::decode(value)
}

const PREFIX: &str = "delayed ";

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::ipc::Generation;

    const TEXT: &str = "interface_up_down_delays {\n eth0 4 2\n}\n\
        track_file F {\n file /run/n\n}\n\
        vrrp_track_process P {\n process haproxy\n quorum 2\n terminate_delay 3\n}\n\
        vrrp_instance V {\n interface eth0\n virtual_router_id 51\n track_file {\n F\n }\n track_process {\n P\n }\n}\n";

    fn plan(text: &str) -> Plan {
        Plan::new(Generation::default(), keepalived_conf::load_str(text).config)
    }

    fn at(ms: u64) -> Instant {
        Instant::ZERO + Duration::from_millis(ms)
    }

    fn counted(plan: &Plan, count: i32) -> Vec<Observation> {
        let facts = plan.facts.iter();
        let patterns = facts.filter_map(|(_, fact)| match fact {
            WatchedFact::Processes(check) => Some(check.pattern.clone()),
            _ => None,
        });
        patterns.map(|pattern| Observation { subject: Subject::Processes(pattern), value: count }).collect()
    }

    fn facts(trackers: &Trackers, plan: &Plan) -> Vec<Fact> {
        let watched = plan.facts.iter().filter(|(_, fact)| !matches!(fact, WatchedFact::Socket(_)));
        watched.map(|(_, fact)| trackers.fact(fact)).collect()
    }

    #[test]
    fn a_subject_that_nobody_has_seen_is_unknown_and_a_seen_one_is_known_at_once() {
        let plan = plan(TEXT);
        let mut trackers = Trackers::default();
        trackers.look(at(0), &plan, |_| Some(true));
        assert_eq!(facts(&trackers, &plan), [Fact::Unknown, Fact::Unknown]);
        let mut seen = counted(&plan, 1);
        seen.push(Observation { subject: Subject::File("/run/n".into()), value: -7 });
        let mut trackers = Trackers::start(seen, None);
        trackers.look(at(0), &plan, |_| Some(true));
        assert_eq!(facts(&trackers, &plan), [Fact::Value(-7), Fact::Down], "one of two is too few");
    }

    #[test]
    fn an_interface_that_is_gone_is_down_at_once() {
        let plan = plan(TEXT);
        let mut trackers = Trackers::default();
        trackers.look(at(0), &plan, |_| Some(true));
        trackers.look(at(10), &plan, |_| None);
        assert_eq!((trackers.link("eth0"), trackers.poll_timeout()), (Some(false), None));
        trackers.look(at(20), &plan, |_| Some(true));
        assert_eq!((trackers.link("eth0"), trackers.poll_timeout()), (Some(false), Some(at(2_020))));
    }

    #[test]
    fn quorums_are_reported_when_they_change() {
        let plan = plan(TEXT);
        let mut trackers = Trackers::start(counted(&plan, 2), None);
        trackers.look(at(0), &plan, |_| Some(true));
        assert_eq!(trackers.news(&plan), ["Quorum gained for tracked process P"]);
        trackers.note(counted(&plan, 1));
        trackers.look(at(0), &plan, |_| Some(true));
        assert!(trackers.news(&plan).is_empty(), "it does not count yet");
        assert!(trackers.handle_timeout(at(3_000)));
        assert_eq!(trackers.news(&plan), ["Quorum lost for tracked process P"]);
        assert!(trackers.news(&plan).is_empty());
    }

    #[test]
    fn a_successor_goes_on_with_delays_that_run() {
        let plan = plan(TEXT);
        let mut trackers = Trackers::start(counted(&plan, 2), None);
        trackers.look(at(0), &plan, |_| Some(true));
        trackers.note(counted(&plan, 1));
        trackers.look(at(100), &plan, |_| Some(false));
        assert_eq!(trackers.link("eth0"), Some(true));
        assert_eq!(facts(&trackers, &plan)[1], Fact::Up);
        let mut memory = Memory::default();
        let pending = trackers.links.pending().map(|(name, pending)| (Delayed::Link(name.clone()), pending));
        let processes = trackers.processes.pending();
        let processes = processes.map(|(check, pending)| (Delayed::Processes(check.clone()), pending));
        for (delayed, pending) in pending.chain(processes) {
            memory.note(key(&delayed), Some(memory::encode(&(&delayed, pending)))).unwrap();
        }
        let mut successor = Trackers::start(counted(&plan, 1), Some(&memory));
        successor.look(at(1_000), &plan, |_| Some(false));
        assert_eq!(successor.link("eth0"), Some(true), "the interface is down for less than 4 s");
        assert_eq!(facts(&successor, &plan)[1], Fact::Up, "processes are too few for less than 3 s");
        assert_eq!(successor.poll_timeout(), Some(at(3_100)));
        assert!(successor.handle_timeout(at(4_100)));
        assert_eq!((successor.link("eth0"), facts(&successor, &plan)[1]), (Some(false), Fact::Down));
    }

    #[test]
    fn a_reload_that_edits_a_delay_does_not_make_a_pending_change_count() {
        let old = plan(TEXT);
        let new = plan(&TEXT.replace("terminate_delay 3", "terminate_delay 5"));
        let mut trackers = Trackers::start(counted(&old, 2), None);
        trackers.look(at(0), &old, |_| Some(true));
        trackers.note(counted(&old, 0));
        trackers.look(at(100), &old, |_| Some(true));
        trackers.look(at(200), &new, |_| Some(true));
        trackers.retain(&new);
        assert_eq!(facts(&trackers, &new)[1], Fact::Up);
        assert_eq!(trackers.poll_timeout(), Some(at(5_200)));
    }

    #[test]
    fn subjects_that_a_reload_dropped_are_forgotten() {
        let old = plan(TEXT);
        let mut trackers = Trackers::start(counted(&old, 2), None);
        trackers.look(at(0), &old, |_| Some(true));
        trackers.look(at(1), &old, |_| Some(false));
        trackers.retain(&plan(""));
        assert_eq!((trackers.link("eth0"), trackers.poll_timeout()), (None, None));
        assert!(trackers.observed.is_empty());
    }
}
