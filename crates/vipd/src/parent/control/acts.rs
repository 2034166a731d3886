//! Acts of operators that a worker was asked for, until their clients have an answer.
//!
//! An act whose addresses begin to move is answered when that is over, or after [`MOVING`]. Every client is answered,
//! whatever happens to the worker.

use std::time::{Duration, Instant};

use vipd_control::{Answer, ClientId, Refusal};
use vipd_supervisor::WorkerId;

use crate::ipc::{ActKind, ActOutcome, ActRefusal, ActResult, OutcomeKind, SteerRefusal};

/// The acts that somebody waits for.
#[derive(Debug, Default)]
pub(in crate::parent) struct Acts {
    last: u32,
    waiting: Vec<Waiting>,
}

/// An act that a client waits for.
#[derive(Debug)]
struct Waiting {
    client: ClientId,
    request: u32,
    worker: WorkerId,
    /// Its name in the log.
    process: &'static str,
    /// `None` for what is answered at once: an act on a real server, or a question.
    kind: Option<ActKind>,
    until: Instant,
    /// The worker has accepted the act.
    accepted: bool,
    /// Instances whose addresses move.
    moving: Vec<String>,
    /// The answer so far.
    lines: Vec<String>,
    failed: bool,
}

/// A client that waits no longer, and its answer.
pub(in crate::parent) type Answered = (ClientId, Answer);

impl Acts {
    /// A client asks a worker for something; gives the number of the question.
    pub(in crate::parent) fn begin(
        &mut self,
        now: Instant,
        client: ClientId,
        worker: WorkerId,
        kind: Option<ActKind>,
    ) -> u32 {
        let process = if kind.is_some() { "VRRP" } else { "LVS" };
        self.wait_for(now, client, (worker, process), kind)
    }

    /// A client asks the VRRP worker to show something.
    pub(in crate::parent) fn ask(&mut self, now: Instant, client: ClientId, worker: WorkerId) -> u32 {
        self.wait_for(now, client, (worker, "VRRP"), None)
    }

    /// A worker has answered such a question; gives who asked.
    pub(in crate::parent) fn handle_shown(&mut self, request: u32) -> Option<ClientId> {
        let answered = self.waiting.extract_if(.., |waiting| waiting.request == request).next();
        answered.map(|waiting| waiting.client)
    }

