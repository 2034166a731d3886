//! Doing what the supervisor asks for.

use std::time::Instant;

use vipd_status::ReloadResult;
use vipd_supervisor::{Action, LifeScript, Occasion, Tell, WorkerId};

use super::super::init_files;
use super::super::kept_intents;
use super::super::worker::Worker;
use super::{Parent, token_of};
use crate::ipc::{
    BfdStart, Generation, LogLevel, LvsStart, Predecessor, Role, SessionKey, Start, Task, ToAnyWorker, ToBfd,
    ToLvs, ToVrrp, ToWorker, VrrpStart,
};
use crate::log::{About, Log, LogLine, LogSource};
use crate::tidy;
use crate::worker::scheduling;

impl Parent {
    /// Does everything that the supervisor asks for.
    pub(super) fn perform(&mut self, now: Instant, log: &mut Log) {
        while let Some(action) = self.supervisor.poll_action() {
            self.perform_one(action, now, log);
        }
    }

    fn perform_one(&mut self, action: Action, now: Instant, log: &mut Log) {
        match action {
            Action::Start { worker, role, generation, task, predecessor } => {
                self.start(worker, (role, task), generation, predecessor, now, log);
            }
            Action::Configure { worker, generation } => {
                self.configure(worker, generation, now, log);
            }
            Action::Stop(worker) => self.send(worker, &ToAnyWorker::Stop, now, log),
            Action::Probe(worker) => self.send(worker, &ToAnyWorker::Probe, now, log),
            Action::Kill(worker) => {
                if let Some(worker) = self.workers.get_mut(&worker) {
                    worker.kill();
                }
            }
            Action::Forget { worker, role } => {
                if let Some(worker) = self.workers.remove(&worker) {
                    let mut child = worker.into_child();
                    if child.poll().is_none() {
                        self.forgotten.push(child);
                    }
                }
                self.checks.abandon(role);
                self.control.gatherer.handle_end(role.shown());
                if role == Role::Bfd {
                    self.sessions.handle_end(now);
                }
            }
            Action::Read(id) => self.read_config(id, now, log),
            Action::Enforce { occasion, .. } => {
                self.take_name();
                self.arrange_reload_time(now);
                self.arrange_outlets(now, log);
                self.arrange_control(now, log);
                self.arrange_web(now);
                match occasion {
                    Occasion::Start => {
                        self.make_files(init_files::Occasion::Start, log);
                        let answers = self.paths.wait(log);
                        self.take_answers(answers, now, log);
                        self.arrange_watching(now, log);
                        self.watching.wait(log);
                    }
                    Occasion::Reload => self.make_files(init_files::Occasion::Reload, log),
                    Occasion::TakeBack => {}
                    Occasion::TakeOver => {
                        self.resume_mail(now, log);
                        self.arrange_watching(now, log);
                    }
                }
            }
            Action::Settled => {
                self.answer_settled(now);
                // Only now: until here workers told of what is no longer configured.
                if let Some(reading) = self.readings.get(&self.supervisor.current()) {
                    self.sessions
                        .retain(&reading.config.bfd_instances.iter().map(SessionKey::from).collect());
                    self.last_reported.retain(&reading.config);
                    self.fifos.after_reload(reading.config.global.fifo_states_on_reload, log);
                }
            }
            Action::Drop(generation) => {
                self.readings.remove(&generation);
                self.arrange_watching(now, log);
            }
            Action::Log(level, text) => log.write(LogSource::Parent, level, &text),
            Action::Report(level, event, text) => {
                log.write_line(LogSource::Parent, &LogLine::new(level, text).about(About::new(event)));
            }
            Action::ReportAs { role, pid, event, text } => {
                let line = LogLine::new(LogLevel::Info, text).about(About::new(event));
                log.write_line(role.voice(pid), &line);
            }
            Action::Tell(Tell::Ready) => {
                self.systemd.ready(now);
                self.end_reload(ReloadResult::Taken, None);
            }
            Action::Tell(Tell::Reloading) => {
                self.systemd.reloading();
                self.facts.handle_reloading();
            }
            Action::Tell(Tell::Undone(why)) => {
                self.systemd.undone(now, &why);
                self.end_reload(ReloadResult::Undone, Some(&why));
            }
            Action::Tell(Tell::Refused(why)) => {
                self.systemd.refused(now, &why);
                self.end_reload(ReloadResult::Refused, Some(&why));
            }
            Action::Tell(Tell::Stopping(status)) => self.systemd.stopping(status),
            Action::RunScript(which) => self.run_script(which, now, log),
            Action::SignalScript(which, signal) => self.life_scripts.signal(which, signal),
            Action::TryProgram(id) => self.look_at_file(id, now, log),
            Action::AbandonTrial(_) => self.abandon_trial(),
            Action::Execute => self.execute(now),
            Action::UpgradeOver(_, result) => self.end_upgrade(result, now, log),
            Action::TookOver => self.stay(now, log),
            Action::GoBack(reason) => self.go_back(reason),
            Action::WindDown => self.winds_down = true,
            Action::Exit(status) => self.finish(status, now, log),
        }
    }

