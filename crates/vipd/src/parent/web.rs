//! The web process, as the parent sees it: started if the configuration names an address, with a bound socket and a
//! reader's place at the control socket.
//!
//! Nothing depends on it. One that dies is started again, each time later.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use keepalived_conf::model::daemon::Http;
use socket2::{Domain, Socket, Type};

use super::control::Control;
use super::process::{Child, Ended};
use super::worker::WorkerProgram;
use crate::log::Log;
use crate::web::{self, Arguments};

/// The web process, and its settings.
#[derive(Debug, Default)]
pub(super) struct Web {
    /// The settings in the configuration in force.
    http: Http,
    process: Option<Process>,
    /// When to start it.
    start_at: Option<Instant>,
    /// Starts in a row that came to nothing.
    failures: u32,
    /// Times that it was started again after it had died.
    restarts: u32,
}

#[derive(Debug)]
struct Process {
    child: Child,
    started: Instant,
    /// It was ended, since it is to be another one or none.
    dismissed: bool,
}

impl Web {
    /// A configuration is in force.
    pub(super) fn arrange(&mut self, now: Instant, http: &Http) {
        // The file may hold another token than before.
        let is_same = *http == self.http && http.token_file.is_none();
        if is_same && (self.process.is_some() || self.start_at.is_some()) {
            return;
        }
        self.http = http.clone();
        self.failures = 0;
        self.start_at = None;
        match &mut self.process {
            // It is followed by the new one when its socket is closed.
            Some(process) => process.dismiss(),
            None => self.start_at = self.http.listen.map(|_| now),
        }
    }

    /// Time passed.
    pub(super) fn timeout(&mut self, now: Instant, control: &mut Control, log: &mut Log) {
        if self.process.is_some() || self.start_at.take_if(|at| *at <= now).is_none() {
            return;
        }
        let Some(address) = self.http.listen else { return };
        match self.start(address, now, control) {
            Ok(process) => {
                log.info(format!(
                    "Starting web child process, pid={}, at http://{address}/",
                    process.child.pid()
                ));
                self.process = Some(process);
            }
            Err(error) => {
                if self.failures == 0 {
                    log.error(format!(
                        "http_listen {address}: {error}; trying again, and nothing else is affected"
                    ));
                }
                self.try_again(now);
            }
        }
    }

    fn start(&self, address: SocketAddr, now: Instant, control: &mut Control) -> io::Result<Process> {
        let socket = bind(address)?;
        let (near, far) = UnixStream::pair()?;
        web::send_socket(&near, &socket)?;
        near.set_nonblocking(true)?;
        let names = self.http.names.clone();
        let program = WorkerProgram::web(&Arguments { token_file: self.http.token_file.clone(), names });
        let child = program.start_with(far)?;
        control.add_reader(now, near);
        Ok(Process { child, started: now, dismissed: false })
    }

    /// SIGCHLD came.
    pub(super) fn reap(&mut self, now: Instant, log: &mut Log) {
        let Some(ended) = self.process.as_mut().and_then(|process| process.child.poll()) else { return };
        let Some(process) = self.process.take() else { return };
        if process.dismissed {
            self.start_at = self.http.listen.map(|_| now);
            return;
        }
        self.restarts = self.restarts.saturating_add(1);
        if now.saturating_duration_since(process.started) > STEADY {
            self.failures = 0;
        }
        if self.failures == 0 {
            let why = match ended {
                Ended::Exited(web::BAD_TOKEN_FILE) => {
                    "http_token_file holds no token that can be read".to_owned()
                }
                ended => format!("{ended:?}"),
            };
            log.error(format!(
                "web child process({}) ended ({why}); it is started again",
                process.child.pid()
            ));
        }
        self.try_again(now);
    }

    /// A second later, and each time twice as much, up to a minute.
    fn try_again(&mut self, now: Instant) {
        let pause = LEAST_PAUSE.saturating_mul(2_u32.saturating_pow(self.failures.min(6)));
        self.start_at = Some(now + pause.min(MOST_PAUSE));
        self.failures = self.failures.saturating_add(1);
    }

    /// When [`Web::timeout`] is due.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.start_at.filter(|_| self.process.is_none())
    }

    /// Times that it was started again after it had died.
    pub(super) fn restarts(&self) -> u32 {
        self.restarts
    }

    /// Its process id.
    pub(super) fn pids(&self) -> impl Iterator<Item = u32> {
        self.process.iter().map(|process| process.child.pid())
    }

    /// The daemon ends now.
    pub(super) fn abandon(&mut self) {
        self.http.listen = None;
        self.start_at = None;
        if let Some(process) = &mut self.process {
            process.dismiss();
        }
    }
}

impl Process {
    /// Ends it: it has nothing to lose.
    fn dismiss(&mut self) {
        self.dismissed = true;
        self.child.kill();
    }
}

/// A listening socket, also at an address that this machine does not have yet, as a virtual one.
fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM.cloexec(), None)?;
    socket.set_reuse_address(true)?;
    match address {
        SocketAddr::V4(_) => socket.set_freebind_v4(true)?,
        SocketAddr::V6(_) => socket.set_freebind_v6(true)?,
    }
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Connections that wait for the process.
const BACKLOG: i32 = 128;

/// A process that ran so long did not fail at its start.
const STEADY: Duration = Duration::from_secs(60);

const LEAST_PAUSE: Duration = Duration::from_secs(1);
const MOST_PAUSE: Duration = Duration::from_secs(60);
