//! What the director asks for is done here: attempts begin, tables change, the parent is told.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use ipvs_netlink::{ServiceKey, Table};
use lvs_health::director::{Action, AttemptId, Event, ServiceId};
use lvs_health::file::file_outcome;
use lvs_health::script::{ScriptEnd, script_outcome};
use lvs_health::{Check, Failure, Network, Note, Outcome, Prepared, Probe};

use super::scripts::{Due, ScriptKey};
use super::tables::Applied;
use super::{RECONCILE_EVERY, Worker, narrate, socket};
use crate::ipc::{FromWorker, LogLevel, ScriptAct, ScriptOutcome};

impl Worker {
    /// Does what the director asks for until it asks for nothing.
    pub(super) fn perform(&mut self, now: Instant) {
        loop {
            for ended in self.attempts.take_ended() {
                for note in &ended.notes {
                    self.tell_note(ended.id, note);
                }
                self.director.handle_outcome(now, ended.id, ended.outcome);
            }
            let mut changed: Vec<ServiceId> = Vec::new();
            let mut events: Vec<Event> = Vec::new();
            let mut starts = Vec::new();
            while let Some(action) = self.director.poll_action() {
                match action {
                    Action::Cancel(attempt) => self.cancel(now, attempt),
                    Action::Program(service) => changed.push(service),
                    Action::Tell(event) => events.push(event),
                    Action::Start { attempt, step } => starts.push((attempt, step)),
                    // Which kernel services go is known from the configuration.
                    Action::Remove { .. } => {}
                }
            }
            if changed.is_empty() && events.is_empty() && starts.is_empty() {
                return;
            }
            self.program(now, changed);
            for event in &events {
                self.tell(event);
            }
            for (attempt, step) in starts {
                self.begin(now, attempt, step);
            }
        }
    }

    /// Makes the kernel hold what these virtual servers want, all in one go.
    fn program(&mut self, now: Instant, mut changed: Vec<ServiceId>) {
        changed.sort_unstable();
        changed.dedup();
        let mut wanted = Table::new();
        for &service in &changed {
            let destinations: Vec<_> = self.director.destinations(service).collect();
            self.plan.fill(service, &destinations, &mut wanted);
        }
        let keys: Vec<ServiceKey> = wanted.keys().copied().collect();
        self.set_tables(now, keys, &wanted);
    }

    /// Changes the tables, and says what the kernel refused.
    pub(super) fn set_tables(&mut self, now: Instant, keys: Vec<ServiceKey>, wanted: &Table) {
        if keys.is_empty() {
            return;
        }
        match self.tables.set(keys, wanted) {
            Ok(applied) => self.report(now, applied),
            Err(error) => {
                self.parent.log(LogLevel::Error, format!("IPVS: {error}"));
                self.reconcile_at = self.reconcile_at.min(now + super::SETTLE);
            }
        }
    }

    /// Compares everything with the kernel.
    pub(super) fn reconcile(&mut self, now: Instant) {
        self.reconcile_at = now + RECONCILE_EVERY;
        let mut wanted = Table::new();
        for service in self.director.services() {
            let destinations: Vec<_> = self.director.destinations(service).collect();
            self.plan.fill(service, &destinations, &mut wanted);
        }
        let tried_before = self.refused.clone();
        match self.tables.reconcile(&wanted) {
            Ok((changes, applied)) => {
                let others = changes.iter().filter(|change| !tried_before.contains(&change.to_string()));
                let lines: Vec<String> = others
                    .map(|change| format!("IPVS: put right what was changed outside: {change}"))
                    .collect();
                for line in lines {
                    self.parent.log(LogLevel::Warning, line);
                }
                self.refused.clear();
                self.report(now, applied);
            }
            Err(error) => self.parent.log(LogLevel::Error, format!("IPVS: {error}")),
        }
    }

    fn report(&mut self, now: Instant, applied: Applied) {
        for change in applied.withheld {
            self.parent.log(LogLevel::Info, format!("IPVS dry run: {change}"));
        }
        for failure in applied.failed {
            // Tried again with the next comparison, but said once.
            if self.refused.insert(failure.change.to_string()) {
                self.parent.log(LogLevel::Error, format!("IPVS: {failure}"));
            }
            self.reconcile_at = self.reconcile_at.min(now + RETRY);
        }
    }

    fn begin(&mut self, now: Instant, attempt: AttemptId, step: usize) {
        let Some(check) = self.director.check(attempt.check).cloned() else { return };
        let outcome = match &check.probe {
            Probe::Network(network) => self.begin_dialogue(now, attempt, step, network),
            Probe::Script(_) => self.begin_script(now, attempt, &check),
            Probe::File(file) => Some(file_outcome(file, read_number(&file.path).ok().as_deref())),
            // Left out of the director's plan: there are no sessions.
            Probe::Bfd(_) => None,
        };
        if let Some(outcome) = outcome {
            self.director.handle_outcome(now, attempt, outcome);
        }
    }

