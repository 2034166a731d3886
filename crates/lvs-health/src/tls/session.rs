//! One connection's TLS, with another exchange inside.

use std::io::{self, Read, Write};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustls::ClientConnection;

use super::certificate::Certificate;
use super::config::Layer;
use crate::dialogue::{AttemptStep, Exchange, Note};
use crate::{ExpiryWeight, Failure, Outcome, WeightUpdate};

/// Ciphertext outside, plain text inside.
///
/// rustls' own buffers are bounded, and emptied each time something comes: decrypted data go inside at once, encrypted
/// data go to the frame's output.
struct Session {
    layer: Layer,
    /// Made when the transport is connected: until then it would only take memory.
    connection: Option<Box<ClientConnection>>,
    inner: Box<dyn Exchange>,
    /// Whether the one inside was told that it is connected.
    is_open: bool,
    note: Option<Note>,
    /// The end of the certificate that the server showed.
    ends: Option<SystemTime>,
    /// Effect of the certificate's end on the weight.
    weigh: WeightUpdate,
}

impl Layer {
    /// Whether a certificate that ends then ends within this time.
    fn is_near(&self, ends: SystemTime, within: Duration) -> bool {
        self.outside.wall_clock().checked_add(within).is_none_or(|soon| ends < soon)
    }

    fn note(&self, ends: Option<SystemTime>) -> Option<Note> {
        let near =
            |ends: &SystemTime| !self.expiry_warning.is_zero() && self.is_near(*ends, self.expiry_warning);
        ends.filter(near).map(Note::CertificateExpires)
    }

    /// A certificate whose end cannot be read changes nothing.
    fn weigh(&self, ends: Option<SystemTime>) -> WeightUpdate {
        match (self.expiry_weight, ends) {
            (Some(ExpiryWeight { within, percent }), Some(ends)) if self.is_near(ends, within) => {
                WeightUpdate::Percent(percent)
            }
            (Some(_), Some(_)) => WeightUpdate::Configured,
            (None, _) | (_, None) => WeightUpdate::Unchanged,
        }
    }

    /// The same conversation, inside TLS.
    pub(crate) fn wrap(&self, inner: Box<dyn Exchange>) -> Box<dyn Exchange> {
        Box::new(Session::new(self.clone(), inner))
    }
}

impl Session {
    fn new(layer: Layer, inner: Box<dyn Exchange>) -> Self {
        Self {
            layer,
            connection: None,
            inner,
            is_open: false,
            note: None,
            ends: None,
            weigh: WeightUpdate::Unchanged,
        }
    }

    fn connect(&mut self, out: &mut Vec<u8>) -> Result<Option<Outcome>, Failure> {
        let config = Arc::clone(&self.layer.config);
        let mut connection = ClientConnection::new(config, self.layer.name.clone()).map_err(tls)?;
        flush(&mut connection, out);
        self.connection = Some(Box::new(connection));
        // A redirect leads to another connection.
        self.is_open = false;
        Ok(None)
    }

    fn input(&mut self, mut input: &[u8], out: &mut Vec<u8>) -> Result<Option<Outcome>, Failure> {
        let Some(connection) = &mut self.connection else { return Ok(None) };
        while !input.is_empty() {
            let before = input.len();
            connection.read_tls(&mut input).map_err(|error| Failure::Io(error.kind()))?;
            let processed = connection.process_new_packets();
            // An alert is queued with an error.
            flush(connection, out);
            // Data that were decrypted before an error count: otherwise the outcome would depend on how the stream is
            // cut.
            let plain = decrypted(connection);
            let mut said = Vec::new();
            let mut outcome = None;
            if !self.is_open && !connection.is_handshaking() {
                self.is_open = true;
                let ends = established(connection, &self.layer)?;
                (self.ends, self.note) = (ends, self.layer.note(ends));
                let with = &agreed(connection);
                self.layer.outside.watch(AttemptStep::Secured { with, certificate_end: ends });
                self.weigh = self.layer.weigh(ends);
                outcome = self.inner.handle_connected(&mut said);
            }
            if !plain.is_empty() {
                self.layer.outside.watch(AttemptStep::ReceivedInside(&plain));
            }
            if outcome.is_none() && !plain.is_empty() {
                outcome = self.inner.handle_input(&plain, &mut said);
            }
            if !said.is_empty() {
                self.layer.outside.watch(AttemptStep::SentInside(&said));
            }
            if outcome.is_some() {
                send(connection, &said, out)?;
                return Ok(outcome);
            }
            if self.inner.wants_another_connection() {
                return Ok(None);
            }
            let state = processed.map_err(tls)?;
            send(connection, &said, out)?;
            if state.peer_has_closed() {
                return Ok(Some(self.inner.handle_end()));
            }
            if input.len() == before {
                return Err(Failure::Tls("too much at once".to_owned()));
            }
        }
        Ok(None)
    }

