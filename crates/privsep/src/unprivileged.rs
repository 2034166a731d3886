//! Processes that talk to strangers give up every right they were started with.

use std::io;

use nix::sys::prctl;
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::Signal;
use nix::unistd::{Gid, Uid, User, geteuid, setgid, setgroups, setuid};
use rustix::thread::{CapabilitySet, CapabilitySets, set_capabilities};

/// Becomes `nobody`, without any capability. Gives what could not be done where that leaves no right that matters.
///
/// # Errors
/// A right could not be given up: nothing may be read from the network.
pub fn become_nobody(who: &str) -> io::Result<Vec<String>> {
    let mut complaints = Vec::new();
    prctl::set_no_new_privs()?;
    // A password or a token must not end in a core file.
    prctl::set_dumpable(false)?;
    setrlimit(Resource::RLIMIT_CORE, 0, 0)?;
    if geteuid().is_root()
        && let Err(error) = change_user()
    {
        // A user namespace that knows no `nobody`: root without capabilities there is an ordinary user.
        complaints.push(format!("{who} keeps its user, without capabilities: {}", error.desc()));
    }
    let none = CapabilitySets {
        effective: CapabilitySet::empty(),
        permitted: CapabilitySet::empty(),
        inheritable: CapabilitySet::empty(),
    };
    set_capabilities(None, none)?;
    // The change of user took it back.
    prctl::set_pdeathsig(Signal::SIGTERM)?;
    Ok(complaints)
}

fn change_user() -> nix::Result<()> {
    let entry = User::from_name("nobody").ok().flatten();
    let (uid, gid) =
        entry.map_or((Uid::from_raw(NOBODY), Gid::from_raw(NOBODY)), |entry| (entry.uid, entry.gid));
    setgroups(&[])?;
    setgid(gid)?;
    setuid(uid)
}

/// Where no file says it.
const NOBODY: u32 = 65_534;
