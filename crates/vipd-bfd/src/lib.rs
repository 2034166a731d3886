//! The BFD worker: one loop, no decision of its own.
//!
//! [`Session`] decides; this moves octets between sessions and sockets, and tells the parent which sessions are up. In one
//! turn of the loop everything that has arrived is read before time is judged, each packet with the time at which the kernel
//! received it.

mod discarded;
mod dump;
mod narrate;
mod plan;
mod ports;
mod running;

use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, ErrorKind};
use std::os::fd::{AsRawFd, OwnedFd};
use std::process::ExitCode;
use std::time::Duration;

use bfd_session::{
    Demultiplexer, Event, Ignored, Instant, MAX_LEN, Packet, Session, SessionId, Taken, Timers,
};
use keepalived_conf::model::bfd::BfdInstance;
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use vrrp_linux::clock::{Clocks, TimerFd, monotonic};
use vrrp_linux::socket::ReceiveBatch;
use vrrp_linux::udp::{Datagram, datagrams};

use crate::ipc::{
    Bfd, BfdStart, FromBfd, FromWorker, Generation, LogLevel, Memory, SessionKey, Start, Task, ToBfd,
    ToWorker,
};
use crate::worker::{Parent, SetUp, exit_code, rights, take_in};
use discarded::Discarded;
use ports::Ports;
use running::Running;
use vipd_ipc as ipc;
use vipd_ipc::worker;
use vipd_log as log;

/// Runs the BFD worker at the other end of `socket` until the parent says stop or goes away.
///
/// Exit status: 0 after an orderly stop, 1 if the machine denies what is needed.
pub fn main(socket: OwnedFd) -> ExitCode {
    exit_code(run(socket))
}

fn run(socket: OwnedFd) -> io::Result<()> {
    let Some(SetUp { poll, mut parent, start }) = SetUp::begin(socket, PARENT, SIGNAL)? else {
        return Ok(());
    };
    parent.keep_rights(rights::NETWORK, start.run_as);
    let timer = TimerFd::new()?;
    poll.registry().register(&mut SourceFd(&timer.as_raw_fd()), TIMER, Interest::READABLE)?;
    let mut worker = Worker {
        poll,
        parent,
        sessions: BTreeMap::new(),
        last_id: 0,
        demultiplexer: Demultiplexer::new(),
        timers: Timers::default(),
        ports: Ports::new(FIRST_PORT),
        batch: ReceiveBatch::new(32, MAX_LEN + 1),
        timer,
        armed: None,
        retry_ports: None,
        ports_troubled: false,
        discarded: Discarded::default(),
        more: false,
        stopped: start.task == Task::Sweep,
    };
    worker.begin(start);
    worker.run()
}

/// Everything that the loop holds.
#[derive(Debug)]
struct Worker {
    poll: Poll,
    parent: Parent<Bfd>,
    sessions: BTreeMap<SessionId, Running>,
    last_id: u32,
    demultiplexer: Demultiplexer,
    timers: Timers,
    ports: Ports,
    batch: ReceiveBatch,
    timer: TimerFd,
    /// When the timer fires.
    armed: Option<Instant>,
    /// When to try again to open ports.
    retry_ports: Option<Instant>,
    /// It was said that a port cannot be opened.
    ports_troubled: bool,
    /// Packets that no session took, as far as they were told of.
    discarded: Discarded,
    /// Packets are left to read.
    more: bool,
    stopped: bool,
}

impl Worker {
    fn begin(&mut self, start: Start<BfdStart>) {
        let memory = start.predecessor.map(|predecessor| predecessor.memory).unwrap_or_default();
        if !self.stopped {
            self.arrange(start.generation, start.own.instances, &memory);
        }
    }

    fn run(mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(16);
        // Words right behind the configuration wake nobody any more.
        self.hear_parent();
        self.stopped |= self.parent.was_terminated();
        self.turn();
        while !self.stopped {
            let timeout = self.more.then_some(Duration::ZERO);
            take_in(
                &mut self,
                timeout,
                |worker| worker.timers.first().is_some_and(|at| at <= now()),
                |worker, timeout| worker.gather(&mut events, timeout),
            )?;
            self.turn();
        }
        self.stop();
        Ok(())
    }

    /// Waits for events and takes them in. Gives whether there were any.
    fn gather(&mut self, events: &mut Events, timeout: Option<Duration>) -> io::Result<bool> {
        match self.poll.poll(events, timeout) {
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(false),
            result => result?,
        }
        let mut packets = std::mem::take(&mut self.more);
        for event in events.iter() {
            match event.token() {
                PARENT => self.hear_parent(),
                SIGNAL => self.stopped |= self.parent.was_terminated(),
                TIMER => {
                    self.timer.acknowledge()?;
                    self.armed = None;
                }
                _ => packets = true,
            }
        }
        if packets {
            self.read();
        }
        Ok(!events.is_empty())
    }

