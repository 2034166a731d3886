//! The socket: requests out, answers in.
//!
//! The kernel works on a datagram while it is being sent, one message after the other, so its answers wait when `send`
//! returns; the receive time-out only guards against a kernel that never answers.
//!
//! System calls are what a big table costs. Changes therefore travel many to a datagram, and only the last of them asks
//! for an acknowledgement: refusals are answered without being asked for, so a change that is not refused when the
//! acknowledgement arrives has succeeded. Dumps cannot travel together, the kernel has one at a time per socket; taking
//! the data and the end of a dump in one `recvmmsg` was tried and made reading no faster.

use std::io::{self, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use netlink_frame::{Answer, Frame, Frames, Refusal};
use netlink_sys::Socket;
use netlink_sys::protocols::NETLINK_GENERIC;
use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, NetlinkAddr, recvmsg, sendto, setsockopt, sockopt};
use nix::sys::time::{TimeVal, TimeValLike};

use crate::wire::{self, Request};

/// A generic netlink socket for IPVS.
#[derive(Debug)]
pub(crate) struct IpvsSocket {
    socket: OwnedFd,
    family_id: u16,
    /// The number of the latest request.
    sequence: u32,
    request: Vec<u8>,
    buffer: Vec<u8>,
}

/// Whether a table was read in one piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub(crate) enum Completeness {
    /// The answer that was read is consistent.
    Whole,
    /// The table changed while it was read: entries may be missing.
    Torn,
}

/// The result of waiting for an answer, unless the socket fails.
type Outcome<T> = io::Result<Result<T, Refusal>>;

impl IpvsSocket {
    /// Opens a socket in the network namespace of the calling thread.
    pub(crate) fn open() -> io::Result<Self> {
        let mut socket = Socket::new(NETLINK_GENERIC)?;
        socket.bind_auto()?;
        // Old kernels lack these; answers are then only longer or without words.
        let _ = socket.set_ext_ack(true);
        let _ = socket.set_cap_ack(true);
        Self::from_descriptor(socket.as_fd().try_clone_to_owned()?)
    }

    /// Takes over a generic netlink socket that somebody else opened and bound.
    pub(crate) fn from_descriptor(socket: OwnedFd) -> io::Result<Self> {
        // A refusal takes about 1 KiB of the receive buffer, whatever its length. The usual default holds 200 of them,
        // but an administrator may have made it smaller.
        let _ = setsockopt(&socket, sockopt::RcvBufForce, &RECEIVE_BUFFER_LEN);
        setsockopt(&socket, sockopt::ReceiveTimeout, &TimeVal::milliseconds(ANSWER_TIMEOUT_MS))?;
        Ok(Self { socket, family_id: 0, sequence: 0, request: Vec::new(), buffer: vec![0; BUFFER_LEN] })
    }

    /// Tells by which number the kernel knows IPVS.
    pub(crate) fn set_family_id(&mut self, family_id: u16) {
        self.family_id = family_id;
    }

    /// Asks for one object and reads it.
    pub(crate) fn ask<T>(&mut self, request: &Request<'_>, read: impl FnOnce(&[u8]) -> T) -> Outcome<T> {
        self.send(std::iter::once(*request), false)?;
        let mut read = Some(read);
        let mut object = None;
        let done = self.receive(|_, answer| match answer {
            Answer::Data(message) => {
                object = read.take().map(|read| read(wire::attributes(message)));
                Some(Ok(()))
            }
            Answer::Ack | Answer::Done => Some(Err(no_data())),
            Answer::Refused(refusal) => Some(Err(refusal)),
            Answer::Nothing => None,
        })?;
        Ok(done.and_then(|()| object.ok_or_else(no_data)))
    }

    /// Asks for any number of objects and gives each to `each`.
    pub(crate) fn dump(
        &mut self,
        request: &Request<'_>,
        mut each: impl FnMut(&[u8]),
    ) -> Outcome<Completeness> {
        self.send(std::iter::once(*request), false)?;
        let mut reading = Completeness::Whole;
        self.receive(|frame, answer| {
            if frame.is_interrupted() {
                reading = Completeness::Torn;
            }
            match answer {
                Answer::Data(message) => {
                    each(wire::attributes(message));
                    None
                }
                Answer::Nothing => None,
                Answer::Ack | Answer::Done => Some(Ok(reading)),
                Answer::Refused(refusal) => Some(Err(refusal)),
            }
        })
    }

    /// Has one thing done.
    pub(crate) fn command(&mut self, request: &Request<'_>) -> Outcome<()> {
        self.send(std::iter::once(*request), true)?;
        self.receive(|_, answer| match answer {
            Answer::Ack | Answer::Done => Some(Ok(())),
            Answer::Refused(refusal) => Some(Err(refusal)),
            Answer::Data(_) | Answer::Nothing => None,
        })
    }
}

