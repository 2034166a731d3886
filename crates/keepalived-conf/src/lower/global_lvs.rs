//! Keywords of `global_defs` about the LVS worker, and about FIFOs.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::line::Word;
use crate::model::fifo::{Fifo, Lines};
use crate::model::lvs::{FlushOnStop, LvsSyncDaemon, Reconcile};
use crate::model::{Command, User, VrrpInstance};
use crate::source::Span;

use super::Lowering;
use super::arguments::{self, Junk};
use super::command;
use super::global::{real_time_priority, set, set_some};
use super::reader::Entry;
use super::report::Report;
use super::value;
use crate::keywords::word;

/// `lvs_sync_daemon` as read: its id may follow from an instance that stands below.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SyncDaemonDraft {
    /// The daemon, its id still open.
    daemon: LvsSyncDaemon,
    id: Option<u8>,
    /// Where the name of the instance stands.
    at: Option<Span>,
}

/// A FIFO and its script, which may stand in either order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct FifoDraft {
    fifo: Option<(PathBuf, Option<User>)>,
    script: Option<Command>,
}

impl<'a> Lowering<'a> {
    /// Takes a keyword about the LVS worker; `false` if it is none. Old spellings come here too.
    pub(super) fn global_lvs(&mut self, entry: &Entry<'a>) -> bool {
        if !self.global_lvs_process(entry) && !self.global_lvs_table(entry) && !self.global_fifo(entry) {
            return false;
        }
        self.report.old_spelling(entry.keyword, entry.span());
        true
    }

    /// Settings of the worker.
    fn global_lvs_process(&mut self, entry: &Entry<'a>) -> bool {
        let (report, lvs) = (&mut self.report, &mut self.globals.public.lvs);
        match entry.keyword.name {
            word::CHECKER_PRIORITY => {
                set_some(&mut lvs.nice, arguments::number(entry, Junk::Ignored, "", report));
            }
            word::CHECKER_RT_PRIORITY => set_some(&mut lvs.rt_priority, real_time_priority(entry, report)),
            word::CHECKER_NO_SWAP => lvs.no_swap = arguments::bare(entry, report),
            word::CHECKER_CPU_AFFINITY => {
                let cpus = cpus(entry, report);
                if !cpus.is_empty() {
                    lvs.cpu_affinity = cpus;
                }
            }
            word::CHECKER_RLIMIT_RTTIME | word::CHECKER_RLIMIT_RTIME => {
                set_some(&mut lvs.rlimit_rttime, arguments::number(entry, Junk::Ignored, "", report));
            }
            word::LVS_NETLINK_MONITOR_RCV_BUFS => {
                let octets = arguments::number(entry, Junk::Ignored, "", report);
                set_some(&mut lvs.netlink_monitor_receive_buffer, octets);
            }
            _ => return false,
        }
        true
    }

    /// Settings about the kernel's table.
    fn global_lvs_table(&mut self, entry: &Entry<'a>) -> bool {
        let (report, globals) = (&mut self.report, &mut self.globals);
        let lvs = &mut globals.public.lvs;
        match entry.keyword.name {
            word::LVS_TIMEOUTS => timeouts(entry, &mut lvs.timeouts, report),
            word::LVS_FLUSH => lvs.flush = arguments::bare(entry, report),
            word::LVS_FLUSH_ON_STOP | word::LVS_FLUSH_ONSTOP => match entry.argument() {
                None => lvs.flush_on_stop = FlushOnStop::Everything,
                Some(_) if arguments::choice(entry, report).is_some() => {
                    lvs.flush_on_stop = FlushOnStop::VirtualServers;
                }
                Some(_) => {}
            },
            word::LVS_SYNC_DAEMON => {
                if globals.sync_daemon.is_some() {
                    report.repeated(entry.keyword, entry.span());
                } else {
                    globals.sync_daemon = sync_daemon(entry, report);
                }
            }
            word::LVS_SHARE_CHECKS => set(&mut lvs.share_checks, arguments::switch(entry, report)),
            word::LVS_RECONCILE => set(&mut lvs.reconcile, reconcile(entry, report)),
            word::RS_INIT_NOTIFIES => set(&mut lvs.initial_notifies, arguments::switch(entry, report)),
            word::CHECKER_LOG_ALL_FAILURES => {
                set(&mut globals.checker_log_all_failures, arguments::switch(entry, report));
            }
            _ => return false,
        }
        true
    }

    /// `lvs_sync_daemon_interface` of an instance: the daemon follows that instance.
    pub(super) fn sync_daemon_of(&mut self, instance: Word<'a>, entry: &Entry<'a>) {
        self.report.old_spelling(entry.keyword, entry.span());
        let Some(interface) = arguments::interface(entry, &mut self.report) else { return };
        if let Some(before) = &self.globals.sync_daemon {
            let message = format!(
                "there is a sync daemon on {} already; `lvs_sync_daemon_interface` of {} is ignored",
                before.daemon.interface, instance.text
            );
            self.report.warning("repeated", entry.span(), message);
            return;
        }
        let daemon = LvsSyncDaemon { instance: Some(instance.text.to_owned()), ..sync_daemon_on(interface) };
        self.globals.sync_daemon = Some(SyncDaemonDraft { daemon, id: None, at: Some(instance.span) });
    }