    /// Judges time, then arms the timer for what is due next.
    fn turn(&mut self) {
        let now = now();
        if self.retry_ports.is_some_and(|at| at <= now) {
            self.open_ports();
        }
        for id in self.timers.due(now) {
            if let Some(running) = self.sessions.get_mut(&id) {
                running.session.handle_timeout(now);
            }
            self.perform(now, id);
        }
        self.parent.flush();
        self.stopped |= self.parent.is_gone();
        self.arm();
    }

    /// Reads what has arrived, for a bounded while.
    fn read(&mut self) {
        let mut batch = std::mem::take(&mut self.batch);
        let mut complaints = Vec::new();
        for _ in 0..MOST_BATCHES {
            let mut taken = Vec::new();
            self.more = false;
            for (kind, listener) in self.ports.iter() {
                match listener.receive(&mut batch) {
                    Ok(count) => self.more |= count == batch.capacity(),
                    Err(error) => complaints.push(format!("cannot receive at {}: {error}", kind.name())),
                }
                let clocks = Clocks::read();
                for datagram in datagrams(&batch) {
                    let received = datagram.timestamp.map(|stamp| clocks.monotonic(stamp));
                    let arrived = received.unwrap_or(clocks.monotonic);
                    let (sessions, multihop) = (&mut self.sessions, kind.multihop);
                    match take(&self.demultiplexer, sessions, multihop, arrived, &datagram) {
                        Ok(id) => taken.push(id),
                        Err(why) => complaints.extend(self.discarded.note(datagram.source, &why)),
                    }
                }
            }
            taken.sort_unstable();
            taken.dedup();
            for id in taken {
                self.perform(now(), id);
            }
            if !self.more {
                break;
            }
        }
        self.batch = batch;
        for complaint in complaints {
            self.parent.log(LogLevel::Warning, complaint);
        }
    }

    /// Does everything that a session asks for.
    fn perform(&mut self, now: Instant, id: SessionId) {
        let Some(running) = self.sessions.get_mut(&id) else { return };
        if let Some(complaint) = running.transmit(now, random32()) {
            self.parent.log(LogLevel::Warning, complaint);
        }
        while let Some(event) = running.session.poll_event() {
            if let Some(line) = narrate::line(&running.instance.name, event) {
                self.parent.log_line(line);
            }
            if let Event::Usable(up) = event {
                self.parent.tell(FromBfd::Session { key: running.key(), up });
            }
        }
        if let Some((key, value)) = running.news_for_successor() {
            self.parent.remember(key, Some(value));
        }
        self.timers.set(id, running.session.poll_timeout());
    }

    fn hear_parent(&mut self) {
        self.parent.flush();
        while let Some(message) = self.parent.receive() {
            match message {
                ToWorker::Own(ToBfd::Reload { generation, instances }) => {
                    self.arrange(generation, instances, &Memory::default());
                }
                ToWorker::Own(ToBfd::Dump) => {
                    let text = dump::text(self.sessions.values());
                    self.parent.tell(FromBfd::Dump(text));
                }
                ToWorker::Status { request } => {
                    self.parent.send(&FromWorker::Status { request, part: Vec::new(), last: true });
                }
                ToWorker::Probe => self.parent.send(&FromWorker::Alive),
                ToWorker::Stop => self.stopped = true,
            }
        }
    }

    /// Sessions as a configuration wants them. One that was there goes on; `memory` is what a predecessor knew of others.
    fn arrange(&mut self, generation: Generation, instances: Vec<BfdInstance>, memory: &Memory) {
        let now = now();
        self.ports.want(&instances);
        self.discarded = Discarded::default();
        let mut before: BTreeMap<SessionKey, (SessionId, Running)> = std::mem::take(&mut self.sessions)
            .into_iter()
            .map(|(id, running)| (running.key(), (id, running)))
            .collect();
        self.demultiplexer = Demultiplexer::new();
        let mut arranged = Vec::new();
        for instance in instances {
            let key = SessionKey::from(&instance);
            let (id, running) = if let Some((id, mut running)) = before.remove(&key) {
                running.reconfigure(now, instance);
                (id, running)
            } else {
                self.last_id = self.last_id.wrapping_add(1);
                (SessionId(self.last_id), self.begin_session(now, instance, memory))
            };
            self.admit(id, &running);
            arranged.push((id, running));
        }
        for (_, (id, mut running)) in before {
            self.timers.set(id, None);
            self.parent.remember(running::memory_key(running.key()), None);
            say_goodbye(now, &mut running);
        }
        self.sessions.extend(arranged);
        self.open_ports();
        let ids: Vec<SessionId> = self.sessions.keys().copied().collect();
        for id in ids {
            self.perform(now, id);
        }
        for running in self.sessions.values() {
            let up = running.session.is_up();
            self.parent.tell(FromBfd::Session { key: running.key(), up });
        }
        self.parent.send(&FromWorker::Running(generation));
    }

