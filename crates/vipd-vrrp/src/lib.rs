//! The VRRP worker: one thread, one loop, no decision of its own.
//!
//! [`Node`] decides, this moves bytes. The order within one turn of the loop is what failover time and false
//! failovers depend on: first everything that has arrived is read, then timers are judged, then adverts leave,
//! then addresses are set, then they are announced, and only then anything is told to the parent, which writes
//! logs and runs scripts.

mod acts;
mod advert;
mod announce;
mod arrival;
mod attachment;
mod changes;
mod dump;
mod elsewhere;
mod firewall;
mod intake;
mod judge;
mod kernel;
mod ledger;
mod listeners;
mod memory;
mod narrate;
mod perform;
mod plan;
mod rehearsal;
mod rejections;
mod reload;
mod remarks;
mod rfc_settings;
mod script_runs;
mod seen;
mod socket_key;
mod sources;
mod spacing;
mod stamp_keeper;
mod status;
mod stop;
mod strays;
mod trackers;
mod trailer;
mod unconfirmed;
mod watch;
mod wire;

use std::collections::HashMap;
use std::io::{self, ErrorKind};
use std::os::fd::{AsRawFd, OwnedFd};
use std::process::ExitCode;
use std::time::Duration;

use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use vrrp_election::{Instant, Neighbours, Node, NodeMemory, RouterId};
use vrrp_linux::address::AddressSpec;
use vrrp_linux::clock::{self, TimerFd};
use vrrp_linux::holdings::Former;

use crate::ipc::{FromWorker, LogLevel, Predecessor, Start, Task, Vrrp, VrrpStart};
use crate::worker::{SetUp, exit_code, rights, take_in};
use announce::Announcements;
use arrival::instant;
use judge::{Complaints, Kind, Record};
use kernel::{Kernel, want_links};
use memory::Reminders;
use plan::{Plan, Vip, WatchedFact};
use privsep::heap as tidy;
pub use rehearsal::{Rehearsal, Tracker};
use seen::Seen;
use sources::{Macs, Repeats};
use trackers::Trackers;
use vipd_ipc as ipc;
use vipd_ipc::worker;
use vipd_ipc::{packed, watcher};
use vipd_log as log;
use wire::{FIRST_TOKEN, Wire, now};

/// The connection to the parent.
type Parent = worker::Parent<Vrrp>;

/// Runs the VRRP worker at the other end of `socket` until the parent says stop or goes away.
///
/// Exit status: 0 after an orderly stop, 1 if the machine denies what is needed.
pub fn main(socket: OwnedFd) -> ExitCode {
    exit_code(run(socket))
}

fn run(socket: OwnedFd) -> io::Result<()> {
    let Some(SetUp { poll, mut parent, start }) = SetUp::begin(socket, PARENT, SIGNAL)? else {
        return Ok(());
    };
    let Start { generation, task, predecessor, run_as, own } = start;
    let VrrpStart { config, sessions, observed, keep } = own;
    parent.keep_rights(rights::NETWORK, run_as);
    let mut plan = Plan::new(generation, config);
    if task == Task::Sweep {
        // Virtual links of a predecessor are only removed.
        plan.virtual_links.clear();
    }
    // Nobody resumes for a sweep, or where no answer came for a while: another machine has taken over.
    let resumes = |predecessor: &&Predecessor| task == Task::Serve && !predecessor.hung;
    let known = predecessor.as_deref().filter(resumes);
    let known = known.map(|predecessor| memory::recall(&predecessor.memory));
    let memory = predecessor.as_deref().filter(resumes).map(|predecessor| &predecessor.memory);
    let trackers = Trackers::start(observed, memory).with_sessions(sessions);
    let mut worker = Worker::start(poll, parent, plan, trackers, known.as_ref())?;
    worker.keep_addresses = keep;
    if let Some(memory) = memory {
        stamp_keeper::recall(memory, &worker.node, &mut worker.records);
    }
    if let (Some(beginning), Some(predecessor)) = (&mut worker.beginning, predecessor) {
        beginning.former = ledger::former(&predecessor.memory);
        beginning.former_routing = ledger::former_routing(&predecessor.memory);
        if ledger::is_cleaned(&predecessor.memory) {
            beginning.routers.clear();
        }
    }
    match task {
        Task::Serve => worker.run(),
        Task::Sweep => {
            // Leftovers of a predecessor that died are removed even where an orderly stop would keep them.
            worker.keep_addresses = false;
            worker.stop();
            Ok(())
        }
    }
}