    fn global_fifo(&mut self, entry: &Entry<'a>) -> bool {
        let (name, is_script) = match entry.keyword.name.strip_suffix("_script") {
            Some(name) => (name, true),
            None => (entry.keyword.name, false),
        };
        let draft = match name {
            word::VRRP_NOTIFY_FIFO => &mut self.globals.vrrp_fifo,
            word::LVS_NOTIFY_FIFO => &mut self.globals.lvs_fifo,
            word::NOTIFY_FIFO => &mut self.globals.notify_fifo,
            _ => return false,
        };
        let report = &mut self.report;
        if is_script && draft.script.is_some() || !is_script && draft.fifo.is_some() {
            report.repeated(entry.keyword, entry.span());
        } else if is_script {
            draft.script = command::command(entry, report);
        } else {
            draft.fifo = fifo(entry, report);
        }
        true
    }

    /// Checks that depend on the whole file.
    pub(super) fn finish_global(&mut self, instances: &[VrrpInstance]) {
        self.finish_mail();
        self.finish_daemon();
        self.finish_http();
        let globals = &mut self.globals;
        if let Some(draft) = globals.sync_daemon.take() {
            globals.public.lvs.sync_daemon = Some(draft.finish(instances, &mut self.report));
        }
        let drafts = [
            (Lines::Vrrp, std::mem::take(&mut globals.vrrp_fifo)),
            (Lines::Lvs, std::mem::take(&mut globals.lvs_fifo)),
            (Lines::All, std::mem::take(&mut globals.notify_fifo)),
        ];
        let fifos = drafts.into_iter().filter_map(|(lines, draft)| {
            let (path, owner) = draft.fifo?;
            Some(Fifo { path, lines, owner, script: draft.script })
        });
        globals.public.fifos = fifos.collect();
    }
}

/// Numbers of processors.
pub(super) fn cpus(entry: &Entry<'_>, report: &mut Report<'_>) -> Vec<u16> {
    if entry.arguments().is_empty() {
        report.missing_argument(entry.keyword, entry.span());
    }
    let mut cpus = Vec::new();
    for word in entry.arguments() {
        match value::integer(word.text, 0, 65_535).ok().and_then(|cpu| u16::try_from(cpu).ok()) {
            Some(cpu) if !cpus.contains(&cpu) => cpus.push(cpu),
            Some(_) => {}
            None => arguments::not(entry, word, "numbers of processors", report),
        }
    }
    cpus
}

/// `[tcp N] [tcpfin N] [udp N]`
fn timeouts(entry: &Entry<'_>, timeouts: &mut crate::model::lvs::LvsTimeouts, report: &mut Report<'_>) {
    let mut words = entry.arguments().iter();
    if words.len() == 0 {
        report.error("missing-argument", entry.span(), "`lvs_timeouts` takes tcp, tcpfin or udp and seconds");
    }
    while let Some(word) = words.next() {
        let slot = match word.text {
            "tcp" => &mut timeouts.tcp,
            "tcpfin" => &mut timeouts.tcp_fin,
            "udp" => &mut timeouts.udp,
            _ => {
                arguments::not(entry, word, "tcp, tcpfin or udp and seconds", report);
                continue;
            }
        };
        set_some(slot, option("a number of seconds", word, words.next(), 0, 2_678_400, report));
    }
}

/// The number behind an option.
fn option<T: TryFrom<i64>>(
    what: &str,
    option: Word<'_>,
    word: Option<Word<'_>>,
    min: i64,
    max: i64,
    report: &mut Report<'_>,
) -> Option<T> {
    let Some(word) = word else {
        report.error("missing-argument", option.span, format!("`{}` lacks {what}", option.text));
        return None;
    };
    let number = value::integer(word.text, min, max).ok().and_then(|number| T::try_from(number).ok());
    if number.is_none() {
        let message =
            format!("`{}` takes {what} from {min} to {max}, not `{}`; it is ignored", option.text, word.text);
        report.error("bad-value", word.span, message);
    }
    number
}

