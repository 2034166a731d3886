//! Telling systemd how it goes (the protocol of `sd_notify`): readiness, reloads, the status line and the watchdog.
//!
//! The watchdog is about the parent alone: it watches the workers itself.

use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::{Duration, Instant};

/// The socket that `NOTIFY_SOCKET` names, if somebody listens there.
#[derive(Debug, Default)]
pub struct Systemd {
    socket: Option<(UnixDatagram, SocketAddr)>,
    watchdog: Option<Watchdog>,
    /// The status line that was told last, and when.
    told: Option<(String, Instant)>,
    /// When the status line is to be told again, for something changed.
    status_at: Option<Instant>,
    /// Why the last reload was refused, if it was.
    refusal: Option<String>,
}

/// Interval at which systemd expects a message of this process.
#[derive(Debug)]
struct Watchdog {
    /// Half of the time after which systemd ends the process.
    pause: Duration,
    at: Instant,
}

impl Systemd {
    /// Looks in the environment.
    pub fn from_environment(now: Instant) -> Self {
        let named = std::env::var_os("NOTIFY_SOCKET").map(OsStringExt::into_vec);
        let number = |name| std::env::var(name).ok().and_then(|text| text.parse().ok());
        let pause = watchdog_pause(number("WATCHDOG_USEC"), number("WATCHDOG_PID"), std::process::id());
        Self {
            socket: named.and_then(|name| open(&name)),
            watchdog: pause.map(|pause| Watchdog { pause, at: now }),
            ..Self::default()
        }
    }

    /// The configuration is in force: at the start and after each reload.
    pub fn ready(&mut self, now: Instant) {
        self.refusal = None;
        self.in_force();
        self.note_change(now);
    }

    /// The configuration that was in force stays so: the end of a reload that is refused.
    pub fn refused(&mut self, now: Instant, why: &str) {
        self.refusal = Some(one_line(why));
        self.tell_status(now, &format!("{REFUSED}: {why}"));
        self.in_force();
        self.note_change(now);
    }

    /// The configuration before the last reload is in force again.
    pub fn undone(&mut self, now: Instant, why: &str) {
        self.tell_status(now, &format!("{UNDONE}: {why}"));
        self.in_force();
        self.note_change(now);
    }

    /// Why the last reload was refused, if it was.
    pub fn refusal(&self) -> Option<&str> {
        self.refusal.as_deref()
    }

    fn in_force(&self) {
        self.tell(&format!("READY=1\nMAINPID={}\n", std::process::id()));
    }

    /// The status line is no longer right. It is told again, but not more often than once a second.
    pub fn note_change(&mut self, now: Instant) {
        if self.socket.is_some() {
            let earliest = self.told.as_ref().map_or(now, |(_, at)| now.max(*at + STATUS_PAUSE));
            self.status_at.get_or_insert(earliest);
        }
    }

    /// Whether the status line is to be told now: [`tell_status`](Self::tell_status).
    pub fn is_status_due(&self, now: Instant) -> bool {
        self.status_at.is_some_and(|at| at <= now)
    }

    /// Tells the status line, if it is another one than the last.
    pub fn tell_status(&mut self, now: Instant, text: &str) {
        self.status_at = None;
        let text = one_line(text);
        let is_news = self.told.as_ref().is_none_or(|(last, _)| *last != text);
        if is_news {
            self.tell(&format!("STATUS={text}\n"));
        }
        self.told = Some((text, now));
    }

    /// When [`timeout`](Self::timeout) is due, or the status line.
    pub fn deadline(&self) -> Option<Instant> {
        let watchdog = self.watchdog.as_ref().map(|watchdog| watchdog.at);
        [watchdog, self.status_at].into_iter().flatten().min()
    }

    /// Tells the watchdog that this process runs.
    pub fn timeout(&mut self, now: Instant) {
        if let Some(watchdog) = self.watchdog.as_mut().filter(|watchdog| watchdog.at <= now) {
            watchdog.at = now + watchdog.pause;
            self.tell("WATCHDOG=1\n");
        }
    }

    /// A reload begins.
    pub fn reloading(&self) {
        let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
        let microseconds = now.tv_sec * 1_000_000 + now.tv_nsec / 1000;
        self.tell(&format!("RELOADING=1\nMONOTONIC_USEC={microseconds}\n"));
    }

