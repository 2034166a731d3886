//! Standard error as a sink.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::clock::LocalTime;
use super::severity;
use crate::ipc::LogLevel;

/// Standard error, written a line at a time and only when it takes one without waiting.
#[derive(Debug)]
pub(super) struct Console {
    /// Lines begin with `<N>` for the journal instead of the time.
    journal: bool,
    lost: u64,
}

impl Console {
    pub(super) fn new(journal: bool) -> Self {
        Self { journal, lost: 0 }
    }

    pub(super) fn write(&mut self, level: LogLevel, text: &str) {
        if !takes_a_line() {
            self.lost += 1;
            return;
        }
        if self.lost > 0 {
            let lost = std::mem::take(&mut self.lost);
            self.emit(LogLevel::Warning, &format!("{lost} lines could not be shown here"));
        }
        self.emit(level, text);
    }

    fn emit(&self, level: LogLevel, text: &str) {
        let line = if self.journal {
            format!("<{}>{text}\n", severity(level))
        } else {
            format!("{}: {text}\n", LocalTime::now().long())
        };
        // Nobody is there to be told that the log cannot be written.
        let _ = io::stderr().lock().write_all(line.as_bytes());
    }
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
