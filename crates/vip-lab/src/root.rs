//! A root directory for one host: everything of this machine can be read, nothing of it can be written.
//!
//! The new root is a tmpfs. The old one is below `/.host`, read-only; `usr`, `dev` and the like are bound from
//! there. Directories in which a daemon keeps files (`etc`, `run`, `tmp`, …) are new, with a symbolic link for
//! each entry the machine has. So a host has its own `/run/NAME.pid` and `/tmp`, and the programs and libraries of
//! the machine. A directory below them is the machine's, read-only, until it is made private.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Component, Path, PathBuf};

use nix::mount::{MsFlags, mount};
use nix::unistd::{chdir, pivot_root};

/// Where a host sees the machine's own root, read-only.
const OLD_ROOT: &str = "/.host";

/// Directories that are bound as they are; any other gets a private copy made of links.
const BOUND: [&str; 12] =
    ["usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "nix", "gnu", "boot", "dev", "sys"];

/// Directories that must not refer to the machine's at all: sockets and pid files live there.
const FILES_HIDDEN: [&str; 1] = ["run"];

const NONE: Option<&str> = None;

/// Gives the calling thread, whose mount namespace must be new, the root directory described above.
pub(super) fn make_private() -> io::Result<()> {
    mount(NONE, "/", NONE, MsFlags::MS_REC | MsFlags::MS_PRIVATE, NONE)?;
    // Any directory will do as a place to build on: it is hidden in this namespace only, and only for a moment.
    mount(Some("tmpfs"), "/tmp", Some("tmpfs"), MsFlags::MS_NOSUID, Some("mode=0755"))?;
    fs::create_dir("/tmp/.host")?;
    pivot_root("/tmp", "/tmp/.host")?;
    chdir("/")?;
    fs::create_dir("/proc")?;
    bind("/.host/proc", "/proc")?;
    make_read_only()?;
    for entry in fs::read_dir(OLD_ROOT)?.flatten() {
        let name = entry.file_name();
        let (old, new) = (entry.path(), Path::new("/").join(&name));
        let text = name.to_string_lossy();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && text == "proc" => {}
            Ok(kind) if kind.is_dir() && BOUND.contains(&text.as_ref()) => {
                fs::create_dir(&new)?;
                bind(&old, &new)?;
            }
            Ok(kind) if kind.is_dir() => mirror(&old, &new, hides_files(&old))?,
            Ok(kind) if kind.is_symlink() => symlink(fs::read_link(&old)?, &new)?,
            _ => symlink(&old, &new)?,
        }
    }
    Ok(())
}

/// Makes `path` (absolute) a directory of this host alone, with links to what the machine has in it.
/// Fails below a directory that is bound as it is.
pub(super) fn private_directory(path: &Path) -> io::Result<()> {
    let mut reached = PathBuf::from("/");
    for component in path.components() {
        let Component::Normal(name) = component else { continue };
        reached.push(name);
        match fs::read_link(&reached) {
            Ok(target) if target.starts_with(OLD_ROOT) => {
                fs::remove_file(&reached)?;
                mirror(&target, &reached, hides_files(&target))?;
            }
            Ok(target) => {
                reached = fs::canonicalize(reached.parent().unwrap_or(Path::new("/")).join(target))?;
            }
            Err(_) if reached.is_dir() => {}
            Err(_) => fs::create_dir(&reached)?,
        }
    }
    Ok(())
}

/// Whether a directory of the old root is one of [`FILES_HIDDEN`], or below one.
fn hides_files(old: &Path) -> bool {
    FILES_HIDDEN.iter().any(|name| old.starts_with(Path::new(OLD_ROOT).join(name)))
}

/// Creates the directory `new` with a link for each entry of `old`; a missing or unreadable `old` is empty.
fn mirror(old: &Path, new: &Path, hide_files: bool) -> io::Result<()> {
    fs::create_dir(new)?;
    let Ok(entries) = fs::read_dir(old) else { return Ok(()) };
    for entry in entries.flatten() {
        let is_directory = entry.path().is_dir();
        if is_directory || !hide_files {
            symlink(entry.path(), new.join(entry.file_name()))?;
        }
    }
    Ok(())
}

fn bind(from: impl AsRef<Path>, to: impl AsRef<Path>) -> io::Result<()> {
    mount(Some(from.as_ref()), to.as_ref(), NONE, MsFlags::MS_BIND | MsFlags::MS_REC, NONE)?;
    Ok(())
}

/// Makes the old root and everything mounted below it read-only. Mounts that refuse (autofs, vanished ones) are
/// left: the user's own permissions still guard them.
fn make_read_only() -> io::Result<()> {
    let table = fs::read_to_string("/.host/proc/thread-self/mountinfo")?;
    for (mount_point, flags) in below_old_root(&table) {
        let flags = flags | MsFlags::MS_BIND | MsFlags::MS_REMOUNT | MsFlags::MS_RDONLY;
        let remounted = mount(NONE, mount_point.as_path(), NONE, flags, NONE);
        if mount_point == Path::new(OLD_ROOT) {
            remounted?;
        }
    }
    Ok(())
}

/// Mount points below the old root, with the flags that a remount has to repeat (a user namespace may not drop
/// them). Format: proc(5), `/proc/pid/mountinfo`.
fn below_old_root(mountinfo: &str) -> Vec<(PathBuf, MsFlags)> {
    let parse = |line: &str| {
        let mut fields = line.split(' ').skip(4);
        let mount_point = PathBuf::from(unescape(fields.next()?));
        let flags = fields.next()?.split(',').map(flag).collect();
        mount_point.starts_with(OLD_ROOT).then_some((mount_point, flags))
    };
    mountinfo.lines().filter_map(parse).collect()
}

fn flag(option: &str) -> MsFlags {
    match option {
        "nosuid" => MsFlags::MS_NOSUID,
        "nodev" => MsFlags::MS_NODEV,
        "noexec" => MsFlags::MS_NOEXEC,
        "noatime" => MsFlags::MS_NOATIME,
        "nodiratime" => MsFlags::MS_NODIRATIME,
        "relatime" => MsFlags::MS_RELATIME,
        // MS_NOSYMFOLLOW, which nix does not name.
        "nosymfollow" => MsFlags::from_bits_retain(1 << 8),
        _ => MsFlags::empty(),
    }
}

/// Undoes the octal escapes of mountinfo (`\040` for a space).
fn unescape(field: &str) -> String {
    [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")]
        .iter()
        .fold(field.to_owned(), |text, (escape, plain)| text.replace(escape, plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_mounts_of_the_machine_are_remounted_and_their_locked_flags_kept() {
        let table = "36 35 98:0 / / rw,noatime shared:1 - tmpfs tmpfs rw\n\
                     37 36 98:0 / /.host rw,relatime shared:1 - ext4 /dev/root rw\n\
                     38 37 0:20 / /.host/my\\040disk rw,nosuid,nodev,noexec - ext4 /dev/sdb rw\n";
        let expected = vec![
            (PathBuf::from("/.host"), MsFlags::MS_RELATIME),
            (PathBuf::from("/.host/my disk"), MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC),
        ];
        assert_eq!(below_old_root(table), expected);
    }

    #[test]
    fn sockets_that_a_daemon_of_the_machine_left_anywhere_below_run_are_hidden() {
        assert!(hides_files(Path::new("/.host/run")) && hides_files(Path::new("/.host/run/vipd")));
        assert!(!hides_files(Path::new("/.host/etc/run")) && !hides_files(Path::new("/.host/running")));
    }
}
