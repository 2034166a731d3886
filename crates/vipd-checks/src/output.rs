//! Output of check scripts: a pipe for each run, of which the last line is kept.
//!
//! A check must behave as if it wrote to `/dev/null`: nothing that it writes may fail, end it or fill memory. A file in
//! memory would grow with a flood, and a limit of its size is an error (or a signal) to a program that downloads a page
//! to its standard output; so it is a pipe of [`CAPACITY`] bytes, read by the parent's loop while the run lasts.
//!
//! A program that a check leaves behind goes on writing to that pipe when nobody reads it any more. Its descriptor is
//! open for reading too, so it never gets SIGPIPE, and is made non-blocking when the run ends, so it never waits: a
//! write that does not fit is refused. Where there is no pipe (want of descriptors, no `/proc`), the output goes to
//! `/dev/null`.

use std::collections::HashMap;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};

use nix::unistd::Uid;
use rustix::event::epoll;
use rustix::fs::{Gid as FileGroup, Mode, OFlags, Uid as Owner, fchown, fcntl_setfl, open};
use rustix::io::{Errno, fcntl_dupfd_cloexec, read};
use rustix::pipe::{PipeFlags, fcntl_setpipe_size, pipe_with};

use super::last_line::LastLine;

/// The outputs of the runs under way.
#[derive(Debug)]
pub(super) struct Outputs {
    /// Ready when something was written; `None` if there is none, and no output is read.
    epoll: Option<OwnedFd>,
    runs: HashMap<OutputId, Output>,
    next: u64,
    has_more: bool,
}

/// The output of one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct OutputId(u64);

#[derive(Debug)]
struct Output {
    /// Non-blocking.
    reading: OwnedFd,
    /// The same open file as the script's.
    shared: OwnedFd,
    line: LastLine,
}

impl Default for Outputs {
    fn default() -> Self {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC).ok();
        Self { epoll, runs: HashMap::new(), next: 0, has_more: false }
    }
}

impl Outputs {
    /// A new one, and what the script has as its standard output and error; `None`: `/dev/null`.
    pub(super) fn open(&mut self, owner: Uid) -> Option<(OutputId, OwnedFd)> {
        let epoll = self.epoll.as_ref()?;
        let (output, far) = Output::new(owner).ok()?;
        let id = OutputId(self.next);
        let data = epoll::EventData::new_u64(id.0);
        epoll::add(epoll, &output.reading, data, epoll::EventFlags::IN).ok()?;
        self.next += 1;
        self.runs.insert(id, output);
        Some((id, far))
    }

    /// A run ended: the last line that it wrote.
    pub(super) fn close(&mut self, id: OutputId) -> String {
        let Some(mut output) = self.runs.remove(&id) else { return String::new() };
        if let Some(epoll) = &self.epoll {
            let _ = epoll::delete(epoll, &output.reading);
        }
        // Before the pipe is emptied: a program that was left behind and waits for room goes on.
        let _ = fcntl_setfl(&output.shared, OFlags::NONBLOCK);
        output.read(CAPACITY);
        output.line.finish()
    }

    /// Reads what was written, so much at most that the loop is not kept from others.
    pub(super) fn read_some(&mut self) {
        self.has_more = false;
        let Some(epoll) = &self.epoll else { return };
        let mut ready = Vec::with_capacity(MAX_READY);
        if epoll::wait(epoll, rustix::buffer::spare_capacity(&mut ready), Some(&NO_WAIT)).is_err() {
            return;
        }
        self.has_more = ready.len() == MAX_READY;
        for event in ready {
            if let Some(output) = self.runs.get_mut(&OutputId(event.data.u64())) {
                self.has_more |= output.read(CAPACITY);
            }
        }
    }

    /// Whether [`Outputs::read_some`] left something.
    pub(super) fn has_more(&self) -> bool {
        self.has_more
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// Ready for reading when something was written.
    pub(super) fn descriptor(&self) -> Option<RawFd> {
        self.epoll.as_ref().map(AsRawFd::as_raw_fd)
    }
}

impl Output {
    fn new(owner: Uid) -> Result<(Self, OwnedFd), Errno> {
        let (reading, _writing) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)?;
        // It may be refused, and a larger pipe does as well.
        let _ = fcntl_setpipe_size(&reading, CAPACITY);
        // As `/dev/null`, it can be opened again by its user: `echo … >/dev/stderr`.
        let _ = fchown(&reading, Some(Owner::from_raw(owner.as_raw())), None::<FileGroup>);
        let path = format!("/proc/self/fd/{}", reading.as_raw_fd());
        let shared = open(path, OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())?;
        let far = fcntl_dupfd_cloexec(shared.as_fd(), ABOVE_STANDARD)?;
        Ok((Self { reading, shared, line: LastLine::default() }, far))
    }

    /// Reads so many bytes at most; whether there may be more.
    fn read(&mut self, budget: usize) -> bool {
        let (mut buffer, mut left) = ([0; 4096], budget);
        while left > 0 {
            match read(&self.reading, &mut buffer) {
                Ok(0) | Err(_) => return false,
                Ok(count) => {
                    self.line.push(buffer.get(..count).unwrap_or_default());
                    left = left.saturating_sub(count);
                }
            }
        }
        true
    }
}

/// Bytes that a pipe holds: so much a script writes before it waits for the parent, and 1,000 scripts at once take 16 MB.
const CAPACITY: usize = 16 * 1024;

/// Outputs that are read in one turn.
const MAX_READY: usize = 64;

/// A descriptor that is none of the three standard ones.
const ABOVE_STANDARD: RawFd = 4;

const NO_WAIT: rustix::event::Timespec = rustix::event::Timespec { tv_sec: 0, tv_nsec: 0 };