/// Everything that the loop holds.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is something that a turn leaves to the next")]
struct Worker {
    poll: Poll,
    parent: Parent,
    plan: Plan,
    /// The plan that follows once the election has done what this one still asks for.
    next_plan: Option<Plan>,
    node: Node,
    kernel: Kernel,
    filter: firewall::Filter,
    wire: Wire,
    trackers: Trackers,
    announcements: Announcements,
    source_repeats: Repeats,
    macs: Macs,
    /// Memory of the receive checks, by router.
    records: Vec<Record>,
    /// Packets for none of them.
    strays: strays::Strays,
    /// Others that speak VRRP here and are not obeyed.
    neighbours: Neighbours,
    complaints: Complaints,
    reminders: Reminders,
    stamp_keeper: stamp_keeper::StampKeeper,
    answers: status::Answers,
    /// The last failure of each check script, for the log.
    script_reasons: script_runs::Reasons,
    timer: TimerFd,
    /// When the timer fires.
    armed: Option<Instant>,
    /// Ports with packets left to read that the poll will not tell of again.
    unread: Vec<usize>,
    /// The kernel's events are not read to the end.
    kernel_unread: bool,
    /// The election asks for more than what was done in the last turn.
    unperformed: bool,
    /// When to look at the kernel again after an error.
    kernel_retry: Option<Instant>,
    /// Routers that begin: leftovers of their addresses are removed with the next actions.
    beginning: Option<Beginning>,
    /// When to give back memory that a start or a reload needed.
    tidy_at: Option<Instant>,
    /// When to look for leftovers once more, and until when that may be useful.
    clean_again: Option<Instant>,
    clean_until: Instant,
    /// The parent is gone: when to stop.
    orphan_until: Option<Instant>,
    /// `promote_secondaries` as it was, by interface.
    sysctls: HashMap<String, i32>,
    /// At the end, addresses stay.
    keep_addresses: bool,
    /// It gives its addresses to other machines, and stops then.
    departs: bool,
    /// The parent has said stop.
    told_to_stop: bool,
    stopped: bool,
}

/// Data of a start or a reload.
#[derive(Debug, Default)]
struct Beginning {
    routers: Vec<RouterId>,
    /// Addresses that a predecessor may have left.
    former: Vec<AddressSpec>,
    /// Routes and rules that it may have left.
    former_routing: Former,
    /// The worker starts.
    is_start: bool,
}

