//! Carries out [`AddressChange`]s: many requests in one system call, their answers read later.
//!
//! A takeover is not done when the address is there, it is done when the neighbours know; so the requests go out at
//! once, the announcements follow, and only then the answers are looked at.
//!
//! ```no_run
//! use vrrp_linux::address::{AddressChange, AddressSpec};
//! use vrrp_linux::address_commands::AddressCommands;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut commands = AddressCommands::open()?;
//! commands.queue(AddressChange::Add(AddressSpec::new(2, "198.51.100.1/32".parse()?)));
//! commands.flush()?;
//! // .. announce the addresses, then, or when the descriptor is readable:
//! commands.drain_results(|change, result| {
//!     if let Err(refusal) = result {
//!         eprintln!("{change}: {refusal}");
//!     }
//! })?;
//! # Ok(())
//! # }
//! ```

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

use netlink_frame::{Answer, Frames, Refusal};
use netlink_packet_core::{NLM_F_ACK, NLM_F_REQUEST};
use netlink_sys::{Socket, SocketAddr};
use nix::sys::socket::{setsockopt, sockopt};

use crate::address::AddressChange;
use crate::netlink::{open_socket, serialize};

/// How a change turned out well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The kernel did what was asked.
    Changed,
    /// Nothing had to be done: the address was already there (left by a predecessor), or already gone.
    ///
    /// One that was there may have another label or scope, an IPv6 address also another prefix length; a
    /// [`diff`](crate::address::diff) against the interface table finds that.
    AlreadySo,
}

/// A socket for changes to addresses.
#[derive(Debug)]
pub struct AddressCommands {
    socket: Socket,
    /// Not sent yet.
    queued: VecDeque<AddressChange>,
    /// Sent and not answered, with their numbers, in the order of sending.
    unanswered: VecDeque<(u32, AddressChange)>,
    /// Answered while [`Self::flush`] made room, not given to the caller yet.
    answered: Vec<(AddressChange, Result<Outcome, Refusal>)>,
    sequence: u32,
    request: Vec<u8>,
    buffer: Vec<u8>,
}

impl AddressCommands {
    /// Opens the socket in the network namespace of the calling thread.
    pub fn open() -> io::Result<Self> {
        let socket = open_socket()?;
        socket.set_non_blocking(true)?;
        // An answer takes about 1 KiB of the receive buffer, whatever its length. The default holds 200 of them.
        let _ = setsockopt(&socket, sockopt::RcvBufForce, &RECEIVE_BUFFER_LEN);
        Ok(Self {
            socket,
            queued: VecDeque::new(),
            unanswered: VecDeque::new(),
            answered: Vec::new(),
            sequence: 0,
            request: Vec::new(),
            buffer: vec![0; BUFFER_LEN],
        })
    }

    /// Adds a change to those that the next [`flush`](Self::flush) sends.
    pub fn queue(&mut self, change: AddressChange) {
        self.queued.push_back(change);
    }

    /// Sends everything queued. The kernel carries out the changes before this returns; how they turned out is
    /// found by [`drain_results`](Self::drain_results).
    ///
    /// # Errors
    /// When the socket does not take a request. The changes that were not sent stay queued.
    pub fn flush(&mut self) -> io::Result<()> {
        while !self.queued.is_empty() {
            if self.unanswered.len() + REQUESTS_PER_SEND > MOST_UNANSWERED {
                self.collect_answers()?;
            }
            self.send_some()?;
        }
        Ok(())
    }

    /// Whether answers are outstanding.
    pub fn is_waiting(&self) -> bool {
        !self.unanswered.is_empty() || !self.answered.is_empty()
    }

    /// Reads the answers that have arrived and gives each change with its result to `each`, in the order of sending.
    ///
    /// # Errors
    /// When the socket cannot be read. Changes whose answers were lost are reported as refused with `ENOBUFS`
    /// instead; a look at the interface's table then tells how they turned out.
    pub fn drain_results(
        &mut self,
        mut each: impl FnMut(&AddressChange, Result<Outcome, Refusal>),
    ) -> io::Result<()> {
        let read = self.collect_answers();
        for (change, result) in self.answered.drain(..) {
            each(&change, result);
        }
        read
    }

