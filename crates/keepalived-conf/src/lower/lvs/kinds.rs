//! The checkers other than `HTTP_GET`: what their blocks say, and what that means.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::model::lvs::{Checker, CheckerKind, DnsAnswers, GrpcCheck, ServerCheck, ServerKind, UdpCheck};
use crate::model::trackers::TrackFile;
use crate::model::{Command, User};
use crate::source::Span;

use super::super::arguments::text;
use super::super::arguments::{self, Junk};
use super::super::reader::Entry;
use super::super::report::Report;
use super::super::track_file::file_weight;
use super::super::{Lowering, command};
use super::acts;
use super::checker::{Common, Timing};
use super::conversations::TalkDraft;
use super::dns::DnsDraft;
use super::http::HttpDraft;
use super::payload::{escaped_text, payload, reply};
use super::tls::{Ssl, TlsDraft};
use crate::keywords::word;

/// A checker as read.
#[derive(Clone)]
pub(super) struct CheckerDraft {
    /// Where its keyword stands.
    at: Span,
    common: Common,
    kind: KindDraft,
}

#[derive(Clone)]
enum KindDraft {
    Tcp(Box<TalkDraft>),
    Server(Box<ServerCheck>),
    Ping,
    Http(Box<HttpDraft>),
    Smtp { helo: String },
    Dns { query_type: String, name: String, answers: Option<Box<DnsAnswers>> },
    Udp(Box<UdpCheck>),
    Misc { command: Box<Command>, timeout: Duration, dynamic: bool },
    File { path: PathBuf, weight: i32, reverse: bool },
    Bfd(String),
    Agent { send: String },
    Grpc { service: String, virtual_host: Option<String>, tls: Option<Box<TlsDraft>> },
}

/// Settings that a checker inherits from the servers around it.
pub(super) struct Around<'c> {
    pub(super) server: SocketAddr,
    pub(super) timing: Timing,
    pub(super) virtual_host: Option<&'c str>,
    pub(super) log_all_failures: bool,
    pub(super) ssl: Option<&'c Ssl>,
}

impl<'a> Lowering<'a> {
    /// Takes the block of a checker; `false` if the keyword is none.
    pub(super) fn checker(&mut self, entry: Entry<'a>, checkers: &mut Vec<CheckerDraft>) -> bool {
        let mut common = Common::default();
        let kind = match entry.keyword.name {
            word::TCP_CHECK => Some(KindDraft::Tcp(Box::new(self.tcp_check(entry, &mut common)))),
            word::PING_CHECK => Some(self.plain_check(entry, &mut common, KindDraft::Ping)),
            word::HTTP_GET | word::SSL_GET => {
                self.http_check(entry, &mut common).map(|http| KindDraft::Http(Box::new(http)))
            }
            word::SMTP_CHECK => {
                self.smtp_check(entry, checkers);
                return true;
            }
            word::DNS_CHECK => {
                let DnsDraft { query_type, name, answers } = self.dns_check(entry, &mut common);
                Some(KindDraft::Dns { query_type, name, answers })
            }
            word::UDP_CHECK => Some(self.udp_check(entry, &mut common)),
            word::MISC_CHECK => self.misc_check(entry, &mut common),
            word::FILE_CHECK => self.file_check(entry),
            word::BFD_CHECK => self.bfd_check(entry, &mut common),
            word::AGENT_CHECK => Some(self.agent_check(entry, &mut common)),
            word::GRPC_CHECK => Some(self.grpc_check(entry, &mut common)),
            word::REDIS_CHECK => Some(self.server_kind(entry, ServerKind::Redis, &mut common)),
            word::MYSQL_CHECK => Some(self.server_kind(entry, ServerKind::Mysql, &mut common)),
            word::PGSQL_CHECK => Some(self.server_kind(entry, ServerKind::Postgresql, &mut common)),
            word::LDAP_CHECK => Some(self.server_kind(entry, ServerKind::Ldap, &mut common)),
            _ => return false,
        };
        checkers.extend(kind.map(|kind| CheckerDraft { at: entry.span(), common, kind }));
        true
    }

