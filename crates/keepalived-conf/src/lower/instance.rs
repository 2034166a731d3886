//! `vrrp_instance`: the reading of its block. [`super::finish`] decides the final meaning.

use std::collections::HashSet;
use std::collections::hash_map::Entry as MapEntry;
use std::net::IpAddr;
use std::time::Duration;

use crate::diagnostic::Diagnostic;
use crate::keywords::Status;
use crate::model::routing::{Route, Rule};
use crate::model::trackers::Tracked;
use crate::model::{
    GarpElsewhere, InitialState, Notify, TrackInterface, TrackScript, UnicastPeer, VirtualAddress,
};
use crate::source::Span;

use super::Lowering;
use super::arguments::{self, Junk};
use super::authentication::DraftAuth;
use super::command;
use super::garp_elsewhere::garp_elsewhere;
use super::hmac::HmacDraft;
use super::reader::Entry;
use super::report::Report;
use super::rfc_mode;
use super::virtual_links::{self, LinksDraft};
use crate::keywords::word;

/// A value with the place it was written at.
pub(super) type At<T> = Option<(T, Span)>;

/// The part of an instance that has been read; `None` is "not said".
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a keyword of its own")]
pub(super) struct Draft {
    pub(super) name: String,
    /// Whether the first address said IPv6.
    pub(super) ipv6: Option<bool>,
    pub(super) version: At<u8>,
    pub(super) interface: Option<String>,
    pub(super) vrid: Option<u8>,
    pub(super) refused: Refused,
    pub(super) state: At<InitialState>,
    pub(super) priority: Option<u8>,
    pub(super) advert_interval: At<Duration>,
    pub(super) down_adverts: Option<u8>,
    pub(super) no_preempt: Option<Span>,
    pub(super) preempt_delay: At<Duration>,
    /// `timer_expired_backup`
    pub(super) backup_after_stall: At<u8>,
    pub(super) auth: DraftAuth,
    /// `auth_hmac`
    pub(super) auth_hmac: Option<Box<HmacDraft>>,
    /// `vrf`
    pub(super) vrf: Option<Span>,
    pub(super) strict: Option<bool>,
    /// `rfc9568`, `rfc3768`
    pub(super) rfc: rfc_mode::Written,
    pub(super) accept: Option<bool>,
    pub(super) lower_priority_no_advert: Option<bool>,
    pub(super) higher_priority_send_advert: Option<bool>,
    pub(super) owner_ignores_adverts: Option<bool>,
    pub(super) v3_checksum_as_v2: Option<bool>,
    /// `old_unicast_checksum`; `false` stands for `never`.
    pub(super) old_unicast_checksum: Option<bool>,
    pub(super) skip_check_adv_addr: Option<bool>,
    pub(super) garp: DraftGarp,
    pub(super) source: Option<IpAddr>,
    pub(super) track_source: bool,
    pub(super) multicast_group: At<IpAddr>,
    /// The first keyword that only makes sense with unicast peers.
    pub(super) unicast_keyword: Option<Span>,
    pub(super) unicast_peers: Vec<UnicastPeer>,
    pub(super) unicast_ttl: At<u8>,
    pub(super) check_unicast_source: Option<bool>,
    pub(super) unicast_fault_no_peer: bool,
    pub(super) dont_track_primary: bool,
    pub(super) addresses: Vec<(VirtualAddress, Span)>,
    pub(super) excluded_addresses: Vec<(VirtualAddress, Span)>,
    pub(super) routes: Vec<Route>,
    pub(super) rules: Vec<Rule>,
    pub(super) no_addresses: bool,
    pub(super) links: LinksDraft,
    pub(super) promote_secondaries: bool,
    pub(super) track_interfaces: Vec<(TrackInterface, Span)>,
    pub(super) track_scripts: Vec<TrackScript>,
    pub(super) track_files: Vec<Tracked>,
    pub(super) track_processes: Vec<Tracked>,
    pub(super) track_bfd: Vec<Tracked>,
    pub(super) notify: Notify,
    pub(super) smtp_alert: Option<bool>,
    pub(super) notify_priority_changes: Option<bool>,
    pub(super) seen: Seen,
}