    /// Sends the first of the queued changes, as many as fit into one system call.
    fn send_some(&mut self) -> io::Result<()> {
        self.request.clear();
        let count = self.queued.len().min(REQUESTS_PER_SEND);
        let mut sequence = self.sequence;
        for change in self.queued.iter().take(count) {
            sequence = sequence.wrapping_add(1);
            let (message, flags) = change.request();
            serialize(message, flags | NLM_F_REQUEST | NLM_F_ACK, sequence, &mut self.request);
        }
        loop {
            match self.socket.send_to(&self.request, &SocketAddr::new(0, 0), 0) {
                Ok(_) => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        for change in self.queued.drain(..count) {
            self.sequence = self.sequence.wrapping_add(1);
            self.unanswered.push_back((self.sequence, change));
        }
        Ok(())
    }

    fn collect_answers(&mut self) -> io::Result<()> {
        // Every datagram answers at least one request, so this ends.
        while !self.unanswered.is_empty() {
            match self.socket.recv_from(&mut self.buffer.as_mut_slice(), 0) {
                Ok((length, sender)) if sender.port_number() == 0 => self.read_answers(length),
                Ok(_) => {}
                Err(error) => match error.raw_os_error() {
                    Some(libc::EAGAIN) => return Ok(()),
                    Some(libc::EINTR) => {}
                    Some(libc::ENOBUFS) => self.give_up_on_lost_answers(),
                    _ => return Err(error),
                },
            }
        }
        Ok(())
    }

    fn read_answers(&mut self, length: usize) {
        for frame in Frames::new(self.buffer.get(..length).unwrap_or_default()) {
            let result = match frame.answer() {
                Answer::Ack => Ok(Outcome::Changed),
                Answer::Refused(refusal) => Err(refusal),
                Answer::Done | Answer::Data(_) | Answer::Nothing => continue,
            };
            let Some(place) = self.unanswered.iter().position(|(sequence, _)| *sequence == frame.sequence)
            else {
                continue;
            };
            // Answers come in the order of the requests: what is passed over has lost its answer.
            for (_, change) in self.unanswered.drain(..place) {
                self.answered.push((change, Err(lost_answer())));
            }
            if let Some((_, change)) = self.unanswered.pop_front() {
                let result = judge(&change, result);
                self.answered.push((change, result));
            }
        }
    }

    /// After an overrun: what arrived before it can still be read, so read that first.
    fn give_up_on_lost_answers(&mut self) {
        while let Ok((length, _)) = self.socket.recv_from(&mut self.buffer.as_mut_slice(), 0) {
            self.read_answers(length);
        }
        for (_, change) in self.unanswered.drain(..) {
            self.answered.push((change, Err(lost_answer())));
        }
    }
}

impl AsFd for AddressCommands {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl AsRawFd for AddressCommands {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}

/// A change that found the wished state has succeeded.
fn judge(change: &AddressChange, result: Result<Outcome, Refusal>) -> Result<Outcome, Refusal> {
    match (change, result) {
        (AddressChange::Add(_), Err(Refusal { errno: libc::EEXIST, .. }))
        | (AddressChange::Remove(_), Err(Refusal { errno: libc::EADDRNOTAVAIL, .. })) => {
            Ok(Outcome::AlreadySo)
        }
        (AddressChange::Add(_) | AddressChange::Remove(_), result) => result,
    }
}

fn lost_answer() -> Refusal {
    Refusal::new(libc::ENOBUFS).with_message("the answer was lost")
}

/// Requests in one system call. Five hundred overran the default receive buffer with their answers, two hundred
/// did not.
const REQUESTS_PER_SEND: usize = 128;
/// So many answers may wait in the receive buffer, even if it could not be enlarged.
const MOST_UNANSWERED: usize = 128;
/// Room for the answers, in bytes.
const RECEIVE_BUFFER_LEN: usize = 1024 * 1024;
/// Answers come one to a datagram.
const BUFFER_LEN: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::AddressSpec;

    fn refused(errno: i32) -> Result<Outcome, Refusal> {
        Err(Refusal::new(errno))
    }

    #[test]
    fn an_address_that_is_already_there_is_added_and_one_that_is_gone_is_removed() {
        let address = AddressSpec::new(1, "192.0.2.1/32".parse().unwrap());
        let add = AddressChange::Add(address.clone());
        let remove = AddressChange::Remove(address);
        assert_eq!(judge(&add, refused(libc::EEXIST)), Ok(Outcome::AlreadySo));
        assert_eq!(judge(&remove, refused(libc::EADDRNOTAVAIL)), Ok(Outcome::AlreadySo));
        assert_eq!(judge(&add, refused(libc::EADDRNOTAVAIL)), refused(libc::EADDRNOTAVAIL));
        assert_eq!(judge(&remove, refused(libc::EEXIST)), refused(libc::EEXIST));
        assert_eq!(judge(&add, Ok(Outcome::Changed)), Ok(Outcome::Changed));
    }
}
