//! Threads for jobs, as many as are needed at once, up to a limit.
//!
//! Checks have a limit of their own: many may watch files of one file system that hangs, and a state file on another one
//! is to be written all the same.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use mio::{Registry, Token, Waker};

use super::jobs;
use super::message::{Done, Job};

type Result = std::result::Result<Done, i32>;

#[derive(Debug)]
pub(super) struct Pool {
    checks: Lane,
    others: Lane,
    answer: Sender<(u64, bool, Result)>,
    answers: Receiver<(u64, bool, Result)>,
    waker: Arc<Waker>,
}

/// Jobs of one kind.
#[derive(Debug, Default)]
struct Lane {
    busy: usize,
    queue: VecDeque<(u64, Job)>,
}

impl Pool {
    /// The poll tells by `token` that something was done.
    ///
    /// # Errors
    /// The poll cannot be woken.
    pub(super) fn new(registry: &Registry, token: Token) -> io::Result<Self> {
        let (answer, answers) = channel();
        let waker = Arc::new(Waker::new(registry, token)?);
        Ok(Self { checks: Lane::default(), others: Lane::default(), answer, answers, waker })
    }

    /// Does a job when a thread is free.
    pub(super) fn begin(&mut self, id: u64, job: Job) {
        let is_check = matches!(job, Job::Open(_));
        self.lane(is_check).queue.push_back((id, job));
        self.advance(is_check);
    }

    /// A job that was done.
    pub(super) fn take_done(&mut self) -> Option<(u64, Result)> {
        let (id, is_check, result) = self.answers.try_recv().ok()?;
        self.lane(is_check).busy -= 1;
        self.advance(is_check);
        Some((id, result))
    }

    fn advance(&mut self, is_check: bool) {
        let limit = if is_check { MAX_CHECKS } else { MAX_OTHERS };
        while self.lane(is_check).busy < limit
            && let Some((id, job)) = self.lane(is_check).queue.pop_front()
        {
            self.lane(is_check).busy += 1;
            let stack = if matches!(job, Job::Read { .. } | Job::Fingerprint { .. }) {
                READER_STACK_LEN
            } else {
                STACK_LEN
            };
            let (answer, waker) = (self.answer.clone(), Arc::clone(&self.waker));
            let work = move || {
                // Nobody is left to hear it at the end of the process.
                let _ = answer.send((id, is_check, jobs::perform(&job)));
                let _ = waker.wake();
            };
            let started = thread::Builder::new().stack_size(stack).spawn(work);
            if let Err(error) = started {
                let errno = error.raw_os_error().unwrap_or(libc::EAGAIN);
                let _ = self.answer.send((id, is_check, Err(errno)));
                let _ = self.waker.wake();
                return;
            }
        }
    }

    fn lane(&mut self, is_check: bool) -> &mut Lane {
        if is_check { &mut self.checks } else { &mut self.others }
    }
}

/// Files that are opened at once: so many may hang before others have to wait.
const MAX_CHECKS: usize = 64;
const MAX_OTHERS: usize = 16;

/// Bytes; opening and writing files takes few.
const STACK_LEN: usize = 128 * 1024;

/// Bytes; as a main thread has.
const READER_STACK_LEN: usize = 8 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn every_job_is_done_with_a_bounded_number_of_threads() {
        let mut poll = mio::Poll::new().unwrap();
        let mut threads = Pool::new(poll.registry(), Token(0)).unwrap();
        let count = 320;
        for id in 0..count {
            let path = if id % 2 == 0 { "/etc/passwd" } else { "/no/such" };
            threads.begin(id, Job::Open(path.into()));
            assert!(threads.checks.busy <= MAX_CHECKS);
        }
        let mut events = mio::Events::with_capacity(8);
        let mut done = Vec::new();
        for _ in 0..count {
            while let Some((id, result)) = threads.take_done() {
                done.push((id, result.map(drop)));
            }
            if done.len() == 320 {
                break;
            }
            poll.poll(&mut events, Some(Duration::from_secs(1))).unwrap();
        }
        done.sort_unstable();
        let expected = |id| (id, if id % 2 == 0 { Ok(()) } else { Err(libc::ENOENT) });
        assert_eq!(done, (0..count).map(expected).collect::<Vec<_>>());
        assert_eq!(threads.checks.busy, 0);
    }
}
