//! Files and the clock of TLS, and an ear inside it.

use std::fmt::Write as _;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Instant, SystemTime};

use lvs_health::blocking::System;
use lvs_health::{AttemptStep, Outside};

use crate::report::Step;
use crate::secrets::Secrets;

/// The steps of an attempt, written down from outside and from inside TLS.
#[derive(Clone, Debug)]
pub(super) struct Transcript {
    start: Instant,
    is_tls: bool,
    secrets: Arc<Secrets>,
    steps: Arc<Mutex<Vec<Step>>>,
}

impl Transcript {
    /// An empty one that begins now.
    pub(super) fn new(secrets: Arc<Secrets>, is_tls: bool) -> Self {
        Self { start: Instant::now(), is_tls, secrets, steps: Arc::default() }
    }

    /// Writes a step down. Pieces that follow each other at once are steps of their own.
    pub(super) fn note(&self, step: AttemptStep<'_>) {
        let mut steps = self.steps.lock().unwrap_or_else(PoisonError::into_inner);
        if steps.len() < MAX_STEPS {
            let at_us = u64::try_from(self.start.elapsed().as_micros()).unwrap_or(u64::MAX);
            steps.push(Step { at_us, ..self.step(step) });
        }
    }

    /// The steps so far.
    pub(super) fn take(&self) -> Vec<Step> {
        std::mem::take(&mut *self.steps.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn step(&self, step: AttemptStep<'_>) -> Step {
        let plain = |what| Step { what, ..Step::default() };
        match step {
            AttemptStep::Connecting => plain("connecting"),
            AttemptStep::Connected => plain("connected"),
            AttemptStep::Closed => plain("closed by the server"),
            AttemptStep::Secured { with, certificate_end } => Step {
                what: "secured",
                detail: Some(
                    match certificate_end.and_then(|end| end.duration_since(SystemTime::now()).ok()) {
                        Some(left) => {
                            format!("with {with}; certificate ends in {} days", left.as_secs() / 86_400)
                        }
                        None => format!("with {with}"),
                    },
                ),
                ..Step::default()
            },
            AttemptStep::Sent(bytes) if self.is_tls => outside("sent", bytes),
            AttemptStep::Received(bytes) if self.is_tls => outside("received", bytes),
            AttemptStep::Sent(bytes) => self.piece("sent", bytes, true),
            AttemptStep::Received(bytes) => self.piece("received", bytes, false),
            AttemptStep::SentInside(bytes) => self.piece("sent-inside-tls", bytes, true),
            AttemptStep::ReceivedInside(bytes) => self.piece("received-inside-tls", bytes, false),
            // Steps that have no name here yet.
            _ => plain("step"),
        }
    }

    fn piece(&self, what: &'static str, bytes: &[u8], is_sent: bool) -> Step {
        let step = Step { what, bytes: Some(bytes.len()), ..Step::default() };
        let Some(shown) = self.secrets.shown(bytes, is_sent) else {
            return Step { hidden: Some("not shown: it may hold the login"), ..step };
        };
        let cut = shown.get(..MAX_SHOWN).unwrap_or(&shown);
        if is_text(cut) {
            let more = if cut.len() < shown.len() { "\n[...]" } else { "" };
            return Step { text: Some(String::from_utf8_lossy(cut).into_owned() + more), ..step };
        }
        let cut = cut.get(..MAX_HEX).unwrap_or(cut);
        Step { hex: Some(hex(cut)), ..step }
    }
}

fn outside(what: &'static str, bytes: &[u8]) -> Step {
    Step { what, bytes: Some(bytes.len()), hidden: Some("TLS"), ..Step::default() }
}

fn hex(bytes: &[u8]) -> String {
    let mut digits = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        let _ = write!(digits, "{byte:02x}");
    }
    digits
}

/// Whether most of it can be read.
fn is_text(bytes: &[u8]) -> bool {
    let unreadable =
        bytes.iter().filter(|&&byte| byte < b' ' && !matches!(byte, b'\r' | b'\n' | b'\t')).count();
    let text = String::from_utf8_lossy(bytes);
    unreadable == 0 && text.chars().filter(|&c| c == char::REPLACEMENT_CHARACTER).count() <= 1
}

/// Bytes of a piece that are shown as text.
const MAX_SHOWN: usize = 2048;
/// Bytes of a piece that are shown as numbers.
const MAX_HEX: usize = 128;
/// Steps that are kept: a body may come in thousands of pieces.
const MAX_STEPS: usize = 256;

impl Outside for Transcript {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        System.read(path)
    }

    fn wall_clock(&self) -> SystemTime {
        System.wall_clock()
    }

    fn watch(&self, step: AttemptStep<'_>) {
        self.note(step);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_text_numbers_are_numbers_and_tls_is_a_length() {
        let plain = Transcript::new(Arc::default(), false);
        plain.note(AttemptStep::Sent(b"PING\r\n"));
        plain.note(AttemptStep::Received(&[0, 1, 0xff]));
        let [text, numbers] = &plain.take()[..] else { panic!("two steps") };
        assert_eq!((text.text.as_deref(), text.hex.as_deref()), (Some("PING\r\n"), None));
        assert_eq!((numbers.text.as_deref(), numbers.hex.as_deref()), (None, Some("0001ff")));
        let tls = Transcript::new(Arc::default(), true);
        tls.note(AttemptStep::Sent(b"PING\r\n"));
        tls.note(AttemptStep::SentInside(b"PING\r\n"));
        let [outside, inside] = &tls.take()[..] else { panic!("two steps") };
        assert_eq!((outside.text.as_deref(), outside.bytes), (None, Some(6)));
        assert_eq!(inside.text.as_deref(), Some("PING\r\n"));
    }

    #[test]
    fn a_body_without_end_is_cut() {
        let transcript = Transcript::new(Arc::default(), false);
        let piece = vec![b'a'; 65_536];
        for _ in 0..10_000 {
            transcript.note(AttemptStep::Received(&piece));
        }
        let steps = transcript.take();
        assert_eq!(steps.len(), MAX_STEPS);
        assert!(steps.iter().all(|step| step.text.as_ref().is_some_and(|text| text.len() < MAX_SHOWN + 10)));
    }
}
