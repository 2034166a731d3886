//! Which sinks a log has.
//!
//! Lines that would reach the journal of systemd by way of `/dev/log` or of standard error are sent to its own socket
//! instead: the same lines, with fields. No line reaches it twice.

use std::path::Path;

use super::console::{self, Form};
use super::{LogFormat, LogOptions, syslog};

/// Sinks that the log finds on this machine.
#[derive(Clone, Copy, Debug)]
pub(super) struct Surroundings {
    /// The journal reads standard error.
    pub(super) stderr_is_journal: bool,
    /// The program behind the system log.
    pub(super) system_log: SystemLog,
}

/// The program behind `/dev/log`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SystemLog {
    Missing,
    Journal,
    Other,
}

/// Where lines go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sinks {
    pub(super) console: Option<Form>,
    pub(super) syslog: bool,
    pub(super) journal: bool,
}

impl Surroundings {
    pub(super) fn look() -> Self {
        let system_log = match std::fs::canonicalize(syslog::PATH) {
            Ok(path) if path == Path::new(JOURNAL_DEV_LOG) => SystemLog::Journal,
            Ok(_) => SystemLog::Other,
            Err(_) => SystemLog::Missing,
        };
        Self { stderr_is_journal: console::is_journal(), system_log }
    }
}

/// The sinks, if the journal's socket can be reached.
pub(super) fn choose(options: LogOptions, around: Surroundings) -> Sinks {
    let text_to_journal = options.console && around.stderr_is_journal && options.format == LogFormat::Text;
    let system_log = match around.system_log {
        SystemLog::Missing if around.stderr_is_journal => SystemLog::Journal,
        found => found,
    };
    let system_log_is_journal = options.syslog && system_log == SystemLog::Journal;
    Sinks {
        console: (options.console && !text_to_journal).then_some(form(options.format)),
        syslog: options.syslog && !system_log_is_journal,
        journal: system_log_is_journal || text_to_journal,
    }
}

/// The sinks, if it cannot.
pub(super) fn without_journal(options: LogOptions, around: Surroundings) -> Sinks {
    let console = match options.format {
        LogFormat::Text if around.stderr_is_journal => {
            let is_only = options.syslog && around.system_log == SystemLog::Missing;
            (options.console || is_only).then_some(Form::Prefixed)
        }
        format => options.console.then_some(form(format)),
    };
    Sinks { console, syslog: options.syslog, journal: false }
}

fn form(format: LogFormat) -> Form {
    match format {
        LogFormat::Text => Form::Text,
        LogFormat::Json => Form::Json,
    }
}

/// `/dev/log` is a link to this where the journal takes what is sent there.
const JOURNAL_DEV_LOG: &str = "/run/systemd/journal/dev-log";

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: Sinks = Sinks { console: None, syslog: false, journal: false };
    const JOURNAL: Sinks = Sinks { journal: true, ..NONE };
    const SYSLOG: Sinks = Sinks { syslog: true, ..NONE };
    const TEXT: Option<Form> = Some(Form::Text);
    const JSON: Option<Form> = Some(Form::Json);
    const PREFIXED: Option<Form> = Some(Form::Prefixed);

    /// `-l` or not, `-G` or not.
    fn options(console: bool, syslog: bool) -> LogOptions {
        LogOptions { console, format: LogFormat::Text, syslog, facility: 0, detail: false }
    }

    fn around(stderr_is_journal: bool, system_log: SystemLog) -> Surroundings {
        Surroundings { stderr_is_journal, system_log }
    }

    #[test]
    fn without_systemd_lines_go_where_the_options_say() {
        for system_log in [SystemLog::Other, SystemLog::Missing] {
            let around = around(false, system_log);
            assert_eq!(choose(options(false, true), around), SYSLOG);
            assert_eq!(choose(options(true, true), around), Sinks { console: TEXT, ..SYSLOG });
            assert_eq!(choose(options(true, false), around), Sinks { console: TEXT, ..NONE });
            assert_eq!(choose(options(false, false), around), NONE);
            let json = LogOptions { format: LogFormat::Json, ..options(true, true) };
            assert_eq!(choose(json, around), Sinks { console: JSON, ..SYSLOG });
        }
    }

    #[test]
    fn under_systemd_each_line_reaches_the_journal_once() {
        for system_log in [SystemLog::Journal, SystemLog::Missing] {
            let around = around(true, system_log);
            for (console, syslog) in [(false, true), (true, true), (true, false)] {
                assert_eq!(choose(options(console, syslog), around), JOURNAL, "{console} {syslog}");
            }
            assert_eq!(choose(options(false, false), around), NONE);
        }
        // Started by hand.
        let by_hand = around(false, SystemLog::Journal);
        assert_eq!(choose(options(false, true), by_hand), JOURNAL);
        assert_eq!(choose(options(true, true), by_hand), Sinks { console: TEXT, ..JOURNAL });
    }

    #[test]
    fn a_system_log_of_somebody_else_is_not_left_out_under_systemd() {
        let around = around(true, SystemLog::Other);
        assert_eq!(choose(options(false, true), around), SYSLOG);
        assert_eq!(choose(options(true, true), around), Sinks { journal: true, ..SYSLOG });
    }

    #[test]
    fn json_that_was_asked_for_stays_json_where_the_journal_reads_it() {
        let json = LogOptions { format: LogFormat::Json, ..options(true, false) };
        assert_eq!(choose(json, around(true, SystemLog::Journal)), Sinks { console: JSON, ..NONE });
    }

    #[test]
    fn where_the_socket_of_the_journal_does_not_answer_lines_take_the_other_ways() {
        let missing = around(true, SystemLog::Missing);
        let answer = without_journal(options(false, true), missing);
        assert_eq!(answer, Sinks { console: PREFIXED, ..SYSLOG });
        assert_eq!(without_journal(options(true, false), missing), Sinks { console: PREFIXED, ..NONE });
        assert_eq!(without_journal(options(false, true), around(true, SystemLog::Journal)), SYSLOG);
        let by_hand = around(false, SystemLog::Journal);
        assert_eq!(without_journal(options(true, true), by_hand), Sinks { console: TEXT, ..SYSLOG });
    }
}