    fn wait_for(
        &mut self,
        now: Instant,
        client: ClientId,
        (worker, process): (WorkerId, &'static str),
        kind: Option<ActKind>,
    ) -> u32 {
        self.last = self.last.wrapping_add(1);
        self.waiting.push(Waiting {
            client,
            request: self.last,
            worker,
            process,
            kind,
            until: now + ACCEPTING,
            accepted: false,
            moving: Vec::new(),
            lines: Vec::new(),
            failed: false,
        });
        self.last
    }

    /// The worker says what it accepted.
    pub(in crate::parent) fn handle_acted(
        &mut self,
        now: Instant,
        request: u32,
        result: ActResult,
    ) -> Vec<Answered> {
        let found = self.waiting.iter().position(|waiting| waiting.request == request);
        let Some(waiting) = found.and_then(|place| self.waiting.get_mut(place)) else { return Vec::new() };
        let accepted = result.instances.iter().any(|(_, accepted)| accepted.is_ok());
        let unknown = result.instances.iter().all(|(_, it)| *it == Err(ActRefusal::NoSuchInstance));
        waiting.accepted = true;
        waiting.until = now + MOVING;
        waiting.take(result);
        if !accepted {
            let kind = if unknown { Refusal::Name } else { Refusal::State };
            let (client, lines) = (waiting.client, waiting.text());
            self.waiting.retain(|waiting| waiting.request != request);
            let lines = if lines.is_empty() { "the configuration has no instance".to_owned() } else { lines };
            return vec![(client, Answer::refused(kind, lines))];
        }
        self.take_done()
    }

    /// The LVS worker says what becomes of an act.
    pub(in crate::parent) fn handle_steered(
        &mut self,
        request: u32,
        result: Result<String, SteerRefusal>,
    ) -> Vec<Answered> {
        let answered = self.waiting.extract_if(.., |waiting| waiting.request == request).next();
        let answer = match result {
            Ok(text) => Answer::done(text),
            Err(SteerRefusal::Name(why)) => Answer::refused(Refusal::Name, why),
            Err(SteerRefusal::State(why)) => Answer::refused(Refusal::State, why),
        };
        answered.map(|waiting| (waiting.client, answer)).into_iter().collect()
    }

    /// Addresses moved, or not.
    pub(in crate::parent) fn handle_outcome(
        &mut self,
        instances: &[String],
        outcome: &ActOutcome,
    ) -> Vec<Answered> {
        let concerned = |waiting: &Waiting| waiting.moving.iter().any(|name| instances.contains(name));
        let concerned = self.waiting.iter_mut().filter(|waiting| concerned(waiting));
        let mut concerned: Vec<_> = concerned.collect();
        if outcome.kind == OutcomeKind::Replaced {
            // By the last one.
            concerned.pop();
        }
        for waiting in concerned {
            waiting.note(instances, outcome);
        }
        self.take_done()
    }

    /// A worker is gone.
    pub(in crate::parent) fn handle_end(&mut self, worker: WorkerId) -> Vec<Answered> {
        self.give_up(
            |waiting| waiting.worker == worker,
            |waiting| {
                let before = if waiting.accepted { "the result" } else { "whether it accepts this" };
                let process = waiting.process;
                format!("the {process} process ended before it told {before}; `vipd status` shows the present state")
            },
        )
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due.
    pub(in crate::parent) fn poll_timeout(&self) -> Option<Instant> {
        self.waiting.iter().map(|waiting| waiting.until).min()
    }

    /// Nobody waits for ever.
    pub(in crate::parent) fn handle_timeout(&mut self, now: Instant) -> Vec<Answered> {
        self.give_up(|waiting| waiting.until <= now, |waiting| {
            if waiting.accepted {
                let (names, seconds) = (list(&waiting.moving), MOVING.as_secs());
                return format!(
                    "{names}: no other router has taken over within {seconds} s; the attempt goes on; \
                     `vipd status` shows the result"
                );
            }
            let seconds = ACCEPTING.as_secs();
            let process = waiting.process;
            format!("the {process} process has not answered within {seconds} s; `vipd status` shows the present state")
        })
    }

    fn give_up(
        &mut self,
        which: impl Fn(&Waiting) -> bool,
        why: impl Fn(&Waiting) -> String,
    ) -> Vec<Answered> {
        let given_up = self.waiting.extract_if(.., |waiting| which(waiting));
        let answer = |mut waiting: Waiting| {
            waiting.lines.push(why(&waiting));
            (waiting.client, Answer::refused(Refusal::State, waiting.text()))
        };
        given_up.map(answer).collect()
    }

    fn take_done(&mut self) -> Vec<Answered> {
        let done = self.waiting.extract_if(.., |waiting| waiting.accepted && waiting.moving.is_empty());
        let answer = |waiting: Waiting| {
            let text = waiting.text();
            let answer =
                if waiting.failed { Answer::refused(Refusal::State, text) } else { Answer::done(text) };
            (waiting.client, answer)
        };
        done.map(answer).collect()
    }
}

impl Waiting {
    fn take(&mut self, result: ActResult) {
        let ActResult { instances, moving } = result;
        for (name, accepted) in instances {
            match accepted {
                Ok(()) if moving.contains(&name) => {}
                Ok(()) => self.lines.push(accepted_line(&name, self.kind)),
                Err(why) => self.lines.push(format!("{name}: {}", refusal_line(why))),
            }
        }
        self.moving = moving;
    }

    fn note(&mut self, instances: &[String], outcome: &ActOutcome) {
        let moved: Vec<String> = self.moving.extract_if(.., |name| instances.contains(name)).collect();
        let is_done = match outcome.kind {
            OutcomeKind::Moved => true,
            OutcomeKind::NobodyTookOver => self.kind != Some(ActKind::Handover),
            OutcomeKind::Ended | OutcomeKind::Replaced => false,
        };
        self.failed |= !is_done;
        let also = match (outcome.kind, self.kind) {
            (OutcomeKind::NobodyTookOver, Some(ActKind::Maintenance { hard: false, .. })) => {
                "; it leaves the addresses to the first router that takes them"
            }
            (OutcomeKind::NobodyTookOver, Some(ActKind::Handover)) => {
                "; check with `vipd neighbours` or on the other machine that a backup runs"
            }
            _ => "",
        };
        self.lines.push(format!("{}: {}{also}", list(&moved), outcome.text));
    }

    fn text(&self) -> String {
        let mut lines: Vec<&str> = self.lines.iter().take(MAX_LINES).map(String::as_str).collect();
        let more = format!("and {} more", self.lines.len().saturating_sub(MAX_LINES));
        if self.lines.len() > MAX_LINES {
            lines.push(&more);
        }
        lines.join("\n")
    }
}

fn accepted_line(name: &str, kind: Option<ActKind>) -> String {
    match kind {
        None => format!("{name}: accepted"),
        Some(ActKind::Handover) => format!("{name}: its addresses are given away"),
        Some(ActKind::Maintenance { .. }) => format!("{name}: in maintenance"),
        Some(ActKind::End) => format!("{name}: in service again"),
        Some(ActKind::Announce) => format!("{name}: its addresses are announced"),
    }
}

fn refusal_line(why: ActRefusal) -> String {
    match why {
        ActRefusal::NoSuchInstance => format!("{why}; `vipd status` shows the names"),
        _ => why.to_string(),
    }
}

fn list(names: &[String]) -> String {
    match names {
        [first, second, third, rest @ ..] if !rest.is_empty() => {
            format!("{first}, {second}, {third} and {} more", rest.len())
        }
        names => names.join(", "),
    }
}

/// A worker says at once what it accepts.
const ACCEPTING: Duration = Duration::from_secs(5);

/// Longer than a router with adverts each second serves on when nobody takes over.
const MOVING: Duration = Duration::from_secs(30);

/// An answer is for people.
const MAX_LINES: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    const A: ClientId = ClientId(1);
    const B: ClientId = ClientId(2);
    const WORKER: WorkerId = WorkerId(3);
    const MAINTENANCE: ActKind = ActKind::Maintenance { hard: false, until: None };

    fn accepted(names: &[&str], moving: &[&str]) -> ActResult {
        ActResult {
            instances: names.iter().map(|name| ((*name).to_owned(), Ok(()))).collect(),
            moving: moving.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    fn outcome(kind: OutcomeKind) -> ActOutcome {
        ActOutcome { kind, text: "so it is".to_owned() }
    }

    fn told(acts: &mut Acts, name: &str, kind: OutcomeKind) -> Vec<Answered> {
        acts.handle_outcome(&[name.to_owned()], &outcome(kind))
    }

    fn is_done(answers: &[Answered], client: ClientId) -> bool {
        matches!(answers, [(of, Answer::Done { .. })] if *of == client)
    }

    fn is_refused(answers: &[Answered], client: ClientId, why: Refusal) -> bool {
        matches!(answers, [(of, Answer::Refused { refusal, .. })] if *of == client && *refusal == why)
    }

    #[test]
    fn a_handover_is_answered_when_the_addresses_have_moved_or_nobody_wants_them() {
        for (kind, good) in
            [(OutcomeKind::Moved, true), (OutcomeKind::NobodyTookOver, false), (OutcomeKind::Ended, false)]
        {
            let (mut acts, now) = (Acts::default(), Instant::now());
            let request = acts.begin(now, A, WORKER, Some(ActKind::Handover));
            assert_eq!(acts.handle_acted(now, request, accepted(&["X"], &["X"])), []);
            assert_eq!(told(&mut acts, "Y", kind), [], "of another instance");
            let answers = told(&mut acts, "X", kind);
            assert_eq!(is_done(&answers, A), good, "{answers:?}");
            assert_eq!(is_refused(&answers, A, Refusal::State), !good, "{answers:?}");
            assert_eq!(acts.poll_timeout(), None);
        }
    }

    #[test]
    fn maintenance_holds_even_if_nobody_takes_over_and_all_that_move_are_waited_for() {
        let (mut acts, now) = (Acts::default(), Instant::now());
        let request = acts.begin(now, A, WORKER, Some(MAINTENANCE));
        assert_eq!(acts.handle_acted(now, request, accepted(&["X", "Y", "Z"], &["X", "Y"])), []);
        assert_eq!(told(&mut acts, "X", OutcomeKind::NobodyTookOver), []);
        assert!(is_done(&told(&mut acts, "Y", OutcomeKind::Moved), A));
    }

    #[test]
    fn an_act_that_moves_nothing_is_answered_at_once() {
        let (mut acts, now) = (Acts::default(), Instant::now());
        let request = acts.begin(now, A, WORKER, Some(MAINTENANCE));
        assert!(is_done(&acts.handle_acted(now, request, accepted(&["X"], &[])), A));
        for (why, kind) in
            [(ActRefusal::NoSuchInstance, Refusal::Name), (ActRefusal::NothingIntended, Refusal::State)]
        {
            let request = acts.begin(now, A, WORKER, Some(ActKind::End));
            let result = ActResult { instances: vec![("X".to_owned(), Err(why))], moving: Vec::new() };
            assert!(is_refused(&acts.handle_acted(now, request, result), A, kind));
        }
        let request = acts.begin(now, A, WORKER, Some(MAINTENANCE));
        assert!(matches!(
            &acts.handle_acted(now, request, ActResult::default())[..],
            [(A, Answer::Refused { .. })]
        ));
    }

    #[test]
    fn an_act_that_takes_the_place_of_another_is_not_ended_by_that() {
        let (mut acts, now) = (Acts::default(), Instant::now());
        for client in [A, B] {
            let request = acts.begin(now, client, WORKER, Some(MAINTENANCE));
            acts.handle_acted(now, request, accepted(&["X"], &["X"]));
        }
        assert!(is_refused(&told(&mut acts, "X", OutcomeKind::Replaced), A, Refusal::State));
        assert!(is_done(&told(&mut acts, "X", OutcomeKind::Moved), B));
    }

    #[test]
    fn everybody_is_answered_whatever_becomes_of_the_worker() {
        let (mut acts, now) = (Acts::default(), Instant::now());
        acts.begin(now, A, WORKER, Some(ActKind::Handover));
        assert_eq!(acts.handle_end(WorkerId(9)), []);
        assert!(is_refused(&acts.handle_end(WORKER), A, Refusal::State));
        acts.begin(now, A, WORKER, Some(ActKind::Handover));
        assert_eq!(acts.handle_timeout(now), []);
        assert!(is_refused(&acts.handle_timeout(acts.poll_timeout().unwrap()), A, Refusal::State));
        let request = acts.begin(now, A, WORKER, Some(ActKind::Handover));
        acts.handle_acted(now, request, accepted(&["X"], &["X"]));
        assert_eq!(acts.poll_timeout(), Some(now + MOVING));
        assert!(is_refused(&acts.handle_timeout(now + MOVING), A, Refusal::State));
        assert_eq!(acts.poll_timeout(), None);
    }

    #[test]
    fn the_result_from_the_lvs_worker_is_the_answer() {
        let (mut acts, now) = (Acts::default(), Instant::now());
        let request = acts.begin(now, A, WORKER, None);
        assert_eq!(acts.handle_steered(request + 1, Ok(String::new())), []);
        assert!(is_done(&acts.handle_steered(request, Ok("drained".to_owned())), A));
        let request = acts.begin(now, B, WORKER, None);
        let unknown = Err(SteerRefusal::Name("no virtual server".to_owned()));
        assert!(is_refused(&acts.handle_steered(request, unknown), B, Refusal::Name));
        acts.begin(now, A, WORKER, None);
        assert!(is_refused(&acts.handle_end(WORKER), A, Refusal::State));
    }

    #[test]
    fn an_answer_about_thousands_of_instances_is_short() {
        let (mut acts, now) = (Acts::default(), Instant::now());
        let names: Vec<String> = (0..4000).map(|n| format!("VI_{n}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let request = acts.begin(now, A, WORKER, Some(MAINTENANCE));
        let answers = acts.handle_acted(now, request, accepted(&names, &[]));
        let [(A, Answer::Done { text, .. })] = &answers[..] else { panic!("{answers:?}") };
        assert_eq!(text.lines().count(), MAX_LINES + 1);
        assert!(text.ends_with("and 3980 more"), "{text}");
    }
}
