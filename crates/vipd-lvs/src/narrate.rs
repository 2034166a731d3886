//! Log lines for events, in the words that operators know and their tools search for.

mod fallback;

use std::net::SocketAddr;
use std::time::Instant;

use lvs_health::director::{
    Cause, CheckId, Director, Event, Mode, OUTSIDE, ServerId, ServiceId, Steered, Verdict,
};
use lvs_health::{Note, Probe, Protocol};

use super::names;
use super::plan::{Former, Plan};
use crate::ipc::{FromLvs, LogLevel};
use crate::log::{About, EventKind, Field, LogLine};

/// The lines for the log.
pub(super) fn lines(plan: &Plan, director: &Director, event: &Event) -> Vec<LogLine> {
    let teller = Teller { plan, director };
    match event {
        Event::Attempt { check, failure, verdict } => teller.attempt(*check, &failure.to_string(), *verdict),
        Event::Check { check, up: true, .. } => teller.passed(*check).into_iter().collect(),
        Event::Weight { server, from, to } => vec![teller.weight(*server, *from, *to)],
        Event::Server { server, up, .. } if server.is_sorry() => {
            vec![teller.sorry_health(server.service, *up)]
        }
        Event::Server { server, up, cause } => vec![teller.server(*server, *up, *cause)],
        Event::Added { server, up } => {
            let state = if *up { "up" } else { "down" };
            vec![info(format!("New service {}: {state}", teller.both(*server)))]
        }
        Event::Removed { service, server, draining, .. } => {
            let what = if *draining { "Draining" } else { "Removing" };
            let service = teller.service(*service);
            vec![info(format!("{what} service {server} of VS {service}, which is no longer configured"))]
        }
        Event::Retired { name, .. } => vec![info(format!("Removing Virtual Server {name}"))],
        Event::Drained { service, server } => {
            vec![info(format!("Removing drained service {server} from VS {}", teller.service(*service)))]
        }
        Event::Quorum { service, up, initial, .. } => {
            let name = teller.service(*service);
            let state = if *up { "up" } else { "down" };
            let level = if *up || *initial { LogLevel::Info } else { LogLevel::Warning };
            let line = LogLine::new(level, format!("{} for VS {name}", quorum_text(event)));
            vec![line.about(about_service(EventKind::Quorum, name).with(Field::To, state))]
        }
        Event::Steered { server, how } => vec![teller.steered(*server, *how)],
        Event::Sorry { service, serving } => teller.sorry(*service, *serving),
        Event::Backup { service, serving } => vec![teller.backups(*service, *serving)],
        Event::Panic { service, panics } => teller.panics(*service, *panics).into_iter().collect(),
        Event::Outlier { server, suspected, unfinished, neighbours } => {
            vec![teller.outlier(*server, suspected.then_some((*unfinished, *neighbours)))]
        }
        Event::Suspended { service, suspended } => {
            let what = if *suspended { "Suspending" } else { "Activating" };
            vec![info(format!("{what} healthcheckers of VS {}", teller.service(*service)))]
        }
        // A check that fails was told with its attempt, and a successor's states are no news.
        _ => Vec::new(),
    }
}

fn info(text: String) -> LogLine {
    LogLine::new(LogLevel::Info, text)
}

fn about_service(event: EventKind, service: &str) -> About {
    About::new(event).with(Field::Service, service.to_owned())
}

/// Messages for the parent, which runs scripts, writes FIFOs and sends mails, if the event is such.
pub(super) fn messages(plan: &Plan, former: &Former, director: &Director, event: &Event) -> Vec<FromLvs> {
    match event {
        // Neither keepalived nor a script of the file knows of it.
        Event::Server { server, .. } if server.is_sorry() => Vec::new(),
        Event::Server { server, up, cause } => vec![FromLvs::Server {
            generation: plan.generation,
            service: server.service.0,
            server: server.place,
            up: *up,
            because: because(director, *cause, *up),
            resumed: false,
        }],
        Event::Resumed { service } => resumed(plan, director, *service),
        Event::Check { check, up, first: false } => checker_messages(plan, director, *check, *up),
        Event::Quorum { service, up, .. } => vec![FromLvs::Quorum {
            generation: plan.generation,
            service: service.0,
            up: *up,
            because: quorum_text(event),
            resumed: false,
        }],
        Event::Removed { service, server, served: true, .. } => {
            dropped_server(former, plan.identity(*service), *server).into_iter().collect()
        }
        Event::Retired { name, up, served } => {
            let servers = served.iter().filter_map(|&server| dropped_server(former, name, server));
            let quorum = former.service(name).filter(|_| *up).map(|(generation, service)| FromLvs::Quorum {
                generation,
                service,
                up: false,
                because: DROPPED.to_owned(),
                resumed: false,
            });
            servers.chain(quorum).collect()
        }
        _ => Vec::new(),
    }
}

