//! Wishes of operators for real servers that are to outlive the daemon (`vipd server … --persist`).
//!
//! The list is kept here; its file is written by the path process, one writing at a time, and read once, before the loop
//! runs. Ends are moments of the clock on the wall: an intent that ended while no daemon ran is over.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use serde::{Deserialize, Serialize};
use vipd_control::{Answer, ClientId};

use super::control::Answered;
use crate::ipc::{Monotonic, ServerIntent, Steer, server_address};
use crate::paths::Job;

/// The list, its file, and the clients that wait until it is written.
#[derive(Debug)]
pub(super) struct KeptIntents {
    path: PathBuf,
    servers: BTreeMap<(String, SocketAddr), Intent>,
    /// Requests that the worker has not answered: `None` ends the kept intent.
    asked: BTreeMap<u32, ((String, SocketAddr), Option<Intent>)>,
    /// The file is being written.
    is_writing: bool,
    /// The list changed since that began.
    is_outdated: bool,
    waiting: Vec<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    client: ClientId,
    text: String,
    /// Its answer depends on the writing that follows the present one.
    follows: bool,
    until: Instant,
}

/// The wish for one server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Intent {
    wish: ServerIntent,
    /// Seconds since 1970.
    until: Option<u64>,
    who: String,
    why: String,
}

/// The file.
#[derive(Serialize, Deserialize)]
struct Content {
    format: u32,
    servers: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    service: String,
    server: SocketAddr,
    #[serde(flatten)]
    intent: Intent,
}

/// Only the number of the format, which every format has.
#[derive(Deserialize)]
struct Format {
    format: u32,
}

impl KeptIntents {
    /// An empty list with this file.
    pub(super) fn new(path: PathBuf) -> Self {
        Self {
            path,
            servers: BTreeMap::new(),
            asked: BTreeMap::new(),
            is_writing: false,
            is_outdated: false,
            waiting: Vec::new(),
        }
    }

    /// Reads the file; gives the fault that it has. A file that cannot be read counts as an empty list.
    pub(super) fn read(&mut self, wall: Duration) -> Option<String> {
        let text = match read(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => return Some(self.complaint(&error.to_string())),
        };
        match parse(&text) {
            Ok(servers) => self.servers = servers,
            Err(why) => return Some(self.complaint(&why)),
        }
        self.forget_ended(wall);
        None
    }

    fn complaint(&self, why: &str) -> String {
        format!(
            "{}: {why}; the kept intents of operators for real servers are ignored: ask again for those that are still wanted",
            self.path.display()
        )
    }

    /// Whether this can be kept, too.
    pub(super) fn has_room(&self) -> bool {
        self.servers.len() + self.asked.len() < MAX_SERVERS
    }

    /// A worker is asked for this under this number.
    pub(super) fn ask(&mut self, request: u32, steer: &Steer, persist: bool, (clock, wall): Moment) {
        let Some(address) = server_address(&steer.server) else { return };
        let left = |until: Monotonic| Duration::from_nanos(until.0.saturating_sub(clock.0));
        let intent = (persist && steer.wish != ServerIntent::Ready).then(|| Intent {
            wish: steer.wish,
            until: steer.until.map(|until| (wall + left(until)).as_secs()),
            who: steer.who.clone(),
            why: steer.why.clone(),
        });
        self.asked.insert(request, ((steer.service.clone(), address), intent));
    }

    /// The worker did it, or did not. Gives whether the list changed.
    pub(super) fn handle_answer(&mut self, request: u32, done: bool) -> bool {
        let Some((key, intent)) = self.asked.remove(&request).filter(|_| done) else { return false };
        let changed = match intent {
            Some(intent) => {
                self.servers.insert(key, intent);
                true
            }
            None => self.servers.remove(&key).is_some(),
        };
        self.is_outdated |= changed;
        changed
    }

    /// No worker answers any more.
    pub(super) fn handle_end(&mut self) {
        self.asked.clear();
    }

    /// Holds answers back until the present list is in the file.
    pub(super) fn hold(&mut self, now: Instant, answers: Vec<Answered>) -> Vec<Answered> {
        let mut others = Vec::new();
        for (client, answer) in answers {
            match answer {
                Answer::Done { text, .. } => self.waiting.push(Waiting {
                    client,
                    text,
                    follows: self.is_writing,
                    until: now + PATIENCE,
                }),
                other => others.push((client, other)),
            }
        }
        others
    }

    /// The next job of the path process, if it is time.
    pub(super) fn poll_job(&mut self, wall: Duration) -> Option<Job> {
        if self.is_writing || !self.is_outdated {
            return None;
        }
        self.forget_ended(wall);
        (self.is_writing, self.is_outdated) = (true, false);
        Some(Job::Store(self.path.clone(), self.text()))
    }

