//! The system log: datagrams to `/dev/log` (RFC 3164).

use std::io::{self, ErrorKind};
use std::os::unix::net::UnixDatagram;
use std::time::{Duration, Instant};

use super::clock::LocalTime;
use super::severity;
use crate::ipc::LogLevel;

/// The system log, opened again when its daemon was restarted.
#[derive(Debug)]
pub(super) struct Syslog {
    facility: u8,
    socket: Option<UnixDatagram>,
    tried: Instant,
    lost: u64,
}

impl Syslog {
    pub(super) fn new(facility: u8) -> Self {
        Self { facility, socket: connect().ok(), tried: Instant::now(), lost: 0 }
    }

    pub(super) fn is_open(&self) -> bool {
        self.socket.is_some()
    }

    /// Sends a line that begins with the speaker's name.
    pub(super) fn write(&mut self, level: LogLevel, line: &str) {
        if self.lost > 0
            && self.send(LogLevel::Warning, &format!("Keepalived: {} log lines were lost", self.lost))
        {
            self.lost = 0;
        }
        if self.lost > 0 || !self.send(level, line) {
            self.lost += 1;
        }
    }

    fn send(&mut self, level: LogLevel, line: &str) -> bool {
        let message = format!("<{}>{} {line}", self.facility | severity(level), LocalTime::now().short());
        for _ in 0..2 {
            let Some(socket) = &self.socket else {
                if !self.reconnect() {
                    return false;
                }
                continue;
            };
            match socket.send(message.as_bytes()) {
                Ok(_) => return true,
                // Full: the line is lost, the connection is not.
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::OutOfMemory) => {
                    return false;
                }
                Err(_) => self.socket = None,
            }
        }
        false
    }

    /// Tries again, at most once a second when that fails.
    fn reconnect(&mut self) -> bool {
        let now = Instant::now();
        if self.tried + RETRY > now && self.lost > 0 {
            return false;
        }
        self.tried = now;
        self.socket = connect().ok();
        self.socket.is_some()
    }
}

fn connect() -> io::Result<UnixDatagram> {
    let socket = UnixDatagram::unbound()?;
    socket.set_nonblocking(true)?;
    socket.connect("/dev/log")?;
    Ok(socket)
}

const RETRY: Duration = Duration::from_secs(1);
