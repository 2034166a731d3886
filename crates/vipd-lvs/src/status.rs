//! Virtual servers as `vipd_status` has them: translation of what the director knows, told in pieces.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::{Instant, SystemTime};

use lvs_health::director::{
    CheckId, CheckStatus, Director, Intent, Mode, ServerId, ServerSnapshot, ServiceId, Steered,
};
use lvs_health::{Failure, Probe, Protocol};
use vipd_status::{
    Check, CheckFailure, Connections, EventKind, IntentKind, Part, Quorum, Server, ServerWeight, Service,
    SorryServer, Timestamp,
};

use super::Worker;
use super::narrate::keyword;
use super::plan::Plan;
use super::traffic::Traffic;
use crate::ipc::FromWorker;

impl Worker {
    /// Tells the next piece of how everything stands, if somebody asks: few servers in one turn.
    pub(super) fn answer_inquiry(&mut self) {
        let Some((request, first)) = self.inquiries.pop_front() else { return };
        let moment = Moment::now();
        let (mut services, mut servers, mut next) = (Vec::new(), 0, first);
        while servers < SERVERS_PER_PART
            && let Some(service) = self.service(ServiceId(next), moment)
        {
            servers += service.servers.len() + 1;
            services.push(service);
            next += 1;
        }
        let last = self.director.services().count() <= ServiceId(next).index();
        // These types always can be written.
        let part = serde_json::to_vec(&Part::Services(services)).unwrap_or_default();
        self.parent.send(&FromWorker::Status { request, part, last });
        if !last {
            self.inquiries.push_front((request, next));
        }
    }
}

impl Worker {
    /// A virtual server as it stands, with what the kernel counts where it tells.
    fn service(&mut self, id: ServiceId, moment: Moment) -> Option<Service> {
        let client = self.tables.client();
        let traffic = client.and_then(|client| Traffic::read(client, &self.plan, &self.director, id).ok());
        let Self { plan, director, certificate_ends, .. } = self;
        View { plan, director, certificate_ends, moment }.service(id, traffic.as_ref())
    }
}

/// Servers of one piece of an answer: more would keep the checks waiting.
const SERVERS_PER_PART: usize = 64;

/// One moment, on both clocks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    now: Instant,
    wall: SystemTime,
}

impl Moment {
    pub(super) fn now() -> Self {
        Self { now: Instant::now(), wall: SystemTime::now() }
    }

    /// The date and time of another moment; the present where no calendar has it.
    fn date(self, at: Instant) -> Timestamp {
        let earlier = self.wall.checked_sub(self.now.saturating_duration_since(at));
        let date = earlier.and_then(|wall| wall.checked_add(at.saturating_duration_since(self.now)));
        Timestamp::try_from(date.unwrap_or(self.wall)).unwrap_or(Timestamp::UNIX_EPOCH)
    }
}

/// The state at one moment.
#[derive(Clone, Copy, Debug)]
struct View<'a> {
    plan: &'a Plan,
    director: &'a Director,
    certificate_ends: &'a HashMap<CheckId, SystemTime>,
    moment: Moment,
}

impl View<'_> {
    /// A virtual server as it stands.
    fn service(self, id: ServiceId, traffic: Option<&Traffic>) -> Option<Service> {
        let (snapshot, configured) = (self.director.snapshot(id)?, self.plan.virtual_server(id)?);
        let status = snapshot.status;
        let counted = |place: usize| traffic.and_then(|traffic| *traffic.servers.get(place)?);
        let servers = snapshot.servers.iter().enumerate();
        Some(Service {
            name: configured.name.clone(),
            scheduler: configured.scheduler.clone(),
            up: status.up,
            since: status.since.map(|at| self.moment.date(at)),
            quorum: Quorum { need: status.needed, live: status.live },
            sorry: status.sorry,
            panics: status.panics,
            backups: status.backups,
            suspended: status.suspended,
            draining: u32::try_from(status.draining).unwrap_or(u32::MAX),
            servers: servers.map(|(place, server)| self.server(server, counted(place))).collect(),
            sorry_server: configured.sorry_server.as_ref().map(|sorry| SorryServer {
                address: sorry.address.to_string(),
                up: status.sorry_up.unwrap_or(true),
                checks: self.checks(ServerId::sorry(id), &snapshot.sorry_checks, sorry.address),
            }),
            connections: traffic.map(|traffic| traffic.service),
        })
    }

    fn server(self, server: &ServerSnapshot<'_>, connections: Option<Connections>) -> Server {
        let status = &server.status;
        Server {
            address: status.address.to_string(),
            up: status.up,
            backup: self.plan.real_server(server.id).is_some_and(|real| real.backup),
            outlier: status.suspected,
            since: status.since.map(|at| self.moment.date(at)),
            weight: ServerWeight {
                configured: status.configured,
                effective: status.weight,
                programmed: status.programmed,
            },
            intent: server.intent.and_then(|intent| self::intent(intent, self.moment)),
            checks: self.checks(server.id, &server.checks, status.address),
            connections,
        }
    }

    fn checks(self, server: ServerId, checks: &[CheckStatus], address: SocketAddr) -> Vec<Check> {
        let ids = self.director.checks_of(server);
        let check = |(id, status): (CheckId, &CheckStatus)| {
            let ends = self.certificate_ends.get(&id).and_then(|ends| Timestamp::try_from(*ends).ok());
            Check { certificate_expires: ends, ..check_of(status, address, self.moment) }
        };
        ids.zip(checks).map(check).collect()
    }
}

