//! Actions of the director are performed here: attempts begin, tables change, the parent is told.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ipvs_netlink::{ServiceKey, Table};
use lvs_health::director::{Action, AttemptId, Event, ServiceId};
use lvs_health::file::file_outcome;
use lvs_health::script::{ScriptEnd, script_outcome};
use lvs_health::{Dialogue, Failure, Network, Note, Outcome, Prepared, Probe, Target};

use super::files::{Done, Job};
use super::scripts::{self, Due, ScriptKey};
use super::socket::{self, ConnectError, is_shortage};
use super::{Worker, narrate, remember};
use crate::ipc::{FromLvs, LogLevel, ScriptAct, ScriptOutcome, ScriptRun};

impl Worker {
    /// Does what the director asks for. Of the attempts that are to begin, some do; the others wait for the next turn.
    pub(super) fn perform(&mut self, now: Instant) {
        self.settle(now);
        for _ in 0..STARTS_PER_TURN {
            let Some((attempt, step)) = self.starts.pop_front() else { break };
            self.begin(now, attempt, step);
        }
        // Some have ended before they began.
        self.settle(now);
    }

    /// Takes in what has ended, changes the kernel and tells the parent, until the director is quiet.
    pub(super) fn settle(&mut self, now: Instant) {
        loop {
            self.lead_on(now);
            for ended in self.attempts.take_ended() {
                for note in &ended.notes {
                    self.tell_note(ended.id, note);
                }
                if let Some(ends) = ended.certificate_end {
                    self.certificate_ends.insert(ended.id.check, ends);
                }
                self.director.handle_outcome(now, ended.id, ended.outcome);
            }
            remember::remember(&mut self.director, &self.plan, self.origin, &mut self.parent);
            let mut changed: Vec<ServiceId> = Vec::new();
            let mut events: Vec<Event> = Vec::new();
            let mut quiet = true;
            while let Some(action) = self.director.poll_action() {
                quiet = false;
                match action {
                    Action::Cancel(attempt) => self.cancel(now, attempt),
                    Action::Program(service) => changed.push(service),
                    Action::Tell(event) => events.push(event),
                    Action::Start { attempt, step } => self.starts.push_back((attempt, step)),
                    // Which kernel services go is known from the configuration.
                    Action::Remove { .. } => {}
                }
            }
            if quiet {
                return;
            }
            self.program(now, changed);
            for event in &events {
                self.tell(event);
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
            Ok(applied) => {
                if applied.surprised {
                    // Somebody else changes the tables: what else did they change?
                    self.reconcile_at = now;
                }
                self.report(now, applied);
            }
            Err(error) => {
                self.parent.log(LogLevel::Error, format!("IPVS: {error}"));
                self.reconcile_at = self.reconcile_at.min(now + super::SETTLE);
            }
        }
    }

    fn begin(&mut self, now: Instant, attempt: AttemptId, step: usize) {
        let Some(check) = self.director.check(attempt.check).cloned() else { return };
        let begun = match &check.probe {
            Probe::Network(network) => self.begin_dialogue(now, attempt, step, network),
            Probe::Script(script) => self.begin_script(attempt, script.timeout),
            Probe::File(file) => {
                let job = Job::Number(file.path.clone());
                self.files.ask(now, job, attempt, step, check.timing.delay_loop);
                Begun::Underway
            }
            // Until something is known of the session, this attempt lasts.
            Probe::Bfd(bfd) => self.sessions.find(&self.plan, bfd).map_or(Begun::Underway, Begun::Ended),
            // No file asks for another.
            _ => Begun::Ended(Outcome::Fail(Failure::Unusable)),
        };
        match begun {
            Begun::Underway => {}
            Begun::Ended(outcome) => self.director.handle_outcome(now, attempt, outcome),
            Begun::Hindered(why) => self.put_off(now, attempt, &why),
        }
    }

    /// A lack of resources here is no fault of a server: the check is tried again soon.
    fn put_off(&mut self, now: Instant, attempt: AttemptId, why: &str) {
        self.director.put_off(now, attempt);
        if self.hindrance_told.is_none_or(|at| now.saturating_duration_since(at) >= TELL_AGAIN) {
            self.hindrance_told = Some(now);
            let whom = narrate::target(&self.plan, &self.director, attempt.check);
            self.parent
                .log(LogLevel::Warning, format!("postponing checks, for example that of {whom}: {why}"));
        }
    }

    fn begin_dialogue(
        &mut self,
        now: Instant,
        attempt: AttemptId,
        step: usize,
        network: &Arc<Network>,
    ) -> Begun {
        if self.attempts.is_full() {
            return Begun::Hindered("too many are under way".to_owned());
        }
        let nonce = self.nonces.draw();
        if let Some(plain) = Prepared::plain(network) {
            return self.connect(now, attempt, &network.target, plain.begin(now, step, nonce));
        }
        if !self.prepared.contains_key(&attempt.check) {
            if let Some(path) = network.files().find(|path| !self.certificates.knows(path)) {
                let job = Job::Certificates(path.to_owned());
                self.files.ask(now, job, attempt, step, network.target.timeout);
                return Begun::Underway;
            }
            let prepared = Prepared::shared(network, &mut self.shared);
            if let Err(error) = &prepared {
                let text = format!("check of {} cannot be made: {error}", network.target.address);
                self.parent.log(LogLevel::Error, text);
            }
            self.prepared.insert(attempt.check, prepared.ok());
        }
        let Some(prepared) = self.prepared.get(&attempt.check).and_then(Option::as_ref) else {
            return Begun::Ended(Outcome::Fail(Failure::Unusable));
        };
        let dialogue = prepared.begin(now, step, nonce);
        self.connect(now, attempt, &network.target, dialogue)
    }

    fn connect(&mut self, now: Instant, attempt: AttemptId, target: &Target, dialogue: Dialogue) -> Begun {
        let socket = match socket::connect(target, dialogue.transport()) {
            Ok(socket) => socket,
            Err(ConnectError::Hindered(error)) => return Begun::Hindered(error.to_string()),
            Err(ConnectError::Unreachable(error)) => {
                return Begun::Ended(Outcome::Fail(Failure::Io(error.kind())));
            }
        };
        match self.attempts.begin(now, attempt, socket, dialogue, self.poll.registry()) {
            Ok(()) => Begun::Underway,
            Err(error) => Begun::Hindered(error.to_string()),
        }
    }

    /// Attempts that were redirected get another connection to the same server.
    fn lead_on(&mut self, now: Instant) {
        for attempt in self.attempts.take_led_on() {
            let prepared = self.prepared.get(&attempt.check).and_then(Option::as_ref);
            let Some(prepared) = prepared else {
                // A reload brings new definitions; the next attempt goes by them.
                self.attempts.cancel(attempt);
                self.director.put_off(now, attempt);
                continue;
            };
            let socket = socket::connect(prepared.target(), prepared.transport());
            let failed = match socket {
                Ok(socket) => self.attempts.reconnect(attempt, socket, self.poll.registry()).err(),
                Err(ConnectError::Unreachable(error)) => {
                    self.attempts.fail(now, attempt, error.kind());
                    None
                }
                Err(ConnectError::Hindered(error)) => Some(error),
            };
            if let Some(error) = failed {
                self.attempts.cancel(attempt);
                self.put_off(now, attempt, &error.to_string());
            }
        }
    }

    fn begin_script(&mut self, attempt: AttemptId, timeout: Duration) -> Begun {
        let Some(key) = self.script_key(attempt) else { return Begun::Underway };
        match self.scripts.begin(key, attempt, timeout) {
            scripts::Begun::Started => {
                self.ask(key, ScriptAct::Run);
                Begun::Underway
            }
            scripts::Begun::Ending => Begun::Hindered("its script has not ended yet".to_owned()),
            scripts::Begun::Stuck => Begun::Ended(Outcome::Fail(Failure::ScriptTimeout)),
        }
    }

    /// Which script an attempt runs, in the present configuration.
    fn script_key(&self, attempt: AttemptId) -> Option<ScriptKey> {
        let server = *self.director.servers(attempt.check).first()?;
        let place = self.director.checks_of(server).position(|check| check == attempt.check)?;
        Some((self.plan.generation, self.plan.script(server, place)?))
    }

    /// The parent says how a script ended.
    pub(super) fn script_done(&mut self, now: Instant, key: ScriptKey, run: &ScriptRun) {
        let ran = run.started.map_or(0, |started| run.ended.0.saturating_sub(started.0));
        let Some((attempt, late)) = self.scripts.handle_done(key, Duration::from_nanos(ran)) else { return };
        let end = match run.outcome {
            ScriptOutcome::Shortage(_) => {
                // The parent, whose shortage it is, reports it.
                return self.director.put_off(now, attempt);
            }
            _ if late => ScriptEnd::TimedOut,
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

    /// Files were read.
    pub(super) fn take_files(&mut self, now: Instant) {
        for Done { job, content, waited } in self.files.take_done(now) {
            match (job, content) {
                (_, Err(error)) if is_hindrance(&error) => {
                    for &(attempt, _) in &waited {
                        self.put_off(now, attempt, &error.to_string());
                    }
                }
                (Job::Number(_), content) => {
                    for (attempt, _) in waited {
                        self.number_read(now, attempt, content.as_deref().ok());
                    }
                }
                (Job::Certificates(path), content) => {
                    self.certificates.put(path, content);
                    self.starts.extend(waited);
                }
            }
        }
    }

    fn number_read(&mut self, now: Instant, attempt: AttemptId, content: Option<&[u8]>) {
        let Some(check) = self.director.check(attempt.check) else { return };
        if let Probe::File(file) = &check.probe {
            let outcome = file_outcome(file, content);
            self.director.handle_outcome(now, attempt, outcome);
        }
    }

    /// Files whose reading takes too long.
    pub(super) fn time_files(&mut self, now: Instant) {
        for attempt in self.files.handle_timeout(now) {
            self.director.handle_outcome(now, attempt, Outcome::Fail(Failure::FileTimeout));
        }
    }

    fn ask(&mut self, (generation, script): ScriptKey, act: ScriptAct) {
        self.parent.tell(FromLvs::Script { generation, script, act });
    }

    pub(super) fn cancel(&mut self, now: Instant, attempt: AttemptId) {
        self.starts.retain(|&(waiting, _)| waiting != attempt);
        self.attempts.cancel(attempt);
        self.files.cancel(attempt);
        if let Some(key) = self.scripts.cancel(now, attempt) {
            self.ask(key, ScriptAct::Terminate);
        }
    }

    /// Tells the parent what happened: lines for the log, and what scripts, FIFOs and mails are for.
    pub(super) fn tell(&mut self, event: &Event) {
        if matches!(event, Event::Steered { .. }) {
            self.count_at.get_or_insert_with(Instant::now);
        }
        if let Event::Steered { server, how } = event
            && let Some(happened) = super::status::steered(&self.plan, &self.director, *server, *how)
        {
            self.parent.happened(&happened);
        }
        for line in narrate::lines(&self.plan, &self.director, event) {
            self.parent.log_line(line);
        }
        for message in narrate::messages(&self.plan, &self.former, &self.director, event) {
            self.parent.tell(message);
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

/// Result of the beginning of an attempt.
enum Begun {
    /// Its outcome comes later.
    Underway,
    /// It ended before it began.
    Ended(Outcome),
    /// It could not be made; why.
    Hindered(String),
}

/// Whether something could not be done for want of something on this machine.
fn is_hindrance(error: &io::Error) -> bool {
    // EAGAIN: no more processes or threads.
    error.raw_os_error() == Some(libc::EAGAIN) || is_shortage(error)
}

/// Attempts that begin in one turn: ten thousand at once must not keep answers and time waiting.
const STARTS_PER_TURN: usize = 256;

/// Between one line about checks that have to wait and the next.
const TELL_AGAIN: Duration = Duration::from_secs(60);
