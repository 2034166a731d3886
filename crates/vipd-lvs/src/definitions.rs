//! From a configured checker to the check that `lvs-health` makes: pure translation.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use keepalived_conf::model::Command;
use keepalived_conf::model::lvs as conf;
use lvs_health::{
    Agent, BasicAuth, Bfd, Certificates, Check, ClientCertificate, DigestMd5, Dns, DnsAnswers, ExpiryWeight,
    File, Grpc, Http, HttpMethod, HttpVersion, Ldap, Login, Mysql, Network, Pattern, Postgresql, Probe,
    Protocol, ProxyHeader, QueryType, Redis, RegexOption, Reply, Role, Script, Smtp, StatusCodes, Talk,
    TalkStep, Target, Timing, Tls, TlsVersion, Udp, Url,
};

use crate::ipc::LvsConfig;

/// Definitions that checks of one configuration have in common, so that each is held once.
#[derive(Debug, Default)]
pub(super) struct Shared(HashSet<Arc<Http>>);

impl Shared {
    fn http(&mut self, http: Http) -> Arc<Http> {
        if let Some(known) = self.0.get(&http) {
            return Arc::clone(known);
        }
        let http = Arc::new(http);
        self.0.insert(Arc::clone(&http));
        http
    }
}

/// The check that this checker stands for, alone.
#[must_use]
pub fn definition(config: &LvsConfig, checker: &conf::Checker) -> Check {
    check(config, checker, &mut Shared::default())
}

/// The check that this checker stands for.
pub(super) fn check(config: &LvsConfig, checker: &conf::Checker, shared: &mut Shared) -> Check {
    Check { probe: probe(config, checker, shared), timing: timing(checker) }
}

fn timing(checker: &conf::Checker) -> Timing {
    let fast_recovery = matches!(&checker.kind, conf::CheckerKind::Http(_, http) if http.fast_recovery);
    Timing {
        delay_loop: checker.delay_loop,
        retry: checker.retry,
        rise: checker.rise,
        delay_before_retry: checker.delay_before_retry,
        warmup: checker.warmup,
        alpha: checker.alpha,
        fast_recovery,
    }
}

fn probe(config: &LvsConfig, checker: &conf::Checker, shared: &mut Shared) -> Probe {
    let (connection, protocol) = match &checker.kind {
        conf::CheckerKind::Tcp(connection) => (connection, Protocol::Connect),
        conf::CheckerKind::Http(connection, http) => {
            (connection, Protocol::Http(shared.http(self::http(connection, http))))
        }
        conf::CheckerKind::Smtp(connection, helo_name) => {
            (connection, Protocol::Smtp(Smtp { helo_name: helo_name.clone() }))
        }
        conf::CheckerKind::Dns { connection, query_type, name, answers } => {
            (connection, Protocol::Dns(dns(query_type, name, answers.as_deref())))
        }
        conf::CheckerKind::Udp(connection, udp) => (connection, Protocol::Udp(self::udp(udp).into())),
        conf::CheckerKind::Ping(connection) => (connection, Protocol::Ping),
        conf::CheckerKind::Agent(connection, send) => {
            (connection, Protocol::Agent(Agent { send: send.clone() }))
        }
        conf::CheckerKind::Grpc(connection, grpc) => (connection, Protocol::Grpc(self::grpc(grpc).into())),
        conf::CheckerKind::Talk(connection, talk) => (connection, Protocol::Talk(self::talk(talk).into())),
        conf::CheckerKind::Server(connection, server) => (connection, self::server(server)),
        conf::CheckerKind::Misc { script, timeout, dynamic } => {
            let command = config.checks.get(*script).map(identity).unwrap_or_default();
            return Probe::Script(Script { command, timeout: *timeout, dynamic: *dynamic }.into());
        }
        conf::CheckerKind::File { path, weight, reverse } => {
            return Probe::File(File { path: path.clone(), weight: *weight, reverse: *reverse }.into());
        }
        conf::CheckerKind::Bfd(session) => return Probe::Bfd(Bfd { session: session.clone() }),
    };
    let target = target(connection, checker.delay_loop);
    Probe::Network(Network { target, protocol }.into())
}

