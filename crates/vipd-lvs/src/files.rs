//! Files that checks need, read by threads of their own.
//!
//! A file system that hangs (an NFS server that is away) blocks every reader, for as long as it likes. So the loop only
//! asks, and is woken when there is an answer; an attempt that has waited long enough has failed. A file is read once
//! for all who wait for it, and a read that hangs is not begun again before it has ended.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use lvs_health::director::AttemptId;
use lvs_health::file::CONTENT_LIMIT;
use mio::{Registry, Token, Waker};

/// A file to read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Job {
    /// The beginning of a file with a number in it.
    Number(PathBuf),
    /// Certificates, or a key.
    Certificates(PathBuf),
}

/// The content of the file, or the error.
pub(super) type Content = io::Result<Vec<u8>>;

/// A read that has ended.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) job: Job,
    pub(super) content: Content,
    /// The attempts that waited for it, with their step.
    pub(super) waited: Vec<(AttemptId, usize)>,
}

/// The reads under way.
#[derive(Debug)]
pub(super) struct Files {
    pool: Pool,
    answers: Receiver<(Job, Content)>,
    reads: HashMap<Job, Read>,
    /// Reads for which no thread was free.
    queue: VecDeque<Job>,
    waiting: HashMap<AttemptId, Waiting>,
    deadlines: BTreeSet<(Instant, AttemptId)>,
}

/// A read that somebody asked for.
#[derive(Debug, Default)]
struct Read {
    waiting: Vec<AttemptId>,
    begun: bool,
    /// Its result may be from before a reload.
    outdated: bool,
}

#[derive(Debug)]
struct Waiting {
    job: Job,
    step: usize,
    timeout: Duration,
    /// Set when the read begins.
    deadline: Option<Instant>,
}

impl Files {
    /// None yet. The poll tells by `token` that reads have ended.
    ///
    /// # Errors
    /// The poll cannot be woken.
    pub(super) fn new(registry: &Registry, token: Token) -> io::Result<Self> {
        let waker = Arc::new(Waker::new(registry, token)?);
        let (answer, answers) = channel();
        Ok(Self {
            pool: Pool::new(answer, waker),
            answers,
            reads: HashMap::new(),
            queue: VecDeque::new(),
            waiting: HashMap::new(),
            deadlines: BTreeSet::new(),
        })
    }

    /// Reads something for an attempt, which waits no longer than `timeout` once the read has begun.
    pub(super) fn ask(&mut self, now: Instant, job: Job, attempt: AttemptId, step: usize, timeout: Duration) {
        self.waiting.insert(attempt, Waiting { job: job.clone(), step, timeout, deadline: None });
        let read = self.reads.entry(job.clone()).or_insert_with(|| {
            self.queue.push_back(job);
            Read::default()
        });
        read.waiting.push(attempt);
        if read.begun {
            self.start_clock(now, attempt);
        }
        self.begin_reads(now);
    }

    /// Nobody waits for this attempt any more.
    pub(super) fn cancel(&mut self, attempt: AttemptId) {
        let Some(waiting) = self.waiting.remove(&attempt) else { return };
        if let Some(deadline) = waiting.deadline {
            self.deadlines.remove(&(deadline, attempt));
        }
        if let Some(read) = self.reads.get_mut(&waiting.job) {
            read.waiting.retain(|&other| other != attempt);
        }
    }

    /// Certificates may have changed: a check that waits for some gets those that are read from now on.
    pub(super) fn outdate_certificates(&mut self) {
        for (job, read) in &mut self.reads {
            read.outdated |= read.begun && matches!(job, Job::Certificates(_));
        }
    }

    /// The reads that have ended since the last call.
    pub(super) fn take_done(&mut self, now: Instant) -> Vec<Done> {
        let mut done = Vec::new();
        while let Ok((job, content)) = self.answers.try_recv() {
            self.pool.busy -= 1;
            let Some(read) = self.reads.get_mut(&job) else { continue };
            if read.outdated {
                // Once more, if anybody still waits for it.
                *read = Read { waiting: std::mem::take(&mut read.waiting), ..Read::default() };
                self.queue.push_back(job);
                continue;
            }
            let attempts = self.reads.remove(&job).unwrap_or_default().waiting;
            let waited = attempts.into_iter().filter_map(|attempt| {
                let waiting = self.waiting.remove(&attempt)?;
                if let Some(deadline) = waiting.deadline {
                    self.deadlines.remove(&(deadline, attempt));
                }
                Some((attempt, waiting.step))
            });
            let waited = waited.collect();
            done.push(Done { job, content, waited });
        }
        self.begin_reads(now);
        done
    }