/// A check's result that leaves its server as it was: another check of it is down.
fn checker_messages(plan: &Plan, director: &Director, check: CheckId, up: bool) -> Vec<FromLvs> {
    let is_down = |check| director.check_status(check).is_some_and(|status| !status.up);
    let held_down = |server| director.checks_of(server).any(|other| other != check && is_down(other));
    let servers = director.servers(check).iter().copied();
    let servers = servers.filter(|&server| !server.is_sorry() && held_down(server));
    servers
        .map(|server| FromLvs::Checker {
            generation: plan.generation,
            service: server.service.0,
            server: server.place,
            up,
            because: because(director, Cause::Check(check), up),
        })
        .collect()
}

/// Messages about a virtual server that a predecessor had: news only where that one could not report its last.
fn resumed(plan: &Plan, director: &Director, service: ServiceId) -> Vec<FromLvs> {
    let generation = plan.generation;
    let because = || "Found in this state after a restart".to_owned();
    let server = |id: ServerId| {
        let status = director.server_status(id).filter(|status| status.up || status.known_down)?;
        let (service, server, up) = (id.service.0, id.place, status.up);
        Some(FromLvs::Server { generation, service, server, up, because: because(), resumed: true })
    };
    let quorum = director.service_status(service).map(|status| {
        let up = status.up;
        FromLvs::Quorum { generation, service: service.0, up, because: because(), resumed: true }
    });
    director.members(service).filter_map(server).chain(quorum).collect()
}

/// A server that is no longer configured, by its former place.
fn dropped_server(former: &Former, service: &str, address: SocketAddr) -> Option<FromLvs> {
    let (generation, service, server) = former.server(service, address)?;
    Some(FromLvs::Server {
        generation,
        service,
        server,
        up: false,
        because: DROPPED.to_owned(),
        resumed: false,
    })
}

/// The text of mails about a server that a reload dropped.
const DROPPED: &str = "No longer configured";

/// The line for a server at the stop.
pub(super) fn shutting_down(plan: &Plan, director: &Director, server: ServerId) -> String {
    let teller = Teller { plan, director };
    format!("Shutting down service {} from VS {}", teller.real(server), teller.service(server.service))
}

/// The target of a check, in words.
pub(super) fn target(plan: &Plan, director: &Director, check: CheckId) -> String {
    Teller { plan, director }.target(check)
}

/// The log line for a remark of an attempt.
pub(super) fn note(plan: &Plan, director: &Director, check: CheckId, note: &Note) -> Option<String> {
    let whom = Teller { plan, director }.target(check);
    match note {
        Note::CertificateExpires(at) => {
            let left = at.duration_since(std::time::SystemTime::now()).unwrap_or_default();
            let days = left.as_secs() / (24 * 60 * 60);
            Some(format!("The certificate of {whom} expires in {days} days"))
        }
        Note::BodyCut { searched } => {
            Some(format!("The answer of {whom} is long: only its first {searched} octets are searched"))
        }
        _ => None,
    }
}

struct Teller<'a> {
    plan: &'a Plan,
    director: &'a Director,
}