    fn start(
        &mut self,
        id: WorkerId,
        (role, task): (Role, Task),
        generation: Generation,
        predecessor: Option<Box<Predecessor>>,
        now: Instant,
        log: &mut Log,
    ) {
        let program = (&self.programs[role], self.pid_paths[role].as_path());
        match Worker::start(program, (role, task), self.poll.registry(), token_of(id), log) {
            Ok(worker) => {
                let pid = worker.pid();
                let what = match task {
                    Task::Serve => "",
                    Task::Sweep => " to remove what an earlier one may have left",
                };
                log.info(format!("Starting {} child process{what}, pid={pid}", role.name()));
                self.workers.insert(id, worker);
                self.supervisor.handle_started(id, pid);
                self.tell_of_start(role, pid);
            }
            Err(error) => return self.supervisor.handle_not_started(now, id, &error.to_string()),
        }
        self.send_start(id, (role, task), generation, predecessor, now, log);
    }

    /// Sends a worker that has just been started what it is to run.
    fn send_start(
        &mut self,
        id: WorkerId,
        (role, task): (Role, Task),
        generation: Generation,
        predecessor: Option<Box<Predecessor>>,
        now: Instant,
        log: &mut Log,
    ) {
        let Some(reading) = self.readings.get(&generation) else { return };
        let start = Start { generation, task, predecessor, run_as: Some(reading.accounts.worker()), own: () };
        // One that only removes what an earlier one left judges nothing.
        let serves = task == Task::Serve;
        match role {
            Role::Vrrp => {
                let own = VrrpStart {
                    config: reading.vrrp_part(),
                    sessions: if serves { self.sessions.known() } else { Vec::new() },
                    observed: if serves { self.watching.known() } else { Vec::new() },
                    keep: self.options.keep_addresses,
                };
                self.send(id, &start.with(own), now, log);
            }
            Role::Lvs => {
                let own = LvsStart {
                    config: reading.lvs_part(),
                    masters: if serves { self.last_reported.masters() } else { Vec::new() },
                    sessions: if serves { self.sessions.known() } else { Vec::new() },
                    kept: if serves { self.kept_intents.steers(kept_intents::moment()) } else { Vec::new() },
                    keep: self.options.keep_ipvs,
                };
                self.send(id, &start.with(own), now, log);
            }
            Role::Bfd => {
                let own = BfdStart::from(&reading.config);
                self.send(id, &start.with(own), now, log);
            }
        }
        self.tidy_at = Some(now + tidy::AFTER);
    }

    /// Sends a worker another configuration.
    fn configure(&mut self, id: WorkerId, generation: Generation, now: Instant, log: &mut Log) {
        let Some(role) = self.workers.get(&id).map(|worker| worker.role) else { return };
        let Some(reading) = self.readings.get(&generation) else { return };
        match role {
            Role::Vrrp => {
                let config = Box::new(reading.vrrp_part());
                self.send(id, &ToWorker::Own(ToVrrp::Reload { generation, config }), now, log);
            }
            Role::Lvs => {
                let config = Box::new(reading.lvs_part());
                let kept = self.kept_intents.steers(kept_intents::moment());
                self.send(id, &ToWorker::Own(ToLvs::Reload { generation, config, kept }), now, log);
            }
            Role::Bfd => {
                let instances = reading.config.bfd_instances.clone();
                self.send(id, &ToWorker::Own(ToBfd::Reload { generation, instances }), now, log);
            }
        }
        self.tidy_at = Some(now + tidy::AFTER);
    }

    fn arrange_web(&mut self, now: Instant) {
        if let Some(reading) = self.readings.get(&self.supervisor.current()) {
            self.web.arrange(now, &reading.config.global.daemon.http);
        }
    }

    fn arrange_reload_time(&mut self, now: Instant) {
        let reading = self.readings.get(&self.supervisor.current());
        self.reload_time
            .arrange(now, reading.and_then(|it| it.config.global.daemon.reload_time_file.as_ref()));
    }

    /// The name of this process, where the configuration gives it one.
    fn take_name(&self) {
        let reading = self.readings.get(&self.supervisor.current());
        if let Some(name) = reading.and_then(|reading| reading.config.global.daemon.process_name.as_deref()) {
            scheduling::rename(name);
        }
    }

    /// Starts `startup_script` or `shutdown_script`.
    fn run_script(&mut self, which: LifeScript, now: Instant, log: &mut Log) {
        let Some(reading) = self.readings.get(&self.supervisor.current()) else { return };
        if let Err(end) =
            self.life_scripts.start(which, &reading.config.global.daemon, &reading.accounts, log)
        {
            self.supervisor.handle_script_ended(now, which, end);
        }
    }

    /// The daemon ends now, whatever still runs.
    fn finish(&mut self, status: u8, now: Instant, log: &mut Log) {
        self.fifos.close(now);
        self.fifos.abandon();
        self.ask_about_fifos(now, log);
        self.notifier.abandon(log);
        self.mailing.abandon(now, log);
        // Those that were made here are removed, unless their file system hangs.
        let _ = self.paths.wait(log);
        self.paths.abandon();
        self.watching.abandon();
        self.web.abandon();
        for role in Role::ALL {
            self.checks.abandon(role);
        }
        self.life_scripts.abandon();
        self.finished = Some(status);
    }
}
