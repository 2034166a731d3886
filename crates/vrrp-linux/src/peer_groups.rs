//! The groups of the other side of a local socket (`SO_PEERGROUPS`, Linux 4.13).
//!
//! The kernel noted them when the other side connected, so they are those of the process that connected, also if it has
//! ended since. `SO_PEERCRED` gives the user and the first group only.

#![expect(unsafe_code, reason = "getsockopt takes a pointer, and no crate offers this option")]

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

/// The groups of the other side of a connected local socket, without its first one.
///
/// # Errors
/// The kernel does not know the option, or this is no connected local socket.
pub fn peer_groups(socket: BorrowedFd<'_>) -> io::Result<Vec<u32>> {
    let mut groups = vec![0_u32; FIRST_GUESS];
    // The first call may say how many there are.
    for _ in 0..2 {
        let size = groups.len().saturating_mul(size_of::<u32>());
        let mut length = libc::socklen_t::try_from(size).map_err(io::Error::other)?;
        // SAFETY: `groups` has `length` writable octets, any of which make a `u32`; both outlive the call.
        let result = unsafe {
            libc::getsockopt(
                socket.as_raw_fd(),
                libc::SOL_SOCKET,
                libc::SO_PEERGROUPS,
                groups.as_mut_ptr().cast(),
                &raw mut length,
            )
        };
        let count = usize::try_from(length).map_err(io::Error::other)? / size_of::<u32>();
        if result == 0 {
            groups.truncate(count);
            return Ok(groups);
        }
        let error = io::Error::last_os_error();
        if error.raw_os_error() != Some(libc::ERANGE) {
            return Err(error);
        }
        groups.resize(count.min(MAX_GROUPS), 0);
    }
    Err(io::Error::from_raw_os_error(libc::ERANGE))
}

const FIRST_GUESS: usize = 64;

/// `NGROUPS_MAX`
const MAX_GROUPS: usize = 65_536;

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;
    use std::os::unix::net::UnixStream;

    use super::*;

    #[test]
    fn the_groups_of_this_process_are_those_of_the_other_side_too() {
        let (near, _far) = UnixStream::pair().unwrap();
        let mut groups = peer_groups(near.as_fd()).unwrap();
        let mut own: Vec<u32> = own_groups();
        groups.sort_unstable();
        own.sort_unstable();
        assert_eq!(groups, own);
    }

    fn own_groups() -> Vec<u32> {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("Groups:")).unwrap();
        line.split_whitespace().map(|group| group.parse().unwrap()).collect()
    }

    #[test]
    fn a_file_that_is_no_local_socket_has_no_groups() {
        let file = std::fs::File::open("/dev/null").unwrap();
        assert!(peer_groups(file.as_fd()).is_err());
    }
}
