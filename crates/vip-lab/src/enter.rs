//! The way into the namespaces: the rights to make them, and the setting to enable where they are missing.

use std::fmt;
use std::io::{self, Write};
use std::path::Path;
use std::process::Command;

use nix::sched::{CloneFlags, unshare};
use nix::unistd::{geteuid, getgid, getuid};

/// Set in the environment of a process that [`run_test`] re-executed.
const INSIDE: &str = "VIP_LAB_INSIDE";

/// Why no network namespace can be made here.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Denied {
    /// The kernel refuses a user namespace.
    #[error("this user may not make a user namespace ({source}){}", Advice)]
    UserNamespace {
        /// The kernel's answer.
        source: io::Error,
    },
    /// Root without the capability, as in a container.
    #[error(
        "even root may not make a network namespace here ({source}); in a container, run it with CAP_SYS_ADMIN and CAP_NET_ADMIN or outside{}",
        Advice
    )]
    NetworkNamespace {
        /// The kernel's answer.
        source: io::Error,
    },
    /// The calling process has more than one thread, and the kernel wants one.
    #[error("a user namespace must be entered before the first thread is started")]
    Threads,
}

/// The settings that forbid user namespaces, with the values of this machine.
struct Advice;

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut any = false;
        for (name, bad, good) in SETTINGS {
            let path = format!("/proc/sys/{}", name.replace('.', "/"));
            let Ok(value) = std::fs::read_to_string(path) else { continue };
            if value.trim() == bad {
                any = true;
                write!(f, "\n  {name} is {bad}: enable it with `sysctl -w {name}={good}` as root")?;
            }
        }
        if !any {
            write!(
                f,
                "\n  settings to look at: {}, and the container's seccomp profile",
                SETTINGS.map(|(name, _, _)| name).join(", ")
            )?;
        }
        write!(f, "\n  or run the same command as root")
    }
}

/// Setting, the value that forbids, a value that allows.
const SETTINGS: [(&str, &str, &str); 3] = [
    ("kernel.unprivileged_userns_clone", "0", "1"),
    ("user.max_user_namespaces", "0", "10000"),
    ("kernel.apparmor_restrict_unprivileged_userns", "1", "0"),
];

/// Makes sure that this process may make network namespaces, by making it root of its own user namespace if it
/// is not root already. Call it first in `main`: an ordinary user's process must still have one thread.
pub fn enter() -> Result<(), Denied> {
    if geteuid().is_root() {
        return may_unshare().map_err(|source| Denied::NetworkNamespace { source });
    }
    if threads() > 1 {
        return Err(Denied::Threads);
    }
    let (uid, gid) = (getuid(), getgid());
    unshare(CloneFlags::CLONE_NEWUSER).map_err(|errno| Denied::UserNamespace { source: errno.into() })?;
    map_to_root(uid.as_raw(), gid.as_raw()).map_err(|source| Denied::UserNamespace { source })?;
    may_unshare().map_err(|source| Denied::UserNamespace { source })
}

/// Runs a test body where namespaces can be made: here for root, else by running the same test once more in a
/// user namespace. Where that is forbidden it prints a line that begins with `SKIPPED` and does nothing.
///
/// `test` is the test's full name, as `--exact` wants it.
pub fn run_test(test: &str, body: impl FnOnce()) {
    let inside = geteuid().is_root() || std::env::var_os(INSIDE).is_some();
    if inside {
        return match may_unshare() {
            Ok(()) => body(),
            Err(source) => skipped(test, &Denied::NetworkNamespace { source }),
        };
    }
    let status = std::env::current_exe().and_then(|program| {
        let mut command = Command::new(program);
        command.args([test, "--exact", "--nocapture", "--include-ignored"]).env(INSIDE, "1");
        super::spawn::in_user_namespace(&mut command).status()
    });
    match status {
        Ok(status) => assert!(status.success(), "{test} failed inside the user namespace"),
        Err(source) => skipped(test, &Denied::UserNamespace { source }),
    }
}

/// Says on standard output, past the capture of the test runner, that a test does not run. The runner may have
/// begun a line.
fn skipped(test: &str, why: &Denied) {
    let _ = write!(io::stdout(), "\nSKIPPED {test}: {why}\n");
}

/// Tries on a thread of its own, so that nothing of this one changes.
fn may_unshare() -> io::Result<()> {
    let attempt = std::thread::spawn(|| unshare(CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWNS));
    attempt.join().map_err(|_| io::Error::other("the trying thread panicked"))?.map_err(io::Error::from)
}

fn threads() -> usize {
    std::fs::read_dir(Path::new("/proc/self/task")).map_or(1, Iterator::count)
}

fn map_to_root(uid: u32, gid: u32) -> io::Result<()> {
    std::fs::write("/proc/self/setgroups", "deny")?;
    std::fs::write("/proc/self/uid_map", format!("0 {uid} 1\n"))?;
    std::fs::write("/proc/self/gid_map", format!("0 {gid} 1\n"))
}