    /// The one inside is done: say so, if asked to.
    fn close(&mut self, out: &mut Vec<u8>) {
        if let Some(connection) = self.connection.as_mut().filter(|_| self.layer.close_notify) {
            connection.send_close_notify();
            flush(connection, out);
        }
    }

    /// The outcome, with what the certificate says about the weight if nothing else does.
    fn weighed(&self, outcome: Outcome) -> Outcome {
        if outcome == Outcome::Pass(WeightUpdate::Unchanged) { Outcome::Pass(self.weigh) } else { outcome }
    }

    fn is_inside(&mut self) -> Option<&mut Box<dyn Exchange>> {
        self.is_open.then_some(&mut self.inner)
    }
}

/// The handshake is complete: is it what was wanted?
///
/// Gives when the server's certificate ends, if that can be told.
fn established(connection: &ClientConnection, layer: &Layer) -> Result<Option<SystemTime>, Failure> {
    if layer.h2 && connection.alpn_protocol() != Some(b"h2") {
        return Err(Failure::Tls("the server does not offer HTTP/2 (ALPN)".to_owned()));
    }
    let leaf = connection.peer_certificates().and_then(|chain| chain.first());
    Ok(leaf.and_then(|leaf| Certificate::parse(leaf)).and_then(|leaf| leaf.not_after))
}

/// Version and cipher suite.
fn agreed(connection: &ClientConnection) -> String {
    let version = connection.protocol_version().and_then(|version| version.as_str()).unwrap_or("TLS");
    let suite = connection.negotiated_cipher_suite().and_then(|suite| suite.suite().as_str());
    suite.map_or_else(|| version.to_owned(), |suite| format!("{version} {suite}"))
}

/// The received data, decrypted.
fn decrypted(connection: &mut ClientConnection) -> Vec<u8> {
    let mut plain = Vec::new();
    // An error says that there is no more for now, or that the stream was cut: neither is news.
    let _ = connection.reader().read_to_end(&mut plain);
    plain
}

/// Encrypts and sends.
fn send(connection: &mut ClientConnection, plain: &[u8], out: &mut Vec<u8>) -> Result<(), Failure> {
    connection.writer().write_all(plain).map_err(|error| Failure::Io(error.kind()))?;
    flush(connection, out);
    Ok(())
}

/// Appends the records that rustls wants to send; a vector takes everything.
fn flush(connection: &mut ClientConnection, out: &mut Vec<u8>) {
    while connection.wants_write() {
        if connection.write_tls(out).is_err() {
            break;
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn tls(error: rustls::Error) -> Failure {
    Failure::Tls(error.to_string())
}

impl Exchange for Session {
    fn handle_connected(&mut self, out: &mut Vec<u8>) -> Option<Outcome> {
        self.connect(out).unwrap_or_else(|failure| Some(Outcome::Fail(failure)))
    }

    fn handle_input(&mut self, input: &[u8], out: &mut Vec<u8>) -> Option<Outcome> {
        match self.input(input, out) {
            Ok(outcome) => {
                if outcome.is_some() {
                    self.close(out);
                }
                outcome.map(|outcome| self.weighed(outcome))
            }
            Err(failure) => Some(Outcome::Fail(failure)),
        }
    }

    fn wants_another_connection(&self) -> bool {
        self.inner.wants_another_connection()
    }

    /// Many a server closes without close_notify, and as keepalived does not mind, nor do we: what a cut would hide from a
    /// check, an attacker in between could as well change by not letting it through at all.
    fn handle_end(&mut self) -> Outcome {
        match self.is_inside() {
            Some(inner) => {
                let outcome = inner.handle_end();
                self.weighed(outcome)
            }
            None => Outcome::Fail(Failure::Closed(self.awaits())),
        }
    }

    fn handle_error(&mut self, kind: io::ErrorKind) -> Outcome {
        match self.is_inside() {
            Some(inner) => {
                let outcome = inner.handle_error(kind);
                self.weighed(outcome)
            }
            None => Outcome::Fail(Failure::Io(kind)),
        }
    }

    fn handle_timeout(&mut self) -> Outcome {
        match self.is_inside() {
            Some(inner) => {
                let outcome = inner.handle_timeout();
                self.weighed(outcome)
            }
            None => Outcome::Fail(Failure::Silent(self.awaits())),
        }
    }

    fn awaits(&self) -> &'static str {
        if self.is_open { self.inner.awaits() } else { "TLS handshake" }
    }

    fn append_notes(&self, notes: &mut Vec<Note>) {
        notes.extend(self.note.clone());
        self.inner.append_notes(notes);
    }

    fn certificate_end(&self) -> Option<SystemTime> {
        self.ends
    }
}
