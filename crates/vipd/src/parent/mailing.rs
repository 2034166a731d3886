//! Mail, as the parent sees it: the alert mailer decides, this starts the mailer process and passes on what both say.
//!
//! The mailer runs while there is something to deliver, and [`IDLE_TIME`] longer. One that dies or hangs is replaced
//! for the next attempt; the mail stays in the outbox.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::time::{Duration, Instant};

use keepalived_conf::model::Config;
use mio::{Registry, Token};
use smtp_submit::{Failure, Id, Mail};

use super::process::{Child, Ended};
use super::worker::WorkerProgram;
use crate::ipc::{Channel, ChannelError, GroupEvent, InstanceEvent};
use crate::log::{LocalTime, Log, LogSource};
use crate::mailer::{FromMailer, ToMailer};
use crate::outlets::mail::{Action, AlertMailer, MailMemory, RealServerChange, Sender, State};

/// The alert mailer, and the process that delivers for it.
#[derive(Debug)]
pub(super) struct Mailing {
    alerts: AlertMailer,
    program: WorkerProgram,
    registry: Registry,
    token: Token,
    mailer: Option<Mailer>,
    /// Mailers that were told to end.
    ending: Vec<Child>,
    /// The daemon ends: mails that are not delivered then are lost.
    last_moment: Option<Instant>,
}

#[derive(Debug)]
struct Mailer {
    child: Child,
    channel: Channel,
    /// The delivery that it works on.
    delivers: Option<Id>,
    /// Time at which it is dismissed if no mail comes.
    idle_at: Instant,
    /// Log lines that are still listened to: it reads replies of strangers, and must not keep the parent busy.
    lines_left: u8,
}

impl Mailing {
    /// For a mailer that is this program and whose channel gets this token.
    pub(super) fn new(program: WorkerProgram, registry: Registry, token: Token) -> Self {
        Self {
            alerts: AlertMailer::new(ourselves()),
            program,
            registry,
            token,
            mailer: None,
            ending: Vec::new(),
            last_moment: None,
        }
    }

    /// Takes a configuration into force.
    pub(super) fn arrange(&mut self, now: Instant, config: &Config, log: &mut Log) {
        self.alerts.arrange(now, config);
        self.perform(now, log);
    }

    /// State that another program needs to go on.
    pub(super) fn memory(&self) -> MailMemory {
        self.alerts.memory()
    }

    /// Goes on where the program before this one stopped. The configuration is in force.
    pub(super) fn resume(&mut self, now: Instant, memory: MailMemory, log: &mut Log) {
        self.alerts.resume(now, memory);
        self.perform(now, log);
    }

    /// Forgets the states of instances that are no longer configured.
    pub(super) fn retain_instances(&mut self, is_configured: impl Fn(&str) -> bool) {
        self.alerts.retain_instances(is_configured);
    }

    /// An instance has a new state.
    pub(super) fn instance(
        &mut self,
        now: Instant,
        name: &str,
        alert: bool,
        event: InstanceEvent,
        log: &mut Log,
    ) {
        let state = match event {
            InstanceEvent::Master => State::Master,
            InstanceEvent::Backup => State::Backup,
            InstanceEvent::Fault => State::Fault,
            InstanceEvent::Stop | InstanceEvent::Deleted | InstanceEvent::MasterReceivedLowerPriority => {
                return;
            }
        };
        self.tell(now, log, |alerts, date| alerts.instance(now, date, name, alert, state));
    }

    /// A sync group has a new state.
    pub(super) fn group(&mut self, now: Instant, name: &str, alert: bool, event: GroupEvent, log: &mut Log) {
        let state = match event {
            GroupEvent::Master => State::Master,
            GroupEvent::Backup => State::Backup,
            GroupEvent::Fault => State::Fault,
            GroupEvent::Stop => return,
        };
        self.tell(now, log, |alerts, date| alerts.group(now, date, name, alert, state));
    }

