//! Starting other programs without waiting for them.
//!
//! The standard library's `Command` waits until the new program runs, which a hung file system can make long. Here
//! the parent only forks; why a program could not be run comes back with its end. Every child leads a process
//! group, dies with the parent (SIGTERM), has clean signals, and sees no descriptor of ours.

#![expect(unsafe_code, reason = "only plain system calls are made between fork and exec")]

use std::ffi::CString;
use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, FdFlag, OFlag, fcntl};
use nix::sys::prctl;
use nix::sys::signal::{SigSet, SigmaskHow, Signal as NixSignal, sigprocmask};
use nix::unistd::{ForkResult, Gid, Uid, fork, setgid, setgroups, setpgid, setuid};
use rustix::process::{
    Pid, Resource, Rlimit, Signal, WaitId, WaitIdOptions, getrlimit, kill_process, kill_process_group,
    setrlimit, waitid,
};
use serde::{Deserialize, Serialize};

/// The account that a program runs as.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Numbers", into = "Numbers")]
pub struct Credentials {
    /// The user.
    pub uid: Uid,
    /// Its group.
    pub gid: Gid,
    /// Supplementary groups.
    pub groups: Vec<Gid>,
}

/// Credentials as they are sent: user, group, supplementary groups.
#[derive(Serialize, Deserialize)]
struct Numbers(u32, u32, Vec<u32>);

impl From<Numbers> for Credentials {
    fn from(Numbers(uid, gid, groups): Numbers) -> Self {
        let groups = groups.into_iter().map(Gid::from_raw).collect();
        Self { uid: Uid::from_raw(uid), gid: Gid::from_raw(gid), groups }
    }
}

impl From<Credentials> for Numbers {
    fn from(credentials: Credentials) -> Self {
        let groups = credentials.groups.into_iter().map(Gid::as_raw).collect();
        Self(credentials.uid.as_raw(), credentials.gid.as_raw(), groups)
    }
}

impl Credentials {
    /// Those of this process; the kernel need not be asked to change anything.
    pub fn own() -> Self {
        Self { uid: Uid::effective(), gid: Gid::effective(), groups: Vec::new() }
    }

    fn is_own(&self) -> bool {
        self.uid == Uid::effective() && self.gid == Gid::effective()
    }
}

/// A program to start.
#[derive(Debug)]
pub struct Launch {
    /// Paths of the executable file: the first that there is is run. The child looks, not this process: a file system that
    /// hangs keeps the child waiting alone.
    pub programs: Vec<CString>,
    /// Its arguments, its name first.
    pub arguments: Vec<CString>,
    /// `NAME=value`.
    pub environment: Vec<CString>,
    /// The account that it runs as; `None` changes nothing.
    pub credentials: Option<Credentials>,
    /// Descriptor 3 of the program; without one, its standard input and outputs are `/dev/null` too.
    pub socket: Option<OwnedFd>,
    /// Its standard output and error instead of `/dev/null`.
    pub output: Option<OwnedFd>,
}

/// End of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// With this status.
    Exited(u8),
    /// By this signal.
    Signalled(i32),
    /// It never ran: errno.
    NotStarted(i32),
}

/// A started program. Its end must be awaited with [`Child::poll`], or it stays a zombie.
#[derive(Debug)]
pub struct Child {
    pid: Pid,
    /// Carries the errno of a program that could not be run.
    failure: File,
    condemned: bool,
}

impl Launch {
    /// Starts it.
    pub fn start(&self) -> Result<Child, Errno> {
        let (failure, report) = failure_pipe()?;
        let null = match self.socket {
            Some(_) => None,
            None => Some(
                File::options().read(true).write(true).open("/dev/null").map_err(|error| errno(&error))?,
            ),
        };
        let arguments = pointers(&self.arguments);
        let environment = pointers(&self.environment);
        let parent = nix::unistd::getpid();
        // A signal between fork and exec must not run our handlers in the child.
        let mut mask = SigSet::empty();
        sigprocmask(SigmaskHow::SIG_SETMASK, Some(&SigSet::all()), Some(&mut mask))?;
        // SAFETY: the child calls nothing but async-signal-safe functions until it execs or exits: everything that
        // allocates was done above.
        let forked = unsafe { fork() };
        if let Ok(ForkResult::Child) = forked {
            let errno = match self.prepare(null.as_ref(), parent) {
                Ok(()) => exec_first(&self.programs, &arguments, &environment),
                Err(errno) => errno,
            };
            give_up(report.as_fd(), errno);
        }
        let _ = sigprocmask(SigmaskHow::SIG_SETMASK, Some(&mask), None);
        let ForkResult::Parent { child } = forked? else { return Err(Errno::ECHILD) };
        // The child does the same: the group exists before anyone signals it, whichever process is first.
        let _ = setpgid(child, child);
        let pid = Pid::from_raw(child.as_raw()).ok_or(Errno::ECHILD)?;
        Ok(Child { pid, failure: File::from(failure), condemned: false })
    }

