//! Requests of clients of the control socket, and the answers.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use vipd_control::{Answer, ClientId, Collected, Gathering, Policy, Refusal, Verb};
use vipd_status::{ConfigState, Daemon, EventKind, ReloadOutcome, ReloadResult, Timestamp};
use vipd_supervisor::WorkerId;

use super::super::control::{self, timestamp};
use super::super::namespace;
use super::super::paths::Previewed;
use super::super::process::Ended;
use super::Parent;
use super::acts;
use crate::ipc::{ActKind, Role, Steer, ToAnyWorker};
use crate::log::Log;

/// The parent's own facts for a status.
#[derive(Debug)]
pub(super) struct Facts {
    start: Timestamp,
    loaded: Timestamp,
    reloads: u32,
    last_reload: Option<ReloadOutcome>,
    /// The next word of the supervisor that a configuration is in force ends a reload, not the start.
    reloading: bool,
    /// Clients that wait for the end of the reload of this number.
    waiting: Vec<(ClientId, u64)>,
}

impl Facts {
    pub(super) fn new() -> Self {
        let now = timestamp();
        Self { start: now, loaded: now, reloads: 0, last_reload: None, reloading: false, waiting: Vec::new() }
    }

    /// State that another program goes on to show.
    pub(super) fn hand_over(&self) -> String {
        let facts = (self.start, self.loaded, self.reloads, &self.last_reload);
        serde_json::to_string(&facts).unwrap_or_default()
    }

    /// Goes on with what another program showed.
    pub(super) fn resume(&mut self, handed: &str) {
        if let Ok(facts) = serde_json::from_str(handed) {
            (self.start, self.loaded, self.reloads, self.last_reload) = facts;
        }
    }

    /// A reload began.
    pub(super) fn handle_reloading(&mut self) {
        self.reloading = true;
    }

    /// A reload ended like this; none if it was the start that did.
    fn handle_reload_end(&mut self, result: ReloadResult, reason: Option<&str>) -> Option<ReloadOutcome> {
        let was_reload = std::mem::take(&mut self.reloading) || result == ReloadResult::Undone;
        if !was_reload {
            return None;
        }
        let at = timestamp();
        if result == ReloadResult::Taken {
            self.reloads = self.reloads.saturating_add(1);
        }
        if result != ReloadResult::Refused {
            self.loaded = at;
        }
        let outcome = ReloadOutcome { result, reason: reason.map(str::to_owned), at };
        self.last_reload = Some(outcome.clone());
        Some(outcome)
    }
}

impl Parent {
    /// Answers what was asked, as far as it can be answered now, and hands the answers out.
    pub(super) fn serve_clients(&mut self, now: Instant, log: &mut Log) {
        while let Some((client, verb)) = self.control.poll_request() {
            self.handle_verb(client, verb, now, log);
        }
        if let Some(collected) = self.control.gatherer.poll_collected(now) {
            self.tell_status(&collected, now);
        }
        self.control.flush(now);
    }

    fn handle_verb(&mut self, client: ClientId, verb: Verb, now: Instant, log: &mut Log) {
        match verb {
            Verb::Status {} => self.ask_for_status(client, now, log),
            Verb::Events { follow } => self.control.show_events(now, client, follow),
            Verb::Reload { dry_run: true, .. } => self.preview(client, Previewed::Text, now, log),
            Verb::Config { show } => self.show_config(client, show, now, log),
            Verb::Reload { dry_run: false, confirm_s, wait } => {
                let confirm = confirm_s.map(Duration::from_secs);
                self.reload_for(client, confirm, wait, now, log);
            }
            Verb::Confirm {} => {
                let answer = if self.supervisor.handle_confirm() {
                    Answer::done("the configuration stays")
                } else {
                    Answer::refused(Refusal::State, "no reload waits to be confirmed")
                };
                self.control.answer(now, client, &answer);
                self.perform(now, log);
            }
            Verb::Undo {} => {
                let why = format!("{} asked for it", self.name_of(client));
                let answer = match self.supervisor.handle_undo(now, &why) {
                    Ok(()) => Answer::done("the configuration before the last reload runs again"),
                    Err(why) => Answer::refused(Refusal::State, why),
                };
                self.control.answer(now, client, &answer);
                self.perform(now, log);
            }
            Verb::Handover { instance, reason } => {
                self.ask_for_act(client, (ActKind::Handover, Some(instance), reason), now, log);
            }
            Verb::Maintenance { on, instance, for_s, reason, hard } => {
                self.ask_for_act(client, (acts::maintenance(on, hard, for_s), instance, reason), now, log);
            }
            Verb::Server { service, server, set, weight, for_s, reason: why, persist } => {
                let (wish, until) = (acts::intent(set, weight), for_s.map(acts::after));
                let steer = Steer { service, server, wish, until, who: String::new(), why };
                self.ask_to_steer(client, (steer, persist), now, log);
            }
            Verb::Recorder { instance } => self.ask_for_recorder(client, instance, now, log),
            Verb::Announce { instance } => {
                self.ask_for_act(client, (ActKind::Announce, Some(instance), String::new()), now, log);
            }
            Verb::Upgrade { program, check } => self.upgrade_for(client, (program, check), now, log),
            _ => {
                let answer = Answer::refused(Refusal::Unsupported, "this daemon cannot do that yet");
                self.control.answer(now, client, &answer);
            }
        }
    }

