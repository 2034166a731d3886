//! A web page as the answer: the same criteria as with HTTP/1.

use super::Reply;
use crate::Outcome;
use crate::dialogue::Note;
use crate::http::Judge;

/// Status and body, judged.
pub(crate) struct Web(pub(crate) Judge);

impl Reply for Web {
    fn field(&mut self, _name: &[u8], _value: &[u8]) {}

    fn head(&mut self, status: u16) -> Option<Outcome> {
        self.0.status(status)
    }

    fn data(&mut self, piece: &[u8]) -> Option<Outcome> {
        self.0.body(piece)
    }

    fn end(&mut self) -> Outcome {
        self.0.end()
    }

    fn note(&self) -> Option<Note> {
        self.0.note()
    }
}
