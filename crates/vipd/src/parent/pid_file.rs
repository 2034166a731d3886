//! Pid files: where other programs find us, and the lock that keeps a second copy from running.

use std::fs::{File, Permissions};
use std::io::{self, Write};
use std::os::fd::{AsFd as _, BorrowedFd};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use nix::fcntl::{FcntlArg, fcntl};

/// A locked pid file; it is removed when this is dropped.
#[derive(Debug)]
pub(super) struct PidFile {
    path: PathBuf,
    file: File,
}

/// Why there is no pid file.
#[derive(Debug, thiserror::Error)]
pub(super) enum PidFileError {
    /// Another process holds it.
    #[error("daemon is already running")]
    Held,
    #[error("cannot use pid file {}: {error}", path.display())]
    Io { path: PathBuf, error: io::Error },
}

impl PidFile {
    /// Opens (never through a symbolic link), locks and empties it. The lock survives a fork.
    pub(super) fn lock(path: PathBuf) -> Result<Self, PidFileError> {
        match try_lock(&path) {
            Ok(Some(file)) => Ok(Self { path, file }),
            Ok(None) => Err(PidFileError::Held),
            Err(error) => Err(PidFileError::Io { path, error }),
        }
    }

    /// One that the program before this one in the same process has locked.
    pub(super) fn resume(path: PathBuf, file: File) -> Self {
        Self { path, file }
    }

    /// Where it is, and its descriptor.
    pub(super) fn parts(&self) -> (&Path, BorrowedFd<'_>) {
        (&self.path, self.file.as_fd())
    }

    /// Writes this process id.
    pub(super) fn write(&mut self, pid: u32) -> io::Result<()> {
        self.file.set_len(0)?;
        self.file.write_all_at(format!("{pid}\n").as_bytes(), 0)?;
        self.file.flush()
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        // Somebody may have put another file in its place.
        if is_same(&self.path, &self.file) {
            let _ = std::fs::remove_file(&self.path);
            // Only when no other copy has a file there.
            for directory in self.path.ancestors().skip(1).take_while(|above| above.starts_with(DIRECTORY)) {
                let _ = std::fs::remove_dir(directory);
            }
        }
    }
}

fn try_lock(path: &Path) -> io::Result<Option<File>> {
    // A copy that ends removes the file it has locked: then this lock is on a file without a name.
    for _ in 0..10 {
        if let Some(directory) = path.parent() {
            make_directory(directory)?;
        }
        let file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o644)
            .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
            .open(path)?;
        if !file.metadata()?.is_file() {
            return Err(io::Error::other("not a regular file"));
        }
        match fcntl(&file, FcntlArg::F_OFD_SETLK(&WHOLE_FILE)) {
            Ok(_) if is_same(path, &file) => {
                if names_keepalived(&file, Path::new("/proc")) {
                    return Ok(None);
                }
                // The mode does not depend on the umask: others read this file.
                file.set_permissions(Permissions::from_mode(0o644))?;
                file.set_len(0)?;
                return Ok(Some(file));
            }
            Ok(_) => {}
            Err(nix::errno::Errno::EAGAIN | nix::errno::Errno::EACCES) => return Ok(None),
            Err(error) => return Err(error.into()),
        }
    }
    Err(io::Error::other("it changes all the time"))
}

/// Whether a keepalived wrote the file and still runs. Those before 2.3 do not lock it.
fn names_keepalived(file: &File, processes: &Path) -> bool {
    let mut buffer = [0; 16];
    let Ok(length) = file.read_at(&mut buffer, 0) else { return false };
    let text = buffer.get(..length).and_then(|octets| std::str::from_utf8(octets).ok()).unwrap_or_default();
    let Ok(pid) = text.trim().parse::<u32>() else { return false };
    std::fs::read(processes.join(format!("{pid}/comm"))).is_ok_and(|name| name == b"keepalived\n")
}

/// A write lock of the open file, which keepalived respects too.
#[expect(clippy::cast_possible_truncation, reason = "small constants in a field of the C library's type")]
const WHOLE_FILE: libc::flock = libc::flock {
    l_type: libc::F_WRLCK as libc::c_short,
    l_whence: libc::SEEK_SET as libc::c_short,
    l_start: 0,
    l_len: 0,
    l_pid: 0,
};

fn is_same(path: &Path, file: &File) -> bool {
    match (std::fs::symlink_metadata(path), file.metadata()) {
        (Ok(named), Ok(open)) => (named.dev(), named.ino()) == (open.dev(), open.ino()),
        _ => false,
    }
}

/// Where the pid files are.
#[derive(Debug)]
pub(super) struct PidPaths {
    pub(super) parent: PathBuf,
    pub(super) vrrp: PathBuf,
    pub(super) checkers: PathBuf,
    pub(super) bfd: PathBuf,
}