impl Worker {
    /// `known` is what a predecessor knew that died.
    fn start(
        poll: Poll,
        mut parent: Parent,
        plan: Plan,
        mut trackers: Trackers,
        known: Option<&NodeMemory>,
    ) -> io::Result<Self> {
        let global = &plan.config.global;
        let receive_buffer = global
            .netlink_monitor_receive_buffer
            .map_or(vrrp_linux::monitor::RECEIVE_BUFFER_LEN, |bytes| bytes as usize);
        let mut kernel = Kernel::open(receive_buffer)?;
        want_links(&mut kernel, &mut parent, &plan.virtual_links, false);
        // Adverts may come from a static address, so these are there before anything is judged.
        hold_statics(&mut kernel, &mut parent, &plan)?;
        kernel.catch_up();
        let announcements = Announcements::open(plan.announcement_gaps())?;
        let timer = TimerFd::new()?;
        let registry = poll.registry();
        for (fd, token) in [(timer.as_raw_fd(), TIMER), (kernel.monitor.as_raw_fd(), MONITOR)] {
            registry.register(&mut SourceFd(&fd), token, Interest::READABLE)?;
        }
        let mut macs = Macs::default();
        macs.changed(kernel.interfaces().iter());
        trackers.look(now(), &plan, |name| kernel.is_up(name));
        let seen = Seen::new(&kernel, &plan, &trackers);
        let config = plan.node_config(&seen);
        let node = match known {
            Some(memory) => Node::resume(now(), config, memory),
            None => Node::new(now(), config),
        };
        let mut worker = Self {
            filter: firewall::Filter::new(kernel.mark(), &plan),
            records: vec![Record::default(); plan.routers.len()],
            strays: strays::Strays::default(),
            neighbours: Neighbours::default(),
            poll,
            parent,
            plan,
            next_plan: None,
            node,
            kernel,
            wire: Wire::default(),
            trackers,
            announcements,
            source_repeats: Repeats::default(),
            macs,
            complaints: Complaints::default(),
            reminders: Reminders::default(),
            stamp_keeper: stamp_keeper::StampKeeper::default(),
            answers: status::Answers::default(),
            script_reasons: script_runs::Reasons::default(),
            timer,
            armed: None,
            unread: Vec::new(),
            kernel_unread: false,
            unperformed: false,
            kernel_retry: None,
            beginning: None,
            tidy_at: None,
            clean_again: None,
            clean_until: Instant::ZERO,
            orphan_until: None,
            sysctls: HashMap::new(),
            keep_addresses: false,
            departs: false,
            told_to_stop: false,
            stopped: false,
        };
        for line in worker.trackers.news(&worker.plan) {
            worker.parent.log(LogLevel::Info, line);
        }
        worker.reminders.begin(now(), &worker.node, &mut worker.parent);
        let routers = (0..worker.plan.routers.len()).map(router_id).collect();
        worker.beginning = Some(Beginning { routers, is_start: true, ..Beginning::default() });
        if worker.kernel.lacks_mark() {
            let text = "no mark for virtual addresses is free in this network namespace: leftovers of an earlier run \
                        are found by the configuration only";
            worker.parent.log(LogLevel::Warning, text.to_owned());
        }
        worker.take_plan_into_force();
        worker.parent.send(&FromWorker::Running(worker.plan.generation));
        Ok(worker)
    }

    fn run(mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(256);
        // Messages right behind the configuration wake nobody any more.
        self.hear_parent();
        self.hear_signal();
        self.turn();
        while !self.stopped {
            let timeout = self.has_backlog().then_some(Duration::ZERO);
            take_in(
                &mut self,
                timeout,
                |worker| worker.node.poll_timeout().is_some_and(|at| at <= now()),
                |worker, timeout| worker.gather(&mut events, timeout),
            )?;
            self.turn();
        }
        self.stop();
        Ok(())
    }

    /// Judges the timers, then does what came of everything.
    fn turn(&mut self) {
        let now = now();
        if self.wire.poll_timeout().is_some_and(|at| at <= now) {
            self.connect();
        }
        self.settle_trackers(now);
        self.node.handle_timeout(now);
        let sources = self.source_repeats.handle_timeout(now);
        self.retry_kernel(now);
        self.retry_filter(now);
        self.clean_again(now);
        self.kernel.restore_statics(clock::monotonic(), &self.plan.statics);
        self.perform();
        // Not before it is known what is still ours.
        self.announce_waiting(now);
        self.announce_sources(&sources);
        self.trackers.remind(&mut self.parent);
        self.reminders.tell(now, &mut self.node, self.plan.routers.len(), &mut self.parent);
        self.stamp_keeper.tell(now, &self.node, &mut self.records, &mut self.parent);
        self.answer();
        self.parent.flush();
        // Behind everything that is urgent.
        if self.tidy_at.take_if(|at| *at <= now).is_some() {
            tidy::give_back();
        }
        self.stopped |= self.departs && !self.node.is_departing();
        if self.parent.is_gone() {
            // Mostly all processes are killed, one after the other: no stop is begun that would be cut off halfway.
            self.stopped |= *self.orphan_until.get_or_insert(now + ORPHAN_TIME) <= now;
        }
        self.arm();
    }

    fn has_backlog(&self) -> bool {
        !self.unread.is_empty()
            || self.kernel_unread
            || self.filter.has_unread()
            || self.unperformed
            || self.can_answer()
    }

    /// Whether somebody waits for an answer, and the parent reads.
    fn can_answer(&self) -> bool {
        self.answers.is_due() && !self.parent.is_behind()
    }

