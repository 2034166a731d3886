//! The two things that must happen between fork and exec; the crate's only `unsafe`.

#![expect(unsafe_code, reason = "CommandExt::pre_exec is unsafe; both closures only make system calls")]

use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

use nix::fcntl::{OFlag, open};
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::stat::Mode;
use nix::unistd::{getgid, getuid, write};

/// Lets the command start as root of a user namespace of its own, mapped to the calling user.
pub(super) fn in_user_namespace(command: &mut Command) -> &mut Command {
    let uid_map = format!("0 {} 1\n", getuid());
    let gid_map = format!("0 {} 1\n", getgid());
    let enter = move || {
        unshare(CloneFlags::CLONE_NEWUSER)?;
        put(c"/proc/self/setgroups", "deny")?;
        put(c"/proc/self/uid_map", &uid_map)?;
        put(c"/proc/self/gid_map", &gid_map)
    };
    // SAFETY: the closure runs in the single-threaded child and only makes the system calls unshare, open,
    // write and close; it neither allocates nor takes a lock (paths are C strings, texts are made beforehand).
    unsafe { command.pre_exec(enter) }
}

/// Lets the command, the first process of a process namespace, mount that namespace's `/proc` over the old one.
/// Where the kernel forbids it (a container that hides parts of `/proc`) the old one stays.
pub(super) fn with_own_proc(command: &mut Command) -> &mut Command {
    let mount_proc = || {
        let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
        let _ = mount(Some(c"proc"), c"/proc", Some(c"proc"), flags, None::<&std::ffi::CStr>);
        Ok(())
    };
    // SAFETY: the closure runs in the single-threaded child and makes one system call with C string literals;
    // it neither allocates nor takes a lock.
    unsafe { command.pre_exec(mount_proc) }
}

fn put(path: &std::ffi::CStr, text: &str) -> io::Result<()> {
    let file = open(path, OFlag::O_WRONLY | OFlag::O_CLOEXEC, Mode::empty())?;
    let written = write(&file, text.as_bytes())?;
    if written == text.len() { Ok(()) } else { Err(io::Error::from_raw_os_error(libc::EIO)) }
}