/// Identity of a script: its text, and the account that it runs as.
fn identity(command: &Command) -> String {
    match &command.user {
        Some(user) => {
            let group = user.group.as_deref().unwrap_or_default();
            format!("{} (as {}:{group})", command.text, user.user)
        }
        None => command.text.clone(),
    }
}

/// An attempt ends within `delay_loop` or twice the connect timeout, whichever is longer, however slowly the server
/// drips: no server is judged later than the configuration lets one expect.
fn target(connection: &conf::Connection, delay_loop: Duration) -> Target {
    Target {
        address: connection.address,
        bind: connection.bind,
        interface: connection.interface.clone(),
        fwmark: connection.fwmark,
        timeout: connection.timeout,
        limit: delay_loop.max(connection.timeout.saturating_mul(2)),
        proxy_header: connection.proxy_protocol.map(|version| match version {
            1 => ProxyHeader::V1,
            _ => ProxyHeader::V2,
        }),
    }
}

fn http(connection: &conf::Connection, http: &conf::HttpCheck) -> Http {
    let address = connection.address.to_string();
    Http {
        urls: http.urls.iter().map(|url| self::url(url, &address)).collect(),
        version: match http.version {
            conf::HttpVersion::Http10 => HttpVersion::Http10,
            conf::HttpVersion::Http10Close => HttpVersion::Http10Close,
            conf::HttpVersion::Http11 => HttpVersion::Http11,
            conf::HttpVersion::Http2 => HttpVersion::Http2,
        },
        tls: http.tls.as_ref().map(tls),
        headers: http.headers.clone(),
        basic_auth: http
            .basic_auth
            .as_ref()
            .map(|(user, password)| BasicAuth { user: user.clone(), password: password.clone() }),
    }
}

/// Without the host where that is the server's address, so that the servers of a pool share the definition.
fn url(url: &conf::Url, address: &str) -> Url {
    Url {
        method: method(url.method),
        path: url.path.clone(),
        request_body: url.request_body.as_ref().map(|text| text.as_bytes().into()),
        host: if url.host == address { String::new() } else { url.host.clone() },
        server_name: url.server_name.clone(),
        status: StatusCodes::from_ranges(url.status.iter().copied()),
        digest: url.digest.map(DigestMd5),
        pattern: url.regex.as_ref().map(pattern),
        follow_redirects: url.follow_redirects,
        body: url.body.as_ref().map(|text| text.clone().into_bytes()),
        tls_compliant: url.tls_compliant,
    }
}

fn method(method: conf::HttpMethod) -> HttpMethod {
    match method {
        conf::HttpMethod::Get => HttpMethod::Get,
        conf::HttpMethod::Head => HttpMethod::Head,
        conf::HttpMethod::Options => HttpMethod::Options,
        conf::HttpMethod::Post => HttpMethod::Post,
        conf::HttpMethod::Put => HttpMethod::Put,
        conf::HttpMethod::Patch => HttpMethod::Patch,
        conf::HttpMethod::Delete => HttpMethod::Delete,
    }
}

fn pattern(regex: &conf::Regex) -> Pattern {
    Pattern {
        text: regex.pattern.clone(),
        no_match: regex.no_match,
        options: regex.options.iter().map(|name| regex_option(name)).collect(),
        min_offset: regex.min_offset,
        max_offset: regex.max_offset,
    }
}

fn regex_option(name: &str) -> RegexOption {
    match name {
        "anchored" => RegexOption::Anchored,
        "caseless" => RegexOption::Caseless,
        "dollar_endonly" => RegexOption::DollarEndOnly,
        "dotall" => RegexOption::DotAll,
        "endanchored" => RegexOption::EndAnchored,
        "extended" | "extended_more" => RegexOption::Extended,
        "firstline" => RegexOption::FirstLine,
        "literal" => RegexOption::Literal,
        "multiline" => RegexOption::Multiline,
        "no_auto_capture" => RegexOption::NoAutoCapture,
        "ucp" => RegexOption::Ucp,
        "ungreedy" => RegexOption::Ungreedy,
        "utf" => RegexOption::Utf,
        _ => RegexOption::WithoutEffect,
    }
}

