//! The LVS worker: one loop, no decision of its own. (Other threads only read files, and decide nothing either.)
//!
//! [`Director`] decides when a server is checked and what follows, a [`Dialogue`](lvs_health::Dialogue) is one
//! attempt; this moves bytes between them and sockets, and makes the kernel's tables what the director wants. In one
//! turn of the loop everything that has arrived is read before time is judged, the kernel is changed before anybody is
//! told, and then new attempts begin.

mod attempts;
mod certificates;
mod definitions;
mod descriptors;
mod drains;
mod dump;
mod files;
mod memory;
pub mod names;
mod narrate;
mod nonces;
mod outliers;
mod pace;
mod perform;
mod plan;
mod presence;
mod reconcile;
mod reload;
mod remember;
mod scripts;
mod sessions;
mod socket;
mod status;
mod steer;
mod sync;
mod tables;
#[cfg(test)]
mod testing;
mod traffic;

use std::collections::{HashMap, HashSet, VecDeque};
use std::io::{self, ErrorKind};
use std::os::fd::{AsRawFd, OwnedFd};
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime};

use ipvs_netlink::{Error, ServiceKey, Table, Timeouts};
use keepalived_conf::model::lvs::FlushOnStop;
use lvs_health::director::{Action, AttemptId, CheckId, Director};
use lvs_health::{Prepared, Shared};
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};

use crate::ipc::{FromWorker, LogLevel, Lvs, LvsStart, Monotonic, Start, Task, ToLvs, ToWorker};
use crate::worker::{SetUp, exit_code, rights};
use attempts::Attempts;
use certificates::Certificates;
use files::Files;
use nonces::Nonces;
use outliers::Outliers;
use pace::Pace;
use plan::{Former, Plan};
use presence::Presence;
use privsep::heap as tidy;
use scripts::Scripts;
use sessions::Sessions;
use sync::SyncDaemons;
use tables::Tables;
use vipd_ipc as ipc;
use vipd_ipc::worker;
use vipd_log as log;

pub use definitions::definition;
pub use narrate::keyword;
pub use socket::{ConnectError, connect};

/// The connection to the parent.
type Parent = worker::Parent<Lvs>;

/// Runs the LVS worker at the other end of `socket` until the parent says stop or goes away. In a dry run servers are
/// checked and changes of the kernel's tables are told, but not made.
///
/// Exit status: 0 after an orderly stop, 1 if the machine denies what is needed.
pub fn main(socket: OwnedFd, dry_run: bool) -> ExitCode {
    exit_code(run(socket, dry_run))
}

fn run(socket: OwnedFd, dry_run: bool) -> io::Result<()> {
    // A predecessor ended just before.
    let ended = Instant::now().checked_sub(SUCCESSION).unwrap_or_else(Instant::now);
    let Some(SetUp { poll, mut parent, start }) = SetUp::begin(socket, PARENT, SIGNAL)? else {
        return Ok(());
    };
    let tables = if dry_run { Ok(Tables::dry()) } else { Tables::open() };
    // After the module was loaded, which takes more.
    parent.keep_rights(rights::NETWORK_AND_FILES, start.run_as);
    match tables {
        Ok(tables) => {
            let task = start.task;
            let worker = Worker::start(poll, parent, tables, start, ended)?;
            match task {
                Task::Serve => worker.run(),
                Task::Sweep => {
                    worker.stop();
                    Ok(())
                }
            }
        }
        // Of a moment, like a table that is never still: the next try may do better.
        Err(error) if !is_lasting(&error) => Err(io::Error::other(error)),
        Err(error) => {
            parent.send(&FromWorker::Refused(format!("IPVS: Can't initialize ipvs: {error}")));
            parent.say_goodbye();
            Ok(())
        }
    }
}

/// Whether trying again is of no use: the kernel has no IPVS, or does not let us.
fn is_lasting(error: &Error) -> bool {
    match error {
        Error::NoIpvs => true,
        Error::Refused { refusal, .. } => refusal.errno == libc::EPERM,
        _ => false,
    }
}

