//! The number of sockets that may be open at once.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Allows ourselves as many descriptors as we may; gives how many of them attempts may use.
pub(super) fn most_attempts() -> usize {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    // A refused limit shows in the limit that is read next.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    let limit = getrlimit(Resource::Nofile).current;
    let limit = limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
    limit.saturating_sub(RESERVE).max(1)
}

/// For the parent, the kernel, and files.
const RESERVE: usize = 64;