impl IpvsSocket {
    /// Sends requests, as many to a system call as can be, and gives the refusals by the place of their request.
    pub(crate) fn batch<'r>(
        &mut self,
        mut requests: impl ExactSizeIterator<Item = Request<'r>>,
    ) -> io::Result<Vec<(usize, Refusal)>> {
        let mut refused = Vec::new();
        let mut sent = 0;
        while requests.len() > 0 {
            let count = requests.len().min(REQUESTS_PER_SEND);
            let first = self.send(requests.by_ref().take(count), true)?;
            self.collect_refusals(first, count, sent, &mut refused)?;
            sent += count;
        }
        Ok(refused)
    }

    /// Reads the answers to `count` requests of which `first` is the number of the first, until the last is answered.
    fn collect_refusals(
        &mut self,
        first: u32,
        count: usize,
        place_of_first: usize,
        refused: &mut Vec<(usize, Refusal)>,
    ) -> io::Result<()> {
        let last = self.sequence;
        let place = |sequence: u32| {
            let place = usize::try_from(sequence.wrapping_sub(first)).ok()?;
            (place < count).then_some(place_of_first + place)
        };
        self.receive_any(|frame, answer| {
            let sequence = frame.sequence;
            if let (Answer::Refused(refusal), Some(place)) = (answer, place(sequence)) {
                refused.push((place, refusal));
            }
            (sequence == last).then_some(())
        })
    }

    /// Sends requests with the next numbers in one datagram; the last of them asks for an acknowledgement if
    /// `acknowledge`. Gives the number of the first.
    fn send<'r>(
        &mut self,
        requests: impl ExactSizeIterator<Item = Request<'r>>,
        acknowledge: bool,
    ) -> io::Result<u32> {
        self.request.clear();
        let first = self.sequence.wrapping_add(1);
        let mut left = requests.len();
        for request in requests {
            left -= 1;
            self.sequence = self.sequence.wrapping_add(1);
            request.emit(self.family_id, self.sequence, acknowledge && left == 0, &mut self.request);
        }
        loop {
            let kernel = NetlinkAddr::new(0, 0);
            match sendto(self.socket.as_raw_fd(), &self.request, &kernel, MsgFlags::empty()) {
                Err(Errno::EINTR) => {}
                sent => return sent.map(|_| first).map_err(io::Error::from),
            }
        }
    }

    /// Reads answers to the latest request until `each` has what it wants.
    fn receive<T>(&mut self, mut each: impl FnMut(&Frame<'_>, Answer<'_>) -> Option<T>) -> io::Result<T> {
        let latest = self.sequence;
        self.receive_any(|frame, answer| if frame.sequence == latest { each(frame, answer) } else { None })
    }

    /// Reads answers until `each` has what it wants.
    fn receive_any<T>(&mut self, mut each: impl FnMut(&Frame<'_>, Answer<'_>) -> Option<T>) -> io::Result<T> {
        loop {
            let (length, sender) = match read(&self.socket, &mut self.buffer) {
                Err(Errno::EINTR) => continue,
                Err(Errno::EAGAIN) => return Err(io::ErrorKind::TimedOut.into()),
                received => received?,
            };
            if sender != 0 {
                continue;
            }
            let datagram = self.buffer.get(..length).unwrap_or_default();
            for frame in Frames::new(datagram) {
                if let Some(result) = each(&frame, frame.answer()) {
                    return Ok(result);
                }
            }
        }
    }
}

/// Receives one datagram: its length, and the number of its sender, which is 0 for the kernel.
fn read(socket: &OwnedFd, buffer: &mut [u8]) -> Result<(usize, u32), Errno> {
    let mut room = [IoSliceMut::new(buffer)];
    let received = recvmsg::<NetlinkAddr>(socket.as_raw_fd(), &mut room, None, MsgFlags::empty())?;
    if received.flags.contains(MsgFlags::MSG_TRUNC) {
        return Err(Errno::EMSGSIZE);
    }
    Ok((received.bytes, received.address.map_or(0, |sender| sender.pid())))
}

/// The kernel acknowledged a question without answering it.
fn no_data() -> Refusal {
    Refusal::new(libc::ENODATA)
}

/// Requests in one system call. So many refusals fit into Linux's default receive buffer, even if it could not be
/// enlarged; five hundred do not.
const REQUESTS_PER_SEND: usize = 128;
/// Room for refusals, in bytes.
const RECEIVE_BUFFER_LEN: usize = 1024 * 1024;
/// Longest time that an answer may take.
const ANSWER_TIMEOUT_MS: i64 = 5_000;
/// The kernel builds dumps in pieces of what the reader offers, and of at most 32 KiB.
const BUFFER_LEN: usize = 32 * 1024;
