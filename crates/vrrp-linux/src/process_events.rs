//! The kernel's process connector: it tells of every process that begins, runs another program, changes its name or
//! ends.
//!
//! It is there for processes with `CAP_NET_ADMIN` in the first user namespace, in the first process and network
//! namespace: not in containers. A kernel that does not answer the request to tell has none.
//!
//! # Format
//!
//! A netlink message holds a `cn_msg` (20 octets: two ids, sequence, acknowledgement, length, flags), then a
//! `proc_event`: what (4), processor (4), time (8), then numbers of 4 octets: for a beginning the parent's thread and
//! process and the child's thread and process, for everything else thread and process.

use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::time::Duration;

use netlink_frame::Frames;
use netlink_sys::{Socket, SocketAddr};
use nix::sys::socket::{setsockopt, sockopt};
use socket2::SockRef;

use crate::process_table::ProcessEvent;

/// A socket that hears of processes.
#[derive(Debug)]
pub struct ProcessEvents {
    socket: Socket,
    buffer: Vec<u8>,
}

/// The event that arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReceivedEvents {
    /// These events, in their order.
    Events(Vec<ProcessEvent>),
    /// Events were lost: everything has to be looked at.
    Lost,
    /// There is nothing more to hear now.
    Nothing,
}

impl ProcessEvents {
    /// Asks the kernel to tell, and waits a moment for its agreement.
    ///
    /// # Errors
    /// The kernel does not tell, or not this process.
    pub fn open() -> io::Result<Self> {
        let mut socket = Socket::new(NETLINK_CONNECTOR)?;
        socket.bind(&SocketAddr::new(0, CN_IDX_PROC))?;
        SockRef::from(&socket).set_read_timeout(Some(ANSWER_TIMEOUT))?;
        // A burst of events waits here until it is read.
        let _ = setsockopt(&socket, sockopt::RcvBufForce, &RECEIVE_BUFFER_LEN);
        socket.send(&listen_request(), 0)?;
        let mut events = Self { socket, buffer: vec![0; BUFFER_LEN] };
        events.await_agreement()?;
        events.socket.set_non_blocking(true)?;
        Ok(events)
    }

    fn await_agreement(&mut self) -> io::Result<()> {
        for _ in 0..MOST_BEFORE_AGREEMENT {
            let len = self.socket.recv(&mut self.buffer.as_mut_slice(), 0)?;
            let frames = Frames::new(self.buffer.get(..len).unwrap_or_default());
            for frame in frames {
                if let Some(Message::Agreed(errno)) = message(frame.payload) {
                    return if errno == 0 {
                        Ok(())
                    } else {
                        Err(io::Error::from_raw_os_error(errno.unsigned_abs().cast_signed()))
                    };
                }
            }
        }
        Err(io::ErrorKind::TimedOut.into())
    }

    /// Reads some of what has arrived.
    ///
    /// # Errors
    /// The socket fails.
    pub fn hear(&mut self) -> io::Result<ReceivedEvents> {
        match self.socket.recv(&mut self.buffer.as_mut_slice(), 0) {
            Ok(len) => {
                Ok(ReceivedEvents::Events(events(self.buffer.get(..len).unwrap_or_default()).collect()))
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(ReceivedEvents::Nothing),
            Err(error) if error.raw_os_error() == Some(libc::ENOBUFS) => Ok(ReceivedEvents::Lost),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                Ok(ReceivedEvents::Events(Vec::new()))
            }
            Err(error) => Err(error),
        }
    }
}

impl AsRawFd for ProcessEvents {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}

/// The events in one datagram of the connector.
///
/// Threads, answers, and unreadable messages give none.
pub fn events(datagram: &[u8]) -> impl Iterator<Item = ProcessEvent> {
    Frames::new(datagram).filter_map(|frame| match message(frame.payload)? {
        Message::Event(event) => Some(event),
        Message::Agreed(_) => None,
    })
}

/// One message of the connector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Message {
    /// The answer to the request: 0, or a negative errno.
    Agreed(i32),
    Event(ProcessEvent),
}

/// Reads a message; `None` for threads, and for what this program does not ask about.
fn message(payload: &[u8]) -> Option<Message> {
    let event = payload.get(CN_HEADER_LEN..)?;
    let (head, numbers) = event.split_first_chunk::<16>()?;
    let [a, b, c, d, ..] = *head;
    let (numbers, _) = numbers.as_chunks::<4>();
    let number = |index: usize| numbers.get(index).map(|octets| u32::from_ne_bytes(*octets));
    let of_process = |at: usize| {
        let (thread, process) = (number(at)?, number(at + 1)?);
        (thread == process).then_some(process)
    };
    Some(Message::Event(match u32::from_ne_bytes([a, b, c, d]) {
        EVENT_NONE => return Some(Message::Agreed(number(0)?.cast_signed())),
        EVENT_FORK => ProcessEvent::Began(of_process(2)?),
        EVENT_EXEC => ProcessEvent::Ran(number(1)?),
        EVENT_COMM => ProcessEvent::Renamed(of_process(0)?),
        EVENT_EXIT => ProcessEvent::Ended(of_process(0)?),
        _ => return None,
    }))
}

