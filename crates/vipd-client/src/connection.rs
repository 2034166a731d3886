//! One conversation with the daemon.

use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use vipd_control::{Answer, Request, Verb};

use super::Failure;

/// A connection to the daemon, with a request under way.
pub(super) struct Connection {
    reader: BufReader<UnixStream>,
    line: String,
}

impl Connection {
    /// Connects, and asks. The daemon has so long for each line of its answer; none is for ever.
    pub(super) fn ask(socket: &Path, verb: Verb, patience: Option<Duration>) -> Result<Self, Failure> {
        let connect = |error: &io::Error| {
            let path = socket.display();
            match error.kind() {
                io::ErrorKind::PermissionDenied => Failure::Refused(format!(
                    "you may not use {path}: only root may, and the members of control_group"
                )),
                io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => Failure::NoDaemon(format!(
                    "no daemon answers at {path}: is it running, and is this its control_socket?"
                )),
                _ => Failure::NoDaemon(format!("{path}: {error}")),
            }
        };
        let mut stream = UnixStream::connect(socket).map_err(|error| connect(&error))?;
        stream.set_read_timeout(patience).map_err(|error| connect(&error))?;
        stream.set_write_timeout(patience).map_err(|error| connect(&error))?;
        let request = Request::new(verb).line();
        // One that was refused may have its answer already.
        let _ = stream.write_all(request.as_bytes());
        Ok(Self { reader: BufReader::new(stream), line: String::new() })
    }

    /// The next line of the answer, as it is; none at its end.
    pub(super) fn line(&mut self) -> Result<Option<&str>, Failure> {
        self.line.clear();
        match self.reader.read_line(&mut self.line) {
            Ok(0) => Ok(None),
            Ok(_) => Ok(Some(self.line.trim_end())),
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                Err(Failure::NoDaemon("the daemon does not answer".to_owned()))
            }
            Err(error) => Err(Failure::NoDaemon(format!("the connection to the daemon was lost: {error}"))),
        }
    }

    /// The same, understood. A refusal by the daemon is a failure.
    pub(super) fn answer(&mut self) -> Result<Option<Answer>, Failure> {
        let Some(line) = self.line()? else { return Ok(None) };
        understand(line).map(Some)
    }
}

/// Understands one line of an answer. A refusal by the daemon is a failure.
pub(super) fn understand(line: &str) -> Result<Answer, Failure> {
    match serde_json::from_str(line) {
        Ok(Answer::Refused { refusal: vipd_control::Refusal::Rights, reason, .. }) => {
            Err(Failure::Refused(reason))
        }
        Ok(Answer::Refused { reason, .. }) => Err(Failure::No(reason)),
        Ok(answer) => Ok(answer),
        Err(error) => Err(Failure::No(format!(
            "the answer of the daemon is not understood ({error}): is it of another version than this program?"
        ))),
    }
}
