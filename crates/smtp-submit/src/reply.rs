//! Replies of an SMTP server (RFC 5321 §4.2): a code of three digits and text, in one line or several.

/// A whole reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// 200 to 599 (§4.2.1).
    pub code: u16,
    /// The text after each line's code, lines separated by `\n`. Safe to show: bytes that are not UTF-8 and control
    /// characters are U+FFFD. At most [`MAX_REPLY`] characters.
    pub text: String,
}

impl Reply {
    /// The text of each line: at least one, perhaps empty. Of a reply to `EHLO`, each line after the first is a keyword
    /// and its parameters (§4.1.1.1).
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.text.split('\n')
    }

    /// 2xx: done.
    pub fn is_positive(&self) -> bool {
        (200..300).contains(&self.code)
    }

    /// 3xx: done so far, more is wanted.
    pub fn is_intermediate(&self) -> bool {
        (300..400).contains(&self.code)
    }

    /// 4xx: not now; the same may work later.
    pub fn is_transient(&self) -> bool {
        (400..500).contains(&self.code)
    }
}

impl std::fmt::Display for Reply {
    /// `250 OK`; lines in one line, separated by `/`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.code)?;
        for (place, line) in self.lines().enumerate() {
            if place > 0 {
                f.write_str(" /")?;
            }
            if !line.is_empty() {
                write!(f, " {line}")?;
            }
        }
        Ok(())
    }
}

/// Reads replies out of a stream that comes in any cut. Memory: [`MAX_LINE`] and [`MAX_REPLY`].
///
/// ```
/// use smtp_submit::ReplyReader;
///
/// let mut reader = ReplyReader::new();
/// let mut input = &b"250-mx.example.org\r\n250-SIZE 10240000\r\n250 START"[..];
/// assert_eq!(reader.read(&mut input), Ok(None)); // not all of it is here
/// let mut input = &b"TLS\r\n220 go ahead\r\n"[..];
/// let reply = reader.read(&mut input)?.expect("the rest came");
/// assert_eq!(reply.code, 250);
/// assert!(reply.lines().any(|line| line == "STARTTLS"));
/// assert_eq!(input, b"220 go ahead\r\n"); // not touched: the next reply
/// # Ok::<(), smtp_submit::ReplyError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct ReplyReader {
    /// An unfinished line.
    line: Vec<u8>,
    /// Code and text of the lines of an unfinished reply.
    reply: Option<Reply>,
    /// Bytes of the unfinished reply that were taken.
    taken: usize,
}

impl ReplyReader {
    /// A reader at the start of a reply.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes bytes from the front of `input` up to the end of a reply, or all of them if it is not finished with them.
    ///
    /// Lines end with CR LF or LF alone. The reader is at the start of a reply after each reply and each error.
    ///
    /// # Errors
    /// The input is not a reply. The start of the next reply cannot be found.
    pub fn read(&mut self, input: &mut &[u8]) -> Result<Option<Reply>, ReplyError> {
        let reply = self.take_lines(input);
        if !matches!(reply, Ok(None)) {
            *self = Self::new();
        }
        reply
    }

    /// Whether nothing of an unfinished reply has been taken. A client that starts TLS wants this, and no bytes left
    /// over: an attacker on the way could have put them there (RFC 3207 §6).
    pub fn is_empty(&self) -> bool {
        self.taken == 0
    }

    fn take_lines(&mut self, input: &mut &[u8]) -> Result<Option<Reply>, ReplyError> {
        while let Some(end) = input.iter().position(|&byte| byte == b'\n') {
            let (line, rest) = input.split_at(end + 1);
            *input = rest;
            self.take(line)?;
            if self.finish_line()? == Line::Last {
                return Ok(self.reply.take());
            }
        }
        self.take(std::mem::take(input))?;
        Ok(None)
    }

    fn take(&mut self, bytes: &[u8]) -> Result<(), ReplyError> {
        self.taken += bytes.len();
        if self.line.len() + bytes.len() > MAX_LINE {
            return Err(ReplyError::LineTooLong);
        }
        if self.taken > MAX_REPLY {
            return Err(ReplyError::TooLong);
        }
        self.line.extend_from_slice(bytes);
        Ok(())
    }

    fn finish_line(&mut self) -> Result<Line, ReplyError> {
        let (code, last, text) = parse(&self.line)?;
        match &mut self.reply {
            None => self.reply = Some(Reply { code, text }),
            Some(reply) if reply.code == code => {
                reply.text.push('\n');
                reply.text.push_str(&text);
            }
            Some(reply) => return Err(ReplyError::CodeChanged { from: reply.code, to: code }),
        }
        self.line.clear();
        Ok(last)
    }
}

/// Why something is not a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReplyError {
    /// A line does not begin with a code, 200 to 599.
    #[error("SMTP reply without a code")]
    NoCode,
    /// A code is followed by something else than a space, a hyphen or the end of the line.
    #[error("SMTP reply with something behind its code")]
    Separator,
    /// The lines of a reply must have the same code (§4.2.1).
    #[error("SMTP reply with two codes, {from} and {to}")]
    CodeChanged {
        /// The first line's.
        from: u16,
        /// Another line's.
        to: u16,
    },
    /// A line is longer than [`MAX_LINE`].
    #[error("line of an SMTP reply longer than {MAX_LINE} bytes")]
    LineTooLong,
    /// A reply is longer than [`MAX_REPLY`].
    #[error("SMTP reply longer than {MAX_REPLY} bytes")]
    TooLong,
}

/// The longest line that is taken, bytes, its end included; four times what RFC 5321 §4.5.3.1.5 allows.
pub const MAX_LINE: usize = 2048;