impl Teller<'_> {
    fn service(&self, id: ServiceId) -> &str {
        self.plan.virtual_server(id).map_or("?", |server| &server.name)
    }

    fn real(&self, id: ServerId) -> String {
        if id.is_sorry() {
            return format!("sorry server {}", self.sorry_name(id.service));
        }
        match (self.plan.virtual_server(id.service), self.plan.real_server(id)) {
            (Some(server), Some(real)) => names::real_server(server, real),
            _ => "?".to_owned(),
        }
    }

    fn both(&self, id: ServerId) -> String {
        format!("{} of VS {}", self.real(id), self.service(id.service))
    }

    /// The target of a check in words: the servers it stands on, the first of them by name.
    fn target(&self, check: CheckId) -> String {
        let servers = self.director.servers(check);
        let first = servers.first().map_or_else(|| "?".to_owned(), |&server| self.real(server));
        match servers.len() {
            0 | 1 => first,
            more => format!("{first} and {} more", more - 1),
        }
    }

    /// An event of a real server.
    fn about(&self, event: EventKind, id: ServerId) -> About {
        about_service(event, self.service(id.service)).with(Field::Server, self.real(id))
    }

    fn weight(&self, server: ServerId, from: u32, to: u32) -> LogLine {
        let up = self.director.server_status(server).is_some_and(|status| status.up);
        let state = if up { "active" } else { "inactive" };
        let about = self.about(EventKind::Weight, server);
        let about = about.with(Field::From, from.to_string()).with(Field::To, to.to_string());
        info(format!("Changing weight from {from} to {to} for {state} service {}", self.both(server)))
            .about(about)
    }

    /// keepalived's sentence, with the reason behind it.
    fn attempt(&self, check: CheckId, failure: &str, verdict: Verdict) -> Vec<LogLine> {
        let subject = match self.director.check(check).map(|check| &check.probe) {
            Some(Probe::Script(script)) => self.script(check, script),
            _ => format!("{} on service {}", check_name(self.director, check), self.target(check)),
        };
        let what = match verdict {
            Verdict::Down { retries: 0 } => "failed".to_owned(),
            Verdict::Down { retries: 1 } => "failed after 1 retry".to_owned(),
            Verdict::Down { retries } => format!("failed after {retries} retries"),
            Verdict::Tolerated { left: 0, .. } => "failed, the next failure counts".to_owned(),
            Verdict::Tolerated { left, .. } => format!("failed, {left} more failures tolerated"),
            Verdict::StillDown => "still fails".to_owned(),
            _ => "failed, nothing changes".to_owned(),
        };
        let counts = matches!(verdict, Verdict::Down { .. });
        if !counts && !self.logs_all(check) {
            return Vec::new();
        }
        let level = if counts { LogLevel::Warning } else { LogLevel::Info };
        let about = self.about_check(check).with(Field::Reason, failure.to_owned());
        let about = if counts { about.with(Field::To, "down") } else { about };
        vec![LogLine::new(level, format!("{subject} {what}: {failure}")).about(about)]
    }

    /// The first of its servers.
    fn about_check(&self, check: CheckId) -> About {
        match self.director.servers(check).first() {
            Some(&server) => self.about(EventKind::Check, server),
            None => About::new(EventKind::Check),
        }
    }

    fn passed(&self, check: CheckId) -> Option<LogLine> {
        let probe = &self.director.check(check)?.probe;
        Some(info(self.passed_text(check, probe)).about(self.about_check(check).with(Field::To, "up")))
    }

    fn passed_text(&self, check: CheckId, probe: &Probe) -> String {
        let target = self.target(check);
        match probe {
            Probe::Network(network) => match &network.protocol {
                Protocol::Connect => format!("TCP connection to {target} success."),
                Protocol::Http(_) => format!("Remote Web server {target} succeed on service."),
                Protocol::Smtp(_) => format!("Remote SMTP server {target} succeed on service."),
                Protocol::Udp(_) => format!("UDP connection to {target} success."),
                Protocol::Ping => format!("ICMP connection to {target} success."),
                Protocol::Dns(_) => format!("DNS query to {target} success."),
                Protocol::Agent(_) => format!("Agent of {target} success."),
                Protocol::Grpc(_) => format!("gRPC server {target} succeed on service."),
                Protocol::Talk(_) => format!("TCP conversation with {target} success."),
                Protocol::Redis(_) => format!("Redis server {target} succeed on service."),
                Protocol::Mysql(_) => format!("MySQL server {target} succeed on service."),
                Protocol::Postgresql(_) => format!("PostgreSQL server {target} succeed on service."),
                Protocol::Ldap(_) => format!("LDAP server {target} succeed on service."),
                _ => format!("Check of {target} success."),
            },
            Probe::Script(script) => format!("{} succeeded.", self.script(check, script)),
            Probe::File(file) => {
                format!("({target}): tracked file {} leaving FAULT state", file.path.display())
            }
            Probe::Bfd(bfd) => format!("BFD session {} of {target} is up", bfd.session),
            _ => format!("Check of {target} success."),
        }
    }

    fn script(&self, check: CheckId, script: &lvs_health::Script) -> String {
        let whom = self.director.servers(check).first().map_or_else(String::new, |&server| {
            format!("{} VS {}", self.real(server), self.service(server.service))
        });
        format!("Misc check for [{whom}] by [{}]", script.command)
    }

    /// `log_all_failures`
    fn logs_all(&self, check: CheckId) -> bool {
        self.director.servers(check).iter().any(|&server| {
            let place = self.director.checks_of(server).position(|candidate| candidate == check);
            place.is_some_and(|place| self.plan.logs_all(server, place))
        })
    }

    /// One that a check took out is a loss; one that a reload or the stop takes out is not.
    fn server(&self, server: ServerId, up: bool, cause: Cause) -> LogLine {
        let lost = !up && matches!(cause, Cause::Check(_));
        let level = if lost { LogLevel::Warning } else { LogLevel::Info };
        let word = match cause {
            Cause::Start => "startup",
            Cause::Check(_) => "check",
            Cause::Reload => "reload",
            _ => "stop",
        };
        let state = if up { "up" } else { "down" };
        let about = self.about(EventKind::Server, server).with(Field::To, state).with(Field::Cause, word);
        LogLine::new(level, self.server_text(server, up)).about(about)
    }

    fn server_text(&self, server: ServerId, up: bool) -> String {
        let inhibits = self.plan.real_server(server).is_some_and(|real| real.inhibit_on_failure);
        let (real, service) = (self.real(server), self.service(server.service));
        match (up, inhibits) {
            (true, false) => format!("Adding service {real} to VS {service}"),
            (true, true) => format!("Enabling service {real} of VS {service}"),
            (false, false) => format!("Removing service {real} from VS {service}"),
            (false, true) => format!("Disabling service {real} of VS {service}"),
        }
    }

    /// The log line for an intent that begins or ends.
    fn steered(&self, id: ServerId, how: Steered) -> LogLine {
        LogLine::new(LogLevel::Warning, self.steered_text(id, how)).about(self.about(EventKind::Weight, id))
    }

    fn steered_text(&self, id: ServerId, how: Steered) -> String {
        let Some(intent) = self.director.intent(id).filter(|_| how == Steered::Begins) else {
            let what = match how {
                Steered::Drained => "is drained: no connection is left, or their time is over",
                Steered::Expired => "has its own weight again: the time is over",
                Steered::Begins | Steered::Ended => "has its own weight again",
            };
            return format!("{} {what}", self.both(id));
        };
        let what = match intent.mode {
            Mode::Weight(weight) => format!("has weight {weight}"),
            Mode::Maintenance => "is in maintenance".to_owned(),
            _ => "is drained".to_owned(),
        };
        let left = |until: Instant| until.saturating_duration_since(Instant::now()).as_secs_f32().ceil();
        let is_outside = intent.who == OUTSIDE;
        let until = match intent.until {
            Some(until) if is_outside => format!("for {} s (lvs_reconcile)", left(until)),
            Some(until) => format!("for {} s", left(until)),
            None if is_outside => {
                "until it is set to its own weight, or a check takes the server out".to_owned()
            }
            None => "until somebody ends it (vipd server ... ready)".to_owned(),
        };
        let who = if is_outside { "set outside".to_owned() } else { format!("by {}", intent.who) };
        let why = if intent.why.is_empty() { String::new() } else { format!(" ({})", intent.why) };
        format!("{} {what}, {who}{why}: it stays so {until}", self.both(id))
    }

    fn sorry_name(&self, id: ServiceId) -> String {
        let server = self.plan.virtual_server(id);
        let sorry = server.and_then(|server| {
            let sorry = server.sorry_server.as_ref()?;
            Some(names::member(server, sorry.address, sorry.forwarding))
        });
        sorry.unwrap_or_else(|| "?".to_owned())
    }

    fn sorry_health(&self, id: ServiceId, up: bool) -> LogLine {
        let (sorry, service) = (self.sorry_name(id), self.service(id));
        if up {
            return info(format!("Sorry server {sorry} of VS {service} is up"));
        }
        let text = format!(
            "Sorry server {sorry} of VS {service} is down: without a quorum the services that are up are used"
        );
        LogLine::new(LogLevel::Warning, text)
    }

    fn sorry(&self, id: ServiceId, serving: bool) -> Vec<LogLine> {
        let (sorry, service) = (self.sorry_name(id), self.service(id));
        let texts = if serving {
            [
                format!("Adding sorry server {sorry} to VS {service}"),
                format!("Removing alive servers from the pool for VS {service}"),
            ]
        } else {
            [
                format!("Removing sorry server {sorry} from VS {service}"),
                format!("Adding alive servers to the pool for VS {service}"),
            ]
        };
        let level = if serving { LogLevel::Warning } else { LogLevel::Info };
        let to = if serving { "sorry_server" } else { "servers" };
        let mut lines = texts.map(|text| LogLine::new(level, text));
        // One of them is the event.
        let [first, _] = &mut lines;
        first.about = Some(Box::new(about_service(EventKind::Fallback, service).with(Field::To, to)));
        lines.into()
    }
}