/// keepalived's places. Copies in other namespaces and of other instances have files of their own.
pub(super) fn default_paths(directory: bool, namespace: Option<&str>, instance: Option<&str>) -> PidPaths {
    if !directory && namespace.is_none() && instance.is_none() {
        let [parent, vrrp, checkers, bfd] =
            ["/run/keepalived.pid", "/run/vrrp.pid", "/run/checkers.pid", "/run/bfd.pid"].map(PathBuf::from);
        return PidPaths { parent, vrrp, checkers, bfd };
    }
    let directory = Path::new(DIRECTORY).join(namespace.unwrap_or_default());
    let suffix = instance.map(|instance| format!("_{instance}")).unwrap_or_default();
    let path = |name: &str| directory.join(format!("{name}{suffix}.pid"));
    PidPaths { parent: path("keepalived"), vrrp: path("vrrp"), checkers: path("checkers"), bfd: path("bfd") }
}

/// Makes the directory of a pid file, for everybody to read whatever the umask is. Others are not ours to make,
/// except between ours and the file.
fn make_directory(directory: &Path) -> io::Result<()> {
    if !directory.starts_with(DIRECTORY) || directory.is_dir() {
        return Ok(());
    }
    if let Some(above) = directory.parent() {
        make_directory(above)?;
    }
    match std::fs::create_dir(directory) {
        Ok(()) => std::fs::set_permissions(directory, Permissions::from_mode(0o755)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

/// Where copies of the daemon that are told apart have their pid files.
const DIRECTORY: &str = "/run/keepalived";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parent::testing::TestDirectory;

    #[test]
    fn a_second_copy_finds_the_file_held() {
        let directory = TestDirectory::new();
        let path = directory.path().join("a.pid");
        let mut first = PidFile::lock(path.clone()).unwrap();
        first.write(123).unwrap();
        assert!(matches!(PidFile::lock(path.clone()), Err(PidFileError::Held)));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "123\n");
        assert_eq!(path.metadata().unwrap().mode() & 0o777, 0o644);
        drop(first);
        assert!(!path.exists());
        assert!(PidFile::lock(path).is_ok());
    }

    #[test]
    fn a_leftover_file_is_taken_over_and_a_longer_number_leaves_no_trace() {
        let directory = TestDirectory::new();
        let path = directory.path().join("a.pid");
        std::fs::write(&path, "1234567\nrubbish").unwrap();
        let mut file = PidFile::lock(path.clone()).unwrap();
        file.write(5).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "5\n");
    }

    #[test]
    fn a_keepalived_that_does_not_lock_its_file_is_noticed_while_it_runs() {
        let directory = TestDirectory::new();
        let path = directory.path().join("a.pid");
        let processes = directory.path().join("proc");
        std::fs::create_dir_all(processes.join("77")).unwrap();
        std::fs::write(processes.join("77/comm"), "keepalived\n").unwrap();
        for (text, expected) in [("77\n", true), ("78\n", false), ("", false), ("77 x", false)] {
            std::fs::write(&path, text).unwrap();
            assert_eq!(names_keepalived(&File::open(&path).unwrap(), &processes), expected, "{text}");
        }
        std::fs::write(processes.join("77/comm"), "haproxy\n").unwrap();
        assert!(!names_keepalived(&File::open(&path).unwrap(), &processes));
    }

    #[test]
    fn a_symbolic_link_is_refused() {
        let directory = TestDirectory::new();
        let path = directory.path().join("a.pid");
        std::os::unix::fs::symlink(directory.path().join("elsewhere"), &path).unwrap();
        assert!(matches!(PidFile::lock(path), Err(PidFileError::Io { .. })));
        assert!(!directory.path().join("elsewhere").exists());
    }

    #[test]
    fn a_file_put_in_our_place_is_not_removed() {
        let directory = TestDirectory::new();
        let path = directory.path().join("a.pid");
        let ours = PidFile::lock(path.clone()).unwrap();
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, "9\n").unwrap();
        drop(ours);
        assert!(path.exists());
    }

    #[test]
    fn names_are_keepalived_s() {
        let names = |directory, namespace, instance| {
            let paths = default_paths(directory, namespace, instance);
            format!("{} {} {}", paths.parent.display(), paths.vrrp.display(), paths.checkers.display())
        };
        assert_eq!(names(false, None, None), "/run/keepalived.pid /run/vrrp.pid /run/checkers.pid");
        let own = "/run/keepalived/keepalived.pid /run/keepalived/vrrp.pid /run/keepalived/checkers.pid";
        assert_eq!(names(true, None, None), own);
        let west = "/run/keepalived/keepalived_west.pid /run/keepalived/vrrp_west.pid /run/keepalived/checkers_west.pid";
        assert_eq!(names(false, None, Some("west")), west);
        let blue = "/run/keepalived/blue/keepalived.pid /run/keepalived/blue/vrrp.pid /run/keepalived/blue/checkers.pid";
        assert_eq!(names(false, Some("blue"), None), blue);
    }
}
