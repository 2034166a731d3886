//! The lexical rules that the [syntax tree](crate::SyntaxTree) shares with preprocessing.

pub(crate) use super::definitions::definition;
pub(crate) use super::fragment::is_blank;
pub(crate) use super::quotes::{content, first_brace, word_len};

/// The length of an include line's keyword with the blanks after it; `None` when the line is not one.
pub(crate) fn include_line(text: &str) -> Option<usize> {
    super::include::include_line(text).map(|(_, pattern)| pattern)
}

/// The length of a `~SEQ(...)` or `~LST(...)`; `None` when the line does not begin with a good one.
pub(crate) fn sequence_len(text: &str) -> Option<usize> {
    Some(super::sequence::head(text)?.ok()?.body)
}