/// Everything that the loop holds.
#[derive(Debug)]
struct Worker {
    poll: Poll,
    parent: Parent,
    plan: Plan,
    /// The places of the plan before it.
    former: Former,
    director: Director,
    /// The instant from which remembered times are counted.
    origin: Instant,
    tables: Tables,
    attempts: Attempts,
    /// Attempts that are to begin, with their step.
    starts: VecDeque<(AttemptId, usize)>,
    scripts: Scripts,
    sessions: Sessions,
    files: Files,
    presence: Presence,
    sync: SyncDaemons,
    /// Network checks made ready, by check; one that could not be has an empty entry.
    prepared: HashMap<CheckId, Option<Prepared>>,
    outliers: Outliers,
    /// When connections of servers that drain are counted next; `None` while none drains.
    count_at: Option<Instant>,
    /// Questions how everything stands, each with the virtual server that its answer goes on with.
    inquiries: VecDeque<(u32, u32)>,
    /// When the tables are compared with the kernel next.
    reconcile_at: Instant,
    /// Certificates that were read since the last reload.
    certificates: Certificates,
    /// When the certificate ends that the server of a check showed last.
    certificate_ends: HashMap<CheckId, SystemTime>,
    /// TLS configurations and patterns of checks.
    shared: Shared,
    /// Remarks about a check besides its outcomes, so that each is logged once.
    noted: HashSet<(CheckId, String)>,
    /// Changes that the kernel refused of late, so that each is logged once.
    refused: HashSet<String>,
    /// Delay after a refusal until the tables are compared again.
    retry: Duration,
    pace: Pace,
    /// When it was last told that a check has to wait for want of something on this machine.
    hindrance_told: Option<Instant>,
    nonces: Nonces,
    keep: bool,
    /// When to give back memory that a start or a reload needed.
    tidy_at: Option<Instant>,
    stopped: bool,
}

impl Worker {
    fn start(
        poll: Poll,
        mut parent: Parent,
        mut tables: Tables,
        start: Start<LvsStart>,
        ended: Instant,
    ) -> io::Result<Self> {
        let lvs = &start.own.config.global.lvs;
        let predecessor = start.predecessor.as_deref();
        let adopt = predecessor.is_some();
        if lvs.flush
            && !adopt
            && let Err(error) = tables.flush()
        {
            parent.log(LogLevel::Error, format!("IPVS: cannot flush the tables: {error}"));
        }
        let presence = Presence::open(lvs.netlink_monitor_receive_buffer)?;
        poll.registry().register(&mut SourceFd(&presence.as_raw_fd()), MONITOR, Interest::READABLE)?;
        let now = Instant::now();
        let former: Vec<ServiceKey> =
            predecessor.iter().flat_map(|predecessor| &predecessor.former).filter_map(plan::key).collect();
        tables.own(&former);
        let (known, foreign) =
            predecessor.map(|predecessor| memory::recall(&predecessor.memory)).unwrap_or_default();
        if foreign > 0 {
            let text = format!(
                "ignoring the saved state of {foreign} virtual servers, which another release wrote: they start anew"
            );
            parent.log(LogLevel::Warning, text);
        }
        let former_plan = Former::recalled(&known);
        let mut plan = Plan::new(start.generation, start.own.config).resuming(&known);
        let origin = memory::origin();
        let standings = known.into_iter().map(|(identity, known)| (identity, known.standing));
        let director = Director::resume_after((ended, now), plan.take_director(), standings, origin);
        plan.forget_drained(&director);
        let files = Files::new(poll.registry(), FILES)?;
        let certificates = Certificates::default();
        let mut worker = Self {
            poll,
            parent,
            former: former_plan,
            plan,
            director,
            origin,
            tables,
            attempts: Attempts::new(FIRST_ATTEMPT, descriptors::most_attempts()),
            starts: VecDeque::new(),
            scripts: Scripts::default(),
            sessions: Sessions::of(start.own.sessions),
            files,
            presence,
            sync: SyncDaemons::of(start.own.masters),
            prepared: HashMap::new(),
            outliers: Outliers::default(),
            // A predecessor may have left servers that drain.
            count_at: Some(now),
            inquiries: VecDeque::new(),
            reconcile_at: now + reconcile::SHORTEST_INTERVAL,
            shared: Shared::new(certificates.clone()),
            certificates,
            certificate_ends: HashMap::new(),
            noted: HashSet::new(),
            refused: HashSet::new(),
            retry: reconcile::RETRY,
            pace: Pace::new(now),
            hindrance_told: None,
            nonces: Nonces::default(),
            keep: start.own.keep,
            tidy_at: Some(now + tidy::AFTER),
            stopped: false,
        };
        worker.steer_as_kept(now, &start.own.kept);
        worker.look_at_addresses(now);
        worker.take_plan_into_force(now);
        // As after a reload, which the predecessor may have died of.
        worker.set_tables(now, former, &Table::new());
        Ok(worker)
    }