    /// A real server or a checker of it changed.
    pub(super) fn real_server(
        &mut self,
        now: Instant,
        alert: bool,
        change: &RealServerChange<'_>,
        log: &mut Log,
    ) {
        self.tell(now, log, |alerts, date| alerts.real_server(now, date, alert, change));
    }

    /// A virtual server gained or lost its quorum.
    pub(super) fn virtual_server(
        &mut self,
        now: Instant,
        alert: bool,
        name: &str,
        up: bool,
        because: &str,
        log: &mut Log,
    ) {
        self.tell(now, log, |alerts, date| alerts.virtual_server(now, date, name, alert, up, because));
    }

    /// Tells the alert mailer of an event, with the date of the mail.
    fn tell(&mut self, now: Instant, log: &mut Log, event: impl FnOnce(&mut AlertMailer, &str)) {
        event(&mut self.alerts, &LocalTime::now().mail());
        self.perform(now, log);
    }

    /// The channel is readable or writable.
    pub(super) fn handle_channel(&mut self, now: Instant, log: &mut Log) {
        if let Some(mailer) = &mut self.mailer {
            // Why it failed comes with the end of the process.
            let _ = mailer.channel.flush();
        }
        self.receive_all(now, log);
        self.perform(now, log);
    }

    /// SIGCHLD came.
    pub(super) fn reap(&mut self, now: Instant, log: &mut Log) {
        self.ending.retain_mut(|child| child.poll().is_none());
        let Some(ended) = self.mailer.as_mut().and_then(|mailer| mailer.child.poll()) else { return };
        // Messages that it sent before it died still count.
        self.receive_all(now, log);
        if let Some(id) = self.mailer.take().and_then(|mailer| mailer.delivers) {
            self.alerts.handle_outcome(now, id, Err(Failure::Local(words(ended))));
        }
        self.perform(now, log);
    }

    /// Time passed.
    pub(super) fn timeout(&mut self, now: Instant, log: &mut Log) {
        self.alerts.handle_timeout(now);
        self.perform(now, log);
        if self.mailer.as_ref().is_some_and(|mailer| mailer.delivers.is_none() && mailer.idle_at <= now) {
            self.dismiss();
        }
    }

