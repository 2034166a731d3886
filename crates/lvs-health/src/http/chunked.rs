//! The chunked transfer coding (RFC 9112 §7.1): the data between the chunks' sizes.

use crate::Failure;

/// A line of a size with its extensions, or of the trailer, is no longer than this; nor is the whole trailer.
const LINE_LIMIT: usize = 4 * 1024;

/// Takes the coding off a stream, in any cut.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Decoder {
    state: State,
    /// Octets of the present line, or of the trailer.
    line: usize,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// In the hexadecimal digits of a size; whether there was one yet.
    Size(u64, bool),
    /// Between a size and the end of its line.
    Extension(u64),
    /// So many octets of data to come; at least one.
    Data(u64),
    /// Behind the data: a line end.
    DataEnd,
    /// In the trailer; whether the present line is empty so far.
    Trailer(bool),
    /// All is said.
    Done,
}

impl Default for Decoder {
    fn default() -> Self {
        Self { state: State::Size(0, false), line: 0 }
    }
}

impl Decoder {
    /// Takes `input` and gives its data to `sink`. Once the last chunk and the trailer are complete: what follows them.
    pub(crate) fn take<'i>(
        &mut self,
        mut input: &'i [u8],
        mut sink: impl FnMut(&[u8]),
    ) -> Result<Option<&'i [u8]>, Failure> {
        while !matches!(self.state, State::Done) {
            if let State::Data(left) = self.state {
                let present = usize::try_from(left).unwrap_or(usize::MAX).min(input.len());
                let (data, rest) = input.split_at(present);
                if data.is_empty() {
                    return Ok(None);
                }
                sink(data);
                input = rest;
                let left = left - present as u64;
                self.state = if left == 0 { State::DataEnd } else { State::Data(left) };
                self.line = 0;
            } else {
                let Some((&octet, rest)) = input.split_first() else { return Ok(None) };
                input = rest;
                self.line += 1;
                if self.line > LINE_LIMIT {
                    return Err(Failure::TooLong { what: "chunk's line", limit: LINE_LIMIT });
                }
                self.state = self.next(octet)?;
            }
        }
        Ok(Some(input))
    }

    fn next(&mut self, octet: u8) -> Result<State, Failure> {
        const BROKEN: Failure = Failure::Malformed("chunk");
        Ok(match (self.state, octet) {
            (State::Size(size, _), b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => {
                let digit = char::from(octet).to_digit(16).ok_or(BROKEN)?;
                let size = size.checked_mul(16).ok_or(BROKEN)? | u64::from(digit);
                State::Size(size, true)
            }
            (State::Size(size, true) | State::Extension(size), b'\n') => {
                self.line = 0;
                if size == 0 { State::Trailer(true) } else { State::Data(size) }
            }
            (State::Size(size, true), b';' | b' ' | b'\t' | b'\r') | (State::Extension(size), _) => {
                State::Extension(size)
            }
            (State::DataEnd, b'\r') if self.line == 1 => State::DataEnd,
            (State::DataEnd, b'\n') => {
                self.line = 0;
                State::Size(0, false)
            }
            (State::Trailer(true), b'\n') => State::Done,
            (State::Trailer(empty), b'\r') => State::Trailer(empty),
            (State::Trailer(_), octet) => State::Trailer(octet == b'\n'),
            (State::Data(_) | State::Done, _) => self.state,
            (State::Size(..) | State::DataEnd, _) => return Err(BROKEN),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every cut gives the same.
    fn decode(text: &str) -> (Result<bool, Failure>, String) {
        let run = |pieces: &[&[u8]]| {
            let (mut decoder, mut data) = (Decoder::default(), Vec::new());
            let mut result = Ok(false);
            for piece in pieces {
                if result.is_ok() {
                    let taken = decoder.take(piece, |piece| data.extend_from_slice(piece));
                    result = taken.map(|rest| rest.is_some());
                }
            }
            (result, String::from_utf8(data).unwrap())
        };
        let whole = run(&[text.as_bytes()]);
        for cut in 0..text.len() {
            let (first, second) = text.as_bytes().split_at(cut);
            assert_eq!(run(&[first, second]), whole, "cut at {cut}");
        }
        whole
    }

    #[test]
    fn chunks_become_their_data() {
        assert_eq!(decode("4\r\nWiki\r\n5\r\npedia\r\n0\r\n\r\n"), (Ok(true), "Wikipedia".to_owned()));
        assert_eq!(decode("4\nWiki\n0\n\n"), (Ok(true), "Wiki".to_owned()));
    }

    #[test]
    fn extensions_and_trailers_are_passed_over() {
        let text = "A ;name=\"a\"\r\n0123456789\r\n0;last\r\nExpires: never\r\nX: y\r\n\r\n";
        assert_eq!(decode(text), (Ok(true), "0123456789".to_owned()));
    }

    #[test]
    fn data_after_the_last_chunk_are_left() {
        assert_eq!(Decoder::default().take(b"1\r\na\r\n0\r\n\r\nmore", |_| {}), Ok(Some(&b"more"[..])));
        assert_eq!(Decoder::default().take(b"0\n\n", |_| {}), Ok(Some(&b""[..])));
    }

    #[test]
    fn it_is_not_over_before_its_end() {
        for text in ["", "4\r\nWiki\r\n", "4\r\nWi", "0\r\n", "0\r\nExpires: never\r\n", "0\r\nX\r"] {
            assert_eq!(decode(text).0, Ok(false), "{text:?}");
        }
    }

    #[test]
    fn a_malformed_chunk_fails() {
        for text in
            ["\r\n", ";\r\n", "x\r\n", "-1\r\n", "4\r\nWikipedia", "10000000000000000\r\n", "1\r\na\r\r\n"]
        {
            assert_eq!(decode(text).0, Err(Failure::Malformed("chunk")), "{text:?}");
        }
    }

    #[test]
    fn lines_and_trailers_have_an_end() {
        let too_long = Err(Failure::TooLong { what: "chunk's line", limit: LINE_LIMIT });
        assert_eq!(Decoder::default().take("0".repeat(5000).as_bytes(), |_| {}), too_long);
        let extension = format!("1;{}", "a".repeat(5000));
        assert_eq!(Decoder::default().take(extension.as_bytes(), |_| {}), too_long);
        let trailer = format!("0\r\n{}", "a: b\r\n".repeat(1000));
        assert_eq!(Decoder::default().take(trailer.as_bytes(), |_| {}), too_long);
    }

    #[test]
    fn the_largest_chunk_takes_no_memory() {
        let mut decoder = Decoder::default();
        let mut seen = 0;
        assert_eq!(decoder.take(b"ffffffffffffffff\r\nabc", |data| seen += data.len()), Ok(None));
        assert_eq!(seen, 3);
    }
}
