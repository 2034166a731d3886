//! Search for a text in a stream, without keeping the stream (Knuth, Morris, Pratt).

/// A text to look for; at least one octet.
#[derive(Clone, Debug)]
pub(crate) struct Needle {
    text: Vec<u8>,
    /// For each prefix of `text`: the length of the longest shorter prefix that it ends with.
    borders: Vec<usize>,
}

impl Needle {
    /// `None` for the empty text, which is everywhere.
    pub(crate) fn new(text: &[u8]) -> Option<Self> {
        let mut needle = Self { text: text.to_vec(), borders: vec![0] };
        for &octet in text.get(1..)? {
            let border = needle.borders.last().copied().unwrap_or(0);
            let border = needle.advance(border, octet);
            needle.borders.push(border);
        }
        (!text.is_empty()).then_some(needle)
    }

    /// Number of octets of the text that match after `octet`, if `matched` octets matched before it.
    fn advance(&self, mut matched: usize, octet: u8) -> usize {
        loop {
            if self.text.get(matched) == Some(&octet) {
                return matched + 1;
            }
            let Some(shorter) = matched.checked_sub(1).and_then(|last| self.borders.get(last)) else {
                return 0;
            };
            matched = *shorter;
        }
    }

    /// The next piece of the stream; `matched` is 0 before the first, and kept between. True once the text was found.
    pub(crate) fn find(&self, matched: &mut usize, input: &[u8]) -> bool {
        for &octet in input {
            if self.is_found(*matched) {
                break;
            }
            *matched = self.advance(*matched, octet);
        }
        self.is_found(*matched)
    }

    /// Whether so much is all of it.
    pub(crate) fn is_found(&self, matched: usize) -> bool {
        matched == self.text.len()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_text_is_found_across_pieces() {
        let needle = Needle::new(b"abcabd").unwrap();
        let mut matched = 0;
        assert!(!needle.find(&mut matched, b"xabcab"));
        assert!(needle.find(&mut matched, b"cabd and more"));
        assert!(needle.find(&mut matched, b"still"));
    }

    #[test]
    fn there_is_no_empty_needle() {
        assert!(Needle::new(b"").is_none());
    }

    proptest! {
        #[test]
        fn it_finds_what_a_plain_search_finds(
            text in proptest::collection::vec(0u8..2, 1..6),
            stream in proptest::collection::vec(0u8..2, 0..60),
            piece in 1usize..9,
        ) {
            let needle = Needle::new(&text).unwrap();
            let mut matched = 0;
            for piece in stream.chunks(piece) {
                needle.find(&mut matched, piece);
            }
            let expected = stream.windows(text.len()).any(|window| window == text);
            prop_assert_eq!(needle.is_found(matched), expected);
        }
    }
}
