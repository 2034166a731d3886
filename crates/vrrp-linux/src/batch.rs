//! `recvmmsg` and `sendmmsg`: many packets in one system call. And `bind` for addresses of packet sockets.
//!
//! With [`peer_groups`](crate::peer_groups) and [`clock`](crate::clock) the only `unsafe` code of this crate. No crate
//! offers these calls without allocating on every use or with control data per message. Socket addresses and
//! control data are plain bytes here: the kernel copies them, and [`sockaddr`](crate::sockaddr) and
//! [`control`](crate::control) write and read them safely.

#![expect(unsafe_code, reason = "recvmmsg, sendmmsg and bind take pointers")]

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr;

use crate::control::CONTROL_LEN;
use crate::sockaddr::NAME_LEN;

/// The most messages that one system call moves.
pub(crate) const BATCH: usize = 64;

/// The kernel's description of one received message, besides its bytes.
#[derive(Debug, Clone)]
#[repr(align(8))]
pub(crate) struct Slot {
    pub(crate) control: [u8; CONTROL_LEN],
    pub(crate) name: [u8; NAME_LEN],
    pub(crate) control_len: usize,
    /// The length of the message; more than the buffer's if it was cut.
    pub(crate) message_len: usize,
}

impl Slot {
    pub(crate) const EMPTY: Self =
        Self { control: [0; CONTROL_LEN], name: [0; NAME_LEN], control_len: 0, message_len: 0 };
}

/// A message to send.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outgoing<'a> {
    /// The destination, a socket address.
    pub(crate) name: &'a [u8],
    /// Control messages.
    pub(crate) control: &'a [u8],
    /// What to send.
    pub(crate) bytes: &'a [u8],
}

impl Outgoing<'_> {
    pub(crate) const EMPTY: Self = Self { name: &[], control: &[], bytes: &[] };
}

/// Receives what is waiting, without blocking, one message per slot and `buffer_len` bytes of `buffers`. Gives the
/// number of slots filled.
#[allow(clippy::unnecessary_cast, reason = "C libraries differ in the type of msg_controllen")]
pub(crate) fn receive(
    socket: BorrowedFd<'_>,
    slots: &mut [Slot],
    buffers: &mut [u8],
    buffer_len: usize,
) -> io::Result<usize> {
    let mut parts = [NO_BYTES; BATCH];
    let mut headers = [no_message(); BATCH];
    let mut count = 0;
    let places = slots.iter_mut().zip(buffers.chunks_exact_mut(buffer_len.max(1)));
    for ((slot, buffer), (part, header)) in places.zip(parts.iter_mut().zip(&mut headers)) {
        part.iov_base = buffer.as_mut_ptr().cast();
        part.iov_len = buffer.len();
        let header = &mut header.msg_hdr;
        header.msg_name = slot.name.as_mut_ptr().cast();
        header.msg_namelen = socklen(NAME_LEN);
        header.msg_iov = part;
        header.msg_iovlen = 1;
        header.msg_control = slot.control.as_mut_ptr().cast();
        header.msg_controllen = CONTROL_LEN as _;
        count += 1;
    }
    let flags = libc::MSG_DONTWAIT | libc::MSG_TRUNC;
    // SAFETY: the first `count` headers point to one `iovec` each in `parts`, and to buffers, names and control data
    // of the stated lengths in `buffers` and `slots`; all are exclusively borrowed, disjoint, and outlive the call.
    let received = unsafe {
        libc::recvmmsg(socket.as_raw_fd(), headers.as_mut_ptr(), count, flags as _, ptr::null_mut())
    };
    let received = usize::try_from(received).map_err(|_| io::Error::last_os_error())?;
    for (slot, header) in slots.iter_mut().zip(&headers).take(received) {
        slot.control_len = (header.msg_hdr.msg_controllen as usize).min(CONTROL_LEN);
        slot.message_len = header.msg_len as usize;
        let name_len = (header.msg_hdr.msg_namelen as usize).min(NAME_LEN);
        slot.name.iter_mut().skip(name_len).for_each(|byte| *byte = 0);
    }
    Ok(received)
}

/// Binds a socket to an address given as bytes.
pub(crate) fn bind(socket: BorrowedFd<'_>, name: &[u8]) -> io::Result<()> {
    // SAFETY: the pointer is to `name.len()` bytes, borrowed for longer than the call, which only reads them.
    let bound = unsafe { libc::bind(socket.as_raw_fd(), name.as_ptr().cast(), socklen(name.len())) };
    if bound == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Sends the first [`BATCH`] messages, without blocking, up to the first that fails. Gives the number sent, which is
/// not 0: if the first message fails, that is the error.
pub(crate) fn send(socket: BorrowedFd<'_>, messages: &[Outgoing<'_>]) -> io::Result<usize> {
    let mut parts = [NO_BYTES; BATCH];
    let mut headers = [no_message(); BATCH];
    let mut count = 0;
    for (message, (part, header)) in messages.iter().zip(parts.iter_mut().zip(&mut headers)) {
        part.iov_base = message.bytes.as_ptr().cast_mut().cast();
        part.iov_len = message.bytes.len();
        let header = &mut header.msg_hdr;
        header.msg_name = message.name.as_ptr().cast_mut().cast();
        header.msg_namelen = socklen(message.name.len());
        header.msg_iov = part;
        header.msg_iovlen = 1;
        if !message.control.is_empty() {
            header.msg_control = message.control.as_ptr().cast_mut().cast();
            header.msg_controllen = message.control.len() as _;
        }
        count += 1;
    }
    let flags = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL;
    // SAFETY: the first `count` headers point to one `iovec` each in `parts`, and to bytes, names and control data of
    // the stated lengths, all borrowed for longer than the call; sending only reads them, the headers excepted,
    // whose `msg_len` is written.
    let sent = unsafe { libc::sendmmsg(socket.as_raw_fd(), headers.as_mut_ptr(), count, flags as _) };
    usize::try_from(sent).map_err(|_| io::Error::last_os_error())
}

/// A length of a socket address, which is never near the limit of the type.
fn socklen(len: usize) -> libc::socklen_t {
    libc::socklen_t::try_from(len).unwrap_or(0)
}

/// An `mmsghdr` that points to nothing. Some C libraries have padding in it that cannot be named.
fn no_message() -> libc::mmsghdr {
    // SAFETY: `mmsghdr` consists of integers and raw pointers, for which zero bytes are valid values.
    unsafe { MaybeUninit::zeroed().assume_init() }
}

const NO_BYTES: libc::iovec = libc::iovec { iov_base: ptr::null_mut(), iov_len: 0 };
