//! Acts of operators on instances: from a request of a client to the VRRP worker, and back.

use std::time::{Duration, Instant};

use vipd_control::{Answer, ClientId, Refusal, ServerIntentKind};
use vipd_supervisor::WorkerId;

use super::super::control::Answered;
use super::super::kept_intents;
use super::Parent;
use crate::ipc::{
    Act, ActKind, ActOutcome, ActResult, Monotonic, Role, ServerIntent, Steer, SteerRefusal, ToLvs, ToVrrp,
    Whom,
};
use crate::log::Log;

impl Parent {
    /// Asks the VRRP worker to do something with one instance, or with all; the client is answered later.
    pub(super) fn ask_for_act(
        &mut self,
        client: ClientId,
        (kind, instance, why): (ActKind, Option<String>, String),
        now: Instant,
        log: &mut Log,
    ) {
        let who = self.name_of(client);
        let Some(id) = self.supervisor.serving(Role::Vrrp) else {
            let text = "no VRRP process runs now: `vipd status` shows why; try again when it does";
            return self.control.answer(now, client, &Answer::refused(Refusal::State, text));
        };
        let about = instance.as_deref().unwrap_or("all instances");
        let reason = if why.is_empty() { String::new() } else { format!(": {why}") };
        log.info(format!("{who} asks for {} of {about}{reason}", word(kind)));
        let whom = instance.map_or(Whom::All, Whom::Instance);
        let request = self.control.acts.begin(now, client, id, Some(kind));
        let act = Box::new(Act { whom, kind, who, why });
        self.tell(ToVrrp::Act { request, act }, now, log);
    }

    /// Asks the LVS worker to do something with a real server; the client is answered later.
    pub(super) fn ask_to_steer(
        &mut self,
        client: ClientId,
        (steer, persist): (Steer, bool),
        now: Instant,
        log: &mut Log,
    ) {
        let Some(id) = self.supervisor.serving(Role::Lvs) else {
            let text = "no LVS process runs now: `vipd status` shows why; try again when it does";
            return self.control.answer(now, client, &Answer::refused(Refusal::State, text));
        };
        if persist && !self.kept_intents.has_room() {
            let text = format!(
                "{} servers are kept already; end one with `vipd server VS RS ready`, or ask without --persist",
                kept_intents::MAX_SERVERS
            );
            return self.control.answer(now, client, &Answer::refused(Refusal::State, text));
        }
        let request = self.control.acts.begin(now, client, id, None);
        let steer = Box::new(Steer { who: self.name_of(client), ..steer });
        self.kept_intents.ask(request, &steer, persist, kept_intents::moment());
        self.tell(ToLvs::Steer { request, steer }, now, log);
    }

    /// Asks the VRRP worker what it recorded of an instance; the client is answered later.
    pub(super) fn ask_for_recorder(
        &mut self,
        client: ClientId,
        instance: String,
        now: Instant,
        log: &mut Log,
    ) {
        let Some(id) = self.supervisor.serving(Role::Vrrp) else {
            let text = "no VRRP process runs now: `vipd status` shows why; try again when it does";
            return self.control.answer(now, client, &Answer::refused(Refusal::State, text));
        };
        let request = self.control.acts.ask(now, client, id);
        self.tell(ToVrrp::Recorder { request, instance }, now, log);
    }

    /// The VRRP worker says what it recorded: one line, which is handed on as it is.
    pub(super) fn handle_recorded(&mut self, request: u32, line: Vec<u8>, now: Instant) {
        let Some(client) = self.control.acts.handle_shown(request) else { return };
        let is_line = line.iter().position(|octet| *octet == b'\n') == line.len().checked_sub(1);
        if is_line && line.len() <= MAX_RECORDER {
            self.control.hand_on(now, client, line);
        } else {
            let text = "the VRRP process gave no answer that can be shown";
            self.control.answer(now, client, &Answer::refused(Refusal::State, text));
        }
    }

    /// The LVS worker says what became of an act.
    pub(super) fn handle_steered(
        &mut self,
        request: u32,
        result: Result<String, SteerRefusal>,
        now: Instant,
        log: &mut Log,
    ) {
        self.control.gatherer.handle_change();
        let changes = self.kept_intents.handle_answer(request, result.is_ok());
        let mut answers = self.control.acts.handle_steered(request, result);
        if changes {
            answers = self.kept_intents.hold(now, answers);
            self.store_kept_intents(now, log);
        }
        self.answer_acts(answers, now);
    }

    /// The worker accepted an act, or did not.
    pub(super) fn handle_acted(&mut self, request: u32, result: ActResult, now: Instant) {
        self.control.gatherer.handle_change();
        let answers = self.control.acts.handle_acted(now, request, result);
        self.answer_acts(answers, now);
    }

    /// The worker says what became of addresses that were given away.
    pub(super) fn handle_pursued(&mut self, instances: &[String], outcome: &ActOutcome, now: Instant) {
        self.control.gatherer.handle_change();
        let answers = self.control.acts.handle_outcome(instances, outcome);
        self.answer_acts(answers, now);
    }

    /// A worker ended.
    pub(super) fn end_acts(&mut self, id: WorkerId, now: Instant) {
        if self.supervisor.serving(Role::Lvs).is_none_or(|serving| serving == id) {
            self.kept_intents.handle_end();
        }
        let answers = self.control.acts.handle_end(id);
        self.answer_acts(answers, now);
    }

    /// Acts that were waited for long enough.
    pub(super) fn time_acts(&mut self, now: Instant) {
        let answers = self.control.acts.handle_timeout(now);
        self.answer_acts(answers, now);
    }

    pub(super) fn answer_acts(&mut self, answers: Vec<Answered>, now: Instant) {
        for (client, answer) in answers {
            self.control.answer(now, client, &answer);
        }
    }
}

/// Maintenance that begins, or the end of what is intended.
pub(super) fn maintenance(on: bool, hard: bool, for_s: Option<u64>) -> ActKind {
    if !on {
        return ActKind::End;
    }
    ActKind::Maintenance { hard, until: for_s.map(after) }
}

/// The wish for a real server.
pub(super) fn intent(set: ServerIntentKind, weight: Option<u32>) -> ServerIntent {
    match set {
        ServerIntentKind::Ready => ServerIntent::Ready,
        ServerIntentKind::Drain => ServerIntent::Drain,
        ServerIntentKind::Maintenance => ServerIntent::Maintenance,
        ServerIntentKind::Weight => ServerIntent::Weight(weight.unwrap_or(0)),
    }
}

/// The moment after so many seconds.
pub(super) fn after(seconds: u64) -> Monotonic {
    let later = u64::try_from(Duration::from_secs(seconds).as_nanos()).unwrap_or(u64::MAX);
    Monotonic(Monotonic::now().0.saturating_add(later))
}

fn word(kind: ActKind) -> &'static str {
    match kind {
        ActKind::Handover => "a handover",
        ActKind::Maintenance { hard: false, .. } => "maintenance",
        ActKind::Maintenance { hard: true, .. } => "hard maintenance",
        ActKind::End => "the end of maintenance",
        ActKind::Announce => "an announcement",
    }
}

/// Octets of what is recorded of one instance: several times what there can be.
const MAX_RECORDER: usize = 4 << 20;
