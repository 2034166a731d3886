//! Lines of JSON from the parent.

use std::io;

use vipd_control::Answer;

/// Bytes from the parent until they are whole lines.
#[derive(Debug, Default)]
pub(super) struct Feed {
    input: Vec<u8>,
    /// Bytes of it that hold no end of a line.
    searched: usize,
}

impl Feed {
    /// Adds bytes.
    ///
    /// # Errors
    /// The line has no end.
    pub(super) fn take(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.input.len() > MAX_LINE {
            return Err(io::Error::other("the parent's answer is too long"));
        }
        self.input.extend_from_slice(bytes);
        Ok(())
    }

    /// The next answer that is complete. Kinds that are not known are skipped.
    ///
    /// # Errors
    /// A status cannot be read: no later one will be.
    pub(super) fn next(&mut self) -> io::Result<Option<Answer>> {
        let unsearched = self.input.get(self.searched..).unwrap_or_default();
        let Some(end) = unsearched.iter().position(|&byte| byte == b'\n') else {
            self.searched = self.input.len();
            if self.input.is_empty() {
                // A status of thousands of instances is large.
                self.input.shrink_to(SMALL);
            }
            return Ok(None);
        };
        let length = self.searched + end + 1;
        let answer = serde_json::from_slice(self.input.get(..length).unwrap_or_default());
        self.input.drain(..length);
        self.searched = 0;
        answer.map(Some).map_err(|error| io::Error::other(format!("the parent's answer: {error}")))
    }
}

/// The longest answer in bytes.
const MAX_LINE: usize = 128 << 20;

const SMALL: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_however_they_are_cut() {
        let text = b"{\"is\":\"end\",\"v\":1}\n{\"is\":\"lost\",\"v\":1,\"lines\":3}\n{\"is\"";
        for size in 1..text.len() {
            let (mut feed, mut answers) = (Feed::default(), Vec::new());
            for piece in text.chunks(size) {
                feed.take(piece).unwrap();
                while let Some(answer) = feed.next().unwrap() {
                    answers.push(answer);
                }
            }
            assert_eq!(answers, [Answer::End { v: 1 }, Answer::Lost { v: 1, lines: 3 }], "{size}");
        }
    }

    #[test]
    fn a_malformed_answer_ends_it() {
        let mut feed = Feed::default();
        feed.take(b"nonsense\n").unwrap();
        assert!(feed.next().is_err());
    }
}
