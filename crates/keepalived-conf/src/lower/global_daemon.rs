//! `global_defs` about the daemon itself.

use std::path::PathBuf;
use std::time::Duration;

use crate::model::Command;
use crate::model::daemon::{Control, ControlSocket, ReloadFile, ReloadTimeFile, TimedCommand};

use super::Lowering;
use super::arguments::{self, Junk};
use super::command;
use super::global::{set, set_some};
use super::global_lvs::cpus;
use super::reader::Entry;
use super::report::Report;
use crate::keywords::word;

/// A command and its limit, which may stand in either order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TimedDraft {
    command: Option<Command>,
    limit: Duration,
}

impl Default for TimedDraft {
    fn default() -> Self {
        Self { command: None, limit: Duration::from_secs(10) }
    }
}

impl TimedDraft {
    fn finish(self) -> Option<TimedCommand> {
        Some(TimedCommand::new(self.command?, self.limit))
    }
}

impl<'a> Lowering<'a> {
    /// Takes a keyword about the daemon itself; `false` if it is none.
    pub(super) fn global_daemon(&mut self, entry: &Entry<'a>) -> bool {
        let (report, globals) = (&mut self.report, &mut self.globals);
        match entry.keyword.name {
            word::STARTUP_SCRIPT | word::SHUTDOWN_SCRIPT => self.timed_script(entry),
            word::STARTUP_SCRIPT_TIMEOUT => {
                set(&mut globals.startup.limit, arguments::seconds(entry, report));
            }
            word::SHUTDOWN_SCRIPT_TIMEOUT => {
                set(&mut globals.shutdown.limit, arguments::seconds(entry, report));
            }
            word::PROCESS_NAMES => globals.process_names = arguments::bare(entry, report),
            word::PROCESS_NAME => {
                set_some(&mut globals.public.daemon.process_name, process_name(entry, report));
            }
            word::VRRP_PROCESS_NAME => {
                set_some(&mut globals.public.daemon.vrrp_process_name, process_name(entry, report));
            }
            word::BFD_PROCESS_NAME => {
                set_some(&mut globals.public.daemon.bfd_process_name, process_name(entry, report));
            }
            word::CHECKER_PROCESS_NAME | word::LVS_PROCESS_NAME => {
                set_some(&mut globals.public.daemon.checker_process_name, process_name(entry, report));
            }
            word::VRRP_CPU_AFFINITY => {
                let cpus = cpus(entry, report);
                if !cpus.is_empty() {
                    globals.public.daemon.vrrp_cpu_affinity = cpus;
                }
            }
            word::VRRP_RLIMIT_RTTIME | word::VRRP_RLIMIT_RTIME => {
                let limit = arguments::number(entry, Junk::Ignored, "", report);
                set_some(&mut globals.public.daemon.vrrp_rlimit_rttime, limit);
            }
            word::VRRP_DELAY_AFTER_BOOT => {
                let delay = arguments::decimal(entry, Junk::Ignored, "", report);
                set(&mut globals.public.daemon.delay_after_boot, delay);
            }
            // It counted when the files were read.
            word::INCLUDE_CHECK => {}
            word::RELOAD_TIME_FILE => {
                set_some(&mut globals.reload_time_file, only_word(entry, report).map(PathBuf::from));
            }
            word::RELOAD_REPEAT => globals.reload_repeat = arguments::bare(entry, report),
            word::RELOAD_FILE => globals.public.daemon.reload_file = Some(reload_file(entry, report)),
            word::DATA_USE_INSTANCE => {
                set(&mut globals.public.daemon.data_use_instance, arguments::switch(entry, report));
            }
            word::CONTROL_SOCKET => {
                set(&mut globals.public.daemon.control.socket, control_socket(entry, report));
            }
            word::CONTROL_GROUP => control_group(entry, &mut globals.public.daemon.control, report),
            word::VRRP_NOTIFY_PRIORITY_CHANGES => {
                set(&mut globals.notify_priority_changes, arguments::switch(entry, report));
            }
            word::FIFO_WRITE_VRRP_STATES_ON_RELOAD => {
                globals.public.fifo_states_on_reload = arguments::bare(entry, report);
            }
            _ => return false,
        }
        self.report.old_spelling(entry.keyword, entry.span());
        true
    }

