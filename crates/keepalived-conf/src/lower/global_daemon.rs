//! `global_defs` about the daemon itself.

use std::time::Duration;

use crate::model::Command;
use crate::model::daemon::TimedCommand;

use super::Lowering;
use super::arguments;
use super::command;
use super::global::set;
use super::reader::Entry;

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
            "startup_script" | "shutdown_script" => self.timed_script(entry),
            "startup_script_timeout" => set(&mut globals.startup.limit, arguments::seconds(entry, report)),
            "shutdown_script_timeout" => set(&mut globals.shutdown.limit, arguments::seconds(entry, report)),
            "vrrp_notify_priority_changes" => {
                set(&mut globals.notify_priority_changes, arguments::switch(entry, report));
            }
            "fifo_write_vrrp_states_on_reload" => {
                globals.public.fifo_states_on_reload = arguments::bare(entry, report);
            }
            _ => return false,
        }
        true
    }

    fn timed_script(&mut self, entry: &Entry<'a>) {
        let (report, name) = (&mut self.report, entry.keyword.name);
        let globals = &mut self.globals;
        let draft = if name == "startup_script" { &mut globals.startup } else { &mut globals.shutdown };
        if draft.command.is_some() {
            report.error("repeated", entry.span(), format!("`{name}` is set already; this one is ignored"));
        } else {
            draft.command = command::command(entry, report);
        }
    }

    /// What depends on the whole file.
    pub(super) fn finish_daemon(&mut self) {
        let globals = &mut self.globals;
        globals.public.daemon.startup_script = std::mem::take(&mut globals.startup).finish();
        globals.public.daemon.shutdown_script = std::mem::take(&mut globals.shutdown).finish();
    }
}
