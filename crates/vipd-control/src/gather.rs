//! Collecting what each worker process knows into one status.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde::Serialize;
use serde_json::value::RawValue;
use vipd_status::{Daemon, Role, Timestamp, Worker};

use crate::ClientId;

/// Collects the answers of the workers for everybody who asked meanwhile, and waits for none of them longer than a
/// second.
#[derive(Debug, Default)]
pub struct Gatherer {
    last: u32,
    round: Option<Round>,
    cached: Option<(Instant, Bytes)>,
}

/// One question to all workers.
#[derive(Debug)]
struct Round {
    until: Instant,
    missing: BTreeSet<Role>,
    /// Somebody looks at the files of the configuration.
    awaits_files: bool,
    parts: Parts,
    waiting: Vec<ClientId>,
    /// Something was changed since the workers were asked: their answers may be older.
    outdated: bool,
}

/// Treatment of a question.
#[derive(Debug, PartialEq, Eq)]
pub enum Gathering {
    /// This is the answer: it was put together a moment ago.
    Fresh(Bytes),
    /// The answer will be part of the next [`Collected`].
    Waiting,
    /// The same; ask the workers, with this number.
    Begin(u32),
}

/// Everything that was said in time.
#[derive(Debug)]
pub struct Collected {
    /// Workers that did not answer in time.
    pub silent: BTreeSet<Role>,
    /// Answers of the others.
    pub parts: Parts,
    /// The clients that wait for it.
    pub waiting: Vec<ClientId>,
    keep: bool,
}

/// Parts of a status, as they were said: JSON that is copied and not understood.
#[derive(Debug, Default)]
pub struct Parts {
    lists: BTreeMap<String, Vec<Box<RawValue>>>,
    octets: usize,
}

impl Gatherer {
    /// A client asks how everything stands, while workers run in these roles.
    pub fn ask(
        &mut self,
        now: Instant,
        client: ClientId,
        roles: impl IntoIterator<Item = Role>,
    ) -> Gathering {
        if let Some((at, line)) = &self.cached
            && now < *at + CACHED
        {
            return Gathering::Fresh(line.clone());
        }
        if let Some(round) = self.round.as_mut().filter(|round| !round.outdated) {
            round.waiting.push(client);
            return Gathering::Waiting;
        }
        // A client that waits for an older round gets the newer one.
        let mut waiting = self.round.take().map(|round| round.waiting).unwrap_or_default();
        waiting.push(client);
        self.last = self.last.wrapping_add(1);
        self.round = Some(Round {
            until: now + PATIENCE,
            missing: roles.into_iter().collect(),
            awaits_files: false,
            parts: Parts::default(),
            waiting,
            outdated: false,
        });
        Gathering::Begin(self.last)
    }

    /// The round that has begun waits for [`handle_files`](Self::handle_files) as well, no longer than for a worker.
    pub fn await_files(&mut self) {
        if let Some(round) = &mut self.round {
            round.awaits_files = true;
        }
    }

    /// Somebody has looked at the files of the configuration.
    pub fn handle_files(&mut self) {
        if let Some(round) = &mut self.round {
            round.awaits_files = false;
        }
    }

    /// A worker says a part of what it knows.
    pub fn handle_part(&mut self, role: Role, request: u32, part: &[u8], last: bool) {
        let Some(round) = self.round.as_mut().filter(|_| request == self.last) else { return };
        if !round.missing.contains(&role) {
            return;
        }
        round.parts.add(part);
        if last {
            round.missing.remove(&role);
        }
    }

    /// A worker ended: it will not answer.
    pub fn handle_end(&mut self, role: Role) {
        if let Some(round) = &mut self.round {
            round.missing.remove(&role);
        }
    }

    /// Something was changed: an answer of before is not true any more.
    pub fn handle_change(&mut self) {
        self.cached = None;
        if let Some(round) = &mut self.round {
            round.outdated = true;
        }
    }

    /// When [`poll_collected`](Self::poll_collected) gives something at the latest.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.round.as_ref().map(|round| round.until)
    }

    /// The collected parts, once every worker has answered or its time is over.
    pub fn poll_collected(&mut self, now: Instant) -> Option<Collected> {
        let is_over =
            |round: &mut Round| (round.missing.is_empty() && !round.awaits_files) || now >= round.until;
        let Round { missing, parts, waiting, outdated, .. } = self.round.take_if(is_over)?;
        Some(Collected { silent: missing, parts, waiting, keep: !outdated })
    }

    /// The answer made of it is good for a moment.
    pub fn keep(&mut self, now: Instant, collected: &Collected, line: Bytes) {
        if collected.keep {
            self.cached = Some((now, line));
        }
    }

    /// Gives the memory of an old answer back.
    pub fn tidy(&mut self, now: Instant) {
        self.cached.take_if(|(at, _)| now >= *at + CACHED);
    }
}

