//! The Huffman code of header fields (RFC 7541 §5.2, appendix B).
//!
//! The code is canonical: codes of one length follow each other in the order of their symbols, and a longer code follows
//! the last shorter one. So the lengths alone say everything, and decoding needs no tree.

/// The text that these octets encode, appended to `text`; `None` if they are no encoding.
pub(super) fn decode(encoded: &[u8], text: &mut Vec<u8>) -> Option<()> {
    let mut code = Code::default();
    for octet in encoded {
        for bit in (0..8).rev() {
            if let Read::Symbol(symbol) = code.push(octet >> bit & 1)? {
                // The end of the string is never written out.
                text.push(u8::try_from(symbol).ok()?);
            }
        }
    }
    // The remaining bits pad the last octet: the beginning of the code for the end, which is ones.
    (code.length < 8 && code.is_ones()).then_some(())
}

/// A code, as far as it was read.
#[derive(Default)]
struct Code {
    bits: u32,
    length: usize,
    /// The first code of this length, and the place of its symbol.
    first: u32,
    place: usize,
}

/// Result of one more bit.
enum Read {
    /// Nothing yet.
    More,
    /// The code of this symbol.
    Symbol(u16),
}

impl Code {
    /// One bit more; `None` if there is no such code.
    fn push(&mut self, bit: u8) -> Option<Read> {
        self.bits = self.bits << 1 | u32::from(bit);
        self.length += 1;
        self.first <<= 1;
        let count = CODES.count.get(self.length).copied()?;
        let offset = self.bits - self.first;
        if offset < u32::from(count) {
            let symbol = CODES.symbols.get(self.place + offset as usize).copied()?;
            *self = Self::default();
            return Some(Read::Symbol(symbol));
        }
        self.first += u32::from(count);
        self.place += usize::from(count);
        Some(Read::More)
    }

    fn is_ones(&self) -> bool {
        self.bits.count_ones() as usize == self.length
    }
}

/// The code's symbols by length, then value; and how many there are of each length.
struct Codes {
    symbols: [u16; 257],
    count: [u8; 31],
}

static CODES: Codes = codes();

#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
const fn codes() -> Codes {
    let mut codes = Codes { symbols: [0; 257], count: [0; 31] };
    let (mut place, mut length) = (0, 0);
    while length < codes.count.len() {
        let mut symbol = 0;
        while symbol < LENGTHS.len() {
            if LENGTHS[symbol] as usize == length {
                #[expect(clippy::cast_possible_truncation, reason = "at most 256")]
                let value = symbol as u16;
                codes.symbols[place] = value;
                codes.count[length] += 1;
                place += 1;
            }
            symbol += 1;
        }
        length += 1;
    }
    codes
}

/// Length of each symbol's code, bits; the last is the end of the string.
#[rustfmt::skip]
const LENGTHS: [u8; 257] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
    6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
    13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
    15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
    20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
    20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
    30,
];

#[cfg(test)]
mod tests {
    use super::*;

    fn text(encoded: &[u8]) -> Option<String> {
        let mut text = Vec::new();
        decode(encoded, &mut text).map(|()| String::from_utf8(text).unwrap())
    }

    /// RFC 7541 appendix C.4, C.6.
    #[test]
    fn the_rfcs_examples_are_read() {
        let encoded = [0xf1, 0xe3, 0xc2, 0xe5, 0xf2, 0x3a, 0x6b, 0xa0, 0xab, 0x90, 0xf4, 0xff];
        assert_eq!(text(&encoded).as_deref(), Some("www.example.com"));
        assert_eq!(text(&[0xa8, 0xeb, 0x10, 0x64, 0x9c, 0xbf]).as_deref(), Some("no-cache"));
        assert_eq!(text(&[0x64, 0x02]).as_deref(), Some("302"));
        assert_eq!(text(&[]).as_deref(), Some(""));
    }

    #[test]
    fn padding_is_short_and_of_ones() {
        assert_eq!(text(&[0x1f]).as_deref(), Some("a"));
        assert_eq!(text(&[0x18]), None, "zeros");
        assert_eq!(text(&[0x1f, 0xff]), None, "a whole octet of it");
        assert_eq!(text(&[0xff; 4]), None, "the end, written out");
    }

    #[test]
    fn no_two_codes_are_the_same() {
        let total: u64 = LENGTHS.iter().map(|&length| 1 << (30 - length)).sum();
        assert_eq!(total, 1 << 30, "a complete code (Kraft)");
    }
}
