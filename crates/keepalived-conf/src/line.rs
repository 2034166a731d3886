//! What preprocessing hands to the block parser: lines of words, and braces.

use crate::source::Span;

/// One word after preprocessing, knowing where it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// The text, quotes removed.
    pub text: Box<str>,
    /// Whether it was written in double quotes.
    pub quoted: bool,
    /// Where it stands; for text out of a `$definition` or a `~SEQ` the place of its use.
    pub span: Span,
    /// The definition (or `~SEQ`, `~LST`) its text came out of.
    pub from: Option<Span>,
}

/// One logical line of words: a keyword and its arguments. Never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The words as every keyword but the script ones sees them.
    pub words: Vec<Word>,
    /// The whole line after substitution, without comment and outer blanks, for
    /// [`script_words`](crate::script_words).
    pub raw: Box<str>,
    /// Where the line stands.
    pub raw_span: Span,
}

impl Statement {
    /// The keyword: the text of the first word.
    pub fn keyword(&self) -> &str {
        self.words.first().map_or("", |word| &word.text)
    }

    /// The words after the keyword.
    pub fn arguments(&self) -> &[Word] {
        self.words.get(1..).unwrap_or_default()
    }

    /// Where the keyword stands.
    pub fn keyword_span(&self) -> Span {
        self.words.first().map_or(self.raw_span, |word| word.span)
    }
}

/// One logical line after preprocessing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// A keyword with its arguments.
    Words(Statement),
    /// `{`
    Open(Span),
    /// `}`
    Close(Span),
}

impl Line {
    /// Where the line stands.
    pub fn span(&self) -> Span {
        match self {
            Self::Words(statement) => statement.raw_span,
            Self::Open(span) | Self::Close(span) => *span,
        }
    }
}
