//! `virtual_server`: the reading of its block. [`super::finish`] decides the final meaning.

use std::net::SocketAddr;
use std::time::Duration;

use crate::diagnostic::{Class, Diagnostic, Severity};
use crate::model::Command;
use crate::model::lvs::{Forwarding, LvsProtocol};
use crate::source::Span;

use super::super::Lowering;
use super::super::arguments::text;
use super::super::arguments::{self, Junk};
use super::super::instance::At;
use super::super::reader::Entry;
use super::super::report::Report;
use super::acts;
use super::checker::Timing;
use super::granularity::{Granularity, granularity};
use super::key::{Key, address_and_port, key};
use super::kinds::CheckerDraft;
use super::method::forwarding;
use super::real_server::RealDraft;
use crate::keywords::word;

/// Keywords of a `virtual_server`; `None` is "not said".
pub(super) struct VirtualDraft {
    /// Where its key stands.
    pub(super) at: Span,
    pub(super) key: Key,
    /// `ip_family`: whether IPv6.
    pub(super) family: At<bool>,
    pub(super) protocol: At<LvsProtocol>,
    pub(super) scheduler: Option<&'static str>,
    pub(super) flags: [bool; 3],
    pub(super) one_packet: Option<Span>,
    pub(super) forwarding: Option<Forwarding>,
    pub(super) persistence_timeout: Option<u32>,
    pub(super) granularity: At<Granularity>,
    pub(super) persistence_engine: Option<String>,
    pub(super) quorum: At<u32>,
    pub(super) hysteresis: At<u32>,
    pub(super) quorum_up: Option<Box<Command>>,
    pub(super) quorum_down: Option<Box<Command>>,
    pub(super) omega: bool,
    pub(super) ha_suspend: Option<Span>,
    pub(super) smtp_alert: Option<bool>,
    pub(super) sorry: Option<SorryDraft>,
    pub(super) panic_threshold: u8,
    pub(super) panic_hysteresis: u8,
    pub(super) outlier_detection: Option<bool>,
    pub(super) outlier_weight: Option<u8>,
    pub(super) drain_timeout: Duration,
    pub(super) real_servers: Vec<RealDraft>,
    // Defaults of real servers and checkers.
    pub(super) weight: u32,
    pub(super) inhibit_on_failure: bool,
    pub(super) slow_start: Duration,
    pub(super) virtual_host: Option<String>,
    pub(super) timing: Timing,
}

/// `sorry_server`
pub(super) struct SorryDraft {
    pub(super) at: Span,
    pub(super) address: SocketAddr,
    pub(super) forwarding: Option<Forwarding>,
    pub(super) inhibit: bool,
    pub(super) checkers: Vec<CheckerDraft>,
}

impl VirtualDraft {
    fn new(key: Key, at: Span) -> Self {
        Self {
            at,
            key,
            family: None,
            protocol: None,
            scheduler: None,
            flags: [false; 3],
            one_packet: None,
            forwarding: None,
            persistence_timeout: None,
            granularity: None,
            persistence_engine: None,
            quorum: None,
            hysteresis: None,
            quorum_up: None,
            quorum_down: None,
            omega: false,
            ha_suspend: None,
            smtp_alert: None,
            sorry: None,
            panic_threshold: 0,
            panic_hysteresis: 0,
            outlier_detection: None,
            outlier_weight: None,
            drain_timeout: Duration::ZERO,
            real_servers: Vec::new(),
            weight: 1,
            inhibit_on_failure: false,
            slow_start: Duration::ZERO,
            virtual_host: None,
            timing: Timing::default(),
        }
    }
}

impl<'a> Lowering<'a> {
    pub(super) fn virtual_server(&mut self, entry: Entry<'a>) {
        let Some(first) = entry.argument() else {
            self.report.missing_argument(entry.keyword, entry.span());
            self.reader.skip_next_block();
            return;
        };
        arguments::extra_words(&entry, 2, &mut self.report);
        let Some(key) = key(entry.arguments(), &mut self.report) else {
            self.reader.skip_next_block();
            return;
        };
        let mut draft = VirtualDraft::new(key, first.span);
        let mut block = self.reader.open(entry, &mut self.report);
        while let Some(inner) = self.reader.next(&mut block, &mut self.report) {
            if inner.keyword.name == word::REAL_SERVER {
                draft.real_servers.extend(self.real_server(inner));
            } else if inner.keyword.name == word::SORRY_SERVER_CHECK {
                self.sorry_server_check(&mut draft, inner);
            } else if !(acts(&inner) && self.virtual_server_keyword(&mut draft, &inner)) {
                self.understood(inner);
            }
        }
        // There may be thousands of drafts: no spare room.
        draft.real_servers.shrink_to_fit();
        self.lvs.servers.push(draft);
    }

