//! Messages over one non-blocking stream socket.
//!
//! Each is its length (u32, little endian) and its postcard encoding. Both directions are bounded: an announced
//! length past 64 MiB breaks the channel before anything is allocated for it, and so does a peer that
//! does not read while twice as much waits for it.

use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// One end of the connection between parent and worker.
///
/// Made for an edge-triggered loop: register the descriptor for reading and writing; when it is readable, call
/// [`Channel::receive`] until it gives `None`; when it is writable, call [`Channel::flush`].
///
/// ```
/// use privsep::channel::Channel;
///
/// let (parent, worker) = std::os::unix::net::UnixStream::pair()?;
/// let mut parent = Channel::new(parent)?;
/// let mut worker = Channel::new(worker)?;
/// parent.send(&("stop", 7))?;
/// assert_eq!(worker.receive()?, Some(("stop".to_owned(), 7)));
/// assert!(worker.receive::<(String, u8)>()?.is_none());
/// worker.send(&"stopped")?;
/// assert_eq!(parent.receive()?, Some("stopped".to_owned()));
/// # Ok::<(), privsep::channel::ChannelError>(())
/// ```
#[derive(Debug)]
pub struct Channel {
    stream: UnixStream,
    /// Received octets not yet given out; a whole message is removed at a time.
    input: Vec<u8>,
    /// Encoded messages the socket did not take yet.
    output: Vec<u8>,
}