    fn run(mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(EVENTS);
        // Messages right behind the configuration wake nobody any more.
        self.hear_parent(Instant::now());
        self.stopped |= self.parent.was_terminated();
        self.turn();
        while !self.stopped {
            self.gather(&mut events)?;
            self.turn();
        }
        self.stop();
        Ok(())
    }

    /// Judges time, then does what came of everything.
    fn turn(&mut self) {
        let now = Instant::now();
        self.attempts.handle_timeout(now);
        self.time_scripts(now);
        self.time_files(now);
        self.director.handle_timeout(now);
        self.count_connections(now);
        self.look_for_outliers(now);
        self.perform(now);
        if now >= self.reconcile_at {
            self.reconcile(now);
        }
        self.answer_inquiry();
        self.parent.flush();
        if self.tidy_at.take_if(|at| *at <= now).is_some() {
            self.director.shrink();
            tidy::give_back();
        }
        self.stopped |= self.parent.is_gone();
        self.attempts.turn();
    }

    /// Time until something is due.
    fn patience(&self, now: Instant) -> Duration {
        if self.attempts.has_backlog() || !self.starts.is_empty() || !self.inquiries.is_empty() {
            return Duration::ZERO;
        }
        let due = [
            self.director.poll_timeout(),
            self.attempts.poll_timeout(),
            self.scripts.poll_timeout(),
            self.files.poll_timeout(),
            Some(self.reconcile_at),
            self.count_at,
            self.outliers.poll_timeout(),
            self.tidy_at,
        ];
        due.into_iter()
            .flatten()
            .min()
            .map_or(reconcile::LONGEST_INTERVAL, |at| at.saturating_duration_since(now))
    }

    /// Waits for events and takes all of them in: input that has arrived counts before time is judged.
    fn gather(&mut self, events: &mut Events) -> io::Result<()> {
        let now = Instant::now();
        let mut patience = self.patience(now);
        let rest = self.pace.rest(now, patience);
        // Without an attempt under way there is no answer that could gather.
        if !rest.is_zero() && self.attempts.len() > 0 {
            std::thread::sleep(rest);
            patience = patience.saturating_sub(rest);
        }
        // Each socket tells once that it is ready; more often only if more comes meanwhile.
        for round in 0..=self.attempts.len() / EVENTS + 1 {
            match self.poll.poll(events, Some(patience)) {
                Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(()),
                result => result?,
            }
            let now = Instant::now();
            if round == 0 {
                self.pace.wake(now);
                self.attempts.read_on(now);
            }
            for event in events.iter() {
                match event.token() {
                    PARENT => self.hear_parent(now),
                    SIGNAL => self.stopped |= self.parent.was_terminated(),
                    MONITOR => self.look_at_addresses(now),
                    FILES => self.take_files(now),
                    _ => self.attempts.handle_event(now, event),
                }
            }
            if events.iter().count() < EVENTS {
                break;
            }
            patience = Duration::ZERO;
        }
        Ok(())
    }

    fn hear_parent(&mut self, now: Instant) {
        self.parent.flush();
        while let Some(message) = self.parent.receive() {
            match message {
                ToWorker::Own(message) => self.hear_own(now, message),
                ToWorker::Status { request } => self.inquiries.push_back((request, 0)),
                ToWorker::Probe => self.parent.send(&FromWorker::Alive),
                ToWorker::Stop => self.stopped = true,
            }
        }
    }

    fn hear_own(&mut self, now: Instant, message: ToLvs) {
        match message {
            ToLvs::Reload { generation, config, kept } => self.reload(now, generation, *config, &kept),
            ToLvs::ScriptStarted { generation, script, at } => {
                self.scripts.handle_started(instant(now, at), (generation, script));
            }
            ToLvs::ScriptDone { generation, script, run } => {
                self.script_done(now, (generation, script), &run);
            }
            ToLvs::Steer { request, steer } => self.steer(now, request, &steer),
            ToLvs::Standing { instance, master } => self.stand(&instance, master),
            ToLvs::Session { key, up } => self.note_session(now, key, up),
            ToLvs::Dump => self.dump(),
        }
    }