    fn timed_script(&mut self, entry: &Entry<'a>) {
        let (report, name) = (&mut self.report, entry.keyword.name);
        let globals = &mut self.globals;
        let draft = if name == word::STARTUP_SCRIPT { &mut globals.startup } else { &mut globals.shutdown };
        if draft.command.is_some() {
            report.repeated(entry.keyword, entry.span());
        } else {
            draft.command = command::command(entry, report);
            if entry.argument().is_some_and(|word| word.text.trim().is_empty()) {
                report.error("bad-command", entry.span(), format!("`{name}` names no command"));
            }
        }
    }

    /// Checks that depend on the whole file.
    pub(super) fn finish_daemon(&mut self) {
        let globals = &mut self.globals;
        let file = globals.reload_time_file.take();
        globals.public.daemon.reload_time_file =
            file.map(|path| ReloadTimeFile { path, repeat: globals.reload_repeat });
        if globals.process_names {
            let daemon = &mut globals.public.daemon;
            daemon.vrrp_process_name.get_or_insert_with(|| "keepalived_vrrp".to_owned());
            daemon.checker_process_name.get_or_insert_with(|| "keepalived_lvs".to_owned());
            daemon.bfd_process_name.get_or_insert_with(|| "keepalived_bfd".to_owned());
        }
        globals.public.daemon.startup_script = std::mem::take(&mut globals.startup).finish();
        globals.public.daemon.shutdown_script = std::mem::take(&mut globals.shutdown).finish();
    }
}

/// The one word of a keyword that takes no others.
fn only_word<'a>(entry: &Entry<'a>, report: &mut Report<'_>) -> Option<&'a str> {
    if let Some(extra) = entry.arguments().get(1) {
        let message = format!("`{}` takes one word; it is ignored", entry.keyword.name);
        report.error("bad-value", extra.span, message);
        return None;
    }
    arguments::required(entry, report).map(|word| word.text)
}

/// The kernel keeps 15 octets of a name.
fn process_name(entry: &Entry<'_>, report: &mut Report<'_>) -> Option<String> {
    let word = arguments::required(entry, report)?;
    let mut name = word.text.to_owned();
    if name.len() > MAX_PROCESS_NAME_LEN {
        let message =
            format!("a process name has at most {MAX_PROCESS_NAME_LEN} characters: the rest is cut off");
        report.warning("name-length", word.span, message);
    }
    let end = (0..=MAX_PROCESS_NAME_LEN.min(name.len())).rev().find(|&end| name.is_char_boundary(end))?;
    name.truncate(end);
    Some(name)
}

fn reload_file(entry: &Entry<'_>, report: &mut Report<'_>) -> ReloadFile {
    match entry.argument() {
        Some(path) => {
            arguments::extra_words(entry, 1, report);
            ReloadFile::At(PathBuf::from(path.text))
        }
        None => ReloadFile::Beside,
    }
}

fn control_socket(entry: &Entry<'_>, report: &mut Report<'_>) -> Option<ControlSocket> {
    let word = arguments::required(entry, report)?;
    if word.text == "none" {
        return Some(ControlSocket::Off);
    }
    if !word.text.starts_with('/') || word.text.len() > MAX_SOCKET_PATH_LEN {
        arguments::not(entry, word, "an absolute path of at most 107 bytes, or `none`", report);
        return None;
    }
    Some(ControlSocket::At(PathBuf::from(word.text)))
}

fn control_group(entry: &Entry<'_>, control: &mut Control, report: &mut Report<'_>) {
    let Some(group) = entry.arguments().first() else {
        report.missing_argument(entry.keyword, entry.span());
        return;
    };
    let acts = match entry.arguments().get(1) {
        None => false,
        Some(word) if word.text == "act" => true,
        Some(word) => {
            // Fewer rights than were meant do no harm.
            arguments::not(entry, word, "`act` or nothing", report);
            false
        }
    };
    arguments::extra_words(entry, 2, report);
    control.group = Some(group.text.to_owned());
    control.group_acts = acts;
}

/// Longest path of a socket in the kernel (`sun_path`), without the NUL at its end.
const MAX_SOCKET_PATH_LEN: usize = 107;

const MAX_PROCESS_NAME_LEN: usize = 15;
