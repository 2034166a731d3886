//! Network namespaces: enter one by name, or make one that vanishes with its last user.
//!
//! A namespace is a property of the thread. A socket belongs for good to the namespace its thread was in when it
//! was opened, so a program that serves one namespace enters it before it opens anything.
//!
//! ```no_run
//! use vrrp_linux::links::LinkCommands;
//! use vrrp_linux::namespace::Namespace;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let laboratory = Namespace::create()?;
//! let mut links = laboratory.run(LinkCommands::open)??;
//! let loopback = links.index_of("lo")?;
//! links.set_up(loopback)?;
//! # Ok(())
//! # }
//! ```

use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;
use std::thread;

use nix::sched::{CloneFlags, setns, unshare};
use nix::unistd::{getegid, geteuid};

/// A network namespace, kept alive by this value.
#[derive(Debug)]
pub struct Namespace {
    file: File,
}

impl Namespace {
    /// The namespace of the calling thread.
    pub fn current() -> io::Result<Self> {
        File::open("/proc/thread-self/ns/net").map(|file| Self { file })
    }

    /// The namespace that `ip netns add NAME` made (keepalived's `net_namespace NAME`).
    pub fn open(name: &str) -> io::Result<Self> {
        if name.is_empty() || name.contains('/') || name == "." || name == ".." {
            return Err(io::Error::from(io::ErrorKind::InvalidInput));
        }
        File::open(Path::new("/run/netns").join(name)).map(|file| Self { file })
    }

    /// A new namespace with nothing in it but a loopback interface that is down. Needs `CAP_SYS_ADMIN`.
    ///
    /// The calling thread stays where it is.
    pub fn create() -> io::Result<Self> {
        on_a_thread(|| {
            unshare(CloneFlags::CLONE_NEWNET)?;
            Self::current()
        })?
    }

    /// Moves the calling thread, and the threads it starts from now on, into this namespace.
    pub fn enter(&self) -> io::Result<()> {
        setns(&self.file, CloneFlags::CLONE_NEWNET).map_err(io::Error::from)
    }

    /// Runs `work` in this namespace, on a thread of its own, and waits for it.
    pub fn run<T: Send>(&self, work: impl FnOnce() -> T + Send) -> io::Result<T> {
        on_a_thread(|| self.enter().map(|()| work()))?
    }
}

impl AsFd for Namespace {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

/// Makes an unprivileged process root in a new user namespace with a network of its own, where it may do
/// everything this crate does.
///
/// Only works before the process starts its second thread, and where the administrator allows user namespaces.
pub fn become_root_in_new_user_namespace() -> io::Result<()> {
    let (user, group) = (geteuid(), getegid());
    unshare(CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWNET)?;
    fs::write("/proc/self/uid_map", format!("0 {user} 1"))?;
    fs::write("/proc/self/setgroups", "deny")?;
    fs::write("/proc/self/gid_map", format!("0 {group} 1"))
}

/// Runs `work` on a fresh thread, so that its changes to the thread go away with it. A panic goes on in the caller.
fn on_a_thread<T: Send>(work: impl FnOnce() -> T + Send) -> io::Result<T> {
    thread::scope(|scope| {
        let handle = thread::Builder::new().name("namespace".to_owned()).spawn_scoped(scope, work)?;
        handle.join().map_err(|panic| std::panic::resume_unwind(panic))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_the_directory_of_names() {
        for name in ["", ".", "..", "../../proc/self/ns/net", "a/b"] {
            let error = Namespace::open(name).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{name:?}");
        }
    }

    #[test]
    fn a_name_nobody_made_is_not_found() {
        assert_eq!(Namespace::open("no-such-namespace").unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
