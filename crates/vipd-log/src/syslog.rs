//! The system log: datagrams to `/dev/log` (RFC 3164).

use std::path::Path;

use super::clock::LocalTime;
use super::datagrams::Datagrams;
use super::severity;
use crate::LogLevel;

/// The system log.
#[derive(Debug)]
pub(super) struct Syslog {
    facility: u8,
    socket: Datagrams,
}

impl Syslog {
    pub(super) fn new(facility: u8) -> Self {
        Self { facility, socket: Datagrams::new(Path::new(PATH)) }
    }

    /// Sends a line. `speaker` is the name of the process with its number.
    pub(super) fn write(&mut self, speaker: &str, level: LogLevel, text: &str) {
        let message = |level, line: &str| {
            format!("<{}>{} {line}", self.facility | severity(level), LocalTime::now().short()).into_bytes()
        };
        let lost = |lost| message(LogLevel::Warning, &format!("Keepalived: {lost} log lines were lost"));
        self.socket.write(&message(level, &format!("{speaker}: {text}")), lost);
    }
}

/// The socket of the system log, whatever program it is.
pub(super) const PATH: &str = "/dev/log";