/// Asks to be told.
fn listen_request() -> Vec<u8> {
    let operation = CN_LISTEN.to_ne_bytes();
    let len = u32::try_from(NETLINK_HEADER_LEN + CN_HEADER_LEN + operation.len()).unwrap_or(u32::MAX);
    let mut request = Vec::new();
    request.extend(len.to_ne_bytes());
    request.extend(NLMSG_DONE.to_ne_bytes());
    request.extend([0; 10]);
    for id in [CN_IDX_PROC, CN_VAL_PROC, 0, 0] {
        request.extend(id.to_ne_bytes());
    }
    request.extend(4_u16.to_ne_bytes());
    request.extend(0_u16.to_ne_bytes());
    request.extend(operation);
    request
}

const NETLINK_CONNECTOR: isize = 11;
const CN_IDX_PROC: u32 = 1;
const CN_VAL_PROC: u32 = 1;
const CN_LISTEN: u32 = 1;
const NLMSG_DONE: u16 = 3;
const NETLINK_HEADER_LEN: usize = 16;
const CN_HEADER_LEN: usize = 20;

const EVENT_NONE: u32 = 0;
const EVENT_FORK: u32 = 1;
const EVENT_EXEC: u32 = 2;
const EVENT_COMM: u32 = 0x200;
const EVENT_EXIT: u32 = 0x8000_0000;

/// Octets; a message has less than a hundred.
const BUFFER_LEN: usize = 8192;

/// Octets: some ten thousand events.
const RECEIVE_BUFFER_LEN: usize = 4 * 1024 * 1024;

/// The kernel answers while it is asked.
const ANSWER_TIMEOUT: Duration = Duration::from_millis(200);

/// Others may have asked before: events come ahead of the answer.
const MOST_BEFORE_AGREEMENT: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    fn octets(hex: &str) -> Vec<u8> {
        (0..hex.len() / 2).map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap()).collect()
    }

    /// The messages of a datagram.
    fn read(hex: &str) -> Vec<Message> {
        let datagram = octets(hex);
        Frames::new(&datagram).filter_map(|frame| message(frame.payload)).collect()
    }

    // Captured on Linux 6.18, x86-64.
    const AGREED: &str = "4c0000000300000000000000000000000100000001000000000000000100000028000000000000000100000029f2955ed5000000000000000000000000000000000000000000000000000000";
    const BEGAN: &str = "4c0000000300000001000000000000000100000001000000010000000000000028000000010000000100000082a39b5ed5000000f8330000f833000021340000213400000000000000000000";
    const RAN: &str = "4c000000030000000200000000000000010000000100000002000000000000002800000002000000010000007405cf5ed5000000213400002134000000000000000000000000000000000000";
    const ENDED: &str = "4c00000003000000030000000000000001000000010000000300000000000000280000000000008001000000ffcad25ed500000021340000213400000000000011000000f8330000f8330000";

    #[test]
    fn messages_of_the_kernel_are_read() {
        assert_eq!(read(AGREED), [Message::Agreed(0)]);
        assert_eq!(read(BEGAN), [Message::Event(ProcessEvent::Began(0x3421))]);
        assert_eq!(read(RAN), [Message::Event(ProcessEvent::Ran(0x3421))]);
        assert_eq!(read(ENDED), [Message::Event(ProcessEvent::Ended(0x3421))]);
    }

    #[test]
    fn an_agreement_is_no_event() {
        let datagram = [octets(AGREED), octets(BEGAN), octets(ENDED)].concat();
        let told: Vec<_> = events(&datagram).collect();
        assert_eq!(told, [ProcessEvent::Began(0x3421), ProcessEvent::Ended(0x3421)]);
    }

    #[test]
    fn threads_are_no_processes() {
        let of_thread = ENDED.replace("2134000021340000", "2234000021340000");
        assert_eq!(read(&of_thread), []);
        let renamed = RAN.replace("2800000002000000", "2800000000020000");
        assert_eq!(read(&renamed), [Message::Event(ProcessEvent::Renamed(0x3421))]);
    }

    #[test]
    fn a_truncated_message_is_ignored() {
        let datagram = octets(BEGAN);
        for len in 0..datagram.len() - 8 {
            let payload = datagram.get(16..len).unwrap_or_default();
            assert!(message(payload).is_none() || payload.len() >= 52, "{len}");
        }
    }
}