/// The entries of an instance's lists so far, while its block is read: no entry counts twice.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) peers: HashSet<IpAddr>,
    /// Address and device of both lists.
    pub(super) addresses: HashSet<(IpAddr, Option<String>)>,
    pub(super) interfaces: HashSet<String>,
    pub(super) scripts: HashSet<usize>,
}

/// Lines that are there and were refused: that they lack is no news then.
#[derive(Default)]
pub(super) struct Refused {
    pub(super) interface: bool,
    pub(super) vrid: bool,
}

/// `garp_*`
#[derive(Default)]
pub(super) struct DraftGarp {
    pub(super) delay: Option<Duration>,
    pub(super) repeat: Option<u32>,
    pub(super) refresh: Option<Duration>,
    pub(super) refresh_repeat: Option<u32>,
    pub(super) lower_delay: Option<Duration>,
    pub(super) lower_repeat: Option<u32>,
    pub(super) elsewhere: Option<GarpElsewhere>,
}

impl Draft {
    /// Whether an address is of the instance's family; the first address decides it.
    pub(super) fn fits_family(&mut self, address: IpAddr, span: Span, report: &mut Report<'_>) -> bool {
        let ipv6 = *self.ipv6.get_or_insert(address.is_ipv6());
        if ipv6 == address.is_ipv6() {
            return true;
        }
        let family = if ipv6 { "IPv6" } else { "IPv4" };
        report.push(
            Diagnostic::error("family", format!("{address} is ignored: its instance speaks {family}"))
                .at(span)
                .help(
                    "the first address decides; the other family belongs in an instance of its own or in \
                     virtual_ipaddress_excluded",
                ),
        );
        false
    }

    /// Gives back the memory that was needed only while the block was read: there may be thousands of drafts.
    fn settle(&mut self) {
        self.seen = Seen::default();
        self.addresses.shrink_to_fit();
        self.excluded_addresses.shrink_to_fit();
        self.routes.shrink_to_fit();
        self.rules.shrink_to_fit();
        self.unicast_peers.shrink_to_fit();
        self.track_interfaces.shrink_to_fit();
        self.track_scripts.shrink_to_fit();
    }
}

impl<'a> Lowering<'a> {
    pub(super) fn vrrp_instance(&mut self, entry: Entry<'a>) {
        let Some(name) = self.only_name(&entry) else {
            self.reader.skip_next_block();
            return;
        };
        match self.instance_names.entry(name.text) {
            MapEntry::Vacant(free) => drop(free.insert(name.span)),
            MapEntry::Occupied(first) => {
                let first = *first.get();
                let message =
                    format!("vrrp_instance {} is defined already; this block is ignored", name.text);
                self.report.push(
                    Diagnostic::error("duplicate-instance", message)
                        .at(name.span)
                        .related(Some(first), "first defined here"),
                );
                self.reader.skip_next_block();
                return;
            }
        }
        let mut draft = Box::new(Draft { name: name.text.to_string(), ..Draft::default() });
        let mut block = self.reader.open(entry, &mut self.report);
        while let Some(entry) = self.reader.next(&mut block, &mut self.report) {
            match entry.keyword.name {
                word::LVS_SYNC_DAEMON_INTERFACE => {
                    self.sync_daemon_of(name, &entry);
                    continue;
                }
                word::VRF => {
                    draft.vrf = Some(entry.span());
                    self.check_arguments(&entry);
                    continue;
                }
                word::OLD_UNICAST_CHECKSUM => {
                    self.old_unicast_checksum(&mut draft, &entry);
                    continue;
                }
                _ => {}
            }
            if !self.instance_keyword(&mut draft, entry) {
                self.understood(entry);
            }
        }
        self.vrf(&draft);
        draft.settle();
        self.drafts.push((name.span, draft));
    }