/// The event of an intent that begins or ends, for followers of events.
pub(super) fn steered(plan: &Plan, director: &Director, id: ServerId, how: Steered) -> Option<EventKind> {
    let service = plan.virtual_server(id.service)?;
    let server = director.snapshot(id.service)?.servers.get(id.index())?.status.address;
    let (intent, ended) = match how {
        Steered::Begins => (Some(intent(director.intent(id)?, Moment::now())?), ""),
        Steered::Ended => (None, "ended by request"),
        Steered::Expired => (None, "its time is over"),
        // It holds on: the log tells of it.
        Steered::Drained => return None,
    };
    Some(EventKind::Intent { target: format!("{} {server}", service.name), intent, ended: ended.to_owned() })
}

fn intent(intent: &Intent, moment: Moment) -> Option<vipd_status::Intent> {
    let (kind, weight, open) = match intent.mode {
        Mode::Drain { open, .. } => (IntentKind::Drain, None, open),
        Mode::Maintenance => (IntentKind::Maintenance, None, None),
        Mode::Weight(weight) => (IntentKind::Weight, Some(weight), None),
        // The director has one that has no name here yet.
        _ => return None,
    };
    Some(vipd_status::Intent {
        kind,
        by: intent.who.clone(),
        reason: intent.why.clone(),
        since: moment.date(intent.since.unwrap_or(moment.now)),
        until: intent.until.map(|at| moment.date(at)),
        hard: false,
        weight,
        open,
    })
}

fn check_of(status: &CheckStatus, server: SocketAddr, moment: Moment) -> Check {
    let failure = status.last_failure.as_ref().filter(|_| status.failures_in_a_row > 0 || !status.up);
    Check {
        kind: keyword(&status.definition.probe).to_owned(),
        target: target(&status.definition.probe, server),
        up: status.up,
        settled: status.settled,
        since: status.since.map(|at| moment.date(at)),
        failure: failure.map(|last| CheckFailure {
            kind: kind(&last.failure).to_owned(),
            text: last.failure.to_string(),
            at: Some(moment.date(last.at)),
        }),
        failures: status.failures_in_a_row,
        ms: status.last_duration.map(|took| u64::try_from(took.as_millis()).unwrap_or(u64::MAX)),
        running: status.running,
        next_ms: status.next.map(|at| {
            u64::try_from(at.saturating_duration_since(moment.now).as_millis()).unwrap_or(u64::MAX)
        }),
        certificate_expires: None,
    }
}

/// The address or URL that a check reaches for, where that is not its server alone. No password is in it.
fn target(probe: &Probe, server: SocketAddr) -> String {
    match probe {
        Probe::Network(network) => {
            let address = network.target.address;
            match &network.protocol {
                Protocol::Http(http) => {
                    let scheme = if http.tls.is_some() { "https" } else { "http" };
                    http.urls
                        .first()
                        .map_or_else(String::new, |url| format!("{scheme}://{address}{}", url.path))
                }
                _ if address == server => String::new(),
                _ => address.to_string(),
            }
        }
        Probe::Script(script) => script.command.clone(),
        Probe::File(file) => file.path.display().to_string(),
        Probe::Bfd(bfd) => bfd.session.clone(),
        _ => String::new(),
    }
}