/// `INTERFACE [[inst] NAME] [[id] N] [maxlen N] [port N] [ttl N] [group ADDRESS]`
/// `report`, `restore SECONDS` or `at_once`.
fn reconcile(entry: &Entry<'_>, report: &mut Report<'_>) -> Option<Reconcile> {
    const WANTED: &str = "report, restore <seconds> (1 to 31536000) or at_once";
    let word = arguments::required(entry, report)?;
    let (taken, reconcile) = match (word.text, entry.arguments().get(1)) {
        ("report", _) => (1, Reconcile::Report),
        ("at_once", _) => (1, Reconcile::Restore(Duration::ZERO)),
        ("restore", Some(seconds)) => {
            let Some(seconds) =
                value::integer(seconds.text, 1, A_YEAR).ok().and_then(|it| u64::try_from(it).ok())
            else {
                arguments::not(entry, seconds, WANTED, report);
                return None;
            };
            (2, Reconcile::Restore(Duration::from_secs(seconds)))
        }
        _ => {
            arguments::not(entry, word, WANTED, report);
            return None;
        }
    };
    arguments::extra_words(entry, taken, report);
    Some(reconcile)
}

/// In seconds.
const A_YEAR: i64 = 31_536_000;

fn sync_daemon_on(interface: String) -> LvsSyncDaemon {
    LvsSyncDaemon { interface, instance: None, id: 0, max_length: None, port: None, ttl: None, group: None }
}

fn sync_daemon(entry: &Entry<'_>, report: &mut Report<'_>) -> Option<SyncDaemonDraft> {
    let Some((interface, options)) = entry.arguments().split_first() else {
        report.error("missing-argument", entry.span(), "`lvs_sync_daemon` takes an interface");
        return None;
    };
    // keepalived complains of long names only, among those that no interface can have.
    report.set_unheard(interface.text.len() <= arguments::MAX_INTERFACE_LEN);
    let interface = arguments::interface_name(interface, report);
    report.set_unheard(false);
    let interface = interface?;
    let mut draft = SyncDaemonDraft { daemon: sync_daemon_on(interface), id: None, at: None };
    let mut words = options.iter();
    let mut is_first = true;
    while let Some(word) = words.next() {
        let daemon = &mut draft.daemon;
        match word.text {
            "inst" => match words.next() {
                Some(name) => draft.instance(name),
                None => report.error("missing-argument", word.span, "`inst` lacks the name of an instance"),
            },
            "id" => set_some(&mut draft.id, option("a number", word, words.next(), 0, 255, report)),
            "maxlen" => {
                set_some(&mut daemon.max_length, option("a number", word, words.next(), 1, 65_507, report));
            }
            "port" => set_some(&mut daemon.port, option("a number", word, words.next(), 1, 65_535, report)),
            "ttl" => set_some(&mut daemon.ttl, option("a number", word, words.next(), 1, 255, report)),
            "group" => set_some(&mut daemon.group, group(word, words.next(), report)),
            // The oldest form: the instance's name, then the id, without words before them.
            _ if is_first => draft.instance(word),
            number if number.bytes().all(|digit| digit.is_ascii_digit()) => {
                report.error("bad-value", word.span, "write `id` before the number of `lvs_sync_daemon`");
                set_some(&mut draft.id, number.parse().ok());
            }
            other => {
                let message = format!("unknown option `{other}` of `lvs_sync_daemon`; it is ignored");
                report.error("unknown-option", word.span, message);
            }
        }
        is_first = false;
    }
    Some(draft)
}

fn group(option: Word<'_>, word: Option<Word<'_>>, report: &mut Report<'_>) -> Option<IpAddr> {
    let Some(word) = word else {
        report.error("missing-argument", option.span, "`group` lacks a multicast address");
        return None;
    };
    let group = word.text.parse::<IpAddr>().ok().filter(IpAddr::is_multicast);
    if group.is_none() {
        let message = format!("`group` takes a multicast address, not `{}`; it is ignored", word.text);
        report.error("bad-address", word.span, message);
    }
    group
}

impl SyncDaemonDraft {
    fn instance(&mut self, name: Word<'_>) {
        self.daemon.instance = Some(name.text.to_string());
        self.at = Some(name.span);
    }

    /// The id is the instance's VRID where none is written.
    fn finish(self, instances: &[VrrpInstance], report: &mut Report<'_>) -> LvsSyncDaemon {
        let mut daemon = self.daemon;
        let followed =
            daemon.instance.as_ref().map(|name| instances.iter().find(|instance| instance.name == *name));
        if let (Some(None), Some(at)) = (followed, self.at) {
            let message = "there is no such vrrp_instance: the daemons for both states run always";
            report.lint("unknown-instance", at, message);
            daemon.instance = None;
        }
        daemon.id = self.id.or(followed.flatten().map(|instance| instance.vrid)).unwrap_or(0);
        daemon
    }
}

/// `PATH [USER [GROUP]]`
fn fifo(entry: &Entry<'_>, report: &mut Report<'_>) -> Option<(PathBuf, Option<User>)> {
    let Some(path) = entry.argument() else {
        report.missing_argument(entry.keyword, entry.span());
        return None;
    };
    arguments::extra_words(entry, 3, report);
    let mut words = entry.arguments().iter().skip(1).map(|word| word.text.to_string());
    let owner = words.next().map(|user| User { user, group: words.next() });
    Some((PathBuf::from(path.text), owner))
}
