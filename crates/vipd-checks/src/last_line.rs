//! The last line of a text that arrives in pieces, in bounded memory.

/// Keeps the beginning of the last line that is not blank: the error stands at the beginning of a line more often than
/// at its end. A carriage return ends a line too, as programs that show progress use it.
#[derive(Debug, Default)]
pub(super) struct LastLine {
    /// The last line that ended.
    ended: Vec<u8>,
    /// The line that goes on.
    open: Vec<u8>,
}

impl LastLine {
    /// The next piece.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        for piece in bytes.split_inclusive(|byte| matches!(byte, b'\n' | b'\r')) {
            let room = MAX_LEN.saturating_sub(self.open.len());
            self.open.extend(piece.iter().take(room));
            if piece.ends_with(b"\n") || piece.ends_with(b"\r") {
                self.end_line();
            }
        }
    }

    fn end_line(&mut self) {
        if !is_blank(&self.open) {
            std::mem::swap(&mut self.ended, &mut self.open);
        }
        self.open.clear();
    }

    /// The line, at most [`MAX_LEN`] bytes of UTF-8 on one line: control characters become spaces, and bytes that are
    /// no UTF-8 become U+FFFD.
    pub(super) fn finish(mut self) -> String {
        self.end_line();
        let text = String::from_utf8_lossy(&self.ended);
        let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let text = text.trim();
        let end = (0..=MAX_LEN.min(text.len())).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0);
        text.get(..end).unwrap_or_default().trim_end().to_owned()
    }
}

/// Whether nobody would see anything.
fn is_blank(line: &[u8]) -> bool {
    line.iter().all(|byte| byte.is_ascii_whitespace() || byte.is_ascii_control())
}

/// Bytes of a line that are kept.
const MAX_LEN: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    fn last(pieces: &[&[u8]]) -> String {
        let mut line = LastLine::default();
        for piece in pieces {
            line.push(piece);
        }
        line.finish()
    }

    #[test]
    fn it_is_the_last_line_that_is_not_blank_with_or_without_an_end() {
        for (text, expected) in [
            ("", ""),
            ("\n \n\t\n", ""),
            ("connecting\nbackend says: disk full\n", "backend says: disk full"),
            ("connecting\nbackend says: disk full", "backend says: disk full"),
            ("disk full\n\n  \r\n", "disk full"),
            ("10 %\r50 %\r", "50 %"),
            ("a\0b\x1b[31mc\u{9b}d\n", "a b [31mc d"),
        ] {
            assert_eq!(last(&[text.as_bytes()]), expected, "{text:?}");
            let bytes: Vec<&[u8]> = text.as_bytes().chunks(1).collect();
            assert_eq!(last(&bytes), expected, "{text:?} byte by byte");
        }
    }

    #[test]
    fn a_flood_and_binary_octets_cost_256_bytes() {
        let mut line = LastLine::default();
        for _ in 0..10_000 {
            line.push(&[b'x'; 4096]);
            line.push(&[0xff; 4096]);
        }
        assert!(line.open.capacity() + line.ended.capacity() <= 4 * MAX_LEN);
        assert_eq!(line.finish(), "x".repeat(256));
        let binary = last(&[&[0xff; 1_000]]);
        assert_eq!(binary, "\u{fffd}".repeat(85), "a character is not cut");
        assert_eq!(last(&["é".repeat(200).as_bytes()]), "é".repeat(128));
    }
}
