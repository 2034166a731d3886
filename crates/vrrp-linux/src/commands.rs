//! Carries out changes to addresses, routes and rules, many in one system call.
//!
//! The kernel carries a request out before the system call that brings it returns. It answers only what it refuses, and
//! the last request of each batch: a takeover of a hundred addresses costs one write and two reads, and its result is
//! known before anything is announced.
//!
//! ```no_run
//! use vrrp_linux::address::{AddressChange, AddressSpec};
//! use vrrp_linux::commands::Commands;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut commands = Commands::open()?;
//! commands.queue(AddressChange::Add(AddressSpec::new(2, "198.51.100.1/32".parse()?)));
//! commands.flush(|command, result| {
//!     if let Err(refusal) = result {
//!         eprintln!("{command}: {refusal}");
//!     }
//! })?;
//! # Ok(())
//! # }
//! ```

use std::collections::VecDeque;
use std::fmt;
use std::io;

use netlink_packet_core::{NLM_F_ACK, NLM_F_REQUEST};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::link::LinkMessage;
use netlink_sys::{Socket, SocketAddr};
use nix::sys::socket::{setsockopt, sockopt};

use crate::address::AddressChange;
use crate::netlink::{open_socket, serialize};
use crate::route::RouteChange;
use crate::rule::RuleChange;
use netlink_frame::{Answer, Frames, Refusal};

/// The way in which a change succeeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The kernel did what was asked.
    Changed,
    /// Nothing had to be done: the address was already there ([`AddressChange::Add`]), or already gone.
    AlreadySo,
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Command {
    /// Something about an address.
    Address(AddressChange),
    /// Something about a route.
    Route(RouteChange),
    /// Something about a policy rule.
    Rule(RuleChange),
}

/// A socket for changes.
#[derive(Debug)]
pub struct Commands {
    socket: Socket,
    queued: VecDeque<Command>,
    sequence: u32,
    request: Vec<u8>,
    buffer: Vec<u8>,
}

impl Commands {
    /// Opens the socket in the network namespace of the calling thread.
    pub fn open() -> io::Result<Self> {
        let socket = open_socket()?;
        socket.set_non_blocking(true)?;
        // An answer takes about 1 KiB of the receive buffer, whatever its length. The default holds 200 of them.
        let _ = setsockopt(&socket, sockopt::RcvBufForce, &RECEIVE_BUFFER_LEN);
        Ok(Self {
            socket,
            queued: VecDeque::new(),
            sequence: 0,
            request: Vec::new(),
            buffer: vec![0; BUFFER_LEN],
        })
    }

    /// Adds a command to those that the next [`flush`](Self::flush) carries out.
    pub fn queue(&mut self, command: impl Into<Command>) {
        self.queued.push_back(command.into());
    }

    /// Whether commands wait for [`flush`](Self::flush).
    pub fn has_queued(&self) -> bool {
        !self.queued.is_empty()
    }

    /// Carries out everything queued, and gives each command with its result to `each`, in order.
    ///
    /// # Errors
    /// When the socket does not take a request: the commands that were not sent stay queued. A command whose answer was
    /// lost is reported as refused with `ENOBUFS`; the interface table then tells how it turned out.
    pub fn flush(&mut self, mut each: impl FnMut(&Command, Result<Outcome, Refusal>)) -> io::Result<()> {
        while !self.queued.is_empty() {
            let count = self.queued.len().min(REQUESTS_PER_SEND);
            let first = self.sequence.wrapping_add(1);
            self.send(count)?;
            let mut results = self.read_answers(first, count).into_iter();
            for command in self.queued.drain(..count) {
                let result = results.next().unwrap_or_else(|| Err(lost_answer()));
                each(&command, judge(&command, result));
            }
        }
        // Thousands of changes are rare.
        self.queued.shrink_to(REQUESTS_PER_SEND);
        Ok(())
    }