impl Parts {
    /// Adds a worker's part. Text that is no part, or too much, is left out.
    pub fn add(&mut self, part: &[u8]) {
        self.octets = self.octets.saturating_add(part.len());
        // A line of an answer must stay one line.
        if part.is_empty() || part.contains(&b'\n') || self.octets > MAX_OCTETS {
            return;
        }
        if let Ok(lists) = serde_json::from_slice::<BTreeMap<String, Vec<Box<RawValue>>>>(part) {
            for (name, list) in lists {
                self.lists.entry(name).or_default().extend(list);
            }
        }
    }

    /// The line of the whole answer, with its end.
    pub fn line(&self, at: Timestamp, daemon: &Daemon, workers: &[Worker]) -> Bytes {
        let list = |name: &str| self.lists.get(name).map(Vec::as_slice).unwrap_or_default();
        let whole = Whole {
            is: "status",
            v: vipd_status::VERSION,
            at,
            daemon,
            workers,
            instances: list("instances"),
            groups: list("groups"),
            trackers: list("trackers"),
            neighbours: list("neighbours"),
            services: list("services"),
            bfd: list("bfd"),
        };
        let mut line = serde_json::to_vec(&whole).unwrap_or_default();
        line.push(b'\n');
        line.into()
    }
}

/// A [`vipd_status::Status`] with the variant of the answer before it.
#[derive(Serialize)]
struct Whole<'a> {
    is: &'static str,
    v: u32,
    at: Timestamp,
    daemon: &'a Daemon,
    workers: &'a [Worker],
    instances: &'a [Box<RawValue>],
    groups: &'a [Box<RawValue>],
    trackers: &'a [Box<RawValue>],
    neighbours: &'a [Box<RawValue>],
    services: &'a [Box<RawValue>],
    bfd: &'a [Box<RawValue>],
}

/// Longest wait for a worker.
const PATIENCE: Duration = Duration::from_secs(1);

/// Time for which an answer serves others who ask the same.
const CACHED: Duration = Duration::from_millis(200);

/// Longest answer of all workers together.
const MAX_OCTETS: usize = 64 << 20;

#[cfg(test)]
mod tests {
    use vipd_status::{ConfigState, Group, Part};

    use super::*;
    use crate::Answer;

    const A: ClientId = ClientId(1);
    const B: ClientId = ClientId(2);
    const BOTH: [Role; 2] = [Role::Vrrp, Role::Lvs];

    fn daemon() -> Daemon {
        Daemon {
            version: "0.1.0".to_owned(),
            pid: 7,
            start: Timestamp::UNIX_EPOCH,
            config: ConfigState {
                file: "/etc/keepalived/keepalived.conf".to_owned(),
                loaded: Timestamp::UNIX_EPOCH,
                reloads: 0,
                last_reload: None,
                stale: false,
                confirm_until: None,
            },
        }
    }

    fn groups(name: &str) -> Vec<u8> {
        let group = Group { name: name.to_owned(), ..Group::default() };
        serde_json::to_vec(&Part::Groups(vec![group])).unwrap()
    }

