//! A route netlink socket for questions that are answered at once.
//!
//! The kernel works on a request while it is being sent, so its answer waits when `send` returns; the receive
//! timeout only guards against a kernel that never answers.

use std::io;
use std::time::Duration;

use netlink_frame::{Answer, Frame, Frames, Refusal};
use netlink_packet_core::{NLM_F_ACK, NLM_F_DUMP, NLM_F_REQUEST, NetlinkHeader, NetlinkMessage};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_ROUTE};
use socket2::SockRef;

/// Why a command to the kernel had no effect.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CommandError {
    /// The kernel looked at the request and said no.
    #[error("{command}: {refusal}")]
    Refused {
        /// The request, in words.
        command: String,
        /// The kernel's answer.
        refusal: Refusal,
    },
    /// The request or its answer did not get through.
    #[error("{command}: netlink socket: {source}")]
    Socket {
        /// The request, in words.
        command: String,
        /// The error.
        source: io::Error,
    },
}

impl CommandError {
    /// The error number, if there is one.
    pub fn errno(&self) -> Option<i32> {
        match self {
            Self::Refused { refusal, .. } => Some(refusal.errno),
            Self::Socket { source, .. } => source.raw_os_error(),
        }
    }
}

/// Sends one request at a time and waits for its answer.
#[derive(Debug)]
pub(crate) struct RouteSocket {
    socket: Socket,
    sequence: u32,
    buffer: Vec<u8>,
}

impl RouteSocket {
    /// Opens the socket in the network namespace of the calling thread.
    pub(crate) fn open() -> io::Result<Self> {
        let socket = open_socket()?;
        SockRef::from(&socket).set_read_timeout(Some(ANSWER_TIMEOUT))?;
        Ok(Self { socket, sequence: 0, buffer: vec![0; BUFFER_LEN] })
    }

    /// Sends `message` and waits until the kernel has carried it out. `command` names it in errors.
    pub(crate) fn request(
        &mut self,
        command: &str,
        message: RouteNetlinkMessage,
        flags: u16,
    ) -> Result<(), CommandError> {
        self.query(command, message, flags | NLM_F_ACK, |_| ()).map(drop)
    }

    /// Asks for one object or, with `NLM_F_DUMP` in `flags`, for a table; `each` gets every part of the answer.
    pub(crate) fn query(
        &mut self,
        command: &str,
        message: RouteNetlinkMessage,
        flags: u16,
        each: impl FnMut(&Frame<'_>),
    ) -> Result<Completeness, CommandError> {
        let answer = self.send(message, flags).and_then(|()| self.wait(flags, each));
        match answer {
            Ok(Ok(reading)) => Ok(reading),
            Ok(Err(refusal)) => Err(CommandError::Refused { command: command.to_owned(), refusal }),
            Err(source) => Err(CommandError::Socket { command: command.to_owned(), source }),
        }
    }

    fn send(&mut self, message: RouteNetlinkMessage, flags: u16) -> io::Result<()> {
        self.sequence = self.sequence.wrapping_add(1);
        let mut bytes = Vec::new();
        serialize(message, flags | NLM_F_REQUEST, self.sequence, &mut bytes);
        self.socket.send_to(&bytes, &SocketAddr::new(0, 0), 0).map(drop)
    }

    /// Reads until the current request is answered in full.
    fn wait(
        &mut self,
        flags: u16,
        mut each: impl FnMut(&Frame<'_>),
    ) -> io::Result<Result<Completeness, Refusal>> {
        let mut reading = Completeness::Whole;
        loop {
            let (length, sender) = match self.socket.recv_from(&mut self.buffer.as_mut_slice(), 0) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                received => received?,
            };
            if sender.port_number() != 0 {
                continue;
            }
            for frame in Frames::new(self.buffer.get(..length).unwrap_or_default()) {
                if frame.sequence != self.sequence {
                    continue;
                }
                if frame.is_interrupted() {
                    reading = Completeness::Torn;
                }
                match frame.answer() {
                    Answer::Ack | Answer::Done => return Ok(Ok(reading)),
                    Answer::Refused(refusal) => return Ok(Err(refusal)),
                    Answer::Data(_) => each(&frame),
                    Answer::Nothing => continue,
                }
                if flags & (NLM_F_ACK | NLM_F_DUMP) == 0 {
                    return Ok(Ok(reading));
                }
            }
        }
    }
}

/// Whether a table was read in one piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub(crate) enum Completeness {
    /// The tables that were read are consistent.
    Whole,
    /// The table changed while it was read (`NLM_F_DUMP_INTR`): entries may be missing.
    Torn,
}

/// Opens a route netlink socket with all the extras that make its answers useful.
pub(crate) fn open_socket() -> io::Result<Socket> {
    let mut socket = Socket::new(NETLINK_ROUTE)?;
    socket.bind_auto()?;
    // Old kernels lack these; answers are then only longer or without words.
    let _ = socket.set_ext_ack(true);
    let _ = socket.set_cap_ack(true);
    let _ = socket.set_netlink_get_strict_chk(true);
    Ok(socket)
}

/// Appends a whole request to `bytes`.
pub(crate) fn serialize(message: RouteNetlinkMessage, flags: u16, sequence: u32, bytes: &mut Vec<u8>) {
    let mut header = NetlinkHeader::default();
    header.flags = flags;
    header.sequence_number = sequence;
    let mut message = NetlinkMessage::new(header, message.into());
    message.finalize();
    let start = bytes.len();
    let end = start + message.buffer_len();
    bytes.resize(end.next_multiple_of(4), 0);
    message.serialize(&mut bytes[start..end]);
}

/// Time without an answer after which the command counts as failed.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);
/// No answer is longer: the kernel builds dumps in pieces of at most 32 KiB.
const BUFFER_LEN: usize = 64 * 1024;