    /// Takes a keyword of an instance; `false` if nothing acts on it.
    pub(super) fn instance_keyword(&mut self, draft: &mut Draft, entry: Entry<'a>) -> bool {
        if matches!(entry.keyword.name, word::TIMER_EXPIRED_BACKUP | word::THREAD_TIMER_EXPIRED) {
            self.report.old_spelling(entry.keyword, entry.span());
            let rival = match entry.argument() {
                None => Some(HIGHEST_RIVAL),
                Some(_) => arguments::number(&entry, Junk::Ignored, "", &mut self.report),
            };
            draft.backup_after_stall = rival.map(|rival| (rival, entry.span()));
            return true;
        }
        if entry.keyword.name == word::NATIVE_IPV6 {
            self.report.old_spelling(entry.keyword, entry.span());
            draft.ipv6 = Some(true);
            return true;
        }
        // An old spelling of what acts.
        (entry.keyword.status == Status::Acts || entry.keyword.name == word::VMAC_GARP_INTVL)
            && (self.instance_election(draft, &entry)
                || self.instance_switch(draft, &entry)
                || self.instance_announcements(draft, &entry)
                || self.instance_transport(draft, &entry)
                || virtual_links::keyword(draft, &entry, &mut self.report)
                || rfc_mode::keyword(&mut draft.rfc, &entry, &mut self.report)
                || self.instance_notify(draft, &entry)
                || self.instance_block(draft, entry))
    }

    /// Keywords that decide which router becomes MASTER, and when.
    fn instance_election(&mut self, draft: &mut Draft, entry: &Entry<'a>) -> bool {
        let report = &mut self.report;
        match entry.keyword.name {
            // Once MASTER, always MASTER.
            word::STATE => {
                let state = state(entry, report).map(|state| (state, entry.span()));
                match (draft.state, state) {
                    (Some((InitialState::Master, _)), Some((InitialState::Backup, at))) => {
                        report.warning("repeated", at, "`state` is MASTER already; this one is ignored");
                    }
                    (before, state) => draft.state = state.or(before),
                }
            }
            word::INTERFACE => {
                draft.interface = interface(entry, report).or(draft.interface.take());
                draft.refused.interface |= draft.interface.is_none();
            }
            word::VIRTUAL_ROUTER_ID => {
                draft.vrid = arguments::number(entry, Junk::Refused, "", report).or(draft.vrid);
                draft.refused.vrid |= draft.vrid.is_none();
            }
            // A wrong value becomes the default of 100, also after `state MASTER`.
            word::PRIORITY => {
                if entry.argument().is_some() {
                    draft.priority =
                        arguments::number(entry, Junk::Refused, "100 is used", report).or(Some(100));
                } else {
                    report.missing_argument(entry.keyword, entry.span());
                }
            }
            word::ADVERT_INT => {
                let interval = arguments::decimal(entry, Junk::Refused, "it is ignored", report);
                draft.advert_interval =
                    interval.map(|interval| (interval, entry.span())).or(draft.advert_interval);
            }
            word::VERSION => {
                let version = arguments::number(entry, Junk::Ignored, "", report);
                match (draft.version, version) {
                    (Some((first, _)), Some(second)) if first != second => {
                        let message = format!("`version` is {first} already; this one is ignored");
                        report.warning("repeated", entry.span(), message);
                    }
                    (before, version) => {
                        draft.version = version.map(|version| (version, entry.span())).or(before);
                    }
                }
            }
            word::DOWN_TIMER_ADVERTS => {
                draft.down_adverts =
                    arguments::number(entry, Junk::Ignored, "", report).or(draft.down_adverts);
            }
            word::PREEMPT => {
                arguments::bare(entry, report);
                draft.no_preempt = None;
            }
            word::NOPREEMPT => {
                arguments::bare(entry, report);
                draft.no_preempt = Some(entry.span());
            }
            word::PREEMPT_DELAY => {
                let delay = arguments::decimal(entry, Junk::Refused, "", report);
                draft.preempt_delay = delay.map(|delay| (delay, entry.span())).or(draft.preempt_delay);
            }
            _ => return false,
        }
        true
    }