/// The longest reply that is taken, bytes of all its lines.
pub const MAX_REPLY: usize = 16 * 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    Continued,
    Last,
}

/// Code, place in the reply, and text of a line with its end.
fn parse(line: &[u8]) -> Result<(u16, Line, String), ReplyError> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let Some((&[first @ b'2'..=b'5', second @ b'0'..=b'9', third @ b'0'..=b'9'], rest)) =
        line.split_first_chunk()
    else {
        return Err(ReplyError::NoCode);
    };
    let [first, second, third] = [first, second, third].map(|digit| u16::from(digit - b'0'));
    let (place, text) = match rest {
        [] => (Line::Last, rest),
        [b' ', text @ ..] => (Line::Last, text),
        [b'-', text @ ..] => (Line::Continued, text),
        _ => return Err(ReplyError::Separator),
    };
    let text = String::from_utf8_lossy(text);
    let text = text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect();
    Ok((first * 100 + second * 10 + third, place, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(mut input: &[u8]) -> Result<Option<Reply>, ReplyError> {
        ReplyReader::new().read(&mut input)
    }

    fn reply(code: u16, text: &str) -> Reply {
        Reply { code, text: text.to_owned() }
    }

    #[test]
    fn a_line_is_a_code_and_a_text() {
        assert_eq!(read(b"250 OK\r\n"), Ok(Some(reply(250, "OK"))));
        assert_eq!(read(b"250 OK\n"), Ok(Some(reply(250, "OK"))));
        assert_eq!(read(b"250 \r\n"), Ok(Some(reply(250, ""))));
        assert_eq!(read(b"354\r\n"), Ok(Some(reply(354, ""))));
        assert_eq!(read(b"250 a-b\tc\r\n"), Ok(Some(reply(250, "a-b\u{fffd}c"))));
        assert_eq!(read(b"250 caf\xe9\r\r\n"), Ok(Some(reply(250, "caf\u{fffd}\u{fffd}"))));
    }

    #[test]
    fn all_lines_of_a_reply_are_read_before_it_is_given() {
        let whole = b"250-mx.example.org\r\n250-PIPELINING\r\n250-\r\n250 AUTH PLAIN\r\n";
        let read = read(whole).unwrap().unwrap();
        assert_eq!(read.lines().collect::<Vec<_>>(), ["mx.example.org", "PIPELINING", "", "AUTH PLAIN"]);
        assert_eq!(read.to_string(), "250 mx.example.org / PIPELINING / / AUTH PLAIN");
        for cut in 0..whole.len() {
            let (mut head, mut tail) = whole.split_at(cut);
            let mut reader = ReplyReader::new();
            assert_eq!(reader.read(&mut head), Ok(None));
            assert_eq!(reader.is_empty(), cut == 0);
            assert_eq!(reader.read(&mut tail), Ok(Some(read.clone())));
            assert!(reader.is_empty());
        }
    }

    #[test]
    fn bytes_after_a_reply_are_left() {
        let mut reader = ReplyReader::new();
        let mut input = &b"220 ready\r\n454 no\r\nx"[..];
        assert_eq!(reader.read(&mut input), Ok(Some(reply(220, "ready"))));
        assert_eq!(input, b"454 no\r\nx");
        assert!(reader.read(&mut input).unwrap().is_some_and(|reply| reply.is_transient()));
        assert_eq!(reader.read(&mut input), Ok(None));
        assert!(!reader.is_empty(), "an byte of the next reply is held");
    }

    #[test]
    fn a_malformed_reply_says_why() {
        assert_eq!(read(b"\r\n"), Err(ReplyError::NoCode));
        assert_eq!(read(b"25 OK\r\n"), Err(ReplyError::NoCode));
        assert_eq!(read(b" 250 OK\r\n"), Err(ReplyError::NoCode));
        assert_eq!(read(b"150 OK\r\n"), Err(ReplyError::NoCode));
        assert_eq!(read(b"600 OK\r\n"), Err(ReplyError::NoCode));
        assert_eq!(read(b"2500 OK\r\n"), Err(ReplyError::Separator));
        assert_eq!(read(b"250\tOK\r\n"), Err(ReplyError::Separator));
        assert_eq!(read(b"250-a\r\n251 b\r\n"), Err(ReplyError::CodeChanged { from: 250, to: 251 }));
    }

    #[test]
    fn lines_and_replies_have_an_end() {
        let longest = [b"250 ", &[b'x'; MAX_LINE - 6][..], b"\r\n"].concat();
        assert_eq!(longest.len(), 2048);
        assert!(read(&longest).is_ok_and(|reply| reply.is_some()));
        assert_eq!(
            read(&[b"250 ", &[b'x'; MAX_LINE - 5][..], b"\r\n"].concat()),
            Err(ReplyError::LineTooLong)
        );
        assert_eq!(read(&[b'2'; MAX_LINE + 1]), Err(ReplyError::LineTooLong), "without waiting for its end");

        let lines = b"250-0123456789\r\n"; // 16 bytes
        assert_eq!(read(&lines.repeat(1024)), Ok(None));
        assert_eq!(read(&lines.repeat(1025)), Err(ReplyError::TooLong));
    }

    #[test]
    fn a_reader_is_bounded_while_it_waits() {
        let mut reader = ReplyReader::new();
        for _ in 0..1024 {
            assert_eq!(reader.read(&mut &b"250-0123456789\r\n"[..]), Ok(None));
        }
        assert_eq!(reader.read(&mut &b"2"[..]), Err(ReplyError::TooLong));
    }
}
