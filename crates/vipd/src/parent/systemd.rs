//! Telling systemd how it goes (the protocol of `sd_notify`).

use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// The socket that `NOTIFY_SOCKET` names, if somebody listens there.
#[derive(Debug, Default)]
pub(super) struct Systemd {
    socket: Option<(UnixDatagram, SocketAddr)>,
}

impl Systemd {
    /// Looks in the environment.
    pub(super) fn from_environment() -> Self {
        let named = std::env::var_os("NOTIFY_SOCKET").map(OsStringExt::into_vec);
        Self { socket: named.and_then(|name| open(&name)) }
    }

    /// The configuration is in force: at the start and after each reload.
    pub(super) fn ready(&self) {
        self.in_force("");
    }

    /// The configuration that was in force stays so: the end of a reload that is refused.
    pub(super) fn refused(&self, why: &str) {
        // A message is one line.
        let why = why.replace(char::is_control, " ");
        self.in_force(&format!("Reload refused, the old configuration stays in force: {why}"));
    }

    fn in_force(&self, status: &str) {
        self.tell(&format!("READY=1\nMAINPID={}\nSTATUS={status}\n", std::process::id()));
    }

    /// A reload begins.
    pub(super) fn reloading(&self) {
        let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
        let microseconds = now.tv_sec * 1_000_000 + now.tv_nsec / 1000;
        self.tell(&format!("RELOADING=1\nMONOTONIC_USEC={microseconds}\n"));
    }

    /// The daemon stops; `status` is what it will exit with.
    pub(super) fn stopping(&self, status: u8) {
        let error =
            if status == 0 { String::new() } else { format!("STATUS=Stopping with status {status}\n") };
        self.tell(&format!("STOPPING=1\n{error}"));
    }

    fn tell(&self, text: &str) {
        if let Some((socket, address)) = &self.socket {
            // A manager that does not listen is none of our problems.
            let _ = socket.send_to_addr(text.as_bytes(), address);
        }
    }
}

fn open(name: &[u8]) -> Option<(UnixDatagram, SocketAddr)> {
    let address = match name {
        [b'@', rest @ ..] => SocketAddr::from_abstract_name(rest),
        [b'/', ..] => SocketAddr::from_pathname(std::ffi::OsString::from_vec(name.to_vec())),
        _ => return None,
    };
    let socket = UnixDatagram::unbound().ok()?;
    socket.set_nonblocking(true).ok()?;
    Some((socket, address.ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parent::testing::TestDirectory;

    #[test]
    fn readiness_names_the_process() {
        let directory = TestDirectory::new();
        let path = directory.path().join("notify");
        let manager = UnixDatagram::bind(&path).unwrap();
        let systemd = Systemd { socket: open(path.as_os_str().as_encoded_bytes()) };
        systemd.ready();
        let mut buffer = [0; 100];
        let length = manager.recv(&mut buffer).unwrap();
        let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
        assert_eq!(text, format!("READY=1\nMAINPID={}\nSTATUS=\n", std::process::id()));
    }

    #[test]
    fn a_refused_reload_is_the_status_in_one_line() {
        let directory = TestDirectory::new();
        let path = directory.path().join("notify");
        let manager = UnixDatagram::bind(&path).unwrap();
        let systemd = Systemd { socket: open(path.as_os_str().as_encoded_bytes()) };
        systemd.refused("k.conf:1:1: error\nREADY=0");
        let mut buffer = [0; 200];
        let length = manager.recv(&mut buffer).unwrap();
        let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
        assert_eq!(text.lines().count(), 3, "{text}");
        assert!(
            text.contains("STATUS=Reload refused, the old configuration stays in force: k.conf:1:1"),
            "{text}"
        );
    }

    #[test]
    fn an_unfit_name_is_no_socket() {
        assert!(open(b"").is_none());
        assert!(open(b"relative").is_none());
        assert!(open(b"@abstract").is_some());
    }
}
