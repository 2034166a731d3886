//! Problems: one list for the first lines of `status`, for `status --check`, for the page and for systemd.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::words::{between, intent, later, millis};
use crate::{
    Daemon, Instance, Neighbour, ReloadOutcome, ReloadResult, Server, Service, State, Status, Tracker,
    TrackerKind, Worker,
};

/// A certificate that ends earlier than this is a problem.
const CERTIFICATE_NOTICE: Duration = Duration::from_secs(14 * 86_400);

/// Something that is not as its operator wants it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Problem {
    /// Its severity.
    pub severity: Severity,
    /// Its kind.
    pub kind: ProblemKind,
    /// Name of what has it: an instance, a virtual server, a worker.
    pub subject: String,
    /// Words that stand behind the subject: `is in FAULT: interface eth0 is down`.
    pub text: String,
    /// Since when, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
}

/// Severity of a problem; the worst is the greatest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Somebody wanted it so, or it will pass.
    Note,
    /// Something failed, and the service still works.
    Warning,
    /// Something does not work.
    Error,
}

/// Kinds of problems.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ProblemKind {
    /// A worker process does not run or does not answer.
    Worker,
    /// An instance is in FAULT.
    Fault,
    /// An instance is MASTER and lacks a virtual address.
    AddressMissing,
    /// Another router is master of the same instance.
    TwoMasters,
    /// Another router uses a VRID of ours with other addresses, or sends what is rejected.
    Stranger,
    /// Something that is tracked is down or not known.
    Tracker,
    /// A virtual server has no quorum, or uses servers that are down.
    Service,
    /// A real server is down.
    Server,
    /// A certificate ends soon, or ended.
    Certificate,
    /// A BFD session is down.
    Bfd,
    /// The last reload was not taken.
    Reload,
    /// The file was changed and not loaded.
    Stale,
    /// A reload waits for its confirmation.
    Unconfirmed,
    /// An operator took something out of service.
    Intent,
}

/// Everything that is wrong, the worst first; within a severity in the order of the status.
pub fn problems(status: &Status) -> Vec<Problem> {
    let mut found = Vec::new();
    status.workers.iter().for_each(|worker| found.extend(of_worker(worker)));
    found.extend(of_config(status.at, &status.daemon));
    let heard = RecentNeighbours::new(status);
    for instance in &status.instances {
        of_instance(status.at, &heard, instance, &mut found);
    }
    for service in &status.services {
        of_service(status.at, service, &mut found);
    }
    status.neighbours.iter().for_each(|neighbour| found.extend(stranger(status.at, neighbour)));
    status.trackers.iter().for_each(|tracker| found.extend(of_tracker(tracker)));
    let down = status.bfd.iter().filter(|session| session.state == "down");
    found.extend(down.map(|session| {
        let why = session.diagnostic.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
        warning(ProblemKind::Bfd, &session.name, format!("is down{why}"), session.since)
    }));
    found.sort_by_key(|problem| std::cmp::Reverse(problem.severity));
    found
}

fn new(
    severity: Severity,
    kind: ProblemKind,
    subject: &str,
    text: String,
    since: Option<Timestamp>,
) -> Problem {
    Problem { severity, kind, subject: subject.to_owned(), text, since }
}

fn error(kind: ProblemKind, subject: &str, text: String, since: Option<Timestamp>) -> Problem {
    new(Severity::Error, kind, subject, text, since)
}

fn warning(kind: ProblemKind, subject: &str, text: String, since: Option<Timestamp>) -> Problem {
    new(Severity::Warning, kind, subject, text, since)
}

fn note(kind: ProblemKind, subject: &str, text: String, since: Option<Timestamp>) -> Problem {
    new(Severity::Note, kind, subject, text, since)
}

fn of_worker(worker: &Worker) -> Option<Problem> {
    let subject = worker.role.to_string();
    let text = match (worker.pid, worker.silent, worker.heard_ms) {
        (None, ..) => "does not run; it is started again".to_owned(),
        (Some(pid), true, Some(ms)) => {
            format!(
                "(process {pid}) does not answer, last heard {} ago; its part is missing here",
                millis(ms)
            )
        }
        (Some(pid), true, None) => format!("(process {pid}) does not answer; its part is missing here"),
        (Some(_), false, _) => return None,
    };
    Some(error(ProblemKind::Worker, &subject, text, None))
}