    /// Says a piece of how everything stands.
    fn answer(&mut self) {
        if !self.can_answer() {
            return;
        }
        let Self { plan, node, trackers, records, neighbours, kernel, answers, parent, .. } = self;
        let is_set = |vip: &Vip| plan.links.name(vip.link).is_some_and(|link| kernel.has_address(link, vip));
        let exists = |name: &str| kernel.interfaces().iter().any(|interface| interface.name == name);
        let view = status::View {
            plan,
            node,
            trackers,
            records,
            neighbours,
            wall: status::Wall::read(),
            is_set: &is_set,
            exists: &exists,
        };
        let Some(piece) = answers.piece(&view) else { return };
        parent.status(piece.request, &piece.part, piece.last);
    }

    /// Waits for events and takes them in. Gives whether there were any.
    fn gather(&mut self, events: &mut Events, timeout: Option<Duration>) -> io::Result<bool> {
        match self.poll.poll(events, timeout) {
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(false),
            result => result?,
        }
        for place in std::mem::take(&mut self.unread) {
            self.read_port(place);
        }
        if self.filter.has_unread() {
            self.read_table_events();
        }
        let mut kernel_spoke = std::mem::take(&mut self.kernel_unread);
        for event in events.iter() {
            match event.token() {
                TIMER => {
                    self.timer.acknowledge()?;
                    self.armed = None;
                }
                MONITOR => kernel_spoke = true,
                TABLES => self.read_table_events(),
                PARENT => self.hear_parent(),
                SIGNAL => self.hear_signal(),
                Token(token) => self.read_port(token.saturating_sub(FIRST_TOKEN)),
            }
        }
        if kernel_spoke && self.kernel_retry.is_none() {
            self.look_at_kernel();
        }
        Ok(!events.is_empty())
    }

    fn connect(&mut self) {
        let outcome = self.wire.connect(&self.plan, &self.kernel, self.poll.registry(), now());
        for complaint in outcome.complaints {
            let line = self.complaints.about(now(), None, Kind::Socket, || complaint);
            self.parent.log_some(LogLevel::Error, line);
        }
        for (id, fact) in self.plan.facts.iter() {
            if let WatchedFact::Socket(key) = fact
                && let Some(hears) = self.wire.hears(key)
            {
                self.node.handle_fact(now(), id, hears.into());
            }
        }
        // Packets that arrived before a socket was in the poll are read now.
        self.unread.extend(outcome.opened);
    }

    /// Lets the timer fire when something is due. It is left alone if it fires earlier anyway: a needless wake is
    /// cheaper than setting it for every advert that a Backup hears.
    fn arm(&mut self) {
        let timeouts = [
            self.node.poll_timeout(),
            self.trackers.poll_timeout(),
            self.announcements.poll_timeout(),
            self.source_repeats.poll_timeout(),
            self.wire.poll_timeout(),
            self.kernel.poll_timeout().map(instant),
            self.kernel_retry,
            self.filter.poll_timeout(),
            self.clean_again,
            self.tidy_at,
            self.orphan_until,
        ];
        let due = timeouts.into_iter().flatten().min();
        let Some(due) = due else { return };
        if self.armed.is_some_and(|armed| armed <= due) {
            return;
        }
        match self.timer.arm(Duration::from_nanos(due.as_nanos())) {
            Ok(()) => self.armed = Some(due),
            Err(error) => self.parent.log(LogLevel::Error, format!("cannot set a timer: {error}")),
        }
    }
}

/// Has everything there that is there as long as the daemon runs, and nothing that was so before.
fn hold_statics(kernel: &mut Kernel, parent: &mut Parent, plan: &Plan) -> io::Result<()> {
    if plan.has_routing() {
        kernel.hear_routing()?;
    }
    kernel.hold_statics(&plan.statics);
    perform::carry_out(kernel, parent)
}

fn router_id(index: usize) -> RouterId {
    RouterId(u32::try_from(index).unwrap_or(u32::MAX))
}

const PARENT: Token = Token(0);
const TIMER: Token = Token(1);
const MONITOR: Token = Token(2);
const SIGNAL: Token = Token(3);
/// Tables of nftables.
const TABLES: Token = Token(4);

/// Time that a worker goes on without its parent.
const ORPHAN_TIME: Duration = Duration::from_millis(100);

/// Number of the format of what this worker has its parent remember. It changes whenever a type of it does.
pub const MEMORY_FORMAT: u64 = 1;
