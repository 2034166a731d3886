//! The log: one line for each thing that happened, in keepalived's words and format.
//!
//! Only the parent writes; a worker sends its lines there. Writing never waits: a line that a sink cannot take now
//! is dropped and counted, and the count is the first thing said when the sink takes lines again.

mod clock;
mod console;
mod datagrams;
mod journal;
mod line;
mod sinks;
mod syslog;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

pub use clock::LocalTime;
use console::Console;
use journal::Journal;
pub use line::{About, EventKind, Field, LogLine};
use syslog::Syslog;

/// Weight of a log line, as syslog's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum LogLevel {
    /// LOG_ERR
    Error,
    /// LOG_WARNING
    Warning,
    /// LOG_INFO
    Info,
    /// LOG_DEBUG
    Debug,
}

/// The source of a line: its name in the system log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogSource {
    /// The parent: `Keepalived`.
    Parent,
    /// The VRRP worker with its process id: `Keepalived_vrrp`.
    Vrrp(u32),
    /// The LVS worker with its process id: `Keepalived_healthcheckers`.
    Lvs(u32),
    /// The BFD worker with its process id: `Keepalived_bfd`.
    Bfd(u32),
}

impl LogSource {
    /// The name and number of its process.
    fn process(self) -> (&'static str, u32) {
        match self {
            Self::Parent => ("Keepalived", std::process::id()),
            Self::Vrrp(pid) => ("Keepalived_vrrp", pid),
            Self::Lvs(pid) => ("Keepalived_healthcheckers", pid),
            Self::Bfd(pid) => ("Keepalived_bfd", pid),
        }
    }
}

/// Where lines go.
#[derive(Clone, Copy, Debug)]
pub struct LogOptions {
    /// Standard error, each line with the local time in front.
    pub console: bool,
    /// Form of the lines there.
    pub format: LogFormat,
    /// The system log.
    pub syslog: bool,
    /// Its facility (shifted as in a priority value).
    pub facility: u8,
    /// `-D`: debug lines too.
    pub detail: bool,
}

/// Form of the lines on standard error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// As keepalived's, with milliseconds.
    #[default]
    Text,
    /// One object of JSON a line.
    Json,
}

/// The sinks of the log.
#[derive(Debug)]
pub struct Log {
    detail: bool,
    console: Option<Console>,
    syslog: Option<Syslog>,
    journal: Option<Journal>,
    /// `_NETNS_INSTANCE`, behind the names in the system log.
    suffix: String,
}

impl Log {
    /// Opens the sinks. The system log is tried again with later lines if it is missing.
    pub fn new(options: LogOptions) -> Self {
        let around = sinks::Surroundings::look();
        let mut chosen = sinks::choose(options, around);
        let journal =
            chosen.journal.then(|| Journal::open(options.facility, journal::PATH.as_ref())).flatten();
        if chosen.journal && journal.is_none() {
            chosen = sinks::without_journal(options, around);
        }
        Self {
            detail: options.detail,
            console: chosen.console.map(Console::new),
            syslog: chosen.syslog.then(|| Syslog::new(options.facility)),
            journal,
            suffix: String::new(),
        }
    }

    /// A log that nobody reads.
    #[must_use]
    pub fn silent() -> Self {
        Self { detail: false, console: None, syslog: None, journal: None, suffix: String::new() }
    }

    /// Tells copies of the daemon apart: network namespace and instance name behind the names in the system log.
    pub fn tell_apart(&mut self, namespace: Option<&str>, instance: Option<&str>) {
        self.suffix = [namespace, instance].into_iter().flatten().flat_map(|part| ["_", part]).collect();
    }

    /// Writes a line for this voice. Control characters are shown escaped, so that a line stays one line.
    pub fn write(&mut self, voice: LogSource, level: LogLevel, text: &str) {
        self.write_about(voice, level, text, None);
    }

    /// Writes a line with what it is about.
    pub fn write_line(&mut self, voice: LogSource, line: &LogLine) {
        self.write_about(voice, line.level, &line.text, line.about.as_deref());
    }

    fn write_about(&mut self, voice: LogSource, level: LogLevel, text: &str, about: Option<&About>) {
        if level == LogLevel::Debug && !self.detail {
            return;
        }
        let text = printable(text);
        let (name, pid) = voice.process();
        if let Some(console) = &mut self.console {
            console.write((name, pid), level, &text, about);
        }
        if let Some(journal) = &mut self.journal {
            journal.write((&format!("{name}{}", self.suffix), pid), level, &text, about);
        }
        if let Some(syslog) = &mut self.syslog {
            syslog.write(&format!("{name}{}[{pid}]", self.suffix), level, &text);
        }
    }

    /// An error of the parent.
    pub fn error(&mut self, text: impl AsRef<str>) {
        self.write(LogSource::Parent, LogLevel::Error, text.as_ref());
    }

    /// A warning of the parent.
    pub fn warning(&mut self, text: impl AsRef<str>) {
        self.write(LogSource::Parent, LogLevel::Warning, text.as_ref());
    }

    /// A line of the parent for `-D`.
    pub fn debug(&mut self, text: impl AsRef<str>) {
        self.write(LogSource::Parent, LogLevel::Debug, text.as_ref());
    }

    /// A line of the parent.
    pub fn info(&mut self, text: impl AsRef<str>) {
        self.write(LogSource::Parent, LogLevel::Info, text.as_ref());
    }
}

/// Severity number of syslog.
fn severity(level: LogLevel) -> u8 {
    match level {
        LogLevel::Error => 3,
        LogLevel::Warning => 4,
        LogLevel::Info => 6,
        LogLevel::Debug => 7,
    }
}

/// The text with control characters escaped and a bound on its length.
fn printable(text: &str) -> Cow<'_, str> {
    let cut = text.char_indices().map(|(at, _)| at).find(|&at| at >= LINE_LIMIT);
    let text = cut.and_then(|end| text.get(..end)).unwrap_or(text);
    if !text.chars().any(is_unprintable) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        if is_unprintable(character) {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    Cow::Owned(shown)
}

/// Controls, and what makes a terminal show text in another order than it stands.
fn is_unprintable(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
}

/// Octets of a line. Console lines must fit the 4096 octets a pipe takes whole.
const LINE_LIMIT: usize = 2000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_stays_one_line_and_moves_no_cursor() {
        assert_eq!(printable("name\n\u{1b}[2Jx\u{202e}"), "name\\n\\u{1b}[2Jx\\u{202e}");
        assert_eq!(printable("Grüße (V1)"), "Grüße (V1)");
    }

    #[test]
    fn a_long_line_is_cut_between_characters() {
        let shown = printable(&"ü".repeat(5000)).into_owned();
        assert_eq!(shown.len(), 2000);
    }

    #[test]
    fn names_carry_namespace_and_instance() {
        let mut log = Log::silent();
        log.tell_apart(Some("blue"), Some("west"));
        assert_eq!(log.suffix, "_blue_west");
        log.tell_apart(None, None);
        assert_eq!(log.suffix, "");
    }
}
