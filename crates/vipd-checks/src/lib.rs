//! Runs of `vrrp_script`s and `MISC_CHECK`s. When and how often is the worker's business; here they are started, stopped and reaped.
//!
//! A run is judged by its own process. So its start is told when there is a process, and its end with what is known of
//! it: a parent that was stopped finds processes that ended long ago, and must not hold that against them. A run that
//! the worker takes back before it has begun is never started, and a lack of processes, descriptors or memory is
//! reported as such.

mod last_line;
mod output;

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::os::fd::RawFd;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use keepalived_conf::model::{Command, Run};
use nix::errno::Errno;
use privsep::process::{Child, Ended, is_shortage};
use vipd_ipc::{Generation, Monotonic, Role, ScriptAct, ScriptOutcome, ScriptRun};
use vipd_scripts::accounts::Accounts;
use vipd_scripts::command;

use output::{OutputId, Outputs};

/// Identity of a script: its owner, the generation of the configuration and the index in it.
pub type ScriptKey = (Owner, Generation, u32);

/// Workers that ask for check scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Owner {
    /// The VRRP worker: `vrrp_script`.
    Vrrp,
    /// The LVS worker: `MISC_CHECK`.
    Lvs,
}

impl Owner {
    fn role(self) -> Role {
        match self {
            Self::Vrrp => Role::Vrrp,
            Self::Lvs => Role::Lvs,
        }
    }
}

/// The check scripts that run now, at most one for each script.
#[derive(Debug, Default)]
pub struct Checks {
    /// Asked for and not begun, in this order.
    waiting: VecDeque<ScriptKey>,
    running: HashMap<ScriptKey, Running>,
    /// Files that are being opened, and whether somebody still waits for that.
    files: HashMap<ScriptKey, bool>,
    /// Files that the path process is to be asked about.
    unasked: Vec<(ScriptKey, PathBuf)>,
    /// Begun of late, oldest first; some have ended since.
    young: VecDeque<(Instant, ScriptKey)>,
    /// Runs for a worker that died: nobody waits for their result.
    orphans: Vec<Child>,
    outputs: Outputs,
    /// When a shortage was last reported.
    shortage_told: Option<Instant>,
}

#[derive(Debug)]
struct Running {
    child: Child,
    output: Option<OutputId>,
    started: Monotonic,
    /// When it was last known to run.
    seen: Monotonic,
}

/// News of a run, for the worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// Its process began at this time.
    Started(Monotonic),
    /// It ended, or could not begin.
    Done(ScriptRun),
}

impl Checks {
    /// Handles a request of a worker. Nothing is started yet: the worker's next request may take it back.
    pub fn handle(&mut self, key: ScriptKey, act: ScriptAct) -> Option<News> {
        match act {
            ScriptAct::Run => {
                // A second run of a script that still runs is not started.
                if !self.running.contains_key(&key) && !self.waiting.contains(&key) {
                    self.waiting.push_back(key);
                }
                None
            }
            ScriptAct::Terminate | ScriptAct::Kill => self.end(key, act),
        }
    }

    /// Ends a run. A run that has ended by itself is left to be reaped as that, and one that has not begun never does.
    fn end(&mut self, key: ScriptKey, act: ScriptAct) -> Option<News> {
        let before = self.waiting.len();
        self.waiting.retain(|&waiting| waiting != key);
        if self.waiting.len() < before {
            return Some(unknown(libc::ECANCELED));
        }
        if let Some(waits) = self.files.get_mut(&key) {
            return std::mem::take(waits).then(|| unknown(libc::ETIMEDOUT));
        }
        let run = self.running.get_mut(&key)?;
        if run.child.has_ended() {
            return None;
        }
        run.seen = Monotonic::now();
        if act == ScriptAct::Kill {
            run.child.kill();
        } else {
            run.child.terminate();
        }
        None
    }