    /// Gives an outcome if it ended before it began.
    fn begin_dialogue(
        &mut self,
        now: Instant,
        attempt: AttemptId,
        step: usize,
        network: &Network,
    ) -> Option<Outcome> {
        if !self.prepared.contains_key(&attempt.check) {
            let prepared = Prepared::new(network, &mut self.shared);
            if let Err(error) = &prepared {
                let text = format!("check of {} cannot be made: {error}", network.target.address);
                self.parent.log(LogLevel::Error, text);
            }
            self.prepared.insert(attempt.check, prepared.ok());
        }
        let Some(prepared) = self.prepared.get(&attempt.check).and_then(Option::as_ref) else {
            return Some(Outcome::Fail(Failure::Unusable));
        };
        self.nonce = self.nonce.wrapping_mul(NONCE_STEP).wrapping_add(1);
        let dialogue = prepared.begin(now, step, self.nonce);
        let begun = socket::connect(&network.target, dialogue.transport())
            .and_then(|socket| self.attempts.begin(now, attempt, socket, dialogue, self.poll.registry()));
        begun.err().map(|error| Outcome::Fail(Failure::Io(error.kind())))
    }

    fn begin_script(&mut self, now: Instant, attempt: AttemptId, check: &Check) -> Option<Outcome> {
        let Probe::Script(script) = &check.probe else { return None };
        let key = self.script_key(attempt)?;
        if !self.scripts.begin(now, key, attempt, script.timeout) {
            // The run before was told to end and has not: it cannot be started twice.
            return Some(Outcome::Fail(Failure::ScriptTimeout));
        }
        self.ask(key, ScriptAct::Run);
        None
    }

    /// Which script an attempt runs, in the present configuration.
    fn script_key(&self, attempt: AttemptId) -> Option<ScriptKey> {
        let server = *self.director.servers(attempt.check).first()?;
        let place = self.director.checks_of(server).position(|check| check == attempt.check)?;
        let checker = self.plan.checker(server, place)?;
        let keepalived_conf::model::lvs::CheckerKind::Misc { script, .. } = checker.kind else { return None };
        Some((self.plan.generation, u32::try_from(script).ok()?))
    }

    /// The parent says how a script ended.
    pub(super) fn script_done(&mut self, now: Instant, key: ScriptKey, outcome: ScriptOutcome) {
        let Some(attempt) = self.scripts.handle_done(key) else { return };
        let end = match outcome {
            ScriptOutcome::Exited(status) => ScriptEnd::Exited(status),
            ScriptOutcome::Signalled(signal) => ScriptEnd::Signalled(signal),
            ScriptOutcome::NotStarted(errno) => ScriptEnd::NotStarted(errno),
        };
        self.script_ended(now, attempt, end);
    }

    /// Scripts that take too long.
    pub(super) fn time_scripts(&mut self, now: Instant) {
        for due in self.scripts.handle_timeout(now) {
            match due {
                Due::Ask(key, act) => self.ask(key, act),
                Due::TimedOut(attempt) => self.script_ended(now, attempt, ScriptEnd::TimedOut),
            }
        }
    }

    fn script_ended(&mut self, now: Instant, attempt: AttemptId, end: ScriptEnd) {
        let Some(check) = self.director.check(attempt.check) else { return };
        if let Probe::Script(script) = &check.probe {
            let outcome = script_outcome(script, end);
            self.director.handle_outcome(now, attempt, outcome);
        }
    }

    fn ask(&mut self, (generation, script): ScriptKey, act: ScriptAct) {
        self.parent.send(&FromWorker::Script { generation, script, act });
    }

    pub(super) fn cancel(&mut self, now: Instant, attempt: AttemptId) {
        self.attempts.cancel(attempt);
        if let Some(key) = self.scripts.cancel(now, attempt) {
            self.ask(key, ScriptAct::Terminate);
        }
    }

    /// Tells the parent what happened: lines for the log, and what scripts, FIFOs and mails are for.
    pub(super) fn tell(&mut self, event: &Event) {
        for (level, text) in narrate::lines(&self.plan, &self.director, event) {
            self.parent.log(level, text);
        }
        for message in narrate::messages(&self.plan, &self.former, &self.director, event) {
            self.parent.send(&message);
        }
    }

    fn tell_note(&mut self, attempt: AttemptId, note: &Note) {
        if let Some(text) = narrate::note(&self.plan, &self.director, attempt.check, note)
            && self.noted.insert((attempt.check, text.clone()))
        {
            self.parent.log(LogLevel::Warning, text);
        }
    }
}

/// The beginning of a file with a number in it. A FIFO without a writer must not make us wait.
fn read_number(path: &Path) -> io::Result<Vec<u8>> {
    let file = File::options().read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(path)?;
    let mut content = Vec::new();
    file.take(NUMBER_LEN).read_to_end(&mut content)?;
    Ok(content)
}

/// As much of a file as a number may take.
const NUMBER_LEN: u64 = 128;

/// Between a refusal of the kernel and the next try.
const RETRY: Duration = Duration::from_secs(5);

/// Multiplier of a linear congruential generator of full period.
const NONCE_STEP: u32 = 1_664_525;
