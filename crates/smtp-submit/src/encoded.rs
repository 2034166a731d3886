//! Text that is not ASCII, as encoded words (RFC 2047), and the cutting of long text.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Text as encoded words (RFC 2047 §2), folded: each at most 75 characters.
pub(crate) fn encoded_words(text: &str) -> String {
    let words = pieces(text, MAX_WORD).map(|part| format!("=?UTF-8?B?{}?=", STANDARD.encode(part)));
    words.collect::<Vec<_>>().join("\r\n ")
}

/// The text in parts of at most so many bytes, cut between characters.
pub(crate) fn pieces(text: &str, limit: usize) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = (0..=limit.min(rest.len())).rev().find(|&at| rest.is_char_boundary(at));
        let (part, left) = rest.split_at_checked(end.filter(|&end| end > 0)?)?;
        rest = left;
        Some(part)
    })
}

/// Bytes of text in one encoded word: 4/3 of it and 12 more are at most 75.
const MAX_WORD: usize = 45;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_between_characters() {
        assert_eq!(pieces("aäöü", 3).collect::<Vec<_>>(), ["aä", "ö", "ü"]);
        assert_eq!(pieces("", 3).count(), 0);
    }

    #[test]
    fn no_encoded_word_is_longer_than_75_characters() {
        let words = encoded_words(&"ä".repeat(100));
        assert!(words.split("\r\n ").all(|word| word.len() <= 75));
    }
}