    fn begin(gatherer: &mut Gatherer, now: Instant) -> u32 {
        match gatherer.ask(now, A, BOTH) {
            Gathering::Begin(number) => number,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn files_that_are_looked_at_are_waited_for_as_a_worker_is() {
        let (mut gatherer, start) = (Gatherer::default(), Instant::now());
        for answered in [true, false] {
            let Gathering::Begin(_) = gatherer.ask(start, A, []) else { panic!("no round") };
            gatherer.await_files();
            assert!(gatherer.poll_collected(start).is_none());
            if answered {
                gatherer.handle_files();
                assert_eq!(gatherer.poll_collected(start).unwrap().waiting, [A]);
            } else {
                assert_eq!(gatherer.poll_collected(start + PATIENCE).unwrap().waiting, [A]);
            }
        }
    }

    #[test]
    fn parts_of_all_workers_become_one_line() {
        let (mut gatherer, now) = (Gatherer::default(), Instant::now());
        let request = begin(&mut gatherer, now);
        gatherer.handle_part(Role::Vrrp, request, &groups("G1"), false);
        gatherer.handle_part(Role::Lvs, request, b"", true);
        assert!(gatherer.poll_collected(now).is_none(), "one is still speaking");
        gatherer.handle_part(Role::Vrrp, request, &groups("G2"), true);
        let collected = gatherer.poll_collected(now).unwrap();
        assert!(collected.silent.is_empty());
        let line = collected.parts.line(Timestamp::UNIX_EPOCH, &daemon(), &[]);
        assert_eq!(line.iter().position(|&octet| octet == b'\n'), Some(line.len() - 1), "one line");
        let Answer::Status(status) = serde_json::from_slice(&line).unwrap() else { panic!("{line:?}") };
        assert_eq!(status.daemon, daemon());
        assert_eq!(status.groups.iter().map(|group| group.name.as_str()).collect::<Vec<_>>(), ["G1", "G2"]);
    }

    #[test]
    fn clients_that_ask_meanwhile_or_a_moment_later_get_the_same_answer() {
        let (mut gatherer, now) = (Gatherer::default(), Instant::now());
        let request = begin(&mut gatherer, now);
        assert_eq!(gatherer.ask(now, B, BOTH), Gathering::Waiting);
        for role in BOTH {
            gatherer.handle_part(role, request, b"", true);
        }
        let collected = gatherer.poll_collected(now).unwrap();
        assert_eq!(collected.waiting, [A, B]);
        gatherer.keep(now, &collected, "answer".into());
        assert_eq!(gatherer.ask(now + CACHED / 2, B, BOTH), Gathering::Fresh("answer".into()));
        assert_eq!(gatherer.ask(now + CACHED, B, BOTH), Gathering::Begin(request + 1));
    }

    #[test]
    fn a_worker_that_does_not_answer_is_not_waited_for() {
        let (mut gatherer, now) = (Gatherer::default(), Instant::now());
        let request = begin(&mut gatherer, now);
        gatherer.handle_part(Role::Vrrp, request, &groups("G"), true);
        assert_eq!(gatherer.poll_timeout(), Some(now + PATIENCE));
        assert!(gatherer.poll_collected(now).is_none());
        let collected = gatherer.poll_collected(now + PATIENCE).unwrap();
        assert_eq!(collected.silent, BTreeSet::from([Role::Lvs]));
        gatherer.handle_part(Role::Lvs, request, &groups("late"), true);
        assert!(gatherer.poll_collected(now + PATIENCE).is_none());
    }

    #[test]
    fn a_worker_that_ends_is_not_waited_for_and_not_silent() {
        let (mut gatherer, now) = (Gatherer::default(), Instant::now());
        begin(&mut gatherer, now);
        gatherer.handle_end(Role::Vrrp);
        gatherer.handle_end(Role::Lvs);
        assert!(gatherer.poll_collected(now).unwrap().silent.is_empty());
    }

    #[test]
    fn after_a_change_no_client_gets_an_older_answer() {
        let (mut gatherer, now) = (Gatherer::default(), Instant::now());
        let old = begin(&mut gatherer, now);
        gatherer.handle_change();
        let Gathering::Begin(new) = gatherer.ask(now, B, BOTH) else { panic!() };
        gatherer.handle_part(Role::Vrrp, old, &groups("old"), true);
        gatherer.handle_part(Role::Lvs, old, b"", true);
        assert!(gatherer.poll_collected(now).is_none());
        for role in BOTH {
            gatherer.handle_part(role, new, b"", true);
        }
        assert_eq!(gatherer.poll_collected(now).unwrap().waiting, [A, B]);
        // Without a second question the answer is given, and not kept.
        let request = begin(&mut gatherer, now);
        gatherer.handle_change();
        for role in BOTH {
            gatherer.handle_part(role, request, b"", true);
        }
        let collected = gatherer.poll_collected(now).unwrap();
        gatherer.keep(now, &collected, "old".into());
        assert!(matches!(gatherer.ask(now, A, BOTH), Gathering::Begin(_)));
    }

    #[test]
    fn text_that_is_no_part_is_left_out() {
        let mut parts = Parts::default();
        for part in [&b"{\"groups\":\n[]}"[..], b"[", b"{\"groups\":7}", b"\xff"] {
            parts.add(part);
        }
        assert!(parts.lists.is_empty());
    }
}
