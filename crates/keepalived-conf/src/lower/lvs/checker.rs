//! Common keywords of all checkers: the server, the source, the interval, and inherited values.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use crate::diagnostic::{Class, Diagnostic, Severity};
use crate::model::lvs::Connection;
use crate::source::Span;

use super::super::arguments::{self, Junk};
use super::super::instance::At;
use super::super::reader::Entry;
use super::super::report::Report;
use super::acts;
use crate::keywords::word;

/// Timing of a virtual server, a real server or a checker; `None` is inherited.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Timing {
    pub(super) delay_loop: Option<Duration>,
    pub(super) retry: Option<u32>,
    pub(super) rise: Option<u32>,
    pub(super) delay_before_retry: Option<Duration>,
    pub(super) warmup: Option<Duration>,
    pub(super) connect_timeout: Option<Duration>,
    pub(super) alpha: Option<bool>,
}

impl Timing {
    /// The timing here, with the rest inherited from the block around.
    pub(super) fn or(self, around: Self) -> Self {
        Self {
            delay_loop: self.delay_loop.or(around.delay_loop),
            retry: self.retry.or(around.retry),
            rise: self.rise.or(around.rise),
            delay_before_retry: self.delay_before_retry.or(around.delay_before_retry),
            warmup: self.warmup.or(around.warmup),
            connect_timeout: self.connect_timeout.or(around.connect_timeout),
            alpha: self.alpha.or(around.alpha),
        }
    }

    /// Takes a timing keyword; `false` if it is none.
    pub(super) fn take(&mut self, entry: &Entry<'_>, report: &mut Report<'_>) -> bool {
        let time = |before: Option<Duration>, report: &mut Report<'_>| {
            arguments::decimal(entry, Junk::Ignored, "", report).or(before)
        };
        match entry.keyword.name {
            word::DELAY_LOOP => self.delay_loop = time(self.delay_loop, report),
            word::DELAY_BEFORE_RETRY => self.delay_before_retry = time(self.delay_before_retry, report),
            word::WARMUP => self.warmup = time(self.warmup, report),
            word::CONNECT_TIMEOUT => self.connect_timeout = time(self.connect_timeout, report),
            word::RETRY => self.retry = arguments::number(entry, Junk::Ignored, "", report).or(self.retry),
            word::RISE => self.rise = arguments::number(entry, Junk::Refused, "", report).or(self.rise),
            word::NB_GET_RETRY => {
                report.old_spelling(entry.keyword, entry.span());
                self.retry = arguments::number(entry, Junk::Ignored, "", report).or(self.retry);
            }
            word::ALPHA => self.alpha = arguments::switch(entry, report).or(self.alpha),
            _ => return false,
        }
        true
    }
}

/// Keywords of every checker.
#[derive(Clone, Debug, Default)]
pub(super) struct Common {
    pub(super) timing: Timing,
    pub(super) log_all_failures: Option<bool>,
    connect_ip: Option<IpAddr>,
    connect_port: Option<u16>,
    bind_ip: At<IpAddr>,
    bind_port: Option<u16>,
    interface: Option<String>,
    fwmark: u32,
    proxy_protocol: Option<u8>,
}

impl Common {
    /// Takes a keyword that checkers share; `false` if it is none.
    pub(super) fn take(&mut self, entry: &Entry<'_>, report: &mut Report<'_>) -> bool {
        if !acts(entry) {
            return false;
        }
        if self.timing.take(entry, report) {
            return true;
        }
        let port = |before: Option<u16>, report: &mut Report<'_>| {
            arguments::number(entry, Junk::Ignored, "", report).or(before)
        };
        match entry.keyword.name {
            word::CONNECT_IP => self.connect_ip = arguments::address(entry, report).or(self.connect_ip),
            word::CONNECT_PORT => self.connect_port = port(self.connect_port, report),
            word::BINDTO => {
                let address = arguments::address(entry, report);
                self.bind_ip = address.map(|address| (address, entry.span())).or(self.bind_ip);
            }
            word::BIND_PORT => self.bind_port = port(self.bind_port, report),
            word::BIND_IF => {
                self.interface = arguments::lenient_interface(entry, report).or(self.interface.take());
            }
            word::FWMARK => {
                self.fwmark = arguments::number(entry, Junk::Ignored, "", report).unwrap_or(self.fwmark);
            }
            word::PROXY_PROTOCOL => {
                let version = arguments::number(entry, Junk::Refused, "", report);
                self.proxy_protocol = version.or(self.proxy_protocol);
            }
            word::LOG_ALL_FAILURES => {
                self.log_all_failures = arguments::switch(entry, report).or(self.log_all_failures);
            }
            _ => return false,
        }
        true
    }

    /// Keywords of a `host` block, with the rest from its `SMTP_CHECK`.
    pub(super) fn or(self, around: &Self) -> Self {
        Self {
            timing: self.timing.or(around.timing),
            log_all_failures: self.log_all_failures.or(around.log_all_failures),
            connect_ip: self.connect_ip.or(around.connect_ip),
            connect_port: self.connect_port.or(around.connect_port),
            bind_ip: self.bind_ip.or(around.bind_ip),
            bind_port: self.bind_port.or(around.bind_port),
            interface: self.interface.or_else(|| around.interface.clone()),
            fwmark: if self.fwmark == 0 { around.fwmark } else { self.fwmark },
            proxy_protocol: self.proxy_protocol.or(around.proxy_protocol),
        }
    }

    /// The server that the checker speaks with, given its real server. `has_port` is false for a ping.
    pub(super) fn connection(
        &self,
        server: SocketAddr,
        timeout: Duration,
        has_port: Option<Span>,
        report: &mut Report<'_>,
    ) -> Connection {
        let address = SocketAddr::new(
            self.connect_ip.unwrap_or(server.ip()),
            self.connect_port.unwrap_or(server.port()),
        );
        if let Some(at) = has_port.filter(|_| address.port() == 0) {
            let message = "this checker has no port to speak to: its real server has none";
            report.push(
                Diagnostic::new(Severity::Warning, Class::None, "no-port", message)
                    .at(at)
                    .help("write `connect_port`"),
            );
        }
        Connection {
            address,
            bind: self.bind(address.ip(), report),
            interface: self.interface.clone(),
            fwmark: self.fwmark,
            timeout,
            proxy_protocol: self.proxy_protocol,
        }
    }

    fn bind(&self, peer: IpAddr, report: &mut Report<'_>) -> Option<SocketAddr> {
        let ip = match self.bind_ip {
            Some((ip, at)) if ip.is_ipv4() != peer.is_ipv4() => {
                let message = format!("`bindto {ip}` is ignored: {peer} is of another address family");
                report.error("family", at, message);
                None
            }
            other => other.map(|(ip, _)| ip),
        };
        if ip.is_none() && self.bind_port.is_none() {
            return None;
        }
        let any = if peer.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
        Some(SocketAddr::new(ip.unwrap_or(any), self.bind_port.unwrap_or(0)))
    }
}