    fn sorry_server_check(&mut self, draft: &mut VirtualDraft, entry: Entry<'a>) {
        let at = entry.span();
        let mut checkers = Vec::new();
        let mut block = self.reader.open(entry, &mut self.report);
        while let Some(inner) = self.reader.next(&mut block, &mut self.report) {
            if !self.checker(inner, &mut checkers) {
                self.understood(inner);
            }
        }
        if let Some(sorry) = &mut draft.sorry {
            sorry.checkers.append(&mut checkers);
        } else {
            let message = "`sorry_server_check` is ignored: no `sorry_server` stands above";
            self.report.error("no-sorry-server", at, message);
        }
    }

    fn virtual_server_keyword(&mut self, draft: &mut VirtualDraft, entry: &Entry<'a>) -> bool {
        // Without an argument here, unlike everywhere else.
        if entry.keyword.name == word::ALPHA {
            draft.timing.alpha = Some(arguments::bare(entry, &mut self.report));
            return true;
        }
        draft.timing.take(entry, &mut self.report)
            || self.service_keyword(draft, entry)
            || self.quorum_keyword(draft, entry)
            || self.sorry_keyword(draft, entry)
            || self.inherited_keyword(draft, entry)
    }

    /// Properties of the kernel's service.
    fn service_keyword(&mut self, draft: &mut VirtualDraft, entry: &Entry<'a>) -> bool {
        let report = &mut self.report;
        match entry.keyword.name {
            word::IP_FAMILY => {
                let family = arguments::choice(entry, report);
                draft.family = family.map(|family| (family == "inet6", entry.span())).or(draft.family);
            }
            word::LB_ALGO | word::LVS_SCHED => draft.scheduler = scheduler(entry, report).or(draft.scheduler),
            word::LB_KIND | word::LVS_METHOD => {
                draft.forwarding = forwarding(entry, report).or(draft.forwarding);
            }
            word::PROTOCOL => {
                let protocol = protocol(entry, report);
                draft.protocol = protocol.map(|protocol| (protocol, entry.span())).or(draft.protocol);
            }
            word::PERSISTENCE_TIMEOUT => {
                draft.persistence_timeout = persistence(entry, report).or(draft.persistence_timeout);
            }
            word::PERSISTENCE_GRANULARITY => {
                let granularity = granularity(entry, report);
                draft.granularity = granularity.map(|written| (written, entry.span())).or(draft.granularity);
            }
            word::PERSISTENCE_ENGINE => {
                draft.persistence_engine =
                    persistence_engine(entry, report).or(draft.persistence_engine.take());
            }
            word::OPS => draft.one_packet = arguments::bare(entry, report).then_some(entry.span()),
            "flag-1" => draft.flags[0] = arguments::bare(entry, report),
            "flag-2" => draft.flags[1] = arguments::bare(entry, report),
            "flag-3" => draft.flags[2] = arguments::bare(entry, report),
            "sh-fallback" | "mh-fallback" => draft.flags[0] |= flag_fits(draft.scheduler, entry, report),
            "sh-port" | "mh-port" => draft.flags[1] |= flag_fits(draft.scheduler, entry, report),
            _ => return false,
        }
        true
    }

    /// When it is up, and what happens then.
    fn quorum_keyword(&mut self, draft: &mut VirtualDraft, entry: &Entry<'a>) -> bool {
        let report = &mut self.report;
        match entry.keyword.name {
            word::QUORUM => {
                let quorum = arguments::number(entry, Junk::Ignored, "", report);
                draft.quorum = quorum.map(|quorum| (quorum, entry.span())).or(draft.quorum);
            }
            word::HYSTERESIS => {
                let margin = arguments::number(entry, Junk::Ignored, "", report);
                draft.hysteresis = margin.map(|margin| (margin, entry.span())).or(draft.hysteresis);
            }
            word::QUORUM_UP => self.first_command(&mut draft.quorum_up, entry),
            word::QUORUM_DOWN => self.first_command(&mut draft.quorum_down, entry),
            word::OMEGA => draft.omega = arguments::bare(entry, report),
            word::HA_SUSPEND => draft.ha_suspend = arguments::bare(entry, report).then_some(entry.span()),
            word::SMTP_ALERT => draft.smtp_alert = arguments::switch(entry, report).or(draft.smtp_alert),
            word::PANIC_THRESHOLD => {
                draft.panic_threshold =
                    arguments::number(entry, Junk::Refused, "", report).unwrap_or(draft.panic_threshold);
            }
            word::PANIC_HYSTERESIS => {
                draft.panic_hysteresis =
                    arguments::number(entry, Junk::Refused, "", report).unwrap_or(draft.panic_hysteresis);
            }
            word::OUTLIER_DETECTION => {
                draft.outlier_detection = arguments::switch(entry, report).or(draft.outlier_detection);
            }
            word::OUTLIER_WEIGHT => {
                let weight = arguments::number(entry, Junk::Refused, "", report);
                draft.outlier_weight = weight.or(draft.outlier_weight);
            }
            word::DRAIN_TIMEOUT => {
                draft.drain_timeout =
                    arguments::decimal(entry, Junk::Refused, "", report).unwrap_or(draft.drain_timeout);
            }
            _ => return false,
        }
        true
    }

