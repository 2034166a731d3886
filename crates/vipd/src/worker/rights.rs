//! What a worker may do once it has what it needs from root: its capabilities and no more, and no way to gain others.

use rustix::thread::{CapabilitySet, CapabilitySets, capabilities, set_capabilities, set_no_new_privs};

/// What every worker needs: interfaces, addresses, raw sockets, marks, source ports below 1024, and what scheduling and
/// locked memory need later.
pub(crate) const NETWORK: CapabilitySet = CapabilitySet::NET_ADMIN
    .union(CapabilitySet::NET_RAW)
    .union(CapabilitySet::NET_BIND_SERVICE)
    .union(CapabilitySet::SYS_NICE)
    .union(CapabilitySet::IPC_LOCK);

/// The same, and files of others to be read: `FILE_CHECK` may watch any.
pub(crate) const NETWORK_AND_FILES: CapabilitySet = NETWORK.union(CapabilitySet::DAC_READ_SEARCH);

/// Gives up all others of this thread, which is the only one; gives a line for the log if that was not possible.
pub(crate) fn keep(wanted: CapabilitySet) -> Option<String> {
    let give_up = || {
        let held = capabilities(None)?.permitted;
        let kept = held.intersection(wanted);
        set_no_new_privs(true)?;
        set_capabilities(
            None,
            CapabilitySets { effective: kept, permitted: kept, inheritable: CapabilitySet::empty() },
        )
    };
    give_up().err().map(|error| format!("the worker keeps all of its capabilities: {error}"))
}