/// The word for what a check does, in messages as keepalived writes them: `HTTP_CHECK` also for `SSL_GET`.
fn check_name(director: &Director, check: CheckId) -> &'static str {
    director.check(check).map_or("CHECK", |check| match keyword(&check.probe) {
        "HTTP_GET" | "SSL_GET" => "HTTP_CHECK",
        other => other,
    })
}

/// The keyword of a check in the configuration.
#[must_use]
pub fn keyword(probe: &Probe) -> &'static str {
    match probe {
        Probe::Network(network) => match &network.protocol {
            Protocol::Connect | Protocol::Talk(_) => "TCP_CHECK",
            Protocol::Redis(_) => "REDIS_CHECK",
            Protocol::Mysql(_) => "MYSQL_CHECK",
            Protocol::Postgresql(_) => "PGSQL_CHECK",
            Protocol::Ldap(_) => "LDAP_CHECK",
            Protocol::Http(http) if http.tls.is_some() => "SSL_GET",
            Protocol::Http(_) => "HTTP_GET",
            Protocol::Smtp(_) => "SMTP_CHECK",
            Protocol::Dns(_) => "DNS_CHECK",
            Protocol::Udp(_) => "UDP_CHECK",
            Protocol::Ping => "PING_CHECK",
            Protocol::Agent(_) => "AGENT_CHECK",
            Protocol::Grpc(_) => "GRPC_CHECK",
            _ => "CHECK",
        },
        Probe::Script(_) => "MISC_CHECK",
        Probe::File(_) => "FILE_CHECK",
        Probe::Bfd(_) => "BFD_CHECK",
        _ => "CHECK",
    }
}

/// The text of mails about a server.
fn because(director: &Director, cause: Cause, up: bool) -> String {
    let outcome = if up { "succeed" } else { "failed" };
    match cause {
        Cause::Start => "Starting with server up".to_owned(),
        Cause::Check(check) => {
            let name = check_name(director, check).replace('_', " ");
            format!("{name} {outcome} on service")
        }
        Cause::Reload => format!("Server {} after reload", if up { "up" } else { "down" }),
        _ => "Shutting down".to_owned(),
    }
}

fn quorum_text(event: &Event) -> String {
    let Event::Quorum { up, weight, quorum, hysteresis, initial, .. } = event else { return String::new() };
    match (initial, up) {
        (true, false) => "Starting with quorum down".to_owned(),
        (_, true) => {
            format!(
                "Gained quorum {quorum}+{hysteresis}={} <= {weight}",
                u64::from(*quorum) + u64::from(*hysteresis)
            )
        }
        (false, false) => {
            format!("Lost quorum {quorum}-{hysteresis}={} > {weight}", quorum.saturating_sub(*hysteresis))
        }
    }
}

#[cfg(test)]
mod tests;
