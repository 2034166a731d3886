//! The socket file: made with its rights before anybody can connect, taken over from a daemon that died, removed at the end.

use std::fs::Permissions;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use nix::sys::socket::{getsockopt, sockopt};
use socket2::{Domain, SockAddr, Socket, Type};
use vipd_control::Peer;

/// A socket at a path; the file is removed when this is dropped.
#[derive(Debug)]
pub(super) struct ControlSocket {
    path: PathBuf,
    /// Device and inode of the file.
    file: (u64, u64),
    socket: Socket,
}

impl ControlSocket {
    /// Makes the socket for root and a group, and its directory where that is missing.
    ///
    /// # Errors
    /// Another daemon listens there, something else is there, or the file system does not permit it.
    pub(super) fn open(path: &Path, group: Option<u32>) -> io::Result<Self> {
        if let Some(directory) = path.parent() {
            make_directory(directory)?;
        }
        let address = SockAddr::unix(path)?;
        remove_leftover(path, &address)?;
        let socket = Socket::new(Domain::UNIX, Type::STREAM.nonblocking().cloexec(), None)?;
        socket.bind(&address)?;
        let opened = |socket| -> io::Result<Self> {
            let metadata = std::fs::symlink_metadata(path)?;
            let opened = Self { path: path.to_owned(), file: (metadata.dev(), metadata.ino()), socket };
            opened.permit(group)?;
            // Until here nobody can connect, whatever the umask is.
            opened.socket.listen(BACKLOG)?;
            Ok(opened)
        };
        opened(socket)
    }

    /// One that the program before this one in the same process listens at.
    pub(super) fn resume(path: PathBuf, file: (u64, u64), socket: Socket) -> Self {
        Self { path, file, socket }
    }

    /// Where it is, the file, and its descriptor.
    pub(super) fn parts(&self) -> (&Path, (u64, u64), BorrowedFd<'_>) {
        (&self.path, self.file, self.socket.as_fd())
    }

    /// Lets another group connect.
    pub(super) fn permit(&self, group: Option<u32>) -> io::Result<()> {
        std::os::unix::fs::lchown(&self.path, None, Some(group.unwrap_or(0)))?;
        std::fs::set_permissions(&self.path, Permissions::from_mode(0o660))
    }

    #[cfg(test)]
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The next connection, if one waits.
    pub(super) fn accept(&self) -> io::Result<Option<(UnixStream, Peer)>> {
        let stream: UnixStream = match self.socket.accept_raw() {
            Ok((socket, _)) => socket.into(),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
            Err(error) => return Err(error),
        };
        stream.set_nonblocking(true)?;
        let peer = peer(&stream)?;
        rustix::io::fcntl_setfd(&stream, rustix::io::FdFlags::CLOEXEC)?;
        Ok(Some((stream, peer)))
    }
}

impl AsRawFd for ControlSocket {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}

impl Drop for ControlSocket {
    fn drop(&mut self) {
        // Somebody may have put another file in its place.
        let is_ours =
            std::fs::symlink_metadata(&self.path).is_ok_and(|now| (now.dev(), now.ino()) == self.file);
        if is_ours {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// The client on the other side, as the kernel noted when it connected.
fn peer(stream: &UnixStream) -> io::Result<Peer> {
    // The process id is 0 where the client is in another PID namespace, so rustix's type cannot hold it.
    let credentials = getsockopt(stream, sockopt::PeerCredentials)?;
    let mut groups = vec![credentials.gid()];
    // Without this option of the kernel, only the first group counts.
    groups.extend(vrrp_linux::peer_groups::peer_groups(stream.as_fd()).unwrap_or_default());
    Ok(Peer { uid: credentials.uid(), groups })
}

/// Removes the socket of a daemon that runs no more.
fn remove_leftover(path: &Path, address: &SockAddr) -> io::Result<()> {
    let Ok(metadata) = std::fs::symlink_metadata(path) else { return Ok(()) };
    if !metadata.file_type().is_socket() {
        return Err(io::Error::other("there is something else of this name"));
    }
    let probe = Socket::new(Domain::UNIX, Type::STREAM.nonblocking().cloexec(), None)?;
    match probe.connect(address) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => std::fs::remove_file(path),
        // It listens, even if it has no place for one more.
        _ => Err(io::Error::other("another daemon listens there")),
    }
}

/// Makes the last directory of a path, for everybody to enter whatever the umask is.
fn make_directory(directory: &Path) -> io::Result<()> {
    if directory.is_dir() {
        return Ok(());
    }
    std::fs::create_dir(directory)?;
    std::fs::set_permissions(directory, Permissions::from_mode(0o755))
}

/// Connections that wait to be accepted.
const BACKLOG: i32 = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parent::testing::TestDirectory;

    fn own_group() -> u32 {
        nix::unistd::getgid().as_raw()
    }

    #[test]
    fn only_owner_and_group_may_connect_and_the_file_goes_with_the_socket() {
        let directory = TestDirectory::new();
        let path = directory.path().join("new/control.sock");
        let socket = ControlSocket::open(&path, Some(own_group())).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o7777, 0o660);
        assert_eq!(std::fs::metadata(path.parent().unwrap()).unwrap().mode() & 0o7777, 0o755);
        drop(socket);
        assert!(!path.exists());
    }

    #[test]
    fn the_other_side_is_known() {
        let directory = TestDirectory::new();
        let path = directory.path().join("control.sock");
        let socket = ControlSocket::open(&path, Some(own_group())).unwrap();
        assert!(socket.accept().unwrap().is_none());
        let _client = UnixStream::connect(&path).unwrap();
        let (_, peer) = socket.accept().unwrap().unwrap();
        assert_eq!(peer.uid, nix::unistd::getuid().as_raw());
        assert!(peer.groups.contains(&nix::unistd::getgid().as_raw()));
    }

    #[test]
    fn the_socket_of_a_killed_daemon_is_taken_over_and_that_of_a_living_one_is_not() {
        let directory = TestDirectory::new();
        let path = directory.path().join("control.sock");
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        assert!(path.exists(), "the kernel does not remove it");
        let first = ControlSocket::open(&path, Some(own_group())).unwrap();
        let error = ControlSocket::open(&path, Some(own_group())).unwrap_err();
        assert_eq!(error.to_string(), "another daemon listens there");
        drop(first);
        std::fs::write(&path, "").unwrap();
        assert!(ControlSocket::open(&path, Some(own_group())).is_err(), "no socket, so not ours to remove");
        assert!(path.exists());
    }

    #[test]
    fn a_socket_put_in_our_place_is_not_removed() {
        let directory = TestDirectory::new();
        let path = directory.path().join("control.sock");
        let first = ControlSocket::open(&path, Some(own_group())).unwrap();
        std::fs::remove_file(&path).unwrap();
        let second = ControlSocket::open(&path, Some(own_group())).unwrap();
        drop(first);
        assert!(path.exists());
        drop(second);
    }
}