    /// The attempts that have waited long enough.
    pub(super) fn handle_timeout(&mut self, now: Instant) -> Vec<AttemptId> {
        let mut late = Vec::new();
        while let Some(&(at, attempt)) = self.deadlines.first()
            && at <= now
        {
            self.cancel(attempt);
            late.push(attempt);
        }
        late
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.deadlines.first().map(|&(at, _)| at)
    }

    fn begin_reads(&mut self, now: Instant) {
        while self.pool.busy < MOST_THREADS
            && let Some(job) = self.queue.pop_front()
        {
            let Some(read) = self.reads.get_mut(&job) else { continue };
            if read.waiting.is_empty() {
                self.reads.remove(&job);
                continue;
            }
            read.begun = true;
            for attempt in read.waiting.clone() {
                self.start_clock(now, attempt);
            }
            self.pool.begin(job);
        }
    }

    fn start_clock(&mut self, now: Instant, attempt: AttemptId) {
        let Some(waiting) = self.waiting.get_mut(&attempt).filter(|waiting| waiting.deadline.is_none())
        else {
            return;
        };
        let deadline = now + waiting.timeout.min(LONGEST);
        waiting.deadline = Some(deadline);
        self.deadlines.insert((deadline, attempt));
    }
}

/// Threads that read: as many as have been needed at once.
#[derive(Debug)]
struct Pool {
    jobs: Sender<Job>,
    /// Where free threads wait for the next job.
    next: Arc<Mutex<Receiver<Job>>>,
    answer: Sender<(Job, Content)>,
    waker: Arc<Waker>,
    threads: usize,
    /// Jobs that were given and not answered.
    busy: usize,
}

impl Pool {
    fn new(answer: Sender<(Job, Content)>, waker: Arc<Waker>) -> Self {
        let (jobs, next) = channel();
        Self { jobs, next: Arc::new(Mutex::new(next)), answer, waker, threads: 0, busy: 0 }
    }

    fn begin(&mut self, job: Job) {
        self.busy += 1;
        if self.busy > self.threads {
            match self.hire() {
                Ok(()) => self.threads += 1,
                Err(error) if self.threads == 0 => return give(&self.answer, &self.waker, job, Err(error)),
                // One of the others will come to it.
                Err(_) => {}
            }
        }
        // Of the two ends of this channel one is ours.
        let _ = self.jobs.send(job);
    }

    fn hire(&self) -> io::Result<()> {
        let (next, answer, waker) = (Arc::clone(&self.next), self.answer.clone(), Arc::clone(&self.waker));
        let work = move || {
            while let Ok(job) = next.lock().map_err(drop).and_then(|next| next.recv().map_err(drop)) {
                let content = read(&job);
                give(&answer, &waker, job, content);
            }
        };
        // The stack counts where memory is locked.
        thread::Builder::new().name("reader".to_owned()).stack_size(STACK_LEN).spawn(work)?;
        Ok(())
    }
}

fn give(answer: &Sender<(Job, Content)>, waker: &Waker, job: Job, content: Content) {
    // Nobody is left to hear it at the end of the worker.
    let _ = answer.send((job, content));
    let _ = waker.wake();
}

fn read(job: &Job) -> Content {
    match job {
        Job::Number(path) => {
            // A FIFO without a writer is as an empty file.
            let file =
                File::options().read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(path)?;
            beginning(file, CONTENT_LIMIT)
        }
        Job::Certificates(path) => whole(path),
    }
}

fn whole(path: &Path) -> Content {
    let content = beginning(File::open(path)?, CERTIFICATES_LIMIT + 1)?;
    if content.len() > CERTIFICATES_LIMIT {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(content)
}

fn beginning(file: File, most: usize) -> Content {
    let mut content = Vec::new();
    file.take(u64::try_from(most).unwrap_or(u64::MAX)).read_to_end(&mut content)?;
    Ok(content)
}

/// Reads at once: so many may hang before files that could be read have to wait.
const MOST_THREADS: usize = 32;

/// Octets; reading a file takes few.
const STACK_LEN: usize = 128 * 1024;

/// Octets: many times all authorities that any system trusts.
const CERTIFICATES_LIMIT: usize = 16 * 1024 * 1024;

/// No clock overflows by a year.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

#[cfg(test)]
mod tests;
