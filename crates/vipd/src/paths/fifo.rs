//! FIFOs: made if absent, given to their owner, and removed again.

use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use nix::sys::stat::Mode;
use nix::unistd::{Uid, mkfifo};
use serde::{Deserialize, Serialize};

/// A FIFO that is wanted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WantedFifo {
    pub(crate) path: PathBuf,
    /// User and group that one made here is given to.
    pub(crate) owner: (u32, u32),
}

/// A file, whatever its name: device and inode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FileId {
    device: u64,
    inode: u64,
}

impl From<&Metadata> for FileId {
    fn from(metadata: &Metadata) -> Self {
        Self { device: metadata.dev(), inode: metadata.ino() }
    }
}

/// A FIFO that is there and may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FoundFifo {
    pub(crate) id: FileId,
    /// It was not there before.
    pub(crate) made: bool,
}

/// Makes sure of a FIFO; the error says why there is none that may be used.
pub(super) fn provide(wanted: &WantedFifo) -> Result<FoundFifo, String> {
    let found = || {
        let made = make(&wanted.path)?;
        // Not for writing: a reader that waits for a writer would see one come and go, and take that for the end.
        let file = open_as(&wanted.path, File::options().read(true))?;
        let metadata = file.metadata()?;
        let own = Uid::effective().as_raw();
        if metadata.uid() != wanted.owner.0 && metadata.uid() != own {
            return Err(io::Error::other(format!("it belongs to user {}", metadata.uid())));
        }
        if made {
            hand_over(&file, &metadata, wanted.owner)?;
        }
        Ok(FoundFifo { id: FileId::from(&metadata), made })
    };
    found().map_err(|error: io::Error| error.to_string())
}

/// Opens a FIFO without waiting for a reader, and nothing else.
///
/// # Errors
/// There is none, or it is something else.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    open_as(path, File::options().read(true).write(true))
}

fn open_as(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    let flags = libc::O_NONBLOCK | libc::O_NOFOLLOW | libc::O_CLOEXEC | libc::O_NOCTTY;
    let file = options.custom_flags(flags).open(path)?;
    if !file.metadata()?.file_type().is_fifo() {
        return Err(io::Error::other("it is no FIFO"));
    }
    Ok(file)
}

/// Removes a FIFO. Somebody may have removed it already, and put something else in its place.
pub(super) fn remove(path: &Path, id: FileId) -> io::Result<()> {
    match path.symlink_metadata() {
        Ok(metadata) if FileId::from(&metadata) == id => std::fs::remove_file(path),
        _ => Ok(()),
    }
}

/// Makes a FIFO; gives whether it was not there before.
fn make(path: &Path) -> io::Result<bool> {
    match mkfifo(path, Mode::from_bits_truncate(0o600)) {
        Ok(()) => Ok(true),
        Err(nix::errno::Errno::EEXIST) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Gives a FIFO that was made here to its owner, and lets everybody read it. The open file is changed, not the name:
/// others who may write in the directory could have put something else there.
fn hand_over(file: &File, metadata: &Metadata, (uid, gid): (u32, u32)) -> io::Result<()> {
    if metadata.uid() != Uid::effective().as_raw() || metadata.nlink() != 1 {
        return Err(io::Error::other("somebody put another one in its place"));
    }
    file.set_permissions(PermissionsExt::from_mode(0o644))?;
    std::os::unix::fs::fchown(file, Some(uid), Some(gid))
}

#[cfg(test)]
mod tests {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    use super::*;
    use crate::parent::testing::TestDirectory;

    fn wanted(path: &Path) -> WantedFifo {
        let gid = nix::unistd::Gid::effective().as_raw();
        WantedFifo { path: path.to_owned(), owner: (Uid::effective().as_raw(), gid) }
    }

    #[test]
    fn a_fifo_is_made_once_for_everybody_to_read() {
        let directory = TestDirectory::new();
        let path = directory.path().join("fifo");
        let first = provide(&wanted(&path)).unwrap();
        let again = provide(&wanted(&path)).unwrap();
        assert!(first.made && !again.made && first.id == again.id);
        assert_eq!(path.metadata().unwrap().mode() & 0o777, 0o644);
    }

    #[test]
    fn a_reader_that_waits_does_not_see_a_writer_come_and_go() {
        let directory = TestDirectory::new();
        let path = directory.path().join("fifo");
        provide(&wanted(&path)).unwrap();
        let reader = open_as(&path, File::options().read(true)).unwrap();
        let saw_the_end = || {
            let mut wait = [PollFd::new(&reader, PollFlags::IN)];
            poll(&mut wait, Some(&Timespec::default())).unwrap();
            wait[0].revents().contains(PollFlags::HUP)
        };
        provide(&wanted(&path)).unwrap();
        assert!(!saw_the_end());
        drop(open(&path).unwrap());
        assert!(saw_the_end(), "the reader sees the end when a writer leaves");
    }

    #[test]
    fn a_path_that_is_no_fifo_or_leads_elsewhere_is_left_alone() {
        let directory = TestDirectory::new();
        let [file, link] = ["file", "link"].map(|name| directory.path().join(name));
        std::fs::write(&file, "mine").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        assert_eq!(provide(&wanted(&file)), Err("it is no FIFO".to_owned()));
        assert!(provide(&wanted(&link)).is_err());
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "mine");
    }

    #[test]
    fn only_the_fifo_that_was_made_is_removed() {
        let directory = TestDirectory::new();
        let [path, kept] = ["fifo", "kept"].map(|name| directory.path().join(name));
        let ours = provide(&wanted(&path)).unwrap();
        std::fs::rename(&path, &kept).unwrap();
        let other = provide(&wanted(&path)).unwrap();
        remove(&path, ours.id).unwrap();
        assert!(path.exists(), "another one is there now");
        remove(&path, other.id).unwrap();
        remove(&path, other.id).unwrap();
        assert!(!path.exists() && kept.exists());
    }
}