    fn sorry_keyword(&mut self, draft: &mut VirtualDraft, entry: &Entry<'a>) -> bool {
        let report = &mut self.report;
        match entry.keyword.name {
            word::SORRY_SERVER => {
                let Some(address) = entry.argument() else {
                    report.missing_argument(entry.keyword, entry.span());
                    return true;
                };
                arguments::extra_words(entry, 2, report);
                let server =
                    address_and_port(address, entry.arguments().get(1), "there is no sorry server", report);
                draft.sorry = server
                    .map(|server| SorryDraft {
                        at: address.span,
                        address: server,
                        forwarding: None,
                        inhibit: false,
                        checkers: Vec::new(),
                    })
                    .or(draft.sorry.take());
            }
            word::SORRY_SERVER_INHIBIT | word::SORRY_SERVER_LVS_METHOD => {
                let Some(sorry) = &mut draft.sorry else {
                    let message =
                        format!("`{}` is ignored: no `sorry_server` stands above", entry.keyword.name);
                    report.error("no-sorry-server", entry.span(), message);
                    return true;
                };
                if entry.keyword.name == word::SORRY_SERVER_INHIBIT {
                    sorry.inhibit = arguments::bare(entry, report);
                } else {
                    sorry.forwarding = forwarding(entry, report).or(sorry.forwarding);
                }
            }
            _ => return false,
        }
        true
    }

    /// Defaults of real servers and checkers.
    fn inherited_keyword(&mut self, draft: &mut VirtualDraft, entry: &Entry<'a>) -> bool {
        let report = &mut self.report;
        match entry.keyword.name {
            word::WEIGHT => {
                draft.weight = arguments::number(entry, Junk::Ignored, "", report).unwrap_or(draft.weight);
            }
            word::INHIBIT_ON_FAILURE => draft.inhibit_on_failure = arguments::bare(entry, report),
            word::SLOW_START => {
                draft.slow_start =
                    arguments::decimal(entry, Junk::Refused, "", report).unwrap_or(draft.slow_start);
            }
            word::VIRTUALHOST => draft.virtual_host = text(entry, report).or(draft.virtual_host.take()),
            _ => return false,
        }
        true
    }
}

/// The scheduler by its name in the table.
fn scheduler(entry: &Entry<'_>, report: &mut Report<'_>) -> Option<&'static str> {
    let chosen = arguments::choice(entry, report)?;
    let crate::keywords::Arguments::Choice(names) = entry.keyword.arguments else { return None };
    names.iter().copied().find(|name| *name == chosen)
}

fn protocol(entry: &Entry<'_>, report: &mut Report<'_>) -> Option<LvsProtocol> {
    let chosen = arguments::choice(entry, report)?;
    Some(match chosen.to_ascii_uppercase().as_str() {
        "TCP" => LvsProtocol::Tcp,
        "UDP" => LvsProtocol::Udp,
        _ => LvsProtocol::Sctp,
    })
}

/// The bare keyword is six minutes.
fn persistence(entry: &Entry<'_>, report: &mut Report<'_>) -> Option<u32> {
    if entry.argument().is_none() {
        return Some(PERSISTENCE);
    }
    arguments::number(entry, Junk::Refused, "", report)
}

/// Where `persistence_timeout` stands alone, or port 0 asks for it.
pub(super) const PERSISTENCE: u32 = 360;

/// `sh-*` and `mh-*` stand behind the scheduler they begin with.
fn flag_fits(scheduler: Option<&str>, entry: &Entry<'_>, report: &mut Report<'_>) -> bool {
    let wanted = entry.keyword.name.split('-').next();
    if scheduler == wanted {
        return arguments::bare(entry, report);
    }
    let wanted = wanted.unwrap_or_default();
    let message = format!("`{}` is ignored: it belongs to the scheduler `{wanted}`", entry.keyword.name);
    report.push(
        Diagnostic::new(Severity::Error, Class::General, "scheduler-flag", message)
            .at(entry.span())
            .help(format!("write it below `lb_algo {wanted}`")),
    );
    false
}

/// The name of a module of the kernel, which has room for no longer one (`IP_VS_PENAME_MAXLEN`).
fn persistence_engine(entry: &Entry<'_>, report: &mut Report<'_>) -> Option<String> {
    let name = text(entry, report)?;
    if name.len() > LONGEST_ENGINE {
        let message =
            format!("a persistence engine has at most {LONGEST_ENGINE} characters; `{name}` is ignored");
        report.error("bad-value", entry.span(), message);
        return None;
    }
    Some(name)
}

const LONGEST_ENGINE: usize = 16;
