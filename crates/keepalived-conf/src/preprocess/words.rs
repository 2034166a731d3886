//! From text to words: the tokeniser of all keywords but the script ones.

use super::fragment::{Fragment, is_blank_byte};
use super::quotes::word_len;
use crate::lines::RewrittenWord;

/// A piece of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// A word; the place is that of its text, without quotes.
    Word { start: usize, end: usize, quoted: bool },
    /// A quote that is never closed: the text behind it is lost.
    Unclosed { start: usize },
}

/// Splits text without unquoted braces at blanks and double quotes. There are no escapes; text behind a quote that is
/// never closed is lost.
pub(super) fn tokens(text: &str) -> impl Iterator<Item = Token> {
    Rest { bytes: text.as_bytes(), at: 0 }
}

/// A word of a line that may be made of replaced text; `base` is where the raw text of the statement begins in it.
pub(super) fn rewritten(
    line: &Fragment<'_>,
    (start, end, quoted): (usize, usize, bool),
    base: usize,
) -> RewrittenWord {
    RewrittenWord {
        range: (narrow(start - base), narrow(end - base)),
        quoted,
        span: if quoted { line.span(start - 1..end + 1) } else { line.span(start..end) },
        from: line.definition(start..end),
    }
}

struct Rest<'t> {
    bytes: &'t [u8],
    at: usize,
}

impl Iterator for Rest<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        while is_blank_byte(*self.bytes.get(self.at)?) {
            self.at += 1;
        }
        let start = self.at;
        if self.bytes.get(start) == Some(&b'"') {
            return Some(self.quoted(start));
        }
        self.at += word_len(self.bytes.get(start..).unwrap_or_default());
        Some(Token::Word { start, end: self.at, quoted: false })
    }
}

impl Rest<'_> {
    fn quoted(&mut self, start: usize) -> Token {
        let inner = self.bytes.get(start + 1..).unwrap_or_default();
        if let Some(length) = inner.iter().position(|&byte| byte == b'"') {
            self.at = start + length + 2;
            Token::Word { start: start + 1, end: start + 1 + length, quoted: true }
        } else {
            self.at = self.bytes.len();
            Token::Unclosed { start }
        }
    }
}

fn narrow(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> Vec<(String, bool)> {
        let words = tokens(text).filter_map(|token| match token {
            Token::Word { start, end, quoted } => Some((text[start..end].to_owned(), quoted)),
            Token::Unclosed { .. } => None,
        });
        words.collect()
    }

    fn plain(text: &str) -> (String, bool) {
        (text.into(), false)
    }

    fn quoted(text: &str) -> (String, bool) {
        (text.into(), true)
    }

    #[test]
    fn words_are_split_at_blanks_and_quotes() {
        assert_eq!(split("a\tb \x0c c"), [plain("a"), plain("b"), plain("c")]);
        assert_eq!(split("AA\"b c\""), [plain("AA"), quoted("b c")]);
        assert_eq!(split("a \"\" b"), [plain("a"), quoted(""), plain("b")]);
        assert_eq!(split("x 'y z'"), [plain("x"), plain("'y"), plain("z'")]);
    }

    #[test]
    fn there_are_no_escapes_and_an_unclosed_quote_loses_the_rest() {
        assert_eq!(split(r#""e\"f""#), [quoted(r"e\"), plain("f")]);
        assert_eq!(split("router_id \"a b"), [plain("router_id")]);
    }

    #[test]
    fn an_undefined_reference_stays_one_word() {
        assert_eq!(split("a x${_ENV HOME}y b"), [plain("a"), plain("x${_ENV HOME}y"), plain("b")]);
    }
}
