//! `rfc9568` and `rfc3768`: what the keyword stands for, as if the keywords of the instance were written out.
//!
//! A keyword that the instance has itself holds all the same, and the global ones do not. Those that the RFC does not know
//! are told.

use std::time::Duration;

use crate::model::RfcMode;
use crate::source::Span;

use super::arguments;
use super::authentication::DraftAuth;
use super::global::Globals;
use super::instance::Draft;
use super::reader::Entry;
use super::report::Report;
use crate::keywords::word;

/// The mode as written: `Some(None)` is off.
pub(super) type Written = Option<Option<RfcMode>>;

/// Takes `rfc9568` or `rfc3768`; `false` if it is another keyword.
pub(super) fn keyword(written: &mut Written, entry: &Entry<'_>, report: &mut Report<'_>) -> bool {
    let mode = match entry.keyword.name {
        word::RFC9568 => RfcMode::Rfc9568,
        word::RFC3768 => RfcMode::Rfc3768,
        _ => return false,
    };
    match arguments::switch(entry, report) {
        Some(true) => {
            if let Some(Some(other)) = written.filter(|other| *other != Some(mode)) {
                let message = format!("`{}` is replaced by `{}`", other.keyword(), mode.keyword());
                report.lint("repeated", entry.span(), message);
            }
            *written = Some(Some(mode));
        }
        Some(false) if written.is_none_or(|other| other == Some(mode)) => *written = Some(None),
        _ => {}
    }
    true
}

/// Fills in what the mode of the instance says, and gives that mode. `at` is the place of the instance.
pub(super) fn expand(
    draft: &mut Draft,
    at: Span,
    globals: &Globals,
    report: &mut Report<'_>,
) -> Option<RfcMode> {
    let written = draft.rfc.or(globals.rfc).flatten()?;
    let ipv6 = draft.ipv6 == Some(true);
    let mode = if ipv6 { RfcMode::Rfc9568 } else { written };
    if mode != written {
        let message = format!("{}: RFC 3768 knows IPv4 only; `rfc9568` is used", draft.name);
        report.lint("rfc-mode", at, message);
    }
    settle_contradictions(draft, mode, at, report);
    let is_3768 = mode == RfcMode::Rfc3768;
    // Accept_Mode (RFC 9568 §6.1), which RFC 3768 §6.4.3 does not know: such packets are not accepted.
    draft.accept.get_or_insert(false);
    // RFC 9568 §6.4.3: an advert of lower priority is answered at once. RFC 3768 §6.4.3 discards it.
    draft.lower_priority_no_advert.get_or_insert(is_3768);
    draft.higher_priority_send_advert.get_or_insert(false);
    draft.owner_ignores_adverts.get_or_insert(is_3768);
    draft.down_adverts.get_or_insert(3);
    // RFC 9568 §5.2.8: over IPv4 the checksum is that of the message alone.
    draft.v3_checksum_as_v2.get_or_insert(!is_3768 && !ipv6);
    draft.skip_check_adv_addr.get_or_insert(false);
    // One gratuitous ARP or unsolicited NA per address, when the router becomes Active (§6.4.1, §6.4.2).
    let garp = &mut draft.garp;
    garp.repeat.get_or_insert(1);
    garp.delay.get_or_insert(Duration::ZERO);
    garp.refresh.get_or_insert(Duration::ZERO);
    garp.lower_repeat.get_or_insert(0);
    garp.lower_delay.get_or_insert(Duration::ZERO);
    if draft.unicast_peers.is_empty() && draft.interface.is_some() {
        draft.links.want_virtual_mac(at);
    }
    Some(mode)
}

/// The mode overrides keywords that contradict it.
fn settle_contradictions(draft: &mut Draft, mode: RfcMode, at: Span, report: &mut Report<'_>) {
    let (name, keyword, version) = (&draft.name, mode.keyword(), mode.version());
    if let Some((other, span)) = draft.version.filter(|(other, _)| *other != version) {
        let message = format!("{name}: `version {other}` is ignored: `{keyword}` is version {version}");
        report.lint("rfc-mode", span, message);
    }
    if draft.strict == Some(true) {
        let message = format!("{name}: `strict_mode` is ignored: `{keyword}` says what is strict");
        report.lint("rfc-mode", at, message);
    }
    if let Some(span) = draft.auth.span.filter(|_| mode == RfcMode::Rfc3768) {
        let message = format!("{name}: `authentication` is ignored: RFC 3768 has removed it (§5.3.6)");
        report.lint("auth-ignored", span, message);
        draft.auth = DraftAuth::default();
    }
    draft.version = Some((version, at));
    draft.strict = Some(false);
    let beyond = [
        (word::UNICAST_PEER, !draft.unicast_peers.is_empty()),
        (word::MCAST_DST_IP, draft.multicast_group.is_some()),
        (word::AUTH_HMAC, draft.auth_hmac.is_some()),
        (word::DOWN_TIMER_ADVERTS, draft.down_adverts.is_some_and(|count| count != 3)),
        (word::PREEMPT_DELAY, draft.preempt_delay.is_some()),
        (word::SKIP_CHECK_ADV_ADDR, draft.skip_check_adv_addr == Some(true)),
        (word::HIGHER_PRIO_SEND_ADVERT, draft.higher_priority_send_advert == Some(true)),
        (word::NO_VIRTUAL_IPADDRESS, draft.no_addresses),
        (word::VIRTUAL_IPADDRESS_EXCLUDED, !draft.excluded_addresses.is_empty()),
    ];
    let beyond: Vec<_> =
        beyond.into_iter().filter(|(_, is_there)| *is_there).map(|(name, _)| format!("`{name}`")).collect();
    if !beyond.is_empty() {
        let message = format!("{name}: the RFC of `{keyword}` does not know {}", beyond.join(", "));
        report.lint("rfc-mode", at, message);
    }
}
