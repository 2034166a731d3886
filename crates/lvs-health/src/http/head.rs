//! The head of an HTTP/1 answer: status, and where the body ends (RFC 9112 §4, §6.3).

use crate::Failure;

/// A head, interim answers included, has at most so many octets.
pub(crate) const LIMIT: usize = 16 * 1024;

/// The parts of a head that matter here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    /// Status code, as the server sends it.
    pub(crate) status: u16,
    /// The end of the body, or the reason why it is unknown, which matters only to a check that reads the body.
    pub(crate) framing: Result<Framing, Failure>,
    /// `Location`, of a redirect.
    pub(crate) location: Option<Box<[u8]>>,
}

/// Where a body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// After so many octets.
    Length(u64),
    /// After the last chunk.
    Chunked,
    /// With the connection.
    Close,
}

/// Collects heads from a stream.
///
/// Every octet is looked at twice at most, however the stream is cut: once for the end of the head, once when it is parsed.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    buffer: Vec<u8>,
    /// Octets of interim answers before.
    skipped: usize,
}

impl Reader {
    /// Takes octets up to the end of the final answer's head: the head, and the first octets behind it.
    ///
    /// # Errors
    ///
    /// A failure if this will not become a head.
    pub(crate) fn take<'i>(&mut self, mut input: &'i [u8]) -> Result<Option<(Head, &'i [u8])>, Failure> {
        while let Some((&octet, rest)) = input.split_first() {
            if self.skipped + self.buffer.len() >= LIMIT {
                return self.give_up().map(|head| Some((head, rest)));
            }
            input = rest;
            self.push(octet)?;
            if octet == b'\n' && (self.buffer.ends_with(b"\n\n") || self.buffer.ends_with(b"\n\r\n")) {
                let head = parse(&self.buffer)?;
                self.skipped += self.buffer.len();
                self.buffer.clear();
                if is_final(head.status) {
                    return Ok(Some((head, input)));
                }
            }
        }
        Ok(None)
    }

    fn push(&mut self, octet: u8) -> Result<(), Failure> {
        self.buffer.push(octet);
        // A server of another protocol is recognised at once.
        let begins = |name: &&[u8]| {
            let length = name.len().min(self.buffer.len());
            self.buffer.get(..length).unwrap_or_default().eq_ignore_ascii_case(&name[..length])
        };
        if self.buffer.len() <= NAMES[0].len() && !NAMES.iter().any(begins) {
            return Err(Failure::Malformed("not HTTP"));
        }
        Ok(())
    }

    /// The head has no end within the limit. Its status is known all the same.
    fn give_up(&self) -> Result<Head, Failure> {
        let too_long = Failure::TooLong { what: "head", limit: LIMIT };
        let line = self.buffer.split_inclusive(|&octet| octet == b'\n').next().unwrap_or_default();
        match parse(&[line, b"\n"].concat()) {
            Ok(Head { status, .. }) if is_final(status) => {
                Ok(Head { status, framing: Err(too_long), location: None })
            }
            Ok(_) | Err(_) => Err(too_long),
        }
    }

    /// The input that it waits for.
    pub(crate) fn awaits(&self) -> &'static str {
        if self.buffer.contains(&b'\n') { "rest of the head" } else { "status line" }
    }
}

/// Beginnings of a status line, in either case: also that of SHOUTcast. The longest first.
const NAMES: [&[u8]; 2] = [b"HTTP/", b"ICY "];

/// 101 is final: nobody asked for another protocol.
fn is_final(status: u16) -> bool {
    !(100..200).contains(&status) || status == 101
}

/// A status line in HTTP/1.1's own spelling: the version changes nothing for a check. `None` if it has that already.
fn respelled(buffer: &[u8]) -> Option<Vec<u8>> {
    if [&b"HTTP/1.1 "[..], b"HTTP/1.0 "].iter().any(|usual| buffer.starts_with(usual)) {
        return None;
    }
    let (version, rest) = buffer.split_at(buffer.iter().position(|&octet| octet == b' ')?);
    let numbers = version.get(NAMES[0].len()..).unwrap_or_default();
    let is_version = version.eq_ignore_ascii_case(b"ICY")
        || !numbers.is_empty() && numbers.iter().all(|octet| octet.is_ascii_digit() || *octet == b'.');
    is_version.then(|| [b"HTTP/1.1", rest].concat())
}

