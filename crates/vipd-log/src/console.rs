//! Standard error as a sink.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::clock::LocalTime;
use super::line::About;
use super::severity;
use crate::LogLevel;

/// Form of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Local time with milliseconds, then the text.
    Text,
    /// An object of JSON.
    Json,
    /// `<N>` for the program that keeps standard error (systemd's journal, for example), then the text.
    Prefixed,
}

/// Standard error, written a line at a time and only when it takes one without waiting.
#[derive(Debug)]
pub(super) struct Console {
    form: Form,
    lost: u64,
}

impl Console {
    pub(super) fn new(form: Form) -> Self {
        Self { form, lost: 0 }
    }

    pub(super) fn write(&mut self, speaker: (&str, u32), level: LogLevel, text: &str, about: Option<&About>) {
        if !takes_a_line() {
            self.lost += 1;
            return;
        }
        let now = LocalTime::now();
        if self.lost > 0 {
            let lost = std::mem::take(&mut self.lost);
            let text = format!("{lost} lines could not be shown here");
            emit(&self.line(&now, speaker, LogLevel::Warning, &text, None));
        }
        emit(&self.line(&now, speaker, level, text, about));
    }

    fn line(
        &self,
        now: &LocalTime,
        speaker: (&str, u32),
        level: LogLevel,
        text: &str,
        about: Option<&About>,
    ) -> String {
        match self.form {
            Form::Text => format!("{}: {text}\n", now.long()),
            Form::Prefixed => format!("<{}>{text}\n", severity(level)),
            Form::Json => json(now, speaker, level, text, about) + "\n",
        }
    }
}

/// The object of a line: the fields of every line, then those of its event.
fn json(
    now: &LocalTime,
    (process, pid): (&str, u32),
    level: LogLevel,
    text: &str,
    about: Option<&About>,
) -> String {
    let level = match level {
        LogLevel::Error => "error",
        LogLevel::Warning => "warning",
        LogLevel::Info => "info",
        LogLevel::Debug => "debug",
    };
    let mut object = serde_json::Map::new();
    let mut set = |name: &str, value: serde_json::Value| object.insert(name.to_owned(), value);
    set("time", now.rfc3339().into());
    set("level", level.into());
    set("process", process.into());
    set("pid", pid.into());
    set("message", text.into());
    if let Some(about) = about {
        set("event", about.event().name().into());
        for (name, value) in about.fields() {
            set(name, value.into());
        }
    }
    serde_json::Value::Object(object).to_string()
}

fn emit(line: &str) {
    // Nobody is there to be told that the log cannot be written.
    let _ = io::stderr().lock().write_all(line.as_bytes());
}

/// Whether standard error takes a line now. Its descriptor may be shared with a shell, so it is not made
/// non-blocking; but a pipe or terminal that polls writable has room for a line.
fn takes_a_line() -> bool {
    let stderr = io::stderr();
    let mut waiting = [PollFd::from_borrowed_fd(stderr.as_fd(), PollFlags::OUT)];
    poll(&mut waiting, Some(&Timespec::default())).is_ok_and(|ready| ready > 0)
}

/// Whether the journal of systemd reads standard error: `JOURNAL_STREAM` names its device and inode.
pub(super) fn is_journal() -> bool {
    let named = std::env::var("JOURNAL_STREAM").ok();
    let stderr = io::stderr().as_fd().try_clone_to_owned().map(File::from).and_then(|file| file.metadata());
    match (named, stderr) {
        (Some(named), Ok(metadata)) => named == format!("{}:{}", metadata.dev(), metadata.ino()),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{EventKind, Field};

    const SPEAKER: (&str, u32) = ("Keepalived_vrrp", 77);

    fn line(form: Form, text: &str, about: Option<&About>) -> String {
        let now = LocalTime::of_test(0);
        Console::new(form).line(&now, SPEAKER, LogLevel::Warning, text, about)
    }

    #[test]
    fn a_line_of_text_has_milliseconds_and_one_for_the_journal_its_weight() {
        assert_eq!(
            line(Form::Text, "(V) Entering MASTER STATE", None),
            "Mon Nov  2 09:05:53.007 2026: (V) Entering MASTER STATE\n"
        );
        assert_eq!(line(Form::Prefixed, "(V) is late", None), "<4>(V) is late\n");
    }

    #[test]
    fn a_line_of_json_is_one_object_with_the_fields_of_its_event() {
        let about = About::new(EventKind::Transition).with(Field::Instance, "V\"1").with(Field::Vrid, "51");
        assert_eq!(
            line(Form::Json, "(V\"1) Entering \u{fc}", Some(&about)),
            "{\"time\":\"2026-11-02T09:05:53.007+00:00\",\"level\":\"warning\",\"process\":\"Keepalived_vrrp\",\
             \"pid\":77,\"message\":\"(V\\\"1) Entering \u{fc}\",\"event\":\"transition\",\"instance\":\"V\\\"1\",\
             \"vrid\":\"51\"}\n"
        );
    }
}
