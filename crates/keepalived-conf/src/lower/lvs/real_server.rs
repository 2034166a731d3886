//! `real_server`: what its block says.

use std::net::SocketAddr;
use std::time::Duration;

use crate::model::Command;
use crate::model::lvs::Forwarding;
use crate::source::Span;

use super::super::arguments::text;
use super::super::arguments::{self, Junk};
use super::super::reader::Entry;
use super::super::{Lowering, command};
use super::acts;
use super::checker::Timing;
use super::key::address_and_port;
use super::kinds::CheckerDraft;
use super::method::forwarding;
use crate::keywords::word;

/// Keywords of a `real_server`; `None` is inherited.
pub(super) struct RealDraft {
    /// Where its address stands.
    pub(super) at: Span,
    pub(super) address: SocketAddr,
    pub(super) weight: Option<u32>,
    pub(super) forwarding: Option<Forwarding>,
    pub(super) upper_threshold: u32,
    pub(super) lower_threshold: u32,
    pub(super) inhibit_on_failure: Option<bool>,
    pub(super) notify_up: Option<Box<Command>>,
    pub(super) notify_down: Option<Box<Command>>,
    pub(super) smtp_alert: Option<bool>,
    pub(super) backup: bool,
    pub(super) slow_start: Option<Duration>,
    pub(super) virtual_host: Option<String>,
    pub(super) timing: Timing,
    pub(super) checkers: Vec<CheckerDraft>,
}

impl RealDraft {
    fn new(address: SocketAddr, at: Span) -> Self {
        Self {
            at,
            address,
            weight: None,
            forwarding: None,
            upper_threshold: 0,
            lower_threshold: 0,
            inhibit_on_failure: None,
            notify_up: None,
            notify_down: None,
            smtp_alert: None,
            backup: false,
            slow_start: None,
            virtual_host: None,
            timing: Timing::default(),
            checkers: Vec::new(),
        }
    }
}

impl<'a> Lowering<'a> {
    pub(super) fn real_server(&mut self, entry: Entry<'a>) -> Option<RealDraft> {
        let Some(address) = entry.argument() else {
            self.report.missing_argument(entry.keyword, entry.span());
            self.reader.skip_next_block();
            return None;
        };
        arguments::extra_words(&entry, 2, &mut self.report);
        let otherwise = "the real server is ignored";
        let server = address_and_port(address, entry.arguments().get(1), otherwise, &mut self.report);
        let Some(server) = server else {
            self.reader.skip_next_block();
            return None;
        };
        let mut draft = RealDraft::new(server, address.span);
        let mut block = self.reader.open(entry, &mut self.report);
        while let Some(inner) = self.reader.next(&mut block, &mut self.report) {
            let taken = self.checker(inner, &mut draft.checkers)
                || acts(&inner) && self.real_server_keyword(&mut draft, &inner);
            if !taken {
                self.understood(inner);
            }
        }
        draft.checkers.shrink_to_fit();
        Some(draft)
    }

    fn real_server_keyword(&mut self, draft: &mut RealDraft, entry: &Entry<'a>) -> bool {
        let report = &mut self.report;
        if draft.timing.take(entry, report) {
            return true;
        }
        match entry.keyword.name {
            word::WEIGHT => {
                draft.weight = arguments::number(entry, Junk::Ignored, "", report).or(draft.weight);
            }
            word::LVS_METHOD => draft.forwarding = forwarding(entry, report).or(draft.forwarding),
            word::UTHRESHOLD => {
                draft.upper_threshold =
                    arguments::number(entry, Junk::Ignored, "", report).unwrap_or(draft.upper_threshold);
            }
            word::LTHRESHOLD => {
                draft.lower_threshold =
                    arguments::number(entry, Junk::Ignored, "", report).unwrap_or(draft.lower_threshold);
            }
            word::INHIBIT_ON_FAILURE => {
                draft.inhibit_on_failure = arguments::switch(entry, report).or(draft.inhibit_on_failure);
            }
            word::NOTIFY_UP => self.first_command(&mut draft.notify_up, entry),
            word::NOTIFY_DOWN => self.first_command(&mut draft.notify_down, entry),
            word::SMTP_ALERT => draft.smtp_alert = arguments::switch(entry, report).or(draft.smtp_alert),
            word::BACKUP => draft.backup = arguments::switch(entry, report).unwrap_or(draft.backup),
            word::SLOW_START => {
                draft.slow_start = arguments::decimal(entry, Junk::Refused, "", report).or(draft.slow_start);
            }
            word::VIRTUALHOST => draft.virtual_host = text(entry, report).or(draft.virtual_host.take()),
            _ => return false,
        }
        true
    }

    /// A command of which the first one holds.
    pub(super) fn first_command(&mut self, slot: &mut Option<Box<Command>>, entry: &Entry<'a>) {
        if entry.argument().is_some() && slot.is_some() {
            let message = format!("`{}` is set already; this one is ignored", entry.keyword.name);
            self.report.warning("repeated", entry.span(), message);
        } else {
            *slot = command::command(entry, &mut self.report).map(Box::new);
        }
    }
}