fn parse(buffer: &[u8]) -> Result<Head, Failure> {
    let respelled = respelled(buffer);
    let buffer = respelled.as_deref().unwrap_or(buffer);
    // A field takes a line.
    let lines = buffer.split(|octet| *octet == b'\n').count();
    let mut fields = vec![httparse::EMPTY_HEADER; lines];
    let mut response = httparse::Response::new(&mut fields);
    // As lenient as can be: it is the server's health that is asked for, not its style.
    let parsed = httparse::ParserConfig::default()
        .allow_multiple_spaces_in_response_status_delimiters(true)
        .allow_obsolete_multiline_headers_in_responses(true)
        .allow_spaces_after_header_name_in_responses(true)
        .ignore_invalid_headers_in_responses(true)
        .parse_response(&mut response, buffer);
    match parsed {
        Ok(httparse::Status::Complete(_)) => {}
        Err(httparse::Error::Status | httparse::Error::Version) => {
            return Err(Failure::Malformed("status line"));
        }
        Ok(httparse::Status::Partial) | Err(_) => return Err(Failure::Malformed("head")),
    }
    let status = response.code.ok_or(Failure::Malformed("status line"))?;
    let framing = match status {
        100..=199 | 204 | 304 => Ok(Framing::Length(0)),
        _ => framing(response.headers),
    };
    let location = || {
        let field = response.headers.iter().find(|field| field.name.eq_ignore_ascii_case("Location"))?;
        Some(field.value.trim_ascii().into())
    };
    let location = if (300..400).contains(&status) { location() } else { None };
    Ok(Head { status, framing, location })
}