    fn instance_switch(&mut self, draft: &mut Draft, entry: &Entry<'a>) -> bool {
        let report = &mut self.report;
        let bare = |report: &mut Report<'_>| arguments::bare(entry, report);
        let switched =
            |report: &mut Report<'_>, before: Option<bool>| arguments::switch(entry, report).or(before);
        match entry.keyword.name {
            word::STRICT_MODE => draft.strict = switched(report, draft.strict),
            word::ACCEPT => draft.accept = Some(bare(report)),
            word::NO_ACCEPT => draft.accept = Some(!bare(report)),
            word::LOWER_PRIO_NO_ADVERT => {
                draft.lower_priority_no_advert = switched(report, draft.lower_priority_no_advert);
            }
            word::HIGHER_PRIO_SEND_ADVERT => {
                draft.higher_priority_send_advert = switched(report, draft.higher_priority_send_advert);
            }
            word::OWNER_IGNORE_ADVERTS => {
                draft.owner_ignores_adverts = switched(report, draft.owner_ignores_adverts);
            }
            word::V3_CHECKSUM_AS_V2 => draft.v3_checksum_as_v2 = switched(report, draft.v3_checksum_as_v2),
            // keepalived reads the value, then sets the flag whatever it is.
            word::SKIP_CHECK_ADV_ADDR => {
                if let Some(value) = arguments::switch(entry, report) {
                    if !value {
                        report.lint(
                            "switch-ignored",
                            entry.span(),
                            "keepalived takes any value here as on, and so it is",
                        );
                    }
                    draft.skip_check_adv_addr = Some(true);
                }
            }
            word::DONT_TRACK_PRIMARY => draft.dont_track_primary = bare(report),
            word::PROMOTE_SECONDARIES => draft.promote_secondaries = bare(report),
            word::SMTP_ALERT => draft.smtp_alert = switched(report, draft.smtp_alert),
            word::NOTIFY_PRIORITY_CHANGES => {
                draft.notify_priority_changes = switched(report, draft.notify_priority_changes);
            }
            word::NO_VIRTUAL_IPADDRESS => draft.no_addresses = bare(report),
            _ => return false,
        }
        true
    }

    fn instance_announcements(&mut self, draft: &mut Draft, entry: &Entry<'a>) -> bool {
        let (report, garp) = (&mut self.report, &mut draft.garp);
        match entry.keyword.name {
            word::GARP_MASTER_DELAY => garp.delay = arguments::seconds(entry, report).or(garp.delay),
            word::GARP_MASTER_REPEAT => garp.repeat = arguments::repeats(entry, report).or(garp.repeat),
            word::GARP_MASTER_REFRESH => garp.refresh = arguments::seconds(entry, report).or(garp.refresh),
            word::GARP_MASTER_REFRESH_REPEAT => {
                garp.refresh_repeat = arguments::repeats(entry, report).or(garp.refresh_repeat);
            }
            word::GARP_LOWER_PRIO_DELAY => {
                garp.lower_delay = arguments::seconds(entry, report).or(garp.lower_delay);
            }
            word::GARP_EXTRA_IF | word::VMAC_GARP_INTVL => {
                garp.elsewhere = garp_elsewhere(entry, 0, report).or(garp.elsewhere);
            }
            word::GARP_LOWER_PRIO_REPEAT => {
                garp.lower_repeat = arguments::repeats(entry, report).or(garp.lower_repeat);
            }
            _ => return false,
        }
        true
    }

    /// Where adverts come from and go to.
    fn instance_transport(&mut self, draft: &mut Draft, entry: &Entry<'a>) -> bool {
        let report = &mut self.report;
        match entry.keyword.name {
            word::MCAST_SRC_IP | word::UNICAST_SRC_IP => {
                if let Some(address) = arguments::address(entry, report)
                    && draft.fits_family(address, entry.span(), report)
                {
                    draft.source = Some(address);
                }
                if entry.keyword.name == word::UNICAST_SRC_IP {
                    draft.unicast_keyword.get_or_insert(entry.span());
                }
            }
            word::MCAST_DST_IP => {
                if let Some(group) = arguments::multicast(entry, report)
                    && draft.fits_family(group, entry.span(), report)
                {
                    draft.multicast_group = Some((group, entry.span()));
                }
            }
            word::TRACK_SRC_IP => draft.track_source = arguments::bare(entry, report),
            word::UNICAST_TTL => {
                let ttl = arguments::number(entry, Junk::Ignored, "", report);
                draft.unicast_ttl = ttl.map(|ttl| (ttl, entry.span())).or(draft.unicast_ttl);
            }
            word::UNICAST_FAULT_NO_PEER => draft.unicast_fault_no_peer = arguments::bare(entry, report),
            word::CHECK_UNICAST_SRC => {
                draft.unicast_keyword.get_or_insert(entry.span());
                draft.check_unicast_source = Some(arguments::bare(entry, report));
            }
            _ => return false,
        }
        true
    }