    /// Settings that do not depend on any server.
    fn take_plan_into_force(&mut self, now: Instant) {
        for complaint in std::mem::take(&mut self.plan.complaints) {
            self.parent.log(LogLevel::Error, complaint);
        }
        self.outliers.follow(now, &self.plan);
        self.set_timeouts();
        self.perform(now);
        self.arrange_sync();
        self.parent.send(&FromWorker::Running(self.plan.generation));
    }

    fn set_timeouts(&mut self) {
        let wanted = self.plan.config.global.lvs.timeouts;
        let seconds = |seconds: Option<u32>| Duration::from_secs(seconds.unwrap_or(0).into());
        let timeouts =
            Timeouts { tcp: seconds(wanted.tcp), tcp_fin: seconds(wanted.tcp_fin), udp: seconds(wanted.udp) };
        if timeouts != Timeouts::default()
            && let Some(client) = self.tables.client()
            && let Err(error) = client.set_timeouts(&timeouts)
        {
            self.parent.log(LogLevel::Error, format!("IPVS: lvs_timeouts: {error}"));
        }
    }

    /// The addresses or interfaces of this host changed.
    fn look_at_addresses(&mut self, now: Instant) {
        let changed = match self.presence.look(self.plan.suspending()) {
            Ok(changed) => changed,
            Err(error) => {
                self.parent.log(LogLevel::Error, format!("cannot watch addresses: {error}"));
                return;
            }
        };
        for (address, present) in changed.addresses {
            self.director.handle_address(now, address, present);
        }
        if changed.anything {
            // Changes that the kernel refused for lack of a route may succeed now.
            self.reconcile_at = self.reconcile_at.min(now + SETTLE);
        }
    }

    fn stand(&mut self, instance: &str, master: bool) {
        self.sync.note(instance, master);
        self.arrange_sync();
    }

    fn arrange_sync(&mut self) {
        let configured = self.plan.config.global.lvs.sync_daemon.as_ref();
        let lines = self.tables.client().map(|client| self.sync.arrange(configured, client));
        for (level, text) in lines.unwrap_or_default() {
            self.parent.log(level, text);
        }
    }

    /// Virtual servers out of the kernel, servers told to be down where that is asked for, and out.
    fn stop(mut self) {
        let now = Instant::now();
        // The kernel first: a worker that takes too long to report is killed.
        if !self.keep {
            self.clear_tables(now);
        }
        for service in self.director.services() {
            for server in self.director.members(service) {
                self.parent.log(LogLevel::Debug, narrate::shutting_down(&self.plan, &self.director, server));
            }
        }
        self.director.handle_stop();
        while let Some(action) = self.director.poll_action() {
            match action {
                Action::Cancel(attempt) => self.cancel(now, attempt),
                Action::Tell(event) => self.tell(&event),
                Action::Remove { .. } | Action::Program(_) | Action::Start { .. } => {}
            }
        }
        if let Some(client) = self.tables.client() {
            self.sync.stop(client);
        }
        self.parent.send(&FromWorker::Stopped);
        self.parent.say_goodbye();
    }

    fn clear_tables(&mut self, now: Instant) {
        if self.plan.config.global.lvs.flush_on_stop == FlushOnStop::Everything {
            if let Err(error) = self.tables.flush() {
                self.parent.log(LogLevel::Error, format!("IPVS: cannot flush the tables: {error}"));
            }
            return;
        }
        // The kernel takes the servers of a service away with it.
        let keys: Vec<ServiceKey> = self.plan.keys().collect();
        self.set_tables(now, keys, &Table::new());
    }
}

const PARENT: Token = Token(0);
const SIGNAL: Token = Token(1);
const MONITOR: Token = Token(2);
const FILES: Token = Token(3);
const FIRST_ATTEMPT: usize = 4;

/// A moment of the other clock, which is the same one; none is in the future.
fn instant(now: Instant, at: Monotonic) -> Instant {
    let ago = Duration::from_nanos(Monotonic::now().0.saturating_sub(at.0));
    now.checked_sub(ago).unwrap_or(now)
}

/// From the end of a worker to the first instruction of its successor.
const SUCCESSION: Duration = Duration::from_millis(20);

/// Events that one question to the kernel brings.
const EVENTS: usize = 1024;

/// Between a change of interfaces and the comparison that it asks for: several come at once.
const SETTLE: Duration = Duration::from_secs(1);

/// Number of the format of what this worker has its parent remember.
pub fn memory_format() -> u64 {
    memory::format()
}