/// RFC 9112 §6.3, rules 4 to 8.
fn framing(fields: &[httparse::Header<'_>]) -> Result<Framing, Failure> {
    let values = |name: &'static str| {
        let named = fields.iter().filter(move |field| field.name.eq_ignore_ascii_case(name));
        named.flat_map(|field| field.value.split(|&octet| octet == b',')).map(<[u8]>::trim_ascii)
    };
    if let Some(last) = values("Transfer-Encoding").next_back() {
        let chunked = last.eq_ignore_ascii_case(b"chunked");
        return Ok(if chunked { Framing::Chunked } else { Framing::Close });
    }
    let mut lengths = values("Content-Length");
    let Some(first) = lengths.next() else { return Ok(Framing::Close) };
    // One length may be said more than once, but only one.
    if lengths.any(|other| other != first) {
        return Err(Failure::Malformed("Content-Length"));
    }
    let digits = !first.is_empty() && first.iter().all(u8::is_ascii_digit);
    let number = std::str::from_utf8(first).ok().filter(|_| digits).and_then(|text| text.parse().ok());
    number.map(Framing::Length).ok_or(Failure::Malformed("Content-Length"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Option<(Head, &[u8])>, Failure> {
        let whole = Reader::default().take(text.as_bytes());
        for cut in 0..text.len() {
            let mut reader = Reader::default();
            let (first, second) = text.as_bytes().split_at(cut);
            match reader.take(first) {
                Ok(None) => assert_eq!(reader.take(second), whole, "cut at {cut}"),
                Ok(Some((head, rest))) => {
                    assert_eq!((Some(head), cut - rest.len()), (head_of(&whole), consumed(&whole, text)));
                }
                Err(failure) => assert_eq!(Err(failure), whole),
            }
        }
        whole
    }

    fn head_of(read: &Result<Option<(Head, &[u8])>, Failure>) -> Option<Head> {
        read.as_ref().unwrap().as_ref().map(|(head, _)| head.clone())
    }

    fn consumed(read: &Result<Option<(Head, &[u8])>, Failure>, text: &str) -> usize {
        text.len() - read.as_ref().unwrap().as_ref().unwrap().1.len()
    }

    fn framing_of(fields: &str) -> Result<Framing, Failure> {
        read(&format!("HTTP/1.1 200 OK\r\n{fields}\r\n")).unwrap().unwrap().0.framing
    }

    #[test]
    fn status_and_framing_are_read() {
        let (head, rest) = read("HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\nhello").unwrap().unwrap();
        assert_eq!((head.status, head.framing, rest), (404, Ok(Framing::Length(5)), b"hello".as_slice()));
    }

    #[test]
    fn lines_may_end_without_carriage_return() {
        let (head, rest) = read("HTTP/1.0 200 OK\nServer: x\n\nhi").unwrap().unwrap();
        assert_eq!((head.status, head.framing, rest), (200, Ok(Framing::Close), b"hi".as_slice()));
    }

    #[test]
    fn interim_answers_are_skipped() {
        let text = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n";
        let (head, rest) = read(text).unwrap().unwrap();
        assert_eq!((head.status, head.framing, rest), (204, Ok(Framing::Length(0)), b"".as_slice()));
    }

    #[test]
    fn framing_follows_the_rules() {
        assert_eq!(framing_of(""), Ok(Framing::Close));
        assert_eq!(framing_of("content-length: 7\r\n"), Ok(Framing::Length(7)));
        assert_eq!(framing_of("Content-Length: 7, 7\r\nContent-Length: 7\r\n"), Ok(Framing::Length(7)));
        assert_eq!(
            framing_of("Content-Length: 7\r\nContent-Length: 8\r\n"),
            Err(Failure::Malformed("Content-Length"))
        );
        assert_eq!(framing_of("Content-Length: +7\r\n"), Err(Failure::Malformed("Content-Length")));
        assert_eq!(
            framing_of("Content-Length: 18446744073709551616\r\n"),
            Err(Failure::Malformed("Content-Length"))
        );
        assert_eq!(framing_of("Transfer-Encoding: CHUNKED\r\nContent-Length: 7\r\n"), Ok(Framing::Chunked));
        assert_eq!(framing_of("Transfer-Encoding: gzip, chunked\r\n"), Ok(Framing::Chunked));
        assert_eq!(framing_of("Transfer-Encoding: gzip\r\n"), Ok(Framing::Close));
    }

    #[test]
    fn another_protocol_is_found_out_at_its_first_octet() {
        assert_eq!(Reader::default().take(b"\x15\x03\x01"), Err(Failure::Malformed("not HTTP")));
        assert_eq!(Reader::default().take(b"HTTQ"), Err(Failure::Malformed("not HTTP")));
        assert_eq!(read("HTTP/1.1 2x0 OK\r\n\r\n"), Err(Failure::Malformed("status line")));
        assert_eq!(read("HTTP/x 200 OK\r\n\r\n"), Err(Failure::Malformed("status line")));
        assert_eq!(read("HTTP/ 200 OK\r\n\r\n"), Err(Failure::Malformed("status line")));
        assert_eq!(Reader::default().take(b"ICE"), Err(Failure::Malformed("not HTTP")));
    }

    #[test]
    fn a_status_is_read_whatever_version_its_line_names() {
        for line in ["HTTP/2.0 200 OK", "HTTP/2 200", "http/1.1 200 OK", "ICY 200 OK", "HTTP/1.2 200 OK"] {
            let text = format!("{line}\r\nContent-Length: 2\r\n\r\nhi");
            let (head, rest) = read(&text).unwrap().unwrap();
            let expected = (200, Ok(Framing::Length(2)), b"hi".as_slice());
            assert_eq!((head.status, head.framing, rest), expected, "{line}");
        }
    }

    #[test]
    fn broken_fields_are_passed_over() {
        assert_eq!(framing_of("b\u{1}d: x\r\nContent-Length: 7\r\n"), Ok(Framing::Length(7)));
    }

    #[test]
    fn a_head_has_an_end() {
        let too_long = Failure::TooLong { what: "head", limit: LIMIT };
        let mut reader = Reader::default();
        assert_eq!(reader.take(b"HTTP/1.1 200 OK\r\n"), Ok(None));
        let endless = b"X-More: and more\r\n".repeat(2000);
        let (head, _) = reader.take(&endless).unwrap().unwrap();
        let expected = Head { status: 200, framing: Err(too_long.clone()), location: None };
        assert_eq!(head, expected, "the status is known");
        let interim = b"HTTP/1.1 100 Continue\r\n\r\n".repeat(2000);
        assert_eq!(Reader::default().take(&interim), Err(too_long.clone()));
        assert_eq!(Reader::default().take(&[b"HTTP/1.1 200 ", &[b'x'; LIMIT][..]].concat()), Err(too_long));
    }

    #[test]
    fn a_head_may_have_as_many_fields_as_it_has_room_for() {
        let text = format!("HTTP/1.1 200 OK\r\n{}Content-Length: 7\r\n\r\n", "X:\n".repeat(5000));
        let (head, _) = Reader::default().take(text.as_bytes()).unwrap().unwrap();
        assert_eq!(head, Head { status: 200, framing: Ok(Framing::Length(7)), location: None });
    }
}