fn of_config(at: Timestamp, daemon: &Daemon) -> Vec<Problem> {
    let config = &daemon.config;
    let mut found = Vec::new();
    let failed = config.last_reload.as_ref().filter(|last| last.result != ReloadResult::Taken);
    if let Some(ReloadOutcome { result, reason, at }) = failed {
        let why = reason.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
        let text = format!("was {result}, the earlier configuration runs{why}");
        found.push(warning(ProblemKind::Reload, "last reload", text, Some(*at)));
    } else if config.stale {
        let text = "was changed since it was loaded; reload to use it".to_owned();
        found.push(warning(ProblemKind::Stale, &config.file, text, None));
    }
    if let Some(until) = config.confirm_until {
        let text = format!("is undone in {} unless `vipd confirm` is run", between(at, until));
        found.push(note(ProblemKind::Unconfirmed, "last reload", text, Some(config.loaded)));
    }
    found
}

fn of_instance(at: Timestamp, heard: &RecentNeighbours<'_>, instance: &Instance, found: &mut Vec<Problem>) {
    let name = &instance.name;
    if instance.state == State::Fault {
        let why = instance.fault.as_ref().map(|fault| format!(": {fault}")).unwrap_or_default();
        found.push(error(ProblemKind::Fault, name, format!("is in FAULT{why}"), instance.since));
    }
    let missing = instance.addresses.iter().filter(|address| !address.set);
    let missing: Vec<&str> = missing.map(|address| address.address.as_str()).collect();
    if instance.state == State::Master && !missing.is_empty() {
        let text = format!("is MASTER without {}", missing.join(", "));
        found.push(error(ProblemKind::AddressMissing, name, text, None));
    }
    found.extend(heard.rivals(instance).map(|rival| {
        let text = format!("is MASTER, and so is {} (priority {})", rival.source, rival.priority);
        error(ProblemKind::TwoMasters, name, text, instance.since)
    }));
    if let Some(wanted) = &instance.intent {
        let text = format!("is {}: {}", instance.state, intent(wanted, at));
        found.push(note(ProblemKind::Intent, name, text, Some(wanted.since)));
    }
}

/// Routers that were heard lately with the VRIDs of our instances, by instance.
pub(crate) struct RecentNeighbours<'a>(HashMap<&'a str, Vec<&'a Neighbour>>);

impl<'a> RecentNeighbours<'a> {
    pub(crate) fn new(status: &'a Status) -> Self {
        let mut heard: HashMap<&str, Vec<&Neighbour>> = HashMap::new();
        for neighbour in status.neighbours.iter().filter(|neighbour| recent(neighbour, status.at)) {
            if let Some(instance) = &neighbour.instance {
                heard.entry(instance).or_default().push(neighbour);
            }
        }
        Self(heard)
    }

    pub(crate) fn of(&self, instance: &Instance) -> impl Iterator<Item = &'a Neighbour> {
        self.0.get(instance.name.as_str()).into_iter().flatten().copied()
    }

    /// Those that advertise the instance although this one does: longer than a change of the master takes.
    pub(crate) fn rivals(&self, instance: &Instance) -> impl Iterator<Item = &'a Neighbour> {
        let since = instance.since.filter(|_| instance.state == State::Master);
        self.of(instance).filter(move |neighbour| {
            neighbour.priority > 0
                && neighbour.rejected.is_none()
                && since.is_some_and(|since| later(since, patience(neighbour)) < neighbour.last_heard)
        })
    }
}

/// Three of its intervals.
fn patience(neighbour: &Neighbour) -> Duration {
    Duration::from_millis(neighbour.interval_ms.max(100)).saturating_mul(3)
}

/// It was heard within three of its intervals, so it is master of its VRID.
fn recent(neighbour: &Neighbour, at: Timestamp) -> bool {
    later(neighbour.last_heard, patience(neighbour)) >= at
}

/// A router that uses the VRID of an instance without being its peer.
pub(crate) fn is_stranger(neighbour: &Neighbour) -> bool {
    neighbour.instance.is_some() && (neighbour.differs || neighbour.rejected.is_some())
}

