//! Another program takes over: the doing of what the supervisor decides.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd as _};
use std::os::unix::ffi::OsStringExt;
use std::time::Instant;

use privsep::image::descriptor;
use rustix::process::{Pid, Signal, kill_process};
use vipd_control::{Answer, ClientId, Peer, Refusal};
use vipd_status::EventKind;
use vipd_supervisor::{Demand, Inherited, Supervisor, UpgradeId};

use super::super::control::difference;
use super::super::load::LoadedConfig;
use super::super::namespace;
use super::super::paths::Purpose;
use super::super::pid_file::PidFile;
use super::super::process::Child;
use super::super::upgrade::{
    Accepted, Descriptors, HandedOver, Next, Takeover, Trial, VERSION, open_program, sealed,
};
use super::{Parent, settings};
use crate::ipc::{PerRole, Role};
use crate::log::Log;

/// An upgrade, from the request to the end of this program.
#[derive(Debug)]
pub(super) struct Upgrading {
    id: UpgradeId,
    client: Option<ClientId>,
    /// The program's path, for messages.
    path: String,
    program: File,
    /// This program.
    own: File,
    trial: Option<Trial>,
    accepted: Option<Accepted>,
}

/// This program took over, and nobody knows yet whether it stays.
#[derive(Debug)]
pub(super) struct TookOver {
    client: Option<ClientId>,
    /// The version before.
    from: String,
    former: Option<Former>,
}

/// The program before, should this one not stay.
#[derive(Debug)]
struct Former {
    program: File,
    config: Vec<u8>,
    why: String,
}

impl Upgrading {
    /// The process of the new program while it is tried.
    pub(super) fn pid(&self) -> Option<u32> {
        self.trial.as_ref().map(Trial::pid)
    }
}

impl Parent {
    /// A client wants another program to take over, or to know whether it could.
    pub(super) fn upgrade_for(
        &mut self,
        client: ClientId,
        (path, check): (Option<String>, bool),
        now: Instant,
        log: &mut Log,
    ) {
        if let Err((refusal, why)) = self.begin_upgrade(client, path.as_deref(), check, now, log) {
            self.control.answer(now, client, &Answer::refused(refusal, why));
        }
        self.perform(now, log);
    }

    fn begin_upgrade(
        &mut self,
        client: ClientId,
        path: Option<&str>,
        check: bool,
        now: Instant,
        log: &mut Log,
    ) -> Result<(), (Refusal, String)> {
        let (path, program) = open_program(path).map_err(|why| (Refusal::Name, why))?;
        let own = File::open("/proc/self/exe").map_err(|error| (Refusal::State, error.to_string()))?;
        let id =
            self.supervisor.request_upgrade(now, check).map_err(|why| (Refusal::State, why.to_owned()))?;
        let path = path.display().to_string();
        let what = if check { "whether it could upgrade" } else { "an upgrade" };
        log.info(format!("{} asks for {what} to {path}", self.name_of(client)));
        self.upgrading =
            Some(Upgrading { id, client: Some(client), path, program, own, trial: None, accepted: None });
        Ok(())
    }

    /// Has the configuration read first: a file that was changed since is for a reload to take.
    pub(super) fn look_at_file(&mut self, id: UpgradeId, now: Instant, log: &mut Log) {
        let answers = self.paths.ask(now, Purpose::Upgrade(id), self.read_job(None), log);
        self.take_answers(answers, now, log);
    }

    /// Starts the new program to see whether it takes over.
    pub(super) fn try_program(
        &mut self,
        id: UpgradeId,
        loaded: Result<Box<LoadedConfig>, i32>,
        now: Instant,
        log: &mut Log,
    ) {
        if self.upgrading.as_ref().is_none_or(|upgrading| upgrading.id != id) {
            return;
        }
        let tried = self.is_unchanged(loaded).and_then(|()| {
            let state = self.handed_over(Vec::new()).encode().map_err(|error| error.to_string())?;
            let Some(upgrading) = &mut self.upgrading else { return Ok(()) };
            let trial = Trial::start(upgrading.program.as_fd(), &state)
                .map_err(|error| format!("it cannot be tried: {error}"))?;
            upgrading.trial = Some(trial);
            Ok(())
        });
        if let Err(why) = tried {
            self.supervisor.handle_tried(now, id, Err(why));
            self.perform(now, log);
        }
    }

    fn is_unchanged(&self, loaded: Result<Box<LoadedConfig>, i32>) -> Result<(), String> {
        let loaded = loaded.map_err(|errno| {
            let why = nix::errno::Errno::from_raw(errno).desc();
            format!("the configuration cannot be read now ({why})")
        })?;
        let Some(reading) = self.readings.get(&self.supervisor.current()) else { return Ok(()) };
        if let Some((why, _)) = loaded.unusable {
            return Err(format!("the configuration cannot be used as it is now: {why}"));
        }
        if difference(&reading.whole(), &loaded.config).is_empty() {
            return Ok(());
        }
        Err("the configuration is another one than that which runs: `vipd reload` first".to_owned())
    }