/// Why a channel can no longer be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChannelError {
    /// The other side closed it (or died); everything it sent before has been received.
    #[error("the other side closed the channel")]
    Closed,
    /// The socket failed.
    #[error("the channel failed: {0}")]
    Io(#[from] io::Error),
    /// The other side announced a message that nobody sends.
    #[error("a message of {0} octets is too long")]
    TooLong(usize),
    /// The octets are no message, or a value cannot be said in octets.
    #[error("not a message: {0}")]
    Encoding(#[from] postcard::Error),
    /// The other side does not read, and this many octets wait for it.
    #[error("the other side does not read: {0} octets wait")]
    Stuck(usize),
}

impl Channel {
    /// Takes a connected socket and makes it non-blocking.
    pub fn new(stream: UnixStream) -> Result<Self, ChannelError> {
        stream.set_nonblocking(true)?;
        Ok(Self { stream, input: Vec::new(), output: Vec::new() })
    }

    /// Takes an inherited descriptor.
    ///
    /// # Errors
    /// It is not a stream socket.
    pub fn from_fd(socket: OwnedFd) -> Result<Self, ChannelError> {
        let stream = UnixStream::from(socket);
        stream.peer_addr()?;
        Self::new(stream)
    }

    /// Queues a message and sends what the socket takes now.
    pub fn send<T: Serialize>(&mut self, message: &T) -> Result<(), ChannelError> {
        encode(message, &mut self.output)?;
        self.flush()?;
        if self.output.len() > QUEUE_LIMIT {
            return Err(ChannelError::Stuck(self.output.len()));
        }
        Ok(())
    }

    /// Queues a message without sending anything: [`flush`](Self::flush) does, for many at once.
    pub fn queue<T: Serialize>(&mut self, message: &T) -> Result<(), ChannelError> {
        if self.output.len() > QUEUE_LIMIT {
            return Err(ChannelError::Stuck(self.output.len()));
        }
        encode(message, &mut self.output)
    }

    /// Octets of messages that wait for the socket.
    pub fn waiting(&self) -> usize {
        self.output.len()
    }

    /// Sends what the socket takes now of what waits.
    pub fn flush(&mut self) -> Result<(), ChannelError> {
        let mut sent = 0;
        let outcome = loop {
            let Some(rest) = self.output.get(sent..).filter(|rest| !rest.is_empty()) else { break Ok(()) };
            match self.stream.write(rest) {
                Ok(count) => sent += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break Ok(()),
                Err(error) if error.kind() == ErrorKind::BrokenPipe => break Err(ChannelError::Closed),
                Err(error) => break Err(error.into()),
            }
        };
        self.output.drain(..sent.min(self.output.len()));
        give_back(&mut self.output);
        outcome
    }

    /// Whether messages still wait for the socket.
    pub fn is_flushed(&self) -> bool {
        self.output.is_empty()
    }

    /// The next message, `None` when there is none yet.
    pub fn receive<T: DeserializeOwned>(&mut self) -> Result<Option<T>, ChannelError> {
        loop {
            if let Some(message) = decode(&mut self.input)? {
                return Ok(Some(message));
            }
            let mut chunk = [0; 16 * 1024];
            match self.stream.read(&mut chunk) {
                Ok(0) => return Err(ChannelError::Closed),
                Ok(count) => self.input.extend_from_slice(chunk.get(..count).unwrap_or_default()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return Err(ChannelError::Closed),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

impl AsFd for Channel {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

impl AsRawFd for Channel {
    fn as_raw_fd(&self) -> RawFd {
        self.stream.as_raw_fd()
    }
}

/// Appends a message to `output`, which is unchanged after an error.
fn encode<T: Serialize>(message: &T, output: &mut Vec<u8>) -> Result<(), ChannelError> {
    let start = output.len();
    let outcome = append(message, output);
    if outcome.is_err() {
        output.truncate(start);
    }
    outcome
}

/// The same, but after an error some of the message may be there.
fn append<T: Serialize>(message: &T, output: &mut Vec<u8>) -> Result<(), ChannelError> {
    let start = output.len();
    output.extend_from_slice(&[0; HEAD]);
    // A configuration may have mebibytes: it is encoded in its place, not beside it.
    postcard::to_extend(message, Tail(output))?;
    let written = output.len() - start - HEAD;
    let length = u32::try_from(written).ok().filter(|_| written <= MESSAGE_LIMIT);
    let length = length.ok_or(ChannelError::TooLong(written))?;
    if let Some(head) = output.get_mut(start..start + HEAD) {
        head.copy_from_slice(&length.to_le_bytes());
    }
    Ok(())
}

/// The end of a buffer, to be written to.
struct Tail<'v>(&'v mut Vec<u8>);

impl Extend<u8> for Tail<'_> {
    fn extend<I: IntoIterator<Item = u8>>(&mut self, octets: I) {
        self.0.extend(octets);
    }
}

/// Gives back the memory of a long message that has passed: a process lives long after it has its configuration.
fn give_back(buffer: &mut Vec<u8>) {
    if buffer.is_empty() && buffer.capacity() > ROOM {
        *buffer = Vec::new();
    }
}

/// Removes a message from the front of `input`, if a whole one is there.
fn decode<T: DeserializeOwned>(input: &mut Vec<u8>) -> Result<Option<T>, ChannelError> {
    let Some((head, rest)) = input.split_first_chunk::<HEAD>() else { return Ok(None) };
    let length = u32::from_le_bytes(*head) as usize;
    if length > MESSAGE_LIMIT {
        return Err(ChannelError::TooLong(length));
    }
    let Some(body) = rest.get(..length) else { return Ok(None) };
    let message = postcard::from_bytes(body)?;
    input.drain(..HEAD + length);
    give_back(input);
    Ok(Some(message))
}

/// Memory that a buffer keeps for the next messages.
const ROOM: usize = 64 << 10;

/// Octets of the length in front of a message.
const HEAD: usize = 4;

/// A configuration of ten thousand instances, or the dump of its state, takes a few mebibytes.
const MESSAGE_LIMIT: usize = 64 << 20;

/// Most bytes that may wait for a peer that does not read.
const QUEUE_LIMIT: usize = 2 * MESSAGE_LIMIT;

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, serde::Deserialize)]
    enum Message {
        Log { level: u8, text: String },
        Done { generation: u32, script: u32, started: Option<u64>, ended: u64 },
    }

    fn log(text: &str) -> Message {
        Message::Log { level: 6, text: text.to_owned() }
    }

    #[test]
    fn a_message_cut_at_any_length_is_waited_for() {
        let mut whole = Vec::new();
        encode(&log("(V1) Entering MASTER STATE"), &mut whole).unwrap();
        for length in 0..whole.len() {
            let mut part = whole[..length].to_vec();
            assert!(decode::<Message>(&mut part).unwrap().is_none(), "{length} octets");
            assert_eq!(part.len(), length);
        }
        assert!(decode::<Message>(&mut whole).unwrap().is_some());
        assert!(whole.is_empty());
    }

    #[test]
    fn messages_keep_their_order_and_the_rest_stays() {
        let mut buffer = Vec::new();
        encode(&log("one"), &mut buffer).unwrap();
        encode(&log("two"), &mut buffer).unwrap();
        for expected in ["one", "two"] {
            let Some(Message::Log { text, .. }) = decode(&mut buffer).unwrap() else { panic!("no message") };
            assert_eq!(text, expected);
        }
    }

    #[test]
    fn an_announced_length_past_the_limit_breaks_the_channel() {
        let mut buffer = vec![0xff; 4];
        assert!(matches!(decode::<Message>(&mut buffer), Err(ChannelError::TooLong(0xffff_ffff))));
    }

    #[test]
    fn a_buffer_gives_back_the_memory_of_a_long_message() {
        let mut buffer = Vec::new();
        encode(&log(&"x".repeat(1 << 20)), &mut buffer).unwrap();
        assert!(decode::<Message>(&mut buffer).unwrap().is_some());
        assert!(buffer.capacity() <= ROOM);
    }

    #[test]
    fn a_message_that_cannot_be_encoded_leaves_nothing_behind() {
        let mut buffer = vec![1, 2, 3];
        assert!(matches!(
            encode(&log(&"x".repeat(MESSAGE_LIMIT)), &mut buffer),
            Err(ChannelError::TooLong(_))
        ));
        assert_eq!(buffer, [1, 2, 3]);
    }

    #[test]
    fn noise_is_an_error_and_never_a_panic() {
        for noise in 0..=255 {
            let mut buffer = vec![3, 0, 0, 0, noise, noise, noise];
            let _ = decode::<Message>(&mut buffer);
        }
        assert!(matches!(decode::<Message>(&mut vec![1, 0, 0, 0, 0xee]), Err(ChannelError::Encoding(_))));
    }

    #[test]
    fn everything_sent_before_a_close_is_received() {
        let (near, far) = UnixStream::pair().unwrap();
        let (mut near, mut far) = (Channel::new(near).unwrap(), Channel::new(far).unwrap());
        let done = Message::Done { generation: 1, script: 2, started: Some(4), ended: 5 };
        near.send(&done).unwrap();
        drop(near);
        assert_eq!(far.receive().unwrap(), Some(done));
        assert!(matches!(far.receive::<Message>(), Err(ChannelError::Closed)));
    }

    #[test]
    fn a_large_message_passes_a_small_socket_buffer() {
        let (near, far) = UnixStream::pair().unwrap();
        let (mut near, mut far) = (Channel::new(near).unwrap(), Channel::new(far).unwrap());
        let long = "x".repeat(3 << 20);
        near.send(&log(&long)).unwrap();
        assert!(!near.is_flushed());
        let received = loop {
            if let Some(message) = far.receive::<Message>().unwrap() {
                break message;
            }
            near.flush().unwrap();
        };
        assert!(matches!(received, Message::Log { text, .. } if text.len() == long.len()));
        assert!(near.is_flushed());
    }
}
