//! The interface of a protocol's machine to the [frame](super).

use std::io;
use std::time::SystemTime;

use super::Note;
use crate::{Failure, Outcome};

/// One protocol's part of a dialogue: octets in, octets out, and at some time an outcome.
///
/// Every protocol of this crate is one, and so is a protocol of one's own ([`Custom`](crate::Custom)).
///
/// The [`Dialogue`](super::Dialogue) around it keeps the deadlines, the output that is not sent yet and the outcome; after
/// an outcome nothing is called again. An implementation takes bounded memory whatever the peer sends, panics on nothing,
/// and comes to the same outcome however a stream is cut.
pub trait Exchange: Send {
    /// Connected (or the datagram socket is ready): the first output is appended to `out`. `Some` ends the attempt.
    fn handle_connected(&mut self, out: &mut Vec<u8>) -> Option<Outcome>;

    /// Plain text octets of a stream in any cut, or one whole datagram.
    fn handle_input(&mut self, input: &[u8], out: &mut Vec<u8>) -> Option<Outcome>;

    /// Asked after octets came that were no outcome: the conversation goes on over another connection to the same server. The
    /// frame has this one closed, and calls [`handle_connected`](Self::handle_connected) again.
    fn wants_another_connection(&self) -> bool {
        false
    }

    /// The peer closed.
    fn handle_end(&mut self) -> Outcome;

    /// The socket failed.
    fn handle_error(&mut self, kind: io::ErrorKind) -> Outcome {
        Outcome::Fail(Failure::Io(kind))
    }

    /// The step's time is up (connected, but nothing in time).
    fn handle_timeout(&mut self) -> Outcome {
        Outcome::Fail(Failure::Silent(self.awaits()))
    }

    /// The input that it waits for, for the log ("banner", "status line", "reply").
    fn awaits(&self) -> &'static str;

    /// Remarks for the operator besides the outcome.
    fn append_notes(&self, _notes: &mut Vec<Note>) {}

    /// When the certificate ends that the server showed; `None`: it showed none, or its end cannot be read.
    fn certificate_end(&self) -> Option<SystemTime> {
        None
    }
}