    /// The daemon stops; `status` is what it will exit with.
    pub fn stopping(&self, status: u8) {
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

/// Half of the time that systemd grants, if it watches this process.
fn watchdog_pause(microseconds: Option<u64>, watched: Option<u64>, own: u32) -> Option<Duration> {
    let time = microseconds.filter(|&time| time > 0 && watched.is_none_or(|pid| pid == u64::from(own)))?;
    Some(Duration::from_micros(time) / 2)
}

/// A value is one line.
fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
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

const STATUS_PAUSE: Duration = Duration::from_secs(1);

const REFUSED: &str = "Reload refused, the old configuration stays in force";

/// The status line after a reload was undone.
const UNDONE: &str = "The configuration before the last reload is in force again";

#[cfg(test)]
mod tests {
    use super::*;
    use vipd_testing::TestDirectory;

    /// A manager that listens, and the messages to it.
    fn managed(directory: &TestDirectory) -> (UnixDatagram, Systemd) {
        let path = directory.path().join("notify");
        let manager = UnixDatagram::bind(&path).unwrap();
        manager.set_nonblocking(true).unwrap();
        let socket = open(path.as_os_str().as_encoded_bytes());
        (manager, Systemd { socket, ..Systemd::default() })
    }

    fn heard(manager: &UnixDatagram) -> Vec<String> {
        let mut buffer = [0; 300];
        let mut messages = Vec::new();
        while let Ok(length) = manager.recv(&mut buffer) {
            messages.push(String::from_utf8_lossy(&buffer[..length]).into_owned());
        }
        messages
    }

    #[test]
    fn readiness_names_the_process() {
        let directory = TestDirectory::new();
        let (manager, mut systemd) = managed(&directory);
        systemd.ready(Instant::now());
        assert_eq!(heard(&manager), [format!("READY=1\nMAINPID={}\n", std::process::id())]);
    }

    #[test]
    fn a_refused_reload_is_the_status_in_one_line_until_one_is_taken() {
        let directory = TestDirectory::new();
        let (manager, mut systemd) = managed(&directory);
        let now = Instant::now();
        systemd.refused(now, "k.conf:1:1: error\nREADY=0");
        let status =
            "STATUS=Reload refused, the old configuration stays in force: k.conf:1:1: error READY=0\n";
        assert_eq!(heard(&manager)[0], status);
        assert_eq!(systemd.refusal(), Some("k.conf:1:1: error READY=0"));
        systemd.ready(now);
        assert_eq!(systemd.refusal(), None);
    }

    #[test]
    fn the_status_is_told_when_it_changes_and_at_most_once_a_second() {
        let directory = TestDirectory::new();
        let (manager, mut systemd) = managed(&directory);
        let start = Instant::now();
        systemd.note_change(start);
        assert!(systemd.is_status_due(start));
        systemd.tell_status(start, "1 BACKUP");
        assert_eq!(heard(&manager), ["STATUS=1 BACKUP\n"]);
        let soon = start + Duration::from_millis(10);
        systemd.note_change(soon);
        assert!(!systemd.is_status_due(soon));
        let later = start + Duration::from_secs(1);
        assert_eq!(systemd.deadline(), Some(later));
        assert!(systemd.is_status_due(later));
        systemd.tell_status(later, "1 BACKUP");
        assert_eq!(heard(&manager), [""; 0], "it is the same");
        assert_eq!(systemd.deadline(), None);
    }

    #[test]
    fn without_systemd_nothing_is_ever_due() {
        let mut systemd = Systemd::default();
        systemd.note_change(Instant::now());
        assert_eq!(systemd.deadline(), None);
    }

    #[test]
    fn the_watchdog_hears_of_the_process_that_it_watches_twice_in_its_time() {
        let half = Some(Duration::from_secs(15));
        assert_eq!(watchdog_pause(Some(30_000_000), None, 7), half);
        assert_eq!(watchdog_pause(Some(30_000_000), Some(7), 7), half);
        assert_eq!(watchdog_pause(Some(30_000_000), Some(8), 7), None);
        assert_eq!(watchdog_pause(Some(0), None, 7), None);
        assert_eq!(watchdog_pause(None, None, 7), None);
        let directory = TestDirectory::new();
        let (manager, mut systemd) = managed(&directory);
        let start = Instant::now();
        let pause = Duration::from_secs(15);
        systemd.watchdog = Some(Watchdog { pause, at: start });
        for second in 0..=30 {
            systemd.timeout(start + Duration::from_secs(second));
        }
        assert_eq!(heard(&manager), ["WATCHDOG=1\n"; 3]);
    }

    #[test]
    fn an_unfit_name_is_no_socket() {
        assert!(open(b"").is_none());
        assert!(open(b"relative").is_none());
        assert!(open(b"@abstract").is_some());
    }
}
