//! A blocking connection, plain or TLS, in which every wait ends at a given moment.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use rustls::ClientConnection;

/// One connection to a server.
#[derive(Debug)]
pub(super) struct Connection {
    stream: TcpStream,
    tls: Option<Box<ClientConnection>>,
}

/// Why a handshake failed.
#[derive(Debug)]
pub(super) enum HandshakeError {
    /// The other side closed the connection.
    Closed,
    Io(io::Error),
    Tls(rustls::Error),
}

impl Connection {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self { stream, tls: None }
    }

    /// Does the handshake.
    pub(super) fn secure(&mut self, tls: ClientConnection, end: Instant) -> Result<(), HandshakeError> {
        let tls = self.tls.insert(Box::new(tls));
        while tls.is_handshaking() || tls.wants_write() {
            if tls.wants_write() {
                limit_write(&self.stream, end).map_err(HandshakeError::Io)?;
                tls.write_tls(&mut self.stream).map_err(HandshakeError::Io)?;
                continue;
            }
            limit_read(&self.stream, end).map_err(HandshakeError::Io)?;
            if tls.read_tls(&mut self.stream).map_err(HandshakeError::Io)? == 0 {
                return Err(HandshakeError::Closed);
            }
            if let Err(error) = tls.process_new_packets() {
                // It may like to know why.
                let _ = tls.write_tls(&mut self.stream);
                return Err(HandshakeError::Tls(error));
            }
        }
        Ok(())
    }

    /// Sends everything.
    pub(super) fn write_all(&mut self, mut bytes: &[u8], end: Instant) -> io::Result<()> {
        let Some(tls) = &mut self.tls else {
            while !bytes.is_empty() {
                limit_write(&self.stream, end)?;
                let sent = self.stream.write(bytes)?;
                bytes = bytes.get(sent..).unwrap_or_default();
            }
            return Ok(());
        };
        while !bytes.is_empty() || tls.wants_write() {
            let taken = tls.writer().write(bytes)?;
            bytes = bytes.get(taken..).unwrap_or_default();
            limit_write(&self.stream, end)?;
            tls.write_tls(&mut self.stream)?;
        }
        Ok(())
    }

    /// Waits for bytes; 0 is the end.
    pub(super) fn read(&mut self, buffer: &mut [u8], end: Instant) -> io::Result<usize> {
        let Some(tls) = &mut self.tls else {
            limit_read(&self.stream, end)?;
            return self.stream.read(buffer);
        };
        loop {
            match tls.reader().read(buffer) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                other => return other,
            }
            limit_read(&self.stream, end)?;
            if tls.read_tls(&mut self.stream)? == 0 {
                return Ok(0);
            }
            tls.process_new_packets().map_err(|error| io::Error::new(ErrorKind::InvalidData, error))?;
            while tls.wants_write() {
                limit_write(&self.stream, end)?;
                tls.write_tls(&mut self.stream)?;
            }
        }
    }

    /// Sends the end and waits a moment for the other side's, so that it sees no reset.
    pub(super) fn close(mut self) {
        let end = Instant::now() + FAREWELL;
        if let Some(tls) = &mut self.tls {
            tls.send_close_notify();
        }
        if self.write_all(b"", end).is_ok() && self.stream.shutdown(std::net::Shutdown::Write).is_ok() {
            let mut rest = [0; 512];
            while matches!(self.read(&mut rest, end), Ok(1..)) {}
        }
    }
}

fn limit_read(stream: &TcpStream, end: Instant) -> io::Result<()> {
    stream.set_read_timeout(Some(left(end)?))
}

fn limit_write(stream: &TcpStream, end: Instant) -> io::Result<()> {
    stream.set_write_timeout(Some(left(end)?))
}

/// # Errors
/// Nothing is left.
fn left(end: Instant) -> io::Result<Duration> {
    let left = end.saturating_duration_since(Instant::now());
    if left < SHORTEST { Err(ErrorKind::TimedOut.into()) } else { Ok(left) }
}

/// The kernel counts in microseconds and takes 0 as forever.
const SHORTEST: Duration = Duration::from_micros(100);

/// A good server answers QUIT and closes in one round trip.
const FAREWELL: Duration = Duration::from_millis(300);
