//! `global_defs`, and the global keywords that stand outside of it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;
use std::time::Duration;

use crate::diagnostic::Diagnostic;
use crate::keywords::Status;
use crate::model::bfd::BfdGlobal;
use crate::model::daemon::Daemon;
use crate::model::lvs::LvsGlobal;
use crate::model::mail::Mail;
use crate::model::{GarpElsewhere, Global};
use crate::source::Span;

use super::Lowering;
use super::arguments::{self, Junk};
use super::command;
use super::garp_elsewhere::garp_elsewhere;
use super::global_daemon::TimedDraft;
use super::global_lvs::{FifoDraft, SyncDaemonDraft};
use super::reader::Entry;
use super::report::Report;
use super::rfc_mode;
use super::umask;
use super::value;
use crate::keywords::word;

/// Keywords whose wrong or missing value keepalived takes without a word.
const UNHEARD: [&str; 4] =
    [word::VRRP_STRICT, word::VRRP_SKIP_CHECK_ADV_ADDR, word::SMTP_HELO_NAME, word::DEFAULT_INTERFACE];

/// The global settings, with the defaults for instances that the model does not show.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a keyword of its own")]
pub(super) struct Globals {
    pub(super) public: Global,
    /// `vrrp_version`
    pub(super) version: u8,
    /// `vrrp_strict`
    pub(super) strict: bool,
    /// `rfc9568`, `rfc3768`
    pub(super) rfc: rfc_mode::Written,
    pub(super) garp_delay: Option<Duration>,
    pub(super) garp_repeat: Option<u32>,
    pub(super) garp_refresh: Option<Duration>,
    pub(super) garp_refresh_repeat: Option<u32>,
    pub(super) garp_lower_delay: Option<Duration>,
    pub(super) garp_lower_repeat: Option<u32>,
    /// `vrrp_garp_extra_if`
    pub(super) garp_elsewhere: Option<GarpElsewhere>,
    /// `vrrp_min_garp`
    pub(super) min_garp: bool,
    pub(super) down_adverts: u8,
    pub(super) lower_priority_no_advert: bool,
    pub(super) higher_priority_send_advert: Option<bool>,
    pub(super) owner_ignores_adverts: bool,
    pub(super) v3_checksum_as_v2: bool,
    pub(super) skip_check_adv_addr: bool,
    pub(super) check_unicast_source: bool,
    /// `smtp_alert`, `smtp_alert_vrrp`, `smtp_alert_checker`
    pub(super) smtp_alert: Option<bool>,
    pub(super) smtp_alert_vrrp: Option<bool>,
    /// `vrrp_notify_priority_changes`
    pub(super) notify_priority_changes: bool,
    pub(super) smtp_alert_checker: Option<bool>,
    /// `smtp_server`, its port as written.
    pub(super) smtp_server: Option<(String, Option<u16>)>,
    pub(super) checker_log_all_failures: bool,
    pub(super) sync_daemon: Option<SyncDaemonDraft>,
    pub(super) vrrp_fifo: FifoDraft,
    pub(super) lvs_fifo: FifoDraft,
    pub(super) notify_fifo: FifoDraft,
    /// `startup_script*`, `shutdown_script*`
    pub(super) startup: TimedDraft,
    pub(super) shutdown: TimedDraft,
    /// `reload_time_file`, `reload_repeat`
    pub(super) reload_time_file: Option<PathBuf>,
    pub(super) reload_repeat: bool,
    /// `process_names`
    pub(super) process_names: bool,
    /// Where `http_listen` stands.
    pub(super) http_listen_at: Option<Span>,
    pub(super) vmac_prefix: Option<String>,
    pub(super) vmac_addr_prefix: Option<String>,
}

impl Globals {
    /// Default of instances for mail.
    pub(super) fn smtp_alert_vrrp(&self) -> Option<bool> {
        self.smtp_alert_vrrp.or(self.smtp_alert)
    }

    /// Default of virtual and real servers for mail.
    pub(super) fn smtp_alert_checker(&self) -> Option<bool> {
        self.smtp_alert_checker.or(self.smtp_alert)
    }
}

impl Default for Globals {
    fn default() -> Self {
        Self {
            public: defaults(),
            version: 2,
            strict: false,
            rfc: None,
            garp_delay: None,
            garp_repeat: None,
            garp_refresh: None,
            garp_refresh_repeat: None,
            garp_lower_delay: None,
            garp_lower_repeat: None,
            garp_elsewhere: None,
            min_garp: false,
            down_adverts: 3,
            lower_priority_no_advert: false,
            higher_priority_send_advert: None,
            owner_ignores_adverts: false,
            v3_checksum_as_v2: false,
            skip_check_adv_addr: false,
            check_unicast_source: false,
            smtp_alert: None,
            smtp_alert_vrrp: None,
            notify_priority_changes: false,
            smtp_alert_checker: None,
            smtp_server: None,
            checker_log_all_failures: false,
            sync_daemon: None,
            vrrp_fifo: FifoDraft::default(),
            lvs_fifo: FifoDraft::default(),
            notify_fifo: FifoDraft::default(),
            startup: TimedDraft::default(),
            shutdown: TimedDraft::default(),
            reload_time_file: None,
            reload_repeat: false,
            process_names: false,
            http_listen_at: None,
            vmac_prefix: None,
            vmac_addr_prefix: None,
        }
    }
}

