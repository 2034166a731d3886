//! A socket of a log service that takes datagrams. It is opened again when the service was restarted.

use std::io::{self, ErrorKind};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The socket. Sending never waits: a line that it does not take now is lost, and counted.
#[derive(Debug)]
pub(super) struct Datagrams {
    path: PathBuf,
    socket: Option<UnixDatagram>,
    tried: Instant,
    lost: u64,
}

impl Datagrams {
    pub(super) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), socket: connect(path).ok(), tried: Instant::now(), lost: 0 }
    }

    pub(super) fn is_open(&self) -> bool {
        self.socket.is_some()
    }

    /// Sends a message. `lost` makes the one that tells how many were lost before it.
    pub(super) fn write(&mut self, message: &[u8], lost: impl FnOnce(u64) -> Vec<u8>) {
        if self.lost > 0 && self.send(&lost(self.lost)) {
            self.lost = 0;
        }
        if self.lost > 0 || !self.send(message) {
            self.lost += 1;
        }
    }

    fn send(&mut self, message: &[u8]) -> bool {
        // At most: refused by a service that is gone, connected to its successor, sent.
        for _ in 0..3 {
            let Some(socket) = &self.socket else {
                if !self.reconnect() {
                    return false;
                }
                continue;
            };
            match socket.send(message) {
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
        self.socket = connect(&self.path).ok();
        self.socket.is_some()
    }
}

fn connect(path: &Path) -> io::Result<UnixDatagram> {
    let socket = UnixDatagram::unbound()?;
    socket.set_nonblocking(true)?;
    socket.connect(path)?;
    Ok(socket)
}

const RETRY: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;
    use vipd_testing::TestDirectory;

    fn received(service: &UnixDatagram) -> Vec<String> {
        service.set_nonblocking(true).unwrap();
        let mut buffer = [0; 100];
        let mut messages = Vec::new();
        while let Ok(length) = service.recv(&mut buffer) {
            messages.push(String::from_utf8_lossy(&buffer[..length]).into_owned());
        }
        messages
    }

    fn notice(lost: u64) -> Vec<u8> {
        format!("{lost} lost").into_bytes()
    }

    #[test]
    fn lines_that_a_full_service_does_not_take_are_counted_and_reported_once_it_reads_again() {
        let directory = TestDirectory::new();
        let path = directory.path().join("log");
        let service = UnixDatagram::bind(&path).unwrap();
        let mut datagrams = Datagrams::new(&path);
        // The kernel's queue of a socket is bounded by net.unix.max_dgram_qlen and by its memory.
        for _ in 0..5000 {
            datagrams.write(b"line", notice);
        }
        let taken = received(&service).len();
        assert!(taken > 0 && taken < 5000, "{taken}");
        datagrams.write(b"last", notice);
        assert_eq!(received(&service), [format!("{} lost", 5000 - taken), "last".to_owned()]);
    }

    #[test]
    fn a_service_that_was_restarted_is_connected_again() {
        let directory = TestDirectory::new();
        let path = directory.path().join("log");
        let mut datagrams = Datagrams::new(&path);
        assert!(!datagrams.is_open());
        let service = UnixDatagram::bind(&path).unwrap();
        datagrams.write(b"first", notice);
        assert_eq!(received(&service), ["first"]);
        drop(service);
        std::fs::remove_file(&path).unwrap();
        let service = UnixDatagram::bind(&path).unwrap();
        datagrams.write(b"second", notice);
        assert_eq!(received(&service), ["second"]);
    }
}
