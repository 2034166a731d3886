//! Text to tokens, line by line.

use super::{Token, TokenKind};
use crate::preprocess::lexical::{
    content, definition, first_brace, include_line, is_blank, sequence_len, word_len,
};

/// All tokens of a text; together they are the text.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut lexer = Lexer { tokens: Vec::with_capacity(text.len() / 4), at: 0, in_definition: false };
    for line in text.split_inclusive('\n') {
        let Ok(length) = u32::try_from(line.len()) else { break };
        if lexer.at.checked_add(length).is_none() {
            break;
        }
        lexer.line(line);
    }
    lexer.tokens
}

struct Lexer {
    tokens: Vec<Token>,
    at: u32,
    /// The line before ended with a backslash in a definition.
    in_definition: bool,
}

impl Lexer {
    fn line(&mut self, line: &str) {
        let (line, newline) = line.strip_suffix('\n').map_or((line, ""), |line| (line, "\n"));
        let (visible, comment) = line.split_at_checked(content(line).end).unwrap_or((line, ""));
        let trimmed = visible.trim_end_matches(is_blank);
        let blanks = visible.get(trimmed.len()..).unwrap_or_default();
        if self.in_definition {
            // A blank line ends a definition, one with nothing but a comment does not.
            if !trimmed.is_empty() || comment.is_empty() {
                self.value(trimmed);
            }
        } else {
            self.content(trimmed);
        }
        self.push(TokenKind::Blank, blanks);
        self.push(TokenKind::Comment, comment);
        self.push(TokenKind::Newline, newline);
    }

    /// A line, or what follows a brace on it.
    fn content(&mut self, mut text: &str) {
        let mut is_start = true;
        while !text.is_empty() {
            text = self.blanks(text);
            if std::mem::take(&mut is_start) {
                text = self.line_start(text);
                continue;
            }
            let token = word(text);
            is_start = matches!(token, (TokenKind::Open | TokenKind::Close, _));
            text = self.push_from(token.0, text, token.1);
        }
    }

    /// Tokens that only stand at the start of a line.
    fn line_start<'t>(&mut self, text: &'t str) -> &'t str {
        let mut text = text;
        if text.starts_with('@') {
            let length = text.find(is_blank).unwrap_or(text.len());
            text = self.push_from(TokenKind::Condition, text, length);
            text = self.blanks(text);
        }
        if let Some((name, _)) = definition(text) {
            let value = self.push_from(TokenKind::Definition, text, name.len() + 2);
            self.value(value);
            return "";
        }
        if let Some(length) = include_line(text) {
            let keyword = text.find(is_blank).unwrap_or(length);
            let rest = self.push_from(TokenKind::Include, text, keyword);
            let pattern = self.blanks(rest);
            return self.push_from(TokenKind::Pattern, pattern, pattern.len());
        }
        if let Some(length) = sequence_len(text) {
            let rest = self.push_from(TokenKind::Sequence, text, length);
            let rest = self.blanks(rest);
            return self.line_start(rest);
        }
        text
    }

    /// A line of a definition's value.
    fn value(&mut self, text: &str) {
        let text = self.blanks(text);
        let value = text.strip_suffix('\\');
        self.in_definition = value.is_some();
        let value = value.unwrap_or(text);
        let trimmed = value.trim_end_matches(is_blank);
        self.push(TokenKind::Value, trimmed);
        self.push(TokenKind::Blank, value.get(trimmed.len()..).unwrap_or_default());
        self.push(TokenKind::Continuation, if self.in_definition { "\\" } else { "" });
    }

    fn blanks<'t>(&mut self, text: &'t str) -> &'t str {
        let rest = text.trim_start_matches(is_blank);
        self.push_from(TokenKind::Blank, text, text.len() - rest.len())
    }

    fn push_from<'t>(&mut self, kind: TokenKind, text: &'t str, length: usize) -> &'t str {
        let (token, rest) = text.split_at_checked(length).unwrap_or((text, ""));
        self.push(kind, token);
        rest
    }

    fn push(&mut self, kind: TokenKind, text: &str) {
        if !text.is_empty() {
            let end = self.at.saturating_add(u32::try_from(text.len()).unwrap_or(u32::MAX));
            self.tokens.push(Token { kind, start: self.at, end });
            self.at = end;
        }
    }
}

/// The token at the start of a text that does not begin with a blank, and its length.
fn word(text: &str) -> (TokenKind, usize) {
    if let Some(quoted) = text.strip_prefix('"') {
        return match quoted.find('"') {
            Some(length) => (TokenKind::Quoted, length + 2),
            None => (TokenKind::UnclosedQuote, text.len()),
        };
    }
    match text.as_bytes().first() {
        Some(b'{') => return (TokenKind::Open, 1),
        Some(b'}') => return (TokenKind::Close, 1),
        _ => {}
    }
    let length = word_len(text.as_bytes()).max(1);
    let brace = text.get(..length).and_then(first_brace);
    (TokenKind::Word, brace.unwrap_or(length))
}

#[cfg(test)]
mod tests {
    use super::*;
    use TokenKind::*;

    fn kinds(text: &str) -> Vec<(TokenKind, &str)> {
        let all = tokens(text).into_iter();
        let all = all.map(|token| (token.kind, &text[token.start as usize..token.end as usize]));
        all.filter(|(kind, _)| *kind != Blank).collect()
    }

    #[test]
    fn words_quotes_braces_and_comments_are_tokens() {
        assert_eq!(
            kinds("a \"b c\"d{ # e\n}f \"g"),
            [
                (Word, "a"),
                (Quoted, "\"b c\""),
                (Word, "d"),
                (Open, "{"),
                (Comment, "# e"),
                (Newline, "\n"),
                (Close, "}"),
                (Word, "f"),
                (UnclosedQuote, "\"g"),
            ]
        );
    }

    #[test]
    fn the_start_of_a_line_has_tokens_of_its_own() {
        assert_eq!(
            kinds("@lb1 include a b # c"),
            [(Condition, "@lb1"), (Include, "include"), (Pattern, "a b"), (Comment, "# c"),]
        );
        assert_eq!(
            kinds("~SEQ(v, 2) ~LST(w,a) x${_ENV v} {"),
            [(Sequence, "~SEQ(v, 2)"), (Sequence, "~LST(w,a)"), (Word, "x${_ENV v}"), (Open, "{"),]
        );
        assert_eq!(kinds("a { $B=c }"), [(Word, "a"), (Open, "{"), (Definition, "$B="), (Value, "c }")]);
    }

    #[test]
    fn a_definition_of_several_lines_holds_no_blocks() {
        assert_eq!(
            kinds("$M= \\\n a { \\\n # c\n b }\n}"),
            [
                (Definition, "$M="),
                (Continuation, "\\"),
                (Newline, "\n"),
                (Value, "a {"),
                (Continuation, "\\"),
                (Newline, "\n"),
                (Comment, "# c"),
                (Newline, "\n"),
                (Value, "b }"),
                (Newline, "\n"),
                (Close, "}"),
            ]
        );
    }
}