fn tls(tls: &conf::TlsCheck) -> Tls {
    let version = |number| if number >= 13 { TlsVersion::Tls13 } else { TlsVersion::Tls12 };
    let (min, max) = tls.versions.unwrap_or((12, 13));
    let client = tls
        .certificate
        .as_ref()
        .zip(tls.key.as_ref())
        .map(|(certificate, key)| ClientCertificate { certificate: certificate.clone(), key: key.clone() });
    Tls {
        certificates: match &tls.verify {
            Some(ca_file) => Certificates::Verified { ca_file: ca_file.clone() },
            None => Certificates::Any,
        },
        client,
        min_version: version(min),
        max_version: version(max),
        expiry_warning: tls.expiry_warning,
        expiry_weight: tls.expiry_weight.map(|(within, percent)| ExpiryWeight { within, percent }),
    }
}

fn dns(query_type: &str, name: &str, answers: Option<&conf::DnsAnswers>) -> Dns {
    let answers = answers.map(|wanted| {
        let conf::DnsAnswers { addresses, least, authentic } = wanted;
        DnsAnswers { addresses: addresses.clone(), least: *least, authentic: *authentic }.into()
    });
    Dns { answers, ..Dns::new(record(query_type), name) }
}

fn record(name: &str) -> QueryType {
    match name {
        "A" => QueryType::A,
        "NS" => QueryType::NS,
        "CNAME" => QueryType::CNAME,
        "MX" => QueryType::MX,
        "TXT" => QueryType::TXT,
        "AAAA" => QueryType::AAAA,
        "RRSIG" => QueryType::RRSIG,
        "DNSKEY" => QueryType::DNSKEY,
        _ => QueryType::SOA,
    }
}

fn udp(udp: &conf::UdpCheck) -> Udp {
    Udp {
        payload: udp.payload.clone(),
        reply: udp.reply.as_ref().map(|pattern| Reply {
            pattern: pattern.clone(),
            min_length: udp.min_length,
            max_length: udp.max_length,
        }),
    }
}

fn grpc(grpc: &conf::GrpcCheck) -> Grpc {
    Grpc {
        service: grpc.service.clone(),
        authority: grpc.authority.clone(),
        tls: grpc.tls.as_ref().map(tls),
        server_name: grpc.server_name.clone(),
    }
}

fn talk(talk: &conf::TalkCheck) -> Talk {
    let step = |step: &conf::TalkStep| match step {
        conf::TalkStep::Send(bytes) => TalkStep::Send(bytes.clone()),
        conf::TalkStep::Expect(bytes) => TalkStep::Expect(bytes.clone()),
        conf::TalkStep::ExpectLine(text) => TalkStep::ExpectLine(Pattern {
            text: text.clone(),
            no_match: false,
            options: Vec::new(),
            min_offset: 0,
            max_offset: None,
        }),
    };
    let mut conversation = Talk::new(talk.steps.iter().map(step));
    conversation.tls = talk.tls.as_ref().map(tls);
    conversation.server_name.clone_from(&talk.server_name);
    conversation
}

fn server(server: &conf::ServerCheck) -> Protocol {
    let login = Login { user: server.user.clone(), password: server.password.clone() };
    let role = server.wants_primary.map(|primary| if primary { Role::Primary } else { Role::Replica });
    match server.kind {
        conf::ServerKind::Redis => {
            let mut redis = Redis::default();
            (redis.login, redis.role) = (login, role);
            Protocol::Redis(redis.into())
        }
        conf::ServerKind::Mysql => {
            let mut mysql = Mysql::default();
            mysql.login = login;
            Protocol::Mysql(mysql)
        }
        conf::ServerKind::Postgresql => {
            let mut postgresql = Postgresql::default();
            (postgresql.login, postgresql.role) = (login, role);
            postgresql.database.clone_from(&server.database);
            Protocol::Postgresql(postgresql.into())
        }
        conf::ServerKind::Ldap => {
            let mut ldap = Ldap::default();
            ldap.login = login;
            Protocol::Ldap(ldap)
        }
    }
}