    pub(super) fn instance_notify(&mut self, draft: &mut Draft, entry: &Entry<'a>) -> bool {
        let notify = &mut draft.notify;
        let slot = match entry.keyword.name {
            word::NOTIFY_MASTER => &mut notify.master,
            word::NOTIFY_BACKUP => &mut notify.backup,
            word::NOTIFY_FAULT => &mut notify.fault,
            word::NOTIFY_STOP => &mut notify.stop,
            word::NOTIFY => &mut notify.any,
            word::NOTIFY_MASTER_RX_LOWER_PRI => &mut notify.master_received_lower_priority,
            word::NOTIFY_DELETED => {
                let bare = entry.arguments().is_empty();
                if notify.deleted.is_some() {
                    self.report.repeated(entry.keyword, entry.span());
                    return true;
                }
                let command =
                    if bare { None } else { command::command(entry, &mut self.report).map(Box::new) };
                notify.deleted = Some(command);
                return true;
            }
            _ => return false,
        };
        if entry.argument().is_some() && slot.is_some() {
            let message = format!("`{}` is set already; this one is ignored", entry.keyword.name);
            self.report.warning("repeated", entry.span(), message);
        } else {
            *slot = command::command(entry, &mut self.report).map(Box::new);
        }
        true
    }

    fn instance_block(&mut self, draft: &mut Draft, entry: Entry<'a>) -> bool {
        match entry.keyword.name {
            word::AUTHENTICATION => self.authentication(draft, entry),
            word::AUTH_HMAC => self.auth_hmac(draft, entry),
            word::UNICAST_PEER => self.unicast_peers(draft, entry),
            word::TRACK_INTERFACE => self.track_interfaces(draft, entry),
            word::TRACK_SCRIPT => self.track_scripts(draft, entry),
            word::TRACK_FILE => self.tracked_files(entry, &mut draft.track_files),
            word::TRACK_PROCESS => self.tracked_processes(entry, &mut draft.track_processes),
            word::TRACK_BFD => self.tracked_sessions(entry, &mut draft.track_bfd),
            word::VIRTUAL_IPADDRESS => self.virtual_addresses(draft, entry, false),
            word::VIRTUAL_IPADDRESS_EXCLUDED => self.virtual_addresses(draft, entry, true),
            word::VIRTUAL_ROUTES => {
                let routes = self.routes(entry);
                draft.routes.extend(routes.into_iter().map(|(route, _)| route));
            }
            word::VIRTUAL_RULES => {
                let rules = self.rules(entry);
                draft.rules.extend(rules.into_iter().map(|(rule, _)| rule));
            }
            _ => return false,
        }
        true
    }
}

/// Nobody hears what is sent there, so the router would be MASTER on every machine.
fn interface(entry: &Entry<'_>, report: &mut Report<'_>) -> Option<String> {
    let name = arguments::interface(entry, report)?;
    if name == "lo" {
        let message = "VRRP cannot use the loopback interface `lo`; the line is ignored";
        report.error("loopback", entry.argument().map_or(entry.span(), |word| word.span), message);
        return None;
    }
    Some(name)
}

fn state(entry: &Entry<'_>, report: &mut Report<'_>) -> Option<InitialState> {
    let word = arguments::required(entry, report)?;
    match word.text {
        "MASTER" => Some(InitialState::Master),
        "BACKUP" => Some(InitialState::Backup),
        other => {
            let message = format!("`state` is MASTER or BACKUP, not `{other}`; BACKUP is used");
            report.error("bad-value", word.span, message);
            Some(InitialState::Backup)
        }
    }
}

/// `timer_expired_backup` without a number: the highest priority that another router can have.
const HIGHEST_RIVAL: u8 = 254;