    fn reload_for(
        &mut self,
        client: ClientId,
        confirm: Option<Duration>,
        wait: bool,
        now: Instant,
        log: &mut Log,
    ) {
        log.info(format!("{} asks for a reload", self.name_of(client)));
        match self.supervisor.request_reload(now, confirm) {
            None => {
                let answer = Answer::refused(Refusal::State, "the daemon stops");
                self.control.answer(now, client, &answer);
            }
            Some(number) if wait => self.facts.waiting.push((client, number)),
            Some(_) => {
                let then = confirm.map(|confirm| {
                    format!(
                        "; it is undone {} s after it is in force, unless `vipd confirm` comes",
                        confirm.as_secs()
                    )
                });
                let text = format!("the reload has begun{}", then.unwrap_or_default());
                self.control.answer(now, client, &Answer::done(text));
            }
        }
        self.perform(now, log);
    }

    /// The user that asks.
    pub(super) fn name_of(&self, client: ClientId) -> String {
        let uid = self.control.server.peer(client).map(|peer| peer.uid);
        uid.map_or_else(|| "somebody".to_owned(), control::user_name)
    }

    fn ask_for_status(&mut self, client: ClientId, now: Instant, log: &mut Log) {
        let roles: Vec<Role> =
            Role::ALL.into_iter().filter(|&role| self.supervisor.serving(role).is_some()).collect();
        match self.control.gatherer.ask(now, client, roles.iter().map(|&role| role.shown())) {
            Gathering::Fresh(line) => {
                self.control.server.answer(client, line);
                self.control.server.finish(now, client);
            }
            Gathering::Waiting => {}
            Gathering::Begin(request) => {
                self.look_at_files(now, log);
                for id in
                    roles.into_iter().filter_map(|role| self.supervisor.serving(role)).collect::<Vec<_>>()
                {
                    self.send(id, &ToAnyWorker::Status { request }, now, log);
                }
            }
        }
    }

    /// Everybody who waits for it gets the status.
    fn tell_status(&mut self, collected: &Collected, now: Instant) {
        let workers = self.workers_shown(&collected.silent, now);
        let line = collected.parts.line(timestamp(), &self.daemon_shown(now), &workers);
        for &client in &collected.waiting {
            self.control.server.answer(client, line.clone());
            self.control.server.finish(now, client);
        }
        self.control.gatherer.keep(now, collected, line);
    }

    fn daemon_shown(&self, now: Instant) -> Daemon {
        Daemon {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: std::process::id(),
            start: self.facts.start,
            config: ConfigState {
                file: self.options.config.display().to_string(),
                loaded: self.facts.loaded,
                reloads: self.facts.reloads,
                last_reload: self.facts.last_reload.clone(),
                stale: self.is_stale(),
                confirm_until: self.supervisor.confirm_until().map(|until| moment(until, now)),
            },
        }
    }

    fn workers_shown(&self, silent: &BTreeSet<vipd_status::Role>, now: Instant) -> Vec<vipd_status::Worker> {
        let reports = Role::ALL.into_iter().filter_map(|role| Some((role, self.supervisor.report(role)?)));
        let workers = reports.map(|(role, report)| vipd_status::Worker {
            role: role.shown(),
            pid: report.pid,
            restarts: report.restarts,
            heard_ms: report.heard.map(|heard| {
                u64::try_from(now.saturating_duration_since(heard).as_millis()).unwrap_or(u64::MAX)
            }),
            silent: silent.contains(&role.shown()),
        });
        workers.chain(self.helpers_shown()).collect()
    }