    /// When [`Mailing::timeout`] is due.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let idle =
            self.mailer.as_ref().filter(|mailer| mailer.delivers.is_none()).map(|mailer| mailer.idle_at);
        [self.alerts.poll_timeout(), idle, self.last_moment].into_iter().flatten().min()
    }

    /// Process ids of the mailers.
    pub(super) fn pids(&self) -> impl Iterator<Item = u32> {
        self.ending.iter().chain(self.mailer.as_ref().map(|mailer| &mailer.child)).map(Child::pid)
    }

    /// The daemon ends when this says yes: when nothing is left that can be delivered now, or [`GRACE`] after it was
    /// asked first.
    pub(super) fn is_done(&mut self, now: Instant) -> bool {
        self.alerts.is_quiet(now) || *self.last_moment.get_or_insert(now + GRACE) <= now
    }

    /// The daemon ends now.
    pub(super) fn abandon(&mut self, now: Instant, log: &mut Log) {
        self.alerts.abandon();
        self.perform(now, log);
        self.dismiss();
    }

    fn receive_all(&mut self, now: Instant, log: &mut Log) {
        while let Some(mailer) = &mut self.mailer {
            match mailer.channel.receive() {
                Ok(Some(FromMailer::Done(id, outcome))) if mailer.delivers == Some(Id(id)) => {
                    mailer.delivers = None;
                    mailer.idle_at = now + IDLE_TIME;
                    self.alerts.handle_outcome(now, Id(id), outcome);
                }
                Ok(Some(FromMailer::Log(level, text))) if mailer.lines_left > 0 => {
                    mailer.lines_left -= 1;
                    log.write(LogSource::Parent, level, &text);
                }
                Ok(Some(FromMailer::Done(..) | FromMailer::Log(..))) => {
                    log.error(format!(
                        "mailer process({}) sent an unexpected message; killing it",
                        mailer.child.pid()
                    ));
                    mailer.child.kill();
                    return;
                }
                // Its end is told by SIGCHLD.
                Ok(None) | Err(ChannelError::Closed) => return,
                Err(error) => {
                    log.error(format!("mailer process({}): {error}", mailer.child.pid()));
                    mailer.child.kill();
                    return;
                }
            }
        }
    }

    fn perform(&mut self, now: Instant, log: &mut Log) {
        while let Some(action) = self.alerts.poll_action() {
            match action {
                Action::Deliver(id, mail) => {
                    if let Err(failure) = self.deliver(now, id, mail, log) {
                        self.alerts.handle_outcome(now, id, Err(failure));
                    }
                }
                Action::Abort(id) => {
                    if let Some(mut mailer) = self.mailer.take_if(|mailer| mailer.delivers == Some(id)) {
                        mailer.child.kill();
                        self.ending.push(mailer.child);
                    }
                }
                Action::Log(level, text) => log.write(LogSource::Parent, level, &text),
            }
        }
    }

    fn deliver(&mut self, now: Instant, id: Id, mail: Mail, log: &mut Log) -> Result<(), Failure> {
        let ca = self.alerts.ca_file().map(read_certificates).transpose()?;
        let Some(delivery) = self.alerts.delivery(id, mail, ca) else { return Ok(()) };
        let mut mailer = match self.mailer.take() {
            Some(mailer) => mailer,
            None => self
                .start(now, log)
                .map_err(|error| Failure::Local(format!("the mailer process cannot be started: {error}")))?,
        };
        mailer.delivers = Some(id);
        let sent = mailer.channel.send(&ToMailer::Deliver(Box::new(delivery)));
        if sent.is_err() {
            // Its end is on the way, and with it the outcome.
            mailer.child.kill();
        }
        self.mailer = Some(mailer);
        Ok(())
    }

    fn start(&self, now: Instant, log: &mut Log) -> io::Result<Mailer> {
        let (child, channel) = self.program.start(&self.registry, self.token)?;
        log.debug(format!("Starting mailer process, pid={}", child.pid()));
        Ok(Mailer { child, channel, delivers: None, idle_at: now + IDLE_TIME, lines_left: MAX_LOG_LINES })
    }

    /// It ends when its channel does.
    fn dismiss(&mut self) {
        if let Some(mailer) = self.mailer.take() {
            self.ending.push(mailer.child);
        }
    }
}

fn ourselves() -> Sender {
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let user = nix::unistd::User::from_uid(nix::unistd::Uid::effective()).ok().flatten();
    let hosts = std::fs::read_to_string("/etc/hosts").unwrap_or_default();
    Sender::new(&host, user.as_ref().map_or("root", |user| &user.name), &hosts)
}

fn read_certificates(path: &Path) -> Result<Vec<u8>, Failure> {
    let failure =
        |error: io::Error| Failure::Certificates(format!("smtp_tls_ca_file: {}: {error}", path.display()));
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(failure)?;
    file.take(MAX_CERTIFICATES).read_to_end(&mut bytes).map_err(failure)?;
    Ok(bytes)
}

fn words(ended: Ended) -> String {
    match ended {
        Ended::Exited(status) => format!("the mailer process exited with status {status}"),
        Ended::Signalled(signal) => format!("the mailer process exited due to signal {signal}"),
        Ended::NotStarted(errno) => {
            let why = nix::errno::Errno::from_raw(errno).desc();
            format!("the mailer process could not run this program: {why}")
        }
    }
}

/// Time that an idle mailer stays: changes seldom come alone.
const IDLE_TIME: Duration = Duration::from_secs(10);

/// Time that a stop waits for mails that can be delivered.
const GRACE: Duration = Duration::from_secs(2);

/// Bytes of the certificate file; all authorities of a distribution are a quarter of a mebibyte.
const MAX_CERTIFICATES: u64 = 4 << 20;

/// Log lines that a mailer may send in its life.
const MAX_LOG_LINES: u8 = 8;

#[cfg(test)]
mod tests;