/// A failure in one word.
fn kind(failure: &Failure) -> &'static str {
    match failure {
        Failure::ConnectTimeout
        | Failure::Silent(_)
        | Failure::TooSlow
        | Failure::ScriptTimeout
        | Failure::FileTimeout => "timeout",
        Failure::Io(std::io::ErrorKind::ConnectionRefused) => "refused",
        Failure::Io(_) => "connection",
        Failure::Closed(_) => "closed",
        Failure::Tls(_) => "tls",
        Failure::Status(_) => "status",
        Failure::Redirect { .. } => "redirect",
        Failure::Digest { .. } | Failure::Regex { .. } | Failure::RegexLimit | Failure::Body => "body",
        Failure::ScriptExit(_) | Failure::ScriptSignal(_) | Failure::ScriptStart(_) => "script",
        Failure::File(_) => "file",
        Failure::Bfd => "bfd",
        Failure::Agent(_) => "agent",
        Failure::Unusable => "unusable",
        _ => "answer",
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use lvs_health::Outcome;

    use super::super::testing::{asked, balanced, plan};
    use super::*;

    #[test]
    fn everything_that_is_known_of_a_virtual_server_is_told() {
        let check = "HTTP_GET {\nurl {\npath /up\n}\nwarmup 0\nretry 1\ndelay_before_retry 5\n}";
        let plan = plan(
            1,
            &balanced(
                "quorum 2\nsorry_server 10.0.0.9 80\nsorry_server_check {\nTCP_CHECK {\nalpha\n}\n}",
                &[(81, check), (82, "weight 3\nbackup")],
            ),
        );
        let start = Instant::now();
        let mut director = Director::new(start, plan.director());
        let (_, attempts) = asked(&mut director, start);
        let failed = start + Duration::from_millis(30);
        director.handle_outcome(failed, attempts[0], Outcome::Fail(Failure::Status(503)));
        let second = ServerId { service: ServiceId(0), place: 1 };
        director.steer(failed, second, Some(Intent::new(Mode::Weight(7), "ann")));
        asked(&mut director, failed);
        let moment = Moment { now: failed + Duration::from_secs(2), wall: SystemTime::UNIX_EPOCH };
        let moment = Moment { wall: moment.wall + Duration::from_secs(1_000_000), ..moment };
        let ends = SystemTime::UNIX_EPOCH + Duration::from_secs(2_000_000);
        let certificate_ends = HashMap::from([(attempts[0].check, ends)]);
        let counted = Connections { active: 3, ..Connections::default() };
        let traffic = Traffic { service: Connections::default(), servers: vec![None, Some(counted)] };
        let view = View { plan: &plan, director: &director, certificate_ends: &certificate_ends, moment };
        let service = view.service(ServiceId(0), Some(&traffic)).unwrap();
        assert_eq!((service.name.as_str(), service.scheduler.as_str()), ("[192.0.2.1]:tcp:80", "rr"));
        assert_eq!((service.up, service.quorum), (true, Quorum { need: 2, live: 3 }));
        let [first, other] = &service.servers[..] else { panic!("two servers") };
        assert_eq!((first.up, first.weight.programmed, first.address.as_str()), (false, None, "10.0.0.1:81"));
        assert_eq!(first.since, Some(Timestamp::from_second(999_998).unwrap()));
        let [check] = &first.checks[..] else { panic!("one check") };
        assert_eq!((check.kind.as_str(), check.target.as_str()), ("HTTP_GET", "http://10.0.0.1:81/up"));
        assert_eq!((check.failures, check.ms, check.settled), (1, Some(30), true));
        let failure = check.failure.as_ref().unwrap();
        assert_eq!((failure.kind.as_str(), failure.text.as_str()), ("status", "HTTP status 503"));
        assert_eq!(check.certificate_expires, Some(Timestamp::from_second(2_000_000).unwrap()));
        assert_eq!((first.connections, other.connections), (None, Some(counted)));
        assert_eq!((first.backup, other.backup, service.backups), (false, true, true));
        let sorry = service.sorry_server.as_ref().unwrap();
        assert_eq!((sorry.address.as_str(), sorry.up, sorry.checks.len()), ("10.0.0.9:80", false, 1));
        let weight = ServerWeight { configured: 3, effective: 3, programmed: Some(7) };
        assert_eq!((other.up, other.weight, other.checks.len()), (true, weight, 0));
        let intent = other.intent.as_ref().unwrap();
        assert_eq!((intent.by.as_str(), intent.weight, intent.kind), ("ann", Some(7), IntentKind::Weight));
    }
}