    /// Processes that nobody waits for, and that are not asked whether they live.
    fn helpers_shown(&self) -> impl Iterator<Item = vipd_status::Worker> {
        let shown = |role, pid, restarts| vipd_status::Worker {
            role,
            pid: Some(pid),
            restarts,
            heard_ms: None,
            silent: false,
        };
        let watching = self
            .watching
            .pids()
            .map(move |pid| shown(vipd_status::Role::Watcher, pid, self.watching.restarts()));
        let web = self.web.pids().map(move |pid| shown(vipd_status::Role::Web, pid, self.web.restarts()));
        let mailing = self.mailing.pids().map(move |pid| shown(vipd_status::Role::Mailer, pid, 0));
        let paths = self.paths.pids().map(move |pid| shown(vipd_status::Role::Paths, pid, 0));
        watching.chain(web).chain(mailing).chain(paths)
    }

    /// The control socket as the present configuration wants it.
    pub(super) fn arrange_control(&mut self, now: Instant, log: &mut Log) {
        let Some(reading) = self.readings.get(&self.supervisor.current()) else { return };
        let global = &reading.config.global;
        let policy =
            Policy { group: reading.accounts.control_group(), group_acts: global.daemon.control.group_acts };
        let wanted = control::wanted(global, namespace(&self.options, global));
        self.control.arrange(now, wanted, policy, log);
    }

    /// A reload ended, or the start did.
    pub(super) fn end_reload(&mut self, result: ReloadResult, reason: Option<&str>) {
        if let Some(outcome) = self.facts.handle_reload_end(result, reason) {
            let ReloadOutcome { result, reason, .. } = outcome.clone();
            self.control.publish(EventKind::Reload { result, reason });
            let (now, ended) = (Instant::now(), self.supervisor.reload_ended());
            for (client, _) in self.facts.waiting.extract_if(.., |(_, number)| *number <= ended) {
                self.control.answer(
                    now,
                    client,
                    &Answer::Reload { v: vipd_control::VERSION, outcome: outcome.clone() },
                );
            }
        }
        self.control.gatherer.handle_change();
    }

    /// A worker process was started.
    pub(super) fn tell_of_start(&mut self, role: Role, pid: u32) {
        self.control
            .publish(EventKind::Worker { role: role.shown(), what: format!("process {pid} was started") });
    }

    /// A worker process ended.
    pub(super) fn tell_of_end(&mut self, id: WorkerId, ended: Ended) {
        let Some(worker) = self.workers.get(&id) else { return };
        let end = match ended {
            Ended::Exited(status) => format!("exited with status {status}"),
            Ended::Signalled(signal) => format!("was ended by signal {signal}"),
            Ended::NotStarted(errno) => format!("could not be run ({})", Errno::from_raw(errno).desc()),
        };
        let (role, pid) = (worker.role.shown(), worker.pid());
        self.control.publish(EventKind::Worker { role, what: format!("process {pid} {end}") });
    }

    /// Notify scripts could not be run, or failed.
    pub(super) fn tell_of_notifications(&mut self) {
        for (target, what) in self.notifier.take_failures() {
            self.control.publish(EventKind::Notify { target, what });
        }
    }

    /// A worker says a piece of how everything stands.
    pub(super) fn handle_status_part(&mut self, role: Role, request: u32, part: &[u8], last: bool) {
        self.control.gatherer.handle_part(role.shown(), request, part, last);
    }

    /// A worker says that something happened.
    pub(super) fn handle_happened(&mut self, what: &[u8]) {
        if what.len() <= MAX_EVENT
            && let Ok(kind) = serde_json::from_slice(what)
        {
            self.control.publish(kind);
        }
    }
}

/// A moment of the near future, as people read it.
fn moment(at: Instant, now: Instant) -> Timestamp {
    let left = at.saturating_duration_since(now);
    timestamp().checked_add(left).unwrap_or_else(|_| timestamp())
}

/// Octets of what a worker says of one event.
const MAX_EVENT: usize = 16 << 10;