fn defaults() -> Global {
    Global {
        router_id: None,
        script_security: false,
        script_user: None,
        dynamic_interfaces: false,
        default_interface: None,
        multicast_v4: Ipv4Addr::new(224, 0, 0, 18),
        multicast_v6: Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x12),
        startup_delay: Duration::ZERO,
        garp_interval: Duration::ZERO,
        gna_interval: Duration::ZERO,
        garp_groups: Vec::new(),
        log_unknown_vrids: false,
        child_wait_time: Duration::from_secs(5),
        notify_timeout: None,
        worker_user: None,
        worker_timeout: Duration::from_secs(5),
        stop_handover: Duration::ZERO,
        vrrp_rt_priority: None,
        vrrp_nice: None,
        vrrp_no_swap: false,
        netlink_monitor_receive_buffer: None,
        instance: None,
        net_namespace: None,
        use_pid_dir: false,
        reload_check_config: false,
        state_dump_file: None,
        umask: None,
        nftables: crate::model::Nftables::default(),
        mail: Mail::default(),
        fifos: Vec::new(),
        fifo_states_on_reload: false,
        lvs: LvsGlobal::default(),
        daemon: Daemon::default(),
        bfd: BfdGlobal::default(),
    }
}

/// The gap between announcements. keepalived complains about 0, though it means what the lack of the line means.
fn gap(entry: &Entry<'_>, report: &mut Report<'_>) -> Option<Duration> {
    let gap = arguments::decimal(entry, Junk::Ignored, "", report);
    if gap == Some(Duration::ZERO) {
        let name = entry.keyword.name;
        let message = format!("`{name} 0` says nothing: there is no gap without it either");
        report.push(Diagnostic::warning("zero-gap", message).at(entry.span()).help("leave the line out"));
    }
    gap
}

/// A value read replaces the default; one that was refused does not.
pub(super) fn set<T>(slot: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *slot = value;
    }
}

/// The same for a slot that tells "unset".
pub(super) fn set_some<T>(slot: &mut Option<T>, value: Option<T>) {
    if value.is_some() {
        *slot = value;
    }
}

impl<'a> Lowering<'a> {
    pub(super) fn global_defs(&mut self, entry: Entry<'a>) {
        let mut block = self.reader.open(entry, &mut self.report);
        while let Some(entry) = self.reader.next(&mut block, &mut self.report) {
            let missing_interface =
                entry.keyword.name == word::DEFAULT_INTERFACE && entry.arguments().is_empty();
            self.report.set_unheard(UNHEARD.contains(&entry.keyword.name) && !missing_interface);
            if !self.global_firewall(&entry) && !self.global_keyword(entry) {
                self.understood(entry);
            }
            self.report.set_unheard(false);
        }
    }

    /// Takes a global keyword; `false` if nothing acts on it.
    pub(super) fn global_keyword(&mut self, entry: Entry<'a>) -> bool {
        if self.global_lvs(&entry)
            || self.global_bfd(&entry)
            || self.global_daemon(&entry)
            || self.global_http(&entry)
        {
            return true;
        }
        // An old spelling of what acts.
        if entry.keyword.status != Status::Acts && entry.keyword.name != word::VRRP_VMAC_GARP_INTVL {
            return false;
        }
        self.global_mail(entry)
            || self.global_identity(&entry)
            || self.global_process(&entry)
            || self.global_protocol(&entry)
            || self.global_announcements(&entry)
    }