    /// Prepares the child before it becomes the program.
    fn prepare(&self, null: Option<&File>, parent: nix::unistd::Pid) -> Result<(), Errno> {
        let _ = setpgid(nix::unistd::Pid::from_raw(0), nix::unistd::Pid::from_raw(0));
        reset_signals();
        if let Some(null) = null {
            nix::unistd::dup2_stdin(null)?;
            let output = self.output.as_ref().map_or(null.as_fd(), AsFd::as_fd);
            nix::unistd::dup2_stdout(output)?;
            nix::unistd::dup2_stderr(output)?;
        }
        if let Some(socket) = &self.socket {
            place(socket)?;
        }
        restore_descriptor_limit();
        close_on_exec(if self.socket.is_some() { SOCKET + 1 } else { SOCKET });
        if let Some(credentials) = self.credentials.as_ref().filter(|credentials| !credentials.is_own()) {
            setgroups(&credentials.groups)?;
            setgid(credentials.gid)?;
            setuid(credentials.uid)?;
        }
        // Only now: a change of user takes it back.
        prctl::set_pdeathsig(NixSignal::SIGTERM)?;
        if nix::unistd::getppid() != parent {
            return Err(Errno::ESRCH);
        }
        sigprocmask(SigmaskHow::SIG_SETMASK, Some(&SigSet::empty()), None)
    }
}

impl Child {
    /// A child that the program before this one in the same process had started.
    pub fn adopt(pid: u32) -> Option<Self> {
        let pid = i32::try_from(pid).ok().and_then(Pid::from_raw)?;
        // It was started long ago: there is nothing to be read of that.
        let failure = File::open("/dev/null").ok()?;
        Some(Self { pid, failure, condemned: false })
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.pid.as_raw_nonzero().get().unsigned_abs()
    }

    /// Its end, if it has ended; to be called when SIGCHLD came, until it gives an answer.
    pub fn poll(&mut self) -> Option<Ended> {
        let peek = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        let status = match waitid(WaitId::Pid(self.pid), peek) {
            Ok(None) => return None,
            Ok(Some(status)) => status,
            // Not our child any more: nothing will ever be known about it.
            Err(_) => return Some(Ended::Exited(u8::MAX)),
        };
        if self.condemned {
            // While it is a zombie its number names this group and no other.
            self.signal_group(Signal::KILL);
        }
        let _ = waitid(WaitId::Pid(self.pid), WaitIdOptions::EXITED | WaitIdOptions::NOHANG);
        let mut errno = [0; 4];
        if self.failure.read_exact(&mut errno).is_ok() {
            return Some(Ended::NotStarted(i32::from_ne_bytes(errno)));
        }
        Some(match status.terminating_signal() {
            Some(signal) => Ended::Signalled(signal),
            None => Ended::Exited(
                status.exit_status().and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX),
            ),
        })
    }

    /// Whether it has ended; [`Child::poll`] says how.
    pub fn has_ended(&self) -> bool {
        let peek = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        !matches!(waitid(WaitId::Pid(self.pid), peek), Ok(None))
    }

    /// Sends a signal to it alone.
    pub fn signal(&self, signal: Signal) {
        let _ = kill_process(self.pid, signal);
    }

    /// Sends a signal to its process group.
    pub fn signal_group(&self, signal: Signal) {
        let _ = kill_process_group(self.pid, signal);
    }

    /// Its time is up: SIGTERM to its group, and when it ends, whoever is left of the group is killed.
    pub fn terminate(&mut self) {
        self.condemned = true;
        self.signal_group(Signal::TERM);
    }

    /// SIGKILL to its group.
    pub fn kill(&mut self) {
        self.condemned = true;
        self.signal_group(Signal::KILL);
    }
}

/// The errno of an error of the standard library.
pub fn errno(error: &std::io::Error) -> Errno {
    Errno::from_raw(error.raw_os_error().unwrap_or(libc::EIO))
}

/// Whether this machine lacks what the start of a program takes: processes, descriptors, memory. The program may be
/// as good as ever. (`ETXTBSY`: its file is being replaced.)
pub fn is_shortage(errno: i32) -> bool {
    matches!(
        errno,
        libc::EAGAIN
            | libc::EMFILE
            | libc::ENFILE
            | libc::ENOMEM
            | libc::ENOBUFS
            | libc::EINTR
            | libc::ETXTBSY
    )
}

