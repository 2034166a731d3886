//! Taking in what arrived: packets, the kernel's events and answers, the parent's words.

use std::io;
use std::time::{Duration, UNIX_EPOCH};

use vrrp_election::{Instant, LinkId, NeighbourKey, Neighbours, Node, Received, RouterId, ScriptId};
use vrrp_proto::{Accepted, Datagram};

use super::Worker;
use super::acts;
use super::arrival::Arrival;
use super::dump;
use super::judge::{Complaints, Kind, Record};
use super::plan::Plan;
use super::status;
use super::strays::Strays;
use super::wire::now;
use crate::ipc::{Act, ActKind, DumpKind, FromVrrp, FromWorker, LogLevel, ScriptRun, ToVrrp, ToWorker};

impl Worker {
    /// Reads a socket to its end, or for a bounded while.
    pub(super) fn read_port(&mut self, place: usize) {
        for _ in 0..MOST_BATCHES {
            match self.read_batch(place) {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => {
                    return self.parent.log(LogLevel::Error, format!("cannot receive adverts: {error}"));
                }
            }
        }
        self.unread.push(place);
    }

    fn read_batch(&mut self, place: usize) -> io::Result<bool> {
        let Self { wire, node, plan, records, strays, neighbours, complaints, parent, .. } = self;
        let link = wire.link(place);
        let log = &mut |level, text| parent.log(level, text);
        let since_1970 = UNIX_EPOCH.elapsed().unwrap_or_default();
        let mut intake =
            Intake { now: now(), since_1970, node, plan, records, strays, neighbours, link, complaints, log };
        wire.receive(place, |arrival| intake.take(arrival))
    }

    fn dump(&self, kind: DumpKind) -> String {
        let mut text = dump::text(kind, &self.plan, &self.node, &self.trackers, &self.records);
        if matches!(kind, DumpKind::Stats | DumpKind::StatsClear) {
            self.strays.write(&mut text, &self.records);
        }
        text
    }

    fn script_done(&mut self, script: u32, run: &ScriptRun) {
        let Some(check) = self.plan.config.scripts.get(script as usize) else { return };
        let report = self.script_reasons.note(ScriptId(script), run, check.timeout);
        self.node.handle_script(now(), ScriptId(script), report);
    }

    fn act(&mut self, request: u32, act: &Act) {
        let names: Vec<&str> = self.plan.routers.iter().map(|router| router.name.as_ref()).collect();
        let result = acts::perform(&mut self.node, &names, now(), act);
        if act.kind == ActKind::Announce {
            let accepted = (0..).map(RouterId).zip(&names).filter(|(_, name)| {
                result.instances.iter().any(|(other, accepted)| accepted.is_ok() && other == *name)
            });
            let routers: Vec<RouterId> = accepted.map(|(router, _)| router).collect();
            self.announce_on_request(now(), &routers);
        }
        self.parent.tell(FromVrrp::Acted { request, result });
    }

    pub(super) fn hear_parent(&mut self) {
        while let Some(message) = self.parent.receive() {
            match message {
                ToWorker::Own(message) => self.hear_own(message),
                ToWorker::Status { request } => self.answers.ask(request),
                ToWorker::Probe => self.parent.send(&FromWorker::Alive),
                ToWorker::Stop => self.told_to_stop(),
            }
        }
    }

    fn hear_own(&mut self, message: ToVrrp) {
        let is_current = |generation| generation == self.plan.generation;
        match message {
            ToVrrp::Reload { generation, config } => {
                // A worker that is about to end begins nothing.
                if !self.departs {
                    self.reload(generation, *config);
                }
            }
            // Of a run before the reload nobody wants to know.
            ToVrrp::ScriptStarted { generation, script, at } => {
                if is_current(generation) {
                    self.node.handle_script_started(ScriptId(script), Instant::from_nanos(at.0));
                }
            }
            ToVrrp::ScriptDone { generation, script, run } => {
                if is_current(generation) {
                    self.script_done(script, &run);
                }
            }
            ToVrrp::Observed(observed) => self.take_observations(observed),
            ToVrrp::Session { key, up } => self.note_session(key, up),
            ToVrrp::Dump(kind) => {
                let text = self.dump(kind);
                self.parent.tell(FromVrrp::Dump(kind, text));
                if kind == DumpKind::StatsClear {
                    self.node.clear_counters();
                    self.strays = Strays::default();
                    self.records.iter_mut().for_each(|record| record.rejected.clear());
                }
            }
            ToVrrp::Act { request, act } => self.act(request, &act),
            ToVrrp::Recorder { request, instance } => {
                let line = status::recorder(&self.plan, &self.node, &instance);
                self.parent.tell(FromVrrp::Recorded { request, line });
            }
        }
    }
}