    /// Reads a block; `take` gets what checkers do not share.
    pub(super) fn check_block(
        &mut self,
        entry: Entry<'a>,
        common: &mut Common,
        mut take: impl FnMut(&mut Self, &Entry<'a>) -> bool,
    ) {
        let mut block = self.reader.open(entry, &mut self.report);
        while let Some(inner) = self.reader.next(&mut block, &mut self.report) {
            if common.take(&inner, &mut self.report) || acts(&inner) && take(self, &inner) {
                continue;
            }
            self.understood(inner);
        }
    }

    fn server_kind(&mut self, entry: Entry<'a>, kind: ServerKind, common: &mut Common) -> KindDraft {
        KindDraft::Server(Box::new(self.server_check(entry, kind, common)))
    }

    fn plain_check(&mut self, entry: Entry<'a>, common: &mut Common, kind: KindDraft) -> KindDraft {
        self.check_block(entry, common, |_, _| false);
        kind
    }

    /// Each `host` is a checker of its own.
    fn smtp_check(&mut self, entry: Entry<'a>, checkers: &mut Vec<CheckerDraft>) {
        let (mut common, mut helo, mut hosts) = (Common::default(), HELO.to_owned(), Vec::new());
        self.check_block(entry, &mut common, |lowering, inner| {
            match inner.keyword.name {
                word::HELO_NAME => {
                    helo = text(inner, &mut lowering.report).unwrap_or(std::mem::take(&mut helo));
                }
                word::HOST => {
                    lowering.report.old_spelling(inner.keyword, inner.span());
                    let mut host = Common::default();
                    lowering.check_block(*inner, &mut host, |_, _| false);
                    hosts.push((inner.span(), host));
                }
                _ => return false,
            }
            true
        });
        if hosts.is_empty() {
            hosts.push((entry.span(), Common::default()));
        }
        checkers.extend(hosts.into_iter().map(|(at, host)| CheckerDraft {
            at,
            common: host.or(&common),
            kind: KindDraft::Smtp { helo: helo.clone() },
        }));
    }

    fn udp_check(&mut self, entry: Entry<'a>, common: &mut Common) -> KindDraft {
        let mut udp =
            UdpCheck { payload: PAYLOAD.to_vec(), reply: None, min_length: 0, max_length: MOST_REPLY };
        self.check_block(entry, common, |lowering, inner| {
            let report = &mut lowering.report;
            match inner.keyword.name {
                word::PAYLOAD => {
                    udp.payload = payload(inner, report).unwrap_or(std::mem::take(&mut udp.payload));
                }
                word::REQUIRE_REPLY => udp.reply = reply(inner, report).or(udp.reply.take()),
                word::MIN_REPLY_LENGTH => {
                    udp.min_length =
                        arguments::number(inner, Junk::Ignored, "", report).unwrap_or(udp.min_length);
                }
                word::MAX_REPLY_LENGTH => {
                    udp.max_length =
                        arguments::number(inner, Junk::Ignored, "", report).unwrap_or(udp.max_length);
                }
                _ => return false,
            }
            true
        });
        if udp.min_length > udp.max_length {
            let message = format!(
                "no reply is both at least {} and at most {} octets long: this check always fails",
                udp.min_length, udp.max_length
            );
            self.report.warning("reply-length", entry.span(), message);
        } else if let Some(pattern) = udp.reply.as_ref().filter(|pattern| pattern.len() > udp.max_length) {
            let message = format!(
                "`require_reply` has {} octets, but a reply at most {}: this check always fails",
                pattern.len(),
                udp.max_length
            );
            self.report.lint("reply-length", entry.span(), message);
        }
        KindDraft::Udp(Box::new(udp))
    }

    fn misc_check(&mut self, entry: Entry<'a>, common: &mut Common) -> Option<KindDraft> {
        let (mut path, mut timeout, mut dynamic) = (None::<Command>, Duration::ZERO, false);
        let mut user: Option<User> = None;
        self.check_block(entry, common, |lowering, inner| {
            let report = &mut lowering.report;
            match inner.keyword.name {
                word::MISC_PATH => path = command::command(inner, report).or(path.take()),
                word::MISC_TIMEOUT => timeout = arguments::seconds(inner, report).unwrap_or(timeout),
                word::MISC_DYNAMIC => dynamic = arguments::bare(inner, report),
                word::USER => user = command::user(inner, report).or(user.take()),
                _ => return false,
            }
            true
        });
        let Some(mut command) = path else {
            let message = "this MISC_CHECK has no `misc_path`; it is ignored";
            self.report.error("no-script", entry.span(), message);
            return None;
        };
        command.user = user.or(command.user);
        Some(KindDraft::Misc { command: Box::new(command), timeout, dynamic })
    }

    fn file_check(&mut self, entry: Entry<'a>) -> Option<KindDraft> {
        let (mut file, mut weight) = (None, None);
        self.check_block(entry, &mut Common::default(), |lowering, inner| {
            match inner.keyword.name {
                word::TRACK_FILE => file = lowering.checked_file(inner).or(file.take()),
                word::WEIGHT => weight = Some(*inner),
                _ => return false,
            }
            true
        });
        let Some(file) = file else {
            let message = "this FILE_CHECK has no `track_file`; it is ignored";
            self.report.error("no-track-file", entry.span(), message);
            return None;
        };
        let (mut own, mut reverse) = (file.weight.into(), file.reverse);
        if let Some(weight) = weight {
            (own, reverse) = file_weight(&weight, (own, reverse), &mut self.report);
        }
        Some(KindDraft::File { path: file.path, weight: own, reverse })
    }

    /// The `track_file` that a `FILE_CHECK` names; it must stand above.
    fn checked_file(&mut self, entry: &Entry<'a>) -> Option<TrackFile> {
        let name = arguments::required(entry, &mut self.report)?;
        let found = self.track_files.named(name.text).cloned();
        if found.is_none() {
            let message = format!("there is no track_file {} above", name.text);
            self.report.error("unknown-track-file", name.span, message);
        }
        found
    }

    /// The session must stand above.
    fn bfd_check(&mut self, entry: Entry<'a>, common: &mut Common) -> Option<KindDraft> {
        let mut session = None;
        let mut block = self.reader.open(entry, &mut self.report);
        while let Some(inner) = self.reader.next(&mut block, &mut self.report) {
            if inner.keyword.name == word::NAME {
                session = arguments::required(&inner, &mut self.report).or(session);
            } else if !common.take(&inner, &mut self.report) {
                self.understood(inner);
            }
        }
        let Some(name) = session else {
            self.report.error("no-session", entry.span(), "this BFD_CHECK has no `name`; it is ignored");
            return None;
        };
        if !self.sessions.is_for_checkers(name.text) {
            let message = format!("there is no bfd_instance {} above; this BFD_CHECK is ignored", name.text);
            self.report.error("unknown-bfd", name.span, message);
            return None;
        }
        Some(KindDraft::Bfd(name.text.to_string()))
    }

    fn agent_check(&mut self, entry: Entry<'a>, common: &mut Common) -> KindDraft {
        let mut send = String::new();
        self.check_block(entry, common, |lowering, inner| {
            if inner.keyword.name != "send" {
                return false;
            }
            send = escaped_text(inner, &mut lowering.report).unwrap_or(std::mem::take(&mut send));
            true
        });
        KindDraft::Agent { send }
    }

    fn grpc_check(&mut self, entry: Entry<'a>, common: &mut Common) -> KindDraft {
        let (mut service, mut virtual_host) = (String::new(), None);
        let (mut tls, mut draft) = (None, TlsDraft::default());
        self.check_block(entry, common, |lowering, inner| {
            let report = &mut lowering.report;
            match inner.keyword.name {
                word::SERVICE => service = text(inner, report).unwrap_or(std::mem::take(&mut service)),
                word::VIRTUALHOST => virtual_host = text(inner, report).or(virtual_host.take()),
                word::TLS => tls = arguments::switch(inner, report).or(tls),
                _ => {
                    let taken = draft.take(inner, report);
                    // Keywords of TLS ask for TLS.
                    tls = tls.or(taken.then_some(true));
                    return taken;
                }
            }
            true
        });
        KindDraft::Grpc { service, virtual_host, tls: tls.unwrap_or(false).then(|| Box::new(draft)) }
    }
}

impl CheckerDraft {
    /// The checker; a script is added to `checks`.
    pub(super) fn finish(
        self,
        around: &Around<'_>,
        checks: &mut Vec<Command>,
        report: &mut Report<'_>,
    ) -> Checker {
        let timing = self.common.timing.or(around.timing);
        let delay_loop = timing.delay_loop.unwrap_or(DELAY_LOOP);
        let (retry, delay_before_retry) = self.kind.retries(delay_loop);
        let is_session = matches!(self.kind, KindDraft::Bfd(_));
        // A result that is told only when it changes is told once.
        let has_attempts =
            !matches!(self.kind, KindDraft::Bfd(_) | KindDraft::File { .. } | KindDraft::Agent { .. });
        let timeout = timing.connect_timeout.unwrap_or(CONNECT_TIMEOUT);
        let has_port = (!matches!(self.kind, KindDraft::Ping)).then_some(self.at);
        let connection =
            |report: &mut Report<'_>| self.common.connection(around.server, timeout, has_port, report);
        let kind = match self.kind {
            KindDraft::Tcp(talk) if talk.is_empty() => CheckerKind::Tcp(connection(report)),
            KindDraft::Tcp(talk) => CheckerKind::Talk(connection(report), Box::new(talk.finish(around.ssl))),
            KindDraft::Server(server) => CheckerKind::Server(connection(report), server),
            KindDraft::Ping => CheckerKind::Ping(connection(report)),
            KindDraft::Http(http) => {
                let connection = connection(report);
                let http = http.finish(connection.address, around.virtual_host, around.ssl);
                CheckerKind::Http(connection, Box::new(http))
            }
            KindDraft::Smtp { helo } => CheckerKind::Smtp(connection(report), helo),
            KindDraft::Dns { query_type, name, answers } => {
                CheckerKind::Dns { connection: connection(report), query_type, name, answers }
            }
            KindDraft::Udp(udp) => CheckerKind::Udp(connection(report), udp),
            KindDraft::Misc { command, timeout, dynamic } => {
                checks.push(*command);
                let timeout = if timeout.is_zero() { delay_loop } else { timeout };
                CheckerKind::Misc { script: checks.len() - 1, timeout, dynamic }
            }
            KindDraft::File { path, weight, reverse } => CheckerKind::File { path, weight, reverse },
            KindDraft::Bfd(name) => CheckerKind::Bfd(name),
            KindDraft::Agent { send } => CheckerKind::Agent(connection(report), send),
            KindDraft::Grpc { service, virtual_host, tls } => {
                let connection = connection(report);
                let virtual_host = virtual_host.as_deref().or(around.virtual_host);
                let grpc = GrpcCheck {
                    service,
                    authority: virtual_host.map_or_else(|| connection.address.to_string(), str::to_owned),
                    server_name: virtual_host.filter(|_| tls.is_some()).map(str::to_owned),
                    tls: tls.map(|tls| tls.finish(around.ssl)),
                };
                CheckerKind::Grpc(connection, Box::new(grpc))
            }
        };
        Checker {
            alpha: timing.alpha.unwrap_or(false),
            kind,
            delay_loop,
            // A session that is down has lost several packets already.
            retry: if is_session { 0 } else { timing.retry.unwrap_or(retry) },
            rise: timing.rise.filter(|_| has_attempts).unwrap_or(1),
            delay_before_retry: timing.delay_before_retry.unwrap_or(delay_before_retry),
            warmup: timing.warmup.unwrap_or(delay_loop),
            log_all_failures: self.common.log_all_failures.unwrap_or(around.log_all_failures),
        }
    }
}

impl KindDraft {
    /// Default number of retries of this kind, and the delay before each.
    fn retries(&self, delay_loop: Duration) -> (u32, Duration) {
        match self {
            Self::Dns { .. } => (3, delay_loop),
            Self::Http(_) => (1, Duration::from_secs(3)),
            Self::Misc { .. } => (0, Duration::from_secs(1)),
            _ => (1, Duration::from_secs(1)),
        }
    }
}

const DELAY_LOOP: Duration = Duration::from_secs(60);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const HELO: &str = "smtpchecker.keepalived.org";
/// Where `max_reply_length` does not say otherwise.
const MOST_REPLY: usize = 255;
/// Text that keepalived sends without `payload`.
const PAYLOAD: &[u8; 32] = b"keepalived check - keepalived ch";
