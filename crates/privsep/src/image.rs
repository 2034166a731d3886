//! Executing another program in the place of this one, with descriptors that stay open.

#![expect(unsafe_code, reason = "descriptors come by number, and execve takes pointers")]

use std::ffi::{CString, OsString};
use std::io;
use std::os::fd::{AsRawFd as _, BorrowedFd, FromRawFd as _, OwnedFd, RawFd};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};

use nix::sys::signal::{SigSet, SigmaskHow, sigprocmask};
use rustix::io::FdFlags;

use crate::process;

/// The program to execute.
#[derive(Debug)]
pub struct Image<'a> {
    /// The open program.
    pub program: BorrowedFd<'a>,
    /// A variable that it finds in its environment, beside those of this program.
    pub variable: (&'a str, String),
    /// The descriptors that stay open.
    pub kept: Vec<BorrowedFd<'a>>,
}

impl Image<'_> {
    /// Becomes the program, with the command line of this one, or says why not: everything is as before then. Signals that come
    /// meanwhile wait; the program has them delivered with [`unblock_signals`].
    pub fn execute(&self) -> io::Error {
        match self.try_execute() {
            Ok(error) | Err(error) => error,
        }
    }

    fn try_execute(&self) -> io::Result<io::Error> {
        let program = CString::new(format!("/proc/self/fd/{}", self.program.as_raw_fd()))?;
        let arguments: Vec<CString> =
            std::env::args_os().map(|word| CString::new(word.into_vec())).collect::<Result<_, _>>()?;
        let (name, value) = &self.variable;
        let others = std::env::vars_os().filter(|(other, _)| other != name);
        let all = others.chain([(OsString::from(name), OsString::from(value))]);
        let environment: Vec<CString> = all
            .filter_map(|(name, value)| CString::new([name.as_bytes(), b"=", value.as_bytes()].concat()).ok())
            .collect();
        let (arguments, environment) = (pointers(&arguments), pointers(&environment));
        let mut mask = SigSet::empty();
        sigprocmask(SigmaskHow::SIG_SETMASK, Some(&SigSet::all()), Some(&mut mask))?;
        self.keep(FdFlags::empty());
        process::lower_descriptor_limit();
        // SAFETY: both arrays end with a null pointer and point to strings that live here.
        unsafe { libc::execve(program.as_ptr(), arguments.as_ptr(), environment.as_ptr()) };
        let error = io::Error::last_os_error();
        process::raise_descriptor_limit();
        self.keep(FdFlags::CLOEXEC);
        sigprocmask(SigmaskHow::SIG_SETMASK, Some(&mask), None)?;
        Ok(error)
    }

    fn keep(&self, flags: FdFlags) {
        for descriptor in &self.kept {
            let _ = rustix::io::fcntl_setfd(descriptor, flags);
        }
    }
}

/// Signals that came while programs changed are heard from now on: their handlers are there.
pub fn unblock_signals() {
    let _ = sigprocmask(SigmaskHow::SIG_SETMASK, Some(&SigSet::empty()), None);
}

/// Takes a variable out of the environment. To be called before this process has a second thread: it stays there otherwise.
pub fn take_variable(name: &str) -> Option<String> {
    let value = std::env::var(name).ok()?;
    if std::fs::read_dir("/proc/self/task").is_ok_and(|threads| threads.count() == 1) {
        // SAFETY: this process has one thread.
        unsafe { std::env::remove_var(name) };
    }
    Some(value)
}

/// A descriptor that the program before this one in the same process left open, which nobody else in this process may know.
pub fn descriptor(number: RawFd) -> Option<OwnedFd> {
    if number <= 2 || !is_open(number) {
        return None;
    }
    // SAFETY: it is open, and the program before named it once.
    let descriptor = unsafe { OwnedFd::from_raw_fd(number) };
    rustix::io::fcntl_setfd(&descriptor, FdFlags::CLOEXEC).ok()?;
    Some(descriptor)
}

/// All descriptors that the program before this one left open, but the standard ones.
pub fn open_descriptors() -> Vec<RawFd> {
    let names = std::fs::read_dir("/proc/self/fd").into_iter().flatten().flatten();
    let numbers: Vec<RawFd> = names.filter_map(|name| name.file_name().to_str()?.parse().ok()).collect();
    // That of the directory itself is closed by now.
    numbers.into_iter().filter(|&number| number > 2 && is_open(number)).collect()
}

fn is_open(number: RawFd) -> bool {
    std::fs::read_link(format!("/proc/self/fd/{number}")).is_ok()
}

fn pointers(strings: &[CString]) -> Vec<*const libc::c_char> {
    strings.iter().map(|string| string.as_ptr()).chain([std::ptr::null()]).collect()
}
