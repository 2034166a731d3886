//! Rights of a worker once it has what it needs from root: a user of its own, the capabilities of the network, and no
//! way to gain others.
//!
//! A process of user 0 needs no capability to write root's files, and so to become root again. Setting addresses and
//! rules, opening raw sockets and writing `/proc/sys/net` takes `CAP_NET_ADMIN` and `CAP_NET_RAW`, for every user.

use std::io;

use nix::sys::prctl;
use nix::sys::signal::Signal;
use nix::unistd::{Gid, Uid, setgroups, setresgid, setresuid};
pub use rustix::thread::CapabilitySet;
use rustix::thread::{
    CapabilitySets, capabilities, capability_is_in_bounding_set, remove_capability_from_bounding_set,
    set_capabilities, set_no_new_privs,
};
use serde::{Deserialize, Serialize};

/// A user and its group, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunAs {
    /// User id.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
}

/// Capabilities of every worker: interfaces, addresses, raw sockets, marks, source ports below 1024, and those that
/// scheduling and locked memory need later.
pub const NETWORK: CapabilitySet = CapabilitySet::NET_ADMIN
    .union(CapabilitySet::NET_RAW)
    .union(CapabilitySet::NET_BIND_SERVICE)
    .union(CapabilitySet::SYS_NICE)
    .union(CapabilitySet::IPC_LOCK);

/// The same, and files of others to be read: `FILE_CHECK` may watch any.
pub const NETWORK_AND_FILES: CapabilitySet = NETWORK.union(CapabilitySet::DAC_READ_SEARCH);

/// Becomes this user with these capabilities; gives a line for the log for each right that could not be given up. To be
/// called while this is the only thread.
pub fn keep(wanted: CapabilitySet, user: Option<RunAs>) -> Vec<String> {
    let mut complaints = Vec::new();
    let mut attempt = |what: &str, done: io::Result<()>| {
        if let Err(error) = done {
            complaints.push(format!("{what}: {error}"));
        }
    };
    attempt("the worker could gain rights by running a program", set_no_new_privs(true).map_err(Into::into));
    attempt("the worker keeps its bounding set", drop_bounding_set(wanted));
    if let Some(user) = user.filter(|user| user.uid != 0 && Uid::effective().is_root()) {
        // A user namespace may know no other user. Root without capabilities there is an ordinary user.
        attempt("the worker keeps user 0", become_user(user));
    }
    attempt("the worker keeps all of its capabilities", keep_only(wanted));
    // The change of user took it back.
    attempt("the worker may outlive the parent", prctl::set_pdeathsig(Signal::SIGTERM).map_err(Into::into));
    complaints
}

fn drop_bounding_set(wanted: CapabilitySet) -> io::Result<()> {
    for capability in CapabilitySet::all().difference(wanted).iter() {
        // Those that this kernel does not know are in no set.
        if capability_is_in_bounding_set(capability).unwrap_or(false) {
            remove_capability_from_bounding_set(capability)?;
        }
    }
    Ok(())
}

/// The permitted capabilities stay; the effective ones are set by [`keep_only`].
fn become_user(user: RunAs) -> io::Result<()> {
    let (uid, gid) = (Uid::from_raw(user.uid), Gid::from_raw(user.gid));
    prctl::set_keepcaps(true)?;
    setgroups(&[])?;
    setresgid(gid, gid, gid)?;
    setresuid(uid, uid, uid)?;
    prctl::set_keepcaps(false)?;
    Ok(())
}

fn keep_only(wanted: CapabilitySet) -> io::Result<()> {
    let kept = capabilities(None)?.permitted.intersection(wanted);
    let sets = CapabilitySets { effective: kept, permitted: kept, inheritable: CapabilitySet::empty() };
    set_capabilities(None, sets).map_err(Into::into)
}