    /// Names, users, files.
    fn global_identity(&mut self, entry: &Entry<'a>) -> bool {
        let (report, global) = (&mut self.report, &mut self.globals.public);
        let word = |report: &mut _| arguments::required(entry, report).map(|word| word.text.to_string());
        match entry.keyword.name {
            word::ROUTER_ID => set_some(&mut global.router_id, word(report)),
            // The first one holds.
            word::INSTANCE if global.instance.is_none() => {
                global.instance = word(report);
                global.use_pid_dir |= global.instance.is_some();
            }
            word::NET_NAMESPACE if global.net_namespace.is_none() => {
                global.net_namespace = word(report);
                global.use_pid_dir |= global.net_namespace.is_some();
            }
            word::INSTANCE | word::NET_NAMESPACE => {
                report.lint(
                    "repeated",
                    entry.span(),
                    format!("`{}` is set already; the first holds", entry.keyword.name),
                );
            }
            word::IPROUTE_USR_DIR => set(&mut self.names.usr_dir, word(report).map(PathBuf::from)),
            word::IPROUTE_ETC_DIR => set(&mut self.names.etc_dir, word(report).map(PathBuf::from)),
            word::USE_PID_DIR => global.use_pid_dir = arguments::bare(entry, report),
            word::STATE_DUMP_FILE => set_some(&mut global.state_dump_file, word(report).map(PathBuf::from)),
            // Its argument is where the findings of the check go; here they go where all findings go.
            word::RELOAD_CHECK_CONFIG => global.reload_check_config = true,
            word::DEFAULT_INTERFACE => {
                set_some(&mut global.default_interface, arguments::interface(entry, report));
            }
            word::VMAC_PREFIX => first_word(&mut self.globals.vmac_prefix, entry, report),
            word::VMAC_ADDR_PREFIX => first_word(&mut self.globals.vmac_addr_prefix, entry, report),
            word::ENABLE_SCRIPT_SECURITY => global.script_security = arguments::bare(entry, report),
            word::SCRIPT_USER => {
                if let Some(user) = command::user(entry, report) {
                    let before = global.script_user.replace(user);
                    let first = self.script_user_at.replace(entry.span());
                    if before.is_some() && before != global.script_user {
                        report.push(
                            Diagnostic::note(
                                "script-user-again",
                                "this `script_user` replaces an earlier one for the whole file",
                            )
                            .at(entry.span())
                            .related(first, "set here before")
                            .help("scripts above and below run as the last one; keep one line"),
                        );
                    }
                }
            }
            word::UMASK => self.global_umask(entry),
            _ => return false,
        }
        true
    }

    /// Settings of the processes.
    fn global_process(&mut self, entry: &Entry<'a>) -> bool {
        let (report, global) = (&mut self.report, &mut self.globals.public);
        match entry.keyword.name {
            word::CHILD_WAIT_TIME => set(&mut global.child_wait_time, arguments::seconds(entry, report)),
            word::NOTIFY_TIMEOUT => {
                let limit = arguments::seconds(entry, report);
                global.notify_timeout = limit.filter(|limit| !limit.is_zero());
            }
            word::WORKER_USER => {
                let user = arguments::required(entry, report);
                set_some(&mut global.worker_user, user.map(|word| word.text.to_owned()));
            }
            word::WORKER_TIMEOUT => set(&mut global.worker_timeout, arguments::seconds(entry, report)),
            word::STOP_HANDOVER => {
                set(&mut global.stop_handover, arguments::decimal(entry, Junk::Ignored, "", report));
            }
            word::VRRP_RT_PRIORITY => {
                set_some(&mut global.vrrp_rt_priority, real_time_priority(entry, report));
            }
            word::VRRP_PRIORITY => {
                set_some(&mut global.vrrp_nice, arguments::number(entry, Junk::Ignored, "", report));
            }
            word::VRRP_NO_SWAP => global.vrrp_no_swap = arguments::bare(entry, report),
            word::VRRP_NETLINK_MONITOR_RCV_BUFS => {
                let octets = arguments::number(entry, Junk::Ignored, "", report);
                set_some(&mut global.netlink_monitor_receive_buffer, octets);
            }
            word::DYNAMIC_INTERFACES => match entry.argument() {
                Some(word) if word.text != "allow_if_changes" => {
                    arguments::not(entry, word, "`allow_if_changes` or nothing", report);
                }
                _ => global.dynamic_interfaces = true,
            },
            _ => return false,
        }
        true
    }