/// The stages that a packet passes through.
struct Intake<'a> {
    now: Instant,
    /// The wall clock.
    since_1970: Duration,
    node: &'a mut Node,
    plan: &'a Plan,
    records: &'a mut [Record],
    strays: &'a mut Strays,
    neighbours: &'a mut Neighbours,
    /// The interface of the socket.
    link: Option<LinkId>,
    complaints: &'a mut Complaints,
    /// Takes lines for the log.
    log: &'a mut dyn FnMut(LogLevel, String),
}

impl Intake<'_> {
    fn take(&mut self, arrival: Arrival<'_>) {
        match arrival {
            Arrival::For(router, arrived, datagram) => self.judge(router, arrived, &datagram),
            Arrival::UnknownVrid { vrid, arrived, datagram } => {
                self.strays.unknown_vrid += 1;
                let source = datagram.endpoints.source();
                if let Some(link) = self.link {
                    let key = NeighbourKey { source, vrid };
                    self.neighbours.note(arrived, link, key, None, datagram.message);
                }
                if self.plan.config.global.log_unknown_vrids {
                    let text = || format!("advert from {source} for unknown VRID {vrid}");
                    self.complain(LogLevel::Info, None, Kind::UnknownVrid, text);
                }
            }
            Arrival::Lost(router) => self.node.handle_packets_lost(self.now, router),
            Arrival::NotAPacket(error) => {
                self.strays.not_packets += 1;
                self.complain(LogLevel::Warning, None, Kind::NotAPacket, || format!("bad packet: {error}"));
            }
        }
    }

    fn judge(&mut self, id: RouterId, arrived: Instant, datagram: &Datagram<'_>) {
        let index = id.0 as usize;
        let (Some(router), Some(record)) = (self.plan.routers.get(index), self.records.get_mut(index)) else {
            return;
        };
        match record.judge(router, datagram, self.since_1970) {
            Ok(accepted) => self.accept(id, arrived, &accepted),
            Err(rejection) => {
                let (source, plan) = (datagram.endpoints.source(), self.plan);
                if let Some(link) = router.link {
                    let key = NeighbourKey { source, vrid: router.config.vrid.get() };
                    self.neighbours.note(arrived, link, key, Some(rejection.counter()), datagram.message);
                }
                let text = || format!("({}) bad advert from {source}: {rejection}", plan.name(id));
                self.complain(LogLevel::Warning, Some(id), Kind::Rejected(rejection.counter()), text);
            }
        }
    }

    fn accept(&mut self, id: RouterId, arrived: Instant, accepted: &Accepted<'_>) {
        // The election counts and reports the adverts that it ignores.
        let _ = self.node.handle_advert(self.now, arrived, id, &Received::from(accepted));
        let warnings = accepted.warnings;
        if !warnings.is_empty() {
            let plan = self.plan;
            let text = || format!("({}) advert from {}: {warnings}", plan.name(id), accepted.source);
            self.complain(LogLevel::Info, Some(id), Kind::warned(warnings), text);
        }
    }

    fn complain(
        &mut self,
        level: LogLevel,
        router: Option<RouterId>,
        kind: Kind,
        text: impl FnOnce() -> String,
    ) {
        if let Some(line) = self.complaints.about(self.now, router, kind, text) {
            (self.log)(level, line);
        }
    }
}

/// Batches read from one socket before the others have their turn.
const MOST_BATCHES: usize = 16;

#[cfg(test)]
mod tests;