    /// A child ended: perhaps the new program.
    pub(super) fn reap_trial(&mut self, now: Instant, log: &mut Log) {
        let Some(upgrading) = &mut self.upgrading else { return };
        let Some(tried) = upgrading.trial.as_mut().and_then(Trial::poll) else { return };
        upgrading.trial = None;
        let id = upgrading.id;
        let tried = tried.map(|accepted| upgrading.accepted = Some(accepted));
        self.supervisor.handle_tried(now, id, tried);
        self.perform(now, log);
    }

    /// Nobody waits for the new program any more.
    pub(super) fn abandon_trial(&mut self) {
        if let Some(trial) = self.upgrading.as_mut().and_then(|upgrading| upgrading.trial.take()) {
            self.forgotten.push(trial.abandon());
        }
    }

    /// The upgrade is over, and this program goes on.
    pub(super) fn end_upgrade(&mut self, result: Result<(), String>, now: Instant, log: &mut Log) {
        let Some(Upgrading { client, path, accepted, .. }) = self.upgrading.take() else { return };
        let to = accepted.map(|accepted| accepted.version);
        let answer = match result {
            Ok(()) => Answer::done(format!(
                "{path}, version {}, can take over from version {VERSION}",
                to.unwrap_or_default()
            )),
            Err(why) => {
                let text = format!("{path} does not take over, version {VERSION} goes on: {why}");
                log.error(&text);
                let (from, to) = (VERSION.to_owned(), to.unwrap_or_default());
                self.control.publish(EventKind::Upgrade { from, to, refused: Some(why) });
                Answer::refused(Refusal::State, text)
            }
        };
        if let Some(client) = client {
            self.control.answer(now, client, &answer);
        }
    }

    /// Becomes the new program, or the former one again.
    pub(super) fn execute(&mut self, now: Instant) {
        let why = self.become_other();
        self.supervisor.handle_not_executed(now, &why.to_string());
    }

