//! From text to words: the tokeniser of all keywords but the script ones.

use std::ops::Range;

use super::fragment::{Fragment, is_blank_byte};
use super::quotes::word_len;
use crate::line::{Statement, Word};

/// Splits text without unquoted braces at blanks and double quotes. There are no escapes; what follows a quote
/// that is never closed is lost.
///
/// Gives the statement, if there is a word, and the place of the unclosed quote.
///
/// `words` is room to work in: a statement's own words are allocated once, at their final size.
pub(super) fn statement(
    line: &Fragment<'_>,
    words: &mut Vec<Word>,
) -> (Option<Statement>, Option<Range<usize>>) {
    let text = line.text();
    let rest = Rest { bytes: text.as_bytes(), at: 0 };
    let mut unclosed = None;
    for token in rest {
        match token {
            Token::Word { start, end, quoted } => words.push(Word {
                text: text.get(start..end).unwrap_or_default().into(),
                quoted,
                span: if quoted { line.span(start - 1..end + 1) } else { line.span(start..end) },
                from: line.definition(start..end),
            }),
            Token::Unclosed { start } => unclosed = Some(start..text.len()),
        }
    }
    let (start, end) = line.content_range();
    if words.is_empty() {
        return (None, unclosed);
    }
    #[expect(clippy::drain_collect, reason = "keeps the room and gives a vector without spare capacity")]
    let words = words.drain(..).collect();
    let raw = text.get(start..end).unwrap_or_default().into();
    (Some(Statement { words, raw, raw_span: line.span(start..end) }), unclosed)
}

enum Token {
    Word { start: usize, end: usize, quoted: bool },
    Unclosed { start: usize },
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceMap;

    fn split(text: &str) -> Vec<(String, bool)> {
        let source = SourceMap::new().add("f", text.into());
        let (statement, _) = statement(&Fragment::verbatim(text, source, 0), &mut Vec::new());
        let words = statement.map_or(Vec::new(), |statement| statement.words);
        words.into_iter().map(|word| (word.text.into(), word.quoted)).collect()
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
