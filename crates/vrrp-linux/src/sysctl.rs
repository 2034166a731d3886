//! Per-interface network settings, `/proc/sys/net/ipv4/conf/NAME/...` and the same for IPv6.
//!
//! The files are opened by path, since interface names may contain the dots (`eth0.7`) that separate the parts of
//! a `sysctl` key. They show the network namespace of the calling thread.
//!
//! ```no_run
//! use vrrp_linux::sysctl::{self, Family};
//!
//! # fn main() -> std::io::Result<()> {
//! // Without this, removing one virtual address removes the others of its subnet.
//! let before = sysctl::set(Family::V4, "eth0.7", "promote_secondaries", 1)?;
//! // .. and when the daemon ends:
//! sysctl::set(Family::V4, "eth0.7", "promote_secondaries", before)?;
//! # Ok(())
//! # }
//! ```

use std::fs;
use std::io;
use std::path::PathBuf;

/// Which protocol's settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Family {
    /// `net.ipv4.conf`
    V4,
    /// `net.ipv6.conf`
    V6,
}

/// Reads a setting of `interface`, which may also be `all` or `default`.
pub fn read(family: Family, interface: &str, setting: &str) -> io::Result<i32> {
    let text = fs::read_to_string(path(family, interface, setting)?)?;
    text.trim().parse().map_err(|_| io::Error::from(io::ErrorKind::InvalidData))
}

/// Changes a setting of `interface` and gives the value it had; writes nothing if it has the value already.
pub fn set(family: Family, interface: &str, setting: &str, value: i32) -> io::Result<i32> {
    let before = read(family, interface, setting)?;
    if before != value {
        fs::write(path(family, interface, setting)?, value.to_string())?;
    }
    Ok(before)
}

fn path(family: Family, interface: &str, setting: &str) -> io::Result<PathBuf> {
    if !is_one_component(interface) || !is_one_component(setting) {
        return Err(io::Error::from(io::ErrorKind::InvalidInput));
    }
    let family = match family {
        Family::V4 => "ipv4",
        Family::V6 => "ipv6",
    };
    Ok(["/proc/sys/net", family, "conf", interface, setting].iter().collect())
}

fn is_one_component(name: &str) -> bool {
    !name.is_empty() && name != "." && name != ".." && !name.contains('/')
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn dots_in_an_interface_name_stay_dots() {
        let path = path(Family::V6, "eth0.7", "accept_dad").unwrap();
        assert_eq!(path, Path::new("/proc/sys/net/ipv6/conf/eth0.7/accept_dad"));
    }

    #[test]
    fn a_name_cannot_climb_out_of_the_tree() {
        for (interface, setting) in [("..", "x"), ("a/../..", "x"), ("", "x"), ("lo", ".."), ("lo", "a/b")] {
            assert!(path(Family::V4, interface, setting).is_err(), "{interface:?} {setting:?}");
        }
    }
}