    /// Sends the first of the queued changes in one system call.
    fn send(&mut self, count: usize) -> io::Result<()> {
        self.request.clear();
        for (place, command) in self.queued.iter().take(count).enumerate() {
            self.sequence = self.sequence.wrapping_add(1);
            let (message, flags) = command.request();
            let ack = if place + 1 == count { NLM_F_ACK } else { 0 };
            serialize(message, flags | NLM_F_REQUEST | ack, self.sequence, &mut self.request);
        }
        loop {
            match self.socket.send_to(&self.request, &SocketAddr::new(0, 0), 0) {
                Ok(_) => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// The results of the requests from number `first` on. They are carried out, so every answer is here already.
    fn read_answers(&mut self, first: u32, count: usize) -> Vec<Result<Outcome, Refusal>> {
        let mut results = vec![Ok(Outcome::Changed); count];
        // Until the last one is answered, no answer may mean that it was lost.
        let mut complete = false;
        while !complete {
            let length = match self.socket.recv_from(&mut self.buffer.as_mut_slice(), 0) {
                Ok((length, sender)) if sender.port_number() == 0 => length,
                Ok(_) => continue,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                // The queue is empty, or answers were lost: the rest of it is read first.
                Err(error) if error.raw_os_error() == Some(libc::ENOBUFS) => continue,
                Err(_) => break,
            };
            for frame in Frames::new(self.buffer.get(..length).unwrap_or_default()) {
                let place = usize::try_from(frame.sequence.wrapping_sub(first)).unwrap_or(usize::MAX);
                let Some(result) = results.get_mut(place) else { continue };
                match frame.answer() {
                    Answer::Refused(refusal) => *result = Err(refusal),
                    Answer::Ack => {}
                    Answer::Done | Answer::Data(_) | Answer::Nothing => continue,
                }
                complete |= place + 1 == count;
            }
        }
        if !complete {
            results.fill_with(|| Err(lost_answer()));
        }
        results
    }
}

/// Whether this kernel stores the mark of an address (`IFA_PROTO`): Linux 5.18 and later. A kernel that cannot be
/// asked counts as an old one.
pub fn kernel_keeps_marks() -> bool {
    kernel_is((5, 18))
}

/// Whether this kernel stores the comment of a table of nftables: Linux 5.10 and later. A kernel that cannot be asked
/// counts as an old one.
pub fn kernel_keeps_comments() -> bool {
    kernel_is((5, 10))
}

/// Whether this kernel is of that release or a later one.
fn kernel_is(wanted: (u32, u32)) -> bool {
    std::fs::read_to_string("/proc/sys/kernel/osrelease").is_ok_and(|release| is_since(&release, wanted))
}

fn is_since(release: &str, wanted: (u32, u32)) -> bool {
    let mut numbers =
        release.split(|c: char| !c.is_ascii_digit()).map(|part| part.parse::<u32>().unwrap_or(0));
    let version = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    version >= wanted
}

/// A command that found the wished state has succeeded.
fn judge(command: &Command, result: Result<Outcome, Refusal>) -> Result<Outcome, Refusal> {
    let Err(Refusal { errno, .. }) = result else { return result };
    let is_so = match command {
        Command::Address(AddressChange::Add(_))
        | Command::Route(RouteChange::Add(_))
        | Command::Rule(RuleChange::Add(_)) => errno == libc::EEXIST,
        Command::Address(AddressChange::Set(_)) => false,
        Command::Address(AddressChange::Remove(_)) => matches!(errno, libc::EADDRNOTAVAIL | libc::ENODEV),
        // A removal that names what is gone, be it the route, its interface or its table.
        Command::Route(RouteChange::Remove(_) | RouteChange::RemoveFormer(_)) => {
            matches!(errno, libc::ESRCH | libc::ENODEV | libc::ENOENT | libc::ENETDOWN | libc::ENETUNREACH)
        }
        Command::Rule(RuleChange::Remove(_) | RuleChange::RemoveFormer(_)) => {
            matches!(errno, libc::ENOENT | libc::ESRCH)
        }
    };
    if is_so { Ok(Outcome::AlreadySo) } else { result }
}

impl Command {
    /// The netlink request and its flags. A change that cannot be expressed becomes a request that changes nothing.
    fn request(&self) -> (RouteNetlinkMessage, u16) {
        let nothing = || (RouteNetlinkMessage::GetLink(LinkMessage::default()), 0);
        match self {
            Self::Address(change) => change.request(),
            Self::Route(change) => change.request().unwrap_or_else(nothing),
            Self::Rule(change) => change.request().unwrap_or_else(nothing),
        }
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(change) => change.fmt(f),
            Self::Route(change) => change.fmt(f),
            Self::Rule(change) => change.fmt(f),
        }
    }
}

impl From<AddressChange> for Command {
    fn from(change: AddressChange) -> Self {
        Self::Address(change)
    }
}

impl From<RouteChange> for Command {
    fn from(change: RouteChange) -> Self {
        Self::Route(change)
    }
}

impl From<RuleChange> for Command {
    fn from(change: RuleChange) -> Self {
        Self::Rule(change)
    }
}

fn lost_answer() -> Refusal {
    Refusal::new(libc::ENOBUFS).with_message("the answer was lost")
}

/// Requests in one system call: so many answers fit into the receive buffer, even if it could not be enlarged.
const REQUESTS_PER_SEND: usize = 128;
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
        let add = Command::from(AddressChange::Add(address.clone()));
        let set = Command::from(AddressChange::Set(address.clone()));
        let remove = Command::from(AddressChange::Remove(address));
        assert_eq!(judge(&add, refused(libc::EEXIST)), Ok(Outcome::AlreadySo));
        assert_eq!(judge(&remove, refused(libc::EADDRNOTAVAIL)), Ok(Outcome::AlreadySo));
        assert_eq!(judge(&remove, refused(libc::ENODEV)), Ok(Outcome::AlreadySo));
        assert_eq!(judge(&set, refused(libc::EEXIST)), refused(libc::EEXIST));
        assert_eq!(judge(&add, refused(libc::EADDRNOTAVAIL)), refused(libc::EADDRNOTAVAIL));
        assert_eq!(judge(&remove, refused(libc::EEXIST)), refused(libc::EEXIST));
        assert_eq!(judge(&add, Ok(Outcome::Changed)), Ok(Outcome::Changed));
    }

    #[test]
    fn the_kernels_release_tells_whether_it_keeps_marks() {
        for (release, keeps) in [
            ("5.18.0", true),
            ("6.1.0-18-amd64", true),
            ("10.0", true),
            ("5.17.9", false),
            ("4.18.0-553.el8.x86_64", false),
            ("", false),
            ("linux", false),
        ] {
            assert_eq!(is_since(release, (5, 18)), keeps, "{release}");
        }
    }
}