fn stranger(at: Timestamp, neighbour: &Neighbour) -> Option<Problem> {
    let instance =
        neighbour.instance.as_deref().filter(|_| is_stranger(neighbour) && recent(neighbour, at))?;
    Some(warning(ProblemKind::Stranger, instance, describe_stranger(neighbour), None))
}

/// Behaviour of a stranger, in words behind the name of an instance.
pub(crate) fn describe_stranger(neighbour: &Neighbour) -> String {
    let Neighbour { source, vrid, interface, .. } = neighbour;
    let also = format!("shares VRID {vrid} on {interface} with {source}");
    if let Some(reason) = &neighbour.rejected {
        return format!("{also}, whose advertisements are rejected ({reason})");
    }
    let theirs: Vec<String> = neighbour.addresses.iter().map(ToString::to_string).collect();
    format!("{also}, which has other addresses ({})", theirs.join(", "))
}

fn of_tracker(tracker: &Tracker) -> Option<Problem> {
    let subject = format!("{} {}", tracker.kind, tracker.name);
    if let Some(shortage) = &tracker.shortage {
        let text = format!("has had no result for long: {shortage}");
        return Some(warning(ProblemKind::Tracker, &subject, text, None));
    }
    let down = tracker.up == Some(false) && tracker.kind != TrackerKind::Bfd;
    let why = tracker.last.as_ref().map(|last| format!("; its last run {last}")).unwrap_or_default();
    down.then(|| warning(ProblemKind::Tracker, &subject, format!("is down{why}"), tracker.since))
}

fn of_service(at: Timestamp, service: &Service, found: &mut Vec<Problem>) {
    let Service { name, quorum, .. } = service;
    if !service.up {
        let instead = if service.sorry { "; the sorry server serves" } else { "" };
        let text = format!("has no quorum: weight {} of {} is up{instead}", quorum.live, quorum.need);
        found.push(error(ProblemKind::Service, name, text, service.since));
    }
    if service.panics {
        let text = "has too few servers that are up: all are used (panic_threshold)".to_owned();
        found.push(warning(ProblemKind::Service, name, text, None));
    }
    if service.backups {
        let text = "uses its backup servers: the others give no quorum".to_owned();
        found.push(warning(ProblemKind::Service, name, text, None));
    }
    if let Some(sorry) = service.sorry_server.as_ref().filter(|sorry| !sorry.up) {
        let text = format!("has a sorry server that is down ({})", sorry.address);
        found.push(warning(ProblemKind::Service, name, text, None));
    }
    service.servers.iter().for_each(|server| of_server(at, service, server, found));
}

fn of_server(at: Timestamp, service: &Service, server: &Server, found: &mut Vec<Problem>) {
    let subject = format!("{} of {}", server.address, service.name);
    if !server.up {
        let text = match why_down(server) {
            Some(why) => format!("is down: {why}"),
            None => "is down".to_owned(),
        };
        found.push(warning(ProblemKind::Server, &subject, text, server.since));
    }
    if server.outlier {
        let text = "does not complete its new connections, while its neighbours do (outlier_detection)";
        found.push(warning(ProblemKind::Server, &subject, text.to_owned(), None));
    }
    if let Some(wanted) = &server.intent {
        let text = format!("has {}", intent(wanted, at));
        found.push(note(ProblemKind::Intent, &subject, text, Some(wanted.since)));
    }
    for ends in server.checks.iter().filter_map(|check| check.certificate_expires) {
        if ends < at {
            let text = format!("has a certificate that ended on {}", ends.strftime("%Y-%m-%d"));
            found.push(error(ProblemKind::Certificate, &subject, text, Some(ends)));
        } else if ends < later(at, CERTIFICATE_NOTICE) {
            let text = format!("has a certificate that ends on {}", ends.strftime("%Y-%m-%d"));
            found.push(warning(ProblemKind::Certificate, &subject, text, None));
        }
    }
}

/// The check that is down, with how it failed: `HTTP_GET: HTTP status 503`.
pub(crate) fn why_down(server: &Server) -> Option<String> {
    let check = server.checks.iter().find(|check| !check.up)?;
    Some(match &check.failure {
        Some(failure) => format!("{}: {}", check.kind, failure.text),
        None if check.settled => format!("{} failed", check.kind),
        None => format!("{} has had no result yet", check.kind),
    })
}