    /// Starts what waits, as much at once as this machine can be expected to carry; `find` gives the command of a script.
    pub fn start<'a>(
        &mut self,
        now: Instant,
        mut find: impl FnMut(ScriptKey) -> Option<(&'a Command, &'a Accounts)>,
    ) -> Vec<(ScriptKey, News)> {
        let mut news = Vec::new();
        self.forget_grown(now);
        while self.young.len() < MAX_YOUNG
            && let Some(key) = self.waiting.pop_front()
        {
            let Some((command, accounts)) = find(key) else { continue };
            if let Run::FileReadable(file) = &command.run {
                news.push((key, self.open(key, file)));
                continue;
            }
            match launch(key, command, accounts, &mut self.outputs) {
                Ok((child, output)) => {
                    let started = Monotonic::now();
                    self.young.push_back((now, key));
                    self.running.insert(key, Running { child, output, started, seen: started });
                    news.push((key, News::Started(started)));
                }
                Err(errno) => news.push((key, done(None, not_started(errno as i32)))),
            }
        }
        news
    }

    /// `</path>`: success is a file that can be opened, which the path process tries. While it hangs, the check is not
    /// known to be good or bad.
    fn open(&mut self, key: ScriptKey, file: &Path) -> News {
        match self.files.entry(key) {
            Entry::Occupied(_) => return unknown(libc::ETIMEDOUT),
            Entry::Vacant(entry) => _ = entry.insert(true),
        }
        self.unasked.push((key, file.to_owned()));
        News::Started(Monotonic::now())
    }

    /// Files to be opened.
    pub fn take_unasked(&mut self) -> Vec<(ScriptKey, PathBuf)> {
        std::mem::take(&mut self.unasked)
    }

    /// A file was opened, or could not be (errno).
    pub fn handle_file(&mut self, key: ScriptKey, result: Result<(), i32>) -> Option<News> {
        let outcome = match result {
            Ok(()) => ScriptOutcome::Exited(0),
            Err(libc::ENOENT) => ScriptOutcome::Exited(1),
            Err(errno) => not_started(errno),
        };
        self.files.remove(&key)?.then(|| done(None, outcome))
    }

    /// When [`Checks::start`] may start more; `None` if nothing waits.
    pub fn deadline(&self) -> Option<Instant> {
        self.waiting.front()?;
        self.young.front().map(|&(started, _)| started + YOUTH)
    }

    fn forget_grown(&mut self, now: Instant) {
        self.young.retain(|&(started, key)| {
            now.saturating_duration_since(started) < YOUTH && self.running.contains_key(&key)
        });
    }

    /// Ends all runs for a worker; their results are of no interest any more.
    pub fn abandon(&mut self, role: Role) {
        self.waiting.retain(|&(owner, _, _)| owner.role() != role);
        for (_, waits) in self.files.iter_mut().filter(|((owner, _, _), _)| owner.role() == role) {
            *waits = false;
        }
        for (_, mut run) in self.running.extract_if(|&(owner, _, _), _| owner.role() == role) {
            run.child.kill();
            run.output.map(|output| self.outputs.close(output));
            self.orphans.push(run.child);
        }
    }

    /// Process ids of all runs.
    pub fn pids(&self) -> impl Iterator<Item = u32> {
        self.running.values().map(|run| &run.child).chain(&self.orphans).map(Child::pid)
    }

    /// The runs that ended.
    pub fn reap(&mut self) -> Vec<(ScriptKey, News)> {
        self.orphans.retain_mut(|child| child.poll().is_none());
        let mut ended = Vec::new();
        self.running.retain(|&key, run| {
            let Some(end) = run.child.poll() else { return true };
            let output = run.output.map(|output| self.outputs.close(output)).unwrap_or_default();
            let (started, outcome) = (Some(run.started), outcome(end));
            let run = ScriptRun { started, ended: run.seen, outcome, output };
            ended.push((key, News::Done(run)));
            false
        });
        ended
    }

    /// Ready for reading when a script wrote something.
    pub fn output_descriptor(&self) -> Option<RawFd> {
        self.outputs.descriptor()
    }

    /// Reads what scripts wrote, and says whether there is more.
    pub fn read_outputs(&mut self) -> bool {
        self.outputs.read_some();
        self.outputs.has_more()
    }

    /// Whether there is output to be read at once.
    pub fn has_more_output(&self) -> bool {
        self.outputs.has_more()
    }

    /// A line about checks that wait for want of something, once a minute.
    pub fn complaint(&mut self, now: Instant, news: &News) -> Option<String> {
        let &News::Done(ScriptRun { outcome: ScriptOutcome::Shortage(errno), .. }) = news else {
            return None;
        };
        let is_told = self.shortage_told.is_some_and(|at| now.saturating_duration_since(at) < TELL_AGAIN);
        if errno == libc::ECANCELED || is_told {
            return None;
        }
        self.shortage_told = Some(now);
        let why = match errno {
            libc::ETIMEDOUT => "no answer from a file system",
            errno => Errno::from_raw(errno).desc(),
        };
        Some(format!("postponing checks, their results stay as they are: {why}"))
    }
}

/// Starts a check. The output of a `MISC_CHECK` is not used yet.
fn launch(
    (owner, ..): ScriptKey,
    command: &Command,
    accounts: &Accounts,
    outputs: &mut Outputs,
) -> Result<(Child, Option<OutputId>), Errno> {
    let credentials = accounts.find(command.user.as_ref()).map_err(|_| Errno::EINVAL)?;
    let uid = credentials.uid;
    let mut launch = command::launch(command, &[], credentials)?;
    let output = if owner == Owner::Vrrp { outputs.open(uid) } else { None };
    let (id, far) = output.unzip();
    launch.output = far;
    match launch.start() {
        Ok(child) => Ok((child, id)),
        Err(errno) => {
            id.map(|id| outputs.close(id));
            Err(errno)
        }
    }
}

fn done(started: Option<Monotonic>, outcome: ScriptOutcome) -> News {
    News::Done(ScriptRun { started, ended: Monotonic::now(), outcome, output: String::new() })
}

fn unknown(errno: i32) -> News {
    done(None, ScriptOutcome::Shortage(errno))
}

fn outcome(ended: Ended) -> ScriptOutcome {
    match ended {
        Ended::Exited(status) => ScriptOutcome::Exited(status),
        Ended::Signalled(signal) => ScriptOutcome::Signalled(signal),
        Ended::NotStarted(errno) => not_started(errno),
    }
}

fn not_started(errno: i32) -> ScriptOutcome {
    if is_shortage(errno) { ScriptOutcome::Shortage(errno) } else { ScriptOutcome::NotStarted(errno) }
}

/// Processes that may be younger than [`YOUTH`]. Most checks end sooner, and a machine that starts a thousand at once
/// would have none of them end in time; those that live longer mostly wait for something and do not count.
const MAX_YOUNG: usize = 64;

/// Until then a process is held to be computing.
const YOUTH: Duration = Duration::from_millis(50);

/// Between one line about a shortage and the next.
const TELL_AGAIN: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests;
