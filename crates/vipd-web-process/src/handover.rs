//! The listening socket goes from the parent, which may bind any port, to the web process.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::net::TcpListener;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags, recvmsg, sendmsg,
};

/// Sends a socket to the other end.
pub fn send_socket(to: &UnixStream, socket: &TcpListener) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    let sockets = [socket.as_fd()];
    if !control.push(SendAncillaryMessage::ScmRights(&sockets)) {
        return Err(io::Error::other("no room for a descriptor"));
    }
    sendmsg(to, &[IoSlice::new(b"s")], &mut control, SendFlags::NOSIGNAL)?;
    Ok(())
}

/// Waits for the socket.
pub(super) fn receive_socket(from: &UnixStream) -> io::Result<TcpListener> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut byte = [0];
    recvmsg(from, &mut [IoSliceMut::new(&mut byte)], &mut control, RecvFlags::CMSG_CLOEXEC)?;
    let socket: Option<OwnedFd> = control.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut sockets) => sockets.next(),
        _ => None,
    });
    socket.map(TcpListener::from).ok_or_else(|| io::Error::other("the parent sent no socket"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_arrives_as_it_was_bound() {
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let (near, far) = UnixStream::pair().unwrap();
        send_socket(&near, &socket).unwrap();
        let received = receive_socket(&far).unwrap();
        assert_eq!(received.local_addr().unwrap(), socket.local_addr().unwrap());
        drop(near);
        assert!(receive_socket(&far).is_err());
    }
}