    /// A session that this worker did not have.
    fn begin_session(&self, now: Instant, instance: BfdInstance, memory: &Memory) -> Running {
        let config = plan::config(&instance);
        let kept = running::recall(memory, SessionKey::from(&instance));
        let session = match &kept {
            Some(kept) => Session::resume(now, config, kept.memory(), random64()),
            None => Session::new(now, config, self.demultiplexer.fresh(random32), random64()),
        };
        Running::new(instance, session, kept.as_ref())
    }

    fn admit(&mut self, id: SessionId, running: &Running) {
        let (peer, hops) = (plan::peer(&running.instance), plan::hops(&running.instance));
        if !self.demultiplexer.insert(id, running.session.local_discriminator(), peer, hops) {
            let text = format!(
                "({}) another session has the same addresses: this one receives no packets",
                running.instance.name
            );
            self.parent.log(LogLevel::Error, text);
        }
    }

    fn open_ports(&mut self) {
        let failed = self.ports.open(self.poll.registry());
        self.retry_ports = (!failed.is_empty()).then(|| now() + RETRY_PORTS);
        if !failed.is_empty() && !self.ports_troubled {
            for (kind, error) in &failed {
                let text = format!("cannot receive {}, trying again every second: {error}", kind.name());
                self.parent.log(LogLevel::Error, text);
            }
        }
        self.ports_troubled = !failed.is_empty();
        // Packets that arrived before a socket was in the poll are read now.
        self.more = true;
    }

    fn arm(&mut self) {
        let due = self.timers.first().into_iter().chain(self.retry_ports).min();
        let Some(due) = due.filter(|due| self.armed.is_none_or(|armed| armed > *due)) else { return };
        match self.timer.arm(Duration::from_nanos(due.as_nanos())) {
            Ok(()) => self.armed = Some(due),
            Err(error) => self.parent.log(LogLevel::Error, format!("cannot set a timer: {error}")),
        }
    }

    /// The other systems are told, and out.
    fn stop(mut self) {
        let now = now();
        for (_, mut running) in std::mem::take(&mut self.sessions) {
            say_goodbye(now, &mut running);
        }
        self.parent.send(&FromWorker::Stopped);
        self.parent.say_goodbye();
    }
}

/// Gives a datagram to the session that it is for, or the reason why none takes it.
fn take(
    demultiplexer: &Demultiplexer,
    sessions: &mut BTreeMap<SessionId, Running>,
    multihop: bool,
    arrived: Duration,
    datagram: &Datagram<'_>,
) -> Result<SessionId, String> {
    let packet = Packet::parse(datagram.bytes).map_err(|error| error.to_string())?;
    let taken = Taken {
        source: datagram.source,
        destination: datagram.destination,
        multihop,
        hop_limit: datagram.hop_limit,
    };
    let id = demultiplexer.select(&packet, &taken).map_err(|why| why.to_string())?;
    let running = sessions.get_mut(&id).ok_or("its session ended")?;
    match running.session.handle_packet(now(), instant(arrived), &packet) {
        Err(why @ Ignored::Authentication) => Err(why.to_string()),
        // A packet that changes no state may still change what is sent.
        _ => Ok(id),
    }
}

/// A session ends: the other system need not wait for a Detection Time.
fn say_goodbye(now: Instant, running: &mut Running) {
    running.session.handle_stop();
    // Nothing can be done about it any more.
    let _ = running.transmit(now, random32());
}

fn now() -> Instant {
    instant(monotonic())
}

fn instant(time: Duration) -> Instant {
    Instant::from_nanos(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX))
}

/// A random number, from the keys that the standard library draws for its hash tables.
fn random64() -> u64 {
    RandomState::new().build_hasher().finish()
}

fn random32() -> u32 {
    let [_, _, _, _, a, b, c, d] = random64().to_be_bytes();
    u32::from_be_bytes([a, b, c, d])
}

const PARENT: Token = Token(0);
const SIGNAL: Token = Token(1);
const TIMER: Token = Token(2);
const FIRST_PORT: usize = 3;

/// Batches that are read before time is judged.
const MOST_BATCHES: usize = 16;

/// Another program may have the port.
const RETRY_PORTS: Duration = Duration::from_secs(1);

/// Number of the format of what this worker has its parent remember. It changes whenever a type of it does.
pub const MEMORY_FORMAT: u64 = 1;