/// Both ends close on exec, and the writing end is above [`SOCKET`]. Nobody waits on the reading end.
fn failure_pipe() -> Result<(OwnedFd, OwnedFd), Errno> {
    let (reading, writing) = nix::unistd::pipe2(OFlag::O_CLOEXEC | OFlag::O_NONBLOCK)?;
    let high = rustix::io::fcntl_dupfd_cloexec(&writing, SOCKET + 1)
        .map_err(|error| Errno::from_raw(error.raw_os_error()))?;
    Ok((reading, high))
}

fn pointers(strings: &[CString]) -> Vec<*const libc::c_char> {
    strings.iter().map(|string| string.as_ptr()).chain([std::ptr::null()]).collect()
}

/// Handlers go at exec by themselves; ignored signals would stay ignored.
fn reset_signals() {
    for signal in 1..=libc::SIGRTMAX() {
        // SAFETY: the default action is no function of ours. Signals that cannot be changed are refused.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
}

/// Makes the socket descriptor [`SOCKET`], open across exec.
fn place(socket: &OwnedFd) -> Result<(), Errno> {
    if socket.as_raw_fd() == SOCKET {
        fcntl(socket, FcntlArg::F_SETFD(FdFlag::empty()))?;
        return Ok(());
    }
    // SAFETY: plain system call on numbers; the child no longer uses the descriptors that it closes.
    Errno::result(unsafe { libc::dup2(socket.as_raw_fd(), SOCKET) }).map(drop)
}

/// Allows this process as many descriptors as it may have; children get the limit that it had before.
pub fn raise_descriptor_limit() {
    let limit = getrlimit(Resource::Nofile);
    let limit = *DESCRIPTOR_LIMIT.get_or_init(|| limit);
    // Where it is refused, the old one stays.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
}

/// For a program that is executed in place of this one: it finds the limit that this one found.
pub fn lower_descriptor_limit() {
    restore_descriptor_limit();
}

/// For the child: programs that use `select` cannot cope with high numbers.
fn restore_descriptor_limit() {
    if let Some(&limit) = DESCRIPTOR_LIMIT.get() {
        let _ = setrlimit(Resource::Nofile, limit);
    }
}

/// The limit before it was raised.
static DESCRIPTOR_LIMIT: OnceLock<Rlimit> = OnceLock::new();

/// Marks every descriptor from `first` on. Kernels before 5.11 cannot; ours are marked when made.
fn close_on_exec(first: i32) {
    // SAFETY: plain system call on numbers.
    unsafe { libc::syscall(libc::SYS_close_range, first, libc::c_uint::MAX, libc::CLOSE_RANGE_CLOEXEC) };
}

/// Becomes the first program that can be run, or says why there is none: as a shell looks through `PATH`.
fn exec_first(
    programs: &[CString],
    arguments: &[*const libc::c_char],
    environment: &[*const libc::c_char],
) -> Errno {
    let mut why = Errno::ENOENT;
    for program in programs {
        match exec(program, arguments, environment) {
            Errno::ENOENT | Errno::ENOTDIR => {}
            // It is there, but cannot be run: a better reason than that of a later one that is not there.
            Errno::EACCES => why = Errno::EACCES,
            errno => return errno,
        }
    }
    why
}

/// Becomes the program, or says why not.
fn exec(program: &CString, arguments: &[*const libc::c_char], environment: &[*const libc::c_char]) -> Errno {
    // SAFETY: both arrays end with a null pointer and point to strings that live in the caller.
    unsafe { libc::execve(program.as_ptr(), arguments.as_ptr(), environment.as_ptr()) };
    Errno::last()
}

/// Tells the parent and ends the child.
fn give_up(report: BorrowedFd<'_>, errno: Errno) -> ! {
    let _ = nix::unistd::write(report, &(errno as i32).to_ne_bytes());
    // SAFETY: ends the process; no destructor of the forked copy may run.
    unsafe { libc::_exit(127) }
}

/// Number of the descriptor that a worker finds its socket at.
pub const SOCKET: i32 = 3;

/// The socket that the process that started this one left for it, if there is something at its place. It is given out once,
/// to the main function: before that nothing else may open a descriptor.
#[must_use]
pub fn inherited_socket() -> Option<OwnedFd> {
    static IS_TAKEN: AtomicBool = AtomicBool::new(false);
    if !Path::new(&format!("/proc/self/fd/{SOCKET}")).exists() || IS_TAKEN.swap(true, Ordering::Relaxed) {
        return None;
    }
    // SAFETY: the descriptor is open, it came from the process that started this one, and nothing else in this process
    // knows it.
    Some(unsafe { OwnedFd::from_raw_fd(SOCKET) })
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    fn launch(program: &str, arguments: &[&str]) -> Launch {
        let c = |text: &str| CString::new(text).unwrap();
        Launch {
            programs: vec![c(program)],
            arguments: std::iter::once(program).chain(arguments.iter().copied()).map(c).collect(),
            environment: vec![c("PATH=/usr/bin:/bin")],
            credentials: None,
            socket: None,
            output: None,
        }
    }

    fn end(child: &mut Child) -> Ended {
        let limit = Instant::now() + Duration::from_secs(10);
        loop {
            if let Some(ended) = child.poll() {
                return ended;
            }
            assert!(Instant::now() < limit, "the child does not end");
            std::thread::yield_now();
        }
    }

    #[test]
    fn the_status_of_a_program_comes_back() {
        let mut child = launch("/bin/sh", &["-c", "exit 3"]).start().unwrap();
        assert_eq!(end(&mut child), Ended::Exited(3));
    }

    #[test]
    fn a_program_that_exits_127_was_started() {
        let mut child = launch("/bin/sh", &["-c", "exit 127"]).start().unwrap();
        assert_eq!(end(&mut child), Ended::Exited(127));
    }

    #[test]
    fn why_a_program_could_not_run_comes_back() {
        let mut child = launch("/nonexistent/program", &[]).start().unwrap();
        assert_eq!(end(&mut child), Ended::NotStarted(libc::ENOENT));
        let mut child = launch("/etc/passwd", &[]).start().unwrap();
        assert_eq!(end(&mut child), Ended::NotStarted(libc::EACCES));
    }

    #[test]
    fn the_first_of_several_programs_that_can_be_run_is_run() {
        let started = |programs: &[&str]| {
            let mut launch = launch("sh", &["-c", "exit 3"]);
            launch.programs = programs.iter().map(|&program| CString::new(program).unwrap()).collect();
            end(&mut launch.start().unwrap())
        };
        assert_eq!(started(&["/no/such/sh", "/etc/passwd/sh", "/etc/passwd", "/bin/sh"]), Ended::Exited(3));
        assert_eq!(started(&["/etc/passwd", "/no/such/sh"]), Ended::NotStarted(libc::EACCES));
        assert_eq!(started(&["/no/such/sh"]), Ended::NotStarted(libc::ENOENT));
        assert_eq!(started(&[]), Ended::NotStarted(libc::ENOENT));
    }

    #[test]
    fn a_program_has_the_descriptor_limit_that_the_parent_had_before_it_raised_its_own() {
        let before = getrlimit(Resource::Nofile);
        raise_descriptor_limit();
        let after = getrlimit(Resource::Nofile);
        assert_eq!(after.current, before.maximum);
        let text = |limit: Option<u64>| limit.map_or("unlimited".to_owned(), |limit| limit.to_string());
        let script = format!("[ $(ulimit -Sn) = {} ]", text(before.current));
        let mut child = launch("/bin/sh", &["-c", &script]).start().unwrap();
        assert_eq!(end(&mut child), Ended::Exited(0));
    }

    #[test]
    fn a_killed_program_is_reported_with_its_signal() {
        let mut child = launch("/bin/sh", &["-c", "sleep 60"]).start().unwrap();
        child.kill();
        assert_eq!(end(&mut child), Ended::Signalled(libc::SIGKILL));
    }

    #[test]
    fn a_program_sees_three_null_descriptors_and_leads_its_group() {
        let script = "set -- $(ls -l /proc/self/fd | grep -c ' -> ') $(readlink /proc/self/fd/2) \
                      $(cut -d' ' -f5 /proc/$$/stat); [ $1 -le 5 ] && [ $2 = /dev/null ] && [ $3 = $$ ]";
        let mut child = launch("/bin/sh", &["-c", script]).start().unwrap();
        assert_eq!(end(&mut child), Ended::Exited(0));
    }

    #[test]
    fn remaining_processes_of_a_terminated_group_are_killed_with_its_leader() {
        let (mut reading, writing) = std::io::pipe().unwrap();
        let mut start =
            launch("/bin/sh", &["-c", "trap 'exit 1' TERM; (trap '' TERM; exec sleep 60) & wait"]);
        start.socket = Some(OwnedFd::from(writing));
        let mut child = start.start().unwrap();
        drop(start);
        child.terminate();
        assert!(matches!(end(&mut child), Ended::Exited(_) | Ended::Signalled(_)));
        // The pipe ends only when nobody holds descriptor 3 any more.
        assert_eq!(reading.read(&mut [0]).unwrap(), 0);
    }
}