    /// Settings of VRRP.
    fn global_protocol(&mut self, entry: &Entry<'a>) -> bool {
        let (report, globals) = (&mut self.report, &mut self.globals);
        match entry.keyword.name {
            word::VRRP_VERSION => {
                set(&mut globals.version, arguments::number(entry, Junk::Refused, "", report));
            }
            word::VRRP_STRICT => set(&mut globals.strict, arguments::switch(entry, report)),
            word::VRRP_MCAST_GROUP4 => {
                if let Some(IpAddr::V4(group)) = arguments::multicast(entry, report) {
                    globals.public.multicast_v4 = group;
                }
            }
            word::VRRP_MCAST_GROUP6 => {
                if let Some(IpAddr::V6(group)) = arguments::multicast(entry, report) {
                    if group.segments()[0] & 0x000f != 2 {
                        report.warning(
                            "multicast-scope",
                            entry.span(),
                            "an IPv6 group should be link-local (ff02::/16)",
                        );
                    }
                    globals.public.multicast_v6 = group;
                }
            }
            word::VRRP_STARTUP_DELAY => {
                set(&mut globals.public.startup_delay, arguments::decimal(entry, Junk::Ignored, "", report));
            }
            word::VRRP_DOWN_TIMER_ADVERTS => {
                set(&mut globals.down_adverts, arguments::number(entry, Junk::Ignored, "", report));
            }
            word::VRRP_LOWER_PRIO_NO_ADVERT => {
                set(&mut globals.lower_priority_no_advert, arguments::switch(entry, report));
            }
            word::VRRP_HIGHER_PRIO_SEND_ADVERT => {
                set_some(&mut globals.higher_priority_send_advert, arguments::switch(entry, report));
            }
            word::VRRP_OWNER_IGNORE_ADVERTS => {
                set(&mut globals.owner_ignores_adverts, arguments::switch(entry, report));
            }
            word::V3_CHECKSUM_AS_V2 => globals.v3_checksum_as_v2 = true,
            word::VRRP_SKIP_CHECK_ADV_ADDR => {
                set(&mut globals.skip_check_adv_addr, arguments::switch(entry, report));
            }
            word::VRRP_CHECK_UNICAST_SRC => globals.check_unicast_source = arguments::bare(entry, report),
            word::LOG_UNKNOWN_VRIDS => globals.public.log_unknown_vrids = arguments::bare(entry, report),
            _ => return rfc_mode::keyword(&mut globals.rfc, entry, report),
        }
        true
    }

    /// Gratuitous ARP and unsolicited NA.
    fn global_announcements(&mut self, entry: &Entry<'a>) -> bool {
        let (report, globals) = (&mut self.report, &mut self.globals);
        match entry.keyword.name {
            word::VRRP_GARP_MASTER_DELAY => {
                set_some(&mut globals.garp_delay, arguments::seconds(entry, report));
            }
            word::VRRP_GARP_MASTER_REPEAT => {
                set_some(&mut globals.garp_repeat, arguments::repeats(entry, report));
            }
            word::VRRP_GARP_MASTER_REFRESH => {
                set_some(&mut globals.garp_refresh, arguments::seconds(entry, report));
            }
            word::VRRP_GARP_MASTER_REFRESH_REPEAT => {
                set_some(&mut globals.garp_refresh_repeat, arguments::repeats(entry, report));
            }
            word::VRRP_GARP_LOWER_PRIO_DELAY => {
                set_some(&mut globals.garp_lower_delay, arguments::seconds(entry, report));
            }
            word::VRRP_GARP_LOWER_PRIO_REPEAT => {
                set_some(&mut globals.garp_lower_repeat, arguments::repeats(entry, report));
            }
            word::VRRP_GARP_EXTRA_IF | word::VRRP_VMAC_GARP_INTVL => {
                set_some(&mut globals.garp_elsewhere, garp_elsewhere(entry, 1, report));
            }
            word::VRRP_MIN_GARP => set(&mut globals.min_garp, arguments::switch(entry, report)),
            word::VRRP_GARP_INTERVAL => set(&mut globals.public.garp_interval, gap(entry, report)),
            word::VRRP_GNA_INTERVAL => set(&mut globals.public.gna_interval, gap(entry, report)),
            _ => return false,
        }
        true
    }

    fn global_umask(&mut self, entry: &Entry<'a>) {
        let Some(first) = entry.argument() else {
            self.report.missing_argument(entry.keyword, entry.span());
            return;
        };
        let words: Vec<_> = entry.arguments().iter().map(|word| word.text).collect();
        match umask::umask(&words.join("|")) {
            Some(mask) => self.globals.public.umask = Some(mask),
            None => arguments::not(
                entry,
                first,
                "a number up to 0777 or names such as IRWXG|IRWXO",
                &mut self.report,
            ),
        }
    }
}

/// Out of range becomes the nearest possible, with a complaint.
pub(super) fn real_time_priority(entry: &Entry<'_>, report: &mut Report<'_>) -> Option<u8> {
    let word = arguments::required(entry, report)?;
    let value = value::integer(word.text, i64::MIN, i64::MAX);
    let Ok(value) = value else {
        arguments::bad_number(entry, word, "", report);
        return None;
    };
    let possible = value.clamp(1, 99);
    if possible != value {
        arguments::bad_number(entry, word, &format!("{possible} is used"), report);
    }
    u8::try_from(possible).ok()
}

/// The first one holds.
fn first_word(place: &mut Option<String>, entry: &Entry<'_>, report: &mut Report<'_>) {
    if place.is_some() {
        report.repeated(entry.keyword, entry.span());
    } else {
        *place = arguments::required(entry, report).map(|word| word.text.to_owned());
    }
}