    /// The file was written, or not: gives the answers of the clients that wait no longer.
    pub(super) fn handle_written(&mut self, result: &Result<(), String>) -> Vec<Answered> {
        self.is_writing = false;
        let path = self.path.display();
        let text = match result {
            Ok(()) => format!("; it is kept in {path}"),
            Err(why) => format!("; it ends with this daemon, as {path} cannot be written: {why}"),
        };
        let done: Vec<_> = self.waiting.extract_if(.., |waiting| !waiting.follows).collect();
        self.waiting.iter_mut().for_each(|waiting| waiting.follows = false);
        done.into_iter().map(|waiting| waiting.answer(&text)).collect()
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.waiting.iter().map(|waiting| waiting.until).min()
    }

    /// Nobody waits for a file system that hangs.
    pub(super) fn handle_timeout(&mut self, now: Instant) -> Vec<Answered> {
        let text = format!("; {} is not written yet: its file system does not answer", self.path.display());
        let late = self.waiting.extract_if(.., |waiting| waiting.until <= now);
        late.map(|waiting| waiting.answer(&text)).collect()
    }

    /// The list for a worker, with its configuration.
    pub(super) fn steers(&self, (clock, wall): Moment) -> Vec<Steer> {
        let until = |seconds: u64| {
            let left = Duration::from_secs(seconds).saturating_sub(wall);
            Monotonic(clock.0.saturating_add(u64::try_from(left.as_nanos()).unwrap_or(u64::MAX)))
        };
        let lasting = self.servers.iter().filter(|(_, intent)| !intent.is_over(wall));
        let steer = |((service, server), intent): (&(String, SocketAddr), &Intent)| Steer {
            service: service.clone(),
            server: server.to_string(),
            wish: intent.wish,
            until: intent.until.map(until),
            who: intent.who.clone(),
            why: intent.why.clone(),
        };
        lasting.map(steer).collect()
    }

    fn forget_ended(&mut self, wall: Duration) {
        self.servers.retain(|_, intent| !intent.is_over(wall));
    }

    fn text(&self) -> String {
        let entry = |((service, server), intent): (&(String, SocketAddr), &Intent)| Entry {
            service: service.clone(),
            server: *server,
            intent: intent.clone(),
        };
        let content = Content { format: FORMAT, servers: self.servers.iter().map(entry).collect() };
        // Plain values always can be encoded.
        serde_json::to_string_pretty(&content).unwrap_or_default() + "\n"
    }
}

impl Intent {
    fn is_over(&self, wall: Duration) -> bool {
        self.until.is_some_and(|until| Duration::from_secs(until) <= wall)
    }
}

impl Waiting {
    fn answer(self, also: &str) -> Answered {
        (self.client, Answer::done(self.text + also))
    }
}

/// The same moment by two clocks: that of the machine, and the time since 1970.
pub(super) type Moment = (Monotonic, Duration);

/// This moment.
pub(super) fn moment() -> Moment {
    (Monotonic::now(), SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default())
}

/// The place of the file: in systemd's directory for it, else in `/var/lib/vipd`. Copies in other namespaces and of other
/// instances have files of their own.
pub(super) fn path(directory: Option<&Path>, namespace: Option<&str>, instance: Option<&str>) -> PathBuf {
    let directory = directory.unwrap_or(Path::new("/var/lib/vipd")).join(namespace.unwrap_or_default());
    let suffix = instance.map(|instance| format!("_{instance}")).unwrap_or_default();
    directory.join(format!("intents{suffix}.json"))
}

/// systemd's directory for lasting state (`StateDirectory=`): the first, if it names several.
pub(super) fn state_directory() -> Option<PathBuf> {
    let directories = std::env::var_os("STATE_DIRECTORY")?;
    let first = std::env::split_paths(&directories).next()?;
    first.is_absolute().then_some(first)
}

/// Nobody may make us wait for a writer, and no file fills the memory.
fn read(path: &Path) -> io::Result<String> {
    let file = File::options().read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    let mut bytes = Vec::new();
    file.take(MAX_LEN + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_LEN {
        return Err(io::Error::other("longer than 16 MiB"));
    }
    String::from_utf8(bytes).map_err(|_| io::Error::other("not text"))
}

fn parse(text: &str) -> Result<BTreeMap<(String, SocketAddr), Intent>, String> {
    let damaged = |error: serde_json::Error| format!("it is damaged ({error})");
    let Format { format } = serde_json::from_str(text).map_err(damaged)?;
    if format != FORMAT {
        return Err(format!("another release wrote it (format {format}, not {FORMAT})"));
    }
    let content: Content = serde_json::from_str(text).map_err(damaged)?;
    Ok(content.servers.into_iter().map(|entry| ((entry.service, entry.server), entry.intent)).collect())
}

/// Number of the file's format; it changes whenever a field does.
const FORMAT: u32 = 1;

/// Servers in the list.
pub(super) const MAX_SERVERS: usize = 10_000;

/// Bytes of the file: ten thousand servers with the longest names and reasons have fewer.
const MAX_LEN: u64 = 16 << 20;

/// Longer than a disk takes that works.
const PATIENCE: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests;
