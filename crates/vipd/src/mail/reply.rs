//! Replies of an SMTP server (RFC 5321 §4.2): `250-first`, `250 last`.
//!
//! Bounded: a line of more than 2048 octets or a reply of more than 128 lines is an error, however slowly it comes. A line may end with LF alone, as some servers have it.

/// One whole reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// 200 to 599.
    pub code: u16,
    /// What stands behind the code, line by line, in printable ASCII (other octets are `?`). At least one.
    pub lines: Vec<String>,
}

/// Why octets are no reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReplyError {
    /// A line does not begin with three digits and a space or hyphen.
    #[error("a line that is no SMTP reply")]
    NotAReply,
    /// The lines of one reply have different codes.
    #[error("a reply with two codes, {0} and {1}")]
    TwoCodes(u16, u16),
    /// A line of more than 2048 octets.
    #[error("a line of more than {LINE_LIMIT} octets")]
    LineTooLong,
    /// More than 128 lines.
    #[error("a reply of more than {LINES_LIMIT} lines")]
    TooManyLines,
}

/// Puts replies together from octets in any cut.
#[derive(Clone, Debug, Default)]
pub struct ReplyReader {
    line: Vec<u8>,
    code: u16,
    lines: Vec<String>,
}

impl ReplyReader {
    /// Takes octets off the front of `input` until a reply is whole; `None` when it is all taken.
    ///
    /// ```
    /// let mut reader = vipd::mail::ReplyReader::default();
    /// let mut input: &[u8] = b"250-mx\r\n250 HELP\r\n220 ";
    /// let reply = reader.take(&mut input)?.expect("a whole reply");
    /// assert_eq!((reply.code, reply.lines.as_slice()), (250, ["mx".to_owned(), "HELP".to_owned()].as_slice()));
    /// assert_eq!(reader.take(&mut input), Ok(None));
    /// # Ok::<(), vipd::mail::ReplyError>(())
    /// ```
    pub fn take(&mut self, input: &mut &[u8]) -> Result<Option<Reply>, ReplyError> {
        while let Some((&octet, rest)) = input.split_first() {
            *input = rest;
            if octet != b'\n' {
                if self.line.len() >= LINE_LIMIT {
                    return Err(ReplyError::LineTooLong);
                }
                self.line.push(octet);
                continue;
            }
            if let Some(reply) = self.end_line()? {
                return Ok(Some(reply));
            }
        }
        Ok(None)
    }

    fn end_line(&mut self) -> Result<Option<Reply>, ReplyError> {
        let line = std::mem::take(&mut self.line);
        let line = line.strip_suffix(b"\r").unwrap_or(&line);
        let (code, more, text) = parse_line(line).ok_or(ReplyError::NotAReply)?;
        if self.lines.is_empty() {
            self.code = code;
        } else if code != self.code {
            return Err(ReplyError::TwoCodes(self.code, code));
        }
        if self.lines.len() >= LINES_LIMIT {
            return Err(ReplyError::TooManyLines);
        }
        self.lines.push(text);
        Ok((!more).then(|| Reply { code, lines: std::mem::take(&mut self.lines) }))
    }
}

impl Reply {
    /// Code and text in one line of at most 300 characters, for the log.
    pub fn shown(&self) -> String {
        let text = format!("{} {}", self.code, self.lines.join(" / "));
        text.chars().take(SHOWN_LIMIT).collect::<String>().trim_end().to_owned()
    }
}

fn parse_line(line: &[u8]) -> Option<(u16, bool, String)> {
    let (&[hundreds @ b'2'..=b'5', tens @ b'0'..=b'9', ones @ b'0'..=b'9'], rest) =
        line.split_first_chunk::<3>()?
    else {
        return None;
    };
    let (more, text) = match rest.split_first() {
        // RFC 5321 §4.2: a client takes a line of the code alone.
        None => (false, rest),
        Some((b' ', text)) => (false, text),
        Some((b'-', text)) => (true, text),
        Some(_) => return None,
    };
    let digit = |octet: u8| u16::from(octet - b'0');
    let code = digit(hundreds) * 100 + digit(tens) * 10 + digit(ones);
    let printable = |&octet: &u8| if (b' '..=b'~').contains(&octet) { char::from(octet) } else { '?' };
    Some((code, more, text.iter().map(printable).collect()))
}

/// Octets of a line. RFC 5321 §4.5.3.1.5 has 512; servers that list many extensions or write long explanations exist.
const LINE_LIMIT: usize = 2048;

/// Lines of a reply.
const LINES_LIMIT: usize = 128;

/// Characters of a reply in the log.
const SHOWN_LIMIT: usize = 300;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(mut input: &[u8]) -> Result<Vec<Reply>, ReplyError> {
        let mut reader = ReplyReader::default();
        let mut replies = Vec::new();
        while let Some(reply) = reader.take(&mut input)? {
            replies.push(reply);
        }
        Ok(replies)
    }

    fn reply(code: u16, lines: &[&str]) -> Reply {
        Reply { code, lines: lines.iter().map(|&line| line.to_owned()).collect() }
    }

    #[test]
    fn lines_with_a_hyphen_belong_to_the_next() {
        let expected =
            [reply(220, &["mx ESMTP"]), reply(250, &["mx", "PIPELINING", "AUTH PLAIN"]), reply(354, &[""])];
        assert_eq!(
            read(b"220 mx ESMTP\r\n250-mx\r\n250-PIPELINING\n250 AUTH PLAIN\r\n354\r\n"),
            Ok(expected.to_vec())
        );
    }

    #[test]
    fn what_is_no_reply_is_an_error() {
        for noise in
            ["HTTP/1.1 400 Bad Request\r\n", "\r\n", "25\r\n", "250x\r\n", "120 early\r\n", "650 x\r\n"]
        {
            assert_eq!(read(noise.as_bytes()), Err(ReplyError::NotAReply), "{noise:?}");
        }
        assert_eq!(read(b"250-a\r\n251 b\r\n"), Err(ReplyError::TwoCodes(250, 251)));
    }

    #[test]
    fn endless_replies_end() {
        assert_eq!(read(&[b'2'; LINE_LIMIT + 1]), Err(ReplyError::LineTooLong));
        assert_eq!(read(&b"250-x\r\n".repeat(LINES_LIMIT + 1)), Err(ReplyError::TooManyLines));
    }

    #[test]
    fn what_is_shown_is_one_short_line() {
        let reply = read("550-5.1.1 no\u{1b}[2J such\r\n550 user é\r\n".as_bytes()).unwrap().remove(0);
        assert_eq!(reply.shown(), "550 5.1.1 no?[2J such / user ??");
        assert_eq!(Reply { code: 550, lines: vec!["x".repeat(2000)] }.shown().len(), SHOWN_LIMIT);
    }

    proptest! {
        #[test]
        fn every_cut_gives_the_same(octets in prop::collection::vec(
            prop_oneof![Just(b'2'), Just(b'5'), Just(b' '), Just(b'-'), Just(b'\r'), Just(b'\n'), any::<u8>()], 0..80),
            cut in 0_usize..80,
        ) {
            let whole = read(&octets);
            let mut reader = ReplyReader::default();
            let cut = cut.min(octets.len());
            let mut replies = Vec::new();
            let mut parts = || {
                for mut part in [&octets[..cut], &octets[cut..]] {
                    while let Some(reply) = reader.take(&mut part)? {
                        replies.push(reply);
                    }
                }
                Ok(())
            };
            let outcome: Result<(), ReplyError> = parts();
            prop_assert_eq!(outcome.map(|()| replies), whole);
        }
    }
}