    /// Returns only if that fails.
    fn become_other(&mut self) -> io::Error {
        let (upgrading, took_over) = (self.upgrading.as_ref(), self.took_over.as_ref());
        let former = took_over.and_then(|took_over| took_over.former.as_ref());
        let (program, own, config, back) = match (upgrading, former) {
            (Some(Upgrading { program, own, accepted: Some(accepted), .. }), _) => {
                (program, Some(own), accepted.config.clone(), None)
            }
            (_, Some(Former { program, config, why })) => (program, None, config.clone(), Some(why.clone())),
            _ => return io::Error::other("there is no program"),
        };
        let mut state = self.handed_over(config);
        state.went_back.clone_from(&back);
        let file = match state.encode().and_then(|bytes| sealed(&bytes)) {
            Ok(file) => file,
            Err(error) => return error,
        };
        let client = self.waiting_client().and_then(|id| self.control.client(id)).map(|(fd, _)| fd);
        let pid_file = self.pid_file.as_ref().map(|file| file.parts().1);
        let control = self.control.socket().map(|(.., fd)| fd);
        let kept =
            client.into_iter().chain(pid_file).chain(control).chain(self.fifos.descriptors()).collect();
        let helpers = self.paths.pids().chain(self.watching.pids()).chain(self.mailing.pids());
        for pid in helpers.chain(self.web.pids()) {
            if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
                let _ = kill_process(pid, Signal::KILL);
            }
        }
        let former = own.map(AsFd::as_fd);
        Next { program: program.as_fd(), state: file.as_fd(), former, kept, went_back: None }.execute()
    }

    fn waiting_client(&self) -> Option<ClientId> {
        let took_over = self.took_over.as_ref().and_then(|took_over| took_over.client);
        self.upgrading.as_ref().and_then(|upgrading| upgrading.client).or(took_over)
    }

    /// Everything that another program has to know, with the configuration as it reads it.
    fn handed_over(&self, next: Vec<u8>) -> HandedOver {
        let reading = self.readings.get(&self.supervisor.current());
        let global = reading.map(|reading| &reading.config.global);
        let former = reading.map(|reading| postcard::to_allocvec(&reading.loaded()).unwrap_or_default());
        let client = self.waiting_client().and_then(|id| self.control.client(id));
        let (lanes, runs) = self.notifier.hand_over();
        let notified: Vec<u32> = runs.iter().map(|(_, pid)| *pid).collect();
        let events = self.control.events();
        HandedOver {
            pid: std::process::id(),
            version: VERSION.to_owned(),
            arguments: std::env::args_os().map(OsStringExt::into_vec).collect(),
            config_file: self.options.config.clone(),
            namespace: global.and_then(|global| namespace(&self.options, global)).map(str::to_owned),
            instance: global.and_then(|global| global.instance.clone()),
            descriptors: Descriptors {
                pid_file: self.pid_file.as_ref().map(|file| {
                    let (path, fd) = file.parts();
                    (path.to_owned(), fd.as_raw_fd())
                }),
                control: self
                    .control
                    .socket()
                    .map(|(path, file, fd)| (path.to_owned(), file, fd.as_raw_fd())),
                client: client.map(|(fd, peer)| (fd.as_raw_fd(), peer.uid, peer.groups.clone())),
            },
            former: former.unwrap_or_default(),
            next,
            went_back: None,
            left: PerRole {
                vrrp: self.supervisor.left(Role::Vrrp).clone(),
                lvs: self.supervisor.left(Role::Lvs).clone(),
                bfd: self.supervisor.left(Role::Bfd).clone(),
            },
            reload: self.supervisor.has_to_reload(),
            last_reported: self.last_reported.clone(),
            sessions: self.sessions.known(),
            observed: self.watching.known(),
            lanes,
            children: self.other_children(&notified),
            runs,
            fifos: self.fifos.hand_over(),
            mail: self.mailing.memory(),
            facts: self.facts.hand_over(),
            last_event: events.last(),
            events: events.lines().map(|line| line.to_vec()).collect(),
        }
    }

    /// Children that nobody takes over: they only have to be reaped.
    fn other_children(&self, notified: &[u32]) -> Vec<u32> {
        let fifos = self.fifos.open_pids();
        let all = self.pids();
        all.filter(|pid| !notified.contains(pid) && !fifos.contains(pid)).collect()
    }

    /// Every worker of this program runs, or the daemon stops before.
    pub(super) fn stay(&mut self, now: Instant, log: &mut Log) {
        let Some(TookOver { client, from, .. }) = self.took_over.take() else { return };
        log.info(format!("Upgraded from v{from} to v{VERSION}"));
        let to = VERSION.to_owned();
        self.control.publish(EventKind::Upgrade { from: from.clone(), to, refused: None });
        if let Some(client) = client {
            self.control.answer(
                now,
                client,
                &Answer::done(format!("upgraded from version {from} to {VERSION}")),
            );
        }
    }

    /// Every worker runs again after an upgrade that came to nothing.
    pub(super) fn answer_settled(&mut self, now: Instant) {
        if let Some((client, answer)) = self.answer_when_settled.take() {
            self.control.answer(now, client, &answer);
        }
    }

    /// This program does not stay.
    pub(super) fn go_back(&mut self, reason: String) {
        if let Some(former) = self.took_over.as_mut().and_then(|took_over| took_over.former.as_mut()) {
            former.why = reason;
        }
    }

    /// Goes on where the program before this one in the same process stopped.
    pub(in crate::parent) fn resume(&mut self, takeover: Takeover, now: Instant, log: &mut Log) {
        let Takeover { state, former } = takeover;
        self.pid_file = state
            .descriptors
            .pid_file
            .and_then(|(path, number)| Some(PidFile::resume(path, File::from(descriptor(number)?))));
        if let Some((path, file, fd)) = state.descriptors.control
            && let Some(fd) = descriptor(fd)
            && let Err(error) = self.control.resume(path, file, fd)
        {
            log.error(format!("control socket: {error}"));
        }
        let client = state.descriptors.client.and_then(|(number, uid, groups)| {
            let stream = descriptor(number)?.into();
            self.control.resume_client(now, stream, Peer { uid, groups })
        });
        self.control.events_mut().resume(state.last_event, state.events);
        self.facts.resume(&state.facts);
        self.last_reported = state.last_reported;
        self.sessions.resume(now, state.sessions);
        self.watching.resume(state.observed);
        self.fifos.resume(state.fifos, descriptor);
        self.notifier.resume(now, state.lanes, state.runs);
        self.mail = Some(state.mail);
        self.forgotten.extend(state.children.into_iter().filter_map(Child::adopt));
        let former = former.map(|program| Former {
            program: File::from(program),
            config: state.former,
            why: String::new(),
        });
        let inherited = Inherited { left: state.left, reload: state.reload, can_go_back: former.is_some() };
        let demand = self.readings.get(&0).map(|reading| Demand::of(&reading.whole())).unwrap_or_default();
        self.supervisor = Supervisor::resume(now, settings(&self.options), demand, &inherited);
        let went_back = state.went_back;
        if let Some(why) = &went_back {
            let text =
                format!("version {} could not take over, version {VERSION} goes on: {why}", state.version);
            log.error(&text);
            let (from, to) = (VERSION.to_owned(), state.version.clone());
            self.control.publish(EventKind::Upgrade { from, to, refused: Some(why.clone()) });
            self.answer_when_settled = client.map(|client| (client, Answer::refused(Refusal::State, text)));
        }
        self.took_over = went_back.is_none().then_some(TookOver { client, from: state.version, former });
        self.has_resumed = true;
    }

    /// Takes over the mails, once the outlets are as the configuration says.
    pub(super) fn resume_mail(&mut self, now: Instant, log: &mut Log) {
        if let Some(mail) = self.mail.take() {
            self.mailing.resume(now, mail, log);
        }
    }
}
